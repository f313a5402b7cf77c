/* Signals that end a command that writes files: noticed between two pieces of work, so that nothing
 * half-written stays behind. A second one ends the tool at once. */
#ifndef MYRIAD_CLI_INTERRUPT_H
#define MYRIAD_CLI_INTERRUPT_H

#include <stdbool.h>

/* From here on SIGHUP, SIGINT and SIGTERM are noticed, those that are not ignored. */
void cli_interrupt_watch(void);

/* Whether one came. */
bool cli_interrupted(void);

/* Says that path was not written, and ends the tool by the signal that came. */
_Noreturn void cli_interrupt_die(const char *path);

#endif
