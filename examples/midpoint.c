/* A sampler of one's own, as a table of rows: the midpoint rule for the probability flow
 *
 *     dx/dsigma = (x - D(x; 1, sigma))/sigma
 *
 *     midpoint [STEPS]
 *
 * A step from sigma to sigma' looks at the slope half way, at m = (sigma + sigma')/2, where Euler's half step leads:
 *
 *     y  = x + (m - sigma) (x - d)/sigma     first stage    A = m/sigma,  B = 1 - m/sigma
 *     x' = x + (sigma' - sigma) (y - d')/m   second stage   A' = 1,  Y = (sigma' - sigma)/m,  H = -Y
 *
 * with the second stage at the level (1, m). It is of second order: twice the steps leave a quarter of the error. For
 * Gaussian targets, whose exact answer is printed here, an eighth: x' = f x with f = sigma/(v + sigma^2), and the error
 * of a step, f''/24 + f f'/4 + f^3/6 times its length's cube, happens to be 0. */
#include <math.h>
#include <myriad/myriad.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_STEPS = 100000 };

static myr_row make_step(double sigma, double next) {
    const double middle = 0.5 * (sigma + next);
    myr_row row = {.a = 1.0, .s = sigma, .a_next = 1.0, .s_next = next};
    row.A = middle / sigma;
    row.B = 1.0 - row.A;
    row.two_stage = 1;
    row.a_second = 1.0;
    row.s_second = middle;
    row.A2 = 1.0;
    row.Y = (next - sigma) / middle;
    row.H = -row.Y;
    return row;
}

/* From N(0, sigma_max^2) to 0 by sigma_k = sigma_max (1 - k/steps)^3. */
static myr_status make_midpoint_plan(myr_context *context, double sigma_max, int steps, myr_plan **plan) {
    const double start_mean = 0.0;
    myr_row *rows = calloc((size_t)steps, sizeof *rows);
    if (!rows)
        return MYR_OUT_OF_MEMORY;
    for (int k = 0; k < steps; k++)
        rows[k] = make_step(sigma_max * pow((double)(steps - k) / steps, 3.0),
                            sigma_max * pow((double)(steps - k - 1) / steps, 3.0));
    myr_status status = myr_plan_create_from_rows(context, 1, steps, rows, &start_mean, &sigma_max, plan);
    free(rows);
    return status;
}

/* The exact variance of the result, and that of the flow itself, which the sampler approaches. */
static myr_status compare_midpoint(myr_context *context, double variance, double sigma_max, int steps,
                                   double *exact, double *limit) {
    const double mean = 0.0;
    myr_target *target = NULL;
    myr_plan *plan = NULL;
    myr_status status = myr_target_create_gaussian(context, 1, &mean, &variance, &target);
    if (status == MYR_OK)
        status = make_midpoint_plan(context, sigma_max, steps, &plan);
    if (status == MYR_OK)
        status = myr_plan_exact(context, plan, target, NULL, exact);
    *limit = sigma_max * sigma_max * variance / (variance + sigma_max * sigma_max);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    return status;
}

int main(int argc, char **argv) {
    int steps = argc > 1 ? atoi(argv[1]) : 16;
    if (steps < 1 || steps > MOST_STEPS / 16) {
        fprintf(stderr, "midpoint: expected 1 to %d steps\n", MOST_STEPS / 16);
        return 2;
    }
    myr_context *context = NULL;
    myr_status status = myr_context_create(&context);
    printf("steps  exact variance     error\n");
    for (int doubled = 0; status == MYR_OK && doubled < 5; doubled++, steps *= 2) {
        double exact, limit;
        status = compare_midpoint(context, 0.25, 10.0, steps, &exact, &limit);
        if (status == MYR_OK)
            printf("%5d  %.12f  %+.3e\n", steps, exact, exact - limit);
    }
    if (status != MYR_OK)
        fprintf(stderr, "midpoint: %s\n", context ? myr_context_error(context) : "out of memory");
    myr_context_destroy(context);
    return status == MYR_OK ? 0 : 1;
}
