/* The reduction over pairs: extremes, weights, types, and the same bits however it runs. */
#define _POSIX_C_SOURCE 200809L /* setenv */

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

#include "load.h"
#include "loss_traits.h"
#include "losses/element.h"
#include "pairs_batch.h"

/* Margins of up to ±2,000, and ties, at every beta: finite, and the float backends agree with the reference
 * to 1e-5 (or where the parts of a loss cancel, to some units of 2^-24 of the largest, |w| + |l| + 1/beta
 * at the most, squared in ipo and sppo_hard). */
TEST_ON_BACKENDS(pairs, extremes_are_finite_and_right) {
    static const double margins[] = {-2000, -1000, -40, -1e-3, 0, 1e-3, 40, 1000, 2000};
    static const double betas[] = {1e-6, 0.1, 1, 30, 1e6};
    enum { MARGINS = sizeof margins / sizeof *margins };
    batch *b = new_batch(backend), *r = new_batch("reference");
    b->count = r->count = 1;
    for (int name = 0; myr_loss_name(name); name++) {
        for (int beta = 0; beta < 5; beta++) {
            b->loss.loss = r->loss.loss = myr_loss_name(name);
            b->loss.beta = r->loss.beta = betas[beta];
            b->lengths = r->lengths = loss_needs_lengths(b->loss.loss);
            for (int i = 0; i < MARGINS * MARGINS; i++) {
                double w = margins[i / MARGINS], l = margins[i % MARGINS];
                for (batch *each = b; each; each = each == b ? r : NULL) {
                    each->policy[0][0] = w - 2000, each->policy[1][0] = l - 2000;
                    each->reference[0][0] = each->reference[1][0] = -2000;
                    each->length[0][0] = each->length[1][0] = 5;
                    cr_assert_eq(run_batch(each), MYR_OK, "%s", myr_context_error(each->context));
                }
                bool policy = loss_traits(b->loss.loss) & MYR_TAKES_POLICY_ONLY;
                double size = fabs(w) + fabs(l) + 1.0 / betas[beta] + (policy ? 4000.0 : 0.0);
                double got[3] = {b->metrics.loss, b->gradient[0][0], b->gradient[1][0]};
                double want[3] = {r->metrics.loss, r->gradient[0][0], r->gradient[1][0]};
                for (int k = 0; k < 3; k++) {
                    double part =
                        k == 0 ? 1.0 + fmax(betas[beta] * size, size) : 2.0 * size + 2.0 * betas[beta];
                    double bound = 1e-5 * fabs(want[k]) + 16.0 * 0x1p-24 * part + FLT_MIN;
                    cr_assert(isfinite(got[k]) && fabs(got[k] - want[k]) <= bound,
                              "%s beta %g w %g l %g: number %d is %.9g, not %.9g", b->loss.loss,
                              betas[beta], w, l, k, got[k], want[k]);
                }
            }
        }
    }
    free_batch(b);
    free_batch(r);
}

/* (exp((c - 1) u) - 1)/(c - 1) of both is beyond the largest number, and their difference is 0 all the same:
 * the exponents are capped, the two subtracted, then divided. */
TEST_ON_BACKENDS(pairs, capped_divergences_cancel) {
    batch *b = new_batch(backend);
    b->count = 1;
    b->loss.f_divergence = "alpha_divergence";
    b->loss.reference_free = true;
    const double coefficients[] = {0.999, 0.5, 0.0, -1.0, 1.001, 2.0};
    for (int i = 0; i < 6; i++) {
        const double c = coefficients[i], size = c < 1.0 ? -1e6 : 1e6;
        b->loss.f_alpha_divergence_coef = c;
        b->policy[0][0] = 2.0 * size, b->policy[1][0] = 3.0 * size;
        cr_assert_eq(run_batch(b), MYR_OK, "c %g: %s", c, myr_context_error(b->context));
        cr_expect(fabs(b->metrics.loss - log(2.0)) <= 1e-7, "c %g: %.9g", c, b->metrics.loss);
        cr_expect(b->gradient[0][0] == 0.0 && b->gradient[1][0] == 0.0, "c %g", c);
    }
    free_batch(b);
}

/* Two rewards near 2,000 that doubles tell apart and floats do not: what is small in the difference is not
 * lost. 1e-5 relatively, as of all of the float backends; the gradient is -beta/2 to as much. */
TEST_ON_BACKENDS(pairs, small_margins_of_large_log_ratios_are_kept) {
    enum { COUNT = 600 }; /* whole blocks of rows, and a part of one */
    static const char *const losses[] = {"unlikelihood", "sigmoid", "sigmoid"};
    batch *b = new_batch(backend);
    b->count = COUNT;
    for (int k = 0; k < 3; k++) {
        b->loss.loss = losses[k];
        b->loss.beta = 1.0;
        b->weighted = k == 2;
        for (int i = 0; i < COUNT; i++) {
            b->reference[0][i] = b->reference[1][i] = k == 0 ? 0.0 : -4000.0;
            b->policy[0][i] = -2000.1 + (i % 3 == 0 ? -1e-6 : 1e-6);
            b->policy[1][i] = -2000.1;
            b->weight[i] = 1.0;
        }
        cr_assert_eq(run_batch(b), MYR_OK, "%s", myr_context_error(b->context));
        const double margin = b->policy[0][1] - b->policy[1][1]; /* 1e-6 to 12 digits less */
        const double mean = margin / 3.0, loss = k == 0 ? -mean : log(2.0);
        const myr_loss_metrics *m = &b->metrics;
        cr_expect(fabs(m->rewards_accuracies - 2.0 / 3.0) <= 1e-15, "%d: %.17g", k, m->rewards_accuracies);
        cr_expect(fabs(m->rewards_margins - mean) <= 1e-5 * mean, "%d: margins %.9g, not %.9g", k,
                  m->rewards_margins, mean);
        cr_expect(fabs(m->loss - loss) <= 1e-5 * fabs(loss), "%d: loss %.9g, not %.9g", k, m->loss, loss);
    }
    free_batch(b);
}

/* A weight of 3 is a pair that is there three times; one of 0 is none at all. */
TEST_ON_BACKENDS(pairs, weights_are_repetitions) {
    uint64_t seed = fresh_seed();
    batch *weighted = new_batch(backend), *repeated = new_batch(backend);
    fill_batch(weighted, 5000, seed);
    weighted->weighted = true;
    for (int name = 0; myr_loss_name(name); name++) {
        weighted->loss.loss = repeated->loss.loss = myr_loss_name(name);
        weighted->lengths = repeated->lengths =
            loss_traits(myr_loss_name(name)) & (MYR_TAKES_LENGTHS | MYR_TAKES_TOKENS);
        uint64_t n = 0;
        for (uint64_t i = 0; i < weighted->count; i++) {
            weighted->weight[i] = (double)(i % 4);
            for (uint64_t times = 0; times < i % 4; times++, n++)
                for (int c = 0; c < 2; c++) {
                    repeated->policy[c][n] = weighted->policy[c][i];
                    repeated->reference[c][n] = weighted->reference[c][i];
                    repeated->length[c][n] = weighted->length[c][i];
                }
        }
        repeated->count = n;
        myr_status status = run_batch(weighted);
        if (loss_is_sorted(myr_loss_name(name))) {
            cr_assert_eq(status, MYR_UNSUPPORTED);
            continue;
        }
        cr_assert_eq(status, MYR_OK);
        cr_assert_eq(run_batch(repeated), MYR_OK);
        const double *a = &weighted->metrics.loss, *c = &repeated->metrics.loss;
        for (int k = 0; k < 5; k++) /* 20,000 additions in double */
            cr_assert(fabs(a[k] - c[k]) <= 1e-12 * (1.0 + fabs(c[k])), "%s seed %llu: %d",
                      myr_loss_name(name), (unsigned long long)seed, k);
        /* The slope of a pair is rounded once more with its weight. */
        for (uint64_t i = 0, j = 0; i < weighted->count; j += i % 4, i++)
            for (int g = 0; i % 4 && g < 2; g++) {
                double want = (double)(i % 4) * repeated->gradient[g][j];
                cr_assert(fabs(weighted->gradient[g][i] - want) <= 4.0 * 0x1p-24 * fabs(want) + FLT_MIN);
            }
    }
    free_batch(weighted);
    free_batch(repeated);
}

/* Without weights other loops run on the cpu, in another order of work but not of additions. */
TEST_ON_BACKENDS(pairs, weights_of_one_change_no_bit) {
    uint64_t seed = fresh_seed();
    batch *without = new_batch(backend), *with = new_batch(backend);
    fill_batch(without, 5000, seed);
    for (uint64_t i = 0; i < without->count; i++)
        without->weight[i] = 1.0;
    memcpy(with->policy, without->policy, sizeof with->policy);
    memcpy(with->reference, without->reference, sizeof with->reference);
    memcpy(with->weight, without->weight, sizeof with->weight);
    with->count = without->count;
    with->weighted = true;
    for (int name = 0; myr_loss_name(name); name++) {
        if (loss_is_sorted(myr_loss_name(name)) || loss_needs_lengths(myr_loss_name(name)))
            continue; /* those take no weights, these have other loops anyway */
        with->loss.loss = without->loss.loss = myr_loss_name(name);
        with->loss.label_smoothing = without->loss.label_smoothing =
            loss_traits(myr_loss_name(name)) & MYR_TAKES_SMOOTHING ? 0.1 : 0.0;
        cr_assert_eq(run_batch(with), MYR_OK, "%s", myr_context_error(with->context));
        cr_assert_eq(run_batch(without), MYR_OK);
        cr_assert_eq(memcmp(&with->metrics, &without->metrics, sizeof with->metrics), 0, "%s seed %llu",
                     myr_loss_name(name), (unsigned long long)seed);
        cr_assert_eq(memcmp(with->gradient, without->gradient, sizeof with->gradient), 0, "%s seed %llu",
                     myr_loss_name(name), (unsigned long long)seed);
    }
    free_batch(without);
    free_batch(with);
}

TEST_ON_BACKENDS(pairs, shift_of_the_batch_is_the_mean_reward) {
    batch *b = new_batch(backend);
    fill_batch(b, 300, fresh_seed());
    b->loss.loss = "bco_pair";
    b->loss.shift = MYR_SHIFT_BATCH;
    cr_assert_eq(run_batch(b), MYR_OK);
    double loss = b->metrics.loss;
    b->loss.shift = 0.5 * (b->metrics.rewards_chosen + b->metrics.rewards_rejected);
    cr_assert_eq(run_batch(b), MYR_OK);
    cr_assert(fabs(b->metrics.loss - loss) <= 1e-7 * loss);
    b->loss.shift += 1.0;
    cr_assert_eq(run_batch(b), MYR_OK);
    cr_assert(fabs(b->metrics.loss - loss) > 1e-3 * loss);
    free_batch(b);
}

TEST_ON_BACKENDS(pairs, a_reference_that_is_uniform_or_free_counts_for_nothing) {
    batch *b = new_batch(backend);
    fill_batch(b, 100, fresh_seed());
    memset(b->reference, 0, sizeof b->reference);
    for (int name = 0; myr_loss_name(name); name++) {
        b->loss.loss = myr_loss_name(name);
        b->lengths = loss_needs_lengths(b->loss.loss);
        b->loss.reference_free = false;
        cr_assert_eq(run_batch(b), MYR_OK);
        myr_loss_metrics with = b->metrics;
        b->loss.reference_free = true;
        for (int i = 0; i < 100; i++)
            b->reference[0][i] = b->reference[1][i] = NAN; /* not read */
        cr_assert_eq(run_batch(b), MYR_OK);
        cr_assert_eq(memcmp(&with, &b->metrics, sizeof with), 0, "%s", b->loss.loss);
        memset(b->reference, 0, sizeof b->reference);
    }
    free_batch(b);
}

/* What is refused begins beyond 1e15, on backends of floats beyond the float next to it: with weights and
 * lengths, and without, where other loops run. */
TEST_ON_BACKENDS(pairs, numbers_of_exactly_the_limit_are_taken) {
    batch *b = new_batch(backend);
    double *columns[] = {b->policy[0], b->policy[1], b->reference[0], b->reference[1],
                         b->weight,    b->length[0], b->length[1]};
    for (int plain = 0; plain < 2; plain++)
        for (int c = 0; c < (plain ? 4 : 7); c++)
            for (int sign = c < 4 ? -1 : 1; sign <= 1; sign += 2)
                for (int beyond = 0; beyond < 2; beyond++) {
                    fill_batch(b, 600, 3);
                    b->weighted = b->lengths = !plain;
                    for (int other = 0; other < 4; other++)
                        columns[other][100] = 0.0;
                    columns[c][100] = sign * (beyond ? (double)nextafterf(1e15f, INFINITY) : 1e15);
                    cr_expect_eq(run_batch(b), beyond ? MYR_INVALID_DATA : MYR_OK, "column %d, %.17g: %s",
                                 c, columns[c][100], myr_context_error(b->context));
                }
    free_batch(b);
}

/* In every column, at the ends of chunks, the first of several. */
TEST_ON_BACKENDS(pairs, bad_numbers_are_refused_by_row) {
    static const struct {
        const char *name;
        double value;
    } faults[][4] = {
        {{"policy_chosen", NAN},
         {"policy_chosen", INFINITY},
         {"policy_chosen", -INFINITY},
         {"policy_chosen", 2e15}},
        {{"policy_rejected", NAN},
         {"policy_rejected", INFINITY},
         {"policy_rejected", -INFINITY},
         {"policy_rejected", -2e15}},
        {{"reference_chosen", NAN},
         {"reference_chosen", INFINITY},
         {"reference_chosen", -INFINITY},
         {"reference_chosen", 1e300}},
        {{"reference_rejected", NAN},
         {"reference_rejected", INFINITY},
         {"reference_rejected", -INFINITY},
         {"reference_rejected", 1e300}},
        {{"weight", NAN}, {"weight", INFINITY}, {"weight", -1}, {"weight", 2e15}},
        {{"chosen_length", NAN}, {"chosen_length", INFINITY}, {"chosen_length", 0}, {"chosen_length", -3}},
        {{"rejected_length", NAN},
         {"rejected_length", INFINITY},
         {"rejected_length", 0.5},
         {"rejected_length", 1e16}}};
    static const uint64_t rows[] = {0, 255, 256, 4095, 4096, 9998};
    batch *b = new_batch(backend);
    fill_batch(b, 9999, fresh_seed());
    b->weighted = b->lengths = true;
    double *columns[] = {b->policy[0], b->policy[1], b->reference[0], b->reference[1],
                         b->weight,    b->length[0], b->length[1]};
    for (int c = 0; c < 7; c++)
        for (int f = 0; f < 4; f++)
            for (int r = 0; r < 6; r++) {
                char row[64];
                double good = columns[c][rows[r]], last = columns[c][9998];
                columns[c][9998] = NAN; /* a later one */
                columns[c][rows[r]] = faults[c][f].value;
                cr_assert_eq(run_batch(b), MYR_INVALID_DATA, "%s %g", faults[c][f].name,
                             faults[c][f].value);
                snprintf(row, sizeof row, "row %llu: %s is ", (unsigned long long)rows[r],
                         faults[c][f].name);
                cr_assert_not_null(strstr(myr_context_error(b->context), row), "%s",
                                   myr_context_error(b->context));
                columns[c][9998] = last;
                columns[c][rows[r]] = good;
            }
    memset(b->weight, 0, sizeof b->weight);
    cr_assert_eq(run_batch(b), MYR_INVALID_DATA);
    cr_assert_not_null(strstr(myr_context_error(b->context), "weights are 0"));
    free_batch(b);
}

/* Numbers that all types hold exactly. */
TEST_ON_BACKENDS(pairs, all_types_give_the_same_bits) {
    enum { PAIRS = 4500 };
    static uint16_t narrow[2][4][PAIRS]; /* bf16, f16 */
    static float single[4][PAIRS];
    static double wide[4][PAIRS];
    uint64_t seed = fresh_seed();
    myr_context *context = new_context();
    need_backend(context, backend);
    for (int c = 0; c < 4; c++)
        for (int i = 0; i < PAIRS; i++) {
            float value = -(float)(next_random(&seed) % 128) * 0.25f; /* 7 bits */
            uint32_t bits = myr_bits_of_float(value), exponent = bits >> 23 & 0xff;
            single[c][i] = value;
            wide[c][i] = (double)value;
            narrow[0][c][i] = (uint16_t)(bits >> 16);
            narrow[1][c][i] = (uint16_t)((bits >> 16 & 0x8000) | (exponent ? (exponent - 112) << 10 : 0) |
                                         (bits >> 13 & 0x3ff));
        }
    static double gradient[4][2][PAIRS];
    static float single_gradient[2][PAIRS];
    myr_loss_metrics metrics[4];
    for (int type = 0; type < 4; type++) {
        myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
        myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
        options.backend = backend;
        myr_pairs pairs = MYR_PAIRS_INIT;
        pairs.count = PAIRS;
        const void *data[4][4];
        for (int c = 0; c < 4; c++) {
            data[MYR_F64][c] = wide[c];
            data[MYR_F32][c] = single[c];
            data[MYR_BF16][c] = narrow[0][c];
            data[MYR_F16][c] = narrow[1][c];
        }
        pairs.policy_chosen = (myr_array){data[type][0], (myr_dtype)type};
        pairs.policy_rejected = (myr_array){data[type][1], (myr_dtype)type};
        pairs.reference_chosen = (myr_array){data[type][2], (myr_dtype)type};
        pairs.reference_rejected = (myr_array){data[type][3], (myr_dtype)type};
        metrics[type] = (myr_loss_metrics)MYR_LOSS_METRICS_INIT;
        REQUIRE_OK(
            context,
            myr_loss_pairs(context, &loss, &pairs, &options, (myr_array_out){gradient[type][0], MYR_F64},
                           (myr_array_out){gradient[type][1], MYR_F64}, &metrics[type], NULL));
        cr_assert_eq(memcmp(&metrics[type], &metrics[0], sizeof metrics[0]), 0, "%s",
                     myr_dtype_name((myr_dtype)type));
        cr_assert_eq(memcmp(gradient[type], gradient[0], sizeof gradient[0]), 0);
        REQUIRE_OK(context, myr_loss_pairs(context, &loss, &pairs, &options,
                                           (myr_array_out){single_gradient[0], MYR_F32},
                                           (myr_array_out){single_gradient[1], MYR_F32}, NULL, NULL));
        for (int i = 0; i < 2 * PAIRS; i++)
            cr_assert_eq(single_gradient[i / PAIRS][i % PAIRS], (float)gradient[0][i / PAIRS][i % PAIRS]);
    }
    myr_context_destroy(context);
}

Test(pairs, narrow_floats_are_read_exactly) {
    for (uint32_t bits = 0; bits < 65536; bits++) {
        uint16_t element = (uint16_t)bits;
        double f16 = myr_element((myr_array){&element, MYR_F16}, 0);
        double bf16 = myr_element((myr_array){&element, MYR_BF16}, 0);
        double got[2] = {(double)myr_load_float(&element, MYR_F16, 0),
                         (double)myr_load_float(&element, MYR_BF16, 0)};
        cr_assert(isnan(f16) ? isnan(got[0]) : f16 == got[0] && signbit(f16) == signbit(got[0]), "%04x",
                  bits);
        cr_assert(isnan(bf16) ? isnan(got[1]) : bf16 == got[1] && signbit(bf16) == signbit(got[1]), "%04x",
                  bits);
    }
    uint16_t known[] = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x3555};
    double values[] = {1.0, -2.0, 65504.0, 0x1p-24, 0x1.554p-2};
    for (int i = 0; i < 5; i++)
        cr_assert_eq(myr_element((myr_array){known, MYR_F16}, (uint64_t)i), values[i]);
}

/* Bits do not depend on threads or on the instruction set. */
Test(pairs, cpu_gives_the_same_bits_however_it_runs) {
    static const char *const isas[] = {"baseline", "avx2", "avx512"};
    batch *b = new_batch("cpu"), *one = new_batch("cpu");
    uint64_t seed = fresh_seed();
    fill_batch(b, 19001, seed);
    fill_batch(one, 19001, seed);
    one->options.threads = 1;
    b->weighted = one->weighted = b->lengths = one->lengths = true;
    for (int name = 0; myr_loss_name(name); name++) {
        b->loss.loss = one->loss.loss = myr_loss_name(name);
        if (loss_is_sorted(b->loss.loss))
            continue;
        setenv("MYRIAD_ISA", "baseline", 1);
        cr_assert_eq(run_batch(one), MYR_OK);
        for (int run = 0; run < 9; run++) {
            setenv("MYRIAD_ISA", isas[run % 3], 1);
            if (myr_backend_available(b->context, "cpu") != MYR_OK)
                continue; /* this processor lacks it */
            b->options.threads = 1 + run;
            cr_assert_eq(run_batch(b), MYR_OK);
            cr_assert_eq(memcmp(&b->metrics, &one->metrics, sizeof b->metrics), 0, "%s on %s", b->loss.loss,
                         isas[run % 3]);
            cr_assert_eq(memcmp(b->gradient, one->gradient, sizeof b->gradient), 0, "%s on %s",
                         b->loss.loss, isas[run % 3]);
        }
    }
    free_batch(b);
    free_batch(one);
}
