/* One loss of a log-linear policy: Delta is read from memory once.
 *
 * A thread block takes a chunk, tile by tile: the tile's rows come to shared memory as they lie, by way of
 * registers that the next tile is fetched to meanwhile; then
 * margins (a row a warp, or several if they are short), losses and slopes (a row a thread), and the
 * gradient's sums (a class and a column a thread, or several columns), all in the order of linear_shape.h.
 * Blocks hide each other's waits. */
#include "device.cuh"
#include "linear_launch.h"

/* Columns of a thread at most, of a narrow chunk as of a wide one. */
enum { NARROW_THREADS = 256, WIDE_THREADS = 1024, COLUMNS = 8 };

typedef struct tile {
    const float *rows; /* in shared memory, [count][parameters] */
    int first, count;  /* in the chunk */
} tile;

/* A thread's share of a tile, on its way to shared memory: the next tile is fetched while this one is
 * worked on. Four neighbours at a time where the tile begins at a multiple of 16 bytes, else one. */
MYR_GPU void fetch_tile(const float *from, int elements, const int most, float *ahead) {
    const int t = (int)threadIdx.x, threads = (int)blockDim.x;
    if ((uintptr_t)from % sizeof(float4) == 0 && elements % 4 == 0) {
#pragma unroll
        for (int k = 0; k < most; k += 4) {
            const int i = 4 * t + k * threads;
            if (i < elements) {
                const float4 four = __ldg((const float4 *)(from + i));
                ahead[k] = four.x;
                ahead[k + 1] = four.y;
                ahead[k + 2] = four.z;
                ahead[k + 3] = four.w;
            }
        }
        return;
    }
#pragma unroll
    for (int k = 0; k < most; k++)
        if (t + k * threads < elements)
            ahead[k] = __ldg(from + t + k * threads);
}

MYR_GPU void store_tile(const float *from, int elements, const int most, const float *ahead, float *to) {
    const int t = (int)threadIdx.x, threads = (int)blockDim.x;
    if ((uintptr_t)from % sizeof(float4) == 0 && elements % 4 == 0) {
#pragma unroll
        for (int k = 0; k < most; k += 4) {
            const int i = 4 * t + k * threads;
            if (i < elements)
                *(float4 *)(to + i) = make_float4(ahead[k], ahead[k + 1], ahead[k + 2], ahead[k + 3]);
        }
        return;
    }
#pragma unroll
    for (int k = 0; k < most; k++)
        if (t + k * threads < elements)
            to[t + k * threads] = ahead[k];
}

/* Partial sums of `rows` rows, a lane's of each in sum[]: halved with the lane `half` away, which takes over half of the rows
 * as long as there are several. Sums of two floats do not depend on their order. The row that a lane ends with. */
MYR_GPU int halve_rows(float *sum, int lane, const int rows, const int width) {
    int row = 0, held = rows;
#pragma unroll
    for (int half = width / 2; half > 0; half /= 2) {
        const int upper = (lane & half) != 0;
        if (held == 1) {
            sum[0] += __shfl_xor_sync(0xffffffffu, sum[0], half);
            continue;
        }
        held /= 2;
        row += upper ? held : 0;
#pragma unroll
        for (int i = 0; i < held; i++) {
            const float given = upper ? sum[i] : sum[i + held], kept = upper ? sum[i + held] : sum[i];
            sum[i] = kept + __shfl_xor_sync(0xffffffffu, given, half);
        }
    }
    return row;
}

/* Margins of rows begin … begin + rows - 1, a warp's; what is past the tile is the last row once more. */
MYR_GPU void make_long_margins(const myr_device_linear *linear, const tile *t, const int rows, int begin,
                               float *margin) {
    const int lane = (int)threadIdx.x % MYR_LINEAR_LANES, parameters = linear->parameters;
    const float *from[8];
    float sum[8];
#pragma unroll
    for (int r = 0; r < rows; r++) {
        from[r] = t->rows + (begin + r < t->count ? begin + r : t->count - 1) * parameters;
        sum[r] = 0.0f;
    }
#pragma unroll 2
    for (int p = lane; p < parameters; p += MYR_LINEAR_LANES) {
        const float theta = __ldg(linear->d_theta + p);
#pragma unroll
        for (int r = 0; r < rows; r++)
            sum[r] += from[r][p] * theta;
    }
    const int row = begin + halve_rows(sum, lane, rows, MYR_LINEAR_LANES);
    if (lane % (MYR_LINEAR_LANES / rows) == 0 && row < t->count)
        margin[row] = sum[0];
}

/* Rows of less than a warp: as many lanes a row as a power of two that holds it. */
MYR_GPU void make_short_margins(const myr_device_linear *linear, const tile *t, float *margin) {
    const int parameters = linear->parameters;
    int width = 1;
    while (width < parameters)
        width *= 2;
    const int lane = (int)threadIdx.x % width, rows = (int)blockDim.x / width;
    for (int begin = 0; begin < t->count; begin += rows) {
        const int row = begin + (int)threadIdx.x / width;
        float sum = 0.0f;
        if (row < t->count && lane < parameters)
            sum += t->rows[row * parameters + lane] * __ldg(linear->d_theta + lane);
        for (int half = width / 2; half > 0; half /= 2)
            sum += __shfl_down_sync(0xffffffffu, sum, (unsigned)half, width);
        if (lane == 0 && row < t->count)
            margin[row] = sum;
    }
}

/* Margins of the tile's rows. In a narrow block, of eight warps, a warp takes as many together as are its share of a tile; a wide
 * one's tiles have fewer rows than warps. */
MYR_GPU void make_margins(const myr_device_linear *linear, const tile *t, const int wide, float *margin) {
    const int warp = (int)threadIdx.x / MYR_LINEAR_LANES, warps = (int)blockDim.x / MYR_LINEAR_LANES;
    const int share = linear->shape.tile / warps;
    if (!wide && linear->parameters < MYR_LINEAR_LANES)
        make_short_margins(linear, t, margin);
    else if (!wide && share >= 8)
        make_long_margins(linear, t, 8, 8 * warp, margin);
    else if (!wide && share >= 2)
        for (int begin = 2 * warp; begin < t->count; begin += 2 * warps)
            make_long_margins(linear, t, 2, begin, margin);
    else
        make_long_margins(linear, t, 1, warp, margin);
}

/* Losses and slopes of the tile's rows, whose partial sums are shared; the slopes take the place of the
 * margins. */
MYR_GPU void evaluate_rows(const myr_device_linear *linear, uint64_t chunk, const tile *t, float *margin,
                           double partial[MYR_MARGIN_SUMS][MYR_ROW_CLASSES], unsigned long long *d_bad) {
    const int j = (int)threadIdx.x;
    if (j >= t->count)
        return;
    const uint64_t row = chunk + (uint64_t)(t->first + j);
    const int p = (t->first + j) % MYR_ROW_CLASSES;
    float x = margin[j], v = 1.0f;
    if (linear->d_reference)
        x = (float)((double)x - myr_load_double(linear->d_reference, linear->reference_type, (size_t)row));
    if (linear->d_weight)
        v = (float)myr_load_double(linear->d_weight, linear->weight_type, (size_t)row);
    const myr_margin_value value = myr_margin_loss(linear->kind, &linear->constants, x);
    if (myr_margin_bad(x, v, value.loss))
        atomicMax(d_bad, ~(unsigned long long)row); /* the smallest, whatever the order */
    margin[j] = v * value.slope;
    partial[MYR_MARGIN_WEIGHT][p] += (double)v;
    partial[MYR_MARGIN_LOSS][p] += (double)v * (double)value.loss;
    partial[MYR_MARGIN_MARGIN][p] += (double)v * (double)x;
    partial[MYR_MARGIN_ACCURATE][p] += x > 0.0f ? (double)v : 0.0;
}

/* A group of a class's rows from row j on in this thread's columns. group: literal, the tile has so many; 0: as many as it
 * has. */
MYR_GPU void add_group(const myr_device_linear *linear, const tile *t, const float *slope, const int group,
                       int j, int column, double sums[COLUMNS]) {
    const int parameters = linear->parameters, classes = linear->shape.classes;
    const int all = j + linear->shape.group * classes, end = all < t->count ? all : t->count;
    float slopes[MYR_LINEAR_GROUP];
#pragma unroll
    for (int i = 0; i < group; i++)
        slopes[i] = slope[j + i * classes];
#pragma unroll
    for (int k = 0; k < COLUMNS; k++) {
        const int at = column + k * (int)blockDim.x;
        if (at >= parameters)
            break;
        const float *rows = t->rows + at;
        float sum = rows[j * parameters] * (group ? slopes[0] : slope[j]);
#pragma unroll
        for (int i = 1; i < group; i++)
            sum += rows[(j + i * classes) * parameters] * slopes[i];
        if (group == 0)
#pragma unroll 1
            for (int i = j + classes; i < end; i += classes)
                sum += rows[i * parameters] * slope[i];
        sums[k] += (double)sum;
    }
}

/* Adds the tile to this thread's sums: columns column, column + blockDim.x … of its class's rows. A wide block's groups have
 * a row or two. */
MYR_GPU void accumulate_tile(const myr_device_linear *linear, const tile *t, const float *slope,
                             int own_class, int column, const int wide, double sums[COLUMNS]) {
    const int group = linear->shape.group, classes = linear->shape.classes;
    for (int j = own_class; j < t->count; j += group * classes) {
        const int whole = !wide && j + (group - 1) * classes < t->count;
        if (whole && group == MYR_LINEAR_GROUP)
            add_group(linear, t, slope, MYR_LINEAR_GROUP, j, column, sums);
        else if (whole && group == MYR_LINEAR_GROUP / 2)
            add_group(linear, t, slope, MYR_LINEAR_GROUP / 2, j, column, sums);
        else
            add_group(linear, t, slope, 0, j, column, sums);
    }
}

/* The classes' sums, halved, to the node. Where there are several, each thread has one column. */
MYR_GPU void write_gradient(const myr_device_linear *linear, const double sums[COLUMNS], int own_class,
                            int column, double *shared, double *to) {
    const int parameters = linear->parameters, t = (int)threadIdx.x;
    if (linear->shape.classes == 1) {
#pragma unroll
        for (int k = 0; k < COLUMNS; k++)
            if (column + k * (int)blockDim.x < parameters)
                to[column + k * (int)blockDim.x] = sums[k];
        return;
    }
    const int used = own_class < linear->shape.classes;
    if (used)
        shared[t] = sums[0];
    __syncthreads();
    for (int half = linear->shape.classes / 2; half > 0; half /= 2) {
        if (t < half * parameters)
            shared[t] += shared[t + half * parameters];
        __syncthreads();
    }
    if (t < parameters)
        to[t] = shared[t];
}

MYR_GPU void write_sums(double partial[MYR_MARGIN_SUMS][MYR_ROW_CLASSES], double *to) {
    const int sum = (int)threadIdx.x / (MYR_ROW_CLASSES / 2), p = (int)threadIdx.x % (MYR_ROW_CLASSES / 2);
    for (int half = MYR_ROW_CLASSES / 2; half > 0; half /= 2) {
        if (sum < MYR_MARGIN_SUMS && p < half)
            partial[sum][p] += partial[sum][p + half];
        __syncthreads();
    }
    if (sum < MYR_MARGIN_SUMS && p == 0)
        to[sum] = partial[sum][0];
}

/* Where a chunk's rows lie, and how many there are. */
typedef struct chunk {
    uint64_t first;
    int count;
} chunk;

MYR_GPU tile tile_at(const myr_device_linear *linear, const chunk *c, const float *rows, int first) {
    const int left = c->count - first;
    tile t = {rows, first, left < linear->shape.tile ? left : linear->shape.tile};
    return t;
}

MYR_GPU const float *rows_of(const myr_device_linear *linear, const chunk *c, int first) {
    return linear->d_delta + (size_t)(c->first + (uint64_t)first) * (size_t)linear->parameters;
}

/* share: elements of a tile a thread; literal, as wide is. */
MYR_GPU void reduce_chunk(const myr_device_linear *linear, double *d_nodes, unsigned long long *d_bad,
                          const int share, const int wide, float *ahead, float *rows, float *margin,
                          double partial[MYR_MARGIN_SUMS][MYR_ROW_CLASSES], double *shared) {
    const uint64_t begin = (uint64_t)blockIdx.x * (uint64_t)linear->shape.chunk,
                   left = linear->count - begin;
    const chunk c = {begin, left < (uint64_t)linear->shape.chunk ? (int)left : linear->shape.chunk};
    const int several = linear->shape.classes > 1, parameters = linear->parameters;
    const int own_class = several ? (int)threadIdx.x / parameters : 0;
    const int column = (int)threadIdx.x - own_class * parameters;
    double *node = d_nodes + (size_t)blockIdx.x * myr_linear_node(linear);
    double sums[COLUMNS] = {0.0};
    for (int i = (int)threadIdx.x; i < MYR_MARGIN_SUMS * MYR_ROW_CLASSES; i += (int)blockDim.x)
        partial[i / MYR_ROW_CLASSES][i % MYR_ROW_CLASSES] = 0.0;
    tile next = tile_at(linear, &c, rows, 0);
    fetch_tile(rows_of(linear, &c, 0), next.count * parameters, share, ahead);
    while (next.first < c.count) {
        const tile t = next;
        store_tile(rows_of(linear, &c, t.first), t.count * parameters, share, ahead, rows);
        __syncthreads();
        next = tile_at(linear, &c, rows, t.first + t.count);
        if (next.first < c.count)
            fetch_tile(rows_of(linear, &c, next.first), next.count * parameters, share, ahead);
        make_margins(linear, &t, wide, margin);
        __syncthreads();
        evaluate_rows(linear, c.first, &t, margin, partial, d_bad);
        __syncthreads();
        if (linear->gradient && own_class < linear->shape.classes)
            accumulate_tile(linear, &t, margin, own_class, column, wide, sums);
        __syncthreads();
    }
    write_sums(partial, node);
    if (linear->gradient)
        write_gradient(linear, sums, own_class, column, shared, node + MYR_MARGIN_SUMS);
}

#define MYR_LINEAR_KERNEL(name, threads, blocks, elements)                                              \
    static __global__ void __launch_bounds__(threads, blocks)                                           \
        name(const myr_device_linear linear, double *d_nodes, unsigned long long *d_bad) {              \
        __shared__ float4 rows[(elements) / 4];                                                         \
        __shared__ float margin[64];                                                                    \
        __shared__ double partial[MYR_MARGIN_SUMS][MYR_ROW_CLASSES], shared[NARROW_THREADS];            \
        float ahead[(elements) / (threads)];                                                            \
        reduce_chunk(&linear, d_nodes, d_bad, (elements) / (threads), (threads) == WIDE_THREADS, ahead, \
                     (float *)rows, margin, partial, shared);                                           \
    }
MYR_LINEAR_KERNEL(reduce_linear_narrow, NARROW_THREADS, 3, 4096)
MYR_LINEAR_KERNEL(reduce_linear_wide, WIDE_THREADS, 1, 8192)

extern "C" cudaError_t myr_launch_linear(const myr_device_linear *linear, double *d_nodes,
                                         unsigned long long *d_bad, cudaStream_t stream) {
    const uint64_t chunk = (uint64_t)linear->shape.chunk;
    const unsigned blocks = (unsigned)((linear->count + chunk - 1) / chunk);
    if (linear->shape.wide)
        return MYR_LAUNCH(reduce_linear_wide, blocks, WIDE_THREADS, 0, stream, *linear, d_nodes, d_bad);
    return MYR_LAUNCH(reduce_linear_narrow, blocks, NARROW_THREADS, 0, stream, *linear, d_nodes, d_bad);
}

/* Neighbours in x have neighbouring columns, in y runs of nodes. */
enum { NODE_COLUMNS = 32, NODE_RUNS = 8, RUN = MYR_NODE_GROUP / NODE_RUNS };

static __global__ void __launch_bounds__(NODE_COLUMNS *NODE_RUNS)
    add_nodes(const double *nodes, uint64_t count, size_t node, double *merged) {
    __shared__ double shared[NODE_RUNS][NODE_COLUMNS];
    const size_t column = (size_t)blockIdx.y * NODE_COLUMNS + threadIdx.x;
    const uint64_t group = (uint64_t)blockIdx.x * MYR_NODE_GROUP,
                   begin = group + threadIdx.y * (uint64_t)RUN;
    /* Sums of 1, 2, 4 … nodes that wait for as many more: the binary tree, node by node. */
    double waiting[6], sum = 0.0;
#pragma unroll
    for (int i = 0; i < RUN; i++) {
        sum = column < node && begin + (uint64_t)i < count ? nodes[(begin + (uint64_t)i) * node + column]
                                                           : 0.0;
        int level = 0;
#pragma unroll
        for (int bit = 0; bit < 5; bit++)
            if (level == bit && (i >> bit & 1)) {
                sum = waiting[bit] + sum;
                level++;
            }
#pragma unroll
        for (int bit = 0; bit < 6; bit++)
            if (level == bit)
                waiting[bit] = sum;
    }
    shared[threadIdx.y][threadIdx.x] = waiting[5];
    for (unsigned step = 1; step < NODE_RUNS; step *= 2) {
        __syncthreads();
        if (threadIdx.y % (2 * step) == 0)
            shared[threadIdx.y][threadIdx.x] += shared[threadIdx.y + step][threadIdx.x];
    }
    if (threadIdx.y == 0 && column < node)
        merged[(size_t)blockIdx.x * node + column] = shared[0][threadIdx.x];
}

extern "C" cudaError_t myr_launch_add_nodes(const double *d_nodes, uint64_t count, size_t node,
                                            double *d_merged, cudaStream_t stream) {
    const dim3 grid((unsigned)((count + MYR_NODE_GROUP - 1) / MYR_NODE_GROUP),
                    (unsigned)((node + NODE_COLUMNS - 1) / NODE_COLUMNS));
    return MYR_LAUNCH(add_nodes, grid, dim3(NODE_COLUMNS, NODE_RUNS), 0, stream, d_nodes, count, node,
                      d_merged);
}

static __global__ void __launch_bounds__(256)
    to_float(const void *from, int type, uint64_t count, float *to) {
    for (uint64_t i = blockIdx.x * 256ull + threadIdx.x; i < count; i += gridDim.x * 256ull)
        to[i] = myr_load_float(from, type, (size_t)i);
}

extern "C" cudaError_t myr_launch_to_float(const void *d_from, int type, uint64_t count, float *d_to,
                                           cudaStream_t stream) {
    const uint64_t blocks = (count + 255) / 256;
    return MYR_LAUNCH(to_float, (unsigned)(blocks < 4096 ? blocks : 4096), 256, 0, stream, d_from, type,
                      count, d_to);
}
