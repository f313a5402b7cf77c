#include "pairs.h"

#include <math.h>

#include "ground/failure.h"
#include "losses/element.h"

/* One number of the job's arrays, wherever they lie. */
static myr_status read_element(myr_context *context, const myr_pair_job *job, myr_array array, uint64_t row,
                               double *value) {
    return myr_array_read(context, &job->compute, array, row, 1, value);
}

typedef struct column_rule {
    const char *name;
    const myr_array *column;
    bool used;
    double low;
    const char *expected;
} column_rule;

myr_status myr_fail_pair(myr_context *context, const myr_pair_job *job, uint64_t row) {
    const myr_pairs *p = job->pairs;
    const bool reference = !job->loss.reference_free;
    static const char logp[] = "a finite number of at most 1e15 in size";
    static const char length[] = "1 or more";
    const column_rule rules[] = {
        {"policy_chosen", &p->policy_chosen, true, -1e15, logp},
        {"policy_rejected", &p->policy_rejected, true, -1e15, logp},
        {"reference_chosen", &p->reference_chosen, reference, -1e15, logp},
        {"reference_rejected", &p->reference_rejected, reference, -1e15, logp},
        {"weight", &p->weight, p->weight.data != NULL, 0.0, "0 or more, at most 1e15"},
        {"chosen_length", &p->chosen_length, p->chosen_length.data != NULL, 1.0, length},
        {"rejected_length", &p->rejected_length, p->rejected_length.data != NULL, 1.0, length},
    };
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        double value;
        if (!rules[r].used)
            continue;
        myr_status status = read_element(context, job, *rules[r].column, row, &value);
        if (status != MYR_OK)
            return status;
        if (!(value >= rules[r].low && value <= 1e15))
            return myr_fail(context, MYR_INVALID_DATA, "row %llu: %s is %g (expected %s)",
                            (unsigned long long)row, rules[r].name, value, rules[r].expected);
    }
    return myr_fail(context, MYR_INVALID_DATA,
                    "row %llu: the loss is not finite, for its log-probabilities lie too far apart",
                    (unsigned long long)row);
}
