/* The reduction over rankings: log-probabilities to Plackett-Luce losses and gradients.
 *
 * A thread block takes a chunk, groups of `width` threads a ranking each: one answer a thread, tile by
 * tile, in the order of ranking.h. Rankings of one tile are read once. Longer ones are read twice: from the
 * last tile to the first for the sums of what follows each tile, then forth. */
#include "device.cuh"
#include "ranking_launch.h"

enum { THREADS = 256, WARPS = THREADS / 32, TILES = MYR_MAX_RANKED / MYR_RANK_TILE };

/* A sum and the power of two that it is relative to. */
typedef struct carried {
    double n, sum;
} carried;

/* An answer, and what follows it. */
typedef struct answer {
    double x, n, d, s, rest;
    float a;
} answer;

MYR_GPU answer read_answer(const myr_ranking_view *view, int width, int lane, uint64_t first, int i,
                           int count, carried next, int *bad) {
    answer o;
    const int is_there = i < count;
    o.x = is_there ? myr_rank_score(view, view->type, (size_t)(first + (uint64_t)i), bad) : 0.0;
    o.n = is_there ? myr_rank_power(o.x) : MYR_NO_POWER;
    for (int step = 1; step < width; step *= 2) {
        const double other = __shfl_down_sync(0xffffffffu, o.n, step, width);
        o.n = lane + step < width && other > o.n ? other : o.n;
    }
    o.n = next.n > o.n ? next.n : o.n;
    o.d = myr_rank_offset(o.x, o.n);
    o.a = is_there ? myr_exp((float)o.d) : 0.0f;
    o.s = (double)o.a;
    for (int step = 1; step < width; step *= 2) {
        const double n = __shfl_down_sync(0xffffffffu, o.n, step, width);
        const double s = __shfl_down_sync(0xffffffffu, o.s, step, width);
        if (lane + step < width)
            o.s += myr_rank_fall(n, o.n) * s;
    }
    o.s += myr_rank_fall(next.n, o.n) * next.sum;
    const double n = __shfl_down_sync(0xffffffffu, o.n, 1, width);
    const double s = __shfl_down_sync(0xffffffffu, o.s, 1, width);
    o.rest = lane + 1 < width ? myr_rank_fall(n, o.n) * s : myr_rank_fall(next.n, o.n) * next.sum;
    return o;
}

/* The gradient in x; *last becomes the tile's last thread's sum. */
MYR_GPU double slope_answer(const answer *o, int is_there, int width, int lane, carried *last) {
    const double reciprocal = is_there ? 1.0 / o->s : 0.0;
    double t = reciprocal;
    for (int step = 1; step < width; step *= 2) {
        const double n = __shfl_up_sync(0xffffffffu, o->n, (unsigned)step, width);
        const double other = __shfl_up_sync(0xffffffffu, t, (unsigned)step, width);
        if (lane >= step)
            t += myr_rank_fall(o->n, n) * other;
    }
    t += myr_rank_fall(o->n, last->n) * last->sum;
    const double n = __shfl_up_sync(0xffffffffu, o->n, 1, width);
    const double other = __shfl_up_sync(0xffffffffu, t, 1, width);
    const double before =
        lane > 0 ? myr_rank_fall(o->n, n) * other : myr_rank_fall(o->n, last->n) * last->sum;
    last->n = __shfl_sync(0xffffffffu, o->n, width - 1, width);
    last->sum = __shfl_sync(0xffffffffu, t, width - 1, width);
    return (double)o->a * before - o->rest * reciprocal;
}

MYR_GPU void write_gradient(const myr_ranking_view *view, size_t i, double gradient) {
    if (view->gradient_type == MYR_F32)
        ((float *)view->gradient)[i] = myr_narrow(gradient, 0x1p-126);
    else
        ((double *)view->gradient)[i] = gradient;
}

/* Whether answer i is above the next one; the last thread of a tile reads that itself. */
MYR_GPU int is_above_next(const myr_ranking_view *view, const answer *o, int width, int lane,
                          uint64_t first, int i, int count) {
    int ignored = 0;
    double next = __shfl_down_sync(0xffffffffu, o->x, 1, width);
    if (i + 1 >= count)
        return 0;
    if (lane + 1 == width)
        next = myr_rank_score(view, view->type, (size_t)(first + (uint64_t)i + 1), &ignored);
    return o->x > next;
}

/* Sums over the threads of a group; in its first thread. */
MYR_GPU double halve_group(double sum, int width) {
    for (int half = width / 2; half > 0; half /= 2)
        sum += __shfl_down_sync(0xffffffffu, sum, (unsigned)half, width);
    return sum;
}

/* What follows each tile of a ranking, from the last to the first. */
MYR_GPU void carry_back(const myr_ranking_view *view, int lane, uint64_t first, int count,
                        carried *follows) {
    const int tiles = (count + MYR_RANK_TILE - 1) / MYR_RANK_TILE;
    carried next = {MYR_NO_POWER, 0.0};
    int ignored = 0;
    for (int tile = tiles - 1; tile >= 0; tile--) {
        if (lane == 0)
            follows[tile] = next;
        const answer o = read_answer(view, MYR_RANK_TILE, lane, first, tile * MYR_RANK_TILE + lane, count,
                                     next, &ignored);
        next.n = __shfl_sync(0xffffffffu, o.n, 0);
        next.sum = __shfl_sync(0xffffffffu, o.s, 0);
    }
    __syncwarp();
}

/* One ranking; its sums, in the first thread of the group. */
MYR_GPU void reduce_ranking(const myr_ranking_view *view, int width, int lane, uint64_t first, int count,
                            double weight, carried *follows, double sums[MYR_RANKED_SUMS], int *bad) {
    double loss = 0.0, margin = 0.0, accurate = 0.0;
    carried last = {-MYR_NO_POWER, 0.0};
    const carried nothing = {MYR_NO_POWER, 0.0};
    if (count > MYR_RANK_TILE)
        carry_back(view, lane, first, count, follows);
    for (int tile = 0; tile == 0 || tile * MYR_RANK_TILE < count; tile++) {
        const int i = tile * MYR_RANK_TILE + lane, is_there = i < count;
        const carried next = count > MYR_RANK_TILE ? follows[tile] : nothing;
        const answer o = read_answer(view, width, lane, first, i, count, next, bad);
        const double gradient = slope_answer(&o, is_there, width, lane, &last);
        accurate += is_above_next(view, &o, width, lane, first, i, count) ? 1.0 : 0.0;
        if (!is_there)
            continue;
        loss += myr_rank_loss(o.a, o.rest, o.s, o.d);
        margin += i == 0 ? o.x : 0.0;
        margin -= i == count - 1 ? o.x : 0.0;
        if (view->gradient)
            write_gradient(view, (size_t)(first + (uint64_t)i), gradient * (weight * view->scale));
    }
    sums[MYR_RANKED_NEIGHBOURS] += weight * (double)(count > 0 ? count - 1 : 0);
    sums[MYR_RANKED_LOSS] += weight * halve_group(loss, width);
    sums[MYR_RANKED_MARGIN] += weight * halve_group(margin, width);
    sums[MYR_RANKED_ACCURATE] += weight * halve_group(accurate, width);
}

/* The slots' sums, halved, to the chunk's. */
MYR_GPU void write_sums(const double sums[MYR_RANKED_SUMS], int slots, int slot, int lane, double *shared,
                        double *to) {
    for (int sum = 0; sum < MYR_RANKED_SUMS; sum++) {
        if (lane == 0)
            shared[slot] = sums[sum];
        __syncthreads();
        for (int half = slots / 2; half > 0; half /= 2) {
            if ((int)threadIdx.x < half)
                shared[threadIdx.x] += shared[threadIdx.x + (unsigned)half];
            __syncthreads();
        }
        if (threadIdx.x == 0)
            to[sum] = shared[0];
        __syncthreads();
    }
}

static __global__ void __launch_bounds__(THREADS, 3)
    reduce_rankings(const myr_ranking_view view, double *d_sums, unsigned long long *d_bad) {
    __shared__ carried follows[WARPS][TILES];
    __shared__ double shared[THREADS / 4];
    const int width = view.shape.width, slots = view.shape.slots;
    const int lane = (int)threadIdx.x % width, slot = (int)threadIdx.x / width;
    const uint64_t begin = (uint64_t)blockIdx.x * (uint64_t)view.shape.chunk;
    double sums[MYR_RANKED_SUMS] = {0.0};
    for (int at = 0; at < view.shape.chunk; at += slots) {
        const uint64_t ranking = begin + (uint64_t)(at + slot);
        const int is_there = ranking < view.count;
        const uint64_t first = is_there ? myr_rank_start(&view, ranking) : 0;
        const int count = is_there ? (int)(myr_rank_start(&view, ranking + 1) - first) : 0;
        const double weight = is_there ? myr_rank_weight(&view, ranking) : 0.0;
        int bad = 0;
        reduce_ranking(&view, width, lane, first, count, weight, follows[threadIdx.x / 32], sums, &bad);
        if (bad)
            atomicMax(d_bad, ~(unsigned long long)ranking); /* the smallest, whatever the order */
    }
    write_sums(sums, slots, slot, lane, shared, d_sums + (size_t)blockIdx.x * MYR_RANKED_SUMS);
}

static __global__ void __launch_bounds__(THREADS)
    weigh_rankings(const myr_ranking_view view, double *d_sums, unsigned long long *d_bad) {
    __shared__ double shared[THREADS / 4];
    const int slots = view.shape.slots, slot = (int)threadIdx.x;
    const uint64_t begin = (uint64_t)blockIdx.x * (uint64_t)view.shape.chunk;
    double sum = 0.0;
    for (int at = 0; slot < slots && at < view.shape.chunk; at += slots) {
        const uint64_t ranking = begin + (uint64_t)(at + slot);
        if (ranking >= view.count)
            break;
        const double weight = myr_rank_weight(&view, ranking);
        if (!(weight >= 0.0 && weight <= MYR_RANK_LIMIT))
            atomicMax(d_bad, ~(unsigned long long)ranking);
        sum += weight;
    }
    if (slot < slots)
        shared[slot] = sum;
    __syncthreads();
    for (int half = slots / 2; half > 0; half /= 2) {
        if (slot < half)
            shared[slot] += shared[slot + half];
        __syncthreads();
    }
    if (slot == 0)
        d_sums[blockIdx.x] = shared[0];
}

static unsigned chunk_count(const myr_ranking_view *view) {
    return (unsigned)((view->count + (uint64_t)view->shape.chunk - 1) / (uint64_t)view->shape.chunk);
}

extern "C" cudaError_t myr_launch_rankings(const myr_ranking_view *view, double *d_sums,
                                           unsigned long long *d_bad, cudaStream_t stream) {
    return MYR_LAUNCH(reduce_rankings, chunk_count(view), THREADS, 0, stream, *view, d_sums, d_bad);
}

extern "C" cudaError_t myr_launch_ranking_weights(const myr_ranking_view *view, double *d_sums,
                                                  unsigned long long *d_bad, cudaStream_t stream) {
    return MYR_LAUNCH(weigh_rankings, chunk_count(view), THREADS, 0, stream, *view, d_sums, d_bad);
}
