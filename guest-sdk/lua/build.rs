//! Builds Lua with `config/`, and LPeg, and lays out the module's memory.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miniz_oxide::deflate::compress_to_vec;

/// Bytes of the module's own stack, for C and Rust values whose address is
/// taken. Lua stops recursion through C at 200 levels (`LUAI_MAXCCALLS`); the
/// most expensive of them, a buffer of `string.gsub` or `string.format` with
/// what lies between two such calls, takes under 2 KiB. It comes first in
/// memory, so that an overflow traps instead of overwriting data.
const STACK_SIZE: usize = 512 * 1024;

/// The version of Lua, as a directory of `lua-src`.
const LUA: &str = "lua-5.4.9";

/// The files of LPeg, without what their names have in common.
const LPEG: [&str; 5] = ["cap", "code", "print", "tree", "vm"];

/// Changes to Lua's sources: file, text that is there once, text in its place.
///
/// The first three: Lua casts its integers of 64 bits to `size_t`, which has 32 here: a
/// position or length of 2^32 + 1 would be 1.
const PATCHES: [(&str, &str, &str); 19] = [
    // Positions beyond the end are alike, as long as they are beyond the one after it.
    (
        "lstrlib.c",
        "  if (pos > 0)\n    return (size_t)pos;\n  else if (pos == 0)\n    return 1;",
        "  if (pos > (lua_Integer)len + 1)\n    return len + 2;\n  else if (pos > 0)\n    \
         return (size_t)pos;\n  else if (pos == 0)\n    return 1;",
    ),
    (
        "lstrlib.c",
        "size_t len = (size_t)unpackint(L, data + pos, h.islittle, size, 0);",
        "lua_Unsigned len = (lua_Unsigned)unpackint(L, data + pos, h.islittle, size, 0);",
    ),
    (
        "liolib.c",
        "size_t l = (size_t)luaL_checkinteger(L, n);",
        "lua_Unsigned l = (lua_Unsigned)luaL_checkinteger(L, n);",
    ),
    // The replacement of `string.gsub` may be a structured error.
    (
        "lstrlib.c",
        "int tr = lua_type(L, 3);  /* replacement type */",
        "int tr = (warren_astext(L, 3), lua_type(L, 3));",
    ),
    // The message for a call of nil may end with a suggestion.
    (
        "ldebug.c",
        "  typeerror(L, o, \"call\", extra);\n",
        "  if (kind != NULL && ttisnil(o)) {
    extra = warren_extra(L, name, extra);
    o = &G(L)->nilvalue;  /* the stack may have moved */
  }
  typeerror(L, o, \"call\", extra);
",
    ),
    // A mistake in a call of the runtime's own Lua, which is stripped, is one of its caller.
    (
        "ldebug.c",
        "  if (isLua(ci)) {  /* if Lua function, add source:line information */
",
        "  if (isLua(ci) && ci_func(ci)->p->lineinfo == NULL) do {
    ci = ci->previous;
  } while (ci != NULL && !(isLua(ci) && ci_func(ci)->p->lineinfo != NULL));
  if (ci != NULL && isLua(ci)) {  /* if Lua function, add source:line information */
",
    ),
    // Memory for as many bytes as come, not for as many as are asked for.
    (
        "liolib.c",
        "static int read_chars (lua_State *L, FILE *f, size_t n) {
  size_t nr;  /* number of chars actually read */
  char *p;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  p = luaL_prepbuffsize(&b, n);  /* prepare buffer to read whole block */
  nr = fread(p, sizeof(char), n, f);  /* try to read 'n' chars */
  luaL_addsize(&b, nr);
  luaL_pushresult(&b);  /* close buffer */
  return (nr > 0);  /* true iff read something */
",
        "static int read_chars (lua_State *L, FILE *f, lua_Unsigned n) {
  size_t nr, block;
  int some;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  do {
    block = luaL_bufflen(&b) > READ_BLOCK ? luaL_bufflen(&b) : READ_BLOCK;
    if (block > n) block = (size_t)n;
    nr = fread(luaL_prepbuffsize(&b, block), sizeof(char), block, f);
    luaL_addsize(&b, nr);
    n -= nr;
  } while (n > 0 && nr == block);
  some = luaL_bufflen(&b) > 0;
  luaL_pushresult(&b);
  return some;
",
    ),
    (
        "lstring.c",
        "  unsigned int h = seed ^ cast_uint(l);
  for (; l > 0; l--)
    h ^= ((h<<5) + (h>>2) + cast_byte(str[l - 1]));
  return h;
",
        "  return warren_hash(str, l, seed);
",
    ),
    // A table of 512 places lies on the hot page (`allocator/layout.rs`), one of 1,024 does
    // not fit there: every process would have two pages more. So it is let fill up.
    (
        "lstring.c",
        "  if (tb->nuse >= tb->size) {",
        "  if (tb->nuse >= tb->size && (tb->size != 512 || tb->nuse >= 1024)) {",
    ),
    // The tables of modules are read-only: see `config/readonly.h`.
    (
        "ltable.c",
        "  Node *mp;
  TValue aux;
  if (l_unlikely(ttisnil(key)))
",
        "  Node *mp;
  TValue aux;
  if (is_readonly(t))
    warren_readonly(L);
  if (l_unlikely(ttisnil(key)))
",
    ),
    (
        "ltable.c",
        "    luaH_newkey(L, t, key, value);
  else
    setobj2t(L, cast(TValue *, slot), value);
",
        "    luaH_newkey(L, t, key, value);
  else if (is_readonly(t))
    warren_readonly(L);
  else
    setobj2t(L, cast(TValue *, slot), value);
",
    ),
    (
        "lbaselib.c",
        "    return luaL_error(L, \"cannot change a protected metatable\");
",
        "    return luaL_error(L, \"cannot change a protected metatable\");
  warren_check_writable(L, 1);
",
    ),
    // `%q` takes a structured error for its text, as `%s` does.
    (
        "lstrlib.c",
        "          addliteral(L, &b, arg);
",
        "          warren_astext(L, arg);
          addliteral(L, &b, arg);
",
    ),
    // `config/lines.h` has another.
    (
        "liolib.c",
        "static int read_line (lua_State *L, FILE *f, int chop) {
  luaL_Buffer b;
  int c;
  luaL_buffinit(L, &b);
  do {  /* may need to read several chunks to get whole line */
    char *buff = luaL_prepbuffer(&b);  /* preallocate buffer space */
    int i = 0;
    l_lockfile(f);  /* no memory errors can happen inside the lock */
    while (i < LUAL_BUFFERSIZE && (c = l_getc(f)) != EOF && c != '\\n')
      buff[i++] = c;  /* read up to end of line or buffer limit */
    l_unlockfile(f);
    luaL_addsize(&b, i);
  } while (c != EOF && c != '\\n');  /* repeat until end of line */
  if (!chop && c == '\\n')  /* want a newline and have one? */
    luaL_addchar(&b, c);  /* add ending newline to result */
  luaL_pushresult(&b);  /* close buffer */
  /* return ok if read something (either a newline or something else) */
  return (c == '\\n' || lua_rawlen(L, -1) > 0);
}
",
        "",
    ),
    // `g_read` takes the stream: reading a line needs more than its file.
    (
        "liolib.c",
        "static int g_read (lua_State *L, FILE *f, int first) {
",
        "static int g_read (lua_State *L, LStream *stream, int first) {
  FILE *f = stream->f;
",
    ),
    (
        "liolib.c",
        "  return g_read(L, getiofile(L, IO_INPUT), 1);",
        "  getiofile(L, IO_INPUT);
  return g_read(L, (LStream *)lua_touserdata(L, -1), 1);",
    ),
    (
        "liolib.c",
        "  return g_read(L, tofile(L), 2);",
        "  tofile(L);
  return g_read(L, tolstream(L), 2);",
    ),
    (
        "liolib.c",
        "  n = g_read(L, p->f, 2);",
        "  n = g_read(L, p, 2);",
    ),
    // Most lines need no more than this.
    (
        "liolib.c",
        "  lua_settop(L , 1);
  luaL_checkstack(L, n, \"too many arguments\");",
        "  if (n == 0 && line_ahead(L, p->f, 1)) return 1;
  lua_settop(L , 1);
  luaL_checkstack(L, n, \"too many arguments\");",
    ),
];

fn main() {
    for file in [
        "warren.h",
        "lua.c",
        "files.h",
        "hash.h",
        "lines.h",
        "readonly.h",
        "debug.c",
        "text.h",
        "lfs.c",
        "stdio.c",
        "internals.c",
        "suggest.c",
    ] {
        println!("cargo::rerun-if-changed=config/{file}");
    }
    for part in LPEG {
        println!("cargo::rerun-if-changed=third-party/lpeg/lp{part}.c");
        println!("cargo::rerun-if-changed=third-party/lpeg/lp{part}.h");
    }
    println!("cargo::rerun-if-changed=third-party/lpeg/lptypes.h");
    println!("cargo::rerun-if-changed=build.rs");
    for directory in ["library", "prelude"] {
        pack(Path::new(directory));
    }

    let wasm = variable("CARGO_CFG_TARGET_FAMILY") == "wasm";
    let sources = sources_of_lua();
    let mut lua = c();
    lua.file("config/lua.c")
        .include(patched(&sources))
        .include(&sources);
    if wasm {
        // WebAssembly has no computed goto: the table of labels would become one of
        // numbers, looked up before the switch that is made of them.
        lua.define("LUA_USE_JUMPTABLE", "0");
        // As lua-src does for this target: setjmp by exceptions, and as
        // much of signals as Lua needs to compile.
        lua.define("LUA_USE_POSIX", None)
            .define("_WASI_EMULATED_SIGNAL", None);
        for option in [
            "-wasm-enable-eh",
            "-wasm-use-legacy-eh=false",
            "-wasm-enable-sjlj",
        ] {
            lua.flag("-mllvm").flag(option);
        }
        println!("cargo::rustc-link-lib=wasi-emulated-signal");
        println!("cargo::rustc-link-lib=setjmp");
    } else {
        lua.define("LUA_USE_LINUX", None);
        // Tests check what `State` in src/lua/state.rs promises to Lua.
        lua.define("LUA_USE_APICHECK", None);
    }
    lua.compile("lua5.4");

    c().files(LPEG.map(|part| format!("third-party/lpeg/lp{part}.c")))
        .include(&sources)
        .define("NDEBUG", None)
        // A match in a function that another match calls takes less than 2 KiB then.
        .define("INITBACK", "100")
        .compile("lpeg");

    if wasm {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK_SIZE}");
        println!("cargo::rustc-link-arg-cdylib=--stack-first");
    }
}

/// A build of C for Lua's API.
fn c() -> cc::Build {
    let mut build = cc::Build::new();
    build
        .warnings(false)
        .flag_if_supported("-fno-common")
        .define("LUA_COMPAT_5_3", None);
    if variable("CARGO_CFG_TARGET_FAMILY") == "wasm" {
        // As .cargo/config.toml has it for Rust, and says why.
        build.flag("-mno-bulk-memory");
    }
    build
}

/// The directory of Lua's sources in the package `lua-src`, which has no
/// function that says so.
fn sources_of_lua() -> PathBuf {
    let metadata = Command::new(variable("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .args(["--filter-platform", &variable("TARGET")])
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("cargo metadata: {error}"));
    let metadata = String::from_utf8_lossy(&metadata.stdout);
    metadata
        .split(r#""manifest_path":""#)
        .filter_map(|rest| rest.split('"').next())
        .filter_map(|manifest| Path::new(manifest).parent())
        .find(|package| {
            let name = package.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("lua-src")
        })
        .unwrap_or_else(|| panic!("cargo metadata knows no package lua-src"))
        .join(LUA)
}

/// Writes the files of [`PATCHES`] with the changes, and returns their directory.
fn patched(sources: &Path) -> PathBuf {
    let directory = PathBuf::from(variable("OUT_DIR")).join("patched");
    let read = |path: &Path| {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    fs::create_dir_all(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for file in [
        "lbaselib.c",
        "ldebug.c",
        "lstrlib.c",
        "liolib.c",
        "lstring.c",
        "ltable.c",
    ] {
        let mut text = read(&sources.join(file));
        for (_, from, to) in PATCHES.iter().filter(|(patched, ..)| *patched == file) {
            assert_eq!(text.matches(from).count(), 1, "in {file}, once: {from}");
            text = text.replace(from, to);
        }
        let path = directory.join(file);
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    directory
}

/// Packs the Lua sources in a directory below `src`, for `src/compact.rs`: beside the packed
/// source lies an expression in Rust that has it.
fn pack(directory: &Path) {
    let to = PathBuf::from(variable("OUT_DIR"))
        .join("compact")
        .join(directory);
    let failed = |path: &Path, error: io::Error| -> ! { panic!("{}: {error}", path.display()) };
    fs::create_dir_all(&to).unwrap_or_else(|error| failed(&to, error));
    let from = Path::new("src").join(directory);
    let entries = fs::read_dir(&from).unwrap_or_else(|error| failed(&from, error));
    for entry in entries {
        let path = entry.unwrap_or_else(|error| failed(&from, error)).path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            pack(&directory.join(name));
            continue;
        }
        // A file that is new is noticed by the source that names it.
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path).unwrap_or_else(|error| failed(&path, error));
        let code = code_of(&text);
        let packed = compress_to_vec(code.as_bytes(), 10);
        let name = name.to_string_lossy();
        let expression = format!(
            "crate::compact::Compact {{ len: {}, packed: include_bytes!(\"{name}.packed\") }}",
            code.len()
        );
        for (extension, content) in [("packed", &packed[..]), ("rs", expression.as_bytes())] {
            let path = to.join(format!("{name}.{extension}"));
            fs::write(&path, content).unwrap_or_else(|error| failed(&path, error));
        }
    }
}

/// Returns a Lua source without comments in lines of their own, indentation and empty lines.
fn code_of(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start_matches(' '));
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("--"));
    code.flat_map(|line| [line, "\n"]).collect()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
