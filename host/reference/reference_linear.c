/* Log-linear policies, as the formulas say it: margins, losses and slopes pair by pair, for one theta or
 * replicate by replicate. */
#include <math.h>
#include <stdlib.h>

#include "ground/failure.h"
#include "losses/element.h"
#include "reference_loss.h"
#include "reference_random.h"
#include "reference_reductions.h"

/* One loss: its theta (the first entry's index), and its place among many. */
typedef struct replicate {
    myr_loss loss;
    uint64_t theta;
    uint32_t number;
} replicate;

static double element_or(myr_array array, uint64_t index, double otherwise) {
    return array.data ? myr_element(array, index) : otherwise;
}

/* The number of k >= 0 with word >= 2^32 F(k), F the distribution function of Poisson(1). */
static double poisson_weight(uint32_t word) {
    long double term = expl(-1.0L), sum = term;
    double k = 0.0;
    while ((double)word >= (double)rintl(sum * 0x1p32L)) {
        k += 1.0;
        term /= k;
        sum += term;
    }
    return k;
}

static double bootstrap_weight(const myr_many *many, uint64_t pair, uint32_t number) {
    uint32_t words[4], word = many->first_replicate + number;
    myr_reference_words(many->seed, pair, 3, word / 4, words);
    return poisson_weight(words[word % 4]);
}

static double margin_of(const myr_linear_job *job, const replicate *r, uint64_t i) {
    const myr_features *f = job->features;
    double u = 0.0;
    for (uint64_t p = 0; p < f->parameters; p++)
        u += myr_element(f->delta, i * f->parameters + p) * myr_element(job->theta, r->theta + p);
    return job->loss.reference_free ? u : u - element_or(f->reference_margin, i, 0.0);
}

static bool is_good(double x, double v, double loss) {
    return fabs(x) <= 1e15 && v >= 0.0 && v <= 1e15 && isfinite(loss);
}

/* gradient: [parameters], sums that are then divided; NULL: none is wanted. */
static uint64_t sum_pairs(const myr_linear_job *job, const replicate *r, long double *gradient,
                          myr_margin_sums *sums) {
    const myr_features *f = job->features;
    long double weight = 0.0L, loss = 0.0L, margin = 0.0L, accurate = 0.0L;
    for (uint64_t i = 0; i < f->count; i++) {
        double x = margin_of(job, r, i), v = element_or(f->weight, i, 1.0);
        if (job->many && job->many->bootstrap)
            v *= bootstrap_weight(job->many, i, r->number);
        myr_reference_value value = myr_reference_margin(&r->loss, x);
        if (!is_good(x, v, value.loss))
            return i;
        weight += v;
        loss += v * value.loss;
        margin += v * x;
        accurate += x > 0.0 ? v : 0.0;
        for (uint64_t p = 0; gradient && p < f->parameters; p++)
            gradient[p] += v * value.slope_w * myr_element(f->delta, i * f->parameters + p);
    }
    *sums = (myr_margin_sums){(double)weight, (double)loss, (double)margin, (double)accurate};
    return UINT64_MAX;
}

static myr_status reduce(myr_context *context, const myr_linear_job *job, const replicate *r,
                         myr_margin_sums *sums, uint64_t *bad) {
    const uint64_t parameters = job->features->parameters;
    long double *gradient = NULL;
    if (job->gradient.data) {
        gradient = malloc(parameters * sizeof *gradient);
        if (!gradient)
            return myr_fail_memory(context, parameters * sizeof *gradient);
        for (uint64_t p = 0; p < parameters; p++)
            gradient[p] = 0.0L;
    }
    *sums = (myr_margin_sums){0};
    *bad = sum_pairs(job, r, gradient, sums);
    for (uint64_t p = 0; gradient && p < parameters; p++)
        myr_element_store(job->gradient, r->number * parameters + p, (double)(gradient[p] / sums->weight));
    free(gradient);
    return MYR_OK;
}

myr_status myr_reference_linear(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                                uint64_t *bad) {
    const replicate only = {.loss = job->loss};
    return reduce(context, job, &only, sums, bad);
}

myr_status myr_reference_many(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                              uint64_t *bad) {
    const myr_many *many = job->many;
    *bad = UINT64_MAX;
    for (uint32_t b = 0; b < many->replicates; b++) {
        replicate r = {
            .loss = job->loss, .theta = many->each_theta ? b * job->features->parameters : 0, .number = b};
        uint64_t row;
        if (many->betas)
            r.loss.beta = many->betas[b];
        myr_status status = reduce(context, job, &r, &sums[b], &row);
        if (status != MYR_OK)
            return status;
        *bad = row < *bad ? row : *bad;
    }
    return MYR_OK;
}
