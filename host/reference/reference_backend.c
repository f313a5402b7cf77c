/* The reference backend: double, one trajectory after the other, the row of myriad/plan.h as it stands
 * there. It is slow and plain on purpose: what the fast backends do is right if it agrees with this. */
#include <math.h>
#include <stdio.h>

#include "backend.h"
#include "failure.h"
#include "reference_denoise.h"
#include "reference_random.h"

enum { stream_step = 0, stream_start = 1, trajectories_between_reports = 4096 };

/* S = sqrt(C^2 + E^2 Var(x0 | x)) of axis c; a Gaussian's Var(x0 | x) = v s^2 / (a^2 v + s^2), and for
 * other targets E is 0. */
static double noise_scale(const myr_row *row, const myr_target *target, int c) {
    if (row->E == 0.0)
        return row->C;
    double v = target->gaussian.axis_variance[c];
    double posterior = v * row->s * row->s / (row->a * row->a * v + row->s * row->s);
    return sqrt(row->C * row->C + row->E * row->E * posterior);
}

/* A trajectory's state and the denoiser's last two outputs. */
typedef struct walk {
    double x[MYR_MAX_DIMENSION], d1[MYR_MAX_DIMENSION], d2[MYR_MAX_DIMENSION];
} walk;

/* The row as myriad/plan.h writes it; z1 and z2 are normals of the target's axes. */
static void apply_row(const myr_target *target, const myr_row *row, const double *z1, const double *z2,
                      walk *w) {
    const int n = target->dimension;
    double raised[MYR_MAX_DIMENSION], d[MYR_MAX_DIMENSION], y[MYR_MAX_DIMENSION];
    double in_axes[MYR_MAX_DIMENSION], noise[MYR_MAX_DIMENSION];
    myr_reference_from_axes(target, z1, noise);
    for (int c = 0; c < n; c++)
        raised[c] = w->x[c] + row->n * noise[c];
    myr_reference_denoise(target, row->a, row->s, raised, d);
    for (int c = 0; c < n; c++)
        in_axes[c] = noise_scale(row, target, c) * z2[c];
    myr_reference_from_axes(target, in_axes, noise);
    for (int c = 0; c < n; c++)
        y[c] = row->A * raised[c] + row->B * d[c] + row->P * w->d1[c] + row->Q * w->d2[c] + noise[c];
    if (row->two_stage) {
        double second[MYR_MAX_DIMENSION];
        myr_reference_denoise(target, row->a_next, row->s_next, y, second);
        for (int c = 0; c < n; c++)
            y[c] = row->A2 * raised[c] + row->B2 * d[c] + row->Y * y[c] + row->H * second[c];
    }
    for (int c = 0; c < n; c++) {
        w->d2[c] = w->d1[c];
        w->d1[c] = d[c];
        w->x[c] = y[c];
    }
}

/* Carries trajectory i through the job's rows: x[dimension] on entry at row_begin, on return at row_end. */
static void run_rows(const myr_job *job, uint64_t i, double *x) {
    const myr_plan *plan = job->plan;
    const int d = plan->dimension;
    walk w;
    for (int c = 0; c < d; c++) {
        w.x[c] = x[c];
        w.d1[c] = w.d2[c] = 0.0;
    }
    /* A stream for each noise, so that each keeps its block; both number the same stream's normals. */
    myr_reference_stream pre = myr_reference_stream_make(job->seed, i, stream_step);
    myr_reference_stream noise = pre;
    for (int64_t k = job->row_begin; k < job->row_end; k++) {
        int64_t pre_number = k * plan->slots * d;
        int64_t noise_number = (k * plan->slots + (plan->pre_noise ? 1 : 0)) * d;
        double z1[MYR_MAX_DIMENSION], z2[MYR_MAX_DIMENSION];
        for (int c = 0; c < d; c++) {
            z1[c] = plan->pre_noise ? myr_reference_stream_normal(&pre, pre_number + c) : 0.0;
            z2[c] = plan->noise ? myr_reference_stream_normal(&noise, noise_number + c) : 0.0;
        }
        apply_row(job->target, &plan->rows[k], z1, z2, &w);
    }
    for (int c = 0; c < d; c++)
        x[c] = w.x[c];
}

/* x_T of a mixture's true marginal at the first level: N(a mu_j, a^2 v_j + s^2) of a component j. */
static void start_in_component(const myr_job *job, uint64_t i, myr_reference_stream *start, double *x) {
    const myr_mixture *m = &job->target->mixture;
    const myr_row *first = &job->plan->rows[0];
    const int d = job->plan->dimension;
    int j = myr_reference_component(job->target, job->seed, i);
    for (int c = 0; c < d; c++) {
        double variance = first->a * first->a * m->variances[j * d + c] + first->s * first->s;
        x[c] = first->a * m->means[j * d + c] + sqrt(variance) * myr_reference_stream_normal(start, c);
    }
}

/* The start: the given state, or x_T = mean + scale z with normal number c of the start's stream. */
static void start_state(const myr_job *job, uint64_t n, double *x) {
    const myr_plan *plan = job->plan;
    myr_reference_stream start = myr_reference_stream_make(job->seed, job->first + n, stream_start);
    double in_axes[MYR_MAX_DIMENSION];
    if (job->states) {
        for (int c = 0; c < plan->dimension; c++)
            x[c] = job->states[n * (uint64_t)plan->dimension + (uint64_t)c];
        return;
    }
    if (plan->start_in_component) {
        start_in_component(job, job->first + n, &start, x);
        return;
    }
    for (int c = 0; c < plan->dimension; c++)
        in_axes[c] = plan->start_mean[c] + plan->start_scale[c] * myr_reference_stream_normal(&start, c);
    myr_reference_from_axes(job->target, in_axes, x);
}

static myr_status report_progress(myr_context *context, const myr_job *job, uint64_t done) {
    if (!job->progress || (done % trajectories_between_reports != 0 && done != job->count))
        return MYR_OK;
    if (job->progress(job->user, done, job->count) != 0)
        return myr_fail(context, MYR_CANCELLED, "cancelled by the caller after %llu of %llu trajectories",
                        (unsigned long long)done, (unsigned long long)job->count);
    return MYR_OK;
}

static myr_status reference_states(myr_context *context, const myr_job *job, double *states) {
    for (uint64_t n = 0; n < job->count; n++) {
        double *x = states + n * (uint64_t)job->plan->dimension;
        start_state(job, n, x);
        run_rows(job, job->first + n, x);
        myr_status status = report_progress(context, job, n + 1);
        if (status != MYR_OK)
            return status;
    }
    return MYR_OK;
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

static myr_status reference_moments(myr_context *context, const myr_job *job, myr_moment *moments) {
    const int d = job->plan->dimension;
    running sums[MYR_MAX_DIMENSION] = {{0}};
    for (uint64_t n = 0; n < job->count; n++) {
        double x[MYR_MAX_DIMENSION];
        start_state(job, n, x);
        run_rows(job, job->first + n, x);
        for (int c = 0; c < d; c++)
            observe(&sums[c], x[c]);
        myr_status status = report_progress(context, job, n + 1);
        if (status != MYR_OK)
            return status;
    }
    for (int c = 0; c < d; c++) {
        myr_moment moment = {.count = job->count,
                             .mean = (double)sums[c].mean,
                             .m2 = (double)sums[c].m2,
                             .m3 = (double)sums[c].m3,
                             .m4 = (double)sums[c].m4};
        moments[c] = moment;
    }
    return MYR_OK;
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
    .available = reference_available,
    .describe = reference_describe,
    .moments = reference_moments,
    .states = reference_states,
    .words = reference_words,
    .normals = reference_normals,
};
