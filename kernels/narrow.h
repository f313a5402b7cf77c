/* The two 16-bit floats as float, exactly: pointwise code of cpu and cuda. */
#ifndef MYRIAD_NARROW_H
#define MYRIAD_NARROW_H

#include "port.h"

/* bfloat16: the upper half of a float. */
static MYR_HD float myr_float_of_bf16(uint16_t bits) {
    return myr_float_of_bits((uint32_t)bits << 16);
}

/* IEEE half: exponent and fraction moved into place are too small by 2^112; a half below 2^-14, which
 * has no leading 1, gets one that is taken off again (so that no float is subnormal); infinities and
 * NaNs get their exponent back. */
static MYR_HD float myr_float_of_f16(uint16_t bits) {
    uint32_t magnitude = (uint32_t)(bits & 0x7fffu) << 13;
    uint32_t small = myr_bits_of_float(myr_float_of_bits(magnitude + 0x38800000u) - 0x1p-14f);
    uint32_t finite = magnitude < 0x00800000u ? small : magnitude + 0x38000000u;
    uint32_t value = magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : finite;
    return myr_float_of_bits(value | (uint32_t)(bits & 0x8000u) << 16);
}

#endif
