//! Makes valid guests for the target `modules`: core modules by a separate program,
//! components here.

use std::env;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::made::random_bytes;
use crate::support::component::component;
use crate::support::imports;

/// Environment variable with the path of the program that makes modules. `cargo xtask
/// fuzz` builds the program.
const PROGRAM: &str = "WARREN_FUZZ_MODULES";

/// Functions of preview 1 that modules may import.
const PREVIEW_1: &str = r#"
(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_read" (func (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_prestat_get" (func (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_renumber" (func (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "poll_oneoff" (func (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
(import "wasi_snapshot_preview1" "environ_sizes_get" (func (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))"#;

/// Makes a guest: a core module, or the text of a component.
pub(crate) fn make(random: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let seed = u64::arbitrary(random)?;
    if random.ratio(3, 4)? {
        // Without the program, every guest is a component.
        if let Some(module) = module(seed) {
            return Ok(module);
        }
    }
    Ok(made_component(random)?.into_bytes())
}

/// Random bytes from which the program makes one module.
const ENTROPY: usize = 2048;

/// The running program that makes modules.
struct Maker {
    _child: Child,
    input: ChildStdin,
    modules: ChildStdout,
}

fn module(seed: u64) -> Option<Vec<u8>> {
    static MAKER: Mutex<Option<Maker>> = Mutex::new(None);
    let program = env::var_os(PROGRAM)?;
    let mut maker = MAKER.lock().expect("nobody panics with it");
    let maker = maker.get_or_insert_with(|| {
        Maker::start(Command::new(program)).expect("the program starts and reads the shape")
    });
    Some(maker.module(seed).expect("it answers each seed"))
}

impl Maker {
    fn start(mut program: Command) -> io::Result<Maker> {
        let mut child = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (mut input, modules) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        let shape = wat::parse_str(format!(
            r#"(module {} {PREVIEW_1} (memory (export "memory") 1) (func (export "start")))"#,
            imports::text()
        ));
        let shape = shape.map_err(io::Error::other)?;
        let length = u32::try_from(shape.len()).map_err(io::Error::other)?;
        input.write_all(&length.to_le_bytes())?;
        input.write_all(&shape)?;
        Ok(Maker {
            _child: child,
            input,
            modules,
        })
    }

    fn module(&mut self, seed: u64) -> io::Result<Vec<u8>> {
        self.input.write_all(&random_bytes(seed, ENTROPY))?;
        let mut length = [0; 4];
        self.modules.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_le_bytes(length)).map_err(io::Error::other)?;
        let mut module = vec![0; length];
        self.modules.read_exact(&mut module)?;
        Ok(module)
    }
}

/// Texts for the calls of a component, which lie one after another from address 0.
const TEXTS: [&str; 7] = [
    "test:0",
    "name",
    "t",
    "@inbox",
    "\\90",
    "\\91\\01",
    "gr\\c3\\bcn",
];

/// Functions of [`component`] by their parameters: `o` an optional text, `s` a text,
/// `n` a small number, `D` an optional instant, `r` the address for the result.
const FUNCTIONS: [(&str, &str, bool); 10] = [
    ("$inbox", "", true),
    ("$receive-one", "nDr", false),
    ("$pid", "r", false),
    ("$send", "sssr", false),
    ("$upgrade", "osr", false),
    ("$register", "sor", false),
    ("$write", "ns", false),
    ("$log", "nsso", false),
    ("$arguments", "r", false),
    ("$finish", "o", false),
];

/// Makes a component, most of whose calls have valid operands.
fn made_component(random: &mut Unstructured<'_>) -> Result<String> {
    let mut start = String::new();
    for _ in 0..random.int_in_range(1..=12)? {
        let (name, parameters, returns) = *random.choose(&FUNCTIONS)?;
        let mut call = format!("(call {name}");
        for parameter in parameters.chars() {
            call += &operand(parameter, random)?;
        }
        call += ")";
        start += &if returns {
            format!("(drop {call})")
        } else {
            call
        };
    }
    let data = format!("(data (i32.const 0) \"{}\")", TEXTS.concat());
    Ok(component(&data, &start))
}

fn operand(parameter: char, random: &mut Unstructured<'_>) -> Result<String> {
    let number = |number: i64| format!(" (i32.const {number})");
    if random.ratio(1, 32)? {
        let odd = *random.choose(&[-1, 65_535, 131_072, i64::from(i32::MIN)])?;
        return Ok(match parameter {
            's' => number(odd) + &number(random.int_in_range(0..=99)?),
            'o' => number(1) + &number(0) + &number(odd),
            'D' => number(odd) + " (i64.const 0)",
            _ => number(odd),
        });
    }
    Ok(match parameter {
        'o' if random.ratio(1, 3)? => number(0) + &number(0) + &number(0),
        'o' => number(1) + &operand('s', random)?,
        's' => {
            // An escaped byte is one byte.
            let length = |text: &&str| text.len() - 2 * text.matches('\\').count();
            let chosen = random.choose_index(TEXTS.len())?;
            let before: usize = TEXTS.iter().take(chosen).map(length).sum();
            format!(
                " (i32.const {before}) (i32.const {})",
                length(&TEXTS[chosen])
            )
        }
        'D' => format!(
            "{} (i64.const {})",
            number(random.int_in_range(0..=1)?),
            random.choose(&[0, 1, i64::MAX])?
        ),
        'r' => number(2048),
        _ => number(random.int_in_range(0..=4)?),
    })
}
