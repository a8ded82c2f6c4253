//! The addresses that a plan gives to a platform's calls: each must be one that can be called, told before anything is asked.

use super::call::Call;
use super::document::Section;
use super::expand::Expand;
use super::platform::{Platform, Transport};

/// What a call over HTTP can begin with, and a stream over a socket.
const HTTP: &[&str] = &["https", "http"];
const SOCKET: &[&str] = &["wss", "ws", "irc", "ircs", "https", "http"];

/// Tells which variables of the plan stand at the beginning of an address and begin none.
pub fn check(section: &Section<'_>, platform: &Platform) {
    let mut told: Vec<&str> = Vec::new();
    for (call, schemes) in calls(platform) {
        let Some(name) = call.url.base().filter(|name| !told.contains(name)) else { continue };
        // what comes from elsewhere is no word of the plan
        let Some(given) = section.value(name).and_then(|value| {
            let value = value.get_ref();
            value.as_str().or_else(|| value.as_integer().map(|number| number.as_str()))
        }) else {
            continue;
        };
        let fits = reqwest::Url::parse(given).is_ok_and(|url| url.has_host() && schemes.contains(&url.scheme()));
        if !fits {
            told.push(name);
            let usual = schemes.first().copied().unwrap_or_default();
            let other = schemes.get(1).copied().unwrap_or_default();
            section.wrong(
                name,
                format!("is `{given}`, which is no address that can be called"),
                format!("begin it with {usual}:// ({other}:// for a server on this machine), as \"{usual}://shop.example\""),
            );
        }
    }
}

/// Every call of a platform, and what its address may begin with.
fn calls(platform: &Platform) -> Vec<(&Call, &'static [&'static str])> {
    let auth = &platform.auth;
    let mut calls: Vec<(&Call, &[&str])> = auth.login.iter().map(|login| (&login.call, HTTP)).collect();
    calls.extend(auth.expiry.iter().map(|expiry| (&expiry.call, HTTP)));
    for request in &platform.requests {
        match &request.transport {
            Transport::Poll(poll) => calls.extend(poll.confirm.iter().chain([&poll.call]).map(|call| (call, HTTP))),
            Transport::Sse(sse) => calls.push((&sse.call, HTTP)),
            Transport::Ws(ws) => calls.push((&ws.call, SOCKET)),
            Transport::Webhook(_) | Transport::Nats(_) | Transport::Kafka(_) | Transport::Ndjson(_) => {}
        }
        calls.extend(request.join.iter().map(|join| (&join.call, HTTP)));
        calls.extend(request.expand.iter().flat_map(Expand::stages).map(|stage| (&stage.call, HTTP)));
    }
    calls
}
