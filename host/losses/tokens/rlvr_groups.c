#include "rlvr_groups.h"

#include <math.h>

static bool all_equal(const myr_rlvr_groups *g, uint64_t group) {
    for (uint64_t i = g->starts[group] + 1; i < g->starts[group + 1]; i++)
        if (g->rewards[i] != g->rewards[g->starts[group]])
            return false;
    return true;
}

static double pass_rate(const myr_rlvr_groups *g, uint64_t group) {
    const uint64_t first = g->starts[group], end = g->starts[group + 1];
    double passed = 0.0;
    if (g->pass_rates)
        return g->pass_rates[group];
    for (uint64_t i = first; i < end; i++)
        passed += g->rewards[i] > g->options->pass_reward ? 1.0 : 0.0;
    return passed / (double)(end - first);
}

/* Counted from the first reward, so that equal ones are their mean to the bit: what rounding left of them
 * would be normalised to advantages. */
static double mean_reward(const myr_rlvr_groups *g, uint64_t group) {
    const uint64_t first = g->starts[group], end = g->starts[group + 1];
    double above = 0.0;
    for (uint64_t i = first; i < end; i++)
        above += (g->rewards[i] - g->rewards[first]) / (double)(end - first);
    return g->rewards[first] + above;
}

/* Advantages of a group before they are normalised; scale says whether it is kept. */
static void filter(const myr_rlvr_groups *g, uint64_t group, myr_rlvr_metrics *metrics) {
    const uint64_t first = g->starts[group], end = g->starts[group + 1];
    bool equal = g->options->drop_equal && all_equal(g, group);
    bool passed = !equal && pass_rate(g, group) >= g->options->drop_pass_rate;
    const double mean = g->options->demean ? mean_reward(g, group) : 0.0;
    metrics->equal += equal;
    metrics->passed += passed;
    for (uint64_t i = first; i < end; i++) {
        g->scale[i] = equal || passed ? 0.0 : 1.0;
        g->advantage[i] = g->scale[i] * (g->rewards[i] - mean);
    }
    if (equal || passed)
        return;
    metrics->groups++;
    metrics->sequences += end - first;
    for (uint64_t i = first; i < end; i++)
        metrics->tokens += g->tokens[i];
}

/* Two passes over the answers kept, whose scale is 1, and 0 that of the others; the mean is counted from
 * the first of them, as a group's is. */
static double deviation(const myr_rlvr_groups *g, double kept) {
    double mean = 0.0, squares = 0.0;
    uint64_t first = 0;
    while (g->scale[first] == 0.0)
        first++;
    for (uint64_t i = first; i < g->sequences; i++)
        mean += g->scale[i] * (g->advantage[i] - g->advantage[first]) / kept;
    mean += g->advantage[first];
    for (uint64_t i = first; i < g->sequences; i++)
        squares += g->scale[i] * (g->advantage[i] - mean) * (g->advantage[i] - mean);
    return sqrt(squares / kept);
}

static double group_tokens(const myr_rlvr_groups *g, uint64_t group) {
    double tokens = 0.0;
    for (uint64_t i = g->starts[group]; i < g->starts[group + 1]; i++)
        tokens += g->tokens[i];
    return tokens;
}

/* What the terms of a sequence are divided by. */
static double divisor(const myr_rlvr_groups *g, uint64_t group, uint64_t i,
                      const myr_rlvr_metrics *metrics) {
    switch (g->options->mean) {
        case MYR_SEQUENCE_MEAN:
            return g->tokens[i] * (double)metrics->sequences;
        case MYR_PROMPT_MEAN:
            return group_tokens(g, group) * (double)metrics->groups;
        default: /* MYR_TOKEN_MEAN */
            return g->options->denominator > 0.0 ? g->options->denominator : metrics->tokens;
    }
}

void myr_rlvr_groups_weigh(const myr_rlvr_groups *g, myr_rlvr_metrics *metrics) {
    *metrics = (myr_rlvr_metrics){.deviation = 1.0};
    for (uint64_t group = 0; group < g->groups; group++)
        filter(g, group, metrics);
    if (g->options->normalize && metrics->sequences > 0)
        metrics->deviation = deviation(g, (double)metrics->sequences);
    for (uint64_t group = 0; group < g->groups; group++) {
        for (uint64_t i = g->starts[group]; i < g->starts[group + 1]; i++) {
            g->advantage[i] = metrics->deviation > 0.0 ? g->advantage[i] / metrics->deviation : 0.0;
            if (g->tokens[i] == 0.0)
                g->scale[i] = 0.0;
            if (g->scale[i] != 0.0)
                g->scale[i] = -1.0 / divisor(g, group, i, metrics);
        }
    }
}
