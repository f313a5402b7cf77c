/* Tier: rankings drawn by the backend, against the reference, the cpu and the model's probabilities. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "policy_case.h"
#include "reference/reference_simulate.h"

static const double reference[MYR_CASE_ENTRIES] = {-0.3, -2.1, -1.2, -1.9, -3.0,
                                                   -1.1, -1.4, -2.2, -0.9, -2.7};
static const double rewards[MYR_CASE_ENTRIES] = {0.4, 1.3, -0.8, 0.1, -1.0, -0.2, 0.9, 1.1, -1.3, 0.0};
const myr_policy_problem myr_policy_case = {
    sizeof(myr_policy_problem), MYR_CASE_PROMPTS, MYR_CASE_ANSWERS, reference, rewards, 0.7};

myr_ranking_draw myr_case_draw(const myr_verification *v, const myr_policy_problem *problem,
                               uint32_t length, uint64_t first, uint64_t count) {
    const myr_ranking_draw draw = {.seed = v->seed,
                                   .first = first,
                                   .count = count,
                                   .prompts = problem->prompts,
                                   .answers = problem->answers,
                                   .length = length,
                                   .rewards = problem->rewards,
                                   .threads = v->threads,
                                   .device = v->device};
    return draw;
}

uint32_t *myr_new_rankings(uint64_t count, uint32_t length) {
    uint32_t *rankings = malloc(count * length * sizeof *rankings);
    if (rankings)
        memset(rankings, 0xff, count * length * sizeof *rankings);
    return rankings;
}

double myr_case_probability(const double *r, const uint32_t order[3]) {
    const double a = exp(r[order[0]]), b = exp(r[order[1]]), c = exp(r[order[2]]);
    return 0.1 * a / (a + b + c) * b / (b + c);
}

/* Whether a ranking has the reference's candidates, in the order of their arrival up to what float
 * arithmetic does to two times: 6e-7 each, kernels/race.h. */
static bool is_in_order(const myr_ranking_draw *draw, uint64_t index, const uint32_t *ranking) {
    uint32_t candidates[MYR_MAX_SIMULATED];
    double times[MYR_MAX_SIMULATED], before = 0.0;
    myr_reference_arrivals(draw, index, candidates, times);
    for (uint32_t place = 0; place < draw->length; place++) {
        uint32_t k = 0;
        while (k < draw->length && candidates[k] != ranking[place])
            k++;
        if (k == draw->length || !(times[k] * (1.0 + 1.2e-6) >= before))
            return false;
        before = fmax(before, times[k]);
        candidates[k] = UINT32_MAX; /* each once */
    }
    return true;
}

enum { SHAPES = 4, DRAWN = 5000, WIDE = 37 };
static const struct {
    uint32_t prompts, answers, length;
    uint64_t first;
} shapes[SHAPES] = {
    {2, 5, 2, 0}, {2, 5, 5, 77}, {1, WIDE, MYR_MAX_SIMULATED, 3}, {3, 9, 3, UINT64_C(0xfffffff0)}};

/* From 7 threads and in two parts, of uneven lengths. */
static myr_status draw_parts(myr_verification *v, const myr_ranking_draw *draw, uint32_t *rankings) {
    myr_ranking_draw part = *draw;
    part.threads = 7;
    part.count = 1234;
    myr_status status = v->backend->simulate(v->context, &part, rankings);
    part.first += part.count;
    part.count = draw->count - part.count;
    return status == MYR_OK
               ? v->backend->simulate(v->context, &part, rankings + UINT64_C(1234) * draw->length)
               : status;
}

typedef struct ranking_tally {
    uint64_t unordered, unlike, unrepeated, count;
} ranking_tally;

static myr_status compare_shape(myr_verification *v, const myr_ranking_draw *draw, uint32_t *rankings[2],
                                ranking_tally *tally) {
    const size_t bytes = draw->count * draw->length * sizeof(uint32_t);
    myr_status status = v->backend->simulate(v->context, draw, rankings[0]);
    if (status == MYR_OK)
        status = draw_parts(v, draw, rankings[1]);
    if (status != MYR_OK)
        return status;
    tally->count += draw->count;
    for (uint64_t n = 0; n < draw->count; n++) {
        const uint32_t *a = rankings[0] + n * draw->length, *b = rankings[1] + n * draw->length;
        tally->unrepeated += memcmp(a, b, draw->length * sizeof *a) != 0;
        tally->unordered += !is_in_order(draw, draw->first + n, a);
    }
    memset(rankings[1], 0xff, bytes);
    status = myr_backend_cpu.simulate(v->context, draw, rankings[1]);
    for (uint64_t n = 0; status == MYR_OK && n < draw->count * draw->length; n++)
        tally->unlike += rankings[0][n] != rankings[1][n];
    return status;
}

static myr_status verify_bits(myr_verification *v) {
    double table[WIDE];
    ranking_tally tally = {0};
    uint32_t *rankings[2] = {myr_new_rankings(DRAWN, MYR_MAX_SIMULATED),
                             myr_new_rankings(DRAWN, MYR_MAX_SIMULATED)};
    myr_status status = MYR_OK;
    if (!rankings[0] || !rankings[1])
        status = myr_fail_memory(v->context, sizeof(uint32_t) * DRAWN * MYR_MAX_SIMULATED);
    for (int n = 0; n < WIDE; n++)
        table[n] = 3.0 * sin(2.3 * n) - 3.0;
    for (int s = 0; status == MYR_OK && s < SHAPES; s++) {
        const myr_policy_problem problem = {
            sizeof problem, shapes[s].prompts, shapes[s].answers, NULL, table, 1.0};
        const myr_ranking_draw draw = myr_case_draw(v, &problem, shapes[s].length, shapes[s].first, DRAWN);
        status = compare_shape(v, &draw, rankings, &tally);
    }
    free(rankings[0]);
    free(rankings[1]);
    if (status != MYR_OK)
        return status;
    myr_report_check(v, "rankings, in parts and by 7 threads: rankings that differ",
                     (double)tally.unrepeated, 0.0, tally.count);
    if (!myr_verifies_reference(v)) {
        myr_report_check(v, "rankings, against the reference: out of its order", (double)tally.unordered,
                         0.0, tally.count);
        myr_report_check(v, "rankings, against the cpu: answers that differ", (double)tally.unlike, 0.0,
                         tally.count);
    }
    return MYR_OK;
}

static myr_status verify_frequencies(myr_verification *v) {
    const uint64_t count = myr_verifies_reference(v) ? MYR_VERIFY_MIN_COUNT : v->count;
    const myr_ranking_draw draw =
        myr_case_draw(v, &myr_policy_case, 3, 1000000, count - count % MYR_CASE_PROMPTS);
    uint64_t seen[MYR_CASE_PROMPTS][MYR_CASE_ANSWERS][MYR_CASE_ANSWERS][MYR_CASE_ANSWERS] = {{{{0}}}};
    uint32_t *rankings = myr_new_rankings(draw.count, 3);
    if (!rankings)
        return myr_fail_memory(v->context, 3 * draw.count * sizeof *rankings);
    myr_status status = v->backend->simulate(v->context, &draw, rankings);
    for (uint64_t n = 0; status == MYR_OK && n < draw.count; n++) {
        const uint32_t *o = rankings + 3 * n;
        if (o[0] < MYR_CASE_ANSWERS && o[1] < MYR_CASE_ANSWERS && o[2] < MYR_CASE_ANSWERS)
            seen[n % MYR_CASE_PROMPTS][o[0]][o[1]][o[2]]++;
    }
    free(rankings);
    double worst = 0.0;
    for (uint32_t n = 0; n < MYR_CASE_PROMPTS * MYR_CASE_ANSWERS * MYR_CASE_ANSWERS * MYR_CASE_ANSWERS;
         n++) {
        const uint32_t x = n / (MYR_CASE_ANSWERS * MYR_CASE_ANSWERS * MYR_CASE_ANSWERS);
        const uint32_t o[3] = {n / (MYR_CASE_ANSWERS * MYR_CASE_ANSWERS) % MYR_CASE_ANSWERS,
                               n / MYR_CASE_ANSWERS % MYR_CASE_ANSWERS, n % MYR_CASE_ANSWERS};
        if (o[0] == o[1] || o[1] == o[2] || o[0] == o[2])
            continue;
        const double p = myr_case_probability(rewards + (size_t)x * MYR_CASE_ANSWERS, o),
                     all = (double)draw.count / MYR_CASE_PROMPTS;
        worst =
            myr_worse(worst, fabs((double)seen[x][o[0]][o[1]][o[2]] - all * p) / sqrt(all * p * (1.0 - p)));
    }
    if (status == MYR_OK)
        myr_report_check(v, "rankings, frequencies of Plackett-Luce: worst |z|", worst, 5.3, 120);
    return status;
}

myr_status myr_verify_rankings(myr_verification *v) {
    myr_status status = verify_bits(v);
    return status == MYR_OK ? verify_frequencies(v) : status;
}
