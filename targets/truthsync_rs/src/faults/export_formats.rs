//! lazy, a look-alike: tables that are made when they are needed first, late in the service's life.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Fault;

const FORMATS: [&str; 6] = ["csv", "json", "xml", "html", "latex", "markdown"];

/// For each format, where the escape of each letter of the basic plane begins.
static ESCAPES: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
    let escapes = |format: &str| (1..=0xffff).map(|letter| letter * format.len()).collect();
    FORMATS.map(|format| (format, escapes(format))).into()
});

/// Offers exports, in formats whose tables are made by the first one.
pub struct ExportFormats;

impl Fault for ExportFormats {
    fn plant(&mut self, _number: u64) {
        LazyLock::force(&ESCAPES);
    }

    fn held_bytes(&self, _live: u64) -> Option<u64> {
        None
    }
}
