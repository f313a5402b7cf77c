#include "row_table.h"

static size_t level_floats(const myr_target *target) {
    return (size_t)target->operations->level_floats;
}

static void write_level(const myr_target *target, double a, double s, double score, float *level) {
    (void)score; /* never: a second stage is by differences */
    target->operations->write_level(target, a, s, level);
}

const myr_levels myr_pointwise_levels = {.floats = level_floats, .write = write_level};

/* A guess: some divisions and a hundred other operations, where a step of a Gaussian takes 23. */
double myr_pointwise_work(const myr_target *target) {
    return 5.0 * target->dimension;
}
