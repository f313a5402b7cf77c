#include "moments.h"

#include <math.h>
#include <string.h>

void myr_moment_tree_push(myr_moment_tree *tree, int height, const myr_moment_node *node) {
    myr_moment_node carry = *node;
    int level = height;
    for (; (tree->chunks >> level) & 1; level++)
        carry = myr_moment_merge(tree->level[level], carry);
    tree->level[level] = carry;
    tree->chunks += (uint64_t)1 << height;
}

myr_moment_node myr_moment_tree_root(const myr_moment_tree *tree) {
    myr_moment_node root = {0};
    for (int level = 0; level < 64; level++)
        if ((tree->chunks >> level) & 1)
            root = myr_moment_merge(tree->level[level], root);
    return root;
}

void myr_moment_join(const myr_moment *parts, size_t count, int dimension, myr_moment *whole) {
    for (int c = 0; parts && whole && c < dimension; c++) {
        myr_moment_tree tree = {0};
        uint64_t trajectories = 0;
        for (size_t n = 0; n < count; n++) {
            const myr_moment *m = &parts[n * (size_t)dimension + (size_t)c];
            const myr_moment_node node = {(double)m->count, m->mean, m->m2, m->m3, m->m4};
            myr_moment_tree_push(&tree, 0, &node);
            trajectories += m->count;
        }
        const myr_moment_node root = myr_moment_tree_root(&tree);
        whole[c] = (myr_moment){trajectories, root.mean, root.m2, root.m3, root.m4};
    }
}

double myr_moment_variance(const myr_moment *moment) {
    return !moment || moment->count < 2 ? NAN : moment->m2 / (double)(moment->count - 1);
}

double myr_moment_mean_error(const myr_moment *moment) {
    return moment ? sqrt(myr_moment_variance(moment) / (double)moment->count) : NAN;
}

double myr_moment_variance_error(const myr_moment *moment) {
    if (!moment || moment->count < 2)
        return NAN;
    double n = (double)moment->count;
    double variance = myr_moment_variance(moment);
    double fourth = moment->m4 / n;
    double square = (fourth - variance * variance * ((n - 3.0) / (n - 1.0))) / n;
    return sqrt(square < 0.0 ? 0.0 : square); /* rounding only; NaN stays NaN */
}

static uint64_t fnv1a(uint64_t hash, uint64_t value) {
    for (int byte = 0; byte < 8; byte++)
        hash = (hash ^ ((value >> (8 * byte)) & 0xff)) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

uint64_t myr_moment_checksum(const myr_moment *moments, int dimension) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int c = 0; moments && c < dimension; c++) {
        const myr_moment *m = &moments[c];
        hash = fnv1a(hash, m->count);
        hash = fnv1a(hash, bits_of(m->mean));
        hash = fnv1a(hash, bits_of(m->m2));
        hash = fnv1a(hash, bits_of(m->m3));
        hash = fnv1a(hash, bits_of(m->m4));
    }
    return hash;
}
