//! People, hidden: keyed hashes of customers and chat authors, and the ledger of who bought in earlier lives.
//!
//! The key belongs to this installation and never leaves it. Names are hashed at the feed's border, before the journal,
//! so that neither journal nor ledger can be read back without the key.

pub mod purchases;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use data_encoding::BASE32_NOPAD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::Connection;

use crate::engine::event::{Control, Event, Extra, Fact};
use crate::engine::id::{Name, Set, Table};
use crate::engine::money::{Currency, Money};
use crate::engine::plan::Plan;
use crate::engine::time::At;
use crate::journal::erasure::settle;
use crate::private;
use crate::report::lifetime::History;

/// Bytes of the installation's key.
const KEY_BYTES: usize = 32;
/// Bytes kept of a hash: one chance in 2⁸⁰ for a pair to be the same.
const HASH_BYTES: usize = 10;
/// Customers that one `priors` record names, at most; the latest buyers first.
pub const MOST_PRIORS: usize = 100_000;

/// Why people cannot be hidden or remembered.
#[derive(Debug, thiserror::Error)]
pub enum CustomersError {
    #[error("{path}: {cause}; see that the folder exists and can be written")]
    Io { path: PathBuf, cause: std::io::Error },
    #[error("{path}: others than its owner can read this key; make it yours alone: chmod 600 {path}")]
    Open { path: PathBuf },
    #[error("{path}: not a key of {KEY_BYTES} bytes; restore it from a copy, or remove it and lose the link to earlier lives")]
    BadKey { path: PathBuf },
    #[error("the system gives no random numbers")]
    NoRandom,
    #[error("{path}: {cause}; earlier lives cannot be looked up")]
    Sql { path: PathBuf, cause: rusqlite::Error },
}

/// Turns people into keyed hashes, the same for the same person in every live of this installation.
#[derive(Clone)]
pub struct Pseudonyms(hmac::Key);

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms")
    }
}

impl Pseudonyms {
    /// With a key that is at hand.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// With the installation's key file, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be read or made, or others can read it.
    pub fn open(path: &Path) -> Result<Self, CustomersError> {
        match read_key(path) {
            Ok(key) => Ok(Self::new(&key)),
            Err(CustomersError::Io { cause, .. }) if cause.kind() == std::io::ErrorKind::NotFound => {
                make_key(path)?;
                read_key(path).map(|key| Self::new(&key))
            }
            Err(other) => Err(other),
        }
    }

    /// The hash that stands for a customer.
    #[must_use]
    pub fn customer(&self, customer: &str) -> Name {
        self.hash("customer", customer)
    }

    /// A name that stands for nobody, for who is forgotten.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn alias() -> Result<String, CustomersError> {
        let mut bytes = [0u8; HASH_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| CustomersError::NoRandom)?;
        let mut alias = BASE32_NOPAD.encode(&bytes);
        alias.make_ascii_lowercase();
        Ok(alias)
    }

    /// The hash that stands for a chat author.
    #[must_use]
    pub fn author(&self, author: &str) -> Name {
        self.hash("author", author)
    }

    fn hash(&self, kind: &str, text: &str) -> Name {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(text.as_bytes());
        let tag = context.sign();
        let mut hashed = BASE32_NOPAD.encode(tag.as_ref().get(..HASH_BYTES).unwrap_or_default());
        hashed.make_ascii_lowercase();
        Name::from(hashed)
    }

    /// Hides the people of an event. Answers the chat author's hash with the name, for who may show it from memory.
    pub fn hide(&self, event: &mut Event, keep_chat_names: bool) -> Option<(Name, Name)> {
        let author = match &mut event.fact {
            Fact::Cart(cart) => {
                self.hide_customer(&mut cart.customer);
                None
            }
            Fact::Purchase(purchase) => {
                self.hide_customer(&mut purchase.customer);
                None
            }
            Fact::ChatMessage(message) if !keep_chat_names => Some(&mut message.author),
            Fact::Reaction(reaction) if !keep_chat_names => reaction.author.as_mut(),
            _ => None,
        }?;
        let hidden = self.author(author);
        Some((hidden.clone(), std::mem::replace(author, hidden)))
    }

    fn hide_customer(&self, customer: &mut Option<Name>) {
        if let Some(customer) = customer {
            *customer = self.customer(customer);
        }
    }

    /// Hides the people whom a plan excludes, so that they are still recognised.
    pub fn hide_plan(&self, plan: &mut Plan) {
        for customer in &mut plan.exclude.customers {
            *customer = self.customer(customer);
        }
        if !plan.keep_chat_names {
            for author in &mut plan.exclude.authors {
                *author = self.author(author);
            }
        }
    }
}

fn read_key(path: &Path) -> Result<[u8; KEY_BYTES], CustomersError> {
    let io = |cause| CustomersError::Io { path: path.to_owned(), cause };
    let mut file = std::fs::File::open(path).map_err(io)?;
    if is_open_to_others(&file.metadata().map_err(io)?) {
        return Err(CustomersError::Open { path: path.to_owned() });
    }
    let mut key = Vec::new();
    Read::by_ref(&mut file).take(KEY_BYTES as u64 + 1).read_to_end(&mut key).map_err(io)?;
    key.try_into().map_err(|_| CustomersError::BadKey { path: path.to_owned() })
}

#[cfg(unix)]
fn is_open_to_others(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}
#[cfg(not(unix))]
fn is_open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

/// Makes the key file; one that another process made meanwhile stays.
fn make_key(path: &Path) -> Result<(), CustomersError> {
    let io = |cause| CustomersError::Io { path: path.to_owned(), cause };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    let mut key = [0u8; KEY_BYTES];
    SystemRandom::new().fill(&mut key).map_err(|_| CustomersError::NoRandom)?;
    // Whole or not at all: written under a name of its own, then linked into place.
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh).map_err(io)?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(io)?;
    let linked = std::fs::hard_link(&fresh, path);
    drop(std::fs::remove_file(&fresh));
    match linked {
        Err(cause) if cause.kind() != std::io::ErrorKind::AlreadyExists => Err(io(cause)),
        _ => Ok(()),
    }
}

/// What an earlier live is known by: name and start.
fn live_of(plan: &Plan) -> String {
    format!("{} {}", plan.name, plan.starts_at.map(At::rfc3339).unwrap_or_default())
}

/// Who bought in the live that runs: what the ledger is told when it ends.
#[derive(Clone, Debug, Default)]
pub struct Buyers(Table<Name, Buyer>);

#[derive(Clone, Debug)]
struct Buyer {
    first: At,
    orders: Set<(Name, Name)>,
}

impl Buyers {
    /// Takes note of a record; anything but a purchase by a known customer is none of its business.
    pub fn note(&mut self, event: &Event) {
        let Fact::Purchase(purchase) = &event.fact else { return };
        let Some(customer) = purchase.customer.as_ref().filter(|_| !event.test) else { return };
        let at = purchase.placed_at.unwrap_or(event.ts);
        let buyer = self.0.entry(customer.clone()).or_insert_with(|| Buyer { first: at, orders: Set::default() });
        buyer.first = buyer.first.min(at);
        buyer.orders.insert((event.source.clone(), purchase.order.clone()));
    }

    /// Every customer with the time of the first order and how many there were.
    pub fn iter(&self) -> impl Iterator<Item = (&str, At, i64)> {
        self.0.iter().map(|(customer, buyer)| (customer.as_str(), buyer.first, i64::try_from(buyer.orders.len()).unwrap_or(i64::MAX)))
    }
}

/// What a customer bought in a live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bought {
    /// The first order.
    pub at: At,
    pub orders: i64,
    /// Orders that were not cancelled; `None` where the live has no one currency.
    pub spent: Option<Money>,
}

/// Gives a ledger of an earlier version its columns of spending.
fn add_spending(connection: &Connection) -> rusqlite::Result<()> {
    let known: i64 =
        connection.query_row("SELECT count(*) FROM pragma_table_info('bought') WHERE name = 'spent_minor'", (), |row| row.get(0))?;
    if known > 0 {
        return Ok(());
    }
    connection.execute_batch("ALTER TABLE bought ADD COLUMN spent_minor INTEGER; ALTER TABLE bought ADD COLUMN currency TEXT")
}

/// Who bought in which live, as keyed hashes, across all lives of this installation.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    connection: Connection,
}

impl Ledger {
    /// Opens the ledger, a new one if there is none.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(path: &Path) -> Result<Self, CustomersError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|cause| CustomersError::Io { path: path.to_owned(), cause })?;
        }
        private::open(path).map_err(|cause| CustomersError::Io { path: path.to_owned(), cause })?;
        let opened = Connection::open(path).and_then(|connection| {
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS bought(customer TEXT NOT NULL, live TEXT NOT NULL, at INTEGER NOT NULL, orders INTEGER NOT NULL,
                 PRIMARY KEY(customer, live)) WITHOUT ROWID",
            )?;
            add_spending(&connection)?;
            Ok(connection)
        });
        let connection = opened.map_err(|cause| CustomersError::Sql { path: path.to_owned(), cause })?;
        Ok(Self { path: path.to_owned(), connection })
    }

    fn sql(&self, cause: rusqlite::Error) -> CustomersError {
        CustomersError::Sql { path: self.path.clone(), cause }
    }

    /// Remembers the buyers of a live with the time of their first order, how many they placed and what they spent. Doing it
    /// again, as a restart does, changes nothing.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn remember<'b>(&mut self, plan: &Plan, buyers: impl IntoIterator<Item = (&'b str, Bought)>) -> Result<(), CustomersError> {
        let (live, path) = (live_of(plan), self.path.clone());
        let store = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            {
                let mut insert = transaction.prepare(
                    "INSERT INTO bought(customer, live, at, orders, spent_minor, currency) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT(customer, live) DO UPDATE SET at = min(at, ?3), orders = ?4, spent_minor = ?5, currency = ?6",
                )?;
                for (customer, bought) in buyers {
                    let spent = bought.spent.map(|spent| spent.minor);
                    let currency = bought.spent.as_ref().map(|spent| spent.currency.code());
                    insert.execute((customer, &live, bought.at.ms(), bought.orders, spent, currency))?;
                }
            }
            transaction.commit()
        };
        store(&mut self.connection).map_err(|cause| CustomersError::Sql { path, cause })
    }

    /// The `priors` record of a live: who bought in lives that began before it. `None` when there was none: then nobody
    /// can be called new.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn priors(&self, plan: &Plan, at: At) -> Result<Option<Event>, CustomersError> {
        let live = live_of(plan);
        let before = plan.starts_at.map_or(at, |starts_at| starts_at.min(at)).ms();
        let read = || {
            let mut statement = self.connection.prepare(
                "SELECT customer, max(at) FROM bought WHERE live <> ?1 AND at < ?2 GROUP BY customer ORDER BY 2 DESC, customer LIMIT ?3",
            )?;
            let limit = i64::try_from(MOST_PRIORS + 1).unwrap_or(i64::MAX);
            let rows = statement.query_map((&live, before, limit), |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<String>>>()
        };
        let mut known = read().map_err(|cause| self.sql(cause))?;
        if known.is_empty() {
            return Ok(None);
        }
        let complete = known.len() <= MOST_PRIORS;
        known.truncate(MOST_PRIORS);
        known.sort();
        let body = serde_json::json!({"known_customers": known, "complete": complete}).to_string().into_boxed_str();
        Ok(Some(Event {
            fact: Fact::Priors(Control { body }),
            ts: at,
            id: None,
            source: Name::const_new("desk"),
            currency: None,
            test: false,
            extra: Extra::default(),
        }))
    }

    /// Puts an alias in the place of a customer, in every table, and writes the file anew; the figures stay what they were.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn forget(&self, customer: &str, alias: &str) -> Result<usize, CustomersError> {
        let forget = || {
            self.connection.pragma_update(None, "secure_delete", true)?;
            let mut changed = 0;
            for table in self.tables_of_customers()? {
                changed +=
                    self.connection.execute(&format!("UPDATE \"{table}\" SET customer = ?2 WHERE customer = ?1"), (customer, alias))?;
            }
            if changed > 0 {
                settle(&self.connection)?;
            }
            Ok(changed)
        };
        forget().map_err(|cause| self.sql(cause))
    }

    /// Forgets who bought in lives before an instant.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn forget_before(&self, before: At) -> Result<usize, CustomersError> {
        let forget = || {
            self.connection.pragma_update(None, "secure_delete", true)?;
            let changed = self.connection.execute("DELETE FROM bought WHERE at < ?1", [before.ms()])?;
            if changed > 0 {
                settle(&self.connection)?;
            }
            Ok(changed)
        };
        forget().map_err(|cause| self.sql(cause))
    }

    fn tables_of_customers(&self) -> rusqlite::Result<Vec<String>> {
        let mut statement = self.connection.prepare(
            "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'customer' ORDER BY 1",
        )?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    }

    /// Every customer's lives up to an instant, as a history of purchases: those whose spending is known in this currency.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn purchases(&self, until: At, currency: Currency, zone: Tz) -> Result<History, CustomersError> {
        let read = || {
            let mut statement = self.connection.prepare("SELECT customer, at, spent_minor FROM bought WHERE at <= ?1 AND currency = ?2")?;
            let mut rows = statement.query((until.ms(), currency.code()))?;
            let mut history = History::default();
            while let Some(row) = rows.next()? {
                let (customer, at, spent): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                history.add(&customer, purchases::day_of(At::from_ms(at), zone), spent);
            }
            Ok(history)
        };
        let mut history = read().map_err(|cause| self.sql(cause))?;
        if !history.is_empty() {
            history.seen_until(purchases::day_of(until, zone));
        }
        Ok(history)
    }

    /// How often a customer bought in lives before this one, and when first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn history(&self, plan: &Plan, customer: &str) -> Result<Option<(At, i64)>, CustomersError> {
        self.connection
            .query_row("SELECT min(at), sum(orders) FROM bought WHERE customer = ?1 AND live <> ?2", (customer, live_of(plan)), |row| {
                let first: Option<i64> = row.get(0)?;
                let orders: Option<i64> = row.get(1)?;
                Ok(first.map(At::from_ms).zip(orders))
            })
            .map_err(|cause| self.sql(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::wire::{self, Defaults};

    fn plan(name: &str, starts_at: &str) -> Plan {
        Plan { name: name.into(), starts_at: At::parse(starts_at, None), ..Plan::default() }
    }

    #[test]
    fn a_person_is_the_same_hash_in_every_live_and_no_name() {
        let pseudonyms = Pseudonyms::new(b"key");
        assert_eq!(pseudonyms.customer("c-17"), pseudonyms.customer("c-17"));
        assert_ne!(pseudonyms.customer("c-17"), pseudonyms.customer("c-18"));
        assert_ne!(pseudonyms.customer("ana"), pseudonyms.author("ana"));
        assert_ne!(pseudonyms.customer("c-17"), Pseudonyms::new(b"other").customer("c-17"));
        assert_eq!(pseudonyms.customer("c-17").len(), 16);
    }

    #[test]
    fn people_are_hidden_in_every_event_that_names_them() {
        let pseudonyms = Pseudonyms::new(b"key");
        let read = |line: &str| wire::read(line, &Defaults::default()).unwrap().event;
        let mut order = read(r#"{"type":"purchase","ts":"2026-11-21T23:31:04Z","order":"1","value":"1","customer":"maria@example.com"}"#);
        assert_eq!(pseudonyms.hide(&mut order, false), None);
        assert!(!wire::write(&order).contains("maria"));
        let mut message = read(r#"{"type":"chat_message","id":"1","ts":"2026-11-21T23:31:04Z","author":"Maria","text":"oi"}"#);
        let shown = pseudonyms.hide(&mut message, false).unwrap();
        assert_eq!(shown, (pseudonyms.author("Maria"), "Maria".into()));
        assert!(!wire::write(&message).contains("Maria"));
        let mut kept = read(r#"{"type":"chat_message","id":"1","ts":"2026-11-21T23:31:04Z","author":"Maria","text":"oi"}"#);
        assert_eq!(pseudonyms.hide(&mut kept, true), None);
        assert!(wire::write(&kept).contains("Maria"));
    }

    #[test]
    fn the_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/people.key");
        let first = Pseudonyms::open(&path).unwrap().customer("c");
        assert_eq!(Pseudonyms::open(&path).unwrap().customer("c"), first);
        assert_eq!(std::fs::read_dir(folder.path().join("data")).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(Pseudonyms::open(&path), Err(CustomersError::Open { .. })));
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(Pseudonyms::open(&path), Err(CustomersError::BadKey { .. })));
    }

    #[test]
    fn an_order_that_is_told_twice_is_one_order_of_its_buyer() {
        let read = |line: &str| wire::read(line, &Defaults::default()).unwrap().event;
        let mut buyers = Buyers::default();
        for (order, status, at) in [("1", "placed", "23:31:04"), ("1", "paid", "23:32:04"), ("2", "placed", "23:30:00")] {
            buyers.note(&read(&format!(
                r#"{{"type":"purchase","ts":"2026-11-21T{at}Z","order":"{order}","status":"{status}","value":"1","customer":"c"}}"#
            )));
        }
        assert_eq!(buyers.iter().collect::<Vec<_>>(), [("c", At::parse("2026-11-21T23:30:00Z", None).unwrap(), 2)]);
    }

    fn bought(at: At, orders: i64) -> Bought {
        Bought { at, orders, spent: Some(Money::new(1_000 * orders, Currency::parse("BRL").unwrap())) }
    }

    #[test]
    fn the_ledger_is_a_history_of_purchases_and_an_old_one_gets_its_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("customers.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch(
                "CREATE TABLE bought(customer TEXT NOT NULL, live TEXT NOT NULL, at INTEGER NOT NULL, orders INTEGER NOT NULL,
                 PRIMARY KEY(customer, live)) WITHOUT ROWID; INSERT INTO bought VALUES ('old', 'l', 5, 1)",
            )
            .unwrap();
        let mut ledger = Ledger::open(&path).unwrap();
        for (place, start) in ["2026-11-17T23:00:00Z", "2026-11-24T23:00:00Z", "2026-12-01T23:00:00Z"].into_iter().enumerate() {
            let plan = plan(&format!("live-{place}"), start);
            let at = plan.starts_at.unwrap().plus_s(60);
            ledger.remember(&plan, [("x", bought(at, 2))].into_iter().chain((place == 1).then(|| ("y", bought(at, 1))))).unwrap();
        }
        let (brl, zone) = (Currency::parse("BRL").unwrap(), chrono_tz::America::Sao_Paulo);
        let history = ledger.purchases(At::parse("2026-11-28T12:00:00Z", None).unwrap(), brl, zone).unwrap();
        let habits = history.habits();
        assert_eq!(habits.len(), 2, "what was spent before it was kept is not known");
        assert_eq!((habits[0].repeats, habits[0].recency, habits[0].age, habits[0].mean_minor), (1, 7.0, 11.0, 2_000.0));
        assert!(ledger.purchases(At::from_ms(0), brl, zone).unwrap().is_empty());
    }

    #[test]
    fn buyers_of_earlier_lives_are_known_and_this_ones_own_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&folder.path().join("customers.db")).unwrap();
        let (first, second) = (plan("a", "2026-11-17T23:00:00Z"), plan("b", "2026-11-24T23:00:00Z"));
        let (then, now) = (first.starts_at.unwrap(), second.starts_at.unwrap());
        assert_eq!(ledger.priors(&second, now).unwrap(), None);
        for _ in 0..2 {
            ledger.remember(&first, [("x", bought(then.plus_s(60), 2)), ("y", bought(then.plus_s(90), 1))]).unwrap();
            ledger.remember(&second, [("z", bought(now.plus_s(30), 1))]).unwrap();
        }
        let Fact::Priors(priors) = ledger.priors(&second, now).unwrap().unwrap().fact else { panic!("no priors") };
        assert_eq!(&*priors.body, r#"{"complete":true,"known_customers":["x","y"]}"#);
        assert_eq!(ledger.history(&second, "x").unwrap(), Some((then.plus_s(60), 2)));
        assert_eq!(ledger.history(&second, "z").unwrap(), None);
    }
}
