/* Words and normals by themselves, for who wants to look at them: a thread makes a Philox block. */
#include "normals.cuh"

/* The words of element e of [count][blocks]. */
MYR_GPU uint4 draw_element(const myr_device_draw *draw, uint32_t e) {
    const uint64_t index = draw->first + e / draw->blocks;
    myr_trajectory t = myr_trajectory_make(&draw->keys, draw->stream, (uint32_t)index);
    myr_block b = myr_block_make(&draw->keys, (uint32_t)(index >> 32), draw->block + e % draw->blocks);
    return myr_device_words(&draw->keys, &t, &b);
}

static __global__ void draw_words(const myr_device_draw draw, uint4 *words) {
    const uint32_t e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e < draw.count * draw.blocks)
        words[e] = draw_element(&draw, e);
}

MYR_GPU void draw_normals(const myr_device_draw *draw, const int fast, float4 *normals) {
    const uint32_t e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= draw->count * draw->blocks)
        return;
    float z[4];
    myr_device_normals(draw_element(draw, e), fast, z);
    const float scale = fast ? (float)MYR_FAST_SCALE : 1.0f;
    normals[e] = make_float4(scale * z[0], scale * z[1], scale * z[2], scale * z[3]);
}

static __global__ void draw_normals_exact(const myr_device_draw draw, float4 *normals) {
    draw_normals(&draw, 0, normals);
}

static __global__ void draw_normals_fast(const myr_device_draw draw, float4 *normals) {
    draw_normals(&draw, 1, normals);
}

static uint32_t blocks_for(const myr_device_draw *draw) {
    return (draw->count * draw->blocks + (uint32_t)draw->threads - 1) / (uint32_t)draw->threads;
}

extern "C" cudaError_t myr_launch_words(const myr_device_draw *draw, uint32_t *d_words,
                                        cudaStream_t stream) {
    return MYR_LAUNCH(draw_words, blocks_for(draw), draw->threads, 0, stream, *draw, (uint4 *)d_words);
}

extern "C" cudaError_t myr_launch_normals(const myr_device_draw *draw, float *d_normals,
                                          cudaStream_t stream) {
    if (draw->fast)
        return MYR_LAUNCH(draw_normals_fast, blocks_for(draw), draw->threads, 0, stream, *draw,
                          (float4 *)d_normals);
    return MYR_LAUNCH(draw_normals_exact, blocks_for(draw), draw->threads, 0, stream, *draw,
                      (float4 *)d_normals);
}

extern "C" myr_device_keys myr_device_keys_make(uint64_t seed) {
    myr_device_keys keys;
    for (uint32_t round = 0; round < 10; round++) {
        keys.x[round] = (uint32_t)seed + round * PHILOX_W32_0;
        keys.y[round] = (uint32_t)(seed >> 32) + round * PHILOX_W32_1;
    }
    return keys;
}
