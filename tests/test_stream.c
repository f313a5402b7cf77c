/* Streams and whole trajectories: the samples of myr_run_samples to the bit, rows applied by hand, files.
 */
#include "support.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "backends/backend.h"

/* Something of everything that runs: process, target, sampler. */
typedef struct subject {
    myr_target *target;
    myr_plan *plan;
} subject;

static subject make_subject(myr_context *context, int which, int64_t steps) {
    static const double means[] = {-1.5, 0.0, 1.0, 1.0}, variances[] = {0.09, 0.04, 0.02, 0.02};
    static const double weights[] = {3.0, 1.0}, matrix[] = {0.8, 0.2, 0.3, 0.7};
    static const double covariance[] = {1.0, 0.6, 0.6, 2.0};
    static const float points[] = {0.0F, 0.0F, 5.0F, 1.0F, -3.0F, 4.0F};
    static const char *const samplers[] = {"ddpm-large", "dpmpp-3m-sde", "ddim", "heun", "ancestral"};
    static const char *const processes[] = {"ve", "ve", "ve", "edm", "discrete"};
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = processes[which];
    options.sampler = samplers[which];
    options.steps = steps;
    subject s = {NULL, NULL};
    switch (which) {
        case 0:
            REQUIRE_OK(context, myr_target_create_gaussian(context, 2, means, variances, &s.target));
            break;
        case 1:
            REQUIRE_OK(context, myr_target_create_gaussian_full(context, 2, means, covariance, &s.target));
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
                       myr_target_create_discrete(context, 2, weights, 1, matrix, NULL, &s.target));
            break;
    }
    REQUIRE_OK(context, myr_plan_create(context, &options, s.target, &s.plan));
    return s;
}

enum { subjects = 5 };

static void free_subject(subject *s) {
    myr_plan_destroy(s->plan);
    myr_target_destroy(s->target);
}

/* ---- streams --------------------------------------------------------------------------------------- */

typedef struct collected {
    double *samples;
    uint64_t first, count, blocks;
    int dimension;
} collected;

static myr_status collect(void *user, uint64_t first, uint64_t count, const double *samples) {
    collected *to = user;
    const size_t d = (size_t)to->dimension;
    cr_assert_eq(first, to->first + to->count, "a block begins at its trajectory");
    memcpy(to->samples + to->count * d, samples, (size_t)count * d * sizeof *samples);
    to->count += count;
    to->blocks++;
    return MYR_OK;
}

TEST_ON_BACKENDS(stream, is_the_samples_to_the_bit) {
    myr_context *context = new_context();
    need_backend(context, backend);
    enum { count = 9001 };
    for (int which = 0; which < subjects; which++) {
        subject s = make_subject(context, which, 4);
        const size_t numbers = count * (size_t)myr_plan_dimension(s.plan);
        double *wanted = malloc(numbers * sizeof *wanted);
        collected got = {malloc(numbers * sizeof *wanted), 77, 0, 0, myr_plan_dimension(s.plan)};
        memset(got.samples, 0xff, numbers * sizeof *wanted);
        myr_run_options options = MYR_RUN_OPTIONS_INIT;
        options.backend = backend;
        options.first = 77;
        options.count = count;
        options.seed = fresh_seed();
        REQUIRE_OK(context, myr_run_samples(context, s.plan, s.target, &options, wanted, NULL));
        REQUIRE_OK(context, myr_run_stream(context, s.plan, s.target, &options, collect, &got, NULL));
        cr_assert_eq(got.count, count);
        cr_assert(memcmp(got.samples, wanted, numbers * sizeof *wanted) == 0, "%s",
                  myr_target_type(s.target));
        free(wanted);
        free(got.samples);
        free_subject(&s);
    }
    myr_context_destroy(context);
}

/* More numbers than a block holds: 64 coordinates leave 16 Ki trajectories a block, four whole chunks. */
TEST_ON_BACKENDS(stream, comes_in_blocks_of_whole_chunks) {
    myr_context *context = new_context();
    need_backend(context, backend);
    myr_target *target = new_target(context, 64, 0.01);
    myr_plan *plan = new_plan(context, "ddim", 1, "prior", target);
    enum { count = 70001 };
    collected got = {malloc((size_t)count * 64 * sizeof(double)), 0, 0, 0, 64};
    double *wanted = malloc((size_t)count * 64 * sizeof(double));
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.count = count;
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, wanted, NULL));
    REQUIRE_OK(context, myr_run_stream(context, plan, target, &options, collect, &got, NULL));
    cr_assert_eq(got.count, count);
    cr_assert_eq(got.blocks, (count - 1) / (MYR_SINK_NUMBERS / 64) + 1);
    cr_assert(got.blocks > 1);
    cr_assert(memcmp(got.samples, wanted, (size_t)count * 64 * sizeof *wanted) == 0);
    free(got.samples);
    free(wanted);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

static myr_status stop(void *user, uint64_t first, uint64_t count, const double *samples) {
    (void)first;
    (void)count;
    (void)samples;
    ++*(int *)user;
    return MYR_CHECK_FAILED;
}

static int note_progress(void *user, uint64_t done, uint64_t total) {
    uint64_t *last = user;
    cr_assert(done >= *last && done <= total && total == 20000, "%" PRIu64 " of %" PRIu64, done, total);
    *last = done;
    return 0;
}

Test(stream, stops_when_the_sink_says_so_and_reports_progress) {
    myr_context *context = new_context();
    myr_target *target = new_target(context, 1, 0.01);
    myr_plan *plan = new_plan(context, "ddim", 3, "prior", target);
    int calls = 0;
    uint64_t last = 0;
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = "cpu";
    options.count = 20000;
    cr_assert_eq(myr_run_stream(context, plan, target, &options, stop, &calls, NULL), MYR_CHECK_FAILED);
    cr_assert_eq(calls, 1);
    options.progress = note_progress;
    options.user = &last;
    collected got = {malloc(20000 * sizeof(double)), 0, 0, 0, 1};
    REQUIRE_OK(context, myr_run_stream(context, plan, target, &options, collect, &got, NULL));
    cr_assert_eq(last, 20000);
    last = 0;
    double *states = malloc(20000 * 4 * sizeof(double));
    REQUIRE_OK(context, myr_run_trace(context, plan, target, &options, states, NULL));
    cr_assert_eq(last, 20000);
    cr_assert_eq(myr_run_stream(context, plan, target, &options, NULL, NULL, NULL), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_run_trace(context, plan, target, &options, NULL, NULL), MYR_INVALID_ARGUMENT);
    free(states);
    free(got.samples);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* ---- whole trajectories ---------------------------------------------------------------------------- */

TEST_ON_BACKENDS(trace, ends_in_the_sample_to_the_bit) {
    myr_context *context = new_context();
    need_backend(context, backend);
    enum { count = 130, steps = 7 };
    for (int which = 0; which < subjects; which++) {
        subject s = make_subject(context, which, steps);
        const size_t d = (size_t)myr_plan_dimension(s.plan);
        double *wanted = malloc(count * d * sizeof *wanted);
        double *states = malloc(count * (steps + 1) * d * sizeof *states);
        memset(states, 0xff, count * (steps + 1) * d * sizeof *states);
        myr_run_options options = MYR_RUN_OPTIONS_INIT;
        options.backend = backend;
        options.first = 1000;
        options.count = count;
        REQUIRE_OK(context, myr_run_samples(context, s.plan, s.target, &options, wanted, NULL));
        REQUIRE_OK(context, myr_run_trace(context, s.plan, s.target, &options, states, NULL));
        for (size_t i = 0; i < count; i++)
            cr_assert(
                memcmp(states + (i * (steps + 1) + steps) * d, wanted + i * d, d * sizeof *wanted) == 0,
                "%s, trajectory %zu", myr_target_type(s.target), i);
        for (size_t n = 0; n < count * (steps + 1) * d; n++)
            cr_assert(isfinite(states[n]), "%s, number %zu", myr_target_type(s.target), n);
        free(wanted);
        free(states);
        free_subject(&s);
    }
    myr_context_destroy(context);
}

/* On cpu the rows are run one by one; a job that ends at level k, where samples are the states there, gives
 * the same bits. Blocks of lanes that begin and end in the middle, and memory that is carried along. */
Test(trace, levels_on_cpu_are_those_of_shorter_runs) {
    enum { count = 700, steps = 6 };
    myr_context *context = new_context();
    for (int which = 0; which < subjects - 1; which++)
        for (int general = 0; general < 2; general++) {
            subject s = make_subject(context, which, steps);
            if (general) {
                myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
                options.sampler = "dpmpp-3m-sde";
                options.steps = steps;
                myr_plan_destroy(s.plan);
                REQUIRE_OK(context, myr_plan_create(context, &options, s.target, &s.plan));
            }
            const size_t d = (size_t)myr_plan_dimension(s.plan);
            double *states = malloc(count * (steps + 1) * d * sizeof *states);
            double *level = malloc(count * d * sizeof *level);
            myr_run_options options = MYR_RUN_OPTIONS_INIT;
            options.backend = "cpu";
            options.first = 60;
            options.count = count;
            REQUIRE_OK(context, myr_run_trace(context, s.plan, s.target, &options, states, NULL));
            myr_compute where;
            REQUIRE_OK(context, myr_run_where(context, &options, &where, NULL));
            for (int64_t k = 0; k <= steps; k++) {
                myr_job job = myr_job_make(s.plan, s.target, &options, &where);
                job.row_end = k;
                REQUIRE_OK(context, myr_backend_cpu.states(context, &job, level));
                for (size_t i = 0; i < count; i++)
                    cr_assert(memcmp(states + (i * (steps + 1) + (size_t)k) * d, level + i * d,
                                     d * sizeof *level) == 0,
                              "%s, level %d, trajectory %zu", myr_target_type(s.target), (int)k, i);
            }
            free(states);
            free(level);
            free_subject(&s);
        }
    myr_context_destroy(context);
}

/* x_T = z of stream 1, then x <- A x + B d + C z of stream 0, d = v x/(v + t): written out. Float: some
 * units of 2^-24 of the largest number about, 3, in each of the few steps. */
TEST_ON_BACKENDS(trace, is_the_rows_applied_one_by_one) {
    myr_context *context = new_context();
    need_backend(context, backend);
    enum { count = 50, steps = 6 };
    const double v = 0.04, bound = strcmp(backend, "reference") == 0 ? 1e-13 : 1e-5;
    myr_target *target = new_target(context, 1, v);
    myr_plan *plan = new_plan(context, "ddpm-large", steps, "prior", target);
    const myr_row *rows = myr_plan_rows(plan);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.count = count;
    options.seed = fresh_seed();
    double states[count][steps + 1], start[count][4], noise[count][8];
    REQUIRE_OK(context, myr_run_trace(context, plan, target, &options, states[0], NULL));
    options.backend = "reference";
    REQUIRE_OK(context, myr_random_normals(context, &options, MYR_STREAM_START, 0, 1, start[0]));
    REQUIRE_OK(context, myr_random_normals(context, &options, MYR_STREAM_STEP, 0, 2, noise[0]));
    for (int i = 0; i < count; i++) {
        double x = start[i][0];
        for (int k = 0; k <= steps; k++) {
            cr_assert(fabs(states[i][k] - x) <= bound, "trajectory %d, level %d: %g, not %g", i, k,
                      states[i][k], x);
            if (k < steps) {
                const double d = v * x / (v + rows[k].s * rows[k].s);
                x = rows[k].A * x + rows[k].B * d + rows[k].C * noise[i][k];
            }
        }
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* ---- files ----------------------------------------------------------------------------------------- */

static bool exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0;
}

Test(samples_file, holds_what_was_written_and_appears_at_the_end) {
    myr_context *context = new_context();
    const myr_samples_shape shape = {.struct_size = sizeof shape, .first = 5, .count = 3, .dimension = 2};
    const double values[] = {1.0, -2.5, 1.0 / 3.0, 4.0, 5.0, 1e-42};
    char path[64];
    snprintf(path, sizeof path, "/tmp/myriad-samples-%" PRIx64 ".npy", fresh_seed());
    myr_samples_file *file;
    REQUIRE_OK(context, myr_samples_open(context, path, &shape, &file));
    REQUIRE_OK(context, myr_samples_write(context, file, values, 1));
    REQUIRE_OK(context, myr_samples_write(context, file, values + 2, 2));
    cr_assert(!exists(path), "it does not appear before it is complete");
    cr_assert_eq(myr_samples_write(context, file, values, 1), MYR_INVALID_ARGUMENT);
    REQUIRE_OK(context, myr_samples_close(context, file, MYR_OK));
    char header[128];
    float numbers[7];
    FILE *written = fopen(path, "rb");
    cr_assert_eq(fread(header, 1, sizeof header, written), sizeof header);
    cr_assert_eq(fread(numbers, sizeof *numbers, 7, written), 6);
    fclose(written);
    for (int n = 0; n < 6; n++)
        cr_assert_eq(numbers[n], (float)values[n]);
    cr_assert(memcmp(header,
                     "\x93NUMPY\x01\0\x76\0{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }",
                     66) == 0);
    cr_assert_eq(header[127], '\n');
    remove(path);
    myr_context_destroy(context);
}

Test(samples_file, leaves_nothing_of_a_failure) {
    myr_context *context = new_context();
    const myr_samples_shape shape = {.struct_size = sizeof shape, .count = 3, .levels = 2, .dimension = 1};
    const double values[] = {1.0, 2.0};
    char path[64];
    snprintf(path, sizeof path, "/tmp/myriad-samples-%" PRIx64 ".csv", fresh_seed());
    myr_samples_file *file;
    REQUIRE_OK(context, myr_samples_open(context, path, &shape, &file));
    REQUIRE_OK(context, myr_samples_write(context, file, values, 1));
    cr_assert_eq(myr_samples_close(context, file, MYR_OK), MYR_INVALID_ARGUMENT, "two are missing");
    cr_assert(!exists(path));
    REQUIRE_OK(context, myr_samples_open(context, path, &shape, &file));
    cr_assert_eq(myr_samples_close(context, file, MYR_CANCELLED), MYR_CANCELLED);
    cr_assert(!exists(path));
    cr_assert_eq(myr_samples_open(context, "samples.txt", &shape, &file), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_samples_open(context, "/no/such/folder/x.npy", &shape, &file), MYR_IO_ERROR);
    cr_assert_eq(myr_samples_open(context, path, &(myr_samples_shape)MYR_SAMPLES_SHAPE_INIT, &file),
                 MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_samples_close(context, NULL, MYR_OK), MYR_OK);
    myr_context_destroy(context);
}
