/* Data points: two products of matrices by cuBLAS a tile of them, and between them the weights. Memory on the device: the
 * points and a float a point; 2 + tile floats a lane. */
#include <stdlib.h>
#include <string.h>

#include "cuda_batched.h"
#include "cuda_product.h"
#include "empirical_launch.h"
#include "ground/failure.h"
#include "tables/empirical_table.h"

/* Tables of rows that are kept at a time. */
static const double window_bytes = 0x1p26;

typedef struct data_points {
    myr_empirical_table table;
    myr_cuda_products *products;
    int64_t tile;
    float *d_points, *d_half_norms, *d_lanes, *d_scores;
    myr_device_empirical device;
} data_points;

static myr_status place_points(myr_context *context, const myr_batched_run *run, data_points *own) {
    const size_t d = (size_t)own->table.rows.dimension, count = (size_t)own->table.count;
    const size_t lanes = run->device.lanes;
    myr_status status =
        myr_cuda_place_floats(context, &run->session, own->table.points, count * d, &own->d_points);
    if (status == MYR_OK)
        status =
            myr_cuda_place_floats(context, &run->session, own->table.half_norms, count, &own->d_half_norms);
    if (status == MYR_OK)
        status = myr_cuda_place_floats(context, &run->session, NULL, 2 * lanes, &own->d_lanes);
    if (status == MYR_OK)
        status =
            myr_cuda_place_floats(context, &run->session, NULL, (size_t)own->tile * lanes, &own->d_scores);
    own->device =
        (myr_device_empirical){own->d_points, own->d_half_norms, own->d_lanes, own->d_lanes + lanes};
    return status;
}

static myr_status begin(myr_context *context, myr_batched_run *run) {
    data_points *own = run->content = calloc(1, sizeof *own);
    if (!own)
        return myr_fail_memory(context, sizeof *own);
    run->rows = &own->table.rows;
    myr_status status = myr_empirical_table_create(context, run->job, window_bytes, &own->table);
    if (status != MYR_OK)
        return status;
    own->tile = own->table.count < run->limits->tile ? own->table.count : run->limits->tile;
    status = myr_cuda_products_begin(context, &run->session, &own->products);
    return status == MYR_OK ? place_points(context, run, own) : status;
}

static void end(myr_batched_run *run) {
    data_points *own = run->content;
    if (!own)
        return;
    myr_cuda_release(&run->session, own->d_points);
    myr_cuda_release(&run->session, own->d_half_norms);
    myr_cuda_release(&run->session, own->d_lanes);
    myr_cuda_release(&run->session, own->d_scores);
    myr_empirical_table_destroy(&own->table);
    free(own);
}

static cudaError_t start(const myr_batched_run *run, myr_device_normals_of z) {
    const data_points *own = run->content;
    if (!own->table.start_at_point)
        return myr_launch_batch_start(&run->device, z, run->session.stream);
    return myr_launch_empirical_start(&run->device, &own->device, (uint32_t)own->table.count,
                                      own->table.start_a, z, run->session.stream);
}

static myr_status launched(myr_context *context, cudaError_t error) {
    return myr_cuda_check(context, error, "running trajectories");
}

/* Weighted sums of the points, and the weights' total. */
static myr_status denoise(myr_context *context, const myr_batched_run *run, const float *level_floats,
                          const float *d_x, float *d_sum) {
    myr_empirical_level level;
    memcpy(&level, level_floats, sizeof level);
    const data_points *own = run->content;
    const myr_device_batch *b = &run->device;
    const int64_t d = b->dimension, lanes = b->lanes;
    const myr_cuda_matrix x = {.d_data = d_x, .stride = lanes};
    const myr_cuda_matrix weights = {.d_data = own->d_scores, .stride = lanes};
    myr_status status = MYR_OK;
    for (int64_t begin = 0; status == MYR_OK && begin < own->table.count; begin += own->tile) {
        const int64_t left = own->table.count - begin, count = left < own->tile ? left : own->tile;
        myr_cuda_matrix points = {.d_data = own->d_points + begin * d, .stride = d};
        status = myr_cuda_product(context, own->products, count, lanes, d, points, x, false, own->d_scores,
                                  lanes);
        if (status == MYR_OK)
            status = launched(
                context, myr_launch_empirical_weigh(b, &own->device, level, (uint32_t)begin,
                                                    (uint32_t)count, own->d_scores, run->session.stream));
        if (status == MYR_OK && begin > 0)
            status = launched(context,
                              myr_launch_empirical_rescale(b, &own->device, d_sum, run->session.stream));
        points.transposed = true;
        if (status == MYR_OK)
            status = myr_cuda_product(context, own->products, d, lanes, count, points, weights, begin > 0,
                                      d_sum, lanes);
    }
    return status;
}

const myr_cuda_batched myr_cuda_empirical = {begin, end, start, denoise};
