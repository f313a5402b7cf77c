/* A file of comparisons or rankings, of whatever bytes: it is refused in one line, or gives outcomes that
 * can be fitted with a ridge. */
#include <math.h>
#include <string.h>

#include "fuzz_file.h"
#include "myriad/myriad.h"

static void check_line(const myr_context *context) {
    const char *error = myr_context_error(context);
    fuzz_expect(error[0] != '\0' && strchr(error, '\n') == NULL);
}

static void fit(myr_context *context, const myr_outcomes *outcomes) {
    const uint32_t items = myr_outcomes_items(outcomes);
    fuzz_expect(items >= 2 && myr_outcomes_weight(outcomes) > 0.0);
    for (uint32_t i = 0; i < items; i++)
        fuzz_expect(myr_outcomes_name(outcomes, i)[0] != '\0' && myr_outcomes_prompt(outcomes, i) != NULL);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    myr_estimate *estimates = malloc(items * sizeof *estimates);
    fuzz_expect(estimates != NULL);
    options.max_iterations = 30;
    options.threads = 1;
    myr_status status = myr_fit(context, outcomes, &options, estimates, &report);
    if (status != MYR_OK)
        check_line(context);
    fuzz_expect(status == MYR_OK || status == MYR_INVALID_DATA);
    options.ridge = 1.0;
    fuzz_expect(myr_fit(context, outcomes, &options, estimates, &report) == MYR_OK);
    for (uint32_t i = 0; i < items; i++)
        fuzz_expect(isfinite(estimates[i].estimate) && estimates[i].standard_error >= 0.0);
    free(estimates);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = fuzz_write_file(".csv", data, size);
    myr_context *context;
    fuzz_expect(myr_context_create(&context) == MYR_OK);
    myr_outcomes_options options = MYR_OUTCOMES_OPTIONS_INIT;
    myr_outcomes *outcomes = NULL;
    myr_status status = myr_outcomes_load(context, path, &options, &outcomes);
    if (status == MYR_OK) {
        fit(context, outcomes);
    } else {
        fuzz_expect(status == MYR_INVALID_DATA && outcomes == NULL);
        check_line(context);
        fuzz_expect(strncmp(myr_context_error(context), path, strlen(path)) == 0);
    }
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
    return 0;
}
