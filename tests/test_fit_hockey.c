/* College ice hockey, 2009-10: 1,083 games of 58 teams with scores of 1, 1/2 or 0, fitted from arrays and
 * from a file, against Zermelo's iteration. */
#define _POSIX_C_SOURCE 200809L /* mkstemp */
#include <criterion/criterion.h>
#include <unistd.h>

#include "fit_reference.h"
#include "support.h"

enum { GAMES = 1083, TEAMS = 58 };

typedef struct season {
    int teams;
    char name[TEAMS][40];
    uint32_t visitor[GAMES], opponent[GAMES];
    double won[GAMES], lost[GAMES];       /* by the visitor */
    double wins[TEAMS * TEAMS], x[TEAMS]; /* Zermelo's */
} season;

static uint32_t team(season *s, const char *name) {
    for (int i = 0; i < s->teams; i++)
        if (strcmp(s->name[i], name) == 0)
            return (uint32_t)i;
    cr_assert_lt(s->teams, TEAMS, "one team too many: %s", name);
    snprintf(s->name[s->teams], sizeof s->name[0], "%s", name);
    return (uint32_t)s->teams++;
}

static season *read_season(void) {
    season *s = calloc(1, sizeof *s);
    char line[160], visitor[40], opponent[40];
    FILE *file = open_golden("prefs/icehockey_2009_10.csv");
    cr_assert_not_null(fgets(line, sizeof line, file));
    for (int g = 0; g < GAMES; g++) {
        cr_assert_not_null(fgets(line, sizeof line, file));
        cr_assert_eq(sscanf(line, "%39[^;];%39[^;];%lf", visitor, opponent, &s->won[g]), 3, "%s", line);
        s->visitor[g] = team(s, visitor);
        s->opponent[g] = team(s, opponent);
        s->lost[g] = 1.0 - s->won[g];
        s->wins[s->visitor[g] * TEAMS + s->opponent[g]] += s->won[g];
        s->wins[s->opponent[g] * TEAMS + s->visitor[g]] += s->lost[g];
    }
    fclose(file);
    cr_assert_eq(s->teams, TEAMS);
    zermelo(TEAMS, s->wins, s->x);
    return s;
}

static void expect_zermelo(const season *s, const myr_outcomes *outcomes, const myr_estimate *items) {
    for (uint32_t i = 0; i < TEAMS; i++) {
        const char *name = myr_outcomes_name(outcomes, i);
        int t = 0;
        while (t < TEAMS && strcmp(s->name[t], name) != 0)
            t++;
        t = t < TEAMS ? t : atoi(name); /* arrays have numbers for names */
        cr_expect(fabs(items[i].estimate - s->x[t]) <= 1e-9, "%s: %.17g, %.17g", s->name[t],
                  items[i].estimate, s->x[t]);
        cr_expect(items[i].standard_error > 0.3 && items[i].standard_error < 0.6);
    }
}

Test(fit_hockey, soft_labels_are_zermelos) {
    season *s = read_season();
    myr_context *context = new_context();
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[TEAMS];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(context, myr_outcomes_create_comparisons(context, TEAMS, GAMES, s->visitor, s->opponent,
                                                        s->won, s->lost, &outcomes));
    cr_expect_eq(myr_outcomes_weight(outcomes), GAMES);
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    cr_expect(report.converged);
    expect_zermelo(s, outcomes, items);
    /* Visitors lose more: log 366.5/592.5 or so if teams were alike. */
    options.home = true;
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    cr_expect(report.home.ci_high < 0.0 && report.home.estimate > -0.6, "%g", report.home.estimate);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
    free(s);
}

Test(fit_hockey, a_file_of_scores_says_the_same) {
    season *s = read_season();
    myr_context *context = new_context();
    char path[] = "/tmp/myriad-hockey-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    cr_assert_not_null(file);
    fputs("first,second,score\n", file);
    for (int g = 0; g < GAMES; g++)
        fprintf(file, "%s,%s,%g\n", s->name[s->visitor[g]], s->name[s->opponent[g]], s->won[g]);
    cr_assert_eq(fclose(file), 0);
    const myr_outcomes_options load = MYR_OUTCOMES_OPTIONS_INIT;
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[TEAMS];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(context, myr_outcomes_load(context, path, &load, &outcomes));
    unlink(path);
    cr_expect_eq(myr_outcomes_rows(outcomes), GAMES);
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    expect_zermelo(s, outcomes, items);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
    free(s);
}
