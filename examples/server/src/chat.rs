//! The way into a tenant's chat room.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{self, Path};
use axum::http::Uri;
use axum::response::Response;
use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::handler::not_started;
use crate::socket;
use crate::state::State;

/// The most bytes that a line may have.
const MAX_LINE: usize = 4 << 10;

/// The most bytes that a name may have.
const MAX_NAME: usize = 32;

/// `GET /acme/chat?name=ada` as a WebSocket. Who they are, users of this example
/// say themselves: here a real server would look at a session or a token.
pub(crate) async fn enter(
    extract::State(state): extract::State<State>,
    Path(tenant): Path<String>,
    uri: Uri,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Failure> {
    let tenant = state.tenants.find(&tenant).ok_or(Failure::NoTenant)?;
    let name = name(&uri)?;
    // Started by the other, it acts for whom that acts for.
    let session = tenant.spawn_plain("chat");
    let process = tenant.spawn_for(&name, "socket");
    let (upgraded, socket) = oneshot::channel();
    // Before the upgrade: afterwards it could not be refused in HTTP any more.
    let code = |ctx| socket::serve(ctx, socket, session, name);
    let spawned = state.runtime.spawn_native(process, code).await;
    spawned.map_err(not_started)?;
    let upgrade = upgrade.max_message_size(MAX_LINE);
    // Where it fails, the channel closes, and the process ends by that.
    Ok(upgrade.on_upgrade(async |socket| drop(upgraded.send(socket))))
}

fn name(uri: &Uri) -> Result<String, Failure> {
    let query = uri.query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let name = pairs.find(|(key, _)| key == "name");
    let name = name.map_or_else(String::new, |(_, name)| name.into_owned());
    if name.is_empty() || name.len() > MAX_NAME || name.contains(char::is_control) {
        return Err(Failure::BadRequest("`name` is to be 1 to 32 bytes of text"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_line_of_text() {
        let name = |query: &str| name(&format!("/acme/chat{query}").parse().unwrap());
        assert_eq!(name("?x=1&name=Ada+L%C3%B8").unwrap(), "Ada Lø");
        let long = format!("?name={}", "x".repeat(33));
        for query in ["", "?name=", "?name=a%0Ab", &long] {
            assert!(name(query).is_err(), "{query}");
        }
    }
}
