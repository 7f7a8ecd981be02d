# Sourced: the directory of the guest tool chain, GUEST_TOOLCHAIN or one below the user's cache.
export GUEST_TOOLCHAIN=${GUEST_TOOLCHAIN:-${XDG_CACHE_HOME:-$HOME/.cache}/warren/guest-toolchain}
