/* The finite problem that the tiers of rankings and of policies share. */
#ifndef MYRIAD_POLICY_CASE_H
#define MYRIAD_POLICY_CASE_H

#include "myriad/policy.h"
#include "tiers.h"

enum { MYR_CASE_PROMPTS = 2, MYR_CASE_ANSWERS = 5, MYR_CASE_ENTRIES = 10 };
extern const myr_policy_problem myr_policy_case;

/* Rankings of the verified backend, not yet drawn: count of them, from number first on. */
myr_ranking_draw myr_case_draw(const myr_verification *v, const myr_policy_problem *problem,
                               uint32_t length, uint64_t first, uint64_t count);

/* Room for them, all bits set: no answer. NULL without memory. */
uint32_t *myr_new_rankings(uint64_t count, uint32_t length);

/* Of three of the case's answers in that order, rewards r: candidates are uniform, the order is
 * Plackett-Luce. */
double myr_case_probability(const double *r, const uint32_t order[3]);

#endif
