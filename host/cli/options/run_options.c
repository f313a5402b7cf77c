#include "run_options.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "arguments.h"
#include "reports/messages.h"

enum { KEY_BACKEND = 300, KEY_MATH, KEY_THREADS, KEY_DEVICE, KEY_SEED, KEY_TRAJECTORIES };

/* clang-format off */
#define WHERE_OPTIONS \
    {NULL, 0, NULL, 0, "The run:", 5}, \
    {"backend", KEY_BACKEND, "NAME", 0, \
     "auto, reference, cpu or cuda (auto: cuda if there is a GPU, else cpu)", 5}, \
    {"threads", KEY_THREADS, "N", 0, "of the CPU; 0 takes all that the process may use (0)", 5}, \
    {"device", KEY_DEVICE, "N", 0, "which GPU, from 0 (0)", 5}
/* clang-format on */

static const struct argp_option where_options[] = {WHERE_OPTIONS, {0}};
static const struct argp_option run_options[] = {
    WHERE_OPTIONS,
    {"math", KEY_MATH, "KIND", 0,
     "exact: the same bits on cpu and cuda, or fast: cuda's special-function unit and tensor cores (exact)",
     5},
    {0}};

static const struct argp_option trajectories_options[] = {
    {"trajectories", KEY_TRAJECTORIES, "N", 0, "how many, as 1000, 1e6 or 10M (1M)", 5},
    {"seed", KEY_SEED, "N", 0, "of the random numbers, 0 to 2^63 - 1 (1)", 5},
    {0}};

cli_run_options cli_run_options_default(void) {
    const myr_run_options library = MYR_RUN_OPTIONS_INIT;
    return (cli_run_options){
        .backend = library.backend,
        .math = library.math,
        .seed = library.seed,
        .trajectories = library.count,
        .fewest = 1,
        .most = CLI_LARGEST,
        .threads = library.threads,
        .device = library.device,
    };
}

static error_t read_backend(const char *argument, const char **backend) {
    const char *names[16];
    size_t count = 0;
    for (int i = 0; myr_backend_choice(i) && count < 16; i++)
        names[count++] = myr_backend_choice(i);
    int choice = cli_read_choice("--backend", argument, names, count);
    if (choice < 0)
        return CLI_REPORTED;
    *backend = names[choice];
    return 0;
}

static error_t read_math(const char *argument, const char **math) {
    static const char *const names[] = {"exact", "fast"};
    int choice = cli_read_choice("--math", argument, names, 2);
    if (choice < 0)
        return CLI_REPORTED;
    *math = names[choice];
    return 0;
}

static error_t read_int(const char *option, const char *argument, int high, int *value) {
    uint64_t count = 0;
    error_t error = cli_read_count(option, argument, 0, (uint64_t)high, &count);
    if (!error)
        *value = (int)count;
    return error;
}

static error_t parse_run(int key, char *argument, struct argp_state *state) {
    cli_run_options *options = state->input;
    switch (key) {
        case KEY_BACKEND:
            return read_backend(argument, &options->backend);
        case KEY_MATH:
            return read_math(argument, &options->math);
        case KEY_THREADS:
            return read_int("--threads", argument, MYR_MAX_THREADS, &options->threads);
        case KEY_DEVICE:
            return read_int("--device", argument, INT_MAX, &options->device);
        default:
            return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_run_argp = {.options = run_options, .parser = parse_run};
const struct argp cli_where_argp = {.options = where_options, .parser = parse_run};

static error_t parse_trajectories(int key, char *argument, struct argp_state *state) {
    cli_run_options *options = state->input;
    switch (key) {
        case KEY_SEED:
            return cli_read_count("--seed", argument, 0, CLI_LARGEST, &options->seed);
        case KEY_TRAJECTORIES:
            return cli_read_count("--trajectories", argument, options->fewest, options->most,
                                  &options->trajectories);
        default:
            return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_trajectories_argp = {.options = trajectories_options, .parser = parse_trajectories};

int cli_run_options_settle(cli_run_options *options) {
    int device = options->device;
    if (device == 0)
        return CLI_DONE;
    if (!myr_backend_has(options->backend, "device"))
        return cli_fail(myr_status_exit_code(MYR_NO_DEVICE),
                        "--device: backend %s has no device %d: expected 0, or backend cuda",
                        options->backend, device);
    if (device >= myr_device_count())
        return cli_fail(myr_status_exit_code(MYR_NO_DEVICE),
                        "--device: there is no GPU %d: %d are usable here, numbered from 0", device,
                        myr_device_count());
    for (int i = 0; myr_backend_name(i);
         i++) /* a device that is asked for is never exchanged for the CPU */
        if (myr_backend_has(myr_backend_name(i), "device"))
            options->backend = myr_backend_name(i);
    return CLI_DONE;
}

myr_run_options cli_run_options_make(const cli_run_options *options) {
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    run.backend = options->backend;
    run.math = options->math;
    run.seed = options->seed;
    run.count = options->trajectories;
    run.threads = options->threads;
    run.device = options->device;
    return run;
}
