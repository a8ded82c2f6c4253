//! Peers of a desk that repeat whatever they are told, secrets above all: in errors, in what nobody can read, in what is accepted.

use std::path::Path;

use data_encoding::{BASE64, HEXLOWER};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use warroom::clock::wall_now;

use super::brokers::{Cluster, TOPIC};
use super::peer::{Asked, Peer, Reply};
use super::publisher::topic::{Kind, Packing, batch};
use super::servers::Server;

/// In every secret, as given and as issued.
pub const CANARY: &str = "cAnArY7f3a";
/// Every way to be let in, each with a secret of its own.
pub const WAYS: [(&str, &str); 7] = [
    ("header", "[auth.headers]\nx-shop-access-token = \"{{secret}}\""),
    ("query", "[auth.query]\naccess_token = \"{{secret}}\""),
    ("basic", "[auth.basic]\nuser = \"desk\"\npassword = \"{{secret}}\""),
    (
        "login",
        "[auth.login]\nurl = \"{{base}}/login\"\nform = { password = \"{{secret}}\" }\ntoken_header = \"x-token\"\n[auth.headers]\nauthorization = \"Bearer {{token}}\"",
    ),
    (
        "oauth",
        "[auth.login]\nurl = \"{{base}}/oauth\"\nform = { grant_type = \"refresh_token\", refresh_token = \"{{secret}}\" }\ntoken = \".access_token\"\nexpires = \".expires_in\"\nrotate = \"secret\"\nrotated = \".refresh_token\"\n[auth.headers]\nauthorization = \"Bearer {{token}}\"",
    ),
    (
        "sign",
        "[auth.query]\ntimestamp = \"{{now|epoch_s}}\"\n[auth.sign]\nkey = \"{{secret}}\"\nmessage = \"{{key}}{{path}}{{params}}{{key}}\"",
    ),
    ("body", ""),
];

/// The beginning of a filter: what a row says goes into a chat that is accepted.
const SAID: &str = r#"if .said then {type: "chat_message", id: (.id | text), ts: $at, author: (.by // "peer"), text: .said}"#;

pub fn platform(way: &str, auth: &str) -> String {
    let body = if way == "body" { "body = { key = \"{{secret}}\" }\n" } else { "" };
    format!(
        r#"
name = "{way}"
ok = '.error'
[variables.base]
[variables.sockets]
[variables.secret]
secret = true
environment = "CANARY_{}"
{auth}
[[request]]
name = "orders"
gives = ["purchase", "chat_message"]
interval_s = 0.5
url = "{{{{base}}}}/{way}/orders"
{body}items = ".rows[]"
map = '''{SAID} else {{type: "purchase", order: (.id | text), ts: (.ts // $at), value: .total, currency: "BRL", placed_at: (.ts // $at)}} end'''
[[request]]
name = "thin"
gives = ["chat_message"]
interval_s = 1
url = "{{{{base}}}}/{way}/thin"
items = ".rows[]"
map = "expand({{id: (.id | text)}})"
[request.expand]
url = "{{{{base}}}}/{way}/detail/{{{{expand.id}}}}"
items = ".rows[]"
map = '''{SAID} else empty end'''
[[request]]
name = "hook"
gives = ["purchase", "chat_message"]
transport = "webhook"
path = "/{way}"
signature = {{ kind = "hmac", header = "X-Sign", secret = "{{{{secret}}}}" }}
map = '''{SAID} else {{type: "purchase", order: (.id | text), ts: $at, value: .total, currency: "BRL", placed_at: $at}} end'''
[[request]]
name = "stream"
gives = ["chat_message"]
transport = "sse"
url = "{{{{base}}}}/{way}/stream"
map = '''., {{type: "chat_message", id: .echo, ts: $at, author: "stream", text: ("by-stream " + .echo)}}'''
[[request]]
name = "socket"
gives = ["chat_message"]
transport = "ws"
url = "{{{{sockets}}}}/{way}/socket"
map = '''., {{type: "chat_message", id: .echo, ts: $at, author: "socket", text: ("by-socket " + .echo)}}'''
"#,
        way.to_uppercase()
    )
}

/// A server that repeats in its errors whatever it was sent, and now and then says yes, with more in it than was asked for.
pub async fn echo() -> Peer {
    Peer::start(|asked: &Asked, n| {
        let said = format!("{} {}", asked.head.replace(['\r', '\n'], " "), asked.body);
        if asked.path() == "/login" {
            return Reply::status(200, &[("x-token", &format!("{CANARY}-issued-by-login-{n}"))], "{}");
        }
        if asked.path() == "/oauth" {
            return Reply::Json(format!(
                r#"{{"access_token":"{CANARY}-issued-{n}","refresh_token":"{CANARY}-rotated-{n}","expires_in":3600}}"#
            ));
        }
        let lines: Vec<&str> = asked.head.lines().chain([asked.body.as_str()]).collect();
        if asked.path().contains("/stream") {
            let told: String = lines.iter().map(|line| format!("data: {}\n\n", serde_json::json!({"echo": line}))).collect();
            return match n % 2 {
                0 => Reply::status(403, &[], &said),
                _ => Reply::status(200, &[("content-type", "text/event-stream")], &told),
            };
        }
        let saying = |how: &str| lines.iter().map(|line| serde_json::json!({"id": format!("{how}-{line}"), "said": format!("{how} {line}"), "by": line}).to_string()).collect::<Vec<_>>();
        if asked.path().contains("/thin") {
            return Reply::Json(format!(r#"{{"rows":[{{"id":"n{n}"}}]}}"#));
        }
        if asked.path().contains("/detail/") {
            return Reply::Json(format!(r#"{{"rows":[{}]}}"#, saying("by-detail").join(",")));
        }
        match n % 5 {
            0 => Reply::status(500, &[], &said),
            1 => Reply::status(401, &[], &said),
            2 => Reply::Json(format!(r#"{{"error":{}}}"#, serde_json::Value::from(said))),
            3 => Reply::status(302, &[("location", &format!("http://127.0.0.1:9/?{CANARY}"))], &said),
            _ => {
                // some that nobody can read, some long before the live, one that is good
                let unread = lines.iter().map(|line| serde_json::json!({"id": [line], "total": "1.00"}).to_string());
                let early = lines.iter().map(|line| serde_json::json!({"id": line, "ts": "2020-01-01T00:00:00Z", "total": "1.00"}).to_string());
                let rows: Vec<String> = unread.chain(early).chain(saying("by-poll")).collect();
                Reply::Json(format!(
                    r#"{{"refreshToken":"{CANARY}-unasked-r","rows":[{},{{"id":{n},"total":"10.00","api-key":"{CANARY}-unasked-k"}}],"session":"Bearer {CANARY}-unasked"}}"#,
                    rows.join(",")
                ))
            }
        }
    })
    .await
}

/// A server of sockets that repeats what it was greeted with; its address.
pub async fn echoing_sockets() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut lines = Vec::new();
                let greet = |asked: &Request, answer: Response| {
                    lines.push(asked.uri().to_string());
                    lines.extend(asked.headers().values().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()));
                    Ok(answer)
                };
                // who hangs up in the middle is heard no more
                let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, greet).await else { return };
                for line in lines {
                    let told = serde_json::json!({"echo": line}).to_string();
                    if socket.send(Message::Text(told.into())).await.is_err() {
                        return;
                    }
                }
                while let Some(Ok(_)) = socket.next().await {}
            });
        }
    });
    format!("ws://{address}")
}

pub fn secret_of(way: &str) -> String {
    format!("{CANARY}-{way}-given")
}

/// Brokers that ask for a secret, with messages in them that repeat it.
pub struct Brokers {
    pub nats: Server,
    pub kafka: Cluster,
}

impl Brokers {
    /// `folder` is for what they store.
    pub async fn start(folder: &Path) -> Self {
        let nats = Server::nats(folder, &["--user", "desk", "--pass", &secret_of("nats")]);
        let user = async_nats::ConnectOptions::with_user_and_password("desk".into(), secret_of("nats"));
        let client = user.connect(format!("nats://127.0.0.1:{}", nats.port)).await.expect("a connection");
        let context = async_nats::jetstream::new(client);
        let config = async_nats::jetstream::stream::Config { name: "SHOP".into(), subjects: vec!["shop.>".into()], ..Default::default() };
        context.create_stream(config).await.expect("a stream");
        for line in repeating("nats") {
            context.publish("shop.said", line.into()).await.expect("sent").await.expect("kept");
        }
        let kafka = Cluster::start(1, 1, (4, 11)).await;
        kafka.demand("desk", &secret_of("kafka"), "PLAIN");
        let lines = repeating("kafka");
        let key = secret_of("kafka");
        let records: Vec<(&str, String)> = lines.into_iter().map(|line| (key.as_str(), line)).collect();
        kafka.append(0, &batch(&records, Kind::packed(Packing::Gzip)));
        Self { nats, kafka }
    }

    /// Their feeds in a plan.
    pub fn feeds(&self) -> String {
        format!(
            "[feeds.nats]\nplatform = \"nats\"\nservers = \"nats://127.0.0.1:{}\"\nstream = \"SHOP\"\nuser = \"desk\"\npassword = {{ env = \"CANARY_NATS\" }}\n\
             [feeds.kafka]\nplatform = \"kafka\"\nservers = \"{}\"\ntopic = \"{TOPIC}\"\nuser = \"desk\"\npassword = {{ env = \"CANARY_KAFKA\" }}\n",
            self.nats.port,
            self.kafka.servers()
        )
    }
}

/// Canonical lines that repeat a secret: one that is accepted, one that is wrong, one that is no JSON.
pub fn repeating(way: &str) -> Vec<String> {
    let (secret, at) = (secret_of(way), wall_now().rfc3339());
    let forms = format!("{secret} {} {}", HEXLOWER.encode(secret.as_bytes()), BASE64.encode(format!("desk:{secret}").as_bytes()));
    let chat = |id: &str, ts: &str| serde_json::json!({"type": "chat_message", "id": id, "ts": ts, "author": secret, "text": format!("by-{way} {forms}"), "theirs": {"deep": [forms]}});
    vec![chat(&secret, &at).to_string(), chat("bad", &forms).to_string(), format!("no json {forms}")]
}
