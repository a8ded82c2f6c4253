//! Both futures of a card, drawn on a thread of their own from a copy of the state: the owner never waits.

use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::engine::advice::Recommendation;
use crate::engine::id::Name;
use crate::simulate::act::{Act, Deed};
use crate::simulate::calibration::Unfit;
use crate::simulate::future::{self, Band, Futures};
use crate::ui::futures::{Fans, Future};

/// Draws futures, one at a time.
#[derive(Debug)]
pub struct Foresight {
    tell: mpsc::UnboundedSender<Future>,
    drawn: mpsc::UnboundedReceiver<Future>,
}

impl Default for Foresight {
    fn default() -> Self {
        let (tell, drawn) = mpsc::unbounded_channel();
        Self { tell, drawn }
    }
}

impl Foresight {
    /// Begins to draw the futures of a card, from the state as it stands.
    pub fn ask(&self, card: &Name, engine: &Engine) {
        let Some(act) = engine.advisor().cards().iter().find(|known| known.id == *card).map(|card| act_of(card, engine)) else { return };
        let (tell, engine, advice) = (self.tell.clone(), engine.clone(), card.clone());
        let work = move || {
            let future = match future::draw(&engine, &act, future::seed_of(&engine)) {
                Ok(futures) => Future::Drawn(Box::new(fans(advice, &futures, &engine))),
                Err(unfit) => Future::Unfit { advice, why: word_of(unfit) },
            };
            // a glass that has gone looks at nothing
            let _ = tell.send(future);
        };
        if std::thread::Builder::new().name("futures".into()).spawn(work).is_err() {
            let _ = self.tell.send(Future::Unfit { advice: card.clone(), why: "unfit-no-thread" });
        }
    }

    /// The next one that is drawn.
    pub async fn next(&mut self) -> Future {
        match self.drawn.recv().await {
            Some(future) => future,
            None => std::future::pending().await,
        }
    }
}

/// The act that a card proposes, done now.
fn act_of(card: &Recommendation, engine: &Engine) -> Act {
    let number = |name: &str| card.parameters.get(name).and_then(|text| text.parse::<i64>().ok());
    let sku = card.parameters.get("sku").map(Name::new);
    let deed = Deed::Begin {
        id: card.id.clone(),
        kind: card.kind,
        sku: sku.or_else(|| card.target.product.map(|product| Name::new(engine.live().books.skus.text(product)))),
        duration_s: number("minutes").map(|minutes| minutes * 60).or_else(|| number("seconds")),
        parameters: card.parameters.clone(),
        advice: Some(card.id.clone()),
    };
    Act { at: engine.now(), told: None, deed }
}

fn fans(advice: Name, futures: &Futures, engine: &Engine) -> Fans {
    let edges = |band: &Band| [band.low, band.mid, band.high];
    Fans {
        advice,
        from: futures.from,
        to: futures.to,
        nothing: futures.nothing.iter().map(edges).collect(),
        acting: futures.acting.iter().map(edges).collect(),
        units: futures.units.each_ref().map(edges),
        gain: futures.gain.as_ref().map(edges),
        better: futures.better,
        runs: futures.runs,
        due: futures.due,
        paid_share: futures.paid_share,
        currency: engine.currency(),
    }
}

const fn word_of(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::NoAudience => "unfit-no-audience",
        Unfit::NoSales => "unfit-no-sales",
        Unfit::NoShop => "unfit-no-shop",
        Unfit::Closed => "refused-closed",
    }
}
