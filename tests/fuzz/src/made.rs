//! Inputs that are made instead of changed at random.

use arbitrary::Unstructured;

use crate::Target;

/// Makes an input out of random bytes.
pub type Make = fn(&mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>>;

/// Random bytes for one input.
const ENTROPY: usize = 4096;

impl Target {
    /// Makes the input of a seed, always the same. Returns `None` if the target makes
    /// no inputs.
    pub fn made(&self, seed: u64) -> Option<Vec<u8>> {
        let make = self.make?;
        make(&mut Unstructured::new(&random_bytes(seed, ENTROPY))).ok()
    }
}

/// Returns the first random bytes of a seed, by SplitMix64; `len` is a multiple of 8.
pub(crate) fn random_bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let numbers = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    });
    numbers.take(len / 8).flat_map(u64::to_le_bytes).collect()
}
