#include "csv_columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "fits/outcomes.h"

int myr_csv_column(const char *const *names, int count, const char *name, size_t length) {
    for (int c = 0; c < count; c++)
        if (strlen(names[c]) == length && memcmp(names[c], name, length) == 0)
            return c;
    return -1;
}

static const char *out_of_memory(myr_csv_columns *t) {
    t->out_of_memory = true;
    return "out of memory";
}

static const char *take_name(myr_csv_columns *t, uint64_t field, const char *name, size_t length) {
    int *roles = myr_grown(t->roles, field, &t->room, sizeof *roles);
    if (!roles)
        return out_of_memory(t);
    t->roles = roles;
    roles[field] = myr_csv_column(t->names, t->count, name, length);
    t->fields = field + 1;
    if (roles[field] < 0)
        return NULL;
    if (t->has[roles[field]]) {
        snprintf(t->wrong, sizeof t->wrong, "a second column '%s'; expected one", name);
        return t->wrong;
    }
    t->has[roles[field]] = true;
    return NULL;
}

static const char *keep(myr_csv_columns *t, myr_csv_text *text, const char *bytes, size_t length) {
    if (length + 1 > text->room) {
        const size_t room = 2 * length + 64;
        char *larger = realloc(text->bytes, room);
        if (!larger)
            return out_of_memory(t);
        text->bytes = larger;
        text->room = room;
    }
    memcpy(text->bytes, bytes, length);
    text->bytes[length] = '\0';
    text->length = length;
    return NULL;
}

static const char *take_field(void *user, uint64_t record, uint64_t field, const char *bytes,
                              size_t length) {
    myr_csv_columns *t = user;
    if (record == 0)
        return take_name(t, field, bytes, length);
    if (field >= t->fields) {
        snprintf(t->wrong, sizeof t->wrong, "a field too many; expected %llu, as in the header",
                 (unsigned long long)t->fields);
        return t->wrong;
    }
    const int column = t->roles[field];
    if (column < 0 || !t->has[column])
        return NULL;
    const char *wrong = t->field(t->user, column, bytes, length);
    return wrong ? wrong : keep(t, &t->texts[column], bytes, length);
}

static const char *take_record(void *user, uint64_t record, uint64_t fields) {
    myr_csv_columns *t = user;
    if (record == 0)
        return t->header(t->user);
    if (fields == t->fields)
        return t->record(t->user);
    snprintf(t->wrong, sizeof t->wrong, "a record of %llu field%s; expected %llu, as in the header",
             (unsigned long long)fields, fields == 1 ? "" : "s", (unsigned long long)t->fields);
    return t->wrong;
}

myr_status myr_csv_read_columns(myr_context *context, const char *path, const char *bytes, size_t size,
                                myr_csv_columns *columns) {
    const myr_csv_reader csv = {take_field, take_record, columns};
    myr_status status = myr_csv_read(context, path, bytes, size, &csv);
    if (columns->out_of_memory)
        status = myr_fail_memory(context, size);
    else if (status == MYR_OK && columns->fields == 0)
        status = myr_fail(context, MYR_INVALID_DATA, "%s:1:1: the file is empty; expected a line of names",
                          path);
    for (int c = 0; c < columns->count; c++)
        free(columns->texts[c].bytes);
    free(columns->roles);
    columns->roles = NULL;
    return status;
}
