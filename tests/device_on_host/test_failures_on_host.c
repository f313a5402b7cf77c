/* Failures of the GPU in the reductions over tokens, with their kernels run on the host: each call of the
 * runtime fails once; one line and its status, and nothing is kept. (Those of runs: test_cuda_on_host.c; of
 * the other reductions: the suites of their names.) */
#include <criterion/criterion.h>

#include "each_failure.h"
#include "support.h"
#include "verify/gradient_problem.h"

static myr_status run_problem(myr_context *context, void *user) {
    myr_gradient_problem *p = user;
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = "cuda";
    return p->run(context, p, &options);
}

static void expect_failures(myr_status (*make)(myr_context *, uint64_t, myr_gradient_problem *),
                            bool products) {
    static const char *const functions[] = {
        "cudaMalloc", "launch", "cudaMemcpyAsync", "cudaStreamSynchronize", "cudaStreamCreateWithFlags",
        "products"};
    myr_context *context = new_context();
    myr_gradient_problem p;
    REQUIRE_OK(context, make(context, 7, &p));
    expect_failures_of(functions, products ? 6 : 5, run_problem, &p);
    free(p.data);
    myr_context_destroy(context);
}

Test(failures_on_host, of_tokens) {
    expect_failures(myr_tokens_problem, false);
}
Test(failures_on_host, of_the_last_layer) {
    expect_failures(myr_head_problem, true);
}
Test(failures_on_host, of_the_last_layer_in_16_bits) {
    expect_failures(myr_head_f16_problem, true);
}
Test(failures_on_host, of_rlvr) {
    expect_failures(myr_rlvr_problem, false);
}
