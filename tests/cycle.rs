//! The whole cycle through the program: a plan is made by answers and judged, an evening is rehearsed and reported, a proposed
//! change is ticked, the next plan takes it over, and the report of the live that followed it says whether it helped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const PRODUCTS: &str = "sku,name,price,cost,margin_floor,max_discount,stock\nFONE-X2,Fone Pro X2,199.00,120.00,20%,15%,400\nKIT-CASA5,Kit Casa,549.00,350.00,20%,10%,300\n";
/// Title to margin, six targets, run of show (the proposal), platforms, events, checklist; what is asked beyond is agreed to.
const ANSWERS: &str = "Terça Tech\nAmerica/Sao_Paulo\n2026-11-24 20:00\n2h\nBRL\nconversion\nweekly\n\nreturning, premium\n35%\n\
                       R$ 90.000,00\n400\n3%\n4\n25,50\n8m\n\nvendure\nevents.ndjson\n\n";

struct Home(tempfile::TempDir);

impl Home {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn run(&self, arguments: &[&str], answers: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(arguments).env_clear().env("HOME", self.0.path()).current_dir(self.0.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdin.take().unwrap().write_all(answers.as_bytes()));
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        output
    }
    fn report(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["report", "--out", "reports"], arguments].concat(), "");
        json(&self.path(text(&output.stdout).trim()).with_file_name("report.json"))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_lesson_goes_from_the_report_into_the_next_plan_and_its_report() {
    let home = Home(tempfile::tempdir().unwrap());
    std::fs::write(home.path("products.csv"), PRODUCTS).unwrap();
    home.run(&["plan", "new", "terca.toml", "--products", "products.csv"], ANSWERS);
    home.run(&["check", "terca.toml"], "");
    home.run(&["rehearse", "w1-surprise-discount", "--speed", "600", "--plain", "--journal", "evening.warroom"], "");

    let first = home.report(&["evening.warroom"]);
    let proposals = first["proposals"].as_array().unwrap();
    assert!(!proposals.is_empty(), "the evening proposes something");
    let measured = proposals.iter().position(|proposal| !proposal["measure"].is_null()).expect("one that a figure knows");
    let number = (measured + 1).to_string();
    home.report(&["evening.warroom", "--tick", &number, "--plan", "terca.toml"]);
    let lessons = json(&home.path(".local/share/warroom/lessons.json"));
    let lesson = lessons[0]["text"].as_str().unwrap();
    assert_eq!(lessons[0]["kind"], proposals[measured]["lesson"]);
    assert!(std::fs::read_to_string(home.path("playbook.md")).unwrap().contains("Not tried yet."));

    home.run(&["plan", "new", "next.toml", "--products", "products.csv"], &ANSWERS.replace("Terça", "Quarta"));
    let next = warroom::config::plan::load(&home.path("next.toml"), &|_| None).unwrap().plan;
    assert_eq!(next.lessons, [lesson], "the next plan contains it");

    let events = home.run(&["simulate", "--seed", "5", "--hours", "0.5"], "").stdout;
    std::fs::write(home.path("next.ndjson"), events).unwrap();
    let second = home.report(&["next.ndjson", "--plan", "next.toml"]);
    let followed = &second["followed"][0];
    assert_eq!(followed["text"], lesson);
    let verdict = followed["outcome"]["verdict"].as_str().unwrap_or_else(|| panic!("{followed}"));
    assert!(["better", "worse", "no_visible_change", "cant_tell"].contains(&verdict), "{followed}");
    let kept = json(&home.path(".local/share/warroom/lessons.json"));
    assert_eq!(kept[0]["outcomes"][0]["verdict"], verdict, "what it said is remembered");
    let playbook = text(&home.run(&["playbook"], "").stdout);
    assert!(playbook.contains("Helped in") && !playbook.contains("Not tried yet."), "{playbook}");
}
