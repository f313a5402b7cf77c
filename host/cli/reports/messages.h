/* What the tool says on stderr, one line each, and the exit statuses that go with it. */
#ifndef MYRIAD_CLI_MESSAGES_H
#define MYRIAD_CLI_MESSAGES_H

#include <stdbool.h>

#include "myriad/myriad.h"

enum cli_exit { CLI_DONE = 0, CLI_CHECK_FAILED = 1, CLI_USAGE = 2, CLI_NO_MEMORY = 4, CLI_IO = 5 };

/* Prints "myriad: <message>" and returns status. Control characters in the message, which come from what
 * the user typed, become '?': the line stays one line. */
int cli_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* While silent, nothing is printed: for questions whose answer is no failure. */
void cli_silence(bool on);

/* Prints the error that the context keeps, or what the status means, and returns its exit status. */
int cli_fail_library(const myr_context *context, myr_status status);

/* Prints "myriad: <text>" for something that is no error; nothing if text is "". */
void cli_note(const char *text);

/* Ends the tool with a line: for the few small allocations that nothing can go on without. */
_Noreturn void cli_out_of_memory(void);

/* Flushes stdout. If anything written to it was lost, prints a line and returns CLI_IO, unless status
 * already tells of a failure; else returns status. */
int cli_flush_results(int status);

/* The same in the middle of a job; it ends the tool if nobody can read the results any more. */
void cli_show_results(void);

#endif
