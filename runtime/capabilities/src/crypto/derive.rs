//! `crypto.pbkdf2(password, salt, iterations, length, hash)` and
//! `crypto.argon2id(password, salt, {memory, iterations, length})`: keys from passwords.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha512};
use warren_engine::capability::{Progress, Step};
use warren_kernel::{Error, text};

use crate::answer;
use crate::limit::beyond;
use crate::request::Arguments;

/// The most bytes of a derived key.
const MAX_LENGTH: i64 = 1 << 20;

/// The most iterations of PBKDF2 for each block of the key.
const MAX_ITERATIONS: i64 = 10_000_000;

/// Iterations of PBKDF2 between two checks: some 0.5 ms.
const BETWEEN_CHECKS: u32 = 1_000;

/// Answers `crypto.pbkdf2`.
pub(super) fn pbkdf2(request: &[u8]) -> Step {
    match Pbkdf2::new(request) {
        Ok(call) => Step::compute(call.length, move |progress| {
            let key = match call.hash {
                Hash::Sha256 => call.derive::<Sha256>(progress)?,
                Hash::Sha512 => call.derive::<Sha512>(progress)?,
            };
            answer::write(|out| out.string(&key))
        }),
        Err(error) => Step::Done(Err(error)),
    }
}

struct Pbkdf2 {
    password: Vec<u8>,
    salt: Vec<u8>,
    iterations: u32,
    length: usize,
    hash: Hash,
}

enum Hash {
    Sha256,
    Sha512,
}

impl Pbkdf2 {
    fn new(request: &[u8]) -> Result<Pbkdf2, Error> {
        let mut arguments = Arguments::new(request)?;
        let password = filled(&mut arguments, "password")?;
        let salt = filled(&mut arguments, "salt")?;
        let iterations = arguments.integer("iterations")?;
        let length = arguments.integer("length")?;
        let hash = match arguments.text_or_nil("hash")?.unwrap_or("sha256") {
            "sha256" => Hash::Sha256,
            "sha512" => Hash::Sha512,
            other => {
                let other = text::line(other);
                return Err(Error::invalid(format!(
                    "hash: {other} is not sha256 or sha512"
                )));
            }
        };
        Ok(Pbkdf2 {
            password,
            salt,
            iterations: within(
                "iterations",
                iterations,
                (1, MAX_ITERATIONS),
                "max_iterations",
            )?,
            length: within("length", length, (1, MAX_LENGTH), "max_length")? as usize,
            hash,
        })
    }

    /// Derives the key as RFC 8018 says. Own code, since that of the crate `pbkdf2` cannot
    /// be stopped and ten million iterations take seconds for each block.
    fn derive<D: EagerHash>(&self, progress: &Progress<'_>) -> Result<Vec<u8>, Error> {
        let keyed = Hmac::<D>::new_from_slice(&self.password)
            .map_err(|error| Error::internal(format!("the password is refused: {error}")))?;
        let size = <D as sha2::Digest>::output_size();
        let mut key = Vec::with_capacity(self.length + size);
        let tick = |done: &mut u32| {
            *done = done.wrapping_add(1);
            match done.is_multiple_of(BETWEEN_CHECKS) {
                true => progress.check(),
                false => Ok(()),
            }
        };
        let mut done = 0;
        for number in 1_u32.. {
            let mut code = keyed.clone();
            code.update(&self.salt);
            code.update(&number.to_be_bytes());
            let mut code = code.finalize().into_bytes();
            let mut block = code.clone();
            tick(&mut done)?;
            for _ in 1..self.iterations {
                tick(&mut done)?;
                let mut next = keyed.clone();
                next.update(&code);
                code = next.finalize().into_bytes();
                for (byte, more) in block.iter_mut().zip(&code) {
                    *byte ^= more;
                }
            }
            key.extend_from_slice(&block);
            if key.len() >= self.length {
                break;
            }
        }
        key.truncate(self.length);
        Ok(key)
    }
}

/// The most memory of Argon2, in KiB.
const MAX_MEMORY: i64 = 1 << 20;

/// The most KiB that Argon2 passes over, in all iterations together. The work cannot be
/// stopped, and a second passes over some 1 GiB.
const MAX_PASSED: i64 = 4 << 20;

/// Answers `crypto.argon2id`. Without options it takes the parameters that OWASP
/// recommends: 19 MiB and two iterations.
pub(super) fn argon2id(request: &[u8]) -> Step {
    let (password, salt, params) = match argon2_parameters(request) {
        Ok(parameters) => parameters,
        Err(error) => return Step::Done(Err(error)),
    };
    let memory = params.block_count() * Block::SIZE;
    Step::compute(memory, move |progress| {
        let mut blocks: Vec<Block> = Vec::new();
        blocks
            .try_reserve_exact(params.block_count())
            .map_err(|_| Error::internal("no memory for the blocks of argon2id"))?;
        blocks.resize(params.block_count(), Block::default());
        progress.check()?;
        let mut key = vec![0; params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(&password, &salt, &mut key, &mut blocks)
            .map_err(|error| Error::internal(format!("argon2id failed: {error}")))?;
        answer::write(|out| out.string(&key))
    })
}

type Argon2Parameters = (Vec<u8>, Vec<u8>, Params);

fn argon2_parameters(request: &[u8]) -> Result<Argon2Parameters, Error> {
    let mut arguments = Arguments::new(request)?;
    let password = filled(&mut arguments, "password")?;
    let salt = filled(&mut arguments, "salt")?;
    let mut options = arguments.fields("options")?;
    let memory = options.integer_or("memory", 19_456)?;
    let iterations = options.integer_or("iterations", 2)?;
    let length = options.integer_or("length", 32)?;
    options.end()?;
    if salt.len() < argon2::MIN_SALT_LEN {
        let (bytes, least) = (salt.len(), argon2::MIN_SALT_LEN);
        return Err(Error::invalid(format!(
            "salt: {bytes} bytes are fewer than {least}"
        )));
    }
    let memory_cost = within(
        "options.memory",
        memory,
        (8, MAX_MEMORY),
        "max_argon2id_memory",
    )?;
    let time_cost = within(
        "options.iterations",
        iterations,
        (1, MAX_PASSED / 8),
        "max_argon2id_iterations",
    )?;
    let length = within("options.length", length, (4, MAX_LENGTH), "max_length")? as usize;
    if memory * iterations > MAX_PASSED {
        let message = format!(
            "options: memory ({memory} KiB) times iterations ({iterations}) is more than \
             {MAX_PASSED} KiB"
        );
        return Err(beyond("max_argon2id_work", MAX_PASSED as usize, message));
    }
    let params = Params::new(memory_cost, time_cost, 1, Some(length))
        .map_err(|error| Error::invalid(format!("options: {error}")))?;
    Ok((password, salt, params))
}

fn filled(arguments: &mut Arguments<'_>, name: &str) -> Result<Vec<u8>, Error> {
    match arguments.bytes(name)? {
        [] => Err(Error::invalid(format!("{name}: it is empty"))),
        bytes => Ok(bytes.to_vec()),
    }
}

fn within(
    name: &str,
    number: i64,
    (least, most): (i64, i64),
    limit: &'static str,
) -> Result<u32, Error> {
    match u32::try_from(number) {
        Ok(valid) if (least..=most).contains(&number) => Ok(valid),
        _ => {
            let message = format!("{name}: {number} is not from {least} to {most}");
            Err(match usize::try_from(most) {
                Ok(value) if number > most => beyond(limit, value, message),
                _ => Error::invalid(message),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::crypto::Crypto;
    use crate::test::{called, called_within, of};
    use warren_kernel::Kind;
    use warren_values::Value;

    fn shown(value: &Value) -> String {
        match value {
            Value::Bytes(bytes) => crate::hex::lower(bytes),
            Value::String(text) => crate::hex::lower(text.as_bytes()),
            other => panic!("{other:?}"),
        }
    }

    fn pbkdf2_of(iterations: i64, length: i64, hash: &str) -> Result<Value, Error> {
        let arguments = [
            of("password"),
            of("salt"),
            Value::Integer(iterations),
            Value::Integer(length),
            of(hash),
        ];
        called(&Crypto, "pbkdf2", &arguments)
    }

    #[test]
    fn keys_of_pbkdf2_are_those_of_its_reference() {
        for (iterations, length, hash, key) in [
            (1, 20, "sha256", "120fb6cffcf8b32c43e7225256c4f837a86548c9"),
            (
                4096,
                20,
                "sha256",
                "c5e478d59288c841aa530db6845c4c8d962893a0",
            ),
            (1, 20, "sha512", "867f70cf1ade02cff3752599a3a53dc4af34c7a6"),
        ] {
            assert_eq!(shown(&pbkdf2_of(iterations, length, hash).unwrap()), key);
        }
        let long = pbkdf2_of(2, 100, "sha256").unwrap();
        assert_eq!(shown(&long).len(), 200);
        assert!(shown(&long).starts_with(&shown(&pbkdf2_of(2, 32, "sha256").unwrap())));
    }

    #[test]
    fn parameters_out_of_range_are_invalid() {
        for (iterations, length, hash) in [
            (0, 20, "sha256"),
            (10_000_001, 20, "sha256"),
            (1, 0, "sha256"),
            (1, i64::MAX, "sha256"),
            (1, 20, "md5"),
        ] {
            let error = pbkdf2_of(iterations, length, hash).unwrap_err();
            assert_eq!(error.kind, Kind::Invalid);
        }
        let error = called(&Crypto, "pbkdf2", &[of(""), of("salt")]).unwrap_err();
        assert_eq!(error.message, "password: it is empty");
    }

    #[test]
    fn pbkdf2_stops_when_it_is_told_to() {
        let checks = Cell::new(0);
        let check = || {
            checks.set(checks.get() + 1);
            match checks.get() {
                3 => Err(Error::new(Kind::Canceled, "stopped")),
                _ => Ok(()),
            }
        };
        for (iterations, length) in [(10_000_000, 1 << 20), (1, 1 << 20), (2, 1 << 20)] {
            checks.set(0);
            let arguments = [
                of("p"),
                of("s"),
                Value::Integer(iterations),
                Value::Integer(length),
            ];
            let stopped = called_within(&Crypto, "pbkdf2", &arguments, &check);
            assert_eq!(stopped.unwrap_err().message, "stopped", "{iterations}");
        }
    }

    #[test]
    fn keys_of_argon2id_are_those_of_its_reference() {
        let options = Value::Map(vec![
            (of("memory"), Value::Integer(65_536)),
            (of("iterations"), Value::Integer(2)),
        ]);
        let key = called(
            &Crypto,
            "argon2id",
            &[of("password"), of("somesalt"), options],
        );
        assert_eq!(
            shown(&key.unwrap()),
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
        );
    }

    #[test]
    fn too_much_of_argon2id_is_invalid() {
        for (memory, iterations, length) in [
            (7, 1, 32),
            (1 << 21, 1, 32),
            (1 << 20, 5, 32),
            (8, i64::MAX, 32),
            (8, 1, 3),
        ] {
            let options = Value::Map(vec![
                (of("memory"), Value::Integer(memory)),
                (of("iterations"), Value::Integer(iterations)),
                (of("length"), Value::Integer(length)),
            ]);
            let error = called(&Crypto, "argon2id", &[of("p"), of("somesalt"), options]);
            assert_eq!(error.unwrap_err().kind, Kind::Invalid);
        }
        let unknown = Value::Map(vec![(of("memroy"), Value::Integer(8))]);
        let error = called(&Crypto, "argon2id", &[of("p"), of("somesalt"), unknown]);
        assert_eq!(error.unwrap_err().message, "options: unknown key memroy");
    }
}
