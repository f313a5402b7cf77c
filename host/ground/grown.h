/* Arrays that grow an element at a time. */
#ifndef MYRIAD_GROWN_H
#define MYRIAD_GROWN_H

#include <stddef.h>
#include <stdint.h>

/* The array, with room for one more element of size bytes, moved if need be; NULL if out of memory, and the
 * array is as it was. */
void *myr_grown(void *array, uint64_t count, uint64_t *room, size_t size);

#endif
