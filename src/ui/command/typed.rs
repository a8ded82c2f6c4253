//! Figures that are typed in at the desk: amounts, counts and sales as people write them, and why one is refused.

use crate::engine::id::Name;
use crate::engine::metric::Metric;
use crate::engine::money::{Currency, Money};
use crate::engine::spelling;
use crate::ui::intent::Wish;
use crate::ui::update::Moment;
use crate::ui::words::Lang;

/// Names that a refusal tells at most.
const NEAR: usize = 3;
/// What a sale can be paid by.
const METHODS: [&str; 6] = ["pix", "card", "link", "qr", "wallet", "cash"];

/// Why a line is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Something is missing, or there is too much: the form of the command says it.
    Usage,
    /// In the operator's words.
    Why(String),
}

fn why(key: &str, text: &str, moment: &Moment<'_>) -> Refusal {
    Refusal::Why(moment.words.text(key, &[("text", text.to_owned().into())]))
}

fn amount(text: &str, moment: &Moment<'_>) -> Result<Money, Refusal> {
    money(text, moment).filter(|value| value.minor >= 0).ok_or_else(|| why("refused-amount", text, moment))
}

/// `250 paid` is the total so far, `+250 paid` adds.
pub fn spend(words: &[&str], moment: &Moment<'_>) -> Result<Wish, Refusal> {
    let text = words.first().ok_or(Refusal::Usage)?;
    let (total, digits) = text.strip_prefix('+').map_or((true, *text), |rest| (false, rest));
    Ok(Wish::Spend { value: amount(digits, moment)?, channel: channel_of(words.get(1), moment)?, total })
}

pub fn viewers(words: &[&str], moment: &Moment<'_>) -> Result<Wish, Refusal> {
    let text = words.first().ok_or(Refusal::Usage)?;
    let viewers = count(text, moment.words.lang()).ok_or_else(|| why("refused-count", text, moment))?;
    Ok(Wish::Viewers { viewers, channel: channel_of(words.get(1), moment)? })
}

pub fn figure(words: &[&str], moment: &Moment<'_>) -> Result<Wish, Refusal> {
    let id = words.first().ok_or(Refusal::Usage)?;
    let Some(metric) = Metric::parse(id) else {
        let near = spelling::near(id, Metric::ALL.iter().map(|metric| metric.id()), NEAR);
        return Err(match near[..] {
            [] => why("refused-no-metric", id, moment),
            _ => Refusal::Why(moment.words.text("refused-no-metric-near", &[("text", (*id).into()), ("near", near.join(", ").into())])),
        });
    };
    let text = words.get(1).ok_or(Refusal::Usage)?;
    let value = decimal(text, moment.words.lang()).ok_or_else(|| why("refused-number", text, moment))?;
    Ok(Wish::Figure { metric: Name::new(metric.id()), value: Name::new(&value), channel: channel_of(words.get(2), moment)? })
}

/// `sale 129.90 LIP-01 x2 paid`: the amount of the whole sale; sku or slot, quantity and channel in any order.
/// A channel that nobody has heard of is a slip of the hand, unless it is written as `from=NAME`.
pub fn sale(words: &[&str], moment: &Moment<'_>) -> Result<Wish, Refusal> {
    let text = words.first().ok_or(Refusal::Usage)?;
    let value = amount(text, moment)?;
    if value.minor == 0 {
        return Err(why("refused-amount", text, moment));
    }
    let (mut sku, mut quantity, mut from, mut method) = (None, 1, None, None);
    for word in words.get(1..).unwrap_or_default() {
        if let Some(count) = word.strip_prefix('x').and_then(|digits| digits.parse::<u16>().ok()) {
            quantity = i64::from(count);
        } else if let Some(found) = product(word, moment) {
            sku = Some(found);
        } else if METHODS.contains(word) {
            method = Some(Name::new(*word));
        } else if from.is_some() {
            return Err(stranger(word, moment));
        } else if let Some(name) = new_channel(word) {
            from = Some(name);
        } else {
            from = Some(Some(channel(word)).filter(|name| is_known(name, moment)).ok_or_else(|| stranger(word, moment))?);
        }
    }
    if quantity == 0 {
        return Err(Refusal::Usage);
    }
    Ok(Wish::Sale { value, sku, quantity, channel: from, method })
}

/// True for a channel of the plan, or one that was heard of.
fn is_known(name: &Name, moment: &Moment<'_>) -> bool {
    moment.live.live().books.channels.iter().any(|(_, known)| known == name.as_str())
}

/// A word of a sale that is no product and no channel, with those that may be meant.
fn stranger(word: &str, moment: &Moment<'_>) -> Refusal {
    let products = moment.live.products();
    let channels = &moment.live.live().books.channels;
    let known = products.iter().map(|product| product.sku).chain(channels.iter().map(|(_, name)| name)).chain(METHODS);
    let near = spelling::near(word, known, NEAR);
    match near[..] {
        [] => why("refused-stranger", word, moment),
        _ => {
            Refusal::Why(moment.words.text("refused-stranger-near", &[("text", word.to_owned().into()), ("near", near.join(", ").into())]))
        }
    }
}

/// A product by its sku or by `#slot`.
fn product(word: &str, moment: &Moment<'_>) -> Option<Name> {
    let slot = word.strip_prefix('#').and_then(|digits| digits.parse::<u32>().ok());
    let products = moment.live.products();
    products.iter().find(|known| known.sku == word || Some(known.slot) == slot).map(|known| Name::new(known.sku))
}

fn channel(word: &str) -> Name {
    Name::new(word.to_lowercase().replace('-', "_"))
}

/// `from=NAME`: a channel that is meant to be new.
fn new_channel(word: &str) -> Option<Name> {
    word.strip_prefix("from=").filter(|name| !name.is_empty()).map(channel)
}

/// The channel or platform that a figure is of. One that is nearly a known one is a slip of the hand; any other may be new.
fn channel_of(word: Option<&&str>, moment: &Moment<'_>) -> Result<Option<Name>, Refusal> {
    let Some(word) = word else { return Ok(None) };
    if let Some(name) = new_channel(word) {
        return Ok(Some(name));
    }
    let name = channel(word);
    let platforms = moment.live.plan().feeds.iter().map(|feed| feed.source.as_str());
    let known: Vec<&str> = moment.live.live().books.channels.iter().map(|(_, known)| known).chain(platforms).collect();
    let near = if known.contains(&name.as_str()) { Vec::new() } else { spelling::near(&name, known, NEAR) };
    match near[..] {
        [] => Ok(Some(name)),
        _ => {
            let values = [("text", (*word).into()), ("near", near.join(", ").into()), ("new", format!("from={word}").into())];
            Err(Refusal::Why(moment.words.text("refused-channel-near", &values)))
        }
    }
}

/// Money in the plan's currency, as people write it: `250`, `1.234,56`, `1,234.56`, `R$250`.
fn money(text: &str, moment: &Moment<'_>) -> Option<Money> {
    let currency = moment.live.plan().currency.unwrap_or(Currency::NONE);
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '-');
    let sign = text.strip_suffix(digits).unwrap_or("");
    // a symbol or the currency's code may stand before it, no other word
    let is_sign = sign.is_empty() || sign.eq_ignore_ascii_case(currency.code()) || sign.ends_with(|c: char| !c.is_alphanumeric());
    let plain = decimal(digits, moment.words.lang()).filter(|_| is_sign)?;
    Money::parse(&plain, currency)
}

fn count(text: &str, lang: Lang) -> Option<i64> {
    decimal(text, lang)?.parse().ok().filter(|count| *count >= 0)
}

/// A number as people of that language write it, with a point for its decimals and without groups.
///
/// Where both signs stand, the last one divides off the decimals. A single one before exactly three digits is a group
/// where the language groups with it, else a decimal sign.
fn decimal(text: &str, lang: Lang) -> Option<String> {
    let grouping = match lang {
        Lang::En => ',',
        Lang::PtBr => '.',
    };
    let signs: Vec<(usize, char)> = text.char_indices().filter(|(_, c)| matches!(c, '.' | ',')).collect();
    let last = signs.last().copied();
    let is_group = |at: usize, sign: char| {
        let same = signs.iter().filter(|(_, other)| *other == sign).count();
        same > 1 || (signs.len() == 1 && sign == grouping && text.len() - at == 4)
    };
    let point = last.filter(|(at, sign)| !is_group(*at, *sign)).map(|(at, _)| at);
    let mut plain = String::new();
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => plain.push(c),
            '-' if at == 0 => plain.push(c),
            '.' | ',' if Some(at) == point => plain.push('.'),
            '.' | ',' => {}
            _ => return None,
        }
    }
    plain.bytes().any(|b| b.is_ascii_digit()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, en, pt) in [
            ("250", "250", "250"),
            ("1,234.56", "1234.56", "1234.56"),
            ("1.234,56", "1234.56", "1234.56"),
            ("1.234.567", "1234567", "1234567"),
            ("2.400", "2.400", "2400"),
            ("2,400", "2400", "2.400"),
            ("250,5", "250.5", "250.5"),
            ("250.50", "250.50", "250.50"),
            ("-3", "-3", "-3"),
        ] {
            assert_eq!(decimal(text, Lang::En).as_deref(), Some(en), "{text} en");
            assert_eq!(decimal(text, Lang::PtBr).as_deref(), Some(pt), "{text} pt");
        }
        for text in ["", "abc", "1e5", "3-", "."] {
            assert_eq!(decimal(text, Lang::En), None, "{text}");
        }
    }
}
