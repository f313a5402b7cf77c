/* RLVR's tokens on the cpu backend: a sequence a thread. */
#include <string.h>

#include "cpu_tokens.h"
#include "ground/environment.h"

/* Tokens that are worth a thread of their own. */
static const double thread_tokens = 5e4;

static int useful_threads(const myr_policy_job *job) {
    double useful = 1.0 + (double)job->starts[job->sequences] / thread_tokens;
    return useful < job->compute.threads ? (int)useful : job->compute.threads;
}

myr_status myr_cpu_policy_tokens(myr_context *context, const myr_policy_job *job, double *tokens) {
    (void)context; /* nothing here can fail */
#pragma omp parallel num_threads(useful_threads(job))
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic, 16) nowait
        for (uint64_t s = 0; s < job->sequences; s++) {
            uint64_t count = 0;
            for (uint64_t t = job->starts[s]; t < job->starts[s + 1]; t++)
                count += job->mask[t] != 0;
            tokens[s] = (double)count;
        }
    }
    return MYR_OK;
}

static void clear(const myr_policy_job *job, uint64_t s) {
    size_t size = myr_dtype_size(job->gradient.type), first = (size_t)job->starts[s];
    if (job->gradient.data)
        memset((char *)job->gradient.data + first * size, 0, (size_t)(job->starts[s + 1] - first) * size);
}

myr_status myr_cpu_policy_on(myr_context *context, const myr_lanes_isa *isa, const myr_policy_job *job,
                             myr_policy_sums *sums) {
    (void)context;
    const myr_token_lanes *lanes = MYR_LANES_OF(myr_token_lanes, isa);
    const myr_policy_view view = {.log_probs = job->log_probs.data,
                                  .old_log_probs = job->old_log_probs.data,
                                  .mask = job->mask,
                                  .gradient = job->gradient.data,
                                  .type = (int)job->log_probs.type,
                                  .gradient_type = (int)job->gradient.type,
                                  .cap = (float)job->cap};
#pragma omp parallel num_threads(useful_threads(job))
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic, 16) nowait
        for (uint64_t s = 0; s < job->sequences; s++) {
            if (job->scale[s] == 0.0) {
                sums[s] = (myr_policy_sums){0};
                clear(job, s);
                continue;
            }
            lanes->policy(&view, (size_t)job->starts[s], (size_t)(job->starts[s + 1] - job->starts[s]),
                          (float)(job->scale[s] * job->advantage[s]), &sums[s]);
        }
    }
    return MYR_OK;
}

myr_status myr_cpu_policy(myr_context *context, const myr_policy_job *job, myr_policy_sums *sums) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    return status == MYR_OK ? myr_cpu_policy_on(context, isa, job, sums) : status;
}
