/* Rankings drawn by the cuda backend, run on the host: the bits of the cpu backend for every length and
 * size, in 20 orders of threads; failures told and nothing kept. */
#include "support.h"

#include "backends/backend.h"
#include "each_failure.h"
#include "fake_runtime.h"

enum { PROMPTS = 3, ANSWERS = 50, MOST = 4097 };

static void expect_equal(uint32_t answers, uint32_t length, uint64_t first, uint64_t count) {
    myr_context *context = new_context();
    double rewards[PROMPTS * ANSWERS];
    for (int n = 0; n < PROMPTS * ANSWERS; n++)
        rewards[n] = 3.0 * sin(1.7 * n);
    const myr_ranking_draw draw = {fresh_seed(), first, count, PROMPTS, answers, length, rewards, 1, 0};
    const size_t bytes = count * length * sizeof(uint32_t);
    uint32_t *cpu = malloc(bytes), *cuda = malloc(bytes);
    memset(cuda, 0xff, bytes);
    REQUIRE_OK(context, myr_backend_cpu.simulate(context, &draw, cpu));
    REQUIRE_OK(context, myr_backend_cuda.simulate(context, &draw, cuda));
    cr_expect_eq(memcmp(cpu, cuda, bytes), 0, "%u of %u, %llu from %llu on", length, answers,
                 (unsigned long long)count, (unsigned long long)first);
    cr_expect_eq(fake_live(), 0);
    free(cpu);
    free(cuda);
    myr_context_destroy(context);
}

Test(simulate_on_host, give_the_bits_of_the_cpu) {
    static const uint64_t ragged[] = {1, 31, 32, 33, 63, 64, 65, MOST};
    fake_machine(1, CUDART_VERSION);
    for (int n = 0; n < 8; n++)
        for (uint32_t length = 2; length <= MYR_MAX_SIMULATED;
             length = length < 6 ? length + 1 : length + 13)
            expect_equal(ANSWERS, length, n % 2 ? UINT64_C(0xfffffff0) : 7, ragged[n]);
    expect_equal(2, 2, 0, MOST);
    expect_equal(MYR_MAX_SIMULATED, MYR_MAX_SIMULATED, 0, 500);
    expect_equal(40, MYR_MAX_SIMULATED, 3, 33000); /* more than a batch */
}

Test(simulate_on_host, twenty_orders_give_the_same_bits) {
    static const uint64_t ragged[] = {1, 31, 33, 4095};
    fake_machine(1, CUDART_VERSION);
    for (uint64_t order = 0; order < 20; order++) {
        device_on_host_seed(order);
        expect_equal(ANSWERS, 7, 5, ragged[order % 4]);
        expect_equal(ANSWERS, MYR_MAX_SIMULATED, 5, 257);
    }
}

static myr_status draw_again(myr_context *context, void *user) {
    uint32_t rankings[200];
    return myr_backend_cuda.simulate(context, user, rankings);
}

/* Each call of the runtime may fail: one line, and all memory and streams given back. */
Test(simulate_on_host, failures_are_told_and_nothing_is_kept) {
    static const char *const functions[] = {"cudaMalloc", "cudaMemcpyAsync", "cudaStreamSynchronize",
                                            "launch"};
    static const double rewards[] = {0.0, 1.0};
    myr_ranking_draw draw = {1, 0, 100, 1, 2, 2, rewards, 1, 0};
    myr_context *context = new_context();
    expect_failures_of(functions, 4, draw_again, &draw);
    myr_context_destroy(context);
}
