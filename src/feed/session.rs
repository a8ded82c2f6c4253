//! An account's way in: fills calls with its values, adds its credentials, logs in when it must and again when it is refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use secrecy::SecretString;
use tokio::sync::Mutex;

use super::Rejected;
use super::account::Account;
use super::admission::{Admission, Refusal};
use super::call::{Call, Filled, add_query};
use super::disclosure::Disclosure;
use super::fault::{Fault, FaultKind};
use super::filter::Filter;
use super::http::{Answer, Http};
use super::mapper::{Mapper, Workshop};
use super::mapping::Context;
use super::platform::{Login, TokenPlace, Transport};
use super::quota::{Limiter, Turn};
use super::sign::Sign;
use super::template::{Place, Template, Value, Values};
use super::vault::Vault;
use crate::clock::{self, Clock};
use crate::engine::time::At;
use crate::engine::wire::{Defaults, Reject};

/// A token is fetched anew so long before it ends, but never before three quarters of its time are over.
const EARLY: Duration = Duration::from_secs(60);
/// So often a call logs in before its turn, where each token has ended or is used by then.
const MOST_LOGINS: usize = 4;

/// What all feeds of an account share.
#[derive(Debug)]
pub struct Session {
    pub account: Account,
    pub http: Http,
    pub clock: Clock,
    /// For what is asked beside the feeds: logins, lookup tables, errors.
    pub mapper: Mapper,
    /// Shared by the feeds of one account.
    pub limiter: Arc<Limiter>,
    /// Shared by all accounts.
    pub vault: Arc<Vault>,
    entrance: Arc<Entrance>,
}

/// How an account comes in: shared by all entries of the plan that come with the same credentials.
#[derive(Debug, Default)]
struct Entrance {
    token: Mutex<Token>,
    admission: Admission,
}

/// The token of the last login, and how many there were.
#[derive(Debug, Default)]
struct Token {
    value: Option<SecretString>,
    generation: u64,
    /// It is fetched again before this instant.
    until: Option<Instant>,
    /// When the platform says that it ends.
    ends_at: Option<At>,
    /// Variables that a login changed.
    rotated: Vec<(String, SecretString)>,
    /// The login was refused, and no other has been accepted since.
    refusal: Option<Refusal>,
}

impl Token {
    /// The token, as long as it is to be used.
    fn good(&self) -> Option<&SecretString> {
        self.value.as_ref().filter(|_| self.until.is_none_or(|until| clock::instant() < until))
    }

    /// A login failed: where it was refused, the account's next one has to wait.
    fn note_refused(&mut self, fault: Fault) -> Fault {
        let refused = match fault.kind {
            FaultKind::Unauthorized => true,
            // OAuth says `invalid_grant` with 400
            FaultKind::Status => fault.status.is_some_and(|status| (400..500).contains(&status) && status != 408),
            _ => false,
        };
        if !refused {
            return fault;
        }
        let refusal = Refusal::after(self.refusal.as_ref(), fault.clone());
        let told = refusal.held().unwrap_or(fault);
        self.refusal = Some(refusal);
        told
    }
}

impl Session {
    /// The session of an account; its polls are planned with the limiter, its secrets are kept in the vault.
    pub(super) fn new(
        account: Account,
        http: Http,
        clock: Clock,
        limiter: Arc<Limiter>,
        (workshop, vault): (&Workshop, &Arc<Vault>),
    ) -> Self {
        vault.keep(account.values.secrets());
        for request in &account.requests {
            if let Transport::Poll(poll) = &request.transport
                && !poll.once
            {
                limiter.plan(account.feed_name(request), poll.call.rank, poll.call.cost, poll.interval_s);
            }
        }
        let mapper = workshop.mapper();
        Self { account, http, clock, mapper, limiter, vault: Arc::clone(vault), entrance: Arc::default() }
    }

    /// The same, coming in with another session of the account.
    pub(super) fn beside(self, other: &Self) -> Self {
        Self { entrance: Arc::clone(&other.entrance), ..self }
    }

    /// When the credentials end, where anybody says so: the platform, the token itself, the operator.
    ///
    /// # Errors
    /// When the platform that is asked says no.
    pub async fn credentials_end(&self) -> Result<Option<At>, Fault> {
        let mut ends: Vec<At> = self.account.token_ends.into_iter().collect();
        if let Some(expiry) = &self.account.auth.expiry {
            let examine = |answer: Answer| async move {
                let context = Context::new(self.clock.now(), self.account.defaults.clone());
                self.mapper.first(&expiry.ends, &answer.body, context).await
            };
            let told = self.call(&expiry.call, &self.account.values, examine).await?;
            ends.extend(told.and_then(|text| At::parse(&text, None)));
        }
        if self.account.auth.login.is_none() {
            ends.extend(self.account.values.exposed().filter_map(|(_, value)| super::jwt::end_of(&value)));
        }
        Ok(ends.into_iter().min())
    }

    /// When the token of the last login ends; it is fetched anew before. A ticket that is good once has no end to wait for.
    pub async fn token_ends(&self) -> Option<At> {
        if self.account.auth.login.as_ref().is_some_and(|login| login.once) {
            return None;
        }
        self.entrance.token.lock().await.ends_at
    }

    /// Sends a filled call in its turn, and hears what the platform says of the account's limits.
    async fn send_in_turn<T, F>(&self, turn: Turn<'_>, call: &Call, filled: Filled, examine: impl FnOnce(Answer) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let sent = self.send(call, filled).await;
        // the platform has counted it by now
        drop(turn);
        let result = match sent {
            Ok(answer) => examine(answer).await,
            Err(fault) => Err(fault),
        };
        self.limiter.hear(&result);
        result
    }

    /// Sends a filled call; an error of the platform may be its word for "nothing there", or for "too many requests".
    ///
    /// # Errors
    /// When the answer is no success.
    async fn send(&self, call: &Call, filled: Filled) -> Result<Answer, Fault> {
        let answer = self.http.send_held(filled, call.holds).await?;
        let body = if answer.status.is_success() { Vec::new() } else { answer.body.clone() };
        if !answer.status.is_success()
            && let Some(instead) = &call.instead
        {
            let context = Context::of_answer(&answer, self.clock.now(), String::new(), &self.account);
            if let Some(text) = self.mapper.first(instead, &body, context).await.ok().flatten() {
                return Ok(Answer { status: reqwest::StatusCode::OK, body: text.into_bytes(), ..answer });
            }
        }
        let (fault, throttled) = match (answer.checked(), &call.throttled) {
            (Err(fault), Some(throttled)) => (fault, throttled),
            (checked, _) => return checked,
        };
        let context = Context::new(self.clock.now(), Defaults::default());
        let said = self.mapper.first(throttled, &body, context).await.ok().flatten();
        let seconds = said.and_then(|text| text.parse::<f64>().ok()).filter(|seconds| (0.0..=86_400.0).contains(seconds));
        Err(match seconds {
            Some(seconds) => {
                let wait = fault.wait.unwrap_or_default().max(Duration::from_secs_f64(seconds));
                Fault { kind: FaultKind::Throttled, ..fault }.waiting(Some(wait))
            }
            None => fault,
        })
    }

    /// Sends a call with the account's credentials; a success is handed to `examine`, which may find a no in it.
    /// Where a token is refused, it logs in again, once; not where the login itself was.
    ///
    /// # Errors
    /// When it fails, without URL and secrets.
    pub async fn call<T, F>(&self, call: &Call, values: &Values, examine: impl Fn(Answer) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        self.call_at(call, values, Ok, examine).await
    }

    /// The same where the filled call is led to another address of the platform: a link that is followed.
    ///
    /// # Errors
    /// As [`Self::call`], or with what is wrong with the address.
    pub async fn call_at<T, F>(
        &self,
        call: &Call,
        values: &Values,
        lead: impl Fn(Filled) -> Result<Filled, Fault>,
        examine: impl Fn(Answer) -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let ask = async {
            let (first, generation) = self.attempt(call, values, &lead, &examine).await;
            match first {
                Err(fault) if fault.kind == FaultKind::Unauthorized && generation > 0 => {
                    self.forget(generation).await;
                    self.attempt(call, values, &lead, &examine).await.0
                }
                other => other,
            }
            .map_err(|fault| self.redacted(fault, values))
        };
        // on the heap: what is asked is large, and each layer around it would hold it again
        self.entrance.admission.ask(call, Box::pin(ask)).await
    }

    /// Asks what is no whole call (a stream that is opened), unless the account has to wait for an earlier no.
    /// Where a token is refused, it logs in again, once.
    ///
    /// # Errors
    /// As the asking, or with the earlier no and how long it holds.
    pub async fn admitted<T, F>(&self, call: &Call, mut ask: impl FnMut() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let ask = async {
            let mut result = ask().await;
            for is_last in [false, true] {
                let denied = result.as_ref().is_err_and(|fault| fault.kind == FaultKind::Unauthorized && fault.held.is_none());
                if !denied {
                    break;
                }
                // the token may have ended before its time, or is good for one call
                let had_token = self.entrance.token.lock().await.value.take().is_some();
                let may_be_good = self.account.auth.login.as_ref().is_some_and(|login| had_token || login.once);
                if is_last || !may_be_good {
                    break;
                }
                result = ask().await;
            }
            result.map_err(|fault| self.discreet(fault))
        };
        self.entrance.admission.ask(call, Box::pin(ask)).await
    }

    /// What became of a call, and the login that it was made with: none where there is none, or it was refused.
    async fn attempt<T, F>(
        &self,
        call: &Call,
        values: &Values,
        lead: impl Fn(Filled) -> Result<Filled, Fault>,
        examine: impl Fn(Answer) -> F,
    ) -> (Result<T, Fault>, u64)
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let (turn, filled, generation) = match self.get_ready(call, values).await {
            Ok(ready) => ready,
            Err(fault) => return (Err(fault), 0),
        };
        let result = match lead(filled) {
            Ok(filled) => self.send_in_turn(turn, call, filled, examine).await,
            Err(fault) => Err(fault),
        };
        (result, generation)
    }

    /// A filled call, the turn that it goes out in, and the login that it was made with. A login goes before it, in a turn of its
    /// own: what waits for another's turn in the middle of its own goes out later than it was counted.
    async fn get_ready(&self, call: &Call, values: &Values) -> Result<(Turn<'_>, Filled, u64), Fault> {
        let templates = call.templates();
        for _ in 0..MOST_LOGINS {
            self.values_with_token(&templates).await?;
            let turn = self.limiter.turn(call.rank, call.cost).await?;
            let mut values = values.clone();
            let generation = if self.names_token(&templates) { self.take_token(&mut values) } else { Some(0) };
            match generation {
                Some(generation) => return Ok((turn, self.put_in(call, values)?, generation)),
                None => turn.give_back(),
            }
        }
        // tokens that do not live as long as a call stands in line
        let turn = self.limiter.turn(call.rank, call.cost).await?;
        let (filled, generation) = self.fill(call, values).await?;
        Ok((turn, filled, generation))
    }

    /// A call with its values and credentials put in, and the login that they come from.
    ///
    /// # Errors
    /// When a value is missing or the login fails.
    pub async fn fill(&self, call: &Call, values: &Values) -> Result<(Filled, u64), Fault> {
        let mut values = values.clone();
        let generation = if self.names_token(&call.templates()) { self.login(&mut values).await? } else { 0 };
        let filled = self.put_in(call, values)?;
        if self.account.auth.login.as_ref().is_some_and(|login| login.once) {
            self.forget(generation).await;
        }
        Ok((filled, generation))
    }

    fn put_in(&self, call: &Call, mut values: Values) -> Result<Filled, Fault> {
        values.set("now", Value::Time(self.clock.now()));
        let wrong = |error: String| Fault::new(FaultKind::Refused, error).fatal();
        let mut filled = call.fill(&values).map_err(wrong)?;
        let auth = &self.account.auth;
        add_query(&mut filled.url, &auth.query, &values).map_err(wrong)?;
        for (name, template) in &auth.headers {
            filled.headers.push((name.clone(), template.fill(&values, Place::Plain).map_err(wrong)?));
        }
        if let Some(basic) = &auth.basic {
            filled.headers.push(self.basic(basic, &values).map_err(wrong)?);
        }
        if let Some(sign) = &auth.sign {
            sign.apply(&mut filled, &values).map_err(wrong)?;
        }
        Ok(filled)
    }

    /// The account's values, with the token of its login where these templates, or what goes with every call, name it.
    ///
    /// # Errors
    /// When the login fails.
    pub async fn values_with_token(&self, templates: &[&Template]) -> Result<Values, Fault> {
        let mut values = self.account.values.clone();
        if self.names_token(templates) {
            self.login(&mut values).await?;
        }
        Ok(values)
    }

    /// A ticket that is good once has been used by what is said on a stream.
    pub async fn spend_ticket(&self) {
        if self.account.auth.login.as_ref().is_some_and(|login| login.once) {
            self.entrance.token.lock().await.value = None;
        }
    }

    /// What names no token needs no login: an anonymous chat beside a counter of viewers that wants one.
    fn names_token(&self, templates: &[&Template]) -> bool {
        let auth = &self.account.auth;
        let everywhere = auth.headers.iter().chain(&auth.query).map(|(_, template)| template);
        let everywhere = everywhere.chain(auth.basic.iter().flat_map(|(user, password)| [user, password]));
        let mut all = everywhere.chain(auth.sign.iter().flat_map(Sign::templates)).chain(templates.iter().copied());
        all.any(|template| template.names().any(|name| name == "token"))
    }

    /// Puts `{{token}}` among the values; logs in where there is none yet. Feeds of one account wait for one login.
    async fn login(&self, values: &mut Values) -> Result<u64, Fault> {
        let Some(login) = &self.account.auth.login else { return Ok(0) };
        let mut token = self.entrance.token.lock().await;
        let value = match token.good() {
            Some(value) => value.clone(),
            None => {
                if let Some(held) = token.refusal.as_ref().and_then(Refusal::held) {
                    return Err(held);
                }
                let fetched = self.fetch_token(login, &mut token).await;
                let fresh = fetched.map_err(|fault| token.note_refused(self.redacted(fault, values)))?;
                token.value = Some(fresh.clone());
                token.generation += 1;
                token.refusal = None;
                fresh
            }
        };
        values.set("token", Value::Secret(value));
        Ok(token.generation)
    }

    /// Puts `{{token}}` among the values without waiting: none where there is none now. One that is good once is used by that.
    fn take_token(&self, values: &mut Values) -> Option<u64> {
        let Some(login) = &self.account.auth.login else { return Some(0) };
        // who holds it logs in
        let mut token = self.entrance.token.try_lock().ok()?;
        values.set("token", Value::Secret(token.good()?.clone()));
        if login.once {
            token.value = None;
        }
        Some(token.generation)
    }

    /// The header of RFC 7617.
    fn basic(&self, (user, password): &(Template, Template), values: &Values) -> Result<(String, String), String> {
        let fill = |template: &Template| template.fill(values, Place::Plain);
        let pair = BASE64.encode(format!("{}:{}", fill(user)?, fill(password)?).as_bytes());
        self.remember(&pair);
        Ok(("authorization".into(), format!("Basic {pair}")))
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
            self.remember(&signed);
            values.set("jwt", Value::Secret(signed.into()));
        }
        let mut filled = login.call.fill(&values).map_err(|error| wrong(error).fatal())?;
        if let Some(basic) = &login.basic {
            filled.headers.push(self.basic(basic, &values).map_err(|error| wrong(error).fatal())?);
        }
        let of_login = |fault: Fault| Fault { detail: format!("login: {}", fault.detail), ..fault };
        let turn = self.limiter.turn(login.call.rank, login.call.cost).await.map_err(of_login)?;
        let answer = self.send_in_turn(turn, &login.call, filled, async |answer| Ok(answer)).await.map_err(of_login)?;
        let said = async |filter: Option<&Filter>| match filter {
            None => Ok(None),
            Some(filter) => {
                let context = Context::new(self.clock.now(), Defaults::default());
                let said = self.mapper.first(filter, &answer.body, context).await;
                said.map_err(|fault| Fault { detail: format!("login: {}", fault.detail), ..fault })
            }
        };
        if let Some(no) = said(login.ok.as_ref()).await?.filter(|said| said != "true") {
            return Err(Fault::new(FaultKind::Unauthorized, format!("login: {no}")));
        }
        let seconds = said(login.expires.as_ref()).await?.and_then(|text| seconds_left(&text, self.clock.now()));
        // an end that is now already is none that anybody could keep to
        let seconds = seconds.filter(|seconds| *seconds > 0);
        token.ends_at = seconds.map(|s| self.clock.now().plus_s(i64::try_from(s).unwrap_or(i64::MAX / 2_000)));
        token.until = seconds.and_then(|s| clock::instant().checked_add(good_for(Duration::from_secs(s))));
        if let Some((name, filter)) = &login.rotate
            && let Some(secret) = said(Some(filter)).await?
        {
            self.keep_rotated(name, &secret)?;
            self.remember(&secret);
            token.rotated = vec![(name.clone(), secret.into())];
        }
        let found = match &login.token {
            TokenPlace::Header(name) => answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned),
            TokenPlace::Json(filter) => said(Some(filter)).await?,
        };
        match found.filter(|found| !found.is_empty()) {
            Some(found) => {
                self.remember(&found);
                Ok(found.into())
            }
            None => Err(Fault::new(FaultKind::Unauthorized, "login: the answer holds no token")),
        }
    }

    /// A refresh token that is good once must outlive the program: it goes back to the file that it came from.
    fn keep_rotated(&self, name: &str, secret: &str) -> Result<(), Fault> {
        let Some(path) = self.account.secret_files.get(name) else { return Ok(()) };
        let kept = super::secret::write(path, secret);
        kept.map_err(|error| Fault::new(FaultKind::Input, format!("the new {name} cannot be kept: {error}")))
    }

    /// The next call logs in again, unless another feed has done so meanwhile.
    async fn forget(&self, generation: u64) {
        let mut token = self.entrance.token.lock().await;
        if token.generation == generation {
            token.value = None;
        }
    }

    /// What was made of a secret, or given for one, must not be shown either.
    fn remember(&self, secret: &str) {
        self.vault.keep_issued(&self.account.name, secret);
    }

    /// A text without the desk's secrets and what its logins were given.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        self.vault.redact(text)
    }

    /// What was put aside, without the desk's secrets and without what looks like one of somebody's.
    #[must_use]
    pub fn discreet_aside(&self, aside: Vec<Rejected>) -> Vec<Rejected> {
        let disclosure = Disclosure::of(&self.account);
        let hide = |text: &str| disclosure.hide(&self.redact(text));
        let discreet = aside.into_iter().map(|Rejected { reject, place, beginning }| Rejected {
            reject: Reject { detail: hide(&reject.detail), ..reject },
            place: hide(&place),
            beginning: hide(&beginning),
        });
        discreet.collect()
    }

    /// A fault that repeats no secret, whatever the peer said.
    #[must_use]
    pub fn discreet(&self, mut fault: Fault) -> Fault {
        fault.detail = self.redact(&fault.detail);
        fault
    }

    /// A fault without the secrets of the desk and the values.
    pub fn redacted(&self, mut fault: Fault, values: &Values) -> Fault {
        fault.detail = values.redact(&self.redact(&fault.detail));
        fault
    }
}

/// For how many seconds a token is good: as they are, or by the time when it ends.
fn seconds_left(text: &str, now: At) -> Option<u64> {
    /// More seconds than a token lives are a time.
    const TIMES: f64 = 1e9;
    let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds < TIMES);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1e9")]
    match seconds {
        Some(seconds) => (seconds >= 0.0).then_some(seconds as u64),
        None => u64::try_from(At::parse(text, None)?.since_ms(now) / 1_000).ok(),
    }
}

/// How long a token of this lifetime is used.
fn good_for(lifetime: Duration) -> Duration {
    lifetime.saturating_sub(EARLY.min(lifetime / 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_after_seconds_or_at_a_time() {
        let now = At::parse("2026-11-21T23:00:00Z", None).unwrap();
        let texts = ["900", "899.9", "1795302900", "1795302900000", "2026-11-21T23:15:00Z", "0", "-1", "2026-11-21T22:00:00Z", "soon"];
        let left = [Some(900), Some(899), Some(900), Some(900), Some(900), Some(0), None, None, None];
        assert_eq!(texts.map(|text| seconds_left(text, now)), left);
    }

    #[test]
    fn a_token_is_used_for_most_of_its_time_however_short_that_is() {
        let seconds = [1, 20, 60, 240, 3_600].map(|s| good_for(Duration::from_secs(s)).as_secs_f64());
        assert_eq!(seconds, [0.75, 15.0, 45.0, 180.0, 3_540.0]);
    }

    #[test]
    fn the_next_login_is_farther_away_each_time() {
        let mut token = Token::default();
        let mut waits = Vec::new();
        for _ in 0..7 {
            let told = token.note_refused(Fault::new(FaultKind::Unauthorized, "http 401"));
            waits.push(told.held.unwrap().as_millis().div_ceil(1_000));
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300]);
        let outage = Fault { status: Some(503), ..Fault::new(FaultKind::Status, "http 503") };
        let before = token.refusal.clone().unwrap().times;
        assert_eq!(token.note_refused(outage).held, None, "who is down refuses nobody");
        assert_eq!(token.refusal.unwrap().times, before);
    }
}
