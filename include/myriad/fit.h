/* Fits of preferences: abilities of items, or coefficients of features, from comparisons and rankings.
 *
 *     Bradley-Terry    P(i preferred to j)  = sigmoid(x_i - x_j)      (+ home where i is the first column)
 *     Plackett-Luce    P(y_1 > y_2 > …)     = prod_k exp(x_k) / sum_{j >= k} exp(x_j)
 *     DPO              x_i = beta log(pi(i) / pi_ref(i)) + constant, else as Bradley-Terry
 *
 * The maximum of the likelihood, with standard errors and intervals from them or from a bootstrap. Items of
 * different prompts are never compared: each prompt's abilities have a sum of their own, which is 0. */
#ifndef MYRIAD_FIT_H
#define MYRIAD_FIT_H

#include "myriad/linear.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what was observed ----------------------------------------------------------------------------- */

typedef struct myr_outcomes myr_outcomes;

typedef enum myr_outcome_kind { MYR_COMPARISONS, MYR_RANKINGS } myr_outcome_kind;

typedef struct myr_outcomes_options {
    size_t struct_size;
    const char *input; /* "auto", "comparisons" or "rankings" */
    bool pool;         /* the prompt column is passed over: an item is the same under every prompt */
    const char *const *without; /* items that are left out, with the comparisons they are in */
    size_t without_count;       /* of names */
    const char *columns; /* which is which, "first=left,second=right", other columns by their names; NULL:
                            all by their names. "weight=" says that there is none */
} myr_outcomes_options;

#define MYR_OUTCOMES_OPTIONS_INIT \
    { sizeof(myr_outcomes_options), "auto", false, NULL, 0, NULL }
MYR_API void myr_outcomes_options_default(myr_outcomes_options *made, size_t struct_size);

/* Reads a .csv file (RFC 4180, UTF-8, LF or CRLF; commas, semicolons or tabs, whichever the first line has
 * most of); the path "-" is standard input.
 *
 * Comparisons have a header, which names, in any order, either winner and loser (and weight); or first and
 * second, and then score (0 … 1, the first one's share: ½ is a tie), winner (an item's name, first or
 * second, or tie), or first_wins and second_wins, perhaps with ties; score and winner may have a weight.
 * All may have a prompt. Names go in any case, whatever stands between their words, and by the usual
 * synonyms: model_a, model_b; left, right; player_a, player_b; home, away; chosen, rejected; result; draws;
 * count, n and others. Other columns are passed over; myr_outcomes_note names those that hold numbers.
 *
 * What is observed are games, each with an outcome and drawn on its own: standard errors and the bootstrap
 * rest on them. If all weights are whole, a row of weight n and score s is n games of score s each. If one
 * is not, weights are no numbers of games: each row is one that weighs so much (myr_outcomes_counted).
 * first_wins and second_wins (and ties) are always numbers of games, and what they are more than whole
 * numbers is one game more if together it is 1 (70.5 and 30.5: 70 won, 30 lost, a tie), else one won and
 * one lost that weigh so little. A tie of score 0.5 says more than a win and a loss: so ties belong in rows
 * or a column of their own.
 *
 * Rankings are a line each, best first, with two items or more; empty fields at the end do not count, nor
 * does a first line rank1,rank2,…. An '=' is a tie, and refused.
 *
 * "auto" tells them by the names in the first line. Where these are not known, and none of them comes again
 * below as an item would, the file is refused.
 *
 * Errors name the file, and where they can the line and column: MYR_INVALID_DATA, MYR_IO_ERROR,
 * MYR_OUT_OF_MEMORY, MYR_INVALID_ARGUMENT. */
MYR_API myr_status myr_outcomes_load(myr_context *context, const char *path,
                                     const myr_outcomes_options *options, myr_outcomes **outcomes);

/* The same from arrays in host memory, which are copied. Items are numbered 0 … items - 1, and are named by
 * their numbers. first_wins and second_wins, 0 … 1e15, are numbers of games as in a file; NULL: all 1, and
 * all 0. */
MYR_API myr_status myr_outcomes_create_comparisons(myr_context *context, uint32_t items, uint64_t count,
                                                   const uint32_t *first, const uint32_t *second,
                                                   const double *first_wins, const double *second_wins,
                                                   myr_outcomes **outcomes);

/* And by scores, 0 … 1, and weights, 0 … 1e15, again as in a file; NULL: all 1. */
MYR_API myr_status myr_outcomes_create_scores(myr_context *context, uint32_t items, uint64_t count,
                                              const uint32_t *first, const uint32_t *second,
                                              const double *score, const double *weight,
                                              myr_outcomes **outcomes);

/* Ranking m is item[offsets[m]] … item[offsets[m + 1] - 1], best first: two items or more, none twice. */
MYR_API myr_status myr_outcomes_create_rankings(myr_context *context, uint32_t items, uint64_t count,
                                                const uint64_t *offsets, const uint32_t *item,
                                                myr_outcomes **outcomes);

/* Frees it. NULL is allowed. */
MYR_API void myr_outcomes_destroy(myr_outcomes *outcomes);

/* What they are; of NULL, comparisons without any. */
MYR_API myr_outcome_kind myr_outcomes_kind(const myr_outcomes *outcomes);
MYR_API uint32_t myr_outcomes_items(const myr_outcomes *outcomes);
MYR_API uint32_t myr_outcomes_prompts(const myr_outcomes *outcomes); /* 0: there is no such column */
MYR_API uint64_t myr_outcomes_rows(const myr_outcomes *outcomes);    /* of the file, that were taken */
MYR_API double myr_outcomes_weight(
    const myr_outcomes *outcomes); /* of all comparisons, or rankings, together */

/* Whether weights, if there are any, are numbers of games: all are whole. Else each row is one game. */
MYR_API bool myr_outcomes_counted(const myr_outcomes *outcomes);

/* The columns that were read, as "winner, loser, weight = 'n'"; "" for rankings and arrays. */
MYR_API const char *myr_outcomes_columns(const myr_outcomes *outcomes);

/* What a user should know of the file, in a line: columns that hold numbers and are passed over; "" for
 * nothing. */
MYR_API const char *myr_outcomes_note(const myr_outcomes *outcomes);

/* An item's name, and its prompt ("" if there is none); NULL past the last item. */
MYR_API const char *myr_outcomes_name(const myr_outcomes *outcomes, uint32_t item);
MYR_API const char *myr_outcomes_prompt(const myr_outcomes *outcomes, uint32_t item);

/* The prompt's number, from 0 in the order of the file; 0 if there is none. */
MYR_API uint32_t myr_outcomes_prompt_number(const myr_outcomes *outcomes, uint32_t item);

/* Reads a reference policy for the items: a .csv file with the columns item, log_probability and, if the
 * outcomes have prompts, prompt; an item for each of the outcomes', others are passed over. logs has room
 * for one number an item. */
MYR_API myr_status myr_outcomes_load_reference(myr_context *context, const char *path,
                                               const myr_outcomes *outcomes, double *logs);

/* ---- fits ------------------------------------------------------------------------------------------ */

/* The objectives: name and one line of help; NULL past the end. */
MYR_API const char *myr_objective_name(int index);
MYR_API const char *myr_objective_help(int index);

/* Parameters of a part up to which Newton's method begins, else L-BFGS; and up to which Newton's method ends, and
 * there are standard errors. */
#define MYR_FIT_NEWTON 1024
#define MYR_FIT_COVARIANCE 4096
#define MYR_MAX_BOOTSTRAP 100000

typedef struct myr_fit_options {
    size_t struct_size;
    const char *objective;   /* "bt", "pl", "dpo"; NULL: pl for rankings, else bt. bt and dpo take rankings
                                of two items alone */
    double beta;             /* of dpo, 1e-6 … 1e6 */
    const double *reference; /* of dpo: log pi_ref of each item, up to a constant a prompt; NULL: uniform.
                                Of abilities it changes the probabilities alone */
    double ridge;            /* 0 or more: -ridge/2 sum x^2 is added to the log-likelihood. Above 0 there
                                always is a finite maximum */
    bool home;               /* an advantage for the first of each comparison; needs comparisons */
    int64_t baseline;        /* an item whose ability is set to 0; -1: the sum is 0. Without prompts */
    uint32_t bootstrap; /* replicates, 0 … MYR_MAX_BOOTSTRAP; 0: intervals from the standard errors */
    uint64_t seed;      /* of the bootstrap */
    double level;       /* of the intervals, above 0 and below 1 */
    uint32_t max_iterations; /* 1 … 1e6 */
    double tolerance;      /* 1e-12 … 1: converged means that no component of the gradient, divided by the
                              root of its own second derivative, is larger. Of one parameter that is how far
                              it is from the maximum, in standard errors; of many, linked weakly (a chain of
                              n items), the distance may be some n times to n² times as large */
    int threads;           /* 0: all that the process may use */
    myr_progress progress; /* over the bootstrap's replicates; NULL: none */
    void *user;
    const char *errors; /* of estimates: "sandwich" (NULL) or "information"; see myr_fit */
} myr_fit_options;

#define MYR_FIT_OPTIONS_INIT                                                                             \
    {                                                                                                    \
        sizeof(myr_fit_options), NULL, 1.0, NULL, 0.0, false, -1, 0, MYR_DEFAULT_SEED, 0.95, 1000, 1e-6, \
            0, NULL, NULL, NULL                                                                          \
    }
MYR_API void myr_fit_options_default(myr_fit_options *made, size_t struct_size);

/* NaN where there is none: a standard error beyond MYR_FIT_COVARIANCE, then also the interval unless it is
 * the bootstrap's; probability of what is no item. */
typedef struct myr_estimate {
    double estimate;        /* ability x; of dpo the implicit reward beta log(pi / pi_ref), centred */
    double standard_error;  /* options' errors say of which kind */
    double ci_low, ci_high; /* of a bootstrap an end may be infinite: see myr_fit */
    double probability; /* of being the best of all items of its prompt, exp(x_i) / sum exp(x_j); of dpo the
                           policy, pi_ref exp(x / beta) / Z */
} myr_estimate;

typedef struct myr_fit_report {
    size_t struct_size;
    const char *objective;        /* the one that was fitted */
    const char *method;           /* "newton" or "l-bfgs" (of the largest part) */
    double log_likelihood;        /* without the ridge's term */
    uint64_t iterations;          /* of the part that took most */
    uint64_t evaluations;         /* of the objective, all told */
    bool converged;               /* the gradient's norm says so */
    double gradient;              /* that norm: see tolerance */
    myr_estimate home;            /* the advantage; NaN without one */
    uint32_t replicates;          /* of the bootstrap that the intervals come from */
    uint32_t unbounded;           /* replicates without a finite maximum, or not converged */
    double seconds;               /* of the fit, without the bootstrap */
    double bootstrap_seconds;     /* of the bootstrap alone */
    uint64_t descent_evaluations; /* of myr_fit_linear: those of L-BFGS, each reads the features once */
    double descent_seconds;       /* the descent's part of the seconds */
    const char *errors;           /* the kind of the standard errors: "sandwich" or "information" */
} myr_fit_report;

#define MYR_FIT_REPORT_INIT                                                                              \
    {                                                                                                    \
        sizeof(myr_fit_report), NULL, NULL, 0.0, 0, 0, false, 0.0, {0.0, 0.0, 0.0, 0.0, 0.0}, 0, 0, 0.0, \
            0.0, 0, 0.0, NULL                                                                            \
    }
MYR_API void myr_fit_report_default(myr_fit_report *made, size_t struct_size);

/* Fits; items [myr_outcomes_items]; options may be NULL. The same bits on any number of threads; on another
 * machine, where OpenBLAS solves the equations by other kernels, the last digits may be others.
 *
 * Standard errors are the roots of the diagonal of a covariance among abilities of sum 0 (or relative to
 * the baseline). With H the Hessian of what is minimised, the ridge's part included, and g the gradient of
 * the log-likelihood of one game (or ranking) at the estimate:
 *
 *     sandwich       H^-1 (sum g gᵀ) H^-1, without a factor for small samples. Where the model holds it
 *                    tends to the other one; it is right too for ties, weights, and with a ridge, where it
 *                    leaves out only the bias
 *     information    H^-1: for games that are won or lost, each once. With a ridge it is the covariance of
 *                    a posterior whose prior has the variance 1/ridge
 *
 * Without a ridge a set without a finite maximum is refused before the fit, MYR_INVALID_DATA: there is one
 * exactly if every item is linked to every other (of its prompt) by a chain of wins, and back (Ford 1957;
 * rankings: Hunter 2004); the items outside the largest such set are named. With home, besides, no order of
 * the items together with the advantage, or its opposite, may explain every result.
 *
 * The bootstrap draws comparisons (or rankings) again: n equal ones weigh Poisson(n), an inversion of word
 * b of stream MYR_STREAM_RESAMPLE of "trajectory" c, for replicate b and the c-th kind of comparison, in
 * the order of first item, second item and weights (rankings: the c-th ranking). n is at most 1e8.
 * Replicates are fitted to 1e-3 standard errors.
 *
 * A replicate without a finite maximum is no less a replicate: what has no end counts as infinite. Of
 * two items the difference is finite if each is linked to the other by a chain of wins, infinite if one of
 * them alone is, else unknown. With a baseline that is all. Without, items are compared with the set of
 * linked items that holds more than half of them (of a prompt), the mean of which stays where the data have
 * it; if there is none, the set above all others is at infinity, that below all others at -infinity, and
 * the rest unknown. home is infinite if an order of the items explains every result with it alone, and then
 * the items are unknown. What is unknown, and a replicate that does not converge, counts as -infinity for
 * the lower end of an interval and as infinity for the upper one. */
MYR_API myr_status myr_fit(myr_context *context, const myr_outcomes *outcomes,
                           const myr_fit_options *options, myr_estimate *items, myr_fit_report *report);

/* A log-linear policy: the coefficients of features (myriad/linear.h), estimates [parameters], fitted by
 * bt (beta 1, no reference) or dpo. L-BFGS on myr_loss_linear, then, up to 2,048 parameters, Newton's
 * method in double. options' reference, home, baseline and threads are not for it: the reference is the
 * features' own, threads are compute's. Features that are linearly dependent, or that separate pairs,
 * are refused unless there is a ridge. options and compute may be NULL. A game is a row, or what
 * features' games say; with g its gradient standard errors are as of myr_fit. The bootstrap draws game g by
 * the word of "trajectory" g: the weights of myr_loss_many, where each game is a row that weighs 1. A
 * replicate without a finite maximum counts as infinite for coefficients that only grow or only fall along
 * all directions in which it has no end, and for those that may do either as -infinity at the lower end and
 * infinity at the upper one (all of them, if it would take more than 2e9 steps to tell: rows times features
 * cubed). */
MYR_API myr_status myr_fit_linear(myr_context *context, const myr_features *features,
                                  const myr_fit_options *options, const myr_compute_options *compute,
                                  myr_estimate *estimates, myr_fit_report *report);

#define MYR_FIT_LINEAR_NEWTON 2048

/* The features of the outcomes' comparisons, for myr_fit_linear: row i of file [rows][parameters] is
 * Phi_first - Phi_second (of winner and loser) of the i-th comparison of the file. reference is NULL or a
 * number an item. What features then points to is the outcomes' and lives as long as they. */
MYR_API myr_status myr_outcomes_features(myr_context *context, myr_outcomes *outcomes, const char *path,
                                         const double *reference, myr_features *features);

#ifdef __cplusplus
}
#endif
#endif
