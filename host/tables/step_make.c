#include "row_table.h"

#include "affine_table.h"

/* The multiples of m make a row of x one of x - a m. d1 and d2 are not relative to m as long as they are
 * still 0 (docs/mathematics.md). */
myr_step myr_step_make(const myr_job *job, int64_t k, const myr_second_stage *second, double *carry) {
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
        .shift = (float)(row->A * row->a + row->B + memory - myr_row_first_a(row)),
    };
    if (!row->two_stage) {
        step.A = myr_round_carrying(row->A, carry);
        return step;
    }
    step.two_stage = 1.0f;
    step.A2 = (float)second->x;
    step.B2 = (float)second->d;
    step.Y = (float)second->y;
    step.H = (float)second->h;
    step.less = (float)second->less;
    step.shift2 = (float)second->shift;
    return step;
}
