#include "study.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/messages.h"

static void fill_nan(double *values, int count) {
    for (int c = 0; c < count; c++)
        values[c] = NAN;
}

myr_status cli_study_exact(myr_context *context, const myr_plan *plan, const myr_target *target,
                           cli_study *study) {
    int dimension = myr_plan_dimension(plan);
    myr_status status = myr_plan_exact(context, plan, target, study->exact_mean, study->exact_variance);
    if (status == MYR_UNSUPPORTED) {
        fill_nan(study->exact_mean, dimension);
        fill_nan(study->exact_variance, dimension);
    } else if (status != MYR_OK) {
        return status;
    }
    status = myr_plan_limit(context, plan, target, study->limit);
    if (status == MYR_UNSUPPORTED) {
        fill_nan(study->limit, dimension);
        return MYR_OK;
    }
    return status;
}

/* Infinite where there is a difference and no error; NaN without an exact value, or with one trajectory. */
static double z_of(double estimate, double exact, double error) {
    const double off = estimate - exact;
    return off == 0.0 && error == 0.0 ? 0.0 : off / error;
}

void cli_study_statistics(const myr_target *target, const myr_moment *moments, cli_study *study) {
    myr_target_moments(target, NULL, study->target_variance);
    for (int c = 0; c < myr_target_dimension(target); c++) {
        double exact = study->exact_variance[c];
        study->mean[c] = moments[c].mean;
        study->mean_error[c] = myr_moment_mean_error(&moments[c]);
        study->variance[c] = myr_moment_variance(&moments[c]);
        study->variance_error[c] = myr_moment_variance_error(&moments[c]);
        study->z[c] = z_of(study->variance[c], exact, study->variance_error[c]);
        study->bias[c] = (isnan(exact) ? study->variance[c] : exact) / study->target_variance[c] - 1.0;
    }
}

/* ---- what all results have in common --------------------------------------------------------------- */

double cli_study_work(const cli_run_options *run, const cli_study *study) {
    return (double)run->trajectories * (double)study->steps;
}

static double rate_of(double work, double seconds) {
    return seconds > 0.0 ? work / seconds : NAN;
}

void cli_study_begin_csv(cli_table *table, const cli_plan_options *plan, const cli_run_options *run,
                         const cli_study *study) {
    cli_put_text(table, "%" PRIu64, study->steps);
    cli_put_text(table, "%" PRIu64, run->trajectories);
    cli_put_text(table, "%" PRIu64, run->seed);
    cli_put_text(table, "%s", plan->start);
    cli_put_text(table, "%s", study->run.backend);
    cli_put_text(table, "%s", study->run.math);
}

void cli_study_end_csv(cli_table *table, const cli_run_options *run, const cli_study *study) {
    cli_put_text(table, "%016" PRIx64, study->run.checksum);
    cli_put_number(table, study->run.seconds);
    cli_put_number(table, rate_of(cli_study_work(run, study), study->run.seconds));
    cli_record_csv(table, &study->record);
}

/* 1 or -1 where a number is infinite, which JSON has null for; else 0. */
static json_t *signs_of_infinite(const double *values, int count) {
    json_t *array = cli_json_array();
    for (int i = 0; i < count; i++)
        cli_json_append(array, json_integer(isinf(values[i]) ? (values[i] > 0.0 ? 1 : -1) : 0));
    return array;
}

void cli_study_begin_json(json_t *result, const cli_plan_options *plan, const cli_run_options *run,
                          const cli_study *study) {
    const int dimension = myr_target_dimension(plan->target);
    cli_json_set(result, "steps", json_integer((json_int_t)study->steps));
    cli_json_set(result, "trajectories", json_integer((json_int_t)run->trajectories));
    cli_json_set(result, "seed", json_integer((json_int_t)run->seed));
    cli_json_set(result, "start", json_string(plan->start));
    cli_json_set(result, "backend", json_string(study->run.backend));
    cli_json_set(result, "math", json_string(study->run.math));
    cli_json_set(result, "mean", cli_json_numbers(study->mean, dimension));
    cli_json_set(result, "mean_se", cli_json_numbers(study->mean_error, dimension));
    cli_json_set(result, "variance", cli_json_numbers(study->variance, dimension));
    cli_json_set(result, "variance_se", cli_json_numbers(study->variance_error, dimension));
    cli_json_set(result, "exact_mean", cli_json_numbers(study->exact_mean, dimension));
    cli_json_set(result, "exact_variance", cli_json_numbers(study->exact_variance, dimension));
    cli_json_set(result, "z", cli_json_numbers(study->z, dimension));
    cli_json_set(result, "z_infinite", signs_of_infinite(study->z, dimension));
    cli_json_set(result, "limit", cli_json_numbers(study->limit, dimension));
    cli_json_set(result, "target_variance", cli_json_numbers(study->target_variance, dimension));
}

void cli_study_end_json(json_t *result, const cli_run_options *run, const cli_study *study) {
    char checksum[17];
    cli_record_json(result, &study->record);
    snprintf(checksum, sizeof checksum, "%016" PRIx64, study->run.checksum);
    cli_json_set(result, "checksum", json_string(checksum));
    cli_json_set(result, "seconds", cli_json_number(study->run.seconds));
    cli_json_set(result, "trajectory_steps_per_second",
                 cli_json_number(rate_of(cli_study_work(run, study), study->run.seconds)));
}

void cli_study_keep_warning(cli_warning *kept, myr_report *report) {
    if (kept->text[0] == '\0')
        memcpy(kept->text, report->warning, sizeof kept->text);
    memcpy(report->warning, kept->text, sizeof kept->text);
}

void cli_note_run(const myr_report *report) {
    cli_note(report->note);
    cli_note(report->warning);
}

void cli_study_end_text(double work, double seconds, const cli_study *last) {
    printf("%.4g trajectory-steps per second on %s (%s), %s arithmetic, %.3g s\n", rate_of(work, seconds),
           last->run.backend, last->run.device, last->run.math, seconds);
}
