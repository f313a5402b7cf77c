/* Losses of a log-linear policy: the reference against finite differences, cpu against the reference within
 * derived bounds, the same bits on any number of threads and instruction set, and what is refused. */
#include <criterion/criterion.h>

#include "cpu/losses/cpu_reductions.h"
#include "linear_batch.h"
#include "linear_shape.h"
#include "loss_traits.h"

/* The margin losses that need nothing but the margin, with options that matter to them. */
static bool next_loss(int *index, myr_loss_options *loss) {
    for (; myr_loss_name(*index); ++*index) {
        const char *name = myr_loss_name(*index);
        if (!myr_loss_takes_margin(name) || loss_needs_lengths(name))
            continue;
        *loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
        loss->loss = name;
        loss->beta = 0.7;
        if (loss_traits(name) & MYR_TAKES_SMOOTHING)
            loss->label_smoothing = 0.1;
        ++*index;
        return true;
    }
    return false;
}

/* Central differences with step e are off by e^2/6 times the third derivative and 2 u |L|/e by rounding.
 * Here margins are of size 4 at most and |Delta| <= 1.1, and every loss has third derivatives in the margin
 * below 2 (discopop: its temperature 1/20 makes them beta^3 400 …, so its step is less): 1e-7 holds for all
 * at e = 1e-5, and 3e-6 for it. hinge has a kink, which no margin of this batch comes near. */
Test(linear, reference_gradients_are_its_losses_slopes) {
    myr_context *context = new_context();
    const uint64_t seed = 12345;
    batch b = new_batch(23, 5, true, seed);
    myr_loss_options loss;
    for (int index = 0; next_loss(&index, &loss);) {
        double gradient[5];
        myr_linear_metrics metrics, up, down;
        REQUIRE_OK(context, run_linear(context, &b, &loss, "reference", 1, gradient, &metrics));
        for (int p = 0; p < 5; p++) {
            const double e = 1e-5, at = b.theta[p];
            b.theta[p] = at + e;
            REQUIRE_OK(context, run_linear(context, &b, &loss, "reference", 1, NULL, &up));
            b.theta[p] = at - e;
            REQUIRE_OK(context, run_linear(context, &b, &loss, "reference", 1, NULL, &down));
            b.theta[p] = at;
            double slope = (up.loss - down.loss) / (2.0 * e);
            double bound = strcmp(loss.loss, "discopop") == 0 ? 3e-6 : 1e-7;
            cr_expect(fabs(slope - gradient[p]) <= bound, "%s, %d: %.12g by differences, %.12g", loss.loss,
                      p, slope, gradient[p]);
        }
    }
    free_batch(&b);
    myr_context_destroy(context);
}

/* How far the float loss may be. u = 2^-24. A margin has P/32 + 6 roundings at most in a chain and one a
 * product, and one more when the reference is taken away: |x error| <= e = (P/32 + 8) u (sum |Delta theta|
 * + |r|). For the losses taken here the loss and the slope have first and second derivatives in x of at
 * most beta and beta^2/4 (sigmoid); the pointwise functions err by less than 32 u of beta (|x| + 1). A
 * gradient's product and sum in float have at most 1 + 8 roundings; the weight is a float. */
static void expect_near(const batch *b, double beta, const double *fast, const double *exact,
                        const myr_linear_metrics *mf, const myr_linear_metrics *me, const char *what) {
    const double u = 0x1p-24;
    double weight = 0.0, loss_bound = 0.0;
    double *bounds = calloc(b->p, sizeof *bounds);
    for (uint64_t i = 0; i < b->n; i++) {
        double size = b->features.reference_margin.data ? fabs(b->reference[i]) : 0.0;
        double v = b->features.weight.data ? b->weight[i] : 1.0;
        for (uint64_t p = 0; p < b->p; p++)
            size += fabs((double)b->delta[i * b->p + p] * b->theta[p]);
        double e = ((double)b->p / 32.0 + 8.0) * u * size;
        weight += v;
        loss_bound += v * (beta * e + 32.0 * u * beta * (size + 1.0));
        double slope_bound = beta * beta / 4.0 * e + (32.0 + 9.0) * u * beta;
        for (uint64_t p = 0; p < b->p; p++)
            bounds[p] += v * slope_bound * fabs((double)b->delta[i * b->p + p]);
    }
    cr_expect(fabs(mf->weight - me->weight) <= 1e-12 * weight, "%s", what);
    cr_expect(fabs(mf->loss - me->loss) <= loss_bound / weight + u * fabs(me->loss),
              "%s: loss %.9g and %.9g", what, mf->loss, me->loss);
    for (uint64_t p = 0; p < b->p; p++)
        if (!(fabs(fast[p] - exact[p]) <= bounds[p] / weight)) {
            cr_expect(false, "%s, column %llu: %.9g and %.9g, bound %.3g", what, (unsigned long long)p,
                      fast[p], exact[p], bounds[p] / weight);
            break;
        }
    free(bounds);
}

static const uint64_t columns[] = {1,  2,  3,   4,   7,   16,  31,  32,   33,   63,
                                   64, 65, 100, 129, 256, 257, 600, 1024, 2049, 4096};

Test(linear, cpu_is_near_the_reference) {
    myr_context *context = new_context();
    const uint64_t seed = fresh_seed(), rows[] = {1, 2, 9, 127, 300, 1025};
    double fast[P_MOST], exact[P_MOST];
    for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            if (columns[k] > 300 && rows[r] > 300)
                continue;
            batch b = new_batch(rows[r], columns[k], r % 2 == 0, seed + k);
            myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
            myr_linear_metrics mf, me;
            char what[128];
            loss.beta = 0.8;
            snprintf(what, sizeof what, "seed %llu, %llu rows, %llu columns", (unsigned long long)seed,
                     (unsigned long long)rows[r], (unsigned long long)columns[k]);
            REQUIRE_OK(context, run_linear(context, &b, &loss, "cpu", 2, fast, &mf));
            REQUIRE_OK(context, run_linear(context, &b, &loss, "reference", 1, exact, &me));
            expect_near(&b, loss.beta, fast, exact, &mf, &me, what);
            cr_expect_eq(mf.count, rows[r]);
            free_batch(&b);
        }
    myr_context_destroy(context);
}

Test(linear, every_margin_loss_runs_on_the_cpu) {
    myr_context *context = new_context();
    batch b = new_batch(500, 12, true, 99);
    myr_loss_options loss;
    double fast[12], exact[12];
    int losses = 0;
    for (int index = 0; next_loss(&index, &loss); losses++) {
        myr_linear_metrics mf, me;
        REQUIRE_OK(context, run_linear(context, &b, &loss, "cpu", 1, fast, &mf));
        REQUIRE_OK(context, run_linear(context, &b, &loss, "reference", 1, exact, &me));
        /* Margins of size 5: every loss and slope here has slopes below 20 in the margin (ipo 2, exo_pair
         * 8, discopop 20), whose error is below 1e-6, and errs itself by less than 1e-6 of numbers
         * below 50. */
        cr_expect(fabs(mf.loss - me.loss) <= 7e-5, "%s: %.9g and %.9g", loss.loss, mf.loss, me.loss);
        for (int p = 0; p < 12; p++)
            cr_expect(fabs(fast[p] - exact[p]) <= 7e-5, "%s, %d: %.9g and %.9g", loss.loss, p, fast[p],
                      exact[p]);
    }
    cr_expect_geq(losses, 7);
    free_batch(&b);
    myr_context_destroy(context);
}

Test(linear, bits_do_not_depend_on_threads_or_instruction_set) {
    myr_context *context = new_context();
    static double first[P_MOST], again[P_MOST];
    const uint64_t shapes[][2] = {{20000, 3},  {20000, 64}, {5001, 100}, {2100, 257},
                                  {700, 1030}, {300, 2500}, {260, 4096}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        batch b = new_batch(shapes[s][0], shapes[s][1], true, 7 + s);
        myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
        myr_linear_metrics m, n;
        REQUIRE_OK(context, run_linear(context, &b, &loss, "cpu", 1, first, &m));
        for (int threads = 2; threads <= 7; threads += 5) {
            REQUIRE_OK(context, run_linear(context, &b, &loss, "cpu", threads, again, &n));
            cr_expect(memcmp(first, again, b.p * sizeof *first) == 0 && memcmp(&m, &n, sizeof m) == 0,
                      "%llu columns, %d threads", (unsigned long long)b.p, threads);
        }
        for (int index = 0; myr_cpu_isa_at(index); index++) {
            const myr_lanes_isa *isa = myr_cpu_isa_at(index);
            if (!myr_cpu_isa_supported(isa))
                continue;
            myr_linear_job job = {.compute = {.threads = 1},
                                  .features = &b.features,
                                  .theta = {b.theta, MYR_F64},
                                  .gradient = {again, MYR_F64}};
            myr_margin_sums sums;
            uint64_t bad;
            memset(again, 0xff, sizeof again);
            REQUIRE_OK(context, myr_loss_make(context, &loss, &job.loss));
            REQUIRE_OK(context, myr_cpu_linear_on(context, isa, &job, &sums, &bad));
            cr_expect(memcmp(first, again, b.p * sizeof *first) == 0 && sums.loss / sums.weight == m.loss,
                      "%llu columns, %s", (unsigned long long)b.p, isa->name);
        }
        free_batch(&b);
    }
    myr_context_destroy(context);
}

static void expect_refused(myr_context *context, const batch *b, const myr_loss_options *loss,
                           myr_status status, const char *line) {
    static double gradient[P_MOST];
    const char *backends[] = {"reference", "cpu"};
    for (int k = 0; k < 2; k++) {
        myr_linear_metrics metrics;
        cr_expect_eq(run_linear(context, b, loss, backends[k], 2, gradient, &metrics), status, "%s: %s",
                     backends[k], line);
        cr_expect_str_eq(myr_context_error(context), line);
    }
}

/* What is refused begins beyond 1e15, on backends of floats beyond the float next to it. */
TEST_ON_BACKENDS(linear, numbers_of_exactly_the_limit_are_taken) {
    myr_context *context = new_context();
    need_backend(context, backend);
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    batch b = new_batch(40, 1, true, 5);
    for (int what = 0; what < 3; what++)
        for (int sign = what == 2 ? 1 : -1; sign <= 1; sign += 2)
            for (int beyond = 0; beyond < 2; beyond++) {
                const double x = sign * (beyond ? (double)nextafterf(1e15f, INFINITY) : 1e15);
                myr_linear_metrics metrics;
                b.theta[0] = 1.0;
                b.delta[11] = what == 0 ? (float)x : 0.0f; /* the margin */
                b.reference[11] = what == 1 ? x : 0.0;
                b.weight[11] = what == 2 ? x : 1.0;
                cr_expect_eq(run_linear(context, &b, &loss, backend, 1, NULL, &metrics),
                             beyond ? MYR_INVALID_DATA : MYR_OK, "%d, %.17g: %s", what, x,
                             myr_context_error(context));
            }
    free_batch(&b);
    myr_context_destroy(context);
}

Test(linear, numbers_that_are_not_finite_are_named) {
    myr_context *context = new_context();
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    batch b = new_batch(3000, 70, true, 5);
    const float kept = b.delta[2777 * 70 + 69];
    b.delta[2777 * 70 + 69] = NAN;
    b.delta[2900 * 70] = INFINITY;
    expect_refused(context, &b, &loss, MYR_INVALID_DATA,
                   "delta: row 2777, column 69 is nan (expected a finite number)");
    b.delta[2777 * 70 + 69] = kept;
    expect_refused(context, &b, &loss, MYR_INVALID_DATA,
                   "delta: row 2900, column 0 is inf (expected a finite number)");
    b.delta[2900 * 70] = 0.0f;
    b.reference[11] = -INFINITY;
    expect_refused(context, &b, &loss, MYR_INVALID_DATA,
                   "reference_margin: row 11 is -inf (expected a finite number of at most 1e15 in size)");
    b.reference[11] = 0.0;
    b.weight[0] = -1.0;
    expect_refused(context, &b, &loss, MYR_INVALID_DATA,
                   "weight: row 0 is -1 (expected 0 or more, at most 1e15)");
    for (uint64_t i = 0; i < b.n; i++)
        b.weight[i] = 0.0;
    expect_refused(context, &b, &loss, MYR_INVALID_DATA,
                   "weight: all 3000 weights are 0 (expected one above 0)");
    b.theta[3] = NAN;
    expect_refused(context, &b, &loss, MYR_INVALID_DATA,
                   "theta: row 0, column 3 is nan (expected a finite number)");
    free_batch(&b);
    myr_context_destroy(context);
}

Test(linear, arguments_are_checked) {
    myr_context *context = new_context();
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    batch b = new_batch(4, 2, false, 5);
    b.features.count = 0;
    expect_refused(context, &b, &loss, MYR_INVALID_ARGUMENT,
                   "features: count 0 is out of range (expected 1 … 1099511627776)");
    b.features.count = 4;
    b.features.parameters = MYR_MAX_PARAMETERS + 1;
    expect_refused(context, &b, &loss, MYR_INVALID_ARGUMENT,
                   "features: parameters 8193 is out of range (expected 1 … 8192)");
    b.features.parameters = 2;
    loss.loss = "nca_pair";
    expect_refused(context, &b, &loss, MYR_UNSUPPORTED,
                   "loss: nca_pair is not of the margin alone (expected sigmoid, say)");
    loss.loss = "sigmoid_norm";
    expect_refused(context, &b, &loss, MYR_UNSUPPORTED,
                   "loss: sigmoid_norm needs lengths, which features do not have");
    free_batch(&b);
    myr_context_destroy(context);
}
