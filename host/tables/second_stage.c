#include "second_stage.h"

#include <math.h>

/* The multiples of m that make a row of x one of x - a m. */
static double shift_of(const myr_row *row) {
    return row->A2 * row->a + row->B2 + row->Y * row->a_second + row->H - row->a_next;
}

myr_second_stage myr_second_by_difference(const myr_row *row) {
    myr_second_stage stage = {.x = row->A2, .d = row->B2 + row->H, .y = row->Y, .h = row->H, .less = 1.0};
    stage.shift = shift_of(row);
    const double more = row->Y - 1.0;
    const double x = stage.x + more * row->A, d = stage.d + more * row->B;
    const bool no_more = row->P == 0.0 && row->Q == 0.0 && row->C == 0.0;
    if (no_more && fabs(x) + fabs(d) < fabs(stage.x) + fabs(stage.d)) {
        stage.x = x;
        stage.d = d;
        stage.y = 1.0;
        stage.shift += more * (row->A * row->a + row->B - row->a_second);
    }
    return stage;
}

static myr_second_stage by_score(const myr_row *row) {
    return (myr_second_stage){.x = row->A2,
                              .d = row->B2,
                              .y = row->Y + row->H / row->a_second,
                              .h = 1.0,
                              .shift = shift_of(row),
                              .score = -row->H / row->a_second};
}

/* Both forms are right; what each rounds, in units of 2^-24: its terms, at the usual sizes of x~, y~ and d~,
 * and in the outputs their parts, which are up to d and, of the score, (y~ - a' mu~) s'^2/S. */
myr_second_stage myr_second_of_mixture(const myr_row *row, double variance, double narrowest) {
    const double a = row->a_second, s = row->s_second, d = sqrt(variance);
    const double x = hypot(row->a * d, row->s), y = hypot(a * d, s);
    const myr_second_stage outputs = myr_second_by_difference(row);
    if (!(a > 0.0))
        return outputs;
    const myr_second_stage score = by_score(row);
    const double share = s * s / (a * a * narrowest + s * s);
    const double with_score =
        fabs(score.x) * x + fabs(score.d) * d + fabs(score.y) * y + fabs(score.score) * share * (y + a * d);
    const double with_outputs =
        fabs(outputs.x) * x + fabs(outputs.d) * d + fabs(outputs.y) * y + fabs(outputs.h) * 2.0 * d;
    return with_score < with_outputs ? score : outputs;
}
