#include "csv_columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

static const char *out_of_memory(myr_csv_columns *t) {
    t->out_of_memory = true;
    return "out of memory";
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
        return myr_header_take(&t->header_line, bytes, length);
    if (field >= t->header_line.field_count) {
        snprintf(t->wrong, sizeof t->wrong, "a field too many; expected %llu, as in the header",
                 (unsigned long long)t->header_line.field_count);
        return t->wrong;
    }
    const int column = t->header_line.fields[field].column;
    if (column < 0) {
        myr_header_look(&t->header_line, field, bytes, length);
        return NULL;
    }
    const char *wrong = t->field(t->user, column, bytes, length);
    return wrong ? wrong : keep(t, &t->texts[column], bytes, length);
}

/* The caller is asked what of the columns it takes. */
static const char *take_header(myr_csv_columns *t) {
    const char *wrong = myr_header_end(&t->header_line);
    if (wrong)
        return wrong;
    for (int c = 0; c < t->header_line.count; c++)
        t->has[c] = myr_header_find(&t->header_line, c) != NULL;
    wrong = t->header(t->user);
    for (int c = 0; c < t->header_line.count; c++)
        if (!t->has[c] && myr_header_find(&t->header_line, c))
            myr_header_find(&t->header_line, c)->column = -1;
    return wrong;
}

static const char *take_record(void *user, uint64_t record, uint64_t fields) {
    myr_csv_columns *t = user;
    if (record == 0)
        return take_header(t);
    if (fields == t->header_line.field_count)
        return t->record(t->user);
    snprintf(t->wrong, sizeof t->wrong, "a record of %llu field%s; expected %llu, as in the header",
             (unsigned long long)fields, fields == 1 ? "" : "s",
             (unsigned long long)t->header_line.field_count);
    return t->wrong;
}

myr_status myr_csv_read_columns(myr_context *context, const char *path, const char *bytes, size_t size,
                                myr_csv_columns *columns) {
    const myr_csv_reader csv = {take_field, take_record, columns};
    const char *refused = myr_header_check_map(&columns->header_line);
    if (refused)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "columns: %s", refused);
    myr_status status = myr_csv_read(context, path, bytes, size, &csv);
    if (columns->out_of_memory || columns->header_line.out_of_memory)
        status = myr_fail_memory(context, size);
    else if (status == MYR_OK && columns->header_line.field_count == 0)
        status = myr_fail(context, MYR_INVALID_DATA, "%s:1:1: the file is empty; expected a line of names",
                          path);
    if (status == MYR_OK && columns->note)
        myr_header_note(&columns->header_line, path, columns->note, columns->note_size);
    for (int c = 0; c < columns->header_line.count; c++)
        free(columns->texts[c].bytes);
    myr_header_free(&columns->header_line);
    return status;
}
