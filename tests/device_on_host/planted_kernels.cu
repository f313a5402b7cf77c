#include "planted_kernels.h"

static __global__ void sum(int *out, int *votes) {
    __shared__ int sums[32];
    __shared__ int odd;
    const int t = (int)threadIdx.x, lane = t % 32, warp = t / 32;
    const int lanes = (int)blockDim.x - 32 * warp < 32 ? (int)blockDim.x - 32 * warp : 32;
    const unsigned mask = lanes == 32 ? 0xffffffffu : (1u << lanes) - 1;
    const int number = 7 * t + (int)blockIdx.x;
    if (t == 0)
        odd = 0;
    __syncthreads();
    int total = number;
    for (int half = 16; half > 0; half /= 2) {
        int other = __shfl_sync(mask, total, (lane + half) % 32 < lanes ? (lane + half) % 32 : lane);
        total += lane + half < lanes ? other : 0;
    }
    unsigned ballot = __ballot_sync(mask, number % 2);
    if (lane == 0) {
        sums[warp] = total;
        for (; ballot; ballot &= ballot - 1)
            atomicAdd(&odd, 1);
    }
    __syncthreads();
    if (t == 0) {
        for (int w = 1; w < ((int)blockDim.x + 31) / 32; w++)
            total += sums[w];
        out[blockIdx.x] = total;
        votes[blockIdx.x] = odd;
    }
}

static __global__ void left_barrier(int leaver) {
    if ((int)threadIdx.x == leaver)
        return;
    __syncthreads();
}

static __global__ void other_barrier(int half) {
    if ((int)threadIdx.x < half)
        __syncthreads();
    else
        __syncthreads();
}

static __global__ void left_lane(int leaver) {
    if ((int)threadIdx.x == leaver)
        return;
    (void)__shfl_sync(0xffffffffu, (int)threadIdx.x, 0);
}

static __global__ void missing_lane(unsigned mask) {
    (void)__shfl_down_sync(mask, (int)threadIdx.x, 1);
}

static __global__ void stray_lane(int half) {
    if ((int)threadIdx.x < half)
        (void)__shfl_xor_sync(0xffffffffu, (int)threadIdx.x, 1);
    __syncthreads();
}

static __global__ void outside_lane(unsigned mask) {
    if (mask >> threadIdx.x & 1)
        (void)__shfl_sync(mask, (int)threadIdx.x, 9);
}

static __global__ void unaligned_load(const float *in, float *out) {
    out[0] = __ldg((const float4 *)(in + threadIdx.x)).x;
}

static __global__ void unaligned_store(float *out) {
    ((float4 *)(out + threadIdx.x))->x = 1.0f;
}

static __global__ void overrun(int *out, int count) {
    if ((int)threadIdx.x <= count)
        out[threadIdx.x] = 1;
}

static __global__ void shared_overrun(int index) {
    __shared__ volatile int own[32];
    volatile int *volatile at = own; /* where it points is nobody's guess */
    at[(int)threadIdx.x == 0 ? index : 0] = 1;
}

static __global__ void unset_shared(float *out) {
    __shared__ volatile float own[32];
    out[threadIdx.x] = own[threadIdx.x];
    own[threadIdx.x] = 1.0f;
}

static __global__ void race(int *out) {
    __shared__ int numbers[256];
    const int t = (int)threadIdx.x;
    numbers[t] = t;
    out[t] = numbers[(t + 1) % (int)blockDim.x];
}

extern "C" {
cudaError_t planted_sum(int blocks, int threads, int *d_out, int *d_votes) {
    return MYR_LAUNCH(sum, blocks, threads, 0, 0, d_out, d_votes);
}
cudaError_t planted_left_barrier(int threads) {
    return MYR_LAUNCH(left_barrier, 1, threads, 0, 0, 5);
}
cudaError_t planted_other_barrier(int threads) {
    return MYR_LAUNCH(other_barrier, 1, threads, 0, 0, threads / 2);
}
cudaError_t planted_left_lane(int threads) {
    return MYR_LAUNCH(left_lane, 1, threads, 0, 0, 3);
}
cudaError_t planted_missing_lane(int threads) {
    return MYR_LAUNCH(missing_lane, 1, threads, 0, 0, 0xffffffffu);
}
cudaError_t planted_stray_lane(int threads) {
    return MYR_LAUNCH(stray_lane, 1, threads, 0, 0, threads / 2);
}
cudaError_t planted_outside_lane(int threads) {
    return MYR_LAUNCH(outside_lane, 1, threads, 0, 0, 0x1fu);
}
cudaError_t planted_unaligned_load(const float *d_in, float *d_out) {
    return MYR_LAUNCH(unaligned_load, 1, 2, 0, 0, d_in, d_out);
}
cudaError_t planted_unaligned_store(float *d_out) {
    return MYR_LAUNCH(unaligned_store, 1, 2, 0, 0, d_out);
}
cudaError_t planted_overrun(int *d_out, int count) {
    return MYR_LAUNCH(overrun, 1, 256, 0, 0, d_out, count);
}
cudaError_t planted_shared_overrun(int index) {
    return MYR_LAUNCH(shared_overrun, 1, 32, 0, 0, index);
}
cudaError_t planted_unset_shared(float *d_out) {
    return MYR_LAUNCH(unset_shared, 1, 32, 0, 0, d_out);
}
cudaError_t planted_race(int threads, int *d_out) {
    return MYR_LAUNCH(race, 1, threads, 0, 0, d_out);
}
}
