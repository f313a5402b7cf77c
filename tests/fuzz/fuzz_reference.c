/* A reference policy's file, of whatever bytes: it is refused in one line that names it, or gives each item
 * a log-probability. The first byte chooses whether the items have prompts. */
#include <math.h>
#include <string.h>

#include "fuzz_file.h"
#include "myriad/myriad.h"

static const char plain[] = "winner,loser\na,b\nb,\"c, d\"\n";
static const char prompted[] = "prompt,winner,loser\np,a,b\nq,a,c\n";

static void check_logs(const double *logs, uint32_t items) {
    for (uint32_t i = 0; i < items; i++)
        fuzz_expect(fabs(logs[i]) <= 1e15);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    myr_context *context;
    myr_outcomes *outcomes = NULL;
    myr_outcomes_options options = MYR_OUTCOMES_OPTIONS_INIT;
    double logs[4];
    const bool with_prompts = data[0] % 2;
    const char *text = with_prompts ? prompted : plain;
    fuzz_expect(myr_context_create(&context) == MYR_OK);
    const char *path = fuzz_write_file(".csv", (const uint8_t *)text, strlen(text));
    fuzz_expect(myr_outcomes_load(context, path, &options, &outcomes) == MYR_OK);
    fuzz_expect(myr_outcomes_items(outcomes) == (with_prompts ? 4 : 3));
    path = fuzz_write_file(".csv", data + 1, size - 1);
    myr_status status = myr_outcomes_load_reference(context, path, outcomes, logs);
    if (status == MYR_OK) {
        check_logs(logs, myr_outcomes_items(outcomes));
    } else {
        const char *error = myr_context_error(context);
        fuzz_expect(status == MYR_INVALID_DATA);
        fuzz_expect(strncmp(error, path, strlen(path)) == 0 && strchr(error, '\n') == NULL);
    }
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
    return 0;
}
