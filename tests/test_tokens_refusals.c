/* What the calls on tokens refuse: one clear line each, with the row or the field. */
#include <criterion/criterion.h>

#include "token_rows.h"

enum { ROWS = 6, VOCABULARY = 5 };

/* A batch without fault. */
typedef struct good {
    myr_context *context;
    myr_compute_options options;
    double logits[ROWS * VOCABULARY], reference[2];
    int64_t labels[ROWS], starts[3];
    uint8_t mask[ROWS];
    myr_tokens tokens;
    myr_token_pairs pairs;
    myr_loss_options loss;
} good;

static void make_good(good *g, const char *backend) {
    memset(g, 0, sizeof *g);
    g->context = new_context();
    need_backend(g->context, backend);
    g->options = on_backend(backend);
    for (int i = 0; i < ROWS * VOCABULARY; i++)
        g->logits[i] = 0.25 * (i % 7);
    for (int row = 0; row < ROWS; row++) {
        g->labels[row] = row % VOCABULARY;
        g->mask[row] = row != 1;
    }
    g->starts[1] = 2;
    g->starts[2] = ROWS;
    g->tokens = (myr_tokens)MYR_TOKENS_INIT;
    g->tokens.rows = ROWS;
    g->tokens.vocabulary = VOCABULARY;
    g->tokens.labels = (myr_array){g->labels, MYR_I64};
    g->tokens.mask = g->mask;
    g->tokens.sequences = 2;
    g->tokens.starts = (myr_array){g->starts, MYR_I64};
    g->pairs = (myr_token_pairs)MYR_TOKEN_PAIRS_INIT;
    g->pairs.reference = (myr_array){g->reference, MYR_F64};
    g->loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
}

static void expect(good *g, myr_status expected, const char *message) {
    myr_status status =
        myr_loss_tokens(g->context, &g->loss, &g->tokens, &g->pairs, (myr_array_out){g->logits, MYR_F64},
                        true, &g->options, (myr_array_out){NULL, MYR_F64}, NULL, NULL);
    cr_expect_eq(status, expected, "%s: %s", message, myr_status_name(status));
    if (expected != MYR_OK)
        cr_expect_str_eq(myr_context_error(g->context), message);
    myr_context_destroy(g->context);
}

#define REFUSES(backend, status, message, ...) \
    do {                                       \
        good g;                                \
        make_good(&g, backend);                \
        __VA_ARGS__;                           \
        expect(&g, status, message);           \
    } while (0)

TEST_ON_BACKENDS(tokens_refusals, names_the_row) {
    REFUSES(backend, MYR_OK, "", (void)g);
    REFUSES(backend, MYR_OK, "", g.labels[1] = -100; g.logits[VOCABULARY] = NAN); /* masked */
    REFUSES(backend, MYR_INVALID_DATA,
            "row 2: logit 3 is nan (expected at most 65536; -inf has probability 0)",
            g.logits[2 * VOCABULARY + 3] = NAN);
    REFUSES(backend, MYR_INVALID_DATA,
            "row 5: logit 4 is inf (expected at most 65536; -inf has probability 0)",
            g.logits[ROWS * VOCABULARY - 1] = INFINITY);
    REFUSES(backend, MYR_OK, "", g.logits[3 * VOCABULARY] = -INFINITY);
    REFUSES(backend, MYR_INVALID_DATA,
            "row 3: logit 0 is 70000 (expected at most 65536; -inf has probability 0)",
            g.logits[3 * VOCABULARY] = 70000.0);
    REFUSES(backend, MYR_INVALID_DATA, "row 4: label 5 is out of range (expected 0 … 4)", g.labels[4] = 5);
    REFUSES(backend, MYR_INVALID_DATA, "row 0: label -1 is out of range (expected 0 … 4)",
            g.labels[0] = -1);
    REFUSES(backend, MYR_INVALID_DATA,
            "row 0: the logit of its label 0 is below -65536: it has no probability", g.logits[0] = -1e9);
    REFUSES(backend, MYR_INVALID_DATA,
            "row 0: the logit of its label 0 is below -65536: it has no probability",
            g.logits[0] = -INFINITY);
    REFUSES(backend, MYR_INVALID_DATA, "sequence 0: none of its 2 rows counts (expected one)",
            g.mask[0] = 0);
    REFUSES(backend, MYR_INVALID_DATA, "starts[1] is 7 (expected 0 … 6)", g.starts[1] = 7);
    REFUSES(backend, MYR_INVALID_DATA, "starts[2] is 5 (expected 6 … 6)", g.starts[2] = 5);
    REFUSES(backend, MYR_INVALID_DATA,
            "row 0: reference_chosen is nan (expected a finite number of at most "
            "1e15 in size)",
            g.reference[0] = NAN);
}

Test(tokens_refusals, names_the_field) {
    static const float weight[1] = {0.0f};
    REFUSES("cpu", MYR_INVALID_ARGUMENT, "tokens: rows is 0 (expected 1 … 2147483647)", g.tokens.rows = 0);
    REFUSES("cpu", MYR_INVALID_ARGUMENT, "tokens: sequences is 7 (expected 1 … 6)", g.tokens.sequences = 7);
    REFUSES("cpu", MYR_INVALID_ARGUMENT, "tokens: labels is NULL (expected an array)",
            g.tokens.labels.data = NULL);
    REFUSES("cpu", MYR_INVALID_ARGUMENT, "tokens: labels is of type f32 (expected i32 or i64)",
            g.tokens.labels.type = MYR_F32);
    REFUSES("cpu", MYR_INVALID_ARGUMENT,
            "tokens: 6 rows are no multiple of 4 sequences (expected starts, or sequences of one length)",
            g.tokens.starts.data = NULL;
            g.tokens.sequences = 4);
    REFUSES("cpu", MYR_INVALID_ARGUMENT,
            "tokens: sequences is 3 (expected an even number: chosen answers, then rejected)",
            g.tokens.starts.data = NULL;
            g.tokens.sequences = 3);
    REFUSES("cpu", MYR_INVALID_ARGUMENT, "token pairs: reference is NULL (expected an array)",
            g.pairs.reference.data = NULL);
    REFUSES("cpu", MYR_INVALID_DATA, "weight: all 1 weights are 0 (expected one above 0)",
            g.pairs.weight = ((myr_array){weight, MYR_F32}));
    REFUSES("cpu", MYR_INVALID_ARGUMENT,
            "tokens: struct_size is 0 (expected 80, which MYR_TOKENS_INIT sets)", g.tokens.struct_size = 0);
}

Test(tokens_refusals, gradients_take_one_upstream) {
    good g;
    make_good(&g, "cpu");
    const myr_array none = {NULL, MYR_F64}, one = {g.reference, MYR_F64};
    cr_expect_eq(myr_token_gradient(g.context, &g.tokens, (myr_array_out){g.logits, MYR_F64}, none, none,
                                    &g.options, NULL),
                 MYR_INVALID_ARGUMENT);
    cr_expect_str_eq(myr_context_error(g.context),
                     "gradient: of sequences and of rows, neither is given (expected one of the two)");
    cr_expect_eq(myr_token_gradient(g.context, &g.tokens, (myr_array_out){g.logits, MYR_F64}, one, one,
                                    &g.options, NULL),
                 MYR_INVALID_ARGUMENT);
    g.reference[1] = INFINITY;
    cr_expect_eq(myr_token_gradient(g.context, &g.tokens, (myr_array_out){g.logits, MYR_F64}, one, none,
                                    &g.options, NULL),
                 MYR_INVALID_DATA);
    cr_expect_str_eq(myr_context_error(g.context),
                     "sequence_gradient[1] is inf (expected a finite number)");
    myr_context_destroy(g.context);
}
