# SPDX-License-Identifier: Apache-2.0
# Redis' own client against the guest at port PORT.
set -e
ask() {
    redis-cli -p "$PORT" "$@"
}
expect() {
    want=$1
    shift
    have=$(ask "$@")
    [ "$have" = "$want" ] || { echo "$*: '$have' instead of '$want'"; exit 1; }
}
expect PONG PING
expect OK SET greeting hello
expect hello GET greeting
expect 3 RPUSH list a b c
expect b LINDEX list 1
expect 2 ZADD scores 1 one 2 two
expect two ZRANGE scores 1 1
expect 1 HSET hash field value
expect 5.5 INCRBYFLOAT number 5.5
expect 42 EVAL "return redis.call('INCRBY', KEYS[1], 42)" 1 counter
expect 1 EXPIRE greeting 100
[ "$(ask TTL greeting)" -gt 90 ]
ask INFO server | grep -q '^redis_version:7.0.15'

# Saving in the background: a copy of the guest by fork() writes the file, this one serves on.
expect "Background saving started" BGSAVE
expect PONG PING
for i in 1 2 3 4 5 6 7 8 9 10; do
    ask INFO persistence | grep -q '^rdb_saves:1' && break
    sleep 1
done
ask INFO persistence | tr -d '\r' | grep -qx 'rdb_last_bgsave_status:ok'
ask INFO persistence | tr -d '\r' | grep -qx 'rdb_saves:1'
expect hello GET greeting
