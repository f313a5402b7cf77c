/* Words and normals by themselves, in batches of whole trajectories, or of blocks where one has too many.
 */
#include <stdlib.h>

#include "cuda_backend.h"
#include "ground/failure.h"
#include "port.h"

enum { BATCH_BLOCKS = 1 << 20, THREADS = 256 };

/* Four bytes each, words or floats. */
typedef struct number_buffer {
    myr_cuda_session session;
    uint32_t *d_numbers;
    uint32_t *numbers; /* [BATCH_BLOCKS][4] */
} number_buffer;

static void buffer_end(number_buffer *buffer) {
    free(buffer->numbers);
    myr_cuda_release(&buffer->session, buffer->d_numbers);
    myr_cuda_close(&buffer->session);
}

static myr_status buffer_begin(myr_context *context, int device, number_buffer *buffer) {
    const size_t bytes = (size_t)BATCH_BLOCKS * 4 * sizeof(uint32_t);
    void *d_numbers = NULL;
    buffer->numbers = NULL;
    buffer->d_numbers = NULL;
    myr_status status = myr_cuda_open(context, device, &buffer->session);
    if (status != MYR_OK)
        return status;
    status = myr_cuda_allocate(context, &buffer->session, bytes, &d_numbers);
    buffer->d_numbers = d_numbers;
    if (status == MYR_OK) {
        buffer->numbers = malloc(bytes);
        if (!buffer->numbers)
            status = myr_fail_memory(context, bytes);
    }
    if (status != MYR_OK)
        buffer_end(buffer);
    return status;
}

/* Fills the buffer with one batch: of the pointers to the caller's arrays the one that is not NULL says
 * what. */
static myr_status draw_batch(myr_context *context, number_buffer *buffer, const myr_device_draw *batch,
                             uint32_t *words, double *normals) {
    const size_t numbers = (size_t)batch->count * batch->blocks * 4;
    cudaError_t error =
        words ? myr_launch_words(batch, buffer->d_numbers, buffer->session.stream)
              : myr_launch_normals(batch, (float *)(void *)buffer->d_numbers, buffer->session.stream);
    myr_status status = myr_cuda_check(context, error, "drawing random numbers");
    if (status == MYR_OK)
        status = myr_cuda_download(context, &buffer->session, buffer->numbers, buffer->d_numbers,
                                   numbers * sizeof(uint32_t));
    for (size_t j = 0; status == MYR_OK && j < numbers; j++) {
        if (words)
            words[j] = buffer->numbers[j];
        else
            normals[j] = (double)myr_float_of_bits(buffer->numbers[j]);
    }
    return status;
}

static myr_status draw_numbers(myr_context *context, const myr_draw *draw, uint32_t *words,
                               double *normals) {
    number_buffer buffer;
    myr_status status = buffer_begin(context, draw->device, &buffer);
    if (status != MYR_OK)
        return status;
    const uint32_t blocks = draw->blocks < BATCH_BLOCKS ? draw->blocks : BATCH_BLOCKS;
    const uint64_t together = BATCH_BLOCKS / blocks; /* trajectories of a batch: 1 if one fills it */
    uint64_t step = 0;
    for (uint64_t n = 0; status == MYR_OK && n < draw->count; n += step) {
        step = draw->count - n < together ? draw->count - n : together;
        for (uint32_t b = 0; status == MYR_OK && b < draw->blocks; b += blocks) {
            myr_device_draw batch = {.keys = myr_device_keys_make(draw->seed),
                                     .first = draw->first + n,
                                     .count = (uint32_t)step,
                                     .stream = draw->stream,
                                     .block = draw->block + b,
                                     .blocks = draw->blocks - b < blocks ? draw->blocks - b : blocks,
                                     .fast = draw->fast,
                                     .threads = THREADS};
            const uint64_t at = (n * draw->blocks + b) * 4;
            status = draw_batch(context, &buffer, &batch, words ? words + at : NULL,
                                normals ? normals + at : NULL);
            if (draw->blocks - b <= blocks)
                break; /* b + blocks may not fit 32 bits */
        }
    }
    buffer_end(&buffer);
    return status;
}

myr_status myr_cuda_words(myr_context *context, const myr_draw *draw, uint32_t *words) {
    return draw_numbers(context, draw, words, NULL);
}

myr_status myr_cuda_normals(myr_context *context, const myr_draw *draw, double *normals) {
    return draw_numbers(context, draw, NULL, normals);
}
