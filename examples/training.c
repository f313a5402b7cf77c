/* A training loop on the GPU: a log-linear policy learns by DPO from pairs that lie there, on a stream of
 * its own. Pairs, parameters and gradient never leave the GPU; a step brings back the few numbers that it
 * prints.
 *
 *     training [STEPS]
 *
 * The pairs are drawn from a known policy, so that one can see it being found. */
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <math.h>
#include <myriad/myriad.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAIRS = 1024, PARAMETERS = 8, NO_GPU = 77 };

/* Numbers from 0 to 1, by Knuth's linear congruential generator. */
static double uniform(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53;
}

/* Feature differences of a preferred and a dispreferred answer, where the true policy prefers one at
 * random: with probability sigmoid(margin). */
static void draw_pairs(float *delta, const float *truth) {
    uint64_t state = 1;
    for (int i = 0; i < PAIRS; i++) {
        float *row = delta + i * PARAMETERS;
        double margin = 0.0;
        for (int p = 0; p < PARAMETERS; p++) {
            row[p] = (float)(2.0 * uniform(&state) - 1.0);
            margin += (double)(row[p] * truth[p]);
        }
        if (uniform(&state) > 1.0 / (1.0 + exp(-margin)))
            for (int p = 0; p < PARAMETERS; p++)
                row[p] = -row[p];
    }
}

typedef struct trainer {
    cudaStream_t stream;
    cublasHandle_t blas;
    float *d_delta, *d_theta, *d_gradient;
} trainer;

static int begin(trainer *t, const float *delta) {
    const size_t bytes = PARAMETERS * sizeof(float);
    return cudaStreamCreateWithFlags(&t->stream, cudaStreamNonBlocking) != cudaSuccess ||
           cublasCreate(&t->blas) != CUBLAS_STATUS_SUCCESS ||
           cublasSetStream(t->blas, t->stream) != CUBLAS_STATUS_SUCCESS ||
           cudaMalloc((void **)&t->d_delta, PAIRS * bytes) != cudaSuccess ||
           cudaMalloc((void **)&t->d_theta, bytes) != cudaSuccess ||
           cudaMalloc((void **)&t->d_gradient, bytes) != cudaSuccess ||
           cudaMemcpyAsync(t->d_delta, delta, PAIRS * bytes, cudaMemcpyHostToDevice, t->stream) !=
               cudaSuccess ||
           cudaMemsetAsync(t->d_theta, 0, bytes, t->stream) != cudaSuccess;
}

static void end(trainer *t) {
    (void)cudaFree(t->d_delta);
    (void)cudaFree(t->d_theta);
    (void)cudaFree(t->d_gradient);
    if (t->blas)
        (void)cublasDestroy(t->blas);
    if (t->stream)
        (void)cudaStreamDestroy(t->stream);
}

/* One step of gradient descent, all of it queued on the stream. */
static int take_step(myr_context *context, const trainer *t, float rate, myr_linear_metrics *metrics) {
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT; /* sigmoid: DPO */
    loss.beta = 1.0;
    myr_features features = MYR_FEATURES_INIT;
    features.count = PAIRS;
    features.parameters = PARAMETERS;
    features.delta.data = t->d_delta;
    myr_compute_options compute = MYR_COMPUTE_OPTIONS_INIT;
    compute.memory = MYR_DEVICE;
    compute.stream = t->stream;
    const myr_array theta = {t->d_theta, MYR_F32};
    const myr_array_out gradient = {t->d_gradient, MYR_F32};
    if (myr_loss_linear(context, &loss, &features, theta, &compute, gradient, metrics, NULL) != MYR_OK) {
        fprintf(stderr, "training: %s\n", myr_context_error(context));
        return 1;
    }
    const float minus_rate = -rate;
    return cublasSaxpy(t->blas, PARAMETERS, &minus_rate, t->d_gradient, 1, t->d_theta, 1) !=
           CUBLAS_STATUS_SUCCESS;
}

static int train(myr_context *context, trainer *t, int steps, const float *truth) {
    float theta[PARAMETERS];
    for (int step = 0; step <= steps; step++) {
        myr_linear_metrics metrics;
        if (take_step(context, t, 4.0f, &metrics))
            return 1;
        if (step % 20 == 0)
            printf("step %3d  loss %.6f  accuracy %.4f\n", step, metrics.loss, metrics.rewards_accuracies);
    }
    if (cudaMemcpyAsync(theta, t->d_theta, sizeof theta, cudaMemcpyDeviceToHost, t->stream) !=
            cudaSuccess ||
        cudaStreamSynchronize(t->stream) != cudaSuccess)
        return 1;
    for (int p = 0; p < PARAMETERS; p++)
        printf("parameter %d  learnt %+.3f  true %+.3f\n", p, (double)theta[p], (double)truth[p]);
    return 0;
}

int main(int argc, char **argv) {
    static const float truth[PARAMETERS] = {1.5f, -1.0f, 0.5f, 0.0f, 2.0f, -0.5f, 1.0f, -1.5f};
    static float delta[PAIRS * PARAMETERS];
    const int steps = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 60;
    myr_context *context = NULL;
    if (myr_context_create(&context) != MYR_OK)
        return 1;
    if (myr_backend_available(context, "cuda") != MYR_OK) {
        fprintf(stderr, "training: %s\n", myr_context_error(context));
        myr_context_destroy(context);
        return NO_GPU;
    }
    trainer t = {NULL, NULL, NULL, NULL, NULL};
    draw_pairs(delta, truth);
    int failed = begin(&t, delta);
    if (failed)
        fprintf(stderr, "training: the GPU cannot be set up\n");
    failed = failed || train(context, &t, steps, truth);
    end(&t);
    myr_context_destroy(context);
    return failed;
}
