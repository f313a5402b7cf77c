#include "messages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_line(const char *format, va_list arguments) {
    char line[2048];
    vsnprintf(line, sizeof line, format, arguments);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    fprintf(stderr, "myriad: %s\n", line);
}

int cli_fail(int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_line(format, arguments);
    va_end(arguments);
    return status;
}

int cli_fail_library(const myr_context *context, myr_status status) {
    const char *error = myr_context_error(context);
    return cli_fail(myr_status_exit_code(status), "%s", *error ? error : myr_status_message(status));
}

void cli_note(const char *text) {
    if (*text)
        cli_fail(CLI_DONE, "%s", text);
}

void cli_out_of_memory(void) {
    exit(cli_fail(CLI_NO_MEMORY, "out of memory"));
}

int cli_flush_results(int status) {
    errno = 0;
    bool lost = fflush(stdout) != 0;
    int reason = errno;
    lost = ferror(stdout) || lost; /* an earlier write may have failed, its reason forgotten */
    if (!lost || status != CLI_DONE)
        return status;
    return cli_fail(CLI_IO, "cannot write the results to standard output: %s",
                    reason ? strerror(reason) : "an earlier write failed");
}

void cli_show_results(void) {
    int status = cli_flush_results(CLI_DONE);
    if (status != CLI_DONE)
        exit(status);
}
