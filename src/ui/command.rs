//! What can be written after `:`: manual figures, corrections, the close, and settings of the glass. A table; help and completion are made from it.

use super::action::Action;
use super::intent::{Intent, Steering, Wish};
use super::state::{Mode, Panel, UiState};
use super::theme::Theme;
use super::update::Moment;
use super::words::{FluentValue, Lang, Words};
use crate::engine::event::{CorrectionKind, SegmentKind};
use crate::engine::id::Name;
use crate::engine::metric::Metric;
use crate::engine::money::{Currency, Money};
use crate::engine::spelling;
use crate::engine::time::{At, HOUR_MS, MINUTE_MS};

/// A command: its name, whether it writes a record, what it does with the words after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Command {
    pub name: &'static str,
    pub verb: Verb,
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Spend,
    Viewers,
    Figure,
    Sale,
    Withdraw,
    Note,
    Cue,
    End,
    Exclude,
    Include,
    Merge,
    Void,
    Goto,
    Seek,
    Panel,
    Theme,
    Lang,
}

/// All commands, as completion shows them.
pub const COMMANDS: [Command; 17] = [
    Command { name: "spend", verb: Verb::Spend },
    Command { name: "viewers", verb: Verb::Viewers },
    Command { name: "sale", verb: Verb::Sale },
    Command { name: "figure", verb: Verb::Figure },
    Command { name: "withdraw", verb: Verb::Withdraw },
    Command { name: "remark", verb: Verb::Note },
    Command { name: "segment", verb: Verb::Cue },
    Command { name: "end", verb: Verb::End },
    Command { name: "exclude", verb: Verb::Exclude },
    Command { name: "include", verb: Verb::Include },
    Command { name: "merge", verb: Verb::Merge },
    Command { name: "void", verb: Verb::Void },
    Command { name: "goto", verb: Verb::Goto },
    Command { name: "seek", verb: Verb::Seek },
    Command { name: "panel", verb: Verb::Panel },
    Command { name: "theme", verb: Verb::Theme },
    Command { name: "lang", verb: Verb::Lang },
];

impl Command {
    /// The key of its form: `spend [+]250 [paid]`.
    #[must_use]
    pub fn usage_key(&self) -> String {
        format!("use-{}", self.name)
    }
    /// True where it can be had.
    #[must_use]
    pub fn is_of(&self, mode: Mode) -> bool {
        self.verb != Verb::Seek || mode == Mode::Replay
    }
    #[must_use]
    pub fn doc_key(&self) -> String {
        format!("cmd-{}", self.name)
    }
    /// The words of which it takes one, as far as they are a closed list.
    #[must_use]
    pub fn choices(&self) -> Vec<&'static str> {
        match self.verb {
            Verb::Panel => Panel::ALL.iter().map(|panel| panel.id()).collect(),
            Verb::Theme => Theme::NAMES.to_vec(),
            Verb::Lang => Lang::ALL.iter().map(|lang| lang.id()).collect(),
            Verb::Figure => Metric::ALL.iter().map(|metric| metric.id()).collect(),
            _ => Vec::new(),
        }
    }
    /// The key of what such a word is called in the catalogue.
    #[must_use]
    pub fn choice_key(&self, word: &str) -> Option<String> {
        match self.verb {
            Verb::Panel => Some(format!("panel-{word}")),
            Verb::Figure => Some(format!("metric-{word}")),
            _ => None,
        }
    }
    /// True for what puts a record into the journal.
    #[must_use]
    pub const fn writes(&self) -> bool {
        !matches!(self.verb, Verb::Goto | Verb::Seek | Verb::Panel | Verb::Theme | Verb::Lang)
    }
}

/// What a command comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Intent(Intent),
    Action(Action),
    /// It changed the glass and nothing else.
    Done,
}

/// Runs a command on the words after it.
///
/// # Errors
/// With what the operator should have written.
pub fn run(command: &Command, rest: &str, state: &mut UiState, moment: &Moment<'_>) -> Result<Said, String> {
    if command.writes() && !state.mode.takes_records() {
        return Err(moment.words.get(state.mode.refusal()).to_owned());
    }
    if command.writes()
        && moment.live.closed().is_some()
        && !matches!(command.verb, Verb::Exclude | Verb::Include | Verb::Merge | Verb::Void)
    {
        return Err(moment.words.get("refused-closed").to_owned());
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    let said = match command.verb {
        Verb::Goto | Verb::Panel => settle(command.verb, &words, state, moment),
        Verb::Seek => words.first().and_then(|word| moment_of(word, moment)).map(|at| Said::Intent(Intent::Replay(Steering::Seek(at)))),
        Verb::Theme => {
            words.first().filter(|name| Theme::NAMES.contains(*name)).map(|name| Said::Intent(Intent::SetTheme((*name).to_owned())))
        }
        Verb::Lang => words.first().and_then(|lang| Lang::parse(lang)).map(|lang| Said::Intent(Intent::SetLang(lang))),
        _ => wish(command.verb, &words, rest, state, moment).map(|wish| {
            state.say(moment.words.text("said-written", &[("name", command.name.into())]), moment.wall);
            Said::Intent(Intent::Write(wish))
        }),
    };
    said.ok_or_else(|| refusal(command, &words, moment))
}

/// What the operator should have written: one of the words that there are, else the form of the command.
fn refusal(command: &Command, words: &[&str], moment: &Moment<'_>) -> String {
    let choices = command.choices();
    if let Some(word) = words.first().filter(|word| !choices.is_empty() && !choices.contains(word)) {
        let name: FluentValue<'_> = (*word).into();
        return match spelling::nearest(word, choices.iter().copied()) {
            Some(near) => moment.words.text("refused-no-choice-near", &[("name", name), ("near", near.into())]),
            None => moment.words.text("refused-no-choice", &[("name", name)]),
        };
    }
    let usage = moment.words.get(&command.usage_key()).to_owned();
    moment.words.text("refused-usage", &[("usage", usage.into())])
}

/// What changes nothing but the glass.
fn settle(verb: Verb, words: &[&str], state: &mut UiState, moment: &Moment<'_>) -> Option<Said> {
    let word = words.first()?;
    if verb == Verb::Panel {
        state.focus = panel_of(word, moment.words)?;
        return Some(Said::Done);
    }
    let minute = minute_of(word, moment)?;
    let now = moment.live.now().minute();
    state.minute = (minute != now && minute <= state.last_minute(now)).then_some(minute);
    Some(Said::Done)
}

/// A panel by its name, by its title, or by a beginning that only one has.
fn panel_of(word: &str, words: &Words) -> Option<Panel> {
    let word = word.to_lowercase();
    let title = |panel: &Panel| words.get(&format!("panel-{}", panel.id())).to_lowercase();
    let exact = Panel::parse(&word).or_else(|| Panel::ALL.into_iter().find(|panel| title(panel) == word));
    exact.or_else(|| {
        let mut begun = Panel::ALL.into_iter().filter(|panel| panel.id().starts_with(&word));
        begun.next().filter(|_| begun.next().is_none())
    })
}

/// `00:31:00` is the live's own time, anything else a minute as `goto` reads it; a clock of before the live is its begin.
fn moment_of(word: &str, moment: &Moment<'_>) -> Option<At> {
    let parts: Vec<&str> = word.split(':').collect();
    let [hours, minutes, seconds] = parts[..] else {
        let (started, found) = (moment.live.started()?, At::from_minute(minute_of(word, moment)?));
        let is_before = parts.len() > 1 && found.since_ms(started) >= 12 * HOUR_MS;
        return Some(if is_before { started } else { found });
    };
    let number = |text: &str, most: i64| text.parse::<u16>().ok().map(i64::from).filter(|number| *number <= most);
    let s = number(hours, 99)? * 3_600 + number(minutes, 59)? * 60 + number(seconds, 59)?;
    Some(moment.live.started()?.plus_s(s))
}

/// `16` is the sixteenth minute of the live, `20:47` a time of the plan's zone.
fn minute_of(word: &str, moment: &Moment<'_>) -> Option<i64> {
    let started = moment.live.started()?;
    let Some((hours, minutes)) = word.split_once(':') else {
        let minute: u32 = word.trim_end_matches('\'').parse().ok()?;
        return Some(started.minute() + i64::from(minute));
    };
    let (hours, minutes): (i64, i64) = (i64::from(hours.parse::<u8>().ok()?), i64::from(minutes.parse::<u8>().ok()?));
    if hours > 23 || minutes > 59 {
        return None;
    }
    // the first minute from the start on whose clock shows that time: a live may cross midnight
    let wanted = format!("{hours:02}:{minutes:02}");
    let zone = moment.live.plan().time_zone.unwrap_or(chrono_tz::UTC);
    (0..24 * 60).map(|offset| started.plus_ms(offset * MINUTE_MS)).find_map(|at| {
        let local = at.utc().with_timezone(&zone);
        (local.format("%H:%M").to_string() == wanted).then(|| at.minute())
    })
}

/// What becomes a record.
fn wish(verb: Verb, words: &[&str], rest: &str, state: &UiState, moment: &Moment<'_>) -> Option<Wish> {
    match verb {
        Verb::Spend => spend(words, moment),
        Verb::Viewers => {
            let viewers = count(words.first()?, moment.words.lang())?;
            Some(Wish::Viewers { viewers, channel: channel(words.get(1)) })
        }
        Verb::Figure => figure(words, moment),
        Verb::Sale => sale(words, moment),
        Verb::Withdraw => withdraw(words.first()?, moment),
        Verb::Note => (!rest.is_empty()).then(|| Wish::Note {
            text: rest.to_owned(),
            at: state.minute.filter(|minute| *minute < moment.now.minute()).map(At::from_minute),
        }),
        Verb::Cue => cue(rest, moment),
        Verb::End => words.is_empty().then_some(Wish::Close),
        Verb::Exclude => correct(CorrectionKind::ExcludeOrder, words.first()?, None, words.get(1..)),
        Verb::Include => correct(CorrectionKind::IncludeOrder, words.first()?, None, words.get(1..)),
        Verb::Merge => correct(CorrectionKind::MergeChannel, words.first()?, Some(words.get(1)?), words.get(2..)),
        Verb::Void => correct(CorrectionKind::Void, words.first()?, None, words.get(1..)),
        Verb::Goto | Verb::Seek | Verb::Panel | Verb::Theme | Verb::Lang => None,
    }
}

/// `250 paid` is the total so far, `+250 paid` adds.
fn spend(words: &[&str], moment: &Moment<'_>) -> Option<Wish> {
    let amount = words.first()?;
    let (total, text) = amount.strip_prefix('+').map_or((true, *amount), |rest| (false, rest));
    let value = money(text, moment)?;
    (value.minor >= 0).then(|| Wish::Spend { value, channel: channel(words.get(1)), total })
}

fn figure(words: &[&str], moment: &Moment<'_>) -> Option<Wish> {
    let metric = Metric::parse(words.first()?)?;
    let value = decimal(words.get(1)?, moment.words.lang())?;
    Some(Wish::Figure { metric: Name::new(metric.id()), value: Name::new(&value), channel: channel(words.get(2)) })
}

/// `sale 129.90 LIP-01 x2 paid`: the amount of the whole sale; sku or slot, quantity and channel in any order.
fn sale(words: &[&str], moment: &Moment<'_>) -> Option<Wish> {
    let value = money(words.first()?, moment)?;
    let (mut sku, mut quantity, mut from, mut method) = (None, 1, None, None);
    for word in words.get(1..)? {
        if let Some(count) = word.strip_prefix('x').and_then(|digits| digits.parse::<u16>().ok()) {
            quantity = i64::from(count);
        } else if let Some(found) = product(word, moment) {
            sku = Some(found);
        } else if ["pix", "card", "link", "qr", "wallet", "cash"].contains(word) {
            method = Some(Name::new(*word));
        } else if from.is_none() {
            from = Some(Name::new(*word));
        } else {
            return None;
        }
    }
    (value.minor > 0 && quantity > 0).then_some(Wish::Sale { value, sku, quantity, channel: from, method })
}

/// A product by its sku or by `#slot`.
fn product(word: &str, moment: &Moment<'_>) -> Option<Name> {
    let slot = word.strip_prefix('#').and_then(|digits| digits.parse::<u32>().ok());
    let products = moment.live.products();
    products.iter().find(|known| known.sku == word || Some(known.slot) == slot).map(|known| Name::new(known.sku))
}

fn withdraw(id: &str, moment: &Moment<'_>) -> Option<Wish> {
    let acts = moment.live.interventions();
    acts.iter().find(|act| act.id == id && !act.withdrawn).map(|act| Wish::Withdraw { id: Name::new(act.id) })
}

/// A segment of the plan by its name, or one that the plan does not know.
fn cue(rest: &str, moment: &Moment<'_>) -> Option<Wish> {
    if rest.is_empty() {
        return None;
    }
    if let Some(planned) = moment.live.plan().segments.iter().find(|planned| planned.name.to_lowercase() == rest.to_lowercase()) {
        return Some(Wish::Cue {
            segment: Name::new(&planned.name),
            kind: planned.kind,
            host: planned.host.as_deref().map(Name::new),
            sku: planned.skus.first().cloned(),
        });
    }
    let (kind, name) = match rest.split_once(' ') {
        Some((first, name)) => segment_kind(first).map_or((None, rest), |kind| (Some(kind), name)),
        None => (None, rest),
    };
    Some(Wish::Cue { segment: Name::new(name), kind, host: None, sku: None })
}

fn segment_kind(word: &str) -> Option<SegmentKind> {
    match word {
        "demo" => Some(SegmentKind::Demo),
        "talk" => Some(SegmentKind::Talk),
        "offer" => Some(SegmentKind::Offer),
        "qa" => Some(SegmentKind::Qa),
        "giveaway" => Some(SegmentKind::Giveaway),
        "break" => Some(SegmentKind::Break),
        _ => None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a row of the table that wish() is")]
fn correct(kind: CorrectionKind, target: &str, value: Option<&&str>, reason: Option<&[&str]>) -> Option<Wish> {
    let reason = reason.map(|words| words.join(" ")).filter(|reason| !reason.is_empty());
    Some(Wish::Correct { kind, target: Name::new(target), value: value.map(|value| Name::new(*value)), reason: reason.map(Name::from) })
}

fn channel(word: Option<&&str>) -> Option<Name> {
    word.map(|word| Name::new(word.to_lowercase().replace('-', "_")))
}

/// Money in the plan's currency, as people write it: `250`, `1.234,56`, `1,234.56`, `R$250`.
fn money(text: &str, moment: &Moment<'_>) -> Option<Money> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '-');
    let plain = decimal(digits, moment.words.lang())?;
    Money::parse(&plain, moment.live.plan().currency.unwrap_or(Currency::NONE))
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
