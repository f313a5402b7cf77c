/* Tiers of chains of states: draws against the reference's, the same bits everywhere, and occupancy against
 * the exact law. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/cpu_isa.h"
#include "ground/failure.h"
#include "plans/chain.h"
#include "reference/reference_random.h"
#include "tiers.h"

enum { most_trajectories = 5001 };

/* ---- cases ----------------------------------------------------------------------------------------- */

/* Weights that differ, a good part of them 0. */
static void fill_weights(int states, double *weights) {
    for (int i = 0; i < states; i++)
        weights[i] = states > 2 && (i % 5 == 1 || i == states - 1) ? 0.0 : 1.0 + (i * 7) % 11;
}

/* Matrices that no formula makes, one a step: a wrong index shows. */
static void fill_matrices(int states, int64_t steps, double *matrices) {
    for (int64_t row = 0; row < steps * states; row++) {
        double sum = 0.0, *q = matrices + row * states;
        for (int j = 0; j < states; j++)
            sum += q[j] = (row * 13 + j * 29) % 7 == 3 ? 0.0 : 1.0 + (double)((row * 5 + j * j * 3) % 17);
        for (int j = 0; j < states; j++)
            q[j] /= sum;
    }
}

static const struct {
    const char *name; /* of the matrix; NULL: given, one a step */
    int states;
    int64_t steps;
    double beta;
    const char *start;
} chains[] = {
    {"birth-death", 10, 150, 0.6, "prior"},
    {"absorbing", 33, 40, 0.1, "prior"},
    {"uniform", 2, 30, 0.05, "exact"},
    {NULL, 256, 6, 0.0, "exact"},
};
enum { CHAINS = sizeof chains / sizeof *chains };

static myr_status create_target(myr_context *context, int index, myr_target **target) {
    const int s = chains[index].states;
    const int64_t matrices = chains[index].name ? 1 : chains[index].steps;
    const size_t bytes = (size_t)matrices * (size_t)s * (size_t)s * sizeof(double);
    const bool absorbing = chains[index].name && strcmp(chains[index].name, "absorbing") == 0;
    double weights[MYR_MAX_STATES], prior[MYR_MAX_STATES] = {0}, *transitions = malloc(bytes);
    if (!transitions)
        return myr_fail_memory(context, bytes);
    myr_status status = MYR_OK;
    fill_weights(s, weights);
    prior[s - 1] = 1.0;
    if (chains[index].name)
        status = myr_transition_matrix(context, chains[index].name, s, chains[index].beta, s, transitions);
    else
        fill_matrices(s, matrices, transitions);
    if (status == MYR_OK)
        status = myr_target_create_discrete(context, s, weights, matrices, transitions,
                                            absorbing ? prior : NULL, target);
    free(transitions);
    return status;
}

static myr_status create_case(myr_context *context, int index, myr_case *made) {
    memset(made, 0, sizeof *made);
    snprintf(made->name, sizeof made->name, "%s, %d states",
             chains[index].name ? chains[index].name : "given", chains[index].states);
    myr_status status = create_target(context, index, &made->target);
    if (status != MYR_OK)
        return status;
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = "discrete";
    options.sampler = "ancestral";
    options.steps = chains[index].steps;
    options.start = chains[index].start;
    return myr_plan_create(context, &options, made->target, &made->plan);
}

/* ---- draws ----------------------------------------------------------------------------------------- */

/* Whether u is so near to a threshold of the law that a draw may go either way. The fast backends round
 * thresholds to 2^-31, by 2^-32 at most, and take 31 of a word's 32 bits, which moves it by 2^-32 at most;
 * and a cumulated probability in double is off by 2^-44, 2 S roundings. */
static bool near_threshold(const double *law, int states, double u) {
    double cumulated = 0.0;
    for (int j = 0; j < states; j++) {
        cumulated += law[j];
        if (fabs(u - cumulated) <= 0x1p-31 + 0x1p-44)
            return true;
    }
    return false;
}

/* Word number k of the trajectory's steps, or with k = -1 that of the start, as a number in (0, 1). */
static double word_of(const myr_job *job, uint64_t n, int64_t k) {
    uint32_t words[4];
    myr_reference_words(job->seed, job->first + n, k < 0 ? MYR_STREAM_START : MYR_STREAM_STEP,
                        k < 0 ? 0 : (uint32_t)(k / 4), words);
    return ((double)words[k < 0 ? 0 : k % 4] + 0.5) * 0x1p-32;
}

/* Step k, or with k = -1 the start, of the job's trajectories, each from the reference's state in entry,
 * which moves on: states that part from the reference's and have no such excuse. */
static myr_status compare_step(myr_verification *v, const myr_case *used, myr_job job, int64_t k,
                               double *entry, double *expected, double *got, uint64_t *parted) {
    const int s = myr_target_states(used->target);
    job.row_begin = k < 0 ? 0 : k;
    job.row_end = k + 1;
    job.states = k < 0 ? NULL : entry;
    myr_poison(got, job.count);
    myr_status status = myr_backend_reference.states(v->context, &job, expected);
    if (status == MYR_OK)
        status = v->backend->states(v->context, &job, got);
    for (uint64_t n = 0; status == MYR_OK && n < job.count; n++) {
        double law[MYR_MAX_STATES] = {0};
        if (got[n] == expected[n])
            continue;
        if (k < 0) {
            memcpy(law, used->plan->chain->start, (size_t)s * sizeof *law);
        } else {
            law[(int)entry[n] - 1] = 1.0;
            myr_chain_push_law(used->plan, used->target, k, k + 1, law, law);
        }
        *parted += !near_threshold(law, s, word_of(&job, n, k));
    }
    memcpy(entry, expected, job.count * sizeof *entry);
    return status;
}

static myr_status verify_draws(myr_verification *v, const myr_case *used, double *buffers[3]) {
    const uint64_t count = 1000;
    myr_job job = myr_case_job(v, used, UINT64_C(0xfffffe0d), count);
    uint64_t parted = 0;
    myr_status status = MYR_OK;
    for (int64_t k = -1; status == MYR_OK && k < used->plan->steps; k++)
        status = compare_step(v, used, job, k, buffers[0], buffers[1], buffers[2], &parted);
    char name[128];
    snprintf(name, sizeof name, "discrete, %s: draws that part", used->name);
    if (status == MYR_OK)
        myr_report_check(v, name, (double)parted, 0.0, count * ((uint64_t)used->plan->steps + 1));
    return status;
}

/* ---- bits ------------------------------------------------------------------------------------------ */

/* Differences between two runs' states and moments. */
static uint64_t count_differing(const double *a, const double *b, const myr_moment *p, const myr_moment *q,
                                uint64_t count) {
    double left[4] = {p->mean, p->m2, p->m3, p->m4}, right[4] = {q->mean, q->m2, q->m3, q->m4};
    return myr_count_different(a, b, count) + myr_count_different(left, right, 4) + (p->count != q->count);
}

/* States and moments from an instruction set of the CPU, or with NULL from the verified backend. */
static myr_status run_on(myr_verification *v, const myr_lanes_isa *isa, const myr_job *job, double *states,
                         myr_moment *moment) {
    myr_poison(states, job->count);
    memset(moment, 0xff, sizeof *moment); /* the doubles are NaN */
    myr_status status =
        isa ? myr_cpu_states(v->context, isa, job, states) : v->backend->states(v->context, job, states);
    if (status != MYR_OK)
        return status;
    return isa ? myr_cpu_moments(v->context, isa, job, moment)
               : myr_job_moments(v->context, v->backend, job, moment);
}

/* The verified backend on 1, 2 and 7 threads, and where it is the CPU each other instruction set, against
 * the CPU's baseline; the reference against itself. */
static myr_status verify_bits(myr_verification *v, const myr_case *used, double *buffers[3]) {
    static const int threads[] = {1, 2, 7};
    const bool reference = myr_verifies_reference(v), cpu = v->backend == &myr_backend_cpu;
    myr_moment expected, got;
    uint64_t differing = 0, compared = 0;
    myr_job job = myr_case_job(v, used, UINT64_C(0xfffff003), reference ? 500 : most_trajectories);
    myr_status status = run_on(v, reference ? NULL : myr_cpu_isa_at(0), &job, buffers[0], &expected);
    for (int n = 0; status == MYR_OK && n < 3; n++) {
        job.threads = threads[n];
        for (int isa = 0; status == MYR_OK && (isa == 0 || (cpu && myr_cpu_isa_at(isa))); isa++) {
            if (isa > 0 && !myr_cpu_isa_supported(myr_cpu_isa_at(isa)))
                continue;
            status = run_on(v, isa > 0 ? myr_cpu_isa_at(isa) : NULL, &job, buffers[1], &got);
            differing += count_differing(buffers[0], buffers[1], &expected, &got, job.count);
            compared += job.count + 5;
        }
    }
    char name[128];
    snprintf(name, sizeof name, "discrete, %s, %s: values that differ", used->name,
             reference ? "a second run" : "against baseline");
    if (status == MYR_OK)
        myr_report_check(v, name, (double)differing, 0.0, compared);
    return status;
}

/* ---- statistics ------------------------------------------------------------------------------------ */

/* Pearson's statistic as a normal one, by Wilson and Hilferty (1931): (X/f)^(1/3) is near to normal with
 * mean 1 - 2/(9 f) and variance 2/(9 f). States expected fewer than 25 times are pooled with each other;
 * one that cannot be, and is, is infinitely many standard deviations off. */
static double occupancy_z(const uint64_t *seen, const double *law, int states, uint64_t count) {
    double sum = 0.0, freedom = -1.0, pooled = 0.0, pooled_seen = 0.0;
    for (int i = 0; i < states; i++) {
        double expected = law[i] * (double)count, away = (double)seen[i] - expected;
        if (expected == 0.0 && seen[i] > 0)
            return (double)INFINITY;
        if (expected < 25.0) {
            pooled += expected;
            pooled_seen += (double)seen[i];
            continue;
        }
        sum += away * away / expected;
        freedom += 1.0;
    }
    if (pooled >= 25.0) {
        sum += (pooled_seen - pooled) * (pooled_seen - pooled) / pooled;
        freedom += 1.0;
    }
    double spread = 2.0 / (9.0 * freedom);
    return (cbrt(sum / freedom) - (1.0 - spread)) / sqrt(spread);
}

/* Draws the samples batch by batch and counts them; anything that is no state counts as the impossible one.
 */
static myr_status count_states(myr_verification *v, myr_job job, double *states, uint64_t *seen, int most) {
    const uint64_t end = job.first + job.count;
    myr_status status = MYR_OK;
    while (status == MYR_OK && job.first < end) {
        job.count = end - job.first < most_trajectories ? end - job.first : most_trajectories;
        myr_poison(states, job.count);
        status = v->backend->states(v->context, &job, states);
        for (uint64_t n = 0; status == MYR_OK && n < job.count; n++)
            seen[states[n] >= 1.0 && states[n] <= most ? (int)states[n] - 1 : most]++;
        job.first += job.count;
    }
    return status;
}

static myr_status verify_law(myr_verification *v, const myr_case *used, uint64_t first, double *buffer) {
    const int s = myr_target_states(used->target);
    const uint64_t count = myr_verify_count(v);
    const uint64_t occupied = count < 200000 ? count : 200000;
    uint64_t seen[MYR_MAX_STATES + 1] = {0};
    double law[MYR_MAX_STATES + 1] = {0}, mean = NAN, variance = NAN;
    myr_moment moment;
    memset(&moment, 0xff, sizeof moment); /* the doubles are NaN */
    myr_job job = myr_case_job(v, used, first, occupied),
            other = myr_case_job(v, used, first + occupied, count);
    myr_status status = myr_plan_exact_states(v->context, used->plan, used->target, law);
    if (status == MYR_OK)
        status = myr_plan_exact(v->context, used->plan, used->target, &mean, &variance);
    if (status == MYR_OK)
        status = count_states(v, job, buffer, seen, s);
    if (status == MYR_OK)
        status = myr_job_moments(v->context, v->backend, &other, &moment);
    if (status != MYR_OK)
        return status;
    double worst = occupancy_z(seen, law, s + 1, occupied);
    worst = myr_worse(worst, fabs(moment.mean - mean) / myr_moment_mean_error(&moment));
    worst = myr_worse(worst,
                      fabs(myr_moment_variance(&moment) - variance) / myr_moment_variance_error(&moment));
    char name[128];
    snprintf(name, sizeof name, "discrete, %s: worst |z| of occupancy, mean, variance", used->name);
    myr_report_check(v, name, worst, 5.0, occupied + count);
    return MYR_OK;
}

myr_status myr_verify_chains(myr_verification *v) {
    double *buffers[3] = {myr_poisoned(most_trajectories), myr_poisoned(most_trajectories),
                          myr_poisoned(most_trajectories)};
    myr_status status = MYR_OK;
    if (!buffers[0] || !buffers[1] || !buffers[2])
        status = myr_fail_memory(v->context, 3 * most_trajectories * sizeof(double));
    for (int index = 0; status == MYR_OK && index < CHAINS; index++) {
        myr_case used;
        status = create_case(v->context, index, &used);
        if (status == MYR_OK && !myr_verifies_reference(v))
            status = verify_draws(v, &used, buffers);
        if (status == MYR_OK)
            status = verify_bits(v, &used, buffers);
        if (status == MYR_OK)
            status = verify_law(v, &used, (uint64_t)index << 48, buffers[0]);
        myr_case_destroy(&used);
    }
    for (int n = 0; n < 3; n++)
        free(buffers[n]);
    return status;
}
