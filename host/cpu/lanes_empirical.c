/* The cpu backend's rows over data points, 128 trajectories at a time, a step at a time: two products of
 * matrices a tile of points, and between them the weights. Compiled once for each instruction set; the
 * products are OpenBLAS's, whose bits depend on the processor. */
#include <string.h>

#include "cpu_denoiser.h"
#include "ground/product.h"
#include "lane_normals.h"

/* Over the points so far. */
typedef struct lane_sums {
    float largest[MYR_LANES], total[MYR_LANES];
} __attribute__((aligned(64))) lane_sums;

/* Points of a tile: as even as multiples of 16 allow, for a short last tile costs nearly as much as a whole
 * one. */
static int64_t tile_size(int64_t count) {
    const int64_t tiles = (count + MYR_POINT_TILE - 1) / MYR_POINT_TILE;
    const int64_t size = (count + tiles - 1) / tiles;
    return (size + 15) / 16 * 16;
}

/* The larger of the two; b if a is NaN. */
static inline float larger(float a, float b) {
    return a > b ? a : b;
}

/* Products to scores, and the largest so far; rescale is what the sums so far are to be multiplied by. True
 * if that is not 1 for some lane. */
static bool find_scores(const myr_empirical_level *level, const float *half_norms, int64_t count,
                        myr_lane_row *scores, lane_sums *sums, float rescale[MYR_LANES]) {
    float before[MYR_LANES];
    memcpy(before, sums->largest, sizeof before);
    for (int64_t i = 0; i < count; i++) {
        const float h = half_norms[i];
        float *score = scores[i];
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++) {
            score[lane] = myr_point_score(level, score[lane], h);
            sums->largest[lane] = larger(score[lane], sums->largest[lane]);
        }
    }
    int changed = 0;
#pragma omp simd reduction(| : changed)
    for (int lane = 0; lane < MYR_LANES; lane++) {
        rescale[lane] = myr_point_weight(level, before[lane], sums->largest[lane]);
        changed |= rescale[lane] != 1.0f;
    }
    return changed;
}

/* Scores to weights, and their sum. A tile's weights are summed apart: fewer roundings. */
static void find_weights(const myr_empirical_level *level, int64_t count, myr_lane_row *scores,
                         lane_sums *sums, const float rescale[MYR_LANES]) {
    float total[MYR_LANES] = {0};
    for (int64_t i = 0; i < count; i++) {
        float *weight = scores[i];
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++) {
            weight[lane] = myr_point_weight(level, weight[lane], sums->largest[lane]);
            total[lane] += weight[lane];
        }
    }
#pragma omp simd
    for (int lane = 0; lane < MYR_LANES; lane++)
        sums->total[lane] = myr_fmaf(sums->total[lane], rescale[lane], total[lane]);
}

static void multiply_rows(myr_lane_row *rows, int64_t dimension, const float factor[MYR_LANES]) {
    for (int64_t c = 0; c < dimension; c++) {
        float *row = rows[c];
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++)
            row[lane] *= factor[lane];
    }
}

/* Points first … first + count - 1: weights, their sum and d's share. */
static void add_tile(const myr_empirical_table *table, const myr_empirical_level *level, int64_t first,
                     int64_t count, myr_lane_row *x, myr_lane_row *scores, lane_sums *sums,
                     myr_lane_row *d) {
    const int64_t D = table->rows.dimension;
    const float *points = table->points + first * D;
    float rescale[MYR_LANES];
    myr_product(count, MYR_LANES, D, (myr_matrix){.data = points, .stride = D},
                (myr_matrix){.data = x[0], .stride = MYR_LANES}, false, scores[0], MYR_LANES);
    if (find_scores(level, table->half_norms + first, count, scores, sums, rescale) && first > 0)
        multiply_rows(d, D, rescale);
    find_weights(level, count, scores, sums, rescale);
    myr_product(D, MYR_LANES, count, (myr_matrix){.data = points, .stride = D, .transposed = true},
                (myr_matrix){.data = scores[0], .stride = MYR_LANES}, first > 0, d[0], MYR_LANES);
}

static void denoise(const myr_lanes_table *of, const float *level_floats, myr_lane_row *x, myr_lane_row *d,
                    myr_lane_row *scores) {
    const myr_empirical_table *table = &of->empirical;
    const int64_t size = tile_size(table->count);
    myr_empirical_level level;
    lane_sums sums;
    float factor[MYR_LANES];
    memcpy(&level, level_floats, sizeof level);
    for (int lane = 0; lane < MYR_LANES; lane++) {
        sums.largest[lane] = MYR_LOWEST_SCORE;
        sums.total[lane] = 0.0f;
    }
    for (int64_t first = 0; first < table->count; first += size) {
        const int64_t left = table->count - first;
        add_tile(table, &level, first, left < size ? left : size, x, scores, &sums, d);
    }
#pragma omp simd
    for (int lane = 0; lane < MYR_LANES; lane++)
        factor[lane] = 1.0f / sums.total[lane];
    multiply_rows(d, table->rows.dimension, factor);
}

/* x~ = start_mean + start_scale z; or a s~_i + start_scale z of a point that each trajectory chooses. */
static void draw_start(const myr_lanes_run *run, myr_lane_row *state) {
    const myr_empirical_table *table = &run->table->empirical;
    const size_t d = (size_t)table->rows.dimension;
    lane_philox philox;
    myr_lane_source source;
    uint32_t words[4][MYR_LANES];
    lane_philox_begin(&philox, run->job->seed, run->first, MYR_STREAM_TARGET);
    lane_philox_words(&philox, 0, words);
    source_begin(&source, run, myr_start_normals(run->job), 0);
    for (size_t c = 0; c < d; c++) {
        const float *z = source_next(&source);
        for (int lane = 0; lane < MYR_LANES; lane++) {
            float mean = table->rows.start_mean[c];
            if (table->start_at_point) {
                uint32_t i = myr_point_chosen(words[0][lane], (uint32_t)table->count);
                mean = table->start_a * table->points[(size_t)i * d + c];
            }
            state[c][lane] = myr_fmaf(table->rows.start_scale[c], z[lane], mean);
        }
    }
}

const myr_lanes_denoiser MYR_LANES_NAME(myr_lanes_empirical) = {.start = draw_start, .denoise = denoise};
