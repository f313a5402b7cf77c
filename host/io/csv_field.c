#define _GNU_SOURCE /* strtod_l */

#include "csv_field.h"

#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes of the character that begins at text; 0 if it is none. RFC 3629: the shortest form, no surrogates,
 * nothing above U+10FFFF. */
static size_t character(const unsigned char *text, size_t left) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char first = text[0];
    const size_t size = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (size < 2)
        return size;
    if (size > left || first > 0xf4)
        return 0;
    uint32_t code = first & (0x7fu >> size);
    for (size_t n = 1; n < size; n++) {
        if ((text[n] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[n] & 0x3f);
    }
    return code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : size;
}

static bool is_utf8(const char *text, size_t length) {
    for (size_t at = 0; at < length;) {
        const size_t size = character((const unsigned char *)text + at, length - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

const char *myr_field_shown(const char *text, size_t length, char shown[MYR_FIELD_SHOWN]) {
    size_t n = 0, cut = length > 40 ? 40 : length;
    const bool utf8 = is_utf8(text, length);
    while (cut < length && cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--; /* not within a character */
    shown[n++] = '\'';
    for (size_t i = 0; i < cut; i++)
        shown[n++] = (char)((unsigned char)text[i] < ' ' || text[i] == 127 ||
                                    ((unsigned char)text[i] >= 128 && !utf8)
                                ? '?'
                                : text[i]);
    snprintf(shown + n, MYR_FIELD_SHOWN - n, "%s'", cut < length ? "..." : "");
    return shown;
}

bool myr_field_number(const char *name, const char *text, size_t length, double low, double high,
                      const char *expected, double *value, char *wrong, size_t size) {
    char shown[MYR_FIELD_SHOWN], *end = NULL;
    locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    *value = locale ? strtod_l(text, &end, locale) : 0.0;
    if (locale)
        freelocale(locale);
    if (length == 0)
        snprintf(wrong, size, "%s is empty; expected %s", name, expected);
    else if (end != text + length)
        snprintf(wrong, size, "%s is %s, which is not a number; expected %s", name,
                 myr_field_shown(text, length, shown), expected);
    else if (!(*value >= low && *value <= high))
        snprintf(wrong, size, "%s is %s; expected %s", name, myr_field_shown(text, length, shown),
                 expected);
    else
        return true;
    return false;
}

size_t myr_field_control(const char *text, size_t length) {
    size_t n = 0;
    while (n < length && (unsigned char)text[n] >= ' ' && text[n] != 127)
        n++;
    return n;
}

bool myr_field_is_text(const char *text, size_t length) {
    return myr_field_control(text, length) == length && is_utf8(text, length);
}
