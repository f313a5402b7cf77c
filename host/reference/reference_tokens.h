/* Rows of logits in double, for the reference's reductions over tokens. */
#ifndef MYRIAD_REFERENCE_TOKENS_H
#define MYRIAD_REFERENCE_TOKENS_H

#include "backends/token_jobs.h"

/* Those of this backend's record. */
extern const myr_token_reductions myr_reference_tokens;

/* The row x, [vocabulary], of which label is chosen. */
myr_row_result myr_reference_row(const double *x, uint64_t vocabulary, double lowest, double label);

/* d log pi(label)/d x_j */
double myr_reference_row_slope(const double *x, uint64_t j, double label, const myr_row_result *row);

myr_status myr_reference_head_begin(myr_context *context, const myr_head_job *job, void **work);
myr_status myr_reference_head_forward(myr_context *context, void *work, const uint64_t *rows,
                                      uint64_t count, myr_row_result *results);
myr_status myr_reference_head_backward(myr_context *context, void *work, const uint64_t *rows,
                                       uint64_t count, const myr_row_result *results,
                                       const double *upstream);
void myr_reference_head_end(void *work);

myr_status myr_reference_policy_tokens(myr_context *context, const myr_policy_job *job, double *tokens);
myr_status myr_reference_policy(myr_context *context, const myr_policy_job *job, myr_policy_sums *sums);

#endif
