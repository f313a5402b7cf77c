/* Runs on the device a step at a time. Trajectories go through all rows in groups of a fixed number of
 * lanes, trajectory i in lane i mod lanes, so that an evaluation has the same shape and a trajectory the same
 * place in it whatever the batch. A batch is whole chunks: its groups leave their results in one array,
 * whose moments are taken then.
 *
 * Rows are queued one behind the other (cuda_turns.h). No graph of launches: they hide behind every row that takes the device
 * longer than the 12 us of queuing it, of some hundred points and more; and what a launch is told, the row's number and the group's
 * first trajectory, is another each time. One group at a time: two would hide the weights of one, by a data sheet's figures 38 ns a
 * point (five times 4 bytes a lane at 4.3 TB/s), behind the products of the other, 0.5 d ns (4 d operations at 67 TFLOPS), which is
 * at best a factor of two near d = 80, and 1.2 below 16 and above 400. For that they would want states and scores twice, and a
 * handle of cuBLAS each: what runs beside a product may change one handle's choice of a kernel, and with it the bits.
 *
 * Memory on the device: the denoiser's; 6 d + 1 floats a lane; a batch's results. */
#include "cuda_batched.h"

#include <stdlib.h>
#include <string.h>

#include "backends/normals.h"
#include "cuda_denoiser.h"
#include "ground/failure.h"
#include "runs/ranges.h"
#include "tables/staged.h"

/* At d = 4,096: 800 MB of states; scores of points of 64 MB. */
const myr_batched_limits myr_batched_usual_limits = {.lanes = 8192, .tile = 2048, .state_bytes = 0x1p28};

enum { STATE_ARRAYS = 6 };

static void run_end(myr_batched_run *run) {
    myr_cuda_turns_end(&run->session, &run->turns);
    void *const device[] = {run->d_path,   run->d_states, run->d_total,
                            run->d_values, run->d_given,  run->d_nodes};
    for (size_t n = 0; n < sizeof device / sizeof *device; n++)
        myr_cuda_release(&run->session, device[n]);
    free(run->staging);
    free(run->nodes);
    run->denoiser->end(run);
    myr_cuda_close(&run->session);
}

static size_t group_floats(const myr_batched_run *run) {
    return (size_t)run->rows->dimension * run->device.lanes;
}

static myr_status allocate_device(myr_context *context, myr_batched_run *run) {
    const size_t d = (size_t)run->rows->dimension, group = group_floats(run);
    const myr_plan *plan = run->job->plan;
    const bool given = run->job->noise || run->job->start_normals;
    const struct {
        size_t count;
        float **d_memory;
    } arrays[] = {{3 * d, &run->d_path},
                  {STATE_ARRAYS * group, &run->d_states},
                  {run->device.lanes, &run->d_total},
                  {run->batch * d, &run->d_values},
                  {given ? group * (plan->slots > 1 ? 2 : 1) : 0, &run->d_given}};
    myr_status status = MYR_OK;
    for (size_t n = 0; status == MYR_OK && n < sizeof arrays / sizeof *arrays; n++)
        if (arrays[n].count > 0)
            status =
                myr_cuda_place_floats(context, &run->session, NULL, arrays[n].count, arrays[n].d_memory);
    void *nodes = NULL;
    if (status == MYR_OK)
        status = myr_cuda_allocate(context, &run->session,
                                   run->batch / MYR_CHUNK * d * sizeof(myr_moment_node), &nodes);
    run->d_nodes = nodes;
    return status;
}

static myr_status allocate_host(myr_context *context, myr_batched_run *run) {
    const size_t d = (size_t)run->rows->dimension, floats = run->batch * d;
    const size_t node_bytes = run->batch / MYR_CHUNK * d * sizeof(myr_moment_node);
    run->staging = malloc(floats * sizeof(float));
    run->nodes = malloc(node_bytes);
    return run->staging && run->nodes ? MYR_OK
                                      : myr_fail_memory(context, floats * sizeof(float) + node_bytes);
}

/* Numbers of the caller's that a row or a start takes at most. */
static size_t given_floats(const myr_batched_run *run) {
    const myr_job *job = run->job;
    const size_t row = job->noise ? (size_t)myr_row_numbers(job->plan) * run->device.lanes : 0;
    const size_t start = job->states || job->start_normals ? group_floats(run) : 0;
    return row > start ? row : start;
}

static myr_status upload_path(myr_context *context, myr_batched_run *run) {
    const size_t d = (size_t)run->rows->dimension;
    for (size_t c = 0; c < d; c++) {
        run->staging[c] = run->rows->mean[c];
        run->staging[d + c] = run->rows->start_mean[c];
        run->staging[2 * d + c] = myr_cuda_noise_factor(run->job, run->rows->start_scale[c]);
    }
    return myr_cuda_upload(context, &run->session, run->d_path, run->staging, 3 * d * sizeof(float));
}

static void fill_device(myr_batched_run *run) {
    const size_t group = group_floats(run);
    myr_device_batch *b = &run->device;
    b->keys = myr_device_keys_make(run->job->seed);
    b->dimension = run->rows->dimension;
    b->fast = run->job->fast;
    b->memory = run->job->plan->memory;
    b->d_mean = run->d_path;
    b->d_start = run->d_path + run->rows->dimension;
    b->d_state = run->d_states;
    b->d_d1 = run->d_states + group;
    b->d_d2 = run->d_states + 2 * group;
    b->d_sum = run->d_states + 3 * group;
    b->d_y = run->d_states + 4 * group;
    b->d_second = run->d_states + 5 * group;
    b->d_total = run->d_total;
}

static uint32_t batch_size(const myr_batched_limits *limits, const myr_job *job) {
    const double chunk_bytes = (double)job->plan->dimension * MYR_CHUNK * sizeof(float);
    const uint64_t needed = (job->count - 1) / MYR_CHUNK + 1;
    uint32_t chunks = 1;
    while (2.0 * chunks * chunk_bytes <= limits->state_bytes && chunks < needed && chunks < 1024)
        chunks *= 2;
    return chunks * MYR_CHUNK;
}

static myr_status run_begin(myr_context *context, myr_batched_run *run, const myr_batched_limits *limits,
                            const myr_job *job) {
    const myr_cuda_denoiser *denoiser;
    myr_status status = myr_cuda_denoiser_find(context, job->target, &denoiser);
    if (status != MYR_OK)
        return status;
    memset(run, 0, sizeof *run);
    run->job = job;
    run->denoiser = denoiser->batched;
    run->limits = limits;
    run->device.lanes = limits->lanes;
    run->batch = batch_size(limits, job);
    status = myr_cuda_open(context, job->device, &run->session);
    if (status != MYR_OK)
        return status;
    status = run->denoiser->begin(context, run);
    if (status == MYR_OK)
        status = allocate_device(context, run);
    if (status == MYR_OK)
        status = allocate_host(context, run);
    if (status == MYR_OK)
        status = myr_cuda_turns_begin(context, given_floats(run), &run->turns);
    if (status == MYR_OK)
        status = upload_path(context, run);
    if (status == MYR_OK)
        fill_device(run);
    else
        run_end(run);
    return status;
}

static myr_status launched(myr_context *context, cudaError_t error) {
    return myr_cuda_check(context, error, "running trajectories");
}

/* The lanes of a group that belong to the job, and where they are in it. */
typedef struct group {
    uint32_t lane, count;
    uint64_t place;
} group;

/* Numbers of the job's lanes, at `from` of the group's first one, to device memory, [numbers][lanes]: queued, by way of the
 * turn's room. */
static myr_status upload_lanes(myr_context *context, const myr_batched_run *run, const myr_cuda_turn *turn,
                               const group *g, const double *from, uint64_t stride, size_t numbers,
                               const double *less, float *d_to) {
    const size_t lanes = run->device.lanes, bytes = numbers * lanes * sizeof(float);
    memset(turn->given, 0, bytes);
    for (size_t l = 0; l < g->count; l++)
        for (size_t c = 0; c < numbers; c++) {
            double value = from[l * stride + c];
            turn->given[c * lanes + g->lane + l] = (float)(less ? value - less[c] : value);
        }
    return myr_cuda_check(
        context, cudaMemcpyAsync(d_to, turn->given, bytes, cudaMemcpyHostToDevice, run->session.stream),
        "copying data to it");
}

/* The normals of a source from a number on: what it gives is placed on the device. */
static myr_status take_normals(myr_context *context, const myr_batched_run *run, const myr_cuda_turn *turn,
                               const group *g, myr_normal_source from, uint64_t number, size_t numbers,
                               myr_device_normals_of *z) {
    *z = (myr_device_normals_of){number, NULL};
    if (!from.given || numbers == 0)
        return MYR_OK;
    z->d_given = run->d_given;
    return upload_lanes(context, run, turn, g, from.given + g->place * from.stride + number, from.stride,
                        numbers, NULL, run->d_given);
}

static myr_status start_group(myr_context *context, const myr_batched_run *run, const myr_cuda_turn *turn,
                              const group *g) {
    const myr_job *job = run->job;
    const size_t d = (size_t)run->rows->dimension;
    if (job->states)
        return upload_lanes(context, run, turn, g, job->states + g->place * d, d, d, run->rows->enter,
                            run->device.d_state);
    myr_device_normals_of z;
    myr_status status = take_normals(context, run, turn, g, myr_start_normals(job), 0, d, &z);
    if (status != MYR_OK)
        return status;
    return launched(context, run->denoiser->start
                                 ? run->denoiser->start(run, z)
                                 : myr_launch_batch_start(&run->device, z, run->session.stream));
}

static myr_status run_row(myr_context *context, const myr_batched_run *run, const myr_cuda_turn *turn,
                          const group *g, int64_t k) {
    const myr_job *job = run->job;
    const myr_plan *plan = job->plan;
    const myr_device_batch *b = &run->device;
    const myr_row_table *table = run->rows;
    const float *level = myr_row_level(table, k);
    const uint64_t numbers = myr_row_numbers(plan);
    const size_t skipped = plan->pre_noise ? (size_t)b->dimension : 0; /* normals before the noise's */
    myr_device_normals_of pre;
    myr_step step = table->step[k - table->row];
    step.c = myr_cuda_noise_factor(job, step.c);
    myr_status status = take_normals(context, run, turn, g, myr_step_normals(job), (uint64_t)k * numbers,
                                     (size_t)numbers, &pre);
    const myr_device_normals_of noise = {pre.number + skipped,
                                         pre.d_given ? pre.d_given + skipped * b->lanes : NULL};
    if (status == MYR_OK && plan->pre_noise)
        status = launched(context, myr_launch_batch_raise(b, myr_cuda_noise_factor(job, step.n), pre,
                                                          run->session.stream));
    if (status == MYR_OK)
        status = run->denoiser->denoise(context, run, level, b->d_state, b->d_sum);
    if (status == MYR_OK)
        status =
            launched(context, myr_launch_batch_first(b, step, plan->noise, noise, run->session.stream));
    if (status != MYR_OK || step.two_stage == 0.0f)
        return status;
    status = run->denoiser->denoise(context, run, level + table->level_floats, b->d_y, b->d_second);
    return status == MYR_OK ? launched(context, myr_launch_batch_second(b, step, run->session.stream))
                            : status;
}

/* The start and each row are a turn. What a kernel takes of the tables goes with its launch. */
static myr_status run_group(myr_context *context, myr_batched_run *run, const group *g) {
    const myr_job *job = run->job;
    const size_t bytes = 2 * group_floats(run) * sizeof(float); /* d1~ and d2~ */
    myr_cuda_turn *turn;
    myr_status status = myr_cuda_turn_begin(context, job, &run->turns, &turn);
    if (status == MYR_OK)
        status = start_group(context, run, turn, g);
    if (status == MYR_OK)
        status = launched(context, cudaMemsetAsync(run->device.d_d1, 0, bytes, run->session.stream));
    if (status == MYR_OK)
        status = myr_cuda_turn_end(context, &run->session, turn, g->place);
    for (int64_t k = job->row_begin; status == MYR_OK && k < job->row_end; k++) {
        const double share = (double)(k + 1 - job->row_begin) / (double)(job->row_end - job->row_begin);
        status = myr_cuda_turn_begin(context, job, &run->turns, &turn);
        (void)myr_row_table_move(run->rows, k);
        if (status == MYR_OK)
            status = run_row(context, run, turn, g, k);
        if (status == MYR_OK)
            status =
                myr_cuda_turn_end(context, &run->session, turn, g->place + (uint64_t)(share * g->count));
    }
    return status;
}

/* Trajectories done … done + count - 1 of the job, to d_values. */
static myr_status run_batch(myr_context *context, myr_batched_run *run, uint64_t done, uint32_t count) {
    const uint64_t lanes = run->device.lanes, first = run->job->first + done;
    myr_status status = MYR_OK;
    for (uint32_t at = 0; status == MYR_OK && at < count;) {
        group g = {.lane = (uint32_t)((first + at) % lanes), .place = done + at};
        g.count = (uint32_t)(lanes - g.lane < count - at ? lanes - g.lane : count - at);
        run->device.first = first + at - g.lane;
        status = run_group(context, run, &g);
        if (status == MYR_OK)
            status = launched(context, myr_launch_batch_leave(&run->device, g.lane, g.count, at,
                                                              run->d_values, run->session.stream));
        at += g.count;
    }
    return status == MYR_OK ? myr_cuda_turns_wait(context, run->job, &run->turns) : status;
}

static myr_status push_nodes(myr_context *context, myr_batched_run *run, uint32_t count, myr_range *range) {
    const size_t d = (size_t)run->rows->dimension, chunks = (count - 1) / MYR_CHUNK + 1;
    myr_status status = launched(
        context, myr_launch_batch_moments(run->d_values, count, (int)d, run->d_nodes, run->session.stream));
    if (status == MYR_OK)
        status = myr_cuda_download(context, &run->session, run->nodes, run->d_nodes,
                                   chunks * d * sizeof *run->nodes);
    for (size_t chunk = 0; status == MYR_OK && chunk < chunks; chunk++)
        myr_range_push(range, 0, &run->nodes[chunk], chunks);
    return status;
}

static myr_status copy_states(myr_context *context, myr_batched_run *run, uint64_t done, uint32_t count,
                              double *states) {
    const size_t d = (size_t)run->rows->dimension;
    myr_status status = myr_cuda_download(context, &run->session, run->staging, run->d_values,
                                          myr_staged_floats(d, count) * sizeof(float));
    if (status == MYR_OK)
        myr_unstage(run->staging, d, run->rows->leave, count, run->job->threads, states + done * d);
    return status;
}

/* All batches: moments on the range, or states to the caller; the other is NULL. */
static myr_status run_batches(myr_context *context, myr_batched_run *run, myr_range *range,
                              double *states) {
    const myr_job *job = run->job;
    myr_status status = MYR_OK;
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint32_t count = (uint32_t)(job->count - done < run->batch ? job->count - done : run->batch);
        status = run_batch(context, run, done, count);
        if (status == MYR_OK)
            status = range ? push_nodes(context, run, count, range)
                           : copy_states(context, run, done, count, states);
        done += count;
    }
    return status;
}

myr_status myr_cuda_batched_range(myr_context *context, const myr_batched_limits *limits,
                                  const myr_job *job, myr_range *range) {
    myr_batched_run run;
    myr_status status = run_begin(context, &run, limits, job);
    if (status != MYR_OK)
        return status;
    myr_range_relative_to(range, run.rows->leave);
    status = run_batches(context, &run, range, NULL);
    run_end(&run);
    return status;
}

myr_status myr_cuda_batched_states(myr_context *context, const myr_batched_limits *limits,
                                   const myr_job *job, double *states) {
    myr_batched_run run;
    myr_status status = run_begin(context, &run, limits, job);
    if (status != MYR_OK)
        return status;
    status = run_batches(context, &run, NULL, states);
    run_end(&run);
    return status;
}
