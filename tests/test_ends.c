/* What becomes of calls in a process that was forked, and of files that are not closed. */
#define _POSIX_C_SOURCE 200809L

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "myriad/myriad.h"

static myr_status run(myr_context *context, int threads, myr_moment *moment) {
    const double mean = 0.5, variance = 2;
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    myr_target *target = NULL;
    myr_plan *plan = NULL;
    options.steps = 3;
    run.backend = "cpu";
    run.count = 100000;
    run.threads = threads;
    myr_status status = myr_target_create_gaussian(context, 1, &mean, &variance, &target);
    if (status == MYR_OK)
        status = myr_plan_create(context, &options, target, &plan);
    if (status == MYR_OK)
        status = myr_run_moments(context, plan, target, &run, moment, NULL);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    return status;
}

enum { REFUSED = 1, SAME = 2 };

/* In a child: what became of calls of all threads, and of one. */
static int child_after(int threads) {
    myr_context *context;
    myr_moment before, again;
    cr_assert_eq(myr_context_create(&context), MYR_OK);
    cr_assert_eq(run(context, threads, &before), MYR_OK, "%s", myr_context_error(context));
    const pid_t child = fork();
    if (child == 0) {
        alarm(20); /* a call that waits for threads that are gone never returns */
        const myr_status all = run(context, 0, &again);
        int found = all == MYR_UNSUPPORTED && strstr(myr_context_error(context), "forked") ? REFUSED : 0;
        if (run(context, 1, &again) == MYR_OK && memcmp(&before, &again, sizeof before) == 0)
            found |= SAME;
        _exit(found);
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status), "the child was ended by signal %d", WTERMSIG(status));
    myr_context_destroy(context);
    return WEXITSTATUS(status);
}

Test(ends, a_child_of_a_thread_that_has_used_several_has_one) {
    cr_expect_eq(child_after(2), REFUSED | SAME);
}

Test(ends, a_child_of_a_thread_that_has_used_one_has_all) {
    cr_expect_eq(child_after(1), SAME);
}

/* A folder of its own, which is empty again in the end. */
static void enter_folder(char folder[]) {
    cr_assert(mkdtemp(folder) != NULL && chdir(folder) == 0);
}

Test(ends, files_are_abandoned_one_by_one) {
    char folder[] = "/tmp/myriad-ends-XXXXXX";
    myr_atomic_file *files[2], *closed;
    enter_folder(folder);
    cr_expect_null(myr_atomic_abandon());
    cr_assert_eq(myr_atomic_open(NULL, "closed", &closed), MYR_OK);
    cr_expect_eq(myr_atomic_close(NULL, closed, MYR_OK), MYR_OK);
    cr_assert_eq(myr_atomic_open(NULL, "a", &files[0]), MYR_OK);
    cr_assert_eq(myr_atomic_open(NULL, "b", &files[1]), MYR_OK);
    cr_expect_str_eq(myr_atomic_abandon(), "a");
    cr_expect_str_eq(myr_atomic_abandon(), "b");
    cr_expect_null(myr_atomic_abandon());
    for (int n = 0; n < 2; n++) /* nothing of them is left to remove */
        cr_expect_eq(myr_atomic_close(NULL, files[n], MYR_CANCELLED), MYR_CANCELLED);
    cr_expect_eq(remove("closed"), 0);
    cr_expect_eq(rmdir(folder), 0, "something is left in %s", folder);
}

Test(ends, a_file_is_there_whole_or_not_at_all) {
    char folder[] = "/tmp/myriad-ends-XXXXXX", text[8] = "";
    myr_atomic_file *file;
    enter_folder(folder);
    for (int n = 0; n < 2; n++) {
        cr_assert_eq(myr_atomic_open(NULL, "a", &file), MYR_OK);
        fputs(n == 0 ? "first" : "second", myr_atomic_stream(file));
        cr_expect_eq(myr_atomic_close(NULL, file, n == 0 ? MYR_OK : MYR_CANCELLED),
                     n == 0 ? MYR_OK : MYR_CANCELLED);
    }
    FILE *made = fopen("a", "r");
    cr_assert_not_null(made);
    cr_expect_not_null(fgets(text, sizeof text, made));
    cr_expect_str_eq(text, "first");
    fclose(made);
    cr_expect_eq(remove("a"), 0);
    cr_expect_eq(rmdir(folder), 0, "something is left in %s", folder);
    cr_expect_eq(myr_atomic_open(NULL, NULL, &file), MYR_INVALID_ARGUMENT);
    cr_expect_eq(myr_atomic_open(NULL, "a", NULL), MYR_INVALID_ARGUMENT);
    cr_expect_null(myr_atomic_stream(NULL));
    cr_expect_eq(myr_atomic_close(NULL, NULL, MYR_CANCELLED), MYR_CANCELLED);
}
