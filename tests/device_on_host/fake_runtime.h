/* The CUDA runtime's functions that the cuda backend uses, on the host: real prototypes, memory with guard
 * zones, and failures on demand. */
#ifndef MYRIAD_FAKE_RUNTIME_H
#define MYRIAD_FAKE_RUNTIME_H

#include <cuda_runtime_api.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A machine with that many GPUs and a driver of that version, on which nothing fails. */
void fake_machine(int devices, int driver_version);

/* From now on the GPUs are of that generation, the first number of their compute capability; 9 since fake_machine. */
void fake_set_generation(int generation);
int fake_generation(void);

/* From its call number `call` on (1: the next), the function of that name returns the error; the launch of
 * a kernel has the name "launch". One function at a time; fake_machine ends it. */
void fake_failure(const char *function, int call, cudaError_t error);

/* The error that a call of the function is to return. */
cudaError_t fake_fault(const char *function);

/* The same, remembered as the last error. */
cudaError_t fake_result(const char *function);

/* Streams, events and blocks of memory that have not been given back when all that is queued has run, but for a stream of each
 * pool: a context's room for a device has one of each, and keeps them. */
int fake_live(void);

/* From now on the devices have that much memory together. */
void fake_memory(size_t bytes);

/* Bytes copied between host and device since fake_machine. */
size_t fake_copied_bytes(void);

/* Pools: one a room. */
int fake_rooms(void);

/* From now on the devices have no pools. */
void fake_no_pools(void);

/* Whether the device has been chosen by anyone, which starts it. */
int fake_started(int device);

/* The most bytes that blocks of memory have taken at a time since fake_machine. */
size_t fake_most_bytes(void);

/* Stops the process, naming the kernel, if a guard zone has been written to. */
void fake_check_guards(const char *kernel);

/* Writes a byte that no sanitizer watches: for the test of the guard zones. */
void fake_overwrite(char *byte);

/* The order in which threads and blocks run. */
void device_on_host_seed(uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
