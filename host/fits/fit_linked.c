/* Why there is no finite maximum, in one line that names the items. */
#include "fit_linked.h"

#include <stdio.h>
#include <stdlib.h>

#include "ground/failure.h"

/* How a component's items stand to those outside it. */
enum { APART, BELOW, ABOVE, BETWEEN, RELATIONS };
static const char *const relation_words[RELATIONS] = {
    "with no result against the others", "never preferred to the others", "always preferred to the others",
    "linked one way only"};

enum { SHOWN = 8 }; /* names */

typedef struct line {
    char text[640];
    size_t used;
} line;

#define APPEND(line, ...)                                                                                \
    ((line)->used +=                                                                                     \
     (line)->used < sizeof(line)->text                                                                   \
         ? (size_t)snprintf((line)->text + (line)->used, sizeof(line)->text - (line)->used, __VA_ARGS__) \
         : 0)

/* The items begin … end - 1 of a group, which is of several components. */
typedef struct range {
    uint32_t begin, end;
} range;

static range find_unlinked(const myr_model *m, const uint32_t *component) {
    range items = {m->group[0], m->group[1]};
    for (uint32_t g = 0; g < m->groups; g++) {
        items = (range){m->group[g], m->group[g + 1]};
        for (uint32_t i = items.begin; i < items.end; i++)
            if (component[i] != component[items.begin])
                return items;
    }
    return items;
}

/* The largest component; of equal ones the first. */
static uint32_t largest(const uint32_t *component, range items, uint32_t *size) {
    uint32_t best = component[items.begin];
    for (uint32_t i = items.begin; i < items.end; i++)
        size[component[i]]++;
    for (uint32_t i = items.begin; i < items.end; i++)
        if (size[component[i]] > size[best] || (size[component[i]] == size[best] && component[i] < best))
            best = component[i];
    return best;
}

/* relation[c]: 1 if preferred to items outside, 2 if they are to it, or both. */
static void relate(const myr_model *m, const uint32_t *component, unsigned char *relation) {
    for (uint32_t i = 0; i < m->items; i++)
        for (uint64_t k = m->arc_begin[i]; k < m->arc_begin[i + 1]; k++) {
            const myr_arc *arc = &m->arcs[k];
            if (m->weights[arc->index] > 0.0 && component[i] != component[arc->to]) {
                relation[component[i]] |= 1;
                relation[component[arc->to]] |= 2;
            }
        }
}

static void name_items(line *text, const myr_outcomes *o, const myr_models *models, uint32_t k, range items,
                       const uint32_t *component, const unsigned char *relation, uint32_t kept, int which) {
    static const unsigned char wanted[RELATIONS] = {[APART] = 0, [ABOVE] = 1, [BELOW] = 2, [BETWEEN] = 3};
    uint32_t count = 0;
    for (uint32_t i = items.begin; i < items.end; i++) {
        if (component[i] == kept || relation[component[i]] != wanted[which])
            continue;
        const char *name = myr_outcomes_name(o, models->order[models->begin[k] + i]);
        if (count == 0)
            APPEND(text, "%s%s:", text->used ? "; " : "", relation_words[which]);
        if (count < SHOWN)
            APPEND(text, "%s '%.40s'", count ? "," : "", name);
        count++;
    }
    if (count > SHOWN)
        APPEND(text, " and %lu more", (unsigned long)(count - SHOWN));
}

static myr_status fail_unlinked(myr_context *context, const myr_outcomes *o, const myr_models *models,
                                uint32_t k, uint32_t *component, uint32_t *size, unsigned char *relation) {
    const myr_model *m = &models->models[k];
    const uint32_t count = myr_components(m, m->weights, component);
    if (count == 0)
        return myr_fail_memory(context, m->items * sizeof *component);
    const range items = find_unlinked(m, component);
    const uint32_t kept = largest(component, items, size);
    line names = {.used = 0};
    relate(m, component, relation);
    for (int which = 0; which < RELATIONS; which++)
        name_items(&names, o, models, k, items, component, relation, kept, which);
    const char *prompt =
        o->has_prompts ? myr_outcomes_prompt(o, models->order[models->begin[k] + items.begin]) : NULL;
    return myr_fail(context, MYR_INVALID_DATA,
                    "no finite maximum: %lu of %lu items%s%.40s%s are not linked to the others by wins and "
                    "losses both (%s); leave them out (--without), or take a ridge (--ridge 0.1, say)",
                    (unsigned long)(items.end - items.begin - size[kept]),
                    (unsigned long)(items.end - items.begin), prompt ? " of prompt '" : "",
                    prompt ? prompt : "", prompt ? "'" : "", names.text);
}

static myr_status fail_part(myr_context *context, const myr_outcomes *o, const myr_models *models,
                            uint32_t k) {
    const size_t n = models->models[k].items;
    uint32_t *numbers = calloc(2 * n, sizeof *numbers);
    unsigned char *relation = calloc(n, 1);
    myr_status status = MYR_OUT_OF_MEMORY;
    if (numbers && relation)
        status = fail_unlinked(context, o, models, k, numbers, numbers + n, relation);
    else
        myr_fail_memory(context, 2 * n * sizeof *numbers);
    free(numbers);
    free(relation);
    return status;
}

myr_status myr_models_check(myr_context *context, const myr_outcomes *outcomes, const myr_models *models) {
    for (uint32_t k = 0; k < models->count; k++) {
        const myr_model *m = &models->models[k];
        if (m->ridge > 0.0)
            continue;
        switch (myr_model_bound(m, m->weights)) {
            case MYR_BOUNDED:
                break;
            case MYR_UNLINKED:
                return fail_part(context, outcomes, models, k);
            case MYR_HOME_UNBOUNDED:
                return myr_fail(
                    context, MYR_INVALID_DATA,
                    "no single finite maximum: the advantage of the first column and an order of "
                    "the items explain every result, or cannot be told apart; leave the "
                    "advantage out (--home), or take a ridge (--ridge 0.1, say)");
            case MYR_BOUND_NO_MEMORY:
                return myr_fail_memory(context, m->items * sizeof(double));
        }
    }
    return MYR_OK;
}
