/* Where a reduction runs and where its arrays lie: what all calls on preferences have in common. */
#ifndef MYRIAD_COMPUTE_H
#define MYRIAD_COMPUTE_H

#include "myriad/report.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The elements of an array. cpu and cuda compute in float and sum in double, whatever the arrays hold;
 * reference computes in double. */
typedef enum myr_dtype { MYR_F64, MYR_F32, MYR_BF16, MYR_F16, MYR_I32, MYR_I64 } myr_dtype;

/* An array that a call reads, and one that it writes. Data is aligned to its elements; NULL where the call
 * says that the array may be left out. */
typedef struct myr_array {
    const void *data;
    myr_dtype type;
} myr_array;

typedef struct myr_array_out {
    void *data;
    myr_dtype type;
} myr_array_out;

/* "f32", say; "unknown" for a value that is none. The bytes of an element; 0 likewise. */
MYR_API const char *myr_dtype_name(myr_dtype type);
MYR_API size_t myr_dtype_size(myr_dtype type);

typedef enum myr_memory {
    MYR_HOST,  /* the arrays of the call lie in the host's memory */
    MYR_DEVICE /* in that of the GPU: backend cuda */
} myr_memory;

/* NULL in a call: the initialiser's, host memory on the automatic backend. With device memory the work is
 * queued on stream behind what is there already, nothing is copied but the few numbers of the result, and
 * the call returns when they have arrived. */
typedef struct myr_compute_options {
    size_t struct_size;
    const char *backend; /* "auto" (cuda if a GPU is usable, else cpu; with device memory cuda),
                            "reference", "cpu", "cuda" */
    int threads;         /* of the CPU; 0: all that the process may use */
    int device;          /* which GPU, from 0; with device memory the one that the arrays lie on */
    myr_memory memory;
    void *stream;     /* a cudaStream_t of that GPU, with device memory; NULL: its default stream */
    const char *math; /* "exact"; "fast": cuda may multiply by tensor cores, which costs digits
                         (myr_loss_head says how many); all else is as in "exact", which NULL is too */
} myr_compute_options;

#define MYR_COMPUTE_OPTIONS_INIT \
    { sizeof(myr_compute_options), "auto", 0, 0, MYR_HOST, NULL, "exact" }
MYR_API void myr_compute_options_default(myr_compute_options *made, size_t struct_size);

#ifdef __cplusplus
}
#endif
#endif
