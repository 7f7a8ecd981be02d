//! The connections of each client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

/// The open connections of each client of a listener.
#[derive(Default)]
pub(super) struct Clients(Mutex<HashMap<IpAddr, usize>>);

/// A connection that counts for its client until the value is dropped.
pub(super) struct Counted {
    clients: Arc<Clients>,
    network: IpAddr,
}

impl Clients {
    /// Counts one more connection of a client; `None` if it has `most`.
    pub(super) fn enter(self: &Arc<Self>, client: IpAddr, most: usize) -> Option<Counted> {
        let network = network_of(client);
        let mut counts = self.0.lock();
        let count = counts.entry(network).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Counted {
            clients: Arc::clone(self),
            network,
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.clients.0.lock();
        match counts.get_mut(&self.network) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.network);
            }
        }
    }
}

/// Returns the address that stands for a client: of IPv6 the first 64 bits, since a client
/// has all addresses behind them.
pub(super) fn network_of(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_so_many_connections() {
        let clients = Arc::new(Clients::default());
        let enter = |address: &str| clients.enter(address.parse().unwrap(), 2);
        let held = (enter("1.2.3.4").unwrap(), enter("::ffff:1.2.3.4").unwrap());
        assert!(enter("1.2.3.4").is_none());
        let other = enter("1.2.3.5").unwrap();
        let six = (
            enter("2001:db8::1").unwrap(),
            enter("2001:db8::ffff").unwrap(),
        );
        assert!(enter("2001:db8::2").is_none());
        assert!(enter("2001:db8:0:1::2").is_some());
        drop((held, other, six));
        assert!(clients.0.lock().is_empty());
    }
}
