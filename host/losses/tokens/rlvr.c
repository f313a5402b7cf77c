/* The public call for RLVR: what it is given is checked, groups are weighed, the backend reduces the
 * tokens. */
#include "myriad/rlvr.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "backends/token_jobs.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "losses/array_rules.h"
#include "rlvr_groups.h"
#include "token_arrays.h"

static const double limit = 1e15;

typedef struct rlvr_call {
    const myr_rlvr_batch *batch;
    const myr_backend *backend;
    myr_policy_job job;
    uint64_t *sequence_starts, *group_starts;
    double *rewards, *pass_rates, *tokens;
    double *advantage, *scale;
    double *fetched; /* starts as they come */
    myr_policy_sums *sums;
} rlvr_call;

static myr_status check_number(myr_context *context, const char *name, double value, double low,
                               double high) {
    if (value >= low && value <= high)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT, "rlvr: %s is %g (expected %g … %g)", name, value, low,
                    high);
}

static myr_status check_options(myr_context *context, const myr_rlvr_options *o) {
    myr_status status = check_number(context, "drop_pass_rate", o->drop_pass_rate, 0.0, limit);
    if (status == MYR_OK)
        status = check_number(context, "pass_reward", o->pass_reward, -limit, limit);
    if (status == MYR_OK)
        status = check_number(context, "cap", o->cap, 1e-6, 1e30);
    if (status == MYR_OK)
        status = check_number(context, "denominator", o->denominator, 0.0, limit);
    if (status == MYR_OK && (unsigned)o->mean > MYR_PROMPT_MEAN)
        status = myr_fail(context, MYR_INVALID_ARGUMENT,
                          "rlvr: mean is %d (expected token, sequence or prompt)", (int)o->mean);
    if (status == MYR_OK && o->mean != MYR_TOKEN_MEAN && o->denominator != 0.0)
        status = myr_fail(context, MYR_UNSUPPORTED, "rlvr: denominator is for MYR_TOKEN_MEAN alone");
    return status;
}

static myr_status check_arrays(myr_context *context, const myr_rlvr_batch *b, myr_array_out advantages,
                               myr_array_out gradient) {
    static const char logp[] = "f64, f32, bf16 or f16, both the same", wide[] = "f64 or f32";
    static const char whole[] = "i32 or i64";
    const bool logps_fit = myr_is_float(b->log_probs.type) && b->log_probs.type == b->old_log_probs.type;
    const myr_array_rule rules[] = {
        {"log_probs", b->log_probs.data, b->log_probs.type, true, logps_fit, logp},
        {"old_log_probs", b->old_log_probs.data, b->old_log_probs.type, true, logps_fit, logp},
        {"rewards", b->rewards.data, b->rewards.type, true, myr_is_real(b->rewards.type), wide},
        {"pass_rates", b->pass_rates.data, b->pass_rates.type, false, myr_is_real(b->pass_rates.type),
         wide},
        {"sequence_starts", b->sequence_starts.data, b->sequence_starts.type, false,
         myr_is_integer(b->sequence_starts.type), whole},
        {"group_starts", b->group_starts.data, b->group_starts.type, false,
         myr_is_integer(b->group_starts.type), whole},
        {"advantages", advantages.data, advantages.type, false, myr_is_real(advantages.type), wide},
        {"gradient", gradient.data, gradient.type, false, myr_is_real(gradient.type), wide},
    };
    return myr_check_arrays(context, "rlvr", rules, sizeof rules / sizeof *rules);
}

static myr_status check_batch(myr_context *context, const myr_rlvr_batch *b, myr_array_out advantages,
                              myr_array_out gradient) {
    myr_status status = myr_check_count(context, "rlvr", "tokens", b->tokens, UINT64_C(1) << 40);
    if (status == MYR_OK)
        status = myr_check_count(context, "rlvr", "sequences", b->sequences, 2147483647);
    if (status == MYR_OK)
        status = myr_check_count(context, "rlvr", "groups", b->groups, b->sequences);
    return status == MYR_OK ? check_arrays(context, b, advantages, gradient) : status;
}

/* parts + 1 starts from 0 to whole, each above the one before. */
static myr_status read_starts(myr_context *context, rlvr_call *call, const char *name, myr_array given,
                              uint64_t parts, uint64_t whole, uint64_t *starts) {
    if (!given.data && whole % parts != 0)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "rlvr: %llu is no multiple of %llu (expected %s, or parts of one length)",
                        (unsigned long long)whole, (unsigned long long)parts, name);
    for (uint64_t p = 0; p <= parts; p++)
        starts[p] = p * (whole / parts);
    if (!given.data)
        return MYR_OK;
    myr_status status = myr_fetch(context, &call->job.compute, given, 0, parts + 1, call->fetched);
    for (uint64_t p = 0; status == MYR_OK && p <= parts; p++) {
        double low = p == 0 ? 0.0 : call->fetched[p - 1] + 1.0, high = (double)(whole - (parts - p));
        if (p == 0)
            high = 0.0;
        if (p == parts)
            low = high;
        if (call->fetched[p] >= low && call->fetched[p] <= high)
            starts[p] = (uint64_t)call->fetched[p];
        else
            status = myr_fail(context, MYR_INVALID_DATA, "%s[%llu] is %.0f (expected %.0f … %.0f)", name,
                              (unsigned long long)p, call->fetched[p], low, high);
    }
    return status;
}

static myr_status read_numbers(myr_context *context, rlvr_call *call, const char *name, myr_array given,
                               uint64_t count, double *to) {
    myr_status status = myr_fetch(context, &call->job.compute, given, 0, count, to);
    for (uint64_t i = 0; status == MYR_OK && i < count; i++)
        if (!(fabs(to[i]) <= limit))
            status = myr_fail(context, MYR_INVALID_DATA,
                              "%s[%llu] is %g (expected a finite number, at most 1e15 in size)", name,
                              (unsigned long long)i, to[i]);
    return status;
}

static void call_end(rlvr_call *call) {
    free(call->sequence_starts);
    free(call->group_starts);
    free(call->rewards);
    free(call->pass_rates);
    free(call->tokens);
    free(call->advantage);
    free(call->scale);
    free(call->fetched);
    free(call->sums);
}

static myr_status call_begin(myr_context *context, rlvr_call *call) {
    const myr_rlvr_batch *b = call->batch;
    const size_t sequences = (size_t)b->sequences, groups = (size_t)b->groups;
    call->sequence_starts = malloc((sequences + 1) * sizeof(uint64_t));
    call->group_starts = malloc((groups + 1) * sizeof(uint64_t));
    call->rewards = malloc(sequences * sizeof(double));
    call->pass_rates = malloc(groups * sizeof(double));
    call->tokens = malloc(sequences * sizeof(double));
    call->advantage = malloc(sequences * sizeof(double));
    call->scale = malloc(sequences * sizeof(double));
    call->fetched = malloc((sequences + 1) * sizeof(double)); /* there are no more groups than that */
    call->sums = malloc(sequences * sizeof *call->sums);
    if (!call->sequence_starts || !call->group_starts || !call->rewards || !call->pass_rates ||
        !call->tokens || !call->advantage || !call->scale || !call->fetched || !call->sums)
        return myr_fail_memory(context, sequences * (sizeof *call->sums + 5 * sizeof(double)));
    myr_status status = read_starts(context, call, "sequence_starts", b->sequence_starts, b->sequences,
                                    b->tokens, call->sequence_starts);
    if (status == MYR_OK)
        status = read_starts(context, call, "group_starts", b->group_starts, b->groups, b->sequences,
                             call->group_starts);
    if (status == MYR_OK)
        status = read_numbers(context, call, "rewards", b->rewards, b->sequences, call->rewards);
    if (status == MYR_OK && b->pass_rates.data)
        status = read_numbers(context, call, "pass_rates", b->pass_rates, b->groups, call->pass_rates);
    return status;
}

/* The tokens of each sequence that count. */
static myr_status count_tokens(myr_context *context, rlvr_call *call) {
    if (call->job.mask)
        return call->backend->tokens->policy_tokens(context, &call->job, call->tokens);
    for (uint64_t s = 0; s < call->job.sequences; s++)
        call->tokens[s] = (double)(call->sequence_starts[s + 1] - call->sequence_starts[s]);
    return MYR_OK;
}

/* The first token of the sequence that is out of range. */
static myr_status refuse(myr_context *context, const rlvr_call *call, uint64_t sequence) {
    const myr_array columns[] = {call->job.log_probs, call->job.old_log_probs};
    static const char *const names[] = {"log_probs", "old_log_probs"};
    uint8_t counts = 1;
    for (uint64_t t = call->sequence_starts[sequence]; t < call->sequence_starts[sequence + 1]; t++) {
        myr_status status =
            call->job.mask ? myr_fetch_bytes(context, &call->job.compute, call->job.mask + t, 1, &counts)
                           : MYR_OK;
        for (int column = 0; status == MYR_OK && counts && column < 2; column++) {
            double value;
            status = myr_fetch(context, &call->job.compute, columns[column], t, 1, &value);
            if (status == MYR_OK && !(fabs(value) <= limit))
                status =
                    myr_fail(context, MYR_INVALID_DATA,
                             "token %llu, of sequence %llu: %s is %g (expected a finite number, at most "
                             "1e15 in size)",
                             (unsigned long long)t, (unsigned long long)sequence, names[column], value);
        }
        if (status != MYR_OK)
            return status;
    }
    return myr_fail(context, MYR_INVALID_DATA, "sequence %llu: a log-probability is out of range",
                    (unsigned long long)sequence);
}

static myr_status reduce_tokens(myr_context *context, rlvr_call *call, myr_rlvr_metrics *metrics) {
    double capped = 0.0;
    myr_status status = call->backend->tokens->policy(context, &call->job, call->sums);
    for (uint64_t s = 0; status == MYR_OK && s < call->job.sequences; s++) {
        if (call->sums[s].bad)
            return refuse(context, call, s);
        metrics->loss += call->scale[s] * call->advantage[s] * call->sums[s].objective;
        capped += call->sums[s].capped;
    }
    metrics->capped = metrics->tokens > 0.0 ? capped / metrics->tokens : 0.0;
    return status;
}

static myr_status run(myr_context *context, const myr_rlvr_options *rlvr, rlvr_call *call,
                      myr_rlvr_metrics *metrics) {
    const myr_rlvr_batch *b = call->batch;
    myr_status status = call_begin(context, call);
    if (status != MYR_OK)
        return status;
    call->job.sequences = b->sequences;
    call->job.starts = call->sequence_starts;
    call->job.log_probs = b->log_probs;
    call->job.old_log_probs = b->old_log_probs;
    call->job.mask = b->mask;
    call->job.cap = rlvr->cap;
    call->job.advantage = call->advantage;
    call->job.scale = call->scale;
    status = count_tokens(context, call);
    if (status != MYR_OK)
        return status;
    const myr_rlvr_groups groups = {.options = rlvr,
                                    .groups = b->groups,
                                    .sequences = b->sequences,
                                    .starts = call->group_starts,
                                    .rewards = call->rewards,
                                    .pass_rates = b->pass_rates.data ? call->pass_rates : NULL,
                                    .tokens = call->tokens,
                                    .advantage = call->advantage,
                                    .scale = call->scale};
    myr_rlvr_groups_weigh(&groups, metrics);
    return reduce_tokens(context, call, metrics);
}

static myr_status reduce(myr_context *context, const myr_rlvr_options *rlvr, const myr_rlvr_batch *batch,
                         const myr_compute_options *options, myr_array_out advantages,
                         myr_array_out gradient, myr_rlvr_metrics *metrics, myr_report *report) {
    rlvr_call call = {.batch = batch};
    call.job.gradient = gradient;
    myr_status status = check_options(context, rlvr);
    if (status == MYR_OK)
        status = check_batch(context, batch, advantages, gradient);
    if (status == MYR_OK)
        status = myr_compute_begin(context, options, &call.backend, &call.job.compute, report);
    if (status != MYR_OK)
        return status;
    const double start = omp_get_wtime();
    status = run(context, rlvr, &call, metrics);
    if (status == MYR_OK)
        status = myr_put(context, &call.job.compute, call.advantage, batch->sequences, advantages);
    call_end(&call);
    report->seconds = omp_get_wtime() - start;
    return status;
}

myr_status myr_loss_rlvr(myr_context *context, const myr_rlvr_options *rlvr, const myr_rlvr_batch *batch,
                         const myr_compute_options *options, myr_array_out advantages,
                         myr_array_out gradient, myr_rlvr_metrics *metrics, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_rlvr_options how;
    myr_rlvr_batch known;
    myr_rlvr_metrics found = {0};
    myr_report made = {0};
    myr_status status = myr_rlvr_metrics_ready(context, metrics);
    if (status == MYR_OK)
        status = myr_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_rlvr_options_read(context, &rlvr, &how);
    if (status == MYR_OK)
        status = myr_rlvr_batch_read(context, &batch, &known);
    if (status == MYR_OK)
        status = reduce(context, rlvr, batch, options, advantages, gradient, &found, &made);
    if (status == MYR_OK)
        myr_rlvr_metrics_fill(metrics, &found);
    myr_report_fill(report, &made);
    return status;
}
