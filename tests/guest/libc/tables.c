// SPDX-License-Identifier: Apache-2.0
// Tables of file systems and hashes in files, messages without translations, prctl().
#include "tap.h"

#include <libintl.h>
#include <mntent.h>
#include <pthread.h>
#include <shadow.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static void write_file(const char *path, const char *text)
{
    FILE *const f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

static void test_mounts(void)
{
    char line[100];
    struct mntent e = {0};
    write_file("/tmp/fstab",
               "# comment\n/dev/a /  ext4 rw,noauto 0 1\nproc /proc proc defaults 0 0\n");
    FILE *f = setmntent("/tmp/fstab", "r");
    tap_check(f != NULL && getmntent_r(f, &e, line, sizeof(line)) == &e &&
                  strcmp(e.mnt_fsname, "/dev/a") == 0 && strcmp(e.mnt_dir, "/") == 0 &&
                  e.mnt_passno == 1 && hasmntopt(&e, MNTOPT_NOAUTO) != NULL,
              "getmntent_r() reads a line");
    const struct mntent *const next = getmntent(f);
    tap_check(next != NULL && strcmp(next->mnt_type, "proc") == 0 && next->mnt_freq == 0,
              "getmntent() the next one");
    tap_check(getmntent(f) == NULL && endmntent(f) == 1, "up to the end");
    f = setmntent("/tmp/fstab", "a");
    tap_check(addmntent(f, &e) == 0 && endmntent(f) == 1, "addmntent() adds one");
    tap_check(setmntent("/none", "r") == NULL, "no file is none");
}

static void test_hashes(void)
{
    struct spwd entry, *found = NULL;
    char line[200];
    tap_check(getspnam("root") == NULL, "without /etc/shadow nobody has a hash");
    mkdir("/etc", 0755);
    write_file("/etc/shadow", "root:*:1:0:99999:7:::\nme:$5$x$y:19000::::::\n");
    const struct spwd *const s = getspnam("root");
    tap_check(s != NULL && strcmp(s->sp_pwdp, "*") == 0 && s->sp_max == 99999 && s->sp_inact == -1,
              "getspnam() finds a line");
    tap_check(getspnam_r("me", &entry, line, sizeof(line), &found) == 0 && found == &entry &&
                  strcmp(entry.sp_pwdp, "$5$x$y") == 0 && entry.sp_lstchg == 19000,
              "getspnam_r(), too");
    tap_check(getspnam_r("nobody", &entry, line, sizeof(line), &found) == 0 && found == NULL,
              "who is not there is not found");
    FILE *const f = fopen("/etc/shadow", "r");
    const struct spwd *const first = fgetspent(f);
    tap_check(first != NULL && strcmp(first->sp_namp, "root") == 0, "fgetspent() reads on");
    fclose(f);
}

static void test_messages(void)
{
    tap_check(strcmp(gettext("text"), "text") == 0 && strcmp(dgettext("d", "text"), "text") == 0,
              "a message is its own translation");
    tap_check(strcmp(ngettext("one", "many", 1), "one") == 0 &&
                  strcmp(dngettext("d", "one", "many", 0), "many") == 0,
              "plurals are English ones");
    tap_check(strcmp(textdomain(NULL), "messages") == 0 &&
                  strcmp(textdomain("program"), "program") == 0 &&
                  strcmp(textdomain(NULL), "program") == 0 &&
                  strcmp(textdomain(""), "messages") == 0,
              "textdomain() keeps the name");
    tap_check(strcmp(bindtextdomain("program", "/share"), "/share") == 0 &&
                  strcmp(bindtextdomain("program", NULL), "/share") == 0 &&
                  bindtextdomain("", "/x") == NULL,
              "bindtextdomain() the folder");
    tap_check(strcmp(bind_textdomain_codeset("program", "UTF-8"), "UTF-8") == 0 &&
                  bind_textdomain_codeset("program", "KOI8-R") == NULL,
              "messages are not converted");
}

static void test_prctl(void)
{
    char name[16];
    tap_check(prctl(PR_SET_NAME, "a name of more than 15 bytes") == 0 &&
                  prctl(PR_GET_NAME, name) == 0 && strcmp(name, "a name of more ") == 0,
              "PR_SET_NAME keeps 15 characters");
    tap_check(pthread_getname_np(pthread_self(), name, sizeof(name)) == 0 &&
                  strcmp(name, "a name of more ") == 0,
              "it is the thread's name");
    tap_check(prctl(PR_GET_DUMPABLE) == 1 && prctl(PR_SET_DUMPABLE, 0ul) == 0 &&
                  prctl(PR_GET_DUMPABLE) == 0 && prctl(PR_SET_DUMPABLE, 2ul) == -1,
              "PR_SET_DUMPABLE");
    tap_check(prctl(PR_GET_NO_NEW_PRIVS) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1ul, 0, 0, 0) == 0 &&
                  prctl(PR_GET_NO_NEW_PRIVS) == 1 && prctl(PR_SET_NO_NEW_PRIVS, 0ul) == -1,
              "PR_SET_NO_NEW_PRIVS is for ever");
    tap_check(prctl(1, 9ul) == -1 && errno == EINVAL, "a signal at the parent's end: EINVAL");
}

int main(void)
{
    test_mounts();
    test_hashes();
    test_messages();
    test_prctl();
    return tap_done();
}
