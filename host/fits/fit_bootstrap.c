/* The Poisson bootstrap: each comparison weighs Poisson(1), so n equal ones together Poisson(n). Replicates
 * are drawn and fitted in batches; within a batch cells and then replicates are shared out among threads,
 * and a replicate's words are its own, so that nothing hangs on either. */
#include "fit_bootstrap.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "backends/record.h"
#include "fit_linked.h"
#include "fit_resample.h"
#include "fit_unbounded.h"
#include "ground/cancel.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "myriad/random.h"

/* Numbers drawn at once: 64 MiB of words. */
#define DRAWN ((uint64_t)1 << 24)

/* draws[cell][batch]: words become counts. */
static bool make_counts(const myr_model *m, uint32_t batch, uint32_t *draws, int threads) {
    bool good = true;
#pragma omp parallel num_threads(threads) reduction(&& : good)
    {
        MYR_STANDARD_ENVIRONMENT;
        myr_poisson poisson = {0};
#pragma omp for schedule(dynamic, 64)
        for (uint64_t c = 0; c < m->cells; c++) {
            good = good && myr_poisson_set(&poisson, m->cell ? m->cell[c].count : 1.0);
            for (uint32_t b = 0; good && b < batch; b++)
                draws[c * batch + b] = myr_poisson_draw(&poisson, draws[c * batch + b]);
        }
        myr_poisson_free(&poisson);
    }
    return good;
}

static void weigh(const myr_model *m, const uint32_t *draws, uint32_t batch, uint32_t replicate,
                  double *weights) {
    memset(weights, 0, (size_t)m->weight_count * sizeof *weights);
    for (uint64_t c = 0; c < m->cells; c++) {
        const double count = draws[c * batch + replicate];
        if (!m->cell) {
            weights[c] = count;
            continue;
        }
        const myr_cell *cell = &m->cell[c];
        weights[2 * cell->pair] += count * cell->first_wins;
        weights[2 * cell->pair + 1] += count * cell->second_wins;
    }
}

typedef struct replicates {
    const myr_model *model;
    myr_solver solver;
    const double *x; /* the data's maximum */
    int64_t baseline;
    double *estimates;
} replicates;

/* False if out of memory. */
static bool fit_one(const replicates *r, const double *weights, myr_solve_space *space, double *estimate) {
    const myr_model *m = r->model;
    const myr_bound bound = m->ridge > 0.0 ? MYR_BOUNDED : myr_model_bound(m, weights);
    if (bound == MYR_BOUND_NO_MEMORY)
        return false;
    if (bound != MYR_BOUNDED)
        return myr_unbounded_estimates(m, weights, &r->solver, space, r->x, r->baseline, estimate);
    memcpy(estimate, r->x, m->parameters * sizeof *estimate);
    const bool converged = myr_solve(m, weights, &r->solver, space, estimate).converged;
    const double zero = r->baseline >= 0 ? estimate[r->baseline] : 0.0;
    for (uint32_t i = 0; i < m->items; i++)
        estimate[i] -= zero;
    for (uint32_t i = 0; !converged && i < m->parameters; i++)
        estimate[i] = NAN;
    return true;
}

static bool fit_batch(const replicates *r, int threads, const uint32_t *draws, uint32_t batch,
                      uint32_t first, uint32_t count) {
    const myr_model *m = r->model;
    bool good = true;
#pragma omp parallel num_threads(threads) reduction(&& : good)
    {
        MYR_STANDARD_ENVIRONMENT;
        myr_solve_space space = {0};
        double *weights = malloc((size_t)m->weight_count * sizeof *weights);
        good = weights && myr_solve_space_make(m, MYR_FIT_NEWTON, &space);
#pragma omp for schedule(dynamic, 1)
        for (uint32_t b = 0; b < count; b++) {
            if (!good)
                continue;
            weigh(m, draws, batch, b, weights);
            good = fit_one(r, weights, &space, r->estimates + (size_t)(first + b) * m->parameters);
        }
        myr_solve_space_free(&space);
        free(weights);
    }
    return good;
}

static myr_status draw_words(myr_context *context, const myr_model *m, const myr_bootstrap *bootstrap,
                             uint32_t first, uint32_t batch, uint32_t *draws) {
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = myr_backend_near("auto");
    options.seed = bootstrap->seed;
    options.first = m->first_cell;
    options.count = m->cells;
    options.threads = bootstrap->solver.threads;
    return myr_random_words(context, &options, MYR_STREAM_RESAMPLE, first / 4, batch / 4, draws);
}

static myr_status run_batches(myr_context *context, const replicates *r, myr_bootstrap *bootstrap,
                              uint32_t batch, uint32_t *draws) {
    const myr_model *m = r->model;
    const int threads = bootstrap->solver.threads;
    for (uint32_t first = 0; first < bootstrap->replicates; first += batch) {
        const uint32_t left = bootstrap->replicates - first, count = left < batch ? left : batch;
        myr_status status = draw_words(context, m, bootstrap, first, batch, draws);
        if (status != MYR_OK)
            return status;
        if (!make_counts(m, batch, draws, threads) || !fit_batch(r, threads, draws, batch, first, count))
            return myr_fail_memory(context, (size_t)m->weight_count * sizeof(double));
        bootstrap->done += count;
        status = myr_report_progress(context, bootstrap->progress, bootstrap->user, bootstrap->done,
                                     bootstrap->total, "replicates");
        if (status != MYR_OK)
            return status;
    }
    return MYR_OK;
}

/* As many replicates at once as fit, but progress is shown now and then; a multiple of 4: whole blocks. */
static uint32_t batch_size(const myr_model *m, const myr_bootstrap *bootstrap) {
    uint64_t most = DRAWN / (m->cells > 0 ? m->cells : 1),
             wanted = (uint64_t)32 * (uint64_t)bootstrap->solver.threads;
    uint64_t batch = most < wanted ? most : wanted;
    batch = batch < bootstrap->replicates ? batch : bootstrap->replicates;
    return (uint32_t)(batch < 4 ? 4 : (batch + 3) / 4 * 4);
}

myr_status myr_bootstrap_model(myr_context *context, const myr_model *model, myr_bootstrap *bootstrap,
                               const double *x, int64_t baseline, double *estimates) {
    const replicates r = {
        model,
        {bootstrap->solver.max_iterations, fmax(bootstrap->solver.tolerance, MYR_REPLICATE_TOLERANCE), 1},
        x,
        baseline,
        estimates};
    for (uint64_t c = 0; model->cell && c < model->cells; c++)
        if (model->cell[c].count > MYR_MAX_RESAMPLED)
            return myr_fail(context, MYR_INVALID_DATA,
                            "bootstrap: a comparison has the weight %g (expected at most 1e8 of one kind)",
                            model->cell[c].count);
    const uint32_t batch = batch_size(model, bootstrap);
    uint32_t *draws = malloc((size_t)model->cells * batch * sizeof *draws);
    if (!draws)
        return myr_fail_memory(context, (size_t)model->cells * batch * sizeof *draws);
    myr_status status = run_batches(context, &r, bootstrap, batch, draws);
    free(draws);
    return status;
}
