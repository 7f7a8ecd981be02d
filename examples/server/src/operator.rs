//! Pages for the operator's tools: `/metrics` and `/healthz`.

use axum::extract;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use warren::METRICS_CONTENT_TYPE;

use crate::failure::Failure;
use crate::state::State;
use crate::tenants::Tenant;

/// The runtime's counts, as Prometheus reads them.
pub(crate) async fn metrics(extract::State(state): extract::State<State>) -> Response {
    let runtime = state.runtime.clone();
    // They are counted process by process.
    let text = tokio::task::spawn_blocking(move || runtime.metrics()).await;
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS_CONTENT_TYPE)], text).into_response(),
        Err(error) => Failure::internal("metrics", &error).into_response(),
    }
}

/// Answers whether all is well: each tenant has its room.
pub(crate) async fn health(extract::State(state): extract::State<State>) -> Response {
    let is_open = |tenant: &Tenant| state.runtime.find(tenant.room()).is_ok();
    let tenants = state.tenants.all();
    match tenants.iter().find(|tenant| !is_open(tenant)) {
        None => "ok\n".into_response(),
        Some(tenant) => {
            let text = format!("the room of {} is closed\n", tenant.name());
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}
