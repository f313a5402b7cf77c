/* A ring: the circle of a radius about a mean, all angles alike. A file is { "type": "ring", "mean": [m, m], "radius": R }.
 * Its content is the radius. */
#include <math.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/generator.h"
#include "io/json_fields.h"
#include "marginal.h"
#include "myriad/random.h"

static const double pi = 3.14159265358979323846;

static double radius_of(const myr_target *target) {
    return *(const double *)target->content;
}

myr_status myr_target_create_ring(myr_context *context, const double *mean, double radius,
                                  myr_target **target) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status = myr_target_allocate(context, &myr_target_ring, 2, sizeof radius, target);
    if (status != MYR_OK)
        return status;
    status = myr_check_array(context, "mean", mean);
    for (int c = 0; status == MYR_OK && c < 2; c++)
        status = myr_check_number(context, "mean", c, -1, mean[c]);
    if (status == MYR_OK)
        status = myr_check_positive(context, "radius", -1, -1, radius);
    if (status != MYR_OK) {
        myr_target_destroy(*target);
        *target = NULL;
        return status;
    }
    *(double *)(*target)->content = radius;
    for (int c = 0; c < 2; c++) {
        (*target)->mean[c] = mean[c];
        (*target)->variance[c] = 0.5 * radius * radius;
    }
    return MYR_OK;
}

static myr_status read_json(const myr_json *json, myr_target **target) {
    static const char *const fields[] = {"type", "mean", "radius", NULL};
    double mean[2], radius;
    myr_status status = myr_json_check_fields(json, fields);
    if (status == MYR_OK)
        status = myr_json_vector(json, "mean", 2, mean);
    if (status == MYR_OK)
        status = myr_json_real(json, "radius", &radius);
    if (status != MYR_OK)
        return status;
    return myr_json_refuse(json, myr_target_create_ring(json->context, mean, radius, target));
}

static void free_content(void *content) {
    (void)content; /* it points at nothing */
}

static myr_status example(myr_context *context, int index, myr_target **target) {
    const double mean[] = {0.5, -1.0};
    return index == 0 ? myr_target_create_ring(context, mean, 1.5, target) : MYR_OK;
}

/* As kernels/pointwise.h wants them: R, and a R/s^2. */
static void write_level(const myr_target *target, double a, double s, float *level) {
    const double radius = radius_of(target), sharp = a * radius / (s * s);
    level[0] = (float)radius;
    level[1] = (float)(sharp < 0x1p-90 ? 0.0 : fmin(sharp, 0x1p90)); /* infinite where s is 0 */
}

static void draw(const myr_target *target, uint64_t seed, uint64_t index, double *x) {
    uint32_t words[4];
    myr_words_draw(seed, index, MYR_STREAM_EXACT, 0, words);
    const double angle = 2.0 * pi * ((double)words[0] + 0.5) * 0x1p-32;
    x[0] = target->mean[0] + radius_of(target) * cos(angle);
    x[1] = target->mean[1] + radius_of(target) * sin(angle);
}

/* ---- the law on a line: that of m + r cos of a uniform angle, r being sqrt(2) deviations ------------ */

/* (x - m)/r, kept to where the law lives. */
static double cosine_of(const myr_marginal *marginal, double x) {
    return fmax(-1.0, fmin(1.0, (x - marginal->mean) / (sqrt(2.0) * marginal->deviation)));
}

static double cdf(const myr_marginal *marginal, double x) {
    return 1.0 - acos(cosine_of(marginal, x)) / pi;
}

/* The mean of r cos from the angle of x to half a turn: -r sin/pi. */
static double lower(const myr_marginal *marginal, double x) {
    const double cosine = cosine_of(marginal, x);
    return -sqrt(2.0) * marginal->deviation * sqrt((1.0 - cosine) * (1.0 + cosine)) / pi;
}

static double quantile(const myr_marginal *marginal, double u, double near) {
    (void)near;
    return marginal->mean - sqrt(2.0) * marginal->deviation * cos(pi * u);
}

static myr_status marginal(myr_context *context, const myr_target *target, int coordinate,
                           const double *direction, myr_marginal *to) {
    static const myr_law law = {cdf, lower, quantile};
    const double v[2] = {myr_along(direction, coordinate, 0), myr_along(direction, coordinate, 1)};
    (void)context;
    myr_marginal_place_law(&law, v[0] * target->mean[0] + v[1] * target->mean[1],
                           sqrt(0.5) * radius_of(target) * hypot(v[0], v[1]), to);
    return MYR_OK;
}

static double covariance(const myr_target *target, int i, int j) {
    return i == j ? target->variance[i] : 0.0;
}

const myr_target_operations myr_target_ring = {
    .type = "ring",
    .help = "a circle in the plane (FILE.json)",
    .most = 2,
    .read = read_json,
    .free_content = free_content,
    .example = example,
    .draw = draw,
    .marginal = marginal,
    .covariance = covariance,
    .level_floats = 2,
    .write_level = write_level,
};
