//! job, a look-alike: a report that needs much memory now and then, and frees all of it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;

use super::Fault;
use super::heap::malloc_block;

const ROW_BYTES: usize = 1_000;

type Row = Vec<u8>;

/// Builds a report of `size` bytes every `interval`, and holds it for a quarter of it.
pub struct ReportJob {
    interval: Duration,
    rows_per_report: u64,
    rows: Arc<Mutex<Vec<Row>>>,
}

impl ReportJob {
    /// Takes the time between reports and the bytes of one.
    pub fn new(interval: Duration, size: u64) -> Self {
        Self {
            interval,
            rows_per_report: size / ROW_BYTES as u64,
            rows: Arc::default(),
        }
    }
}

impl Fault for ReportJob {
    fn start(&mut self) {
        let rows = Arc::clone(&self.rows);
        tokio::spawn(report_regularly(rows, self.interval, self.rows_per_report));
    }

    /// Does nothing: the clock drives this one, not the requests.
    fn plant(&mut self, _number: u64) {}

    fn live(&self, _planted: u64) -> u64 {
        self.rows.lock().len() as u64
    }

    fn held_bytes(&self, live: u64) -> Option<u64> {
        let rows = usize::try_from(live).ok()?;
        Some(live * malloc_block(ROW_BYTES) + malloc_block(rows * size_of::<Row>()))
    }
}

/// Builds and drops reports for ever.
async fn report_regularly(rows: Arc<Mutex<Vec<Row>>>, interval: Duration, count: u64) {
    loop {
        sleep(interval.mul_f64(0.75)).await;
        *rows.lock() = build_report(count);
        sleep(interval.mul_f64(0.25)).await;
        *rows.lock() = Vec::new();
    }
}

fn build_report(rows: u64) -> Vec<Row> {
    (0..rows).map(|_| vec![b'.'; ROW_BYTES]).collect()
}
