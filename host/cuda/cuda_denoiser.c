#include "cuda_denoiser.h"

#include "targets/target_data.h"

#define MYR_CUDA_DENOISER(name, D) {&myr_target_##name, &myr_cuda_##name, NULL},

static const myr_cuda_denoiser denoisers[] = {{&myr_target_gaussian, &myr_cuda_affine, NULL},
                                              {&myr_target_mixture, &myr_cuda_mixture, NULL},
                                              {&myr_target_empirical, NULL, &myr_cuda_empirical},
                                              MYR_POINTWISE_LIST(MYR_CUDA_DENOISER)};

myr_status myr_cuda_denoiser_find(myr_context *context, const myr_target *target,
                                  const myr_cuda_denoiser **denoiser) {
    for (size_t n = 0; n < sizeof denoisers / sizeof *denoisers; n++)
        if (denoisers[n].target == target->operations) {
            *denoiser = &denoisers[n];
            return MYR_OK;
        }
    return myr_target_lacks(context, target, "denoiser on the backend cuda");
}
