//! A broadcast that brings hostile text through every name that a feed can bring.

use std::fs;
use std::path::{Path, PathBuf};

use warroom::engine::plan::Plan;

/// The corpus, its escapes undone, with what would be markup or a formula.
fn texts() -> Vec<String> {
    let corpus = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/hostile.txt")).unwrap();
    let lines = corpus.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut texts: Vec<String> = lines.filter_map(|line| serde_json::from_str(&format!("\"{line}\"")).ok()).collect();
    assert!(texts.len() > 100, "the corpus was found");
    for text in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</style><script>x</script>",
        "=cmd|'/c calc'!A1",
        "+1",
        "-1",
        "@SUM(1)",
        "| a | b |\n# c",
    ] {
        texts.push(text.to_owned());
    }
    texts
}

/// Its file of events below a folder, and a plan that is hostile, too.
pub fn broadcast(folder: &Path) -> (PathBuf, Plan) {
    let mut lines = String::new();
    for (number, text) in texts().iter().enumerate() {
        let text = serde_json::to_string(text).unwrap();
        let ts = format!("2026-11-21T23:{:02}:00Z", number % 50);
        for rest in [
            format!(
                r#""type":"purchase","order":{text},"value":"10.00","currency":"BRL","customer":{text},"method":{text},"channel":{text},"items":[{{"sku":{text},"quantity":1,"price":"10.00","name":{text}}}]"#
            ),
            format!(r#""type":"select_item","sku":{text},"visitor":{text}"#),
            format!(r#""type":"view_item","sku":{text},"visitor":{text}"#),
            format!(r#""type":"cue","segment":{text},"host":{text}"#),
            format!(r#""type":"note","text":{text},"operator":{text}"#),
            format!(r#""type":"product_pinned","sku":{text}"#),
            format!(r#""type":"intervention","kind":"coupon","sku":{text},"parameters":{{"code":{text}}}"#),
            format!(r#""type":"chat_message","author":{text},"text":{text}"#),
            format!(r#""type":{text}"#),
        ] {
            lines.push_str(&format!("{{\"id\":\"e{}\",\"ts\":\"{ts}\",{rest}}}\n", lines.len()));
        }
    }
    let input = folder.join("hostile.ndjson");
    fs::write(&input, lines).unwrap();
    let plan = Plan { name: "../../<b>".into(), title: "<script>alert(1)</script> & \"co\"".into(), ..Plan::default() };
    (input, plan)
}
