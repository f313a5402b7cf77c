#include "cuda_cells.h"

#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

/* Cells go over in pieces of at most this size. */
enum { PIECE_BYTES = 1 << 22 };

static void fill_four(const myr_job *job, const myr_affine_table *table, int64_t number, int c,
                      myr_device_four *to) {
    const myr_affine_cell nothing = {1.0f, 0.0f};
    for (int64_t r = 0; r < 4; r++) {
        int64_t row = 4 * number + r - job->row_begin;
        if (row < 0 || row >= table->rows) {
            to->cell[r] = nothing;
            continue;
        }
        to->cell[r] = table->simple[row * table->columns + (table->columns == 1 ? 0 : c)];
        to->cell[r].c = myr_cuda_noise_factor(job, to->cell[r].c);
    }
}

static void fill_cell(const myr_job *job, const myr_affine_table *table, int64_t index, void *to) {
    if (table->general) {
        myr_device_general cell = {table->general_cells[index], {0.0f, 0.0f}};
        cell.cell.n = myr_cuda_noise_factor(job, cell.cell.n);
        cell.cell.c = myr_cuda_noise_factor(job, cell.cell.c);
        memcpy((myr_device_general *)to, &cell, sizeof cell);
    } else {
        myr_affine_cell cell = table->simple[index];
        cell.c = myr_cuda_noise_factor(job, cell.c);
        memcpy((myr_affine_cell *)to, &cell, sizeof cell);
    }
}

/* Elements first … first + count - 1 of the device's array: fours, or cells. */
static void fill_piece(const myr_job *job, const myr_affine_table *table, const myr_cuda_cells *cells,
                       int64_t first, int64_t count, size_t element, char *piece) {
    for (int64_t e = 0; e < count; e++) {
        char *to = piece + (size_t)e * element;
        if (cells->small) {
            int64_t at = first + e;
            fill_four(job, table, cells->begin / 4 + at / table->dimension, (int)(at % table->dimension),
                      (myr_device_four *)(void *)to);
        } else {
            fill_cell(job, table, first + e, to);
        }
    }
}

static myr_status upload_cells(myr_context *context, const myr_cuda_session *session, const myr_job *job,
                               const myr_affine_table *table, const myr_cuda_cells *cells) {
    size_t element = sizeof(myr_affine_cell);
    int64_t elements = table->rows * table->columns;
    if (cells->small) {
        element = sizeof(myr_device_four);
        elements = (int64_t)(cells->end - cells->begin) / 4 * table->dimension;
    } else if (table->general) {
        element = sizeof(myr_device_general);
    }
    char *piece = malloc(PIECE_BYTES);
    if (!piece)
        return myr_fail_memory(context, PIECE_BYTES);
    myr_status status = MYR_OK;
    const int64_t most = (int64_t)(PIECE_BYTES / element);
    for (int64_t first = 0; status == MYR_OK && first < elements; first += most) {
        int64_t count = elements - first < most ? elements - first : most;
        fill_piece(job, table, cells, first, count, element, piece);
        status = myr_cuda_upload(context, session, cells->d_cells + (size_t)first * element, piece,
                                 (size_t)count * element);
    }
    free(piece);
    return status;
}

static myr_status upload_start(myr_context *context, const myr_cuda_session *session, const myr_job *job,
                               const myr_affine_table *table, const myr_cuda_cells *cells) {
    float scale[MYR_MAX_DIMENSION];
    for (int c = 0; c < table->dimension; c++)
        scale[c] = myr_cuda_noise_factor(job, table->start_scale[c]);
    return myr_cuda_upload(context, session, cells->d_start_scale, scale,
                           (size_t)table->dimension * sizeof(float));
}

/* Small kernels take simple tables in few dimensions, and make all normals; without noise there is no
 * Philox block to share, and only dimension 1 has one. */
static bool is_small(const myr_job *job, const myr_affine_table *table) {
    return !table->general && !job->start_normals && !job->noise &&
           table->dimension <= MYR_SMALL_DIMENSION && (table->noise || table->dimension == 1);
}

myr_status myr_cuda_cells_create(myr_context *context, const myr_cuda_session *session, const myr_job *job,
                                 const myr_affine_table *table, myr_cuda_cells *cells) {
    memset(cells, 0, sizeof *cells);
    cells->small = is_small(job, table);
    cells->begin = (uint32_t)job->row_begin;
    cells->end = (uint32_t)job->row_end;
    cells->columns = table->columns;
    cells->row_bytes =
        (size_t)table->columns * (table->general ? sizeof(myr_device_general) : sizeof(myr_affine_cell));
    if (cells->small) {
        cells->begin = cells->begin / 4 * 4;
        cells->end = (cells->end + 3) / 4 * 4;
        cells->row_bytes = (size_t)table->dimension * sizeof(myr_device_four) / 4;
    }
    void *d_cells = NULL, *d_start_scale = NULL;
    size_t bytes = (size_t)(cells->end - cells->begin) * cells->row_bytes;
    myr_status status = myr_cuda_allocate(context, session, bytes, &d_cells);
    if (status == MYR_OK)
        status =
            myr_cuda_allocate(context, session, (size_t)table->dimension * sizeof(float), &d_start_scale);
    cells->d_cells = d_cells;
    cells->d_start_scale = d_start_scale;
    if (status == MYR_OK)
        status = upload_cells(context, session, job, table, cells);
    if (status == MYR_OK)
        status = upload_start(context, session, job, table, cells);
    if (status != MYR_OK)
        myr_cuda_cells_destroy(session, cells);
    return status;
}

void myr_cuda_cells_destroy(const myr_cuda_session *session, myr_cuda_cells *cells) {
    myr_cuda_release(session, cells->d_cells);
    myr_cuda_release(session, cells->d_start_scale);
    memset(cells, 0, sizeof *cells);
}
