/* The reduction over pairs of the cuda backend, run on the host: the bits of the cpu backend for every
 * loss, divergence, type and size, in 20 orders of threads, from host and from device memory; bad rows
 * found; failures told and nothing kept. */
#include "support.h"

#include "../pairs_batch.h"
#include "cuda/losses/cuda_tree.h"
#include "each_failure.h"
#include "fake_runtime.h"
#include "losses/element.h"
#include "losses/pairs/pair_sums.h"
#include "pair_view.h"

static const uint64_t ragged[] = {1, 31, 32, 33, 255, 256, 257, 4095, 4096, 4097, 9001};

static void expect_same_bits(batch *cpu, batch *cuda, const char *what) {
    myr_status want = run_batch(cpu), got = run_batch(cuda);
    cr_assert_eq(got, want, "%s: %s", what, myr_context_error(cuda->context));
    cr_assert_str_eq(myr_context_error(cuda->context), myr_context_error(cpu->context));
    cr_assert_eq(fake_live(), 0);
    if (want != MYR_OK)
        return;
    cr_assert_eq(memcmp(&cpu->metrics, &cuda->metrics, sizeof cpu->metrics), 0,
                 "%s %s, count %llu: %a and %a", cpu->loss.loss, what, (unsigned long long)cpu->count,
                 cpu->metrics.loss, cuda->metrics.loss);
    cr_assert_eq(memcmp(cpu->gradient, cuda->gradient, sizeof cpu->gradient), 0, "%s %s: gradients differ",
                 cpu->loss.loss, what);
}

static void each_option(batch *cpu, batch *cuda) {
    for (int option = 0; option < 16; option++) {
        cpu->weighted = cuda->weighted = option & 1;
        cpu->lengths = cuda->lengths = (option & 2) != 0;
        cpu->loss.reference_free = cuda->loss.reference_free = (option & 4) != 0;
        cpu->gradients = cuda->gradients = !(option & 8);
        expect_same_bits(cpu, cuda, "options");
    }
}

/* The same 700 pairs on both. */
static void make_both(batch **cpu, batch **cuda) {
    const uint64_t seed = fresh_seed();
    *cpu = new_batch("cpu");
    *cuda = new_batch("cuda");
    fill_batch(*cpu, 700, seed);
    fill_batch(*cuda, 700, seed);
}

/* Both take that loss and divergence, by their numbers. */
static void choose_loss(batch *cpu, batch *cuda, int name, int divergence) {
    cpu->loss.loss = cuda->loss.loss = myr_loss_name(name);
    cpu->loss.f_divergence = cuda->loss.f_divergence = myr_divergence_name(divergence);
    cpu->loss.label_smoothing = cuda->loss.label_smoothing =
        strcmp(cpu->loss.loss, "robust") == 0 ? 0.1 : 0.0;
}

Test(pairs_on_host, every_loss_gives_the_bits_of_the_cpu) {
    fake_machine(1, CUDART_VERSION);
    batch *cpu, *cuda;
    make_both(&cpu, &cuda);
    for (int name = 0; myr_loss_name(name); name++)
        for (int divergence = 0; myr_divergence_name(divergence); divergence++) {
            choose_loss(cpu, cuda, name, divergence);
            each_option(cpu, cuda);
        }
    free_batch(cpu);
    free_batch(cuda);
}

/* Margins of which most are so large that losses or slopes end. */
Test(pairs_on_host, far_margins_give_the_bits_of_the_cpu) {
    fake_machine(1, CUDART_VERSION);
    batch *cpu, *cuda;
    make_both(&cpu, &cuda);
    for (int c = 0; c < 2; c++)
        for (int i = 0; i < 700; i++)
            cpu->policy[c][i] = cuda->policy[c][i] = (i % 3 == 0 ? 300.0 : 30.0) * cpu->policy[c][i];
    for (int name = 0; myr_loss_name(name); name++) {
        cpu->loss.loss = cuda->loss.loss = myr_loss_name(name);
        each_option(cpu, cuda);
    }
    free_batch(cpu);
    free_batch(cuda);
}

Test(pairs_on_host, every_size_gives_the_bits_of_the_cpu) {
    fake_machine(1, CUDART_VERSION);
    batch *cpu = new_batch("cpu"), *cuda = new_batch("cuda");
    for (size_t k = 0; k < sizeof ragged / sizeof *ragged; k++) {
        uint64_t seed = fresh_seed();
        fill_batch(cpu, ragged[k], seed);
        fill_batch(cuda, ragged[k], seed);
        expect_same_bits(cpu, cuda, "size");
        /* A bad row, and one behind it. */
        cpu->policy[1][ragged[k] - 1] = cuda->policy[1][ragged[k] - 1] = NAN;
        cpu->policy[0][ragged[k] / 2] = cuda->policy[0][ragged[k] / 2] = INFINITY;
        expect_same_bits(cpu, cuda, "bad row");
    }
    free_batch(cpu);
    free_batch(cuda);
}

/* More than a chunk, and columns of one type: policy and reference of the chosen answer and the rejected one. */
enum { TYPED = 4100 };
typedef struct typed_batch {
    uint64_t count;
    myr_dtype type, others[3]; /* of lengths and weights, where there are any */
    bool weighted;
    double columns[7][TYPED]; /* room for any type; lengths and weights are the last */
    float gradient[2][TYPED];
    myr_loss_metrics metrics;
} typed_batch;

static void fill_typed(typed_batch *t, const batch *from, myr_dtype type) {
    t->type = type;
    t->count = TYPED;
    t->weighted = false;
    for (int c = 0; c < 4; c++)
        for (uint64_t i = 0; i < TYPED; i++)
            myr_element_store((myr_array_out){t->columns[c], type}, i,
                              c < 2 ? from->policy[c][i] : from->reference[c - 2][i]);
}

/* Fewer rows, with weights and lengths, whose types are others than the columns'. */
static void fill_mixed(typed_batch *t, const batch *from, uint64_t count, int turn) {
    static const myr_dtype types[] = {MYR_F32, MYR_BF16, MYR_F16, MYR_F64};
    const double *columns[3] = {from->length[0], from->length[1], from->weight};
    fill_typed(t, from, types[turn % 4]);
    t->count = count;
    t->weighted = true;
    for (int c = 0; c < 3; c++) {
        t->others[c] = types[(turn / 4 + turn + c + 1) % 4];
        for (uint64_t i = 0; i < count; i++)
            myr_element_store((myr_array_out){t->columns[4 + c], t->others[c]}, i, columns[c][i]);
    }
}

static myr_status run_typed(typed_batch *t, batch *b, bool gradients) {
    myr_pairs pairs = MYR_PAIRS_INIT;
    pairs.count = t->count;
    if (t->weighted) {
        pairs.chosen_length = (myr_array){t->columns[4], t->others[0]};
        pairs.rejected_length = (myr_array){t->columns[5], t->others[1]};
        pairs.weight = (myr_array){t->columns[6], t->others[2]};
    }
    pairs.policy_chosen = (myr_array){t->columns[0], t->type};
    pairs.policy_rejected = (myr_array){t->columns[1], t->type};
    pairs.reference_chosen = (myr_array){t->columns[2], t->type};
    pairs.reference_rejected = (myr_array){t->columns[3], t->type};
    myr_array_out to[2] = {{t->gradient[0], MYR_F32}, {t->gradient[1], MYR_F32}};
    if (!gradients)
        to[0].data = NULL;
    memset(t->gradient, 0xff, sizeof t->gradient);
    memset(&t->metrics, 0, sizeof t->metrics);
    t->metrics.struct_size = sizeof t->metrics;
    return myr_loss_pairs(b->context, &b->loss, &pairs, &b->options, to[0], to[1], &t->metrics, NULL);
}

static void expect_same_typed(typed_batch *t, batch *cpu, batch *cuda, bool gradients, const char *what) {
    static typed_batch other;
    other = *t;
    const myr_status want = run_typed(t, cpu, gradients), got = run_typed(&other, cuda, gradients);
    cr_assert_eq(got, want, "%s: %s", what, myr_context_error(cuda->context));
    if (want == MYR_OK)
        cr_assert(memcmp(&t->metrics, &other.metrics, sizeof t->metrics) == 0 &&
                      memcmp(t->gradient, other.gradient, sizeof t->gradient) == 0,
                  "%s of %s, %s: loss %a and %a", cpu->loss.loss, cpu->loss.f_divergence, what,
                  t->metrics.loss, other.metrics.loss);
    else
        cr_assert_str_eq(myr_context_error(cuda->context), myr_context_error(cpu->context));
}

/* Whole chunks of rows without weights and lengths have a loop of their own for each of these types. */
Test(pairs_on_host, whole_chunks_of_every_type_give_the_bits_of_the_cpu) {
    static const myr_dtype types[] = {MYR_F32, MYR_BF16, MYR_F16};
    static typed_batch typed;
    fake_machine(1, CUDART_VERSION);
    batch *cpu = new_batch("cpu"), *cuda = new_batch("cuda");
    fill_batch(cpu, TYPED, fresh_seed());
    for (int type = 0; type < 3; type++) {
        const char *what = myr_dtype_name(types[type]);
        for (int name = 0; myr_loss_name(name); name++)
            for (int divergence = 0; myr_divergence_name(divergence); divergence++) {
                choose_loss(cpu, cuda, name, divergence);
                fill_typed(&typed, cpu, types[type]);
                expect_same_typed(&typed, cpu, cuda, (name + divergence) % 3 != 0, what);
            }
        cpu->loss = cuda->loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
        for (int bad = 0; bad < 4; bad++) {
            fill_typed(&typed, cpu, types[type]);
            myr_element_store((myr_array_out){typed.columns[bad], types[type]}, 4095 - 257 * (uint64_t)bad,
                              bad % 2 ? (double)NAN : (double)INFINITY);
            myr_element_store((myr_array_out){typed.columns[1], types[type]}, 4098, (double)NAN);
            expect_same_typed(&typed, cpu, cuda, true, "bad row");
        }
    }
    free_batch(cpu);
    free_batch(cuda);
}

/* Each kernel in each type, with weights and lengths of others, more rows than a block has threads; and numbers at the limit and
 * beyond it. */
Test(pairs_on_host, mixed_types_and_limits_give_the_bits_of_the_cpu) {
    static typed_batch typed;
    const float limits[] = {MYR_PAIR_LIMIT, nextafterf(MYR_PAIR_LIMIT, INFINITY)};
    enum { ROWS = 301 };
    fake_machine(1, CUDART_VERSION);
    batch *cpu = new_batch("cpu"), *cuda = new_batch("cuda");
    fill_batch(cpu, TYPED, fresh_seed());
    for (int name = 0; myr_loss_name(name); name++)
        for (int divergence = 0; myr_divergence_name(divergence); divergence++) {
            choose_loss(cpu, cuda, name, divergence);
            for (int turn = 0; turn < 4; turn++) {
                fill_mixed(&typed, cpu, ROWS, turn + 4 * (name + divergence));
                expect_same_typed(&typed, cpu, cuda, turn % 2 == 0, "mixed types");
            }
            for (int column = 0; column < 4; column++) {
                fill_typed(&typed, cpu, MYR_F32);
                typed.count = ROWS;
                myr_element_store((myr_array_out){typed.columns[column], MYR_F32}, 288,
                                  (column % 2 ? 1.0 : -1.0) * (double)limits[(name + column) / 2 % 2]);
                expect_same_typed(&typed, cpu, cuda, true, "at the limit");
            }
        }
    free_batch(cpu);
    free_batch(cuda);
}

/* Sums of chunks, as many as need up to three launches; room for more of a chunk than there are. */
Test(pairs_on_host, sums_of_chunks_are_added_in_the_tree) {
    static const uint64_t counts[] = {1, 2, 3, 255, 256, 257, 777, 65536, 65537};
    enum { SUMS = 5, ROOM = 7 };
    uint64_t random = fresh_seed();
    fake_machine(1, CUDART_VERSION);
    myr_context *context = new_context();
    const myr_compute compute = {.memory = MYR_HOST};
    for (size_t n = 0; n < sizeof counts / sizeof *counts; n++) {
        myr_cuda_session session;
        myr_cuda_tree tree;
        double root[ROOM + 1], known[SUMS];
        uint64_t bad = 0;
        REQUIRE_OK(context, myr_cuda_enter(context, &compute, &session));
        REQUIRE_OK(context, myr_cuda_tree_begin(context, &session, counts[n], ROOM, &tree));
        for (uint64_t i = 0; i < counts[n] * SUMS; i++)
            tree.d_sums[i] = ldexp((double)next_random(&random) - 0x1p63, (int)(next_random(&random) % 40));
        for (size_t sum = 0; sum < SUMS; sum++)
            known[sum] = myr_tree_sum(tree.d_sums + sum, counts[n], SUMS);
        REQUIRE_OK(context, myr_cuda_tree_clear(context, &session, &tree));
        REQUIRE_OK(context, myr_cuda_tree_take(context, &session, &tree, SUMS, root, &bad));
        cr_expect(memcmp(known, root, sizeof known) == 0, "%llu chunks", (unsigned long long)counts[n]);
        cr_expect_eq(bad, UINT64_MAX);
        myr_cuda_tree_end(&session, &tree);
        myr_cuda_close(&session);
        cr_assert_eq(fake_live(), 0);
    }
    myr_context_destroy(context);
}

Test(pairs_on_host, bits_do_not_hang_on_the_order) {
    fake_machine(1, CUDART_VERSION);
    batch *cpu = new_batch("cpu"), *cuda = new_batch("cuda");
    uint64_t seed = fresh_seed();
    fill_batch(cpu, 4097, seed);
    fill_batch(cuda, 4097, seed);
    for (uint64_t order = 0; order < 20; order++) {
        device_on_host_seed(order);
        expect_same_bits(cpu, cuda, "orders");
    }
    free_batch(cpu);
    free_batch(cuda);
}

/* Four columns on the "device", as a caller in a training loop has them. */
Test(pairs_on_host, device_memory_and_the_callers_stream_are_taken) {
    fake_machine(1, CUDART_VERSION);
    batch *b = new_batch("cpu");
    fill_batch(b, 5000, fresh_seed());
    cr_assert_eq(run_batch(b), MYR_OK);
    double *columns[6];
    for (int c = 0; c < 6; c++) {
        void *memory;
        cr_assert_eq(cudaMalloc(&memory, 5000 * sizeof(double)), cudaSuccess);
        columns[c] = memory;
        if (c < 4)
            memcpy(memory, c < 2 ? b->policy[c] : b->reference[c - 2], 5000 * sizeof(double));
    }
    cudaStream_t stream;
    cr_assert_eq(cudaStreamCreateWithFlags(&stream, 0), cudaSuccess);
    myr_pairs pairs = MYR_PAIRS_INIT;
    pairs.count = 5000;
    pairs.policy_chosen = column(columns[0]);
    pairs.policy_rejected = column(columns[1]);
    pairs.reference_chosen = column(columns[2]);
    pairs.reference_rejected = column(columns[3]);
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.memory = MYR_DEVICE;
    options.stream = stream;
    myr_loss_metrics metrics = MYR_LOSS_METRICS_INIT;
    myr_array_out to[2] = {{columns[4], MYR_F64}, {columns[5], MYR_F64}};
    REQUIRE_OK(b->context,
               myr_loss_pairs(b->context, &b->loss, &pairs, &options, to[0], to[1], &metrics, NULL));
    cr_assert_eq(memcmp(&metrics, &b->metrics, sizeof metrics), 0);
    for (int c = 0; c < 2; c++)
        cr_assert_eq(memcmp(columns[4 + c], b->gradient[c], 5000 * sizeof(double)), 0);
    columns[3][4321] = NAN;
    cr_assert_eq(myr_loss_pairs(b->context, &b->loss, &pairs, &options, to[0], to[1], &metrics, NULL),
                 MYR_INVALID_DATA);
    cr_assert_not_null(strstr(myr_context_error(b->context), "row 4321: reference_rejected is nan"), "%s",
                       myr_context_error(b->context));
    b->loss.loss = "aot";
    cr_assert_eq(myr_loss_pairs(b->context, &b->loss, &pairs, &options, to[0], to[1], &metrics, NULL),
                 MYR_UNSUPPORTED);
    cr_assert_eq(fake_live(), 7); /* six columns and the stream: the caller's */
    cudaStreamDestroy(stream);
    for (int c = 0; c < 6; c++)
        cudaFree(columns[c]);
    free_batch(b);
}

static myr_status run_again(myr_context *context, void *user) {
    batch *b = user;
    myr_context *own = b->context;
    b->context = context;
    const myr_status status = run_batch(b);
    b->context = own;
    return status;
}

/* Each call of the runtime may fail: one line, and all memory and streams given back. */
Test(pairs_on_host, failures_are_told_and_nothing_is_kept) {
    static const char *const functions[] = {"cudaMalloc", "cudaMemsetAsync", "cudaMemcpyAsync",
                                            "cudaStreamSynchronize", "launch"};
    fake_machine(1, CUDART_VERSION);
    batch *b = new_batch("cuda");
    fill_batch(b, 300, fresh_seed());
    b->weighted = b->lengths = true;
    expect_failures_of(functions, 5, run_again, b);
    free_batch(b);
}

/* Five chunks, of which one has room: a pass for the weights, and one for the losses. */
Test(pairs_on_host, batches_may_be_larger_than_the_devices_memory) {
    enum { MEMORY = 1 << 19, BAD = 17000 };
    batch *cpu = new_batch("cpu"), *cuda = new_batch("cuda");
    const uint64_t seed = fresh_seed();
    fill_batch(cpu, MOST, seed);
    fill_batch(cuda, MOST, seed);
    for (int weighted = 0; weighted < 2; weighted++) {
        cpu->weighted = cuda->weighted = cpu->lengths = cuda->lengths = weighted;
        fake_machine(1, CUDART_VERSION);
        fake_memory(MEMORY);
        expect_same_bits(cpu, cuda, "windows");
        cr_expect_leq(fake_most_bytes(), MEMORY);
    }
    cpu->weight[BAD] = cuda->weight[BAD] = -1.0;
    expect_same_bits(cpu, cuda, "a bad weight");
    cr_expect_not_null(strstr(myr_context_error(cuda->context), "row 17000"), "%s",
                       myr_context_error(cuda->context));
    free_batch(cpu);
    free_batch(cuda);
}
