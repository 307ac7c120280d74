//! The numbers of a fault.

use std::fmt;
use std::time::Duration;

const FRACTION_DIGITS: usize = 12;
const ONE: u128 = 10_u128.pow(12);

/// A number with twelve decimals, kept exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(u128);

impl Decimal {
    pub const fn whole(number: u64) -> Self {
        Self(number as u128 * ONE)
    }

    pub const fn billionths(number: u64) -> Self {
        Self(number as u128 * (ONE / 1_000_000_000))
    }

    /// Reads digits, such as `12` or `0.05`, at most twelve on each side of the point.
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let plain = |part: &str| {
            (1..=FRACTION_DIGITS).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !plain(whole) || !plain(fraction) {
            return None;
        }
        let padded = format!("{whole}{fraction:0<FRACTION_DIGITS$}");
        padded.parse().ok().map(Self)
    }

    fn is_whole(self) -> bool {
        self.0.is_multiple_of(ONE)
    }

    /// Returns the whole part.
    pub fn count(self) -> u64 {
        u64::try_from(self.0 / ONE).unwrap_or(u64::MAX)
    }

    /// Returns the number as seconds, to the nanosecond.
    pub fn seconds(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0 / 1_000).unwrap_or(u64::MAX))
    }

    /// Returns the whole part of the number times `times`.
    pub fn of(self, times: u64) -> u64 {
        u64::try_from(self.0 * u128::from(times) / ONE).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let text = format!("{}.{:012}", self.0 / ONE, self.0 % ONE);
        formatter.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// One number of a fault, with its limits.
pub struct Parameter {
    pub name: &'static str,
    pub least: Decimal,
    pub most: Decimal,
    /// None where the number must be given.
    pub default: Option<Decimal>,
    pub whole: bool,
}

impl Parameter {
    /// Reads the number; the error says what is allowed.
    pub fn parse(&self, text: &str) -> Result<Decimal, String> {
        Decimal::parse(text)
            .filter(|number| (self.least..=self.most).contains(number))
            .filter(|number| number.is_whole() || !self.whole)
            .ok_or_else(|| {
                let kind = if self.whole {
                    "a whole number"
                } else {
                    "a number"
                };
                let shown: String = text.chars().take(40).collect();
                format!(
                    "must be {kind} from {} to {}, not {shown:?}",
                    self.least, self.most
                )
            })
    }
}

/// The numbers of one fault by name: all that its kind lists, defaults filled in.
pub struct Numbers(pub Vec<(&'static str, Decimal)>);

impl Numbers {
    /// Returns a number, or None where the kind has none of that name.
    pub fn find(&self, name: &str) -> Option<Decimal> {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, number)| *number)
    }

    /// Returns a number that the kind has.
    pub fn get(&self, name: &str) -> Decimal {
        self.find(name).expect("the kind has this number")
    }

    /// Returns a number of bytes or entries that the kind has.
    pub fn size(&self, name: &str) -> usize {
        usize::try_from(self.get(name).count()).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    #[test]
    fn decimals_are_exact() {
        let tenth = Decimal::parse("0.1").unwrap();
        assert_eq!(tenth.of(1_000_000_000_000), 100_000_000_000);
        assert_eq!((tenth.of(9), tenth.of(10)), (0, 1));
        assert_eq!(tenth.to_string(), "0.1");
        assert_eq!(
            Decimal::parse("12.5").unwrap().seconds().as_millis(),
            12_500
        );
        assert_eq!(Decimal::parse("7").unwrap(), Decimal::whole(7));
    }

    #[test]
    fn nonsense_is_no_decimal() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "0x1",
            "1 ",
            "\u{663}",
            "1234567890123",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
