//! An account's way in: fills calls with its values, adds its credentials, logs in when it must and again when it is refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use secrecy::SecretString;
use tokio::sync::Mutex;

use super::account::Account;
use super::call::{Call, Filled, add_query};
use super::fault::{Fault, FaultKind};
use super::http::{Answer, Http};
use super::mapping::{Context, Filter, Witness, parse};
use super::platform::{Login, TokenPlace};
use super::template::{Place, Value, Values};
use crate::clock::{self, Clock};
use crate::engine::wire::Defaults;

/// A token is fetched anew so long before it ends.
const EARLY_S: u64 = 60;

/// What all feeds of an account share.
#[derive(Debug)]
pub struct Session {
    pub account: Account,
    pub http: Http,
    pub clock: Clock,
    /// Sees what the feeds map, where somebody looks at a feed by itself.
    pub witness: Option<Witness>,
    token: Mutex<Token>,
}

/// The token of the last login, and how many there were.
#[derive(Debug, Default)]
struct Token {
    value: Option<SecretString>,
    generation: u64,
    /// It is fetched again before this instant.
    until: Option<Instant>,
    /// Variables that a login changed.
    rotated: Vec<(String, SecretString)>,
}

impl Session {
    #[must_use]
    pub fn new(account: Account, http: Http, clock: Clock) -> Arc<Self> {
        Arc::new(Self { account, http, clock, witness: None, token: Mutex::default() })
    }

    /// The same, with somebody who sees what the feeds map.
    #[must_use]
    pub fn witnessed(account: Account, http: Http, clock: Clock, witness: Witness) -> Arc<Self> {
        Arc::new(Self { account, http, clock, witness: Some(witness), token: Mutex::default() })
    }

    /// Sends a call with the account's credentials; a success is handed to `examine`, which may find a no in it.
    /// Where the credentials are refused, it logs in again, once.
    ///
    /// # Errors
    /// When it fails, without URL and secrets.
    pub async fn call<T, F>(&self, call: &Call, values: &Values, examine: impl Fn(Answer) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let (first, generation) = self.attempt(call, values, &examine).await;
        match first {
            Err(fault) if fault.kind == FaultKind::Unauthorized && self.account.auth.login.is_some() => {
                self.forget(generation).await;
                self.attempt(call, values, &examine).await.0
            }
            other => other,
        }
        .map_err(|fault| self.redacted(fault, values))
    }

    async fn attempt<T, F>(&self, call: &Call, values: &Values, examine: impl Fn(Answer) -> F) -> (Result<T, Fault>, u64)
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let (filled, generation) = match self.fill(call, values).await {
            Ok(filled) => filled,
            Err(fault) => return (Err(fault), 0),
        };
        let exchange = async { examine(self.http.send(filled).await?.checked()?).await };
        (exchange.await, generation)
    }

    /// A call with its values and credentials put in, and the login that they come from.
    ///
    /// # Errors
    /// When a value is missing or the login fails.
    pub async fn fill(&self, call: &Call, values: &Values) -> Result<(Filled, u64), Fault> {
        let mut values = values.clone();
        values.set("now", Value::Time(self.clock.now()));
        let generation = self.login(&mut values).await?;
        let wrong = |error: String| Fault::new(FaultKind::Refused, error).fatal();
        let mut filled = call.fill(&values).map_err(wrong)?;
        let auth = &self.account.auth;
        add_query(&mut filled.url, &auth.query, &values).map_err(wrong)?;
        for (name, template) in &auth.headers {
            filled.headers.push((name.clone(), template.fill(&values, Place::Plain).map_err(wrong)?));
        }
        if let Some((user, password)) = &auth.basic {
            let fill = |template: &super::template::Template| template.fill(&values, Place::Plain).map_err(wrong);
            let pair = format!("{}:{}", fill(user)?, fill(password)?);
            filled.headers.push(("authorization".into(), format!("Basic {}", BASE64.encode(pair.as_bytes()))));
        }
        if let Some(sign) = &auth.sign {
            sign.apply(&mut filled, &values).map_err(wrong)?;
        }
        Ok((filled, generation))
    }

    /// The account's values, with the token of its login where it has one.
    ///
    /// # Errors
    /// When the login fails.
    pub async fn values_with_token(&self) -> Result<Values, Fault> {
        let mut values = self.account.values.clone();
        self.login(&mut values).await?;
        Ok(values)
    }

    /// Puts `{{token}}` among the values; logs in where there is none yet. Feeds of one account wait for one login.
    async fn login(&self, values: &mut Values) -> Result<u64, Fault> {
        let Some(login) = &self.account.auth.login else { return Ok(0) };
        let mut token = self.token.lock().await;
        let good = token.until.is_none_or(|until| clock::instant() < until);
        let value = match &token.value {
            Some(value) if good => value.clone(),
            _ => {
                let fresh = self.fetch_token(login, &mut token).await.map_err(|fault| self.redacted(fault, values))?;
                token.value = Some(fresh.clone());
                token.generation += 1;
                fresh
            }
        };
        values.set("token", Value::Secret(value));
        Ok(token.generation)
    }

    async fn fetch_token(&self, login: &Login, token: &mut Token) -> Result<SecretString, Fault> {
        let wrong = |error: String| Fault::new(FaultKind::Refused, format!("login: {error}"));
        let mut values = self.account.values.clone();
        values.set("now", Value::Time(self.clock.now()));
        for (name, secret) in &token.rotated {
            values.set(name, Value::Secret(secret.clone()));
        }
        if let Some(jwt) = &login.jwt {
            let signed = jwt.sign(&values, self.clock.now()).map_err(|error| wrong(error).fatal())?;
            values.set("jwt", Value::Secret(signed.into()));
        }
        let filled = login.call.fill(&values).map_err(|error| wrong(error).fatal())?;
        let answer = self.http.send(filled).await?.checked()?;
        let context = Context::new(self.clock.now(), Defaults::default());
        let page = parse(&answer.body)?;
        let said = |filter: &Filter| filter.first_text(&page, &context).map_err(&wrong);
        if let Some(no) = login.ok.as_ref().map(said).transpose()?.flatten().filter(|said| said != "true") {
            return Err(Fault::new(FaultKind::Unauthorized, format!("login: {no}")));
        }
        let seconds = login.expires.as_ref().map(said).transpose()?.flatten().and_then(|text| text.parse::<u64>().ok());
        token.until = seconds.and_then(|s| clock::instant().checked_add(Duration::from_secs(s.saturating_sub(EARLY_S))));
        if let Some((name, filter)) = &login.rotate
            && let Some(secret) = said(filter)?
        {
            self.keep_rotated(name, &secret)?;
            token.rotated = vec![(name.clone(), secret.into())];
        }
        let found = match &login.token {
            TokenPlace::Header(name) => answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned),
            TokenPlace::Json(filter) => said(filter)?,
        };
        match found.filter(|found| !found.is_empty()) {
            Some(found) => Ok(found.into()),
            None => Err(Fault::new(FaultKind::Unauthorized, "login: the answer holds no token")),
        }
    }

    /// A refresh token that is good once must outlive the program: it goes back to the file that it came from.
    fn keep_rotated(&self, name: &str, secret: &str) -> Result<(), Fault> {
        let Some(path) = self.account.secret_files.get(name) else { return Ok(()) };
        let kept = super::account::write_secret(path, secret);
        kept.map_err(|error| Fault::new(FaultKind::Input, format!("the new {name} cannot be kept: {error}")))
    }

    /// The next call logs in again, unless another feed has done so meanwhile.
    async fn forget(&self, generation: u64) {
        let mut token = self.token.lock().await;
        if token.generation == generation {
            token.value = None;
        }
    }

    /// A fault without the secrets of the account and the values.
    pub fn redacted(&self, mut fault: Fault, values: &Values) -> Fault {
        fault.detail = values.redact(&self.account.values.redact(&fault.detail));
        fault
    }
}
