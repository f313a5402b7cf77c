/* Sets of statistics: the list, what a set takes up, what it tells. */
#include "myriad/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "statistic.h"

#define MYR_STATISTIC_ADDRESS(name) &myr_statistic_##name,
static const myr_statistic *const statistics_list[] = {MYR_STATISTIC_LIST(MYR_STATISTIC_ADDRESS)};
enum { STATISTICS = sizeof statistics_list / sizeof *statistics_list };

struct myr_statistics {
    myr_statistics_setting setting;
    bool wanted[STATISTICS];
    void *state[STATISTICS]; /* NULL: not there */
    uint64_t count, next;    /* trajectories so far, and the next one's index */
    myr_statistic_rows rows;
};

const char *myr_statistic_name(int index) {
    return index >= 0 && index < STATISTICS ? statistics_list[index]->name : NULL;
}

const char *myr_statistic_help(int index) {
    return index >= 0 && index < STATISTICS ? statistics_list[index]->help : NULL;
}

/* By the first `length` letters of a name; -1: none. */
static int find_statistic(const char *name, size_t length) {
    for (int n = 0; n < STATISTICS; n++)
        if (strlen(statistics_list[n]->name) == length &&
            strncmp(statistics_list[n]->name, name, length) == 0)
            return n;
    return -1;
}

bool myr_has_marginal(const myr_target *target) {
    return target->operations->marginal != NULL;
}

bool myr_has_draws(const myr_target *target) {
    return target->operations->draw != NULL;
}

bool myr_has_draws_and_marginal(const myr_target *target) {
    return myr_has_draws(target) && myr_has_marginal(target);
}

static bool suits(const myr_statistic *statistic, const myr_target *target) {
    return !statistic->suits || statistic->suits(target);
}

bool myr_statistic_supports_target(const char *statistic, const myr_target *target) {
    const int n = statistic ? find_statistic(statistic, strlen(statistic)) : -1;
    return n >= 0 && target && suits(statistics_list[n], target);
}

/* ---- making one ------------------------------------------------------------------------------------ */

static myr_status check_options(myr_context *context, const myr_statistics_options *options) {
    if (!options->names)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "statistics: NULL (expected names)");
    if (options->bins < 1 || options->bins > MYR_MAX_BINS)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "bins: %d is out of range (expected 1 … %d)",
                        options->bins, MYR_MAX_BINS);
    return myr_threads_check(context, options->threads);
}

static myr_status want_one(myr_context *context, myr_statistics *s, const char *name, size_t length) {
    const int n = find_statistic(name, length);
    if (n < 0)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "statistics: '%.*s' is not known (expected all, or names that myriad info lists)",
                        length < 80 ? (int)length : 80, name);
    if (!suits(statistics_list[n], s->setting.target))
        return myr_fail(
            context, MYR_UNSUPPORTED, "statistics: %s needs %s; targets of the type %s have none",
            statistics_list[n]->name, statistics_list[n]->expected, s->setting.target->operations->type);
    s->wanted[n] = true;
    return MYR_OK;
}

static myr_status want(myr_context *context, myr_statistics *s, const char *names) {
    myr_status status = MYR_OK;
    for (const char *name = names; status == MYR_OK;) {
        const size_t length = strcspn(name, ",");
        if (length == 3 && strncmp(name, "all", 3) == 0)
            for (int n = 0; n < STATISTICS; n++)
                s->wanted[n] |= suits(statistics_list[n], s->setting.target);
        else
            status = want_one(context, s, name, length);
        if (name[length] == '\0')
            break;
        name += length + 1;
    }
    return status;
}

const myr_marginal_bins *myr_statistics_marginals(myr_context *context, myr_statistics_setting *setting) {
    if (!setting->marginals &&
        myr_marginal_bins_create(context, setting->target, setting->threads, &setting->marginals) != MYR_OK)
        return NULL;
    return setting->marginals;
}

myr_status myr_statistics_create(myr_context *context, const myr_target *target,
                                 const myr_statistics_options *options, myr_statistics **statistics) {
    MYR_STANDARD_ENVIRONMENT;
    myr_statistics_options known;
    if (!target || !statistics)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "target and statistics must not be NULL");
    *statistics = NULL;
    myr_status status = myr_statistics_options_read(context, &options, &known);
    if (status == MYR_OK)
        status = check_options(context, options);
    if (status != MYR_OK)
        return status;
    myr_statistics *made = calloc(1, sizeof *made);
    if (!made)
        return myr_fail_memory(context, sizeof *made);
    made->setting = (myr_statistics_setting){.target = target,
                                             .dimension = target->dimension,
                                             .seed = options->seed,
                                             .bins = options->bins,
                                             .threads = myr_resolve_threads(options->threads)};
    status = want(context, made, options->names);
    for (int n = 0; status == MYR_OK && n < STATISTICS; n++)
        if (made->wanted[n])
            status = statistics_list[n]->create(context, &made->setting, &made->state[n]);
    if (status == MYR_OK)
        *statistics = made;
    else
        myr_statistics_destroy(made);
    return status;
}

void myr_statistics_destroy(myr_statistics *statistics) {
    if (!statistics)
        return;
    for (int n = 0; n < STATISTICS; n++)
        if (statistics->state[n])
            statistics_list[n]->destroy(statistics->state[n]);
    myr_marginal_bins_destroy(statistics->setting.marginals);
    free(statistics->rows.row);
    free(statistics);
}

/* ---- taking up ------------------------------------------------------------------------------------- */

myr_status myr_statistics_add(myr_context *context, myr_statistics *statistics, uint64_t first,
                              uint64_t count, const double *samples) {
    MYR_STANDARD_ENVIRONMENT;
    if (!statistics || !samples)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "statistics and samples must not be NULL");
    if (statistics->count > 0 && first != statistics->next)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "first: %llu does not follow on the trajectories so far (expected %llu)",
                        (unsigned long long)first, (unsigned long long)statistics->next);
    if (count == 0)
        return MYR_OK;
    if (statistics->setting.marginals)
        myr_marginal_bins_add(statistics->setting.marginals, count, samples);
    for (int n = 0; n < STATISTICS; n++)
        if (statistics->state[n] && statistics_list[n]->add)
            statistics_list[n]->add(statistics->state[n], first, count, samples);
    statistics->count += count;
    statistics->next = first + count;
    return MYR_OK;
}

typedef struct taker {
    myr_context *context;
    myr_statistics *statistics;
} taker;

static myr_status take(void *user, uint64_t first, uint64_t count, const double *samples) {
    const taker *t = user;
    return myr_statistics_add(t->context, t->statistics, first, count, samples);
}

myr_status myr_run_statistics(myr_context *context, const myr_plan *plan, const myr_target *target,
                              const myr_run_options *options, myr_statistics *statistics,
                              myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    if (!statistics)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "statistics must not be NULL");
    if (plan && plan->dimension != statistics->setting.dimension)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "plan: has %d coordinates, but the statistics were made for %d", plan->dimension,
                        statistics->setting.dimension);
    taker t = {context, statistics};
    return myr_run_stream(context, plan, target, options, take, &t, report);
}

/* ---- telling --------------------------------------------------------------------------------------- */

myr_statistic_row *myr_statistic_row_add(myr_statistic_rows *rows, const char *statistic) {
    if (rows->count == rows->room && !rows->lost) {
        const size_t room = rows->room > 0 ? 2 * rows->room : 64;
        myr_statistic_row *larger = realloc(rows->row, room * sizeof *larger);
        rows->lost = !larger;
        rows->row = larger ? larger : rows->row;
        rows->room = larger ? room : rows->room;
    }
    if (rows->lost)
        return &rows->nowhere;
    rows->row[rows->count] = (myr_statistic_row){statistic, -1, -1, NAN, NAN, NAN, NAN, 0.0, NAN, NAN};
    return &rows->row[rows->count++];
}

myr_status myr_statistics_rows(myr_context *context, myr_statistics *statistics,
                               const myr_statistic_row **rows, size_t *count) {
    MYR_STANDARD_ENVIRONMENT;
    if (!statistics || !rows || !count)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "statistics, rows and count must not be NULL");
    statistics->rows.count = 0;
    statistics->rows.lost = false;
    for (int n = 0; statistics->count > 0 && n < STATISTICS; n++)
        if (statistics->state[n])
            statistics_list[n]->report(statistics->state[n], &statistics->rows);
    *rows = statistics->rows.row;
    *count = statistics->rows.count;
    if (statistics->rows.lost)
        return myr_fail_memory(context, statistics->rows.room * 2 * sizeof **rows);
    return MYR_OK;
}
