//! Watches every request: metrics, and the faults that were asked for.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::{App, ENDPOINTS};

/// Serves one request; a layer around all routes.
pub async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let _in_progress = app.metrics.request_in_progress();
    let endpoint = endpoint_of(request.uri().path());
    app.faults.on_request().await;
    let response = next.run(request).await;
    app.metrics
        .answered(endpoint, response.status(), started.elapsed());
    response
}

/// Returns a name that metrics may have as a label, never the client's text.
fn endpoint_of(path: &str) -> &'static str {
    ENDPOINTS
        .into_iter()
        .find(|endpoint| *endpoint == path)
        .unwrap_or("other")
}
