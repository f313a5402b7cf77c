/* The cpu backend's inner loops over rows of logits and over tokens: token_lanes.c, compiled once for each
 * instruction set. */
#ifndef MYRIAD_TOKEN_LANES_H
#define MYRIAD_TOKEN_LANES_H

#include <stddef.h>

#include "backends/token_result.h"
#include "policy_token.h"

typedef struct myr_token_lanes {
    const char *isa;
    /* The vocabulary logits from element first on, of which label (in the vocabulary) is chosen; lowest is
     * MYR_LOGIT_LOWEST_…. */
    myr_row_result (*row)(const void *logits, int type, size_t first, size_t vocabulary, size_t label,
                          float lowest);
    /* Writes upstream times the gradient of the row's log-probability over its logits. */
    void (*gradient)(void *logits, int type, size_t first, size_t vocabulary, size_t label,
                     const myr_row_result *row, float upstream);
    /* A sequence of RLVR, tokens first … first + count - 1. gradient: factor times the tokens' weights. */
    void (*policy)(const myr_policy_view *view, size_t first, size_t count, float factor,
                   myr_policy_sums *sums);
} myr_token_lanes;

extern const myr_token_lanes myr_token_lanes_baseline;
extern const myr_token_lanes myr_token_lanes_avx2;   /* x86-64 only */
extern const myr_token_lanes myr_token_lanes_avx512; /* x86-64 only */

#endif
