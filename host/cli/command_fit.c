/* myriad fit: abilities from comparisons and rankings. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "help/help.h"
#include "options/arguments.h"
#include "options/run_options.h"
#include "plots/plot.h"
#include "reports/fit_report.h"
#include "reports/messages.h"
#include "reports/progress.h"

static const char doc[] =
    "Fits the abilities of players, models or answers to the comparisons or rankings in FILE, by maximum "
    "likelihood, and prints them from the best on, with standard errors, intervals and probabilities."
    "\vComparisons are a .csv FILE with the columns winner and loser; or first and second, and either "
    "score, the first one's share (1, 0, or 0.5 for a tie), or winner (the item, first or second, or "
    "tie), or first_wins and second_wins, and if wanted ties. All but wins may have a weight, a number "
    "of games. A column prompt makes the items of each prompt a set of their own. Names go in any case "
    "and order, and by the usual synonyms: model_a, model_b; left, right; player_a, player_b; home, "
    "away; result; draws; count or n. Other columns are passed over, and named where they hold numbers; "
    "--columns says which is which. Between fields stand commas, semicolons or tabs. Rankings are a line "
    "each, best first, without ties and without a header.\n"
    "\n"
    "Abilities have the sum 0, and the odds of i against j are exp(x_i - x_j); the probability is that "
    "of being preferred to all others at once, exp(x_i) / sum exp(x_j). Of dpo the ability is the "
    "implicit reward beta log(pi / pi_ref), centred, and the probability is the policy pi. With "
    "--features they are coefficients.\n"
    "\n"
    "Standard errors are those of the sandwich, which needs no more than that games are drawn on their "
    "own: it is right for ties, weights and ridges too. A game is a row; a row of a whole weight n, or "
    "of n wins, is n. If a weight is not whole, each row is one game that weighs so much.\n"
    "\n"
    "A bootstrap's replicate without a finite maximum counts as infinite: for items above or below the "
    "one of --baseline, or the largest set of items that are linked by wins and losses both, if it has "
    "more than half of them. So an interval may have an infinite end: JSON then has null, and in "
    "ci_low_infinite or ci_high_infinite -1 or 1.\n"
    "\n"
    "Where items are not linked by wins and losses both, the likelihood has no finite maximum: the items "
    "are named, and the exit status is 3. The exit status is 1 if the fit did not converge.\n"
    "\n"
    "Examples:\n"
    "  myriad fit examples/baseball.csv --home --bootstrap 1000 --plot abilities.svg\n"
    "  myriad fit examples/races.csv --input rankings --ridge 0.1 --format json";

typedef struct fit_arguments {
    const char *file, *reference, *features, *baseline;
    const char **without;
    size_t without_count;
    myr_outcomes_options outcomes;
    myr_fit_options fit;
    cli_plot_options plot;
} fit_arguments;

enum {
    KEY_INPUT = 700,
    KEY_COLUMNS,
    KEY_POOL,
    KEY_WITHOUT,
    KEY_OBJECTIVE,
    KEY_BETA,
    KEY_REFERENCE,
    KEY_FEATURES,
    KEY_RIDGE,
    KEY_HOME,
    KEY_BASELINE,
    KEY_BOOTSTRAP,
    KEY_SEED,
    KEY_LEVEL,
    KEY_ERRORS,
    KEY_ITERATIONS,
    KEY_TOLERANCE
};

static const struct argp_option fit_options[] = {
    {NULL, 0, NULL, 0, "The data:", 1},
    {"input", KEY_INPUT, "KIND", 0, "comparisons, rankings or auto: told by the first line (auto)", 1},
    {"columns", KEY_COLUMNS, "LIST", 0,
     "which column of comparisons is which, as first=left,second=right,score=s; others by their names", 1},
    {"pool", KEY_POOL, NULL, 0, "pass over the column prompt: an item is the same under every prompt", 1},
    {"without", KEY_WITHOUT, "ITEM", 0, "leave an item out; may be given more than once", 1},
    {"reference", KEY_REFERENCE, "FILE", 0,
     "of dpo, a .csv file with the columns item, log_probability and, with prompts, prompt (uniform)", 1},
    {"features", KEY_FEATURES, "FILE", 0,
     ".npy [comparisons, features]: of each the first one's (winner's) minus the second one's", 1},
    {NULL, 0, NULL, 0, "The fit:", 2},
    {"objective", KEY_OBJECTIVE, "NAME", 0, "which one, see below (bt; pl for rankings)", 2},
    {"home", KEY_HOME, NULL, 0, "fit an advantage of the column first", 2},
    {"ridge", KEY_RIDGE, "X", 0, "subtract X/2 times the sum of squares from the log-likelihood (0)", 2},
    {"beta", KEY_BETA, "X", 0, "of dpo, 1e-6 to 1e6 (1)", 2},
    {"baseline", KEY_BASELINE, "ITEM", 0, "the item whose ability is 0 (none: their sum is)", 2},
    {"iterations", KEY_ITERATIONS, "N", 0, "at most so many, 1 to 1e6 (1000)", 2},
    {"tolerance", KEY_TOLERANCE, "X", 0,
     "largest gradient that counts as converged, over the root of its own second derivative, 1e-12 to 1 "
     "(1e-6)",
     2},
    {NULL, 0, NULL, 0, "Intervals:", 3},
    {"bootstrap", KEY_BOOTSTRAP, "B", 0, "percentiles of B replicates, up to 100000 (0: standard errors)",
     3},
    {"level", KEY_LEVEL, "X", 0, "of the intervals, above 0 and below 1 (0.95)", 3},
    {"errors", KEY_ERRORS, "KIND", 0,
     "of the standard errors: sandwich, or information: the inverse of the Hessian (sandwich)", 3},
    {"seed", KEY_SEED, "N", 0, "of the bootstrap, 0 to 2^63 - 1 (1)", 3},
    {0}};

static error_t read_input(const char *argument, const char **input) {
    static const char *const names[] = {"auto", "comparisons", "rankings"};
    int choice = cli_read_choice("--input", argument, names, 3);
    if (choice < 0)
        return CLI_REPORTED;
    *input = names[choice];
    return 0;
}

static error_t read_errors(const char *argument, const char **errors) {
    static const char *const names[] = {"sandwich", "information"};
    int choice = cli_read_choice("--errors", argument, names, 2);
    if (choice < 0)
        return CLI_REPORTED;
    *errors = names[choice];
    return 0;
}

static error_t read_objective(const char *argument, const char **objective) {
    const char *names[16];
    size_t count = 0;
    for (; count < 16 && myr_objective_name((int)count); count++)
        names[count] = myr_objective_name((int)count);
    int choice = cli_read_choice("--objective", argument, names, count);
    if (choice < 0)
        return CLI_REPORTED;
    *objective = names[choice];
    return 0;
}

static error_t add_without(fit_arguments *a, const char *item) {
    const char **longer = realloc(a->without, (a->without_count + 1) * sizeof *longer);
    if (!longer)
        cli_out_of_memory();
    a->without = longer;
    a->without[a->without_count++] = item;
    return 0;
}

static error_t read_number32(const char *option, const char *argument, uint64_t low, uint64_t high,
                             uint32_t *value) {
    uint64_t count = 0;
    error_t error = cli_read_count(option, argument, low, high, &count);
    if (!error)
        *value = (uint32_t)count;
    return error;
}

static error_t parse_number(int key, const char *argument, fit_arguments *a) {
    static const cli_interval betas = {.low = 1e-6, .high = 1e6, .expected = "a number from 1e-6 to 1e6"},
                              ridges = {.low = 0, .high = 1e15, .expected = "a number from 0 to 1e15"},
                              levels = {.low = 1e-6,
                                        .high = 1.0 - 1e-6,
                                        .expected = "a number above 0 and below 1"},
                              tolerances = {
                                  .low = 1e-12, .high = 1, .expected = "a number from 1e-12 to 1"};
    switch (key) {
        case KEY_BETA:
            return cli_read_real("--beta", argument, &betas, &a->fit.beta);
        case KEY_RIDGE:
            return cli_read_real("--ridge", argument, &ridges, &a->fit.ridge);
        case KEY_LEVEL:
            return cli_read_real("--level", argument, &levels, &a->fit.level);
        case KEY_TOLERANCE:
            return cli_read_real("--tolerance", argument, &tolerances, &a->fit.tolerance);
        case KEY_ITERATIONS:
            return read_number32("--iterations", argument, 1, 1000000, &a->fit.max_iterations);
        case KEY_BOOTSTRAP:
            return read_number32("--bootstrap", argument, 0, MYR_MAX_BOOTSTRAP, &a->fit.bootstrap);
        case KEY_SEED:
            return cli_read_count("--seed", argument, 0, CLI_LARGEST, &a->fit.seed);
        default:
            return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_fit(int key, char *argument, struct argp_state *state) {
    fit_arguments *a = state->input;
    switch (key) {
        case KEY_INPUT:
            return read_input(argument, &a->outcomes.input);
        case KEY_COLUMNS:
            a->outcomes.columns = argument;
            return 0;
        case KEY_POOL:
            a->outcomes.pool = true;
            return 0;
        case KEY_WITHOUT:
            return add_without(a, argument);
        case KEY_ERRORS:
            return read_errors(argument, &a->fit.errors);
        case KEY_OBJECTIVE:
            return read_objective(argument, &a->fit.objective);
        case KEY_REFERENCE:
            return cli_read_input("--reference", argument, &a->reference);
        case KEY_FEATURES:
            return cli_read_input("--features", argument, &a->features);
        case KEY_HOME:
            a->fit.home = true;
            return 0;
        case KEY_BASELINE:
            a->baseline = argument;
            return 0;
        default:
            return parse_number(key, argument, a);
    }
}

/* What --help says of the objectives, from the library's list. */
static char *filter_help(int key, const char *text, void *input) {
    (void)input;
    if (key != ARGP_KEY_HELP_EXTRA)
        return (char *)text;
    return cli_help_list(NULL, "The objectives:", myr_objective_name, myr_objective_help);
}

static const struct argp fit_argp = {
    .options = fit_options, .parser = parse_fit, .help_filter = filter_help};

/* ---- the run --------------------------------------------------------------------------------------- */

typedef struct fit_job {
    myr_context *context;
    fit_arguments *arguments;
    const cli_run_options *run;
    cli_format format;
    myr_outcomes *outcomes;
    double *reference;
    myr_features features;
    cli_fit_result result;
} fit_job;

static void *allocate(uint64_t count, size_t size) {
    void *memory = calloc(count ? (size_t)count : 1, size);
    if (!memory)
        cli_out_of_memory();
    return memory;
}

static int find_baseline(fit_job *job) {
    fit_arguments *a = job->arguments;
    if (!a->baseline)
        return CLI_DONE;
    for (uint32_t i = 0; i < myr_outcomes_items(job->outcomes); i++)
        if (strcmp(myr_outcomes_name(job->outcomes, i), a->baseline) == 0)
            a->fit.baseline = i;
    if (a->fit.baseline >= 0)
        return CLI_DONE;
    return cli_fail(CLI_USAGE, "--baseline: '%.80s' is not among the items of %s: expected one of them",
                    a->baseline, a->file);
}

static myr_status load(fit_job *job) {
    fit_arguments *a = job->arguments;
    a->outcomes.without = a->without;
    a->outcomes.without_count = a->without_count;
    myr_status status = myr_outcomes_load(job->context, a->file, &a->outcomes, &job->outcomes);
    if (status == MYR_OK && a->reference) {
        job->reference = allocate(myr_outcomes_items(job->outcomes), sizeof *job->reference);
        status = myr_outcomes_load_reference(job->context, a->reference, job->outcomes, job->reference);
    }
    if (status == MYR_OK && a->features)
        status =
            myr_outcomes_features(job->context, job->outcomes, a->features, job->reference, &job->features);
    return status;
}

static myr_status fit_features(fit_job *job) {
    fit_arguments *a = job->arguments;
    myr_compute_options compute = MYR_COMPUTE_OPTIONS_INIT;
    compute.backend = job->run->backend;
    compute.threads = job->run->threads;
    compute.device = job->run->device;
    job->result.features = true;
    job->result.count = job->features.parameters;
    job->result.estimates = allocate(job->result.count, sizeof *job->result.estimates);
    return myr_fit_linear(job->context, &job->features, &a->fit, &compute, job->result.estimates,
                          &job->result.report);
}

static myr_status fit_items(fit_job *job) {
    fit_arguments *a = job->arguments;
    a->fit.reference = job->reference;
    a->fit.threads = job->run->threads;
    job->result.count = myr_outcomes_items(job->outcomes);
    job->result.estimates = allocate(job->result.count, sizeof *job->result.estimates);
    return myr_fit(job->context, job->outcomes, &a->fit, job->result.estimates, &job->result.report);
}

/* qsort takes no context, so the places carry what they are sorted by. */
typedef struct place {
    uint64_t item;
    uint32_t prompt;
    double estimate;
} place;

static int by_ability(const void *left, const void *right) {
    const place *a = left, *b = right;
    if (a->prompt != b->prompt)
        return a->prompt < b->prompt ? -1 : 1;
    if (a->estimate != b->estimate)
        return a->estimate > b->estimate ? -1 : 1;
    return a->item < b->item ? -1 : a->item > b->item;
}

/* Items by prompt, in the order of the file, and from the best on; features as they come. */
static uint64_t *make_order(const cli_fit_result *r) {
    uint64_t *order = allocate(r->count, sizeof *order);
    place *places = allocate(r->count, sizeof *places);
    const bool items = !r->features;
    for (uint64_t n = 0; n < r->count; n++)
        places[n] = (place){n, items ? myr_outcomes_prompt_number(r->outcomes, (uint32_t)n) : 0,
                            items ? r->estimates[n].estimate : 0.0};
    qsort(places, r->count, sizeof *places, by_ability);
    for (uint64_t n = 0; n < r->count; n++)
        order[n] = places[n].item;
    free(places);
    return order;
}

static int show(fit_job *job) {
    cli_fit_result *r = &job->result;
    r->outcomes = job->outcomes;
    r->options = &job->arguments->fit;
    uint64_t *order = make_order(r);
    r->order = order;
    const cli_plot_options *plot = &job->arguments->plot;
    cli_fit_print(job->format, r);
    int status = cli_flush_results(CLI_DONE);
    if (status == CLI_DONE)
        status = plot->path ? cli_fit_plot(plot, r) : cli_plot_without(plot);
    if (status == CLI_DONE)
        cli_note(myr_outcomes_note(job->outcomes));
    if (status == CLI_DONE && !r->report.converged)
        status = cli_fail(CLI_CHECK_FAILED,
                          "not converged: the gradient is %.3g after %" PRIu64
                          " iterations: expected at most %g (--tolerance, --iterations)",
                          r->report.gradient, r->report.iterations, job->arguments->fit.tolerance);
    free(order);
    return status;
}

/* What the library says of the data needs the file's name. */
static int fail_fit(const fit_job *job, myr_status status) {
    if (status != MYR_INVALID_DATA)
        return cli_fail_library(job->context, status);
    return cli_fail(myr_status_exit_code(status), "%s: %s", job->arguments->file,
                    myr_context_error(job->context));
}

static int run_job(fit_job *job) {
    fit_arguments *a = job->arguments;
    cli_progress progress;
    myr_status status = load(job);
    if (status != MYR_OK)
        return cli_fail_library(job->context, status);
    int exit_status = find_baseline(job);
    if (exit_status == CLI_DONE)
        exit_status = cli_fit_check_plot(
            &a->plot, a->features ? job->features.parameters : myr_outcomes_items(job->outcomes));
    if (exit_status != CLI_DONE)
        return exit_status;
    cli_progress_begin(&progress, a->fit.bootstrap, "replicates");
    cli_progress_part(&progress, "bootstrap", a->fit.bootstrap);
    a->fit.progress = cli_progress_update;
    a->fit.user = &progress;
    status = a->features ? fit_features(job) : fit_items(job);
    cli_progress_clear(&progress);
    return status == MYR_OK ? show(job) : fail_fit(job, status);
}

static int check_backend(const fit_arguments *a, const cli_run_options *run) {
    if (a->features || myr_backend_has(run->backend, "abilities"))
        return CLI_DONE;
    return cli_fail(CLI_USAGE,
                    "--backend: abilities are fitted in double on the CPU: expected cpu, or --features");
}

static int run_command(fit_arguments *arguments, const cli_run_options *run, cli_format format) {
    fit_job job = {.arguments = arguments,
                   .run = run,
                   .format = format,
                   .features = MYR_FEATURES_INIT,
                   .result = {.report = MYR_FIT_REPORT_INIT}};
    if (myr_context_create(&job.context) != MYR_OK)
        cli_out_of_memory();
    int status = run_job(&job);
    free(job.result.estimates);
    free(job.reference);
    myr_outcomes_destroy(job.outcomes);
    myr_context_destroy(job.context);
    return status;
}

int cli_run_fit(int argc, char **argv) {
    cli_run_options run = cli_run_options_default();
    fit_arguments arguments = {.outcomes = MYR_OUTCOMES_OPTIONS_INIT, .fit = MYR_FIT_OPTIONS_INIT};
    cli_format format = CLI_TEXT;
    const cli_part parts[] = {{&fit_argp, &arguments},
                              {&cli_where_argp, &run},
                              {&cli_plot_argp, &arguments.plot},
                              {&cli_output_argp, &format}};
    int status;
    if (cli_parse_file_arguments(argc, argv, doc, parts, 4, &arguments.file, &status)) {
        status = cli_run_options_settle(&run);
        if (status == CLI_DONE)
            status = check_backend(&arguments, &run);
        if (status == CLI_DONE)
            status = cli_plot_settle(&arguments.plot);
        if (status == CLI_DONE)
            status = run_command(&arguments, &run, format);
    }
    free(arguments.without);
    return status;
}
