/* Numbers as people type them on the command line: what is read, to the last unit, and what is refused. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../host/cli/options/numbers.h"

#define POISON UINT64_C(0xdeadbeefdeadbeef)

static const cli_interval anything = {-INFINITY, INFINITY, false, "a finite number"};
static const cli_interval positive = {0.0, 1e30, true, "a finite number above 0"};
static const cli_interval share = {0.0, 1.0, false, "a number from 0 to 1"};

static void reads_count(const char *text, uint64_t expected) {
    cli_refusal refusal = {.text = ""};
    uint64_t value = POISON;
    cr_expect(cli_parse_count(text, 0, UINT64_MAX, &value, &refusal), "'%s': %s", text, refusal.text);
    cr_expect(value == expected, "'%s' read as %" PRIu64 ", not %" PRIu64, text, value, expected);
}

/* The refusal quotes what was typed, says why, and what was expected; the value stays as it was. */
static void refuses_count(const char *text, uint64_t low, uint64_t high, const char *why) {
    cli_refusal refusal = {.text = ""};
    uint64_t value = POISON;
    cr_expect(!cli_parse_count(text, low, high, &value, &refusal), "'%s' read as %" PRIu64, text, value);
    cr_expect(value == POISON, "'%s' changed the value", text);
    char wanted[256], range[128];
    snprintf(wanted, sizeof wanted, "'%.80s' %s: expected a whole number", text, why);
    snprintf(range, sizeof range, "from %" PRIu64 " to %" PRIu64 ",", low, high);
    cr_expect(strstr(refusal.text, wanted) == refusal.text, "'%s': %s", text, refusal.text);
    cr_expect(strstr(refusal.text, range) != NULL, "'%s': %s", text, refusal.text);
}

Test(numbers, counts_are_exact) {
    reads_count("0", 0);
    reads_count("1", 1);
    reads_count("+7", 7);
    reads_count("0007", 7);
    reads_count("1000", 1000);
    reads_count("1e6", 1000000);
    reads_count("1E6", 1000000);
    reads_count("1e+6", 1000000);
    reads_count("1e006", 1000000);
    reads_count("10M", 10000000);
    reads_count("2G", UINT64_C(2000000000));
    reads_count("3k", 3000);
    reads_count("4T", UINT64_C(4000000000000));
    reads_count("1.5M", 1500000);
    reads_count(".5k", 500);
    reads_count("5.", 5);
    reads_count("1.25e2", 125);
    reads_count("1000e-3", 1);
    reads_count("12.000", 12);
    reads_count("-0", 0);
    reads_count("0e99", 0);
    reads_count("0.000", 0);
    reads_count("0.000001M", 1);
    /* Past 2^53, where a double would round. */
    reads_count("9007199254740993", UINT64_C(9007199254740993));
    reads_count("9.007199254740993e15", UINT64_C(9007199254740993));
    reads_count("9223372036854775807", UINT64_C(9223372036854775807));
    reads_count("18446744073709551615", UINT64_MAX);
    reads_count("18446744073.709551615G", UINT64_MAX);
    reads_count("1e19", UINT64_C(10000000000000000000));
    reads_count("00000000000000000000000000000000001", 1);
    reads_count("0.00000000000000000000000000001e29", 1);
    reads_count("100000000000000000000000000000e-29", 1);
}

Test(numbers, every_count_comes_back) {
    /* Random counts of every size, written in three ways. The generator is xorshift64. */
    uint64_t x = UINT64_C(88172645463325252);
    for (int i = 0; i < 100000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        uint64_t count = x >> (i % 64), whole = count / 1000000, rest = count % 1000000;
        char text[64];
        snprintf(text, sizeof text, "%" PRIu64, count);
        reads_count(text, count);
        snprintf(text, sizeof text, "%" PRIu64 ".%06" PRIu64 "M", whole, rest);
        reads_count(text, count);
        snprintf(text, sizeof text, "%" PRIu64 "0e-1", count);
        reads_count(text, count);
    }
}

Test(numbers, refuses_what_is_no_count) {
    refuses_count("", 0, 10, "is empty");
    refuses_count("abc", 0, 10, "is not a number");
    refuses_count(".", 0, 10, "is not a number");
    refuses_count("-", 0, 10, "is not a number");
    refuses_count("e5", 0, 10, "is not a number");
    refuses_count(" 5", 0, 10, "is not a number");
    refuses_count("nan", 0, 10, "is not a number");
    refuses_count("inf", 0, 10, "is not a number");
    refuses_count("5 ", 0, 10, "has something after the number");
    refuses_count("12x", 0, 10, "has something after the number");
    refuses_count("1.2.3", 0, 10, "has something after the number");
    refuses_count("0x10", 0, 100, "has something after the number");
    refuses_count("1e6M", 0, 10, "has something after the number");
    refuses_count("1MM", 0, 10, "has something after the number");
    refuses_count("1m", 0, 10, "has something after the number");
    refuses_count("1,000", 0, 10, "has something after the number");
    refuses_count("1e", 0, 10, "has an exponent without digits");
    refuses_count("1e+", 0, 10, "has an exponent without digits");
    refuses_count("1.5", 0, 10, "is not a whole number");
    refuses_count("1e-1", 0, 10, "is not a whole number");
    refuses_count("1.0005k", 0, 10000, "is not a whole number");
    refuses_count("1e-99999999999999999999", 0, 10, "is not a whole number");
}

Test(numbers, refuses_counts_out_of_range) {
    refuses_count("-1", 0, 10, "is negative");
    refuses_count("-1e30", 0, 10, "is negative");
    refuses_count("0", 1, 10, "is below 1");
    refuses_count("-0", 1, 10, "is below 1");
    refuses_count("11", 1, 10, "is above 10");
    refuses_count("1e30", 1, 1000000, "is above 1000000");
    refuses_count("1e99999999999999999999", 1, 10, "is above 10");
    refuses_count("18446744073709551616", 0, UINT64_MAX, "is above 18446744073709551615");
    refuses_count("18446744073709551620", 0, UINT64_MAX, "is above 18446744073709551615");
    refuses_count("2e19", 0, UINT64_MAX, "is above 18446744073709551615");
    refuses_count("99999999T", 0, UINT64_MAX, "is above 18446744073709551615");
    refuses_count("9223372036854775808", 0, INT64_MAX, "is above 9223372036854775807");
}

static void refuses_real(const char *text, const cli_interval *interval, const char *why) {
    cli_refusal refusal = {.text = ""};
    double value = -77.0;
    cr_expect(!cli_parse_real(text, interval, &value, &refusal), "'%s' read as %g", text, value);
    cr_expect(value == -77.0, "'%s' changed the value", text);
    char wanted[256];
    snprintf(wanted, sizeof wanted, "'%s' %s: expected %s", text, why, interval->expected);
    cr_expect_str_eq(refusal.text, wanted);
}

static void reads_real(const char *text, const cli_interval *interval, double expected) {
    cli_refusal refusal = {.text = ""};
    double value = NAN;
    cr_expect(cli_parse_real(text, interval, &value, &refusal), "'%s': %s", text, refusal.text);
    cr_expect(value == expected, "'%s' read as %.17g", text, value);
}

Test(numbers, reals_are_finite_and_in_range) {
    reads_real("0.01", &positive, 0.01);
    reads_real("-2.5e-3", &anything, -2.5e-3);
    reads_real("1e30", &positive, 1e30);
    reads_real("0", &share, 0.0);
    reads_real("1", &share, 1.0);
    reads_real("5e-324", &positive, 5e-324);
    refuses_real("", &anything, "is empty");
    refuses_real("x", &anything, "is not a number");
    refuses_real(" 1", &anything, "is not a number");
    refuses_real("1 ", &anything, "has something after the number");
    refuses_real("1k", &anything, "has something after the number");
    refuses_real("nan", &anything, "is not a finite number");
    refuses_real("-nan", &anything, "is not a finite number");
    refuses_real("inf", &anything, "is not a finite number");
    refuses_real("-infinity", &anything, "is not a finite number");
    refuses_real("1e999", &anything, "is not a finite number");
    refuses_real("0", &positive, "is out of range");
    refuses_real("1e-999", &positive, "is out of range"); /* 0 as a double */
    refuses_real("-0.01", &positive, "is out of range");
    refuses_real("1.0000001e30", &positive, "is out of range");
    refuses_real("1.5", &share, "is out of range");
    refuses_real("-0.1", &share, "is out of range");
}

Test(numbers, lists_are_of_any_length) {
    cli_refusal refusal = {.text = ""};
    enum { ITEMS = 20000 };
    char *text = malloc(ITEMS * 8);
    size_t used = 0, count = 0;
    for (int i = 0; i < ITEMS; i++)
        used += (size_t)sprintf(text + used, "%s%d", i ? "," : "", i);
    uint64_t *counts = NULL;
    cr_assert(cli_parse_counts(text, 0, ITEMS, &counts, &count, &refusal), "%s", refusal.text);
    cr_assert(count == ITEMS);
    for (uint64_t i = 0; i < ITEMS; i++)
        cr_assert(counts[i] == i);
    free(counts);
    free(text);
    double *reals = NULL;
    cr_assert(cli_parse_reals("-1.5,2e3,0", &anything, &reals, &count, &refusal), "%s", refusal.text);
    cr_assert(count == 3 && reals[0] == -1.5 && reals[1] == 2000.0 && reals[2] == 0.0);
    free(reals);
    cr_assert(cli_parse_reals("7", &anything, &reals, &count, &refusal), "%s", refusal.text);
    cr_assert(count == 1 && reals[0] == 7.0);
    free(reals);
}

static void refuses_list(const char *text, const char *beginning) {
    cli_refusal refusal = {.text = ""};
    uint64_t poison = POISON, *counts = &poison;
    size_t count = 77;
    cr_expect(!cli_parse_counts(text, 1, 1000, &counts, &count, &refusal), "'%s' was read", text);
    cr_expect(counts == &poison && count == 77, "'%s' changed the list", text);
    cr_expect(strstr(refusal.text, beginning) == refusal.text, "'%s': %s", text, refusal.text);
}

Test(numbers, refused_lists_name_the_item) {
    refuses_list("", "'' is empty");
    refuses_list("x", "'x' is not a number");
    refuses_list(",", "item 1, '' is empty");
    refuses_list("1,,2", "item 2, '' is empty");
    refuses_list("1,2,", "item 3, '' is empty");
    refuses_list("1,2,0,4", "item 3, '0' is below 1");
    refuses_list("1, 2", "item 2, ' 2' is not a number");
    refuses_list("1,2e3", "item 2, '2e3' is above 1000");
}

Test(numbers, long_text_is_cut_in_the_refusal) {
    char text[100000];
    memset(text, '9', sizeof text);
    text[sizeof text - 1] = '\0';
    cli_refusal refusal = {.text = ""};
    uint64_t value;
    cr_assert(!cli_parse_count(text, 0, 10, &value, &refusal));
    cr_assert(strlen(refusal.text) < 250 && strstr(refusal.text, "is above 10"), "%s", refusal.text);
}

Test(numbers, splits_names) {
    size_t count = 0;
    char **names = cli_split_list("ddim,,ddpm-exact", &count);
    cr_assert(names && count == 3 && !names[3]);
    cr_expect_str_eq(names[0], "ddim");
    cr_expect_str_eq(names[1], "");
    cr_expect_str_eq(names[2], "ddpm-exact");
    free(names);
}
