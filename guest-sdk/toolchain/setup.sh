#!/usr/bin/env bash
# Installs the tool chain that builds guests: Rust's standard library for wasm32-*, clang, and a
# wasi-libc with setjmp. `cargo xtask guests` runs it where it is missing. The Rust toolchain in
# use stays as it is; as root, apt-get installs clang; all else goes below one directory.
#
#   GUEST_TOOLCHAIN   that directory (default: see default-prefix.sh)
#   TARGETS           the targets to have a standard library for (default: wasm32-wasip1)
#   STD_SRC           `library/` of the sources of exactly the rustc in use (default: Debian's)
#   WASI_SDK          a wasi-sdk of LLVM 20 or newer, to take clang and wasi-libc from it
#   DEB_MIRROR        a Debian archive (default: the one this machine's apt uses)
#
# The standard library is built from source even where `rustup target add` would do: then the same
# sources give the same module on every machine. Without apt, rustup is asked for it.
#
# Exit status: 0 done; 69 a part cannot be had here (the last line says which); else a step failed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/default-prefix.sh"
TARGETS=${TARGETS:-wasm32-wasip1}
prefix=$GUEST_TOOLCHAIN
llvm=22 # at least 20, for -wasm-use-legacy-eh=false

say() { echo "[guest tool chain $(date +%T)] $*"; }
unavailable() {
  echo "guest tool chain: $*" >&2
  exit 69
}
# One hash for the names and contents of all files below a directory.
tree_sha256() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1); }

rustc=$(rustc --print sysroot)/bin/rustc
cargo=$(dirname "$rustc")/cargo
release=$("$rustc" -vV | sed -n 's/^release: //p')
have_apt=
if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then have_apt=1; fi

mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)
exec 9> "$prefix/lock"
flock -n 9 || {
  say "waiting for another set-up of $prefix"
  flock 9
}
rm -f "$prefix/versions.toml"
work=$prefix/work
rm -rf "$work"
mkdir -p "$work/deb" "$prefix/bin"

# --- A view of newer Debian suites, for look-up and download: apt never installs from it.
open_newer_debian() {
  [ -z "${newer_debian:-}" ] || return 0
  # The list that apt would read, whether or not it has read it yet: 'MIRROR/dists/SUITE/InRelease' ...
  local mirror=${DEB_MIRROR:-}
  if [ -z "$mirror" ] && [ -n "$have_apt" ]; then
    mirror=$(apt-get --print-uris update |
      awk -F"'" '{split($2, part, "/dists/")} part[1] ~ /\/debian$/ && !found {print part[1]; found = 1}')
  fi
  [ -n "$mirror" ] || unavailable "no Debian archive among apt's sources; set DEB_MIRROR to one, or STD_SRC and WASI_SDK"
  say "reading the package lists of newer Debian suites"
  mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
  cat > "$work/apt/debian.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: trixie trixie-backports forky sid
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  cat > "$work/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$work/apt/debian.sources";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/apt/lists";
Dir::Cache "$work/apt/cache";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Sandbox::User "$(id -un)";
CONF
  newer apt-get -qq -o APT::Update::Error-Mode=any update || unavailable "$mirror has no newer Debian suites, or cannot be reached; set STD_SRC and WASI_SDK"
  newer_debian=1
}
newer() { APT_CONFIG="$work/apt/apt.conf" "$@"; }

# --- clang
if [ -n "${WASI_SDK:-}" ]; then
  clang_bin=$WASI_SDK/bin
else
  clang_bin=/usr/lib/llvm-$llvm/bin
  if [ ! -x "$clang_bin/clang" ] || [ ! -x "$clang_bin/wasm-ld" ]; then
    packages="clang-$llvm lld-$llvm libclang-rt-$llvm-dev-wasm32"
    [ -n "$have_apt" ] || unavailable "there is no clang-$llvm and no apt-get; set WASI_SDK"
    [ "$(id -u)" = 0 ] || unavailable "there is no clang-$llvm: run \`apt-get install $packages\` as root, or set WASI_SDK"
    say "installing $packages"
    apt-get -qq update
    # shellcheck disable=SC2086 # a list of words
    [ "$(apt-cache madison $packages | cut -d'|' -f1 | sort -u | wc -l)" = 3 ] ||
      unavailable "this Debian has no clang-$llvm; set WASI_SDK"
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $packages >"$work/apt-get.log" 2>&1 </dev/null ||
      { tail -n 30 "$work/apt-get.log" >&2; echo "\`apt-get install $packages\` failed" >&2; exit 1; }
  fi
fi
for tool in clang clang++ wasm-ld; do ln -sfn "$clang_bin/$tool" "$prefix/bin/$tool"; done
clang_version=$("$prefix/bin/clang" --version | head -n 1)

# --- wasi-libc: the first with libsetjmp is that of Debian 13. Unpacked, not installed.
rm -rf "$prefix/wasi-sysroot"
if [ -n "${WASI_SDK:-}" ]; then
  cp -r "$WASI_SDK/share/wasi-sysroot" "$prefix/wasi-sysroot"
  libc_version="$(basename "$WASI_SDK")"
else
  open_newer_debian
  say "unpacking wasi-libc"
  (cd "$work/deb" && newer apt-get -qq download wasi-libc/trixie)
  libc_version="wasi-libc $(dpkg-deb -f "$work"/deb/wasi-libc_*.deb Version)"
  dpkg-deb -x "$work"/deb/wasi-libc_*.deb "$work/wasi-libc"
  mv "$work/wasi-libc/usr" "$prefix/wasi-sysroot"
fi

# --- The sources of Rust's standard library, below the workspace that builds it: cargo then names
# its packages by relative paths, wherever this directory is.
rm -rf "$prefix/std" "$prefix/sysroot"
mkdir -p "$prefix/std/src"
std_version=
if [ -n "${STD_SRC:-}" ]; then
  cp -r "$STD_SRC" "$prefix/std/library"
  std_version="sources of $release"
elif [ -n "$have_apt" ]; then
  open_newer_debian
  # The package's version is that of the release; rust-web-src is what older Debian releases get.
  matching() { awk -F'|' -v release="$release+" '{gsub(/ /, "", $2)} !found && index($2, release) == 1 {print $2; found = 1}'; }
  (
    cd "$work/deb"
    version=$(newer apt-cache madison rust-src | matching)
    if [ -n "$version" ]; then
      newer apt-get -qq download "rust-src=$version"
    else
      version=$(apt-cache madison rust-web-src | matching)
      [ -z "$version" ] || apt-get -qq download "rust-web-src=$version"
    fi
  )
  package=$(find "$work/deb" -name 'rust-*src_*.deb')
  if [ -n "$package" ]; then
    std_version="$(dpkg-deb -f "$package" Package) $(dpkg-deb -f "$package" Version)"
    say "unpacking $std_version"
    dpkg-deb --fsys-tarfile "$package" | tar -C "$prefix/std" --strip-components=4 --wildcards -xf - "./usr/src/rustc-$release/library/*"
  fi
fi

# --- The standard library: no unwinding; with bitcode, so that guests can be optimised as a whole.
if [ -d "$prefix/std/library" ]; then
  std_sha256=$(tree_sha256 "$prefix/std/library")
  echo '#![no_std]' > "$prefix/std/src/lib.rs"
  printf '%s\n' '[package]' 'name = "std-build"' 'version = "0.0.0"' 'edition = "2024"' '[workspace]' \
    '[profile.release]' 'opt-level = 3' 'codegen-units = 1' > "$prefix/std/Cargo.toml"
  for target in $TARGETS; do
    say "building the standard library for $target (about a minute)"
    env -u CARGO_ENCODED_RUSTFLAGS GUEST_TOOLCHAIN="$prefix" RUSTC="$rustc" RUSTC_WRAPPER="$here/rustc.sh" \
      RUSTFLAGS=-Cembed-bitcode=yes RUSTC_BOOTSTRAP=1 __CARGO_TESTS_ONLY_SRC_ROOT="$prefix/std/library" \
      "$cargo" build --quiet --release --manifest-path "$prefix/std/Cargo.toml" --target-dir "$prefix/std/target" \
      -Zbuild-std=core,alloc,std,panic_abort,proc_macro,test --target "$target"
    lib=$work/sysroot/lib/rustlib/$target/lib
    mkdir -p "$lib/self-contained"
    cp "$prefix/std/target/$target"/release/deps/*.rlib "$lib/"
    rm -f "$lib"/libstd_build*.rlib
    case $target in
      wasm32-wasip1) libc=wasm32-wasi ;;
      wasm32-wasip2) libc=wasm32-wasip2 ;;
      *) libc= ;;
    esac
    # A wasi-sdk names the directory after the target, Debian after the older name.
    [ ! -d "$prefix/wasi-sysroot/lib/$target" ] || libc=$target
    [ -z "$libc" ] || cp "$prefix/wasi-sysroot/lib/$libc"/{crt1-command.o,crt1-reactor.o,libc.a,libsetjmp.a,libwasi-emulated-*.a} "$lib/self-contained/"
  done
  mv "$work/sysroot" "$prefix/sysroot"
  rm -rf "$prefix/std/target"
elif command -v rustup >/dev/null; then
  say "no sources of rustc $release in Debian: asking rustup for the standard library"
  # shellcheck disable=SC2086
  rustup target add $TARGETS || unavailable "neither Debian nor rustup has a standard library for rustc $release; set STD_SRC"
  std_version="rustup $release"
  std_sha256=
else
  unavailable "Debian has no rust-src $release; set STD_SRC"
fi

rm -rf "$work"
cat > "$prefix/versions.toml.new" <<VERSIONS
rustc = "$("$rustc" -V), $("$rustc" -vV | sed -n 's/^host: //p')"
std = "$std_version"
std-sha256 = "$std_sha256"
clang = "$clang_version"
wasi-libc = "$libc_version"
wasi-libc-sha256 = "$(tree_sha256 "$prefix/wasi-sysroot")"
VERSIONS
mv "$prefix/versions.toml.new" "$prefix/versions.toml"
say "done, in $prefix"
