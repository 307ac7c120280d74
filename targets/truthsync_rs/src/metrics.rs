//! What the service tells Prometheus.
//!
//! Labels have few values by design (an endpoint, a status class): a label with the claim in it
//! would make one time series per claim.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use crate::cache::SharedCache;

/// Seconds: a hit takes about 0.00005, the target for p99 is 0.01.
const BUCKETS: [f64; 12] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
];

/// The metrics of one application, in a registry of its own.
pub struct Metrics {
    registry: Registry,
    connections: IntGauge,
    requests: IntCounterVec,
    errors: IntCounterVec,
    seconds: Histogram,
}

impl Metrics {
    /// Takes the cache to report on.
    pub fn new(cache: &SharedCache) -> Self {
        let registry = Registry::new();
        let metrics = Self {
            connections: gauge("connections", "Connections with a request in progress."),
            requests: counters("requests_total", "Requests answered.", "endpoint"),
            errors: counters("errors_total", "Answers 4xx and 5xx.", "kind"),
            seconds: must(Histogram::with_opts(
                HistogramOpts::new(
                    "truthsync_processing_seconds",
                    "Time from a request's arrival to its answer.",
                )
                .buckets(BUCKETS.to_vec()),
            )),
            registry,
        };
        for kind in ["4xx", "5xx"] {
            metrics.errors.with_label_values(&[kind]); // a rate needs the zero before an error
        }
        let collectors: [Box<dyn Collector>; 5] = [
            Box::new(CacheCollector(Arc::clone(cache))),
            Box::new(metrics.connections.clone()),
            Box::new(metrics.requests.clone()),
            Box::new(metrics.errors.clone()),
            Box::new(metrics.seconds.clone()),
        ];
        for collector in collectors {
            must(metrics.registry.register(collector));
        }
        metrics
    }

    /// Counts a request as in progress for as long as the returned value lives.
    pub fn request_in_progress(&self) -> InProgress {
        self.connections.inc();
        InProgress(self.connections.clone())
    }

    /// Counts one answer. `endpoint` is a route of the service, never the client's text.
    pub fn answered(&self, endpoint: &str, status: StatusCode, duration: Duration) {
        self.requests.with_label_values(&[endpoint]).inc();
        self.seconds.observe(duration.as_secs_f64());
        if status.is_client_error() {
            self.errors.with_label_values(&["4xx"]).inc();
        } else if status.is_server_error() {
            self.errors.with_label_values(&["5xx"]).inc();
        }
    }

    /// Returns all metrics in Prometheus' text format.
    pub fn exposition(&self) -> Vec<u8> {
        let mut text = Vec::new();
        must(TextEncoder::new().encode(&self.registry.gather(), &mut text));
        text
    }
}

/// A request in progress; dropped when it is answered, or when its client has gone away.
pub struct InProgress(IntGauge);

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Reads the cache's own counts when Prometheus asks.
struct CacheCollector(SharedCache);

impl Collector for CacheCollector {
    fn desc(&self) -> Vec<&Desc> {
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let cache = self.0.lock();
        let hit_rate: Gauge = must(Gauge::new(
            "truthsync_cache_hit_rate",
            "Hits per look-up since the start.",
        ));
        hit_rate.set(cache.hit_rate());
        let mut families = hit_rate.collect();
        for (name, help, value) in [
            ("cache_size", "Entries in the cache.", cache.len()),
            ("cache_capacity", "Room in the cache.", cache.capacity()),
        ] {
            let gauge = gauge(name, help);
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            families.extend(gauge.collect());
        }
        for (name, help, value) in [
            ("cache_hits_total", "Look-ups that found one.", cache.hits),
            (
                "cache_misses_total",
                "Look-ups that found none.",
                cache.misses,
            ),
            (
                "cache_evictions_total",
                "Entries pushed out.",
                cache.evictions,
            ),
        ] {
            let counter = must(IntCounter::new(format!("truthsync_{name}"), help));
            counter.inc_by(value);
            families.extend(counter.collect());
        }
        families
    }
}

fn gauge(name: &str, help: &str) -> IntGauge {
    must(IntGauge::new(format!("truthsync_{name}"), help))
}

fn counters(name: &str, help: &str, label: &str) -> IntCounterVec {
    must(IntCounterVec::new(
        Opts::new(format!("truthsync_{name}"), help),
        &[label],
    ))
}

/// Names and labels are written in this file: the library refuses them in a test or never.
fn must<T>(result: prometheus::Result<T>) -> T {
    result.expect("the metrics are valid")
}
