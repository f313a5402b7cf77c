/* Discrete targets: laws and reverse chain against the enumeration of all paths, draws against the laws,
 * and the same bits everywhere. */
#include "discrete_targets.h"

#include <float.h>

#include "chain_step.h"
#include "cpu/cpu_isa.h"
#include "plans/chain.h"
#include "tables/chain_table.h"
#include "targets/discrete.h"

/* ---- against the enumeration of all paths ---------------------------------------------------------- */

enum { most_states = 5, most_steps = 4 };

/* joint[t][j][i] = P(x_{t-1} = j, x_t = i), summed over every path x_0 … x_T one by one. */
typedef struct path_sums {
    long double joint[most_steps + 1][most_states][most_states];
} path_sums;

static void enumerate_paths(const myr_target *target, int steps, path_sums *sums) {
    const int s = myr_target_chain(target)->states;
    int paths = 1;
    for (int t = 0; t <= steps; t++)
        paths *= s;
    *sums = (path_sums){{{{0}}}};
    for (int path = 0; path < paths; path++) {
        int x[most_steps + 1], rest = path;
        long double probability = 1.0L;
        for (int t = 0; t <= steps; t++, rest /= s)
            x[t] = rest % s;
        probability *= myr_target_chain(target)->weights[x[0]];
        for (int t = 1; t <= steps; t++)
            probability *= myr_discrete_matrix(myr_target_chain(target), t)[x[t - 1] * s + x[t]];
        for (int t = 1; t <= steps; t++)
            sums->joint[t][x[t - 1]][x[t]] += probability;
    }
}

/* P(x_{t-1} = j | x_t = i), or NaN where x_t is never i. */
static long double reverse_probability(const path_sums *sums, int s, int t, int j, int i) {
    long double all = 0.0L;
    for (int from = 0; from < s; from++)
        all += sums->joint[t][from][i];
    return all > 0.0L ? sums->joint[t][j][i] / all : (long double)NAN;
}

/* A law in double, of at most 5 states and 4 steps: each of the sums, products and quotients on the way to
 * an entry rounds once, relative to numbers that are not negative; there are fewer than 100. */
static const double law_bound = 100 * DBL_EPSILON;

static void compare_step(const myr_plan *plan, const myr_target *target, const path_sums *sums, int t,
                         const myr_chain_table *table) {
    const int s = myr_target_chain(target)->states;
    const int64_t k = plan->steps - t;
    for (int i = 0; i < s; i++) {
        double at[most_states] = {0}, law[most_states];
        long double cumulated = 0.0L;
        if (isnan(reverse_probability(sums, s, t, 0, i)))
            continue;
        at[i] = 1.0;
        myr_chain_push_law(plan, target, k, k + 1, at, law);
        for (int j = 0; j < s; j++) {
            long double want = reverse_probability(sums, s, t, j, i);
            cr_assert(fabsl(law[j] - want) <= law_bound, "step %d, from %d to %d: %g, not %Lg", t, i, j,
                      law[j], want);
            cr_assert((law[j] == 0.0) == (want == 0.0L), "step %d, from %d to %d", t, i, j);
            cumulated += want;
            double entry = (double)table->steps[(k * s + i) * table->width + j] + 1.0;
            cr_assert(fabs(entry * 0x1p-31 - (double)cumulated) <= 0x1p-32 + law_bound,
                      "the table's cumulated probability: %g, not %Lg", entry * 0x1p-31, cumulated);
        }
    }
}

/* The law of x_0 from that of x_T, over the reverse chain's paths by the enumerated probabilities. */
static void compare_result(myr_context *context, const myr_plan *plan, const myr_target *target,
                           const path_sums *sums) {
    const int s = myr_target_chain(target)->states;
    long double law[most_states], mean = 0.0L, variance = 0.0L;
    double got[most_states], got_mean, got_variance;
    for (int i = 0; i < s; i++)
        law[i] = plan->chain->start[i];
    for (int t = (int)plan->steps; t >= 1; t--) {
        long double next[most_states] = {0};
        for (int i = 0; i < s; i++)
            for (int j = 0; j < s; j++)
                next[j] += law[i] > 0.0L ? law[i] * reverse_probability(sums, s, t, j, i) : 0.0L;
        memcpy(law, next, sizeof law);
    }
    REQUIRE_OK(context, myr_plan_exact_states(context, plan, target, got));
    for (int i = 0; i < s; i++) {
        cr_assert(fabsl(got[i] - law[i]) <= law_bound, "state %d: %g, not %Lg", i + 1, got[i], law[i]);
        mean += (i + 1) * law[i];
    }
    for (int i = 0; i < s; i++)
        variance += (i + 1 - mean) * (i + 1 - mean) * law[i];
    REQUIRE_OK(context, myr_plan_exact(context, plan, target, &got_mean, &got_variance));
    /* At most 5 states: a law's error counts 5, 25 and 5 x 25 times at most. */
    cr_assert(fabsl(got_mean - mean) <= 25 * law_bound &&
              fabsl(got_variance - variance) <= 125 * law_bound);
}

Test(discrete, reverse_chain_and_laws_are_those_of_all_paths) {
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), random = seed;
    for (int s = 1; s <= most_states; s++)
        for (int steps = 1; steps <= most_steps; steps++)
            for (int kind = 0; kind < 4; kind++) {
                const bool exact = kind & 2;
                /* Where zeros may keep the prior's states from being reached, only the exact start. */
                myr_target *target = random_target(context, s, kind & 1 ? steps : 1, exact, &random);
                myr_plan *plan = chain_plan(context, steps, exact ? "exact" : "prior", target);
                myr_job job = {.plan = plan, .target = target, .row_end = steps, .threads = 1};
                myr_chain_table table;
                path_sums sums;
                enumerate_paths(target, steps, &sums);
                REQUIRE_OK(context, myr_chain_table_create(context, &job, &table));
                for (int t = 1; t <= steps; t++)
                    compare_step(plan, target, &sums, t, &table);
                compare_result(context, plan, target, &sums);
                myr_chain_table_destroy(&table);
                myr_plan_destroy(plan);
                myr_target_destroy(target);
            }
    myr_context_destroy(context);
}

/* From p_T back: the data's law, whatever the chain. A step's law sums s products that are not negative and
 * divides once; relative errors add up, a law's to s + 3 roundings a step each way. */
Test(discrete, exact_start_ends_in_the_data) {
    myr_context *context = new_context();
    uint64_t random = fresh_seed();
    const int sizes[] = {1, 2, 3, 17, 256};
    const int64_t lengths[] = {1, 10, 300};
    for (int n = 0; n < 5; n++)
        for (int m = 0; m < 3; m++) {
            double law[MYR_MAX_STATES];
            myr_target *target = random_target(context, sizes[n], 1, true, &random);
            myr_plan *plan = chain_plan(context, lengths[m], "exact", target);
            double bound = 2.0 * (double)lengths[m] * (sizes[n] + 3) * DBL_EPSILON;
            REQUIRE_OK(context, myr_plan_exact_states(context, plan, target, law));
            for (int i = 0; i < sizes[n]; i++) {
                double want = myr_target_chain(target)->weights[i];
                cr_assert(fabs(law[i] - want) <= bound * want, "%d states, %lld steps, state %d", sizes[n],
                          (long long)lengths[m], i + 1);
            }
            myr_plan_destroy(plan);
            myr_target_destroy(target);
        }
    myr_context_destroy(context);
}

/* Every state keeps its mass times (1 - beta)^t, and the last has the rest; so turned round, from the last
 * state the chain leaves it at the step from t with probability beta (1 - beta)^(t-1)/(1 - (1 - beta)^t),
 * to the data's law, and stays. */
Test(discrete, absorbing_chain_has_its_closed_form) {
    myr_context *context = new_context();
    const double weights[] = {3, 0, 1, 4, 0}, prior[] = {0, 0, 0, 0, 1}, beta = 0.07;
    myr_target *target = named_target(context, "absorbing", 5, beta, weights, prior);
    myr_plan *plan = chain_plan(context, 40, "prior", target);
    for (int64_t k = 0; k < 40; k++) {
        const int64_t t = 40 - k;
        double law[5], leave = beta * pow(1 - beta, (double)t - 1) / (1 - pow(1 - beta, (double)t));
        myr_chain_push_law(plan, target, k, k + 1, prior, law);
        for (int j = 0; j < 4; j++)
            cr_assert(fabs(law[j] - leave * weights[j] / 8.0) <= 200 * DBL_EPSILON, "t %lld", (long long)t);
        cr_assert(fabs(law[4] - (1 - leave)) <= 200 * DBL_EPSILON);
        const double data[] = {1, 0, 0, 0, 0};
        myr_chain_push_law(plan, target, k, k + 1, data, law);
        cr_assert(fabs(law[0] - 1.0) <= 2 * DBL_EPSILON && law[2] == 0.0 && law[3] == 0.0 && law[4] == 0.0,
                  "what is data stays");
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(discrete, named_matrices_are_as_documented) {
    myr_context *context = new_context();
    double q[16];
    REQUIRE_OK(context, myr_transition_matrix(context, "uniform", 4, 0.5, 0, q));
    for (int e = 0; e < 16; e++)
        cr_assert_eq(q[e], e % 5 == 0 ? 0.625 : 0.125);
    REQUIRE_OK(context, myr_transition_matrix(context, "absorbing", 4, 0.25, 2, q));
    for (int e = 0; e < 16; e++)
        cr_assert_eq(q[e], (e % 5 == 0 ? 0.75 : 0.0) + (e % 4 == 1 ? 0.25 : 0.0));
    REQUIRE_OK(context, myr_transition_matrix(context, "birth-death", 4, 0.5, 0, q));
    const double walk[] = {0.75, 0.25, 0, 0, 0.25, 0.5, 0.25, 0, 0, 0.25, 0.5, 0.25, 0, 0, 0.25, 0.75};
    cr_assert_eq(memcmp(q, walk, sizeof q), 0);
    REQUIRE_OK(context, myr_transition_matrix(context, "birth-death", 1, 1.0, 0, q));
    cr_assert_eq(q[0], 1.0);
    myr_context_destroy(context);
}

/* ---- draws ----------------------------------------------------------------------------------------- */

/* Pearson's statistic as a normal one, by Wilson and Hilferty's cube root; states expected fewer than 25
 * times are pooled, and one that cannot be must not be. */
static double occupancy_z(const double *samples, uint64_t count, const double *law, int states) {
    uint64_t seen[MYR_MAX_STATES] = {0};
    double pooled_seen = 0.0, pooled = 0.0, sum = 0.0;
    int cells = 0;
    for (uint64_t n = 0; n < count; n++) {
        cr_assert(samples[n] >= 1.0 && samples[n] <= states && samples[n] == floor(samples[n]), "state %g",
                  samples[n]);
        seen[(int)samples[n] - 1]++;
    }
    for (int i = 0; i < states; i++) {
        double expected = law[i] * (double)count, away = (double)seen[i] - expected;
        cr_assert(law[i] > 0.0 || seen[i] == 0, "state %d cannot be, and is", i + 1);
        if (expected >= 25.0) {
            sum += away * away / expected;
            cells++;
        } else {
            pooled_seen += (double)seen[i];
            pooled += expected;
        }
    }
    if (pooled >= 25.0) {
        sum += (pooled_seen - pooled) * (pooled_seen - pooled) / pooled;
        cells++;
    }
    if (cells < 2)
        return 0.0;
    double freedom = cells - 1, spread = 2.0 / (9.0 * freedom);
    return (cbrt(sum / freedom) - (1.0 - spread)) / sqrt(spread);
}

/* Some 20 statistics a backend, each past 5 once in 3.5 million. */
static void check_draws(myr_context *context, const char *backend, const myr_target *target, int64_t steps,
                        const char *start) {
    const uint64_t count = sample_size(strcmp(backend, "reference") == 0 ? 20000 : 200000);
    const int s = myr_target_states(target);
    double law[MYR_MAX_STATES], *samples = malloc(count * sizeof *samples);
    myr_plan *plan = chain_plan(context, steps, start, target);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.count = count;
    options.seed = fresh_seed();
    memset(samples, 0xff, count * sizeof *samples);
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, samples, NULL));
    REQUIRE_OK(context, myr_plan_exact_states(context, plan, target, law));
    double z = occupancy_z(samples, count, law, s);
    cr_assert(z <= 5.0,
              "%d states, %lld steps, start %s, seed %llu: chi-square is %g standard deviations off", s,
              (long long)steps, start, (unsigned long long)options.seed, z);
    myr_plan_destroy(plan);
    free(samples);
}

TEST_ON_BACKENDS(discrete, draws_follow_the_exact_law) {
    myr_context *context = new_context();
    need_backend(context, backend);
    const int sizes[] = {1, 2, 3, 8, 9, 256};
    uint64_t random = fresh_seed();
    for (int n = 0; n < 6; n++) {
        myr_target *target = random_target(context, sizes[n], 1, false, &random);
        check_draws(context, backend, target, 7, "exact");
        check_draws(context, backend, target, 2, "prior");
        myr_target_destroy(target);
    }
    /* A slow chain with zeros, whose steps take many; and one that is far from forgetting. */
    double weights[40], prior[40] = {0};
    for (int i = 0; i < 40; i++)
        weights[i] = i < 3 || i % 4 == 2 || i > 35 ? 0.0 : 1.0 + i;
    prior[39] = 1.0;
    const char *const names[] = {"uniform", "birth-death", "absorbing"};
    for (int n = 0; n < 3; n++) {
        myr_target *target = named_target(context, names[n], 40, 0.2, weights, n == 2 ? prior : NULL);
        check_draws(context, backend, target, 50, "exact");
        check_draws(context, backend, target, 50, "prior");
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

/* The fast backends' thresholds are within 2^-32 of the reference's, and their words have 31 bits: a draw
 * may part from the reference's where the word is within 2^-31 of a threshold, of which a step has s - 1 at
 * most. */
Test(discrete, cpu_draws_the_references_states) {
    enum { count = 20000, states = 30, steps = 40 };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), random = seed, parted = 0;
    myr_target *target = random_target(context, states, steps, true, &random);
    myr_plan *plan = chain_plan(context, steps, "exact", target);
    double *expected = malloc(count * sizeof *expected), *got = malloc(count * sizeof *got);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.count = count;
    options.seed = seed;
    options.first = (UINT64_C(5) << 32) - 777;
    memset(got, 0xff, count * sizeof *got);
    options.backend = "reference";
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, expected, NULL));
    options.backend = "cpu";
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, got, NULL));
    for (int n = 0; n < count; n++)
        parted += !(got[n] == expected[n]);
    /* Expected: at most 20000 x 41 x 29 x 2^-30 = 0.022; more than 3 once in 10^8. */
    cr_assert(parted <= 3, "%llu of %d trajectories part, seed %llu", (unsigned long long)parted,
              (int)count, (unsigned long long)seed);
    free(expected);
    free(got);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* ---- the same bits --------------------------------------------------------------------------------- */

Test(discrete, instruction_sets_threads_and_parts_give_the_same_bits) {
    enum { count = 9001 };
    myr_context *context = new_context();
    uint64_t random = fresh_seed();
    double *expected = malloc(count * sizeof *expected), *got = malloc(count * sizeof *got);
    const int sizes[] = {1, 2, 5, 16, 200};
    for (int n = 0; n < 5; n++) {
        myr_target *target = random_target(context, sizes[n], 1, false, &random);
        myr_plan *plan = chain_plan(context, 11, "prior", target);
        myr_moment moments, other;
        myr_job job = {.plan = plan,
                       .target = target,
                       .seed = random,
                       .first = (UINT64_C(3) << 32) - 4321,
                       .count = count,
                       .row_end = 11,
                       .threads = 1};
        REQUIRE_OK(context, myr_cpu_states(context, myr_cpu_isa_at(0), &job, expected));
        REQUIRE_OK(context, myr_cpu_moments(context, myr_cpu_isa_at(0), &job, &moments));
        for (int isa = 0; myr_cpu_isa_at(isa); isa++)
            for (int threads = 1; threads <= 7 && myr_cpu_isa_supported(myr_cpu_isa_at(isa));
                 threads += 3) {
                job.threads = threads;
                memset(got, 0xff, count * sizeof *got);
                memset(&other, 0xff, sizeof other);
                REQUIRE_OK(context, myr_cpu_states(context, myr_cpu_isa_at(isa), &job, got));
                REQUIRE_OK(context, myr_cpu_moments(context, myr_cpu_isa_at(isa), &job, &other));
                cr_assert_eq(memcmp(expected, got, count * sizeof *got), 0, "%d states", sizes[n]);
                cr_assert_eq(memcmp(&moments, &other, sizeof other), 0, "%d states", sizes[n]);
            }
        /* Steps 0 … 2, then from there, in two runs of trajectories. */
        for (int part = 0; part < 2; part++) {
            const uint64_t begin = part ? 1234 : 0;
            job.first = (UINT64_C(3) << 32) - 4321 + begin;
            job.count = part ? count - begin : 1234;
            job.row_begin = 0;
            job.row_end = 3;
            job.states = NULL;
            double *middle = malloc(count * sizeof *middle);
            REQUIRE_OK(context, myr_cpu_states(context, myr_cpu_isa_at(0), &job, middle));
            job.row_begin = 3;
            job.row_end = 11;
            job.states = middle;
            REQUIRE_OK(context, myr_cpu_states(context, myr_cpu_isa_at(0), &job, got + begin));
            free(middle);
        }
        cr_assert_eq(memcmp(expected, got, count * sizeof *got), 0, "%d states, in parts", sizes[n]);
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
    free(expected);
    free(got);
    myr_context_destroy(context);
}

/* Sums of 10,000 numbers of at most 3, and of at most 4: a rounding each, of a sum at most so large. */
Test(discrete, moments_are_those_of_the_states) {
    enum { count = 10000 };
    myr_context *context = new_context();
    const double weights[] = {1, 2, 3};
    myr_target *target = named_target(context, "uniform", 3, 0.3, weights, NULL);
    myr_plan *plan = chain_plan(context, 9, "prior", target);
    double *samples = malloc(count * sizeof *samples), mean = 0.0, m2 = 0.0;
    myr_moment moment;
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = "cpu";
    options.count = count;
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, samples, NULL));
    REQUIRE_OK(context, myr_run_moments(context, plan, target, &options, &moment, NULL));
    for (int n = 0; n < count; n++)
        mean += samples[n] / count;
    for (int n = 0; n < count; n++)
        m2 += (samples[n] - mean) * (samples[n] - mean);
    cr_assert(moment.count == count && fabs(moment.mean - mean) <= 3.0 * count * DBL_EPSILON);
    cr_assert(fabs(moment.m2 - m2) <= 4.0 * count * (count * DBL_EPSILON));
    free(samples);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}
