//! IRC as chat platforms speak it: lines with tags, over a WebSocket or a plain connection, as JSON for the filters.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::fault::{Fault, FaultKind};
use super::lines::Cutter;
use super::mapping::{Context, Mapped};
use super::outlet::Outlet;
use super::stream::{Tap, note_return};

/// Underscores that are put behind a name that is taken.
const MAX_TRIES: usize = 4;

/// The lines that open an IRC session.
#[derive(Clone, Debug, Default)]
pub struct Greeting {
    /// Sent at once.
    pub first: Vec<String>,
    /// Sent when the server has said welcome.
    pub welcomed: Vec<String>,
}

/// What a line leads to.
#[derive(Debug, Default, PartialEq)]
pub struct Heard {
    /// The message for the filter.
    pub message: Option<Value>,
    /// Lines to send.
    pub answers: Vec<String>,
    /// The server asks to connect again.
    pub reconnect: bool,
    /// The server has let us in.
    pub welcome: bool,
}

/// Reads one line of a session.
#[must_use]
pub fn hear(line: &str, greeting: &Greeting, number: &str) -> Heard {
    let Some(message) = parse(line, number) else { return Heard::default() };
    let command = message["command"].as_str().unwrap_or_default();
    match command {
        "PING" => {
            let token = message["params"][0].as_str().unwrap_or_default();
            Heard { answers: vec![format!("PONG :{token}")], ..Heard::default() }
        }
        "RECONNECT" | "ERROR" => Heard { reconnect: true, ..Heard::default() },
        // our name is taken, maybe by ourselves before the line broke
        "433" if number_of_tries(&message) < MAX_TRIES => {
            let nick = message["params"][1].as_str().unwrap_or_default();
            Heard { answers: vec![format!("NICK {nick}_")], ..Heard::default() }
        }
        "433" => Heard { reconnect: true, ..Heard::default() },
        "001" => Heard { answers: greeting.welcomed.clone(), welcome: true, ..Heard::default() },
        // numbers, and the answer to our own question, are the server's own talk
        "PONG" => Heard::default(),
        _ if command.bytes().all(|b| b.is_ascii_digit()) => Heard::default(),
        _ => Heard { message: Some(message), ..Heard::default() },
    }
}

/// How often the name was changed already.
fn number_of_tries(message: &Value) -> usize {
    message["params"][1].as_str().unwrap_or_default().bytes().rev().take_while(|b| *b == b'_').count()
}

/// `@tags :nick!user@host COMMAND params :text` as an object.
fn parse(line: &str, number: &str) -> Option<Value> {
    let mut rest = line.trim_end_matches(['\r', '\n']);
    let mut tags = Map::new();
    if let Some(tagged) = rest.strip_prefix('@') {
        let (list, behind) = tagged.split_once(' ')?;
        for tag in list.split(';') {
            let (name, value) = tag.split_once('=').unwrap_or((tag, ""));
            tags.insert(name.to_owned(), unescape(value).into());
        }
        rest = behind.trim_start();
    }
    let mut prefix = "";
    if let Some(prefixed) = rest.strip_prefix(':') {
        (prefix, rest) = prefixed.split_once(' ')?;
    }
    let (head, trailing) = rest.split_once(" :").map_or((rest, None), |(head, trailing)| (head, Some(trailing)));
    let mut words = head.split(' ').filter(|word| !word.is_empty());
    let command = words.next()?.to_ascii_uppercase();
    let params: Vec<&str> = words.chain(trailing).collect();
    let nick = prefix.split(['!', '@']).next().unwrap_or_default();
    Some(json!({"tags": tags, "nick": nick, "command": command, "params": params, "number": number}))
}

fn unescape(value: &str) -> String {
    let mut text = String::new();
    let mut escaped = false;
    for c in value.chars() {
        match (escaped, c) {
            (false, '\\') => {
                escaped = true;
                continue;
            }
            (true, ':') => text.push(';'),
            (true, 's') => text.push(' '),
            (true, 'r' | 'n') => text.push(' '),
            (_, c) => text.push(c),
        }
        escaped = false;
    }
    text
}

/// Keeps an IRC session over a plain connection until it breaks.
///
/// # Errors
/// When it cannot be opened or ends.
pub async fn listen(host: &str, greeting: &Greeting, idle: Duration, tap: &Tap, outlet: &mut Outlet) -> Result<(), Fault> {
    let unreachable = |error: std::io::Error| Fault::new(FaultKind::Unreachable, error.to_string());
    let connect = timeout(Duration::from_secs(3), TcpStream::connect(host)).await;
    let mut stream = connect.map_err(|_| Fault::new(FaultKind::Timeout, "no connection within 3 s"))?.map_err(unreachable)?;
    send(&mut stream, &greeting.first).await?;
    let mut cutter = Cutter::default();
    let mut chunk = vec![0; 16 << 10];
    // until the server has let us in there is nothing to hear
    let (mut asked, mut inside) = (false, false);
    loop {
        // half of the idle time without a word: ask whether anybody is there
        let Ok(read) = timeout(idle / 2, stream.read(&mut chunk)).await else {
            if asked {
                return Err(Fault::new(FaultKind::Timeout, "the server is silent"));
            }
            asked = true;
            send(&mut stream, &["PING :warroom".to_owned()]).await?;
            continue;
        };
        asked = false;
        let count = read.map_err(|error| Fault::new(FaultKind::Truncated, error.to_string()))?;
        if count == 0 {
            return Err(Fault::new(FaultKind::Truncated, "the server closed the connection"));
        }
        let now = outlet.now();
        let mut mapped = Mapped::default();
        for (number, line) in cutter.push(&chunk[..count]) {
            let heard = hear(line.as_deref().unwrap_or_default(), greeting, &format!("{}-{number}", now.ms()));
            send(&mut stream, &heard.answers).await?;
            if heard.reconnect {
                return Err(Fault::new(FaultKind::Truncated, "the server asks to connect again"));
            }
            if heard.welcome {
                inside = true;
                note_return(outlet.now(), None, None, outlet.now(), outlet);
            }
            if let Some(message) = heard.message {
                let context = Context { feed: tap.feed_values(outlet), ..Context::new(now, tap.session.account.defaults.clone()) };
                mapped.append(tap.map(message.to_string().into_bytes(), context).await?);
            }
        }
        if inside {
            outlet.note_success(now);
        }
        if outlet.deliver_or_drop(mapped, None).await.is_err() {
            return Ok(());
        }
    }
}

async fn send(stream: &mut TcpStream, lines: &[String]) -> Result<(), Fault> {
    for line in lines {
        let line = format!("{}\r\n", line.replace(['\r', '\n'], " "));
        stream.write_all(line.as_bytes()).await.map_err(|error| Fault::new(FaultKind::Truncated, error.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_tags_becomes_an_object() {
        let line =
            "@badge-info=;display-name=Ana\\sM;id=7f;tmi-sent-ts=1795303864120 :ana!ana@ana.tmi.twitch.tv PRIVMSG #loja :tem no M? :)\r\n";
        let message = hear(line, &Greeting::default(), "1").message.unwrap();
        assert_eq!(message["tags"]["display-name"], "Ana M");
        assert_eq!((&message["nick"], &message["command"]), (&json!("ana"), &json!("PRIVMSG")));
        assert_eq!(message["params"], json!(["#loja", "tem no M? :)"]));
    }

    #[test]
    fn the_servers_own_talk_is_answered() {
        let greeting = Greeting { welcomed: vec!["JOIN #loja".into()], ..Greeting::default() };
        assert_eq!(hear("PING :tmi.twitch.tv", &greeting, "1").answers, ["PONG :tmi.twitch.tv"]);
        assert_eq!(hear(":s 001 me :Welcome", &greeting, "1").answers, ["JOIN #loja"]);
        assert_eq!(hear(":s 433 * desk :Nickname already in use", &greeting, "1").answers, ["NICK desk_"]);
        assert!(hear(":s 433 * desk____ :Nickname already in use", &greeting, "1").reconnect);
        assert!(hear(":s RECONNECT", &greeting, "1").reconnect);
        for line in ["", ":", "@", "@a", "@a=b :x", ":s 372 me :- motd", ":s PONG s :warroom"] {
            assert_eq!(hear(line, &greeting, "1").message, None, "{line}");
        }
    }
}
