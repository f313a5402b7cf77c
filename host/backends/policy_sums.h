/* What a sequence's tokens come to, for RLVR. Read by the kernels too. */
#ifndef MYRIAD_POLICY_SUMS_H
#define MYRIAD_POLICY_SUMS_H

typedef struct myr_policy_sums {
    double objective; /* sum of min(ratio, cap) log pi over the tokens that count */
    double tokens;    /* how many count */
    double capped;    /* how many count and have ratios above the cap */
    int bad;          /* whether one is out of range */
} myr_policy_sums;

#endif
