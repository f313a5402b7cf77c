#include "chain_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chain_step.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "plans/chain.h"
#include "targets/discrete.h"

/* The entry for a sum of probabilities out of all: at all itself exactly 2^31 - 1. */
static int32_t entry_of(double sum, double all) {
    return (int32_t)(rint(sum / all * 0x1p31) - 1.0);
}

static void fill_start(const myr_chain *chain, myr_chain_table *table) {
    double all = 0.0, sum = 0.0;
    for (int i = 0; i < table->states; i++)
        all += chain->start[i];
    for (int i = 0; i < table->width; i++) {
        sum += i < table->states ? chain->start[i] : 0.0;
        table->start[i] = entry_of(sum, all);
    }
}

/* The rows of the step from t to t - 1: P(j | i) is Q_t(i | j) p_{t-1}(j) over its sum, for all i at once.
 * Rows of states where the chain cannot be, whose sum is 0, lead to the first: lanes that nobody asked for
 * may read them. */
static void fill_step(const double *before, const double *matrix, const myr_chain_table *table,
                      int32_t *rows) {
    const int s = table->states, w = table->width;
    double all[MYR_MAX_STATES] = {0}, sum[MYR_MAX_STATES] = {0};
    for (int j = 0; j < s; j++)
        for (int i = 0; i < s; i++)
            all[i] += matrix[j * s + i] * before[j];
    for (int i = 0; i < s; i++)
        if (all[i] == 0.0)
            all[i] = sum[i] = 1.0;
    for (int j = 0; j < w; j++)
        for (int i = 0; i < s; i++) {
            sum[i] += j < s ? matrix[j * s + i] * before[j] : 0.0;
            rows[i * w + j] = entry_of(sum[i], all[i]);
        }
}

myr_status myr_chain_table_create(myr_context *context, const myr_job *job, myr_chain_table *table) {
    const myr_plan *plan = job->plan;
    const myr_chain *chain = plan->chain;
    memset(table, 0, sizeof *table);
    table->states = chain->states;
    table->width = myr_chain_width(chain->states);
    table->rows = job->row_end - job->row_begin;
    const size_t w = (size_t)table->width, step = (size_t)table->states * w;
    const size_t bytes = (w + (size_t)table->rows * step) * sizeof(int32_t);
    table->start = malloc(bytes);
    if (!table->start)
        return myr_fail_memory(context, bytes);
    table->steps = table->start + w;
    fill_start(chain, table);
#pragma omp parallel num_threads(job->threads) if (table->rows * (int64_t)step > 100000)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int64_t r = 0; r < table->rows; r++) {
            const int64_t t = plan->steps - (job->row_begin + r);
            fill_step(chain->laws + (t - 1) * chain->states,
                      myr_discrete_matrix(myr_target_chain(job->target), t), table,
                      table->steps + (size_t)r * step);
        }
    }
    return MYR_OK;
}

void myr_chain_table_destroy(myr_chain_table *table) {
    free(table->start); /* and steps, which lie behind it */
    memset(table, 0, sizeof *table);
}
