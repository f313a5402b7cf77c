#include "interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/messages.h"

/* ---- signals ---------------------------------------------------------------------------------------- */

/* Those that come from outside and end a program. */
static const struct {
    int number;
    const char *name; /* as strsignal has it, which a handler may not call */
} ending[] = {
    {SIGHUP, "Hangup"},
    {SIGINT, "Interrupt"},
    {SIGQUIT, "Quit"},
    {SIGTERM, "Terminated"},
    {SIGALRM, "Alarm clock"},
    {SIGUSR1, "User defined signal 1"},
    {SIGUSR2, "User defined signal 2"},
    {SIGXCPU, "CPU time limit exceeded"},
    {SIGVTALRM, "Virtual timer expired"},
    {SIGPROF, "Profiling timer expired"},
    {SIGIO, "I/O possible"},
    {SIGPWR, "Power failure"},
};
enum { ENDING = sizeof ending / sizeof *ending };

static pthread_t writer;
static volatile sig_atomic_t along; /* a group of processes */

static void put(const char *text) {
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return; /* there is nobody to tell */
}

static void put_name(const char *path) {
    for (; *path; path++) {
        const char c = *path;
        if (write(STDERR_FILENO, (unsigned char)c < 0x20 || c == 0x7f ? "?" : &c, 1) < 0)
            return;
    }
}

static void end(int number) {
    /* Between two calls of the writing thread, each file is listed or complete. */
    if (!pthread_equal(pthread_self(), writer)) {
        pthread_kill(writer, number);
        return;
    }
    if (along > 0)
        kill(-along, SIGKILL);
    const char *name = "a signal";
    for (int n = 0; n < ENDING; n++)
        if (ending[n].number == number)
            name = ending[n].name;
    for (const char *path; (path = myr_atomic_abandon()) != NULL;) {
        put("myriad: ");
        put_name(path);
        put(": not written: ");
        put(name);
        put("\n");
    }
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
    raise(number); /* at the handler's return */
}

static sigset_t all_ending(void) {
    sigset_t set;
    sigemptyset(&set);
    for (int n = 0; n < ENDING; n++)
        sigaddset(&set, ending[n].number);
    return set;
}

/* ---- exit ------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t expected;

static void leave(void) {
    while (myr_atomic_abandon())
        continue;
    if (!expected)
        _exit(cli_fail(CLI_NO_MEMORY, "out of memory: a library could not go on"));
}

void cli_exit(int status) {
    expected = 1;
    exit(status);
}

/* ---- set-up ----------------------------------------------------------------------------------------- */

void cli_interrupt_watch(void) {
    if (atexit(leave) != 0)
        cli_out_of_memory();
    struct sigaction old, action = {.sa_handler = end, .sa_mask = all_ending(), .sa_flags = SA_RESTART};
    writer = pthread_self();
    for (int n = 0; n < ENDING; n++)
        if (sigaction(ending[n].number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(ending[n].number, &action, NULL);
}

void cli_interrupt_hold(void) {
    const sigset_t set = all_ending();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void cli_interrupt_release(void) {
    const sigset_t set = all_ending();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void cli_interrupt_take_along(pid_t group) {
    along = group;
}
