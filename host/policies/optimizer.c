#include "optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

static myr_status check(myr_context *context, const myr_training_options *o) {
    if (!o->optimizer || (strcmp(o->optimizer, "sgd") != 0 && strcmp(o->optimizer, "adamw") != 0))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "optimizer: '%s' is not known (expected sgd, adamw)",
                        o->optimizer ? o->optimizer : "NULL");
    if (!(o->rate > 0.0 && o->rate <= 1e6))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "rate: %g is out of range (above 0 … 1e6)", o->rate);
    if (!(o->beta1 >= 0.0 && o->beta1 < 1.0 && o->beta2 >= 0.0 && o->beta2 < 1.0 && o->epsilon > 0.0 &&
          o->epsilon <= 1.0))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "adamw: beta1 %g, beta2 %g, epsilon %g (expected 0 … 1, 1 excluded; above 0 … 1)",
                        o->beta1, o->beta2, o->epsilon);
    if (!(o->decay >= 0.0 && o->decay <= 1.0))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "decay: %g is out of range (0 … 1)", o->decay);
    return MYR_OK;
}

myr_status myr_optimizer_begin(myr_context *context, const myr_training_options *options, size_t count,
                               myr_optimizer *optimizer) {
    *optimizer = (myr_optimizer){0};
    myr_status status = check(context, options);
    if (status != MYR_OK)
        return status;
    const bool adam = strcmp(options->optimizer, "adamw") == 0;
    double *first = adam ? calloc(2 * count, sizeof *first) : NULL;
    if (adam && !first)
        return myr_fail_memory(context, 2 * count * sizeof *first);
    *optimizer = (myr_optimizer){options, adam, count, 0, first, adam ? first + count : NULL};
    return MYR_OK;
}

/* Loshchilov & Hutter (2019): the decay is apart from the gradient's step. */
void myr_optimizer_step(myr_optimizer *o, const double *gradient, double *parameters) {
    const myr_training_options *options = o->options;
    const double beta1 = options->beta1, beta2 = options->beta2, t = (double)++o->steps;
    const double correct1 = 1.0 - pow(beta1, t), correct2 = 1.0 - pow(beta2, t);
    for (size_t n = 0; n < o->count; n++) {
        double step = gradient[n];
        if (o->adam) {
            o->first[n] = beta1 * o->first[n] + (1.0 - beta1) * gradient[n];
            o->second[n] = beta2 * o->second[n] + (1.0 - beta2) * gradient[n] * gradient[n];
            step = o->first[n] / correct1 / (sqrt(o->second[n] / correct2) + options->epsilon);
        }
        parameters[n] -= options->rate * (options->decay * parameters[n] + step);
    }
}

void myr_optimizer_end(myr_optimizer *optimizer) {
    free(optimizer->first);
    *optimizer = (myr_optimizer){0};
}
