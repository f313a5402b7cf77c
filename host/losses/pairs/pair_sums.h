/* Sums over batches in a fixed order, so that they are the same bits on any backend that computes in float
 * and on any number of threads: in double, inside a chunk of MYR_CHUNK elements MYR_PARTIALS strided
 * partial sums, p += value[p], value[p + MYR_PARTIALS] …, which are then halved, p += p + 128, p + 64 … 1
 * (chunk_moments.h); over the chunks a binary tree. */
#ifndef MYRIAD_PAIR_SUMS_H
#define MYRIAD_PAIR_SUMS_H

#include <stddef.h>

#include "backends/reductions.h"
#include "pair_loss.h"

/* The sum of values[0], values[stride] … values[(count - 1) stride]: a tree that splits at the largest
 * power of two below the count. 0 for count 0. */
double myr_tree_sum(const double *values, size_t count, size_t stride);

/* The sums of a log-linear policy from [MYR_MARGIN_SUMS] (linear_shape.h). */
myr_margin_sums myr_margin_sums_make(const double *sums);

/* What the pointwise functions take. */
myr_loss_constants myr_loss_constants_make(const myr_loss *loss);

#endif
