/* Tier: exact policies, what must hold of a finite set of answers: Z cancels, DPO finds pi* from
 * preferences that the backend draws, and the Bradley-Terry fit where the reference is uniform; the policy
 * gradient is unbiased and of known variance; unlikelihood never rests. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ground/failure.h"
#include "myriad/fit.h"
#include "policy_case.h"

enum { PROMPTS = MYR_CASE_PROMPTS, ANSWERS = MYR_CASE_ANSWERS, ENTRIES = MYR_CASE_ENTRIES };

/* ---- closed forms ---------------------------------------------------------------------------------- */

/* Rounding: logarithms below 8 in size, each sum of a few of them, leave some 100 units of 2^-53 of that.
 */
static const double closed_bound = 100.0 * 8.0 * 0x1p-53;

static myr_status verify_closed_forms(myr_verification *v) {
    double policy[ENTRIES], implied[ENTRIES], log_z[PROMPTS], worst = 0.0;
    myr_policy_value value = {sizeof value, NAN, NAN, NAN, NAN};
    myr_status status = myr_policy_exact(v->context, &myr_policy_case, policy, log_z);
    if (status == MYR_OK)
        status = myr_policy_rewards(v->context, &myr_policy_case, policy, implied);
    if (status == MYR_OK)
        status = myr_policy_evaluate(v->context, &myr_policy_case, policy, &value);
    if (status != MYR_OK)
        return status;
    for (uint32_t n = 0; n < PROMPTS * ANSWERS * ANSWERS * ANSWERS; n++) {
        const size_t at = (size_t)n / (ANSWERS * ANSWERS * ANSWERS) * ANSWERS;
        const uint32_t o[3] = {n / (ANSWERS * ANSWERS) % ANSWERS, n / ANSWERS % ANSWERS, n % ANSWERS};
        worst = myr_worse(worst, fabs(myr_case_probability(myr_policy_case.rewards + at, o) -
                                      myr_case_probability(implied + at, o)));
    }
    myr_report_check(v, "policies, Z cancels in preferences: worst difference", worst, closed_bound,
                     PROMPTS * ANSWERS * ANSWERS * ANSWERS);
    const double optimum = myr_policy_case.beta * (log_z[0] + log_z[1]) / PROMPTS;
    myr_report_check(v, "policies, optimum less beta log Z: difference", fabs(value.objective - optimum),
                     closed_bound, 1);
    return MYR_OK;
}

/* ---- training -------------------------------------------------------------------------------------- */

/* DPO to its minimum. The loss is a mean over all rows, and its Hessian at most beta^2/4 times the largest
 * eigenvalue of the mean of (e_a - e_b)(e_a - e_b)^T, about 0.3 (0.25 if all pairs were as frequent): steps
 * of 20 overshoot for no one. */
static const double gradient_left = 1e-10;

static myr_training_options make_training(const myr_loss_options *loss) {
    myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
    options.loss = loss;
    options.steps = 20000;
    options.rate = 20.0;
    options.tolerance = gradient_left;
    return options;
}

/* Comparisons drawn by the backend; without two answers in each, the tier ends here. */
static myr_status draw_pairs(myr_verification *v, uint64_t first, uint64_t count, uint32_t *rankings,
                             myr_policy_pairs *pairs) {
    const myr_ranking_draw draw = myr_case_draw(v, &myr_policy_case, 2, first, count);
    *pairs = (myr_policy_pairs)MYR_POLICY_PAIRS_INIT;
    pairs->count = count;
    pairs->answers = rankings;
    myr_status status = v->backend->simulate(v->context, &draw, rankings);
    uint64_t bad = 0;
    for (uint64_t i = 0; status == MYR_OK && i < 2 * count; i += 2)
        bad += rankings[i] >= ANSWERS || rankings[i + 1] >= ANSWERS || rankings[i] == rankings[i + 1];
    if (bad == 0)
        return status;
    myr_report_check(v, "policies, preferences drawn: rows without two answers", (double)bad, 0.0, count);
    return MYR_CHECK_FAILED;
}

/* The squared error of centred rewards in the metric of the expected information of `count` comparisons,
 * sum n p (1 - p) (e_a - e_b)^2 over the pairs, n = count/(prompts pairs) of each: chi^2 with answers - 1
 * degrees of freedom a prompt, of the maximum-likelihood estimate, as count grows. */
static double information_error(const double *estimate, double count) {
    double sum = 0.0;
    for (size_t x = 0; x < PROMPTS; x++)
        for (size_t a = x * ANSWERS; a < (x + 1) * ANSWERS; a++)
            for (size_t b = a + 1; b < (x + 1) * ANSWERS; b++) {
                const double p = 1.0 / (1.0 + exp(myr_policy_case.rewards[b] - myr_policy_case.rewards[a]));
                const double e =
                    estimate[a] - myr_policy_case.rewards[a] - estimate[b] + myr_policy_case.rewards[b];
                sum += count / (0.5 * PROMPTS * ANSWERS * (ANSWERS - 1)) * p * (1.0 - p) * e * e;
            }
    return sum;
}

enum { REPLICATES = 16, SIZES = 3, LARGEST = 32768, FREE = PROMPTS * (ANSWERS - 1) * REPLICATES };

static myr_status recover(myr_verification *v, uint64_t first, uint64_t count, uint32_t *rankings,
                          double *chi2) {
    const myr_training_options options = make_training(NULL);
    double policy[ENTRIES], estimate[ENTRIES];
    myr_policy_pairs pairs;
    *chi2 = 0.0;
    for (uint64_t replicate = 0; replicate < REPLICATES; replicate++) {
        myr_status status = draw_pairs(v, first + replicate * count, count, rankings, &pairs);
        if (status == MYR_OK)
            status = myr_policy_train(v->context, &myr_policy_case, &pairs, &options, policy, NULL);
        if (status == MYR_OK)
            status = myr_policy_rewards(v->context, &myr_policy_case, policy, estimate);
        if (status != MYR_OK)
            return status;
        *chi2 += information_error(estimate, (double)count);
    }
    return MYR_OK;
}

/* The error of DPO's policy from preferences of pi*: at each N as large as the information says, and so
 * falling as N^-1/2. chi^2 of n degrees has standard deviation sqrt(2 n), half its logarithm
 * 1/sqrt(2 n). */
static myr_status verify_recovery(myr_verification *v, uint32_t *rankings) {
    static const uint64_t sizes[SIZES] = {512, 4096, LARGEST};
    double chi2[SIZES], error[SIZES];
    myr_status status = MYR_OK;
    uint64_t first = 0;
    for (int n = 0; status == MYR_OK && n < SIZES; n++) {
        status = recover(v, first, sizes[n], rankings, &chi2[n]);
        first += sizes[n] * REPLICATES;
        error[n] = 0.5 * log(chi2[n] / (double)sizes[n]);
    }
    for (int n = 0; status == MYR_OK && n < SIZES; n++) {
        char name[96];
        snprintf(name, sizeof name, "policies, DPO recovers pi* from %llu preferences: |z| of the error",
                 (unsigned long long)sizes[n]);
        myr_report_check(v, name, fabs(chi2[n] - FREE) / sqrt(2.0 * FREE), 5.0, REPLICATES);
    }
    const double span = log((double)LARGEST / 512.0);
    if (status == MYR_OK)
        myr_report_check(v, "policies, DPO's error as a power of N: |power + 1/2|",
                         fabs((error[SIZES - 1] - error[0]) / span + 0.5), 5.0 / sqrt(FREE) / span,
                         REPLICATES);
    return status;
}

/* The same pairs, with prompts as the outcomes have them: items 0 … ENTRIES - 1. */
static myr_status fit_bradley_terry(myr_verification *v, const myr_policy_pairs *pairs, double *abilities) {
    uint32_t *columns = malloc(2 * pairs->count * sizeof *columns);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate estimates[ANSWERS];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    myr_status status = MYR_OK;
    if (!columns)
        return myr_fail_memory(v->context, 2 * pairs->count * sizeof *columns);
    options.tolerance = 1e-9;
    options.threads = 1;
    for (uint32_t x = 0; status == MYR_OK && x < PROMPTS; x++) {
        uint64_t count = 0;
        for (uint64_t i = x; i < pairs->count; i += PROMPTS, count++) {
            columns[count] = pairs->answers[2 * i];
            columns[pairs->count + count] = pairs->answers[2 * i + 1];
        }
        myr_outcomes *outcomes = NULL;
        status = myr_outcomes_create_comparisons(v->context, ANSWERS, count, columns,
                                                 columns + pairs->count, NULL, NULL, &outcomes);
        if (status == MYR_OK)
            status = myr_fit(v->context, outcomes, &options, estimates, &report);
        for (uint32_t y = 0; status == MYR_OK && y < ANSWERS; y++)
            abilities[x * ANSWERS + y] = estimates[y].estimate;
        myr_outcomes_destroy(outcomes);
    }
    free(columns);
    return status;
}

/* DPO of a uniform reference and the Bradley-Terry fit maximise one likelihood. What is left of the
 * gradient is worth beta sqrt(answers) gradient/lambda in rewards: of the loss's Hessian the smallest
 * eigenvalue but 0 is at least beta^2 answers times the smallest share of a pair times p (1 - p), here
 * 0.7^2 * 5 * 0.04 * 0.08. */
static myr_status verify_uniform(myr_verification *v, const myr_policy_pairs *pairs) {
    const myr_training_options options = make_training(NULL);
    myr_policy_problem uniform = myr_policy_case;
    double policy[ENTRIES], estimate[ENTRIES], abilities[ENTRIES], worst = 0.0;
    uniform.reference = NULL;
    myr_status status = myr_policy_train(v->context, &uniform, pairs, &options, policy, NULL);
    if (status == MYR_OK)
        status = myr_policy_rewards(v->context, &uniform, policy, estimate);
    if (status == MYR_OK)
        status = fit_bradley_terry(v, pairs, abilities);
    if (status != MYR_OK)
        return status;
    for (int n = 0; n < ENTRIES; n++)
        worst = myr_worse(worst, fabs(estimate[n] - abilities[n]));
    myr_report_check(v, "policies, DPO of a uniform reference, against the Bradley-Terry fit: difference",
                     worst, 0.7 * sqrt(ANSWERS) * gradient_left / (0.49 * ANSWERS * 0.04 * 0.08), ENTRIES);
    return MYR_OK;
}

/* The gradient of unlikelihood's loss is, whatever the policy, each answer's losses less its wins, per row:
 * logits go on in straight lines for ever, and probabilities to 0 or 1. DPO rests on the same pairs. A sum
 * of `steps` terms is off by at most steps 2^-53 of it, and there are two. */
static myr_status verify_unlikelihood(myr_verification *v, const myr_policy_pairs *pairs) {
    enum { STEPS = 2000 };
    myr_loss_options unlikelihood = MYR_LOSS_OPTIONS_INIT;
    unlikelihood.loss = "unlikelihood";
    myr_training_options options = make_training(&unlikelihood);
    double policy[ENTRIES], slope[ENTRIES] = {0}, worst = 0.0, left = 0.0;
    myr_training_report rest = {sizeof rest, 0, NAN, NAN};
    options.steps = STEPS;
    options.rate = 1.0;
    myr_status status = myr_policy_train(v->context, &myr_policy_case, pairs, &options, policy, NULL);
    for (uint64_t i = 0; status == MYR_OK && i < pairs->count; i++) {
        slope[i % PROMPTS * ANSWERS + pairs->answers[2 * i]] += 1.0 / (double)pairs->count;
        slope[i % PROMPTS * ANSWERS + pairs->answers[2 * i + 1]] -= 1.0 / (double)pairs->count;
    }
    for (int n = 0; status == MYR_OK && n < ENTRIES; n++) {
        const int base = n / ANSWERS * ANSWERS;
        const double line = myr_policy_case.reference[n] - myr_policy_case.reference[base] +
                            STEPS * (slope[n] - slope[base]);
        worst = myr_worse(worst, fabs(policy[n] - policy[base] - line));
    }
    for (size_t x = 0; status == MYR_OK && x < PROMPTS; x++) {
        double least = 0.0;
        for (size_t y = 0; y < ANSWERS; y++)
            least = fmin(least, policy[x * ANSWERS + y]);
        left = myr_worse(left, exp(least));
    }
    options = make_training(NULL);
    if (status == MYR_OK)
        status = myr_policy_train(v->context, &myr_policy_case, pairs, &options, policy, &rest);
    if (status != MYR_OK)
        return status;
    myr_report_check(v, "policies, unlikelihood after 2000 steps: log-odds off their straight line", worst,
                     2.0 * STEPS * 0x1p-53 * STEPS, ENTRIES);
    myr_report_check(v, "policies, unlikelihood melts down: probability left to the least answers", left,
                     1e-9, PROMPTS);
    myr_report_check(v, "policies, DPO on the same pairs rests: gradient", rest.gradient, gradient_left, 1);
    return MYR_OK;
}

static myr_status verify_training(myr_verification *v) {
    myr_policy_pairs pairs;
    uint32_t *rankings = myr_new_rankings(LARGEST, 2);
    if (!rankings)
        return myr_fail_memory(v->context, (size_t)LARGEST * 2 * sizeof *rankings);
    myr_status status = verify_recovery(v, rankings);
    if (status == MYR_OK)
        status = draw_pairs(v, UINT64_C(1) << 40, 4096, rankings, &pairs);
    if (status == MYR_OK)
        status = verify_uniform(v, &pairs);
    if (status == MYR_OK)
        status = verify_unlikelihood(v, &pairs);
    free(rankings);
    return status == MYR_CHECK_FAILED ? MYR_OK : status;
}

/* ---- the policy gradient --------------------------------------------------------------------------- */

enum { DRAWS = 4096, SAMPLES = 6 };

/* Mean and variance over many estimates, two passes, against the exact ones. */
static myr_status gradient_z(myr_verification *v, bool baseline, double *estimates, double *mean_z,
                             double *variance_z) {
    static const double logits[ENTRIES] = {0.2, -0.7, 0.9, -1.5, 0.0, 1.2, 0.3, -0.4, -1.0, 0.6};
    myr_gradient_options options = MYR_GRADIENT_OPTIONS_INIT;
    double exact[ENTRIES], variance[ENTRIES];
    myr_poison(estimates, (uint64_t)DRAWS * ENTRIES);
    myr_status status = myr_policy_gradient(v->context, &myr_policy_case, logits, &options, exact, NULL);
    options.samples = SAMPLES;
    options.baseline = baseline;
    options.seed = v->seed;
    for (uint64_t n = 0; status == MYR_OK && n < DRAWS; n++) {
        options.draw = n;
        status = myr_policy_gradient(v->context, &myr_policy_case, logits, &options,
                                     estimates + n * ENTRIES, n == 0 ? variance : NULL);
    }
    for (size_t c = 0; status == MYR_OK && c < ENTRIES; c++) {
        myr_moment m = {DRAWS, 0.0, 0.0, 0.0, 0.0};
        for (size_t n = 0; n < DRAWS; n++)
            m.mean += estimates[n * ENTRIES + c] / DRAWS;
        for (size_t n = 0; n < DRAWS; n++) {
            const double d = estimates[n * ENTRIES + c] - m.mean;
            m.m2 += d * d;
            m.m4 += d * d * d * d;
        }
        *mean_z = myr_worse(*mean_z, fabs(m.mean - exact[c]) / myr_moment_mean_error(&m));
        *variance_z = myr_worse(
            *variance_z, fabs(myr_moment_variance(&m) - variance[c]) / myr_moment_variance_error(&m));
    }
    return status;
}

static myr_status verify_gradient(myr_verification *v) {
    static const char *const names[2][2] = {
        {"policies, REINFORCE: mean gradient against the exact one, worst |z|",
         "policies, REINFORCE: variance against the exact one, worst |z|"},
        {"policies, REINFORCE with baseline: mean gradient against the exact one, worst |z|",
         "policies, REINFORCE with baseline: variance against the exact one, worst |z|"}};
    double *estimates = myr_poisoned((uint64_t)DRAWS * ENTRIES);
    myr_status status = MYR_OK;
    if (!estimates)
        return myr_fail_memory(v->context, sizeof(double) * DRAWS * ENTRIES);
    for (int baseline = 0; status == MYR_OK && baseline < 2; baseline++) {
        double z[2] = {0.0, 0.0};
        status = gradient_z(v, baseline, estimates, &z[0], &z[1]);
        for (int n = 0; status == MYR_OK && n < 2; n++)
            myr_report_check(v, names[baseline][n], z[n], 5.3, ENTRIES);
    }
    free(estimates);
    return status;
}

myr_status myr_verify_policies(myr_verification *v) {
    myr_status status = verify_closed_forms(v);
    if (status == MYR_OK)
        status = verify_training(v);
    return status == MYR_OK ? verify_gradient(v) : status;
}
