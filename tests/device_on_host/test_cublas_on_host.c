/* Where cuBLAS is looked for, with a library of its name: host/cuda/cuda_blas.c itself, which elsewhere in these suites
 * fake_blas.c stands for. */
#define _XOPEN_SOURCE 700 /* mkdtemp, setenv, symlink */
#include <criterion/criterion.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support.h"

#define myr_cublas_find myr_cublas_find_really
#include "cuda/cuda_blas.c"

/* The functions are those of fake_cublas.c, which know their number. */
static int number_of(const void *function) {
    int (*called)(void);
    memcpy(&called, function, sizeof called);
    return called();
}

static void expect_all(const myr_cublas *blas) {
    cr_expect_eq(number_of(&blas->create), 1);
    cr_expect_eq(number_of(&blas->destroy), 2);
    cr_expect_eq(number_of(&blas->set_stream), 3);
    cr_expect_eq(number_of(&blas->sgemm), 4);
    cr_expect_eq(number_of(&blas->sgemm_strided), 5);
    cr_expect_eq(number_of(&blas->gemm), 6);
}

static void expect_refusal(const char *path, const char *words) {
    const myr_cublas *blas;
    myr_context *context = new_context();
    setenv("MYRIAD_CUBLAS", path, 1);
    cr_expect_eq(myr_cublas_find_really(context, &blas), MYR_NO_DEVICE);
    cr_expect_not_null(strstr(myr_context_error(context), words), "%s", myr_context_error(context));
    cr_expect_null(strchr(myr_context_error(context), '\n'));
    myr_context_destroy(context);
}

/* What is asked for is taken, or nothing; a failure is not remembered, and what was opened stays. */
Test(cublas_on_host, is_where_the_environment_says) {
    expect_refusal("/nonexistent", "MYRIAD_CUBLAS: /nonexistent");
    expect_refusal(FAKE_CUBLAS_LACKING, "lacks a function");
    const char *const good[] = {FAKE_CUBLAS, FAKE_CUBLAS "/" LIBRARY, "/nonexistent"};
    const myr_cublas *first = NULL;
    myr_context *context = new_context();
    for (int n = 0; n < 3; n++) {
        const myr_cublas *blas = NULL;
        setenv("MYRIAD_CUBLAS", good[n], 1);
        REQUIRE_OK(context, myr_cublas_find_really(context, &blas));
        expect_all(blas);
        first = first ? first : blas;
        cr_expect_eq(blas, first);
    }
    myr_context_destroy(context);
}

Test(cublas_on_host, a_file_may_be_named) {
    myr_cublas blas;
    myr_context *context = new_context();
    setenv("MYRIAD_CUBLAS", FAKE_CUBLAS "/" LIBRARY, 1);
    REQUIRE_OK(context, load(context, &blas));
    expect_all(&blas);
    myr_context_destroy(context);
}

/* A toolkit, and a Python environment with wheels, each by a variable. */
Test(cublas_on_host, is_found_in_toolkits_and_beside_wheels) {
    const struct {
        const char *variable, *folders[6];
    } layouts[] = {
        {"CUDA_HOME", {"lib64"}},
        {"VIRTUAL_ENV", {"lib", "python3.11", "site-packages", "nvidia", "cublas", "lib"}},
        {"CONDA_PREFIX", {"lib", "python3.9", "site-packages", "nvidia", "cu13", "lib"}},
        {"HOME", {".local", "lib", "python3.13", "site-packages", "nvidia", "cu13"}},
    };
    for (size_t n = 0; n < sizeof layouts / sizeof *layouts; n++) {
        char path[512], root[] = "/tmp/myriad-cublas-XXXXXX";
        cr_assert_not_null(mkdtemp(root));
        snprintf(path, sizeof path, "%s", root);
        for (int f = 0; f < 6 && layouts[n].folders[f]; f++) {
            strcat(strcat(path, "/"), layouts[n].folders[f]);
            cr_assert_eq(mkdir(path, 0700), 0);
        }
        const bool whole = strcmp(layouts[n].variable, "HOME") != 0; /* there the last folder is missing */
        strcat(path, "/" LIBRARY);
        cr_assert_eq(symlink(FAKE_CUBLAS "/" LIBRARY, path), 0);
        setenv(layouts[n].variable, root, 1);
        void *library = NULL;
        for (size_t p = 0; p < sizeof places / sizeof *places; p++)
            if (places[p].variable && strcmp(places[p].variable, layouts[n].variable) == 0 && !library)
                library = open_at(&places[p]);
        cr_expect_eq(library != NULL, whole, "%s", layouts[n].variable);
        if (library)
            dlclose(library);
        unsetenv(layouts[n].variable);
        char command[128];
        snprintf(command, sizeof command, "rm -rf %s", root);
        cr_assert_eq(system(command), 0);
    }
}
