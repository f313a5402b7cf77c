/* What translated kernels are made of (translate writes them): instructions that C++ has no operator for, memory that is looked
 * after, and the list of kernels. Fibers, barriers and exchanges are those of ../device_on_host. */
#ifndef MYRIAD_PTX_ON_HOST_H
#define MYRIAD_PTX_ON_HOST_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../device_on_host.h"

namespace ptx_on_host {

struct range {
    size_t at, size;
};

struct kernel {
    const char *name;
    void (*run)(uint64_t parameters, uint64_t shared);
    size_t parameter_bytes;
    const range *shared; /* the variables in shared memory: [shared_count] */
    size_t shared_count, shared_bytes;
};

/* A source's kernels, in the list from here on. */
struct registration {
    registration(const char *source, const kernel *kernels, size_t count);
};

/* Accesses that AddressSanitizer sees, and that must be aligned. */
uint64_t load_bytes(uint64_t from, size_t size);
void store_bytes(uint64_t to, size_t size, uint64_t bits);
void aligned(uint64_t at, size_t size);

/* A float within relative |exact| + absolute of it, at random; the nearest one where there is no other. */
float approximate(double exact, double relative, double absolute);

typedef __int128 wide_s;
typedef unsigned __int128 wide_u;

template <typename To, typename From>
inline To bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "the same bits");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}

template <typename T>
inline T load(uint64_t from) {
    const uint64_t found = load_bytes(from, sizeof(T));
    T value;
    memcpy(&value, &found, sizeof value);
    return value;
}

template <typename T>
inline void store(uint64_t to, T value) {
    uint64_t given = 0;
    memcpy(&given, &value, sizeof value);
    store_bytes(to, sizeof value, given);
}

/* Of parameters, which are there. */
template <typename T>
inline T at(uint64_t from) {
    T value;
    memcpy(&value, reinterpret_cast<const void *>(from), sizeof value);
    return value;
}

inline float fused(float a, float b, float c) {
    return fmaf(a, b, c);
}
inline double fused(double a, double b, double c) {
    return fma(a, b, c);
}
inline float root(float a) {
    return sqrtf(a);
}
inline double root(double a) {
    return sqrt(a);
}
inline float magnitude(float a) {
    return bits<float>(bits<uint32_t>(a) & UINT32_C(0x7fffffff));
}
inline double magnitude(double a) {
    return bits<double>(bits<uint64_t>(a) & UINT64_C(0x7fffffffffffffff));
}
/* The second with the sign of the first. */
inline float signed_as(float sign, float value) {
    return copysignf(value, sign);
}
inline double signed_as(double sign, double value) {
    return copysign(value, sign);
}
/* A number where one of the two is none. */
template <typename T>
inline T larger(T a, T b) {
    return a != a ? b : b != b ? a : a > b ? a : b;
}
template <typename T>
inline T smaller(T a, T b) {
    return a != a ? b : b != b ? a : a < b ? a : b;
}

/* Of the eight bytes of b and a, those that the selector's four digits name; a digit's highest bit spreads the sign. */
inline uint32_t permuted(uint32_t a, uint32_t b, uint32_t selector) {
    const uint64_t both = (uint64_t)b << 32 | a;
    uint32_t made = 0;
    for (int n = 0; n < 4; n++) {
        const uint32_t digit = selector >> (4 * n) & 15;
        uint32_t byte = (uint32_t)(both >> (8 * (digit & 7))) & 255;
        if (digit & 8)
            byte = byte & 128 ? 255 : 0;
        made |= byte << (8 * n);
    }
    return made;
}

/* Saturates; 0 for what is no number. */
template <typename T>
inline T towards_zero(double value) {
    const double least = (T)-1 < (T)0 ? -ldexp(1.0, 8 * sizeof(T) - 1) : 0.0,
                 beyond = ldexp(1.0, (int)(8 * sizeof(T)) - ((T)-1 < (T)0));
    if (!(value == value))
        return 0;
    if (value < least)
        return (T)least;
    return value >= beyond ? (T) ~((T)-1 < (T)0 ? (T)1 << (8 * sizeof(T) - 1) : (T)0) : (T)value;
}

inline uint32_t shuffled(device_on_host::exchange way, uint32_t value, uint32_t by, uint32_t limits,
                         uint32_t mask) {
    const int width = 32 - (int)(limits >> 8 & 31);
    return (uint32_t)device_on_host::meet(way, mask, value, (int)by, width);
}

/* The special-function unit: the function's value, moved at random by as much as the ISA says that it may be off: ex2, rcp, sqrt
 * and rsqrt relatively, lg2 absolutely from 1/2 to 2 and relatively elsewhere, sin and cos absolutely. */
inline float approximate_ex2(float x) {
    return approximate(exp2((double)x), 0x1p-22, 0.0);
}
inline float approximate_lg2(float x) {
    const bool near = x > 0.5f && x < 2.0f;
    return approximate(log2((double)x), near ? 0.0 : 0x1p-22, near ? 0x1p-22 : 0.0);
}
inline float approximate_sin(float x) {
    return approximate(sin((double)x), 0.0, 0x1.6a09e6p-21); /* 2^-20.5 */
}
inline float approximate_cos(float x) {
    return approximate(cos((double)x), 0.0, 0x1.6a09e6p-21);
}
inline float approximate_sqrt(float x) {
    return approximate(sqrt((double)x), 0x1p-23, 0.0);
}
inline float approximate_rcp(float x) {
    return approximate(1.0 / (double)x, 0x1p-23, 0.0);
}
inline float approximate_rsqrt(float x) {
    return approximate(1.0 / sqrt((double)x), 0x1.125fbep-23, 0.0); /* 2^-22.9 */
}

}  // namespace ptx_on_host

using namespace ptx_on_host;

#endif
