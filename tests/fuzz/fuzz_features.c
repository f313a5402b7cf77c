/* Features of comparisons (.npy), of whatever bytes: they are refused in one line that names the file, or
 * are finite, of a row for each comparison, and can be fitted with a ridge. */
#include <math.h>
#include <string.h>

#include "fuzz_file.h"
#include "myriad/myriad.h"

/* A win, a defeat, a tie, and one that does not count: rows that are kept, turned, doubled, left out. */
static const char comparisons[] = "first,second,score,weight\na,b,1,1\nb,c,0,2\nc,a,0.5,1\n";
enum { WINS = 4 };

static void check_line(const myr_context *context, const char *path) {
    const char *error = myr_context_error(context);
    fuzz_expect(strncmp(error, path, strlen(path)) == 0 && strchr(error, '\n') == NULL);
}

static void fit(myr_context *context, const myr_features *features) {
    const float *delta = features->delta.data;
    const uint64_t parameters = features->parameters;
    fuzz_expect(features->count == WINS && parameters >= 1);
    float most = 0.0f;
    for (uint64_t n = 0; n < WINS * parameters; n++) {
        fuzz_expect(isfinite(delta[n]));
        most = fmaxf(most, fabsf(delta[n]));
    }
    if (parameters > 64 || most > 1e3f) /* a fit of many is slow, and of huge ones need not converge */
        return;
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_compute_options compute = MYR_COMPUTE_OPTIONS_INIT;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    myr_estimate *estimates = malloc(parameters * sizeof *estimates);
    fuzz_expect(estimates != NULL);
    options.max_iterations = 30;
    options.ridge = 1.0;
    compute.backend = "cpu";
    compute.threads = 1;
    fuzz_expect(myr_fit_linear(context, features, &options, &compute, estimates, &report) == MYR_OK);
    for (uint64_t p = 0; p < parameters; p++)
        fuzz_expect(isfinite(estimates[p].estimate) && estimates[p].standard_error >= 0.0);
    free(estimates);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    myr_context *context;
    myr_outcomes *outcomes = NULL;
    myr_features features = MYR_FEATURES_INIT;
    myr_outcomes_options options = MYR_OUTCOMES_OPTIONS_INIT;
    fuzz_expect(myr_context_create(&context) == MYR_OK);
    const char *path = fuzz_write_file(".csv", (const uint8_t *)comparisons, sizeof comparisons - 1);
    fuzz_expect(myr_outcomes_load(context, path, &options, &outcomes) == MYR_OK);
    path = fuzz_write_file(".npy", data, size);
    myr_status status = myr_outcomes_features(context, outcomes, path, NULL, &features);
    if (status == MYR_OK) {
        fit(context, &features);
    } else {
        fuzz_expect(status == MYR_INVALID_DATA);
        check_line(context, path);
    }
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
    return 0;
}
