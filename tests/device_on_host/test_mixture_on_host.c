/* Mixtures and Gaussians with axes of their own on the cuda backend, run on the host: in exact arithmetic
 * the bits of the cpu backend. */
#include "each_failure.h"
#include "on_host.h"

Test(mixture_on_host, any_number_of_components_and_coordinates_gives_the_bits_of_the_cpu) {
    static const struct {
        int d, components;
    } shapes[] = {{1, 1}, {1, 2},  {1, 3},  {1, 8},  {1, 9},  {2, 3}, {2, 8},   {2, 21},
                  {3, 4}, {3, 17}, {4, 10}, {5, 16}, {64, 2}, {6, 7}, {1, 1024}};
    myr_context *context = new_context();
    for (size_t n = 0; n < sizeof shapes / sizeof *shapes; n++) {
        myr_target *target = make_mixture(context, shapes[n].d, shapes[n].components);
        myr_plan *plan =
            new_plan(context, n % 2 ? "ddpm-small" : "ddim", 4, n % 3 ? "exact" : "prior", target);
        myr_job job = make_job(plan, target, 3, shapes[n].components > 100 ? 9 : 60);
        char what[80];
        snprintf(what, sizeof what, "%d components", shapes[n].components);
        expect_equal(&job, &myr_cuda_usual_limits, what);
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

Test(mixture_on_host, every_sampler_gives_the_bits_of_the_cpu) {
    myr_context *context = new_context();
    for (int p = 0; myr_process_name(p); p++)
        for (int s = 0; myr_sampler_name(s); s++) {
            myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
            options.process = myr_process_name(p);
            options.sampler = myr_sampler_name(s);
            options.steps = 6;
            for (int d = 1; d <= 4; d += 3) {
                myr_target *target = make_mixture(context, d, 5);
                if (myr_sampler_supports(options.sampler, options.process) &&
                    myr_sampler_supports_target(options.sampler, target)) {
                    myr_plan *plan = NULL;
                    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
                    myr_job job = make_job(plan, target, 0, 130);
                    expect_equal(&job, &myr_cuda_usual_limits, options.sampler);
                    myr_plan_destroy(plan);
                }
                myr_target_destroy(target);
            }
        }
    myr_context_destroy(context);
}

Test(mixture_on_host, custom_tables_give_the_bits_of_the_cpu) {
    static const int dimensions[] = {1, 2, 3, 5};
    myr_context *context = new_context();
    for (size_t n = 0; n < sizeof dimensions / sizeof *dimensions; n++)
        for (int features = 0; features < 16; features++) {
            const int d = dimensions[n];
            char what[40];
            snprintf(what, sizeof what, "table with features %d", features);
            myr_target *mixture = make_mixture(context, d, 11), *full = make_full(context, d);
            myr_plan *plan = make_features(context, d, 5, features);
            myr_job job = make_job(plan, mixture, 77, 40);
            expect_equal(&job, &myr_cuda_usual_limits, what);
            job.target = full;
            expect_equal(&job, &myr_cuda_usual_limits, what);
            myr_plan_destroy(plan);
            myr_target_destroy(mixture);
            myr_target_destroy(full);
        }
    myr_context_destroy(context);
}

Test(mixture_on_host, axes_of_their_own_give_the_bits_of_the_cpu) {
    myr_context *context = new_context();
    static const int dimensions[] = {1, 2, 3, 4, 7, 64};
    for (size_t n = 0; n < sizeof dimensions / sizeof *dimensions; n++) {
        myr_target *target = make_full(context, dimensions[n]);
        myr_plan *plan = new_plan(context, "ddpm-exact", 3, n % 2 ? "exact" : "prior", target);
        myr_job job = make_job(plan, target, 4, dimensions[n] == 64 ? 33 : MYR_CHUNK + 5);
        expect_equal(&job, &myr_cuda_usual_limits, "full covariance");
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

/* Many batches, slices of rows and windows of tables, at sizes that a host can run: windows of one row, of
 * two or three, and all rows in one. */
Test(mixture_on_host, batches_slices_and_windows_do_not_show) {
    static const myr_cuda_limits limits[] = {
        {.launch_steps = 1e6,
         .least_chunks = 1,
         .most_chunks = 2,
         .state_bytes = 1e9,
         .copied_bytes = 1e9,
         .window_bytes = 3000,
         .spread_blocks = 4},
        {.launch_steps = 1,
         .least_chunks = 1,
         .most_chunks = 4,
         .state_bytes = 1,
         .copied_bytes = 1,
         .window_bytes = 1e9,
         .spread_blocks = 32},
        {.launch_steps = 1e9,
         .least_chunks = 1,
         .most_chunks = 4,
         .state_bytes = 1e9,
         .copied_bytes = 1e9,
         .window_bytes = 0},
    };
    myr_context *context = new_context();
    for (int d = 1; d <= 4; d++) {
        myr_target *target = make_mixture(context, d, 3), *full = make_full(context, d);
        myr_plan *simple = new_plan(context, "ddpm-small", 10, "prior", target);
        myr_plan *general = make_features(context, d, 10, 15);
        for (size_t n = 0; n < sizeof limits / sizeof *limits; n++) {
            myr_job job = make_job(simple, target, 0, MYR_CHUNK + 7);
            expect_equal(&job, &limits[n], "simple table in pieces");
            job.plan = general;
            expect_equal(&job, &limits[n], "general table in pieces");
            job.target = full;
            expect_equal(&job, &limits[n], "general table of a full covariance in pieces");
        }
        myr_plan_destroy(simple);
        myr_plan_destroy(general);
        myr_target_destroy(target);
        myr_target_destroy(full);
    }
    myr_context_destroy(context);
}

Test(mixture_on_host, an_index_past_2_to_the_32_and_given_states_give_the_bits_of_the_cpu) {
    myr_context *context = new_context();
    for (int d = 1; d <= 4; d += 3) {
        myr_target *target = make_mixture(context, d, 4), *full = make_full(context, d);
        myr_plan *plan = new_plan(context, "ddpm-large", 5, "exact", target);
        myr_plan *other = new_plan(context, "ddpm-large", 5, "exact", full);
        double states[4 * 200];
        uint64_t random = 1;
        for (int i = 0; i < 4 * 200; i++)
            states[i] = uniform(&random, -2.0, 2.0);
        myr_job job = make_job(plan, target, (UINT64_C(7) << 32) - 100, 200);
        expect_equal(&job, &myr_cuda_usual_limits, "across 7 x 2^32");
        job.states = states;
        job.row_begin = 3;
        expect_equal(&job, &myr_cuda_usual_limits, "from given states");
        job.row_end = 4;
        expect_equal(&job, &myr_cuda_usual_limits, "one row from given states");
        job.plan = other;
        job.target = full;
        expect_equal(&job, &myr_cuda_usual_limits, "of a full covariance from given states");
        myr_plan_destroy(plan);
        myr_plan_destroy(other);
        myr_target_destroy(target);
        myr_target_destroy(full);
    }
    myr_context_destroy(context);
}

Test(mixture_on_host, ragged_counts_give_the_bits_of_the_cpu) {
    myr_context *context = new_context();
    for (int d = 1; d <= 4; d++) {
        myr_target *target = make_mixture(context, d, 3), *full = make_full(context, d);
        myr_plan *plan = new_plan(context, "ddpm-small", 2, "exact", target);
        for (int n = 0; n < RAGGED; n++) {
            myr_job job = make_job(plan, target, 5, ragged[n]);
            expect_equal(&job, &myr_cuda_usual_limits, "mixture");
        }
        myr_plan_destroy(plan);
        plan = new_plan(context, "ddpm-exact", 2, "prior", full);
        for (int n = 0; n < RAGGED; n++) {
            myr_job job = make_job(plan, full, 5, ragged[n]);
            expect_equal(&job, &myr_cuda_usual_limits, "full covariance");
        }
        myr_plan_destroy(plan);
        myr_target_destroy(target);
        myr_target_destroy(full);
    }
    myr_context_destroy(context);
}

Test(mixture_on_host, twenty_orders_give_the_same_bits) {
    myr_context *context = new_context();
    for (int d = 2; d <= 4; d += 2)
        for (int kind = 0; kind < 2; kind++) {
            myr_target *target = kind ? make_full(context, d) : make_mixture(context, d, 3);
            myr_plan *plan = make_features(context, d, 2, 15);
            const myr_job job = make_job(plan, target, 0, MYR_CHUNK + 1);
            myr_moment first[4], moments[4];
            for (uint64_t seed = 0; seed < 20; seed++) {
                device_on_host_seed(seed);
                memset(moments, 0xff, sizeof moments);
                REQUIRE_OK(context, myr_job_moments(context, &myr_backend_cuda, &job, moments));
                if (seed == 0)
                    memcpy(first, moments, sizeof first);
                cr_expect(memcmp(first, moments, (size_t)d * sizeof *first) == 0, "order %llu, d %d",
                          (unsigned long long)seed, d);
            }
            myr_plan_destroy(plan);
            myr_target_destroy(target);
        }
    myr_context_destroy(context);
}

/* Tables of 1 MiB a row, and more rows than the 64 of a window. */
Test(mixture_on_host, long_plans_of_the_largest_mixture_give_the_bits_of_the_cpu) {
    myr_context *context = new_context();
    myr_target *target = make_mixture(context, MYR_MAX_DIMENSION, MYR_MAX_COMPONENTS);
    myr_plan *plan = new_plan(context, "ddpm-small", 66, "exact", target);
    myr_job job = make_job(plan, target, 0, 2);
    expect_equal(&job, &myr_cuda_usual_limits, "1,024 components in 64 dimensions");
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* States, memory and scratch within state_bytes, tables within window_bytes and a row's step; the rest, the
 * nodes of four chunks, the start and the axes, within 4 KiB. More trajectories take no more. */
Test(mixture_on_host, memory_is_bounded) {
    enum { D = 5 };
    const double usual_floats = MYR_CHUNK * 3.0 + MYR_ROW_VECTORS * MYR_PARTIALS;
    const myr_cuda_limits limits = {.launch_steps = 1e6,
                                    .least_chunks = 1,
                                    .most_chunks = 1024,
                                    .state_bytes = 4 * D * sizeof(float) * usual_floats,
                                    .copied_bytes = 1e9,
                                    .window_bytes = 20000};
    myr_context *context = new_context();
    myr_target *target = make_mixture(context, D, 9), *full = make_full(context, D);
    myr_plan *plan = make_features(context, D, 12, 15);
    for (int kind = 0; kind < 2; kind++) {
        size_t most[2];
        for (int n = 0; n < 2; n++) {
            myr_job job = make_job(plan, kind ? full : target, 0, (uint64_t)(n ? 9 : 4) * MYR_CHUNK);
            myr_moment moments[D];
            fake_machine(1, CUDART_VERSION);
            REQUIRE_OK(context, cuda_moments(context, &limits, &job, moments));
            most[n] = fake_most_bytes();
            const double bound = limits.state_bytes + limits.window_bytes + 12 * sizeof(myr_step) + 4096;
            cr_expect((double)most[n] <= bound, "kind %d: %zu bytes, not %g", kind, most[n], bound);
        }
        cr_expect_eq(most[0], most[1], "kind %d: %zu and %zu bytes", kind, most[0], most[1]);
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_target_destroy(full);
    myr_context_destroy(context);
}

/* On the host fast arithmetic takes the C library's functions: this shows that the factors and the branches
 * are in their places. From the same state both kinds have the same exponents. Their powers of two differ
 * by 1.8e-7 and 2^-23 relative, and a sum of K terms by K + 3 roundings: the weights by less than 3.1e-7 +
 * (K + 3) 2^-24, and the denoiser by twice that times the size of a component's mean given x, which lies
 * between mu and x/a: below 12. A row multiplies that by B, and a normal's difference by C; its own
 * roundings of values below 16 are three times 2^-21. */
Test(mixture_on_host, a_fast_row_is_near_the_exact_one) {
    enum { COUNT = 200, K = 9, STEPS = 8 };
    const double weight_bound = 3.1e-7 + (K + 3) * 0x1p-24, normal_bound = 6.77 * 6e-7;
    myr_context *context = new_context();
    for (int d = 1; d <= 4; d++) {
        myr_target *target = make_mixture(context, d, K);
        myr_plan *plan = new_plan(context, "ddpm-small", STEPS, "exact", target);
        double from[4 * COUNT], exact[4 * COUNT], fast[4 * COUNT];
        for (int k = 0; k < STEPS; k++) {
            const myr_row *row = &plan->rows[k];
            const double bound = fabs(row->B) * 2 * weight_bound * 12 + row->C * normal_bound + 3 * 0x1p-21;
            myr_job job = make_job(plan, target, 0, COUNT);
            job.row_end = k;
            REQUIRE_OK(context, myr_backend_cuda.states(context, &job, from));
            job.states = from;
            job.row_begin = k;
            job.row_end = k + 1;
            memset(fast, 0xff, sizeof fast);
            REQUIRE_OK(context, myr_backend_cuda.states(context, &job, exact));
            job.fast = true;
            REQUIRE_OK(context, myr_backend_cuda.states(context, &job, fast));
            for (int i = 0; i < d * COUNT; i++)
                cr_assert(fabs(exact[i] - fast[i]) <= bound, "d %d, row %d, state %d: %.9g and %.9g", d, k,
                          i, exact[i], fast[i]);
        }
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

/* The same component, and its scale, below 1.3, times the normal's difference; a rounding of 8. */
Test(mixture_on_host, a_fast_start_is_near_the_exact_one) {
    enum { COUNT = 500 };
    myr_context *context = new_context();
    for (int d = 1; d <= 4; d++) {
        myr_target *target = make_mixture(context, d, 9);
        myr_plan *plan = new_plan(context, "ddpm-small", 1, "exact", target);
        double exact[4 * COUNT], fast[4 * COUNT];
        myr_job job = make_job(plan, target, 0, COUNT);
        job.row_end = 0;
        memset(fast, 0xff, sizeof fast);
        REQUIRE_OK(context, myr_backend_cuda.states(context, &job, exact));
        job.fast = true;
        REQUIRE_OK(context, myr_backend_cuda.states(context, &job, fast));
        for (int i = 0; i < d * COUNT; i++)
            cr_assert(fabs(exact[i] - fast[i]) <= 1.3 * 6.77 * 6e-7 + 2 * 0x1p-21,
                      "d %d, state %d: %.9g and %.9g", d, i, exact[i], fast[i]);
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

static myr_status run_moments(myr_context *context, void *user) {
    myr_moment moments[4];
    return myr_job_moments(context, &myr_backend_cuda, user, moments);
}

/* Each call of the runtime may fail: one line, and all memory and streams given back. */
Test(mixture_on_host, failures_are_told_and_nothing_is_kept) {
    static const char *const functions[] = {"cudaMalloc", "cudaMemcpyAsync", "cudaStreamSynchronize",
                                            "launch"};
    myr_context *context = new_context();
    myr_target *targets[] = {make_mixture(context, 4, 3), make_full(context, 4)};
    myr_plan *plan = make_features(context, 4, 3, 15);
    for (int t = 0; t < 2; t++) {
        myr_job job = make_job(plan, targets[t], 0, 33);
        expect_failures_of(functions, 4, run_moments, &job);
    }
    myr_plan_destroy(plan);
    myr_target_destroy(targets[0]);
    myr_target_destroy(targets[1]);
    myr_context_destroy(context);
}
