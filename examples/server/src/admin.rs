//! Tenants that come, change and go while the server runs.
//!
//! ```text
//!   GET    /tenants        the names of all tenants
//!   PUT    /tenants/NAME   adds a tenant, or replaces its code and its limits
//!   DELETE /tenants/NAME   removes a tenant that was added
//! ```
//!
//! Each is one change of the runtime: all of a tenant is in place, or nothing of it.

use axum::extract::{self, Path};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use warren::{ApplyError, Error};

use crate::description::Description;
use crate::state::State;
use crate::tenants::Tenant;

/// Returns the pages of the operator, for an address of their own.
pub(crate) fn router(state: State) -> Router {
    Router::new()
        .route("/tenants", get(list))
        .route("/tenants/{name}", put(add).delete(remove))
        .with_state(state)
}

async fn list(extract::State(state): extract::State<State>) -> Json<Vec<String>> {
    Json(state.tenants.names())
}

async fn add(
    extract::State(state): extract::State<State>,
    Path(name): Path<String>,
    Json(description): Json<Description>,
) -> Result<StatusCode, Refused> {
    // One at a time: the list of tenants follows the runtime.
    let _changing = state.changing.lock().await;
    let tenant = Tenant::named(&state.app, &name).ok_or(Refused::Name)?;
    let scope = state.runtime.named_scope(SCOPE).map_err(Refused::Scope)?;
    let change = tenant.addition(&description, scope);
    // A tenant that it replaces ends by itself.
    drop(state.runtime.apply(change).await?);
    let is_new = state.tenants.put(tenant);
    Ok(match is_new {
        true => StatusCode::CREATED,
        false => StatusCode::NO_CONTENT,
    })
}

async fn remove(
    extract::State(state): extract::State<State>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    let _changing = state.changing.lock().await;
    let tenant = state.tenants.find(&name).ok_or(Refused::NoTenant)?;
    drop(state.runtime.apply(tenant.removal()).await?);
    state.tenants.remove(&name);
    Ok(StatusCode::NO_CONTENT)
}

/// The scope of all tenants, in the manifest.
const SCOPE: &str = "app:tenant";

/// The reason why nothing was changed.
#[derive(Debug)]
enum Refused {
    /// No tenant can have the name.
    Name,
    NoTenant,
    /// The program has no scope for tenants.
    Scope(Error),
    Apply(Box<ApplyError>),
}

impl From<ApplyError> for Refused {
    fn from(error: ApplyError) -> Refused {
        Refused::Apply(Box::new(error))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Refused::Name => (
                StatusCode::BAD_REQUEST,
                "a name has letters, digits, `_` and `-`, and is no page of the server's own"
                    .to_owned(),
            ),
            Refused::NoTenant => (StatusCode::NOT_FOUND, "no such tenant".to_owned()),
            Refused::Scope(error) => (StatusCode::CONFLICT, error.to_string()),
            Refused::Apply(error) => match *error {
                ApplyError::NotFound { .. } => (
                    StatusCode::CONFLICT,
                    "the tenant belongs to the program".to_owned(),
                ),
                ApplyError::Ending(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
                error => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            },
        };
        (status, text + "\n").into_response()
    }
}
