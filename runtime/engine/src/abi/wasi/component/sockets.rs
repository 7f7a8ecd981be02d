//! `wasi:sockets`: connections of TCP to the servers that were granted.
//!
//! wasmtime's implementation does the work. Here sockets are counted as open files, and names
//! are looked up only if they were granted. A component connects to the addresses that were
//! granted, and to those that a granted name had when the component looked it up. Everything
//! else is refused: other addresses, listening, and UDP. The operator is told of the first
//! refusal of a process.

use std::collections::{HashMap, HashSet};
use std::future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use parking_lot::Mutex;
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::bindings::sockets::network::{
    self, ErrorCode, IpAddress, IpAddressFamily, Network,
};
use wasmtime_wasi::p2::bindings::sockets::{ip_name_lookup, tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{DynPollable, SocketError, SocketResult, TcpSocket, UdpSocket};
use wasmtime_wasi::sockets::{SocketAddrUse, WasiSocketsCtxView};

use self::ip_name_lookup::{HostResolveAddressStream, ResolveAddressStream};
use super::Parts;
use crate::capability::Endpoint;
use crate::code::uses::Uses;
use crate::files::{HostFiles, Ticket};
use crate::guest::Guest;
use crate::guest::shared::Shared;
use crate::lookups::LookUp;

/// The most sockets that a component may have open.
pub(crate) const MAX_SOCKETS: usize = 64;

/// The most names that a component may look up at a time. Each look-up takes a thread.
pub(crate) const MAX_LOOKUPS: usize = 4;

/// The most addresses that are remembered for granted names.
const MAX_ADDRESSES: usize = 1_024;

/// The reason of a refusal, and the remedy.
const NOT_GRANTED: &str = "the process may connect to no server that it was not granted; grant \
                           it by tcp = [\"HOST:PORT\"] or --tcp HOST:PORT";

/// The reason of a refusal without a remedy.
const NO_UDP: &str = "no grant gives datagrams; a process has connections of TCP alone";

/// The sockets of a component.
pub(super) struct Sockets {
    allowed: Arc<Allowed>,
    /// The rights to open sockets, by the numbers of their resources.
    tickets: Vec<(u32, Ticket)>,
    /// The names that are looked up, by the numbers of their streams.
    names: HashMap<u32, Named>,
    /// Streams that the component has dropped before the look-up was done.
    dropped: Vec<(u32, Option<LookUp>)>,
    /// True once the operator was told of a refusal.
    has_told: bool,
}

/// A name that is looked up.
struct Named {
    name: String,
    /// Present until the look-up is done, of a name that is no address.
    look_up: Option<LookUp>,
}

/// The servers that a component may connect to.
struct Allowed {
    granted: Vec<Endpoint>,
    /// The addresses that granted names have had.
    found: Mutex<HashSet<SocketAddr>>,
}

impl Allowed {
    fn connects(&self, address: SocketAddr) -> bool {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let is_granted = |server: &Endpoint| {
            server.address() == Some(address.ip()) && server.port() == address.port()
        };
        self.granted.iter().any(is_granted) || self.found.lock().contains(&address)
    }

    fn looks_up(&self, name: &str) -> bool {
        self.granted.iter().any(|server| server.is_called(name))
    }

    /// Remembers an address of a granted name.
    fn found(&self, name: &str, address: IpAddr) {
        let servers = self.granted.iter().filter(|server| server.is_called(name));
        let mut found = self.found.lock();
        for server in servers {
            if found.len() < MAX_ADDRESSES {
                found.insert(SocketAddr::new(address.to_canonical(), server.port()));
            }
        }
    }

    /// Judges the use of an address.
    fn permits(&self, address: SocketAddr, purpose: SocketAddrUse) -> bool {
        match purpose {
            SocketAddrUse::TcpConnect => self.connects(address),
            // The system chooses the address from which a socket connects.
            SocketAddrUse::TcpBind => address.ip().is_unspecified() && address.port() == 0,
            _ => false,
        }
    }
}

impl Sockets {
    /// Permits the granted servers, and nothing else.
    pub(super) fn new(uses: &Uses, builder: &mut WasiCtxBuilder) -> Sockets {
        let granted = uses.of(Endpoint::CAPABILITY);
        let granted: Vec<_> = granted
            .filter_map(|(server, _)| Endpoint::parse(server).ok())
            .collect();
        let is_granted = !granted.is_empty();
        let allowed = Arc::new(Allowed {
            granted,
            found: Mutex::default(),
        });
        // Making a socket would take a file of the system, even if the socket is never
        // used.
        builder
            .allow_tcp(is_granted)
            .allow_ip_name_lookup(is_granted)
            .allow_udp(false);
        if is_granted {
            let allowed = Arc::clone(&allowed);
            builder.socket_addr_check(move |address, purpose| {
                Box::pin(future::ready(allowed.permits(address, purpose)))
            });
        }
        Sockets {
            allowed,
            tickets: Vec::new(),
            names: HashMap::new(),
            dropped: Vec::new(),
            has_told: false,
        }
    }
}

struct Connecting;

impl HasData for Connecting {
    type Data<'a> = View<'a>;
}

struct View<'a> {
    library: WasiSocketsCtxView<'a>,
    sockets: &'a mut Sockets,
    /// The number of open files of the component.
    open: usize,
    files: Arc<HostFiles>,
    shared: Arc<Shared>,
    /// PID and definition of the process.
    process: (Arc<str>, Arc<str>),
}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    tcp_create_socket::add_to_linker::<Guest, Connecting>(linker, view)?;
    udp_create_socket::add_to_linker::<Guest, Connecting>(linker, view)?;
    ip_name_lookup::add_to_linker::<Guest, Connecting>(linker, view)
}

fn view(guest: &mut Guest) -> View<'_> {
    let (files, shared) = (Arc::clone(guest.files()), Arc::clone(&guest.shared));
    let pid = guest
        .process()
        .map_or_else(|_| "".into(), |process| Arc::clone(process.text()));
    let process = (pid, Arc::clone(&guest.run.program.definition.id));
    let Parts {
        ctx,
        table,
        sockets,
        open,
        ..
    } = guest.component();
    View {
        library: WasiSocketsCtxView {
            ctx: ctx.sockets(),
            table,
        },
        sockets,
        open: 2 * (Arc::strong_count(open) - 1),
        files,
        shared,
        process,
    }
}

impl View<'_> {
    /// Tells the operator once what was refused, since the error code says little.
    fn tell(&mut self, wanted: &str, reason: &str) {
        if !std::mem::replace(&mut self.sockets.has_told, true) && self.shared.refused_paths.tells()
        {
            let (pid, definition) = &self.process;
            let wanted = warren_kernel::text::line(wanted);
            tracing::warn!(
                target: "warren::grants",
                pid = &**pid,
                definition = &**definition,
                "{wanted} was refused: {reason}"
            );
        }
    }

    /// Gives back the rights of sockets that are closed.
    fn forget_closed(&mut self) {
        let table = &*self.library.table;
        self.sockets.tickets.retain(|(number, _)| {
            table
                .get(&Resource::<TcpSocket>::new_borrow(*number))
                .is_ok()
        });
    }

    /// Drops the streams that the component has dropped, as far as their look-ups are done.
    fn drop_done(&mut self) -> wasmtime::Result<()> {
        for (number, look_up) in std::mem::take(&mut self.sockets.dropped) {
            if self.is_pending(number) {
                self.sockets.dropped.push((number, look_up));
            } else {
                end(look_up);
                HostResolveAddressStream::drop(&mut self.library, Resource::new_own(number))?;
            }
        }
        Ok(())
    }

    /// Returns true if a look-up is not done.
    fn is_pending(&mut self, number: u32) -> bool {
        let stream = Resource::new_borrow(number);
        let next = HostResolveAddressStream::resolve_next_address(&mut self.library, stream);
        would_block(&next)
    }
}

/// Returns true for the answer of a look-up that is not done.
fn would_block<T>(next: &SocketResult<T>) -> bool {
    let error = next.as_ref().err();
    error.is_some_and(|error| matches!(error.downcast_ref(), Some(ErrorCode::WouldBlock)))
}

/// Notes that the resolver has answered.
fn end(look_up: Option<LookUp>) {
    if let Some(look_up) = look_up {
        look_up.end();
    }
}

impl tcp_create_socket::Host for View<'_> {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        if self.sockets.allowed.granted.is_empty() {
            self.tell("a socket of TCP", NOT_GRANTED);
            return Err(ErrorCode::AccessDenied.into());
        }
        self.forget_closed();
        let held = self.sockets.tickets.len();
        let ticket = match self.files.take(self.open + held) {
            Some(ticket) if held < MAX_SOCKETS => ticket,
            _ => return Err(ErrorCode::NewSocketLimit.into()),
        };
        let socket = tcp_create_socket::Host::create_tcp_socket(&mut self.library, family)?;
        self.sockets.tickets.push((socket.rep(), ticket));
        Ok(socket)
    }
}

impl udp_create_socket::Host for View<'_> {
    async fn create_udp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        self.tell("a socket of UDP", NO_UDP);
        Err(ErrorCode::AccessDenied.into())
    }
}

impl ip_name_lookup::Host for View<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> SocketResult<Resource<ResolveAddressStream>> {
        let is_address = name.parse::<IpAddr>().is_ok();
        if !is_address && !self.sockets.allowed.looks_up(&name) {
            self.tell(&format!("looking up the name {name}"), NOT_GRANTED);
            return Err(ErrorCode::AccessDenied.into());
        }
        self.drop_done().map_err(SocketError::trap)?;
        if self.sockets.names.len() + self.sockets.dropped.len() >= MAX_LOOKUPS {
            return Err(ErrorCode::TemporaryResolverFailure.into());
        }
        let look_up = match is_address {
            true => None,
            false => {
                let begun = self.files.lookups().begin();
                Some(begun.ok_or(ErrorCode::TemporaryResolverFailure)?)
            }
        };
        let begun =
            ip_name_lookup::Host::resolve_addresses(&mut self.library, network, name.clone());
        match begun {
            Ok(stream) => {
                let named = Named { name, look_up };
                self.sockets.names.insert(stream.rep(), named);
                Ok(stream)
            }
            Err(error) => {
                end(look_up);
                Err(error)
            }
        }
    }
}

type Stream = Resource<ResolveAddressStream>;

impl HostResolveAddressStream for View<'_> {
    fn resolve_next_address(&mut self, stream: Stream) -> SocketResult<Option<IpAddress>> {
        let number = stream.rep();
        let found = HostResolveAddressStream::resolve_next_address(&mut self.library, stream);
        let Some(named) = self.sockets.names.get_mut(&number) else {
            return found;
        };
        if !would_block(&found) {
            end(named.look_up.take());
        }
        if let Ok(Some(address)) = &found {
            self.sockets.allowed.found(&named.name, ip(address));
        }
        found
    }

    fn subscribe(&mut self, stream: Stream) -> wasmtime::Result<Resource<DynPollable>> {
        HostResolveAddressStream::subscribe(&mut self.library, stream)
    }

    fn drop(&mut self, stream: Stream) -> wasmtime::Result<()> {
        let number = stream.rep();
        let look_up = self.sockets.names.remove(&number);
        let look_up = look_up.and_then(|named| named.look_up);
        if self.is_pending(number) {
            self.sockets.dropped.push((number, look_up));
            return Ok(());
        }
        end(look_up);
        HostResolveAddressStream::drop(&mut self.library, stream)
    }
}

impl network::Host for View<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        network::Host::convert_error_code(&mut self.library, error)
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        network::Host::network_error_code(&mut self.library, error)
    }
}

impl network::HostNetwork for View<'_> {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.library, network)
    }
}

fn ip(address: &IpAddress) -> IpAddr {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(*a, *b, *c, *d).into(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => {
            Ipv6Addr::new(*a, *b, *c, *d, *e, *f, *g, *h).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(granted: &[&str]) -> Allowed {
        let granted = granted
            .iter()
            .map(|server| Endpoint::parse(server).unwrap());
        Allowed {
            granted: granted.collect(),
            found: Mutex::default(),
        }
    }

    #[test]
    fn a_component_connects_to_granted_addresses_alone() {
        let allowed = allowed(&["127.0.0.1:5432", "[::1]:5432"]);
        for (address, purpose, is_permitted) in [
            ("127.0.0.1:5432", SocketAddrUse::TcpConnect, true),
            ("[::ffff:127.0.0.1]:5432", SocketAddrUse::TcpConnect, true),
            ("[::1]:5432", SocketAddrUse::TcpConnect, true),
            ("127.0.0.1:5433", SocketAddrUse::TcpConnect, false),
            ("127.0.0.2:5432", SocketAddrUse::TcpConnect, false),
            ("0.0.0.0:0", SocketAddrUse::TcpBind, true),
            ("0.0.0.0:5432", SocketAddrUse::TcpBind, false),
            ("127.0.0.1:0", SocketAddrUse::TcpBind, false),
            ("0.0.0.0:0", SocketAddrUse::TcpListen, false),
            ("127.0.0.1:5432", SocketAddrUse::UdpSend, false),
        ] {
            let permitted = allowed.permits(address.parse().unwrap(), purpose);
            assert_eq!(permitted, is_permitted, "{address} {purpose:?}");
        }
    }

    #[test]
    fn the_addresses_of_a_name_are_granted_when_they_were_found() {
        let allowed = allowed(&["db.internal:5432", "db.internal:5433", "other:80"]);
        let address: IpAddr = "10.0.0.7".parse().unwrap();
        let at = |port| SocketAddr::new(address, port);
        assert!(allowed.looks_up("DB.internal") && !allowed.looks_up("evil.org"));
        assert!(!allowed.connects(at(5432)));
        allowed.found("db.internal", address);
        assert!(allowed.connects(at(5432)) && allowed.connects(at(5433)));
        assert!(!allowed.connects(at(80)));
    }
}
