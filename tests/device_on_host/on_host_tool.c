/* The tool on a machine whose GPU is the host: what the environment says of it. FAKE_GPUS and FAKE_DRIVER
 * (11040, say), and FAKE_FAILURE: the function, from which call on, and the error's number, as in
 * "launch 1 719". */
#include <cuda_runtime_api.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake_runtime.h"

static int number_of(const char *name, int fallback) {
    const char *value = getenv(name);
    return value ? atoi(value) : fallback;
}

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

/* In place of main() (the linker's --wrap). */
int __wrap_main(int argc, char **argv) {
    static char function[64];
    int call, error;
    __sanitizer_set_report_path("sanitizer"); /* its warning about swapcontext would be a second line */
    const char *failure = getenv("FAKE_FAILURE");
    fake_machine(number_of("FAKE_GPUS", 1), number_of("FAKE_DRIVER", CUDART_VERSION));
    if (failure && sscanf(failure, "%63s %d %d", function, &call, &error) == 3)
        fake_failure(function, call, (cudaError_t)error);
    return __real_main(argc, argv);
}

/* What only benchmarks call. */

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind) {
    (void)to;
    (void)from;
    (void)bytes;
    (void)kind;
    return cudaErrorNotSupported;
}
