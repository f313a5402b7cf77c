/* The exact answer for targets whose denoiser is affine: the covariance of (x, d1, d2) follows a linear
 * recursion over the table, a coordinate at a time, as the mean does (mean_path.c). Derivations:
 * docs/mathematics.md.
 *
 * The recursion runs in long double: a variance that changes by a millionth a step rounds the same way
 * again and again, and in double that bias reaches 4e-11 after a million steps. */
#include <math.h>
#include <stddef.h>

#include "chain.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "mean_path.h"
#include "plan_table.h"
#include "targets/gaussian.h"

double myr_posterior_variance(double a, double s, double v) {
    return v * s * s / (a * a * v + s * s);
}

/* D(x; a, s) = m + g (x - a m), g = a v/(a^2 v + s^2). */
static long double denoiser_gain(long double a, long double s, long double v) {
    return a * v / (a * a * v + s * s);
}

/* S^2 = C^2 + E^2 Var(x0 | x) */
static long double noise_variance(const myr_row *row, long double v) {
    long double c = row->C, e = row->E;
    return c * c + e * e * myr_posterior_variance(row->a, row->s, (double)v);
}

/* Of (x, d1, d2). */
typedef struct belief {
    long double covariance[3][3];
} belief;

/* A row on one coordinate, unfolded, but for constants: x' = x_x x + x_1 d1 + x_2 d2 + x_pre z1 + noise,
 * d1' = d_x x + d_pre z1, d2' = d1. */
typedef struct affine_map {
    long double x_x, x_1, x_2, x_pre;
    long double noise_variance; /* of the noise, which is z2's share */
    long double d_x, d_pre;
} affine_map;

static affine_map unfold(const myr_row *row, long double v) {
    long double g = denoiser_gain(row->a, row->s, v); /* of x^ = x + n z1 */
    affine_map map = {
        .x_x = row->A + row->B * g,
        .x_1 = row->P,
        .x_2 = row->Q,
        .noise_variance = noise_variance(row, v),
        .d_x = g,
        .d_pre = g * row->n,
    };
    if (row->two_stage) { /* y above; x' = A' x^ + B' d + Y y + H g2 y */
        long double g2 = denoiser_gain(row->a_second, row->s_second, v);
        long double through = row->Y + row->H * g2;
        map.x_x = row->A2 + row->B2 * g + through * map.x_x;
        map.x_1 *= through;
        map.x_2 *= through;
        map.noise_variance *= through * through;
    }
    map.x_pre = map.x_x * row->n;
    return map;
}

/* covariance <- F covariance F^T + noise, with F and noise of the map. */
static belief advance(const belief *old, const affine_map *map) {
    const long double f[3] = {map->x_x, map->x_1, map->x_2};
    const long double(*c)[3] = old->covariance;
    long double fc[3]; /* covariance of the new x, its fresh noise aside, with the old state */
    for (int j = 0; j < 3; j++)
        fc[j] = f[0] * c[0][j] + f[1] * c[1][j] + f[2] * c[2][j];
    belief next;
    next.covariance[0][0] =
        fc[0] * f[0] + fc[1] * f[1] + fc[2] * f[2] + map->x_pre * map->x_pre + map->noise_variance;
    next.covariance[1][1] = map->d_x * map->d_x * c[0][0] + map->d_pre * map->d_pre;
    next.covariance[2][2] = c[1][1];
    next.covariance[0][1] = next.covariance[1][0] = fc[0] * map->d_x + map->x_pre * map->d_pre;
    next.covariance[0][2] = next.covariance[2][0] = fc[1];
    next.covariance[1][2] = next.covariance[2][1] = map->d_x * c[0][1];
    return next;
}

static double variance_of_axis(const myr_plan *plan, const myr_target *target, int axis) {
    double v = myr_target_affine(target)->axis_variance[axis];
    long double scale = plan->start_scale[axis];
    belief now = {.covariance = {{scale * scale}}};
    for (int64_t k = 0; k < plan->steps; k++) {
        affine_map map = unfold(&plan->rows[k], v);
        now = advance(&now, &map);
    }
    return (double)now.covariance[0][0];
}

double myr_plan_smallest_scale(const myr_plan *plan, double start_scale, double v) {
    belief now = {.covariance = {{(long double)start_scale * start_scale}}};
    long double smallest = INFINITY;
    for (int64_t k = 0; k < plan->steps; k++) {
        const long double before = now.covariance[0][0];
        const affine_map map = unfold(&plan->rows[k], v);
        now = advance(&now, &map);
        const long double after = now.covariance[0][0], size = before > 1.0L ? after / before : after;
        smallest = size > 0.0L && size < smallest ? size : smallest;
    }
    return (double)sqrtl(smallest);
}

/* From the axes, which are independent, to the coordinates x = U u: variance_r = sum_c U_rc^2 variance_c. */
static void leave_axes(const myr_target *target, const double *axis_variance, double *variance) {
    const int n = target->dimension;
    const double *axes = myr_target_affine(target)->axes;
    for (int r = 0; r < n; r++) {
        long double sum = axes ? 0.0L : axis_variance[r];
        for (int c = 0; axes && c < n; c++) {
            long double entry = axes[r * n + c];
            sum += entry * entry * axis_variance[c];
        }
        variance[r] = (double)sum;
    }
}

/* What both public calls need: a plan and an affine target of the same dimension. */
static myr_status check_pair(myr_context *context, const myr_plan *plan, const myr_target *target) {
    if (!plan || !target)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "%s is NULL; expected a %s",
                        plan ? "target" : "plan", plan ? "target" : "plan");
    if (!myr_target_affine(target))
        return myr_fail(context, MYR_UNSUPPORTED,
                        "the exact answer needs a target with an affine denoiser: a Gaussian");
    if (plan->dimension != target->dimension)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "the target's dimension is %d; expected the plan's, %d", target->dimension,
                        plan->dimension);
    return myr_chain_check_target(context, plan, target);
}

/* Of the state's number, 1 … S. */
static myr_status exact_of_chain(myr_context *context, const myr_plan *plan, const myr_target *target,
                                 double *mean, double *variance) {
    double law[MYR_MAX_STATES], centre = 0.0, spread = 0.0;
    myr_status status = myr_plan_exact_states(context, plan, target, law);
    if (status != MYR_OK)
        return status;
    for (int i = 0; i < plan->chain->states; i++)
        centre += law[i] * (i + 1);
    for (int i = 0; i < plan->chain->states; i++)
        spread += law[i] * (i + 1 - centre) * (i + 1 - centre);
    if (mean)
        *mean = centre;
    if (variance)
        *variance = spread;
    return MYR_OK;
}

myr_status myr_plan_exact(myr_context *context, const myr_plan *plan, const myr_target *target,
                          double *mean, double *variance) {
    MYR_STANDARD_ENVIRONMENT;
    if (plan && target && plan->chain)
        return exact_of_chain(context, plan, target, mean, variance);
    myr_status status = check_pair(context, plan, target);
    if (status != MYR_OK)
        return status;
    if (mean) {
        myr_mean_path path;
        myr_mean_path_begin(&path, plan, target);
        myr_mean_path_run(&path, plan->steps);
        myr_mean_path_read(&path, mean);
    }
    double axis_variance[MYR_MAX_DIMENSION];
    for (int c = 0; variance && c < plan->dimension; c++)
        axis_variance[c] = variance_of_axis(plan, target, c);
    if (variance)
        leave_axes(target, axis_variance, variance);
    return MYR_OK;
}

/* On x/a and with u = v + s^2/a^2 as time, the variance V obeys dV/du = drift V/u - (drift - 1) noise,
 * whose solutions are V = noise u + constant u^drift. On x, with w = a^2 u, from a0, w0 to a1 = a_end, u1:
 *     V1 = a1^2 (noise F + V0 D),   D = (u1/w0)^drift a0^(2 drift - 2),
 *     F = u1 - w0 D = u1 (1 - r^(drift - 1)),   r = u1/u0 = a0^2 u1/w0,
 * which holds for a0 = 0 too. Where v is large, r is near 1: r - 1 is then taken from the levels, in whose
 * difference v is not. All terms are positive, so no digits are lost. */
static double flow_variance(const myr_limit *limit, double start, const myr_row *first, double a1,
                            double s1, double v) {
    double w0 = first->a * first->a * v + first->s * first->s;
    double u1 = v + s1 * s1 / (a1 * a1);
    double decay = pow(u1 / w0, limit->drift) * pow(first->a, 2.0 * limit->drift - 2.0);
    double r = first->a * first->a * u1 / w0;
    double change = (first->a * s1 / a1 * (first->a * s1 / a1) - first->s * first->s) / w0; /* r - 1 */
    double fresh = 0.0;                                                                     /* F */
    if (limit->noise > 0.0 && limit->drift != 1.0)
        fresh = -u1 * expm1((limit->drift - 1.0) * (r > 0.5 ? log1p(change) : log(r)));
    return a1 * a1 * (limit->noise * fresh + start * decay);
}

static double limit_variance(const myr_plan *plan, int axis, double v) {
    const myr_limit *limit = &plan->limit;
    const myr_row *first = &plan->rows[0], *last = &plan->rows[plan->steps - 1], *end = &limit->end;
    double start = plan->start_scale[axis] * plan->start_scale[axis];
    if (!limit->fixed_end)
        return flow_variance(limit, start, first, last->a_next, last->s_next, v);
    double before = flow_variance(limit, start, first, end->a, end->s, v);
    affine_map map = unfold(end, v);
    return (double)(map.x_x * map.x_x * before + map.noise_variance);
}

myr_status myr_plan_limit(myr_context *context, const myr_plan *plan, const myr_target *target,
                          double *variance) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status = check_pair(context, plan, target);
    if (status != MYR_OK)
        return status;
    if (!variance)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "variance is NULL; expected an array");
    if (!plan->limit.known)
        return myr_fail(
            context, MYR_UNSUPPORTED,
            "no limit of many steps is known for this plan: its rows were given, or it has churn");
    double axis_variance[MYR_MAX_DIMENSION] = {0.0};
    for (int c = 0; c < plan->dimension; c++)
        axis_variance[c] = limit_variance(plan, c, myr_target_affine(target)->axis_variance[c]);
    leave_axes(target, axis_variance, variance);
    return MYR_OK;
}
