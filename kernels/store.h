/* Floats as elements of the callers' arrays, rounded to nearest even: pointwise code of cpu and cuda. type
 * is a myr_dtype, literal in loops. Not for NaN. */
#ifndef MYRIAD_STORE_H
#define MYRIAD_STORE_H

#include "myriad/compute.h"
#include "port.h"

static MYR_HD uint16_t myr_bf16_of_float(float value) {
    uint32_t bits = myr_bits_of_float(value);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/* Numbers of at least 2^-14 lose 13 bits; smaller ones take a sum that puts the half's last bit at the
 * float's; from 65520 on it is infinity. */
static MYR_HD uint16_t myr_f16_of_float(float value) {
    uint32_t bits = myr_bits_of_float(value), sign = bits >> 16 & 0x8000u;
    uint32_t magnitude = bits & 0x7fffffffu;
    uint32_t normal = (magnitude + 0xfffu + (magnitude >> 13 & 1u) - 0x38000000u) >> 13;
    uint32_t small = myr_bits_of_float(myr_float_of_bits(magnitude) + 0.5f) - 0x3f000000u;
    uint32_t half = magnitude < 0x38800000u ? small : normal;
    return (uint16_t)(sign | (magnitude >= 0x477ff000u ? 0x7c00u : half));
}

static MYR_HD void myr_store_float(void *data, int type, size_t i, float value) {
    switch (type) {
        case MYR_F64:
            ((double *)data)[i] = (double)value;
            break;
        case MYR_F32:
            ((float *)data)[i] = value;
            break;
        case MYR_BF16:
            ((uint16_t *)data)[i] = myr_bf16_of_float(value);
            break;
        default: /* MYR_F16 */
            ((uint16_t *)data)[i] = myr_f16_of_float(value);
            break;
    }
}

#endif
