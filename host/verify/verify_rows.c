/* Tiers: one step from the reference's own state, and whole trajectories. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ground/failure.h"
#include "plans/mean_path.h"
#include "rounding.h"
#include "tiers.h"

/* The states that a run leaves behind on the reference and on the verified backend, the bounds of their difference,
 * and the worst share of its bound. */
typedef struct comparison {
    double *expected, *states, *bounds;
    double worst;
    uint64_t count;
} comparison;

static myr_status compare(myr_verification *v, const myr_job *job, comparison *c) {
    const uint64_t size = job->count * (uint64_t)job->plan->dimension;
    myr_poison(c->states, size);
    myr_status status = myr_backend_reference.states(v->context, job, c->expected);
    if (status == MYR_OK)
        status = v->backend->states(v->context, job, c->states);
    if (status == MYR_OK)
        myr_bound_trajectories(job, c->bounds);
    for (uint64_t j = 0; status == MYR_OK && j < size; j++)
        c->worst = myr_worse(c->worst, fabs(c->states[j] - c->expected[j]) / c->bounds[j]);
    c->count += size;
    return status;
}

/* Rounds states so that their parts relative to the mean path are floats: both backends then start alike.
 */
static void round_states(const myr_job *job, int64_t row, double *states) {
    int d = job->plan->dimension;
    double mean[MYR_MAX_DIMENSION];
    myr_mean_path path;
    myr_mean_path_begin(&path, job->plan, job->target);
    myr_mean_path_run(&path, row);
    myr_mean_path_read(&path, mean);
    for (uint64_t j = 0; j < job->count * (uint64_t)d; j++)
        states[j] = mean[j % (uint64_t)d] + (double)(float)(states[j] - mean[j % (uint64_t)d]);
}

/* Rows 0, 1, 2 …, ever further apart, and the last three. */
static int64_t next_row(int64_t row, int64_t steps) {
    int64_t next = row + 1 + row / 4;
    if (row >= steps - 3)
        return row + 1;
    return next < steps - 3 ? next : steps - 3;
}

static myr_status step_case(myr_verification *v, const myr_case *used, uint64_t count, double *entry,
                            comparison *c) {
    int64_t steps = used->plan->steps;
    myr_job walk = myr_case_job(v, used, UINT64_C(0x123456789ab) ^ v->seed >> 20, count);
    myr_status status = MYR_OK;
    for (int64_t row = 0; status == MYR_OK && row < steps; row = next_row(row, steps)) {
        /* The reference from the last row looked at to this one; c->states is free as a buffer here. */
        walk.row_end = row;
        status = myr_backend_reference.states(v->context, &walk, c->states);
        if (status != MYR_OK)
            break;
        for (uint64_t j = 0; j < count * (uint64_t)used->plan->dimension; j++)
            entry[j] = c->states[j];
        round_states(&walk, row, entry);
        walk.row_begin = row;
        walk.states = entry;
        myr_job step = walk;
        step.row_end = row + 1;
        status = compare(v, &step, c);
    }
    return status;
}

static myr_status over_cases(myr_verification *v, bool one_step) {
    enum { dimension = 3, rows = 1000, most = 128 };
    const uint64_t count = one_step ? 64 : 24;
    comparison c = {.expected = myr_poisoned(most * dimension),
                    .states = myr_poisoned(most * dimension),
                    .bounds = myr_poisoned(most * dimension)};
    double *entry = myr_poisoned(most * dimension);
    bool exists = true;
    myr_status status = MYR_OK;
    if (!c.expected || !c.states || !c.bounds || !entry)
        status = myr_fail_memory(v->context, 4 * most * dimension * sizeof *entry);
    for (int index = 0; status == MYR_OK && exists; index++) {
        myr_case used;
        c.worst = 0.0;
        c.count = 0;
        status = myr_case_create(v->context, index, dimension, rows, "prior", &used, &exists);
        /* The bounds follow coordinates, not axes: turned states are looked at by statistics and bits. */
        if (status == MYR_OK && exists && !used.full) {
            char name[128];
            myr_job whole = myr_case_job(v, &used, UINT64_C(0xfffffff0), count);
            status = one_step ? step_case(v, &used, count, entry, &c) : compare(v, &whole, &c);
            snprintf(name, sizeof name, "%s, %s: share of the rounding bound",
                     one_step ? "one step" : "trajectories", used.name);
            if (status == MYR_OK)
                myr_report_check(v, name, c.worst, 1.0, c.count);
        }
        myr_case_destroy(&used);
    }
    free(c.expected);
    free(c.states);
    free(c.bounds);
    free(entry);
    return status;
}

myr_status myr_verify_one_step(myr_verification *v) {
    return myr_verifies_reference(v) ? MYR_OK : over_cases(v, true);
}

myr_status myr_verify_trajectories(myr_verification *v) {
    return myr_verifies_reference(v) ? MYR_OK : over_cases(v, false);
}
