//! A guest that makes calls of preview 1 in turn.

use super::frame::{Frame, types};
use super::preview1::FUNCTIONS;

/// The address of the results: an array of MessagePack with one number a call.
const RESULTS: u32 = 62 << 16;

/// The address of the numbers of opened descriptors.
pub(super) const OPENED: u32 = 256;

/// The address of a vector that names the 16 bytes at [`BUFFER`].
pub(super) const VECTOR: u32 = 512;
pub(super) const COUNT: u32 = 520;
pub(super) const STAT: u32 = 528;
pub(super) const BUFFER: u32 = 8_192;

/// The address of the first text.
const TEXTS: u32 = 1_024;

/// A guest that makes calls of preview 1 in turn, and ends with their results.
pub(super) struct Script {
    frame: Frame,
    calls: String,
}

impl Script {
    pub(super) fn new() -> Script {
        let mut script = Script {
            frame: Frame::new(TEXTS, RESULTS),
            calls: String::new(),
        };
        // The vector: 16 bytes at BUFFER.
        script.put(
            VECTOR,
            &[BUFFER.to_le_bytes(), 16_u32.to_le_bytes()].concat(),
        );
        script
    }

    /// Stores bytes at an address.
    pub(super) fn put(&mut self, at: u32, bytes: &[u8]) {
        self.frame.put(at, bytes);
    }

    /// Stores a path; returns its address and length.
    pub(super) fn text(&mut self, text: &str) -> [i64; 2] {
        let (at, len) = self.frame.text(text);
        [i64::from(at), i64::from(len)]
    }

    /// Adds a call. A parameter below zero is an opened descriptor: `-1 - slot` for
    /// the `slot` that was given to [`Script::open`].
    pub(super) fn call(&mut self, name: &str, parameters: &[i64]) -> &mut Script {
        let (_, letters) = FUNCTIONS
            .iter()
            .find(|(function, _)| *function == name)
            .unwrap();
        assert_eq!(letters.len(), parameters.len(), "{name}");
        let parameters: String = letters
            .chars()
            .zip(parameters)
            .map(|(ty, value)| match (ty, *value) {
                ('i', value) if value < 0 => {
                    format!(
                        "(i32.load (i32.const {})) ",
                        i64::from(OPENED) + 4 * (-1 - value)
                    )
                }
                ('i', value) => format!("(i32.const {value}) "),
                (_, value) => format!("(i64.const {value}) "),
            })
            .collect();
        let at = self.frame.next_result();
        self.calls += &format!("(i32.store8 (i32.const {at}) (call ${name} {parameters}))\n");
        self
    }

    /// Adds a call that opens a path; later calls name the descriptor `-1 - slot`.
    pub(super) fn open(
        &mut self,
        fd: i64,
        path: &str,
        how: u32,
        rights: u32,
        slot: u32,
    ) -> &mut Script {
        let [at, len] = self.text(path);
        let out = i64::from(OPENED + 4 * slot);
        let (how, rights) = (i64::from(how), i64::from(rights));
        self.call("path_open", &[fd, 1, at, len, how, rights, rights, 0, out])
    }

    pub(super) fn wat(&self) -> String {
        let imports: String = FUNCTIONS
            .iter()
            .map(|(name, parameters)| {
                let parameters = types(parameters);
                format!(
                    "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param{parameters}) \
                     (result i32)))\n"
                )
            })
            .collect();
        format!(
            "(module {imports}
               (import \"warren:core/program@0.1.0\" \"finish\" (func $finish (param i32 i32)))
               (memory (export \"memory\") 64)
               {}
               (func (export \"start\")
                 {}
                 (call $finish {})))",
            self.frame.data(),
            self.calls,
            self.frame.finished()
        )
    }
}
