//! Our own format as a delivery or a broker's message carries it: a canonical event or CloudEvents envelope, a list of them,
//! lines of them, or a CloudEvent in headers.

use data_encoding::BASE64;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::fault::{Fault, FaultKind};
use super::lines::LineReader;
use super::listener::Answer;
use super::mapping::{Context, Mapped};
use super::signature::Delivery;

/// Deliveries a minute that a sender of CloudEvents is told to keep to: more than any shop has, and what the listener was measured at.
const ALLOWED_A_MINUTE: &str = "30000";

/// The answer to a sender who asks whether it may deliver (CloudEvents, HTTP 1.1 Web Hooks, 4: abuse protection). What it then
/// delivers has to prove itself all the same.
#[must_use]
pub fn greet(delivery: &Delivery) -> Option<Answer> {
    let origin = delivery.headers_named("webhook-request-origin").next().filter(|_| delivery.method == "OPTIONS")?;
    let headers = vec![
        ("webhook-allowed-origin", origin.to_owned()),
        ("webhook-allowed-rate", ALLOWED_A_MINUTE.to_owned()),
        ("allow", "POST".to_owned()),
    ];
    Some(Answer { headers, ..Answer::empty(200) })
}

/// A header of a CloudEvent over HTTP, which writes what is no plain ASCII with `%` (HTTP protocol binding 1.0.2, 3.1.3.2).
#[must_use]
pub fn decoded(header: &str) -> String {
    percent_decode_str(header).decode_utf8().map_or_else(|_| header.to_owned(), Into::into)
}

/// Reads a body; `header` finds a header by its name as HTTP and NATS write it (`ce-id`).
///
/// # Errors
/// When the body of a CloudEvent in headers, or a list, is no JSON.
pub async fn read(body: &[u8], header: impl Fn(&str) -> Option<String>, context: &Context) -> Result<Mapped, Fault> {
    let reader = LineReader { defaults: context.defaults.clone(), mapping: None };
    let no_json = |error: serde_json::Error| Fault::new(FaultKind::BadBody, format!("no JSON: {error}"));
    let body = String::from_utf8_lossy(body).into_owned();
    let lines: Vec<String> = if let (Some(id), Some(source), Some(kind)) = (header("ce-id"), header("ce-source"), header("ce-type")) {
        let data: Value = serde_json::from_str(&body).map_err(no_json)?;
        let mut envelope = serde_json::json!({"specversion": "1.0", "id": id, "source": source, "type": kind, "data": data});
        if let Some(time) = header("ce-time") {
            envelope["time"] = time.into();
        }
        vec![envelope.to_string()]
    } else if body.trim_start().starts_with('[') {
        let list: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&body).map_err(no_json)?;
        list.iter().map(|one| one.get().to_owned()).collect()
    } else if serde_json::from_str::<&serde_json::value::RawValue>(&body).is_ok() {
        vec![body.replace(['\r', '\n'], " ")]
    } else {
        body.lines().map(str::to_owned).collect()
    };
    let numbered = lines
        .into_iter()
        .zip(1..)
        .map(|(line, number)| (number, Some(opened(line))))
        .filter(|(_, line)| line.as_ref().is_some_and(|l| !l.trim().is_empty()));
    reader.read(numbered.collect(), context).await
}

/// An envelope whose data are JSON in base64, with them as they are.
fn opened(line: String) -> String {
    if !line.contains("\"data_base64\"") {
        return line;
    }
    let read = |line: &str| {
        let mut envelope: serde_json::Map<String, Value> = serde_json::from_str(line).ok()?;
        let bytes = BASE64.decode(envelope.remove("data_base64")?.as_str()?.as_bytes()).ok()?;
        envelope.insert("data".to_owned(), serde_json::from_slice(&bytes).ok()?);
        serde_json::to_string(&envelope).ok()
    };
    read(&line).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::At;
    use crate::engine::wire::Defaults;

    #[test]
    fn a_header_is_decoded_where_it_is_encoded() {
        assert_eq!(decoded("Euro%20%E2%82%AC%20%F0%9F%98%80"), "Euro € 😀");
        assert_eq!(["a-1", "50%", "%FF"].map(decoded), ["a-1", "50%", "%FF"]);
    }

    #[tokio::test]
    async fn data_in_base64_are_read_as_they_are() {
        let data = BASE64.encode(br#"{"text":"one"}"#);
        let envelope = |data: &str| {
            format!(
                r#"{{"specversion":"1.0","id":"n1","source":"/crm","type":"x.note","time":"2026-11-21T23:31:05Z","data_base64":"{data}"}}"#
            )
        };
        let context = Context::new(At::from_ms(0), Defaults::default());
        let mapped = read(format!("[{},\n{}]", envelope(&data), envelope("%%")).as_bytes(), |_| None, &context).await.unwrap();
        assert_eq!(mapped.events.len(), 1);
        assert_eq!(mapped.events[0].id.as_deref(), Some("n1"));
        assert_eq!(mapped.rejected.len(), 1, "what is no base64 is put aside");
    }
}
