//! The command line.

use lexopt::prelude::{Long, Short, Value, ValueExt};

const USAGE: &str = "usage: truthsync [--host HOST] [--port PORT] | truthsync truth REQUESTS ...";

/// Where to listen.
#[derive(Debug, PartialEq)]
pub struct Address {
    pub host: String,
    /// 0 for any that is free.
    pub port: u16,
}

/// What to do.
#[derive(Debug, PartialEq)]
pub enum Command {
    Serve(Address),
    /// Tell what the faults of the environment hold after so many requests, and serve nothing.
    Truth(Vec<u64>),
}

/// Reads the command line.
pub fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut address = Address {
        host: "127.0.0.1".to_owned(),
        port: 8000,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("host") => address.host = parser.value()?.string()?,
            Long("port") => address.port = parser.value()?.parse()?,
            Long("help") | Short('h') => return Err(USAGE.into()),
            Value(word) if word == "truth" => return Ok(Command::Truth(counts(&mut parser)?)),
            other => return Err(format!("{} ({USAGE})", other.unexpected()).into()),
        }
    }
    Ok(Command::Serve(address))
}

fn counts(parser: &mut lexopt::Parser) -> Result<Vec<u64>, lexopt::Error> {
    parser.values()?.map(|value| value.parse()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Address, Command, parse};

    fn parsed(words: &[&str]) -> Result<Command, String> {
        parse(lexopt::Parser::from_args(words)).map_err(|error| error.to_string())
    }

    #[test]
    fn there_are_defaults() {
        let address = Address {
            host: "127.0.0.1".to_owned(),
            port: 8000,
        };
        assert_eq!(parsed(&[]), Ok(Command::Serve(address)));
    }

    #[test]
    fn the_truth_is_asked_for_numbers_of_requests() {
        assert_eq!(
            parsed(&["truth", "10", "20"]),
            Ok(Command::Truth(vec![10, 20]))
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for words in [
            ["--prot", "1"],
            ["--port", "70000"],
            ["serve", "now"],
            ["truth", "x"],
        ] {
            assert!(parsed(&words).is_err(), "{words:?}");
        }
    }
}
