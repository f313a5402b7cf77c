/* The cuda backend, its kernels included, run on the host: in exact arithmetic the bits of the cpu backend,
 * for every sampler, table, dimension and split of the work; and one clear line for each way in which a GPU
 * can fail. */
#include "on_host.h"
#include "verify/rounding.h"

/* A target whose coordinates differ, so that a wrong index shows; alike: one column of cells. */
static myr_target *make_target(myr_context *context, int d, bool alike) {
    double mean[MYR_MAX_DIMENSION], variance[MYR_MAX_DIMENSION];
    for (int c = 0; c < d; c++) {
        mean[c] = alike ? 0.3 : 0.3 - 0.17 * c;
        variance[c] = alike ? 0.01 : 0.01 * (1 + c);
    }
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_gaussian(context, d, mean, variance, &target));
    return target;
}

/* A table without meaning that uses every field asked for. */
static myr_plan *make_table(myr_context *context, int d, int rows, bool pre_noise, bool noise, bool memory,
                            bool two_stage) {
    myr_row table[16];
    double start_mean[MYR_MAX_DIMENSION], start_scale[MYR_MAX_DIMENSION];
    for (int k = 0; k < rows; k++) {
        double t = 1.0 - (double)k / rows, next = 1.0 - (double)(k + 1) / rows;
        myr_row row = {.a = 1.0 - 0.1 * t, .s = sqrt(t), .a_next = 1.0 - 0.1 * next, .s_next = sqrt(next)};
        row.n = pre_noise ? 0.1 * t : 0.0;
        row.A = 0.6 + 0.01 * k;
        row.B = 0.3;
        row.P = memory ? 0.07 : 0.0;
        row.Q = memory ? -0.03 : 0.0;
        row.C = noise ? 0.2 * t : 0.0;
        row.E = noise ? 0.1 : 0.0;
        row.two_stage = two_stage && k % 2 == 0;
        row.a_second = 1.0 - 0.07 * t - 0.03 * next;
        row.s_second = sqrt(0.7 * t + 0.3 * next);
        row.A2 = 0.5;
        row.B2 = 0.1;
        row.Y = 0.2;
        row.H = 0.15;
        table[k] = row;
    }
    for (int c = 0; c < d; c++) {
        start_mean[c] = 0.1 * c;
        start_scale[c] = 1.0 + 0.05 * c;
    }
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create_from_rows(context, d, rows, table, start_mean, start_scale, &plan));
    return plan;
}

/* A plan with what makes tables general, churn, where the process and the sampler have it. */
static myr_plan *make_plan(myr_context *context, const char *process, const char *sampler, int steps,
                           const myr_target *target) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = process;
    options.sampler = sampler;
    options.steps = steps;
    if (strcmp(sampler, "heun") == 0 || strcmp(sampler, "euler") == 0)
        options.churn = 3.0;
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
    return plan;
}

Test(cuda_on_host, every_sampler_gives_the_bits_of_the_cpu) {
    const int dimensions[] = {1, 2, 3, 4, 5, 8, 64};
    myr_context *context = new_context();
    for (int p = 0; myr_process_name(p); p++) {
        for (int s = 0; myr_sampler_name(s); s++) {
            const char *process = myr_process_name(p), *sampler = myr_sampler_name(s);
            if (!myr_sampler_supports(sampler, process) || strcmp(process, "discrete") == 0)
                continue; /* chains: test_chain_on_host.c */
            for (size_t k = 0; k < sizeof dimensions / sizeof *dimensions; k++) {
                const int d = dimensions[k];
                myr_target *target = make_target(context, d, s % 2 == 0);
                myr_plan *plan = make_plan(context, process, sampler, d == 64 ? 3 : 6, target);
                myr_job job = make_job(plan, target, 0, d == 64 ? 33 : 300);
                char what[80];
                snprintf(what, sizeof what, "%s on %s", sampler, process);
                expect_equal(&job, &myr_cuda_usual_limits, what);
                myr_plan_destroy(plan);
                myr_target_destroy(target);
            }
        }
    }
    myr_context_destroy(context);
}

Test(cuda_on_host, custom_tables_give_the_bits_of_the_cpu) {
    const int dimensions[] = {1, 2, 3, 4, 5, 8, 64};
    myr_context *context = new_context();
    for (size_t k = 0; k < sizeof dimensions / sizeof *dimensions; k++) {
        const int d = dimensions[k];
        for (int kind = 0; kind < (d > 5 ? 2 : 16); kind++) {
            /* Above dimension 5 one table with everything and one with memory alone. */
            int features = d <= 5 ? kind : kind == 0 ? 15 : 4;
            myr_target *target = make_target(context, d, kind % 3 == 0);
            myr_plan *plan = make_table(context, d, d == 64 ? 2 : 5, features & 1, features & 2,
                                        features & 4, features & 8);
            myr_job job = make_job(plan, target, 77, 40);
            char what[40];
            snprintf(what, sizeof what, "table with features %d", features);
            expect_equal(&job, &myr_cuda_usual_limits, what);
            myr_plan_destroy(plan);
            myr_target_destroy(target);
        }
    }
    myr_context_destroy(context);
}

Test(cuda_on_host, ragged_counts_give_the_bits_of_the_cpu) {
    myr_context *context = new_context();
    for (int d = 1; d <= 5; d += 2) {
        myr_target *target = make_target(context, d, false);
        myr_plan *plan = new_plan(context, "ddpm-exact", 2, "exact", target);
        for (size_t n = 0; n < sizeof ragged / sizeof *ragged; n++) {
            myr_job job = make_job(plan, target, 5, ragged[n]);
            expect_equal(&job, &myr_cuda_usual_limits, "ddpm-exact");
        }
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

/* Many batches, groups of nodes and slices of rows, at sizes that a host can run. */
Test(cuda_on_host, batches_and_slices_do_not_show) {
    myr_context *context = new_context();
    const myr_cuda_limits limits[] = {
        {.launch_steps = 1e6, .least_chunks = 1, .most_chunks = 2, .state_bytes = 1e9, .copied_bytes = 1e9},
        {.launch_steps = 1, .least_chunks = 1, .most_chunks = 4, .state_bytes = 1, .copied_bytes = 1},
        {.launch_steps = 1e6,
         .least_chunks = 4,
         .most_chunks = 4,
         .state_bytes = 1e9,
         .copied_bytes = 1e5,
         .spread_blocks = 8},
        {.launch_steps = 1e6,
         .least_chunks = 1,
         .most_chunks = 2,
         .state_bytes = 1e9,
         .copied_bytes = 1e9,
         .spread_blocks = 64},
        {.launch_steps = 4 * 4096,
         .least_chunks = 1,
         .most_chunks = 1,
         .state_bytes = 1e9,
         .copied_bytes = 1e9},
    };
    for (int d = 1; d <= 5; d += 4) {
        myr_target *target = make_target(context, d, false);
        myr_plan *simple = new_plan(context, "ddpm-exact", 10, "prior", target);
        myr_plan *general = make_table(context, d, 10, true, true, true, true);
        for (size_t n = 0; n < sizeof limits / sizeof *limits; n++) {
            myr_job job = make_job(simple, target, 0, 2 * MYR_CHUNK + 7);
            expect_equal(&job, &limits[n], "simple table in pieces");
            job.plan = general;
            expect_equal(&job, &limits[n], "general table in pieces");
        }
        myr_plan_destroy(simple);
        myr_plan_destroy(general);
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

/* 600 chunks: more than one group of the merge kernel, the last one ragged. */
Test(cuda_on_host, merged_nodes_are_those_of_the_tree) {
    const uint32_t counts[] = {1, 2, 3, 255, 256, 257, 600};
    for (size_t n = 0; n < sizeof counts / sizeof *counts; n++) {
        const uint32_t count = counts[n];
        void *from = NULL, *to = NULL;
        cr_assert_eq(cudaMalloc(&from, count * sizeof(myr_moment_node)), cudaSuccess);
        cr_assert_eq(cudaMalloc(&to, 3 * sizeof(myr_moment_node)), cudaSuccess);
        myr_moment_node *nodes = from, *merged = to;
        uint64_t random = count;
        for (uint32_t i = 0; i < count; i++)
            nodes[i] = (myr_moment_node){4096.0, (double)(next_random(&random) >> 40) * 1e-6, 2.0 + i,
                                         0.1 * i, 30.0};
        cr_assert_eq(myr_launch_merge(nodes, count, 1, MYR_MERGE_GROUP, merged, NULL), cudaSuccess);
        for (uint32_t group = 0; group * MYR_MERGE_GROUP < count; group++) {
            myr_moment_node width[MYR_MERGE_GROUP] = {{0}};
            for (uint32_t i = 0; i < MYR_MERGE_GROUP && group * MYR_MERGE_GROUP + i < count; i++)
                width[i] = nodes[group * MYR_MERGE_GROUP + i];
            for (int left = MYR_MERGE_GROUP / 2; left > 0; left /= 2)
                for (int i = 0; i < left; i++)
                    width[i] = myr_moment_merge(width[2 * i], width[2 * i + 1]);
            cr_expect(memcmp(&merged[group], &width[0], sizeof *width) == 0, "%u nodes, group %u", count,
                      group);
        }
        cudaFree(from);
        cudaFree(to);
    }
}

Test(cuda_on_host, an_index_past_2_to_the_32_gives_the_bits_of_the_cpu) {
    myr_context *context = new_context();
    for (int d = 1; d <= 5; d++) {
        myr_target *target = make_target(context, d, false);
        myr_plan *plan = new_plan(context, "ddpm-large", 3, "prior", target);
        myr_job job = make_job(plan, target, (UINT64_C(7) << 32) - 100, 300);
        expect_equal(&job, &myr_cuda_usual_limits, "across 7 x 2^32");
        job.first = UINT64_MAX - 299;
        expect_equal(&job, &myr_cuda_usual_limits, "up to 2^64 - 1");
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

Test(cuda_on_host, targets_far_from_the_start_give_the_bits_of_the_cpu) {
    const double mean[2] = {1e8, -3.3}, variance[2] = {0.01, 0.5}, covariance[4] = {0.25, 0.2, 0.2, 0.3};
    static const char *const samplers[] = {"ddpm-large", "heun", "dpmpp-3m-sde"};
    myr_context *context = new_context();
    for (int full = 0; full < 2; full++) {
        myr_target *target = NULL;
        REQUIRE_OK(context, full ? myr_target_create_gaussian_full(context, 2, mean, covariance, &target)
                                 : myr_target_create_gaussian(context, 2, mean, variance, &target));
        for (int n = 0; n < 3; n++) {
            myr_plan *plan = new_plan(context, samplers[n], 6, "prior", target);
            myr_job job = make_job(plan, target, 100, 300);
            expect_equal(&job, &myr_cuda_usual_limits, "a far mean");
            myr_plan_destroy(plan);
        }
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

/* Full batches and others, from a chunk that is none's first: whole and in pieces, the cpu's bits. */
Test(cuda_on_host, pieces_of_a_run_join_to_the_bits_of_the_cpu) {
    static const uint64_t cuts[] = {0, 3, 4, 9, 15, 16};
    const myr_cuda_limits limits = {.launch_steps = 0x1p37,
                                    .least_chunks = 1,
                                    .most_chunks = 4,
                                    .state_bytes = 1e9,
                                    .copied_bytes = 1e9};
    myr_context *context = new_context();
    myr_target *target = make_target(context, 2, false);
    myr_plan *plan = new_plan(context, "ddim", 2, "prior", target);
    myr_job job = make_job(plan, target, 5 * MYR_CHUNK, 15 * MYR_CHUNK + 99);
    myr_moment whole[2], cuda[2];
    REQUIRE_OK(context, myr_job_moments(context, &myr_backend_cpu, &job, whole));
    REQUIRE_OK(context, cuda_moments(context, &limits, &job, cuda));
    cr_expect(memcmp(cuda, whole, sizeof whole) == 0, "m4 %a, of the cpu %a", cuda[0].m4, whole[0].m4);
    myr_range *joined = NULL, *piece = NULL;
    for (int n = 0; n < 5; n++) {
        myr_job part = make_job(plan, target, job.first + cuts[n] * MYR_CHUNK, 0);
        part.count = n == 4 ? 99 : (cuts[n + 1] - cuts[n]) * MYR_CHUNK;
        REQUIRE_OK(context, myr_range_begin(context, &part, &piece));
        REQUIRE_OK(context, myr_cuda_range(context, &limits, &part, piece));
        if (n == 0) {
            joined = piece;
            continue;
        }
        REQUIRE_OK(context, myr_range_join(context, joined, piece));
        myr_range_destroy(piece);
    }
    myr_range_moments(joined, cuda);
    cr_expect(memcmp(cuda, whole, sizeof whole) == 0, "joined: m4 %a, of the cpu %a", cuda[0].m4,
              whole[0].m4);
    myr_range_destroy(joined);
    cr_expect_eq(fake_live(), 0);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(cuda_on_host, parts_of_a_table_from_given_states_give_the_bits_of_the_cpu) {
    myr_context *context = new_context();
    for (int d = 1; d <= 5; d += 2) {
        myr_target *target = make_target(context, d, false);
        myr_plan *simple = new_plan(context, "ddpm-small", 9, "prior", target);
        myr_plan *general = make_table(context, d, 9, true, true, false, true);
        double states[5 * 50];
        uint64_t random = 1;
        for (int i = 0; i < 5 * 50; i++)
            states[i] = (double)(next_random(&random) >> 11) * 0x1p-52 - 1.0;
        for (int begin = 0; begin <= 8; begin++) {
            myr_job job = make_job(simple, target, 11, 50);
            job.states = states;
            job.row_begin = begin;
            job.row_end = begin + (begin < 8 ? 2 : 1);
            expect_equal(&job, &myr_cuda_usual_limits, "part of a simple table");
            job.plan = general;
            expect_equal(&job, &myr_cuda_usual_limits, "part of a general table");
        }
        myr_plan_destroy(simple);
        myr_plan_destroy(general);
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

Test(cuda_on_host, twenty_orders_give_the_same_bits) {
    myr_context *context = new_context();
    for (int d = 1; d <= 3; d += 2) {
        myr_target *target = make_target(context, d, false);
        myr_plan *plans[] = {new_plan(context, "ddpm-exact", 2, "prior", target),
                             make_table(context, d, 2, true, true, true, true)};
        for (int p = 0; p < 2; p++) {
            myr_moment first[3];
            for (uint64_t seed = 0; seed < 20; seed++) {
                myr_job job = make_job(plans[p], target, 0, MYR_CHUNK + 1);
                myr_moment moments[3];
                device_on_host_seed(seed);
                REQUIRE_OK(context, myr_job_moments(context, &myr_backend_cuda, &job, moments));
                if (seed == 0)
                    memcpy(first, moments, sizeof first);
                for (int c = 0; c < d; c++)
                    cr_expect(memcmp(&first[c], &moments[c], sizeof *first) == 0, "order %llu, d %d",
                              (unsigned long long)seed, d);
            }
            myr_plan_destroy(plans[p]);
        }
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

Test(cuda_on_host, words_and_normals_are_those_of_the_cpu) {
    myr_context *context = new_context();
    for (uint64_t count = 1; count < 100; count += 32) {
        for (uint32_t blocks = 1; blocks < 4; blocks++) {
            myr_draw draw = {.seed = 0xfedcba9876543210,
                             .first = (UINT64_C(3) << 32) - 20,
                             .count = count,
                             .stream = blocks,
                             .block = UINT32_MAX - 2,
                             .blocks = blocks,
                             .threads = 1};
            const size_t numbers = (size_t)count * blocks * 4;
            uint32_t cpu_words[4 * 4 * 100], cuda_words[4 * 4 * 100];
            double cpu[4 * 4 * 100], cuda[4 * 4 * 100];
            memset(cuda_words, 0xff, sizeof cuda_words);
            memset(cuda, 0xff, sizeof cuda);
            REQUIRE_OK(context, myr_backend_cpu.words(context, &draw, cpu_words));
            REQUIRE_OK(context, myr_backend_cuda.words(context, &draw, cuda_words));
            cr_expect(memcmp(cpu_words, cuda_words, numbers * sizeof *cpu_words) == 0);
            REQUIRE_OK(context, myr_backend_cpu.normals(context, &draw, cpu));
            REQUIRE_OK(context, myr_backend_cuda.normals(context, &draw, cuda));
            cr_expect(memcmp(cpu, cuda, numbers * sizeof *cpu) == 0);
        }
    }
    cr_expect_eq(fake_live(), 0);
    myr_context_destroy(context);
}

Test(cuda_on_host, numbers_do_not_depend_on_the_block_size) {
    const int sizes[] = {1, 31, 32, 33, 255, 256, 1024};
    enum { COUNT = 131, BLOCKS = 3, NUMBERS = 4 * COUNT * BLOCKS };
    uint32_t first[NUMBERS];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        myr_device_draw draw = {.keys = myr_device_keys_make(5),
                                .first = 9,
                                .count = COUNT,
                                .stream = 2,
                                .block = 4,
                                .blocks = BLOCKS,
                                .threads = sizes[s]};
        void *numbers = NULL;
        cr_assert_eq(cudaMalloc(&numbers, sizeof first), cudaSuccess);
        for (uint64_t seed = 0; seed < 20; seed++) {
            device_on_host_seed(seed);
            memset(numbers, 0xff, sizeof first);
            cr_assert_eq(myr_launch_normals(&draw, numbers, NULL), cudaSuccess);
            if (s == 0 && seed == 0)
                memcpy(first, numbers, sizeof first);
            cr_expect(memcmp(first, numbers, sizeof first) == 0, "%d threads a block, order %llu", sizes[s],
                      (unsigned long long)seed);
        }
        cudaFree(numbers);
    }
}

/* Fast arithmetic, by functions that are as good as the C library's or, of translated kernels, off by what the ISA allows: each
 * normal within its own bound of the reference's. */
Test(cuda_on_host, fast_normals_are_within_their_bounds) {
    enum { COUNT = 700, BLOCKS = 3, ALL = 4 * COUNT * BLOCKS };
    static double expected[ALL], fast[ALL];
    static uint32_t words[ALL];
    myr_context *context = new_context();
    myr_draw draw = {.seed = fresh_seed(),
                     .first = UINT64_C(0xffffff00), /* past 2^32 */
                     .count = COUNT,
                     .block = 5,
                     .blocks = BLOCKS,
                     .threads = 1};
    memset(fast, 0xff, sizeof fast);
    REQUIRE_OK(context, myr_backend_reference.normals(context, &draw, expected));
    REQUIRE_OK(context, myr_backend_reference.words(context, &draw, words));
    draw.fast = true;
    REQUIRE_OK(context, myr_backend_cuda.normals(context, &draw, fast));
    for (int n = 0; n < ALL; n++) {
        double bound[4];
        myr_bound_normals(words + n / 4 * 4, true, bound);
        cr_expect(fabs(expected[n] - fast[n]) <= bound[n % 4],
                  "seed %llu, normal %d: %.9g and %.9g, bound %g", (unsigned long long)draw.seed, n,
                  expected[n], fast[n], bound[n % 4]);
    }
    myr_context_destroy(context);
}

Test(cuda_on_host, fast_states_are_within_their_bounds) {
    enum { COUNT = 100, STEPS = 6 };
    myr_context *context = new_context();
    for (int d = 1; d <= 5; d++) {
        myr_target *target = make_target(context, d, false);
        myr_plan *plans[] = {new_plan(context, "ddpm-large", STEPS, "prior", target),
                             make_table(context, d, STEPS, true, true, true, true)};
        for (int p = 0; p < 2; p++) {
            myr_job job = make_job(plans[p], target, 0, COUNT);
            double expected[5 * COUNT], fast[5 * COUNT], bounds[5 * COUNT];
            memset(fast, 0xff, sizeof fast);
            REQUIRE_OK(context, myr_backend_reference.states(context, &job, expected));
            job.fast = true;
            REQUIRE_OK(context, myr_backend_cuda.states(context, &job, fast));
            myr_bound_trajectories(&job, bounds);
            for (int i = 0; i < d * COUNT; i++)
                cr_expect(fabs(expected[i] - fast[i]) <= bounds[i],
                          "d %d, plan %d, state %d: %.9g and %.9g, bound %g", d, p, i, expected[i], fast[i],
                          bounds[i]);
            myr_plan_destroy(plans[p]);
        }
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

/* What a run says when the machine is as set up, before or after it has started. */
typedef struct failing {
    const char *function;
    int call;
    cudaError_t error;
    myr_status status;
    const char *line;
} failing;

static void expect_failure(const myr_job *job, const failing *f) {
    myr_moment moments[1];
    myr_context *context = new_context();
    fake_failure(f->function, f->call, f->error);
    myr_status status = myr_job_moments(context, &myr_backend_cuda, job, moments);
    cr_expect_eq(status, f->status, "%s: status %s", f->line, myr_status_name(status));
    cr_expect_str_eq(myr_context_error(context), f->line);
    fake_machine(1, CUDART_VERSION);
    cr_expect_eq(fake_live(), 0, "%s: %d left over", f->line, fake_live());
    myr_context_destroy(context);
    cr_expect_eq(fake_rooms(), 0, "%s: %d rooms left over", f->line, fake_rooms());
}

Test(cuda_on_host, each_failure_of_a_run_gives_its_status_and_line) {
    const failing list[] = {
        {"cudaMalloc", 1, cudaErrorMemoryAllocation, MYR_OUT_OF_MEMORY,
         "out of GPU memory: 64 bytes could not be reserved"},
        {"cudaMalloc", 3, cudaErrorMemoryAllocation,
         MYR_OUT_OF_MEMORY, /* a chunk's states, whose parts are apart */
         "out of GPU memory: 16384 bytes could not be reserved"},
        {"cudaMalloc", 4, cudaErrorMemoryAllocation, MYR_OUT_OF_MEMORY,
         "out of GPU memory: 40 bytes could not be reserved"},
        {"launch", 2, cudaErrorLaunchOutOfResources, MYR_DEVICE_ERROR,
         "the GPU failed while summing moments: injected by the test (cudaErrorLaunchOutOfResources)"},
        {"launch", 1, cudaErrorLaunchOutOfResources, MYR_DEVICE_ERROR,
         "the GPU failed while running trajectories: injected by the test (cudaErrorLaunchOutOfResources)"},
        {"launch", 1, cudaErrorMemoryAllocation, MYR_OUT_OF_MEMORY,
         "out of GPU memory while running trajectories"},
        {"cudaStreamSynchronize", 3, cudaErrorLaunchFailure, MYR_DEVICE_ERROR,
         "the GPU failed while running trajectories: injected by the test (cudaErrorLaunchFailure)"},
        {"cudaStreamSynchronize", 3, cudaErrorECCUncorrectable, MYR_DEVICE_ERROR,
         "the GPU failed while running trajectories: injected by the test (cudaErrorECCUncorrectable)"},
        {"cudaMemcpyAsync", 1, cudaErrorLaunchFailure, MYR_DEVICE_ERROR,
         "the GPU failed while copying data to it: injected by the test (cudaErrorLaunchFailure)"},
        {"cudaMemcpyAsync", 3, cudaErrorUnknown, MYR_DEVICE_ERROR,
         "the GPU failed while copying results from it: injected by the test (cudaErrorUnknown)"},
        {"cudaSetDevice", 1, cudaErrorDevicesUnavailable, MYR_NO_DEVICE,
         "the GPU is busy or reserved for another process (cudaErrorDevicesUnavailable)"},
        {"cudaStreamCreateWithFlags", 1, cudaErrorMemoryAllocation, MYR_OUT_OF_MEMORY,
         "out of GPU memory while starting the GPU"},
    };
    myr_context *context = new_context();
    myr_target *target = make_target(context, 1, true);
    myr_plan *plan = new_plan(context, "ddpm-exact", 5, "prior", target);
    myr_job job = make_job(plan, target, 0, 10);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        expect_failure(&job, &list[i]);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

static void expect_unavailable(int devices, int driver, const char *function, cudaError_t error, int device,
                               const char *line) {
    myr_context *context = new_context();
    fake_machine(devices, driver);
    fake_failure(function, 1, error);
    cr_expect_eq(myr_backend_cuda.available(context, device), MYR_NO_DEVICE);
    cr_expect_str_eq(myr_context_error(context), line);
    cr_expect_eq(fake_live(), 0);
    fake_machine(1, CUDART_VERSION);
    cr_expect_eq(myr_backend_cuda.available(context, 0), MYR_OK, "an error outlives its call");
    myr_context_destroy(context);
}

Test(cuda_on_host, what_is_known_before_the_start_is_a_missing_device) {
    const struct {
        int driver;
        const char *serves, *take;
    } old[] = {{10020, "10.2", "a newer driver"},
               {11040, "11.4", "a newer driver, or a build made with CUDA toolkit 11.8"},
               {12040, "12.4", "a newer driver, or a build made with CUDA toolkit 12"}};
    for (size_t n = 0; n < sizeof old / sizeof *old && old[n].driver < CUDART_VERSION; n++) {
        char line[256];
        snprintf(line, sizeof line,
                 "the NVIDIA driver is too old: it serves CUDA %s, this build needs %d.%d (take %s)",
                 old[n].serves, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10, old[n].take);
        expect_unavailable(1, old[n].driver, "", cudaSuccess, 0, line);
    }
    expect_unavailable(0, 0, "", cudaSuccess, 0, "cuda needs an NVIDIA driver, and none is installed");
    expect_unavailable(0, CUDART_VERSION, "", cudaSuccess, 0,
                       "no NVIDIA GPU is visible to this process (cudaErrorNoDevice)");
    expect_unavailable(1, CUDART_VERSION, "", cudaSuccess, 7, "device 7: this process sees 1 GPU (0)");
    expect_unavailable(4, CUDART_VERSION, "", cudaSuccess, 7, "device 7: this process sees 4 GPUs (0 … 3)");
    expect_unavailable(1, CUDART_VERSION, "cudaFuncGetAttributes", cudaErrorNoKernelImageForDevice, 0,
                       "this build has no code for the GPU (cudaErrorNoKernelImageForDevice)");
    expect_unavailable(1, CUDART_VERSION, "cudaFuncGetAttributes", cudaErrorUnsupportedPtxVersion, 0,
                       "this build has no code for the GPU (cudaErrorUnsupportedPtxVersion)");
    expect_unavailable(1, CUDART_VERSION, "cudaGetDeviceCount", cudaErrorInitializationError, 0,
                       "the NVIDIA driver did not start (cudaErrorInitializationError)");
    expect_unavailable(1, CUDART_VERSION, "cudaGetDeviceCount", cudaErrorSystemDriverMismatch, 0,
                       "the NVIDIA driver and its user-mode library do not belong together "
                       "(cudaErrorSystemDriverMismatch)");
}

/* Streams, whole trajectories and statistics come from the backend's states: the same bits as the cpu's. */
Test(cuda_on_host, traces_and_statistics_are_those_of_the_cpu) {
    static const char *const backends[] = {"cpu", "cuda"};
    enum { count = 4500, traced = 5, steps = 3 };
    myr_context *context = new_context();
    myr_target *target = make_target(context, 2, true);
    myr_plan *plan = new_plan(context, "ddpm-exact", steps, "prior", target);
    double states[2][traced * (steps + 1) * 2];
    const myr_statistic_row *rows[2];
    myr_statistics *sets[2];
    size_t counts[2];
    for (int b = 0; b < 2; b++) {
        myr_run_options options = MYR_RUN_OPTIONS_INIT;
        myr_statistics_options wanted = MYR_STATISTICS_OPTIONS_INIT;
        myr_report report = MYR_REPORT_INIT;
        options.backend = backends[b];
        options.count = traced;
        memset(states[b], 0xff - b, sizeof states[b]);
        REQUIRE_OK(context, myr_run_trace(context, plan, target, &options, states[b], &report));
        cr_expect_str_eq(report.backend, backends[b]);
        options.count = count;
        wanted.names = "ks,w1,covariance";
        wanted.threads = 1;
        REQUIRE_OK(context, myr_statistics_create(context, target, &wanted, &sets[b]));
        REQUIRE_OK(context, myr_run_statistics(context, plan, target, &options, sets[b], NULL));
        REQUIRE_OK(context, myr_statistics_rows(context, sets[b], &rows[b], &counts[b]));
    }
    cr_expect(memcmp(states[0], states[1], sizeof states[0]) == 0);
    cr_assert(counts[0] == counts[1] && counts[0] == 7);
    for (size_t r = 0; r < counts[0]; r++)
        cr_expect(memcmp(&rows[0][r].low, &rows[1][r].low, 7 * sizeof(double)) == 0, "%s",
                  rows[0][r].statistic);
    myr_statistics_destroy(sets[0]);
    myr_statistics_destroy(sets[1]);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(cuda_on_host, auto_takes_the_gpu_or_says_why_not) {
    myr_context *context = new_context();
    myr_target *target = make_target(context, 1, true);
    myr_plan *plan = new_plan(context, "ddpm-exact", 3, "prior", target);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    myr_report report = MYR_REPORT_INIT;
    myr_moment moments[1];
    options.count = 100;
    REQUIRE_OK(context, myr_run_moments(context, plan, target, &options, moments, &report));
    cr_expect_str_eq(report.backend, "cuda");
    cr_expect_str_eq(report.note, "");
    cr_expect_eq(myr_device_count(), 1);
    const uint64_t checksum = report.checksum;
    fake_machine(1, 11040);
    REQUIRE_OK(context, myr_run_moments(context, plan, target, &options, moments, &report));
    cr_expect_str_eq(report.backend, "cpu");
    cr_expect(strstr(report.note, "the NVIDIA driver is too old"), "%s", report.note);
    cr_expect_eq(report.checksum, checksum);
    cr_expect_eq(myr_device_count(), 0);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

typedef struct seen {
    uint64_t last;
    int calls, stop_at;
} seen;

static int watch(void *user, uint64_t done, uint64_t total) {
    seen *s = user;
    cr_expect(done >= s->last && done <= total, "%llu after %llu", (unsigned long long)done,
              (unsigned long long)s->last);
    s->last = done;
    return ++s->calls == s->stop_at;
}

Test(cuda_on_host, progress_moves_between_batches_and_slices_and_can_stop_the_run) {
    const myr_cuda_limits limits = {.launch_steps = 4 * 4096,
                                    .least_chunks = 1,
                                    .most_chunks = 1,
                                    .state_bytes = 1e9,
                                    .copied_bytes = 1e9};
    myr_context *context = new_context();
    myr_target *target = make_target(context, 1, true);
    myr_plan *plan = new_plan(context, "ddpm-exact", 12, "prior", target);
    myr_job job = make_job(plan, target, 0, 2 * MYR_CHUNK);
    myr_moment moments[1];
    seen s = {0};
    job.progress = watch;
    job.user = &s;
    REQUIRE_OK(context, cuda_moments(context, &limits, &job, moments));
    cr_expect_eq(s.calls, 6, "%d calls", s.calls); /* two batches of three slices */
    cr_expect_eq(s.last, job.count);
    for (int stop = 1; stop <= 6; stop++) {
        s = (seen){.stop_at = stop};
        cr_expect_eq(cuda_moments(context, &limits, &job, moments), MYR_CANCELLED);
        cr_expect_eq(fake_live(), 0);
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}
