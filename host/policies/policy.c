/* Exact policies: closed forms on tables. Every sum of exponentials is relative to its largest term. */
#include <math.h>
#include <stdlib.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "policy_tables.h"

static const double largest_size = 1e15;

myr_status myr_policy_check_table(myr_context *context, const myr_policy_problem *problem, const char *name,
                                  const double *table) {
    for (size_t n = 0; n < myr_policy_size(problem); n++)
        if (!(fabs(table[n]) <= largest_size))
            return myr_fail(context, MYR_INVALID_DATA,
                            "policy: %s of prompt %zu, answer %zu, is %g (expected at most 1e15 in size)",
                            name, n / problem->answers, n % problem->answers, table[n]);
    return MYR_OK;
}

static myr_status check(myr_context *context, const myr_policy_problem *problem, bool rewards) {
    if (problem->prompts < 1 || problem->prompts > MYR_MAX_PROMPTS || problem->answers < 2 ||
        problem->answers > MYR_MAX_ANSWERS || (uint64_t)problem->prompts * problem->answers > MYR_MAX_TABLE)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "problem: %lu prompts of %lu answers (expected 1 … 2^20 of 2 … 2^16, 2^24 in all)",
                        (unsigned long)problem->prompts, (unsigned long)problem->answers);
    if (!(problem->beta >= 1e-6 && problem->beta <= 1e6))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "problem: beta %g is out of range (1e-6 … 1e6)",
                        problem->beta);
    if (rewards && !problem->rewards)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "problem: rewards is NULL (expected a table)");
    myr_status status = MYR_OK;
    if (problem->reference)
        status = myr_policy_check_table(context, problem, "the reference", problem->reference);
    if (status == MYR_OK && rewards)
        status = myr_policy_check_table(context, problem, "the reward", problem->rewards);
    return status;
}

myr_status myr_policy_take(myr_context *context, const myr_policy_problem **problem,
                           myr_policy_problem *known, bool rewards) {
    const myr_status status = myr_policy_problem_read(context, problem, known);
    return status == MYR_OK ? check(context, known, rewards) : status;
}

size_t myr_policy_size(const myr_policy_problem *problem) {
    return (size_t)problem->prompts * problem->answers;
}

void myr_policy_normalise(const myr_policy_problem *problem, const double *from, double *to,
                          double *log_sums) {
    const size_t answers = problem->answers;
    for (size_t x = 0; x < problem->prompts; x++, from += answers, to += answers) {
        double top = from[0], sum = 0.0;
        for (size_t y = 1; y < answers; y++)
            top = fmax(top, from[y]);
        for (size_t y = 0; y < answers; y++)
            sum += exp(from[y] - top);
        const double rest = log(sum);
        for (size_t y = 0; y < answers; y++)
            to[y] = from[y] - top - rest;
        if (log_sums)
            log_sums[x] = top + rest;
    }
}

void myr_policy_reference(const myr_policy_problem *problem, double *reference) {
    for (size_t n = 0; n < myr_policy_size(problem); n++)
        reference[n] = problem->reference ? problem->reference[n] : 0.0;
    myr_policy_normalise(problem, reference, reference, NULL);
}

void myr_policy_centre(const myr_policy_problem *problem, double *table) {
    for (size_t x = 0; x < problem->prompts; x++, table += problem->answers) {
        double sum = 0.0;
        for (size_t y = 0; y < problem->answers; y++)
            sum += table[y];
        for (size_t y = 0; y < problem->answers; y++)
            table[y] -= sum / problem->answers;
    }
}

/* The problem, and log pi_ref, normalised, in new memory. */
static myr_status begin(myr_context *context, const myr_policy_problem **problem, myr_policy_problem *known,
                        bool rewards, double **reference) {
    myr_status status = myr_policy_take(context, problem, known, rewards);
    if (status != MYR_OK)
        return status;
    const size_t bytes = myr_policy_size(known) * sizeof **reference;
    *reference = malloc(bytes);
    if (!*reference)
        return myr_fail_memory(context, bytes);
    myr_policy_reference(known, *reference);
    return MYR_OK;
}

/* log pi*, and log Z unless NULL, from the normalised reference. policy may be the reference. */
static void tilt(const myr_policy_problem *problem, const double *reference, double *policy,
                 double *log_z) {
    for (size_t n = 0; n < myr_policy_size(problem); n++)
        policy[n] = reference[n] + problem->rewards[n] / problem->beta;
    myr_policy_normalise(problem, policy, policy, log_z);
}

myr_status myr_policy_exact(myr_context *context, const myr_policy_problem *problem, double *policy,
                            double *log_z) {
    MYR_STANDARD_ENVIRONMENT;
    myr_policy_problem known;
    double *table = NULL;
    myr_status status = begin(context, &problem, &known, true, &table);
    if (status != MYR_OK)
        return status;
    tilt(problem, table, policy ? policy : table, log_z);
    free(table);
    return MYR_OK;
}

/* Of one prompt; both normalised. pi log pi tends to 0 as pi does. */
static void add_value(const myr_policy_problem *problem, const double *reference, const double *policy,
                      const double *rewards, myr_policy_value *value) {
    for (uint32_t y = 0; y < problem->answers; y++) {
        const double p = exp(policy[y]);
        value->reward += p * rewards[y];
        value->kl += p > 0.0 ? p * (policy[y] - reference[y]) : 0.0;
    }
}

myr_status myr_policy_evaluate(myr_context *context, const myr_policy_problem *problem,
                               const double *policy, myr_policy_value *value) {
    MYR_STANDARD_ENVIRONMENT;
    myr_policy_problem known;
    myr_policy_value made = {0};
    double *reference = NULL;
    if (!policy || !value)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "policy or value is NULL (expected both)");
    myr_status status = myr_policy_value_ready(context, value);
    if (status == MYR_OK)
        status = begin(context, &problem, &known, true, &reference);
    if (status != MYR_OK)
        return status;
    const size_t size = myr_policy_size(problem), answers = problem->answers;
    const size_t bytes = (size + problem->prompts) * sizeof *policy;
    double *table = malloc(bytes);
    status = table ? myr_policy_check_table(context, problem, "the policy", policy)
                   : myr_fail_memory(context, bytes);
    if (status == MYR_OK) {
        double *log_z = table + size;
        tilt(problem, reference, table, log_z);
        myr_policy_normalise(problem, policy, table, NULL);
        for (size_t x = 0; x < problem->prompts; x++) {
            add_value(problem, reference + x * answers, table + x * answers, problem->rewards + x * answers,
                      &made);
            made.optimum += problem->beta * log_z[x];
        }
        made.reward /= problem->prompts;
        made.kl /= problem->prompts;
        made.optimum /= problem->prompts;
        made.objective = made.reward - problem->beta * made.kl;
        myr_policy_value_fill(value, &made);
    }
    free(table);
    free(reference);
    return status;
}

myr_status myr_policy_rewards(myr_context *context, const myr_policy_problem *problem, const double *policy,
                              double *rewards) {
    MYR_STANDARD_ENVIRONMENT;
    myr_policy_problem known;
    double *reference = NULL;
    if (!policy || !rewards)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "policy or rewards is NULL (expected both)");
    myr_status status = begin(context, &problem, &known, false, &reference);
    if (status != MYR_OK)
        return status;
    status = myr_policy_check_table(context, problem, "the policy", policy);
    for (size_t n = 0; status == MYR_OK && n < myr_policy_size(problem); n++)
        rewards[n] = problem->beta * (policy[n] - reference[n]);
    if (status == MYR_OK)
        myr_policy_centre(problem, rewards);
    free(reference);
    return status;
}
