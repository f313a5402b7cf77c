/* What a backend keeps with a context from call to call, a GPU's streams and memory, say: it ends with the context. */
#ifndef MYRIAD_KEPT_H
#define MYRIAD_KEPT_H

#include "myriad/context.h"

typedef struct myr_kept {
    void *data;
    void (*end)(void *data);
} myr_kept;

/* The context's, all 0 at first; NULL of no context, which keeps nothing. */
myr_kept *myr_context_kept(myr_context *context);

#endif
