/* myriad loss: a preference loss, its metrics and gradients, from a file of log-probabilities. */
#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "help/help.h"
#include "options/arguments.h"
#include "options/run_options.h"
#include "reports/messages.h"
#include "reports/output.h"

static const char doc[] =
    "Reads log-probabilities of chosen and rejected answers from FILE, .csv or .npy, and prints the "
    "weighted mean of a preference loss, and the metrics that go with it."
    "\vThe columns of a .csv FILE, by name, and of an .npy FILE [N, 4], [N, 5] or [N, 7], in this "
    "order:\n"
    "\n"
    "  policy_chosen_logps, policy_rejected_logps,\n"
    "  reference_chosen_logps, reference_rejected_logps,\n"
    "  and where there, weight, chosen_length, rejected_length\n"
    "\n"
    "Names go in any case, with - or blanks for _, and by usual synonyms, as ref_chosen_logps; --columns "
    "says which is which of any others. Other columns of a .csv FILE are passed over, and named where "
    "they hold numbers. With lengths, ipo, sigmoid_norm and sft are per token, as in TRL since 2026; "
    "without, or with --lengths ignore, ipo takes the log-probabilities as they are, as TRL's dpo_loss "
    "did before.\n"
    "\n"
    "Examples:\n"
    "  myriad loss examples/pairs.csv --beta 0.1\n"
    "  myriad loss examples/pairs.csv --loss-type ipo --gradients gradients.npy --format json";

typedef struct loss_arguments {
    myr_loss_options loss;
    const char *file, *columns, *gradients;
    bool ignore_lengths;
} loss_arguments;

enum {
    KEY_LOSS_TYPE = 600,
    KEY_BETA,
    KEY_SMOOTHING,
    KEY_REFERENCE_FREE,
    KEY_DIVERGENCE,
    KEY_COEFFICIENT,
    KEY_TAU,
    KEY_SHIFT,
    KEY_LENGTHS,
    KEY_COLUMNS,
    KEY_GRADIENTS
};

static const struct argp_option loss_options[] = {
    {NULL, 0, NULL, 0, "The loss:", 1},
    {"loss-type", KEY_LOSS_TYPE, "NAME", 0, "which loss, see below (sigmoid)", 1},
    {"beta", KEY_BETA, "X", 0, "1e-6 to 1e6 (0.1)", 1},
    {"gradients", KEY_GRADIENTS, "FILE", 0,
     "write the gradient of the mean loss to the two policy columns, [N, 2], .npy or .csv; - prints it "
     "as .csv, and nothing else",
     1},
    {"label-smoothing", KEY_SMOOTHING, "X", 0,
     "share of labels taken to be flipped, 0 up to 0.5, of sigmoid, sigmoid_norm, robust, exo_pair, aot "
     "and "
     "aot_unpaired (0)",
     1},
    {"reference-free", KEY_REFERENCE_FREE, NULL, 0,
     "the reference counts for nothing; its columns may be missing", 1},
    {"f-divergence", KEY_DIVERGENCE, "NAME", 0,
     "reverse_kl, js_divergence or alpha_divergence, of losses of the margin (reverse_kl)", 1},
    {"f-alpha-divergence-coef", KEY_COEFFICIENT, "C", 0,
     "of alpha_divergence, -1000 to 1000 (0.5); 1 is reverse_kl. As TRL since 0.29 counts it: 1 - C in TRL "
     "before",
     1},
    {"discopop-tau", KEY_TAU, "X", 0, "of discopop, 0.001 to 1 (0.05)", 1},
    {"bco-shift", KEY_SHIFT, "X|batch", 0,
     "of bco_pair: what is taken off the rewards, a number or their mean over the batch (0, as TRL since "
     "0.29; before, TRL took off a running mean)",
     1},
    {"lengths", KEY_LENGTHS, "HOW", 0, "use the columns of lengths, or ignore what is in them (use)", 1},
    {"columns", KEY_COLUMNS, "LIST", 0,
     "which column of a .csv FILE is which, as policy_chosen_logps=pi_w,weight=n; others by their names",
     1},
    {0}};

static error_t read_name(const char *option, const char *argument, const char *(*list)(int),
                         const char **name) {
    const char *names[64];
    size_t count = 0;
    for (; count < 64 && list((int)count); count++)
        names[count] = list((int)count);
    int choice = cli_read_choice(option, argument, names, count);
    if (choice < 0)
        return CLI_REPORTED;
    *name = names[choice];
    return 0;
}

static error_t read_lengths(const char *argument, bool *ignore) {
    static const char *const names[] = {"use", "ignore"};
    int choice = cli_read_choice("--lengths", argument, names, 2);
    *ignore = choice == 1;
    return choice < 0 ? CLI_REPORTED : 0;
}

static error_t read_shift(const char *argument, double *shift) {
    static const cli_interval shifts = {
        .low = -1e15, .high = 1e15, .expected = "batch, or a number of at most 1e15 in size"};
    static const char *batch = "batch";
    cli_offer(&batch, 1);
    if (strcmp(argument, batch) != 0)
        return cli_read_real("--bco-shift", argument, &shifts, shift);
    *shift = MYR_SHIFT_BATCH;
    return 0;
}

static error_t parse_loss(int key, char *argument, struct argp_state *state) {
    static const cli_interval betas = {.low = 1e-6, .high = 1e6, .expected = "a number from 1e-6 to 1e6"},
                              shares = {.low = 0,
                                        .high = 0.4999999999999999,
                                        .expected = "a number from 0 up to 0.5"},
                              coefficients = {.low = -1e3,
                                              .high = 1e3,
                                              .expected = "a number from -1000 to 1000"},
                              taus = {.low = 1e-3, .high = 1, .expected = "a number from 0.001 to 1"};
    loss_arguments *arguments = state->input;
    myr_loss_options *loss = &arguments->loss;
    switch (key) {
        case KEY_LOSS_TYPE:
            return read_name("--loss-type", argument, myr_loss_name, &loss->loss);
        case KEY_BETA:
            return cli_read_real("--beta", argument, &betas, &loss->beta);
        case KEY_SMOOTHING:
            return cli_read_real("--label-smoothing", argument, &shares, &loss->label_smoothing);
        case KEY_REFERENCE_FREE:
            loss->reference_free = true;
            return 0;
        case KEY_DIVERGENCE:
            return read_name("--f-divergence", argument, myr_divergence_name, &loss->f_divergence);
        case KEY_COEFFICIENT:
            return cli_read_real("--f-alpha-divergence-coef", argument, &coefficients,
                                 &loss->f_alpha_divergence_coef);
        case KEY_TAU:
            return cli_read_real("--discopop-tau", argument, &taus, &loss->tau);
        case KEY_SHIFT:
            return read_shift(argument, &loss->shift);
        case KEY_LENGTHS:
            return read_lengths(argument, &arguments->ignore_lengths);
        case KEY_COLUMNS:
            arguments->columns = argument;
            return 0;
        case KEY_GRADIENTS:
            return cli_read_output("--gradients", argument, &arguments->gradients);
        default:
            return ARGP_ERR_UNKNOWN;
    }
}

/* What --help says of the losses, from the library's list. */
static char *filter_help(int key, const char *text, void *input) {
    (void)input;
    if (key != ARGP_KEY_HELP_EXTRA)
        return (char *)text;
    return cli_help_list(NULL, "The losses:", myr_loss_name, myr_loss_help);
}

static const struct argp loss_argp = {
    .options = loss_options, .parser = parse_loss, .help_filter = filter_help};

/* The file's columns, in the order of .npy files. */
enum {
    POLICY_CHOSEN,
    POLICY_REJECTED,
    REFERENCE_CHOSEN,
    REFERENCE_REJECTED,
    WEIGHT,
    CHOSEN_LENGTH,
    REJECTED_LENGTH,
    COLUMNS
};

/* reference_chosen_logps is also ref_chosen_logp, reference_logps_chosen, … */
#define SYNONYMS(whole, which, part)                                                                    \
    whole "_" which "_logp " whole "_" which "_logprobs " whole "_" which "_logprob " whole             \
          "_logps_" which " " whole "_" which " " part "_" which "_logps " part "_" which "_logp " part \
          "_" which "_logprobs " part "_" which "_logprob " part "_logps_" which " " part "_" which
#define LENGTHS(which)                    \
    which "_lengths " which "_len " which \
          "_tokens "                      \
          "length_" which " len_" which " num_" which "_tokens"

static myr_status read_columns(myr_context *context, const loss_arguments *arguments, myr_table **table) {
    static const char logp[] = "a finite number of at most 1e15 in size";
    static const char weight[] = "a number from 0 to 1e15", length[] = "a number from 1 to 1e15";
    const bool reference = !arguments->loss.reference_free, lengths = !arguments->ignore_lengths;
    const myr_table_column columns[COLUMNS] = {
        {"policy_chosen_logps", true, -1e15, 1e15, logp,
         "chosen_logps chosen_logp logps_chosen " SYNONYMS("policy", "chosen", "pi")},
        {"policy_rejected_logps", true, -1e15, 1e15, logp,
         "rejected_logps rejected_logp logps_rejected " SYNONYMS("policy", "rejected", "pi")},
        {"reference_chosen_logps", reference, -1e15, 1e15, reference ? logp : NULL,
         SYNONYMS("reference", "chosen", "ref")},
        {"reference_rejected_logps", reference, -1e15, 1e15, reference ? logp : NULL,
         SYNONYMS("reference", "rejected", "ref")},
        {"weight", false, 0, 1e15, weight, "weights count counts n times"},
        {"chosen_length", false, 1, 1e15, lengths ? length : NULL, LENGTHS("chosen")},
        {"rejected_length", false, 1, 1e15, lengths ? length : NULL, LENGTHS("rejected")},
    };
    return myr_table_read(context, arguments->file, columns, COLUMNS, arguments->columns, table);
}

/* The columns of lengths: both or none. */
static int check_lengths(const loss_arguments *arguments, const myr_table *table) {
    const bool chosen = myr_table_values(table, CHOSEN_LENGTH) != NULL;
    const bool rejected = myr_table_values(table, REJECTED_LENGTH) != NULL;
    if (chosen == rejected)
        return CLI_DONE;
    return cli_fail(myr_status_exit_code(MYR_INVALID_DATA),
                    "%s: has a column '%s', but no '%s'; expected both or none", arguments->file,
                    chosen ? "chosen_length" : "rejected_length",
                    chosen ? "rejected_length" : "chosen_length");
}

typedef struct loss_result {
    myr_loss_metrics metrics;
    myr_report report;
    double *gradient[2];
} loss_result;

static myr_array column_of(const myr_table *table, int column) {
    return (myr_array){myr_table_values(table, column), MYR_F64};
}

static myr_status compute(myr_context *context, const loss_arguments *arguments, const cli_run_options *run,
                          const myr_table *table, loss_result *result) {
    myr_pairs pairs = MYR_PAIRS_INIT;
    pairs.count = myr_table_rows(table);
    pairs.policy_chosen = column_of(table, POLICY_CHOSEN);
    pairs.policy_rejected = column_of(table, POLICY_REJECTED);
    pairs.reference_chosen = column_of(table, REFERENCE_CHOSEN);
    pairs.reference_rejected = column_of(table, REFERENCE_REJECTED);
    pairs.weight = column_of(table, WEIGHT);
    pairs.chosen_length = column_of(table, CHOSEN_LENGTH);
    pairs.rejected_length = column_of(table, REJECTED_LENGTH);
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = run->backend;
    options.threads = run->threads;
    options.device = run->device;
    for (int c = 0; arguments->gradients && c < 2; c++) {
        result->gradient[c] = malloc(pairs.count * sizeof(double));
        if (!result->gradient[c])
            cli_out_of_memory();
    }
    return myr_loss_pairs(context, &arguments->loss, &pairs, &options,
                          (myr_array_out){result->gradient[0], MYR_F64},
                          (myr_array_out){result->gradient[1], MYR_F64}, &result->metrics, &result->report);
}

static myr_status write_gradients(myr_context *context, const loss_arguments *arguments,
                                  const loss_result *result) {
    static const char *const names[] = {"policy_chosen_logps", "policy_rejected_logps"};
    const double *const columns[] = {result->gradient[0], result->gradient[1]};
    if (!arguments->gradients)
        return MYR_OK;
    return myr_table_write(context, arguments->gradients, result->metrics.count, 2, names, columns);
}

typedef struct shown_number {
    const char *name;
    double value;
} shown_number;

static void print_json(const loss_arguments *arguments, const loss_result *result,
                       const shown_number *numbers, int count) {
    json_t *object = cli_json_object();
    cli_json_set(object, "loss_type", json_string(arguments->loss.loss));
    cli_json_set(object, "beta", cli_json_number(arguments->loss.beta));
    cli_json_set(object, "count", json_integer((json_int_t)result->metrics.count));
    for (int i = 0; i < count; i++)
        cli_json_set(object, numbers[i].name, cli_json_number(numbers[i].value));
    cli_json_set(object, "backend", json_string(result->report.backend));
    cli_print_json(object);
}

static void print_csv(const loss_arguments *arguments, const loss_result *result,
                      const shown_number *numbers, int count) {
    cli_column columns[16] = {{"loss_type", 0}, {"beta", 0}, {"count", 0}};
    for (int i = 0; i < count; i++)
        columns[3 + i].title = numbers[i].name;
    columns[3 + count].title = "backend";
    cli_table table;
    cli_table_begin(&table, CLI_CSV, columns, 4 + count);
    cli_put_text(&table, "%s", arguments->loss.loss);
    cli_put_number(&table, arguments->loss.beta);
    cli_put_text(&table, "%" PRIu64, result->metrics.count);
    for (int i = 0; i < count; i++)
        cli_put_number(&table, numbers[i].value);
    cli_put_text(&table, "%s", result->report.backend);
}

static void print_text(const loss_arguments *arguments, const loss_result *result,
                       const shown_number *numbers, int count) {
    printf("%s at beta %g over %" PRIu64 " pairs, on %s (%s)\n\n", arguments->loss.loss,
           arguments->loss.beta, result->metrics.count, result->report.backend, result->report.device);
    for (int i = 0; i < count; i++)
        printf("  %-19s %12.6g\n", numbers[i].name, numbers[i].value);
}

static void print_result(cli_format format, const loss_arguments *arguments, const loss_result *result) {
    const myr_loss_metrics *m = &result->metrics;
    const shown_number numbers[] = {{"loss", m->loss},
                                    {"rewards/chosen", m->rewards_chosen},
                                    {"rewards/rejected", m->rewards_rejected},
                                    {"rewards/accuracies", m->rewards_accuracies},
                                    {"rewards/margins", m->rewards_margins}};
    enum { NUMBERS = sizeof numbers / sizeof *numbers };
    if (format == CLI_JSON)
        print_json(arguments, result, numbers, NUMBERS);
    else if (format == CLI_CSV)
        print_csv(arguments, result, numbers, NUMBERS);
    else
        print_text(arguments, result, numbers, NUMBERS);
}

/* What the library says of a row needs the file's name. */
static int fail_reduction(const myr_context *context, const loss_arguments *arguments, myr_status status) {
    if (status != MYR_INVALID_DATA)
        return cli_fail_library(context, status);
    return cli_fail(myr_status_exit_code(status), "%s: %s", arguments->file, myr_context_error(context));
}

static int run_command(const loss_arguments *arguments, const cli_run_options *run, cli_format format) {
    myr_context *context;
    myr_table *table = NULL;
    loss_result result = {.metrics = MYR_LOSS_METRICS_INIT, .report = MYR_REPORT_INIT};
    int status = CLI_DONE;
    if (myr_context_create(&context) != MYR_OK)
        cli_out_of_memory();
    myr_status error = read_columns(context, arguments, &table);
    if (error != MYR_OK)
        status = cli_fail_library(context, error);
    if (status == CLI_DONE)
        status = check_lengths(arguments, table);
    if (status == CLI_DONE && (error = compute(context, arguments, run, table, &result)) != MYR_OK)
        status = fail_reduction(context, arguments, error);
    if (status == CLI_DONE && (error = write_gradients(context, arguments, &result)) != MYR_OK)
        status = cli_fail_library(context, error);
    const bool gradients_alone = arguments->gradients && strcmp(arguments->gradients, "-") == 0;
    if (status == CLI_DONE) {
        if (!gradients_alone)
            print_result(format, arguments, &result);
        status = cli_flush_results(CLI_DONE);
        if (status == CLI_DONE)
            cli_note(result.report.note);
        if (status == CLI_DONE)
            cli_note(myr_table_note(table));
    }
    free(result.gradient[0]);
    free(result.gradient[1]);
    myr_table_destroy(table);
    myr_context_destroy(context);
    return status;
}

int cli_run_loss(int argc, char **argv) {
    cli_run_options run = cli_run_options_default();
    loss_arguments arguments = {.loss = MYR_LOSS_OPTIONS_INIT};
    cli_format format = CLI_TEXT;
    const cli_part parts[] = {
        {&loss_argp, &arguments}, {&cli_where_argp, &run}, {&cli_output_argp, &format}};
    int status;
    if (!cli_parse_file_arguments(argc, argv, doc, parts, 3, &arguments.file, &status))
        return status;
    status = cli_run_options_settle(&run);
    return status == CLI_DONE ? run_command(&arguments, &run, format) : status;
}
