/* How many threads a call takes. OpenMP's runtime ends the process where it cannot start one; so whether they
 * can be started is tried out first, and a call takes fewer where not all can: results do not depend on their
 * number. And it waits for ever for threads that a fork has not taken along, which a call sees in time. */
#define _POSIX_C_SOURCE 200809L

#include <omp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

#include "failure.h"
#include "threads.h"

/* The size of a thread's stack by OMP_STACKSIZE, in kilobytes or with a unit, as libgomp reads it; 0: that of
 * the system. */
static size_t stack_size(void) {
    const char *text = getenv("OMP_STACKSIZE");
    char *end;
    if (!text)
        return 0;
    const unsigned long long number = strtoull(text, &end, 10);
    while (*end == ' ')
        end++;
    const int shift = strncasecmp(end, "b", 1) == 0   ? 0
                      : strncasecmp(end, "m", 1) == 0 ? 20
                      : strncasecmp(end, "g", 1) == 0 ? 30
                                                      : 10;
    return end == text || number > SIZE_MAX >> shift ? 0 : (size_t)number << shift;
}

static void *wait_for_all(void *gate) {
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* How many of so many threads there can be at once, beside the caller. */
static int try_threads(int wanted) {
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_attr_t attributes;
    pthread_t *threads = malloc((size_t)wanted * sizeof *threads);
    int made = 0;
    if (!threads || pthread_attr_init(&attributes) != 0) {
        free(threads);
        return 0;
    }
    if (stack_size() > 0)
        (void)pthread_attr_setstacksize(&attributes,
                                        stack_size()); /* refused: OpenMP's is the system's too */
    pthread_mutex_lock(&gate);
    while (made < wanted && pthread_create(&threads[made], &attributes, wait_for_all, &gate) == 0)
        made++;
    pthread_mutex_unlock(&gate);
    for (int n = 0; n < made; n++)
        pthread_join(threads[n], NULL);
    pthread_attr_destroy(&attributes);
    pthread_mutex_destroy(&gate);
    free(threads);
    return made;
}

/* OpenMP keeps the threads that it has started, for the thread that called it. */
static _Thread_local int tried = 1;
static _Thread_local bool lost; /* they are, by a fork */

static void note_fork(void) {
    lost = lost || tried > 1;
}

static void watch_forks(void) {
    pthread_atfork(NULL, NULL, note_fork);
}

myr_status myr_threads_check(myr_context *context, int threads) {
    if (threads < 0 || threads > MYR_MAX_THREADS)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "threads: %d is out of range (expected 0 … %d)",
                        threads, MYR_MAX_THREADS);
    if (lost && threads != 1)
        return myr_fail(context, MYR_UNSUPPORTED,
                        "threads: the process was forked by a thread that had used several, which are lost "
                        "(expected 1 thread, a fork before the first call, or exec)");
    return MYR_OK;
}

int myr_resolve_threads(int threads) {
    const int wanted = threads > 0 ? threads : omp_get_max_threads();
    if (wanted <= tried)
        return wanted;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, watch_forks);
    const int possible = 1 + try_threads(wanted - 1);
    tried = possible > tried ? possible : tried;
    return possible < wanted ? possible : wanted;
}
