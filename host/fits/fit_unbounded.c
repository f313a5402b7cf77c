/* Items fall into components, each linked within itself by wins and losses both, and what leads from one to
 * another leads one way: the likelihood grows without end as those above rise over those below. Of two items
 *
 *     of one component              the difference is finite,
 *     one above the other           it is infinite,
 *     neither above the other       it can be anything.
 *
 * So with a baseline. Abilities relative to the mean would all be infinite with one of them. Where one
 * component holds more than half of the items of a prompt it stays, its mean where the data have it, and the others
 * are told relative to it; where none does, the component above all others is at infinity, that below all
 * others at -infinity, and what is between cannot be told. If home has no end, order and advantage cannot be
 * told apart, and nothing is known of the items.
 *
 * What is finite is the limit of fits with a ridge that tends to 0; one so small that the rest of the fit
 * does not see it stands for the limit. */
#include "fit_unbounded.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_linked.h"

typedef struct order {
    const myr_model *model;
    const double *weights;
    uint32_t count, *component; /* [items]; arcs lead from higher to lower numbers */
    uint32_t *begin, *items;    /* component c is items[begin[c]] … items[begin[c + 1] - 1] */
    bool *below, *above;        /* [count]: of an anchor, or the anchor itself */
} order;

static bool make_order(order *o) {
    const uint32_t n = o->model->items;
    o->component = malloc(n * sizeof *o->component);
    o->items = malloc(n * sizeof *o->items);
    o->begin = calloc((size_t)n + 2, sizeof *o->begin);
    o->below = calloc(2 * (size_t)n, sizeof *o->below);
    o->above = o->below + n;
    if (!o->component || !o->items || !o->begin || !o->below)
        return false;
    o->count = myr_components(o->model, o->weights, o->component);
    uint32_t *next = o->begin + 1; /* shifted: the ends become the beginnings */
    for (uint32_t i = 0; i < n; i++)
        next[o->component[i] + 1]++;
    for (uint32_t c = 0; c < o->count; c++)
        next[c + 1] += next[c];
    for (uint32_t i = 0; i < n && o->count > 0; i++)
        o->items[next[o->component[i]]++] = i;
    return o->count > 0;
}

static void free_order(order *o) {
    free(o->component);
    free(o->items);
    free(o->begin);
    free(o->below);
}

/* Whether an arc of component c leads to a marked one; if mark, those that it leads to are marked. */
static bool leads(const order *o, uint32_t c, bool *marked, bool mark) {
    bool found = false;
    for (uint32_t n = o->begin[c]; n < o->begin[c + 1]; n++) {
        const uint32_t i = o->items[n];
        for (uint64_t k = o->model->arc_begin[i]; k < o->model->arc_begin[i + 1]; k++) {
            const myr_arc *arc = &o->model->arcs[k];
            if (!(o->weights[arc->index] > 0.0))
                continue;
            found = found || marked[o->component[arc->to]];
            marked[o->component[arc->to]] |= mark;
        }
    }
    return found;
}

/* Sets below and above for the components that are below the anchor and above it. */
static void compare(order *o, uint32_t anchor) {
    memset(o->below, 0, o->count * sizeof *o->below);
    memset(o->above, 0, o->count * sizeof *o->above);
    o->below[anchor] = o->above[anchor] = true;
    for (uint32_t c = anchor + 1; c-- > 0;)
        if (o->below[c])
            (void)leads(o, c, o->below, true);
    for (uint32_t c = anchor + 1; c < o->count; c++)
        o->above[c] = leads(o, c, o->above, false);
}

/* ---- the items of one group ------------------------------------------------------------------------ */

/* The component that stays: the baseline's, else one of more than half of the items; UINT32_MAX: none. */
static uint32_t find_anchor(const order *o, uint32_t begin, uint32_t end, int64_t baseline) {
    if (baseline >= 0)
        return o->component[baseline];
    for (uint32_t i = begin; i < end; i++) {
        const uint32_t c = o->component[i];
        if (o->begin[c + 1] - o->begin[c] > (end - begin) / 2)
            return c;
    }
    return UINT32_MAX;
}

static bool all_marked(const order *o, uint32_t begin, uint32_t end, const bool *marked) {
    for (uint32_t i = begin; i < end; i++)
        if (!marked[o->component[i]])
            return false;
    return true;
}

/* fate: 0 for what is finite, else the estimate. */
static void judge_by_anchor(order *o, uint32_t begin, uint32_t end, uint32_t anchor, double *fate) {
    compare(o, anchor);
    for (uint32_t i = begin; i < end; i++) {
        const uint32_t c = o->component[i];
        fate[i] = c == anchor ? 0.0 : o->above[c] ? INFINITY : o->below[c] ? -INFINITY : NAN;
    }
}

static void judge_ends(order *o, uint32_t begin, uint32_t end, double *fate) {
    uint32_t top = o->component[begin], bottom = top;
    for (uint32_t i = begin; i < end; i++) {
        top = o->component[i] > top ? o->component[i] : top;
        bottom = o->component[i] < bottom ? o->component[i] : bottom;
        fate[i] = NAN;
    }
    compare(o, top);
    const bool has_top = all_marked(o, begin, end, o->below);
    compare(o, bottom);
    const bool has_bottom = all_marked(o, begin, end, o->above);
    for (uint32_t i = begin; i < end; i++) {
        if (has_top && o->component[i] == top)
            fate[i] = INFINITY;
        if (has_bottom && o->component[i] == bottom)
            fate[i] = -INFINITY;
    }
}

/* ---- the finite ones ------------------------------------------------------------------------------- */

/* The fit with next to no ridge: a billionth of the mean curvature that the games would have at even odds. */
static bool fit_loosely(const myr_model *m, const double *weights, const myr_solver *solver,
                        myr_solve_space *space, double *x) {
    myr_model loose = *m;
    double sum = 0.0;
    for (uint64_t k = 0; k < m->weight_count; k++)
        sum += weights[k];
    loose.ridge = 1e-9 * fmax(sum, 1e-300) / m->parameters;
    return myr_solve(&loose, weights, solver, space, x).converged;
}

/* The finite items of a group: less the baseline, or with their mean where the data have it. */
static void place(uint32_t begin, uint32_t end, const double *fate, const double *x, int64_t baseline,
                  double *estimate) {
    double shift = 0.0;
    uint32_t count = 0;
    for (uint32_t i = begin; i < end; i++)
        if (fate[i] == 0.0) {
            shift += x[i] - estimate[i];
            count++;
        }
    shift = baseline >= 0 ? -estimate[baseline] : shift / (count > 0 ? count : 1);
    for (uint32_t i = begin; i < end; i++)
        estimate[i] += shift;
}

static void judge(order *o, myr_home_ways home, int64_t baseline, double *fate) {
    const myr_model *m = o->model;
    for (uint32_t g = 0; g < m->groups; g++) {
        const uint32_t begin = m->group[g], end = m->group[g + 1];
        const uint32_t anchor = find_anchor(o, begin, end, baseline);
        if (anchor != UINT32_MAX)
            judge_by_anchor(o, begin, end, anchor, fate);
        else
            judge_ends(o, begin, end, fate);
        for (uint32_t i = begin; (home.up || home.down) && i < end; i++)
            fate[i] = i == baseline ? 0.0 : NAN;
    }
    if (m->home)
        fate[m->items] = home.up && home.down ? NAN : home.up ? INFINITY : home.down ? -INFINITY : 0.0;
}

bool myr_unbounded_estimates(const myr_model *model, const double *weights, const myr_solver *solver,
                             myr_solve_space *space, const double *x, int64_t baseline, double *estimate) {
    order o = {.model = model, .weights = weights};
    myr_home_ways home = {false, false};
    double *fate = calloc(model->parameters, sizeof *fate);
    bool enough = fate && make_order(&o) && (!model->home || myr_model_home_ways(model, weights, &home));
    if (enough) {
        judge(&o, home, baseline, fate);
        bool finite = false;
        for (uint32_t i = 0; i < model->parameters; i++)
            finite = finite || fate[i] == 0.0;
        memcpy(estimate, x, model->parameters * sizeof *x);
        if (finite)
            finite = fit_loosely(model, weights, solver, space, estimate);
        for (uint32_t g = 0; finite && g < model->groups; g++)
            place(model->group[g], model->group[g + 1], fate, x, baseline, estimate);
        for (uint32_t i = 0; i < model->parameters; i++)
            estimate[i] = fate[i] != 0.0 ? fate[i] : finite ? estimate[i] : NAN;
    }
    free_order(&o);
    free(fate);
    return enough;
}
