//! A parser of `docs/lua-api.md`.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The parsed document.
pub(crate) struct Document {
    /// The sections, in order.
    pub(crate) sections: Vec<Section>,
    /// All texts between backticks, except for examples.
    pub(crate) mentions: BTreeSet<String>,
}

/// The section below one heading.
#[derive(Default)]
pub(crate) struct Section {
    /// The heading, without backticks.
    pub(crate) title: String,
    /// The documented functions: those in the heading and in the first column
    /// of its tables.
    pub(crate) functions: Vec<Function>,
    pub(crate) examples: Vec<Example>,
}

/// A documented function: `process.send`, or a method, `message:topic`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Function {
    pub(crate) name: String,
}

/// A program with its expected result.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Example {
    /// The sources by file name, `main.lua` among them.
    pub(crate) files: BTreeMap<String, String>,
    /// Options of the command.
    pub(crate) options: Vec<String>,
    /// The standard input.
    pub(crate) stdin: String,
    /// The exit status.
    pub(crate) status: i32,
    /// All lines of standard output.
    pub(crate) stdout: Vec<String>,
    /// Texts that standard error contains.
    pub(crate) stderr: Vec<String>,
}

/// The file that a program starts with.
pub(crate) const MAIN: &str = "main.lua";

impl Document {
    /// Parses a document.
    ///
    /// # Errors
    /// A header of an example that makes no sense; a file without a program.
    pub(crate) fn parse(text: &str) -> Result<Document, String> {
        let mut document = Document {
            sections: vec![Section::default()],
            mentions: BTreeSet::new(),
        };
        let mut files = BTreeMap::new();
        let (mut in_heading, mut block, mut cell) = (false, None, None);
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            let section = document.section();
            match event {
                Event::Start(Tag::Heading { .. }) => {
                    in_heading = true;
                    document.sections.push(Section::default());
                }
                Event::End(TagEnd::Heading(_)) => in_heading = false,
                Event::Start(Tag::TableHead | Tag::TableRow) => cell = Some(0),
                Event::End(TagEnd::TableCell) => cell = cell.map(|column| column + 1),
                Event::End(TagEnd::Table) => cell = None,
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                    let language = Language::of(&language);
                    block = language.map(|language| (language, String::new()));
                }
                Event::End(TagEnd::CodeBlock) => {
                    let Some((language, source)) = block.take() else {
                        continue;
                    };
                    match language.file_name(&source) {
                        Some(name) => {
                            files.insert(name.to_owned(), source);
                        }
                        None if language != Language::Lua => {}
                        None => {
                            let example = Example::of(source, std::mem::take(&mut files));
                            let example =
                                example.map_err(|why| format!("{}: {why}", section.title))?;
                            section.examples.push(example);
                        }
                    }
                }
                Event::Code(code) => {
                    if in_heading {
                        section.title.push_str(&code);
                    }
                    if in_heading || cell == Some(0) {
                        section.functions.extend(Function::of(&code));
                    }
                    document.mentions.insert(code.into_string());
                }
                Event::Text(text) => {
                    if let Some((_, source)) = &mut block {
                        source.push_str(&text);
                    } else if in_heading {
                        section.title.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        match files.keys().next() {
            None => Ok(document),
            Some(file) => Err(format!("{file} belongs to no program")),
        }
    }

    fn section(&mut self) -> &mut Section {
        if self.sections.is_empty() {
            self.sections.push(Section::default());
        }
        let last = self.sections.len() - 1;
        &mut self.sections[last]
    }
}

impl Function {
    /// Parses a signature; `None` for any other text.
    fn of(code: &str) -> Option<Function> {
        let (name, _) = code.split_once('(')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.:".contains(c);
        (!name.is_empty() && name.chars().all(is_name)).then(|| Function {
            name: name.to_owned(),
        })
    }

    /// Returns the method's name; `None` for a function of a library.
    pub(crate) fn method(&self) -> Option<&str> {
        Some(self.name.split_once(':')?.1)
    }
}

impl Example {
    fn of(main: String, files: BTreeMap<String, String>) -> Result<Example, String> {
        let mut example = Example {
            files,
            ..Example::default()
        };
        for line in main.lines() {
            let header = line
                .strip_prefix("-- ")
                .and_then(|line| line.split_once(": "));
            match header {
                Some(("options", words)) => {
                    example.options = words.split_whitespace().map(str::to_owned).collect();
                }
                Some(("stdin", text)) => example.stdin = format!("{text}\n"),
                Some(("status", number)) => {
                    example.status = number.parse().map_err(|_| format!("no status: {number}"))?;
                }
                _ => {}
            }
            if let Some((_, text)) = line.split_once("--!>") {
                example.stderr.push(text.trim().to_owned());
            } else if let Some((_, text)) = line.split_once("-->") {
                let text = text.strip_prefix(' ').unwrap_or(text);
                example.stdout.push(text.trim_end().to_owned());
            }
        }
        example.files.insert(MAIN.to_owned(), main);
        Ok(example)
    }
}

/// The language of a block that may be a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Lua,
    Cedar,
    Toml,
}

impl Language {
    fn of(name: &str) -> Option<Language> {
        match name {
            "lua" => Some(Language::Lua),
            "cedar" => Some(Language::Cedar),
            "toml" => Some(Language::Toml),
            _ => None,
        }
    }

    /// Returns the file name in the comment that a block begins with, if it is a file of
    /// its own.
    fn file_name(self, source: &str) -> Option<&str> {
        let (comment, extensions): (&str, &[&str]) = match self {
            Language::Lua => ("-- ", &[".lua"]),
            Language::Cedar => ("// ", &[".cedar", ".cedarschema"]),
            Language::Toml => ("# ", &[".toml"]),
        };
        let name = source.lines().next()?.strip_prefix(comment)?;
        let is_file = extensions.iter().any(|extension| name.ends_with(extension));
        (is_file && !name.contains(' ')).then_some(name)
    }
}
