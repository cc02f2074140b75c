# SPDX-License-Identifier: Apache-2.0
# A subscriber and publishers, guests themselves, with the broker: with all three qualities of service, and a retained message.
set -eu
guest() { program=$1 && shift && "$MAYFLY" run --timeout 60 "images/$program.img" -h 10.0.2.2 -p "$PORT" "$@"; }
guest mosquitto_pub -t room/kept -m first -r
guest mosquitto_sub -t 'room/#' -q 2 -C 4 -v >messages.log &
subscriber=$!
while ! grep -q first messages.log; do sleep 0.1; done
for quality in 0 1 2; do guest mosquitto_pub -t "room/$quality" -m "message $quality" -q "$quality"; done
wait "$subscriber"
printf 'room/kept first\nroom/0 message 0\nroom/1 message 1\nroom/2 message 2\n' | cmp - messages.log
