/* Every target of the list, by the examples of its own file: its operations against each other and against its draws. What a
 * target lacks is left out, and refused in a line. */
#include <dirent.h>

#include "io/json_fields.h"
#include "support.h"
#include "targets/marginal.h"

enum { draws = 200000, most = 8 };
static myr_context *context;

static void begin(void) {
    context = new_context();
}

static void end(void) {
    myr_context_destroy(context);
}

TestSuite(every_target, .init = begin, .fini = end);

/* Calls for every example of every target. */
static void for_each(void (*call)(const myr_target *target, const char *name)) {
    const myr_target_operations *operations;
    for (int n = 0; (operations = myr_target_operations_at(n)) != NULL; n++)
        for (int index = 0; operations->example; index++) {
            myr_target *target = NULL;
            char name[64];
            REQUIRE_OK(context, operations->example(context, index, &target));
            if (!target)
                break;
            cr_assert_leq(target->dimension, most);
            snprintf(name, sizeof name, "%s, example %d", operations->type, index);
            call(target, name);
            myr_target_destroy(target);
        }
}

/* Whether a name ends in an extension of a target's file. */
static bool names_target(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot && (strcmp(dot, ".json") == 0 || strcmp(dot, ".npy") == 0);
}

/* How many of examples/ are targets of that type; all that look like targets are. */
static int count_files(const myr_target_operations *operations) {
    int found = 0;
    DIR *folder = opendir(MYRIAD_TESTS_DIR "/../examples");
    cr_assert(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[1024];
        myr_target *target = NULL;
        if (!names_target(entry->d_name))
            continue;
        snprintf(path, sizeof path, "%s/../examples/%s", MYRIAD_TESTS_DIR, entry->d_name);
        REQUIRE_OK(context, myr_target_load(context, path, &target));
        found += target->operations == operations;
        myr_target_destroy(target);
    }
    closedir(folder);
    return found;
}

Test(every_target, has_its_words_an_example_and_a_file_that_serves_as_one) {
    const myr_target_operations *operations;
    for (int n = 0; (operations = myr_target_operations_at(n)) != NULL; n++) {
        cr_expect(operations->example && strlen(operations->help) > 10, "%s", operations->type);
        cr_expect(operations->read || operations->load, "%s", operations->type);
        cr_expect_geq(count_files(operations), 1, "%s has no file in examples/", operations->type);
    }
}

/* 5.3 standard errors: one test in 8 million a number. */
static void near(const char *name, const char *what, double sum, double squares, double expected) {
    const double mean = sum / draws, error = sqrt((squares / draws - mean * mean) / draws);
    cr_expect(fabs(mean - expected) <= 5.3 * error + 1e-12 * fabs(expected), "%s: %s is %g +- %g, not %g",
              name, what, mean, error, expected);
}

static void expect_moments(const myr_target *target, const char *name) {
    const myr_target_operations *of = target->operations;
    double sum[most] = {0}, squares[most] = {0}, products[most][most] = {{0}}, fourth[most][most] = {{0}};
    if (!of->draw)
        return;
    const int d = target->dimension;
    for (uint64_t n = 0; n < draws; n++) {
        double x[most];
        of->draw(target, 7, n, x);
        for (int i = 0; i < d; i++) {
            sum[i] += x[i];
            squares[i] += x[i] * x[i];
            for (int j = 0; j < d; j++) {
                const double product = (x[i] - target->mean[i]) * (x[j] - target->mean[j]);
                products[i][j] += product;
                fourth[i][j] += product * product;
            }
        }
    }
    for (int i = 0; i < d; i++) {
        near(name, "a mean", sum[i], squares[i], target->mean[i]);
        near(name, "a variance", products[i][i], fourth[i][i], target->variance[i]);
        for (int j = 0; of->covariance && j < d; j++)
            near(name, "a covariance", products[i][j], fourth[i][j], of->covariance(target, i, j));
    }
}

Test(every_target, draws_have_its_moments) {
    for_each(expect_moments);
}

/* Draws projected on the line have the law that is said: sqrt(n) of the Kolmogorov-Smirnov distance is above 2.9 once in
 * ten million (twice exp(-2 x^2)); of atoms less often. */
static void expect_draws(const myr_target *target, const char *name, const double *direction,
                         int coordinate, const myr_marginal *marginal) {
    enum { places = 64 };
    double at[places], sum = 0.0, squares = 0.0, part = 0.0, part_squares = 0.0;
    int below[places] = {0};
    if (!target->operations->draw)
        return;
    for (int p = 0; p < places; p++)
        at[p] = myr_marginal_quantile(marginal, (p + 0.5) / places, marginal->mean);
    for (uint64_t n = 0; n < draws; n++) {
        double x[most], on_line = 0.0;
        target->operations->draw(target, 11, n, x);
        for (int c = 0; c < target->dimension; c++)
            on_line += myr_along(direction, coordinate, c) * x[c];
        for (int p = 0; p < places; p++)
            below[p] += on_line <= at[p] + 1e-12 * marginal->deviation;
        sum += on_line;
        squares += on_line * on_line;
        const double lower = on_line <= at[places / 3] ? on_line - marginal->mean : 0.0;
        part += lower;
        part_squares += lower * lower;
    }
    near(name, "a marginal's mean", sum, squares, marginal->mean);
    cr_expect(fabs(sqrt(squares / draws - sum / draws * (sum / draws)) / marginal->deviation - 1.0) <= 0.02,
              "%s", name);
    if (marginal->atoms == 0)
        near(name, "a marginal's lower part", part, part_squares,
             myr_marginal_lower(marginal, at[places / 3]));
    for (int p = 0; p < places; p++)
        cr_expect(sqrt(draws) * fabs((double)below[p] / draws - myr_marginal_cdf(marginal, at[p])) <= 2.9,
                  "%s: %d of %d draws up to %g, not %g", name, below[p], draws, at[p],
                  myr_marginal_cdf(marginal, at[p]));
}

/* The functions of a law belong together: F(Q(u)) >= u and F just below Q(u) is not above u; E[X - m; X <= x] is the
 * integral of -F up to x plus (x - m) F(x), here between neighbouring quantiles by Simpson's rule. */
static void expect_law(const char *name, const myr_marginal *marginal) {
    enum { steps = 1000, slices = 40 };
    const double tiny = 1e-9 * marginal->deviation;
    cr_expect(marginal->deviation > 0.0);
    for (int n = 1; n < steps; n++) {
        const double u = (double)n / steps, x = myr_marginal_quantile(marginal, u, marginal->mean);
        cr_expect(myr_marginal_cdf(marginal, x + tiny) >= u - 1e-12 &&
                      myr_marginal_cdf(marginal, x - tiny) <= u + 1e-12,
                  "%s: the quantile %g of %g", name, x, u);
    }
    cr_expect(myr_marginal_cdf(marginal, marginal->mean - 1e3 * marginal->deviation) <= 1e-15);
    cr_expect(myr_marginal_cdf(marginal, marginal->mean + 1e3 * marginal->deviation) >= 1.0 - 1e-15);
    cr_expect(fabs(myr_marginal_lower(marginal, marginal->mean + 1e3 * marginal->deviation)) <=
              1e-12 * marginal->deviation);
    for (int n = 1; marginal->atoms == 0 && n < 10; n++) {
        const double a = myr_marginal_quantile(marginal, n / 11.0, marginal->mean),
                     b = myr_marginal_quantile(marginal, (n + 1) / 11.0, marginal->mean);
        double integral = 0.0;
        for (int s = 0; s < slices; s++) {
            const double h = (b - a) / slices, x = a + s * h;
            integral += h / 6.0 *
                        (myr_marginal_cdf(marginal, x) + 4.0 * myr_marginal_cdf(marginal, x + 0.5 * h) +
                         myr_marginal_cdf(marginal, x + h));
        }
        const double expected = (b - marginal->mean) * myr_marginal_cdf(marginal, b) -
                                (a - marginal->mean) * myr_marginal_cdf(marginal, a) - integral;
        const double got = myr_marginal_lower(marginal, b) - myr_marginal_lower(marginal, a);
        cr_expect(fabs(got - expected) <= 1e-6 * marginal->deviation, "%s: %.12g, not %.12g", name, got,
                  expected);
    }
}

static void expect_marginals(const myr_target *target, const char *name) {
    double direction[most];
    if (!target->operations->marginal)
        return;
    for (int c = 0; c <= target->dimension; c++) { /* the last one is a direction */
        const bool along = c == target->dimension;
        myr_marginal marginal;
        for (int e = 0; e < most; e++)
            direction[e] = 0.7 - 0.4 * e;
        REQUIRE_OK(context, myr_marginal_create(context, target, along ? 0 : c, along ? direction : NULL,
                                                &marginal));
        if (!along) {
            cr_expect(fabs(marginal.mean - target->mean[c]) <= 1e-12 * (1.0 + fabs(marginal.mean)), "%s",
                      name);
            cr_expect(fabs(marginal.deviation - sqrt(target->variance[c])) <= 1e-12 * marginal.deviation,
                      "%s", name);
        }
        expect_law(name, &marginal);
        expect_draws(target, name, along ? direction : NULL, c, &marginal);
        myr_marginal_destroy(&marginal);
    }
}

Test(every_target, marginals_are_those_of_its_draws) {
    for_each(expect_marginals);
}

/* Whatever it has, every sampler that suits it runs on the two backends that are always there, or is refused in a line. */
static void expect_runs(const myr_target *target, const char *name) {
    int ran = 0;
    for (int p = 0; myr_process_name(p); p++)
        for (int s = 0; myr_sampler_name(s); s++)
            for (int b = 0; b < 2; b++) {
                myr_plan_options plan_options = MYR_PLAN_OPTIONS_INIT;
                myr_run_options options = MYR_RUN_OPTIONS_INIT;
                myr_moment moments[most];
                myr_plan *plan = NULL;
                plan_options.process = myr_process_name(p);
                plan_options.sampler = myr_sampler_name(s);
                plan_options.steps = 5;
                options.backend = b == 0 ? "cpu" : "reference";
                options.count = 70;
                if (!myr_sampler_supports(plan_options.sampler, plan_options.process) ||
                    !myr_sampler_supports_target(plan_options.sampler, target))
                    continue;
                if (myr_plan_create(context, &plan_options, target, &plan) != MYR_OK) {
                    cr_expect_null(strchr(myr_context_error(context), '\n'));
                    continue;
                }
                REQUIRE_OK(context, myr_run_moments(context, plan, target, &options, moments, NULL));
                for (int c = 0; c < target->dimension; c++)
                    cr_expect(isfinite(moments[c].mean) && moments[c].m2 >= 0.0, "%s on %s with %s", name,
                              plan_options.process, plan_options.sampler);
                myr_plan_destroy(plan);
                ran++;
            }
    cr_expect_geq(ran, 2, "%s: %d runs", name, ran);
}

Test(every_target, runs_with_every_sampler_that_suits_it) {
    for_each(expect_runs);
}
