#include "cuda_blas.h"

#include <dlfcn.h>
#include <glob.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

#define STRING(value) #value
#define NAME(value) STRING(value)
#define LIBRARY "libcublas.so." NAME(CUBLAS_VER_MAJOR)
#define OTHER_HALF \
    "libcublasLt.so." NAME(CUBLAS_VER_MAJOR) /* which the library needs, and which lies beside it */

/* Folders that may have it: a pattern, behind what a variable of the environment says if there is one. */
typedef struct place {
    const char *variable, *folders;
} place;

static const place places[] = {
    {"CUDA_HOME", "/lib64"},
    {"CUDA_PATH", "/lib64"},
    {NULL, "/usr/local/cuda*/lib64"},
    {"VIRTUAL_ENV", "/lib/python3*/site-packages/nvidia/*/lib"},
    {"CONDA_PREFIX", "/lib"},
    {"CONDA_PREFIX", "/lib/python3*/site-packages/nvidia/*/lib"},
    {"HOME", "/.local/lib/python3*/site-packages/nvidia/*/lib"},
    {NULL, "/usr/local/lib/python3*/*-packages/nvidia/*/lib"},
    {NULL, "/usr/lib/python3*/*-packages/nvidia/*/lib"},
};

/* Once the other half is there, it is found by its name. */
static void *open_in(const char *folder) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/" OTHER_HALF, folder) < (int)sizeof path)
        (void)dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return snprintf(path, sizeof path, "%s/" LIBRARY, folder) < (int)sizeof path
               ? dlopen(path, RTLD_NOW | RTLD_LOCAL)
               : NULL;
}

static void *open_at(const place *p) {
    const char *root = p->variable ? getenv(p->variable) : "";
    char pattern[4096];
    glob_t found;
    void *library = NULL;
    if (!root || (p->variable && !*root) ||
        snprintf(pattern, sizeof pattern, "%s%s/" LIBRARY, root, p->folders) >= (int)sizeof pattern ||
        glob(pattern, 0, NULL, &found) != 0)
        return NULL;
    for (size_t n = 0; !library && n < found.gl_pathc; n++) {
        *strrchr(found.gl_pathv[n], '/') = '\0';
        library = open_in(found.gl_pathv[n]);
    }
    globfree(&found);
    return library;
}

static myr_status open_library(myr_context *context, void **library) {
    const char *asked = getenv("MYRIAD_CUBLAS");
    if (asked && *asked) {
        *library = open_in(asked);
        if (!*library)
            *library = dlopen(asked, RTLD_NOW | RTLD_LOCAL);
        return *library ? MYR_OK
                        : myr_fail(context, MYR_NO_DEVICE,
                                   "MYRIAD_CUBLAS: %s (expected " LIBRARY ", or its folder)", dlerror());
    }
    *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    for (size_t n = 0; !*library && n < sizeof places / sizeof *places; n++)
        *library = open_at(&places[n]);
    return *library ? MYR_OK
                    : myr_fail(context, MYR_NO_DEVICE,
                               "matrix products on the GPU need " LIBRARY
                               ", which is not in the loader's path, a toolkit or a Python environment "
                               "(MYRIAD_CUBLAS=PATH says where it is)");
}

/* ISO C has no conversion from objects' to functions' pointers: POSIX says that the bits are the same. */
static bool find(void *library, const char *name, void *function) {
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static myr_status load(myr_context *context, myr_cublas *blas) {
    void *library = NULL;
    const myr_status status = open_library(context, &library);
    if (status != MYR_OK)
        return status;
    if (find(library, "cublasCreate_v2", &blas->create) &&
        find(library, "cublasDestroy_v2", &blas->destroy) &&
        find(library, "cublasSetStream_v2", &blas->set_stream) &&
        find(library, "cublasSgemm_v2", &blas->sgemm) &&
        find(library, "cublasSgemmStridedBatched", &blas->sgemm_strided) &&
        find(library, "cublasGemmEx", &blas->gemm))
        return MYR_OK;
    const myr_status lacks = myr_fail(
        context, MYR_NO_DEVICE, "matrix products on the GPU: " LIBRARY " lacks a function: %s", dlerror());
    (void)dlclose(library);
    return lacks;
}

myr_status myr_cublas_find(myr_context *context, const myr_cublas **blas) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static myr_cublas known;
    static bool ready;
    myr_status status = MYR_OK;
    (void)pthread_mutex_lock(&lock);
    if (!ready)
        status = load(context, &known);
    ready |= status == MYR_OK;
    (void)pthread_mutex_unlock(&lock);
    *blas = &known;
    return status;
}
