/* A backend is one record: what it is called, what it can do, its runs, its reductions, its memory. A new backend is a
 * record and its line in the list (backends.c). What the functions get is declared in backend.h, reductions.h and
 * token_jobs.h; the record itself knows nothing of it. */
#ifndef MYRIAD_RECORD_H
#define MYRIAD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "myriad/context.h"

struct myr_job;
struct myr_draw;
struct myr_ranking_draw;
struct myr_range;
struct myr_compute;
struct myr_pair_job;
struct myr_pair_sums;
struct myr_linear_job;
struct myr_margin_sums;
struct myr_ranking_job;
struct myr_ranking_sums;
struct myr_token_reductions;

typedef struct myr_backend myr_backend;
struct myr_backend {
    const char *name;
    const char *help;

    /* ---- what it can do ---- */
    bool automatic; /* auto may take it: the last of the list that is available */
    bool doubles;   /* its numbers and arrays are doubles, else floats */
    bool fast;      /* has fast arithmetic */
    /* Numbers of a stream that one job makes, more where a job is long to set up: as many blocks as that
     * is, or one. */
    uint64_t stream_numbers;
    /* What makes the same numbers of arrays in host memory; NULL: itself. */
    const myr_backend *on_host;

    /* ---- where it runs ---- */
    /* MYR_OK if it can run on that device; else the reason. describe gets one line about what runs. */
    myr_status (*available)(myr_context *context, int device);
    void (*describe)(int device, int threads, char *text, size_t size);
    /* Its devices, and a line about one, as myr_device_describe; NULL: there is none but the CPU. */
    int (*device_count)(void);
    int (*device_describe)(int device, char *text, size_t size);
    myr_status (*device_memory)(myr_context *context, int device, uint64_t *used, uint64_t *peak);
    /* Copies from and to its device's memory, done on return; NULL: arrays lie in host memory alone. */
    myr_status (*read)(myr_context *context, const struct myr_compute *compute, const void *d_from,
                       size_t bytes, void *to);
    myr_status (*write)(myr_context *context, const struct myr_compute *compute, const void *from,
                        size_t bytes, void *d_to);

    /* Keeps a copy of an array of the host's on the device, for the reductions of this context that are given the same
     * array, until it is let go as often; where there is no room, it does not. NULL: arrays are read where they lie. */
    myr_status (*hold)(myr_context *context, const struct myr_compute *compute, const void *data,
                       size_t bytes);
    void (*let_go)(myr_context *context, const struct myr_compute *compute, const void *data);

    /* ---- runs ---- */
    /* The job's moments, pushed on a range that myr_range_begin made of it. */
    myr_status (*range)(myr_context *context, const struct myr_job *job, struct myr_range *range);
    myr_status (*states)(myr_context *context, const struct myr_job *job, double *states);
    /* The levels 1 … steps of the job's trajectories, [count][steps + 1][dimension], level 0 being left as
     * it is; not of chains. NULL: each is a run of its own. */
    myr_status (*trace)(myr_context *context, const struct myr_job *job, double *levels);
    myr_status (*words)(myr_context *context, const struct myr_draw *draw, uint32_t *words);
    myr_status (*normals)(myr_context *context, const struct myr_draw *draw, double *normals);
    myr_status (*simulate)(myr_context *context, const struct myr_ranking_draw *draw, uint32_t *rankings);

    /* ---- reductions ---- */
    /* Fills in the sums and the gradients of sum v L / (sum v, or sum of tokens). *bad is the first row
     * with a number out of range, or with a loss that is not finite; UINT64_MAX if there is none. The rest
     * is unspecified if there is one, or if all weights are 0. */
    myr_status (*pairs)(myr_context *context, const struct myr_pair_job *job, struct myr_pair_sums *sums,
                        uint64_t *bad);
    /* Sums of the loss, of each of many; and the gradients of sum v L / sum v. *bad is the first row with a
     * number out of range, or UINT64_MAX; the rest as above. */
    myr_status (*linear)(myr_context *context, const struct myr_linear_job *job,
                         struct myr_margin_sums *sums, uint64_t *bad);
    myr_status (*many)(myr_context *context, const struct myr_linear_job *job, struct myr_margin_sums *sums,
                       uint64_t *bad);
    /* Sums, and the gradient of sum v L / sum v. *bad: the first ranking with a number out of range. */
    myr_status (*rankings)(myr_context *context, const struct myr_ranking_job *job,
                           struct myr_ranking_sums *sums, uint64_t *bad);
    const struct myr_token_reductions *tokens;
};

/* All that there may be; the list has those of this build. */
extern const myr_backend myr_backend_reference;
extern const myr_backend myr_backend_cpu;
extern const myr_backend myr_backend_cuda;

/* Those of other builds included: they are not available, and say why. NULL for a name that is unknown. */
const myr_backend *myr_backend_find(const char *name);

/* The backend that options ask for ("auto" resolved; note, of 256 bytes, says why not the GPU), after checking that it
 * is available. device_memory: one that takes arrays there. */
myr_status myr_backend_resolve(myr_context *context, const char *name, int device,
                               const myr_backend **backend, char *note);
myr_status myr_backend_resolve_memory(myr_context *context, const char *name, int device,
                                      bool device_memory, const myr_backend **backend, char *note);

/* The name itself; of "auto", that of the backend which it takes where there is no GPU. */
const char *myr_backend_near(const char *name);

#endif
