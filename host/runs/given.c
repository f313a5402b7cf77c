#include "run.h"

#include <math.h>
#include <stdlib.h>

#include "ground/failure.h"
#include "plans/chain.h"
#include "targets/gaussian.h"

static myr_status check_finite(myr_context *context, const char *name, const double *values,
                               uint64_t count) {
    for (uint64_t i = 0; values && i < count; i++)
        if (!isfinite(values[i]))
            return myr_fail(context, MYR_INVALID_DATA, "given: %s[%llu] is %g; expected a finite number",
                            name, (unsigned long long)i, values[i]);
    return MYR_OK;
}

/* z of the axes from z of the coordinates, d at a time: the orthonormal axes' transpose. */
static void turn(const double *axes, int d, const double *values, uint64_t vectors, double *turned) {
    for (uint64_t n = 0; n < vectors; n++)
        for (int c = 0; c < d; c++) {
            double sum = 0.0;
            for (int r = 0; r < d; r++)
                sum += axes[r * d + c] * values[n * (uint64_t)d + (uint64_t)r];
            turned[n * (uint64_t)d + (uint64_t)c] = sum;
        }
}

static myr_status turn_into_axes(myr_context *context, uint64_t starts, uint64_t noises, myr_job *job,
                                 double **turned) {
    const double *axes = myr_target_affine(job->target)->axes;
    const int d = job->target->dimension;
    uint64_t vectors = (job->start_normals ? starts : 0) + (job->noise ? noises : 0);
    if (vectors == 0)
        return MYR_OK;
    size_t bytes = (size_t)vectors * (size_t)d * sizeof(double);
    double *to = *turned = malloc(bytes);
    if (!to)
        return myr_fail_memory(context, bytes);
    if (job->start_normals) {
        turn(axes, d, job->start_normals, starts, to);
        job->start_normals = to;
        to += starts * (uint64_t)d;
    }
    if (job->noise) {
        turn(axes, d, job->noise, noises, to);
        job->noise = to;
    }
    return MYR_OK;
}

myr_status myr_job_give(myr_context *context, const myr_given *given, myr_job *job, double **turned) {
    const myr_plan *plan = job->plan;
    const uint64_t d = (uint64_t)plan->dimension;
    const uint64_t rows = (uint64_t)plan->steps * (uint64_t)plan->slots;
    *turned = NULL;
    if (given->states && given->start_normals)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "given: states and start_normals are both set; expected one of them");
    if (plan->chain && (given->start_normals || given->noise))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "given: %s is set, but a discrete target's chain takes no normals",
                        given->noise ? "noise" : "start_normals");
    if (job->count > SIZE_MAX / sizeof(double) / d / (rows + 1))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "given: %llu trajectories have more numbers than memory can hold",
                        (unsigned long long)job->count);
    job->states = given->states;
    job->start_normals = given->start_normals;
    job->noise = rows > 0 ? given->noise : NULL;
    if (job->start_normals || job->noise) /* fast arithmetic makes normals of another scale */
        job->fast = false;
    myr_status status = check_finite(context, "states", job->states, job->count * d);
    if (status == MYR_OK && plan->chain && job->states)
        status = myr_chain_check_states(context, plan, job->states, job->count);
    if (status == MYR_OK)
        status = check_finite(context, "start_normals", job->start_normals, job->count * d);
    if (status == MYR_OK)
        status = check_finite(context, "noise", job->noise, job->count * rows * d);
    const myr_gaussian *affine = myr_target_affine(job->target);
    if (status == MYR_OK && affine && affine->axes)
        status = turn_into_axes(context, job->count, job->count * rows, job, turned);
    return status;
}
