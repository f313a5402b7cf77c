/* Losses of log-linear policies, one and many, for verification. */
#include <math.h>
#include <stdlib.h>

#include "gradient_cases.h"
#include "gradient_problem.h"
#include "ground/failure.h"
#include "myriad/linear.h"

static const double u = 0x1p-24;

/* Pairs past a chunk's; replicates with betas and bootstrap weights of their own. */
enum { LINEAR_PAIRS = 5000, LINEAR_P = 33, MANY_PAIRS = 1100, MANY_P = 17, REPLICATES = 5 };

typedef struct linear {
    uint64_t pairs, parameters, thetas;
    double betas[REPLICATES];
    double x[REPLICATES * LINEAR_P], gradient[REPLICATES * LINEAR_P], bound[REPLICATES * LINEAR_P];
    double margin[LINEAR_PAIRS], weight[LINEAR_PAIRS];
    myr_loss_options loss;
    myr_features features;
    myr_many many;
    float delta[LINEAR_PAIRS * LINEAR_P];
} linear;

static myr_status make(myr_context *context, uint64_t seed, uint64_t pairs, uint64_t parameters,
                       uint64_t thetas, myr_gradient_problem *problem) {
    linear *l = calloc(1, sizeof *l);
    if (!l)
        return myr_fail_memory(context, sizeof *l);
    l->pairs = pairs;
    l->parameters = parameters;
    l->thetas = thetas;
    for (uint64_t i = 0; i < pairs * parameters; i++)
        l->delta[i] = (float)(2.0 * myr_next_uniform(&seed) - 0.9);
    for (uint64_t i = 0; i < thetas * parameters; i++)
        l->x[i] = (double)(float)((2.0 * myr_next_uniform(&seed) - 1.1) / sqrt((double)parameters));
    for (uint64_t i = 0; i < pairs; i++) {
        l->margin[i] = myr_next_uniform(&seed) - 0.3;
        l->weight[i] = i % 5 == 2 ? 0.0 : 2.0 * myr_next_uniform(&seed);
    }
    for (uint64_t b = 0; b < thetas; b++)
        l->betas[b] = 0.3 + 0.4 * (double)b;
    l->loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
    l->loss.beta = 0.8;
    l->features = (myr_features)MYR_FEATURES_INIT;
    l->features.count = pairs;
    l->features.parameters = parameters;
    l->features.delta.data = l->delta;
    l->features.reference_margin.data = l->margin;
    l->features.weight.data = l->weight;
    *problem = (myr_gradient_problem){
        .count = thetas * parameters, .x = l->x, .gradient = l->gradient, .bound = l->bound, .data = l};
    return MYR_OK;
}

/* The largest margin, term by term. */
static double largest_margin(const linear *l, uint64_t b) {
    double largest = 0.0;
    for (uint64_t i = 0; i < l->pairs; i++) {
        double size = fabs(l->margin[i]);
        for (uint64_t p = 0; p < l->parameters; p++)
            size += fabs((double)l->delta[i * l->parameters + p] * l->x[b * l->parameters + p]);
        largest = fmax(largest, size);
    }
    return largest;
}

/* A margin is off by e = (chain + 2) u (sum |Delta theta| + |r|), chain being the roundings of a partial
 * sum; by the loss's derivatives in it, beta and beta^2/4 at most, so are loss and slope; the pointwise
 * functions err by 32 u beta, and the loss by 32 u of its size, beta |x| + log 2. A gradient's product and
 * its sums in float have `sums` roundings of |Delta| <= 1.1 times beta; a weight is rounded, and with a
 * bootstrap's once more, in sums and in what they are divided by: 4 u. All are of weighted means. */
static void bound_theta(const linear *l, uint64_t b, double beta, double chain, double sums,
                        myr_gradient_problem *problem) {
    const double size = largest_margin(l, b), e = (chain + 2.0) * u * size;
    problem->loss_bound += beta * e + (32.0 + 4.0) * u * (beta * size + 0.7);
    for (uint64_t p = 0; p < l->parameters; p++)
        problem->bound[b * l->parameters + p] =
            1.1 * (beta * beta / 4.0 * e + (32.0 + 4.0 + sums) * u * beta);
}

/* Sums of 32 lanes: the margin's over columns, the gradient's over 8 pairs. */
static void bound_linear(myr_gradient_problem *problem) {
    const linear *l = problem->data;
    problem->loss_bound = 0.0;
    bound_theta(l, 0, l->loss.beta, (double)l->parameters / 32.0 + 6.0, 9.0, problem);
}

/* Matrix products: sums in any order, over the columns and the 1,024 pairs of a chunk. */
static void bound_many(myr_gradient_problem *problem) {
    const linear *l = problem->data;
    problem->loss_bound = 0.0;
    for (uint64_t b = 0; b < l->thetas; b++)
        bound_theta(l, b, l->betas[b], (double)l->parameters, 1025.0, problem);
}

static myr_status run_linear(myr_context *context, myr_gradient_problem *problem,
                             const myr_compute_options *options) {
    const linear *l = problem->data;
    myr_linear_metrics metrics = {.loss = (double)NAN};
    myr_status status =
        myr_loss_linear(context, &l->loss, &l->features, (myr_array){problem->x, MYR_F64}, options,
                        (myr_array_out){problem->gradient, MYR_F64}, &metrics, NULL);
    problem->loss = metrics.loss;
    return status;
}

/* Each loss depends on its own theta alone: the sum has all their gradients. */
static myr_status run_many(myr_context *context, myr_gradient_problem *problem,
                           const myr_compute_options *options) {
    const linear *l = problem->data;
    myr_linear_metrics metrics[REPLICATES];
    myr_status status =
        myr_loss_many(context, &l->loss, &l->features, (myr_array){problem->x, MYR_F64}, &l->many, options,
                      (myr_array_out){problem->gradient, MYR_F64}, metrics, NULL);
    if (status != MYR_OK)
        return status;
    problem->loss = 0.0;
    for (int b = 0; b < REPLICATES; b++)
        problem->loss += metrics[b].loss;
    return MYR_OK;
}

myr_status myr_linear_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem) {
    myr_status status = make(context, seed, LINEAR_PAIRS, LINEAR_P, 1, problem);
    problem->loss_rounding = 0x1p-53 * (LINEAR_PAIRS + LINEAR_P + 32.0) * 8.0;
    problem->run = run_linear;
    problem->find_bounds = bound_linear;
    return status;
}

myr_status myr_many_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem) {
    myr_status status = make(context, seed, MANY_PAIRS, MANY_P, REPLICATES, problem);
    if (status != MYR_OK)
        return status;
    linear *l = problem->data;
    l->many = (myr_many)MYR_MANY_INIT;
    l->many.replicates = REPLICATES;
    l->many.each_theta = true;
    l->many.betas = l->betas;
    l->many.bootstrap = true;
    l->many.seed = seed;
    l->many.first_replicate = 3;
    problem->loss_rounding = REPLICATES * 0x1p-53 * (MANY_PAIRS + MANY_P + 32.0) * 8.0;
    problem->run = run_many;
    problem->find_bounds = bound_many;
    return MYR_OK;
}
