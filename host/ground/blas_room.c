#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "product.h"

#include <stdbool.h>
#include <sys/mman.h>

#include "failure.h"

/* What OpenBLAS maps for each thread that uses it, and keeps: its BUFFER_SIZE where it is built for many
 * processors, the most that it has for any. */
#define BUFFER ((size_t)32 << 22)

/* Whether so much can be mapped, which is then given back. */
static bool can_map(size_t bytes) {
    void *all =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return all != MAP_FAILED && munmap(all, bytes) == 0;
}

myr_status myr_blas_room(myr_context *context, int threads) {
    static int kept; /* buffers, for which there was room once */
    bool room = true;
#pragma omp critical(myr_blas_room)
    if (threads > kept) {
        room = can_map((size_t)(threads - kept) * BUFFER);
        kept = room ? threads : kept;
    }
    return room ? MYR_OK : myr_fail_memory(context, (size_t)threads * BUFFER);
}
