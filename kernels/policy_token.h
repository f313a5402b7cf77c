/* RLVR's tokens: pointwise code of cpu and cuda.
 *
 *     objective = sum_t sg(min(rho_t, cap)) log pi(y_t),     rho_t = pi(y_t) / pi_old(y_t)
 *
 * sg stops the gradient, which is then min(rho_t, cap) alone.
 *
 * The order of a sequence's sums: token t of it belongs to partial sum t mod MYR_PARTIALS, in double, in
 * ascending order; the partial sums are halved: p += p + 128, p + 64 … 1. */
#ifndef MYRIAD_POLICY_TOKEN_H
#define MYRIAD_POLICY_TOKEN_H

#include "backends/token_result.h"
#include "chunk_moments.h"
#include "exponential.h"
#include "load.h"

/* What log-probabilities may be at most in size. */
#define MYR_POLICY_LIMIT 1e15f

/* The columns of a batch; those of one sequence begin at its first token. */
typedef struct myr_policy_view {
    const void *log_probs, *old_log_probs;
    const uint8_t *mask; /* NULL: all tokens count */
    void *gradient;      /* NULL: none */
    int type, gradient_type;
    float cap;
} myr_policy_view;

typedef struct myr_policy_token {
    float now;    /* log pi(y_t) */
    float weight; /* min(rho_t, cap) */
    int capped, bad;
} myr_policy_token;

static MYR_HD myr_policy_token myr_policy_token_make(float now, float old, float log_ratio, float cap) {
    myr_policy_token token;
    float ratio = myr_without_tail(myr_exp(log_ratio));
    token.now = now;
    token.capped = ratio > cap;
    token.weight = token.capped ? cap : ratio;
    token.bad = !(fabsf(now) <= MYR_POLICY_LIMIT) | !(fabsf(old) <= MYR_POLICY_LIMIT);
    return token;
}

#endif
