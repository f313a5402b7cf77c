/* Many losses of a log-linear policy, between the products of matrices: margins to losses and slopes.
 *
 * A thread block takes MYR_CHUNK pairs of four replicates: one block of the generator's words has the
 * bootstrap weights of a pair in all four. Thread p has pairs p, p + 256 …, and their partial sums; they
 * are halved, blocks are added in their order. */
#include "device.cuh"
#include "many_launch.h"
#include "poisson.h"
#include "reduce_chunk.cuh"
#include "words.cuh"

enum { REPLICATES = 4 };

/* The bootstrap weights of a pair. */
MYR_GPU void resample(const myr_device_many *many, uint64_t pair, uint32_t block,
                      float weight[REPLICATES]) {
    const myr_trajectory t = myr_trajectory_make(&many->keys, MYR_STREAM_RESAMPLE, (uint32_t)pair);
    const myr_block b = myr_block_make(&many->keys, (uint32_t)(pair >> 32), block);
    const uint4 words = myr_device_words(&many->keys, &t, &b);
    weight[0] = myr_poisson_weight(words.x);
    weight[1] = myr_poisson_weight(words.y);
    weight[2] = myr_poisson_weight(words.z);
    weight[3] = myr_poisson_weight(words.w);
}

/* One pair of one replicate; returns whether it is bad. */
MYR_GPU int evaluate(const myr_device_many *many, uint32_t replicate, uint32_t j, double reference, float v,
                     double sums[MYR_MARGIN_SUMS]) {
    const size_t row = many->each_theta ? (size_t)replicate * many->stride : 0;
    const float x = (float)((double)many->d_margins[row + j] - reference);
    const myr_loss_constants *constants = many->d_constants + (many->each_beta ? replicate : 0);
    const myr_margin_value value = myr_margin_loss(many->kind, constants, x);
    many->d_slopes[(size_t)replicate * many->stride + j] = v * value.slope;
    sums[MYR_MARGIN_WEIGHT] += (double)v;
    sums[MYR_MARGIN_LOSS] += (double)v * (double)value.loss;
    sums[MYR_MARGIN_MARGIN] += (double)v * (double)x;
    sums[MYR_MARGIN_ACCURATE] += x > 0.0f ? (double)v : 0.0;
    return myr_margin_bad(x, v, value.loss);
}

static __global__ void __launch_bounds__(MYR_PARTIALS, 2)
    reduce_many(const myr_device_many many, unsigned long long *d_bad) {
    __shared__ double shared[MYR_PARTIALS];
    const uint32_t begin = blockIdx.x * (uint32_t)MYR_CHUNK, block = many.number / REPLICATES + blockIdx.y;
    const uint32_t end = many.count - begin < MYR_CHUNK ? many.count : begin + MYR_CHUNK;
    double sums[REPLICATES][MYR_MARGIN_SUMS] = {{0.0}};
    uint64_t bad = UINT64_MAX;
    for (uint32_t j = begin + threadIdx.x; j < end; j += MYR_PARTIALS) {
        const uint64_t pair = many.first + j;
        float v = 1.0f, weight[REPLICATES] = {1.0f, 1.0f, 1.0f, 1.0f};
        double reference = 0.0;
        if (many.d_weight)
            v = (float)myr_load_double(many.d_weight, many.weight_type, j);
        if (many.d_reference)
            reference = myr_load_double(many.d_reference, many.reference_type, j);
        if (many.bootstrap)
            resample(&many, pair, block, weight);
#pragma unroll
        for (uint32_t c = 0; c < REPLICATES; c++) {
            const uint32_t replicate =
                REPLICATES * block + c - many.number; /* wraps around before the first */
            if (replicate < many.replicates &&
                evaluate(&many, replicate, j, reference, v * weight[c], sums[c]))
                bad = pair < bad ? pair : bad;
        }
    }
    if (bad != UINT64_MAX)
        atomicMax(d_bad, ~(unsigned long long)bad); /* the smallest pair, whatever the order */
#pragma unroll
    for (uint32_t c = 0; c < REPLICATES; c++) {
        const uint32_t replicate = REPLICATES * block + c - many.number;
#pragma unroll
        for (int sum = 0; sum < MYR_MARGIN_SUMS; sum++) {
            const double total = myr_halve(sums[c][sum], shared);
            if (threadIdx.x == 0 && replicate < many.replicates)
                many.d_sums[((size_t)blockIdx.x * many.replicates + replicate) * MYR_MARGIN_SUMS + sum] =
                    total;
        }
    }
}

extern "C" cudaError_t myr_launch_many(const myr_device_many *many, unsigned long long *d_bad,
                                       cudaStream_t stream) {
    const uint32_t last = many->number + (many->replicates - 1);
    const dim3 grid(myr_many_blocks(many->count), last / REPLICATES - many->number / REPLICATES + 1);
    return MYR_LAUNCH(reduce_many, grid, MYR_PARTIALS, 0, stream, *many, d_bad);
}

template <typename part>
static __global__ void __launch_bounds__(256)
    add_parts(const part *parts, uint32_t count, size_t elements, double *to) {
    const size_t i = (size_t)blockIdx.x * 256 + threadIdx.x;
    if (i >= elements)
        return;
    double sum = to[i];
#pragma unroll 8
    for (uint32_t k = 0; k < count; k++)
        sum += (double)parts[(size_t)k * elements + i];
    to[i] = sum;
}

extern "C" cudaError_t myr_launch_add_doubles(const double *d_parts, uint32_t count, size_t elements,
                                              double *d_to, cudaStream_t stream) {
    return MYR_LAUNCH(add_parts<double>, (unsigned)((elements + 255) / 256), 256, 0, stream, d_parts, count,
                      elements, d_to);
}

extern "C" cudaError_t myr_launch_add_floats(const float *d_parts, uint32_t count, size_t elements,
                                             double *d_to, cudaStream_t stream) {
    return MYR_LAUNCH(add_parts<float>, (unsigned)((elements + 255) / 256), 256, 0, stream, d_parts, count,
                      elements, d_to);
}

static __global__ void __launch_bounds__(256)
    many_mean(const double *gradient, const double *sums, int parameters, void *to, int type) {
    const int p = (int)(blockIdx.x * 256 + threadIdx.x);
    const size_t i = (size_t)blockIdx.y * (size_t)parameters + (size_t)p;
    if (p >= parameters)
        return;
    const double mean = gradient[i] / sums[blockIdx.y * MYR_MARGIN_SUMS + MYR_MARGIN_WEIGHT];
    if (type == MYR_F64)
        ((double *)to)[i] = mean;
    else
        ((float *)to)[i] = (float)mean;
}

extern "C" cudaError_t myr_launch_many_mean(const double *d_gradient, const double *d_sums,
                                            uint32_t replicates, int parameters, void *d_to, int type,
                                            cudaStream_t stream) {
    const dim3 grid((unsigned)((parameters + 255) / 256), replicates);
    return MYR_LAUNCH(many_mean, grid, 256, 0, stream, d_gradient, d_sums, parameters, d_to, type);
}
