/* The host as a device: what is right runs right, and each detector finds its planted fault and names the
 * place. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_runtime.h"
#include "planted_kernels.h"

static void *reserve(size_t bytes) {
    void *memory = NULL;
    cr_assert_eq(cudaMalloc(&memory, bytes), cudaSuccess);
    return memory;
}

Test(device_on_host, any_block_size_and_order_sums_right) {
    const int sizes[] = {1, 2, 31, 32, 33, 63, 64, 65, 255, 256, 1000, 1024};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            int *out = reserve(3 * sizeof(int)), *votes = reserve(3 * sizeof(int));
            device_on_host_seed(seed);
            cr_assert_eq(planted_sum(3, sizes[s], out, votes), cudaSuccess);
            for (int b = 0; b < 3; b++) {
                int n = sizes[s], sum = 7 * n * (n - 1) / 2 + b * n;
                cr_expect_eq(out[b], sum, "%d threads, block %d: %d, not %d", n, b, out[b], sum);
                int odd = b % 2 ? (n + 1) / 2 : n / 2; /* 7 t + b is odd where t + b is */
                cr_expect_eq(votes[b], odd, "%d threads, block %d: %d votes, not %d", n, b, votes[b], odd);
            }
            cudaFree(out);
            cudaFree(votes);
        }
    }
}

/* Runs one of the faulty kernels in a child, and returns what it wrote before it was stopped. */
static char said[65536];
static const char *stopped_by(void (*run)(void)) {
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        run();
        _exit(0);
    }
    close(ends[1]);
    size_t size = 0;
    for (ssize_t got; (got = read(ends[0], said + size, sizeof said - 1 - size)) > 0; size += (size_t)got)
        ;
    said[size] = '\0';
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "not stopped (status %d): %s", status,
              said);
    return said;
}

static void expect_stop(void (*run)(void), const char *what, const char *where) {
    const char *text = stopped_by(run);
    cr_expect(strstr(text, what), "expected '%s' in: %s", what, text);
    cr_expect(strstr(text, where), "expected '%s' in: %s", where, text);
}

static void run_left_barrier(void) {
    planted_left_barrier(64);
}
static void run_other_barrier(void) {
    planted_other_barrier(64);
}
static void run_left_lane(void) {
    planted_left_lane(32);
}
static void run_missing_lane(void) {
    planted_missing_lane(31);
}
static void run_stray_lane(void) {
    planted_stray_lane(32);
}
static void run_outside_lane(void) {
    planted_outside_lane(32);
}
static void run_unaligned_load(void) {
    float *memory = reserve(64);
    planted_unaligned_load(memory, memory);
}
static void run_unaligned_store(void) {
    planted_unaligned_store(reserve(64));
}
static void run_overrun(void) {
    planted_overrun(reserve(100 * sizeof(int)), 100);
}
static void run_shared_overrun(void) {
    planted_shared_overrun(32);
}
static void write_guard(void) {
    /* As a kernel would that no sanitizer sees. */
    char *memory = reserve(100);
    void (*volatile run)(const char *) = fake_check_guards;
    fake_overwrite(memory + 100);
    run("unseen");
}

Test(device_on_host, a_barrier_that_a_thread_never_reaches_stops_the_run) {
    expect_stop(run_left_barrier, "barrier that not all threads reach: this one has left",
                "kernel left_barrier, block (0, 0, 0), thread (5, 0, 0)");
    expect_stop(run_other_barrier, "barrier that not all threads reach: this one waits at another",
                "kernel other_barrier, block (0, 0, 0), thread (32, 0, 0)");
}

Test(device_on_host, a_shuffle_with_a_lane_that_is_not_there_stops_the_run) {
    expect_stop(run_left_lane, "shuffle from a lane that has left",
                "kernel left_lane, block (0, 0, 0), thread (");
    expect_stop(run_missing_lane, "shuffle from a lane that does not exist",
                "kernel missing_lane, block (0, 0, 0), thread (");
    expect_stop(run_stray_lane, "shuffle that not all lanes of its mask reach",
                "kernel stray_lane, block (0, 0, 0), thread (0, 0, 0)");
    expect_stop(run_outside_lane, "shuffle from a lane that takes no part in it",
                "kernel outside_lane, block (0, 0, 0), thread (");
}

Test(device_on_host, an_unaligned_vector_access_stops_the_run) {
    expect_stop(run_unaligned_load, "unaligned vector access",
                "kernel unaligned_load, block (0, 0, 0), thread (1, 0, 0)");
    expect_stop(run_unaligned_store, "misaligned address",
                "kernel unaligned_store, block (0, 0, 0), thread (1, 0, 0)");
}

Test(device_on_host, an_access_outside_a_buffer_stops_the_run) {
    expect_stop(run_overrun, "AddressSanitizer", "kernel overrun, block (0, 0, 0), thread (100, 0, 0)");
    expect_stop(run_shared_overrun, "AddressSanitizer",
                "kernel shared_overrun, block (0, 0, 0), thread (0, 0, 0)");
    expect_stop(write_guard, "kernel unseen wrote outside a buffer of 100 bytes", "");
}

Test(device_on_host, shared_memory_is_poisoned_for_every_block) {
    float *out = reserve(32 * sizeof *out);
    for (int run = 0; run < 2; run++) {
        memset(out, 0, 32 * sizeof *out);
        cr_assert_eq(planted_unset_shared(out), cudaSuccess);
        for (int t = 0; t < 32; t++)
            cr_expect(isnan(out[t]), "thread %d of run %d: %g", t, run, (double)out[t]);
    }
    cudaFree(out);
}

/* As numbers of either size: NaN. */
Test(device_on_host, device_memory_is_poisoned) {
    enum { COUNT = 33 };
    double *memory = reserve(COUNT * sizeof *memory);
    float halves[2];
    for (int n = 0; n < COUNT; n++) {
        memcpy(halves, &memory[n], sizeof halves);
        cr_expect(isnan(memory[n]) && isnan(halves[0]) && isnan(halves[1]), "%d: %g", n, memory[n]);
    }
    cudaFree(memory);
}

Test(device_on_host, twenty_orders_find_a_race) {
    int first[64], differing = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        int *out = reserve(sizeof first);
        device_on_host_seed(seed);
        cr_assert_eq(planted_race(64, out), cudaSuccess);
        if (seed == 0)
            memcpy(first, out, sizeof first);
        differing += memcmp(first, out, sizeof first) != 0;
        cudaFree(out);
    }
    cr_expect_gt(differing, 0);
}

Test(device_on_host, a_launch_that_no_device_would_take_fails) {
    int *out = reserve(sizeof *out);
    cr_expect_eq(planted_sum(1, 1025, out, out), cudaErrorInvalidConfiguration);
    cr_expect_eq(planted_sum(0, 32, out, out), cudaErrorInvalidConfiguration);
    cudaFree(out);
}

/* Streams: what is queued is done late, or early, in any order that nothing forbids. */
static cudaStream_t new_stream(void) {
    cudaStream_t stream = NULL;
    cr_assert_eq(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    return stream;
}

static cudaEvent_t new_event(void) {
    cudaEvent_t event = NULL;
    cr_assert_eq(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
    return event;
}

/* How often in 20 orders a copy took what its source became after the call. */
static int copied_later(bool waits) {
    const cudaStream_t stream = new_stream();
    const cudaEvent_t event = new_event();
    int *to = reserve(sizeof *to), later = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        int from = 1;
        device_on_host_seed(seed);
        cudaMemcpyAsync(to, &from, sizeof from, cudaMemcpyHostToDevice, stream);
        cudaEventRecord(event, stream);
        if (waits)
            cudaEventSynchronize(event);
        from = 2;
        cudaStreamSynchronize(stream);
        later += *to == 2;
    }
    cudaFree(to);
    cudaEventDestroy(event);
    cudaStreamDestroy(stream);
    cr_expect_eq(fake_live(), 0);
    return later;
}

Test(device_on_host, a_buffer_used_again_too_early_shows) {
    const int later = copied_later(false);
    cr_expect(later > 0 && later < 20, "%d of 20", later); /* or else nothing is ever done early */
    cr_expect_eq(copied_later(true), 0);
}

/* How often in 20 orders one stream's number was there when another stream copied it. */
static int seen_by_other(bool waits) {
    enum { NUMBER = 7 };
    const int number = NUMBER;
    const cudaStream_t makes = new_stream(), takes = new_stream();
    const cudaEvent_t made = new_event();
    int seen = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        int *between = reserve(sizeof *between), *to = reserve(sizeof *to);
        device_on_host_seed(seed);
        cudaMemcpyAsync(between, &number, sizeof number, cudaMemcpyHostToDevice, makes);
        cudaEventRecord(made, makes);
        if (waits)
            cudaStreamWaitEvent(takes, made, 0);
        cudaMemcpyAsync(to, between, sizeof number, cudaMemcpyDeviceToDevice, takes);
        cudaStreamSynchronize(takes);
        seen += *to == NUMBER;
        cudaFree(between);
        cudaFree(to);
    }
    cudaEventDestroy(made);
    cudaStreamDestroy(makes);
    cudaStreamDestroy(takes);
    cr_expect_eq(fake_live(), 0);
    return seen;
}

Test(device_on_host, a_missing_wait_between_streams_shows) {
    const int seen = seen_by_other(false);
    cr_expect(seen > 0 && seen < 20, "%d of 20", seen);
    cr_expect_eq(seen_by_other(true), 20);
}

static void run_freed_source(void) {
    const cudaStream_t stream = new_stream();
    char *to = reserve(100);
    for (uint64_t seed = 0; seed < 20; seed++) {
        char *from = calloc(100, 1);
        device_on_host_seed(seed);
        cudaMemcpyAsync(to, from, 100, cudaMemcpyHostToDevice, stream);
        free(from);
        cudaStreamSynchronize(stream);
    }
}

static void run_freed_pinned(void) {
    const cudaStream_t stream = new_stream();
    char *to = reserve(100);
    for (uint64_t seed = 0; seed < 20; seed++) {
        void *from = NULL;
        cudaMallocHost(&from, 100);
        device_on_host_seed(seed);
        cudaMemcpyAsync(to, from, 100, cudaMemcpyHostToDevice, stream);
        cudaFreeHost(from);
        fake_live();
    }
}

static void run_freed_in_order(void) {
    const cudaStream_t stream = new_stream();
    void *memory = NULL;
    cudaMallocFromPoolAsync(&memory, 100, NULL, stream);
    cudaFreeAsync(memory, stream);
    cudaMemsetAsync(memory, 0, 100, stream);
    cudaStreamSynchronize(stream);
}

static void run_gone_stream(void) {
    const cudaStream_t stream = new_stream();
    cudaStreamDestroy(stream);
    cudaStreamSynchronize(stream);
}

Test(device_on_host, memory_let_go_before_its_copy_stops_the_run) {
    expect_stop(run_freed_source, "AddressSanitizer: heap-use-after-free", "");
    expect_stop(run_freed_pinned, "AddressSanitizer: heap-use-after-free", "");
    expect_stop(run_freed_in_order, "AddressSanitizer: heap-use-after-free", "");
    expect_stop(run_gone_stream, "a stream that is not there", "");
}

/* As of a device that has failed: nothing more is sure to be done, but memory comes back. */
Test(device_on_host, a_wait_that_fails_loses_what_was_queued) {
    int lost = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        const cudaStream_t stream = new_stream();
        void *memory = NULL;
        char *to = reserve(1);
        fake_machine(1, CUDART_VERSION);
        device_on_host_seed(seed);
        cudaMallocFromPoolAsync(&memory, 1, NULL, stream);
        cudaMemsetAsync(to, 0, 1, stream);
        cudaFreeAsync(memory, stream);
        fake_failure("cudaStreamSynchronize", 1, cudaErrorLaunchFailure);
        cr_expect_eq(cudaStreamSynchronize(stream), cudaErrorLaunchFailure);
        fake_machine(1, CUDART_VERSION);
        lost += *to != 0;
        cudaStreamDestroy(stream);
        cudaFree(to);
        cr_expect_eq(fake_live(), 0);
    }
    cr_expect_gt(lost, 0);
}
