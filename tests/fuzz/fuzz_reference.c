/* A file of a reference policy, of whatever bytes, for three items of no prompt: it is refused in one line,
 * or gives each a finite log-probability. */
#include <math.h>
#include <string.h>

#include "fuzz_file.h"
#include "myriad/myriad.h"

enum { ITEMS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint32_t first[ITEMS] = {0, 1, 2}, second[ITEMS] = {1, 2, 0};
    const char *path = fuzz_write_file(".csv", data, size);
    double logs[ITEMS] = {NAN, NAN, NAN};
    myr_context *context;
    myr_outcomes *outcomes = NULL;
    fuzz_expect(myr_context_create(&context) == MYR_OK);
    fuzz_expect(myr_outcomes_create_comparisons(context, ITEMS, ITEMS, first, second, NULL, NULL,
                                                &outcomes) == MYR_OK);
    myr_status status = myr_outcomes_load_reference(context, path, outcomes, logs);
    if (status == MYR_OK) {
        for (int i = 0; i < ITEMS; i++)
            fuzz_expect(isfinite(logs[i]));
    } else {
        const char *error = myr_context_error(context);
        fuzz_expect(status == MYR_INVALID_DATA && strchr(error, '\n') == NULL);
        fuzz_expect(strncmp(error, path, strlen(path)) == 0);
    }
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
    return 0;
}
