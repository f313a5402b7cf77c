/* What moments say, and their checksum. */
#include <math.h>
#include <string.h>

#include "ground/environment.h"
#include "ranges.h"

/* A number that is returned is stored before the caller's environment comes back (environment.h). */
double myr_moment_variance(const myr_moment *moment) {
    MYR_STANDARD_ENVIRONMENT;
    if (!moment || moment->count < 2)
        return NAN;
    const volatile double variance = moment->m2 / (double)(moment->count - 1);
    return variance;
}

double myr_moment_mean_error(const myr_moment *moment) {
    MYR_STANDARD_ENVIRONMENT;
    if (!moment)
        return NAN;
    const volatile double error = sqrt(myr_moment_variance(moment) / (double)moment->count);
    return error;
}

double myr_moment_variance_error(const myr_moment *moment) {
    MYR_STANDARD_ENVIRONMENT;
    if (!moment || moment->count < 2)
        return NAN;
    double n = (double)moment->count;
    double variance = myr_moment_variance(moment);
    double fourth = moment->m4 / n;
    double square = (fourth - variance * variance * ((n - 3.0) / (n - 1.0))) / n;
    const volatile double error = sqrt(square < 0.0 ? 0.0 : square); /* rounding only; NaN stays NaN */
    return error;
}

static uint64_t fnv1a(uint64_t hash, uint64_t value) {
    for (int byte = 0; byte < 8; byte++)
        hash = (hash ^ ((value >> (8 * byte)) & 0xff)) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

uint64_t myr_checksum_add(uint64_t hash, const myr_moment *m) {
    hash = fnv1a(hash, m->count);
    hash = fnv1a(hash, bits_of(m->mean));
    hash = fnv1a(hash, bits_of(m->m2));
    hash = fnv1a(hash, bits_of(m->m3));
    return fnv1a(hash, bits_of(m->m4));
}

uint64_t myr_moment_checksum(const myr_moment *moments, int dimension) {
    uint64_t hash = MYR_CHECKSUM_OF_NOTHING;
    for (int c = 0; moments && c < dimension; c++)
        hash = myr_checksum_add(hash, &moments[c]);
    return hash;
}
