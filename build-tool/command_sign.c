/* SPDX-License-Identifier: Apache-2.0 */
/* command_sign.c - `mayfly key`, `mayfly sign` and `mayfly verify`. */
#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../dom0/images/signature.h"
#include "alloc.h"
#include "build.h"
#include "command.h"
#include "report.h"
#include "seal.h"
#include "strlist.h"

struct sign_options {
    struct strlist words, keys;
    bool json;
};

static error_t take_option(int key, char *value, struct argp_state *state)
{
    struct sign_options *options = state->input;
    switch (key) {
    case 'k':
        strlist_add(&options->keys, value);
        return 0;
    case 'j':
        options->json = true;
        return 0;
    case ARGP_KEY_ARG:
        strlist_add(&options->words, value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void sign_options_free(struct sign_options *options)
{
    strlist_free(&options->words);
    strlist_free(&options->keys);
}

static void print_json(json_t *all)
{
    json_dumpf(all, stdout, JSON_SORT_KEYS | JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

/* ---- key ---------------------------------------------------------------------------------------- */

static const struct argp_option key_table[] = {
    {"json", 'j', NULL, 0, "say it as JSON", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp key_argp = {
    .options = key_table,
    .parser = take_option,
    .args_doc = "new FILE\nshow FILE",
    .doc =
        "Makes a key to sign images with (Ed25519): FILE is secret, FILE.pub public. `show` prints "
        "the public key of FILE."
        "\vThe public key is what dom0 is told, in mayfly.conf:\n"
        "\n"
        "  require-signature = yes\n"
        "  key = 5f0c...\n"
        "\n"
        "or as a line of the file `keys` on the boot volume, which FILE.pub is already.\n"
        "\n"
        "Examples:\n"
        "  mayfly key new ~/.mayfly-key\n"
        "  mayfly key show ~/.mayfly-key\n",
};

static int run_key(int argc, char **argv)
{
    struct sign_options options = {0};
    struct seal_key key;
    int status = 64;
    argp_parse(&key_argp, argc, argv, 0, NULL, &options);
    const char *verb = options.words.count == 2 ? options.words.items[0] : "";
    if (strcmp(verb, "new") != 0 && strcmp(verb, "show") != 0) {
        report_error("write `mayfly key new FILE` or `mayfly key show FILE`");
    } else if ((strcmp(verb, "new") == 0 ? seal_key_new
                                         : seal_key_load)(&key, options.words.items[1]) != 0) {
        status = 1;
    } else {
        char text[SEAL_HEX_BYTES];
        seal_hex(key.public, text);
        seal_key_forget(&key);
        if (options.json) {
            print_json(json_pack("{s:s, s:s}", "file", options.words.items[1], "key", text));
        } else {
            puts(text);
        }
        status = 0;
    }
    sign_options_free(&options);
    return status;
}

const struct command command_key = {
    .name = "key",
    .arguments = "new|show FILE",
    .summary = "make a key to sign images with",
    .argp = &key_argp,
    .run = run_key,
};

/* ---- sign --------------------------------------------------------------------------------------- */

static const struct argp_option sign_table[] = {
    {"key", 'k', "FILE", 0, "the secret key (default: $" BUILD_KEY_VARIABLE ")", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp sign_argp = {
    .options = sign_table,
    .parser = take_option,
    .args_doc = "IMAGE...",
    .doc = "Signs images, in place; an older signature is replaced. The rest of the image stays as "
           "it is, and so does its id."
           "\v`mayfly build` signs at once when " BUILD_KEY_VARIABLE " or --key names a key.\n"
           "\n"
           "Examples:\n"
           "  mayfly sign -k ~/.mayfly-key hello.img\n",
};

static int sign_file(const char *path, const struct seal_key *key)
{
    struct buffer image = {0};
    struct stat about;
    int status = -1;
    if (buffer_read_file(&image, path) == 0 && stat(path, &about) == 0) {
        const char *wrong = seal_image(&image, key);
        if (wrong != NULL) {
            report_error("%s %s", path, wrong);
        } else {
            status = buffer_write_file(&image, path, about.st_mode & 0777);
        }
    }
    buffer_free(&image);
    return status;
}

static int run_sign(int argc, char **argv)
{
    struct sign_options options = {0};
    struct seal_key key;
    int status = 64;
    argp_parse(&sign_argp, argc, argv, 0, NULL, &options);
    const char *file = options.keys.count > 0 ? options.keys.items[0] : getenv(BUILD_KEY_VARIABLE);
    if (options.words.count == 0 || options.keys.count > 1 || file == NULL) {
        report_error("write `mayfly sign -k KEY IMAGE...`");
    } else if (seal_key_load(&key, file) != 0) {
        status = 1;
    } else {
        status = 0;
        for (size_t i = 0; i < options.words.count && status == 0; i++) {
            status = sign_file(options.words.items[i], &key) != 0;
        }
        seal_key_forget(&key);
    }
    sign_options_free(&options);
    return status;
}

const struct command command_sign = {
    .name = "sign",
    .arguments = "IMAGE...",
    .summary = "sign images with a key",
    .argp = &sign_argp,
    .run = run_sign,
};

/* ---- verify ------------------------------------------------------------------------------------- */

static const struct argp_option verify_table[] = {
    {"key", 'k', "KEY", 0,
     "a public key that is accepted, as 64 hexadecimal digits or as a file (may be repeated); "
     "without any, every key is",
     0},
    {"json", 'j', NULL, 0, "say it as JSON", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp verify_argp = {
    .options = verify_table,
    .parser = take_option,
    .args_doc = "IMAGE...",
    .doc = "Checks that images are whole and signed, as dom0 does that requires signatures. Exit "
           "status 1 when one is not."
           "\vExamples:\n"
           "  mayfly verify hello.img\n"
           "  mayfly verify -k ~/.mayfly-key.pub *.img\n",
};

static bool is_accepted(const struct sign_options *options, const uint8_t *key, int *error)
{
    for (size_t i = 0; i < options->keys.count; i++) {
        uint8_t accepted[SIGNATURE_KEY_BYTES];
        if (seal_public_load(accepted, options->keys.items[i]) != 0) {
            *error = 1;
            return false;
        }
        if (memcmp(accepted, key, sizeof(accepted)) == 0) {
            return true;
        }
    }
    return options->keys.count == 0;
}

/* What is wrong with the image, or NULL; "" when that was reported. */
static const char *judge(const struct sign_options *options, const struct buffer *image,
                         struct signature *s)
{
    int error = 0;
    const char *wrong = signature_read(s, image->data, image->bytes);
    if (wrong != NULL) {
        return wrong;
    }
    if (!s->is_signed) {
        return "is not signed";
    }
    if (!is_accepted(options, s->key, &error)) {
        return error ? "" : "is signed by a key that is not among those given";
    }
    return signature_is_by(s, image->data, s->key) ? NULL : "has a signature that is not valid";
}

static int verify_file(const struct sign_options *options, const char *path, json_t *list)
{
    struct buffer image = {0};
    struct signature s = {0};
    char id[SEAL_HEX_BYTES] = "", key[SEAL_HEX_BYTES] = "";
    if (buffer_read_file(&image, path) != 0) {
        return -1;
    }
    const char *wrong = judge(options, &image, &s);
    buffer_free(&image);
    seal_hex(s.id, id);
    seal_hex(s.key, key);
    json_array_append_new(list, json_pack("{s:s, s:b, s:s, s:s, s:s*}", "image", path, "valid",
                                          wrong == NULL, "id", id, "key", key, "problem", wrong));
    if (wrong != NULL && wrong[0] != '\0') {
        report_error("%s %s", path, wrong);
    } else if (wrong == NULL && !options->json) {
        printf("%s: sha256:%s, signed by %s\n", path, id, key);
    }
    return wrong == NULL ? 0 : -1;
}

static int run_verify(int argc, char **argv)
{
    struct sign_options options = {0};
    json_t *list = json_array();
    int status = 0;
    argp_parse(&verify_argp, argc, argv, 0, NULL, &options);
    if (options.words.count == 0) {
        report_error("say which image: `mayfly verify IMAGE...`");
        status = 64;
    }
    for (size_t i = 0; i < options.words.count; i++) {
        status |= verify_file(&options, options.words.items[i], list) != 0;
    }
    if (options.json && status != 64) {
        print_json(list);
    } else {
        json_decref(list);
    }
    sign_options_free(&options);
    return status;
}

const struct command command_verify = {
    .name = "verify",
    .arguments = "IMAGE...",
    .summary = "check that images are whole and signed",
    .argp = &verify_argp,
    .run = run_verify,
};
