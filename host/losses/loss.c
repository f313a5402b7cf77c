#include "backends/loss.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ground/failure.h"
#include "ground/sized.h"

typedef struct loss_line {
    const char *name;
    unsigned traits;
    const char *help;
} loss_line;

static const loss_line losses[] = {
#define LOSS_LINE(name, traits, help) {#name, traits, help},
    MYR_MARGIN_LOSS_LIST(LOSS_LINE) MYR_ANSWER_LOSS_LIST(LOSS_LINE) MYR_SORTED_LOSS_LIST(LOSS_LINE)
#undef LOSS_LINE
};

static const struct {
    const char *name, *help;
} divergences[] = {
#define DIVERGENCE_LINE(name, help) {#name, help},
    MYR_DIVERGENCE_LIST(DIVERGENCE_LINE)
#undef DIVERGENCE_LINE
};

const char *myr_loss_name(int index) {
    return index >= 0 && index < MYR_LOSSES ? losses[index].name : NULL;
}

const char *myr_loss_help(int index) {
    return index >= 0 && index < MYR_LOSSES ? losses[index].help : NULL;
}

const char *myr_divergence_name(int index) {
    return index >= 0 && index < MYR_DIVERGENCES ? divergences[index].name : NULL;
}

const char *myr_divergence_help(int index) {
    return index >= 0 && index < MYR_DIVERGENCES ? divergences[index].help : NULL;
}

/* The index of a name in a list, or -1. */
static int find_name(const char *name, const char *(*list)(int)) {
    for (int index = 0; name && list(index); index++)
        if (strcmp(list(index), name) == 0)
            return index;
    return -1;
}

bool myr_loss_takes_margin(const char *loss) {
    int kind = find_name(loss, myr_loss_name);
    return kind >= 0 && kind < MYR_MARGIN_LOSSES;
}

/* "a, b or c" */
static void join_names(const char *(*list)(int), char *text, size_t size) {
    size_t length = 0;
    text[0] = '\0';
    for (int index = 0; list(index) && length < size; index++) {
        const char *before = index == 0 ? "" : list(index + 1) ? ", " : " or ";
        length += (size_t)snprintf(text + length, size - length, "%s%s", before, list(index));
    }
}

static myr_status resolve(myr_context *context, const char *field, const char *name,
                          const char *(*list)(int), int *index) {
    char expected[512];
    *index = find_name(name, list);
    if (*index >= 0)
        return MYR_OK;
    join_names(list, expected, sizeof expected);
    return myr_fail(context, MYR_INVALID_ARGUMENT, "%s: '%s' is not known (expected %s)", field,
                    name ? name : "NULL", expected);
}

static myr_status check_range(myr_context *context, const char *field, double value, double low,
                              double high) {
    if (value >= low && value <= high)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT, "%s: %g is out of range (expected %g … %g)", field,
                    value, low, high);
}

static myr_status check_numbers(myr_context *context, const myr_loss_options *options) {
    myr_status status = check_range(context, "beta", options->beta, 1e-6, 1e6);
    if (status == MYR_OK && !(options->label_smoothing >= 0.0 && options->label_smoothing < 0.5))
        status = myr_fail(context, MYR_INVALID_ARGUMENT,
                          "label_smoothing: %g is out of range (expected 0 … 0.5, 0.5 excluded)",
                          options->label_smoothing);
    if (status == MYR_OK)
        status =
            check_range(context, "f_alpha_divergence_coef", options->f_alpha_divergence_coef, -1e3, 1e3);
    if (status == MYR_OK)
        status = check_range(context, "tau", options->tau, 1e-3, 1.0);
    if (status == MYR_OK && !isnan(options->shift))
        status = check_range(context, "shift", options->shift, -1e15, 1e15);
    return status;
}

/* An option that the loss does not take must keep its default: else it would be silently ignored. */
static myr_status check_taken(myr_context *context, const myr_loss_options *options, const myr_loss *loss) {
    const myr_loss_options defaults = MYR_LOSS_OPTIONS_INIT;
    const char *unused = NULL;
    if (!(loss->traits & MYR_TAKES_SMOOTHING) && options->label_smoothing != defaults.label_smoothing)
        unused = "label_smoothing";
    else if (!(loss->traits & MYR_TAKES_DIVERGENCE) &&
             strcmp(options->f_divergence, defaults.f_divergence) != 0)
        unused = "f_divergence";
    else if (strcmp(options->f_divergence, "alpha_divergence") != 0 &&
             options->f_alpha_divergence_coef != defaults.f_alpha_divergence_coef)
        unused = "f_alpha_divergence_coef (without alpha_divergence)";
    else if (!(loss->traits & MYR_TAKES_TAU) && options->tau != defaults.tau)
        unused = "tau";
    else if (!(loss->traits & MYR_TAKES_SHIFT) && options->shift != defaults.shift)
        unused = "shift";
    if (!unused)
        return MYR_OK;
    return myr_fail(context, MYR_UNSUPPORTED, "loss: %s does not take %s", options->loss, unused);
}

myr_status myr_loss_make(myr_context *context, const myr_loss_options *options, myr_loss *loss) {
    myr_loss_options known;
    int kind, divergence;
    myr_status status = myr_loss_options_read(context, &options, &known);
    if (status == MYR_OK)
        status = resolve(context, "loss", options->loss, myr_loss_name, &kind);
    if (status == MYR_OK)
        status = resolve(context, "f_divergence", options->f_divergence, myr_divergence_name, &divergence);
    if (status == MYR_OK)
        status = check_numbers(context, options);
    if (status != MYR_OK)
        return status;
    *loss = (myr_loss){.kind = (myr_loss_kind)kind,
                       .traits = losses[kind].traits,
                       .divergence = (myr_divergence)divergence,
                       .beta = options->beta,
                       .smoothing = options->label_smoothing,
                       .reference_free = options->reference_free,
                       .rate = options->f_alpha_divergence_coef - 1.0,
                       .tau = options->tau,
                       .shift = options->shift};
    if (kind == MYR_LOSS_exo_pair && loss->smoothing == 0.0)
        loss->smoothing = 1e-3; /* as TRL: its logarithm is needed */
    status = check_taken(context, options, loss);
    if (fabs(loss->rate) < 1e-6) { /* the limit log t, as TRL takes it */
        loss->rate = -1.0;
        loss->divergence = MYR_DIVERGENCE_reverse_kl;
    }
    return status;
}
