/* Numbers and lists as people type them: whatever the bytes, a parser either refuses with a line of text or
 * gives a number that is in range and that, printed, reads as itself. The first byte chooses the parser. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/cli/options/numbers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds) {
    if (!holds)
        abort();
}

/* A refusal is one line, and not empty. */
static void expect_refusal(const cli_refusal *refusal) {
    size_t length = strnlen(refusal->text, sizeof refusal->text);
    expect(length > 0 && length < sizeof refusal->text);
}

static const uint64_t low = 3, high = UINT64_C(9000000000000000000);
static const cli_interval interval = {.low = -1e300, .high = 1e300, .expected = "a finite number"};

static void try_count(const char *text) {
    cli_refusal refusal;
    uint64_t value, again;
    if (!cli_parse_count(text, low, high, &value, &refusal)) {
        expect_refusal(&refusal);
        return;
    }
    expect(value >= low && value <= high);
    char printed[32];
    snprintf(printed, sizeof printed, "%" PRIu64, value);
    expect(cli_parse_count(printed, low, high, &again, &refusal) && again == value);
}

static void try_real(const char *text) {
    cli_refusal refusal;
    double value, again;
    if (!cli_parse_real(text, &interval, &value, &refusal)) {
        expect_refusal(&refusal);
        return;
    }
    expect(isfinite(value) && fabs(value) <= 1e300);
    char printed[64];
    snprintf(printed, sizeof printed, "%.17g", value);
    expect(cli_parse_real(printed, &interval, &again, &refusal) && again == value);
}

static size_t commas(const char *text) {
    size_t count = 0;
    for (; *text; text++)
        count += *text == ',';
    return count;
}

static void try_lists(const char *text) {
    cli_refusal refusal;
    uint64_t *counts;
    double *reals;
    size_t items;
    if (cli_parse_counts(text, low, high, &counts, &items, &refusal)) {
        expect(items == commas(text) + 1);
        free(counts);
    } else {
        expect_refusal(&refusal);
    }
    if (cli_parse_reals(text, &interval, &reals, &items, &refusal)) {
        expect(items == commas(text) + 1);
        free(reals);
    } else {
        expect_refusal(&refusal);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    char *text = malloc(size);
    expect(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] % 3) {
        case 0:
            try_count(text);
            break;
        case 1:
            try_real(text);
            break;
        default:
            try_lists(text);
    }
    free(text);
    return 0;
}
