/* What the calls on batches ask of their counts and arrays, and say when they do not get it: "rankings:
 * weight is of type i32 (expected f64 or f32)", `of` being the structure's name. */
#ifndef MYRIAD_ARRAY_RULES_H
#define MYRIAD_ARRAY_RULES_H

#include <stdbool.h>

#include "myriad/compute.h"

typedef struct myr_array_rule {
    const char *name;
    const void *data;
    myr_dtype type;
    bool needed; /* else it may be left out */
    bool fits;   /* is of a type that is taken */
    const char *expected;
} myr_array_rule;

myr_status myr_check_arrays(myr_context *context, const char *of, const myr_array_rule *rules,
                            size_t count);

/* 1 … most. */
myr_status myr_check_count(myr_context *context, const char *of, const char *name, uint64_t count,
                           uint64_t most);

/* An array of MYR_F64 or MYR_F32, which has no structure's name but its own. */
myr_status myr_check_reals(myr_context *context, const char *name, const void *data, myr_dtype type,
                           bool needed);

static inline bool myr_is_real(myr_dtype type) {
    return type == MYR_F64 || type == MYR_F32;
}

static inline bool myr_is_integer(myr_dtype type) {
    return type == MYR_I32 || type == MYR_I64;
}

/* MYR_F64, MYR_F32, MYR_BF16 or MYR_F16. */
static inline bool myr_is_float(myr_dtype type) {
    return (unsigned)type <= MYR_F16;
}

#endif
