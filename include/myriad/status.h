/* Status codes. One list yields the codes, their messages and the tool's exit statuses. */
#ifndef MYRIAD_STATUS_H
#define MYRIAD_STATUS_H

#include "myriad/api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, exit status of the command-line tool, message) */
#define MYR_STATUS_LIST(X)                                     \
    X(MYR_OK, 0, "success")                                    \
    X(MYR_CHECK_FAILED, 1, "a check did not pass")             \
    X(MYR_INVALID_ARGUMENT, 2, "invalid argument")             \
    X(MYR_UNSUPPORTED, 2, "this combination is not supported") \
    X(MYR_INVALID_DATA, 3, "invalid input data")               \
    X(MYR_NO_DEVICE, 4, "no such device")                      \
    X(MYR_DEVICE_ERROR, 4, "the device failed")                \
    X(MYR_OUT_OF_MEMORY, 4, "out of memory")                   \
    X(MYR_IO_ERROR, 5, "input or output failed")               \
    X(MYR_CANCELLED, 5, "cancelled by the caller")

typedef enum myr_status {
#define MYR_STATUS_ENUM(name, exit_status, message) name,
    MYR_STATUS_LIST(MYR_STATUS_ENUM)
#undef MYR_STATUS_ENUM
} myr_status;

/* The code's name, as "MYR_OK". Never NULL: an unknown value gives "unknown status". */
MYR_API const char *myr_status_name(myr_status status);

/* What the code means, in a few words. Never NULL. */
MYR_API const char *myr_status_message(myr_status status);

/* The exit status with which the tool reports it: 0 … 5. An unknown value gives 5. */
MYR_API int myr_status_exit_code(myr_status status);

#ifdef __cplusplus
}
#endif
#endif
