//! One planned product beside what the sources say of it and of its variants: stock, prices, margin.

use super::point::{Point, Speaker, Verdict};
use super::shelves::{Lot, Shelves};
use crate::engine::id::{Name, Set, Table};
use crate::engine::money::{Currency, Money};
use crate::engine::plan::{Plan, PlanProduct};

/// A planned product and all that is told of it.
pub struct Checked<'c> {
    plan: &'c Plan,
    product: &'c PlanProduct,
    lots: Vec<Lot<'c>>,
    speaker: &'c Speaker<'c>,
}

/// Whether the planned price could be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Priced {
    /// The plan has none.
    Unplanned,
    Compared,
    /// Nobody tells it; the product, with the variants that are meant.
    Untold(String),
    /// It is told in another currency than the plan's.
    Foreign(String),
}

impl<'c> Checked<'c> {
    pub fn new(plan: &'c Plan, product: &'c PlanProduct, shelves: &'c Shelves, speaker: &'c Speaker<'c>) -> Self {
        let lots = shelves.lots(plan, |sku| product.sku == *sku || product.variants.contains(sku));
        Self { plan, product, lots, speaker }
    }

    /// True where a source has it.
    pub const fn is_known(&self) -> bool {
        !self.lots.is_empty()
    }

    pub fn is_known_to(&self, source: &Name) -> bool {
        self.lots.iter().any(|lot| lot.source == source)
    }

    pub const fn has_planned_stock(&self) -> bool {
        self.product.stock.is_some()
    }

    /// As the operator knows it.
    pub fn label(&self) -> String {
        let name = if self.product.name.is_empty() { self.product.sku.as_str() } else { self.product.name.as_str() };
        name.to_owned()
    }

    /// The product, with those of its skus that are meant where not all are.
    fn label_of(&self, meant: &[&Name], all: usize) -> String {
        let is_whole = meant == [&self.product.sku] || meant.len() == all && all > 1;
        if is_whole { self.label() } else { format!("{} ({})", self.label(), self.speaker.list(meant)) }
    }

    fn say(&self, verdict: Verdict, key: &str, more: &[(&'static str, String)]) -> Point {
        self.say_of(self.label(), verdict, key, more)
    }

    fn say_of(&self, label: String, verdict: Verdict, key: &str, more: &[(&'static str, String)]) -> Point {
        let mut values = vec![("slot", i64::from(self.product.slot).into()), ("name", label.into())];
        values.extend(more.iter().map(|(key, text)| (*key, text.clone().into())));
        self.speaker.point(verdict, key, &values)
    }

    /// None of the sources that list all they have has it.
    pub fn unknown(&self, sources: &[&Name]) -> Point {
        let values = [("sku", self.product.sku.to_string()), ("source", self.speaker.list(sources))];
        self.say(Verdict::Fail, "product-unknown", &values)
    }

    /// Variants that nobody has, where others of the same product are known: sources that keep stock by product name none.
    pub fn unknown_variants(&self) -> Option<Point> {
        let is_told = |variant: &&Name| self.lots.iter().any(|lot| lot.sku == *variant);
        let (told, lacking): (Vec<&Name>, Vec<&Name>) = self.product.variants.iter().partition(is_told);
        let is_gap = !told.is_empty() && !lacking.is_empty();
        is_gap.then(|| self.say(Verdict::Warn, "product-variant-unknown", &[("sku", self.speaker.list(&lacking))]))
    }

    /// What differs from the plan.
    pub fn differences(&self) -> Vec<Point> {
        let mut points = self.stock();
        for ((source, minor), skus) in self.prices() {
            let all: Set<&Name> =
                self.lots.iter().filter(|lot| lot.source == source && self.price_of(lot).is_some()).map(|lot| lot.sku).collect();
            points.extend(self.price(source, minor, &self.label_of(&skus, all.len())));
        }
        points
    }

    /// Of sources that disagree the least counts.
    fn stock(&self) -> Vec<Point> {
        let mut known: Table<&Name, i64> = Table::default();
        for lot in &self.lots {
            let sum = known.entry(lot.source).or_default();
            *sum = sum.saturating_add(lot.available);
        }
        let (Some((at, least)), Some(most)) = (known.iter().min_by_key(|(_, left)| **left), known.values().max()) else {
            return Vec::new();
        };
        let count = |n: i64| self.speaker.format.count(n);
        let mut points = Vec::new();
        if least != most {
            let told: Vec<String> = known.iter().map(|(source, left)| format!("{source} {}", count(*left))).collect();
            points.push(self.say(Verdict::Warn, "product-mismatch-told", &[("told", told.join(" ≠ "))]));
        }
        let left = [("left", count(*least)), ("source", at.to_string())];
        match self.product.stock {
            _ if *least <= 0 => points.push(self.say(Verdict::Fail, "product-sold-out", &left)),
            Some(planned) if *least < planned => {
                let [left, source] = left;
                points.push(self.say(Verdict::Warn, "product-short", &[left, source, ("planned", count(planned))]));
            }
            _ => {}
        }
        points
    }

    fn currency(&self) -> Currency {
        self.plan.currency.unwrap_or(Currency::NONE)
    }

    /// A price that can be compared with the plan's.
    fn price_of(&self, lot: &Lot<'_>) -> Option<i64> {
        lot.price.filter(|price| price.currency == self.currency()).map(|price| price.minor)
    }

    /// The skus that each source asks each price for.
    fn prices(&self) -> Table<(&'c Name, i64), Vec<&'c Name>> {
        let mut prices: Table<(&Name, i64), Vec<&Name>> = Table::default();
        for lot in &self.lots {
            let Some(minor) = self.price_of(lot) else { continue };
            let skus = prices.entry((lot.source, minor)).or_default();
            if !skus.contains(&lot.sku) {
                skus.push(lot.sku);
            }
        }
        prices
    }

    /// Whether every sku of it that is known has a price that can be compared. A parent of priced variants needs none of its own.
    pub fn priced(&self) -> Priced {
        if self.product.price_minor.is_none() {
            return Priced::Unplanned;
        }
        let skus: Set<&Name> = self.lots.iter().map(|lot| lot.sku).collect();
        let is_told = |sku: &Name, has_price: &dyn Fn(&Lot<'_>) -> bool| self.lots.iter().any(|lot| lot.sku == sku && has_price(lot));
        let bare: Vec<&Name> = skus.iter().copied().filter(|sku| !is_told(sku, &|lot| self.price_of(lot).is_some())).collect();
        if bare.is_empty() || bare.len() < skus.len() && bare == [&self.product.sku] {
            return Priced::Compared;
        }
        let label = if bare.len() == skus.len() { self.label() } else { self.label_of(&bare, skus.len()) };
        let is_foreign = bare.iter().any(|sku| is_told(sku, &|lot| lot.price.is_some()));
        if is_foreign { Priced::Foreign(label) } else { Priced::Untold(label) }
    }

    /// A source's price against the announced one, and what it leaves of the margin.
    fn price(&self, source: &Name, minor: i64, label: &str) -> Vec<Point> {
        let Some(planned) = self.product.price_minor else { return Vec::new() };
        let format = &self.speaker.format;
        let money = |minor: i64| format.money(Money { minor, currency: self.currency() });
        let told = [("source", source.to_string()), ("price", money(minor)), ("planned", money(planned))];
        let say = |verdict, key, more: &[(&'static str, String)]| self.say_of(label.to_owned(), verdict, key, more);
        let mut points = Vec::new();
        match minor.cmp(&planned) {
            std::cmp::Ordering::Greater => points.push(say(Verdict::Fail, "product-dearer", &told)),
            std::cmp::Ordering::Less => points.push(say(Verdict::Warn, "product-cheaper", &told)),
            std::cmp::Ordering::Equal => {}
        }
        if let (Some(margin), Some(floor)) = (self.margin_at(minor, planned), self.product.margin_floor)
            && margin < floor
        {
            let [source, price, _] = told;
            let more = [source, price, ("margin", format.percent(margin, 0)), ("floor", format.percent(floor, 0))];
            points.push(say(Verdict::Fail, "product-margin", &more));
        }
        points
    }

    /// The contribution margin at the source's price: what it costs stays as it was.
    #[expect(clippy::cast_precision_loss, reason = "a share to compare with; sums of money stay integers")]
    fn margin_at(&self, price: i64, planned: i64) -> Option<f64> {
        let by_margin = || self.product.margin.or(self.plan.margin).map(|margin| planned as f64 * (1.0 - margin));
        let cost = self.product.cost_minor.map(|cost| cost as f64).or_else(by_margin)?;
        (price > 0).then(|| 1.0 - cost / price as f64)
    }
}
