#include "grid_options.h"

#include "arguments.h"

/* A real 0 asks the library for the default, so where 0 is a value it is the default too. */
static const struct {
    int key;
    const char *option;
    size_t offset;
    cli_interval interval;
} reals[] = {
#define FIELD(name) offsetof(myr_plan_options, name)
    {KEY_BETA_START,
     "--beta-start",
     FIELD(beta_start),
     {0.0, 0.9999, true, "a number above 0, at most 0.9999"}},
    {KEY_BETA_END, "--beta-end", FIELD(beta_end), {0.0, 0.9999, true, "a number above 0, at most 0.9999"}},
    {KEY_SIGMA_MIN, "--sigma-min", FIELD(sigma_min), {1e-9, 1e9, false, "a number from 1e-9 to 1e9"}},
    {KEY_SIGMA_MAX, "--sigma-max", FIELD(sigma_max), {1e-9, 1e9, false, "a number from 1e-9 to 1e9"}},
    {KEY_RHO, "--rho", FIELD(rho), {0.1, 1e3, false, "a number from 0.1 to 1000"}},
    {KEY_CHURN, "--churn", FIELD(churn), {0.0, 1e9, false, "a number from 0 to 1e9"}},
    {KEY_CHURN_MIN, "--churn-min", FIELD(churn_min), {0.0, 1e9, false, "a number from 0 to 1e9"}},
    {KEY_CHURN_MAX, "--churn-max", FIELD(churn_max), {0.0, 1e9, true, "a number above 0, at most 1e9"}},
    {KEY_NOISE_SCALE,
     "--noise-scale",
     FIELD(noise_scale),
     {0.0, 1e3, true, "a number above 0, at most 1000"}},
#undef FIELD
};

static error_t read_name(const char *option, const char *argument, const char *const *names, size_t count,
                         const char **value) {
    int choice = cli_read_choice(option, argument, names, count);
    if (choice < 0)
        return CLI_REPORTED;
    *value = names[choice];
    return 0;
}

static error_t read_count(const char *option, const char *argument, uint64_t low, uint64_t high,
                          int64_t *value) {
    uint64_t count = 0;
    error_t error = cli_read_count(option, argument, low, high, &count);
    if (!error)
        *value = (int64_t)count;
    return error;
}

error_t cli_parse_grid(int key, const char *argument, myr_plan_options *options) {
    static const char *const schedules[] = {"linear",   "scaled_linear", "squaredcos_cap_v2",
                                            "constant", "karras",        "exponential"};
    static const char *const spacings[] = {"leading", "trailing", "linspace"};
    static const char *const alphas[] = {"one", "first"};
    switch (key) {
        case KEY_SCHEDULE:
            return read_name("--schedule", argument, schedules, 6, &options->schedule);
        case KEY_TRAIN_STEPS:
            return read_count("--train-steps", argument, 1, MYR_MAX_STEPS, &options->train_steps);
        case KEY_ZERO_TERMINAL_SNR:
            options->zero_terminal_snr = true;
            return 0;
        case KEY_SPACING:
            return read_name("--spacing", argument, spacings, 3, &options->spacing);
        case KEY_STEPS_OFFSET:
            return read_count("--steps-offset", argument, 0, MYR_MAX_STEPS, &options->steps_offset);
        case KEY_FINAL_ALPHA:
            return read_name("--final-alpha", argument, alphas, 2, &options->final_alpha);
        default:
            break;
    }
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        if (reals[i].key == key)
            return cli_read_real(reals[i].option, argument, &reals[i].interval,
                                 (double *)((char *)options + reals[i].offset));
    return ARGP_ERR_UNKNOWN;
}
