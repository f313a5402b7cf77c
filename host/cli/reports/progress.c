#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define SHOW_AFTER 1.0 /* seconds; a shorter job shows nothing */
#define SHOW_EVERY 0.1

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void cli_progress_begin(cli_progress *progress, double total, const char *unit) {
    const char *terminal = getenv("TERM");
    *progress = (cli_progress){.begun = now(), .total = total, .label = "", .unit = unit};
    progress->wanted = isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

void cli_progress_part(cli_progress *progress, const char *label, double work) {
    progress->done += progress->work;
    progress->label = label;
    progress->work = work;
}

static void print_bar(const cli_progress *progress, double done, double elapsed) {
    double share = progress->total > 0.0 ? done / progress->total : 0.0;
    int filled = (int)(share * BAR_WIDTH);
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %3.0f %%", progress->label, bar, 100.0 * share);
    if (share > 0.0) {
        double left = elapsed * (1.0 - share) / share;
        fputs("  ", stderr);
        if (progress->unit)
            fprintf(stderr, "%.3g %s/s, ", done / elapsed, progress->unit);
        if (left < 100.0)
            fprintf(stderr, "%.0f s left", left);
        else if (left < 6000.0)
            fprintf(stderr, "%.0f min left", left / 60.0);
        else
            fprintf(stderr, "%.1f h left", left / 3600.0);
    }
    fputs("\033[K", stderr); /* clears the rest of the line */
    fflush(stderr);
}

int cli_progress_update(void *user, uint64_t done, uint64_t total) {
    cli_progress *progress = user;
    if (!progress->wanted)
        return 0;
    double time = now();
    if (time - progress->begun < SHOW_AFTER || time - progress->shown < SHOW_EVERY)
        return 0;
    double part = total > 0 ? (double)done / (double)total : 0.0;
    print_bar(progress, progress->done + part * progress->work, time - progress->begun);
    progress->shown = time;
    progress->visible = true;
    return 0;
}

void cli_progress_show(cli_progress *progress, const char *label, double done) {
    progress->label = label;
    progress->done = done;
    progress->work = 0.0;
    cli_progress_update(progress, 0, 1);
}

void cli_progress_clear(cli_progress *progress) {
    if (!progress->visible)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->visible = false;
}
