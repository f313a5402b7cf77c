/* The hot loops of the cpu backend for Gaussians, whose denoiser is folded into the rows. Compiled once for each
 * instruction set, as lanes.c is. */
#include "affine_row.h"
#include "lane_normals.h"
#include "lanes.h"

static void draw_start(const myr_lanes_run *run, myr_lane_row *state) {
    const myr_affine_table *table = &run->table->affine;
    myr_lane_source source;
    source_begin(&source, run, myr_start_normals(run->job), 0);
    for (int c = 0; c < table->dimension; c++) {
        const float *z = source_next(&source);
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++)
            state[c][lane] = table->start_scale[c] * z[lane];
    }
}

/* Rows begin … end - 1 of the table. */
static void simple_rows(const myr_affine_table *table, int64_t begin, int64_t end, myr_lane_source *noise,
                        myr_lane_row *state) {
    static const float no_noise[MYR_LANES];
    for (int64_t k = begin; k < end; k++) {
        const myr_affine_cell *cells = &table->simple[k * table->columns];
        for (int c = 0; c < table->dimension; c++) {
            const myr_affine_cell cell = cells[table->columns == 1 ? 0 : c];
            const float *z = table->slots ? source_next(noise) : no_noise;
            float *x = state[c];
#pragma omp simd
            for (int lane = 0; lane < MYR_LANES; lane++)
                x[lane] = myr_affine_step(cell, x[lane], z[lane]);
        }
    }
}

static void general_rows(const myr_affine_table *table, int64_t begin, int64_t end, myr_lane_source *noise,
                         const myr_lane_work *work) {
    static const float no_noise[MYR_LANES];
    for (int64_t k = begin; k < end; k++) {
        const myr_affine_general *cells = &table->general_cells[k * table->columns];
        for (int c = 0; table->pre_noise && c < table->dimension; c++) {
            const float n = cells[table->columns == 1 ? 0 : c].n, *z = source_next(noise);
            float *x = work->state[c];
#pragma omp simd
            for (int lane = 0; lane < MYR_LANES; lane++)
                x[lane] = myr_affine_raise(n, x[lane], z[lane]);
        }
        for (int c = 0; c < table->dimension; c++) {
            const myr_affine_general cell = cells[table->columns == 1 ? 0 : c];
            const float *z = table->noise ? source_next(noise) : no_noise;
            float *x = work->state[c], *d1 = work->d1[c], *d2 = work->d2[c];
#pragma omp simd
            for (int lane = 0; lane < MYR_LANES; lane++)
                myr_affine_step_general(&cell, &x[lane], &d1[lane], &d2[lane], z[lane]);
        }
    }
}

static void run_rows(const myr_lanes_run *run, myr_lane_source *noise, const myr_lane_work *work) {
    const myr_affine_table *table = &run->table->affine;
    const int64_t begin = run->row - run->job->row_begin, end = begin + run->rows;
    if (table->general)
        general_rows(table, begin, end, noise, work);
    else
        simple_rows(table, begin, end, noise, work->state);
}

const myr_lanes_denoiser MYR_LANES_NAME(myr_lanes_affine) = {.start = draw_start, .rows = run_rows};
