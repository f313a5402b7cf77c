/* What the loops of kernels/exponential.h shall not know when they are compiled. */
#include "exponential.h"

const float myr_exp_end = MYR_EXP_LOWEST;
