//! Addresses for programs that listen.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::TcpListener;

/// Ports that the system does not give to programs by itself.
const PORTS: std::ops::Range<u64> = 20_000..32_000;

/// Returns an address of this machine at which nobody listens. The port is a random one, so
/// that programs that start at the same time have different ones.
///
/// # Panics
/// There is no free port.
pub fn free_address() -> String {
    let random = || RandomState::new().build_hasher().finish();
    let candidates = (0..1_000).map(|_| PORTS.start + random() % (PORTS.end - PORTS.start));
    let mut addresses = candidates.map(|port| format!("127.0.0.1:{port}"));
    let free = addresses.find(|address| TcpListener::bind(address).is_ok());
    free.expect("a free port")
}
