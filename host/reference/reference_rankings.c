/* Plackett-Luce rankings, as the formulas say it, in double:
 *
 *     loss = sum_k L_k - r_k,     d loss/dr_i = sum_{k <= i} exp(r_i - L_k) - 1,
 *     L_k = log sum_{j >= k} exp(r_j),     r = beta (log pi - log pi_ref)
 *
 * with x = r - max r in the place of r, which changes neither. */
#include <math.h>
#include <stdlib.h>

#include "failure.h"
#include "losses/element.h"
#include "reference_reductions.h"

typedef struct ranking {
    uint64_t first, count;
    double weight;
    double *r, *x, *L; /* [longest] */
} ranking;

static bool in_range(double value, double low) {
    return value >= low && value <= 1e15;
}

/* Where the ranking lies, and its scores; returns whether all is in range. */
static bool read_ranking(const myr_ranking_job *job, uint64_t index, ranking *k) {
    const myr_rankings *rankings = job->rankings;
    const uint64_t each = rankings->answers / rankings->count;
    k->first = job->starts ? job->starts[index] : index * each;
    k->count = (job->starts ? job->starts[index + 1] : (index + 1) * each) - k->first;
    k->weight = rankings->weight.data ? myr_element(rankings->weight, index) : 1.0;
    bool good = in_range(k->weight, 0.0);
    for (uint64_t i = 0; i < k->count; i++) {
        double now = myr_element(rankings->log_probs, k->first + i);
        double old = rankings->reference.data ? myr_element(rankings->reference, k->first + i) : 0.0;
        k->r[i] = rankings->beta * (now - old);
        good = good && in_range(now, -1e15) && in_range(old, -1e15) && in_range(k->r[i], -1e15);
    }
    return good;
}

/* log(exp(x) + exp(y)) */
static double log_add(double x, double y) {
    return fmax(x, y) + log1p(exp(-fabs(x - y)));
}

static void make_suffixes(ranking *k) {
    double largest = -(double)INFINITY;
    for (uint64_t i = 0; i < k->count; i++)
        largest = fmax(largest, k->r[i]);
    for (uint64_t i = 0; i < k->count; i++)
        k->x[i] = k->r[i] - largest;
    for (uint64_t i = k->count; i-- > 0;)
        k->L[i] = i + 1 < k->count ? log_add(k->x[i], k->L[i + 1]) : k->x[i];
}

/* L_k - x_k = log(1 + exp(L_{k+1} - x_k)) */
static void add_ranking(const ranking *k, myr_ranking_sums *sums) {
    double loss = 0.0, accurate = 0.0;
    for (uint64_t i = 0; i + 1 < k->count; i++) {
        loss += log_add(0.0, k->L[i + 1] - k->x[i]);
        accurate += k->r[i] > k->r[i + 1] ? 1.0 : 0.0;
    }
    sums->weight += k->weight;
    sums->neighbours += k->weight * (double)(k->count - 1);
    sums->loss += k->weight * loss;
    sums->margin += k->weight * (k->r[0] - k->r[k->count - 1]);
    sums->accurate += k->weight * accurate;
}

/* 1 - p_ii = exp(L_{i+1} - L_i): what the answer's own choice leaves to those below it. */
static void write_gradient(const myr_ranking_job *job, const ranking *k, double scale) {
    for (uint64_t i = 0; i < k->count; i++) {
        double slope = i + 1 < k->count ? -exp(k->L[i + 1] - k->L[i]) : 0.0;
        for (uint64_t j = 0; j < i; j++)
            slope += exp(k->x[i] - k->L[j]);
        myr_element_store(job->gradient, k->first + i, scale * k->weight * slope);
    }
}

static uint64_t reduce(const myr_ranking_job *job, ranking *k, myr_ranking_sums *sums) {
    *sums = (myr_ranking_sums){0};
    for (uint64_t index = 0; index < job->rankings->count; index++) {
        if (!read_ranking(job, index, k))
            return index;
        make_suffixes(k);
        add_ranking(k, sums);
    }
    for (uint64_t index = 0; job->gradient.data && index < job->rankings->count; index++) {
        (void)read_ranking(job, index, k);
        make_suffixes(k);
        write_gradient(job, k, job->rankings->beta / sums->weight);
    }
    return UINT64_MAX;
}

myr_status myr_reference_rankings(myr_context *context, const myr_ranking_job *job, myr_ranking_sums *sums,
                                  uint64_t *bad) {
    const size_t bytes = (size_t)job->longest * sizeof(double);
    ranking k = {.r = malloc(bytes), .x = malloc(bytes), .L = malloc(bytes)};
    myr_status status = MYR_OK;
    if (k.r && k.x && k.L)
        *bad = reduce(job, &k, sums);
    else
        status = myr_fail_memory(context, 3 * bytes);
    free(k.r);
    free(k.x);
    free(k.L);
    return status;
}
