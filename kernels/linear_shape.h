/* The order of the sums over the pairs of a log-linear policy: cpu and cuda keep to it, so that their
 * results are the same bits.
 *
 * Margins: the 32 partial sums of columns p, p + 32, p + 64 … of a row, in ascending order; then halved,
 * q += q + 16, q + 8 … 1.
 *
 * Sums over rows are taken in chunks, whose results are added in a binary tree. Inside a chunk the sums of
 * losses and metrics are MYR_ROW_CLASSES partial sums of rows i, i + MYR_ROW_CLASSES …, halved; those of
 * the gradient likewise, in as many classes as keep the 256 threads of a block busy when there are few
 * columns.
 *
 * All in double: the product of two floats is exact there, so that fused multiply-add or not is one. */
#ifndef MYRIAD_LINEAR_SHAPE_H
#define MYRIAD_LINEAR_SHAPE_H

#include "load.h"
#include "pair_loss.h"

#define MYR_LINEAR_LANES 32
#define MYR_ROW_CLASSES 64

typedef struct myr_linear_shape {
    int chunk;   /* rows of a chunk, a power of two: 128 … 4096, some 64 Ki elements */
    int classes; /* of the gradient's rows, a power of two: 1 … 64 */
} myr_linear_shape;

static inline myr_linear_shape myr_linear_shape_make(int parameters) {
    myr_linear_shape shape = {4096, 64};
    while (shape.chunk > 128 && shape.chunk * parameters > 65536)
        shape.chunk /= 2;
    while (shape.classes > 1 && shape.classes * parameters > 256)
        shape.classes /= 2;
    return shape;
}

/* Sums of a chunk; the gradient's follow in a node. */
enum { MYR_MARGIN_WEIGHT, MYR_MARGIN_LOSS, MYR_MARGIN_MARGIN, MYR_MARGIN_ACCURATE, MYR_MARGIN_SUMS };

/* Margins, reference margins and weights may be at most this. */
#define MYR_MARGIN_LIMIT 1e15f

/* Whether a pair is refused: its margin x, weight v, or loss. */
static MYR_HD int myr_margin_bad(float x, float v, float loss) {
    return !(fabsf(x) <= MYR_MARGIN_LIMIT) | !(v >= 0.0f) | !(v <= MYR_MARGIN_LIMIT) |
           !(fabsf(loss) <= 3.4028234e38f);
}

/* An element of type MYR_F64 or MYR_F32 as double, exactly. */
static MYR_HD double myr_load_double(const void *data, int type, size_t i) {
    return type == MYR_F64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

#endif
