//! Message brokers: what a platform file says about one, and how its messages become events.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::Account;
use super::canonical;
use super::document::Section;
use super::fault::{Fault, FaultKind};
use super::mapper::Mapper;
use super::mapping::{Context, Mapped, Recipe};
use super::session::Session;
use super::template::{Place, Template, Values};
use super::webhook::put_aside;
use super::{Rejected, call};
use crate::engine::time::At;

/// Largest message; a larger one is put aside.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// A stream of NATS JetStream.
#[derive(Clone, Debug)]
pub struct Nats {
    /// `nats://host:port` or `tls://host:port`, several separated by commas.
    pub servers: Template,
    pub stream: Template,
    /// Only messages of these subjects; empty: all of the stream.
    pub subject: Option<Template>,
    /// The name of our consumer at the server.
    pub durable: Template,
    pub access: Access,
}

/// A topic of a Kafka-protocol broker, with all its partitions.
#[derive(Clone, Debug)]
pub struct Kafka {
    /// `host:port`, or `tls://host:port`, several separated by commas.
    pub servers: Template,
    pub topic: Template,
    pub access: Access,
}

/// How a broker lets us in. What comes out empty is not used.
#[derive(Clone, Debug, Default)]
pub struct Access {
    pub user: Option<Template>,
    pub password: Option<Template>,
    /// NATS.
    pub token: Option<Template>,
    /// NATS: the text of a credentials file.
    pub credentials: Option<Template>,
    /// Kafka: `plain`, `scram-sha-256` or `scram-sha-512`.
    pub mechanism: Option<Template>,
    /// A file of certificates (PEM) that are believed beside the machine's own.
    pub ca: Option<Template>,
}

impl Nats {
    pub fn read(section: &Section<'_>) -> Option<Self> {
        let servers = read(section, "servers", "give the servers, as \"nats://127.0.0.1:4222\"");
        let stream = read(section, "stream", "name the stream");
        let durable = read(section, "durable", "name the durable consumer, one for each desk");
        let subject = optional(section, "subject");
        Some(Self { servers: servers?, stream: stream?, subject, durable: durable?, access: Access::read(section) })
    }

    pub fn templates(&self) -> Vec<&Template> {
        let own = [&self.servers, &self.stream, &self.durable].into_iter().chain(&self.subject);
        own.chain(self.access.templates()).collect()
    }
}

impl Kafka {
    pub fn read(section: &Section<'_>) -> Option<Self> {
        let servers = read(section, "servers", "give the brokers, as \"127.0.0.1:9092\"");
        let topic = read(section, "topic", "name the topic");
        Some(Self { servers: servers?, topic: topic?, access: Access::read(section) })
    }

    pub fn templates(&self) -> Vec<&Template> {
        [&self.servers, &self.topic].into_iter().chain(self.access.templates()).collect()
    }
}

impl Access {
    fn read(section: &Section<'_>) -> Self {
        let Some(access) = section.section("access") else { return Self::default() };
        let read = Self {
            user: optional(&access, "user"),
            password: optional(&access, "password"),
            token: optional(&access, "token"),
            credentials: optional(&access, "credentials"),
            mechanism: optional(&access, "mechanism"),
            ca: optional(&access, "ca"),
        };
        access.finish();
        read
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        [&self.user, &self.password, &self.token, &self.credentials, &self.mechanism, &self.ca].into_iter().flatten()
    }
}

fn read(section: &Section<'_>, key: &str, remedy: &str) -> Option<Template> {
    section.required_text(key, remedy).and_then(|text| call::template(section, key, text))
}

fn optional(section: &Section<'_>, key: &str) -> Option<Template> {
    section.text(key).and_then(|text| call::template(section, key, text))
}

/// A template with the account's values; empty where it is not given.
///
/// # Errors
/// With the name that has no value.
pub fn filled(template: Option<&Template>, values: &Values) -> Result<String, Fault> {
    let fill = |template: &Template| template.fill(values, Place::Plain).map_err(|error| Fault::new(FaultKind::Refused, error).fatal());
    template.map_or_else(|| Ok(String::new()), fill)
}

/// A message as a broker gave it.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Where it stands, to find it again: a sequence number, a partition and an offset.
    pub place: String,
    /// Its subject or topic.
    pub subject: String,
    pub key: String,
    pub headers: Vec<(String, String)>,
    pub payload: Vec<u8>,
}

impl Message {
    /// A header by its name; Kafka writes `ce_id` where others write `ce-id`.
    fn header(&self, name: &str) -> Option<String> {
        let same = |known: &str| known.replace('_', "-").eq_ignore_ascii_case(name);
        self.headers.iter().find(|(known, _)| same(known)).map(|(_, value)| value.clone())
    }

    /// What a filter may ask of it as `$response`.
    fn response(&self) -> serde_json::Value {
        let headers: BTreeMap<String, &str> =
            self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str())).collect();
        serde_json::json!({"headers": headers, "subject": self.subject, "key": self.key})
    }
}

/// Where messages become events.
#[derive(Clone, Debug)]
pub struct Inlet {
    pub session: Arc<Session>,
    /// Absent where the messages are canonical events.
    pub mapping: Option<(Mapper, Arc<Recipe>)>,
}

impl Inlet {
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.session.account
    }

    /// Reads messages that arrived at `at`. One that nobody can read is put aside, so that it holds up no other.
    ///
    /// # Errors
    /// When the filter does not come to an end.
    pub async fn read(&self, messages: Vec<Message>, at: At) -> Result<Mapped, Fault> {
        let mut mapped = Mapped::default();
        let feed = self.account().plain();
        for message in messages {
            if message.payload.is_empty() {
                // a broker's word that a key is gone
                mapped.inputs += 1;
                mapped.skipped += 1;
                continue;
            }
            let base = Context::new(at, self.account().defaults.clone());
            let context = Context { feed: feed.clone(), response: message.response(), ..base };
            let read = self.read_one(&message, context).await;
            let mut one = match read {
                Err(fault) if fault.fatal || fault.kind == FaultKind::Crashed => return Err(fault),
                Err(fault) => put_aside(&fault, &message.payload),
                Ok(one) => one,
            };
            one.rejected.iter_mut().for_each(|rejected| place(rejected, &message.place));
            mapped.append(one);
        }
        Ok(mapped)
    }

    async fn read_one(&self, message: &Message, context: Context) -> Result<Mapped, Fault> {
        if message.payload.len() > MAX_MESSAGE_BYTES {
            return Err(Fault::new(FaultKind::TooLarge, "a message of more than 1 MiB"));
        }
        match &self.mapping {
            Some((mapper, recipe)) => mapper.map(message.payload.clone(), recipe, context).await,
            None => canonical::read(&message.payload, |name| message.header(name), &context).await,
        }
    }
}

fn place(rejected: &mut Rejected, message: &str) {
    rejected.place = format!("{message} {}", rejected.place).trim().to_owned();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::feed::mapper::Workshop;
    use crate::feed::sessions::Sessions;

    fn inlet() -> Inlet {
        let plan = "[feeds.bus]\npath = \"-\"\nsource = \"shop\"\n";
        let account = Account::read_all("plan.toml", plan, &|_| None).unwrap().remove(0);
        Inlet { session: Sessions::new(Clock::wall(), None, Workshop::own()).unwrap().open(account), mapping: None }
    }

    fn message(place: &str, headers: &[(&str, &str)], payload: &str) -> Message {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Message { place: place.to_owned(), headers, payload: payload.as_bytes().to_vec(), ..Message::default() }
    }

    #[tokio::test]
    async fn a_message_that_nobody_can_read_holds_up_no_other() {
        let event = r#"{"type":"note","id":"n1","ts":"2026-11-21T23:31:04Z","text":"one"}"#;
        let envelope = [("ce_id", "n2"), ("ce_source", "crm"), ("ce_type", "x.note"), ("ce_time", "2026-11-21T23:31:05Z")];
        let list = vec![
            message("message 1", &[], event),
            message("message 2", &envelope, r#"{"text":"two"}"#),
            message("message 3", &[], "{\"type\":"),
            message("message 4", &[], ""),
            message("message 5", &[], &"x".repeat(MAX_MESSAGE_BYTES + 1)),
            message("message 6", &[], &event.replace("n1", "n3")),
        ];
        let mapped = inlet().read(list, At::parse("2026-11-21T23:32:00Z", None).unwrap()).await.unwrap();
        let ids: Vec<&str> = mapped.events.iter().filter_map(|event| event.id.as_deref()).collect();
        assert_eq!(ids, ["n1", "n2", "n3"]);
        let places: Vec<&str> = mapped.rejected.iter().map(|rejected| rejected.place.as_str()).collect();
        assert_eq!(places, ["message 3 line 1", "message 5"]);
        assert_eq!(mapped.skipped, 1);
    }
}
