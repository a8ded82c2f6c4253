//! Stock and price of every planned product, as the shops tell them, against the plan.

use super::point::{Point, Speaker, Verdict};
use crate::engine::event::Fact;
use crate::engine::id::{Name, Table};
use crate::engine::money::{Currency, Money};
use crate::engine::plan::{Plan, PlanProduct};
use crate::feed::platform::Request;
use crate::feed::probe::{Outcome, Probe};

/// What a shop has of one product, all its variants and places together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shelf {
    available: i64,
    /// The lowest of its variants.
    price: Option<Money>,
}

/// What the shops have, by source.
#[derive(Debug, Default)]
pub struct Shelves {
    /// Sources that told any stock.
    told: Vec<Name>,
    /// Those of them that tell it whole: what they do not know, they do not have.
    whole: Vec<Name>,
    rows: Table<(Name, Name, Option<Name>), Shelf>,
}

impl Shelves {
    /// Takes what a feed told.
    pub fn take(&mut self, source: &Name, request: &Request, probe: &Probe) {
        if probe.outcome == Outcome::Well && request.gives.iter().any(|kind| kind == "inventory") && !self.whole.contains(source) {
            self.whole.push(source.clone());
            self.hear(source);
        }
        for event in &probe.events {
            if let Fact::Inventory(stock) = &event.fact {
                self.hear(&event.source);
                let shelf = Shelf { available: stock.available, price: stock.price };
                self.rows.insert((event.source.clone(), stock.sku.clone(), stock.location.clone()), shelf);
            }
        }
    }

    fn hear(&mut self, source: &Name) {
        if !self.told.contains(source) {
            self.told.push(source.clone());
        }
    }

    /// What one source has of a product; `None` where it does not know it.
    fn of(&self, source: &Name, product: &PlanProduct, plan: &Plan) -> Option<Shelf> {
        let is_it = |sku: &Name| {
            let sku = plan.aliases.get(sku).unwrap_or(sku);
            product.sku == *sku || product.variants.contains(sku)
        };
        let rows = self.rows.iter().filter(|((of, sku, _), _)| of == source && is_it(sku));
        rows.map(|(_, shelf)| *shelf).reduce(|all, one| Shelf {
            available: all.available.saturating_add(one.available),
            price: all.price.into_iter().chain(one.price).min_by_key(|price| price.minor),
        })
    }
}

/// Judges every planned product; what is as planned is one line.
pub fn judge(plan: &Plan, shelves: &Shelves, speaker: &Speaker<'_>) -> Vec<Point> {
    if plan.products.is_empty() {
        return Vec::new();
    }
    if shelves.told.is_empty() {
        return vec![speaker.point(Verdict::Warn, "product-no-stock-feed", &[])];
    }
    let mut points = Vec::new();
    // how many are as planned, by what of them could be compared
    let mut good: [usize; GOOD.len()] = [0; GOOD.len()];
    for product in &plan.products {
        let checked = Checked { plan, product, shelves, speaker };
        let found = checked.points();
        if found.is_empty() {
            let place = GOOD.iter().position(|(_, _, compared)| *compared == checked.compared());
            good.iter_mut().enumerate().filter(|(index, _)| Some(*index) == place).for_each(|(_, count)| *count += 1);
        }
        points.extend(found);
    }
    let told = GOOD.iter().zip(good).filter(|(_, count)| *count > 0);
    told.map(|((verdict, key, _), count)| speaker.point(*verdict, key, &[("n", count.into())])).chain(points).collect()
}

/// What of a product could be compared with the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Compared {
    stock: bool,
    price: bool,
}

/// How it is told that nothing differs: never more than was compared.
const GOOD: [(Verdict, &str, Compared); 4] = [
    (Verdict::Pass, "product-good", Compared { stock: true, price: true }),
    (Verdict::Pass, "product-good-stock", Compared { stock: true, price: false }),
    (Verdict::Pass, "product-good-price", Compared { stock: false, price: true }),
    (Verdict::Warn, "product-not-compared", Compared { stock: false, price: false }),
];

/// One product beside what the shops say of it.
struct Checked<'c> {
    plan: &'c Plan,
    product: &'c PlanProduct,
    shelves: &'c Shelves,
    speaker: &'c Speaker<'c>,
}

impl Checked<'_> {
    fn say(&self, verdict: Verdict, key: &str, more: &[(&'static str, String)]) -> Point {
        let name = if self.product.name.is_empty() { self.product.sku.as_str() } else { self.product.name.as_str() };
        let mut values = vec![("slot", i64::from(self.product.slot).into()), ("name", name.to_owned().into())];
        values.extend(more.iter().map(|(key, text)| (*key, text.clone().into())));
        self.speaker.point(verdict, key, &values)
    }

    fn points(&self) -> Vec<Point> {
        let known: Vec<(&Name, Shelf)> =
            self.shelves.told.iter().filter_map(|source| Some((source, self.shelves.of(source, self.product, self.plan)?))).collect();
        let mut points: Vec<Point> = Vec::new();
        // nobody tells it whole: that none of what was told is about this product is worth a look, no more
        let sure = !self.shelves.whole.is_empty();
        let asked = if sure { &self.shelves.whole } else { &self.shelves.told };
        let strangers: Vec<&str> = asked.iter().filter(|source| !known.iter().any(|(of, _)| of == source)).map(Name::as_str).collect();
        if !strangers.is_empty() && (sure || known.is_empty()) {
            let verdict = if known.is_empty() && sure { Verdict::Fail } else { Verdict::Warn };
            points.push(self.say(verdict, "product-unknown", &[("source", strangers.join(", ")), ("sku", self.product.sku.to_string())]));
        }
        points.extend(self.stock(&known));
        for (source, shelf) in &known {
            points.extend(shelf.price.map(|price| self.price(source, price)).unwrap_or_default());
        }
        points
    }

    fn compared(&self) -> Compared {
        let currency = self.plan.currency.unwrap_or(Currency::NONE);
        let known: Vec<Shelf> = self.shelves.told.iter().filter_map(|source| self.shelves.of(source, self.product, self.plan)).collect();
        let is_priced = known.iter().any(|shelf| shelf.price.is_some_and(|price| price.currency == currency));
        Compared { stock: self.product.stock.is_some() && !known.is_empty(), price: self.product.price_minor.is_some() && is_priced }
    }

    /// Of shops that disagree the least counts.
    fn stock(&self, known: &[(&Name, Shelf)]) -> Vec<Point> {
        let (Some((at, least)), Some((_, most))) =
            (known.iter().min_by_key(|(_, shelf)| shelf.available), known.iter().max_by_key(|(_, shelf)| shelf.available))
        else {
            return Vec::new();
        };
        let count = |n: i64| self.speaker.format.count(n);
        let left = [("left", count(least.available)), ("source", at.to_string())];
        let mut points = Vec::new();
        if least.available != most.available {
            let told: Vec<String> = known.iter().map(|(source, shelf)| format!("{source} {}", count(shelf.available))).collect();
            points.push(self.say(Verdict::Warn, "product-mismatch-told", &[("told", told.join(" ≠ "))]));
        }
        match self.product.stock {
            _ if least.available <= 0 => points.push(self.say(Verdict::Fail, "product-sold-out", &left)),
            Some(planned) if least.available < planned => {
                points.push(self.say(Verdict::Warn, "product-short", &[left[0].clone(), left[1].clone(), ("planned", count(planned))]));
            }
            _ => {}
        }
        points
    }

    /// The shop's price against the announced one, and what it leaves of the margin.
    fn price(&self, source: &Name, price: Money) -> Vec<Point> {
        let currency = self.plan.currency.unwrap_or(Currency::NONE);
        let Some(planned) = self.product.price_minor.filter(|_| price.currency == currency) else { return Vec::new() };
        let format = &self.speaker.format;
        let told =
            [("source", source.to_string()), ("price", format.money(price)), ("planned", format.money(Money { minor: planned, currency }))];
        let mut points = Vec::new();
        match price.minor.cmp(&planned) {
            std::cmp::Ordering::Greater => points.push(self.say(Verdict::Fail, "product-dearer", &told)),
            std::cmp::Ordering::Less => points.push(self.say(Verdict::Warn, "product-cheaper", &told)),
            std::cmp::Ordering::Equal => {}
        }
        if let (Some(margin), Some(floor)) = (self.margin_at(price.minor, planned), self.product.margin_floor)
            && margin < floor
        {
            let [source, price, _] = told;
            let more = [source, price, ("margin", format.percent(margin, 0)), ("floor", format.percent(floor, 0))];
            points.push(self.say(Verdict::Fail, "product-margin", &more));
        }
        points
    }

    /// The contribution margin at the shop's price: what it costs stays as it was.
    #[expect(clippy::cast_precision_loss, reason = "a share to compare with; sums of money stay integers")]
    fn margin_at(&self, price: i64, planned: i64) -> Option<f64> {
        let by_margin = || self.product.margin.or(self.plan.margin).map(|margin| planned as f64 * (1.0 - margin));
        let cost = self.product.cost_minor.map(|cost| cost as f64).or_else(by_margin)?;
        (price > 0).then(|| 1.0 - cost / price as f64)
    }
}
