/* Errors along a path of rows, for denoisers that take the whole vector: kernels/step_row.h, operation by
 * operation. They are worst cases that grow with each row: good for a few. */
#include "rounding_path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "reference/reference_denoise.h"
#include "reference/reference_random.h"
#include "targets/empirical.h"
#include "targets/mixture.h"

static const double u = 0x1p-24;

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

/* ---- denoisers ------------------------------------------------------------------------------------- */

static size_t mixture_size(const myr_target *target) {
    return (size_t)myr_mixture_of(target)->components;
}

static size_t points_size(const myr_target *target) {
    return (size_t)myr_empirical_of(target)->count;
}

static size_t no_size(const myr_target *target) {
    (void)target;
    return 0;
}

static myr_second_stage mixture_stage(const myr_target *target, const myr_row *row) {
    double variance, narrowest;
    myr_mixture_widths(target, &variance, &narrowest);
    return myr_second_of_mixture(row, variance, narrowest);
}

/* The targets whose denoisers have a bound. One that is new is a line here, and a file rounding_NAME.c. */
static const struct bounded {
    const myr_target_operations *operations;
    size_t (*size)(const myr_target *target); /* numbers that the bound works in */
    myr_second_stage (*second_stage)(const myr_target *target,
                                     const myr_row *row); /* as myr_levels has it */
    myr_bound_denoiser *denoise;
} bounds[] = {
    {&myr_target_mixture, mixture_size, mixture_stage, myr_bound_mixture_denoiser},
    {&myr_target_empirical, points_size, NULL, myr_bound_empirical_denoiser},
    {&myr_target_ring, no_size, NULL, myr_bound_ring_denoiser},
};
enum { BOUNDS = sizeof bounds / sizeof *bounds };

static const struct bounded *find_bound(const myr_target *target) {
    for (int n = 0; n < BOUNDS; n++)
        if (bounds[n].operations == target->operations)
            return &bounds[n];
    return NULL;
}

bool myr_bounds_vector(const myr_target *target) {
    return find_bound(target) != NULL;
}

/* ---- the path -------------------------------------------------------------------------------------- */

static void begin(myr_rounding_path *p, uint64_t n) {
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
            double mean = plan->start_mean[c] - a * target->mean[c], scale = plan->start_scale[c];
            if (plan->start_in_component) { /* a_0 times the float form of the component's mean */
                double part, variance;
                myr_reference_part(target, j, c, &part, &variance);
                mean = a * (part - target->mean[c]);
                scale = sqrt(a * a * variance + plan->rows[0].s * plan->rows[0].s);
            }
            add(&s, 1.0, mean, u * fabs(mean));
            add(&s, scale, z, error);
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
    return 0x1p-50 * weight * (fabs(m) * (1.0 + row->a + fmax(row->a_next, myr_row_first_a(row))) + size);
}

/* Multiples of m that the row leaves over, and which are added to a sum. set: how many of d1, d2 are
 * outputs. */
static double shift_of(const myr_row *row, int64_t set) {
    double memory = (set >= 1 ? row->P : 0.0) + (set >= 2 ? row->Q : 0.0);
    return row->A * row->a + row->B + memory - myr_row_first_a(row);
}

/* y~ becomes the row's result. The reference adds up d' and y themselves. */
static void second_stage(myr_rounding_path *p, const struct bounded *of, const myr_row *row) {
    const myr_target *target = p->job->target;
    const myr_second_stage stage =
        of->second_stage ? of->second_stage(target, row) : myr_second_by_difference(row);
    of->denoise(p, row->a_second, row->s_second, stage.score, &p->y, &p->second);
    for (int c = 0; c < p->dimension; c++) {
        const double m = target->mean[c], size = fabs(p->y.value[c]) + fabs(p->d.value[c]);
        const double output = p->second.value[c] - stage.less * p->d.value[c];
        double off = p->second.error[c] + stage.less * p->d.error[c];
        off += u * (fabs(output) + off);
        sum s = {0};
        add(&s, stage.shift, m, 0.0);
        add(&s, stage.h, output, off);
        add(&s, stage.y, p->y.value[c], p->y.error[c]);
        add(&s, stage.d, p->d.value[c], p->d.error[c]);
        add(&s, stage.x, p->x.value[c], p->x.error[c]);
        p->y.value[c] = s.value;
        p->y.error[c] = error_of(&s) + reference_error(row, m, s.size + size);
    }
}

static void run_row(myr_rounding_path *p, const struct bounded *of, uint64_t n, int64_t k) {
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
    of->denoise(p, row->a, row->s, 0.0, &p->x, &p->d);
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
        second_stage(p, of, row);
    for (int c = 0; c < p->dimension; c++) {
        p->d2.value[c] = p->d1.value[c];
        p->d2.error[c] = p->d1.error[c];
        p->d1.value[c] = p->d.value[c];
        p->d1.error[c] = p->d.error[c];
        p->x.value[c] = p->y.value[c];
        p->x.error[c] = p->y.error[c];
    }
}

myr_status myr_bound_vector(myr_context *context, const myr_job *job, uint64_t n, double *error) {
    const myr_target *target = job->target;
    const size_t d = (size_t)job->plan->dimension;
    const struct bounded *of = find_bound(target);
    if (!of)
        return myr_target_lacks(context, target, "bound on the rounding of its denoiser");
    const size_t count = of->size(target);
    myr_rounding_path p = {.job = job, .dimension = (int)d};
    myr_rounded *const vectors[] = {&p.x, &p.d1, &p.d2, &p.d, &p.y, &p.second};
    const size_t number = sizeof vectors / sizeof *vectors;
    double *memory = malloc((2 * number * d + 2 * count) * sizeof *memory);
    if (!memory)
        return myr_fail_memory(context, (2 * number * d + 2 * count) * sizeof *memory);
    for (size_t v = 0; v < number; v++)
        *vectors[v] = (myr_rounded){memory + 2 * v * d, memory + (2 * v + 1) * d};
    p.score = memory + 2 * number * d;
    p.score_error = p.score + count;
    begin(&p, n);
    for (int64_t k = job->row_begin; k < job->row_end; k++)
        run_row(&p, of, n, k);
    memcpy(error, p.x.error, d * sizeof *error);
    free(memory);
    return MYR_OK;
}
