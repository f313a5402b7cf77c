/* The reduction over tokens: known answers of TRL, finite differences, fast backends against the reference,
 * the same bits however it is run. */
#include <criterion/criterion.h>

#include "cpu/losses/cpu_tokens.h"
#include "golden_numbers.h"
#include "loss_traits.h"
#include "token_row.h"
#include "token_rows.h"

static bool is_reference(const char *backend) {
    return strcmp(backend, "reference") == 0;
}

/* ---- known answers ------------------------------------------------------------------------------------
 */

enum { SEQUENCES = 6, POSITIONS = 7, VOCABULARY = 11, ROWS = SEQUENCES * POSITIONS };

/* The file's batch; row t of a sequence predicts its token t + 1, and the last position predicts nothing.
 */
typedef struct head {
    double policy[ROWS * VOCABULARY], reference[ROWS * VOCABULARY];
    double sums[2][SEQUENCES]; /* policy, reference */
    int32_t labels[ROWS];
    uint8_t mask[ROWS];
    myr_tokens tokens;
} head;

static void read_head(const json_t *file, head *h) {
    double ids[ROWS], mask[ROWS];
    read_numbers(file, "logits_policy", h->policy, ROWS * VOCABULARY);
    read_numbers(file, "logits_ref", h->reference, ROWS * VOCABULARY);
    read_numbers(file, "logp_sum_policy", h->sums[0], SEQUENCES);
    read_numbers(file, "logp_sum_ref", h->sums[1], SEQUENCES);
    read_numbers(file, "input_ids", ids, ROWS);
    read_numbers(file, "completion_mask", mask, ROWS);
    for (int row = 0; row < ROWS; row++) {
        bool last = row % POSITIONS == POSITIONS - 1;
        h->labels[row] = last ? -1 : (int32_t)ids[row + 1]; /* masked: must not be read */
        h->mask[row] = last ? 0 : (uint8_t)mask[row + 1];
    }
    h->tokens = (myr_tokens)MYR_TOKENS_INIT;
    h->tokens.rows = ROWS;
    h->tokens.vocabulary = VOCABULARY;
    h->tokens.labels = (myr_array){h->labels, MYR_I32};
    h->tokens.mask = h->mask;
    h->tokens.sequences = SEQUENCES;
}

TEST_ON_BACKENDS(tokens, gives_known_logps) {
    myr_context *context = new_context();
    need_backend(context, backend);
    json_t *file = load_golden("tokens/trl_head_token_dpo.json");
    const double bound = is_reference(backend) ? 1e-12 : 1e-5;
    myr_compute_options options = on_backend(backend);
    head h;
    read_head(file, &h);
    for (int average = 0; average < 2; average++) {
        double known[SEQUENCES], got[SEQUENCES], each[SEQUENCES * (POSITIONS - 1)], rows[ROWS];
        read_numbers(file, average ? "logp_avg_policy" : "logp_sum_policy", known, SEQUENCES);
        read_numbers(file, "per_token_logp_policy_all_positions", each, SEQUENCES * (POSITIONS - 1));
        memset(got, 0xff, sizeof got);
        memset(rows, 0xff, sizeof rows);
        h.tokens.average = average;
        REQUIRE_OK(context,
                   myr_token_logps(context, &h.tokens, (myr_array){h.policy, MYR_F64}, &options,
                                   (myr_array_out){got, MYR_F64}, (myr_array_out){rows, MYR_F64}, NULL));
        for (int s = 0; s < SEQUENCES; s++) {
            expect_near(got[s], known[s], bound, "sequence", (size_t)s);
            for (int t = 0; t < POSITIONS; t++) {
                int row = s * POSITIONS + t;
                if (h.mask[row])
                    expect_near(rows[row], each[s * (POSITIONS - 1) + t], bound, "row", (size_t)row);
                else
                    cr_expect_eq(rows[row], 0.0);
            }
        }
    }
    json_decref(file);
    myr_context_destroy(context);
}

/* One loss of the file: its part of the batch's loss and gradient, added. */
static void add_loss(myr_context *context, const char *backend, const head *h, const json_t *entry,
                     const char *name, double share, myr_loss_metrics *metrics, double *gradient) {
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_token_pairs pairs = MYR_TOKEN_PAIRS_INIT;
    myr_compute_options options = on_backend(backend);
    myr_loss_metrics part = MYR_LOSS_METRICS_INIT;
    double logits[ROWS * VOCABULARY], logps[SEQUENCES];
    loss.loss = name;
    loss.beta = read_number(entry, "beta", NAN);
    loss.label_smoothing = read_number(entry, "label_smoothing", 0.0);
    loss.f_divergence = json_string_value(json_object_get(entry, "f_divergence"));
    pairs.reference = (myr_array){h->sums[1], MYR_F64};
    memcpy(logits, h->policy, sizeof logits);
    memset(&part, 0xff, sizeof part);
    part.struct_size = sizeof part;
    REQUIRE_OK(context,
               myr_loss_tokens(context, &loss, &h->tokens, &pairs, (myr_array_out){logits, MYR_F64}, true,
                               &options, (myr_array_out){logps, MYR_F64}, &part, NULL));
    for (int i = 0; i < ROWS * VOCABULARY; i++)
        gradient[i] += share * logits[i];
    metrics->loss += share * part.loss;
    metrics->rewards_chosen = part.rewards_chosen;
    metrics->rewards_rejected = part.rewards_rejected;
    metrics->rewards_accuracies = part.rewards_accuracies;
}

/* Weights by the policy's confidence and length-desensitised sums are no losses of ours. */
static bool is_ours(const json_t *entry) {
    return json_is_null(json_object_get(entry, "ld_alpha")) &&
           !json_is_true(json_object_get(entry, "use_weighting_wpo"));
}

/* float gradients are differences 1 - p and may cancel: their error is held against the largest entry. */
static void check_entry(const json_t *entry, const char *backend, const myr_loss_metrics *metrics,
                        const double *gradient) {
    const double bound = is_reference(backend) ? 1e-12 : 1e-5;
    static double known[ROWS * VOCABULARY];
    double largest = 0.0;
    read_numbers(entry, "grad_logits", known, ROWS * VOCABULARY);
    for (int i = 0; i < ROWS * VOCABULARY; i++)
        largest = fmax(largest, fabs(known[i]));
    expect_near(metrics->loss, read_number(entry, "loss", NAN), bound, "loss", 0);
    expect_near(metrics->rewards_chosen, read_number(entry, "rewards_chosen_mean", NAN), bound, "chosen",
                0);
    expect_near(metrics->rewards_rejected, read_number(entry, "rewards_rejected_mean", NAN), bound,
                "rejected", 0);
    cr_expect_eq(metrics->rewards_accuracies, read_number(entry, "rewards_accuracy", NAN));
    for (int i = 0; i < ROWS * VOCABULARY; i++) {
        double scale = is_reference(backend) ? fabs(known[i]) : largest;
        cr_expect(fabs(gradient[i] - known[i]) <= bound * scale, "gradient[%d]: %.17g, known %.17g", i,
                  gradient[i], known[i]);
    }
}

TEST_ON_BACKENDS(tokens, gives_known_losses_and_gradients) {
    myr_context *context = new_context();
    need_backend(context, backend);
    json_t *file = load_golden("tokens/trl_head_token_dpo.json"), *entry;
    int tried = 0;
    size_t index;
    head h;
    read_head(file, &h);
    json_array_foreach(json_object_get(file, "cases"), index, entry) {
        const json_t *names = json_object_get(entry, "loss_type");
        const json_t *shares = json_object_get(entry, "loss_weights");
        double gradient[ROWS * VOCABULARY] = {0};
        myr_loss_metrics metrics = MYR_LOSS_METRICS_INIT;
        if (!is_ours(entry))
            continue;
        if (json_is_string(names))
            add_loss(context, backend, &h, entry, json_string_value(names), 1.0, &metrics, gradient);
        for (size_t k = 0; k < json_array_size(names); k++)
            add_loss(context, backend, &h, entry, json_string_value(json_array_get(names, k)),
                     json_number_value(json_array_get(shares, k)), &metrics, gradient);
        check_entry(entry, backend, &metrics, gradient);
        tried++;
    }
    cr_assert_geq(tried, 9);
    json_decref(file);
    myr_context_destroy(context);
}

/* ---- the reference by finite differences --------------------------------------------------------------
 */

static double loss_at(myr_context *context, const rows_batch *b, const char *name, const double *reference,
                      const double *weight, double *logits, bool gradient) {
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_token_pairs pairs = MYR_TOKEN_PAIRS_INIT;
    myr_compute_options options = on_backend("reference");
    myr_loss_metrics metrics = {.struct_size = sizeof metrics, .loss = NAN};
    loss.loss = name;
    loss.beta = 0.3;
    pairs.reference = (myr_array){reference, MYR_F64};
    pairs.weight = (myr_array){loss_is_sorted(name) ? NULL : weight, MYR_F64};
    REQUIRE_OK(context,
               myr_loss_tokens(context, &loss, &b->tokens, &pairs, (myr_array_out){logits, MYR_F64},
                               gradient, &options, (myr_array_out){NULL, MYR_F64}, &metrics, NULL));
    return metrics.loss;
}

/* Central differences with step e = 1e-5: their error is e^2/6 times a third derivative, some 10 here,
 * 2e-10, and rounding of losses of size 10 over e, 1e-15 10/1e-5 = 1e-9. A kink or tie within e of the
 * point has probability near 1e-4; the seed is fixed. */
Test(tokens, gradient_is_the_difference_of_the_reference) {
    myr_context *context = new_context();
    uint64_t state = 17;
    rows_batch b = make_rows(&state, 8, 5, 6, MYR_F64, 2.0);
    double reference[8], weight[4] = {1.0, 0.5, 0.0, 2.5};
    for (int s = 0; s < 8; s++)
        reference[s] = -4.0 * uniform(&state) * (double)(b.starts[s + 1] - b.starts[s]);
    double *gradient = malloc(b.logits * sizeof(double)), *moved = malloc(b.logits * sizeof(double));
    for (int index = 0; myr_loss_name(index); index++) {
        const char *name = myr_loss_name(index);
        for (int average = 0; average < 2; average++) {
            if (average && loss_needs_lengths(name))
                continue; /* it needs the lengths */
            b.tokens.average = average;
            memcpy(gradient, b.exact, b.logits * sizeof(double));
            (void)loss_at(context, &b, name, reference, weight, gradient, true);
            for (size_t i = 0; i < b.logits; i++) {
                const double e = 1e-5;
                memcpy(moved, b.exact, b.logits * sizeof(double));
                moved[i] = b.exact[i] + e;
                double up = loss_at(context, &b, name, reference, weight, moved, false);
                moved[i] = b.exact[i] - e;
                double down = loss_at(context, &b, name, reference, weight, moved, false);
                double difference = (up - down) / (2.0 * e);
                cr_assert(fabs(gradient[i] - difference) <= 1e-8, "%s, average %d, logit %zu: %.12g, %.12g",
                          name, average, i, gradient[i], difference);
            }
        }
    }
    free(gradient);
    free(moved);
    free_rows(&b);
    myr_context_destroy(context);
}

/* ---- fast against reference ---------------------------------------------------------------------------
 */

/* A row's log-probability, in units of 2^-24: an exponential is within 1.6e-7 = 2.7 units, a sum of 16 in
 * float adds 15, the rest is double; a logarithm makes relative errors absolute ones. Logits that were
 * doubles are rounded to float, each by up to its size: the label's own, and all in the sum. */
static double logp_bound(const rows_batch *b) {
    double rounded = b->type == MYR_F64 ? 2.0 * largest_logit(b) : 0.0;
    return (2.7 + 15.0 + rounded) * 1.01 * 0x1p-24;
}

/* A gradient u (1 - p) or -u p: the softmax p is within the above, relatively, and 3 more roundings (u,
 * the factor, the product); then that of the type. Exponentials below 2^-90 of the power of two next to
 * the largest count as 0, and slopes below 2^-100 about: probabilities below 2^-89, slopes below 2^-99. */
static double gradient_bound(const rows_batch *b, double logp, double u, double p, double exact) {
    double unit = b->type == MYR_BF16 ? 0x1p-8 : b->type == MYR_F16 ? 0x1p-11 : 0x1p-24;
    double least = b->type == MYR_F16 ? 0x1p-25 : fabs(u) * 0x1p-89 + 0x1p-99;
    return fabs(u) * p * (2.0 * logp + 3.0 * 0x1p-24) + 1.01 * fabs(exact) * (unit + 0x1p-24) + least;
}

static void check_rows(myr_context *context, const char *backend, const rows_batch *b, uint64_t *state) {
    const uint64_t rows = b->tokens.rows, sequences = b->tokens.sequences,
                   vocabulary = b->tokens.vocabulary;
    myr_compute_options fast = on_backend(backend), reference = on_backend("reference");
    double *known = poisoned(rows * sizeof(double)), *got = poisoned(rows * sizeof(double));
    double *upstream = malloc(sequences * sizeof(double)), *slopes = malloc(b->logits * sizeof(double));
    const myr_array_out none = {NULL, MYR_F64};
    const myr_array no_rows = {NULL, MYR_F64};
    const double logp = logp_bound(b);
    REQUIRE_OK(context, myr_token_logps(context, &b->tokens, (myr_array){b->exact, MYR_F64}, &reference,
                                        none, (myr_array_out){known, MYR_F64}, NULL));
    REQUIRE_OK(context, myr_token_logps(context, &b->tokens, (myr_array){b->typed, b->type}, &fast, none,
                                        (myr_array_out){got, MYR_F64}, NULL));
    for (uint64_t row = 0; row < rows; row++)
        cr_assert(fabs(got[row] - known[row]) <= logp, "%s %s, vocabulary %llu, row %llu: %.9g, %.9g",
                  backend, myr_dtype_name(b->type), (unsigned long long)vocabulary, (unsigned long long)row,
                  got[row], known[row]);

    for (uint64_t s = 0; s < sequences; s++)
        upstream[s] = 4.0 * uniform(state) - 2.0;
    memcpy(slopes, b->exact, b->logits * sizeof(double));
    void *typed = malloc(b->logits * myr_dtype_size(b->type));
    memcpy(typed, b->typed, b->logits * myr_dtype_size(b->type));
    REQUIRE_OK(context, myr_token_gradient(context, &b->tokens, (myr_array_out){slopes, MYR_F64},
                                           (myr_array){upstream, MYR_F64}, no_rows, &reference, NULL));
    REQUIRE_OK(context, myr_token_gradient(context, &b->tokens, (myr_array_out){typed, b->type},
                                           (myr_array){upstream, MYR_F64}, no_rows, &fast, NULL));
    for (uint64_t s = 0; s < sequences; s++)
        for (uint64_t i = (uint64_t)b->starts[s] * vocabulary; i < (uint64_t)b->starts[s + 1] * vocabulary;
             i++) {
            const uint64_t row = i / vocabulary;
            double value = myr_element((myr_array){typed, b->type}, i);
            double softmax = fmin(1.0, fabs(slopes[i] / upstream[s]));
            if (i % vocabulary == (uint64_t)b->labels[row])
                softmax = 1.0 - softmax;
            double bound = b->mask[row] ? gradient_bound(b, logp, upstream[s], softmax, slopes[i]) : 0.0;
            cr_assert(fabs(value - slopes[i]) <= bound,
                      "%s %s, vocabulary %llu, logit %llu: %.9g, %.9g > %g", backend,
                      myr_dtype_name(b->type), (unsigned long long)vocabulary, (unsigned long long)i, value,
                      slopes[i], bound);
        }
    free(known);
    free(got);
    free(upstream);
    free(slopes);
    free(typed);
}

/* Sizes at the edges of vectors, lanes and tiles. */
static const uint64_t sizes[] = {1,    2,    7,    8,     31,    64,    1000, 1023,
                                 1024, 1025, 4096, 16383, 16384, 16385, 33000};
static const myr_dtype types[] = {MYR_F64, MYR_F32, MYR_BF16, MYR_F16};

static void agrees(const char *backend) {
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t seed = fresh_seed(), state = seed;
    cr_log_info("seed %llu", (unsigned long long)seed);
    for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++)
        for (size_t type = 0; type < 4; type++) {
            static const double spreads[] = {0.01, 2.0, 30.0};
            rows_batch b =
                make_rows(&state, 3, 4, sizes[size], types[type], spreads[next_random(&state) % 3]);
            check_rows(context, backend, &b, &state);
            free_rows(&b);
        }
    myr_context_destroy(context);
}

Test(tokens, cpu_agrees_with_the_reference) {
    agrees("cpu");
}

Test(tokens, cuda_agrees_with_the_reference) {
    agrees("cuda");
}

/* ---- the same bits ------------------------------------------------------------------------------------
 */

typedef struct outcome {
    double logps[16];
    void *typed;
    myr_loss_metrics metrics;
} outcome;

static outcome run_loss(myr_context *context, const rows_batch *b, const myr_compute_options *options) {
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_token_pairs pairs = MYR_TOKEN_PAIRS_INIT;
    outcome o = {.typed = malloc(b->logits * myr_dtype_size(b->type)), .metrics = MYR_LOSS_METRICS_INIT};
    memcpy(o.typed, b->typed, b->logits * myr_dtype_size(b->type));
    loss.reference_free = true;
    REQUIRE_OK(context,
               myr_loss_tokens(context, &loss, &b->tokens, &pairs, (myr_array_out){o.typed, b->type}, true,
                               options, (myr_array_out){o.logps, MYR_F64}, &o.metrics, NULL));
    return o;
}

static void expect_same(const rows_batch *b, const outcome *left, const outcome *right, const char *what) {
    cr_expect_arr_eq(left->logps, right->logps, sizeof left->logps, "%s: log-probabilities", what);
    cr_expect_arr_eq(left->typed, right->typed, b->logits * myr_dtype_size(b->type), "%s: gradients", what);
    cr_expect_arr_eq(&left->metrics, &right->metrics, sizeof left->metrics, "%s: metrics", what);
}

TEST_ON_BACKENDS(tokens, repeats_to_the_bit) {
    static const int threads[] = {1, 2, 7};
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t state = fresh_seed();
    for (size_t type = 0; type < 4; type++) {
        rows_batch b = make_rows(&state, 16, 9, 5000, types[type], 5.0);
        myr_compute_options options = on_backend(backend);
        outcome first = run_loss(context, &b, &options);
        for (size_t t = 0; t < 3; t++) {
            options.threads = threads[t];
            outcome again = run_loss(context, &b, &options);
            expect_same(&b, &first, &again, "threads");
            free(again.typed);
        }
        free(first.typed);
        free_rows(&b);
    }
    myr_context_destroy(context);
}

Test(tokens, instruction_sets_give_the_same_bits) {
    myr_context *context = new_context();
    uint64_t state = fresh_seed();
    for (size_t type = 0; type < 4; type++) {
        rows_batch b = make_rows(&state, 8, 3, 20000, types[type], 20.0);
        const size_t rows = (size_t)b.tokens.rows, bytes = b.logits * myr_dtype_size(b.type);
        myr_row_result *results[3] = {poisoned(rows * sizeof *results[0]), NULL, NULL};
        void *typed[3] = {malloc(bytes), NULL, NULL};
        double *upstream = malloc(rows * sizeof *upstream);
        for (size_t row = 0; row < rows; row++)
            upstream[row] = uniform(&state) - 0.5;
        for (int i = 0; myr_cpu_isa_at(i) && myr_cpu_isa_supported(myr_cpu_isa_at(i)); i++) {
            myr_row_job job = {.compute = {.threads = 1}, .rows = rows, .vocabulary = b.tokens.vocabulary};
            results[i] = i ? poisoned(rows * sizeof *results[0]) : results[0];
            typed[i] = i ? malloc(bytes) : typed[0];
            memcpy(typed[i], b.typed, bytes);
            job.logits = (myr_array_out){typed[i], b.type};
            job.labels = b.tokens.labels;
            job.mask = b.mask;
            REQUIRE_OK(context, myr_cpu_rows_on(context, myr_cpu_isa_at(i), &job, results[i]));
            REQUIRE_OK(context,
                       myr_cpu_gradient_on(context, myr_cpu_isa_at(i), &job, results[i], upstream));
            cr_expect_arr_eq(results[i], results[0], rows * sizeof *results[0], "%s",
                             myr_cpu_isa_at(i)->name);
            cr_expect_arr_eq(typed[i], typed[0], bytes, "%s", myr_cpu_isa_at(i)->name);
        }
        for (int i = 0; i < 3; i++) {
            free(results[i]);
            free(typed[i]);
        }
        free(upstream);
        free_rows(&b);
    }
    myr_context_destroy(context);
}

/* ---- extremes -----------------------------------------------------------------------------------------
 */

/* The softmax of one large logit is 1 and of the others 0; words masked out by far negative logits have
 * none; equal logits have 1/vocabulary. */
TEST_ON_BACKENDS(tokens, stands_extremes) {
    enum { V = 9, N = 4 };
    float x[N * V] = {0};
    int32_t labels[N] = {3, 3, 0, 8};
    double logps[N];
    myr_context *context = new_context();
    need_backend(context, backend);
    myr_compute_options options = on_backend(backend);
    x[3] = 60000.0f;     /* row 0: log 1 */
    x[V + 4] = 60000.0f; /* row 1: log exp(-60000) */
    for (int j = 0; j < V; j++) {
        x[2 * V + j] = -500.0f;                    /* row 2: log 1/9 */
        x[3 * V + j] = j < 5 ? -1e30f : -65000.0f; /* row 3: log 1/4 */
    }
    myr_tokens tokens = MYR_TOKENS_INIT;
    tokens.rows = tokens.sequences = N;
    tokens.vocabulary = V;
    tokens.labels = (myr_array){labels, MYR_I32};
    REQUIRE_OK(context,
               myr_token_logps(context, &tokens, (myr_array){x, MYR_F32}, &options,
                               (myr_array_out){logps, MYR_F64}, (myr_array_out){NULL, MYR_F64}, NULL));
    const double known[N] = {0.0, -60000.0, -log(9.0), -log(4.0)};
    for (int i = 0; i < N; i++)
        cr_expect(fabs(logps[i] - known[i]) <= 1.1e-6, "row %d: %.12g, expected %.12g", i, logps[i],
                  known[i]);
    const double upstream[N] = {1.0, 1.0, 1.0, 1.0};
    REQUIRE_OK(context,
               myr_token_gradient(context, &tokens, (myr_array_out){x, MYR_F32}, (myr_array){NULL, MYR_F64},
                                  (myr_array){upstream, MYR_F64}, &options, NULL));
    for (int j = 0; j < V; j++) {
        double row1 = j == 3 ? 1.0 : j == 4 ? -1.0 : 0.0, row3 = j < 5 ? 0.0 : j == 8 ? 0.75 : -0.25;
        cr_expect_eq(x[j], 0.0f);
        cr_expect(fabs((double)x[V + j] - row1) <= 2e-6);
        cr_expect(fabs((double)x[3 * V + j] - row3) <= 2e-6, "%d: %g", j, (double)x[3 * V + j]);
    }
    myr_context_destroy(context);
}

/* Masked and padded words: -inf away from the label is a probability of 0, and a gradient of exactly 0, in
 * every type of logits; the other words are as without it. The first row: -ln 2, (0, 1/2, -1/2). */
static void expect_masked(myr_context *context, const myr_compute_options *options, myr_dtype type) {
    enum { V = 1037, N = 2 };                       /* more than the lanes of a row */
    static const uint16_t low[] = {0xff80, 0xfc00}; /* -inf, of bf16 and f16 */
    static double wide[N * V];
    static float single[N * V];
    static uint16_t half[N * V];
    const int32_t labels[N] = {1, 1036};
    void *logits = type == MYR_F64 ? (void *)wide : type == MYR_F32 ? (void *)single : (void *)half;
    for (int i = 0; i < N * V; i++) { /* row 0: three words, the first of them masked; row 1: all but two */
        const bool kept = i < V ? i == 1 || i == 2 : i == V + 5 || i == V + 1036;
        wide[i] = kept ? 0.0 : -(double)INFINITY;
        single[i] = (float)wide[i];
        half[i] = kept ? 0 : low[type == MYR_F16];
    }
    double logps[N];
    const double upstream[N] = {1.0, -3.0};
    myr_tokens tokens = MYR_TOKENS_INIT;
    tokens.rows = tokens.sequences = N;
    tokens.vocabulary = V;
    tokens.labels = (myr_array){labels, MYR_I32};
    REQUIRE_OK(context,
               myr_token_logps(context, &tokens, (myr_array){logits, type}, options,
                               (myr_array_out){logps, MYR_F64}, (myr_array_out){NULL, MYR_F64}, NULL));
    for (int row = 0; row < N; row++)
        cr_expect(fabs(logps[row] + log(2.0)) <= 1e-15, "%s row %d: %.17g", myr_dtype_name(type), row,
                  logps[row]);
    REQUIRE_OK(context, myr_token_gradient(context, &tokens, (myr_array_out){logits, type},
                                           (myr_array){NULL, MYR_F64}, (myr_array){upstream, MYR_F64},
                                           options, NULL));
    for (int i = 0; i < N * V; i++) {
        const double known = i == 1 ? 0.5 : i == 2 ? -0.5 : i == V + 5 ? 1.5 : i == V + 1036 ? -1.5 : 0.0;
        const unsigned bits = known == 0.0      ? 0u
                              : type == MYR_F16 ? (fabs(known) == 0.5 ? 0x3800u : 0x3e00u)
                                                : (fabs(known) == 0.5 ? 0x3f00u : 0x3fc0u);
        if (type == MYR_F64)
            cr_assert_eq(wide[i], known, "%d: %g", i, wide[i]);
        else if (type == MYR_F32)
            cr_assert_eq((double)single[i], known, "%d: %g", i, (double)single[i]);
        else /* the sign of a 0 does not matter */
            cr_assert(
                half[i] == (bits | (known < 0.0 ? 0x8000u : 0u)) || (known == 0.0 && half[i] == 0x8000u),
                "%s %d: %x", myr_dtype_name(type), i, (unsigned)half[i]);
    }
}

TEST_ON_BACKENDS(tokens, minus_infinity_is_a_probability_of_0) {
    static const myr_dtype types[] = {MYR_F64, MYR_F32, MYR_BF16, MYR_F16};
    myr_context *context = new_context();
    need_backend(context, backend);
    myr_compute_options options = on_backend(backend);
    for (int i = 0; i < 4; i++)
        expect_masked(context, &options, types[i]);
    myr_context_destroy(context);
}

/* ---- pointwise parts ----------------------------------------------------------------------------------
 */

Test(tokens, exponentials_and_logarithms_keep_their_bounds) {
    uint64_t state = fresh_seed();
    for (int i = 0; i < 2000000; i++) {
        float x = (float)((uniform(&state) - 0.5) * (i % 2 ? 200.0 : 131072.0));
        int32_t power;
        double mantissa = (double)myr_exp_split(x, &power);
        double exact =
            exp((double)((long double)x - (long double)power * 0.693147180559945309417232121458L));
        cr_assert(fabs(mantissa / exact - 1.0) <= 1.6e-7, "%.9g: %.9g, %.9g", (double)x, mantissa, exact);
        double s = exp(60.0 * uniform(&state) - 20.0);
        if (i % 3 == 0)
            s = 1.0 + (s - 1.0) * 1e-6;
        double known = log(s);
        cr_assert(fabs(myr_log_double(s) - known) <= fmax(1e-14 * fabs(known), 1e-16), "log %.17g", s);
    }
    cr_expect_eq(myr_log_double(1.0), 0.0);
}
