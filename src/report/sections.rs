//! The sections of the report in their order: what was reached first, what to change last.

mod against;
mod audience;
mod customers;
mod desk;
mod fit;
mod money;
mod quality;
mod show;

use super::document::{Block, Section, Writer};
pub use desk::ticks;
pub use show::results;

/// All sections that have something to say.
#[must_use]
pub fn all(writer: &Writer<'_>) -> Vec<Section> {
    let of = |id: &'static str, title: &str, blocks: Vec<Block>| Section { id, title: writer.say(title), blocks };
    let sections = vec![
        of("targets", "report-targets", show::targets(writer)),
        of("curve", "report-curve", show::curve(writer)),
        of("products", "report-products", money::products(writer)),
        of("air", "report-air", fit::air(writer)),
        of("minutes", "report-minutes", audience::minutes(writer)),
        of("segments", "report-segments", show::segments(writer)),
        of("channels", "report-channels", money::channels(writer)),
        of("customers", "report-customers", customers::customers(writer)),
        of("carts", "report-carts", money::carts(writer)),
        of("payments", "report-payments", money::payments(writer)),
        of("settled", "report-settling", against::settled(writer)),
        of("chat", "report-chat", audience::chat(writer)),
        of("interventions", "report-interventions", desk::interventions(writer)),
        of("advice", "report-advice", desk::advice(writer)),
        of("stock", "report-stock", money::stock(writer)),
        of("against", "report-against", against::against(writer)),
        of("quality", "report-quality", quality::quality(writer)),
        of("followed", "report-followed", against::followed(writer)),
        of("next", "report-next", desk::proposals(writer)),
    ];
    sections.into_iter().filter(|section| !section.blocks.is_empty()).collect()
}
