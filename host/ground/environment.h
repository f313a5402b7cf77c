/* The floating-point environment: rounding to the nearest, no flush to zero, no traps. Results are those of this
 * one, whatever the caller's is, and the caller's is afterwards what it was, its flags included.
 *
 * Two places need it, and tests/style/environment sees that each has it: every public function that computes,
 * and every parallel region. A thread's environment is its own: one of a team may have been started by the
 * caller, in whatever state, and is the caller's again behind the region.
 *
 *     MYR_STANDARD_ENVIRONMENT;
 *
 * holds from there to the end of its block, by whichever way that is left. Compilers take arithmetic for free of
 * side effects, and could move it past the two calls that this makes; what keeps it between them is memory, which
 * a function that they cannot see into may read and write: operands are loaded from memory after the first call,
 * results are stored before the second. So a public function that returns a number (not a status) has it from
 * another one that the compiler may not look into, and no region sums by a clause reduction(+), which is done behind
 * its block. */
#ifndef MYRIAD_ENVIRONMENT_H
#define MYRIAD_ENVIRONMENT_H

#include <fenv.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define MYR_X86_ENVIRONMENT
typedef struct myr_environment {
    uint32_t vector;                  /* MXCSR */
    uint16_t x87_control, x87_status; /* long double, and a few functions of BLAS */
} myr_environment;
#else
typedef fenv_t myr_environment;
#endif

/* Returns the thread's environment, which is now the standard one; restores it. */
myr_environment myr_environment_enter(void);
void myr_environment_leave(const myr_environment *environment);

#define MYR_STANDARD_ENVIRONMENT                                                                    \
    const myr_environment myr_the_callers __attribute__((unused, cleanup(myr_environment_leave))) = \
        myr_environment_enter()

#endif
