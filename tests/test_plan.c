/* Plans: the rows that samplers write, and what is refused. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "myriad/myriad.h"
#include "plans/plan_table.h"
#include "targets/target_data.h"

static myr_context *context;

static void make_context(void) {
    cr_assert_eq(myr_context_create(&context), MYR_OK);
}
static void free_context(void) {
    myr_context_destroy(context);
}

static myr_target *make_target(double mean, double variance) {
    myr_target *target = NULL;
    cr_assert_eq(myr_target_create_gaussian(context, 1, &mean, &variance, &target), MYR_OK);
    return target;
}

static myr_plan *make_plan(const char *sampler, int64_t steps, double eta, const myr_target *target) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.sampler = sampler;
    options.steps = steps;
    options.eta = eta;
    myr_plan *plan = NULL;
    cr_assert_eq(myr_plan_create(context, &options, target, &plan), MYR_OK, "%s",
                 myr_context_error(context));
    return plan;
}

TestSuite(plan, .init = make_context, .fini = free_context);

/* Values computed by two routes of at most ten roundings each. */
static bool same(double value, double expected) {
    return fabs(value - expected) <= 20 * DBL_EPSILON * fabs(expected);
}

Test(plan, ve_levels_are_the_uniform_grid) {
    myr_target *target = make_target(0.0, 0.01);
    const int64_t steps[] = {1, 2, 3, 7, 1000, MYR_MAX_STEPS};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        myr_plan *plan = make_plan("ddpm-large", steps[i], MYR_DEFAULT_ETA, target);
        const myr_row *rows = myr_plan_rows(plan);
        cr_assert_eq(myr_plan_steps(plan), steps[i]);
        for (int64_t k = 0; k < steps[i]; k++) {
            double t = (double)(steps[i] - k) / (double)steps[i];
            double next = (double)(steps[i] - k - 1) / (double)steps[i];
            bool chained = k == 0 || rows[k].s == rows[k - 1].s_next;
            cr_assert(rows[k].a == 1.0 && rows[k].a_next == 1.0 && chained);
            cr_assert(same(rows[k].s, sqrt(t)) && same(rows[k].s_next, sqrt(next)));
            cr_assert(same(rows[k].C, 1.0 / sqrt((double)steps[i])), "every row adds Dt");
        }
        cr_assert_eq(rows[0].s, 1.0);
        cr_assert_eq(rows[steps[i] - 1].s_next, 0.0);
        myr_plan_destroy(plan);
    }
    myr_target_destroy(target);
}

/* X_{t-Dt} | X_t = x is N(m + (v + t - Dt)/(v + t) (x - m), (v + t - Dt) Dt/(v + t)). */
Test(plan, ddpm_exact_is_the_conditional_law) {
    const double m = 0.7, variances[] = {1e-6, 0.01, 1.0, 30.0};
    for (size_t i = 0; i < sizeof variances / sizeof *variances; i++) {
        double v = variances[i];
        myr_target *target = make_target(m, v);
        for (int64_t steps = 1; steps <= 50; steps++) {
            myr_plan *plan = make_plan("ddpm-exact", steps, MYR_DEFAULT_ETA, target);
            double dt = 1.0 / (double)steps;
            for (int64_t k = 0; k < steps; k++) {
                const myr_row *row = &myr_plan_rows(plan)[k];
                double t = (double)(steps - k) * dt, next = (double)(steps - k - 1) * dt;
                double gain = v / (v + t);
                double variance =
                    row->C * row->C + row->E * row->E * myr_posterior_variance(1.0, row->s, v);
                cr_assert(same(row->A + row->B * gain, (v + next) / (v + t)));
                cr_assert(same(variance, (v + next) * dt / (v + t)));
                cr_assert(same(row->A + row->B, 1.0), "the mean is a fixed point");
            }
            myr_plan_destroy(plan);
        }
        myr_target_destroy(target);
    }
}

/* C^2 = eta^2 s'^2 q/s^2, A = sqrt(s'^2 - C^2)/s, B = 1 - A, as the formulas stand, in long double. */
Test(plan, ddim_rows_follow_the_formula_for_every_eta) {
    myr_target *target = make_target(0.0, 0.01);
    const int64_t steps[] = {1, 2, 5, 1000, MYR_MAX_STEPS};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int quarter = 0; quarter <= 4; quarter++) {
            double eta = 0.25 * quarter;
            myr_plan *plan = make_plan("ddim", steps[i], eta, target);
            const myr_row *rows = myr_plan_rows(plan);
            for (int64_t k = 0; k < steps[i]; k++) {
                long double t = (long double)(steps[i] - k) / steps[i];
                long double next = (long double)(steps[i] - k - 1) / steps[i];
                long double c2 = (long double)eta * eta * next / t / steps[i];
                /* B loses digits here, not in the table: 1 - A in long double is right to 2^-63/B. */
                long double a = sqrtl(next - c2) / sqrtl(t);
                long double slack = 20 * DBL_EPSILON * (1.0L - a) + 8 * LDBL_EPSILON;
                cr_assert(same(rows[k].C, (double)sqrtl(c2)));
                cr_assert(same(rows[k].A, (double)a));
                cr_assert(fabsl(rows[k].B - (1.0L - a)) <= slack, "T %lld k %lld", (long long)steps[i],
                          (long long)k);
            }
            myr_plan_destroy(plan);
        }
    myr_target_destroy(target);
}

/* With eta = 1, A = sqrt(s'^2 - s'^2 q/s^2)/s = s'^2/s^2: ddpm-small. */
Test(plan, ddim_with_eta_one_is_ddpm_small) {
    myr_target *target = make_target(0.0, 0.01);
    myr_plan *ddim = make_plan("ddim", 333, 1.0, target);
    myr_plan *ddpm = make_plan("ddpm-small", 333, MYR_DEFAULT_ETA, target);
    for (int k = 0; k < 333; k++) {
        const myr_row *left = &myr_plan_rows(ddim)[k], *right = &myr_plan_rows(ddpm)[k];
        cr_assert(same(left->A, right->A) && same(left->B, right->B) && same(left->C, right->C));
    }
    myr_plan_destroy(ddpm);
    myr_plan_destroy(ddim);
    myr_target_destroy(target);
}

Test(plan, default_eta_is_the_samplers_own) {
    myr_target *target = make_target(0.0, 0.01);
    const double asked[] = {MYR_DEFAULT_ETA, -0.1, -INFINITY, NAN};
    myr_plan *zero = make_plan("ddim", 10, 0.0, target);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        myr_plan *plan = make_plan("ddim", 10, asked[i], target);
        cr_assert_eq(memcmp(myr_plan_rows(plan), myr_plan_rows(zero), 10 * sizeof(myr_row)), 0);
        myr_plan_destroy(plan);
    }
    myr_plan_destroy(zero);
    myr_target_destroy(target);
}

Test(plan, slots_count_the_kinds_of_noise) {
    const struct {
        const char *sampler;
        double eta;
        int slots;
    } expected[] = {{"ddpm-none", MYR_DEFAULT_ETA, 0},
                    {"ddpm-small", MYR_DEFAULT_ETA, 1},
                    {"ddpm-large", MYR_DEFAULT_ETA, 1},
                    {"ddpm-exact", MYR_DEFAULT_ETA, 1},
                    {"ddim", 0.0, 0},
                    {"ddim", 0.5, 1},
                    {"ddim-half", MYR_DEFAULT_ETA, 0},
                    {"ddim-second", MYR_DEFAULT_ETA, 0}};
    myr_target *target = make_target(0.0, 0.01);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        myr_plan *plan = make_plan(expected[i].sampler, 10, expected[i].eta, target);
        cr_assert_eq(plan->slots, expected[i].slots, "%s", expected[i].sampler);
        cr_assert_eq(plan->noise, expected[i].slots == 1);
        cr_assert(!plan->pre_noise && !plan->memory && !plan->two_stage);
        myr_plan_destroy(plan);
    }
    myr_row rows[2] = {
        {.a = 1, .s = 2, .a_next = 1, .s_next = 1, .n = 0.1, .A = 1, .C = 0.2},
        {.a = 1, .s = 1, .a_next = 1, .P = 0.5, .E = 0.5, .two_stage = 1, .a_second = 1, .Y = 1}};
    double mean = 0.0, scale = 1.0;
    myr_plan *plan = NULL;
    cr_assert_eq(myr_plan_create_from_rows(context, 1, 2, rows, &mean, &scale, &plan), MYR_OK, "%s",
                 myr_context_error(context));
    cr_assert_eq(plan->slots, 2);
    cr_assert(plan->pre_noise && plan->noise && plan->memory && plan->two_stage);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

Test(plan, final_noise_off_silences_the_last_row_only) {
    myr_target *target = make_target(0.0, 0.01);
    for (int i = 0; myr_sampler_name(i); i++) {
        if (!myr_sampler_supports(myr_sampler_name(i), "ve"))
            continue;
        myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
        options.sampler = myr_sampler_name(i);
        options.steps = 5;
        myr_plan *on = NULL, *off = NULL;
        cr_assert_eq(myr_plan_create(context, &options, target, &on), MYR_OK);
        options.final_noise = false;
        cr_assert_eq(myr_plan_create(context, &options, target, &off), MYR_OK);
        cr_assert_eq(memcmp(myr_plan_rows(on), myr_plan_rows(off), 4 * sizeof(myr_row)), 0);
        myr_row last = myr_plan_rows(on)[4];
        last.C = last.E = 0.0;
        cr_assert_eq(memcmp(&last, &myr_plan_rows(off)[4], sizeof last), 0);
        myr_plan_destroy(on);
        options.steps = 1;
        myr_plan_destroy(off);
        cr_assert_eq(myr_plan_create(context, &options, target, &off), MYR_OK);
        cr_assert_eq(off->slots, 0, "%s: one step without noise draws none", options.sampler);
        myr_plan_destroy(off);
    }
    myr_target_destroy(target);
}

Test(plan, starts_are_the_prior_or_the_true_marginal) {
    double mean[64], variance[64];
    for (int c = 0; c < 64; c++) {
        mean[c] = 0.3 * c - 7.0;
        variance[c] = 0.01 * (c + 1);
    }
    myr_target *target = NULL;
    cr_assert_eq(myr_target_create_gaussian(context, 64, mean, variance, &target), MYR_OK);
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    myr_plan *prior = NULL, *exact = NULL;
    cr_assert_eq(myr_plan_create(context, &options, target, &prior), MYR_OK);
    options.start = "exact";
    cr_assert_eq(myr_plan_create(context, &options, target, &exact), MYR_OK);
    cr_assert_eq(myr_plan_dimension(exact), 64);
    for (int c = 0; c < 64; c++) {
        cr_assert(prior->start_mean[c] == 0.0 && prior->start_scale[c] == 1.0);
        cr_assert(exact->start_mean[c] == mean[c] && same(exact->start_scale[c], sqrt(variance[c] + 1.0)));
    }
    myr_plan_destroy(exact);
    myr_plan_destroy(prior);
    myr_target_destroy(target);
}

/* Its address fills outputs that a call must overwrite. */
static char poison;

/* The call failed with that status, and its message, one line, holds both words. */
static void failed(myr_status status, myr_status expected, const char *first, const char *second) {
    const char *message = myr_context_error(context);
    cr_assert_eq(status, expected, "%s: %s", myr_status_name(status), message);
    cr_assert(strstr(message, first) && strstr(message, second), "\"%s\" lacks %s or %s", message, first,
              second);
    cr_assert_null(strchr(message, '\n'));
}

/* No plan comes of the options. */
static void refused(const myr_plan_options *options, const myr_target *target, myr_status expected,
                    const char *first, const char *second) {
    myr_plan *plan = (void *)&poison;
    myr_status status = myr_plan_create(context, options, target, &plan);
    failed(status, expected, first, second);
    cr_assert_null(plan);
}

Test(plan, bad_options_are_refused_by_name) {
    const struct {
        myr_plan_options options;
        const char *first, *second;
    } cases[] = {
#define SIZE sizeof(myr_plan_options)
#define OPTIONS(size, process_, sampler_, steps_, eta_, start_) \
    {.struct_size = (size),                                     \
     .process = (process_),                                     \
     .sampler = (sampler_),                                     \
     .steps = (steps_),                                         \
     .eta = (eta_),                                             \
     .start = (start_),                                         \
     .final_noise = true}
        {OPTIONS(SIZE, "brownian", "ddim", 10, -1, "prior"), "process \"brownian\"", "ve"},
        {OPTIONS(SIZE, NULL, "ddim", 10, -1, "prior"), "process", "ve"},
        {OPTIONS(SIZE, "ve", "ddimm", 10, -1, "prior"), "sampler \"ddimm\"", "ddim-second"},
        {OPTIONS(SIZE, "ve", NULL, 10, -1, "prior"), "sampler", "ddpm-none"},
        {OPTIONS(SIZE, "ve", "", 10, -1, "prior"), "sampler \"\"", "ddpm-exact"},
        {OPTIONS(SIZE, "ve", "ddim", 0, -1, "prior"), "steps is 0", "1 to 1000000"},
        {OPTIONS(SIZE, "ve", "ddim", -5, -1, "prior"), "steps is -5", "1 to 1000000"},
        {OPTIONS(SIZE, "ve", "ddim", 1000001, -1, "prior"), "steps is 1000001", "1 to 1000000"},
        {OPTIONS(SIZE, "ve", "ddim", INT64_MIN, -1, "prior"), "steps", "1 to 1000000"},
        {OPTIONS(SIZE, "ve", "ddim", 10, 1.5, "prior"), "eta is 1.5", "0 to 1"},
        {OPTIONS(SIZE, "ve", "ddim", 10, INFINITY, "prior"), "eta is inf", "0 to 1"},
        {OPTIONS(SIZE, "ve", "ddpm-large", 10, 0.5, "prior"), "eta is 0.5", "ddpm-large has no eta"},
        {OPTIONS(SIZE, "ve", "ddim-half", 10, 1.0, "prior"), "eta is 1", "ddim-half has no eta"},
        {OPTIONS(SIZE, "ve", "ddim", 10, -1, "posterior"), "start \"posterior\"", "prior or exact"},
        {OPTIONS(SIZE, "ve", "ddim", 10, -1, NULL), "start", "prior or exact"},
        {OPTIONS(0, "ve", "ddim", 10, -1, "prior"), "struct_size is 0", "expected"},
        {OPTIONS(4, "ve", "ddim", 10, -1, "prior"), "struct_size is 4", "expected"},
        {OPTIONS(SIZE + 1, "ve", "ddim", 10, -1, "prior"), "struct_size", "expected"},
#undef SIZE
#undef OPTIONS
    };
    myr_target *target = make_target(0.0, 0.01);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        refused(&cases[i].options, target, MYR_INVALID_ARGUMENT, cases[i].first, cases[i].second);
    }
    myr_target_destroy(target);
}

Test(plan, long_names_are_cut_in_messages) {
    char name[5000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.sampler = name;
    myr_target *target = make_target(0.0, 0.01);
    refused(&options, target, MYR_INVALID_ARGUMENT, "sampler", "ddim-second");
    myr_target_destroy(target);
}

Test(plan, null_arguments_are_refused_by_name) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    myr_target *target = make_target(0.0, 0.01);
    refused(&options, NULL, MYR_INVALID_ARGUMENT, "target", "NULL");
    failed(myr_plan_create(context, &options, target, NULL), MYR_INVALID_ARGUMENT, "plan", "NULL");
    myr_plan *plan = NULL;
    cr_assert_eq(myr_plan_create(NULL, &options, NULL, &plan), MYR_INVALID_ARGUMENT);
    myr_plan_destroy(NULL);
    cr_assert_eq(myr_plan_steps(NULL), 0);
    cr_assert_eq(myr_plan_dimension(NULL), 0);
    cr_assert_null(myr_plan_rows(NULL));
    myr_target_destroy(target);
}

/* A target of a kind that has no closed form, as later kinds do. */
Test(plan, what_needs_a_gaussian_says_so) {
    const double weight = 1.0, mean = 0.0, variance = 1.0;
    myr_target *other = NULL;
    cr_assert_eq(myr_target_create_mixture(context, 1, 1, &weight, &mean, &variance, &other), MYR_OK);
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    refused(&options, other, MYR_UNSUPPORTED, "ddpm-exact", "Gaussian");
    myr_target_destroy(other);
}

static const myr_row sound[2] = {{.a = 1, .s = 1, .a_next = 1, .s_next = 0.5, .A = 0.5, .B = 0.5},
                                 {.a = 1, .s = 0.5, .a_next = 1, .A = 0.1, .B = 0.9}};

/* No plan comes of the table. */
static void table_refused(int dimension, int64_t steps, const myr_row *rows, const double *mean,
                          const double *scale, const char *first, const char *second) {
    myr_plan *plan = (void *)&poison;
    myr_status status = myr_plan_create_from_rows(context, dimension, steps, rows, mean, scale, &plan);
    failed(status, MYR_INVALID_ARGUMENT, first, second);
    cr_assert_null(plan);
}

static void rows_refused(const myr_row rows[2], const char *first, const char *second) {
    const double mean = 0.0, scale = 1.0;
    table_refused(1, 2, rows, &mean, &scale, first, second);
}

Test(plan, every_field_of_a_bad_row_is_named) {
    const struct {
        const char *name;
        size_t offset;
        bool negative_allowed;
    } fields[] = {
#define FIELD(name, negative) {"." #name " ", offsetof(myr_row, name), negative}
        FIELD(a, false),        FIELD(s, false), FIELD(a_next, false), FIELD(s_next, false),
        FIELD(n, false),        FIELD(A, true),  FIELD(B, true),       FIELD(P, true),
        FIELD(Q, true),         FIELD(C, false), FIELD(E, false),      FIELD(a_second, false),
        FIELD(s_second, false), FIELD(A2, true), FIELD(B2, true),      FIELD(Y, true),
        FIELD(H, true),
#undef FIELD
    };
    const double bad[] = {NAN, INFINITY, -INFINITY, -0.25};
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
        for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
            myr_row rows[2] = {sound[0], sound[1]};
            memcpy((char *)&rows[1] + fields[f].offset, &bad[b], sizeof bad[b]);
            if (bad[b] == -0.25 && fields[f].negative_allowed) {
                const double zero = 0.0;
                myr_plan *plan = NULL;
                cr_assert_eq(myr_plan_create_from_rows(context, 1, 2, rows, &zero, &zero, &plan), MYR_OK);
                myr_plan_destroy(plan);
            } else {
                rows_refused(rows, fields[f].name, "rows[1]");
                const bool says = strstr(myr_context_error(context), ", not negative") != NULL;
                cr_assert_neq(says, fields[f].negative_allowed, "%s", myr_context_error(context));
            }
        }
}

Test(plan, tables_without_sense_are_refused) {
    myr_row rows[2] = {sound[0], sound[1]};
    rows[1].two_stage = 2;
    rows_refused(rows, "rows[1].two_stage is 2", "0 or 1");
    rows[1] = sound[1];
    rows[0].a_next = rows[1].a = rows[1].s = 0.0;
    rows_refused(rows, "rows[1]", "a and s are both 0");
    rows[0] = sound[0];
    rows[1] = sound[1];
    rows[1].two_stage = 1;
    rows_refused(rows, "rows[1]",
                 "a_second and s_second are both 0; expected the level of the second stage");
    rows[1] = sound[1];
    rows[1].a = 0.75;
    rows_refused(rows, "rows[1].a is 0.75", "a_next of the row before");
    rows[1] = sound[1];
    rows[1].s = 0.25;
    rows_refused(rows, "rows[1].s is 0.25", "a cleaner level than the one entered");
    rows[1].s = nextafter(0.5, 0.0);
    rows_refused(rows, "rows[1].s is 0.49999999999999994", "s_next of the row before, 0.5");
}

/* A row may leave from the level that was entered, or from a noisier one; and it may enter any. */
Test(plan, rows_may_leave_from_noisier_levels) {
    const double zero = 0.0, one = 1.0, levels[] = {0.5, 0.75, 2.0};
    for (int i = 0; i < 3; i++) {
        myr_row rows[2] = {sound[0], sound[1]};
        myr_plan *plan = NULL;
        rows[1].s = levels[i];
        rows[1].s_next = 3.0;
        cr_assert_eq(myr_plan_create_from_rows(context, 1, 2, rows, &zero, &one, &plan), MYR_OK, "%s",
                     myr_context_error(context));
        myr_plan_destroy(plan);
    }
}

Test(plan, bad_table_arguments_are_refused_by_name) {
    const struct {
        int dimension;
        int64_t steps;
        const myr_row *rows;
        const double *mean, *scale;
        const char *first, *second;
    } cases[] = {
#define NUMBERS(...) ((const double[]){__VA_ARGS__})
        {0, 2, sound, NUMBERS(0), NUMBERS(1), "dimension is 0", "1 to 4096"},
        {-1, 2, sound, NUMBERS(0), NUMBERS(1), "dimension is -1", "1 to 4096"},
        {4097, 2, sound, NUMBERS(0), NUMBERS(1), "dimension is 4097", "1 to 4096"},
        {1, 0, sound, NUMBERS(0), NUMBERS(1), "steps is 0", "1 to 1000000"},
        {1, MYR_MAX_STEPS + 1, sound, NUMBERS(0), NUMBERS(1), "steps is 1000001", "1 to 1000000"},
        {1, 2, NULL, NUMBERS(0), NUMBERS(1), "rows is NULL", "array"},
        {1, 2, sound, NULL, NUMBERS(1), "start_mean is NULL", "array"},
        {1, 2, sound, NUMBERS(0), NULL, "start_scale is NULL", "array"},
        {2, 2, sound, NUMBERS(0, NAN), NUMBERS(1, 1), "start_mean[1] is", "finite"},
        {2, 2, sound, NUMBERS(0, 0), NUMBERS(1, -1), "start_scale[1] is -1", "not negative"},
        {2, 2, sound, NUMBERS(0, 0), NUMBERS(INFINITY, 1), "start_scale[0] is inf", "finite"},
#undef NUMBERS
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        table_refused(cases[i].dimension, cases[i].steps, cases[i].rows, cases[i].mean, cases[i].scale,
                      cases[i].first, cases[i].second);
    }
    const double one = 1.0;
    failed(myr_plan_create_from_rows(context, 1, 2, sound, &one, &one, NULL), MYR_INVALID_ARGUMENT,
           "plan is NULL", "expected");
}

Test(plan, tables_are_copied) {
    myr_row rows[2] = {sound[0], sound[1]};
    double mean[2] = {0.25, -0.5}, scale[2] = {2.0, 0.0};
    myr_plan *plan = NULL;
    cr_assert_eq(myr_plan_create_from_rows(context, 2, 2, rows, mean, scale, &plan), MYR_OK);
    memset(rows, 0xff, sizeof rows);
    memset(mean, 0xff, sizeof mean);
    memset(scale, 0xff, sizeof scale);
    cr_assert_eq(memcmp(myr_plan_rows(plan), sound, sizeof sound), 0);
    cr_assert(plan->start_mean[0] == 0.25 && plan->start_mean[1] == -0.5);
    cr_assert(plan->start_scale[0] == 2.0 && plan->start_scale[1] == 0.0);
    myr_plan_destroy(plan);
}

Test(plan, lists_end_with_null_and_agree_with_what_runs) {
    cr_assert_null(myr_sampler_name(-1));
    cr_assert_null(myr_sampler_help(-1));
    cr_assert_null(myr_process_name(-1));
    cr_assert_null(myr_process_help(-1));
    int samplers = 0, processes = 0;
    while (myr_sampler_name(samplers)) {
        cr_assert(myr_sampler_help(samplers)[0] != '\0');
        bool discrete = strcmp(myr_sampler_name(samplers), "ancestral") == 0;
        cr_assert(myr_sampler_supports(myr_sampler_name(samplers), "ve") != discrete);
        cr_assert(myr_sampler_supports(myr_sampler_name(samplers), "discrete") == discrete);
        cr_assert(!myr_sampler_supports(myr_sampler_name(samplers), "brownian"));
        cr_assert(!myr_sampler_supports(myr_sampler_name(samplers), NULL));
        samplers++;
    }
    while (myr_process_name(processes)) {
        cr_assert(myr_process_help(processes)[0] != '\0');
        processes++;
    }
    cr_assert_null(myr_sampler_help(samplers));
    cr_assert_null(myr_process_help(processes));
    cr_assert_geq(samplers, 14);
    cr_assert_geq(processes, 4);
    cr_assert(!myr_sampler_supports(NULL, "ve") && !myr_sampler_supports("euler ", "ve"));
}

Test(plan, bad_targets_are_refused_by_name) {
    const struct {
        int dimension;
        const double *mean, *variance;
        const char *first, *second;
    } cases[] = {
#define NUMBERS(...) ((const double[]){__VA_ARGS__})
        {0, NUMBERS(0), NUMBERS(1), "dimension is 0", "1 to 64"},
        {65, NUMBERS(0), NUMBERS(1), "dimension is 65", "1 to 64"},
        {1, NULL, NUMBERS(1), "mean is NULL", "array"},
        {1, NUMBERS(0), NULL, "variance is NULL", "array"},
        {1, NUMBERS(NAN), NUMBERS(1), "mean[0] is", "1e+30"},
        {1, NUMBERS(INFINITY), NUMBERS(1), "mean[0] is inf", "1e+30"},
        {2, NUMBERS(0, -2e30), NUMBERS(1, 1), "mean[1] is -2e+30", "-1e+30"},
        {1, NUMBERS(0), NUMBERS(0), "variance[0] is 0", "above 0"},
        {2, NUMBERS(0, 0), NUMBERS(1, -1), "variance[1] is -1", "above 0"},
        {1, NUMBERS(0), NUMBERS(NAN), "variance[0] is", "above 0"},
        {1, NUMBERS(0), NUMBERS(INFINITY), "variance[0] is inf", "1e+30"},
#undef NUMBERS
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        myr_target *target = (void *)&poison;
        myr_status status = myr_target_create_gaussian(context, cases[i].dimension, cases[i].mean,
                                                       cases[i].variance, &target);
        failed(status, MYR_INVALID_ARGUMENT, cases[i].first, cases[i].second);
        cr_assert_null(target);
    }
    const double one = 1.0;
    failed(myr_target_create_gaussian(context, 1, &one, &one, NULL), MYR_INVALID_ARGUMENT, "target is NULL",
           "expected");
    myr_target_destroy(NULL);
    cr_assert_eq(myr_target_dimension(NULL), 0);
}

Test(plan, targets_keep_what_they_were_given) {
    const double mean[2] = {-1e30, 3.0}, variance[2] = {1e30, 1e-300};
    double seen_mean[2] = {NAN, NAN}, seen_variance[2] = {NAN, NAN};
    myr_target *target = NULL;
    cr_assert_eq(myr_target_create_gaussian(context, 2, mean, variance, &target), MYR_OK);
    cr_assert_eq(myr_target_dimension(target), 2);
    myr_target_moments(target, seen_mean, seen_variance);
    myr_target_moments(target, NULL, NULL);
    cr_assert(memcmp(mean, seen_mean, sizeof mean) == 0);
    cr_assert(memcmp(variance, seen_variance, sizeof variance) == 0);
    myr_target_destroy(target);
}
