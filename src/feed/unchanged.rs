//! Snapshots that say the same again and again take no place in the journal: only a change goes on, or a sign of life.

use crate::engine::event::{Event, Fact};
use crate::engine::id::{Name, Table};
use crate::engine::money::Money;
use crate::engine::time::At;

/// An unchanged gauge is sent again after this time.
const SIGN_OF_LIFE_MS: i64 = 60_000;
/// Gauges remembered at most; beyond it everything is sent.
const MAX_GAUGES: usize = 100_000;

/// Sku and location.
type Shelf = (Name, Option<Name>);
/// Available, reserved and price.
type Figures = (i64, Option<i64>, Option<Money>);
/// The figures, and when they were sent.
type Sent = (Figures, At);

/// The last value of each gauge of one feed, and what it told last to be pinned.
#[derive(Debug, Default)]
pub struct Unchanged {
    stock: Table<Shelf, Sent>,
    pinned: Pinned,
}

/// What a feed told last to be pinned.
#[derive(Debug, Default, PartialEq)]
enum Pinned {
    #[default]
    Unheard,
    Nothing,
    Product(Name),
}

impl Unchanged {
    /// Takes out the stock levels that are as they were, and a pin that is told with every snapshot.
    pub fn drop_repeated(&mut self, events: &mut Vec<Event>, now: At) {
        events.retain(|event| match &event.fact {
            Fact::Inventory(stock) => {
                self.is_news((stock.sku.clone(), stock.location.clone()), (stock.available, stock.reserved, stock.price), now)
            }
            Fact::ProductPinned(pin) => self.is_news_of_pins(Pinned::Product(pin.sku.clone())),
            Fact::ProductUnpinned(end) => self.is_news_of_pins(Pinned::Nothing) || end.sku.is_some(),
            _ => true,
        });
    }

    fn is_news_of_pins(&mut self, told: Pinned) -> bool {
        let known = std::mem::replace(&mut self.pinned, told);
        known != self.pinned
    }

    fn is_news(&mut self, key: Shelf, figures: Figures, now: At) -> bool {
        if let Some((known, sent)) = self.stock.get(&key)
            && *known == figures
            && now.since_ms(*sent) < SIGN_OF_LIFE_MS
        {
            return false;
        }
        if self.stock.len() < MAX_GAUGES || self.stock.contains_key(&key) {
            self.stock.insert(key, (figures, now));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_news_when_it_changes() {
        let mut unchanged = Unchanged::default();
        let told: Vec<usize> =
            ["unpinned", "pinned a", "pinned a", "pinned b", "pinned b", "unpinned", "unpinned", "pinned b", "unpinned b", "unpinned b"]
                .map(|told| {
                    let (kind, sku) =
                        told.split_once(' ').map_or((told, String::new()), |(kind, sku)| (kind, format!(r#","sku":"{sku}""#)));
                    let line = format!(r#"{{"type":"product_{kind}","id":"1","ts":"2026-11-21T23:31:00Z"{sku}}}"#);
                    let mut events = vec![crate::engine::wire::read(&line, &crate::engine::wire::Defaults::default()).unwrap().event];
                    unchanged.drop_repeated(&mut events, At::from_ms(0));
                    events.len()
                })
                .to_vec();
        assert_eq!(told, [1, 1, 0, 1, 0, 1, 0, 1, 1, 1]);
    }

    #[test]
    fn a_gauge_is_news_when_it_changes_and_once_a_minute() {
        let mut unchanged = Unchanged::default();
        let mut news =
            |available: i64, second: i64| unchanged.is_news(("a".into(), None), (available, None, None), At::from_ms(second * 1000));
        let seen: Vec<bool> = [(5, 0), (5, 10), (4, 20), (5, 30), (5, 80), (5, 90), (5, 100)].map(|(a, s)| news(a, s)).to_vec();
        assert_eq!(seen, [true, false, true, true, false, true, false]);
    }
}
