//! The baseline: a handler of axum's, which answers the same.

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// Serves it, for as long as its task is left.
pub(crate) async fn serve(listener: TcpListener) -> std::io::Result<()> {
    let router = Router::new().fallback(async || "hello from acme\n");
    // As the server does.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    axum::serve(listener, router).await
}
