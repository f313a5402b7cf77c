/* Tables of exact policies: what the files of policy_*.c share. */
#ifndef MYRIAD_POLICY_TABLES_H
#define MYRIAD_POLICY_TABLES_H

#include "backends/backend.h"
#include "myriad/policy.h"

/* Checks shape, beta and the reference; and the rewards, if they are needed. */
myr_status myr_policy_take(myr_context *context, const myr_policy_problem **problem,
                           myr_policy_problem *known, bool rewards);

/* Fails with the first entry that is not finite, or beyond 1e15. */
myr_status myr_policy_check_table(myr_context *context, const myr_policy_problem *problem, const char *name,
                                  const double *table);

/* Entries of a table. */
size_t myr_policy_size(const myr_policy_problem *problem);

/* Subtracts from each prompt's row the logarithm of its sum of exponentials, and stores that in log_sums
 * [prompts] unless NULL. from and to may be the same. */
void myr_policy_normalise(const myr_policy_problem *problem, const double *from, double *to,
                          double *log_sums);

/* log pi_ref, normalised. */
void myr_policy_reference(const myr_policy_problem *problem, double *reference);

/* Subtracts from each prompt's row its mean. */
void myr_policy_centre(const myr_policy_problem *problem, double *table);

/* One prompt's expected or estimated policy gradient: log_policy and signal f [answers] to
 * gradient [answers]; room [answers]. Returns E[f], or its estimate. */
double myr_policy_ascent(uint32_t answers, const double *log_policy, const double *signal,
                         const myr_gradient_options *options, uint64_t trajectory, double *room,
                         double *gradient);

/* What cpu and cuda stretch arrival times with: exp(-r) of every entry [prompts][answers], to be freed; NULL without memory. */
double *myr_race_scales(const myr_ranking_draw *draw);

#endif
