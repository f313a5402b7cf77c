/* The ceiling of data points: their two products of matrices alone, with the weights already there. */
#include <cblas.h>
#include <omp.h>
#include <stdlib.h>

#include "bench.h"

/* X^T [dimension][width], scores and weights [points][width], sums [dimension][width]. */
typedef struct products {
    int points, dimension, width, tile;
    float *data, *x, *scores, *sums;
} products;

static void run_products(const products *p) {
    const int d = p->dimension, w = p->width;
    for (int first = 0; first < p->points; first += p->tile) {
        const int count = p->points - first < p->tile ? p->points - first : p->tile;
        const float *data = p->data + (size_t)first * (size_t)d;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, count, w, d, 1.0f, data, d, p->x, w, 0.0f,
                    p->scores, w);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, d, w, count, 1.0f, data, d, p->scores, w,
                    first > 0 ? 1.0f : 0.0f, p->sums, w);
    }
}

static float *numbers(size_t count) {
    float *made = malloc(count * sizeof *made);
    for (size_t n = 0; made && n < count; n++)
        made[n] = (float)(n * 2654435761u % 1000u) * 1e-3f;
    return made;
}

/* Trajectories a second that one thread of `threads` takes through the products, by a block of `width` of
 * them and `tile` points; 0 without memory. */
static double rate_of(int points, int dimension, int width, int tile) {
    const size_t n = (size_t)tile, d = (size_t)dimension, w = (size_t)width;
    products p = {points,         dimension,      width,         tile, numbers((size_t)points * d),
                  numbers(d * w), numbers(n * w), numbers(d * w)};
    double rate = 0.0;
    if (p.data && p.x && p.scores && p.sums) {
        int blocks = 0;
        run_products(&p);
        const double start = omp_get_wtime();
        double seconds = 0.0;
        while (seconds < 0.05) {
            run_products(&p);
            blocks++;
            seconds = omp_get_wtime() - start;
        }
        rate = blocks * (double)width / seconds;
    }
    free(p.data);
    free(p.x);
    free(p.scores);
    free(p.sums);
    return rate;
}

double bench_ceiling_products(int points, int dimension, int threads) {
    static const int widths[] = {128, 256, 512};
    const int before = openblas_get_num_threads();
    double best = 0.0;
    openblas_set_num_threads(1); /* the threads are ours, as in the library */
    for (int attempt = 0; attempt < 3; attempt++)
        for (int shape = 0; shape < 6; shape++) {
            double rate = 0.0;
#pragma omp parallel num_threads(threads) reduction(+ : rate)
            rate = rate_of(points, dimension, widths[shape / 2], shape % 2 && points > 256 ? 256 : points);
            best = rate > best ? rate : best;
        }
    openblas_set_num_threads(before);
    return best;
}
