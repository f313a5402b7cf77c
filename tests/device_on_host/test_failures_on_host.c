/* Failures of the GPU in the reductions over tokens, with their kernels run on the host: each call of the
 * runtime fails once; one line and its status, and nothing is kept. (Those of runs: test_cuda_on_host.c; of
 * the other reductions: the suites of their names.) */
#include <criterion/criterion.h>

#include "fake_runtime.h"
#include "support.h"
#include "verify/gradient_problem.h"

enum { MOST_CALLS = 400 };

static void run_with(myr_context *context, myr_gradient_problem *p, const char *function, cudaError_t error,
                     myr_status expected) {
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = "cuda";
    int failed = 0;
    for (int call = 1; call < MOST_CALLS; call++) {
        fake_machine(1, CUDART_VERSION);
        fake_failure(function, call, error);
        myr_status status = p->run(context, p, &options);
        fake_machine(1, CUDART_VERSION);
        cr_assert_eq(fake_live(), 0, "%s, call %d: %d left over", function, call, fake_live());
        if (status == MYR_OK)
            break;
        failed++;
        cr_assert_eq(status, expected, "%s, call %d: %s", function, call, myr_context_error(context));
        cr_assert_null(strchr(myr_context_error(context), '\n'));
        cr_assert(strstr(myr_context_error(context), "GPU"), "%s", myr_context_error(context));
    }
    cr_assert(failed > 0 && failed < MOST_CALLS - 1, "%s failed %d times", function, failed);
}

static void expect_failures(myr_status (*make)(myr_context *, uint64_t, myr_gradient_problem *),
                            bool products) {
    static const char *const functions[] = {"launch", "cudaMemcpyAsync", "cudaStreamSynchronize",
                                            "cudaStreamCreateWithFlags"};
    myr_context *context = new_context();
    myr_gradient_problem p;
    REQUIRE_OK(context, make(context, 7, &p));
    run_with(context, &p, "cudaMalloc", cudaErrorMemoryAllocation, MYR_OUT_OF_MEMORY);
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
        run_with(context, &p, functions[f], cudaErrorLaunchFailure, MYR_DEVICE_ERROR);
    if (products)
        run_with(context, &p, "products", cudaErrorLaunchFailure, MYR_DEVICE_ERROR);
    free(p.data);
    myr_context_destroy(context);
}

Test(failures_on_host, of_tokens) {
    expect_failures(myr_tokens_problem, false);
}
Test(failures_on_host, of_the_last_layer) {
    expect_failures(myr_head_problem, true);
}
Test(failures_on_host, of_rlvr) {
    expect_failures(myr_rlvr_problem, false);
}
