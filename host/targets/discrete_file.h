/* Discrete targets from JSON files. */
#ifndef MYRIAD_DISCRETE_FILE_H
#define MYRIAD_DISCRETE_FILE_H

#include "io/json_fields.h"
#include "target_data.h"

myr_status myr_read_discrete(const myr_json *json, myr_target **target);

#endif
