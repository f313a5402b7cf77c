/* Put before the C library (LD_PRELOAD): the tool's allocation of number $FAIL_AT, counted from 1, fails; with $FAIL_ALL all after
 * it do too. Without FAIL_AT none fails. Where each was asked for, a line of object and offset, is written into the file $PLACES_INTO at
 * the end. What comes before main, of libraries that are linked in too (the CUDA runtime's does not look), is not counted. */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own, so that nothing has to be looked up, which would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_long made;

enum { MOST = 1 << 20 };
static void *callers[MOST];
static long fail_at; /* 0: none */
static bool fail_all, counts;

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("FAIL_AT");
    fail_at = at ? atol(at) : 0;
    fail_all = getenv("FAIL_ALL") != NULL;
}

typedef int program_main(int argc, char **argv, char **environment);
typedef int start_main(program_main *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                       void (*unload)(void), void *stack_end);

static program_main *tool_main;

static int count_and_run(int argc, char **argv, char **environment) {
    counts = strcmp(program_invocation_short_name, "myriad") == 0; /* and not gnuplot, which it starts */
    return tool_main(argc, argv, environment);
}

/* The C library's own, which calls the constructors that the program has, and then main. */
start_main __libc_start_main;
int __libc_start_main(program_main *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*unload)(void), void *stack_end) {
    start_main *start;
    *(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
    tool_main = main;
    return start(count_and_run, argc, argv, init, fini, unload, stack_end);
}

__attribute__((destructor)) static void end(void) {
    const char *path = counts ? getenv("PLACES_INTO") : NULL;
    FILE *file = path ? fopen(path, "w") : NULL;
    const long count = made < MOST ? made : MOST;
    for (long n = 0; file && n < count; n++) {
        Dl_info of = {0};
        (void)dladdr(callers[n], &of);
        fprintf(file, "%s+%td\n", of.dli_fname ? of.dli_fname : "",
                (char *)callers[n] - (char *)of.dli_fbase);
    }
    if (file && fclose(file) != 0)
        _exit(99);
}

static bool fails(void *caller) {
    if (!counts)
        return false;
    const long number = atomic_fetch_add(&made, 1) + 1;
    if (number <= MOST)
        callers[number - 1] = caller;
    if (fail_at == 0 || number < fail_at || (number > fail_at && !fail_all))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    void *made_here = fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
    if (made_here)
        *memory = made_here;
    return made_here ? 0 : ENOMEM;
}
