/* Names to numbers, 0, 1, … in the order in which they are first seen: a hash table with open addressing.
 */
#ifndef MYRIAD_NAME_TABLE_H
#define MYRIAD_NAME_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MYR_NO_NAME UINT32_MAX

typedef struct myr_names {
    char *text; /* all names, each with a zero byte at its end */
    uint64_t used, room;
    uint64_t *begin; /* [count]: where in text */
    uint32_t *length;
    uint32_t count;
    uint64_t count_room, length_room;
    uint32_t *slots; /* [slot_count], a power of two; 0: free, else 1 + a number */
    uint64_t slot_count;
} myr_names;

/* The number of a name of any bytes, or MYR_NO_NAME. */
uint32_t myr_names_find(const myr_names *names, const char *name, size_t length);

/* The same, after adding it if need be; MYR_NO_NAME if out of memory (or of numbers, at 2^31). */
uint32_t myr_names_add(myr_names *names, const char *name, size_t length);

/* A name of that number; valid until the next one is added. */
const char *myr_names_text(const myr_names *names, uint32_t number);

void myr_names_free(myr_names *names);

#endif
