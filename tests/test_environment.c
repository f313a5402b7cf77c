/* Targets, plans, runs, statistics and files in the caller's floating-point environment: hostile_environment.h. */
#define _GNU_SOURCE /* and mkdtemp */

#include <criterion/criterion.h>
#include <unistd.h>

#include "hostile_environment.h"

/* ---- inputs, made in the default environment ------------------------------------------------------- */

static double means[8], variances[8], samples[3 * 9000];
static float points[600];

static void fill(void) {
    uint64_t state = 7;
    for (int i = 0; i < 3 * 9000; i++)
        samples[i] = 4.0 * (double)(next_random(&state) >> 11) * 0x1p-53 - 2.0;
    for (int i = 0; i < 600; i++)
        points[i] = (float)(0.3 * samples[i] + 0.1);
    for (int i = 0; i < 8; i++) {
        means[i] = 0.3 * i - 0.7;
        variances[i] = 0.1 + 0.03 * i;
    }
}

static const double covariance[] = {1.0, 0.6, 0.6, 2.0}, weights[] = {0.5, 0.2, 0.3};

enum { GAUSSIAN, FULL, MIXTURE, DATA, STATES, KINDS };

static myr_target *target_of(record *r, int kind) {
    myr_target *t = NULL;
    double matrix[9], mean[3], variance[3];
    if (kind == GAUSSIAN)
        CALL(myr_target_create_gaussian(r->context, 2, means, variances, &t));
    if (kind == FULL)
        CALL(myr_target_create_gaussian_full(r->context, 2, means, covariance, &t));
    if (kind == MIXTURE)
        CALL(myr_target_create_mixture(r->context, 1, 3, weights, means, variances, &t));
    if (kind == DATA)
        CALL(myr_target_create_empirical(r->context, 200, 3, points, &t));
    if (kind == STATES) {
        CALL(myr_transition_matrix(r->context, "uniform", 3, 0.3, 0, matrix));
        NOTE(matrix, sizeof matrix);
        CALL(myr_target_create_discrete(r->context, 3, weights, 1, matrix, NULL, &t));
    }
    myr_target_moments(t, mean, variance);
    NOTE(mean, (size_t)myr_target_dimension(t) * sizeof *mean);
    NOTE(variance, (size_t)myr_target_dimension(t) * sizeof *variance);
    return t;
}

static myr_plan *plan_of(record *r, const myr_target *t, const char *process, const char *sampler) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    myr_plan *plan = NULL;
    options.process = process;
    options.sampler = sampler;
    options.start = "exact";
    options.steps = 7;
    CALL(myr_plan_create(r->context, &options, t, &plan));
    return plan;
}

/* ---- plans ----------------------------------------------------------------------------------------- */

static void note_plan(record *r, const myr_plan *plan, const myr_target *t) {
    double mean[2], variance[2];
    const myr_row *rows = myr_plan_rows(plan);
    for (int64_t k = 0; rows && k < myr_plan_steps(plan); k++)
        NOTE(&rows[k], offsetof(myr_row, two_stage));
    CALL(myr_plan_exact(r->context, plan, t, mean, variance));
    NOTE(mean, (size_t)myr_plan_dimension(plan) * sizeof *mean);
    NOTE(variance, (size_t)myr_plan_dimension(plan) * sizeof *variance);
    if (!rows)
        return;
    CALL(myr_plan_limit(r->context, plan, t, variance));
    NOTE(variance, (size_t)myr_plan_dimension(plan) * sizeof *variance);
}

FAMILY(plans) {
    for (int kind = GAUSSIAN; kind < KINDS; kind += kind == FULL ? STATES - FULL : 1) {
        myr_target *t = target_of(r, kind);
        for (int n = 0; myr_sampler_name(n); n++)
            for (int p = 0; myr_process_name(p); p++) {
                if (!myr_sampler_supports(myr_sampler_name(n), myr_process_name(p)) ||
                    !myr_sampler_supports_target(myr_sampler_name(n), t))
                    continue;
                myr_plan *plan = plan_of(r, t, myr_process_name(p), myr_sampler_name(n));
                note_plan(r, plan, t);
                myr_plan_destroy(plan);
            }
        myr_target_destroy(t);
    }
}

FAMILY(rows) {
    const myr_row row = {.a = 1, .s = 2, .a_next = 1, .s_next = 1, .A = 0.3, .B = 0.7, .C = 0.1};
    myr_plan_options settled = MYR_PLAN_OPTIONS_INIT;
    myr_plan *plan;
    double probabilities[3];
    CALL(myr_plan_settle(r->context, NULL, &settled));
    CALL(myr_plan_create_from_rows(r->context, 2, 1, &row, means, variances, &plan));
    myr_target *t = target_of(r, FULL);
    double mean[2], variance[2];
    CALL(myr_plan_exact(r->context, plan, t, mean, variance));
    NOTE(mean, sizeof mean);
    NOTE(variance, sizeof variance);
    myr_plan_destroy(plan);
    myr_target_destroy(t);
    t = target_of(r, STATES);
    plan = plan_of(r, t, "discrete", "ancestral");
    CALL(myr_plan_exact_states(r->context, plan, t, probabilities));
    NOTE(probabilities, sizeof probabilities);
    myr_plan_destroy(plan);
    myr_target_destroy(t);
}

/* ---- runs ------------------------------------------------------------------------------------------ */

static myr_status take(void *user, uint64_t first, uint64_t count, const double *values) {
    (void)first;
    record *r = user;
    NOTE(values, count * sizeof *values);
    return MYR_OK;
}

static myr_run_options run_of(const record *r, uint64_t count) {
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    run.backend = r->backend;
    run.threads = TEAM;
    run.count = count;
    return run;
}

static void join_ranges(record *r, const myr_plan *plan, const myr_target *t, myr_run_options run) {
    myr_range *left, *right;
    myr_moment moments[3];
    run.count = MYR_RANGE_CHUNK;
    CALL(myr_run_range(r->context, plan, t, &run, &left, NULL));
    run.first = MYR_RANGE_CHUNK;
    run.count = 100;
    CALL(myr_run_range(r->context, plan, t, &run, &right, NULL));
    CALL(myr_range_join(r->context, left, right));
    myr_range_moments(left, moments);
    const uint64_t checksum = myr_range_checksum(left);
    NOTE(moments, (size_t)myr_range_dimension(left) * sizeof *moments);
    NOTE(&checksum, sizeof checksum);
    const double errors[] = {myr_moment_variance(moments), myr_moment_mean_error(moments),
                             myr_moment_variance_error(moments)};
    NOTE(errors, sizeof errors);
    myr_range_destroy(left);
    myr_range_destroy(right);
}

static void run_all_ways(record *r, const myr_plan *plan, const myr_target *t, bool chain) {
    enum { COUNT = 3000, TRACED = 50 };
    static double results[3 * COUNT], states[TRACED * 8 * 3];
    const bool slow = strcmp(r->backend, "reference") == 0; /* and of one thread */
    const size_t d = (size_t)myr_target_dimension(t), count = slow ? 200 : COUNT;
    myr_moment moments[3];
    const myr_run_options run = run_of(r, count), traced = run_of(r, TRACED);
    CALL(myr_run_moments(r->context, plan, t, &run, moments, NULL));
    NOTE(moments, d * sizeof *moments);
    CALL(myr_run_samples(r->context, plan, t, &run, results, NULL));
    NOTE(results, count * d * sizeof *results);
    CALL(myr_run_stream(r->context, plan, t, &run, take, r, NULL));
    CALL(myr_run_trace(r->context, plan, t, &traced, states, NULL));
    NOTE(states, TRACED * 8 * d * sizeof *states);
    if (!chain) {
        myr_given given = MYR_GIVEN_INIT;
        given.start_normals = samples;
        CALL(myr_run_samples_given(r->context, plan, t, &run, &given, results, NULL));
        NOTE(results, count * d * sizeof *results);
    }
    if (!slow || d == 2)
        join_ranges(r, plan, t, run);
}

FAMILY(runs) {
    static const char *const samplers[] = {"ddim", "dpmpp-3m-sde", "heun"};
    for (int kind = 0; kind < KINDS; kind++) {
        myr_target *t = target_of(r, kind);
        for (int n = 0; n < (kind == STATES ? 1 : 3); n++) {
            myr_plan *plan = plan_of(r, t, kind == STATES ? "discrete" : "edm",
                                     kind == STATES ? "ancestral" : samplers[n]);
            run_all_ways(r, plan, t, kind == STATES);
            myr_plan_destroy(plan);
        }
        myr_target_destroy(t);
    }
}

FAMILY(numbers) {
    static uint32_t words[4000];
    static double normals[4000];
    const myr_run_options run = run_of(r, 500);
    CALL(myr_random_words(r->context, &run, 0, 0, 2, words));
    NOTE(words, sizeof words);
    CALL(myr_random_normals(r->context, &run, 0, 0, 2, normals));
    NOTE(normals, sizeof normals);
}

/* ---- statistics ------------------------------------------------------------------------------------ */

static void note_rows(record *r, myr_statistics *set) {
    const myr_statistic_row *rows;
    size_t count;
    CALL(myr_statistics_rows(r->context, set, &rows, &count));
    for (size_t n = 0; n < count && n < 30; n++)
        NOTE(&rows[n].low, sizeof *rows - offsetof(myr_statistic_row, low));
}

FAMILY(statistics) {
    for (int kind = 0; kind < KINDS; kind++) {
        myr_statistics_options options = MYR_STATISTICS_OPTIONS_INIT;
        myr_statistics *set;
        options.threads = TEAM;
        options.bins = 10;
        myr_target *t = target_of(r, kind);
        CALL(myr_statistics_create(r->context, t, &options, &set));
        myr_plan *plan =
            plan_of(r, t, kind == STATES ? "discrete" : "edm", kind == STATES ? "ancestral" : "ddim");
        myr_run_options run = run_of(r, 4500);
        CALL(myr_run_statistics(r->context, plan, t, &run, set, NULL));
        if (kind != STATES)
            CALL(myr_statistics_add(r->context, set, 4500, 4500, samples));
        note_rows(r, set);
        myr_statistics_destroy(set);
        myr_plan_destroy(plan);
        myr_target_destroy(t);
    }
}

/* ---- files: numbers are read and written by the rounding mode too ---------------------------------- */

static void note_file(record *r, const char *path) {
    static char text[1 << 16];
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    const size_t size = fread(text, 1, sizeof text, file);
    NOTE(text, size);
    fclose(file);
    unlink(path);
}

static void load_target(record *r, const char *name) {
    char path[512];
    double mean[MYR_MAX_DATA_DIMENSION], variance[MYR_MAX_DATA_DIMENSION];
    myr_target *t;
    snprintf(path, sizeof path, "%s/../examples/%s", MYRIAD_TESTS_DIR, name);
    CALL(myr_target_load(r->context, path, &t));
    myr_target_moments(t, mean, variance);
    NOTE(mean, (size_t)myr_target_dimension(t) * sizeof *mean);
    NOTE(variance, (size_t)myr_target_dimension(t) * sizeof *variance);
    myr_target_destroy(t);
}

FAMILY(files) {
    char folder[] = "/tmp/myriad-environment-XXXXXX";
    static const char *const names[] = {"a", "b"};
    const double *const columns[] = {samples, samples + 9000};
    const myr_table_column wanted[] = {{"a", true, -9, 9, "a number", NULL},
                                       {"b", true, -9, 9, "a number", NULL}};
    const myr_samples_shape shape = {sizeof shape, 2, true, 0, 500, 0};
    myr_table *table;
    myr_samples_file *file;
    cr_assert(mkdtemp(folder) != NULL && chdir(folder) == 0);
    CALL(myr_table_write(r->context, "a.csv", 500, 2, names, columns));
    CALL(myr_table_read(r->context, "a.csv", wanted, 2, NULL, &table));
    NOTE(myr_table_values(table, 0), 500 * sizeof(double));
    NOTE(myr_table_values(table, 1), 500 * sizeof(double));
    myr_table_destroy(table);
    note_file(r, "a.csv");
    CALL(myr_samples_open(r->context, "b.csv", &shape, &file));
    CALL(myr_samples_write(r->context, file, samples, 500));
    CALL(myr_samples_close(r->context, file, MYR_OK));
    note_file(r, "b.csv");
    load_target(r, "mixture.json");
    load_target(r, "gaussian-full.json");
    load_target(r, "discrete.json");
    load_target(r, "digits.npy");
    cr_assert(chdir("/") == 0 && rmdir(folder) == 0);
}
