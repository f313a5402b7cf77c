#include "step_make.h"

#include "affine_table.h"

/* The multiples of m make a row of x one of x - a m. d1 and d2 are not relative to m as long as they are
 * still 0 (docs/mathematics.md). */
myr_step myr_step_make(const myr_job *job, int64_t k, double *carry) {
    const myr_row *row = &job->plan->rows[k];
    const int64_t set = k - job->row_begin; /* how many of d1, d2 hold outputs */
    double memory = (set >= 1 ? row->P : 0.0) + (set >= 2 ? row->Q : 0.0);
    myr_step step = {
        .n = (float)row->n,
        .A = (float)row->A,
        .B = (float)row->B,
        .P = (float)row->P,
        .Q = (float)row->Q,
        .c = (float)row->C,
        .shift = (float)(row->A * row->a + row->B + memory - row->a_next),
        .two_stage = row->two_stage ? 1.0f : 0.0f,
        .A2 = (float)row->A2,
        .B2 = (float)row->B2,
        .Y = (float)row->Y,
        .H = (float)row->H,
        .shift2 = (float)(row->A2 * row->a + row->B2 + row->Y * row->a_next + row->H - row->a_next),
    };
    if (!row->two_stage)
        step.A = myr_round_carrying(row->A, carry);
    return step;
}
