#include "ranking_view.h"

#include "losses/pairs/pair_sums.h"

myr_ranking_view myr_ranking_view_make(const myr_ranking_job *job) {
    const myr_rankings *rankings = job->rankings;
    myr_ranking_view view = {
        .log_probs = rankings->log_probs.data,
        .reference = rankings->reference.data,
        .weight = rankings->weight.data,
        .gradient = job->gradient.data,
        .type = (int)rankings->log_probs.type,
        .weight_type = (int)rankings->weight.type,
        .gradient_type = (int)job->gradient.type,
        .starts = job->starts,
        .each = rankings->answers / rankings->count,
        .count = rankings->count,
        .beta = rankings->beta,
        .shape = myr_ranking_shape_make(job->longest),
    };
    return view;
}

void myr_ranking_take_sums(const double *chunks, size_t count, myr_ranking_sums *sums) {
    sums->neighbours = myr_tree_sum(chunks + MYR_RANKED_NEIGHBOURS, count, MYR_RANKED_SUMS);
    sums->loss = myr_tree_sum(chunks + MYR_RANKED_LOSS, count, MYR_RANKED_SUMS);
    sums->margin = myr_tree_sum(chunks + MYR_RANKED_MARGIN, count, MYR_RANKED_SUMS);
    sums->accurate = myr_tree_sum(chunks + MYR_RANKED_ACCURATE, count, MYR_RANKED_SUMS);
}
