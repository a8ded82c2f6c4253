//! How far the reading of inputs is, for whoever waits for it: counted where they are read, looked at from another thread.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that there are and that are read, and events that were handed on, of the pass that is on.
#[derive(Debug, Default)]
pub struct Gauge {
    size: AtomicU64,
    read: AtomicU64,
    events: AtomicU64,
}

impl Gauge {
    /// A pass begins, perhaps anew.
    pub(super) fn reset(&self) {
        for counter in [&self.size, &self.read, &self.events] {
            counter.store(0, Ordering::Relaxed);
        }
    }
    /// An input of so many bytes is opened.
    pub(super) fn expect(&self, bytes: u64) {
        self.size.fetch_add(bytes, Ordering::Relaxed);
    }
    pub(super) fn add(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }
    pub(super) fn hand_on(&self) {
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    /// The share that is read, from 0 to 1; `None` while no input is opened.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let size = self.size.load(Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "a share that is told in percent")]
        (size > 0).then(|| (self.read.load(Ordering::Relaxed) as f64 / size as f64).min(1.0))
    }
    /// Events that were handed on. They come after the reading where an input has to be sorted first.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }
}
