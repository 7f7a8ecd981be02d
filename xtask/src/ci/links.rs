//! Relative links of Markdown files: each must lead to a file or heading.
//!
//! lychee checks addresses of the network, too, which no check here depends on; it
//! brings some 330 crates to build.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::project;

/// Follows the links of all Markdown files.
///
/// # Errors
/// A link leads to no file, or to no heading of one.
pub(crate) fn check() -> Result<()> {
    eprintln!("==> links in Markdown files");
    let root = project::root();
    // A page that another package links to is followed where it lies.
    let files: Vec<_> = project::files()?
        .into_iter()
        .filter(|file| is_markdown(file) && !root.join(file).is_symlink())
        .collect();
    let mut pages = HashMap::new();
    for file in &files {
        let path = root.join(file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", file.display()))?;
        pages.insert(path, Page::parse(&text));
    }
    let mut broken = Vec::new();
    for file in &files {
        let path = root.join(file);
        for link in pages.get(&path).into_iter().flat_map(|page| &page.links) {
            if let Some(reason) = follow(&path, link, &pages) {
                broken.push(format!("{}: {link}: {reason}", file.display()));
            }
        }
    }
    if !broken.is_empty() {
        bail!("broken links:\n  {}", broken.join("\n  "));
    }
    Ok(())
}

/// The links of a page, and its anchors.
struct Page {
    links: Vec<String>,
    anchors: HashSet<String>,
}

impl Page {
    fn parse(text: &str) -> Self {
        let mut page = Self {
            links: Vec::new(),
            anchors: HashSet::new(),
        };
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    if let Some(title) = heading.take() {
                        page.add_anchor(&title);
                    }
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// Adds an anchor as code hosts make it: the second of equal ones gets
    /// `-1`.
    fn add_anchor(&mut self, title: &str) {
        let kept = title
            .trim()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let numbered = (1..).map(|n| format!("{anchor}-{n}"));
        let mut candidates = [anchor.clone()].into_iter().chain(numbered);
        if let Some(free) = candidates.find(|candidate| !self.anchors.contains(candidate)) {
            self.anchors.insert(free);
        }
    }
}

/// Returns why `link` on the page at `from` leads nowhere; `None` if it leads
/// somewhere, or out of the project.
fn follow(from: &Path, link: &str, pages: &HashMap<PathBuf, Page>) -> Option<&'static str> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = if file.is_empty() {
        from.to_path_buf()
    } else {
        normalized(&from.parent()?.join(file))
    };
    if !path.exists() {
        return Some("no such file");
    }
    let page = pages.get(&path)?;
    (!anchor.is_empty() && !page.anchors.contains(anchor)).then_some("no such heading")
}

/// Returns the path without `.` and `..`, like the keys of the pages.
fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::ParentDir => {
                normalized.pop();
            }
            std::path::Component::CurDir => {}
            other => normalized.push(other),
        }
    }
    normalized
}

fn is_markdown(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_anchors_of_a_page() {
        let page = Page::parse(
            "# The `take` call!\n\n[a](b.md#c) ![i](i.png)\n\n## Twice\n\n## Twice\n\n`[no](link)`\n",
        );
        assert_eq!(page.links, ["b.md#c", "i.png"]);
        let mut anchors: Vec<_> = page.anchors.into_iter().collect();
        anchors.sort();
        assert_eq!(anchors, ["the-take-call", "twice", "twice-1"]);
    }

    #[test]
    fn links_are_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (
            directory.path().join("docs/a.md"),
            directory.path().join("b.md"),
        );
        fs::create_dir(directory.path().join("docs")).unwrap();
        fs::write(&from, "").unwrap();
        fs::write(&to, "").unwrap();
        let pages = HashMap::from([
            (from.clone(), Page::parse("# Here")),
            (to, Page::parse("# There")),
        ]);
        let follow = |link| follow(&from, link, &pages);
        for good in [
            "#here",
            "../b.md",
            "../b.md#there",
            "..",
            "https://example.org/x",
            "mailto:a@example.org",
        ] {
            assert_eq!(follow(good), None, "{good}");
        }
        assert_eq!(follow("b.md"), Some("no such file"));
        assert_eq!(follow("../b.md#here"), Some("no such heading"));
        assert_eq!(follow("#there"), Some("no such heading"));
    }
}
