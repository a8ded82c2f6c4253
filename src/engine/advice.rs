//! Recommendations: raised by the playbook's watches, shown with manners, answered by the operator.
//!
//! Life: raised → seen → waiting (told the host) → accepted; or declined, snoozed, expired, superseded, held out.
//! Manners: at most [`MOST_OPEN`] on the glass, one new in [`NEW_EVERY_S`] seconds, cards of one cause are one card, causes
//! silence others, a running price act holds other price cards, and nothing is raised or resolved on missing data.

mod answers;
mod broke;
mod manners;
mod recommendation;

use std::sync::Arc;

use super::Engine;
use super::detect::rate::Drift;
use super::event::{InterventionKind, Parameters};
use super::guard::Guard;
use super::id::{Name, Sym, Table};
use super::live::log::AdviceTurn;
use super::notice::{Notice, NoticeKind};
use super::offer;
use super::price::{Price, price};
use super::rule::{Cause, Playbook, Rule, RuleWords, Urgency};
use super::time::{At, SECOND_MS};
use super::watch::{Because, Sight, Target, Watching, targets};
use broke::broke;
use manners::held_by;

pub use broke::Broke;
pub use manners::{MOST_HINTS_PER_HOUR, MOST_OPEN, MOST_PER_HOUR, NEW_EVERY_S, Silent};
pub use recommendation::{Course, HeldBy, Recommendation, State};

/// The bell, where it is on, rings at most this often.
pub const RINGS_EVERY_S: i64 = 180;
/// Watches look this often.
const LOOK_EVERY_S: i64 = 10;
/// A card that nobody answered expires.
const EXPIRES_S: i64 = 900;

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
    /// Cards that left the glass by themselves since the engine last asked.
    gone: Vec<(Name, AdviceTurn)>,
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

    /// What is on the glass: open, not snoozed, what goes wrong before hints and the oldest first, at most [`MOST_OPEN`].
    #[must_use]
    pub fn open(&self) -> Vec<&Recommendation> {
        let shown = |card: &&Recommendation| card.state.is_open() && !matches!(card.state, State::Snoozed { .. });
        let mut open: Vec<_> = self.cards.iter().filter(shown).collect();
        open.sort_by_key(|card| card.urgency);
        open.truncate(MOST_OPEN);
        open
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

    /// Cards that left the glass by themselves, told once.
    pub fn take_gone(&mut self) -> Vec<(Name, AdviceTurn)> {
        std::mem::take(&mut self.gone)
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
        let sight = Sight::new(engine, now);
        for armed in &mut self.armed {
            for target in targets(&armed.rule, engine) {
                if !armed.watching.iter().any(|watching| watching.target == target) {
                    armed.watching.push(Watching::new(target));
                }
            }
            for watching in &mut armed.watching {
                watching.look(&armed.rule, armed.guard.as_ref(), &sight);
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
                self.gone.push((card.id.clone(), AdviceTurn::Expired));
            }
        }
    }

    fn raise(&mut self, now: At, engine: &Engine, notices: &mut Vec<Notice>) {
        for index in 0..self.armed.len() {
            let mut ripe: Vec<(Target, Because)> = self.armed[index]
                .watching
                .iter()
                .filter(|watching| watching.fires_now() && watching.is_ripe(&self.armed[index].rule, now))
                .filter_map(|watching| Some((watching.target, watching.because()?.clone())))
                .collect();
            if self.armed[index].rule.urgency == Urgency::Hint {
                // of several chances the best comes first
                ripe.sort_by(|(_, one), (_, other)| other.ratio.unwrap_or(0.0).total_cmp(&one.ratio.unwrap_or(0.0)));
            }
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
        let rule = &self.armed[index].rule;
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
        let proposal = Proposal::of(rule, target, engine)?;
        self.make_room(index, now)?;
        Ok(Some(self.card(index, because, proposal, now)))
    }

    fn card(&self, index: usize, because: Because, proposal: Proposal, now: At) -> Recommendation {
        let armed = &self.armed[index];
        let Rule { name, cause, urgency, .. } = &armed.rule;
        let id = Name::from(format!("r{}", self.cards.len() + 1));
        let state = if held_out(&id, &self.playbook) { State::HeldOut } else { State::Raised };
        // The target that the watch knows it by stays the key; the act's product is in its parameters.
        let watched = armed.watching.iter().filter_map(|watching| watching.target.product).find(|own| Some(*own) == proposal.product);
        Recommendation {
            id,
            rule: name.clone(),
            cause: *cause,
            urgency: *urgency,
            kind: proposal.kind,
            target: Target { product: watched.or(because.product), channel: because.channel },
            raised: now,
            state,
            changed: now,
            because,
            broke: proposal.broke.filter(|_| matches!(cause, Cause::Conversion | Cause::Ticket)),
            parameters: proposal.parameters,
            price: proposal.price,
            held_by: None,
            members: Vec::new(),
            reason: None,
            course: Course::default(),
        }
    }
}

/// The act that answers a rule: where the funnel broke picks it, the plan bounds it.
struct Proposal {
    kind: InterventionKind,
    product: Option<Sym>,
    parameters: Parameters,
    price: Option<Price>,
    broke: Option<Broke>,
}

impl Proposal {
    fn of(rule: &Rule, target: Target, engine: &Engine) -> Result<Self, Silent> {
        let broke = broke(engine);
        let kind = broke.as_ref().and_then(|broke| rule.broke.get(broke.factor)).copied().unwrap_or(rule.act);
        let product = with_product(target, kind, engine).product;
        let mut parameters: Parameters = rule.parameters.clone();
        offer::complete(kind, &mut parameters, engine);
        let bill = price(kind, product, &mut parameters, engine.priors().effect(kind), engine).map_err(Silent::TooDear)?;
        if let Some(product) = product {
            parameters.insert("sku".to_owned(), engine.live().books.skus.text(product).to_owned());
        }
        Ok(Self { kind, product, parameters, price: bill, broke })
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
