#include "grown.h"

#include <stdlib.h>

void *myr_grown(void *array, uint64_t count, uint64_t *room, size_t size) {
    if (count < *room)
        return array;
    uint64_t wanted = *room ? 2 * *room : 64;
    if (wanted > SIZE_MAX / size)
        return NULL;
    void *larger = realloc(array, (size_t)wanted * size);
    if (larger)
        *room = wanted;
    return larger;
}
