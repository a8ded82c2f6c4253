//! The queue of open questions.
//!
//! A question is a viewer's message with a question mark or a gesture that asks. It is open until somebody of the house
//! replies to it, names its product or its topic, a block of answers covers it, or its time is over. Only the messages
//! and the latest answers are kept; what is open follows from them, so the order of arrival cannot show.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use smallvec::SmallVec;

use super::answers::{Answers, QuestionTally};
use super::books::Books;
use super::chat::Heard;
use crate::engine::event::{AuthorKind, ChatMessage, Record};
use crate::engine::id::{Name, Sym, Table};
use crate::engine::lexicon::{Folded, GestureSet, Lexicon, Phrases};
use crate::engine::notice::{Notice, NoticeKind};
use crate::engine::plan::{Plan, PlanProduct};
use crate::engine::time::{At, SECOND_MS};
use crate::engine::view::show::Gesture;

/// Questions that are held at once; of a flood the newest stay.
pub const HELD: usize = 4_096;
/// After this long the operator is told of a question.
pub const WAITING_S: i64 = 120;

/// A message that asks.
#[derive(Clone, Debug)]
struct Asked {
    text: Name,
    /// What it says as a number: equal for identical questions.
    says: u64,
    asks: GestureSet,
    /// The product that it names.
    product: Option<Sym>,
}

/// A block of answers by the operator: when, to which product, on which topic; `None` answers all.
pub type Answer = (At, Option<Sym>, Option<Gesture>);

/// What the queue needs to know of the show: what was on air when, and the blocks of answers.
pub struct Show<'a> {
    pub on_air_at: &'a dyn Fn(At) -> Option<Sym>,
    pub answers: &'a [Answer],
}

impl std::fmt::Debug for Show<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Show").field("answers", &self.answers).finish_non_exhaustive()
    }
}

/// Identical questions that are open.
#[derive(Clone, Debug, PartialEq)]
pub struct Open<'a> {
    pub text: &'a Name,
    pub topic: Option<Gesture>,
    pub product: Option<Sym>,
    pub count: u32,
    pub since: At,
}

/// A message by source and id, to look it up by.
#[derive(Hash)]
struct Message<'a>(&'a Name, &'a Name);

impl indexmap::Equivalent<(Name, Name)> for Message<'_> {
    fn equivalent(&self, key: &(Name, Name)) -> bool {
        *self.0 == key.0 && *self.1 == key.1
    }
}

/// The queue.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    /// By time, source and id.
    asked: BTreeMap<(At, Name, Name), Asked>,
    /// How many of them say the same.
    alike: Table<u64, u32>,
    /// When the house last spoke of a topic, of a product.
    topics: BTreeMap<Gesture, At>,
    products: Table<Sym, At>,
    /// Messages (source, id) that the house replied to, and when.
    replied: Table<(Name, Name), At>,
    /// What became of all of them.
    answers: Answers,
    /// When the latest question was asked that there was no room for.
    flooded_to: Option<At>,
    /// How the plan's products are named in a chat.
    names: Option<Phrases<Option<Sym>>>,
}

impl Questions {
    /// Learns the names of the plan's products.
    pub fn learn(&mut self, plan: &Plan, books: &mut Books) {
        let mut entries = Vec::new();
        for product in &plan.products {
            let sym = books.product(&product.sku, None, plan);
            entries.extend(names_of(product, plan).into_iter().map(|name| (name, Some(sym))));
        }
        // a name that two products share names neither
        let shared = |one: &Option<Sym>, other: &Option<Sym>| if one == other { *one } else { None };
        self.names = Phrases::new(entries, shared).ok();
    }

    /// Takes a message.
    pub fn fold(&mut self, record: &Record, message: &ChatMessage, heard: &Heard) {
        if message.author_kind == AuthorKind::Viewer {
            self.ask(record, message, heard);
        } else {
            self.answer(record, message, heard);
        }
    }

    fn ask(&mut self, record: &Record, message: &ChatMessage, heard: &Heard) {
        let asks = heard.said.asking();
        let only_greets = heard.said == GestureSet::of(Gesture::Greeting);
        if heard.folded.is_empty() || (asks.is_empty() && (!heard.folded.asks() || only_greets)) {
            return;
        }
        let asked = Asked { text: message.text.clone(), says: says(&heard.folded), asks, product: self.named(&heard.folded).next() };
        let event = &record.event;
        let id = event.id.clone().unwrap_or_default();
        self.answers.ask(event.ts, (&event.source, &id), asked.asks, asked.product);
        *self.alike.entry(asked.says).or_default() += 1;
        if let Some(same) = self.asked.insert((event.ts, event.source.clone(), id), asked) {
            self.let_go(&same);
        }
        if self.asked.len() > HELD {
            let oldest = self.asked.first_key_value().map(|((at, ..), _)| *at);
            self.flooded_to = self.flooded_to.max(oldest);
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((_, oldest)) = self.asked.pop_first() {
            self.let_go(&oldest);
        }
    }

    fn let_go(&mut self, asked: &Asked) {
        if let indexmap::map::Entry::Occupied(mut alike) = self.alike.entry(asked.says) {
            *alike.get_mut() -= 1;
            if *alike.get() == 0 {
                alike.swap_remove();
            }
        }
    }

    fn answer(&mut self, record: &Record, message: &ChatMessage, heard: &Heard) {
        let at = record.event.ts;
        for topic in heard.said.asking().iter() {
            let last = self.topics.entry(topic).or_insert(at);
            *last = at.max(*last);
        }
        let named: Vec<Sym> = self.named(&heard.folded).collect();
        self.answers.speak(at, heard.said.asking(), &named);
        for product in named {
            let last = self.products.entry(product).or_insert(at);
            *last = at.max(*last);
        }
        if let Some(id) = &message.reply_to {
            self.answers.reply(at, (&record.event.source, id));
            self.replied.insert((record.event.source.clone(), id.clone()), at);
        }
    }

    fn named<'a>(&'a self, text: &'a Folded) -> impl Iterator<Item = Sym> + 'a {
        self.names.iter().flat_map(|names| names.known(text)).copied()
    }

    /// Judges one whole second: whose time is over, and which have waited long.
    pub fn judge(&mut self, second: At, plan: &Plan, show: &Show<'_>, notices: &mut Vec<Notice>) {
        let oldest = second.plus_s(-plan.limits.question_open_s);
        while self.asked.first_key_value().is_some_and(|((at, ..), _)| *at < oldest) {
            self.drop_oldest();
        }
        if second.second() % 60 == 0 {
            self.replied.retain(|_, at| *at >= oldest);
        }
        let until = second.plus_s(-WAITING_S);
        let from = until.plus_ms(-SECOND_MS);
        let due = self.asked.range((from.plus_ms(1), Name::default(), Name::default())..).take_while(|((at, ..), _)| *at <= until);
        let due: Vec<&Asked> = due.map(|(_, asked)| asked).collect();
        if due.is_empty() {
            return;
        }
        // What nobody else asked needs no merging; one look at all of them is enough for the others.
        let is_alone = |asked: &Asked| self.alike.get(&asked.says).is_some_and(|count| *count == 1);
        let others: Vec<u64> = due.iter().filter(|asked| !is_alone(asked)).map(|asked| asked.says).collect();
        let among = |at: At, asked: &Asked| if is_alone(asked) { at > from && at <= until } else { others.contains(&asked.says) };
        let (start, end) = if others.is_empty() { (from, until) } else { (oldest, second) };
        let open = self.merged(start, end, show, among).into_iter().filter(|open| open.since > from && open.since <= until);
        notices.extend(open.map(|open| {
            let kind = NoticeKind::QuestionWaiting {
                text: open.text.clone(),
                topic: open.topic,
                product: open.product,
                count: open.count,
                waits_s: WAITING_S,
            };
            Notice { at: second, kind }
        }));
    }

    /// What became of all questions until `now`; `None` once there were more than are kept.
    #[must_use]
    pub fn tally(&self, now: At, plan: &Plan, show: &Show<'_>) -> Option<QuestionTally> {
        self.answers.tally(now, plan, show)
    }

    /// True while more may be open than are held: what is told of them is the least.
    #[must_use]
    pub fn is_flooded(&self, now: At, plan: &Plan) -> bool {
        self.flooded_to.is_some_and(|at| at >= now.plus_s(-plan.limits.question_open_s))
    }

    /// Open questions at `now`, identical ones merged, oldest first.
    #[must_use]
    pub fn open(&self, now: At, plan: &Plan, show: &Show<'_>) -> Vec<Open<'_>> {
        self.merged(now.plus_s(-plan.limits.question_open_s), now, show, |_, _| true)
    }

    /// The open ones among those asked within a stretch of time, identical ones merged, oldest first.
    fn merged(&self, from: At, to: At, show: &Show<'_>, among: impl Fn(At, &Asked) -> bool) -> Vec<Open<'_>> {
        // most questions are asked once: there is room for all from the start
        let mut merged: Table<(u64, u64), Open<'_>> = Table::with_capacity_and_hasher(self.alike.len(), FixedState::default());
        for ((at, source, id), asked) in self.asked.range((from, Name::default(), Name::default())..) {
            if *at > to {
                break;
            }
            if !among(*at, asked) || (!self.replied.is_empty() && self.replied.contains_key(&Message(source, id))) {
                continue;
            }
            let product = asked.product.or_else(|| (show.on_air_at)(*at));
            if self.is_answered(*at, asked, product, show) {
                continue;
            }
            let open = merged.entry((asked.says, product.map_or(u64::MAX, |product| u64::from(product.0)))).or_insert_with(|| Open {
                text: &asked.text,
                topic: asked.asks.topic(),
                product,
                count: 0,
                since: *at,
            });
            open.count = open.count.saturating_add(1);
        }
        merged.into_values().collect()
    }

    fn is_answered(&self, at: At, asked: &Asked, product: Option<Sym>, show: &Show<'_>) -> bool {
        let spoken = |last: Option<&At>| last.is_some_and(|last| *last >= at);
        let on_topic = !self.topics.is_empty() && !asked.asks.is_empty() && asked.asks.iter().all(|topic| spoken(self.topics.get(&topic)));
        let on_product = product.is_some_and(|product| spoken(self.products.get(&product)));
        let in_block =
            |(when, of, on): &Answer| *when >= at && of.is_none_or(|of| Some(of) == product) && on.is_none_or(|on| asked.asks.has(on));
        on_topic || on_product || show.answers.iter().any(in_block)
    }
}

/// What a question says, as a number: its words. What is thrown in between (🙏🙏) makes it no other question.
fn says(folded: &Folded) -> u64 {
    let mut words = folded.tokens().filter(|token| token.chars().any(char::is_alphanumeric)).peekable();
    let hasher = foldhash::quality::FixedState::default();
    if words.peek().is_none() { hasher.hash_one(folded.as_str()) } else { hasher.hash_one(words.collect::<SmallVec<[&str; 16]>>()) }
}

/// How viewers call a product: its sku, its name, the first word and each pair of words of it, its number.
fn names_of(product: &PlanProduct, plan: &Plan) -> Vec<String> {
    let folded = Folded::of(&product.name);
    let words: Vec<&str> = folded.tokens().collect();
    let mut names = vec![product.name.clone()];
    names.extend(product.variants.iter().chain([&product.sku]).map(|sku| sku.to_string()));
    names.extend(plan.aliases.iter().filter(|(_, sku)| **sku == product.sku).map(|(alias, _)| alias.to_string()));
    if let Some(first) = words.first().filter(|word| word.len() >= 4 && is_a_name(word)) {
        names.extend([(*first).to_owned(), format!("{first}s")]);
    }
    names.extend(words.windows(2).filter(|pair| pair.iter().all(|word| word.len() >= 3)).map(|pair| pair.join(" ")));
    if product.slot > 0 {
        names.extend(["produto", "item", "product", "producto", "number", "numero"].map(|noun| format!("{noun} {}", product.slot)));
    }
    names.retain(|name| Folded::of(name).as_str().len() >= 4);
    names
}

/// False for a word that the chat uses for something else (`link`, `pix`).
fn is_a_name(word: &str) -> bool {
    Lexicon::shipped().gestures(&Folded::of(word)).is_empty()
}
