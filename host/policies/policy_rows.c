#include "policy_rows.h"

#include <stdlib.h>

#include "ground/failure.h"
#include "ground/sized.h"

static myr_status take_row(myr_context *context, const myr_policy_problem *problem,
                           const myr_policy_pairs *pairs, uint64_t i, myr_policy_row *row) {
    row->prompt = pairs->prompts ? pairs->prompts[i] : (uint32_t)(i % problem->prompts);
    row->chosen = pairs->answers[2 * i];
    row->rejected = pairs->answers[2 * i + 1];
    row->weight = 1.0;
    if (row->prompt >= problem->prompts || row->chosen >= problem->answers ||
        row->rejected >= problem->answers || row->chosen == row->rejected)
        return myr_fail(context, MYR_INVALID_DATA,
                        "pairs: row %llu has prompt %lu, answers %lu and %lu (expected a prompt below %lu "
                        "and two different answers below %lu)",
                        (unsigned long long)i, (unsigned long)row->prompt, (unsigned long)row->chosen,
                        (unsigned long)row->rejected, (unsigned long)problem->prompts,
                        (unsigned long)problem->answers);
    return MYR_OK;
}

static int compare_rows(const void *left, const void *right) {
    const myr_policy_row *a = left, *b = right;
    if (a->prompt != b->prompt)
        return a->prompt < b->prompt ? -1 : 1;
    if (a->chosen != b->chosen)
        return a->chosen < b->chosen ? -1 : 1;
    return (a->rejected > b->rejected) - (a->rejected < b->rejected);
}

static void merge_rows(myr_policy_rows *rows) {
    uint64_t kept = 0;
    qsort(rows->rows, rows->count, sizeof *rows->rows, compare_rows);
    for (uint64_t i = 1; i < rows->count; i++) {
        if (compare_rows(&rows->rows[kept], &rows->rows[i]) == 0)
            rows->rows[kept].weight += 1.0;
        else
            rows->rows[++kept] = rows->rows[i];
    }
    rows->count = kept + 1;
}

myr_status myr_policy_rows_make(myr_context *context, const myr_policy_problem *problem,
                                const myr_policy_pairs *pairs, bool merge, myr_policy_rows *rows) {
    *rows = (myr_policy_rows){0};
    myr_policy_pairs known;
    myr_status status = myr_policy_pairs_read(context, &pairs, &known);
    if (status != MYR_OK)
        return status;
    if (!pairs->answers)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "pairs: answers is NULL (expected an array)");
    if (pairs->count < 1 || pairs->count > UINT64_C(1) << 32)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "pairs: count %llu is out of range (1 … 2^32)",
                        (unsigned long long)pairs->count);
    const size_t bytes = (size_t)pairs->count * sizeof *rows->rows;
    *rows = (myr_policy_rows){pairs->count, malloc(bytes)};
    if (!rows->rows) {
        *rows = (myr_policy_rows){0};
        return myr_fail_memory(context, bytes);
    }
    for (uint64_t i = 0; i < pairs->count; i++) {
        status = take_row(context, problem, pairs, i, &rows->rows[i]);
        if (status != MYR_OK) {
            myr_policy_rows_free(rows);
            return status;
        }
    }
    if (merge)
        merge_rows(rows);
    return MYR_OK;
}

void myr_policy_rows_free(myr_policy_rows *rows) {
    free(rows->rows);
    *rows = (myr_policy_rows){0};
}
