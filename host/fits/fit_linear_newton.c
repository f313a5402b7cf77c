/* Newton's method in double, and what follows from its matrix: standard errors and the bootstrap. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_covariance.h"
#include "fit_linear.h"
#include "fit_solve.h"
#include "ground/cancel.h"
#include "ground/failure.h"

enum { STEPS = 20, REPLICATE_STEPS = 60, BATCH = 256 };

void myr_linear_step(const myr_linear_fit *fit, const double *gradient, double *step) {
    const size_t P = fit->parameters;
    for (size_t i = 0; i < P; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < P; j++)
            sum += (j <= i ? fit->inverse[i * P + j] : fit->inverse[j * P + i]) * gradient[j];
        step[i] = -sum;
    }
}

/* Objective and gradient at theta; the inverse of the Hessian too, if wanted. */
static myr_status look(myr_linear_fit *f, int threads, bool invert, double *value) {
    const size_t P = f->parameters;
    const double ridge = f->options->ridge;
    myr_status status = myr_linear_information(f->context, &f->model, f->theta, threads, value, f->gradient,
                                               invert ? f->inverse : NULL);
    if (status != MYR_OK)
        return status;
    f->report->evaluations++;
    f->report->log_likelihood = -*value;
    for (size_t p = 0; p < P; p++) {
        *value += 0.5 * ridge * f->theta[p] * f->theta[p];
        f->gradient[p] += ridge * f->theta[p];
        if (invert)
            f->diagonal[p] = f->inverse[p * P + p] += ridge;
    }
    f->report->gradient = myr_gradient_size(P, f->gradient, f->diagonal);
    return MYR_OK;
}

/* The column that is, to rounding, a combination of those before it: Cholesky's pivot would be 0. */
static myr_status check_rank(const myr_linear_fit *f) {
    const size_t P = f->parameters;
    for (size_t p = 0; p < P; p++) {
        /* 1/(H^-1_pp H_pp) is the share of a feature's information that the others leave it. */
        const double share = 1.0 / (f->inverse[p * P + p] * f->diagonal[p]);
        if (!(share >= 1e-12))
            return myr_fail(f->context, MYR_INVALID_DATA,
                            "no single maximum: feature %zu is a combination of the others; leave one of "
                            "them out, or take a ridge (--ridge 0.1, say)",
                            p);
    }
    return MYR_OK;
}

static myr_status refuse_singular(const myr_linear_fit *f) {
    for (size_t p = 0; p < f->parameters; p++)
        if (!(f->diagonal[p] > 0.0))
            return myr_fail(f->context, MYR_INVALID_DATA,
                            "no single maximum: feature %zu is 0 in every pair; leave it out, or take a "
                            "ridge (--ridge 0.1, say)",
                            p);
    return myr_fail(f->context, MYR_INVALID_DATA,
                    "no single maximum: the features are linearly dependent; leave some out, or take a "
                    "ridge (--ridge 0.1, say)");
}

/* Steps with one matrix: near the maximum each multiplies the error by how much the matrix has changed. */
static myr_status take_steps(myr_linear_fit *f, int threads) {
    double *step = malloc(f->parameters * sizeof *step), value;
    if (!step)
        return myr_fail_memory(f->context, f->parameters * sizeof *step);
    myr_status status = MYR_OK;
    double before = INFINITY;
    for (int n = 0; status == MYR_OK && n < STEPS && f->report->gradient > 1e-3 * f->options->tolerance &&
                    f->report->gradient < 0.5 * before;
         n++) {
        before = f->report->gradient;
        myr_linear_step(f, f->gradient, step);
        for (uint64_t p = 0; p < f->parameters; p++)
            f->theta[p] += step[p];
        f->report->iterations++;
        status = look(f, threads, false, &value);
    }
    free(step);
    return status;
}

/* Where the features separate some of the pairs, and tell the others' order by no more than that, L-BFGS
 * ends far out, where the gradient is small beside the curvature at 0. Out there gradient and curvature fall alike: a step of
 * Newton's still changes a margin by 1 (fit_linear_replicates.c), and gains as little likelihood as is left, half of
 * -gradient step. At a finite maximum the least that speaks against the step is one game, of curvature 1 or so: to change a margin by
 * half costs an eighth. */
static myr_status check_separation(const myr_linear_fit *f) {
    double *step = malloc(f->parameters * sizeof *step), left = 0.0;
    if (!step)
        return myr_fail_memory(f->context, f->parameters * sizeof *step);
    myr_linear_step(f, f->gradient, step);
    for (size_t p = 0; p < f->parameters; p++)
        left -= f->gradient[p] * step[p];
    const double reach = myr_linear_reach(&f->model, step);
    free(step);
    if (f->options->ridge > 0.0 || left > 0.1 || reach < 0.5)
        return MYR_OK;
    return myr_fail(
        f->context, MYR_INVALID_DATA,
        "no finite maximum: the features separate the winners of some pairs from the losers, and "
        "say nothing of the others; leave some features out, or take a ridge (--ridge 0.1, say)");
}

myr_status myr_linear_polish(myr_linear_fit *fit, int threads) {
    double value;
    myr_status status = look(fit, threads, true, &value);
    if (status != MYR_OK)
        return status;
    if (!myr_invert(fit->parameters, fit->inverse))
        return refuse_singular(fit);
    status = check_rank(fit);
    if (status == MYR_OK)
        status = check_separation(fit);
    return status == MYR_OK ? take_steps(fit, threads) : status;
}

/* ---- the bootstrap --------------------------------------------------------------------------------- */

typedef struct batch {
    myr_many many;
    double *theta;    /* [replicates][parameters] */
    double *gradient; /* likewise */
    double *step;     /* [parameters] */
    myr_linear_metrics *metrics;
} batch;

/* One step of every replicate with the data's matrix; false with *status MYR_OK when all have converged. A
 * thousandth of a standard error is enough for an interval, and well above the floats' rounding. */
static bool step_batch(myr_linear_fit *f, batch *b, bool *converged, myr_status *status) {
    const uint64_t P = f->parameters;
    bool going = false;
    *status = myr_loss_many(f->context, &f->loss, f->model.features, (myr_array){b->theta, MYR_F64},
                            &b->many, f->compute, (myr_array_out){b->gradient, MYR_F64}, b->metrics, NULL);
    for (uint32_t r = 0; *status == MYR_OK && r < b->many.replicates; r++) {
        double *theta = b->theta + r * P, *gradient = b->gradient + r * P;
        for (uint64_t p = 0; p < P; p++)
            gradient[p] = b->metrics[r].weight * gradient[p] + f->options->ridge * theta[p];
        converged[r] = myr_gradient_size(P, gradient, f->diagonal) <= 1e-3;
        if (converged[r])
            continue;
        myr_linear_step(f, gradient, b->step);
        for (uint64_t p = 0; p < P; p++)
            /* a replicate that runs away stays within what the reduction takes */
            theta[p] = fmax(-1e6, fmin(1e6, theta[p] + b->step[p]));
        going = true;
    }
    return going;
}

static myr_status fit_batch(myr_linear_fit *f, batch *b) {
    bool converged[BATCH] = {false};
    myr_status status = MYR_OK;
    const uint64_t P = f->parameters;
    for (uint32_t r = 0; r < b->many.replicates; r++)
        memcpy(b->theta + r * P, f->theta, P * sizeof *b->theta);
    for (int n = 0; n < REPLICATE_STEPS && step_batch(f, b, converged, &status); n++)
        continue;
    for (uint32_t r = 0; r < b->many.replicates; r++)
        for (uint64_t p = 0; !converged[r] && p < P; p++)
            b->theta[r * P + p] = NAN;
    return status;
}

myr_status myr_linear_bootstrap(myr_linear_fit *fit, double *estimates) {
    const uint32_t total = fit->options->bootstrap;
    const size_t P = fit->parameters;
    batch b = {.many = MYR_MANY_INIT,
               .gradient = malloc((BATCH + 1) * P * sizeof(double)),
               .metrics = malloc(BATCH * sizeof(myr_linear_metrics))};
    b.many.each_theta = b.many.bootstrap = true;
    b.many.seed = fit->options->seed;
    myr_status status =
        b.gradient && b.metrics ? MYR_OK : myr_fail_memory(fit->context, (BATCH + 1) * P * sizeof(double));
    for (uint32_t first = 0; status == MYR_OK && first < total; first += BATCH) {
        b.many.first_replicate = first;
        b.many.replicates = total - first < BATCH ? total - first : BATCH;
        b.theta = estimates + first * P;
        b.step = b.gradient + BATCH * P;
        status = fit_batch(fit, &b);
        if (status == MYR_OK)
            status = myr_report_progress(fit->context, fit->options->progress, fit->options->user,
                                         first + b.many.replicates, total, "replicates");
    }
    free(b.gradient);
    free(b.metrics);
    return status;
}
