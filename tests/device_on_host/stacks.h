/* Going from one stack to another. On x86-64 a dozen instructions; elsewhere swapcontext, which asks the operating system
 * about signals each time, and for which AddressSanitizer cleans what it knows of the whole stack: that was three quarters
 * of the suites' time. */
#ifndef MYRIAD_STACKS_H
#define MYRIAD_STACKS_H

#include <sanitizer/asan_interface.h>
#include <stddef.h>
#ifndef __x86_64__
#include <ucontext.h>
#endif

namespace device_on_host {

#ifdef __x86_64__

/* What is kept of a stack that others run beside: its pointer, above which lie the registers that a call keeps. */
struct place {
    void *pointer;
};

extern "C" void myr_switch_stacks(void **from, void *to);
asm(R"(
    .pushsection .text
    .globl myr_switch_stacks
    .type myr_switch_stacks, @function
myr_switch_stacks:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size myr_switch_stacks, . - myr_switch_stacks
    .popsection
)");

/* The first switch to the place calls `run`, which never returns. The stack, a multiple of 16 bytes, may have been left by
 * another that did not return either: what AddressSanitizer knows of that one's frames goes. */
inline void start_at(place &place, char *stack, size_t bytes, void (*run)()) {
    void **const top = (void **)(stack + bytes);
    if (place.pointer)
        __asan_unpoison_memory_region(place.pointer, (size_t)((char *)top - (char *)place.pointer));
    top[-1] = nullptr; /* where `run` would return to: a call leaves the pointer 8 below a multiple of 16 */
    top[-2] = (void *)run;
    for (int kept = -8; kept < -2; kept++)
        top[kept] = nullptr;
    place.pointer = top - 8;
}

inline void switch_places(place &from, place &to) {
    myr_switch_stacks(&from.pointer, to.pointer);
}

#else

struct place {
    ucontext_t context;
};

inline void start_at(place &place, char *stack, size_t bytes, void (*run)()) {
    getcontext(&place.context);
    place.context.uc_stack.ss_sp = stack;
    place.context.uc_stack.ss_size = bytes;
    place.context.uc_link = nullptr;
    makecontext(&place.context, run, 0);
}

inline void switch_places(place &from, place &to) {
    swapcontext(&from.context, &to.context);
}

#endif

}  // namespace device_on_host

#endif
