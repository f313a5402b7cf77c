/* Schedules, rows, final samples and exact laws against those of published implementations, fed with the
 * same noise: the files of golden/samplers, whose conventions are in them. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "golden_inputs.h"
#include "plans/samplers.h"

enum { MOST_NOISE = 64 };

/* Published numbers are doubles that have gone through some hundred roundings, as ours have. */
#define TOLERANCE 1e-12

static myr_context *context;
static json_t *toy;

static void begin(void) {
    context = new_context();
    toy = load("samplers/toy_inputs.json");
}

static void end(void) {
    json_decref(toy);
    myr_context_destroy(context);
}

TestSuite(golden_samplers, .init = begin, .fini = end);

/* Fails unless got is the file's number, to the tolerance and to what the file's own number is known to
 * have lost. Returns 1: the tests count what they compare. */
static int compare_loosely(double got, double want, double lost, const char *where, const char *what,
                           size_t index) {
    double bound = TOLERANCE * fabs(want) + lost;
    if (!(fabs(got - want) <= bound))
        cr_assert(false, "%s, %s[%zu]: %.17g, not %.17g (%.1e)", where, what, index, got, want,
                  fabs(got / want - 1.0));
    return 1;
}

static int compare(double got, double want, const char *where, const char *what, size_t index) {
    return compare_loosely(got, want, 0.0, where, what, index);
}

/* ---- running --------------------------------------------------------------------------------------- */

/* A table to run, and how its results are named. */
typedef struct table {
    const myr_row *rows;
    int64_t steps;
    double scale; /* of x_T */
    bool first_slot_is_churn;
} table;

/* The final samples of the table on the target, from the toy's x_T and noise. */
static void run_table(const table *t, const myr_target *target, double x0[COORDINATES]) {
    const int d = myr_target_dimension(target), count = COORDINATES / d;
    double start[COORDINATES], mean[COORDINATES] = {0}, scale[COORDINATES];
    static double noise[COORDINATES * 2 * MOST_NOISE];
    numbers_at(toy, "x_T", start, COORDINATES);
    for (int c = 0; c < COORDINATES; c++)
        scale[c] = t->scale;
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create_from_rows(context, d, t->steps, t->rows, mean, scale, &plan));
    const int slots = myr_plan_slots(plan);
    const json_t *draws = json_object_get(toy, "noise");
    cr_assert(slots == 0 || t->steps <= (int64_t)json_array_size(draws));
    /* The k-th draw is row k of the file, whichever slot takes it; no sampler here has both. */
    cr_assert_leq(slots, 1);
    for (int n = 0; n < count; n++)
        for (int64_t k = 0; k < t->steps * slots; k++)
            for (int c = 0; c < d; c++)
                noise[(n * t->steps + k) * d + c] = json_number_value(
                    json_array_get(json_array_get(draws, (size_t)k), (size_t)(n * d + c)));
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    myr_given given = MYR_GIVEN_INIT;
    options.backend = "reference";
    options.count = (uint64_t)count;
    given.start_normals = start;
    given.noise = noise;
    for (int c = 0; c < COORDINATES; c++)
        x0[c] = NAN;
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, &given, x0, NULL));
    myr_plan_destroy(plan);
}

/* Runs the table on both targets and compares with the case's arrays x0_gauss and x0_gmm, or with those of
 * another name. published_extra: what the published code adds to x0 beyond its own formula, NULL for
 * nothing.
 */
static int compare_samples(const table *t, const json_t *found, const char *where, const char *gauss,
                           const char *gmm, const double *published_extra) {
    const char *names[] = {gauss, gmm};
    int compared = 0;
    for (int i = 0; i < 2; i++) {
        double x0[COORDINATES], want[COORDINATES];
        if (!names[i] || numbers_at(found, names[i], want, COORDINATES) == 0)
            continue;
        myr_target *target = i == 0 ? make_gaussian(context, toy) : make_mixture(context, toy);
        run_table(t, target, x0);
        for (size_t c = 0; c < COORDINATES; c++)
            compared +=
                compare(x0[c] + (published_extra ? published_extra[c] : 0.0), want[c], where, names[i], c);
        myr_target_destroy(target);
    }
    return compared;
}

/* The exact mean and variance, and how a deviation of x_T arrives: the table without its noise. The file's
 * slopes and gains are differences of two final samples, of size 2 at most: a model's output and a step are
 * some eight operations, each right to 2^-52. */
static int compare_laws(const table *t, const json_t *found, const char *where) {
    double mean[COORDINATES] = {0}, scale[COORDINATES], got[COORDINATES], want[COORDINATES];
    myr_target *target = make_gaussian(context, toy);
    const double lost = 0x1p-48;
    myr_row *quiet = malloc((size_t)t->steps * sizeof *quiet);
    int compared = 0;
    for (int c = 0; c < COORDINATES; c++)
        scale[c] = t->scale;
    for (int64_t k = 0; k < t->steps; k++) {
        quiet[k] = t->rows[k];
        quiet[k].n = quiet[k].C = quiet[k].E = 0.0;
    }
    for (int silent = 0; silent < 2; silent++) {
        myr_plan *plan = NULL;
        double variance[COORDINATES];
        REQUIRE_OK(context, myr_plan_create_from_rows(context, COORDINATES, t->steps,
                                                      silent ? quiet : t->rows, mean, scale, &plan));
        REQUIRE_OK(context, myr_plan_exact(context, plan, target, got, variance));
        const char *name = silent ? "out_slope_xT_gauss" : "out_var_gauss";
        size_t given = numbers_at(found, name, want, COORDINATES);
        for (size_t c = 0; c < given; c++)
            compared += compare_loosely(silent ? sqrt(variance[c]) : variance[c], want[c],
                                        silent ? lost : 2.0 * lost * sqrt(want[c]), where, name, c);
        given = silent ? numbers_at(found, "out_mean_gauss", want, COORDINATES) : 0;
        for (size_t c = 0; c < given; c++)
            compared += compare(got[c], want[c], where, "out_mean_gauss", c);
        myr_plan_destroy(plan);
    }
    free(quiet);
    myr_target_destroy(target);
    return compared;
}

static myr_plan *create_plan(const myr_plan_options *options) {
    myr_target *target = make_gaussian(context, toy);
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, options, target, &plan));
    myr_target_destroy(target);
    return plan;
}

/* ---- schedules ------------------------------------------------------------------------------------- */

/* All training steps of the schedule, in a plan whose row k leads from training step M - 1 - k. */
static myr_plan *plan_schedule(const json_t *found) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = "vp";
    options.sampler = "ddpm-large";
    options.schedule = text_at(found, "beta_schedule");
    if (strcmp(options.schedule, "squaredcos_cap_v2") != 0) {
        options.beta_start = number_at(found, "beta_start", NAN);
        options.beta_end = number_at(found, "beta_end", NAN);
    }
    options.zero_terminal_snr = json_is_true(json_object_get(found, "rescale_betas_zero_snr"));
    return create_plan(&options);
}

Test(golden_samplers, alphas_and_betas_of_every_schedule) {
    json_t *file = load("samplers/alphas_cumprod_tables.json");
    double steps[16], alphas[16], betas[16];
    size_t count = numbers_at(file, "index", steps, 16), schedules = 0, i;
    json_t *found;
    json_array_foreach(json_object_get(file, "schedules"), i, found) {
        const char *name = text_at(found, "beta_schedule");
        if (strcmp(name, "sigmoid") == 0)
            continue; /* not a schedule that myriad has */
        myr_plan *plan = plan_schedule(found);
        cr_assert_eq(numbers_at(found, "alphas_cumprod_float64", alphas, 16), count);
        cr_assert_eq(numbers_at(found, "betas_float64", betas, 16), count);
        for (size_t j = 0; j < count; j++) {
            const myr_row *row = &myr_plan_rows(plan)[999 - (int)steps[j]];
            compare(row->a * row->a, alphas[j], name, "alphas_cumprod", j);
            compare(row->s * row->s + alphas[j], 1.0, name, "s^2 + a^2", j);
            /* Some are formed as 1 - ratio, of numbers near 1 with eight roundings in them. */
            compare_loosely(row->C * row->C, betas[j], 8 * 0x1p-53, name, "beta", j);
        }
        myr_plan_destroy(plan);
        schedules++;
    }
    cr_assert_eq(schedules, 8);
    json_decref(file);
}

/* ---- diffusers' ddpm ------------------------------------------------------------------------------- */

static myr_plan_options ddpm_options(const json_t *found) {
    const json_t *config = json_object_get(found, "config"), *times = json_object_get(found, "timesteps");
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = "vp";
    options.sampler =
        strncmp(text_at(config, "variance_type"), "fixed_small", 11) == 0 ? "ddpm-small" : "ddpm-large";
    options.steps = (int64_t)number_at(found, "num_inference_steps", NAN);
    options.schedule = text_at(config, "beta_schedule");
    options.beta_start = number_at(config, "beta_start", 0.0);
    options.beta_end = number_at(config, "beta_end", 0.0);
    options.spacing = text_at(config, "timestep_spacing");
    options.steps_offset = (int64_t)number_at(config, "steps_offset", 0.0);
    options.zero_terminal_snr = json_is_true(json_object_get(config, "rescale_betas_zero_snr"));
    /* Published: no noise at training step 0. */
    size_t last = json_array_size(times);
    options.final_noise = last > 0 && json_integer_value(json_array_get(times, last - 1)) > 0;
    return options;
}

/* [A, B, C] of every row, where the file has them for a model that predicts x0. They divide and multiply by
 * 1 - alpha, which is formed as it stands, from an alpha with some four roundings. */
static int compare_rows(const json_t *found, const myr_row *rows, const char *where) {
    const json_t *published = json_object_get(found, "step_coefficients_x_model_noise");
    int compared = 0;
    size_t k;
    json_t *row;
    json_array_foreach(published, k, row) {
        const double got[] = {rows[k].A, rows[k].B, rows[k].C};
        double s = rows[k].s, next = rows[k].s_next > 0.0 ? rows[k].s_next : 1.0;
        double lost = 4 * 0x1p-53 * (1.0 / (s * s) + 1.0 / (next * next));
        for (size_t j = 0; j < 3; j++) {
            double want = json_number_value(json_array_get(row, j));
            if (j == 2 && want <= 1e-10)
                cr_assert_eq(got[2], 0.0); /* their variance is never below 1e-20 */
            else
                compared += compare_loosely(got[j], want, lost * fabs(want), where, "A, B, C", j);
        }
    }
    return compared;
}

/* Their variance is at least 1e-20: after the last step, whose variance is 0, that leaves 1e-10 z. */
static const double *clamped_noise(const myr_plan_options *options, double extra[COORDINATES]) {
    const json_t *draw = json_array_get(json_object_get(toy, "noise"), (size_t)options->steps - 1);
    for (size_t c = 0; c < COORDINATES; c++)
        extra[c] = options->final_noise ? 1e-10 * json_number_value(json_array_get(draw, c)) : 0.0;
    return extra;
}

static int compare_ddpm(const json_t *found, const char *where) {
    myr_plan_options options = ddpm_options(found);
    myr_plan *plan = create_plan(&options);
    table whole = {.rows = myr_plan_rows(plan), .steps = options.steps, .scale = 1.0};
    const json_t *config = json_object_get(found, "config");
    int compared = compare_laws(&whole, found, where);
    if (strcmp(text_at(config, "prediction_type"), "sample") == 0)
        compared += compare_rows(found, whole.rows, where);
    for (int64_t steps = 1; steps < MOST_NOISE && steps < options.steps; steps++) {
        char name[32];
        snprintf(name, sizeof name, "x_after_step_%d", (int)steps);
        table part = whole;
        part.steps = steps;
        compared += compare_samples(&part, found, where, name, NULL, NULL);
    }
    double extra[COORDINATES];
    if (options.steps < MOST_NOISE) /* the noise of longer runs is not in the files */
        compared +=
            compare_samples(&whole, found, where, "x0_gauss", "x0_gmm", clamped_noise(&options, extra));
    myr_plan_destroy(plan);
    return compared;
}

Test(golden_samplers, ddpm_of_diffusers) {
    json_t *file = load("samplers/diffusers_ddpm.json"), *found;
    size_t i, cases = 0;
    int compared = 0;
    json_array_foreach(json_object_get(file, "cases"), i, found) {
        char where[32];
        if (json_is_true(json_object_get(json_object_get(found, "config"), "clip_sample")))
            continue; /* clipping is not part of a row */
        snprintf(where, sizeof where, "case %zu", i);
        compared += compare_ddpm(found, where);
        cases++;
    }
    cr_assert_eq(cases, 27);
    cr_assert_geq(compared, 27 * 8);
    json_decref(file);
}

/* ---- k-diffusion ----------------------------------------------------------------------------------- */

enum { MOST_SIGMAS = 32 };

/* The plan options of a case; false if the sampler is none of ours. */
static bool k_diffusion_options(const json_t *found, const double *sigmas, int64_t steps,
                                myr_plan_options *options) {
    static const struct {
        const char *function, *sampler;
    } known[] = {
        {"sample_euler", "euler"},
        {"sample_heun", "heun"},
        {"sample_euler_ancestral", "euler-ancestral"},
        {"sample_dpmpp_2m", "dpmpp-2m"},
        {"sample_dpmpp_2m_sde", "dpmpp-2m-sde"},
        {"sample_dpmpp_3m_sde", "dpmpp-3m-sde"},
    };
    const json_t *arguments = json_object_get(found, "args");
    const char *solver = text_at(arguments, "solver_type"), *grid = text_at(found, "sigmas");
    if (solver && strcmp(solver, "midpoint") != 0)
        return false;
    *options = (myr_plan_options)MYR_PLAN_OPTIONS_INIT;
    options->process = "edm";
    options->sampler = NULL;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strcmp(text_at(found, "function"), known[k].function) == 0)
            options->sampler = known[k].sampler;
    options->steps = steps;
    options->eta = number_at(arguments, "eta", MYR_DEFAULT_ETA);
    options->churn = number_at(arguments, "s_churn", 0.0);
    options->churn_min = number_at(arguments, "s_tmin", 0.0);
    options->churn_max = number_at(arguments, "s_tmax", 0.0);
    options->noise_scale = number_at(arguments, "s_noise", 0.0);
    options->schedule = strncmp(grid, "exponential", 11) == 0 ? "exponential" : "karras";
    options->sigma_max = sigmas[0];
    options->sigma_min = sigmas[steps - 1];
    return options->sampler != NULL;
}

/* The rows on sigmas that are no grid of the process edm: the sampler's own, at levels made of them. */
static void write_rows(const myr_plan_options *options, const double *sigmas, myr_row *rows) {
    const myr_sampler *sampler = myr_sampler_find(options->sampler);
    const myr_sampler_settings settings = {.eta = sampler->default_eta, .noise_scale = 1.0};
    myr_level levels[MOST_SIGMAS];
    for (int64_t k = 0; k <= options->steps; k++) {
        double next = k < options->steps ? sigmas[k + 1] : 0.0;
        levels[k] = (myr_level){1.0, sigmas[k] * sigmas[k], (sigmas[k] - next) * (sigmas[k] + next)};
    }
    for (int64_t k = 0; k < options->steps; k++) {
        rows[k] = (myr_row){.a = 1.0, .s = sigmas[k], .a_next = 1.0, .s_next = sigmas[k + 1]};
        sampler->write_row(levels, k, &settings, &rows[k]);
    }
}

static bool is_edm_grid(const char *name) {
    return strncmp(name, "karras", 6) == 0 || strncmp(name, "exponential", 11) == 0;
}

static void compare_sigmas(const double *sigmas, int64_t steps, const myr_row *rows, const char *where) {
    for (int64_t k = 0; k < steps; k++) {
        double s = k == 0 ? rows[0].s : rows[k - 1].s_next; /* churn raises a row's own s */
        if (rows[0].n == 0.0 || k > 0)
            compare(s, sigmas[k], where, "sigma", (size_t)k);
    }
    cr_assert_eq(rows[steps - 1].s_next, 0.0);
}

static int compare_k_diffusion(const json_t *file, const json_t *found, const char *where) {
    const char *grid = text_at(found, "sigmas");
    double sigmas[MOST_SIGMAS];
    int64_t steps =
        (int64_t)numbers_at(json_object_get(file, "sigma_schedules"), grid, sigmas, MOST_SIGMAS) - 1;
    myr_plan_options options;
    if (!k_diffusion_options(found, sigmas, steps, &options))
        return 0;
    myr_row rows[MOST_SIGMAS];
    if (is_edm_grid(grid)) {
        myr_plan *plan = create_plan(&options);
        memcpy(rows, myr_plan_rows(plan), (size_t)steps * sizeof *rows);
        myr_plan_destroy(plan);
        compare_sigmas(sigmas, steps, rows, where);
    } else {
        write_rows(&options, sigmas, rows);
    }
    table t = {.rows = rows, .steps = steps, .scale = sigmas[0]};
    return compare_laws(&t, found, where) + compare_samples(&t, found, where, "x0_gauss", "x0_gmm", NULL);
}

Test(golden_samplers, samplers_of_k_diffusion) {
    json_t *file = load("samplers/k_diffusion.json"), *found;
    size_t i;
    int cases = 0;
    json_array_foreach(json_object_get(file, "cases"), i, found) {
        char where[64];
        snprintf(where, sizeof where, "case %zu, %s", i, text_at(found, "function"));
        int compared = compare_k_diffusion(file, found, where);
        cr_assert(compared == 0 || compared == 20, "%s: %d numbers", where, compared);
        cases += compared > 0;
    }
    /* 36, without dpm_2 (5 with its ancestral form), lms (3), dpmpp_2s_ancestral, dpmpp_sde and the form
     * "heun" of dpmpp_2m_sde. */
    cr_assert_eq(cases, 25);
    json_decref(file);
}
