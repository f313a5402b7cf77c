/* Elements of the callers' arrays as float: pointwise code of cpu and cuda. type is a myr_dtype, literal in
 * loops. */
#ifndef MYRIAD_LOAD_H
#define MYRIAD_LOAD_H

#include "myriad/compute.h"
#include "narrow.h"

static MYR_HD float myr_load_float(const void *data, int type, size_t i) {
    switch (type) {
        case MYR_F64:
            return (float)((const double *)data)[i];
        case MYR_F32:
            return ((const float *)data)[i];
        case MYR_BF16:
            return myr_float_of_bf16(((const uint16_t *)data)[i]);
        case MYR_F16:
            return myr_float_of_f16(((const uint16_t *)data)[i]);
        case MYR_I32:
            return (float)((const int32_t *)data)[i];
        default: /* MYR_I64 */
            return (float)((const int64_t *)data)[i];
    }
}

/* left - right, rounded once: doubles are subtracted as such. */
static MYR_HD float myr_load_difference(const void *left, const void *right, int type, size_t i) {
    if (type == MYR_F64)
        return (float)(((const double *)left)[i] - ((const double *)right)[i]);
    return myr_load_float(left, type, i) - myr_load_float(right, type, i);
}

#endif
