/* `myriad bench`: throughput against the hardware's limit, after the results have been checked.
 *
 * A measurement is a file bench_NAME.c and its line in the list of bench_list.c. */
#ifndef MYRIAD_BENCH_H
#define MYRIAD_BENCH_H

#include <myriad/myriad.h>

typedef struct bench_options {
    const char *backend; /* as in myr_run_options */
    const char *math;
    int threads;
    int device;
    int repeats;        /* timed runs, 3 … 1000, after one that warms up */
    double scale;       /* of the work of a timed run: 1 is about half a second on a fast core */
    const char *points; /* NAME.npy of data points; NULL: made-up ones */
    bool far;           /* that of the case: inputs far apart */
} bench_options;

typedef struct bench_result {
    const char *name;
    const char *backend;
    char device[128];
    char size[96]; /* as "T = 1000, N = 524288" */
    double seconds_median, seconds_min, seconds_max;
    double rate; /* by the median, in unit */
    const char *unit;
    double limit;   /* of the rate, from a ceiling measured now; NaN if there is none */
    uint64_t wrong; /* results that did not pass the check */
} bench_result;

typedef void (*bench_report)(void *user, const bench_result *result);

typedef struct bench_case {
    const char *name;
    const char *help;
    myr_status (*run)(myr_context *context, const bench_options *options, bench_report report, void *user);
    bool far; /* the same measurement on inputs far apart, which shall take no longer */
} bench_case;

/* The measurements, in order; NULL past the end. */
const bench_case *bench_case_at(int index);

/* Calls work(user) once to warm up and then repeats times; fills in the seconds. A status other than MYR_OK
 * ends it. */
myr_status bench_time(int repeats, myr_status (*work)(void *user), void *user, bench_result *result);

/* Whether a backend that ran is of floats on the host: its limits are the CPU's ceilings. */
static inline bool bench_on_cpu(const char *backend) {
    return !myr_backend_has(backend, "device") && !myr_backend_has(backend, "double");
}

/* Threads of the cpu that --threads means. */
int bench_threads(const bench_options *options);

/* What a report says of where it ran, in a result. */
void bench_took(bench_result *result, const char *backend, const char *device);

/* Steele, Lea & Flood (2014), splitmix64. */
static inline uint64_t bench_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The seconds of a result: median and extremes of seconds[repeats], which are sorted. */
void bench_summarise(int repeats, double *seconds, bench_result *result);

/* The cpu's ceiling for a mix of 32 x 32 -> 64 multiplications and fused multiply-adds, 9 of the latter for
 * 5 of the former, in vector lanes of 32 bits: lane operations per second and thread on that many threads
 * at once. 0 where the instruction set has no fused multiply-add. */
double bench_ceiling_mix(int threads);

/* Trajectories a second that a step's two products of matrices take, without the rest, for that many data
 * points; 0 without memory. */
double bench_ceiling_products(int points, int dimension, int threads);

/* The cpu's ceiling for reading memory. begin: NULL without memory; rate: bytes a second that the threads
 * together read, in one pass that is to be taken in turn with the work, since a machine's bandwidth changes
 * with what else runs on it. */
typedef struct bench_reading bench_reading;
bench_reading *bench_reading_begin(int threads);
double bench_reading_rate(bench_reading *reading);
void bench_reading_end(bench_reading *reading);

/* Of values[count], which become sorted. */
double bench_median(int count, double *values);

extern const bench_case bench_gaussian;
extern const bench_case bench_mixture;
extern const bench_case bench_empirical;
extern const bench_case bench_discrete;
extern const bench_case bench_pairs;
extern const bench_case bench_pairs_far;
extern const bench_case bench_linear;
extern const bench_case bench_many;
extern const bench_case bench_tokens;
extern const bench_case bench_tokens_far;
extern const bench_case bench_head;
extern const bench_case bench_rankings;
extern const bench_case bench_rankings_far;
extern const bench_case bench_rlvr;
extern const bench_case bench_sample;
extern const bench_case bench_fit_bootstrap;
extern const bench_case bench_fit_many;
extern const bench_case bench_fit_features;

#endif
