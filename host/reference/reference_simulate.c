#include "reference_simulate.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "myriad/policy.h"
#include "reference_random.h"

static uint32_t word_number(const myr_ranking_draw *draw, uint64_t index, uint32_t j) {
    uint32_t words[4];
    myr_reference_words(draw->seed, index, MYR_STREAM_RANKING, j / 4, words);
    return words[j % 4];
}

static bool is_taken(uint32_t answer, const uint32_t *candidates, uint32_t count) {
    for (uint32_t k = 0; k < count; k++)
        if (candidates[k] == answer)
            return true;
    return false;
}

static int ascending(const void *left, const void *right) {
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

void myr_reference_arrivals(const myr_ranking_draw *draw, uint64_t index, uint32_t *candidates,
                            double *times) {
    const double *rewards = draw->rewards + index % draw->prompts * draw->answers;
    for (uint32_t k = 0; k < draw->length; k++) {
        /* Count off the answers that are left. */
        const double left = draw->answers - k;
        uint32_t skip = (uint32_t)floor(word_number(draw, index, k) * left / 4294967296.0), answer = 0;
        while (is_taken(answer, candidates, k))
            answer++;
        for (; skip > 0; skip--) {
            answer++;
            while (is_taken(answer, candidates, k))
                answer++;
        }
        candidates[k] = answer;
    }
    qsort(candidates, draw->length, sizeof *candidates, ascending);
    for (uint32_t k = 0; k < draw->length; k++) {
        const double v = (word_number(draw, index, draw->length + k) + 0.5) / 4294967296.0;
        times[k] = -log1p(-v) * exp(-rewards[candidates[k]]);
    }
}

myr_status myr_reference_simulate(myr_context *context, const myr_ranking_draw *draw, uint32_t *rankings) {
    (void)context;
    uint32_t candidates[MYR_MAX_SIMULATED];
    double times[MYR_MAX_SIMULATED];
    for (uint64_t n = 0; n < draw->count; n++) {
        myr_reference_arrivals(draw, draw->first + n, candidates, times);
        for (uint32_t place = 0; place < draw->length; place++) {
            uint32_t first = 0;
            for (uint32_t k = 1; k < draw->length; k++)
                if (times[k] < times[first])
                    first = k;
            rankings[n * draw->length + place] = candidates[first];
            times[first] = INFINITY;
        }
    }
    return MYR_OK;
}
