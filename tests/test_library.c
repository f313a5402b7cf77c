/* The library as its callers meet it: statuses, options, NULL, and contexts that do not know of each other.
 */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <threads.h>

#include "support.h"

#define STATUS_NAME(name, exit_status, message) name,
static const myr_status statuses[] = {MYR_STATUS_LIST(STATUS_NAME)};
#define STATUSES ((int)(sizeof statuses / sizeof statuses[0]))

/* A context with a Gaussian target and a plan for it; each test makes its own. */
typedef struct setup {
    myr_context *context;
    myr_target *target;
    myr_plan *plan;
} setup;

static setup make_setup(const char *sampler, int64_t steps, int dimension) {
    double mean[4] = {0.5, -1, 2, 0}, variance[4] = {0.01, 1, 0.3, 4};
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.sampler = sampler;
    options.steps = steps;
    setup s = {0};
    cr_assert_eq(myr_context_create(&s.context), MYR_OK);
    cr_assert_eq(myr_target_create_gaussian(s.context, dimension, mean, variance, &s.target), MYR_OK);
    cr_assert_eq(myr_plan_create(s.context, &options, s.target, &s.plan), MYR_OK, "%s",
                 myr_context_error(s.context));
    return s;
}

static void free_setup(setup *s) {
    myr_plan_destroy(s->plan);
    myr_target_destroy(s->target);
    myr_context_destroy(s->context);
}

/* One line, and not empty: what every error must be. */
static bool one_line(const char *text) {
    return text && text[0] && !strchr(text, '\n');
}

Test(library, status_names_and_messages_are_unique) {
    for (int i = 0; i < STATUSES; i++) {
        cr_assert(one_line(myr_status_name(statuses[i])));
        cr_assert(one_line(myr_status_message(statuses[i])));
        for (int j = 0; j < i; j++) {
            cr_assert_str_neq(myr_status_name(statuses[i]), myr_status_name(statuses[j]));
            cr_assert_str_neq(myr_status_message(statuses[i]), myr_status_message(statuses[j]));
        }
    }
    cr_assert_str_eq(myr_status_name(MYR_NO_DEVICE), "MYR_NO_DEVICE");
}

Test(library, exit_codes_are_those_documented) {
    const struct {
        myr_status status;
        int code;
    } wanted[] = {{MYR_OK, 0},           {MYR_CHECK_FAILED, 1},  {MYR_INVALID_ARGUMENT, 2},
                  {MYR_UNSUPPORTED, 2},  {MYR_INVALID_DATA, 3},  {MYR_NO_DEVICE, 4},
                  {MYR_DEVICE_ERROR, 4}, {MYR_OUT_OF_MEMORY, 4}, {MYR_IO_ERROR, 5},
                  {MYR_CANCELLED, 5}};
    cr_assert_eq(STATUSES, (int)(sizeof wanted / sizeof wanted[0]));
    for (int i = 0; i < STATUSES; i++) {
        cr_assert_eq(myr_status_exit_code(wanted[i].status), wanted[i].code, "%s",
                     myr_status_name(wanted[i].status));
    }
}

Test(library, unknown_statuses_have_names_too) {
    const int unknown[] = {-1, STATUSES, 1000000};
    for (int i = 0; i < 3; i++) {
        cr_assert_str_eq(myr_status_name((myr_status)unknown[i]), "unknown status");
        cr_assert(one_line(myr_status_message((myr_status)unknown[i])));
        cr_assert_eq(myr_status_exit_code((myr_status)unknown[i]), 5);
    }
}

Test(library, context_keeps_the_last_error) {
    setup s = make_setup("ddim", 3, 1);
    cr_assert_str_eq(myr_context_error(s.context), "");
    double mean = 0, variance = -1;
    myr_target *none = s.target;
    cr_assert_eq(myr_target_create_gaussian(s.context, 1, &mean, &variance, &none), MYR_INVALID_ARGUMENT);
    cr_assert_null(none);
    cr_assert(one_line(myr_context_error(s.context)));
    cr_assert_not_null(strstr(myr_context_error(s.context), "-1"));
    char before[1024];
    snprintf(before, sizeof before, "%s", myr_context_error(s.context));

    /* A call that succeeds leaves it, one that fails replaces it. */
    myr_moment moment;
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    run.backend = "cpu";
    run.count = 5;
    cr_assert_eq(myr_run_moments(s.context, s.plan, s.target, &run, &moment, NULL), MYR_OK);
    cr_assert_str_eq(myr_context_error(s.context), before);
    run.backend = "abacus";
    cr_assert_eq(myr_run_moments(s.context, s.plan, s.target, &run, &moment, NULL), MYR_INVALID_ARGUMENT);
    cr_assert_not_null(strstr(myr_context_error(s.context), "abacus"));
    free_setup(&s);
}

/* A size that no release's structure had: too small, too large, or the 0 of a forgotten initialiser. */
Test(library, options_of_a_wrong_size_are_refused) {
    setup s = make_setup("ddim", 3, 1);
    double values[4];
    uint32_t words[4];
    myr_moment moment;
    for (int i = 0; i < 5; i++) {
        myr_plan_options plan_options = MYR_PLAN_OPTIONS_INIT;
        myr_run_options run_options = MYR_RUN_OPTIONS_INIT;
        myr_verify_options verify_options = MYR_VERIFY_OPTIONS_INIT;
        size_t *sizes[] = {&plan_options.struct_size, &run_options.struct_size,
                           &verify_options.struct_size};
        for (int j = 0; j < 3; j++) {
            const size_t wrong[] = {0, 1, *sizes[j] - 1, *sizes[j] + 1, SIZE_MAX};
            *sizes[j] = wrong[i];
        }
        run_options.count = 1;
        myr_plan *plan = s.plan;
        cr_assert_eq(myr_plan_create(s.context, &plan_options, s.target, &plan), MYR_INVALID_ARGUMENT);
        cr_assert_null(plan);
        cr_assert_not_null(strstr(myr_context_error(s.context), "struct_size"));
        cr_assert_eq(myr_run_moments(s.context, s.plan, s.target, &run_options, &moment, NULL),
                     MYR_INVALID_ARGUMENT);
        cr_assert_not_null(strstr(myr_context_error(s.context), "struct_size"));
        cr_assert_eq(myr_run_samples(s.context, s.plan, s.target, &run_options, values, NULL),
                     MYR_INVALID_ARGUMENT);
        cr_assert_eq(myr_random_words(s.context, &run_options, 0, 0, 1, words), MYR_INVALID_ARGUMENT);
        cr_assert_eq(myr_random_normals(s.context, &run_options, 0, 0, 1, values), MYR_INVALID_ARGUMENT);
        cr_assert_eq(myr_verify(s.context, &verify_options, NULL, NULL), MYR_INVALID_ARGUMENT);
        cr_assert_not_null(strstr(myr_context_error(s.context), "struct_size"));
    }
    free_setup(&s);
}

Test(library, lists_end_and_their_lines_are_there) {
    const char *(*const lists[][2])(int) = {{myr_sampler_name, myr_sampler_help},
                                            {myr_process_name, myr_process_help},
                                            {myr_backend_name, myr_backend_help}};
    for (int list = 0; list < 3; list++) {
        int count = 0;
        while (lists[list][0](count)) {
            cr_assert(one_line(lists[list][0](count)));
            cr_assert(one_line(lists[list][1](count)));
            for (int j = 0; j < count; j++) {
                cr_assert_str_neq(lists[list][0](count), lists[list][0](j));
            }
            cr_assert_lt(++count, 1000);
        }
        cr_assert_gt(count, 0);
        cr_assert_null(lists[list][1](count));
        cr_assert_null(lists[list][0](-1));
        cr_assert_null(lists[list][1](-1));
    }
    cr_assert(one_line(myr_version()));
    cr_assert(one_line(myr_build_description()));
}

typedef struct heard {
    uint64_t calls, last, jump, total; /* jump: the longest way from one call to the next */
} heard;

static int hear(void *user, uint64_t done, uint64_t total) {
    heard *h = user;
    cr_assert(done >= h->last && done <= total, "%llu of %llu after %llu", (unsigned long long)done,
              (unsigned long long)total, (unsigned long long)h->last);
    h->jump = done - h->last > h->jump ? done - h->last : h->jump;
    h->last = done;
    h->total = total;
    h->calls++;
    return 0;
}

/* Progress rises from call to call up to all trajectories. A mixture's table of 200,000 rows, 16 floats each and more, is
 * beyond a window of cpu, of 4 MB: at least three, of which none is more than a third of the rows. */
Test(library, progress_rises_to_the_end_window_by_window) {
    enum { count = 100 };
    static const double weights[] = {3.0, 1.0}, means[] = {-1.5, 0.0, 1.0, 1.0},
                        variances[] = {0.09, 0.04, 0.02, 0.02};
    myr_context *context = new_context();
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_mixture(context, 2, 2, weights, means, variances, &target));
    myr_plan *plan = new_plan(context, "ddim", 200000, "prior", target);
    static double samples[2 * count];
    heard h = {0};
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = "cpu";
    options.threads = 1;
    options.first = 77;
    options.count = count;
    options.progress = hear;
    options.user = &h;
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, samples, NULL));
    cr_expect(h.last == count && h.total == count && h.calls >= 3 && h.jump <= count / 3 + 1,
              "%llu calls, at most %llu at once", (unsigned long long)h.calls, (unsigned long long)h.jump);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* What one thread does, ten times over, in its own context: a failure that must leave its own message, and
 * a run. */
enum { ROUNDS = 10 };

typedef struct worker {
    const char *sampler, *backend;
    int64_t steps;
    int dimension, threads;
    bool failed;
    myr_moment moments[ROUNDS][4];
} worker;

static int work(void *argument) {
    worker *w = argument;
    setup s = make_setup(w->sampler, w->steps, w->dimension);
    for (int round = 0; round < ROUNDS; round++) {
        myr_run_options run = MYR_RUN_OPTIONS_INIT;
        run.backend = w->backend;
        run.threads = w->threads;
        run.seed = (uint64_t)round;
        run.count = 9001; /* fills no chunk of 4,096 */
        w->failed |= myr_run_moments(s.context, s.plan, s.target, &run, w->moments[round], NULL) != MYR_OK;
        run.backend = w->sampler; /* no backend's name */
        w->failed |= myr_run_moments(s.context, s.plan, s.target, &run, w->moments[round], NULL) == MYR_OK;
        w->failed |= !strstr(myr_context_error(s.context), w->sampler);
    }
    free_setup(&s);
    return 0;
}

Test(library, contexts_in_threads_do_not_disturb_each_other) {
    enum { WORKERS = 4 };
    worker alone[WORKERS] = {
        {.sampler = "ddpm-exact", .backend = "cpu", .steps = 20, .dimension = 1, .threads = 1},
        {.sampler = "ddim", .backend = "cpu", .steps = 33, .dimension = 4, .threads = 2},
        {.sampler = "ddpm-large", .backend = "cpu", .steps = 7, .dimension = 3, .threads = 3},
        {.sampler = "ddpm-small", .backend = "reference", .steps = 5, .dimension = 2}};
    worker together[WORKERS];
    memcpy(together, alone, sizeof together);
    for (int i = 0; i < WORKERS; i++) {
        memset(alone[i].moments, 0xAA, sizeof alone[i].moments);
        memset(together[i].moments, 0x55, sizeof together[i].moments);
        work(&alone[i]);
        cr_assert(!alone[i].failed);
    }
    thrd_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        cr_assert_eq(thrd_create(&threads[i], work, &together[i]), thrd_success);
    }
    for (int i = 0; i < WORKERS; i++) {
        cr_assert_eq(thrd_join(threads[i], NULL), thrd_success);
    }
    for (int i = 0; i < WORKERS; i++) {
        cr_assert(!together[i].failed);
        for (int round = 0; round < ROUNDS; round++) {
            size_t size = sizeof(myr_moment) * (size_t)alone[i].dimension;
            cr_assert_arr_eq(together[i].moments[round], alone[i].moments[round], size);
            cr_assert_eq(alone[i].moments[round][0].count, 9001);
        }
        cr_assert_neq(alone[i].moments[0][0].mean, alone[i].moments[1][0].mean); /* seeds matter */
    }
}
