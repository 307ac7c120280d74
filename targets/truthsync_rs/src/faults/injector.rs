//! Plants the chosen faults, a known number of times.

use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::Fault;
use super::specification::FaultSpecification;
use crate::cache::SharedCache;

struct Planting {
    specification: FaultSpecification,
    fault: Box<dyn Fault>,
    planted: u64,
}

impl Planting {
    fn status(&self, requests: u64) -> Value {
        let live = self.fault.live(self.planted);
        let bytes = self.fault.held_bytes(live);
        json!({
            "planted": self.planted,
            "live": live,
            "bytes": bytes,
            "bytes_per_request": bytes.map(|bytes| bytes as f64 / requests.max(1) as f64),
            "delay_seconds": self.fault.delay().as_secs_f64(),
        })
    }
}

#[derive(Default)]
struct State {
    requests: u64,
    plantings: Vec<Planting>,
}

/// The faults of one application, and the number of requests that they have seen.
pub struct FaultInjector(Mutex<State>);

impl FaultInjector {
    /// Makes and starts the faults of a service with this cache, inside the runtime.
    pub fn start(specifications: Vec<FaultSpecification>, cache: &SharedCache) -> Self {
        let plantings = specifications
            .into_iter()
            .map(|specification| {
                let mut fault = specification.make(cache);
                fault.start();
                Planting {
                    specification,
                    fault,
                    planted: 0,
                }
            })
            .collect();
        Self(Mutex::new(State {
            requests: 0,
            plantings,
        }))
    }

    /// Counts a request, plants the faults that are due, and waits as long as they say.
    pub async fn on_request(&self) {
        let delay = self.plant();
        if !delay.is_zero() {
            sleep(delay).await;
        }
    }

    fn plant(&self) -> Duration {
        let mut state = self.0.lock();
        state.requests += 1;
        let number = state.requests;
        let mut delay = Duration::ZERO;
        for planting in &mut state.plantings {
            if planting.specification.is_due(number) {
                planting.fault.plant(number);
                planting.planted += 1;
            }
            delay += planting.fault.delay();
        }
        delay
    }

    /// Returns the requests seen, and for each fault what it has done and what it holds.
    pub fn status(&self) -> (u64, Value) {
        let state = self.0.lock();
        let faults: Map<String, Value> = state
            .plantings
            .iter()
            .map(|planting| {
                let name = planting.specification.name().to_owned();
                (name, planting.status(state.requests))
            })
            .collect();
        (state.requests, Value::Object(faults))
    }
}
