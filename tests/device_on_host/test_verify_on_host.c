/* Verification's own checks of the cuda backend, with its kernels run on the host: the tiers that are small
 * enough for that. */
#include <criterion/criterion.h>

#include "fake_runtime.h"
#include "support.h"
#include "verify/tiers.h"

typedef struct outcome {
    int checks, skipped, failed;
    char last[256]; /* that failed, or was skipped */
} outcome;

static void note(void *user, const myr_check *check) {
    outcome *o = user;
    o->checks++;
    o->skipped += check->skipped;
    o->failed += !check->skipped && !check->passed;
    if (!check->passed)
        snprintf(o->last, sizeof o->last, "%s: %g, bound %g", check->name, check->worst, check->bound);
}

static void expect_pass_by(bool fast, myr_status (*tier)(myr_verification *), int least_checks,
                           int skipped) {
    myr_context *context = new_context();
    outcome o = {0};
    myr_verification v = {.context = context,
                          .backend = &myr_backend_cuda,
                          .seed = MYR_DEFAULT_SEED,
                          .count = MYR_VERIFY_MIN_COUNT,
                          .fast = fast,
                          .threads = 1,
                          .report = note,
                          .user = &o};
    fake_machine(1, CUDART_VERSION);
    REQUIRE_OK(context, tier(&v));
    cr_expect_eq(o.failed, 0, "%s", o.last);
    cr_expect_eq(o.skipped, skipped, "%s", o.last);
    cr_expect(o.checks >= least_checks, "%d checks", o.checks);
    cr_expect_eq(fake_live(), 0);
    myr_context_destroy(context);
}

static void expect_pass(myr_status (*tier)(myr_verification *), int least_checks, int skipped) {
    expect_pass_by(false, tier, least_checks, skipped);
}

Test(verify_on_host, mixtures) {
    expect_pass(myr_verify_mixtures, 11, 0);
}
Test(verify_on_host, chains) {
    expect_pass(myr_verify_chains, 12, 0);
}
Test(verify_on_host, gradients_of_pairs) {
    expect_pass(myr_verify_pair_gradients, 17, 0);
}
Test(verify_on_host, gradients) {
    expect_pass(myr_verify_gradients, 18, 0);
}
Test(verify_on_host, gradients_in_fast_arithmetic) {
    expect_pass_by(true, myr_verify_gradients, 18, 0);
}

Test(verify_on_host, rankings) {
    expect_pass(myr_verify_rankings, 4, 0);
}
