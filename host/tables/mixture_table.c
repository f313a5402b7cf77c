#include "mixture_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "step_make.h"
#include "targets/mixture.h"

/* A level. score: the output is not the denoiser's, but that times (x~ - a d~); see mixture_row.h. */
typedef struct level_of {
    double a, s, score;
} level_of;

/* One component at a level: its constant, unshifted, and its parts. */
static double fill_component(const myr_mixture_table *table, int j, const level_of *at, float *tile) {
    const double a = at->a, s = at->s;
    const myr_target *target = table->job->target;
    const myr_mixture *m = myr_mixture_of(target);
    const double log2_e = 1.4426950408889634;
    const int d = table->dimension;
    double constant = log2(m->weights[j]);
    for (int c = 0; c < d; c++) {
        double v = m->variances[j * d + c], mean = m->means[j * d + c] - target->mean[c];
        double S = a * a * v + s * s, scale = sqrt(0.5 * log2_e / S), gain = a * v / S;
        double shift = mean * (s * s / S);
        if (at->score != 0.0) {
            gain = at->score * (s * s / S);
            shift = -a * mean * gain;
        }
        myr_mixture_part part = {(float)scale, (float)(-scale * a * mean), (float)gain, (float)shift};
        memcpy(tile + MYR_TILE + 4 * (c * MYR_TILE + j % MYR_TILE), &part, sizeof part);
        constant -= 0.5 * log2(S);
    }
    return constant;
}

static void fill_level(const myr_mixture_table *table, level_of at, float *level) {
    const size_t tile = MYR_TILE_FLOATS((size_t)table->dimension);
    double constants[MYR_MAX_COMPONENTS], largest = -INFINITY;
    memset(level, 0, table->level_floats * sizeof *level);
    for (int j = 0; j < table->components; j++) {
        constants[j] = fill_component(table, j, &at, level + (size_t)(j / MYR_TILE) * tile);
        largest = fmax(largest, constants[j]);
    }
    for (int j = 0; j < table->tiles * MYR_TILE; j++)
        level[(size_t)(j / MYR_TILE) * tile + (size_t)(j % MYR_TILE)] =
            j < table->components ? (float)(constants[j] - largest) : MYR_LOWEST_SHARE;
}

bool myr_mixture_table_move(myr_mixture_table *table, int64_t row) {
    const myr_job *job = table->job;
    const int64_t left = job->row_end - row;
    if (table->row == row && table->rows == left)
        return false;
    table->row = row;
    table->rows = left < table->room ? left : table->room;
    if (row == job->row_begin)
        table->carry = 1.0;
    for (int64_t k = 0; k < table->rows; k++) {
        const myr_row *from = &job->plan->rows[row + k];
        float *levels = table->levels + (size_t)k * (size_t)table->levels_a_row * table->level_floats;
        myr_second_stage second = {0};
        if (from->two_stage)
            second = myr_second_of_mixture(from, table->variance, table->narrowest);
        table->step[k] = myr_step_make(job, row + k, &second, &table->carry);
        fill_level(table, (level_of){from->a, from->s, 0.0}, levels);
        if (from->two_stage)
            fill_level(table, (level_of){from->a_next, from->s_next, second.score},
                       levels + table->level_floats);
    }
    return true;
}

static void fill_start(myr_mixture_table *table) {
    const myr_plan *plan = table->job->plan;
    const myr_target *target = table->job->target;
    for (int c = 0; c < table->dimension; c++) {
        table->start_mean[c] = (float)(plan->start_mean[c] - plan->rows[0].a * target->mean[c]);
        table->start_scale[c] = (float)plan->start_scale[c];
    }
}

/* Component j begins at N(a mu_j, a^2 v_j + s^2). A threshold is the cumulated weight in units of 2^-32;
 * those that no word reaches are left out, and the last component takes what is left. */
static void fill_component_starts(myr_mixture_table *table) {
    const myr_target *target = table->job->target;
    const myr_mixture *m = myr_mixture_of(target);
    const myr_row *first = &table->job->plan->rows[0];
    const int d = table->dimension;
    double cumulated = 0.0;
    for (int j = 0; j < table->components; j++) {
        cumulated += m->weights[j];
        double threshold = floor(cumulated * 0x1p32 + 0.5);
        if (j < table->components - 1 && threshold < 0x1p32)
            table->thresholds[table->choices++] = (uint32_t)threshold;
        for (int c = 0; c < d; c++) {
            double v = m->variances[j * d + c];
            table->start_mean[j * d + c] = (float)(first->a * (m->means[j * d + c] - target->mean[c]));
            table->start_scale[j * d + c] = (float)sqrt(first->a * first->a * v + first->s * first->s);
        }
    }
}

static myr_status allocate(myr_context *context, myr_mixture_table *table) {
    const bool in_component = table->job->plan->start_in_component;
    const size_t starts = (in_component ? (size_t)table->components : 1) * (size_t)table->dimension;
    const size_t floats = (size_t)table->room * (size_t)table->levels_a_row * table->level_floats;
    table->step = malloc((size_t)table->room * sizeof *table->step);
    table->levels = aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64);
    table->start_mean = malloc(starts * sizeof(float));
    table->start_scale = malloc(starts * sizeof(float));
    if (in_component)
        table->thresholds = calloc((size_t)table->components, sizeof *table->thresholds);
    if (table->step && table->levels && table->start_mean && table->start_scale &&
        (table->thresholds || !in_component))
        return MYR_OK;
    myr_mixture_table_destroy(table);
    return myr_fail_memory(context, floats * sizeof(float));
}

myr_status myr_mixture_table_create(myr_context *context, const myr_job *job, double bytes,
                                    myr_mixture_table *table) {
    const myr_plan *plan = job->plan;
    const myr_target *target = job->target;
    *table = (myr_mixture_table){.job = job, .dimension = plan->dimension, .row = -1};
    table->components = myr_mixture_of(target)->components;
    myr_mixture_widths(target, &table->variance, &table->narrowest);
    table->tiles = (table->components + MYR_TILE - 1) / MYR_TILE;
    table->levels_a_row = plan->two_stage ? 2 : 1;
    table->level_floats = (size_t)table->tiles * MYR_TILE_FLOATS((size_t)plan->dimension);
    double row_bytes = (double)table->levels_a_row * (double)table->level_floats * sizeof(float);
    int64_t most = bytes > row_bytes ? (int64_t)(bytes / row_bytes) : 1;
    int64_t rows = job->row_end - job->row_begin;
    table->room = rows < 1 ? 1 : rows < most ? rows : most;
    myr_status status = allocate(context, table);
    if (status != MYR_OK)
        return status;
    if (plan->start_in_component)
        fill_component_starts(table);
    else
        fill_start(table);
    double a_enter = plan->rows[job->row_begin < plan->steps ? job->row_begin : 0].a;
    double a_leave = job->row_end > 0 ? plan->rows[job->row_end - 1].a_next : a_enter;
    for (int c = 0; c < plan->dimension; c++) {
        table->mean[c] = (float)target->mean[c];
        table->enter[c] = a_enter * target->mean[c];
        table->leave[c] = a_leave * target->mean[c];
    }
    return MYR_OK;
}

void myr_mixture_table_destroy(myr_mixture_table *table) {
    free(table->step);
    free(table->levels);
    free(table->start_mean);
    free(table->start_scale);
    free(table->thresholds);
    memset(table, 0, sizeof *table);
}
