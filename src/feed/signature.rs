//! Is a delivery from who it says? Templated HMAC over the raw body, a shared header, or nothing but a refetch.
//!
//! Several signatures in one header and two active secrets are accepted, for secrets are rotated; comparison takes
//! the same time whatever differs; a time in the signature must be near ours.

mod signing;

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use ring::hmac;
use serde_json::value::RawValue;

use super::call;
use super::document::Section;
use super::template::{Place, Template, Values};
use crate::engine::time::At;

/// How a platform signs its deliveries.
#[derive(Clone, Debug)]
pub enum Signature {
    Hmac(Box<Hmac>),
    /// A header that holds a secret which only the platform knows.
    SharedHeader {
        header: String,
        secrets: Vec<Template>,
    },
    /// Nothing is signed: a delivery only names what to fetch, it brings no facts.
    Refetch,
    /// Nothing is signed and facts are taken: only on the machine itself.
    Open,
}

/// A keyed hash over parts of the delivery.
#[derive(Clone, Debug)]
pub struct Hmac {
    /// The first of these that there is counts.
    headers: Vec<String>,
    /// In front of the signature: `sha256=`.
    prefix: String,
    form: HeaderForm,
    algorithm: hmac::Algorithm,
    encoding: Encoding,
    /// `{{body}}`, `{{ts}}`, `{{h.header-name}}`, `{{q.parameter}}` and the feed's variables.
    message: Template,
    /// Of a body that is a list the platform may have signed the first element only.
    first_of_list: bool,
    secrets: Vec<Template>,
    /// The secret is text in base64 behind `whsec_`.
    secret_in_base64: bool,
    tolerance_s: u64,
    /// The header that holds the time, where it does not stand beside the signature.
    time_header: Option<String>,
}

/// How the header holds signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
enum HeaderForm {
    /// The whole value is one signature.
    Raw,
    /// `t=1,v1=aa,v1=bb`.
    Pairs { time: String, signature: String },
    /// `v1,aa v1,bb`.
    List { version: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Hex,
    HexUpper,
    Base64,
}

/// What arrived, as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Delivery {
    /// All values of a header.
    pub fn headers_named<'d>(&'d self, name: &'d str) -> impl Iterator<Item = &'d str> {
        self.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Why a delivery is not believed. It is answered with 401 and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disbelief {
    Unsigned,
    BadTime,
    Wrong,
    /// The feed itself lacks a value that the check needs.
    Unready,
}

impl Signature {
    /// Reads the `signature` table of a request.
    pub fn read(section: Section<'_>) -> Option<Self> {
        let kind = section.choice("kind", &[("hmac", 0), ("shared_header", 1), ("refetch", 2), ("open", 3)]);
        if !section.has("kind") {
            section.missing("kind", "one of: hmac, shared_header, refetch, open");
        }
        let signature = match kind {
            Some(0) => Hmac::read(&section).map(|hmac| Self::Hmac(Box::new(hmac))),
            Some(1) => {
                let header = section.required_text("header", "name the header that holds the secret").map(str::to_owned);
                let secrets = read_secrets(&section);
                header.map(|header| Self::SharedHeader { header, secrets })
            }
            Some(2) => Some(Self::Refetch),
            Some(_) => Some(Self::Open),
            None => None,
        };
        section.finish();
        signature
    }

    /// The templates in it, to check their names.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Hmac(hmac) => hmac.secrets.iter().chain([&hmac.message]).collect(),
            Self::SharedHeader { secrets, .. } => secrets.iter().collect(),
            Self::Refetch | Self::Open => Vec::new(),
        }
    }

    /// Checks a delivery that arrived at `now`.
    ///
    /// # Errors
    /// With why it is not believed.
    pub fn verify(&self, delivery: &Delivery, values: &Values, now: At) -> Result<(), Disbelief> {
        match self {
            Self::Hmac(hmac) => hmac.verify(delivery, values, now),
            Self::SharedHeader { header, secrets } => {
                let given = delivery.headers_named(header).next().ok_or(Disbelief::Unsigned)?;
                // hashes of equal length are compared, so that neither content nor length shows in the time
                let key = hmac::Key::new(hmac::HMAC_SHA256, header.as_bytes());
                let tag = hmac::sign(&key, given.as_bytes());
                let known = known_secrets(secrets, values)?;
                let right = known.iter().fold(false, |right, secret| right | hmac::verify(&key, secret.as_bytes(), tag.as_ref()).is_ok());
                if right { Ok(()) } else { Err(Disbelief::Wrong) }
            }
            Self::Refetch | Self::Open => Ok(()),
        }
    }
}

fn read_secrets(section: &Section<'_>) -> Vec<Template> {
    if !section.has("secret") {
        section.missing("secret", "give the secret's variable, as \"{{secret}}\"; two while it is rotated");
    }
    section.texts("secret").into_iter().filter_map(|text| call::template(section, "secret", text)).collect()
}

/// The secrets that have a value; the second one is often not set.
fn known_secrets(secrets: &[Template], values: &Values) -> Result<Vec<String>, Disbelief> {
    let known: Vec<String> =
        secrets.iter().filter_map(|secret| secret.fill(values, Place::Plain).ok()).filter(|text| !text.is_empty()).collect();
    if known.is_empty() { Err(Disbelief::Unready) } else { Ok(known) }
}

impl Hmac {
    fn read(section: &Section<'_>) -> Option<Self> {
        let headers: Vec<String> = section.texts("header").into_iter().map(str::to_owned).collect();
        if headers.is_empty() {
            section.missing("header", "name the header that holds the signature");
        }
        let first_of_list = section.flag("first_of_list").unwrap_or(false);
        let algorithm = section.choice("algorithm", &[("sha256", 0), ("sha1", 1), ("sha512", 2)]);
        let algorithm = match algorithm {
            Some(1) => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Some(2) => hmac::HMAC_SHA512,
            _ => hmac::HMAC_SHA256,
        };
        let encoding = section.choice("encoding", &[("hex", Encoding::Hex), ("HEX", Encoding::HexUpper), ("base64", Encoding::Base64)]);
        let text = |key: &str, usual: &str| section.text(key).unwrap_or(usual).to_owned();
        let form = match section.choice("form", &[("raw", 0), ("pairs", 1), ("list", 2)]) {
            Some(1) => HeaderForm::Pairs { time: text("time_key", "t"), signature: text("signature_key", "v1") },
            Some(2) => HeaderForm::List { version: text("signature_key", "v1") },
            _ => HeaderForm::Raw,
        };
        let message = section.text("message").unwrap_or("{{body}}");
        let message = call::template(section, "message", message);
        let tolerance_s = u64::from(section.count("tolerance_s", 1..=86_400).unwrap_or(300));
        let secret_in_base64 = section.flag("secret_in_base64").unwrap_or(false);
        Some(Self {
            prefix: text("prefix", ""),
            secrets: read_secrets(section),
            time_header: section.text("time_header").map(str::to_owned),
            headers: Some(headers).filter(|headers| !headers.is_empty())?,
            first_of_list,
            form,
            algorithm,
            encoding: encoding.unwrap_or(Encoding::Hex),
            message: message?,
            secret_in_base64,
            tolerance_s,
        })
    }

    fn verify(&self, delivery: &Delivery, values: &Values, now: At) -> Result<(), Disbelief> {
        let (mut ts, given) = self.taken_apart(delivery)?;
        if let Some(header) = &self.time_header {
            ts = Some(delivery.headers_named(header).next().ok_or(Disbelief::BadTime)?.to_owned());
        }
        if let Some(ts) = &ts {
            self.check_time(ts, now)?;
        }
        let ts = ts.unwrap_or_default();
        let first = Some(&delivery.body).filter(|_| self.first_of_list).and_then(|body| first_of(body));
        let bodies = [Some(&*delivery.body), first].into_iter().flatten();
        let messages = bodies.map(|body| self.message_of(delivery, body, values, &ts)).collect::<Result<Vec<_>, _>>()?;
        let known = known_secrets(&self.secrets, values)?;
        let mut right = false;
        for secret in &known {
            let key = hmac::Key::new(self.algorithm, &self.key_bytes(secret)?);
            for (tag, message) in given.iter().flat_map(|tag| messages.iter().map(move |message| (tag, message))) {
                right |= hmac::verify(&key, message, tag).is_ok();
            }
        }
        if right { Ok(()) } else { Err(Disbelief::Wrong) }
    }

    /// What is signed of a delivery.
    fn message_of(&self, delivery: &Delivery, body: &[u8], values: &Values, ts: &str) -> Result<Vec<u8>, Disbelief> {
        let mut values = values.clone();
        for (name, value) in &delivery.headers {
            values.set_text(format!("h.{name}"), value);
        }
        for (name, value) in &delivery.query {
            values.set_text(format!("q.{name}"), value);
        }
        values.set_text("ts", ts);
        self.message.fill_bytes(&values, "body", body).map_err(|_| Disbelief::Wrong)
    }

    /// The time and the signatures of the header.
    fn taken_apart(&self, delivery: &Delivery) -> Result<(Option<String>, Vec<Vec<u8>>), Disbelief> {
        let value = self.headers.iter().find_map(|header| delivery.headers_named(header).next()).ok_or(Disbelief::Unsigned)?;
        let mut ts = None;
        let mut texts: Vec<&str> = Vec::new();
        match &self.form {
            HeaderForm::Raw => texts.push(value),
            HeaderForm::Pairs { time, signature } => {
                for (name, value) in value.split([',', ';', '&']).filter_map(|pair| pair.trim().split_once('=')) {
                    if name == time && ts.is_none() {
                        ts = Some(value.to_owned());
                    } else if name == signature {
                        texts.push(value);
                    }
                }
                if ts.is_none() {
                    return Err(Disbelief::BadTime);
                }
            }
            HeaderForm::List { version } => {
                let named = value.split(' ').filter_map(|one| one.split_once(','));
                texts.extend(named.filter(|(name, _)| name == version).map(|(_, value)| value));
            }
        }
        let tags = texts.into_iter().filter_map(|text| self.decode(text.strip_prefix(self.prefix.as_str())?)).collect::<Vec<_>>();
        if tags.is_empty() { Err(Disbelief::Unsigned) } else { Ok((ts, tags)) }
    }

    /// One way to write each signature: a letter's case or a padding bit that differs is another text.
    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        match self.encoding {
            Encoding::Hex => HEXLOWER.decode(text.as_bytes()).ok(),
            Encoding::HexUpper => HEXUPPER.decode(text.as_bytes()).ok(),
            Encoding::Base64 => BASE64.decode(text.as_bytes()).ok(),
        }
    }

    fn key_bytes(&self, secret: &str) -> Result<Vec<u8>, Disbelief> {
        if !self.secret_in_base64 {
            return Ok(secret.as_bytes().to_vec());
        }
        BASE64.decode(secret.strip_prefix("whsec_").unwrap_or(secret).as_bytes()).map_err(|_| Disbelief::Unready)
    }

    /// Seconds or milliseconds since 1970 as plain digits, or RFC 3339, near our own time.
    fn check_time(&self, text: &str, now: At) -> Result<(), Disbelief> {
        let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'T' | b'Z' | b'.'));
        let at = Some(text).filter(|text| plain && !text.is_empty()).and_then(|text| At::parse(text, None)).ok_or(Disbelief::BadTime)?;
        // whole seconds are compared, as the platforms count them
        let apart = now.second().abs_diff(at.second());
        if apart <= self.tolerance_s { Ok(()) } else { Err(Disbelief::BadTime) }
    }
}

/// The first element of a list, as it stands there.
fn first_of(body: &[u8]) -> Option<&[u8]> {
    let list: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
    list.first().map(|first| first.get().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::*;

    fn read(text: &str) -> Signature {
        let document = Document::new("x", text);
        let table = document.parse().unwrap();
        let signature = Signature::read(Section::root(&document, &table));
        assert_eq!(document.take_problems(), []);
        signature.unwrap()
    }

    fn values() -> Values {
        let mut values = Values::default();
        values.set_text("secret", "s3cret");
        values.set_text("old", "0ld");
        values.set_text("app_key", "K");
        values
    }

    fn signed(key: &str, message: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), message)
    }

    fn delivery(header: &str, value: String, body: &[u8]) -> Delivery {
        Delivery { headers: vec![(header.to_lowercase(), value)], body: body.to_vec(), ..Delivery::default() }
    }

    fn now() -> At {
        At::from_ms(1_795_303_864_000)
    }

    #[test]
    fn every_bit_flip_of_signature_and_body_is_refused() {
        for (encoding, encode) in [("base64", &BASE64), ("hex", &HEXLOWER), ("HEX", &HEXUPPER)] {
            let signature = read(&format!(
                "kind = \"hmac\"\nheader = \"X-Sig\"\nencoding = \"{encoding}\"\nsecret = [\"{{{{secret}}}}\", \"{{{{old}}}}\", \"{{{{none}}}}\"]"
            ));
            let body = br#"{"id":1,"total":"129.90"}"#;
            for key in ["s3cret", "0ld"] {
                let text = encode.encode(signed(key, body).as_ref());
                let good = delivery("X-Sig", text.clone(), body);
                assert_eq!(signature.verify(&good, &values(), now()), Ok(()));
                for bit in 0..body.len() * 8 {
                    let mut bad = good.clone();
                    bad.body[bit / 8] ^= 1 << (bit % 8);
                    assert!(signature.verify(&bad, &values(), now()).is_err(), "body bit {bit}");
                }
                for bit in 0..text.len() * 8 {
                    let mut bytes = text.clone().into_bytes();
                    bytes[bit / 8] ^= 1 << (bit % 8);
                    let bad = delivery("X-Sig", String::from_utf8_lossy(&bytes).into_owned(), body);
                    assert!(signature.verify(&bad, &values(), now()).is_err(), "{encoding} bit {bit}");
                }
            }
        }
    }

    #[test]
    fn a_time_beyond_the_tolerance_is_refused_and_no_form_of_it_panics() {
        let signature = read(
            "kind = \"hmac\"\nheader = \"Stripe-Signature\"\nform = \"pairs\"\nmessage = \"{{ts}}.{{body}}\"\nsecret = \"{{secret}}\"",
        );
        let verify = |ts: &str| {
            let tag = HEXLOWER.encode(signed("s3cret", format!("{ts}.body").as_bytes()).as_ref());
            signature.verify(&delivery("Stripe-Signature", format!("t={ts},v1=00,v1={tag},v0=zz"), b"body"), &values(), now())
        };
        let second = now().second();
        for apart in [0, 300, -300] {
            assert_eq!(verify(&(second + apart).to_string()), Ok(()), "{apart}");
        }
        for apart in [301, -301] {
            assert_eq!(verify(&(second + apart).to_string()), Err(Disbelief::BadTime), "{apart}");
        }
        for text in ["", "1e9", "+1", " 1", "-9223372036854775808", "9223372036854775807", "99999999999999999999", "12", "\u{661}"] {
            assert_eq!(verify(text), Err(Disbelief::BadTime), "{text}");
        }
    }

    #[test]
    fn the_message_may_be_made_of_headers_query_and_variables() {
        let body = b"raw";
        let tiktok = read("kind = \"hmac\"\nheader = \"Authorization\"\nmessage = \"{{app_key}}{{body}}\"\nsecret = \"{{secret}}\"");
        let tag = HEXLOWER.encode(signed("s3cret", b"Kraw").as_ref());
        assert_eq!(tiktok.verify(&delivery("Authorization", tag, body), &values(), now()), Ok(()));
        let mercado = read(
            "kind = \"hmac\"\nheader = \"x-signature\"\nform = \"pairs\"\ntime_key = \"ts\"\nmessage = \"id:{{q.data.id}};request-id:{{h.x-request-id}};ts:{{ts}};\"\nsecret = \"{{secret}}\"",
        );
        let ts = now().second();
        let tag = HEXLOWER.encode(signed("s3cret", format!("id:123;request-id:r1;ts:{ts};").as_bytes()).as_ref());
        let mut good = delivery("x-signature", format!("ts={ts},v1={tag}"), body);
        good.headers.push(("x-request-id".into(), "r1".into()));
        good.query.push(("data.id".into(), "123".into()));
        assert_eq!(mercado.verify(&good, &values(), now()), Ok(()));
        good.query[0].1 = "124".into();
        assert_eq!(mercado.verify(&good, &values(), now()), Err(Disbelief::Wrong));
    }

    #[test]
    fn a_shared_header_and_a_list_of_signatures() {
        let shared = read("kind = \"shared_header\"\nheader = \"x-key\"\nsecret = \"{{secret}}\"");
        assert_eq!(shared.verify(&delivery("x-key", "s3cret".into(), b""), &values(), now()), Ok(()));
        assert_eq!(shared.verify(&delivery("x-key", "s3creT".into(), b""), &values(), now()), Err(Disbelief::Wrong));
        assert_eq!(shared.verify(&Delivery::default(), &values(), now()), Err(Disbelief::Unsigned));
        let listed = read(
            "kind = \"hmac\"\nheader = \"webhook-signature\"\nform = \"list\"\nencoding = \"base64\"\ntime_header = \"webhook-timestamp\"\nmessage = \"{{h.webhook-id}}.{{ts}}.{{body}}\"\nsecret = \"{{secret}}\"",
        );
        let ts = now().second();
        let tag = BASE64.encode(signed("s3cret", format!("m1.{ts}.x").as_bytes()).as_ref());
        let mut good = delivery("webhook-signature", format!("v1,AAAA v1,{tag}"), b"x");
        good.headers.extend([("webhook-id".into(), "m1".into()), ("webhook-timestamp".into(), ts.to_string())]);
        assert_eq!(listed.verify(&good, &values(), now()), Ok(()));
    }

    #[test]
    fn of_a_list_the_first_element_may_be_signed_where_the_platform_does_so_and_of_several_headers_the_first_counts() {
        let text = "kind = \"hmac\"\nheader = [\"X-Whole\", \"X-First\"]\nsecret = \"{{secret}}\"";
        let (strict, lenient) = (read(text), read(&format!("{text}\nfirst_of_list = true")));
        let sign = |message: &str| HEXLOWER.encode(signed("s3cret", message.as_bytes()).as_ref());
        let body = r#"[{"b":1,"a":1.50},{"b":2}]"#;
        let first = delivery("X-First", sign(r#"{"b":1,"a":1.50}"#), body.as_bytes());
        assert_eq!((strict.verify(&first, &values(), now()), lenient.verify(&first, &values(), now())), (Err(Disbelief::Wrong), Ok(())));
        let mut whole = delivery("X-Whole", sign(body), body.as_bytes());
        assert_eq!((strict.verify(&whole, &values(), now()), lenient.verify(&whole, &values(), now())), (Ok(()), Ok(())));
        let second = delivery("X-First", sign(r#"{"b":2}"#), body.as_bytes());
        assert_eq!(lenient.verify(&second, &values(), now()), Err(Disbelief::Wrong));
        whole.headers[0].1 = sign("x");
        whole.headers.extend(first.headers);
        assert_eq!(lenient.verify(&whole, &values(), now()), Err(Disbelief::Wrong), "the header of the whole body is there");
    }

    #[test]
    fn without_a_secret_nothing_is_believed() {
        let signature = read("kind = \"hmac\"\nheader = \"X-Sig\"\nsecret = \"{{none}}\"");
        let tag = HEXLOWER.encode(signed("", b"x").as_ref());
        assert_eq!(signature.verify(&delivery("X-Sig", tag, b"x"), &values(), now()), Err(Disbelief::Unready));
    }
}
