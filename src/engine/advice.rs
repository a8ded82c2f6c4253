//! Recommendations: raised by the playbook's watches, shown with manners, answered by the operator.
//!
//! Life: raised → seen → waiting (told the host) → accepted; or declined, snoozed, expired, superseded, held out.
//! Manners: at most [`MOST_OPEN`] on the glass, one new in [`NEW_EVERY_S`] seconds, cards of one cause are one card, causes
//! silence others, a running price act holds other price cards, and nothing is raised or resolved on missing data.

use std::sync::Arc;

use super::Engine;
use super::detect::rate::Drift;
use super::event::{AdviceAnswer, Answer as Reply, Fact, Intervention, InterventionKind, Parameters, Record};
use super::guard::Guard;
use super::id::{Name, Table};
use super::notice::{Notice, NoticeKind};
use super::offer;
use super::price::{Price, TooDear, price};
use super::rule::{Across, Cause, Move, Playbook, Rule, RuleWords, Urgency, Watch};
use super::time::{At, SECOND_MS, Span};
use super::view::commerce::Chain;
use super::watch::{Because, Target, Watching, targets};

/// Cards that are on the glass at once.
pub const MOST_OPEN: usize = 3;
/// A new card at most this often.
pub const NEW_EVERY_S: i64 = 20;
/// Cards raised in any hour, at most; what is beyond waits.
pub const MOST_PER_HOUR: usize = 6;
/// Of these, hints at most.
pub const MOST_HINTS_PER_HOUR: usize = 2;
/// The bell, where it is on, rings at most this often.
pub const RINGS_EVERY_S: i64 = 180;
/// Watches look this often.
const LOOK_EVERY_S: i64 = 10;
/// After an act on a product, rules on it and its substitutes are silent for so long.
const AFTER_ACT_S: i64 = 300;
/// A card that nobody answered expires.
const EXPIRES_S: i64 = 900;
/// A snooze without a time.
const SNOOZE_S: i64 = 300;

/// Where a recommendation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Raised,
    Seen,
    /// The host was told; the act is not on air yet.
    Waiting {
        since: At,
    },
    Accepted,
    Declined,
    Snoozed {
        until: At,
    },
    Expired,
    /// The operator did it without the card, or another card took its place.
    Superseded,
    /// Held out at random: only reported.
    HeldOut,
}

impl State {
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Seen => "seen",
            Self::Waiting { .. } => "waiting",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Snoozed { .. } => "snoozed",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::HeldOut => "held_out",
        }
    }
    /// True while it can still be answered.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Raised | Self::Seen | Self::Waiting { .. } | Self::Snoozed { .. })
    }
}

/// Why an open card is not pressed on the operator now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// A price act runs.
    PriceAct,
    /// An act runs, or just ran, on the same product or its substitute.
    SameProduct,
    StaleFeed,
}

/// A recommendation.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// `r1`, `r2` … in order of raising.
    pub id: Name,
    pub rule: String,
    pub cause: Cause,
    pub urgency: Urgency,
    pub kind: InterventionKind,
    pub target: Target,
    pub raised: At,
    pub state: State,
    /// When the state last changed.
    pub changed: At,
    pub because: Because,
    /// The factor of the funnel that moved most, and the chain before and now.
    pub broke: Option<Broke>,
    pub parameters: Parameters,
    pub price: Option<Price>,
    pub held_by: Option<HeldBy>,
    /// Other rules or products of the same cause that fired meanwhile.
    pub members: Vec<(String, Target)>,
    pub reason: Option<Name>,
    pub course: Course,
}

impl Recommendation {
    /// The product that its act is about.
    #[must_use]
    pub fn act_product(&self, engine: &Engine) -> Option<super::id::Sym> {
        self.parameters.get("sku").and_then(|sku| engine.live().books.find_product(sku)).or(self.target.product)
    }
}

/// When the host was told, when the host said it, and since when it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    pub told: Option<At>,
    pub said: Option<At>,
    pub runs: Option<At>,
}

/// Where the funnel broke.
#[derive(Clone, Debug, PartialEq)]
pub struct Broke {
    pub factor: &'static str,
    pub from: f64,
    pub to: f64,
    /// ln(now / before) of the five factors, in the order of the chain; they add up to that of GMV per minute.
    pub shares: [(&'static str, f64); 5],
}

/// Why a rule raises nothing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silent {
    Inhibited(Cause),
    Cooling,
    MostReached,
    TooDear(TooDear),
    ActRuns,
    Muted,
    Grouped,
    TooMany,
    /// Nothing is left of it: that it does not sell says nothing.
    SoldOut,
    /// It is not on air any more.
    OffAir,
}

impl Silent {
    /// One word for it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Inhibited(_) => "inhibited",
            Self::Cooling => "cooling",
            Self::MostReached => "most_reached",
            Self::TooDear(_) => "too_dear",
            Self::ActRuns => "act_runs",
            Self::Muted => "muted",
            Self::Grouped => "grouped",
            Self::TooMany => "too_many",
            Self::SoldOut => "sold_out",
            Self::OffAir => "off_air",
        }
    }
}

/// A rule with what it compiled to.
#[derive(Clone, Debug)]
struct Armed {
    rule: Rule,
    guard: Option<Guard>,
    watching: Vec<Watching>,
    raised: u32,
    /// By target: the last card went away at.
    cooling: Vec<(Target, At)>,
    silent: Option<Silent>,
}

/// The playbook at work.
#[derive(Clone, Debug, Default)]
pub struct Advisor {
    armed: Vec<Armed>,
    cards: Vec<Recommendation>,
    last_raised: Option<At>,
    muted_until: Option<At>,
    last_rung: Option<At>,
    playbook: Arc<Playbook>,
}

impl Advisor {
    /// Takes a playbook; the state of rules that stay as they are is kept.
    pub fn arm(&mut self, playbook: Playbook) {
        let mut before: Table<String, Armed> =
            std::mem::take(&mut self.armed).into_iter().map(|armed| (armed.rule.name.clone(), armed)).collect();
        self.armed = playbook
            .rules
            .iter()
            .map(|rule| match before.swap_remove(&rule.name) {
                Some(armed) if armed.rule == *rule => armed,
                other => Armed {
                    rule: rule.clone(),
                    guard: rule.guard.as_deref().and_then(|source| Guard::compile(source).ok()),
                    watching: Vec::new(),
                    raised: other.map_or(0, |armed| armed.raised),
                    cooling: Vec::new(),
                    silent: None,
                },
            })
            .collect();
        self.playbook = Arc::new(playbook);
    }

    /// The playbook in force.
    #[must_use]
    pub fn playbook(&self) -> &Playbook {
        &self.playbook
    }

    /// All recommendations of this live, in order of raising.
    #[must_use]
    pub fn cards(&self) -> &[Recommendation] {
        &self.cards
    }

    /// What is on the glass: open, not snoozed, the oldest first, at most [`MOST_OPEN`].
    #[must_use]
    pub fn open(&self) -> Vec<&Recommendation> {
        self.cards.iter().filter(|card| card.state.is_open() && !matches!(card.state, State::Snoozed { .. })).take(MOST_OPEN).collect()
    }

    /// Open cards beyond those on the glass.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.cards.iter().filter(|card| card.state.is_open()).count().saturating_sub(MOST_OPEN)
    }

    /// A card's sentences in a language, its parameters put in; English where the rule does not speak it.
    #[must_use]
    pub fn words(&self, card: &Recommendation, language: &str) -> RuleWords {
        let rule = self.playbook.rules.iter().find(|rule| rule.name == card.rule);
        let words = rule.and_then(|rule| rule.words.get(language).or_else(|| rule.words.get("en"))).cloned().unwrap_or_default();
        let filled =
            |text: &str| card.parameters.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
        RuleWords { title: filled(&words.title), say: filled(&words.say) }
    }

    #[must_use]
    pub const fn muted_until(&self) -> Option<At> {
        self.muted_until
    }

    /// What the rates of all rules told of drift so far.
    #[must_use]
    pub fn drift(&self) -> Drift {
        self.armed.iter().flat_map(|armed| &armed.watching).fold(Drift::default(), |sum, watching| sum.and(watching.drift()))
    }

    /// For "why not": every rule with what each of its watches answers, and why it is silent.
    pub fn reasons(&self) -> impl Iterator<Item = (&Rule, &[Watching], Option<Silent>)> {
        self.armed.iter().map(|armed| (&armed.rule, armed.watching.as_slice(), armed.silent))
    }

    /// True for what [`Advisor::fold`] takes.
    #[must_use]
    pub const fn concerns(fact: &Fact) -> bool {
        matches!(
            fact,
            Fact::AdviceAnswer(_) | Fact::Intervention(_) | Fact::InterventionWithdrawn(_) | Fact::ProductPinned(_) | Fact::Playbook(_)
        )
    }

    /// Takes what the operator or a platform did.
    pub fn fold(&mut self, record: &Record, engine: &Engine, notices: &mut Vec<Notice>) {
        match &record.event.fact {
            Fact::AdviceAnswer(answer) => self.answer(answer, record.at, engine),
            Fact::Intervention(act) => self.acted(act, record, engine),
            Fact::InterventionWithdrawn(end) => self.taken_back(&end.intervention, record.at, engine),
            Fact::ProductPinned(pin) => self.pinned(&pin.sku, record, engine),
            Fact::Playbook(control) => {
                if let Ok(playbook) = serde_json::from_str::<Playbook>(&control.body) {
                    self.arm(playbook);
                    notices.push(Notice { at: record.at, kind: NoticeKind::PlaybookLoaded { rules: self.armed.len() } });
                }
            }
            _ => {}
        }
    }

    fn answer(&mut self, answer: &AdviceAnswer, at: At, engine: &Engine) {
        if answer.answer == Reply::Muted {
            self.muted_until = answer.until;
            return;
        }
        let Some(card) = self.cards.iter_mut().find(|card| card.id == answer.advice && card.state.is_open()) else { return };
        card.state = match answer.answer {
            Reply::Seen if card.state == State::Raised => State::Seen,
            Reply::Seen => card.state,
            Reply::Waiting => State::Waiting { since: at },
            Reply::Said if matches!(card.state, State::Waiting { .. }) => card.state,
            Reply::Said => State::Waiting { since: at },
            Reply::Accepted => State::Accepted,
            Reply::Declined => State::Declined,
            Reply::Snoozed => State::Snoozed { until: answer.until.unwrap_or_else(|| at.plus_s(SNOOZE_S)) },
            Reply::HeldOut => State::HeldOut,
            Reply::Muted => card.state,
        };
        match answer.answer {
            Reply::Waiting => card.course = Course { told: Some(at), ..Course::default() },
            Reply::Said => card.course = Course { told: card.course.told.or(Some(at)), said: Some(at), runs: None },
            Reply::Seen | Reply::Accepted | Reply::Declined | Reply::Snoozed | Reply::HeldOut | Reply::Muted => {}
        }
        if !answer.parameters.is_empty() {
            card.parameters.extend(answer.parameters.clone());
            // what the plan forbids stays as it was: the desk asks before it writes
            if let Ok(bill) = price(card.kind, card.act_product(engine), &mut card.parameters, engine.priors().effect(card.kind), engine) {
                card.price = bill;
            }
        }
        card.reason.clone_from(&answer.reason);
        card.changed = at;
    }

    /// An act was logged: the card that it answers is accepted, others of the same kind and product are superseded.
    fn acted(&mut self, act: &Intervention, record: &Record, engine: &Engine) {
        let at = record.at;
        let product = act.sku.as_deref().and_then(|sku| engine.live().books.find_product(sku));
        for card in self.cards.iter_mut().filter(|card| card.state.is_open()) {
            if act.advice.as_ref() == Some(&card.id) {
                (card.state, card.changed) = (State::Accepted, at);
                card.course.runs = Some(record.event.ts);
            } else if card.kind == act.kind && (card.target.product == product || card.target.product.is_none()) {
                let told = matches!(card.state, State::Waiting { .. });
                (card.state, card.changed) = (if told { State::Accepted } else { State::Superseded }, at);
                card.course.runs = told.then_some(record.event.ts);
            }
        }
    }

    /// A platform put a product on air: what the host was told to bring is there.
    fn pinned(&mut self, sku: &str, record: &Record, engine: &Engine) {
        let Some(product) = engine.live().books.find_product(sku) else { return };
        let brings = |kind| matches!(kind, InterventionKind::PinProduct | InterventionKind::SwitchProduct);
        for card in self.cards.iter_mut().filter(|card| brings(card.kind) && matches!(card.state, State::Waiting { .. })) {
            if card.act_product(engine) == Some(product) {
                (card.state, card.changed) = (State::Accepted, record.at);
                card.course.runs = Some(record.event.ts);
            }
        }
    }

    /// The act that answered a card was taken back: the card is open again.
    fn taken_back(&mut self, intervention: &Name, at: At, engine: &Engine) {
        let answered = engine.live().interventions.find(intervention).and_then(|act| act.advice.clone());
        let card = self.cards.iter_mut().find(|card| Some(&card.id) == answered.as_ref() && card.state == State::Accepted);
        if let Some(card) = card {
            card.state = card.course.told.map_or(State::Seen, |since| State::Waiting { since });
            (card.changed, card.course.runs) = (at, None);
        }
    }

    /// True for a second at which the watches look.
    #[must_use]
    pub const fn looks_at(&self, second: At) -> bool {
        second.second() % LOOK_EVERY_S == 0 && !self.armed.is_empty()
    }

    /// Judges a second that [`Advisor::looks_at`] picked.
    pub fn judge(&mut self, second: At, engine: &Engine, notices: &mut Vec<Notice>) {
        if engine.started().is_none_or(|started| second < started) || engine.closed().is_some() {
            return;
        }
        self.look(second, engine);
        self.age(second, engine);
        self.raise(second, engine, notices);
    }

    fn look(&mut self, now: At, engine: &Engine) {
        for armed in &mut self.armed {
            for target in targets(&armed.rule, engine) {
                if !armed.watching.iter().any(|watching| watching.target == target) {
                    armed.watching.push(Watching::new(target));
                }
            }
            for watching in &mut armed.watching {
                watching.look(&armed.rule, armed.guard.as_ref(), engine, now);
            }
        }
    }

    /// Cards whose reason is gone, or that nobody answered, expire; a snooze ends.
    fn age(&mut self, now: At, engine: &Engine) {
        for card in self.cards.iter_mut().filter(|card| card.state.is_open()) {
            let armed = self.armed.iter_mut().find(|armed| armed.rule.name == card.rule);
            let ripe = armed.as_ref().is_some_and(|armed| {
                armed.watching.iter().any(|watching| watching.target == card.target && watching.is_ripe(&armed.rule, now))
            });
            card.held_by = held_by(card, armed.as_ref().map(|armed| armed.rule.watch.needs()), engine, now);
            match card.state {
                State::Snoozed { until } if now >= until => {
                    (card.state, card.changed) = (if ripe { State::Raised } else { State::Expired }, now);
                }
                State::Raised | State::Seen if !ripe && card.held_by.is_none() => (card.state, card.changed) = (State::Expired, now),
                State::Raised | State::Seen if now.since_ms(card.raised) > EXPIRES_S * SECOND_MS => {
                    (card.state, card.changed) = (State::Expired, now);
                }
                _ => {}
            }
            if !card.state.is_open()
                && let Some(armed) = armed
            {
                armed.cooling.push((card.target, now));
            }
        }
    }

    fn raise(&mut self, now: At, engine: &Engine, notices: &mut Vec<Notice>) {
        for index in 0..self.armed.len() {
            let ripe: Vec<(Target, Because)> = self.armed[index]
                .watching
                .iter()
                .filter(|watching| watching.fires_now() && watching.is_ripe(&self.armed[index].rule, now))
                .filter_map(|watching| Some((watching.target, watching.because()?.clone())))
                .collect();
            self.armed[index].silent = None;
            for (target, because) in ripe {
                match self.try_raise(index, target, because, now, engine) {
                    Ok(Some(card)) => {
                        if card.state != State::HeldOut {
                            notices.push(self.told(&card, now));
                            self.last_raised = Some(now);
                        }
                        self.cards.push(card);
                        self.armed[index].raised += 1;
                    }
                    Ok(None) => {}
                    Err(silent) => self.armed[index].silent = Some(silent),
                }
            }
        }
    }

    /// Cards that come together ring once.
    fn told(&mut self, card: &Recommendation, now: At) -> Notice {
        let rings = self.last_rung.is_none_or(|last| now.since_ms(last) >= RINGS_EVERY_S * SECOND_MS);
        if rings {
            self.last_rung = Some(now);
        }
        Notice { at: now, kind: NoticeKind::AdviceRaised { id: card.id.clone(), rings } }
    }

    /// A card, if manners allow one; `None` when it is there already.
    fn try_raise(
        &mut self,
        index: usize,
        target: Target,
        because: Because,
        now: At,
        engine: &Engine,
    ) -> Result<Option<Recommendation>, Silent> {
        let armed = &self.armed[index];
        let rule = &armed.rule;
        if self.cards.iter().any(|card| card.state.is_open() && card.rule == rule.name && card.target == target) {
            return Ok(None);
        }
        self.silence(index, target, now, engine)?;
        if let Some(card) =
            self.cards.iter_mut().find(|card| card.state.is_open() && card.cause == rule.cause && card.cause != Cause::Stock)
        {
            let member = (rule.name.clone(), target);
            if !card.members.contains(&member) {
                card.members.push(member);
            }
            return Err(Silent::Grouped);
        }
        self.make_room(index, now)?;
        let rule = &self.armed[index].rule;
        let broke = broke(engine);
        let kind = broke.as_ref().and_then(|broke| rule.broke.get(broke.factor)).copied().unwrap_or(rule.act);
        let target = with_product(target, kind, engine);
        let mut parameters: Parameters = rule.parameters.clone();
        offer::complete(kind, &mut parameters, engine);
        let bill = price(kind, target.product, &mut parameters, engine.priors().effect(kind), engine).map_err(Silent::TooDear)?;
        let id = Name::from(format!("r{}", self.cards.len() + 1));
        let state = if held_out(&id, &self.playbook) { State::HeldOut } else { State::Raised };
        let mut card = Recommendation {
            id,
            rule: rule.name.clone(),
            cause: rule.cause,
            urgency: rule.urgency,
            kind,
            target: Target { product: because.product.or(target.product), channel: because.channel },
            raised: now,
            state,
            changed: now,
            because,
            broke: broke.filter(|_| matches!(rule.cause, Cause::Conversion | Cause::Ticket)),
            parameters,
            price: bill,
            held_by: None,
            members: Vec::new(),
            reason: None,
            course: Course::default(),
        };
        // The target that the watch knows it by stays the key; the act's product goes into its parameters.
        if let Some(product) = target.product {
            card.parameters.insert("sku".to_owned(), engine.live().books.skus.text(product).to_owned());
        }
        card.target = Target { product: self.watched_product(index, &card, target), channel: card.target.channel };
        Ok(Some(card))
    }

    /// The budget of attention: few at a time, few in an hour; a hint gives way to what is wrong.
    fn make_room(&mut self, index: usize, now: At) -> Result<(), Silent> {
        let urgency = self.armed[index].rule.urgency;
        let in_hour = |card: &&Recommendation| card.state != State::HeldOut && now.since_ms(card.raised) < 3_600 * SECOND_MS;
        let hints = self.cards.iter().filter(in_hour).filter(|card| card.urgency == Urgency::Hint).count();
        let acts = self.cards.iter().filter(in_hour).count() - hints;
        let spent = match urgency {
            Urgency::Hint => hints >= MOST_HINTS_PER_HOUR || acts + hints >= MOST_PER_HOUR,
            Urgency::Act => acts + hints >= MOST_PER_HOUR,
        };
        if spent || self.last_raised.is_some_and(|last| now.since_ms(last) < NEW_EVERY_S * SECOND_MS) {
            return Err(Silent::TooMany);
        }
        let open = self.cards.iter().filter(|card| card.state.is_open()).count();
        if open < MOST_OPEN {
            return Ok(());
        }
        let weaker = self
            .cards
            .iter_mut()
            .find(|card| urgency == Urgency::Act && card.urgency == Urgency::Hint && matches!(card.state, State::Raised | State::Seen));
        let Some(weaker) = weaker else { return Err(Silent::TooMany) };
        (weaker.state, weaker.changed) = (State::Superseded, now);
        Ok(())
    }

    /// The product of the watch's own target; the act's product is a parameter.
    fn watched_product(&self, index: usize, card: &Recommendation, act: Target) -> Option<super::id::Sym> {
        let watched =
            self.armed[index].watching.iter().any(|watching| watching.target.product == act.product && watching.target.product.is_some());
        if watched { act.product } else { card.because.product }
    }

    /// Manners of a rule before a card of it is thought of.
    fn silence(&self, index: usize, target: Target, now: At, engine: &Engine) -> Result<(), Silent> {
        let armed = &self.armed[index];
        if self.muted_until.is_some_and(|until| now < until) {
            return Err(Silent::Muted);
        }
        if armed.raised >= armed.rule.most_per_live {
            return Err(Silent::MostReached);
        }
        let cooled = |at: &At| now.since_ms(*at) >= armed.rule.cooldown_s * SECOND_MS;
        let of_this = |cooling: &Target| *cooling == target || armed.rule.urgency == Urgency::Hint;
        if armed.cooling.iter().any(|(cooling, at)| of_this(cooling) && !cooled(at)) {
            return Err(Silent::Cooling);
        }
        let answered = |card: &&Recommendation| !card.state.is_open() && card.rule == armed.rule.name && of_this(&card.target);
        if self.cards.iter().filter(answered).any(|card| !cooled(&card.changed)) {
            return Err(Silent::Cooling);
        }
        for card in self.cards.iter().filter(|card| card.state.is_open()) {
            let inhibits = self.armed.iter().find(|other| other.rule.name == card.rule).map(|other| other.rule.inhibits.as_slice());
            if inhibits.is_some_and(|causes| causes.contains(&armed.rule.cause)) {
                return Err(Silent::Inhibited(card.cause));
            }
        }
        if let Some(cause) = self.still_true(armed.rule.cause, now) {
            return Err(Silent::Inhibited(cause));
        }
        if act_runs_on(target, armed.rule.act, engine, now) {
            return Err(Silent::ActRuns);
        }
        self.silence_of_product(&armed.rule, target, engine)
    }

    /// A rule that inhibits a cause and is still true though nobody answered its card; one that was declined is believed no more.
    fn still_true(&self, cause: Cause, now: At) -> Option<Cause> {
        let inhibits = self.armed.iter().filter(|other| other.rule.inhibits.contains(&cause));
        let mut holds =
            inhibits.filter(|other| other.watching.iter().any(|watching| watching.fires_now() && watching.is_ripe(&other.rule, now)));
        let declined =
            |rule: &str| self.cards.iter().rev().find(|card| card.rule == rule).is_some_and(|card| card.state == State::Declined);
        holds.find(|other| other.raised > 0 && !declined(&other.rule.name)).map(|other| other.rule.cause)
    }

    /// A product's rate says nothing where nothing is left of it, where it is off air, or where the whole live moves the same way.
    fn silence_of_product(&self, rule: &Rule, target: Target, engine: &Engine) -> Result<(), Silent> {
        let (Watch::Rate { events, moves, across, .. }, Some(product)) = (&rule.watch, target.product) else { return Ok(()) };
        if *moves == Move::Falls && engine.stock_alarm(product).sold_out {
            return Err(Silent::SoldOut);
        }
        if *across == Across::OnAir && engine.on_air() != Some(product) {
            return Err(Silent::OffAir);
        }
        let whole = self.armed.iter().find(|other| {
            let same = matches!(&other.rule.watch, Watch::Rate { events: its, moves: way, across: Across::Live, .. } if its == events && way == moves);
            same && other.watching.iter().any(Watching::fires_now)
        });
        whole.map_or(Ok(()), |other| Err(Silent::Inhibited(other.rule.cause)))
    }
}

/// A rule about the whole live proposes its act for the product on air.
fn with_product(target: Target, kind: InterventionKind, engine: &Engine) -> Target {
    let needs_product = kind.is_price_act() || matches!(kind, InterventionKind::Countdown | InterventionKind::PinProduct);
    match target.product {
        None if needs_product && kind != InterventionKind::Bundle => Target { product: engine.on_air(), ..target },
        _ => target,
    }
}

/// True while an act runs on the product or a declared substitute, or ran there within [`AFTER_ACT_S`]; for the whole live, while a price act runs.
fn act_runs_on(target: Target, kind: InterventionKind, engine: &Engine, now: At) -> bool {
    let books = &engine.live().books;
    engine.interventions().iter().filter(|act| !act.withdrawn && !act.kind.is_excluded_from_effects()).any(|act| {
        let running = act.ended.is_none_or(|ended| now.since_ms(ended) < AFTER_ACT_S * SECOND_MS) && act.started <= now;
        if !running || act.kind == InterventionKind::PinProduct {
            return false;
        }
        match (target.product, act.product) {
            (Some(watched), Some(treated)) => {
                let substitutes = engine.plan().product(books.skus.text(treated)).map(|p| p.substitutes.as_slice()).unwrap_or_default();
                watched == treated || substitutes.iter().any(|sku| books.find_product(sku) == Some(watched))
            }
            (None, _) => act.kind.is_price_act() && kind.is_price_act(),
            (Some(_), None) => false,
        }
    })
}

/// Why an open card is not pressed now.
fn held_by(card: &Recommendation, needs: Option<&[&str]>, engine: &Engine, now: At) -> Option<HeldBy> {
    let price_act = engine.interventions().iter().any(|act| {
        !act.withdrawn && act.ended.is_none() && act.started <= now && act.kind.is_price_act() && act.advice != Some(card.id.as_str())
    });
    if price_act && card.kind.is_price_act() {
        return Some(HeldBy::PriceAct);
    }
    if card.target.product.is_some() && act_runs_on(card.target, card.kind, engine, now) {
        return Some(HeldBy::SameProduct);
    }
    needs.is_some_and(|needs| !needs.is_empty() && engine.is_stale(needs)).then_some(HeldBy::StaleFeed)
}

/// The factor of the funnel that moved most over ten minutes against the ten before.
fn broke(engine: &Engine) -> Option<Broke> {
    let (before, after) = (engine.chain_before(super::metric::Scope::Live, Span::M10), engine.chain(super::metric::Scope::Live, Span::M10));
    let factors = |chain: &Chain| [chain.viewers, chain.clicks_per_viewer, chain.click_to_cart, chain.cart_to_order, chain.ticket_minor];
    const NAMES: [&str; 5] = ["viewers", "clicks_per_viewer", "click_to_cart", "cart_to_order", "ticket"];
    let mut shares = [("", 0.0); 5];
    let mut worst: Option<(usize, f64, f64, f64)> = None;
    for (index, (from, to)) in factors(&before).into_iter().zip(factors(&after)).enumerate() {
        let (Some(from), Some(to)) = (from, to) else { return None };
        if from <= 0.0 || to <= 0.0 {
            return None;
        }
        let ln = (to / from).ln();
        shares[index] = (NAMES[index], ln);
        if worst.is_none_or(|(_, _, _, least)| ln < least) {
            worst = Some((index, from, to, ln));
        }
    }
    worst.map(|(index, from, to, _)| Broke { factor: NAMES[index], from, to, shares })
}

/// A coin of a card's own, the same in every replay of this live: its seed is in the playbook's record.
fn held_out(id: &Name, playbook: &Playbook) -> bool {
    if playbook.hold_out <= 0.0 {
        return false;
    }
    let bytes = playbook.hold_out_seed.to_le_bytes().into_iter().chain(id.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (hash ^ (hash >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
    #[expect(clippy::cast_precision_loss, reason = "a share of a coin")]
    let coin = ((mixed ^ (mixed >> 29)) >> 11) as f64 / (1u64 << 53) as f64;
    coin < playbook.hold_out
}
