/* Newton's method with a line search, and what the solvers share. */
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_solve.h"

/* ---- shared ---------------------------------------------------------------------------------------- */

bool myr_solve_space_make(const myr_model *model, uint32_t newton, myr_solve_space *space) {
    const size_t n = model->parameters;
    const bool dense = n <= newton;
    *space = (myr_solve_space){.gradient = malloc(5 * n * sizeof(double)),
                               .scratch = malloc((size_t)(myr_model_scratch(model) + 1) * sizeof(double)),
                               .hessian = dense ? malloc(n * n * sizeof(double)) : NULL};
    if (!space->gradient || !space->scratch || (dense && !space->hessian)) {
        myr_solve_space_free(space);
        return false;
    }
    space->trial = space->gradient + n;
    space->trial_gradient = space->gradient + 2 * n;
    space->step = space->gradient + 3 * n;
    space->diagonal = space->gradient + 4 * n;
    return true;
}

void myr_solve_space_free(myr_solve_space *space) {
    free(space->gradient);
    free(space->scratch);
    free(space->hessian);
    *space = (myr_solve_space){0};
}

double myr_add_gauge(const myr_model *model, double *hessian) {
    const size_t n = model->parameters;
    double s = 0.0;
    for (size_t i = 0; i < n; i++)
        s += hessian[i * n + i] / (double)n;
    for (uint32_t g = 0; g < model->groups; g++) {
        const size_t begin = model->group[g], end = model->group[g + 1];
        for (size_t i = begin; i < end; i++)
            for (size_t j = begin; j <= i; j++)
                hessian[i * n + j] += s / (double)(end - begin);
    }
    return s;
}

static void centre(const myr_model *model, double *x) {
    for (uint32_t g = 0; g < model->groups; g++) {
        const uint32_t begin = model->group[g], end = model->group[g + 1];
        long double sum = 0.0L;
        for (uint32_t i = begin; i < end; i++)
            sum += x[i];
        for (uint32_t i = begin; i < end; i++)
            x[i] -= (double)(sum / (end - begin));
    }
}

myr_solution myr_solve(const myr_model *model, const double *weights, const myr_solver *solver,
                       myr_solve_space *space, double *x) {
    myr_solution solution = {.method = "newton"}, last;
    myr_solver end = *solver, first;
    end.tolerance *= model->unit;
    first = end;
    if (space->hessian) /* the rest is Newton's */
        first.tolerance = fmax(end.tolerance, 1e-3 * model->unit);
    if (!space->hessian || model->parameters > MYR_FIT_NEWTON)
        solution = myr_solve_lbfgs(model, weights, &first, space, x);
    if (space->hessian) {
        last = myr_solve_newton(model, weights, &end, space, x);
        last.method = solution.method;
        last.iterations += solution.iterations;
        last.evaluations += solution.evaluations;
        solution = last;
    }
    solution.gradient /= model->unit;
    centre(model, x);
    return solution;
}

/* ---- Newton ---------------------------------------------------------------------------------------- */

/* The step -H^-1 g; where H is not positive definite to rounding, that of its diagonal. */
static void find_step(const myr_model *model, const double *weights, const double *x,
                      myr_solve_space *space) {
    const size_t n = model->parameters;
    const lapack_int size = (lapack_int)n;
    double *H = space->hessian;
    myr_model_hessian(model, weights, x, H, space->scratch);
    for (size_t i = 0; i < n; i++) {
        space->diagonal[i] = H[i * n + i];
        space->step[i] = -space->gradient[i];
    }
    myr_add_gauge(model, H);
    /* A lower triangle in rows is an upper one in columns. */
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'U', size, H, size) == 0 &&
        LAPACKE_dpotrs(LAPACK_COL_MAJOR, 'U', size, 1, H, size, space->step, size) == 0)
        return;
    for (size_t i = 0; i < n; i++)
        space->step[i] = space->diagonal[i] > 0.0 ? -space->gradient[i] / space->diagonal[i] : 0.0;
}

/* Goes along the step, half as far each time until the objective falls enough (Armijo's condition, but for
 * its rounding). False if it never does. */
static bool search(const myr_model *model, const double *weights, const myr_solver *solver,
                   myr_solve_space *space, double *x, myr_solution *solution) {
    const size_t n = model->parameters;
    double slope = 0.0;
    for (size_t i = 0; i < n; i++)
        slope += space->gradient[i] * space->step[i];
    const double slack = 1e-13 * fabs((double)solution->value);
    for (int halvings = 0; halvings < 40; halvings++) {
        const double along = ldexp(1.0, -halvings);
        for (size_t i = 0; i < n; i++)
            space->trial[i] = x[i] + along * space->step[i];
        const long double value = myr_model_value(model, weights, space->trial, space->trial_gradient,
                                                  space->scratch, solver->threads);
        solution->evaluations++;
        if (!(value <= solution->value + 1e-4 * along * slope + slack))
            continue;
        memcpy(x, space->trial, n * sizeof *x);
        memcpy(space->gradient, space->trial_gradient, n * sizeof *x);
        solution->value = value;
        return true;
    }
    return false;
}

myr_solution myr_solve_newton(const myr_model *model, const double *weights, const myr_solver *solver,
                              myr_solve_space *space, double *x) {
    const uint64_t n = model->parameters;
    myr_solution solution = {.evaluations = 1, .method = "newton"};
    solution.value = myr_model_value(model, weights, x, space->gradient, space->scratch, solver->threads);
    /* Once within the tolerance, one step more: it squares what error is left. */
    for (bool more = true; more && solution.iterations < solver->max_iterations;) {
        find_step(model, weights, x, space);
        more = !(myr_gradient_size(n, space->gradient, space->diagonal) <= solver->tolerance);
        solution.iterations++;
        if (!search(model, weights, solver, space, x, &solution))
            break;
    }
    myr_model_diagonal(model, weights, x, space->diagonal, space->scratch);
    solution.gradient = myr_gradient_size(n, space->gradient, space->diagonal);
    solution.converged = solution.gradient <= solver->tolerance;
    return solution;
}
