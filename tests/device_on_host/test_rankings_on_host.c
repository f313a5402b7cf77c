/* The reduction over rankings of the cuda backend, run on the host: the bits of the cpu backend for ragged
 * batches of every width of tile, in 20 orders of threads, from host and from device memory; bad rankings
 * found; failures told and nothing kept. */
#include <criterion/criterion.h>

#include "../rankings_batch.h"
#include "each_failure.h"
#include "fake_runtime.h"

static void expect_same_bits(myr_context *context, rankings_batch *b, const char *what) {
    double *cpu = malloc(b->answers * sizeof *cpu);
    char wanted[512] = "";
    myr_status want = run_rankings(context, b, "cpu", 2);
    const myr_ranking_metrics metrics = b->metrics;
    memcpy(cpu, b->gradient, b->answers * sizeof *cpu);
    if (want != MYR_OK)
        snprintf(wanted, sizeof wanted, "%s", myr_context_error(context));
    myr_status got = run_rankings(context, b, "cuda", 0);
    cr_assert_eq(got, want, "%s: %s", what, myr_context_error(context));
    cr_assert_eq(fake_live(), 0);
    if (want != MYR_OK)
        cr_assert_str_eq(myr_context_error(context), wanted);
    else
        cr_assert(memcmp(&metrics, &b->metrics, sizeof metrics) == 0 &&
                      memcmp(cpu, b->gradient, b->answers * sizeof *cpu) == 0,
                  "%s: loss %a and %a", what, metrics.loss, b->metrics.loss);
    free(cpu);
}

Test(rankings_on_host, ragged_batches_have_the_bits_of_the_cpu) {
    static const size_t longest[] = {1, 2, 4, 5, 8, 9, 16, 17, 32, 33, 64, 100, 1000};
    static const myr_dtype types[] = {MYR_F64, MYR_F32, MYR_BF16, MYR_F16};
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    fake_machine(1, CUDART_VERSION);
    for (size_t l = 0; l < sizeof longest / sizeof *longest; l++) {
        char what[128];
        const size_t count = longest[l] > 32 ? 11 : 600 / longest[l] + 3;
        const double spread = (const double[]){10.0, 4000.0, 200.0}[l % 3];
        rankings_batch b = make_rankings(&state, count, longest[l], types[l % 4], spread);
        snprintf(what, sizeof what, "seed %llu, longest %zu", (unsigned long long)seed, longest[l]);
        if (l % 2)
            b.rankings.weight.data = NULL;
        if (l % 3 == 2)
            b.rankings.reference.data = NULL;
        for (uint64_t order = 0; order < 20; order++) {
            device_on_host_seed(1 + order);
            expect_same_bits(context, &b, what);
        }
        /* A bad answer, and one before it. */
        myr_element_store((myr_array_out){b.log_probs, types[l % 4]}, b.answers - 1, NAN);
        myr_element_store((myr_array_out){b.log_probs, types[l % 4]}, b.answers / 2, INFINITY);
        expect_same_bits(context, &b, what);
        free_rankings(&b);
    }
    myr_context_destroy(context);
}

Test(rankings_on_host, the_longest_ranking_has_the_bits_of_the_cpu) {
    myr_context *context = new_context();
    uint64_t state = fresh_seed();
    fake_machine(1, CUDART_VERSION);
    rankings_batch b = make_rankings(&state, 2, MYR_MAX_RANKED, MYR_F32, 30.0);
    b.weight[0] = 0.5, b.weight[1] = 2.0;
    expect_same_bits(context, &b, "4096 answers");
    b.weight[1] = NAN;
    expect_same_bits(context, &b, "a bad weight");
    free_rankings(&b);
    myr_context_destroy(context);
}

static void *on_device(const void *from, size_t bytes) {
    void *memory;
    cr_assert_eq(cudaMalloc(&memory, bytes), cudaSuccess);
    if (from)
        memcpy(memory, from, bytes);
    return memory;
}

Test(rankings_on_host, device_memory_and_the_callers_stream_are_taken) {
    myr_context *context = new_context();
    uint64_t state = fresh_seed();
    fake_machine(1, CUDART_VERSION);
    rankings_batch b = make_rankings(&state, 40, 12, MYR_BF16, 8.0);
    REQUIRE_OK(context, run_rankings(context, &b, "cpu", 1));
    myr_rankings on = b.rankings;
    cudaStream_t stream;
    cr_assert_eq(cudaStreamCreateWithFlags(&stream, 0), cudaSuccess);
    on.log_probs.data = on_device(b.log_probs, b.answers * sizeof(uint16_t));
    on.reference.data = on_device(b.reference, b.answers * sizeof(uint16_t));
    on.weight.data = on_device(b.weight, b.count * sizeof(double));
    on.starts.data = on_device(b.starts, (b.count + 1) * sizeof(int64_t));
    double *gradient = on_device(NULL, b.answers * sizeof(double));
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    myr_ranking_metrics metrics = MYR_RANKING_METRICS_INIT;
    options.memory = MYR_DEVICE;
    options.stream = stream;
    REQUIRE_OK(context, myr_loss_rankings(context, &on, &options, (myr_array_out){gradient, MYR_F64},
                                          &metrics, NULL));
    cr_expect(memcmp(&metrics, &b.metrics, sizeof metrics) == 0);
    cr_expect(memcmp(gradient, b.gradient, b.answers * sizeof *gradient) == 0);
    ((uint16_t *)on.log_probs.data)[b.starts[31]] = 0x7fc0; /* NaN */
    cr_expect_eq(myr_loss_rankings(context, &on, &options, (myr_array_out){gradient, MYR_F64}, NULL, NULL),
                 MYR_INVALID_DATA);
    cr_expect(strstr(myr_context_error(context), "ranking 31, answer 0: log_probs is "), "%s",
              myr_context_error(context));
    cr_expect_eq(fake_live(), 6); /* five arrays and the stream: the caller's */
    cudaFree((void *)on.log_probs.data);
    cudaFree((void *)on.reference.data);
    cudaFree((void *)on.weight.data);
    cudaFree((void *)on.starts.data);
    cudaFree(gradient);
    cudaStreamDestroy(stream);
    free_rankings(&b);
    myr_context_destroy(context);
}

static myr_status run_again(myr_context *context, void *user) {
    return run_rankings(context, user, "cuda", 0);
}

Test(rankings_on_host, failures_are_told_and_nothing_is_kept) {
    static const char *const functions[] = {"cudaMalloc", "cudaMemsetAsync", "cudaMemcpyAsync",
                                            "cudaStreamSynchronize", "launch"};
    myr_context *context = new_context();
    uint64_t state = 5;
    rankings_batch b = make_rankings(&state, 9, 5, MYR_F32, 3.0);
    expect_failures_of(functions, 5, run_again, &b);
    free_rankings(&b);
    myr_context_destroy(context);
}
