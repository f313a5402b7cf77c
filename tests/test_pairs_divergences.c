/* Divergences and lengths, and bco_pair's shift, as TRL's trainer has them since 0.29: its formulas, written
 * out here, and values that it gave. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

#include "exponential.h"
#include "pairs_batch.h"

/* A score f'(t) at t = exp(u) of TRL 1.16's dpo_trainer.py, and its slope in u. */
static double score(const char *divergence, double c, double u, double *slope) {
    if (strcmp(divergence, "js_divergence") == 0) {
        *slope = 1.0 / (1.0 + exp(u));
        return log(2.0) - log1p(exp(-u));
    }
    if (strcmp(divergence, "alpha_divergence") == 0 && fabs(c - 1.0) >= 1e-6) {
        *slope = exp((c - 1.0) * u);
        return expm1((c - 1.0) * u) / (c - 1.0);
    }
    *slope = 1.0;
    return u;
}

/* The loss of a pair and its slope in the margin. */
static double margin_loss(const char *loss, double beta, double margin, double *slope) {
    if (strcmp(loss, "ipo") == 0) {
        double off = margin - 1.0 / (2.0 * beta);
        *slope = 2.0 * off;
        return off * off;
    }
    *slope = -beta / (1.0 + exp(beta * margin));
    return log1p(exp(-beta * margin));
}

typedef struct wanted {
    double loss, gradient[2];
} wanted;

static wanted trl_pair(const batch *b, uint64_t i) {
    const bool per_token = strcmp(b->loss.loss, "sigmoid") != 0;
    double s[2], slope[2], outer;
    for (int k = 0; k < 2; k++) {
        double length = per_token ? b->length[k][i] : 1.0;
        s[k] = score(b->loss.f_divergence, b->loss.f_alpha_divergence_coef,
                     b->policy[k][i] - b->reference[k][i], &slope[k]) /
               length;
        slope[k] /= length;
    }
    wanted w;
    w.loss = margin_loss(b->loss.loss, b->loss.beta, s[0] - s[1], &outer);
    w.gradient[0] = outer * slope[0];
    w.gradient[1] = -outer * slope[1];
    return w;
}

/* In double, roundings of a few units of 2^-53, magnified by w and l of up to 12 in exponents: 1e-12. On the
 * float backends the margin is off by 2^-24 (|w| + |l|) e^(1.5 6) at most, and by 6e-7 of each score (beta is
 * at most 1): 4 2^-24 times the sum of the scores and slopes (1 + |u|) is more than that, and is what the
 * loss moves by, times its slope; gradients likewise, for which slopes move as much as they are large. */
static void compare(batch *b, bool is_float) {
    double sum = 0.0, most = 0.0;
    for (uint64_t i = 0; i < b->count; i++) {
        const wanted w = trl_pair(b, i);
        double part = 0.0;
        for (int k = 0; k < 2; k++) {
            double u = b->policy[k][i] - b->reference[k][i], slope;
            double s = score(b->loss.f_divergence, b->loss.f_alpha_divergence_coef, u, &slope);
            part += (fabs(s) + slope * (1.0 + fabs(u))) * (is_float ? 16.0 * 0x1p-24 : 32.0 * 0x1p-53);
        }
        const double outer = fmax(2.0 * sqrt(w.loss), 1.0);
        for (int k = 0; k < 2; k++) {
            const double relative = is_float ? 1e-5 : 1e-12;
            double bound = relative * fabs(w.gradient[k]) + 2.0 * part * fmax(1.0, fabs(w.gradient[k]));
            cr_assert(fabs(b->gradient[k][i] * (double)b->count - w.gradient[k]) <= bound,
                      "%s %s c %g row %llu: gradient %.9g, not %.9g", b->loss.loss, b->loss.f_divergence,
                      b->loss.f_alpha_divergence_coef, (unsigned long long)i,
                      b->gradient[k][i] * (double)b->count, w.gradient[k]);
        }
        sum += w.loss;
        most += part * outer + (is_float ? 1e-6 : 1e-14) * fabs(w.loss);
    }
    cr_assert(fabs(b->metrics.loss * (double)b->count - sum) <= most, "%s %s c %g: loss %.17g, not %.17g",
              b->loss.loss, b->loss.f_divergence, b->loss.f_alpha_divergence_coef, b->metrics.loss,
              sum / (double)b->count);
}

TEST_ON_BACKENDS(pairs_divergences, divide_scores_by_lengths_as_trl) {
    static const char *const losses[] = {"sigmoid", "sigmoid_norm", "ipo"};
    static const double coefficients[] = {-0.5, 0.0, 0.3, 0.5, 0.7, 0.9999, 1.0, 1.0001, 1.5, 2.0};
    batch *b = new_batch(backend);
    const bool is_float = strcmp(backend, "reference") != 0;
    fill_batch(b, 700, fresh_seed()); /* whole blocks of rows, and a part of one */
    b->lengths = true;
    for (int loss = 0; loss < 3; loss++)
        for (int i = -2; i < 10; i++) {
            b->loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
            b->loss.loss = losses[loss];
            b->loss.beta = 0.5;
            b->loss.f_divergence = i == -2 ? "reverse_kl" : i == -1 ? "js_divergence" : "alpha_divergence";
            if (i >= 0)
                b->loss.f_alpha_divergence_coef = coefficients[i];
            cr_assert_eq(run_batch(b), MYR_OK, "%s", myr_context_error(b->context));
            compare(b, is_float);
        }
    free_batch(b);
}

/* A pair that TRL 1.16 was run on: ipo and js_divergence with lengths 19 and 25 gave 27.3259;
 * alpha_divergence with the coefficient 0.7 gave 1.4171. */
TEST_ON_BACKENDS(pairs_divergences, known_values_of_trl) {
    batch *b = new_batch(backend);
    b->count = 1;
    b->policy[0][0] = -32.793098999999998, b->policy[1][0] = -23.552761;
    b->reference[0][0] = -28.248670000000001, b->reference[1][0] = -25.925712000000001;
    b->length[0][0] = 19, b->length[1][0] = 25;
    b->lengths = true;
    b->loss.loss = "ipo";
    b->loss.f_divergence = "js_divergence";
    cr_assert_eq(run_batch(b), MYR_OK);
    cr_expect(fabs(b->metrics.loss - 27.3259) <= 5e-5, "%.9g", b->metrics.loss);
    b->loss.loss = "sigmoid";
    b->loss.f_divergence = "alpha_divergence";
    b->loss.f_alpha_divergence_coef = 0.7;
    cr_assert_eq(run_batch(b), MYR_OK);
    cr_expect(fabs(b->metrics.loss - 1.4171) <= 5e-5, "%.9g", b->metrics.loss);
    free_batch(b);
}

/* -log sigma(beta w) - log sigma(-beta l), nothing taken off, whatever else is in the batch. */
TEST_ON_BACKENDS(pairs_divergences, bco_pair_has_no_shift) {
    batch *b = new_batch(backend);
    fill_batch(b, 700, fresh_seed());
    b->loss.loss = "bco_pair";
    double sum = 0.0;
    cr_assert_eq(run_batch(b), MYR_OK);
    for (uint64_t i = 0; i < b->count; i++) {
        double w = 0.1 * (b->policy[0][i] - b->reference[0][i]);
        double l = 0.1 * (b->policy[1][i] - b->reference[1][i]);
        double want = -0.1 / (1.0 + exp(w)) / (double)b->count;
        cr_expect(fabs(b->gradient[0][i] - want) <= 1e-5 * fabs(want));
        sum += log1p(exp(-w)) + log1p(exp(l));
    }
    cr_expect(fabs(b->metrics.loss - sum / (double)b->count) <= 1e-6 * b->metrics.loss);
    free_batch(b);
}

/* kernels/exponential.h: relative error below 6e-7, on both sides of where its two ways meet and near 0. */
Test(pairs_divergences, expm1_keeps_its_bound) {
    uint64_t state = fresh_seed();
    for (int i = 0; i < 3000000; i++) {
        const double size = i % 3 == 0 ? 1e-6 : i % 3 == 1 ? 1.2 : 90.0;
        const float x = (float)(size * (2.0 * uniform(&state) - 1.0));
        const double exact = expm1((double)fminf(x, MYR_EXP_HIGHEST));
        cr_assert(fabs((double)myr_expm1(x) - exact) <= 6e-7 * fabs(exact), "%.9g: %.9g, not %.9g",
                  (double)x, (double)myr_expm1(x), exact);
    }
    cr_expect_eq(myr_expm1(0.0f), 0.0f);
    cr_expect_eq(myr_expm1(-200.0f), -1.0f);
}
