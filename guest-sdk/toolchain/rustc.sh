#!/usr/bin/env bash
# cargo's RUSTC_WRAPPER for guests: adds every flag that depends on where things lie on this machine.
#
# cargo hashes the flags it knows of, and the place of a path dependency, into the symbols of a
# crate, and their order decides the bytes of the module. Flags given here stay out of its sight.
set -euo pipefail
: "${GUEST_TOOLCHAIN:?run cargo through cargo.sh}"
rustc=$1
shift

guest_sdk=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cargo_home=${CARGO_HOME:-$HOME/.cargo}
# cargo's own hash of a package has the place of its directory in it, unless it is from a registry.
metadata=
case ${CARGO_MANIFEST_DIR:-} in
  "$guest_sdk"/* | "$GUEST_TOOLCHAIN"/std/*) metadata=$CARGO_PKG_NAME-$CARGO_PKG_VERSION ;;
esac
target='' out_dir='' previous='' args=()
for arg; do
  case $previous in
    --target) target=$arg ;;
    --out-dir) out_dir=$arg ;;
    -C) [[ -z $metadata || $arg != metadata=* ]] || arg=metadata=$metadata ;;
  esac
  args+=("$arg")
  previous=$arg
done
# Build scripts and procedural macros run on this machine and leave no trace in a module.
[[ $target == wasm32-* ]] || exec "$rustc" "$@"

args+=("--remap-path-prefix=$guest_sdk=/guest-sdk" "--remap-path-prefix=$GUEST_TOOLCHAIN/std/library=/rustc/library")
[[ -z $out_dir ]] || args+=("--remap-path-prefix=${out_dir%%/"$target"/*}=/target")
for crates in "$cargo_home"/registry/src/*/; do
  args+=("--remap-path-prefix=${crates%/}=/crates")
done
# Absent while the standard library itself is built, and where rustup has it.
[[ ! -d $GUEST_TOOLCHAIN/sysroot/lib/rustlib/$target ]] || args+=("--sysroot=$GUEST_TOOLCHAIN/sysroot")
exec "$rustc" "${args[@]}"
