/* Losses on tokens for verification: from logits, and from hidden states and the output matrix. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gradient_cases.h"
#include "gradient_problem.h"
#include "ground/failure.h"
#include "losses/element.h"
#include "myriad/tokens.h"

static const double u = 0x1p-24;

enum { PAIRS = 5, SEQUENCES = 2 * PAIRS, MOST_ROWS = 7 * SEQUENCES, VOCABULARY = 57, WIDTH = 19 };
enum { CHUNK_ROWS = 11, MOST_CHUNKS = 2 * PAIRS }; /* a pair has 14 rows at most */
enum { LOGITS = MOST_ROWS * VOCABULARY, HIDDEN = MOST_ROWS * WIDTH, MATRIX = VOCABULARY * WIDTH };

typedef struct token_data {
    double x[LOGITS], gradient[LOGITS], bound[LOGITS]; /* hidden states and the matrix take less */
    myr_dtype type;                                    /* of the float backends' input */
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
        myr_element_store((myr_array_out){d->in, d->type}, i, d->x[i]);
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
    head.chunk_bytes = (double)CHUNK_ROWS * VOCABULARY * sizeof(float); /* several chunks */
    const char *matrix = (const char *)d->in + hidden * myr_dtype_size(d->type);
    head.hidden = doubles ? (myr_array){d->x, MYR_F64} : (myr_array){d->in, d->type};
    head.matrix = doubles ? (myr_array){d->x + hidden, MYR_F64} : (myr_array){matrix, d->type};
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

/* How a product of two matrices is made, on the backend that does it worst (cuda_product.h). */
typedef struct product_kind {
    double lost;       /* of a term, relatively, where its factors are rounded */
    double floor;      /* and of a slope besides, at least: of what is below a 16-bit float's last bit */
    int parts;         /* as whose sum slopes are multiplied */
    bool tensor_cores; /* which add up four terms at a time */
} product_kind;

/* Floats; in fast arithmetic 11 bits of each. */
static product_kind product_of_floats(bool fast) {
    return fast ? (product_kind){0x1p-9 + 0x1p-20, 0.0, 1, true} : (product_kind){0.0, 0.0, 1, false};
}

/* 16-bit floats, whose products are floats. */
static product_kind product_of_narrow(void) {
    return (product_kind){0.0, 0.0, 1, true};
}

/* Slopes, below 1 in size here, times such: three parts of a slope are it, but for f16 what is below 2^-61 of the
 * largest upstream; in fast arithmetic there is one, of 8 or 11 bits, for f16 but for what is below 2^-39. */
static product_kind product_of_slopes(myr_dtype type, bool fast) {
    if (type == MYR_F32)
        return product_of_floats(fast);
    if (type == MYR_BF16)
        return (product_kind){fast ? 0x1p-8 : 0.0, 0.0, fast ? 1 : 3, true};
    return (product_kind){fast ? 0x1p-11 : 0.0, fast ? 0x1p-39 : 0x1p-61, fast ? 1 : 3, true};
}

/* What sums of n terms, `sums` of them, each of which is added to the ones before, are off for each u of the sum of the terms'
 * sizes. In float each addition is rounded once. A tensor core is off 13/4 (n + 3) for n terms (cuda_product.h), of all parts of
 * the slopes together for 1 + 2^-8 + 2^-16 times that; what is added to the sum before is rounded once more, at most 2u. */
static double sum_off(const product_kind *kind, double n, double sums) {
    return kind->tensor_cores ? 3.27 * (n + 3.0 * sums) + 2.0 * kind->parts * sums : n + sums - 1.0;
}

/* Sums of terms of those sizes together, in any order, whose slopes are off by `off` together; others are the other factors'
 * sizes together. */
static double product_off(const product_kind *kind, double n, double sums, double sizes, double off,
                          double others) {
    const double all = sizes + off;
    return 1.01 * (sum_off(kind, n, sums) * u * all + kind->lost * all + kind->floor * others + off) +
           0x1p-120;
}

static void bound_logits(token_data *d, bool fast) {
    const product_kind kind = d->type == MYR_F32 ? product_of_floats(fast) : product_of_narrow();
    const double *hidden = d->x, *matrix = d->x + hidden_count(d);
    for (uint64_t i = 0; i < d->tokens.rows * VOCABULARY; i++) {
        double sum = 0.0, sizes = 0.0;
        for (uint64_t w = 0; w < WIDTH; w++) {
            double term = hidden[i / VOCABULARY * WIDTH + w] * matrix[i % VOCABULARY * WIDTH + w];
            sum += term;
            sizes += fabs(term);
        }
        d->logits[i] = sum;
        d->off[i] = product_off(&kind, WIDTH, 1.0, sizes, 0.0, 0.0);
    }
}

static void bound_head(myr_gradient_problem *p) {
    token_data *d = p->data;
    const uint64_t rows = d->tokens.rows;
    const double *hidden = d->x, *matrix = d->x + hidden_count(d);
    const product_kind kind = product_of_slopes(d->type, p->fast);
    bound_logits(d, p->fast);
    bound_slopes(d, &p->loss_bound);
    for (uint64_t i = 0; i < rows * WIDTH; i++) {
        double sizes = 0.0, off = 0.0, others = 0.0;
        for (uint64_t j = 0; j < VOCABULARY; j++) {
            const uint64_t slope = i / WIDTH * VOCABULARY + j;
            const double word = fabs(matrix[j * WIDTH + i % WIDTH]);
            sizes += fabs(d->slopes[slope]) * word;
            off += d->slopes_off[slope] * word;
            others += word;
        }
        d->bound[i] = product_off(&kind, VOCABULARY, 1.0, sizes, off, others);
    }
    for (uint64_t i = 0; i < MATRIX; i++) { /* as many sums as chunks */
        double sizes = 0.0, off = 0.0, others = 0.0;
        for (uint64_t row = 0; row < rows; row++) {
            const uint64_t slope = row * VOCABULARY + i / WIDTH;
            const double state = fabs(hidden[row * WIDTH + i % WIDTH]);
            sizes += fabs(d->slopes[slope]) * state;
            off += d->slopes_off[slope] * state;
            others += state;
        }
        d->bound[rows * WIDTH + i] = product_off(&kind, (double)rows, MOST_CHUNKS, sizes, off, others);
    }
}

/* ---- both -------------------------------------------------------------------------------------------- */

/* Margins add up at most 7 rows' logits and logarithms, below 16 in size; each a product and a sum of as
 * many terms as are added. */
static const double loss_rounding = 0x1p-53 * (VOCABULARY + WIDTH + 64.0) * 2.0 * 7.0 * 16.0;

static myr_status make_problem(myr_context *context, uint64_t seed, bool head, myr_dtype type,
                               myr_gradient_problem *p) {
    token_data *d = make(&seed);
    if (!d)
        return myr_fail_memory(context, sizeof *d);
    const uint64_t count = head ? hidden_count(d) + MATRIX : d->tokens.rows * VOCABULARY;
    d->type = type;
    for (uint64_t i = 0; i < count; i++) {
        myr_element_store((myr_array_out){d->in, type}, 0,
                          (head ? 1.5 : 6.0) * (myr_next_uniform(&seed) - 0.5));
        d->x[i] = myr_element((myr_array){d->in, type}, 0);
    }
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
    return make_problem(context, seed, false, MYR_F32, problem);
}

myr_status myr_head_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem) {
    return make_problem(context, seed, true, MYR_F32, problem);
}

myr_status myr_head_bf16_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem) {
    return make_problem(context, seed, true, MYR_BF16, problem);
}

myr_status myr_head_f16_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem) {
    return make_problem(context, seed, true, MYR_F16, problem);
}
