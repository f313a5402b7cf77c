#include "fit_objective.h"

#include <stdio.h>
#include <string.h>

#include "backends/backend.h"
#include "ground/failure.h"

/* In the order in which they are listed. */
static const myr_objective objectives[] = {
    {"bt", "Bradley-Terry: the odds of a comparison are exp(x_i - x_j)", true, false},
    {"pl", "Plackett-Luce: rankings are made from the best on; of two items Bradley-Terry", false, false},
    {"dpo", "direct preference optimisation: Bradley-Terry with x = beta log(pi / pi_ref)", true, true},
};
enum { OBJECTIVES = sizeof objectives / sizeof *objectives };

const char *myr_objective_name(int index) {
    return index >= 0 && index < OBJECTIVES ? objectives[index].name : NULL;
}

const char *myr_objective_help(int index) {
    return index >= 0 && index < OBJECTIVES ? objectives[index].help : NULL;
}

static myr_status find(myr_context *context, const char *name, const myr_objective **objective) {
    char names[64] = "";
    size_t used = 0;
    for (int n = 0; n < OBJECTIVES; n++) {
        if (strcmp(objectives[n].name, name) == 0) {
            *objective = &objectives[n];
            return MYR_OK;
        }
        used +=
            (size_t)snprintf(names + used, sizeof names - used, "%s%s", n ? ", " : "", objectives[n].name);
    }
    return myr_fail(context, MYR_INVALID_ARGUMENT, "objective: '%.32s' is not known (expected one of %s)",
                    name, names);
}

static myr_status check_range(myr_context *context, const char *name, double value, double low, double high,
                              const char *expected) {
    if (value >= low && value <= high)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT, "%s: %g is out of range (expected %s)", name, value,
                    expected);
}

bool myr_fit_takes_sandwich(const myr_fit_options *options) {
    return !options->errors || strcmp(options->errors, "sandwich") == 0;
}

static myr_status check_errors(myr_context *context, const myr_fit_options *options) {
    if (myr_fit_takes_sandwich(options) || strcmp(options->errors, "information") == 0)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT,
                    "errors: '%.32s' are not known (expected sandwich or information)", options->errors);
}

myr_status myr_fit_check_options(myr_context *context, const myr_fit_options *options,
                                 myr_outcome_kind kind, const myr_objective **objective) {
    const char *usual = kind == MYR_RANKINGS ? "pl" : "bt";
    myr_status status = find(context, options->objective ? options->objective : usual, objective);
    if (status == MYR_OK)
        status = check_range(context, "beta", options->beta, 1e-6, 1e6, "1e-6 … 1e6");
    if (status == MYR_OK && !(*objective)->takes_reference && options->beta != 1.0)
        status = myr_fail(context, MYR_INVALID_ARGUMENT, "beta: %s has none (expected dpo, or 1)",
                          (*objective)->name);
    if (status == MYR_OK && !(*objective)->takes_reference && options->reference)
        status = myr_fail(context, MYR_INVALID_ARGUMENT, "reference: %s has none (expected dpo)",
                          (*objective)->name);
    if (status == MYR_OK)
        status = check_range(context, "ridge", options->ridge, 0.0, 1e15, "0 … 1e15");
    if (status == MYR_OK)
        status = check_errors(context, options);
    if (status == MYR_OK)
        status = check_range(context, "level", options->level, 1e-6, 1.0 - 1e-6, "1e-6 … 1 - 1e-6");
    if (status == MYR_OK)
        status = check_range(context, "tolerance", options->tolerance, 1e-12, 1.0, "1e-12 … 1");
    if (status == MYR_OK)
        status = check_range(context, "max_iterations", options->max_iterations, 1.0, 1e6, "1 … 1000000");
    if (status == MYR_OK)
        status =
            check_range(context, "bootstrap", options->bootstrap, 0.0, MYR_MAX_BOOTSTRAP, "0 … 100000");
    if (status == MYR_OK)
        status = myr_threads_check(context, options->threads);
    return status;
}
