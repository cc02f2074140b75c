// SPDX-License-Identifier: Apache-2.0
// sources: build-tool/manifest.c build-tool/manifest_json.c build-tool/manifest_rights.c build-tool/yamldoc.c
// sources: build-tool/guest_path.c build-tool/strlist.c build-tool/buffer.c build-tool/alloc.c
// sources: tests/unit/build-tool/captured_report.c
// cflags: -Ibuild-tool -D_GNU_SOURCE
// libs: -lcyaml -lyaml -ljansson
/* test_manifest.c - what mayfly.yaml means, and where each mistake in it is reported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "captured_report.h"
#include "manifest.h"

static char folder[256];

static int load(struct manifest *manifest, const char *text)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/mayfly.yaml", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    captured[0] = '\0';
    return manifest_load(manifest, folder);
}

/* One row: a manifest, and how its error starts behind the path. */
static const struct mistake {
    const char *name, *text, *message;
} mistakes[] = {
    {"empty", "", ":1:1: expected lines like `name: hello`"},
    {"list_at_top", "- a\n", ":1:1: expected lines like `name: hello`"},
    {"no_name", "sources: [a.c]\n", ":1:1: a name is missing"},
    {"empty_name", "name:\nelf: a\n", ":1:6: a value is missing here"},
    {"bad_name", "elf: a\nname: Hello\n", ":2:7: a name is made of"},
    {"name_with_dot_first", "elf: a\nname: .a\n", ":2:7: a name is made of"},
    {"long_name", "elf: a\nname: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
     ":2:7: a name is made of"},
    {"unknown_key", "name: a\nelf: a\nsorces: [b]\n", ":3:1: there is no field `sorces`"},
    {"key_of_a_kraftfile", "name: a\nelf: a\ncmd: [b]\n",
     ":3:1: there is no field `cmd`: write `args`"},
    {"twice", "name: a\nelf: a\nname: b\n", ":3:1: the field `name` stands here twice"},
    {"tab", "name: a\n\tb: c\n", ":2:1: this is not YAML: found"},
    {"zero_byte", "name: a\nelf: a\nargs: [b, \"c\\0d\"]\n",
     ":3:11: a value cannot have a zero byte"},
    {"two_documents", "name: a\nelf: a\n---\nname: b\n", ":4:1: a second document starts here"},
    {"bad_end", "name: a\nelf: a\n---\n\tb: [\n", ":4:1: this is not YAML: found"},
    {"unclosed", "name: a\nargs: [b, c\n", ":3:1: this is not YAML:"},
    {"unknown_alias", "name: x\nelf: *a\n", ":2:6: this is not YAML: found undefined alias"},
    {"sources_no_list", "name: a\nsources: a.c\n", ":2:10: expected a list"},
    {"source_is_a_mapping", "name: a\nsources:\n  - a.c\n  - {b: c}\n",
     ":4:5: expected a single value"},
    {"nothing_to_build", "name: a\nmemory: 4M\n", ":1:7: nothing to build"},
    {"no_sources", "name: a\nsources: []\n", ":2:10: nothing to build"},
    {"elf_and_sources", "name: a\nelf: b\nsources: [c.c]\n", ":2:6: there are `sources` too"},
    {"memory_no_number", "name: a\nelf: b\nmemory: lots\n", ":3:9: expected a size"},
    {"memory_unit", "name: a\nelf: b\nmemory: 64 Mio\n", ":3:9: expected a size"},
    {"memory_negative", "name: a\nelf: b\nmemory: -64M\n", ":3:9: expected a size"},
    {"memory_too_small", "name: a\nelf: b\nmemory: 1K\n", ":3:9: expected a size"},
    {"memory_overflow", "name: a\nelf: b\nmemory: 99999999999999G\n", ":3:9: expected a size"},
    {"port_no_number", "name: a\nelf: b\nports: [web]\n", ":3:9: expected HOST:GUEST"},
    {"port_alone", "name: a\nelf: b\nports:\n  - \"80\"\n", ":4:5: expected HOST:GUEST"},
    {"port_zero", "name: a\nelf: b\nports: [\"0:80\"]\n", ":3:9: a port is a number from 1"},
    {"port_too_high", "name: a\nelf: b\nports: [\"80:80\", \"80:65536\"]\n",
     ":3:18: a port is a number from 1"},
    {"port_protocol", "name: a\nelf: b\nports: [\"80:80/sctp\"]\n", ":3:9: after the ports"},
    {"port_twice", "name: a\nelf: b\nports: [\"80:80\", \"80:81\"]\n", ":3:18: this host port"},
    {"environment_no_value", "name: a\nelf: b\nenvironment: [A]\n", ":3:15: `A` has no value"},
    {"environment_twice", "name: a\nelf: b\nenvironment: [A=1, A=2]\n", ":3:20: the variable"},
    {"environment_text", "name: a\nelf: b\nenvironment: A=1\n", ":3:14: `environment` is to be"},
    {"environment_nested", "name: a\nelf: b\nenvironment: {A: [1]}\n", ":3:18: expected"},
    {"inspect_what", "name: a\nelf: b\ninspect: yes\n", ":3:10: expected `no`, `read` or"},
    {"share_blank", "name: a\nelf: b\nshare: web, log\n", ":3:8: expected names of guests"},
    {"share_empty_name", "name: a\nelf: b\nshare: web,\n", ":3:8: expected names of guests"},
    {"share_option", "name: a\nelf: b\nshare: -web\n", ":3:8: expected names of guests"},
    {"share_list", "name: a\nelf: b\nshare: [web]\n", ":3:8: expected a single value"},
    {"fork_too_many", "name: a\nelf: b\nfork: 512\n", ":3:7: expected a number of processes"},
    {"fork_negative", "name: a\nelf: b\nfork: -1\n", ":3:7: expected a number of processes"},
    {"fork_text", "name: a\nelf: b\nfork: no\n", ":3:7: expected a number of processes"},
    {"file_no_guest", "name: a\nelf: b\nfiles: [./www]\n", ":3:9: expected a path of the host"},
    {"file_relative", "name: a\nelf: b\nfiles:\n  ./www: www\n", ":4:3: expected a path"},
    {"file_dots", "name: a\nelf: b\nfiles: {w: /a/../b}\n", ":3:9: expected a path"},
};

static void mistakes_are_reported_where_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct manifest manifest;
        assert_int_equal(load(&manifest, mistakes[i].text), -1);
        const char *behind = strstr(captured, "mayfly.yaml:");
        if (behind == NULL || strncmp(behind + strlen("mayfly.yaml"), mistakes[i].message,
                                      strlen(mistakes[i].message)) != 0) {
            fail_msg("%s: expected %s, got %s", mistakes[i].name, mistakes[i].message, captured);
        }
    }
}

static void every_field_arrives(void **state)
{
    (void)state;
    struct manifest m;
    const int status = load(&m, "name: web-1.0\n"
                                "sources: [main.c, \"lib/*.c\"]\n"
                                "cflags: [-DX=1]\nldflags: [-Wl,-s]\nlibs: [m, ./libz.a]\n"
                                "files:\n  ./www: /www//\n  /etc/motd: /./motd\n"
                                "memory: 32M\nargs: [one, two words, \"3\"]\n"
                                "environment: {B: \"2\", A: x=y}\n"
                                "ports: [\"8080:80\", 5353:53/udp]\n");
    assert_int_equal(status, 0);
    assert_string_equal(m.fields->name, "web-1.0");
    assert_int_equal(m.fields->sources_count, 2);
    assert_string_equal(m.fields->libs[1], "./libz.a");
    assert_int_equal(m.files_count, 2);
    assert_string_equal(m.files[0].guest, "/www");
    assert_string_equal(m.files[0].host + strlen(folder), "/./www");
    assert_string_equal(m.files[1].host, "/etc/motd");
    assert_string_equal(m.files[1].guest, "/motd");
    char *json = manifest_to_json(&m);
    assert_string_equal(
        json, "{\"args\":[\"one\",\"two words\",\"3\"],\"env\":{\"A\":\"x=y\",\"B\":\"2\"},"
              "\"memory\":33554432,\"name\":\"web-1.0\",\"ports\":[{\"guest\":80,\"host\":"
              "8080,\"proto\":\"tcp\"},{\"guest\":53,\"host\":5353,\"proto\":\"udp\"}]}");
    free(json);
    manifest_free(&m);
}

static void lists_and_mappings_mean_the_same(void **state)
{
    (void)state;
    struct manifest a, b;
    assert_int_equal(load(&a, "name: a\nelf: b\nenvironment: {X: \"1\", Y: z}\nfiles: {w: /w}\n"),
                     0);
    char *first = manifest_to_json(&a);
    assert_int_equal(load(&b, "name: a\nelf: b\nenvironment: [Y=z, X=1]\nfiles: [\"w:/w\"]\n"), 0);
    char *second = manifest_to_json(&b);
    assert_string_equal(first, second);
    assert_string_equal(a.files[0].host, b.files[0].host);
    assert_string_equal(a.files[0].guest, b.files[0].guest);
    free(first);
    free(second);
    manifest_free(&a);
    manifest_free(&b);
}

static void anchors_and_aliases_work(void **state)
{
    (void)state;
    struct manifest a, b;
    assert_int_equal(load(&a, "name: &x a\nelf: *x\nargs: &l [b, c]\nports: [&p \"1:2\"]\n"), 0);
    assert_string_equal(a.fields->elf, "a");
    assert_int_equal(load(&b, "name: a\nelf: a\nargs: [b, c]\nports: [\"1:2\"]\n"), 0);
    char *first = manifest_to_json(&a), *second = manifest_to_json(&b);
    assert_string_equal(first, second);
    free(first);
    free(second);
    manifest_free(&a);
    manifest_free(&b);
}

static void memory_defaults_to_64_mib(void **state)
{
    (void)state;
    struct manifest m;
    assert_int_equal(load(&m, "name: &n a\nelf: *n\nfiles:\nenvironment:\n"), 0);
    assert_int_equal(m.memory_bytes, 64 << 20);
    assert_int_equal(m.files_count, 0);
    assert_string_equal(m.fields->elf, "a");
    manifest_free(&m);
}

static void sizes_are_read_as_compose_does(void **state)
{
    (void)state;
    assert_int_equal(manifest_parse_size("1024"), 1024);
    assert_int_equal(manifest_parse_size("512b"), 512);
    assert_int_equal(manifest_parse_size("64k"), 65536);
    assert_int_equal(manifest_parse_size("64KB"), 65536);
    assert_int_equal(manifest_parse_size("64MiB"), 64 << 20);
    assert_int_equal(manifest_parse_size("2g"), 2ll << 30);
    assert_int_equal(manifest_parse_size("2t"), 0);
    assert_int_equal(manifest_parse_size(""), 0);
    assert_int_equal(manifest_parse_size("M"), 0);
}

static void rights_are_in_the_image_when_given(void **state)
{
    (void)state;
    struct manifest manifest;
    assert_int_equal(load(&manifest, "name: a\nelf: b\ninspect: no\nshare: web,A.2\nfork: 0\n"), 0);
    char *json = manifest_to_json(&manifest);
    assert_string_equal(json, "{\"args\":[],\"env\":{},\"fork\":0,\"inspect\":\"no\","
                              "\"memory\":67108864,\"name\":\"a\",\"ports\":[],"
                              "\"share\":\"web,A.2\"}");
    free(json);
    manifest_free(&manifest);
    assert_int_equal(load(&manifest, "name: a\nelf: b\n"), 0);
    json = manifest_to_json(&manifest);
    assert_null(strstr(json, "fork"));
    assert_null(strstr(json, "share"));
    free(json);
    manifest_free(&manifest);
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof(folder), "%s/manifest-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights_are_in_the_image_when_given),
        cmocka_unit_test(mistakes_are_reported_where_they_are),
        cmocka_unit_test(every_field_arrives),
        cmocka_unit_test(lists_and_mappings_mean_the_same),
        cmocka_unit_test(anchors_and_aliases_work),
        cmocka_unit_test(memory_defaults_to_64_mib),
        cmocka_unit_test(sizes_are_read_as_compose_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
