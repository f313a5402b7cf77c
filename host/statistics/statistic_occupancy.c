/* Occupancy: how many samples belong to each of the target's cells (components of a mixture, states), and chi^2
 * of the counts. The cells of exact draws are independent and have the probabilities w_k exactly, so that the counts
 * are multinomial and chi^2 = sum (n_k - N w_k)^2/(N w_k) has its usual law. Cells with N w_k < 5 are taken
 * together. */
#include <math.h>
#include <stdlib.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "null_laws.h"
#include "statistic.h"

/* Samples that are labelled at a time. */
enum { PIECE = 1 << 14 };

typedef struct occupancy {
    const myr_target *target;
    uint64_t seed;
    int cells, threads;
    uint64_t total, faults; /* faults: samples that belong nowhere */
    double *weight;         /* [cells] */
    double *constant;       /* [cells]: what the target finds cells with */
    uint64_t *found;        /* [cells] */
    int *label;             /* [PIECE]: of the piece under way */
} occupancy;

static bool suits(const myr_target *target) {
    return target->operations->cells != NULL;
}

static void destroy(void *state) {
    occupancy *o = state;
    free(o->weight);
    free(o->constant);
    free(o->found);
    free(o->label);
    free(o);
}

static myr_status create(myr_context *context, myr_statistics_setting *setting, void **state) {
    const myr_target *target = setting->target;
    occupancy *o = calloc(1, sizeof *o);
    if (!o)
        return myr_fail_memory(context, sizeof *o);
    const int cells = target->operations->cells(target);
    *o = (occupancy){.target = target,
                     .seed = setting->seed,
                     .cells = cells,
                     .threads = setting->threads,
                     .weight = malloc((size_t)cells * sizeof(double)),
                     .constant = malloc((size_t)cells * sizeof(double)),
                     .found = calloc((size_t)cells, sizeof(uint64_t)),
                     .label = malloc(PIECE * sizeof(int))};
    if (!o->weight || !o->constant || !o->found || !o->label) {
        destroy(o);
        return myr_fail_memory(context, 3 * (size_t)cells * sizeof(double));
    }
    target->operations->weigh_cells(target, o->weight, o->constant);
    *state = o;
    return MYR_OK;
}

/* ---- labels ---------------------------------------------------------------------------------------- */

static void add(void *state, uint64_t first, uint64_t count, const double *samples) {
    occupancy *o = state;
    const myr_target_operations *of = o->target->operations;
    const uint64_t d = (uint64_t)o->target->dimension;
    int *label = o->label;
    for (uint64_t at = 0; at < count; at += PIECE) {
        const int n = count - at < PIECE ? (int)(count - at) : PIECE;
#pragma omp parallel num_threads(o->threads)
        {
            MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
            for (int t = 0; t < n; t++) {
                const double *x = samples + (at + (uint64_t)t) * d;
                label[t] = of->find_cell(o->target, o->constant, o->seed, first + at + (uint64_t)t, x);
            }
        }
        for (int t = 0; t < n; t++) {
            if (label[t] < 0)
                o->faults++;
            else
                o->found[label[t]]++;
        }
    }
    o->total += count;
}

/* ---- the report ------------------------------------------------------------------------------------ */

static double share_of_chi_square(double found, double expected) {
    if (expected > 0.0)
        return (found - expected) * (found - expected) / expected;
    return found > 0.0 ? INFINITY : 0.0;
}

static void report_chi_square(const occupancy *o, myr_statistic_row *row) {
    const double n = (double)o->total;
    double chi_square = 0.0, rare_found = 0.0, rare_expected = 0.0;
    int cells = 0;
    for (int k = 0; k < o->cells; k++) {
        const double expected = n * o->weight[k], found = (double)o->found[k];
        if (expected >= 5.0) {
            chi_square += share_of_chi_square(found, expected);
            cells++;
        } else if (expected > 0.0) {
            rare_found += found;
            rare_expected += expected;
        } else {
            chi_square += share_of_chi_square(found, 0.0);
        }
    }
    if (rare_expected > 0.0) {
        chi_square += share_of_chi_square(rare_found, rare_expected);
        cells++;
    }
    row->second = cells - 1;
    row->value = o->faults > 0 ? INFINITY : chi_square;
    row->expected = cells - 1.0;
    row->p = cells > 1 ? myr_chi_square_tail(row->value, cells - 1.0) : row->value > 0.0 ? 0.0 : 1.0;
}

static void report(const void *state, myr_statistic_rows *rows) {
    const occupancy *o = state;
    const double n = (double)o->total;
    for (int k = 0; k < o->cells; k++) {
        const double share = (double)o->found[k] / n;
        myr_statistic_row *row = myr_statistic_row_add(rows, myr_statistic_occupancy.name);
        row->first = k + o->target->operations->first_cell;
        row->value = share;
        row->standard_error = sqrt(share * (1.0 - share) / n);
        row->expected = o->weight[k];
    }
    report_chi_square(o, myr_statistic_row_add(rows, myr_statistic_occupancy.name));
}

const myr_statistic myr_statistic_occupancy = {
    .name = "occupancy",
    .help = "share of the samples in each component of a mixture, or state, and chi^2 of the counts",
    .expected = "components or states",
    .suits = suits,
    .create = create,
    .add = add,
    .report = report,
    .destroy = destroy,
};
