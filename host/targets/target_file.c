#include "target_file.h"

#include <stdio.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "io/input_file.h"

/* The types of JSON files. */
static const struct {
    const char *name;
    myr_status (*read)(const myr_json *json, myr_target **target);
} types[] = {
    {"gaussian", myr_read_gaussian},
    {"mixture", myr_read_mixture},
    {"discrete", myr_read_discrete},
};
enum { TYPES = sizeof types / sizeof *types };

static myr_status read_type(const myr_json *json, myr_target **target) {
    const char *type;
    myr_status status = myr_json_string(json, "type", &type);
    if (status != MYR_OK)
        return status;
    for (int n = 0; n < TYPES; n++)
        if (strcmp(types[n].name, type) == 0)
            return types[n].read(json, target);
    char names[256];
    size_t used = 0;
    for (int n = 0; n < TYPES && used < sizeof names; n++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", n ? ", " : "", types[n].name);
    return myr_fail(json->context, MYR_INVALID_DATA, "%s: type is \"%.64s\"; expected one of %s",
                    json->path, type, names);
}

static myr_status load_json(myr_context *context, const char *path, myr_target **target) {
    myr_json json;
    myr_status status = myr_json_load(context, path, &json);
    if (status != MYR_OK)
        return status;
    status = read_type(&json, target);
    json_decref(json.object);
    return status;
}

/* The formats, by the end of the file's name. */
static const struct {
    const char *extension;
    myr_status (*load)(myr_context *context, const char *path, myr_target **target);
} formats[] = {
    {".json", load_json},
    {".npy", myr_read_empirical},
};
enum { FORMATS = sizeof formats / sizeof *formats };

myr_status myr_target_load(myr_context *context, const char *path, myr_target **target) {
    MYR_STANDARD_ENVIRONMENT;
    if (!target)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "target is NULL; expected a place for the new target");
    *target = NULL;
    if (!path)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "path is NULL; expected the name of a file");
    if (myr_input_is_standard(path))
        return (myr_input_is_npy(path) ? myr_read_empirical : load_json)(context, path, target);
    const char *extension = strrchr(path, '.');
    for (int n = 0; extension && n < FORMATS; n++)
        if (strcmp(extension, formats[n].extension) == 0)
            return formats[n].load(context, path, target);
    char names[64];
    size_t used = 0;
    for (int n = 0; n < FORMATS && used < sizeof names; n++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", n ? " or " : "",
                                 formats[n].extension);
    return myr_fail(context, MYR_INVALID_ARGUMENT,
                    "%s: not the name of a target's file; expected one that "
                    "ends in %s",
                    path, names);
}
