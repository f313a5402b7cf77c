/* Saving and restoring the floating-point environment. By <fenv.h> a call's two ends cost as much as a small call
 * itself, on x86-64, where it stops the x87 unit to read it: there the registers are read by themselves, and
 * written only where they are not as they should be. */
#include "environment.h"

#ifdef MYR_X86_ENVIRONMENT
#include <xmmintrin.h>

enum {
    VECTOR_STANDARD = 0x1f80, /* all exceptions masked, to the nearest, no FTZ, no DAZ, no flags */
    X87_STANDARD = 0x037f,    /* all masked, to the nearest, 64 bits of significand */
    X87_FLAGS = 0x00ff        /* of the status: exceptions, stack fault, and their summary */
};

static uint16_t read_x87_control(void) {
    uint16_t control;
    __asm__ volatile("fnstcw %0" : "=m"(control));
    return control;
}

static uint16_t read_x87_status(void) {
    uint16_t status;
    __asm__ volatile("fnstsw %0" : "=m"(status));
    return status;
}

/* Flags are written with the whole environment or not at all. */
static void write_x87(uint16_t control, uint16_t flags) {
    struct {
        uint32_t control, status, others[5];
    } x87;
    __asm__ volatile("fnstenv %0" : "=m"(x87));
    x87.control = (x87.control & 0xffff0000u) | control;
    x87.status = (x87.status & ~(uint32_t)X87_FLAGS) | flags;
    __asm__ volatile("fldenv %0" : : "m"(x87));
}

myr_environment myr_environment_enter(void) {
    const myr_environment callers = {_mm_getcsr(), read_x87_control(),
                                     (uint16_t)(read_x87_status() & X87_FLAGS)};
    if (callers.vector != VECTOR_STANDARD)
        _mm_setcsr(VECTOR_STANDARD);
    if (callers.x87_control != X87_STANDARD)
        write_x87(X87_STANDARD, 0);
    return callers;
}

void myr_environment_leave(const myr_environment *environment) {
    if (_mm_getcsr() != environment->vector)
        _mm_setcsr(environment->vector);
    if (read_x87_control() != environment->x87_control ||
        (read_x87_status() & X87_FLAGS) != environment->x87_status)
        write_x87(environment->x87_control, environment->x87_status);
}

#else

myr_environment myr_environment_enter(void) {
    fenv_t callers;
    (void)fegetenv(&callers);
    (void)fesetenv(FE_DFL_ENV);
    return callers;
}

void myr_environment_leave(const myr_environment *environment) {
    (void)fesetenv(environment);
}

#endif
