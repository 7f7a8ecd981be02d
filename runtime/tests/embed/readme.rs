//! The program that the README begins with.

use crate::setup::run;

const README: &str = include_str!("../../../README.md");

// begin
async fn program() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = warren::Runtime::builder()
        .lua("app:square", "return function(n) return n * n end")
        .start()?;
    let square = warren::Spawn::new("app:square").arg(12);
    assert_eq!(runtime.exec::<i64>(square).await?, 144);
    Ok(())
}
// end

#[test]
fn the_program_of_the_readme_is_this_one_and_runs() {
    run(async { program().await.unwrap() });
    let own = include_str!("readme.rs");
    let own = own.split("// begin\n").nth(1).unwrap();
    let own = own.split("    Ok(())\n").next().unwrap();
    let lines: Vec<&str> = own.lines().skip(1).map(|line| &line[4..]).collect();
    let shown = format!("```rust\n{}\n```\n", lines.join("\n"));
    assert!(README.contains(&shown), "{shown}");
}
