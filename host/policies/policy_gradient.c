/* The gradient of E[f] to a softmax policy's logits: exactly, from draws, and the draws' variance. */
#include <math.h>
#include <stdlib.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/generator.h"
#include "ground/sized.h"
#include "policy_tables.h"

/* pi_y (f_y - E f). */
static double ascend_exactly(uint32_t answers, const double *log_policy, const double *signal,
                             double *gradient) {
    double mean = 0.0;
    for (uint32_t y = 0; y < answers; y++)
        mean += exp(log_policy[y]) * signal[y];
    for (uint32_t y = 0; y < answers; y++)
        gradient[y] = exp(log_policy[y]) * (signal[y] - mean);
    return mean;
}

/* The distribution function, to its very last value as near 1 as sums come. */
static void accumulate(uint32_t answers, const double *log_policy, double *sums) {
    double sum = 0.0;
    for (uint32_t y = 0; y < answers; y++)
        sums[y] = sum += exp(log_policy[y]);
}

static uint32_t find_answer(uint32_t answers, const double *sums, uint32_t word) {
    const double u = ((double)word + 0.5) * 0x1p-32;
    uint32_t low = 0, high = answers - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (sums[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* With m the mean of all n signals, and n/(n - 1) (f_s - m) = f_s - b_s for b_s the mean of the others:
 * 1/n sum_s (f_s - b_s) [y = y_s] is counted answer by answer, and sum_s (f_s - b_s) pi_y comes off. */
double myr_policy_ascent(uint32_t answers, const double *log_policy, const double *signal,
                         const myr_gradient_options *options, uint64_t trajectory, double *room,
                         double *gradient) {
    const uint32_t n = options->samples;
    if (n == 0)
        return ascend_exactly(answers, log_policy, signal, gradient);
    accumulate(answers, log_policy, room);
    for (uint32_t y = 0; y < answers; y++)
        gradient[y] = 0.0; /* how often y was drawn */
    uint32_t words[4];
    for (uint32_t s = 0; s < n; s++) {
        if (s % 4 == 0)
            myr_words_draw(options->seed, trajectory, MYR_STREAM_ANSWERS, s / 4, words);
        gradient[find_answer(answers, room, words[s % 4])] += 1.0;
    }
    double mean = 0.0, advantage = 0.0;
    for (uint32_t y = 0; y < answers; y++)
        mean += gradient[y] * signal[y] / n;
    for (uint32_t y = 0; y < answers; y++) {
        const double a = options->baseline ? (signal[y] - mean) / (n - 1.0) : signal[y] / n;
        gradient[y] *= a;
        advantage += gradient[y];
    }
    for (uint32_t y = 0; y < answers; y++)
        gradient[y] -= exp(log_policy[y]) * advantage;
    return mean;
}

/* Without a baseline the variance of a mean of n independent terms. With it the estimate is the sample
 * covariance of f and [y = y_s], whose variance is, with central moments m_jk of the two,
 *
 *     (m_22 - m_11^2 (n - 2)/(n - 1) + m_20 m_02/(n - 1)) / n. */
static void find_variance(uint32_t answers, const double *log_policy, const double *signal,
                          const myr_gradient_options *options, double *variance) {
    const double n = options->samples;
    double mean = 0.0, m20 = 0.0, squares = 0.0;
    for (uint32_t y = 0; y < answers; y++)
        mean += exp(log_policy[y]) * signal[y];
    for (uint32_t y = 0; y < answers; y++) {
        m20 += exp(log_policy[y]) * (signal[y] - mean) * (signal[y] - mean);
        squares += exp(log_policy[y]) * signal[y] * signal[y];
    }
    for (uint32_t y = 0; y < answers; y++) {
        const double p = exp(log_policy[y]), q = 1.0 - p, d = signal[y] - mean, m11 = p * d;
        if (options->samples == 0) {
            variance[y] = 0.0;
        } else if (options->baseline) {
            const double m22 = p * d * d * q * q + (m20 - p * d * d) * p * p;
            variance[y] = (m22 - m11 * m11 * (n - 2.0) / (n - 1.0) + m20 * p * q / (n - 1.0)) / n;
        } else {
            const double f2 = p * signal[y] * signal[y];
            variance[y] = (f2 * q * q + (squares - f2) * p * p - m11 * m11) / n;
        }
    }
}

static myr_status check_options(myr_context *context, const myr_gradient_options *options) {
    if (options->samples > 1 << 20 || (options->baseline && options->samples == 1))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "samples: %lu is out of range (expected 0 … 2^20, and not 1 with a baseline)",
                        (unsigned long)options->samples);
    return MYR_OK;
}

myr_status myr_policy_gradient(myr_context *context, const myr_policy_problem *problem,
                               const double *logits, const myr_gradient_options *options, double *gradient,
                               double *variance) {
    MYR_STANDARD_ENVIRONMENT;
    myr_policy_problem known;
    myr_gradient_options how;
    myr_status status = myr_policy_take(context, &problem, &known, true);
    if (status == MYR_OK)
        status = myr_gradient_options_read(context, &options, &how);
    if (status == MYR_OK)
        status = check_options(context, options);
    if (status == MYR_OK && (!logits || !gradient))
        status = myr_fail(context, MYR_INVALID_ARGUMENT, "logits or gradient is NULL (expected both)");
    if (status == MYR_OK)
        status = myr_policy_check_table(context, problem, "the logit", logits);
    if (status != MYR_OK)
        return status;
    const size_t size = myr_policy_size(problem), answers = problem->answers;
    double *policy = malloc((2 * size + answers) * sizeof *policy), *signal = policy + size;
    if (!policy)
        return myr_fail_memory(context, (2 * size + answers) * sizeof *policy);
    myr_policy_reference(problem, signal);
    myr_policy_normalise(problem, logits, policy, NULL);
    for (size_t n = 0; n < size; n++)
        signal[n] = problem->rewards[n] - problem->beta * (policy[n] - signal[n]);
    for (size_t x = 0, at = 0; x < problem->prompts; x++, at += answers) {
        myr_policy_ascent(problem->answers, policy + at, signal + at, options,
                          options->draw * problem->prompts + x, signal + size, gradient + at);
        if (variance)
            find_variance(problem->answers, policy + at, signal + at, options, variance + at);
    }
    free(policy);
    return MYR_OK;
}
