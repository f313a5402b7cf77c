/* The last layer on the cpu backend. The chunk's hidden states are gathered; logits, and their gradients in
 * place, are [count][vocabulary]. Every matrix product is cut into tiles of a fixed size, a
 * thread each, so that results do not depend on the threads:
 *
 *     X = H W'        columns of X, rows of W
 *     dW += dX' H     rows of dW
 *     dH = dX W       blocks of dH
 *
 * A matrix of 16-bit floats becomes one of floats tile by tile. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_tokens.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/product.h"
#include "load.h"
#include "token_row.h"

enum { VOCABULARY_TILE = 512, ROW_TILE = 128, WIDTH_TILE = 256 };

typedef struct cpu_head {
    myr_head_job job;
    const myr_token_lanes *lanes;
    float *x;      /* [chunk_rows][vocabulary] */
    float *hidden; /* [chunk_rows][width], gathered; later their gradients */
    float *tiles;  /* [threads][VOCABULARY_TILE][width], of a matrix that is not of floats; else NULL */
} cpu_head;

static void to_floats(const myr_array *array, uint64_t first, uint64_t count, float *to) {
#define CASE(type)                                                       \
    case type:                                                           \
        _Pragma("omp simd") for (uint64_t i = 0; i < count; i++) to[i] = \
            myr_load_float(array->data, type, (size_t)(first + i));      \
        break;
    switch (array->type) {
        CASE(MYR_F32)
        CASE(MYR_BF16)
        CASE(MYR_F16)
        default: /* there are no others */
            break;
    }
#undef CASE
}

/* Rows and columns of the matrix as floats: in place, or in the thread's tile. */
static myr_matrix matrix_part(const cpu_head *h, int64_t row, int64_t rows, int64_t column, int64_t columns,
                              bool transposed) {
    const int64_t width = (int64_t)h->job.width;
    if (!h->tiles)
        return (myr_matrix){(const float *)h->job.matrix.data + row * width + column, width, transposed};
    float *to = h->tiles + (int64_t)omp_get_thread_num() * VOCABULARY_TILE * width;
    for (int64_t j = 0; j < rows; j++)
        to_floats(&h->job.matrix, (uint64_t)((row + j) * width + column), (uint64_t)columns,
                  to + j * columns);
    return (myr_matrix){to, columns, transposed};
}

static size_t row_bytes(const cpu_head *h) {
    return (size_t)h->job.width * sizeof(float);
}

myr_status myr_cpu_head_begin(myr_context *context, const myr_head_job *job, void **work) {
    const myr_lanes_isa *isa;
    *work = NULL;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    if (status != MYR_OK)
        return status;
    status = myr_product_begin(context, job->compute.threads);
    if (status != MYR_OK)
        return status;
    cpu_head *h = calloc(1, sizeof *h);
    if (!h) {
        myr_product_end();
        return myr_fail_memory(context, sizeof *h);
    }
    h->job = *job;
    h->lanes = MYR_LANES_OF(myr_token_lanes, isa);
    const size_t rows = (size_t)job->chunk_rows, bytes = rows * (size_t)job->vocabulary * sizeof *h->x;
    h->x = malloc(bytes);
    h->hidden = malloc(rows * row_bytes(h));
    const size_t tiles =
        job->matrix.type == MYR_F32 ? 0 : (size_t)job->compute.threads * VOCABULARY_TILE * row_bytes(h);
    h->tiles = tiles ? malloc(tiles) : NULL;
    *work = h;
    if (!h->x || !h->hidden || (tiles && !h->tiles))
        return myr_fail_memory(context, bytes + rows * row_bytes(h) + tiles);
    if (job->matrix_gradient.data)
        memset(job->matrix_gradient.data, 0, (size_t)job->vocabulary * row_bytes(h));
    if (job->hidden_gradient.data)
        memset(job->hidden_gradient.data, 0, (size_t)job->rows * row_bytes(h));
    return MYR_OK;
}

void myr_cpu_head_end(void *work) {
    cpu_head *h = work;
    if (!h)
        return;
    myr_product_end();
    free(h->x);
    free(h->hidden);
    free(h->tiles);
    free(h);
}

/* A label in the vocabulary, or -1. */
static int64_t read_label(const myr_head_job *job, uint64_t row) {
    int64_t label = job->labels.type == MYR_I32 ? ((const int32_t *)job->labels.data)[row]
                                                : ((const int64_t *)job->labels.data)[row];
    return label < (int64_t)job->vocabulary ? label : -1;
}

static int64_t tile(int64_t at, int64_t size, int64_t whole) {
    return whole - at < size ? whole - at : size;
}

/* The row's result; a label out of range leaves the logits alone. */
static myr_row_result run_row(const cpu_head *h, uint64_t row, size_t at) {
    int64_t label = read_label(&h->job, row);
    const size_t vocabulary = (size_t)h->job.vocabulary;
    if (label < 0)
        return myr_row_other(MYR_ROW_BAD_LABEL);
    return h->lanes->row(h->x, MYR_F32, at * vocabulary, vocabulary, (size_t)label,
                         MYR_LOGIT_LOWEST_PRODUCT);
}

myr_status myr_cpu_head_forward(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                                myr_row_result *results) {
    (void)context; /* nothing here can fail */
    cpu_head *h = work;
    const myr_head_job *job = &h->job;
    const int64_t vocabulary = (int64_t)job->vocabulary, width = (int64_t)job->width;
    for (uint64_t i = 0; i < count; i++)
        to_floats(&job->hidden, rows[i] * job->width, job->width, h->hidden + i * job->width);
#pragma omp parallel num_threads(job->compute.threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic)
        for (int64_t j = 0; j < vocabulary; j += VOCABULARY_TILE)
            myr_product((int64_t)count, tile(j, VOCABULARY_TILE, vocabulary), width,
                        (myr_matrix){h->hidden, width, false},
                        matrix_part(h, j, tile(j, VOCABULARY_TILE, vocabulary), 0, width, true), false,
                        h->x + j, vocabulary);
#pragma omp for schedule(dynamic)
        for (uint64_t i = 0; i < count; i++)
            results[i] = run_row(h, rows[i], (size_t)i);
    }
    return MYR_OK;
}

/* A chunk on its way back. The loops are shared by a team of threads. */
typedef struct chunk {
    const cpu_head *head;
    const uint64_t *rows;
    int64_t count;
    const myr_row_result *results;
    const double *upstream;
} chunk;

/* dX in place of X. */
static void slope_rows(const chunk *c) {
    const size_t vocabulary = (size_t)c->head->job.vocabulary;
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < c->count; i++)
        c->head->lanes->gradient(c->head->x, MYR_F32, (size_t)i * vocabulary, vocabulary,
                                 (size_t)read_label(&c->head->job, c->rows[i]), &c->results[i],
                                 (float)c->upstream[i]);
}

static void add_to_matrix(const chunk *c) {
    const cpu_head *h = c->head;
    const int64_t vocabulary = (int64_t)h->job.vocabulary, width = (int64_t)h->job.width;
#pragma omp for schedule(dynamic)
    for (int64_t j = 0; j < vocabulary; j += VOCABULARY_TILE)
        myr_product(tile(j, VOCABULARY_TILE, vocabulary), width, c->count,
                    (myr_matrix){h->x + j, vocabulary, true}, (myr_matrix){h->hidden, width, false}, true,
                    (float *)h->job.matrix_gradient.data + j * width, width);
}

/* Over the gathered states, which are done with. A matrix of floats is one part, any other some. */
static void take_to_hidden(const chunk *c) {
    const cpu_head *h = c->head;
    const int64_t vocabulary = (int64_t)h->job.vocabulary, width = (int64_t)h->job.width;
    const int64_t part = h->tiles ? VOCABULARY_TILE : vocabulary;
#pragma omp for schedule(dynamic) collapse(2)
    for (int64_t i = 0; i < c->count; i += ROW_TILE)
        for (int64_t w = 0; w < width; w += WIDTH_TILE)
            for (int64_t j = 0; j < vocabulary; j += part) {
                const int64_t rows = tile(j, part, vocabulary), columns = tile(w, WIDTH_TILE, width);
                myr_product(tile(i, ROW_TILE, c->count), columns, rows,
                            (myr_matrix){h->x + i * vocabulary + j, vocabulary, false},
                            matrix_part(h, j, rows, w, columns, false), j > 0, h->hidden + i * width + w,
                            width);
            }
}

myr_status myr_cpu_head_backward(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                                 const myr_row_result *results, const double *upstream) {
    (void)context;
    const cpu_head *h = work;
    const chunk c = {h, rows, (int64_t)count, results, upstream};
#pragma omp parallel num_threads(h->job.compute.threads)
    {
        MYR_STANDARD_ENVIRONMENT;
        slope_rows(&c);
        add_to_matrix(&c);
        take_to_hidden(&c);
    }
    for (uint64_t i = 0; i < count; i++)
        memcpy((float *)h->job.hidden_gradient.data + rows[i] * h->job.width, h->hidden + i * h->job.width,
               row_bytes(h));
    return MYR_OK;
}
