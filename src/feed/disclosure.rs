//! What a peer hands out unasked: tokens, passwords and keys in its own payloads, kept from whoever looks at a feed.
//!
//! They are known by exact names, in any case and however the words are joined, and by their shape: a JWT, a private key in PEM,
//! a Bearer value. A name that merely contains "token" is no such name: a cart's `token` is an id that mappings need.

use std::ops::Range;

use serde_json::Value;

use super::account::Account;
pub use super::veil::HIDDEN;
use super::veil::{Veil, encoded};

/// Names whose values are secrets, without what joins their words.
const NAMES: [&str; 44] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "apisecret",
    "apitoken",
    "appaccesstoken",
    "appsecret",
    "authorization",
    "authtoken",
    "bearer",
    "bearertoken",
    "clientsecret",
    "consumersecret",
    "cookie",
    "customeraccesstoken",
    "devicetoken",
    "idtoken",
    "oauthtoken",
    "oauthtokensecret",
    "pageaccesstoken",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "proxyauthorization",
    "refreshtoken",
    "secret",
    "secretaccesskey",
    "secretkey",
    "sessionkey",
    "sessiontoken",
    "setcookie",
    "sharedsecret",
    "signingkey",
    "signingsecret",
    "storefrontaccesstoken",
    "streamkey",
    "useraccesstoken",
    "webhooksecret",
    "xaccesstoken",
    "xapikey",
    "xauthtoken",
    "xshopaccesstoken",
    "xshopifyaccesstoken",
];
/// Names whose values reach to the end of their line.
const WHOLE_LINES: [&str; 4] = ["authorization", "cookie", "proxyauthorization", "setcookie"];
/// Shorter and longer ones are hidden where they stand, but not looked for elsewhere.
const SOUGHT_BYTES: std::ops::RangeInclusive<usize> = 6..=16 << 10;
/// Secrets that are looked for wherever they turn up.
const MOST_KNOWN: usize = 256;
/// Shortest value behind "Bearer", and shortest part of a token: less is a word of a sentence.
const SHORTEST: usize = 8;

/// Names that say too little: a cart has a token too.
const VAGUE: [&str; 6] = ["token", "id", "key", "value", "data", "result"];

/// The secrets of some payloads, to be taken out of all that is said about them.
#[derive(Debug, Default)]
pub struct Disclosure {
    known: Vec<String>,
    /// Names that the platform file gives to tokens, without what joins their words.
    names: Vec<String>,
}

impl Disclosure {
    /// Knows under which names the account's platform gives tokens.
    #[must_use]
    pub fn of(account: &Account) -> Self {
        let given = account.auth.login.iter().flat_map(|login| &login.names);
        let names = given.map(|name| plain(name)).filter(|name| !VAGUE.contains(&name.as_str())).collect();
        Self { known: Vec::new(), names }
    }

    /// Knows the account's own secrets too, however they are encoded.
    #[must_use]
    pub fn with_secrets_of(mut self, account: &Account) -> Self {
        account.values.secrets().flat_map(encoded).for_each(|form| self.keep(&form));
        self
    }

    /// Learns the secrets of a payload: a filter may copy them to where no name tells what they are.
    pub fn learn(&mut self, payload: &str) {
        match serde_json::from_str(payload) {
            Ok(value) => self.walk(&value),
            Err(_) => self.look(payload),
        }
    }

    fn walk(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.look(text),
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(pairs) => {
                let label = ["name", "key"].into_iter().filter_map(|key| pairs.get(key)?.as_str());
                let labelled = label.filter(|label| self.is_secret(label)).count() > 0;
                for (name, value) in pairs {
                    if self.is_secret(name) || labelled && name == "value" { self.take(value) } else { self.walk(value) }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// All texts below a name that tells of a secret.
    fn take(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                self.keep(text);
                self.look(text);
            }
            Value::Array(items) => items.iter().for_each(|item| self.take(item)),
            Value::Object(pairs) => pairs.values().for_each(|value| self.take(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// True for a name whose value is a secret.
    fn is_secret(&self, name: &str) -> bool {
        is_named(&plain(name), &self.names)
    }

    fn look(&mut self, text: &str) {
        for span in spans(text, &self.names) {
            self.keep(&text[span.value]);
        }
    }

    fn keep(&mut self, secret: &str) {
        let new = SOUGHT_BYTES.contains(&secret.len()) && !self.known.iter().any(|known| known == secret);
        if new && self.known.len() < MOST_KNOWN {
            self.known.push(secret.to_owned());
        }
    }

    /// A text without these secrets, and without what its own names and shapes tell to be one.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let mut hidden = String::with_capacity(text.len());
        let mut at = 0;
        for Span { value, quote } in spans(text, &self.names) {
            hidden.push_str(&text[at..value.start]);
            hidden.push_str(quote);
            hidden.push_str(HIDDEN);
            hidden.push_str(quote);
            at = value.end;
        }
        hidden.push_str(&text[at..]);
        Veil::over(self.known.iter().map(String::as_str)).hide(&hidden)
    }
}

/// The names that a filter ends its paths with: `.result.ticket // .["x-ticket"]`.
#[must_use]
pub fn names_of(filter: &str) -> Vec<String> {
    let begins = filter.match_indices(['.', '[']).map(|(at, sign)| filter[at + sign.len()..].trim_start_matches('"'));
    let named = begins.filter_map(|rest| {
        let length = run(rest, joins);
        let goes_on = rest[length..].trim_start_matches(['"', ']', '?']).starts_with(['.', '[']);
        (length > 0 && !goes_on).then(|| rest[..length].to_owned())
    });
    named.collect()
}

/// True for a plain name that all know, or that is one of `more`.
fn is_named(name: &str, more: &[String]) -> bool {
    NAMES.contains(&name) || more.iter().any(|known| known == name)
}

/// A name without what joins its words.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Where a secret stands in a text.
struct Span<'t> {
    value: Range<usize>,
    /// What must stand around the marker, so that JSON stays JSON.
    quote: &'t str,
}

const fn joins(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// The length of the beginning whose characters are all such.
fn run(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// All secrets of a text, in their order: by their shape, and under a name that all know or that is one of `more`.
fn spans<'t>(text: &'t str, more: &[String]) -> Vec<Span<'t>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(start) = text[at..].find(joins).map(|skipped| at + skipped) {
        let word = &text[start..start + run(&text[start..], joins)];
        let shape = of_shape(&text[start..], word).map(|range| Span { value: start + range.start..start + range.end, quote: "" });
        let end = start + word.len();
        let span = shape.or_else(|| {
            let name = plain(word);
            let tagged = text[..start].ends_with('<');
            let named = is_named(&name, more).then(|| of_name(&text[end..], &name, tagged)).flatten();
            named.map(|Span { value, quote }| Span { value: end + value.start..end + value.end, quote })
        });
        at = span.as_ref().map_or(end, |span| span.value.end.max(end));
        found.extend(span);
    }
    found
}

/// A secret that shows by its shape, where `text` begins with this word.
fn of_shape(text: &str, word: &str) -> Option<Range<usize>> {
    if word.starts_with("eyJ") {
        let second = text[word.len()..].strip_prefix('.')?;
        let third = second[run(second, joins)..].strip_prefix('.')?;
        let whole = word.len() >= SHORTEST && second.len() - third.len() > SHORTEST;
        return whole.then(|| 0..text.len() - third.len() + run(third, |c| joins(c) || c == '.'));
    }
    if let Some(header) = text.strip_prefix("-----BEGIN ") {
        let label = &header[..run(header, |c| c.is_ascii_uppercase() || c == ' ')];
        if !label.ends_with("PRIVATE KEY") {
            return None;
        }
        let body = &text[..run(text, |c| c != '"')];
        let end = body.find("-----END").and_then(|end| Some(end + 8 + body[end + 8..].find("-----")? + 5));
        return Some(0..end.unwrap_or(body.len()));
    }
    if word.eq_ignore_ascii_case("bearer") {
        let rest = &text[word.len()..];
        let gap = run(rest, |c| c == ' ');
        let token = run(&rest[gap..], |c| joins(c) || matches!(c, '.' | '~' | '+' | '/' | '='));
        return (gap > 0 && token >= SHORTEST).then_some(word.len() + gap..word.len() + gap + token);
    }
    None
}

/// The value behind a name; `text` begins behind the name.
fn of_name<'t>(text: &'t str, name: &str, tagged: bool) -> Option<Span<'t>> {
    if tagged && text.starts_with('>') {
        let end = 1 + text[1..].find('<').unwrap_or(text.len() - 1);
        return (end > 1).then_some(Span { value: 1..end, quote: "" });
    }
    let quote = quote_of(text);
    let mut at = quote.len();
    at += run(&text[at..], |c| c.is_ascii_whitespace());
    at += ["=>", ":", "="].into_iter().find(|sign| text[at..].starts_with(sign))?.len();
    at += run(&text[at..], |c| c.is_ascii_whitespace());
    let rest = &text[at..];
    let opening = quote_of(rest);
    if !opening.is_empty() {
        let start = at + opening.len();
        let length = quoted_length(&text[start..], opening);
        return (length > 0).then_some(Span { value: start..start + length, quote: "" });
    }
    if rest.starts_with(['{', '[']) {
        return Some(Span { value: at..at + container_length(rest), quote: if quote.is_empty() { "\"" } else { quote } });
    }
    let line = WHOLE_LINES.contains(&name) && quote.is_empty();
    let ends = |c: char| {
        matches!(c, '"' | '\n' | '\r')
            || !line && (c.is_whitespace() || matches!(c, ',' | '&' | ';' | '}' | ']' | ')' | '<' | '>' | '\'' | '\\'))
    };
    let value = &rest[..run(rest, |c| !ends(c))];
    let nothing = ["", "null", "true", "false", HIDDEN].contains(&value);
    (!nothing).then_some(Span { value: at..at + value.len(), quote })
}

/// A quotation mark at the beginning, with the backslashes of a JSON text inside a JSON text.
fn quote_of(text: &str) -> &str {
    let slashes = run(text, |c| c == '\\');
    if text[slashes..].starts_with(['"', '\'']) { &text[..=slashes] } else { "" }
}

/// The length of a quoted value; all of the text where its end was cut off.
fn quoted_length(text: &str, opening: &str) -> usize {
    let (slashes, mark) = (opening.len() - 1, &opening[opening.len() - 1..]);
    let mut ends = text.match_indices(mark).map(|(at, _)| (at, text[..at].len() - text[..at].trim_end_matches('\\').len()));
    let end = ends.find(|(_, before)| if slashes == 0 { before % 2 == 0 } else { *before == slashes });
    end.map_or(text.len(), |(at, _)| at - slashes)
}

/// The length of an object or a list; all of the text where its end was cut off.
fn container_length(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
    use proptest::prelude::*;

    use super::*;
    use crate::feed::template::push_uri;

    fn hide(text: &str) -> String {
        let mut disclosure = Disclosure::default();
        disclosure.learn(text);
        disclosure.hide(text)
    }

    #[test]
    fn values_under_known_names_are_hidden_however_the_name_is_written() {
        for name in
            ["access_token", "accessToken", "Access-Token", "refresh_token", "id_token", "client_secret", "API_KEY", "apikey", "X-Api-Key"]
        {
            for name in [name, "password", "secret", "private_key", "session_token", "bearer", "authorization"] {
                let hidden = hide(&format!(r#"{{"id":7,"{name}": "s3kr\"et-x","next":"kept"}}"#));
                assert_eq!(hidden, format!(r#"{{"id":7,"{name}": "***","next":"kept"}}"#));
            }
        }
        assert_eq!(hide(r#"{"password":12345,"secret":null,"api_key":""}"#), r#"{"password":"***","secret":null,"api_key":""}"#);
        assert_eq!(hide(r#"{"secret":{"a":["x]","y"]},"b":1}"#), r#"{"secret":"***","b":1}"#);
        assert_eq!(hide(r#"{"body":"{\"access_token\":\"abc\",\"n\":1}"}"#), r#"{"body":"{\"access_token\":\"***\",\"n\":1}"}"#);
        assert_eq!(hide("a=1&access_token=abc&b=2"), "a=1&access_token=***&b=2");
        assert_eq!(hide("Authorization: Basic YTpi YTpi\r\nHost: x"), "Authorization: ***\r\nHost: x");
        assert_eq!(hide("<r><client_secret>abc</client_secret></r>"), "<r><client_secret>***</client_secret></r>");
        assert_eq!(hide(r#"{"id":1,"client_secret":"cut of"#), r#"{"id":1,"client_secret":"***"#);
    }

    #[test]
    fn secrets_are_known_by_their_shape_wherever_they_stand() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N";
        assert_eq!(hide(&format!(r#"{{"x":"{jwt}"}}"#)), r#"{"x":"***"}"#);
        let mut disclosure = Disclosure::default();
        disclosure.learn(&format!(r#"{{"x":"{jwt}"}}"#));
        assert_eq!(disclosure.hide(&format!(r#"{{"x":"{}"#, &jwt[..30])), r#"{"x":"***"#, "a beginning that was cut in it");
        assert_eq!(hide("sent Bearer abcDEF123.x~y+z/w== there"), "sent Bearer *** there");
        let pem = "-----BEGIN RSA PRIVATE KEY-----\\nMIIE+x/y=\\n-----END RSA PRIVATE KEY-----\\n";
        assert_eq!(hide(&format!(r#"{{"k":"{pem}","n":1}}"#)), r#"{"k":"***\n","n":1}"#);
        assert_eq!(hide("-----BEGIN PRIVATE KEY-----\nMIIE"), "***");
    }

    /// An account of this login and secret.
    fn account(token: &str, secret: &str) -> Account {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.toml");
        let toml = format!(
            "name = \"own\"\n[variables.key]\nsecret = true\n[auth.login]\nurl = \"https://shop.example/login\"\ntoken = '{token}'\n\
             [[request]]\nname = \"a\"\ngives = [\"audience\"]\ninterval_s = 1\nurl = \"https://shop.example\"\nmap = \".\"\n\
             headers = {{ key = \"{{{{key}}}}\", session = \"{{{{token}}}}\" }}\n"
        );
        std::fs::write(&file, toml).unwrap();
        let plan = format!("[feeds.own]\nplatform = \"{}\"\nkey = {{ env = \"KEY\" }}\n", file.display());
        Account::read_all("", &plan, &|_| Some(secret.to_owned())).unwrap().remove(0)
    }

    #[test]
    fn an_accounts_own_secret_is_hidden_however_it_is_encoded() {
        let secret = "hunter22?ÿ/open sesame";
        let account = account(".access_token", secret);
        let disclosure = Disclosure::of(&account).with_secrets_of(&account);
        let bytes = secret.as_bytes();
        let mut uri = String::new();
        push_uri(&mut uri, secret);
        for form in [HEXLOWER.encode(bytes), HEXUPPER.encode(bytes), uri] {
            assert_eq!(disclosure.hide(&format!(r#"{{"echo":"{form}"}}"#)), r#"{"echo":"***"}"#);
        }
        for before in ["", "d", "de", "desk:"] {
            for encoding in [data_encoding::BASE64, data_encoding::BASE64URL, BASE64_NOPAD, BASE64URL_NOPAD] {
                let form = encoding.encode([before.as_bytes(), bytes, b"!"].concat().as_slice());
                let hidden = disclosure.hide(&form);
                assert!(hidden.contains("***") && hidden.len() <= 18, "{before}: {form} {hidden}");
            }
        }
        assert_eq!(disclosure.hide(&data_encoding::BASE64.encode(b"what is no secret of ours")), "d2hhdCBpcyBubyBzZWNyZXQgb2Ygb3Vycw==");
        assert!(!format!("{account:?}").contains("hunter22"));
    }

    #[test]
    fn a_token_is_hidden_under_the_name_that_its_login_gives_it() {
        let hide = |token: &str, text: &str| {
            let mut disclosure = Disclosure::of(&account(token, "hunter22"));
            disclosure.learn(text);
            disclosure.hide(text)
        };
        let text = r#"{"Eintritts_Karte":"kx-81-aa","n":1,"copy":"kx-81-aa","token":"cart-7"}"#;
        for token in [".eintrittskarte", ".result.eintritts_karte", r#".data["Eintritts-Karte"]"#, ".a.b // .eintrittskarte?"] {
            assert_eq!(hide(token, text), r#"{"Eintritts_Karte":"***","n":1,"copy":"***","token":"cart-7"}"#, "{token}");
        }
        assert_eq!(hide(".data.token", text), text, "a cart has a token too");
        assert_eq!(names_of(r#".data.session.ticket // .["x-card"] | tostring"#), ["ticket", "x-card"]);
    }

    #[test]
    fn what_mappings_need_and_what_people_say_stays() {
        for text in [
            r#"{"token":"c1-abcdefgh","cart_token":"c1-abc","checkout_token":"k-1","next_page_token":"CAUQAA"}"#,
            r#"{"cursor":"eyJsYXN0X2lkIjo0NTY3ODkwMTJ9","token_type":"bearer","has_password":true,"secret_santa":"yes"}"#,
            "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
            "the bearer of news has no password",
        ] {
            assert_eq!(hide(text), text);
        }
    }

    #[test]
    fn a_secret_that_a_filter_copied_is_hidden_there_too() {
        let mut disclosure = Disclosure::default();
        disclosure
            .learn(r#"{"a":{"access_token":"tok\"en-1"},"fields":[{"name":"api-key","value":"value-2"}],"acc\u0065ss_token":"third-3"}"#);
        let event = r#"{"text":"tok\"en-1 value-2 third-3"} tok"en-1"#;
        assert_eq!(disclosure.hide(event), r#"{"text":"*** *** ***"} ***"#);
    }

    #[test]
    fn a_large_payload_that_is_made_to_be_slow_is_not() {
        for piece in ["eyJ.", "eyJaaaaaaa.eyJ.", "-----BEGIN PRIVATE KEY-----\"", "secret:{", "secret=\"\\\"", "\\\"", "password:[\""] {
            let text = piece.repeat((1 << 20) / piece.len());
            let hidden = hide(&text);
            assert!(hidden.len() <= 2 * text.len(), "{piece}");
        }
        let many: Vec<String> = (0..300).map(|n| format!("{{\"token\":{n},\"secret\":\"{}{n}\"}}", "a".repeat(10_000))).collect();
        let hidden = hide(&format!("[{}]", many.join(",")));
        assert!(hidden.contains("\"token\":299") && !hidden.contains("aaa"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_it_and_nothing_is_hidden_twice(text in r#"([a-z"'\\:=\[\]{}<>é… \n-]|password|secret|Bearer |eyJ|-----BEGIN PRIVATE KEY-----){0,40}"#) {
            let disclosure = Disclosure::default();
            let once = disclosure.hide(&text);
            let _ = disclosure.hide(&once);
        }
    }
}
