/* Rows of Delta times theta, and slopes times rows of Delta, while the rows are in the cache. Compiled once
 * for each instruction set (MYR_ISA), with fused multiply-adds where there are any: every product here is
 * one of two floats, exact in double, so that the bits are the same without. */
#include "linear_lanes.h"

#include <string.h>

#if defined(__AVX512F__)
#define MYR_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define MYR_VECTOR_BYTES 32
#else
#define MYR_VECTOR_BYTES 16
#endif

enum {
    WIDE = MYR_VECTOR_BYTES / 8, /* doubles of a vector */
    VECTORS = MYR_LINEAR_LANES / WIDE,
    TOGETHER = 8 /* rows of a class that are added in one go */
};

typedef double wide __attribute__((vector_size(MYR_VECTOR_BYTES)));
typedef float narrow __attribute__((vector_size(MYR_VECTOR_BYTES / 2)));

static inline wide load_floats(const float *from) {
    narrow floats;
    memcpy(&floats, from, sizeof floats);
    return __builtin_convertvector(floats, wide);
}

static inline wide load_doubles(const double *from) {
    wide doubles;
    memcpy(&doubles, from, sizeof doubles);
    return doubles;
}

/* The partial sums of columns beyond the last whole group of lanes, and the halving. */
static double finish_dot(double *partial, const float *row, const double *theta, int rest) {
    for (int lane = 0; lane < rest; lane++)
        partial[lane] += (double)row[lane] * theta[lane];
    for (int half = MYR_LINEAR_LANES / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++)
            partial[lane] += partial[lane + half];
    return partial[0];
}

static double dot(const float *row, const double *theta, int parameters) {
    wide sum[VECTORS] = {{0.0}};
    double partial[MYR_LINEAR_LANES] __attribute__((aligned(64)));
    int whole = parameters / MYR_LINEAR_LANES * MYR_LINEAR_LANES;
    for (int p = 0; p < whole; p += MYR_LINEAR_LANES)
#pragma GCC unroll 16
        for (int v = 0; v < VECTORS; v++)
            sum[v] += load_floats(row + p + v * WIDE) * load_doubles(theta + p + v * WIDE);
    memcpy(partial, sum, sizeof partial);
    return finish_dot(partial, row + whole, theta + whole, parameters - whole);
}

static void dots(const float *rows, int count, int parameters, const double *theta, double *margins) {
    for (int j = 0; j < count; j++)
        margins[j] = dot(rows + (size_t)j * (size_t)parameters, theta, parameters);
}

/* sums[p] += slope[j * slopes] rows[j * stride + p] for TOGETHER rows j, in order. */
static void add_together(const float *rows, size_t stride, const float *slope, int slopes, int parameters,
                         double *sums) {
    double s[TOGETHER];
    for (int j = 0; j < TOGETHER; j++)
        s[j] = (double)slope[j * slopes];
    int p = 0;
    for (; p + WIDE <= parameters; p += WIDE) {
        wide sum = load_doubles(sums + p);
#pragma GCC unroll 8
        for (int j = 0; j < TOGETHER; j++)
            sum += load_floats(rows + (size_t)j * stride + p) * s[j];
        memcpy(sums + p, &sum, sizeof sum);
    }
    for (; p < parameters; p++)
        for (int j = 0; j < TOGETHER; j++)
            sums[p] += (double)rows[(size_t)j * stride + (size_t)p] * s[j];
}

static void add_one(const float *row, float slope, int parameters, double *sums) {
    for (int p = 0; p < parameters; p++)
        sums[p] += (double)row[p] * (double)slope;
}

static void accumulate(const float *rows, int count, int parameters, int classes, const float *slope,
                       double *sums) {
    const size_t columns = (size_t)parameters;
    int j = 0;
    for (; j + TOGETHER * classes <= count; j += TOGETHER * classes)
        for (int c = 0; c < classes; c++)
            add_together(rows + (size_t)(j + c) * columns, (size_t)classes * columns, slope + j + c,
                         classes, parameters, sums + (size_t)c * columns);
    for (; j < count; j++)
        add_one(rows + (size_t)j * columns, slope[j], parameters, sums + (size_t)(j % classes) * columns);
}

#define MYR_PASTE(a, b) a##b
#define MYR_EXPAND(a, b) MYR_PASTE(a, b)

const myr_linear_lanes MYR_EXPAND(myr_linear_lanes_, MYR_ISA) = {dots, accumulate};
