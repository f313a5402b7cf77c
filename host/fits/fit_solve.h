/* The maximum of a part's likelihood. */
#ifndef MYRIAD_FIT_SOLVE_H
#define MYRIAD_FIT_SOLVE_H

#include "fit_model.h"

typedef struct myr_solver {
    uint64_t max_iterations;
    double tolerance;
    int threads;
} myr_solver;

typedef struct myr_solution {
    uint64_t iterations, evaluations;
    long double value; /* of the objective */
    double gradient;   /* max_i |g_i| / sqrt(H_ii) */
    bool converged;
    const char *method;
} myr_solution;

/* Memory for one solution at a time: with a Hessian for up to that many parameters. */
typedef struct myr_solve_space {
    double *gradient, *trial, *trial_gradient, *step, *diagonal; /* [parameters] each */
    double *scratch;                                             /* myr_model_scratch */
    double *hessian; /* [parameters][parameters], for Newton's method; else NULL */
} myr_solve_space;

bool myr_solve_space_make(const myr_model *model, uint32_t newton, myr_solve_space *space);
void myr_solve_space_free(myr_solve_space *space);

/* From x, which becomes the maximum, centred group by group: Newton's method where space has a Hessian,
 * after L-BFGS if there are more than MYR_FIT_NEWTON parameters; else L-BFGS alone. */
myr_solution myr_solve(const myr_model *model, const double *weights, const myr_solver *solver,
                       myr_solve_space *space, double *x);

myr_solution myr_solve_newton(const myr_model *model, const double *weights, const myr_solver *solver,
                              myr_solve_space *space, double *x);
myr_solution myr_solve_lbfgs(const myr_model *model, const double *weights, const myr_solver *solver,
                             myr_solve_space *space, double *x);

/* max_i |g_i| / sqrt(d_i), 0/0 being 0. */
double myr_gradient_size(uint64_t count, const double *gradient, const double *diagonal);

/* Adds s u uᵀ to the lower triangle for every group, u being 1/sqrt(items) on its items: the directions in
 * which the likelihood does not change. Returns s, the mean of the diagonal. */
double myr_add_gauge(const myr_model *model, double *hessian);

#endif
