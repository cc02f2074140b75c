/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manual.c - see manual.h. A command's text is argp's `doc`: the part before \v says what it does,
 * the part behind it has paragraphs, and lines that start with blanks and stay as they are.
 */
#include "manual.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define NAME_WIDTH 20

/* ---- mayfly --help ---------------------------------------------------------------------------- */

void manual_print_help(const struct manual *manual, FILE *out)
{
    fprintf(out, "Usage: mayfly COMMAND [OPTION...] [ARGUMENT...]\n%s\n\n", manual->summary);
    for (size_t i = 0; manual->commands[i] != NULL; i++) {
        const struct command *command = manual->commands[i];
        const int width = NAME_WIDTH - (int)strlen(command->name) - 1;
        fprintf(out, "  %s %-*s %s\n", command->name, width, command->arguments, command->summary);
    }
    fputs("\nExamples:\n", out);
    for (const char *at = manual->examples; *at != '\0';) {
        const size_t length = strcspn(at, "\n");
        fprintf(out, "  %.*s\n", (int)length, at);
        at += length + (at[length] == '\n');
    }
    fputs("\n`mayfly COMMAND --help` tells more. `mayfly --version` prints the version.\n", out);
}

/* ---- man pages ---------------------------------------------------------------------------------- */

/* Text of `length` bytes, with what roff would take for its own made literal. */
static void print_roff(const char *text, size_t length)
{
    if (length > 0 && (text[0] == '.' || text[0] == '\'')) {
        fputs("\\&", stdout);
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\') {
            fputs("\\e", stdout);
        } else if (text[i] == '-') {
            fputs("\\-", stdout);
        } else {
            putchar(text[i]);
        }
    }
}

static void print_roff_text(const char *text)
{
    print_roff(text, strlen(text));
}

/* A line of its own, "Examples:" and the like, starts a section. */
static bool is_heading(const char *line, size_t length)
{
    return length > 1 && line[length - 1] == ':' && memchr(line, ' ', length) == NULL &&
           isupper((unsigned char)line[0]);
}

static void print_heading(const char *line, size_t length)
{
    fputs(".SH ", stdout);
    for (size_t i = 0; i + 1 < length; i++) {
        putchar(toupper((unsigned char)line[i]));
    }
    putchar('\n');
}

/* Paragraphs, headings, and indented lines as they stand. */
static void print_paragraphs(const char *text)
{
    bool literal = false;
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");
        const bool indented = text[0] == ' ';
        if (literal != indented && length > 0) {
            puts(indented ? ".PP\n.nf" : ".fi");
            literal = indented;
        }
        if (length == 0) {
            puts(literal ? "" : ".PP");
        } else if (is_heading(text, length)) {
            print_heading(text, length);
        } else {
            print_roff(text, length);
            putchar('\n');
        }
        text += length + (text[length] == '\n');
    }
    if (literal) {
        puts(".fi");
    }
}

static void print_option_names(const struct argp_option *option)
{
    const struct argp_option *name = option;
    const char *between = "";
    puts(".TP");
    do {
        const bool has_letter = name->key > 0 && name->key < 256 && isprint(name->key);
        if (has_letter) {
            printf("%s\\fB\\-%c\\fR", between, name->key);
            between = ", ";
        }
        if (name->name != NULL) {
            printf("%s\\fB\\-\\-", between);
            print_roff_text(name->name);
            fputs("\\fR", stdout);
            between = ", ";
        }
        name++;
    } while ((name->flags & OPTION_ALIAS) != 0);
    if (option->arg != NULL) {
        fputs(option->name != NULL ? "=\\fI" : " \\fI", stdout);
        print_roff_text(option->arg);
        fputs("\\fR", stdout);
    }
    putchar('\n');
}

static bool is_end(const struct argp_option *option)
{
    return option->key == 0 && option->name == NULL && option->doc == NULL && option->group == 0;
}

static void print_options(const struct argp_option *options)
{
    for (; options != NULL && !is_end(options); options++) {
        if ((options->flags & (OPTION_ALIAS | OPTION_HIDDEN)) != 0) {
            continue;
        }
        if (options->name == NULL && options->key == 0) {
            puts(".PP");
            print_roff_text(options->doc);
            putchar('\n');
            continue;
        }
        print_option_names(options);
        print_roff_text(options->doc != NULL ? options->doc : "");
        putchar('\n');
    }
    puts(".TP\n\\fB\\-?\\fR, \\fB\\-\\-help\\fR\ngive this help list");
}

static void print_title(const char *name, const char *summary)
{
    printf(".TH \"%s\" 1 \"\" \"mayfly " MAYFLY_VERSION "\" \"Mayfly\"\n.SH NAME\n", name);
    print_roff_text(name);
    printf(" \\- ");
    print_roff_text(summary);
    putchar('\n');
}

static void print_see_also(const struct manual *manual, const struct command *without)
{
    fputs(".SH SEE ALSO\n", stdout);
    if (without != NULL) {
        fputs("\\fBmayfly\\fR(1)", stdout);
    }
    for (size_t i = 0; manual->commands[i] != NULL; i++) {
        if (manual->commands[i] != without) {
            printf("%s\\fBmayfly\\-%s\\fR(1)", i > 0 || without != NULL ? ", " : "",
                   manual->commands[i]->name);
        }
    }
    putchar('\n');
}

static void print_command_page(const struct manual *manual, const struct command *command)
{
    char name[64];
    const char *doc = command->argp->doc, *rest = strchr(doc, '\v');
    snprintf(name, sizeof(name), "mayfly-%s", command->name);
    print_title(name, command->summary);
    printf(".SH SYNOPSIS\n\\fBmayfly %s\\fR [\\fIOPTION\\fR...] ", command->name);
    print_roff_text(command->argp->args_doc != NULL ? command->argp->args_doc : "");
    puts("\n.SH DESCRIPTION");
    print_roff(doc, rest != NULL ? (size_t)(rest - doc) : strlen(doc));
    puts("\n.SH OPTIONS");
    print_options(command->argp->options);
    if (rest != NULL) {
        puts(".SH NOTES");
        print_paragraphs(rest + 1);
    }
    print_see_also(manual, command);
}

static void print_main_page(const struct manual *manual)
{
    print_title("mayfly", "builds C programs as unikernels and runs them");
    puts(".SH SYNOPSIS\n\\fBmayfly\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]");
    puts(".SH DESCRIPTION");
    print_roff_text(manual->summary);
    puts("\n.SH COMMANDS");
    for (size_t i = 0; manual->commands[i] != NULL; i++) {
        const struct command *command = manual->commands[i];
        printf(".TP\n\\fB%s\\fR \\fI", command->name);
        print_roff_text(command->arguments);
        puts("\\fR");
        print_roff_text(command->summary);
        putchar('\n');
    }
    puts(".SH EXAMPLES\n.nf");
    print_roff_text(manual->examples);
    puts(".fi");
    print_see_also(manual, NULL);
}

int manual_print_page(const struct manual *manual, const char *page)
{
    if (strcmp(page, "mayfly") == 0) {
        print_main_page(manual);
        return 0;
    }
    for (size_t i = 0; manual->commands[i] != NULL; i++) {
        if (strncmp(page, "mayfly-", 7) == 0 && strcmp(page + 7, manual->commands[i]->name) == 0) {
            print_command_page(manual, manual->commands[i]);
            return 0;
        }
    }
    return -1;
}

/* ---- bash ------------------------------------------------------------------------------------- */

static void print_completed_options(const struct argp_option *options)
{
    for (; options != NULL && !is_end(options); options++) {
        if (options->name != NULL && (options->flags & OPTION_HIDDEN) == 0) {
            printf("--%s ", options->name);
        }
    }
    fputs("--help", stdout);
}

void manual_print_completion(const struct manual *manual)
{
    puts("# SPDX-License-Identifier: Apache-2.0\n"
         "# Completion of `mayfly` for bash; made by `mayfly --manual completion`.\n"
         "_mayfly() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} options=\n"
         "    COMPREPLY=()\n"
         "    if [ \"$COMP_CWORD\" -eq 1 ]; then");
    fputs("        COMPREPLY=($(compgen -W '", stdout);
    for (size_t i = 0; manual->commands[i] != NULL; i++) {
        printf("%s ", manual->commands[i]->name);
    }
    puts("--help --version' -- \"$word\"))\n"
         "        return\n"
         "    fi\n"
         "    case ${COMP_WORDS[1]} in");
    for (size_t i = 0; manual->commands[i] != NULL; i++) {
        printf("    %s) options='", manual->commands[i]->name);
        print_completed_options(manual->commands[i]->argp->options);
        puts("' ;;");
    }
    puts("    esac\n"
         "    case $word in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
         "    esac\n"
         "}\n"
         "complete -o filenames -o bashdefault -F _mayfly mayfly");
}
