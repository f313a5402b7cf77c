#include "statistics_options.h"

#include <stdlib.h>

#include "arguments.h"
#include "messages.h"

enum { KEY_STATISTICS = 800, KEY_BINS };

static const struct argp_option statistics_options[] = {
    {NULL, 0, NULL, 0, "Statistics beyond the moments:", 6},
    {"statistics", KEY_STATISTICS, "LIST", 0,
     "names between commas, or all that suit the target: covariance, histogram, quantiles, ks "
     "(Kolmogorov-Smirnov), w1 (Wasserstein-1), sw2 (sliced Wasserstein-2, squared), occupancy (of a "
     "mixture's components, or states), energy; draws the trajectories a second time",
     6},
    {"bins", KEY_BINS, "N", 0, "of histograms, 1 to 65536 (100)", 6},
    {0}};

static error_t parse_statistics(int key, char *argument, struct argp_state *state) {
    cli_statistics_options *options = state->input;
    uint64_t bins = 0;
    switch (key) {
        case KEY_STATISTICS:
            options->names = argument;
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

const struct argp cli_statistics_argp = {.options = statistics_options, .parser = parse_statistics};

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
