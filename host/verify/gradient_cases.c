#include "gradient_cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "losses/pairs/pairs.h"

enum { ARRAYS = 9 };

/* Steele, Lea & Flood (2014), splitmix64. */
double myr_next_uniform(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static void fill(myr_gradient_batch *b, uint64_t seed) {
    for (uint64_t i = 0; i < b->count; i++) {
        for (int c = 0; c < 2; c++) {
            b->length[c][i] = 1.0 + floor(40.0 * myr_next_uniform(&seed));
            b->reference[c][i] = -b->length[c][i] * (0.2 + 2.0 * myr_next_uniform(&seed));
            b->policy[c][i] = b->reference[c][i] + 12.0 * (myr_next_uniform(&seed) - 0.5);
        }
        b->weight[i] = 2.0 * myr_next_uniform(&seed);
    }
}

myr_status myr_gradient_batch_create(myr_context *context, uint64_t count, uint64_t seed,
                                     myr_gradient_batch *batch) {
    double *block = myr_poisoned(ARRAYS * count);
    *batch = (myr_gradient_batch){.count = count};
    if (!block)
        return myr_fail_memory(context, ARRAYS * count * sizeof(double));
    for (int c = 0; c < 2; c++) {
        batch->policy[c] = block + (uint64_t)c * count;
        batch->reference[c] = block + (uint64_t)(2 + c) * count;
        batch->length[c] = block + (uint64_t)(4 + c) * count;
        batch->gradient[c] = block + (uint64_t)(6 + c) * count;
    }
    batch->weight = block + 8 * count;
    fill(batch, seed);
    return MYR_OK;
}

void myr_gradient_batch_destroy(myr_gradient_batch *batch) {
    free(batch->policy[0]);
}

bool myr_gradient_case(int index, myr_loss_options *options) {
    static const double betas[] = {0.1, 0.5, 1.0, 0.03};
    int beta = index % 4;
    *options = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
    for (int kind = 0; myr_loss_name(kind); kind++) {
        myr_loss loss;
        options->loss = myr_loss_name(kind);
        options->f_divergence = myr_divergence_name(0);
        if (myr_loss_make(NULL, options, &loss) != MYR_OK)
            return false;
        int variants = loss.traits & MYR_TAKES_DIVERGENCE ? MYR_DIVERGENCES : 1;
        if (index >= variants) {
            index -= variants;
            continue;
        }
        options->f_divergence = myr_divergence_name(index);
        options->beta = betas[beta];
        if (loss.traits & MYR_TAKES_SMOOTHING)
            options->label_smoothing = 0.15;
        if (index == MYR_DIVERGENCE_alpha_divergence)
            options->f_alpha_divergence_coef = 0.3;
        return true;
    }
    return false;
}

static myr_array column(const double *data) {
    return (myr_array){data, MYR_F64};
}

myr_status myr_gradient_run(myr_context *context, const myr_backend *backend, int threads, int device,
                            const myr_loss_options *options, myr_gradient_batch *batch) {
    myr_pair_job job = {.compute = {.threads = threads, .device = device, .memory = MYR_HOST},
                        .chosen_gradient = {batch->gradient[0], MYR_F64},
                        .rejected_gradient = {batch->gradient[1], MYR_F64}};
    myr_status status = myr_loss_make(context, options, &job.loss);
    if (status != MYR_OK)
        return status;
    bool sorted = job.loss.kind >= MYR_POINTWISE_LOSSES;
    myr_pairs pairs = {.struct_size = sizeof pairs,
                       .count = batch->count,
                       .policy_chosen = column(batch->policy[0]),
                       .policy_rejected = column(batch->policy[1]),
                       .reference_chosen = column(batch->reference[0]),
                       .reference_rejected = column(batch->reference[1]),
                       .weight = column(sorted ? NULL : batch->weight),
                       .chosen_length = column(batch->length[0]),
                       .rejected_length = column(batch->length[1])};
    job.pairs = &pairs;
    myr_pair_sums sums;
    uint64_t bad = UINT64_MAX;
    myr_poison(batch->gradient[0], batch->count);
    myr_poison(batch->gradient[1], batch->count);
    batch->loss = (double)NAN;
    status = sorted ? myr_sorted_pairs(context, backend, &job, &sums, &bad)
                    : backend->pairs(context, &job, &sums, &bad);
    if (status == MYR_OK && bad == UINT64_MAX)
        batch->loss = sums.loss / (job.loss.traits & MYR_TAKES_TOKENS ? sums.tokens : sums.weight);
    return status;
}
