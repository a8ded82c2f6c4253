//! The fields of one line by name, and the readers that turn a field into a value of the vocabulary.

use std::borrow::Cow;

use chrono_tz::Tz;

use super::scan::{Malformed, Scanner, Token};
use crate::engine::event::{Bucket, ChannelClue, ChannelParts, Extra, Item, Parameters, Quarantine, Rev};
use crate::engine::id::Name;
use crate::engine::money::{Currency, Money};
use crate::engine::text;
use crate::engine::time::At;

/// Counts beyond this are no counts: sums of them can never overflow.
pub const COUNT_MAX: i64 = 1_000_000_000_000;
/// Lines of one order, coupons of one order, parameters of one act.
pub const LIST_MAX: usize = 1_000;

macro_rules! keys {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// The names of fields that the vocabulary knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Key { $($variant),*, Unknown }

        impl Key {
            pub const COUNT: usize = Key::Unknown as usize;

            fn of(name: &[u8]) -> Self {
                match name { $($name => Self::$variant,)* _ => Self::Unknown }
            }
            /// The same for a name as [`packed`]; unknown where the name is longer than that.
            #[inline]
            fn of_packed(name: u64) -> Self {
                match name { $(packed_names::$variant => Self::$variant,)* _ => Self::Unknown }
            }
            pub fn name(self) -> &'static str {
                let name: &[u8] = match self { $(Self::$variant => $name,)* Self::Unknown => b"" };
                std::str::from_utf8(name).unwrap_or("")
            }
            #[cfg(test)]
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }

        #[expect(non_upper_case_globals, reason = "patterns that bear the names of the keys")]
        mod packed_names {
            $(pub const $variant: u64 = super::super::scan::packed($name);)*
        }
    };
}

keys! {
    Type = b"type", Ts = b"ts", Id = b"id", Source = b"source", Currency = b"currency", Test = b"test", At = b"at", Seq = b"seq",
    SpecVersion = b"specversion", Time = b"time", Data = b"data",
    Sku = b"sku", Product = b"product", Quantity = b"quantity", Price = b"price", Visitor = b"visitor", Cart = b"cart", Channel = b"channel",
    Value = b"value", Items = b"items", Method = b"method", Status = b"status", Rev = b"rev", Customer = b"customer",
    Order = b"order", PlacedAt = b"placed_at", PaidAt = b"paid_at", CancelledAt = b"cancelled_at", ExpiresAt = b"expires_at",
    New = b"new", Discount = b"discount", Coupons = b"coupons", Live = b"live", Reason = b"reason", Payment = b"payment",
    Viewers = b"viewers", Engaged = b"engaged", WatchedS = b"watched_s",
    Author = b"author", Text = b"text", AuthorKind = b"author_kind", ReplyTo = b"reply_to", Kind = b"kind", Count = b"count",
    Available = b"available", Location = b"location", Reserved = b"reserved",
    Campaign = b"campaign", Bucket = b"bucket", Total = b"total", Clicks = b"clicks", Impressions = b"impressions", Metric = b"metric",
    Lead = b"lead", Segment = b"segment", Host = b"host", DurationS = b"duration_s", Parameters = b"parameters", Advice = b"advice",
    Operator = b"operator", Intervention = b"intervention", Answer = b"answer", Until = b"until", Target = b"target", Body = b"body",
    Feed = b"feed", Guarantee = b"guarantee", CompleteTo = b"complete_to", HeardFrom = b"heard_from", Gives = b"gives", StaleAfterS = b"stale_after_s",
    CaughtUp = b"caught_up", Received = b"received", Duplicate = b"duplicate", Conflict = b"conflict", Quarantined = b"quarantined",
    Unmapped = b"unmapped", Dropped = b"dropped", Errors = b"errors", Retries = b"retries", LastError = b"last_error",
    RetryAt = b"retry_at", SkewMs = b"skew_ms", QuotaLeft = b"quota_left", Skipped = b"skipped", Tests = b"tests", LagMs = b"lag_ms", IntervalMs = b"interval_ms",
    Quota = b"quota", QuotaUntil = b"quota_until", LastAside = b"last_aside", Late = b"late",
}

/// What is wrong, and with which field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub reason: Quarantine,
    pub key: Key,
}

impl Fault {
    pub const fn new(reason: Quarantine, key: Key) -> Self {
        Self { reason, key }
    }
    const fn field(key: Key) -> Self {
        Self::new(Quarantine::BadField, key)
    }
}

impl From<Malformed> for Fault {
    fn from(_: Malformed) -> Self {
        Self::new(Quarantine::NotJson, Key::Unknown)
    }
}

/// A position in `index`: nothing, or one more than the place in `entries`.
const ABSENT: u8 = 0;
const ENTRIES_MAX: usize = u8::MAX as usize;
/// Members that a line usually has at most.
const ENTRIES_USUAL: usize = 16;

/// The members of an object. A field that was asked for is taken; what nobody took is kept as [`Extra`].
#[derive(Debug)]
pub struct Fields<'a> {
    entries: Vec<(Key, Token<'a>)>,
    index: [u8; Key::COUNT],
    /// How many entries nobody took yet.
    left: usize,
    /// Members that the vocabulary does not know.
    unknown: Vec<(Cow<'a, str>, Token<'a>)>,
    pub zone: Option<Tz>,
    pub currency: Currency,
    /// True once an amount of money was read.
    pub saw_money: bool,
}

impl<'a> Fields<'a> {
    pub fn read(text: &'a str, zone: Option<Tz>) -> Result<Self, Fault> {
        let mut fields = Self {
            entries: Vec::with_capacity(ENTRIES_USUAL),
            index: [ABSENT; Key::COUNT],
            left: 0,
            unknown: Vec::new(),
            zone,
            currency: Currency::NONE,
            saw_money: false,
        };
        let mut scanner = Scanner::object(text)?;
        loop {
            let place = scanner.place();
            if let Some(key) = scanner.short_name().map(Key::of_packed) {
                if key != Key::Unknown {
                    let token = scanner.next_value()?;
                    fields.push(key, token)?;
                    continue;
                }
                scanner.back_to(place);
            }
            let Some(name) = scanner.name()? else { break };
            let token = scanner.next_value()?;
            let key = if let Token::Text(name) = name { Key::of(name.as_bytes()) } else { Key::Unknown };
            if key == Key::Unknown { fields.push_named(name.text().ok_or(Malformed)?, token)? } else { fields.push(key, token)? }
        }
        Ok(fields)
    }

    /// Adds a member; one of that name that came before is replaced.
    #[inline]
    pub fn push(&mut self, key: Key, token: Token<'a>) -> Result<(), Fault> {
        if self.entries.len() == ENTRIES_MAX {
            return Err(Fault::field(key));
        }
        self.entries.push((key, token));
        if let Some(place) = self.index.get_mut(key as usize) {
            self.left += usize::from(*place == ABSENT);
            *place = u8::try_from(self.entries.len()).unwrap_or(ABSENT);
        }
        Ok(())
    }

    #[cold]
    fn push_named(&mut self, name: Cow<'a, str>, token: Token<'a>) -> Result<(), Fault> {
        let key = Key::of(name.as_bytes());
        if key != Key::Unknown {
            return self.push(key, token);
        }
        if self.unknown.len() == ENTRIES_MAX {
            return Err(Fault::field(key));
        }
        self.unknown.push((name, token));
        Ok(())
    }

    pub fn has(&self, key: Key) -> bool {
        self.index[key as usize] != ABSENT
    }

    /// Takes a field; `null` is as good as absent.
    #[inline]
    pub fn take(&mut self, key: Key) -> Option<Token<'a>> {
        let place = usize::from(std::mem::replace(&mut self.index[key as usize], ABSENT));
        let (_, token) = self.entries.get(place.checked_sub(1)?)?;
        self.left -= 1;
        (*token != Token::Null).then_some(*token)
    }

    /// What nobody asked for, by name.
    pub fn extra(&self) -> Result<Extra, Fault> {
        if self.left == 0 && self.unknown.is_empty() { Ok(Extra::default()) } else { self.some_extra() }
    }

    fn some_extra(&self) -> Result<Extra, Fault> {
        let places = self.entries.iter().enumerate().filter(|(place, (key, _))| usize::from(self.index[*key as usize]) == place + 1);
        let known = places.map(|(_, (key, token))| (key.name(), token));
        let unknown = self.unknown.iter().rev().map(|(name, token)| (name.as_ref(), token));
        let mut members: Vec<(&str, &Token<'a>)> = known.chain(unknown).collect();
        members.sort_by(|a, b| a.0.cmp(b.0));
        members.dedup_by(|later, kept| later.0 == kept.0);
        let json = |(name, token): (&str, &Token<'a>)| {
            let mut json = String::new();
            token.canonical(&mut json)?;
            Ok((Name::from(name), json.into_boxed_str()))
        };
        members.into_iter().map(json).collect::<Result<_, Malformed>>().map(Extra).map_err(Fault::from)
    }

    /// A name, an id, a text. Numbers count by their text; an empty one is absent.
    pub fn name(&mut self, key: Key) -> Result<Option<Name>, Fault> {
        let Some(token) = self.take(key) else { return Ok(None) };
        let name = name_of(token).ok_or(Fault::field(key))?;
        Ok((!name.is_empty()).then_some(name))
    }

    pub fn need_name(&mut self, key: Key) -> Result<Name, Fault> {
        self.name(key)?.ok_or(Fault::field(key))
    }

    /// A text that must be there but may be empty.
    pub fn need_text(&mut self, key: Key) -> Result<Name, Fault> {
        self.take(key).and_then(name_of).ok_or(Fault::field(key))
    }

    /// A count: whole, not negative, at most [`COUNT_MAX`].
    pub fn count(&mut self, key: Key) -> Result<Option<i64>, Fault> {
        let count = self.integer(key)?;
        if count.is_some_and(i64::is_negative) { Err(Fault::field(key)) } else { Ok(count) }
    }

    pub fn need_count(&mut self, key: Key) -> Result<i64, Fault> {
        self.count(key)?.ok_or(Fault::field(key))
    }

    /// A counter of our own: absent is 0.
    pub fn counter(&mut self, key: Key) -> Result<u64, Fault> {
        Ok(self.count(key)?.map_or(0, i64::unsigned_abs))
    }

    /// A whole number of either sign, at most [`COUNT_MAX`] from zero.
    pub fn integer(&mut self, key: Key) -> Result<Option<i64>, Fault> {
        self.take(key).map(|token| integer_of(token).ok_or(Fault::field(key))).transpose()
    }

    pub fn flag(&mut self, key: Key) -> Result<Option<bool>, Fault> {
        match self.take(key) {
            None => Ok(None),
            Some(Token::Bool(value)) => Ok(Some(value)),
            Some(_) => Err(Fault::field(key)),
        }
    }

    /// One of a closed list.
    pub fn one_of<T: Copy>(&mut self, key: Key, list: &[(&str, T)]) -> Result<Option<T>, Fault> {
        let Some(token) = self.take(key) else { return Ok(None) };
        let text = token.text().ok_or(Fault::field(key))?;
        let found = list.iter().find(|(id, _)| *id == text).map(|(_, value)| *value);
        found.map(Some).ok_or(Fault::field(key))
    }

    /// An amount, not negative.
    pub fn money(&mut self, key: Key) -> Result<Option<Money>, Fault> {
        let money = self.signed_money(key)?;
        if money.is_some_and(|m| m.minor < 0) { Err(Fault::new(Quarantine::BadMoney, key)) } else { Ok(money) }
    }

    pub fn need_money(&mut self, key: Key) -> Result<Money, Fault> {
        self.money(key)?.ok_or(Fault::field(key))
    }

    /// An amount of either sign: a correction may take back.
    pub fn signed_money(&mut self, key: Key) -> Result<Option<Money>, Fault> {
        let Some(token) = self.take(key) else { return Ok(None) };
        self.saw_money = true;
        money_of(token, self.currency).map(Some).ok_or(Fault::new(Quarantine::BadMoney, key))
    }

    pub fn time(&mut self, key: Key) -> Result<Option<At>, Fault> {
        let Some(token) = self.take(key) else { return Ok(None) };
        time_of(token, self.zone).map(Some).ok_or(Fault::new(Quarantine::BadTime, key))
    }

    pub fn rev(&mut self) -> Result<Option<Rev>, Fault> {
        let Some(token) = self.take(Key::Rev) else { return Ok(None) };
        let text = text_or_number(token).ok_or(Fault::field(Key::Rev))?;
        Rev::parse(&text, self.zone).map(Some).ok_or(Fault::field(Key::Rev))
    }

    /// A list of names; a single one may stand for itself.
    pub fn names(&mut self, key: Key) -> Result<Vec<Name>, Fault> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Token::Array(raw)) => list(raw, key, name_of),
            Some(token) => name_of(token).map(|name| vec![name]).ok_or(Fault::field(key)),
        }
    }

    /// The lines of an order, a cart or a refund.
    pub fn items(&mut self) -> Result<Vec<Item>, Fault> {
        let Some(token) = self.take(Key::Items) else { return Ok(Vec::new()) };
        let Token::Array(raw) = token else { return Err(Fault::field(Key::Items)) };
        let (mut scanner, mut items) = (Scanner::array(raw)?, Vec::new());
        while let Some(element) = scanner.element()? {
            let Token::Object(raw) = element else { return Err(Fault::field(Key::Items)) };
            if items.len() == LIST_MAX {
                return Err(Fault::field(Key::Items));
            }
            items.push(item(raw, self.currency)?);
            self.saw_money = true;
        }
        Ok(items)
    }

    pub fn channel(&mut self) -> Result<Option<ChannelClue>, Fault> {
        let Some(token) = self.take(Key::Channel) else { return Ok(None) };
        let Token::Object(raw) = token else {
            let name = token.text().map(|text| clean(&text)).ok_or(Fault::field(Key::Channel))?;
            return Ok((!name.is_empty()).then_some(ChannelClue::Name(name)));
        };
        let mut parts = ChannelParts::default();
        let mut scanner = Scanner::object(raw)?;
        while let Some((name, token)) = scanner.member()? {
            let part = match name.as_bytes() {
                b"source" => &mut parts.source,
                b"medium" => &mut parts.medium,
                b"campaign" => &mut parts.campaign,
                b"referrer" => &mut parts.referrer,
                b"landing" => &mut parts.landing,
                b"coupon" => &mut parts.coupon,
                _ => continue,
            };
            if token != Token::Null {
                *part = Some(name_of(token).ok_or(Fault::field(Key::Channel))?).filter(|name| !name.is_empty());
            }
        }
        Ok((parts != ChannelParts::default()).then(|| ChannelClue::Parts(Box::new(parts))))
    }

    pub fn bucket(&mut self) -> Result<Option<Bucket>, Fault> {
        let Some(token) = self.take(Key::Bucket) else { return Ok(None) };
        let Token::Object(raw) = token else { return Err(Fault::field(Key::Bucket)) };
        let (mut from, mut to) = (None, None);
        let mut scanner = Scanner::object(raw)?;
        while let Some((name, token)) = scanner.member()? {
            let end = match name.as_bytes() {
                b"from" => &mut from,
                b"to" => &mut to,
                _ => continue,
            };
            *end = Some(time_of(token, self.zone).ok_or(Fault::new(Quarantine::BadTime, Key::Bucket))?);
        }
        match (from, to) {
            (Some(from), Some(to)) if from < to => Ok(Some(Bucket { from, to })),
            _ => Err(Fault::field(Key::Bucket)),
        }
    }

    /// Parameters of an act: each value as text.
    pub fn parameters(&mut self) -> Result<Parameters, Fault> {
        let Some(token) = self.take(Key::Parameters) else { return Ok(Parameters::new()) };
        let Token::Object(raw) = token else { return Err(Fault::field(Key::Parameters)) };
        let (mut scanner, mut parameters) = (Scanner::object(raw)?, Parameters::new());
        while let Some((name, token)) = scanner.member()? {
            let text = match token {
                Token::Null => continue,
                Token::Bool(value) => Name::from(if value { "true" } else { "false" }),
                token => name_of(token).ok_or(Fault::field(Key::Parameters))?,
            };
            if parameters.len() == LIST_MAX {
                return Err(Fault::field(Key::Parameters));
            }
            parameters.insert(clean(&name).into(), text.into());
        }
        Ok(parameters)
    }

    /// The value of a platform's counter as text: a number as it was written, or money in major units.
    pub fn figure(&mut self) -> Result<Name, Fault> {
        let fault = Fault::field(Key::Value);
        let token = self.take(Key::Value).ok_or(fault)?;
        if let Token::Object(_) = token {
            self.saw_money = true;
            let money = money_of(token, self.currency).ok_or(Fault::new(Quarantine::BadMoney, Key::Value))?;
            return Ok(Name::from(money.text()));
        }
        let text = text_or_number(token).ok_or(fault)?;
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.len() <= 18 && part.bytes().all(|b| b.is_ascii_digit());
        if plain(whole) && plain(fraction) { Ok(Name::from(text.as_ref())) } else { Err(fault) }
    }

    /// A document, as canonical JSON.
    pub fn body(&mut self) -> Result<Box<str>, Fault> {
        let token = self.take(Key::Body).ok_or(Fault::field(Key::Body))?;
        let mut json = String::new();
        token.canonical(&mut json)?;
        Ok(json.into_boxed_str())
    }
}

fn list<'a, T>(raw: &'a str, key: Key, read: impl Fn(Token<'a>) -> Option<T>) -> Result<Vec<T>, Fault> {
    let (mut scanner, mut values) = (Scanner::array(raw)?, Vec::new());
    while let Some(element) = scanner.element()? {
        if values.len() == LIST_MAX {
            return Err(Fault::field(key));
        }
        values.push(read(element).ok_or(Fault::field(key))?);
    }
    Ok(values)
}

fn item(raw: &str, currency: Currency) -> Result<Item, Fault> {
    let bad_money = Fault::new(Quarantine::BadMoney, Key::Items);
    let bad_field = Fault::field(Key::Items);
    let amount = |token: Token<'_>| money_of(token, currency).filter(|money| money.minor >= 0).ok_or(bad_money);
    let (mut sku, mut quantity, mut price, mut name, mut discount) = (None, None, None, None, None);
    let mut scanner = Scanner::object(raw)?;
    while let Some((member, token)) = scanner.member()? {
        if token == Token::Null {
            continue;
        }
        match member.as_bytes() {
            b"sku" => sku = name_of(token).filter(|sku| !sku.is_empty()),
            b"quantity" => quantity = Some(integer_of(token).filter(|n| *n >= 0).ok_or(bad_field)?),
            b"price" => price = Some(amount(token)?),
            b"discount" => discount = Some(money_of(token, currency).ok_or(bad_money)?),
            b"name" => name = Some(name_of(token).ok_or(bad_field)?).filter(|name| !name.is_empty()),
            _ => {}
        }
    }
    Ok(Item { sku: sku.ok_or(bad_field)?, quantity: quantity.ok_or(bad_field)?, price, name, discount })
}

pub fn text_or_number(token: Token<'_>) -> Option<Cow<'_, str>> {
    match token {
        Token::Number(text) => Some(Cow::Borrowed(text)),
        token => token.text(),
    }
}

/// Foreign text, cleaned: what goes on from here is safe on a terminal.
fn name_of(token: Token<'_>) -> Option<Name> {
    match token {
        Token::Number(text) => Some(Name::from(text)),
        token => token.text().map(|text| clean(&text)),
    }
}

/// Foreign text as it may be drawn. Most of it is printable ASCII, which is seen at once.
fn clean(text: &str) -> Name {
    if text.len() <= text::LINE_COLUMNS && is_printable_ascii(text.as_bytes()) {
        Name::from(text)
    } else {
        text::clean(text, text::LINE_COLUMNS)
    }
}

/// Nothing but bytes from 0x20 to 0x7e, seen eight at a time.
fn is_printable_ascii(bytes: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // Without a high bit, taking 0x20 leaves one where a control character was, adding one where a delete was.
    let odd = |word: u64| (word | word.wrapping_sub(ONES * 0x20) | word.wrapping_add(ONES)) & HIGHS;
    let (chunks, rest) = bytes.as_chunks::<8>();
    let all = chunks.iter().fold(0, |found, chunk| found | odd(u64::from_le_bytes(*chunk)));
    all == 0 && rest.iter().all(|b| (0x20..0x7f).contains(b))
}

fn integer_of(token: Token<'_>) -> Option<i64> {
    let text = text_or_number(token)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|b| b == b'0') || whole.starts_with('+') {
        return None;
    }
    whole.parse().ok().filter(|n: &i64| n.unsigned_abs() <= COUNT_MAX.unsigned_abs())
}

fn time_of(token: Token<'_>, zone: Option<Tz>) -> Option<At> {
    At::parse(&text_or_number(token)?, zone)
}

/// Text, a number by its text, or `{"minor": 12990}`.
fn money_of(token: Token<'_>, currency: Currency) -> Option<Money> {
    let Token::Object(raw) = token else { return Money::parse(&text_or_number(token)?, currency) };
    let mut scanner = Scanner::object(raw).ok()?;
    let mut minor = None;
    while let Some((name, token)) = scanner.member().ok()? {
        if name == "minor" {
            minor = Some(text_or_number(token)?.parse().ok()?);
        }
    }
    minor.map(|minor| Money::new(minor, currency))
}
