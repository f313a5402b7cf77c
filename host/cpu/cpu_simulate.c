#include "cpu_backend.h"

#include <stdlib.h>

#include "cpu_isa.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "myriad/policy.h"
#include "policies/policy_tables.h"
#include "race.h"

enum { MOST_BLOCKS = 2 * MYR_MAX_SIMULATED / 4 };

typedef uint32_t word_lanes[4][MYR_LANES];

static void rank(const myr_ranking_draw *draw, const double *scales, word_lanes *words, uint64_t lane,
                 uint32_t *answers) {
    double times[MYR_MAX_SIMULATED];
    for (uint32_t k = 0; k < draw->length; k++)
        myr_take_candidate(words[k / 4][k % 4][lane], draw->answers - k, k, answers, 1);
    for (uint32_t k = 0, j = draw->length; k < draw->length; k++, j++)
        myr_let_arrive(words[j / 4][j % 4][lane], scales[answers[k]], k, answers, times, 1);
}

/* The rankings of the draw that lie in the lanes first … first + MYR_LANES - 1. */
static void rank_lanes(const myr_ranking_draw *draw, const myr_lanes_isa *isa, const double *scales,
                       uint64_t first, uint32_t *rankings) {
    word_lanes words[MOST_BLOCKS] = {{{0}}};
    for (uint32_t b = 0; b < (2 * draw->length + 3) / 4; b++)
        isa->words(draw->seed, first, MYR_STREAM_RANKING, b, words[b]);
    for (uint64_t lane = 0; lane < MYR_LANES; lane++) {
        const uint64_t index = first + lane, n = index - draw->first; /* wraps where index is below */
        if (n < draw->count)
            rank(draw, scales + index % draw->prompts * draw->answers, words, lane,
                 rankings + n * draw->length);
    }
}

myr_status myr_cpu_simulate(myr_context *context, const myr_ranking_draw *draw, uint32_t *rankings) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    if (status != MYR_OK)
        return status;
    double *scales = myr_race_scales(draw);
    if (!scales)
        return myr_fail_memory(context, (size_t)draw->prompts * draw->answers * sizeof *scales);
    const uint64_t begin = draw->first / MYR_LANES;
    const int64_t blocks = (int64_t)((draw->first + (draw->count - 1)) / MYR_LANES - begin + 1);
#pragma omp parallel num_threads(draw->threads) if (blocks > 8)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int64_t block = 0; block < blocks; block++)
            rank_lanes(draw, isa, scales, (begin + (uint64_t)block) * MYR_LANES, rankings);
    }
    free(scales);
    return MYR_OK;
}
