#include "plan_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "help/help.h"
#include "reports/checksum.h"
#include "reports/messages.h"

enum {
    KEY_PROCESS = 400,
    KEY_SAMPLER,
    KEY_STEPS,
    KEY_ETA,
    KEY_START,
    KEY_FINAL_NOISE,
    KEY_TARGET,
    KEY_MEAN,
    KEY_VARIANCE
};

/* clang-format off */
#define CLI_PLAN_OPTIONS \
    {"process", KEY_PROCESS, "NAME", 0, \
     "the forward process, ve, vp or edm; discrete for such a target (ve)", 1}, \
    {"start", KEY_START, "KIND", 0, \
     "prior: N(0, 1), on edm N(0, sigma-max^2), or exact: the target's true marginal at the first level (prior)", 1}, \
    {"eta", KEY_ETA, "X", 0, \
     "share of fresh noise, 0 to 1, in ddim (0), euler-ancestral and the dpmpp SDEs (1)", 1}, \
    {"final-noise", KEY_FINAL_NOISE, "on|off", 0, \
     "off leaves out the last step's noise, as image pipelines do (on)", 1}, \
    {NULL, 0, NULL, 0, "The target:", 2}, \
    {"mean", KEY_MEAN, "LIST", 0, "one a coordinate, 1 to 64 of them (0)", 2}, \
    {"variance", KEY_VARIANCE, "LIST", 0, "as many as means, all above 0 (0.01)", 2}, \
    {"target", KEY_TARGET, "gaussian|FILE", 0, \
     "gaussian: independent coordinates, of --mean and --variance; or FILE.json or FILE.npy, a target of those below; " \
     "or -, either from standard input (gaussian)", 2}, \
    CLI_GRID_OPTIONS(9)
/* clang-format on */

#define MAX_NAMES 64 /* of samplers or processes in the library's lists */
#define DEFAULT_MEAN 0.0
#define DEFAULT_VARIANCE 0.01

static const struct argp_option plan_options[] = {
    {NULL, 0, NULL, 0, "What is run:", 1},
    {"sampler", KEY_SAMPLER, "LIST", 0,
     "names between commas, or all that the process, its grid and the target allow (all)", 1},
    {"steps", KEY_STEPS, "LIST", 0, "numbers of steps, 1 to 1M, each with each sampler (1000)", 1},
    CLI_PLAN_OPTIONS,
    {0}};

/* The same of one sampler at one number of steps. */
static const struct argp_option single_options[] = {
    {NULL, 0, NULL, 0, "What is run:", 1},
    {"sampler", KEY_SAMPLER, "NAME", 0, "one of those below (ddpm-exact; where that cannot run, ddim)", 1},
    {"steps", KEY_STEPS, "N", 0, "1 to 1M (1000)", 1},
    CLI_PLAN_OPTIONS,
    {0}};

cli_plan_options cli_plan_options_default(void) {
    const myr_plan_options library = MYR_PLAN_OPTIONS_INIT;
    return (cli_plan_options){
        .start = library.start,
        .final_noise = library.final_noise,
        .grid = library,
    };
}

void cli_plan_options_free(cli_plan_options *options) {
    free(options->samplers);
    free(options->steps);
    free(options->etas);
    free(options->schedules);
    free(options->mean);
    free(options->variance);
    myr_target_destroy(options->target);
}

/* ---- one option at a time -------------------------------------------------------------------------- */

typedef const char *list_entry(int index);

static size_t list_names(list_entry *entry, const char *names[MAX_NAMES]) {
    size_t count = 0;
    for (const char *name; count < MAX_NAMES && (name = entry((int)count)); count++)
        names[count] = name;
    return count;
}

static error_t read_name(const char *option, const char *argument, const char *const *names, size_t count,
                         const char **value) {
    int choice = cli_read_choice(option, argument, names, count);
    if (choice < 0)
        return CLI_REPORTED;
    *value = names[choice];
    return 0;
}

static error_t read_process(const char *argument, const char **process) {
    const char *names[MAX_NAMES];
    size_t count = list_names(myr_process_name, names);
    return read_name("--process", argument, names, count, process);
}

static error_t read_start(const char *argument, const char **start) {
    static const char *const names[] = {"prior", "exact"};
    return read_name("--start", argument, names, 2, start);
}

static error_t read_final_noise(const char *argument, bool *final_noise) {
    static const char *const names[] = {"off", "on"};
    int choice = cli_read_choice("--final-noise", argument, names, 2);
    if (choice < 0)
        return CLI_REPORTED;
    *final_noise = choice == 1;
    return 0;
}

/* gaussian, or a file, which has an extension. */
static error_t read_target(const char *argument, const char **file) {
    static const char *const names[] = {"gaussian"};
    cli_offer(names, 1);
    *file = NULL;
    if (strcmp(argument, "gaussian") == 0)
        return 0;
    if (strchr(argument, '.') || strcmp(argument, "-") == 0)
        return cli_read_input("--target", argument, file);
    cli_fail(CLI_USAGE, "--target: '%s' is not known: expected gaussian or the name of a file, FILE.json",
             argument);
    return CLI_REPORTED;
}

static error_t refuse_list(const char *option, const char *argument) {
    cli_fail(CLI_USAGE, "%s: '%s' is a list: expected one value (myriad sweep takes several)", option,
             argument);
    return CLI_REPORTED;
}

static error_t read_etas(const char *argument, cli_plan_options *options) {
    static const cli_interval share = {0.0, 1.0, false, "a number from 0 to 1"};
    if (!options->lists && strchr(argument, ','))
        return refuse_list("--eta", argument);
    return cli_read_reals("--eta", argument, &share, &options->etas, &options->eta_count);
}

static error_t read_schedules(const char *argument, cli_plan_options *options) {
    if (!options->lists && strchr(argument, ','))
        return refuse_list("--schedule", argument);
    size_t count;
    char **list = cli_split_list(argument, &count);
    const char **schedules = calloc(count, sizeof *schedules);
    if (!list || !schedules)
        cli_out_of_memory();
    error_t error = 0;
    for (size_t i = 0; i < count && !error; i++) {
        error = cli_parse_grid(KEY_SCHEDULE, list[i], &options->grid);
        schedules[i] = options->grid.schedule;
    }
    free(list);
    free(options->schedules);
    options->schedules = schedules;
    options->schedule_count = count;
    return error;
}

static void offer_samplers(void) {
    const char *names[MAX_NAMES];
    cli_offer(names, list_names(myr_sampler_name, names));
}

static error_t parse_plan(int key, char *argument, struct argp_state *state) {
    /* As myr_target_create_gaussian documents them. */
    static const cli_interval real = {-1e30, 1e30, false, "a finite number, at most 1e30 in size"};
    static const cli_interval positive = {0.0, 1e30, true, "a finite number above 0, at most 1e30"};
    static const char *all = "all";
    cli_plan_options *options = state->input;
    switch (key) {
        case KEY_PROCESS:
            return read_process(argument, &options->process);
        case KEY_SAMPLER: /* which names are right depends on the process, which may come later */
            options->sampler_text = argument;
            cli_offer(&all, 1);
            offer_samplers();
            return 0;
        case KEY_STEPS:
            return cli_read_counts("--steps", argument, 1, MYR_MAX_STEPS, &options->steps,
                                   &options->steps_count);
        case KEY_ETA:
            return read_etas(argument, options);
        case KEY_SCHEDULE:
            return read_schedules(argument, options);
        case KEY_START:
            return read_start(argument, &options->start);
        case KEY_FINAL_NOISE:
            return read_final_noise(argument, &options->final_noise);
        case KEY_TARGET:
            return read_target(argument, &options->target_file);
        case KEY_MEAN:
            return cli_read_reals("--mean", argument, &real, &options->mean, &options->mean_count);
        case KEY_VARIANCE:
            return cli_read_reals("--variance", argument, &positive, &options->variance,
                                  &options->variance_count);
        default:
            return cli_parse_grid(key, argument, &options->grid);
    }
}

static error_t parse_single(int key, char *argument, struct argp_state *state) {
    if (key != KEY_SAMPLER)
        return parse_plan(key, argument, state);
    ((cli_plan_options *)state->input)->sampler_text = argument;
    offer_samplers();
    return 0;
}

/* What --help says of targets, processes and samplers, from the library's lists. */
static char *filter_help(int key, const char *text, void *input) {
    (void)input;
    if (key != ARGP_KEY_HELP_EXTRA)
        return (char *)text;
    char *targets = cli_help_list(NULL, "The targets:", myr_target_type_name, myr_target_type_help);
    char *processes = cli_help_list(targets, "The processes:", myr_process_name, myr_process_help);
    return cli_help_list(processes, "The samplers:", myr_sampler_name, myr_sampler_help);
}

const struct argp cli_plan_argp = {
    .options = plan_options, .parser = parse_plan, .help_filter = filter_help};
const struct argp cli_single_plan_argp = {
    .options = single_options, .parser = parse_single, .help_filter = filter_help};

/* ---- all of them together -------------------------------------------------------------------------- */

/* The samplers that run on the process, and on the target unless that is NULL. */
static size_t list_supported(const char *process, const myr_target *target, const char *names[MAX_NAMES]) {
    size_t all = list_names(myr_sampler_name, names), count = 0;
    for (size_t i = 0; i < all; i++)
        if (myr_sampler_supports(names[i], process) &&
            (!target || myr_sampler_supports_target(names[i], target)))
            names[count++] = names[i];
    return count;
}

/* One of a list, or -1 after saying what is wrong. */
static int read_sampler(const char *text, const char *const *names, size_t count) {
    if (strcmp(text, "all") != 0)
        return cli_read_choice("--sampler", text, names, count);
    cli_fail(CLI_USAGE,
             "--sampler: 'all' is all that suit process and target: expected it alone, or names");
    return -1;
}

static int settle_samplers(cli_plan_options *options) {
    const char *names[MAX_NAMES];
    bool all = !options->sampler_text || strcmp(options->sampler_text, "all") == 0;
    /* A sampler named that does not suit is refused with the reason, by the library. */
    size_t count = all ? list_supported(options->process, options->target, names)
                       : list_names(myr_sampler_name, names);
    if (all && count == 0) /* process and target do not go together: the library says so */
        count = list_supported(options->process, NULL, names);
    size_t items = count;
    char **list = all ? NULL : cli_split_list(options->sampler_text, &items);
    options->samplers = calloc(items, sizeof *options->samplers);
    if (!options->samplers || (!all && !list))
        cli_out_of_memory();
    int status = CLI_DONE;
    for (size_t i = 0; i < items && status == CLI_DONE; i++) {
        int choice = all ? (int)i : read_sampler(list[i], names, count);
        if (choice < 0)
            status = CLI_USAGE;
        else
            options->samplers[options->sampler_count++] = names[choice];
    }
    free(list);
    return status;
}

static double *fill(size_t count, double value) {
    double *values = malloc(count * sizeof *values);
    if (!values)
        cli_out_of_memory();
    for (size_t i = 0; i < count; i++)
        values[i] = value;
    return values;
}

/* A list that was not given takes the other's length, with the default value throughout. */
static int settle_coordinates(cli_plan_options *options) {
    if (!options->mean) {
        options->mean_count = options->variance ? options->variance_count : 1;
        options->mean = fill(options->mean_count, DEFAULT_MEAN);
    }
    if (!options->variance) {
        options->variance_count = options->mean_count;
        options->variance = fill(options->variance_count, DEFAULT_VARIANCE);
    }
    if (options->mean_count != options->variance_count)
        return cli_fail(CLI_USAGE, "--mean has %zu and --variance %zu values: expected as many of each",
                        options->mean_count, options->variance_count);
    if (options->mean_count > MYR_MAX_DIMENSION)
        return cli_fail(CLI_USAGE, "--mean and --variance have %zu values: expected at most %d",
                        options->mean_count, MYR_MAX_DIMENSION);
    return CLI_DONE;
}

static int settle_target(myr_context *context, cli_plan_options *options) {
    if (options->target_file && (options->mean || options->variance))
        return cli_fail(CLI_USAGE,
                        "%s: the target is that of the file %s: expected --target gaussian with it",
                        options->mean ? "--mean" : "--variance", options->target_file);
    int status = options->target_file ? CLI_DONE : settle_coordinates(options);
    if (status != CLI_DONE)
        return status;
    myr_status result = options->target_file
                            ? myr_target_load(context, options->target_file, &options->target)
                            : myr_target_create_gaussian(context, (int)options->mean_count, options->mean,
                                                         options->variance, &options->target);
    if (options->target_file)
        cli_checksum_file(options->target_file, options->target_checksum);
    return result == MYR_OK ? CLI_DONE : cli_fail_library(context, result);
}

/* Of "all" samplers, leaves out those that make no sense on this grid; the reason, if that leaves none. */
static int leave_out_unsupported(myr_context *context, cli_plan_options *options) {
    bool all = !options->sampler_text || strcmp(options->sampler_text, "all") == 0;
    size_t kept = 0, count = options->sampler_count;
    for (size_t i = 0; all && i < count; i++) {
        myr_plan *plan = NULL;
        myr_plan_options asked = cli_plan_options_make(options, i, 0);
        myr_status status = myr_plan_create(context, &asked, options->target, &plan);
        myr_plan_destroy(plan);
        if (status != MYR_OK && (status != MYR_UNSUPPORTED || (kept == 0 && i == count - 1)))
            return cli_fail_library(context, status);
        if (status == MYR_OK)
            options->samplers[kept++] = options->samplers[i];
    }
    if (all)
        options->sampler_count = kept;
    return CLI_DONE;
}

/* Of eta and schedule, the defaults. */
static void settle_variants(cli_plan_options *options) {
    if (!options->etas) {
        options->etas = fill(1, MYR_DEFAULT_ETA);
        options->eta_count = 1;
    }
    if (!options->schedules) {
        options->schedules = calloc(1, sizeof *options->schedules);
        if (!options->schedules)
            cli_out_of_memory();
        options->schedule_count = 1;
    }
}

/* What was not given and hangs on the target: the process, and the steps that its file may fix. */
static void settle_process(cli_plan_options *options) {
    const myr_plan_options library = MYR_PLAN_OPTIONS_INIT;
    const int64_t fixed = myr_target_steps(options->target);
    if (!options->process)
        options->process = myr_target_states(options->target) > 0 ? "discrete" : library.process;
    if (options->steps)
        return;
    if (fixed <= 0 && options->default_steps) {
        cli_read_counts("--steps", options->default_steps, 1, MYR_MAX_STEPS, &options->steps,
                        &options->steps_count);
        return;
    }
    options->steps = malloc(sizeof *options->steps);
    if (!options->steps)
        cli_out_of_memory();
    options->steps[0] = (uint64_t)(fixed > 0 ? fixed : library.steps);
    options->steps_count = 1;
}

/* Options that samplers may lack: their names, and whether they are set. */
enum { ETA, CHURN, NOISE_SCALE, SPARED };
static const char *const spared_names[SPARED] = {"eta", "churn", "noise_scale"};

static bool is_set(const cli_plan_options *options, int which) {
    const myr_plan_options *grid = &options->grid;
    bool eta = false;
    for (size_t i = 0; i < options->eta_count; i++)
        eta = eta || options->etas[i] > 0.0;
    return which == ETA     ? eta
           : which == CHURN ? grid->churn != 0.0 || grid->churn_min != 0.0 || grid->churn_max != 0.0
                            : grid->noise_scale != 0.0 && grid->noise_scale != 1.0;
}

static void note_spared(cli_plan_options *options, int which) {
    size_t used = strlen(options->note);
    const size_t size = sizeof options->note;
    const char *name = which == NOISE_SCALE ? "noise-scale" : spared_names[which];
    used += (size_t)snprintf(options->note + used, size - used, "%s--%s: not of", used ? "; " : "", name);
    for (size_t i = 0, n = 0; i < options->sampler_count && used < size; i++)
        if (!myr_sampler_takes(options->samplers[i], spared_names[which]))
            used += (size_t)snprintf(options->note + used, size - used, "%s %s", n++ ? "," : "",
                                     options->samplers[i]);
    if (used < size)
        snprintf(options->note + used, size - used, ", run without it");
}

/* Of several samplers those that lack an option run without it, as long as one has it: alone they are
 * refused. */
static void spare_samplers(cli_plan_options *options) {
    for (int which = 0; which < SPARED; which++) {
        size_t takers = 0;
        for (size_t i = 0; i < options->sampler_count; i++)
            takers += myr_sampler_takes(options->samplers[i], spared_names[which]);
        options->spared[which] = is_set(options, which) && takers > 0 && takers < options->sampler_count;
        if (options->spared[which])
            note_spared(options, which);
    }
}

bool cli_plan_takes_eta(const cli_plan_options *options, size_t sampler) {
    return !options->spared[ETA] || myr_sampler_takes(options->samplers[sampler], "eta");
}

static int try_plan(myr_context *context, const myr_plan_options *asked, const myr_target *target) {
    myr_plan *plan = NULL;
    myr_status status = myr_plan_create(context, asked, target, &plan);
    myr_plan_destroy(plan);
    return status == MYR_OK ? CLI_DONE : cli_fail_library(context, status);
}

/* All plans, before the first one runs: what is refused is refused before there are results. */
static int try_plans(myr_context *context, const cli_plan_options *options) {
    int status = CLI_DONE;
    for (size_t i = 0; i < options->sampler_count; i++)
        for (size_t j = 0; j < options->steps_count; j++)
            for (size_t k = 0; k < options->schedule_count; k++)
                for (size_t l = 0; l < options->eta_count && status == CLI_DONE; l++) {
                    myr_plan_options asked = cli_plan_options_make(options, i, j);
                    asked.schedule = options->schedules[k];
                    if (cli_plan_takes_eta(options, i))
                        asked.eta = options->etas[l];
                    status = try_plan(context, &asked, options->target);
                }
    return status;
}

int cli_plan_options_settle(myr_context *context, cli_plan_options *options) {
    settle_variants(options);
    int status = settle_target(context, options);
    if (status == CLI_DONE)
        settle_process(options);
    if (status == CLI_DONE)
        status = settle_samplers(options);
    if (status == CLI_DONE)
        spare_samplers(options);
    if (status == CLI_DONE)
        status = leave_out_unsupported(context, options);
    return status == CLI_DONE ? try_plans(context, options) : status;
}

/* ---- for --from ------------------------------------------------------------------------------------ */

static void keep_number(cli_repeat *repeat, const char *name, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    cli_repeat_set(repeat, name, text);
}

int cli_plan_options_keep(const cli_plan_options *options, const cli_run_options *run, cli_repeat *repeat) {
    size_t size = 1;
    for (size_t i = 0; i < options->sampler_count; i++)
        size += strlen(options->samplers[i]) + 1;
    char *text = calloc(1, size > 24 * options->steps_count ? size : 24 * options->steps_count);
    if (!text)
        cli_out_of_memory();
    for (size_t i = 0, used = 0; i < options->sampler_count; i++)
        used += (size_t)sprintf(text + used, "%s%s", i ? "," : "", options->samplers[i]);
    cli_repeat_set(repeat, "sampler", text);
    for (size_t i = 0, used = 0; i < options->steps_count; i++)
        used += (size_t)sprintf(text + used, "%s%" PRIu64, i ? "," : "", options->steps[i]);
    cli_repeat_set(repeat, "steps", text);
    free(text);
    cli_repeat_set(repeat, "process", options->process);
    keep_number(repeat, "trajectories", run->trajectories);
    keep_number(repeat, "seed", run->seed);
    return cli_repeat_check_target(repeat, options->target_file, options->target_checksum);
}

/* ---- for the library ------------------------------------------------------------------------------- */

myr_plan_options cli_plan_options_make(const cli_plan_options *options, size_t sampler, size_t steps) {
    myr_plan_options plan = options->grid;
    plan.process = options->process;
    plan.sampler = options->samplers[sampler];
    plan.steps = (int64_t)options->steps[steps];
    plan.eta = cli_plan_takes_eta(options, sampler) ? options->etas[0] : MYR_DEFAULT_ETA;
    if (options->spared[CHURN] && !myr_sampler_takes(plan.sampler, "churn"))
        plan.churn = plan.churn_min = plan.churn_max = 0.0;
    if (options->spared[NOISE_SCALE] && !myr_sampler_takes(plan.sampler, "noise_scale"))
        plan.noise_scale = 0.0;
    plan.schedule = options->schedules[0];
    plan.start = options->start;
    plan.final_noise = options->final_noise;
    return plan;
}
