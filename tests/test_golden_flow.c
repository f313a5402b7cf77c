/* The end of the probability-flow ODE, known in closed form: deterministic samplers come to it with their
 * order, and what their errors tend to is it, to 1e-12. */
#include <criterion/criterion.h>

#include "golden_inputs.h"

#define SMALLEST \
    1e-7 /* sigma_min: the last step, to D, is then within (sigma_min/sd)^2/2 < 1e-13 of the flow */

static myr_context *context;
static json_t *toy, *file;

static void begin(void) {
    context = new_context();
    toy = load("samplers/toy_inputs.json");
    file = load("samplers/exact_pf_ode_endpoints.json");
}

static void end(void) {
    json_decref(toy);
    json_decref(file);
    myr_context_destroy(context);
}

TestSuite(golden_flow, .init = begin, .fini = end);

/* Runs the sampler from the states of the case, which on x/a start at sigma = s/a, on the reference. */
static void run(const json_t *found, const char *sampler, const char *schedule, int64_t intervals,
                const myr_target *target, double x0[COORDINATES]) {
    const double a = number_at(found, "a", NAN), sigma = number_at(found, "sigma", NAN);
    double states[COORDINATES];
    numbers_at(found, "x_start", states, COORDINATES);
    for (int c = 0; c < COORDINATES; c++) {
        states[c] /= a;
        x0[c] = NAN;
    }
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = "edm";
    options.sampler = sampler;
    options.schedule = schedule;
    options.steps = intervals + 1; /* the last step, from sigma_min to 0, is not one of the intervals */
    options.sigma_max = sigma / a;
    options.sigma_min = SMALLEST;
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
    myr_run_options how = MYR_RUN_OPTIONS_INIT;
    myr_given given = MYR_GIVEN_INIT;
    how.backend = "reference";
    how.count = (uint64_t)(COORDINATES / myr_target_dimension(target));
    given.states = states;
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &how, &given, x0, NULL));
    myr_plan_destroy(plan);
}

/* Twice the intervals divide the error by 2^order, at either target. */
static void expect_order(const char *sampler, int order) {
    static const char *const names[] = {"x0_exact_gauss", "x0_exact_gmm"};
    size_t i;
    json_t *found;
    json_array_foreach(json_object_get(file, "cases"), i, found) {
        for (int mixed = 0; mixed < 2; mixed++) {
            myr_target *target = mixed ? make_mixture(context, toy) : make_gaussian(context, toy);
            double coarse[COORDINATES], fine[COORDINATES], want[COORDINATES];
            cr_assert_eq(numbers_at(found, names[mixed], want, COORDINATES), COORDINATES);
            run(found, sampler, "karras", 4096, target, coarse);
            run(found, sampler, "karras", 8192, target, fine);
            for (int c = 0; c < COORDINATES; c++) {
                double got = log2((coarse[c] - want[c]) / (fine[c] - want[c]));
                if (!(fabs(got - order) <= 0.05))
                    cr_assert(false, "%s, case %zu, %s[%d]: order %g (errors %g, %g)", sampler, i,
                              names[mixed], c, got, coarse[c] - want[c], fine[c] - want[c]);
            }
            myr_target_destroy(target);
        }
    }
}

Test(golden_flow, euler_comes_to_it_with_order_one) {
    expect_order("euler", 1);
}

Test(golden_flow, heun_comes_to_it_with_order_two) {
    expect_order("heun", 2);
}

Test(golden_flow, dpmpp_2m_comes_to_it_with_order_two) {
    expect_order("dpmpp-2m", 2);
}

/* The error of Heun's sampler is a series in 1/N from the second power on (Richardson): each extrapolation
 * takes one power away. */
Test(golden_flow, heun_extrapolated_is_the_closed_form) {
    enum { LEVELS = 7 };
    size_t i;
    json_t *found;
    json_array_foreach(json_object_get(file, "cases"), i, found) {
        double table[LEVELS][COORDINATES], want[COORDINATES];
        myr_target *target = make_gaussian(context, toy);
        cr_assert_eq(numbers_at(found, "x0_exact_gauss", want, COORDINATES), COORDINATES);
        for (int level = 0; level < LEVELS; level++)
            run(found, "heun", "karras", 256 << level, target, table[level]);
        for (int power = 2; power < LEVELS + 1; power++)
            for (int level = 0; level < LEVELS + 1 - power; level++)
                for (int c = 0; c < COORDINATES; c++)
                    table[level][c] =
                        table[level + 1][c] + (table[level + 1][c] - table[level][c]) / (exp2(power) - 1.0);
        for (int c = 0; c < COORDINATES; c++)
            if (!(fabs(table[0][c] - want[c]) <= 1e-12 * fabs(want[c])))
                cr_assert(false, "case %zu, x0[%d]: %.16g, not %.16g", i, c, table[0][c], want[c]);
        myr_target_destroy(target);
    }
}

/* The limit that a plan names is the flow's: x0 = m + sqrt(limit) (x - a m)/scale. */
Test(golden_flow, the_limit_on_vp_is_the_flow) {
    static const struct {
        const char *beginning, *schedule;
        double start, end;
    } grids[] = {{"VP linear 0.0001", "linear", 0.0, 0.0},
                 {"VP scaled_linear", "scaled_linear", 0.0, 0.0},
                 {"VP linear 0.00085", "linear", 0.00085, 0.012},
                 {"VP squaredcos", "squaredcos_cap_v2", 0.0, 0.0}};
    int compared = 0;
    size_t i;
    json_t *found;
    json_array_foreach(json_object_get(file, "cases"), i, found) for (int g = 0; g < 4; g++) {
        if (strncmp(text_at(found, "start"), grids[g].beginning, strlen(grids[g].beginning)) != 0)
            continue;
        myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
        options.process = "vp";
        options.sampler = "dpmpp-2m";
        options.steps = 10;
        options.spacing = "trailing";
        options.schedule = grids[g].schedule;
        options.beta_start = grids[g].start;
        options.beta_end = grids[g].end;
        myr_target *target = make_gaussian(context, toy);
        myr_plan *plan = NULL;
        double limit[COORDINATES], mean[COORDINATES], start[COORDINATES], want[COORDINATES];
        REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
        REQUIRE_OK(context, myr_plan_limit(context, plan, target, limit));
        myr_target_moments(target, mean, NULL);
        numbers_at(found, "x_start", start, COORDINATES);
        numbers_at(found, "x0_exact_gauss", want, COORDINATES);
        for (int c = 0; c < COORDINATES; c++, compared++) {
            double got = mean[c] + sqrt(limit[c]) * (start[c] - myr_plan_rows(plan)[0].a * mean[c]);
            cr_assert(fabs(got - want[c]) <= 1e-12 * fabs(want[c]), "%s: %.16g, not %.16g",
                      text_at(found, "start"), got, want[c]);
        }
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
    cr_assert_eq(compared, 4 * COORDINATES);
}
