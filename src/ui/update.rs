//! Actions on the glass: each changes view state, and some answer with what the operator asks of the live.

use std::sync::Arc;

use super::action::{Action, Availability};
use super::intent::{Intent, Steering, Wish};
use super::keymap::Keymap;
use super::layer::{LAYER_MS, Layer, Open};
use super::layers;
use super::line::Line;
use super::page::Page;
use super::reel::Stop;
use super::state::{FLASH_MS, Flash, FlashKind, Known, Mode, Panel, UiState};
use super::words::Words;
use crate::engine::Engine;
use crate::engine::event::{Answer, Parameters};
use crate::engine::id::Name;
use crate::engine::time::{At, MINUTE_MS, SECOND_MS};
use crate::engine::view::marks::{Mark, MarkKind};

/// What an action may look at.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// What the glass shows: the clone while it is held.
    pub engine: &'a Engine,
    /// The live as it is, also while the glass is held: what is written is about it.
    pub live: &'a Engine,
    pub keymap: &'a Keymap,
    pub words: &'a Words,
    /// The time of the live.
    pub now: At,
    /// The time of the wall, which layers and flashes live by.
    pub wall: At,
}

/// An act can be taken back by `u` for so long.
pub const UNDO_MS: i64 = 30_000;
/// How long `M` silences.
pub const MUTE_MS: i64 = 5 * MINUTE_MS;

/// Applies an action.
pub fn update(state: &mut UiState, action: Action, moment: &Moment<'_>) -> Option<Intent> {
    if let Availability::Refused(why) = action.availability(state, moment.live) {
        state.refuse(moment.words.get(why).to_owned(), moment.wall);
        return None;
    }
    if state.mode == Mode::Host && action.availability(state, moment.live) == Availability::Absent {
        return None;
    }
    match action {
        Action::Quit => return quit(state, moment),
        Action::Suspend => return Some(Intent::Suspend),
        Action::Redraw => return Some(Intent::Redraw),
        Action::Help if !state.top().is_some_and(|open| open.layer.takes_text()) => {
            state.open(Layer::Help { top: 0 }, moment.wall);
            return None;
        }
        _ => {}
    }
    match state.layers.pop() {
        None => on_glass(state, action, moment),
        Some(Open { layer, .. }) => {
            let (stays, intent) = layers::step(layer, action, state, moment);
            if let Some(layer) = stays {
                state.open_below(layer, moment.wall);
            }
            intent
        }
    }
}

/// What time alone changes: flashes fade, layers close, mute ends. True when something did.
pub fn tick(state: &mut UiState, wall: At) -> bool {
    let mut changed = false;
    if state.flash.as_ref().is_some_and(|flash| flash.until <= wall) {
        state.flash = None;
        changed = true;
    }
    while state.top().is_some_and(|open| open.layer.closes_by_itself() && wall.since_ms(open.touched) >= LAYER_MS) {
        state.layers.pop();
        changed = true;
    }
    changed
}

/// True when a held glass must go on: an act came to its end, or a hard time of the run of show came, since it was held.
#[must_use]
pub fn must_thaw(state: &UiState, live: &Engine) -> bool {
    let Some(held) = state.held.filter(|_| state.mode != Mode::Replay) else { return false };
    let came = |at: At| at > held && at <= live.now();
    let anchors = live.plan().segments.iter().filter_map(|segment| Some(live.started()?.plus_s(segment.anchor_s?)));
    live.interventions().iter().filter(|act| !act.withdrawn).filter_map(|act| act.ends_at).chain(anchors).any(came)
}

impl UiState {
    /// Opens a layer over what is there.
    pub fn open(&mut self, layer: Layer, wall: At) {
        self.layers.push(Open { layer, touched: wall });
    }

    /// The last minute that the cursor can stand on: the present, in a replay the end.
    #[must_use]
    pub fn last_minute(&self, now: i64) -> i64 {
        self.reel.as_ref().map_or(now, |reel| reel.to.minute().max(now))
    }

    /// Puts a layer back that had a key, below those that the key opened.
    fn open_below(&mut self, layer: Layer, wall: At) {
        let place = if matches!(layer, Layer::Minute) { 0 } else { self.layers.len() };
        self.layers.insert(place, Open { layer, touched: wall });
    }

    /// Shows a page in the place of everything that lies over the glass; where it is shown already it keeps its place.
    pub fn show(&mut self, page: Page, wall: At) {
        let top = self.layers.iter().find_map(|open| if let Layer::Page { top, .. } = open.layer { Some(top) } else { None });
        if top.is_none() {
            self.layers.clear();
            self.flash = None;
        }
        self.layers.retain(|open| !matches!(open.layer, Layer::Page { .. }));
        let layer = Layer::Page { page: Arc::new(page), top: top.unwrap_or(0) };
        self.layers.insert(0, Open { layer, touched: wall });
    }

    /// Says that something was done.
    pub fn say(&mut self, text: String, wall: At) {
        self.flash = Some(Flash { text, kind: FlashKind::Done, until: wall.plus_ms(FLASH_MS) });
    }

    /// Says why something was not done.
    pub fn refuse(&mut self, text: String, wall: At) {
        self.flash = Some(Flash { text, kind: FlashKind::Refused, until: wall.plus_ms(FLASH_MS) });
    }
}

fn quit(state: &mut UiState, moment: &Moment<'_>) -> Option<Intent> {
    if state.mode != Mode::Live || moment.live.closed().is_some() {
        return Some(Intent::Quit);
    }
    if !state.layers.iter().any(|open| matches!(open.layer, Layer::Leave(_))) {
        state.layers.clear();
        state.open(Layer::Leave(Line::default()), moment.wall);
    }
    None
}

/// Actions of the glass itself; a layer hands on those that it shares with it.
pub fn on_glass(state: &mut UiState, action: Action, moment: &Moment<'_>) -> Option<Intent> {
    match action {
        Action::FocusNext => state.focus = state.focus.next(),
        Action::FocusBefore => state.focus = state.focus.before(),
        Action::RowUp => move_row(state, -1, moment.engine),
        Action::RowDown => move_row(state, 1, moment.engine),
        Action::MinuteLeft => move_minute(state, -1, moment.engine),
        Action::MinuteRight => move_minute(state, 1, moment.engine),
        Action::MinuteFirst => state.minute = moment.engine.started().map(At::minute),
        Action::MinuteNow => state.minute = None,
        Action::MinuteCard => open_minute(state, moment),
        Action::Zoom => state.zoomed = !state.zoomed,
        Action::Sort => sort(state, moment),
        Action::Slot(slot) => choose_slot(state, u32::from(slot), moment),
        Action::WholeLive => state.slot = None,
        Action::MarkBefore | Action::MarkNext if state.reel.is_some() => return seek_stop(state, moment, action == Action::MarkNext),
        Action::MarkBefore => jump_to_mark(state, moment, false),
        Action::MarkNext => jump_to_mark(state, moment, true),
        Action::Mask if state.masked => state.open(Layer::Unmask, moment.wall),
        Action::Mask => state.masked = true,
        Action::Mute => return Some(mute(state, moment)),
        Action::Back => back(state),
        Action::Feeds => {
            state.zoomed = !(state.zoomed && state.focus == Panel::Feeds);
            state.focus = Panel::Feeds;
        }
        Action::Bookmark => return bookmark(state, moment),
        Action::Hold => return Some(hold(state, moment)),
        Action::Filter | Action::SlotBeyond | Action::Palette | Action::Note => open_line(state, action, moment),
        Action::Intervene | Action::Advice | Action::Cue | Action::EndAct | Action::Undo => layers::open(state, action, moment),
        action if action.is_of_replay() => return steer(state, action),
        // keys of layers mean nothing here
        _ => {}
    }
    None
}

fn move_row(state: &mut UiState, by: isize, engine: &Engine) {
    let last = state.focus.rows(engine).saturating_sub(1);
    let row = &mut state.rows[state.focus.index()];
    *row = (*row).min(last).saturating_add_signed(by).min(last);
}

fn move_minute(state: &mut UiState, by: i64, engine: &Engine) {
    let now = engine.now().minute();
    let first = engine.started().map_or(now, At::minute).min(now);
    let minute = state.minute.unwrap_or(now).saturating_add(by).max(first).min(state.last_minute(now));
    state.minute = (minute != now).then_some(minute);
}

fn open_minute(state: &mut UiState, moment: &Moment<'_>) {
    if state.minute.is_none() {
        state.minute = Some(moment.engine.now().minute());
    }
    state.open(Layer::Minute, moment.wall);
}

fn sort(state: &mut UiState, moment: &Moment<'_>) {
    if state.focus.rows(moment.engine) == 0 {
        state.refuse(moment.words.get("refused-no-rows").to_owned(), moment.wall);
        return;
    }
    let sort = &mut state.sorts[state.focus.index()];
    *sort = sort.next();
}

/// Looks at the product in a slot; says so where there is none.
pub fn choose_slot(state: &mut UiState, slot: u32, moment: &Moment<'_>) {
    if moment.engine.products().iter().any(|product| product.slot == slot) {
        state.slot = Some(slot);
    } else {
        state.refuse(moment.words.text("refused-no-slot", &[("slot", slot.to_string().into())]), moment.wall);
    }
}

fn jump_to_mark(state: &mut UiState, moment: &Moment<'_>, forward: bool) {
    let here = state.minute.unwrap_or_else(|| moment.engine.now().minute());
    let minutes = moment.engine.log().into_iter().map(|entry| entry.at.minute()).collect::<Vec<_>>();
    let found = if forward {
        minutes.into_iter().filter(|minute| *minute > here).min()
    } else {
        minutes.into_iter().filter(|minute| *minute < here).max()
    };
    match found {
        Some(minute) => state.minute = Some(minute),
        None if forward => state.minute = None,
        None => state.refuse(moment.words.get("refused-no-mark").to_owned(), moment.wall),
    }
}

/// No new card for five minutes; the same key again lets them come.
fn mute(state: &mut UiState, moment: &Moment<'_>) -> Intent {
    let is_muted = moment.live.advisor().muted_until().is_some_and(|until| moment.now < until);
    let (key, until) = if is_muted { ("said-unmuted", moment.now) } else { ("said-muted", moment.now.plus_ms(MUTE_MS)) };
    state.say(moment.words.get(key).to_owned(), moment.wall);
    Intent::Write(Wish::AnswerAdvice {
        advice: Name::new("all"),
        answer: Answer::Muted,
        reason: None,
        until: Some(until),
        parameters: Parameters::default(),
    })
}

/// One step back: out of the zoom, off the product, off the filter, to NOW.
fn back(state: &mut UiState) {
    if state.zoomed {
        state.zoomed = false;
    } else if !state.filter.is_empty() {
        state.filter.clear();
    } else if state.slot.is_some() {
        state.slot = None;
    } else {
        state.minute = None;
    }
}

/// Sets a bookmark at the cursor or at the present, or takes away the one that is there.
fn bookmark(state: &mut UiState, moment: &Moment<'_>) -> Option<Intent> {
    let at = state.minute.map_or(state.held.unwrap_or(moment.now), At::from_minute);
    let Some(known) = &state.bookmarks else {
        state.refuse(moment.words.get("refused-no-bookmarks").to_owned(), moment.wall);
        return None;
    };
    let is_there = known.iter().any(|bookmark| bookmark.since_ms(at).abs() < SECOND_MS);
    state.say(moment.words.get(if is_there { "said-bookmark-gone" } else { "said-bookmark" }).to_owned(), moment.wall);
    Some(Intent::Bookmark(at))
}

/// Goes to the next mark of a replay, or to the one before, and says what it is.
fn seek_stop(state: &mut UiState, moment: &Moment<'_>, forward: bool) -> Option<Intent> {
    let here = state.minute.take().map_or(moment.now, At::from_minute);
    let bookmarks = state.bookmarks.clone().unwrap_or_default();
    let Some(stop) = state.reel.as_ref().and_then(|reel| reel.stop(here, forward, &bookmarks)) else {
        state.refuse(moment.words.get(if forward { "refused-no-mark-after" } else { "refused-no-mark" }).to_owned(), moment.wall);
        return None;
    };
    let key = match stop {
        Stop::Mark(Mark { kind: MarkKind::Act(kind), .. }) => Action::Kind(kind).doc_key(),
        other => other.word().to_owned(),
    };
    let what = moment.words.get(&key).to_owned();
    state.say(moment.words.text("said-stop", &[("what", what.into())]), moment.wall);
    Some(Intent::Replay(Steering::Seek(stop.at())))
}

fn hold(state: &mut UiState, moment: &Moment<'_>) -> Intent {
    state.held = if state.held.is_some() { None } else { Some(moment.now) };
    Intent::Hold(state.held.is_some())
}

fn open_line(state: &mut UiState, action: Action, moment: &Moment<'_>) {
    let layer = match action {
        Action::Filter => {
            state.focus = if state.focus.rows(moment.engine) == 0 { Panel::Products } else { state.focus };
            Layer::Filter(Line::new(&state.filter))
        }
        Action::SlotBeyond => Layer::Slot(Line::default()),
        Action::Note => Layer::Note(Line::default()),
        _ => Layer::Palette { line: Line::default(), choice: None },
    };
    state.open(layer, moment.wall);
}

fn steer(state: &mut UiState, action: Action) -> Option<Intent> {
    let steering = match action {
        Action::Seek => Steering::Seek(At::from_minute(state.minute.take()?)),
        Action::Slower => Steering::Slower,
        Action::Faster => Steering::Faster,
        Action::SecondBack => Steering::Step(-1),
        Action::SecondOn => Steering::Step(1),
        Action::LeapBack => Steering::Step(-60),
        Action::LeapOn => Steering::Step(60),
        Action::Pause => Steering::Pause,
        _ => {
            state.known = match state.known {
                Known::Then => Known::Now,
                Known::Now => Known::Then,
            };
            Steering::Known(state.known)
        }
    };
    Some(Intent::Replay(steering))
}
