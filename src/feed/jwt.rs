//! The assertion of a service account: a JSON Web Token signed with its RSA key (RS256), as Google's OAuth 2 wants it.

use data_encoding::{BASE64_MIME_PERMISSIVE, BASE64URL_NOPAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

use super::call;
use super::document::Section;
use super::template::{Place, Template, Values};
use crate::engine::time::At;

/// How long an assertion is good for.
const LIFE_S: i64 = 3_600;

/// Who asserts what to whom.
#[derive(Clone, Debug)]
pub struct Jwt {
    issuer: Template,
    scope: Template,
    audience: Template,
    /// The private key as PEM (PKCS #8).
    key: Template,
}

impl Jwt {
    /// Reads the `jwt` table of a login.
    pub fn read(section: Section<'_>) -> Option<Self> {
        let part = |key: &str| section.required_text(key, "give a template").and_then(|text| call::template(&section, key, text));
        let parts = (part("issuer"), part("scope"), part("audience"), part("key"));
        section.finish();
        Some(Self { issuer: parts.0?, scope: parts.1?, audience: parts.2?, key: parts.3? })
    }

    /// The signed token.
    ///
    /// # Errors
    /// When a value is missing or the key is none.
    pub fn sign(&self, values: &Values, now: At) -> Result<String, String> {
        let fill = |template: &Template| template.fill(values, Place::Plain);
        let claims = json!({
            "iss": fill(&self.issuer)?, "scope": fill(&self.scope)?, "aud": fill(&self.audience)?,
            "iat": now.second(), "exp": now.second() + LIFE_S,
        });
        let part = |value: serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", part(json!({"alg": "RS256", "typ": "JWT"})), part(claims));
        let key = key_pair(&fill(&self.key)?)?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).map_err(|_| "the private key cannot sign")?;
        Ok(format!("{message}.{}", BASE64URL_NOPAD.encode(&signature)))
    }
}

/// When a secret that is a JSON Web Token ends, by its own word; nobody checks its signature here.
#[must_use]
pub fn end_of(secret: &str) -> Option<At> {
    let mut parts = secret.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else { return None };
    let claims = BASE64URL_NOPAD.decode(claims.trim_end_matches('=').as_bytes()).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims["exp"].as_i64().filter(|seconds| (0..=253_402_300_799).contains(seconds)).map(|seconds| At::from_ms(seconds * 1_000))
}

fn key_pair(pem: &str) -> Result<RsaKeyPair, String> {
    let pem = pem.replace("\\n", "\n");
    let inside: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = BASE64_MIME_PERMISSIVE.decode(inside.as_bytes()).map_err(|_| "the private key is no PEM")?;
    RsaKeyPair::from_pkcs8(&der).map_err(|_| "the private key is no RSA key in PKCS #8".to_owned())
}
