#include "name_table.h"

#include <stdlib.h>
#include <string.h>

#include "outcomes.h"

/* FNV-1a, then a multiplication that spreads to the upper bits, which are taken. */
static uint64_t hash(const char *name, size_t length) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t n = 0; n < length; n++)
        h = (h ^ (unsigned char)name[n]) * UINT64_C(0x100000001b3);
    return (h ^ (h >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
}

/* The slot of the name, or the free one where it belongs. */
static uint64_t find_slot(const myr_names *names, const char *name, size_t length) {
    uint64_t mask = names->slot_count - 1;
    uint64_t at = (hash(name, length) >> 20) & mask;
    for (;; at = (at + 1) & mask) {
        uint32_t slot = names->slots[at];
        if (slot == 0)
            return at;
        if (names->length[slot - 1] == length &&
            memcmp(names->text + names->begin[slot - 1], name, length) == 0)
            return at;
    }
}

uint32_t myr_names_find(const myr_names *names, const char *name, size_t length) {
    if (names->slot_count == 0)
        return MYR_NO_NAME;
    uint32_t slot = names->slots[find_slot(names, name, length)];
    return slot ? slot - 1 : MYR_NO_NAME;
}

/* At most half of the slots are taken. */
static bool make_slots(myr_names *names) {
    if (2 * ((uint64_t)names->count + 1) <= names->slot_count)
        return true;
    uint64_t wanted = names->slot_count ? 2 * names->slot_count : 64;
    uint32_t *slots = calloc(wanted, sizeof *slots);
    if (!slots)
        return false;
    free(names->slots);
    names->slots = slots;
    names->slot_count = wanted;
    for (uint32_t n = 0; n < names->count; n++)
        slots[find_slot(names, names->text + names->begin[n], names->length[n])] = n + 1;
    return true;
}

static bool make_text(myr_names *names, size_t length) {
    uint64_t wanted = names->room ? names->room : 1024;
    while (wanted < names->used + length + 1)
        wanted *= 2;
    if (wanted == names->room)
        return true;
    char *larger = realloc(names->text, wanted);
    if (!larger)
        return false;
    names->text = larger;
    names->room = wanted;
    return true;
}

static bool make_entry(myr_names *names) {
    uint64_t *begin = myr_grown(names->begin, names->count, &names->count_room, sizeof *begin);
    if (!begin)
        return false;
    names->begin = begin;
    uint32_t *length = myr_grown(names->length, names->count, &names->length_room, sizeof *length);
    if (!length)
        return false;
    names->length = length;
    return true;
}

uint32_t myr_names_add(myr_names *names, const char *name, size_t length) {
    uint32_t found = myr_names_find(names, name, length);
    if (found != MYR_NO_NAME)
        return found;
    if (names->count >= INT32_MAX || length > INT32_MAX || !make_slots(names) ||
        !make_text(names, length) || !make_entry(names))
        return MYR_NO_NAME;
    uint32_t number = names->count++;
    memcpy(names->text + names->used, name, length);
    names->text[names->used + length] = '\0';
    names->begin[number] = names->used;
    names->length[number] = (uint32_t)length;
    names->used += length + 1;
    names->slots[find_slot(names, name, length)] = number + 1;
    return number;
}

const char *myr_names_text(const myr_names *names, uint32_t number) {
    return names->text + names->begin[number];
}

void myr_names_free(myr_names *names) {
    free(names->text);
    free(names->begin);
    free(names->length);
    free(names->slots);
    *names = (myr_names){0};
}
