//! The definitions of `warren types`, and the Lua that the project shows, read by a checker of
//! types: the examples, the templates, and the programs of the pages on the API.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde_json::json;

use crate::step::{self, Step};
use crate::{bench, emmylua, project};

/// Directories of programs in Lua.
const PROGRAMS: [&str; 2] = ["examples", "runtime/cli/templates/lua"];

/// Pages whose blocks of Lua are programs.
const PAGES: [&str; 2] = ["docs/lua-api.md", "docs/patterns.md"];

/// The section whose examples are left out. It shows the standard library, whose definitions
/// are the checker's own, and what its functions do where something is missing.
const STANDARD: &str = "The standard library";

/// Diagnostics that tell nothing of the definitions.
const SILENCED: [&str; 2] = [
    // The checker keeps the type of a local's first value: a sum that begins with 0 could not
    // become a float.
    "assign-type-mismatch",
    // The checker does not see what other functions assign to a field or an outer variable.
    "unnecessary-if",
];

/// Writes the definitions and the programs into a directory and checks them there.
///
/// # Errors
/// The checker cannot be installed, or warns.
pub(crate) fn check() -> Result<()> {
    let checker = emmylua::command()?;
    let warren = bench::build()?.with_file_name("warren");
    // The checker passes over hidden directories.
    let scratch = tempfile::Builder::new().prefix("warren-types").tempdir();
    let scratch = scratch.context("cannot make a directory")?;
    let types = scratch.path().join("types");
    let mut writes = Command::new(warren);
    writes.arg("types").arg(&types);
    step::output(writes)?;
    let programs = scratch.path().join("programs");
    copy_programs(&programs)?;
    for page in PAGES {
        write_page(page, &programs)?;
    }
    let config = scratch.path().join("emmyrc.json");
    write(&config, &configuration(&types).to_string())?;
    let mut command = Command::new(checker);
    command
        .args(["--severity", "warn", "--warnings-as-errors", "--config"])
        .arg(config)
        .arg(programs);
    let remedy = "mend the program, or the definitions in runtime/cli/src/lua_types";
    Step::new("types of the Lua API and its examples", remedy, command).run()
}

fn configuration(types: &Path) -> serde_json::Value {
    json!({
        "runtime": { "version": "Lua5.4" },
        "workspace": { "library": [types] },
        // The program knows its indices: else each element of a list might be nil.
        "strict": { "arrayIndex": false },
        "diagnostics": { "disable": SILENCED },
    })
}

/// Copies the files of Lua in [`PROGRAMS`].
fn copy_programs(programs: &Path) -> Result<()> {
    for directory in PROGRAMS {
        let mut count = 0;
        for file in project::files()? {
            let is_lua = file.extension().is_some_and(|extension| extension == "lua");
            if is_lua && file.starts_with(directory) {
                let text = fs::read_to_string(project::root().join(&file))
                    .with_context(|| format!("cannot read {}", file.display()))?;
                write(&programs.join(&file), &text)?;
                count += 1;
            }
        }
        if count == 0 {
            bail!("there is no Lua in {directory}");
        }
    }
    Ok(())
}

/// Writes the programs of a page, each into a directory below one with the page's name.
fn write_page(page: &str, programs: &Path) -> Result<()> {
    let text = fs::read_to_string(project::root().join(page))
        .with_context(|| format!("cannot read {page}"))?;
    let blocks = blocks(&text);
    if blocks.is_empty() {
        bail!("{page} has no program");
    }
    for block in blocks {
        // A line has the number that it has in the page.
        let padding = "\n".repeat(block.lines_before);
        let directory = programs.join(page).join(format!("{:03}", block.program));
        write(&directory.join(&block.file), &(padding + &block.source))?;
    }
    Ok(())
}

/// A block of Lua in a page.
#[derive(Debug, Default, PartialEq, Eq)]
struct Block {
    /// The number of its program.
    program: usize,
    /// `main.lua`, or the name that the block begins with.
    file: String,
    lines_before: usize,
    source: String,
}

/// Returns the blocks of a page, except for those on the standard library. A block that begins
/// with the name of a file belongs to the program that follows.
fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let (mut program, mut block) = (0, None);
    let (mut in_title, mut title) = (false, String::new());
    for (event, range) in Parser::new(page).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                in_title = level == pulldown_cmark::HeadingLevel::H2;
                if in_title {
                    title.clear();
                }
            }
            Event::End(TagEnd::Heading(_)) => in_title = false,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                let is_shown = &*language == "lua" && title != STANDARD;
                block = is_shown.then(Block::default);
            }
            Event::Text(text) => match &mut block {
                Some(block) => {
                    if block.source.is_empty() {
                        block.lines_before = page[..range.start].matches('\n').count();
                    }
                    block.source.push_str(&text);
                }
                None if in_title => title.push_str(&text),
                None => {}
            },
            Event::End(TagEnd::CodeBlock) => {
                let Some(mut block) = block.take() else {
                    continue;
                };
                block.program = program;
                match file_name(&block.source) {
                    Some(name) => block.file = name.to_owned(),
                    None => {
                        block.file = "main.lua".to_owned();
                        program += 1;
                    }
                }
                found.push(block);
            }
            _ => {}
        }
    }
    found
}

/// Returns the name of a file in the comment that a block begins with.
fn file_name(source: &str) -> Option<&str> {
    let name = source.lines().next()?.strip_prefix("-- ")?;
    let is_name = name.ends_with(".lua") && !name.contains(' ');
    is_name.then_some(name)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_programs_of_files() {
        let page = "# page\n\n## json\n\n### `f()`\n\n```lua\n-- lib/a.lua\nreturn 1\n```\n\n\
                    ```toml\n# warren.toml\n```\n\n```lua\nprint(1)\nprint(2)\n```\n\n\
                    ## The standard library\n\n### io\n\n```lua\nio.open()\n```\n\n\
                    ## Last\n\n```lua\n-- a comment, not a.lua\n```\n";
        let found = blocks(page);
        let shown: Vec<_> = found
            .iter()
            .map(|block| (block.program, block.file.as_str(), block.lines_before))
            .collect();
        assert_eq!(
            shown,
            [
                (0, "lib/a.lua", 7),
                (0, "main.lua", 16),
                (1, "main.lua", 31)
            ]
        );
        assert_eq!(found[1].source, "print(1)\nprint(2)\n");
        assert_eq!(page.lines().nth(16), Some("print(1)"));
    }

    #[test]
    fn the_pages_have_programs_and_the_section_that_is_left_out() {
        for page in PAGES {
            let text = fs::read_to_string(project::root().join(page)).unwrap();
            assert!(blocks(&text).len() > 30, "{page}");
        }
        let text = fs::read_to_string(project::root().join(PAGES[0])).unwrap();
        assert!(text.contains(&format!("\n## {STANDARD}\n")));
    }
}
