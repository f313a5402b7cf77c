/* myriad variance: samplers against what they should give. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options/arguments.h"
#include "options/statistics_options.h"
#include "plots/density_plot.h"
#include "reports/messages.h"
#include "reports/progress.h"
#include "reports/variance_report.h"

static const char doc[] =
    "Runs each sampler for each number of steps and prints the variance of its results with its standard "
    "error, the exact variance at that number of steps, z = (estimate - exact) / standard error, the "
    "limit of many steps, the target's variance, and the relative bias: exact (or where there is none, "
    "estimate) / target - 1."
    "\vThe same options give the same bits, on cpu and cuda, on any number of threads: the checksum, "
    "over the bits of the moments, shows it.\n"
    "With --statistics the table is followed by theirs (csv: is theirs alone): with standard errors, "
    "what exact draws from the target give, and of distances and chi^2 p, the probability that these "
    "give as much.\n"
    "Where the exact value is not known, as of a mixture, z and limit are empty, and the estimate stands "
    "beside the target.\n"
    "\n"
    "Examples:\n"
    "  myriad variance --sampler ddpm-large,ddim --steps 10,100 --trajectories 10M\n"
    "  myriad variance --sampler ddpm-small,ddpm-large --steps 50 --plot variance.svg\n"
    "  myriad variance --mean 0,1 --variance 0.01,0.25 --start exact --format csv\n"
    "  myriad variance --sampler ddim --steps 50 --statistics ks,w1,quantiles\n"
    "  myriad variance --format json >result.json; myriad variance --from result.json --backend cpu";

typedef struct settings {
    cli_plan_options plan;
    cli_run_options run;
    cli_statistics_options statistics;
    cli_density_picture picture;
    cli_format format;
    myr_context *context;
    cli_progress progress;
    cli_repeat repeat;
    cli_variance_report report;
    cli_warning warning;
} settings;

/* The sets that a run fills; NULL: not asked for. */
typedef struct filled_sets {
    myr_context *context;
    myr_statistics *set[2]; /* of --statistics, and the histogram of --plot */
} filled_sets;

static myr_status fill_sets(void *user, uint64_t first, uint64_t count, const double *samples) {
    const filled_sets *sets = user;
    myr_status status = MYR_OK;
    for (int n = 0; n < 2 && status == MYR_OK; n++)
        if (sets->set[n])
            status = myr_statistics_add(sets->context, sets->set[n], first, count, samples);
    return status;
}

/* What has been asked for beyond the moments, of the same trajectories once more. */
static myr_status run_statistics(settings *s, const myr_plan *plan, const myr_run_options *run,
                                 cli_study *study) {
    const cli_statistics_options drawn = {.names = s->picture.options.path ? "histogram" : NULL};
    filled_sets sets = {s->context, {study->statistics, NULL}};
    if (!study->statistics && !drawn.names)
        return MYR_OK;
    cli_progress_part(&s->progress, study->sampler, (double)run->count * (double)study->steps);
    myr_status status = cli_statistics_make(s->context, &drawn, &s->run, s->plan.target, &sets.set[1]);
    if (status == MYR_OK)
        status = myr_run_stream(s->context, plan, s->plan.target, run, fill_sets, &sets, NULL);
    if (status == MYR_OK && study->statistics)
        status = myr_statistics_rows(s->context, study->statistics, &study->rows, &study->row_count);
    if (status == MYR_OK && sets.set[1])
        status = cli_density_keep(s->context, &s->picture, plan, study->sampler, sets.set[1]);
    myr_statistics_destroy(sets.set[1]);
    return status;
}

static myr_status run_study(settings *s, const myr_plan_options *options, cli_study *study) {
    static myr_moment moments[MYR_MAX_DATA_DIMENSION];
    memset(study, 0, sizeof *study); /* no literal, which might take a third of a MiB of stack */
    study->run.struct_size = sizeof study->run;
    study->sampler = options->sampler;
    study->steps = (uint64_t)options->steps;
    myr_run_options run = cli_run_options_make(&s->run);
    run.progress = cli_progress_update;
    run.user = &s->progress;
    cli_progress_part(&s->progress, options->sampler, (double)run.count * (double)options->steps);
    myr_plan *plan = NULL;
    myr_status status = myr_plan_create(s->context, options, s->plan.target, &plan);
    if (status == MYR_OK)
        status = cli_run_record_make(s->context, &s->plan, options, 0, &study->record);
    if (status == MYR_OK)
        status = cli_study_exact(s->context, plan, s->plan.target, study);
    if (status == MYR_OK)
        status =
            cli_statistics_make(s->context, &s->statistics, &s->run, s->plan.target, &study->statistics);
    if (status == MYR_OK)
        status = myr_run_moments(s->context, plan, s->plan.target, &run, moments, &study->run);
    if (status == MYR_OK)
        status = run_statistics(s, plan, &run, study);
    cli_study_keep_warning(&s->warning, &study->run);
    myr_plan_destroy(plan);
    if (status == MYR_OK)
        cli_study_statistics(s->plan.target, moments, study);
    return status;
}

/* All samplers at all numbers of steps; the last study is left in *study. */
static myr_status run_studies(settings *s, cli_study *study) {
    double work = 0.0;
    for (size_t j = 0; j < s->plan.steps_count; j++)
        work += (double)s->plan.sampler_count * (double)s->plan.steps[j] * (double)s->run.trajectories;
    work *= s->statistics.names || s->picture.options.path ? 2.0 : 1.0;
    cli_progress_begin(&s->progress, work, "trajectory-steps");
    bool begun = false;
    for (size_t i = 0; i < s->plan.sampler_count; i++)
        for (size_t j = 0; j < s->plan.steps_count; j++) {
            myr_plan_options options = cli_plan_options_make(&s->plan, i, j);
            myr_status status = run_study(s, &options, study);
            cli_progress_clear(&s->progress);
            if (status == MYR_OK && !begun) /* nothing on stdout if the first run is refused */
                cli_variance_begin(&s->report, s->format, s->statistics.names != NULL, &s->plan, &s->run,
                                   &s->repeat);
            begun = true;
            if (status == MYR_OK) {
                cli_repeat_compare(&s->repeat, study->sampler, study->steps, study->run.checksum);
                cli_variance_add(&s->report, study);
            }
            myr_statistics_destroy(study->statistics);
            study->statistics = NULL;
            if (status != MYR_OK) {
                cli_variance_drop(&s->report);
                return status;
            }
        }
    cli_variance_end(&s->report, study);
    return MYR_OK;
}

static int run_command(settings *s) {
    cli_study *study = malloc(sizeof *study);
    if (!study)
        cli_out_of_memory();
    myr_status result = run_studies(s, study);
    int status;
    if (result == MYR_OK)
        status = cli_flush_results(CLI_DONE);
    else
        status = cli_fail_library(s->context, result);
    if (status == CLI_DONE)
        status = cli_density_draw(&s->picture, &s->plan, s->run.trajectories);
    if (status == CLI_DONE) /* after the results: a failure is one line alone */
        cli_note_run(&study->run);
    if (status == CLI_DONE)
        cli_note(s->plan.note);
    if (status == CLI_DONE)
        status = cli_repeat_finish(&s->repeat);
    free(study);
    return status;
}

int cli_run_variance(int argc, char **argv) {
    settings s = {.plan = cli_plan_options_default(), .run = cli_run_options_default()};
    const cli_part parts[] = {{&cli_plan_argp, &s.plan},
                              {&cli_trajectories_argp, &s.run},
                              {&cli_run_argp, &s.run},
                              {&cli_statistics_argp, &s.statistics},
                              {&cli_plot_argp, &s.picture.options},
                              {&cli_output_argp, &s.format}};
    int status;
    if (cli_repeat_parse(argc, argv, doc, parts, 6, &s.repeat, &status)) {
        if (myr_context_create(&s.context) != MYR_OK)
            cli_out_of_memory();
        status = cli_run_options_settle(&s.run);
        if (status == CLI_DONE)
            status = cli_statistics_settle(&s.statistics);
        if (status == CLI_DONE)
            status = cli_plan_options_settle(s.context, &s.plan);
        if (status == CLI_DONE)
            status = cli_plan_options_keep(&s.plan, &s.run, &s.repeat);
        if (status == CLI_DONE)
            status = cli_plot_settle(&s.picture.options);
        if (status == CLI_DONE)
            status = run_command(&s);
        myr_context_destroy(s.context);
    }
    cli_repeat_free(&s.repeat);
    cli_plan_options_free(&s.plan);
    cli_density_free(&s.picture);
    return status;
}
