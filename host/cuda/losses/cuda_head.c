/* The last layer on the cuda backend. The chunk's hidden states are gathered; logits, and their gradients
 * in place, are [count][vocabulary]:
 *
 *     X = H W',     dW += dX' H,     dH = dX W
 *
 * Hidden states and matrix of one 16-bit type are multiplied as such, by tensor cores (cuda_product.h). dX, of floats,
 * is then the sum of three parts of that type, each multiplied for itself: exactly for bf16, and for f16 within 2^-61 of
 * the largest |upstream| (myr_launch_split); in fast arithmetic the first alone, within 2^-8 of each slope for bf16, and for f16
 * within 2^-11 of it or 2^-39 of the largest |upstream|. All else is multiplied as floats, fast by TF32: hidden states of
 * 16 bits are widened where they are gathered, a matrix tile by tile. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cuda_product.h"
#include "cuda_tokens.h"
#include "ground/failure.h"
#include "linear_launch.h"

enum { VOCABULARY_TILE = 4096, PARTS = 3 };

typedef struct cuda_head {
    myr_head_job job;
    myr_cuda_session session;
    myr_cuda_products *products;
    myr_cuda_arithmetic arithmetic;
    int parts;                                  /* that are multiplied; 1 where dX is one of floats */
    const void *d_hidden, *d_matrix, *d_labels; /* whole */
    void *owned[3];                             /* copies of those */
    float *d_hidden_gradient, *d_matrix_gradient;
    void *owned_gradient[2]; /* likewise; they go back at the end */
    void *d_tile;            /* [tile][width], of a matrix that is not of floats; else NULL */
    void *d_x;               /* [chunk_rows][vocabulary] */
    void *d_part;            /* [chunk_rows][vocabulary], of dX in 16 bits; else NULL */
    void *d_narrow;          /* [chunk_rows][width], gathered in 16 bits; else NULL */
    void *d_some;            /* [chunk_rows][width], gathered as floats; later their gradients */
    void *d_index;           /* [chunk_rows] */
    void *d_results;         /* [chunk_rows] */
    void *d_upstream;        /* [chunk_rows] */
    float *factor;           /* [chunk_rows], on the host */
    float largest;           /* of its sizes */
} cuda_head;

/* By tensor cores where hidden states and matrix are of one type that they take. */
static myr_cuda_arithmetic choose_arithmetic(const myr_head_job *job) {
    const myr_dtype type = job->hidden.type;
    const myr_cuda_arithmetic narrow = type == MYR_BF16 ? MYR_CUDA_BF16 : MYR_CUDA_F16;
    if (type != MYR_F32 && type == job->matrix.type && myr_cuda_multiplies(job->compute.device, narrow))
        return narrow;
    return job->compute.fast && myr_cuda_multiplies(job->compute.device, MYR_CUDA_TF32) ? MYR_CUDA_TF32
                                                                                        : MYR_CUDA_FLOATS;
}

static bool is_narrow(const cuda_head *h) {
    return h->arithmetic == MYR_CUDA_BF16 || h->arithmetic == MYR_CUDA_F16;
}

/* Of hidden states and matrix, and of their gradients, which are floats. */
static size_t hidden_bytes(const myr_head_job *job, myr_dtype type) {
    return (size_t)job->rows * (size_t)job->width * myr_dtype_size(type);
}

static size_t matrix_bytes(const myr_head_job *job, myr_dtype type) {
    return (size_t)job->vocabulary * (size_t)job->width * myr_dtype_size(type);
}

/* Whether the matrix is multiplied as it lies there. */
static bool takes_whole(const cuda_head *h) {
    return h->job.matrix.type == MYR_F32 || is_narrow(h);
}

/* Rows of the matrix that are multiplied at a time. */
static int64_t tile_rows(const cuda_head *h) {
    const bool whole = takes_whole(h) || h->job.vocabulary < VOCABULARY_TILE;
    return whole ? (int64_t)h->job.vocabulary : VOCABULARY_TILE;
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
    const size_t rows = (size_t)job->chunk_rows, states = rows * (size_t)job->width;
    const bool narrow = is_narrow(h), gradients = job->hidden_gradient.data;
    const struct {
        void **memory;
        size_t bytes;
    } parts[] = {
        {&h->d_tile, takes_whole(h) ? 0 : (size_t)tile_rows(h) * (size_t)job->width * sizeof(float)},
        {&h->d_x, rows * (size_t)job->vocabulary * sizeof(float)},
        {&h->d_part, narrow && gradients ? rows * (size_t)job->vocabulary * sizeof(uint16_t) : 0},
        {&h->d_narrow, narrow ? states * sizeof(uint16_t) : 0},
        {&h->d_some, !narrow || gradients ? states * sizeof(float) : 0},
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
    h->arithmetic = choose_arithmetic(job);
    h->parts = is_narrow(h) && !job->compute.fast ? PARTS : 1;
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
    void *const parts[] = {h->owned[0],          h->owned[1], h->owned[2], h->owned_gradient[0],
                           h->owned_gradient[1], h->d_tile,   h->d_x,      h->d_part,
                           h->d_narrow,          h->d_some,   h->d_index,  h->d_results,
                           h->d_upstream};
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
    const int64_t left = (int64_t)h->job.vocabulary - j, most = tile_rows(h);
    return left < most ? left : most;
}

/* That tile as it is multiplied: in place, or as floats in the scratch tile. */
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

/* The listed hidden states as they are multiplied, and they as a matrix. */
static myr_status gather(myr_context *context, cuda_head *h, const uint64_t *rows, uint64_t count) {
    const uint64_t width = h->job.width;
    myr_status status =
        myr_cuda_upload(context, &h->session, h->d_index, rows, (size_t)count * sizeof *rows);
    if (status != MYR_OK)
        return status;
    return myr_cuda_check(context,
                          h->d_narrow
                              ? myr_launch_gather_narrow(h->d_hidden, h->d_index, (uint32_t)count, width,
                                                         h->d_narrow, h->session.stream)
                              : myr_launch_gather(h->d_hidden, (int)h->job.hidden.type, h->d_index,
                                                  (uint32_t)count, width, h->d_some, h->session.stream),
                          "gathering hidden states");
}

static myr_cuda_matrix gathered(const cuda_head *h) {
    return (myr_cuda_matrix){h->d_narrow ? h->d_narrow : h->d_some, (int64_t)h->job.width, false};
}

myr_status myr_cuda_head_forward(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                                 myr_row_result *results) {
    cuda_head *h = work;
    const int64_t vocabulary = (int64_t)h->job.vocabulary, width = (int64_t)h->job.width;
    const myr_device_rows device_rows = make_rows(h, count);
    myr_status status = gather(context, h, rows, count);
    for (int64_t j = 0; status == MYR_OK && j < vocabulary; j += tile_rows(h)) {
        myr_cuda_matrix words;
        const int64_t n = tile_size(h, j);
        status = take_tile(context, h, j, true, &words);
        if (status == MYR_OK)
            status = myr_cuda_product_by(context, h->products, h->arithmetic, (int64_t)count, n, width,
                                         gathered(h), words, 1.0f, false, (float *)h->d_x + j, vocabulary);
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
    h->largest = 0.0f;
    for (uint64_t i = 0; i < count; i++) {
        h->factor[i] = (float)upstream[i];
        h->largest = fmaxf(h->largest, fabsf(h->factor[i]));
    }
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

/* What part k of dX is multiplied by before it is rounded to its type. Slopes are at most upstream in size: those of f16,
 * whose largest number is below 2^16, to below 2^15, and what a part leaves, at most 2^-11 of the largest, likewise. Not above
 * 2^100, where a factor's inverse would be no float any more; slopes below 2^-100 are 0 (token_row.h). */
static float part_factor(const cuda_head *h, int k) {
    int exponent;
    (void)frexpf(h->largest, &exponent);
    return h->arithmetic == MYR_CUDA_F16 ? ldexpf(1.0f, (exponent < -85 ? 100 : 15 - exponent) + 11 * k)
                                         : 1.0f;
}

/* Part k of dX, and its factor: dX itself where that is multiplied as floats. */
static myr_status take_part(myr_context *context, const cuda_head *h, int k, uint64_t count,
                            const void **part, float *factor) {
    *factor = 1.0f;
    *part = h->d_part ? h->d_part : h->d_x;
    if (!h->d_part)
        return MYR_OK;
    *factor = part_factor(h, k);
    return myr_cuda_check(context,
                          myr_launch_split(h->d_x, (int)h->job.hidden.type, *factor, k + 1 < h->parts,
                                           count * h->job.vocabulary, h->d_part, h->session.stream),
                          "rounding gradients");
}

/* dW += dX' H and dH += dX W, or dH = dX W for the first part, of a part of dX. */
static myr_status multiply_part(myr_context *context, cuda_head *h, int k, uint64_t count) {
    const int64_t vocabulary = (int64_t)h->job.vocabulary, width = (int64_t)h->job.width;
    const void *part;
    float factor;
    myr_status status = take_part(context, h, k, count, &part, &factor);
    if (status == MYR_OK)
        status = myr_cuda_product_by(context, h->products, h->arithmetic, vocabulary, width, (int64_t)count,
                                     (myr_cuda_matrix){part, vocabulary, true}, gathered(h), 1.0f / factor,
                                     true, h->d_matrix_gradient, width);
    for (int64_t j = 0; status == MYR_OK && j < vocabulary; j += tile_rows(h)) {
        const char *slopes = (const char *)part + (size_t)j * sizeof(float); /* narrow ones are one tile */
        myr_cuda_matrix words;
        const int64_t n = tile_size(h, j);
        status = take_tile(context, h, j, false, &words);
        if (status == MYR_OK)
            status = myr_cuda_product_by(context, h->products, h->arithmetic, (int64_t)count, width, n,
                                         (myr_cuda_matrix){slopes, vocabulary, false}, words, 1.0f / factor,
                                         k > 0 || j > 0, h->d_some, width);
    }
    return status;
}

myr_status myr_cuda_head_backward(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                                  const myr_row_result *results, const double *upstream) {
    cuda_head *h = work;
    (void)rows; /* their list is on the device since forward */
    myr_status status = slope_rows(context, h, count, results, upstream);
    for (int k = 0; status == MYR_OK && k < h->parts; k++)
        status = multiply_part(context, h, k, count);
    if (status == MYR_OK)
        status = myr_cuda_check(
            context,
            myr_launch_scatter(h->d_some, h->d_index, (uint32_t)count, (uint64_t)h->job.width,
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
