//! The attributes `#[warren_guest::main]` and `#[warren_guest::serve]`; see the crate `warren-guest`.

use proc_macro::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, parse_macro_input};

/// Makes `main` the process's code.
///
/// `main` takes [`Args`](https://docs.rs/warren-guest) or nothing, and returns
/// nothing or a `Result`: its value is the process's result, its error the
/// error the process ends with.
#[proc_macro_attribute]
pub fn main(attributes: TokenStream, item: TokenStream) -> TokenStream {
    let main = parse_macro_input!(item as ItemFn);
    if !attributes.is_empty() {
        return refuse(&main, "#[warren_guest::main] takes no arguments");
    }
    if main.sig.ident != "main" {
        return refuse(&main, "the function must be called `main`");
    }
    if main.sig.asyncness.is_some() {
        return refuse(&main, "a process blocks: `main` is not async");
    }
    let call = match main.sig.inputs.len() {
        0 => quote!(|_: ::warren_guest::Args| main()),
        1 => quote!(main),
        _ => return refuse(&main, "`main` takes `Args` or nothing"),
    };
    quote! {
        const _: () = {
            #main

            #[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
            extern "C" fn start() {
                ::warren_guest::__private::start(#call);
            }

            // Other targets never call the function, but must compile it.
            #[cfg(not(target_family = "wasm"))]
            const _: extern "C" fn() = start;
        };

        #[allow(dead_code, reason = "a binary must have one; the runtime calls `start`")]
        fn main() {}
    }
    .into()
}

/// Makes a server the process's code. It holds no stack between two messages.
///
/// `serve` takes [`Args`](https://docs.rs/warren-guest) or nothing, and returns a `Result` of
/// the server.
#[proc_macro_attribute]
pub fn serve(attributes: TokenStream, item: TokenStream) -> TokenStream {
    let serve = parse_macro_input!(item as ItemFn);
    if !attributes.is_empty() {
        return refuse(&serve, "#[warren_guest::serve] takes no arguments");
    }
    if serve.sig.ident != "serve" {
        return refuse(&serve, "the function must be called `serve`");
    }
    if serve.sig.asyncness.is_some() {
        return refuse(&serve, "a process blocks: `serve` is not async");
    }
    let call = match serve.sig.inputs.len() {
        0 => quote!(|_: ::warren_guest::Args| serve()),
        1 => quote!(serve),
        _ => return refuse(&serve, "`serve` takes `Args` or nothing"),
    };
    quote! {
        const _: () = {
            #serve

            #[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
            extern "C" fn start() {
                ::warren_guest::__private::serve(#call);
            }

            #[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
            extern "C" fn resume() {
                ::warren_guest::__private::resume();
            }

            // Other targets never call the functions, but must compile them.
            #[cfg(not(target_family = "wasm"))]
            const _: [extern "C" fn(); 2] = [start, resume];
        };

        #[allow(dead_code, reason = "a binary must have one; the runtime calls `start`")]
        fn main() {}
    }
    .into()
}

fn refuse(main: &ItemFn, reason: &str) -> TokenStream {
    Error::new_spanned(&main.sig, reason)
        .into_compile_error()
        .into()
}
