/* The hot loops of the cpu backend for mixtures. Compiled once for each instruction set, as lanes.c is; the
 * arithmetic is that of kernels/mixture_row.h, in its order.
 *
 * In a few dimensions a tile's shares, exponentials and sums of a trajectory stay in registers: the loop
 * over lanes is outside, the loops over components and coordinates, of literal length, inside. In more
 * dimensions they go through arrays that stay in the first-level cache. */
#include <string.h>

#include "lane_normals.h"
#include "lanes.h"

/* Coordinates whose sums stay in registers. */
#define MYR_SMALL_MIXTURE 3

#define ALWAYS static inline __attribute__((always_inline))

/* myr_exp2_down, whose least argument gcc makes one instruction of the maximum for if it is no constant. */
ALWAYS float exp2_down(float t, float lowest) {
    return myr_exp2_unclamped(myr_larger(t, lowest));
}

ALWAYS float hidden_lowest(void) {
    float lowest = MYR_EXP2_LOWEST;
    __asm__("" : "+m"(lowest));
    return lowest;
}

/* Sums over the components so far, and the largest share. */
typedef struct lane_sums {
    float largest[MYR_LANES], total[MYR_LANES];
} __attribute__((aligned(64))) lane_sums;

ALWAYS float share(const float *tile, int c, int j, float x, float q) {
    return myr_share(tile[MYR_PART(c, j, 0)], tile[MYR_PART(c, j, 1)], x, q);
}

ALWAYS float part_mean(const float *tile, int c, int j, float x) {
    return myr_part_mean(tile[MYR_PART(c, j, 2)], tile[MYR_PART(c, j, 3)], x);
}

/* One tile for all lanes. D, count and first are literal in every call. first: nothing has been summed. */
ALWAYS void tile_in_registers(const float *restrict tile, const int D, const int count, const int first,
                              myr_lane_row *restrict x, lane_sums *restrict sums,
                              myr_lane_row *restrict d) {
    const float lowest = hidden_lowest();
#pragma omp simd
    for (int lane = 0; lane < MYR_LANES; lane++) {
        float q[MYR_TILE], sum[MYR_SMALL_MIXTURE];
        float before = first ? MYR_LOWEST_SHARE : sums->largest[lane], largest = before;
        MYR_UNROLL
        for (int j = 0; j < count; j++) {
            q[j] = tile[j];
            MYR_UNROLL
            for (int c = 0; c < D; c++)
                q[j] = share(tile, c, j, x[c][lane], q[j]);
            largest = myr_larger(q[j], largest);
        }
        float rescale = first ? 0.0f : exp2_down(before - largest, lowest);
        float total = first ? 0.0f : sums->total[lane] * rescale;
        MYR_UNROLL
        for (int c = 0; c < D; c++)
            sum[c] = first ? 0.0f : d[c][lane] * rescale;
        MYR_UNROLL
        for (int j = 0; j < count; j++) {
            float e = exp2_down(q[j] - largest, lowest);
            total += e;
            MYR_UNROLL
            for (int c = 0; c < D; c++)
                sum[c] = myr_fmaf(e, part_mean(tile, c, j, x[c][lane]), sum[c]);
        }
        sums->largest[lane] = largest;
        sums->total[lane] = total;
        MYR_UNROLL
        for (int c = 0; c < D; c++)
            d[c][lane] = sum[c];
    }
}

/* The same through arrays. */
ALWAYS void tile_in_cache(const float *restrict tile, int D, const int count, myr_lane_row *restrict x,
                          lane_sums *restrict sums, myr_lane_row *restrict d) {
    float q[MYR_TILE][MYR_LANES] __attribute__((aligned(64)));
    float rescale[MYR_LANES] __attribute__((aligned(64)));
    const float lowest = hidden_lowest();
    for (int j = 0; j < count; j++)
        for (int lane = 0; lane < MYR_LANES; lane++)
            q[j][lane] = tile[j];
    for (int c = 0; c < D; c++) {
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++) {
            MYR_UNROLL
            for (int j = 0; j < count; j++)
                q[j][lane] = share(tile, c, j, x[c][lane], q[j][lane]);
        }
    }
#pragma omp simd
    for (int lane = 0; lane < MYR_LANES; lane++) {
        float before = sums->largest[lane], largest = before;
        MYR_UNROLL
        for (int j = 0; j < count; j++)
            largest = myr_larger(q[j][lane], largest);
        float scale = exp2_down(before - largest, lowest), total = sums->total[lane] * scale;
        MYR_UNROLL
        for (int j = 0; j < count; j++) {
            q[j][lane] = exp2_down(q[j][lane] - largest, lowest);
            total += q[j][lane];
        }
        rescale[lane] = scale;
        sums->largest[lane] = largest;
        sums->total[lane] = total;
    }
    for (int c = 0; c < D; c++) {
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++) {
            float sum = d[c][lane] * rescale[lane];
            MYR_UNROLL
            for (int j = 0; j < count; j++)
                sum = myr_fmaf(q[j][lane], part_mean(tile, c, j, x[c][lane]), sum);
            d[c][lane] = sum;
        }
    }
}

/* Components of a tile that are summed, of those left: as few as there are code for. */
static int count_of(int left) {
    return left <= 2 ? 2 : left <= 4 ? 4 : MYR_TILE;
}

/* All tiles. D is literal. */
ALWAYS void tiles_in_registers(const myr_mixture_table *table, const float *restrict level, const int D,
                               myr_lane_row *restrict x, lane_sums *restrict sums,
                               myr_lane_row *restrict d) {
    int left = table->components;
    const int count = count_of(left);
    if (count == 2)
        tile_in_registers(level, D, 2, 1, x, sums, d);
    else if (count == 4)
        tile_in_registers(level, D, 4, 1, x, sums, d);
    else
        tile_in_registers(level, D, MYR_TILE, 1, x, sums, d);
    for (left -= MYR_TILE; left > 0; left -= MYR_TILE) {
        level += MYR_TILE_FLOATS(D);
        if (count_of(left) == 2)
            tile_in_registers(level, D, 2, 0, x, sums, d);
        else if (count_of(left) == 4)
            tile_in_registers(level, D, 4, 0, x, sums, d);
        else
            tile_in_registers(level, D, MYR_TILE, 0, x, sums, d);
    }
}

/* A function each: compilers take their time with large ones. */
#define MYR_TILES(D)                                                                                     \
    static                                                                                               \
        __attribute__((noinline)) void tiles_in_##D(const myr_mixture_table *table, const float *level,  \
                                                    myr_lane_row *x, lane_sums *sums, myr_lane_row *d) { \
        tiles_in_registers(table, level, D, x, sums, d);                                                 \
    }
MYR_TILES(1)
MYR_TILES(2)
MYR_TILES(3)

static void tiles_in_any(const myr_mixture_table *table, const float *level, myr_lane_row *x,
                         lane_sums *sums, myr_lane_row *d) {
    const int D = table->rows.dimension;
    for (int lane = 0; lane < MYR_LANES; lane++) {
        sums->largest[lane] = MYR_LOWEST_SHARE;
        sums->total[lane] = 0.0f;
    }
    memset(d, 0, (size_t)D * sizeof *d);
    for (int left = table->components; left > 0; left -= MYR_TILE) {
        if (count_of(left) == 2)
            tile_in_cache(level, D, 2, x, sums, d);
        else if (count_of(left) == 4)
            tile_in_cache(level, D, 4, x, sums, d);
        else
            tile_in_cache(level, D, MYR_TILE, x, sums, d);
        level += MYR_TILE_FLOATS((size_t)D);
    }
}

static void denoise(const myr_lanes_table *of, const float *level, myr_lane_row *x, myr_lane_row *d,
                    myr_lane_row *scratch) {
    const myr_mixture_table *table = &of->mixture;
    lane_sums sums;
    (void)scratch;
    switch (table->rows.dimension) {
        case 1:
            tiles_in_1(table, level, x, &sums, d);
            break;
        case 2:
            tiles_in_2(table, level, x, &sums, d);
            break;
        case 3:
            tiles_in_3(table, level, x, &sums, d);
            break;
        default:
            tiles_in_any(table, level, x, &sums, d);
    }
#pragma omp simd
    for (int lane = 0; lane < MYR_LANES; lane++)
        sums.total[lane] = 1.0f / sums.total[lane];
    for (int c = 0; c < table->rows.dimension; c++) {
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++)
            d[c][lane] *= sums.total[lane];
    }
}

/* Which component each lane begins in. */
static void choose_components(const myr_mixture_table *table, const myr_lanes_run *run,
                              int32_t component[MYR_LANES]) {
    lane_philox philox;
    uint32_t words[4][MYR_LANES];
    lane_philox_begin(&philox, run->job->seed, run->first, MYR_STREAM_TARGET);
    lane_philox_words(&philox, 0, words);
    for (int j = 0; j < table->choices; j++) {
        uint32_t threshold = table->thresholds[j];
        for (int lane = 0; lane < MYR_LANES; lane++)
            component[lane] += words[0][lane] >= threshold;
    }
}

static void draw_start(const myr_lanes_run *run, myr_lane_row *state) {
    const myr_mixture_table *table = &run->table->mixture;
    const float *scale = table->rows.start_scale, *mean = table->rows.start_mean;
    int32_t component[MYR_LANES] = {0};
    myr_lane_source source;
    if (table->thresholds) {
        scale = table->start_scale;
        mean = table->start_mean;
        choose_components(table, run, component);
    }
    source_begin(&source, run, myr_start_normals(run->job), 0);
    for (int c = 0; c < table->rows.dimension; c++) {
        const float *z = source_next(&source);
        for (int lane = 0; lane < MYR_LANES; lane++) {
            int at = component[lane] * table->rows.dimension + c;
            state[c][lane] = myr_fmaf(scale[at], z[lane], mean[at]);
        }
    }
}

const myr_lanes_denoiser MYR_LANES_NAME(myr_lanes_mixture) = {.start = draw_start, .denoise = denoise};
