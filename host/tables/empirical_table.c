#include "empirical_table.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "step_make.h"
#include "targets/empirical.h"

static myr_empirical_level make_level(double a, double s) {
    const double log2_e = 1.4426950408889634;
    double sharp = log2_e / (s * s); /* infinite where s is, or nearly, 0: only the nearest points weigh */
    return (myr_empirical_level){(float)a, (float)(a * a),
                                 sharp < (double)FLT_MAX ? (float)sharp : FLT_MAX};
}

static void fill_rows(myr_empirical_table *table) {
    const myr_job *job = table->job;
    double carry = 1.0;
    for (int64_t k = 0; k < table->rows; k++) {
        const myr_row *from = &job->plan->rows[job->row_begin + k];
        myr_second_stage second = {0};
        if (from->two_stage)
            second = myr_second_by_difference(from);
        table->row[k] =
            (myr_empirical_row){myr_step_make(job, job->row_begin + k, &second, &carry),
                                make_level(from->a, from->s), make_level(from->a_next, from->s_next)};
    }
}

static void fill_points(myr_empirical_table *table) {
    const myr_target *target = table->job->target;
    const int d = table->dimension;
    for (int64_t i = 0; i < table->count; i++) {
        const float *from = myr_empirical_of(target)->points + i * d;
        float *to = table->points + i * d;
        double sum = 0.0;
        for (int c = 0; c < d; c++) {
            to[c] = (float)(from[c] - target->mean[c]);
            sum += (double)to[c] * to[c];
        }
        table->half_norms[i] = (float)(0.5 * sum);
    }
}

static void fill_path(myr_empirical_table *table) {
    const myr_job *job = table->job;
    const myr_plan *plan = job->plan;
    const myr_target *target = job->target;
    const myr_row *first = &plan->rows[0];
    const double a_enter = plan->rows[job->row_begin < plan->steps ? job->row_begin : 0].a;
    const double a_leave = job->row_end > 0 ? plan->rows[job->row_end - 1].a_next : a_enter;
    table->start_at_point = plan->start_in_component;
    table->start_a = (float)first->a;
    for (int c = 0; c < table->dimension; c++) {
        table->mean[c] = (float)target->mean[c];
        table->enter[c] = a_enter * target->mean[c];
        table->leave[c] = a_leave * target->mean[c];
        table->start_mean[c] = (float)(plan->start_mean[c] - first->a * target->mean[c]);
        table->start_scale[c] = (float)(table->start_at_point ? first->s : plan->start_scale[c]);
    }
}

myr_status myr_empirical_table_create(myr_context *context, const myr_job *job,
                                      myr_empirical_table *table) {
    const size_t d = (size_t)job->plan->dimension, count = (size_t)myr_empirical_of(job->target)->count;
    const size_t rows = (size_t)(job->row_end - job->row_begin);
    *table = (myr_empirical_table){
        .job = job, .dimension = (int)d, .count = (int64_t)count, .rows = (int64_t)rows};
    table->row = malloc((rows ? rows : 1) * sizeof *table->row);
    table->points = malloc(count * d * sizeof(float));
    table->half_norms = malloc(count * sizeof(float));
    table->mean = malloc(3 * d * sizeof(float));
    table->enter = malloc(2 * d * sizeof(double));
    if (!table->row || !table->points || !table->half_norms || !table->mean || !table->enter) {
        myr_empirical_table_destroy(table);
        return myr_fail_memory(context, rows * sizeof *table->row + count * (d + 1) * sizeof(float));
    }
    table->start_mean = table->mean + d;
    table->start_scale = table->start_mean + d;
    table->leave = table->enter + d;
    fill_rows(table);
    fill_points(table);
    fill_path(table);
    return MYR_OK;
}

void myr_empirical_table_destroy(myr_empirical_table *table) {
    free(table->row);
    free(table->points);
    free(table->half_norms);
    free(table->mean);
    free(table->enter);
    memset(table, 0, sizeof *table);
}
