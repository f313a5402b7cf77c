#include "outcomes.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"

myr_outcomes *myr_outcomes_new(myr_outcome_kind kind) {
    myr_outcomes *outcomes = calloc(1, sizeof *outcomes);
    if (outcomes) {
        outcomes->kind = kind;
        outcomes->counted = true;
    }
    return outcomes;
}

void myr_outcomes_destroy(myr_outcomes *outcomes) {
    if (!outcomes)
        return;
    myr_names_free(&outcomes->names);
    myr_names_free(&outcomes->prompts);
    free(outcomes->prompt);
    free(outcomes->duels);
    free(outcomes->offsets);
    free(outcomes->entries);
    free(outcomes->delta);
    free(outcomes->feature_weight);
    free(outcomes->feature_reference);
    free(outcomes->feature_begin);
    free(outcomes->feature_count);
    free(outcomes);
}

/* ---- growing --------------------------------------------------------------------------------------- */

static bool add_duel(myr_outcomes *o, myr_duel duel) {
    if (!(duel.count * (duel.first_wins + duel.second_wins) > 0.0))
        return true;
    myr_duel *duels = myr_grown(o->duels, o->duel_count, &o->duel_room, sizeof *duels);
    if (!duels)
        return false;
    o->duels = duels;
    duels[o->duel_count++] = duel;
    o->weight += duel.count * (duel.first_wins + duel.second_wins);
    return true;
}

/* A whole number but for the rounding of a sum of two. */
static bool is_whole(double number) {
    return fabs(number - round(number)) <= 4.0 * DBL_EPSILON * number;
}

bool myr_outcomes_add_scored(myr_outcomes *outcomes, uint32_t first, uint32_t second, double score,
                             double weight, uint64_t row) {
    outcomes->counted = outcomes->counted && is_whole(weight);
    return add_duel(outcomes, (myr_duel){first, second, score, 1.0 - score, weight, row});
}

bool myr_outcomes_add(myr_outcomes *outcomes, uint32_t first, uint32_t second, double first_wins,
                      double second_wins, uint64_t row) {
    const double won = is_whole(first_wins) ? round(first_wins) : floor(first_wins);
    const double lost = is_whole(second_wins) ? round(second_wins) : floor(second_wins);
    const double a = fmax(first_wins - won, 0.0), b = fmax(second_wins - lost, 0.0);
    const bool shared = a > 0.0 && b > 0.0 && is_whole(a + b); /* a tie, say */
    return add_duel(outcomes, (myr_duel){first, second, 1.0, 0.0, won, row}) &&
           add_duel(outcomes, (myr_duel){first, second, 0.0, 1.0, lost, row}) &&
           add_duel(outcomes, (myr_duel){first, second, a, shared ? b : 0.0, 1.0, row}) &&
           (shared || add_duel(outcomes, (myr_duel){first, second, 0.0, b, 1.0, row}));
}

bool myr_outcomes_add_ties(myr_outcomes *outcomes, uint32_t first, uint32_t second, double ties,
                           uint64_t row) {
    const double whole = is_whole(ties) ? round(ties) : floor(ties), rest = fmax(ties - whole, 0.0);
    return add_duel(outcomes, (myr_duel){first, second, 0.5, 0.5, whole, row}) &&
           add_duel(outcomes, (myr_duel){first, second, 0.5 * rest, 0.5 * rest, 1.0, row});
}

void myr_outcomes_settle(myr_outcomes *outcomes) {
    for (uint64_t d = 0; !outcomes->counted && d < outcomes->duel_count; d++) {
        myr_duel *duel = &outcomes->duels[d];
        duel->first_wins *= duel->count;
        duel->second_wins *= duel->count;
        duel->count = 1.0;
    }
}

bool myr_outcomes_add_ranking(myr_outcomes *outcomes, const uint32_t *items, uint64_t count) {
    myr_outcomes *o = outcomes;
    uint64_t *offsets = myr_grown(o->offsets, o->ranking_count + 1, &o->offset_room, sizeof *offsets);
    if (!offsets)
        return false;
    o->offsets = offsets;
    offsets[0] = 0;
    for (uint64_t k = 0; k < count; k++) {
        uint32_t *entries = myr_grown(o->entries, o->entry_count, &o->entry_room, sizeof *entries);
        if (!entries)
            return false;
        o->entries = entries;
        entries[o->entry_count++] = items[k];
    }
    o->offsets[++o->ranking_count] = o->entry_count;
    o->weight += 1.0;
    return true;
}

/* ---- from arrays ----------------------------------------------------------------------------------- */

static myr_status check_create(myr_context *context, uint32_t items, uint64_t count, const void *array,
                               myr_outcomes **outcomes) {
    if (!outcomes)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "outcomes is NULL (expected a place for them)");
    *outcomes = NULL;
    if (items < 2 || items > INT32_MAX)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "items is %lu (expected 2 … 2^31 - 1)",
                        (unsigned long)items);
    if (count < 1 || !array)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "count is 0 or an array NULL (expected outcomes)");
    return MYR_OK;
}

static myr_status name_by_number(myr_context *context, myr_outcomes *made, uint32_t items) {
    char name[16];
    made->items = items;
    for (uint32_t i = 0; i < items; i++) {
        int length = snprintf(name, sizeof name, "%lu", (unsigned long)i);
        if (myr_names_add(&made->names, name, (size_t)length) == MYR_NO_NAME)
            return myr_fail_memory(context, items * sizeof name);
    }
    return MYR_OK;
}

static myr_status check_duel(myr_context *context, uint32_t items, uint64_t m, uint32_t first,
                             uint32_t second, double first_wins, double second_wins) {
    if (first >= items || second >= items || first == second)
        return myr_fail(
            context, MYR_INVALID_DATA, "comparison %llu is of items %lu and %lu (expected two of 0 … %lu)",
            (unsigned long long)m, (unsigned long)first, (unsigned long)second, (unsigned long)items - 1);
    if (!(first_wins >= 0.0 && first_wins <= 1e15 && second_wins >= 0.0 && second_wins <= 1e15))
        return myr_fail(context, MYR_INVALID_DATA,
                        "comparison %llu has the weights %g and %g (expected 0 … 1e15)",
                        (unsigned long long)m, first_wins, second_wins);
    return MYR_OK;
}

static myr_status finish(myr_context *context, myr_status status, myr_outcomes *made,
                         myr_outcomes **outcomes) {
    if (status == MYR_OK && !(made->weight > 0.0))
        status = myr_fail(context, MYR_INVALID_DATA, "all weights are 0 (expected one above 0)");
    if (status != MYR_OK) {
        myr_outcomes_destroy(made);
        return status;
    }
    myr_outcomes_settle(made);
    *outcomes = made;
    return MYR_OK;
}

myr_status myr_outcomes_create_comparisons(myr_context *context, uint32_t items, uint64_t count,
                                           const uint32_t *first, const uint32_t *second,
                                           const double *first_wins, const double *second_wins,
                                           myr_outcomes **outcomes) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status = check_create(context, items, count, first && second ? first : NULL, outcomes);
    if (status != MYR_OK)
        return status;
    myr_outcomes *made = myr_outcomes_new(MYR_COMPARISONS);
    if (!made)
        return myr_fail_memory(context, sizeof *made);
    status = name_by_number(context, made, items);
    made->rows = made->file_rows = count;
    for (uint64_t m = 0; status == MYR_OK && m < count; m++) {
        double wins = first_wins ? first_wins[m] : 1.0, losses = second_wins ? second_wins[m] : 0.0;
        status = check_duel(context, items, m, first[m], second[m], wins, losses);
        if (status == MYR_OK && !myr_outcomes_add(made, first[m], second[m], wins, losses, m))
            status = myr_fail_memory(context, (size_t)count * sizeof(myr_duel));
    }
    return finish(context, status, made, outcomes);
}

static myr_status check_scored(myr_context *context, uint64_t m, double score, double weight) {
    if (score >= 0.0 && score <= 1.0 && weight >= 0.0 && weight <= 1e15)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_DATA,
                    "comparison %llu has the score %g and the weight %g (expected 0 … 1, and 0 … 1e15)",
                    (unsigned long long)m, score, weight);
}

myr_status myr_outcomes_create_scores(myr_context *context, uint32_t items, uint64_t count,
                                      const uint32_t *first, const uint32_t *second, const double *score,
                                      const double *weight, myr_outcomes **outcomes) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status = check_create(context, items, count, first && second ? first : NULL, outcomes);
    if (status != MYR_OK)
        return status;
    myr_outcomes *made = myr_outcomes_new(MYR_COMPARISONS);
    if (!made)
        return myr_fail_memory(context, sizeof *made);
    status = name_by_number(context, made, items);
    made->rows = made->file_rows = count;
    for (uint64_t m = 0; status == MYR_OK && m < count; m++) {
        const double share = score ? score[m] : 1.0, times = weight ? weight[m] : 1.0;
        status = check_duel(context, items, m, first[m], second[m], 0.0, 0.0);
        if (status == MYR_OK)
            status = check_scored(context, m, share, times);
        if (status == MYR_OK && !myr_outcomes_add_scored(made, first[m], second[m], share, times, m))
            status = myr_fail_memory(context, (size_t)count * sizeof(myr_duel));
    }
    return finish(context, status, made, outcomes);
}

/* last[i] is 1 + the ranking in which item i was last seen. */
static myr_status check_ranking(myr_context *context, uint32_t items, uint64_t m, const uint32_t *ranking,
                                uint64_t count, uint64_t *last) {
    if (count < 2)
        return myr_fail(context, MYR_INVALID_DATA, "ranking %llu has %llu items (expected two or more)",
                        (unsigned long long)m, (unsigned long long)count);
    for (uint64_t k = 0; k < count; k++) {
        if (ranking[k] >= items || last[ranking[k]] == m + 1)
            return myr_fail(context, MYR_INVALID_DATA,
                            "ranking %llu has item %lu at place %llu (expected one of 0 … %lu, and none "
                            "twice)",
                            (unsigned long long)m, (unsigned long)ranking[k], (unsigned long long)k,
                            (unsigned long)items - 1);
        last[ranking[k]] = m + 1;
    }
    return MYR_OK;
}

myr_status myr_outcomes_create_rankings(myr_context *context, uint32_t items, uint64_t count,
                                        const uint64_t *offsets, const uint32_t *item,
                                        myr_outcomes **outcomes) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status = check_create(context, items, count, offsets && item ? item : NULL, outcomes);
    if (status != MYR_OK)
        return status;
    myr_outcomes *made = myr_outcomes_new(MYR_RANKINGS);
    uint64_t *last = calloc(items, sizeof *last);
    if (!made || !last) {
        free(last);
        myr_outcomes_destroy(made);
        return myr_fail_memory(context, items * sizeof *last);
    }
    status = name_by_number(context, made, items);
    made->rows = made->file_rows = count;
    for (uint64_t m = 0; status == MYR_OK && m < count; m++) {
        const uint32_t *ranking = item + offsets[m];
        uint64_t size = offsets[m + 1] > offsets[m] ? offsets[m + 1] - offsets[m] : 0;
        status = check_ranking(context, items, m, ranking, size, last);
        if (status == MYR_OK && !myr_outcomes_add_ranking(made, ranking, size))
            status = myr_fail_memory(context, (size_t)offsets[m + 1] * sizeof *item);
    }
    free(last);
    return finish(context, status, made, outcomes);
}

/* ---- what they are --------------------------------------------------------------------------------- */

myr_outcome_kind myr_outcomes_kind(const myr_outcomes *outcomes) {
    return outcomes ? outcomes->kind : MYR_COMPARISONS;
}

uint32_t myr_outcomes_items(const myr_outcomes *outcomes) {
    return outcomes ? outcomes->items : 0;
}

uint32_t myr_outcomes_prompts(const myr_outcomes *outcomes) {
    return outcomes && outcomes->has_prompts ? outcomes->prompts.count : 0;
}

uint64_t myr_outcomes_rows(const myr_outcomes *outcomes) {
    return outcomes ? outcomes->rows : 0;
}

double myr_outcomes_weight(const myr_outcomes *outcomes) {
    return outcomes ? outcomes->weight : 0.0;
}

bool myr_outcomes_counted(const myr_outcomes *outcomes) {
    return !outcomes || outcomes->counted;
}

const char *myr_outcomes_columns(const myr_outcomes *outcomes) {
    return outcomes ? outcomes->columns : "";
}

const char *myr_outcomes_note(const myr_outcomes *outcomes) {
    return outcomes ? outcomes->note : "";
}

const char *myr_outcomes_name(const myr_outcomes *outcomes, uint32_t item) {
    if (item >= myr_outcomes_items(outcomes) || item >= outcomes->names.count)
        return NULL;
    const char *name = myr_names_text(&outcomes->names, item);
    return outcomes->has_prompts ? name + strlen(name) + 1 : name;
}

const char *myr_outcomes_prompt(const myr_outcomes *outcomes, uint32_t item) {
    if (item >= myr_outcomes_items(outcomes))
        return NULL;
    return outcomes->has_prompts ? myr_names_text(&outcomes->names, item) : "";
}

uint32_t myr_outcomes_prompt_number(const myr_outcomes *outcomes, uint32_t item) {
    return item < myr_outcomes_items(outcomes) && outcomes->has_prompts ? outcomes->prompt[item] : 0;
}
