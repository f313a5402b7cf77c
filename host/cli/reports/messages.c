#include "messages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"

static bool silent;

void cli_silence(bool on) {
    silent = on;
}

static void print_line(const char *format, va_list arguments) {
    char line[2048];
    if (silent)
        return;
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

/* The fields of the library's options that are options here, of the same name but for its dashes. */
static const char *const fields[] = {
    "process",  "sampler",           "steps",     "eta",          "start",
    "schedule", "beta_start",        "beta_end",  "train_steps",  "spacing",
    "rho",      "sigma_min",         "sigma_max", "steps_offset", "final_alpha",
    "churn",    "churn_min",         "churn_max", "noise_scale",  "backend",
    "math",     "trajectories",      "threads",   "device",       "first",
    "beta",     "zero_terminal_snr", "columns",   "without"};

/* What the library says of a field is said of the option. */
static void print_option(char *text, size_t size, const char *error) {
    const size_t length = strcspn(error, " :");
    snprintf(text, size, "%s", error);
    for (size_t n = 0; n < sizeof fields / sizeof *fields; n++)
        if (strlen(fields[n]) == length && strncmp(error, fields[n], length) == 0) {
            snprintf(text, size, "--%s", error);
            for (size_t c = 0; c < length + 2; c++)
                if (text[c] == '_')
                    text[c] = '-';
        }
}

int cli_fail_library(const myr_context *context, myr_status status) {
    const char *error = myr_context_error(context);
    char text[2048];
    print_option(text, sizeof text, *error ? error : myr_status_message(status));
    return cli_fail(myr_status_exit_code(status), "%s", text);
}

void cli_note(const char *text) {
    if (*text)
        cli_fail(CLI_DONE, "%s", text);
}

void cli_out_of_memory(void) {
    cli_exit(cli_fail(CLI_NO_MEMORY, "out of memory"));
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
        cli_exit(status);
}
