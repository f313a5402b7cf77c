/* Every target that runs fused on the cuda backend, by the examples of its own file, run on the host: in exact arithmetic the
 * bits of the cpu backend, whatever the sampler, the batches, the index and where the numbers come from. */
#include "cuda/cuda_denoiser.h"
#include "on_host.h"
#include "verify/rounding.h"

/* The next example of a target that the backend runs fused, from *type and *index on; NULL past the last. */
static myr_target *next_target(myr_context *context, int *type, int *index) {
    const myr_target_operations *operations;
    for (; (operations = myr_target_operations_at(*type)) != NULL; ++*type, *index = 0) {
        const myr_cuda_denoiser *denoiser;
        myr_target *target = NULL;
        if (operations->example)
            REQUIRE_OK(context, operations->example(context, (*index)++, &target));
        if (target && myr_cuda_denoiser_find(context, target, &denoiser) == MYR_OK && denoiser->fused)
            return target;
        myr_target_destroy(target);
    }
    return NULL;
}

#define EACH_TARGET(context, target)                                                    \
    int type_ = 0, index_ = 0;                                                          \
    for (myr_target * target; (target = next_target(context, &type_, &index_)) != NULL; \
         myr_target_destroy(target))

/* A row a launch, so that a launch begins at any place of a block of normals. */
static const myr_cuda_limits small = {.launch_steps = 4e4,
                                      .least_chunks = 1,
                                      .most_chunks = 2,
                                      .state_bytes = 1e5,
                                      .copied_bytes = 1e4,
                                      .window_bytes = 200};

Test(targets_on_host, every_sampler_gives_the_bits_of_the_cpu) {
    myr_context *context = new_context();
    int run = 0;
    EACH_TARGET(context, target)
    for (int p = 0; myr_process_name(p); p++)
        for (int s = 0; myr_sampler_name(s); s++) {
            myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
            options.process = myr_process_name(p);
            options.sampler = myr_sampler_name(s);
            options.steps = 6;
            if (!myr_sampler_supports(options.sampler, options.process) ||
                !myr_sampler_supports_target(options.sampler, target))
                continue;
            myr_plan *plan = NULL;
            REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
            myr_job job = make_job(plan, target, 0, 130);
            expect_equal(&job, &myr_cuda_usual_limits, options.sampler);
            myr_plan_destroy(plan);
            run++;
        }
    cr_expect_geq(run, 20);
    myr_context_destroy(context);
}

Test(targets_on_host, batches_windows_and_ends_do_not_show) {
    myr_context *context = new_context();
    EACH_TARGET(context, target) {
        static const int features[] = {0, 2, 15}; /* a usual table has a kernel of its own */
        for (int n = 0; n < 3; n++) {
            myr_plan *plan = make_features(context, myr_target_dimension(target), 7, features[n]);
            myr_job job = make_job(plan, target, UINT64_C(0xfffff0c0), 9000); /* past 2^32 */
            expect_equal(&job, &small, myr_target_type(target));
            expect_equal(&job, &myr_cuda_usual_limits, myr_target_type(target));
            myr_plan_destroy(plan);
        }
    }
    myr_context_destroy(context);
}

/* Moments are those of the states, in double and another order. */
static void expect_moments(const double *states, int count, int d, const myr_moment *moments) {
    for (int c = 0; c < d; c++) {
        double mean = 0.0, sums[5] = {0.0};
        for (int n = 0; n < count; n++)
            mean += states[n * d + c] / count;
        for (int n = 0; n < count; n++)
            for (int power = 2; power <= 4; power++)
                sums[power] += pow(states[n * d + c] - mean, power);
        const double spread = sqrt(sums[2] / count), size = 1.0 + fabs(mean) / spread;
        cr_expect(fabs(moments[c].mean - mean) <= 1e-13 * size * spread, "%.17g and %.17g", moments[c].mean,
                  mean);
        cr_expect(fabs(moments[c].m2 - sums[2]) <= 1e-12 * size * sums[2], "%g and %g", moments[c].m2,
                  sums[2]);
        cr_expect(fabs(moments[c].m3 - sums[3]) <= 1e-11 * size * sums[2] * spread, "%g and %g",
                  moments[c].m3, sums[3]);
        cr_expect(fabs(moments[c].m4 - sums[4]) <= 1e-11 * size * sums[4], "%g and %g", moments[c].m4,
                  sums[4]);
    }
}

/* Fast arithmetic within the bound on rounding, for a table with these features. */
static void expect_fast(myr_context *context, const myr_target *target, int features,
                        const myr_cuda_limits *limits) {
    enum { count = 300, most = 8 };
    static double expected[count * most], got[count * most];
    const int d = myr_target_dimension(target);
    myr_plan *plan = make_features(context, d, 4, features);
    myr_job job = make_job(plan, target, 5, count);
    job.fast = true;
    memset(got, 0xff, sizeof got);
    REQUIRE_OK(context, myr_backend_reference.states(context, &job, expected));
    REQUIRE_OK(context, myr_cuda_states(context, limits, &job, got));
    myr_moment moments[most];
    REQUIRE_OK(context, cuda_moments(context, limits, &job, moments));
    expect_moments(got, count, d, moments);
    for (int n = 0; n < count; n++) {
        double bound[most];
        REQUIRE_OK(context, myr_bound_vector(context, &job, (uint64_t)n, bound));
        for (int c = 0; c < d; c++)
            cr_expect(fabs(got[n * d + c] - expected[n * d + c]) <= bound[c],
                      "%s, features %d: %.9g and %.9g, bound %g", myr_target_type(target), features,
                      got[n * d + c], expected[n * d + c], bound[c]);
    }
    myr_plan_destroy(plan);
}

/* Of the targets that have a bound; and of mixtures in the dimensions that have a kernel each. */
Test(targets_on_host, fast_arithmetic_is_within_its_bound) {
    static const int dimensions[] = {1, 2, 3, 5},
                     components[] = {2, 4, 15}; /* 15: two tiles, each in full */
    myr_context *context = new_context();
    static const int tables[] = {0, 2,  3,
                                 7, 11, 15}; /* usual ones; then memory, a second stage, both, neither */
    for (int table = 0; table < 6; table++) {
        const int features = tables[table];
        EACH_TARGET(context, target)
        if (myr_bounds_vector(target)) {
            expect_fast(context, target, features, &myr_cuda_usual_limits);
            expect_fast(context, target, features, &small);
        }
        for (size_t n = 0; n < 3 * sizeof dimensions / sizeof *dimensions; n++) {
            myr_target *mixture = make_mixture(context, dimensions[n / 3], components[n % 3]);
            expect_fast(context, mixture, features, &myr_cuda_usual_limits);
            expect_fast(context, mixture, features, &small);
            myr_target_destroy(mixture);
        }
    }
    myr_context_destroy(context);
}

/* Normals and states that are given go through the kernels of any dimension. */
Test(targets_on_host, given_numbers_give_the_bits_of_the_cpu) {
    enum { count = 300, rows = 5, most = 4 };
    static double states[count * most], normals[count * rows * 2 * most];
    uint64_t random = 5;
    myr_context *context = new_context();
    for (size_t n = 0; n < sizeof normals / sizeof *normals; n++)
        normals[n] = uniform(&random, -3.0, 3.0);
    for (size_t n = 0; n < sizeof states / sizeof *states; n++)
        states[n] = n % 7 == 0 ? 0.0 : uniform(&random, -3.0, 3.0);
    EACH_TARGET(context, target)
    for (int memory = 0; memory < 2; memory++) {
        myr_plan *plan = make_features(context, myr_target_dimension(target), rows, memory ? 15 : 11);
        cr_assert_leq(myr_target_dimension(target), most);
        myr_job job = make_job(plan, target, 3, count);
        job.noise = normals;
        job.start_normals = states;
        expect_equal(&job, &myr_cuda_usual_limits, "given normals");
        job.start_normals = NULL;
        job.states = states;
        expect_equal(&job, &myr_cuda_usual_limits, "given states");
        myr_plan_destroy(plan);
    }
    myr_context_destroy(context);
}
