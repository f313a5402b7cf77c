/* Streams and events of the host as a device. What is queued runs when it must, because someone waits for it, or at any time
 * before, streams in random turns: whoever does not wait for what he needs, or lets go of what is still to be read, gets other
 * numbers or is stopped. The null stream alone runs at once. */
#ifndef MYRIAD_FAKE_STREAMS_H
#define MYRIAD_FAKE_STREAMS_H

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Queues run(a copy of the bytes). */
void fake_queue_bytes(cudaStream_t stream, void (*run)(const void *bytes), const void *bytes, size_t size);

/* Runs all that is queued. */
void fake_run_all(void);

/* Streams and events that have not been given back. */
int fake_live_streams(void);

#ifdef __cplusplus
}

#include <functional>

/* Work that is lost with all else where a wait reports a failure, unless it is done always. */
void fake_queue(cudaStream_t stream, std::function<void()> work, bool always = false);
#endif
#endif
