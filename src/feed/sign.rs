//! Requests signed by a template: one implementation for every platform that wants an HMAC over parts of the request.

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use ring::hmac;

use super::call::{self, Filled};
use super::document::Section;
use super::template::{Place, Template, Values};

/// How requests are signed.
#[derive(Clone, Debug)]
pub struct Sign {
    key: Template,
    /// `{{key}}`, `{{path}}`, `{{params}}` (sorted names and values, one after the other), `{{body}}`, `{{q.NAME}}` and the feed's variables.
    message: Template,
    /// Parameters that are not part of `{{params}}`.
    exclude: Vec<String>,
    /// Taken off the beginning of the path.
    strip: String,
    encoding: Encoding,
    put: Put,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Hex,
    HexUpper,
    Base64,
}

/// Where the signature goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Put {
    Query(String),
    Header(String),
}

impl Sign {
    /// Reads the `auth.sign` table.
    pub fn read(section: &Section<'_>) -> Option<Self> {
        let part = |key: &str, remedy: &str| section.required_text(key, remedy).and_then(|text| call::template(section, key, text));
        let key = part("key", "give the secret's variable, as \"{{app_secret}}\"");
        let message = part("message", "give the template of what is signed");
        let exclude = section.texts("exclude").into_iter().map(str::to_owned).collect();
        let strip = section.text("strip").unwrap_or_default().to_owned();
        let encodings = [("hex", Encoding::Hex), ("HEX", Encoding::HexUpper), ("base64", Encoding::Base64)];
        let encoding = section.choice("encoding", &encodings).unwrap_or(Encoding::Hex);
        let put = match section.text("put").unwrap_or("query:sign").split_once(':') {
            Some(("query", name)) => Put::Query(name.to_owned()),
            Some(("header", name)) => Put::Header(name.to_owned()),
            _ => {
                section.wrong("put", "says neither query nor header", "write \"query:sign\" or \"header:X-Sign\"");
                return None;
            }
        };
        Some(Self { key: key?, message: message?, exclude, strip, encoding, put })
    }

    pub fn templates(&self) -> [&Template; 2] {
        [&self.key, &self.message]
    }

    /// Signs a request that is otherwise whole.
    ///
    /// # Errors
    /// With what is missing.
    pub fn apply(&self, filled: &mut Filled, values: &Values) -> Result<(), String> {
        let key = self.key.fill(values, Place::Plain)?;
        let mut pairs: Vec<(String, String)> =
            filled.url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let mut values = values.clone();
        for (name, value) in &pairs {
            values.set_text(format!("q.{name}"), value);
        }
        pairs.retain(|(name, _)| !self.exclude.contains(name));
        pairs.sort();
        values.set_text("params", pairs.iter().map(|(name, value)| format!("{name}{value}")).collect::<String>());
        let path = filled.url.path();
        values.set_text("path", path.strip_prefix(self.strip.as_str()).unwrap_or(path));
        values.set("key", super::template::Value::Secret(key.clone().into()));
        let body = filled.body.as_deref().unwrap_or_default();
        let message = self.message.fill_bytes(&values, "body", body)?;
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), &message);
        let text = match self.encoding {
            Encoding::Hex => HEXLOWER.encode(tag.as_ref()),
            Encoding::HexUpper => HEXUPPER.encode(tag.as_ref()),
            Encoding::Base64 => BASE64.encode(tag.as_ref()),
        };
        match &self.put {
            Put::Query(name) => {
                filled.url.query_pairs_mut().append_pair(name, &text);
            }
            Put::Header(name) => filled.headers.push((name.clone(), text)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::*;

    fn signature(text: &str, url: &str, body: Option<&str>) -> String {
        let document = Document::new("x", text);
        let table = document.parse().unwrap();
        let sign = Sign::read(&Section::root(&document, &table)).unwrap();
        let mut values = Values::default();
        values.set_text("secret", "s");
        let mut filled = Filled {
            method: reqwest::Method::POST,
            url: reqwest::Url::parse(url).unwrap(),
            headers: Vec::new(),
            body: body.map(|text| text.as_bytes().to_vec()),
        };
        sign.apply(&mut filled, &values).unwrap();
        filled.url.query_pairs().find(|(name, _)| name == "sign").unwrap().1.into_owned()
    }

    fn expected(message: &str) -> String {
        HEXLOWER.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"s"), message.as_bytes()).as_ref())
    }

    #[test]
    fn three_marketplaces_are_one_template_each() {
        let tiktok = "key = \"{{secret}}\"\nmessage = \"{{key}}{{path}}{{params}}{{body}}{{key}}\"\nexclude = [\"sign\", \"access_token\"]";
        let url = "https://x/order/202309/orders/search?timestamp=1&app_key=k&access_token=t";
        assert_eq!(signature(tiktok, url, Some("{}")), expected("s/order/202309/orders/searchapp_keyktimestamp1{}s"));
        let shopee =
            "key = \"{{secret}}\"\nmessage = \"{{q.partner_id}}{{path}}{{q.timestamp}}{{q.access_token}}{{q.shop_id?}}{{q.user_id?}}\"";
        let url = "https://x/api/v2/order/get_order_list?partner_id=1&timestamp=2&access_token=3&shop_id=4";
        assert_eq!(signature(shopee, url, None), expected("1/api/v2/order/get_order_list234"));
        let url = "https://x/api/v2/livestream/get_show_item?partner_id=1&timestamp=2&access_token=3&user_id=5";
        assert_eq!(signature(shopee, url, None), expected("1/api/v2/livestream/get_show_item235"));
        let lazada = "key = \"{{secret}}\"\nmessage = \"{{path}}{{params}}\"\nstrip = \"/rest\"\nencoding = \"HEX\"";
        assert_eq!(signature(lazada, "https://x/rest/orders/get?b=2&a=1", None), expected("/orders/geta1b2").to_uppercase());
    }
}
