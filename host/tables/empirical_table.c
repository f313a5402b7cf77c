#include "empirical_table.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "targets/empirical.h"

static size_t level_floats(const myr_target *target) {
    (void)target;
    return sizeof(myr_empirical_level) / sizeof(float);
}

static void write_level(const myr_target *target, double a, double s, double score, float *level) {
    const double log2_e = 1.4426950408889634;
    double sharp = log2_e / (s * s); /* infinite where s is, or nearly, 0: only the nearest points weigh */
    const myr_empirical_level made = {(float)a, (float)(a * a),
                                      sharp < (double)FLT_MAX ? (float)sharp : FLT_MAX};
    (void)target;
    (void)score; /* never: a second stage is by differences */
    memcpy(level, &made, sizeof made);
}

static const myr_levels empirical_levels = {.floats = level_floats, .write = write_level};

static void fill_points(myr_empirical_table *table) {
    const myr_target *target = table->rows.job->target;
    const int d = target->dimension;
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

static void fill_start(myr_empirical_table *table) {
    const myr_row *first = &table->rows.job->plan->rows[0];
    table->start_at_point = table->rows.job->plan->start_in_component;
    table->start_a = (float)first->a;
    for (int c = 0; table->start_at_point && c < table->rows.dimension; c++)
        table->rows.start_scale[c] = (float)first->s;
}

myr_status myr_empirical_table_create(myr_context *context, const myr_job *job, double bytes,
                                      myr_empirical_table *table) {
    const size_t d = (size_t)job->plan->dimension, count = (size_t)myr_empirical_of(job->target)->count;
    *table = (myr_empirical_table){.count = (int64_t)count};
    myr_status status = myr_row_table_create(context, job, &empirical_levels, bytes, &table->rows);
    if (status != MYR_OK)
        return status;
    table->points = malloc(count * d * sizeof(float));
    table->half_norms = malloc(count * sizeof(float));
    if (!table->points || !table->half_norms) {
        myr_empirical_table_destroy(table);
        return myr_fail_memory(context, count * (d + 1) * sizeof(float));
    }
    fill_points(table);
    fill_start(table);
    return MYR_OK;
}

void myr_empirical_table_destroy(myr_empirical_table *table) {
    myr_row_table_destroy(&table->rows);
    free(table->points);
    free(table->half_norms);
    memset(table, 0, sizeof *table);
}
