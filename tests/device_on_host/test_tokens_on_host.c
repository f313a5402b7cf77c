/* Kernels over rows of logits and over tokens, run on the host through the cuda backend: the bits of the
 * cpu backend, for every type, alignment and size at the edges of vectors, lanes and tiles. */
#include <criterion/criterion.h>

#include "cpu/losses/cpu_tokens.h"
#include "cuda/losses/cuda_tokens.h"
#include "fake_runtime.h"
#include "token_rows.h"

static void check_rows(myr_context *context, const rows_batch *b, uint64_t *state) {
    const size_t rows = (size_t)b->tokens.rows, bytes = b->logits * myr_dtype_size(b->type);
    myr_row_result *cpu = poisoned(rows * sizeof *cpu), *cuda = poisoned(rows * sizeof *cuda);
    void *typed[2] = {malloc(bytes), malloc(bytes)};
    double *upstream = malloc(rows * sizeof *upstream);
    myr_row_job job = {.compute = {.threads = 1},
                       .rows = rows,
                       .vocabulary = b->tokens.vocabulary,
                       .labels = b->tokens.labels,
                       .mask = b->mask};
    for (size_t row = 0; row < rows; row++)
        upstream[row] = row % 7 == 3 ? 0.0 : uniform(state) - 0.5;
    for (int i = 0; i < 2; i++) {
        const myr_token_reductions *backend = i ? &myr_cuda_tokens : &myr_cpu_tokens;
        memcpy(typed[i], b->typed, bytes);
        job.logits = (myr_array_out){typed[i], b->type};
        REQUIRE_OK(context, backend->rows(context, &job, i ? cuda : cpu));
        REQUIRE_OK(context, backend->gradient(context, &job, i ? cuda : cpu, upstream));
    }
    for (size_t row = 0; row < rows; row++)
        cr_assert(cpu[row].state == cuda[row].state && cpu[row].power == cuda[row].power &&
                      memcmp(&cpu[row].logp, &cuda[row].logp, sizeof(double)) == 0 &&
                      memcmp(&cpu[row].normaliser, &cuda[row].normaliser, sizeof(double)) == 0,
                  "%s, vocabulary %llu, row %zu: %a and %a", myr_dtype_name(b->type),
                  (unsigned long long)b->tokens.vocabulary, row, cpu[row].logp, cuda[row].logp);
    cr_assert_arr_eq(typed[0], typed[1], bytes, "%s, vocabulary %llu: gradients", myr_dtype_name(b->type),
                     (unsigned long long)b->tokens.vocabulary);
    free(cpu);
    free(cuda);
    free(typed[0]);
    free(typed[1]);
    free(upstream);
}

Test(tokens_on_host, rows_have_the_bits_of_the_cpu) {
    static const uint64_t sizes[] = {1,    7,    8,    31,   32,   33,   64,    1000,
                                     1023, 1024, 1025, 2048, 4095, 4097, 16384, 17409};
    static const myr_dtype types[] = {MYR_F64, MYR_F32, MYR_BF16, MYR_F16};
    static const double spreads[] = {0.01, 3.0, 400.0};
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    cr_log_info("seed %llu", (unsigned long long)seed);
    fake_machine(1, CUDART_VERSION);
    for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++)
        for (size_t type = 0; type < 4; type++) {
            rows_batch b = make_rows(&state, 2, 3, sizes[size], types[type], spreads[(size + type) % 3]);
            check_rows(context, &b, &state);
            free_rows(&b);
        }
    cr_expect_eq(fake_live(), 0);
    myr_context_destroy(context);
}

Test(tokens_on_host, rows_do_not_hang_on_the_order) {
    static const uint64_t counts[] = {1, 31, 32, 33};
    myr_context *context = new_context();
    uint64_t state = fresh_seed();
    fake_machine(1, CUDART_VERSION);
    for (uint64_t order = 0; order < 20; order++) {
        device_on_host_seed(order);
        rows_batch b = make_rows(&state, 1, counts[order % 4], 1025, MYR_F32, 3.0);
        check_rows(context, &b, &state);
        free_rows(&b);
    }
    myr_context_destroy(context);
}

/* Labels, logits and masks that are refused have the same states. */
Test(tokens_on_host, refusals_are_those_of_the_cpu) {
    enum { V = 1030, N = 6 };
    static float x[N * V];
    int32_t labels[N] = {0, -1, V, 5, 6, 7};
    uint8_t mask[N] = {1, 1, 1, 1, 1, 0};
    myr_row_result cpu[N], cuda[N];
    myr_context *context = new_context();
    fake_machine(1, CUDART_VERSION);
    x[V - 1] = NAN;
    x[V] = -INFINITY; /* of no probability, and of a label that is refused: not what is wrong */
    x[3 * V + 1029] = INFINITY;
    x[4 * V + 6] = -1e9f;
    x[5 * V] = NAN; /* masked */
    myr_row_job job = {.compute = {.threads = 1},
                       .rows = N,
                       .vocabulary = V,
                       .logits = {x, MYR_F32},
                       .labels = {labels, MYR_I32},
                       .mask = mask};
    REQUIRE_OK(context, myr_cpu_tokens.rows(context, &job, cpu));
    REQUIRE_OK(context, myr_cuda_tokens.rows(context, &job, cuda));
    static const myr_row_state expected[N] = {MYR_ROW_BAD_LOGIT, MYR_ROW_BAD_LABEL,  MYR_ROW_BAD_LABEL,
                                              MYR_ROW_BAD_LOGIT, MYR_ROW_BAD_CHOICE, MYR_ROW_MASKED};
    for (int row = 0; row < N; row++) {
        cr_expect_eq(cpu[row].state, (int32_t)expected[row], "cpu, row %d: %d", row, (int)cpu[row].state);
        cr_expect_eq(cuda[row].state, (int32_t)expected[row], "cuda, row %d: %d", row,
                     (int)cuda[row].state);
    }
    myr_context_destroy(context);
}

/* Each order with another type. */
Test(tokens_on_host, policy_has_the_bits_of_the_cpu) {
    static const uint64_t lengths[] = {1, 31, 256, 257, 1000};
    enum { SEQUENCES = 5, TOKENS = 1545 };
    static const myr_dtype types[] = {MYR_F64, MYR_F32, MYR_BF16, MYR_F16};
    static uint8_t mask[TOKENS];
    static double now[TOKENS], old[TOKENS], gradient[2][TOKENS];
    double advantage[SEQUENCES], scale[SEQUENCES], counted[2][SEQUENCES];
    uint64_t starts[SEQUENCES + 1] = {0}, state = fresh_seed();
    myr_policy_sums sums[2][SEQUENCES];
    myr_context *context = new_context();
    fake_machine(1, CUDART_VERSION);
    for (int s = 0; s < SEQUENCES; s++) {
        starts[s + 1] = starts[s] + lengths[s];
        advantage[s] = uniform(&state) - 0.5;
        scale[s] = s == 1 ? 0.0 : -0.25;
    }
    cr_assert_eq(starts[SEQUENCES], (uint64_t)TOKENS);
    for (uint64_t order = 0; order < 20; order++) {
        const size_t type = order % 4;
        device_on_host_seed(order);
        for (size_t t = 0; t < TOKENS; t++) {
            myr_element_store((myr_array_out){now, types[type]}, t, -5.0 * uniform(&state));
            myr_element_store((myr_array_out){old, types[type]}, t, -5.0 * uniform(&state));
            mask[t] = next_random(&state) % 3 != 0;
        }
        for (int i = 0; i < 2; i++) {
            const myr_token_reductions *backend = i ? &myr_cuda_tokens : &myr_cpu_tokens;
            myr_policy_job job = {.compute = {.threads = 1},
                                  .sequences = SEQUENCES,
                                  .starts = starts,
                                  .log_probs = {now, types[type]},
                                  .old_log_probs = {old, types[type]},
                                  .mask = mask,
                                  .cap = 2.0,
                                  .advantage = advantage,
                                  .scale = scale,
                                  .gradient = {gradient[i], type % 2 ? MYR_F32 : MYR_F64}};
            memset(gradient[i], 0xff, sizeof gradient[i]);
            REQUIRE_OK(context, backend->policy_tokens(context, &job, counted[i]));
            REQUIRE_OK(context, backend->policy(context, &job, sums[i]));
        }
        cr_expect_arr_eq(counted[0], counted[1], sizeof counted[0]);
        cr_expect_arr_eq(gradient[0], gradient[1], sizeof gradient[0]);
        for (int s = 0; s < SEQUENCES; s++)
            cr_expect(memcmp(&sums[0][s].objective, &sums[1][s].objective, sizeof(double)) == 0 &&
                          sums[0][s].tokens == sums[1][s].tokens &&
                          sums[0][s].capped == sums[1][s].capped && !sums[0][s].bad && !sums[1][s].bad,
                      "sequence %d", s);
    }
    cr_expect_eq(fake_live(), 0);
    myr_context_destroy(context);
}

/* The last layer with CBLAS for cuBLAS, in two chunks, the later first on the way back. Products of the two
 * backends may be cut differently. Logits, sums of 24 terms below 1, differ by at most 25 24 2^-24
 * = 3.6e-5, a softmax by twice that of itself. A row's slopes are below 1/2 in size, and below 1 in sum:
 * hidden gradients differ by 7.2e-5 and the 300 terms' own 300 2^-24 = 1.8e-5, the matrix's, of 9 rows, by
 * 9/2 7.2e-5. */
Test(tokens_on_host, last_layer_agrees_with_the_cpu) {
    enum { N = 10, V = 300, WIDTH = 24, CHUNK = 6 };
    static float hidden[N * WIDTH], matrix[V * WIDTH], to_hidden[2][N * WIDTH], to_matrix[2][V * WIDTH];
    static float first_hidden[N * WIDTH], first_matrix[V * WIDTH];
    static const uint64_t rows[N - 1] = {9, 8, 7, 5, 4, 3, 2, 1, 0}; /* row 6 is masked */
    myr_row_result results[2][N];
    double upstream[N];
    int64_t labels[N];
    uint64_t state = fresh_seed();
    myr_context *context = new_context();
    fake_machine(1, CUDART_VERSION);
    for (int i = 0; i < N * WIDTH; i++)
        hidden[i] = (float)(2.0 * uniform(&state) - 1.0);
    for (int i = 0; i < V * WIDTH; i++)
        matrix[i] = (float)(2.0 * uniform(&state) - 1.0);
    for (int row = 0; row < N; row++) {
        labels[row] = (int64_t)(next_random(&state) % V);
        upstream[row] = uniform(&state) - 0.5;
    }
    for (uint64_t order = 0; order <= 20; order++) { /* the cpu, then cuda in 20 orders */
        const int i = order > 0;
        const myr_token_reductions *backend = i ? &myr_cuda_tokens : &myr_cpu_tokens;
        device_on_host_seed(order);
        const myr_head_job job = {.compute = {.threads = 1},
                                  .rows = N,
                                  .vocabulary = V,
                                  .width = WIDTH,
                                  .hidden = {hidden, MYR_F32},
                                  .matrix = {matrix, MYR_F32},
                                  .labels = {labels, MYR_I64},
                                  .hidden_gradient = {to_hidden[i], MYR_F32},
                                  .matrix_gradient = {to_matrix[i], MYR_F32},
                                  .chunk_rows = CHUNK};
        void *work = NULL;
        memset(to_hidden[i], 0xff, sizeof to_hidden[i]);
        memset(to_matrix[i], 0xff, sizeof to_matrix[i]);
        REQUIRE_OK(context, backend->head_begin(context, &job, &work));
        REQUIRE_OK(context, backend->head_forward(context, work, rows, CHUNK, results[i]));
        REQUIRE_OK(context, backend->head_forward(context, work, rows + CHUNK, 3, results[i] + CHUNK));
        REQUIRE_OK(context,
                   backend->head_backward(context, work, rows + CHUNK, 3, results[i] + CHUNK, upstream));
        REQUIRE_OK(context, backend->head_forward(context, work, rows, CHUNK, results[i]));
        REQUIRE_OK(context, backend->head_backward(context, work, rows, CHUNK, results[i], upstream));
        if (backend->head_finish)
            REQUIRE_OK(context, backend->head_finish(context, work));
        backend->head_end(work);
        if (order == 1) {
            memcpy(first_hidden, to_hidden[1], sizeof first_hidden);
            memcpy(first_matrix, to_matrix[1], sizeof first_matrix);
        }
        cr_expect(order < 2 || (memcmp(first_hidden, to_hidden[1], sizeof first_hidden) == 0 &&
                                memcmp(first_matrix, to_matrix[1], sizeof first_matrix) == 0),
                  "order %llu", (unsigned long long)order);
    }
    for (int i = 0; i < N - 1; i++)
        cr_expect(fabs(results[0][i].logp - results[1][i].logp) <= 1e-4, "row %d", i);
    for (int i = 0; i < N * WIDTH; i++)
        cr_assert(fabsf(to_hidden[0][i] - to_hidden[1][i]) <= 1e-4f, "hidden %d: %g, %g", i,
                  (double)to_hidden[0][i], (double)to_hidden[1][i]);
    for (int i = 0; i < V * WIDTH; i++)
        cr_assert(fabsf(to_matrix[0][i] - to_matrix[1][i]) <= 3.3e-4f, "matrix %d: %g, %g", i,
                  (double)to_matrix[0][i], (double)to_matrix[1][i]);
    for (int c = 0; c < WIDTH; c++)
        cr_expect(to_hidden[1][6 * WIDTH + c] == 0.0f);
    cr_expect_eq(fake_live(), 0);
    myr_context_destroy(context);
}

/* ---- arrays of the caller's on the device, and a stream of the caller's --------------------------------
 */

/* Copies of one call's arrays on the "device"; all of them are the caller's to give back. */
typedef struct on_device {
    void *memory[16];
    int count;
    myr_compute_options options;
} on_device;

static on_device begin_on_device(void) {
    on_device d = {.options = MYR_COMPUTE_OPTIONS_INIT};
    cudaStream_t stream;
    fake_machine(1, CUDART_VERSION);
    cr_assert_eq(cudaStreamCreateWithFlags(&stream, 0), cudaSuccess);
    d.options.memory = MYR_DEVICE;
    d.options.stream = stream;
    return d;
}

static void *place(on_device *d, const void *from, size_t bytes) {
    void *memory;
    cr_assert_eq(cudaMalloc(&memory, bytes), cudaSuccess);
    memcpy(memory, from, bytes);
    d->memory[d->count++] = memory;
    return memory;
}

/* Nothing but the caller's is left. */
static void end_on_device(on_device *d) {
    cr_expect_eq(fake_live(), d->count + 1);
    for (int i = 0; i < d->count; i++)
        cudaFree(d->memory[i]);
    cudaStreamDestroy(d->options.stream);
}

static myr_tokens place_tokens(on_device *d, const rows_batch *b) {
    myr_tokens tokens = b->tokens;
    tokens.labels.data = place(d, b->labels, tokens.rows * sizeof *b->labels);
    tokens.mask = place(d, b->mask, tokens.rows);
    tokens.starts.data = place(d, b->starts, (tokens.sequences + 1) * sizeof *b->starts);
    return tokens;
}

/* bf16 logits to DPO's loss and its gradient in place: the bits of the cpu. */
Test(tokens_on_host, device_memory_and_the_callers_stream_are_taken) {
    enum { PAIRS = 3, V = 1030 };
    uint64_t state = fresh_seed();
    myr_context *context = new_context();
    rows_batch b = make_rows(&state, 2 * PAIRS, 4, V, MYR_BF16, 3.0);
    const size_t bytes = b.logits * sizeof(uint16_t);
    double reference[2 * PAIRS], logps[2 * PAIRS];
    for (int s = 0; s < 2 * PAIRS; s++)
        reference[s] = -20.0 * uniform(&state);
    on_device d = begin_on_device();
    const myr_tokens tokens = place_tokens(&d, &b);
    void *logits = place(&d, b.typed, bytes);
    double *d_logps = place(&d, logps, sizeof logps);
    myr_compute_options on_cpu = MYR_COMPUTE_OPTIONS_INIT;
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_token_pairs pairs = MYR_TOKEN_PAIRS_INIT, d_pairs = MYR_TOKEN_PAIRS_INIT;
    myr_loss_metrics cpu = MYR_LOSS_METRICS_INIT, cuda = MYR_LOSS_METRICS_INIT;
    on_cpu.backend = "cpu";
    pairs.reference.data = reference;
    d_pairs.reference.data = place(&d, reference, sizeof reference);
    REQUIRE_OK(context,
               myr_loss_tokens(context, &loss, &b.tokens, &pairs, (myr_array_out){b.typed, MYR_BF16}, true,
                               &on_cpu, (myr_array_out){logps, MYR_F64}, &cpu, NULL));
    REQUIRE_OK(context,
               myr_loss_tokens(context, &loss, &tokens, &d_pairs, (myr_array_out){logits, MYR_BF16}, true,
                               &d.options, (myr_array_out){d_logps, MYR_F64}, &cuda, NULL));
    cr_expect(memcmp(&cpu, &cuda, sizeof cpu) == 0 && memcmp(logps, d_logps, sizeof logps) == 0);
    cr_expect(memcmp(b.typed, logits, bytes) == 0);
    ((int64_t *)(uintptr_t)tokens.labels.data)[b.starts[2]] = V;
    cr_expect_eq(myr_loss_tokens(context, &loss, &tokens, &d_pairs, (myr_array_out){logits, MYR_BF16}, true,
                                 &d.options, (myr_array_out){NULL, MYR_F64}, NULL, NULL),
                 MYR_INVALID_DATA);
    cr_expect(strstr(myr_context_error(context), ": label 1030 is out of range (expected 0 … 1029)"), "%s",
              myr_context_error(context));
    end_on_device(&d);
    free_rows(&b);
    myr_context_destroy(context);
}

/* The last layer: near the cpu's, as above; a loss on six rows is off by a log-probability's error. */
Test(tokens_on_host, the_last_layer_takes_device_memory) {
    enum { N = 6, V = 90, WIDTH = 16 };
    static float hidden[N * WIDTH], matrix[V * WIDTH], to_hidden[N * WIDTH], to_matrix[V * WIDTH];
    const double reference[2] = {-9.0, -11.0};
    int32_t labels[N];
    uint64_t state = fresh_seed();
    myr_context *context = new_context();
    for (int i = 0; i < N * WIDTH; i++)
        hidden[i] = (float)(2.0 * uniform(&state) - 1.0);
    for (int i = 0; i < V * WIDTH; i++)
        matrix[i] = (float)(2.0 * uniform(&state) - 1.0);
    for (int row = 0; row < N; row++)
        labels[row] = (int32_t)(next_random(&state) % V);
    on_device d = begin_on_device();
    myr_tokens tokens = MYR_TOKENS_INIT, d_tokens;
    myr_token_pairs pairs = MYR_TOKEN_PAIRS_INIT, d_pairs;
    myr_head head = MYR_HEAD_INIT, d_head;
    tokens.rows = N, tokens.vocabulary = V, tokens.sequences = 2;
    tokens.labels = (myr_array){labels, MYR_I32};
    pairs.reference.data = reference;
    head.width = WIDTH, head.hidden.data = hidden, head.matrix.data = matrix;
    head.chunk_bytes = 4.0 * V * 4.0; /* four rows: the pair takes two chunks */
    d_tokens = tokens, d_pairs = pairs, d_head = head;
    d_tokens.labels.data = place(&d, labels, sizeof labels);
    d_pairs.reference.data = place(&d, reference, sizeof reference);
    d_head.hidden.data = place(&d, hidden, sizeof hidden);
    d_head.matrix.data = place(&d, matrix, sizeof matrix);
    float *d_to_hidden = place(&d, hidden, sizeof hidden), *d_to_matrix = place(&d, matrix, sizeof matrix);
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    const myr_array_out none = {NULL, MYR_F64};
    myr_compute_options on_cpu = MYR_COMPUTE_OPTIONS_INIT;
    myr_loss_metrics cpu = MYR_LOSS_METRICS_INIT, cuda = MYR_LOSS_METRICS_INIT;
    on_cpu.backend = "cpu";
    REQUIRE_OK(context, myr_loss_head(context, &loss, &tokens, &pairs, &head, &on_cpu,
                                      (myr_array_out){to_hidden, MYR_F32},
                                      (myr_array_out){to_matrix, MYR_F32}, none, &cpu, NULL));
    REQUIRE_OK(context, myr_loss_head(context, &loss, &d_tokens, &d_pairs, &d_head, &d.options,
                                      (myr_array_out){d_to_hidden, MYR_F32},
                                      (myr_array_out){d_to_matrix, MYR_F32}, none, &cuda, NULL));
    cr_expect(fabs(cpu.loss - cuda.loss) <= 1e-4, "%.9g and %.9g", cpu.loss, cuda.loss);
    for (int i = 0; i < N * WIDTH; i++)
        cr_assert(fabsf(to_hidden[i] - d_to_hidden[i]) <= 1e-4f, "hidden %d", i);
    for (int i = 0; i < V * WIDTH; i++)
        cr_assert(fabsf(to_matrix[i] - d_to_matrix[i]) <= 1e-4f, "matrix %d", i);
    end_on_device(&d);
    myr_context_destroy(context);
}

/* bf16 hidden states and a matrix of two tiles: logits, sums of 4 terms below 1, are within 5 4 2^-24 of
 * those of the same floats, and the loss and the gradient to the matrix, of slopes below beta, within 1e-6.
 * That to the hidden states is added up tile by tile: 4,200 terms, whose sizes' sum is below beta max |W| =
 * 0.1: 4,200 2^-24 0.1 on either side. */
Test(tokens_on_host, the_last_layer_takes_bf16) {
    enum { N = 2, V = 4200, WIDTH = 4 };
    static uint16_t narrow[2][V * WIDTH];
    static float wide[2][V * WIDTH], to_hidden[2][N * WIDTH], to_matrix[2][V * WIDTH];
    const double reference[2] = {-9.0, -8.0};
    const int32_t labels[N] = {4150, 17};
    uint64_t state = fresh_seed();
    myr_context *context = new_context();
    myr_loss_metrics metrics[2] = {MYR_LOSS_METRICS_INIT, MYR_LOSS_METRICS_INIT};
    fake_machine(1, CUDART_VERSION);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < V * WIDTH; i++) {
            myr_element_store((myr_array_out){narrow[k], MYR_BF16}, (uint64_t)i,
                              2.0 * uniform(&state) - 1.0);
            wide[k][i] = (float)myr_element((myr_array){narrow[k], MYR_BF16}, (uint64_t)i);
        }
    for (int k = 0; k < 2; k++) {
        myr_tokens tokens = MYR_TOKENS_INIT;
        myr_token_pairs pairs = MYR_TOKEN_PAIRS_INIT;
        myr_head head = MYR_HEAD_INIT;
        const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
        myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
        options.backend = "cuda";
        tokens.rows = N, tokens.vocabulary = V, tokens.sequences = N;
        tokens.labels = (myr_array){labels, MYR_I32};
        pairs.reference.data = reference;
        head.width = WIDTH;
        head.hidden = (myr_array){k ? (const void *)narrow[0] : wide[0], k ? MYR_BF16 : MYR_F32};
        head.matrix = (myr_array){k ? (const void *)narrow[1] : wide[1], k ? MYR_BF16 : MYR_F32};
        memset(to_hidden[k], 0xff, sizeof to_hidden[k]);
        memset(to_matrix[k], 0xff, sizeof to_matrix[k]);
        REQUIRE_OK(context, myr_loss_head(context, &loss, &tokens, &pairs, &head, &options,
                                          (myr_array_out){to_hidden[k], MYR_F32},
                                          (myr_array_out){to_matrix[k], MYR_F32},
                                          (myr_array_out){NULL, MYR_F64}, &metrics[k], NULL));
        cr_expect_eq(fake_live(), 0);
    }
    cr_expect(fabs(metrics[0].loss - metrics[1].loss) <= 1e-6);
    for (int i = 0; i < V * WIDTH; i++)
        cr_assert(fabsf(to_matrix[0][i] - to_matrix[1][i]) <= 1e-6f, "%d", i);
    for (int i = 0; i < N * WIDTH; i++)
        cr_expect(fabsf(to_hidden[0][i] - to_hidden[1][i]) <= 1e-6f + 2.0f * 4200.0f * 0x1p-24f * 0.1f,
                  "%d", i);
    myr_context_destroy(context);
}

Test(tokens_on_host, rlvr_takes_device_memory) {
    enum { ANSWERS = 8, LENGTH = 9, N = ANSWERS * LENGTH };
    static float now[N], old[N], gradient[N];
    static uint8_t mask[N];
    double advantages[ANSWERS], rewards[ANSWERS];
    uint64_t state = fresh_seed();
    myr_context *context = new_context();
    for (int t = 0; t < N; t++) {
        now[t] = (float)(-4.0 * uniform(&state));
        old[t] = (float)(-4.0 * uniform(&state));
        mask[t] = t % 7 != 3;
    }
    for (int i = 0; i < ANSWERS; i++)
        rewards[i] = (double)(i % 3) - 1.0;
    on_device d = begin_on_device();
    const myr_rlvr_options rlvr = MYR_RLVR_OPTIONS_INIT;
    myr_rlvr_batch batch = MYR_RLVR_BATCH_INIT, d_batch;
    batch.tokens = N, batch.sequences = ANSWERS, batch.groups = 2;
    batch.log_probs.data = now, batch.old_log_probs.data = old, batch.mask = mask;
    batch.rewards.data = rewards;
    d_batch = batch;
    d_batch.log_probs.data = place(&d, now, sizeof now);
    d_batch.old_log_probs.data = place(&d, old, sizeof old);
    d_batch.mask = place(&d, mask, sizeof mask);
    d_batch.rewards.data = place(&d, rewards, sizeof rewards);
    float *d_gradient = place(&d, gradient, sizeof gradient);
    double *d_advantages = place(&d, advantages, sizeof advantages);
    myr_compute_options on_cpu = MYR_COMPUTE_OPTIONS_INIT;
    myr_rlvr_metrics cpu = MYR_RLVR_METRICS_INIT, cuda = MYR_RLVR_METRICS_INIT;
    on_cpu.backend = "cpu";
    REQUIRE_OK(context, myr_loss_rlvr(context, &rlvr, &batch, &on_cpu, (myr_array_out){advantages, MYR_F64},
                                      (myr_array_out){gradient, MYR_F32}, &cpu, NULL));
    REQUIRE_OK(context,
               myr_loss_rlvr(context, &rlvr, &d_batch, &d.options, (myr_array_out){d_advantages, MYR_F64},
                             (myr_array_out){d_gradient, MYR_F32}, &cuda, NULL));
    cr_expect(cpu.loss == cuda.loss && cpu.tokens == cuda.tokens && cpu.capped == cuda.capped);
    cr_expect(memcmp(gradient, d_gradient, sizeof gradient) == 0);
    cr_expect(memcmp(advantages, d_advantages, sizeof advantages) == 0);
    end_on_device(&d);
    myr_context_destroy(context);
}

/* Rows that are gathered and put back, narrower and wider than a thread block. */
Test(tokens_on_host, rows_of_any_width_are_gathered_and_scattered) {
    enum { ALL = 5, SOME = 3 };
    static const uint64_t widths[] = {1, 31, 511, 512, 513, 1025, 1537}, places[SOME] = {4, 0, 3};
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        const size_t width = widths[w], row = width * sizeof(float);
        void *memory[4];
        const size_t bytes[4] = {ALL * row, SOME * row, ALL * row, sizeof places};
        for (int m = 0; m < 4; m++)
            cr_assert_eq(cudaMalloc(&memory[m], bytes[m]), cudaSuccess);
        float *all = memory[0], *some = memory[1], *back = memory[2];
        for (size_t i = 0; i < ALL * width; i++)
            all[i] = (float)i + 0.5f;
        memcpy(memory[3], places, sizeof places);
        memset(back, 0, ALL * row);
        cr_assert_eq(myr_launch_gather(all, MYR_F32, memory[3], SOME, width, some, NULL), cudaSuccess);
        cr_assert_eq(myr_launch_scatter(some, memory[3], SOME, width, back, NULL), cudaSuccess);
        for (size_t s = 0; s < SOME; s++)
            cr_expect(memcmp(some + s * width, all + places[s] * width, row) == 0 &&
                          memcmp(back + places[s] * width, all + places[s] * width, row) == 0,
                      "width %zu, row %zu", width, s);
        for (size_t i = 0; i < width; i++)
            cr_expect(back[width + i] == 0.0f && back[2 * width + i] == 0.0f, "width %zu: %zu", width, i);
        for (int m = 0; m < 4; m++)
            cudaFree(memory[m]);
    }
}
