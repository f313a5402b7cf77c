/* Turns of a run: work that is queued on its stream without waiting for it. So many are on the way that the device never waits for
 * the host; no more, so that a failure or an interruption is noticed within them. */
#ifndef MYRIAD_CUDA_TURNS_H
#define MYRIAD_CUDA_TURNS_H

#include <stdbool.h>

#include "cuda_backend.h"

/* To queue a row takes some 12 us (five launches, and an event); to wake who waits for the end of one, some 10: two rows of the
 * shortest kind, 15 us, and the one that is being queued. */
enum { MYR_TURNS = 3 };

typedef struct myr_cuda_turn {
    cudaEvent_t ended;
    float *
        given; /* room for what the host gives, to be read until the turn has ended; NULL: it gives nothing */
    bool pinned;
    bool queued;
    uint64_t done; /* trajectories of the job, when it has ended */
} myr_cuda_turn;

typedef struct myr_cuda_turns {
    myr_cuda_turn turn[MYR_TURNS];
    unsigned next;
} myr_cuda_turns;

/* given: floats of each turn. end, also after a failure, waits for what is queued. */
myr_status myr_cuda_turns_begin(myr_context *context, size_t given, myr_cuda_turns *turns);
void myr_cuda_turns_end(const myr_cuda_session *session, myr_cuda_turns *turns);

/* A turn, when the one before in its place has ended, which is told to whoever follows the job. */
myr_status myr_cuda_turn_begin(myr_context *context, const myr_job *job, myr_cuda_turns *turns,
                               myr_cuda_turn **turn);

/* What has been queued on the session's stream since is the turn's. */
myr_status myr_cuda_turn_end(myr_context *context, const myr_cuda_session *session, myr_cuda_turn *turn,
                             uint64_t done);

/* Waits for all of them, and tells. */
myr_status myr_cuda_turns_wait(myr_context *context, const myr_job *job, myr_cuda_turns *turns);

#endif
