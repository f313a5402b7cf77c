#include "reference_chain.h"

#include "plans/chain.h"
#include "reference_random.h"
#include "targets/discrete.h"

enum { stream_step = 0, stream_start = 1 };

/* A word as a number in (0, 1). */
static double uniform_of(uint32_t word) {
    return ((double)word + 0.5) * 0x1p-32;
}

/* The first state at which the running sum of the weights passes u times all of them: the inverse of the
 * distribution function. */
static int draw(const double *weights, int states, double u) {
    double all = 0.0, sum = 0.0;
    for (int j = 0; j < states; j++)
        all += weights[j];
    for (int j = 0; j < states; j++) {
        sum += weights[j];
        if (u * all < sum)
            return j;
    }
    return states - 1; /* all is 0: a state in which the chain cannot be */
}

double myr_reference_chain_start(const myr_job *job, uint64_t i) {
    uint32_t words[4];
    myr_reference_words(job->seed, i, stream_start, 0, words);
    return 1.0 + draw(job->plan->chain->start, job->plan->chain->states, uniform_of(words[0]));
}

double myr_reference_chain_run(const myr_job *job, uint64_t i, double state) {
    const myr_chain *chain = job->plan->chain;
    const int s = chain->states;
    double joint[MYR_MAX_STATES]; /* P(x_{t-1} = j, x_t = now) */
    int now = (int)state - 1;
    for (int64_t k = job->row_begin; k < job->row_end; k++) {
        const int64_t t = job->plan->steps - k;
        const double *matrix = myr_discrete_matrix(job->target->content, t);
        const double *before = chain->laws + (t - 1) * s;
        for (int j = 0; j < s; j++)
            joint[j] = matrix[j * s + now] * before[j];
        uint32_t words[4];
        myr_reference_words(job->seed, i, stream_step, (uint32_t)(k / 4), words);
        now = draw(joint, s, uniform_of(words[k % 4]));
    }
    return 1.0 + now;
}
