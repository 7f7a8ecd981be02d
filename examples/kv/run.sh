#!/bin/sh
# Runs the example: a server of NATS and three nodes on this machine. Kills node c, starts it
# again, and then kills node b.
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
# Node c is a child of the loop below once it has started again, which keeps its number there.
trap 'kill $nats $b $c $(cat "$files/c" 2>/dev/null) 2>/dev/null; rm -rf "$files"' EXIT
until grep -q "Server is ready" "$files/log"; do sleep 0.1; done

"$warren" run --cluster "$url" --node b "$here" serve &
b=$!
"$warren" run --cluster "$url" --node c "$here" serve &
c=$!
phase=0
"$warren" run --cluster "$url" --node a "$here" check 3 2 3 2 | while read -r line; do
  echo "$line"
  phase=$((phase + 1))
  case $phase in
    1)
      kill -9 "$c"
      echo "node c is killed"
      ;;
    2)
      "$warren" run --cluster "$url" --node c "$here" serve &
      echo $! >"$files/c"
      ;;
    3)
      kill -9 "$b"
      echo "node b is killed"
      ;;
  esac
done
