/* Discrete targets: a distribution of states, and the Markov chain that forgets it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discrete.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "marginal.h"
#include "myriad/plan.h"

/* A row may be this far from 1: figures with six decimals, or floats, are meant to sum to it. */
static const double row_tolerance = 1e-6;

static myr_status check_weights(myr_context *context, const char *name, int states, const double *weights) {
    double sum = 0.0;
    for (int i = 0; i < states; i++) {
        if (!(weights[i] >= 0.0 && weights[i] <= MYR_LARGEST_NUMBER))
            return myr_fail(context, MYR_INVALID_ARGUMENT, "%s[%d] is %g; expected a number from 0 to %g",
                            name, i, weights[i], MYR_LARGEST_NUMBER);
        sum += weights[i];
    }
    if (sum == 0.0)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "%s are all 0; expected one above 0", name);
    return MYR_OK;
}

/* A row's name: with one matrix for all steps it takes one index, else two. */
static const char *name_row(int64_t matrices, int64_t matrix, int row, char text[64]) {
    if (matrices == 1)
        snprintf(text, 64, "transitions[%d]", row);
    else
        snprintf(text, 64, "transitions[%lld][%d]", (long long)matrix, row);
    return text;
}

static myr_status check_row(myr_context *context, const char *name, int states, const double *row) {
    double sum = 0.0;
    for (int j = 0; j < states; j++) {
        if (!(row[j] >= 0.0 && row[j] <= 1.0 + row_tolerance))
            return myr_fail(context, MYR_INVALID_ARGUMENT, "%s[%d] is %g; expected a probability, 0 to 1",
                            name, j, row[j]);
        sum += row[j];
    }
    if (!(fabs(sum - 1.0) <= row_tolerance))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "%s sums to %.10g; expected 1", name, sum);
    return MYR_OK;
}

static myr_status check(myr_context *context, int states, const double *weights, int64_t matrices,
                        const double *transitions, const double *prior) {
    const size_t entries = (size_t)states * (size_t)states;
    if (states < 1 || states > MYR_MAX_STATES)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "states is %d; expected 1 to %d", states,
                        MYR_MAX_STATES);
    const int64_t most = (int64_t)(MYR_MAX_TRANSITION_BYTES / (entries * sizeof(double)));
    if (matrices < 1 || matrices > (most < MYR_MAX_STEPS ? most : MYR_MAX_STEPS))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "matrices is %lld; expected 1 to %lld of %d states",
                        (long long)matrices, (long long)(most < MYR_MAX_STEPS ? most : MYR_MAX_STEPS),
                        states);
    myr_status status = myr_check_array(context, "weights", weights);
    if (status == MYR_OK)
        status = myr_check_array(context, "transitions", transitions);
    if (status == MYR_OK)
        status = check_weights(context, "weights", states, weights);
    if (status == MYR_OK && prior)
        status = check_weights(context, "prior", states, prior);
    for (int64_t m = 0; status == MYR_OK && m < matrices; m++)
        for (int i = 0; status == MYR_OK && i < states; i++) {
            char name[64];
            status = check_row(context, name_row(matrices, m, i, name), states,
                               transitions + (size_t)m * entries + (size_t)i * (size_t)states);
        }
    return status;
}

/* Divides by the sum. Weights of 1e30 do not overflow, and one of 1e-300 is not lost, in a sum of 256. */
static void normalise(int states, const double *from, double *to) {
    double sum = 0.0;
    for (int i = 0; i < states; i++)
        sum += from[i];
    for (int i = 0; i < states; i++)
        to[i] = from[i] / sum;
}

/* FNV-1a, a double at a time. */
static uint64_t hash_numbers(uint64_t hash, const double *numbers, size_t count) {
    for (size_t n = 0; n < count; n++) {
        uint64_t bits;
        memcpy(&bits, &numbers[n], sizeof bits);
        hash = (hash ^ bits) * UINT64_C(0x100000001b3);
        hash ^= hash >> 32; /* or else the upper bits would never reach the lower ones */
    }
    return hash;
}

static myr_status copy(myr_context *context, int states, const double *weights, int64_t matrices,
                       const double *transitions, const double *prior, myr_discrete *to) {
    const size_t s = (size_t)states, rows = (size_t)matrices * s, numbers = 2 * s + rows * s;
    to->weights = malloc(numbers * sizeof(double));
    if (!to->weights)
        return myr_fail_memory(context, numbers * sizeof(double));
    to->states = states;
    to->matrices = matrices;
    to->prior = to->weights + s;
    to->transitions = to->prior + s;
    normalise(states, weights, to->weights);
    for (size_t i = 0; i < s; i++)
        to->prior[i] = 1.0 / (double)states;
    if (prior)
        normalise(states, prior, to->prior);
    for (size_t row = 0; row < rows; row++)
        normalise(states, transitions + row * s, to->transitions + row * s);
    to->identity = hash_numbers(UINT64_C(0xcbf29ce484222325) ^ (uint64_t)states, to->weights, numbers);
    return MYR_OK;
}

/* Of the state's number, 1 … S. */
static void find_moments(myr_target *target) {
    const myr_discrete *d = target->content;
    for (int i = 0; i < d->states; i++)
        target->mean[0] += d->weights[i] * (i + 1);
    for (int i = 0; i < d->states; i++) {
        double away = i + 1 - target->mean[0];
        target->variance[0] += d->weights[i] * away * away;
    }
}

myr_status myr_target_create_discrete(myr_context *context, int states, const double *weights,
                                      int64_t matrices, const double *transitions, const double *prior,
                                      myr_target **target) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status = myr_target_allocate(context, &myr_target_discrete, 1, sizeof(myr_discrete), target);
    if (status != MYR_OK)
        return status;
    status = check(context, states, weights, matrices, transitions, prior);
    if (status == MYR_OK)
        status = copy(context, states, weights, matrices, transitions, prior, (*target)->content);
    if (status == MYR_OK) {
        find_moments(*target);
        return MYR_OK;
    }
    myr_target_destroy(*target);
    *target = NULL;
    return status;
}

const double *myr_discrete_matrix(const myr_discrete *discrete, int64_t t) {
    const size_t entries = (size_t)discrete->states * (size_t)discrete->states;
    return discrete->transitions + (discrete->matrices == 1 ? 0 : (size_t)(t - 1) * entries);
}

int myr_target_states(const myr_target *target) {
    const myr_discrete *discrete = target ? myr_target_chain(target) : NULL;
    return discrete ? discrete->states : 0;
}

int64_t myr_target_steps(const myr_target *target) {
    const myr_discrete *discrete = target ? myr_target_chain(target) : NULL;
    return discrete && discrete->matrices > 1 ? discrete->matrices : 0;
}

/* ---- operations ------------------------------------------------------------------------------------ */

static void free_content(void *content) {
    myr_discrete *d = content;
    free(d->weights); /* and prior and transitions, which lie behind it */
}

static const myr_discrete *chain(const myr_target *target) {
    return target->content;
}

/* States of no probability are no atoms. A direction has one entry, which is 1. */
static myr_status marginal(myr_context *context, const myr_target *target, int coordinate,
                           const double *direction, myr_marginal *to) {
    const myr_discrete *d = target->content;
    myr_atom atoms[MYR_MAX_STATES];
    size_t used = 0;
    (void)coordinate;
    (void)direction;
    for (int i = 0; i < d->states; i++)
        if (d->weights[i] > 0.0)
            atoms[used++] = (myr_atom){i + 1.0, d->weights[i]};
    return myr_marginal_place_atoms(context, atoms, used, to);
}

static double covariance(const myr_target *target, int i, int j) {
    (void)i;
    (void)j;
    return target->variance[0];
}

static void weigh_cells(const myr_target *target, double *weight, double *constant) {
    const myr_discrete *d = target->content;
    (void)constant;
    memcpy(weight, d->weights, (size_t)d->states * sizeof *weight);
}

static int find_cell(const myr_target *target, const double *constant, uint64_t seed, uint64_t trajectory,
                     const double *x) {
    const double state = round(*x);
    (void)constant;
    (void)seed;
    (void)trajectory;
    return state >= 1.0 && state <= (double)myr_target_states(target) ? (int)state - 1 : -1;
}

static myr_status example(myr_context *context, int index, myr_target **target) {
    static const double weights[] = {1.0, 0.0, 2.0, 4.0};
    double matrix[16];
    myr_status status = myr_transition_matrix(context, "uniform", 4, 0.3, 0, matrix);
    if (index > 0 || status != MYR_OK)
        return status;
    return myr_target_create_discrete(context, 4, weights, 1, matrix, NULL, target);
}

const myr_target_operations myr_target_discrete = {
    .type = "discrete",
    .help = "states, with transition matrices (FILE.json)",
    .most = 1,
    .read = myr_read_discrete,
    .free_content = free_content,
    .example = example,
    .chain = chain,
    .marginal = marginal,
    .covariance = covariance,
    .cells = myr_target_states,
    .first_cell = 1,
    .weigh_cells = weigh_cells,
    .find_cell = find_cell,
};
