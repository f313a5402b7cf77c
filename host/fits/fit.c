/* Fits of abilities: options checked, parts solved one after another, their errors and intervals. */
#include "myriad/fit.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "fit_bootstrap.h"
#include "fit_covariance.h"
#include "fit_interval.h"
#include "fit_linked.h"
#include "fit_objective.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/product.h"
#include "ground/sized.h"

typedef struct fit {
    myr_context *context;
    const myr_outcomes *outcomes;
    const myr_fit_options *options;
    const myr_objective *objective;
    myr_models models;
    myr_solver solver;
    myr_bootstrap bootstrap;
    double *x; /* [positions]: items, and home of the one part that has it */
    myr_estimate *items;
    myr_fit_report *report;
} fit;

/* ---- one part -------------------------------------------------------------------------------------- */

static uint32_t item_at(const fit *f, uint32_t part, uint32_t i) {
    return f->models.order[f->models.begin[part] + i];
}

/* Of parameter i of a part: an item's, or home's. */
static myr_estimate *estimate_of(fit *f, uint32_t part, uint32_t i) {
    return i < f->models.models[part].items ? &f->items[item_at(f, part, i)] : &f->report->home;
}

/* The baseline's number within the part; -1: none. */
static int64_t find_baseline(const fit *f, uint32_t part) {
    for (uint32_t i = 0; f->options->baseline >= 0 && i < f->models.models[part].items; i++)
        if (item_at(f, part, i) == (uint32_t)f->options->baseline)
            return i;
    return -1;
}

static myr_status find_errors(fit *f, uint32_t part, const double *x, int64_t baseline,
                              myr_solve_space *space) {
    const myr_model *m = &f->models.models[part];
    double *errors = malloc(m->parameters * sizeof *errors);
    if (!errors)
        return myr_fail_memory(f->context, m->parameters * sizeof *errors);
    const myr_errors how = {myr_fit_takes_sandwich(f->options), baseline, f->solver.threads};
    myr_status status = myr_model_errors(f->context, m, x, &how, space->scratch, errors);
    for (uint32_t i = 0; status == MYR_OK && i < m->parameters; i++)
        estimate_of(f, part, i)->standard_error = errors[i];
    free(errors);
    return status;
}

static void set_intervals(fit *f, uint32_t part) {
    const double reach = myr_normal_reach(f->options->level);
    for (uint32_t i = 0; i < f->models.models[part].parameters; i++) {
        myr_estimate *e = estimate_of(f, part, i);
        e->ci_low = e->estimate - reach * e->standard_error;
        e->ci_high = e->estimate + reach * e->standard_error;
    }
}

/* Percentiles, and how many replicates are not finite; column has room for all replicates. */
static void set_percentiles(fit *f, uint32_t part, const double *estimates, double *column) {
    const uint32_t parameters = f->models.models[part].parameters, replicates = f->options->bootstrap;
    uint32_t unbounded = 0;
    for (uint32_t b = 0; b < replicates; b++) {
        bool finite = true;
        for (uint32_t i = 0; i < parameters; i++)
            finite = finite && isfinite(estimates[(size_t)b * parameters + i]);
        unbounded += !finite;
    }
    for (uint32_t i = 0; i < parameters; i++) {
        myr_estimate *e = estimate_of(f, part, i);
        for (uint32_t b = 0; b < replicates; b++)
            column[b] = estimates[(size_t)b * parameters + i];
        myr_percentiles(column, replicates, f->options->level, &e->ci_low, &e->ci_high);
    }
    if (unbounded > f->report->unbounded)
        f->report->unbounded = unbounded;
}

static myr_status run_bootstrap(fit *f, uint32_t part, const double *x, int64_t baseline) {
    const myr_model *m = &f->models.models[part];
    const size_t count = (size_t)f->options->bootstrap * m->parameters;
    double *estimates = malloc((count + f->options->bootstrap) * sizeof *estimates);
    if (!estimates)
        return myr_fail_memory(f->context, count * sizeof *estimates);
    myr_status status = myr_bootstrap_model(f->context, m, &f->bootstrap, x, baseline, estimates);
    if (status == MYR_OK)
        set_percentiles(f, part, estimates, estimates + count);
    free(estimates);
    return status;
}

static void take_solution(fit *f, const myr_model *m, const myr_solution *s, const double *x) {
    myr_fit_report *r = f->report;
    double squares = 0.0;
    for (uint32_t i = 0; i < m->parameters; i++)
        squares += x[i] * x[i];
    r->log_likelihood -= (double)s->value - 0.5 * m->ridge * squares;
    r->evaluations += s->evaluations;
    r->iterations = s->iterations > r->iterations ? s->iterations : r->iterations;
    r->converged = r->converged && s->converged;
    if (!(s->gradient <= r->gradient))
        r->gradient = s->gradient;
}

/* x: [parameters], 0 at the beginning. */
static myr_status fit_part(fit *f, uint32_t part, double *x, myr_solve_space *space) {
    const myr_model *m = &f->models.models[part];
    const int64_t baseline = find_baseline(f, part);
    double start = omp_get_wtime();
    myr_solution solution = myr_solve(m, m->weights, &f->solver, space, x);
    take_solution(f, m, &solution, x);
    myr_status status = MYR_OK;
    for (uint32_t i = 0; i < m->parameters; i++)
        *estimate_of(f, part, i) = (myr_estimate){x[i], NAN, NAN, NAN, NAN};
    if (m->parameters <= MYR_FIT_COVARIANCE)
        status = find_errors(f, part, x, baseline, space);
    for (uint32_t i = 0; baseline >= 0 && i < m->items; i++)
        estimate_of(f, part, i)->estimate -= x[baseline];
    set_intervals(f, part);
    f->report->seconds += omp_get_wtime() - start;
    if (status == MYR_OK && f->options->bootstrap > 0) {
        start = omp_get_wtime();
        status = run_bootstrap(f, part, x, baseline);
        f->report->bootstrap_seconds += omp_get_wtime() - start;
    }
    return status;
}

/* ---- all parts ------------------------------------------------------------------------------------- */

/* Parts are solved by as many threads as pay. */
static int threads_for(const fit *f, const myr_model *m) {
    return m->pair_count < 32768 ? 1 : f->solver.threads;
}

static myr_status fit_parts(fit *f) {
    const int threads = f->solver.threads;
    uint32_t largest = 0;
    for (uint32_t k = 0; k < f->models.count; k++) {
        const myr_model *m = &f->models.models[k];
        myr_solve_space space;
        double *x = calloc(m->parameters, sizeof *x);
        if (!x || !myr_solve_space_make(m, MYR_FIT_COVARIANCE, &space)) {
            free(x);
            return myr_fail_memory(f->context, 5 * m->parameters * sizeof *x);
        }
        f->solver.threads = threads_for(f, m);
        myr_status status = fit_part(f, k, x, &space);
        f->solver.threads = threads;
        myr_solve_space_free(&space);
        free(x);
        if (status != MYR_OK)
            return status;
        largest = m->parameters > largest ? m->parameters : largest;
    }
    f->report->method = largest <= MYR_FIT_NEWTON ? "newton" : "l-bfgs";
    return MYR_OK;
}

/* The softmax over the items of a prompt, whose positions follow each other. */
static void set_probabilities(const fit *f) {
    const myr_outcomes *o = f->outcomes;
    const double *reference = f->options->reference;
    for (uint32_t begin = 0, end; begin < o->items; begin = end) {
        const uint32_t *order = f->models.order;
        double top = -INFINITY, sum = 0.0;
        for (end = begin;
             end < o->items && (!o->prompt || o->prompt[order[end]] == o->prompt[order[begin]]); end++) {
            myr_estimate *e = &f->items[order[end]];
            e->probability = e->estimate / f->options->beta + (reference ? reference[order[end]] : 0.0);
            top = fmax(top, e->probability);
        }
        for (uint32_t n = begin; n < end; n++)
            sum += f->items[order[n]].probability = exp(f->items[order[n]].probability - top);
        for (uint32_t n = begin; n < end; n++)
            f->items[order[n]].probability /= sum;
    }
}

static myr_status check_home(myr_context *context, const myr_outcomes *o, const myr_fit_options *options) {
    if (!options->home)
        return MYR_OK;
    if (o->kind == MYR_RANKINGS)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "home: rankings have no first column (expected comparisons)");
    if (o->by_winner)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "home: the columns are %s, and the first is always the winner (expected first, "
                        "second and score, or first_wins and second_wins)",
                        o->columns);
    return MYR_OK;
}

static myr_status check(myr_context *context, const myr_outcomes *o, const myr_fit_options *options,
                        const myr_objective **objective) {
    myr_status status = myr_fit_check_options(context, options, o->kind, objective);
    if (status == MYR_OK)
        status = check_home(context, o, options);
    if (status != MYR_OK)
        return status;
    for (uint64_t r = 0; (*objective)->pairs_only && r < o->ranking_count; r++)
        if (o->offsets[r + 1] - o->offsets[r] != 2)
            return myr_fail(context, MYR_INVALID_ARGUMENT,
                            "objective: %s is for pairs, and ranking %llu has %llu items (expected pl)",
                            (*objective)->name, (unsigned long long)r + 1,
                            (unsigned long long)(o->offsets[r + 1] - o->offsets[r]));
    if (options->baseline >= (int64_t)o->items)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "baseline: %lld is no item (expected 0 … %lu)",
                        (long long)options->baseline, (unsigned long)o->items - 1);
    if (options->baseline >= 0 && o->has_prompts)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "baseline: items of different prompts have none in common (expected -1)");
    for (uint32_t i = 0; options->reference && i < o->items; i++)
        if (!isfinite(options->reference[i]))
            return myr_fail(context, MYR_INVALID_DATA, "reference: that of item %lu is not finite",
                            (unsigned long)i);
    return MYR_OK;
}

static myr_status run(myr_context *context, const myr_outcomes *outcomes, const myr_fit_options *options,
                      myr_estimate *items, myr_fit_report *report) {
    const myr_objective *objective = NULL;
    myr_status status = check(context, outcomes, options, &objective);
    if (status != MYR_OK)
        return status;
    *report = (myr_fit_report){.objective = objective->name,
                               .errors = myr_fit_takes_sandwich(options) ? "sandwich" : "information",
                               .converged = true,
                               .home = {NAN, NAN, NAN, NAN, NAN},
                               .replicates = options->bootstrap};
    fit f = {.context = context,
             .outcomes = outcomes,
             .options = options,
             .objective = objective,
             .items = items,
             .report = report};
    f.solver =
        (myr_solver){options->max_iterations, options->tolerance, myr_resolve_threads(options->threads)};
    const double start = omp_get_wtime();
    status = myr_models_make(context, outcomes, options->home, options->ridge, &f.models);
    if (status != MYR_OK)
        return status;
    f.bootstrap = (myr_bootstrap){options->bootstrap,
                                  options->seed,
                                  f.solver,
                                  options->progress,
                                  options->user,
                                  0,
                                  (uint64_t)f.models.count * options->bootstrap};
    status = myr_models_check(context, outcomes, &f.models);
    report->seconds = omp_get_wtime() - start;
    if (status == MYR_OK) /* LAPACK in one thread: the same bits; replicates are what is shared out */
        status = myr_product_begin(context, options->bootstrap > 0 ? f.solver.threads : 1);
    if (status == MYR_OK) {
        status = fit_parts(&f);
        myr_product_end();
    }
    if (status == MYR_OK)
        set_probabilities(&f);
    myr_models_free(&f.models);
    return status;
}

myr_status myr_fit(myr_context *context, const myr_outcomes *outcomes, const myr_fit_options *options,
                   myr_estimate *items, myr_fit_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_fit_options known;
    myr_fit_report made = {0};
    if (!outcomes || !items || !report)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "outcomes, items or report is NULL (expected all three)");
    myr_status status = myr_fit_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_fit_options_read(context, &options, &known);
    if (status == MYR_OK)
        status = run(context, outcomes, options, items, &made);
    myr_fit_report_fill(report, &made);
    return status;
}
