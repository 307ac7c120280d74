//! The web application: its parts, its routes, and what they answer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::answers::{BadRequest, json_answer};
use crate::body::read_json;
use crate::cache::{ResultCache, SharedCache};
use crate::claims::{claim_of, claims_of};
use crate::faults::injector::FaultInjector;
use crate::metrics::Metrics;
use crate::observer::observe;
use crate::service::Service;
use crate::settings::Settings;
use crate::verifier::{Verifier, evidence};

/// The paths of all routes.
pub const ENDPOINTS: [&str; 5] = ["/verify", "/verify/batch", "/health", "/stats", "/metrics"];

/// The parts of the service, shared by all its requests.
pub struct App {
    batch_size: usize,
    max_body_bytes: usize,
    cache: SharedCache,
    service: Service,
    pub metrics: Metrics,
    pub faults: FaultInjector,
}

impl App {
    /// Returns a service of its own; must be called inside the runtime.
    pub fn new(settings: Settings) -> Self {
        let cache = Arc::new(Mutex::new(ResultCache::new(settings.cache_size)));
        Self {
            batch_size: settings.batch_size,
            max_body_bytes: settings.max_body_bytes(),
            service: Service::new(Verifier::new(&evidence()), Arc::clone(&cache)),
            metrics: Metrics::new(&cache),
            faults: FaultInjector::start(settings.faults, &cache),
            cache,
        }
    }
}

/// Returns the routes of an application.
pub fn router(app: &Arc<App>) -> Router {
    let [
        verify_path,
        batch_path,
        health_path,
        stats_path,
        metrics_path,
    ] = ENDPOINTS;
    Router::new()
        .route(verify_path, post(verify))
        .route(batch_path, post(verify_batch))
        .route(health_path, get(health))
        .route(stats_path, get(stats))
        .route(metrics_path, get(metrics))
        .layer(from_fn_with_state(Arc::clone(app), observe))
        .with_state(Arc::clone(app))
}

async fn verify(State(app): State<Arc<App>>, body: Body) -> Result<Response, BadRequest> {
    let document = read_json(body, app.max_body_bytes).await?;
    Ok(json_answer(&app.service.verify(claim_of(&document)?)))
}

async fn verify_batch(State(app): State<Arc<App>>, body: Body) -> Result<Response, BadRequest> {
    let document = read_json(body, app.max_body_bytes).await?;
    let claims = claims_of(&document, app.batch_size)?;
    let results: Vec<Value> = claims
        .iter()
        .map(|claim| app.service.verify(claim))
        .collect();
    Ok(json_answer(&json!({ "results": results })))
}

async fn health() -> Response {
    json_answer(&json!({"status": "ok"}))
}

async fn stats(State(app): State<Arc<App>>) -> Response {
    let cache = {
        let cache = app.cache.lock();
        json!({
            "size": cache.len(),
            "capacity": cache.capacity(),
            "hits": cache.hits,
            "misses": cache.misses,
            "evictions": cache.evictions,
            "hit_rate": cache.hit_rate(),
        })
    };
    let (requests, faults) = app.faults.status();
    json_answer(&json!({
        "pid": std::process::id(),
        "requests": requests,
        "batch_size": app.batch_size,
        "cache": cache,
        "faults": faults,
    }))
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let content_type = [(CONTENT_TYPE, prometheus::TEXT_FORMAT)];
    (content_type, app.metrics.exposition()).into_response()
}
