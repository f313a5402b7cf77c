/* Targets from files: a reader a type. */
#ifndef MYRIAD_TARGET_FILE_H
#define MYRIAD_TARGET_FILE_H

#include "io/json_fields.h"
#include "target_data.h"

/* Readers of JSON objects, whose field "type" has been looked at; docs/targets.md has the formats. */
myr_status myr_read_gaussian(const myr_json *json, myr_target **target);
myr_status myr_read_mixture(const myr_json *json, myr_target **target);
myr_status myr_read_discrete(const myr_json *json, myr_target **target);

/* The whole of NAME.npy. */
myr_status myr_read_empirical(myr_context *context, const char *path, myr_target **target);

#endif
