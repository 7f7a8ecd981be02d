//! Stacks as text, a line for each call.

/// Most lines in a group that repeats.
const GROUP: usize = 8;

/// Repetitions from which a group is folded.
const FOLDED: usize = 2;

/// Returns a text with the repetitions of its lines folded, as [`folded`] has them; `None` if
/// nothing repeats.
pub fn fold(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let folded = folded(&lines);
    (folded.len() < lines.len()).then(|| folded.join("\n"))
}

/// Replaces repetitions of a group of lines by their number, as a recursion has them. The
/// number is indented as the line before it.
pub fn folded<T: AsRef<str> + PartialEq>(lines: &[T]) -> Vec<String> {
    let mut folded = Vec::new();
    let mut rest = lines;
    while let [first, behind @ ..] = rest {
        let repeats = |size: &usize| {
            let mut groups = rest.chunks_exact(*size);
            let first = groups.next();
            groups.take_while(|group| Some(*group) == first).count()
        };
        let group = (1..=GROUP.min(rest.len())).find(|size| repeats(size) >= FOLDED);
        let Some(size) = group else {
            folded.push(first.as_ref().to_owned());
            rest = behind;
            continue;
        };
        let more = repeats(&size);
        folded.extend(rest[..size].iter().map(|line| line.as_ref().to_owned()));
        let last = rest[size - 1].as_ref();
        let indent = &last[..last.len() - last.trim_start().len()];
        folded.push(match size {
            1 => format!("{indent}... {more} more"),
            _ => format!("{indent}... the {size} calls above {more} more times"),
        });
        rest = &rest[size * (more + 1)..];
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_folded() {
        assert_eq!(folded(&["a", "b", "b", "c"]), ["a", "b", "b", "c"]);
        assert_eq!(
            folded(&["a", "b", "b", "b", "c"]),
            ["a", "b", "... 2 more", "c"]
        );
        assert_eq!(
            folded(&["a", "b", "c", "b", "c", "b", "c", "b"]),
            ["a", "b", "c", "... the 2 calls above 2 more times", "b"]
        );
        assert_eq!(folded(&["a"; 64]), ["a", "... 63 more"]);
        assert_eq!(folded::<&str>(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_text_is_folded_with_its_indentation() {
        let deep = format!("stack traceback:{}\n\tmain", "\n\tdeeper".repeat(30));
        assert_eq!(
            fold(&deep).unwrap(),
            "stack traceback:\n\tdeeper\n\t... 29 more\n\tmain"
        );
        let folded = fold(&deep).unwrap();
        assert_eq!(fold(&folded), None);
        for text in ["", "a", "a\n", "\ta\n\ta\n"] {
            assert_eq!(fold(text), None, "{text:?}");
        }
    }
}
