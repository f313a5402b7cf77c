/* Many losses of the same pairs: each of them against the reference's, the bootstrap's weights, and bits
 * that no number of threads changes. */
#include <cblas.h>
#include <criterion/criterion.h>
#include <omp.h>
#include <pthread.h>

#include "poisson.h"
#include "reference/reference_random.h"
#include "support.h"

enum { PAIRS = 2500, PARAMETERS = 37, REPLICATES = 6 };

typedef struct batch {
    float delta[PAIRS * PARAMETERS];
    double theta[REPLICATES * PARAMETERS], weight[PAIRS], reference[PAIRS];
    myr_features features;
} batch;

static double uniform(uint64_t *state) {
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

static batch *new_batch(uint64_t seed) {
    batch *b = malloc(sizeof *b);
    for (int i = 0; i < PAIRS * PARAMETERS; i++)
        b->delta[i] = (float)(2.0 * uniform(&seed) - 0.9);
    for (int i = 0; i < REPLICATES * PARAMETERS; i++)
        b->theta[i] = (double)(float)(0.6 * uniform(&seed) - 0.3);
    for (int i = 0; i < PAIRS; i++) {
        b->weight[i] = (double)(float)uniform(&seed);
        b->reference[i] = uniform(&seed) - 0.5;
    }
    b->features = (myr_features)MYR_FEATURES_INIT;
    b->features.count = PAIRS;
    b->features.parameters = PARAMETERS;
    b->features.delta.data = b->delta;
    b->features.weight.data = b->weight;
    b->features.reference_margin.data = b->reference;
    return b;
}

static myr_status run(myr_context *context, const batch *b, const myr_many *many, const char *backend,
                      int threads, double *gradient, myr_linear_metrics *metrics) {
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    loss.beta = 0.8;
    options.backend = backend;
    options.threads = threads;
    memset(metrics, 0xff, REPLICATES * sizeof *metrics);
    for (int i = 0; i < REPLICATES * PARAMETERS; i++)
        gradient[i] = NAN;
    return myr_loss_many(context, &loss, &b->features, (myr_array){b->theta, MYR_F64}, many, &options,
                         (myr_array_out){gradient, MYR_F64}, metrics, NULL);
}

static const double betas[REPLICATES] = {0.1, 0.5, 0.8, 1.0, 0.3, 0.7};

static myr_many kind_of(int kind) {
    myr_many many = MYR_MANY_INIT;
    many.replicates = REPLICATES;
    many.each_theta = (kind & 1) != 0;
    many.betas = kind & 2 ? betas : NULL;
    many.bootstrap = (kind & 4) != 0;
    many.first_replicate = kind & 4 ? 3 : 0; /* not at a block's begin */
    return many;
}

/* u = 2^-24. A margin is a product of 37 columns, |Delta theta| <= 0.33 each: at most 37 roundings of
 * numbers below 12.3, so e = 38 u 13. The slope errs by beta^2/4 e + 41 u beta, times |Delta| <= 1.1
 * (tests/test_linear.c); a product over the 1,024 pairs of a chunk adds up to 1,024 roundings of beta 1.1
 * weight. Both are of the weighted mean. The loss: beta e, and 32 u of beta 14. A loss is at most 14 beta +
 * log 2. A weight times its bootstrap's is rounded once, u, and counts in sums and in what they are divided
 * by: 2 u more. */
Test(many, each_is_near_the_reference) {
    myr_context *context = new_context();
    const uint64_t seed = fresh_seed();
    batch *b = new_batch(seed);
    const double u = 0x1p-24, e = 38.0 * u * 13.0;
    for (int kind = 0; kind < 8; kind++) {
        double fast[REPLICATES * PARAMETERS], exact[REPLICATES * PARAMETERS];
        myr_linear_metrics mf[REPLICATES], me[REPLICATES];
        const myr_many many = kind_of(kind);
        REQUIRE_OK(context, run(context, b, &many, "cpu", 2, fast, mf));
        REQUIRE_OK(context, run(context, b, &many, "reference", 1, exact, me));
        for (int r = 0; r < REPLICATES; r++) {
            double beta = many.betas ? betas[r] : 0.8;
            double slope = 1.1 * (beta * beta / 4.0 * e + (41.0 + 2.0 + 1024.0) * u * beta);
            double loss = beta * e + (32.0 + 2.0) * u * (beta * 14.0 + 0.7);
            cr_expect(fabs(mf[r].loss - me[r].loss) <= loss, "seed %llu, kind %d, %d: loss %.9g and %.9g",
                      (unsigned long long)seed, kind, r, mf[r].loss, me[r].loss);
            cr_expect(fabs(mf[r].weight - me[r].weight) <= (u + 1e-12) * me[r].weight, "kind %d, %d", kind,
                      r);
            for (int p = 0; p < PARAMETERS; p++) {
                int i = r * PARAMETERS + p;
                cr_expect(fabs(fast[i] - exact[i]) <= slope,
                          "seed %llu, kind %d, %d, column %d: %.9g and %.9g", (unsigned long long)seed,
                          kind, r, p, fast[i], exact[i]);
            }
        }
    }
    free(b);
    myr_context_destroy(context);
}

/* As above with 4,096 columns, |Delta theta| <= 0.0055 each: e = 4,097 u 22.6. Pairs are 200. */
Test(many, takes_4096_columns) {
    enum { N = 200, P = 4096, B = 3 };
    static float delta[N * P];
    static double theta[B * P], fast[B * P], exact[B * P];
    myr_context *context = new_context();
    const uint64_t seed = fresh_seed();
    uint64_t state = seed;
    const double u = 0x1p-24, e = 4097.0 * u * 22.6, beta = 0.8;
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_features features = MYR_FEATURES_INIT;
    myr_many many = MYR_MANY_INIT;
    myr_linear_metrics mf[B], me[B];
    for (int i = 0; i < N * P; i++)
        delta[i] = (float)(2.0 * uniform(&state) - 0.9);
    for (int i = 0; i < B * P; i++)
        theta[i] = (double)(float)(0.01 * uniform(&state) - 0.005);
    loss.beta = beta;
    features.count = N, features.parameters = P, features.delta.data = delta;
    many.replicates = B, many.each_theta = many.bootstrap = true;
    for (int k = 0; k < 2; k++) {
        myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
        options.backend = k ? "reference" : "cpu";
        REQUIRE_OK(context,
                   myr_loss_many(context, &loss, &features, (myr_array){theta, MYR_F64}, &many, &options,
                                 (myr_array_out){k ? exact : fast, MYR_F64}, k ? me : mf, NULL));
    }
    for (int r = 0; r < B; r++)
        cr_expect(fabs(mf[r].loss - me[r].loss) <= beta * e + 34.0 * u * (beta * 23.6 + 0.7),
                  "seed %llu, %d", (unsigned long long)seed, r);
    for (int i = 0; i < B * P; i++)
        cr_assert(fabs(fast[i] - exact[i]) <= 1.1 * (beta * beta / 4.0 * e + (43.0 + 200.0) * u * beta),
                  "seed %llu, %d: %.9g and %.9g", (unsigned long long)seed, i, fast[i], exact[i]);
    myr_context_destroy(context);
}

Test(many, one_of_many_is_the_one_loss) {
    myr_context *context = new_context();
    batch *b = new_batch(77);
    double many_gradient[REPLICATES * PARAMETERS], one[PARAMETERS];
    myr_linear_metrics metrics[REPLICATES], m;
    const myr_many many = kind_of(3);
    REQUIRE_OK(context, run(context, b, &many, "reference", 1, many_gradient, metrics));
    for (int r = 0; r < REPLICATES; r++) {
        myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
        myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
        loss.beta = betas[r];
        options.backend = "reference";
        REQUIRE_OK(context, myr_loss_linear(context, &loss, &b->features,
                                            (myr_array){b->theta + r * PARAMETERS, MYR_F64}, &options,
                                            (myr_array_out){one, MYR_F64}, &m, NULL));
        cr_expect(memcmp(one, many_gradient + r * PARAMETERS, sizeof one) == 0 && m.loss == metrics[r].loss,
                  "%d", r);
    }
    free(b);
    myr_context_destroy(context);
}

Test(many, bits_do_not_depend_on_threads) {
    myr_context *context = new_context();
    batch *b = new_batch(78);
    double first[REPLICATES * PARAMETERS], again[REPLICATES * PARAMETERS];
    myr_linear_metrics m[REPLICATES], n[REPLICATES];
    for (int kind = 0; kind < 8; kind++) {
        const myr_many many = kind_of(kind);
        REQUIRE_OK(context, run(context, b, &many, "cpu", 1, first, m));
        for (int threads = 2; threads <= 7; threads += 5) {
            REQUIRE_OK(context, run(context, b, &many, "cpu", threads, again, n));
            cr_expect(memcmp(first, again, sizeof first) == 0 && memcmp(m, n, sizeof m) == 0,
                      "kind %d, %d threads", kind, threads);
        }
    }
    free(b);
    myr_context_destroy(context);
}

typedef struct caller {
    pthread_t thread;
    const batch *b;
    int threads_after; /* of its own parallel regions */
    double gradient[REPLICATES * PARAMETERS];
} caller;

static void *call_repeatedly(void *user) {
    caller *c = user;
    myr_context *context = new_context();
    myr_linear_metrics m[REPLICATES];
    const myr_many many = kind_of(7);
    omp_set_num_threads(3);
    for (int i = 0; i < 20; i++)
        if (run(context, c->b, &many, "cpu", 1 + i % 2, c->gradient, m) != MYR_OK)
            c->gradient[0] = NAN;
    c->threads_after = omp_get_max_threads();
    myr_context_destroy(context);
    return NULL;
}

/* Contexts in different threads are independent, though OpenBLAS has one number of threads for all. */
Test(many, contexts_in_two_threads_do_not_disturb_each_other) {
    enum { CALLERS = 3 };
    static caller callers[CALLERS];
    static double alone[REPLICATES * PARAMETERS];
    myr_context *context = new_context();
    batch *b = new_batch(80);
    myr_linear_metrics m[REPLICATES];
    const myr_many many = kind_of(7);
    REQUIRE_OK(context, run(context, b, &many, "cpu", 1, alone, m));
    openblas_set_num_threads(2);
    for (int k = 0; k < CALLERS; k++) {
        callers[k].b = b;
        cr_assert_eq(pthread_create(&callers[k].thread, NULL, call_repeatedly, &callers[k]), 0);
    }
    for (int k = 0; k < CALLERS; k++) {
        cr_assert_eq(pthread_join(callers[k].thread, NULL), 0);
        cr_expect(memcmp(alone, callers[k].gradient, sizeof alone) == 0, "caller %d", k);
        cr_expect_eq(callers[k].threads_after, 3);
    }
    cr_expect_eq(openblas_get_num_threads(), 2);
    free(b);
    myr_context_destroy(context);
}

/* The weights' mean is 1 over all words: thresholds are 2^32 F(k), k = 0 … 11, so the weight of a word is
 * the number of thresholds at or below it. */
Test(many, bootstrap_weights_invert_the_poisson_distribution) {
    long double term = expl(-1.0L), sum = term, beyond = 0.0L;
    for (int k = 0; k < 12; k++) {
        const uint32_t threshold = (uint32_t)rintl(sum * 0x1p32L);
        cr_expect_eq(myr_poisson_weight(threshold), (float)(k + 1), "%d", k);
        cr_expect_eq(myr_poisson_weight(threshold - 1), (float)k, "%d", k);
        beyond += 0x1p32L - threshold;
        term /= (long double)(k + 1);
        sum += term;
    }
    cr_expect_eq(myr_poisson_weight(0), 0.0f);
    cr_expect_eq(myr_poisson_weight(UINT32_MAX), 12.0f);
    cr_expect(beyond == 0x1p32L, "mean %.17Lg", beyond / 0x1p32L);
}

/* One pair with one feature: the replicate's weight is the metrics' weight, of the word that random.h says.
 */
Test(many, a_replicates_weight_is_of_its_own_word) {
    myr_context *context = new_context();
    const float delta = 1.0f;
    const double theta = 0.5;
    myr_features features = MYR_FEATURES_INIT;
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    myr_linear_metrics metrics[40];
    myr_many many = MYR_MANY_INIT;
    features.count = features.parameters = 1;
    features.delta.data = &delta;
    options.backend = "cpu";
    many.bootstrap = true;
    many.replicates = 40;
    many.seed = 42;
    many.first_replicate = 5;
    REQUIRE_OK(context, myr_loss_many(context, &loss, &features, (myr_array){&theta, MYR_F64}, &many,
                                      &options, (myr_array_out){NULL, MYR_F64}, metrics, NULL));
    for (uint32_t b = 0; b < 40; b++) {
        uint32_t words[4];
        myr_reference_words(42, 0, MYR_STREAM_RESAMPLE, (5 + b) / 4, words);
        cr_expect_eq(metrics[b].weight, (double)myr_poisson_weight(words[(5 + b) % 4]), "%u", (unsigned)b);
    }
    myr_context_destroy(context);
}

Test(many, what_is_wrong_is_named) {
    myr_context *context = new_context();
    batch *b = new_batch(79);
    double gradient[REPLICATES * PARAMETERS];
    myr_linear_metrics metrics[REPLICATES];
    myr_many many = kind_of(7);
    b->delta[2100 * PARAMETERS + 36] = NAN;
    const char *backends[] = {"reference", "cpu"};
    for (int k = 0; k < 2; k++) {
        cr_expect_eq(run(context, b, &many, backends[k], 2, gradient, metrics), MYR_INVALID_DATA);
        cr_expect_str_eq(myr_context_error(context),
                         "delta: row 2100, column 36 is nan (expected a finite number)");
    }
    many.replicates = 0;
    cr_expect_eq(run(context, b, &many, "cpu", 2, gradient, metrics), MYR_INVALID_ARGUMENT);
    cr_expect_str_eq(myr_context_error(context), "many: replicates 0 is out of range (expected 1 … 65536)");
    free(b);
    myr_context_destroy(context);
}
