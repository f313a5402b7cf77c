/* Bounds for data points: kernels/empirical_row.h and the products of matrices around it, operation by
 * operation but for the order of sums, which only the worst order is assumed of. u = 2^-24.
 *
 * Scores. The product x~.s~_i is off by gamma_d sum |x~_c s~_ic| in any order of its d terms (Higham, 2002,
 * "Accuracy and stability of numerical algorithms", section 3.1), gamma_d = d u/(1 - d u), by u of the same
 * for the rounding of s~, and by what x~ itself is off; h by 3 u; the rest is four roundings. Together E_i.
 *
 * Weights. (score - largest) sharp has three more roundings and sharp's own, exp2 a relative error
 * of 1.8e-7, and so does each rescaling, whose exponents add up to that of the weight. So a weight is off
 * by a factor within exp(+-delta_i), delta_i = ln 2 (E_i sharp + 4 u |t_i|) + (1 + rescalings) 2e-7; an
 * error that all weights share cancels in the quotient.
 *
 * Sums of n terms, in tiles, have gamma_K, K = tile + 3 tiles; so has the total. d~ is a mean of the points
 * with positive weights: it can never be further off than the furthest of them. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../reference/reference_denoise.h"
#include "../reference/reference_random.h"
#include "failure.h"
#include "rounding.h"

static const double u = 0x1p-24;

enum { largest_tile = 2048, smallest_tile = 128 };

/* Values and the errors of their float counterparts, [dimension] each. */
typedef struct vector {
    double *value, *error;
} vector;

typedef struct path {
    const myr_job *job;
    int dimension;
    vector x, d1, d2, d, y, second;
    double *score, *score_error; /* [count] */
} path;

/* A coefficient's product with a value, added up. */
typedef struct sum {
    double value, error, size;
} sum;

/* Coefficients are off by two roundings at most (affine_table.h says why). */
static void add(sum *s, double coefficient, double value, double error) {
    double size = fabs(coefficient * value);
    s->value += coefficient * value;
    s->error += (1.0 + 4.0 * u) * fabs(coefficient) * error + 2.0 * u * size;
    s->size += size;
}

/* At most eight operations, each of which rounds a partial sum. */
static double error_of(const sum *s) {
    return s->error + 8.0 * u * (s->size + s->error) + 0x1p-140;
}

static double point_of(const myr_target *target, int64_t i, int c) {
    return (double)target->empirical.points[i * target->dimension + c] - target->mean[c];
}

static double sharp_of(double s) {
    double sharp = 1.4426950408889634 / (s * s);
    return sharp < (double)FLT_MAX ? sharp : (double)FLT_MAX;
}

/* Scores and what they are off, the reference's own rounding included; the largest score. */
static double find_scores(const path *p, double a, const vector *x) {
    const myr_target *target = p->job->target;
    const int d = p->dimension;
    const double gamma = d * u / (1.0 - d * u), reference = 0x1p-52 * (d + 4);
    double largest = -INFINITY;
    for (int64_t i = 0; i < target->empirical.count; i++) {
        double product = 0.0, size = 0.0, off = 0.0, norm = 0.0, far = 0.0;
        for (int c = 0; c < d; c++) {
            double s = point_of(target, i, c), m = fabs(target->mean[c]);
            double most = fabs(x->value[c]) + x->error[c];
            product += x->value[c] * s;
            size += most * fabs(s);
            off += x->error[c] * fabs(s);
            norm += s * s;
            far += (most + a * (fabs(s) + 2.0 * m)) * (most + a * (fabs(s) + 2.0 * m));
        }
        p->score[i] = a * product - 0.5 * a * a * norm;
        p->score_error[i] = a * (off + (gamma + 4.0 * u) * size) + 4.0 * u * a * a * norm +
                            u * fabs(p->score[i]) + reference * far;
        largest = fmax(largest, p->score[i]);
    }
    return largest;
}

/* d~ at a level, and how far it may be off. */
static void denoise(const path *p, double a, double s, const vector *x, vector *d) {
    const myr_target *target = p->job->target;
    const int64_t count = target->empirical.count;
    const int64_t most_tiles = count / smallest_tile + 1;
    const double tiles = (double)most_tiles, sharp = sharp_of(s);
    const double k = (count < largest_tile ? (double)count : largest_tile) + 3.0 * tiles;
    const double largest = find_scores(p, a, x);
    double total = 0.0, moved = 0.0;
    for (int64_t i = 0; i < count; i++) { /* scores to weights, their errors to factors */
        double t = (p->score[i] - largest) * sharp;
        double delta =
            0.6931471805599453 * (p->score_error[i] * sharp + 4.0 * u * fabs(t)) + (1.0 + tiles) * 2e-7;
        p->score[i] = exp2(fmax(t, -1000.0));
        p->score_error[i] = expm1(fmin(delta, 700.0));
        total += p->score[i];
        moved += p->score[i] * p->score_error[i];
    }
    const bool little = moved / total < 0.5;
    for (int c = 0; c < p->dimension; c++) {
        double mean = 0.0, size = 0.0, most = 0.0, away = 0.0, furthest = 0.0;
        for (int64_t i = 0; i < count; i++) {
            double point = point_of(target, i, c);
            mean += p->score[i] * point / total;
            size += p->score[i] * fabs(point) / total;
            most = fmax(most, fabs(point));
        }
        for (int64_t i = 0; i < count; i++) {
            double distance = fabs(point_of(target, i, c) - mean);
            away += p->score[i] * p->score_error[i] * distance / total;
            furthest = fmax(furthest, distance);
        }
        away = little ? fmin(away / (1.0 - moved / total), furthest) : furthest;
        size = little ? fmin(3.0 * size, most) : most;
        d->value[c] = mean;
        d->error[c] = away + (2.0 * k + 8.0) * u * size + 1e-30 * most +
                      0x1p-50 * (most + fabs(target->mean[c])) + 0x1p-140;
    }
}

/* Normal number j of a stream, and the error of its float form. */
static void draw(const myr_job *job, uint64_t trajectory, uint32_t stream, uint64_t j, double *z,
                 double *error) {
    uint32_t words[4];
    double normals[4], bounds[4];
    myr_reference_words(job->seed, trajectory, stream, (uint32_t)(j / 4), words);
    myr_reference_normals(job->seed, trajectory, stream, (uint32_t)(j / 4), normals);
    myr_bound_normals(words, job->fast, bounds);
    *z = normals[j % 4];
    *error = bounds[j % 4];
}

static void begin(path *p, uint64_t n) {
    const myr_job *job = p->job;
    const myr_plan *plan = job->plan;
    const myr_target *target = job->target;
    const uint64_t i = job->first + n;
    const double a = plan->rows[job->row_begin].a;
    int64_t j = plan->start_in_component ? myr_reference_component(target, job->seed, i) : 0;
    for (int c = 0; c < p->dimension; c++) {
        sum s = {0};
        if (job->states) {
            add(&s, 1.0, job->states[n * (uint64_t)p->dimension + (uint64_t)c] - a * target->mean[c], 0.0);
        } else {
            double z, error;
            draw(job, i, MYR_STREAM_START, (uint64_t)c, &z, &error);
            if (plan->start_in_component)
                add(&s, a, point_of(target, j, c), u * fabs(point_of(target, j, c)));
            else
                add(&s, 1.0, plan->start_mean[c] - a * target->mean[c], 0.0);
            add(&s, plan->start_in_component ? plan->rows[0].s : plan->start_scale[c], z, error);
        }
        p->x.value[c] = s.value;
        p->x.error[c] = error_of(&s) + 0x1p-50 * a * fabs(target->mean[c]);
        p->d1.value[c] = p->d1.error[c] = p->d2.value[c] = p->d2.error[c] = 0.0;
    }
}

/* The reference adds up numbers that have the mean in them. */
static double reference_error(const myr_row *row, double m, double size) {
    double weight = fabs(row->A) + fabs(row->B) + fabs(row->P) + fabs(row->Q) + fabs(row->A2) +
                    fabs(row->B2) + fabs(row->Y) + fabs(row->H) + 1.0;
    return 0x1p-50 * weight * (fabs(m) * (1.0 + row->a + row->a_next) + size);
}

/* Multiples of m that the row leaves over, and which are added to a sum. set: how many of d1, d2 are
 * outputs. */
static double shift_of(const myr_row *row, int64_t set) {
    double memory = (set >= 1 ? row->P : 0.0) + (set >= 2 ? row->Q : 0.0);
    return row->A * row->a + row->B + memory - row->a_next;
}

static void run_row(path *p, uint64_t n, int64_t k) {
    const myr_job *job = p->job;
    const myr_plan *plan = job->plan;
    const myr_row *row = &plan->rows[k];
    const uint64_t number = (uint64_t)k * (uint64_t)plan->slots * (uint64_t)p->dimension;
    const uint64_t skipped = plan->pre_noise ? (uint64_t)p->dimension : 0;
    double z, error;
    for (int c = 0; plan->pre_noise && c < p->dimension; c++) {
        sum s = {0};
        draw(job, job->first + n, MYR_STREAM_STEP, number + (uint64_t)c, &z, &error);
        add(&s, 1.0, p->x.value[c], p->x.error[c]);
        add(&s, row->n, z, error);
        p->x.value[c] = s.value;
        p->x.error[c] = error_of(&s);
    }
    denoise(p, row->a, row->s, &p->x, &p->d);
    for (int c = 0; c < p->dimension; c++) {
        const double m = job->target->mean[c];
        sum s = {0};
        if (plan->noise) {
            draw(job, job->first + n, MYR_STREAM_STEP, number + skipped + (uint64_t)c, &z, &error);
            add(&s, row->C, z, error);
        }
        add(&s, shift_of(row, k - job->row_begin), m, 0.0);
        add(&s, row->Q, p->d2.value[c], p->d2.error[c]);
        add(&s, row->P, p->d1.value[c], p->d1.error[c]);
        add(&s, row->B, p->d.value[c], p->d.error[c]);
        add(&s, row->A, p->x.value[c], p->x.error[c]);
        p->y.value[c] = s.value;
        p->y.error[c] = error_of(&s) + reference_error(row, m, s.size);
    }
    if (row->two_stage)
        denoise(p, row->a_next, row->s_next, &p->y, &p->second);
    for (int c = 0; c < p->dimension; c++) {
        const double m = job->target->mean[c];
        sum s = {0};
        if (row->two_stage) {
            add(&s, row->A2 * row->a + row->B2 + row->Y * row->a_next + row->H - row->a_next, m, 0.0);
            add(&s, row->H, p->second.value[c], p->second.error[c]);
            add(&s, row->Y, p->y.value[c], p->y.error[c]);
            add(&s, row->B2, p->d.value[c], p->d.error[c]);
            add(&s, row->A2, p->x.value[c], p->x.error[c]);
            p->y.value[c] = s.value;
            p->y.error[c] = error_of(&s) + reference_error(row, m, s.size);
        }
        p->d2.value[c] = p->d1.value[c];
        p->d2.error[c] = p->d1.error[c];
        p->d1.value[c] = p->d.value[c];
        p->d1.error[c] = p->d.error[c];
        p->x.value[c] = p->y.value[c];
        p->x.error[c] = p->y.error[c];
    }
}

myr_status myr_bound_points(myr_context *context, const myr_job *job, uint64_t n, double *error) {
    const size_t d = (size_t)job->plan->dimension, count = (size_t)job->target->empirical.count;
    path p = {.job = job, .dimension = (int)d};
    vector *const vectors[] = {&p.x, &p.d1, &p.d2, &p.d, &p.y, &p.second};
    const size_t number = sizeof vectors / sizeof *vectors;
    double *memory = malloc((2 * number * d + 2 * count) * sizeof *memory);
    if (!memory)
        return myr_fail_memory(context, (2 * number * d + 2 * count) * sizeof *memory);
    for (size_t v = 0; v < number; v++)
        *vectors[v] = (vector){memory + 2 * v * d, memory + (2 * v + 1) * d};
    p.score = memory + 2 * number * d;
    p.score_error = p.score + count;
    begin(&p, n);
    for (int64_t k = job->row_begin; k < job->row_end; k++)
        run_row(&p, n, k);
    memcpy(error, p.x.error, d * sizeof *error);
    free(memory);
    return MYR_OK;
}
