/* Numbers on their way to a GPU and back: each in its place, whatever the sizes and the number of threads.
 */
#include <criterion/criterion.h>

#include "chunk_moments.h"
#include "support.h"
#include "tables/staged.h"

static double number_of(size_t j, size_t n) {
    return (double)(j * 64 + n + 1); /* exactly a float */
}

static void expect_places(size_t numbers, uint32_t count, int threads) {
    const size_t floats = myr_staged_floats(numbers, count), stride = numbers + 2;
    double *given = malloc(count * stride * sizeof *given), *back = malloc(count * numbers * sizeof *back);
    float *staged = malloc(floats * sizeof *staged);
    double half[64];
    for (size_t n = 0; n < 64; n++)
        half[n] = 0.5 + (double)n;
    for (size_t i = 0; i < count * stride; i++)
        given[i] = i % stride < numbers ? number_of(i / stride, i % stride) + half[i % stride] : NAN;
    memset(staged, 0xff, floats * sizeof *staged); /* NaN */
    memset(back, 0xff, count * numbers * sizeof *back);
    myr_stage(given, stride, numbers, half, count, threads, staged);
    size_t wrong = 0;
    for (size_t i = 0; i < floats; i++) {
        const size_t j = i / (numbers * MYR_CHUNK) * MYR_CHUNK + i % MYR_CHUNK;
        const double wanted = j < count ? number_of(j, i / MYR_CHUNK % numbers) : 0.0;
        wrong += !((double)staged[i] == wanted);
    }
    cr_expect_eq(wrong, 0, "%zu numbers of %u, %d threads: %zu wrong", numbers, count, threads, wrong);
    myr_unstage(staged, numbers, half, count, threads, back);
    for (size_t i = 0; i < count * numbers; i++)
        wrong += !(back[i] == given[i / numbers * stride + i % numbers]);
    cr_expect_eq(wrong, 0, "%zu numbers of %u, %d threads, and back: %zu wrong", numbers, count, threads,
                 wrong);
    free(given);
    free(back);
    free(staged);
}

Test(staged, numbers_go_to_their_places_and_back) {
    static const size_t numbers[] = {1, 3, 64};
    static const uint32_t counts[] = {1, 15, 16, 17, MYR_CHUNK - 1, MYR_CHUNK, MYR_CHUNK + 1, 10000};
    for (size_t n = 0; n < 3; n++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            for (int threads = 1; threads <= 3; threads += 2)
                expect_places(numbers[n], counts[c], threads);
}
