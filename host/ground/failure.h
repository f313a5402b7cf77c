/* How library code fails: record the message in the context, return the status. */
#ifndef MYRIAD_FAILURE_H
#define MYRIAD_FAILURE_H

#include <stddef.h>

#include "myriad/context.h"

/* Formats the message into the context (which may be NULL) and returns status. One line, no newline,
 * naming the field or value and what was expected. */
myr_status myr_fail(myr_context *context, myr_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The usual message for an allocation of that many bytes that did not succeed. */
myr_status myr_fail_memory(myr_context *context, size_t bytes);

/* clang's analyzer reads one file at a time: this tells it that a failure returns the status given. */
#ifdef __clang_analyzer__
#define myr_fail(context, status, ...) (myr_fail(context, status, __VA_ARGS__), (status))
#define myr_fail_memory(context, bytes) (myr_fail_memory(context, bytes), MYR_OUT_OF_MEMORY)
#endif

#endif
