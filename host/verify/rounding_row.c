/* Errors of rows in float, along the path that the reference takes. */
#include <math.h>
#include <stdlib.h>

#include "plans/mean_path.h"
#include "reference/reference_random.h"
#include "rounding.h"
#include "targets/gaussian.h"

#define eps 0x1p-24           /* one rounding to float, relative */
#define reference_eps 0x1p-50 /* the reference's own roundings, of all terms of a row together */

/* A number in exact arithmetic and the most by which its float counterpart may be off. */
typedef struct number {
    double value, error;
} number;

static number rounded(double value, double error) {
    number made = {value, error + eps * (fabs(value) + error) + 0x1p-150};
    return made;
}

static number multiply_add(number a, number b, number c) {
    double error = fabs(a.value) * b.error + fabs(b.value) * a.error + a.error * b.error + c.error;
    return rounded(a.value * b.value + c.value, error);
}

static number multiply(number a, number b) {
    number zero = {0.0, 0.0};
    return multiply_add(a, b, zero);
}

/* A coefficient of a float table: off by one unit in the last place at most, 2 eps (host/tables/affine_table.c
 * passes one rounding's error on to the next). */
static number coefficient(double value) {
    number made = {value, 2.0 * eps * fabs(value) + 0x1p-149};
    return made;
}

static number exactly(double value) {
    number made = {value, 0.0};
    return made;
}

/* State and memory relative to the mean path, with the accumulated errors. */
typedef struct walk {
    double x, d1, d2;
    double x_error, d1_error, d2_error;
} walk;

/* A row for a coordinate relative to the mean path: x' = by_x x + by_d1 d1 + by_d2 d2 + c z, where the
 * denoiser and, through its y, the second stage are put in. */
typedef struct relative_row {
    const myr_row *row;
    double g, by_x, by_d1, by_d2, c;
} relative_row;

static relative_row make_relative(const myr_row *row, double v) {
    relative_row r = {.row = row};
    r.g = row->a * v / (row->a * row->a * v + row->s * row->s);
    r.by_x = row->A + row->B * r.g;
    r.by_d1 = row->P;
    r.by_d2 = row->Q;
    r.c = sqrt(row->C * row->C +
               row->E * row->E * (v * row->s * row->s / (row->a * row->a * v + row->s * row->s)));
    if (row->two_stage) {
        double g2 = row->a_second * v / (row->a_second * row->a_second * v + row->s_second * row->s_second);
        double by_y = row->Y + row->H * g2;
        r.by_x = row->A2 + row->B2 * r.g + by_y * r.by_x;
        r.by_d1 *= by_y;
        r.by_d2 *= by_y;
        r.c *= by_y;
    }
    return r;
}

/* The row of kernels/affine_row.h, operation by operation: x <- alpha x + c z, with the memory between if the
 * table has any. */
static number float_row(const relative_row *r, const walk *w, bool general, number z1, number z2,
                        number *d) {
    number x = exactly(w->x);
    number y = multiply(coefficient(r->c), z2);
    if (general) {
        x = multiply_add(coefficient(r->row->n), z1, x);
        *d = multiply(coefficient(r->g), x);
        y = multiply_add(coefficient(r->by_d2), exactly(w->d2), y);
        y = multiply_add(coefficient(r->by_d1), exactly(w->d1), y);
    }
    return multiply_add(coefficient(r->by_x), x, y);
}

/* The most that the errors can become: |M| e, M the derivative of the row. It is far above what they do
 * become where a row's terms have two signs, so it serves for the errors of second order alone: the
 * rounding of a row is counted on the error-free path, and ten operations change that by at most 20 eps
 * (|M| e). */
static walk propagate(const relative_row *r, const walk *w) {
    walk next = {0};
    next.x_error = fabs(r->by_x) * w->x_error + fabs(r->by_d1) * w->d1_error + fabs(r->by_d2) * w->d2_error;
    next.d1_error = fabs(r->g) * w->x_error;
    next.d2_error = w->d1_error;
    return next;
}

/* The largest of the means before a row and after it: of x, d1, d2 and the target's at their levels. */
static double mean_size(const myr_mean_path *path, int c) {
    const int at = path->columns == 1 ? 0 : c;
    const double m = myr_target_affine(path->target)->axis_mean[c];
    return (double)(fabsl(path->x[at]) + fabsl(path->d1[at]) + fabsl(path->d2[at])) + 3.0 * fabs(m);
}

/* The reference works with x itself, and a second stage through its y: its rounding is relative to the
 * terms with the means in them. */
static double reference_rounding(const relative_row *r, const walk *w, const walk *next, double means) {
    const myr_row *row = r->row;
    double size = fabs(w->x) + fabs(w->d1) + fabs(w->d2) + fabs(next->x) + fabs(next->d1) +
                  (1.0 + row->a + fmax(row->a_next, myr_row_first_a(row))) * means;
    double weight = 1.0 + fabs(row->A) + fabs(row->B) + fabs(row->P) + fabs(row->Q) + fabs(row->A2) +
                    fabs(row->B2) + fabs(row->Y) + fabs(row->H);
    return reference_eps * weight * weight * size;
}

/* What one row does to errors: x <- by_x x + by_d1 d1 + by_d2 d2 + x_rounding, d1 <- g x + d_rounding. */
typedef struct row_errors {
    double by_x, by_d1, by_d2, g;
    double x_rounding, d_rounding;
} row_errors;

static row_errors take_row(const relative_row *r, double means, bool general, number z1, number z2,
                           walk *w) {
    const double second_order = 20.0 * eps;
    walk next = propagate(r, w);
    number d = exactly(0.0);
    number x = float_row(r, w, general, z1, z2, &d);
    next.x = x.value;
    next.d1 = d.value;
    next.d2 = w->d1;
    double by_reference = reference_rounding(r, w, &next, means);
    row_errors errors = {.by_x = r->by_x, .by_d1 = r->by_d1, .by_d2 = r->by_d2, .g = r->g};
    errors.x_rounding = x.error + by_reference + second_order * next.x_error;
    errors.d_rounding = d.error + by_reference + second_order * next.d1_error;
    next.x_error += errors.x_rounding;
    next.d1_error += errors.d_rounding;
    *w = next;
    return errors;
}

/* The rounding of every row, times how much of it arrives at the end: the derivative of the last x by each
 * row's x and d1, signs and all, from the last row back. */
static double add_up(const row_errors *rows, int64_t count, double start_error) {
    double by_x = 1.0, by_d1 = 0.0, by_d2 = 0.0, sum = 0.0;
    for (int64_t k = count - 1; k >= 0; k--) {
        const row_errors *r = &rows[k];
        sum += fabs(by_x) * r->x_rounding + fabs(by_d1) * r->d_rounding;
        double x = by_x * r->by_x + by_d1 * r->g;
        double d1 = by_x * r->by_d1 + by_d2;
        by_d2 = by_x * r->by_d2;
        by_x = x;
        by_d1 = d1;
    }
    return sum + fabs(by_x) * start_error;
}

/* Normal number j of the job's trajectory n, given or drawn, and the error of its float form. */
static number draw(const myr_job *job, uint64_t n, myr_normal_source from, int64_t j) {
    uint32_t words[4];
    double normals[2] = {0}, bounds[2] = {0};
    if (from.given)
        return rounded(from.given[n * from.stride + (uint64_t)j], 0.0);
    myr_reference_words(from.seed, job->first + n, from.stream, (uint32_t)(j / 4), words);
    const uint32_t *pair = words + (j % 4 / 2) * 2;
    myr_reference_box_muller(pair[0], pair[1], normals);
    myr_bound_normal_pair(pair[0], pair[1], job->fast, bounds);
    number made = {normals[j % 2], bounds[j % 2]};
    return made;
}

static walk begin(const myr_job *job, uint64_t n, int c, const myr_mean_path *path) {
    const myr_plan *plan = job->plan;
    walk w = {0};
    number x;
    if (job->states) {
        double mean[MYR_MAX_DIMENSION];
        myr_mean_path_read(path, mean);
        x = rounded(job->states[n * (uint64_t)plan->dimension + (uint64_t)c] - mean[c], 0.0);
    } else {
        x = multiply(coefficient(plan->start_scale[c]), draw(job, n, myr_start_normals(job), c));
    }
    w.x = x.value;
    w.x_error = x.error + reference_eps * (fabs(x.value) + mean_size(path, c));
    return w;
}

/* The largest means about each of the job's rows, [rows][dimension]. */
static void sizes_of_means(const myr_job *job, myr_mean_path path, double *sizes) {
    const int d = job->plan->dimension;
    myr_mean_path_forget(&path);
    for (int64_t k = job->row_begin; k < job->row_end; k++) {
        double *row = sizes + (k - job->row_begin) * d;
        for (int c = 0; c < d; c++)
            row[c] = mean_size(&path, c);
        myr_mean_path_run(&path, k + 1);
        for (int c = 0; c < d; c++)
            row[c] = fmax(row[c], mean_size(&path, c));
    }
}

static double bound_of(const myr_job *job, const myr_mean_path *start, const double *sizes, uint64_t n,
                       int c, row_errors *errors) {
    const myr_plan *plan = job->plan;
    const double v = myr_target_affine(job->target)->axis_variance[c];
    walk w = begin(job, n, c, start);
    const double start_error = w.x_error;
    for (int64_t k = job->row_begin; k < job->row_end; k++) {
        const relative_row r = make_relative(&plan->rows[k], v);
        const int64_t number_of_row = k * plan->slots * plan->dimension + c, at = k - job->row_begin;
        number z1 = exactly(0.0), z2 = exactly(0.0);
        if (plan->pre_noise)
            z1 = draw(job, n, myr_step_normals(job), number_of_row);
        if (plan->noise)
            z2 = draw(job, n, myr_step_normals(job),
                      number_of_row + (plan->pre_noise ? plan->dimension : 0));
        errors[at] =
            take_row(&r, sizes[at * plan->dimension + c], plan->memory || plan->pre_noise, z1, z2, &w);
    }
    return add_up(errors, job->row_end - job->row_begin, start_error);
}

void myr_bound_trajectories(const myr_job *job, double *bounds) {
    const size_t d = (size_t)job->plan->dimension, rows = (size_t)(job->row_end - job->row_begin);
    row_errors *errors = calloc(rows + 1, sizeof *errors);
    double *sizes = calloc(rows * d + 1, sizeof *sizes);
    if (errors && sizes) {
        myr_mean_path start;
        myr_mean_path_begin(&start, job->plan, job->target);
        myr_mean_path_run(&start, job->row_begin);
        sizes_of_means(job, start, sizes);
        for (uint64_t n = 0; n < job->count; n++)
            for (size_t c = 0; c < d; c++)
                bounds[n * d + c] = bound_of(job, &start, sizes, n, (int)c, errors);
    } else {
        for (uint64_t j = 0; j < job->count * d; j++)
            bounds[j] = NAN; /* no bound holds */
    }
    free(errors);
    free(sizes);
}
