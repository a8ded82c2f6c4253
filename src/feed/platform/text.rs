//! Reads a platform file; whatever is wrong with it is told at its place.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Auth, Expiry, Login, Paging, Platform, Poll, Request, SHIPPED, TokenPlace, Transport, Variable, Window, names};
use crate::engine::event::Guarantee;
use crate::engine::id::Name;
use crate::engine::plan::Unavailable;
use crate::feed::broker::{Kafka, Nats};
use crate::feed::call::{self, Call};
use crate::feed::disclosure::names_of;
use crate::feed::document::{Document, Problem, Section, line_of};
use crate::feed::expand::Expand;
use crate::feed::filter::{Filter, FilterError};
use crate::feed::join::Join;
use crate::feed::jwt::Jwt;
use crate::feed::mapping::Recipe;
use crate::feed::quota::{Quota, Rank};
use crate::feed::sign::Sign;
use crate::feed::signature::Signature;
use crate::feed::sse::Sse;
use crate::feed::template::Template;
use crate::feed::webhook::Webhook;
use crate::feed::ws::{Beat, Codec, Ws};

/// Canonical types that a feed may give.
const GIVEN_TYPES: [&str; 28] = [
    "view_item",
    "select_item",
    "add_to_cart",
    "remove_from_cart",
    "begin_checkout",
    "add_payment_info",
    "cart",
    "purchase",
    "payment",
    "cancellation",
    "refund",
    "audience",
    "viewer_join",
    "viewer_leave",
    "chat_message",
    "reaction",
    "product_pinned",
    "product_unpinned",
    "inventory",
    "ad_spend",
    "reading",
    "generate_lead",
    "cue",
    "intervention",
    "intervention_ended",
    "intervention_withdrawn",
    "note",
    "correction",
];

/// A platform file that was not yet read.
#[derive(Clone, Debug)]
pub struct PlatformText {
    pub file: String,
    pub toml: String,
    pub jq_file: String,
    pub jq: String,
}

impl PlatformText {
    /// A shipped platform, by name.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        let (name, toml, jq) = SHIPPED.iter().find(|(shipped, ..)| *shipped == name)?;
        let file = |ending: &str| format!("config/platforms/{name}.{ending}");
        Some(Self { file: file("toml"), toml: (*toml).into(), jq_file: file("jq"), jq: (*jq).into() })
    }

    /// A platform file of the operator's own, with the `.jq` file of the same name beside it if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &Path) -> Result<Self, std::io::Error> {
        let toml = std::fs::read_to_string(path)?;
        let jq_path = path.with_extension("jq");
        let jq = if jq_path.exists() { std::fs::read_to_string(&jq_path)? } else { String::new() };
        Ok(Self { file: path.display().to_string(), toml, jq_file: jq_path.display().to_string(), jq })
    }

    /// Reads it.
    ///
    /// # Errors
    /// With everything that is wrong with it.
    pub fn read(&self) -> Result<Platform, Vec<Problem>> {
        let document = Document::new(&self.file, &self.toml);
        let platform = document.parse().map(|table| {
            let root = Section::root(&document, &table);
            let platform = self.read_root(&root);
            root.finish();
            platform
        });
        let problems = document.take_problems();
        match platform {
            Some(platform) if problems.is_empty() => Ok(platform),
            _ => Err(problems),
        }
    }

    fn read_root(&self, root: &Section<'_>) -> Platform {
        let name = root.required_text("name", "name the platform").unwrap_or_default().to_owned();
        let title = root.text("title").map_or_else(|| name.clone(), str::to_owned);
        // for the reader of the file
        root.texts("about");
        let variables = root.section("variables").map(|section| read_variables(&section)).unwrap_or_default();
        let auth = root.section("auth").map(|section| self.read_auth(section)).unwrap_or_default();
        let unavailable = root.section("unavailable").map(|section| read_unavailable(&section)).unwrap_or_default();
        let limit = root.section("limit").map(Quota::read).unwrap_or_default();
        let usual = Usual { ok: self.filter(root, "ok"), denied: self.filter(root, "denied"), throttled: self.filter(root, "throttled") };
        let mut requests = Vec::new();
        let mut named = BTreeSet::new();
        for section in root.sections("request") {
            if section.text("name").is_some_and(|name| !named.insert(name)) {
                section.wrong("name", "is the name of an earlier request too", "give each request a name of its own");
            }
            requests.extend(self.read_request(section, &usual));
        }
        if requests.is_empty() && !root.has("request") {
            root.missing("request", "add at least one [[request]]");
        }
        let platform = Platform { name, title, variables, auth, requests, limit, unavailable };
        names::check(root, &platform);
        platform
    }

    /// Compiles an expression over the platform's definitions.
    fn filter(&self, section: &Section<'_>, key: &str) -> Option<Filter> {
        let expression = section.text(key)?;
        match Filter::read(&self.jq, expression) {
            Ok(filter) => Some(filter),
            Err(error) => {
                self.note_filter(section, key, error);
                None
            }
        }
    }

    /// Tells what is wrong with a filter where it is wrong: in the jq file, or in the expression.
    fn note_filter(&self, section: &Section<'_>, key: &str, error: FilterError) {
        let of_file = |offset: usize, what: String, remedy: &str| {
            let line = line_of(&self.jq, offset.min(self.jq.trim_end().len()));
            section.document().note_all([Problem { file: self.jq_file.clone(), line, what, remedy: remedy.into() }]);
        };
        if self.jq.trim().is_empty() && error.what.contains("there is no") {
            let what = format!("{}, for this file is missing or empty", error.what);
            of_file(0, what, "write the definitions that the platform file names into it");
        } else if let Err(own) = Filter::read(&self.jq, ".") {
            of_file(own.offset, own.what, FILTER_REMEDY);
        } else if error.offset < self.jq.len() {
            of_file(error.offset, error.what, FILTER_REMEDY);
        } else {
            section.wrong(key, format!("is no filter: {}", error.what), FILTER_REMEDY);
        }
    }

    fn read_auth(&self, section: Section<'_>) -> Auth {
        let headers = section.section("headers").map(|s| call::templates(&s)).unwrap_or_default();
        let query = section.section("query").map(|s| call::templates(&s)).unwrap_or_default();
        let basic = read_basic(&section);
        let login = section.section("login").and_then(|login| self.read_login(login));
        let sign = section.section("sign").and_then(|sign| {
            let read = Sign::read(&sign);
            sign.finish();
            read
        });
        let expiry = section.section("expiry").and_then(|expiry| {
            let (call, ends) = (Call::read(&expiry), self.filter(&expiry, "ends"));
            if !expiry.has("ends") {
                expiry.missing("ends", "give the filter that finds the time in the answer");
            }
            expiry.finish();
            Some(Expiry { call: call?, ends: ends? })
        });
        section.finish();
        Auth { headers, query, basic, login, sign, expiry }
    }

    fn read_login(&self, section: Section<'_>) -> Option<Login> {
        let (call, basic) = (Call::read(&section), read_basic(&section));
        let ok = self.filter(&section, "ok");
        let token = match (section.text("token_header"), section.has("token")) {
            (Some(header), false) => Some(TokenPlace::Header(header.to_owned())),
            (None, true) => self.filter(&section, "token").map(TokenPlace::Json),
            _ => {
                section.missing("token", "say where the answer holds the token: `token_header` or `token` (a filter)");
                None
            }
        };
        let expires = self.filter(&section, "expires");
        let once = section.flag("once").unwrap_or(false);
        let rotate = section.text("rotate").map(str::to_owned).zip(self.filter(&section, "rotated"));
        let jwt = section.section("jwt").and_then(Jwt::read);
        let filters = ["token", "rotated"].into_iter().filter_map(|key| section.text(key));
        let names = filters.flat_map(names_of).chain(section.text("token_header").map(str::to_owned)).collect();
        section.finish();
        Some(Login { call: call?, basic, token: token?, ok, expires, once, rotate, jwt, names })
    }

    fn read_request(&self, section: Section<'_>, usual: &Usual) -> Option<Request> {
        let name = section.required_text("name", "name the request").unwrap_or_default().to_owned();
        let gives: Vec<Name> = section.texts("gives").into_iter().map(Name::from).collect();
        for unknown in gives.iter().filter(|given| !GIVEN_TYPES.contains(&given.as_str())) {
            section.wrong("gives", format!("names `{unknown}`, which is no canonical type"), "see `warroom schema events`");
        }
        if gives.is_empty() {
            section.missing("gives", "list the canonical event types that it gives");
        }
        // of a transport that there is not nothing more can be said
        let kind = if section.has("transport") { section.choice("transport", &KINDS)? } else { Kind::Poll };
        // our own format needs no filter
        let canonical = matches!(kind, Kind::Webhook | Kind::Nats | Kind::Kafka) && section.flag("canonical").unwrap_or(false);
        // what is pushed carries no word of success or failure
        let none = Usual::default();
        let recipe = self.read_recipe_or(canonical, &section, if kind == Kind::Poll { usual } else { &none });
        let transport = self.read_transport(kind, &section);
        let mut expand = section.section("expand").and_then(|expand| self.read_expand(expand, usual));
        let join = section.section("join").and_then(|join| self.read_join(join));
        let stale_after_s = section.number("stale_after_s", 1.0..=86_400.0);
        section.finish();
        let (recipe, (mut transport, guarantee, usual_limit)) = (recipe?, transport?);
        let rank = Rank::of(&gives);
        if let Transport::Poll(poll) = &mut transport {
            (poll.call.rank, poll.call.throttled) = (rank, recipe.as_ref().and_then(|recipe| recipe.throttled.clone()));
        }
        let mut stage = expand.as_mut();
        while let Some(expand) = stage {
            (expand.call.rank, expand.call.throttled) = (rank, expand.recipe.throttled.clone());
            stage = expand.then.as_deref_mut();
        }
        #[expect(clippy::cast_possible_truncation, reason = "between 1 and 86,400")]
        let stale_after_s = stale_after_s.unwrap_or(usual_limit).ceil() as i64;
        Some(Request { name, gives, stale_after_s, guarantee, recipe, transport, expand, join })
    }

    /// The filters of a request, `Some(None)` where its lines are canonical.
    fn read_recipe_or(&self, canonical: bool, section: &Section<'_>, usual: &Usual) -> Option<Option<Arc<Recipe>>> {
        if canonical { Some(None) } else { self.read_recipe(section, usual).map(|recipe| Some(Arc::new(recipe))) }
    }

    /// How a request is made, what it promises, and after how many seconds it is stale where the file does not say.
    fn read_transport(&self, kind: Kind, section: &Section<'_>) -> Option<(Transport, Guarantee, f64)> {
        let promise = |resumes: bool| if resumes { Guarantee::Resumable } else { Guarantee::BestEffort };
        Some(match kind {
            Kind::Poll => {
                let poll = self.read_poll(section)?;
                let limit = (poll.interval_s * 2.0).max(2.0) + poll.call.holds.as_secs_f64() * 1.5;
                (Transport::Poll(Box::new(poll)), Guarantee::Resumable, limit)
            }
            Kind::Webhook => (Transport::Webhook(Box::new(self.read_webhook(section)?)), Guarantee::Durable, 30.0),
            Kind::Sse => {
                let resumes = section.flag("resumes").unwrap_or(false);
                let is_text = section.choice("codec", &[("json", false), ("text", true)]).unwrap_or(false);
                let idle = read_idle(section, 60.0);
                let sse = Sse { call: Call::read(section)?, is_text, idle, resumes };
                (Transport::Sse(Box::new(sse)), promise(resumes), idle.as_secs_f64())
            }
            Kind::Ws => {
                let ws = self.read_ws(section)?;
                let (limit, resumes) = (ws.idle.as_secs_f64(), ws.resumes);
                (Transport::Ws(Box::new(ws)), promise(resumes), limit)
            }
            Kind::Nats => (Transport::Nats(Box::new(Nats::read(section)?)), Guarantee::Durable, BROKER_STALE_S),
            Kind::Kafka => (Transport::Kafka(Box::new(Kafka::read(section)?)), Guarantee::Durable, BROKER_STALE_S),
        })
    }

    fn read_webhook(&self, section: &Section<'_>) -> Option<Webhook> {
        let path = section.required_text("path", "give the path that deliveries come to, as \"/shop\"");
        if path.is_some_and(|path| !path.starts_with('/')) {
            section.wrong("path", "does not begin with /", "write it as \"/shop\"");
        }
        let handshake = self.filter(section, "handshake");
        let signature = section.section("signature");
        if signature.is_none() {
            section.missing("signature", "say how deliveries are signed: hmac, shared_header, refetch or open");
        }
        Some(Webhook { path: path?.to_owned(), signature: Signature::read(signature?)?, handshake })
    }

    fn read_ws(&self, section: &Section<'_>) -> Option<Ws> {
        let call = Call::read(section);
        let codec = section.choice("codec", &[("json", Codec::Json), ("text", Codec::Text), ("irc", Codec::Irc)]).unwrap_or(Codec::Json);
        let lines = |key: &str| section.texts(key).into_iter().filter_map(|text| call::template(section, key, text)).collect();
        let (send, resume, welcomed) = (lines("send"), lines("resume"), lines("welcomed"));
        // of an IRC server nothing can be asked again
        let resumes = codec != Codec::Irc && section.flag("resumes").unwrap_or(false);
        let answer = self.filter(section, "answer");
        let beat = section.section("beat").and_then(|beat| {
            let every = beat.number("every_s", 1.0..=3_600.0);
            if !beat.has("every_s") {
                beat.missing("every_s", "say how often, in seconds");
            }
            let send = beat.required_text("send", "give what is said").and_then(|text| call::template(&beat, "send", text));
            beat.finish();
            Some(Beat { every: Duration::from_secs_f64(every?), send: send? })
        });
        let heartbeat = section.number("heartbeat_s", 0.5..=3_600.0).map(Duration::from_secs_f64);
        Some(Ws { call: call?, codec, send, resume, resumes, welcomed, answer, beat, idle: read_idle(section, 120.0), heartbeat })
    }

    fn read_join(&self, section: Section<'_>) -> Option<Join> {
        let call = Call::read(&section);
        let table = self.filter(&section, "table");
        if !section.has("table") {
            section.missing("table", "give the filter that makes the table, an object, from the answer");
        }
        let every = Duration::from_secs_f64(section.number("every_s", 10.0..=86_400.0).unwrap_or(600.0));
        section.finish();
        Some(Join { call: call?, table: table?, every })
    }

    fn read_expand(&self, section: Section<'_>, usual: &Usual) -> Option<Expand> {
        let call = Call::read(&section);
        let recipe = self.read_recipe(&section, usual);
        let together = section.count("together", 1..=1_000).unwrap_or(1);
        let wait = self.filter(&section, "wait");
        let then = section.section("then").and_then(|then| self.read_expand(then, usual)).map(Box::new);
        section.finish();
        Some(Expand { call: call?, recipe: Arc::new(recipe?), together: together as usize, wait, then })
    }

    fn read_recipe(&self, section: &Section<'_>, usual: &Usual) -> Option<Recipe> {
        if !section.has("map") {
            section.missing("map", "give the filter that turns an input into events");
        }
        let filter = |key: &str| self.filter(section, key);
        let (map, items) = (filter("map"), filter("items"));
        let ok = filter("ok").or_else(|| usual.ok.clone());
        let denied = filter("denied").or_else(|| usual.denied.clone());
        let throttled = filter("throttled").or_else(|| usual.throttled.clone());
        let (next, interval, quota, ack) = (filter("next"), filter("interval"), filter("quota"), filter("ack"));
        Some(Recipe { items, ok, denied, throttled, next, interval, quota, ack, ..Recipe::new(map?) })
    }

    fn read_poll(&self, section: &Section<'_>) -> Option<Poll> {
        let instead = self.filter(section, "instead");
        let holds = section.number("holds_s", 0.5..=120.0).map_or(Duration::ZERO, Duration::from_secs_f64);
        let call = Call::read(section).map(|call| Call { instead, holds, ..call });
        let interval_s = section.number("interval_s", 0.2..=86_400.0);
        if !section.has("interval_s") {
            section.missing("interval_s", "say how often to ask, in seconds");
        }
        let window = section.section("window").map(|window| {
            let seconds = |key: &str, usual: f64| window.number(key, 0.0..=86_400.0).unwrap_or(usual);
            let read = Window {
                overlap_s: seconds("overlap_s", 60.0),
                lag_s: seconds("lag_s", 0.0),
                whole: window.flag("whole").unwrap_or(false),
            };
            window.finish();
            read
        });
        let names: Vec<&str> = call.iter().flat_map(Call::templates).flat_map(Template::names).collect();
        let paging = section.section("paging").map_or(Some(Paging::One), |paging| read_paging(paging, section.has("next"), &names));
        let (once, partial) = (section.flag("once").unwrap_or(false), section.flag("partial").unwrap_or(false));
        let confirm = section.section("confirm").and_then(|confirm| {
            let call = Call::read(&confirm);
            confirm.finish();
            call
        });
        Some(Poll { call: call?, interval_s: interval_s?, window, paging: paging?, once, partial, confirm })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Poll,
    Webhook,
    Sse,
    Ws,
    Nats,
    Kafka,
}

const KINDS: [(&str, Kind); 6] =
    [("poll", Kind::Poll), ("webhook", Kind::Webhook), ("sse", Kind::Sse), ("ws", Kind::Ws), ("nats", Kind::Nats), ("kafka", Kind::Kafka)];

/// What to do about a filter that does not compile.
const FILTER_REMEDY: &str = "see `jq` and `warroom feed show warroom --filters` for what there is";

/// A broker answers at least once a second; one that has not for so long is stale.
const BROKER_STALE_S: f64 = 5.0;

fn read_idle(section: &Section<'_>, usual: f64) -> Duration {
    Duration::from_secs_f64(section.number("idle_s", 1.0..=3_600.0).unwrap_or(usual))
}

/// Predicates that stand at the root for all requests.
#[derive(Default)]
struct Usual {
    ok: Option<Filter>,
    denied: Option<Filter>,
    throttled: Option<Filter>,
}

/// User and password for RFC 7617.
fn read_basic(section: &Section<'_>) -> Option<(Template, Template)> {
    let basic = section.section("basic")?;
    let part = |key: &str| basic.required_text(key, "give a template").and_then(|text| call::template(&basic, key, text));
    let pair = (part("user"), part("password"));
    basic.finish();
    Some((pair.0?, pair.1?))
}

fn read_paging(section: Section<'_>, has_next: bool, asked: &[&str]) -> Option<Paging> {
    let kind = section.choice("kind", &[("offset", 0), ("page", 1), ("token", 2), ("link", 3), ("since", 4), ("queue", 5)]);
    if !section.has("kind") {
        section.missing("kind", "one of: offset, page, token, link, since, queue");
    }
    // a page that is not full is the last: how many fill it must be known
    if matches!(kind, Some(0 | 1)) && !section.has("size") && !asked.contains(&"size") && !has_next {
        section.missing("size", "say how many a page holds");
    }
    let size = section.count("size", 1..=10_000).unwrap_or(100);
    let first = section.count("first", 0..=1).unwrap_or(1);
    let persist = section.flag("persist").unwrap_or(false);
    let alone = section.flag("alone").unwrap_or(false);
    if matches!(kind, Some(2 | 4)) && !has_next {
        section.wrong("kind", "needs to know what comes next", "give the request a `next` filter");
    }
    section.finish();
    Some(match kind? {
        0 => Paging::Offset { size },
        1 => Paging::Page { first, size },
        2 => Paging::Token { persist, alone, size },
        3 => Paging::Link { size },
        4 => Paging::Since { size },
        _ => Paging::Queue,
    })
}

fn read_variables(section: &Section<'_>) -> Vec<Variable> {
    let mut variables = Vec::new();
    for (name, _) in section.entries() {
        let Some(variable) = section.section(name) else { continue };
        let text = |key: &str| variable.text(key).map(str::to_owned);
        variables.push(Variable {
            name: name.to_owned(),
            secret: variable.flag("secret").unwrap_or(false),
            default: text("default"),
            environment: text("environment"),
            about: text("about").unwrap_or_default(),
        });
        variable.finish();
    }
    variables
}

/// A type or metric, and why it is not there: as text, or as a text for each language.
fn read_unavailable(section: &Section<'_>) -> Vec<Unavailable> {
    let mut list = Vec::new();
    for (kind, value) in section.entries() {
        let why = if value.get_ref().is_table() {
            let Some(words) = section.section(kind) else { continue };
            let texts = words.entries().into_iter().filter_map(|(lang, _)| Some((lang.to_owned(), words.text(lang)?.to_owned())));
            texts.collect()
        } else {
            section.text(kind).map(|text| [("en".to_owned(), text.to_owned())].into()).unwrap_or_default()
        };
        list.push(Unavailable { account: Name::default(), kind: Name::new(kind), why });
    }
    list
}
