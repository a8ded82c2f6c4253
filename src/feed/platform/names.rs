//! The names in a platform file's templates: variables of the file, or ours.

use super::{Platform, Transport};
use crate::feed::call::Call;
use crate::feed::document::Section;
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

/// Every name in a template must be a variable or one of ours.
pub fn check(root: &Section<'_>, platform: &Platform) {
    let known = |name: &str| {
        OWN_NAMES.contains(&name)
            || OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || platform.variables.iter().any(|variable| variable.name == name)
    };
    let mut templates: Vec<&Template> = Vec::new();
    let auth = &platform.auth;
    templates.extend(auth.headers.iter().chain(&auth.query).map(|(_, template)| template));
    templates.extend(auth.basic.iter().flat_map(|(user, password)| [user, password]));
    templates.extend(auth.sign.iter().flat_map(Sign::templates));
    templates.extend(auth.login.iter().flat_map(|login| login.call.templates()));
    templates.extend(auth.expiry.iter().flat_map(|expiry| expiry.call.templates()));
    for request in &platform.requests {
        match &request.transport {
            Transport::Poll(poll) => templates.extend(poll.confirm.iter().chain([&poll.call]).flat_map(Call::templates)),
            Transport::Webhook(hook) => templates.extend(hook.signature.templates()),
            Transport::Sse(sse) => templates.extend(sse.call.templates()),
            Transport::Ws(ws) => templates.extend(ws.call.templates().into_iter().chain(&ws.send).chain(&ws.welcomed)),
            Transport::Nats(nats) => templates.extend(nats.templates()),
            Transport::Kafka(kafka) => templates.extend(kafka.templates()),
            Transport::Ndjson(_) => {}
        }
        templates.extend(request.join.iter().flat_map(|join| join.call.templates()));
        templates.extend(request.expand.iter().flat_map(|expand| expand.call.templates()));
    }
    let text = root.document().text;
    let mut said: Vec<&str> = Vec::new();
    for name in templates.into_iter().flat_map(Template::names).filter(|name| !known(name)) {
        if said.contains(&name) {
            continue;
        }
        said.push(name);
        let offset = text.find(&format!("{{{{{name}")).unwrap_or(0);
        root.document().note(offset..offset, format!("`{{{{{name}}}}}` is no variable"), format!("declare it under [variables.{name}]"));
    }
}
