/* SPDX-License-Identifier: Apache-2.0 */
/* lineedit.c - see lineedit.h. Control sequences: ECMA-48. */
#include "text/lineedit.h"

#include <stdio.h>
#include <string.h>

#define CTRL(letter) ((letter)&0x1f)
#define ESCAPE 27
#define BACKSPACE 127

static void put(const struct lineedit *e, const char *text)
{
    e->write(text, (uint32_t)strlen(text));
}

static void put_moves(const struct lineedit *e, uint32_t count, char direction)
{
    char sequence[16];
    if (count > 0) {
        snprintf(sequence, sizeof(sequence), "\033[%u%c", (unsigned int)count, direction);
        put(e, sequence);
    }
}

/* Draws the text from `from` on, and puts the terminal's cursor where ours is. */
static void redraw_from(const struct lineedit *e, uint32_t from)
{
    e->write(e->text + from, e->bytes - from);
    put(e, "\033[K");
    put_moves(e, e->bytes - e->cursor, 'D');
}

void lineedit_hide(struct lineedit *e)
{
    put(e, "\r\033[K");
}

void lineedit_show(struct lineedit *e)
{
    put(e, "\r");
    put(e, e->prompt);
    redraw_from(e, 0);
}

void lineedit_begin(struct lineedit *e)
{
    e->bytes = 0;
    e->cursor = 0;
    e->history_at = 0;
    e->escape = 0;
    e->text[0] = 0;
    put(e, e->prompt);
}

void lineedit_insert(struct lineedit *e, const char *text, uint32_t bytes)
{
    if (bytes >= LINEEDIT_BYTES - e->bytes) {
        put(e, "\a");
        return;
    }
    memmove(e->text + e->cursor + bytes, e->text + e->cursor, e->bytes - e->cursor + 1);
    memcpy(e->text + e->cursor, text, bytes);
    e->bytes += bytes;
    e->cursor += bytes;
    if (e->cursor == e->bytes) {
        e->write(text, bytes);
    } else {
        redraw_from(e, e->cursor - bytes);
    }
}

/* Removes [from, to) and leaves the cursor at `from`. */
static void cut(struct lineedit *e, uint32_t from, uint32_t to)
{
    put_moves(e, e->cursor > from ? e->cursor - from : 0, 'D');
    memmove(e->text + from, e->text + to, e->bytes - to + 1);
    e->bytes -= to - from;
    e->cursor = from;
    redraw_from(e, from);
}

static void move_to(struct lineedit *e, uint32_t to)
{
    put_moves(e, to < e->cursor ? e->cursor - to : 0, 'D');
    put_moves(e, to > e->cursor ? to - e->cursor : 0, 'C');
    e->cursor = to;
}

static uint32_t word_start(const struct lineedit *e)
{
    uint32_t at = e->cursor;
    while (at > 0 && e->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && e->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

static void show_history(struct lineedit *e, uint32_t at)
{
    if (at > e->history_count || at > LINEEDIT_HISTORY) {
        return;
    }
    if (e->history_at == 0) {
        memcpy(e->edited, e->text, e->bytes + 1);
    }
    const char *from = at == 0 ? e->edited : e->history[(e->history_count - at) % LINEEDIT_HISTORY];
    move_to(e, 0);
    e->bytes = (uint32_t)strlen(from);
    memcpy(e->text, from, e->bytes + 1);
    e->cursor = e->bytes;
    e->history_at = at;
    redraw_from(e, 0);
}

static void remember(struct lineedit *e)
{
    const uint32_t last = (e->history_count - 1) % LINEEDIT_HISTORY;
    if (e->bytes > 0 && (e->history_count == 0 || strcmp(e->history[last], e->text) != 0)) {
        memcpy(e->history[e->history_count++ % LINEEDIT_HISTORY], e->text, e->bytes + 1);
    }
}

static void act(struct lineedit *e, char key)
{
    switch (key) {
    case CTRL('A'):
        move_to(e, 0);
        break;
    case CTRL('E'):
        move_to(e, e->bytes);
        break;
    case CTRL('B'):
        move_to(e, e->cursor - (e->cursor > 0));
        break;
    case CTRL('F'):
        move_to(e, e->cursor + (e->cursor < e->bytes));
        break;
    case CTRL('D'):
        cut(e, e->cursor, e->cursor + (e->cursor < e->bytes));
        break;
    case BACKSPACE:
    case '\b':
        cut(e, e->cursor - (e->cursor > 0), e->cursor);
        break;
    case CTRL('K'):
        cut(e, e->cursor, e->bytes);
        break;
    case CTRL('U'):
        cut(e, 0, e->cursor);
        break;
    case CTRL('W'):
        cut(e, word_start(e), e->cursor);
        break;
    case CTRL('L'):
        put(e, "\033[H\033[2J");
        lineedit_show(e);
        break;
    case CTRL('P'):
        show_history(e, e->history_at + 1);
        break;
    case CTRL('N'):
        show_history(e, e->history_at - (e->history_at > 0));
        break;
    default:
        break;
    }
}

/* ESC [ X, ESC O X, or ESC [ digit ~ : the key that it stands for, 0 while it goes on. */
static void feed_escape(struct lineedit *e, char c)
{
    static const char letters[] = "ABCDHF",
                      keys[] = {CTRL('P'), CTRL('N'), CTRL('F'), CTRL('B'), CTRL('A'), CTRL('E')};
    if (e->escape == 1) {
        e->escape = c == '[' || c == 'O' ? 2 : 0;
        e->escape_digit = 0;
        return;
    }
    if (c >= ' ' && c < '@') { /* parameters; only single digits mean something here */
        e->escape_digit = (char)(e->escape_digit == 0 ? c : '?');
        return;
    }
    e->escape = 0;
    const char *letter = strchr(letters, c);
    if (c == '~') {
        act(e, e->escape_digit == '3'   ? CTRL('D')
               : e->escape_digit == '1' ? CTRL('A')
               : e->escape_digit == '4' ? CTRL('E')
                                        : 0);
    } else if (c != 0 && letter != NULL) {
        act(e, keys[letter - letters]);
    }
}

enum lineedit_result lineedit_feed(struct lineedit *e, char c)
{
    if (e->escape != 0) {
        feed_escape(e, c);
        return LINEEDIT_MORE;
    }
    switch (c) {
    case ESCAPE:
        e->escape = 1;
        return LINEEDIT_MORE;
    case '\r':
    case '\n':
        move_to(e, e->bytes);
        put(e, "\n");
        remember(e);
        return LINEEDIT_LINE;
    case CTRL('C'):
        put(e, "^C\n");
        return LINEEDIT_DROPPED;
    case '\t':
        return LINEEDIT_COMPLETE;
    default:
        break;
    }
    if ((unsigned char)c >= ' ' && c != BACKSPACE) {
        lineedit_insert(e, &c, 1);
    } else {
        act(e, c);
    }
    return LINEEDIT_MORE;
}
