/* The likelihood of one part of a fit: items that are linked with no item outside, by comparisons or by
 * rankings. Which outcomes weigh how much is apart from it, so that the replicates of a bootstrap share all
 * else. */
#ifndef MYRIAD_FIT_MODEL_H
#define MYRIAD_FIT_MODEL_H

#include "outcomes/outcomes.h"

/* An item's outcome: it was preferred to another one as often as weights[index] says. Of comparisons index
 * is 2 p for the first item of pair p and 2 p + 1 for the second; of rankings it is the ranking's, and the
 * other is the next below. */
typedef struct myr_arc {
    uint32_t to;
    uint64_t index;
} myr_arc;

typedef struct myr_pair_of {
    uint32_t first, second;
} myr_pair_of;

typedef struct myr_model {
    myr_outcome_kind kind;
    uint32_t items;
    bool home;
    uint32_t parameters; /* items, and 1 with home: the last one */
    uint32_t groups;     /* prompts: their items follow each other */
    uint32_t *group;     /* [groups + 1]: where they begin */
    double ridge;
    double
        unit; /* the root of a game's mean weight, at most 1: errors are larger by it than the information's */
    uint64_t weight_count; /* of comparisons 2 pairs: first wins, second wins; of rankings one each */
    double *weights;       /* [weight_count]: the data's */
    uint64_t *arc_begin;   /* [items + 1] */
    myr_arc *arcs;
    uint64_t pair_count;
    myr_pair_of *pairs;
    uint64_t ranking_count, longest;
    uint64_t *offsets; /* [ranking_count + 1] */
    uint32_t *entries;
    /* What the bootstrap draws: of comparisons, there are count games of cell c, with the same outcome of
     * the same pair, and each weighs so much; of rankings each is one. */
    uint64_t cells, first_cell; /* the number of the first one, for the generator */
    struct myr_cell {
        uint64_t pair;
        double first_wins, second_wins, count;
    } * cell;
} myr_model;

typedef struct myr_cell myr_cell;

/* Minus the log-likelihood, and ridge/2 sum x^2; and its gradient [parameters]. scratch has room for as
 * many numbers as myr_model_scratch says. Infinite or NaN if x is far out. The same bits on any number of
 * threads. */
long double myr_model_value(const myr_model *model, const double *weights, const double *x,
                            double *gradient, double *scratch, int threads);
uint64_t myr_model_scratch(const myr_model *model);

/* The Hessian of that, [parameters][parameters], the lower triangle. */
void myr_model_hessian(const myr_model *model, const double *weights, const double *x, double *hessian,
                       double *scratch);

/* Its diagonal alone. */
void myr_model_diagonal(const myr_model *model, const double *weights, const double *x, double *diagonal,
                        double *scratch);

/* The trials one by one, at x: with g the gradient of the log-likelihood of a trial (a game, a ranking),
 * spread is sum (v g)². scores has room for as many numbers as myr_model_score_count
 * says. */
uint64_t myr_model_score_count(const myr_model *model);
void myr_model_scores(const myr_model *model, const double *x, double *scores, double *scratch);
double myr_model_spread(const myr_model *model, const double *scores, const double *v);

/* Parts: those of comparisons without home are the prompts, else there is one. order[position] is an item,
 * positions run through the parts. */
typedef struct myr_models {
    uint32_t *order; /* [items] */
    uint32_t count;
    myr_model *models; /* [count] */
    uint32_t *begin;   /* [count + 1]: positions */
} myr_models;

myr_status myr_models_make(myr_context *context, const myr_outcomes *outcomes, bool home, double ridge,
                           myr_models *models);
void myr_models_free(myr_models *models);

#endif
