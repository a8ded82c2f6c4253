//! A question to the ledgers: one metric's sums over one scope and window.

use smallvec::SmallVec;

use super::{Metric, Reading, Value, Why};
use crate::engine::Engine;
use crate::engine::id::Sym;
use crate::engine::live::commerce::Commerce;
use crate::engine::live::commerce::audience::{Crowd, Figure};
use crate::engine::live::commerce::orders::{Account, Buyer, Circle};
use crate::engine::live::commerce::readings::{About, MICRO, Told};
use crate::engine::money::{Currency, Money, divide_half_even};
use crate::engine::series::{CartStates, Count, Sheet, Sum, Window};
use crate::engine::time::{At, MINUTE_MS, SLOT_MS};

/// Channels that are told as one.
pub type Channels = SmallVec<[Sym; 2]>;

/// A scope with its merged channels.
#[derive(Clone, Debug, PartialEq)]
pub enum Whom {
    Live,
    Product(Sym),
    Channels(Channels),
    Band(usize),
    Method(Sym),
}

/// What a formula is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Term {
    Count(Count),
    Money(Sum),
    Buyers,
    NewBuyers,
    /// Buyers of whom it is known whether they are new.
    ToldBuyers,
    ViewersUv,
    ViewsPv,
    ProductVisitors,
    Chatters,
    Interacting,
    CartsAbandoned,
    /// Abandoned and bought.
    CartsEnded,
    CartsRecovered,
    CartsEverAbandoned,
    CheckoutsLost,
    /// Visits of at least ten seconds.
    Views10s,
    /// What was paid of the channels that spend.
    SpendersGmv,
    /// A platform's own counter, which nothing else tells.
    Told(Metric),
}

impl Term {
    /// True for an amount of money.
    #[must_use]
    pub const fn is_money(self) -> bool {
        matches!(self, Self::Money(_) | Self::SpendersGmv)
    }
}

/// One question.
#[derive(Debug)]
pub struct Ask<'a> {
    pub engine: &'a Engine,
    pub metric: Metric,
    pub whom: Whom,
    pub window: Window,
    /// The stretch of time that the window covers.
    pub from: At,
    pub to: At,
    /// True for a stretch in the past (a minute, a segment): what stands now says nothing of it.
    pub past: bool,
}

impl Ask<'_> {
    #[must_use]
    pub const fn commerce(&self) -> &Commerce {
        &self.engine.live().commerce
    }

    fn sheets(&self) -> SmallVec<[&Sheet; 2]> {
        let sheets = &self.engine.live().sheets;
        match &self.whom {
            Whom::Live => SmallVec::from_iter([&sheets.live]),
            Whom::Product(product) => sheets.of_product(*product).into_iter().collect(),
            Whom::Channels(channels) => channels.iter().filter_map(|channel| sheets.of_channel(*channel)).collect(),
            Whom::Band(band) => sheets.of_band(*band).into_iter().collect(),
            Whom::Method(method) => sheets.of_method(*method).into_iter().collect(),
        }
    }

    #[must_use]
    pub fn count(&self, count: Count) -> i64 {
        self.count_in(count, self.window)
    }
    #[must_use]
    pub fn count_in(&self, count: Count, window: Window) -> i64 {
        self.sheets().iter().map(|sheet| sheet.count(count, window)).fold(0, i64::saturating_add)
    }
    #[must_use]
    pub fn money(&self, sum: Sum) -> i128 {
        self.sheets().iter().map(|sheet| sheet.money(sum, self.window)).fold(0, i128::saturating_add)
    }
    /// Carts as they stand now.
    #[must_use]
    pub fn carts(&self) -> CartStates {
        let mut states = CartStates::default();
        for sheet in self.sheets() {
            states.add(&sheet.carts);
        }
        states
    }
    /// The channels of the scope, for ledgers that know no sheets; `None` for the live.
    #[must_use]
    pub fn channels(&self) -> Option<&[Sym]> {
        match &self.whom {
            Whom::Channels(channels) => Some(channels),
            Whom::Live | Whom::Product(_) | Whom::Band(_) | Whom::Method(_) => None,
        }
    }
    /// The desk's currency.
    pub fn currency(&self) -> Result<Currency, Why> {
        self.commerce().purse.currency().ok_or(Why::SeveralCurrencies)
    }

    /// What a platform says of a metric here.
    #[must_use]
    pub fn told(&self, metric: Metric) -> Option<Told> {
        let readings = &self.commerce().readings;
        match &self.whom {
            Whom::Live => readings.told(metric, About::Live, self.window),
            Whom::Product(product) => readings.told(metric, About::Product(*product), self.window),
            Whom::Channels(channels) => {
                let told = channels.iter().filter_map(|channel| readings.told(metric, About::Channel(*channel), self.window));
                told.reduce(|a, b| match (a, b) {
                    (Told::Sum(a), Told::Sum(b)) => Told::Sum(a.saturating_add(b)),
                    (Told::Gauge(a), Told::Gauge(b)) => Told::Gauge(a.saturating_add(b)),
                    (told, _) => told,
                })
            }
            Whom::Band(_) | Whom::Method(_) => None,
        }
    }

    fn told_units(&self, metric: Metric) -> Option<i128> {
        match self.told(metric)? {
            Told::Sum(micro) | Told::Gauge(micro) => Some(micro / MICRO),
        }
    }

    /// The value of a term; money in minor units.
    pub fn term(&self, term: Term) -> Result<i128, Why> {
        let units = |count: i64| Ok(i128::from(count));
        match term {
            Term::Count(count) => units(self.count(count)),
            Term::Money(sum) => self.currency().map(|_| self.money(sum)),
            Term::Buyers => units(self.buyers()),
            Term::NewBuyers => self.new_buyers().map(|(new, _)| i128::from(new)),
            Term::ToldBuyers => self.new_buyers().map(|(_, told)| i128::from(told)),
            Term::ViewersUv => self.told_units(Metric::ViewersUv).map_or_else(|| units(self.visitors()), Ok),
            Term::ViewsPv => self.told_units(Metric::ViewsPv).map_or_else(|| units(self.count(Count::Joins)), Ok),
            Term::ProductVisitors => match self.whom {
                Whom::Product(product) => units(self.commerce().visitors.of_product(self.window, product)),
                _ => Err(Why::NotForScope),
            },
            Term::Chatters => units(self.engine.live().chat.chatters(self.window)),
            Term::Interacting => units(self.engine.live().chat.interacting(self.window)),
            Term::CartsAbandoned if self.window.whole => units(self.carts().abandoned),
            Term::CartsAbandoned => units(self.count(Count::CartsAbandoned)),
            Term::CartsEnded if self.window.whole => units(self.carts().abandoned + self.carts().bought),
            Term::CartsEnded => units(self.count(Count::CartsAbandoned) + self.count(Count::CartsBought)),
            Term::CartsRecovered => units(self.count(Count::CartsRecovered)),
            Term::CartsEverAbandoned => units(self.count(Count::CartsAbandoned)),
            Term::CheckoutsLost => units(self.count(Count::Checkouts) - self.count(Count::CheckoutsBought)),
            Term::Views10s => units(self.count(Count::Entered) - self.count(Count::LeftBefore10s)),
            Term::SpendersGmv => self.spenders_gmv(),
            Term::Told(metric) => self.told_units(metric).ok_or(Why::NotInFeeds),
        }
    }

    fn visitors(&self) -> i64 {
        let (commerce, channels) = (self.commerce(), self.channels());
        if self.window.whole {
            return commerce.visitors.ever(channels);
        }
        let bought = commerce.orders.visitors(self.window.from, self.window.to);
        let among = bought.filter(|(channel, _)| channels.is_none_or(|channels| channels.contains(channel)));
        commerce.visitors.within(self.window, channels, among.map(|(_, visitor)| visitor))
    }

    /// The live: what was paid of all channels that spent in the window. A channel: its own.
    fn spenders_gmv(&self) -> Result<i128, Why> {
        self.currency()?;
        let live = self.engine.live();
        if self.whom != Whom::Live {
            return Ok(self.money(Sum::GmvPaid));
        }
        let homes =
            live.books.channels.iter().map(|(channel, _)| channel).filter(|channel| live.commerce.channels.home(*channel) == *channel);
        let mut sum: i128 = 0;
        for home in homes {
            let mut paid: i128 = 0;
            let mut spent: i128 = 0;
            for sheet in live.commerce.channels.told_under(home, &live.books).filter_map(|channel| live.sheets.of_channel(channel)) {
                paid = paid.saturating_add(sheet.money(Sum::GmvPaid, self.window));
                spent = spent.saturating_add(sheet.money(Sum::AdSpend, self.window));
            }
            if spent > 0 {
                sum = sum.saturating_add(paid);
            }
        }
        Ok(sum)
    }

    /// The accounts of orders that were placed in the window and belong to the scope.
    fn accounts(&self) -> impl Iterator<Item = Account> + '_ {
        let (from, to) = if self.window.whole { (0, u32::MAX) } else { (self.window.from, self.window.to) };
        let accounts = self.commerce().orders.accounts(from, to, self.engine.plan()).map(|(_, account)| account);
        accounts.filter(|account| match &self.whom {
            Whom::Live => true,
            Whom::Product(product) => account.lines.iter().any(|line| line.product == *product),
            Whom::Channels(channels) => account.channel.is_some_and(|channel| channels.contains(&channel)),
            Whom::Method(method) => account.method == Some(*method),
            Whom::Band(_) => false,
        })
    }

    fn distinct_buyers(&self) -> Vec<Buyer> {
        let mut buyers: Vec<Buyer> = self.accounts().map(|account| account.buyer).collect();
        buyers.sort_unstable();
        buyers.dedup();
        buyers
    }

    fn buyers(&self) -> i64 {
        let buyers = &self.commerce().orders.buyers;
        match (self.window.whole, &self.whom) {
            (true, Whom::Live) => buyers.all(),
            (true, Whom::Product(product)) => buyers.of(Circle::Product(*product)),
            (true, Whom::Method(method)) => buyers.of(Circle::Method(*method)),
            (true, Whom::Channels(channels)) if channels.len() == 1 => buyers.of(Circle::Channel(channels[0])),
            _ => i64::try_from(self.distinct_buyers().len()).unwrap_or(i64::MAX),
        }
    }

    /// First-ever buyers, and those of whom it is known.
    fn new_buyers(&self) -> Result<(i64, i64), Why> {
        let buyers = &self.commerce().orders.buyers;
        let (new, told) = if self.window.whole && self.whom == Whom::Live {
            buyers.new_and_told()
        } else {
            let told = self.distinct_buyers().into_iter().filter_map(|buyer| buyers.is_new(buyer));
            told.fold((0, 0), |(new, told), is_new| (new + i64::from(is_new), told + 1))
        };
        let none = told == 0 && self.buyers() > 0;
        if none { Err(Why::NewUnknown) } else { Ok((new, told)) }
    }

    /// The crowd of the window.
    #[must_use]
    pub fn crowd(&self, figure: Figure) -> Crowd {
        let audience = &self.commerce().audience;
        if self.window.whole && figure == Figure::Viewers && self.whom == Whom::Live {
            return audience.whole(self.engine.now());
        }
        let from = if self.window.whole { self.engine.tally().from.unwrap_or(self.from) } else { self.from };
        audience.measure(self.channels(), figure, from, self.to.min(self.engine.now().plus_ms(1)))
    }

    /// Length of the window; the elapsed part of the whole live.
    #[must_use]
    pub fn length_ms(&self) -> i64 {
        if self.window.whole { self.to.since_ms(self.from).max(0) } else { i64::from(self.window.slots()) * SLOT_MS }
    }

    /// A count.
    #[must_use]
    pub fn plain(&self, term: Term) -> Reading {
        match (self.term(term), term.is_money()) {
            (Err(why), _) => Reading::unknown(why),
            (Ok(minor), true) => self.amount(minor),
            (Ok(count), false) => self.value(Value::Count(i64::try_from(count).unwrap_or(i64::MAX))),
        }
    }

    /// An amount in minor units.
    #[must_use]
    pub fn amount(&self, minor: i128) -> Reading {
        match (self.currency(), i64::try_from(minor)) {
            (Err(why), _) => Reading::unknown(why),
            (Ok(currency), Ok(minor)) => self.value(Value::Money(Money::new(minor, currency))),
            (Ok(currency), Err(_)) => self.value(Value::Money(Money::new(if minor > 0 { i64::MAX } else { i64::MIN }, currency))),
        }
    }

    /// A value without support.
    #[must_use]
    pub const fn value(&self, value: Value) -> Reading {
        Reading { value, numerator: None, denominator: None, until: None, stale: false }
    }

    /// One sum over another.
    #[must_use]
    pub fn ratio(&self, over: i128, under: i128, zero: Why) -> Reading {
        let value = if under <= 0 { Value::Unknown(zero) } else { Value::Number(quotient(over, under)) };
        Reading { numerator: Some(over), denominator: Some(under), ..self.value(value) }
    }

    /// `over / under × times`, half to even.
    #[must_use]
    pub fn money_per(&self, over: i128, under: i128, times: i64, zero: Why) -> Reading {
        if under <= 0 {
            return Reading { numerator: Some(over), denominator: Some(under), ..Reading::unknown(zero) };
        }
        let minor = over.checked_mul(i128::from(times)).and_then(|over| divide_half_even(over, under));
        let reading = minor.map_or_else(|| Reading::unknown(Why::NotEnoughYet), |minor| self.amount(i128::from(minor)));
        Reading { numerator: Some(over), denominator: Some(under), ..reading }
    }

    /// One sum over the time of the window, per so many minutes.
    #[must_use]
    pub fn per_time(&self, term: Term, minutes: i64) -> Reading {
        let length = self.length_ms();
        let over = match self.term(term) {
            Ok(over) => over,
            Err(why) => return Reading::unknown(why),
        };
        if length <= 0 {
            return Reading::unknown(Why::NotEnoughYet);
        }
        let per = minutes.saturating_mul(MINUTE_MS);
        if term.is_money() {
            let reading = self.money_per(over, i128::from(length), per, Why::NotEnoughYet);
            return Reading { numerator: None, denominator: None, ..reading };
        }
        self.value(Value::Number(quotient(over.saturating_mul(i128::from(per)), i128::from(length))))
    }
}

/// A quotient of two sums as a float, for showing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a ratio for the glass; its sums stay integers")]
pub fn quotient(over: i128, under: i128) -> f64 {
    over as f64 / under as f64
}
