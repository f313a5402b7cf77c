/* How the tool ends before its time: by signals, or within a library that ends it. Nothing half-written stays
 * behind, whatever was going on. */
#ifndef MYRIAD_CLI_INTERRUPT_H
#define MYRIAD_CLI_INTERRUPT_H

#include <sys/types.h>

/* Ends the tool. What calls exit() in its place is a library that could not go on: OpenMP's runtime, for lack of
 * memory. That gets the exit status of it, and a line. */
_Noreturn void cli_exit(int status);

/* From here on a signal that would end the tool (those that are not ignored) first removes the files that
 * are not complete, with a line for each, and ends the picture's gnuplot; then it ends the tool as it would
 * have. To be called by the thread that writes files. */
void cli_interrupt_watch(void);

/* No such signal arrives between the two: it waits. */
void cli_interrupt_hold(void);
void cli_interrupt_release(void);

/* The group of processes that is to end with the tool; 0: none. */
void cli_interrupt_take_along(pid_t group);

#endif
