/* Comparisons: a header, then a line each. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/csv_columns.h"
#include "io/csv_field.h"
#include "outcomes_file.h"

typedef struct table {
    myr_outcome_reader *reader;
    myr_csv_columns columns;
} table;

/* ---- the header ------------------------------------------------------------------------------------ */

static const char *missing(table *t, myr_role which, const char *expected) {
    snprintf(t->reader->wrong, sizeof t->reader->wrong,
             "no column '%s'; expected the first line to name %s (or --columns to say which is which)",
             myr_roles[which].name, expected);
    return t->reader->wrong;
}

/* first and second, and who won: a score, the numbers of wins, or the winner's name. */
static const char *check_first(table *t) {
    static const char by_first[] = "first, second and score, or winner",
                      by_wins[] = "first, second, first_wins and second_wins";
    const bool *has = t->columns.has;
    if (!has[MYR_FIRST] || !has[MYR_SECOND])
        return missing(t, has[MYR_FIRST] ? MYR_SECOND : MYR_FIRST, by_first);
    const bool wins = has[MYR_FIRST_WINS] || has[MYR_SECOND_WINS];
    if (wins && (has[MYR_SCORE] || has[MYR_WEIGHT]))
        return "wins beside a score or a weight; expected the one or the other";
    if (wins + has[MYR_SCORE] + has[MYR_WINNER] > 1)
        return "a winner beside a score or wins; expected the one or the other";
    if (has[MYR_TIES] && !wins)
        return "ties beside a score or a winner; expected first_wins, second_wins and ties";
    if (wins)
        return !has[MYR_SECOND_WINS]  ? missing(t, MYR_SECOND_WINS, by_wins)
               : !has[MYR_FIRST_WINS] ? missing(t, MYR_FIRST_WINS, by_wins)
                                      : NULL;
    return has[MYR_SCORE] || has[MYR_WINNER] ? NULL : missing(t, MYR_SCORE, by_first);
}

static const char *check_header(table *t) {
    const bool *has = t->columns.has;
    if (has[MYR_LOSER] && (has[MYR_FIRST] || has[MYR_SECOND]))
        return "columns of two kinds; expected winner and loser, or first and second";
    if (has[MYR_FIRST] || has[MYR_SECOND])
        return check_first(t);
    if (!has[MYR_WINNER] && !has[MYR_LOSER])
        return missing(t, MYR_WINNER, "winner and loser, or first, second and score");
    if (!has[MYR_WINNER] || !has[MYR_LOSER])
        return missing(
            t, has[MYR_WINNER] ? MYR_LOSER : MYR_WINNER,
            has[MYR_WINNER] ? "winner and loser, or first, second and winner" : "winner and loser");
    return has[MYR_TIES]
               ? "ties beside winner and loser; expected first, second, first_wins, second_wins and ties"
               : NULL;
}

/* "first = model_a, second = model_b, score" */
static void name_columns(const table *t, char *text, size_t size) {
    size_t used = 0;
    char shown[MYR_FIELD_SHOWN];
    for (int r = 0; r < MYR_ROLES && used < size; r++) {
        if (!t->columns.has[r])
            continue;
        const char *name = myr_header_find(&t->columns.header_line, r)->name;
        const bool same = strcmp(name, myr_roles[r].name) == 0;
        used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", used ? ", " : "", myr_roles[r].name,
                                 same ? "" : " = ", same ? "" : myr_field_shown(name, strlen(name), shown));
    }
}

/* Only what counts: columns of the other kinds are passed over. */
static void settle_header(table *t) {
    bool *has = t->columns.has;
    if (has[MYR_LOSER])
        has[MYR_SCORE] = has[MYR_FIRST_WINS] = has[MYR_SECOND_WINS] = false;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): every table has a reader */
    if (t->reader->pool && has[MYR_PROMPT]) {
        has[MYR_PROMPT] = false;
        myr_header_find(&t->columns.header_line, MYR_PROMPT)->quiet = true;
    }
    myr_outcomes *o = t->reader->outcomes;
    o->has_prompts = has[MYR_PROMPT];
    o->by_winner = has[MYR_LOSER];
    name_columns(t, o->columns, sizeof o->columns);
}

static const char *take_header(void *user) {
    const char *wrong = check_header(user);
    if (!wrong)
        settle_header(user);
    return wrong;
}

/* ---- comparisons ----------------------------------------------------------------------------------- */

/* Numbers are checked where they stand, so that a message has their column. */
static const char *check_number(table *t, myr_role which, const char *bytes, size_t length) {
    const bool score = which == MYR_SCORE;
    double value;
    return myr_field_number(myr_roles[which].name, bytes, length, 0.0, score ? 1.0 : 1e15,
                            score ? "a number from 0 to 1" : "a number from 0 to 1e15", &value,
                            t->reader->wrong, sizeof t->reader->wrong)
               ? NULL
               : t->reader->wrong;
}

static bool is_name(int which) {
    return which == MYR_PROMPT || which == MYR_WINNER || which == MYR_LOSER || which == MYR_FIRST ||
           which == MYR_SECOND;
}

static const char *take_field(void *user, int which, const char *bytes, size_t length) {
    table *t = user;
    if (!is_name(which))
        return check_number(t, (myr_role)which, bytes, length);
    if (length > 0)
        return NULL;
    snprintf(t->reader->wrong, sizeof t->reader->wrong, "%s is empty; expected a name",
             myr_roles[which].name);
    return t->reader->wrong;
}

static double number(const table *t, myr_role which) {
    const myr_csv_text *text = &t->columns.texts[which];
    double value = 1.0;
    char scratch[8];
    if (t->columns.has[which])
        (void)myr_field_number("", text->bytes, text->length, 0.0, 1e15, "", &value, scratch,
                               sizeof scratch);
    return value;
}

/* Whether a word of the column winner means the item of column `which`: by the column's name in the file,
 * or by one that it could have. */
static bool means(const table *t, const myr_csv_text *word, myr_role which) {
    const char *name = myr_header_find(&t->columns.header_line, which)->name;
    const char *letter = which == MYR_FIRST ? "a" : "b";
    return myr_names_alike(letter, 1, word->bytes, word->length) ||
           myr_names_alike(name, strlen(name), word->bytes, word->length) ||
           myr_is_column(&myr_roles[which], word->bytes, word->length);
}

/* The first item's share by who the winner is; NAN if that cannot be told. */
static double share_of_winner(const table *t, const myr_csv_text *a, const myr_csv_text *b) {
    static const myr_column_name ties = {"tie", "ties tied draw drawn tie_bothbad bothbad both equal even"};
    const myr_csv_text *winner = &t->columns.texts[MYR_WINNER];
    if (winner->length == a->length && memcmp(winner->bytes, a->bytes, a->length) == 0)
        return 1.0;
    if (winner->length == b->length && memcmp(winner->bytes, b->bytes, b->length) == 0)
        return 0.0;
    if (means(t, winner, MYR_FIRST))
        return 1.0;
    if (means(t, winner, MYR_SECOND))
        return 0.0;
    return myr_is_column(&ties, winner->bytes, winner->length) ? 0.5 : NAN;
}

/* Adds the comparison whose items are known. */
static bool add(table *t, uint32_t first, uint32_t second, double share, uint64_t row) {
    myr_outcomes *o = t->reader->outcomes;
    if (!t->columns.has[MYR_FIRST_WINS])
        return myr_outcomes_add_scored(o, first, second, share, number(t, MYR_WEIGHT), row);
    return myr_outcomes_add(o, first, second, number(t, MYR_FIRST_WINS), number(t, MYR_SECOND_WINS), row) &&
           (!t->columns.has[MYR_TIES] || myr_outcomes_add_ties(o, first, second, number(t, MYR_TIES), row));
}

/* Of winner and loser all; of first and second by the score or the winner's name. */
static const char *find_share(table *t, const myr_csv_text *a, const myr_csv_text *b, double *share) {
    const bool *has = t->columns.has;
    *share = has[MYR_LOSER] ? 1.0 : has[MYR_WINNER] ? share_of_winner(t, a, b) : number(t, MYR_SCORE);
    if (!isnan(*share))
        return NULL;
    const myr_csv_text *winner = &t->columns.texts[MYR_WINNER];
    char shown[MYR_FIELD_SHOWN], one[MYR_FIELD_SHOWN], other[MYR_FIELD_SHOWN];
    snprintf(t->reader->wrong, sizeof t->reader->wrong,
             "winner is %s; expected %s, %s, the name of one of their columns, or tie",
             myr_field_shown(winner->bytes, winner->length, shown),
             myr_field_shown(a->bytes, a->length, one), myr_field_shown(b->bytes, b->length, other));
    return t->reader->wrong;
}

static const char *take_record(void *user) {
    table *t = user;
    myr_outcome_reader *r = t->reader;
    const myr_csv_text *texts = t->columns.texts;
    const bool by_winner = r->outcomes->by_winner;
    const myr_csv_text *a = &texts[by_winner ? MYR_WINNER : MYR_FIRST];
    const myr_csv_text *b = &texts[by_winner ? MYR_LOSER : MYR_SECOND];
    const myr_csv_text *prompt = t->columns.has[MYR_PROMPT] ? &texts[MYR_PROMPT] : NULL;
    const uint64_t row = r->outcomes->file_rows++;
    if (a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0) {
        char shown[MYR_FIELD_SHOWN];
        snprintf(r->wrong, sizeof r->wrong, "item %s against itself; expected two different items",
                 myr_field_shown(a->bytes, a->length, shown));
        return r->wrong;
    }
    double share;
    const char *wrong = find_share(t, a, b, &share);
    if (wrong)
        return wrong;
    const bool without_first = myr_reader_leaves_out(r, a->bytes, a->length);
    if (myr_reader_leaves_out(r, b->bytes, b->length) || without_first)
        return NULL;
    const uint32_t first = myr_reader_item(r, prompt, a, &wrong);
    if (wrong)
        return wrong;
    const uint32_t second = myr_reader_item(r, prompt, b, &wrong);
    if (wrong)
        return wrong;
    r->outcomes->rows++;
    if (add(t, first, second, share, row))
        return NULL;
    r->out_of_memory = true;
    return "out of memory";
}

myr_status myr_read_comparisons(myr_context *context, const char *path, const char *bytes, size_t size,
                                myr_outcome_reader *reader) {
    table t = {.reader = reader,
               .columns = {.header_line = {.columns = myr_roles, .count = MYR_ROLES, .map = reader->map},
                           .header = take_header,
                           .field = take_field,
                           .record = take_record,
                           .note = reader->outcomes->note,
                           .note_size = sizeof reader->outcomes->note}};
    t.columns.user = &t;
    return myr_csv_read_columns(context, path, bytes, size, &t.columns);
}
