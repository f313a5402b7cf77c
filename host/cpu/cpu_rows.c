#include "cpu_rows.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/product.h"
#include "targets/empirical.h"
#include "targets/gaussian.h"
#include "targets/mixture.h"

/* A batch's size: at most this much memory, if that is a chunk; and about this much work a thread (under a
 * second), so that progress is shown and cancelling works. */
static const double batch_bytes = 16e6;
static const double batch_work = 5e8;

/* Work that is worth a thread of its own: a few times what starting one takes. Threads that wait for less
 * only spin. */
static const double thread_work = 5e4;

/* Tables of mixtures that are kept at a time: in the caches. */
static const double window_bytes = 4e6;

static bool is_mixture(const myr_job *job) {
    return job->target->operations == &myr_target_mixture;
}

static bool is_empirical(const myr_job *job) {
    return job->target->operations == &myr_target_empirical;
}

/* A trajectory's work, in steps of one coordinate of a Gaussian. A component of a mixture takes some 12
 * operations and 4 a coordinate, where such a step takes 23; a point takes 20, and 2 a coordinate at the
 * double rate of products of matrices. */
static double work_of(const myr_job *job) {
    double d = job->plan->dimension, denoiser = 0.0;
    if (is_mixture(job))
        denoiser = myr_mixture_of(job->target)->components * (d + 3.0) / 6.0;
    else if (is_empirical(job))
        denoiser = (double)myr_empirical_of(job->target)->count * (d + 20.0) / 23.0;
    double step = d + denoiser * (job->plan->two_stage ? 2.0 : 1.0);
    return step * (double)(job->row_end - job->row_begin + 1);
}

static int useful_threads(const myr_job *job) {
    double useful = 1.0 + (double)job->count * work_of(job) / thread_work;
    return useful < job->threads ? (int)useful : job->threads;
}

static uint64_t batch_size(const myr_job *job) {
    double by_memory = batch_bytes / (job->plan->dimension * (double)sizeof(float) * MYR_CHUNK);
    double by_time = batch_work * job->threads / (work_of(job) * MYR_CHUNK);
    const uint64_t needed = job->count / MYR_CHUNK + 1;
    double chunks = by_memory < by_time ? by_memory : by_time;
    if (chunks > (double)needed)
        chunks = (double)needed;
    return MYR_CHUNK * (uint64_t)(chunks < 1.0 ? 1.0 : chunks);
}

void myr_cpu_rows_end(myr_cpu_rows *rows) {
    free(rows->values);
    free(rows->memory);
    free(rows->scratch);
    free(rows->level);
    myr_mixture_table_destroy(&rows->mixture);
    myr_empirical_table_destroy(&rows->empirical);
    myr_affine_table_destroy(&rows->affine);
    if (is_empirical(rows->job))
        myr_product_end();
}

static myr_status allocate(myr_context *context, myr_cpu_rows *rows) {
    const myr_job *job = rows->job;
    const size_t d = (size_t)job->plan->dimension;
    const size_t value_bytes = d * rows->batch * sizeof(float);
    rows->thread_rows = MYR_LANE_WORK * d + (is_empirical(job) ? MYR_POINT_TILE : 0);
    const size_t scratch_bytes = (size_t)rows->threads * rows->thread_rows * sizeof(myr_lane_row);
    const bool windows = is_mixture(job) && rows->mixture.room < job->row_end - job->row_begin;
    const bool keeps = (windows || rows->stepwise) && job->plan->memory;
    rows->values = aligned_alloc(64, value_bytes);
    rows->scratch = aligned_alloc(64, scratch_bytes);
    rows->level = malloc(d * sizeof *rows->level);
    if (keeps)
        rows->memory = aligned_alloc(64, 2 * value_bytes);
    if (rows->values && rows->scratch && rows->level && (rows->memory || !keeps))
        return MYR_OK;
    myr_cpu_rows_end(rows);
    return myr_fail_memory(context, (keeps ? 3 : 1) * value_bytes + scratch_bytes);
}

static myr_status create_table(myr_context *context, const myr_job *job, myr_cpu_rows *rows) {
    if (is_mixture(job)) {
        const double bytes = rows->stepwise ? 0.0 : window_bytes; /* 0: a row */
        myr_status status = myr_mixture_table_create(context, job, bytes, &rows->mixture);
        rows->enter = rows->mixture.enter;
        rows->leave = rows->mixture.leave;
        return status;
    }
    if (is_empirical(job)) {
        myr_status status = myr_empirical_table_create(context, job, &rows->empirical);
        rows->enter = rows->empirical.enter;
        rows->leave = rows->empirical.leave;
        return status;
    }
    if (job->target->operations != &myr_target_gaussian)
        return myr_target_lacks(context, job->target, "denoiser on the backend cpu");
    myr_status status = myr_affine_table_create(context, job, &rows->affine);
    rows->enter = rows->affine.enter;
    rows->leave = rows->affine.leave;
    return status;
}

myr_status myr_cpu_rows_begin(myr_context *context, myr_cpu_rows *rows, const myr_lanes_isa *isa,
                              const myr_job *job, bool stepwise) {
    *rows = (myr_cpu_rows){.job = job,
                           .isa = isa,
                           .threads = useful_threads(job),
                           .stepwise = stepwise,
                           .batch = batch_size(job)};
    myr_status status = create_table(context, job, rows);
    if (status != MYR_OK)
        return status;
    if (is_empirical(job))
        status = myr_product_begin(context, rows->threads);
    if (status != MYR_OK) {
        myr_empirical_table_destroy(&rows->empirical);
        return status;
    }
    return allocate(context, rows);
}

/* A block's lanes that belong to the batch. */
typedef struct span {
    uint64_t first;  /* trajectory of lane 0 */
    uint64_t offset; /* in the batch, of the first lane that counts … */
    uint64_t place;  /* … and in what the job gives */
    int skip, lanes; /* that lane, and how many count */
} span;

static span span_of(const myr_cpu_rows *rows, uint64_t block, uint64_t done, uint64_t count) {
    /* The first block may begin before the batch. Unsigned differences wrap as wanted. */
    const uint64_t batch_first = rows->job->first + done;
    span s = {.first = block * MYR_LANES};
    s.skip = s.first < batch_first ? (int)(batch_first - s.first) : 0;
    s.offset = s.first + (uint64_t)s.skip - batch_first;
    uint64_t left = count - s.offset;
    s.lanes = left < (uint64_t)(MYR_LANES - s.skip) ? (int)left : MYR_LANES - s.skip;
    s.place = done + s.offset;
    return s;
}

/* Between an array over the batch, [dimension][batch], and a block's lanes. */
static void load(const myr_cpu_rows *rows, const span *s, const float *from, myr_lane_row *to) {
    for (size_t c = 0; c < (size_t)rows->job->plan->dimension; c++) {
        memset(to[c], 0, sizeof *to);
        memcpy(&to[c][s->skip], &from[c * rows->batch + s->offset], (size_t)s->lanes * sizeof(float));
    }
}

static void store(const myr_cpu_rows *rows, const span *s, myr_lane_row *from, float *to) {
    for (size_t c = 0; c < (size_t)rows->job->plan->dimension; c++)
        memcpy(&to[c * rows->batch + s->offset], &from[c][s->skip], (size_t)s->lanes * sizeof(float));
}

/* The job's given states: relative to the mean path, in the target's axes. */
static void enter_states(const myr_cpu_rows *rows, const span *s, myr_lane_row *state) {
    const myr_job *job = rows->job;
    const int d = job->plan->dimension;
    const myr_gaussian *affine = myr_target_affine(job->target);
    const double *axes = affine ? affine->axes : NULL;
    memset(state, 0, (size_t)d * sizeof *state);
    for (int lane = 0; lane < s->lanes; lane++) {
        const double *x = job->states + (s->place + (uint64_t)lane) * (uint64_t)d;
        for (int c = 0; c < d; c++) {
            double value = axes ? 0.0 : x[c] - rows->enter[c];
            for (int r = 0; axes && r < d; r++)
                value += axes[r * d + c] * (x[r] - rows->enter[r]);
            state[c][s->skip + lane] = (float)value;
        }
    }
}

/* The job's given numbers, stride to a trajectory. */
static myr_lane_given given_lanes(const double *numbers, uint64_t stride, const span *s) {
    return (myr_lane_given){numbers ? numbers + s->place * stride : NULL, stride, s->skip,
                            s->skip + s->lanes};
}

/* A table of one row of the whole one's. */
static myr_affine_table affine_row(const myr_affine_table *whole, int64_t row) {
    myr_affine_table table = *whole;
    table.rows = 1;
    if (table.general)
        table.general_cells += row * table.columns;
    else
        table.simple += row * table.columns;
    return table;
}

static myr_empirical_table empirical_row(const myr_empirical_table *whole, int64_t row) {
    myr_empirical_table table = *whole;
    table.rows = 1;
    table.row += row;
    return table;
}

/* The rows row … of a window; begins and ends: whether it is the first, the last one. */
typedef struct window {
    int64_t row;
    bool begins, ends;
} window;

static void run_block(const myr_cpu_rows *rows, const span *s, const window *w) {
    const myr_job *job = rows->job;
    const size_t d = (size_t)job->plan->dimension;
    myr_lane_row *scratch = rows->scratch + (size_t)omp_get_thread_num() * rows->thread_rows;
    const myr_lane_work work = {scratch,         scratch + d,     scratch + 2 * d,
                                scratch + 3 * d, scratch + 4 * d, scratch + 5 * d};
    if (!w->begins)
        load(rows, s, rows->values, work.state);
    else if (job->states)
        enter_states(rows, s, work.state);
    memset(work.d1, 0, 2 * d * sizeof *work.d1);
    if (rows->memory && !w->begins) {
        load(rows, s, rows->memory, work.d1);
        load(rows, s, rows->memory + d * rows->batch, work.d2);
    }
    const uint64_t numbers = (uint64_t)job->plan->steps * (uint64_t)job->plan->slots * d;
    myr_lanes_run run = {.seed = job->seed,
                         .row_begin = w->row,
                         .affine = &rows->affine,
                         .mixture = &rows->mixture,
                         .empirical = &rows->empirical,
                         .start = given_lanes(job->start_normals, d, s),
                         .noise = given_lanes(job->noise, numbers, s)};
    myr_affine_table affine;
    myr_empirical_table empirical;
    if (rows->stepwise && is_empirical(job)) {
        empirical = empirical_row(&rows->empirical, w->row - job->row_begin);
        run.empirical = &empirical;
    } else if (rows->stepwise && !is_mixture(job)) {
        affine = affine_row(&rows->affine, w->row - job->row_begin);
        run.affine = &affine;
    }
    const bool enter = job->states || !w->begins;
    myr_lane_row *result = work.state;
    if (is_mixture(job))
        rows->isa->run_mixture(&run, s->first, enter, &work);
    else if (is_empirical(job))
        rows->isa->run_empirical(&run, s->first, enter, &work, scratch + MYR_LANE_WORK * d);
    else
        rows->isa->run_affine(&run, s->first, enter, work.state, work.d1);
    if (w->ends && rows->affine.axes) {
        rows->isa->rotate(rows->affine.axes, (int)d, work.state, work.y);
        result = work.y;
    }
    store(rows, s, result, rows->values);
    if (rows->memory && !w->ends) {
        store(rows, s, work.d1, rows->memory);
        store(rows, s, work.d2, rows->memory + d * rows->batch);
    }
}

/* MYR_CANCELLED if the caller wants no more. */
static myr_status report_progress(myr_context *context, const myr_job *job, uint64_t done) {
    if (job->progress && job->progress(job->user, done, job->count))
        return myr_fail(context, MYR_CANCELLED, "cancelled after %llu of %llu trajectories",
                        (unsigned long long)done, (unsigned long long)job->count);
    return MYR_OK;
}

/* Blocks from one report to the next: some for each thread, and about batch_work. */
static int64_t blocks_of_a_piece(const myr_cpu_rows *rows) {
    double blocks = batch_work * rows->threads / (work_of(rows->job) * MYR_LANES);
    int64_t least = 4 * (int64_t)rows->threads;
    return blocks > 1e15 ? (int64_t)1e15 : blocks > (double)least ? (int64_t)blocks : least;
}

/* A batch through a window, which takes it from one share of its rows to another. */
static myr_status run_blocks(myr_context *context, const myr_cpu_rows *rows, uint64_t done, uint64_t count,
                             const window *w, double from, double to) {
    const uint64_t first = rows->job->first + done;
    const int64_t begin = (int64_t)(first / MYR_LANES);
    const int64_t end = (int64_t)((first + count - 1) / MYR_LANES) + 1;
    const int64_t most = blocks_of_a_piece(rows);
    for (int64_t piece = begin; piece < end; piece += most) {
        const int64_t piece_end = end - piece < most ? end : piece + most;
#pragma omp parallel num_threads(rows->threads)
        {
            MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic) nowait
            for (int64_t block = piece; block < piece_end; block++) {
                span s = span_of(rows, (uint64_t)block, done, count);
                run_block(rows, &s, w);
            }
        }
        double share = piece_end == end
                           ? to
                           : from + (to - from) * (double)(piece_end - begin) / (double)(end - begin);
        myr_status status = report_progress(context, rows->job, done + (uint64_t)(share * (double)count));
        if (status != MYR_OK)
            return status;
    }
    return MYR_OK;
}

myr_status myr_cpu_rows_run(myr_context *context, myr_cpu_rows *rows, uint64_t done, uint64_t count) {
    const myr_job *job = rows->job;
    const double all = (double)(job->row_end - job->row_begin);
    int64_t row = job->row_begin;
    double share = 0.0;
    for (;;) {
        window w = {.row = row, .begins = row == job->row_begin, .ends = true};
        int64_t next = job->row_end;
        if (is_mixture(job)) {
            myr_mixture_table_move(&rows->mixture, row);
            next = row + rows->mixture.rows;
            w.ends = next == job->row_end;
        }
        const double before = share;
        share = w.ends ? 1.0 : (double)(next - job->row_begin) / all;
        myr_status status = run_blocks(context, rows, done, count, &w, before, share);
        if (status != MYR_OK || w.ends)
            return status;
        row = next;
    }
}

/* ---- row by row ------------------------------------------------------------------------------------ */

/* Where the states that a row leads to are held relative to: of a Gaussian the mean path, which goes along
 * with the rows, else a m. */
static void follow_mean(myr_cpu_rows *rows, int64_t row) {
    const myr_job *job = rows->job;
    if (is_mixture(job) || is_empirical(job)) {
        for (int c = 0; c < job->plan->dimension; c++)
            rows->level[c] = job->plan->rows[row].a_next * job->target->mean[c];
        return;
    }
    if (row == job->row_begin)
        myr_mean_path_begin(&rows->path, job->plan, job->target);
    myr_mean_path_run(&rows->path, row + 1);
    myr_mean_path_read(&rows->path, rows->level);
}

/* A block's states, relative to that and in the target's axes, as they are. */
static void show_block(const myr_cpu_rows *rows, const span *s, double *levels, size_t stride) {
    const myr_job *job = rows->job;
    const size_t d = (size_t)job->plan->dimension;
    myr_lane_row *state = rows->scratch + (size_t)omp_get_thread_num() * rows->thread_rows;
    load(rows, s, rows->values, state);
    if (rows->affine.axes) {
        rows->isa->rotate(rows->affine.axes, (int)d, state, state + d);
        state += d;
    }
    for (size_t lane = 0; lane < (size_t)s->lanes; lane++)
        for (size_t c = 0; c < d; c++)
            levels[(s->offset + lane) * stride + c] =
                (double)state[c][(size_t)s->skip + lane] + rows->level[c];
}

myr_status myr_cpu_rows_step(myr_context *context, myr_cpu_rows *rows, uint64_t done, uint64_t count,
                             int64_t row, double *levels, size_t stride) {
    const myr_job *job = rows->job;
    const window w = {.row = row, .begins = row == job->row_begin, .ends = false};
    if (is_mixture(job))
        myr_mixture_table_move(&rows->mixture, row);
    const double all = (double)(job->row_end - job->row_begin), from = (double)(row - job->row_begin) / all;
    myr_status status = run_blocks(context, rows, done, count, &w, from, from + 1.0 / all);
    if (status != MYR_OK)
        return status;
    follow_mean(rows, row);
    const uint64_t first = job->first + done;
    const int64_t begin = (int64_t)(first / MYR_LANES),
                  end = (int64_t)((first + count - 1) / MYR_LANES) + 1;
#pragma omp parallel num_threads(rows->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int64_t block = begin; block < end; block++) {
            const span s = span_of(rows, (uint64_t)block, done, count);
            show_block(rows, &s, levels, stride);
        }
    }
    return MYR_OK;
}
