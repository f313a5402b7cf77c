#include "cuda_turns.h"

#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

static const char doing[] = "running trajectories";

/* Copies from pinned memory leave the host free; without any left, they take longer. */
static myr_status allocate_given(myr_context *context, size_t bytes, myr_cuda_turn *turn) {
    void *memory = NULL;
    turn->pinned = cudaMallocHost(&memory, bytes) == cudaSuccess;
    if (!turn->pinned) {
        (void)cudaGetLastError();
        memory = malloc(bytes);
    }
    turn->given = memory;
    return memory ? MYR_OK : myr_fail_memory(context, bytes);
}

myr_status myr_cuda_turns_begin(myr_context *context, size_t given, myr_cuda_turns *turns) {
    myr_status status = MYR_OK;
    memset(turns, 0, sizeof *turns);
    for (int n = 0; status == MYR_OK && n < MYR_TURNS; n++) {
        myr_cuda_turn *turn = &turns->turn[n];
        const cudaError_t error = cudaEventCreateWithFlags(&turn->ended, cudaEventDisableTiming);
        if (error != cudaSuccess)
            turn->ended = NULL;
        status = myr_cuda_check(context, error, doing);
        if (status == MYR_OK && given > 0)
            status = allocate_given(context, given * sizeof(float), turn);
    }
    return status;
}

void myr_cuda_turns_end(const myr_cuda_session *session, myr_cuda_turns *turns) {
    (void)cudaStreamSynchronize(session->stream);
    for (int n = 0; n < MYR_TURNS; n++) {
        myr_cuda_turn *turn = &turns->turn[n];
        if (turn->ended)
            (void)cudaEventDestroy(turn->ended);
        if (turn->given && turn->pinned)
            (void)cudaFreeHost(turn->given);
        else
            free(turn->given);
    }
    memset(turns, 0, sizeof *turns);
}

static myr_status wait(myr_context *context, const myr_job *job, myr_cuda_turn *turn) {
    if (!turn->queued)
        return MYR_OK;
    turn->queued = false;
    myr_status status = myr_cuda_check(context, cudaEventSynchronize(turn->ended), doing);
    return status == MYR_OK ? myr_job_progress(context, job, turn->done) : status;
}

myr_status myr_cuda_turn_begin(myr_context *context, const myr_job *job, myr_cuda_turns *turns,
                               myr_cuda_turn **turn) {
    *turn = &turns->turn[turns->next];
    turns->next = (turns->next + 1) % MYR_TURNS;
    return wait(context, job, *turn);
}

myr_status myr_cuda_turn_end(myr_context *context, const myr_cuda_session *session, myr_cuda_turn *turn,
                             uint64_t done) {
    turn->done = done;
    turn->queued = true;
    return myr_cuda_check(context, cudaEventRecord(turn->ended, session->stream), doing);
}

myr_status myr_cuda_turns_wait(myr_context *context, const myr_job *job, myr_cuda_turns *turns) {
    myr_status status = MYR_OK;
    for (int n = 0; status == MYR_OK && n < MYR_TURNS; n++) {
        status = wait(context, job, &turns->turn[turns->next]);
        turns->next = (turns->next + 1) % MYR_TURNS;
    }
    return status;
}
