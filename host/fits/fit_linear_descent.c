/* L-BFGS on the linear reduction. */
#include <lbfgs.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "fit_linear.h"
#include "ground/failure.h"

enum { MEMORY = 12, ROUNDS = 4 };

typedef struct descent {
    myr_linear_fit *fit;
    double goal;
    double *from, *gradient; /* theta where a descent begins, and the gradient there */
    bool near;               /* the maximum: see rise */
    bool separated;
    myr_status status;
} descent;

/* In standard errors. */
static const double near = 1e-2;

static double root(double diagonal) {
    return diagonal > 0.0 ? sqrt(diagonal) : 1.0;
}

/* Whether theta prefers the winner of every pair, whatever the reference: then the further the better. */
static myr_status look_for_separation(descent *d) {
    const myr_linear_fit *f = d->fit;
    myr_loss_options loss = f->loss;
    myr_linear_metrics metrics;
    loss.reference_free = true;
    myr_status status =
        myr_loss_linear(f->context, &loss, f->model.features, (myr_array){f->theta, MYR_F64}, f->compute,
                        (myr_array_out){NULL, MYR_F64}, &metrics, NULL);
    d->separated = status == MYR_OK && metrics.rewards_accuracies >= 1.0;
    return status;
}

/* The likelihood's part of the objective and of its gradient: by the backend, near the maximum in double.
 */
static double likelihood(descent *d) {
    myr_linear_fit *f = d->fit;
    if (d->near) {
        double value = NAN;
        d->status =
            myr_linear_information(f->context, &f->model, f->theta,
                                   myr_resolve_threads(f->compute->threads), &value, f->gradient, NULL);
        return value;
    }
    myr_linear_metrics metrics = {.loss = NAN};
    d->status = myr_loss_linear(f->context, &f->loss, f->model.features, (myr_array){f->theta, MYR_F64},
                                f->compute, (myr_array_out){f->gradient, MYR_F64}, &metrics, NULL);
    if (d->status == MYR_OK && f->options->ridge == 0.0 && metrics.rewards_accuracies >= 1.0)
        d->status = look_for_separation(d);
    for (uint64_t p = 0; p < f->parameters; p++)
        f->gradient[p] *= f->weight;
    return f->weight * metrics.loss;
}

/* The objective at theta, and its gradient. */
static double value_at(descent *d) {
    myr_linear_fit *f = d->fit;
    const double value = likelihood(d);
    double squares = 0.0;
    f->report->evaluations++;
    for (uint64_t p = 0; p < f->parameters; p++) {
        f->gradient[p] += f->options->ridge * f->theta[p];
        squares += f->theta[p] * f->theta[p];
    }
    return value + 0.5 * f->options->ridge * squares;
}

/* How much the value is above that where the descent began. Near the maximum by the trapezoidal rule, as in
 * fit_lbfgs.c. */
static double rise(const descent *d, double value) {
    const myr_linear_fit *f = d->fit;
    double sum = 0.0;
    if (!d->near)
        return value;
    for (uint64_t p = 0; p < f->parameters; p++)
        sum += 0.5 * (d->gradient[p] + f->gradient[p]) * (f->theta[p] - d->from[p]);
    return sum;
}

static lbfgsfloatval_t evaluate(void *instance, const lbfgsfloatval_t *y, lbfgsfloatval_t *g, int n,
                                lbfgsfloatval_t step) {
    descent *d = instance;
    myr_linear_fit *f = d->fit;
    (void)step;
    for (uint64_t p = 0; p < f->parameters; p++)
        f->theta[p] = y[p] / root(f->diagonal[p]);
    double value = value_at(d);
    for (uint64_t p = 0; p < f->parameters; p++)
        g[p] = f->gradient[p] / root(f->diagonal[p]);
    for (int p = (int)f->parameters; p < n; p++)
        g[p] = 0.0;
    return d->status == MYR_OK ? rise(d, value) : NAN;
}

static int watch(void *instance, const lbfgsfloatval_t *y, const lbfgsfloatval_t *g, lbfgsfloatval_t value,
                 lbfgsfloatval_t y_norm, lbfgsfloatval_t g_norm, lbfgsfloatval_t step, int n, int k,
                 int evaluations) {
    descent *d = instance;
    double largest = 0.0;
    (void)y, (void)value, (void)y_norm, (void)g_norm, (void)step, (void)k, (void)evaluations;
    for (int p = 0; p < n; p++)
        largest = fabs(g[p]) > largest ? fabs(g[p]) : largest;
    d->fit->report->iterations++;
    return d->separated || d->status != MYR_OK || largest <= d->goal ||
           d->fit->report->iterations >= d->fit->options->max_iterations;
}

static myr_status finish(descent *d, const lbfgsfloatval_t *y) {
    myr_linear_fit *f = d->fit;
    if (d->status != MYR_OK)
        return d->status;
    if (d->separated)
        return myr_fail(
            f->context, MYR_INVALID_DATA,
            "no finite maximum: the features separate the winners of all pairs from the losers; "
            "leave some features out, or take a ridge (--ridge 0.1, say)");
    for (uint64_t p = 0; p < f->parameters; p++)
        f->theta[p] = y[p] / root(f->diagonal[p]);
    const double value = value_at(d);
    double largest = 0.0, squares = 0.0;
    for (uint64_t p = 0; p < f->parameters; p++) {
        largest = fmax(largest, fabs(f->gradient[p]) / root(f->diagonal[p]));
        squares += f->theta[p] * f->theta[p];
    }
    f->report->gradient = largest;
    f->report->log_likelihood = 0.5 * f->options->ridge * squares - value;
    return d->status;
}

static bool goes_on(const descent *d, int round) {
    const myr_linear_fit *f = d->fit;
    return d->status == MYR_OK && !d->separated && round < ROUNDS &&
           (round == 0 || f->report->gradient > d->goal) &&
           f->report->iterations < f->options->max_iterations;
}

static myr_status descend(descent *d, lbfgsfloatval_t *y) {
    myr_linear_fit *f = d->fit;
    lbfgs_parameter_t parameters;
    lbfgs_parameter_init(&parameters);
    parameters.m = MEMORY;
    parameters.epsilon = 0.0; /* watch ends it */
    myr_status status = MYR_OK;
    for (int round = 0; status == MYR_OK && goes_on(d, round); round++) {
        d->near = round > 0 && f->report->gradient <= near;
        if (d->near)
            (void)value_at(d); /* the gradient in double */
        memcpy(d->from, f->theta, f->parameters * sizeof(double));
        memcpy(d->gradient, f->gradient, f->parameters * sizeof(double));
        (void)lbfgs((int)f->parameters, y, NULL, evaluate, watch, d, &parameters);
        status = finish(d, y);
    }
    return status;
}

myr_status myr_linear_descend(myr_linear_fit *fit, double goal) {
    descent d = {.fit = fit, .goal = goal, .status = MYR_OK};
    lbfgsfloatval_t *y = lbfgs_malloc((int)fit->parameters);
    d.from = malloc(2 * fit->parameters * sizeof *d.from);
    myr_status status = MYR_OK;
    if (!y || !d.from) {
        status = myr_fail_memory(fit->context, 3 * fit->parameters * sizeof *y);
    } else {
        d.gradient = d.from + fit->parameters;
        for (uint64_t p = 0; p < fit->parameters; p++) {
            fit->diagonal[p] += fit->options->ridge;
            y[p] = 0.0;
        }
        status = descend(&d, y);
    }
    free(d.from);
    lbfgs_free(y);
    return status;
}
