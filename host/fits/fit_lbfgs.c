/* L-BFGS, by liblbfgs, in variables y_i = sqrt(H_ii) x_i: an item seen often is as stiff as one seen
 * seldom. */
#include <lbfgs.h>
#include <math.h>
#include <string.h>

#include "fit_solve.h"

enum { MEMORY = 12, ROUNDS = 8 };

typedef struct descent {
    const myr_model *model;
    const double *weights;
    const myr_solver *solver;
    myr_solve_space *space;
    myr_solution *solution;
    double goal;
    const double *from; /* where a descent begins */
    long double base;   /* the value there; the gradient there is in space->trial_gradient */
    bool near;          /* the maximum: see rise */
} descent;

double myr_gradient_size(uint64_t count, const double *gradient, const double *diagonal) {
    double largest = 0.0;
    for (uint64_t i = 0; i < count; i++) {
        double size = gradient[i] == 0.0 ? 0.0 : fabs(gradient[i]) / sqrt(diagonal[i]);
        if (!(size <= largest)) /* a NaN is kept */
            largest = size;
    }
    return largest;
}

/* In standard errors. Nearer, steps change the value by less than its rounding, but the function is
 * quadratic to four digits. */
static const double near = 1e-2;

static double root(double diagonal) {
    return diagonal > 0.0 ? sqrt(diagonal) : 1.0;
}

/* How much the value is above that where the descent began. Near the maximum by the trapezoidal rule, exact
 * for quadratic functions: it needs gradients alone, and is as small as the step. */
static double rise(const descent *d, long double value) {
    const myr_solve_space *s = d->space;
    double sum = 0.0;
    if (!d->near)
        return (double)(value - d->base);
    for (uint32_t i = 0; i < d->model->parameters; i++)
        sum += 0.5 * (s->trial_gradient[i] + s->gradient[i]) * (s->trial[i] - d->from[i]);
    return sum;
}

static lbfgsfloatval_t evaluate(void *instance, const lbfgsfloatval_t *y, lbfgsfloatval_t *g, int n,
                                lbfgsfloatval_t step) {
    descent *d = instance;
    myr_solve_space *s = d->space;
    const uint32_t count = d->model->parameters;
    (void)step;
    for (uint32_t i = 0; i < count; i++)
        s->trial[i] = y[i] / root(s->diagonal[i]);
    const long double value =
        myr_model_value(d->model, d->weights, s->trial, s->gradient, s->scratch, d->solver->threads);
    for (uint32_t i = 0; i < count; i++)
        g[i] = s->gradient[i] / root(s->diagonal[i]);
    for (int i = (int)count; i < n; i++) /* liblbfgs' padding */
        g[i] = 0.0;
    d->solution->evaluations++;
    return rise(d, value);
}

static int watch(void *instance, const lbfgsfloatval_t *y, const lbfgsfloatval_t *g, lbfgsfloatval_t value,
                 lbfgsfloatval_t y_norm, lbfgsfloatval_t g_norm, lbfgsfloatval_t step, int n, int k,
                 int evaluations) {
    const descent *d = instance;
    double largest = 0.0;
    (void)y, (void)value, (void)y_norm, (void)g_norm, (void)step, (void)k, (void)evaluations;
    for (int i = 0; i < n; i++)
        largest = fabs(g[i]) > largest ? fabs(g[i]) : largest;
    d->solution->iterations++;
    return largest <= d->goal || d->solution->iterations >= d->solver->max_iterations;
}

/* One descent with the scale of the diagonal at its beginning. */
static void descend(descent *d, double *x, double *y) {
    const uint32_t count = d->model->parameters;
    const double *diagonal = d->space->diagonal;
    lbfgs_parameter_t parameters;
    lbfgs_parameter_init(&parameters);
    parameters.m = MEMORY;
    parameters.epsilon = 0.0; /* watch ends it */
    d->from = x;
    d->base = d->solution->value;
    d->near = d->solution->gradient <= near;
    memcpy(d->space->trial_gradient, d->space->gradient, count * sizeof(double));
    for (uint32_t i = 0; i < count; i++)
        y[i] = x[i] * root(diagonal[i]);
    (void)lbfgs((int)count, y, NULL, evaluate, watch, d, &parameters);
    for (uint32_t i = 0; i < count; i++)
        x[i] = y[i] / root(diagonal[i]);
}

/* Gradient, its size and the diagonal at x. */
static void look(descent *d, const double *x) {
    myr_solve_space *s = d->space;
    d->solution->value =
        myr_model_value(d->model, d->weights, x, s->gradient, s->scratch, d->solver->threads);
    d->solution->evaluations++;
    myr_model_diagonal(d->model, d->weights, x, s->diagonal, s->scratch);
    d->solution->gradient = myr_gradient_size(d->model->parameters, s->gradient, s->diagonal);
    d->solution->converged = d->solution->gradient <= d->solver->tolerance;
}

myr_solution myr_solve_lbfgs(const myr_model *model, const double *weights, const myr_solver *solver,
                             myr_solve_space *space, double *x) {
    myr_solution solution = {.method = "l-bfgs"};
    descent d = {.model = model,
                 .weights = weights,
                 .solver = solver,
                 .space = space,
                 .solution = &solution,
                 .goal = 0.5 * solver->tolerance};
    lbfgsfloatval_t *y = lbfgs_malloc((int)model->parameters);
    if (!y) { /* not converged, and the estimate is where it began */
        look(&d, x);
        return solution;
    }
    /* The diagonal moves with x, and near the maximum rounding ends a descent by values: another one goes
     * on. */
    look(&d, x);
    for (int round = 0;
         round < ROUNDS && !solution.converged && solution.iterations < solver->max_iterations; round++) {
        descend(&d, x, y);
        look(&d, x);
    }
    lbfgs_free(y);
    return solution;
}
