#include "ptx.h"

#include "launch.h"

#include <dlfcn.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <map>
#include <memory>
#include <set>
#include <string>

namespace ptx_on_host {
namespace {

std::map<std::string, const kernel *> &kernels() {
    static std::map<std::string, const kernel *> all;
    return all;
}

/* Addresses of shared memory have 32 bits. */
constexpr size_t most_shared = 1 << 20;
char *shared_memory() {
    static char *memory = nullptr;
    if (!memory) {
        memory = (char *)mmap(nullptr, most_shared, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        if (memory == MAP_FAILED)
            device_on_host::stop("no memory below 4 GiB");
    }
    return memory;
}

/* All bits set, NaNs, in the variables; nothing to be touched between them. */
void poison(const kernel *k) {
    char *shared = shared_memory();
    ASAN_UNPOISON_MEMORY_REGION(shared, most_shared);
    memset(shared, 0xff, k->shared_bytes + 64);
    ASAN_POISON_MEMORY_REGION(shared, most_shared);
    for (size_t n = 0; n < k->shared_count; n++)
        ASAN_UNPOISON_MEMORY_REGION(shared + k->shared[n].at, k->shared[n].size);
}

/* -1 … 1, at random, but the same for the same value, as a processor has it. */
double random_share(double value) {
    return (double)(int64_t)device_on_host::mixed(bits<uint64_t>(value) + UINT64_C(0x9e3779b97f4a7c15)) *
           0x1p-63;
}

/* Kernels that have run, and at the end of the process a line each for who counts them, in the file that PTX_LAUNCHED names. */
struct journal {
    std::set<std::string> launched;
    ~journal() {
        const char *path = getenv("PTX_LAUNCHED");
        FILE *file = path ? fopen(path, "a") : nullptr;
        if (!file)
            return;
        for (const auto &name : launched)
            fprintf(file, "%s\n", name.c_str());
        fclose(file);
    }
} done;

}  // namespace

registration::registration(const char *source, const kernel *listed, size_t count) {
    for (size_t n = 0; n < count; n++)
        kernels()[std::string(source) + " " + listed[n].name] = &listed[n];
}

void aligned(uint64_t at, size_t size) {
    if (at % size != 0)
        device_on_host::stop("misaligned address");
}

uint64_t load_bytes(uint64_t from, size_t size) {
    aligned(from, size);
    switch (size) {
        case 1:
            return *reinterpret_cast<const volatile uint8_t *>(from);
        case 2:
            return *reinterpret_cast<const volatile uint16_t *>(from);
        case 4:
            return *reinterpret_cast<const volatile uint32_t *>(from);
        default:
            return *reinterpret_cast<const volatile uint64_t *>(from);
    }
}

void store_bytes(uint64_t to, size_t size, uint64_t given) {
    aligned(to, size);
    switch (size) {
        case 1:
            *reinterpret_cast<volatile uint8_t *>(to) = (uint8_t)given;
            break;
        case 2:
            *reinterpret_cast<volatile uint16_t *>(to) = (uint16_t)given;
            break;
        case 4:
            *reinterpret_cast<volatile uint32_t *>(to) = (uint32_t)given;
            break;
        default:
            *reinterpret_cast<volatile uint64_t *>(to) = given;
    }
}

float approximate(double exact, double relative, double absolute) {
    const double most = relative * fabs(exact) + absolute;
    const float moved = (float)(exact + random_share(exact) * most);
    return fabs((double)moved - exact) <= most ? moved : (float)exact;
}

/* "…/NAME.cu", and any other: NAME. */
static std::string base_of(const char *source) {
    std::string base(source);
    base = base.substr(base.rfind('/') + 1);
    return base.substr(0, base.find('.'));
}

cudaError_t run(const char *source, const char *name, dim3 grid, dim3 block, size_t shared_bytes,
                cudaStream_t stream, const packed &parameters) {
    static const char *mutant = getenv("PTX_MUTANT"); /* takes a kernel's place in the list: see mutate */
    if (mutant && !dlopen(mutant, RTLD_NOW | RTLD_GLOBAL))
        device_on_host::stop(dlerror());
    mutant = nullptr;
    const std::string key = base_of(source) + " " + name;
    const auto found = kernels().find(key);
    if (found == kernels().end()) {
        fprintf(stderr, "no kernel %s\n", key.c_str());
        device_on_host::stop("a kernel that nvcc did not make");
    }
    const kernel *k = found->second;
    if (k->parameter_bytes != parameters.size) {
        fprintf(stderr, "%s: %zu bytes of parameters, not %zu\n", name, k->parameter_bytes,
                parameters.size);
        device_on_host::stop("parameters of another size");
    }
    done.launched.insert(key);
    const uint64_t shared = reinterpret_cast<uint64_t>(shared_memory());
    const auto kept = std::make_shared<const packed>(parameters);
    return device_on_host::run(
        name, grid, block, shared_bytes, stream,
        [=] { k->run(reinterpret_cast<uint64_t>(kept->bytes), shared); }, [=] { poison(k); });
}

}  // namespace ptx_on_host
