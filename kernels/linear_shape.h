/* The order of the sums over the pairs of a log-linear policy: cpu and cuda keep to it, so that their
 * results are the same bits. Products and sums of floats are rounded one by one.
 *
 * Margins, in float: the 32 partial sums of columns p, p + 32, p + 64 … of a row, in ascending order; then
 * halved, q += q + 16, q + 8 … 1.
 *
 * Sums over rows are taken in chunks, whose results are added in a binary tree. Inside a chunk row i is of
 * class i mod MYR_ROW_CLASSES for losses and metrics: as many partial sums, in double, then halved. For the
 * gradient there are as many classes as keep the 256 threads of a block busy when columns are few; inside a
 * class groups of a few rows are added in float, one after the other, and groups in double. */
#ifndef MYRIAD_LINEAR_SHAPE_H
#define MYRIAD_LINEAR_SHAPE_H

#include "load.h"
#include "pair_loss.h"

#define MYR_LINEAR_LANES 32
#define MYR_ROW_CLASSES 64
#define MYR_LINEAR_GROUP 8

typedef struct myr_linear_shape {
    int chunk;   /* rows of a chunk, a power of two: 128 … 4096, some 64 Ki elements */
    int tile;    /* rows that a thread block has in hand: 1 … 64, at most 4096 elements (8192 if wide) */
    int classes; /* of the gradient's rows: 1 … 64 */
    int group; /* rows of a class that are added in float: 1 … 8; classes times group are at most a tile */
    int wide;  /* more columns than blocks of 256 threads take */
} myr_linear_shape;

#define MYR_NARROW_COLUMNS 2048

static inline myr_linear_shape myr_linear_shape_make(int parameters) {
    myr_linear_shape shape = {4096, 64, 64, MYR_LINEAR_GROUP, parameters > MYR_NARROW_COLUMNS};
    while (shape.chunk > 128 && shape.chunk * parameters > 65536)
        shape.chunk /= 2;
    while (shape.tile * parameters > (shape.wide ? 8192 : 4096))
        shape.tile /= 2;
    while (shape.classes > 1 && shape.classes * parameters > 256)
        shape.classes /= 2;
    while (shape.group * shape.classes > shape.tile)
        shape.group /= 2;
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
