#include "affine_table.h"

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
static float round_alpha(double alpha, double *carry) {
    double wanted = alpha * *carry;
    float rounded = (float)wanted;
    *carry = rounded != 0.0f ? wanted / (double)rounded : 1.0;
    return rounded;
}

static void fill_simple(myr_affine_table *table, const myr_row *rows, int column, double m, double v) {
    double carry = 1.0;
    for (int64_t k = 0; k < table->rows; k++) {
        const myr_row *row = &rows[k];
        myr_affine_cell *cell = &table->simple[k * table->columns + column];
        cell->alpha = round_alpha(row->A + row->B * gain(row->a, row->s, v), &carry);
        cell->shift = (float)((row->A * row->a + row->B - row->a_next) * m);
        cell->c = (float)noise_scale(row, v);
    }
}

static void fill_general(myr_affine_table *table, const myr_row *rows, int column, double m, double v,
                         int64_t row_begin) {
    for (int64_t k = 0; k < table->rows; k++) {
        const myr_row *row = &rows[k];
        /* d1 and d2 are m away from their relative forms only once they have been set: rows 0 and 1 of a
         * plan start from zeros. */
        double memory = (row_begin + k >= 1 ? row->P : 0.0) + (row_begin + k >= 2 ? row->Q : 0.0);
        table->general_cells[k * table->columns + column] = (myr_affine_general){
            .n = (float)row->n,
            .g = (float)gain(row->a, row->s, v),
            .A = (float)row->A,
            .B = (float)row->B,
            .P = (float)row->P,
            .Q = (float)row->Q,
            .c = (float)noise_scale(row, v),
            .shift = (float)((row->A * row->a + row->B + memory - row->a_next) * m),
            .two_stage = row->two_stage ? 1.0f : 0.0f,
            .g2 = row->two_stage ? (float)gain(row->a_next, row->s_next, v) : 0.0f,
            .A2 = (float)row->A2,
            .B2 = (float)row->B2,
            .Y = (float)row->Y,
            .H = (float)row->H,
            .shift2 =
                (float)((row->A2 * row->a + row->B2 + row->Y * row->a_next + row->H - row->a_next) * m),
        };
    }
}

static bool coordinates_alike(const myr_target *target) {
    for (int c = 1; c < target->dimension; c++)
        if (target->gaussian.axis_mean[c] != target->gaussian.axis_mean[0] ||
            target->gaussian.axis_variance[c] != target->gaussian.axis_variance[0])
            return false;
    return true;
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
    table->general = plan->memory || plan->two_stage || plan->pre_noise;

    size_t cells = (size_t)table->rows * (size_t)table->columns;
    size_t bytes = cells * (table->general ? sizeof(myr_affine_general) : sizeof(myr_affine_cell));
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory)
        return myr_fail_memory(context, bytes);
    if (table->general)
        table->general_cells = memory;
    else
        table->simple = memory;

    for (int c = 0; c < table->columns; c++) {
        if (table->general)
            fill_general(table, rows, c, target->gaussian.axis_mean[c], target->gaussian.axis_variance[c],
                         job->row_begin);
        else
            fill_simple(table, rows, c, target->gaussian.axis_mean[c], target->gaussian.axis_variance[c]);
    }
    double a_enter = plan->rows[job->row_begin < plan->steps ? job->row_begin : 0].a;
    double a_leave = job->row_end > 0 ? plan->rows[job->row_end - 1].a_next : a_enter;
    for (int c = 0; c < plan->dimension; c++) {
        table->enter[c] = a_enter * target->gaussian.axis_mean[c];
        table->leave[c] = a_leave * target->gaussian.axis_mean[c];
        table->start_mean[c] =
            (float)(plan->start_mean[c] - plan->rows[0].a * target->gaussian.axis_mean[c]);
        table->start_scale[c] = (float)plan->start_scale[c];
    }
    return MYR_OK;
}

void myr_affine_table_destroy(myr_affine_table *table) {
    free(table->simple);
    free(table->general_cells);
    memset(table, 0, sizeof *table);
}
