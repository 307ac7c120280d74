//! `TruthSync`: a claim-verification service.

mod answers;
mod app;
mod arguments;
mod body;

mod cache;
mod claims;
mod faults;
mod metrics;
mod observer;
mod service;
mod settings;
mod verifier;

use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{App, router};
use crate::arguments::{Address, Command};
use crate::cache::{ResultCache, SharedCache};
use crate::settings::Settings;

#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CANNOT_SERVE: u8 = 1;
const WRONG_USE: u8 = 2;
const WRONG_SETTINGS: u8 = 3;

fn main() -> ExitCode {
    let command = match arguments::parse(lexopt::Parser::from_env()) {
        Ok(command) => command,
        Err(error) => return failed(WRONG_USE, &error),
    };
    let settings = match Settings::from_variables(|name| std::env::var_os(name)) {
        Ok(settings) => settings,
        Err(error) => return failed(WRONG_SETTINGS, &error),
    };
    match command {
        Command::Serve(address) => match serve(settings, &address) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let Address { host, port } = address;
                failed(
                    CANNOT_SERVE,
                    &format!("cannot serve at {host}:{port}: {error}"),
                )
            }
        },
        Command::Truth(requests) => {
            print_truth(&settings, &requests);
            ExitCode::SUCCESS
        }
    }
}

fn failed(status: u8, error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("truthsync: {error}");
    ExitCode::from(status)
}

/// Serves until SIGTERM or SIGINT.
fn serve(settings: Settings, address: &Address) -> std::io::Result<()> {
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((address.host.as_str(), address.port)).await?;
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        eprintln!("truthsync: running on http://{}", listener.local_addr()?);
        let app = Arc::new(App::new(settings));
        axum::serve(listener, router(&app))
            .with_graceful_shutdown(async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            })
            .await
    })
}

/// Prints for each number of requests the bytes that the planted faults hold after them, if they
/// let go of none.
fn print_truth(settings: &Settings, requests: &[u64]) {
    let cache = SharedCache::new(ResultCache::new(settings.cache_size).into());
    for &count in requests {
        let held: u64 = settings
            .faults
            .iter()
            .filter_map(|asked| asked.make(&cache).held_bytes(asked.events_after(count)))
            .sum();
        println!("{held}");
    }
}
