/* AOT (Melnyk et al., 2024), as TRL has it: two columns of numbers are sorted, and the loss is sigmoid's of
 * their differences, rank by rank. aot: log pi(y_w) - log pi(y_l) against the same of pi_ref. aot_unpaired:
 * w against l. The sort is a constant to the gradient, which goes back to the rows that the ranks came
 * from. */
#include "pairs.h"

#include <stdlib.h>

#include "ground/failure.h"
#include "losses/element.h"

typedef struct ranked {
    double key;
    uint64_t row;
} ranked;

typedef struct sorted_columns {
    ranked *high, *low;         /* what is sorted: the loss is sigmoid's of high - low */
    double *columns, *gradient; /* [2][count]: keys and slopes, rank by rank */
} sorted_columns;

/* Ascending, ties by row. */
static int compare(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->row < b->row ? -1 : 1;
}

static void fill_keys(const myr_pair_job *job, sorted_columns *s) {
    const myr_pairs *pairs = job->pairs;
    for (uint64_t i = 0; i < pairs->count; i++) {
        double policy_w = myr_element(pairs->policy_chosen, i),
               policy_l = myr_element(pairs->policy_rejected, i);
        double reference_w = 0.0, reference_l = 0.0;
        if (!job->loss.reference_free) {
            reference_w = myr_element(pairs->reference_chosen, i);
            reference_l = myr_element(pairs->reference_rejected, i);
        }
        bool unpaired = job->loss.kind == MYR_LOSS_aot_unpaired;
        s->high[i] = (ranked){unpaired ? policy_w - reference_w : policy_w - policy_l, i};
        s->low[i] = (ranked){unpaired ? policy_l - reference_l : reference_w - reference_l, i};
    }
}

static void scatter(const myr_pair_job *job, const sorted_columns *s) {
    uint64_t count = job->pairs->count;
    for (uint64_t k = 0; k < count; k++) {
        uint64_t rejected = job->loss.kind == MYR_LOSS_aot_unpaired ? s->low[k].row : s->high[k].row;
        myr_element_store(job->chosen_gradient, s->high[k].row, s->gradient[k]);
        myr_element_store(job->rejected_gradient, rejected, s->gradient[count + k]);
    }
}

/* Loss and gradient of the ranks. */
static myr_status reduce_ranks(myr_context *context, const myr_backend *backend, const myr_pair_job *job,
                               sorted_columns *s, double *loss, uint64_t *bad) {
    uint64_t count = job->pairs->count;
    for (uint64_t k = 0; k < count; k++) {
        s->columns[k] = s->high[k].key;
        s->columns[count + k] = s->low[k].key;
    }
    myr_pairs ranks = MYR_PAIRS_INIT;
    ranks.count = count;
    ranks.policy_chosen = (myr_array){s->columns, MYR_F64};
    ranks.policy_rejected = (myr_array){s->columns + count, MYR_F64};
    myr_pair_job by_rank = *job;
    by_rank.pairs = &ranks;
    by_rank.loss.kind = MYR_LOSS_sigmoid;
    by_rank.loss.reference_free = true;
    if (job->chosen_gradient.data) {
        by_rank.chosen_gradient = (myr_array_out){s->gradient, MYR_F64};
        by_rank.rejected_gradient = (myr_array_out){s->gradient + count, MYR_F64};
    }
    myr_pair_sums sums;
    myr_status status = backend->pairs(context, &by_rank, &sums, bad);
    if (*bad != UINT64_MAX)
        *bad = s->high[*bad].row;
    *loss = sums.loss;
    return status;
}

static void free_columns(sorted_columns *s) {
    free(s->high);
    free(s->low);
    free(s->columns);
    free(s->gradient);
}

static myr_status make_columns(myr_context *context, uint64_t count, sorted_columns *s) {
    s->high = malloc(count * sizeof *s->high);
    s->low = malloc(count * sizeof *s->low);
    s->columns = malloc(2 * count * sizeof *s->columns);
    s->gradient = malloc(2 * count * sizeof *s->gradient);
    if (s->high && s->low && s->columns && s->gradient)
        return MYR_OK;
    free_columns(s);
    return myr_fail_memory(context, 8 * count * sizeof(double));
}

myr_status myr_sorted_pairs(myr_context *context, const myr_backend *backend, const myr_pair_job *job,
                            myr_pair_sums *sums, uint64_t *bad) {
    if (job->compute.memory == MYR_DEVICE)
        return myr_fail(context, MYR_UNSUPPORTED,
                        "loss: aot and aot_unpaired sort on the host (expected host memory)");
    if (job->pairs->weight.data)
        return myr_fail(context, MYR_UNSUPPORTED, "loss: aot and aot_unpaired take no weights");
    /* Every number is looked at, and the rewards are summed, pair by pair. */
    myr_pair_job by_pair = *job;
    by_pair.loss.kind = MYR_LOSS_sigmoid;
    by_pair.chosen_gradient.data = by_pair.rejected_gradient.data = NULL;
    myr_status status = backend->pairs(context, &by_pair, sums, bad);
    if (status != MYR_OK || *bad != UINT64_MAX)
        return status;
    sorted_columns s;
    status = make_columns(context, job->pairs->count, &s);
    if (status != MYR_OK)
        return status;
    fill_keys(job, &s);
    qsort(s.high, job->pairs->count, sizeof *s.high, compare);
    qsort(s.low, job->pairs->count, sizeof *s.low, compare);
    status = reduce_ranks(context, backend, job, &s, &sums->loss, bad);
    if (status == MYR_OK && job->chosen_gradient.data)
        scatter(job, &s);
    free_columns(&s);
    return status;
}
