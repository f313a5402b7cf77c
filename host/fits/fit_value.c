/* The likelihood of a part, its gradient and its Hessian: what comparisons and rankings have in common. */
#include "fit_value.h"

#include <string.h>

uint64_t myr_model_scratch(const myr_model *model) {
    return model->kind == MYR_RANKINGS ? 3 * model->longest : myr_pairs_scratch(model);
}

long double myr_model_value(const myr_model *model, const double *weights, const double *x,
                            double *gradient, double *scratch, int threads) {
    long double value;
    if (model->kind == MYR_RANKINGS)
        value = myr_rankings_value(model, weights, x, gradient, scratch);
    else
        value = myr_pairs_value(model, weights, x, gradient, scratch, threads);
    long double squares = 0.0L;
    for (uint32_t i = 0; i < model->parameters; i++) {
        squares += x[i] * x[i];
        gradient[i] += model->ridge * x[i];
    }
    return value + 0.5L * model->ridge * squares;
}

void myr_model_hessian(const myr_model *model, const double *weights, const double *x, double *hessian,
                       double *scratch) {
    const size_t n = model->parameters;
    memset(hessian, 0, n * n * sizeof *hessian);
    if (model->kind == MYR_RANKINGS)
        myr_rankings_hessian(model, weights, x, hessian, scratch);
    else
        myr_pairs_hessian(model, weights, x, hessian);
    for (size_t i = 0; i < n; i++)
        hessian[i * n + i] += model->ridge;
}

void myr_model_diagonal(const myr_model *model, const double *weights, const double *x, double *diagonal,
                        double *scratch) {
    memset(diagonal, 0, model->parameters * sizeof *diagonal);
    if (model->kind == MYR_RANKINGS)
        myr_rankings_diagonal(model, weights, x, diagonal, scratch);
    else
        myr_pairs_diagonal(model, weights, x, diagonal);
    for (uint32_t i = 0; i < model->parameters; i++)
        diagonal[i] += model->ridge;
}

uint64_t myr_model_score_count(const myr_model *model) {
    return model->kind == MYR_RANKINGS ? model->offsets[model->ranking_count] : model->pair_count;
}

void myr_model_scores(const myr_model *model, const double *x, double *scores, double *scratch) {
    if (model->kind == MYR_RANKINGS)
        myr_rankings_scores(model, x, scores, scratch);
    else
        myr_pairs_scores(model, x, scores);
}

double myr_model_spread(const myr_model *model, const double *scores, const double *v) {
    return model->kind == MYR_RANKINGS ? myr_rankings_spread(model, scores, v)
                                       : myr_pairs_spread(model, scores, v);
}
