/* The context: it keeps the last error, and nothing else that a result could depend on.
 *
 * Every call that can fail takes a context and returns a status. Contexts are independent:
 * one thread at a time may use a context, any number of threads may use a context each. The context may be
 * NULL: then there is no message.
 *
 * Threads are OpenMP's, which do not outlive a fork: in the child of a thread whose calls have used several,
 * calls of several threads are refused, MYR_UNSUPPORTED, and those of one thread work. Calls take fewer
 * threads than they may where not all can be started; results do not depend on their number.
 *
 * All calls compute in the standard floating-point environment: to the nearest, with subnormal numbers and without
 * traps. The caller's (rounding mode, flush to zero, traps, flags) changes no result and is afterwards what it was, in
 * OpenMP's threads too. What the library calls back runs in the standard one; and a thread that OpenMP first starts
 * for a call begins in it.
 *
 * Bindings of other languages, which cannot read an initialiser MYR_…_INIT, have the function beside each:
 * myr_…_default(made, sizeof of the struct as they declare it) writes the same, and struct_size.
 *
 * How structs grow. One that a call takes, or fills in, by a pointer begins with a struct_size, the size that it has
 * in the headers which the caller was compiled with: its initialiser MYR_…_INIT sets it, and so does myr_…_default.
 * Later versions append fields and change none; so programs and libraries of different versions understand each other:
 *
 *     taken    fields that the caller does not know have the initialiser's values; fields that the library does not
 *              know must be 0, as their initialiser leaves them, or the call is refused, MYR_INVALID_ARGUMENT
 *     filled   what both know is written, and no byte beyond: the rest stays as the caller's initialiser left it
 *
 * A struct_size that no initialiser sets (0, say) is refused. What stands in arrays never grows, nor what is a member
 * of other structs: myr_row, myr_moment, myr_estimate, myr_statistic_row, myr_linear_metrics, myr_table_column,
 * myr_array and myr_array_out are as they are; more would come as arrays or calls beside them.
 *
 * What holds in all headers. Options, pointers to structs myr_…_options, may be NULL: the defaults, those
 * of the struct's initialiser MYR_…_OPTIONS_INIT; but not where their count is the length of the caller's
 * array. Other pointers may be NULL where a header says so; else NULL is refused, MYR_INVALID_ARGUMENT. Arrays
 * are C's, [rows][columns] with rows outermost, in host memory unless a call takes myr_compute_options; what a
 * call reads is not changed, and not needed after it unless said. */
#ifndef MYRIAD_CONTEXT_H
#define MYRIAD_CONTEXT_H

#include "myriad/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct myr_context myr_context;

/* Makes a context. *context is NULL on failure, which is MYR_OUT_OF_MEMORY, or
 * MYR_INVALID_ARGUMENT if context is NULL. */
MYR_API myr_status myr_context_create(myr_context **context);

/* Frees it, and what it keeps of GPUs. NULL is allowed. Plans and targets made with it stay valid.
 *
 * Of each GPU that its calls have run on, a context keeps a stream, some memory (myr_device_memory) and cuBLAS, so that
 * calls with one context are cheaper than with one each. cudaDeviceReset ends all that: destroy contexts before. A call
 * leaves the calling thread's CUDA device as it was, if the process uses that device; else that of the call stays chosen,
 * since choosing another would start it. */
MYR_API void myr_context_destroy(myr_context *context);

/* The last error in full, one line without a newline; "" if no call has failed yet. It stays
 * valid until the next failing call on the same context. NULL gives "". */
MYR_API const char *myr_context_error(const myr_context *context);

/* The library's version, as "0.2.0". */
MYR_API const char *myr_version(void);

#ifdef __cplusplus
}
#endif
#endif
