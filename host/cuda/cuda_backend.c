/* The cuda backend's entry in the list of backends. */
#include "cuda_backend.h"

static void describe(int device, int threads, char *text, size_t size) {
    (void)threads;
    myr_cuda_device_describe(device, text, size);
}

const myr_backend myr_backend_cuda = {
    .name = "cuda",
    .help = "float on an NVIDIA GPU, exact or fast arithmetic, all steps in one kernel",
    .available = myr_cuda_available,
    .describe = describe,
    .moments = myr_cuda_moments,
    .states = myr_cuda_states,
    .words = myr_cuda_words,
    .normals = myr_cuda_normals,
};
