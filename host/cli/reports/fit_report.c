#include "fit_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"
#include "plots/plot.h"

enum { LARGEST_PLOT = 400, WIDEST_NAME = 40 };

/* An item's name, or "feature 3". */
static const char *name_of(const cli_fit_result *r, uint64_t item, char scratch[32]) {
    if (!r->features)
        return myr_outcomes_name(r->outcomes, (uint32_t)item);
    snprintf(scratch, 32, "feature %" PRIu64, item);
    return scratch;
}

static bool has_prompts(const cli_fit_result *r) {
    return !r->features && myr_outcomes_prompts(r->outcomes) > 0;
}

/* ---- text ------------------------------------------------------------------------------------------ */

static int letters(const char *text) {
    int count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

/* The width of the column of names (or of prompts), to the left. */
static int name_width(const cli_fit_result *r, bool prompts) {
    char scratch[32];
    int width = prompts ? 6 : 7;
    for (uint64_t n = 0; n < r->count; n++) {
        int size =
            letters(prompts ? myr_outcomes_prompt(r->outcomes, (uint32_t)n) : name_of(r, n, scratch));
        width = size > width ? size : width;
    }
    return -(width < WIDEST_NAME ? width : WIDEST_NAME);
}

static void print_head(const cli_fit_result *r) {
    const myr_outcomes *o = r->outcomes;
    const bool rankings = myr_outcomes_kind(o) == MYR_RANKINGS;
    const char *columns = myr_outcomes_columns(o);
    printf("Fit of %.10g %s among %lu items", myr_outcomes_weight(o), rankings ? "rankings" : "comparisons",
           (unsigned long)myr_outcomes_items(o));
    if (has_prompts(r))
        printf(" of %lu prompts", (unsigned long)myr_outcomes_prompts(o));
    printf(" by %s", r->report.objective);
    if (r->options->beta != 1.0)
        printf(" at beta %g", r->options->beta);
    if (!myr_outcomes_counted(o))
        printf(", a row each, by its weight");
    if (r->options->ridge > 0.0)
        printf(" with ridge %g", r->options->ridge);
    printf("%s%s\n\n", *columns ? "; columns read: " : "", columns);
}

/* An end of an interval, which may be infinite. */
static const char *end_text(double end, int decimals, char text[64]) {
    if (isinf(end))
        return end > 0.0 ? "∞" : "-∞";
    snprintf(text, 64, "%.*f", decimals, end);
    return text;
}

static void put_estimate(cli_table *table, const myr_estimate *e) {
    const int decimals = cli_decimals(e->standard_error, 6), ends = cli_decimals(e->standard_error, 4);
    cli_put_text(table, "%.*f", decimals, e->estimate);
    if (isfinite(e->standard_error))
        cli_put_text(table, "± %.*f", decimals, e->standard_error);
    else
        cli_put_text(table, "-");
    char low[64], high[64];
    if (!isnan(e->ci_low))
        cli_put_text(table, "%s … %s", end_text(e->ci_low, ends, low), end_text(e->ci_high, ends, high));
    else
        cli_put_text(table, "-");
}

static void print_table(const cli_fit_result *r) {
    char interval[32], scratch[32];
    snprintf(interval, sizeof interval, "%g %% interval", 100.0 * r->options->level);
    cli_column columns[6];
    int count = 0;
    if (has_prompts(r))
        columns[count++] = (cli_column){"prompt", name_width(r, true)};
    columns[count++] = (cli_column){r->features ? "feature" : "item", name_width(r, false)};
    columns[count++] = (cli_column){r->features ? "coefficient" : "ability", 11};
    columns[count++] = (cli_column){"± std. error", -12};
    columns[count++] = (cli_column){interval, 19};
    if (!r->features)
        columns[count++] = (cli_column){"probability", 11};
    cli_table table;
    cli_table_begin(&table, CLI_TEXT, columns, count);
    for (uint64_t n = 0; n < r->count; n++) {
        const uint64_t item = r->order[n];
        if (has_prompts(r))
            cli_put_text(&table, "%s", myr_outcomes_prompt(r->outcomes, (uint32_t)item));
        cli_put_text(&table, "%s", name_of(r, item, scratch));
        put_estimate(&table, &r->estimates[item]);
        if (!r->features)
            cli_put_text(&table, "%.6f", r->estimates[item].probability);
    }
}

static void print_foot(const cli_fit_result *r) {
    const myr_fit_report *report = &r->report;
    const myr_estimate *home = &report->home;
    const int decimals = cli_decimals(home->standard_error, 6),
              ends = cli_decimals(home->standard_error, 4);
    char low[64], high[64];
    if (isfinite(home->estimate))
        printf("\nadvantage of the first column: %.*f ± %.*f, interval %s … %s", decimals, home->estimate,
               decimals, home->standard_error, end_text(home->ci_low, ends, low),
               end_text(home->ci_high, ends, high));
    printf("\nlog-likelihood %.6f; %s, %" PRIu64 " iterations, %s (gradient %.2g)\n",
           report->log_likelihood, report->method, report->iterations,
           report->converged ? "converged" : "not converged", report->gradient);
    printf("standard errors: %s\n", report->errors);
    if (report->replicates > 0) {
        printf("intervals: percentiles of %lu bootstrap replicates, seed %" PRIu64,
               (unsigned long)report->replicates, r->options->seed);
        if (report->unbounded > 0)
            printf("; %lu of them have no finite maximum, and count as infinite",
                   (unsigned long)report->unbounded);
        printf("\n");
    } else {
        printf("intervals: from the standard errors\n");
    }
}

/* ---- CSV ------------------------------------------------------------------------------------------- */

static void print_csv(const cli_fit_result *r) {
    static const cli_column columns[] = {{"prompt", 0},         {"item", 0},   {"estimate", 0},
                                         {"standard_error", 0}, {"ci_low", 0}, {"ci_high", 0},
                                         {"probability", 0}};
    const int skip = has_prompts(r) ? 0 : 1;
    char scratch[32];
    cli_table table;
    cli_table_begin(&table, CLI_CSV, columns + skip, 7 - skip);
    for (uint64_t n = 0; n < r->count; n++) {
        const uint64_t item = r->order[n];
        const myr_estimate *e = &r->estimates[item];
        const double numbers[] = {e->estimate, e->standard_error, e->ci_low, e->ci_high, e->probability};
        if (!skip)
            cli_put_text(&table, "%s", myr_outcomes_prompt(r->outcomes, (uint32_t)item));
        cli_put_text(&table, "%s", name_of(r, item, scratch));
        for (int k = 0; k < 5; k++)
            if (isinf(numbers[k]))
                cli_put_text(&table, numbers[k] > 0.0 ? "inf" : "-inf");
            else
                cli_put_number(&table, numbers[k]);
    }
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

/* JSON has no infinity: then an end is null, and its key says which it is, -1 or 1. */
static void set_end(json_t *object, const char *key, const char *infinite, double end) {
    cli_json_set(object, key, cli_json_number(end));
    cli_json_set(object, infinite, json_integer(!isinf(end) ? 0 : end > 0.0 ? 1 : -1));
}

static void set_estimate(json_t *object, const myr_estimate *e) {
    cli_json_set(object, "estimate", cli_json_number(e->estimate));
    cli_json_set(object, "standard_error", cli_json_number(e->standard_error));
    set_end(object, "ci_low", "ci_low_infinite", e->ci_low);
    set_end(object, "ci_high", "ci_high_infinite", e->ci_high);
}

static json_t *json_items(const cli_fit_result *r) {
    char scratch[32];
    json_t *items = cli_json_array();
    for (uint64_t n = 0; n < r->count; n++) {
        const uint64_t item = r->order[n];
        json_t *object = cli_json_object();
        cli_json_set(object, "item", json_string(name_of(r, item, scratch)));
        if (has_prompts(r))
            cli_json_set(object, "prompt", json_string(myr_outcomes_prompt(r->outcomes, (uint32_t)item)));
        set_estimate(object, &r->estimates[item]);
        cli_json_set(object, "probability", cli_json_number(r->estimates[item].probability));
        cli_json_append(items, object);
    }
    return items;
}

static json_t *json_bootstrap(const cli_fit_result *r) {
    if (r->report.replicates == 0)
        return json_null();
    json_t *object = cli_json_object();
    cli_json_set(object, "replicates", json_integer(r->report.replicates));
    cli_json_set(object, "unbounded", json_integer(r->report.unbounded));
    cli_json_set(object, "seed", json_integer((json_int_t)r->options->seed));
    cli_json_set(object, "seconds", cli_json_number(r->report.bootstrap_seconds));
    return object;
}

static void print_json(const cli_fit_result *r) {
    const myr_fit_report *report = &r->report;
    json_t *object = cli_json_object(), *home = json_null();
    cli_json_set(object, "objective", json_string(report->objective));
    cli_json_set(object, "items", json_items(r));
    if (isfinite(report->home.estimate)) {
        home = cli_json_object();
        set_estimate(home, &report->home);
    }
    cli_json_set(object, "home", home);
    cli_json_set(object, "log_likelihood", cli_json_number(report->log_likelihood));
    cli_json_set(object, "iterations", json_integer((json_int_t)report->iterations));
    cli_json_set(object, "converged", json_boolean(report->converged));
    cli_json_set(object, "bootstrap", json_bootstrap(r));
    cli_json_set(object, "gradient", cli_json_number(report->gradient));
    cli_json_set(object, "method", json_string(report->method));
    cli_json_set(object, "beta", cli_json_number(r->options->beta));
    cli_json_set(object, "ridge", cli_json_number(r->options->ridge));
    cli_json_set(object, "errors", json_string(report->errors));
    cli_json_set(object, "level", cli_json_number(r->options->level));
    cli_json_set(object, "input",
                 json_string(myr_outcomes_kind(r->outcomes) == MYR_RANKINGS ? "rankings" : "comparisons"));
    cli_json_set(object, "count", json_integer((json_int_t)myr_outcomes_rows(r->outcomes)));
    cli_json_set(object, "weight", cli_json_number(myr_outcomes_weight(r->outcomes)));
    cli_json_set(object, "weights", json_string(myr_outcomes_counted(r->outcomes) ? "counts" : "weights"));
    cli_json_set(object, "seconds", cli_json_number(report->seconds));
    cli_print_json(object);
}

void cli_fit_print(cli_format format, const cli_fit_result *result) {
    if (format == CLI_JSON) {
        print_json(result);
    } else if (format == CLI_CSV) {
        print_csv(result);
    } else {
        print_head(result);
        print_table(result);
        print_foot(result);
    }
}

/* ---- the picture ----------------------------------------------------------------------------------- */

/* Bytes of a label of at most 100, not ending within a character. */
static int label_size(const char *text) {
    size_t size = strlen(text) < 100 ? strlen(text) : 100;
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    return (int)size;
}

static void draw_names(cli_plot *plot, const cli_fit_result *r) {
    char scratch[32];
    fputs("set ytics (", plot->script);
    for (uint64_t n = 0; n < r->count; n++) {
        const uint64_t item = r->order[n];
        char label[256];
        const char *prompt = has_prompts(r) ? myr_outcomes_prompt(r->outcomes, (uint32_t)item) : "";
        const char *name = name_of(r, item, scratch);
        snprintf(label, sizeof label, "%.*s%s%.*s", label_size(prompt), prompt, *prompt ? ": " : "",
                 label_size(name), name);
        fputs(n ? ", " : "", plot->script);
        cli_plot_tic(plot, label);
        fprintf(plot->script, " %" PRIu64, r->count - n);
    }
    fputs(") noenhanced\n", plot->script);
}

/* What the picture shows: all that is finite. */
typedef struct span {
    double low, high;
    bool open; /* some interval has no end: it runs to the edge */
} span;

static void widen(span *shown, double value) {
    if (isfinite(value)) {
        shown->low = fmin(shown->low, value);
        shown->high = fmax(shown->high, value);
    }
    shown->open = shown->open || isinf(value);
}

static span find_span(const cli_fit_result *r) {
    span shown = {INFINITY, -INFINITY, false};
    for (uint64_t n = 0; n < r->count; n++) {
        widen(&shown, r->estimates[n].estimate);
        widen(&shown, r->estimates[n].ci_low);
        widen(&shown, r->estimates[n].ci_high);
    }
    const double margin = shown.high > shown.low ? 0.05 * (shown.high - shown.low) : 1.0;
    return (span){shown.low - margin, shown.high + margin, shown.open};
}

static void draw_estimates(cli_plot *plot, const cli_fit_result *r) {
    const span shown = find_span(r);
    const double origin = cli_plot_origin(shown.low, shown.high);
    char axis[64];
    if (shown.open)
        fprintf(plot->script, "set xrange [%.17g:%.17g]\n", shown.low - origin, shown.high - origin);
    fputs("$estimates << END\n", plot->script);
    for (uint64_t n = 0; n < r->count; n++) {
        const myr_estimate *e = &r->estimates[r->order[n]];
        const bool known = !isnan(e->ci_low);
        fprintf(plot->script, "%.17g %" PRIu64 " %.17g %.17g\n", e->estimate - origin, r->count - n,
                (known ? fmax(e->ci_low, shown.low) : e->estimate) - origin,
                (known ? fmin(e->ci_high, shown.high) : e->estimate) - origin);
    }
    fprintf(plot->script, "END\nset xlabel '%s, with %g %% interval'\n",
            cli_plot_axis(r->features ? "coefficient" : "ability", origin, axis),
            100.0 * r->options->level);
}

int cli_fit_check_plot(const cli_plot_options *options, uint64_t count) {
    if (!options->path || count <= LARGEST_PLOT)
        return CLI_DONE;
    return cli_fail(CLI_USAGE, "--plot: %" PRIu64 " estimates are too many: expected at most %d", count,
                    LARGEST_PLOT);
}

int cli_fit_plot(const cli_plot_options *options, const cli_fit_result *result) {
    cli_plot plot;
    int status = cli_plot_open(&plot, options, 640, 90 + 20 * (int)result->count);
    if (status != CLI_DONE)
        return status;
    FILE *script = plot.script;
    draw_names(&plot, result);
    draw_estimates(&plot, result);
    fprintf(script, "set yrange [0.4:%" PRIu64 ".6]\n", result->count);
    fputs(
        "set grid xtics\nset tics nomirror\nset border 3\nunset key\n"
        "plot $estimates using 1:2:3:4 with xerrorbars lw 1.5 pt 7 ps 0.7 lc rgb '#1f4e79'\n",
        script);
    return cli_plot_close(&plot);
}
