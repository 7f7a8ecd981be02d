//! Debug information made by hand, as compilers make it and as none does.

use proptest::prelude::*;

use super::sections::Sections;
use super::*;
use crate::code::definition::Source;

/// A module of two functions: `start` calls `inner`, which traps.
const MODULE_TEXT: &str = r#"(module
    (import "m" "f" (func))
    (func $inner (nop) (nop) (unreachable))
    (func $start (export "start") (nop) (call $inner)))"#;

/// DWARF of version 4.
#[derive(Default)]
struct Made {
    abbreviations: Vec<u8>,
    info: Vec<u8>,
    lines: Vec<u8>,
}

fn number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            return bytes.push(byte);
        }
        bytes.push(byte | 0x80);
    }
}

fn string(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
}

/// Puts the length of what is behind them into the first four bytes.
fn finish(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = bytes.len() as u32 - 4;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// Returns a unit with these entries behind its head.
fn unit(entries: &[u8]) -> Vec<u8> {
    let mut unit = vec![0; 4];
    unit.extend_from_slice(&4_u16.to_le_bytes());
    unit.extend_from_slice(&[0, 0, 0, 0, 4]);
    unit.extend_from_slice(entries);
    finish(unit)
}

/// Returns a line program with these instructions.
fn program(instructions: &[u8]) -> Vec<u8> {
    let mut head = vec![1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
    string(&mut head, "src");
    head.push(0);
    for (file, directory) in [("main.rs", 1), ("/std/core.rs", 1)] {
        string(&mut head, file);
        head.extend_from_slice(&[directory, 0, 0]);
    }
    head.push(0);
    let mut program = vec![0; 4];
    program.extend_from_slice(&4_u16.to_le_bytes());
    program.extend_from_slice(&(head.len() as u32).to_le_bytes());
    program.extend_from_slice(&head);
    program.extend_from_slice(instructions);
    finish(program)
}

/// Adds an abbreviation: number, tag, whether it has children, and attributes with their
/// forms.
fn abbreviate(made: &mut Made, code: u8, tag: u8, children: bool, attributes: &[(u8, u8)]) {
    let all = &mut made.abbreviations;
    all.extend_from_slice(&[code, tag, u8::from(children)]);
    for (attribute, form) in attributes {
        all.extend_from_slice(&[*attribute, *form]);
    }
    all.extend_from_slice(&[0, 0]);
}

const NAME: (u8, u8) = (0x03, 0x08);
const LINKAGE_NAME: (u8, u8) = (0x6e, 0x08);
const LINES: (u8, u8) = (0x10, 0x17);
const LOW: (u8, u8) = (0x11, 0x01);
const SIZE: (u8, u8) = (0x12, 0x06);
const ORIGIN: (u8, u8) = (0x31, 0x13);
const CALL_FILE: (u8, u8) = (0x58, 0x0b);
const CALL_LINE: (u8, u8) = (0x59, 0x0b);

/// The debug information of a compiler: `inner` has an inlined function at its trap.
fn made(inner: u32, start: u32, end: u32) -> Made {
    let mut made = Made::default();
    abbreviate(&mut made, 1, 0x11, true, &[NAME, LINES, LOW, SIZE]);
    abbreviate(&mut made, 2, 0x2e, true, &[NAME, LOW, SIZE]);
    let inlined = [ORIGIN, LOW, SIZE, CALL_FILE, CALL_LINE];
    abbreviate(&mut made, 3, 0x1d, false, &inlined);
    abbreviate(&mut made, 4, 0x2e, false, &[LINKAGE_NAME]);
    made.abbreviations.push(0);

    let range = |bytes: &mut Vec<u8>, begin: u32, end: u32| {
        bytes.extend_from_slice(&begin.to_le_bytes());
        bytes.extend_from_slice(&(end - begin).to_le_bytes());
    };
    let mut entries = vec![1];
    string(&mut entries, "main.rs");
    entries.extend_from_slice(&[0; 4]);
    range(&mut entries, inner, end);
    // Entries count from the beginning of the unit, whose head has 11 bytes.
    let origin = 11 + entries.len() as u32;
    entries.push(4);
    string(&mut entries, "_ZN4core4next17h0123456789abcdefE");
    entries.push(2);
    string(&mut entries, "inner");
    range(&mut entries, inner, start);
    entries.push(3);
    entries.extend_from_slice(&origin.to_le_bytes());
    range(&mut entries, inner + 2, start);
    entries.extend_from_slice(&[1, 12]);
    entries.push(0);
    entries.push(2);
    string(&mut entries, "start");
    range(&mut entries, start, end);
    entries.extend_from_slice(&[0, 0]);
    made.info = unit(&entries);

    let mut rows = Vec::new();
    // At the beginning of `inner` in line 11, then in line 3 of another file.
    rows.extend_from_slice(&[0, 5, 2]);
    rows.extend_from_slice(&inner.to_le_bytes());
    rows.extend_from_slice(&[3, 10, 1]);
    rows.extend_from_slice(&[2, 2, 4, 2, 5, 7, 3, 0x78, 1]);
    // `start` in line 20 of the first file.
    rows.push(2);
    number(&mut rows, u64::from(start - inner - 2));
    rows.extend_from_slice(&[4, 1, 5, 0, 3, 17, 1]);
    rows.push(2);
    number(&mut rows, u64::from(end - start));
    rows.extend_from_slice(&[0, 1, 1]);
    made.lines = program(&rows);
    made
}

fn custom(module: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut section = Vec::new();
    number(&mut section, name.len() as u64);
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(content);
    module.push(0);
    number(module, section.len() as u64);
    module.extend_from_slice(&section);
}

/// Returns the module with debug information, and the frames of its trap.
fn trapped() -> (Source, Vec<Frame>) {
    let mut binary = wat::parse_str(MODULE_TEXT).expect("is WebAssembly text");
    let begins = bodies(&binary);
    let address = |place: usize| (place - begins.0) as u32;
    let [inner, start, end] = begins.1.map(address);
    let made = made(inner, start, end);
    custom(&mut binary, ".debug_abbrev", &made.abbreviations);
    custom(&mut binary, ".debug_info", &made.info);
    custom(&mut binary, ".debug_line", &made.lines);
    let frame = |function: u32, body: usize, in_function: usize| Frame {
        function,
        name: Some(["f", "inner", "start"][function as usize].to_owned()),
        in_function: Some(in_function),
        in_file: Some(body + in_function),
    };
    let frames = vec![frame(1, begins.1[0], 3), frame(2, begins.1[1], 2)];
    let source = Source {
        name: "x.wasm".into(),
        bytes: binary.into(),
    };
    (source, frames)
}

/// Returns the beginning of the code, and the bounds of the two bodies.
fn bodies(binary: &[u8]) -> (usize, [usize; 3]) {
    let (mut code, mut bodies) = (0, Vec::new());
    for payload in wasmparser::Parser::new(0).parse_all(binary).flatten() {
        match payload {
            wasmparser::Payload::CodeSectionStart { range, .. } => code = range.start,
            wasmparser::Payload::CodeSectionEntry(body) => bodies.push(body.range()),
            _ => {}
        }
    }
    (code, [bodies[0].start, bodies[1].start, bodies[1].end])
}

#[test]
fn calls_have_file_line_and_the_functions_inlined_there() {
    let (source, frames) = trapped();
    let symbols = Symbols::default();
    assert!(symbols.known(&frames).is_none());
    let places = symbols.find(&source.name, &source.bytes, Shape::Core, &frames);
    assert_eq!(
        text(&frames, &places),
        "\tcore::next at /std/core.rs:3:7 (inlined)\n\tinner at src/main.rs:12\n\
         \tstart at src/main.rs:20"
    );
    assert_eq!(symbols.known(&frames), Some(places.clone()));
    // Found by the place in the file, too.
    let in_component =
        Symbols::default().find(&source.name, &source.bytes, Shape::Component, &frames);
    assert_eq!(in_component, places);
}

#[test]
fn a_file_without_debug_information_is_read_once() {
    let binary = wat::parse_str(MODULE_TEXT).expect("is WebAssembly text");
    let (_, frames) = trapped();
    for bytes in [binary, MODULE_TEXT.into()] {
        let source = Source {
            name: "x.wasm".into(),
            bytes: bytes.into(),
        };
        let symbols = Symbols::default();
        let places = symbols.find(&source.name, &source.bytes, Shape::Core, &frames);
        assert_eq!(text(&frames, &places), "\tinner\n\tstart");
        assert!(symbols.known(&frames).is_some());
    }
}

/// A module without names: function 0 is imported, 1 to 3 call one another.
const EXPORTS_TEXT: &str = r#"(module
    (import "m" "f" (func))
    (func (unreachable))
    (func (export "price") (export "other") (call 1))
    (memory (export "memory") 1)
    (func (export "start") (call 2)))"#;

/// A call of a function without a name.
fn unnamed(function: u32) -> Frame {
    Frame {
        function,
        name: None,
        in_function: Some(1),
        in_file: None,
    }
}

#[test]
fn a_function_without_a_name_has_that_of_its_export() {
    let binary = wat::parse_str(EXPORTS_TEXT).expect("is WebAssembly text");
    let frames = [1, 2, 3].map(unnamed);
    let shown = "\tfunction 1\n\tprice\n\tstart";
    assert_eq!(text(&frames, &exported(&binary, &frames)), shown);
    for bytes in [binary, EXPORTS_TEXT.into()] {
        let source = Source {
            name: "x.wasm".into(),
            bytes: bytes.into(),
        };
        let symbols = Symbols::default();
        let places = symbols.find(&source.name, &source.bytes, Shape::Core, &frames);
        assert_eq!(text(&frames, &places), shown);
        assert_eq!(symbols.known(&frames), Some(places));
        // Another call of a function without a name needs the file, one with a name does not.
        let later = Frame {
            in_file: Some(9),
            ..unnamed(3)
        };
        assert!(symbols.known(std::slice::from_ref(&later)).is_none());
        let named = Frame {
            name: Some("inner".to_owned()),
            ..later.clone()
        };
        assert!(symbols.known(&[named]).is_some());
        let places = symbols.find(
            &source.name,
            &source.bytes,
            Shape::Core,
            std::slice::from_ref(&later),
        );
        assert_eq!(text(&[later], &places), "\tstart");
    }
}

#[test]
fn text_that_takes_too_long_to_translate_tells_no_exports() {
    let long = format!("{EXPORTS_TEXT}{}", " ".repeat(STACK / TEXT));
    let source = Source {
        name: "x.wat".into(),
        bytes: long.into_bytes().into(),
    };
    let frames = [unnamed(3)];
    let symbols = Symbols::default();
    let places = symbols.find(&source.name, &source.bytes, Shape::Core, &frames);
    assert_eq!(text(&frames, &places), "\tfunction 3");
    assert_eq!(MODULE - symbols.0.lock().left, STACK);
}

#[test]
fn reading_for_all_stacks_of_a_module_is_bounded() {
    let (source, frames) = trapped();
    let symbols = Symbols::default();
    let places = symbols.find(&source.name, &source.bytes, Shape::Core, &frames);
    assert_eq!(places.iter().filter(|places| places.is_empty()).count(), 0);
    symbols.0.lock().left = 0;
    assert_eq!(symbols.known(&frames), Some(places));
    let other = Frame {
        in_function: Some(1),
        in_file: Some(1),
        ..frames[0].clone()
    };
    assert_eq!(
        symbols.find(&source.name, &source.bytes, Shape::Core, &[other]),
        [Places::default()]
    );
}

#[test]
fn no_more_calls_are_kept_than_are_worth_it() {
    let (source, frames) = trapped();
    let symbols = Symbols::default();
    for place in 0..2 * KEPT {
        let frame = Frame {
            in_file: Some(place),
            ..frames[0].clone()
        };
        symbols.find(&source.name, &source.bytes, Shape::Core, &[frame]);
    }
    assert!(symbols.0.lock().places.len() <= KEPT);
}

#[test]
fn the_parts_of_a_file_take_fuel() {
    let (source, frames) = trapped();
    let mut bytes = source.bytes.to_vec();
    // Custom sections without a name and content.
    bytes.extend([0_u8, 1, 0].repeat(300_000));
    let source = Source {
        bytes: bytes.into(),
        ..source
    };
    let symbols = Symbols::default();
    let places = symbols.find(&source.name, &source.bytes, Shape::Core, &frames);
    assert!(places.iter().all(|places| !places.is_empty()));
    assert!(MODULE - symbols.0.lock().left > 1_000_000);
}

fn sections_of(made: &Made) -> Sections<'_> {
    let mut sections = Sections::default();
    for (name, content) in [
        (".debug_abbrev", &made.abbreviations),
        (".debug_info", &made.info),
        (".debug_line", &made.lines),
    ] {
        sections.add(name, content);
    }
    sections
}

/// Reads with this much fuel, and returns what is left of it.
fn read(made: &Made, fuel: usize) -> usize {
    let fuel = Fuel::new(fuel);
    let _ = dwarf::places(&sections_of(made), &[5, 100], &fuel);
    fuel.left()
}

/// The beginning of a unit of all addresses, with the first line program.
fn covering() -> Vec<u8> {
    let mut entries = vec![1];
    string(&mut entries, "x");
    entries.extend_from_slice(&[0; 8]);
    entries.extend_from_slice(&u32::MAX.to_le_bytes());
    entries
}

fn with_root() -> Made {
    let mut made = Made::default();
    abbreviate(&mut made, 1, 0x11, true, &[NAME, LINES, LOW, SIZE]);
    made.lines = program(&[0, 1, 1]);
    made
}

#[test]
fn entries_that_nest_a_million_deep_take_no_stack() {
    let mut made = with_root();
    abbreviate(&mut made, 2, 0x1d, true, &[]);
    made.abbreviations.push(0);
    let mut entries = covering();
    entries.extend(std::iter::repeat_n(2, 1_000_000));
    made.info = unit(&entries);
    assert!(read(&made, STACK) > 0);
}

#[test]
fn attributes_without_bytes_take_fuel() {
    let mut made = with_root();
    // 10,000 flags that are present by themselves.
    abbreviate(&mut made, 2, 0x2e, false, &[(0x3f, 0x19); 10_000]);
    made.abbreviations.push(0);
    let mut entries = covering();
    entries.extend(std::iter::repeat_n(2, 1_000_000));
    made.info = unit(&entries);
    assert_eq!(read(&made, STACK), 0);
}

#[test]
fn units_that_share_a_long_line_program_take_fuel() {
    let mut made = with_root();
    made.abbreviations.push(0);
    // A million rows, none of which covers an address.
    made.lines = program(&[1; 1_000_000]);
    made.info = unit(&covering()).repeat(100_000);
    assert_eq!(read(&made, STACK), 0);
}

#[test]
fn a_list_of_short_files_is_cut_off() {
    let mut made = with_root();
    made.abbreviations.push(0);
    // Version 5: no directory, and files whose paths are numbers of one byte.
    let mut head = vec![1, 1, 1, 0xfb, 14, 1, 1, 1, 0x0b, 0, 1, 1, 0x0b];
    number(&mut head, 500_000);
    head.resize(head.len() + 500_000, 1);
    let mut program = vec![0; 4];
    program.extend_from_slice(&[5, 0, 4, 0]);
    program.extend_from_slice(&(head.len() as u32).to_le_bytes());
    program.extend_from_slice(&head);
    made.lines = finish(program);
    made.info = unit(&covering());
    let used = STACK - read(&made, STACK);
    assert!((64 << 10..256 << 10).contains(&used), "{used}");
}

#[test]
fn code_that_was_left_out_ends_the_line_before_it() {
    let mut made = with_root();
    made.abbreviations.push(0);
    let set_address = |address: u32| [vec![0, 5, 2], address.to_le_bytes().to_vec()].concat();
    let end = vec![0, 1, 1];
    // Each 1 is a row; 2 is an advance of the address.
    let rows = [
        set_address(2),
        vec![1],
        set_address(u32::MAX),
        vec![1],
        end.clone(),
        set_address(50),
        vec![1, 2, 10],
        end,
    ];
    made.lines = program(&rows.concat());
    made.info = unit(&covering());
    let places = dwarf::places(&sections_of(&made), &[20, 55], &Fuel::new(STACK));
    let found: Vec<usize> = places.iter().map(Vec::len).collect();
    assert_eq!(found, [0, 1]);
}

#[test]
fn strings_without_an_end_take_fuel() {
    let mut made = with_root();
    made.abbreviations.push(0);
    made.info = unit(&[vec![1], vec![b'x'; 1_000_000]].concat());
    read(&made, STACK);
    made.abbreviations = vec![0x80; 1_000_000];
    read(&made, STACK);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Reads debug information with some bytes changed.
    #[test]
    fn mistakes_in_debug_information_harm_nobody(
        changes in prop::collection::vec((0..3_usize, any::<prop::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let mut made = made(2, 8, 20);
        for (section, place, byte) in changes {
            let section = match section {
                0 => &mut made.abbreviations,
                1 => &mut made.info,
                _ => &mut made.lines,
            };
            let place = place.index(section.len());
            section[place] = byte;
        }
        read(&made, 1 << 16);
    }
}
