/* Fits of log-linear policies: the public call. */
#include "fit_linear.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "fit_interval.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/product.h"
#include "ground/sized.h"

static myr_status check(myr_context *context, const myr_features *features, const myr_fit_options *options,
                        const myr_compute_options *compute, const myr_objective **objective) {
    myr_status status = myr_fit_check_options(context, options, MYR_COMPARISONS, objective);
    if (status != MYR_OK)
        return status;
    if (strcmp((*objective)->name, "pl") == 0)
        return myr_fail(context, MYR_UNSUPPORTED, "objective: pl takes no features (expected bt or dpo)");
    if (options->home || options->baseline >= 0 || options->reference)
        return myr_fail(context, MYR_UNSUPPORTED,
                        "home, baseline and reference are for items; features take none of them");
    if (compute->memory != MYR_HOST)
        return myr_fail(context, MYR_UNSUPPORTED, "memory: fits take features in the host's memory");
    if (features->parameters < 1 || features->parameters > MYR_MAX_PARAMETERS)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "features: parameters %llu (expected 1 … %d)",
                        (unsigned long long)features->parameters, MYR_MAX_PARAMETERS);
    if (options->bootstrap > 0 && features->parameters > MYR_FIT_LINEAR_NEWTON)
        return myr_fail(context, MYR_UNSUPPORTED,
                        "bootstrap: %llu features are too many (expected at most %d)",
                        (unsigned long long)features->parameters, MYR_FIT_LINEAR_NEWTON);
    return MYR_OK;
}

static myr_status check_games(myr_context *context, const myr_features *f) {
    if (f->game_count && !f->game_begin)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "features: game_count without game_begin");
    if (f->game_begin && (f->games < 1 || f->game_begin[0] != 0 || f->game_begin[f->games] != f->count))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "features: game_begin is not from 0 to the number of rows");
    for (uint64_t g = 0; f->game_begin && g < f->games; g++) {
        const double times = f->game_count ? f->game_count[g] : 1.0;
        if (f->game_begin[g] >= f->game_begin[g + 1] || f->game_begin[g + 1] > f->count)
            return myr_fail(context, MYR_INVALID_ARGUMENT, "features: game %llu has no rows",
                            (unsigned long long)g);
        if (!(times >= 1.0 && times <= 1e15 && times == floor(times)))
            return myr_fail(context, MYR_INVALID_DATA,
                            "features: game %llu is there %g times (expected a whole number, 1 … 1e15)",
                            (unsigned long long)g, times);
    }
    return MYR_OK;
}

static bool allocate(myr_linear_fit *fit) {
    const size_t P = fit->parameters;
    const bool newton = P <= MYR_FIT_LINEAR_NEWTON;
    fit->theta = calloc(4 * P, sizeof(double));
    fit->inverse = newton ? malloc(P * P * sizeof(double)) : NULL;
    if (!fit->theta || (newton && !fit->inverse))
        return false;
    fit->diagonal = fit->theta + P;
    fit->gradient = fit->theta + 2 * P;
    fit->errors = fit->theta + 3 * P;
    return true;
}

/* errors [parameters]: roots of the diagonal of C J C; of both matrices there is the lower triangle, C's upper
 * one is filled in. */
static void take_sandwich(double *C, const double *J, size_t P, int threads, double *errors) {
    for (size_t p = 0; p < P; p++)
        for (size_t j = p + 1; j < P; j++)
            C[p * P + j] = C[j * P + p];
#pragma omp parallel num_threads(threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (size_t p = 0; p < P; p++) {
            const double *row = C + p * P;
            double variance = 0.0;
            for (size_t i = 0; i < P; i++) {
                double along = 0.5 * J[i * P + i] * row[i];
                for (size_t j = 0; j < i; j++)
                    along += J[i * P + j] * row[j];
                variance += 2.0 * row[i] * along;
            }
            errors[p] = sqrt(variance);
        }
    }
}

static myr_status find_errors(const myr_linear_fit *fit, int threads, double *errors) {
    const size_t P = fit->parameters;
    for (size_t p = 0; p < P; p++)
        errors[p] = fit->inverse ? sqrt(fit->inverse[p * P + p]) : NAN;
    if (!fit->inverse || !myr_fit_takes_sandwich(fit->options))
        return MYR_OK;
    double *spread = malloc(P * P * sizeof *spread);
    if (!spread)
        return myr_fail_memory(fit->context, P * P * sizeof *spread);
    myr_status status = myr_linear_spread(fit->context, &fit->model, fit->theta, threads, spread);
    if (status == MYR_OK)
        take_sandwich(fit->inverse, spread, P, threads, errors);
    free(spread);
    return status;
}

static void take_estimates(const myr_linear_fit *fit, myr_estimate *estimates) {
    const double reach = myr_normal_reach(fit->options->level);
    for (uint64_t p = 0; p < fit->parameters; p++) {
        const double x = fit->theta[p], error = fit->errors[p];
        estimates[p] = (myr_estimate){x, error, x - reach * error, x + reach * error, NAN};
    }
}

/* Whether a game is a row that weighs 1. */
static bool is_plain(const myr_features *f) {
    bool plain = myr_game_total(f) == f->count;
    for (uint64_t i = 0; plain && i < f->count; i++)
        plain = myr_linear_weight(f, i) == 1.0 && myr_game_at(f, i).times == 1.0;
    return plain;
}

static myr_status find_replicates(myr_linear_fit *fit, double *replicates) {
    const size_t count = fit->parameters * fit->options->bootstrap;
    myr_status status = MYR_OK;
    for (size_t n = 0; n < count; n++)
        replicates[n] = NAN;
    if (is_plain(fit->model.features))
        status = myr_linear_bootstrap(fit, replicates);
    return status == MYR_OK
               ? myr_linear_replicates(fit, myr_resolve_threads(fit->compute->threads), replicates)
               : status;
}

static myr_status take_percentiles(myr_linear_fit *fit, myr_estimate *estimates) {
    const size_t P = fit->parameters, B = fit->options->bootstrap;
    double *replicates = malloc((P + 1) * B * sizeof *replicates);
    if (!replicates)
        return myr_fail_memory(fit->context, (P + 1) * B * sizeof *replicates);
    double *column = replicates + P * B;
    myr_status status = find_replicates(fit, replicates);
    for (size_t b = 0; status == MYR_OK && b < B; b++) {
        bool finite = true;
        for (size_t p = 0; p < P; p++)
            finite = finite && isfinite(replicates[b * P + p]);
        fit->report->unbounded += !finite;
    }
    for (size_t p = 0; status == MYR_OK && p < P; p++) {
        for (size_t b = 0; b < B; b++)
            column[b] = replicates[b * P + p];
        myr_percentiles(column, B, fit->options->level, &estimates[p].ci_low, &estimates[p].ci_high);
    }
    free(replicates);
    return status;
}

static myr_status run(myr_linear_fit *fit, myr_estimate *estimates) {
    const int threads = myr_resolve_threads(fit->compute->threads);
    /* The floats' rounding stays well below a ten-thousandth of a standard error; the rest is double's. */
    const double tolerance = fit->options->tolerance;
    const double goal = fit->inverse ? fmax(tolerance, 1e-4) : 0.5 * tolerance;
    double start = omp_get_wtime();
    myr_status status = myr_linear_scale(fit->context, &fit->model, threads, fit->diagonal, &fit->weight);
    const double descent = omp_get_wtime();
    if (status == MYR_OK)
        status = myr_linear_descend(fit, goal);
    fit->report->descent_evaluations = fit->report->evaluations;
    fit->report->descent_seconds = omp_get_wtime() - descent;
    if (status == MYR_OK && fit->inverse)
        status = myr_linear_polish(fit, threads);
    if (status == MYR_OK)
        status = find_errors(fit, threads, fit->errors);
    if (status != MYR_OK)
        return status;
    fit->report->converged = fit->report->gradient <= tolerance;
    take_estimates(fit, estimates);
    fit->report->seconds = omp_get_wtime() - start;
    start = omp_get_wtime();
    if (fit->options->bootstrap > 0)
        status = take_percentiles(fit, estimates);
    fit->report->bootstrap_seconds = omp_get_wtime() - start;
    return status;
}

static myr_status look_and_run(myr_linear_fit *fit, myr_estimate *estimates) {
    /* The first look also checks the arrays, at theta = 0. */
    myr_status status =
        myr_loss_linear(fit->context, &fit->loss, fit->model.features, (myr_array){fit->theta, MYR_F64},
                        fit->compute, (myr_array_out){NULL, MYR_F64}, NULL, NULL);
    if (status == MYR_OK)
        status = myr_product_begin(fit->context, myr_resolve_threads(fit->compute->threads));
    if (status != MYR_OK)
        return status;
    status = run(fit, estimates);
    myr_product_end();
    return status;
}

/* Every step reads all features: a GPU holds them meanwhile. */
static myr_status run_near(myr_linear_fit *fit, myr_estimate *estimates) {
    myr_features read = *fit->model.features;
    if (fit->loss.reference_free)
        read.reference_margin.data = NULL;
    myr_status status = myr_features_hold(fit->context, &read, fit->compute);
    if (status != MYR_OK)
        return status;
    status = look_and_run(fit, estimates);
    const myr_status released = myr_features_release(fit->context, &read, fit->compute);
    return status == MYR_OK ? released : status;
}

static myr_status fit_features(myr_context *context, const myr_features *features,
                               const myr_fit_options *options, const myr_compute_options *compute,
                               myr_estimate *estimates, myr_fit_report *report) {
    const myr_objective *objective = NULL;
    myr_status status = check(context, features, options, compute, &objective);
    if (status == MYR_OK)
        status = check_games(context, features);
    if (status != MYR_OK)
        return status;
    /* From the host's memory the CPU is the nearer one. */
    myr_compute_options near = *compute;
    near.backend = myr_backend_near(near.backend);
    const bool free_of_reference = !objective->takes_reference || !features->reference_margin.data;
    *report = (myr_fit_report){.objective = objective->name,
                               .errors = myr_fit_takes_sandwich(options) ? "sandwich" : "information",
                               .method = "l-bfgs",
                               .home = {NAN, NAN, NAN, NAN, NAN},
                               .replicates = options->bootstrap};
    myr_linear_fit fit = {.context = context,
                          .options = options,
                          .compute = &near,
                          .model = {features, options->beta, free_of_reference},
                          .loss = MYR_LOSS_OPTIONS_INIT,
                          .parameters = features->parameters,
                          .report = report};
    fit.loss.beta = options->beta;
    fit.loss.reference_free = free_of_reference;
    status = allocate(&fit) ? MYR_OK : myr_fail_memory(context, 8 * fit.parameters * fit.parameters);
    if (status == MYR_OK)
        status = run_near(&fit, estimates);
    free(fit.theta);
    free(fit.inverse);
    return status;
}

myr_status myr_fit_linear(myr_context *context, const myr_features *features,
                          const myr_fit_options *options, const myr_compute_options *compute,
                          myr_estimate *estimates, myr_fit_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_features known;
    myr_fit_options how;
    myr_compute_options where;
    myr_fit_report made = {0};
    if (!estimates || !report)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "estimates or report is NULL (expected both)");
    myr_status status = myr_fit_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_features_read(context, &features, &known);
    if (status == MYR_OK)
        status = myr_fit_options_read(context, &options, &how);
    if (status == MYR_OK)
        status = myr_compute_options_read(context, &compute, &where);
    if (status == MYR_OK)
        status = fit_features(context, features, options, compute, estimates, &made);
    myr_fit_report_fill(report, &made);
    return status;
}
