/* The bandwidth of reading memory, on the cpu. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "ceiling_read.h"

/* Far beyond any cache. */
static const size_t bytes = (size_t)256 << 20;

static const bench_reader *find_reader(void) {
    static const bench_reader *const readers[] = {
        &bench_reader_baseline,
#if defined(__x86_64__)
        &bench_reader_avx2,
        &bench_reader_avx512,
#endif
    };
    for (size_t index = 0; index < sizeof readers / sizeof *readers; index++)
        if (strcmp(readers[index]->isa, myr_cpu_isa()) == 0)
            return readers[index];
    return readers[0];
}

struct bench_reading {
    int threads;
    size_t share; /* of a thread, in words */
    uint64_t all; /* what was read: the loops stay, since it is used */
    uint64_t memory[];
};

bench_reading *bench_reading_begin(int threads) {
    bench_reading *r = malloc(sizeof *r + bytes);
    if (!r)
        return NULL;
    r->threads = threads;
    r->share = bytes / sizeof(uint64_t) / (size_t)threads;
    r->all = 0;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int thread = 0; thread < threads; thread++)
        memset(r->memory + (size_t)thread * r->share, thread + 1, r->share * sizeof(uint64_t));
    return r;
}

double bench_reading_rate(bench_reading *r) {
    const bench_reader *reader = find_reader();
    uint64_t all = r->all;
    const double start = omp_get_wtime();
#pragma omp parallel for schedule(static) num_threads(r->threads) reduction(^ : all)
    for (int thread = 0; thread < r->threads; thread++)
        all ^= reader->read(r->memory + (size_t)thread * r->share, r->share);
    r->all = all;
    return (double)r->threads * (double)r->share * sizeof(uint64_t) / (omp_get_wtime() - start);
}

void bench_reading_end(bench_reading *r) {
    free(r);
}
