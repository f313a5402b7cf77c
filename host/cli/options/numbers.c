#include "numbers.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuse(cli_refusal *refusal, const char *text, const char *what, const char *expected) {
    /* 80 characters tell which value it was; a longer one is cut. */
    snprintf(refusal->text, sizeof refusal->text, "'%.80s' %s: expected %s", text, what, expected);
    refusal->out_of_memory = false;
    return false;
}

/* ---- whole numbers -------------------------------------------------------------------------------- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The parts of a count: value = digits x 10^power, the digits being those of the text from first to last
 * (a point between them aside), neither of them 0; first is NULL if the value is 0. */
typedef struct decimal {
    bool negative;
    const char *first, *last;
    int64_t digits;
    int64_t power;
} decimal;

/* Beyond this an exponent is as good as infinite: no text holds so many digits. */
#define EXPONENT_LIMIT INT64_C(1000000000)

static const char *scan_exponent(const char *c, int64_t *power) {
    bool negative = *c == '-';
    if (*c == '-' || *c == '+')
        c++;
    if (!is_digit(*c))
        return NULL;
    int64_t exponent = 0;
    for (; is_digit(*c); c++)
        if (exponent < EXPONENT_LIMIT)
            exponent = exponent * 10 + (*c - '0');
    *power += negative ? -exponent : exponent;
    return c;
}

/* Digits with at most one point; counts them from the first to the last that is not 0. */
static const char *scan_mantissa(const char *c, decimal *number) {
    bool any = false, point = false;
    int64_t zeros = 0; /* those after the last digit that is not 0 */
    for (; is_digit(*c) || (*c == '.' && !point); c++) {
        if (*c == '.') {
            point = true;
            continue;
        }
        any = true;
        number->power -= point;
        if (*c == '0') {
            zeros += number->first != NULL;
            continue;
        }
        if (!number->first)
            number->first = c;
        number->last = c;
        number->digits += zeros + 1;
        zeros = 0;
    }
    number->power += zeros;
    return any ? c : NULL;
}

/* Reads a count; returns what is wrong with its form, NULL if nothing is. */
static const char *scan_count(const char *text, decimal *number) {
    const char *c = text;
    *number = (decimal){.negative = *c == '-'};
    if (*c == '-' || *c == '+')
        c++;
    c = scan_mantissa(c, number);
    if (!c)
        return *text ? "is not a number" : "is empty";
    static const char suffixes[] = "kMGT";
    const char *suffix = *c ? strchr(suffixes, *c) : NULL;
    if (suffix) {
        number->power += 3 * (suffix - suffixes + 1);
        c++;
    } else if (*c == 'e' || *c == 'E') {
        c = scan_exponent(c + 1, &number->power);
        if (!c)
            return "has an exponent without digits";
    }
    return *c ? "has something after the number" : NULL;
}

/* value = digits x 10^power, or false if that is above UINT64_MAX. power is not negative. */
static bool evaluate(const decimal *number, uint64_t *value) {
    *value = 0;
    if (!number->first)
        return true;
    if (number->digits + number->power > 20) /* UINT64_MAX has 20 digits */
        return false;
    for (const char *c = number->first; c <= number->last; c++) {
        if (*c == '.')
            continue;
        if (__builtin_mul_overflow(*value, (uint64_t)10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*c - '0'), value))
            return false;
    }
    for (int64_t i = 0; i < number->power; i++)
        if (__builtin_mul_overflow(*value, (uint64_t)10, value))
            return false;
    return true;
}

bool cli_parse_count(const char *text, uint64_t low, uint64_t high, uint64_t *value, cli_refusal *refusal) {
    char expected[128], bound[64];
    snprintf(expected, sizeof expected,
             "a whole number from %" PRIu64 " to %" PRIu64 ", as 1000, 1e3 or 1k", low, high);
    decimal number;
    const char *wrong = scan_count(text, &number);
    if (wrong)
        return refuse(refusal, text, wrong, expected);
    if (number.first && number.negative)
        return refuse(refusal, text, "is negative", expected);
    if (number.first && number.power < 0)
        return refuse(refusal, text, "is not a whole number", expected);
    uint64_t result;
    if (!evaluate(&number, &result) || result > high) {
        snprintf(bound, sizeof bound, "is above %" PRIu64, high);
        return refuse(refusal, text, bound, expected);
    }
    if (result < low) {
        snprintf(bound, sizeof bound, "is below %" PRIu64, low);
        return refuse(refusal, text, bound, expected);
    }
    *value = result;
    return true;
}

/* ---- real numbers --------------------------------------------------------------------------------- */

bool cli_parse_real(const char *text, const cli_interval *interval, double *value, cli_refusal *refusal) {
    const char *expected = interval->expected;
    if (!*text)
        return refuse(refusal, text, "is empty", expected);
    char *end;
    double result = strtod(text, &end);
    if (end == text || strchr(" \t\n\v\f\r", *text))
        return refuse(refusal, text, "is not a number", expected);
    if (*end)
        return refuse(refusal, text, "has something after the number", expected);
    if (!isfinite(result)) /* written so, or too large for a double */
        return refuse(refusal, text, "is not a finite number", expected);
    bool above = interval->open ? result > interval->low : result >= interval->low;
    if (!above || !(result <= interval->high))
        return refuse(refusal, text, "is out of range", expected);
    *value = result;
    return true;
}

/* ---- lists ---------------------------------------------------------------------------------------- */

char **cli_split_list(const char *text, size_t *count) {
    size_t items = 1, length = strlen(text);
    for (const char *c = text; *c; c++)
        items += *c == ',';
    char **list = malloc((items + 1) * sizeof *list + length + 1);
    if (!list)
        return NULL;
    char *item = memcpy((char *)(list + items + 1), text, length + 1);
    for (size_t i = 0; i < items; i++) {
        list[i] = item;
        item += strcspn(item, ",");
        *item++ = '\0';
    }
    list[items] = NULL;
    *count = items;
    return list;
}

/* Puts the item's position in front of what was wrong with it; a list of one needs none. */
static void name_item(cli_refusal *refusal, size_t item, size_t items) {
    if (items < 2)
        return;
    cli_refusal inner = *refusal;
    snprintf(refusal->text, sizeof refusal->text, "item %zu, %.400s", item + 1, inner.text);
}

typedef bool parse_item(const char *text, const void *range, void *values, size_t i, cli_refusal *refusal);

static bool parse_list(const char *text, parse_item *parse, const void *range, size_t size, void **values,
                       size_t *count, cli_refusal *refusal) {
    size_t items = 0;
    char **list = cli_split_list(text, &items);
    void *array = list ? calloc(items, size) : NULL;
    bool good = array != NULL;
    if (!good)
        *refusal = (cli_refusal){.text = "out of memory", .out_of_memory = true};
    for (size_t i = 0; i < items && good; i++) {
        good = parse(list[i], range, array, i, refusal);
        if (!good)
            name_item(refusal, i, items);
    }
    free(list);
    if (!good) {
        free(array);
        return false;
    }
    *values = array;
    *count = items;
    return true;
}

static bool parse_count_item(const char *text, const void *range, void *values, size_t i,
                             cli_refusal *refusal) {
    const uint64_t *bounds = range;
    return cli_parse_count(text, bounds[0], bounds[1], (uint64_t *)values + i, refusal);
}

static bool parse_real_item(const char *text, const void *range, void *values, size_t i,
                            cli_refusal *refusal) {
    return cli_parse_real(text, range, (double *)values + i, refusal);
}

bool cli_parse_counts(const char *text, uint64_t low, uint64_t high, uint64_t **values, size_t *count,
                      cli_refusal *refusal) {
    uint64_t bounds[2] = {low, high};
    void *array;
    if (!parse_list(text, parse_count_item, bounds, sizeof **values, &array, count, refusal))
        return false;
    *values = array;
    return true;
}

bool cli_parse_reals(const char *text, const cli_interval *interval, double **values, size_t *count,
                     cli_refusal *refusal) {
    void *array;
    if (!parse_list(text, parse_real_item, interval, sizeof **values, &array, count, refusal))
        return false;
    *values = array;
    return true;
}
