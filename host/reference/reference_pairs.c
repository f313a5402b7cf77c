/* The reduction over pairs, as docs/mathematics.md, sections 12 and 20, has it: once over the batch for weights and
 * rewards, once more for losses and gradients. */
#include <math.h>

#include "losses/element.h"
#include "reference_loss.h"
#include "reference_reductions.h"

typedef struct pair {
    double policy_w, policy_l; /* log pi */
    double w, l;
    double weight, length_w, length_l;
} pair;

static double element_or(myr_array array, uint64_t index, double otherwise) {
    return array.data ? myr_element(array, index) : otherwise;
}

static pair read_pair(const myr_pair_job *job, uint64_t i) {
    const myr_pairs *pairs = job->pairs;
    pair p;
    p.policy_w = p.w = myr_element(pairs->policy_chosen, i);
    p.policy_l = p.l = myr_element(pairs->policy_rejected, i);
    if (!job->loss.reference_free) {
        p.w -= myr_element(pairs->reference_chosen, i);
        p.l -= myr_element(pairs->reference_rejected, i);
    }
    p.weight = element_or(pairs->weight, i, 1.0);
    p.length_w = element_or(pairs->chosen_length, i, 1.0);
    p.length_l = element_or(pairs->rejected_length, i, 1.0);
    return p;
}

static bool in_range(double value, double low) {
    return value >= low && value <= 1e15;
}

static bool is_good(const myr_pair_job *job, const pair *p) {
    bool policy_only = (job->loss.traits & MYR_TAKES_POLICY_ONLY) != 0;
    bool policy = in_range(p->policy_w, -1e15) && in_range(p->policy_l, -1e15);
    return in_range(p->w, -1e15) && in_range(p->l, -1e15) && (policy || !policy_only) &&
           in_range(p->weight, 0.0) && in_range(p->length_w, 1.0) && in_range(p->length_l, 1.0);
}

/* Loss of one pair, and its slopes in the two policy columns. */
static myr_reference_value pair_loss(const myr_pair_job *job, const myr_loss *loss, const pair *p) {
    bool policy_only = (loss->traits & MYR_TAKES_POLICY_ONLY) != 0;
    double w = policy_only ? p->policy_w : p->w, l = policy_only ? p->policy_l : p->l;
    if (!(loss->traits & MYR_TAKES_LENGTHS) || !job->pairs->chosen_length.data)
        return myr_reference_pair(loss, w, l, 1.0, 1.0);
    return myr_reference_pair(loss, w, l, p->length_w, p->length_l);
}

static uint64_t survey(const myr_pair_job *job, myr_pair_sums *sums) {
    long double weight = 0, tokens = 0, chosen = 0, rejected = 0, accurate = 0;
    for (uint64_t i = 0; i < job->pairs->count; i++) {
        pair p = read_pair(job, i);
        if (!is_good(job, &p))
            return i;
        weight += p.weight;
        tokens += p.weight * p.length_w;
        chosen += p.weight * p.w;
        rejected += p.weight * p.l;
        accurate += p.w > p.l ? p.weight : 0.0;
    }
    *sums = (myr_pair_sums){(double)weight,   (double)tokens,   (double)chosen,
                            (double)rejected, (double)accurate, 0.0};
    return UINT64_MAX;
}

myr_status myr_reference_pairs(myr_context *context, const myr_pair_job *job, myr_pair_sums *sums,
                               uint64_t *bad) {
    (void)context; /* nothing here can fail */
    *bad = survey(job, sums);
    if (*bad != UINT64_MAX)
        return MYR_OK;
    myr_loss loss = job->loss;
    if (isnan(loss.shift))
        loss.shift = loss.beta * (sums->chosen + sums->rejected) / (2.0 * sums->weight);
    bool over_tokens = (loss.traits & MYR_TAKES_TOKENS) && job->pairs->chosen_length.data;
    double total = over_tokens ? sums->tokens : sums->weight;
    long double sum = 0;
    for (uint64_t i = 0; i < job->pairs->count; i++) {
        pair p = read_pair(job, i);
        myr_reference_value v = pair_loss(job, &loss, &p);
        if (!isfinite(v.loss)) {
            *bad = i;
            return MYR_OK;
        }
        sum += p.weight * v.loss;
        if (job->chosen_gradient.data) {
            myr_element_store(job->chosen_gradient, i, p.weight / total * v.slope_w);
            myr_element_store(job->rejected_gradient, i, p.weight / total * v.slope_l);
        }
    }
    sums->loss = (double)sum;
    return MYR_OK;
}
