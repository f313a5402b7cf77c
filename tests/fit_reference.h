/* Fits in double by obvious loops, for the tests of fits: Zermelo's and Hunter's iteration, and the
 * weighted least squares of the published table. Nothing here is the library's. */
#ifndef MYRIAD_TEST_FIT_REFERENCE_H
#define MYRIAD_TEST_FIT_REFERENCE_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bradley-Terry from wins[i * n + j], how often i beat j: gamma_i <- W_i / sum_j n_ij / (gamma_i + gamma_j)
 * (Zermelo 1929), until no log gamma moves by more than 1e-15 of its size. x: log gamma, sum 0. */
static inline void zermelo(uint32_t n, const double *wins, double *x) {
    double *gamma = calloc(n, sizeof *gamma), change = 1.0;
    for (uint32_t i = 0; i < n; i++)
        gamma[i] = 1.0;
    for (int round = 0; round < 200000 && change > 1e-15; round++) {
        change = 0.0;
        for (uint32_t i = 0; i < n; i++) {
            double won = 0.0, sum = 0.0;
            for (uint32_t j = 0; j < n; j++) {
                won += wins[i * n + j];
                sum += (wins[i * n + j] + wins[j * n + i]) / (gamma[i] + gamma[j]);
            }
            double next = won / sum;
            change = fmax(change, fabs(next / gamma[i] - 1.0));
            gamma[i] = next;
        }
    }
    double mean = 0.0;
    for (uint32_t i = 0; i < n; i++)
        mean += log(gamma[i]) / n;
    for (uint32_t i = 0; i < n; i++)
        x[i] = log(gamma[i]) - mean;
    free(gamma);
}

/* Plackett-Luce: gamma_i <- (rankings in which i is not last) / sum over stages with i still there of
 * 1 / (sum of the gammas still there) (Hunter 2004). */
static inline void hunter(uint32_t n, uint64_t count, const uint64_t *offsets, const uint32_t *item,
                          double *x) {
    double *gamma = calloc(3 * (size_t)n, sizeof *gamma), *won = gamma + n, *sum = gamma + 2 * n;
    double change = 1.0;
    for (uint32_t i = 0; i < n; i++)
        gamma[i] = 1.0;
    for (int round = 0; round < 200000 && change > 1e-15; round++) {
        memset(won, 0, 2 * (size_t)n * sizeof *won);
        for (uint64_t m = 0; m < count; m++)
            for (uint64_t k = offsets[m]; k + 1 < offsets[m + 1]; k++) {
                double left = 0.0;
                for (uint64_t e = k; e < offsets[m + 1]; e++)
                    left += gamma[item[e]];
                won[item[k]] += 1.0;
                for (uint64_t e = k; e < offsets[m + 1]; e++)
                    sum[item[e]] += 1.0 / left;
            }
        change = 0.0;
        for (uint32_t i = 0; i < n; i++) {
            change = fmax(change, fabs(won[i] / sum[i] / gamma[i] - 1.0));
            gamma[i] = won[i] / sum[i];
        }
    }
    double mean = 0.0;
    for (uint32_t i = 0; i < n; i++)
        mean += log(gamma[i]) / n;
    for (uint32_t i = 0; i < n; i++)
        x[i] = log(gamma[i]) - mean;
    free(gamma);
}

/* The inverse of a [n][n], by Gauss and Jordan with pivots. */
static inline void invert(int n, double *a, double *inverse) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            inverse[i * n + j] = i == j;
    for (int c = 0; c < n; c++) {
        int pivot = c;
        for (int r = c; r < n; r++)
            if (fabs(a[r * n + c]) > fabs(a[pivot * n + c]))
                pivot = r;
        for (int j = 0; j < n; j++) {
            double t = a[c * n + j], u = inverse[c * n + j];
            a[c * n + j] = a[pivot * n + j], a[pivot * n + j] = t;
            inverse[c * n + j] = inverse[pivot * n + j], inverse[pivot * n + j] = u;
        }
        double d = a[c * n + c];
        for (int j = 0; j < n; j++)
            a[c * n + j] /= d, inverse[c * n + j] /= d;
        for (int r = 0; r < n; r++) {
            double f = r == c ? 0.0 : a[r * n + c];
            for (int j = 0; j < n; j++) {
                a[r * n + j] -= f * a[c * n + j];
                inverse[r * n + j] -= f * inverse[c * n + j];
            }
        }
    }
}

/* A logistic regression of columns parameters on rows: wins[r] of tries[r], design[r * columns + c], by
 * iterated weighted least squares as R's glm does it: from (wins + 1/2)/(tries + 1), until the deviance
 * changes by less than epsilon of it; errors come from the weights of the last step, before it was taken.
 * epsilon 0: 30 steps. */
static inline void glm(int rows, int columns, const double *design, const double *wins, const double *tries,
                       double epsilon, double *b, double *errors) {
    double *p = calloc((size_t)rows + 3 * (size_t)columns * (size_t)columns, sizeof *p);
    double *A = p + rows, *inverse = A + columns * columns, *rhs = inverse + columns * columns;
    double before = INFINITY;
    for (int r = 0; r < rows; r++)
        p[r] = (wins[r] + 0.5) / (tries[r] + 1.0);
    for (int step = 0; step < 30; step++) {
        memset(A, 0, 3 * (size_t)columns * (size_t)columns * sizeof *A);
        for (int r = 0; r < rows; r++) {
            double w = tries[r] * p[r] * (1.0 - p[r]);
            double z = log(p[r] / (1.0 - p[r])) + (wins[r] / tries[r] - p[r]) / (p[r] * (1.0 - p[r]));
            for (int i = 0; i < columns; i++) {
                rhs[i] += w * z * design[r * columns + i];
                for (int j = 0; j < columns; j++)
                    A[i * columns + j] += w * design[r * columns + i] * design[r * columns + j];
            }
        }
        invert(columns, A, inverse);
        for (int i = 0; i < columns; i++) {
            b[i] = 0.0;
            for (int j = 0; j < columns; j++)
                b[i] += inverse[i * columns + j] * rhs[j];
            errors[i] = sqrt(inverse[i * columns + i]);
        }
        double deviance = 0.0;
        for (int r = 0; r < rows; r++) {
            double eta = 0.0, lost = tries[r] - wins[r];
            for (int i = 0; i < columns; i++)
                eta += b[i] * design[r * columns + i];
            p[r] = 1.0 / (1.0 + exp(-eta));
            deviance += wins[r] > 0.0 ? 2.0 * wins[r] * log(wins[r] / (tries[r] * p[r])) : 0.0;
            deviance += lost > 0.0 ? 2.0 * lost * log(lost / (tries[r] * (1.0 - p[r]))) : 0.0;
        }
        if (fabs(deviance - before) < epsilon * (fabs(deviance) + 0.1))
            break;
        before = deviance;
    }
    free(p);
}

#endif
