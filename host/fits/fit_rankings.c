/* Plackett-Luce: of a ranking of weight w, with L_k = log sum_{j >= k} exp(x_j),
 *
 *     value      = w sum_k (L_k - x_k)
 *     gradient_i = w (sum_{k <= i} p_ik - 1),      p_ik = exp(x_i - L_k)
 *     Hessian_ij = w sum_{k <= min(i, j)} (delta_ij p_ik - p_ik p_jk)
 *
 * The sums over k are kept relative to the last one, since L_k falls with k:
 *
 *     R_i = sum_{k <= i} exp(L_i - L_k) = R_{i-1} exp(L_i - L_{i-1}) + 1,
 *     Q_i = sum_{k <= i} exp(2 (L_i - L_k)) likewise,
 *
 * so that sum_k p_ik = R_i p_ii and sum_{k <= i} p_ik p_jk = Q_i p_ii p_ji: nothing overflows. */
#include <math.h>
#include <string.h>

#include "fit_value.h"

/* L_k for k = 0 … count - 1, from the last one on, relative to the largest x so far. */
static void suffix_sums(const double *x, const uint32_t *items, uint64_t count, double *L) {
    double top = -INFINITY, sum = 0.0;
    for (uint64_t k = count; k-- > 0;) {
        const double here = x[items[k]];
        if (here <= top) {
            sum += exp(here - top);
        } else {
            sum = sum * exp(top - here) + 1.0;
            top = here;
        }
        L[k] = top + log(sum);
    }
}

/* R_i and Q_i; either may be NULL. */
static void prefix_sums(const double *L, uint64_t count, double *R, double *Q) {
    double r = 0.0, q = 0.0;
    for (uint64_t i = 0; i < count; i++) {
        /* L is there. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        const double fall = i ? exp(L[i] - L[i - 1]) : 0.0;
        r = r * fall + 1.0;
        q = q * fall * fall + 1.0;
        if (R)
            R[i] = r;
        if (Q)
            Q[i] = q;
    }
}

long double myr_rankings_value(const myr_model *model, const double *weights, const double *x,
                               double *gradient, double *scratch) {
    double *L = scratch, *R = L + model->longest;
    long double value = 0.0L;
    memset(gradient, 0, model->parameters * sizeof *gradient);
    for (uint64_t m = 0; m < model->ranking_count; m++) {
        const uint32_t *items = model->entries + model->offsets[m];
        const uint64_t count = model->offsets[m + 1] - model->offsets[m];
        const double w = weights[m];
        double sum = 0.0;
        suffix_sums(x, items, count, L);
        prefix_sums(L, count, R, NULL);
        for (uint64_t i = 0; i < count; i++) {
            sum += L[i] - x[items[i]];
            gradient[items[i]] += w * (R[i] * exp(x[items[i]] - L[i]) - 1.0);
        }
        value += w * sum;
    }
    return value;
}

static void add_hessian(const double *x, const uint32_t *items, uint64_t count, double w, const double *L,
                        const double *R, const double *Q, size_t n, double *hessian) {
    for (uint64_t i = 0; i < count; i++) {
        const size_t a = items[i];
        const double p = exp(x[a] - L[i]);
        hessian[a * n + a] += w * (R[i] * p - Q[i] * p * p);
        for (uint64_t j = i + 1; j < count; j++) {
            const size_t b = items[j], low = a < b ? a : b, high = a < b ? b : a;
            hessian[high * n + low] -= w * Q[i] * p * exp(x[b] - L[i]);
        }
    }
}

void myr_rankings_hessian(const myr_model *model, const double *weights, const double *x, double *hessian,
                          double *scratch) {
    double *L = scratch, *R = L + model->longest, *Q = R + model->longest;
    for (uint64_t m = 0; m < model->ranking_count; m++) {
        const uint32_t *items = model->entries + model->offsets[m];
        const uint64_t count = model->offsets[m + 1] - model->offsets[m];
        suffix_sums(x, items, count, L);
        prefix_sums(L, count, R, Q);
        add_hessian(x, items, count, weights[m], L, R, Q, model->parameters, hessian);
    }
}

void myr_rankings_diagonal(const myr_model *model, const double *weights, const double *x, double *diagonal,
                           double *scratch) {
    double *L = scratch, *R = L + model->longest, *Q = R + model->longest;
    for (uint64_t m = 0; m < model->ranking_count; m++) {
        const uint32_t *items = model->entries + model->offsets[m];
        const uint64_t count = model->offsets[m + 1] - model->offsets[m];
        suffix_sums(x, items, count, L);
        prefix_sums(L, count, R, Q);
        for (uint64_t i = 0; i < count; i++) {
            const double p = exp(x[items[i]] - L[i]);
            diagonal[items[i]] += weights[m] * (R[i] * p - Q[i] * p * p);
        }
    }
}

/* Of each ranking its gradient, place by place. */
void myr_rankings_scores(const myr_model *model, const double *x, double *scores, double *scratch) {
    double *L = scratch, *R = L + model->longest;
    for (uint64_t m = 0; m < model->ranking_count; m++) {
        const uint32_t *items = model->entries + model->offsets[m];
        const uint64_t count = model->offsets[m + 1] - model->offsets[m];
        double *own = scores + model->offsets[m];
        suffix_sums(x, items, count, L);
        prefix_sums(L, count, R, NULL);
        for (uint64_t i = 0; i < count; i++)
            own[i] = model->weights[m] * (1.0 - R[i] * exp(x[items[i]] - L[i]));
    }
}

double myr_rankings_spread(const myr_model *model, const double *scores, const double *v) {
    double sum = 0.0;
    for (uint64_t m = 0; m < model->ranking_count; m++) {
        double along = 0.0;
        for (uint64_t e = model->offsets[m]; e < model->offsets[m + 1]; e++)
            along += scores[e] * v[model->entries[e]];
        sum += along * along;
    }
    return sum;
}
