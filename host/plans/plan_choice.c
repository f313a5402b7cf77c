#include "plan_choice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"

#define LARGEST_SIGMA 1e9 /* of churn's range, as of the process edm */

/* Writes the names of a list to text, as "a, b, c". */
static const char *list_names(const char *(*name)(int), char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (int index = 0; name(index) && used < size; index++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", index ? ", " : "", name(index));
    return text;
}

/* ---- what belongs to some processes only ----------------------------------------------------------- */

typedef enum field_kind { TEXT, REAL, COUNT, FLAG } field_kind;

static const struct {
    const char *name;
    size_t offset;
    field_kind kind;
    int group;
} process_fields[] = {
#define FIELD(name, kind, group) \
    { #name, offsetof(myr_plan_options, name), kind, MYR_OPTIONS_##group }
    FIELD(schedule, TEXT, SCHEDULE),
    FIELD(beta_start, REAL, TRAINING),
    FIELD(beta_end, REAL, TRAINING),
    FIELD(train_steps, COUNT, TRAINING),
    FIELD(zero_terminal_snr, FLAG, TRAINING),
    FIELD(spacing, TEXT, TRAINING),
    FIELD(steps_offset, COUNT, TRAINING),
    FIELD(final_alpha, TEXT, TRAINING),
    FIELD(sigma_min, REAL, SIGMA),
    FIELD(sigma_max, REAL, SIGMA),
    FIELD(rho, REAL, SIGMA),
#undef FIELD
};

/* The value as text, or NULL where the field asks for the default. */
static const char *value_set(const void *field, field_kind kind, char *text, size_t size) {
    const char *const *string = field;
    const double *real = field;
    const int64_t *count = field;
    const bool *flag = field;
    switch (kind) {
        case TEXT:
            snprintf(text, size, "\"%.64s\"", *string ? *string : "");
            return *string ? text : NULL;
        case REAL:
            snprintf(text, size, "%g", *real);
            return *real != 0.0 ? text : NULL;
        case COUNT:
            snprintf(text, size, "%lld", (long long)*count);
            return *count != 0 ? text : NULL;
        case FLAG:
        default:
            return *flag ? "on" : NULL;
    }
}

static myr_status check_process_fields(myr_context *context, const myr_plan_choice *choice) {
    char text[128];
    for (size_t f = 0; f < sizeof process_fields / sizeof *process_fields; f++) {
        if (choice->process->options & process_fields[f].group)
            continue;
        const char *value = value_set((const char *)&choice->options + process_fields[f].offset,
                                      process_fields[f].kind, text, sizeof text);
        if (value)
            return myr_fail(context, MYR_INVALID_ARGUMENT, "%s is %s, but the process %s has none",
                            process_fields[f].name, value, choice->process->name);
    }
    return MYR_OK;
}

/* ---- what belongs to some samplers only ------------------------------------------------------------ */

static myr_status choose_eta(myr_context *context, myr_plan_choice *choice) {
    double eta = choice->options.eta;
    const myr_sampler *sampler = choice->sampler;
    if (isnan(eta) || eta < 0.0) {
        choice->settings.eta = sampler->default_eta;
        return MYR_OK;
    }
    if (eta > 1.0)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "eta is %g; expected a number from 0 to 1", eta);
    if (eta > 0.0 && sampler->eta_power == 0)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "eta is %g, but the sampler %s has no eta: its noise is fixed", eta, sampler->name);
    choice->settings.eta = eta;
    return MYR_OK;
}

static myr_status check_real(myr_context *context, const char *name, double value, double high) {
    if (!(value >= 0.0 && value <= high))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "%s is %g; expected a number from 0 to %g", name,
                        value, high);
    return MYR_OK;
}

/* Karras et al.: gamma = min(S_churn/N, sqrt(2) - 1) at sigmas from S_tmin to S_tmax. */
static myr_status choose_churn(myr_context *context, myr_plan_choice *choice) {
    const myr_plan_options *options = &choice->options;
    myr_sampler_settings *settings = &choice->settings;
    if (options->churn == 0.0 && options->churn_min == 0.0 && options->churn_max == 0.0)
        return MYR_OK;
    if (!choice->sampler->takes_churn)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "churn is %g, but the sampler %s has none: it belongs to euler and heun",
                        options->churn, choice->sampler->name);
    myr_status status = check_real(context, "churn", options->churn, LARGEST_SIGMA);
    if (status == MYR_OK)
        status = check_real(context, "churn_min", options->churn_min, LARGEST_SIGMA);
    if (status == MYR_OK)
        status = check_real(context, "churn_max", options->churn_max, LARGEST_SIGMA);
    if (status == MYR_OK && options->churn_max != 0.0 && options->churn_max < options->churn_min)
        status = myr_fail(context, MYR_INVALID_ARGUMENT, "churn_max is %g; expected at least churn_min, %g",
                          options->churn_max, options->churn_min);
    settings->raise = fmin(options->churn / (double)options->steps, sqrt(2.0) - 1.0);
    settings->raise_from = options->churn_min;
    settings->raise_to = options->churn_max == 0.0 ? INFINITY : options->churn_max;
    return status;
}

static myr_status choose_noise_scale(myr_context *context, myr_plan_choice *choice) {
    double scale = choice->options.noise_scale;
    choice->settings.noise_scale = scale == 0.0 ? 1.0 : scale;
    if (scale != 0.0 && scale != 1.0 && !choice->sampler->takes_noise_scale)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "noise_scale is %g, but the sampler %s has none: its noise is fixed", scale,
                        choice->sampler->name);
    return check_real(context, "noise_scale", scale, 1e3);
}

static myr_status choose_start(myr_context *context, myr_plan_choice *choice) {
    const char *start = choice->options.start;
    choice->exact_start = start && strcmp(start, "exact") == 0;
    if (choice->exact_start || (start && strcmp(start, "prior") == 0))
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT, "start \"%.64s\" is unknown; expected prior or exact",
                    start ? start : "(null)");
}

static myr_status check_final_noise(myr_context *context, const myr_plan_choice *choice) {
    if (choice->options.final_noise || !choice->process->discrete)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT,
                    "final_noise is off, but the process %s has no noise that could be left out",
                    choice->process->name);
}

/* ---- all ------------------------------------------------------------------------------------------- */

static myr_status look_up(myr_context *context, myr_plan_choice *choice) {
    char names[512];
    const char *process = choice->options.process, *sampler = choice->options.sampler;
    choice->process = myr_process_find(process);
    if (!choice->process)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "process \"%.64s\" is unknown; expected one of %s",
                        process ? process : "(null)", list_names(myr_process_name, names, sizeof names));
    choice->sampler = myr_sampler_find(sampler);
    if (!choice->sampler)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "sampler \"%.64s\" is unknown; expected one of %s",
                        sampler ? sampler : "(null)", list_names(myr_sampler_name, names, sizeof names));
    if (!myr_sampler_supports(sampler, process))
        return myr_fail(context, MYR_UNSUPPORTED, "the sampler %s is defined on %s, not on the process %s",
                        sampler, choice->sampler->only ? choice->sampler->only : "continuous processes",
                        process);
    return MYR_OK;
}

/* The defaults of what process and sampler have, so that the options say all that is run. */
static void settle(myr_plan_choice *choice) {
    myr_plan_options *options = &choice->options;
    options->eta = choice->sampler->eta_power > 0 ? choice->settings.eta : MYR_DEFAULT_ETA;
    options->noise_scale = choice->sampler->takes_noise_scale ? choice->settings.noise_scale : 0.0;
    if (choice->process->settle)
        choice->process->settle(options);
}

myr_status myr_plan_choose(myr_context *context, const myr_plan_options *options, myr_plan_choice *choice) {
    *choice = (myr_plan_choice){0};
    myr_status status = myr_plan_options_read(context, &options, &choice->options);
    if (status == MYR_OK)
        status = look_up(context, choice);
    if (status == MYR_OK && (choice->options.steps < 1 || choice->options.steps > MYR_MAX_STEPS))
        status = myr_fail(context, MYR_INVALID_ARGUMENT, "steps is %lld; expected 1 to %d",
                          (long long)choice->options.steps, MYR_MAX_STEPS);
    if (status == MYR_OK)
        status = check_process_fields(context, choice);
    if (status == MYR_OK)
        status = choose_eta(context, choice);
    if (status == MYR_OK)
        status = choose_churn(context, choice);
    if (status == MYR_OK)
        status = choose_noise_scale(context, choice);
    if (status == MYR_OK)
        status = check_final_noise(context, choice);
    if (status == MYR_OK)
        status = choose_start(context, choice);
    if (status == MYR_OK)
        settle(choice);
    return status;
}

myr_status myr_plan_settle(myr_context *context, const myr_plan_options *options,
                           myr_plan_options *settled) {
    MYR_STANDARD_ENVIRONMENT;
    if (!settled)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "plan options: settled is NULL; expected a place");
    myr_plan_choice choice;
    myr_status status = myr_plan_options_ready(context, settled);
    if (status == MYR_OK)
        status = myr_plan_choose(context, options, &choice);
    if (status == MYR_OK)
        myr_plan_options_fill(settled, &choice.options);
    return status;
}
