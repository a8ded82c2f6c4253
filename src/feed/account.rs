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
                let remedy = "see `jq` and config/platforms/warroom.jq for what there is".to_owned();
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
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Account>, Vec<String>> {
        let environment = |name: &str| (name == "SHOP_PASSWORD").then(|| "hunter22".to_owned());
        Account::read_all("plan.toml", text, &environment).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_account_gives_a_feed_for_each_request() {
        let text =
            "[feeds.shop]\nplatform = \"vendure\"\nbase = \"http://127.0.0.1:1\"\nuser = \"u\"\npassword = { env = \"SHOP_PASSWORD\" }\n";
        let accounts = read(text).unwrap();
        let names: Vec<String> = accounts[0].plan_feeds().iter().map(|feed| feed.name.to_string()).collect();
        assert_eq!(names, ["shop.orders", "shop.refunds", "shop.stock"]);
        assert!(!format!("{accounts:?}").contains("hunter22"));
    }

    #[test]
    fn every_problem_names_its_line_and_a_remedy_but_no_secret() {
        let text = "[feeds.shop]\nplatform = \"vendure\"\nbase = \"http://127.0.0.1:1\"\npassword = \"hunter22\"\nrequests = [\"orders\", \"chat\"]\nspeed = 1\n[feeds.b]\n[feeds.c]\nplatform = \"nope\"\n";
        let problems = read(text).unwrap_err();
        let text = problems.join("\n");
        assert_eq!(problems.len(), 6, "{text}");
        assert!(text.contains("plan.toml:4: `feeds.shop.password` is a secret"), "{text}");
        assert!(text.contains("`feeds.shop.user` is missing"), "{text}");
        assert!(text.contains("plan.toml:5: `feeds.shop.requests` names `chat`"), "{text}");
        assert!(text.contains("plan.toml:6: `feeds.shop.speed` is not known here"), "{text}");
        assert!(!text.contains("hunter22"), "{text}");
    }

    #[test]
    fn a_missing_secret_is_told_by_the_name_of_its_variable() {
        let text = "[feeds.shop]\nplatform = \"vendure\"\nbase = \"http://127.0.0.1:1\"\nuser = \"u\"\npassword = { env = \"NOT_SET\" }\n";
        let problems = read(text).unwrap_err();
        assert_eq!(
            problems,
            ["plan.toml:5: `feeds.shop.password` of the feed `shop` is nowhere: the environment variable NOT_SET is not set; set NOT_SET"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_secrets_file_that_will_not_do_is_told_with_what_is_wrong_and_what_to_do() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password.txt");
        let wrong = |bytes: Option<&[u8]>, mode: u32| {
            if let Some(bytes) = bytes {
                std::fs::write(&file, bytes).unwrap();
                std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            }
            let plan = format!(
                "[feeds.shop]\nplatform = \"vendure\"\nbase = \"http://127.0.0.1:1\"\nuser = \"u\"\npassword = {{ file = \"{}\" }}\n",
                file.display()
            );
            let told = read(&plan).map(|_| ()).unwrap_err().join("\n");
            let told = told.strip_prefix("plan.toml:5: `feeds.shop.password` of the feed `shop` cannot be read from its file: ");
            told.unwrap().replace(&file.display().to_string(), "FILE")
        };
        assert_eq!(wrong(None, 0), "FILE: No such file or directory (os error 2); write the secret into FILE and run: chmod 600 FILE");
        for empty in [&b""[..], b"\n", b"\r\n\n"] {
            assert_eq!(wrong(Some(empty), 0o600), "FILE is empty; write the secret into FILE");
        }
        let binary = wrong(Some(b"\xff\xfe\x00hunter22"), 0o600);
        assert_eq!(binary, "FILE holds bytes that are no text; write the secret into FILE as text, a binary key as base64");
        for mode in [0o640, 0o604, 0o666, 0o620] {
            let open = wrong(Some(b"hunter22"), mode);
            assert_eq!(open, "others can read FILE too; run: chmod 600 FILE", "{mode:o}");
        }
        let large = wrong(Some(&[b'x'; (64 << 10) + 1]), 0o600);
        assert_eq!(large, "FILE is larger than 64 KiB; name a file that holds nothing but the secret");
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert_eq!(wrong(None, 0), "FILE is a folder; name the file that holds the secret");
    }

    #[test]
    fn lines_come_from_a_file_stdin_or_a_program() {
        let accounts = read("[feeds.a]\npath = \"x.ndjson\"\n[feeds.b]\npath = \"-\"\n[feeds.c]\ncommand = [\"cat\", \"x\"]\n").unwrap();
        let inputs: Vec<&Transport> = accounts.iter().map(|account| &account.requests[0].transport).collect();
        assert!(matches!(inputs[0], Transport::Ndjson(Input::File(_))));
        assert!(matches!(inputs[1], Transport::Ndjson(Input::Stdin)));
        assert!(matches!(inputs[2], Transport::Ndjson(Input::Command(_))));
    }

    #[test]
    fn events_of_our_own_format_name_their_source_unless_the_plan_does() {
        let defaults = |more: &str| {
            let plan = format!("[feeds.own]\nplatform = \"cloudevents\"\nsecret = {{ env = \"SHOP_PASSWORD\" }}\n{more}");
            read(&plan).unwrap().remove(0).defaults
        };
        let (named, configured) = (defaults(""), defaults("source = \"crm\"\n"));
        assert_eq!((named.account, named.source), (None, Some("own".into())), "two programs behind one feed may count alike");
        assert_eq!(configured.account, Some("crm".into()));
    }

    #[cfg(feature = "nats")]
    #[test]
    fn a_feed_of_our_own_format_gives_what_the_plan_says() {
        let plan = |gives: &str| format!("[feeds.bus]\nplatform = \"nats\"\nstream = \"SHOP\"\ngives = [\"{gives}\"]\n");
        let feeds = read(&plan("purchase")).unwrap()[0].plan_feeds();
        assert_eq!(feeds[0].gives, [Name::from("purchase")]);
        let problem = read(&plan("weather")).unwrap_err().join("\n");
        assert!(
            problem.starts_with("plan.toml:4: `feeds.bus.gives` names `weather`, which `events` does not give; choose from: view_item, ")
        );
    }

    #[test]
    fn a_feed_of_several_requests_is_told_which_of_them_give_what_the_plan_wants() {
        let plan = |gives: &str| {
            read(&format!(
                "[feeds.shop]\nplatform = \"vendure\"\nbase = \"http://127.0.0.1:1\"\nuser = \"u\"\npassword = {{ env = \"SHOP_PASSWORD\" }}\n{gives}\n"
            ))
        };
        let problems = plan("gives = [\"inventory\"]").unwrap_err().join("\n");
        assert!(problems.contains("plan.toml:6: `feeds.shop.gives` names `inventory`, which `orders` does not give"), "{problems}");
        let (_, remedy) = problems.lines().next().unwrap().split_once("; write ").unwrap();
        let written = remedy.strip_suffix(" in its place").unwrap();
        let feeds = plan(written).unwrap()[0].plan_feeds();
        assert_eq!(feeds.iter().map(|feed| feed.name.as_str()).collect::<Vec<_>>(), ["shop"], "what it says to write is taken");
        let problems = plan("gives = [\"audience\"]").unwrap_err().join("\n");
        assert!(problems.contains("; choose from: ") && problems.contains("inventory"), "{problems}");
    }

    #[cfg(not(feature = "nats"))]
    #[test]
    fn a_broker_that_was_not_built_in_says_how_to_build_it() {
        let problems = read("[feeds.bus]\nplatform = \"nats\"\nstream = \"SHOP\"\n").unwrap_err();
        assert!(problems[0].contains("cargo build --release --features nats"), "{problems:?}");
    }
}
