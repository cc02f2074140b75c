#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The SDK for programs with their own build system, as `make install` leaves it, after it was moved to another
# folder: configure, CMake, Meson and make, with what they find out about Mayfly.

bats_require_minimum_version 1.5.0

setup_file() {
    TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    B=$(cd "$TOP" && readlink -f "${MAYFLY_BUILD:-build}")
    export TOP B PREFIX="$BATS_FILE_TMPDIR/moved to"
    export TMPDIR=$BATS_FILE_TMPDIR
    unset PORT ACCEL CPUS MEM SOURCE_DATE_EPOCH MAYFLY_SDK MAYFLY_BOOT MAYFLY_KEY CC CFLAGS MAKEFLAGS MFLAGS
    make -s -C "$TOP" "B=$B" install-files PREFIX=/opt/mayfly "DESTDIR=$BATS_FILE_TMPDIR/root" >"$BATS_FILE_TMPDIR/install.log" 2>&1
    mv "$BATS_FILE_TMPDIR/root/opt/mayfly" "$PREFIX"
    export PATH="$PREFIX/bin:$PATH"
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    sources=${MAYFLY_SOURCES:-$TOP/build/third-party/src}
    share=$PREFIX/lib/mayfly/sdk/share
}

# source_of NAME: the sample project, alone in a folder of its own.
source_of() {
    mkdir -p src && cp -R "$TOP/tests/sdk/$1" "$TOP/tests/sdk/answers.h" src/
    echo "$PWD/src/$1"
}

# ---- installed, and moved --------------------------------------------------------------------------

@test "nothing that is installed names the folder that it was built or installed in" {
    run grep -rlF -e "$B/" -e "$BATS_FILE_TMPDIR/root" "$PREFIX/bin" "$PREFIX/lib/mayfly/sdk/bin" "$share" "$PREFIX/share"
    [ "$status" -eq 1 ]
}

@test "every tool is there by name, and answers" {
    for tool in gcc cc ar nm ranlib strip objcopy objdump readelf size strings addr2line ld as pkg-config; do
        "x86_64-mayfly-elf-$tool" --version >/dev/null
    done
    [ "$(x86_64-mayfly-elf-gcc -dumpmachine)" = x86_64-mayfly-elf ]
}

@test "new, build and run work without the tree that Mayfly was built in" {
    run --separate-stderr env -i PATH=/usr/bin:/bin "TMPDIR=$TMPDIR" sh -c \
        "'$PREFIX/bin/mayfly' new greet && cd greet && '$PREFIX/bin/mayfly' build && '$PREFIX/bin/mayfly' run --timeout 60"
    [ "$status" -eq 0 ]
    [ "$output" = "Hello from greet!" ]
}

@test "uninstall removes all that install has made" {
    make -s -C "$TOP" "B=$B" install-files PREFIX=/usr "DESTDIR=$PWD/root" >/dev/null
    [ "$(find root -type f | wc -l)" -gt 100 ]
    make -s -C "$TOP" "B=$B" uninstall PREFIX=/usr "DESTDIR=$PWD/root"
    [ -z "$(find root -not -type d)" ]
}

@test "x86_64-mayfly-elf-run ends with the program's status, or with 124 when it takes too long" {
    printf '#include <stdlib.h>\n#include <unistd.h>\nint main(int n, char **v) { return n > 1 ? atoi(v[1]) : pause(); }\n' >a.c
    x86_64-mayfly-elf-gcc a.c -o a
    run x86_64-mayfly-elf-run a 5
    [ "$status" -eq 5 ]
    MAYFLY_RUN_TIMEOUT=1 run x86_64-mayfly-elf-run a
    [ "$status" -eq 124 ]
}

@test "every part that mayfly looks for is installed" {
    parts=$(grep -oh 'place_boot_file("[^"]*' "$TOP"/build-tool/*.c | cut -d '"' -f 2 | sort -u)
    [ "$(wc -w <<<"$parts")" -ge 4 ]
    for part in $parts; do
        [ -s "$PREFIX/lib/mayfly/$part" ]
    done
}

@test "an installed Mayfly gives the same bytes as the one in the build folder" {
    mayfly new same
    (cd same && "$B/bin/mayfly" build -o ../one.img)
    (cd same && "$PREFIX/bin/mayfly" build -o ../two.img)
    cmp one.img two.img
    cmp one.img.debug two.img.debug
}

@test "man pages are made from the help, and are correct" {
    for command in $(mayfly --manual list); do
        page=$PREFIX/share/man/man1/$command.1
        run env LC_ALL=C.UTF-8 MANROFFSEQ= MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 "$page"
        [ "$status" -eq 0 ]
        [[ "$output" != *warning* ]]
    done
    run env LC_ALL=C MANWIDTH=1000 man -l "$PREFIX/share/man/man1/mayfly-run.1"
    [[ "$output" == *"$(mayfly run --help | sed -n 's/.*--uefi  *\(boot by UEFI\).*/\1/p')"* ]]
}

@test "bash completes commands, options and files" {
    complete_words() {
        bash -c '. "$1/share/bash-completion/completions/mayfly"; shift
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _mayfly; echo "${COMPREPLY[*]}"' bash "$PREFIX" "$@"
    }
    [ "$(complete_words mayfly ins)" = inspect ]
    [ "$(complete_words mayfly run --ue)" = --uefi ]
    touch some.img
    [ "$(complete_words mayfly inspect so)" = some.img ]
}

# ---- the compiler ----------------------------------------------------------------------------------

@test "a function that Mayfly lacks is an error of the linker that names it" {
    echo 'int inotify_init(void); int main(void) { return inotify_init(); }' >a.c
    run x86_64-mayfly-elf-gcc a.c -o a
    [ "$status" -ne 0 ]
    [[ "$output" == *"undefined reference to \`inotify_init'"* ]]
}

@test "without gcc the tools say what to install" {
    mkdir tools
    ln -s /usr/bin/readlink tools/readlink
    PATH=$PWD/tools run "$PREFIX/bin/x86_64-mayfly-elf-gcc" --version
    [ "$status" -eq 127 ]
    [ "$output" = "x86_64-mayfly-elf-gcc: gcc is missing: sudo apt install gcc" ]
    PATH=$PWD/tools run "$PREFIX/bin/x86_64-mayfly-elf-objdump" --version
    [ "$status" -eq 127 ]
    [[ "$output" == *"objdump is missing: sudo apt install"* ]]
}

@test "C++ and shared libraries are refused by name" {
    echo 'int f() { return 1; }' >a.cc
    cp a.cc a.c
    run x86_64-mayfly-elf-g++ -c a.cc
    [ "$status" -eq 1 ]
    [[ "$output" == *"there is no C++ for Mayfly"* ]]
    run x86_64-mayfly-elf-gcc -shared a.c -o a.so
    [ "$status" -ne 0 ]
    [[ "$output" == *"shared libraries do not exist on Mayfly"* ]]
}

@test "headers and libraries of the host are not found, whatever the environment says" {
    echo '#include <sodium.h>' >a.c
    CPATH=/usr/include run x86_64-mayfly-elf-gcc -c a.c
    [ "$status" -ne 0 ]
    echo 'int main(void) { return 0; }' >b.c
    LIBRARY_PATH=/usr/lib/x86_64-linux-gnu run x86_64-mayfly-elf-gcc b.c -lsodium -o b
    [ "$status" -ne 0 ]
    [[ "$output" == *"cannot find -lsodium"* ]]
    run x86_64-mayfly-elf-pkg-config --exists libsodium
    [ "$status" -ne 0 ]
}

@test "a header that a project puts before ours, as gnulib does, may ask for others" {
    mkdir -p lib/sys
    printf '#include <sys/types.h>\n#include <sys/time.h>\n#include_next <sys/select.h>\n#include <signal.h>\n' >lib/sys/select.h
    echo 'int main(void) { fd_set s; FD_ZERO(&s); return (int)sizeof(pid_t) - 4; }' >main.c
    for header in stdlib.h unistd.h sys/types.h sys/time.h signal.h; do
        x86_64-mayfly-elf-gcc -D_GNU_SOURCE -Ilib -include "$header" -include sys/types.h main.c -o program
    done
}

@test "pkg-config finds the SDK's libraries and those of PKG_CONFIG_PATH, where they lie now" {
    mkdir -p "$PREFIX/lib/mayfly/sdk/lib/pkgconfig" mine/lib/pkgconfig
    printf 'prefix=/gone\nlibdir=${prefix}/lib\nName: a\nVersion: 1\nDescription: a\nLibs: -L${libdir} -la\nLibs.private: -lm\n' \
        >"$PREFIX/lib/mayfly/sdk/lib/pkgconfig/a.pc"
    sed s/-la/-lb/ "$PREFIX/lib/mayfly/sdk/lib/pkgconfig/a.pc" >mine/lib/pkgconfig/b.pc
    run x86_64-mayfly-elf-pkg-config --libs a
    [[ "$output" == *"moved"*"sdk/lib -la -lm"* ]]
    PKG_CONFIG_PATH=$PWD/mine/lib/pkgconfig run x86_64-mayfly-elf-pkg-config --libs b
    [[ "$output" == *"mine/lib -lb -lm"* ]]
}

# ---- build systems ---------------------------------------------------------------------------------

ANSWERS='epoll_create1 getaddrinfo sqrt sys/epoll.h'

@test "configure finds what there is, and nothing else" {
    dir=$(source_of autoconf)
    cp "$sources/hello/build-aux/"{config.sub,config.guess,install-sh} "$dir"
    (cd "$dir" && autoheader && autoconf)
    mkdir build && cd build
    x86_64-mayfly-elf-configure "--source=$dir" >log
    grep -q 'define HAVE_MALLOC 1' config.h
    grep -q 'library containing pthread_create... none required' log
    make >>log
    run --separate-stderr mayfly run --timeout 60 sample
    [ "$output" = "autoconf: $ANSWERS" ]
}

@test "CMake finds what there is, and runs the project's tests as guests" {
    dir=$(source_of cmake)
    cmake -S "$dir" -B build "-DCMAKE_TOOLCHAIN_FILE=$share/mayfly.cmake" >log
    cmake --build build >>log
    run --separate-stderr mayfly run --timeout 60 build/sample
    [ "$output" = "cmake: $ANSWERS" ]
    (cd build && ctest) | grep -q '100% tests passed'
    DESTDIR=$PWD/root cmake --install build --prefix /usr >>log
    [ -f root/usr/lib/libpart.a ]
}

@test "CMake says that there is no C++ when a project has a file of it" {
    dir=$(source_of cmake)
    mv "$dir/part.c" "$dir/part.cpp"
    sed -i s/part.c/part.cpp/ "$dir/CMakeLists.txt"
    cmake -S "$dir" -B build "-DCMAKE_TOOLCHAIN_FILE=$share/mayfly.cmake" >log
    run cmake --build build
    [ "$status" -ne 0 ]
    [[ "$output" == *"there is no C++ for Mayfly"* ]]
}

@test "Meson finds what there is, and runs the project's tests as guests" {
    dir=$(source_of meson)
    XDG_DATA_DIRS=$PREFIX/share meson setup --cross-file x86_64-mayfly-elf --cross-file x86_64-mayfly-elf-run build "$dir" >log
    ninja -C build >>log
    run --separate-stderr mayfly run --timeout 60 build/sample
    [ "$output" = "meson: $ANSWERS" ]
    meson test -C build | grep -q 'Ok: *1'
}

@test "config.sub of 2014 and of today know the name of our machine" {
    for script in "$sources/hello/build-aux/config.sub" "$sources/newlib/config.sub" /usr/share/autoconf/build-aux/config.sub; do
        [ "$(sh "$script" x86_64-mayfly-elf)" = x86_64-mayfly-elf ]
    done
}

@test "GNU hello, with a configure script of 2014, builds and runs unchanged" {
    cp -a "$sources/hello" hello
    cd hello
    x86_64-mayfly-elf-configure --quiet --disable-nls
    make >log 2>&1
    run --separate-stderr mayfly run --timeout 60 hello --greeting='Hello, guest!'
    [ "$status" -eq 0 ]
    [ "$output" = "Hello, guest!" ]
    run --separate-stderr mayfly run --timeout 60 hello --traditional
    [ "$output" = "hello, world" ]
    mayfly pack hello -o hello.img
    mayfly inspect hello.img | grep -q ' are in it'
}
