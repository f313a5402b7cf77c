/* Outcomes from files: which form it is, and what all forms have in common. */
#include "outcomes_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "io/csv_field.h"
#include "io/whole_file.h"

/* ---- items ----------------------------------------------------------------------------------------- */

static const char *out_of_memory(myr_outcome_reader *r) {
    r->out_of_memory = true;
    return "out of memory";
}

static const char *check_name(myr_outcome_reader *r, const char *what, const char *name, size_t length) {
    char shown[MYR_FIELD_SHOWN];
    const size_t before = myr_field_control(name, length);
    if (length == 0)
        snprintf(r->wrong, sizeof r->wrong, "%s is empty; expected a name", what);
    else if (before < length)
        snprintf(r->wrong, sizeof r->wrong,
                 "%s %s has a control character, of code %u; expected a name without any", what,
                 myr_field_shown(name, length, shown), (unsigned char)name[before]);
    else if (!myr_field_is_text(name, length))
        snprintf(r->wrong, sizeof r->wrong, "%s %s is not UTF-8; expected a name that is", what,
                 myr_field_shown(name, length, shown));
    else
        return NULL;
    return r->wrong;
}

/* A new item, with its prompt's number. */
static const char *add_item(myr_outcome_reader *r, const char *key, size_t length,
                            const myr_csv_text *prompt, uint32_t *item) {
    myr_outcomes *o = r->outcomes;
    if (prompt) {
        uint32_t *numbers = myr_grown(o->prompt, o->names.count, &o->prompt_room, sizeof *numbers);
        if (!numbers)
            return out_of_memory(r);
        o->prompt = numbers;
        numbers[o->names.count] = myr_names_add(&o->prompts, prompt->bytes, prompt->length);
        if (numbers[o->names.count] == MYR_NO_NAME)
            return out_of_memory(r);
    }
    *item = myr_names_add(&o->names, key, length);
    return *item == MYR_NO_NAME ? out_of_memory(r) : NULL;
}

char *myr_item_key(const myr_csv_text *prompt, const myr_csv_text *name, char small[256], size_t *length) {
    const size_t before = prompt ? prompt->length + 1 : 0;
    *length = before + name->length;
    char *key = *length > 256 ? malloc(*length) : small;
    if (!key)
        return NULL;
    if (prompt) {
        memcpy(key, prompt->bytes, prompt->length);
        key[prompt->length] = '\0';
    }
    memcpy(key + before, name->bytes, name->length);
    return key;
}

bool myr_reader_leaves_out(myr_outcome_reader *reader, const char *name, size_t length) {
    const uint32_t n = myr_names_find(&reader->without, name, length);
    if (n != MYR_NO_NAME)
        reader->seen[n] = true;
    return n != MYR_NO_NAME;
}

uint32_t myr_reader_item(myr_outcome_reader *reader, const myr_csv_text *prompt, const myr_csv_text *name,
                         const char **wrong) {
    myr_outcome_reader *r = reader;
    char small[256];
    size_t length;
    *wrong = NULL;
    if (myr_reader_leaves_out(r, name->bytes, name->length))
        return MYR_NO_NAME;
    char *key = myr_item_key(prompt, name, small, &length);
    if (!key) {
        *wrong = out_of_memory(r);
        return MYR_NO_NAME;
    }
    uint32_t item = myr_names_find(&r->outcomes->names, key, length);
    if (item == MYR_NO_NAME) {
        *wrong = check_name(r, "an item's name", name->bytes, name->length);
        if (!*wrong && prompt)
            *wrong = check_name(r, "prompt", prompt->bytes, prompt->length);
        if (!*wrong)
            *wrong = add_item(r, key, length, prompt, &item);
    }
    if (key != small)
        free(key);
    return item;
}

/* ---- files ----------------------------------------------------------------------------------------- */

static myr_status choose_kind(myr_context *context, const char *path, const char *bytes, size_t size,
                              const myr_outcomes_options *options, myr_outcome_kind *kind) {
    const char *extension = strrchr(path, '.');
    if (extension && strcmp(extension, ".npy") == 0)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "%s: not a file of outcomes; expected comma-separated values", path);
    if (strcmp(options->input, "rankings") == 0 && options->columns)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "columns: rankings have none (expected comparisons)");
    if (strcmp(options->input, "comparisons") == 0 || options->columns)
        *kind = MYR_COMPARISONS;
    else if (strcmp(options->input, "rankings") == 0)
        *kind = MYR_RANKINGS;
    else if (strcmp(options->input, "auto") == 0)
        return myr_outcomes_tell(context, path, bytes, size, kind);
    else
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "input: '%.32s' is not known (expected auto, comparisons or rankings)",
                        options->input);
    return MYR_OK;
}

static myr_status check_result(myr_context *context, const char *path, const myr_outcome_reader *r) {
    const myr_outcomes *o = r->outcomes;
    const char *what = o->kind == MYR_RANKINGS ? "rankings" : "comparisons";
    if (o->file_rows == 0)
        return myr_fail(context, MYR_INVALID_DATA, "%s: no %s; expected a line for each", path, what);
    if (o->rows == 0)
        return myr_fail(context, MYR_INVALID_DATA,
                        "%s: no %s are left without the items that are left out; expected some", path,
                        what);
    if (!(o->weight > 0.0))
        return myr_fail(context, MYR_INVALID_DATA, "%s: all weights are 0; expected one above 0", path);
    return MYR_OK;
}

/* An item to leave out that is not there is a mistake in its name. */
static myr_status check_without(myr_context *context, const char *path, const myr_outcome_reader *r) {
    for (uint32_t n = 0; n < r->without.count; n++)
        if (!r->seen[n])
            return myr_fail(context, MYR_INVALID_ARGUMENT,
                            "without: '%.80s' is not among the items of %s (expected one of them)",
                            myr_names_text(&r->without, n), path);
    return MYR_OK;
}

/* Rankings that are asked for have no header: what looks like one is taken as it is, and said. */
static myr_status note_header(myr_context *context, const char *path, const char *bytes, size_t size,
                              myr_outcomes *outcomes) {
    bool looks;
    const myr_status status = myr_outcomes_look_for_header(context, bytes, size, &looks);
    if (looks)
        snprintf(
            outcomes->note, sizeof outcomes->note,
            "%.512s: the first line looks like names of columns, and is read as a ranking of items, as "
            "--input rankings asks",
            path);
    return status;
}

static myr_status read_bytes(myr_context *context, const char *path, const char *bytes, size_t size,
                             const myr_outcomes_options *options, myr_outcome_reader *r) {
    myr_outcome_kind kind = MYR_COMPARISONS;
    myr_status status = choose_kind(context, path, bytes, size, options, &kind);
    if (status != MYR_OK)
        return status;
    r->seen = calloc(options->without_count + 1, sizeof *r->seen);
    if (!r->seen)
        return myr_fail_memory(context, options->without_count);
    for (size_t n = 0; n < options->without_count; n++) {
        if (!options->without[n])
            return myr_fail(context, MYR_INVALID_ARGUMENT, "without: name %zu is NULL (expected an item)",
                            n);
        if (myr_names_add(&r->without, options->without[n], strlen(options->without[n])) == MYR_NO_NAME)
            return myr_fail_memory(context, strlen(options->without[n]));
    }
    r->outcomes = myr_outcomes_new(kind);
    if (!r->outcomes)
        return myr_fail_memory(context, sizeof *r->outcomes);
    status = kind == MYR_RANKINGS ? myr_read_rankings(context, path, bytes, size, r)
                                  : myr_read_comparisons(context, path, bytes, size, r);
    if (r->out_of_memory)
        status = myr_fail_memory(context, size);
    if (status == MYR_OK && kind == MYR_RANKINGS && strcmp(options->input, "rankings") == 0)
        status = note_header(context, path, bytes, size, r->outcomes);
    r->outcomes->items = r->outcomes->names.count;
    myr_outcomes_settle(r->outcomes);
    if (status == MYR_OK)
        status = check_without(context, path, r);
    return status == MYR_OK ? check_result(context, path, r) : status;
}

myr_status myr_outcomes_load(myr_context *context, const char *path, const myr_outcomes_options *options,
                             myr_outcomes **outcomes) {
    MYR_STANDARD_ENVIRONMENT;
    myr_outcomes_options known;
    if (!outcomes)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "outcomes is NULL (expected a place for them)");
    *outcomes = NULL;
    myr_status status = myr_outcomes_options_read(context, &options, &known);
    if (status != MYR_OK)
        return status;
    if (!path || !options->input || (options->without_count && !options->without))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "outcomes: path, input or without is NULL (expected all that are counted)");
    char *bytes;
    size_t size;
    status = myr_read_whole(context, path, &bytes, &size);
    if (status != MYR_OK)
        return status;
    myr_outcome_reader r = {.pool = options->pool, .map = options->columns};
    status = read_bytes(context, path, bytes, size, options, &r);
    free(bytes);
    myr_names_free(&r.without);
    free(r.seen);
    if (status == MYR_OK)
        *outcomes = r.outcomes;
    else
        myr_outcomes_destroy(r.outcomes);
    return status;
}
