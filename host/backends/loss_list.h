/* The losses on pairs and the divergences they may measure with. A new loss is its line here, its function
 * in kernels/pair_loss.h, and that of the reference in host/reference/reference_loss.c; names, parsing,
 * help, loops, kernels, and the grids of tests and benches follow from the list. */
#ifndef MYRIAD_LOSS_LIST_H
#define MYRIAD_LOSS_LIST_H

/* What a loss takes. */
#define MYR_TAKES_SMOOTHING 1u    /* label_smoothing */
#define MYR_TAKES_DIVERGENCE 2u   /* f_divergence and its coefficient */
#define MYR_TAKES_TAU 4u          /* tau */
#define MYR_TAKES_SHIFT 8u        /* shift */
#define MYR_TAKES_POLICY_ONLY 16u /* w and l are the policy's own, the reference does not count */
#define MYR_TAKES_LENGTHS \
    32u /* w and l, or a divergence's scores, are divided by lengths, if there are any */
#define MYR_NEEDS_LENGTHS 64u /* there must be lengths */
#define MYR_TAKES_TOKENS 128u /* the mean is over tokens, where there are lengths */
#define MYR_LOGISTIC 256u     /* of the margin's logistic function */

/* Losses of the margin alone that a divergence may make, of w and l. X(name, traits, one line of help), names as in TRL. */
#define MYR_DIVERGENT_LOSS_LIST(X)                                                                       \
    X(sigmoid, MYR_LOGISTIC | MYR_TAKES_SMOOTHING | MYR_TAKES_DIVERGENCE,                                \
      "DPO: -log sigmoid(beta (w - l)); with label_smoothing cDPO")                                      \
    X(sigmoid_norm,                                                                                      \
      MYR_LOGISTIC | MYR_TAKES_SMOOTHING | MYR_TAKES_DIVERGENCE | MYR_TAKES_LENGTHS | MYR_NEEDS_LENGTHS, \
      "sigmoid of w and l per token; needs the lengths")                                                 \
    X(hinge, MYR_TAKES_DIVERGENCE, "SLiC: max(0, 1 - beta (w - l))")                                     \
    X(ipo, MYR_TAKES_DIVERGENCE | MYR_TAKES_LENGTHS,                                                     \
      "IPO: (w - l - 1/(2 beta))^2, per token if there are lengths")                                     \
    X(robust, MYR_LOGISTIC | MYR_TAKES_SMOOTHING | MYR_TAKES_DIVERGENCE,                                 \
      "sigmoid less the bias of flipped labels (label_smoothing)")                                       \
    X(exo_pair, MYR_LOGISTIC | MYR_TAKES_SMOOTHING | MYR_TAKES_DIVERGENCE,                               \
      "EXO: the reverse KL divergence from the smoothed labels")                                         \
    X(discopop, MYR_LOGISTIC | MYR_TAKES_TAU | MYR_TAKES_DIVERGENCE,                                     \
      "DiscoPOP: logistic and exponential loss, by the margin")

/* All losses of the margin alone: those, and of w - l. */
#define MYR_MARGIN_LOSS_LIST(X) \
    MYR_DIVERGENT_LOSS_LIST(X)  \
    X(unlikelihood, MYR_TAKES_POLICY_ONLY, "log pi(y_l) - log pi(y_w); unbounded: it melts down")

/* Losses of w and l in other ways. */
#define MYR_ANSWER_LOSS_LIST(X)                                                        \
    X(nca_pair, 0u, "NCA: noise contrastive, each answer's reward by itself")          \
    X(bco_pair, MYR_TAKES_SHIFT, "BCO: a classifier of answers, rewards less a shift") \
    X(sppo_hard, 0u, "SPPO: (w - 1/(2 beta))^2 + (l + 1/(2 beta))^2")                  \
    X(apo_zero, 0u, "APO zero: chosen answers up, rejected ones down")                 \
    X(apo_down, 0u, "APO down: chosen answers down, rejected ones further down")       \
    X(sft, MYR_TAKES_POLICY_ONLY | MYR_TAKES_TOKENS, "-log pi(y_w), per token if there are lengths")

/* Losses that pair the sorted columns of a batch, and then are sigmoid. */
#define MYR_SORTED_LOSS_LIST(X)                                                            \
    X(aot, MYR_TAKES_SMOOTHING, "AOT: sigmoid of the two models' log ratios, each sorted") \
    X(aot_unpaired, MYR_TAKES_SMOOTHING, "AOT: sigmoid of w less l, each sorted")

#define MYR_LOSS_ENUM(name, traits, help) MYR_LOSS_##name,
typedef enum myr_loss_kind {
    MYR_MARGIN_LOSS_LIST(MYR_LOSS_ENUM) MYR_MARGIN_LOSSES,
    MYR_LAST_MARGIN_LOSS = MYR_MARGIN_LOSSES - 1,
    MYR_ANSWER_LOSS_LIST(MYR_LOSS_ENUM) MYR_POINTWISE_LOSSES,
    MYR_LAST_POINTWISE_LOSS = MYR_POINTWISE_LOSSES - 1,
    MYR_SORTED_LOSS_LIST(MYR_LOSS_ENUM) MYR_LOSSES
} myr_loss_kind;
#undef MYR_LOSS_ENUM

/* X(name, one line of help) */
#define MYR_DIVERGENCE_LIST(X)                                        \
    X(reverse_kl, "the margin is w - l")                              \
    X(js_divergence, "the margin is log sigmoid(w) - log sigmoid(l)") \
    X(alpha_divergence, "the margin is (exp((c-1) w) - exp((c-1) l))/(c-1)")

#define MYR_DIVERGENCE_ENUM(name, help) MYR_DIVERGENCE_##name,
typedef enum myr_divergence { MYR_DIVERGENCE_LIST(MYR_DIVERGENCE_ENUM) MYR_DIVERGENCES } myr_divergence;
#undef MYR_DIVERGENCE_ENUM

#endif
