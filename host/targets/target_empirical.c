/* Data points. A file is NAME.npy: [n, d]; or [n], which are n of one coordinate. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "empirical.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/generator.h"
#include "io/npy_read.h"
#include "marginal.h"
#include "myriad/random.h"

/* Squares, and sums of 4,096 of them, stay well inside a float. */
static const float largest_point = 1e15f;

static myr_status check(myr_context *context, int64_t count, int dimension, const float *points) {
    if (count < 1 || count > MYR_MAX_POINTS)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "count is %lld; expected 1 to %d points",
                        (long long)count, MYR_MAX_POINTS);
    if (dimension < 1 || dimension > MYR_MAX_DATA_DIMENSION)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "dimension is %d; expected 1 to %d", dimension,
                        MYR_MAX_DATA_DIMENSION);
    if (!points)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "points is NULL; expected an array");
    for (int64_t i = 0; i < count; i++)
        for (int c = 0; c < dimension; c++) {
            float value = points[i * dimension + c];
            if (!(fabsf(value) <= largest_point))
                return myr_fail(context, MYR_INVALID_ARGUMENT,
                                "points[%lld][%d] is %g; expected a number from -1e15 to 1e15",
                                (long long)i, c, (double)value);
        }
    return MYR_OK;
}

/* Mean and variance of x0, which is each of the points with probability 1/count: two passes. */
static myr_status find_moments(myr_context *context, myr_target *target) {
    const myr_empirical *e = myr_empirical_of(target);
    const int d = target->dimension;
    const size_t bytes = 2 * (size_t)d * sizeof(long double);
    long double *sum = calloc(2 * (size_t)d, sizeof *sum), *squares = sum + d;
    if (!sum)
        return myr_fail_memory(context, bytes);
    for (int64_t i = 0; i < e->count; i++)
        for (int c = 0; c < d; c++)
            sum[c] += e->points[i * d + c];
    for (int64_t i = 0; i < e->count; i++)
        for (int c = 0; c < d; c++) {
            long double away = e->points[i * d + c] - sum[c] / (long double)e->count;
            squares[c] += away * away;
        }
    for (int c = 0; c < d; c++) {
        target->mean[c] = (double)(sum[c] / (long double)e->count);
        target->variance[c] = (double)(squares[c] / (long double)e->count);
    }
    free(sum);
    return MYR_OK;
}

/* Data that the target takes over. */
static myr_status adopt(myr_context *context, int64_t count, int dimension, float *points,
                        myr_target **target) {
    myr_status status =
        myr_target_allocate(context, &myr_target_empirical, dimension, sizeof(myr_empirical), target);
    if (status != MYR_OK)
        return status;
    myr_empirical *e = (*target)->content;
    *e = (myr_empirical){count, points};
    status = find_moments(context, *target);
    if (status != MYR_OK) {
        e->points = NULL;
        myr_target_destroy(*target);
        *target = NULL;
    }
    return status;
}

/* As myr_target_create_empirical, but for the array: it comes from malloc() and is the target's from here
 * on; freed on failure. */
static myr_status adopt_points(myr_context *context, int64_t count, int dimension, float *points,
                               myr_target **target) {
    myr_status status = check(context, count, dimension, points);
    if (status == MYR_OK)
        status = adopt(context, count, dimension, points, target);
    if (status != MYR_OK)
        free(points);
    return status;
}

myr_status myr_target_create_empirical(myr_context *context, int64_t count, int dimension,
                                       const float *points, myr_target **target) {
    MYR_STANDARD_ENVIRONMENT;
    if (!target)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "target is NULL; expected a place for the new target");
    *target = NULL;
    myr_status status = check(context, count, dimension, points);
    if (status != MYR_OK)
        return status;
    size_t bytes = (size_t)count * (size_t)dimension * sizeof *points;
    float *copy = malloc(bytes);
    if (!copy)
        return myr_fail_memory(context, bytes);
    memcpy(copy, points, bytes);
    status = adopt(context, count, dimension, copy, target);
    if (status != MYR_OK)
        free(copy);
    return status;
}

int64_t myr_target_points(const myr_target *target) {
    return target && target->operations == &myr_target_empirical ? myr_empirical_of(target)->count : 0;
}

/* ---- files ----------------------------------------------------------------------------------------- */

#define MYR_QUOTE_VALUE(value) #value
#define MYR_QUOTE(macro) MYR_QUOTE_VALUE(macro)

static myr_status load_npy(myr_context *context, const char *path, myr_target **target) {
    static const myr_npy_wanted wanted = {
        .type = MYR_F32,
        .dimensions = 2,
        .most = {MYR_MAX_POINTS, MYR_MAX_DATA_DIMENSION},
        .expected = "[n, d] or [n], n from 1 to " MYR_QUOTE(
            MYR_MAX_POINTS) " points of d from 1 to " MYR_QUOTE(MYR_MAX_DATA_DIMENSION) " coordinates",
    };
    myr_npy points;
    myr_status status = myr_npy_read(context, path, &wanted, &points);
    if (status != MYR_OK)
        return status;
    status = adopt_points(context, (int64_t)points.shape[0], (int)points.shape[1], points.values, target);
    if (status != MYR_INVALID_ARGUMENT)
        return status;
    char reason[512];
    snprintf(reason, sizeof reason, "%s", myr_context_error(context));
    return myr_fail(context, MYR_INVALID_DATA, "%s: %s", path, reason);
}

/* ---- operations ------------------------------------------------------------------------------------ */

static void free_content(void *content) {
    myr_empirical *e = content;
    free(e->points);
}

static void draw(const myr_target *target, uint64_t seed, uint64_t index, double *x) {
    const myr_empirical *e = myr_empirical_of(target);
    uint32_t words[4];
    myr_words_draw(seed, index, MYR_STREAM_EXACT, 0, words);
    const int64_t i = (int64_t)(((double)words[0] + 0.5) * 0x1p-32 * (double)e->count);
    for (int c = 0; c < target->dimension; c++)
        x[c] = (double)e->points[i * target->dimension + c];
}

static myr_status marginal(myr_context *context, const myr_target *target, int coordinate,
                           const double *direction, myr_marginal *to) {
    const myr_empirical *e = myr_empirical_of(target);
    const int d = target->dimension;
    const size_t bytes = (size_t)e->count * sizeof(myr_atom);
    myr_atom *atoms = malloc(bytes);
    if (!atoms)
        return myr_fail_memory(context, bytes);
    for (int64_t i = 0; i < e->count; i++) {
        atoms[i] = (myr_atom){direction ? 0.0 : (double)e->points[i * d + coordinate], 1.0};
        for (int c = 0; direction && c < d; c++)
            atoms[i].at += direction[c] * (double)e->points[i * d + c];
    }
    myr_status status = myr_marginal_place_atoms(context, atoms, (size_t)e->count, to);
    free(atoms);
    return status;
}

static double covariance(const myr_target *target, int i, int j) {
    const myr_empirical *e = myr_empirical_of(target);
    const int d = target->dimension;
    double sum = 0.0;
    for (int64_t n = 0; n < e->count; n++)
        sum += ((double)e->points[n * d + i] - target->mean[i]) *
               ((double)e->points[n * d + j] - target->mean[j]);
    return sum / (double)e->count;
}

static myr_status example(myr_context *context, int index, myr_target **target) {
    enum { points = 37 };
    float at[2 * points];
    for (int i = 0; i < points; i++) {
        at[2 * i] = (float)(i * i % points) / 9.0f;
        at[2 * i + 1] = (float)(i * 5 % points) / 12.0f - 1.0f;
    }
    return index == 0 ? myr_target_create_empirical(context, points, 2, at, target) : MYR_OK;
}

const myr_target_operations myr_target_empirical = {
    .type = "empirical",
    .help = "data points [n, d] (FILE.npy)",
    .most = MYR_MAX_DATA_DIMENSION,
    .extension = ".npy",
    .load = load_npy,
    .free_content = free_content,
    .example = example,
    .draw = draw,
    .marginal = marginal,
    .covariance = covariance,
    .starts_in_component = true,
    .batched = true,
};
