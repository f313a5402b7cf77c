/* What a context keeps of a device from call to call, and what a call leaves of the calling thread's device. */
#include <criterion/criterion.h>

#include "fake_runtime.h"
#include "myriad/random.h"
#include "myriad/run.h"
#include "support.h"

static void draw(myr_context *context, int device) {
    uint32_t words[4];
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = "cuda";
    options.device = device;
    options.count = 1;
    REQUIRE_OK(context, myr_random_words(context, &options, MYR_STREAM_START, 0, 1, words));
}

/* One room a device, which ends with the context. */
Test(sessions_on_host, a_context_keeps_a_room_for_each_device) {
    fake_machine(3, CUDART_VERSION);
    myr_context *context = new_context(), *other = new_context();
    for (int n = 0; n < 3; n++) {
        draw(context, 0);
        draw(context, 2);
        draw(other, 2);
    }
    cr_expect_eq(fake_rooms(), 3);
    cr_expect_eq(fake_live(), 0);
    myr_context_destroy(context);
    cr_expect_eq(fake_rooms(), 1);
    myr_context_destroy(other);
    cr_expect_eq(fake_rooms(), 0);
    cr_expect_eq(fake_live(), 0);
    draw(NULL, 1); /* no context, no room that stays */
    cr_expect_eq(fake_rooms(), 0);
    cr_expect_eq(fake_live(), 0);
}

/* The caller's device is chosen again where the process uses it, and is not started else. */
Test(sessions_on_host, the_callers_device_stays_as_it_was) {
    int device = -1;
    fake_machine(4, CUDART_VERSION);
    myr_context *context = new_context();
    draw(context, 3);
    cr_expect(fake_started(3));
    cr_expect_not(fake_started(0), "a context was left on a device that nobody asked for");
    cr_assert_eq(cudaSetDevice(1), cudaSuccess);
    draw(context, 3);
    cr_assert_eq(cudaGetDevice(&device), cudaSuccess);
    cr_expect_eq(device, 1);
    myr_context_destroy(context);
    cr_assert_eq(cudaGetDevice(&device), cudaSuccess);
    cr_expect_eq(device, 1);
    cr_expect_not(fake_started(0));
}

/* What a call takes is counted, and given back. */
Test(sessions_on_host, memory_in_use_is_told) {
    uint64_t used = 1, peak = 1;
    fake_machine(1, CUDART_VERSION);
    myr_context *context = new_context();
    REQUIRE_OK(context, myr_device_memory(context, 0, &used, &peak));
    cr_expect(used == 0 && peak == 0);
    draw(context, 0);
    REQUIRE_OK(context, myr_device_memory(context, 0, &used, &peak));
    cr_expect(used == 0 && peak == (1 << 20) * 16, "%llu bytes",
              (unsigned long long)peak); /* a buffer of blocks */
    REQUIRE_OK(context, myr_device_memory(context, 0, &used, &peak));
    cr_expect(used == 0 && peak == 0);
    cr_expect_eq(myr_device_memory(context, 1, &used, &peak), MYR_NO_DEVICE);
    cr_expect_eq(myr_device_memory(context, -1, &used, &peak), MYR_INVALID_ARGUMENT);
    cr_expect_eq(myr_device_memory(context, 0, NULL, &peak), MYR_INVALID_ARGUMENT);
    myr_context_destroy(context);
}

/* Some virtual GPUs have no pools. */
Test(sessions_on_host, devices_without_pools_serve) {
    fake_machine(1, CUDART_VERSION);
    fake_no_pools();
    myr_context *context = new_context();
    uint64_t used, peak;
    draw(context, 0);
    draw(context, 0);
    cr_expect_eq(myr_device_memory(context, 0, &used, &peak), MYR_UNSUPPORTED);
    cr_expect_eq(fake_rooms(), 0);
    cr_expect_eq(fake_live(), 1); /* the room's stream */
    myr_context_destroy(context);
    cr_expect_eq(fake_live(), 0);
}
