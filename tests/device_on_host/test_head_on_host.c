/* The last layer's own kernels and its products on tensor cores, with fake_blas.c in their place: types as they are,
 * TF32 with its lost bits, cells of four terms whose bits are cut off. */
#include <criterion/criterion.h>

#include "cpu/losses/cpu_tokens.h"
#include "cuda/losses/cuda_tokens.h"
#include "fake_runtime.h"
#include "token_rows.h"

static const double u = 0x1p-24;

/* ---- parts of floats ---------------------------------------------------------------------------------- */

/* Three parts of each x, which are to add up to it within `off`, and to be it where its last bit is at least 2 off. */
static void check_parts(uint64_t *state, myr_dtype type, size_t count, double largest, double off) {
    float *x;
    uint16_t *part;
    double *expected = malloc(count * sizeof *expected), *sum = calloc(count, sizeof *sum);
    int exponent;
    (void)frexp(largest, &exponent);
    cr_assert_eq(cudaMalloc((void **)&x, count * sizeof *x), cudaSuccess);
    cr_assert_eq(cudaMalloc((void **)&part, count * sizeof *part), cudaSuccess);
    for (size_t i = 0; i < count; i++) { /* 0 too, of either sign; all else is at least 2^-100 */
        const double size = ldexp(1.0 + uniform(state), exponent - 1 - (int)(next_random(state) % 80));
        x[i] = (float)((i % 11 == 5 ? 0.0 : fmin(size, largest)) * (i % 2 ? -1.0 : 1.0));
    }
    x[count - 1] = (float)largest;
    for (size_t i = 0; i < count; i++)
        expected[i] = (double)x[i];
    for (int k = 0; k < 3; k++) {
        const float factor = type == MYR_F16 ? ldexpf(1.0f, 15 - exponent + 11 * k) : 1.0f;
        cr_assert_eq(myr_launch_split(x, (int)type, factor, k < 2, count, part, NULL), cudaSuccess);
        for (size_t i = 0; i < count; i++)
            sum[i] += myr_element((myr_array){part, type}, i) / (double)factor;
    }
    for (size_t i = 0; i < count; i++) {
        const double error = fabs(sum[i] - expected[i]);
        const bool whole = expected[i] == 0.0 || ldexp(1.0, ilogb(expected[i]) - 23) >= 2.0 * off;
        cr_assert(error <= (whole ? 0.0 : off), "%s, %zu of %zu: %a is %a", myr_dtype_name(type), i, count,
                  expected[i], sum[i]);
    }
    cudaFree(x);
    cudaFree(part);
    free(expected);
    free(sum);
}

Test(head_on_host, three_parts_are_the_float) {
    static const size_t counts[] = {1, 127, 128, 129, 1000, MYR_SPLIT_AT_ONCE + 77};
    uint64_t seed = fresh_seed(), state = seed;
    cr_log_info("seed %llu", (unsigned long long)seed);
    fake_machine(1, CUDART_VERSION);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        check_parts(&state, MYR_BF16, counts[c], 0.75, 0.0);
        check_parts(&state, MYR_F16, counts[c], 0.75, 0x1p-62);
    }
    check_parts(&state, MYR_BF16, 500, 0x1p-3, 0.0);
    check_parts(&state, MYR_F16, 500, 1.0 - 0x1p-24, 0x1p-62);
    check_parts(&state, MYR_F16, 500, 0x1.8p-20, 0x1p-81);
    cr_expect_eq(fake_live(), 0);
}

/* ---- slopes that are known ---------------------------------------------------------------------------- */

/* Where hidden states or the matrix are 0, all logits are, and a row's slopes are upstream ([j = label] - 1/4): the products
 * with what is not 0 show what they lose. */
enum { N = 4, V = 4, WIDTH = 5 };

typedef struct known {
    myr_dtype hidden_type, matrix_type;
    bool fast;
    uint16_t narrow[2][N * WIDTH]; /* hidden states, matrix */
    float wide[2][N * WIDTH];
    double slopes[N][V], upstream[N];
    int64_t labels[N];
    float to_hidden[N * WIDTH], to_matrix[V * WIDTH];
} known;

static myr_array input(const known *k, int which) {
    const myr_dtype type = which ? k->matrix_type : k->hidden_type;
    return (myr_array){type == MYR_F32 ? (const void *)k->wide[which] : k->narrow[which], type};
}

/* zero: which of the two is. A row has slopes 2^50 times as small as another's. */
static void fill(known *k, uint64_t *state, int zero) {
    static const int powers[N] = {0, -7, -30, -50};
    for (int which = 0; which < 2; which++)
        for (size_t i = 0; i < N * WIDTH; i++) {
            const myr_array_out to = {(void *)(uintptr_t)input(k, which).data, input(k, which).type};
            myr_element_store(to, i, which == zero ? 0.0 : 2.0 * uniform(state) - 1.0);
        }
    for (int row = 0; row < N; row++) {
        k->labels[row] = (int64_t)(next_random(state) % V);
        k->upstream[row] = ldexp((double)(float)(0.5 + 0.5 * uniform(state)), powers[row]);
        k->upstream[row] *= row % 2 ? 1.0 : -1.0;
        for (int j = 0; j < V; j++)
            k->slopes[row][j] = k->upstream[row] * ((j == k->labels[row] ? 1.0 : 0.0) - 0.25);
    }
    memset(k->to_hidden, 0xff, sizeof k->to_hidden);
    memset(k->to_matrix, 0xff, sizeof k->to_matrix);
}

static void run(myr_context *context, known *k) {
    static const uint64_t rows[N] = {2, 0, 3, 1};
    const myr_head_job job = {.compute = {.threads = 1, .fast = k->fast},
                              .rows = N,
                              .vocabulary = V,
                              .width = WIDTH,
                              .hidden = input(k, 0),
                              .matrix = input(k, 1),
                              .labels = {k->labels, MYR_I64},
                              .hidden_gradient = {k->to_hidden, MYR_F32},
                              .matrix_gradient = {k->to_matrix, MYR_F32},
                              .chunk_rows = N};
    myr_row_result results[N];
    double upstream[N];
    void *work = NULL;
    for (int i = 0; i < N; i++)
        upstream[i] = k->upstream[rows[i]];
    REQUIRE_OK(context, myr_cuda_tokens.head_begin(context, &job, &work));
    REQUIRE_OK(context, myr_cuda_tokens.head_forward(context, work, rows, N, results));
    for (int i = 0; i < N; i++)
        cr_assert(fabs(results[i].logp + log(4.0)) <= 1.1e-6, "%.9g", results[i].logp);
    REQUIRE_OK(context, myr_cuda_tokens.head_backward(context, work, rows, N, results, upstream));
    REQUIRE_OK(context, myr_cuda_tokens.head_finish(context, work));
    myr_cuda_tokens.head_end(work);
}

/* What products of slopes may lose (gradient_tokens.c): of each term, relatively, in sums of four terms; of an f16's part what is
 * below `floor`. */
typedef struct allowed {
    double lost, sums, floor;
} allowed;

/* The worst error as a share of the bound; the slopes themselves are within 8 u. NaN is worse than all. */
static double worst_share(const known *k, allowed a) {
    double worst = 0.0;
    for (int which = 0; which < 2; which++)
        for (int i = 0; i < N * WIDTH; i++) {
            const int place = i / WIDTH, c = i % WIDTH; /* a row, or a word */
            double exact = 0.0, sizes = 0.0, others = 0.0;
            for (int t = 0; t < 4; t++) {
                const double slope = which ? k->slopes[t][place] : k->slopes[place][t];
                const double other = myr_element(input(k, 1 - which), (uint64_t)(t * WIDTH + c));
                exact += slope * other;
                sizes += fabs(slope * other);
                others += fabs(other);
            }
            const double got = which ? k->to_matrix[i] : k->to_hidden[i];
            const double bound = 1.01 * ((a.sums + 8.0) * u + a.lost) * sizes + a.floor * others;
            const double share = got == exact ? 0.0 : fabs(got - exact) / bound;
            worst = share <= worst ? worst : share;
        }
    return worst;
}

/* The worst of several draws. */
static double run_draws(myr_context *context, uint64_t *state, myr_dtype hidden, myr_dtype matrix,
                        bool fast, allowed a) {
    double worst = 0.0;
    for (int draw = 0; draw < 8; draw++) {
        known k = {.hidden_type = hidden, .matrix_type = matrix, .fast = fast};
        fill(&k, state, draw % 2);
        run(context, &k);
        const double share = worst_share(&k, a);
        worst = share <= worst ? worst : share;
    }
    cr_expect_eq(fake_live(), 0);
    return worst;
}

/* Exact arithmetic loses nothing but what sums of floats do; the same bound finds that a part, or 13 bits of a float, are lost
 * where that is allowed, and that it is no more. A sum of four terms on tensor cores: 3.27 (4 + 3) + 2 a part. */
Test(head_on_host, products_lose_what_they_may) {
    const allowed none = {0.0, 0.0, 0.0}, floats = {0.0, 4.0, 0.0}, tf32 = {0x1p-9 + 0x1p-20, 25.0, 0.0};
    const allowed bf16[] = {{0.0, 29.0, 0.0}, {0x1p-8, 25.0, 0.0}};
    const allowed f16[] = {{0.0, 29.0, 0x1p-61}, {0x1p-11, 25.0, 0x1p-39}};
    const struct {
        myr_dtype hidden, matrix;
        int generation;
        bool fast;
        allowed within, beyond; /* or none */
    } cases[] = {
        {MYR_F32, MYR_F32, 9, false, floats, none},      {MYR_F32, MYR_F32, 9, true, tf32, floats},
        {MYR_F32, MYR_F32, 7, true, floats, none},       {MYR_BF16, MYR_BF16, 9, false, bf16[0], none},
        {MYR_BF16, MYR_BF16, 8, true, bf16[1], bf16[0]}, {MYR_BF16, MYR_BF16, 7, true, floats, none},
        {MYR_F16, MYR_F16, 9, false, f16[0], none},      {MYR_F16, MYR_F16, 7, true, f16[1], f16[0]},
        {MYR_F16, MYR_BF16, 9, false, floats, none},     {MYR_BF16, MYR_F32, 9, true, tf32, floats},
    };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed();
    cr_log_info("seed %llu", (unsigned long long)seed);
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        uint64_t state = seed, again = seed;
        fake_machine(1, CUDART_VERSION);
        fake_set_generation(cases[n].generation);
        double share =
            run_draws(context, &state, cases[n].hidden, cases[n].matrix, cases[n].fast, cases[n].within);
        cr_expect(share <= 1.0, "case %zu: %g of the bound", n, share);
        if (cases[n].beyond.sums == 0.0)
            continue;
        share =
            run_draws(context, &again, cases[n].hidden, cases[n].matrix, cases[n].fast, cases[n].beyond);
        cr_expect(share > 1.0, "case %zu: %g of the bound of exact arithmetic", n, share);
    }
    myr_context_destroy(context);
}

/* ---- memory ------------------------------------------------------------------------------------------- */

/* Of a matrix of 16 bits no tile of floats is made, and of a chunk's slopes two bytes each besides; without gradients not even
 * those. */
Test(head_on_host, narrow_matrices_are_not_widened) {
    enum { ROWS = 16, WORDS = 5000, STATES = 64 };
    const size_t numbers = (size_t)WORDS * STATES, chunk = (size_t)ROWS * WORDS,
                 states = (size_t)ROWS * STATES;
    static uint16_t hidden[ROWS * STATES], matrix[WORDS * STATES];
    static float to_hidden[ROWS * STATES], to_matrix[WORDS * STATES];
    static int64_t labels[ROWS];
    static uint64_t rows[ROWS];
    static double upstream[ROWS];
    myr_row_result results[ROWS];
    myr_context *context = new_context();
    for (int gradients = 0; gradients < 2; gradients++) {
        const myr_head_job job = {.compute = {.threads = 1},
                                  .rows = ROWS,
                                  .vocabulary = WORDS,
                                  .width = STATES,
                                  .hidden = {hidden, MYR_BF16},
                                  .matrix = {matrix, MYR_BF16},
                                  .labels = {labels, MYR_I64},
                                  .hidden_gradient = {gradients ? to_hidden : NULL, MYR_F32},
                                  .matrix_gradient = {gradients ? to_matrix : NULL, MYR_F32},
                                  .chunk_rows = ROWS};
        void *work = NULL;
        for (uint64_t i = 0; i < ROWS; i++)
            rows[i] = i;
        fake_machine(1, CUDART_VERSION);
        REQUIRE_OK(context, myr_cuda_tokens.head_begin(context, &job, &work));
        REQUIRE_OK(context, myr_cuda_tokens.head_forward(context, work, rows, ROWS, results));
        if (gradients)
            REQUIRE_OK(context,
                       myr_cuda_tokens.head_backward(context, work, rows, ROWS, results, upstream));
        myr_cuda_tokens.head_end(work);
        const size_t inputs = 2 * (numbers + states) + ROWS * sizeof *labels;
        const size_t logits = 4 * chunk + 2 * states;
        const size_t slopes = gradients ? 4 * (numbers + states) + 2 * chunk + 4 * states : 0;
        const size_t each = ROWS * (sizeof *rows + sizeof *results + sizeof(float));
        cr_expect(fake_most_bytes() <= inputs + logits + slopes + each, "%zu bytes, %zu expected",
                  fake_most_bytes(), inputs + logits + slopes + each);
    }
    myr_context_destroy(context);
}
