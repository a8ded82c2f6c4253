//! `warroom feed try`: one feed by itself. A stored payload is mapped without a network; without one the feed is asked once.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::args::TryArgs;
use super::output::{Failure, code, print};
use crate::clock::{self, Clock};
use crate::config::plan;
use crate::engine::event::Event;
use crate::engine::text::clean;
use crate::engine::time::{At, HOUR_MS};
use crate::engine::wire;
use crate::feed::Rejected;
use crate::feed::account::{Account, Environment};
use crate::feed::canonical;
use crate::feed::disclosure::{Disclosure, HIDDEN};
use crate::feed::fault::Fault;
use crate::feed::mapper::{Exchange, Mapper, Workshop};
use crate::feed::mapping::{BEGINNING_COLUMNS, Context, MAX_BYTES, Mapped};
use crate::feed::platform::{PlatformText, Request, SHIPPED, Transport, Variable};
use crate::feed::probe::{self, Look, Outcome, Probe};
use crate::feed::session::Session;
use crate::feed::sessions::Sessions;
use crate::feed::trial::Trial;
use crate::ui::detail;
use crate::ui::format::Format;
use crate::ui::glyphs::{Charset, Glyphs};
use crate::ui::words::{Lang, Words};

/// Longest that a feed may take to say its first word.
const PATIENCE: Duration = Duration::from_secs(20);
/// Names of what the notice of a second call said.
const NOTICED: &str = "expand.";
/// History that a poll is asked for.
const BACK_MS: i64 = HOUR_MS;
/// Columns of a line of a payload.
const PAYLOAD_COLUMNS: usize = 2_000;
/// Inputs that became nothing and are shown one by one.
const SHOWN_LEFT_OUT: usize = 20;
/// Lines of a payload that are shown.
const PAYLOAD_LINES: usize = 2_000;

/// Tries a feed; the exit code.
///
/// # Errors
/// When there is no such feed, or the payload cannot be read.
pub fn run(asked: &TryArgs, words: &Words, environment: Environment<'_>) -> Result<u8, Failure> {
    let offline = asked.payload.is_some();
    let (account, others) = find(asked, environment, offline)?;
    let requests = choose(&account, asked, words, offline)?;
    match (&asked.payload, requests.as_slice()) {
        (Some(payload), [request]) => of_payload(asked, &account, request, payload, words),
        _ => ask(&open(&account, &others)?, &requests, Duration::from_secs(asked.listen), words),
    }
}

/// The account that the name stands for: a feed of the plan, with the plan's others, or a platform with what `--set` and the
/// environment give.
fn find(asked: &TryArgs, environment: Environment<'_>, offline: bool) -> Result<(Account, Vec<Account>), Failure> {
    // a stored payload needs no secrets
    let unused = |_: &str| Some("unused".to_owned());
    let environment: Environment<'_> = if offline { &unused } else { environment };
    if let Some(path) = &asked.plan {
        let loaded = plan::load(path, environment).map_err(|problems| Failure::configuration(&problems))?;
        let wanted = asked.name.split('.').next().unwrap_or_default();
        let known: Vec<String> = loaded.accounts.iter().map(|account| account.name.clone()).collect();
        let mut accounts = loaded.accounts;
        let Some(place) = accounts.iter().position(|account| account.name == wanted) else {
            let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has: {}", known.join(", ")) };
            return Err(Failure::new(code::CONFIGURATION, format!("{}: there is no feed `{wanted}`; {known}", path.display())));
        };
        return Ok((accounts.remove(place), accounts));
    }
    let text = plan_of(asked, offline)?;
    let accounts = Account::read_all("", &text, environment).map_err(|problems| {
        let secrets = secrets_of(&asked.name);
        let lines: Vec<String> = problems.iter().map(|problem| told(problem, &asked.name, &secrets)).collect();
        Failure::configuration(&lines)
    })?;
    let tried = accounts.into_iter().next();
    let mut tried = tried.ok_or_else(|| Failure::new(code::CONFIGURATION, format!("`{}` is no platform", asked.name)))?;
    if !asked.set.iter().any(|pair| pair.starts_with("source=")) && tried.requests.iter().all(|request| request.recipe.is_none()) {
        // canonical events name their source themselves, as in a plan that names none
        tried.defaults.account = None;
    }
    if let Some(secret) = tried.unkept_secret().filter(|_| !offline) {
        let told = format!(
            "each login changes the secret `{secret}`, and here nothing keeps it; try the feed of a plan that names a file: --plan PLAN"
        );
        return Err(Failure::new(code::CONFIGURATION, told));
    }
    Ok((tried, Vec::new()))
}

/// What is wrong with the platform itself keeps its line; what is missing is given by `--set`, a secret by the environment.
fn told(problem: &crate::feed::document::Problem, name: &str, secrets: &[Variable]) -> String {
    if !problem.file.is_empty() {
        return problem.to_string();
    }
    let what = problem.what.replace("feeds.tried.", "").replace("`platform`", name);
    let Some(secret) = secrets.iter().find(|secret| what.contains(&format!("`{}`", secret.name))) else {
        return format!("{what}; {}; here: --set NAME=VALUE", problem.remedy);
    };
    match &secret.environment {
        Some(variable) => format!("{what}; set the environment variable {variable}: a secret is never given by --set"),
        None => format!(
            "{what}; a secret is never given by --set: name an environment variable for it in the platform file \
             (environment = \"NAME\" under [variables.{}]) and set it, or try the feed of a plan with --plan",
            secret.name
        ),
    }
}

/// A plan of one feed, as text, for a platform that is tried by itself.
fn plan_of(asked: &TryArgs, offline: bool) -> Result<String, Failure> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let name = asked.name.as_str();
    let own = name.contains(['/', '\\']) || name.ends_with(".toml");
    if !own && !SHIPPED.iter().any(|(shipped, ..)| *shipped == name) {
        let names: Vec<&str> = SHIPPED.iter().map(|(name, ..)| *name).collect();
        let message = format!("`{name}` is no shipped platform; name a platform file, a feed with --plan, or one of: {}", names.join(", "));
        return Err(Failure::new(code::CONFIGURATION, message));
    }
    let stem = Path::new(name).file_stem().map_or_else(|| name.into(), |stem| stem.to_string_lossy());
    let mut text = format!("[feeds.tried]\nplatform = {}\n", quoted(name));
    if !asked.set.iter().any(|pair| pair.starts_with("source=")) {
        text.push_str(&format!("source = {}\n", quoted(&stem)));
    }
    let mut given = Vec::new();
    for pair in &asked.set {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Failure::new(code::CONFIGURATION, format!("--set {pair}: write it as NAME=VALUE")));
        };
        // what the notice of a second call said is no variable of the platform
        if asked.expanded > 0 && key.starts_with(NOTICED) {
            continue;
        }
        given.push(key.to_owned());
        text.push_str(&format!("{} = {}\n", quoted(key), quoted(value)));
    }
    if offline {
        // what no template will need
        for variable in variables_of(name).into_iter().filter(|variable| !given.contains(variable)) {
            text.push_str(&format!("{} = {{ env = \"UNUSED\" }}\n", quoted(&variable)));
        }
    }
    Ok(text)
}

/// The secrets of a platform.
fn secrets_of(name: &str) -> Vec<Variable> {
    let text = PlatformText::shipped(name).or_else(|| PlatformText::open(Path::new(name)).ok());
    let platform = text.and_then(|text| text.read().ok());
    platform.into_iter().flat_map(|platform| platform.variables).filter(|variable| variable.secret).collect()
}

/// The variables of a platform that have no value of their own.
fn variables_of(name: &str) -> Vec<String> {
    let text = PlatformText::shipped(name).or_else(|| PlatformText::open(Path::new(name)).ok());
    let platform = text.and_then(|text| text.read().ok());
    let open = platform.into_iter().flat_map(|platform| platform.variables).filter(|variable| variable.default.is_none());
    open.map(|variable| variable.name).collect()
}

/// The requests that are tried: the one that is named, else all; a stored payload is the answer of one.
fn choose(account: &Account, asked: &TryArgs, words: &Words, offline: bool) -> Result<Vec<Request>, Failure> {
    let of_name = asked.plan.as_ref().and_then(|_| asked.name.split_once('.')).map(|(_, request)| request.to_owned());
    let names: Vec<&str> = account.requests.iter().map(|request| request.name.as_str()).collect();
    let which = || words.text("try-which", &[("names", names.join(", ").into())]);
    match asked.request.clone().or(of_name) {
        Some(wanted) => match account.requests.iter().find(|request| request.name == wanted) {
            Some(request) => Ok(vec![request.clone()]),
            None => Err(Failure::new(code::CONFIGURATION, which())),
        },
        None if offline && account.requests.len() != 1 => Err(Failure::new(code::CONFIGURATION, which())),
        None => Ok(account.requests.clone()),
    }
}

// ── a stored payload ──

fn of_payload(asked: &TryArgs, account: &Account, request: &Request, path: &Path, words: &Words) -> Result<u8, Failure> {
    let at = match &asked.at {
        None => clock::wall_now(),
        Some(text) => At::parse(text, account.defaults.source_tz)
            .ok_or_else(|| Failure::new(code::CONFIGURATION, format!("--at {text}: no time; write it as 2026-11-21T21:00:00-03:00")))?,
    };
    let payload = read(path)?;
    let join = asked.join.as_deref().map(read_table).transpose()?;
    let mut trial = Trial { expanded: asked.expanded, join, ..Trial::of(account, at) };
    let noticed =
        asked.set.iter().filter(|_| asked.expanded > 0).filter_map(|pair| pair.split_once('=')).filter(|(key, _)| key.starts_with(NOTICED));
    trial.feed.extend(noticed.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::other)?;
    let mapper = Workshop::own().mapper();
    let mapped = runtime.block_on(async {
        if matches!(request.transport, Transport::Ndjson(_)) {
            of_lines(&trial, &mapper, request, &payload).await
        } else if request.recipe.is_none() {
            canonical::read(&payload, |_| None, &Context::new(at, trial.defaults.clone())).await
        } else if request.transport.is_of_texts() {
            let text = String::from_utf8_lossy(&payload).trim_end_matches(['\r', '\n']).to_owned();
            trial.map(&mapper, request, serde_json::Value::from(text).to_string().as_bytes()).await
        } else {
            trial.map(&mapper, request, &payload).await
        }
    });
    // a stored payload is mapped without the account's secrets
    let mut disclosure = Disclosure::of(account);
    disclosure.learn(&String::from_utf8_lossy(&payload));
    let mapped = mapped.map_err(|fault| {
        let fault = detail::shown(&disclosure.hide(&fault.to_string()), words);
        Failure::other(words.text("try-refused-whole", &[("fault", fault.into())]))
    })?;
    let mapped = discreet(mapped, |text| disclosure.hide(text));
    let (mut events, mut rest) = (Vec::new(), Vec::new());
    write_events(&mut events, &mapped).map_err(Failure::other)?;
    write_rest(&mut rest, &mapped, words).map_err(Failure::other)?;
    let [events, mut rest] = [events, rest].map(|told| disclosure.hide(&String::from_utf8_lossy(&told)));
    if events.contains(HIDDEN) || rest.contains(HIDDEN) {
        rest = format!("{rest}{}\n", words.get("try-hidden"));
    }
    print(|out| out.write_all(events.as_bytes()))?;
    // There is nowhere left to say that this failed.
    drop(std::io::stderr().lock().write_all(rest.as_bytes()));
    Ok(if mapped.rejected.is_empty() { code::DONE } else { code::FAILED })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |cause: std::io::Error| Failure::new(code::CONFIGURATION, format!("{}: {cause}", path.display()));
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).map_err(wrong)?.take(limit).read_to_end(&mut bytes)
    };
    read.map_err(wrong)?;
    if bytes.len() > MAX_BYTES {
        let told = format!("{}: more than 8 MiB, which no feed takes at once; try a part of it", path.display());
        return Err(Failure::new(code::CONFIGURATION, told));
    }
    Ok(bytes)
}

/// A lookup table.
fn read_table(path: &Path) -> Result<Arc<str>, Failure> {
    let wrong = |what: String| Failure::new(code::CONFIGURATION, format!("{}: {what}", path.display()));
    let table = String::from_utf8(read(path)?).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str::<serde::de::IgnoredAny>(&table).map_err(|error| wrong(format!("no JSON: {error}")))?;
    Ok(table.into())
}

/// Lines of a file or a program: canonical events, or inputs of the feed's filter.
async fn of_lines(trial: &Trial, mapper: &Mapper, request: &Request, payload: &[u8]) -> Result<Mapped, Fault> {
    let mut all = Mapped::default();
    for (line, number) in String::from_utf8_lossy(payload).lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        if request.recipe.is_some() {
            all.append(trial.map(mapper, request, line.as_bytes()).await?);
            continue;
        }
        all.inputs += 1;
        match wire::read(line, &trial.defaults) {
            Ok(read) => all.events.push(read.event),
            Err(reject) => {
                let beginning = clean(line, BEGINNING_COLUMNS).to_string();
                all.rejected.push(Rejected { reject, place: format!("line {number}"), beginning });
            }
        }
    }
    Ok(all)
}

// ── asked over the network ──

fn ask(session: &Arc<Session>, requests: &[Request], listen: Duration, words: &Words) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::other)?;
    let mut failed = false;
    for request in requests {
        let (probe, mut exchanges) = runtime.block_on(look(session, request, listen));
        failed |= matches!(probe.outcome, Outcome::Failed | Outcome::Late);
        let is_vain = |mapped: &Mapped| mapped.events.is_empty() && !mapped.rejected.is_empty();
        failed |= exchanges.iter().any(|exchange| exchange.mapped.as_ref().is_ok_and(is_vain));
        let mut disclosure = Disclosure::of(&session.account).with_secrets_of(&session.account);
        exchanges.iter().for_each(|exchange| disclosure.learn(&String::from_utf8_lossy(&exchange.payload)));
        // a payload is written in pieces, and a secret may be cut where a text is
        let hide = |text: &str| disclosure.hide(&session.redact(text));
        for exchange in &mut exchanges {
            exchange.payload = hide(&String::from_utf8_lossy(&exchange.payload)).into_bytes();
            let heard = std::mem::replace(&mut exchange.mapped, Ok(Mapped::default()));
            exchange.mapped = heard.map(|mapped| discreet(mapped, hide)).map_err(|fault| Fault { detail: hide(&fault.detail), ..fault });
        }
        let mut told = Vec::new();
        write_probe(&mut told, &probe, &exchanges, words).map_err(Failure::other)?;
        // a peer may repeat what it was sent, or tell what nobody asked for, in any field
        let mut told = hide(&String::from_utf8_lossy(&told));
        if told.contains(HIDDEN) {
            told = format!("{told}{}\n", words.get("try-hidden"));
        }
        print(|out| out.write_all(told.as_bytes()))?;
    }
    Ok(if failed { code::FAILED } else { code::DONE })
}

/// What the polls of an account answer when they are asked once.
///
/// # Errors
/// When one of them cannot be asked, or fails.
pub fn polled(account: &Account) -> Result<Vec<Event>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::other)?;
    let (session, mut events) = (open(account, &[])?, Vec::new());
    for request in account.requests.iter().filter(|request| matches!(request.transport, Transport::Poll(_))) {
        let (probe, _) = runtime.block_on(look(&session, request, PATIENCE));
        if matches!(probe.outcome, Outcome::Failed | Outcome::Late) {
            let why = probe.state.last_error.map_or_else(|| "no answer in time".to_owned(), |error| error.to_string());
            return Err(Failure::other(format!("{}: {why}; look closer with `warroom feed try`", account.feed_name(request))));
        }
        events.extend(probe.events);
    }
    Ok(events)
}

/// The session of an account, which keeps the secrets of the plan's others too.
fn open(account: &Account, others: &[Account]) -> Result<Arc<Session>, Failure> {
    let mut sessions = Sessions::new(Clock::wall(), None, Workshop::own()).map_err(Failure::other)?;
    sessions.know(others);
    Ok(sessions.open(account.clone()))
}

async fn look(session: &Arc<Session>, request: &Request, listen: Duration) -> (Probe, Vec<Exchange>) {
    let live_start = session.clock.now().plus_ms(-BACK_MS);
    let (witness, mut heard) = probe::witness();
    let probe = probe::look_at(
        session,
        Workshop::own().mapper().watched(witness),
        request,
        Look { live_start, patience: PATIENCE, listen, to_the_end: true },
    )
    .await;
    let mut exchanges = Vec::new();
    while let Ok(exchange) = heard.try_recv() {
        exchanges.push(exchange);
    }
    (probe, exchanges)
}

/// Beginnings of inputs that are cut in no secret.
fn discreet(mut mapped: Mapped, hide: impl Fn(&str) -> String) -> Mapped {
    let left_out = mapped.left_out.iter_mut().map(|left| &mut left.beginning);
    for beginning in left_out.chain(mapped.rejected.iter_mut().map(|rejected| &mut rejected.beginning)) {
        *beginning = hide(beginning);
    }
    mapped
}

fn write_probe(out: &mut dyn Write, probe: &Probe, exchanges: &[Exchange], words: &Words) -> std::io::Result<()> {
    let feed = probe.state.feed.as_str();
    for (exchange, number) in exchanges.iter().zip(1..) {
        let bytes = exchange.payload.len();
        writeln!(out, "── {} ──", words.text("try-payload", &[("n", number.into()), ("feed", feed.into()), ("bytes", bytes.into())]))?;
        write_payload(out, &String::from_utf8_lossy(&exchange.payload), words)?;
        match &exchange.mapped {
            Ok(mapped) => {
                writeln!(out, "── {} ──", words.text("try-events", &[("n", mapped.events.len().into())]))?;
                write_events(out, mapped)?;
                write_rest(out, mapped, words)?;
            }
            Err(fault) => {
                writeln!(out, "{}", words.text("try-refused-whole", &[("fault", detail::shown(&fault.to_string(), words).into())]))?
            }
        }
    }
    if exchanges.is_empty() && !probe.events.is_empty() {
        // canonical lines go through no filter
        writeln!(out, "── {} ──", words.text("try-events", &[("n", probe.events.len().into())]))?;
        for event in &probe.events {
            writeln!(out, "{}", wire::write(event))?;
        }
    }
    // what no filter has seen: canonical lines, and what could not even be unpacked
    let unseen = probe.rejected.iter().filter(|rejected| exchanges.is_empty() || rejected.beginning.is_empty());
    unseen.into_iter().try_for_each(|rejected| write_rejected(out, rejected, words))?;
    let error = detail::shown(probe.state.last_error.as_deref().unwrap_or_default(), words);
    let key = match probe.outcome {
        Outcome::Well => "try-well",
        Outcome::Silent => "try-silent",
        Outcome::Failed => "try-failed",
        Outcome::Late => "try-late",
    };
    let seconds = Format::new(words.lang(), chrono_tz::UTC, Glyphs::of(Charset::Unicode)).number(probe.took.as_secs_f64(), 1);
    writeln!(out, "── {} ──", words.text(key, &[("feed", feed.into()), ("fault", error.into()), ("seconds", seconds.into())]))
}

/// A payload in full, indented where it is JSON; it cannot touch the terminal.
fn write_payload(out: &mut dyn Write, text: &str, words: &Words) -> std::io::Result<()> {
    let parsed: Result<&serde_json::value::RawValue, _> = serde_json::from_str(text);
    let pretty = parsed.ok().and_then(|_| indented(text)).unwrap_or_else(|| text.to_owned());
    let mut lines = pretty.lines();
    for line in lines.by_ref().take(PAYLOAD_LINES) {
        let indent = line.len() - line.trim_start_matches(' ').len();
        writeln!(out, "{}{}", &line[..indent], clean(&line[indent..], PAYLOAD_COLUMNS))?;
    }
    match lines.count() {
        0 => Ok(()),
        more => writeln!(out, "{}", words.text("try-more", &[("n", more.into())])),
    }
}

/// JSON with a line for each value, its numbers as they stand.
fn indented(text: &str) -> Option<String> {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::with_capacity(text.len() * 2), 0usize, false, false);
    let mut rest = text.trim().chars().filter(|c| !matches!(c, '\n' | '\r' | '\t')).peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = rest.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                quoted = true;
                out.push(c);
            }
            '{' | '[' => {
                while rest.next_if_eq(&' ').is_some() {}
                out.push(c);
                if rest.peek().is_some_and(|next| matches!(next, '}' | ']')) {
                    out.extend(rest.next());
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.checked_sub(1)?;
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            ' ' => {}
            other => out.push(other),
        }
    }
    Some(out)
}

fn write_events(out: &mut dyn Write, mapped: &Mapped) -> std::io::Result<()> {
    mapped.events.iter().try_for_each(|event| writeln!(out, "{}", wire::write(event)))
}

fn write_rejected(out: &mut dyn Write, rejected: &Rejected, words: &Words) -> std::io::Result<()> {
    let reject = &rejected.reject;
    let place = if rejected.place.is_empty() { String::new() } else { format!(" ({})", detail::told(&rejected.place, words)) };
    let why = match words.lang() {
        // the codes of the format are English words
        Lang::En => format!("{} {}", reject.reason.id(), reject.detail),
        Lang::PtBr => detail::named(&format!("{}: {}", reject.reason.id(), reject.detail), words),
    };
    writeln!(out, "  {}: {why}{place} · {}", words.get("try-refused"), rejected.beginning)
}

/// What became no event, and why; what the answer says beside its events.
fn write_rest(out: &mut dyn Write, mapped: &Mapped, words: &Words) -> std::io::Result<()> {
    let counts = [
        ("inputs", mapped.inputs.into()),
        ("events", mapped.events.len().into()),
        ("skipped", mapped.skipped.into()),
        ("unmapped", mapped.unmapped.into()),
        ("refused", mapped.rejected.len().into()),
    ];
    writeln!(out, "{}", words.text("try-counts", &counts))?;
    for left in mapped.left_out.iter().take(SHOWN_LEFT_OUT) {
        let why = left.why.clone().unwrap_or_else(|| words.get("try-unmapped").to_owned());
        writeln!(out, "  {}: {why} · {}", words.get("try-left-out"), left.beginning)?;
    }
    mapped.rejected.iter().try_for_each(|rejected| write_rejected(out, rejected, words))?;
    for notice in &mapped.expansions {
        writeln!(out, "  {}: {}", words.get("try-expands"), clean(&notice.id, 120))?;
    }
    let aside = [
        ("next", mapped.next.clone()),
        ("ack", mapped.ack.clone()),
        ("interval", mapped.interval_s.map(|seconds| format!("{seconds} s"))),
        ("quota", mapped.quota_left.map(|left| left.to_string())),
    ];
    aside
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .try_for_each(|(name, value)| writeln!(out, "  {name}: {}", clean(&value, 200)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_without_a_touch_to_its_numbers_and_texts() {
        let text = r#"{"id":890088186047892319, "a":[1.50,{"b":"x: [\"y\"],{}"}],"e":[],"f":{ }}"#;
        let pretty = indented(text).unwrap();
        assert!(pretty.contains("890088186047892319") && pretty.contains("1.50"), "{pretty}");
        assert!(pretty.contains(r#""b": "x: [\"y\"],{}""#), "{pretty}");
        let (before, after): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(text).unwrap(), serde_json::from_str(&pretty).unwrap());
        assert_eq!(before, after);
        assert_eq!(pretty.lines().count(), 11, "{pretty}");
    }
}
