/* The commands of the tool. Adding one is a file command_NAME.c and its line in this list; dispatch,
 * `myriad help` and the messages follow from it. */
#ifndef MYRIAD_CLI_COMMAND_H
#define MYRIAD_CLI_COMMAND_H

/* X(name, one line of help): int cli_run_NAME(int argc, char **argv), argv[0] being the command's name,
 * returns the exit status; what went wrong it has already said on stderr, in one line. */
#define CLI_COMMAND_LIST(X)                                                                           \
    X(variance, "the variance study: estimate, standard error, exact value, z and limit of samplers") \
    X(sample, "draw samples, or whole trajectories, to .npy or .csv")                                 \
    X(sweep, "error against the number of steps, for many samplers; a table and a picture")           \
    X(verify, "a backend against the reference, tier by tier; the exit status says pass or fail")     \
    X(bench, "throughput against the hardware's limit, after checking the results")                   \
    X(loss, "a preference loss, its metrics and gradients, from a file of log-probabilities")         \
    X(fit, "abilities from a file of comparisons or rankings, with standard errors or a bootstrap")   \
    X(info, "version, build, backends, devices, every list, and the defaults")

#define CLI_DECLARE_COMMAND(name, help) int cli_run_##name(int argc, char **argv);
CLI_COMMAND_LIST(CLI_DECLARE_COMMAND)
#undef CLI_DECLARE_COMMAND

#endif
