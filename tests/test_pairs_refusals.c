/* The reduction over pairs: what is refused, and the lists of names. */
#include <criterion/criterion.h>
#include <math.h>

#include "pairs_batch.h"

static void expect_refusal(batch *b, myr_status status, const char *text) {
    cr_assert_eq(run_batch(b), status, "%s", text);
    cr_assert_not_null(strstr(myr_context_error(b->context), text), "'%s' lacks '%s'",
                       myr_context_error(b->context), text);
    b->loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
    b->options = (myr_compute_options)MYR_COMPUTE_OPTIONS_INIT;
}

Test(pairs, options_out_of_range_are_refused) {
    batch *b = new_batch("cpu");
    fill_batch(b, 10, 1);
    const double betas[] = {0, -1, NAN, 1e-7, 1e7}, smoothings[] = {-0.1, 0.5, 1, NAN};
    for (int i = 0; i < 5; i++) {
        b->loss.beta = betas[i];
        expect_refusal(b, MYR_INVALID_ARGUMENT, "beta: ");
    }
    for (int i = 0; i < 4; i++) {
        b->loss.label_smoothing = smoothings[i];
        expect_refusal(b, MYR_INVALID_ARGUMENT, "label_smoothing: ");
    }
    b->loss.loss = "sigmod";
    expect_refusal(b, MYR_INVALID_ARGUMENT, "loss: 'sigmod' is not known (expected sigmoid, ");
    b->loss.loss = NULL;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "loss: 'NULL'");
    b->loss.f_divergence = "kl";
    expect_refusal(
        b, MYR_INVALID_ARGUMENT,
        "f_divergence: 'kl' is not known (expected reverse_kl, js_divergence or alpha_divergence)");
    b->loss.f_divergence = "alpha_divergence", b->loss.f_alpha_divergence_coef = 1001;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "f_alpha_divergence_coef: 1001 is out of range");
    b->loss.f_divergence = "alpha_divergence", b->loss.f_alpha_divergence_coef = NAN;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "f_alpha_divergence_coef: ");
    b->loss.tau = 2;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "tau: 2 is out of range");
    b->loss.loss = "bco_pair", b->loss.shift = INFINITY;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "shift: inf");
    b->loss.loss = "hinge", b->loss.label_smoothing = 0.1;
    expect_refusal(b, MYR_UNSUPPORTED, "hinge does not take label_smoothing");
    b->loss.loss = "sft", b->loss.f_divergence = "js_divergence";
    expect_refusal(b, MYR_UNSUPPORTED, "sft does not take f_divergence");
    b->loss.loss = "nca_pair", b->loss.f_divergence = "alpha_divergence";
    b->loss.f_alpha_divergence_coef = 1.0; /* reverse_kl, but asked for where there is no choice */
    expect_refusal(b, MYR_UNSUPPORTED, "nca_pair does not take f_divergence");
    b->loss.f_alpha_divergence_coef = 1.0;
    expect_refusal(b, MYR_UNSUPPORTED, "sigmoid does not take f_alpha_divergence_coef");
    b->loss.tau = 0.5;
    expect_refusal(b, MYR_UNSUPPORTED, "sigmoid does not take tau");
    b->loss.shift = 1;
    expect_refusal(b, MYR_UNSUPPORTED, "sigmoid does not take shift");
    b->loss.shift = MYR_SHIFT_BATCH;
    expect_refusal(b, MYR_UNSUPPORTED, "sigmoid does not take shift");
    b->loss.loss = "sigmoid_norm";
    expect_refusal(b, MYR_INVALID_ARGUMENT, "sigmoid_norm needs chosen_length");
    b->loss.struct_size = 0;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "struct_size");
    b->options.struct_size = 0;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "struct_size");
    b->options.threads = -1;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "threads: -1");
    b->options.backend = "abacus";
    expect_refusal(b, MYR_INVALID_ARGUMENT, "unknown backend 'abacus'");
    b->options.backend = "cpu", b->options.memory = MYR_DEVICE;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "memory: backend cpu takes host memory");
    b->options.stream = b;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "stream: host memory takes none");
    b->count = 0;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "count 0 is out of range");
    b->count = UINT64_C(1) << 41;
    expect_refusal(b, MYR_INVALID_ARGUMENT, "count 2199023255552 is out of range");
    free_batch(b);
}

/* Float could hold neither these weights nor what gradients are divided by; doubles can: two equal weights
 * are a half each. */
Test(pairs, weights_too_small_for_float_are_refused) {
    batch *b = new_batch("cpu"), *r = new_batch("reference");
    fill_batch(b, 2, 1);
    fill_batch(r, 2, 1);
    b->weighted = r->weighted = true;
    b->weight[0] = b->weight[1] = r->weight[0] = r->weight[1] = 1e-40;
    expect_refusal(b, MYR_INVALID_DATA, "weight: the sum of all 2 weights is ");
    cr_assert_eq(run_batch(r), MYR_OK, "%s", myr_context_error(r->context));
    double weighted[2] = {r->metrics.loss, r->gradient[0][1]};
    r->weighted = false;
    cr_assert_eq(run_batch(r), MYR_OK, "%s", myr_context_error(r->context));
    cr_expect(fabs(weighted[0] - r->metrics.loss) <= 1e-15 * fabs(weighted[0]));
    cr_expect(fabs(weighted[1] - r->gradient[0][1]) <= 1e-15 * fabs(weighted[1]));
    free_batch(b);
    free_batch(r);
}

/* Each loss is 0.1 exp(709) or so, which doubles hold, but not 1,000 of them. */
Test(pairs, a_sum_that_overflows_is_refused) {
    batch *b = new_batch("reference");
    fill_batch(b, 1000, 1);
    b->loss.loss = "hinge";
    b->loss.f_divergence = "alpha_divergence";
    b->loss.f_alpha_divergence_coef = 0.0;
    b->loss.reference_free = true;
    for (int i = 0; i < 1000; i++) {
        b->policy[0][i] = -709.0;
        b->policy[1][i] = -1.0;
    }
    expect_refusal(b, MYR_INVALID_DATA, "loss: the sum over all 1000 pairs is not finite");
    free_batch(b);
}

Test(pairs, arrays_that_do_not_fit_are_refused) {
    myr_context *context = new_context();
    double numbers[4] = {-1, -1, -1, -1};
    const myr_array good = {numbers, MYR_F64}, none = {NULL, MYR_F64}, single = {numbers, MYR_F32},
                    whole = {numbers, MYR_I32}, unknown = {numbers, (myr_dtype)77};
    const struct {
        myr_array column[7];
        const char *text;
    } cases[] = {{{none, good, good, good, none, none, none}, "policy_chosen is NULL"},
                 {{good, none, good, good, none, none, none}, "policy_rejected is NULL"},
                 {{good, good, none, good, none, none, none}, "reference_chosen is NULL"},
                 {{good, good, good, none, none, none, none}, "reference_rejected is NULL"},
                 {{good, good, single, good, none, none, none},
                  "reference_chosen is of type f32, but policy_chosen of type f64"},
                 {{whole, whole, whole, whole, none, none, none},
                  "policy_chosen is of type i32 (expected f64, f32, bf16 or f16)"},
                 {{unknown, unknown, unknown, unknown, none, none, none}, "of type unknown"},
                 {{good, good, good, good, unknown, none, none}, "weight is of no known type"},
                 {{good, good, good, good, none, good, none}, "rejected_length is NULL"},
                 {{good, good, good, good, none, none, good}, "chosen_length is NULL"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const myr_array *c = cases[i].column;
        myr_pairs pairs = MYR_PAIRS_INIT;
        pairs.count = 1;
        pairs.policy_chosen = c[0], pairs.policy_rejected = c[1];
        pairs.reference_chosen = c[2], pairs.reference_rejected = c[3];
        pairs.weight = c[4], pairs.chosen_length = c[5], pairs.rejected_length = c[6];
        myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
        myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
        options.backend = "cpu";
        myr_array_out nowhere = {NULL, MYR_F64};
        cr_assert_eq(myr_loss_pairs(context, &loss, &pairs, &options, nowhere, nowhere, NULL, NULL),
                     MYR_INVALID_ARGUMENT, "%s", cases[i].text);
        cr_assert_not_null(strstr(myr_context_error(context), cases[i].text), "%s",
                           myr_context_error(context));
    }
    myr_pairs pairs = MYR_PAIRS_INIT;
    pairs.count = 1;
    pairs.policy_chosen = pairs.policy_rejected = pairs.reference_chosen = pairs.reference_rejected = good;
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    double out[2];
    const myr_array_out to = {out, MYR_F64}, nowhere = {NULL, MYR_F64}, other = {out, MYR_F32},
                        wrong = {out, MYR_I64};
    cr_assert_eq(myr_loss_pairs(context, &loss, &pairs, &options, to, nowhere, NULL, NULL),
                 MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_loss_pairs(context, &loss, &pairs, &options, to, other, NULL, NULL),
                 MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_loss_pairs(context, &loss, &pairs, &options, wrong, wrong, NULL, NULL),
                 MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_loss_pairs(context, &loss, NULL, &options, to, to, NULL, NULL), MYR_INVALID_ARGUMENT);
    myr_context_destroy(context);
}

Test(pairs, lists_end_and_their_lines_are_there) {
    int losses = 0, divergences = 0;
    while (myr_loss_name(losses)) {
        cr_assert_not_null(myr_loss_help(losses));
        losses++;
    }
    while (myr_divergence_name(divergences)) {
        cr_assert_not_null(myr_divergence_help(divergences));
        divergences++;
    }
    cr_assert_geq(losses, 16);
    cr_assert_geq(divergences, 3);
    cr_assert_null(myr_loss_name(-1));
    cr_assert_null(myr_loss_help(losses));
    cr_assert_null(myr_divergence_name(-1));
    cr_assert_null(myr_divergence_help(divergences));
    cr_assert(myr_loss_takes_margin("ipo"));
    cr_assert(!myr_loss_takes_margin("sft"));
    cr_assert(!myr_loss_takes_margin("aot"));
    cr_assert(!myr_loss_takes_margin(NULL));
    cr_assert(!myr_loss_takes_margin("nonsense"));
}
