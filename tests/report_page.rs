//! The report's page in headless Chromium, opened from disk: nothing asked for, nothing run, nothing beside the page, nothing
//! that an accessibility checker objects to; whatever text the feeds bring.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

#[path = "support/hostile.rs"]
mod hostile;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use warroom::app::reporting::{Request, run};
use warroom::ui::words::Lang;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a browser finds on a page. Pictures are kept where WARROOM_PICTURES says.
fn look(page: &Path, name: &str) -> Value {
    let modules = root().join("target/page");
    assert!(modules.join("node_modules/axe-core").is_dir(), "the browser's modules are missing: run tests/setup.sh");
    let mut command = Command::new("node");
    command.arg(root().join("tests/page/look.mjs")).arg(page).arg(&modules);
    if let Some(folder) = std::env::var_os("WARROOM_PICTURES") {
        let folder = PathBuf::from(folder).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        command.arg(folder);
    }
    let output = command.output().expect("node starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn is_clean(found: &Value) {
    for what in ["console", "requests", "dialogs", "overflow", "violations"] {
        assert_eq!(found[what], json!([]), "{what}");
    }
    assert_eq!(found["scripts"], 0, "scripts, pictures and frames");
    assert!(found["printed"].as_u64().unwrap() > 20_000, "it prints");
}

/// A live of an hour with everything on it, as `warroom simulate` writes it.
fn journal(folder: &Path) -> PathBuf {
    let path = folder.join("night.warroom");
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(["simulate", "--seed", "3", "--hours", "1", "--journal"]).arg(&path);
    assert!(command.output().expect("it starts").status.success());
    path
}

fn page(inputs: Vec<String>, request: Request) -> PathBuf {
    run(&Request { inputs, ..request }).unwrap().written.html
}

#[test]
fn the_page_of_a_live_is_clean_in_a_browser_at_every_width_light_and_dark() {
    let folder = tempfile::tempdir().unwrap();
    let input = journal(folder.path()).display().to_string();
    for lang in Lang::ALL {
        let against = vec![input.clone()];
        let request = Request { lang, against, out: folder.path().join(lang.id()), ..Request::default() };
        let found = look(&page(vec![input.clone()], request), lang.id());
        is_clean(&found);
    }
}

#[test]
fn hostile_text_stays_text_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let (input, plan) = hostile::broadcast(folder.path());
    let request = Request { plan: Some(plan), out: folder.path().to_owned(), ..Request::default() };
    let found = look(&page(vec![input.display().to_string()], request), "hostile");
    is_clean(&found);
    assert_eq!(found["title"], "<script>alert(1)</script> & \"co\"");
}
