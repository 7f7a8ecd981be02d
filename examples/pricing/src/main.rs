//! A capability of the embedder's, called by name from Lua, and from a component with the types
//! of its own WIT.

mod pricing;

use std::error::Error;
use std::path::PathBuf;

use warren::Runtime;

/// A program of three definitions: `shop:main` in Lua, and the component `shop:buyer`.
const MAIN: &str = include_str!("main.lua");
const BUYER: &str = include_str!("buyer.wat");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for line in quotes(None).await? {
        println!("{line}");
    }
    Ok(())
}

/// Runs the program, and returns what its processes have found out.
async fn quotes(cache: Option<PathBuf>) -> Result<Vec<String>, Box<dyn Error>> {
    let mut builder = Runtime::builder()
        .capability(pricing::Pricing)
        .lua("shop:main", MAIN)
        .wasm("shop:buyer", BUYER);
    if let Some(cache) = cache {
        builder = builder.cache(cache);
    }
    let runtime = builder.start()?;
    Ok(runtime.exec("shop:main").await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lua_and_a_component_call_the_capability() {
        let cache = std::env::temp_dir().join("warren-doctest-cache");
        let lines = quotes(Some(cache)).await.unwrap();
        assert_eq!(
            lines,
            [
                "2 tea: 240 cents a bag",
                "gold: the shop has no gold (NotFound)",
                "a component buys by the bag",
            ]
        );
    }
}
