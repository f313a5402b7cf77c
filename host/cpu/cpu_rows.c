#include "cpu_rows.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "targets/gaussian.h"

/* A batch's size: at most this much memory, if that is a chunk; and about this much work a thread (under a
 * second), so that progress is shown and cancelling works. */
static const double batch_bytes = 16e6;
static const double batch_work = 5e8;

/* Work that is worth a thread of its own: a few times what starting one takes. Threads that wait for less
 * only spin. */
static const double thread_work = 5e4;

/* Tables of rows that are kept at a time: in the caches. */
static const double window_bytes = 4e6;

/* A trajectory's work, in steps of one coordinate of a Gaussian. */
static double work_of(const myr_cpu_rows *rows) {
    const myr_plan *plan = rows->job->plan;
    const double stages = plan->two_stage ? 2.0 : 1.0;
    const double step = plan->dimension + rows->denoiser->work(rows->job->target) * stages;
    return step * (double)(rows->job->row_end - rows->job->row_begin + 1);
}

static int useful_threads(const myr_cpu_rows *rows) {
    const myr_job *job = rows->job;
    double useful = 1.0 + (double)job->count * work_of(rows) / thread_work;
    return useful < job->threads ? (int)useful : job->threads;
}

static uint64_t batch_size(const myr_cpu_rows *rows) {
    const myr_job *job = rows->job;
    double by_memory = batch_bytes / (job->plan->dimension * (double)sizeof(float) * MYR_CHUNK);
    double by_time = batch_work * job->threads / (work_of(rows) * MYR_CHUNK);
    const uint64_t needed = job->count / MYR_CHUNK + 1;
    double chunks = by_memory < by_time ? by_memory : by_time;
    if (chunks > (double)needed)
        chunks = (double)needed;
    return MYR_CHUNK * (uint64_t)(chunks < 1.0 ? 1.0 : chunks);
}

static bool is_folded(const myr_cpu_rows *rows) {
    return rows->lanes->rows != NULL;
}

void myr_cpu_rows_end(myr_cpu_rows *rows) {
    free(rows->values);
    free(rows->memory);
    free(rows->scratch);
    free(rows->level);
    rows->denoiser->end(&rows->table);
}

static myr_status allocate(myr_context *context, myr_cpu_rows *rows) {
    const myr_job *job = rows->job;
    const size_t d = (size_t)job->plan->dimension;
    const size_t value_bytes = d * rows->batch * sizeof(float);
    rows->thread_rows = MYR_LANE_WORK * d + rows->denoiser->scratch;
    const size_t scratch_bytes = (size_t)rows->threads * rows->thread_rows * sizeof(myr_lane_row);
    const bool windows = !is_folded(rows) && rows->table.rows.room < job->row_end - job->row_begin;
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

myr_status myr_cpu_rows_begin(myr_context *context, myr_cpu_rows *rows, const myr_lanes_isa *isa,
                              const myr_job *job, bool stepwise) {
    *rows = (myr_cpu_rows){.job = job, .isa = isa, .stepwise = stepwise};
    myr_status status = myr_cpu_denoiser_find(context, job->target, &rows->denoiser);
    if (status != MYR_OK)
        return status;
    rows->lanes = rows->denoiser->lanes(isa);
    rows->threads = useful_threads(rows);
    rows->batch = batch_size(rows);
    status = rows->denoiser->begin(context, job, window_bytes, rows->threads, &rows->table);
    if (status != MYR_OK)
        return status;
    if (is_folded(rows)) {
        rows->enter = rows->table.affine.enter;
        rows->leave = rows->table.affine.leave;
        rows->axes = rows->table.affine.axes;
    } else {
        rows->enter = rows->table.rows.enter;
        rows->leave = rows->table.rows.leave;
    }
    return allocate(context, rows);
}

/* A block's lanes that belong to the batch. */
typedef struct span {
    uint64_t first;  /* trajectory of lane 0 */
    uint64_t offset; /* of the first lane that counts, in the batch */
    uint64_t place;  /* the same in what the job gives */
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
    const double *axes = rows->axes ? myr_target_affine(job->target)->axes : NULL;
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

/* Rows that are run without a look at the states between them; begins and ends: whether it is the first, the
 * last one. */
typedef struct window {
    int64_t row, rows;
    bool begins, ends;
} window;

static void load_work(const myr_cpu_rows *rows, const span *s, const window *w, const myr_lane_work *work) {
    const size_t d = (size_t)rows->job->plan->dimension;
    if (!w->begins)
        load(rows, s, rows->values, work->state);
    else if (rows->job->states)
        enter_states(rows, s, work->state);
    memset(work->d1, 0, d * sizeof *work->d1);
    memset(work->d2, 0, d * sizeof *work->d2);
    if (rows->memory && !w->begins) {
        load(rows, s, rows->memory, work->d1);
        load(rows, s, rows->memory + d * rows->batch, work->d2);
    }
}

static void run_block(const myr_cpu_rows *rows, const span *s, const window *w) {
    const myr_job *job = rows->job;
    const size_t d = (size_t)job->plan->dimension;
    myr_lane_row *scratch = rows->scratch + (size_t)omp_get_thread_num() * rows->thread_rows;
    const myr_lane_work work = {scratch,
                                scratch + d,
                                scratch + 2 * d,
                                scratch + 3 * d,
                                scratch + 4 * d,
                                scratch + 5 * d,
                                scratch + MYR_LANE_WORK * d};
    const myr_lanes_run run = {.job = job,
                               .denoiser = rows->lanes,
                               .table = &rows->table,
                               .row = w->row,
                               .rows = w->rows,
                               .enter = job->states || !w->begins,
                               .first = s->first,
                               .place = s->place,
                               .begin = s->skip,
                               .end = s->skip + s->lanes};
    load_work(rows, s, w, &work);
    rows->isa->run(&run, &work);
    myr_lane_row *result = work.state;
    if (w->ends && rows->axes) {
        rows->isa->rotate(rows->axes, (int)d, work.state, work.y);
        result = work.y;
    }
    store(rows, s, result, rows->values);
    if (rows->memory && !w->ends) {
        store(rows, s, work.d1, rows->memory);
        store(rows, s, work.d2, rows->memory + d * rows->batch);
    }
}

/* Blocks from one report to the next: some for each thread, and about batch_work. */
static int64_t blocks_of_a_piece(const myr_cpu_rows *rows) {
    double blocks = batch_work * rows->threads / (work_of(rows) * MYR_LANES);
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
        myr_status status = myr_job_progress(context, rows->job, done + (uint64_t)(share * (double)count));
        if (status != MYR_OK)
            return status;
    }
    return MYR_OK;
}

/* The window from `row` on. */
static window move_to(myr_cpu_rows *rows, int64_t row) {
    const myr_job *job = rows->job;
    int64_t end = job->row_end;
    if (!is_folded(rows)) {
        (void)myr_row_table_move(&rows->table.rows, row);
        end = rows->table.rows.row + rows->table.rows.rows;
    }
    return (window){row, end - row, row == job->row_begin, end == job->row_end};
}

myr_status myr_cpu_rows_run(myr_context *context, myr_cpu_rows *rows, uint64_t done, uint64_t count) {
    const myr_job *job = rows->job;
    const double all = (double)(job->row_end - job->row_begin);
    int64_t row = job->row_begin;
    double share = 0.0;
    for (;;) {
        const window w = move_to(rows, row);
        const double before = share;
        row += w.rows;
        share = w.ends ? 1.0 : (double)(row - job->row_begin) / all;
        myr_status status = run_blocks(context, rows, done, count, &w, before, share);
        if (status != MYR_OK || w.ends)
            return status;
    }
}

/* ---- row by row ------------------------------------------------------------------------------------ */

/* Where the states that a row leads to are held relative to: of a Gaussian the mean path, which goes along
 * with the rows, else a m. */
static void follow_mean(myr_cpu_rows *rows, int64_t row) {
    const myr_job *job = rows->job;
    if (!is_folded(rows)) {
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
    if (rows->axes) {
        rows->isa->rotate(rows->axes, (int)d, state, state + d);
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
    window w = move_to(rows, row);
    w.rows = 1;
    w.ends = false;
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
