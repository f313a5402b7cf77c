#include "device_on_host.h"

#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <vector>

#include "fake_runtime.h"
#include "fake_streams.h"
#include "stacks.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

/* The section of static shared memory; absent from a program without any. */
extern "C" char __start_myr_shared[] __attribute__((weak)), __stop_myr_shared[] __attribute__((weak));

namespace device_on_host {
namespace {

enum class state { ready, at_barrier, at_exchange, returned };

struct fiber {
    place here; /* where it stopped */
    char *stack;
    void *fake_stack; /* AddressSanitizer's own */
    state now;
    const char *file; /* of the barrier */
    int line;
    exchange kind;
    unsigned mask;
    uint64_t brought, received;
    int argument, width;
};

constexpr size_t stack_bytes = 256 << 10, page = 4096;

/* One launch at a time runs, on one thread of the host. */
struct machine {
    std::vector<fiber> fibers;
    std::vector<size_t> ready;
    unsigned threads = 0, current = 0;
    const char *kernel = nullptr; /* null between launches */
    const std::function<void()> *thread = nullptr;
    place scheduler;
    void *scheduler_fake_stack = nullptr;
    const void *scheduler_bottom = nullptr;
    size_t scheduler_size = 0;
    uint64_t random = 1;
} m;

void set_thread(unsigned t) {
    m.current = t;
    threadIdx.x = t % blockDim.x;
    threadIdx.y = t / blockDim.x % blockDim.y;
    threadIdx.z = t / blockDim.x / blockDim.y;
}

/* Whoever has stopped the process, a detector below or a sanitizer, has said what; this says where. */
void say_where(int) {
    if (m.kernel)
        fprintf(stderr, "kernel %s, block (%u, %u, %u), thread (%u, %u, %u)\n", m.kernel, blockIdx.x,
                blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
}

[[noreturn]] void stop_at(unsigned t, const char *what) {
    set_thread(t);
    stop(what);
}

void to_scheduler() {
    fiber &self = m.fibers[m.current];
    const bool leaves = self.now == state::returned;
    __sanitizer_start_switch_fiber(leaves ? nullptr : &self.fake_stack, m.scheduler_bottom,
                                   m.scheduler_size);
    switch_places(self.here, m.scheduler);
    __sanitizer_finish_switch_fiber(self.fake_stack, &m.scheduler_bottom, &m.scheduler_size);
}

void to_fiber(unsigned t) {
    set_thread(t);
    fiber &next = m.fibers[t];
    __sanitizer_start_switch_fiber(&m.scheduler_fake_stack, next.stack, stack_bytes);
    switch_places(m.scheduler, next.here);
    __sanitizer_finish_switch_fiber(m.scheduler_fake_stack, nullptr, nullptr);
}

void fiber_main() {
    __sanitizer_finish_switch_fiber(nullptr, &m.scheduler_bottom, &m.scheduler_size);
    (*m.thread)();
    m.fibers[m.current].now = state::returned;
    to_scheduler();
}

/* A stack with a page below it that must not be touched. */
char *new_stack() {
    char *memory = (char *)mmap(nullptr, page + stack_bytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, page, PROT_NONE) != 0)
        abort();
    return memory + page;
}

void prepare_fibers() {
    while (m.fibers.size() < m.threads) {
        m.fibers.emplace_back();
        m.fibers.back().stack = new_stack();
    }
    m.ready.clear();
    for (unsigned t = 0; t < m.threads; t++) {
        fiber &f = m.fibers[t];
        start_at(f.here, f.stack, stack_bytes, fiber_main);
        f.fake_stack = nullptr;
        f.now = state::ready;
        m.ready.push_back(t);
    }
}

/* Shared memory holds nothing that can be relied on: not even between the variables, where AddressSanitizer
 * keeps its guard zones; hence the loop that it does not see. */
__attribute__((no_sanitize("address"))) void poison_shared() {
    for (volatile char *byte = __start_myr_shared; byte != __stop_myr_shared; byte++)
        *byte = (char)0xff;
}

void set_ready(unsigned t) {
    m.fibers[t].now = state::ready;
    m.ready.push_back(t);
}

unsigned warp_end(unsigned first) {
    return first + 32 < m.threads ? first + 32 : m.threads;
}

/* The lane that lane reads in a shuffle; its own where the shuffle points outside. */
unsigned source_lane(const fiber &f, unsigned lane) {
    const int width = f.width, begin = (int)lane / width * width, own = (int)lane - begin;
    int from = own;
    if (f.kind == exchange::shuffle)
        from = f.argument & (width - 1);
    else if (f.kind == exchange::shuffle_up && own >= f.argument)
        from = own - f.argument;
    else if (f.kind == exchange::shuffle_down && own + f.argument < width)
        from = own + f.argument;
    else if (f.kind == exchange::shuffle_xor && (own ^ f.argument) < width)
        from = own ^ f.argument;
    return (unsigned)(begin + from);
}

/* All lanes of the mask wait: each gets its share and goes on. */
void complete(unsigned warp, unsigned mask) {
    uint64_t votes = 0;
    for (unsigned lane = 0; lane < 32; lane++)
        if (mask >> lane & 1)
            votes |= (m.fibers[warp + lane].brought & 1) << lane;
    for (unsigned lane = 0; lane < 32; lane++) {
        if (!(mask >> lane & 1))
            continue;
        fiber &f = m.fibers[warp + lane];
        const unsigned from = source_lane(f, lane);
        switch (f.kind) {
            case exchange::ballot:
                f.received = votes;
                break;
            case exchange::any:
                f.received = votes != 0;
                break;
            case exchange::all:
                f.received = votes == mask;
                break;
            case exchange::sync:
                break;
            default:
                if (!(mask >> from & 1))
                    stop_at(warp + lane, "shuffle from a lane that takes no part in it");
                f.received = m.fibers[warp + from].brought;
        }
    }
    for (unsigned lane = 0; lane < 32; lane++)
        if (mask >> lane & 1)
            set_ready(warp + lane);
}

/* Nobody can run. Either all wait at one barrier, or something is wrong. */
void release_barrier() {
    unsigned waiting = m.threads;
    for (unsigned t = 0; t < m.threads; t++) {
        const fiber &f = m.fibers[t];
        if (f.now == state::at_exchange) {
            const unsigned warp = t / 32 * 32;
            for (unsigned other = warp; other < warp_end(warp); other++)
                if (f.mask >> (other - warp) & 1 && m.fibers[other].now == state::returned)
                    stop_at(t, "shuffle from a lane that has left");
            stop_at(t, "shuffle that not all lanes of its mask reach");
        }
        if (f.now == state::at_barrier && waiting == m.threads)
            waiting = t;
    }
    for (unsigned t = 0; t < m.threads; t++) {
        if (m.fibers[t].now != state::at_barrier)
            stop_at(t, "barrier that not all threads reach: this one has left");
        if (m.fibers[t].line != m.fibers[waiting].line ||
            strcmp(m.fibers[t].file, m.fibers[waiting].file) != 0)
            stop_at(t, "barrier that not all threads reach: this one waits at another");
    }
    for (unsigned t = 0; t < m.threads; t++)
        set_ready(t);
}

bool all_returned() {
    for (unsigned t = 0; t < m.threads; t++)
        if (m.fibers[t].now != state::returned)
            return false;
    return true;
}

void run_block(const std::function<void()> &before_block) {
    poison_shared();
    if (before_block)
        before_block();
    prepare_fibers();
    while (!all_returned()) {
        if (m.ready.empty())
            release_barrier();
        while (!m.ready.empty()) {
            const size_t chosen = random_below(m.ready.size());
            const size_t t = m.ready[chosen];
            m.ready[chosen] = m.ready.back();
            m.ready.pop_back();
            to_fiber((unsigned)t);
        }
    }
}

}  // namespace

size_t random_below(size_t bound) {
    return (size_t)(mixed(m.random += UINT64_C(0x9e3779b97f4a7c15)) % bound);
}

void stop(const char *what) {
    fprintf(stderr, "%s\n", what);
    abort();
}

void barrier(const char *file, int line) {
    fiber &self = m.fibers[m.current];
    self.now = state::at_barrier;
    self.file = file;
    self.line = line;
    to_scheduler();
}

uint64_t meet(exchange kind, unsigned mask, uint64_t brought, int argument, int width) {
    const unsigned t = m.current, warp = t / 32 * 32;
    fiber &self = m.fibers[t];
    if (!(mask >> (t - warp) & 1))
        stop("shuffle whose mask leaves out the lane itself");
    self.now = state::at_exchange;
    self.kind = kind;
    self.mask = mask;
    self.brought = brought;
    self.argument = argument;
    self.width = width;
    bool everyone = true;
    for (unsigned lane = 0; lane < 32; lane++) {
        if (!(mask >> lane & 1))
            continue;
        if (warp + lane >= m.threads)
            stop("shuffle from a lane that does not exist");
        const fiber &other = m.fibers[warp + lane];
        if (other.now == state::returned)
            stop("shuffle from a lane that has left");
        everyone = everyone && other.now == state::at_exchange && other.mask == mask && other.kind == kind;
    }
    if (everyone)
        complete(warp, mask);
    to_scheduler();
    return m.fibers[t].received;
}

/* All blocks of a launch. */
static void run_kernel(const char *kernel, dim3 grid, dim3 block, const std::function<void()> &thread,
                       const std::function<void()> &before_block) {
    const auto before = signal(SIGABRT, say_where);
    m.kernel = kernel;
    m.thread = &thread;
    m.threads = block.x * block.y * block.z;
    gridDim = grid;
    blockDim = block;
    std::vector<size_t> order;
    for (size_t b = 0; b < (size_t)grid.x * grid.y * grid.z; b++)
        order.push_back(b);
    while (!order.empty()) {
        const size_t chosen = random_below(order.size()), b = order[chosen];
        order[chosen] = order.back();
        order.pop_back();
        blockIdx.x = (unsigned)(b % grid.x);
        blockIdx.y = (unsigned)(b / grid.x % grid.y);
        blockIdx.z = (unsigned)(b / grid.x / grid.y);
        run_block(before_block);
    }
    m.kernel = nullptr;
    signal(SIGABRT, before);
    fake_check_guards(kernel);
}

cudaError_t run(const char *kernel, dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
                std::function<void()> thread, std::function<void()> before_block) {
    cudaError_t fault = fake_fault("launch");
    if (fault != cudaSuccess)
        return fault;
    const size_t threads = (size_t)block.x * block.y * block.z;
    const size_t blocks = (size_t)grid.x * grid.y * grid.z;
    if (threads < 1 || threads > 1024 || blocks < 1 || grid.y > 65535 || grid.z > 65535 ||
        shared_bytes != 0)
        return cudaErrorInvalidConfiguration;
    fake_queue(stream, [=] { run_kernel(kernel, grid, block, thread, before_block); });
    return cudaSuccess;
}

}  // namespace device_on_host

/* Sanitizers end the process as the detectors do. */
extern "C" const char *__asan_default_options() {
    return "abort_on_error=1:detect_stack_use_after_return=0";
}
extern "C" const char *__ubsan_default_options() {
    return "abort_on_error=1:print_stacktrace=1";
}

extern "C" void device_on_host_seed(uint64_t seed) {
    device_on_host::m.random = seed;
}
