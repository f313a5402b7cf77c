/* Tables from files and into them: what is read, and where every refusal points. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp */

#include <criterion/criterion.h>
#include <dirent.h>
#include <float.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static const myr_table_column wanted[] = {
    {"a", true, -DBL_MAX, DBL_MAX, "a finite number", NULL},
    {"b", true, 0.0, 10.0, "a number from 0 to 10", NULL},
    {"c", false, -DBL_MAX, DBL_MAX, "a finite number", NULL},
};

static char folder[64], path[128];

static void enter_folder(void) {
    snprintf(folder, sizeof folder, "/tmp/myriad-table-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static int files_in_folder(bool remove_them) {
    int count = 0;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.') {
            char name[512];
            snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
            count++;
            if (remove_them)
                unlink(name);
        }
    closedir(directory);
    return count;
}

static void leave_folder(void) {
    files_in_folder(true);
    rmdir(folder);
}

TestSuite(table, .init = enter_folder, .fini = leave_folder);

static void write_file(const char *name, const void *bytes, size_t size) {
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static myr_table *read_text(myr_context *context, const char *text, size_t size) {
    myr_table *table = (void *)1;
    write_file("t.csv", text, size);
    REQUIRE_OK(context, myr_table_read(context, path, wanted, 3, NULL, &table));
    return table;
}

static void expect_table(const char *text, uint64_t rows, const double *a, const double *b,
                         const double *c) {
    myr_context *context = new_context();
    myr_table *table = read_text(context, text, strlen(text));
    const double *columns[] = {a, b, c};
    cr_assert_eq(myr_table_rows(table), rows, "%s", text);
    for (int column = 0; column < 3; column++) {
        const double *got = myr_table_values(table, column);
        cr_assert_eq(got == NULL, columns[column] == NULL);
        for (uint64_t row = 0; got && row < rows; row++)
            cr_assert_eq(got[row], columns[column][row], "%s: %g", text, got[row]);
    }
    myr_table_destroy(table);
    myr_context_destroy(context);
}

Test(table, csv_is_read_as_people_write_it) {
    const double a[] = {1, -2.5}, b[] = {2, 1e-3}, c[] = {7, 8};
    expect_table("a,b\n1,2\n-2.5,1e-3\n", 2, a, b, NULL);
    expect_table("a,b\n1,2\n-2.5,1e-3", 2, a, b, NULL);         /* no newline at the end */
    expect_table("a,b\r\n1,2\r\n-2.5,1e-3\r\n", 2, a, b, NULL); /* CRLF */
    expect_table(
        "\xef\xbb\xbf"
        "a,b\n1,2\n-2.5,1e-3\n",
        2, a, b, NULL);                                                /* the mark of UTF-8 */
    expect_table("\n\na,b\n\n1,2\n\n\n-2.5,1e-3\n\n", 2, a, b, NULL);  /* blank lines */
    expect_table("c,b,a\n7,2,1\n8,.001,-2.5\n", 2, a, b, c);           /* any order */
    expect_table(" a , b \n 1 , 2 \n -2.5 , +1e-3 \n", 2, a, b, NULL); /* white space */
    expect_table("\"a\",\"b\"\n\"1\",\"2\"\n\"-2.5\",1e-3\n", 2, a, b, NULL);
    expect_table("note,a,b\n\"x, \"\"y\"\"\nz\",1,2\n\xc3\xa9t\xc3\xa9,-2.5,1e-3\n", 2, a, b, NULL);
    expect_table("a,note,note,b\n1,,,2\n-2.5,NaN,inf,1e-3\n", 2, a, b,
                 NULL); /* other columns hold anything */
}

static void expect_refusal(const char *text, size_t size, const char *message) {
    myr_context *context = new_context();
    myr_table *table = (void *)1;
    char whole[512];
    write_file("t.csv", text, size);
    cr_assert_eq(myr_table_read(context, path, wanted, 3, NULL, &table), MYR_INVALID_DATA, "%s", message);
    cr_assert_null(table);
    snprintf(whole, sizeof whole, "%s:%s", path, message);
    cr_assert_eq(strncmp(myr_context_error(context), whole, strlen(whole)), 0, "'%s' is not '%s'",
                 myr_context_error(context), whole);
    cr_assert_null(strchr(myr_context_error(context), '\n'));
    myr_context_destroy(context);
}

#define REFUSED(text, message) expect_refusal(text, sizeof text - 1, message)

Test(table, csv_refusals_name_line_and_column) {
    REFUSED("", "1:1: the file is empty; expected a line of names");
    REFUSED("\n\r\n", "1:1: the file is empty");
    REFUSED("a,b\n", "2:1: no rows");
    REFUSED("a,c\n1,2\n", "1:1: no column 'b'; expected it among the names of the first line");
    REFUSED("a,b,a\n1,2,3\n", "1:5: a second column 'a'; expected one");
    REFUSED("a,b\n1,x2\n", "2:3: b is 'x2', which is not a number; expected a number from 0 to 10");
    REFUSED("a,b\r\n1,2\r\n1,x\r\n", "3:3: b is 'x', which is not a number");
    REFUSED("a,b\n1,2 3\n", "2:3: b is '2 3', which is not a number");
    REFUSED("a,b\n1,1.5e\n", "2:3: b is '1.5e', which is not a number");
    REFUSED("a,b\n1,\n", "2:3: b is empty; expected a number from 0 to 10");
    REFUSED("a,b\r\n1,\r\n", "2:3: b is empty");
    REFUSED("a,b\n1,", "2:3: b is empty");
    REFUSED("a,b\n,1\n", "2:1: a is empty");
    REFUSED("a,b\n1,2\n\n  nan,3\n", "4:1: a is 'nan'; expected a finite number");
    REFUSED("a,b\ninf,3\n", "2:1: a is 'inf'; expected a finite number");
    REFUSED("a,b\n-1e999,3\n", "2:1: a is '-1e999'; expected a finite number");
    REFUSED("a,b\n1,11\n", "2:3: b is '11'; expected a number from 0 to 10");
    REFUSED("a,b\n1\n", "2:1: a record of 1 field; expected 2, as in the header");
    REFUSED("a,b\n1,2\n3,4,5\n", "3:5: a field too many; expected 2, as in the header");
    REFUSED("note,a,b\n\"two\nlines\",1,2\n\"more\nlines\",x,2\n",
            "5:8: a is 'x'");                                         /* within a record of two lines */
    REFUSED("note,a,b\n\xc3\xa9\xe2\x82\xac,x,2\n", "2:4: a is 'x'"); /* characters, not bytes */
    REFUSED("a,b\n1,\"2\n3,4\n", "2:3: a quote that is not closed");
    REFUSED("a,b\n1,2\"\n", "2:4: a quote that neither begins nor ends a field");
    REFUSED("a,b\n1,\"2\"3\n", "2:6: a quote that neither begins nor ends a field");
    REFUSED("a,b\n1,2\0003\n", "2:3: b is '2?3', which is not a number");
    REFUSED("a,b\n1,\"\x1b[31m\"\n", "2:3: b is '?[31m', which is not a number");
    REFUSED("\xff\xfe\x61\x00\x2c\x00", "1:1: no column 'a'");
}

Test(table, csv_of_any_size_is_read_or_refused) {
    enum { ROWS = 30000 };
    myr_context *context = new_context();
    char *text = malloc(100 * ROWS);
    size_t used = (size_t)sprintf(text, "a,b,c\n");
    for (int row = 0; row < ROWS; row++)
        used += (size_t)sprintf(text + used, "%d,%d,%.17g\n", row, row % 10, sqrt(row));
    myr_table *table = read_text(context, text, used);
    cr_assert_eq(myr_table_rows(table), ROWS);
    for (int row = 0; row < ROWS; row++)
        cr_assert(myr_table_values(table, 0)[row] == row && myr_table_values(table, 1)[row] == row % 10 &&
                  myr_table_values(table, 2)[row] == sqrt(row));
    myr_table_destroy(table);
    used += (size_t)sprintf(text + used, "1,2,3\n1,oops,3\n");
    expect_refusal(text, used, "30003:3: b is 'oops'");
    /* A field of two million bytes, a number that long, and 100,000 columns. */
    memset(text, '9', 2000000);
    memcpy(text, "a,b\n1,\"", 7);
    expect_refusal(text, 2000000, "2:3: a field of more than 1 MiB");
    memcpy(text, "a,b\n1,9", 7);
    expect_refusal(text, 50000, "2:3: b is '9999999999999999999999999999999999999999...'");
    memset(text, ',', 100000);
    expect_refusal(text, 100000, "1:1: no column 'a'");
    free(text);
    myr_context_destroy(context);
}

Test(table, names_and_files_that_are_not_there_are_refused) {
    myr_context *context = new_context();
    myr_table *table;
    snprintf(path, sizeof path, "%s/absent.csv", folder);
    cr_assert_eq(myr_table_read(context, path, wanted, 3, NULL, &table), MYR_IO_ERROR);
    cr_assert_not_null(strstr(myr_context_error(context), "absent.csv: cannot be opened: No such file"));
    snprintf(path, sizeof path, "%s/x.csv", folder);
    cr_assert_eq(mkdir(path, 0777), 0);
    cr_assert_eq(myr_table_read(context, path, wanted, 3, NULL, &table), MYR_IO_ERROR);
    cr_assert_not_null(strstr(myr_context_error(context), "directory"));
    rmdir(path);
    cr_assert_eq(myr_table_read(context, "x.txt", wanted, 3, NULL, &table), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_table_read(context, "csv", wanted, 3, NULL, &table), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_table_read(context, NULL, wanted, 3, NULL, &table), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_table_read(context, "x.csv", NULL, 3, NULL, &table), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_table_read(context, "x.csv", wanted, 0, NULL, &table), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_table_read(context, "x.csv", wanted, 65, NULL, &table), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_table_read(context, "x.csv", wanted, 3, NULL, NULL), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_table_rows(NULL), 0);
    cr_assert_null(myr_table_values(NULL, 0));
    myr_table_destroy(NULL);
    myr_context_destroy(context);
}

/* What is written is read again to the bit, in both formats. */
Test(table, what_is_written_is_read_again) {
    static const char *const files[] = {"t.csv", "t.npy"}, *const names[] = {"a", "b"};
    const double a[] = {-1.0 / 3.0, 0x1p-1074, 1.7976931348623157e308}, b[] = {0.1, 10, 0};
    const double *const columns[] = {a, b};
    myr_context *context = new_context();
    for (int file = 0; file < 2; file++) {
        myr_table *table;
        snprintf(path, sizeof path, "%s/%s", folder, files[file]);
        for (int time = 0; time < 2; time++) /* the second over the first */
            REQUIRE_OK(context, myr_table_write(context, path, 3, 2, names, columns));
        REQUIRE_OK(context, myr_table_read(context, path, wanted, 3, NULL, &table));
        cr_assert_eq(myr_table_rows(table), 3);
        cr_assert_arr_eq(myr_table_values(table, 0), a, sizeof a);
        cr_assert_arr_eq(myr_table_values(table, 1), b, sizeof b);
        cr_assert_null(myr_table_values(table, 2));
        myr_table_destroy(table);
    }
    cr_assert_eq(files_in_folder(false), 2); /* nothing temporary is left */
    myr_context_destroy(context);
}

Test(table, npy_of_a_wrong_shape_or_number_is_refused) {
    static const char *const names[] = {"a", "b", "c", "d"};
    const double good[] = {1, 2}, bad[] = {3, NAN}, high[] = {3, 11};
    const struct {
        int count;
        const double *columns[4];
        const char *message;
    } cases[] = {{1, {good}, "has 1 column; expected [rows, columns] of 2 to 3 columns, a first"},
                 {4, {good, good, good, good}, "its shape is [2, 4]; expected [rows, columns] of 2 to 3"},
                 {2, {bad, good}, "row 1, column 0: a is nan; expected a finite number"},
                 {3, {good, high, good}, "row 1, column 1: b is 11; expected a number from 0 to 10"}};
    myr_context *context = new_context();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        myr_table *table;
        snprintf(path, sizeof path, "%s/t.npy", folder);
        REQUIRE_OK(context, myr_table_write(context, path, 2, cases[i].count, names, cases[i].columns));
        cr_assert_eq(myr_table_read(context, path, wanted, 3, NULL, &table), MYR_INVALID_DATA);
        cr_assert_not_null(strstr(myr_context_error(context), cases[i].message), "%s",
                           myr_context_error(context));
    }
    myr_context_destroy(context);
}

/* An old file stays when a new one cannot be written, and nothing half-written is left. */
Test(table, a_file_that_cannot_be_written_leaves_the_old_one) {
    static const char *const names[] = {"a", "b"};
    const double a[] = {1, 2};
    const double *const columns[] = {a, a};
    myr_context *context = new_context();
    cr_assert_eq(myr_table_write(context, "/nowhere/t.csv", 2, 2, names, columns), MYR_IO_ERROR);
    cr_assert_not_null(
        strstr(myr_context_error(context), "/nowhere/t.csv: cannot be written: No such file"));
    cr_assert_eq(myr_table_write(context, "t.txt", 2, 2, names, columns), MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_table_write(context, NULL, 2, 2, names, columns), MYR_INVALID_ARGUMENT);
    snprintf(path, sizeof path, "%s/full.csv", folder);
    cr_assert_eq(symlink("/dev/full", path), 0); /* a device is written to, and not replaced */
    cr_assert_eq(myr_table_write(context, path, 2, 2, names, columns), MYR_IO_ERROR);
    cr_assert_not_null(strstr(myr_context_error(context), "No space left on device"));
    struct stat status;
    cr_assert(stat("/dev/full", &status) == 0 && S_ISCHR(status.st_mode));
    snprintf(path, sizeof path, "%s/d.csv", folder);
    cr_assert_eq(mkdir(path, 0777), 0);
    cr_assert_eq(myr_table_write(context, path, 2, 2, names, columns), MYR_IO_ERROR);
    rmdir(path);
    cr_assert_eq(files_in_folder(false), 1);
    myr_context_destroy(context);
}
