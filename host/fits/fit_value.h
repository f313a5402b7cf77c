/* The two likelihoods, without the ridge's term. Hessians and diagonals are added to. Scores and spread:
 * fit_model.h. */
#ifndef MYRIAD_FIT_VALUE_H
#define MYRIAD_FIT_VALUE_H

#include "fit_model.h"

uint64_t myr_pairs_scratch(const myr_model *model);
long double myr_pairs_value(const myr_model *model, const double *weights, const double *x,
                            double *gradient, double *scratch, int threads);
void myr_pairs_hessian(const myr_model *model, const double *weights, const double *x, double *hessian);
void myr_pairs_diagonal(const myr_model *model, const double *weights, const double *x, double *diagonal);
void myr_pairs_scores(const myr_model *model, const double *x, double *scores);
double myr_pairs_spread(const myr_model *model, const double *scores, const double *v);

long double myr_rankings_value(const myr_model *model, const double *weights, const double *x,
                               double *gradient, double *scratch);
void myr_rankings_hessian(const myr_model *model, const double *weights, const double *x, double *hessian,
                          double *scratch);
void myr_rankings_diagonal(const myr_model *model, const double *weights, const double *x, double *diagonal,
                           double *scratch);
void myr_rankings_scores(const myr_model *model, const double *x, double *scores, double *scratch);
double myr_rankings_spread(const myr_model *model, const double *scores, const double *v);

#endif
