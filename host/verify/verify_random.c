/* Tiers: words and normals. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "rounding.h"
#include "tiers.h"

/* Salmon et al. (2011), the known answers of philox4x32-10: counter, key, words. */
static const struct {
    uint32_t counter[4], key[2], words[4];
} published[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static uint64_t join(const uint32_t words[2]) {
    return words[0] | (uint64_t)words[1] << 32;
}

static uint64_t count_unequal(const uint32_t *a, const uint32_t *b, uint64_t count) {
    uint64_t unequal = 0;
    for (uint64_t j = 0; j < count; j++)
        unequal += a[j] != b[j];
    return unequal;
}

static myr_status verify_published(myr_verification *v) {
    uint64_t unequal = 0, count = 0;
    for (size_t n = 0; n < sizeof published / sizeof *published; n++) {
        uint32_t words[4];
        for (int w = 0; w < 4; w++)
            words[w] = ~published[n].words[w]; /* poison */
        myr_draw draw = {.seed = join(published[n].key),
                         .first = join(published[n].counter + 2),
                         .count = 1,
                         .stream = published[n].counter[1],
                         .block = published[n].counter[0],
                         .blocks = 1,
                         .fast = v->fast,
                         .threads = v->threads,
                         .device = v->device};
        myr_status status = v->backend->words(v->context, &draw, words);
        if (status != MYR_OK)
            return status;
        unequal += count_unequal(words, published[n].words, 4);
        count += 4;
    }
    myr_report_check(v, "words, published vectors: words that differ", (double)unequal, 0.0, count);
    return MYR_OK;
}

/* Seeds, indices, streams and blocks at the edges of their range and inside it. */
enum { edge_seeds = 4, edge_firsts = 4, edge_streams = 5, edge_blocks = 3, edge_cases = 4 * 4 * 5 * 3 };
enum { edge_trajectories = 131, edge_run = 3 }; /* more than a block of lanes; a run of blocks */

static myr_draw edge_draw(const myr_verification *v, int number) {
    const uint64_t seeds[edge_seeds] = {v->seed, 0, UINT64_MAX, v->seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    const uint64_t firsts[edge_firsts] = {0, UINT64_C(0xffffffff) - 60, UINT64_C(0x8000000000000005),
                                          UINT64_MAX - edge_trajectories + 1};
    const uint32_t streams[edge_streams] = {MYR_STREAM_STEP, MYR_STREAM_START, MYR_STREAM_TARGET,
                                            MYR_STREAM_RESAMPLE, UINT32_MAX};
    const uint32_t blocks[edge_blocks] = {0, 249999, UINT32_MAX - edge_run + 1};
    myr_draw draw = {.count = edge_trajectories,
                     .blocks = edge_run,
                     .fast = v->fast,
                     .threads = v->threads,
                     .device = v->device};
    draw.seed = seeds[number % edge_seeds];
    draw.first = firsts[number / edge_seeds % edge_firsts];
    draw.stream = streams[number / (edge_seeds * edge_firsts) % edge_streams];
    draw.block = blocks[number / (edge_seeds * edge_firsts * edge_streams)];
    return draw;
}

static myr_status verify_edges(myr_verification *v) {
    enum { size = 4 * edge_trajectories * edge_run };
    uint32_t expected[size], words[size];
    uint64_t unequal = 0;
    for (int number = 0; number < edge_cases; number++) {
        myr_draw draw = edge_draw(v, number);
        myr_status status = myr_backend_reference.words(v->context, &draw, expected);
        for (int j = 0; j < size; j++)
            words[j] = ~expected[j]; /* poison */
        if (status == MYR_OK)
            status = v->backend->words(v->context, &draw, words);
        if (status != MYR_OK)
            return status;
        unequal += count_unequal(words, expected, size);
    }
    myr_report_check(v, "words, against the reference: words that differ", (double)unequal, 0.0,
                     (uint64_t)edge_cases * size);
    return MYR_OK;
}

myr_status myr_verify_words(myr_verification *v) {
    myr_status status = verify_published(v);
    return status != MYR_OK || myr_verifies_reference(v) ? status : verify_edges(v);
}

/* The worst share of the bound among the normals of a draw. */
static myr_status share_of_normals(myr_verification *v, const myr_draw *draw, uint32_t *words,
                                   double *expected, double *normals, double *worst) {
    uint64_t blocks = draw->count * draw->blocks;
    myr_poison(normals, 4 * blocks);
    myr_status status = myr_backend_reference.words(v->context, draw, words);
    if (status == MYR_OK)
        status = myr_backend_reference.normals(v->context, draw, expected);
    if (status == MYR_OK)
        status = v->backend->normals(v->context, draw, normals);
    for (uint64_t b = 0; status == MYR_OK && b < blocks; b++) {
        double bound[4];
        myr_bound_normals(words + 4 * b, v->fast, bound);
        for (int j = 0; j < 4; j++)
            *worst = myr_worse(*worst, fabs(normals[4 * b + j] - expected[4 * b + j]) / bound[j]);
    }
    return status;
}

myr_status myr_verify_normals(myr_verification *v) {
    enum { trajectories = 32768, blocks = 4, draws = 4 };
    if (myr_verifies_reference(v))
        return MYR_OK;
    uint64_t size = 4 * (uint64_t)trajectories * blocks;
    uint32_t *words = malloc(size * sizeof *words);
    double *expected = malloc(size * sizeof *expected), *normals = malloc(size * sizeof *normals);
    myr_status status = MYR_OK;
    if (!words || !expected || !normals)
        status = myr_fail_memory(v->context, size * (sizeof *words + 2 * sizeof *normals));
    double worst = 0.0;
    for (uint32_t n = 0; status == MYR_OK && n < draws; n++) {
        myr_draw draw = {.seed = v->seed + n,
                         .first = n * UINT64_C(0xfffffff1),
                         .count = trajectories,
                         .stream = n % 2,
                         .block = 1000 * n,
                         .blocks = blocks,
                         .fast = v->fast,
                         .threads = v->threads,
                         .device = v->device};
        status = share_of_normals(v, &draw, words, expected, normals, &worst);
    }
    if (status == MYR_OK)
        myr_report_check(v, "normals: share of the rounding bound", worst, 1.0, draws * size);
    free(words);
    free(expected);
    free(normals);
    return status;
}
