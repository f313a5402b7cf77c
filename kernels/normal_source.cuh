/* Where the normals of a trajectory's stream come from, in every kernel that takes four coordinates at a time, or one
 * after the other: they are made, or given. */
#ifndef MYRIAD_NORMAL_SOURCE_CUH
#define MYRIAD_NORMAL_SOURCE_CUH

#include "normals.cuh"

#define MYR_QUAD 4

typedef struct myr_source {
    myr_trajectory trajectory; /* of the stream */
    uint32_t high;             /* half of the trajectory's index */
    const float *given; /* number 0 of the launch, `stride` floats from one to the next; NULL: made */
    size_t stride;
} myr_source;

MYR_GPU myr_source myr_source_make(const myr_device_keys *keys, uint32_t stream, uint32_t high,
                                   uint32_t low, const float *given, size_t stride) {
    myr_source source = {myr_trajectory_make(keys, stream, low), high, given, stride};
    return source;
}

/* The four in more, behind those in z, `shift` places forward. */
MYR_GPU void myr_shift_four(uint32_t shift, float more[MYR_QUAD], float z[MYR_QUAD]) {
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

/* Normals 4 block + shift … + 3, of `together` sources whose indices have one upper half. Where they lie across two Philox
 * blocks both are made, and the four are shifted into place. */
MYR_GPU void myr_draw_fours(const myr_device_keys *keys, const myr_source *sources, const int together,
                            uint32_t block, uint32_t shift, const int fast, float (*z)[MYR_QUAD]) {
    const myr_block here = myr_block_make(keys, sources->high, block);
#pragma unroll
    for (int n = 0; n < together; n++)
        myr_device_normals(myr_device_words(keys, &sources[n].trajectory, &here), fast, z[n]);
    if (shift == 0)
        return;
    const myr_block next = myr_block_make(keys, sources->high, block + 1);
#pragma unroll
    for (int n = 0; n < together; n++) {
        float more[MYR_QUAD];
        myr_device_normals(myr_device_words(keys, &sources[n].trajectory, &next), fast, more);
        myr_shift_four(shift, more, z[n]);
    }
}

/* The same fours, which are number `at` … of the launch, `left` of them at most. */
MYR_GPU void myr_take_fours(const myr_device_keys *keys, const myr_source *sources, const int together,
                            uint32_t block, uint32_t shift, size_t at, int left, const int fast,
                            float (*z)[MYR_QUAD]) {
    if (!sources->given) {
        myr_draw_fours(keys, sources, together, block, shift, fast, z);
        return;
    }
#pragma unroll
    for (int n = 0; n < together; n++)
#pragma unroll
        for (int i = 0; i < MYR_QUAD; i++)
            z[n][i] = i < left ? sources[n].given[(at + (size_t)i) * sources[n].stride] : 0.0f;
}

/* One after the other: z[0] is number `number`. */
typedef struct myr_normal_cursor {
    myr_source source;
    uint32_t number;
    float z[4];
} myr_normal_cursor;

MYR_GPU void myr_cursor_draw(const myr_device_keys *keys, const int fast, myr_normal_cursor *cursor) {
    myr_block block = myr_block_make(keys, cursor->source.high, cursor->number / 4);
    myr_device_normals(myr_device_words(keys, &cursor->source.trajectory, &block), fast, cursor->z);
}

MYR_GPU void myr_cursor_shift(myr_normal_cursor *cursor) {
    cursor->z[0] = cursor->z[1];
    cursor->z[1] = cursor->z[2];
    cursor->z[2] = cursor->z[3];
}

/* From number `number` on, which is number 0 of the launch. */
MYR_GPU myr_normal_cursor myr_cursor_make(const myr_device_keys *keys, myr_source source, uint32_t number,
                                          const int fast) {
    myr_normal_cursor cursor = {source, number, {0}};
    if (number % 4 != 0)
        myr_cursor_draw(keys, fast, &cursor);
    for (uint32_t n = 0; n < number % 4; n++)
        myr_cursor_shift(&cursor);
    return cursor;
}

/* may_be_given is literal: kernels that no given normals reach keep no register for them. */
MYR_GPU float myr_cursor_next(const myr_device_keys *keys, const int may_be_given, const int fast,
                              myr_normal_cursor *cursor) {
    if (may_be_given && cursor->source.given) {
        const float z = *cursor->source.given;
        cursor->source.given += cursor->source.stride;
        return z;
    }
    if (cursor->number % 4 == 0)
        myr_cursor_draw(keys, fast, cursor);
    const float z = cursor->z[0];
    myr_cursor_shift(cursor);
    cursor->number++;
    return z;
}

#endif
