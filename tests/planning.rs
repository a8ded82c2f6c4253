//! `warroom plan`: a plan by questions, its products from a file or from what was told, its lessons from earlier reports.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use warroom::config::plan::load;
use warroom::engine::plan::Aim;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }
    /// Runs the program with prepared answers on standard input.
    fn run(&self, arguments: &[&str], answers: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(arguments).env_clear().env("HOME", self.0.path()).current_dir(self.0.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // a program that refuses early reads no further
        drop(child.stdin.take().unwrap().write_all(answers.as_bytes()));
        child.wait_with_output().unwrap()
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

const PRODUCTS: &str = "sku,name,price,cost,margin_floor,max_discount,stock\nFONE,\"Fone, Pro\",199.00,120.00,20%,15%,400\nSOM,Caixa,259.00,150.00,20%,10%,300\n";
/// Title to margin, six targets, run of show (the proposal), platforms, events, checklist.
const ANSWERS: &str = "Loja Clara · \"Terça\"\nAmerica/Sao_Paulo\n2026-11-24 20:00\n2h\nBRL\nconversion\nweekly\n\nreturning, premium\n35%\n\
                       R$ 90.000,00\n400\n3%\n4\n25,50\n8m\n\nvendure\nevents.ndjson\n\n";

#[test]
fn a_plan_by_prepared_answers_is_a_plan_without_a_doubt() {
    let home = Home::new();
    std::fs::write(home.path("products.csv"), PRODUCTS).unwrap();
    let output = home.run(&["plan", "new", "terca.toml", "--products", "products.csv"], ANSWERS);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let text = std::fs::read_to_string(home.path("terca.toml")).unwrap();
    let loaded = load(&home.path("terca.toml"), &|_| None).unwrap();
    assert_eq!(loaded.doubts, [], "{text}");
    let plan = loaded.plan;
    assert_eq!((plan.title.as_str(), plan.name.as_str(), plan.length_s), ("Loja Clara · \"Terça\"", "loja-clara-terca", 7_200));
    assert_eq!((plan.aim, plan.format.as_deref(), plan.margin), (Aim::Conversion, Some("weekly"), Some(0.35)));
    assert_eq!(plan.starts_at.unwrap().rfc3339(), "2026-11-24T23:00:00Z");
    assert_eq!(plan.audience_profile, ["returning", "premium"]);
    let target = |id: &str| plan.target(id).unwrap();
    assert_eq!((target("gmv_paid"), target("orders_paid"), target("cvr_uv")), (9_000_000.0, 400.0, 0.03));
    assert_eq!((target("roas"), target("cac"), target("avg_watch_s")), (4.0, 2_550.0, 480.0));
    assert_eq!(plan.products.iter().map(|product| product.name.as_str()).collect::<Vec<_>>(), ["Fone, Pro", "Caixa"]);
    assert!(text.contains("products = \"products.csv\""), "named from the plan's own folder: {text}");
    assert_eq!(plan.segments.iter().map(|segment| segment.length_s).sum::<i64>(), 7_200, "the proposed run of show fills the live");
    assert_eq!(plan.segments[1].skus, ["FONE"]);
    assert_eq!(plan.checklist.len(), 3);
    assert!(text.contains("#[feeds.vendure]") && text.contains("#password = { env = "), "{text}");
    assert_eq!(plan.feeds.iter().map(|feed| feed.name.as_str()).collect::<Vec<_>>(), ["tape"]);
    let check = home.run(&["check", "terca.toml"], "");
    assert_eq!(check.status.code(), Some(0), "{}", told(&check));
}

#[test]
fn a_plan_that_is_there_is_not_written_over_without_a_word() {
    let home = Home::new();
    std::fs::write(home.path("plan.toml"), "title = \"mine\"\n").unwrap();
    let refused = home.run(&["plan", "new"], ANSWERS);
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    assert!(told(&refused).contains("--overwrite"));
    assert_eq!(std::fs::read_to_string(home.path("plan.toml")).unwrap(), "title = \"mine\"\n");
    let answers = ANSWERS.replace("8m\n\nvendure", "8m\n\n-\nvendure");
    let output = home.run(&["plan", "new", "--overwrite"], &answers);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(std::fs::read_to_string(home.path("plan.toml")).unwrap().contains("Loja Clara"));
}

#[test]
fn a_wrong_or_missing_answer_is_named_and_nothing_is_written() {
    let home = Home::new();
    for (answers, expected) in [
        ("Live\nAmerica/Sao_Paolo\n", "America/Sao_Paulo"),
        ("Live\nAmerica/Sao_Paulo\ntomorrow\n", "tomorrow"),
        ("Live\nUTC\n2026-11-24 20:00\ntwo hours\n", "two hours"),
        ("Live\nUTC\n", "2026-11-24 20:00"),
        ("Live\nUTC\n2026-11-24 20:00\n1h\nBRL\nleads\n\n\n\n\nmany\n", "many"),
        ("Live\nUTC\n2026-11-24 20:00\n1h\nBRL\nleads\n\n\n\n\n1200\n4,50\n\n\n\nnone.csv\n", "none.csv"),
        ("Live\nUTC\n2026-11-24 20:00\n1h\nBRL\nleads\n\n\n\n\n\n\n\n\n\n\nhook; 5m; dance\n", "dance"),
        ("Live\nUTC\n2026-11-24 20:00\n1h\nBRL\nleads\n\n\n\n\n\n\n\n\n\n\nhook; 2h\n", "too short"),
        ("Live\nUTC\n2026-11-24 20:00\n1h\nBRL\nleads\n\n\n\n\n\n\n\n\n\n\n\nvendur\n", "vendure"),
    ] {
        let output = home.run(&["plan", "new"], answers);
        assert_eq!(output.status.code(), Some(2), "{answers}: {}", told(&output));
        let error = String::from_utf8_lossy(&output.stderr);
        let last = error.lines().last().unwrap();
        assert!(last.contains(expected), "{expected} in {error}");
        assert!(!home.path("plan.toml").exists());
    }
}

#[test]
fn ticked_lessons_of_earlier_reports_stand_in_the_next_plan() {
    let home = Home::new();
    let data = home.path(".local/share/warroom");
    std::fs::create_dir_all(&data).unwrap();
    let lessons = r#"[{"id":"weak-product","text":"show \"Fone\" on camera first","from_live":"terca 2026-11-17","ticked_at":"2026-11-18T01:00:00Z","kind":"weak-product","parameters":{"sku":"FONE"}},
                     {"id":"peak","text":"plan an offer at 33'","from_live":"terca 2026-11-17","ticked_at":"2026-11-18T01:00:00Z"}]"#;
    std::fs::write(data.join("lessons.json"), lessons).unwrap();
    let answers = format!("{}y\nn\n", ANSWERS.replace("8m\n\nvendure", "8m\n\n-\nvendure"));
    let output = home.run(&["plan", "new"], &answers);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let plan = load(&home.path("plan.toml"), &|_| None).unwrap().plan;
    assert_eq!(plan.lessons, ["show \"Fone\" on camera first"]);
    std::fs::write(data.join("lessons.json"), "{").unwrap();
    let output = home.run(&["plan", "new", "--overwrite"], &answers);
    assert!(output.status.code() == Some(1) && told(&output).contains("lessons.json"), "{}", told(&output));
}

/// The n-th block of a language on the page that explains platforms.
fn block(language: &str) -> String {
    let page = include_str!("../docs/connect-a-platform.md");
    let from = page.find(&format!("```{language}\n")).unwrap() + language.len() + 4;
    page[from..].split("```").next().unwrap().to_owned()
}

/// A shop on a free port that gives every caller the same answer.
fn shop(answer: String) -> String {
    use std::io::Read;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for caller in listener.incoming() {
            let mut caller = caller.unwrap();
            drop(caller.read(&mut [0u8; 16_384]));
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                answer.len()
            );
            drop(caller.write_all((head + &answer).as_bytes()));
        }
    });
    base
}

#[test]
fn products_come_from_the_shops_own_feed() {
    let home = Home::new();
    for (name, language) in [("kiosk.toml", "toml"), ("kiosk.jq", "jq")] {
        std::fs::write(home.path(name), block(language)).unwrap();
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let sale = format!(
        r#"{{"sales":[{{"no":1001,"at":{now},"changed":{now},"paid_at":{now},"cents":25980,"buyer":17,"page":"/","lines":[{{"code":"LIP-01","n":2,"cents_each":12990}}]}}]}}"#
    );
    let base = shop(sale);
    std::fs::write(home.path("key.txt"), "k").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(home.path("key.txt"), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let plan = format!("currency = \"BRL\"\n[feeds.kiosk]\nplatform = \"kiosk.toml\"\nbase = \"{base}\"\nkey = {{ file = \"key.txt\" }}\n");
    std::fs::write(home.path("plan.toml"), plan).unwrap();
    let output = home.run(&["plan", "products", "--feed", "kiosk", "--plan", "plan.toml"], "");
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let csv = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(csv.lines().any(|line| line.starts_with("LIP-01,") && line.contains("129.90")), "{csv}");
    let wrong = home.run(&["plan", "products", "--feed", "kisok", "--plan", "plan.toml"], "");
    assert!(wrong.status.code() == Some(2) && told(&wrong).contains("did you mean `kiosk`"), "{}", told(&wrong));
}

#[test]
fn products_come_from_what_an_earlier_live_told() {
    let home = Home::new();
    let made = home.run(&["simulate", "--hours", "0.1", "--journal", "a.warroom"], "");
    assert_eq!(made.status.code(), Some(0), "{}", told(&made));
    let output = home.run(&["plan", "products", "a.warroom"], "");
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    std::fs::write(home.path("products.csv"), &output.stdout).unwrap();
    std::fs::write(home.path("plan.toml"), "currency = \"BRL\"\nproducts = \"products.csv\"\n").unwrap();
    let plan = load(&home.path("plan.toml"), &|_| None).unwrap().plan;
    let fone = plan.product("FONE-X2").expect("a product of the demo");
    assert!(fone.name == "Fone Pro X2" && fone.price_minor == Some(19_900) && fone.stock.is_some(), "{fone:?}");
    std::fs::write(home.path("none.ndjson"), "").unwrap();
    assert_eq!(home.run(&["plan", "products", "none.ndjson"], "").status.code(), Some(1));
}
