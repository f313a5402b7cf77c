/* Items as the readers of files meet them: names checked, numbered, left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/csv_field.h"
#include "outcomes_file.h"

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
