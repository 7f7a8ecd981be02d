#!/bin/sh
# Runs the example: a server of NATS and three nodes on this machine. Kills node c once a
# quarter of the text is counted.
set -eu
here=$(dirname "$0")
files=$(mktemp -d)
port=${PORT:-4222}
url=nats://127.0.0.1:$port
warren=${WARREN:-warren}

nats-server --jetstream --addr 127.0.0.1 --port "$port" --store_dir "$files" >"$files/log" 2>&1 &
nats=$!
b=
c=
trap 'kill $nats $b $c 2>/dev/null; rm -rf "$files"' EXIT
until grep -q "Server is ready" "$files/log"; do sleep 0.1; done

"$warren" run --cluster "$url" --node b "$here" serve &
b=$!
"$warren" run --cluster "$url" --node c "$here" serve &
c=$!
"$warren" run --cluster "$url" --node a "$here" count 3 400 | while read -r line; do
  echo "$line"
  if [ "$line" = "a quarter is counted" ]; then
    kill -9 "$c"
    echo "node c is killed"
  fi
done
