/* Rows of comparisons as training takes them: checked, equal ones together. */
#ifndef MYRIAD_POLICY_ROWS_H
#define MYRIAD_POLICY_ROWS_H

#include "myriad/policy.h"

typedef struct myr_policy_row {
    uint32_t prompt, chosen, rejected;
    double weight; /* how many rows of the caller's this is */
} myr_policy_row;

typedef struct myr_policy_rows {
    uint64_t count;
    myr_policy_row *rows;
} myr_policy_rows;

/* merge: equal rows become one, in the order of their numbers. All zero on failure. */
myr_status myr_policy_rows_make(myr_context *context, const myr_policy_problem *problem,
                                const myr_policy_pairs *pairs, bool merge, myr_policy_rows *rows);
void myr_policy_rows_free(myr_policy_rows *rows);

#endif
