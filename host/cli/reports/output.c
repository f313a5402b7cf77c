#include "output.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"
#include "options/arguments.h"

/* ---- --format -------------------------------------------------------------------------------------- */

enum { KEY_FORMAT = 900 };

static const struct argp_option output_options[] = {
    {NULL, 0, NULL, 0, "Output:", 7},
    {"format", KEY_FORMAT, "FORMAT", 0, "text for people (the default), json: one object, csv: a table", 7},
    {0}};

static error_t parse_output(int key, char *argument, struct argp_state *state) {
    static const char *const names[] = {[CLI_TEXT] = "text", [CLI_JSON] = "json", [CLI_CSV] = "csv"};
    if (key != KEY_FORMAT)
        return ARGP_ERR_UNKNOWN;
    int choice = cli_read_choice("--format", argument, names, sizeof names / sizeof *names);
    if (choice < 0)
        return CLI_REPORTED;
    *(cli_format *)state->input = (cli_format)choice;
    return 0;
}

const struct argp cli_output_argp = {.options = output_options, .parser = parse_output};

/* ---- tables ---------------------------------------------------------------------------------------- */

/* Letters of UTF-8 text: all bytes but the continuations. */
static int letters(const char *text) {
    int count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void put_csv(const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

void cli_put_cell(cli_table *table, const char *text) {
    bool last = table->at + 1 == table->count;
    if (table->format == CLI_CSV) {
        put_csv(text);
        fputs(last ? "\r\n" : ",", stdout);
    } else {
        int width = table->columns[table->at].width;
        int fill = abs(width) - letters(text);
        bool left = width < 0;
        /* No blanks at the end of a line. */
        printf("%*s%s%*s", left || fill < 0 ? 0 : fill, "", text, !left || last || fill < 0 ? 0 : fill, "");
        fputs(last ? "\n" : "  ", stdout);
    }
    table->at = last ? 0 : table->at + 1;
}

void cli_table_begin(cli_table *table, cli_format format, const cli_column *columns, int count) {
    *table = (cli_table){format, columns, count, 0};
    for (int i = 0; i < count; i++)
        cli_put_cell(table, columns[i].title);
}

void cli_put_text(cli_table *table, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    cli_put_cell(table, text);
}

void cli_put_number(cli_table *table, double value) {
    if (!isfinite(value))
        cli_put_cell(table, table->format == CLI_CSV ? "" : "-");
    else
        cli_put_text(table, table->format == CLI_CSV ? "%.17g" : "%.6g", value);
}

static int between(double low, double x, double high) {
    return (int)(x < low ? low : x > high ? high : x);
}

int cli_decimals(double error, int least) {
    const bool known = isfinite(error) && error > 0.0;
    return known ? between(least, 1.0 - floor(log10(error)), 17.0) : least;
}

/* 17 digits tell any two doubles apart. */
int cli_digits(double value, double error, int least) {
    const bool known = isfinite(error) && error > 0.0 && isfinite(value) && value != 0.0;
    return known ? between(least, floor(log10(fabs(value))) - floor(log10(error)) + 2.0, 17.0) : least;
}

void cli_put_measured(cli_table *table, double value, double error) {
    if (table->format == CLI_TEXT && isfinite(value))
        cli_put_text(table, "%.*g", cli_digits(value, error, 6), value);
    else
        cli_put_number(table, value);
}

void cli_put_beside(cli_table *table, double value, double measured, double error) {
    const bool near = fabs(value - measured) < 0.5 * fabs(value);
    cli_put_measured(table, value, near ? error : NAN);
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static json_t *made(json_t *value) {
    if (!value)
        cli_out_of_memory();
    return value;
}

json_t *cli_json_object(void) {
    return made(json_object());
}

json_t *cli_json_array(void) {
    return made(json_array());
}

void cli_json_set(json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, made(value)) != 0)
        cli_out_of_memory();
}

void cli_json_append(json_t *array, json_t *value) {
    if (json_array_append_new(array, made(value)) != 0)
        cli_out_of_memory();
}

json_t *cli_json_number(double value) {
    return isfinite(value) ? made(json_real(value)) : json_null();
}

json_t *cli_json_numbers(const double *values, int count) {
    json_t *array = cli_json_array();
    for (int i = 0; i < count; i++)
        cli_json_append(array, cli_json_number(values[i]));
    return array;
}

void cli_print_json(json_t *object) {
    /* Into memory that is there beforehand: jansson's own, where it does not grow, loses keys silently. */
    const size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(17),
                 size = json_dumpb(object, NULL, 0, flags);
    char *text = malloc(size + 1);
    if (!text || size == 0 || json_dumpb(object, text, size, flags) != size)
        cli_out_of_memory();
    text[size] = '\0';
    /* Over stdio, so that a full disk or a closed pipe shows in ferror like everything else. */
    puts(text);
    free(text);
    json_decref(object);
}
