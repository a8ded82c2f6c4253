//! Stock and price of every planned product, as the sources tell them, against the plan.
//!
//! A product that no source names is judged by what the silence of the sources means (`shelves`):
//! - one that did not answer in full may have it: not judged, its own line says what to do;
//! - one that cannot be asked may have it: not judged, to be compared by hand;
//! - else, where one lists all that it has, the product fails: neither there nor in all that the followed ones said so far is it;
//! - else there are followed ones only, which may name it yet: a warning.
//!
//! That one source does not know what another knows is how a desk of several sources is: told once, and no defect.
//! "As planned" is said of what was compared, and what was not is said with the reason.

use super::point::{Point, Speaker, Verdict};
use super::product::{Checked, Priced};
use super::shelves::{Shelves, Silence};
use crate::engine::id::Name;
use crate::engine::plan::Plan;

/// Judges every planned product; what is as planned is one line.
pub fn judge(plan: &Plan, shelves: &Shelves, speaker: &Speaker<'_>) -> Vec<Point> {
    if plan.products.is_empty() {
        return Vec::new();
    }
    if shelves.is_empty() {
        return vec![speaker.point(Verdict::Warn, "product-no-stock-feed", &[])];
    }
    let products = plan.products.iter().map(|product| Checked::new(plan, product, shelves, speaker)).collect();
    Bench { shelves, speaker, products }.points()
}

/// The planned products, each beside what is told of it.
struct Bench<'b> {
    shelves: &'b Shelves,
    speaker: &'b Speaker<'b>,
    products: Vec<Checked<'b>>,
}

impl<'b> Bench<'b> {
    fn points(&self) -> Vec<Point> {
        let is_certain = self.silent(Silence::NotHeard).is_empty() && self.silent(Silence::NotAsked).is_empty();
        let lists_all = !self.silent(Silence::Lacks).is_empty();
        let differences = self.products.iter().map(|product| {
            let variants = (product.is_known() && is_certain && lists_all).then(|| product.unknown_variants()).flatten();
            product.differences().into_iter().chain(variants).collect::<Vec<_>>()
        });
        let differences: Vec<Vec<Point>> = differences.collect();
        let mut points = self.as_planned(&differences);
        points.extend(self.divided());
        points.extend(self.strangers());
        points.extend(self.prices());
        points.extend(differences.into_iter().flatten());
        points
    }

    /// The sources whose silence means this.
    fn silent(&self, silence: Silence) -> Vec<&'b Name> {
        self.shelves.sources().filter(|(_, of)| *of == silence).map(|(name, _)| name).collect()
    }

    fn say(&self, verdict: Verdict, key: &str, sources: &[&Name], names: &[String]) -> Point {
        let values = [("source", self.speaker.list(sources).into()), ("names", self.speaker.list(names).into())];
        self.speaker.point(verdict, key, &values)
    }

    /// How many do not differ, by what of them was compared.
    fn as_planned(&self, differences: &[Vec<Point>]) -> Vec<Point> {
        let good = self.products.iter().zip(differences).filter(|(product, differences)| product.is_known() && differences.is_empty());
        let lines: Vec<Line> = good.map(|(product, _)| line_of(product)).collect();
        let count = |line: &Line| lines.iter().filter(|other| *other == line).count();
        let counted = LINES.iter().map(|line| (line, count(line))).filter(|(_, count)| *count > 0);
        counted.map(|((verdict, key), count)| self.speaker.point(*verdict, key, &[("n", count.into())])).collect()
    }

    /// Which source knows what, where they differ in it.
    fn divided(&self) -> Option<Point> {
        let known: Vec<&Checked<'_>> = self.products.iter().filter(|product| product.is_known()).collect();
        let asked = self.shelves.sources().filter(|(_, silence)| matches!(silence, Silence::Lacks | Silence::NotYet));
        let part = |source: &Name| {
            let lacking: Vec<String> = known.iter().filter(|product| !product.is_known_to(source)).map(|product| product.label()).collect();
            let values = [
                ("source", source.to_string().into()),
                ("n", (known.len() - lacking.len()).into()),
                ("names", self.speaker.list(&lacking).into()),
            ];
            (!lacking.is_empty()).then(|| self.speaker.words.text("product-divided-part", &values))
        };
        let parts: Vec<String> = asked.filter_map(|(source, _)| part(source)).collect();
        (!parts.is_empty()).then(|| self.speaker.point(Verdict::Pass, "product-divided", &[("parts", parts.join("; ").into())]))
    }

    /// What no source names, and the sources that cannot be asked.
    fn strangers(&self) -> Vec<Point> {
        let strangers: Vec<&Checked<'_>> = self.products.iter().filter(|product| !product.is_known()).collect();
        let names: Vec<String> = strangers.iter().map(|product| product.label()).collect();
        let [unheard, unasked] = [Silence::NotHeard, Silence::NotAsked].map(|silence| self.silent(silence));
        let [whole, followed] = [Silence::Lacks, Silence::NotYet].map(|silence| self.silent(silence));
        let mut points = Vec::new();
        let is_open = unheard.is_empty() && !names.is_empty();
        if !unasked.is_empty() {
            let key = if is_open { "product-unasked-only" } else { "product-unasked" };
            points.push(self.say(Verdict::Warn, key, &unasked, &names));
        }
        match () {
            () if names.is_empty() => {}
            () if !unheard.is_empty() => points.push(self.say(Verdict::Warn, "product-unheard", &unheard, &names)),
            () if !unasked.is_empty() => {}
            () if !whole.is_empty() => points.extend(strangers.iter().map(|product| product.unknown(&whole))),
            () => points.push(self.say(Verdict::Warn, "product-not-yet", &followed, &names)),
        }
        points
    }

    /// Known products whose announced price could not be compared, and why.
    fn prices(&self) -> Vec<Point> {
        let unheard = self.silent(Silence::NotHeard);
        let untold_key = if unheard.is_empty() { "product-price-untold" } else { "product-price-unheard" };
        let (mut untold, mut foreign) = (Vec::new(), Vec::new());
        for product in self.products.iter().filter(|product| product.is_known()) {
            match product.priced() {
                Priced::Untold(label) => untold.push(label),
                Priced::Foreign(label) => foreign.push(label),
                Priced::Unplanned | Priced::Compared => {}
            }
        }
        let told = [(untold_key, untold), ("product-price-foreign", foreign)];
        let told = told.into_iter().filter(|(_, names)| !names.is_empty());
        told.map(|(key, names)| self.say(Verdict::Warn, key, &unheard, &names)).collect()
    }
}

/// A line that tells how many products do not differ: never more than was compared.
type Line = (Verdict, &'static str);

const LINES: [Line; 5] = [
    (Verdict::Pass, "product-good"),
    (Verdict::Pass, "product-good-stock"),
    (Verdict::Pass, "product-good-stock-only"),
    (Verdict::Pass, "product-good-price"),
    (Verdict::Warn, "product-not-compared"),
];

fn line_of(product: &Checked<'_>) -> Line {
    let [good, stock, stock_only, price, nothing] = LINES;
    match (product.has_planned_stock(), product.priced()) {
        (true, Priced::Compared) => good,
        (true, Priced::Untold(_) | Priced::Foreign(_)) => stock,
        (true, Priced::Unplanned) => stock_only,
        (false, Priced::Compared) => price,
        (false, Priced::Unplanned | Priced::Untold(_) | Priced::Foreign(_)) => nothing,
    }
}

#[cfg(test)]
mod tests;
