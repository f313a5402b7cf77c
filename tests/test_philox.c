/* Words: every backend against the published vectors, Random123 and cuRAND. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <Random123/philox.h>

#include "support.h"
#ifdef MYRIAD_HAVE_CURAND
#include <curand.h>
#endif

/* The words of one block, by the public call. */
static void draw_block(myr_context *context, const char *backend, uint64_t seed, uint64_t trajectory,
                       uint32_t stream, uint32_t block, uint32_t words[4]) {
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.seed = seed;
    options.first = trajectory;
    options.count = 1;
    REQUIRE_OK(context, myr_random_words(context, &options, stream, block, 1, words));
}

static void expect_words(const uint32_t *words, const uint32_t *expected, int count, const char *what) {
    for (int w = 0; w < count; w++)
        cr_assert_eq(words[w], expected[w], "%s, word %d: %08" PRIx32 ", expected %08" PRIx32, what, w,
                     words[w], expected[w]);
}

static void expect_block(myr_context *context, const char *backend, const uint32_t counter[4],
                         const uint32_t key[2], const uint32_t expected[4], const char *what) {
    uint32_t words[4] = {~expected[0], ~expected[1], ~expected[2], ~expected[3]}; /* poison */
    draw_block(context, backend, key[0] | (uint64_t)key[1] << 32, counter[2] | (uint64_t)counter[3] << 32,
               counter[1], counter[0], words);
    expect_words(words, expected, 4, what);
}

/* Salmon et al. (2011), as printed with Random123: zeros, ones, digits of pi. */
TEST_ON_BACKENDS(philox, gives_the_published_words) {
    static const uint32_t known[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e,
         0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb,
         0x5001e420, 0x24126ea1}};
    myr_context *context = new_context();
    need_backend(context, backend);
    for (int n = 0; n < 3; n++)
        expect_block(context, backend, known[n], known[n] + 4, known[n] + 6, "published vector");
    myr_context_destroy(context);
}

TEST_ON_BACKENDS(philox, gives_all_known_answers_of_random123) {
    myr_context *context = new_context();
    need_backend(context, backend);
    FILE *file = open_golden("philox/philox4x32_kat.csv");
    char line[512];
    int rows = 0;
    while (fgets(line, sizeof line, file)) {
        uint32_t n[10];
        int rounds = 0;
        int fields = sscanf(line,
                            "%d,%" SCNx32 ",%" SCNx32 ",%" SCNx32 ",%" SCNx32 ",%" SCNx32 ",%" SCNx32
                            ",%" SCNx32 ",%" SCNx32 ",%" SCNx32 ",%" SCNx32,
                            &rounds, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9]);
        if (fields != 11 || rounds != 10)
            continue;
        expect_block(context, backend, n, n + 4, n + 6, line);
        rows++;
    }
    fclose(file);
    cr_assert_eq(rows, 55, "%d rows of ten rounds", rows);
    myr_context_destroy(context);
}

/* Eight words from number `offset` on of a trajectory, as curand_init(seed, trajectory, offset) numbers
 * them: 4 (block + 2^32 stream) + component. */
static void draw_from(myr_context *context, const char *backend, uint64_t seed, uint64_t trajectory,
                      uint64_t offset, uint32_t words[8]) {
    uint32_t blocks[12];
    for (uint64_t n = 0; n < 3; n++) {
        uint64_t position = offset / 4 + n;
        draw_block(context, backend, seed, trajectory, (uint32_t)(position >> 32), (uint32_t)position,
                   blocks + 4 * n);
    }
    memcpy(words, blocks + offset % 4, 8 * sizeof *words);
}

TEST_ON_BACKENDS(philox, is_laid_out_as_curand_init) {
    myr_context *context = new_context();
    need_backend(context, backend);
    FILE *file = open_golden("philox/curand_init_map.csv");
    char line[512];
    int rows = 0;
    while (fgets(line, sizeof line, file)) {
        uint64_t seed, trajectory, offset;
        uint32_t expected[8], words[8];
        int end = 0;
        if (sscanf(line, "%" SCNx64 ",%" SCNx64 ",%" SCNx64 ",%*x,%*x,%*x,%*x,%*x,%*x,%*d%n", &seed,
                   &trajectory, &offset, &end) != 3)
            continue;
        const char *rest = line + end;
        for (int w = 0; w < 8; w++, rest += end)
            cr_assert_eq(sscanf(rest, ",%" SCNx32 "%n", &expected[w], &end), 1, "%s", line);
        draw_from(context, backend, seed, trajectory, offset, words);
        expect_words(words, expected, 8, line);
        rows++;
    }
    fclose(file);
    cr_assert_eq(rows, 308, "%d rows", rows);
    myr_context_destroy(context);
}

/* The words behind what cuRAND's device functions gave: number n of a state is a float u = (w + 1/2) 2^-32
 * of word n, rounded once; and of words n and n + 1, n even, rho sin(2 pi v) and rho cos(2 pi v), rho =
 * sqrt(-2 ln u). There floats of u leave rho 2^-25/(u rho), and those of the angle, of its sine and of the
 * product less than 2^-20 rho; the file has nine digits. */
TEST_ON_BACKENDS(philox, gives_the_words_of_curands_uniforms_and_normals) {
    const double turn = 8.0 * atan(1.0);
    myr_context *context = new_context();
    need_backend(context, backend);
    FILE *file = open_golden("philox/curand_device_api_normals.csv");
    char line[512];
    int rows = 0;
    while (fgets(line, sizeof line, file)) {
        uint64_t seed, trajectory, offset;
        uint32_t words[8];
        int call;
        double uniform, normal, u[2];
        if (sscanf(line, "%" SCNx64 ",%" SCNu64 ",%" SCNu64 ",%d,%lf,%lf", &seed, &trajectory, &offset,
                   &call, &uniform, &normal) != 6)
            continue;
        cr_assert(call >= 0 && call < 8, "%s", line);
        draw_from(context, backend, seed, trajectory, offset, words);
        for (int n = 0; n < 2; n++)
            u[n] = ((double)words[call / 2 * 2 + n] + 0.5) * 0x1p-32;
        const double rho = sqrt(-2.0 * log(u[0]));
        const double expected = rho * (call % 2 ? cos(turn * u[1]) : sin(turn * u[1]));
        cr_assert(fabs(uniform - u[call % 2]) <= 0x1p-25 + 5e-10, "%s: %.9g", line, u[call % 2]);
        cr_assert(fabs(normal - expected) <= 0x1p-25 / (u[0] * rho) + 0x1p-20 * rho, "%s: %.9g", line,
                  expected);
        rows++;
    }
    fclose(file);
    cr_assert_eq(rows, 288, "%d rows", rows);
    myr_context_destroy(context);
}

TEST_ON_BACKENDS(philox, agrees_with_random123_on_random_inputs) {
    enum { runs = 1000, trajectories = 5, blocks = 3 };
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t state = fresh_seed();
    for (int run = 0; run < runs; run++) {
        uint32_t words[trajectories][blocks][4];
        memset(words, 0xa5, sizeof words);
        myr_run_options options = MYR_RUN_OPTIONS_INIT;
        options.backend = backend;
        options.seed = next_random(&state);
        options.first = next_random(&state) - trajectories;
        options.count = trajectories;
        uint32_t stream = (uint32_t)next_random(&state), block = (uint32_t)next_random(&state) - blocks;
        if (options.first > UINT64_MAX - trajectories || block > UINT32_MAX - blocks)
            continue;
        REQUIRE_OK(context, myr_random_words(context, &options, stream, block, blocks, &words[0][0][0]));
        for (uint32_t n = 0; n < trajectories; n++) {
            for (uint32_t b = 0; b < blocks; b++) {
                uint64_t i = options.first + n;
                philox4x32_ctr_t counter = {{block + b, stream, (uint32_t)i, (uint32_t)(i >> 32)}};
                philox4x32_key_t key = {{(uint32_t)options.seed, (uint32_t)(options.seed >> 32)}};
                philox4x32_ctr_t expected = philox4x32(counter, key);
                char what[128];
                snprintf(what, sizeof what,
                         "seed %016" PRIx64 " i %016" PRIx64 " stream %08" PRIx32 " block %08" PRIx32,
                         options.seed, i, stream, block + b);
                expect_words(words[n][b], expected.v, 4, what);
            }
        }
    }
    myr_context_destroy(context);
}

#ifdef MYRIAD_HAVE_CURAND
void curand_words(uint64_t seed, uint64_t subsequence, uint64_t offset, uint32_t words[8]);

TEST_ON_BACKENDS(philox, agrees_with_curands_device_header) {
    myr_context *context = new_context();
    need_backend(context, backend);
    uint64_t state = fresh_seed();
    for (int run = 0; run < 1000; run++) {
        uint64_t seed = next_random(&state), trajectory = next_random(&state);
        uint64_t offset = next_random(&state) >> (run % 64);
        uint32_t expected[8], words[8];
        char what[128];
        curand_words(seed, trajectory, offset, expected);
        draw_from(context, backend, seed, trajectory, offset, words);
        snprintf(what, sizeof what, "seed %016" PRIx64 " i %016" PRIx64 " offset %016" PRIx64, seed,
                 trajectory, offset);
        expect_words(words, expected, 8, what);
    }
    myr_context_destroy(context);
}

/* cuRAND's host generator walks 65,536 trajectories block by block: its word n is component n mod 4 of
 * block floor(n / 2^18) of trajectory floor(n / 4) mod 2^16. */
TEST_ON_BACKENDS(philox, agrees_with_curands_host_generator) {
    enum { trajectories = 65536, blocks = 3 };
    const size_t size = (size_t)trajectories * blocks * 4;
    myr_context *context = new_context();
    need_backend(context, backend);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.seed = fresh_seed();
    options.count = trajectories;
    uint32_t *expected = calloc(size, sizeof *expected), *words = malloc(size * sizeof *words);
    cr_assert(expected && words);
    memset(words, 0xa5, size * sizeof *words);
    curandGenerator_t generator;
    cr_assert_eq(curandCreateGeneratorHost(&generator, CURAND_RNG_PSEUDO_PHILOX4_32_10),
                 CURAND_STATUS_SUCCESS);
    cr_assert_eq(curandSetPseudoRandomGeneratorSeed(generator, options.seed), CURAND_STATUS_SUCCESS);
    cr_assert_eq(curandGenerate(generator, expected, size), CURAND_STATUS_SUCCESS);
    curandDestroyGenerator(generator);
    REQUIRE_OK(context, myr_random_words(context, &options, 0, 0, blocks, words));
    for (size_t n = 0; n < size; n++) {
        size_t mine = (n / 4 % trajectories * blocks + n / 4 / trajectories) * 4 + n % 4;
        cr_assert_eq(words[mine], expected[n],
                     "seed %016" PRIx64 ", word %zu: %08" PRIx32 ", expected %08" PRIx32, options.seed, n,
                     words[mine], expected[n]);
    }
    free(expected);
    free(words);
    myr_context_destroy(context);
}
#endif

Test(philox, refuses_what_it_cannot_draw) {
    myr_context *context = new_context();
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = "reference";
    options.count = 1;
    uint32_t words[4];
    double normals[4];
    cr_assert_eq(myr_random_words(context, &options, 0, 0, 1, NULL), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_random_normals(context, &options, 0, 0, 1, NULL), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_random_words(context, &options, 0, 0, 0, words), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_random_words(context, &options, 0, UINT32_MAX, 2, words), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_random_words(context, &options, 0, UINT32_MAX, 1, words), MYR_OK);
    options.count = UINT64_C(1) << 62;
    cr_assert_eq(myr_random_normals(context, &options, 0, 0, 1, normals), MYR_INVALID_ARGUMENT);
    cr_assert(strstr(myr_context_error(context), "count"), "%s", myr_context_error(context));
    options.count = 1;
    options.backend = "abacus";
    cr_assert_eq(myr_random_words(context, &options, 0, 0, 1, words), MYR_INVALID_ARGUMENT);
    myr_context_destroy(context);
}
