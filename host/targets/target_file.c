/* Targets from files: the targets' own readers, found by a JSON object's "type" or the file's name. */
#include <stdio.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "io/input_file.h"
#include "io/json_fields.h"
#include "target_data.h"

static myr_status read_type(const myr_json *json, myr_target **target) {
    const char *type;
    myr_status status = myr_json_string(json, "type", &type);
    if (status != MYR_OK)
        return status;
    char names[256] = "";
    size_t used = 0;
    const myr_target_operations *at;
    for (int n = 0; (at = myr_target_operations_at(n)) != NULL; n++) {
        if (!at->read)
            continue;
        if (strcmp(at->type, type) == 0)
            return at->read(json, target);
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", at->type);
    }
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

typedef myr_status load_target(myr_context *context, const char *path, myr_target **target);

/* The reader of names that end so; NULL: there is none. names: those that there are. */
static load_target *find_format(const char *extension, char *names, size_t size) {
    const myr_target_operations *at;
    size_t used = (size_t)snprintf(names, size, ".json");
    if (extension && strcmp(extension, ".json") == 0)
        return load_json;
    for (int n = 0; (at = myr_target_operations_at(n)) != NULL; n++) {
        if (!at->load)
            continue;
        if (extension && strcmp(at->extension, extension) == 0)
            return at->load;
        if (used < size)
            used += (size_t)snprintf(names + used, size - used, " or %s", at->extension);
    }
    return NULL;
}

myr_status myr_target_load(myr_context *context, const char *path, myr_target **target) {
    MYR_STANDARD_ENVIRONMENT;
    if (!target)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "target is NULL; expected a place for the new target");
    *target = NULL;
    if (!path)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "path is NULL; expected the name of a file");
    char names[128];
    const char *extension = strrchr(path, '.');
    if (myr_input_is_standard(path))
        extension = myr_input_is_npy(path) ? ".npy" : ".json";
    load_target *load = find_format(extension, names, sizeof names);
    if (load)
        return load(context, path, target);
    return myr_fail(context, MYR_INVALID_ARGUMENT,
                    "%s: not the name of a target's file; expected one that "
                    "ends in %s",
                    path, names);
}
