/* The public call on rankings: what it is given is checked, the backend reduces, the sums become means. */
#include "myriad/rankings.h"

#include <omp.h>
#include <stdlib.h>

#include "array_rules.h"
#include "backends/reductions.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "losses/tokens/token_arrays.h"

#define MYR_MOST_ANSWERS (UINT64_C(1) << 40)

static myr_status check_arrays(myr_context *context, const myr_rankings *r, const myr_array_out *gradient) {
    const myr_array *logs = &r->log_probs, *reference = &r->reference;
    const myr_array_rule rules[] = {
        {"log_probs", logs->data, logs->type, true, myr_is_float(logs->type), "f64, f32, bf16 or f16"},
        {"reference", reference->data, reference->type, false, reference->type == logs->type,
         "that of log_probs"},
        {"starts", r->starts.data, r->starts.type, false, myr_is_integer(r->starts.type), "i32 or i64"},
        {"weight", r->weight.data, r->weight.type, false, (unsigned)r->weight.type <= MYR_I64,
         "a number's"},
        {"gradient", gradient->data, gradient->type, false, myr_is_real(gradient->type), "f64 or f32"},
    };
    return myr_check_arrays(context, "rankings", rules, sizeof rules / sizeof *rules);
}

static myr_status check_rankings(myr_context *context, const myr_rankings *r,
                                 const myr_array_out *gradient) {
    if (!(r->beta >= 1e-6 && r->beta <= 1e6))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "beta: %g is out of range (expected 1e-06 … 1e+06)",
                        r->beta);
    myr_status status = myr_check_count(context, "rankings", "answers", r->answers, MYR_MOST_ANSWERS);
    if (status == MYR_OK)
        status = myr_check_count(context, "rankings", "count", r->count, 2147483647);
    return status == MYR_OK ? check_arrays(context, r, gradient) : status;
}

/* All of one length. */
static myr_status take_length(myr_context *context, myr_ranking_job *job) {
    const myr_rankings *r = job->rankings;
    job->longest = r->answers / r->count;
    if (r->answers % r->count == 0 && job->longest <= MYR_MAX_RANKED)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT,
                    "rankings: %llu answers are no %llu rankings of one length, 1 … %d (expected starts)",
                    (unsigned long long)r->answers, (unsigned long long)r->count, MYR_MAX_RANKED);
}

/* The starts as whole numbers, and the longest ranking. */
static myr_status take_starts(myr_context *context, myr_ranking_job *job, const double *given,
                              uint64_t *starts) {
    const uint64_t count = job->rankings->count, answers = job->rankings->answers;
    for (uint64_t i = 0; i <= count; i++) {
        double low = i == 0 ? 0.0 : given[i - 1] + 1.0, high = i == 0 ? 0.0 : given[i - 1] + MYR_MAX_RANKED;
        if (i == count)
            low = high = (double)answers;
        if (!(given[i] >= low && given[i] <= high))
            return myr_fail(context, MYR_INVALID_DATA, "starts[%llu] is %.0f (expected %.0f … %.0f)",
                            (unsigned long long)i, given[i], low, high);
        starts[i] = (uint64_t)given[i];
        if (i > 0 && starts[i] - starts[i - 1] > job->longest)
            job->longest = starts[i] - starts[i - 1];
    }
    const uint64_t last = starts[count] - starts[count - 1];
    if (starts[count - 1] < answers && last <= MYR_MAX_RANKED)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_DATA,
                    "starts[%llu] is %.0f: the last ranking has %.0f answers (expected 1 … %d)",
                    (unsigned long long)(count - 1), given[count - 1], (double)answers - given[count - 1],
                    MYR_MAX_RANKED);
}

/* *owned: to be freed. */
static myr_status read_starts(myr_context *context, myr_ranking_job *job, uint64_t **owned) {
    const myr_rankings *r = job->rankings;
    const size_t count = (size_t)r->count + 1, bytes = count * sizeof **owned;
    if (!r->starts.data)
        return take_length(context, job);
    double *given = malloc(count * sizeof *given);
    *owned = malloc(bytes);
    myr_status status = MYR_OK;
    if (!given || !*owned)
        status = myr_fail_memory(context, 2 * bytes);
    if (status == MYR_OK)
        status = myr_fetch(context, &job->compute, r->starts, 0, count, given);
    if (status == MYR_OK)
        status = take_starts(context, job, given, *owned);
    job->starts = *owned;
    free(given);
    return status;
}

static bool in_range(double value, double low) {
    return value >= low && value <= 1e15;
}

/* What is wrong with a ranking: its weight, or one of its answers. */
static myr_status refuse(myr_context *context, const myr_ranking_job *job, uint64_t index) {
    const myr_rankings *r = job->rankings;
    const unsigned long long name = index;
    const uint64_t first = job->starts ? job->starts[index] : index * job->longest;
    const uint64_t end = job->starts ? job->starts[index + 1] : first + job->longest;
    double weight = 1.0, now = 0.0, old = 0.0;
    myr_status status = MYR_OK;
    if (r->weight.data)
        status = myr_fetch(context, &job->compute, r->weight, index, 1, &weight);
    if (status == MYR_OK && !in_range(weight, 0.0))
        return myr_fail(context, MYR_INVALID_DATA,
                        "ranking %llu: weight is %g (expected 0 or more, at most 1e15)", name, weight);
    for (uint64_t i = first; status == MYR_OK && i < end; i++) {
        status = myr_fetch(context, &job->compute, r->log_probs, i, 1, &now);
        if (status == MYR_OK && r->reference.data)
            status = myr_fetch(context, &job->compute, r->reference, i, 1, &old);
        const struct {
            const char *name;
            double value;
        } found[] = {{"log_probs", now}, {"reference", old}, {"the reward", r->beta * (now - old)}};
        for (size_t k = 0; status == MYR_OK && k < sizeof found / sizeof *found; k++)
            if (!in_range(found[k].value, -1e15))
                return myr_fail(context, MYR_INVALID_DATA,
                                "ranking %llu, answer %llu: %s is %g (expected a finite number of at most "
                                "1e15 in size)",
                                name, (unsigned long long)(i - first), found[k].name, found[k].value);
    }
    return status != MYR_OK
               ? status
               : myr_fail(context, MYR_INVALID_DATA, "ranking %llu: a reward is out of range", name);
}

static void take_means(const myr_ranking_sums *sums, uint64_t count, myr_ranking_metrics *metrics) {
    const double neighbours = sums->neighbours > 0.0 ? sums->neighbours : 1.0;
    metrics->count = count;
    metrics->loss = sums->loss / sums->weight;
    metrics->rewards_accuracies = sums->accurate / neighbours;
    metrics->rewards_margins = sums->margin / neighbours;
}

static myr_status run(myr_context *context, const myr_backend *backend, myr_ranking_job *job,
                      myr_ranking_sums *sums) {
    uint64_t *starts = NULL, bad = UINT64_MAX;
    myr_status status = read_starts(context, job, &starts);
    if (status == MYR_OK)
        status = backend->rankings(context, job, sums, &bad);
    if (status == MYR_OK && bad != UINT64_MAX)
        status = refuse(context, job, bad);
    else if (status == MYR_OK && !(sums->weight > 0.0))
        status =
            myr_fail(context, MYR_INVALID_DATA, "weight: all %llu weights are 0 (expected one above 0)",
                     (unsigned long long)job->rankings->count);
    free(starts);
    return status;
}

static myr_status reduce(myr_context *context, const myr_rankings *rankings,
                         const myr_compute_options *options, myr_array_out gradient,
                         myr_ranking_metrics *metrics, myr_report *report) {
    myr_ranking_job job = {.rankings = rankings, .gradient = gradient};
    const myr_backend *backend;
    myr_ranking_sums sums = {0};
    myr_status status = check_rankings(context, rankings, &gradient);
    if (status == MYR_OK)
        status = myr_compute_begin(context, options, &backend, &job.compute, report);
    if (status != MYR_OK)
        return status;
    const double start = omp_get_wtime();
    status = run(context, backend, &job, &sums);
    report->seconds = omp_get_wtime() - start;
    if (status == MYR_OK)
        take_means(&sums, rankings->count, metrics);
    return status;
}

myr_status myr_loss_rankings(myr_context *context, const myr_rankings *rankings,
                             const myr_compute_options *options, myr_array_out gradient,
                             myr_ranking_metrics *metrics, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_rankings known;
    myr_ranking_metrics found = {0};
    myr_report made = {0};
    myr_status status = myr_ranking_metrics_ready(context, metrics);
    if (status == MYR_OK)
        status = myr_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_rankings_read(context, &rankings, &known);
    if (status == MYR_OK)
        status = reduce(context, rankings, options, gradient, &found, &made);
    if (status == MYR_OK)
        myr_ranking_metrics_fill(metrics, &found);
    myr_report_fill(report, &made);
    return status;
}
