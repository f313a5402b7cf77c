/* Which form a file of outcomes has: comparisons have a header, rankings do not. */
#include <stdio.h>
#include <string.h>

#include "ground/failure.h"
#include "outcomes.h"
#include "outcomes_file.h"

/* Roles in the order of messages. No word is a synonym of two. */
const myr_column_name myr_roles[MYR_ROLES] = {
    [MYR_PROMPT] = {"prompt", NULL},
    [MYR_FIRST] = {"first",
                   "left player_a player_1 model_a model_1 item_a item_1 team_a team_1 option_a option_1 "
                   "response_a response_1 answer_a answer_1 candidate_a candidate_1 home home_team white"},
    [MYR_SECOND] =
        {"second",
         "right player_b player_2 model_b model_2 item_b item_2 team_b team_2 option_b option_2 "
         "response_b response_2 answer_b answer_2 candidate_b candidate_2 away away_team visitor "
         "black"},
    [MYR_WINNER] = {"winner", "chosen preferred better preference choice vote"},
    [MYR_LOSER] = {"loser", "rejected dispreferred worse"},
    [MYR_SCORE] = {"score", "result outcome first_score score_first"},
    [MYR_FIRST_WINS] = {"first_wins",
                        "wins_first left_wins wins_a a_wins wins_1 win_1 player_a_wins model_a_wins "
                        "winner_model_a home_wins"},
    [MYR_SECOND_WINS] = {"second_wins",
                         "wins_second right_wins wins_b b_wins wins_2 win_2 player_b_wins "
                         "model_b_wins winner_model_b away_wins"},
    [MYR_TIES] = {"ties", "tie draws draw winner_tie"},
    [MYR_WEIGHT] = {"weight", "weights count counts n times games frequency freq"},
};

/* ---- the first line -------------------------------------------------------------------------------- */

static const char *take_name(void *user, uint64_t record, uint64_t field, const char *bytes,
                             size_t length) {
    (void)record;
    (void)field;
    return myr_header_take(user, bytes, length);
}

static const char *stop(void *user, uint64_t record, uint64_t fields) {
    (void)user;
    (void)record;
    (void)fields;
    return "enough";
}

static bool has(const myr_csv_header *header, myr_role role) {
    return myr_header_find(header, role) != NULL;
}

/* By its own name: synonyms may well be items. */
static bool has_by_name(const myr_csv_header *header, myr_role role) {
    const myr_header_field *field = myr_header_find(header, role);
    const char *name = myr_roles[role].name;
    return field && myr_names_alike(name, strlen(name), field->name, strlen(field->name));
}

/* Whether the names suffice for comparisons, or are meant to: what is missing is said later. */
static bool names_comparisons(const myr_csv_header *h) {
    const bool both = has(h, MYR_FIRST) && has(h, MYR_SECOND);
    return (has(h, MYR_WINNER) && has(h, MYR_LOSER)) || has_by_name(h, MYR_WINNER) ||
           has_by_name(h, MYR_LOSER) || (has_by_name(h, MYR_FIRST) && has_by_name(h, MYR_SECOND)) ||
           (both && (has(h, MYR_SCORE) || has(h, MYR_WINNER) || has(h, MYR_FIRST_WINS)));
}

/* ---- the lines below ------------------------------------------------------------------------------- */

typedef struct search {
    const myr_names *names; /* of the first line */
    uint64_t fields;        /* its fields */
    bool found;             /* one of them again below, or a line of another length */
    bool below;             /* there are lines below */
} search;

static const char *look_again(void *user, uint64_t record, uint64_t field, const char *bytes,
                              size_t length) {
    search *s = user;
    (void)field;
    if (record == 0 || length == 0)
        return NULL;
    s->below = true;
    s->found = myr_names_find(s->names, bytes, length) != MYR_NO_NAME;
    return s->found ? "enough" : NULL;
}

static const char *look_at_length(void *user, uint64_t record, uint64_t fields) {
    search *s = user;
    (void)record;
    s->found = s->found || fields != s->fields;
    return s->found ? "enough" : NULL;
}

/* An item of a ranking that has no other is of no use, so that a line of such items is no ranking. */
static myr_status looks_like_header(myr_context *context, const char *bytes, size_t size,
                                    const myr_csv_header *header, bool *looks) {
    myr_names names = {0};
    myr_status status = MYR_OK;
    bool titles = true; /* rank1,rank2,… are known */
    for (uint64_t f = 0; status == MYR_OK && f < header->field_count; f++) {
        const char *name = header->fields[f].name;
        titles = titles && myr_is_rank_title(f, name, strlen(name));
        if (*name && myr_names_add(&names, name, strlen(name)) == MYR_NO_NAME)
            status = myr_fail_memory(context, strlen(name));
    }
    search s = {.names = &names, .fields = header->field_count};
    const myr_csv_reader csv = {look_again, look_at_length, &s};
    if (status == MYR_OK && !titles)
        (void)myr_csv_read(NULL, "", bytes, size, &csv);
    *looks = s.below && !s.found;
    myr_names_free(&names);
    return status;
}

/* Blank lines do not count; the mark of UTF-8 does not either. */
static unsigned long long first_line(const char *bytes, size_t size) {
    unsigned long long line = 1;
    for (size_t at = 0; at < size && (bytes[at] == '\n' || bytes[at] == '\r'); at++)
        line += bytes[at] == '\n';
    return line;
}

static myr_status refuse_header(myr_context *context, const char *path, const char *bytes, size_t size) {
    return myr_fail(
        context, MYR_INVALID_DATA,
        "%s:%llu:1: no name of the first line comes again below, as an item's would, and none is known of "
        "columns; expected winner and loser, or first, second and score (--columns says which is which), "
        "or items (--input rankings)",
        path, first_line(bytes, size));
}

static myr_status choose(myr_context *context, const char *path, const char *bytes, size_t size,
                         const myr_csv_header *header, myr_outcome_kind *kind) {
    bool looks = false, known = false;
    *kind = MYR_COMPARISONS;
    if (names_comparisons(header))
        return MYR_OK;
    myr_status status = looks_like_header(context, bytes, size, header, &looks);
    for (uint64_t f = 0; f < header->field_count; f++)
        known = known || header->fields[f].column >= 0;
    if (status == MYR_OK && looks && !known)
        return refuse_header(context, path, bytes, size);
    *kind = looks ? MYR_COMPARISONS : MYR_RANKINGS;
    return status;
}

/* Of a first line without end the first MiB is enough. */
static myr_status read_header(myr_context *context, const char *bytes, size_t size,
                              myr_csv_header *header) {
    const myr_csv_reader csv = {take_name, stop, header};
    *header = (myr_csv_header){.columns = myr_roles, .count = MYR_ROLES};
    (void)myr_csv_read(NULL, "", bytes, size < 1 << 20 ? size : 1 << 20, &csv);
    return header->out_of_memory ? myr_fail_memory(context, size) : MYR_OK;
}

myr_status myr_outcomes_tell(myr_context *context, const char *path, const char *bytes, size_t size,
                             myr_outcome_kind *kind) {
    myr_csv_header header;
    myr_status status = read_header(context, bytes, size, &header);
    if (status == MYR_OK)
        status = choose(context, path, bytes, size, &header, kind);
    myr_header_free(&header);
    return status;
}

myr_status myr_outcomes_look_for_header(myr_context *context, const char *bytes, size_t size, bool *looks) {
    myr_csv_header header;
    myr_status status = read_header(context, bytes, size, &header);
    *looks = false;
    if (status == MYR_OK)
        status = looks_like_header(context, bytes, size, &header, looks);
    myr_header_free(&header);
    return status;
}
