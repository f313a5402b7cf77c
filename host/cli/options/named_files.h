/* The files that a command line names: an output that is also an input, or another output, is refused before any of
 * them is written. */
#ifndef MYRIAD_CLI_NAMED_FILES_H
#define MYRIAD_CLI_NAMED_FILES_H

/* An option's file; of two of an option the later counts. "-" is a standard stream. The names are kept. */
void cli_name_input(const char *option, const char *path);
void cli_name_output(const char *option, const char *path);

/* After parsing: prints a refusal, and returns the exit status. Standard output counts as an output. Only what is, or
 * will be, a regular file can be the same one: not a terminal, a pipe or a device. */
int cli_check_named_files(void);

#endif
