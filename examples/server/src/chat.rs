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

/// Bytes of the longest line.
const MAX_LINE: usize = 4 << 10;

/// Bytes of the longest name.
const MAX_NAME: usize = 32;

/// Handles `GET /acme/chat?name=ada` as a WebSocket. Users of this example name
/// themselves: a real server would check a session or a token here.
pub(crate) async fn enter(
    extract::State(state): extract::State<State>,
    Path(tenant): Path<String>,
    uri: Uri,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Failure> {
    let tenant = state.tenants.find(&tenant).ok_or(Failure::NoTenant)?;
    let name = name(&uri)?;
    // Started by the socket's process, the session acts for that process's
    // actor.
    let session = tenant.spawn_plain("chat");
    let process = tenant.spawn_for(&name, "socket");
    let (upgraded, socket) = oneshot::channel();
    // Before the upgrade: a later failure could not be reported in HTTP any
    // more.
    let code = |ctx| socket::serve(ctx, socket, session, name);
    let spawned = state.runtime.spawn_native(process, code).await;
    spawned.map_err(not_started)?;
    let upgrade = upgrade.max_message_size(MAX_LINE);
    // If the upgrade fails, the channel closes, which ends the process.
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
