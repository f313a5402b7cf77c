/* The reference: rows against formulas written out here, moments, ranges of rows, and its independence. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <float.h>

#include "reference/reference_random.h"
#include "support.h"
#include "verify/tiers.h"

enum { dimension = 2, steps = 3 };
static const double mean[dimension] = {0.5, -2.0}, variance[dimension] = {0.25, 3.0};
static const double start_mean[dimension] = {1.0, -0.5}, start_scale[dimension] = {2.0, 0.75};

static const myr_row rows[steps] = {
    {.a = 0.5, .s = 0.9, .a_next = 0.75, .s_next = 0.5, .n = 0.3, .A = 0.8, .B = 0.4, .C = 0.2},
    {.a = 0.75,
     .s = 0.6,
     .a_next = 1.0,
     .s_next = 0.25,
     .A = 0.7,
     .B = 0.2,
     .P = 0.1,
     .C = 0.1,
     .E = 0.5,
     .two_stage = 1,
     .a_second = 0.875,
     .s_second = 0.5,
     .A2 = 0.3,
     .B2 = -0.2,
     .Y = 0.6,
     .H = 0.15},
    {.a = 1.0, .s = 0.3, .a_next = 1.0, .s_next = 0.0, .n = 0.1, .A = 0.9, .B = 0.1, .P = -0.2, .Q = 0.05}};

/* E[x0 | x] as a mean weighted by precisions: from the prior 1/v, from the measurement a^2/s^2. */
static double posterior_mean(double x, double a, double s, int c) {
    double prior = 1.0 / variance[c], measured = a * a / (s * s);
    return (mean[c] * prior + x / a * measured) / (prior + measured);
}

static double posterior_variance(double a, double s, int c) {
    return 1.0 / (1.0 / variance[c] + a * a / (s * s));
}

/* Trajectory i by hand, its normals by the public call. Two slots a row (pre-noise, noise), two
 * coordinates: row k, slot m, coordinate c draws number (2 k + m) 2 + c, which is word 2 m + c of block k.
 */
static void by_hand(const double (*step)[4], const double *start, double x[dimension]) {
    for (int c = 0; c < dimension; c++) {
        double here = start_mean[c] + start_scale[c] * start[c];
        double d0, d1, d2, y;
        here += 0.3 * step[0][c];
        d0 = posterior_mean(here, 0.5, 0.9, c);
        here = 0.8 * here + 0.4 * d0 + 0.2 * step[0][2 + c];

        d1 = posterior_mean(here, 0.75, 0.6, c);
        y = 0.7 * here + 0.2 * d1 + 0.1 * d0 +
            sqrt(0.1 * 0.1 + 0.25 * posterior_variance(0.75, 0.6, c)) * step[1][2 + c];
        here = 0.3 * here - 0.2 * d1 + 0.6 * y + 0.15 * posterior_mean(y, 0.875, 0.5, c);

        here += 0.1 * step[2][c];
        d2 = posterior_mean(here, 1.0, 0.3, c);
        x[c] = 0.9 * here + 0.1 * d2 - 0.2 * d1 + 0.05 * d0;
    }
}

typedef struct setup {
    myr_context *context;
    myr_target *target;
    myr_plan *plan;
    myr_run_options options;
} setup;

static setup make_setup(uint64_t count) {
    setup s = {.context = new_context(), .options = MYR_RUN_OPTIONS_INIT};
    s.options.backend = "reference";
    s.options.seed = fresh_seed();
    s.options.first = s.options.seed >> 1;
    s.options.count = count;
    REQUIRE_OK(s.context, myr_target_create_gaussian(s.context, dimension, mean, variance, &s.target));
    REQUIRE_OK(s.context, myr_plan_create_from_rows(s.context, dimension, steps, rows, start_mean,
                                                    start_scale, &s.plan));
    return s;
}

static void free_setup(setup *s) {
    myr_plan_destroy(s->plan);
    myr_target_destroy(s->target);
    myr_context_destroy(s->context);
}

Test(reference, executes_rows_as_written) {
    enum { count = 50 };
    setup s = make_setup(count);
    double start[count][1][4], step[count][steps][4], samples[count][dimension];
    memset(samples, 0xff, sizeof samples); /* poison: NaN */
    REQUIRE_OK(s.context,
               myr_random_normals(s.context, &s.options, MYR_STREAM_START, 0, 1, &start[0][0][0]));
    REQUIRE_OK(s.context,
               myr_random_normals(s.context, &s.options, MYR_STREAM_STEP, 0, steps, &step[0][0][0]));
    REQUIRE_OK(s.context, myr_run_samples(s.context, s.plan, s.target, &s.options, &samples[0][0], NULL));
    for (int n = 0; n < count; n++) {
        double expected[dimension];
        by_hand(step[n], start[n][0], expected);
        /* Some sixty operations on numbers below 20, each rounded once: 60 * 20 * 2^-53. */
        for (int c = 0; c < dimension; c++)
            cr_assert(fabs(samples[n][c] - expected[c]) <= 1200 * 0x1p-53, "%d %d: %.17g, expected %.17g",
                      n, c, samples[n][c], expected[c]);
    }
    free_setup(&s);
}

/* Three normals a row in three coordinates: numbers run on across blocks, four to a block. */
Test(reference, numbers_normals_across_blocks) {
    enum { d = 3, rows_made = 5, count = 4 };
    myr_context *context = new_context();
    double target_mean[d] = {0}, target_variance[d] = {1, 1, 1}, zero[d] = {0};
    myr_row only_noise[rows_made] = {{0}};
    for (int k = 0; k < rows_made; k++)
        only_noise[k] = (myr_row){.a = 1, .s = 1, .a_next = 1, .s_next = 1, .A = 16, .C = 1};
    myr_target *target;
    myr_plan *plan;
    REQUIRE_OK(context, myr_target_create_gaussian(context, d, target_mean, target_variance, &target));
    REQUIRE_OK(context, myr_plan_create_from_rows(context, d, rows_made, only_noise, zero, zero, &plan));
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = "reference";
    options.count = count;
    double normals[count][4][4], samples[count][d];
    REQUIRE_OK(context, myr_random_normals(context, &options, MYR_STREAM_STEP, 0, 4, &normals[0][0][0]));
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, &samples[0][0], NULL));
    for (int n = 0; n < count; n++) {
        for (int c = 0; c < d; c++) {
            double expected = 0.0;
            for (int k = 0; k < rows_made; k++)
                expected = 16.0 * expected + normals[n][(3 * k + c) / 4][(3 * k + c) % 4];
            cr_assert_eq(samples[n][c], expected, "%d %d: one rounding a row, and the same ones", n, c);
        }
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(reference, box_muller_at_words_known_by_hand) {
    double z[2];
    myr_reference_box_muller(0, 0, z); /* u = 2^-33: rho = sqrt(66 ln 2), theta = 0 */
    cr_assert_eq(z[0], 0.0);
    cr_assert(fabs(z[1] - 6.76370563500189520) <= 2e-15, "%.17g", z[1]);
    myr_reference_box_muller(0x80000000, 0x12345678, z); /* |w0| = 2^31 alone passes 1, and is held there */
    cr_assert(z[0] == 0.0 && z[1] == 0.0);
    myr_reference_box_muller(0x40000000, 0x80000000, z); /* theta = -pi/2: all of rho, downward */
    double rho = sqrt(-2.0 * log(0.5 + 0x1p-33));
    cr_assert(fabs(z[0] + rho) <= 4 * DBL_EPSILON && fabs(z[1]) <= 4 * DBL_EPSILON);
    myr_reference_box_muller(0xc0000000, 0x40000000, z); /* w0 < 0: the left half plane, theta = pi/4 */
    cr_assert(fabs(z[0] - rho * sqrt(0.5)) <= 4 * DBL_EPSILON);
    cr_assert(fabs(z[1] + rho * sqrt(0.5)) <= 4 * DBL_EPSILON);
}

/* A run from row to row gives what it gives in one piece: a table without memory is a chain. */
Test(reference, runs_a_range_of_rows_from_given_states) {
    enum { count = 7, total = 20 };
    myr_context *context = new_context();
    myr_target *target = new_target(context, 3, 0.04);
    myr_plan *plan = new_plan(context, "ddpm-exact", total, "prior", target);
    double whole[3 * count], part[3 * count], next[3 * count];
    myr_job job = {.plan = plan,
                   .target = target,
                   .seed = 5,
                   .first = 9,
                   .count = count,
                   .row_end = total,
                   .threads = 1};
    REQUIRE_OK(context, myr_backend_reference.states(context, &job, whole));
    static const int64_t ends[] = {0, 1, 9, 9, total};
    for (int piece = 0; piece < 5; piece++) {
        job.row_end = ends[piece];
        REQUIRE_OK(context, myr_backend_reference.states(context, &job, next));
        memcpy(part, next, sizeof part);
        job.states = part;
        job.row_begin = job.row_end;
    }
    cr_assert_eq(memcmp(whole, part, sizeof whole), 0);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(reference, moments_are_those_of_the_samples) {
    enum { count = 12345 };
    setup s = make_setup(count);
    static double samples[count][dimension];
    myr_moment moments[dimension];
    REQUIRE_OK(s.context, myr_run_samples(s.context, s.plan, s.target, &s.options, &samples[0][0], NULL));
    REQUIRE_OK(s.context, myr_run_moments(s.context, s.plan, s.target, &s.options, moments, NULL));
    for (int c = 0; c < dimension; c++) {
        long double m1 = 0, m2 = 0, m3 = 0, m4 = 0, size3 = 0;
        for (int n = 0; n < count; n++)
            m1 += samples[n][c];
        m1 /= count;
        for (int n = 0; n < count; n++) {
            long double d = samples[n][c] - m1;
            m2 += d * d;
            m3 += d * d * d;
            m4 += d * d * d * d;
            size3 += fabsl(d * d * d);
        }
        /* Both ways: some ten roundings at 2^-64 an observation, and one to double at the end. */
        long double bound = 20 * count * 0x1p-64L + 0x1p-53L;
        cr_assert_eq(moments[c].count, count);
        cr_assert(fabsl(moments[c].mean - m1) <= bound * (fabsl(m1) + sqrtl(m2 / count)));
        cr_assert(fabsl(moments[c].m2 - m2) <= bound * m2);
        cr_assert(fabsl(moments[c].m3 - m3) <= bound * size3);
        cr_assert(fabsl(moments[c].m4 - m4) <= bound * m4);
    }
    free_setup(&s);
}

typedef struct watch {
    int calls, stop_at;
    uint64_t last, total;
} watch;

static int look(void *user, uint64_t done, uint64_t total) {
    watch *w = user;
    cr_assert(done > w->last && done <= total);
    w->last = done;
    w->total = total;
    return ++w->calls == w->stop_at;
}

Test(reference, reports_progress_and_can_be_stopped) {
    setup s = make_setup(20000);
    watch w = {0};
    myr_moment moments[dimension];
    s.options.progress = look;
    s.options.user = &w;
    REQUIRE_OK(s.context, myr_run_moments(s.context, s.plan, s.target, &s.options, moments, NULL));
    cr_assert(w.calls >= 4 && w.last == 20000 && w.total == 20000, "%d calls", w.calls);
    w = (watch){.stop_at = 2};
    cr_assert_eq(myr_run_moments(s.context, s.plan, s.target, &s.options, moments, NULL), MYR_CANCELLED);
    cr_assert_eq(w.calls, 2);
    cr_assert_neq(myr_context_error(s.context)[0], '\0');
    free_setup(&s);
}

/* Independence: whatever a file of host/reference includes, directly or through others, lies outside
 * kernels/. */
static const char *const folders[] = {"host", "include", "kernels"};
enum { most_files = 64, path_size = 512 };
static char seen[most_files][path_size];
static int seen_count;

static void follow(const char *path);

static bool exists(const char *path) {
    FILE *file = fopen(path, "r");
    if (file)
        fclose(file);
    return file != NULL;
}

/* As the compiler: beside the file that includes it, then in the folders. */
static void follow_include(const char *from, const char *name) {
    char path[path_size];
    snprintf(path, sizeof path, "%.*s%s", (int)(strrchr(from, '/') + 1 - from), from, name);
    for (size_t f = 0; !exists(path) && f < sizeof folders / sizeof *folders; f++)
        snprintf(path, sizeof path, "%s/../%s/%s", MYRIAD_TESTS_DIR, folders[f], name);
    cr_assert(exists(path), "%s includes \"%s\", which is nowhere", from, name);
    cr_assert_null(strstr(path, "/kernels/"), "%s includes kernels/%s", from, name);
    follow(path);
}

static void follow(const char *path) {
    for (int n = 0; n < seen_count; n++)
        if (strcmp(seen[n], path) == 0)
            return;
    cr_assert(seen_count < most_files);
    snprintf(seen[seen_count++], path_size, "%s", path);
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s", path);
    char line[1024], name[256];
    while (fgets(line, sizeof line, file))
        if (sscanf(line, " # include \"%255[^\"]\"", name) == 1)
            follow_include(path, name);
    fclose(file);
}

Test(reference, includes_nothing_of_kernels) {
    int files = 0;
    DIR *folder = opendir(MYRIAD_TESTS_DIR "/../host/reference");
    cr_assert(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[path_size];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/../host/reference/%s", MYRIAD_TESTS_DIR, entry->d_name);
        follow(path);
        files++;
    }
    closedir(folder);
    cr_assert(files >= 3 && seen_count > files, "%d files, %d read", files, seen_count);
}
