//! Makes valid core modules at random.
//!
//! Standard input begins with the shape of all modules, a module in binary: a made
//! module has some of its imports and all of its exports. Random bytes follow, 2,048 for
//! one module. Standard output gets the modules. A length of 4 bytes, little-endian,
//! precedes every module. The program ends with its input.

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
    let mut entropy = [0; ENTROPY];
    loop {
        match input.read_exact(&mut entropy) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        let module = module(&shape, &entropy).map_err(io::Error::other)?;
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

/// Makes a module, the same from the same bytes.
fn module(shape: &[u8], entropy: &[u8]) -> arbitrary::Result<Vec<u8>> {
    let mut random = Unstructured::new(entropy);
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
