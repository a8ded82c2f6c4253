//! Wiring: the select loop, the frame clock, the terminal guard. The only owner of engine, view state and terminal.

pub mod demo;
pub mod desk;
pub mod ending;
pub mod glass;
pub mod history;
pub mod session;
pub mod terminal;

/// A runtime of two threads: the owner's and one for the network.
///
/// # Errors
/// When the system has no threads left.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
