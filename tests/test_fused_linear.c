/* The last layer: the same as stored logits, by the reference's finite differences and on every backend,
 * for every loss of the list, whatever the chunks. */
#include <criterion/criterion.h>

#include "loss_traits.h"
#include "token_rows.h"

enum { PAIRS = 4, SEQUENCES = 2 * PAIRS, VOCABULARY = 700, WIDTH = 24 };

typedef struct layer {
    rows_batch rows; /* its logits are the products */
    float *hidden, *matrix;
    double *hidden64, *matrix64;
    size_t hidden_count, matrix_count;
    double reference[SEQUENCES], weight[PAIRS];
} layer;

static double inner(const layer *l, uint64_t width, uint64_t row, uint64_t word) {
    double sum = 0.0;
    for (uint64_t c = 0; c < width; c++)
        sum += l->hidden64[row * width + c] * l->matrix64[word * width + c];
    return sum;
}

static layer make_layer(uint64_t *state, uint64_t vocabulary, uint64_t width) {
    layer l = {.rows = make_rows(state, SEQUENCES, 9, vocabulary, MYR_F64, 1.0)};
    l.hidden_count = l.rows.tokens.rows * width;
    l.matrix_count = vocabulary * width;
    l.hidden = malloc(l.hidden_count * sizeof(float));
    l.matrix = malloc(l.matrix_count * sizeof(float));
    l.hidden64 = malloc(l.hidden_count * sizeof(double));
    l.matrix64 = malloc(l.matrix_count * sizeof(double));
    for (size_t i = 0; i < l.hidden_count; i++)
        l.hidden64[i] = (double)(l.hidden[i] = (float)(2.0 * uniform(state) - 1.0));
    for (size_t i = 0; i < l.matrix_count; i++)
        l.matrix64[i] = (double)(l.matrix[i] = (float)(2.0 * uniform(state) - 1.0));
    for (uint64_t row = 0; row < l.rows.tokens.rows; row++)
        for (uint64_t j = 0; j < vocabulary; j++)
            l.rows.exact[row * vocabulary + j] = inner(&l, width, row, j);
    for (int s = 0; s < SEQUENCES; s++)
        l.reference[s] = -6.0 * (double)(l.rows.starts[s + 1] - l.rows.starts[s]) * uniform(state);
    for (int i = 0; i < PAIRS; i++)
        l.weight[i] = i == 1 ? 0.0 : 0.5 + uniform(state);
    return l;
}

static void free_layer(layer *l) {
    free_rows(&l->rows);
    free(l->hidden);
    free(l->matrix);
    free(l->hidden64);
    free(l->matrix64);
}

static myr_token_pairs pairs_of(const layer *l, const char *loss) {
    myr_token_pairs pairs = MYR_TOKEN_PAIRS_INIT;
    pairs.reference = (myr_array){l->reference, MYR_F64};
    if (!loss_is_sorted(loss))
        pairs.weight = (myr_array){l->weight, MYR_F64};
    return pairs;
}

static myr_loss_options loss_named(const char *name) {
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    loss.loss = name;
    loss.beta = 0.2;
    return loss;
}

/* By stored logits, in the reference: the gradients of the two factors from that of the product. */
static myr_loss_metrics run_stored(myr_context *context, const layer *l, const char *name, uint64_t width,
                                   double *hidden_gradient, double *matrix_gradient, double *logps) {
    const uint64_t vocabulary = l->rows.tokens.vocabulary;
    myr_compute_options options = on_backend("reference");
    myr_loss_options loss = loss_named(name);
    myr_token_pairs pairs = pairs_of(l, name);
    myr_loss_metrics metrics = MYR_LOSS_METRICS_INIT;
    double *x = malloc(l->rows.logits * sizeof *x);
    memcpy(x, l->rows.exact, l->rows.logits * sizeof *x);
    REQUIRE_OK(context,
               myr_loss_tokens(context, &loss, &l->rows.tokens, &pairs, (myr_array_out){x, MYR_F64}, true,
                               &options, (myr_array_out){logps, MYR_F64}, &metrics, NULL));
    memset(hidden_gradient, 0, l->hidden_count * sizeof(double));
    memset(matrix_gradient, 0, l->matrix_count * sizeof(double));
    for (uint64_t row = 0; row < l->rows.tokens.rows; row++)
        for (uint64_t j = 0; j < vocabulary; j++)
            for (uint64_t c = 0; c < width; c++) {
                double slope = x[row * vocabulary + j];
                hidden_gradient[row * width + c] += slope * l->matrix64[j * width + c];
                matrix_gradient[j * width + c] += slope * l->hidden64[row * width + c];
            }
    free(x);
    return metrics;
}

static double difference(const double *known, const double *got, size_t count) {
    double worst = 0.0;
    for (size_t i = 0; i < count; i++)
        worst = !(fabs(got[i] - known[i]) <= worst) ? fabs(got[i] - known[i]) : worst;
    return worst;
}

static double largest(const double *values, size_t count) {
    double most = 0.0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

/* Runs the layer in chunks of that many rows; floats come back as doubles. */
static myr_loss_metrics run_layer(myr_context *context, const char *backend, int threads, const layer *l,
                                  const char *name, uint64_t width, double chunk_rows,
                                  double *hidden_gradient, double *matrix_gradient, double *logps) {
    const bool reference = strcmp(backend, "reference") == 0;
    const myr_dtype type = reference ? MYR_F64 : MYR_F32;
    myr_compute_options options = on_backend(backend);
    myr_loss_options loss = loss_named(name);
    myr_token_pairs pairs = pairs_of(l, name);
    myr_head head = MYR_HEAD_INIT;
    myr_loss_metrics metrics = MYR_LOSS_METRICS_INIT;
    options.threads = threads;
    head.width = width;
    head.hidden = (myr_array){reference ? (const void *)l->hidden64 : l->hidden, type};
    head.matrix = (myr_array){reference ? (const void *)l->matrix64 : l->matrix, type};
    head.chunk_bytes = chunk_rows * (double)l->rows.tokens.vocabulary * sizeof(float);
    void *to[2] = {poisoned(l->hidden_count * sizeof(double)), poisoned(l->matrix_count * sizeof(double))};
    REQUIRE_OK(context, myr_loss_head(context, &loss, &l->rows.tokens, &pairs, &head, &options,
                                      (myr_array_out){to[0], type}, (myr_array_out){to[1], type},
                                      (myr_array_out){logps, MYR_F64}, &metrics, NULL));
    for (size_t i = 0; i < l->hidden_count; i++)
        hidden_gradient[i] = myr_element((myr_array){to[0], type}, i);
    for (size_t i = 0; i < l->matrix_count; i++)
        matrix_gradient[i] = myr_element((myr_array){to[1], type}, i);
    free(to[0]);
    free(to[1]);
    return metrics;
}

/* The logits are inner products of WIDTH terms of size 1 at most, in float within (WIDTH + 1) 2^-24 sum |h
 * W| <= 25 24 2^-24 = 3.6e-5; a row's log-probability moves by twice that at most, a sequence's of 9 rows
 * by 6.5e-4. The losses' second slopes with beta 0.2 are below 2 (ipo's and sppo's), so that upstream moves
 * by 2.6e-3 of a slope in size up to 50, and the softmax by 7e-5 of itself: relative to the largest
 * gradient 1e-3 covers both, and a wrong index or scale is off by 1. The reference, with the same numbers
 * in another order, is within 1e-12. */
TEST_ON_BACKENDS(fused_linear, agrees_with_stored_logits) {
    static const double chunks[] = {1, 5, 19, 1000};
    myr_context *context = new_context();
    need_backend(context, backend);
    const bool reference = strcmp(backend, "reference") == 0;
    const double bound = reference ? 1e-12 : 1e-3;
    uint64_t seed = fresh_seed(), state = seed;
    cr_log_info("seed %llu", (unsigned long long)seed);
    const uint64_t vocabulary = reference ? 50 : VOCABULARY;
    layer l = make_layer(&state, vocabulary, WIDTH);
    double *known[2] = {malloc(l.hidden_count * sizeof(double)), malloc(l.matrix_count * sizeof(double))};
    double *got[2] = {malloc(l.hidden_count * sizeof(double)), malloc(l.matrix_count * sizeof(double))};
    for (int index = 0; myr_loss_name(index); index++) {
        const char *name = myr_loss_name(index);
        double logps[2][SEQUENCES];
        myr_loss_metrics stored = run_stored(context, &l, name, WIDTH, known[0], known[1], logps[0]);
        for (size_t c = 0; c < 4; c++) {
            myr_loss_metrics metrics =
                run_layer(context, backend, 0, &l, name, WIDTH, chunks[c], got[0], got[1], logps[1]);
            double worst_hidden = difference(known[0], got[0], l.hidden_count);
            double worst_matrix = difference(known[1], got[1], l.matrix_count);
            cr_expect(fabs(metrics.loss - stored.loss) <= bound * fmax(1.0, fabs(stored.loss)),
                      "%s, chunk %g: loss %.12g, %.12g", name, chunks[c], metrics.loss, stored.loss);
            cr_expect(fabs(metrics.rewards_margins - stored.rewards_margins) <= bound, "%s: margins", name);
            cr_expect_eq(metrics.count, PAIRS);
            cr_expect(difference(logps[0], logps[1], SEQUENCES) <= (reference ? 1e-11 : 6.5e-4), "%s",
                      name);
            cr_expect(worst_hidden <= bound * largest(known[0], l.hidden_count),
                      "%s, chunk %g: hidden %g of %g", name, chunks[c], worst_hidden,
                      largest(known[0], l.hidden_count));
            cr_expect(worst_matrix <= bound * largest(known[1], l.matrix_count),
                      "%s, chunk %g: matrix %g of %g", name, chunks[c], worst_matrix,
                      largest(known[1], l.matrix_count));
        }
    }
    for (int i = 0; i < 2; i++) {
        free(known[i]);
        free(got[i]);
    }
    free_layer(&l);
    myr_context_destroy(context);
}

TEST_ON_BACKENDS(fused_linear, repeats_to_the_bit) {
    static const int threads[] = {1, 2, 7};
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t state = fresh_seed();
    layer l = make_layer(&state, strcmp(backend, "reference") == 0 ? 50 : 1300, WIDTH);
    double *first[2] = {malloc(l.hidden_count * sizeof(double)), malloc(l.matrix_count * sizeof(double))};
    double *again[2] = {malloc(l.hidden_count * sizeof(double)), malloc(l.matrix_count * sizeof(double))};
    double logps[2][SEQUENCES];
    myr_loss_metrics metrics =
        run_layer(context, backend, 0, &l, "sigmoid", WIDTH, 12, first[0], first[1], logps[0]);
    for (int t = 0; t < 3; t++) {
        myr_loss_metrics repeated =
            run_layer(context, backend, threads[t], &l, "sigmoid", WIDTH, 12, again[0], again[1], logps[1]);
        cr_expect_arr_eq(&repeated, &metrics, sizeof metrics);
        cr_expect_arr_eq(logps[1], logps[0], sizeof logps[0]);
        cr_expect_arr_eq(again[0], first[0], l.hidden_count * sizeof(double));
        cr_expect_arr_eq(again[1], first[1], l.matrix_count * sizeof(double));
    }
    for (int i = 0; i < 2; i++) {
        free(first[i]);
        free(again[i]);
    }
    free_layer(&l);
    myr_context_destroy(context);
}

/* Runs arrays of some type; gradients as floats. */
static myr_loss_metrics run_typed(myr_context *context, const char *backend, const layer *l,
                                  myr_array hidden, myr_array matrix, float *to_hidden, float *to_matrix) {
    myr_compute_options options = on_backend(backend);
    myr_loss_options loss = loss_named("sigmoid");
    myr_token_pairs pairs = pairs_of(l, "sigmoid");
    myr_head head = MYR_HEAD_INIT;
    myr_loss_metrics metrics = MYR_LOSS_METRICS_INIT;
    options.threads = 2;
    head.width = WIDTH;
    head.hidden = hidden;
    head.matrix = matrix;
    head.chunk_bytes = 19.0 * (double)l->rows.tokens.vocabulary * sizeof(float);
    memset(to_hidden, 0xff, l->hidden_count * sizeof *to_hidden);
    memset(to_matrix, 0xff, l->matrix_count * sizeof *to_matrix);
    REQUIRE_OK(context,
               myr_loss_head(context, &loss, &l->rows.tokens, &pairs, &head, &options,
                             (myr_array_out){to_hidden, MYR_F32}, (myr_array_out){to_matrix, MYR_F32},
                             (myr_array_out){NULL, MYR_F64}, &metrics, NULL));
    return metrics;
}

/* 16-bit floats count as the floats that they are: the same logits, so the same loss and gradient to the
 * matrix, to the bit. The gradient to the hidden states is a sum over the vocabulary's tiles, of 1,300
 * terms below 0.2 max |W| = 0.2 whose sum of sizes is below 0.4: 1,300 2^-24 0.4 on either side. Of one type cuda
 * multiplies them by tensor cores: test_head_on_host, and verify, have the bounds of that. */
TEST_ON_BACKENDS(fused_linear, narrow_floats_are_the_floats_that_they_are) {
    static const myr_dtype types[] = {MYR_BF16, MYR_F16};
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t state = fresh_seed();
    layer l = make_layer(&state, strcmp(backend, "reference") == 0 ? 50 : 1300, WIDTH);
    uint16_t *narrow_hidden = malloc(l.hidden_count * sizeof *narrow_hidden);
    uint16_t *narrow_matrix = malloc(l.matrix_count * sizeof *narrow_matrix);
    float *to_hidden[2] = {malloc(l.hidden_count * sizeof(float)), malloc(l.hidden_count * sizeof(float))};
    float *to_matrix[2] = {malloc(l.matrix_count * sizeof(float)), malloc(l.matrix_count * sizeof(float))};
    const int cases = strcmp(backend, "cuda") == 0 ? 2 : 4;
    for (int t = 0; t < cases; t++) {
        const myr_dtype type = types[t % 2], other = t < 2 ? types[1 - t] : type;
        for (size_t i = 0; i < l.hidden_count; i++) {
            myr_element_store((myr_array_out){narrow_hidden, type}, i, l.hidden64[i]);
            l.hidden[i] = (float)myr_element((myr_array){narrow_hidden, type}, i);
        }
        for (size_t i = 0; i < l.matrix_count; i++) {
            myr_element_store((myr_array_out){narrow_matrix, other}, i, l.matrix64[i]);
            l.matrix[i] = (float)myr_element((myr_array){narrow_matrix, other}, i);
        }
        const myr_loss_metrics wide = run_typed(context, backend, &l, (myr_array){l.hidden, MYR_F32},
                                                (myr_array){l.matrix, MYR_F32}, to_hidden[0], to_matrix[0]);
        const myr_loss_metrics narrow =
            run_typed(context, backend, &l, (myr_array){narrow_hidden, type},
                      (myr_array){narrow_matrix, other}, to_hidden[1], to_matrix[1]);
        cr_expect(memcmp(&wide, &narrow, sizeof wide) == 0, "%.9g and %.9g", wide.loss, narrow.loss);
        cr_expect(memcmp(to_matrix[0], to_matrix[1], l.matrix_count * sizeof(float)) == 0);
        for (size_t i = 0; i < l.hidden_count; i++)
            cr_assert(fabsf(to_hidden[0][i] - to_hidden[1][i]) <= 2.0f * 1300.0f * 0x1p-24f * 0.4f,
                      "%zu: %.9g and %.9g", i, (double)to_hidden[0][i], (double)to_hidden[1][i]);
    }
    for (int i = 0; i < 2; i++) {
        free(to_hidden[i]);
        free(to_matrix[i]);
    }
    free(narrow_hidden);
    free(narrow_matrix);
    free_layer(&l);
    myr_context_destroy(context);
}

TEST_ON_BACKENDS(fused_linear, names_what_it_refuses) {
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t state = 11;
    layer l = make_layer(&state, 40, 3);
    myr_compute_options options = on_backend(backend);
    myr_loss_options loss = loss_named("sigmoid");
    myr_token_pairs pairs = pairs_of(&l, "sigmoid");
    myr_head head = MYR_HEAD_INIT;
    const myr_array_out none = {NULL, MYR_F32};
    head.width = 3;
    head.hidden = (myr_array){l.hidden, MYR_F32};
    head.matrix = (myr_array){l.matrix, MYR_F32};
    l.hidden[2] = NAN; /* of row 0, which counts */
    cr_expect_eq(myr_loss_head(context, &loss, &l.rows.tokens, &pairs, &head, &options, none, none, none,
                               NULL, NULL),
                 MYR_INVALID_DATA);
    cr_expect_str_eq(myr_context_error(context),
                     "row 0: a logit, of hidden state and matrix, is out of range "
                     "(expected finite, at most 65536)");
    l.hidden[2] = 0.5f;
    l.rows.labels[0] = 40;
    cr_expect_eq(myr_loss_head(context, &loss, &l.rows.tokens, &pairs, &head, &options, none, none, none,
                               NULL, NULL),
                 MYR_INVALID_DATA);
    cr_expect_str_eq(myr_context_error(context), "row 0: label 40 is out of range (expected 0 … 39)");
    options.math = "quick";
    cr_expect_eq(myr_loss_head(context, &loss, &l.rows.tokens, &pairs, &head, &options, none, none, none,
                               NULL, NULL),
                 MYR_INVALID_ARGUMENT);
    cr_expect_str_eq(myr_context_error(context),
                     "math: unknown arithmetic 'quick' (expected exact or fast)");
    options.math = "fast"; /* known everywhere; cuda alone has it */
    head.hidden.type = MYR_I32;
    cr_expect_eq(myr_loss_head(context, &loss, &l.rows.tokens, &pairs, &head, &options, none, none, none,
                               NULL, NULL),
                 MYR_INVALID_ARGUMENT);
    free_layer(&l);
    myr_context_destroy(context);
}
