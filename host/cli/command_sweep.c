/* myriad sweep: the samplers' error against the number of steps. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options/arguments.h"
#include "options/statistics_options.h"
#include "plots/sweep_plot.h"
#include "reports/messages.h"
#include "reports/progress.h"
#include "reports/sweep_report.h"

static const char doc[] =
    "Runs each sampler, with each schedule and eta, at each number of steps, and prints the error of the "
    "variance with its standard error, the exact error where there is one, and the observed order of "
    "convergence: error ~ steps^-order."
    "\vAll runs share their random numbers: a difference between two of them is known better than both. "
    "Errors below three standard errors, the Monte Carlo floor, are named, and left out of the order.\n"
    "The error is against the variance's limit of many steps, or where that is not known, as for "
    "mixtures, against the target's variance, and a share of the target's; of several coordinates the "
    "mean. --error takes a distance from the target in its place.\n"
    "\n"
    "Examples:\n"
    "  myriad sweep --sampler ddim,heun,dpmpp-2m --start exact --trajectories 10M\n"
    "  myriad sweep --process vp --schedule linear,scaled_linear --sampler ddim --eta 0,0.5,1 --plot "
    "sweep.svg\n"
    "  myriad sweep --target examples/mixture.json --error w1 --steps 8,16,32 --trajectories 100k";

/* Blocks for standard errors: fewer would give poor ones. */
#define FEWEST_TRAJECTORIES (8 * 4096)

typedef enum against { AGAINST_EITHER, AGAINST_LIMIT, AGAINST_TARGET } against;

typedef struct settings {
    cli_plan_options plan;
    cli_run_options run;
    cli_format format;
    against against;
    const char *distance; /* NULL: errors are the variance's */
    cli_plot_options plot;
    myr_context *context;
    cli_progress progress;
    cli_repeat repeat;
    cli_sweep_report report;
    cli_blocks blocks;
    myr_moment *parts; /* [blocks][dimension] */
    cli_sweep_line *lines;
    size_t line_count;
    cli_sweep_run latest;
    cli_warning warning;
} settings;

enum { KEY_ERROR = 1000, KEY_AGAINST };

static const struct argp_option sweep_options[] = {
    {NULL, 0, NULL, 0, "The error:", 4},
    {"error", KEY_ERROR, "NAME", 0,
     "which error: that of the variance, or a distance from the target, ks, w1, sw2 or energy (variance)",
     4},
    {"against", KEY_AGAINST, "WHAT", 0,
     "what errors are against: limit, the variance's limit of many steps, or target (limit where known)",
     4},
    {0}};

static error_t parse_sweep(int key, char *argument, struct argp_state *state) {
    static const char *const sides[] = {"limit", "target"};
    static const char *const errors[] = {"variance", "ks", "w1", "sw2", "energy"};
    settings *s = state->input;
    int choice;
    switch (key) {
        case KEY_ERROR:
            choice = cli_read_choice("--error", argument, errors, 5);
            s->distance = choice > 0 ? errors[choice] : NULL;
            return choice < 0 ? CLI_REPORTED : 0;
        case KEY_AGAINST:
            choice = cli_read_choice("--against", argument, sides, 2);
            s->against = choice == 0 ? AGAINST_LIMIT : AGAINST_TARGET;
            return choice < 0 ? CLI_REPORTED : 0;
        case ARGP_KEY_SUCCESS:
            if (!s->distance || s->against != AGAINST_LIMIT)
                return 0;
            cli_fail(CLI_USAGE, "--against: a distance is from the target: expected target");
            return CLI_REPORTED;
        default:
            return ARGP_ERR_UNKNOWN;
    }
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
    double variance[MYR_MAX_DATA_DIMENSION] = {0};
    point->error.whole = error_of(s, s->latest.study.variance);
    for (size_t j = 0; j < s->blocks.count; j++) {
        leave_out(whole, s->parts + j * (size_t)d, d, variance);
        point->error.without[j] = error_of(s, variance);
    }
    point->standard_error = cli_jackknife(&s->blocks, &point->error);
    point->floor = CLI_FLOOR * point->standard_error;
    point->exact = error_of(s, s->latest.study.exact_variance);
}

/* Means over the coordinates, of standard errors too: as if these went together, which is the worst. */
static void find_distance(const myr_statistic_row *rows, size_t count, cli_sweep_point *point) {
    double exact = 0.0;
    point->error.whole = point->standard_error = 0.0;
    for (size_t n = 0; n < count; n++) {
        point->error.whole += rows[n].value / (double)count;
        point->standard_error += rows[n].standard_error / (double)count;
        exact += rows[n].expected / (double)count;
    }
    point->floor = exact + CLI_FLOOR * point->standard_error;
    point->exact = NAN;
}

/* The same trajectories once more, for their distance from the target. */
static myr_status run_distance(settings *s, const myr_plan *plan, cli_sweep_point *point) {
    const cli_statistics_options asked = {.names = s->distance};
    myr_statistics *statistics = NULL;
    const myr_statistic_row *rows = NULL;
    size_t count = 0;
    myr_run_options run = cli_run_options_make(&s->run);
    run.progress = cli_progress_update;
    run.user = &s->progress;
    cli_progress_part(&s->progress, s->latest.study.sampler,
                      (double)run.count * (double)s->latest.study.steps);
    myr_status status = cli_statistics_make(s->context, &asked, &s->run, s->plan.target, &statistics);
    if (status == MYR_OK)
        status = myr_run_statistics(s->context, plan, s->plan.target, &run, statistics, NULL);
    if (status == MYR_OK)
        status = myr_statistics_rows(s->context, statistics, &rows, &count);
    if (status == MYR_OK)
        find_distance(rows, count, point);
    myr_statistics_destroy(statistics);
    return status;
}

/* The blocks one after the other, and all of them: the same bits as one run, of which the checksum is. */
static myr_status run_blocks(settings *s, const myr_plan *plan, cli_study *study, myr_range **whole) {
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
        myr_range *part = NULL;
        status = myr_run_range(s->context, plan, s->plan.target, &run, &part, &study->run);
        myr_range_moments(part, s->parts + j * d);
        if (status == MYR_OK && *whole)
            status = myr_range_join(s->context, *whole, part);
        if (j > 0)
            myr_range_destroy(part);
        else
            *whole = part;
        seconds += study->run.seconds;
    }
    study->run.seconds = seconds;
    cli_study_keep_warning(&s->warning, &study->run);
    return status;
}

/* Whether errors are against the limit. Prints a refusal. */
static int choose_against(settings *s) {
    bool known = true;
    for (int c = 0; c < myr_target_dimension(s->plan.target); c++)
        known = known && isfinite(s->latest.study.limit[c]);
    s->latest.against_limit = known && s->against != AGAINST_TARGET && !s->distance;
    if (!known && s->against == AGAINST_LIMIT)
        return cli_fail(CLI_USAGE, "--against: the limit of %s is not known here: expected target",
                        s->latest.study.sampler);
    return CLI_DONE;
}

/* The moments of the blocks, of all, and, unless that is a distance, what they say of the error. */
static myr_status find_moments(settings *s, const myr_plan *plan, cli_sweep_point *point) {
    static myr_moment whole[MYR_MAX_DATA_DIMENSION];
    cli_study *study = &s->latest.study;
    myr_range *joined = NULL;
    myr_status status = run_blocks(s, plan, study, &joined);
    myr_range_moments(joined, whole);
    study->run.checksum = myr_range_checksum(joined);
    myr_range_destroy(joined);
    if (status != MYR_OK)
        return status;
    cli_study_statistics(s->plan.target, whole, study);
    if (!s->distance)
        find_errors(s, whole, point);
    return MYR_OK;
}

static cli_difference differ(const settings *s, const cli_sweep_point *a, const cli_sweep_point *b) {
    return s->distance ? (cli_difference){a->error.whole - b->error.whole, NAN, NAN}
                       : cli_differ(&s->blocks, a, b);
}

/* Runs it and leaves it in s->latest and its line's point. */
static int run_one(settings *s, const myr_plan_options *options, cli_sweep_line *line, size_t step) {
    cli_study *study = &s->latest.study;
    cli_sweep_point *point = &line->points[step];
    memset(study, 0, sizeof *study); /* no literal, which might take a third of a MiB of stack */
    study->run.struct_size = sizeof study->run;
    study->sampler = options->sampler;
    study->steps = (uint64_t)options->steps;
    *point = (cli_sweep_point){.steps = study->steps};
    s->latest.line = line;
    myr_plan *plan = NULL;
    myr_status status = myr_plan_create(s->context, options, s->plan.target, &plan);
    if (status == MYR_OK)
        status = cli_run_record_make(s->context, &s->plan, options, 0, &study->record);
    line->settled_schedule = study->record.plan.schedule;
    line->settled_eta = study->record.plan.eta;
    if (status == MYR_OK)
        status = cli_study_exact(s->context, plan, s->plan.target, study);
    const int refused = status == MYR_OK ? choose_against(s) : CLI_DONE;
    if (status == MYR_OK && refused == CLI_DONE)
        status = find_moments(s, plan, point);
    if (status == MYR_OK && refused == CLI_DONE && s->distance)
        status = run_distance(s, plan, point);
    myr_plan_destroy(plan);
    if (status != MYR_OK || refused != CLI_DONE)
        return status != MYR_OK ? cli_fail_library(s->context, status) : refused;
    const cli_difference none = {NAN, NAN, NAN};
    s->latest.point = point;
    s->latest.change = step > 0 ? differ(s, point, point - 1) : none;
    s->latest.contrast = line > s->lines ? differ(s, point, &s->lines[0].points[step]) : none;
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
            for (size_t k = 0; k < (cli_plan_takes_eta(plan, i) ? plan->eta_count : 1); k++)
                s->lines[s->line_count++] =
                    (cli_sweep_line){.sampler = plan->samplers[i],
                                     .number = i,
                                     .schedule = plan->schedules[j],
                                     .eta = cli_plan_takes_eta(plan, i) ? plan->etas[k] : MYR_DEFAULT_ETA,
                                     .points = allocate(plan->steps_count, sizeof(cli_sweep_point))};
}

static int run_line(settings *s, size_t number, bool *begun) {
    const cli_plan_options *plan = &s->plan;
    cli_sweep_line *line = &s->lines[number];
    for (size_t j = 0; j < plan->steps_count; j++) {
        myr_plan_options options = cli_plan_options_make(plan, line->number, j);
        options.schedule = line->schedule;
        options.eta = line->eta;
        int status = run_one(s, &options, line, j);
        cli_progress_clear(&s->progress);
        if (status != CLI_DONE)
            return status;
        if (!*begun) /* nothing on stdout if the first run is refused */
            cli_sweep_begin(&s->report, s->format, plan, &s->run, &s->repeat, s->blocks.count, s->distance);
        *begun = true;
        cli_repeat_compare(&s->repeat, s->latest.study.sampler, s->latest.study.steps,
                           s->latest.study.run.checksum);
        cli_sweep_add(&s->report, &s->latest);
    }
    const cli_blocks none = {.count = 0};
    line->order = cli_fit_order(s->distance ? &none : &s->blocks, line->points, plan->steps_count);
    return CLI_DONE;
}

static int run_sweep(settings *s) {
    const cli_plan_options *plan = &s->plan;
    double work = 0.0;
    for (size_t j = 0; j < plan->steps_count; j++)
        work += (double)s->line_count * (double)plan->steps[j] * (double)s->run.trajectories;
    work *= s->distance ? 2.0 : 1.0;
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
    if (status == CLI_DONE)
        status = s->plot.path ? cli_sweep_plot(&s->report, s->lines, s->line_count, &s->plot)
                              : cli_plot_without(&s->plot);
    if (status == CLI_DONE) /* after the results: a failure is one line alone */
        cli_note_run(&s->latest.study.run);
    if (status == CLI_DONE)
        cli_note(s->plan.note);
    if (status == CLI_DONE)
        status = cli_repeat_finish(&s->repeat);
    return status;
}

int cli_run_sweep(int argc, char **argv) {
    settings *s = allocate(1, sizeof *s);
    s->plan = cli_plan_options_default();
    s->plan.lists = true;
    s->plan.default_steps = "8,16,32,64,128,256,512";
    s->run = cli_run_options_default();
    s->run.fewest = FEWEST_TRAJECTORIES;
    const cli_part parts[] = {
        {&sweep_argp, s},         {&cli_plan_argp, &s->plan}, {&cli_trajectories_argp, &s->run},
        {&cli_run_argp, &s->run}, {&cli_plot_argp, &s->plot}, {&cli_output_argp, &s->format}};
    int status;
    if (cli_repeat_parse(argc, argv, doc, parts, 6, &s->repeat, &status)) {
        if (myr_context_create(&s->context) != MYR_OK)
            cli_out_of_memory();
        status = cli_run_options_settle(&s->run);
        if (status == CLI_DONE)
            status = cli_plan_options_settle(s->context, &s->plan);
        if (status == CLI_DONE)
            status = cli_plan_options_keep(&s->plan, &s->run, &s->repeat);
        if (status == CLI_DONE)
            status = cli_plot_settle(&s->plot);
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
    cli_repeat_free(&s->repeat);
    cli_plan_options_free(&s->plan);
    for (size_t i = 0; i < s->line_count; i++)
        free(s->lines[i].points);
    free(s->lines);
    free(s->parts);
    free(s);
    return status;
}
