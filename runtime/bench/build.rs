//! Builds Lua for this machine, from the guest's own sources.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    lua_src::Build::new()
        .build(lua_src::Lua54)
        .print_cargo_metadata();
}
