#include "csv_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_field.h"
#include "ground/grown.h"

/* How well a name fits a column. */
enum { GIVEN, LITERAL, ALIKE, SYNONYM, UNLIKE };

/* ---- names ----------------------------------------------------------------------------------------- */

/* The next byte that counts, in lower case, or 0 at the end. Of other than ASCII all bytes count. */
static int next_letter(const char *text, size_t length, size_t *at) {
    while (*at < length) {
        const unsigned char c = (unsigned char)text[(*at)++];
        if (c >= 'A' && c <= 'Z')
            return c - 'A' + 'a';
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 128)
            return c;
    }
    return 0;
}

bool myr_names_alike(const char *a, size_t length, const char *b, size_t other) {
    size_t i = 0, j = 0;
    bool some = false;
    for (;;) {
        const int x = next_letter(a, length, &i), y = next_letter(b, other, &j);
        if (x != y || x == 0)
            return x == y && some;
        some = true;
    }
}

static bool is_synonym(const char *synonyms, const char *name, size_t length) {
    for (const char *word = synonyms; word && *word;) {
        const size_t size = strcspn(word, " ");
        if (myr_names_alike(word, size, name, length))
            return true;
        word += size + (word[size] == ' ');
    }
    return false;
}

bool myr_is_column(const myr_column_name *column, const char *name, size_t length) {
    return myr_names_alike(column->name, strlen(column->name), name, length) ||
           is_synonym(column->synonyms, name, length);
}

/* ---- the caller's map ------------------------------------------------------------------------------ */

/* An item "column=name" of the map, both cut out of it. */
typedef struct map_item {
    const char *column, *name;
    size_t column_length, name_length;
} map_item;

/* Takes the item at *at, which moves on to the next one; false at the end. Without '=' the name is NULL. */
static bool next_item(const char **at, map_item *item) {
    if (!*at || !**at)
        return false;
    const size_t size = strcspn(*at, ",");
    const char *equals = memchr(*at, '=', size);
    *item = (map_item){.column = *at, .column_length = equals ? (size_t)(equals - *at) : size};
    if (equals) {
        item->name = equals + 1;
        item->name_length = size - item->column_length - 1;
    }
    *at += size + ((*at)[size] == ',');
    return true;
}

static bool item_is_of(const map_item *item, const myr_column_name *column) {
    return strlen(column->name) == item->column_length &&
           memcmp(column->name, item->column, item->column_length) == 0;
}

/* The item of a column; false if there is none. */
static bool find_item(const myr_csv_header *h, int column, map_item *item) {
    const char *at = h->map;
    while (next_item(&at, item))
        if (item_is_of(item, &h->columns[column]))
            return true;
    return false;
}

static void list_columns(const myr_csv_header *h, char *text, size_t size) {
    size_t used = 0;
    for (int c = 0; c < h->count && used < size; c++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 c == 0              ? ""
                                 : c + 1 == h->count ? " or "
                                                     : ", ",
                                 h->columns[c].name);
}

/* Whether an item before this one takes the same column of the file. */
static bool taken_before(const myr_csv_header *h, const map_item *item, map_item *before) {
    const char *at = h->map;
    while (next_item(&at, before) && before->column != item->column)
        if (before->name && before->name_length > 0 && before->name_length == item->name_length &&
            memcmp(before->name, item->name, item->name_length) == 0)
            return true;
    return false;
}

static const char *refuse_taken(myr_csv_header *h, const map_item *item, const map_item *before) {
    char shown[MYR_FIELD_SHOWN];
    snprintf(h->wrong, sizeof h->wrong,
             "%s is taken twice, for %.*s and for %.*s (expected a column of its own for each)",
             myr_field_shown(item->name, item->name_length, shown), (int)before->column_length,
             before->column, (int)item->column_length, item->column);
    return h->wrong;
}

const char *myr_header_check_map(myr_csv_header *header) {
    myr_csv_header *h = header;
    bool seen[MYR_HEADER_COLUMNS] = {false};
    char shown[MYR_FIELD_SHOWN], names[384];
    const char *at = h->map;
    map_item before;
    for (map_item item; next_item(&at, &item);) {
        int c = 0;
        while (c < h->count && !item_is_of(&item, &h->columns[c]))
            c++;
        if (c < h->count && item.name && !seen[c]) {
            seen[c] = true;
            if (taken_before(h, &item, &before))
                return refuse_taken(h, &item, &before);
            continue;
        }
        list_columns(h, names, sizeof names);
        snprintf(h->wrong, sizeof h->wrong, "%s %s (expected %s=NAME, of %s)",
                 myr_field_shown(item.column, item.column_length, shown),
                 c == h->count ? "is not known"
                 : !item.name  ? "lacks its name"
                               : "is given twice",
                 c < h->count ? h->columns[c].name : h->columns[0].name, names);
        return h->wrong;
    }
    return NULL;
}

/* ---- the first line -------------------------------------------------------------------------------- */

static int match_of(const myr_csv_header *h, int column, const char *text, size_t length) {
    const myr_column_name *c = &h->columns[column];
    map_item item;
    if (find_item(h, column, &item))
        return length > 0 && item.name_length == length && memcmp(item.name, text, length) == 0 ? GIVEN
                                                                                                : UNLIKE;
    if (strlen(c->name) == length && memcmp(c->name, text, length) == 0)
        return LITERAL;
    if (myr_names_alike(c->name, strlen(c->name), text, length))
        return ALIKE;
    return is_synonym(c->synonyms, text, length) ? SYNONYM : UNLIKE;
}

/* The column that the name fits best. */
static void choose(const myr_csv_header *h, const char *text, size_t length, myr_header_field *field) {
    field->column = -1;
    field->match = UNLIKE;
    for (int c = 0; c < h->count; c++) {
        const int match = match_of(h, c, text, length);
        if (match < field->match) {
            field->match = match;
            field->column = c;
        }
    }
}

/* Columns whose numbers count or name the rows: nobody misses them. */
static bool is_quiet(const char *text, size_t length) {
    static const char names[] =
        "id idx index row row_id unnamed_0 question_id user_id date day time timestamp tstamp turn year "
        "season";
    return length == 0 || is_synonym(names, text, length);
}

static const char *out_of_memory(myr_csv_header *h) {
    h->out_of_memory = true;
    return "out of memory";
}

/* A column that was found before: the better of the two stays. */
static const char *settle_twice(myr_csv_header *h, myr_header_field *before, myr_header_field *now) {
    char shown[MYR_FIELD_SHOWN], other[MYR_FIELD_SHOWN];
    const char *name = h->columns[now->column].name;
    if (before->match < now->match) {
        now->column = -1;
    } else if (before->match > now->match) {
        before->column = -1;
    } else if (now->match == LITERAL) {
        snprintf(h->wrong, sizeof h->wrong, "a second column '%s'; expected one", name);
        return h->wrong;
    } else {
        snprintf(h->wrong, sizeof h->wrong,
                 "a second column for %s, %s beside %s; expected one (--columns %s=NAME says which)", name,
                 myr_field_shown(now->name, strlen(now->name), shown),
                 myr_field_shown(before->name, strlen(before->name), other), name);
        return h->wrong;
    }
    return NULL;
}

const char *myr_header_take(myr_csv_header *header, const char *text, size_t length) {
    myr_csv_header *h = header;
    myr_header_field *fields = myr_grown(h->fields, h->field_count, &h->room, sizeof *fields);
    if (!fields)
        return out_of_memory(h);
    h->fields = fields;
    myr_header_field *now = &fields[h->field_count];
    *now = (myr_header_field){.name = malloc(length + 1), .data = true, .quiet = is_quiet(text, length)};
    if (!now->name)
        return out_of_memory(h);
    memcpy(now->name, text, length);
    now->name[length] = '\0';
    choose(h, text, length, now);
    myr_header_field *before = now->column < 0 ? NULL : myr_header_find(h, now->column);
    h->field_count++;
    return before ? settle_twice(h, before, now) : NULL;
}

const char *myr_header_end(myr_csv_header *header) {
    myr_csv_header *h = header;
    char shown[MYR_FIELD_SHOWN];
    for (int c = 0; c < h->count; c++) {
        map_item item;
        if (!find_item(h, c, &item) || item.name_length == 0 || myr_header_find(h, c))
            continue;
        snprintf(h->wrong, sizeof h->wrong,
                 "no column %s, which --columns takes for %s; expected it in the first line",
                 myr_field_shown(item.name, item.name_length, shown), h->columns[c].name);
        return h->wrong;
    }
    return NULL;
}

myr_header_field *myr_header_find(const myr_csv_header *header, int column) {
    for (uint64_t f = 0; f < header->field_count; f++)
        if (header->fields[f].column == column)
            return &header->fields[f];
    return NULL;
}

bool myr_header_by_synonym(const myr_header_field *field) {
    return field->match == SYNONYM;
}

/* ---- what is passed over --------------------------------------------------------------------------- */

void myr_header_look(myr_csv_header *header, uint64_t field, const char *text, size_t length) {
    myr_header_field *f = &header->fields[field];
    if (f->data && !f->quiet)
        f->data =
            length > 0 && strspn(text, "0123456789+-.eE") == length && strcspn(text, "0123456789") < length;
}

void myr_header_note(const myr_csv_header *header, const char *path, char *note, size_t size) {
    const myr_csv_header *h = header;
    char names[384], list[256] = "", shown[MYR_FIELD_SHOWN];
    size_t used = 0;
    int count = 0;
    note[0] = '\0';
    for (uint64_t f = 0; f < h->field_count; f++) {
        const myr_header_field *field = &h->fields[f];
        if (field->column >= 0 || field->quiet || !field->data)
            continue;
        count++;
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", count > 1 ? ", " : "",
                                     myr_field_shown(field->name, strlen(field->name), shown));
    }
    list_columns(h, names, sizeof names);
    if (count > 0)
        snprintf(note, size,
                 "%s: column%s %s hold%s numbers, passed over: --columns COLUMN=NAME takes one for %s",
                 path, count > 1 ? "s" : "", list, count > 1 ? "" : "s", names);
}

void myr_header_free(myr_csv_header *header) {
    for (uint64_t f = 0; f < header->field_count; f++)
        free(header->fields[f].name);
    free(header->fields);
    header->fields = NULL;
    header->field_count = header->room = 0;
}
