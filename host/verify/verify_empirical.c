/* Tier: data points. A few steps from the reference's own state, against the bound, and from other ends of
 * batches, for equal bits. */
#include <math.h>

#include "vector_steps.h"

enum { points = 700, dimension = MYR_VECTOR_DIMENSION };

/* Clusters of unequal width, far from the origin: no two points are alike. */
static myr_status create_points(myr_context *context, myr_target **target) {
    float values[points * dimension];
    for (int i = 0; i < points; i++)
        for (int c = 0; c < dimension; c++) {
            double cluster = (double)((i * 7 + c * 3) % 5) - 2.0, within = sin(1.7 * i + 0.3 * i * c + c);
            values[i * dimension + c] = (float)(10.0 - c + cluster + 0.2 * (1 + i % 3) * within);
        }
    return myr_target_create_empirical(context, points, dimension, values, target);
}

myr_status myr_verify_empirical(myr_verification *v) {
    static const char steps_name[] = "data points, one and three steps: share of the rounding bound";
    static const char repeats_name[] = "data points, repeatability: values that differ";
    if (myr_verifies_reference(v)) {
        myr_report_skip(v, steps_name);
        return MYR_OK;
    }
    myr_case used = {.target = NULL};
    myr_vector_tally t = {0};
    myr_status status = create_points(v->context, &used.target);
    for (int index = 0; status == MYR_OK && index < MYR_VECTOR_CASES; index++) {
        status = myr_vector_plan(v->context, index, used.target, &used.plan);
        if (status == MYR_OK)
            status = myr_vector_check_steps(v, &used, &t);
        if (status == MYR_OK)
            status = myr_vector_check_repeats(v, &used, &t);
        myr_plan_destroy(used.plan);
        used.plan = NULL;
    }
    myr_case_destroy(&used);
    if (status == MYR_OK) {
        myr_report_check(v, steps_name, t.worst, 1.0, t.compared);
        myr_report_check(v, repeats_name, (double)t.different, 0.0, t.repeated);
    }
    return status;
}
