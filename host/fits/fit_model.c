/* Outcomes into parts: equal comparisons become one, items are renumbered, arcs listed. */
#include "fit_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

static void *allocate(uint64_t count, size_t size) {
    return count < SIZE_MAX / size ? calloc(count ? (size_t)count : 1, size) : NULL;
}

static void free_model(myr_model *m) {
    free(m->group);
    free(m->weights);
    free(m->arc_begin);
    free(m->arcs);
    free(m->pairs);
    free(m->offsets);
    free(m->entries);
    free(m->cell);
}

void myr_models_free(myr_models *models) {
    for (uint32_t k = 0; models->models && k < models->count; k++)
        free_model(&models->models[k]);
    free(models->models);
    free(models->order);
    free(models->begin);
    *models = (myr_models){0};
}

/* ---- order ----------------------------------------------------------------------------------------- */

/* Items by prompt, a counting sort; begin [prompts + 1]. */
static bool order_items(const myr_outcomes *o, uint32_t prompts, uint32_t *order, uint32_t *begin) {
    uint32_t *next = allocate((uint64_t)prompts + 1, sizeof *next);
    if (!next)
        return false;
    for (uint32_t i = 0; i < o->items; i++)
        begin[(o->prompt ? o->prompt[i] : 0) + 1]++;
    for (uint32_t g = 0; g < prompts; g++)
        next[g + 1] = begin[g + 1] += begin[g];
    next[0] = 0;
    for (uint32_t i = 0; i < o->items; i++)
        order[next[o->prompt ? o->prompt[i] : 0]++] = i;
    free(next);
    return true;
}

/* ---- comparisons ----------------------------------------------------------------------------------- */

static int by_kind(const void *left, const void *right) {
    const myr_duel *a = left, *b = right;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    if (a->second != b->second)
        return a->second < b->second ? -1 : 1;
    if (a->first_wins != b->first_wins)
        return a->first_wins > b->first_wins ? -1 : 1;
    if (a->second_wins != b->second_wins)
        return a->second_wins > b->second_wins ? -1 : 1;
    return 0;
}

/* The duels between positions, sorted, equal ones added up; without home the lower position comes first. */
static myr_duel *sort_duels(const myr_outcomes *o, const uint32_t *position, bool home, uint64_t *count) {
    myr_duel *duels = allocate(o->duel_count, sizeof *duels);
    if (!duels)
        return NULL;
    for (uint64_t d = 0; d < o->duel_count; d++) {
        myr_duel duel = o->duels[d];
        duel.first = position[duel.first];
        duel.second = position[duel.second];
        if (!home && duel.first > duel.second)
            duel = (myr_duel){duel.second,     duel.first, duel.second_wins,
                              duel.first_wins, duel.count, duel.row};
        duels[d] = duel;
    }
    qsort(duels, o->duel_count, sizeof *duels, by_kind);
    uint64_t kept = 0;
    for (uint64_t d = 0; d < o->duel_count; d++) {
        if (kept > 0 && by_kind(&duels[kept - 1], &duels[d]) == 0)
            duels[kept - 1].count += duels[d].count;
        else
            duels[kept++] = duels[d];
    }
    *count = kept;
    return duels;
}

static bool same_pair(const myr_duel *a, const myr_duel *b) {
    return a->first == b->first && a->second == b->second;
}

/* The pairs and cells of sorted duels of one part, whose positions begin at base. */
static bool take_duels(myr_model *m, const myr_duel *duels, uint64_t count, uint32_t base) {
    m->cells = count;
    for (uint64_t d = 0; d < count; d++)
        m->pair_count += d == 0 || !same_pair(&duels[d - 1], &duels[d]);
    m->weight_count = 2 * m->pair_count;
    m->pairs = allocate(m->pair_count, sizeof *m->pairs);
    m->weights = allocate(m->weight_count, sizeof *m->weights);
    m->cell = allocate(count, sizeof *m->cell);
    if (!m->pairs || !m->weights || !m->cell)
        return false;
    double sum = 0.0, squares = 0.0;
    uint64_t pair = 0;
    for (uint64_t d = 0; d < count; d++) {
        const myr_duel *duel = &duels[d];
        const double weight = duel->first_wins + duel->second_wins;
        sum += duel->count * weight;
        squares += duel->count * weight * weight;
        pair += d > 0 && !same_pair(&duels[d - 1], duel);
        m->pairs[pair] = (myr_pair_of){duel->first - base, duel->second - base};
        m->weights[2 * pair] += duel->count * duel->first_wins;
        m->weights[2 * pair + 1] += duel->count * duel->second_wins;
        m->cell[d] = (myr_cell){pair, duel->first_wins, duel->second_wins, duel->count};
    }
    if (squares < sum)
        m->unit = sqrt(squares / sum);
    return true;
}

static bool list_pair_arcs(myr_model *m) {
    m->arc_begin = allocate((uint64_t)m->items + 2, sizeof *m->arc_begin);
    m->arcs = allocate(m->weight_count, sizeof *m->arcs);
    if (!m->arc_begin || !m->arcs)
        return false;
    uint64_t *next = m->arc_begin + 1; /* shifted: the ends become the beginnings */
    for (uint64_t p = 0; p < m->pair_count; p++) {
        next[m->pairs[p].first + 1]++;
        next[m->pairs[p].second + 1]++;
    }
    for (uint32_t i = 0; i < m->items; i++)
        next[i + 1] += next[i];
    for (uint64_t p = 0; p < m->pair_count; p++) {
        m->arcs[next[m->pairs[p].first]++] = (myr_arc){m->pairs[p].second, 2 * p};
        m->arcs[next[m->pairs[p].second]++] = (myr_arc){m->pairs[p].first, 2 * p + 1};
    }
    return true;
}

/* ---- rankings -------------------------------------------------------------------------------------- */

static bool list_ranking_arcs(myr_model *m) {
    m->arc_begin = allocate((uint64_t)m->items + 2, sizeof *m->arc_begin);
    m->arcs = allocate(m->offsets[m->ranking_count], sizeof *m->arcs);
    if (!m->arc_begin || !m->arcs)
        return false;
    uint64_t *next = m->arc_begin + 1;
    for (uint64_t r = 0; r < m->ranking_count; r++)
        for (uint64_t e = m->offsets[r]; e + 1 < m->offsets[r + 1]; e++)
            next[m->entries[e] + 1]++;
    for (uint32_t i = 0; i < m->items; i++)
        next[i + 1] += next[i];
    for (uint64_t r = 0; r < m->ranking_count; r++)
        for (uint64_t e = m->offsets[r]; e + 1 < m->offsets[r + 1]; e++)
            m->arcs[next[m->entries[e]]++] = (myr_arc){m->entries[e + 1], r};
    return true;
}

static bool take_rankings(myr_model *m, const myr_outcomes *o) {
    m->ranking_count = m->weight_count = m->cells = o->ranking_count;
    m->offsets = allocate(o->ranking_count + 1, sizeof *m->offsets);
    m->entries = allocate(o->entry_count, sizeof *m->entries);
    m->weights = allocate(o->ranking_count, sizeof *m->weights);
    if (!m->offsets || !m->entries || !m->weights)
        return false;
    memcpy(m->offsets, o->offsets, (size_t)(o->ranking_count + 1) * sizeof *m->offsets);
    memcpy(m->entries, o->entries, (size_t)o->entry_count * sizeof *m->entries);
    for (uint64_t r = 0; r < o->ranking_count; r++) {
        uint64_t length = o->offsets[r + 1] - o->offsets[r];
        m->longest = length > m->longest ? length : m->longest;
        m->weights[r] = 1.0;
    }
    return list_ranking_arcs(m);
}

/* ---- parts ----------------------------------------------------------------------------------------- */

/* A part of the positions begin … end - 1, and of groups whose positions bound lists. */
static bool begin_model(myr_model *m, const myr_outcomes *o, bool home, double ridge, const uint32_t *bound,
                        uint32_t groups) {
    *m = (myr_model){.kind = o->kind,
                     .items = bound[groups] - bound[0],
                     .home = home,
                     .groups = groups,
                     .ridge = ridge,
                     .unit = 1.0};
    m->parameters = m->items + home;
    m->group = allocate((uint64_t)groups + 1, sizeof *m->group);
    for (uint32_t g = 0; m->group && g <= groups; g++)
        m->group[g] = bound[g] - bound[0];
    return m->group != NULL;
}

static bool make_comparisons(const myr_outcomes *o, bool home, double ridge, const uint32_t *position,
                             const uint32_t *bound, uint32_t prompts, myr_models *models) {
    uint64_t count, used = 0;
    myr_duel *duels = sort_duels(o, position, home, &count);
    bool good = duels != NULL;
    const uint32_t groups = home ? prompts : 1;
    for (uint32_t k = 0; good && k < models->count; k++) {
        myr_model *m = &models->models[k];
        const uint32_t *own = bound + (home ? 0 : k);
        uint64_t first = used;
        while (used < count && duels[used].first < own[groups])
            used++;
        good = begin_model(m, o, home, ridge, own, groups) &&
               take_duels(m, duels + first, used - first, own[0]) && list_pair_arcs(m);
        m->first_cell = first;
        models->begin[k + 1] = own[groups];
    }
    free(duels);
    return good;
}

myr_status myr_models_make(myr_context *context, const myr_outcomes *outcomes, bool home, double ridge,
                           myr_models *models) {
    const uint32_t prompts = outcomes->has_prompts ? outcomes->prompts.count : 1;
    *models = (myr_models){.count = home ? 1 : prompts};
    models->order = allocate(outcomes->items, sizeof *models->order);
    models->models = allocate(models->count, sizeof *models->models);
    models->begin = allocate((uint64_t)models->count + 1, sizeof *models->begin);
    uint32_t *bound = allocate((uint64_t)prompts + 1, sizeof *bound);
    uint32_t *position = allocate(outcomes->items, sizeof *position);
    bool good = models->order && models->models && models->begin && bound && position &&
                order_items(outcomes, prompts, models->order, bound);
    for (uint32_t n = 0; good && n < outcomes->items; n++)
        position[models->order[n]] = n;
    if (good && outcomes->kind == MYR_RANKINGS) {
        models->begin[1] = outcomes->items;
        good = begin_model(&models->models[0], outcomes, false, ridge, bound, 1) &&
               take_rankings(&models->models[0], outcomes);
    } else if (good) {
        good = make_comparisons(outcomes, home, ridge, position, bound, prompts, models);
    }
    free(bound);
    free(position);
    if (good)
        return MYR_OK;
    myr_models_free(models);
    return myr_fail_memory(context, (size_t)outcomes->duel_count * sizeof(myr_duel));
}
