/* Readers of outcomes, one a form of file. */
#ifndef MYRIAD_OUTCOMES_FILE_H
#define MYRIAD_OUTCOMES_FILE_H

#include "csv_columns.h"
#include "fits/outcomes.h"

/* What a reader knows while it reads. */
typedef struct myr_outcome_reader {
    myr_outcomes *outcomes;
    bool pool;
    myr_names without; /* left out, with the rows they are in */
    bool out_of_memory;
    char wrong[512];
} myr_outcome_reader;

/* The number of an item: added, MYR_NO_NAME if it is left out or not to be had; then *wrong is what is
 * wrong, else NULL. prompt NULL: none. */
uint32_t myr_reader_item(myr_outcome_reader *reader, const myr_csv_text *prompt, const myr_csv_text *name,
                         const char **wrong);

myr_status myr_read_comparisons(myr_context *context, const char *path, const char *bytes, size_t size,
                                myr_outcome_reader *reader);
myr_status myr_read_rankings(myr_context *context, const char *path, const char *bytes, size_t size,
                             myr_outcome_reader *reader);

/* Whether the first line has the names of columns of comparisons. */
bool myr_is_comparisons(const char *bytes, size_t size);

/* The key of an item in outcomes' names: its name, or prompt, a zero byte, name. It is small, if the key
 * fits into 256 bytes, or to be freed; NULL if out of memory. */
char *myr_item_key(const myr_csv_text *prompt, const myr_csv_text *name, char small[256], size_t *length);

#endif
