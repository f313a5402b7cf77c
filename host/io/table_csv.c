/* Tables from .csv files. */
#define _GNU_SOURCE /* strtod_l */

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_field.h"
#include "csv_header.h"
#include "csv_read.h"
#include "ground/failure.h"
#include "table_data.h"
#include "whole_file.h"

typedef struct csv_table {
    const myr_table_column *columns;
    int count;
    myr_table *table;
    myr_csv_header header;
    locale_t locale; /* in which numbers have a point */
    bool out_of_memory;
    char wrong[512];
} csv_table;

static bool make_room(myr_table *table, const csv_table *t) {
    uint64_t room = table->room ? 2 * table->room : 1024;
    for (int column = 0; column < t->count; column++) {
        if (!t->columns[column].expected || !myr_header_find(&t->header, column))
            continue;
        double **values = &table->values[column];
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
    char quoted[MYR_FIELD_SHOWN], *end;
    errno = 0;
    *value = strtod_l(text, &end, t->locale);
    if (length == 0)
        snprintf(t->wrong, sizeof t->wrong, "%s is empty; expected %s", column->name, column->expected);
    else if (end != text + length)
        snprintf(t->wrong, sizeof t->wrong, "%s is %s, which is not a number; expected %s", column->name,
                 myr_field_shown(text, length, quoted), column->expected);
    else if (!(*value >= column->low && *value <= column->high))
        snprintf(t->wrong, sizeof t->wrong, "%s is %s; expected %s", column->name,
                 myr_field_shown(text, length, quoted), column->expected);
    else
        return NULL;
    return t->wrong;
}

static const char *take_field(void *user, uint64_t record, uint64_t field, const char *text,
                              size_t length) {
    csv_table *t = user;
    if (record == 0)
        return myr_header_take(&t->header, text, length);
    if (field >= t->header.field_count) {
        snprintf(t->wrong, sizeof t->wrong, "a field too many; expected %llu, as in the header",
                 (unsigned long long)t->header.field_count);
        return t->wrong;
    }
    const int column = t->header.fields[field].column;
    if (column < 0) {
        myr_header_look(&t->header, field, text, length);
        return NULL;
    }
    if (!t->columns[column].expected)
        return NULL;
    if (t->table->rows == t->table->room && !make_room(t->table, t)) {
        t->out_of_memory = true;
        return "out of memory";
    }
    return take_number(t, &t->columns[column], text, length, &t->table->values[column][t->table->rows]);
}

static const char *check_header(csv_table *t) {
    const char *wrong = myr_header_end(&t->header);
    for (int column = 0; !wrong && column < t->count; column++)
        if (t->columns[column].required && !myr_header_find(&t->header, column)) {
            snprintf(t->wrong, sizeof t->wrong,
                     "no column '%s'; expected it among the names of the first line",
                     t->columns[column].name);
            wrong = t->wrong;
        }
    return wrong;
}

static const char *take_record(void *user, uint64_t record, uint64_t fields) {
    csv_table *t = user;
    if (record == 0)
        return check_header(t);
    if (fields != t->header.field_count) {
        snprintf(t->wrong, sizeof t->wrong, "a record of %llu field%s; expected %llu, as in the header",
                 (unsigned long long)fields, fields == 1 ? "" : "s",
                 (unsigned long long)t->header.field_count);
        return t->wrong;
    }
    t->table->rows++;
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
    if (t->out_of_memory || t->header.out_of_memory)
        return myr_fail_memory(context, size);
    if (status == MYR_OK && t->header.field_count == 0)
        return myr_fail(context, MYR_INVALID_DATA, "%s:1:1: the file is empty; expected a line of names",
                        path);
    if (status == MYR_OK && t->table->rows == 0)
        return myr_fail(context, MYR_INVALID_DATA, "%s:2:1: no rows; expected numbers below the names",
                        path);
    return status;
}

/* A column that need not be there, and is read by another name than its own, changes results unasked. */
static void note_synonyms(const csv_table *t, const char *path, char *note, size_t size) {
    char shown[MYR_FIELD_SHOWN];
    size_t used = strlen(note);
    for (int column = 0; column < t->count && used < size; column++) {
        const myr_header_field *field = myr_header_find(&t->header, column);
        if (!field || !t->columns[column].expected || !myr_header_by_synonym(field))
            continue;
        if (t->columns[column].required)
            continue;
        used += (size_t)snprintf(
            note + used, size - used, "%s%s: column %s is read as %s; --columns %s= leaves it aside",
            used ? "; " : "", path, myr_field_shown(field->name, strlen(field->name), shown),
            t->columns[column].name, t->columns[column].name);
    }
}

myr_status myr_table_read_csv(myr_context *context, const char *path, const myr_table_column *columns,
                              int count, const char *map, myr_table *table) {
    myr_column_name names[MYR_TABLE_COLUMNS];
    for (int column = 0; column < count; column++)
        names[column] = (myr_column_name){columns[column].name, columns[column].synonyms};
    csv_table t = {.columns = columns,
                   .count = count,
                   .table = table,
                   .header = {.columns = names, .count = count, .map = map}};
    const char *refused = myr_header_check_map(&t.header);
    if (refused)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "columns: %s", refused);
    char *bytes;
    size_t size;
    myr_status status = myr_read_whole(context, path, &bytes, &size);
    if (status != MYR_OK)
        return status;
    status = read_bytes(context, path, bytes, size, &t);
    if (status == MYR_OK) {
        myr_header_note(&t.header, path, table->note, sizeof table->note);
        note_synonyms(&t, path, table->note, sizeof table->note);
    }
    myr_header_free(&t.header);
    free(bytes);
    return status;
}
