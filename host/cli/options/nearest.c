#include "nearest.h"

#include <ctype.h>
#include <string.h>

#define LONGEST 64

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Optimal string alignment distance. Both words are at most LONGEST letters. */
static size_t distance(const char *a, const char *b) {
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    size_t length_a = strlen(a), length_b = strlen(b);
    memset(rows, 0, sizeof rows);
    for (size_t j = 0; j <= length_b; j++)
        last[j] = j;
    for (size_t i = 1; i <= length_a; i++) {
        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            size_t best = smaller(last[j], row[j - 1]) + 1;
            best = smaller(best, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = smaller(best, before[j - 2] + 1);
            row[j] = best;
        }
        size_t *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[length_b];
}

const char *cli_nearest(const char *word, const char *const *names, size_t count) {
    size_t length = strlen(word);
    if (length > LONGEST)
        return NULL;
    size_t best = length / 3 > 1 ? length / 3 : 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) > LONGEST)
            continue;
        size_t away = distance(word, names[i]);
        if (away < best || (away == best && !nearest)) {
            best = away;
            nearest = names[i];
        }
    }
    return nearest;
}

/* The name that differs in case, blanks and signs alone. */
static const char *same_letters(const char *plain, const char *const *names, size_t count) {
    for (size_t n = 0; n < count; n++) {
        const char *at = plain, *name = names[n];
        for (; *name; name++)
            if (isalnum((unsigned char)*name) && *at++ != *name)
                break;
        if (!*name && !*at && *plain)
            return names[n];
    }
    return NULL;
}

/* ---- other names ----------------------------------------------------------------------------------- */

/* What others call it, in small letters and digits alone, and what it is called here. A word may mean one thing as a
 * sampler and another as a process: the list of names that are right decides. */
static const struct {
    const char *other, *name;
} others[] = {
    {"ddpm", "ddpm-small"},
    {"ancestral", "ddpm-small"},
    {"kddim", "ddim"},
    {"eulera", "euler-ancestral"},
    {"keulera", "euler-ancestral"},
    {"keulerancestral", "euler-ancestral"},
    {"sampleeulerancestral", "euler-ancestral"},
    {"eulerancestraldiscrete", "euler-ancestral"},
    {"keuler", "euler"},
    {"sampleeuler", "euler"},
    {"eulerdiscrete", "euler"},
    {"kheun", "heun"},
    {"heun2", "heun"},
    {"heundiscrete", "heun"},
    {"edm", "heun"},
    {"dpm2m", "dpmpp-2m"},
    {"dpmsolver", "dpmpp-2m"},
    {"dpmsolverpp", "dpmpp-2m"},
    {"dpmsolvermultistep", "dpmpp-2m"},
    {"kdpmpp2m", "dpmpp-2m"},
    {"dpmpp2mkarras", "dpmpp-2m"},
    {"dpm2mkarras", "dpmpp-2m"},
    {"dpm2msde", "dpmpp-2m-sde"},
    {"sdedpmsolver", "dpmpp-2m-sde"},
    {"kdpmpp2msde", "dpmpp-2m-sde"},
    {"dpm3msde", "dpmpp-3m-sde"},
    {"dpm3m", "dpmpp-3m-sde"},
    {"dpmpp3m", "dpmpp-3m-sde"},
    {"kdpmpp3m", "dpmpp-3m-sde"},
    {"kdpmpp3msde", "dpmpp-3m-sde"},
    {"vesde", "ve"},
    {"smld", "ve"},
    {"ncsn", "ve"},
    {"vpsde", "vp"},
    {"ddpm", "vp"},
    {"karras", "edm"},
    {"d3pm", "discrete"},
    {"cosine", "squaredcos_cap_v2"},
    {"squaredcos", "squaredcos_cap_v2"},
    {"glide", "squaredcos_cap_v2"},
    {"quad", "scaled_linear"},
    {"quadratic", "scaled_linear"},
    {"sqrtlinear", "scaled_linear"},
    {"stablediffusion", "scaled_linear"},
    {"edm", "karras"},
    {"polynomial", "karras"},
    {"loguniform", "exponential"},
    {"loglinear", "exponential"},
    {"dpo", "sigmoid"},
    {"logistic", "sigmoid"},
    {"cdpo", "sigmoid"},
    {"slic", "hinge"},
    {"slichf", "hinge"},
    {"rso", "hinge"},
    {"identity", "ipo"},
    {"rdpo", "robust"},
    {"exo", "exo_pair"},
    {"nca", "nca_pair"},
    {"bco", "bco_pair"},
    {"sppo", "sppo_hard"},
    {"apo", "apo_zero"},
    {"bradleyterry", "bt"},
    {"bradleyterryluce", "bt"},
    {"btl", "bt"},
    {"elo", "bt"},
    {"plackettluce", "pl"},
    {"luce", "pl"},
    {"sigmoid", "dpo"},
    {"kl", "reverse_kl"},
    {"reversekldivergence", "reverse_kl"},
    {"js", "js_divergence"},
    {"jensenshannon", "js_divergence"},
    {"jensenshannondivergence", "js_divergence"},
    {"alpha", "alpha_divergence"},
    {"wasserstein", "w1"},
    {"wasserstein1", "w1"},
    {"earthmover", "w1"},
    {"emd", "w1"},
    {"slicedwasserstein", "sw2"},
    {"kolmogorov", "ks"},
    {"kolmogorovsmirnov", "ks"},
    {"gpu", "cuda"},
};

/* "ipoloss" is ipo, "ddimscheduler" ddim. */
static void cut_end(char *plain, const char *end) {
    const size_t length = strlen(plain), cut = strlen(end);
    if (length > cut && strcmp(plain + length - cut, end) == 0)
        plain[length - cut] = '\0';
}

const char *cli_known_as(const char *word, const char *const *names, size_t count) {
    char plain[LONGEST];
    size_t length = 0;
    for (; *word && length < sizeof plain - 1; word++)
        if (isalnum((unsigned char)*word))
            plain[length++] = (char)tolower((unsigned char)*word);
    plain[length] = '\0';
    cut_end(plain, "scheduler");
    cut_end(plain, "loss");
    for (size_t o = 0; o < sizeof others / sizeof *others; o++)
        for (size_t n = 0; n < count && strcmp(plain, others[o].other) == 0; n++)
            if (strcmp(names[n], others[o].name) == 0)
                return names[n];
    return same_letters(plain, names, count);
}
