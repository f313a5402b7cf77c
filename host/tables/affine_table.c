#include "affine_table.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "plans/mean_path.h"
#include "targets/gaussian.h"

/* g of the denoiser D = m + g (x - a m) of a Gaussian of variance v: g = a v/(a^2 v + s^2). */
static double gain(double a, double s, double v) {
    return a * v / (a * a * v + s * s);
}

static double noise_scale(const myr_row *row, double v) {
    return sqrt(row->C * row->C + row->E * row->E * myr_posterior_variance(row->a, row->s, v));
}

/* Rounds alpha to float so that the product of all coefficients so far stays within half a unit of the
 * exact product: what one rounding loses, the next one returns. Plain rounding would bias a run of a
 * million steps, whose alphas differ from 1 by a few units only. */
float myr_round_carrying(double alpha, double *carry) {
    double wanted = alpha * *carry;
    float rounded = (float)wanted;
    *carry = fabsf(rounded) >= FLT_MIN ? wanted / (double)rounded : 1.0;
    return rounded;
}

/* A row relative to the mean path, with the denoiser d~ = g x~ and, through y~, the second stage put in. */
typedef struct folded_row {
    double g, alpha, P, Q, c;
} folded_row;

static folded_row fold(const myr_row *row, double v) {
    folded_row r = {.g = gain(row->a, row->s, v), .P = row->P, .Q = row->Q, .c = noise_scale(row, v)};
    r.alpha = row->A + row->B * r.g;
    if (row->two_stage) { /* x' = A' x + B' d + Y y + H d', d' = g' y */
        double through = row->Y + row->H * gain(row->a_second, row->s_second, v);
        r.alpha = row->A2 + row->B2 * r.g + through * r.alpha;
        r.P *= through;
        r.Q *= through;
        r.c *= through;
    }
    return r;
}

static void fill_column(myr_affine_table *table, const myr_row *rows, int column, double v) {
    double carry = 1.0;
    for (int64_t k = 0; k < table->rows; k++) {
        const folded_row r = fold(&rows[k], v);
        const int64_t at = k * table->columns + column;
        const float alpha = myr_round_carrying(r.alpha, &carry), c = (float)r.c;
        if (table->general)
            table->general_cells[at] =
                (myr_affine_general){(float)rows[k].n, (float)r.g, alpha, (float)r.P, (float)r.Q, c};
        else
            table->simple[at] = (myr_affine_cell){alpha, c};
    }
}

static bool coordinates_alike(const myr_gaussian *g, int dimension) {
    for (int c = 1; c < dimension; c++)
        if (g->axis_variance[c] != g->axis_variance[0])
            return false;
    return true;
}

/* The job's mean path: the plan's to its first row, and on from there, where nothing is remembered. */
static void follow_mean(const myr_job *job, myr_affine_table *table) {
    myr_mean_path path;
    myr_mean_path_begin(&path, job->plan, job->target);
    myr_mean_path_run(&path, job->row_begin);
    myr_mean_path_read(&path, table->enter);
    myr_mean_path_forget(&path);
    myr_mean_path_run(&path, job->row_end);
    myr_mean_path_read(&path, table->leave);
}

static bool copy_axes(myr_affine_table *table, const myr_gaussian *g) {
    const size_t entries = (size_t)table->dimension * (size_t)table->dimension;
    if (!g->axes)
        return true;
    table->axes = malloc(entries * sizeof *table->axes);
    for (size_t i = 0; table->axes && i < entries; i++)
        table->axes[i] = (float)g->axes[i];
    return table->axes != NULL;
}

myr_status myr_affine_table_create(myr_context *context, const myr_job *job, myr_affine_table *table) {
    const myr_plan *plan = job->plan;
    const myr_target *target = job->target;
    const myr_gaussian *g = myr_target_affine(target);
    const myr_row *rows = plan->rows + job->row_begin;
    memset(table, 0, sizeof *table);
    if (!g)
        return myr_target_lacks(context, target, "affine denoiser");
    table->rows = job->row_end - job->row_begin;
    table->dimension = plan->dimension;
    table->columns = coordinates_alike(g, plan->dimension) ? 1 : plan->dimension;
    table->slots = plan->slots;
    table->pre_noise = plan->pre_noise;
    table->noise = plan->noise;
    table->general = plan->memory || plan->pre_noise;

    size_t cells = (size_t)table->rows * (size_t)table->columns;
    size_t bytes = cells * (table->general ? sizeof(myr_affine_general) : sizeof(myr_affine_cell));
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory || !copy_axes(table, g)) {
        free(memory);
        return myr_fail_memory(context, bytes);
    }
    if (table->general)
        table->general_cells = memory;
    else
        table->simple = memory;

    for (int c = 0; c < table->columns; c++)
        fill_column(table, rows, c, g->axis_variance[c]);
    for (int c = 0; c < plan->dimension; c++)
        table->start_scale[c] = (float)plan->start_scale[c];
    follow_mean(job, table);
    return MYR_OK;
}

void myr_affine_table_destroy(myr_affine_table *table) {
    free(table->simple);
    free(table->general_cells);
    free(table->axes);
    memset(table, 0, sizeof *table);
}
