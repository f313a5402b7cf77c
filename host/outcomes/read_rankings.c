/* Rankings: a line each, best first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/csv_field.h"
#include "io/csv_read.h"
#include "outcomes_file.h"

typedef struct ranking {
    myr_outcome_reader *reader;
    uint32_t *items; /* of the line under way */
    uint64_t count, room;
    uint64_t given;         /* items of the line, with those left out */
    uint64_t *last, lasted; /* [lasted]: 1 + the record in which an item was last seen */
    uint64_t last_room;
    bool ended;  /* an empty field has come */
    bool titles; /* the first line so far is rank1,rank2,… */
} ranking;

static const char *out_of_memory(ranking *k) {
    k->reader->out_of_memory = true;
    return "out of memory";
}

bool myr_is_rank_title(uint64_t field, const char *name, size_t length) {
    char title[32];
    int size = snprintf(title, sizeof title, "rank%llu", (unsigned long long)field + 1);
    return (size_t)size == length && memcmp(title, name, length) == 0;
}

/* True if the item is new to this record. */
static const char *note_item(ranking *k, uint64_t record, uint32_t item, const char *name, size_t length) {
    while (k->lasted <= item) {
        uint64_t *last = myr_grown(k->last, k->lasted, &k->last_room, sizeof *last);
        if (!last)
            return out_of_memory(k);
        k->last = last;
        last[k->lasted++] = 0;
    }
    if (k->last[item] == record + 1) {
        char shown[MYR_FIELD_SHOWN];
        snprintf(k->reader->wrong, sizeof k->reader->wrong,
                 "item %s a second time in this ranking; expected each once",
                 myr_field_shown(name, length, shown));
        return k->reader->wrong;
    }
    k->last[item] = record + 1;
    return NULL;
}

static const char *take_field(void *user, uint64_t record, uint64_t field, const char *name,
                              size_t length) {
    ranking *k = user;
    if (record == 0 && field == 0)
        k->titles = true;
    k->titles = k->titles && record == 0 && myr_is_rank_title(field, name, length);
    if (k->ended && length > 0)
        return "an item behind an empty place; expected empty fields at the end alone";
    k->ended = length == 0;
    if (k->titles || k->ended)
        return NULL;
    if (record == 0 && field > 0 && k->given == 0)
        return "the line begins like rank1,rank2,... and goes on otherwise; expected items, or such names "
               "alone";
    if (memchr(name, '=', length)) {
        char shown[MYR_FIELD_SHOWN];
        snprintf(k->reader->wrong, sizeof k->reader->wrong,
                 "%s is a tie, which the model of rankings does not have; expected one item a place",
                 myr_field_shown(name, length, shown));
        return k->reader->wrong;
    }
    k->given++;
    const char *wrong;
    const myr_csv_text text = {(char *)name, length, 0};
    uint32_t item = myr_reader_item(k->reader, NULL, &text, &wrong);
    if (item == MYR_NO_NAME)
        return wrong;
    wrong = note_item(k, record, item, name, length);
    if (wrong)
        return wrong;
    uint32_t *items = myr_grown(k->items, k->count, &k->room, sizeof *items);
    if (!items)
        return out_of_memory(k);
    k->items = items;
    items[k->count++] = item;
    return NULL;
}

static const char *take_record(void *user, uint64_t record, uint64_t fields) {
    ranking *k = user;
    uint64_t given = k->given, count = k->count;
    (void)fields;
    k->given = k->count = 0;
    k->ended = false;
    if (record == 0 && k->titles)
        return NULL;
    k->reader->outcomes->file_rows++;
    if (given < 2)
        return given ? "a ranking of one item; expected two or more, best first"
                     : "an empty ranking; expected items, best first";
    if (count < 2)
        return NULL; /* too few are left */
    if (!myr_outcomes_add_ranking(k->reader->outcomes, k->items, count))
        return out_of_memory(k);
    k->reader->outcomes->rows++;
    return NULL;
}

myr_status myr_read_rankings(myr_context *context, const char *path, const char *bytes, size_t size,
                             myr_outcome_reader *reader) {
    ranking k = {.reader = reader};
    const myr_csv_reader csv = {take_field, take_record, &k};
    myr_status status = myr_csv_read(context, path, bytes, size, &csv);
    free(k.items);
    free(k.last);
    return status;
}
