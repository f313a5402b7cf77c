#include "cancel.h"

#include "failure.h"

myr_status myr_report_progress(myr_context *context, myr_progress progress, void *user, uint64_t done,
                               uint64_t total, const char *what) {
    if (progress && progress(user, done, total) != 0)
        return myr_fail(context, MYR_CANCELLED, "cancelled by the caller after %llu of %llu %s",
                        (unsigned long long)done, (unsigned long long)total, what);
    return MYR_OK;
}
