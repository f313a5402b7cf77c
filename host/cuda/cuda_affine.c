/* Gaussians, their denoiser folded into the rows: the kernels of simple cells in a few dimensions, of any cells in
 * any. */
#include "cuda_fused.h"
#include "targets/gaussian.h"

static double work(const myr_target *target) {
    return target->dimension;
}

static myr_status begin(myr_context *context, myr_fused_run *run, double window_bytes) {
    myr_affine_table *table = &run->affine.table;
    myr_cuda_cells *cells = &run->affine.cells;
    (void)window_bytes;
    myr_status status = myr_affine_table_create(context, run->job, table);
    if (status == MYR_OK)
        status = myr_cuda_cells_create(context, &run->session, run->job, table, cells);
    if (status == MYR_OK && table->axes)
        status = myr_cuda_place_floats(context, &run->session, table->axes,
                                       (size_t)run->dimension * (size_t)run->dimension, &run->d_axes);
    run->begin = cells->begin;
    run->end = cells->end;
    run->window = run->end - run->begin;
    run->memory = table->general;
    run->in_block = cells->small && run->dimension == 1 && !table->axes;
    run->enter = table->enter;
    run->leave = table->leave;
    run->axes = table->axes ? myr_target_affine(run->job->target)->axes : NULL;
    return status;
}

static void end(myr_fused_run *run) {
    myr_cuda_cells_destroy(&run->session, &run->affine.cells);
    myr_cuda_release(&run->session, run->d_axes);
    myr_affine_table_destroy(&run->affine.table);
}

static myr_status move(myr_context *context, myr_fused_run *run, uint32_t row, uint32_t *last) {
    (void)context;
    (void)row;
    *last = run->end;
    return MYR_OK;
}

static cudaError_t launch(const myr_fused_run *run, uint64_t done, uint32_t count, uint32_t row,
                          uint32_t rows) {
    const myr_affine_table *table = &run->affine.table;
    const bool begins = row == run->begin, ends = row + rows >= run->end;
    myr_device_slice slice = {
        .keys = myr_device_keys_make(run->job->seed),
        .first = run->job->first + done,
        .count = count,
        .spread = run->batch.spread,
        .row = row,
        .rows = rows,
        .dimension = table->dimension,
        .columns = run->affine.cells.columns,
        .slots = table->slots,
        .pre_noise = table->pre_noise,
        .noise = table->noise,
        .general = table->general,
        .fast = run->job->fast,
        .draw_start = begins && !run->job->states,
        .d_cells = run->affine.cells.d_cells +
                   (size_t)(row - run->affine.cells.begin) * run->affine.cells.row_bytes,
        .d_start_scale = run->affine.cells.d_start_scale,
        .d_start_normals = run->batch.d_start_normals,
        .d_noise = run->batch.d_noise,
        .d_state = run->batch.d_state,
        .d_memory = run->batch.d_memory,
        .memory_stride = run->batch.states,
        .fresh_memory = begins,
        .d_nodes = myr_fused_nodes(run, ends),
    };
    cudaError_t error = run->affine.cells.small ? myr_launch_small(&slice, run->session.stream)
                                                : myr_launch_any(&slice, run->session.stream);
    if (error != cudaSuccess || !ends || !run->d_axes)
        return error;
    const myr_device_turned turned = {.count = count,
                                      .dimension = run->dimension,
                                      .d_axes = run->d_axes,
                                      .d_state = run->batch.d_state,
                                      .d_turned = run->batch.d_turned,
                                      .d_nodes = run->batch.d_nodes};
    return myr_launch_turn(&turned, run->session.stream);
}

const myr_cuda_fused myr_cuda_affine = {work, begin, end, move, launch};
