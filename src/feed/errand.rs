//! Errands: what the shop's own automation is asked to do once an act was logged. Off unless the plan names one for the kind.
//!
//! ```toml
//! [actions.cart_rescue]
//! url = "https://shop.example/hooks/rescue"
//! headers = { authorization = "Bearer {{token}}" }
//! secrets = { token = { env = "RESCUE_TOKEN" }, key = { file = "rescue.key" } }
//! sign = { key = "{{key}}", message = "{{now|epoch_s}}.{{body}}", put = "header:X-Signature" }
//! ```
//!
//! Without a `body` a JSON object goes out: id, kind, live, at, sku, parameters, count and the orders that it is about. Templates
//! may use `{{id}}` `{{kind}}` `{{live}}` `{{now}}` `{{sku?}}` `{{count}}` `{{orders}}`, the act's parameters as `{{p.NAME?}}`
//! and the secrets. The act's id goes along as `Idempotency-Key`; nothing is ever sent twice by itself.

use std::path::Path;

use secrecy::SecretString;

use super::account::Environment;
use super::call::{Body, Call, Filled};
use super::document::{Document, Problem, Section};
use super::http::is_near;
use super::secret;
use super::sign::Sign;
use super::template::{Value, Values};
use crate::engine::event::{InterventionKind, Parameters};
use crate::engine::time::At;

/// The call of one kind of act.
#[derive(Clone, Debug)]
pub struct Errand {
    pub kind: InterventionKind,
    call: Call,
    sign: Option<Sign>,
    secrets: Values,
}

/// What is to be done: an act that was logged, and the orders that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Commission {
    pub id: String,
    pub kind: InterventionKind,
    pub live: String,
    pub at: At,
    pub sku: Option<String>,
    pub parameters: Parameters,
    pub orders: Vec<String>,
}

impl Errand {
    /// Reads the `[actions.KIND]` tables of a plan.
    ///
    /// # Errors
    /// With everything that is wrong with them.
    pub fn read_all(file: &str, text: &str, environment: Environment<'_>) -> Result<Vec<Self>, Vec<Problem>> {
        let document = Document::new(file, text);
        let Some(table) = document.parse() else { return Err(document.take_problems()) };
        let root = Section::root(&document, &table);
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        let mut errands = Vec::new();
        if let Some(actions) = root.section("actions") {
            for (name, _) in actions.entries() {
                let Some(section) = actions.section(name) else { continue };
                match InterventionKind::parse(name) {
                    Some(kind) => errands.extend(Self::read(kind, &section, folder, environment)),
                    None => {
                        let known = InterventionKind::ALL.map(InterventionKind::id).join(" ");
                        actions.wrong(name, "is no kind of act", format!("name one of: {known}"));
                        // what an act of no kind asks for cannot be judged
                        section.entries();
                    }
                }
                section.finish();
            }
        }
        let problems = document.take_problems();
        if problems.is_empty() { Ok(errands) } else { Err(problems) }
    }

    fn read(kind: InterventionKind, section: &Section<'_>, folder: &Path, environment: Environment<'_>) -> Option<Self> {
        let mut secrets = Values::default();
        if let Some(named) = section.section("secrets") {
            for (name, _) in named.entries() {
                if let Some((text, _)) = secret::indirect(&named, name, &format!("the action `{}`", kind.id()), folder, environment) {
                    secrets.set(name, Value::Secret(SecretString::from(text)));
                }
            }
        }
        let mut call = Call::read(section)?;
        if !section.has("method") {
            call.method = reqwest::Method::POST;
        }
        let sign = match section.section("sign") {
            Some(table) => {
                let sign = Sign::read(&table);
                table.finish();
                Some(sign?)
            }
            None => None,
        };
        let errand = Self { kind, call, sign, secrets };
        if let Err(why) = errand.fill(&Commission::example(kind)) {
            section.wrong("url", format!("makes a call that cannot be sent: {why}"), "use the names that the plan's comments list");
            return None;
        }
        Some(errand)
    }

    /// The call for a commission, signed.
    ///
    /// # Errors
    /// With what is missing, or where the address is not safe.
    pub fn fill(&self, commission: &Commission) -> Result<Filled, String> {
        let values = self.values(commission);
        let mut filled = self.call.fill(&values)?;
        if filled.url.scheme() != "https" && !is_near(&filled.url) {
            return Err("the address is not https; only this machine itself may be called without".to_owned());
        }
        if self.call.body == Body::Empty && filled.method != reqwest::Method::GET {
            filled.body = Some(commission.json().into_bytes());
            filled.headers.push(("content-type".into(), "application/json".into()));
        }
        filled.headers.push(("idempotency-key".into(), format!("{}/{}", commission.live, commission.id)));
        if let Some(sign) = &self.sign {
            sign.apply(&mut filled, &values)?;
        }
        Ok(filled)
    }

    fn values(&self, commission: &Commission) -> Values {
        let mut values = self.secrets.clone();
        values.set_text("id", &commission.id);
        values.set_text("kind", commission.kind.id());
        values.set_text("live", &commission.live);
        values.set("now", Value::Time(commission.at));
        values.set_text("count", commission.orders.len().to_string());
        values.set_text("orders", commission.orders.join(","));
        if let Some(sku) = &commission.sku {
            values.set_text("sku", sku);
        }
        for (name, value) in &commission.parameters {
            values.set_text(format!("p.{name}"), value);
        }
        values
    }

    /// Takes the secrets out of what an answer says.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        self.secrets.redact(text)
    }
}

impl Commission {
    /// What the templates are tried with when they are read.
    fn example(kind: InterventionKind) -> Self {
        Self {
            id: "desk-1".into(),
            kind,
            live: "live".into(),
            at: At::default(),
            sku: None,
            parameters: Parameters::default(),
            orders: vec!["1".into()],
        }
    }

    /// What goes out where the plan gives no body.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::json!({
            "id": self.id,
            "kind": self.kind.id(),
            "live": self.live,
            "at": self.at,
            "sku": self.sku,
            "parameters": self.parameters,
            "count": self.orders.len(),
            "orders": self.orders,
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Errand>, String> {
        let environment = |name: &str| (name == "KEY").then(|| "hunter22".to_owned());
        Errand::read_all("plan.toml", text, &environment)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn a_call_is_filled_and_signed_and_no_secret_is_shown() {
        let text = r#"[actions.cart_rescue]
url = "http://127.0.0.1:9/{{kind}}"
headers = { authorization = "Bearer {{key}}" }
secrets = { key = { env = "KEY" } }
sign = { key = "{{key}}", message = "{{now|epoch_s}}.{{body}}", put = "header:X-Signature" }
"#;
        let errand = read(text).unwrap().remove(0);
        assert!(!format!("{errand:?}").contains("hunter22"));
        let commission = Commission { orders: vec!["a".into(), "b".into()], ..Commission::example(InterventionKind::CartRescue) };
        let filled = errand.fill(&commission).unwrap();
        let header = |name: &str| filled.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!((filled.method.as_str(), filled.url.path()), ("POST", "/cart_rescue"));
        assert_eq!((header("authorization"), header("idempotency-key")), (Some("Bearer hunter22"), Some("live/desk-1")));
        assert_eq!(header("X-Signature").map(str::len), Some(64));
        let body: serde_json::Value = serde_json::from_slice(filled.body.as_deref().unwrap()).unwrap();
        assert_eq!((body["count"].as_u64(), body["orders"][1].as_str()), (Some(2), Some("b")));
        assert_eq!(errand.redact("hunter22 refused"), "*** refused");
    }

    #[test]
    fn what_cannot_be_sent_safely_is_told_when_the_plan_is_read() {
        let wrong = |text: &str| read(text).unwrap_err();
        assert!(wrong("[actions.rescue]\nurl = \"https://x.example\"\n").contains("cart_rescue"));
        assert!(wrong("[actions.cart_rescue]\nurl = \"http://x.example\"\n").contains("not https"));
        assert!(wrong("[actions.cart_rescue]\nurl = \"https://x.example/{{nobody}}\"\n").contains("nobody"));
        assert!(
            wrong("[actions.cart_rescue]\nurl = \"https://x.example\"\nsecrets = { key = { env = \"NOT_SET\" } }\n").contains("NOT_SET")
        );
        assert!(read("name = \"x\"\n").unwrap().is_empty());
    }
}
