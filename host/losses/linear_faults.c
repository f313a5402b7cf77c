#include "linear_faults.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "element.h"
#include "ground/failure.h"

static uint64_t thetas(const myr_linear_job *job) {
    uint64_t rows = job->many && job->many->each_theta ? job->many->replicates : 1;
    return rows * job->features->parameters;
}

myr_status myr_check_theta(myr_context *context, const myr_linear_job *job) {
    const uint64_t count = thetas(job), parameters = job->features->parameters;
    double *values = malloc(count * sizeof *values);
    if (!values)
        return myr_fail_memory(context, count * sizeof *values);
    myr_status status = myr_array_read(context, &job->compute, job->theta, 0, count, values);
    for (uint64_t p = 0; status == MYR_OK && p < count; p++)
        if (!(fabs(values[p]) <= FLT_MAX))
            status = myr_fail(
                context, MYR_INVALID_DATA, "theta: row %llu, column %llu is %g (expected a finite number)",
                (unsigned long long)(p / parameters), (unsigned long long)(p % parameters), values[p]);
    free(values);
    return status;
}

static myr_status check_delta(myr_context *context, const myr_linear_job *job, uint64_t row) {
    const uint64_t parameters = job->features->parameters;
    double *values = malloc(parameters * sizeof *values);
    if (!values)
        return myr_fail_memory(context, parameters * sizeof *values);
    myr_status status =
        myr_array_read(context, &job->compute, job->features->delta, row * parameters, parameters, values);
    for (uint64_t p = 0; status == MYR_OK && p < parameters; p++)
        if (!isfinite(values[p]))
            status = myr_fail(context, MYR_INVALID_DATA,
                              "delta: row %llu, column %llu is %g (expected a finite number)",
                              (unsigned long long)row, (unsigned long long)p, values[p]);
    free(values);
    return status;
}

static myr_status check_entry(myr_context *context, const myr_linear_job *job, const char *name,
                              myr_array array, uint64_t row, double low, const char *expected) {
    double value = 0.0;
    if (!array.data)
        return MYR_OK;
    myr_status status = myr_array_read(context, &job->compute, array, row, 1, &value);
    if (status == MYR_OK && !(value >= low && value <= 1e15))
        status = myr_fail(context, MYR_INVALID_DATA, "%s: row %llu is %g (expected %s)", name,
                          (unsigned long long)row, value, expected);
    return status;
}

myr_status myr_fail_features(myr_context *context, const myr_linear_job *job, uint64_t row) {
    const myr_features *f = job->features;
    const myr_array none = {NULL, MYR_F64};
    myr_status status = myr_check_theta(context, job);
    if (status == MYR_OK)
        status = check_delta(context, job, row);
    if (status == MYR_OK)
        status = check_entry(context, job, "reference_margin",
                             job->loss.reference_free ? none : f->reference_margin, row, -1e15,
                             "a finite number of at most 1e15 in size");
    if (status == MYR_OK)
        status = check_entry(context, job, "weight", f->weight, row, 0.0, "0 or more, at most 1e15");
    if (status != MYR_OK)
        return status;
    return myr_fail(
        context, MYR_INVALID_DATA,
        "row %llu: the margin, or the weight times its bootstrap's, is out of range (expected at "
        "most 1e15 in size), or the loss is not finite",
        (unsigned long long)row);
}
