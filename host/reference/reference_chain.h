/* Chains of discrete targets, from the formulas: states as their numbers 1 … S. */
#ifndef MYRIAD_REFERENCE_CHAIN_H
#define MYRIAD_REFERENCE_CHAIN_H

#include "backends/backend.h"

/* The state x_T of trajectory number i, drawn from the plan's start. */
double myr_reference_chain_start(const myr_job *job, uint64_t i);

/* The state after the job's rows, from the one before them. */
double myr_reference_chain_run(const myr_job *job, uint64_t i, double state);

#endif
