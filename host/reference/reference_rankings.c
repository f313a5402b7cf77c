/* Plackett-Luce rankings, as the formulas say it, in double:
 *
 *     loss = sum_k L_k - r_k,     d loss/dr_i = sum_{k <= i} exp(r_i - L_k) - 1,
 *     L_k = log sum_{j >= k} exp(r_j),     r = beta (log pi - log pi_ref)
 *
 * with M_k = max_{j >= k} r_j and S_k = sum_{j >= k} exp(r_j - M_k) in the place of L_k = M_k + log S_k:
 * rewards meet in differences alone, so that what they have in common takes no digits. */
#include <math.h>
#include <stdlib.h>

#include "ground/failure.h"
#include "losses/element.h"
#include "reference_reductions.h"

typedef struct ranking {
    uint64_t first, count;
    double weight;
    double *r, *M, *S; /* [longest] */
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

/* log(1 + exp(x)) */
static double softplus(double x) {
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

static void make_suffixes(ranking *k) {
    uint64_t i = k->count - 1;
    k->M[i] = k->r[i];
    for (k->S[i] = 1.0; i-- > 0;) {
        k->M[i] = fmax(k->r[i], k->M[i + 1]);
        k->S[i] = exp(k->r[i] - k->M[i]) + k->S[i + 1] * exp(k->M[i + 1] - k->M[i]);
    }
}

/* L_{k+1} - r_k: the log odds against the answer, of those that are left. */
static double odds_against(const ranking *k, uint64_t i) {
    return k->M[i + 1] - k->r[i] + log(k->S[i + 1]);
}

static void add_ranking(const ranking *k, myr_ranking_sums *sums) {
    double loss = 0.0, accurate = 0.0;
    for (uint64_t i = 0; i + 1 < k->count; i++) {
        loss += softplus(odds_against(k, i));
        accurate += k->r[i] > k->r[i + 1] ? 1.0 : 0.0;
    }
    sums->weight += k->weight;
    sums->neighbours += k->weight * (double)(k->count - 1);
    sums->loss += k->weight * loss;
    sums->margin += k->weight * (k->r[0] - k->r[k->count - 1]);
    sums->accurate += k->weight * accurate;
}

/* p_ii - 1, and what the answer has of the choices of those above it. */
static void write_gradient(const myr_ranking_job *job, const ranking *k, double scale) {
    for (uint64_t i = 0; i < k->count; i++) {
        double slope = i + 1 < k->count ? -1.0 / (1.0 + exp(-odds_against(k, i))) : 0.0;
        for (uint64_t j = 0; j < i; j++)
            slope += exp(k->r[i] - k->M[j]) / k->S[j];
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
    ranking k = {.r = malloc(bytes), .M = malloc(bytes), .S = malloc(bytes)};
    myr_status status = MYR_OK;
    if (k.r && k.M && k.S)
        *bad = reduce(job, &k, sums);
    else
        status = myr_fail_memory(context, 3 * bytes);
    free(k.r);
    free(k.M);
    free(k.S);
    return status;
}
