/* Which copy of the lanes' loops runs. */
#ifndef MYRIAD_CPU_ISA_H
#define MYRIAD_CPU_ISA_H

#include "lanes.h"

/* The copies that this build holds, slowest first; NULL past the end. supported: what the processor has. */
const myr_lanes_isa *myr_cpu_isa_at(int index);
bool myr_cpu_isa_supported(const myr_lanes_isa *isa);

/* Its copy of other loops, which are compiled as often: prefix_baseline and so on. */
#if defined(__x86_64__)
#define MYR_LANES_OF(prefix, isa)                  \
    ((isa) == &myr_lanes_avx512 ? &prefix##_avx512 \
     : (isa) == &myr_lanes_avx2 ? &prefix##_avx2   \
                                : &prefix##_baseline)
#else
#define MYR_LANES_OF(prefix, isa) ((void)(isa), &prefix##_baseline)
#endif

/* The copy that MYRIAD_ISA names, or else the fastest that the processor has. */
myr_status myr_cpu_isa_choose(myr_context *context, const myr_lanes_isa **isa);

/* What the backend does, on a given copy: verification compares them. */
myr_status myr_cpu_range(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                         myr_range *range);
myr_status myr_cpu_moments(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                           myr_moment *moments);
myr_status myr_cpu_states(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                          double *states);

#endif
