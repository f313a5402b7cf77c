#include "npy_header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

/* Longer headers belong to structured arrays, which are refused anyway. */
enum { LONGEST_HEADER = 65535 };

typedef struct parser {
    myr_context *context;
    const char *path;
    const char *text, *at; /* ends with a NUL */
} parser;

static myr_status fail_at(const parser *p, const char *expected) {
    if (*p->at == '\0')
        return myr_fail(p->context, MYR_INVALID_DATA, "%s: its header ends early; expected %s", p->path,
                        expected);
    int shown = *p->at >= ' ' && *p->at <= '~' ? *p->at : '?';
    return myr_fail(p->context, MYR_INVALID_DATA, "%s: byte %d of its header is '%c'; expected %s", p->path,
                    (int)(p->at - p->text), shown, expected);
}

static void skip_space(parser *p) {
    p->at += strspn(p->at, " \t\n");
}

static bool take(parser *p, char wanted) {
    skip_space(p);
    if (*p->at != wanted)
        return false;
    p->at++;
    return true;
}

/* A string in single or double quotes, without escapes. */
static myr_status parse_string(parser *p, char *value, size_t size, const char *expected) {
    skip_space(p);
    char quote = *p->at;
    const char *end = quote == '\'' || quote == '"' ? strchr(p->at + 1, quote) : NULL;
    if (!end || (size_t)(end - p->at - 1) >= size)
        return fail_at(p, expected);
    size_t length = (size_t)(end - p->at - 1);
    memcpy(value, p->at + 1, length);
    value[length] = '\0';
    p->at = end + 1;
    return MYR_OK;
}

/* What a kind of element is called that is no real number. */
static const char *other_kind(char kind) {
    switch (kind) {
        case 'c':
            return "complex numbers";
        case 'O':
            return "Python objects";
        case 'S':
        case 'a':
        case 'U':
            return "strings";
        case 'M':
        case 'm':
            return "dates or times";
        case 'V':
            return "records";
        default:
            return NULL;
    }
}

/* "<f8": byte order, kind, bytes. */
static myr_status parse_type(parser *p, myr_npy_header *header) {
    static const char *const known[] = {"f2", "f4", "f8", "i1", "i2", "i4",
                                        "i8", "u1", "u2", "u4", "u8", "b1"};
    char descr[32];
    skip_space(p);
    if (*p->at == '[')
        return myr_fail(p->context, MYR_INVALID_DATA,
                        "%s: its elements are records with fields; expected an array of real numbers",
                        p->path);
    myr_status status = parse_string(p, descr, sizeof descr, "a type as '<f4'");
    if (status != MYR_OK)
        return status;
    const char *type = descr + (strchr("<>|=", descr[0]) && descr[0] ? 1 : 0);
    const char *other = other_kind(type[0]);
    if (other)
        return myr_fail(p->context, MYR_INVALID_DATA,
                        "%s: its elements are %s, type '%s'; expected real numbers", p->path, other, descr);
    for (size_t n = 0; n < sizeof known / sizeof *known; n++)
        if (strcmp(type, known[n]) == 0) {
            header->kind = type[0];
            header->size = type[1] - '0';
            header->big_endian = descr[0] == '>';
            return MYR_OK;
        }
    return myr_fail(
        p->context, MYR_INVALID_DATA,
        "%s: its elements are of type '%s'; expected floats of 2, 4 or 8 bytes, integers of 1, 2, 4 "
        "or 8, or bool",
        p->path, descr);
}

static myr_status parse_order(parser *p, myr_npy_header *header) {
    skip_space(p);
    if (strncmp(p->at, "True", 4) == 0) {
        header->fortran = true;
        p->at += 4;
        return MYR_OK;
    }
    if (strncmp(p->at, "False", 5) == 0) {
        p->at += 5;
        return MYR_OK;
    }
    return fail_at(p, "True or False");
}

static myr_status parse_length(parser *p, uint64_t *length) {
    skip_space(p);
    if (*p->at < '0' || *p->at > '9')
        return fail_at(p, "a length, a whole number");
    *length = 0;
    for (; *p->at >= '0' && *p->at <= '9'; p->at++) {
        if (*length >= UINT64_C(1) << 56)
            return fail_at(p, "a length below 2^56");
        *length = 10 * *length + (uint64_t)(*p->at - '0');
    }
    p->at += *p->at == 'L'; /* as Python 2 wrote them */
    return MYR_OK;
}

/* "(3, 4)", "(3,)" or "()". */
static myr_status parse_shape(parser *p, myr_npy_header *header) {
    if (!take(p, '('))
        return fail_at(p, "a shape as (3, 4)");
    while (!take(p, ')')) {
        if (header->dimensions == MYR_NPY_DIMENSIONS)
            return fail_at(p, "at most 32 dimensions");
        myr_status status = parse_length(p, &header->shape[header->dimensions++]);
        if (status != MYR_OK)
            return status;
        skip_space(p);
        if (!take(p, ',') && *p->at != ')')
            return fail_at(p, "',' or ')'");
    }
    return MYR_OK;
}

/* The product of the lengths. */
static myr_status count_elements(const parser *p, myr_npy_header *header) {
    header->count = 1;
    for (int n = 0; n < header->dimensions; n++)
        if (header->shape[n] == 0)
            header->count = 0;
    for (int n = 0; n < header->dimensions && header->count > 0; n++) {
        if (header->shape[n] > (UINT64_C(1) << 56) / header->count)
            return myr_fail(p->context, MYR_INVALID_DATA, "%s: its shape has 2^56 elements or more",
                            p->path);
        header->count *= header->shape[n];
    }
    return MYR_OK;
}

static myr_status parse_header(parser *p, myr_npy_header *header) {
    static const struct {
        const char *name;
        myr_status (*parse)(parser *p, myr_npy_header *header);
    } keys[] = {{"descr", parse_type}, {"fortran_order", parse_order}, {"shape", parse_shape}};
    enum { KEYS = sizeof keys / sizeof *keys };
    const char *expected = "one of the keys 'descr', 'fortran_order' and 'shape', each once";
    bool seen[KEYS] = {false};
    memset(header, 0, sizeof *header);
    if (!take(p, '{'))
        return fail_at(p, "'{'");
    for (int entries = 0; entries < KEYS; entries++) {
        char name[32];
        skip_space(p);
        const char *begin = p->at;
        myr_status status = parse_string(p, name, sizeof name, expected);
        if (status != MYR_OK)
            return status;
        int key = 0;
        while (key < KEYS && (seen[key] || strcmp(keys[key].name, name) != 0))
            key++;
        if (key == KEYS) {
            p->at = begin;
            return fail_at(p, expected);
        }
        seen[key] = true;
        if (!take(p, ':'))
            return fail_at(p, "':'");
        status = keys[key].parse(p, header);
        if (status != MYR_OK)
            return status;
        if (!take(p, ',') && entries < KEYS - 1)
            return fail_at(p, "','");
    }
    if (!take(p, '}'))
        return fail_at(p, "'}'");
    skip_space(p);
    return *p->at == '\0' ? count_elements(p, header) : fail_at(p, "nothing after '}'");
}

static myr_status fail_read(myr_context *context, const char *path, FILE *file, const char *expected) {
    if (ferror(file))
        return myr_fail(context, MYR_IO_ERROR, "%s: cannot be read: %s", path, strerror(errno));
    return myr_fail(context, MYR_INVALID_DATA, "%s: ends early; expected %s", path, expected);
}

/* Magic, version and the header's length, which has two bytes in version 1 and four in later ones. */
static myr_status read_length(myr_context *context, const char *path, FILE *file, size_t *length) {
    static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    unsigned char start[8], bytes[4] = {0};
    errno = 0;
    if (fread(start, 1, sizeof start, file) != sizeof start)
        return fail_read(context, path, file, "an array of numpy, which begins with '\\x93NUMPY'");
    if (memcmp(start, magic, sizeof magic) != 0)
        return myr_fail(context, MYR_INVALID_DATA,
                        "%s: is no array of numpy; expected a file that begins with '\\x93NUMPY'", path);
    if (start[6] < 1 || start[6] > 3)
        return myr_fail(context, MYR_INVALID_DATA, "%s: is of version %d.%d; expected 1.0, 2.0 or 3.0",
                        path, start[6], start[7]);
    size_t wanted = start[6] == 1 ? 2 : 4;
    if (fread(bytes, 1, wanted, file) != wanted)
        return fail_read(context, path, file, "the length of its header");
    *length = bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
    return MYR_OK;
}

myr_status myr_npy_read_header(myr_context *context, const char *path, FILE *file, myr_npy_header *header) {
    size_t length = 0;
    myr_status status = read_length(context, path, file, &length);
    if (status != MYR_OK)
        return status;
    if (length > LONGEST_HEADER)
        return myr_fail(context, MYR_INVALID_DATA, "%s: its header has %zu bytes; expected at most %d",
                        path, length, LONGEST_HEADER);
    char *text = malloc(length + 1);
    if (!text)
        return myr_fail_memory(context, length + 1);
    size_t got = fread(text, 1, length, file);
    text[got] = '\0';
    parser p = {context, path, text, text};
    if (got != length)
        status = fail_read(context, path, file, "the rest of its header");
    else if (strlen(text) != length)
        status = myr_fail(context, MYR_INVALID_DATA, "%s: its header has a zero byte; expected text", path);
    else
        status = parse_header(&p, header);
    free(text);
    return status;
}
