//! The result of the sleepers.

use anyhow::{Context, Result, ensure};

use crate::statistics::percentile;

/// Returns the nanoseconds in a sleeper's encoded result.
///
/// # Errors
/// The result is not a string of whole numbers.
pub(crate) fn decode(mut value: &[u8]) -> Result<Vec<f64>> {
    let value = rmpv::decode::read_value(&mut value).context("a result that is no MessagePack")?;
    let bytes = value.as_slice().context("a result that is no string")?;
    let numbers = bytes.chunks_exact(4);
    ensure!(
        numbers.remainder().is_empty(),
        "a result with half a number"
    );
    Ok(numbers
        .map(|n| f64::from(u32::from_le_bytes([n[0], n[1], n[2], n[3]])))
        .collect())
}

/// Returns the milliseconds at the 50th and the 99th percentile.
///
/// # Errors
/// There is no number.
pub(crate) fn percentiles(mut nanoseconds: Vec<f64>) -> Result<Vec<f64>> {
    nanoseconds.sort_by(f64::total_cmp);
    let milliseconds = |share| {
        let nanoseconds = percentile(&nanoseconds, share).context("no sleep was measured")?;
        anyhow::Ok(nanoseconds / 1e6)
    };
    Ok(vec![milliseconds(0.5)?, milliseconds(0.99)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_string_are_read() {
        let bin = [0xc6, 0, 0, 0, 8, 1, 0, 0, 0, 0, 1, 0, 0];
        assert_eq!(decode(&bin).expect("is a string"), [1.0, 256.0]);
        let text = [0xa4, 2, 0, 0, 0];
        assert_eq!(decode(&text).expect("is a string"), [2.0]);
        assert!(decode(&[0xa1, 2]).is_err());
        assert!(decode(&[0xc0]).is_err());
    }

    #[test]
    fn percentiles_are_milliseconds() {
        let nanoseconds = (1..=100).rev().map(|n| f64::from(n) * 1e6).collect();
        assert_eq!(percentiles(nanoseconds).expect("not empty"), [50.0, 99.0]);
        assert!(percentiles(Vec::new()).is_err());
    }
}
