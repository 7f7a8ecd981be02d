#!/usr/bin/env bash
# Runs cargo with the guest tool chain that setup.sh installed:
#
#   guest-sdk/toolchain/cargo.sh build --release --target wasm32-wasip1
#
#   GUEST_TOOLCHAIN   where the tool chain is (default: see default-prefix.sh)
#
# Its sources, its lock file and these scripts alone decide the bytes of a module:
# flags from the caller's environment are dropped.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/default-prefix.sh"
[ -e "$GUEST_TOOLCHAIN/versions.toml" ] || {
  echo "no guest tool chain in $GUEST_TOOLCHAIN: run $here/setup.sh" >&2
  exit 1
}

unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL RUSTC_WORKSPACE_WRAPPER RUSTC_BOOTSTRAP \
  CPATH C_INCLUDE_PATH CRATE_CC_NO_DEFAULTS SOURCE_DATE_EPOCH \
  ${!CC*} ${!CXX*} ${!CFLAGS*} ${!CXXFLAGS*} ${!AR*} ${!TARGET_*} ${!LUA_*} \
  ${!CARGO_BUILD_*} ${!CARGO_PROFILE_*} ${!CARGO_TARGET_*}
export GUEST_TOOLCHAIN RUSTC_WRAPPER=$here/rustc.sh
for target in wasm32_wasip1 wasm32_wasip2 wasm32_unknown_unknown; do
  export "CC_$target=$here/clang.sh" "AR_$target=ar"
done
exec cargo "$@"
