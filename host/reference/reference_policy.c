/* RLVR's tokens, as docs/mathematics.md, section 13, has them: sum_t sg(min(rho_t, cap)) log pi(y_t), rho = pi/pi_old. */
#include <math.h>

#include "losses/element.h"
#include "reference_tokens.h"

static bool counts(const myr_policy_job *job, uint64_t t) {
    return !job->mask || job->mask[t];
}

myr_status myr_reference_policy_tokens(myr_context *context, const myr_policy_job *job, double *tokens) {
    (void)context;
    for (uint64_t s = 0; s < job->sequences; s++) {
        tokens[s] = 0.0;
        for (uint64_t t = job->starts[s]; t < job->starts[s + 1]; t++)
            tokens[s] += counts(job, t) ? 1.0 : 0.0;
    }
    return MYR_OK;
}

/* A token's share; returns the gradient, or NaN where the token is refused. */
static double add_token(const myr_policy_job *job, uint64_t s, uint64_t t, myr_policy_sums *sums) {
    double now = myr_element(job->log_probs, t), old = myr_element(job->old_log_probs, t);
    if (!(fabs(now) <= 1e15 && fabs(old) <= 1e15))
        return (double)NAN;
    double ratio = exp(now - old), weight = fmin(ratio, job->cap);
    sums->objective += weight * now;
    sums->tokens += 1.0;
    sums->capped += ratio > job->cap ? 1.0 : 0.0;
    return job->scale[s] * weight * job->advantage[s];
}

myr_status myr_reference_policy(myr_context *context, const myr_policy_job *job, myr_policy_sums *sums) {
    (void)context;
    for (uint64_t s = 0; s < job->sequences; s++) {
        sums[s] = (myr_policy_sums){0.0, 0.0, 0.0, 0};
        for (uint64_t t = job->starts[s]; t < job->starts[s + 1]; t++) {
            double gradient = 0.0;
            if (job->scale[s] != 0.0 && counts(job, t))
                gradient = add_token(job, s, t, &sums[s]);
            sums[s].bad |= isnan(gradient);
            if (job->gradient.data)
                myr_element_store(job->gradient, t, gradient);
        }
    }
    return MYR_OK;
}
