/* Ranges: cut anywhere that may be, joined in any order of neighbours, they are one run to the bit. */
#include <criterion/criterion.h>

#include "plan_suite.h"

TestSuite(ranges, .init = begin, .fini = end);

enum { MOST_D = 3, CHUNKS = 11, REST = 1234, STEPS = 5 };

static const uint64_t count = (uint64_t)CHUNKS * MYR_RANGE_CHUNK + REST;

/* What is run: its plan and target. */
typedef struct study {
    myr_target *target;
    myr_plan *plan;
} study;

static study make_study(int kind) {
    const double mean[MOST_D] = {3.3, -1e6, 1e8}, variance[MOST_D] = {0.25, 1.0, 0.01};
    const double covariance[4] = {0.25, 0.2, 0.2, 0.3}, weights[2] = {0.3, 0.7};
    const double means[4] = {-2.0, 7.0, 1.0, 9.0}, variances[4] = {0.1, 0.2, 0.3, 0.1};
    const double transition[4] = {0.9, 0.1, 0.3, 0.7}, prior[2] = {0.75, 0.25};
    static const float points[6] = {1.0f, 2.0f, 4.0f, 8.0f, -3.0f, 5.0f};
    study s = {0};
    switch (kind) {
        case 0:
            REQUIRE_OK(context, myr_target_create_gaussian(context, 3, mean, variance, &s.target));
            break;
        case 1:
            REQUIRE_OK(context, myr_target_create_gaussian_full(context, 2, mean, covariance, &s.target));
            break;
        case 2:
            REQUIRE_OK(context,
                       myr_target_create_mixture(context, 2, 2, weights, means, variances, &s.target));
            break;
        case 3:
            REQUIRE_OK(context, myr_target_create_empirical(context, 3, 2, points, &s.target));
            break;
        default:
            REQUIRE_OK(context,
                       myr_target_create_discrete(context, 2, weights, 1, transition, prior, &s.target));
            break;
    }
    const myr_plan_options asked =
        kind == 4 ? ask("discrete", "ancestral", STEPS) : ask("edm", "euler-ancestral", STEPS);
    s.plan = make(&asked, s.target);
    return s;
}

static void free_study(study *s) {
    myr_plan_destroy(s->plan);
    myr_target_destroy(s->target);
}

static myr_run_options options_of(const char *backend, uint64_t seed, uint64_t first, uint64_t size) {
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.seed = seed;
    options.first = first;
    options.count = size;
    return options;
}

static myr_range *run(const study *s, const char *backend, uint64_t seed, uint64_t first, uint64_t size) {
    const myr_run_options options = options_of(backend, seed, first, size);
    myr_range *range = NULL;
    REQUIRE_OK(context, myr_run_range(context, s->plan, s->target, &options, &range, NULL));
    cr_assert(myr_range_first(range) == first && myr_range_count(range) == size);
    return range;
}

/* The run from `first` in random pieces, neighbours of which are then joined at random. */
static myr_range *run_in_pieces(const study *s, const char *backend, uint64_t seed, uint64_t first,
                                uint64_t *random) {
    myr_range *pieces[CHUNKS + 1];
    int n = 0;
    for (uint64_t at = 0; at < count;) {
        uint64_t size = (1 + next_random(random) % 4) * MYR_RANGE_CHUNK;
        if (size > count - at)
            size = count - at;
        pieces[n++] = run(s, backend, seed, first + at, size);
        at += size;
    }
    while (n > 1) {
        const int left = (int)(next_random(random) % (uint64_t)(n - 1));
        REQUIRE_OK(context, myr_range_join(context, pieces[left], pieces[left + 1]));
        myr_range_destroy(pieces[left + 1]);
        n--;
        memmove(&pieces[left + 1], &pieces[left + 2], (size_t)(n - left - 1) * sizeof *pieces);
    }
    return pieces[0];
}

/* From trajectory 0, from inside the tree, from inside a chunk, and across 2^32. */
TEST_ON_BACKENDS(ranges, in_pieces_are_one_run_to_the_bit) {
    static const uint64_t firsts[] = {0, 5 * MYR_RANGE_CHUNK, 3 * MYR_RANGE_CHUNK + 17,
                                      (UINT64_C(1) << 32) - 2 * MYR_RANGE_CHUNK};
    need_backend(context, backend);
    uint64_t seed = fresh_seed(), random = seed;
    const int tries = strcmp(backend, "reference") == 0 ? 1 : 5;
    for (int kind = 0; kind < 5; kind++) {
        study s = make_study(kind);
        const size_t d = (size_t)myr_plan_dimension(s.plan);
        for (size_t f = 0; f < sizeof firsts / sizeof *firsts; f++) {
            const myr_run_options options = options_of(backend, seed, firsts[f], count);
            myr_moment whole[MOST_D], joined[MOST_D];
            myr_report report = MYR_REPORT_INIT;
            REQUIRE_OK(context, myr_run_moments(context, s.plan, s.target, &options, whole, &report));
            cr_expect_eq(report.checksum, myr_moment_checksum(whole, (int)d));
            for (int n = 0; n < tries; n++) {
                myr_range *range = run_in_pieces(&s, backend, seed, firsts[f], &random);
                memset(joined, 0xff, sizeof joined);
                myr_range_moments(range, joined);
                cr_expect(memcmp(joined, whole, d * sizeof *whole) == 0,
                          "%s, target %d, first %llu, seed %llu: m4 %a, of one run %a", backend, kind,
                          (unsigned long long)firsts[f], (unsigned long long)seed, joined[0].m4,
                          whole[0].m4);
                cr_expect(myr_range_count(range) == count && myr_range_first(range) == firsts[f]);
                cr_expect_eq(myr_range_checksum(range), report.checksum);
                myr_range_destroy(range);
            }
        }
        free_study(&s);
    }
}

static void expect_refusal(myr_range *left, const myr_range *right, const char *message) {
    const uint64_t before = myr_range_checksum(left);
    cr_expect_eq(myr_range_join(context, left, right), MYR_INVALID_ARGUMENT, "%s", message);
    cr_expect(strstr(myr_context_error(context), message) != NULL, "'%s', not '%s'",
              myr_context_error(context), message);
    cr_expect_eq(myr_range_checksum(left), before);
}

Test(ranges, that_are_no_neighbours_are_refused) {
    study s = make_study(1), other = make_study(2), flat = make_study(0);
    myr_range *left = run(&s, "cpu", 1, 0, 2 * MYR_RANGE_CHUNK);
    myr_range *ragged = run(&s, "cpu", 1, 2 * MYR_RANGE_CHUNK, 100);
    myr_range *apart = run(&s, "cpu", 1, 3 * MYR_RANGE_CHUNK, 100);
    myr_range *seed = run(&s, "cpu", 2, 2 * MYR_RANGE_CHUNK, 100);
    myr_range *mean = run(&other, "cpu", 1, 2 * MYR_RANGE_CHUNK, 100);
    myr_range *wide = run(&flat, "cpu", 1, 2 * MYR_RANGE_CHUNK, 100);
    expect_refusal(left, NULL, "NULL");
    expect_refusal(left, left, "right: begins at trajectory 0; expected 8192");
    expect_refusal(left, apart, "right: begins at trajectory 12288; expected 8192");
    expect_refusal(left, seed, "right: is of seed 2; expected left's, 1");
    expect_refusal(left, mean, "right: its mean path ends at ");
    expect_refusal(left, wide, "right: has 3 coordinates; expected 2");
    expect_refusal(ragged, apart, "left: has 100 trajectories; expected a multiple of 4096");
    myr_range *const all[] = {left, ragged, apart, seed, mean, wide};
    for (size_t n = 0; n < sizeof all / sizeof *all; n++)
        myr_range_destroy(all[n]);
    free_study(&s);
    free_study(&other);
    free_study(&flat);
}

/* Means are compared in every coordinate. */
Test(ranges, of_other_means_are_refused) {
    const myr_plan_options asked = ask("edm", "euler-ancestral", STEPS);
    const double variance[MOST_D] = {1.0, 1.0, 1.0};
    for (int c = 0; c < MOST_D; c++) {
        double mean[MOST_D] = {1.0, 2.0, 3.0};
        char message[64];
        study s[2];
        myr_range *range[2];
        for (int n = 0; n < 2; n++) {
            mean[c] += n;
            REQUIRE_OK(context, myr_target_create_gaussian(context, MOST_D, mean, variance, &s[n].target));
            s[n].plan = make(&asked, s[n].target);
            range[n] = run(&s[n], "cpu", 1, (uint64_t)n * MYR_RANGE_CHUNK, MYR_RANGE_CHUNK);
        }
        snprintf(message, sizeof message, " in coordinate %d; expected left's, ", c);
        expect_refusal(range[0], range[1], message);
        for (int n = 0; n < 2; n++) {
            myr_range_destroy(range[n]);
            free_study(&s[n]);
        }
    }
}
