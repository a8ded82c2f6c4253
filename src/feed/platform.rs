//! A platform file: what to ask of a platform, how it lets us in, and how its payloads become events.
//!
//! `config/platforms/NAME.toml` names transports, calls, cursors and limits; `NAME.jq` beside it holds the definitions
//! that its expressions use. Shipped ones are inside the program; a plan may name a file of its own instead.

mod names;
mod text;

pub use text::PlatformText;

use super::account::Input;
use super::broker::{Kafka, Nats};
use super::call::Call;
use super::expand::Expand;
use super::filter::Filter;
use super::join::Join;
use super::jwt::Jwt;
use super::mapping::Recipe;
use super::quota::Quota;
use super::sign::Sign;
use super::sse::Sse;
use super::template::{Template, Values};
use super::webhook::Webhook;
use super::ws::{Codec, Ws};
use crate::engine::event::Guarantee;
use crate::engine::id::Name;
use crate::engine::plan::Unavailable;
use std::sync::Arc;

macro_rules! shipped {
    ($($name:literal)*) => {
        /// The platform files inside the program: name, TOML, jq.
        pub const SHIPPED: &[(&str, &str, &str)] = &[$((
            $name,
            include_str!(concat!("../../config/platforms/", $name, ".toml")),
            include_str!(concat!("../../config/platforms/", $name, ".jq")),
        )),*];
    };
}
shipped! {
    "bambuser"
    "cloudevents"
    "ga4"
    "google_ads"
    "kafka"
    "lazada"
    "medusa"
    "mercado_livre"
    "mercado_pago"
    "meta"
    "nats"
    "nuvemshop"
    "pix"
    "saleor"
    "segment"
    "shopee"
    "shopify"
    "stripe"
    "tiktok_shop"
    "twitch"
    "vendure"
    "vtex"
    "woocommerce"
    "youtube"
}

/// A platform as its file describes it.
#[derive(Clone, Debug)]
pub struct Platform {
    pub name: String,
    pub title: String,
    pub variables: Vec<Variable>,
    pub auth: Auth,
    pub requests: Vec<Request>,
    /// What the platform lets one account ask.
    pub limit: Quota,
    /// What the platform cannot give live, with the reason.
    pub unavailable: Vec<Unavailable>,
}

/// Something that the plan tells a platform.
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    /// Never shown; comes from the environment or a file that only its owner can read.
    pub secret: bool,
    pub default: Option<String>,
    /// Environment variable that is read where the plan says nothing.
    pub environment: Option<String>,
    pub about: String,
}

/// A call that tells when the credentials end.
#[derive(Clone, Debug)]
pub struct Expiry {
    pub call: Call,
    /// A time, or nothing where they never end.
    pub ends: Filter,
}

/// How the platform lets us in.
#[derive(Clone, Debug, Default)]
pub struct Auth {
    pub headers: Vec<(String, Template)>,
    pub query: Vec<(String, Template)>,
    /// User and password.
    pub basic: Option<(Template, Template)>,
    pub login: Option<Login>,
    /// Requests are signed.
    pub sign: Option<Sign>,
    /// Asked by the preflight only.
    pub expiry: Option<Expiry>,
}

impl Auth {
    /// The plain ones of the values that it puts in: a user, an address. Those that sign an assertion may use any.
    #[must_use]
    pub fn values(&self, values: &Values) -> Vec<(String, String)> {
        let mut templates: Vec<&Template> = self.headers.iter().chain(&self.query).map(|(_, template)| template).collect();
        templates.extend(self.basic.iter().flat_map(|(user, password)| [user, password]));
        templates.extend(self.login.iter().flat_map(Login::templates));
        let uses_any = self.login.as_ref().is_some_and(|login| login.jwt.is_some());
        let is_used = |name: &str| uses_any || templates.iter().any(|template| template.names().any(|used| used == name));
        values.plain().filter(|(name, _)| is_used(name)).map(|(name, text)| (name.to_owned(), text)).collect()
    }
}

/// A call whose answer holds a token: `{{token}}` in the headers and the query.
#[derive(Clone, Debug)]
pub struct Login {
    pub call: Call,
    /// User and password of the login itself (RFC 7617), as OAuth clients have them.
    pub basic: Option<(Template, Template)>,
    pub token: TokenPlace,
    /// Answers null or true when the login went well, else what the platform says.
    pub ok: Option<Filter>,
    /// Seconds that the token is good for.
    pub expires: Option<Filter>,
    /// The token is a ticket, good for one call or connection.
    pub once: bool,
    /// A variable that the answer changes: a refresh token that is used once.
    pub rotate: Option<(String, Filter)>,
    /// The assertion of a service account: `{{jwt}}`.
    pub jwt: Option<Jwt>,
    /// What its answers call the secrets that they give.
    pub names: Vec<String>,
}

impl Login {
    /// All that it is asked with.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.call.templates().into_iter().chain(self.basic.iter().flat_map(|(user, password)| [user, password]))
    }
}

/// Where a login's answer holds the token.
#[derive(Clone, Debug)]
pub enum TokenPlace {
    Header(String),
    Json(Filter),
}

/// One thing that is asked of a platform; a feed of its own with its own cadence and cursor.
#[derive(Clone, Debug)]
pub struct Request {
    pub name: String,
    pub gives: Vec<Name>,
    pub stale_after_s: i64,
    pub guarantee: Guarantee,
    /// Absent where the lines are canonical events.
    pub recipe: Option<Arc<Recipe>>,
    pub transport: Transport,
    /// The request that fetches what a thin notice names.
    pub expand: Option<Expand>,
    /// The lookup table for its filters.
    pub join: Option<Join>,
}

/// How payloads come.
#[derive(Clone, Debug)]
pub enum Transport {
    Poll(Box<Poll>),
    Ndjson(Input),
    /// The address to listen at is the variable `listen`.
    Webhook(Box<Webhook>),
    Sse(Box<Sse>),
    Ws(Box<Ws>),
    Nats(Box<Nats>),
    Kafka(Box<Kafka>),
}

impl Transport {
    /// True where the messages are texts, no JSON.
    #[must_use]
    pub fn is_of_texts(&self) -> bool {
        match self {
            Self::Sse(sse) => sse.is_text,
            Self::Ws(ws) => ws.codec == Codec::Text,
            _ => false,
        }
    }

    /// The build feature that this program lacks for it.
    #[must_use]
    pub const fn missing_feature(&self) -> Option<&'static str> {
        match self {
            Self::Nats(_) if !cfg!(feature = "nats") => Some("nats"),
            Self::Kafka(_) if !cfg!(feature = "kafka") => Some("kafka"),
            _ => None,
        }
    }
}

/// Asking again and again.
#[derive(Clone, Debug)]
pub struct Poll {
    pub call: Call,
    pub interval_s: f64,
    pub window: Option<Window>,
    pub paging: Paging,
    /// Read once, not again.
    pub once: bool,
    /// Even all its pages tell of some products only: those of a room, of one warehouse.
    pub partial: bool,
    /// Tells the platform that what it gave is kept; sent after the journal has it.
    pub confirm: Option<Call>,
}

/// `{{from}}` and `{{to}}`: each poll reads from where the last good one ended, minus an overlap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Read again each time: rows that were committed late, or stamped earlier than they appear.
    pub overlap_s: f64,
    /// The end stays so far behind the present.
    pub lag_s: f64,
    /// Always from the live's start: what changes without a trace in its time.
    pub whole: bool,
}

/// How one answer leads to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    One,
    /// `{{offset}}` and `{{size}}`.
    Offset {
        size: u32,
    },
    /// `{{page}}` and `{{size}}`.
    Page {
        first: u32,
        size: u32,
    },
    /// `{{page_token}}` from `next`; kept for the next poll when `persist`; `alone` goes without the window. `{{size}}`.
    Token {
        persist: bool,
        alone: bool,
        size: u32,
    },
    /// The `Link` header's `next`, or the address that `next` gives; same origin only. `{{size}}` of the first.
    Link {
        size: u32,
    },
    /// `{{since}}` from `next`, kept for the next poll. `{{size}}`.
    Since {
        size: u32,
    },
    /// What is confirmed does not come again: read until nothing comes.
    Queue,
}

impl Paging {
    /// How many a page holds: `{{size}}`.
    #[must_use]
    pub const fn size(&self) -> Option<u32> {
        match self {
            Self::One | Self::Queue => None,
            Self::Offset { size } | Self::Page { size, .. } | Self::Token { size, .. } | Self::Link { size } | Self::Since { size } => {
                Some(*size)
            }
        }
    }
}
