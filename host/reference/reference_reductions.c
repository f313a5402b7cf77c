/* The reference's table of reductions. */
#include "reference_reductions.h"
#include "backends/token_jobs.h"

const myr_reductions myr_reductions_reference = {
    .name = "reference",
    .pairs = myr_reference_pairs,
    .linear = myr_reference_linear,
    .many = myr_reference_many,
    .rankings = myr_reference_rankings,
    .tokens = &myr_reference_tokens,
};
