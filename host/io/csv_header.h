/* The first line of a .csv file: which of its fields is which of the wanted columns. A column goes by its
 * name, whatever its case and whatever stands between its words, by one of the usual synonyms, or by the
 * name that the caller gives. */
#ifndef MYRIAD_CSV_HEADER_H
#define MYRIAD_CSV_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MYR_HEADER_COLUMNS 64

typedef struct myr_column_name {
    const char *name;
    const char *synonyms; /* between blanks; NULL: none */
} myr_column_name;

typedef struct myr_header_field {
    char *name; /* as it stands in the file */
    int column; /* which of the wanted ones; -1: none */
    int match;  /* how well it fits: the lower, the better */
    bool quiet; /* nothing need be said of it if it is not used */
    bool data;  /* holds numbers in all the lines that were looked at */
} myr_header_field;

typedef struct myr_csv_header {
    const myr_column_name *columns; /* wanted */
    int count;                      /* of wanted columns, 1 … MYR_HEADER_COLUMNS */
    const char *map; /* the caller's "column=name,…", NULL: none; checked by myr_header_check_map */
    /* known after the first line */
    myr_header_field *fields;
    uint64_t field_count, room;
    bool out_of_memory;
    char wrong[512];
} myr_csv_header;

/* NULL if each item of the map is "column=name" with a wanted column, none of them twice; else what is
 * wrong. */
const char *myr_header_check_map(myr_csv_header *header);

/* Takes the next field of the first line, and the line's end. NULL, or what is wrong. */
const char *myr_header_take(myr_csv_header *header, const char *text, size_t length);
const char *myr_header_end(myr_csv_header *header);

/* The field that a column is in; NULL: none is. Valid until the header is freed. */
myr_header_field *myr_header_find(const myr_csv_header *header, int column);

/* Whether a field is in its column by a synonym of the name. */
bool myr_header_by_synonym(const myr_header_field *field);

/* Looks at a field that is not used: whether its column holds numbers. */
void myr_header_look(myr_csv_header *header, uint64_t field, const char *text, size_t length);

/* What a user should know of the columns that are passed over, in a line; "" if there is nothing. */
void myr_header_note(const myr_csv_header *header, const char *path, char *note, size_t size);

void myr_header_free(myr_csv_header *header);

/* Whether two names are the same but for case and what is neither a letter nor a digit. */
bool myr_names_alike(const char *a, size_t length, const char *b, size_t other);

/* Whether a name is the column's, or one of its synonyms. */
bool myr_is_column(const myr_column_name *column, const char *name, size_t length);

#endif
