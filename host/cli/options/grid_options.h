/* The options of the processes' grids and of churn: the fields of myr_plan_options that only some processes
 * or samplers have. The library says which; here values are read and held against their ranges. */
#ifndef MYRIAD_CLI_GRID_OPTIONS_H
#define MYRIAD_CLI_GRID_OPTIONS_H

#include <argp.h>

#include "myriad/myriad.h"

enum {
    KEY_SCHEDULE = 450,
    KEY_BETA_START,
    KEY_BETA_END,
    KEY_TRAIN_STEPS,
    KEY_ZERO_TERMINAL_SNR,
    KEY_SPACING,
    KEY_STEPS_OFFSET,
    KEY_FINAL_ALPHA,
    KEY_SIGMA_MIN,
    KEY_SIGMA_MAX,
    KEY_RHO,
    KEY_CHURN,
    KEY_CHURN_MIN,
    KEY_CHURN_MAX,
    KEY_NOISE_SCALE
};

/* Entries for a struct argp_option array, under one heading. */
#define CLI_GRID_OPTIONS(group)                                                                             \
    {NULL, 0, NULL, 0, "The grid of vp and edm:", group},                                                   \
        {"schedule",                                                                                        \
         KEY_SCHEDULE,                                                                                      \
         "NAME",                                                                                            \
         0,                                                                                                 \
         "vp: betas linear, scaled_linear, squaredcos_cap_v2 or constant (linear); edm: sigmas karras or "  \
         "exponential (karras)",                                                                            \
         group},                                                                                            \
        {"beta-start", KEY_BETA_START, "X", 0, "vp: the first beta (linear 1e-4, scaled_linear 0.00085)",   \
         group},                                                                                            \
        {"beta-end", KEY_BETA_END, "X", 0, "vp: the last beta (0.02, scaled_linear 0.012)", group},         \
        {"train-steps", KEY_TRAIN_STEPS, "N", 0, "vp: training steps, of which --steps are visited (1000)", \
         group},                                                                                            \
        {"zero-terminal-snr",                                                                               \
         KEY_ZERO_TERMINAL_SNR,                                                                             \
         NULL,                                                                                              \
         0,                                                                                                 \
         "vp: rescale the schedule to end in pure noise",                                                   \
         group},                                                                                            \
        {"spacing",                                                                                         \
         KEY_SPACING,                                                                                       \
         "KIND",                                                                                            \
         0,                                                                                                 \
         "vp: training steps visited, leading, trailing or linspace (leading)",                             \
         group},                                                                                            \
        {"steps-offset", KEY_STEPS_OFFSET, "N", 0, "vp, leading: added to each training step (0)", group},  \
        {"final-alpha",                                                                                     \
         KEY_FINAL_ALPHA,                                                                                   \
         "KIND",                                                                                            \
         0,                                                                                                 \
         "vp: a^2 after the last step, one, or first: that of the first training step (one)",               \
         group},                                                                                            \
        {"sigma-min", KEY_SIGMA_MIN, "X", 0, "edm: the last sigma before 0 (0.002)", group},                \
        {"sigma-max", KEY_SIGMA_MAX, "X", 0, "edm: the first sigma (80)", group},                           \
        {"rho", KEY_RHO, "X", 0, "edm, karras: 0.1 to 1000 (7)", group},                                    \
        {"churn", KEY_CHURN, "X", 0, "euler, heun: S_churn, noise added before each step (0)", group},      \
        {"churn-min", KEY_CHURN_MIN, "X", 0, "S_tmin, the lowest sigma with churn (0)", group},             \
        {"churn-max", KEY_CHURN_MAX, "X", 0, "S_tmax, the highest (no limit)", group}, {                    \
        "noise-scale", KEY_NOISE_SCALE, "X", 0,                                                             \
            "S_noise, a factor of fresh noise: euler, euler-ancestral, heun, the dpmpp SDEs "               \
            "(1)",                                                                                          \
            group                                                                                           \
    }

/* Reads one of them into the field; ARGP_ERR_UNKNOWN for another key. */
error_t cli_parse_grid(int key, const char *argument, myr_plan_options *options);

#endif
