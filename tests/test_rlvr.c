/* RLVR: known answers of TRL and of the published formula, filters and advantages by hand, finite
 * differences of the reference, fast backends against it, refusals. */
#include <criterion/criterion.h>

#include "golden_numbers.h"
#include "token_rows.h"

static bool is_reference(const char *backend) {
    return strcmp(backend, "reference") == 0;
}

/* Rewards are taken as the advantages. */
static myr_rlvr_options plain_options(double cap) {
    myr_rlvr_options options = MYR_RLVR_OPTIONS_INIT;
    options.drop_equal = options.demean = options.normalize = false;
    options.drop_pass_rate = 2.0;
    options.cap = cap;
    return options;
}

enum { SEQUENCES = 4, LENGTH = 6, TOKENS = SEQUENCES * LENGTH };

typedef struct golden {
    double now[TOKENS], old[TOKENS], advantage[SEQUENCES];
    uint8_t mask[TOKENS];
    myr_rlvr_batch batch;
} golden;

static void read_golden(const json_t *file, golden *g) {
    const json_t *inputs = json_object_get(file, "inputs");
    double mask[TOKENS];
    read_numbers(inputs, "log_prob", g->now, TOKENS);
    read_numbers(inputs, "old_log_prob", g->old, TOKENS);
    read_numbers(inputs, "mask", mask, TOKENS);
    read_numbers(inputs, "advantage_per_sequence", g->advantage, SEQUENCES);
    for (int t = 0; t < TOKENS; t++)
        g->mask[t] = mask[t] != 0.0;
    g->batch = (myr_rlvr_batch)MYR_RLVR_BATCH_INIT;
    g->batch.tokens = TOKENS;
    g->batch.sequences = SEQUENCES;
    g->batch.groups = 2;
    g->batch.log_probs = (myr_array){g->now, MYR_F64};
    g->batch.old_log_probs = (myr_array){g->old, MYR_F64};
    g->batch.mask = g->mask;
    g->batch.rewards = (myr_array){g->advantage, MYR_F64};
}

static void check_known(myr_context *context, const char *backend, const golden *g,
                        const myr_rlvr_options *rlvr, const json_t *entry) {
    const double bound = is_reference(backend) ? 1e-12 : 1e-5;
    myr_compute_options options = on_backend(backend);
    double known[TOKENS], gradient[TOKENS];
    myr_rlvr_metrics metrics = MYR_RLVR_METRICS_INIT;
    memset(gradient, 0xff, sizeof gradient);
    memset(&metrics, 0xff, sizeof metrics);
    metrics.struct_size = sizeof metrics;
    read_numbers(entry, "grad_log_prob", known, TOKENS);
    REQUIRE_OK(context, myr_loss_rlvr(context, rlvr, &g->batch, &options, (myr_array_out){NULL, MYR_F64},
                                      (myr_array_out){gradient, MYR_F64}, &metrics, NULL));
    expect_near(metrics.loss, read_number(entry, "loss", NAN), bound, "loss", 0);
    for (size_t t = 0; t < TOKENS; t++)
        expect_near(gradient[t], known[t], bound, "gradient", t);
}

TEST_ON_BACKENDS(rlvr, gives_the_published_formula) {
    myr_context *context = new_context();
    need_backend(context, backend);
    json_t *file = load_golden("rlvr/scalerl_formula.json"), *entry;
    static const char *const means[] = {"token_mean", "sequence_mean", "prompt_mean"};
    size_t index, tried = 0;
    golden g;
    read_golden(file, &g);
    json_array_foreach(json_object_get(file, "cases"), index, entry) {
        myr_rlvr_options rlvr = plain_options(read_number(entry, "cap", NAN));
        const char *mean = json_string_value(json_object_get(entry, "aggregation"));
        for (int m = 0; m < 3; m++)
            if (strcmp(mean, means[m]) == 0) {
                rlvr.mean = (myr_rlvr_mean)m;
                check_known(context, backend, &g, &rlvr, entry);
                tried++;
            }
    }
    cr_assert_eq(tried, 9);
    json_decref(file);
    myr_context_destroy(context);
}

/* cispo without a second ratio or a divergence; a number of items is our denominator. */
TEST_ON_BACKENDS(rlvr, gives_cispo_of_trl) {
    myr_context *context = new_context();
    need_backend(context, backend);
    json_t *file = load_golden("rlvr/trl_grpo_cispo.json"), *entry;
    size_t index, tried = 0;
    golden g;
    read_golden(file, &g);
    json_array_foreach(json_object_get(file, "cases"), index, entry) {
        const json_t *args = json_object_get(entry, "args");
        if (strcmp(json_string_value(json_object_get(entry, "loss_type")), "cispo") != 0 ||
            json_object_get(args, "beta") || json_object_get(args, "is_ratio"))
            continue;
        myr_rlvr_options rlvr = plain_options(read_number(args, "eps_high", NAN));
        rlvr.denominator = read_number(args, "num_items", 0.0);
        check_known(context, backend, &g, &rlvr, entry);
        tried++;
    }
    cr_assert_eq(tried, 8);
    json_decref(file);
    myr_context_destroy(context);
}

/* Five groups of answers of one token each, ratio 1, log-probability -1: the loss is the sum of the
 * advantages over the tokens, each gradient minus the advantage over them. */
enum { ANSWERS = 11, GROUPS = 5 };
static const double rewards[ANSWERS] = {1, 0, 0, /**/ 1, 1, /**/ 0, 0, /**/ 3, 1, /**/ -1, 2};
static const int64_t group_starts[GROUPS + 1] = {0, 3, 5, 7, 9, 11};

static myr_rlvr_metrics weigh(myr_context *context, const char *backend, const myr_rlvr_options *rlvr,
                              const double *pass_rates, double *advantages, double *gradient) {
    double logps[ANSWERS];
    myr_compute_options options = on_backend(backend);
    myr_rlvr_metrics metrics = MYR_RLVR_METRICS_INIT;
    myr_rlvr_batch batch = MYR_RLVR_BATCH_INIT;
    for (int i = 0; i < ANSWERS; i++)
        logps[i] = -1.0;
    batch.tokens = batch.sequences = ANSWERS;
    batch.groups = GROUPS;
    batch.log_probs = batch.old_log_probs = (myr_array){logps, MYR_F64};
    batch.group_starts = (myr_array){group_starts, MYR_I64};
    batch.rewards = (myr_array){rewards, MYR_F64};
    batch.pass_rates = (myr_array){pass_rates, MYR_F64};
    memset(advantages, 0xff, ANSWERS * sizeof *advantages);
    memset(gradient, 0xff, ANSWERS * sizeof *gradient);
    REQUIRE_OK(context, myr_loss_rlvr(context, rlvr, &batch, &options, (myr_array_out){advantages, MYR_F64},
                                      (myr_array_out){gradient, MYR_F64}, &metrics, NULL));
    return metrics;
}

static void expect_advantages(const double *got, const double *gradient, const double *known,
                              double tokens) {
    for (int i = 0; i < ANSWERS; i++) {
        cr_expect(fabs(got[i] - known[i]) <= 1e-14, "answer %d: %.17g, expected %.17g", i, got[i],
                  known[i]);
        cr_expect(fabs(gradient[i] + known[i] / tokens) <= 1e-7, "answer %d: gradient %.9g", i,
                  gradient[i]);
    }
}

/* Groups 1 and 2 have equal rewards, group 3 passes wholly; left are 0 and 4, of 5 answers, with advantages
 * (2, -1, -1)/3 and (-3, 3)/2, whose mean is 0 and variance (6/9 + 18/4)/5 = 31/30. */
TEST_ON_BACKENDS(rlvr, filters_and_normalises) {
    myr_context *context = new_context();
    need_backend(context, backend);
    double got[ANSWERS], gradient[ANSWERS];
    myr_rlvr_options rlvr = MYR_RLVR_OPTIONS_INIT;
    const double s = sqrt(31.0 / 30.0);
    myr_rlvr_metrics metrics = weigh(context, backend, &rlvr, NULL, got, gradient);
    const double all[ANSWERS] = {2 / (3 * s), -1 / (3 * s), -1 / (3 * s), 0, 0, 0, 0, 0,
                                 0,           -1.5 / s,     1.5 / s};
    expect_advantages(got, gradient, all, 5.0);
    cr_expect(metrics.groups == 2 && metrics.sequences == 5 && metrics.equal == 2 && metrics.passed == 1);
    cr_expect(metrics.tokens == 5.0 && fabs(metrics.deviation - s) <= 1e-15 && metrics.capped == 0.0);

    rlvr.normalize = false;
    (void)weigh(context, backend, &rlvr, NULL, got, gradient);
    const double demeaned[ANSWERS] = {2.0 / 3, -1.0 / 3, -1.0 / 3, 0, 0, 0, 0, 0, 0, -1.5, 1.5};
    expect_advantages(got, gradient, demeaned, 5.0);

    rlvr.drop_equal = false; /* then the filter of pass rates takes group 1, and group 2 stays */
    metrics = weigh(context, backend, &rlvr, NULL, got, gradient);
    expect_advantages(got, gradient, demeaned, 7.0);
    cr_expect(metrics.groups == 3 && metrics.equal == 0 && metrics.passed == 2);

    rlvr.drop_pass_rate = 1.5; /* never */
    rlvr.demean = false;
    metrics = weigh(context, backend, &rlvr, NULL, got, gradient);
    expect_advantages(got, gradient, rewards, 11.0);
    cr_expect(metrics.groups == 5 && fabs(metrics.loss - 8.0 / 11.0) <= 1e-6, "loss %.9g", metrics.loss);

    const double history[GROUPS] = {0.9, 0.1, 0.1, 0.1, 0.95}; /* these count, not the batch's */
    rlvr.drop_pass_rate = 0.9;
    metrics = weigh(context, backend, &rlvr, history, got, gradient);
    const double kept[ANSWERS] = {0, 0, 0, 1, 1, 0, 0, 3, 1, 0, 0};
    expect_advantages(got, gradient, kept, 6.0);
    cr_expect(metrics.passed == 2 && metrics.groups == 3);
    myr_context_destroy(context);
}

/* Groups of equal rewards, where they are not dropped: no answer is better than another, demeaned by group
 * or not, and the deviation is 0 to the bit. (Sums of these rewards are not multiples of them in double.)
 */
TEST_ON_BACKENDS(rlvr, equal_rewards_have_no_advantage) {
    enum { EACH = 6, COUNT = 3 * EACH };
    myr_context *context = new_context();
    need_backend(context, backend);
    double logps[COUNT], old[COUNT], same[COUNT], got[COUNT];
    for (int i = 0; i < COUNT; i++) {
        logps[i] = -1.0;
        old[i] = -2.0;
    }
    for (int demean = 0; demean < 2; demean++) {
        myr_rlvr_options rlvr = MYR_RLVR_OPTIONS_INIT;
        rlvr.drop_equal = false;
        rlvr.drop_pass_rate = 1.5;
        rlvr.demean = demean;
        for (int i = 0; i < COUNT; i++)
            same[i] = !demean || i < EACH ? 0.3 : i < 2 * EACH ? 0.1 : 0.7;
        memset(got, 0xff, sizeof got);
        myr_compute_options options = on_backend(backend);
        myr_rlvr_metrics metrics = {.struct_size = sizeof metrics, .loss = NAN};
        myr_rlvr_batch batch = MYR_RLVR_BATCH_INIT;
        batch.tokens = batch.sequences = COUNT;
        batch.groups = 3;
        batch.log_probs = (myr_array){logps, MYR_F64};
        batch.old_log_probs = (myr_array){old, MYR_F64};
        batch.rewards = (myr_array){same, MYR_F64};
        REQUIRE_OK(context, myr_loss_rlvr(context, &rlvr, &batch, &options, (myr_array_out){got, MYR_F64},
                                          (myr_array_out){NULL, MYR_F64}, &metrics, NULL));
        for (int i = 0; i < COUNT; i++)
            cr_expect(got[i] == 0.0, "demean %d, answer %d: %.17g", demean, i, got[i]);
        cr_expect(metrics.deviation == 0.0 && metrics.loss == 0.0, "deviation %g, loss %g",
                  metrics.deviation, metrics.loss);
        cr_expect_eq(metrics.groups, 3);
    }
    myr_context_destroy(context);
}

/* ---- random batches -----------------------------------------------------------------------------------
 */

typedef struct random_batch {
    myr_rlvr_batch batch;
    double *now, *old, *rewards;
    int64_t *sequence_starts, *group_starts;
    uint8_t *mask;
} random_batch;

static random_batch make_random(uint64_t *state, uint64_t sequences, uint64_t longest) {
    random_batch r = {.batch = MYR_RLVR_BATCH_INIT};
    r.sequence_starts = calloc(sequences + 1, sizeof(int64_t));
    r.group_starts = calloc(sequences + 1, sizeof(int64_t));
    r.rewards = malloc(sequences * sizeof(double));
    for (uint64_t s = 0; s < sequences; s++) {
        r.sequence_starts[s + 1] = r.sequence_starts[s] + 1 + (int64_t)(next_random(state) % longest);
        r.rewards[s] = (double)(next_random(state) % 3);
    }
    for (uint64_t at = 0; at < sequences;) {
        uint64_t size = 1 + next_random(state) % 8;
        at = at + size < sequences ? at + size : sequences;
        r.group_starts[++r.batch.groups] = (int64_t)at;
    }
    const uint64_t tokens = (uint64_t)r.sequence_starts[sequences];
    r.now = malloc(tokens * sizeof(double));
    r.old = malloc(tokens * sizeof(double));
    r.mask = malloc(tokens);
    for (uint64_t t = 0; t < tokens; t++) {
        r.now[t] = (double)(float)(-6.0 * uniform(state));
        r.old[t] = (double)(float)(r.now[t] + 4.0 * uniform(state) - 2.0);
        r.mask[t] = next_random(state) % 4 != 0;
    }
    r.batch.tokens = tokens;
    r.batch.sequences = sequences;
    r.batch.log_probs = (myr_array){r.now, MYR_F64};
    r.batch.old_log_probs = (myr_array){r.old, MYR_F64};
    r.batch.mask = r.mask;
    r.batch.sequence_starts = (myr_array){r.sequence_starts, MYR_I64};
    r.batch.group_starts = (myr_array){r.group_starts, MYR_I64};
    r.batch.rewards = (myr_array){r.rewards, MYR_F64};
    return r;
}

static void free_random(random_batch *r) {
    free(r->now);
    free(r->old);
    free(r->rewards);
    free(r->sequence_starts);
    free(r->group_starts);
    free(r->mask);
}

static double loss_of(myr_context *context, const myr_rlvr_options *rlvr, const random_batch *r,
                      const myr_compute_options *options, double *gradient) {
    myr_rlvr_metrics metrics = {.struct_size = sizeof metrics, .loss = NAN};
    REQUIRE_OK(context, myr_loss_rlvr(context, rlvr, &r->batch, options, (myr_array_out){NULL, MYR_F64},
                                      (myr_array_out){gradient, MYR_F64}, &metrics, NULL));
    return metrics.loss;
}

/* With the old log-probabilities moved along, the ratio, which counts as a constant, stays: the loss is
 * then linear in a token, and its difference exact but for rounding, 1e-16 of a loss below 10 over the step
 * of 1. */
Test(rlvr, gradient_is_the_difference_of_the_reference) {
    myr_context *context = new_context();
    uint64_t state = 5;
    random_batch r = make_random(&state, 20, 6);
    myr_compute_options options = on_backend("reference");
    double *gradient = poisoned(r.batch.tokens * sizeof(double));
    for (int mean = MYR_TOKEN_MEAN; mean <= MYR_PROMPT_MEAN; mean++) {
        myr_rlvr_options rlvr = MYR_RLVR_OPTIONS_INIT;
        rlvr.cap = 1.5;
        rlvr.mean = (myr_rlvr_mean)mean;
        double before = loss_of(context, &rlvr, &r, &options, gradient);
        for (uint64_t t = 0; t < r.batch.tokens; t++) {
            r.now[t] += 1.0;
            r.old[t] += 1.0;
            double after = loss_of(context, &rlvr, &r, &options, NULL);
            r.now[t] -= 1.0;
            r.old[t] -= 1.0;
            cr_assert(fabs(after - before - gradient[t]) <= 1e-13, "mean %d, token %llu: %.15g, %.15g",
                      mean, (unsigned long long)t, gradient[t], after - before);
        }
    }
    free(gradient);
    free_random(&r);
    myr_context_destroy(context);
}

/* A gradient is a product of a ratio (its exponential within 1.5e-7, and the difference of two floats, at
 * most 2 in size, rounded by 2^-24 2), a factor and two roundings: 1.5e-7 + 5 2^-24 relatively; nothing
 * where the cap cuts. Where a ratio is that near the cap either may have cut it: no matter, both are the
 * cap then. */
static void agrees(const char *backend) {
    const double bound = 1.5e-7 + 6.0 * 0x1p-24;
    static const int threads[] = {1, 2, 7};
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t seed = fresh_seed(), state = seed;
    cr_log_info("seed %llu", (unsigned long long)seed);
    for (int trial = 0; trial < 6; trial++) {
        random_batch r = make_random(&state, 300, trial % 2 ? 3 : 2000);
        const uint64_t tokens = r.batch.tokens;
        double *known = poisoned(tokens * sizeof(double)), *got = poisoned(tokens * sizeof(double));
        double *again = poisoned(tokens * sizeof(double)), size = 0.0;
        myr_rlvr_options rlvr = MYR_RLVR_OPTIONS_INIT;
        rlvr.cap = 1.25 + trial;
        rlvr.mean = (myr_rlvr_mean)(trial % 3);
        if (trial >= 3)
            r.batch.mask = NULL;
        myr_compute_options fast = on_backend(backend), reference = on_backend("reference");
        double loss = loss_of(context, &rlvr, &r, &reference, known);
        double fast_loss = loss_of(context, &rlvr, &r, &fast, got);
        for (uint64_t t = 0; t < tokens; t++) {
            cr_assert(fabs(got[t] - known[t]) <= bound * fabs(known[t]), "token %llu: %.9g, %.9g",
                      (unsigned long long)t, got[t], known[t]);
            size += fabs(known[t] * r.now[t]); /* the loss is the sum of these */
        }
        cr_assert(fabs(fast_loss - loss) <= bound * size, "loss %.12g, %.12g", fast_loss, loss);
        for (int i = 0; i < 3; i++) {
            fast.threads = threads[i];
            double repeated = loss_of(context, &rlvr, &r, &fast, again);
            cr_expect_arr_eq(&repeated, &fast_loss, sizeof repeated);
            cr_expect_arr_eq(again, got, tokens * sizeof *got);
        }
        free(known);
        free(got);
        free(again);
        free_random(&r);
    }
    myr_context_destroy(context);
}

Test(rlvr, cpu_agrees_with_the_reference) {
    agrees("cpu");
}

Test(rlvr, cuda_agrees_with_the_reference) {
    agrees("cuda");
}

/* ---- refusals -----------------------------------------------------------------------------------------
 */

static void expect_refusal(const char *backend, void (*spoil)(random_batch *, myr_rlvr_options *),
                           myr_status expected, const char *message) {
    myr_context *context = new_context();
    uint64_t state = 3;
    random_batch r = make_random(&state, 10, 5);
    myr_rlvr_options rlvr = plain_options(4.0);
    myr_compute_options options = on_backend(backend);
    need_backend(context, backend);
    memset(r.mask, 1, r.batch.tokens);
    spoil(&r, &rlvr);
    myr_status status = myr_loss_rlvr(context, &rlvr, &r.batch, &options, (myr_array_out){NULL, MYR_F64},
                                      (myr_array_out){NULL, MYR_F64}, NULL, NULL);
    cr_expect_eq(status, expected, "%s: %s", message, myr_status_name(status));
    cr_expect_str_eq(myr_context_error(context), message);
    free_random(&r);
    myr_context_destroy(context);
}

static void spoil_logp(random_batch *r, myr_rlvr_options *rlvr) {
    (void)rlvr;
    r->now[0] = NAN;
}

static void spoil_old(random_batch *r, myr_rlvr_options *rlvr) {
    (void)rlvr;
    r->old[0] = INFINITY;
}

static void spoil_reward(random_batch *r, myr_rlvr_options *rlvr) {
    (void)rlvr;
    r->rewards[4] = -INFINITY;
}

static void spoil_starts(random_batch *r, myr_rlvr_options *rlvr) {
    (void)rlvr;
    r->sequence_starts[1] = 0;
}

static void spoil_cap(random_batch *r, myr_rlvr_options *rlvr) {
    (void)r;
    rlvr->cap = NAN;
}

static void spoil_type(random_batch *r, myr_rlvr_options *rlvr) {
    (void)rlvr;
    r->batch.rewards.type = MYR_I32;
}

TEST_ON_BACKENDS(rlvr, names_what_it_refuses) {
    expect_refusal(
        backend, spoil_logp, MYR_INVALID_DATA,
        "token 0, of sequence 0: log_probs is nan (expected a finite number, at most 1e15 in size)");
    expect_refusal(
        backend, spoil_old, MYR_INVALID_DATA,
        "token 0, of sequence 0: old_log_probs is inf (expected a finite number, at most 1e15 in size)");
    expect_refusal(backend, spoil_reward, MYR_INVALID_DATA,
                   "rewards[4] is -inf (expected a finite number, at most 1e15 in size)");
    expect_refusal(backend, spoil_cap, MYR_INVALID_ARGUMENT, "rlvr: cap is nan (expected 1e-06 … 1e+30)");
    expect_refusal(backend, spoil_type, MYR_INVALID_ARGUMENT,
                   "rlvr: rewards is of type i32 (expected f64 or f32)");
}

/* What is refused begins beyond 1e15, on backends of floats beyond the float next to it. */
TEST_ON_BACKENDS(rlvr, numbers_of_exactly_the_limit_are_taken) {
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t state = 3;
    random_batch r = make_random(&state, 10, 5);
    const myr_rlvr_options rlvr = plain_options(4.0);
    const myr_compute_options options = on_backend(backend);
    memset(r.mask, 1, r.batch.tokens);
    for (int what = 0; what < 3; what++)
        for (int sign = -1; sign <= 1; sign += 2)
            for (int beyond = 0; beyond < 2; beyond++) {
                const double x = sign * (beyond ? (double)nextafterf(1e15f, INFINITY) : 1e15);
                r.now[0] = what == 0 ? x : -1.0;
                r.old[0] = what == 1 ? x : -1.0;
                r.rewards[4] = what == 2 ? x : 1.0;
                cr_expect_eq(
                    myr_loss_rlvr(context, &rlvr, &r.batch, &options, (myr_array_out){NULL, MYR_F64},
                                  (myr_array_out){NULL, MYR_F64}, NULL, NULL),
                    beyond ? MYR_INVALID_DATA : MYR_OK, "%d, %.17g: %s", what, x,
                    myr_context_error(context));
            }
    free_random(&r);
    myr_context_destroy(context);
}

Test(rlvr, refuses_empty_sequences) {
    myr_context *context = new_context();
    uint64_t state = 3;
    random_batch r = make_random(&state, 10, 5);
    myr_rlvr_options rlvr = plain_options(4.0);
    myr_compute_options options = on_backend("cpu");
    spoil_starts(&r, &rlvr);
    cr_expect_eq(myr_loss_rlvr(context, &rlvr, &r.batch, &options, (myr_array_out){NULL, MYR_F64},
                               (myr_array_out){NULL, MYR_F64}, NULL, NULL),
                 MYR_INVALID_DATA);
    cr_expect_not_null(strstr(myr_context_error(context), "sequence_starts[1] is 0 (expected 1 …"), "%s",
                       myr_context_error(context));
    free_random(&r);
    myr_context_destroy(context);
}
