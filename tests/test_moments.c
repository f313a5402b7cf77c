/* Moments: the merge of two samples, of whole numbers; and a run's, over several chunks, against its samples'. */
#include <criterion/criterion.h>

#include "chunk_moments.h"
#include "support.h"

static myr_moment_node of_numbers(const int *x, int n) {
    myr_moment_node node = {.n = n};
    for (int i = 0; i < n; i++)
        node.mean += x[i];
    node.mean /= n;
    for (int i = 0; i < n; i++) {
        const double d = x[i] - node.mean;
        node.m2 += d * d;
        node.m3 += d * d * d;
        node.m4 += d * d * d * d;
    }
    return node;
}

/* Twelve and four numbers, skewed to opposite sides; all of it is a multiple of 2^-8 and below 2^40, so that
 * nothing rounds, in either order. */
Test(moments, a_merge_is_that_of_all_numbers) {
    static const int x[16] = {0, 0, 4, 8, 1, 1, 1, 13, 2, 6, 3, 3, -20, -4, 0, 6};
    const myr_moment_node whole = of_numbers(x, 16), none = {0};
    cr_assert(whole.m3 != 0.0 && whole.mean != 0.0);
    for (int cut = 4; cut <= 12; cut += 8) {
        const myr_moment_node a = of_numbers(x, cut), b = of_numbers(x + cut, 16 - cut);
        for (int turned = 0; turned < 2; turned++) {
            const myr_moment_node u = turned ? myr_moment_merge(b, a) : myr_moment_merge(a, b);
            cr_expect(u.n == 16.0 && u.mean == whole.mean && u.m2 == whole.m2 && u.m3 == whole.m3 &&
                          u.m4 == whole.m4,
                      "%d: %g %g %g %g", cut, u.mean, u.m2, u.m3, u.m4);
        }
        const myr_moment_node left = myr_moment_merge(a, none), right = myr_moment_merge(none, a);
        cr_expect(memcmp(&left, &a, sizeof a) == 0 && memcmp(&right, &a, sizeof a) == 0);
    }
}

/* Sums of d^k in any order: 24 additions in a chunk, a few a merge, and five roundings a term, each of 2^-53 of
 * the sum of |d|^k: 1e-14 holds all of it, and the samples' own rounding. */
TEST_ON_BACKENDS(moments, of_a_run_are_those_of_its_samples) {
    enum { d = 3, count = 3 * 4096 + 777 };
    static const double mean[d] = {0.5, -2.0, 3.0}, variance[d] = {0.01, 1.0, 4.0};
    static double samples[count][d];
    myr_context *context = new_context();
    need_backend(context, backend);
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_gaussian(context, d, mean, variance, &target));
    myr_plan *plan = new_plan(context, "ddpm-large", 5, "prior", target);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    myr_moment moments[d];
    options.backend = backend;
    options.count = count;
    options.seed = fresh_seed();
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, &samples[0][0], NULL));
    memset(moments, 0xff, sizeof moments);
    REQUIRE_OK(context, myr_run_moments(context, plan, target, &options, moments, NULL));
    for (int c = 0; c < d; c++) {
        long double m1 = 0.0L, sum[5] = {0.0L}, size[5] = {0.0L};
        for (int n = 0; n < count; n++)
            m1 += samples[n][c] / (long double)count;
        for (int n = 0; n < count; n++) {
            long double power = samples[n][c] - m1;
            for (int k = 2; k <= 4; k++) {
                power *= samples[n][c] - m1;
                sum[k] += power;
                size[k] += fabsl(power);
            }
        }
        const double got[5] = {0.0, 0.0, moments[c].m2, moments[c].m3, moments[c].m4};
        cr_expect_eq(moments[c].count, count);
        cr_expect(fabsl(moments[c].mean - m1) <= 1e-14L * (fabsl(m1) + sqrtl(size[2] / count)));
        for (int k = 2; k <= 4; k++)
            cr_expect(fabsl(got[k] - sum[k]) <= 1e-14L * k * size[k],
                      "seed %llu, m%d of %d: %.17g, not %.17Lg", (unsigned long long)options.seed, k, c,
                      got[k], sum[k]);
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}
