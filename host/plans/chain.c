/* Markov chains turned round. With p_0 the data's law and Q_t the forward step from x_{t-1} to x_t,
 *
 *     p_t(i) = sum_j p_{t-1}(j) Q_t(i | j)                                  the forward laws
 *     P(x_{t-1} = j | x_t = i) = Q_t(i | j) p_{t-1}(j) / p_t(i)             Bayes' rule
 *
 * and a run that begins at any law of x_T has at every step an exact law, by the same sums. */
#include "chain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "targets/discrete.h"

void myr_chain_destroy(myr_chain *chain) {
    if (!chain)
        return;
    free(chain->start); /* and the laws, which lie behind it */
    free(chain);
}

static myr_status allocate(myr_context *context, int states, int64_t steps, myr_chain **chain) {
    const size_t bytes = ((size_t)steps + 2) * (size_t)states * sizeof(double);
    myr_chain *made = calloc(1, sizeof *made);
    double *numbers = calloc(1, bytes);
    if (!made || !numbers) {
        free(made);
        free(numbers);
        return myr_fail_memory(context, bytes);
    }
    made->states = states;
    made->start = numbers;
    made->laws = numbers + states;
    *chain = made;
    return MYR_OK;
}

static void fill_laws(const myr_discrete *discrete, int64_t steps, myr_chain *chain) {
    const int s = chain->states;
    memcpy(chain->laws, discrete->weights, (size_t)s * sizeof(double));
    for (int64_t t = 1; t <= steps; t++) {
        const double *before = chain->laws + (t - 1) * s, *matrix = myr_discrete_matrix(discrete, t);
        double *after = chain->laws + t * s;
        for (int j = 0; j < s; j++)
            for (int i = 0; i < s; i++)
                after[i] += before[j] * matrix[j * s + i];
    }
}

static myr_status check_steps(myr_context *context, const myr_discrete *discrete, int64_t steps) {
    const int s = discrete->states;
    int width = 1; /* of a row of the fast backends' table: a power of two */
    while (width < s)
        width *= 2;
    const int64_t most = MYR_MAX_CHAIN_BYTES / ((int64_t)sizeof(int32_t) * s * width);
    if (discrete->matrices > 1 && steps != discrete->matrices)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "steps is %lld; expected %lld, the target's transition matrices", (long long)steps,
                        (long long)discrete->matrices);
    if (steps > most)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "steps is %lld; expected at most %lld with %d states, whose table takes %d bytes",
                        (long long)steps, (long long)most, s, MYR_MAX_CHAIN_BYTES);
    return MYR_OK;
}

/* Outside p_T the reverse chain is not defined. */
static myr_status check_start(myr_context *context, const myr_chain *chain, int64_t steps) {
    const double *last = chain->laws + steps * chain->states;
    for (int i = 0; i < chain->states; i++)
        if (chain->start[i] > 0.0 && !(last[i] > 0.0))
            return myr_fail(
                context, MYR_UNSUPPORTED,
                "start prior begins in state %d with probability %g, but the forward chain does "
                "not reach it in %lld steps; expected another prior, more steps, or start exact",
                i + 1, chain->start[i], (long long)steps);
    return MYR_OK;
}

myr_status myr_chain_create(myr_context *context, const myr_target *target, int64_t steps, bool exact_start,
                            myr_chain **chain) {
    const myr_discrete *discrete = myr_target_chain(target);
    const int s = discrete->states;
    *chain = NULL;
    myr_status status = check_steps(context, discrete, steps);
    if (status == MYR_OK)
        status = allocate(context, s, steps, chain);
    if (status != MYR_OK)
        return status;
    (*chain)->identity = discrete->identity;
    fill_laws(discrete, steps, *chain);
    memcpy((*chain)->start, exact_start ? (*chain)->laws + steps * s : discrete->prior,
           (size_t)s * sizeof(double));
    status = check_start(context, *chain, steps);
    if (status != MYR_OK) {
        myr_chain_destroy(*chain);
        *chain = NULL;
    }
    return status;
}

myr_status myr_chain_check_target(myr_context *context, const myr_plan *plan, const myr_target *target) {
    const myr_discrete *discrete = myr_target_chain(target);
    if (!plan->chain && !discrete)
        return MYR_OK;
    if (!plan->chain || !discrete)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "target: is a %s, but the plan is %s the process discrete", myr_target_type(target),
                        plan->chain ? "one of" : "not one of");
    if (plan->chain->identity != discrete->identity)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "target: is not the one whose chain the plan holds; expected the plan's own");
    return MYR_OK;
}

myr_status myr_chain_check_states(myr_context *context, const myr_plan *plan, const double *states,
                                  uint64_t count) {
    const myr_chain *chain = plan->chain;
    const double *last = chain->laws + plan->steps * chain->states;
    for (uint64_t n = 0; n < count; n++) {
        double number = states[n];
        if (!(number >= 1.0 && number <= chain->states && number == floor(number)))
            return myr_fail(context, MYR_INVALID_DATA,
                            "given: states[%llu] is %g; expected a state, 1 to %d", (unsigned long long)n,
                            number, chain->states);
        if (!(last[(int)number - 1] > 0.0))
            return myr_fail(
                context, MYR_INVALID_DATA,
                "given: states[%llu] is %g, which the forward chain does not reach in %lld steps",
                (unsigned long long)n, number, (long long)plan->steps);
    }
    return MYR_OK;
}

/* From t to t - 1: law'(j) = p_{t-1}(j) sum_i Q_t(i | j) law(i)/p_t(i), in long double, in which the ratio
 * does not overflow. */
static void push_step(const myr_plan *plan, const double *matrix, int64_t t, long double *law) {
    const int s = plan->chain->states;
    const double *before = plan->chain->laws + (t - 1) * s, *after = plan->chain->laws + t * s;
    long double ratio[MYR_MAX_STATES];
    for (int i = 0; i < s; i++)
        ratio[i] = law[i] > 0.0L ? law[i] / after[i] : 0.0L;
    for (int j = 0; j < s; j++) {
        long double sum = 0.0L;
        for (int i = 0; i < s; i++)
            sum += matrix[j * s + i] * ratio[i];
        law[j] = before[j] * sum;
    }
}

void myr_chain_push_law(const myr_plan *plan, const myr_target *target, int64_t row_begin, int64_t row_end,
                        const double *from, double *to) {
    const int s = plan->chain->states;
    long double law[MYR_MAX_STATES];
    for (int i = 0; i < s; i++)
        law[i] = from[i];
    for (int64_t k = row_begin; k < row_end; k++)
        push_step(plan, myr_discrete_matrix(myr_target_chain(target), plan->steps - k), plan->steps - k,
                  law);
    for (int i = 0; i < s; i++)
        to[i] = (double)law[i];
}

myr_status myr_plan_exact_states(myr_context *context, const myr_plan *plan, const myr_target *target,
                                 double *probabilities) {
    MYR_STANDARD_ENVIRONMENT;
    if (!plan || !target || !probabilities)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "plan, target and probabilities must not be NULL");
    if (!plan->chain)
        return myr_fail(context, MYR_UNSUPPORTED,
                        "states have exact probabilities on the process discrete only");
    myr_status status = myr_chain_check_target(context, plan, target);
    if (status == MYR_OK)
        myr_chain_push_law(plan, target, 0, plan->steps, plan->chain->start, probabilities);
    return status;
}
