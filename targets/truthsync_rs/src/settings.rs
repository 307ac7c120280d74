//! The service's settings, read from the environment once at start-up.

use std::ffi::OsString;
use std::num::NonZeroUsize;

use crate::claims::MAX_CLAIM_CHARACTERS;
use crate::faults::specification::{FaultSpecification, parse_faults};

/// What an operator can choose.
pub struct Settings {
    /// Results that the cache holds (`CACHE_SIZE`).
    pub cache_size: NonZeroUsize,
    /// Claims that one batch may hold (`BATCH_SIZE`).
    pub batch_size: usize,
    /// Faults to plant (`TRUTHSYNC_FAULTS`).
    pub faults: Vec<FaultSpecification>,
}

impl Settings {
    /// Reads the settings; `variable` returns an environment variable by its name.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, String> {
        let text = |name: &str| {
            let value = variable(name).unwrap_or_default();
            value.to_string_lossy().trim().to_owned()
        };
        let count = |name, default, most| count(name, &text(name), default, most);
        Ok(Self {
            cache_size: count("CACHE_SIZE", 1_000, 10_000_000)?,
            batch_size: count("BATCH_SIZE", 100, 10_000)?.get(),
            faults: parse_faults(&text("TRUTHSYNC_FAULTS"))?,
        })
    }

    /// Returns the length of the longest request body that can be valid. JSON may spend 12 bytes
    /// on a character (two escaped surrogates).
    pub fn max_body_bytes(&self) -> usize {
        1_024 + self.batch_size * (MAX_CLAIM_CHARACTERS * 12 + 4)
    }
}

fn count(name: &str, text: &str, default: usize, most: usize) -> Result<NonZeroUsize, String> {
    let wanted = if text.is_empty() {
        Some(default)
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    };
    wanted
        .filter(|&wanted| wanted <= most)
        .and_then(NonZeroUsize::new)
        .ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            format!("{name} must be a whole number from 1 to {most}, not {shown:?}")
        })
}

#[cfg(test)]
mod tests {
    use super::Settings;

    fn with(name: &'static str, value: &'static str) -> Result<Settings, String> {
        Settings::from_variables(|asked| (asked == name).then(|| value.into()))
    }

    #[test]
    fn there_are_defaults() {
        let settings = with("CACHE_SIZE", " ").unwrap();
        assert_eq!(
            (settings.cache_size.get(), settings.batch_size),
            (1_000, 100)
        );
        assert!(settings.faults.is_empty());
    }

    #[test]
    fn the_environment_is_read() {
        assert_eq!(
            with("CACHE_SIZE", "50000").unwrap().cache_size.get(),
            50_000
        );
        let faults = with("TRUTHSYNC_FAULTS", "list:0.1:300, fd:1")
            .unwrap()
            .faults;
        assert_eq!(faults.len(), 2);
    }

    #[test]
    fn a_wrong_size_is_one_clear_line() {
        for value in ["0", "-1", "1.5", "many", "1e3", "+1", "\u{663}", "1 000"] {
            let error = with("BATCH_SIZE", value).err().unwrap();
            assert!(error.starts_with("BATCH_SIZE must be a whole number from 1 to 10000"));
        }
    }
}
