/* Rows of logits: log-probabilities of the labels, and gradients in place, every logit read once for
 * each. A thread block is a row, in the order and the arithmetic of token_row.h.
 *
 * A thread owns 8 of the MYR_ROW_LANES lanes: where rows are aligned, those that it gets with loads of 16
 * bytes; else every 128th. It keeps the largest power so far, and when that grows scales what it has, which
 * changes no bit of the mantissas; its sums in double are in shared memory, for it needs them rarely. */
#include "token_launch.h"

#include "device.cuh"
#include "load.h"
#include "store.h"
#include "token_row.h"

#define THREADS 128
#define OWNED (MYR_ROW_LANES / THREADS)
#define NO_POWER (-(1 << 28))

/* How a row is read. Literal in every kernel. */
enum { ONE_BY_ONE, VECTOR };

/* The lane of a thread's number k = 0 … 7. */
MYR_GPU int lane_of(const int type, const int how, int k) {
    const int t = (int)threadIdx.x;
    if (how == ONE_BY_ONE)
        return t + k * THREADS;
    if (type == MYR_F32)
        return 4 * t + (k & 3) + (k >> 2) * (MYR_ROW_LANES / 2);
    return OWNED * t + k;
}

/* The thread's elements at `at` + lane, all of which are in the row. */
MYR_GPU void load_owned(const void *logits, const int type, const int how, size_t first, uint64_t at,
                        float x[OWNED]) {
    if (how == VECTOR && type == MYR_F32) {
        const float4 *from = (const float4 *)((const float *)logits + first + at);
        const float4 low = from[threadIdx.x], high = from[threadIdx.x + MYR_ROW_LANES / 8];
        x[0] = low.x, x[1] = low.y, x[2] = low.z, x[3] = low.w;
        x[4] = high.x, x[5] = high.y, x[6] = high.z, x[7] = high.w;
    } else if (how == VECTOR) {
        const uint4 four = ((const uint4 *)((const uint16_t *)logits + first + at))[threadIdx.x];
        uint16_t bits[OWNED];
        memcpy(bits, &four, sizeof bits);
#pragma unroll
        for (int k = 0; k < OWNED; k++)
            x[k] = myr_load_float(bits, type, (size_t)k);
    } else {
#pragma unroll
        for (int k = 0; k < OWNED; k++)
            x[k] = myr_load_float(logits, type, first + (size_t)at + (size_t)lane_of(type, how, k));
    }
}

MYR_GPU void store_owned(void *logits, const int type, const int how, size_t first, uint64_t at,
                         const float x[OWNED]) {
    if (how == VECTOR && type == MYR_F32) {
        float4 *to = (float4 *)((float *)logits + first + at);
        to[threadIdx.x] = make_float4(x[0], x[1], x[2], x[3]);
        to[threadIdx.x + MYR_ROW_LANES / 8] = make_float4(x[4], x[5], x[6], x[7]);
    } else if (how == VECTOR) {
        uint16_t bits[OWNED];
        uint4 four;
#pragma unroll
        for (int k = 0; k < OWNED; k++)
            myr_store_float(bits, type, (size_t)k, x[k]);
        memcpy(&four, bits, sizeof four);
        ((uint4 *)((uint16_t *)logits + first + at))[threadIdx.x] = four;
    } else {
#pragma unroll
        for (int k = 0; k < OWNED; k++)
            myr_store_float(logits, type, first + (size_t)at + (size_t)lane_of(type, how, k), x[k]);
    }
}

/* The block's. */
typedef struct row_shared {
    double lanes[MYR_ROW_LANES]; /* sums, each its owner's alone at first */
    int32_t power[THREADS];
    int bad[THREADS];
} row_shared;

/* A thread's part of the sum, relative to 2^power; what is older than MYR_ROW_STRIDES is in the lanes. */
typedef struct owned_sums {
    float partial[OWNED];
    int32_t power;
    int bad;
} owned_sums;

MYR_GPU void raise_power(row_shared *shared, const int type, const int how, owned_sums *s, int32_t power) {
    const float part = myr_power_float(s->power - power, MYR_POWER_SPAN);
    const double whole = myr_power_double(s->power - power);
#pragma unroll
    for (int k = 0; k < OWNED; k++) {
        s->partial[k] *= part;
        shared->lanes[lane_of(type, how, k)] *= whole;
    }
    s->power = power;
}

/* `all`: every element is in the row, else those of `there`. */
MYR_GPU void add_owned(row_shared *shared, const int type, const int how, const float x[OWNED],
                       const int all, unsigned there, float lowest, owned_sums *s) {
    float mantissa[OWNED];
    int32_t power[OWNED], largest = NO_POWER;
#pragma unroll
    for (int k = 0; k < OWNED; k++) {
        s->bad |= myr_logit_bad(x[k], lowest);
        mantissa[k] = myr_exp_split(x[k], &power[k]);
        if (all || there & 1u << k)
            largest = power[k] > largest ? power[k] : largest;
    }
    if (largest > s->power)
        raise_power(shared, type, how, s, largest);
#pragma unroll
    for (int k = 0; k < OWNED; k++)
        if (all || there & 1u << k)
            s->partial[k] += myr_mantissa_times(mantissa[k], power[k] - s->power, MYR_POWER_SPAN);
}

/* The row's end, which is less than a stride. */
MYR_GPU void add_rest(const void *logits, const int type, const int how, size_t first, uint64_t at,
                      uint64_t vocabulary, float lowest, row_shared *shared, owned_sums *s) {
    float x[OWNED];
    unsigned there = 0;
#pragma unroll
    for (int k = 0; k < OWNED; k++) {
        const uint64_t j = at + (uint64_t)lane_of(type, how, k);
        x[k] = MYR_LOGIT_FLOOR;
        if (j < vocabulary) {
            x[k] = myr_load_float(logits, type, first + (size_t)j);
            there |= 1u << k;
        }
    }
    add_owned(shared, type, how, x, 0, there, lowest, s);
}

MYR_GPU void flush(row_shared *shared, const int type, const int how, owned_sums *s) {
#pragma unroll
    for (int k = 0; k < OWNED; k++) {
        shared->lanes[lane_of(type, how, k)] += (double)s->partial[k];
        s->partial[k] = 0.0f;
    }
}

MYR_GPU owned_sums sum_owned(const void *logits, const int type, const int how, size_t first,
                             uint64_t vocabulary, float lowest, row_shared *shared) {
    owned_sums s;
#pragma unroll
    for (int k = 0; k < OWNED; k++) {
        s.partial[k] = 0.0f;
        shared->lanes[lane_of(type, how, k)] = 0.0;
    }
    s.power = NO_POWER;
    s.bad = 0;
    int stride = 0;
    uint64_t at = 0;
    for (; at + MYR_ROW_LANES <= vocabulary; at += MYR_ROW_LANES) {
        float x[OWNED];
        load_owned(logits, type, how, first, at, x);
        add_owned(shared, type, how, x, 1, 0, lowest, &s);
        if (++stride == MYR_ROW_STRIDES) {
            flush(shared, type, how, &s);
            stride = 0;
        }
    }
    if (at < vocabulary)
        add_rest(logits, type, how, first, at, vocabulary, lowest, shared, &s);
    flush(shared, type, how, &s);
    return s;
}

/* The largest power and whether any logit is bad, in every thread. */
MYR_GPU void share_power(row_shared *shared, const int type, const int how, owned_sums *s) {
    const int t = (int)threadIdx.x;
    shared->power[t] = s->power;
    shared->bad[t] = s->bad;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (t < half) {
            const int32_t other = shared->power[t + half];
            shared->power[t] = other > shared->power[t] ? other : shared->power[t];
            shared->bad[t] |= shared->bad[t + half];
        }
        __syncthreads();
    }
    raise_power(shared, type, how, s, shared->power[0]);
    s->bad = shared->bad[0];
    __syncthreads();
}

MYR_GPU double halve_lanes(row_shared *shared) {
    for (int half = MYR_ROW_LANES / 2; half > 0; half /= 2) {
        for (int lane = (int)threadIdx.x; lane < half; lane += THREADS)
            shared->lanes[lane] += shared->lanes[lane + half];
        __syncthreads();
    }
    return shared->lanes[0];
}

MYR_GPU int64_t read_label(const myr_device_rows *rows, size_t row) {
    const int64_t label = rows->labels_type == MYR_I32 ? ((const int32_t *)rows->d_labels)[row]
                                                       : ((const int64_t *)rows->d_labels)[row];
    return label < (int64_t)rows->vocabulary ? label : -1;
}

MYR_GPU size_t index_of(const myr_device_rows *rows) {
    return (size_t)(rows->d_index ? rows->d_index[blockIdx.x] : blockIdx.x);
}

MYR_GPU void run_row(const myr_device_rows *rows, const int type, const int how, row_shared *shared) {
    const size_t index = index_of(rows), first = (size_t)blockIdx.x * (size_t)rows->vocabulary;
    myr_row_result *result = &rows->d_results[blockIdx.x];
    if (rows->d_mask && !rows->d_mask[index]) {
        if (threadIdx.x == 0)
            *result = myr_row_other(MYR_ROW_MASKED);
        return;
    }
    const int64_t label = read_label(rows, index);
    if (label < 0) {
        if (threadIdx.x == 0)
            *result = myr_row_other(MYR_ROW_BAD_LABEL);
        return;
    }
    owned_sums s = sum_owned(rows->d_logits, type, how, first, rows->vocabulary, rows->lowest, shared);
    share_power(shared, type, how, &s);
    const double sum = halve_lanes(shared);
    if (threadIdx.x != 0)
        return;
    *result =
        s.bad ? myr_row_other(MYR_ROW_BAD_LOGIT)
              : myr_row_finish(myr_load_float(rows->d_logits, type, first + (size_t)label), sum, s.power);
}

/* The thread's slopes at `at` + lane, in place. */
MYR_GPU void slope_rest(void *logits, const int type, const int how, size_t first, uint64_t at,
                        uint64_t vocabulary, const myr_row_scale *scale, int counts) {
#pragma unroll
    for (int k = 0; k < OWNED; k++) {
        const uint64_t j = at + (uint64_t)lane_of(type, how, k);
        if (j >= vocabulary)
            continue;
        const float slope =
            counts ? myr_row_slope(myr_load_float(logits, type, first + (size_t)j), scale) : 0.0f;
        myr_store_float(logits, type, first + (size_t)j, slope);
    }
}

MYR_GPU void slope_row(void *logits, const int type, const int how, size_t first, uint64_t vocabulary,
                       const myr_row_scale *scale, int counts) {
    uint64_t at = 0;
    for (; at + MYR_ROW_LANES <= vocabulary; at += MYR_ROW_LANES) {
        float x[OWNED] = {0.0f};
        if (counts) {
            load_owned(logits, type, how, first, at, x);
#pragma unroll
            for (int k = 0; k < OWNED; k++)
                x[k] = myr_row_slope(x[k], scale);
        }
        store_owned(logits, type, how, first, at, x);
    }
    if (at < vocabulary)
        slope_rest(logits, type, how, first, at, vocabulary, scale, counts);
}

/* The label's slope is written last. */
MYR_GPU void run_gradient(const myr_device_rows *rows, const int type, const int how) {
    const size_t first = (size_t)blockIdx.x * (size_t)rows->vocabulary;
    const myr_row_result result = rows->d_results[blockIdx.x];
    const float upstream = result.state == MYR_ROW_COUNTS ? rows->d_upstream[blockIdx.x] : 0.0f;
    const myr_row_scale scale = myr_row_scale_make(&result, upstream);
    int64_t label = -1;
    float of_label = 0.0f;
    if (upstream != 0.0f && threadIdx.x == 0) {
        label = read_label(rows, index_of(rows));
        of_label = myr_row_slope_of_label(myr_load_float(rows->d_logits, type, first + (size_t)label),
                                          &result, upstream);
    }
    __syncthreads(); /* the label's logit is read before one writes over it */
    slope_row(rows->d_logits, type, how, first, rows->vocabulary, &scale, upstream != 0.0f);
    __syncthreads();
    if (label >= 0)
        myr_store_float(rows->d_logits, type, first + (size_t)label, of_label);
}

/* X(name, type, how) */
#define MYR_ROW_LIST(X)              \
    X(f64, MYR_F64, ONE_BY_ONE)      \
    X(f32, MYR_F32, ONE_BY_ONE)      \
    X(f32_vector, MYR_F32, VECTOR)   \
    X(bf16, MYR_BF16, ONE_BY_ONE)    \
    X(bf16_vector, MYR_BF16, VECTOR) \
    X(f16, MYR_F16, ONE_BY_ONE)      \
    X(f16_vector, MYR_F16, VECTOR)

#define MYR_ROW_KERNELS(name, type, how)                                                                 \
    static __global__ void __launch_bounds__(THREADS, 8) token_rows_##name(const myr_device_rows rows) { \
        __shared__ row_shared shared;                                                                    \
        run_row(&rows, type, how, &shared);                                                              \
    }                                                                                                    \
    static __global__ void __launch_bounds__(THREADS, 8)                                                 \
        token_gradient_##name(const myr_device_rows rows) {                                              \
        run_gradient(&rows, type, how);                                                                  \
    }
MYR_ROW_LIST(MYR_ROW_KERNELS)

/* Whether every row begins at a multiple of 16 bytes. */
static int how_to_read(const myr_device_rows *rows) {
    const uint64_t size = rows->type == MYR_F64 ? 8 : rows->type == MYR_F32 ? 4 : 2;
    const int aligned = (uintptr_t)rows->d_logits % 16 == 0 && rows->vocabulary * size % 16 == 0;
    return aligned && rows->type != MYR_F64 ? VECTOR : ONE_BY_ONE;
}

#define MYR_ROW_CASE(name, type_, how_)     \
    if (rows->type == type_ && how == how_) \
        return MYR_LAUNCH(token_rows_##name, rows->rows, THREADS, 0, stream, *rows);
#define MYR_GRADIENT_CASE(name, type_, how_) \
    if (rows->type == type_ && how == how_)  \
        return MYR_LAUNCH(token_gradient_##name, rows->rows, THREADS, 0, stream, *rows);

extern "C" cudaError_t myr_launch_rows(const myr_device_rows *rows, cudaStream_t stream) {
    const int how = how_to_read(rows);
    MYR_ROW_LIST(MYR_ROW_CASE)
    return cudaErrorInvalidValue;
}

extern "C" cudaError_t myr_launch_row_gradient(const myr_device_rows *rows, cudaStream_t stream) {
    const int how = how_to_read(rows);
    MYR_ROW_LIST(MYR_GRADIENT_CASE)
    return cudaErrorInvalidValue;
}
