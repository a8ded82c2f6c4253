//! Where what an event tells comes from in time and hand: a state that is read again and again carries the time of its reading, not of
//! its change; a figure may have been typed in.

use super::{Event, Fact, Rev};
use crate::engine::time::At;

/// Versions between these are instants, in nanoseconds since 1970; others only count up.
const INSTANTS: std::ops::Range<i128> = 946_684_800_000_000_000..4_102_444_800_000_000_000;

impl Event {
    /// The latest change that it tells of.
    #[must_use]
    pub fn happened_at(&self) -> At {
        let told = match &self.fact {
            Fact::Purchase(order) => {
                [order.placed_at, order.paid_at, order.cancelled_at, order.rev.and_then(Rev::instant)].into_iter().flatten().max()
            }
            Fact::Cart(cart) => cart.rev.and_then(Rev::instant),
            _ => None,
        };
        told.unwrap_or(self.ts)
    }

    /// The latest time that it fills a minute with: its own, and those that an order names.
    #[must_use]
    pub fn reaches_to(&self) -> At {
        let named = match &self.fact {
            Fact::Purchase(order) => [order.placed_at, order.paid_at, order.cancelled_at].into_iter().flatten().max(),
            _ => None,
        };
        named.map_or(self.ts, |named| named.max(self.ts))
    }
}

/// Sources of what people enter: at the desk, or into a file beside it.
pub const BY_HAND: [&str; 2] = ["desk", "manual"];

impl Event {
    /// True for a figure that a person entered, where others come from a platform.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        BY_HAND.contains(&self.source.as_str())
            && matches!(self.fact, Fact::Audience(_) | Fact::AdSpend(_) | Fact::Reading(_) | Fact::Purchase(_) | Fact::Inventory(_))
    }
}

impl Rev {
    /// The instant that the version is, where it is one.
    #[must_use]
    pub fn instant(self) -> Option<At> {
        let ms = INSTANTS.contains(&self.0).then_some(self.0 / 1_000_000)?;
        i64::try_from(ms).ok().map(At::from_ms)
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::wire::{self, Defaults};

    fn happened(line: &str) -> String {
        wire::read(line, &Defaults::default()).unwrap().event.happened_at().rfc3339()
    }

    #[test]
    fn a_state_happened_when_it_changed_and_a_fact_when_it_says() {
        let order = r#"{"type":"purchase","ts":"2026-11-21T23:40:00Z","order":"1","value":"1","placed_at":"2026-11-21T23:31:00Z","rev":"2026-11-21T23:32:00Z"}"#;
        assert_eq!(happened(order), "2026-11-21T23:32:00Z");
        let counted = r#"{"type":"cart","ts":"2026-11-21T23:40:00Z","cart":"1","status":"open","rev":"7"}"#;
        assert_eq!(happened(counted), "2026-11-21T23:40:00Z");
        assert_eq!(happened(r#"{"type":"note","id":"1","ts":"2026-11-21T23:40:00Z","text":"x"}"#), "2026-11-21T23:40:00Z");
    }
}
