/* The reduction over pairs: the known answers of TRL. */
#include <criterion/criterion.h>
#include <float.h>
#include <jansson.h>
#include <math.h>

#include "pairs_batch.h"

/* The golden quadruples. */
typedef struct quadruples {
    int count;
    double policy[2][64], reference[2][64], length[2][64];
} quadruples;

static quadruples read_quadruples(void) {
    quadruples q = {0};
    char line[512];
    FILE *file = open_golden("dpo/dpo_quadruples.csv");
    cr_assert_not_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file)) {
        int n = q.count, index;
        cr_assert_eq(sscanf(line, "%d,%lf,%lf,%lf,%lf,%lf,%lf", &index, &q.policy[0][n], &q.policy[1][n],
                            &q.reference[0][n], &q.reference[1][n], &q.length[0][n], &q.length[1][n]),
                     7, "%s", line);
        cr_assert_eq(index, n);
        cr_assert_lt(++q.count, 64);
    }
    fclose(file);
    return q;
}

static void set_pair(batch *b, uint64_t i, const quadruples *q, int from) {
    for (int c = 0; c < 2; c++) {
        b->policy[c][i] = q->policy[c][from];
        b->reference[c][i] = q->reference[c][from];
    }
}

/* A line of TRL's answers: rows of one pair each, but for aot. */
typedef struct answer {
    char loss_type[32], divergence[32];
    double beta, smoothing, extra;
    int index;
    double loss, reward[2], gradient[2];
} answer;

static bool read_answer(FILE *file, answer *a) {
    char line[1024], fields[11][64] = {{0}};
    if (!fgets(line, sizeof line, file))
        return false;
    char *at = line;
    for (int f = 0; f < 11; f++) {
        size_t length = strcspn(at, ",\n");
        cr_assert_lt(length, sizeof fields[f]);
        memcpy(fields[f], at, length);
        at += length + 1;
    }
    *a = (answer){.beta = atof(fields[2]),
                  .smoothing = atof(fields[3]),
                  .extra = atof(fields[4]),
                  .index = atoi(fields[5]),
                  .loss = atof(fields[6]),
                  .reward = {atof(fields[7]), atof(fields[8])},
                  .gradient = {atof(fields[9]), atof(fields[10])}};
    memcpy(a->loss_type, fields[0], 32);
    memcpy(a->divergence, fields[1], 32);
    return true;
}

static void set_loss(batch *b, const answer *a) {
    b->loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
    b->loss.loss = a->loss_type;
    b->loss.f_divergence = a->divergence;
    b->loss.beta = a->beta;
    b->loss.label_smoothing = a->smoothing;
    if (strcmp(a->divergence, "alpha_divergence") == 0)
        b->loss.f_alpha_divergence_coef = 0.0; /* TRL 0.28's coefficient, 1, is 1 - ours */
    if (strcmp(a->loss_type, "bco_pair") == 0)
        b->loss.shift = a->extra;
}

/* What TRL's own rounding leaves: it differentiates sigma as sigma (1 - sigma), softplus as sigma and
 * subtracts them from 1, so that what ought to be small is off by a unit of 1, 2^-53, times the slope; and
 * its 1 - sigma is off as much. */
static double trl_rounding(double size) {
    return 4.0 * 0x1p-53 * size;
}

static void expect_near(double got, double want, double relative, double absolute, const answer *a,
                        const char *what) {
    cr_assert(fabs(got - want) <= relative * fabs(want) + absolute,
              "%s %s beta %g s %g row %d: %s is %.17g, not %.17g", a->loss_type, a->divergence, a->beta,
              a->smoothing, a->index, what, got, want);
}

/* In float, a loss or slope is made of parts of the size of the loss or of 1, whose rounding, some units of
 * 2^-24, stays where they cancel (robust, exo_pair, nca_pair, apo_down); and below the smallest float, 0 is
 * right. */
static double float_rounding(const answer *a, double size) {
    bool cancels = strcmp(a->loss_type, "robust") == 0 || strcmp(a->loss_type, "exo_pair") == 0 ||
                   strcmp(a->loss_type, "nca_pair") == 0 || strcmp(a->loss_type, "apo_down") == 0;
    return (cancels ? 8.0 * 0x1p-24 * size : 0.0) + FLT_MIN;
}

static void expect_answer(batch *b, const answer *a, uint64_t i, bool is_float) {
    double relative = is_float ? 1e-5 : 1e-12;
    double slope = fmax(a->beta, fmax(fabs(a->gradient[0]), fabs(a->gradient[1])));
    if (strcmp(a->loss_type, "ipo") == 0) /* whose slope in the margin is twice its root */
        slope = fmax(slope, 2.0 * sqrt(a->loss));
    double scale = 1.0;
    /* TRL's cap of the exponent is the type's own: of float, at 88.7228. */
    if (is_float && fabs(a->loss) > FLT_MAX)
        scale = exp(88.7228 - 709.7827);
    expect_near(b->metrics.loss * (double)b->count, a->loss * scale * (double)b->count, relative,
                trl_rounding(1.0) + (is_float ? float_rounding(a, 1.0) : 0.0), a, "loss");
    for (int c = 0; c < 2; c++)
        expect_near(b->gradient[c][i], a->gradient[c], relative,
                    trl_rounding(slope) + (is_float ? float_rounding(a, slope) : 0.0), a, "gradient");
    expect_near(b->metrics.rewards_chosen, a->reward[0], relative, DBL_MIN, a, "chosen reward");
    expect_near(b->metrics.rewards_rejected, a->reward[1], relative, DBL_MIN, a, "rejected reward");
    cr_assert_eq(b->metrics.rewards_accuracies, a->reward[0] > a->reward[1] ? 1.0 : 0.0);
}

TEST_ON_BACKENDS(pairs, agree_with_trl) {
    batch *b = new_batch(backend);
    quadruples q = read_quadruples();
    FILE *file = open_golden("dpo/trl_v0.28.0_dpo_loss.csv");
    answer a;
    char titles[1024];
    cr_assert_not_null(fgets(titles, sizeof titles, file));
    int compared = 0;
    b->count = 1;
    while (read_answer(file, &a)) {
        if (strncmp(a.loss_type, "aot", 3) == 0)
            continue;
        set_loss(b, &a);
        set_pair(b, 0, &q, a.index);
        myr_status status = run_batch(b);
        compared++;
        if (isinf(a.loss)) { /* ipo of a capped exponential: TRL's gradient is NaN there */
            cr_assert_eq(status, MYR_INVALID_DATA);
            continue;
        }
        cr_assert_eq(status, MYR_OK, "%s", myr_context_error(b->context));
        if (isnan(
                a.loss)) { /* discopop at h = -1,000: TRL's exp(-h) overflows, but it counts for nothing */
            cr_assert_str_eq(a.loss_type, "discopop");
            a.loss = a.reward[1] - a.reward[0];
            a.gradient[0] = -a.beta;
            a.gradient[1] = a.beta;
        }
        expect_answer(b, &a, 0, strcmp(backend, "reference") != 0);
    }
    cr_assert_eq(compared, 872);
    fclose(file);
    free_batch(b);
}

/* Batches of 16, whose losses TRL lists rank by rank. */
TEST_ON_BACKENDS(pairs, agree_with_trl_where_the_batch_is_sorted) {
    enum { PAIRS = 16 };
    batch *b = new_batch(backend);
    quadruples q = read_quadruples();
    FILE *file = open_golden("dpo/trl_v0.28.0_dpo_loss.csv");
    double relative = strcmp(backend, "reference") == 0 ? 1e-12 : 1e-5;
    answer a;
    char titles[1024];
    cr_assert_not_null(fgets(titles, sizeof titles, file));
    int batches = 0;
    while (read_answer(file, &a)) {
        if (strncmp(a.loss_type, "aot", 3) != 0)
            continue;
        set_loss(b, &a);
        b->count = PAIRS;
        for (int i = 0; i < PAIRS; i++)
            set_pair(b, (uint64_t)i, &q, i);
        cr_assert_eq(run_batch(b), MYR_OK, "%s", myr_context_error(b->context));
        double loss = 0.0, reward[2] = {0.0, 0.0};
        for (int i = 0; i < PAIRS; i++) {
            cr_assert(i == 0 || read_answer(file, &a));
            cr_assert_eq(a.index, i);
            loss += a.loss / PAIRS;
            for (int c = 0; c < 2; c++) {
                reward[c] += a.reward[c] / PAIRS;
                expect_near(b->gradient[c][i], a.gradient[c] / PAIRS, relative, trl_rounding(a.beta), &a,
                            "gradient");
            }
        }
        expect_near(b->metrics.loss, loss, relative, 0.0, &a, "loss");
        expect_near(b->metrics.rewards_chosen, reward[0], relative, 0.0, &a, "chosen reward");
        expect_near(b->metrics.rewards_rejected, reward[1], relative, 0.0, &a, "rejected reward");
        batches++;
    }
    cr_assert_eq(batches, 8);
    fclose(file);
    free_batch(b);
}

/* The tokens' file: sums of log-probabilities and lengths, and TRL's losses of 2026, which divide by them.
 */
static void read_numbers(const json_t *from, double *to, size_t count) {
    cr_assert_eq(json_array_size(from), count);
    for (size_t i = 0; i < count; i++)
        to[i] = json_number_value(json_array_get(from, i));
}

static bool is_number(const json_t *object, const char *key, double value) {
    return json_number_value(json_object_get(object, key)) == value;
}

/* Cases of one loss on whole sequences. */
static bool is_pair_case(const json_t *c) {
    return json_is_string(json_object_get(c, "loss_type")) &&
           json_is_null(json_object_get(c, "ld_alpha")) &&
           json_is_false(json_object_get(c, "use_weighting_wpo"));
}

TEST_ON_BACKENDS(pairs, agree_with_trl_per_token) {
    enum { PAIRS = 3 };
    batch *b = new_batch(backend);
    FILE *file = open_golden("tokens/trl_head_token_dpo.json");
    json_t *all = json_loadf(file, 0, NULL);
    fclose(file);
    cr_assert_not_null(all);
    double relative = strcmp(backend, "reference") == 0 ? 1e-12 : 1e-5;
    double policy[2 * PAIRS], reference[2 * PAIRS], length[2 * PAIRS];
    read_numbers(json_object_get(all, "logp_sum_policy"), policy, 2 * PAIRS);
    read_numbers(json_object_get(all, "logp_sum_ref"), reference, 2 * PAIRS);
    read_numbers(json_object_get(all, "n_completion_tokens"), length, 2 * PAIRS);
    b->count = PAIRS;
    b->lengths = true;
    for (int i = 0; i < 2 * PAIRS; i++) {
        b->policy[i / PAIRS][i % PAIRS] = policy[i];
        b->reference[i / PAIRS][i % PAIRS] = reference[i];
        b->length[i / PAIRS][i % PAIRS] = length[i];
    }
    size_t index;
    int compared = 0;
    json_t *c;
    json_array_foreach(json_object_get(all, "cases"), index, c) {
        if (!is_pair_case(c))
            continue;
        b->loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
        b->loss.loss = json_string_value(json_object_get(c, "loss_type"));
        b->loss.f_divergence = json_string_value(json_object_get(c, "f_divergence"));
        b->loss.beta = json_number_value(json_object_get(c, "beta"));
        b->loss.label_smoothing = json_number_value(json_object_get(c, "label_smoothing"));
        cr_assert_eq(run_batch(b), MYR_OK, "%s", myr_context_error(b->context));
        double want = json_number_value(json_object_get(c, "loss"));
        cr_assert(fabs(b->metrics.loss - want) <= relative * want, "%s: %.17g, not %.17g", b->loss.loss,
                  b->metrics.loss, want);
        want = json_number_value(json_object_get(c, "rewards_chosen_mean"));
        cr_assert(fabs(b->metrics.rewards_chosen - want) <= relative * fabs(want));
        want = json_number_value(json_object_get(c, "rewards_rejected_mean"));
        cr_assert(fabs(b->metrics.rewards_rejected - want) <= relative * fabs(want));
        cr_assert(is_number(c, "rewards_accuracy", b->metrics.rewards_accuracies));
        compared++;
    }
    cr_assert_eq(compared, 8);
    json_decref(all);
    free_batch(b);
}
