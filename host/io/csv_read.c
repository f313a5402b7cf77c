#include "csv_read.h"

#include <csv.h>
#include <stdbool.h>
#include <string.h>

#include "ground/failure.h"

/* Longer fields come of a quote that is not closed. */
#define LONGEST_FIELD ((size_t)1 << 20)

enum { BUFFER = 1 << 16, OPTIONS = CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL };

/* What stands between fields: of comma, semicolon and tab that which the first line has most of, outside
 * of quotes. A file of one column, which has none of them, is of no use here. */
static unsigned char find_delimiter(const char *bytes, size_t size) {
    size_t commas = 0, semicolons = 0, tabs = 0;
    bool quoted = false, begun = false;
    for (size_t at = 0; at < size && at < LONGEST_FIELD; at++) {
        const char c = bytes[at];
        const bool line_end = c == '\n' || c == '\r';
        if (line_end && begun && !quoted)
            break;
        begun = begun || !line_end;
        quoted = quoted != (c == '"');
        commas += c == ',' && !quoted;
        semicolons += c == ';' && !quoted;
        tabs += c == '\t' && !quoted;
    }
    if (tabs > commas && tabs > semicolons)
        return '\t';
    return semicolons > commas ? ';' : ',';
}

static bool start_parser(struct csv_parser *parser, unsigned char delimiter) {
    if (csv_init(parser, OPTIONS) != 0)
        return false;
    csv_set_delim(parser, delimiter);
    return true;
}

/* Where the parser is, in fields, and what went wrong there. */
typedef struct progress {
    const myr_csv_reader *reader;
    uint64_t record, field;
    const char *wrong;
} progress;

static void take_field(void *text, size_t length, void *user) {
    progress *p = user;
    if (p->wrong)
        return;
    p->wrong = p->reader->field(p->reader->user, p->record, p->field, text, length);
    p->field += !p->wrong;
}

static void take_record(int end, void *user) {
    progress *p = user;
    (void)end;
    if (p->wrong)
        return;
    p->wrong = p->reader->record(p->reader->user, p->record, p->field);
    if (p->wrong) {
        p->field = 0;
        return;
    }
    p->record++;
    p->field = 0;
}

/* A line and a column of text, as bytes go by. */
typedef struct cursor {
    uint64_t line, column;
} cursor;

/* A byte goes by; bytes that only continue a character of UTF-8 do not count. */
static void pass(cursor *c, unsigned char byte) {
    if (byte == '\n')
        *c = (cursor){c->line + 1, 1};
    else if ((byte & 0xc0) != 0x80)
        c->column++;
}

/* The text is parsed once more, byte by byte, up to where a given field ends. */
typedef struct search {
    uint64_t record, field;               /* where the search is */
    uint64_t wanted_record, wanted_field; /* where it is to end */
    cursor begin;                         /* of the field under way */
    bool fresh;                           /* a record's first byte is still to come, after line ends */
    bool ended, found;                    /* the field under way, the wanted one */
} search;

static void pass_field(void *text, size_t length, void *user) {
    search *s = user;
    (void)text;
    (void)length;
    if (s->found)
        return;
    s->found = s->record == s->wanted_record && s->field == s->wanted_field;
    s->ended = true;
    s->field++;
}

static void pass_record(int end, void *user) {
    search *s = user;
    (void)end;
    s->record++;
    s->field = 0;
    s->fresh = true;
}

/* Where field `field` of a record begins. */
static cursor locate(const char *bytes, size_t size, uint64_t record, uint64_t field) {
    struct csv_parser parser;
    search s = {.wanted_record = record, .wanted_field = field, .begin = {1, 1}, .fresh = true};
    cursor here = {1, 1};
    if (!start_parser(&parser, find_delimiter(bytes, size)))
        return here;
    for (size_t at = 0; at < size && !s.found; at++) {
        if (s.fresh && bytes[at] != '\n' && bytes[at] != '\r') {
            s.begin = here;
            s.fresh = false;
        }
        s.ended = false;
        if (csv_parse(&parser, bytes + at, 1, pass_field, pass_record, &s) != 1)
            break;
        pass(&here, (unsigned char)bytes[at]);
        if (s.ended && !s.fresh && !s.found) /* by a delimiter */
            s.begin = here;
    }
    csv_free(&parser);
    return s.begin;
}

static cursor cursor_at(const char *bytes, size_t offset) {
    cursor here = {1, 1};
    for (size_t at = 0; at < offset; at++)
        pass(&here, (unsigned char)bytes[at]);
    return here;
}

static myr_status fail_at(myr_context *context, const char *path, cursor at, const char *wrong) {
    return myr_fail(context, MYR_INVALID_DATA, "%s:%llu:%llu: %s", path, (unsigned long long)at.line,
                    (unsigned long long)at.column, wrong);
}

/* What libcsv has to say at a byte. */
static myr_status fail_parser(myr_context *context, const char *path, const char *bytes, size_t offset,
                              int error) {
    if (error == CSV_ENOMEM || error == CSV_ETOOBIG)
        return myr_fail_memory(context, LONGEST_FIELD);
    return fail_at(context, path, cursor_at(bytes, offset),
                   "a quote that neither begins nor ends a field; expected fields with quotes to be quoted "
                   "whole, and their quotes doubled");
}

static myr_status parse(myr_context *context, const char *path, const char *bytes, size_t size,
                        struct csv_parser *parser, progress *p) {
    for (size_t at = 0; at < size && !p->wrong; at += BUFFER) {
        const size_t part = size - at < BUFFER ? size - at : BUFFER;
        size_t done = csv_parse(parser, bytes + at, part, take_field, take_record, p);
        if (p->wrong)
            break;
        if (done != part)
            return fail_parser(context, path, bytes, at + done, csv_error(parser));
        if (parser->entry_pos > LONGEST_FIELD)
            return fail_at(context, path, locate(bytes, at + part, p->record, p->field),
                           "a field of more than 1 MiB; expected its quote to be closed");
    }
    if (!p->wrong && csv_fini(parser, take_field, take_record, p) != 0)
        return fail_at(context, path, locate(bytes, size, p->record, p->field),
                       "a quote that is not closed; expected one at the field's end");
    return p->wrong ? fail_at(context, path, locate(bytes, size, p->record, p->field), p->wrong) : MYR_OK;
}

myr_status myr_csv_read(myr_context *context, const char *path, const char *bytes, size_t size,
                        const myr_csv_reader *reader) {
    struct csv_parser parser;
    progress p = {.reader = reader};
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) { /* the mark of UTF-8 */
        bytes += 3;
        size -= 3;
    }
    if (!start_parser(&parser, find_delimiter(bytes, size)))
        return myr_fail_memory(context, sizeof parser);
    myr_status status = parse(context, path, bytes, size, &parser, &p);
    csv_free(&parser);
    return status;
}
