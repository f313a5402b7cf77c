/* Strongly connected components (Tarjan 1972, without recursion), and the same question with a home
 * advantage. */
#include <stdlib.h>

#include "fit_linked.h"

typedef struct tarjan {
    const myr_model *model;
    const double *weights;
    uint32_t *component; /* UINT32_MAX: not yet known */
    uint32_t *index;     /* 0: not yet seen, else 1 + when */
    uint32_t *low;
    uint32_t *stack, *path; /* items whose component is open; those that are being visited */
    uint64_t *arc;          /* the next one of an item */
    uint32_t seen, depth, open, count;
} tarjan;

static void visit(tarjan *t, uint32_t item) {
    t->index[item] = t->low[item] = ++t->seen;
    t->stack[t->open++] = item;
    t->path[t->depth++] = item;
    t->arc[item] = t->model->arc_begin[item];
}

static void close_component(tarjan *t, uint32_t item) {
    uint32_t member;
    do {
        member = t->stack[--t->open];
        t->component[member] = t->count;
    } while (member != item);
    t->count++;
}

static void step(tarjan *t) {
    const uint32_t item = t->path[t->depth - 1];
    if (t->arc[item] < t->model->arc_begin[item + 1]) {
        const myr_arc *arc = &t->model->arcs[t->arc[item]++];
        if (!(t->weights[arc->index] > 0.0))
            return;
        if (t->index[arc->to] == 0)
            visit(t, arc->to);
        else if (t->component[arc->to] == UINT32_MAX && t->index[arc->to] < t->low[item])
            t->low[item] = t->index[arc->to];
        return;
    }
    t->depth--;
    if (t->low[item] == t->index[item])
        close_component(t, item);
    if (t->depth > 0 && t->low[item] < t->low[t->path[t->depth - 1]])
        t->low[t->path[t->depth - 1]] = t->low[item];
}

uint32_t myr_components(const myr_model *model, const double *weights, uint32_t *component) {
    const size_t n = model->items;
    uint32_t *memory = calloc(4 * n, sizeof *memory);
    uint64_t *arc = malloc(n * sizeof *arc);
    tarjan t = {.model = model,
                .weights = weights,
                .component = component,
                .index = memory,
                .low = memory + n,
                .stack = memory + 2 * n,
                .path = memory + 3 * n,
                .arc = arc};
    for (size_t i = 0; i < n; i++)
        component[i] = UINT32_MAX;
    for (uint32_t i = 0; memory && arc && i < n; i++) {
        if (t.index[i] == 0)
            visit(&t, i);
        while (t.depth > 0)
            step(&t);
    }
    free(memory);
    free(arc);
    return t.count;
}

/* ---- home ------------------------------------------------------------------------------------------ */

/* With home the likelihood has no finite maximum if, besides, some direction (y, h), h = 1 or -1, lowers no
 * observed result: y_i - y_j + h >= 0 where i was preferred to j as the first, y_i - y_j - h >= 0 as the
 * second (the condition of Albert and Anderson 1984 for logistic regressions). These are constraints on
 * differences: they hold for some y unless the arcs j -> i of length -h and h close a cycle of positive
 * length. y are the longest paths (Bellman 1958, Ford 1956; the cycle is looked for among the paths' own
 * arcs, Tarjan 1981). */
typedef struct paths {
    double *y;
    uint32_t *parent; /* the item that an item's path comes from; its own number at the beginning */
    uint32_t *mark;
} paths;

static bool lengthen(const myr_model *m, const double *weights, double h, const paths *p) {
    bool longer = false;
    for (uint32_t i = 0; i < m->items; i++)
        for (uint64_t k = m->arc_begin[i]; k < m->arc_begin[i + 1]; k++) {
            const myr_arc *arc = &m->arcs[k];
            const double length = p->y[arc->to] + (arc->index % 2 ? h : -h);
            if (weights[arc->index] > 0.0 && p->y[i] < length) {
                p->y[i] = length;
                p->parent[i] = arc->to;
                longer = true;
            }
        }
    return longer;
}

/* Whether the parents close a cycle; then it is one of positive length. */
static bool parents_close(const myr_model *m, const paths *p) {
    for (uint32_t i = 0; i < m->items; i++)
        p->mark[i] = 0;
    for (uint32_t i = 0; i < m->items; i++) {
        uint32_t at = i;
        for (; p->mark[at] == 0 && p->parent[at] != at; at = p->parent[at])
            p->mark[at] = i + 1;
        if (p->mark[at] == i + 1 && p->parent[at] != at)
            return true;
    }
    return false;
}

/* Whether a direction with that h exists. Longest paths have fewer arcs than there are items. */
static bool explains(const myr_model *m, const double *weights, double h, const paths *p) {
    for (uint32_t i = 0; i < m->items; i++) {
        p->y[i] = 0.0;
        p->parent[i] = i;
    }
    for (uint32_t round = 0; round < m->items; round++) {
        if (!lengthen(m, weights, h, p))
            return true;
        if (parents_close(m, p))
            return false;
    }
    return !lengthen(m, weights, h, p);
}

bool myr_model_home_ways(const myr_model *model, const double *weights, myr_home_ways *ways) {
    const size_t n = model->items;
    uint32_t *memory = malloc(2 * n * sizeof *memory);
    double *y = malloc(n * sizeof *y);
    const paths p = {y, memory, memory + n};
    const bool enough = y && memory;
    if (enough)
        *ways = (myr_home_ways){explains(model, weights, 1.0, &p), explains(model, weights, -1.0, &p)};
    free(memory);
    free(y);
    return enough;
}

myr_bound myr_model_bound(const myr_model *model, const double *weights) {
    uint32_t *component = malloc(model->items * sizeof *component);
    myr_home_ways ways = {false, false};
    const uint32_t count = component ? myr_components(model, weights, component) : 0;
    myr_bound bound = count == 0 ? MYR_BOUND_NO_MEMORY : count > model->groups ? MYR_UNLINKED : MYR_BOUNDED;
    if (bound == MYR_BOUNDED && model->home) {
        if (!myr_model_home_ways(model, weights, &ways))
            bound = MYR_BOUND_NO_MEMORY;
        else if (ways.up || ways.down)
            bound = MYR_HOME_UNBOUNDED;
    }
    free(component);
    return bound;
}
