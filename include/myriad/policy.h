/* Exact policies: a finite set of answers to each prompt, where everything has a closed form.
 *
 *     Z(x) = sum_y pi_ref(y|x) exp(r(x,y)/beta)           pi*(y|x) = pi_ref(y|x) exp(r(x,y)/beta) / Z(x)
 *
 * pi* maximises J(pi) = E[r] - beta KL(pi || pi_ref), the maximum is beta log Z, and
 * r = beta log(pi* / pi_ref) + beta log Z. Tables are [prompts][answers] of doubles in host memory,
 * policies their logarithms. Preferences are drawn on any backend; the rest is double on the CPU. */
#ifndef MYRIAD_POLICY_H
#define MYRIAD_POLICY_H

#include "myriad/preference.h"
#include "myriad/random.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MYR_MAX_PROMPTS (1 << 20)
#define MYR_MAX_ANSWERS (1 << 16)
#define MYR_MAX_TABLE (1 << 24) /* prompts times answers */

typedef struct myr_policy_problem {
    size_t struct_size;
    uint32_t prompts;        /* 1 … MYR_MAX_PROMPTS */
    uint32_t answers;        /* to each, 2 … MYR_MAX_ANSWERS; the table at most MYR_MAX_TABLE */
    const double *reference; /* [prompts][answers]: log pi_ref, up to a constant a prompt, at most 1e15 in
                                size; NULL: uniform */
    const double *rewards;   /* [prompts][answers]: r, at most 1e15 in size. Not NULL, but see
                                myr_policy_train */
    double beta;             /* 1e-6 … 1e6 */
} myr_policy_problem;

#define MYR_POLICY_PROBLEM_INIT \
    { sizeof(myr_policy_problem), 1, 2, NULL, NULL, 1.0 }
MYR_API void myr_policy_problem_default(myr_policy_problem *made, size_t struct_size);

/* log pi*, [prompts][answers], and log Z, [prompts]; either may be NULL. Errors here and below:
 * MYR_INVALID_ARGUMENT, MYR_INVALID_DATA (an entry of a table), MYR_OUT_OF_MEMORY. */
MYR_API myr_status myr_policy_exact(myr_context *context, const myr_policy_problem *problem, double *policy,
                                    double *log_z);

/* Means over the prompts. */
typedef struct myr_policy_value {
    size_t struct_size;
    double reward;    /* E[r] */
    double kl;        /* KL(pi || pi_ref) */
    double objective; /* reward - beta kl */
    double optimum;   /* beta log Z, which no objective exceeds */
} myr_policy_value;

#define MYR_POLICY_VALUE_INIT \
    { sizeof(myr_policy_value), 0.0, 0.0, 0.0, 0.0 }
MYR_API void myr_policy_value_default(myr_policy_value *made, size_t struct_size);

/* policy: [prompts][answers], logarithms up to a constant a prompt, so logits do. */
MYR_API myr_status myr_policy_evaluate(myr_context *context, const myr_policy_problem *problem,
                                       const double *policy, myr_policy_value *value);

/* The implicit rewards beta log(pi/pi_ref), [prompts][answers], centred: the mean over each prompt's
 * answers is 0. */
MYR_API myr_status myr_policy_rewards(myr_context *context, const myr_policy_problem *problem,
                                      const double *policy, double *rewards);

/* ---- preferences from known rewards ---------------------------------------------------------------- */

#define MYR_MAX_SIMULATED 32

/* Rankings, best first, of `length` different answers, 2 … MYR_MAX_SIMULATED, to prompt i mod prompts, for
 * i = first … first + count - 1: rankings[count][length]. The candidates are drawn uniformly, the ranking
 * of them is Plackett-Luce's with rewards r; of two it is Bradley-Terry's. backend, seed, first, count,
 * threads and device are taken from options, which must not be NULL; in a prompt, rewards are at most
 * 600 apart.
 *
 * Ranking i is made of words 0 … 2 length - 1 of stream MYR_STREAM_RANKING of "trajectory" i
 * (myriad/random.h). Word k < length takes number floor(w (answers - k)/2^32) of the answers not yet taken,
 * from 0 in ascending order. With the candidates in ascending order, word length + k is the arrival time
 * -ln(1 - (w + 1/2)/2^32) exp(-r) of candidate k; the ranking is the order of arrival. cpu and cuda take
 * the logarithm in float: the same bits as each other, and the ranking of reference wherever times are not
 * within 1.2e-6 of each other, relative. */
MYR_API myr_status myr_policy_simulate(myr_context *context, const myr_policy_problem *problem,
                                       const myr_run_options *options, uint32_t length, uint32_t *rankings);

/* ---- training -------------------------------------------------------------------------------------- */

/* Comparisons to learn from: rows of two answers, the preferred one first, as myr_policy_simulate makes
 * them with length 2. */
typedef struct myr_policy_pairs {
    size_t struct_size;
    uint64_t count;          /* 1 … 2^32 */
    const uint32_t *prompts; /* [count]; NULL: row i is of prompt i mod prompts */
    const uint32_t *answers; /* [count][2], different */
} myr_policy_pairs;

#define MYR_POLICY_PAIRS_INIT \
    { sizeof(myr_policy_pairs), 0, NULL, NULL }
MYR_API void myr_policy_pairs_default(myr_policy_pairs *made, size_t struct_size);

/* How to learn, in the order of the list: name and one line of help; NULL past the end. */
MYR_API const char *myr_training_name(int index);
MYR_API const char *myr_training_help(int index);

typedef struct myr_training_options {
    size_t struct_size;
    const char *method; /* "pairs": a policy, by loss. "rewards": a reward model, by maximum likelihood:
                              -log sigmoid(r_w - r_l). "reinforce": a policy, by the gradient of J */
    const myr_loss_options *loss; /* of pairs: any that needs no lengths; the problem's beta stands for its
                                     own. NULL: its initialiser's */
    uint64_t steps;               /* 0 … 2^32 */
    uint32_t batch;        /* rows of a step, drawn with replacement; of reinforce, answers drawn for each
                              prompt. 0: all rows; of reinforce, the exact gradient */
    bool baseline;         /* of reinforce: the mean of the other answers' rewards, batch 2 or more */
    const char *optimizer; /* "sgd", "adamw" */
    double rate;           /* learning rate, above 0 … 1e6 */
    double beta1, beta2, epsilon; /* of adamw: 0 … 1, 1 excluded; above 0 */
    double decay;                 /* weight decay, 0 … 1, decoupled: logits *= 1 - rate decay */
    uint64_t sync_every;          /* TR-DPO, of pairs: the reference moves every so many steps; 0: never */
    double
        sync_mix; /* its logits become mix times the policy's and 1 - mix times their own; 1: the policy's */
    double tolerance; /* ends where no component of the gradient is larger; 0: does not */
    uint64_t seed;
} myr_training_options;

#define MYR_TRAINING_OPTIONS_INIT                                                                         \
    {                                                                                                     \
        sizeof(myr_training_options), "pairs", NULL, 1000, 0, true, "sgd", 1.0, 0.9, 0.999, 1e-8, 0.0, 0, \
            1.0, 0.0, MYR_DEFAULT_SEED                                                                    \
    }
MYR_API void myr_training_options_default(myr_training_options *made, size_t struct_size);

typedef struct myr_training_report {
    size_t struct_size;
    uint64_t steps;  /* made */
    double loss;     /* at the last one, before it: of pairs and rewards; else -J, estimated */
    double gradient; /* the largest component in size, likewise */
} myr_training_report;

#define MYR_TRAINING_REPORT_INIT \
    { sizeof(myr_training_report), 0, 0.0, 0.0 }
MYR_API void myr_training_report_default(myr_training_report *made, size_t struct_size);

/* Trains from log pi_ref on (a reward model from 0) and leaves in result, [prompts][answers], log pi, or
 * the rewards, centred prompt by prompt. options may be NULL. The table's entries are the parameters:
 * logits, or rewards. pairs is NULL for reinforce; rewards are read by reinforce alone, and may be NULL
 * otherwise. report may be NULL.
 *
 * Row j of step t of a batch is number floor(w count/2^32), w word j of stream MYR_STREAM_RESAMPLE of
 * "trajectory" t, t from 0. Errors: MYR_INVALID_ARGUMENT, MYR_INVALID_DATA (a row; or logits that are no
 * longer finite, with the step), MYR_OUT_OF_MEMORY. */
MYR_API myr_status myr_policy_train(myr_context *context, const myr_policy_problem *problem,
                                    const myr_policy_pairs *pairs, const myr_training_options *options,
                                    double *result, myr_training_report *report);

/* The policy gradient: dJ(x)/dlogits of each prompt. With f = r - beta log(pi/pi_ref) it is
 *
 *     pi_y (f_y - sum_z pi_z f_z),    exactly (samples = 0), or estimated by
 *     1/n sum_s (f_s - b_s) ([y = y_s] - pi_y),    n answers y_s drawn from pi, b_s = 0, or with a baseline
 *
 * the mean of f over the other answers. Answer s of prompt x is the one where the sum of pi in ascending
 * order passes (w + 1/2)/2^32, w word s of stream MYR_STREAM_ANSWERS of "trajectory" draw prompts + x.
 *
 * logits and gradient are [prompts][answers]. Unless NULL, variance, likewise, becomes that of each
 * component of the estimate, in closed form. options may be NULL: the exact gradient. */
typedef struct myr_gradient_options {
    size_t struct_size;
    uint32_t samples; /* 0 … 2^20; with a baseline not 1 */
    bool baseline;
    uint64_t seed, draw;
} myr_gradient_options;

#define MYR_GRADIENT_OPTIONS_INIT \
    { sizeof(myr_gradient_options), 0, false, MYR_DEFAULT_SEED, 0 }
MYR_API void myr_gradient_options_default(myr_gradient_options *made, size_t struct_size);

MYR_API myr_status myr_policy_gradient(myr_context *context, const myr_policy_problem *problem,
                                       const double *logits, const myr_gradient_options *options,
                                       double *gradient, double *variance);

#ifdef __cplusplus
}
#endif
#endif
