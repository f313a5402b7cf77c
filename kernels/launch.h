/* The launchers: what the host calls to run a kernel. Plain C on both sides; every launcher queues its
 * kernel on a stream and returns what the launch said. Pointers named d_ are the device's. */
#ifndef MYRIAD_LAUNCH_H
#define MYRIAD_LAUNCH_H

#include <cuda_runtime_api.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the current device can run this build's kernels: cudaSuccess, or why not. */
cudaError_t myr_launch_check(void);

#ifdef __cplusplus
}
#endif
#endif
