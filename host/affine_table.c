#include "affine_table.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

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
    double g, alpha, P, Q, c, shift;
} folded_row;

/* set: how many of d1, d2 hold outputs of the denoiser. Those are m away from their relative forms; before
 * they are set they are zeros in both. */
static folded_row fold(const myr_row *row, double m, double v, int64_t set) {
    double memory = (set >= 1 ? row->P : 0.0) + (set >= 2 ? row->Q : 0.0);
    folded_row r = {.g = gain(row->a, row->s, v),
                    .P = row->P,
                    .Q = row->Q,
                    .c = noise_scale(row, v),
                    .shift = (row->A * row->a + row->B + memory - row->a_next) * m};
    r.alpha = row->A + row->B * r.g;
    if (row->two_stage) { /* x' = A' x + B' d + Y y + H d', d' = g' y */
        double through = row->Y + row->H * gain(row->a_next, row->s_next, v);
        r.alpha = row->A2 + row->B2 * r.g + through * r.alpha;
        r.P *= through;
        r.Q *= through;
        r.c *= through;
        r.shift = through * r.shift +
                  (row->A2 * row->a + row->B2 + row->Y * row->a_next + row->H - row->a_next) * m;
    }
    return r;
}

static void fill_column(myr_affine_table *table, const myr_row *rows, int column, double m, double v) {
    double carry = 1.0;
    for (int64_t k = 0; k < table->rows; k++) {
        const folded_row r = fold(&rows[k], m, v, k);
        const int64_t at = k * table->columns + column;
        const float alpha = myr_round_carrying(r.alpha, &carry), c = (float)r.c, shift = (float)r.shift;
        if (table->general)
            table->general_cells[at] =
                (myr_affine_general){(float)rows[k].n, (float)r.g, alpha, (float)r.P, (float)r.Q, c, shift};
        else
            table->simple[at] = (myr_affine_cell){alpha, shift, c};
    }
}

static bool coordinates_alike(const myr_target *target) {
    for (int c = 1; c < target->dimension; c++)
        if (target->gaussian.axis_mean[c] != target->gaussian.axis_mean[0] ||
            target->gaussian.axis_variance[c] != target->gaussian.axis_variance[0])
            return false;
    return true;
}

static bool copy_axes(myr_affine_table *table, const myr_target *target) {
    const size_t entries = (size_t)table->dimension * (size_t)table->dimension;
    if (!target->gaussian.axes)
        return true;
    table->axes = malloc(entries * sizeof *table->axes);
    for (size_t i = 0; table->axes && i < entries; i++)
        table->axes[i] = (float)target->gaussian.axes[i];
    return table->axes != NULL;
}

myr_status myr_affine_table_create(myr_context *context, const myr_job *job, myr_affine_table *table) {
    const myr_plan *plan = job->plan;
    const myr_target *target = job->target;
    const myr_row *rows = plan->rows + job->row_begin;
    memset(table, 0, sizeof *table);
    table->rows = job->row_end - job->row_begin;
    table->dimension = plan->dimension;
    table->columns = coordinates_alike(target) ? 1 : plan->dimension;
    table->slots = plan->slots;
    table->pre_noise = plan->pre_noise;
    table->noise = plan->noise;
    table->general = plan->memory || plan->pre_noise;

    size_t cells = (size_t)table->rows * (size_t)table->columns;
    size_t bytes = cells * (table->general ? sizeof(myr_affine_general) : sizeof(myr_affine_cell));
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory || !copy_axes(table, target)) {
        free(memory);
        return myr_fail_memory(context, bytes);
    }
    if (table->general)
        table->general_cells = memory;
    else
        table->simple = memory;

    for (int c = 0; c < table->columns; c++)
        fill_column(table, rows, c, target->gaussian.axis_mean[c], target->gaussian.axis_variance[c]);
    double a_enter = plan->rows[job->row_begin < plan->steps ? job->row_begin : 0].a;
    double a_leave = job->row_end > 0 ? plan->rows[job->row_end - 1].a_next : a_enter;
    for (int c = 0; c < plan->dimension; c++) {
        table->enter[c] = a_enter * target->mean[c];
        table->leave[c] = a_leave * target->mean[c];
        table->start_mean[c] =
            (float)(plan->start_mean[c] - plan->rows[0].a * target->gaussian.axis_mean[c]);
        table->start_scale[c] = (float)plan->start_scale[c];
    }
    return MYR_OK;
}

void myr_affine_table_destroy(myr_affine_table *table) {
    free(table->simple);
    free(table->general_cells);
    free(table->axes);
    memset(table, 0, sizeof *table);
}
