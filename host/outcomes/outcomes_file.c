/* Outcomes from files: which form it is, and the calls. */
#include "outcomes_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "io/whole_file.h"

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
