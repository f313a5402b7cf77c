#include "reference_random.h"

#include <math.h>

void myr_reference_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]) {
    uint32_t x0 = counter[0], x1 = counter[1], x2 = counter[2], x3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53 * x0;
        uint64_t p1 = (uint64_t)0xCD9E8D57 * x2;
        x0 = (uint32_t)(p1 >> 32) ^ x1 ^ k0;
        x1 = (uint32_t)p1;
        x2 = (uint32_t)(p0 >> 32) ^ x3 ^ k1;
        x3 = (uint32_t)p0;
        k0 += 0x9E3779B9; /* the golden ratio */
        k1 += 0xBB67AE85; /* sqrt(3) - 1 */
    }
    words[0] = x0;
    words[1] = x1;
    words[2] = x2;
    words[3] = x3;
}

void myr_reference_words(uint64_t seed, uint64_t trajectory, uint32_t stream, uint32_t block,
                         uint32_t words[4]) {
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t counter[4] = {block, stream, (uint32_t)trajectory, (uint32_t)(trajectory >> 32)};
    myr_reference_philox(counter, key, words);
}

/* The value of a word's bits as a two's complement number. */
static double signed_word(uint32_t w) {
    return w < 0x80000000u ? (double)w : (double)w - 0x1p32;
}

void myr_reference_box_muller(uint32_t w0, uint32_t w1, double normal[2]) {
    const double half_pi = 1.5707963267948966192;
    double u = fabs(signed_word(w0)) * 0x1p-31 + 0x1p-33;
    if (u > 1.0)
        u = 1.0; /* w0 = -2^31 alone: u is a probability, in (0, 1] */
    double theta = half_pi * (signed_word(w1) * 0x1p-31);
    double rho = sqrt(-2.0 * log(u));
    normal[0] = rho * sin(theta);
    normal[1] = signed_word(w0) < 0.0 ? -rho * cos(theta) : rho * cos(theta);
}

void myr_reference_normals(uint64_t seed, uint64_t trajectory, uint32_t stream, uint32_t block,
                           double normal[4]) {
    uint32_t words[4];
    myr_reference_words(seed, trajectory, stream, block, words);
    myr_reference_box_muller(words[0], words[1], normal);
    myr_reference_box_muller(words[2], words[3], normal + 2);
}

myr_reference_stream myr_reference_stream_make(myr_normal_source from, uint64_t first, uint64_t n) {
    return (myr_reference_stream){.seed = from.seed,
                                  .trajectory = first + n,
                                  .stream = from.stream,
                                  .given = from.given ? from.given + n * from.stride : NULL,
                                  .block = -1};
}

double myr_reference_stream_normal(myr_reference_stream *stream, int64_t j) {
    if (stream->given)
        return stream->given[j];
    int64_t block = j / 4;
    if (stream->block != block) {
        myr_reference_normals(stream->seed, stream->trajectory, stream->stream, (uint32_t)block,
                              stream->normal);
        stream->block = block;
    }
    return stream->normal[j % 4];
}
