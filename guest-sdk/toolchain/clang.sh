#!/usr/bin/env bash
# The C compiler of guests: clang with wasi-libc, and no path of this machine in what it writes.
set -euo pipefail
: "${GUEST_TOOLCHAIN:?run cargo through cargo.sh}"

cargo_home=${CARGO_HOME:-$HOME/.cargo}
args=("--sysroot=$GUEST_TOOLCHAIN/wasi-sysroot" "-ffile-prefix-map=$GUEST_TOOLCHAIN=/toolchain")
args+=("-ffile-prefix-map=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)=/guest-sdk")
for crates in "$cargo_home"/registry/src/*/; do
  args+=("-ffile-prefix-map=${crates%/}=/crates")
done
exec "$GUEST_TOOLCHAIN/bin/clang" "${args[@]}" "$@"
