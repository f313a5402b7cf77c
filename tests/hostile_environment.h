/* What the suites of the caller's floating-point environment share: it changes no bit of a result, and no call
 * changes it, in the calling thread and in those of OpenMP. Each family of calls runs in the default environment and
 * in others, whose rounding mode, treatment of subnormal numbers and traps are not those that the library computes in.
 * Define _GNU_SOURCE (feenableexcept, fegetexcept) and include after criterion.h. */
#ifndef MYRIAD_TEST_HOSTILE_ENVIRONMENT_H
#define MYRIAD_TEST_HOSTILE_ENVIRONMENT_H

#include <fenv.h>
#include <omp.h>

#include "support.h"

#ifdef __x86_64__
#include <xmmintrin.h>
enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040 };
#endif

/* ---- environments ---------------------------------------------------------------------------------- */

typedef struct hostile {
    const char *name;
    int rounding;
    bool flush, traps;
} hostile;

static const hostile environments[] = {{"the default", FE_TONEAREST, false, false},
                                       {"upward", FE_UPWARD, false, false},
                                       {"downward", FE_DOWNWARD, false, false},
                                       {"toward zero", FE_TOWARDZERO, false, false},
                                       {"flush to zero", FE_TONEAREST, true, false},
                                       {"traps", FE_TONEAREST, false, true},
                                       {"upward, flush to zero, traps", FE_UPWARD, true, true}};
enum { ENVIRONMENTS = sizeof environments / sizeof *environments };

/* A flag is up besides, and the others are not, which the arithmetic of most calls would raise. */
static inline void enter(const hostile *e) {
    fesetenv(FE_DFL_ENV);
    fesetround(e->rounding);
#ifdef __x86_64__
    if (e->flush)
        _mm_setcsr(_mm_getcsr() | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
#endif
    feraiseexcept(FE_UNDERFLOW);
    feclearexcept(FE_INEXACT);
    if (e->traps)
        feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
}

/* What there is to see of a thread's environment. */
typedef struct seen {
    int rounding, flags, traps;
    unsigned vector;
    uint16_t x87;
} seen;

static inline seen look(void) {
    seen s = {0};
    s.rounding = fegetround();
    s.flags = fetestexcept(FE_ALL_EXCEPT);
    s.traps = fegetexcept();
#ifdef __x86_64__
    s.vector = _mm_getcsr();
    __asm__ volatile("fnstcw %0" : "=m"(s.x87));
#endif
    return s;
}

static inline bool same(const seen *a, const seen *b) {
    return a->rounding == b->rounding && a->flags == b->flags && a->traps == b->traps &&
           a->vector == b->vector && a->x87 == b->x87;
}

/* What a team's thread keeps from one region to the next. LLVM's runtime gives each thread the rounding, traps and flushing
 * of the one that begins a region, and clears their flags (KMP_INHERIT_FP_CONTROL, on unless one turns it off). */
static inline seen of_team(seen s) {
#ifdef __clang__
    s.flags = 0;
    s.vector &= ~0x3fu;
#endif
    return s;
}

enum { TEAM = 3 };

/* How many of OpenMP's threads, the caller among them, are no longer in the environment that they entered when
 * this was called first; one that OpenMP has started since has entered none. */
static inline int count_strangers(const hostile *e, bool first) {
    static _Thread_local bool entered;
    int strangers = 0;
#pragma omp parallel num_threads(TEAM) reduction(+ : strangers)
    {
        if (first)
            enter(e);
        entered = entered || first;
        const seen now = of_team(look());
        fenv_t kept;
        fegetenv(&kept);
        enter(e);
        const seen right = of_team(look());
        fesetenv(&kept);
        strangers += entered && !same(&now, &right);
    }
    return strangers;
}

/* ---- what calls leave ------------------------------------------------------------------------------ */

enum { RESULTS = 4096 };

typedef struct record {
    myr_context *context;
    const char *backend;
    const hostile *environment;
    int count;
    const char *text[RESULTS];
    uint64_t hash[RESULTS];
} record;

static inline void note(record *r, const char *text, const void *data, size_t size) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)data)[i]) * UINT64_C(0x100000001b3);
    cr_assert_lt(r->count, RESULTS);
    r->text[r->count] = text;
    r->hash[r->count++] = hash;
}

/* Makes a call, which succeeds, and leaves this thread's environment as it is; notes what it has written. */
#define CALL(...)                                                                                        \
    do {                                                                                                 \
        const seen before = look();                                                                      \
        const myr_status status = (__VA_ARGS__);                                                         \
        const seen after = look();                                                                       \
        cr_assert_eq(status, MYR_OK, #__VA_ARGS__ ": %s", myr_context_error(r->context));                \
        cr_expect(same(&before, &after),                                                                 \
                  #__VA_ARGS__ ": %s, before and after: rounding %#x %#x, flags %#x %#x, MXCSR %#x %#x", \
                  r->environment->name, (unsigned)before.rounding, (unsigned)after.rounding,             \
                  (unsigned)before.flags, (unsigned)after.flags, before.vector, after.vector);           \
    } while (0)
#define NOTE(data, size) note(r, #data, data, size)

/* Runs a family in all environments and compares with the first. */
static inline void compare(void (*family)(record *), const char *backend) {
    record *all = calloc(ENVIRONMENTS, sizeof *all);
    cr_assert_not_null(all);
    for (int e = 0; e < ENVIRONMENTS; e++) {
        record *r = &all[e];
        r->context = new_context();
        r->backend = backend;
        r->environment = &environments[e];
        (void)count_strangers(r->environment, true);
        enter(r->environment); /* LLVM's runtime has given back what was before the region */
        family(r);
        const int strangers = count_strangers(r->environment, false);
        fesetenv(FE_DFL_ENV);
        cr_expect_eq(strangers, 0, "%s on %s: of %d threads, %d are in another environment than before",
                     r->environment->name, backend, TEAM, strangers);
        cr_assert_eq(r->count, all->count);
        for (int n = 0; n < r->count; n++)
            cr_expect_eq(r->hash[n], all->hash[n], "%s on %s: other bits in result %d, %s",
                         r->environment->name, backend, n, r->text[n]);
        myr_context_destroy(r->context);
    }
    free(all);
}

#define FAMILY(name)                         \
    static void name(record *r);             \
    Test(environment, name##_on_cpu) {       \
        fill();                              \
        compare(name, "cpu");                \
    }                                        \
    Test(environment, name##_on_reference) { \
        fill();                              \
        compare(name, "reference");          \
    }                                        \
    static void name(record *r)

#endif
