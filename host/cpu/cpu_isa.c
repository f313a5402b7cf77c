#include "cpu_isa.h"

#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

static const myr_lanes_isa *const isas[] = {
    &myr_lanes_baseline,
#if defined(__x86_64__)
    &myr_lanes_avx2,
    &myr_lanes_avx512,
#endif
};
enum { ISA_COUNT = sizeof isas / sizeof *isas };

const myr_lanes_isa *myr_cpu_isa_at(int index) {
    return index >= 0 && index < ISA_COUNT ? isas[index] : NULL;
}

bool myr_cpu_isa_supported(const myr_lanes_isa *isa) {
#if defined(__x86_64__)
    if (isa == &myr_lanes_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (isa == &myr_lanes_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    return isa == &myr_lanes_baseline;
}

myr_status myr_cpu_isa_choose(myr_context *context, const myr_lanes_isa **isa) {
    const char *wanted = getenv("MYRIAD_ISA");
    *isa = NULL;
    for (int index = ISA_COUNT - 1; index >= 0; index--) {
        bool named = wanted && strcmp(wanted, isas[index]->name) == 0;
        if (wanted && !named)
            continue;
        if (myr_cpu_isa_supported(isas[index])) {
            *isa = isas[index];
            return MYR_OK;
        }
        if (named)
            return myr_fail(context, MYR_NO_DEVICE, "MYRIAD_ISA: this processor lacks %s", wanted);
    }
    return myr_fail(context, MYR_INVALID_ARGUMENT,
                    "MYRIAD_ISA: unknown instruction set '%s' (expected baseline, avx2 or avx512)", wanted);
}

const char *myr_cpu_isa(void) {
    const myr_lanes_isa *isa;
    return myr_cpu_isa_choose(NULL, &isa) == MYR_OK ? isa->name : "";
}
