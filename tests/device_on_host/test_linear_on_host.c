/* Losses of log-linear policies on the cuda backend, run on the host: one loss has the bits of the cpu's,
 * at every number of columns that matters, in 20 orders of threads, from host and from device memory; many
 * are near the reference's. Bad rows found; failures told and nothing kept. */
#include <criterion/criterion.h>

#include "../linear_batch.h"
#include "../loss_traits.h"
#include "each_failure.h"
#include "fake_runtime.h"
#include "linear_launch.h"
#include "losses/pairs/pair_sums.h"
#include "many_launch.h"

static void expect_same_bits(myr_context *context, const batch *b, const myr_loss_options *loss,
                             bool gradient, const char *what) {
    static double cpu[MYR_MAX_PARAMETERS], cuda[MYR_MAX_PARAMETERS];
    myr_linear_metrics mine, theirs;
    char wanted[512] = "";
    myr_status want = run_linear(context, b, loss, "cpu", 2, gradient ? cpu : NULL, &theirs);
    if (want != MYR_OK)
        snprintf(wanted, sizeof wanted, "%s", myr_context_error(context));
    myr_status got = run_linear(context, b, loss, "cuda", 0, gradient ? cuda : NULL, &mine);
    cr_assert_eq(got, want, "%s: %s", what, myr_context_error(context));
    cr_assert_eq(fake_live(), 0);
    if (want != MYR_OK)
        cr_assert_str_eq(myr_context_error(context), wanted);
    else
        cr_assert(memcmp(&mine, &theirs, sizeof mine) == 0 &&
                      (!gradient || memcmp(cpu, cuda, b->p * sizeof *cpu) == 0),
                  "%s: loss %a and %a", what, mine.loss, theirs.loss);
}

Test(linear_on_host, one_loss_has_the_bits_of_the_cpu) {
    static const uint64_t shapes[][2] = {{1, 1},     {4200, 1},  {2100, 3},  {700, 4},   {400, 7},
                                         {2050, 32}, {300, 33},  {1023, 65}, {300, 100}, {520, 128},
                                         {140, 129}, {257, 256}, {140, 257}, {65, 1024}, {129, 2048},
                                         {40, 2049}, {19, 4096}, {5, 5000},  {3, 8192}};
    const char *losses[MYR_MARGIN_LOSSES];
    size_t count = 0;
    for (int loss = 0; loss < MYR_MARGIN_LOSSES; loss++)
        if (!loss_needs_lengths(myr_loss_name(loss)))
            losses[count++] = myr_loss_name(loss);
    myr_context *context = new_context();
    uint64_t seed = fresh_seed();
    fake_machine(1, CUDART_VERSION);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        char what[128];
        batch b = new_batch(shapes[s][0], shapes[s][1], s % 2 == 1, seed + s);
        myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
        loss.loss = losses[s % count];
        snprintf(what, sizeof what, "seed %llu, %llu rows, %llu columns, %s", (unsigned long long)seed,
                 (unsigned long long)b.n, (unsigned long long)b.p, loss.loss);
        device_on_host_seed(s + 1);
        expect_same_bits(context, &b, &loss, true, what);
        if (s % 4 == 1)
            expect_same_bits(context, &b, &loss, false, what);
        b.delta[b.n * b.p - 1] = NAN;
        b.delta[b.n / 2 * b.p] = INFINITY;
        if (s % 4 == 2)
            expect_same_bits(context, &b, &loss, true, what);
        free_batch(&b);
    }
    myr_context_destroy(context);
}

Test(linear_on_host, bits_do_not_hang_on_the_order) {
    static const uint64_t shapes[][2] = {{70, 5}, {70, 100}, {17, 300}, {4, 2500}};
    myr_context *context = new_context();
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    fake_machine(1, CUDART_VERSION);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        batch b = new_batch(shapes[s][0], shapes[s][1], true, fresh_seed());
        for (uint64_t order = 1; order <= 20; order++) {
            device_on_host_seed(order);
            expect_same_bits(context, &b, &loss, true, "orders");
        }
        free_batch(&b);
    }
    myr_context_destroy(context);
}

/* The tree over nodes, in groups, is that over all. */
Test(linear_on_host, nodes_are_added_in_the_tree) {
    static const uint64_t counts[] = {2, 3, 31, 32, 33, 255, 256, 257, 600, 777};
    enum { NODE = 37, MOST = 777 };
    uint64_t state = fresh_seed();
    fake_machine(1, CUDART_VERSION);
    double *nodes[2];
    for (int k = 0; k < 2; k++) {
        void *memory;
        cr_assert_eq(cudaMalloc(&memory, MOST * NODE * sizeof(double)), cudaSuccess);
        nodes[k] = memory;
    }
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        double known[NODE];
        for (uint64_t i = 0; i < counts[c] * NODE; i++)
            nodes[0][i] = ldexp(uniform(&state) - 0.5, (int)(next_random(&state) % 40));
        for (size_t j = 0; j < NODE; j++)
            known[j] = myr_tree_sum(nodes[0] + j, counts[c], NODE);
        int from = 0;
        for (uint64_t left = counts[c]; left > 1; left = (left + MYR_NODE_GROUP - 1) / MYR_NODE_GROUP) {
            cr_assert_eq(myr_launch_add_nodes(nodes[from], left, NODE, nodes[1 - from], NULL), cudaSuccess);
            from = 1 - from;
        }
        cr_expect(memcmp(known, nodes[from], sizeof known) == 0, "%llu nodes",
                  (unsigned long long)counts[c]);
    }
    cudaFree(nodes[0]);
    cudaFree(nodes[1]);
}

static void *on_device(const void *from, size_t bytes) {
    void *memory;
    cr_assert_eq(cudaMalloc(&memory, bytes), cudaSuccess);
    if (from)
        memcpy(memory, from, bytes);
    return memory;
}

Test(linear_on_host, device_memory_and_the_callers_stream_are_taken) {
    enum { N = 500, P = 70 };
    myr_context *context = new_context();
    batch b = new_batch(N, P, true, fresh_seed());
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    double known[P];
    myr_linear_metrics cpu, cuda;
    fake_machine(1, CUDART_VERSION);
    REQUIRE_OK(context, run_linear(context, &b, &loss, "cpu", 1, known, &cpu));
    myr_features on = b.features;
    cudaStream_t stream;
    cr_assert_eq(cudaStreamCreateWithFlags(&stream, 0), cudaSuccess);
    float *delta = on_device(b.delta, N * P * sizeof(float));
    on.delta.data = delta;
    on.reference_margin.data = on_device(b.reference, N * sizeof(double));
    on.weight.data = on_device(b.weight, N * sizeof(double));
    double *theta = on_device(b.theta, P * sizeof(double)), *gradient = on_device(NULL, P * sizeof(double));
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.memory = MYR_DEVICE;
    options.stream = stream;
    REQUIRE_OK(context, myr_loss_linear(context, &loss, &on, (myr_array){theta, MYR_F64}, &options,
                                        (myr_array_out){gradient, MYR_F64}, &cuda, NULL));
    cr_expect(memcmp(&cpu, &cuda, sizeof cpu) == 0 && memcmp(known, gradient, sizeof known) == 0);
    delta[321 * P + 7] = NAN;
    cr_expect_eq(myr_loss_linear(context, &loss, &on, (myr_array){theta, MYR_F64}, &options,
                                 (myr_array_out){gradient, MYR_F64}, &cuda, NULL),
                 MYR_INVALID_DATA);
    cr_expect_str_eq(myr_context_error(context),
                     "delta: row 321, column 7 is nan (expected a finite number)");
    delta[321 * P + 7] = 0.0f, theta[5] = INFINITY;
    cr_expect_eq(myr_loss_linear(context, &loss, &on, (myr_array){theta, MYR_F64}, &options,
                                 (myr_array_out){gradient, MYR_F64}, &cuda, NULL),
                 MYR_INVALID_DATA);
    cr_expect_str_eq(myr_context_error(context),
                     "theta: row 0, column 5 is inf (expected a finite number)");
    cr_expect_eq(fake_live(), 6); /* five arrays and the stream: the caller's */
    cudaFree(delta);
    cudaFree((void *)on.reference_margin.data);
    cudaFree((void *)on.weight.data);
    cudaFree(theta);
    cudaFree(gradient);
    cudaStreamDestroy(stream);
    free_batch(&b);
    myr_context_destroy(context);
}

enum { MANY_P = 11, REPLICATES = 7 };
static const double betas[REPLICATES] = {0.1, 0.5, 0.8, 1.0, 0.3, 0.7, 0.2};

static myr_many kind_of(int kind) {
    myr_many many = MYR_MANY_INIT;
    many.replicates = REPLICATES;
    many.each_theta = (kind & 1) != 0;
    many.betas = kind & 2 ? betas : NULL;
    many.bootstrap = (kind & 4) != 0;
    many.first_replicate = kind & 4 ? 3 : 0; /* not at a block's begin */
    return many;
}

static myr_status run_many(myr_context *context, const batch *b, const double *theta, const myr_many *many,
                           const char *backend, double *gradient, myr_linear_metrics *metrics) {
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    loss.beta = 0.8;
    options.backend = backend;
    options.threads = 1;
    memset(gradient, 0xff, REPLICATES * MANY_P * sizeof *gradient);
    memset(metrics, 0xff, REPLICATES * sizeof *metrics);
    return myr_loss_many(context, &loss, &b->features, (myr_array){theta, MYR_F64}, many, &options,
                         (myr_array_out){gradient, MYR_F64}, metrics, NULL);
}

/* As tests/test_many.c: margins of 11 columns, |Delta theta| <= 0.55 each; e = 12 u 6.1. Parts of 1,024
 * pairs are added in float. The bits are those of a second run in another order. */
static void expect_near_many(myr_context *context, const batch *b, const double *theta, int kind) {
    static double fast[REPLICATES * MANY_P], again[REPLICATES * MANY_P], exact[REPLICATES * MANY_P];
    myr_linear_metrics mf[REPLICATES], ma[REPLICATES], me[REPLICATES];
    const double u = 0x1p-24, e = 12.0 * u * 6.1;
    const myr_many many = kind_of(kind);
    device_on_host_seed((uint64_t)kind + 1);
    REQUIRE_OK(context, run_many(context, b, theta, &many, "cuda", fast, mf));
    device_on_host_seed((uint64_t)kind + 101);
    REQUIRE_OK(context, run_many(context, b, theta, &many, "cuda", again, ma));
    cr_expect(memcmp(fast, again, sizeof fast) == 0 && memcmp(mf, ma, sizeof mf) == 0, "kind %d", kind);
    REQUIRE_OK(context, run_many(context, b, theta, &many, "reference", exact, me));
    for (int r = 0; r < REPLICATES; r++) {
        const double beta = many.betas ? betas[r] : 0.8;
        const double slope = 1.1 * (beta * beta / 4.0 * e + (41.0 + 2.0 + 1024.0) * u * beta);
        const double loss = beta * e + (32.0 + 2.0) * u * (beta * 7.4 + 0.7);
        cr_expect(fabs(mf[r].loss - me[r].loss) <= loss, "kind %d, %d: loss %.9g and %.9g", kind, r,
                  mf[r].loss, me[r].loss);
        cr_expect(fabs(mf[r].weight - me[r].weight) <= (u + 1e-12) * me[r].weight, "kind %d, %d", kind, r);
        for (int p = 0; p < MANY_P; p++)
            cr_expect(fabs(fast[r * MANY_P + p] - exact[r * MANY_P + p]) <= slope,
                      "kind %d, %d, column %d: %.9g and %.9g", kind, r, p, fast[r * MANY_P + p],
                      exact[r * MANY_P + p]);
    }
}

Test(linear_on_host, many_are_near_the_reference) {
    static const uint64_t rows[] = {3, 1024, 4500};
    static double theta[REPLICATES * MANY_P];
    myr_context *context = new_context();
    uint64_t state = fresh_seed();
    fake_machine(1, CUDART_VERSION);
    for (int i = 0; i < REPLICATES * MANY_P; i++)
        theta[i] = (double)(float)(uniform(&state) - 0.5);
    for (size_t r = 0; r < 3; r++) {
        batch b = new_batch(rows[r], MANY_P, true, state);
        for (int kind = 0; kind < 8; kind++)
            if (r > 0 || kind < 4) /* three pairs may all be left out of a bootstrap */
                expect_near_many(context, &b, theta, kind);
        free_batch(&b);
    }
    cr_expect_eq(fake_live(), 0);
    myr_context_destroy(context);
}

/* Every loss of the margin, pair by pair: what pair_loss.h gives on the host, to the bit. */
Test(linear_on_host, many_take_every_loss_of_the_margin) {
    enum { N = 400 };
    float margins[N];
    double weights[N];
    uint64_t state = fresh_seed();
    for (int j = 0; j < N; j++) {
        margins[j] = (float)(80.0 * (uniform(&state) - 0.5) * (j % 3 == 0 ? 1.0 : 0.05));
        weights[j] = uniform(&state);
    }
    myr_loss_constants constants = {.beta = 0.7f,
                                    .smoothed = 0.1f,
                                    .log_odds = 2.2f,
                                    .log_kept = -0.1f,
                                    .log_smoothed = -2.3f,
                                    .target = 0.7f,
                                    .per_tau = 20.0f};
    fake_machine(1, CUDART_VERSION);
    unsigned long long *d_bad = on_device(NULL, sizeof *d_bad);
    myr_device_many many = {.d_margins = on_device(margins, sizeof margins),
                            .d_weight = on_device(weights, sizeof weights),
                            .weight_type = MYR_F64,
                            .d_constants = on_device(&constants, sizeof constants),
                            .count = N,
                            .stride = N,
                            .replicates = 1,
                            .d_slopes = on_device(NULL, N * sizeof(float)),
                            .d_sums = on_device(NULL, MYR_MARGIN_SUMS * sizeof(double))};
    for (many.kind = 0; many.kind < MYR_MARGIN_LOSSES; many.kind++) {
        double loss = 0.0, size = 0.0;
        *d_bad = 0;
        cr_assert_eq(myr_launch_many(&many, d_bad, NULL), cudaSuccess);
        cr_assert_eq(*d_bad, 0);
        for (int j = 0; j < N; j++) {
            const myr_margin_value value = myr_margin_loss(many.kind, &constants, margins[j]);
            cr_assert(many.d_slopes[j] == (float)weights[j] * value.slope, "%s, margin %a: %a",
                      myr_loss_name(many.kind), margins[j], many.d_slopes[j]);
            loss += (double)(float)weights[j] * (double)value.loss;
            size += fabs((double)(float)weights[j] * (double)value.loss);
        }
        /* Another order of N sums in double. */
        cr_assert(fabs(many.d_sums[MYR_MARGIN_LOSS] - loss) <= N * 0x1p-52 * size, "%s: %.17g, not %.17g",
                  myr_loss_name(many.kind), many.d_sums[MYR_MARGIN_LOSS], loss);
    }
    const void *const memory[] = {d_bad,         many.d_margins, many.d_weight, many.d_constants,
                                  many.d_slopes, many.d_sums};
    for (int n = 0; n < 6; n++)
        cudaFree((void *)memory[n]);
    cr_expect_eq(fake_live(), 0);
}

/* From device memory, on the caller's stream, in 20 orders of threads: the bits of the first. */
Test(linear_on_host, many_take_device_memory_and_do_not_hang_on_the_order) {
    enum { N = 300 };
    static double theta[REPLICATES * MANY_P], first[REPLICATES * MANY_P];
    myr_linear_metrics known[REPLICATES], metrics[REPLICATES];
    myr_context *context = new_context();
    uint64_t state = fresh_seed();
    for (int i = 0; i < REPLICATES * MANY_P; i++)
        theta[i] = (double)(float)(uniform(&state) - 0.5);
    batch b = new_batch(N, MANY_P, true, state);
    const myr_many many = kind_of(7);
    fake_machine(1, CUDART_VERSION);
    REQUIRE_OK(context, run_many(context, &b, theta, &many, "cuda", first, known));
    cudaStream_t stream;
    cr_assert_eq(cudaStreamCreateWithFlags(&stream, 0), cudaSuccess);
    myr_features on = b.features;
    on.delta.data = on_device(b.delta, N * MANY_P * sizeof(float));
    on.reference_margin.data = on_device(b.reference, N * sizeof(double));
    on.weight.data = on_device(b.weight, N * sizeof(double));
    double *d_theta = on_device(theta, sizeof theta), *gradient = on_device(NULL, sizeof first);
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    loss.beta = 0.8;
    options.memory = MYR_DEVICE;
    options.stream = stream;
    for (uint64_t order = 1; order <= 20; order++) {
        device_on_host_seed(order);
        memset(gradient, 0xff, sizeof first);
        memset(metrics, 0xff, sizeof metrics);
        REQUIRE_OK(context, myr_loss_many(context, &loss, &on, (myr_array){d_theta, MYR_F64}, &many,
                                          &options, (myr_array_out){gradient, MYR_F64}, metrics, NULL));
        cr_assert(memcmp(first, gradient, sizeof first) == 0 && memcmp(known, metrics, sizeof known) == 0,
                  "order %d", (int)order);
    }
    cr_expect_eq(fake_live(), 6); /* five arrays and the stream: the caller's */
    cudaFree((void *)on.delta.data);
    cudaFree((void *)on.reference_margin.data);
    cudaFree((void *)on.weight.data);
    cudaFree(d_theta);
    cudaFree(gradient);
    cudaStreamDestroy(stream);
    free_batch(&b);
    myr_context_destroy(context);
}

/* Each number of pairs with another kind. */
Test(linear_on_host, ragged_many_do_not_hang_on_the_order) {
    static const uint64_t rows[] = {1, 31, 32, 33, 1025, 4095, 4097};
    static double theta[REPLICATES * MANY_P], first[REPLICATES * MANY_P], gradient[REPLICATES * MANY_P];
    myr_linear_metrics kept[REPLICATES], metrics[REPLICATES];
    myr_context *context = new_context();
    uint64_t state = fresh_seed();
    fake_machine(1, CUDART_VERSION);
    for (int i = 0; i < REPLICATES * MANY_P; i++)
        theta[i] = uniform(&state) - 0.5;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        batch b = new_batch(rows[r], MANY_P, true, state);
        const myr_many many = kind_of((int)r);
        for (uint64_t order = 0; order < 20; order++) {
            device_on_host_seed(order);
            REQUIRE_OK(context, run_many(context, &b, theta, &many, "cuda", gradient, metrics));
            if (order == 0) {
                memcpy(first, gradient, sizeof first);
                memcpy(kept, metrics, sizeof kept);
            }
            cr_expect(memcmp(first, gradient, sizeof first) == 0 && memcmp(kept, metrics, sizeof kept) == 0,
                      "%llu pairs, order %llu", (unsigned long long)rows[r], (unsigned long long)order);
        }
        free_batch(&b);
    }
    myr_context_destroy(context);
}

/* Two spans of pairs, the last with a part of a part, and bad rows in both. */
Test(linear_on_host, many_take_several_spans) {
    static double theta[REPLICATES * MANY_P], gradient[REPLICATES * MANY_P];
    myr_linear_metrics metrics[REPLICATES];
    myr_context *context = new_context();
    uint64_t state = fresh_seed();
    fake_machine(1, CUDART_VERSION);
    for (int i = 0; i < REPLICATES * MANY_P; i++)
        theta[i] = (double)(float)(uniform(&state) - 0.5);
    batch b = new_batch(34000, MANY_P, true, state);
    expect_near_many(context, &b, theta, 7);
    b.delta[33000 * MANY_P + 4] = NAN;
    const myr_many many = kind_of(7);
    cr_expect_eq(run_many(context, &b, theta, &many, "cuda", gradient, metrics), MYR_INVALID_DATA);
    cr_expect_str_eq(myr_context_error(context),
                     "delta: row 33000, column 4 is nan (expected a finite number)");
    free_batch(&b);
    myr_context_destroy(context);
}

static myr_status run_one_again(myr_context *context, void *user) {
    static double gradient[MANY_P];
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_linear_metrics metrics;
    return run_linear(context, user, &loss, "cuda", 0, gradient, &metrics);
}

static myr_status run_many_again(myr_context *context, void *user) {
    static double theta[REPLICATES * MANY_P], gradient[REPLICATES * MANY_P];
    const myr_many many = kind_of(7);
    myr_linear_metrics metrics[REPLICATES];
    return run_many(context, user, theta, &many, "cuda", gradient, metrics);
}

Test(linear_on_host, failures_are_told_and_nothing_is_kept) {
    static const char *const functions[] = {
        "cudaMalloc", "cudaMemsetAsync", "cudaMemcpyAsync", "cudaStreamSynchronize", "launch", "products"};
    myr_context *context = new_context();
    batch b = new_batch(1500, MANY_P, true, 4);
    expect_failures_of(functions, 5, run_one_again, &b); /* it makes no products */
    expect_failures_of(functions, 6, run_many_again, &b);
    free_batch(&b);
    myr_context_destroy(context);
}
