/* Plans: what the options ask for is checked, then a process gives the grid and a sampler its rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "plan_choice.h"
#include "targets/gaussian.h"

/* A plan on the process discrete: a chain in place of rows. */
static myr_status create_chain(myr_context *context, const myr_plan_choice *chosen,
                               const myr_target *target, myr_plan **plan) {
    *plan = calloc(1, sizeof **plan);
    if (!*plan)
        return myr_fail_memory(context, sizeof **plan);
    (*plan)->dimension = target->dimension;
    (*plan)->steps = chosen->options.steps;
    myr_status status =
        myr_chain_create(context, target, chosen->options.steps, chosen->exact_start, &(*plan)->chain);
    if (status != MYR_OK) {
        myr_plan_destroy(*plan);
        *plan = NULL;
    }
    return status;
}

/* An empty plan with room for its rows and its start. */
static myr_status allocate(myr_context *context, int dimension, int64_t steps, myr_plan **plan) {
    const size_t d = (size_t)dimension, bytes = (size_t)steps * sizeof(myr_row);
    *plan = calloc(1, sizeof **plan);
    if (!*plan)
        return myr_fail_memory(context, sizeof **plan);
    (*plan)->rows = calloc((size_t)steps, sizeof(myr_row));
    (*plan)->start_mean = calloc(2 * d, sizeof(double));
    if (!(*plan)->rows || !(*plan)->start_mean) {
        myr_plan_destroy(*plan);
        *plan = NULL;
        return myr_fail_memory(context, bytes + 2 * d * sizeof(double));
    }
    (*plan)->start_scale = (*plan)->start_mean + d;
    (*plan)->dimension = dimension;
    (*plan)->steps = steps;
    return MYR_OK;
}

/* Notes what the table uses; the backends take their paths by it. */
static void classify(myr_plan *plan) {
    for (int64_t k = 0; k < plan->steps; k++) {
        const myr_row *row = &plan->rows[k];
        plan->pre_noise |= row->n > 0.0;
        plan->noise |= row->C > 0.0 || row->E > 0.0;
        plan->uncertainty |= row->E > 0.0;
        plan->memory |= row->P != 0.0 || row->Q != 0.0;
        plan->two_stage |= row->two_stage != 0;
    }
    plan->slots = plan->pre_noise + plan->noise;
}

/* Row k of the sampler, from levels[k] to levels[k + 1]. */
static void write_row(const myr_plan_choice *choice, const myr_level *levels, int64_t k, bool last,
                      myr_row *row) {
    row->a = levels[k].a;
    row->s = sqrt(levels[k].variance);
    row->a_next = levels[k + 1].a;
    row->s_next = sqrt(levels[k + 1].variance);
    choice->sampler->write_row(levels, k, &choice->settings, row);
    if (last && !choice->options.final_noise)
        row->C = row->E = 0.0;
}

/* The limit of many steps; one that keeps the size of its last step keeps that step's row. */
static void write_limit(const myr_plan_choice *choice, const myr_grid *grid, myr_plan *plan) {
    plan->limit = myr_sampler_limit(choice->sampler, &choice->settings);
    plan->limit.fixed_end = grid->fixed_end;
    if (grid->fixed_end)
        write_row(choice, grid->end, 0, true, &plan->limit.end);
}

/* x_T ~ N(0, prior_variance), or the true marginal: N(a m, a^2 v + s^2) of an axis of a Gaussian. */
static void write_start(const myr_plan_choice *chosen, const myr_level *level, double prior_variance,
                        const myr_target *target, myr_plan *plan) {
    const myr_gaussian *affine = myr_target_affine(target);
    const bool exact = chosen->exact_start;
    plan->start_in_component = exact && !affine;
    for (int c = 0; c < plan->dimension; c++) {
        plan->start_mean[c] = 0.0;
        plan->start_scale[c] = sqrt(prior_variance);
        if (exact && affine) {
            plan->start_mean[c] = level->a * affine->axis_mean[c];
            plan->start_scale[c] = sqrt(level->a * level->a * affine->axis_variance[c] + level->variance);
        }
    }
}

static myr_status fill(myr_context *context, const myr_plan_choice *choice, const myr_target *target,
                       myr_plan *plan) {
    size_t bytes = ((size_t)plan->steps + 1) * sizeof(myr_level);
    myr_grid grid = {.levels = malloc(bytes)};
    if (!grid.levels)
        return myr_fail_memory(context, bytes);
    myr_status status = choice->process->make_grid(context, &choice->options, &grid);
    if (status == MYR_OK && choice->sampler->scales_by_a && grid.levels[0].a == 0.0)
        status = myr_fail(context, MYR_UNSUPPORTED,
                          "the sampler %s acts on x/a, but a is 0 at the first level (zero terminal SNR); "
                          "expected a ddpm or ddim sampler, or spacing leading",
                          choice->sampler->name);
    if (status == MYR_OK) {
        for (int64_t k = 0; k < plan->steps; k++)
            write_row(choice, grid.levels, k, k == plan->steps - 1, &plan->rows[k]);
        write_start(choice, &grid.levels[0], grid.prior_variance, target, plan);
        write_limit(choice, &grid, plan);
        classify(plan);
    }
    free(grid.levels);
    return status;
}

myr_status myr_plan_create(myr_context *context, const myr_plan_options *options, const myr_target *target,
                           myr_plan **plan) {
    MYR_STANDARD_ENVIRONMENT;
    if (!plan)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "plan is NULL; expected a place for the new plan");
    *plan = NULL;
    if (!target)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "target is NULL; expected a target");
    myr_plan_choice chosen;
    myr_status status = myr_plan_choose(context, options, &chosen);
    if (status != MYR_OK)
        return status;
    if (chosen.process->discrete != (myr_target_chain(target) != NULL))
        return myr_fail(context, MYR_UNSUPPORTED,
                        "the process %s does not suit the target, which is of the type %s; expected %s",
                        chosen.process->name, myr_target_type(target),
                        chosen.process->discrete ? "a discrete target" : "the process discrete");
    if (chosen.process->discrete)
        return create_chain(context, &chosen, target, plan);
    if (!myr_sampler_supports_target(chosen.sampler->name, target))
        return myr_fail(context, MYR_UNSUPPORTED,
                        "the sampler %s needs a Gaussian target: its noise is the exact posterior variance",
                        chosen.sampler->name);
    if (chosen.exact_start && !myr_target_affine(target) && !target->operations->starts_in_component)
        return myr_target_lacks(context, target, "start exact: expected start prior");
    status = allocate(context, target->dimension, chosen.options.steps, plan);
    if (status != MYR_OK)
        return status;
    status = fill(context, &chosen, target, *plan);
    if (status != MYR_OK) {
        myr_plan_destroy(*plan);
        *plan = NULL;
    }
    return status;
}

/* The fields of a row by name, for checks and messages. */
static const struct {
    const char *name;
    size_t offset;
    bool signed_value;
} row_fields[] = {
#define FIELD(name, signed_value) \
    { #name, offsetof(myr_row, name), signed_value }
    FIELD(a, false), FIELD(s, false),        FIELD(a_next, false),   FIELD(s_next, false), FIELD(n, false),
    FIELD(A, true),  FIELD(B, true),         FIELD(P, true),         FIELD(Q, true),       FIELD(C, false),
    FIELD(E, false), FIELD(a_second, false), FIELD(s_second, false), FIELD(A2, true),      FIELD(B2, true),
    FIELD(Y, true),  FIELD(H, true),
#undef FIELD
};

/* Row k of a table; row[-1] is the one before. */
static myr_status check_row(myr_context *context, const myr_row *row, int64_t k) {
    long long number = (long long)k;
    for (size_t f = 0; f < sizeof row_fields / sizeof *row_fields; f++) {
        double value;
        memcpy(&value, (const char *)row + row_fields[f].offset, sizeof value);
        if (!isfinite(value) || (value < 0.0 && !row_fields[f].signed_value))
            return myr_fail(context, MYR_INVALID_ARGUMENT,
                            "rows[%lld].%s is %g; expected a finite number%s", number, row_fields[f].name,
                            value, row_fields[f].signed_value ? "" : ", not negative");
    }
    if (row->two_stage != 0 && row->two_stage != 1)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "rows[%lld].two_stage is %d; expected 0 or 1",
                        number, row->two_stage);
    if (row->a == 0.0 && row->s == 0.0)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "rows[%lld]: a and s are both 0; expected a level with a denoiser", number);
    if (row->two_stage && row->a_second == 0.0 && row->s_second == 0.0)
        return myr_fail(
            context, MYR_INVALID_ARGUMENT,
            "rows[%lld]: a_second and s_second are both 0; expected the level of the second stage", number);
    if (k > 0 && row->a != row[-1].a_next)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "rows[%lld].a is %.17g; expected a_next of the row before, %.17g", number, row->a,
                        row[-1].a_next);
    if (k > 0 && row->s < row[-1].s_next) /* with one a for both, of a lower s/a */
        return myr_fail(
            context, MYR_INVALID_ARGUMENT,
            "rows[%lld].s is %.17g, a cleaner level than the one entered; expected s_next of the "
            "row before, %.17g, or with pre-noise more",
            number, row->s, row[-1].s_next);
    return MYR_OK;
}

static myr_status check_start(myr_context *context, int dimension, const double *mean,
                              const double *scale) {
    for (int c = 0; c < dimension; c++) {
        if (!isfinite(mean[c]))
            return myr_fail(context, MYR_INVALID_ARGUMENT, "start_mean[%d] is %g; expected a finite number",
                            c, mean[c]);
        if (!isfinite(scale[c]) || scale[c] < 0.0)
            return myr_fail(context, MYR_INVALID_ARGUMENT,
                            "start_scale[%d] is %g; expected a finite number, not negative", c, scale[c]);
    }
    return MYR_OK;
}

static myr_status check_table(myr_context *context, int dimension, int64_t steps, const myr_row *rows,
                              const double *start_mean, const double *start_scale) {
    if (!rows || !start_mean || !start_scale)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "%s is NULL; expected an array",
                        !rows         ? "rows"
                        : !start_mean ? "start_mean"
                                      : "start_scale");
    if (dimension < 1 || dimension > MYR_MAX_DATA_DIMENSION)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "dimension is %d; expected 1 to %d", dimension,
                        MYR_MAX_DATA_DIMENSION);
    if (steps < 1 || steps > MYR_MAX_STEPS)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "steps is %lld; expected 1 to %d", (long long)steps,
                        MYR_MAX_STEPS);
    myr_status status = MYR_OK;
    for (int64_t k = 0; k < steps && status == MYR_OK; k++)
        status = check_row(context, &rows[k], k);
    return status != MYR_OK ? status : check_start(context, dimension, start_mean, start_scale);
}

myr_status myr_plan_create_from_rows(myr_context *context, int dimension, int64_t steps,
                                     const myr_row *rows, const double *start_mean,
                                     const double *start_scale, myr_plan **plan) {
    MYR_STANDARD_ENVIRONMENT;
    if (!plan)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "plan is NULL; expected a place for the new plan");
    *plan = NULL;
    myr_status status = check_table(context, dimension, steps, rows, start_mean, start_scale);
    if (status == MYR_OK)
        status = allocate(context, dimension, steps, plan);
    if (status != MYR_OK)
        return status;
    memcpy((*plan)->rows, rows, (size_t)steps * sizeof *rows);
    memcpy((*plan)->start_mean, start_mean, (size_t)dimension * sizeof *start_mean);
    memcpy((*plan)->start_scale, start_scale, (size_t)dimension * sizeof *start_scale);
    classify(*plan);
    return MYR_OK;
}

void myr_plan_destroy(myr_plan *plan) {
    if (!plan)
        return;
    free(plan->rows);
    free(plan->start_mean); /* and start_scale, which lies behind it */
    myr_chain_destroy(plan->chain);
    free(plan);
}

int64_t myr_plan_steps(const myr_plan *plan) {
    return plan ? plan->steps : 0;
}

int myr_plan_dimension(const myr_plan *plan) {
    return plan ? plan->dimension : 0;
}

int myr_plan_slots(const myr_plan *plan) {
    return plan ? plan->slots : 0;
}

const myr_row *myr_plan_rows(const myr_plan *plan) {
    return plan ? plan->rows : NULL;
}
