/* What the kernels use of CUDA, for running them on the host: included by the compiler (-include) before an
 * unchanged .cu file. See tests/README.md.
 *
 * Each thread of a block is a fiber. A fiber runs until it waits at a barrier or a shuffle, or returns;
 * then another one that can run is chosen, at random from a seed. Blocks run one after another, in random
 * order. */
#ifndef MYRIAD_DEVICE_ON_HOST_H
#define MYRIAD_DEVICE_ON_HOST_H

#include <cuda_runtime.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <functional>
#include <tuple>

/* Static shared memory: all of it in one section, which every block finds poisoned (all bits set: NaNs). */
#undef __shared__
#define __shared__ static __attribute__((section("myr_shared")))
#undef __launch_bounds__
#define __launch_bounds__(...)

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
static const int warpSize = 32;

namespace device_on_host {

enum class exchange { shuffle, shuffle_up, shuffle_down, shuffle_xor, ballot, any, all, sync };

/* Steele, Lea & Flood (2014), splitmix64's output function. */
static inline uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* At random, from the seed. */
size_t random_below(size_t bound);

/* Stops the process with the kernel, block and thread, and what is wrong there. */
[[noreturn]] void stop(const char *what);
void barrier(const char *file, int line);
/* Waits for the lanes of the mask, and gives this lane's share of what they brought. */
uint64_t meet(exchange kind, unsigned mask, uint64_t brought, int argument, int width);
/* Queues a kernel on the stream. before_block: for shared memory that is not in the section. */
cudaError_t run(const char *kernel, dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
                std::function<void()> thread, std::function<void()> before_block = nullptr);

template <typename... Parameters, typename... Arguments>
cudaError_t launch(const char *name, void (*kernel)(Parameters...), dim3 grid, dim3 block,
                   size_t shared_bytes, cudaStream_t stream, Arguments... arguments) {
    const std::tuple<Parameters...> copies(arguments...);
    return run(name, grid, block, shared_bytes, stream, [=] { std::apply(kernel, copies); });
}

template <typename T>
T exchanged(exchange kind, unsigned mask, T value, int argument, int width) {
    static_assert(sizeof(T) <= sizeof(uint64_t), "a lane's value");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = meet(kind, mask, bits, argument, width);
    memcpy(&value, &bits, sizeof value);
    return value;
}

}  // namespace device_on_host

#ifdef MYR_PTX /* the kernel is not this source's, but what nvcc has made of it */
#include "ptx/launch.h"
#define MYR_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                       \
    ptx_on_host::launch(__BASE_FILE__, #kernel, ptx_on_host::parameters_of<decltype(&kernel)>{}, (grid), \
                        (block), (shared_bytes), (stream), __VA_ARGS__)
#else
#define MYR_LAUNCH(kernel, grid, block, shared_bytes, stream, ...) \
    device_on_host::launch(#kernel, kernel, (grid), (block), (shared_bytes), (stream), __VA_ARGS__)
#endif

#define __syncthreads() device_on_host::barrier(__FILE__, __LINE__)

static inline void __syncwarp(unsigned mask = 0xffffffffu) {
    device_on_host::meet(device_on_host::exchange::sync, mask, 0, 0, 32);
}
template <typename T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
    return device_on_host::exchanged(device_on_host::exchange::shuffle, mask, value, lane, width);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32) {
    return device_on_host::exchanged(device_on_host::exchange::shuffle_up, mask, value, (int)by, width);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32) {
    return device_on_host::exchanged(device_on_host::exchange::shuffle_down, mask, value, (int)by, width);
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int with, int width = 32) {
    return device_on_host::exchanged(device_on_host::exchange::shuffle_xor, mask, value, with, width);
}
static inline unsigned __ballot_sync(unsigned mask, int vote) {
    return (unsigned)device_on_host::meet(device_on_host::exchange::ballot, mask, vote != 0, 0, 32);
}
static inline int __any_sync(unsigned mask, int vote) {
    return (int)device_on_host::meet(device_on_host::exchange::any, mask, vote != 0, 0, 32);
}
static inline int __all_sync(unsigned mask, int vote) {
    return (int)device_on_host::meet(device_on_host::exchange::all, mask, vote != 0, 0, 32);
}

/* Fibers take turns, so that a read and a write in one go are atomic. */
template <typename T>
T atomicAdd(T *at, T value) {
    T before = *at;
    *at = before + value;
    return before;
}
template <typename T>
T atomicMax(T *at, T value) {
    T before = *at;
    *at = before < value ? value : before;
    return before;
}

template <typename T>
T __ldg(const T *at) {
    if ((uintptr_t)at % alignof(T) != 0)
        device_on_host::stop("unaligned vector access");
    return *at;
}

#endif
