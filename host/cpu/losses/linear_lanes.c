/* Rows of Delta times theta, and slopes times rows of Delta, while the rows are in the cache. Compiled once
 * for each instruction set (MYR_ISA). Products and sums of floats are rounded one by one, so that the bits
 * are the same with fused multiply-add or without. */
#include "linear_lanes.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define MYR_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define MYR_VECTOR_BYTES 32
#else
#define MYR_VECTOR_BYTES 16
#endif

enum {
    WIDE = MYR_VECTOR_BYTES / 4, /* floats of a vector */
    VECTORS = MYR_LINEAR_LANES / WIDE
};

typedef float wide __attribute__((vector_size(MYR_VECTOR_BYTES)));

static inline wide load(const float *from) {
    wide floats;
    memcpy(&floats, from, sizeof floats);
    return floats;
}

/* The first n of a vector, 0 or less … WIDE or more; the others are 0 and not read. */
static inline wide load_first(const float *from, int n) {
#if defined(__AVX512F__)
    __mmask16 mask = n >= WIDE ? 0xffff : n <= 0 ? 0 : (__mmask16)((1u << n) - 1u);
    return (wide)_mm512_maskz_loadu_ps(mask, from);
#elif defined(__AVX2__)
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return (wide)_mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lanes));
#else
    wide floats = {0.0f};
    for (int lane = 0; lane < WIDE && lane < n; lane++)
        floats[lane] = from[lane];
    return floats;
#endif
}

/* The lanes' sum: vectors halved, then lane l + lane l + WIDE/2, … */
static inline float halve(wide *sum) {
#pragma GCC unroll 3
    for (int half = VECTORS / 2; half > 0; half /= 2)
#pragma GCC unroll 4
        for (int v = 0; v < half; v++)
            sum[v] += sum[v + half];
#if defined(__x86_64__)
#if defined(__AVX512F__)
    __m512d all = _mm512_castps_pd((__m512)sum[0]);
    __m256 eight =
        _mm256_castpd_ps(_mm512_castpd512_pd256(all)) + _mm256_castpd_ps(_mm512_extractf64x4_pd(all, 1));
    __m128 four = _mm256_castps256_ps128(eight) + _mm256_extractf128_ps(eight, 1);
#elif defined(__AVX2__)
    __m128 four = _mm256_castps256_ps128((__m256)sum[0]) + _mm256_extractf128_ps((__m256)sum[0], 1);
#else
    __m128 four = (__m128)sum[0];
#endif
    __m128 two = four + _mm_movehl_ps(four, four);
    return two[0] + two[1];
#else
    return (sum[0][0] + sum[0][2]) + (sum[0][1] + sum[0][3]);
#endif
}

/* The line of memory that many floats further on, whether or not it is the array's, will be wanted. */
static inline void fetch(const float *from, size_t ahead) {
    /* Not a pointer's sum: it may lie beyond the array. NOLINTNEXTLINE(performance-no-int-to-ptr) */
    __builtin_prefetch((const void *)((uintptr_t)from + ahead * sizeof *from), 0, 2);
}

static inline float dot(const float *row, const float *theta, int parameters, size_t ahead) {
    wide sum[VECTORS] = {{0.0f}};
    int p = 0;
    for (; p + MYR_LINEAR_LANES <= parameters; p += MYR_LINEAR_LANES) {
        fetch(row + p, ahead);
#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++)
            sum[v] += load(row + p + v * WIDE) * load(theta + p + v * WIDE);
    }
    if (p < parameters)
#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++)
            sum[v] +=
                load_first(row + p + v * WIDE, parameters - p - v * WIDE) * load(theta + p + v * WIDE);
    return halve(sum);
}

/* Row after row, from the first column to the last: to read several rows side by side takes twice the time,
 * for the processor then fetches little ahead. */
static void dots(const float *rows, int count, int parameters, const float *theta, float *margins) {
    const size_t ahead = (size_t)count * (size_t)parameters;
    for (int j = 0; j < count; j++)
        margins[j] = dot(rows + (size_t)j * (size_t)parameters, theta, parameters, ahead);
}

/* Adds a vector of floats to WIDE doubles. */
static inline void add_doubles(double *to, wide sum) {
#if defined(__AVX512F__)
    __m256 low = _mm512_castps512_ps256((__m512)sum);
    __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd((__m512)sum), 1));
    _mm512_storeu_pd(to, _mm512_loadu_pd(to) + _mm512_cvtps_pd(low));
    _mm512_storeu_pd(to + 8, _mm512_loadu_pd(to + 8) + _mm512_cvtps_pd(high));
#elif defined(__AVX2__)
    __m128 low = _mm256_castps256_ps128((__m256)sum), high = _mm256_extractf128_ps((__m256)sum, 1);
    _mm256_storeu_pd(to, _mm256_loadu_pd(to) + _mm256_cvtps_pd(low));
    _mm256_storeu_pd(to + 4, _mm256_loadu_pd(to + 4) + _mm256_cvtps_pd(high));
#else
    for (int lane = 0; lane < WIDE; lane++)
        to[lane] += (double)sum[lane];
#endif
}

/* Lines that accumulate has asked for: every second one of the next block; dots asks for the others. */
typedef struct fetched {
    const float *from;
    size_t done, end; /* floats */
} fetched;

static inline void fetch_more(fetched *f, int floats) {
    f->end += (size_t)floats;
    for (; f->done < f->end; f->done += MYR_LINEAR_LANES)
        fetch(f->from, f->done);
}

/* sums[p] += the sum of slope[j slopes] rows[j stride + p] over j < group, in float. */
static inline __attribute__((always_inline)) void add_group(const int group, const float *rows,
                                                            size_t stride, const float *slope, int slopes,
                                                            int parameters, double *sums, fetched *f) {
    float s[MYR_LINEAR_GROUP];
    for (int j = 0; j < group; j++)
        s[j] = slope[j * slopes];
    int p = 0;
    for (; p + WIDE <= parameters; p += WIDE) {
        fetch_more(f, group * WIDE);
        wide sum = load(rows + p) * s[0];
#pragma GCC unroll 8
        for (int j = 1; j < group; j++)
            sum += load(rows + (size_t)j * stride + p) * s[j];
        add_doubles(sums + p, sum);
    }
    if (p == parameters)
        return;
    wide sum = load_first(rows + p, parameters - p) * s[0];
#pragma GCC unroll 8
    for (int j = 1; j < group; j++)
        sum += load_first(rows + (size_t)j * stride + p, parameters - p) * s[j];
    add_doubles(sums + p, sum);
}

static void add_rows(int group, const float *rows, size_t stride, const float *slope, int slopes,
                     int parameters, double *sums, fetched *f) {
    switch (group) {
        case 8:
            add_group(8, rows, stride, slope, slopes, parameters, sums, f);
            break;
        case 4:
            add_group(4, rows, stride, slope, slopes, parameters, sums, f);
            break;
        case 2:
            add_group(2, rows, stride, slope, slopes, parameters, sums, f);
            break;
        case 1:
            add_group(1, rows, stride, slope, slopes, parameters, sums, f);
            break;
        default: /* the last rows of all */
            add_group(group, rows, stride, slope, slopes, parameters, sums, f);
    }
}

static void accumulate(const float *rows, int count, int parameters, const myr_linear_shape *shape,
                       const float *slope, double *sums, size_t sums_stride) {
    const size_t columns = (size_t)parameters, stride = (size_t)shape->classes * columns;
    const int step = shape->group * shape->classes;
    fetched f = {rows, (size_t)count * columns + MYR_LINEAR_LANES / 2, (size_t)count * columns};
    for (int j = 0; j < count; j += step) {
        for (int c = 0; c < shape->classes && j + c < count; c++) {
            int left = (count - j - c - 1) / shape->classes + 1;
            add_rows(left < shape->group ? left : shape->group, rows + (size_t)(j + c) * columns, stride,
                     slope + j + c, shape->classes, parameters, sums + (size_t)c * sums_stride, &f);
        }
    }
}

#define MYR_PASTE(a, b) a##b
#define MYR_EXPAND(a, b) MYR_PASTE(a, b)

const myr_linear_lanes MYR_EXPAND(myr_linear_lanes_, MYR_ISA) = {dots, accumulate};
