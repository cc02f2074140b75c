# SPDX-License-Identifier: Apache-2.0
# Saving in the background, by children that fork() makes: this server's own files have it afterwards, and
# load. The second time with an append-only file, and clients that write meanwhile.
set -e
ask() {
    redis-cli -p "$PORT" "$@"
}
# expect TEXT COMMAND...: its answer is TEXT
expect() {
    want=$1
    shift
    have=$(ask "$@")
    [ "$have" = "$want" ] || { echo "$*: '$have' instead of '$want'"; exit 1; }
}
# state LINE: a line of INFO persistence
state() {
    ask INFO persistence | tr -d '\r' | grep -qx "$1"
}
# soon LINE: it is there within a minute
soon() {
    i=0
    until state "$1"; do
        i=$((i + 1))
        [ $i -lt 300 ] || { echo "no $1"; ask INFO persistence; exit 1; }
        sleep 0.2
    done
}
# rewrite N: BGREWRITEAOF, the Nth
rewrite() {
    expect "Background append only file rewriting started" BGREWRITEAOF
    soon "aof_rewrites:$1"
    soon aof_rewrite_in_progress:0
    state aof_last_bgrewrite_status:ok
}
reload() {
    size=$(ask DBSIZE)
    expect OK DEBUG "$@"
    expect "$size" DBSIZE
    expect hello GET greeting
}
expect OK SET greeting hello
expect OK DEBUG POPULATE 20000 key 100
expect "Background saving started" BGSAVE
expect OK SET later 1
soon rdb_saves:1
soon rdb_bgsave_in_progress:0
state rdb_last_bgsave_status:ok
expect OK DEBUG RELOAD NOSAVE # what it was when it forked
expect "" GET later
expect 20001 DBSIZE
expect hello GET greeting

rewrite 1
expect OK CONFIG SET appendonly yes
soon aof_rewrites:2
soon aof_rewrite_in_progress:0
state aof_last_bgrewrite_status:ok
redis-benchmark -p "$PORT" -q -n 6000 -c 10 -r 1000000 -t set,lpush >/dev/null &
load=$!
rewrite 3
wait "$load"
reload LOADAOF
rewrite 4
reload LOADAOF
expect "Background saving started" BGSAVE
soon rdb_saves:2
soon rdb_bgsave_in_progress:0
reload RELOAD
