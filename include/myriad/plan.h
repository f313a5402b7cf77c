/* Plans: what a sampler produces and a backend executes, a table of rows, one a step.
 *
 * A level is the pair (a, s) of x = a x0 + s e. Row k leads from level k to level k + 1:
 *
 *     x <- x + n z1                              pre-noise
 *     d <- D(x; a, s)                            the row's own level (churn raises it)
 *     y <- A x + B d + P d1 + Q d2 + S z2        d1, d2: the last two denoiser outputs
 *     if two_stage:
 *         d' <- D(y; a_second, s_second)         the second stage's own level, which y is at
 *         y  <- A' x + B' d + Y y + H d'
 *     d2 <- d1;  d1 <- d;  x <- y
 *
 * The second stage is at the level to which the first leads y: Heun's at the level entered, the midpoint rule's
 * half way to it. S = sqrt(C^2 + E^2 Var(x0 | x)) a coordinate; z1, z2 fresh standard normals. Before the first
 * denoiser outputs d1 = d2 = 0. A row leaves from the level that the row before entered, with its a, or
 * with pre-noise (which a noise scale of 0 makes 0) from a noisier one of the same a: churn raises s. One that
 * leaves from a cleaner level is refused.
 *
 * On the process "discrete" a plan holds, instead of rows, the chain of a discrete target turned round: the
 * laws p_0 … p_T of the states that its forward chain passes through, and by them the reverse chain
 *
 *     P(x_{t-1} = j | x_t = i) = Q_t(i | j) p_{t-1}(j) / p_t(i)
 *
 * whose step number k, from 0, leads from x_{T-k} to x_{T-k-1}. */
#ifndef MYRIAD_PLAN_H
#define MYRIAD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "myriad/target.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MYR_MAX_STEPS 1000000

/* On discrete the steps are limited also by the fast backends' table: steps x S x W x 4 bytes, W being S
 * rounded up to a power of two. */
#define MYR_MAX_CHAIN_BYTES 1073741824

/* One step. Fields not used by a sampler are 0. All are finite; a, s, n, C, E are not negative. */
typedef struct myr_row {
    double a, s;               /* level of the first denoiser call */
    double a_next, s_next;     /* level entered, where the row leads to */
    double n;                  /* pre-noise */
    double A, B, P, Q;         /* of x, d, d1, d2 */
    double C;                  /* noise, apart from what E adds to it */
    double E;                  /* noise of variance E^2 Var(x0 | x): affine targets only */
    int two_stage;             /* 0 or 1; from here on fields count with 1 alone */
    double a_second, s_second; /* level of the second denoiser call, and of y; not both 0 */
    double A2, B2, Y, H;       /* the second stage's A', B', Y, H */
} myr_row;

typedef struct myr_plan_options {
    size_t struct_size;
    const char *process; /* "ve", "vp", "edm", "discrete"; see myr_process_name */
    const char *sampler; /* see myr_sampler_name */
    int64_t steps;       /* T, 1 … MYR_MAX_STEPS */
    double eta;          /* 0 … 1, share of fresh noise; MYR_DEFAULT_ETA: the sampler's own default */
    const char *start;   /* "prior": N(0, 1), on edm N(0, sigma_max^2), on discrete the target's prior;
                            "exact": the target's true marginal at level 0 */
    bool final_noise;    /* false: the last row adds no noise after its denoiser, as image pipelines do */

    /* From here on 0, NULL or false asks for the default. A field that the process or the sampler does not
     * have is refused when it is set. */
    const char *schedule;    /* vp: of beta_1 … beta_M, "linear" (default), "scaled_linear" (its root is
                                linear), "squaredcos_cap_v2", "constant" (beta_end);
                                edm: of the sigmas, "karras" (default), "exponential" */
    double beta_start;       /* vp: beta_1, above 0 and below 1; linear 1e-4, scaled_linear 0.00085 */
    double beta_end;         /* vp: beta_M, likewise; linear and constant 0.02, scaled_linear 0.012 */
    int64_t train_steps;     /* vp: M, 1 … MYR_MAX_STEPS; 1000. At least as many as steps */
    bool zero_terminal_snr;  /* vp: the a of the M training steps are moved and stretched so that the last
                                is 0 and the first stays */
    const char *spacing;     /* vp: which training steps are visited, "leading" (default), "trailing",
                                "linspace" */
    int64_t steps_offset;    /* vp with leading: added to each training step, 0 … M - 1; 0 */
    const char *final_alpha; /* vp: a^2 of the level after the last step, "one" (default), or "first": that
                                of the first training step */
    double sigma_min;        /* edm: the last sigma before 0, 1e-9 … 1e9, below sigma_max; 0.002 */
    double sigma_max;        /* edm: the first sigma, 1e-9 … 1e9; 80 */
    double rho;              /* edm with karras: 0.1 … 1000; 7 */
    double churn;            /* S_churn of euler and heun, 0 … 1e9: a step raises its sigma by the factor
                                1 + min(churn/steps, sqrt(2) - 1); 0 */
    double churn_min;        /* S_tmin, S_tmax: … where sigma = s/a is from churn_min, 0 … 1e9, */
    double churn_max;        /* to churn_max, above 0, at most 1e9; without limit */
    double noise_scale;      /* S_noise: fresh noise and churn's times this, above 0, at most 1e3; 1 */
} myr_plan_options;

/* ve, ddpm-exact, 1,000 steps, default eta, start prior, final noise on. */
#define MYR_PLAN_OPTIONS_INIT                                                                            \
    {                                                                                                    \
        sizeof(myr_plan_options), "ve", "ddpm-exact", 1000, MYR_DEFAULT_ETA, "prior", true, 0, 0.0, 0.0, \
            0, false, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0                                         \
    }
MYR_API void myr_plan_options_default(myr_plan_options *made, size_t struct_size);
#define MYR_DEFAULT_ETA (-1.0) /* any negative or NaN eta asks for the sampler's own default */

typedef struct myr_plan myr_plan;

/* Makes the table of a sampler on a process for a target (whose dimension the plan takes; ddpm-exact
 * and start "exact" ask it for more). options: NULL for the defaults. target: not NULL; the plan does not
 * need it any more. *plan is NULL on failure. Errors: MYR_INVALID_ARGUMENT (a name or number out of range),
 * MYR_UNSUPPORTED (a combination that makes no sense, with the reason), MYR_OUT_OF_MEMORY. */
MYR_API myr_status myr_plan_create(myr_context *context, const myr_plan_options *options,
                                   const myr_target *target, myr_plan **plan);

/* The options with every default filled in that their process and sampler have; what these lack is left at
 * 0, NULL, false or MYR_DEFAULT_ETA. Plans of both are the same. Errors: as above; what concerns the grid
 * alone is not looked at. */
MYR_API myr_status myr_plan_settle(myr_context *context, const myr_plan_options *options,
                                   myr_plan_options *settled);

/* Makes a plan of the caller's own rows, [steps], 1 … MYR_MAX_STEPS; dimension 1 … MYR_MAX_DATA_DIMENSION.
 * start_mean, start_scale: [dimension], x_T = mean + scale z, finite, scale not negative. No array is NULL;
 * all are copied. Errors: as above; a row that is refused is named, from 0, with its field.
 *
 * For example the midpoint rule on dx/dsigma = (x - D)/sigma: from sigma to sigma', with m half way, rho =
 * m/sigma and h = (sigma - sigma')/m. The first stage leads to the level (1, m), where the second looks:
 *
 *     myr_row row = {.a = 1, .s = sigma, .a_next = 1, .s_next = sigma', .A = rho, .B = 1 - rho,
 *                    .two_stage = 1, .a_second = 1, .s_second = m, .A2 = 1, .Y = -h, .H = h};
 *
 * examples/midpoint.c makes a plan of such steps, which tests/test_midpoint.c finds to be of second order. */
MYR_API myr_status myr_plan_create_from_rows(myr_context *context, int dimension, int64_t steps,
                                             const myr_row *rows, const double *start_mean,
                                             const double *start_scale, myr_plan **plan);

/* Frees it. NULL is allowed. */
MYR_API void myr_plan_destroy(myr_plan *plan);

/* What the plan holds; 0 for a NULL plan. The slots are the normals that a row takes for a coordinate: one
 * for pre-noise if any row has n > 0, then one for noise if any row has C > 0 or E > 0. */
MYR_API int64_t myr_plan_steps(const myr_plan *plan);
MYR_API int myr_plan_dimension(const myr_plan *plan);
MYR_API int myr_plan_slots(const myr_plan *plan);

/* The table, myr_plan_steps rows; valid as long as the plan. NULL for a NULL plan, and on discrete. */
MYR_API const myr_row *myr_plan_rows(const myr_plan *plan);

/* The exact mean and variance of the plan's result, [dimension] each, by a linear recursion over the
 * table (in long double, the table itself being double). For targets whose denoiser is affine
 * (Gaussians), and for discrete ones, by the law of the chain; others: MYR_UNSUPPORTED. Either array may be
 * NULL. Relative error: near 1e-13 after a million steps. */
MYR_API myr_status myr_plan_exact(myr_context *context, const myr_plan *plan, const myr_target *target,
                                  double *mean, double *variance);

/* The exact probabilities of the states of the plan's result, probabilities[myr_target_states(target)], for
 * discrete targets; others: MYR_UNSUPPORTED. The target is the one that the plan was made for. */
MYR_API myr_status myr_plan_exact_states(myr_context *context, const myr_plan *plan,
                                         const myr_target *target, double *probabilities);

/* The variance's limit as the steps grow without bound (Dt -> 0), variance[dimension]: between the plan's
 * own first and last level, and on edm with the step from sigma_min to 0 as it is. MYR_UNSUPPORTED for
 * plans made from rows, and with churn. */
MYR_API myr_status myr_plan_limit(myr_context *context, const myr_plan *plan, const myr_target *target,
                                  double *variance);

/* The samplers, in the order of their list: name and one line of help; NULL past the end. */
MYR_API const char *myr_sampler_name(int index);
MYR_API const char *myr_sampler_help(int index);

/* The processes, likewise. */
MYR_API const char *myr_process_name(int index);
MYR_API const char *myr_process_help(int index);

/* True if the sampler can run on the process; false for a name that is NULL or unknown. */
MYR_API bool myr_sampler_supports(const char *sampler, const char *process);

/* True if it can run on the target: all can on Gaussians. False for a name that is NULL or unknown. */
MYR_API bool myr_sampler_supports_target(const char *sampler, const myr_target *target);

/* True if the sampler has that option of its own: "eta", "churn" (with churn_min, churn_max) or
 * "noise_scale". False for a name that is NULL or unknown. */
MYR_API bool myr_sampler_takes(const char *sampler, const char *option);

#ifdef __cplusplus
}
#endif
#endif
