/* Results on stdout: tables as text or CSV, one object as JSON. */
#ifndef MYRIAD_CLI_OUTPUT_H
#define MYRIAD_CLI_OUTPUT_H

#include <argp.h>
#include <jansson.h>
#include <stdint.h>

typedef enum cli_format { CLI_TEXT, CLI_JSON, CLI_CSV } cli_format;

/* The option --format; its input is a cli_format. */
extern const struct argp cli_output_argp;

/* A table that is printed as it grows: text in columns of at least the given width, or CSV by RFC 4180,
 * whose widths do not matter. Cells come from left to right; the last one of a row ends the line. */
typedef struct cli_column {
    const char *title;
    int width; /* negative: to the left */
} cli_column;

typedef struct cli_table {
    cli_format format; /* CLI_TEXT or CLI_CSV */
    const cli_column *columns;
    int count;
    int at; /* the next cell's column */
} cli_table;

/* Prints the titles. */
void cli_table_begin(cli_table *table, cli_format format, const cli_column *columns, int count);
void cli_put_text(cli_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_put_cell(cli_table *table, const char *text); /* of any length */
/* A number: six digits in text ("-" if it is not finite), all digits in CSV (empty if not finite). */
void cli_put_number(cli_table *table, double value);

/* The same with an error: in text the digits go to the error's second one, so that the two can be read together; six
 * at least. An error that is none, or 0, asks for six. */
void cli_put_measured(cli_table *table, double value, double error);
/* A number to hold against a measured one: with digits to its error where it is near, else six. */
void cli_put_beside(cli_table *table, double value, double measured, double error);
/* For printf: such a value's significant digits (%.*g), from least to 17, and its decimals (%.*f), from least to 17. */
int cli_digits(double value, double error, int least);
int cli_decimals(double error, int least);

/* JSON values. They never return NULL: a lack of memory ends the tool. */
json_t *cli_json_object(void);
json_t *cli_json_array(void);
/* Sets a key, or appends; value, just made, is taken over. */
void cli_json_set(json_t *object, const char *key, json_t *value);
void cli_json_append(json_t *array, json_t *value);
/* null if it is not finite */
json_t *cli_json_number(double value);
/* An array, also of one. */
json_t *cli_json_numbers(const double *values, int count);

/* Prints the object, with all digits, and frees it. A failure shows in ferror(stdout). */
void cli_print_json(json_t *object);

#endif
