/* The last layer on the cuda backend. The chunk's hidden states are gathered; logits, and their gradients
 * in place, are [count][vocabulary]:
 *
 *     X = H W',     dW += dX' H,     dH = dX W
 *
 * A matrix of 16-bit floats becomes one of floats tile by tile. */
#include <stdlib.h>
#include <string.h>

#include "cuda/cuda_product.h"
#include "cuda_tokens.h"
#include "ground/failure.h"
#include "linear_launch.h"

enum { VOCABULARY_TILE = 4096 };

typedef struct cuda_head {
    myr_head_job job;
    myr_cuda_session session;
    myr_cuda_products *products;
    const void *d_hidden, *d_matrix, *d_labels; /* whole */
    void *owned[3];                             /* copies of those */
    float *d_hidden_gradient, *d_matrix_gradient;
    void *owned_gradient[2]; /* likewise; they go back at the end */
    void *d_tile;            /* [tile][width], of a matrix that is not of floats; else NULL */
    void *d_x;               /* [chunk_rows][vocabulary] */
    void *d_some;            /* [chunk_rows][width], gathered; later their gradients */
    void *d_index;           /* [chunk_rows] */
    void *d_results;         /* [chunk_rows] */
    void *d_upstream;        /* [chunk_rows] */
    float *factor;           /* [chunk_rows], on the host */
} cuda_head;

/* Of hidden states and matrix, and of their gradients, which are floats. */
static size_t hidden_bytes(const myr_head_job *job, myr_dtype type) {
    return (size_t)job->rows * (size_t)job->width * myr_dtype_size(type);
}

static size_t matrix_bytes(const myr_head_job *job, myr_dtype type) {
    return (size_t)job->vocabulary * (size_t)job->width * myr_dtype_size(type);
}

/* Rows of the matrix that are multiplied at a time. */
static int64_t tile_rows(const myr_head_job *job) {
    const bool whole = job->matrix.type == MYR_F32 || job->vocabulary < VOCABULARY_TILE;
    return whole ? (int64_t)job->vocabulary : VOCABULARY_TILE;
}

static myr_status place_inputs(myr_context *context, cuda_head *h) {
    const myr_head_job *job = &h->job;
    const size_t label_bytes = (size_t)job->rows * myr_dtype_size(job->labels.type);
    myr_status status = myr_cuda_place(context, &job->compute, &h->session, job->hidden.data,
                                       hidden_bytes(job, job->hidden.type), &h->d_hidden, &h->owned[0]);
    if (status == MYR_OK)
        status = myr_cuda_place(context, &job->compute, &h->session, job->matrix.data,
                                matrix_bytes(job, job->matrix.type), &h->d_matrix, &h->owned[1]);
    if (status == MYR_OK)
        status = myr_cuda_place(context, &job->compute, &h->session, job->labels.data, label_bytes,
                                &h->d_labels, &h->owned[2]);
    return status;
}

/* A gradient of zeros: the caller's own on the device, or scratch. */
static myr_status make_gradient(myr_context *context, cuda_head *h, int slot, void *given, size_t bytes,
                                float **d_gradient) {
    myr_status status = MYR_OK;
    *d_gradient = given;
    if (!given)
        return MYR_OK;
    if (h->job.compute.memory == MYR_HOST) {
        status = myr_cuda_allocate(context, &h->session, bytes, &h->owned_gradient[slot]);
        *d_gradient = h->owned_gradient[slot];
    }
    if (status == MYR_OK)
        status = myr_cuda_check(context, cudaMemsetAsync(*d_gradient, 0, bytes, h->session.stream),
                                "clearing gradients");
    return status;
}

static myr_status make_chunk(myr_context *context, cuda_head *h) {
    const myr_head_job *job = &h->job;
    const size_t rows = (size_t)job->chunk_rows;
    const struct {
        void **memory;
        size_t bytes;
    } parts[] = {
        {&h->d_tile,
         job->matrix.type == MYR_F32 ? 0 : (size_t)tile_rows(job) * (size_t)job->width * sizeof(float)},
        {&h->d_x, rows * (size_t)job->vocabulary * sizeof(float)},
        {&h->d_some, rows * (size_t)job->width * sizeof(float)},
        {&h->d_index, rows * sizeof(uint64_t)},
        {&h->d_results, rows * sizeof(myr_row_result)},
        {&h->d_upstream, rows * sizeof(float)}};
    myr_status status = MYR_OK;
    for (size_t part = 0; status == MYR_OK && part < sizeof parts / sizeof *parts; part++)
        if (parts[part].bytes > 0)
            status = myr_cuda_allocate(context, &h->session, parts[part].bytes, parts[part].memory);
    h->factor = malloc(rows * sizeof *h->factor);
    if (status == MYR_OK && !h->factor)
        status = myr_fail_memory(context, rows * sizeof *h->factor);
    return status;
}

myr_status myr_cuda_head_begin(myr_context *context, const myr_head_job *job, void **work) {
    cuda_head *h = calloc(1, sizeof *h);
    *work = NULL;
    if (!h)
        return myr_fail_memory(context, sizeof *h);
    h->job = *job;
    myr_status status = myr_cuda_enter(context, &job->compute, &h->session);
    if (status != MYR_OK) {
        free(h);
        return status;
    }
    *work = h;
    status = myr_cuda_products_begin(context, &h->session, &h->products);
    if (status == MYR_OK)
        status = place_inputs(context, h);
    if (status == MYR_OK)
        status = make_gradient(context, h, 0, job->hidden_gradient.data, hidden_bytes(job, MYR_F32),
                               &h->d_hidden_gradient);
    if (status == MYR_OK)
        status = make_gradient(context, h, 1, job->matrix_gradient.data, matrix_bytes(job, MYR_F32),
                               &h->d_matrix_gradient);
    return status == MYR_OK ? make_chunk(context, h) : status;
}

void myr_cuda_head_end(void *work) {
    cuda_head *h = work;
    if (!h)
        return;
    void *const parts[] = {h->owned[0],          h->owned[1],  h->owned[2],  h->owned_gradient[0],
                           h->owned_gradient[1], h->d_tile,    h->d_x,       h->d_some,
                           h->d_index,           h->d_results, h->d_upstream};
    for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
        myr_cuda_release(&h->session, parts[part]);
    myr_cuda_close(&h->session);
    free(h->factor);
    free(h);
}

static myr_device_rows make_rows(const cuda_head *h, uint64_t count) {
    myr_device_rows rows = {
        .d_logits = h->d_x,
        .type = MYR_F32,
        .lowest = MYR_LOGIT_LOWEST_PRODUCT,
        .labels_type = (int)h->job.labels.type,
        .vocabulary = h->job.vocabulary,
        .rows = (uint32_t)count,
        .d_labels = h->d_labels,
        .d_index = h->d_index,
        .d_results = h->d_results,
        .d_upstream = h->d_upstream,
    };
    return rows;
}

/* Rows of the tile of the matrix that begins at row j. */
static int64_t tile_size(const cuda_head *h, int64_t j) {
    const int64_t left = (int64_t)h->job.vocabulary - j, most = tile_rows(&h->job);
    return left < most ? left : most;
}

/* That tile as floats: in place, or in the scratch tile. */
static myr_status take_tile(myr_context *context, const cuda_head *h, int64_t j, bool transposed,
                            myr_cuda_matrix *words) {
    const myr_head_job *job = &h->job;
    const int64_t width = (int64_t)job->width;
    const char *from = (const char *)h->d_matrix + (size_t)(j * width) * myr_dtype_size(job->matrix.type);
    *words = (myr_cuda_matrix){h->d_tile ? h->d_tile : (const void *)from, width, transposed};
    if (!h->d_tile)
        return MYR_OK;
    return myr_cuda_check(
        context,
        myr_launch_to_float(from, (int)job->matrix.type, (uint64_t)(tile_size(h, j) * width), h->d_tile,
                            h->session.stream),
        "widening the matrix");
}

myr_status myr_cuda_head_forward(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                                 myr_row_result *results) {
    cuda_head *h = work;
    const int64_t vocabulary = (int64_t)h->job.vocabulary, width = (int64_t)h->job.width;
    const myr_device_rows device_rows = make_rows(h, count);
    myr_status status =
        myr_cuda_upload(context, &h->session, h->d_index, rows, (size_t)count * sizeof *rows);
    if (status == MYR_OK)
        status = myr_cuda_check(
            context,
            myr_launch_gather(h->d_hidden, (int)h->job.hidden.type, h->d_index, (uint32_t)count,
                              (uint64_t)width, h->d_some, h->session.stream),
            "gathering hidden states");
    for (int64_t j = 0; status == MYR_OK && j < vocabulary; j += tile_rows(&h->job)) {
        myr_cuda_matrix words;
        const int64_t n = tile_size(h, j);
        status = take_tile(context, h, j, true, &words);
        if (status == MYR_OK)
            status = myr_cuda_product(context, h->products, (int64_t)count, n, width,
                                      (myr_cuda_matrix){h->d_some, width, false}, words, false,
                                      (float *)h->d_x + j, vocabulary);
    }
    if (status == MYR_OK)
        status = myr_cuda_check(context, myr_launch_rows(&device_rows, h->session.stream), "reducing rows");
    if (status == MYR_OK)
        status =
            myr_cuda_download(context, &h->session, results, h->d_results, (size_t)count * sizeof *results);
    return status;
}

/* dX in place of X. */
static myr_status slope_rows(myr_context *context, cuda_head *h, uint64_t count,
                             const myr_row_result *results, const double *upstream) {
    const myr_device_rows rows = make_rows(h, count);
    for (uint64_t i = 0; i < count; i++)
        h->factor[i] = (float)upstream[i];
    myr_status status =
        myr_cuda_upload(context, &h->session, h->d_results, results, (size_t)count * sizeof *results);
    if (status == MYR_OK)
        status = myr_cuda_upload(context, &h->session, h->d_upstream, h->factor,
                                 (size_t)count * sizeof *h->factor);
    if (status == MYR_OK)
        status =
            myr_cuda_check(context, myr_launch_row_gradient(&rows, h->session.stream), "writing gradients");
    return status;
}

myr_status myr_cuda_head_backward(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                                  const myr_row_result *results, const double *upstream) {
    cuda_head *h = work;
    const int64_t vocabulary = (int64_t)h->job.vocabulary, width = (int64_t)h->job.width;
    (void)rows; /* their list is on the device since forward */
    myr_status status = slope_rows(context, h, count, results, upstream);
    if (status == MYR_OK)
        status =
            myr_cuda_product(context, h->products, vocabulary, width, (int64_t)count,
                             (myr_cuda_matrix){h->d_x, vocabulary, true},
                             (myr_cuda_matrix){h->d_some, width, false}, true, h->d_matrix_gradient, width);
    for (int64_t j = 0; status == MYR_OK && j < vocabulary; j += tile_rows(&h->job)) {
        myr_cuda_matrix words;
        const int64_t n = tile_size(h, j);
        status = take_tile(context, h, j, false, &words);
        if (status == MYR_OK)
            status = myr_cuda_product(context, h->products, (int64_t)count, width, n,
                                      (myr_cuda_matrix){(const float *)h->d_x + j, vocabulary, false},
                                      words, j > 0, h->d_some, width);
    }
    if (status == MYR_OK)
        status = myr_cuda_check(context,
                                myr_launch_scatter(h->d_some, h->d_index, (uint32_t)count, (uint64_t)width,
                                                   h->d_hidden_gradient, h->session.stream),
                                "scattering gradients");
    if (status == MYR_OK) /* the numbers of the rows are the host's until then */
        status = myr_cuda_check(context, cudaStreamSynchronize(h->session.stream), "multiplying");
    return status;
}

myr_status myr_cuda_head_finish(myr_context *context, void *work) {
    const cuda_head *h = work;
    const myr_head_job *job = &h->job;
    if (job->compute.memory == MYR_DEVICE || !job->hidden_gradient.data)
        return MYR_OK;
    myr_status status = myr_cuda_download(context, &h->session, job->hidden_gradient.data,
                                          h->d_hidden_gradient, hidden_bytes(job, MYR_F32));
    if (status == MYR_OK)
        status = myr_cuda_download(context, &h->session, job->matrix_gradient.data, h->d_matrix_gradient,
                                   matrix_bytes(job, MYR_F32));
    return status;
}
