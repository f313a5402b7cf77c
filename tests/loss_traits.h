/* What losses take, by name: suites ask for traits, so that a loss that is added is tested as what it is. */
#ifndef MYRIAD_TEST_LOSS_TRAITS_H
#define MYRIAD_TEST_LOSS_TRAITS_H

#include <stdbool.h>
#include <string.h>

#include "backends/loss_list.h"

/* Those of MYR_LOSSES lines; none of a name that is not there. */
static inline unsigned loss_traits(const char *name) {
    static const struct {
        const char *name;
        unsigned traits;
    } lines[] = {
#define LOSS_LINE(name, traits, help) {#name, traits},
        MYR_MARGIN_LOSS_LIST(LOSS_LINE) MYR_ANSWER_LOSS_LIST(LOSS_LINE) MYR_SORTED_LOSS_LIST(LOSS_LINE)
#undef LOSS_LINE
    };
    for (int n = 0; n < MYR_LOSSES; n++)
        if (strcmp(lines[n].name, name) == 0)
            return lines[n].traits;
    return 0;
}

static inline bool loss_needs_lengths(const char *name) {
    return (loss_traits(name) & MYR_NEEDS_LENGTHS) != 0;
}

/* Of the batch's sorted columns: no weights, no derivative where two change places. */
static inline bool loss_is_sorted(const char *name) {
#define LOSS_IS(other, traits, help) || strcmp(#other, name) == 0
    return false MYR_SORTED_LOSS_LIST(LOSS_IS);
#undef LOSS_IS
}

#endif
