/* The square root of exact arithmetic on the device is the correctly rounded one, whatever the hardware's
 * estimate within its promised error. */
#include "support.h"

#include "root.h"

/* PTX: rsqrt.approx.ftz.f32 errs by at most 2^-22.9 relative; 2^-0.9 = 0.5359 rounded up. */
static const double promised = 0x1p-22 * 0.5359;

/* All mantissas of both parities of the exponent: [1, 4) stands for every argument, since all of the
 * sequence scales exactly with powers of 4 and nothing in it leaves the normal range for [2^-100, 2^100].
 */
Test(root, is_correctly_rounded_for_every_estimate_that_hardware_may_give) {
    uint64_t tried = 0, wrong = 0;
    const uint32_t stride = (uint32_t)(1000 / sample_size(1000)); /* 50 under a sanitizer */
    for (uint32_t bits = 0x3f800000; bits < 0x40800000; bits += stride) {
        const float x = myr_float_of_bits(bits);
        const double exact = 1.0 / sqrt((double)x);
        const uint32_t nearest = myr_bits_of_float((float)exact);
        for (uint32_t estimate = nearest - 4; estimate <= nearest + 4; estimate++) {
            const float y = myr_float_of_bits(estimate);
            if (fabs((double)y / exact - 1.0) > promised)
                continue;
            tried++;
            wrong += myr_root_from_estimate(x, y) != sqrtf(x);
        }
    }
    cr_expect_eq(wrong, 0, "%llu of %llu", (unsigned long long)wrong, (unsigned long long)tried);
    cr_expect_gt(tried, UINT64_C(50000000) / stride, "%llu tried", (unsigned long long)tried);
}

/* The window of nine is wide enough: its ends are beyond the promised error for every argument. */
Test(root, the_window_of_estimates_holds_all_that_are_promised) {
    for (uint32_t bits = 0x3f800000; bits < 0x40800000; bits += 997) {
        const double exact = 1.0 / sqrt((double)myr_float_of_bits(bits));
        const uint32_t nearest = myr_bits_of_float((float)exact);
        cr_assert_gt(fabs((double)myr_float_of_bits(nearest - 4) / exact - 1.0), promised);
        cr_assert_gt(fabs((double)myr_float_of_bits(nearest + 4) / exact - 1.0), promised);
    }
}

Test(root, is_zero_at_zero_and_right_at_the_ends) {
    /* The device clamps the estimate's argument: at 0 it is 2^50. */
    cr_expect_eq(myr_bits_of_float(myr_root_from_estimate(0.0f, 0x1p50f)), 0);
    cr_expect_eq(myr_root_from_estimate(MYR_ROOT_SMALLEST, 0x1p50f), 0x1p-50f);
    cr_expect_eq(myr_root_from_estimate(0x1p100f, 0x1p-50f), 0x1p50f);
    cr_expect_eq(myr_root(2.0f), sqrtf(2.0f));
}
