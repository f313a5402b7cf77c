/* The measurements, and what they share. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "ceiling_lanes.h"

static const bench_case *const cases[] = {
    &bench_gaussian,      &bench_mixture,    &bench_empirical,   &bench_discrete, &bench_pairs,
    &bench_pairs_far,     &bench_linear,     &bench_many,        &bench_rankings, &bench_rankings_far,
    &bench_tokens,        &bench_tokens_far, &bench_head,        &bench_rlvr,     &bench_sample,
    &bench_fit_bootstrap, &bench_fit_many,   &bench_fit_features};

const bench_case *bench_case_at(int index) {
    return index >= 0 && index < (int)(sizeof cases / sizeof *cases) ? cases[index] : NULL;
}

int bench_threads(const bench_options *options) {
    return options->threads > 0 ? options->threads : omp_get_max_threads();
}

void bench_took(bench_result *result, const char *backend, const char *device) {
    result->backend = backend;
    snprintf(result->device, sizeof result->device, "%s", device);
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double bench_median(int count, double *values) {
    qsort(values, (size_t)count, sizeof *values, compare);
    return 0.5 * (values[(count - 1) / 2] + values[count / 2]);
}

void bench_summarise(int repeats, double *seconds, bench_result *result) {
    result->seconds_median = bench_median(repeats, seconds);
    result->seconds_min = seconds[0];
    result->seconds_max = seconds[repeats - 1];
}

myr_status bench_time(int repeats, myr_status (*work)(void *user), void *user, bench_result *result) {
    double *seconds = malloc((size_t)repeats * sizeof *seconds);
    if (!seconds)
        return MYR_OUT_OF_MEMORY;
    myr_status status = work(user);
    for (int run = 0; status == MYR_OK && run < repeats; run++) {
        double start = omp_get_wtime();
        status = work(user);
        seconds[run] = omp_get_wtime() - start;
    }
    if (status == MYR_OK)
        bench_summarise(repeats, seconds, result);
    free(seconds);
    return status;
}

static const bench_ceiling *find_ceiling(void) {
    static const bench_ceiling *const ceilings[] = {
        &bench_ceiling_baseline,
#if defined(__x86_64__)
        &bench_ceiling_avx2,
        &bench_ceiling_avx512,
#endif
    };
    for (size_t index = 0; index < sizeof ceilings / sizeof *ceilings; index++)
        if (strcmp(ceilings[index]->isa, myr_cpu_isa()) == 0)
            return ceilings[index];
    return NULL;
}

double bench_ceiling_mix(int threads) {
    const bench_ceiling *ceiling = find_ceiling();
    const uint64_t rounds = 15000000; /* about 0.1 s: long beside the start of the threads */
    double best = 0.0;
    for (int attempt = 0; ceiling && attempt < 5; attempt++) {
        double operations = 0.0;
        double start = omp_get_wtime();
#pragma omp parallel num_threads(threads) reduction(+ : operations)
        {
            float sink;
            operations += ceiling->run(rounds, &sink);
        }
        double rate = operations / (omp_get_wtime() - start);
        best = rate > best ? rate : best;
    }
    return best;
}
