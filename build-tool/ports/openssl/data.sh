# SPDX-License-Identifier: Apache-2.0
# data.sh PROGRAM FOLDER ARGUMENT...: a test program with all files of its folder in test/recipes, some at a time: its
# recipe there gives them one by one.
program=$1
folder=$WORK/source/test/recipes/$2
shift 2
find "$folder" -name '*.txt' -printf '/data/%f\n' | sort |
    xargs -n 8 "$MAYFLY" run --timeout 300 "$WORK/images/$program.img" "$@"
