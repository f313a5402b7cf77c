/* The rule of struct_size (myriad/context.h, "How structs grow"), in one place. A struct is passed as its bytes: the
 * first member of each is its struct_size. */
#ifndef MYRIAD_SIZED_H
#define MYRIAD_SIZED_H

#include <stddef.h>

#include "myriad/context.h"

/* Makes the first struct_size bytes of made the defaults, of size bytes; what made has beyond is 0. NULL, or a size
 * that does not hold a struct_size: nothing is done. */
void myr_sized_default(void *made, size_t struct_size, const void *defaults, size_t size);

#endif
