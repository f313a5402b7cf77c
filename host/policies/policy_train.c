/* Training of tabular policies and reward models: a step is a batch's gradient to the log-probabilities, by
 * the reference's losses, then through the softmax to the logits, then the optimizer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/loss.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/generator.h"
#include "ground/sized.h"
#include "optimizer.h"
#include "policy_rows.h"
#include "policy_tables.h"

/* X(name, one line of help) */
#define TRAINING_LIST(X)                                                   \
    X(pairs, "a policy, by a loss on pairs; with sync_every TR-DPO")       \
    X(rewards, "a reward model, by maximum likelihood of its preferences") \
    X(reinforce, "a policy, by the gradient of the regularised reward")

#define TRAINING_ENUM(name, help) TRAIN_##name,
typedef enum training_kind { TRAINING_LIST(TRAINING_ENUM) TRAININGS } training_kind;

#define TRAINING_LINE(name, help) {#name, help},
static const struct { const char *name, *help; } trainings[] = {TRAINING_LIST(TRAINING_LINE)};

const char *myr_training_name(int index) {
    return index >= 0 && index < TRAININGS ? trainings[index].name : NULL;
}

const char *myr_training_help(int index) {
    return index >= 0 && index < TRAININGS ? trainings[index].help : NULL;
}

typedef struct training {
    myr_context *context;
    const myr_policy_problem *problem;
    const myr_training_options *options;
    training_kind kind;
    size_t size;
    double *parameters, *policy, *reference, *gradient; /* tables; policy is normalised but for rewards */
    double *logs[2];                                    /* [size], of reinforce: f, and room */
    myr_policy_rows rows;
    uint64_t batch;
    myr_pairs pairs;
    double *columns, *slopes[2]; /* of the batch: policy and reference of both, weight */
    const myr_policy_row **drawn;
    myr_loss_options loss;
    myr_optimizer optimizer;
} training;

/* ---- one step -------------------------------------------------------------------------------------- */

static void draw_rows(training *t, uint64_t step) {
    uint32_t words[4];
    for (uint64_t j = 0; j < t->batch; j++) {
        if (t->options->batch == 0) {
            t->drawn[j] = &t->rows.rows[j];
            continue;
        }
        if (j % 4 == 0)
            myr_words_draw(t->options->seed, step, MYR_STREAM_RESAMPLE, (uint32_t)(j / 4), words);
        t->drawn[j] = &t->rows.rows[(uint64_t)words[j % 4] * t->rows.count >> 32];
    }
}

/* Of a batch's row the chosen (0) or rejected (1) answer's entry in a table. */
static size_t entry(const training *t, const myr_policy_row *row, int which) {
    return (size_t)row->prompt * t->problem->answers + (which ? row->rejected : row->chosen);
}

static void fill_columns(training *t) {
    double *const c = t->columns;
    const size_t n = t->batch;
    for (size_t j = 0; j < n; j++) {
        for (size_t which = 0; which < 2; which++) {
            const size_t at = entry(t, t->drawn[j], (int)which);
            c[which * n + j] = t->policy[at];
            c[(2 + which) * n + j] = t->reference[at];
        }
        c[4 * n + j] = t->drawn[j]->weight;
    }
}

/* dL/dlogit_y = g_y - pi_y sum_z g_z, with g the slopes to log pi. */
static void through_softmax(training *t) {
    const size_t answers = t->problem->answers;
    for (size_t x = 0; x < t->problem->prompts; x++) {
        double *g = t->gradient + x * answers, sum = 0.0;
        for (size_t y = 0; y < answers; y++)
            sum += g[y];
        for (size_t y = 0; y < answers; y++)
            g[y] -= exp(t->policy[x * answers + y]) * sum;
    }
}

static myr_status step_pairs(training *t, uint64_t step, double *loss) {
    myr_compute_options compute = MYR_COMPUTE_OPTIONS_INIT;
    myr_loss_metrics metrics = MYR_LOSS_METRICS_INIT;
    compute.backend = "reference";
    draw_rows(t, step);
    fill_columns(t);
    myr_status status =
        myr_loss_pairs(t->context, &t->loss, &t->pairs, &compute, (myr_array_out){t->slopes[0], MYR_F64},
                       (myr_array_out){t->slopes[1], MYR_F64}, &metrics, NULL);
    if (status != MYR_OK)
        return status;
    memset(t->gradient, 0, t->size * sizeof *t->gradient);
    for (uint64_t j = 0; j < t->batch; j++)
        for (int which = 0; which < 2; which++)
            t->gradient[entry(t, t->drawn[j], which)] += t->slopes[which][j];
    if (t->kind == TRAIN_pairs)
        through_softmax(t);
    *loss = metrics.loss;
    return MYR_OK;
}

static void step_reinforce(training *t, uint64_t step, double *loss) {
    const myr_policy_problem *p = t->problem;
    const myr_gradient_options options = {sizeof options, t->options->batch, t->options->baseline,
                                          t->options->seed, step};
    double *const signal = t->logs[0];
    *loss = 0.0;
    for (size_t n = 0; n < t->size; n++)
        signal[n] = p->rewards[n] - p->beta * (t->policy[n] - t->reference[n]);
    for (size_t x = 0, at = 0; x < p->prompts; x++, at += p->answers)
        *loss -= myr_policy_ascent(p->answers, t->policy + at, signal + at, &options, step * p->prompts + x,
                                   t->logs[1], t->gradient + at) /
                 p->prompts;
    for (size_t n = 0; n < t->size; n++)
        t->gradient[n] /= -(double)p->prompts;
}

static double largest(const training *t) {
    double size = 0.0;
    for (size_t n = 0; n < t->size; n++)
        if (!(fabs(t->gradient[n]) <= size))
            size = fabs(t->gradient[n]);
    return size;
}

/* Ho, Gorbatovski et al. (2024), TR-DPO: the reference follows. */
static void follow(training *t) {
    const double mix = t->options->sync_mix;
    for (size_t n = 0; n < t->size; n++)
        t->reference[n] = mix * t->policy[n] + (1.0 - mix) * t->reference[n];
    myr_policy_normalise(t->problem, t->reference, t->reference, NULL);
}

static myr_status make_step(training *t, uint64_t step, myr_training_report *report) {
    myr_status status = MYR_OK;
    if (t->kind == TRAIN_reinforce)
        step_reinforce(t, step, &report->loss);
    else
        status = step_pairs(t, step, &report->loss);
    if (status != MYR_OK)
        return status;
    report->gradient = largest(t);
    report->steps = step + 1;
    myr_optimizer_step(&t->optimizer, t->gradient, t->parameters);
    for (size_t n = 0; n < t->size; n++)
        if (!(fabs(t->parameters[n]) <= 1e15))
            return myr_fail(t->context, MYR_INVALID_DATA,
                            "training: a parameter is %g after step %llu (expected at most 1e15 in size: a "
                            "smaller rate?)",
                            t->parameters[n], (unsigned long long)step + 1);
    if (t->kind == TRAIN_rewards)
        memcpy(t->policy, t->parameters, t->size * sizeof *t->policy);
    else
        myr_policy_normalise(t->problem, t->parameters, t->policy, NULL);
    if (t->options->sync_every > 0 && (step + 1) % t->options->sync_every == 0)
        follow(t);
    return MYR_OK;
}

/* ---- before and after ------------------------------------------------------------------------------ */

static myr_status check_options(myr_context *context, const myr_training_options *o, training_kind *kind) {
    int index = 0;
    while (index < TRAININGS && (!o->method || strcmp(o->method, trainings[index].name) != 0))
        index++;
    *kind = (training_kind)index;
    if (index == TRAININGS)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "training: method '%s' is not known (expected pairs, rewards, reinforce)",
                        o->method ? o->method : "NULL");
    if (o->steps > UINT64_C(1) << 32)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "training: %llu steps (expected at most 2^32)",
                        (unsigned long long)o->steps);
    if (*kind == TRAIN_reinforce && (o->batch > 1 << 20 || (o->baseline && o->batch == 1)))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "training: batch %lu (expected 0 … 2^20 answers, and not 1 with a baseline)",
                        (unsigned long)o->batch);
    if (!(o->sync_mix >= 0.0 && o->sync_mix <= 1.0) || (o->sync_every > 0 && *kind != TRAIN_pairs))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "training: sync_mix %g, sync_every %llu (expected 0 … 1; the method pairs)",
                        o->sync_mix, (unsigned long long)o->sync_every);
    if (!(o->tolerance >= 0.0))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "training: tolerance %g (expected 0 or more)",
                        o->tolerance);
    return MYR_OK;
}

static myr_status begin_pairs(training *t, const myr_policy_pairs *pairs) {
    const myr_loss_options *given = t->kind == TRAIN_pairs ? t->options->loss : NULL;
    myr_status status = myr_loss_options_read(t->context, &given, &t->loss);
    if (status != MYR_OK)
        return status;
    if (t->kind != TRAIN_pairs)
        t->loss.reference_free = true; /* -log sigmoid(r_w - r_l): DPO's loss of rewards for logarithms */
    t->loss.beta = t->kind == TRAIN_pairs ? t->problem->beta : 1.0;
    myr_loss loss;
    status = myr_loss_make(t->context, &t->loss, &loss);
    if (status != MYR_OK)
        return status;
    /* Of a whole batch equal rows are one that weighs more; but sorted losses take no weights. */
    const bool weighted = t->options->batch == 0 && loss.kind <= MYR_LAST_POINTWISE_LOSS;
    status = myr_policy_rows_make(t->context, t->problem, pairs, weighted, &t->rows);
    if (status != MYR_OK)
        return status;
    t->batch = t->options->batch > 0 ? t->options->batch : t->rows.count;
    const size_t n = t->batch, bytes = n * (7 * sizeof *t->columns + sizeof(myr_policy_row *));
    t->columns = malloc(7 * n * sizeof *t->columns);
    t->drawn = malloc(n * sizeof *t->drawn);
    if (!t->columns || !t->drawn)
        return myr_fail_memory(t->context, bytes);
    t->slopes[0] = t->columns + 5 * n;
    t->slopes[1] = t->columns + 6 * n;
    t->pairs = (myr_pairs)MYR_PAIRS_INIT;
    t->pairs.count = n;
    t->pairs.policy_chosen = (myr_array){t->columns, MYR_F64};
    t->pairs.policy_rejected = (myr_array){t->columns + n, MYR_F64};
    t->pairs.reference_chosen = (myr_array){t->columns + 2 * n, MYR_F64};
    t->pairs.reference_rejected = (myr_array){t->columns + 3 * n, MYR_F64};
    if (weighted)
        t->pairs.weight = (myr_array){t->columns + 4 * n, MYR_F64};
    return MYR_OK;
}

static myr_status begin(training *t, const myr_policy_pairs *pairs) {
    double *tables = calloc(6 * t->size, sizeof *tables);
    if (!tables)
        return myr_fail_memory(t->context, 6 * t->size * sizeof *tables);
    t->parameters = tables;
    t->policy = tables + t->size;
    t->reference = tables + 2 * t->size;
    t->gradient = tables + 3 * t->size;
    t->logs[0] = tables + 4 * t->size;
    t->logs[1] = tables + 5 * t->size;
    myr_policy_reference(t->problem, t->reference);
    if (t->kind != TRAIN_rewards) {
        memcpy(t->parameters, t->reference, t->size * sizeof *tables);
        memcpy(t->policy, t->reference, t->size * sizeof *tables);
    }
    myr_status status = myr_optimizer_begin(t->context, t->options, t->size, &t->optimizer);
    return status == MYR_OK && t->kind != TRAIN_reinforce ? begin_pairs(t, pairs) : status;
}

static void end(training *t) {
    myr_optimizer_end(&t->optimizer);
    myr_policy_rows_free(&t->rows);
    free(t->drawn);
    free(t->columns);
    free(t->parameters);
}

myr_status myr_policy_train(myr_context *context, const myr_policy_problem *problem,
                            const myr_policy_pairs *pairs, const myr_training_options *options,
                            double *result, myr_training_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_policy_problem known;
    myr_training_options how;
    myr_training_report made = {.loss = NAN, .gradient = NAN};
    training t = {.context = context, .problem = &known, .options = &how};
    myr_status status = myr_training_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_training_options_read(context, &options, &how);
    if (status == MYR_OK)
        status = check_options(context, options, &t.kind);
    if (status == MYR_OK)
        status = myr_policy_take(context, &problem, &known, t.kind == TRAIN_reinforce);
    if (status == MYR_OK && !result)
        status = myr_fail(context, MYR_INVALID_ARGUMENT, "result is NULL (expected a table)");
    if (status != MYR_OK)
        return status;
    t.size = myr_policy_size(problem);
    status = begin(&t, pairs);
    for (uint64_t step = 0; status == MYR_OK && step < options->steps; step++) {
        status = make_step(&t, step, &made);
        if (options->tolerance > 0.0 && made.gradient <= options->tolerance)
            break;
    }
    if (status == MYR_OK) {
        memcpy(result, t.policy, t.size * sizeof *result);
        if (t.kind == TRAIN_rewards)
            myr_policy_centre(problem, result);
        myr_training_report_fill(report, &made);
    }
    end(&t);
    return status;
}
