//! What can be written after `:`: manual figures, corrections, the close, and settings of the glass. A table; help and completion are made from it.

pub mod typed;

use typed::Refusal;

use super::action::Action;
use super::intent::{Intent, Steering, Wish};
use super::state::{Mode, Panel, UiState};
use super::theme::Theme;
use super::update::Moment;
use super::words::{FluentValue, Lang, Words};
use crate::engine::event::{CorrectionKind, SegmentKind};
use crate::engine::id::Name;
use crate::engine::metric::Metric;
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
    /// The key of why it cannot be had now; `None` where it can.
    #[must_use]
    pub fn refusal(&self, mode: Mode, is_closed: bool) -> Option<&'static str> {
        let corrects = matches!(self.verb, Verb::Exclude | Verb::Include | Verb::Merge | Verb::Void);
        match self.writes() {
            true if !mode.takes_records() => Some(mode.refusal()),
            true if is_closed && !corrects => Some("refused-closed"),
            _ => None,
        }
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
    if let Some(why) = command.refusal(state.mode, moment.live.closed().is_some()) {
        return Err(moment.words.get(why).to_owned());
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    let said = match command.verb {
        Verb::Goto | Verb::Panel => settle(command.verb, &words, state, moment),
        Verb::Seek => words.first().and_then(|word| moment_of(word, moment)).map(|at| Said::Intent(Intent::Replay(Steering::Seek(at)))),
        Verb::Theme => {
            words.first().filter(|name| Theme::NAMES.contains(*name)).map(|name| Said::Intent(Intent::SetTheme((*name).to_owned())))
        }
        Verb::Lang => words.first().and_then(|lang| Lang::parse(lang)).map(|lang| Said::Intent(Intent::SetLang(lang))),
        _ => match wish(command.verb, &words, rest, state, moment) {
            Ok(wish) => {
                state.say(moment.words.text("said-written", &[("name", command.name.into())]), moment.wall);
                Some(Said::Intent(Intent::Write(wish)))
            }
            Err(Refusal::Why(why)) => return Err(why),
            Err(Refusal::Usage) => None,
        },
    };
    said.ok_or_else(|| usage(command, &words, moment))
}

/// What the operator should have written: one of the words that there are, else the form of the command.
fn usage(command: &Command, words: &[&str], moment: &Moment<'_>) -> String {
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
fn wish(verb: Verb, words: &[&str], rest: &str, state: &UiState, moment: &Moment<'_>) -> Result<Wish, Refusal> {
    let word = |index: usize| words.get(index).copied().ok_or(Refusal::Usage);
    let rest_of = |from: usize| words.get(from..);
    Ok(match verb {
        Verb::Spend => return typed::spend(words, moment),
        Verb::Viewers => return typed::viewers(words, moment),
        Verb::Figure => return typed::figure(words, moment),
        Verb::Sale => return typed::sale(words, moment),
        Verb::Withdraw => return withdraw(word(0)?, moment),
        Verb::Note if rest.is_empty() => return Err(Refusal::Usage),
        Verb::Note => {
            Wish::Note { text: rest.to_owned(), at: state.minute.filter(|minute| *minute < moment.now.minute()).map(At::from_minute) }
        }
        Verb::Cue => cue(rest, moment).ok_or(Refusal::Usage)?,
        Verb::End if words.is_empty() => Wish::Close,
        Verb::Exclude => correct(CorrectionKind::ExcludeOrder, word(0)?, None, rest_of(1)),
        Verb::Include => correct(CorrectionKind::IncludeOrder, word(0)?, None, rest_of(1)),
        Verb::Merge => correct(CorrectionKind::MergeChannel, word(0)?, Some(&word(1)?), rest_of(2)),
        Verb::Void => correct(CorrectionKind::Void, word(0)?, None, rest_of(1)),
        Verb::End | Verb::Goto | Verb::Seek | Verb::Panel | Verb::Theme | Verb::Lang => return Err(Refusal::Usage),
    })
}

/// Takes back an act that was logged; says which there are.
fn withdraw(id: &str, moment: &Moment<'_>) -> Result<Wish, Refusal> {
    let acts = moment.live.interventions();
    let open: Vec<&str> = acts.iter().filter(|act| !act.withdrawn).map(|act| act.id).collect();
    if open.contains(&id) {
        return Ok(Wish::Withdraw { id: Name::new(id) });
    }
    let name = ("id", id.to_owned().into());
    let last = open.iter().rev().take(TOLD_IDS).copied().collect::<Vec<_>>().join(", ");
    Err(Refusal::Why(match last.as_str() {
        "" => moment.words.text("refused-no-act", &[name]),
        _ => moment.words.text("refused-no-act-of", &[name, ("ids", last.into())]),
    }))
}

/// Acts that a refusal names at most, the last ones.
const TOLD_IDS: usize = 4;

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

fn correct(kind: CorrectionKind, target: &str, value: Option<&&str>, reason: Option<&[&str]>) -> Wish {
    let reason = reason.map(|words| words.join(" ")).filter(|reason| !reason.is_empty());
    Wish::Correct { kind, target: Name::new(target), value: value.map(|value| Name::new(*value)), reason: reason.map(Name::from) }
}
