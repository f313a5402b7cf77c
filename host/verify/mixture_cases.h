/* What the files on mixtures share. */
#ifndef MYRIAD_MIXTURE_CASES_H
#define MYRIAD_MIXTURE_CASES_H

#include "tiers.h"

/* Two components on a line, well apart, weights 2/3 and 1/3, on ve from the exact start. Destroy with
 * myr_case_destroy, also after a failure. */
myr_status myr_mixture_pair(myr_context *context, const char *sampler, int64_t steps, myr_case *made);

/* Mean and variance of the results, of the verified backend, against quadrature. */
myr_status myr_verify_mixture_laws(myr_verification *v);

#endif
