#include "generator.h"

#include <math.h>
#include <string.h>

void myr_words_draw(uint64_t seed, uint64_t index, uint32_t stream, uint32_t block, uint32_t words[4]) {
    uint32_t x[4] = {block, stream, (uint32_t)index, (uint32_t)(index >> 32)};
    uint64_t low = seed & 0xffffffffu, high = seed >> 32;
    for (int round = 0; round < 10; round++) {
        const uint64_t even = UINT64_C(0xD2511F53) * x[0], odd = UINT64_C(0xCD9E8D57) * x[2];
        const uint32_t mixed[4] = {(uint32_t)((odd >> 32) ^ x[1] ^ low), (uint32_t)odd,
                                   (uint32_t)((even >> 32) ^ x[3] ^ high), (uint32_t)even};
        memcpy(x, mixed, sizeof x);
        low += 0x9E3779B9u; /* the upper halves of these are never looked at */
        high += 0xBB67AE85u;
    }
    memcpy(words, x, sizeof x);
}

/* A word's bits as a two's complement number, in units of 2^31. */
static double share(uint32_t word) {
    return ldexp((double)word - (word >> 31 ? 4294967296.0 : 0.0), -31);
}

/* The pair (rho sin theta, ± rho cos theta): |w0| gives rho, its sign the half-plane, w1 the angle within it. */
static void box_muller(uint32_t w0, uint32_t w1, double normal[2]) {
    const double half_pi = 1.5707963267948966192;
    const double u = fmin(fabs(share(w0)) + ldexp(1.0, -33), 1.0);
    const double theta = half_pi * share(w1), rho = sqrt(-2.0 * log(u));
    normal[0] = rho * sin(theta);
    normal[1] = (w0 >> 31 ? -rho : rho) * cos(theta);
}

myr_normals myr_normals_make(uint64_t seed, uint64_t index, uint32_t stream) {
    return (myr_normals){.seed = seed, .index = index, .stream = stream, .block = -1};
}

double myr_normals_draw(myr_normals *normals, int64_t j) {
    const int64_t block = j / 4;
    if (normals->block != block) {
        uint32_t words[4];
        myr_words_draw(normals->seed, normals->index, normals->stream, (uint32_t)block, words);
        box_muller(words[0], words[1], normals->normal);
        box_muller(words[2], words[3], normals->normal + 2);
        normals->block = block;
    }
    return normals->normal[j % 4];
}
