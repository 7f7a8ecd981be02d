//! Makes valid core modules at random.
//!
//! Standard input begins with the shape of all modules, a module in binary: a made
//! module has some of its imports and all of its exports. Seeds follow. Standard output
//! gets one module for each seed. A length of 4 bytes precedes every module; a seed has
//! 8 bytes; both are little-endian. The program ends with its input.

use std::io::{self, BufReader, Read, Write};

use arbitrary::Unstructured;
use wasm_smith::{Config, Module};

/// Random bytes for one module.
const ENTROPY: usize = 2048;

/// Steps of a module before it traps. An endless loop costs the fuzz target all of its
/// CPU limit.
const FUEL: u32 = 10_000;

fn main() -> io::Result<()> {
    let mut input = BufReader::new(io::stdin());
    let mut output = io::stdout();
    let mut shape = vec![0; usize::try_from(number(&mut input)?).map_err(io::Error::other)?];
    input.read_exact(&mut shape)?;
    let mut seed = [0; 8];
    loop {
        match input.read_exact(&mut seed) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        let module = module(&shape, u64::from_le_bytes(seed)).map_err(io::Error::other)?;
        let length = u32::try_from(module.len()).map_err(io::Error::other)?;
        output.write_all(&length.to_le_bytes())?;
        output.write_all(&module)?;
        output.flush()?;
    }
}

fn number(input: &mut impl Read) -> io::Result<u32> {
    let mut number = [0; 4];
    input.read_exact(&mut number)?;
    Ok(u32::from_le_bytes(number))
}

/// Makes the module of a seed, always the same.
fn module(shape: &[u8], seed: u64) -> arbitrary::Result<Vec<u8>> {
    let entropy = bytes(seed);
    let mut random = Unstructured::new(&entropy);
    // A few modules use proposals that the engine has off.
    let plain = random.ratio(15, 16)?;
    let config = Config {
        available_imports: Some(shape.to_vec()),
        exports: Some(shape.to_vec()),
        allow_start_export: random.ratio(1, 8)?,
        exceptions_enabled: !plain,
        gc_enabled: !plain,
        threads_enabled: !plain,
        max_data_segments: 4,
        max_element_segments: 4,
        max_funcs: 12,
        max_globals: 8,
        max_imports: 60,
        max_instructions: 60,
        max_memories: 1,
        max_table_elements: 20_000,
        max_types: 20,
        ..Config::default()
    };
    let ends = random.ratio(31, 32)?;
    let mut made = Module::new(config, &mut random)?;
    if ends {
        // Fails for a module without functions, which terminates anyway.
        let _ = made.ensure_termination(FUEL);
    }
    Ok(made.to_bytes())
}

/// Returns the random bytes of a seed, by SplitMix64.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let numbers = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    });
    numbers
        .take(ENTROPY / 8)
        .flat_map(u64::to_le_bytes)
        .collect()
}
