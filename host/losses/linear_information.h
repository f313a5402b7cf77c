/* Log-linear policies in double: log-likelihood, gradient and observed information. */
#ifndef MYRIAD_LINEAR_INFORMATION_H
#define MYRIAD_LINEAR_INFORMATION_H

#include <stdbool.h>

#include "myriad/linear.h"

/* The features, with h = beta (Delta theta - r); r is 0 if the reference does not count. */
typedef struct myr_linear_model {
    const myr_features *features;
    double beta;
    bool reference_free;
} myr_linear_model;

/* -sum v log sigmoid(h) at theta, its gradient [parameters], and unless hessian is NULL, the lower triangle
 * of its Hessian beta² sum v sigmoid(h) sigmoid(-h) Delta Deltaᵀ. The same bits on any number of threads,
 * if BLAS is held at one (ground/product.h). */
myr_status myr_linear_information(myr_context *context, const myr_linear_model *model, const double *theta,
                                  int threads, double *value, double *gradient, double *hessian);

/* diagonal[p] = beta²/4 sum v Delta_p², the Hessian's at h = 0, and *weight = sum v, likewise. */
myr_status myr_linear_scale(myr_context *context, const myr_linear_model *model, int threads,
                            double *diagonal, double *weight);

/* The games of features: rows begin … end - 1, of `times` games together. */
typedef struct myr_game_rows {
    uint64_t begin, end;
    double times;
} myr_game_rows;

uint64_t myr_game_total(const myr_features *features);
myr_game_rows myr_game_at(const myr_features *features, uint64_t game);

double myr_linear_weight(const myr_features *features, uint64_t row);

/* The largest change of a row's h, of those that have a weight, when theta changes by step. */
double myr_linear_reach(const myr_linear_model *model, const double *step);

/* The lower triangle of sum g gᵀ, g the gradient of one game at theta, likewise. */
myr_status myr_linear_spread(myr_context *context, const myr_linear_model *model, const double *theta,
                             int threads, double *spread);

#endif
