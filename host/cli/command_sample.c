/* myriad sample: samples, or whole trajectories, to a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "options/arguments.h"
#include "plots/sample_plot.h"
#include "reports/checksum.h"
#include "reports/messages.h"
#include "reports/progress.h"
#include "reports/resolution.h"
#include "reports/sample_report.h"
#include "study.h"

static const char doc[] =
    "Draws samples with one sampler at one number of steps and writes them to a file, draws them, or "
    "both: .npy holds numbers [trajectories, d], .csv a line each with the trajectory's index. Or keeps "
    "whole trajectories, from their start x_T to the sample: [K, steps + 1, d]."
    "\vTrajectory i of a seed is the same in any run, whatever else is drawn with it, and the one that "
    "variance takes with the same options.\n"
    "The file appears when it is complete, by rename; an old one stays until then. Memory does not grow "
    "with --trajectories.\n"
    "\n"
    "Examples:\n"
    "  myriad sample --output samples.npy --trajectories 10M --steps 100\n"
    "  myriad sample --output more.csv --first 10M --trajectories 1000 --sampler ddim\n"
    "  myriad sample --output traces.npy --trace 20 --steps 200\n"
    "  myriad sample --target examples/digits.npy --process edm --steps 40 --trajectories 100 --plot "
    "digits.png --image 8x8";

typedef struct sample_arguments {
    const char *output;
    uint64_t first;
    uint64_t trace; /* 0: samples alone */
    bool doubles;
    cli_sample_picture picture;
} sample_arguments;

enum { KEY_OUTPUT = 700, KEY_FIRST, KEY_TRACE, KEY_DTYPE, KEY_IMAGE };

static const struct argp_option sample_options[] = {
    {NULL, 0, NULL, 0, "The file:", 0},
    {"output", KEY_OUTPUT, "FILE", 0,
     "where to, NAME.npy or NAME.csv; - prints them as .csv, and nothing else", 0},
    {"first", KEY_FIRST, "N", 0, "index of the first trajectory (0)", 0},
    {"trace", KEY_TRACE, "K", 0,
     "write K whole trajectories, in place of --trajectories samples; on other backends than cpu it takes "
     "the work of K x steps/2 samples",
     0},
    {"dtype", KEY_DTYPE, "TYPE", 0,
     "float32, or float64: .npy holds these, .csv the digits that tell them apart (float32)", 0},
    {"image", KEY_IMAGE, "RxC", 0,
     "the picture of --plot is a contact sheet: the first 100 samples as images of R rows, C columns", 7},
    {0}};

static error_t read_dtype(const char *argument, bool *doubles) {
    static const char *const names[] = {"float32", "float64"};
    const int choice = cli_read_choice("--dtype", argument, names, 2);
    *doubles = choice == 1;
    return choice < 0 ? CLI_REPORTED : 0;
}

static error_t parse_sample(int key, char *argument, struct argp_state *state) {
    sample_arguments *arguments = state->input;
    switch (key) {
        case KEY_OUTPUT:
            return cli_read_output("--output", argument, &arguments->output);
        case KEY_FIRST:
            return cli_read_count("--first", argument, 0, CLI_LARGEST, &arguments->first);
        case KEY_TRACE:
            return cli_read_count("--trace", argument, 1, CLI_LARGEST, &arguments->trace);
        case KEY_DTYPE:
            return read_dtype(argument, &arguments->doubles);
        case KEY_IMAGE:
            return cli_read_image(argument, &arguments->picture.rows, &arguments->picture.columns);
        default:
            return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp sample_argp = {.options = sample_options, .parser = parse_sample};

typedef struct settings {
    cli_plan_options plan;
    cli_run_options run;
    sample_arguments arguments;
    cli_format format;
    myr_context *context;
    cli_progress progress;
    cli_repeat repeat;
    uint64_t checksum;
    uint64_t numbers; /* of a trajectory */
    myr_samples_file *file;
    myr_samples_shape shape;
    cli_resolution resolution;
} settings;

/* ---- what is asked --------------------------------------------------------------------------------- */

/* Whether the samples themselves go to standard output, where nothing else may then go. */
static bool is_printed(const settings *s) {
    return s->arguments.output && strcmp(s->arguments.output, "-") == 0;
}

static int settle_output(const settings *s) {
    if (is_printed(s) && s->format != CLI_TEXT)
        return cli_fail(CLI_USAGE,
                        "--format: standard output has the samples (--output -): expected a file's name");
    if (s->arguments.picture.rows > 0 && !s->arguments.picture.options.path)
        return cli_fail(CLI_USAGE, "--image: there is no picture: expected --plot FILE");
    if (!s->arguments.output && !s->arguments.picture.options.path && !s->repeat.from)
        return cli_fail(CLI_USAGE,
                        "--output is missing: expected --output=NAME.npy or NAME.csv, or --plot FILE");
    return CLI_DONE;
}

/* How many trajectories there are. */
static int settle_count(settings *s) {
    if (s->arguments.trace > 0 && s->run.trajectories > 0)
        return cli_fail(CLI_USAGE,
                        "--trace and --trajectories are both given: expected one of them, --trace K for "
                        "K whole trajectories");
    if (s->arguments.trace > 0)
        s->run.trajectories = s->arguments.trace;
    else if (s->run.trajectories == 0)
        s->run.trajectories = cli_run_options_default().trajectories;
    return CLI_DONE;
}

/* One sampler, one number of steps. Where no sampler is named: ddpm-exact, or if it cannot run here ddim,
 * or the only one. */
static int settle_sampler(settings *s) {
    cli_plan_options *plan = &s->plan;
    if (plan->steps_count > 1)
        return cli_fail(CLI_USAGE, "--steps has %zu values: expected one", plan->steps_count);
    if (plan->sampler_text && plan->sampler_count > 1)
        return cli_fail(CLI_USAGE, "--sampler names %zu samplers: expected one", plan->sampler_count);
    static const char *const preferred[] = {"ddpm-exact", "ddim"};
    for (size_t p = 0; p < 2 && plan->sampler_count > 1; p++)
        for (size_t i = 0; i < plan->sampler_count && plan->sampler_count > 1; i++)
            if (strcmp(plan->samplers[i], preferred[p]) == 0) {
                plan->samplers[0] = plan->samplers[i];
                plan->sampler_count = 1;
            }
    plan->sampler_count = 1;
    memset(plan->spared, 0, sizeof plan->spared); /* of one sampler, what it lacks is refused */
    return CLI_DONE;
}

/* What --from takes; --trajectories, which --trace stands for, is not given beside it. */
static int keep(settings *s) {
    int status = cli_plan_options_keep(&s->plan, &s->run, &s->repeat);
    if (s->arguments.trace > 0)
        json_object_del(s->repeat.options, "trajectories");
    return status;
}

/* ---- drawing --------------------------------------------------------------------------------------- */

/* To the file and the picture, what there is of them. */
static myr_status take(settings *s, const double *values, uint64_t count) {
    s->checksum = cli_checksum_add(s->checksum, values, (size_t)(count * s->numbers));
    cli_sample_picture_add(&s->arguments.picture, values, count);
    if (s->file && !s->shape.doubles)
        cli_resolution_look(&s->resolution, s->plan.target, values, count, &s->shape);
    return s->file ? myr_samples_write(s->context, s->file, values, count) : MYR_OK;
}

static myr_status write_samples(void *user, uint64_t first, uint64_t count, const double *samples) {
    (void)first;
    settings *s = user;
    return take(s, samples, count);
}

static myr_run_options run_options(settings *s) {
    myr_run_options run = cli_run_options_make(&s->run);
    run.first = s->arguments.first;
    run.progress = cli_progress_update;
    run.user = &s->progress;
    return run;
}

static myr_status draw_samples(settings *s, const myr_plan *plan, myr_report *report) {
    const myr_run_options run = run_options(s);
    cli_progress_part(&s->progress, s->plan.samplers[0], (double)run.count);
    return myr_run_stream(s->context, plan, s->plan.target, &run, write_samples, s, report);
}

/* Some trajectories at a time, as many as have MYR_SINK_NUMBERS numbers. */
static myr_status draw_traces(settings *s, const myr_plan *plan, myr_report *report) {
    myr_run_options run = run_options(s);
    const uint64_t total = run.count;
    const double numbers = ((double)s->plan.steps[0] + 1.0) * myr_plan_dimension(plan);
    const double most = MYR_SINK_NUMBERS / numbers;
    const uint64_t room = most < 1.0 ? 1 : most < (double)total ? (uint64_t)most : total;
    double *states = malloc((size_t)room * (size_t)numbers * sizeof *states);
    if (!states)
        cli_out_of_memory();
    myr_status status = MYR_OK;
    for (uint64_t done = 0; status == MYR_OK && done < total; done += run.count) {
        run.first = s->arguments.first + done;
        run.count = total - done < room ? total - done : room;
        cli_progress_part(&s->progress, s->plan.samplers[0], (double)run.count);
        status = myr_run_trace(s->context, plan, s->plan.target, &run, states, report);
        if (status == MYR_OK)
            status = take(s, states, run.count);
    }
    free(states);
    return status;
}

/* To the file, which is there afterwards, or not at all. */
static myr_status draw_to_file(settings *s, const myr_plan *plan, cli_sample_report *r) {
    myr_status status = r->path ? myr_samples_open(s->context, r->path, &r->shape, &s->file) : MYR_OK;
    if (status != MYR_OK)
        return status;
    cli_progress_begin(&s->progress, (double)r->shape.count, "trajectories");
    status = r->shape.levels > 0 ? draw_traces(s, plan, &r->report) : draw_samples(s, plan, &r->report);
    cli_progress_clear(&s->progress);
    return s->file ? myr_samples_close(s->context, s->file, status) : status;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int run_command(settings *s) {
    cli_sample_report r = {.path = s->arguments.output,
                           .plan = &s->plan,
                           .run = &s->run,
                           .repeat = &s->repeat,
                           .shape = MYR_SAMPLES_SHAPE_INIT,
                           .report = MYR_REPORT_INIT};
    const double begun = now();
    int refused = CLI_DONE;
    myr_plan *plan = NULL;
    const myr_plan_options asked = cli_plan_options_make(&s->plan, 0, 0);
    myr_status result = myr_plan_create(s->context, &asked, s->plan.target, &plan);
    if (result == MYR_OK) {
        r.shape.dimension = myr_plan_dimension(plan);
        r.shape.doubles = s->arguments.doubles;
        r.shape.first = s->arguments.first;
        r.shape.count = s->run.trajectories;
        r.shape.levels = s->arguments.trace > 0 ? s->plan.steps[0] + 1 : 0;
        s->shape = r.shape;
        s->numbers = (r.shape.levels > 0 ? r.shape.levels : 1) * (uint64_t)myr_plan_dimension(plan);
        result = cli_run_record_make(s->context, &s->plan, &asked, r.shape.first, &r.record);
        if (r.path)
            cli_resolution_exact(&s->resolution, s->context, plan, s->plan.target, s->arguments.doubles);
        refused = cli_sample_picture_begin(&s->arguments.picture, &s->plan, &r.shape);
        if (result == MYR_OK && refused == CLI_DONE)
            result = draw_to_file(s, plan, &r);
    }
    r.seconds = now() - begun;
    myr_plan_destroy(plan);
    if (refused != CLI_DONE)
        return refused;
    if (result != MYR_OK)
        return cli_fail_library(s->context, result);
    r.checksum = s->checksum;
    cli_repeat_compare(&s->repeat, s->plan.samplers[0], s->plan.steps[0], r.checksum);
    if (!is_printed(s))
        cli_sample_print(&r, s->format);
    int status = cli_flush_results(CLI_DONE);
    if (status == CLI_DONE)
        status = cli_sample_picture_draw(&s->arguments.picture);
    if (status == CLI_DONE)
        cli_resolution_note(&s->resolution, r.path);
    if (status == CLI_DONE)
        cli_note_run(&r.report);
    return status == CLI_DONE ? cli_repeat_finish(&s->repeat) : status;
}

int cli_run_sample(int argc, char **argv) {
    settings s = {.plan = cli_plan_options_default(),
                  .run = cli_run_options_default(),
                  .checksum = CLI_CHECKSUM_BEGIN};
    s.run.trajectories = 0; /* until one is given */
    const cli_part parts[] = {
        {&cli_single_plan_argp, &s.plan}, {&cli_plot_argp, &s.arguments.picture.options},
        {&sample_argp, &s.arguments},     {&cli_trajectories_argp, &s.run},
        {&cli_run_argp, &s.run},          {&cli_output_argp, &s.format}};
    int status;
    if (cli_repeat_parse(argc, argv, doc, parts, 6, &s.repeat, &status)) {
        if (myr_context_create(&s.context) != MYR_OK)
            cli_out_of_memory();
        status = settle_output(&s);
        if (status == CLI_DONE)
            status = settle_count(&s);
        if (status == CLI_DONE)
            status = cli_run_options_settle(&s.run);
        if (status == CLI_DONE)
            status = cli_plan_options_settle(s.context, &s.plan);
        if (status == CLI_DONE)
            status = settle_sampler(&s);
        if (status == CLI_DONE)
            status = keep(&s);
        if (status == CLI_DONE)
            status = cli_plot_settle(&s.arguments.picture.options);
        if (status == CLI_DONE && !s.arguments.output) /* without a picture there is nothing to do */
            status = cli_plot_without(&s.arguments.picture.options);
        if (status == CLI_DONE)
            status = run_command(&s);
        myr_context_destroy(s.context);
    }
    cli_repeat_free(&s.repeat);
    cli_plan_options_free(&s.plan);
    cli_sample_picture_free(&s.arguments.picture);
    return status;
}
