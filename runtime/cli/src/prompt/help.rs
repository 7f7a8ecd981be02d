//! The entries of the page of the Lua API, as text for a terminal.

/// The page.
const PAGE: &str = include_str!("../../docs/lua-api.md");

/// Names that are suggested.
const SUGGESTED: usize = 10;

/// A heading of the page with the lines below it, up to the next heading of its level.
struct Section<'a> {
    level: usize,
    title: &'a str,
    lines: &'a [&'a str],
}

/// Returns the entry of a name, in lines of so many columns: of a function, a method, or a
/// library. An empty name is the list of all libraries.
pub(super) fn entry(name: &str, columns: usize) -> String {
    let lines: Vec<&str> = PAGE.lines().collect();
    let sections = sections(&lines);
    if name.is_empty() {
        return overview(&sections, columns);
    }
    let by_function = sections.iter().find(|section| {
        section.level == 3 && functions(section.title).any(|function| function == name)
    });
    if let Some(section) = by_function {
        return shown(section.title, section.lines, columns);
    }
    let is_named = |section: &&Section<'_>| {
        let mut titles = section.title.split(", ");
        titles.any(|title| title.trim_matches('`') == name)
    };
    if let Some(section) = sections.iter().find(is_named) {
        return library(section, &sections, columns);
    }
    if let Some(row) = lines.iter().find(|line| is_row_of(line, name)) {
        return shown("", &[*row], columns);
    }
    nearest(name, &sections, columns)
}

/// Returns the sections of the page. A line in an example is no heading.
fn sections<'a>(lines: &'a [&'a str]) -> Vec<Section<'a>> {
    let mut headings = Vec::new();
    let mut in_code = false;
    for (place, line) in lines.iter().enumerate() {
        in_code ^= line.starts_with("```");
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        if !in_code && (2..=3).contains(&level) {
            headings.push((place, level, line[level..].trim()));
        }
    }
    let end_of = |index: usize, level: usize| {
        let later = headings[index + 1..].iter();
        let mut later = later.filter(|(_, other, _)| *other <= level);
        later.next().map_or(lines.len(), |(place, ..)| *place)
    };
    let sections = headings.iter().enumerate();
    sections
        .map(|(index, (place, level, title))| Section {
            level: *level,
            title,
            lines: &lines[place + 1..end_of(index, *level)],
        })
        .collect()
}

/// Returns the names of the functions in a heading: those in backquotes, up to the bracket.
fn functions(title: &str) -> impl Iterator<Item = &str> {
    let quoted = title.split('`').skip(1).step_by(2);
    quoted.map(|text| text.split('(').next().unwrap_or(text))
}

/// Returns true for a line of a table whose first cell has the function of a name.
fn is_row_of(line: &str, name: &str) -> bool {
    let cell = line
        .strip_prefix("| ")
        .and_then(|line| line.split(" | ").next());
    cell.is_some_and(|cell| functions(cell).any(|function| function == name))
}

fn overview(sections: &[Section<'_>], columns: usize) -> String {
    let libraries = sections.iter().filter(|section| section.level == 2);
    let names: Vec<&str> = libraries.map(|section| section.title).collect();
    let mut text = wrapped(&format!("Sections: {}", names.join(", ")), "", columns);
    text.push('\n');
    let more = "help(process.send), help(\"process.send\") and help(process) show an entry. \
                reload() takes changed files. _ is the last value. Ctrl-C ends an input, \
                Ctrl-D the prompt.";
    text.push_str(&wrapped(more, "", columns));
    text
}

/// Returns the beginning of a library's section, and the headings below.
fn library(section: &Section<'_>, all: &[Section<'_>], columns: usize) -> String {
    if section.level == 3 {
        return shown(section.title, section.lines, columns);
    }
    let own = section.lines.iter();
    let before = own.take_while(|line| !line.starts_with("### ")).count();
    let mut text = shown(section.title, &section.lines[..before], columns);
    let range = section.lines.as_ptr_range();
    for below in all {
        if below.level == 3 && range.contains(&below.lines.as_ptr()) {
            text.push_str(&wrapped(&plain(below.title), "  ", columns));
        }
    }
    text
}

fn nearest(name: &str, sections: &[Section<'_>], columns: usize) -> String {
    let last = name.rsplit(['.', ':']).next().unwrap_or(name);
    let all = sections.iter().flat_map(|section| functions(section.title));
    let is_near = |function: &&str| {
        let own = function.rsplit(['.', ':']).next();
        own == Some(last) || function.contains(name)
    };
    let near: Vec<&str> = all.filter(is_near).take(SUGGESTED).collect();
    let message = match near.is_empty() {
        true => "there is no such entry; help() lists the sections".to_owned(),
        false => format!("there is no such entry; did you mean {}?", near.join(", ")),
    };
    wrapped(&message, "", columns)
}

/// Returns lines of Markdown as text: paragraphs wrapped, examples as they are.
fn shown(title: &str, lines: &[&str], columns: usize) -> String {
    let mut text = String::new();
    if !title.is_empty() {
        text.push_str(&wrapped(&plain(title), "", columns));
    }
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in lines {
        if line.starts_with("```") {
            flush(&mut paragraph, &mut text, columns);
            in_code = !in_code;
        } else if in_code {
            text.push_str(format!("    {line}").trim_end());
            text.push('\n');
        } else if let Some(row) = line.strip_prefix("| ") {
            flush(&mut paragraph, &mut text, columns);
            let cells: Vec<&str> = row.trim_end_matches([' ', '|']).split(" | ").collect();
            text.push_str(&wrapped(&plain(&cells.join(": ")), "  ", columns));
        } else if line.starts_with("|--") || line.starts_with("|:-") {
            // The line below a table's head.
        } else if line.trim().is_empty() {
            flush(&mut paragraph, &mut text, columns);
            if !text.ends_with("\n\n") {
                text.push('\n');
            }
        } else {
            if line.starts_with("- ") {
                flush(&mut paragraph, &mut text, columns);
            }
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    flush(&mut paragraph, &mut text, columns);
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn flush(paragraph: &mut String, text: &mut String, columns: usize) {
    if !paragraph.is_empty() {
        text.push_str(&wrapped(&plain(paragraph), "", columns));
        paragraph.clear();
    }
}

/// Returns Markdown without the marks of headings, code, bold text and links.
fn plain(markdown: &str) -> String {
    let mut text = String::new();
    let mut rest = markdown.trim_start_matches('#').trim_start();
    while let Some(start) = rest.find("](") {
        let (before, after) = rest.split_at(start);
        let (Some(open), Some(end)) = (before.rfind('['), after.find(')')) else {
            break;
        };
        text.push_str(&before[..open]);
        text.push_str(&before[open + 1..]);
        rest = &after[end + 1..];
    }
    text.push_str(rest);
    text.replace("**", "").replace('`', "")
}

/// Returns a text in lines of at most so many columns, where its words allow. Further lines
/// of an item of a list, and of what is indented, stand below its text.
fn wrapped(text: &str, indent: &str, columns: usize) -> String {
    let hang = match indent.is_empty() && !text.starts_with("- ") {
        true => "",
        false => "  ",
    };
    let mut lines = String::new();
    let mut line = String::from(indent);
    let mut is_empty = true;
    for word in text.split_whitespace() {
        let width = line.chars().count() + 1 + word.chars().count();
        if !is_empty && width > columns {
            lines.push_str(&line);
            lines.push('\n');
            line.replace_range(.., indent);
            line.push_str(hang);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push_str(&line);
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_methods_libraries_and_rows_have_entries() {
        let send = entry("process.send", 80);
        assert!(send.starts_with("process.send(destination, topic, ...)\n\nSends one message"));
        assert!(send.contains("    local replies = process.listen(\"reply\")"));
        assert!(!send.contains("```") && !send.contains("Starts a process"));
        assert!(entry("ch:receive", 80).contains("blocks while the channel is empty"));
        let process = entry("process", 80);
        assert!(process.contains("  process.send(destination, topic, ...)\n"));
        let print = entry("print", 80);
        assert!(
            print.contains("writes a whole line to standard output"),
            "{print}"
        );
        assert!(entry("", 80).contains("process, "));
    }

    #[test]
    fn a_name_like_others_is_told_of_them() {
        let meant = entry("proces.send", 80);
        assert!(meant.contains("did you mean process.send"), "{meant}");
        assert!(entry("zzz", 80).contains("help() lists the sections"));
    }

    #[test]
    fn text_fits_into_the_columns() {
        for name in ["process.send", "errors", "http_client.get", ""] {
            let text = entry(name, 50);
            let prose = text.lines().filter(|line| !line.starts_with("    "));
            // A single word may be longer.
            let long = |line: &&str| line.chars().count() > 50 && line.trim().contains(' ');
            assert_eq!(prose.filter(long).collect::<Vec<_>>(), [""; 0], "{name}");
        }
    }
}
