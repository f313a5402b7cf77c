#include "element.h"

#include <math.h>
#include <stdlib.h>

#include "ground/failure.h"

/* A binary floating-point number: its bits, and how many of them are exponent and fraction. */
static double decode(unsigned bits, int exponent_bits, int fraction_bits) {
    int bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = (int)(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    double fraction = (double)(bits & ((1u << fraction_bits) - 1));
    double sign = bits >> (exponent_bits + fraction_bits) ? -1.0 : 1.0;
    if (exponent == (1 << exponent_bits) - 1)
        return fraction != 0.0 ? (double)NAN : sign * (double)INFINITY;
    if (exponent == 0)
        return sign * ldexp(fraction, 1 - bias - fraction_bits);
    return sign * ldexp(ldexp(1.0, fraction_bits) + fraction, exponent - bias - fraction_bits);
}

double myr_element(myr_array array, uint64_t index) {
    switch (array.type) {
        case MYR_F64:
            return ((const double *)array.data)[index];
        case MYR_F32:
            return (double)((const float *)array.data)[index];
        case MYR_BF16:
            return decode(((const uint16_t *)array.data)[index], 8, 7);
        case MYR_F16:
            return decode(((const uint16_t *)array.data)[index], 5, 10);
        case MYR_I32:
            return (double)((const int32_t *)array.data)[index];
        case MYR_I64:
            return (double)((const int64_t *)array.data)[index];
    }
    return (double)NAN;
}

/* The nearest such number, of two the even one: whole multiples of the last place. The exponent and an
 * implicit leading bit add up by themselves, below 2^(1 - bias) as well as where rounding carries. */
static unsigned encode(double value, int exponent_bits, int fraction_bits) {
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const unsigned infinity = ((1u << exponent_bits) - 1) << fraction_bits;
    unsigned sign = signbit(value) ? 1u << (exponent_bits + fraction_bits) : 0u;
    if (isnan(value))
        return infinity | 1u << (fraction_bits - 1);
    if (isinf(value))
        return sign | infinity;
    int exponent;
    (void)frexp(value, &exponent);
    exponent = exponent - 1 < 1 - bias || value == 0.0 ? 1 - bias : exponent - 1;
    if (exponent > bias)
        return sign | infinity;
    double places = rint(ldexp(fabs(value), fraction_bits - exponent));
    unsigned bits = ((unsigned)(exponent + bias - 1) << fraction_bits) + (unsigned)places;
    return sign | (bits < infinity ? bits : infinity);
}

void myr_element_store(myr_array_out array, uint64_t index, double value) {
    switch (array.type) {
        case MYR_F64:
            ((double *)array.data)[index] = value;
            return;
        case MYR_F32:
            ((float *)array.data)[index] = (float)value;
            return;
        case MYR_BF16:
            ((uint16_t *)array.data)[index] = (uint16_t)encode(value, 8, 7);
            return;
        case MYR_F16:
            ((uint16_t *)array.data)[index] = (uint16_t)encode(value, 5, 10);
            return;
        default: /* integers are read only */
            return;
    }
}

static void read_host(myr_array array, uint64_t first, uint64_t count, double *values) {
    for (uint64_t i = 0; i < count; i++)
        values[i] = myr_element(array, first + i);
}

myr_status myr_array_read(myr_context *context, const myr_compute *compute, myr_array array, uint64_t first,
                          uint64_t count, double *values) {
    if (compute->memory == MYR_DEVICE) {
        const size_t size = myr_dtype_size(array.type);
        void *copy = malloc(count * size);
        if (!copy)
            return myr_fail_memory(context, count * size);
        myr_status status = compute->backend->read(
            context, compute, (const char *)array.data + first * size, count * size, copy);
        if (status == MYR_OK)
            read_host((myr_array){copy, array.type}, 0, count, values);
        free(copy);
        return status;
    }
    read_host(array, first, count, values);
    return MYR_OK;
}
