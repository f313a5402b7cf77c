/* Streams of the cuda backend, run on the host: a job makes several blocks, and none shows. */
#include <criterion/criterion.h>

#include "on_host.h"

enum { DIMENSION = 64, BLOCK = MYR_SINK_NUMBERS / DIMENSION, COUNT = 2 * BLOCK + 100 };

/* What the cpu makes of the same trajectories, and how many have come. */
typedef struct compared {
    const double *wanted;
    uint64_t count, stop_after;
} compared;

static myr_status compare(void *user, uint64_t first, uint64_t count, const double *samples) {
    compared *to = user;
    cr_assert_eq(first, to->count);
    cr_assert_eq(count, COUNT - first < BLOCK ? COUNT - first : BLOCK);
    cr_assert(memcmp(samples, to->wanted + first * DIMENSION, count * DIMENSION * sizeof *samples) == 0);
    to->count += count;
    return to->count < to->stop_after ? MYR_OK : MYR_CHECK_FAILED;
}

Test(stream_on_host, blocks_of_a_job_come_one_by_one) {
    fake_machine(1, CUDART_VERSION);
    myr_context *context = new_context();
    myr_target *target = new_target(context, DIMENSION, 0.01);
    myr_plan *plan = new_plan(context, "ddim", 1, "prior", target);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    double *wanted = malloc((size_t)COUNT * DIMENSION * sizeof *wanted);
    options.count = COUNT;
    options.backend = "cpu";
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, wanted, NULL));
    options.backend = "cuda";
    compared to = {.wanted = wanted, .stop_after = UINT64_MAX};
    REQUIRE_OK(context, myr_run_stream(context, plan, target, &options, compare, &to, NULL));
    cr_expect_eq(to.count, COUNT);
    to = (compared){.wanted = wanted, .stop_after = BLOCK + 1};
    cr_expect_eq(myr_run_stream(context, plan, target, &options, compare, &to, NULL), MYR_CHECK_FAILED);
    cr_expect_eq(to.count, 2 * BLOCK);
    cr_expect_eq(fake_live(), 0);
    free(wanted);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}
