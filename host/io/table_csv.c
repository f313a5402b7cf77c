/* Tables from .csv files. */
#define _GNU_SOURCE /* strtod_l */

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_read.h"
#include "failure.h"
#include "table_data.h"
#include "whole_file.h"

typedef struct csv_table {
    const myr_table_column *columns;
    int count;
    myr_table *table;
    uint64_t fields; /* of the header … */
    int *wanted;     /* … [fields]: which column each is, or -1 */
    uint64_t room;   /* of wanted */
    locale_t locale; /* in which numbers have a point */
    bool out_of_memory;
    char wrong[512];
} csv_table;

/* A piece of the file for a message: at most 40 bytes, none of them a control character. */
static const char *shown(const char *text, size_t length, char quoted[64]) {
    size_t n = 0;
    quoted[n++] = '\'';
    for (size_t i = 0; i < length && i < 40; i++)
        quoted[n++] = (char)((unsigned char)text[i] < ' ' || text[i] == 127 ? '?' : text[i]);
    snprintf(quoted + n, 64 - n, "%s'", length > 40 ? "..." : "");
    return quoted;
}

static const char *take_name(csv_table *t, uint64_t field, const char *text, size_t length) {
    if (field == t->room) {
        uint64_t room = t->room ? 2 * t->room : 64;
        int *larger = realloc(t->wanted, room * sizeof *larger);
        if (!larger) {
            t->out_of_memory = true;
            return "out of memory";
        }
        t->wanted = larger;
        t->room = room;
    }
    t->wanted[field] = -1;
    for (int column = 0; column < t->count; column++)
        if (strlen(t->columns[column].name) == length && memcmp(t->columns[column].name, text, length) == 0)
            t->wanted[field] = column;
    for (uint64_t before = 0; before < field && t->wanted[field] >= 0; before++)
        if (t->wanted[before] == t->wanted[field]) {
            snprintf(t->wrong, sizeof t->wrong, "a second column '%s'; expected one", text);
            return t->wrong;
        }
    t->fields = field + 1;
    return NULL;
}

static bool make_room(myr_table *table, const csv_table *t) {
    uint64_t room = table->room ? 2 * table->room : 1024;
    for (uint64_t field = 0; field < t->fields; field++) {
        if (t->wanted[field] < 0)
            continue;
        double **values = &table->values[t->wanted[field]];
        double *larger = realloc(*values, room * sizeof *larger);
        if (!larger)
            return false;
        *values = larger;
    }
    table->room = room;
    return true;
}

static const char *take_number(csv_table *t, const myr_table_column *column, const char *text,
                               size_t length, double *value) {
    char quoted[64], *end;
    errno = 0;
    *value = strtod_l(text, &end, t->locale);
    if (length == 0)
        snprintf(t->wrong, sizeof t->wrong, "%s is empty; expected %s", column->name, column->expected);
    else if (end != text + length)
        snprintf(t->wrong, sizeof t->wrong, "%s is %s, which is not a number; expected %s", column->name,
                 shown(text, length, quoted), column->expected);
    else if (!(*value >= column->low && *value <= column->high))
        snprintf(t->wrong, sizeof t->wrong, "%s is %s; expected %s", column->name,
                 shown(text, length, quoted), column->expected);
    else
        return NULL;
    return t->wrong;
}

static const char *take_field(void *user, uint64_t record, uint64_t field, const char *text,
                              size_t length) {
    csv_table *t = user;
    if (record == 0)
        return take_name(t, field, text, length);
    if (field >= t->fields) {
        snprintf(t->wrong, sizeof t->wrong, "a field too many; expected %llu, as in the header",
                 (unsigned long long)t->fields);
        return t->wrong;
    }
    if (t->wanted[field] < 0)
        return NULL;
    if (t->table->rows == t->table->room && !make_room(t->table, t)) {
        t->out_of_memory = true;
        return "out of memory";
    }
    const myr_table_column *column = &t->columns[t->wanted[field]];
    return take_number(t, column, text, length, &t->table->values[t->wanted[field]][t->table->rows]);
}

static bool has_column(const csv_table *t, int column) {
    for (uint64_t field = 0; field < t->fields; field++)
        if (t->wanted[field] == column)
            return true;
    return false;
}

static const char *take_record(void *user, uint64_t record, uint64_t fields) {
    csv_table *t = user;
    if (record > 0 && fields != t->fields) {
        snprintf(t->wrong, sizeof t->wrong, "a record of %llu field%s; expected %llu, as in the header",
                 (unsigned long long)fields, fields == 1 ? "" : "s", (unsigned long long)t->fields);
        return t->wrong;
    }
    t->table->rows += record > 0;
    for (int column = 0; record == 0 && column < t->count; column++)
        if (t->columns[column].required && !has_column(t, column)) {
            snprintf(t->wrong, sizeof t->wrong,
                     "no column '%s'; expected it among the names of the first line",
                     t->columns[column].name);
            return t->wrong;
        }
    return NULL;
}

static myr_status read_bytes(myr_context *context, const char *path, const char *bytes, size_t size,
                             csv_table *t) {
    const myr_csv_reader reader = {take_field, take_record, t};
    t->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!t->locale)
        return myr_fail_memory(context, 1);
    myr_status status = myr_csv_read(context, path, bytes, size, &reader);
    freelocale(t->locale);
    if (t->out_of_memory)
        return myr_fail_memory(context, size);
    if (status == MYR_OK && t->fields == 0)
        return myr_fail(context, MYR_INVALID_DATA, "%s:1:1: the file is empty; expected a line of names",
                        path);
    if (status == MYR_OK && t->table->rows == 0)
        return myr_fail(context, MYR_INVALID_DATA, "%s:2:1: no rows; expected numbers below the names",
                        path);
    return status;
}

myr_status myr_table_read_csv(myr_context *context, const char *path, const myr_table_column *columns,
                              int count, myr_table *table) {
    csv_table t = {.columns = columns, .count = count, .table = table};
    char *bytes;
    size_t size;
    myr_status status = myr_read_whole(context, path, &bytes, &size);
    if (status != MYR_OK)
        return status;
    status = read_bytes(context, path, bytes, size, &t);
    free(t.wanted);
    free(bytes);
    return status;
}
