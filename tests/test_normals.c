/* Normals: float against the reference within the derived bound, and their distribution.
 *
 * Statistics are held to five standard deviations of their null distribution (or the like, where it is not
 * normal): each fails by chance about once in a million runs. */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "ground/generator.h"
#include "normal.h"
#include "reference/reference_random.h"
#include "support.h"
#include "verify/rounding.h"

/* Words at which something changes: signs, the rounding to 24 bits, the ends. */
static const uint32_t extremes[] = {
    0,          1,          2,          3,          0x7fffff,   0x800000,   0x800001,   0xffffff,
    0x1000000,  0x1000001,  0x1000003,  0x2aaaaaaa, 0x2aaaaaab, 0x3fffffff, 0x40000000, 0x40000001,
    0x55555555, 0x55555556, 0x6a09e667, 0x7fffff00, 0x7fffff7f, 0x7fffff80, 0x7fffffbf, 0x7fffffc0,
    0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0x80000002, 0x8000003f, 0x80000040, 0x80000041,
    0x80000080, 0xaaaaaaaa, 0xaaaaaaab, 0xbfffffff, 0xc0000000, 0xc0000001, 0xd5555555, 0xfeffffff,
    0xff000000, 0xff7fffff, 0xff800000, 0xfffffffe, 0xffffffff};
enum { extreme_count = sizeof extremes / sizeof *extremes };

static double share_of_pair(uint32_t w0, uint32_t w1) {
    double expected[2], bound[2];
    float z[2] = {NAN, NAN};
    myr_reference_box_muller(w0, w1, expected);
    myr_bound_normal_pair(w0, w1, false, bound);
    myr_normal_pair(w0, w1, &z[0], &z[1]);
    double worst = 0.0;
    for (int j = 0; j < 2; j++) {
        double share = fabs((double)z[j] - expected[j]) / bound[j];
        cr_assert(share <= 1.0, "words %08" PRIx32 " %08" PRIx32 ": normal %d is %.9g, not %.17g within %g",
                  w0, w1, j, (double)z[j], expected[j], bound[j]);
        cr_assert(fabs((double)z[j]) < 6.765, "at most sqrt(66 ln 2)");
        worst = fmax(worst, share);
    }
    return worst;
}

Test(normals, float_is_within_the_bound_at_extreme_words) {
    for (int a = 0; a < extreme_count; a++)
        for (int b = 0; b < extreme_count; b++)
            share_of_pair(extremes[a], extremes[b]);
}

Test(normals, float_is_within_the_bound_at_random_words) {
    uint64_t state = fresh_seed();
    double worst = 0.0;
    for (int n = 0; n < 2000000; n++) {
        uint64_t bits = next_random(&state);
        /* Every fourth pair with words near 0 in size, every fourth with w0 near the top, where rho is
         * small. */
        uint32_t w0 = (uint32_t)bits, w1 = (uint32_t)(bits >> 32);
        if (n % 4 == 1) {
            w0 >>= n / 4 % 32;
            w1 >>= n / 128 % 32;
        } else if (n % 4 == 2) {
            w0 = 0x80000000u - (w0 >> (1 + n / 4 % 31));
        }
        worst = fmax(worst, share_of_pair(w0, w1));
    }
    /* A bound that nothing comes near would show little. */
    cr_assert(worst >= 0.2, "the worst share is %g", worst);
}

/* What statistics and training draw with is other code than the reference; in double both round alike, for they do
 * the same operations on the same words. */
Test(normals, generator_of_production_draws_the_words_and_normals_of_the_reference) {
    uint64_t state = fresh_seed();
    for (int n = 0; n < 20000; n++) {
        const uint64_t seed = next_random(&state), index = next_random(&state) >> n % 64;
        const uint32_t stream = (uint32_t)next_random(&state), block = (uint32_t)next_random(&state);
        uint32_t expected[4], words[4];
        double normal[4];
        myr_reference_words(seed, index, stream, block, expected);
        myr_words_draw(seed, index, stream, block, words);
        myr_reference_normals(seed, index, stream, block, normal);
        myr_normals normals = myr_normals_make(seed, index, stream);
        for (int j = 0; j < 4; j++) {
            const double drawn = myr_normals_draw(&normals, 4 * (int64_t)block + j);
            cr_assert(words[j] == expected[j] && drawn == normal[j],
                      "word %d of block %" PRIu32 ": %08" PRIx32 ", expected %08" PRIx32
                      "; normal %.17g, %.17g",
                      j, block, words[j], expected[j], drawn, normal[j]);
        }
    }
}

Test(normals, bound_is_small) {
    /* rho is known to 1e-6 where it is not small, and to sqrt(5 eps) where it is 0. */
    double bound[2];
    myr_bound_normal_pair(0, 0x40000000, false, bound);
    cr_assert(bound[0] <= 4e-6 && bound[1] <= 4e-6, "%g %g", bound[0], bound[1]);
    myr_bound_normal_pair(0x40000000, 0x40000000, false, bound);
    cr_assert(bound[0] <= 1e-6 && bound[1] <= 1e-6, "%g %g", bound[0], bound[1]);
    myr_bound_normal_pair(0x7fffffff, 0, false, bound);
    cr_assert(bound[0] <= 6e-4 && bound[1] <= 6e-4, "%g %g", bound[0], bound[1]);
    myr_bound_normal_pair(0x40000000, 0x40000000, true, bound);
    cr_assert(bound[0] <= 4e-6 && bound[1] <= 4e-6, "%g %g", bound[0], bound[1]);
}

/* What is kept of the draws: power sums, a histogram of bins 2^-8 wide over [-7, 7), products of pairs. */
enum { per_unit = 256, half_range = 7, bins = 2 * half_range * per_unit, blocks_kept = 4 };
enum { pair_kinds = 8 };
typedef struct summary {
    double n, power[4];
    double bin[bins];
    double pairs, product[pair_kinds], square_product[pair_kinds];
} summary;

/* Trajectories n and n + 1, blocks b and b + 1; the six pairs inside a block, a block and the next one of
 * the same trajectory, a block and the same one of the next trajectory. */
static void add_pairs(summary *s, const double (*z)[blocks_kept][4], uint64_t n, int b) {
    static const int left[6] = {0, 0, 0, 1, 1, 2}, right[6] = {1, 2, 3, 2, 3, 3};
    const double *here = z[n][b];
    for (int k = 0; k < pair_kinds; k++) {
        double p = here[k < 6 ? left[k] : k == 6 ? 3 : 1];
        double q = k < 6 ? here[right[k]] : k == 6 ? z[n][b + 1][0] : z[n + 1][b][1];
        s->product[k] += p * q;
        s->square_product[k] += (p * p - 1.0) * (q * q - 1.0);
    }
    s->pairs++;
}

static void add_draws(summary *s, const double *normals, uint64_t trajectories) {
    const double(*z)[blocks_kept][4] = (const double(*)[blocks_kept][4])normals;
    double power[4] = {0};
    uint64_t count = trajectories * blocks_kept * 4;
    for (uint64_t j = 0; j < count; j++) {
        double x = normals[j], square = x * x;
        power[0] += x;
        power[1] += square;
        power[2] += square * x;
        power[3] += square * square;
        int bin = (int)floor((x + half_range) * per_unit);
        cr_assert(bin >= 0 && bin < bins, "normal %g", x); /* also NaN, whose conversion lies outside */
        s->bin[bin]++;
    }
    for (int p = 0; p < 4; p++)
        s->power[p] += power[p];
    s->n += (double)count;
    for (uint64_t n = 0; n + 1 < trajectories; n++)
        for (int b = 0; b + 1 < blocks_kept; b++)
            add_pairs(s, z, n, b);
}

static void summarise(const char *backend, uint64_t seed, uint64_t draws, summary *s) {
    enum { trajectories = 16384 };
    myr_context *context = new_context();
    need_backend(context, backend);
    const size_t size = (size_t)trajectories * blocks_kept * 4;
    double *normals = malloc(size * sizeof *normals);
    cr_assert(normals);
    memset(s, 0, sizeof *s);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.seed = seed;
    options.count = trajectories;
    for (; s->n < (double)draws; options.first += trajectories) {
        memset(normals, 0xff, size * sizeof *normals); /* poison: NaN */
        REQUIRE_OK(context,
                   myr_random_normals(context, &options, MYR_STREAM_STEP, 7, blocks_kept, normals));
        add_draws(s, normals, trajectories);
    }
    free(normals);
    myr_context_destroy(context);
}

static double normal_cdf(double x) {
    return 0.5 * erfc(-x * 0.70710678118654752);
}

static double edge(int bin) {
    return (double)bin / per_unit - half_range;
}

/* E z^p = 0, 1, 0, 3; the variance of z^p is 1, 2, 15, 96. */
static void expect_moments(const summary *s, uint64_t seed) {
    static const double mean[4] = {0.0, 1.0, 0.0, 3.0}, variance[4] = {1.0, 2.0, 15.0, 96.0};
    for (int p = 0; p < 4; p++) {
        double deviation = (s->power[p] / s->n - mean[p]) / sqrt(variance[p] / s->n);
        cr_assert(fabs(deviation) <= 5.0, "seed %" PRIu64 ": moment %d is %g standard errors off", seed,
                  p + 1, deviation);
    }
}

/* Kolmogorov and Smirnov at the edges of the bins, where D is at most that at all points:
 * P(D sqrt(n) > 2.7) <= 2 exp(-2 2.7^2) = 9e-7. */
static void expect_cdf(const summary *s, uint64_t seed) {
    double below = 0.0, worst = 0.0;
    for (int b = 0; b < bins; b++) {
        below += s->bin[b];
        worst = fmax(worst, fabs(below / s->n - normal_cdf(edge(b + 1))));
    }
    cr_assert(worst * sqrt(s->n) <= 2.7, "seed %" PRIu64 ": D sqrt(n) = %g", seed, worst * sqrt(s->n));
}

/* chi^2 over bins merged to an expected count of 100 and more; (chi^2 - f)/sqrt(2 f) is close to normal for
 * the hundreds of degrees of freedom f that there are. */
static void expect_histogram(const summary *s, uint64_t seed) {
    double chi2 = 0.0, freedom = -1.0, observed = 0.0, expected = 0.0, left = 1.0;
    for (int b = 0; b < bins; b++) {
        observed += s->bin[b];
        expected += b == 0 ? normal_cdf(edge(1)) : normal_cdf(edge(b + 1)) - normal_cdf(edge(b));
        bool enough = expected * s->n >= 100.0 && (left - expected) * s->n >= 100.0;
        if (!enough && b + 1 < bins)
            continue;
        double share = b + 1 < bins ? expected : left;
        chi2 += (observed - share * s->n) * (observed - share * s->n) / (share * s->n);
        freedom++;
        left -= expected;
        observed = expected = 0.0;
    }
    double deviation = (chi2 - freedom) / sqrt(2.0 * freedom);
    cr_assert(freedom > 500 && fabs(deviation) <= 5.0,
              "seed %" PRIu64 ": chi^2 %g with %g degrees of freedom", seed, chi2, freedom);
}

/* Counts beyond k sigma, each side: binomial. Beyond five sigma the expected count may be a few tens, where
 * the Poisson tail beyond 6 deviations is below 1e-6. */
static void expect_tails(const summary *s, uint64_t seed) {
    for (int sigma = 3; sigma <= 5; sigma++) {
        double p = normal_cdf(-sigma), count[2] = {0.0, 0.0};
        for (int b = 0; b < bins; b++) {
            if (edge(b + 1) <= -sigma)
                count[0] += s->bin[b];
            if (edge(b) >= sigma)
                count[1] += s->bin[b];
        }
        double scale = sqrt(s->n * p * (1.0 - p));
        for (int side = 0; side < 2; side++)
            cr_assert(fabs(count[side] - s->n * p) <= 6.0 * scale + 1.0,
                      "seed %" PRIu64 ": %g beyond %d sigma, expected %g +- %g", seed, count[side], sigma,
                      s->n * p, scale);
    }
}

/* Under independence the products have mean 0 and variance 1, those of z^2 - 1 variance 4. Terms of the sum
 * that share a normal are uncorrelated. */
static void expect_independence(const summary *s, uint64_t seed) {
    for (int k = 0; k < pair_kinds; k++) {
        double deviation = s->product[k] / sqrt(s->pairs);
        double of_squares = s->square_product[k] / (2.0 * sqrt(s->pairs));
        cr_assert(fabs(deviation) <= 5.0 && fabs(of_squares) <= 5.0,
                  "seed %" PRIu64 ": pair %d, correlation %g, of squares %g standard errors", seed, k,
                  deviation, of_squares);
    }
}

static void expect_normal(const char *backend, uint64_t draws) {
    static summary s; /* too large for a stack under a sanitizer */
    uint64_t seed = fresh_seed();
    summarise(backend, seed, draws, &s);
    expect_moments(&s, seed);
    expect_cdf(&s, seed);
    expect_histogram(&s, seed);
    expect_tails(&s, seed);
    expect_independence(&s, seed);
}

Test(normals, are_standard_normal_at_a_hundred_million_draws_on_cpu) {
    expect_normal("cpu", sample_size(100000000));
}

Test(normals, are_standard_normal_on_reference) {
    expect_normal("reference", sample_size(5000000));
}

Test(normals, are_standard_normal_on_cuda) {
    expect_normal("cuda", sample_size(100000000));
}
