/* NULL in place of every pointer of the public calls, those on preferences apart (test_null_preferences.c):
 * it is allowed where the header says so, else refused, and never followed. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp */

#include <criterion/criterion.h>
#include <unistd.h>

#include "null_calls.h"

/* ---- targets and plans ----------------------------------------------------------------------------- */

static void make_targets(myr_context *c) {
    myr_target *t;
    REFUSED(myr_target_create_gaussian(c, 1, NULL, ones, &t));
    REFUSED(myr_target_create_gaussian(c, 1, zeros, NULL, &t));
    REFUSED(myr_target_create_gaussian(c, 1, zeros, ones, NULL));
    REFUSED(myr_target_create_gaussian_full(c, 1, NULL, ones, &t));
    REFUSED(myr_target_create_gaussian_full(c, 1, zeros, NULL, &t));
    REFUSED(myr_target_create_gaussian_full(c, 1, zeros, ones, NULL));
    REFUSED(myr_target_create_mixture(c, 1, 1, NULL, zeros, ones, &t));
    REFUSED(myr_target_create_mixture(c, 1, 1, ones, NULL, ones, &t));
    REFUSED(myr_target_create_mixture(c, 1, 1, ones, zeros, NULL, &t));
    REFUSED(myr_target_create_mixture(c, 1, 1, ones, zeros, ones, NULL));
    REFUSED(myr_target_create_empirical(c, 2, 1, NULL, &t));
    REFUSED(myr_target_create_empirical(c, 2, 1, floats, NULL));
    REFUSED(myr_target_create_discrete(c, 1, NULL, 1, ones, NULL, &t));
    REFUSED(myr_target_create_discrete(c, 1, ones, 1, NULL, NULL, &t));
    REFUSED(myr_target_create_discrete(c, 1, ones, 1, ones, NULL, NULL));
    REFUSED(myr_transition_matrix(c, NULL, 2, 0.5, 1, numbers));
    REFUSED(myr_transition_matrix(c, "uniform", 2, 0.5, 1, NULL));
    REFUSED(myr_target_load(c, NULL, &t));
    REFUSED(myr_target_load(c, "points.npy", NULL));
    myr_target_destroy(NULL);
    myr_target_moments(NULL, numbers, numbers);
    cr_expect_str_eq(myr_target_type(NULL), "");
    cr_expect_eq(myr_target_dimension(NULL) + myr_target_states(NULL), 0);
    cr_expect_eq(myr_target_steps(NULL) + myr_target_points(NULL), 0);
}

/* NULL for options is their initialiser. */
static void expect_default_plan(const myr_plan *plan, const myr_plan *other) {
    cr_assert_eq(myr_plan_steps(plan), myr_plan_steps(other));
    cr_expect_eq(
        memcmp(myr_plan_rows(plan), myr_plan_rows(other), (size_t)myr_plan_steps(plan) * sizeof(myr_row)),
        0);
}

static void make_plans(myr_context *c) {
    myr_target *t;
    myr_plan *plan, *other;
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT, unnamed = options;
    const myr_row row = {.a = 1, .s = 1, .a_next = 1, .A = 1};
    TAKEN(myr_target_create_gaussian(c, 1, zeros, ones, &t));
    TAKEN(myr_plan_create(c, &options, t, &plan));
    TAKEN(myr_plan_create(c, NULL, t, &other));
    expect_default_plan(plan, other);
    myr_plan_destroy(other);
    REFUSED(myr_plan_create(c, &options, NULL, &other));
    REFUSED(myr_plan_create(c, &options, t, NULL));
    unnamed.process = NULL;
    REFUSED(myr_plan_create(c, &unnamed, t, &other));
    unnamed = options;
    unnamed.sampler = NULL;
    REFUSED(myr_plan_create(c, &unnamed, t, &other));
    unnamed = options;
    unnamed.start = NULL;
    REFUSED(myr_plan_create(c, &unnamed, t, &other));
    REFUSED(myr_plan_create_from_rows(c, 1, 1, NULL, zeros, ones, &other));
    REFUSED(myr_plan_create_from_rows(c, 1, 1, &row, NULL, ones, &other));
    REFUSED(myr_plan_create_from_rows(c, 1, 1, &row, zeros, NULL, &other));
    REFUSED(myr_plan_create_from_rows(c, 1, 1, &row, zeros, ones, NULL));
    REFUSED(myr_plan_exact(c, NULL, t, numbers, numbers));
    REFUSED(myr_plan_exact(c, plan, NULL, numbers, numbers));
    TAKEN(myr_plan_exact(c, plan, t, NULL, NULL));
    REFUSED(myr_plan_exact_states(c, NULL, t, numbers));
    REFUSED(myr_plan_exact_states(c, plan, NULL, numbers));
    REFUSED(myr_plan_limit(c, NULL, t, numbers));
    REFUSED(myr_plan_limit(c, plan, NULL, numbers));
    REFUSED(myr_plan_limit(c, plan, t, NULL));
    myr_plan_destroy(NULL);
    myr_plan_destroy(plan);
    myr_target_destroy(t);
    cr_expect_eq(myr_plan_steps(NULL) + myr_plan_dimension(NULL) + myr_plan_slots(NULL), 0);
    cr_expect_null(myr_plan_rows(NULL));
    cr_expect(!myr_sampler_supports(NULL, "ve") && !myr_sampler_supports("ddim", NULL));
    cr_expect(!myr_sampler_supports_target(NULL, NULL) && !myr_sampler_supports_target("ddim", NULL));
}

Test(null, of_contexts_targets_and_plans) {
    myr_context_destroy(NULL);
    cr_expect_str_eq(myr_context_error(NULL), "");
    REFUSED(myr_context_create(NULL));
    with_and_without(make_targets);
    with_and_without(make_plans);
}

/* ---- runs, and what is made of their results ------------------------------------------------------- */

static myr_status take(void *user, uint64_t first, uint64_t count, const double *samples) {
    (void)user, (void)first, (void)count, (void)samples;
    return MYR_OK;
}

typedef struct setup {
    myr_target *target;
    myr_plan *plan;
    myr_run_options run;
} setup;

static setup make_setup(myr_context *c) {
    setup s = {.run = MYR_RUN_OPTIONS_INIT};
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.steps = 3;
    s.run.backend = "cpu";
    s.run.count = 4;
    TAKEN(myr_target_create_gaussian(c, 1, zeros, ones, &s.target));
    TAKEN(myr_plan_create(c, &options, s.target, &s.plan));
    return s;
}

static void free_setup(setup *s) {
    myr_plan_destroy(s->plan);
    myr_target_destroy(s->target);
}

/* What all kinds of runs begin with. */
#define REFUSED_RUNS(call, ...)                                     \
    do {                                                            \
        REFUSED(call(c, NULL, s.target, &s.run, __VA_ARGS__));      \
        REFUSED(call(c, s.plan, NULL, &s.run, __VA_ARGS__));        \
        REFUSED(call(c, s.plan, s.target, &nameless, __VA_ARGS__)); \
        REFUSED(call(c, s.plan, s.target, &mathless, __VA_ARGS__)); \
    } while (0)

static void make_runs(myr_context *c) {
    setup s = make_setup(c);
    myr_run_options nameless = s.run, mathless = s.run;
    myr_moment moment;
    const myr_given given = MYR_GIVEN_INIT;
    nameless.backend = NULL;
    mathless.math = NULL;
    myr_range *range = NULL;
    REFUSED_RUNS(myr_run_range, &range, NULL);
    REFUSED(myr_run_range(c, s.plan, s.target, &s.run, NULL, NULL));
    REFUSED(myr_range_join(c, NULL, NULL));
    REFUSED_RUNS(myr_run_moments, &moment, NULL);
    REFUSED(myr_run_moments(c, s.plan, s.target, &s.run, NULL, NULL));
    TAKEN(myr_run_moments(c, s.plan, s.target, &s.run, &moment, NULL));
    REFUSED_RUNS(myr_run_samples, numbers, NULL);
    REFUSED(myr_run_samples(c, s.plan, s.target, &s.run, NULL, NULL));
    REFUSED_RUNS(myr_run_samples_given, &given, numbers, NULL);
    REFUSED(myr_run_samples_given(c, s.plan, s.target, &s.run, NULL, numbers, NULL));
    REFUSED(myr_run_samples_given(c, s.plan, s.target, &s.run, &given, NULL, NULL));
    REFUSED_RUNS(myr_run_trace, numbers, NULL);
    REFUSED(myr_run_trace(c, s.plan, s.target, &s.run, NULL, NULL));
    REFUSED_RUNS(myr_run_stream, take, NULL, NULL);
    REFUSED(myr_run_stream(c, s.plan, s.target, &s.run, NULL, NULL, NULL));
    TAKEN(myr_run_stream(c, s.plan, s.target, &s.run, take, NULL, NULL));
    REFUSED(myr_random_words(c, &s.run, 0, 0, 1, NULL));
    REFUSED(myr_random_normals(c, &s.run, 0, 0, 1, NULL));
    /* Without options the array would have to be of a million. */
    REFUSED(myr_run_samples(c, s.plan, s.target, NULL, numbers, NULL));
    REFUSED(myr_run_samples_given(c, s.plan, s.target, NULL, &given, numbers, NULL));
    REFUSED(myr_run_trace(c, s.plan, s.target, NULL, numbers, NULL));
    REFUSED(myr_random_words(c, NULL, 0, 0, 1, (uint32_t *)numbers));
    REFUSED(myr_random_normals(c, NULL, 0, 0, 1, numbers));
    cr_expect(!c || strstr(myr_context_error(c), "options: NULL") != NULL);
    REFUSED(myr_backend_available(c, NULL));
    free_setup(&s);
}

static myr_status count_samples(void *user, uint64_t first, uint64_t count, const double *samples) {
    (void)samples;
    cr_assert_eq(first, *(uint64_t *)user);
    *(uint64_t *)user += count;
    return MYR_OK;
}

/* Without options a run has a million trajectories of seed 1: the same as with the initialiser. */
static void run_by_default(myr_context *c) {
    enum { COUNT = 1000000 };
    setup s = make_setup(c);
    const myr_run_options defaults = MYR_RUN_OPTIONS_INIT;
    myr_report with = MYR_REPORT_INIT, without = MYR_REPORT_INIT;
    myr_moment moment;
    uint64_t seen = 0;
    TAKEN(myr_run_moments(c, s.plan, s.target, &defaults, &moment, &with));
    TAKEN(myr_run_moments(c, s.plan, s.target, NULL, &moment, &without));
    cr_expect_eq(moment.count, COUNT);
    cr_expect_eq(with.checksum, without.checksum);
    TAKEN(myr_run_stream(c, s.plan, s.target, NULL, count_samples, &seen, NULL));
    cr_expect_eq(seen, COUNT);
    free_setup(&s);
}

Test(null, options_of_runs_are_the_defaults) {
    with_and_without(run_by_default);
}

static void make_statistics(myr_context *c) {
    setup s = make_setup(c);
    myr_run_options nameless = s.run, mathless = s.run;
    myr_statistics_options options = MYR_STATISTICS_OPTIONS_INIT, unnamed = options;
    myr_statistics *set, *other;
    const myr_statistic_row *rows;
    size_t count;
    nameless.backend = NULL;
    mathless.math = NULL;
    unnamed.names = NULL;
    TAKEN(myr_statistics_create(c, s.target, &options, &set));
    REFUSED(myr_statistics_create(c, NULL, &options, &other));
    TAKEN(myr_statistics_create(c, s.target, NULL, &other));
    myr_statistics_destroy(other);
    REFUSED(myr_statistics_create(c, s.target, &unnamed, &other));
    REFUSED(myr_statistics_create(c, s.target, &options, NULL));
    REFUSED(myr_statistics_add(c, NULL, 0, 1, zeros));
    REFUSED(myr_statistics_add(c, set, 0, 1, NULL));
    REFUSED_RUNS(myr_run_statistics, set, NULL);
    TAKEN(myr_run_statistics(c, s.plan, s.target, NULL, set, NULL));
    REFUSED(myr_run_statistics(c, s.plan, s.target, &s.run, NULL, NULL));
    REFUSED(myr_statistics_rows(c, NULL, &rows, &count));
    REFUSED(myr_statistics_rows(c, set, NULL, &count));
    REFUSED(myr_statistics_rows(c, set, &rows, NULL));
    cr_expect(!myr_statistic_supports_target(NULL, s.target) && !myr_statistic_supports_target("ks", NULL));
    myr_statistics_destroy(NULL);
    myr_statistics_destroy(set);
    free_setup(&s);
}

static void make_verifications(myr_context *c) {
    myr_verify_options options = MYR_VERIFY_OPTIONS_INIT;
    options.backend = NULL;
    REFUSED(myr_verify(c, &options, NULL, NULL));
    options.backend = "cpu";
    options.math = NULL;
    REFUSED(myr_verify(c, &options, NULL, NULL));
}

Test(null, of_runs_statistics_and_verification) {
    myr_moment moment = {.count = 7};
    with_and_without(make_runs);
    with_and_without(make_statistics);
    with_and_without(make_verifications);
    cr_expect(isnan(myr_moment_variance(NULL)) && isnan(myr_moment_mean_error(NULL)) &&
              isnan(myr_moment_variance_error(NULL)));
    myr_range_moments(NULL, &moment);
    myr_range_destroy(NULL);
    cr_expect_eq(moment.count, 7);
    cr_expect_eq(myr_range_checksum(NULL), myr_moment_checksum(NULL, 1));
    cr_expect(myr_range_first(NULL) == 0 && myr_range_count(NULL) == 0 && myr_range_dimension(NULL) == 0);
    cr_expect_eq(myr_moment_checksum(NULL, 1), myr_moment_checksum(&moment, 0));
    cr_expect_geq(myr_device_describe(0, NULL, 10), 0);
}

/* Without options all is verified, which takes its time: here it gets no further than the instruction set. */
Test(null, options_of_verification_are_the_defaults) {
    myr_context *context = new_context();
    cr_assert_eq(setenv("MYRIAD_ISA", "none", 1), 0);
    cr_expect_neq(myr_verify(context, NULL, NULL, NULL), MYR_OK);
    cr_expect(strstr(myr_context_error(context), "MYRIAD_ISA") != NULL, "%s", myr_context_error(context));
    myr_context_destroy(context);
}

/* ---- files ----------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/myriad-null-XXXXXX", csv[64], npy[64];

static void make_files(myr_context *c) {
    const myr_table_column column = {"a", true, 0, 1, "a number", NULL},
                           nameless = {NULL, true, 0, 1, "a number", NULL},
                           wordless = {"a", true, 0, 1, NULL, NULL};
    const char *const name = "a", *const no_name = NULL;
    const double *const values = ones, *const no_values = NULL;
    const myr_samples_shape shape = {sizeof shape, 1, false, 0, 2, 0};
    myr_table *table;
    myr_samples_file *file;
    TAKEN(myr_table_write(c, csv, 1, 1, &name, &values));
    REFUSED(myr_table_write(c, NULL, 1, 1, &name, &values));
    REFUSED(myr_table_write(c, csv, 1, 1, NULL, &values));
    REFUSED(myr_table_write(c, csv, 1, 1, &name, NULL));
    REFUSED(myr_table_write(c, csv, 1, 1, &no_name, &values));
    REFUSED(myr_table_write(c, csv, 1, 1, &name, &no_values));
    REFUSED(myr_table_write(c, npy, 1, 1, &name, &no_values));
    REFUSED(myr_table_read(c, NULL, &column, 1, NULL, &table));
    REFUSED(myr_table_read(c, csv, NULL, 1, NULL, &table));
    REFUSED(myr_table_read(c, csv, &nameless, 1, NULL, &table));
    REFUSED(myr_table_read(c, csv, &wordless, 1, NULL, &table));
    REFUSED(myr_table_read(c, csv, &column, 1, NULL, NULL));
    cr_expect_eq(myr_table_rows(NULL), 0);
    cr_expect_null(myr_table_values(NULL, 0));
    myr_table_destroy(NULL);
    REFUSED(myr_samples_open(c, NULL, &shape, &file));
    REFUSED(myr_samples_open(c, npy, NULL, &file));
    REFUSED(myr_samples_open(c, npy, &shape, NULL));
    TAKEN(myr_samples_open(c, npy, &shape, &file));
    REFUSED(myr_samples_write(c, NULL, zeros, 1));
    REFUSED(myr_samples_write(c, file, NULL, 1));
    cr_expect_eq(myr_samples_close(c, file, MYR_CANCELLED), MYR_CANCELLED);
    TAKEN(myr_samples_close(c, NULL, MYR_OK));
}

Test(null, of_tables_and_samples) {
    cr_assert_not_null(mkdtemp(folder));
    snprintf(csv, sizeof csv, "%s/a.csv", folder);
    snprintf(npy, sizeof npy, "%s/a.npy", folder);
    with_and_without(make_files);
    unlink(csv);
    cr_expect_eq(rmdir(folder), 0, "a file is left in %s", folder);
}
