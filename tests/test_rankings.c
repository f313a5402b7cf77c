/* Rankings: the reference against pairs, against all orders of a few answers, finite differences and a fit;
 * the fast backends against it within derived bounds; extremes; bits; refusals. */
#include <criterion/criterion.h>

#include "cpu/losses/cpu_reductions.h"
#include "rankings_batch.h"

/* Two answers: DPO. Both compute in double here; margins are below 20, log-probabilities below 70. */
Test(rankings, of_two_are_pairs) {
    enum { N = 500 };
    static double chosen[N], rejected[N], old_chosen[N], old_rejected[N], to_chosen[N], to_rejected[N];
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    rankings_batch b = make_rankings(&state, N, 2, MYR_F64, 12.0);
    b.rankings.starts.data = NULL;
    b.rankings.count = b.count = b.answers / 2;
    b.rankings.answers = 2 * b.count;
    const double *now = b.log_probs, *old = b.reference;
    for (size_t i = 0; i < b.count; i++) {
        chosen[i] = now[2 * i], rejected[i] = now[2 * i + 1];
        old_chosen[i] = old[2 * i], old_rejected[i] = old[2 * i + 1];
    }
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    myr_pairs pairs = MYR_PAIRS_INIT;
    myr_loss_metrics m = MYR_LOSS_METRICS_INIT;
    loss.beta = b.rankings.beta;
    options.backend = "reference";
    pairs.count = b.count;
    pairs.policy_chosen = (myr_array){chosen, MYR_F64},
    pairs.policy_rejected = (myr_array){rejected, MYR_F64};
    pairs.reference_chosen = (myr_array){old_chosen, MYR_F64};
    pairs.reference_rejected = (myr_array){old_rejected, MYR_F64};
    pairs.weight = (myr_array){b.weight, MYR_F64};
    REQUIRE_OK(context,
               myr_loss_pairs(context, &loss, &pairs, &options, (myr_array_out){to_chosen, MYR_F64},
                              (myr_array_out){to_rejected, MYR_F64}, &m, NULL));
    REQUIRE_OK(context, run_rankings(context, &b, "reference", 1));
    cr_expect(fabs(b.metrics.loss - m.loss) <= 1e-13 * m.loss, "%.17g and %.17g", b.metrics.loss, m.loss);
    cr_expect(fabs(b.metrics.rewards_accuracies - m.rewards_accuracies) <= 1e-13);
    cr_expect(fabs(b.metrics.rewards_margins - m.rewards_margins) <= 1e-12);
    for (size_t i = 0; i < b.count; i++)
        cr_expect(fabs(b.gradient[2 * i] - to_chosen[i]) <= 1e-14 &&
                      fabs(b.gradient[2 * i + 1] - to_rejected[i]) <= 1e-14,
                  "seed %llu, pair %zu", (unsigned long long)seed, i);
    free_rankings(&b);
    myr_context_destroy(context);
}

/* Two equal answers, each the other's only rival: what is far above or below them takes no digits. */
Test(rankings, reference_is_right_far_from_the_best) {
    static const double far[] = {-2000.3, 0.0, 2000.3};
    myr_context *context = new_context();
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = "reference";
    for (int i = 0; i < 3; i++) {
        const double log_probs[] = {0.0, far[i], far[i]};
        const double first = i == 0 ? 0.0 : i == 1 ? -2.0 / 3.0 : -1.0; /* 1/3 - 1 in a tie */
        const double known[] = {first, -first / 2.0 - 0.5, -first / 2.0 + 0.5};
        double gradient[] = {NAN, NAN, NAN};
        myr_ranking_metrics metrics = MYR_RANKING_METRICS_INIT;
        myr_rankings rankings = MYR_RANKINGS_INIT;
        rankings.beta = 10.0;
        rankings.answers = 3;
        rankings.count = 1;
        rankings.log_probs = (myr_array){log_probs, MYR_F64};
        REQUIRE_OK(context, myr_loss_rankings(context, &rankings, &options,
                                              (myr_array_out){gradient, MYR_F64}, &metrics, NULL));
        for (int k = 0; k < 3; k++)
            cr_expect(fabs(gradient[k] - 10.0 * known[k]) <= 1e-14, "%g, answer %d: %.17g, not %.17g",
                      far[i], k, gradient[k], 10.0 * known[k]);
    }
    myr_context_destroy(context);
}

/* The probabilities of all orders of six answers add up to 1: 720 rankings, each with its own loss. */
TEST_ON_BACKENDS(rankings, probabilities_of_all_orders_add_up_to_one) {
    enum { K = 6, ORDERS = 720 };
    static const double score[K] = {0.3, -1.2, 2.0, 0.0, -4.0, 1.1};
    myr_context *context = new_context();
    need_backend(context, backend);
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = backend;
    double sum = 0.0;
    for (int order = 0; order < ORDERS; order++) {
        int left[K] = {0, 1, 2, 3, 4, 5}, code = order;
        double ranked[K];
        for (int k = 0; k < K; k++) {
            const int choice = code % (K - k);
            code /= K - k;
            ranked[k] = score[left[choice]];
            memmove(left + choice, left + choice + 1, (size_t)(K - 1 - choice) * sizeof *left);
        }
        myr_rankings rankings = MYR_RANKINGS_INIT;
        myr_ranking_metrics metrics = MYR_RANKING_METRICS_INIT;
        rankings.beta = 1.0;
        rankings.answers = K, rankings.count = 1;
        rankings.log_probs = (myr_array){ranked, MYR_F64};
        REQUIRE_OK(context, myr_loss_rankings(context, &rankings, &options, (myr_array_out){NULL, MYR_F64},
                                              &metrics, NULL));
        sum += exp(-metrics.loss);
    }
    /* Each loss, at most 25, is off by 2e-6 of itself (below); in double by some roundings. */
    cr_expect(fabs(sum - 1.0) <= (strcmp(backend, "reference") == 0 ? 1e-13 : 5e-5), "%.17g", sum);
    myr_context_destroy(context);
}

/* Central differences of step e = 1e-5 are off by e^2/6 times the third derivative, at most beta^3 times
 * the answers above, and by rounding, 2^-53 of the loss over e: 1e-9 with weights over their sum below 1.
 */
Test(rankings, reference_gradients_are_its_losses_slopes) {
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    rankings_batch b = make_rankings(&state, 7, 9, MYR_F64, 5.0);
    REQUIRE_OK(context, run_rankings(context, &b, "reference", 1));
    double *gradient = malloc(b.answers * sizeof *gradient), *now = b.log_probs;
    memcpy(gradient, b.gradient, b.answers * sizeof *gradient);
    for (size_t i = 0; i < b.answers; i++) {
        const double e = 1e-5, at = now[i];
        now[i] = at + e;
        REQUIRE_OK(context, run_rankings(context, &b, "reference", 1));
        const double up = b.metrics.loss;
        now[i] = at - e;
        REQUIRE_OK(context, run_rankings(context, &b, "reference", 1));
        now[i] = at;
        const double slope = (up - b.metrics.loss) / (2.0 * e);
        cr_expect(fabs(slope - gradient[i]) <= 2e-9, "seed %llu, answer %zu: %.12g by differences, %.12g",
                  (unsigned long long)seed, i, slope, gradient[i]);
    }
    free(gradient);
    free_rankings(&b);
    myr_context_destroy(context);
}

/* How far the float arithmetic may be. u = 2^-24. exp errs by 1.5e-7 and by the rounding of its argument,
 * u |d|; the mean of |d| over a sum of K terms, by their shares, is at most log K + 1 < 9.4: a sum of
 * exponentials errs by 7.1e-7, a share by 7.1e-7 + 1.5e-7, and by u |d| e^d/0.7 <= 3.2e-8 absolutely: 9e-7.
 * A slope is a sum of as many shares as there are answers above, less one share. A place's loss is log(1 +
 * ratio), whose ratio errs by that and the logarithm by 2e-7; or log s - d, at least log 2, which errs by
 * 7.1e-7 + 2e-7 log s + 5e-7: 2e-6 of either. (Doubles' errors are far below.) */
static void expect_near(myr_context *context, rankings_batch *b, const char *backend, const char *what) {
    double *fast = malloc(b->answers * sizeof *fast);
    REQUIRE_OK(context, run_rankings(context, b, backend, 2));
    memcpy(fast, b->gradient, b->answers * sizeof *fast);
    const myr_ranking_metrics m = b->metrics;
    REQUIRE_OK(context, run_rankings(context, b, "reference", 1));
    cr_expect(fabs(m.loss - b->metrics.loss) <= 2e-6 * b->metrics.loss, "%s: loss %.9g and %.9g", what,
              m.loss, b->metrics.loss);
    cr_expect(fabs(m.rewards_margins - b->metrics.rewards_margins) <=
              1e-12 * (1.0 + fabs(b->metrics.rewards_margins)));
    cr_expect(fabs(m.rewards_accuracies - b->metrics.rewards_accuracies) <= 1e-12, "%s", what);
    double total = 0.0;
    for (size_t i = 0; i < b->count; i++)
        total += b->rankings.weight.data ? b->weight[i] : 1.0;
    for (size_t i = 0; i < b->count; i++)
        for (int64_t k = b->starts[i]; k < b->starts[i + 1]; k++) {
            const double scale = b->rankings.beta * (b->rankings.weight.data ? b->weight[i] : 1.0) / total;
            const double bound = 1e-6 * scale * (1.0 + (double)(k - b->starts[i]));
            cr_assert(fabs(fast[k] - b->gradient[k]) <= bound,
                      "%s, ranking %zu, answer %lld: %.9g and %.9g", what, i, (long long)(k - b->starts[i]),
                      fast[k], b->gradient[k]);
        }
    free(fast);
}

TEST_ON_BACKENDS(rankings, fast_is_near_the_reference) {
    static const size_t longest[] = {1, 2, 3, 4, 5, 8, 9, 16, 17, 31, 32, 33, 64, 65, 100, 1000, 4096};
    static const double spreads[] = {1.0, 30.0, 200.0, 4000.0};
    static const myr_dtype types[] = {MYR_F64, MYR_F32, MYR_BF16, MYR_F16};
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t seed = fresh_seed(), state = seed;
    for (size_t l = 0; l < sizeof longest / sizeof *longest; l++)
        for (int s = 0; s < 4; s++) {
            char what[128];
            const myr_dtype type = types[(l + (size_t)s) % 4];
            rankings_batch b =
                make_rankings(&state, longest[l] > 500 ? 3 : 150, longest[l], type, spreads[s]);
            snprintf(what, sizeof what, "seed %llu, longest %zu, spread %g, %s", (unsigned long long)seed,
                     longest[l], spreads[s], myr_dtype_name(type));
            if ((l + (size_t)s) % 3 == 2)
                b.rankings.weight.data = NULL;
            expect_near(context, &b, backend, what);
            free_rankings(&b);
        }
    myr_context_destroy(context);
}

/* The scores of a ranking, however far from the others', change nothing but its own results. */
TEST_ON_BACKENDS(rankings, gradients_do_not_hang_on_other_rankings) {
    static const size_t longest[] = {2, 4, 20, 100, 400};
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t seed = fresh_seed(), state = seed;
    for (size_t l = 0; l < sizeof longest / sizeof *longest; l++) {
        rankings_batch b = make_rankings(&state, 30, longest[l], MYR_F64, 40.0);
        double *before = malloc(b.answers * sizeof *before), *now = b.log_probs;
        const size_t own = (size_t)b.starts[1];
        b.weight[0] = 0.0, b.weight[2] = 1.0;
        REQUIRE_OK(context, run_rankings(context, &b, backend, 1));
        memcpy(before, b.gradient, b.answers * sizeof *before);
        for (size_t i = 0; i < own; i++)
            now[i] += i % 2 ? 3000.0 : -3000.0;
        REQUIRE_OK(context, run_rankings(context, &b, backend, 1));
        cr_expect(memcmp(before + own, b.gradient + own, (b.answers - own) * sizeof *before) == 0,
                  "seed %llu, longest %zu", (unsigned long long)seed, longest[l]);
        free(before);
        free_rankings(&b);
    }
    myr_context_destroy(context);
}

/* Rewards 2000 apart, the wrong way round, equal, and at the limit: the loss is the sum of the differences,
 * or log K!. */
TEST_ON_BACKENDS(rankings, extremes_are_finite_and_right) {
    enum { K = 4096 };
    static double score[K], gradient[K];
    myr_context *context = new_context();
    need_backend(context, backend);
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    myr_rankings rankings = MYR_RANKINGS_INIT;
    myr_ranking_metrics metrics = MYR_RANKING_METRICS_INIT;
    const myr_array_out to = {gradient, MYR_F64};
    options.backend = backend;
    rankings.beta = 1.0;
    rankings.count = 1;
    rankings.answers = K;
    rankings.log_probs = (myr_array){score, MYR_F64};
    for (int k = 0; k < K; k++)
        score[k] = -2000.0 * k;
    REQUIRE_OK(context, myr_loss_rankings(context, &rankings, &options, to, &metrics, NULL));
    cr_expect(metrics.loss == 0.0 && metrics.rewards_accuracies == 1.0, "%g", metrics.loss);
    for (int k = 0; k < K; k++)
        cr_expect(gradient[k] == 0.0, "%d: %g", k, gradient[k]);
    for (int k = 0; k < K; k++)
        score[k] = 2000.0 * k;
    REQUIRE_OK(context, myr_loss_rankings(context, &rankings, &options, to, &metrics, NULL));
    const double steps = 2000.0 * (K - 1.0) * K / 2.0; /* sum of 2000 (K - 1 - k) */
    cr_expect(fabs(metrics.loss - steps) <= 1e-7 * steps, "%.9g", metrics.loss);
    cr_expect(metrics.rewards_accuracies == 0.0);
    cr_expect(fabs(gradient[K - 1] - (K - 1.0)) <= 4e-3 && fabs(gradient[0] + 1.0) <= 1e-6, "%.9g, %.9g",
              gradient[K - 1], gradient[0]);
    double factorial = 0.0, above = 0.0;
    for (int k = 0; k < K; k++) {
        score[k] = -1e15;
        factorial += log(K - k);
    }
    REQUIRE_OK(context, myr_loss_rankings(context, &rankings, &options, to, &metrics, NULL));
    cr_expect(fabs(metrics.loss - factorial) <= 2e-6 * factorial, "%.9g and %.9g", metrics.loss, factorial);
    cr_expect(metrics.rewards_accuracies == 0.0 && metrics.rewards_margins == 0.0);
    for (int k = 0; k < K; k++) {
        above += 1.0 / (K - k);
        cr_assert(fabs(gradient[k] - (above - 1.0)) <= 1e-6 * (1.0 + above), "%d: %.9g", k, gradient[k]);
    }
    myr_context_destroy(context);
}

/* What a ranking gets depends on it alone, and on no thread or instruction set. */
Test(rankings, bits_do_not_depend_on_threads_neighbours_or_instruction_set) {
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    static const size_t longest[] = {3, 7, 16, 31, 80, 700};
    for (size_t l = 0; l < sizeof longest / sizeof *longest; l++) {
        rankings_batch b = make_rankings(&state, 1500, longest[l], MYR_F32, 20.0);
        double *first = malloc(b.answers * sizeof *first);
        REQUIRE_OK(context, run_rankings(context, &b, "cpu", 1));
        memcpy(first, b.gradient, b.answers * sizeof *first);
        const myr_ranking_metrics m = b.metrics;
        for (int threads = 2; threads <= 7; threads += 5) {
            REQUIRE_OK(context, run_rankings(context, &b, "cpu", threads));
            cr_expect(memcmp(first, b.gradient, b.answers * sizeof *first) == 0 &&
                          memcmp(&m, &b.metrics, sizeof m) == 0,
                      "seed %llu, longest %zu, %d threads", (unsigned long long)seed, longest[l], threads);
        }
        for (int index = 0; myr_cpu_isa_at(index); index++) {
            const myr_lanes_isa *isa = myr_cpu_isa_at(index);
            if (!myr_cpu_isa_supported(isa))
                continue;
            uint64_t *starts = malloc((b.count + 1) * sizeof *starts), bad;
            for (size_t i = 0; i <= b.count; i++)
                starts[i] = (uint64_t)b.starts[i];
            const myr_ranking_job job = {.compute = {.threads = 1},
                                         .rankings = &b.rankings,
                                         .starts = starts,
                                         .longest = longest[l],
                                         .gradient = {b.gradient, MYR_F64}};
            myr_ranking_sums sums;
            memset(b.gradient, 0xff, b.answers * sizeof *b.gradient);
            REQUIRE_OK(context, myr_cpu_rankings_on(context, isa, &job, &sums, &bad));
            cr_expect(memcmp(first, b.gradient, b.answers * sizeof *first) == 0 &&
                          sums.loss / sums.weight == m.loss,
                      "seed %llu, longest %zu, %s", (unsigned long long)seed, longest[l], isa->name);
            free(starts);
        }
        /* Alone: the weights are then 1 each. */
        const size_t lone = 700, at = (size_t)b.starts[lone], n = (size_t)b.starts[lone + 1] - at;
        double *alone = malloc(n * sizeof *alone);
        b.rankings.weight.data = NULL;
        REQUIRE_OK(context, run_rankings(context, &b, "cpu", 1));
        myr_rankings one = b.rankings;
        myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
        options.backend = "cpu";
        one.count = 1, one.answers = n, one.starts.data = NULL;
        one.log_probs.data = (const float *)one.log_probs.data + at;
        one.reference.data = (const float *)one.reference.data + at;
        REQUIRE_OK(context,
                   myr_loss_rankings(context, &one, &options, (myr_array_out){alone, MYR_F64}, NULL, NULL));
        for (size_t k = 0; k < n; k++)
            cr_expect(fabs(alone[k] - b.gradient[at + k] * (double)b.count) <= 4e-16 * fabs(alone[k]),
                      "seed %llu, longest %zu, answer %zu", (unsigned long long)seed, longest[l], k);
        free(alone);
        free(first);
        free_rankings(&b);
    }
    myr_context_destroy(context);
}

/* The races of 2002: at the maximum that myr_fit finds, minus the loss is its log-likelihood, and every
 * driver's gradients add up to 0. */
TEST_ON_BACKENDS(rankings, agree_with_the_fit_of_races) {
    enum { RACES = 36, DRIVERS = 87, MOST = RACES * 43 };
    static const char *const last[] = {"84", "85", "86", "87"};
    static double gradient[MOST], score[MOST];
    static int64_t starts[RACES + 1];
    static int driver_at[MOST];
    static char line[4096];
    static myr_estimate items[DRIVERS];
    double ability[DRIVERS + 1] = {0.0}, slopes[DRIVERS + 1] = {0.0};
    myr_context *context = new_context();
    need_backend(context, backend);
    FILE *file = open_golden("prefs/nascar2002_orderings.csv");
    myr_outcomes_options options = MYR_OUTCOMES_OPTIONS_INIT;
    myr_fit_options fit = MYR_FIT_OPTIONS_INIT;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    myr_outcomes *races = NULL;
    options.without = last;
    options.without_count = 4;
    REQUIRE_OK(context,
               myr_outcomes_load(context, golden_path("prefs/nascar2002_orderings.csv"), &options, &races));
    REQUIRE_OK(context, myr_fit(context, races, &fit, items, &report));
    for (uint32_t i = 0; i < myr_outcomes_items(races); i++)
        ability[atoi(myr_outcomes_name(races, i))] = items[i].estimate;
    cr_assert_not_null(fgets(line, sizeof line, file));
    int64_t used = 0;
    for (int m = 0; m < RACES; m++) {
        cr_assert_not_null(fgets(line, sizeof line, file));
        for (char *number = strtok(line, ",\r\n"); number; number = strtok(NULL, ",\r\n"))
            if (atoi(number) <= 83) {
                driver_at[used] = atoi(number);
                score[used++] = ability[atoi(number)];
            }
        starts[m + 1] = used;
    }
    fclose(file);
    myr_rankings rankings = MYR_RANKINGS_INIT;
    myr_ranking_metrics metrics = MYR_RANKING_METRICS_INIT;
    myr_compute_options compute = MYR_COMPUTE_OPTIONS_INIT;
    compute.backend = backend;
    rankings.beta = 1.0;
    rankings.count = RACES;
    rankings.answers = (uint64_t)used;
    rankings.starts = (myr_array){starts, MYR_I64};
    rankings.log_probs = (myr_array){score, MYR_F64};
    REQUIRE_OK(context, myr_loss_rankings(context, &rankings, &compute, (myr_array_out){gradient, MYR_F64},
                                          &metrics, NULL));
    const bool exact = strcmp(backend, "reference") == 0;
    cr_expect(fabs(metrics.loss * RACES + report.log_likelihood) <=
                  (exact ? 1e-12 : 2e-6) * fabs(report.log_likelihood),
              "%.17g and %.17g", metrics.loss * RACES, report.log_likelihood);
    for (int64_t k = 0; k < used; k++)
        slopes[driver_at[k]] += gradient[k];
    /* The fit stops within 1e-6 standard errors (that is, of the root of a second derivative below 43); a
     * float gradient is off by 1e-6 for each of 43 places in 36 races, over 36. */
    for (int d = 1; d <= 83; d++)
        cr_expect(fabs(slopes[d]) <= (exact ? 1e-6 : 5e-5), "driver %d: %g", d, slopes[d]);
    myr_outcomes_destroy(races);
    myr_context_destroy(context);
}

static void expect_refused(myr_context *context, rankings_batch *b, myr_status status, const char *line) {
    static const char *const backends[] = {"reference", "cpu"};
    for (int k = 0; k < 2; k++) {
        cr_expect_eq(run_rankings(context, b, backends[k], 2), status, "%s: %s", backends[k], line);
        cr_expect_str_eq(myr_context_error(context), line);
    }
}

Test(rankings, what_is_wrong_is_named) {
    myr_context *context = new_context();
    uint64_t state = 11;
    rankings_batch b = make_rankings(&state, 300, 40, MYR_F64, 3.0);
    double *now = b.log_probs, *old = b.reference;
    const size_t at = (size_t)b.starts[271] + 1;
    cr_assert_gt(b.starts[272] - b.starts[271], 1);
    now[at] = NAN;
    now[b.starts[290]] = INFINITY;
    expect_refused(
        context, &b, MYR_INVALID_DATA,
        "ranking 271, answer 1: log_probs is nan (expected a finite number of at most 1e15 in size)");
    now[at] = -INFINITY;
    expect_refused(
        context, &b, MYR_INVALID_DATA,
        "ranking 271, answer 1: log_probs is -inf (expected a finite number of at most 1e15 in size)");
    now[at] = 9e14, old[at] = -9e14;
    expect_refused(
        context, &b, MYR_INVALID_DATA,
        "ranking 271, answer 1: the reward is 1.26e+15 (expected a finite number of at most 1e15 in "
        "size)");
    now[at] = 0.0, old[at] = 1.01e15;
    expect_refused(
        context, &b, MYR_INVALID_DATA,
        "ranking 271, answer 1: reference is 1.01e+15 (expected a finite number of at most 1e15 in "
        "size)");
    old[at] = 0.0, now[b.starts[290]] = 0.0;
    b.weight[7] = -1.0;
    expect_refused(context, &b, MYR_INVALID_DATA,
                   "ranking 7: weight is -1 (expected 0 or more, at most 1e15)");
    for (size_t i = 0; i < b.count; i++)
        b.weight[i] = 0.0;
    expect_refused(context, &b, MYR_INVALID_DATA, "weight: all 300 weights are 0 (expected one above 0)");
    free_rankings(&b);
    myr_context_destroy(context);
}

/* What is refused begins beyond 1e15: log-probabilities, the reference's, their rewards and weights. What is
 * taken has all its gradient. */
TEST_ON_BACKENDS(rankings, numbers_of_exactly_the_limit_are_taken) {
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t state = 13;
    rankings_batch b = make_rankings(&state, 4, 3, MYR_F64, 3.0);
    double *now = b.log_probs, *old = b.reference;
    const size_t at = (size_t)b.starts[2]; /* the ranking of three */
    for (int what = 0; what < 4; what++)
        for (int sign = what == 3; sign < 2; sign++)
            for (int beyond = 0; beyond < 2; beyond++) {
                const double size = beyond ? nextafter(1e15, INFINITY) : 1e15, x = sign ? size : -size;
                const double kept = b.weight[2];
                b.rankings.beta = what == 2 ? 2.0 : 1.0;
                now[at] = what == 0 ? x : what == 2 ? 0.5 * x : 0.0;
                old[at] = what == 1 ? x : 0.0;
                b.weight[2] = what == 3 ? x : 1.0;
                cr_expect_eq(run_rankings(context, &b, backend, 1), beyond ? MYR_INVALID_DATA : MYR_OK,
                             "%d, %.17g: %s", what, x, myr_context_error(context));
                for (size_t k = 0; !beyond && k < b.answers; k++)
                    cr_expect(isfinite(b.gradient[k]), "%d, %.17g: %g", what, x, b.gradient[k]);
                b.weight[2] = kept;
            }
    free_rankings(&b);
    myr_context_destroy(context);
}

Test(rankings, arguments_are_checked) {
    myr_context *context = new_context();
    uint64_t state = 12;
    rankings_batch b = make_rankings(&state, 3, 4, MYR_F32, 3.0);
    b.starts[0] = 0, b.starts[1] = 2, b.starts[2] = 2, b.starts[3] = 4, b.rankings.answers = 4;
    expect_refused(context, &b, MYR_INVALID_DATA, "starts[2] is 2 (expected 3 … 4098)");
    b.starts[2] = 4;
    expect_refused(context, &b, MYR_INVALID_DATA,
                   "starts[2] is 4: the last ranking has 0 answers (expected 1 … 4096)");
    b.starts[3] = 5;
    expect_refused(context, &b, MYR_INVALID_DATA, "starts[3] is 5 (expected 4 … 4)");
    b.rankings.starts.data = NULL;
    expect_refused(context, &b, MYR_INVALID_ARGUMENT,
                   "rankings: 4 answers are no 3 rankings of one length, 1 … 4096 (expected starts)");
    b.rankings.beta = 0.0;
    expect_refused(context, &b, MYR_INVALID_ARGUMENT, "beta: 0 is out of range (expected 1e-06 … 1e+06)");
    b.rankings.beta = 1.0, b.rankings.reference.type = MYR_F64;
    expect_refused(context, &b, MYR_INVALID_ARGUMENT,
                   "rankings: reference is of type f64 (expected that of log_probs)");
    b.rankings.reference.data = NULL, b.rankings.count = 0;
    expect_refused(context, &b, MYR_INVALID_ARGUMENT, "rankings: count is 0 (expected 1 … 2147483647)");
    free_rankings(&b);
    myr_context_destroy(context);
}
