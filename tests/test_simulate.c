/* Rankings drawn from rewards: the documented words in the documented order, on every backend; arrival
 * times to their bound; the smallest chances; refusals. Frequencies are a tier of verify; cuda's bits
 * device_on_host/test_simulate_on_host.c. */
#include <criterion/criterion.h>

#include "race.h"
#include "support.h"

enum { PROMPTS = 3, ANSWERS = 40, COUNT = 2000 };

typedef struct world {
    myr_context *context;
    double rewards[PROMPTS * ANSWERS];
    myr_policy_problem problem;
    myr_run_options run;
} world;

static world *new_world(const char *backend, uint64_t seed) {
    world *w = calloc(1, sizeof *w);
    w->context = new_context();
    need_backend(w->context, backend);
    for (int n = 0; n < PROMPTS * ANSWERS; n++)
        w->rewards[n] = (double)(next_random(&seed) >> 40) * 0x1p-22; /* 0 … 4 */
    w->problem = (myr_policy_problem){sizeof w->problem, PROMPTS, ANSWERS, NULL, w->rewards, 1.0};
    w->run = (myr_run_options)MYR_RUN_OPTIONS_INIT;
    w->run.backend = backend;
    w->run.seed = next_random(&seed);
    w->run.count = COUNT;
    return w;
}

static void free_world(world *w) {
    myr_context_destroy(w->context);
    free(w);
}

Test(simulate, arrival_times_keep_their_bound) {
    uint64_t seed = fresh_seed();
    double worst = 0.0;
    for (uint64_t n = 0; n < sample_size(20000000); n++) {
        /* Both ends, the middle, and words at random of every size. */
        const uint32_t random = (uint32_t)next_random(&seed) >> n % 32;
        const uint32_t word = n < 3000   ? (uint32_t)n
                              : n < 6000 ? (uint32_t) - (int32_t)(n - 2999)
                              : n < 9000 ? 0x7ffffa00u + (uint32_t)(n - 6000)
                              : n % 2    ? random
                                         : ~random;
        const double exact = -log1p(-((double)word + 0.5) * 0x1p-32);
        const double error = fabs((double)myr_arrival(word) - exact) / exact;
        if (!(error <= worst))
            worst = error;
    }
    cr_expect(worst <= 6e-7, "%g", worst);
    cr_expect(worst >= 1e-8, "floats: %g", worst);
}

/* By the header's text, in double, from the words that the generator gives; the order may differ only where
 * two times are within 1.2e-6. */
static void expect_documented(world *w, uint32_t length, const uint32_t *rankings) {
    const uint32_t blocks = (2 * length + 3) / 4;
    uint32_t *words = malloc((size_t)COUNT * blocks * 4 * sizeof *words);
    myr_run_options run = w->run;
    run.backend = "reference";
    REQUIRE_OK(w->context, myr_random_words(w->context, &run, MYR_STREAM_RANKING, 0, blocks, words));
    for (uint64_t n = 0; n < COUNT; n++) {
        const uint32_t *word = words + n * blocks * 4;
        const double *r = w->rewards + (w->run.first + n) % PROMPTS * ANSWERS;
        double time[ANSWERS], before = 0.0;
        bool taken[ANSWERS] = {false};
        for (uint32_t k = 0; k < length; k++) {
            uint64_t number = (uint64_t)word[k] * (ANSWERS - k) >> 32;
            uint32_t y = 0;
            for (;; y++)
                if (!taken[y] && number-- == 0)
                    break;
            taken[y] = true;
        }
        for (uint32_t y = 0, k = 0; y < ANSWERS; y++)
            if (taken[y])
                time[y] = -log1p(-(word[length + k++] + 0.5) / 4294967296.0) * exp(-r[y]);
        for (uint32_t place = 0; place < length; place++) {
            const uint32_t y = rankings[n * length + place];
            cr_assert(y < ANSWERS && taken[y], "%llu: %u is no candidate", (unsigned long long)n, y);
            cr_assert(time[y] * (1.0 + 1.2e-6) >= before, "%llu, place %u", (unsigned long long)n, place);
            before = fmax(before, time[y]);
            taken[y] = false;
        }
    }
    free(words);
}

TEST_ON_BACKENDS(simulate, are_the_documented_words) {
    const uint32_t lengths[] = {2, 3, 7, MYR_MAX_SIMULATED};
    world *w = new_world(backend, fresh_seed());
    for (int l = 0; l < 4; l++) {
        uint32_t *rankings = malloc((size_t)COUNT * lengths[l] * sizeof *rankings);
        memset(rankings, 0xff, (size_t)COUNT * lengths[l] * sizeof *rankings);
        w->run.first = l % 2 ? UINT64_C(0x1fffffff0) : 5; /* across the lower half of the index */
        REQUIRE_OK(w->context, myr_policy_simulate(w->context, &w->problem, &w->run, lengths[l], rankings));
        expect_documented(w, lengths[l], rankings);
        free(rankings);
    }
    free_world(w);
}

TEST_ON_BACKENDS(simulate, do_not_hang_on_threads_or_parts) {
    world *w = new_world(backend, fresh_seed());
    uint32_t whole[COUNT][3], parts[COUNT][3];
    w->run.first = 1000;
    w->run.threads = 1;
    REQUIRE_OK(w->context, myr_policy_simulate(w->context, &w->problem, &w->run, 3, whole[0]));
    w->run.threads = 5;
    w->run.count = 777;
    REQUIRE_OK(w->context, myr_policy_simulate(w->context, &w->problem, &w->run, 3, parts[0]));
    w->run.first += 777;
    w->run.count = COUNT - 777;
    REQUIRE_OK(w->context, myr_policy_simulate(w->context, &w->problem, &w->run, 3, parts[777]));
    cr_expect_eq(memcmp(whole, parts, sizeof whole), 0);
    free_world(w);
}

/* The widest rewards allowed: the better answer always wins, in whichever place it is; and all answers,
 * equal ones, in every order. */
TEST_ON_BACKENDS(simulate, certain_and_equal_answers) {
    world *w = new_world(backend, fresh_seed());
    uint32_t rankings[COUNT][3];
    const double certain[] = {0.0, 600.0, 300.0, -200.0, 400.0, 100.0};
    uint64_t seen[27] = {0};
    w->problem = (myr_policy_problem){sizeof w->problem, 2, 3, NULL, certain, 1.0};
    REQUIRE_OK(w->context, myr_policy_simulate(w->context, &w->problem, &w->run, 3, rankings[0]));
    for (int n = 0; n < COUNT; n++) /* e^-200 against arrival times of 1e-10 … 22 */
        cr_assert(rankings[n][0] == 1 && rankings[n][1] == 2 && rankings[n][2] == 0, "%d", n);
    w->problem.rewards = (double[]){1.0, 1.0, 1.0, -7.0, -7.0, -7.0};
    REQUIRE_OK(w->context, myr_policy_simulate(w->context, &w->problem, &w->run, 3, rankings[0]));
    for (int n = 0; n < COUNT; n++)
        seen[rankings[n][0] * 9 + rankings[n][1] * 3 + rankings[n][2]]++;
    for (int n = 0; n < 27; n++) { /* binomial with mean 333 and standard deviation 16.7 */
        const bool order = n / 9 != n / 3 % 3 && n / 3 % 3 != n % 3 && n / 9 != n % 3;
        cr_expect(order ? fabs((double)seen[n] - COUNT / 6.0) <= 100.0 : seen[n] == 0, "%d: %llu", n,
                  (unsigned long long)seen[n]);
    }
    free_world(w);
}

/* The fit of what was drawn is the rewards, in its own standard errors: two parts that know nothing of each
 * other. */
TEST_ON_BACKENDS(simulate, plackett_luce_fits_find_the_rewards) {
    enum { DRAWN = 8000, FEW = 6 };
    world *w = new_world(backend, 4);
    const uint32_t lengths[] = {2, 4};
    for (int l = 0; l < 2; l++) {
        const uint32_t length = lengths[l];
        uint32_t *rankings = malloc((size_t)DRAWN * length * sizeof *rankings);
        uint64_t offsets[DRAWN + 1];
        double mean = 0.0, sum = 0.0;
        for (uint64_t n = 0; n <= DRAWN; n++)
            offsets[n] = n * length;
        w->problem.prompts = 1;
        w->problem.answers = FEW;
        w->run.count = DRAWN;
        REQUIRE_OK(w->context, myr_policy_simulate(w->context, &w->problem, &w->run, length, rankings));
        myr_outcomes *outcomes = NULL;
        myr_fit_options options = MYR_FIT_OPTIONS_INIT;
        myr_estimate items[FEW];
        myr_fit_report report = MYR_FIT_REPORT_INIT;
        REQUIRE_OK(w->context,
                   myr_outcomes_create_rankings(w->context, FEW, DRAWN, offsets, rankings, &outcomes));
        REQUIRE_OK(w->context, myr_fit(w->context, outcomes, &options, items, &report));
        for (int y = 0; y < FEW; y++)
            mean += w->rewards[y] / FEW;
        for (int y = 0; y < FEW; y++) {
            const double z = (items[y].estimate - (w->rewards[y] - mean)) / items[y].standard_error;
            cr_expect(fabs(z) <= 5.0, "length %u, answer %d: z %g", length, y, z);
            sum += z * z;
        }
        cr_expect(sum > 0.1, "%g: errors are of the size of their standard errors", sum);
        myr_outcomes_destroy(outcomes);
        free(rankings);
    }
    free_world(w);
}

Test(simulate, refuses_what_cannot_be_ranked) {
    world *w = new_world("cpu", 1);
    uint32_t rankings[COUNT * 2];
    const struct {
        uint32_t length;
        const char *message;
    } bad[] = {{0, "length: 0"}, {1, "length: 1"}, {33, "length: 33"}};
    for (int n = 0; n < 3; n++) {
        cr_expect_eq(myr_policy_simulate(w->context, &w->problem, &w->run, bad[n].length, rankings),
                     MYR_INVALID_ARGUMENT);
        cr_expect(strstr(myr_context_error(w->context), bad[n].message), "%s",
                  myr_context_error(w->context));
    }
    w->problem.answers = 2;
    cr_expect_eq(myr_policy_simulate(w->context, &w->problem, &w->run, 3, rankings), MYR_INVALID_ARGUMENT);
    w->rewards[2] = w->rewards[3] + 601.0;
    cr_expect_eq(myr_policy_simulate(w->context, &w->problem, &w->run, 2, rankings), MYR_INVALID_DATA);
    cr_expect(strstr(myr_context_error(w->context), "rewards of prompt 1 go from"), "%s",
              myr_context_error(w->context));
    w->rewards[2] = NAN;
    cr_expect_eq(myr_policy_simulate(w->context, &w->problem, &w->run, 2, rankings), MYR_INVALID_DATA);
    w->rewards[2] = 0.0;
    cr_expect_eq(myr_policy_simulate(w->context, &w->problem, &w->run, 2, NULL), MYR_INVALID_ARGUMENT);
    w->run.backend = "abacus";
    cr_expect_eq(myr_policy_simulate(w->context, &w->problem, &w->run, 2, rankings), MYR_INVALID_ARGUMENT);
    w->run.backend = "cpu";
    w->run.count = 0;
    cr_expect_eq(myr_policy_simulate(w->context, &w->problem, &w->run, 2, rankings), MYR_INVALID_ARGUMENT);
    free_world(w);
}
