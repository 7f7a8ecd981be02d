//! Randomness fit for keys and hash seeds.

use core::cell::RefCell;

use crate::abi;

/// Bytes that one request for the stock yields: 30 numbers of 64 bits, or the numbers of 48
/// calls of the Lua guest.
const STOCK_BYTES: usize = 240;

/// Random bytes for later calls of [`bytes`]. A request for each would be a third of the time of
/// a call of a server.
struct Stock {
    bytes: [u8; STOCK_BYTES],
    /// Number of bytes, from the first on, that no call has had.
    left: usize,
}

thread_local! {
    // No destructor, which the Lua guest would carry. Empty in its snapshot, so that no two
    // processes have the same bytes.
    static STOCK: RefCell<Stock> = const {
        RefCell::new(Stock {
            bytes: [0; STOCK_BYTES],
            left: 0,
        })
    };
}

/// Fills `out`, which may be at most 65,536 bytes long.
pub fn fill(out: &mut [u8]) {
    // SAFETY: the range is `out`.
    unsafe { abi::random::bytes(out.as_mut_ptr(), out.len()) }
}

/// Returns `N` random bytes, 240 at most. They come from a stock of the process: one request
/// to the runtime serves several calls.
///
/// Code that runs in `wizer-initialize` calls [`fill`] instead: all processes that start from
/// the snapshot would have the same stock.
///
/// ```
/// use warren_guest::random;
///
/// let number = u64::from_le_bytes(random::bytes());
/// assert_ne!(number, u64::from_le_bytes(random::bytes()));
/// ```
pub fn bytes<const N: usize>() -> [u8; N] {
    const { assert!(N <= STOCK_BYTES, "the stock has 240 bytes: use `fill`") };
    let mut bytes = [0; N];
    STOCK.with_borrow_mut(|stock| {
        if stock.left < N {
            fill(&mut stock.bytes);
            stock.left = STOCK_BYTES;
        }
        stock.left -= N;
        let unused = stock.bytes.iter().skip(stock.left);
        for (byte, unused) in bytes.iter_mut().zip(unused) {
            *byte = *unused;
        }
    });
    bytes
}

/// Empties the stock, which came from the runtime of a test.
#[cfg(all(not(target_family = "wasm"), feature = "mock"))]
pub(crate) fn forget_stock() {
    STOCK.with_borrow_mut(|stock| stock.left = 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock;

    /// Returns the state of the runtime's sequence, which each request changes.
    fn sequence() -> u64 {
        mock::with(|runtime| runtime.random)
    }

    #[test]
    fn one_request_serves_several_calls() {
        mock::reset();
        let first: [u8; 8] = bytes();
        let (requested, mut known) = (sequence(), vec![first]);
        for _ in 1..STOCK_BYTES / 8 {
            let next = bytes();
            assert!(!known.contains(&next), "{next:?}");
            known.push(next);
        }
        assert_eq!(sequence(), requested);
        assert!(!known.contains(&bytes()));
        assert_ne!(sequence(), requested);
    }

    #[test]
    fn no_byte_is_handed_out_twice() {
        mock::reset();
        let mut requests = [[0; STOCK_BYTES]; 2];
        for request in &mut requests {
            fill(request);
        }
        // The mock repeats its sequence.
        mock::reset();
        let most: [u8; STOCK_BYTES - 1] = bytes();
        assert_eq!(most[..], requests[0][1..]);
        // One byte is left, which is too few.
        let two: [u8; 2] = bytes();
        assert_eq!(two[..], requests[1][STOCK_BYTES - 2..]);
    }
}
