//! What the desk knows of each kind of act before it is logged: whether it is about a product, how long it runs, what its details mean.

use crate::engine::event::{InterventionKind, Parameters};

/// Whether an act is about a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// It makes no sense without one; the product on air is prefilled.
    Product,
    /// The product on air is prefilled; `0` makes it the whole live.
    ProductOnAir,
    /// The whole live, or the product that a digit names.
    Live,
}

/// What an act is about.
#[must_use]
pub const fn about(kind: InterventionKind) -> About {
    use InterventionKind as K;
    match kind {
        K::PinProduct | K::SwitchProduct | K::Restock | K::RemoveProduct | K::PriceDrop => About::Product,
        K::FlashDeal | K::Bundle | K::BonusKit | K::Countdown | K::Demo => About::ProductOnAir,
        K::Coupon
        | K::FreeShipping
        | K::Giveaway
        | K::PinComment
        | K::AnswerQuestion
        | K::Poll
        | K::ScriptChange
        | K::HostChange
        | K::AdsUp
        | K::AdsDown
        | K::AdsCreative
        | K::BroadcastPush
        | K::CartRescue
        | K::LeadOffer
        | K::TechEvent
        | K::PolicyWarning => About::Live,
    }
}

/// How long an act is meant to run when nobody says otherwise, in seconds; `None` runs until `e`, or is done in a moment:
/// the engine knows which.
#[must_use]
pub const fn duration_s(kind: InterventionKind) -> Option<i64> {
    match kind {
        InterventionKind::FlashDeal => Some(600),
        InterventionKind::Countdown => Some(180),
        _ => None,
    }
}

/// Longest run that can be typed in.
const LONGEST_S: i64 = 24 * 3_600;

/// Details of an act as they are typed: `-10% 12m code=LIVE10 bom gancho`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    pub duration_s: Option<i64>,
    pub parameters: Parameters,
}

impl Details {
    /// Reads details: a percentage, a length in seconds, minutes or hours, `name=value`, and words that stay words.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut details = Self::default();
        let mut words: Vec<&str> = Vec::new();
        for part in text.split_whitespace() {
            if let Some((name, value)) = part.split_once('=').filter(|(name, value)| is_name(name) && !value.is_empty()) {
                details.parameters.insert(name.to_owned(), value.to_owned());
            } else if let Some(percent) = percent(part) {
                details.parameters.insert("percent".to_owned(), percent);
            } else if let Some(seconds) = length_s(part) {
                details.duration_s = Some(seconds);
            } else {
                words.push(part);
            }
        }
        if !words.is_empty() {
            details.parameters.insert("text".to_owned(), words.join(" "));
        }
        details
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// `-10%` and `10%` are ten percent off.
fn percent(part: &str) -> Option<String> {
    let number = part.strip_suffix('%')?;
    let number = number.strip_prefix(['-', '−']).unwrap_or(number).replace(',', ".");
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.') && number.parse::<f64>().is_ok();
    is_number.then_some(number)
}

/// `90s`, `12m`, `2h`.
fn length_s(part: &str) -> Option<i64> {
    let (number, unit) = part.split_at_checked(part.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    let seconds = number.parse::<u32>().ok().map(i64::from)?.checked_mul(unit)?;
    (1..=LONGEST_S).contains(&seconds).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_read_in_any_order() {
        let details = Details::parse("12m code=LIVE10 bom -10% gancho");
        assert_eq!(details.duration_s, Some(720));
        let parameters: Vec<(&str, &str)> = details.parameters.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(parameters, [("code", "LIVE10"), ("percent", "10"), ("text", "bom gancho")]);
    }

    #[test]
    fn what_is_no_length_and_no_percentage_stays_a_word() {
        for word in ["m", "%", "12x", "-%", "99999999999m", "0s", "A=b", "é"] {
            let details = Details::parse(word);
            assert_eq!(details.duration_s, None, "{word}");
            assert_eq!(details.parameters.get("text").map(String::as_str), Some(word));
        }
    }
}
