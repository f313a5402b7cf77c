#include "target_draw.h"

#include <math.h>

#include "ground/generator.h"
#include "reference/reference_denoise.h"
#include "targets/empirical.h"
#include "targets/gaussian.h"
#include "targets/mixture.h"

bool myr_target_draws(const myr_target *target) {
    return target->operations == &myr_target_gaussian || target->operations == &myr_target_mixture ||
           target->operations == &myr_target_empirical;
}

/* Block 0 of the stream chooses a component or a point, the blocks from 1 on are normals. */
static double choice(uint64_t seed, uint64_t index) {
    uint32_t words[4];
    myr_words_draw(seed, index, MYR_STREAM_EXACT, 0, words);
    return ((double)words[0] + 0.5) * 0x1p-32;
}

static void draw_gaussian(const myr_target *target, myr_normals *stream, double *x) {
    double in_axes[MYR_MAX_DIMENSION];
    for (int c = 0; c < target->dimension; c++)
        in_axes[c] = myr_target_affine(target)->axis_mean[c] +
                     sqrt(myr_target_affine(target)->axis_variance[c]) * myr_normals_draw(stream, 4 + c);
    myr_reference_from_axes(target, in_axes, x);
}

static void draw_mixture(const myr_target *target, double u, myr_normals *stream, double *x) {
    const myr_mixture *m = myr_mixture_of(target);
    const int d = target->dimension;
    int k = 0;
    double sum = m->weights[0];
    while (k < m->components - 1 && u >= sum)
        sum += m->weights[++k];
    for (int c = 0; c < d; c++)
        x[c] = m->means[k * d + c] + sqrt(m->variances[k * d + c]) * myr_normals_draw(stream, 4 + c);
}

void myr_target_draw(const myr_target *target, uint64_t seed, uint64_t index, double *x) {
    myr_normals stream = myr_normals_make(seed, index, MYR_STREAM_EXACT);
    if (target->operations == &myr_target_gaussian) {
        draw_gaussian(target, &stream, x);
    } else if (target->operations == &myr_target_mixture) {
        draw_mixture(target, choice(seed, index), &stream, x);
    } else {
        const myr_empirical *e = myr_empirical_of(target);
        const int64_t i = (int64_t)(choice(seed, index) * (double)e->count);
        for (int c = 0; c < target->dimension; c++)
            x[c] = (double)e->points[i * target->dimension + c];
    }
}
