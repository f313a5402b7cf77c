/* Room for what OpenBLAS does, LAPACK's routines included: it asks again for ever for memory that it does not
 * get. */
#ifndef MYRIAD_BLAS_ROOM_H
#define MYRIAD_BLAS_ROOM_H

#include "myriad/context.h"

/* Before so many threads use it at a time: whether there is the memory that it will ask for. Errors:
 * MYR_OUT_OF_MEMORY. */
myr_status myr_blas_room(myr_context *context, int threads);

#endif
