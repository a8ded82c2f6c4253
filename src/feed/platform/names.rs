//! The names in a platform file's templates: variables of the file, or ours.

use super::{Login, Paging, Platform, Transport};
use crate::feed::call::Call;
use crate::feed::document::Section;
use crate::feed::expand::Expand;
use crate::feed::sign::Sign;
use crate::feed::template::Template;

/// Names that the program itself gives values for.
const OWN_NAMES: [&str; 17] = [
    "ts",
    "body",
    "ack",
    "jwt",
    "key",
    "path",
    "params",
    "from",
    "to",
    "now",
    "live_start",
    "offset",
    "page",
    "size",
    "token",
    "page_token",
    "since",
];

/// Names that come with a notice or a delivery.
const OWN_PREFIXES: [&str; 3] = ["expand.", "h.", "q."];

/// What a signature can be made of, beside variables: the time of the delivery, its raw body, its headers and its query.
const SIGNED_NAMES: [&str; 2] = ["ts", "body"];
const SIGNED_PREFIXES: [&str; 2] = ["h.", "q."];

/// Every name in a template must be a variable or one of ours.
pub fn check(root: &Section<'_>, platform: &Platform) {
    let is_variable = |name: &str| platform.variables.iter().any(|variable| variable.name == name);
    let has = |names: &[&str], prefixes: &[&str], name: &str| {
        names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix)) || is_variable(name)
    };
    let mut said: Vec<&str> = Vec::new();
    let mut tell = |name, remedy: String| {
        if !said.contains(&name) {
            said.push(name);
            let offset = place_of(root.document().text, name);
            root.document().note(offset..offset, format!("`{{{{{name}}}}}` is no variable"), remedy);
        }
    };
    for name in signed(platform).into_iter().flat_map(Template::names).filter(|name| !has(&SIGNED_NAMES, &SIGNED_PREFIXES, name)) {
        let parts = "{{ts}}, {{body}}, {{h.NAME}} (a header), {{q.NAME}} (a parameter of the address)";
        tell(name, format!("a signature is made of {parts} and variables: write one of them, or declare it under [variables.{name}]"));
    }
    for name in called(platform).into_iter().flat_map(Template::names).filter(|name| !has(&OWN_NAMES, &OWN_PREFIXES, name)) {
        tell(name, format!("declare it under [variables.{name}]"));
    }
    check_pages(root, platform);
    if platform.auth.login.is_some() && !called(platform).into_iter().flat_map(Template::names).any(|name| name == "token") {
        let offset = root.document().text.find("[auth.login").unwrap_or_default();
        let remedy = "name `{{token}}` where the platform wants it: in a url, a header, a body or in `send`".to_owned();
        root.document().note(offset..offset, "what the login gives is used nowhere".to_owned(), remedy);
    }
}

/// Names that a poll's paging gives values for, and only some kinds of it.
const PAGING_NAMES: [&str; 5] = ["page", "offset", "size", "page_token", "since"];

/// The window of a poll.
const WINDOW_NAMES: [&str; 2] = ["from", "to"];

/// A poll's paging must give the names that its call is made of; the first page knows no token, and a token that goes alone no window.
fn check_pages(root: &Section<'_>, platform: &Platform) {
    for poll in platform.requests.iter().filter_map(|request| match &request.transport {
        Transport::Poll(poll) => Some(poll),
        _ => None,
    }) {
        let (given, is_late): (&[&str], bool) = match poll.paging {
            Paging::One | Paging::Queue => (&[], false),
            Paging::Link { .. } => (&["size"], false),
            Paging::Offset { .. } => (&["offset", "size"], false),
            Paging::Page { .. } => (&["page", "size"], false),
            Paging::Token { .. } => (&["page_token", "size"], true),
            Paging::Since { .. } => (&["since", "size"], true),
        };
        let is_variable = |name: &str| platform.variables.iter().any(|variable| variable.name == name);
        let needed = poll.call.templates().into_iter().flat_map(Template::needed);
        let is_alone = matches!(poll.paging, Paging::Token { alone: true, .. });
        for name in needed.filter(|name| !is_variable(name)) {
            let optional = || format!("write `{{{{{name}?}}}}`: what is asked goes without it then");
            let (what, remedy) = if is_alone && WINDOW_NAMES.contains(&name) {
                ("has no value behind the first page: the token goes alone", optional())
            } else if !PAGING_NAMES.contains(&name) {
                continue;
            } else if !given.contains(&name) {
                ("has no value: the paging of its request gives none", "see `paging` in docs/connect-a-platform.md".to_owned())
            } else if is_late && name != "size" {
                ("has no value at the first page", optional())
            } else {
                continue;
            };
            let offset = place_of(root.document().text, name);
            root.document().note(offset..offset, format!("`{{{{{name}}}}}` {what}"), remedy);
        }
    }
}

/// Where a name stands between braces, beside comments.
fn place_of(text: &str, name: &str) -> usize {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut rest = if line.trim_start().starts_with('#') { "" } else { line };
        while let Some((_, after)) = rest.split_once("{{") {
            let inside = after.split("}}").next().unwrap_or_default();
            if inside.split('|').next().unwrap_or_default().trim().trim_end_matches('?') == name {
                return start;
            }
            rest = after;
        }
        start += line.len();
    }
    0
}

/// The templates of signatures.
fn signed(platform: &Platform) -> Vec<&Template> {
    let hooks = platform.requests.iter().filter_map(|request| match &request.transport {
        Transport::Webhook(hook) => Some(hook.signature.templates()),
        _ => None,
    });
    hooks.flatten().collect()
}

/// The templates of everything that is asked.
fn called(platform: &Platform) -> Vec<&Template> {
    let mut templates: Vec<&Template> = Vec::new();
    let auth = &platform.auth;
    templates.extend(auth.headers.iter().chain(&auth.query).map(|(_, template)| template));
    templates.extend(auth.basic.iter().flat_map(|(user, password)| [user, password]));
    templates.extend(auth.sign.iter().flat_map(Sign::templates));
    templates.extend(auth.login.iter().flat_map(Login::templates));
    templates.extend(auth.expiry.iter().flat_map(|expiry| expiry.call.templates()));
    for request in &platform.requests {
        match &request.transport {
            Transport::Poll(poll) => templates.extend(poll.confirm.iter().chain([&poll.call]).flat_map(Call::templates)),
            Transport::Sse(sse) => templates.extend(sse.call.templates()),
            Transport::Ws(ws) => templates.extend(
                ws.call
                    .templates()
                    .into_iter()
                    .chain(&ws.send)
                    .chain(&ws.resume)
                    .chain(&ws.welcomed)
                    .chain(ws.beat.iter().map(|beat| &beat.send)),
            ),
            Transport::Nats(nats) => templates.extend(nats.templates()),
            Transport::Kafka(kafka) => templates.extend(kafka.templates()),
            Transport::Webhook(_) | Transport::Ndjson(_) => {}
        }
        templates.extend(request.join.iter().flat_map(|join| join.call.templates()));
        templates.extend(request.expand.iter().flat_map(Expand::stages).flat_map(|stage| stage.call.templates()));
    }
    templates
}
