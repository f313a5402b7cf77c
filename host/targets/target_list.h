/* The targets, in the order in which help shows them. One that is new is a line here: X(NAME), whose operations are
 * myr_target_NAME. */
#ifndef MYRIAD_TARGET_LIST_H
#define MYRIAD_TARGET_LIST_H

#define MYR_TARGET_LIST(X) \
    X(gaussian)            \
    X(mixture)             \
    X(empirical)           \
    X(discrete)            \
    X(ring)

#endif
