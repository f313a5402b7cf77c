/* Runs: many trajectories of a plan, on a backend.
 *
 * Trajectory i depends on the seed, the plan, the target and i, and on nothing else. In exact
 * arithmetic cpu and cuda give the same bits. */
#ifndef MYRIAD_RUN_H
#define MYRIAD_RUN_H

#include "myriad/plan.h"
#include "myriad/report.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MYR_DEFAULT_SEED 1
#define MYR_MAX_THREADS 4096

/* Called from the calling thread now and then with the trajectories done so far; a value other than
 * 0 stops the run, which then returns MYR_CANCELLED. */
typedef int (*myr_progress)(void *user, uint64_t done, uint64_t total);

typedef struct myr_run_options {
    size_t struct_size;
    const char *backend; /* "auto" (cuda if a GPU is usable, else cpu), "reference", "cpu", "cuda" */
    const char *math;    /* "exact"; "fast": cuda may use its special-function unit */
    uint64_t seed;
    uint64_t first;        /* index of the first trajectory */
    uint64_t count;        /* trajectories, 1 … 2^63; first + count <= 2^64 */
    int threads;           /* of the CPU; 0: all that the process may use */
    int device;            /* which GPU, from 0 */
    myr_progress progress; /* may be NULL */
    void *user;            /* passed to progress */
} myr_run_options;

/* 1,000,000 trajectories on the automatic backend: what a call takes whose options are NULL, where they may be. */
#define MYR_RUN_OPTIONS_INIT \
    { sizeof(myr_run_options), "auto", "exact", MYR_DEFAULT_SEED, 0, 1000000, 0, 0, 0, 0 }
MYR_API void myr_run_options_default(myr_run_options *made, size_t struct_size);

/* Count and central moments of one coordinate: sum (x - mean)^p = m2, m3, m4. */
typedef struct myr_moment {
    uint64_t count;
    double mean, m2, m3, m4;
} myr_moment;

/* Runs the trajectories and keeps their moments: moments[dimension], dimension being the plan's and the
 * target's. Memory does not grow with the count. options and report may be NULL. Errors:
 * MYR_INVALID_ARGUMENT, MYR_NO_DEVICE, MYR_DEVICE_ERROR, MYR_OUT_OF_MEMORY, MYR_CANCELLED. */
MYR_API myr_status myr_run_moments(myr_context *context, const myr_plan *plan, const myr_target *target,
                                   const myr_run_options *options, myr_moment *moments, myr_report *report);

/* Runs the trajectories and keeps their results: samples[count][dimension], count being that of the
 * options, which must not be NULL, here and in the other calls that write to an array as long. Those of the
 * float backends are floats, widened, about the plan's mean path for a Gaussian target and about the target's
 * mean for others (docs/mathematics.md, section 9). Errors here and below as of myr_run_moments; report may be
 * NULL. */
MYR_API myr_status myr_run_samples(myr_context *context, const myr_plan *plan, const myr_target *target,
                                   const myr_run_options *options, double *samples, myr_report *report);

/* Receives trajectories first … first + count - 1 of a run: samples[count][dimension], as of
 * myr_run_samples, valid during the call. A status other than MYR_OK stops the run, which returns it. */
typedef myr_status (*myr_sink)(void *user, uint64_t first, uint64_t count, const double *samples);

/* Runs the trajectories and hands their results to the sink (not NULL; user is passed to it, and may be),
 * from the calling thread, in the order of their indices, block by block; report->seconds is the runs' time
 * alone. Memory does not grow with the count: a block has at most MYR_SINK_NUMBERS numbers, so that the
 * caches hold it, or 4,096 trajectories. */
#define MYR_SINK_NUMBERS 1048576
MYR_API myr_status myr_run_stream(myr_context *context, const myr_plan *plan, const myr_target *target,
                                  const myr_run_options *options, myr_sink sink, void *user,
                                  myr_report *report);

/* Runs the trajectories and keeps all of each: states[count][steps + 1][dimension], from x_T to the result,
 * which is that of myr_run_samples to the bit. On cpu, and for chains, it takes the work of one run; on the
 * others, level k comes from a run of the first k rows, so the whole takes that of some steps/2 runs. options
 * must not be NULL. */
MYR_API myr_status myr_run_trace(myr_context *context, const myr_plan *plan, const myr_target *target,
                                 const myr_run_options *options, double *states, myr_report *report);

/* Numbers of the caller's own in place of the generator's: who compares with another program feeds both the
 * same. Each array is NULL where the generator's are wanted; states and start_normals exclude each other.
 * All are finite. The float backends round them to float. A set initialiser leaves all drawn. */
typedef struct myr_given {
    size_t struct_size;
    const double *states;        /* [count][dimension]: x_T itself */
    const double *start_normals; /* [count][dimension]: x_T = mean + scale z of the plan's start */
    const double *noise; /* [count][steps][slots][dimension], slots = myr_plan_slots: z of row k, the
                            pre-noise's first; not read where the plan has no slots */
} myr_given;

#define MYR_GIVEN_INIT \
    { sizeof(myr_given), 0, 0, 0 }
MYR_API void myr_given_default(myr_given *made, size_t struct_size);

/* As myr_run_samples, options included, with numbers given; with given normals in exact arithmetic, whatever
 * math asks for. A discrete target's chain takes states alone. Errors besides: MYR_INVALID_DATA for a number
 * that is not finite. */
MYR_API myr_status myr_run_samples_given(myr_context *context, const myr_plan *plan,
                                         const myr_target *target, const myr_run_options *options,
                                         const myr_given *given, double *samples, myr_report *report);

/* The unbiased variance m2/(N - 1), and the standard errors of mean and variance:
 * sqrt(variance/N) and sqrt((mu4 - sigma^4 (N - 3)/(N - 1))/N). NaN where N is too small (N < 2), and for
 * NULL. */
MYR_API double myr_moment_variance(const myr_moment *moment);
MYR_API double myr_moment_mean_error(const myr_moment *moment);
MYR_API double myr_moment_variance_error(const myr_moment *moment);

/* The checksum of moments[dimension], as in the report. (Moments of several runs: myriad/range.h.) */
MYR_API uint64_t myr_moment_checksum(const myr_moment *moments, int dimension);

/* The backends, in the order of their list: name and one line of help; NULL past the end. */
MYR_API const char *myr_backend_name(int index);
MYR_API const char *myr_backend_help(int index);

/* The names that options' backend takes: "auto" first, then the backends', those of other builds included, which are
 * refused as missing devices (MYR_NO_DEVICE). NULL past the end. */
MYR_API const char *myr_backend_choice(int index);

/* True if the backend has the trait; of "auto", which may take a GPU, if one that it may take has. False for names
 * that are NULL or unknown.
 *
 *     "device"     it has devices, which options number
 *     "double"     it computes in double, and takes arrays of doubles where others take floats
 *     "fast"       it has fast arithmetic
 *     "abilities"  myr_fit, which has no choice of backends, runs on it */
MYR_API bool myr_backend_has(const char *backend, const char *trait);

/* Whether a backend can run here: MYR_OK, or MYR_NO_DEVICE with the reason in the context. */
MYR_API myr_status myr_backend_available(myr_context *context, const char *backend);

/* The same of a device, and what "auto" comes to: *chosen is the backend's name, which lives as long as the library,
 * and note, of size bytes, why it is not the GPU, or "". chosen and note may be NULL. */
MYR_API myr_status myr_backend_choose(myr_context *context, const char *backend, int device,
                                      const char **chosen, char *note, size_t size);

/* The GPUs: their number (0 without a driver or without CUDA in the build), and one line about one.
 * Returns the number written as by snprintf, or 0. */
MYR_API int myr_device_count(void);
MYR_API int myr_device_describe(int device, char *text, size_t size);

/* Bytes of that GPU's memory that calls of this context have in use now, what is held included, and had at most since the
 * last call of this one. Beyond that a context keeps up to 2 GiB, or an eighth of the device's memory if that is less, from
 * call to call, until it is destroyed. Errors: MYR_INVALID_ARGUMENT, MYR_NO_DEVICE; MYR_UNSUPPORTED of devices that do
 * not count. */
MYR_API myr_status myr_device_memory(myr_context *context, int device, uint64_t *used, uint64_t *peak);

/* The instruction set that the cpu backend takes: "baseline", "avx2" or "avx512". MYRIAD_ISA=NAME in
 * the environment forces one; one that the processor lacks, or an unknown name, makes runs on cpu
 * fail with MYR_NO_DEVICE or MYR_INVALID_ARGUMENT, and gives "" here. */
MYR_API const char *myr_cpu_isa(void);

/* How the library was built: one line (version, compiler, CUDA or none). */
MYR_API const char *myr_build_description(void);

#ifdef __cplusplus
}
#endif
#endif
