/* Runs over data points on the device. Trajectories go through all rows in groups of a fixed number of
 * lanes, trajectory i in lane i mod lanes, so that a product has the same shape and a trajectory the same
 * place in it whatever the batch. A batch is whole chunks: its groups leave their results in one array,
 * whose moments are taken then.
 *
 * Memory on the device: the points and a float a point; 6 d + tile floats a lane; a batch's results. */
#include "cuda_points.h"

#include <stdlib.h>
#include <string.h>

#include "cuda_product.h"
#include "ground/failure.h"
#include "point_launch.h"
#include "runs/ranges.h"
#include "tables/empirical_table.h"
#include "tables/staged.h"

/* At d = 4,096: 800 MB of states; scores of 64 MB. */
const myr_points_limits myr_points_usual_limits = {.lanes = 8192, .tile = 2048, .state_bytes = 0x1p28};

enum { STATE_ARRAYS = 6, LANE_ARRAYS = 3 };

typedef struct points_run {
    const myr_job *job;
    myr_cuda_session session;
    myr_cuda_products *products;
    myr_empirical_table table;
    myr_device_points device;
    int64_t tile;
    uint32_t batch; /* trajectories of a full batch, a multiple of MYR_CHUNK */
    float *d_points, *d_half_norms, *d_path, *d_states, *d_lanes, *d_scores, *d_values;
    float *d_given; /* a row's normals where they are given, [slots or 1][dimension][lanes]; else NULL */
    myr_moment_node *d_nodes;
    float *staging; /* on the host: the larger of a group's and a batch's states */
    myr_moment_node *nodes;
} points_run;

static void run_end(points_run *run) {
    void *const device[] = {run->d_points, run->d_half_norms, run->d_path,  run->d_states, run->d_lanes,
                            run->d_scores, run->d_values,     run->d_given, run->d_nodes};
    for (size_t n = 0; n < sizeof device / sizeof *device; n++)
        myr_cuda_release(device[n]);
    free(run->staging);
    free(run->nodes);
    myr_cuda_products_end(run->products);
    myr_empirical_table_destroy(&run->table);
    myr_cuda_close(&run->session);
}

static size_t group_floats(const points_run *run) {
    return (size_t)run->table.dimension * run->device.lanes;
}

static myr_status allocate_floats(myr_context *context, size_t count, float **d_memory) {
    void *memory = NULL;
    myr_status status = myr_cuda_allocate(context, count * sizeof(float), &memory);
    *d_memory = memory;
    return status;
}

static myr_status allocate_device(myr_context *context, points_run *run) {
    const size_t d = (size_t)run->table.dimension, count = (size_t)run->table.count;
    const size_t lanes = run->device.lanes, group = group_floats(run);
    const myr_plan *plan = run->job->plan;
    const bool given = run->job->noise || run->job->start_normals;
    const struct {
        size_t count;
        float **d_memory;
    } arrays[] = {{count * d, &run->d_points},
                  {count, &run->d_half_norms},
                  {3 * d, &run->d_path},
                  {STATE_ARRAYS * group, &run->d_states},
                  {LANE_ARRAYS * lanes, &run->d_lanes},
                  {(size_t)run->tile * lanes, &run->d_scores},
                  {run->batch * d, &run->d_values},
                  {given ? group * (plan->slots > 1 ? 2 : 1) : 0, &run->d_given}};
    myr_status status = MYR_OK;
    for (size_t n = 0; status == MYR_OK && n < sizeof arrays / sizeof *arrays; n++)
        if (arrays[n].count > 0)
            status = allocate_floats(context, arrays[n].count, arrays[n].d_memory);
    void *nodes = NULL;
    if (status == MYR_OK)
        status = myr_cuda_allocate(context, run->batch / MYR_CHUNK * d * sizeof(myr_moment_node), &nodes);
    run->d_nodes = nodes;
    return status;
}

static myr_status allocate_host(myr_context *context, points_run *run) {
    const size_t d = (size_t)run->table.dimension, group = 2 * group_floats(run);
    const size_t floats = run->batch * d > group ? run->batch * d : group;
    const size_t node_bytes = run->batch / MYR_CHUNK * d * sizeof(myr_moment_node);
    run->staging = malloc(floats * sizeof(float));
    run->nodes = malloc(node_bytes);
    return run->staging && run->nodes ? MYR_OK
                                      : myr_fail_memory(context, floats * sizeof(float) + node_bytes);
}

static myr_status upload_points(myr_context *context, points_run *run) {
    const myr_empirical_table *table = &run->table;
    const size_t d = (size_t)table->dimension, count = (size_t)table->count;
    myr_status status =
        myr_cuda_upload(context, &run->session, run->d_points, table->points, count * d * sizeof(float));
    if (status == MYR_OK)
        status = myr_cuda_upload(context, &run->session, run->d_half_norms, table->half_norms,
                                 count * sizeof(float));
    for (size_t c = 0; c < d; c++) {
        run->staging[c] = table->mean[c];
        run->staging[d + c] = table->start_mean[c];
        run->staging[2 * d + c] = myr_cuda_noise_factor(run->job, table->start_scale[c]);
    }
    return status == MYR_OK
               ? myr_cuda_upload(context, &run->session, run->d_path, run->staging, 3 * d * sizeof(float))
               : status;
}

static void fill_device(points_run *run) {
    const size_t group = group_floats(run), lanes = run->device.lanes;
    myr_device_points *p = &run->device;
    p->keys = myr_device_keys_make(run->job->seed);
    p->dimension = run->table.dimension;
    p->fast = run->job->fast;
    p->memory = run->job->plan->memory;
    p->d_points = run->d_points;
    p->d_half_norms = run->d_half_norms;
    p->d_mean = run->d_path;
    p->d_state = run->d_states;
    p->d_d1 = run->d_states + group;
    p->d_d2 = run->d_states + 2 * group;
    p->d_sum = run->d_states + 3 * group;
    p->d_y = run->d_states + 4 * group;
    p->d_second = run->d_states + 5 * group;
    p->d_largest = run->d_lanes;
    p->d_total = run->d_lanes + lanes;
    p->d_rescale = run->d_lanes + 2 * lanes;
}

static uint32_t batch_size(const myr_points_limits *limits, const myr_job *job) {
    const double chunk_bytes = (double)job->plan->dimension * MYR_CHUNK * sizeof(float);
    const uint64_t needed = (job->count - 1) / MYR_CHUNK + 1;
    uint32_t chunks = 1;
    while (2.0 * chunks * chunk_bytes <= limits->state_bytes && chunks < needed && chunks < 1024)
        chunks *= 2;
    return chunks * MYR_CHUNK;
}

static myr_status run_begin(myr_context *context, points_run *run, const myr_points_limits *limits,
                            const myr_job *job) {
    memset(run, 0, sizeof *run);
    run->job = job;
    run->device.lanes = limits->lanes;
    run->batch = batch_size(limits, job);
    myr_status status = myr_cuda_open(context, job->device, &run->session);
    if (status != MYR_OK)
        return status;
    status = myr_empirical_table_create(context, job, &run->table);
    if (status == MYR_OK) {
        run->tile = run->table.count < limits->tile ? run->table.count : limits->tile;
        status = myr_cuda_products_begin(context, &run->session, &run->products);
    }
    if (status == MYR_OK)
        status = allocate_device(context, run);
    if (status == MYR_OK)
        status = allocate_host(context, run);
    if (status == MYR_OK)
        status = upload_points(context, run);
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

/* Numbers of the job's lanes at `offset` of each trajectory's stride to device memory, [numbers][lanes]. */
static myr_status upload_lanes(myr_context *context, const points_run *run, const group *g,
                               const double *from, uint64_t stride, uint64_t offset, size_t numbers,
                               const double *less, float *d_to) {
    const size_t lanes = run->device.lanes;
    memset(run->staging, 0, numbers * lanes * sizeof(float));
    for (size_t l = 0; l < g->count; l++)
        for (size_t c = 0; c < numbers; c++) {
            double value = from[(g->place + l) * stride + offset + c];
            run->staging[c * lanes + g->lane + l] = (float)(less ? value - less[c] : value);
        }
    return myr_cuda_upload(context, &run->session, d_to, run->staging, numbers * lanes * sizeof(float));
}

static myr_status start_group(myr_context *context, const points_run *run, const group *g) {
    const myr_job *job = run->job;
    const myr_empirical_table *table = &run->table;
    const size_t d = (size_t)table->dimension;
    if (job->states)
        return upload_lanes(context, run, g, job->states, d, 0, d, table->enter, run->device.d_state);
    myr_device_normals_of z = {0, NULL};
    if (job->start_normals) {
        myr_status status = upload_lanes(context, run, g, job->start_normals, d, 0, d, NULL, run->d_given);
        if (status != MYR_OK)
            return status;
        z.d_given = run->d_given;
    }
    const uint32_t count = table->start_at_point ? (uint32_t)table->count : 0;
    return launched(context, myr_launch_points_start(&run->device, run->d_path + d, count, table->start_a,
                                                     z, run->session.stream));
}

/* d_sum = the weighted sums of the points at a level, for x~ in d_x; total as well. */
static myr_status denoise(myr_context *context, const points_run *run, myr_empirical_level level,
                          const float *d_x, float *d_sum) {
    const myr_device_points *p = &run->device;
    const int64_t d = p->dimension, lanes = p->lanes;
    const myr_cuda_matrix x = {.d_data = d_x, .stride = lanes};
    const myr_cuda_matrix weights = {.d_data = run->d_scores, .stride = lanes};
    myr_status status = MYR_OK;
    for (int64_t begin = 0; status == MYR_OK && begin < run->table.count; begin += run->tile) {
        const int64_t left = run->table.count - begin, count = left < run->tile ? left : run->tile;
        myr_cuda_matrix points = {.d_data = run->d_points + begin * d, .stride = d};
        status = myr_cuda_product(context, run->products, count, lanes, d, points, x, false, run->d_scores,
                                  lanes);
        if (status == MYR_OK)
            status = launched(context, myr_launch_points_weigh(p, level, (uint32_t)begin, (uint32_t)count,
                                                               run->d_scores, run->session.stream));
        if (status == MYR_OK && begin > 0)
            status = launched(context, myr_launch_points_rescale(p, d_sum, run->session.stream));
        points.transposed = true;
        if (status == MYR_OK)
            status = myr_cuda_product(context, run->products, d, lanes, count, points, weights, begin > 0,
                                      d_sum, lanes);
    }
    return status;
}

/* The normals of row k: pre-noise first. */
static myr_status upload_noise(myr_context *context, const points_run *run, const group *g, int64_t k) {
    const myr_job *job = run->job;
    const uint64_t numbers = (uint64_t)job->plan->slots * (uint64_t)run->table.dimension;
    if (!job->noise || numbers == 0)
        return MYR_OK;
    return upload_lanes(context, run, g, job->noise, (uint64_t)job->plan->steps * numbers,
                        (uint64_t)k * numbers, numbers, NULL, run->d_given);
}

/* Row k, the job's number index. */
static myr_status run_row(myr_context *context, const points_run *run, const group *g, int64_t index) {
    const myr_job *job = run->job;
    const myr_plan *plan = job->plan;
    const myr_device_points *p = &run->device;
    const myr_empirical_row *row = &run->table.row[index];
    const int64_t k = job->row_begin + index;
    const uint64_t number = (uint64_t)k * (uint64_t)plan->slots * (uint64_t)p->dimension;
    const size_t skipped = plan->pre_noise ? (size_t)p->dimension : 0; /* normals before the noise's */
    const bool given = job->noise != NULL;
    const myr_device_normals_of pre = {number, given ? run->d_given : NULL};
    const myr_device_normals_of noise = {number + skipped,
                                         given ? run->d_given + skipped * p->lanes : NULL};
    myr_step step = row->step;
    step.c = myr_cuda_noise_factor(job, step.c);
    myr_status status = upload_noise(context, run, g, k);
    if (status == MYR_OK && plan->pre_noise)
        status = launched(context, myr_launch_points_raise(p, myr_cuda_noise_factor(job, step.n), pre,
                                                           run->session.stream));
    if (status == MYR_OK)
        status = denoise(context, run, row->first, p->d_state, p->d_sum);
    if (status == MYR_OK)
        status =
            launched(context, myr_launch_points_first(p, step, plan->noise, noise, run->session.stream));
    if (status != MYR_OK || step.two_stage == 0.0f)
        return status;
    status = denoise(context, run, row->second, p->d_y, p->d_second);
    return status == MYR_OK ? launched(context, myr_launch_points_second(p, step, run->session.stream))
                            : status;
}

static myr_status report_progress(myr_context *context, const myr_job *job, uint64_t done) {
    if (job->progress && job->progress(job->user, done, job->count))
        return myr_fail(context, MYR_CANCELLED, "cancelled after %llu of %llu trajectories",
                        (unsigned long long)done, (unsigned long long)job->count);
    return MYR_OK;
}

static myr_status run_group(myr_context *context, const points_run *run, const group *g) {
    const size_t bytes = 2 * group_floats(run) * sizeof(float); /* d1~ and d2~ */
    myr_status status = start_group(context, run, g);
    if (status == MYR_OK)
        status = launched(context, cudaMemsetAsync(run->device.d_d1, 0, bytes, run->session.stream));
    for (int64_t index = 0; status == MYR_OK && index < run->table.rows; index++) {
        status = run_row(context, run, g, index);
        if (status == MYR_OK)
            status = launched(context, cudaStreamSynchronize(run->session.stream));
        if (status == MYR_OK) {
            double share = (double)(index + 1) / (double)run->table.rows;
            status = report_progress(context, run->job, g->place + (uint64_t)(share * g->count));
        }
    }
    return status;
}

/* Trajectories done … done + count - 1 of the job, to d_values. */
static myr_status run_batch(myr_context *context, points_run *run, uint64_t done, uint32_t count) {
    const uint64_t lanes = run->device.lanes, first = run->job->first + done;
    myr_status status = MYR_OK;
    for (uint32_t at = 0; status == MYR_OK && at < count;) {
        group g = {.lane = (uint32_t)((first + at) % lanes), .place = done + at};
        g.count = (uint32_t)(lanes - g.lane < count - at ? lanes - g.lane : count - at);
        run->device.first = first + at - g.lane;
        status = run_group(context, run, &g);
        if (status == MYR_OK)
            status = launched(context, myr_launch_points_leave(&run->device, g.lane, g.count, at,
                                                               run->d_values, run->session.stream));
        at += g.count;
    }
    return status;
}

static myr_status push_nodes(myr_context *context, points_run *run, uint32_t count, myr_range *range) {
    const size_t d = (size_t)run->table.dimension, chunks = (count - 1) / MYR_CHUNK + 1;
    myr_status status = launched(context, myr_launch_points_moments(run->d_values, count, (int)d,
                                                                    run->d_nodes, run->session.stream));
    if (status == MYR_OK)
        status = myr_cuda_download(context, &run->session, run->nodes, run->d_nodes,
                                   chunks * d * sizeof *run->nodes);
    for (size_t chunk = 0; status == MYR_OK && chunk < chunks; chunk++)
        myr_range_push(range, 0, &run->nodes[chunk], chunks);
    return status;
}

static myr_status copy_states(myr_context *context, points_run *run, uint64_t done, uint32_t count,
                              double *states) {
    const size_t d = (size_t)run->table.dimension;
    myr_status status = myr_cuda_download(context, &run->session, run->staging, run->d_values,
                                          myr_staged_floats(d, count) * sizeof(float));
    if (status == MYR_OK)
        myr_unstage(run->staging, d, run->table.leave, count, run->job->threads, states + done * d);
    return status;
}

/* All batches: moments on the range, or states to the caller; the other is NULL. */
static myr_status run_batches(myr_context *context, points_run *run, myr_range *range, double *states) {
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

myr_status myr_cuda_points_range(myr_context *context, const myr_points_limits *limits, const myr_job *job,
                                 myr_range *range) {
    points_run run;
    myr_status status = run_begin(context, &run, limits, job);
    if (status != MYR_OK)
        return status;
    myr_range_relative_to(range, run.table.leave);
    status = run_batches(context, &run, range, NULL);
    run_end(&run);
    return status;
}

myr_status myr_cuda_points_states(myr_context *context, const myr_points_limits *limits, const myr_job *job,
                                  double *states) {
    points_run run;
    myr_status status = run_begin(context, &run, limits, job);
    if (status != MYR_OK)
        return status;
    status = run_batches(context, &run, NULL, states);
    run_end(&run);
    return status;
}
