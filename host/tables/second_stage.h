/* A row's second stage, A' x~ + B' d~ + Y y~ + H d'~ + shift' m, written so that rounding stays small.
 *
 * Where it enters little noise it multiplies small differences by large numbers: Heun's has -Y = H/a' = h =
 * (1 - rho)/(2 rho), rho the ratio of the sigmas, and what y~ and d'~ are off by would come out h times as
 * large. So the large numbers are put on differences that are known better than their terms are, of which
 * there are two:
 *
 *   the score's   y - a' d' = -s'^2 grad log p(y), which a mixture has without cancellation, and small where
 *                 s' is below its components' widths:
 *                     Y y~ + H d'~ = (Y + H/a') y~ + (-H/a') (y~ - a' d'~);
 *   of outputs    d' - d, 0 for data points near one of them, whose both outputs are that point, and free of
 *                 the state's rounding where s' is large:
 *                     B' d~ + H d'~ = (B' + H) d~ + H (d'~ - d~);
 *                 and if y = A x + B d, no more, Y y = y + (Y - 1)(A x + B d): Heun's step becomes
 *                 y + H (d' - d). */
#ifndef MYRIAD_SECOND_STAGE_H
#define MYRIAD_SECOND_STAGE_H

#include "plans/plan_table.h"

/* x x~ + d d~ + y y~ + h (output - less d~) + shift m. */
typedef struct myr_second_stage {
    double x, d, y, h, less, shift;
    /* Not 0: the second output is score (y~ - a' d'~), in whole, and h is 1; else it is d'~. */
    double score;
} myr_second_stage;

/* For data points. The row has two stages. */
myr_second_stage myr_second_by_difference(const myr_row *row);

/* For a mixture, whichever rounding is smaller with. variance: the largest of all the mixture's; narrowest:
 * the least of a component. */
myr_second_stage myr_second_of_mixture(const myr_row *row, double variance, double narrowest);

#endif
