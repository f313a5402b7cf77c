/* The cuda backend's table of reductions. */
#include "cuda_reductions.h"
#include "backends/token_jobs.h"

const myr_reductions myr_reductions_cuda = {
    .name = "cuda",
    .pairs = myr_cuda_pairs,
    .linear = myr_cuda_linear,
    .many = myr_cuda_many,
    .rankings = myr_cuda_rankings,
    .tokens = &myr_cuda_tokens,
};
