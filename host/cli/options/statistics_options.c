#include "statistics_options.h"

#include <stdlib.h>

#include "arguments.h"
#include "help/help.h"
#include "reports/messages.h"

enum { KEY_STATISTICS = 800, KEY_BINS };

static const struct argp_option statistics_options[] = {
    {NULL, 0, NULL, 0, "Statistics beyond the moments:", 6},
    {"statistics", KEY_STATISTICS, "LIST", 0,
     "names between commas of those below, or all that suit the target; draws the trajectories a second "
     "time",
     6},
    {"bins", KEY_BINS, "N", 0, "of histograms, 1 to 65536 (100)", 6},
    {0}};

static void offer_statistics(void) {
    const char *all = "all";
    cli_offer(&all, 1);
    for (int i = 0; myr_statistic_name(i); i++) {
        const char *name = myr_statistic_name(i);
        cli_offer(&name, 1);
    }
}

static error_t parse_statistics(int key, char *argument, struct argp_state *state) {
    cli_statistics_options *options = state->input;
    uint64_t bins = 0;
    switch (key) {
        case KEY_STATISTICS:
            options->names = argument;
            offer_statistics();
            return 0;
        case KEY_BINS: {
            error_t error = cli_read_count("--bins", argument, 1, MYR_MAX_BINS, &bins);
            options->bins = (int)bins;
            return error;
        }
        default:
            return ARGP_ERR_UNKNOWN;
    }
}

/* What --help says of them, from the library's list. */
static char *filter_help(int key, const char *text, void *input) {
    (void)input;
    if (key != ARGP_KEY_HELP_EXTRA)
        return (char *)text;
    return cli_help_list(NULL, "The statistics:", myr_statistic_name, myr_statistic_help);
}

const struct argp cli_statistics_argp = {
    .options = statistics_options, .parser = parse_statistics, .help_filter = filter_help};

int cli_statistics_settle(const cli_statistics_options *options) {
    const char *names[64] = {"all"};
    size_t known = 1, count = 0;
    for (; known < 64 && myr_statistic_name((int)known - 1); known++)
        names[known] = myr_statistic_name((int)known - 1);
    if (!options->names && options->bins > 0)
        return cli_fail(CLI_USAGE, "--bins: no histogram is asked for: expected --statistics with it");
    char **list = cli_split_list(options->names ? options->names : "all", &count);
    if (!list)
        cli_out_of_memory();
    int status = CLI_DONE;
    for (size_t i = 0; i < count && status == CLI_DONE; i++)
        if (cli_read_choice("--statistics", list[i], names, known) < 0)
            status = CLI_USAGE;
    free(list);
    return status;
}

myr_status cli_statistics_make(myr_context *context, const cli_statistics_options *options,
                               const cli_run_options *run, const myr_target *target,
                               myr_statistics **statistics) {
    *statistics = NULL;
    if (!options->names)
        return MYR_OK;
    myr_statistics_options asked = MYR_STATISTICS_OPTIONS_INIT;
    asked.names = options->names;
    asked.seed = run->seed;
    asked.threads = run->threads;
    if (options->bins > 0)
        asked.bins = options->bins;
    return myr_statistics_create(context, target, &asked, statistics);
}
