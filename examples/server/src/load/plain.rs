//! The baseline: a handler of axum's with the same answer.

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// Serves the page until its task ends.
pub(crate) async fn serve(listener: TcpListener) -> std::io::Result<()> {
    let router = Router::new().fallback(async || "hello from acme\n");
    // Like the server.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    axum::serve(listener, router).await
}
