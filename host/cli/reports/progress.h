/* A progress bar on stderr, for terminals, for jobs that take more than a second. */
#ifndef MYRIAD_CLI_PROGRESS_H
#define MYRIAD_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cli_progress {
    bool wanted;         /* stderr is a terminal */
    bool visible;        /* a bar stands on the current line */
    double begun, shown; /* seconds of the monotonic clock */
    double total, done;  /* work of the whole job, and of its finished parts */
    const char *label;   /* of the part under way */
    double work;         /* of the part under way */
    const char *unit;    /* of work: the rate is shown in it, as "trajectory-steps"; NULL: no rate */
} cli_progress;

/* Begins a job of that much work. */
void cli_progress_begin(cli_progress *progress, double total, const char *unit);

/* Begins a part of the job; the part before it, if any, is done. */
void cli_progress_part(cli_progress *progress, const char *label, double work);

/* A myr_progress: user is the cli_progress; done of total of the part under way. Never cancels. */
int cli_progress_update(void *user, uint64_t done, uint64_t total);

/* The same for jobs whose parts are counted, not their insides: so much of the whole job is done. */
void cli_progress_show(cli_progress *progress, const char *label, double done);

/* Clears the bar: before results are printed, and at the end. */
void cli_progress_clear(cli_progress *progress);

#endif
