/* The reference backend: double, one trajectory after the other, the row of myriad/plan.h as it stands
 * there. It is slow and plain on purpose: what the fast backends do is right if it agrees with this. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "ground/failure.h"
#include "reference_chain.h"
#include "reference_denoise.h"
#include "reference_random.h"
#include "reference_reductions.h"
#include "reference_simulate.h"
#include "reference_tokens.h"

enum { chunk = MYR_RANGE_CHUNK, trajectories_between_reports = 4096 };

/* S = sqrt(C^2 + E^2 Var(x0 | x)) of axis c. E is 0 where the target has no such variance. */
static double noise_scale(const myr_row *row, const myr_target *target, int c) {
    if (row->E == 0.0)
        return row->C;
    const double posterior = myr_reference_posterior(target, c, row->a, row->s);
    return sqrt(row->C * row->C + row->E * row->E * posterior);
}

/* A trajectory's state and the denoiser's last two outputs; and what a row works in. [dimension] each, in
 * one block of memory that begins with x. */
typedef struct walk {
    double *x, *d1, *d2;
    double *z1, *z2, *in_axes, *noise, *raised, *d, *y, *second;
} walk;

static myr_status make_walk(myr_context *context, const myr_job *job, walk *w) {
    double **const parts[] = {&w->x,     &w->d1,     &w->d2, &w->z1, &w->z2,    &w->in_axes,
                              &w->noise, &w->raised, &w->d,  &w->y,  &w->second};
    const size_t count = sizeof parts / sizeof *parts, d = (size_t)job->plan->dimension;
    if (!job->plan->chain && !myr_reference_has(job->target))
        return myr_target_lacks(context, job->target, "denoiser on the backend reference");
    double *memory = calloc(count * d, sizeof *memory);
    if (!memory)
        return myr_fail_memory(context, count * d * sizeof *memory);
    for (size_t n = 0; n < count; n++)
        *parts[n] = memory + n * d;
    return MYR_OK;
}

/* The row as myriad/plan.h writes it; z1 and z2 are normals of the target's axes. */
static void apply_row(const myr_target *target, const myr_row *row, walk *w) {
    const int n = target->dimension;
    double *const y = w->y;
    myr_reference_from_axes(target, w->z1, w->noise);
    for (int c = 0; c < n; c++)
        w->raised[c] = w->x[c] + row->n * w->noise[c];
    myr_reference_denoise(target, row->a, row->s, w->raised, w->d);
    for (int c = 0; c < n; c++)
        w->in_axes[c] = noise_scale(row, target, c) * w->z2[c];
    myr_reference_from_axes(target, w->in_axes, w->noise);
    for (int c = 0; c < n; c++)
        y[c] =
            row->A * w->raised[c] + row->B * w->d[c] + row->P * w->d1[c] + row->Q * w->d2[c] + w->noise[c];
    if (row->two_stage) {
        myr_reference_denoise(target, row->a_second, row->s_second, y, w->second);
        for (int c = 0; c < n; c++)
            y[c] = row->A2 * w->raised[c] + row->B2 * w->d[c] + row->Y * y[c] + row->H * w->second[c];
    }
    for (int c = 0; c < n; c++) {
        w->d2[c] = w->d1[c];
        w->d1[c] = w->d[c];
        w->x[c] = y[c];
    }
}

/* Carries the job's trajectory n through its rows: w->x on entry at row_begin, on return at row_end. */
static void run_rows(const myr_job *job, uint64_t n, walk *w) {
    const myr_plan *plan = job->plan;
    const int d = plan->dimension;
    if (plan->chain) {
        w->x[0] = myr_reference_chain_run(job, job->first + n, w->x[0]);
        return;
    }
    for (int c = 0; c < d; c++)
        w->d1[c] = w->d2[c] = 0.0;
    /* A stream for each noise, so that each keeps its block; both number the same stream's normals. */
    myr_reference_stream pre = myr_reference_stream_make(myr_step_normals(job), job->first, n);
    myr_reference_stream noise = pre;
    for (int64_t k = job->row_begin; k < job->row_end; k++) {
        int64_t pre_number = k * plan->slots * d;
        int64_t noise_number = (k * plan->slots + (plan->pre_noise ? 1 : 0)) * d;
        for (int c = 0; c < d; c++) {
            w->z1[c] = plan->pre_noise ? myr_reference_stream_normal(&pre, pre_number + c) : 0.0;
            w->z2[c] = plan->noise ? myr_reference_stream_normal(&noise, noise_number + c) : 0.0;
        }
        apply_row(job->target, &plan->rows[k], w);
    }
}

/* x_T of the true marginal of a mixture, or of data, at the first level: N(a mu_j, a^2 v_j + s^2) of a
 * component j. */
static void start_in_component(const myr_job *job, uint64_t n, myr_reference_stream *start, double *x) {
    const myr_row *first = &job->plan->rows[0];
    int64_t j = myr_reference_component(job->target, job->seed, job->first + n);
    for (int c = 0; c < job->plan->dimension; c++) {
        double mean, variance;
        myr_reference_part(job->target, j, c, &mean, &variance);
        double spread = sqrt(first->a * first->a * variance + first->s * first->s);
        x[c] = first->a * mean + spread * myr_reference_stream_normal(start, c);
    }
}

/* The start, in w->x: the given state, or x_T = mean + scale z with normal number c of the start's stream.
 */
static void start_state(const myr_job *job, uint64_t n, walk *w) {
    const myr_plan *plan = job->plan;
    myr_reference_stream start = myr_reference_stream_make(myr_start_normals(job), job->first, n);
    if (job->states) {
        for (int c = 0; c < plan->dimension; c++)
            w->x[c] = job->states[n * (uint64_t)plan->dimension + (uint64_t)c];
        return;
    }
    if (plan->chain) {
        w->x[0] = myr_reference_chain_start(job, job->first + n);
        return;
    }
    if (plan->start_in_component) {
        start_in_component(job, n, &start, w->x);
        return;
    }
    for (int c = 0; c < plan->dimension; c++) {
        double z = myr_reference_stream_normal(&start, c);
        w->in_axes[c] = plan->start_mean[c] + plan->start_scale[c] * z;
    }
    myr_reference_from_axes(job->target, w->in_axes, w->x);
}

static myr_status report_progress(myr_context *context, const myr_job *job, uint64_t done) {
    const bool now = done % trajectories_between_reports == 0 || done == job->count;
    return now ? myr_job_progress(context, job, done) : MYR_OK;
}

static myr_status reference_states(myr_context *context, const myr_job *job, double *states) {
    const size_t d = (size_t)job->plan->dimension;
    walk w;
    myr_status status = make_walk(context, job, &w);
    if (status != MYR_OK)
        return status;
    for (uint64_t n = 0; status == MYR_OK && n < job->count; n++) {
        start_state(job, n, &w);
        run_rows(job, n, &w);
        memcpy(states + n * d, w.x, d * sizeof *w.x);
        status = report_progress(context, job, n + 1);
    }
    free(w.x);
    return status;
}

/* Mean and sums of powers of the deviations, one observation at a time. */
typedef struct running {
    long double n, mean, m2, m3, m4;
} running;

/* Pebay (2008), "Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
 * statistical moments", the update by one observation: with D = x - mean, N the new count,
 *     M4 += D^4 (N - 1)(N^2 - 3N + 3)/N^3 + 6 D^2 M2/N^2 - 4 D M3/N
 *     M3 += D^3 (N - 1)(N - 2)/N^2 - 3 D M2/N
 *     M2 += D^2 (N - 1)/N,   mean += D/N. */
static void observe(running *r, long double x) {
    r->n += 1.0L;
    long double n = r->n;
    long double delta = x - r->mean;
    long double share = delta / n;
    long double term = delta * share * (n - 1.0L);
    r->m4 += term * share * share * (n * n - 3.0L * n + 3.0L) + 6.0L * share * share * r->m2 -
             4.0L * share * r->m3;
    r->m3 += term * share * (n - 2.0L) - 3.0L * share * r->m2;
    r->m2 += term;
    r->mean += share;
}

static void push(const running *sums, int dimension, myr_moment *moments, myr_range *range) {
    for (int c = 0; c < dimension; c++)
        moments[c] = (myr_moment){.count = (uint64_t)sums[c].n,
                                  .mean = (double)sums[c].mean,
                                  .m2 = (double)sums[c].m2,
                                  .m3 = (double)sums[c].m3,
                                  .m4 = (double)sums[c].m4};
    myr_range_push_chunk(range, moments);
}

/* Chunk by chunk. */
static myr_status reference_range(myr_context *context, const myr_job *job, myr_range *range) {
    const int d = job->plan->dimension;
    walk w;
    myr_status status = make_walk(context, job, &w);
    if (status != MYR_OK)
        return status;
    running *sums = calloc((size_t)d, sizeof *sums);
    myr_moment *moments = calloc((size_t)d, sizeof *moments);
    if (!sums || !moments)
        status = myr_fail_memory(context, (size_t)d * (sizeof *sums + sizeof *moments));
    for (uint64_t n = 0; status == MYR_OK && n < job->count; n++) {
        start_state(job, n, &w);
        run_rows(job, n, &w);
        for (int c = 0; c < d; c++)
            observe(&sums[c], w.x[c]);
        if ((n + 1) % chunk == 0 || n + 1 == job->count) {
            push(sums, d, moments, range);
            memset(sums, 0, (size_t)d * sizeof *sums);
        }
        status = report_progress(context, job, n + 1);
    }
    free(w.x);
    free(sums);
    free(moments);
    return status;
}

static myr_status reference_words(myr_context *context, const myr_draw *draw, uint32_t *words) {
    (void)context;
    for (uint64_t n = 0; n < draw->count; n++)
        for (uint32_t b = 0; b < draw->blocks; b++)
            myr_reference_words(draw->seed, draw->first + n, draw->stream, draw->block + b,
                                words + 4 * (n * draw->blocks + b));
    return MYR_OK;
}

static myr_status reference_normals(myr_context *context, const myr_draw *draw, double *normals) {
    (void)context;
    for (uint64_t n = 0; n < draw->count; n++)
        for (uint32_t b = 0; b < draw->blocks; b++)
            myr_reference_normals(draw->seed, draw->first + n, draw->stream, draw->block + b,
                                  normals + 4 * (n * draw->blocks + b));
    return MYR_OK;
}

static myr_status reference_available(myr_context *context, int device) {
    (void)context;
    (void)device;
    return MYR_OK;
}

static void reference_describe(int device, int threads, char *text, size_t size) {
    (void)device;
    (void)threads;
    snprintf(text, size, "double precision, one thread");
}

const myr_backend myr_backend_reference = {
    .name = "reference",
    .help = "double precision, one thread, plain C: slow, and what the others are checked against",
    .doubles = true,
    .stream_numbers = MYR_SINK_NUMBERS,
    .available = reference_available,
    .describe = reference_describe,
    .range = reference_range,
    .states = reference_states,
    .words = reference_words,
    .normals = reference_normals,
    .simulate = myr_reference_simulate,
    .pairs = myr_reference_pairs,
    .linear = myr_reference_linear,
    .many = myr_reference_many,
    .rankings = myr_reference_rankings,
    .tokens = &myr_reference_tokens,
};
