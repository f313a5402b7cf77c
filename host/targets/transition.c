/* Transition matrices by name: the forward chains of Austin, Johnson, Ho, Tarlow & van den Berg (2021),
 * "Structured denoising diffusion models in discrete state-spaces", and the symmetric walk with ends. */
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "myriad/target.h"

/* Adds what the chain does with probability beta; on the diagonal there is 1 - beta already. */
typedef void add_moves(int states, double beta, int absorbing, double *matrix);

static void add_uniform(int states, double beta, int absorbing, double *matrix) {
    (void)absorbing;
    for (int entry = 0; entry < states * states; entry++)
        matrix[entry] += beta / states;
}

static void add_absorbing(int states, double beta, int absorbing, double *matrix) {
    for (int i = 0; i < states; i++)
        matrix[i * states + absorbing] += beta;
}

static void add_birth_death(int states, double beta, int absorbing, double *matrix) {
    (void)absorbing;
    for (int i = 0; i < states; i++) {
        matrix[i * states + (i > 0 ? i - 1 : i)] += 0.5 * beta;
        matrix[i * states + (i + 1 < states ? i + 1 : i)] += 0.5 * beta;
    }
}

static const struct {
    const char *name;
    add_moves *add;
} chains[] = {{"uniform", add_uniform}, {"absorbing", add_absorbing}, {"birth-death", add_birth_death}};
enum { CHAINS = sizeof chains / sizeof *chains };

myr_status myr_transition_matrix(myr_context *context, const char *name, int states, double beta,
                                 int absorbing_state, double *matrix) {
    MYR_STANDARD_ENVIRONMENT;
    int chain = 0;
    while (chain < CHAINS && (!name || strcmp(chains[chain].name, name) != 0))
        chain++;
    if (chain == CHAINS)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "transitions are \"%.64s\"; expected uniform, absorbing, birth-death or matrices",
                        name ? name : "(null)");
    if (states < 1 || states > MYR_MAX_STATES)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "states is %d; expected 1 to %d", states,
                        MYR_MAX_STATES);
    if (!(beta >= 0.0 && beta <= 1.0))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "beta is %g; expected a probability, 0 to 1", beta);
    if (chains[chain].add == add_absorbing && (absorbing_state < 1 || absorbing_state > states))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "absorbing_state is %d; expected 1 to %d",
                        absorbing_state, states);
    if (!matrix)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "matrix is NULL; expected an array");
    for (int entry = 0; entry < states * states; entry++)
        matrix[entry] = entry % (states + 1) == 0 ? 1.0 - beta : 0.0;
    chains[chain].add(states, beta, chains[chain].add == add_absorbing ? absorbing_state - 1 : 0, matrix);
    return MYR_OK;
}
