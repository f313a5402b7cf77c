/* L-BFGS on the linear reduction. */
#include <lbfgs.h>
#include <math.h>
#include <stdlib.h>

#include "failure.h"
#include "fit_linear.h"

enum { MEMORY = 12 };

typedef struct descent {
    myr_linear_fit *fit;
    double goal;
    bool separated;
    myr_status status;
} descent;

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

/* The objective at theta, and its gradient. */
static double value_at(descent *d) {
    myr_linear_fit *f = d->fit;
    myr_linear_metrics metrics = {.loss = NAN};
    d->status = myr_loss_linear(f->context, &f->loss, f->model.features, (myr_array){f->theta, MYR_F64},
                                f->compute, (myr_array_out){f->gradient, MYR_F64}, &metrics, NULL);
    f->report->evaluations++;
    if (d->status == MYR_OK && f->options->ridge == 0.0 && metrics.rewards_accuracies >= 1.0)
        d->status = look_for_separation(d);
    double squares = 0.0;
    for (uint64_t p = 0; p < f->parameters; p++) {
        f->gradient[p] = f->weight * f->gradient[p] + f->options->ridge * f->theta[p];
        squares += f->theta[p] * f->theta[p];
    }
    return f->weight * metrics.loss + 0.5 * f->options->ridge * squares;
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
    return d->status == MYR_OK ? value : NAN;
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

myr_status myr_linear_descend(myr_linear_fit *fit, double goal) {
    descent d = {.fit = fit, .goal = goal, .status = MYR_OK};
    lbfgsfloatval_t *y = lbfgs_malloc((int)fit->parameters);
    if (!y)
        return myr_fail_memory(fit->context, fit->parameters * sizeof *y);
    lbfgs_parameter_t parameters;
    lbfgs_parameter_init(&parameters);
    parameters.m = MEMORY;
    parameters.epsilon = 0.0; /* watch ends it */
    for (uint64_t p = 0; p < fit->parameters; p++) {
        fit->diagonal[p] += fit->options->ridge;
        y[p] = 0.0;
    }
    (void)lbfgs((int)fit->parameters, y, NULL, evaluate, watch, &d, &parameters);
    myr_status status = finish(&d, y);
    lbfgs_free(y);
    return status;
}
