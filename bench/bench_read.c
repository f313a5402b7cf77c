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

double bench_ceiling_read(int threads) {
    const bench_reader *reader = find_reader();
    const size_t words = bytes / sizeof(uint64_t), share = words / (size_t)threads;
    uint64_t *memory = malloc(bytes), all = 0;
    double best = 0.0;
    if (!memory)
        return 0.0;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int thread = 0; thread < threads; thread++)
        memset(memory + (size_t)thread * share, thread + 1, share * sizeof *memory);
    for (int attempt = 0; attempt < 9; attempt++) {
        double start = omp_get_wtime();
#pragma omp parallel for schedule(static) num_threads(threads) reduction(^ : all)
        for (int thread = 0; thread < threads; thread++)
            all ^= reader->read(memory + (size_t)thread * share, share);
        double rate = (double)(share * (size_t)threads * sizeof *memory) / (omp_get_wtime() - start);
        best = rate > best ? rate : best;
    }
    memory[0] = all; /* the results are used, so that the loops stay */
    double result = memory[0] == UINT64_MAX ? 0.0 : best;
    free(memory);
    return result;
}
