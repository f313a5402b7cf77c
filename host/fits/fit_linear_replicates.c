/* Replicates of linear fits, one by one in double: where a game is more than a row that weighs 1, and those
 * that many at once have not found.
 *
 * Newton's method knows a finite maximum by its steps. Along a direction v in which the likelihood has no end,
 * Delta v >= 0 for all rows, the step n (H n = -g) gives
 *
 *     sum w s(h) s(-h) (Delta v)(Delta n) = sum w s(-h) Delta v,      s the logistic function, beta 1,
 *
 * and since s(h) < 1, some Delta n is above 1: a step that changes all margins by less is proof that there is no such
 * direction. */
#include <lapacke.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "fit_linear.h"
#include "fit_resample.h"
#include "fit_unbounded.h"
#include "ground/cancel.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "myriad/random.h"

enum { STEPS = 40, HALVINGS = 30 };
#define DRAWN ((uint64_t)1 << 22) /* words at once */

/* Margins that change by less are those of the maximum; the next step would change them by its square. */
static const double still = 1e-5;

typedef struct space {
    myr_features features;                          /* the fit's, with weights of its own */
    double *weight;                                 /* [count] */
    double *theta, *trial, *gradient, *step, *fate; /* [parameters] */
    double *hessian;                                /* [parameters][parameters] */
} space;

static bool space_make(const myr_linear_fit *f, space *s) {
    const size_t P = f->parameters;
    *s = (space){.features = *f->model.features,
                 .weight = malloc((size_t)f->model.features->count * sizeof(double)),
                 .theta = malloc((5 + P) * P * sizeof(double))};
    if (!s->weight || !s->theta)
        return false;
    s->features.weight = (myr_array){s->weight, MYR_F64};
    s->trial = s->theta + P;
    s->gradient = s->theta + 2 * P;
    s->step = s->theta + 3 * P;
    s->fate = s->theta + 4 * P;
    s->hessian = s->theta + 5 * P;
    return true;
}

static void space_free(space *s) {
    free(s->weight);
    free(s->theta);
}

/* The objective with that ridge at theta. Infinite if out of memory: then no step is taken. */
static double look(const myr_linear_fit *f, space *s, double ridge, const double *theta) {
    const size_t P = f->parameters;
    const myr_linear_model model = {&s->features, f->model.beta, f->model.reference_free};
    double value = INFINITY;
    if (myr_linear_information(NULL, &model, theta, 1, &value, s->gradient, s->hessian) != MYR_OK)
        return INFINITY;
    for (size_t p = 0; p < P; p++) {
        value += 0.5 * ridge * theta[p] * theta[p];
        s->gradient[p] += ridge * theta[p];
        s->hessian[p * P + p] += ridge;
    }
    return value;
}

static bool find_step(const myr_linear_fit *f, space *s) {
    const lapack_int size = (lapack_int)f->parameters;
    for (size_t p = 0; p < f->parameters; p++)
        s->step[p] = -s->gradient[p];
    return LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'U', size, s->hessian, size) == 0 &&
           LAPACKE_dpotrs(LAPACK_COL_MAJOR, 'U', size, 1, s->hessian, size, s->step, size) == 0;
}

static bool search(const myr_linear_fit *f, space *s, double ridge, double *value) {
    double slope = 0.0;
    for (size_t p = 0; p < f->parameters; p++)
        slope += s->gradient[p] * s->step[p];
    for (int n = 0; n < HALVINGS; n++) {
        const double along = ldexp(1.0, -n);
        for (size_t p = 0; p < f->parameters; p++)
            s->trial[p] = s->theta[p] + along * s->step[p];
        const double found = look(f, s, ridge, s->trial);
        if (!(found <= *value + 1e-4 * along * slope + 1e-13 * fabs(*value)))
            continue;
        memcpy(s->theta, s->trial, f->parameters * sizeof *s->theta);
        *value = found;
        return true;
    }
    return false;
}

/* From the data's maximum; s->theta. */
static bool find_maximum(const myr_linear_fit *f, space *s, double ridge) {
    const myr_linear_model model = {&s->features, f->model.beta, f->model.reference_free};
    memcpy(s->theta, f->theta, f->parameters * sizeof *s->theta);
    double value = look(f, s, ridge, s->theta);
    for (int n = 0; n < STEPS; n++) {
        if (!find_step(f, s))
            return false;
        const double change = myr_linear_reach(&model, s->step);
        if (!search(f, s, ridge, &value))
            return change <= still;
        if (change <= still)
            return true;
    }
    return false;
}

/* Of a replicate without a maximum, or without one that is found: s->theta. */
static bool find_limits(const myr_linear_fit *f, space *s) {
    const myr_features *features = &s->features;
    const size_t P = f->parameters;
    double *rows = malloc((size_t)features->count * P * sizeof *rows), scale = 0.0;
    if (!rows)
        return false;
    uint64_t count = 0;
    for (uint64_t i = 0; i < features->count; i++) {
        for (size_t p = 0; p < P; p++)
            rows[count * P + p] = ((const float *)features->delta.data)[i * P + p];
        count += s->weight[i] > 0.0;
    }
    const bool enough = myr_cone_fates(rows, count, P, s->fate);
    free(rows);
    size_t finite = 0;
    for (size_t p = 0; p < P; p++) {
        finite += s->fate[p] == 0.0;
        scale += f->diagonal[p] / (double)P;
    }
    /* All finite: there is a maximum, that was not found. */
    const bool found = finite > 0 && finite < P && find_maximum(f, s, 1e-9 * scale);
    for (size_t p = 0; p < P; p++)
        s->theta[p] = s->fate[p] != 0.0 ? s->fate[p] : found ? s->theta[p] : NAN;
    return enough;
}

static bool fit_one(const myr_linear_fit *f, space *s, double *estimate) {
    const double ridge = f->options->ridge;
    bool enough = true;
    if (!find_maximum(f, s, ridge)) {
        if (ridge > 0.0)
            for (size_t p = 0; p < f->parameters; p++)
                s->theta[p] = NAN;
        else
            enough = find_limits(f, s);
    }
    memcpy(estimate, s->theta, f->parameters * sizeof *estimate);
    return enough;
}

/* ---- draws ----------------------------------------------------------------------------------------- */

static void weigh(const myr_linear_fit *f, const uint32_t *draws, uint32_t batch, uint32_t replicate,
                  double *weight) {
    const myr_features *features = f->model.features;
    const uint64_t games = myr_game_total(features);
    for (uint64_t g = 0; g < games; g++) {
        const myr_game_rows rows = myr_game_at(features, g);
        const double share = draws[g * batch + replicate] / rows.times;
        for (uint64_t i = rows.begin; i < rows.end; i++)
            weight[i] = share * myr_linear_weight(features, i);
    }
}

static bool make_counts(const myr_features *features, uint32_t batch, uint32_t *draws) {
    const uint64_t games = myr_game_total(features);
    myr_poisson poisson = {0};
    bool good = true;
    for (uint64_t g = 0; good && g < games; g++) {
        good = myr_poisson_set(&poisson, myr_game_at(features, g).times);
        for (uint32_t b = 0; good && b < batch; b++)
            draws[g * batch + b] = myr_poisson_draw(&poisson, draws[g * batch + b]);
    }
    myr_poisson_free(&poisson);
    return good;
}

static bool is_wanted(const double *estimate) {
    return isnan(estimate[0]);
}

static bool fit_batch(const myr_linear_fit *f, const uint32_t *draws, uint32_t batch, uint32_t count,
                      int threads, double *estimates) {
    bool good = true;
#pragma omp parallel num_threads(threads) reduction(&& : good)
    {
        MYR_STANDARD_ENVIRONMENT;
        space s = {0};
        good = space_make(f, &s);
#pragma omp for schedule(dynamic, 1)
        for (uint32_t b = 0; b < count; b++)
            if (good && is_wanted(estimates + b * f->parameters)) {
                weigh(f, draws, batch, b, s.weight);
                good = fit_one(f, &s, estimates + b * f->parameters);
            }
        space_free(&s);
    }
    return good;
}

static myr_status run_batch(myr_linear_fit *f, uint32_t first, uint32_t batch, uint32_t count, int threads,
                            uint32_t *draws, double *estimates) {
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = myr_backend_near("auto");
    options.seed = f->options->seed;
    options.count = myr_game_total(f->model.features);
    options.threads = threads;
    bool wanted = false;
    for (uint32_t b = 0; b < count; b++)
        wanted = wanted || is_wanted(estimates + b * f->parameters);
    if (!wanted)
        return MYR_OK;
    myr_status status =
        myr_random_words(f->context, &options, MYR_STREAM_RESAMPLE, first / 4, batch / 4, draws);
    if (status != MYR_OK)
        return status;
    if (!make_counts(f->model.features, batch, draws) ||
        !fit_batch(f, draws, batch, count, threads, estimates))
        return myr_fail_memory(f->context, (size_t)f->parameters * f->parameters * sizeof *estimates);
    return myr_report_progress(f->context, f->options->progress, f->options->user, first + count,
                               f->options->bootstrap, "replicates");
}

myr_status myr_linear_replicates(myr_linear_fit *fit, int threads, double *estimates) {
    const uint64_t games = myr_game_total(fit->model.features);
    if (games == 0) /* what was fitted has some */
        return MYR_OK;
    for (uint64_t g = 0; g < games; g++)
        if (myr_game_at(fit->model.features, g).times > MYR_MAX_RESAMPLED)
            return myr_fail(fit->context, MYR_INVALID_DATA,
                            "bootstrap: a comparison has the weight %g (expected at most 1e8 of one kind)",
                            myr_game_at(fit->model.features, g).times);
    const uint64_t most = DRAWN / games, wanted = (uint64_t)16 * (uint64_t)threads;
    const uint32_t batch = (uint32_t)((most < wanted ? most : wanted) / 4 * 4) + 4;
    uint32_t *draws = malloc((size_t)games * batch * sizeof *draws);
    if (!draws)
        return myr_fail_memory(fit->context, (size_t)games * batch * sizeof *draws);
    myr_status status = MYR_OK;
    for (uint32_t first = 0; status == MYR_OK && first < fit->options->bootstrap; first += batch) {
        const uint32_t left = fit->options->bootstrap - first;
        status = run_batch(fit, first, batch, left < batch ? left : batch, threads, draws,
                           estimates + first * fit->parameters);
    }
    free(draws);
    return status;
}
