#include "interrupt.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"

static volatile sig_atomic_t came; /* the signal's number; 0: none */

static void note_signal(int number) {
    came = number;
}

void cli_interrupt_watch(void) {
    static const int numbers[] = {SIGHUP, SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction old, action = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};
        sigemptyset(&action.sa_mask);
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

bool cli_interrupted(void) {
    return came != 0;
}

void cli_interrupt_die(const char *path) {
    const int number = came;
    cli_fail(CLI_IO, "%s: not written: %s", path, strsignal(number));
    signal(number, SIG_DFL);
    raise(number);
    exit(CLI_IO); /* not reached, unless the signal is blocked */
}
