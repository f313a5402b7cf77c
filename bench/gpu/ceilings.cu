/* What this GPU can do at most, instruction by instruction: the ceilings that `myriad bench` is held
 * against.
 *
 *     ceilings [DEVICE]
 *
 * prints one JSON object. Each arithmetic kernel runs one wave of full SMs; a thread iterates eight
 * independent chains of the one instruction, so that issue slots or the unit's width are the limit, not
 * latency. clocks_per_second comes from the kernel's own clock, so that per_clock_per_sm holds whatever the
 * card's power management does. Results that the host can compute exactly are compared with it: "wrong"
 * counts those that differ. */
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

enum { THREADS = 256, CHAINS = 8, UNROLL = 16, ROUNDS = 2048, REPEATS = 7, CHECKED = 1000 };

static void check(cudaError_t error, const char *what) {
    if (error == cudaSuccess)
        return;
    fprintf(stderr, "ceilings: %s: %s\n", what, cudaGetErrorString(error));
    exit(4);
}

/* The instructions. step() is one of them on the device, and its meaning on the host. */
struct fma_op {
    typedef float word;
    static const bool exact = true;
    static __host__ __device__ word start(uint32_t i) { return 1.0f + 1e-6f * (float)(i & 1023u); }
    static __host__ __device__ word step(word x) { return fmaf(x, 0.999f, 0.001f); }
};

/* 32 x 32 -> 64, the multiply of Philox, and the LOP3 that joins the halves: it has a unit of its own, and
 * without a use of both halves the compiler narrows the product. */
struct imad_wide_op {
    typedef uint32_t word;
    static const bool exact = true;
    static __host__ __device__ word start(uint32_t i) { return i; }
    static __host__ __device__ word step(word x) {
        uint64_t product = (uint64_t)x * 0xD2511F53u;
        return (uint32_t)product ^ (uint32_t)(product >> 32) ^ 0x9E3779B9u;
    }
};

struct lop3_op {
    typedef uint32_t word;
    static const bool exact = true;
    static __host__ __device__ word start(uint32_t i) { return i; }
    static __host__ __device__ word step(word x) {
#ifdef __CUDA_ARCH__
        asm volatile("lop3.b32 %0, %0, %1, %2, 0x96;" : "+r"(x) : "r"(0x9E3779B9u), "r"(0xBB67AE85u));
        return x;
#else
        return x ^ 0x9E3779B9u ^ 0xBB67AE85u;
#endif
    }
};

#define SPECIAL_OP(name, instruction)                                                            \
    struct name {                                                                                \
        typedef float word;                                                                      \
        static const bool exact = false;                                                         \
        static __host__ __device__ word start(uint32_t i) { return 1e-3f * (float)(i & 1023u); } \
        static __host__ __device__ word step(word x) {                                           \
            SPECIAL_BODY(instruction)                                                            \
            return x;                                                                            \
        }                                                                                        \
    };
#ifdef __CUDA_ARCH__
#define SPECIAL_BODY(instruction) asm volatile(instruction ".approx.ftz.f32 %0, %0;" : "+f"(x));
#else
#define SPECIAL_BODY(instruction)
#endif
SPECIAL_OP(ex2_op, "ex2")
SPECIAL_OP(lg2_op, "lg2")
SPECIAL_OP(sin_op, "sin")
SPECIAL_OP(rsqrt_op, "rsqrt")

template <class op>
__global__ void __launch_bounds__(THREADS)
    run_chains(typename op::word *results, long long *cycles, int rounds) {
    uint32_t i = blockIdx.x * THREADS + threadIdx.x;
    typename op::word x[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        x[c] = op::start(i + c);
    long long begin = clock64();
    for (int round = 0; round < rounds; round++) {
#pragma unroll
        for (int u = 0; u < UNROLL; u++) {
#pragma unroll
            for (int c = 0; c < CHAINS; c++)
                x[c] = op::step(x[c]);
        }
    }
    if (i == 0)
        *cycles = clock64() - begin;
    typename op::word sum = x[0];
    for (int c = 1; c < CHAINS; c++)
        sum += x[c];
    results[i] = sum;
}

template <class op>
static typename op::word host_chains(uint32_t i) {
    typename op::word x[CHAINS];
    for (int c = 0; c < CHAINS; c++) {
        x[c] = op::start(i + c);
        for (int step = 0; step < ROUNDS * UNROLL; step++)
            x[c] = op::step(x[c]);
    }
    typename op::word sum = x[0];
    for (int c = 1; c < CHAINS; c++)
        sum += x[c];
    return sum;
}

/* Seconds of a launch: the median of REPEATS, after one that is not timed. */
template <class launch>
static double time_launches(launch run) {
    cudaEvent_t begin, end;
    check(cudaEventCreate(&begin), "event");
    check(cudaEventCreate(&end), "event");
    std::vector<float> times;
    for (int repeat = 0; repeat <= REPEATS; repeat++) {
        check(cudaEventRecord(begin), "event");
        run();
        check(cudaGetLastError(), "launch");
        check(cudaEventRecord(end), "event");
        check(cudaEventSynchronize(end), "run");
        float milliseconds;
        check(cudaEventElapsedTime(&milliseconds, begin, end), "event");
        if (repeat > 0)
            times.push_back(milliseconds);
    }
    check(cudaEventDestroy(begin), "event");
    check(cudaEventDestroy(end), "event");
    std::sort(times.begin(), times.end());
    return 1e-3 * times[times.size() / 2];
}

template <class op>
static int measure_instruction(const char *name, int sms) {
    typedef typename op::word word;
    int blocks_a_sm;
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks_a_sm, run_chains<op>, THREADS, 0),
          "occupancy");
    int blocks = sms * blocks_a_sm, wrong = 0;
    size_t threads = (size_t)blocks * THREADS;
    word *d_results;
    long long *d_cycles, cycles;
    check(cudaMalloc(&d_results, threads * sizeof(word)), "memory");
    check(cudaMalloc(&d_cycles, sizeof cycles), "memory");
    check(cudaMemset(d_results, 0xAA, threads * sizeof(word)), "memory");
    double seconds =
        time_launches([&] { run_chains<op><<<blocks, THREADS>>>(d_results, d_cycles, ROUNDS); });
    std::vector<word> results(threads);
    check(cudaMemcpy(results.data(), d_results, threads * sizeof(word), cudaMemcpyDeviceToHost), "copy");
    check(cudaMemcpy(&cycles, d_cycles, sizeof cycles, cudaMemcpyDeviceToHost), "copy");
    for (uint32_t k = 0; op::exact && k < CHECKED; k++) {
        uint32_t i = (uint32_t)(threads / CHECKED) * k;
        word expected = host_chains<op>(i);
        wrong += memcmp(&results[i], &expected, sizeof expected) != 0;
    }
    double operations = (double)threads * CHAINS * UNROLL * ROUNDS;
    double a_clock = (double)THREADS * blocks_a_sm * CHAINS * UNROLL * ROUNDS / (double)cycles;
    printf(
        "    {\"name\": \"%s\", \"rate\": %.6g, \"unit\": \"operations/s\", \"per_clock_per_sm\": %.4g, "
        "\"clocks_per_second\": %.6g, \"seconds_median\": %.6g, \"wrong\": %d},\n",
        name, operations / seconds, a_clock, (double)cycles / seconds, seconds, wrong);
    check(cudaFree(d_results), "memory");
    check(cudaFree(d_cycles), "memory");
    return wrong;
}

__global__ void copy_words(const float4 *from, float4 *to, size_t count) {
    size_t stride = (size_t)gridDim.x * blockDim.x;
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride)
        to[i] = from[i];
}

/* Copies a quarter of the free memory, at most 2 GiB; the rate counts bytes read and bytes written. */
static int measure_copy(int sms) {
    size_t free_bytes, total_bytes;
    check(cudaMemGetInfo(&free_bytes, &total_bytes), "memory");
    size_t count = std::min(free_bytes / 4, (size_t)1 << 31) / sizeof(float4),
           bytes = count * sizeof(float4);
    float4 *d_from, *d_to;
    check(cudaMalloc(&d_from, bytes), "memory");
    check(cudaMalloc(&d_to, bytes), "memory");
    check(cudaMemset(d_from, 0x5A, bytes), "memory");
    check(cudaMemset(d_to, 0xAA, bytes), "memory");
    double seconds = time_launches([&] { copy_words<<<sms * 16, 512>>>(d_from, d_to, count); });
    std::vector<unsigned char> last(4096);
    check(cudaMemcpy(last.data(), (char *)d_to + bytes - last.size(), last.size(), cudaMemcpyDeviceToHost),
          "copy");
    int wrong = (int)last.size() - (int)std::count(last.begin(), last.end(), 0x5A);
    printf(
        "    {\"name\": \"copy\", \"rate\": %.6g, \"unit\": \"B/s\", \"bytes\": %zu, \"seconds_median\": "
        "%.6g, "
        "\"wrong\": %d}\n",
        2.0 * (double)bytes / seconds, 2 * bytes, seconds, wrong);
    check(cudaFree(d_from), "memory");
    check(cudaFree(d_to), "memory");
    return wrong;
}

int main(int argc, char **argv) {
    int device = argc > 1 ? atoi(argv[1]) : 0;
    cudaDeviceProp properties;
    check(cudaSetDevice(device), "device");
    check(cudaGetDeviceProperties(&properties, device), "device");
    int sms = properties.multiProcessorCount, wrong = 0;
    printf("{\n  \"device\": \"%s\", \"sms\": %d, \"compute_capability\": \"%d.%d\",\n  \"results\": [\n",
           properties.name, sms, properties.major, properties.minor);
    wrong += measure_instruction<fma_op>("fma", sms);
    wrong += measure_instruction<imad_wide_op>("imad.wide + lop3", sms);
    wrong += measure_instruction<lop3_op>("lop3", sms);
    wrong += measure_instruction<ex2_op>("ex2", sms);
    wrong += measure_instruction<lg2_op>("lg2", sms);
    wrong += measure_instruction<sin_op>("sin", sms);
    wrong += measure_instruction<rsqrt_op>("rsqrt", sms);
    wrong += measure_copy(sms);
    printf("  ],\n  \"wrong\": %d\n}\n", wrong);
    return wrong > 0;
}
