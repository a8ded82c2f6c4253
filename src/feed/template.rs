//! `{{name}}` templates of URLs, headers and bodies.
//!
//! `{{name|form}}` writes a value in a form (`epoch_s`, `epoch_ms`, `date`, `strftime:%d-%m-%Y`, `number`, `raw`, `uri`),
//! `{{name?}}` is empty where the value is missing. What a value may contain is escaped for the place that it is put in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use secrecy::{ExposeSecret, SecretString};

use super::veil::Veil;
use crate::engine::time::At;

/// What stands for a name.
#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    Time(At),
    Secret(SecretString),
}

/// The name of the time zone that times without one are in.
pub const ZONE: &str = "source_tz";

/// Values by name: the inner ones of a request before the feed's own.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.0.insert(name.into(), value);
    }
    pub fn set_text(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.set(name, Value::Text(text.into()));
    }
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
    /// The plain (not secret) ones, as text.
    pub fn plain(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().filter_map(|(name, value)| match value {
            Value::Text(text) => Some((name.as_str(), text.clone())),
            Value::Time(at) => Some((name.as_str(), at.rfc3339())),
            Value::Secret(_) => None,
        })
    }
    /// All of them as text, secrets too: only for what never leaves the program.
    pub fn exposed(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(name, value)| match value {
            Value::Text(text) => (name.clone(), text.clone()),
            Value::Time(at) => (name.clone(), at.rfc3339()),
            Value::Secret(secret) => (name.clone(), secret.expose_secret().to_owned()),
        })
    }
    /// The secrets alone: only to look for them in what is shown.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.values().filter_map(|value| if let Value::Secret(secret) = value { Some(secret.expose_secret()) } else { None })
    }
    /// Takes the secrets out of a text.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        Veil::over_secrets(self.secrets()).hide(text)
    }
}

/// Where a filled template goes, which decides how values are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// As it is: headers, query values (escaped when the query is built), paths of files.
    Plain,
    /// A part of a URL; a value that begins the URL stays as it is.
    Url,
    /// Inside a JSON text.
    Json,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Usual,
    Raw,
    Uri,
    Number,
    EpochS,
    EpochMs,
    /// Text of `chrono`'s strftime, in UTC.
    Strftime(String),
    /// The same in the time zone that the plan names for the feed: [`ZONE`].
    Local(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value { name: String, form: Form, optional: bool },
}

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// # Errors
    /// With what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (inside, behind) = after.split_once("}}").ok_or("has `{{` without `}}`")?;
            parts.push(parse_part(inside.trim())?);
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The names that it needs.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value { name, .. } => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The names that it cannot do without.
    pub fn needed(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value { name, optional: false, .. } => Some(name.as_str()),
            Part::Value { .. } | Part::Text(_) => None,
        })
    }

    /// The name that an address begins with, where what follows is a path.
    #[must_use]
    pub fn base(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Value { name, .. }] => Some(name),
            [Part::Value { name, .. }, Part::Text(path), ..] if path.starts_with(['/', '?']) => Some(name),
            _ => None,
        }
    }

    /// True when the whole is one value written as a number.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self.parts.as_slice(), [Part::Value { form: Form::Number, .. }])
    }

    /// True when the whole is one value that may be missing.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        matches!(self.parts.as_slice(), [Part::Value { optional: true, .. }])
    }

    /// Fills it where one value is bytes as they came.
    ///
    /// # Errors
    /// With the name that has no value.
    pub fn fill_bytes(&self, values: &Values, raw_name: &str, raw: &[u8]) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for part in &self.parts {
            match part {
                Part::Value { name, .. } if name == raw_name => bytes.extend_from_slice(raw),
                other => {
                    let single = Self { parts: vec![other.clone()] };
                    bytes.extend_from_slice(single.fill(values, Place::Plain)?.as_bytes());
                }
            }
        }
        Ok(bytes)
    }

    /// # Errors
    /// With the name that has no value.
    pub fn fill(&self, values: &Values, place: Place) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value { name, form, optional } => match values.get(name) {
                    Some(value) => push_value(&mut text, values, value, form, place)?,
                    None if *optional => {}
                    None => return Err(format!("there is no value for {{{{{name}}}}}")),
                },
            }
        }
        Ok(text)
    }
}

fn parse_part(inside: &str) -> Result<Part, String> {
    let (name, form) = inside.split_once('|').map_or((inside, None), |(name, form)| (name.trim(), Some(form.trim())));
    let (name, optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.' || b == b'-') {
        return Err(format!("has `{{{{{inside}}}}}`, which is no name"));
    }
    let form = match form {
        None => Form::Usual,
        Some("raw") => Form::Raw,
        Some("uri") => Form::Uri,
        Some("number") => Form::Number,
        Some("epoch_s") => Form::EpochS,
        Some("epoch_ms") => Form::EpochMs,
        Some("date") => Form::Strftime("%Y-%m-%d".into()),
        Some(other) => match strftime(other) {
            Some(form) => form,
            None => return Err(format!("has the unknown form `|{other}`; known: raw uri number epoch_s epoch_ms date strftime:… local:…")),
        },
    };
    Ok(Part::Value { name: name.to_owned(), form, optional })
}

/// A form that says by itself how a time is written.
fn strftime(form: &str) -> Option<Form> {
    let (kind, text) = form.split_once(':')?;
    let is_good = !chrono::format::StrftimeItems::new(text).any(|item| matches!(item, chrono::format::Item::Error));
    match kind {
        "strftime" if is_good => Some(Form::Strftime(text.to_owned())),
        "local" if is_good => Some(Form::Local(text.to_owned())),
        _ => None,
    }
}

fn push_value(text: &mut String, values: &Values, value: &Value, form: &Form, place: Place) -> Result<(), String> {
    let written = match (value, form) {
        (Value::Time(at), Form::Local(form)) => {
            let zone =
                values.get(ZONE).and_then(|zone| if let Value::Text(name) = zone { name.parse::<chrono_tz::Tz>().ok() } else { None });
            let zone = zone.ok_or("the platform's times are local: name its zone in the plan, source_tz = \"America/Sao_Paulo\"")?;
            at.utc().with_timezone(&zone).format(form).to_string()
        }
        (Value::Time(at), Form::EpochS) => at.second().to_string(),
        (Value::Time(at), Form::EpochMs) => at.ms().to_string(),
        (Value::Time(at), Form::Strftime(form)) => at.utc().format(form).to_string(),
        (Value::Time(at), _) => at.utc().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        (Value::Text(value), _) => value.clone(),
        (Value::Secret(value), _) => value.expose_secret().to_owned(),
    };
    match (form, place) {
        (Form::Number, _) => {
            let plain = !written.is_empty() && written.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'.');
            if !plain {
                return Err("a value that should be a number is none".into());
            }
            text.push_str(&written);
        }
        (Form::Raw, _) | (_, Place::Plain) => text.push_str(&written),
        (Form::Uri, _) => push_uri(text, &written),
        // what an address begins with is no part of a path
        (_, Place::Url) if text.is_empty() || text.ends_with("://") => text.push_str(written.trim_end_matches('/')),
        (_, Place::Url) => push_uri(text, &written),
        (_, Place::Json) => {
            let quoted = serde_json::to_string(&written).map_err(|error| error.to_string())?;
            text.push_str(&quoted[1..quoted.len() - 1]);
        }
    }
    Ok(())
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub fn push_uri(text: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            // writing into a String cannot fail
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

/// A JSON body with templates in its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonTemplate {
    /// JSON as it is: a number, true, false.
    Literal(String),
    Text(Template),
    List(Vec<JsonTemplate>),
    Object(Vec<(String, JsonTemplate)>),
}

impl JsonTemplate {
    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Literal(_) => Vec::new(),
            Self::Text(template) => vec![template],
            Self::List(list) => list.iter().flat_map(Self::templates).collect(),
            Self::Object(fields) => fields.iter().flat_map(|(_, value)| value.templates()).collect(),
        }
    }

    /// Fills it; a field whose optional value is missing is left out.
    ///
    /// # Errors
    /// With the name that has no value.
    pub fn fill(&self, values: &Values) -> Result<serde_json::Value, String> {
        Ok(match self {
            Self::Literal(text) => serde_json::from_str(text).map_err(|error| error.to_string())?,
            Self::Text(template) if template.is_number() => {
                serde_json::from_str(&template.fill(values, Place::Plain)?).map_err(|error| error.to_string())?
            }
            Self::Text(template) => template.fill(values, Place::Plain)?.into(),
            Self::List(list) => list.iter().map(|item| item.fill(values)).collect::<Result<Vec<_>, _>>()?.into(),
            Self::Object(fields) => {
                let mut object = serde_json::Map::new();
                for (name, value) in fields {
                    if !value.is_missing(values) {
                        object.insert(name.clone(), value.fill(values)?);
                    }
                }
                object.into()
            }
        })
    }

    fn is_missing(&self, values: &Values) -> bool {
        match self {
            Self::Text(template) => template.is_optional() && template.names().all(|name| values.get(name).is_none()),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let mut values = Values::default();
        values.set_text("base", "https://shop.example/");
        values.set_text("id", "a/b \"c\"");
        values.set("from", Value::Time(At::parse("2026-11-21T23:31:04.12Z", None).unwrap()));
        values.set("key", Value::Secret("hunter22".into()));
        values
    }

    fn fill(text: &str, place: Place) -> String {
        Template::parse(text).and_then(|t| t.fill(&values(), place)).unwrap_or_else(|e| e)
    }

    #[test]
    fn values_are_escaped_for_the_place_they_are_put_in() {
        assert_eq!(fill("{{base}}/x/{{id}}", Place::Url), "https://shop.example/x/a%2Fb%20%22c%22");
        assert_eq!(fill("\"{{id}}\"", Place::Json), r#""a/b \"c\"""#);
        assert_eq!(fill("Bearer {{ key }}", Place::Plain), "Bearer hunter22");
    }

    #[test]
    fn times_take_the_form_that_the_platform_wants() {
        assert_eq!(fill("{{from}} {{from|epoch_s}} {{from|epoch_ms}}", Place::Plain), "2026-11-21T23:31:04.120Z 1795303864 1795303864120");
        assert_eq!(fill("{{from|date}} {{from|strftime:%d-%m-%Y}}", Place::Plain), "2026-11-21 21-11-2026");
    }

    #[test]
    fn what_is_wrong_with_a_template_is_said() {
        for text in ["{{a", "{{}}", "{{a b}}", "{{a|nope}}", "{{a|strftime:%Q}}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
        assert_eq!(fill("{{nobody}}", Place::Plain), "there is no value for {{nobody}}");
        assert_eq!(fill("x{{nobody?}}y", Place::Plain), "xy");
    }

    #[test]
    fn a_json_body_leaves_out_what_is_missing() {
        let text = |t: &str| JsonTemplate::Text(Template::parse(t).unwrap());
        let body = JsonTemplate::Object(vec![
            ("after".into(), text("{{token?}}")),
            ("take".into(), JsonTemplate::Literal("100".into())),
            ("since".into(), text("{{from|number}}")),
            ("id".into(), text("{{id}}")),
        ]);
        assert_eq!(body.fill(&values()).unwrap_err(), "a value that should be a number is none");
        let mut values = values();
        values.set_text("from", "7");
        assert_eq!(body.fill(&values).unwrap().to_string(), r#"{"id":"a/b \"c\"","since":7,"take":100}"#);
    }

    #[test]
    fn secrets_are_taken_out_of_texts() {
        assert_eq!(values().redact("token hunter22 refused"), "token *** refused");
        assert_eq!(values().redact("what was said is cut at hunte"), "what was said is cut at ***");
        assert!(!format!("{:?}", values()).contains("hunter22"));
    }
}
