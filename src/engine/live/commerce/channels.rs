//! Where viewers come from: the plan's rules first, then the shipped table (events.md, "An event").

use crate::engine::event::{ChannelClue, ChannelParts, Correction, CorrectionKind};
use crate::engine::id::{Name, Sym, Table};
use crate::engine::plan::Plan;
use crate::engine::time::At;

use crate::engine::live::books::Books;

/// Nothing is known: a real bucket.
pub const UNKNOWN: &str = "unknown";
/// Came by itself.
pub const ORGANIC: &str = "organic";
/// Was paid for.
pub const PAID: &str = "paid";
/// A link, a code or a message of the shop's own.
pub const DIRECT_LINK: &str = "direct_link";
/// Names of channels that feeds may bring; what goes beyond is `unknown`.
const MOST_CHANNELS: usize = 200;

/// The shipped table: what a medium says. A trailing `*` matches any rest.
const MEDIUMS: &[(&str, &str)] = &[
    ("cpc", PAID),
    ("ppc", PAID),
    ("paid*", PAID),
    ("display", PAID),
    ("affiliate", PAID),
    ("link", DIRECT_LINK),
    ("qr", DIRECT_LINK),
    ("whatsapp", DIRECT_LINK),
    ("email", DIRECT_LINK),
    ("push", DIRECT_LINK),
];

/// The name of the channel that the clue and the coupons tell.
#[must_use]
pub fn classify<'a>(clue: Option<&'a ChannelClue>, coupons: &[Name], plan: &'a Plan) -> &'a str {
    let nothing = ChannelParts::default();
    let parts = match clue {
        Some(ChannelClue::Name(name)) if !name.is_empty() => return name,
        Some(ChannelClue::Parts(parts)) => parts,
        Some(ChannelClue::Name(_)) | None => &nothing,
    };
    let by_rule = plan.channels.iter().find(|channel| channel.rules.iter().any(|rule| matches_rule(rule, parts, coupons)));
    if let Some(channel) = by_rule {
        return &channel.name;
    }
    by_table(parts, coupons, plan)
}

fn by_table(parts: &ChannelParts, coupons: &[Name], plan: &Plan) -> &'static str {
    if let Some(medium) = &parts.medium
        && let Some((_, channel)) = MEDIUMS.iter().find(|(pattern, _)| matches_text(pattern, medium))
    {
        return channel;
    }
    let source = parts.source.as_deref().unwrap_or_default();
    if source.eq_ignore_ascii_case("(direct)") || known_code(parts, coupons, plan) {
        return DIRECT_LINK;
    }
    let told = [&parts.source, &parts.referrer].into_iter().flatten().any(|text| !text.is_empty());
    if told { ORGANIC } else { UNKNOWN }
}

/// A coupon that the plan's scope or one of its channels names.
fn known_code(parts: &ChannelParts, coupons: &[Name], plan: &Plan) -> bool {
    let codes = || coupons.iter().chain(&parts.coupon);
    codes().any(|code| {
        plan.scope.coupons.iter().any(|known| known.eq_ignore_ascii_case(code))
            || plan
                .channels
                .iter()
                .flat_map(|channel| &channel.rules)
                .any(|rule| rule.coupon.as_deref().is_some_and(|c| matches_text(c, code)))
    })
}

/// Every part that the rule gives must be equal, letter case aside; a rule without parts matches nothing.
fn matches_rule(rule: &ChannelParts, parts: &ChannelParts, coupons: &[Name]) -> bool {
    let pairs = [
        (&rule.source, &parts.source),
        (&rule.medium, &parts.medium),
        (&rule.campaign, &parts.campaign),
        (&rule.referrer, &parts.referrer),
        (&rule.landing, &parts.landing),
    ];
    let given = pairs.iter().any(|(wanted, _)| wanted.is_some()) || rule.coupon.is_some();
    let parts_match = pairs
        .iter()
        .all(|(wanted, found)| wanted.as_ref().is_none_or(|wanted| found.as_ref().is_some_and(|found| matches_text(wanted, found))));
    let coupon_matches =
        rule.coupon.as_ref().is_none_or(|wanted| coupons.iter().chain(&parts.coupon).any(|found| matches_text(wanted, found)));
    given && parts_match && coupon_matches
}

fn matches_text(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)),
        None => pattern.eq_ignore_ascii_case(text),
    }
}

/// Channels that a correction found to be another one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Channels {
    merged: Table<Sym, (At, Sym)>,
}

impl Channels {
    /// Takes a correction that merges one channel into another; the latest word on a channel counts.
    pub fn fold(&mut self, correction: &Correction, ts: At, books: &mut Books) {
        let (CorrectionKind::MergeChannel, Some(into)) = (correction.kind, &correction.value) else { return };
        let (from, into) = (books.channels.intern(&correction.target), books.channels.intern(into));
        let word = self.merged.entry(from).or_insert((ts, into));
        if (ts, into) > *word {
            *word = (ts, into);
        }
    }

    /// The channel that this one is told under.
    #[must_use]
    pub fn home(&self, channel: Sym) -> Sym {
        let mut home = channel;
        for _ in 0..self.merged.len() {
            match self.merged.get(&home) {
                Some((_, into)) if *into != home => home = *into,
                _ => break,
            }
        }
        home
    }

    /// The channels that are told under this one, itself among them.
    pub fn told_under<'a>(&'a self, channel: Sym, books: &'a Books) -> impl Iterator<Item = Sym> + 'a {
        let alone = self.merged.is_empty().then_some(channel);
        let all =
            (!self.merged.is_empty()).then(|| books.channels.iter().map(|(sym, _)| sym).filter(move |sym| self.home(*sym) == channel));
        alone.into_iter().chain(all.into_iter().flatten())
    }
}

impl Books {
    /// The channel that a clue and coupons tell.
    pub fn channel(&mut self, clue: Option<&ChannelClue>, coupons: &[Name], plan: &Plan) -> Sym {
        let name = classify(clue, coupons, plan);
        match self.channels.find(name) {
            Some(sym) => sym,
            None if self.channels.len() >= MOST_CHANNELS => self.channels.intern(UNKNOWN),
            None => self.channels.intern(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::PlanChannel;

    fn parts(source: &str, medium: &str, coupon: &str) -> Option<ChannelClue> {
        let name = |text: &str| (!text.is_empty()).then(|| Name::new(text));
        Some(ChannelClue::Parts(Box::new(ChannelParts {
            source: name(source),
            medium: name(medium),
            coupon: name(coupon),
            ..ChannelParts::default()
        })))
    }

    #[test]
    fn the_shipped_table_classifies_by_medium_then_source_then_code() {
        let mut plan = Plan::default();
        plan.scope.coupons.push("LIVE10".into());
        for (source, medium, coupon, channel) in [
            ("instagram", "paid_social", "", PAID),
            ("google", "CPC", "", PAID),
            ("", "whatsapp", "", DIRECT_LINK),
            ("(direct)", "", "", DIRECT_LINK),
            ("(direct)", "(none)", "", DIRECT_LINK),
            ("instagram", "social", "live10", DIRECT_LINK),
            ("instagram", "social", "OTHER", ORGANIC),
            ("instagram", "", "", ORGANIC),
            ("", "", "", UNKNOWN),
            ("", "social", "", UNKNOWN),
        ] {
            assert_eq!(classify(parts(source, medium, coupon).as_ref(), &[], &plan), channel, "{source} {medium} {coupon}");
        }
        assert_eq!(classify(None, &[], &plan), UNKNOWN);
        assert_eq!(classify(None, &["LIVE10".into()], &plan), DIRECT_LINK);
    }

    #[test]
    fn the_plans_rules_come_first_and_names_are_taken_by_their_word() {
        let rule = ChannelParts { source: Some("insta*".into()), ..ChannelParts::default() };
        let channel = PlanChannel { name: "creators".into(), rules: vec![rule, ChannelParts::default()], budget_minor: None };
        let plan = Plan { channels: vec![channel], ..Plan::default() };
        assert_eq!(classify(parts("Instagram", "cpc", "").as_ref(), &[], &plan), "creators");
        assert_eq!(classify(parts("tiktok", "cpc", "").as_ref(), &[], &plan), PAID);
        assert_eq!(classify(Some(&ChannelClue::Name("paid".into())), &[], &plan), PAID);
    }
}
