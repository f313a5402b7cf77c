/* Columns on the device: held from call to call, or where the device has no room for them a window of rows at a time. */
#include <criterion/criterion.h>

#include "../linear_batch.h"
#include "fake_runtime.h"
#include "myriad/fit.h"

static myr_compute_options on_cuda(void) {
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = "cuda";
    return options;
}

/* Nine chunks, of which one has room. */
Test(windows_on_host, features_may_be_larger_than_the_devices_memory) {
    enum { N = 9000, P = 64, MEMORY = 1 << 20, BAD = 8200 };
    static double cpu[P], cuda[P];
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_linear_metrics mine, theirs;
    myr_context *context = new_context();
    batch b = new_batch(N, P, true, fresh_seed());
    REQUIRE_OK(context, run_linear(context, &b, &loss, "cpu", 1, cpu, &theirs));
    fake_machine(1, CUDART_VERSION);
    fake_memory(MEMORY);
    REQUIRE_OK(context, run_linear(context, &b, &loss, "cuda", 0, cuda, &mine));
    cr_expect(memcmp(&mine, &theirs, sizeof mine) == 0 && memcmp(cpu, cuda, sizeof cpu) == 0);
    cr_expect_leq(fake_most_bytes(), MEMORY);
    b.weight[BAD] = -1.0;
    cr_expect_eq(run_linear(context, &b, &loss, "cuda", 0, cuda, &mine), MYR_INVALID_DATA);
    cr_expect_not_null(strstr(myr_context_error(context), "row 8200"), "%s", myr_context_error(context));
    cr_expect_eq(fake_live(), 0);
    free_batch(&b);
    myr_context_destroy(context);
}

enum { PAIRS = 70000, COLUMNS = 8, REPLICATES = 3 };

static void run_replicates(myr_context *context, const batch *b, double *gradient,
                           myr_linear_metrics *metrics) {
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    const myr_compute_options options = on_cuda();
    myr_many many = MYR_MANY_INIT;
    many.replicates = REPLICATES;
    many.bootstrap = true;
    REQUIRE_OK(context, myr_loss_many(context, &loss, &b->features, (myr_array){b->theta, MYR_F64}, &many,
                                      &options, (myr_array_out){gradient, MYR_F64}, metrics, NULL));
}

/* Three slices: a window each, or all at once. */
Test(windows_on_host, many_losses_have_the_same_bits_by_windows) {
    enum { MEMORY = 3 << 20 };
    static double whole[REPLICATES * COLUMNS], windows[REPLICATES * COLUMNS];
    myr_linear_metrics metrics[2][REPLICATES];
    myr_context *context = new_context();
    batch b = new_batch(PAIRS, COLUMNS, true, fresh_seed());
    fake_machine(1, CUDART_VERSION);
    run_replicates(context, &b, whole, metrics[0]);
    cr_assert_gt(fake_most_bytes(), MEMORY);
    fake_machine(1, CUDART_VERSION);
    fake_memory(MEMORY);
    run_replicates(context, &b, windows, metrics[1]);
    cr_expect_leq(fake_most_bytes(), MEMORY);
    cr_expect(memcmp(metrics[0], metrics[1], sizeof metrics[0]) == 0 &&
              memcmp(whole, windows, sizeof whole) == 0);
    cr_expect_eq(fake_live(), 0);
    free_batch(&b);
    myr_context_destroy(context);
}

/* What is held is not copied again, and not looked at on the host, until it has been released as often. */
Test(windows_on_host, features_are_held) {
    enum { N = 3000, P = 16 };
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    const myr_compute_options options = on_cuda();
    const size_t bytes = N * (P * sizeof(float) + 2 * sizeof(double));
    myr_linear_metrics before, held, after;
    myr_context *context = new_context();
    batch b = new_batch(N, P, true, fresh_seed());
    fake_machine(1, CUDART_VERSION);
    REQUIRE_OK(context, run_linear(context, &b, &loss, "cuda", 0, NULL, &before));
    REQUIRE_OK(context, myr_features_hold(context, &b.features, &options));
    REQUIRE_OK(context, myr_features_hold(context, &b.features, &options));
    cr_expect_eq(fake_live(), 3);
    REQUIRE_OK(context, myr_features_release(context, &b.features, &options));
    const size_t copied = fake_copied_bytes();
    b.delta[0] += 100.0f;
    REQUIRE_OK(context, run_linear(context, &b, &loss, "cuda", 0, NULL, &held));
    cr_expect(memcmp(&before, &held, sizeof held) == 0);
    cr_expect_lt(fake_copied_bytes() - copied, bytes / 16);
    REQUIRE_OK(context, myr_features_release(context, &b.features, &options));
    cr_expect_eq(fake_live(), 0);
    REQUIRE_OK(context, run_linear(context, &b, &loss, "cuda", 0, NULL, &after));
    cr_expect_neq(after.loss, before.loss);
    REQUIRE_OK(context, myr_features_release(context, &b.features, &options)); /* of nothing */
    REQUIRE_OK(context, myr_features_hold(context, &b.features, &options));
    myr_context_destroy(context);
    cr_expect_eq(fake_live(), 0); /* what is held ends with the context */
    free_batch(&b);
}

/* Without room features are not held, and losses come by windows. */
Test(windows_on_host, what_has_no_room_is_not_held) {
    enum { N = 9000, P = 64 };
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    const myr_compute_options options = on_cuda();
    myr_linear_metrics mine, theirs;
    myr_context *context = new_context();
    batch b = new_batch(N, P, false, fresh_seed());
    REQUIRE_OK(context, run_linear(context, &b, &loss, "cpu", 1, NULL, &theirs));
    fake_machine(1, CUDART_VERSION);
    fake_memory(1 << 20);
    REQUIRE_OK(context, myr_features_hold(context, &b.features, &options));
    cr_expect_eq(fake_live(), 0);
    REQUIRE_OK(context, run_linear(context, &b, &loss, "cuda", 0, NULL, &mine));
    cr_expect(memcmp(&mine, &theirs, sizeof mine) == 0);
    REQUIRE_OK(context, myr_features_release(context, &b.features, &options));
    free_batch(&b);
    myr_context_destroy(context);
}

/* A fit copies its features once, and has the estimates of the cpu's. */
Test(windows_on_host, a_fit_copies_its_features_once) {
    enum { N = 3000, P = 16 };
    myr_estimate estimates[2][P];
    myr_fit_options how = MYR_FIT_OPTIONS_INIT;
    myr_context *context = new_context();
    batch b = new_batch(N, P, true, fresh_seed());
    how.ridge = 0.1;
    fake_machine(1, CUDART_VERSION);
    for (int k = 0; k < 2; k++) {
        myr_fit_report report = MYR_FIT_REPORT_INIT;
        myr_compute_options compute = on_cuda();
        compute.backend = k == 0 ? "cpu" : "cuda";
        compute.threads = 1;
        memset(estimates[k], 0, sizeof estimates[k]);
        REQUIRE_OK(context, myr_fit_linear(context, &b.features, &how, &compute, estimates[k], &report));
        cr_expect(report.descent_evaluations > 5);
    }
    cr_expect(memcmp(estimates[0], estimates[1], sizeof estimates[0]) == 0);
    cr_expect_lt(fake_copied_bytes(), 2 * N * P * sizeof(float));
    cr_expect_eq(fake_live(), 0);
    free_batch(&b);
    myr_context_destroy(context);
}
