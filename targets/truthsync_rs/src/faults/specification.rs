//! The language of `TRUTHSYNC_FAULTS`: `name:number[:number]`, separated by commas.

use super::Fault;
use super::catalogue::{KINDS, Kind};
use super::parameter::Numbers;
use crate::cache::SharedCache;

/// A fault as it was asked for.
pub struct FaultSpecification {
    kind: &'static Kind,
    numbers: Numbers,
}

impl FaultSpecification {
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// Returns the fault, not yet started; `cache` is the one that the service answers from.
    pub fn make(&self, cache: &SharedCache) -> Box<dyn Fault> {
        (self.kind.make)(&self.numbers, cache)
    }

    /// Returns how many events so many requests plant.
    ///
    /// With a rate they are exactly `floor(requests * rate)`: no chance is involved, so that the
    /// truth is exact. Without one it is a single event, or none where the clock drives the fault.
    pub fn events_after(&self, requests: u64) -> u64 {
        let numbers = &self.numbers;
        match (numbers.find("rate"), numbers.find("requests")) {
            (Some(rate), _) => rate.of(requests),
            (None, Some(first)) => u64::from(requests >= first.count()),
            (None, None) => 0,
        }
    }

    /// Returns whether a request plants an event.
    pub fn is_due(&self, request: u64) -> bool {
        self.events_after(request) > self.events_after(request - 1)
    }
}

/// Reads a comma list of faults, such as `list:0.1:300,fd:0.01`; the error names what is known.
pub fn parse_faults(text: &str) -> Result<Vec<FaultSpecification>, String> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let faults = parts.map(parse_fault).collect::<Result<Vec<_>, _>>()?;
    for (index, fault) in faults.iter().enumerate() {
        if faults[..index]
            .iter()
            .any(|other| other.name() == fault.name())
        {
            return Err(format!(
                "TRUTHSYNC_FAULTS has '{}' more than once",
                fault.name()
            ));
        }
    }
    Ok(faults)
}

/// Returns how a fault is written, such as `list:rate[:size]`.
fn usage(kind: &Kind) -> String {
    let parameters = kind.parameters.iter().map(|parameter| {
        let name = parameter.name;
        match parameter.default {
            None => format!(":{name}"),
            Some(_) => format!("[:{name}]"),
        }
    });
    kind.name.to_owned() + &parameters.collect::<String>()
}

fn parse_fault(text: &str) -> Result<FaultSpecification, String> {
    let mut words = text.split(':').map(str::trim);
    let name = words.next().unwrap_or_default();
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
        let known: Vec<String> = KINDS.iter().map(usage).collect();
        return Err(format!(
            "TRUTHSYNC_FAULTS: unknown fault '{}'; known are {}",
            shown(name),
            known.join(", ")
        ));
    };
    let mut numbers = Vec::new();
    for parameter in kind.parameters {
        let number = match (words.next(), parameter.default) {
            (Some(word), _) => parameter.parse(word),
            (None, Some(default)) => Ok(default),
            (None, None) => Err("is missing".to_owned()),
        };
        let number = number.map_err(|wrong| {
            let place = format!("{} of '{name}'", parameter.name);
            format!("TRUTHSYNC_FAULTS: {place} {wrong} ({})", usage(kind))
        })?;
        numbers.push((parameter.name, number));
    }
    if words.next().is_some() {
        let (given, right) = (shown(text), usage(kind));
        return Err(format!(
            "TRUTHSYNC_FAULTS: '{given}' has too many numbers: {right}"
        ));
    }
    let numbers = Numbers(numbers);
    Ok(FaultSpecification { kind, numbers })
}

/// Returns the beginning of what somebody has written, fit for a line of text.
fn shown(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::{KINDS, parse_faults};

    fn error(text: &str) -> String {
        parse_faults(text).err().unwrap_or_default()
    }

    #[test]
    fn faults_are_planted_as_often_as_their_rate_says() {
        let faults = parse_faults(" list:0.3:300 ,, lazy:4, job").unwrap();
        let planted =
            |index: usize| -> Vec<u64> { (1..=10).filter(|&n| faults[index].is_due(n)).collect() };
        assert_eq!(planted(0), [4, 7, 10]);
        assert_eq!(planted(1), [4]);
        assert!(planted(2).is_empty());
    }

    #[test]
    fn every_kind_can_be_asked_for() {
        for kind in &KINDS {
            let rated = kind.parameters[0].default.is_none();
            let text = format!("{}{}", kind.name, if rated { ":0.5" } else { "" });
            assert_eq!(parse_faults(&text).unwrap()[0].name(), kind.name);
        }
    }

    #[test]
    fn mistakes_are_told_in_one_line() {
        for (text, told) in [
            ("lst:1", "unknown fault 'lst'; known are list:rate[:size], "),
            ("list", "rate of 'list' is missing (list:rate[:size])"),
            (
                "list:often",
                "rate of 'list' must be a number from 0.000000001 to 1, not \"often\"",
            ),
            ("list:2", "rate of 'list' must be"),
            (
                "list:1:8",
                "size of 'list' must be a whole number from 16 to 10000000",
            ),
            ("list:1:20.5", "must be a whole number"),
            ("fd:1:2", "'fd:1:2' has too many numbers: fd:rate"),
            ("fd:1,fd:0.5", "has 'fd' more than once"),
            ("a\nb", "unknown fault 'a\\nb'"),
        ] {
            assert!(error(text).contains(told), "{text}: {}", error(text));
        }
    }
}
