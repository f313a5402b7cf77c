#include "mixture_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "targets/mixture.h"

/* One component at a level: its constant, unshifted, and its parts. */
static double fill_component(const myr_target *target, int j, double a, double s, double score,
                             float *tile) {
    const myr_mixture *m = myr_mixture_of(target);
    const double log2_e = 1.4426950408889634;
    const int d = target->dimension;
    double constant = log2(m->weights[j]);
    for (int c = 0; c < d; c++) {
        double v = m->variances[j * d + c], mean = m->means[j * d + c] - target->mean[c];
        double S = a * a * v + s * s, scale = sqrt(0.5 * log2_e / S), gain = a * v / S;
        double shift = mean * (s * s / S);
        if (score != 0.0) {
            gain = score * (s * s / S);
            shift = -a * mean * gain;
        }
        const float part[] = {(float)scale, (float)(-scale * a * mean), (float)gain, (float)shift};
        for (int f = 0; f < 4; f++)
            tile[MYR_PART(c, j % MYR_TILE, f)] = part[f];
        constant -= 0.5 * log2(S);
    }
    return constant;
}

static int tiles_of(const myr_target *target) {
    return (myr_mixture_of(target)->components + MYR_TILE - 1) / MYR_TILE;
}

static size_t level_floats(const myr_target *target) {
    return (size_t)tiles_of(target) * MYR_TILE_FLOATS((size_t)target->dimension);
}

/* score: the output is not the denoiser's, but that times (x~ - a d~); see mixture_row.h. */
static void write_level(const myr_target *target, double a, double s, double score, float *level) {
    const size_t tile = MYR_TILE_FLOATS((size_t)target->dimension);
    const int components = myr_mixture_of(target)->components;
    double constants[MYR_MAX_COMPONENTS], largest = -INFINITY;
    memset(level, 0, level_floats(target) * sizeof *level);
    for (int j = 0; j < components; j++) {
        constants[j] = fill_component(target, j, a, s, score, level + (size_t)(j / MYR_TILE) * tile);
        largest = fmax(largest, constants[j]);
    }
    for (int j = 0; j < tiles_of(target) * MYR_TILE; j++)
        level[(size_t)(j / MYR_TILE) * tile + (size_t)(j % MYR_TILE)] =
            j < components ? (float)(constants[j] - largest) : MYR_LOWEST_SHARE;
}

static myr_second_stage second_stage(const myr_target *target, const myr_row *row) {
    double variance, narrowest;
    myr_mixture_widths(target, &variance, &narrowest);
    return myr_second_of_mixture(row, variance, narrowest);
}

static const myr_levels mixture_levels = {level_floats, second_stage, write_level};

/* Component j begins at N(a mu_j, a^2 v_j + s^2). A threshold is the cumulated weight in units of 2^-32;
 * those that no word reaches are left out, and the last component takes what is left. */
static void fill_component_starts(myr_mixture_table *table) {
    const myr_target *target = table->rows.job->target;
    const myr_mixture *m = myr_mixture_of(target);
    const myr_row *first = &table->rows.job->plan->rows[0];
    const int d = target->dimension;
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

static myr_status allocate_starts(myr_context *context, myr_mixture_table *table) {
    const size_t components = (size_t)table->components;
    const size_t starts = components * (size_t)table->rows.dimension;
    table->start_mean = malloc(starts * sizeof(float));
    table->start_scale = malloc(starts * sizeof(float));
    table->thresholds = calloc(components, sizeof *table->thresholds);
    return table->start_mean && table->start_scale && table->thresholds
               ? MYR_OK
               : myr_fail_memory(context, 2 * starts * sizeof(float));
}

myr_status myr_mixture_table_create(myr_context *context, const myr_job *job, double bytes,
                                    myr_mixture_table *table) {
    *table = (myr_mixture_table){.components = myr_mixture_of(job->target)->components};
    myr_status status = myr_row_table_create(context, job, &mixture_levels, bytes, &table->rows);
    if (status != MYR_OK || !job->plan->start_in_component)
        return status;
    status = allocate_starts(context, table);
    if (status == MYR_OK)
        fill_component_starts(table);
    else
        myr_mixture_table_destroy(table);
    return status;
}

void myr_mixture_table_destroy(myr_mixture_table *table) {
    myr_row_table_destroy(&table->rows);
    free(table->start_mean);
    free(table->start_scale);
    free(table->thresholds);
    memset(table, 0, sizeof *table);
}
