//! One HTTP call as a platform file describes it: method and templates of URL, query, headers and body.

use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::document::Section;
use super::filter::Filter;
use super::quota::Rank;
use super::template::{JsonTemplate, Place, Template, Values};

/// The templates of a call.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: reqwest::Method,
    pub url: Template,
    pub query: Vec<(String, Template)>,
    pub headers: Vec<(String, Template)>,
    pub body: Body,
    /// Units of the platform's quota that it costs, and what it is for.
    pub cost: u32,
    pub rank: Rank,
    /// Seconds to wait where an error of the platform says "too many requests".
    pub throttled: Option<Filter>,
    /// What stands for an error of the platform that is none, as "nothing there": its answer, as JSON.
    pub instead: Option<Filter>,
    /// So long the platform may keep the answer back until it has something to say: a long poll.
    pub holds: Duration,
}

/// What a call sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    Empty,
    /// Text with values escaped as in JSON.
    Text(Template),
    Json(JsonTemplate),
    Form(Vec<(String, Template)>),
}

/// A call with every value put in.
#[derive(Clone, Debug)]
pub struct Filled {
    pub method: reqwest::Method,
    /// With the query.
    pub url: reqwest::Url,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

impl Call {
    /// Reads the fields of a call that stand in `section`.
    pub fn read(section: &Section<'_>) -> Option<Self> {
        let method = section
            .choice(
                "method",
                &[("GET", reqwest::Method::GET), ("POST", reqwest::Method::POST), ("PUT", reqwest::Method::PUT)]
                    .each_ref()
                    .map(|(n, m)| (*n, m)),
            )
            .cloned();
        let url = section.required_text("url", "give the address, as \"{{base}}/path\"");
        let url = url.and_then(|text| template(section, "url", text));
        let query = section.section("query").map(|query| templates(&query)).unwrap_or_default();
        let headers = section.section("headers").map(|headers| templates(&headers)).unwrap_or_default();
        let body = read_body(section);
        let method = method.unwrap_or(if body == Body::Empty { reqwest::Method::GET } else { reqwest::Method::POST });
        let cost = section.count("cost", 1..=100_000).unwrap_or(1);
        Some(Self {
            method,
            url: url?,
            query,
            headers,
            body,
            cost,
            rank: Rank::default(),
            throttled: None,
            instead: None,
            holds: Duration::ZERO,
        })
    }

    /// True for the same call of a platform file: it asks for the same, whatever the values.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.method, &self.url, &self.query, &self.body) == (&other.method, &other.url, &other.query, &other.body)
    }

    /// Every template of the call.
    pub fn templates(&self) -> Vec<&Template> {
        let mut all = vec![&self.url];
        all.extend(self.query.iter().chain(&self.headers).map(|(_, template)| template));
        match &self.body {
            Body::Empty => {}
            Body::Text(template) => all.push(template),
            Body::Json(json) => all.extend(json.templates()),
            Body::Form(fields) => all.extend(fields.iter().map(|(_, template)| template)),
        }
        all
    }

    /// Puts the values in. A query parameter that comes out empty is left out.
    ///
    /// # Errors
    /// With what is missing or no address.
    pub fn fill(&self, values: &Values) -> Result<Filled, String> {
        let text = self.url.fill(values, Place::Url)?;
        let mut url = reqwest::Url::parse(&text).map_err(|error| format!("the address is none: {error}"))?;
        add_query(&mut url, &self.query, values)?;
        let mut headers = Vec::new();
        for (name, template) in &self.headers {
            headers.push((name.clone(), template.fill(values, Place::Plain)?));
        }
        let (body, kind) = match &self.body {
            Body::Empty => (None, ""),
            Body::Text(template) => (Some(template.fill(values, Place::Json)?.into_bytes()), "application/json"),
            Body::Json(json) => (Some(json.fill(values)?.to_string().into_bytes()), "application/json"),
            Body::Form(fields) => (Some(form(fields, values)?), "application/x-www-form-urlencoded"),
        };
        if body.is_some() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("content-type".into(), kind.into()));
        }
        Ok(Filled { method: self.method.clone(), url, headers, body })
    }
}

/// Adds the filled parameters to the URL's query.
///
/// # Errors
/// With what is missing.
pub fn add_query(url: &mut reqwest::Url, query: &[(String, Template)], values: &Values) -> Result<(), String> {
    for (name, template) in query {
        let value = template.fill(values, Place::Plain)?;
        if !value.is_empty() {
            url.query_pairs_mut().append_pair(name, &value);
        }
    }
    Ok(())
}

fn form(fields: &[(String, Template)], values: &Values) -> Result<Vec<u8>, String> {
    let mut text = String::new();
    for (name, template) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        super::template::push_uri(&mut text, name);
        text.push('=');
        super::template::push_uri(&mut text, &template.fill(values, Place::Plain)?);
    }
    Ok(text.into_bytes())
}

/// A template, or the problem noted.
pub fn template(section: &Section<'_>, key: &str, text: &str) -> Option<Template> {
    Template::parse(text).map_err(|error| section.wrong(key, error, "write values as {{name}}")).ok()
}

/// A table of templates.
pub fn templates(section: &Section<'_>) -> Vec<(String, Template)> {
    let mut list = Vec::new();
    for (name, value) in section.entries() {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            _ => {
                section.wrong(name, "is not text", "give text");
                continue;
            }
        };
        if let Some(template) = template(section, name, &text) {
            list.push((name.to_owned(), template));
        }
    }
    list
}

fn read_body(section: &Section<'_>) -> Body {
    let form = section.section("form").map(|form| templates(&form));
    let body = section.value("body");
    match (body, form) {
        (None, None) => Body::Empty,
        (None, Some(fields)) => Body::Form(fields),
        (Some(_), Some(_)) => {
            section.wrong("body", "and `form` are both given", "keep one of them");
            Body::Empty
        }
        (Some(body), None) => match body.get_ref() {
            DeValue::String(text) => template(section, "body", text).map_or(Body::Empty, Body::Text),
            _ => json_template(section, body).map_or(Body::Empty, Body::Json),
        },
    }
}

fn json_template(section: &Section<'_>, value: &Spanned<DeValue<'_>>) -> Option<JsonTemplate> {
    let wrong = |what: String, remedy: &str| section.document().note(value.span(), format!("`{}` {what}", section.name_of("body")), remedy);
    Some(match value.get_ref() {
        DeValue::String(text) => match Template::parse(text) {
            Ok(template) => JsonTemplate::Text(template),
            Err(error) => {
                wrong(error, "write values as {{name}}");
                return None;
            }
        },
        DeValue::Integer(number) => JsonTemplate::Literal(number.as_str().to_owned()),
        DeValue::Float(number) => JsonTemplate::Literal(number.as_str().to_owned()),
        DeValue::Boolean(flag) => JsonTemplate::Literal(flag.to_string()),
        DeValue::Array(list) => JsonTemplate::List(list.iter().filter_map(|item| json_template(section, item)).collect()),
        DeValue::Table(table) => {
            let fields = table.iter().filter_map(|(key, value)| Some((key.get_ref().to_string(), json_template(section, value)?)));
            JsonTemplate::Object(fields.collect())
        }
        DeValue::Datetime(_) => {
            wrong("holds a date".into(), "write it as text");
            return None;
        }
    })
}
