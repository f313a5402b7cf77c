#include "run_record.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"

myr_status cli_run_record_make(myr_context *context, const cli_plan_options *options,
                               const myr_plan_options *plan, uint64_t first, cli_run_record *record) {
    *record = (cli_run_record){.options = options, .plan = MYR_PLAN_OPTIONS_INIT, .first = first};
    return myr_plan_settle(context, plan, &record->plan);
}

/* ---- the plan's options ---------------------------------------------------------------------------- */

/* TEXT: NULL is none; REAL, COUNT: 0 is none; NUMBER: 0 is a value; FLAG. */
typedef enum kind { TEXT, REAL, NUMBER, COUNT, OFFSET, FLAG } kind;

typedef struct field {
    const char *name;
    size_t offset;
    kind kind;
} field;

static const field fields[] = {
#define FIELD(name, kind) \
    { #name, offsetof(myr_plan_options, name), kind }
    FIELD(schedule, TEXT),
    FIELD(eta, NUMBER),
    FIELD(final_noise, FLAG),
    FIELD(beta_start, REAL),
    FIELD(beta_end, REAL),
    FIELD(train_steps, COUNT),
    FIELD(zero_terminal_snr, FLAG),
    FIELD(spacing, TEXT),
    FIELD(steps_offset, OFFSET),
    FIELD(final_alpha, TEXT),
    FIELD(sigma_min, REAL),
    FIELD(sigma_max, REAL),
    FIELD(rho, REAL),
    FIELD(churn, NUMBER),
    FIELD(churn_min, NUMBER),
    FIELD(churn_max, REAL),
    FIELD(noise_scale, REAL),
#undef FIELD
};
enum { FIELDS = sizeof fields / sizeof *fields, VARIANT = 2 };

static double real_of(const myr_plan_options *plan, const field *f) {
    double value;
    memcpy(&value, (const char *)plan + f->offset, sizeof value);
    return value < 0.0 || (value == 0.0 && f->kind == REAL) ? NAN : value;
}

static const char *text_of(const myr_plan_options *plan, const field *f) {
    const char *text;
    memcpy(&text, (const char *)plan + f->offset, sizeof text);
    return text;
}

static int64_t count_of(const myr_plan_options *plan, const field *f) {
    int64_t count;
    memcpy(&count, (const char *)plan + f->offset, sizeof count);
    return count;
}

static bool flag_of(const myr_plan_options *plan, const field *f) {
    bool flag;
    memcpy(&flag, (const char *)plan + f->offset, sizeof flag);
    return flag;
}

static void put_field(cli_table *table, const myr_plan_options *plan, const field *f) {
    const char *text;
    switch (f->kind) {
        case TEXT:
            text = text_of(plan, f);
            cli_put_text(table, "%s", text ? text : "");
            return;
        case COUNT:
        case OFFSET:
            if (count_of(plan, f) != 0 || f->kind == OFFSET)
                cli_put_text(table, "%" PRId64, count_of(plan, f));
            else
                cli_put_text(table, "%s", "");
            return;
        case FLAG:
            cli_put_text(table, "%s", flag_of(plan, f) ? "true" : "false");
            return;
        case REAL:
        case NUMBER:
        default:
            cli_put_number(table, real_of(plan, f));
    }
}

static json_t *field_json(const myr_plan_options *plan, const field *f) {
    const char *text;
    switch (f->kind) {
        case TEXT:
            text = text_of(plan, f);
            return text ? json_string(text) : json_null();
        case COUNT:
            return count_of(plan, f) == 0 ? json_null() : json_integer(count_of(plan, f));
        case OFFSET:
            return json_integer(count_of(plan, f));
        case FLAG:
            return json_boolean(flag_of(plan, f));
        case REAL:
        case NUMBER:
        default:
            return cli_json_number(real_of(plan, f));
    }
}

/* ---- the target ------------------------------------------------------------------------------------ */

static const char *target_of(const cli_run_record *record) {
    return record->options->target_file ? record->options->target_file : "gaussian";
}

/* Of a Gaussian that the options give, whose numbers are few, as --mean takes them; a file has its own. */
static void put_list(cli_table *table, const cli_run_record *record, const double *values, size_t count) {
    char *text = malloc(32 * count + 1);
    size_t used = 0;
    if (!text)
        cli_out_of_memory();
    text[0] = '\0';
    for (size_t c = 0; c < count && !record->options->target_file; c++)
        used += (size_t)snprintf(text + used, 32, "%s%.17g", c ? "," : "", values[c]);
    cli_put_cell(table, text);
    free(text);
}

/* ---- both forms ------------------------------------------------------------------------------------ */

void cli_variant_csv(cli_table *table, const cli_run_record *record) {
    for (int f = 0; f < VARIANT; f++)
        put_field(table, &record->plan, &fields[f]);
}

void cli_record_csv(cli_table *table, const cli_run_record *record) {
    const cli_plan_options *options = record->options;
    for (int f = VARIANT; f < FIELDS; f++)
        put_field(table, &record->plan, &fields[f]);
    cli_put_text(table, "%" PRIu64, record->first);
    cli_put_cell(table, target_of(record));
    cli_put_text(table, "%s", options->target_checksum);
    put_list(table, record, options->mean, options->mean_count);
    put_list(table, record, options->variance, options->variance_count);
    cli_put_text(table, "%s", myr_version());
}

void cli_record_json(json_t *result, const cli_run_record *record) {
    const cli_plan_options *options = record->options;
    static double mean[MYR_MAX_DATA_DIMENSION];
    for (int f = 0; f < FIELDS; f++)
        cli_json_set(result, fields[f].name, field_json(&record->plan, &fields[f]));
    cli_json_set(result, "first", json_integer((json_int_t)record->first));
    cli_json_set(result, "target", json_string(target_of(record)));
    cli_json_set(result, "target_checksum",
                 *options->target_checksum ? json_string(options->target_checksum) : json_null());
    myr_target_moments(options->target, mean, NULL);
    cli_json_set(result, "target_mean", cli_json_numbers(mean, myr_target_dimension(options->target)));
    cli_json_set(result, "version", json_string(myr_version()));
}
