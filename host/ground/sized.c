#include "sized.h"

#include <stdbool.h>
#include <string.h>

#include "failure.h"

/* No struct will ever be as large: a larger size is one that nobody set. */
enum { LARGEST = 4096 };

/* What a message calls a struct: its name and its initialiser. */
typedef struct kind {
    const char *name, *initialiser;
    const void *defaults;
    size_t size;
} kind;

static size_t size_of(const void *given) {
    size_t size;
    memcpy(&size, given, sizeof size);
    return size;
}

static myr_status check_size(myr_context *context, const kind *k, const void *given) {
    const size_t size = size_of(given);
    if (size >= sizeof size && size <= LARGEST && size % sizeof size == 0)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT, "%s: struct_size is %zu (expected %zu, which %s sets)",
                    k->name, size, k->size, k->initialiser);
}

static myr_status read_struct(myr_context *context, const kind *k, const void *given, bool optional,
                              void *known) {
    memcpy(known, k->defaults, k->size);
    if (!given && optional)
        return MYR_OK;
    if (!given)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "%s: NULL (expected what %s initialises)", k->name,
                        k->initialiser);
    const myr_status status = check_size(context, k, given);
    if (status != MYR_OK)
        return status;
    const unsigned char *bytes = given;
    const size_t size = size_of(given), common = size < k->size ? size : k->size;
    for (size_t at = k->size; at < size; at++)
        if (bytes[at] != 0)
            return myr_fail(context, MYR_INVALID_ARGUMENT,
                            "%s: a field is set that this library, version %s, does not know: it is beyond "
                            "%zu bytes (expected zeros there)",
                            k->name, myr_version(), k->size);
    memcpy((unsigned char *)known + sizeof size, bytes + sizeof size, common - sizeof size);
    return MYR_OK;
}

static void write_default(void *made, size_t struct_size, const kind *k) {
    if (!made || struct_size < sizeof struct_size)
        return;
    memset(made, 0, struct_size);
    memcpy(made, k->defaults, struct_size < k->size ? struct_size : k->size);
    memcpy(made, &struct_size, sizeof struct_size);
}

static void fill_struct(const kind *k, void *filled, const void *made) {
    const size_t size = size_of(filled), known = size < k->size ? size : k->size;
    if (known > sizeof size)
        memcpy((unsigned char *)filled + sizeof size, (const unsigned char *)made + sizeof size,
               known - sizeof size);
}

#define DEFINE_KIND(noun, STEM, name)                                              \
    static const myr_##noun noun##_defaults = MYR_##STEM##_INIT;                   \
    static const kind noun##_kind = {name, "MYR_" #STEM "_INIT", &noun##_defaults, \
                                     sizeof noun##_defaults};                      \
    void myr_##noun##_default(myr_##noun *made, size_t struct_size) {              \
        write_default(made, struct_size, &noun##_kind);                            \
    }
#define DEFINE_READ(noun, optional)                                                                   \
    myr_status myr_##noun##_read(myr_context *context, const myr_##noun **given, myr_##noun *known) { \
        const myr_status status = read_struct(context, &noun##_kind, *given, optional, known);        \
        *given = known;                                                                               \
        return status;                                                                                \
    }
#define DEFINE_FILL(noun)                                                           \
    myr_status myr_##noun##_ready(myr_context *context, const myr_##noun *filled) { \
        return filled ? check_size(context, &noun##_kind, filled) : MYR_OK;         \
    }                                                                               \
    void myr_##noun##_fill(myr_##noun *filled, const myr_##noun *made) {            \
        if (filled)                                                                 \
            fill_struct(&noun##_kind, filled, made);                                \
    }

#define DEFINE_OPTIONAL(noun, STEM, name) \
    DEFINE_KIND(noun, STEM, name)         \
    DEFINE_READ(noun, true)
#define DEFINE_REQUIRED(noun, STEM, name) \
    DEFINE_KIND(noun, STEM, name)         \
    DEFINE_READ(noun, false)
#define DEFINE_REPORT(noun, STEM, name) \
    DEFINE_KIND(noun, STEM, name)       \
    DEFINE_FILL(noun)

MYR_OPTIONAL_STRUCTS(DEFINE_OPTIONAL)
MYR_REQUIRED_STRUCTS(DEFINE_REQUIRED)
MYR_REPORT_STRUCTS(DEFINE_REPORT)
MYR_FILLED_STRUCTS(DEFINE_FILL)
