/* The hot loops of the cpu backend for pointwise denoisers. Compiled once for each instruction set, as lanes.c is; the
 * arithmetic is that of kernels/pointwise.h. */
#include "pointwise.h"

#include "lane_normals.h"
#include "lanes.h"

static void draw_start(const myr_lanes_run *run, myr_lane_row *state) {
    const myr_row_table *table = &run->table->rows;
    myr_lane_source source;
    source_begin(&source, run, myr_start_normals(run->job), 0);
    for (int c = 0; c < table->dimension; c++) {
        const float *z = source_next(&source);
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++)
            state[c][lane] = myr_fmaf(table->start_scale[c], z[lane], table->start_mean[c]);
    }
}

#define MYR_LANES_POINTWISE(name, D)                                                              \
    static void denoise_##name(const myr_lanes_table *table, const float *level, myr_lane_row *x, \
                               myr_lane_row *d, myr_lane_row *scratch) {                          \
        (void)table;                                                                              \
        (void)scratch;                                                                            \
        _Pragma("omp simd") for (int lane = 0; lane < MYR_LANES; lane++)                          \
            myr_denoise_##name(level, MYR_LANES, x[0] + lane, d[0] + lane);                       \
    }                                                                                             \
    const myr_lanes_denoiser MYR_LANES_NAME(myr_lanes_##name) = {.start = draw_start,             \
                                                                 .denoise = denoise_##name};
MYR_POINTWISE_LIST(MYR_LANES_POINTWISE)
