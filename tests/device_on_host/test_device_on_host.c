/* The host as a device: what is right runs right, and each detector finds its planted fault and names the
 * place. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
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
