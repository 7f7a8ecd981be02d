//! Patterns and what RE2 makes of them.

use super::*;
use regex::bytes::Regex;

fn compiled(pattern: &str) -> Result<Regex, String> {
    let translated = translated(pattern, Dialect::Re2).map_err(|malformed| malformed.why)?;
    // The crate refuses nothing that was translated.
    Ok(Regex::new(&translated.pattern).unwrap())
}

/// The first match of a pattern in a text.
fn first<'a>(pattern: &str, text: &'a str) -> Option<&'a str> {
    let regex = compiled(pattern).unwrap();
    let found = regex.find(text.as_bytes())?;
    Some(std::str::from_utf8(found.as_bytes()).unwrap())
}

#[test]
fn classes_of_perl_know_ascii_alone() {
    assert_eq!(first(r"\d+", "٣4"), Some("4"));
    assert_eq!(first(r"\w+", "üab"), Some("ab"));
    assert_eq!(first(r"[\w-]+", "ü-a"), Some("-a"));
    assert_eq!(first(r"\W+", "aü b"), Some("ü "));
    assert_eq!(first(r"[^\D2]+", "a213"), Some("13"));
    assert_eq!(first(r"[\S]+", " ü\u{a0}x "), Some("ü\u{a0}x"));
    assert_eq!(first(r"\s", "\u{b}\u{a0}x"), None);
    assert_eq!(first(r"\bx", "üx"), Some("x"));
    assert_eq!(first(r"a\Bb", "ab"), Some("ab"));
    assert_eq!(first(r"\pL+\p{Nd}\x{41}", "éé1A"), Some("éé1A"));
    assert_eq!(first("(?i)É", "é"), Some("é"));
}

#[test]
fn braces_that_repeat_nothing_are_characters() {
    for (pattern, text, found) in [
        (r"{(\w+)}", "a {b}", "{b}"),
        ("a{,2}", "aa{,2}", "a{,2}"),
        ("a{2}", "aaa", "aa"),
        ("a{2,}", "aaa", "aaa"),
        ("a{1,2}", "aaa", "aa"),
        ("a{1,2}?", "aaa", "a"),
        ("a{02}", "aa{02}", "a{02}"),
        ("a{1", "aa{1", "a{1"),
        ("a}", "aa}", "a}"),
        ("a{1}{b", "aa{b", "a{b"),
    ] {
        assert_eq!(first(pattern, text), Some(found), "{pattern}");
    }
}

#[test]
fn classes_have_neither_classes_nor_operators() {
    for (pattern, text, found) in [
        ("[[a]+", "x[a", "[a"),
        ("[]a]+", "x]a", "]a"),
        ("[^]a]+", "]xa", "x"),
        ("[a&&b]+", "x&b", "&b"),
        ("[a~~b]+", "x~a", "~a"),
        ("[+--]+", "x,-+", ",-+"),
        ("[--/]+", "x-./", "-./"),
        ("[a-]+", "x-a", "-a"),
        ("[[:alpha:]_]+", "1a_", "a_"),
        ("[[:^digit:]]+", "1a", "a"),
        ("[[:word:]]+", "-a", "a"),
        ("[[:foo]+", "x[:", "[:"),
        (r"[\]\\]+", r"a\]", r"\]"),
        (r"[\d-z]+", "a-1z", "-1z"),
        (r"[\x41-\103]+", "xABCD", "ABC"),
        ("[ -/]+", "0+-/", "+-/"),
        (r"[\p{Greek}\PL]+", "aα1b", "α1"),
    ] {
        assert_eq!(first(pattern, text), Some(found), "{pattern}");
    }
}

#[test]
fn quoted_text_stands_for_itself() {
    assert_eq!(first(r"\Qa.b[\E+", "a.b[["), Some("a.b[["));
    assert_eq!(first(r"\Q(a", "(a"), Some("(a"));
    assert_eq!(first(r"\Q\E", ""), Some(""));
    assert_eq!(first(r"a\Q\E+", "aa"), Some("aa"));
    assert_eq!(first(r"\Qa\b\E", r"a\b"), Some(r"a\b"));
}

#[test]
fn escapes_are_those_of_re2() {
    for (pattern, text, found) in [
        (r"\<a\>", "a<a>", "<a>"),
        (r"\b\{start\}", "a{start}", "{start}"),
        (r"\_\-\&\~\#\ \/\!\@\%\,\;\:\=\`\'", "", ""),
        (r"\123\07\0", "S\u{7}\0", "S\u{7}\0"),
        (r"\400\1234", "Ā\u{53}4", "ĀS4"),
        (
            r"\a\f\n\r\t\v",
            "\u{7}\u{c}\n\r\t\u{b}",
            "\u{7}\u{c}\n\r\t\u{b}",
        ),
        (r"\x7e\x{1F600}", "~😀", "~😀"),
        (r"a\z", "ba", "a"),
        (r"\Aa", "ab", "a"),
        (r"\pN\p{Lu}\p{^Lu}\P{^L}", "xA1Aab", "1Aab"),
        (r"\p{Old_Italic}?\p{Greek}+", "xα", "α"),
        (r"\p{Any}", "x", "x"),
        (r"\P{Cs}\P{C}", "ab", "ab"),
    ] {
        if text.is_empty() {
            assert!(compiled(pattern).is_ok(), "{pattern}");
        } else {
            assert_eq!(first(pattern, text), Some(found), "{pattern}");
        }
    }
    assert_eq!(first(r"\p{Cs}", "a"), None);
}

#[test]
fn groups_have_names_and_flags() {
    for (pattern, text, found) in [
        ("(?P<1n>a)(?<Größe_2>b)", "ab", "ab"),
        ("a(?s)+.", "aa\n", "aa\n"),
        ("a*(?i)*B", "aab", "aab"),
        ("a(?i)(?-i)+b", "aab", "aab"),
        ("(?ii-s:A)b", "ab", "ab"),
        ("(?i-i)a|A", "A", "A"),
        ("(?)a(?:b)", "ab", "ab"),
        ("(?i)a|b", "B", "B"),
        ("((?i)a)b|B", "AB", "B"),
        ("((?i))a", "a", "a"),
        ("(?U)a+", "aa", "a"),
        ("(?m)^b$", "a\nb\nc", "b"),
        ("(|a)*", "aa", ""),
        ("^*a", "a", "a"),
        (r"\b+a$?", "a", "a"),
        ("a||b", "b", ""),
    ] {
        assert_eq!(first(pattern, text), Some(found), "{pattern}");
    }
    let names = translated("((?P<1n>a)(?:b)(?<c>c))", Dialect::Re2).unwrap();
    let names: Vec<_> = names.names.iter().map(Option::as_deref).collect();
    assert_eq!(names, [None, None, Some("1n"), Some("c")]);
}

#[test]
fn patterns_that_are_none_stay_so() {
    for pattern in [
        // Mistakes.
        "[",
        "[a",
        "[]",
        r"\",
        r"[\",
        "(",
        ")",
        "a)",
        "(?",
        "(?i",
        "(?P<n",
        "(?P<>a)",
        "(?P<a-b>c)",
        "(?P<n>a)(?P<n>b)",
        "*",
        "a|*",
        "(*)",
        "(?i)*",
        "{2}",
        "+a",
        "[b-a]",
        "[a--b]",
        "[[:foo:]]",
        "[[:foobarfoobarfoobarfoobar:]]",
        r"[a-\d]",
        r"\x",
        r"\x{",
        r"\x{}",
        r"\x{110000}",
        r"\x{41",
        r"\x4",
        r"\xg1",
        r"\p",
        r"\p{",
        r"\p{}",
        r"\pé",
        // Of Perl, and of the crate alone.
        r"\C",
        r"(a)\1",
        r"\8",
        r"[\b]",
        r"\q",
        r"\é",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<!a)",
        "(?>a)",
        "(?P=n)",
        "(?x)a",
        "(?R)",
        "(?u)a",
        "(?-u:a)",
        "(?-)",
        "(?i-)a",
        "(?i--s)",
        r"\Z",
        r"\G",
        r"\K",
        r"\R",
        r"\X",
        r"\h",
        r"\cA",
        r"\u0041",
        r"\U00000041",
        r"\u{41}",
        r"\p{greek}",
        r"\p{Letter}",
        r"\p{Script=Greek}",
        r"\p{LATIN}",
        r"\pl",
        r"\p{Grek}",
        r"\p{gc=Lu}",
        r"\p{Alphabetic}",
        r"\p{^^L}",
        // Repetitions.
        "a**",
        "a++",
        "a+*",
        "a???",
        "a{2}{3}",
        "a{2}*",
        "a*{2}",
        "a{2,1}",
    ] {
        let error = translated(pattern, Dialect::Re2).map(|done| done.pattern);
        let error = error.unwrap_err();
        assert_eq!(error.limit, None, "{pattern}: {error:?}");
    }
    for pattern in [
        "a{1001}",
        "a{1,1001}",
        "a{1001,}",
        "a{99999999999}",
        "(?:a{100}){11}",
        "((a{10}){10}){11}",
    ] {
        let error = translated(pattern, Dialect::Re2).map(|done| done.pattern);
        let error = error.unwrap_err();
        assert_eq!(
            error.limit,
            Some(("max_repeat", 1_000)),
            "{pattern}: {error:?}"
        );
    }
    for pattern in [
        "(?:a{100}){10}",
        "a{1000}",
        "a{0,1000}",
        "(?:a{1000}){0}",
        "a{2}b{1000}",
    ] {
        assert!(translated(pattern, Dialect::Re2).is_ok(), "{pattern}");
    }
}

#[test]
fn schemas_have_more_of_ecmascript() {
    let holds = |pattern: &str, text: &str| {
        let translated = translated(pattern, Dialect::Schema).unwrap();
        Regex::new(&translated.pattern)
            .unwrap()
            .is_match(text.as_bytes())
    };
    assert!(holds(r"^\u00e9$", "é") && holds(r"^\p{Letter}\p{Script=Greek}$", "aα"));
    assert!(holds("^a{1,2000}$", &"a".repeat(1_500)));
    assert!(translated(r"\p{L|.}", Dialect::Schema).is_err());
}

#[test]
fn groups_nest_as_deep_as_the_crate_takes_them() {
    let nested = |depth: usize| "(".repeat(depth) + "a" + &")".repeat(depth);
    assert!(compiled(&nested(100)).is_ok());
    assert!(translated(&nested(251), Dialect::Re2).is_err());
    assert!(translated(&"(".repeat(64 << 10), Dialect::Re2).is_err());
}

#[test]
fn translation_takes_little_work() {
    for part in [
        "[[:", "(?i)*", "a(?s)+", "((?i)", r"\Q", r"\p{", "a{1,", "[^", "(?P<a",
    ] {
        let pattern = part.repeat((64 << 10) / part.len());
        let _ = translated(&pattern, Dialect::Re2);
        let _ = translated(&format!("a[{pattern}"), Dialect::Re2);
        let _ = translated(&format!("a{pattern}"), Dialect::Re2);
    }
}
