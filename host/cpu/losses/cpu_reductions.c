/* The cpu backend's table of reductions. */
#include "cpu_reductions.h"
#include "backends/token_jobs.h"

const myr_reductions myr_reductions_cpu = {
    .name = "cpu",
    .pairs = myr_cpu_pairs,
    .linear = myr_cpu_linear,
    .many = myr_cpu_many,
    .rankings = myr_cpu_rankings,
    .tokens = &myr_cpu_tokens,
};
