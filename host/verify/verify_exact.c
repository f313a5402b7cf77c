/* Tiers: exact arithmetic, the same bits from every instruction set and device; and repeatability, the same
 * bits whatever the threads and however a run is split. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/cpu_isa.h"
#include "ground/failure.h"
#include "tiers.h"

/* A chunk and a bit, from an index inside a block of lanes; rows that end inside a group of four. */
enum { trajectories = 4501, rows = 14, most_dimension = 5 };

/* One run's results, and those that others must equal. */
typedef struct results {
    double *states;
    myr_moment moments[most_dimension];
} results;

static void poison_results(results *r, int dimension) {
    myr_poison(r->states, (uint64_t)trajectories * (uint64_t)dimension);
    memset(r->moments, 0xff, sizeof r->moments); /* the doubles are NaN */
}

/* The moments' numbers count as values, too. */
static uint64_t count_differing(const results *a, const results *b, int dimension) {
    uint64_t differing =
        myr_count_different(a->states, b->states, (uint64_t)trajectories * (uint64_t)dimension);
    for (int c = 0; c < dimension; c++) {
        const myr_moment *p = &a->moments[c], *q = &b->moments[c];
        double left[4] = {p->mean, p->m2, p->m3, p->m4}, right[4] = {q->mean, q->m2, q->m3, q->m4};
        differing += myr_count_different(left, right, 4) + (p->count != q->count);
    }
    return differing;
}

static uint64_t values_compared(int dimension) {
    return ((uint64_t)trajectories + 5) * (uint64_t)dimension;
}

static myr_status run_isa(myr_verification *v, const myr_lanes_isa *isa, const myr_job *job, results *r) {
    poison_results(r, job->plan->dimension);
    myr_status status = myr_cpu_states(v->context, isa, job, r->states);
    return status == MYR_OK ? myr_cpu_moments(v->context, isa, job, r->moments) : status;
}

static myr_status run_backend(myr_verification *v, const myr_job *job, results *r) {
    poison_results(r, job->plan->dimension);
    myr_status status = v->backend->states(v->context, job, r->states);
    return status == MYR_OK ? myr_job_moments(v->context, v->backend, job, r->moments) : status;
}

/* Sums over the cases: index 0 is the backend itself, 1 + n the CPU's instruction set n. */
enum { most_variants = 8 };
typedef struct tally {
    uint64_t differing[most_variants], count[most_variants];
} tally;

static myr_status exact_case(myr_verification *v, const myr_case *used, results *expected, results *got,
                             tally *t) {
    int d = used->plan->dimension;
    myr_job job = myr_case_job(v, used, UINT64_C(0xfffff003), trajectories);
    myr_status status = run_isa(v, myr_cpu_isa_at(0), &job, expected);
    if (status == MYR_OK)
        status = run_backend(v, &job, got);
    if (status != MYR_OK)
        return status;
    t->differing[0] += count_differing(expected, got, d);
    t->count[0] += values_compared(d);
    for (int n = 1; status == MYR_OK && v->backend == &myr_backend_cpu && myr_cpu_isa_at(n); n++) {
        if (!myr_cpu_isa_supported(myr_cpu_isa_at(n)))
            continue;
        status = run_isa(v, myr_cpu_isa_at(n), &job, got);
        if (status != MYR_OK)
            return status;
        t->differing[1 + n] += count_differing(expected, got, d);
        t->count[1 + n] += values_compared(d);
    }
    return status;
}

static void report_exact(myr_verification *v, const tally *t) {
    char name[128];
    snprintf(name, sizeof name, "exact arithmetic, %s against the CPU's baseline: values that differ",
             v->backend->name);
    myr_report_check(v, name, (double)t->differing[0], 0.0, t->count[0]);
    for (int n = 1; v->backend == &myr_backend_cpu && myr_cpu_isa_at(n); n++) {
        snprintf(name, sizeof name, "exact arithmetic, %s against baseline: values that differ",
                 myr_cpu_isa_at(n)->name);
        if (t->count[1 + n])
            myr_report_check(v, name, (double)t->differing[1 + n], 0.0, t->count[1 + n]);
        else
            myr_report_skip(v, name); /* the processor lacks it */
    }
}

typedef myr_status (*case_visitor)(myr_verification *, const myr_case *, results *, results *, tally *);

/* Visits every case, in one, two or five coordinates in turn: kinds of table repeat among the cases. */
static myr_status visit_cases(myr_verification *v, case_visitor visit, tally *t) {
    static const int dimensions[] = {1, 2, most_dimension};
    results expected = {.states = myr_poisoned((uint64_t)trajectories * most_dimension)};
    results got = {.states = myr_poisoned((uint64_t)trajectories * most_dimension)};
    myr_status status = MYR_OK;
    if (!expected.states || !got.states)
        status = myr_fail_memory(v->context, 2 * trajectories * most_dimension * sizeof(double));
    bool exists = true;
    for (int index = 0; status == MYR_OK && exists; index++) {
        myr_case used;
        status = myr_case_create(v->context, index, dimensions[index % 3], rows, "exact", &used, &exists);
        if (status == MYR_OK && exists)
            status = visit(v, &used, &expected, &got, t);
        myr_case_destroy(&used);
    }
    free(expected.states);
    free(got.states);
    return status;
}

myr_status myr_verify_exact(myr_verification *v) {
    tally t = {{0}, {0}};
    if (myr_verifies_reference(v) || v->fast)
        return MYR_OK;
    myr_status status = visit_cases(v, exact_case, &t);
    if (status == MYR_OK)
        report_exact(v, &t);
    return status;
}

/* The kinds of repetition, in the tally's order. */
static const char *const repetitions[] = {
    "repeatability, a second run: values that differ",
    "repeatability, 2 threads against 1: values that differ",
    "repeatability, 7 threads against 1: values that differ",
    "repeatability, a run in three parts: states that differ",
};

/* States of the same trajectories from three runs, of uneven lengths. */
static myr_status run_parts(myr_verification *v, const myr_job *job, results *r) {
    static const uint64_t ends[] = {0, 1, 2503, trajectories};
    uint64_t d = (uint64_t)job->plan->dimension;
    poison_results(r, job->plan->dimension);
    myr_status status = MYR_OK;
    for (int part = 0; status == MYR_OK && part < 3; part++) {
        myr_job piece = *job;
        piece.first = job->first + ends[part];
        piece.count = ends[part + 1] - ends[part];
        status = v->backend->states(v->context, &piece, r->states + ends[part] * d);
    }
    return status;
}

static myr_status repeat_case(myr_verification *v, const myr_case *used, results *expected, results *got,
                              tally *t) {
    static const int threads[] = {1, 2, 7};
    uint64_t d = (uint64_t)used->plan->dimension;
    myr_job job = myr_case_job(v, used, UINT64_C(0xffffff03), trajectories);
    job.threads = 1;
    myr_status status = run_backend(v, &job, expected);
    for (int n = 0; status == MYR_OK && n < 3; n++) {
        job.threads = threads[n];
        status = run_backend(v, &job, got);
        t->differing[n] += count_differing(expected, got, (int)d);
        t->count[n] += values_compared((int)d);
    }
    job.threads = v->threads;
    if (status == MYR_OK)
        status = run_parts(v, &job, got);
    t->differing[3] += myr_count_different(expected->states, got->states, trajectories * d);
    t->count[3] += trajectories * d;
    return status;
}

myr_status myr_verify_repeatability(myr_verification *v) {
    tally t = {{0}, {0}};
    myr_status status = visit_cases(v, repeat_case, &t);
    for (int n = 0; status == MYR_OK && n < 4; n++)
        myr_report_check(v, repetitions[n], (double)t.differing[n], 0.0, t.count[n]);
    return status;
}
