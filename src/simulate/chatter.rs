//! What the viewers write: templates by meaning, in two languages, with typos, elongations and emoji.

use serde::Deserialize;

use super::luck::{Luck, share_out};

const TEMPLATES: &str = include_str!("../../config/chatter.toml");
const EMOJI: [&str; 10] = ["❤️", "🔥", "😍", "👏", "😂", "🙏", "✨", "😱", "💜", "🛒"];
const CITIES: [&str; 10] = ["Manaus", "Recife", "Curitiba", "SP", "BH", "Salvador", "Porto Alegre", "Goiânia", "Fortaleza", "Belém"];

/// One thing that people mean.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meaning {
    weight: f64,
    #[serde(default)]
    question: bool,
    pt: Vec<String>,
    en: Vec<String>,
}

/// The templates; their places are the gestures below.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Templates {
    price: Meaning,
    stock: Meaning,
    shipping: Meaning,
    link: Meaning,
    coupon: Meaning,
    payment: Meaning,
    praise: Meaning,
    buy: Meaning,
    greeting: Meaning,
    complaint: Meaning,
    other: Meaning,
}

/// How the moment bends what is said: each a factor on how often.
#[derive(Clone, Copy, Debug)]
pub struct Bent {
    pub price: f64,
    pub stock: f64,
    pub payment: f64,
    pub complaint: f64,
}

/// Writes messages.
#[derive(Clone, Debug)]
pub struct Chatter {
    meanings: [Meaning; 11],
}

impl Chatter {
    /// # Errors
    /// When the shipped templates cannot be read.
    pub fn shipped() -> Result<Self, String> {
        let t: Templates = toml::from_str(TEMPLATES).map_err(|error| format!("config/chatter.toml: {error}"))?;
        let meanings = [t.price, t.stock, t.shipping, t.link, t.coupon, t.payment, t.praise, t.buy, t.greeting, t.complaint, t.other];
        Ok(Self { meanings })
    }

    /// A message about `product`, a question or not; in English with that probability.
    #[must_use]
    pub fn write(&self, luck: &mut Luck, question: bool, bent: Bent, english: f64, product: &str) -> String {
        let weight = |(place, meaning): (usize, &Meaning)| {
            let bend = match place {
                0 => bent.price,
                1 => bent.stock,
                5 => bent.payment,
                9 => bent.complaint,
                _ => 1.0,
            };
            if meaning.question == question { meaning.weight * bend } else { 0.0 }
        };
        let place = share_out(luck.unit(), self.meanings.iter().enumerate().map(weight)).unwrap_or(10);
        let meaning = &self.meanings[place];
        let texts = if luck.strikes(english) { &meaning.en } else { &meaning.pt };
        let template = texts.get(luck.index(texts.len())).map_or("", String::as_str);
        let mut text = fill(template, luck, product);
        disfigure(&mut text, luck);
        text
    }

    /// The factor on the number of questions and of other messages that the moment makes.
    #[must_use]
    pub fn volume(&self, question: bool, bent: Bent) -> f64 {
        let bends = [bent.price, bent.stock, 1.0, 1.0, 1.0, bent.payment, 1.0, 1.0, 1.0, bent.complaint, 1.0];
        let own = self.meanings.iter().zip(bends).filter(|(meaning, _)| meaning.question == question);
        let (base, bent) = own.fold((0.0, 0.0), |(base, sum), (meaning, bend)| (base + meaning.weight, sum + meaning.weight * bend));
        if base > 0.0 { bent / base } else { 1.0 }
    }
}

fn fill(template: &str, luck: &mut Luck, product: &str) -> String {
    let mut text = template.to_owned();
    if text.contains('{') {
        text = text.replace("{p}", product).replace("{h}", "Clara");
        text = text.replace("{c}", CITIES[luck.index(CITIES.len())]);
        text = text.replace("{n}", &(2 + luck.index(9)).to_string());
    }
    text
}

/// What thumbs do to a text.
fn disfigure(text: &mut String, luck: &mut Luck) {
    let dice = luck.unit();
    if dice < 0.20 {
        *text = text.chars().map(plain_letter).collect();
    } else if dice < 0.26 {
        let chars: Vec<char> = text.chars().collect();
        let slip = luck.index(chars.len());
        *text = chars.iter().enumerate().filter(|(at, _)| *at != slip).map(|(_, c)| *c).collect();
    } else if dice < 0.31 {
        if let Some(last) = text.chars().last().filter(|c| c.is_alphabetic()) {
            text.extend(std::iter::repeat_n(last, 1 + luck.index(5)));
        }
    } else if dice < 0.34 {
        *text = text.to_uppercase();
    }
    if luck.strikes(0.18) {
        let emoji = EMOJI[luck.index(EMOJI.len())];
        text.push(' ');
        for _ in 0..=luck.index(3) {
            text.push_str(emoji);
        }
    }
}

const fn plain_letter(letter: char) -> char {
    match letter {
        'á' | 'à' | 'ã' | 'â' => 'a',
        'é' | 'ê' => 'e',
        'í' => 'i',
        'ó' | 'õ' | 'ô' => 'o',
        'ú' => 'u',
        'ç' => 'c',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::luck::{Concern, Seed};

    #[test]
    fn questions_ask_and_carry_the_product() {
        let chatter = Chatter::shipped().unwrap();
        let mut luck = Seed(5).stream(Concern::Chat);
        let calm = Bent { price: 1.0, stock: 1.0, payment: 1.0, complaint: 1.0 };
        let texts: Vec<String> = (0..500).map(|_| chatter.write(&mut luck, true, calm, 0.2, "fone")).collect();
        assert!(texts.iter().any(|text| text.contains("fone")));
        assert!(texts.iter().all(|text| !text.is_empty() && !text.contains('{')));
        assert!((chatter.volume(true, Bent { price: 3.0, ..calm }) - (8.8 + 6.0) / 8.8).abs() < 1e-9);
    }
}
