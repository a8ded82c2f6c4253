//! A feed as the plan names it: an account at a platform with its variables and secrets, giving one or more feeds.
//!
//! ```toml
//! [feeds.shop]
//! platform = "vendure"                       # shipped, or a path to a file of your own
//! base = "https://shop.example"              # the platform's variables
//! user = "desk"
//! password = { env = "VENDURE_PASSWORD" }    # or { file = "password.txt" }, readable by its owner only
//!
//! [feeds.tape]
//! path = "events.ndjson"                     # followed as it grows; "-" is stdin
//!
//! [feeds.robot]
//! command = ["./robot", "--live"]            # its standard output
//! ```

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono_tz::Tz;
use secrecy::SecretString;

use super::address;
use super::document::{Document, Problem, Section, line_of};
use super::filter::Filter;
use super::mapping::{Plain, Recipe};
use super::platform::{Auth, Platform, PlatformText, Request, SHIPPED, Transport, Variable};
use super::quota::Quota;
use super::secret;
use super::signature::Signature;
use super::template::{Value, Values, ZONE};
use crate::engine::event::Guarantee;
use crate::engine::id::{Name, Table};
use crate::engine::money::Currency;
use crate::engine::plan::{PlanFeed, Unavailable};
use crate::engine::time::At;
use crate::engine::wire::Defaults;

/// Reads an environment variable; handed in, for the environment has one door.
pub type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Where deliveries are listened for when the plan does not say.
const USUAL_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8787);

/// One account of the plan, ready to be started.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name in the plan.
    pub name: String,
    /// What its facts carry as their source.
    pub source: Name,
    pub auth: Auth,
    /// Variables and secrets.
    pub values: Values,
    pub defaults: Defaults,
    pub requests: Vec<Request>,
    /// The platform's name; empty for lines.
    pub platform: String,
    /// What the platform lets one account ask.
    pub limit: Quota,
    /// When the operator says that the credentials end.
    pub token_ends: Option<At>,
    /// What the platform cannot give live, and why.
    pub unavailable: Vec<Unavailable>,
    /// Where deliveries are listened for.
    pub listen: SocketAddr,
    /// Secrets that came from a file: what a platform changes goes back there.
    pub secret_files: Table<String, PathBuf>,
}

/// Where lines of canonical JSON come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, followed as it grows, is rotated or cut short.
    File(PathBuf),
    Stdin,
    /// A program's standard output.
    Command(Vec<String>),
}

impl Account {
    /// The variables that are no secrets, for the filters.
    #[must_use]
    pub fn plain(&self) -> Plain {
        self.values.plain().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Reads the `[feeds.NAME]` tables of a plan.
    ///
    /// # Errors
    /// With everything that is wrong with the plan's feeds and the platform files that they name.
    pub fn read_all(file: &str, text: &str, environment: Environment<'_>) -> Result<Vec<Self>, Vec<Problem>> {
        let document = Document::new(file, text);
        let Some(table) = document.parse() else { return Err(document.take_problems()) };
        let root = Section::root(&document, &table);
        let folder = Path::new(file).parent().unwrap_or(Path::new("")).to_owned();
        let mut accounts = Vec::new();
        if let Some(feeds) = root.section("feeds") {
            for (name, _) in feeds.entries() {
                if let Some(section) = feeds.section(name) {
                    let reader = Reader { name, section: &section, folder: &folder, environment, secret_files: RefCell::default() };
                    accounts.extend(reader.read());
                    section.finish();
                }
            }
        }
        let problems = document.take_problems();
        if problems.is_empty() { Ok(accounts) } else { Err(problems) }
    }

    /// A secret that each login changes, where nothing keeps the new one.
    #[must_use]
    pub fn unkept_secret(&self) -> Option<&str> {
        let (name, _) = self.auth.login.as_ref()?.rotate.as_ref()?;
        (!self.secret_files.contains_key(name)).then_some(name)
    }

    /// Names the zone of times without one, where the feed's own entry names none.
    pub fn set_zone(&mut self, zone: Option<Tz>) {
        self.defaults.source_tz = self.defaults.source_tz.or(zone);
        if let Some(zone) = self.defaults.source_tz {
            self.values.set_text(ZONE, zone.name());
        }
    }

    /// The name of the feed that one of its requests makes.
    #[must_use]
    pub fn feed_name(&self, request: &Request) -> Name {
        if self.requests.len() == 1 { Name::new(&self.name) } else { Name::from(format!("{}.{}", self.name, request.name)) }
    }

    /// True for an entry of the plan that is the same account at the same platform, and comes in the same way with the same credentials.
    #[must_use]
    pub fn has_credentials_of(&self, other: &Self) -> bool {
        let same_login = match (&self.auth.login, &other.auth.login) {
            (Some(own), Some(others)) => own.call.is_same(&others.call),
            (own, others) => own.is_none() && others.is_none(),
        };
        let is_one = (&self.platform, &self.source) == (&other.platform, &other.source) && !self.platform.is_empty();
        is_one
            && same_login
            && self.values.secrets().eq(other.values.secrets())
            && self.auth.values(&self.values) == other.auth.values(&other.values)
    }

    /// Its feeds as the engine needs to know them.
    #[must_use]
    pub fn plan_feeds(&self) -> Vec<PlanFeed> {
        let feed = |request: &Request| PlanFeed {
            name: self.feed_name(request),
            source: self.source.clone(),
            gives: request.gives.clone(),
            stale_after_s: request.stale_after_s,
        };
        self.requests.iter().map(feed).collect()
    }
}

struct Reader<'r, 'd> {
    name: &'r str,
    section: &'r Section<'d>,
    folder: &'r Path,
    environment: Environment<'r>,
    secret_files: RefCell<Table<String, PathBuf>>,
}

impl Reader<'_, '_> {
    fn read(&self) -> Option<Account> {
        let section = self.section;
        let named =
            !self.name.is_empty() && self.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if !named {
            section.document().note(section.span(), format!("`{}` is no name for a feed", self.name), "use a-z, 0-9, - and _");
        }
        let defaults = self.read_defaults();
        let stale_after_s = section.count("stale_after_s", 1..=86_400);
        let read = if section.has("platform") { self.read_platform(defaults) } else { self.read_lines(defaults) };
        let Some(mut account) = read else {
            // which variables there are is not known then
            section.entries();
            return None;
        };
        account.set_zone(None);
        account.token_ends = self.read_token_end(account.defaults.source_tz);
        if let Some(limit) = stale_after_s {
            account.requests.iter_mut().for_each(|request| request.stale_after_s = i64::from(limit));
        }
        Some(account)
    }

    /// `token_ends`: where no platform tells when the credentials end, the operator may.
    fn read_token_end(&self, zone: Option<Tz>) -> Option<At> {
        let text = self.section.text("token_ends")?;
        let at = At::parse(text, zone);
        if at.is_none() {
            self.section.wrong("token_ends", format!("is `{text}`, which is no time"), "write it as \"2026-11-25T01:10:00-03:00\"");
        }
        at
    }

    fn read_defaults(&self) -> Defaults {
        let section = self.section;
        let source = section.text("source").map(Name::from);
        let zone = section.text("source_tz").and_then(|text| {
            let zone = text.parse().ok();
            if zone.is_none() {
                section.wrong("source_tz", format!("is `{text}`, which is no time zone"), "write one as \"America/Sao_Paulo\"");
            }
            zone
        });
        let currency = section.text("currency").and_then(|text| {
            let currency = Currency::parse(text);
            if currency.is_none() {
                section.wrong("currency", format!("is `{text}`, which is no currency"), "write an ISO 4217 code as \"BRL\"");
            }
            currency
        });
        Defaults { source: None, account: source, source_tz: zone, currency }
    }

    fn read_platform(&self, mut defaults: Defaults) -> Option<Account> {
        let section = self.section;
        let text = section.text("platform")?;
        let own = text.contains(['/', '\\']) || text.ends_with(".toml");
        let file = if own {
            PlatformText::open(&self.folder.join(text))
                .map_err(|error| section.wrong("platform", format!("cannot be read: {error}"), "name a platform file"))
                .ok()
        } else {
            let shipped = PlatformText::shipped(text);
            if shipped.is_none() {
                let names: Vec<&str> = SHIPPED.iter().map(|(name, ..)| *name).collect();
                section.wrong(
                    "platform",
                    format!("is `{text}`, which is not shipped"),
                    format!("write a path, or one of: {}", names.join(", ")),
                );
            }
            shipped
        };
        let platform = file?.read().map_err(|problems| section.document().note_all(problems)).ok()?;
        let source = defaults.account.clone().unwrap_or_else(|| Name::new(self.name));
        if platform.requests.iter().all(|request| request.recipe.is_none()) {
            // events of our own format name their source themselves; what names none is this feed's
            defaults.source = Some(source.clone());
        } else {
            defaults.account = Some(source.clone());
        }
        let values = self.read_values(&platform);
        address::check(section, &platform);
        let mut requests = self.chosen(platform.requests);
        self.narrow(&mut requests);
        if let Some(feature) = requests.iter().find_map(|request| request.transport.missing_feature()) {
            let remedy = format!("build it with: cargo build --release --features {feature}");
            section.wrong("platform", format!("needs the transport `{feature}`, which this program was built without"), remedy);
        }
        let listen = self.read_listen(&requests);
        Some(Account {
            name: self.name.to_owned(),
            source,
            auth: platform.auth,
            values,
            defaults,
            requests,
            platform: platform.name,
            limit: platform.limit,
            token_ends: None,
            unavailable: platform.unavailable.into_iter().map(|gap| Unavailable { account: Name::new(self.name), ..gap }).collect(),
            listen,
            secret_files: self.secret_files.take(),
        })
    }

    /// Where to listen for deliveries. Beyond the machine itself only what is signed is listened for.
    fn read_listen(&self, requests: &[Request]) -> SocketAddr {
        let section = self.section;
        let Some(text) = section.text("listen") else { return USUAL_LISTEN };
        let Ok(address) = text.parse::<SocketAddr>() else {
            section.wrong("listen", format!("is `{text}`, which is no address"), "write it as \"127.0.0.1:8787\"");
            return USUAL_LISTEN;
        };
        let open = requests
            .iter()
            .any(|request| matches!(&request.transport, Transport::Webhook(hook) if matches!(hook.signature, Signature::Open)));
        if open && !address.ip().is_loopback() {
            section.wrong(
                "listen",
                "is open to other machines, but deliveries are not signed",
                "listen at 127.0.0.1, or sign the deliveries",
            );
        }
        address
    }

    /// A feed of our own format may give less than the format has: then nothing else waits for it.
    fn narrow(&self, requests: &mut [Request]) {
        if !self.section.has("gives") {
            return;
        }
        let gives: Vec<Name> = self.section.texts("gives").into_iter().map(Name::from).collect();
        let remedy = narrowed_otherwise(&gives, requests);
        for request in requests.iter_mut() {
            for other in gives.iter().filter(|kind| !request.gives.contains(kind)) {
                let what = format!("names `{other}`, which `{}` does not give", request.name);
                self.section.wrong("gives", what, remedy.clone());
            }
            request.gives.clone_from(&gives);
        }
    }

    /// The requests that the plan wants; all without a word.
    fn chosen(&self, requests: Vec<Request>) -> Vec<Request> {
        if !self.section.has("requests") {
            return requests;
        }
        let wanted = self.section.texts("requests");
        let known: Vec<&str> = requests.iter().map(|request| request.name.as_str()).collect();
        for name in wanted.iter().filter(|name| !known.contains(name)) {
            self.section.wrong(
                "requests",
                format!("names `{name}`, which the platform has not"),
                format!("choose from: {}", known.join(", ")),
            );
        }
        requests.into_iter().filter(|request| wanted.contains(&request.name.as_str())).collect()
    }

    fn read_values(&self, platform: &Platform) -> Values {
        let mut values = Values::default();
        for variable in &platform.variables {
            if let Some(value) = self.read_value(variable) {
                values.set(&variable.name, value);
            }
        }
        values
    }

    fn read_value(&self, variable: &Variable) -> Option<Value> {
        let section = self.section;
        let name = &variable.name;
        let wrap = |text: String| if variable.secret { Value::Secret(SecretString::from(text)) } else { Value::Text(text) };
        if !section.has(name) {
            let found = variable.environment.as_ref().and_then(|env| (self.environment)(env));
            if let Some(text) = found.or_else(|| variable.default.clone()) {
                return Some(wrap(text));
            }
            let remedy = match &variable.environment {
                Some(env) => format!("set the environment variable {env}, or name another: {name} = {{ env = \"…\" }}"),
                None => format!("give it: {}", variable.about),
            };
            section.missing(name, remedy);
            return None;
        }
        let value = section.value(name)?;
        if value.get_ref().is_table() {
            return self.read_indirect(name).map(wrap);
        }
        if variable.secret {
            section.wrong(
                name,
                "is a secret and must not stand in the plan",
                format!("write {name} = {{ env = \"NAME\" }} or {{ file = \"path\" }}"),
            );
            return None;
        }
        let number = value.get_ref().as_integer().map(|number| number.as_str().to_owned());
        number.or_else(|| section.text(name).map(str::to_owned)).map(wrap)
    }

    /// `{ env = "NAME" }` or `{ file = "path" }`.
    fn read_indirect(&self, name: &str) -> Option<String> {
        let whose = format!("the feed `{}`", self.name);
        let (text, file) = secret::indirect(self.section, name, &whose, self.folder, self.environment)?;
        if let Some(file) = file {
            self.secret_files.borrow_mut().insert(name.to_owned(), file);
        }
        Some(text)
    }

    fn read_lines(&self, mut defaults: Defaults) -> Option<Account> {
        let section = self.section;
        let input = match (section.text("path"), section.has("command")) {
            (Some("-"), false) => Input::Stdin,
            (Some(path), false) => Input::File(self.folder.join(path)),
            (None, true) => Input::Command(section.texts("command").into_iter().map(str::to_owned).collect()),
            _ => {
                section.missing("platform", "say where it comes from: `platform`, `path` or `command`");
                return None;
            }
        };
        if input == Input::Command(Vec::new()) {
            section.wrong("command", "is empty", "give the program and its arguments");
        }
        let recipe = if section.has("map") { Some(self.read_map()?) } else { None };
        let gives = section.texts("gives").into_iter().map(Name::from).collect();
        let guarantee = if matches!(input, Input::File(_)) { Guarantee::Resumable } else { Guarantee::BestEffort };
        let request = Request {
            name: "lines".into(),
            gives,
            stale_after_s: 60,
            guarantee,
            recipe: recipe.map(Arc::new),
            transport: Transport::Ndjson(input),
            expand: None,
            join: None,
        };
        let source = defaults.account.clone().unwrap_or_else(|| Name::new(self.name));
        // a line may name its own source; what names none is this feed's, so that two files are never one account
        defaults.source = Some(source.clone());
        Some(Account {
            name: self.name.to_owned(),
            source,
            auth: Auth::default(),
            values: Values::default(),
            defaults,
            requests: vec![request],
            platform: String::new(),
            limit: Quota::default(),
            token_ends: None,
            unavailable: Vec::new(),
            listen: USUAL_LISTEN,
            secret_files: Table::default(),
        })
    }

    /// A jq file whose whole is the filter for each line.
    fn read_map(&self) -> Option<Recipe> {
        let section = self.section;
        let path = self.folder.join(section.text("map")?);
        let code = std::fs::read_to_string(&path)
            .map_err(|error| section.wrong("map", format!("cannot be read: {error}"), "name a jq file"))
            .ok()?;
        match Filter::read("", &code) {
            Ok(filter) => Some(Recipe::new(filter)),
            Err(error) => {
                let line = line_of(&code, error.offset.saturating_sub(1));
                let remedy = "see `jq` and `warroom feed show warroom --filters` for what there is".to_owned();
                section.document().note_all([Problem { file: path.display().to_string(), line, what: error.what, remedy }]);
                None
            }
        }
    }
}

/// What to write where a feed cannot be narrowed to these types: it is of several requests that give them apart, or it has others.
fn narrowed_otherwise(gives: &[Name], requests: &[Request]) -> String {
    let is_given = |kind: &Name| requests.iter().any(|request| request.gives.contains(kind));
    if gives.iter().all(is_given) {
        let giving = requests.iter().filter(|request| request.gives.iter().any(|kind| gives.contains(kind)));
        let names: Vec<String> = giving.map(|request| format!("\"{}\"", request.name)).collect();
        return format!("write requests = [{}] in its place", names.join(", "));
    }
    let mut known: Vec<&str> = Vec::new();
    for kind in requests.iter().flat_map(|request| &request.gives) {
        if !known.contains(&kind.as_str()) {
            known.push(kind);
        }
    }
    format!("choose from: {}", known.join(", "))
}

#[cfg(test)]
mod tests;
