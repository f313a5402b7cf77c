/* A state is held about a place that the backend chooses: of float a Gaussian's mean path, where nothing is
 * lost, or else the target's mean; of the reference 0. Far from that place, numbers are coarse.
 *
 * With b bits, a number of size L is off by e = 2^-b L at most, a row's new state by as much again. Where the
 * law's spread is s there, rho = e/s:
 *
 * - the roundings of T rows that do not amplify them add T (2e)^2/12 to a variance s^2, the share T rho^2/3;
 * - a row that moves a state by less than e may leave it where it is. Over T rows the moves that count are of
 *   s/T and more: rho <= 1/T keeps them.
 *
 * rho max(T, 1000) <= 1 is asked for: the share of the variance is then 1/3000 at most (at T = 1000; it is T/3e6
 * below and 1/(3 T) above), which two million trajectories do not see, as 2/N is a variance's relative square
 * error. Otherwise a line says so. */
#include "run.h"

#include <math.h>
#include <stdio.h>

#include "plans/plan_table.h"
#include "targets/gaussian.h"

enum { START = -2, WHOLE = -1 }; /* in place of a component: the start, or all of the target */

/* What is worst so far. */
typedef struct worst {
    double ratio; /* of distance to spread */
    double distance, spread;
    int coordinate, component; /* the component of a mixture, from 0; START; WHOLE */
} worst;

static void look(worst *w, double distance, double spread, int coordinate, int component) {
    if (!(spread > 0.0 && fabs(distance) / spread > w->ratio))
        return;
    w->ratio = fabs(distance) / spread;
    w->distance = fabs(distance);
    w->spread = spread;
    w->coordinate = coordinate;
    w->component = component;
}

/* A mixture's components, about its mean or about 0; of other targets the whole. */
static void look_at_parts(worst *w, const myr_target *target, bool about_mean) {
    const myr_target_operations *of = target->operations;
    const int components = of->normals ? of->normals(target) : 0;
    for (int j = 0; j < components; j++)
        for (int c = 0; c < target->dimension; c++) {
            double mean, variance;
            of->normal(target, j, c, &mean, &variance);
            look(w, mean - (about_mean ? target->mean[c] : 0.0), sqrt(variance), c, j);
        }
    for (int c = 0; components == 0 && c < target->dimension; c++)
        look(w, target->mean[c], sqrt(target->variance[c]), c, WHOLE);
}

/* Held about a m, from which first the start is so far, and then a mixture's components. Data are floats
 * themselves; but n of them are within sqrt(n) deviations of their mean. */
static worst of_float(const myr_plan *plan, const myr_target *target) {
    worst w = {0};
    for (int c = 0; c < plan->dimension && !plan->start_in_component; c++)
        look(&w, plan->start_mean[c] - plan->rows[0].a * target->mean[c], plan->start_scale[c], c, START);
    look_at_parts(&w, target, true);
    return w;
}

/* Held about 0. */
static worst of_double(const myr_target *target) {
    worst w = {0};
    const myr_gaussian *affine = myr_target_affine(target);
    if (!affine)
        look_at_parts(&w, target, false);
    for (int c = 0; affine && c < target->dimension; c++)
        look(&w, affine->axis_mean[c], sqrt(affine->axis_variance[c]), c, WHOLE);
    return w;
}

/* The least scale that states come down to, by which variance of the target: of an axis or a component. Infinite of
 * targets that have neither: no state of theirs need be near another. */
typedef struct smallest {
    double scale, variance;
    int coordinate;
    const char *what; /* the coordinate is that of */
} smallest;

static void look_at_variance(smallest *s, double variance, int coordinate) {
    if (variance < s->variance) {
        s->variance = variance;
        s->coordinate = coordinate;
    }
}

static smallest find_smallest(const myr_plan *plan, const myr_target *target) {
    const myr_target_operations *of = target->operations;
    const myr_gaussian *affine = myr_target_affine(target);
    smallest s = {.scale = INFINITY, .variance = INFINITY, .what = "coordinate"};
    for (int c = 0; affine && c < target->dimension; c++)
        look_at_variance(&s, affine->axis_variance[c], c);
    for (int j = 0; !affine && of->normals && j < of->normals(target); j++)
        for (int c = 0; c < target->dimension; c++) {
            double mean, variance;
            of->normal(target, j, c, &mean, &variance);
            look_at_variance(&s, variance, c);
        }
    if (affine && affine->axes)
        s.what = "axis";
    if (s.variance < INFINITY)
        s.scale = myr_plan_smallest_scale(plan, plan->start_scale[s.coordinate], s.variance);
    return s;
}

/* A line if the scale is below the least one. */
static void warn_below(double least, const smallest *s, const char *type, const char *why, char *text,
                       size_t size) {
    if (!(s->scale >= least))
        snprintf(
            text, size,
            "%s is too coarse for this run: with a target variance of %.3g in %s %d, states come down to "
            "a scale of %.2g, and %s",
            type, s->variance, s->what, s->coordinate, s->scale, why);
}

void myr_coarse_warn(const myr_plan *plan, const myr_target *target, int digits, char *text, size_t size) {
    const bool is_float = digits == 24;
    text[0] = '\0';
    if (plan->chain)
        return;
    const double steps = plan->steps > 1000 ? (double)plan->steps : 1000.0;
    if (is_float) {
        const smallest s = find_smallest(plan, target);
        warn_below(ldexp(steps, -126), &s, "float",
                   "floats lose digits below 1.2e-38; the backend reference computes in double", text,
                   size);
    }
    if (is_float && myr_target_affine(target))
        return; /* its states are held about the mean path */
    const worst w = is_float ? of_float(plan, target) : of_double(target);
    if (ldexp(w.ratio, -digits) * steps <= 1.0)
        return;
    char what[32] = "the target";
    if (w.component == START)
        snprintf(what, sizeof what, "the start");
    else if (w.component != WHOLE)
        snprintf(what, sizeof what, "component %d", w.component);
    snprintf(
        text, size,
        "%s is too coarse for this run: %s has a standard deviation of %.3g in coordinate %d, %.3g from "
        "where states are held about, and there numbers are %.2g apart",
        is_float ? "float" : "double", what, w.spread, w.coordinate, w.distance,
        ldexp(w.distance, 1 - digits));
}

void myr_coarse_warn_moments(const myr_plan *plan, const myr_target *target, int digits, char *text,
                             size_t size) {
    if (digits == 24 || plan->chain || !myr_target_affine(target) || text[0] != '\0')
        return;
    const smallest s = find_smallest(plan, target);
    warn_below(0x1p-255, &s, "double",
               "the fourth powers that standard errors need lose digits below 2.2e-308", text, size);
}
