#include "array_rules.h"

#include "ground/failure.h"

myr_status myr_check_arrays(myr_context *context, const char *of, const myr_array_rule *rules,
                            size_t count) {
    for (size_t n = 0; n < count; n++) {
        const myr_array_rule *rule = &rules[n];
        if (!rule->data && rule->needed)
            return myr_fail(context, MYR_INVALID_ARGUMENT, "%s: %s is NULL (expected an array)", of,
                            rule->name);
        if (rule->data && !rule->fits)
            return myr_fail(context, MYR_INVALID_ARGUMENT, "%s: %s is of type %s (expected %s)", of,
                            rule->name, myr_dtype_name(rule->type), rule->expected);
    }
    return MYR_OK;
}

myr_status myr_check_count(myr_context *context, const char *of, const char *name, uint64_t count,
                           uint64_t most) {
    if (count >= 1 && count <= most)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT, "%s: %s is %llu (expected 1 … %llu)", of, name,
                    (unsigned long long)count, (unsigned long long)most);
}

myr_status myr_check_reals(myr_context *context, const char *name, const void *data, myr_dtype type,
                           bool needed) {
    if (!data && needed)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "%s: NULL (expected an array)", name);
    if (!data || myr_is_real(type))
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT, "%s: of type %s (expected f64 or f32)", name,
                    myr_dtype_name(type));
}
