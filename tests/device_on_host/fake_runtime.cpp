#include "fake_runtime.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <map>
#include <set>
#include <string>

#include "fake_streams.h"

namespace {

constexpr size_t guard = 256;
constexpr unsigned char guard_byte = 0xa5;

struct fake {
    int devices = 1, driver = CUDART_VERSION, current = 0, pools = 0, generation = 9;
    bool has_pools = true;
    std::set<int> started; /* devices that were chosen */
    std::string function;
    int calls_left = 0;
    cudaError_t error = cudaSuccess, last = cudaSuccess;
    std::map<char *, size_t> blocks; /* payloads and their sizes */
    std::set<void *> pinned;         /* memory of the host */
    size_t bytes = 0, most_bytes = 0, room = SIZE_MAX, copied = 0;
} f;

/* What a call returns that has nothing to do but may fail; errors are remembered as the runtime does. */
cudaError_t result(const char *function) {
    cudaError_t error = fake_fault(function);
    if (error != cudaSuccess)
        f.last = error;
    return error;
}

void set_guards(char *payload, size_t size) {
    memset(payload - guard, guard_byte, guard);
    memset(payload + size, guard_byte, guard);
    ASAN_POISON_MEMORY_REGION(payload - guard, guard);
    ASAN_POISON_MEMORY_REGION(payload + size, guard);
}

bool guards_whole(char *payload, size_t size) {
    ASAN_UNPOISON_MEMORY_REGION(payload - guard, guard);
    ASAN_UNPOISON_MEMORY_REGION(payload + size, guard);
    bool whole = true;
    for (size_t i = 0; i < guard; i++)
        whole = whole && (unsigned char)payload[i - guard] == guard_byte &&
                (unsigned char)payload[size + i] == guard_byte;
    ASAN_POISON_MEMORY_REGION(payload - guard, guard);
    ASAN_POISON_MEMORY_REGION(payload + size, guard);
    return whole;
}

const std::map<cudaError_t, const char *> names = {
#define NAME(error) \
    { error, #error }
    NAME(cudaSuccess),
    NAME(cudaErrorMemoryAllocation),
    NAME(cudaErrorInitializationError),
    NAME(cudaErrorInsufficientDriver),
    NAME(cudaErrorNoDevice),
    NAME(cudaErrorDevicesUnavailable),
    NAME(cudaErrorNoKernelImageForDevice),
    NAME(cudaErrorUnsupportedPtxVersion),
    NAME(cudaErrorLaunchFailure),
    NAME(cudaErrorLaunchOutOfResources),
    NAME(cudaErrorECCUncorrectable),
    NAME(cudaErrorSystemDriverMismatch),
    NAME(cudaErrorUnknown),
#undef NAME
};

}  // namespace

extern "C" {

void fake_machine(int devices, int driver_version) {
    fake_run_all();
    f.devices = devices;
    f.driver = driver_version;
    f.function = "";
    f.error = f.last = cudaSuccess;
    f.current = 0;
    f.has_pools = true;
    f.room = SIZE_MAX;
    f.copied = 0;
    f.started.clear();
    f.most_bytes = f.bytes;
    f.generation = 9;
}

void fake_set_generation(int generation) {
    f.generation = generation;
}

int fake_generation(void) {
    return f.generation;
}

void fake_failure(const char *function, int call, cudaError_t error) {
    f.function = function;
    f.calls_left = call;
    f.error = error;
}

cudaError_t fake_fault(const char *function) {
    if (f.function != function || (f.calls_left > 1 && f.calls_left--))
        return cudaSuccess;
    return f.error;
}

cudaError_t fake_result(const char *function) {
    return result(function);
}

int fake_live(void) {
    fake_run_all();
    return fake_live_streams() - f.pools + (int)(f.blocks.size() + f.pinned.size());
}

int fake_rooms(void) {
    return f.pools;
}

void fake_memory(size_t bytes) {
    f.room = bytes;
}

size_t fake_copied_bytes(void) {
    return f.copied;
}

void fake_no_pools(void) {
    f.has_pools = false;
}

int fake_started(int device) {
    return (int)f.started.count(device);
}

size_t fake_most_bytes(void) {
    return f.most_bytes;
}

void fake_check_guards(const char *kernel) {
    for (const auto &block : f.blocks)
        if (!guards_whole(block.first, block.second)) {
            fprintf(stderr, "kernel %s wrote outside a buffer of %zu bytes\n", kernel, block.second);
            abort();
        }
}

__attribute__((no_sanitize("address"))) void fake_overwrite(char *byte) {
    *byte = 0;
}

cudaError_t cudaGetDeviceCount(int *count) {
    *count = f.devices;
    if (f.driver < CUDART_VERSION)
        return f.last = cudaErrorInsufficientDriver;
    return f.devices > 0 ? result(__func__) : (f.last = cudaErrorNoDevice);
}

cudaError_t cudaGetDevice(int *device) {
    *device = f.current;
    return result(__func__);
}

cudaError_t cudaSetDevice(int device) {
    const cudaError_t error = result(__func__);
    if (error == cudaSuccess) {
        f.current = device;
        f.started.insert(device);
    }
    return error;
}

/* Of the driver: that and no more. */
static int get_device(int *handle, int device) {
    *handle = device;
    return 0;
}

static int get_state(int handle, unsigned *flags, int *active) {
    *flags = 0;
    *active = fake_started(handle);
    return 0;
}

cudaError_t cudaGetDriverEntryPointByVersion(const char *name, void **function, unsigned,
                                             unsigned long long, cudaDriverEntryPointQueryResult *) {
    *function = strcmp(name, "cuDeviceGet") == 0                  ? (void *)get_device
                : strcmp(name, "cuDevicePrimaryCtxGetState") == 0 ? (void *)get_state
                                                                  : nullptr;
    return result(__func__);
}

cudaError_t cudaGetLastError(void) {
    cudaError_t last = f.last;
    f.last = cudaSuccess;
    return last;
}

const char *cudaGetErrorName(cudaError_t error) {
    return names.count(error) ? names.at(error) : "an error of the test";
}

const char *cudaGetErrorString(cudaError_t) {
    return "injected by the test";
}

cudaError_t cudaDriverGetVersion(int *version) {
    *version = f.driver;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
    memset(properties, 0, sizeof *properties);
    if (device < 0 || device >= f.devices)
        return f.last = cudaErrorInvalidDevice;
    strcpy(properties->name, "the host as a device");
    properties->multiProcessorCount = 1;
    properties->totalGlobalMem = (size_t)1 << 30;
    return result(__func__);
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *) {
    memset(attributes, 0, sizeof *attributes);
    return result(__func__);
}

cudaError_t cudaMalloc(void **memory, size_t size) {
    cudaError_t error = result(__func__);
    if (error != cudaSuccess)
        return error;
    if (size > f.room - f.bytes || f.bytes > f.room)
        return f.last = cudaErrorMemoryAllocation;
    char *payload = (char *)aligned_alloc(guard, (size + 3 * guard - 1) / guard * guard) + guard;
    memset(payload, 0xff, size); /* NaNs */
    set_guards(payload, size);
    f.blocks[payload] = size;
    f.bytes += size;
    f.most_bytes = f.bytes > f.most_bytes ? f.bytes : f.most_bytes;
    *memory = payload;
    return cudaSuccess;
}

static void give_back(void *memory) {
    char *payload = (char *)memory;
    fake_check_guards("before a block was freed");
    ASAN_UNPOISON_MEMORY_REGION(payload - guard, guard);
    ASAN_UNPOISON_MEMORY_REGION(payload + f.blocks.at(payload), guard);
    f.blocks.erase(payload);
    free(payload - guard);
}

/* Waits for the device. */
cudaError_t cudaFree(void *memory) {
    fake_run_all();
    f.bytes -= f.blocks.at((char *)memory);
    give_back(memory);
    return result(__func__);
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int) {
    if (attribute != cudaDevAttrMemoryPoolsSupported && attribute != cudaDevAttrComputeCapabilityMajor)
        return cudaErrorInvalidValue;
    *value = attribute == cudaDevAttrMemoryPoolsSupported ? f.has_pools : f.generation;
    return result(__func__);
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total) {
    *total = f.room < (size_t)1 << 30 ? f.room : (size_t)1 << 30;
    *free = *total > f.bytes ? *total - f.bytes : 0;
    return result(__func__);
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t *pool, const cudaMemPoolProps *) {
    const cudaError_t error = result(__func__);
    if (error == cudaSuccess) {
        *pool = reinterpret_cast<cudaMemPool_t>(malloc(1));
        f.pools++;
    }
    return error;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr attribute, void *) {
    if (attribute == cudaMemPoolAttrUsedMemHigh)
        f.most_bytes = f.bytes;
    return result(__func__);
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr attribute, void *value) {
    const uint64_t bytes = attribute == cudaMemPoolAttrUsedMemHigh ? f.most_bytes : f.bytes;
    memcpy(value, &bytes, sizeof bytes);
    return result(__func__);
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
    free(pool);
    f.pools--;
    return result(__func__);
}

/* Memory in the stream's order: it is there from the call on, and may be taken by the next one. */
cudaError_t cudaMallocFromPoolAsync(void **memory, size_t size, cudaMemPool_t, cudaStream_t) {
    return cudaMalloc(memory, size);
}

cudaError_t cudaFreeAsync(void *memory, cudaStream_t stream) {
    f.bytes -= f.blocks.at((char *)memory);
    fake_queue(
        stream, [=] { give_back(memory); }, true);
    return result(__func__);
}

cudaError_t cudaMallocHost(void **memory, size_t size) {
    cudaError_t error = result(__func__);
    if (error == cudaSuccess) {
        *memory = malloc(size);
        f.pinned.insert(*memory);
    }
    return error;
}

cudaError_t cudaFreeHost(void *memory) {
    f.pinned.erase(memory);
    free(memory);
    return result(__func__);
}

cudaError_t cudaMemsetAsync(void *memory, int value, size_t size, cudaStream_t stream) {
    cudaError_t error = result(__func__);
    if (error == cudaSuccess)
        fake_queue(stream, [=] { memset(memory, value, size); });
    return error;
}

/* Memory of the host, too, is read or written when the copy runs, pinned or not. */
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size, cudaMemcpyKind, cudaStream_t stream) {
    cudaError_t error = result(__func__);
    f.copied += size;
    if (error == cudaSuccess)
        fake_queue(stream, [=] { memcpy(to, from, size); });
    return error;
}
}
