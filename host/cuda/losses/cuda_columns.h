/* Columns of the caller's on the device, rows of which go together: whole where they are there already or have room, else a window
 * of rows at a time, so that batches may be larger than the device's memory. */
#ifndef MYRIAD_CUDA_COLUMNS_H
#define MYRIAD_CUDA_COLUMNS_H

#include "cuda_reductions.h"

typedef struct myr_cuda_column {
    char *data; /* the caller's; NULL: there is none */
    size_t row_bytes;
    bool out;     /* written on the device */
    char *d_data; /* whole, or of the window's rows */
    void *owned;  /* a copy; else the caller's own, or held */
    bool whole;
} myr_cuda_column;

enum { MYR_CUDA_COLUMNS = 9 };

typedef struct myr_cuda_columns {
    myr_cuda_column column[MYR_CUDA_COLUMNS];
    int count;
    uint64_t rows;
    uint64_t window; /* rows at a time: all, or a multiple of the unit */
    uint64_t first;  /* the row that the window begins with; `rows`: nothing has been copied yet */
} myr_cuda_columns;

void myr_cuda_columns_add(myr_cuda_columns *columns, const void *data, size_t row_bytes);
void myr_cuda_columns_add_out(myr_cuda_columns *columns, void *data, size_t row_bytes);

/* Reserves what they take of the device's memory, after all else that the call does; drop also after a failure. */
myr_status myr_cuda_columns_place(myr_context *context, const myr_compute *compute,
                                  const myr_cuda_session *session, uint64_t rows, uint64_t unit,
                                  myr_cuda_columns *columns);
void myr_cuda_columns_drop(const myr_cuda_session *session, myr_cuda_columns *columns);

/* Sees to it that the row is on the device; *end becomes the number after the last one that is. */
myr_status myr_cuda_columns_move(myr_context *context, const myr_cuda_session *session,
                                 myr_cuda_columns *columns, uint64_t row, uint64_t *end);

/* Copies the window's rows of what has been written to the caller's memory, if it is not there. */
myr_status myr_cuda_columns_leave(myr_context *context, const myr_cuda_session *session,
                                  const myr_cuda_columns *columns);

/* Where a row of the window lies; NULL of a column that is not there. */
static inline void *myr_cuda_column_at(const myr_cuda_columns *columns, int column, uint64_t row) {
    const myr_cuda_column *c = &columns->column[column];
    return c->data ? c->d_data + (size_t)(row - (c->whole ? 0 : columns->first)) * c->row_bytes : NULL;
}

#endif
