//! What the panels of one frame share: the view, the timeline, the lists that the engine was asked for once, and how
//! readings become text. Nothing is computed here that the engine defines; comparing two of its readings is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::View;
use super::action::Action;
use super::screen::{Lanes, Size};
use super::state::Panel;
use super::theme::Tone;
use super::timeline::Timeline;
use super::widgets::heat::HeatLook;
use super::widgets::spark::{Bar, SparkLook};
use super::widgets::text::{Phrase, fit, put, width};
use super::words::FluentValue;
use crate::engine::event::InterventionKind;
use crate::engine::id::Sym;
use crate::engine::metric::{Metric, Reading, Scope, Value};
use crate::engine::money::{Currency, Money};
use crate::engine::time::{At, Span};
use crate::engine::view::commerce::{PendingOrder, ProductView};
use crate::engine::view::show::{AdviceTurn, ExplainView, LogEntry, Logged, OpenQuestion, SegmentView};

/// Event types that a panel's figures stand on; their feeds' age is the panel's age.
pub type Needs = &'static [&'static str];

pub const ORDERS: Needs = &["purchase", "payment"];
pub const AUDIENCE: Needs = &["audience", "viewer_join"];
pub const CLICKS: Needs = &["select_item", "add_to_cart"];
pub const CARTS: Needs = &["cart", "add_to_cart", "begin_checkout"];
pub const CHAT: Needs = &["chat_message"];
pub const ADS: Needs = &["ad_spend"];
pub const STOCK: Needs = &["inventory"];
pub const LEADS: Needs = &["generate_lead"];
pub const PINS: Needs = &["product_pinned"];
/// The desk's own records: never stale.
pub const OWN: Needs = &[];

/// A fall by a tenth is told, by a quarter it is an alarm.
const FALL_WARN: f64 = -0.10;
const FALL_ALARM: f64 = -0.25;

/// A ratio counted on less is not held against the one before.
const CHANGE_SUPPORT: i128 = 5;
/// Beyond a tenfold rise only the arrow is told.
const CHANGE_MOST: f64 = 9.995;

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Up,
    Down,
}

/// How old a panel's figures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// Since the feeds that it needs were last complete; `None` where nobody knows.
    pub ms: Option<i64>,
    pub stale: bool,
}

/// One frame's view, with what several panels ask for.
#[derive(Clone, Debug)]
pub struct Pane<'a> {
    pub view: &'a View<'a>,
    /// The minutes of chart, lanes and heatmap.
    pub line: Timeline,
    pub lanes: Lanes,
    pub size: Size,
    pub products: Vec<ProductView<'a>>,
    pub log: Vec<LogEntry<'a>>,
    pub segments: Vec<SegmentView<'a>>,
    pub explains: Vec<ExplainView>,
    /// Unpaid orders, the first to expire first.
    pub pending: Vec<PendingOrder<'a>>,
    pub questions: Vec<OpenQuestion<'a>>,
}

impl<'a> Pane<'a> {
    #[must_use]
    pub fn new(view: &'a View<'a>, line: Timeline, lanes: Lanes, size: Size) -> Self {
        let engine = view.engine;
        Self {
            view,
            line,
            lanes,
            size,
            products: engine.products(),
            log: engine.log(),
            segments: engine.segments(),
            explains: engine.explains(),
            pending: engine.pending_orders(),
            questions: engine.questions(),
        }
    }

    #[must_use]
    pub const fn style(&self, tone: Tone) -> Style {
        self.view.style(tone)
    }
    #[must_use]
    pub fn word(&self, key: &'a str) -> &'a str {
        self.view.word(key)
    }
    #[must_use]
    pub fn say(&self, key: &str, values: &[(&'static str, FluentValue<'_>)]) -> String {
        self.view.text(key, values)
    }
    /// A phrase of one word in one tone.
    #[must_use]
    pub fn phrase(&self, text: impl Into<String>, tone: Tone) -> Phrase {
        Phrase::plain(text, self.style(tone))
    }

    #[must_use]
    pub fn read(&self, metric: Metric, scope: Scope, span: Span) -> Reading {
        self.view.engine.reading(metric, scope, span)
    }
    /// What the operator looks at: a product, or the whole live.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.view.state.slot.and_then(|slot| self.product_of_slot(slot)).map_or(Scope::Live, |product| Scope::Product(product.sym))
    }
    #[must_use]
    pub fn product(&self, sym: Sym) -> Option<&ProductView<'a>> {
        self.products.iter().find(|product| product.sym == sym)
    }
    #[must_use]
    pub fn product_of_slot(&self, slot: u32) -> Option<&ProductView<'a>> {
        self.products.iter().find(|product| product.slot == slot)
    }
    /// `1 Fone Pro X2`.
    #[must_use]
    pub fn product_name(&self, sym: Sym) -> String {
        self.product(sym).map_or_else(String::new, |product| format!("{} {}", product.slot, label(product)))
    }

    /// How old the feeds are that give these events.
    #[must_use]
    pub fn age(&self, needs: Needs) -> Age {
        if needs.is_empty() {
            return Age { ms: None, stale: false };
        }
        let complete = self.view.engine.complete_to(needs);
        Age { ms: complete.map(|at| self.view.now.since_ms(at).max(0)), stale: self.view.engine.is_stale(needs) }
    }
    /// `STALE 58s!` for a stale panel, `2s` for a fresh one, nothing where no feed tells.
    #[must_use]
    pub fn age_phrase(&self, needs: Needs) -> Phrase {
        let age = self.age(needs);
        let told = age.ms.map(|ms| self.view.format.age(ms)).unwrap_or_default();
        if age.stale {
            return self.phrase(format!("{} {told}", self.word("stale")).trim_end(), Tone::Stale);
        }
        self.phrase(told, Tone::Muted)
    }

    // ── readings as text ──

    #[must_use]
    pub fn unknown(&self) -> &'static str {
        self.view.format.unknown()
    }
    /// A count in full.
    #[must_use]
    pub fn count(&self, reading: &Reading) -> String {
        match reading.value {
            Value::Count(count) => self.view.format.count(count),
            Value::Number(number) => self.view.format.number(number, 0),
            Value::Money(_) | Value::Unknown(_) => self.unknown().to_owned(),
        }
    }
    /// A count on few columns.
    #[must_use]
    pub fn count_short(&self, reading: &Reading) -> String {
        match reading.value {
            Value::Count(count) => self.view.format.count_short(count),
            _ => self.count(reading),
        }
    }
    #[must_use]
    pub fn number(&self, reading: &Reading, decimals: usize) -> String {
        reading.number().map_or_else(|| self.unknown().to_owned(), |number| self.view.format.number(number, decimals))
    }
    #[must_use]
    pub fn percent(&self, reading: &Reading, decimals: usize) -> String {
        reading.number().map_or_else(|| self.unknown().to_owned(), |share| self.view.format.percent(share, decimals))
    }
    /// Money with its symbol, short.
    #[must_use]
    pub fn money(&self, reading: &Reading) -> String {
        match reading.value {
            Value::Money(money) => self.view.format.money_short(money),
            _ => self.unknown().to_owned(),
        }
    }
    /// Money without its symbol, short.
    #[must_use]
    pub fn amount(&self, reading: &Reading) -> String {
        match reading.value {
            Value::Money(money) => self.view.format.amount_short(money),
            _ => self.unknown().to_owned(),
        }
    }
    /// An average in minor units of the live's currency, with its symbol.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "an average of amounts that fit")]
    pub fn minor(&self, minor: f64) -> String {
        let currency = match self.read(Metric::GmvPlaced, Scope::Live, Span::Live).value {
            Value::Money(money) => money.currency,
            _ => self.view.engine.plan().currency.unwrap_or(Currency::NONE),
        };
        self.view.format.money_short(Money::new(minor.round() as i64, currency))
    }
    /// The support of a ratio: `28/842`; amounts above the line are told as money. Empty for what is no ratio.
    #[must_use]
    pub fn support(&self, reading: &Reading) -> String {
        let (Some(numerator), Some(denominator)) = (reading.numerator, reading.denominator) else { return String::new() };
        let count = |n: i128| i64::try_from(n).map_or_else(|_| self.unknown().to_owned(), |n| self.view.format.count_short(n));
        let above = match (reading.value, i64::try_from(numerator)) {
            (Value::Money(money), Ok(minor)) => self.view.format.amount_short(Money::new(minor, money.currency)),
            _ => count(numerator),
        };
        format!("{above}/{}", count(denominator))
    }
    /// Minutes of cover: `86m`, `>2h`, `—`.
    #[must_use]
    pub fn cover(&self, reading: &Reading) -> String {
        match reading.number() {
            None => self.unknown().to_owned(),
            Some(minutes) if minutes >= 120.0 => ">2h".to_owned(),
            Some(minutes) => format!("{}m", self.view.format.number(minutes.floor(), 0)),
        }
    }

    /// A window against the one before: the relative change, where both are known and fresh, and counted on enough.
    #[must_use]
    pub fn change(&self, metric: Metric, scope: Scope, span: Span) -> Option<f64> {
        let now = self.read(metric, scope, span);
        let before = self.view.engine.reading_before(metric, scope, span);
        let is_enough = |reading: &Reading| reading.numerator.is_none_or(|counted| counted >= CHANGE_SUPPORT);
        if now.stale || !is_enough(&now) || !is_enough(&before) {
            return None;
        }
        let (now, before) = (now.number()?, before.number()?);
        (before > 0.0).then(|| now / before - 1.0)
    }
    /// `▼ −43%` in the tone that it deserves.
    #[must_use]
    pub fn change_phrase(&self, change: Option<f64>, better: Better) -> Phrase {
        let Some(change) = change else { return Phrase::default() };
        let glyphs = self.view.glyphs;
        let (glyph, tone) = match change {
            change if change.abs() < 0.005 => (glyphs.flat, Tone::Muted),
            change if change > 0.0 => (glyphs.up, tone_of(change, better)),
            change => (glyphs.down, tone_of(change, better)),
        };
        let told = if change > CHANGE_MOST { String::new() } else { format!(" {}", self.view.format.change(change)) };
        self.phrase(format!("{glyph}{told}"), tone)
    }

    // ── minutes ──

    /// A metric in the minutes of a timeline.
    #[must_use]
    pub fn bars(&self, metric: Metric, scope: Scope, line: &Timeline) -> Vec<Bar> {
        (0..line.columns).map(|column| self.bar(line, column, |minute| self.minute(metric, scope, minute))).collect()
    }
    /// A column of a timeline: the mean of its minutes that are known.
    pub fn bar(&self, line: &Timeline, column: u16, minute: impl Fn(i64) -> (Option<f64>, bool)) -> Bar {
        let (from, to) = line.minutes_of(column);
        let (mut sum, mut known, mut unfinished, mut late) = (0.0, 0.0, false, false);
        for at in from..to.min(line.now + 1) {
            let (value, is_finished) = minute(at);
            if let Some(value) = value {
                sum += value;
                known += 1.0;
                unfinished |= !is_finished;
                late |= self.view.engine.filled_late(at);
            }
        }
        match sum / known {
            _ if known == 0.0 => Bar::Gap,
            mean if unfinished => Bar::Unfinished(mean),
            mean if late => Bar::Late(mean),
            mean => Bar::Full(mean),
        }
    }
    /// A metric in one minute, and whether that minute is finished.
    #[must_use]
    pub fn minute(&self, metric: Metric, scope: Scope, minute: i64) -> (Option<f64>, bool) {
        let reading = self.view.engine.reading_in_minute(metric, scope, minute);
        let is_finished = minute < self.line.now && reading.until.is_none_or(|until| until >= At::from_minute(minute + 1));
        (reading.number(), is_finished)
    }
    /// The last clock minute that is over and complete for the feeds that give these events.
    #[must_use]
    pub fn last_full_minute(&self, needs: Needs) -> i64 {
        self.view.engine.complete_to(needs).map_or(self.line.now, |at| at.minute().min(self.line.now)) - 1
    }
    /// `16'`: a clock minute on the live's own axis.
    #[must_use]
    pub fn minute_label(&self, minute: i64) -> String {
        format!("{}'", minute - self.line.start)
    }
    /// `46:30`, the live's own time.
    #[must_use]
    pub fn live_time(&self, at: At) -> String {
        let start = self.view.engine.started().unwrap_or(at);
        self.view.format.countdown(at.since_ms(start))
    }

    // ── looks ──

    #[must_use]
    pub fn spark(&self, style: Style) -> SparkLook<'a> {
        let [_, a, b, c, d, e, f, g, h] = self.view.glyphs.bars;
        SparkLook {
            levels: [a, b, c, d, e, f, g, h],
            zero: self.view.glyphs.zero,
            hatch: self.view.glyphs.hatch,
            style,
            zero_style: self.style(Tone::Muted),
            unfinished: self.style(Tone::Unfinished),
            late: style.add_modifier(Modifier::UNDERLINED),
        }
    }
    #[must_use]
    pub fn heat(&self) -> HeatLook<'a> {
        let [_, a, b, c, d] = self.view.glyphs.shades;
        let normal = self.style(Tone::Normal);
        HeatLook {
            shades: [a, b, c, d],
            zero: self.view.glyphs.zero_heat,
            hatch: "/",
            styles: [self.style(Tone::Muted), normal, normal, self.style(Tone::Accent)],
            zero_style: self.style(Tone::Frame),
            unfinished: self.style(Tone::Unfinished),
            late: Style::new().add_modifier(Modifier::UNDERLINED),
        }
    }

    // ── frames ──

    /// The rule over a panel with its title, and its age at the right end. Answers the room below.
    pub fn heading(&self, panel: Panel, title: &str, needs: Needs, area: Rect, buf: &mut Buffer) -> Rect {
        let focused = self.view.state.focus == panel;
        let end = self.end_of_heading(needs);
        let title = format!("{title}{}", self.filter_mark(panel));
        // the age is never pushed out: a long title gives way to the panel's bare name
        let fits = width(&title) + end.width() + 6 <= area.width;
        let title = if fits { title.as_str() } else { self.view.words.get(panel_word(panel)) };
        self.rule(focused, title, &end, area, buf)
    }
    /// The heading of a table: a bare rule that the titles of its columns are written over.
    pub fn table_heading(&self, area: Rect, buf: &mut Buffer) -> Rect {
        self.rule(false, "", &Phrase::default(), area, buf)
    }
    /// The title of a table's first column: the panel's name and its age.
    #[must_use]
    pub fn table_title(&self, panel: Panel, key: &'a str, needs: Needs) -> String {
        let age = self.end_of_heading(needs);
        let told: String = age.0.into_iter().map(|(text, _)| text).collect();
        format!("{}{} {told}", self.word(key), self.filter_mark(panel)).trim_end().to_owned()
    }
    /// ` /fone` where the panel's rows are filtered.
    fn filter_mark(&self, panel: Panel) -> String {
        let state = self.view.state;
        if state.focus == panel && !state.filter.is_empty() { format!(" /{}", state.filter) } else { String::new() }
    }
    /// True for a row that the focused panel's filter lets through; other panels show all of theirs.
    #[must_use]
    pub fn passes(&self, panel: Panel, name: &str) -> bool {
        self.view.state.focus != panel || self.view.state.passes(name)
    }
    /// The row under the cursor of the focused panel, of so many.
    #[must_use]
    pub fn chosen(&self, panel: Panel, count: usize) -> Option<usize> {
        (self.view.state.focus == panel && count > 0).then(|| self.view.state.row(panel).min(count - 1))
    }
    /// The first row to draw, so that the chosen one is in sight.
    #[must_use]
    pub fn first_row(&self, panel: Panel, count: usize, height: u16) -> usize {
        self.chosen(panel, count).map_or(0, |chosen| (chosen + 1).saturating_sub(usize::from(height)))
    }
    /// How a row looks: the chosen one stands out.
    #[must_use]
    pub fn row_style(&self, panel: Panel, count: usize, index: usize) -> Style {
        if self.chosen(panel, count) == Some(index) { self.style(Tone::Selected) } else { Style::new() }
    }
    /// A column's title, with the arrow of the order where the rows are sorted by it.
    #[must_use]
    pub fn sorted_title(&self, panel: Panel, column: usize, key: &'a str) -> String {
        let sort = self.view.state.sort(panel);
        let arrow = match sort.column {
            Some(by) if by == column => {
                if sort.rising {
                    self.view.glyphs.up
                } else {
                    self.view.glyphs.down
                }
            }
            _ => "",
        };
        format!("{}{arrow}", self.word(key))
    }
    /// Puts rows into the order asked for by `s`: by the numbers behind their columns, unknown ones last.
    pub fn sort<T>(&self, panel: Panel, rows: &mut [T], key: impl Fn(&T, usize) -> Option<f64>) {
        let sort = self.view.state.sort(panel);
        let Some(column) = sort.column else { return };
        let worst = if sort.rising { f64::INFINITY } else { f64::NEG_INFINITY };
        rows.sort_by(|a, b| {
            let order = key(a, column).unwrap_or(worst).total_cmp(&key(b, column).unwrap_or(worst));
            if sort.rising { order } else { order.reverse() }
        });
    }
    /// How the titles of a table's columns look.
    #[must_use]
    pub fn title_style(&self, panel: Panel, needs: Needs) -> Style {
        let tone = match () {
            () if self.view.state.focus == panel => Tone::Focused,
            () if self.age(needs).stale => Tone::Stale,
            () => Tone::Title,
        };
        self.style(tone)
    }
    fn end_of_heading(&self, needs: Needs) -> Phrase {
        if let Some(held) = self.view.state.held {
            return self.phrase(self.say("held", &[("at", self.view.format.clock_s(held).into())]), Tone::Mode);
        }
        self.age_phrase(needs)
    }
    /// A rule with a title at its beginning and a phrase at its end.
    pub fn rule(&self, focused: bool, title: &str, end: &Phrase, area: Rect, buf: &mut Buffer) -> Rect {
        if area.is_empty() {
            return area;
        }
        let frame = self.style(Tone::Frame);
        for x in area.left()..area.right() {
            put(buf, area, x, area.y, self.view.glyphs.horizontal, frame);
        }
        let (tone, lead) = if focused { (Tone::Focused, self.view.glyphs.pointer) } else { (Tone::Title, " ") };
        let mut title_end = area.x;
        if !title.is_empty() && area.width > 3 {
            let title = fit(title, area.width - 3, self.view.glyphs.dots);
            title_end = put(buf, area, area.x + 1, area.y, &format!("{lead}{title} "), self.style(tone));
        }
        if end.width() > 0 && title_end + end.width() + 2 <= area.right() {
            let room = Rect::new(area.x, area.y, area.width, 1);
            end.clone().and(" ", frame).put_right(buf, room, area.y);
            let x = area.right() - end.width() - 2;
            put(buf, area, x, area.y, " ", frame);
        }
        below(area, 1)
    }
    /// Makes a stale panel look stale: its cells lose their own colours.
    pub fn fade(&self, needs: Needs, area: Rect, buf: &mut Buffer) {
        if self.age(needs).stale {
            buf.set_style(area.intersection(buf.area), self.style(Tone::Stale));
        }
    }
    /// A line that says why a panel is empty.
    pub fn empty(&self, key: &'a str, area: Rect, buf: &mut Buffer) {
        let text = fit(self.word(key), area.width.saturating_sub(1), self.view.glyphs.dots);
        put(buf, area, area.x.saturating_add(1), area.y, &text, self.style(Tone::Muted));
    }
    /// A line: words at the left, a phrase at the right; the words give way.
    pub fn line_of(&self, left: &Phrase, right: &Phrase, area: Rect, y: u16, buf: &mut Buffer) {
        let room = area.width.saturating_sub(right.width() + u16::from(right.width() > 0));
        left.put(buf, Rect::new(area.x, area.y, room, area.height), area.x, y);
        if right.width() <= area.width {
            right.put_right(buf, area, y);
        }
    }

    /// The first of several ways to say something that fits, at the right edge: a number is never cut.
    pub fn put_fitting(&self, options: impl IntoIterator<Item = Phrase>, area: Rect, y: u16, buf: &mut Buffer) {
        if let Some(phrase) = options.into_iter().find(|phrase| phrase.width() <= area.width) {
            phrase.put_right(buf, area, y);
        }
    }

    /// The letter of an entry on the marks' lane: for an act its own key, so that the glass teaches the keys.
    #[must_use]
    pub fn mark(&self, what: &Logged<'_>) -> String {
        match what {
            Logged::Pinned { .. } => "p".to_owned(),
            Logged::Unpinned { .. } => "P".to_owned(),
            Logged::Cue { .. } => ">".to_owned(),
            Logged::Started { kind, .. } | Logged::Ended { kind, .. } | Logged::Withdrawn { kind, .. } => self.letter(*kind),
            Logged::Note { .. } => ".".to_owned(),
            Logged::Figure { .. } | Logged::Sale { .. } | Logged::Corrected { .. } => ":".to_owned(),
            Logged::FeedLost { .. } | Logged::FeedBack { .. } | Logged::Advice { turn: AdviceTurn::Raised, .. } => "!".to_owned(),
            Logged::Advice { .. } => "a".to_owned(),
            Logged::Closed => "Q".to_owned(),
        }
    }
    /// The key of a kind of act; a capital `E` for the one that takes two.
    #[must_use]
    pub fn letter(&self, kind: InterventionKind) -> String {
        let key = self.view.keymap.key_of("intervene", Action::Kind(kind)).map(|key| key.to_string());
        key.filter(|key| width(key) == 1).unwrap_or_else(|| "E".to_owned())
    }
    /// `flash deal`.
    #[must_use]
    pub fn act(&self, kind: InterventionKind) -> String {
        self.view.words.get(&Action::Kind(kind).doc_key()).to_owned()
    }

    /// Money of a list, where it is all of one currency.
    #[must_use]
    pub fn sum(&self, mut list: impl Iterator<Item = Money>) -> Option<Money> {
        let first = list.next()?;
        let minor =
            list.try_fold(i128::from(first.minor), |sum, money| (money.currency == first.currency).then(|| sum + i128::from(money.minor)))?;
        i64::try_from(minor).ok().map(|minor| Money::new(minor, first.currency))
    }
}

/// The key of a panel's name.
#[must_use]
pub const fn panel_word(panel: Panel) -> &'static str {
    match panel {
        Panel::Trend => "panel-trend",
        Panel::Heat => "panel-heat",
        Panel::Products => "panel-products",
        Panel::Channels => "panel-channels",
        Panel::Carts => "panel-carts",
        Panel::Payment => "panel-payment",
        Panel::Now => "panel-now",
        Panel::Advice => "panel-advice",
        Panel::Running => "panel-running",
        Panel::Questions => "panel-questions",
        Panel::Log => "panel-log",
        Panel::Kpis => "panel-kpis",
        Panel::Feeds => "panel-feeds",
        Panel::Segments => "panel-segments",
        Panel::Chat => "panel-chat",
    }
}

/// What a product is called on the glass.
#[must_use]
pub fn label<'p>(product: &ProductView<'p>) -> &'p str {
    if product.name.is_empty() { product.sku } else { product.name }
}

/// The rest of an area below its first rows.
#[must_use]
pub fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect::new(area.x, area.y + rows, area.width, area.height - rows)
}

/// The tone of a change.
#[must_use]
pub fn tone_of(change: f64, better: Better) -> Tone {
    let gain = if better == Better::Up { change } else { -change };
    match gain {
        gain if gain <= FALL_ALARM => Tone::Alarm,
        gain if gain <= FALL_WARN => Tone::Warn,
        gain if gain >= -FALL_WARN => Tone::Good,
        _ => Tone::Normal,
    }
}
