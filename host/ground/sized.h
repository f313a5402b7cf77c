/* The rule by which public structs grow (myriad/context.h, "How structs grow"), in one place.
 *
 * A struct that the caller gives is read once, at the top of a public call, into the library's own, which is whole;
 * from there on nobody looks at a struct_size. One that the caller gets is filled in whole, and then handed over as far
 * as the caller knows it. */
#ifndef MYRIAD_SIZED_H
#define MYRIAD_SIZED_H

#include "myriad/myriad.h"

/* Of structs that may be left out: X(myr_…, the initialiser MYR_…_INIT, the name in messages). */
#define MYR_OPTIONAL_STRUCTS(X)                                     \
    X(compute_options, COMPUTE_OPTIONS, "compute options")          \
    X(fit_options, FIT_OPTIONS, "fit options")                      \
    X(gradient_options, GRADIENT_OPTIONS, "gradient options")       \
    X(loss_options, LOSS_OPTIONS, "loss options")                   \
    X(outcomes_options, OUTCOMES_OPTIONS, "outcomes options")       \
    X(plan_options, PLAN_OPTIONS, "plan options")                   \
    X(rlvr_options, RLVR_OPTIONS, "rlvr options")                   \
    X(run_options, RUN_OPTIONS, "run options")                      \
    X(statistics_options, STATISTICS_OPTIONS, "statistics options") \
    X(training_options, TRAINING_OPTIONS, "training options")       \
    X(verify_options, VERIFY_OPTIONS, "verify options")

/* Of those that a call needs. */
#define MYR_REQUIRED_STRUCTS(X)                  \
    X(features, FEATURES, "features")            \
    X(given, GIVEN, "given")                     \
    X(head, HEAD, "head")                        \
    X(many, MANY, "many")                        \
    X(pairs, PAIRS, "pairs")                     \
    X(policy_pairs, POLICY_PAIRS, "pairs")       \
    X(policy_problem, POLICY_PROBLEM, "problem") \
    X(rankings, RANKINGS, "rankings")            \
    X(rlvr_batch, RLVR_BATCH, "rlvr batch")      \
    X(samples_shape, SAMPLES_SHAPE, "shape")     \
    X(token_pairs, TOKEN_PAIRS, "token pairs")   \
    X(tokens, TOKENS, "tokens")

/* Of those that the library fills in, and of which the caller has an initialiser for each. */
#define MYR_REPORT_STRUCTS(X)                      \
    X(fit_report, FIT_REPORT, "report")            \
    X(loss_metrics, LOSS_METRICS, "metrics")       \
    X(policy_value, POLICY_VALUE, "value")         \
    X(ranking_metrics, RANKING_METRICS, "metrics") \
    X(report, REPORT, "report")                    \
    X(rlvr_metrics, RLVR_METRICS, "metrics")       \
    X(training_report, TRAINING_REPORT, "report")

/* Of those above that it fills in too, X(struct). */
#define MYR_FILLED_STRUCTS(X) \
    X(features)               \
    X(plan_options)

/* myr_…_read: *known becomes what *given says, fields that the caller does not know as the initialiser has them, and
 * *given points to it. *given is NULL where it may be left out: all is as the initialiser has it. Refused,
 * MYR_INVALID_ARGUMENT: NULL otherwise, a size that is none, and fields set that this library does not know. */
#define MYR_DECLARE_READ(noun, stem, name) \
    myr_status myr_##noun##_read(myr_context *context, const myr_##noun **given, myr_##noun *known);
MYR_OPTIONAL_STRUCTS(MYR_DECLARE_READ)
MYR_REQUIRED_STRUCTS(MYR_DECLARE_READ)
#undef MYR_DECLARE_READ

/* myr_…_ready: whether what is to be filled in has a size; NULL, where nothing is, passes.
 * myr_…_fill: *filled becomes what *made says as far as the caller knows it. NULL: nothing is done. */
#define MYR_DECLARE_FILL(noun)                                                     \
    myr_status myr_##noun##_ready(myr_context *context, const myr_##noun *filled); \
    void myr_##noun##_fill(myr_##noun *filled, const myr_##noun *made);
#define MYR_DECLARE_REPORT(noun, stem, name) MYR_DECLARE_FILL(noun)
MYR_REPORT_STRUCTS(MYR_DECLARE_REPORT)
MYR_FILLED_STRUCTS(MYR_DECLARE_FILL)
#undef MYR_DECLARE_REPORT
#undef MYR_DECLARE_FILL

#endif
