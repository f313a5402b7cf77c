/* Comparisons: a header, then a line each. */
#include <stdio.h>
#include <string.h>

#include "csv_columns.h"
#include "csv_field.h"
#include "outcomes_file.h"

/* The columns that there may be. */
#define ROLE_LIST(X) \
    X(prompt) X(winner) X(loser) X(weight) X(first) X(second) X(score) X(first_wins) X(second_wins)

typedef enum role {
#define ROLE_ENUM(name) ROLE_##name,
    ROLE_LIST(ROLE_ENUM)
#undef ROLE_ENUM
        ROLES
} role;

static const char *const role_names[ROLES] = {
#define ROLE_NAME(name) #name,
    ROLE_LIST(ROLE_NAME)
#undef ROLE_NAME
};

typedef struct table {
    myr_outcome_reader *reader;
    myr_csv_columns columns;
} table;

/* ---- the header ------------------------------------------------------------------------------------ */

static const char *missing(table *t, role which, const char *expected) {
    snprintf(t->reader->wrong, sizeof t->reader->wrong,
             "no column '%s'; expected the first line to name %s", role_names[which], expected);
    return t->reader->wrong;
}

static const char *check_header(table *t) {
    static const char by_winner[] = "winner and loser", by_first[] = "first, second and score",
                      by_wins[] = "first, second, first_wins and second_wins";
    const bool *has = t->columns.has;
    if (has[ROLE_winner] || has[ROLE_loser]) {
        if (has[ROLE_first] || has[ROLE_second])
            return "columns of two kinds; expected winner and loser, or first and second";
        return !has[ROLE_loser]    ? missing(t, ROLE_loser, by_winner)
               : !has[ROLE_winner] ? missing(t, ROLE_winner, by_winner)
                                   : NULL;
    }
    if (!has[ROLE_first] && !has[ROLE_second])
        return missing(t, ROLE_winner, "winner and loser, or first, second and score");
    if (!has[ROLE_first] || !has[ROLE_second])
        return missing(t, has[ROLE_first] ? ROLE_second : ROLE_first, by_first);
    if (has[ROLE_first_wins] || has[ROLE_second_wins]) {
        if (has[ROLE_score] || has[ROLE_weight])
            return "wins beside a score or a weight; expected the one or the other";
        return !has[ROLE_second_wins]  ? missing(t, ROLE_second_wins, by_wins)
               : !has[ROLE_first_wins] ? missing(t, ROLE_first_wins, by_wins)
                                       : NULL;
    }
    return has[ROLE_score] ? NULL : missing(t, ROLE_score, by_first);
}

/* Only what counts: columns of the other kinds are passed over. */
static void settle_header(table *t) {
    bool *has = t->columns.has;
    if (has[ROLE_winner])
        has[ROLE_score] = has[ROLE_first_wins] = has[ROLE_second_wins] = false;
    if (t->reader->pool) /* NOLINT(clang-analyzer-core.NullDereference): every table has a reader */
        has[ROLE_prompt] = false;
    myr_outcomes *o = t->reader->outcomes;
    o->has_prompts = has[ROLE_prompt];
    size_t used = 0;
    for (int r = 0; r < ROLES; r++)
        if (has[r] && used < sizeof o->columns)
            used += (size_t)snprintf(o->columns + used, sizeof o->columns - used, "%s%s", used ? ", " : "",
                                     role_names[r]);
}

static const char *take_header(void *user) {
    const char *wrong = check_header(user);
    if (!wrong)
        settle_header(user);
    return wrong;
}

/* ---- comparisons ----------------------------------------------------------------------------------- */

/* Numbers are checked where they stand, so that a message has their column. */
static const char *check_number(table *t, role which, const char *bytes, size_t length) {
    const bool score = which == ROLE_score;
    double value;
    return myr_field_number(role_names[which], bytes, length, 0.0, score ? 1.0 : 1e15,
                            score ? "a number from 0 to 1" : "a number from 0 to 1e15", &value,
                            t->reader->wrong, sizeof t->reader->wrong)
               ? NULL
               : t->reader->wrong;
}

static bool is_name(int which) {
    return which == ROLE_prompt || which == ROLE_winner || which == ROLE_loser || which == ROLE_first ||
           which == ROLE_second;
}

static const char *take_field(void *user, int which, const char *bytes, size_t length) {
    table *t = user;
    if (!is_name(which))
        return check_number(t, (role)which, bytes, length);
    if (length > 0)
        return NULL;
    snprintf(t->reader->wrong, sizeof t->reader->wrong, "%s is empty; expected a name", role_names[which]);
    return t->reader->wrong;
}

static double number(const table *t, role which) {
    const myr_csv_text *text = &t->columns.texts[which];
    double value = 1.0;
    char scratch[8];
    if (t->columns.has[which])
        (void)myr_field_number("", text->bytes, text->length, 0.0, 1e15, "", &value, scratch,
                               sizeof scratch);
    return value;
}

/* Adds the comparison whose items are known. */
static bool add(table *t, uint32_t first, uint32_t second, uint64_t row) {
    myr_outcomes *o = t->reader->outcomes;
    if (t->columns.has[ROLE_first_wins])
        return myr_outcomes_add(o, first, second, number(t, ROLE_first_wins), number(t, ROLE_second_wins),
                                row);
    const double score = t->columns.has[ROLE_winner] ? 1.0 : number(t, ROLE_score);
    return myr_outcomes_add_scored(o, first, second, score, number(t, ROLE_weight), row);
}

static const char *take_record(void *user) {
    table *t = user;
    myr_outcome_reader *r = t->reader;
    const myr_csv_text *texts = t->columns.texts;
    const bool by_winner = t->columns.has[ROLE_winner];
    const myr_csv_text *a = &texts[by_winner ? ROLE_winner : ROLE_first];
    const myr_csv_text *b = &texts[by_winner ? ROLE_loser : ROLE_second];
    const myr_csv_text *prompt = t->columns.has[ROLE_prompt] ? &texts[ROLE_prompt] : NULL;
    const uint64_t row = r->outcomes->file_rows++;
    if (a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0) {
        char shown[MYR_FIELD_SHOWN];
        snprintf(r->wrong, sizeof r->wrong, "item %s against itself; expected two different items",
                 myr_field_shown(a->bytes, a->length, shown));
        return r->wrong;
    }
    if (myr_names_find(&r->without, a->bytes, a->length) != MYR_NO_NAME ||
        myr_names_find(&r->without, b->bytes, b->length) != MYR_NO_NAME)
        return NULL;
    const char *wrong;
    const uint32_t first = myr_reader_item(r, prompt, a, &wrong);
    if (wrong)
        return wrong;
    const uint32_t second = myr_reader_item(r, prompt, b, &wrong);
    if (wrong)
        return wrong;
    r->outcomes->rows++;
    if (add(t, first, second, row))
        return NULL;
    r->out_of_memory = true;
    return "out of memory";
}

myr_status myr_read_comparisons(myr_context *context, const char *path, const char *bytes, size_t size,
                                myr_outcome_reader *reader) {
    table t = {.reader = reader,
               .columns = {.names = role_names,
                           .count = ROLES,
                           .header = take_header,
                           .field = take_field,
                           .record = take_record}};
    t.columns.user = &t;
    return myr_csv_read_columns(context, path, bytes, size, &t.columns);
}

/* ---- which form it is ------------------------------------------------------------------------------ */

static const char *look_at_name(void *user, uint64_t record, uint64_t field, const char *bytes,
                                size_t length) {
    bool *has = user;
    int which = myr_csv_column(role_names, ROLES, bytes, length);
    (void)record;
    (void)field;
    if (which >= 0)
        has[which] = true;
    return NULL;
}

static const char *stop_looking(void *user, uint64_t record, uint64_t fields) {
    (void)user;
    (void)record;
    (void)fields;
    return "enough";
}

bool myr_is_comparisons(const char *bytes, size_t size) {
    bool has[ROLES] = {false};
    const myr_csv_reader csv = {look_at_name, stop_looking, has};
    /* Of a first line without end the first MiB is enough. */
    (void)myr_csv_read(NULL, "", bytes, size < 1 << 20 ? size : 1 << 20, &csv);
    return has[ROLE_winner] || has[ROLE_loser] || (has[ROLE_first] && has[ROLE_second]);
}
