/* Distributions of states, and the Markov chains that forget them. */
#ifndef MYRIAD_DISCRETE_H
#define MYRIAD_DISCRETE_H

#include "io/json_fields.h"
#include "target_data.h"

/* States are numbered from 0 here. */
struct myr_discrete {
    int states;
    int64_t matrices;    /* 1, or one a step */
    double *weights;     /* [states], their sum 1 */
    double *prior;       /* [states], likewise */
    double *transitions; /* [matrices][states][states], the sum of each row 1 */
    uint64_t identity;   /* a hash of all of it: plans know their target by it */
};

/* The matrix of step t, 1 … T. */
const double *myr_discrete_matrix(const myr_discrete *discrete, int64_t t);

/* A target from its JSON file. */
myr_status myr_read_discrete(const myr_json *json, myr_target **target);

#endif
