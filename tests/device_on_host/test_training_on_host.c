/* examples/training.c as it stands, on the host as a device: its pairs, parameters and gradient are device
 * memory, its stream is its own; it finds the policy that its pairs were drawn from. */
#define _POSIX_C_SOURCE 200809L /* mkstemp, fdopen */
#include <criterion/criterion.h>

#include "fake_runtime.h"
#define main training_main
#include "../../examples/training.c"
#undef main

/* Maximum likelihood of 8 parameters from 1,024 pairs of features with variance 1/3, of which a sixth or
 * more remains as information: standard errors below sqrt(3 6/4096) = 0.07. Five of those, and what 100
 * steps leave to go. */
Test(training_on_host, finds_the_policy) {
    static char line[256], path[] = "/tmp/training-XXXXXX";
    char *arguments[] = {"training", "60", NULL};
    int descriptor = mkstemp(path), losses = 0, parameters = 0;
    double last = 1.0;
    fake_machine(1, CUDART_VERSION);
    cr_assert(descriptor >= 0);
    FILE *output = fdopen(descriptor, "r");
    cr_assert_not_null(output);
    cr_assert_not_null(freopen(path, "w", stdout));
    const int status = training_main(2, arguments);
    cr_assert_eq(fflush(stdout), 0);
    cr_assert_eq(status, 0);
    cr_expect_eq(fake_live(), 0);
    while (fgets(line, sizeof line, output)) {
        double loss, accuracy, learnt, truth;
        if (sscanf(line, "step %*d loss %lf accuracy %lf", &loss, &accuracy) == 2) {
            if (losses++ == 0)
                cr_expect(fabs(loss - log(2.0)) <= 1e-6 && accuracy == 0.0, "%s", line);
            cr_expect(losses > 2 ? loss <= last : loss < last, "%s", line);
            last = loss;
        } else if (sscanf(line, "parameter %*d learnt %lf true %lf", &learnt, &truth) == 2) {
            cr_expect(fabs(learnt - truth) <= 0.7, "%s", line);
            parameters++;
        }
    }
    cr_expect_eq(losses, 4);
    cr_expect_eq(parameters, PARAMETERS);
    (void)fclose(output);
    (void)remove(path);
}

Test(training_on_host, says_that_there_is_no_gpu) {
    char *arguments[] = {"training", NULL};
    fake_machine(0, CUDART_VERSION);
    cr_expect_eq(training_main(1, arguments), NO_GPU);
    cr_expect_eq(fake_live(), 0);
}
