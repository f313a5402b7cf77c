/* What was observed: comparisons or rankings among items. */
#ifndef MYRIAD_OUTCOMES_H
#define MYRIAD_OUTCOMES_H

#include "ground/grown.h"
#include "myriad/fit.h"
#include "name_table.h"

/* count games between the same items and with the same outcome, whose weights for the one and for the other
 * item are first_wins and second_wins, each. A game is one trial: one draw of the bootstrap, one term of the
 * sandwich. */
typedef struct myr_duel {
    uint32_t first, second;
    double first_wins, second_wins, count;
    uint64_t row; /* of the file, its rows counted from 0 */
} myr_duel;

struct myr_outcomes {
    myr_outcome_kind kind;
    uint32_t items;
    uint64_t rows, file_rows; /* taken, and all */
    double weight;
    bool counted; /* weights, if there are any, are numbers of games */
    char columns[512], note[1024];
    bool has_prompts;
    bool by_winner;    /* the columns are winner and loser */
    myr_names names;   /* of the items; with prompts: prompt, a zero byte, name */
    myr_names prompts; /* of the prompts */
    uint32_t *prompt;  /* [items]: which prompt's; NULL without prompts */
    uint64_t prompt_room;
    /* comparisons */
    myr_duel *duels;
    uint64_t duel_count, duel_room;
    /* rankings: ranking m is entries offsets[m] … offsets[m + 1] - 1 */
    uint64_t *offsets, offset_room;
    uint32_t *entries;
    uint64_t ranking_count, entry_count, entry_room;
    /* what myr_outcomes_features has made */
    float *delta;
    double *feature_weight, *feature_reference, *feature_count;
    uint64_t *feature_begin; /* a game's rows; count games like it */
};

/* NULL if out of memory. */
myr_outcomes *myr_outcomes_new(myr_outcome_kind kind);

/* Adds so many games won and so many lost. What they are more than whole numbers is one game, if together
 * it is 1 (a tie: half and half), else one won and one lost that weigh so little. Weight 0 adds nothing.
 * False if out of memory. */
bool myr_outcomes_add(myr_outcomes *outcomes, uint32_t first, uint32_t second, double first_wins,
                      double second_wins, uint64_t row);

/* Adds so many ties, and what is more as one that weighs so little. */
bool myr_outcomes_add_ties(myr_outcomes *outcomes, uint32_t first, uint32_t second, double ties,
                           uint64_t row);

/* Adds so many games (a whole weight) whose share of the first item is score. */
bool myr_outcomes_add_scored(myr_outcomes *outcomes, uint32_t first, uint32_t second, double score,
                             double weight, uint64_t row);

/* After the last one: if a weight was not whole, none is a number of games, and each row is one game that
 * weighs so much. */
void myr_outcomes_settle(myr_outcomes *outcomes);

bool myr_outcomes_add_ranking(myr_outcomes *outcomes, const uint32_t *items, uint64_t count);

#endif
