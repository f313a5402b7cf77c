/* No hot loop of the cpu makes or reads a subnormal number, which takes some processors a hundred cycles, on
 * inputs that are hard but ordinary: margins of a thousand, logits two hundred apart, points far from the
 * sample. What shows it is the control register of SSE and AVX, whose flags of underflow and of subnormal
 * operands stay clear over a whole call on one thread; calls and regions leave the caller's flags as they were,
 * so theirs are read where they are about to (the linker puts the function here in that one's place, see
 * CMakeLists.txt). The same arithmetic is that of cuda. */
#define _POSIX_C_SOURCE 200809L /* setenv */

#include "rankings_batch.h"

#include "backends/backend.h"
#include "backends/loss.h"
#include "cpu/cpu_isa.h"
#include "ground/environment.h"
#include "loss_traits.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define FLAGS 0x12u /* underflow, subnormal operand */
static unsigned read_flags(void) {
    return _mm_getcsr() & FLAGS;
}
#else
static unsigned read_flags(void) {
    return 0;
}
#endif

static unsigned flags;

void __real_myr_environment_leave(const myr_environment *environment);
void __wrap_myr_environment_leave(const myr_environment *environment);

void __wrap_myr_environment_leave(const myr_environment *environment) {
    flags |= read_flags();
    __real_myr_environment_leave(environment);
}

enum { ROWS = 5000 };

static myr_context *context;

static void begin(void) {
    context = new_context();
#if !defined(__x86_64__)
    cr_skip_test("the flags are those of x86-64");
#endif
}

static void end(void) {
    myr_context_destroy(context);
}

TestSuite(subnormals, .init = begin, .fini = end);

typedef void (*work)(void *input);

/* Runs it on every instruction set that this processor has. The flags, or 0. */
static unsigned flags_of(work run, void *input) {
    flags = 0;
    for (int n = 0; myr_cpu_isa_at(n); n++) {
        if (!myr_cpu_isa_supported(myr_cpu_isa_at(n)))
            continue;
        setenv("MYRIAD_ISA", myr_cpu_isa_at(n)->name, 1);
        run(input);
    }
    unsetenv("MYRIAD_ISA");
    return flags;
}

static myr_compute_options on_cpu(void) {
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = "cpu";
    options.threads = 1;
    return options;
}

/* ---- pairs ----------------------------------------------------------------------------------------- */

typedef struct pairs_input {
    myr_loss_options loss;
    bool weights, lengths;
    float column[4][ROWS], weight[ROWS], length[2][ROWS], gradient[2][ROWS];
} pairs_input;

static pairs_input pairs;

static void run_pairs(void *input) {
    pairs_input *p = input;
    const myr_compute_options options = on_cpu();
    myr_pairs batch = MYR_PAIRS_INIT;
    myr_array *const columns[] = {&batch.policy_chosen, &batch.policy_rejected, &batch.reference_chosen,
                                  &batch.reference_rejected};
    batch.count = ROWS;
    for (int c = 0; c < 4; c++)
        *columns[c] = (myr_array){p->column[c], MYR_F32};
    if (p->weights)
        batch.weight = (myr_array){p->weight, MYR_F32};
    if (p->lengths) {
        batch.chosen_length = (myr_array){p->length[0], MYR_F32};
        batch.rejected_length = (myr_array){p->length[1], MYR_F32};
    }
    REQUIRE_OK(context,
               myr_loss_pairs(context, &p->loss, &batch, &options, (myr_array_out){p->gradient[0], MYR_F32},
                              (myr_array_out){p->gradient[1], MYR_F32}, NULL, NULL));
}

/* Log-ratios up to size, some far smaller; where they are exponents, one_sided, none of which overflows. */
static void fill_pairs(uint64_t *state, double size, bool one_sided) {
    pairs.loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
    pairs.weights = pairs.lengths = false;
    for (int i = 0; i < ROWS; i++) {
        const double scale = i % 3 == 0 ? size : i % 3 == 1 ? 0.1 * size : 0.02 * size;
        for (int c = 2; c < 4; c++)
            pairs.column[c][i] = (float)(50.0 * (uniform(state) - 0.5));
        for (int c = 0; c < 2; c++) {
            const double ratio = one_sided ? uniform(state) : 2.0 * uniform(state) - 1.0;
            pairs.column[c][i] = (float)((double)pairs.column[c + 2][i] + scale * ratio);
        }
        pairs.weight[i] = (float)(i % 7 == 0 ? 0.0 : uniform(state));
        for (int c = 0; c < 2; c++)
            pairs.length[c][i] = (float)(1 + next_random(state) % 2000);
    }
}

/* The test can fail: a hot loop that is given subnormal numbers. */
Test(subnormals, are_found_where_there_are_some) {
    uint64_t state = fresh_seed();
    fill_pairs(&state, 100.0, false);
    cr_expect_eq(flags_of(run_pairs, &pairs), 0);
    for (int c = 0; c < 4; c++)
        pairs.column[c][ROWS / 2] = 0.0f;
    pairs.column[0][ROWS / 2] = 1e-40f;
    cr_expect_neq(flags_of(run_pairs, &pairs), 0);
}

/* A loss as it can be: with a divergence, with weights, with lengths. Returns whether it can. */
static bool make_pairs(uint64_t *state, int loss, int divergence, bool weights, bool lengths) {
    myr_loss made;
    const bool is_power = divergence == MYR_DIVERGENCE_alpha_divergence;
    fill_pairs(state, 1e4, is_power);
    pairs.loss.loss = myr_loss_name(loss);
    REQUIRE_OK(context, myr_loss_make(context, &pairs.loss, &made));
    pairs.loss.f_divergence = myr_divergence_name(divergence);
    pairs.loss.label_smoothing = made.traits & MYR_TAKES_SMOOTHING && weights ? 0.01 : 0.0;
    pairs.weights = weights && loss < MYR_POINTWISE_LOSSES;
    pairs.lengths = lengths || made.traits & MYR_NEEDS_LENGTHS;
    return divergence == MYR_DIVERGENCE_reverse_kl || made.traits & MYR_TAKES_DIVERGENCE;
}

Test(subnormals, pairs_make_none_at_large_margins) {
    uint64_t seed = fresh_seed(), state = seed;
    for (int loss = 0; loss < MYR_LOSSES; loss++)
        for (int divergence = 0; divergence < MYR_DIVERGENCES; divergence++)
            for (int columns = 0; columns < 4; columns++)
                if (make_pairs(&state, loss, divergence, columns & 1, columns & 2))
                    cr_expect_eq(flags_of(run_pairs, &pairs), 0, "seed %llu, %s, %s, %d",
                                 (unsigned long long)seed, pairs.loss.loss, pairs.loss.f_divergence,
                                 columns);
}

/* ---- rows of logits -------------------------------------------------------------------------------- */

enum { TOKENS = 200, VOCABULARY = 3001, WIDTH = 40 };

typedef struct tokens_input {
    myr_dtype type;
    void *logits, *first;
    float upstream[TOKENS];
    int64_t label[TOKENS];
} tokens_input;

static void run_tokens(void *input) {
    tokens_input *t = input;
    const myr_compute_options options = on_cpu();
    myr_tokens tokens = MYR_TOKENS_INIT;
    double logps[TOKENS];
    tokens.rows = tokens.sequences = TOKENS;
    tokens.vocabulary = VOCABULARY;
    tokens.labels = (myr_array){t->label, MYR_I64};
    memcpy(t->logits, t->first, TOKENS * VOCABULARY * myr_dtype_size(t->type));
    REQUIRE_OK(context,
               myr_token_logps(context, &tokens, (myr_array){t->logits, t->type}, &options,
                               (myr_array_out){NULL, MYR_F64}, (myr_array_out){logps, MYR_F64}, NULL));
    REQUIRE_OK(context, myr_token_gradient(context, &tokens, (myr_array_out){t->logits, t->type},
                                           (myr_array){NULL, MYR_F64}, (myr_array){t->upstream, MYR_F32},
                                           &options, NULL));
}

/* Logits some hundreds apart, and small ones, which as halves have no leading 1; gradients from above
 * that are those of far pairs too. */
Test(subnormals, tokens_make_none_at_logits_far_apart) {
    static const myr_dtype types[] = {MYR_F32, MYR_F64, MYR_BF16, MYR_F16};
    static const double spreads[] = {1e-3, 150.0, 400.0}, upstreams[] = {1.0, 1e-5, 1e-25};
    uint64_t seed = fresh_seed(), state = seed;
    tokens_input t = {.logits = malloc(TOKENS * VOCABULARY * sizeof(double)),
                      .first = malloc(TOKENS * VOCABULARY * sizeof(double))};
    for (int i = 0; i < 36; i++) {
        t.type = types[i % 4];
        for (uint64_t k = 0; k < TOKENS * VOCABULARY; k++)
            myr_element_store((myr_array_out){t.first, t.type}, k,
                              spreads[i / 12] * (uniform(&state) - 0.5));
        for (uint64_t row = 0; row < TOKENS; row++) {
            t.label[row] = (int64_t)(next_random(&state) % VOCABULARY);
            t.upstream[row] = (float)(upstreams[i / 4 % 3] * (uniform(&state) - 0.5));
        }
        cr_expect_eq(flags_of(run_tokens, &t), 0, "seed %llu, %d", (unsigned long long)seed, i);
    }
    free(t.logits);
    free(t.first);
}

typedef struct head_input {
    float hidden[TOKENS * WIDTH], matrix[VOCABULARY * WIDTH];
    float to_hidden[TOKENS * WIDTH], to_matrix[VOCABULARY * WIDTH];
    double reference[TOKENS / 10];
    int64_t label[TOKENS];
} head_input;

static void run_head(void *input) {
    head_input *h = input;
    const myr_compute_options options = on_cpu();
    myr_tokens tokens = MYR_TOKENS_INIT;
    myr_token_pairs token_pairs = MYR_TOKEN_PAIRS_INIT;
    myr_head head = MYR_HEAD_INIT;
    tokens.rows = TOKENS;
    tokens.sequences = TOKENS / 10;
    tokens.vocabulary = VOCABULARY;
    tokens.labels = (myr_array){h->label, MYR_I64};
    token_pairs.reference = (myr_array){h->reference, MYR_F64};
    head.width = WIDTH;
    head.hidden = (myr_array){h->hidden, MYR_F32};
    head.matrix = (myr_array){h->matrix, MYR_F32};
    REQUIRE_OK(context,
               myr_loss_head(context, NULL, &tokens, &token_pairs, &head, &options,
                             (myr_array_out){h->to_hidden, MYR_F32}, (myr_array_out){h->to_matrix, MYR_F32},
                             (myr_array_out){NULL, MYR_F64}, NULL, NULL));
}

/* Probabilities of logits some hundreds apart, times hidden states and times a last layer's weights, of
 * pairs with margins up to a hundred. */
Test(subnormals, a_last_layer_makes_none_at_logits_far_apart) {
    static head_input h;
    uint64_t seed = fresh_seed(), state = seed;
    for (int i = 0; i < TOKENS * WIDTH; i++)
        h.hidden[i] = (float)(uniform(&state) - 0.5);
    for (int i = 0; i < VOCABULARY * WIDTH; i++)
        h.matrix[i] = (float)(200.0 * (uniform(&state) - 0.5));
    for (int i = 0; i < TOKENS; i++)
        h.label[i] = (int64_t)(next_random(&state) % VOCABULARY);
    for (int i = 0; i < TOKENS / 10; i++)
        h.reference[i] = -4000.0 * uniform(&state);
    cr_expect_eq(flags_of(run_head, &h), 0, "seed %llu", (unsigned long long)seed);
}

/* ---- rankings -------------------------------------------------------------------------------------- */

typedef struct rankings_input {
    rankings_batch batch;
    float *gradient;
} rankings_input;

static void run_both_types(void *input) {
    rankings_input *r = input;
    const myr_compute_options options = on_cpu();
    REQUIRE_OK(context, myr_loss_rankings(context, &r->batch.rankings, &options,
                                          (myr_array_out){r->batch.gradient, MYR_F64}, NULL, NULL));
    REQUIRE_OK(context, myr_loss_rankings(context, &r->batch.rankings, &options,
                                          (myr_array_out){r->gradient, MYR_F32}, NULL, NULL));
}

Test(subnormals, rankings_make_none_at_scores_far_apart) {
    static const size_t longest[] = {4, 20, 200};
    static const double spread[] = {10.0, 200.0, 2000.0};
    uint64_t seed = fresh_seed(), state = seed;
    for (int i = 0; i < 9; i++) {
        rankings_input r = {
            .batch = make_rankings(&state, 300, longest[i % 3], i % 2 ? MYR_F32 : MYR_F64, spread[i / 3])};
        r.gradient = malloc(r.batch.answers * sizeof(float));
        cr_expect_eq(flags_of(run_both_types, &r), 0, "seed %llu, %d", (unsigned long long)seed, i);
        free(r.gradient);
        free_rankings(&r.batch);
    }
}

/* ---- tokens of RLVR -------------------------------------------------------------------------------- */

typedef struct rlvr_input {
    float now[ROWS], old[ROWS], gradient[ROWS];
    double rewards[ROWS / 50];
} rlvr_input;

static void run_rlvr(void *input) {
    rlvr_input *r = input;
    const myr_compute_options options = on_cpu();
    const myr_rlvr_options rlvr = MYR_RLVR_OPTIONS_INIT;
    myr_rlvr_batch batch = MYR_RLVR_BATCH_INIT;
    batch.tokens = ROWS;
    batch.sequences = ROWS / 50;
    batch.groups = ROWS / 200;
    batch.log_probs = (myr_array){r->now, MYR_F32};
    batch.old_log_probs = (myr_array){r->old, MYR_F32};
    batch.rewards = (myr_array){r->rewards, MYR_F64};
    REQUIRE_OK(context, myr_loss_rlvr(context, &rlvr, &batch, &options, (myr_array_out){NULL, MYR_F64},
                                      (myr_array_out){r->gradient, MYR_F32}, NULL, NULL));
}

Test(subnormals, rlvr_makes_none_at_small_ratios) {
    static rlvr_input r;
    uint64_t seed = fresh_seed(), state = seed;
    for (int i = 0; i < ROWS; i++) {
        r.now[i] = (float)(-300.0 * uniform(&state));
        r.old[i] = (float)(-(i % 2 ? 300.0 : 1.0) * uniform(&state));
    }
    for (int i = 0; i < ROWS / 50; i++)
        r.rewards[i] = i % 4 == 0 ? 1.0 : 0.0; /* as all groups of four: none is dropped */
    cr_expect_eq(flags_of(run_rlvr, &r), 0, "seed %llu", (unsigned long long)seed);
}

/* ---- a log-linear policy --------------------------------------------------------------------------- */

enum { PARAMETERS = 37, REPLICATES = 12 };

typedef struct linear_input {
    myr_loss_options loss;
    float delta[ROWS * PARAMETERS];
    double theta[PARAMETERS], gradient[REPLICATES * PARAMETERS];
} linear_input;

static void run_linear(void *input) {
    linear_input *l = input;
    const myr_compute_options options = on_cpu();
    const myr_array theta = {l->theta, MYR_F64};
    const myr_array_out gradient = {l->gradient, MYR_F64};
    myr_features features = MYR_FEATURES_INIT;
    myr_linear_metrics metrics[REPLICATES];
    myr_many many = MYR_MANY_INIT;
    features.count = ROWS;
    features.parameters = PARAMETERS;
    features.delta.data = l->delta;
    many.replicates = REPLICATES;
    many.bootstrap = true;
    REQUIRE_OK(context,
               myr_loss_linear(context, &l->loss, &features, theta, &options, gradient, metrics, NULL));
    REQUIRE_OK(context, myr_loss_many(context, &l->loss, &features, theta, &many, &options, gradient,
                                      metrics, NULL));
}

Test(subnormals, a_log_linear_policy_makes_none_at_large_margins) {
    static linear_input l;
    uint64_t seed = fresh_seed(), state = seed;
    for (int i = 0; i < ROWS * PARAMETERS; i++)
        l.delta[i] = (float)(2.0 * uniform(&state) - 1.0);
    for (int p = 0; p < PARAMETERS; p++)
        l.theta[p] = 2000.0 * (uniform(&state) - 0.5);
    for (int loss = 0; loss < MYR_MARGIN_LOSSES; loss++) {
        l.loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
        l.loss.loss = myr_loss_name(loss);
        if (!loss_needs_lengths(l.loss.loss))
            cr_expect_eq(flags_of(run_linear, &l), 0, "seed %llu, %s", (unsigned long long)seed,
                         l.loss.loss);
    }
}

/* ---- trajectories ---------------------------------------------------------------------------------- */

typedef struct run_input {
    myr_target *target;
    myr_plan *plan;
    double states[600 * 5];
} run_input;

static void run_states(void *input) {
    run_input *r = input;
    myr_job job = {.plan = r->plan, .target = r->target, .count = 600, .seed = 5, .threads = 1};
    job.row_end = myr_plan_steps(r->plan);
    REQUIRE_OK(context, myr_backend_cpu.states(context, &job, r->states));
}

static void expect_none_from(myr_target *target, const char *what) {
    static const char *const samplers[] = {"ddim", "heun", "ddpm-large", "dpmpp-3m-sde"};
    for (int i = 0; i < 4; i++) {
        run_input r = {.target = target};
        myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
        options.process = "edm";
        options.sampler = samplers[i];
        options.steps = 12;
        options.sigma_min = 1e-4;
        options.sigma_max = i % 2 ? 1000.0 : 80.0;
        REQUIRE_OK(context, myr_plan_create(context, &options, target, &r.plan));
        cr_expect_eq(flags_of(run_states, &r), 0, "%s, %s", what, samplers[i]);
        myr_plan_destroy(r.plan);
    }
    myr_target_destroy(target);
}

/* Components and points whose shares of the density differ by powers of any size. */
Test(subnormals, mixtures_and_points_make_none_far_apart) {
    uint64_t state = 7;
    for (int d = 1; d <= 5; d += d == 3 ? 2 : 1) {
        double weights[11], means[11 * 5], variances[11 * 5];
        float points[300 * 5];
        myr_target *target = NULL;
        for (int j = 0; j < 11; j++)
            weights[j] = 1.0 + j;
        for (int i = 0; i < 11 * d; i++) {
            means[i] = 200.0 * (uniform(&state) - 0.5);
            variances[i] = i % 2 ? 0.01 : 1.0;
        }
        for (int i = 0; i < 300 * d; i++)
            points[i] = (float)(200.0 * (uniform(&state) - 0.5));
        REQUIRE_OK(context, myr_target_create_mixture(context, d, 11, weights, means, variances, &target));
        expect_none_from(target, "a mixture");
        REQUIRE_OK(context, myr_target_create_empirical(context, 300, d, points, &target));
        expect_none_from(target, "data points");
        expect_none_from(new_target(context, d, 0.01), "a Gaussian");
    }
}

/* Chains of states some of which have next to no probability. */
Test(subnormals, states_make_none_at_small_probabilities) {
    enum { STATES = 40 };
    double weights[STATES], matrix[STATES * STATES];
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    static run_input r;
    for (int i = 0; i < STATES; i++)
        weights[i] = pow(10.0, -2.0 * i);
    REQUIRE_OK(context, myr_transition_matrix(context, "uniform", STATES, 1e-3, STATES, matrix));
    REQUIRE_OK(context, myr_target_create_discrete(context, STATES, weights, 1, matrix, NULL, &r.target));
    options.process = "discrete";
    options.sampler = "ancestral";
    options.steps = 30;
    REQUIRE_OK(context, myr_plan_create(context, &options, r.target, &r.plan));
    cr_expect_eq(flags_of(run_states, &r), 0);
    myr_plan_destroy(r.plan);
    myr_target_destroy(r.target);
}
