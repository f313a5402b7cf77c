#include "row_table.h"

#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

static void fill_row(myr_row_table *table, int64_t k) {
    const myr_job *job = table->job;
    const myr_row *from = &job->plan->rows[table->row + k];
    float *level = table->levels + (size_t)(k * table->levels_a_row) * table->level_floats;
    myr_second_stage second = {0};
    if (from->two_stage)
        second =
            table->kind->second ? table->kind->second(job->target, from) : myr_second_by_difference(from);
    table->step[k] = myr_step_make(job, table->row + k, &second, &table->carry);
    table->kind->write(job->target, from->a, from->s, 0.0, level);
    if (from->two_stage)
        table->kind->write(job->target, from->a_second, from->s_second, second.score,
                           level + table->level_floats);
}

bool myr_row_table_move(myr_row_table *table, int64_t row) {
    const myr_job *job = table->job;
    const int64_t left = job->row_end - row;
    if (row >= table->row && row < table->row + table->rows)
        return false;
    if (row == job->row_begin)
        table->carry = 1.0;
    table->row = row;
    table->rows = left < table->room ? left : table->room;
    for (int64_t k = 0; k < table->rows; k++)
        fill_row(table, k);
    return true;
}

static void fill_path(myr_row_table *table) {
    const myr_job *job = table->job;
    const myr_plan *plan = job->plan;
    const double *mean = job->target->mean;
    const double a_enter = plan->rows[job->row_begin < plan->steps ? job->row_begin : 0].a;
    const double a_leave = job->row_end > 0 ? plan->rows[job->row_end - 1].a_next : a_enter;
    for (int c = 0; c < table->dimension; c++) {
        table->mean[c] = (float)mean[c];
        table->start_mean[c] = (float)(plan->start_mean[c] - plan->rows[0].a * mean[c]);
        table->start_scale[c] = (float)plan->start_scale[c];
        table->enter[c] = a_enter * mean[c];
        table->leave[c] = a_leave * mean[c];
    }
}

myr_status myr_row_table_create(myr_context *context, const myr_job *job, const myr_levels *kind,
                                double bytes, myr_row_table *table) {
    const size_t d = (size_t)job->plan->dimension;
    const int64_t rows = job->row_end - job->row_begin;
    *table = (myr_row_table){.job = job, .kind = kind, .dimension = (int)d, .row = -1};
    table->levels_a_row = job->plan->two_stage ? 2 : 1;
    table->level_floats = kind->floats(job->target);
    const size_t row_floats = (size_t)table->levels_a_row * table->level_floats;
    const double row_bytes = (double)row_floats * sizeof(float);
    const int64_t most = bytes > row_bytes ? (int64_t)(bytes / row_bytes) : 1;
    table->room = rows < 1 ? 1 : rows < most ? rows : most;
    const size_t floats = (size_t)table->room * row_floats;
    table->step = malloc((size_t)table->room * sizeof *table->step);
    table->levels = aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64);
    table->mean = malloc(3 * d * sizeof(float));
    table->enter = malloc(2 * d * sizeof(double));
    if (!table->step || !table->levels || !table->mean || !table->enter) {
        myr_row_table_destroy(table);
        return myr_fail_memory(context, floats * sizeof(float));
    }
    table->start_mean = table->mean + d;
    table->start_scale = table->start_mean + d;
    table->leave = table->enter + d;
    fill_path(table);
    return MYR_OK;
}

void myr_row_table_destroy(myr_row_table *table) {
    free(table->step);
    free(table->levels);
    free(table->mean);
    free(table->enter);
    memset(table, 0, sizeof *table);
}
