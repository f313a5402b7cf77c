/* Failures of the GPU: each call of the runtime fails once. */
#ifndef MYRIAD_EACH_FAILURE_H
#define MYRIAD_EACH_FAILURE_H

#include <criterion/criterion.h>

#include "fake_runtime.h"
#include "support.h"

/* What is done on the GPU, in that context. */
typedef myr_status gpu_work(myr_context *context, void *user);

/* Each call of the function fails in turn with the error: the work says so in one line that names the GPU
 * and with its status, and gives back all memory and streams. */
static inline void expect_each_failure(const char *function, cudaError_t error, gpu_work *work,
                                       void *user) {
    enum { most_calls = 400 };
    const myr_status expected = error == cudaErrorMemoryAllocation ? MYR_OUT_OF_MEMORY : MYR_DEVICE_ERROR;
    const int rooms = fake_rooms(); /* of other contexts */
    int failed = 0;
    for (int call = 1; call < most_calls; call++) {
        myr_context *context = new_context(); /* which starts the device anew */
        fake_machine(1, CUDART_VERSION);
        fake_failure(function, call, error);
        const myr_status status = work(context, user);
        fake_machine(1, CUDART_VERSION);
        cr_assert_eq(fake_live(), 0, "%s, call %d: %d left over", function, call, fake_live());
        if (status != MYR_OK) {
            cr_assert_eq(status, expected, "%s, call %d: %s", function, call, myr_context_error(context));
            cr_assert_null(strchr(myr_context_error(context), '\n'));
            cr_assert(strstr(myr_context_error(context), "GPU"), "%s", myr_context_error(context));
        }
        myr_context_destroy(context);
        cr_assert_eq(fake_rooms(), rooms, "%s, call %d: %d rooms left over", function, call,
                     fake_rooms() - rooms);
        if (status == MYR_OK)
            break;
        failed++;
    }
    cr_assert(failed > 0 && failed < most_calls - 1, "%s failed %d times", function, failed);
}

/* The same for several functions: memory runs out, everything else fails to launch. */
static inline void expect_failures_of(const char *const *functions, size_t count, gpu_work *work,
                                      void *user) {
    for (size_t f = 0; f < count; f++)
        expect_each_failure(
            functions[f],
            strcmp(functions[f], "cudaMalloc") == 0 ? cudaErrorMemoryAllocation : cudaErrorLaunchFailure,
            work, user);
}

#endif
