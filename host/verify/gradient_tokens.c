/* Losses on tokens for verification: from logits, and from hidden states and the output matrix. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gradient_cases.h"
#include "gradient_problem.h"
#include "ground/failure.h"
#include "myriad/tokens.h"

static const double u = 0x1p-24;

enum { PAIRS = 5, SEQUENCES = 2 * PAIRS, MOST_ROWS = 7 * SEQUENCES, VOCABULARY = 57, WIDTH = 19 };
enum { LOGITS = MOST_ROWS * VOCABULARY, HIDDEN = MOST_ROWS * WIDTH, MATRIX = VOCABULARY * WIDTH };

typedef struct token_data {
    double x[LOGITS], gradient[LOGITS], bound[LOGITS]; /* hidden states and the matrix take less */
    float in[LOGITS], out[LOGITS];
    int64_t labels[MOST_ROWS], starts[SEQUENCES + 1];
    uint8_t mask[MOST_ROWS];
    double reference[SEQUENCES], weight[PAIRS];
    double logits[LOGITS], off[LOGITS];        /* and what those of the float backends are off */
    double slopes[LOGITS], slopes_off[LOGITS]; /* of the loss to the logits */
    myr_tokens tokens;
    myr_token_pairs pairs;
    myr_loss_options loss;
} token_data;

/* Ragged answers of 1 … 7 rows, one row in five masked, but none of a sequence's first. */
static token_data *make(uint64_t *seed) {
    token_data *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    for (int s = 0; s < SEQUENCES; s++) {
        int64_t rows = 1 + (int64_t)(7.0 * myr_next_uniform(seed));
        d->starts[s + 1] = d->starts[s] + rows;
        for (int64_t row = d->starts[s]; row < d->starts[s + 1]; row++) {
            d->labels[row] = (int64_t)(VOCABULARY * myr_next_uniform(seed));
            d->mask[row] = row == d->starts[s] || myr_next_uniform(seed) < 0.8;
        }
        d->reference[s] = -4.0 * (double)rows * (0.8 + 0.4 * myr_next_uniform(seed));
    }
    for (int pair = 0; pair < PAIRS; pair++)
        d->weight[pair] = 0.25 + (double)(float)myr_next_uniform(seed);
    d->tokens = (myr_tokens)MYR_TOKENS_INIT;
    d->tokens.rows = (uint64_t)d->starts[SEQUENCES];
    d->tokens.vocabulary = VOCABULARY;
    d->tokens.labels = (myr_array){d->labels, MYR_I64};
    d->tokens.mask = d->mask;
    d->tokens.sequences = SEQUENCES;
    d->tokens.starts = (myr_array){d->starts, MYR_I64};
    d->pairs = (myr_token_pairs)MYR_TOKEN_PAIRS_INIT;
    d->pairs.reference = (myr_array){d->reference, MYR_F64};
    d->pairs.weight = (myr_array){d->weight, MYR_F64};
    d->loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
    d->loss.beta = 0.5;
    return d;
}

/* What differs between the two: doubles for the reference, floats for the others. */
static bool takes_doubles(const myr_compute_options *options) {
    return myr_backend_find(options->backend)->doubles;
}

static void to_floats(token_data *d, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        d->in[i] = (float)d->x[i];
    memset(d->out, 0xff, sizeof d->out); /* NaN */
}

static void from_floats(const float *from, uint64_t count, double *gradient) {
    for (uint64_t i = 0; i < count; i++)
        gradient[i] = from[i];
}

static myr_status run_tokens(myr_context *context, myr_gradient_problem *p,
                             const myr_compute_options *options) {
    token_data *d = p->data;
    const bool doubles = takes_doubles(options);
    myr_loss_metrics metrics = {.struct_size = sizeof metrics, .loss = (double)NAN};
    to_floats(d, p->count);
    memcpy(p->gradient, d->x, (size_t)p->count * sizeof *d->x); /* the gradient takes the logits' place */
    myr_array_out logits =
        doubles ? (myr_array_out){p->gradient, MYR_F64} : (myr_array_out){d->in, MYR_F32};
    myr_status status = myr_loss_tokens(context, &d->loss, &d->tokens, &d->pairs, logits, true, options,
                                        (myr_array_out){NULL, MYR_F64}, &metrics, NULL);
    if (!doubles)
        from_floats(d->in, p->count, p->gradient);
    p->loss = metrics.loss;
    return status;
}

static uint64_t hidden_count(const token_data *d) {
    return d->tokens.rows * WIDTH;
}

static myr_status run_head(myr_context *context, myr_gradient_problem *p,
                           const myr_compute_options *options) {
    token_data *d = p->data;
    const bool doubles = takes_doubles(options);
    const uint64_t hidden = hidden_count(d);
    myr_loss_metrics metrics = {.struct_size = sizeof metrics, .loss = (double)NAN};
    myr_head head = MYR_HEAD_INIT;
    to_floats(d, p->count);
    head.width = WIDTH;
    head.chunk_bytes = 11.0 * VOCABULARY * sizeof(float); /* several chunks */
    head.hidden = doubles ? (myr_array){d->x, MYR_F64} : (myr_array){d->in, MYR_F32};
    head.matrix = doubles ? (myr_array){d->x + hidden, MYR_F64} : (myr_array){d->in + hidden, MYR_F32};
    myr_array_out to_hidden = {p->gradient, MYR_F64}, to_matrix = {p->gradient + hidden, MYR_F64};
    if (!doubles) {
        to_hidden = (myr_array_out){d->out, MYR_F32};
        to_matrix = (myr_array_out){d->out + hidden, MYR_F32};
    }
    myr_status status = myr_loss_head(context, &d->loss, &d->tokens, &d->pairs, &head, options, to_hidden,
                                      to_matrix, (myr_array_out){NULL, MYR_F64}, &metrics, NULL);
    if (!doubles)
        from_floats(d->out, p->count, p->gradient);
    p->loss = metrics.loss;
    return status;
}

/* ---- bounds ------------------------------------------------------------------------------------------ */

/* log sum exp of a row, and by how much its label's log-probability may be off. An exponential is within
 * 1.6e-7 = 2.7 u, a sum of 16 in float adds 15 u, the rest is double; the row's own logits are off by what
 * is found. */
static double normaliser(const token_data *d, uint64_t row, double *off) {
    const double *logits = d->logits + row * VOCABULARY;
    double largest = -INFINITY, sum = 0.0, most_off = 0.0;
    for (int j = 0; j < VOCABULARY; j++) {
        largest = fmax(largest, logits[j]);
        most_off = fmax(most_off, d->off[row * VOCABULARY + (uint64_t)j]);
    }
    for (int j = 0; j < VOCABULARY; j++)
        sum += exp(logits[j] - largest);
    *off = (2.7 + 15.0) * 1.01 * u + 2.0 * most_off;
    return largest + log(sum);
}

/* The log-probability of a sequence, and what it is off. */
static double sequence_logp(const token_data *d, int s, double *off) {
    double logp = 0.0;
    *off = 0.0;
    for (int64_t row = d->starts[s]; row < d->starts[s + 1]; row++) {
        double row_off, all = normaliser(d, (uint64_t)row, &row_off);
        if (!d->mask[row])
            continue;
        logp += d->logits[row * VOCABULARY + d->labels[row]] - all;
        *off += row_off;
    }
    return logp;
}

/* A row's slopes, upstream ([j = label] - softmax), where the softmax is within twice the
 * log-probability's error, relatively, and upstream within `off`; three roundings more, and one of the
 * result. Softmaxes below 2^-89 and slopes below 2^-99 may count as 0 (token_row.h). */
static void bound_row(token_data *d, uint64_t row, double upstream, double off) {
    double logp_off, all = normaliser(d, row, &logp_off);
    for (int64_t j = 0; j < VOCABULARY; j++) {
        const uint64_t i = row * VOCABULARY + (uint64_t)j;
        const double p = exp(d->logits[i] - all), part = (j == d->labels[row] ? 1.0 : 0.0) - p;
        d->slopes[i] = d->mask[row] ? upstream * part : 0.0;
        d->slopes_off[i] =
            d->mask[row] ? off * fabs(part) + (fabs(upstream) + off) * p * (2.0 * logp_off + 3.0 * u) +
                               2.02 * u * fabs(d->slopes[i]) + fabs(upstream) * 0x1p-89 + 0x1p-99
                         : 0.0;
    }
}

/* Slopes to the logits, and the loss. A pair's w and l are off by what their sequences are and 8 u of their
 * size or 1, for roundings to float and beta's; by the loss's derivatives, beta/4 beta at most, so are the
 * slopes, and beta times that the loss; what is evaluated there adds 24 u (verify_pair_gradients.c). */
static void bound_slopes(token_data *d, double *loss_bound) {
    const double beta = d->loss.beta;
    double total = 0.0;
    *loss_bound = 0.0;
    for (int pair = 0; pair < PAIRS; pair++)
        total += d->weight[pair];
    for (int pair = 0; pair < PAIRS; pair++) {
        double off[2], margin[2], inputs = 0.0;
        for (int c = 0; c < 2; c++) {
            const int s = c * PAIRS + pair;
            margin[c] = sequence_logp(d, s, &off[c]) - d->reference[s];
            inputs += off[c] + 8.0 * u * (1.0 + fabs(margin[c]));
        }
        const double h = beta * (margin[0] - margin[1]), share = d->weight[pair] / total;
        const double upstream = -beta * share / (1.0 + exp(h));
        const double upstream_off = beta * share * (0.25 * beta * inputs + 24.0 * u);
        *loss_bound += share * (beta * inputs + 24.0 * u * (1.7 + fabs(h)));
        for (int c = 0; c < 2; c++)
            for (int64_t row = d->starts[c * PAIRS + pair]; row < d->starts[c * PAIRS + pair + 1]; row++)
                bound_row(d, (uint64_t)row, c == 0 ? upstream : -upstream, upstream_off);
    }
}

static void bound_tokens(myr_gradient_problem *p) {
    token_data *d = p->data;
    memcpy(d->logits, d->x, sizeof d->logits);
    memset(d->off, 0, sizeof d->off);
    bound_slopes(d, &p->loss_bound);
    memcpy(d->bound, d->slopes_off, sizeof d->bound);
}

/* A product of two matrices in float, summed in any order: n u of the sum of its terms' sizes, and what
 * the terms themselves are off. */
static double product_off(double n, double sizes, double off) {
    return 1.01 * (n * u * (sizes + off) + off) + 0x1p-120;
}

static void bound_head(myr_gradient_problem *p) {
    token_data *d = p->data;
    const uint64_t rows = d->tokens.rows;
    const double *hidden = d->x, *matrix = d->x + hidden_count(d);
    for (uint64_t i = 0; i < rows * VOCABULARY; i++) {
        double sum = 0.0, sizes = 0.0;
        for (uint64_t w = 0; w < WIDTH; w++) {
            double term = hidden[i / VOCABULARY * WIDTH + w] * matrix[i % VOCABULARY * WIDTH + w];
            sum += term;
            sizes += fabs(term);
        }
        d->logits[i] = sum;
        d->off[i] = product_off(WIDTH, sizes, 0.0);
    }
    bound_slopes(d, &p->loss_bound);
    for (uint64_t i = 0; i < rows * WIDTH; i++) {
        double sizes = 0.0, off = 0.0;
        for (uint64_t j = 0; j < VOCABULARY; j++) {
            const uint64_t slope = i / WIDTH * VOCABULARY + j;
            sizes += fabs(d->slopes[slope] * matrix[j * WIDTH + i % WIDTH]);
            off += d->slopes_off[slope] * fabs(matrix[j * WIDTH + i % WIDTH]);
        }
        d->bound[i] = product_off(VOCABULARY, sizes, off);
    }
    for (uint64_t i = 0; i < MATRIX; i++) { /* as many sums as chunks, which are fewer than rows */
        double sizes = 0.0, off = 0.0;
        for (uint64_t row = 0; row < rows; row++) {
            const uint64_t slope = row * VOCABULARY + i / WIDTH;
            sizes += fabs(d->slopes[slope] * hidden[row * WIDTH + i % WIDTH]);
            off += d->slopes_off[slope] * fabs(hidden[row * WIDTH + i % WIDTH]);
        }
        d->bound[rows * WIDTH + i] = product_off(2.0 * (double)rows, sizes, off);
    }
}

/* ---- both -------------------------------------------------------------------------------------------- */

/* Margins add up at most 7 rows' logits and logarithms, below 16 in size; each a product and a sum of as
 * many terms as are added. */
static const double loss_rounding = 0x1p-53 * (VOCABULARY + WIDTH + 64.0) * 2.0 * 7.0 * 16.0;

static myr_status make_problem(myr_context *context, uint64_t seed, bool head, myr_gradient_problem *p) {
    token_data *d = make(&seed);
    if (!d)
        return myr_fail_memory(context, sizeof *d);
    const uint64_t count = head ? hidden_count(d) + MATRIX : d->tokens.rows * VOCABULARY;
    for (uint64_t i = 0; i < count; i++)
        d->x[i] = (double)(float)((head ? 1.5 : 6.0) * (myr_next_uniform(&seed) - 0.5));
    *p = (myr_gradient_problem){.count = count,
                                .x = d->x,
                                .gradient = d->gradient,
                                .bound = d->bound,
                                .loss_rounding = loss_rounding,
                                .run = head ? run_head : run_tokens,
                                .find_bounds = head ? bound_head : bound_tokens,
                                .data = d};
    return MYR_OK;
}

myr_status myr_tokens_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem) {
    return make_problem(context, seed, false, problem);
}

myr_status myr_head_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem) {
    return make_problem(context, seed, true, problem);
}
