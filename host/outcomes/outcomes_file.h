/* Readers of outcomes, one a form of file. */
#ifndef MYRIAD_OUTCOMES_FILE_H
#define MYRIAD_OUTCOMES_FILE_H

#include "io/csv_columns.h"
#include "outcomes.h"

/* What a column of comparisons may be. */
typedef enum myr_role {
    MYR_PROMPT,
    MYR_FIRST,
    MYR_SECOND,
    MYR_WINNER,
    MYR_LOSER,
    MYR_SCORE,
    MYR_FIRST_WINS,
    MYR_SECOND_WINS,
    MYR_TIES,
    MYR_WEIGHT,
    MYR_ROLES
} myr_role;

extern const myr_column_name myr_roles[MYR_ROLES];

/* What a reader knows while it reads. */
typedef struct myr_outcome_reader {
    myr_outcomes *outcomes;
    bool pool;
    const char *map;   /* which column is which: "first=left,…"; NULL: by their names */
    myr_names without; /* left out, with the rows they are in */
    bool *seen;        /* [without.count]: whether the name is in the file */
    bool out_of_memory;
    char wrong[512];
} myr_outcome_reader;

/* Whether an item is left out; notes that it is there. */
bool myr_reader_leaves_out(myr_outcome_reader *reader, const char *name, size_t length);

/* The number of an item: added, MYR_NO_NAME if it is left out or not to be had; then *wrong is what is
 * wrong, else NULL. prompt NULL: none. */
uint32_t myr_reader_item(myr_outcome_reader *reader, const myr_csv_text *prompt, const myr_csv_text *name,
                         const char **wrong);

myr_status myr_read_comparisons(myr_context *context, const char *path, const char *bytes, size_t size,
                                myr_outcome_reader *reader);
myr_status myr_read_rankings(myr_context *context, const char *path, const char *bytes, size_t size,
                             myr_outcome_reader *reader);

/* Which form the file has: comparisons, by the names in the first line, or rankings. A first line that is
 * neither is refused: MYR_INVALID_DATA. */
myr_status myr_outcomes_tell(myr_context *context, const char *path, const char *bytes, size_t size,
                             myr_outcome_kind *kind);

/* Whether the first line looks like names of columns: none of them comes again below, as an item would. */
myr_status myr_outcomes_look_for_header(myr_context *context, const char *bytes, size_t size, bool *looks);

/* Whether that is the name of a place, in a first line rank1,rank2,… above rankings. */
bool myr_is_rank_title(uint64_t field, const char *name, size_t length);

/* The key of an item in outcomes' names: its name, or prompt, a zero byte, name. It is small, if the key
 * fits into 256 bytes, or to be freed; NULL if out of memory. */
char *myr_item_key(const myr_csv_text *prompt, const myr_csv_text *name, char small[256], size_t *length);

#endif
