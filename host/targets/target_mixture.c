/* Mixtures of Gaussians. A file is { "type": "mixture", "weights": [w, …], "means": [[m, …], …], "variances":
 * [[v, …], …] }: an entry of each a component, an inner entry a coordinate. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/generator.h"
#include "io/json_fields.h"
#include "marginal.h"
#include "mixture.h"
#include "myriad/random.h"

static myr_status check(myr_context *context, int dimension, int components, const double *weights,
                        const double *means, const double *variances) {
    if (components < 1 || components > MYR_MAX_COMPONENTS)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "components is %d; expected 1 to %d", components,
                        MYR_MAX_COMPONENTS);
    myr_status status = myr_check_array(context, "weights", weights);
    if (status == MYR_OK)
        status = myr_check_array(context, "means", means);
    if (status == MYR_OK)
        status = myr_check_array(context, "variances", variances);
    for (int j = 0; status == MYR_OK && j < components; j++) {
        status = myr_check_positive(context, "weights", j, -1, weights[j]);
        for (int c = 0; status == MYR_OK && c < dimension; c++) {
            status = myr_check_number(context, "means", j, c, means[j * dimension + c]);
            if (status == MYR_OK)
                status = myr_check_positive(context, "variances", j, c, variances[j * dimension + c]);
        }
    }
    return status;
}

static myr_status copy(myr_context *context, int components, const double *weights, const double *means,
                       const double *variances, myr_target *target) {
    myr_mixture *m = target->content;
    size_t vector = (size_t)components * sizeof(double), matrix = vector * (size_t)target->dimension;
    m->components = components;
    m->weights = malloc(vector);
    m->means = malloc(matrix);
    m->variances = malloc(matrix);
    if (!m->weights || !m->means || !m->variances)
        return myr_fail_memory(context, vector + 2 * matrix);
    double sum = 0.0;
    for (int j = 0; j < components; j++)
        sum += weights[j];
    for (int j = 0; j < components; j++)
        m->weights[j] = weights[j] / sum;
    memcpy(m->means, means, matrix);
    memcpy(m->variances, variances, matrix);
    return MYR_OK;
}

/* E = sum w_j mu_j, Var = sum w_j (v_j + (mu_j - E)^2). */
static void find_moments(myr_target *target) {
    const myr_mixture *m = myr_mixture_of(target);
    const int d = target->dimension;
    for (int c = 0; c < d; c++) {
        for (int j = 0; j < m->components; j++)
            target->mean[c] += m->weights[j] * m->means[j * d + c];
        for (int j = 0; j < m->components; j++) {
            double away = m->means[j * d + c] - target->mean[c];
            target->variance[c] += m->weights[j] * (m->variances[j * d + c] + away * away);
        }
    }
}

myr_status myr_target_create_mixture(myr_context *context, int dimension, int components,
                                     const double *weights, const double *means, const double *variances,
                                     myr_target **target) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status =
        myr_target_allocate(context, &myr_target_mixture, dimension, sizeof(myr_mixture), target);
    if (status != MYR_OK)
        return status;
    status = check(context, dimension, components, weights, means, variances);
    if (status == MYR_OK)
        status = copy(context, components, weights, means, variances, *target);
    if (status == MYR_OK) {
        find_moments(*target);
        return MYR_OK;
    }
    myr_target_destroy(*target);
    *target = NULL;
    return status;
}

/* ---- files ----------------------------------------------------------------------------------------- */

/* The length of the first component's mean: the dimension. */
static myr_status find_dimension(const myr_json *json, int components, int *dimension) {
    json_t *means;
    myr_status status = myr_json_field(json, "means", &means);
    if (status != MYR_OK)
        return status;
    const json_t *first = json_array_get(means, 0);
    if (json_array_size(means) != (size_t)components || !json_is_array(first)) {
        double none;
        *dimension = 1; /* the reader of matrices says what is wrong */
        return myr_json_matrix(json, "means", components, 0, &none);
    }
    size_t size = json_array_size(first);
    if (size < 1 || size > MYR_MAX_DIMENSION)
        return myr_fail(json->context, MYR_INVALID_DATA, "%s: means[0] has %zu entries; expected 1 to %d",
                        json->path, size, MYR_MAX_DIMENSION);
    *dimension = (int)size;
    return MYR_OK;
}

static myr_status read_components(const myr_json *json, int components, int dimension, double *values,
                                  myr_target **target) {
    double *weights = values, *means = weights + components;
    double *variances = means + (size_t)components * (size_t)dimension;
    myr_status status = myr_json_vector(json, "weights", components, weights);
    if (status == MYR_OK)
        status = myr_json_matrix(json, "means", components, dimension, means);
    if (status == MYR_OK)
        status = myr_json_matrix(json, "variances", components, dimension, variances);
    if (status != MYR_OK)
        return status;
    return myr_json_refuse(json, myr_target_create_mixture(json->context, dimension, components, weights,
                                                           means, variances, target));
}

static myr_status read_json(const myr_json *json, myr_target **target) {
    static const char *const fields[] = {"type", "weights", "means", "variances", NULL};
    int components = 0, dimension = 0;
    myr_status status = myr_json_check_fields(json, fields);
    if (status == MYR_OK)
        status = myr_json_length(json, "weights", MYR_MAX_COMPONENTS, &components);
    if (status == MYR_OK)
        status = find_dimension(json, components, &dimension);
    if (status != MYR_OK)
        return status;
    size_t bytes = (size_t)components * (1 + 2 * (size_t)dimension) * sizeof(double);
    double *values = malloc(bytes);
    if (!values)
        return myr_fail_memory(json->context, bytes);
    status = read_components(json, components, dimension, values, target);
    free(values);
    return status;
}

/* ---- operations ------------------------------------------------------------------------------------ */

void myr_mixture_widths(const myr_target *target, double *variance, double *narrowest) {
    const myr_mixture *m = myr_mixture_of(target);
    *variance = 0.0;
    *narrowest = INFINITY;
    for (int c = 0; c < target->dimension; c++) {
        double sum = 0.0;
        for (int j = 0; j < m->components; j++) {
            const int at = j * target->dimension + c;
            const double away = m->means[at] - target->mean[c];
            sum += m->weights[j] * (m->variances[at] + away * away);
            *narrowest = fmin(*narrowest, m->variances[at]);
        }
        *variance = fmax(*variance, sum);
    }
}

static void free_content(void *content) {
    myr_mixture *m = content;
    free(m->weights);
    free(m->means);
    free(m->variances);
}

static int normals(const myr_target *target) {
    return myr_mixture_of(target)->components;
}

static void normal(const myr_target *target, int j, int c, double *mean, double *variance) {
    const myr_mixture *m = myr_mixture_of(target);
    *mean = m->means[j * target->dimension + c];
    *variance = m->variances[j * target->dimension + c];
}

/* Block 0 of the stream chooses the component, the blocks from 1 on are normals. */
static void draw(const myr_target *target, uint64_t seed, uint64_t index, double *x) {
    const myr_mixture *m = myr_mixture_of(target);
    const int d = target->dimension;
    uint32_t words[4];
    myr_words_draw(seed, index, MYR_STREAM_EXACT, 0, words);
    const double u = ((double)words[0] + 0.5) * 0x1p-32;
    myr_normals stream = myr_normals_make(seed, index, MYR_STREAM_EXACT);
    int k = 0;
    double sum = m->weights[0];
    while (k < m->components - 1 && u >= sum)
        sum += m->weights[++k];
    for (int c = 0; c < d; c++)
        x[c] = m->means[k * d + c] + sqrt(m->variances[k * d + c]) * myr_normals_draw(&stream, 4 + c);
}

static myr_status marginal(myr_context *context, const myr_target *target, int coordinate,
                           const double *direction, myr_marginal *to) {
    const myr_mixture *m = myr_mixture_of(target);
    const int d = target->dimension;
    myr_status status = myr_marginal_place_normals(context, m->components, to);
    for (int k = 0; status == MYR_OK && k < m->components; k++) {
        double mean = 0.0, variance = 0.0;
        for (int c = 0; c < d; c++) {
            const double v = myr_along(direction, coordinate, c);
            mean += v * m->means[k * d + c];
            variance += v * v * m->variances[k * d + c];
        }
        to->weight[k] = m->weights[k];
        to->part_mean[k] = mean;
        to->part_deviation[k] = sqrt(variance);
    }
    return status;
}

static double covariance(const myr_target *target, int i, int j) {
    const myr_mixture *m = myr_mixture_of(target);
    const int d = target->dimension;
    double sum = 0.0;
    for (int k = 0; k < m->components; k++) {
        const double off_i = m->means[k * d + i] - target->mean[i],
                     off_j = m->means[k * d + j] - target->mean[j];
        sum += m->weights[k] * (off_i * off_j + (i == j ? m->variances[k * d + i] : 0.0));
    }
    return sum;
}

/* log w_k - 1/2 sum log v_kc */
static void weigh_cells(const myr_target *target, double *weight, double *constant) {
    const myr_mixture *m = myr_mixture_of(target);
    const int d = target->dimension;
    for (int k = 0; k < m->components; k++) {
        weight[k] = m->weights[k];
        constant[k] = log(weight[k]);
        for (int c = 0; c < d; c++)
            constant[k] -= 0.5 * log(m->variances[k * d + c]);
    }
}

/* Where components overlap, a sample belongs to none of them for certain. It is given a label drawn by its
 * responsibilities r_k(x) = w_k N(x; mu_k, v_k)/sum, with a number of the trajectory's own stream: the labels of
 * exact draws are then independent and have the probabilities w_k exactly. */
static int find_cell(const myr_target *target, const double *constant, uint64_t seed, uint64_t trajectory,
                     const double *x) {
    const myr_mixture *m = myr_mixture_of(target);
    const int d = target->dimension, cells = m->components;
    double score[MYR_MAX_COMPONENTS], most = -INFINITY, sum = 0.0;
    uint32_t words[4];
    for (int k = 0; k < cells; k++) {
        score[k] = constant[k];
        for (int c = 0; c < d; c++) {
            const double off = x[c] - m->means[k * d + c];
            score[k] -= 0.5 * off * off / m->variances[k * d + c];
        }
        most = score[k] > most ? score[k] : most;
    }
    for (int k = 0; k < cells; k++)
        sum += score[k] = exp(score[k] - most);
    if (!(sum >= 1.0)) /* NaN, or so far away that all scores are infinite */
        return -1;
    myr_words_draw(seed, trajectory, MYR_STREAM_LABEL, 0, words);
    double left = ((double)words[0] + 0.5) * 0x1p-32 * sum;
    int label = 0;
    for (int k = 0; k + 1 < cells && left >= score[k]; k++) {
        left -= score[k];
        label = k + 1;
    }
    return label;
}

static myr_status example(myr_context *context, int index, myr_target **target) {
    static const double weights[] = {3.0, 2.0, 1.0}, mean[] = {-1.0, 0.5, 1.0, -0.2, 4.0, 2.0},
                        variance[] = {0.3, 0.2, 0.05, 0.6, 0.01, 1.0};
    return index == 0 ? myr_target_create_mixture(context, 2, 3, weights, mean, variance, target) : MYR_OK;
}

const myr_target_operations myr_target_mixture = {
    .type = "mixture",
    .help = "a mixture of Gaussians (FILE.json)",
    .most = MYR_MAX_DIMENSION,
    .read = read_json,
    .free_content = free_content,
    .example = example,
    .normals = normals,
    .normal = normal,
    .draw = draw,
    .marginal = marginal,
    .covariance = covariance,
    .cells = normals,
    .weigh_cells = weigh_cells,
    .find_cell = find_cell,
    .starts_in_component = true,
};
