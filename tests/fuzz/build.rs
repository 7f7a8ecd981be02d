//! Compiles the C SDK for this machine: its decoder reads untrusted bytes.

fn main() {
    let sdk = "../../guest-sdk/c";
    println!("cargo::rerun-if-changed={sdk}");
    println!("cargo::rerun-if-changed=src/c");
    cc::Build::new()
        .include(sdk)
        .include(format!("{sdk}/third-party"))
        .file(format!("{sdk}/warren.c"))
        .file("src/c/imports.c")
        .file("src/c/decode.c")
        .flag_if_supported("-Wno-attributes")
        // The SDK defines the failure function of wasi-libc's assert, whose
        // type differs here.
        .define("NDEBUG", None)
        .warnings(false)
        .compile("warren-c-sdk");
}
