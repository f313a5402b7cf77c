/* OpenBLAS starts a thread for each processor while it is loaded, before main(), and each of them asks for
 * memory until it gets it: where there is too little (ulimit -v), the tool would never end. The library has
 * every product done by one thread (host/ground/product.h), so the tool needs none of them. OpenBLAS goes by
 * a variable of the environment; the tool's getenv(), which takes the place of the C library's in the whole
 * process, answers it, unless the user has set it. */
#include <string.h>
#include <unistd.h>

char *getenv(const char *name); /* NOLINT(readability-redundant-declaration): not all of stdlib.h */

char *getenv(const char *name) {
    static char one[] = "1";
    const size_t length = strlen(name);
    for (char **variable = environ; variable && *variable; variable++)
        if (strncmp(*variable, name, length) == 0 && (*variable)[length] == '=')
            return *variable + length + 1;
    return strcmp(name, "OPENBLAS_NUM_THREADS") == 0 ? one : NULL;
}
