#include "cuda_columns.h"

/* Of a window, unless a unit takes more: copying it takes long enough that nothing else is felt. */
static const size_t window_bytes = (size_t)1 << 30;

void myr_cuda_columns_add(myr_cuda_columns *columns, const void *data, size_t row_bytes) {
    columns->column[columns->count++] = (myr_cuda_column){.data = (char *)data, .row_bytes = row_bytes};
}

void myr_cuda_columns_add_out(myr_cuda_columns *columns, void *data, size_t row_bytes) {
    columns->column[columns->count++] =
        (myr_cuda_column){.data = data, .row_bytes = row_bytes, .out = true};
}

/* Columns that are on the device already. */
static size_t find_there(const myr_compute *compute, const myr_cuda_session *session, uint64_t rows,
                         myr_cuda_columns *columns) {
    size_t row_bytes = 0;
    for (int n = 0; n < columns->count; n++) {
        myr_cuda_column *c = &columns->column[n];
        c->d_data = (char *)myr_cuda_there(compute, session, c->data, (size_t)rows * c->row_bytes);
        c->whole = c->d_data != NULL;
        row_bytes += c->data && !c->whole ? c->row_bytes : 0;
    }
    return row_bytes;
}

static uint64_t window_of(uint64_t rows, uint64_t unit, size_t row_bytes, size_t available) {
    const size_t most = available / 2 < window_bytes ? available / 2 : window_bytes;
    const uint64_t units = most / row_bytes / unit;
    const uint64_t window = (units > 0 ? units : 1) * unit;
    return window < rows ? window : rows;
}

myr_status myr_cuda_columns_place(myr_context *context, const myr_compute *compute,
                                  const myr_cuda_session *session, uint64_t rows, uint64_t unit,
                                  myr_cuda_columns *columns) {
    const size_t row_bytes = find_there(compute, session, rows, columns);
    size_t available = 0;
    columns->rows = columns->first = columns->window = rows;
    if (row_bytes == 0)
        return MYR_OK;
    myr_status status = myr_cuda_available_bytes(context, session, &available);
    if (status != MYR_OK)
        return status;
    if (rows > available / row_bytes)
        columns->window = window_of(rows, unit, row_bytes, available);
    for (int n = 0; status == MYR_OK && n < columns->count; n++) {
        myr_cuda_column *c = &columns->column[n];
        if (!c->data || c->whole)
            continue;
        status = myr_cuda_allocate(context, session, (size_t)columns->window * c->row_bytes, &c->owned);
        c->d_data = c->owned;
    }
    return status;
}

void myr_cuda_columns_drop(const myr_cuda_session *session, myr_cuda_columns *columns) {
    for (int n = 0; n < columns->count; n++)
        myr_cuda_release(session, columns->column[n].owned);
}

myr_status myr_cuda_columns_move(myr_context *context, const myr_cuda_session *session,
                                 myr_cuda_columns *columns, uint64_t row, uint64_t *end) {
    const uint64_t first = row / columns->window * columns->window, left = columns->rows - first;
    const uint64_t count = left < columns->window ? left : columns->window;
    myr_status status = MYR_OK;
    *end = first + count;
    for (int n = 0; status == MYR_OK && first != columns->first && n < columns->count; n++) {
        const myr_cuda_column *c = &columns->column[n];
        if (c->owned && !c->out)
            status = myr_cuda_upload(context, session, c->owned, c->data + (size_t)first * c->row_bytes,
                                     (size_t)count * c->row_bytes);
    }
    columns->first = first;
    return status;
}

myr_status myr_cuda_columns_leave(myr_context *context, const myr_cuda_session *session,
                                  const myr_cuda_columns *columns) {
    const uint64_t left = columns->rows - columns->first,
                   count = left < columns->window ? left : columns->window;
    myr_status status = MYR_OK;
    for (int n = 0; status == MYR_OK && n < columns->count; n++) {
        const myr_cuda_column *c = &columns->column[n];
        if (c->owned && c->out)
            status = myr_cuda_download(context, session, c->data + (size_t)columns->first * c->row_bytes,
                                       c->owned, (size_t)count * c->row_bytes);
    }
    return status;
}
