/* myriad sweep: the samplers' error against the number of steps. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "command.h"
#include "messages.h"
#include "progress.h"
#include "sweep_plot.h"
#include "sweep_report.h"

static const char doc[] =
    "Runs each sampler, with each schedule and eta, at each number of steps, and prints the error of the "
    "variance with its standard error, the exact error where there is one, and the observed order of "
    "convergence: error ~ steps^-order."
    "\vAll runs share their random numbers: a difference between two of them is known better than both. "
    "Errors below three standard errors, the Monte Carlo floor, are named, and left out of the order.\n"
    "The error is against the variance's limit of many steps, or where that is not known, as for mixtures, "
    "against the target's variance, and a share of the target's; of several coordinates the mean.\n"
    "\n"
    "Examples:\n"
    "  myriad sweep --sampler ddim,heun,dpmpp-2m --start exact --trajectories 10M\n"
    "  myriad sweep --process vp --schedule linear,scaled_linear --sampler ddim --eta 0,0.5,1 "
    "--plot sweep.svg";

/* Blocks for standard errors: fewer would give poor ones. */
#define FEWEST_TRAJECTORIES (8 * 4096)

typedef enum against { AGAINST_EITHER, AGAINST_LIMIT, AGAINST_TARGET } against;

typedef struct settings {
    cli_plan_options plan;
    cli_run_options run;
    cli_format format;
    against against;
    cli_plot_options plot;
    myr_context *context;
    cli_progress progress;
    cli_sweep_report report;
    cli_blocks blocks;
    myr_moment *parts; /* [blocks][dimension] */
    cli_sweep_line *lines;
    size_t line_count;
    cli_sweep_run latest;
} settings;

enum { KEY_AGAINST = 1000 };

static const struct argp_option sweep_options[] = {
    {"against", KEY_AGAINST, "WHAT", 0,
     "what errors are against: limit, the variance's limit of many steps, or target (limit where known)",
     1},
    {0}};

static error_t parse_sweep(int key, char *argument, struct argp_state *state) {
    static const char *const names[] = {"limit", "target"};
    settings *s = state->input;
    if (key != KEY_AGAINST)
        return ARGP_ERR_UNKNOWN;
    const int choice = cli_read_choice("--against", argument, names, 2);
    if (choice < 0)
        return CLI_REPORTED;
    s->against = choice == 0 ? AGAINST_LIMIT : AGAINST_TARGET;
    return 0;
}

static const struct argp sweep_argp = {.options = sweep_options, .parser = parse_sweep};

/* ---- one run --------------------------------------------------------------------------------------- */

/* The mean over the coordinates that have a variance. */
static double error_of(const settings *s, const double *variance) {
    const cli_study *study = &s->latest.study;
    double sum = 0.0;
    int count = 0;
    for (int c = 0; c < myr_target_dimension(s->plan.target); c++) {
        const double target = study->target_variance[c];
        if (!(target > 0.0))
            continue;
        sum += (variance[c] - (s->latest.against_limit ? study->limit[c] : target)) / target;
        count++;
    }
    return sum / count;
}

/* Variances of all trajectories but a block's, of the moments of all and of that block. */
static void leave_out(const myr_moment *whole, const myr_moment *part, int dimension, double *variance) {
    for (int c = 0; c < dimension; c++) {
        const double n = (double)whole[c].count, m = (double)part[c].count;
        const double off = part[c].mean - whole[c].mean;
        variance[c] = (whole[c].m2 - part[c].m2 - off * off * m * n / (n - m)) / (n - m - 1.0);
    }
}

static void find_errors(const settings *s, const myr_moment *whole, cli_sweep_point *point) {
    const int d = myr_target_dimension(s->plan.target);
    double variance[MYR_MAX_DATA_DIMENSION];
    point->error.whole = error_of(s, s->latest.study.variance);
    for (size_t j = 0; j < s->blocks.count; j++) {
        leave_out(whole, s->parts + j * (size_t)d, d, variance);
        point->error.without[j] = error_of(s, variance);
    }
    point->standard_error = cli_jackknife(&s->blocks, &point->error);
    point->exact = error_of(s, s->latest.study.exact_variance);
}

static myr_status run_blocks(settings *s, const myr_plan *plan, cli_study *study) {
    const uint64_t trajectories = s->run.trajectories, size = s->blocks.size;
    const size_t d = (size_t)myr_target_dimension(s->plan.target);
    myr_status status = MYR_OK;
    double seconds = 0.0;
    for (size_t j = 0; status == MYR_OK && j < s->blocks.count; j++) {
        myr_run_options run = cli_run_options_make(&s->run);
        run.first = (uint64_t)j * size;
        run.count = trajectories - run.first < size ? trajectories - run.first : size;
        run.progress = cli_progress_update;
        run.user = &s->progress;
        cli_progress_part(&s->progress, study->sampler, (double)run.count * (double)study->steps);
        status = myr_run_moments(s->context, plan, s->plan.target, &run, s->parts + j * d, &study->run);
        seconds += study->run.seconds;
    }
    study->run.seconds = seconds;
    return status;
}

/* Whether errors are against the limit. Prints a refusal. */
static int choose_against(settings *s) {
    bool known = true;
    for (int c = 0; c < myr_target_dimension(s->plan.target); c++)
        known = known && isfinite(s->latest.study.limit[c]);
    s->latest.against_limit = known && s->against != AGAINST_TARGET;
    if (!known && s->against == AGAINST_LIMIT)
        return cli_fail(CLI_USAGE, "--against: the limit of %s is not known here: expected target",
                        s->latest.study.sampler);
    return CLI_DONE;
}

/* Runs it and leaves it in s->latest and its line's point. */
static int run_one(settings *s, const myr_plan_options *options, cli_sweep_line *line, size_t step) {
    myr_moment whole[MYR_MAX_DATA_DIMENSION];
    cli_study *study = &s->latest.study;
    *study = (cli_study){.sampler = options->sampler, .steps = (uint64_t)options->steps};
    s->latest.line = line;
    myr_plan *plan = NULL;
    myr_status status = myr_plan_create(s->context, options, s->plan.target, &plan);
    if (status == MYR_OK)
        status = cli_study_exact(s->context, plan, s->plan.target, study);
    int result = status == MYR_OK ? choose_against(s) : CLI_DONE;
    if (status == MYR_OK && result == CLI_DONE)
        status = run_blocks(s, plan, study);
    myr_plan_destroy(plan);
    if (status != MYR_OK || result != CLI_DONE)
        return status != MYR_OK ? cli_fail_library(s->context, status) : result;
    const int d = myr_target_dimension(s->plan.target);
    myr_moment_join(s->parts, s->blocks.count, d, whole);
    study->run.checksum = myr_moment_checksum(whole, d);
    cli_study_statistics(s->plan.target, whole, study);
    cli_sweep_point *point = &line->points[step];
    point->steps = study->steps;
    find_errors(s, whole, point);
    const cli_difference none = {NAN, NAN, NAN};
    s->latest.point = point;
    s->latest.change = step > 0 ? cli_differ(&s->blocks, point, point - 1) : none;
    s->latest.contrast = line > s->lines ? cli_differ(&s->blocks, point, &s->lines[0].points[step]) : none;
    return CLI_DONE;
}

/* ---- all of them ----------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* In growing order, and each once. */
static void sort_steps(cli_plan_options *plan) {
    size_t kept = 1;
    qsort(plan->steps, plan->steps_count, sizeof *plan->steps, by_size);
    for (size_t i = 1; i < plan->steps_count; i++)
        if (plan->steps[i] != plan->steps[kept - 1])
            plan->steps[kept++] = plan->steps[i];
    plan->steps_count = kept;
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory)
        cli_out_of_memory();
    return memory;
}

/* A line for each sampler, schedule and eta. */
static void make_lines(settings *s) {
    const cli_plan_options *plan = &s->plan;
    s->lines = allocate(plan->sampler_count * plan->schedule_count * plan->eta_count, sizeof *s->lines);
    for (size_t i = 0; i < plan->sampler_count; i++)
        for (size_t j = 0; j < plan->schedule_count; j++)
            for (size_t k = 0; k < plan->eta_count; k++)
                s->lines[s->line_count++] =
                    (cli_sweep_line){.sampler = plan->samplers[i],
                                     .schedule = plan->schedules[j],
                                     .eta = plan->etas[k],
                                     .points = allocate(plan->steps_count, sizeof(cli_sweep_point))};
}

static int run_line(settings *s, size_t number, bool *begun) {
    const cli_plan_options *plan = &s->plan;
    cli_sweep_line *line = &s->lines[number];
    for (size_t j = 0; j < plan->steps_count; j++) {
        myr_plan_options options =
            cli_plan_options_make(plan, number / (plan->schedule_count * plan->eta_count), j);
        options.schedule = line->schedule;
        options.eta = line->eta;
        int status = run_one(s, &options, line, j);
        cli_progress_clear(&s->progress);
        if (status != CLI_DONE)
            return status;
        if (!*begun) /* nothing on stdout if the first run is refused */
            cli_sweep_begin(&s->report, s->format, plan, &s->run, s->blocks.count);
        *begun = true;
        cli_sweep_add(&s->report, &s->latest);
    }
    line->order = cli_fit_order(&s->blocks, line->points, plan->steps_count);
    return CLI_DONE;
}

static int run_sweep(settings *s) {
    const cli_plan_options *plan = &s->plan;
    double work = 0.0;
    for (size_t j = 0; j < plan->steps_count; j++)
        work += (double)s->line_count * (double)plan->steps[j] * (double)s->run.trajectories;
    cli_progress_begin(&s->progress, work, "trajectory-steps");
    bool begun = false;
    int status = CLI_DONE;
    for (size_t i = 0; status == CLI_DONE && i < s->line_count; i++)
        status = run_line(s, i, &begun);
    if (status != CLI_DONE) {
        cli_sweep_drop(&s->report);
        return status;
    }
    cli_sweep_end(&s->report, s->lines, s->line_count, &s->latest);
    status = cli_flush_results(CLI_DONE);
    if (status == CLI_DONE && s->plot.path)
        status = cli_sweep_plot(&s->report, s->lines, s->line_count, &s->plot);
    if (status == CLI_DONE) /* after the results: a failure is one line alone */
        cli_note(s->latest.study.run.note);
    return status;
}

int cli_run_sweep(int argc, char **argv) {
    settings *s = allocate(1, sizeof *s);
    s->plan = cli_plan_options_default();
    s->plan.lists = true;
    s->plan.default_steps = "8,16,32,64,128,256,512";
    s->run = cli_run_options_default();
    s->run.fewest = FEWEST_TRAJECTORIES;
    const cli_part parts[] = {{&sweep_argp, s},           {&cli_plan_argp, &s->plan},
                              {&cli_run_argp, &s->run},   {&cli_trajectories_argp, &s->run},
                              {&cli_plot_argp, &s->plot}, {&cli_output_argp, &s->format}};
    int status;
    if (cli_parse_arguments(argc, argv, doc, parts, 6, &status)) {
        if (myr_context_create(&s->context) != MYR_OK)
            cli_out_of_memory();
        status = cli_run_options_settle(&s->run);
        if (status == CLI_DONE)
            status = cli_plan_options_settle(s->context, &s->plan);
        if (status == CLI_DONE) {
            sort_steps(&s->plan);
            make_lines(s);
            s->blocks = cli_blocks_make(s->run.trajectories);
            s->parts =
                allocate(s->blocks.count * (size_t)myr_target_dimension(s->plan.target), sizeof *s->parts);
            status = run_sweep(s);
        }
        myr_context_destroy(s->context);
    }
    cli_plan_options_free(&s->plan);
    for (size_t i = 0; i < s->line_count; i++)
        free(s->lines[i].points);
    free(s->lines);
    free(s->parts);
    free(s);
    return status;
}
