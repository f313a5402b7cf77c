/* A reference policy: log-probabilities of items. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "io/csv_field.h"
#include "io/whole_file.h"
#include "outcomes_file.h"

enum { PROMPT, ITEM, LOG_PROBABILITY, COLUMNS };
static const myr_column_name names[COLUMNS] = {
    {"prompt", NULL},
    {"item", "name model player answer response"},
    {"log_probability",
     "log_prob logprob logp log_p logps ref_logp ref_logps reference_logp reference_logps"}};

typedef struct reference {
    const myr_outcomes *outcomes;
    myr_csv_columns columns;
    double *logs;
} reference;

static const char *take_header(void *user) {
    reference *r = user;
    if (!r->outcomes->has_prompts)
        r->columns.has[PROMPT] = false;
    for (int c = r->outcomes->has_prompts ? PROMPT : ITEM; c < COLUMNS; c++)
        if (!r->columns.has[c]) {
            snprintf(r->columns.wrong, sizeof r->columns.wrong,
                     "no column '%s'; expected the first line to name %sitem and log_probability",
                     names[c].name, r->outcomes->has_prompts ? "prompt, " : "");
            return r->columns.wrong;
        }
    return NULL;
}

static const char *take_field(void *user, int column, const char *bytes, size_t length) {
    reference *r = user;
    double value;
    if (column != LOG_PROBABILITY ||
        myr_field_number(names[column].name, bytes, length, -1e15, 1e15, "a number of at most 1e15 in size",
                         &value, r->columns.wrong, sizeof r->columns.wrong))
        return NULL;
    return r->columns.wrong;
}

static const char *take_record(void *user) {
    reference *r = user;
    const myr_csv_text *texts = r->columns.texts, *log = &texts[LOG_PROBABILITY];
    char small[256], scratch[8];
    size_t length;
    char *key =
        myr_item_key(r->outcomes->has_prompts ? &texts[PROMPT] : NULL, &texts[ITEM], small, &length);
    if (!key) {
        r->columns.out_of_memory = true;
        return "out of memory";
    }
    const uint32_t item = myr_names_find(&r->outcomes->names, key, length);
    if (key != small)
        free(key);
    if (item == MYR_NO_NAME)
        return NULL;
    if (!isnan(r->logs[item])) {
        char shown[MYR_FIELD_SHOWN];
        snprintf(r->columns.wrong, sizeof r->columns.wrong, "item %s a second time; expected each once",
                 myr_field_shown(texts[ITEM].bytes, texts[ITEM].length, shown));
        return r->columns.wrong;
    }
    (void)myr_field_number("", log->bytes, log->length, -1e15, 1e15, "", &r->logs[item], scratch,
                           sizeof scratch);
    return NULL;
}

myr_status myr_outcomes_load_reference(myr_context *context, const char *path, const myr_outcomes *outcomes,
                                       double *logs) {
    MYR_STANDARD_ENVIRONMENT;
    if (!path || !outcomes || !logs)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "reference: path, outcomes or logs is NULL (expected all three)");
    char *bytes;
    size_t size;
    myr_status status = myr_read_whole(context, path, &bytes, &size);
    if (status != MYR_OK)
        return status;
    reference r = {.outcomes = outcomes,
                   .logs = logs,
                   .columns = {.header_line = {.columns = names, .count = COLUMNS},
                               .header = take_header,
                               .field = take_field,
                               .record = take_record}};
    r.columns.user = &r;
    for (uint32_t i = 0; i < outcomes->items; i++)
        logs[i] = NAN;
    status = myr_csv_read_columns(context, path, bytes, size, &r.columns);
    free(bytes);
    for (uint32_t i = 0; status == MYR_OK && i < outcomes->items; i++)
        if (isnan(logs[i]))
            status = myr_fail(context, MYR_INVALID_DATA,
                              "%s: no line for item '%.64s'%s%.64s; expected one for each", path,
                              myr_outcomes_name(outcomes, i), outcomes->has_prompts ? " of prompt " : "",
                              myr_outcomes_prompt(outcomes, i));
    return status;
}
