/* Normals of four coordinates: where four numbers lie across two Philox blocks both are made, and the four
 * are shifted into place. */
#ifndef MYRIAD_DRAW_QUAD_CUH
#define MYRIAD_DRAW_QUAD_CUH

#include "normals.cuh"

#define MYR_QUAD 4

/* Components shift, shift + 1 … of a trajectory's stream from a block on. */
MYR_GPU void myr_draw_quad_at(const myr_device_keys *keys, const myr_trajectory *t, uint32_t high,
                              uint32_t block, uint32_t shift, const int fast, float z[MYR_QUAD]) {
    myr_block here = myr_block_make(keys, high, block);
    myr_device_normals(myr_device_words(keys, t, &here), fast, z);
    if (shift == 0)
        return;
    float more[4];
    myr_block next = myr_block_make(keys, high, block + 1);
    myr_device_normals(myr_device_words(keys, t, &next), fast, more);
    if (shift & 2) {
        z[0] = z[2];
        z[1] = z[3];
        z[2] = more[0];
        z[3] = more[1];
        more[0] = more[2];
    }
    if (shift & 1) {
        z[0] = z[1];
        z[1] = z[2];
        z[2] = z[3];
        z[3] = more[0];
    }
}

/* Normals number … number + 3. */
MYR_GPU void myr_draw_quad(const myr_device_keys *keys, const myr_trajectory *t, uint32_t high,
                           uint32_t number, const int fast, float z[MYR_QUAD]) {
    myr_draw_quad_at(keys, t, high, number / 4, number % 4, fast, z);
}

#endif
