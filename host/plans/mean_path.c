#include "mean_path.h"

#include "targets/gaussian.h"

void myr_mean_path_forget(myr_mean_path *path) {
    for (int c = 0; c < path->columns; c++)
        path->d1[c] = path->d2[c] = -(long double)myr_target_affine(path->target)->axis_mean[c];
}

static bool axes_alike(const myr_plan *plan, const myr_target *target) {
    const myr_gaussian *g = myr_target_affine(target);
    for (int c = 1; c < plan->dimension; c++)
        if (plan->start_mean[c] != plan->start_mean[0] || g->axis_mean[c] != g->axis_mean[0] ||
            g->axis_variance[c] != g->axis_variance[0])
            return false;
    return true;
}

void myr_mean_path_begin(myr_mean_path *path, const myr_plan *plan, const myr_target *target) {
    path->plan = plan;
    path->target = target;
    path->row = 0;
    path->columns = axes_alike(plan, target) ? 1 : plan->dimension;
    for (int c = 0; c < path->columns; c++)
        path->x[c] =
            plan->start_mean[c] - (long double)plan->rows[0].a * myr_target_affine(target)->axis_mean[c];
    myr_mean_path_forget(path);
}

/* g of the denoiser D = m + g (x - a m) of a Gaussian of variance v: g = a v/(a^2 v + s^2). */
static long double gain(long double a, long double s, long double v) {
    return a * v / (a * a * v + s * s);
}

/* The row of myriad/plan.h for x - a m and d - m; what it leaves over is the coefficients' sum times m. */
static void step_axis(const myr_row *row, long double m, long double v, long double *x, long double *d1,
                      long double *d2) {
    const long double a = row->a, a_first = myr_row_first_a(row);
    const long double d = gain(a, row->s, v) * *x;
    long double y = row->A * *x + row->B * d + row->P * *d1 + row->Q * *d2;
    y += (row->A * a + row->B + row->P + row->Q - a_first) * m;
    if (row->two_stage) {
        const long double second = gain(row->a_second, row->s_second, v) * y;
        y = row->A2 * *x + row->B2 * d + row->Y * y + row->H * second;
        y += (row->A2 * a + row->B2 + row->Y * a_first + row->H - row->a_next) * m;
    }
    *d2 = *d1;
    *d1 = d;
    *x = y;
}

void myr_mean_path_run(myr_mean_path *path, int64_t row) {
    const myr_gaussian *g = myr_target_affine(path->target);
    for (; path->row < row; path->row++)
        for (int c = 0; c < path->columns; c++)
            step_axis(&path->plan->rows[path->row], g->axis_mean[c], g->axis_variance[c], &path->x[c],
                      &path->d1[c], &path->d2[c]);
}

void myr_mean_path_read(const myr_mean_path *path, double *mean) {
    const myr_plan *plan = path->plan;
    const double *axes = myr_target_affine(path->target)->axes;
    const bool ends = path->row == plan->steps;
    const long double a = ends ? plan->rows[path->row - 1].a_next : plan->rows[path->row].a;
    for (int r = 0; r < plan->dimension; r++) {
        long double sum = axes ? 0.0L : path->x[path->columns == 1 ? 0 : r];
        for (int c = 0; axes && c < plan->dimension; c++)
            sum += axes[r * plan->dimension + c] * path->x[path->columns == 1 ? 0 : c];
        mean[r] = (double)(a * path->target->mean[r] + sum);
    }
}
