#include "cuda_batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "tables/staged.h"

/* Bytes of a chunk on the device, nodes and given numbers aside. */
static double chunk_bytes(const myr_cuda_work *work, bool split) {
    double floats = MYR_CHUNK * (1.0 + work->turned + work->start_normals + 2.0 * (work->memory && split));
    if (work->scratch)
        floats += MYR_ROW_VECTORS * MYR_PARTIALS;
    return floats * work->dimension * sizeof(float);
}

/* Thread blocks of a chunk at most: a kernel takes 1 to 4 trajectories a thread at a time, of 16 that it has of a chunk. */
enum { MOST_SPREAD = 8 };

/* Whole runs in batches of at least least_chunks if that fits a launch, else slices of rows. Given numbers
 * of a slice take copied_bytes at most, or are those of a row. */
static void plan_sizes(const myr_cuda_limits *limits, const myr_cuda_work *work, myr_cuda_batch *batch) {
    const double launch_rows = limits->launch_steps / (work->step * MYR_CHUNK); /* of a chunk */
    const double row_bytes = (double)work->numbers * MYR_CHUNK * sizeof(float);
    double chunks = launch_rows / (work->rows + 1.0), rows = fmin(work->rows, work->window);
    if (chunks < limits->least_chunks) {
        chunks = limits->least_chunks;
        rows = fmin(rows, fmax(4.0 * floor(launch_rows / chunks / 4.0), 4.0));
    }
    batch->split = rows < work->rows || (work->numbers > 0 && work->rows > 1);
    if (work->keeps || batch->split)
        chunks = fmin(chunks, limits->state_bytes / chunk_bytes(work, batch->split));
    if (work->copies)
        chunks = fmin(chunks, limits->copied_bytes / (work->dimension * MYR_CHUNK * sizeof(float)));
    if (work->numbers > 0)
        chunks = fmin(chunks, limits->copied_bytes / row_bytes);
    const uint64_t needed = (work->count - 1) / MYR_CHUNK + 1;
    batch->chunks = 1;
    while (2.0 * batch->chunks <= chunks && batch->chunks < needed && batch->chunks < limits->most_chunks) {
        batch->chunks *= 2;
        batch->height++;
    }
    if (work->numbers > 0)
        rows = fmin(rows, fmax(floor(limits->copied_bytes / (row_bytes * batch->chunks)), 1.0));
    batch->spread = 1;
    while (!work->scratch && batch->spread < MOST_SPREAD &&
           2 * batch->spread * batch->chunks <= limits->spread_blocks)
        batch->spread *= 2;
    batch->rows = (uint32_t)rows;
    batch->states = (size_t)batch->chunks * (size_t)work->dimension * MYR_CHUNK;
}

static myr_status allocate_floats(myr_context *context, const myr_cuda_session *session,
                                  const myr_cuda_work *work, myr_cuda_batch *batch) {
    const size_t scratch = (size_t)batch->chunks * MYR_ROW_VECTORS * (size_t)work->dimension * MYR_PARTIALS;
    const size_t noise = (size_t)batch->chunks * batch->rows * work->numbers * MYR_CHUNK;
    const struct {
        size_t count;
        float **d_memory;
    } arrays[] = {{work->keeps || batch->split || batch->spread > 1 ? batch->states : 0, &batch->d_state},
                  {work->turned ? batch->states : 0, &batch->d_turned},
                  {work->memory && batch->split ? 2 * batch->states : 0, &batch->d_memory},
                  {work->scratch ? scratch : 0, &batch->d_scratch},
                  {work->start_normals ? batch->states : 0, &batch->d_start_normals},
                  {noise, &batch->d_noise}};
    myr_status status = MYR_OK;
    for (size_t n = 0; status == MYR_OK && n < sizeof arrays / sizeof *arrays; n++) {
        void *memory = NULL;
        if (arrays[n].count > 0)
            status = myr_cuda_allocate(context, session, arrays[n].count * sizeof(float), &memory);
        *arrays[n].d_memory = memory;
    }
    if (status != MYR_OK || !(work->copies || work->start_normals || work->numbers > 0))
        return status;
    const size_t staged = (noise > batch->states ? noise : batch->states) * sizeof(float);
    batch->staging = malloc(staged);
    return batch->staging ? MYR_OK : myr_fail_memory(context, staged);
}

/* Nodes of the batch's moments, and of what they merge to. */
static myr_status allocate_nodes(myr_context *context, const myr_cuda_session *session,
                                 const myr_cuda_work *work, myr_cuda_batch *batch) {
    const size_t bytes = (size_t)batch->chunks * (size_t)work->dimension * sizeof(myr_moment_node);
    void *nodes = NULL, *merged = NULL;
    myr_status status = myr_cuda_allocate(context, session, bytes, &nodes);
    if (status == MYR_OK)
        status = myr_cuda_allocate(context, session, bytes, &merged);
    batch->d_nodes = nodes;
    batch->d_merged = merged;
    return status;
}

/* What is copied is whole chunks, and the last one may not be full. */
static myr_status clear_states(myr_context *context, const myr_cuda_session *session,
                               const myr_cuda_batch *batch) {
    float *d_copied = batch->d_turned ? batch->d_turned : batch->d_state;
    return myr_cuda_check(context,
                          cudaMemsetAsync(d_copied, 0, batch->states * sizeof(float), session->stream),
                          "clearing memory");
}

myr_status myr_cuda_batch_create(myr_context *context, const myr_cuda_session *session,
                                 const myr_cuda_limits *limits, const myr_cuda_work *work,
                                 myr_cuda_batch *batch) {
    memset(batch, 0, sizeof *batch);
    batch->threads = work->threads;
    plan_sizes(limits, work, batch);
    myr_status status = allocate_floats(context, session, work, batch);
    if (status == MYR_OK && work->nodes)
        status = allocate_nodes(context, session, work, batch);
    if (status == MYR_OK && work->copies)
        status = clear_states(context, session, batch);
    if (status != MYR_OK)
        myr_cuda_batch_destroy(session, batch);
    return status;
}

void myr_cuda_batch_destroy(const myr_cuda_session *session, myr_cuda_batch *batch) {
    void *const device[] = {batch->d_state,         batch->d_turned, batch->d_memory, batch->d_scratch,
                            batch->d_start_normals, batch->d_noise,  batch->d_nodes,  batch->d_merged};
    for (size_t n = 0; n < sizeof device / sizeof *device; n++)
        myr_cuda_release(session, device[n]);
    free(batch->staging);
    memset(batch, 0, sizeof *batch);
}

myr_status myr_cuda_batch_give(myr_context *context, const myr_cuda_session *session,
                               const myr_cuda_batch *batch, const double *from, size_t stride,
                               size_t numbers, const double *less, uint32_t count, float *d_to) {
    myr_stage(from, stride, numbers, less, count, batch->threads, batch->staging);
    return myr_cuda_upload(context, session, d_to, batch->staging,
                           myr_staged_floats(numbers, count) * sizeof(float));
}
