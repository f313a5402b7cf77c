#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "failure.h"
#include "kept.h"
#include "myriad/run.h"

struct myr_context {
    char error[1024];
    myr_kept kept;
};

myr_status myr_context_create(myr_context **context) {
    if (!context)
        return MYR_INVALID_ARGUMENT;
    *context = calloc(1, sizeof **context);
    return *context ? MYR_OK : MYR_OUT_OF_MEMORY;
}

void myr_context_destroy(myr_context *context) {
    if (context && context->kept.end)
        context->kept.end(context->kept.data);
    free(context);
}

myr_kept *myr_context_kept(myr_context *context) {
    return context ? &context->kept : NULL;
}

const char *myr_context_error(const myr_context *context) {
    return context ? context->error : "";
}

const char *myr_version(void) {
    return MYRIAD_VERSION;
}

const char *myr_status_name(myr_status status) {
    switch (status) {
#define MYR_CASE(name, exit_status, message) \
    case name:                               \
        return #name;
        MYR_STATUS_LIST(MYR_CASE)
#undef MYR_CASE
    }
    return "unknown status";
}

const char *myr_status_message(myr_status status) {
    switch (status) {
#define MYR_CASE(name, exit_status, message) \
    case name:                               \
        return message;
        MYR_STATUS_LIST(MYR_CASE)
#undef MYR_CASE
    }
    return "unknown status";
}

int myr_status_exit_code(myr_status status) {
    switch (status) {
#define MYR_CASE(name, exit_status, message) \
    case name:                               \
        return exit_status;
        MYR_STATUS_LIST(MYR_CASE)
#undef MYR_CASE
    }
    return 5;
}

myr_status(myr_fail)(myr_context *context, myr_status status, const char *format, ...) {
    if (!context)
        return status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context->error, sizeof context->error, format, arguments);
    va_end(arguments);
    /* What is quoted may be of a file: the message stays one line all the same. */
    for (char *at = context->error; *at; at++)
        if (iscntrl((unsigned char)*at))
            *at = '?';
    return status;
}

myr_status(myr_fail_memory)(myr_context *context, size_t bytes) {
    return myr_fail(context, MYR_OUT_OF_MEMORY, "out of memory: %zu bytes were not to be had", bytes);
}
