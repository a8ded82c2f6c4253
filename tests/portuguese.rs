//! An operator of Brazil reads Portuguese: every error that a wrong file makes, and what the verbs say where they cannot go on.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::type_complexity,
    reason = "a test stops where it fails"
)]

use std::path::Path;
use std::process::{Command, Stdio};

use warroom::cli::check::{Asked, check};
use warroom::engine::plan::Plan;
use warroom::journal::Journal;
use warroom::ui::words::{Lang, Words};

/// Words that only English has.
const ENGLISH: &[&str] = &[
    "is", "the", "which", "write", "give", "of", "not", "and", "or", "with", "from", "must", "there", "missing", "known", "takes", "has",
    "its", "one", "set", "see", "cannot", "read", "by", "than", "at", "in", "names", "did", "you", "mean", "remove", "say", "says",
    "needs", "run", "file", "plan", "found", "before", "after", "longer", "under", "above",
];

/// The English that is left in a text, beside code in backticks, in quotes and between braces or brackets.
fn english_in(text: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut closing = None;
    for c in text.chars() {
        match (closing, c) {
            (Some(end), c) => {
                if c == end {
                    closing = None;
                }
            }
            (None, '`' | '"') => closing = Some(c),
            (None, '{') => closing = Some('}'),
            (None, '[') => closing = Some(']'),
            (None, c) => plain.push(c),
        }
    }
    let words = plain.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '/' && c != '.' && c != '-');
    words.filter(|word| ENGLISH.contains(word)).map(str::to_owned).collect()
}

/// What `warroom check` tells of a plan in Portuguese, the points that are wrong.
fn checked(folder: &Path, plan: &str) -> Vec<String> {
    let file = folder.join("plano.toml");
    std::fs::write(&file, plan).unwrap();
    let words = Words::new(Lang::PtBr);
    let home = folder.display().to_string();
    let environment = |name: &str| (name == "HOME").then(|| home.clone());
    let findings = check(Asked { plan: &file, journal: None, live: false, words: &words, environment: &environment });
    assert_eq!(findings.code, 2, "this plan is not wrong:\n{plan}");
    let folder = folder.display().to_string();
    findings.points.iter().map(|point| format!("{} → {}", point.what, point.remedy).replace(&folder, "")).collect()
}

fn all_portuguese(plans: impl IntoIterator<Item = String>, folder: &Path) {
    let mut left = Vec::new();
    for plan in plans {
        for line in checked(folder, &plan) {
            // the libraries' own words
            let line = line.split_once("não é TOML: ").map_or(line.clone(), |(_, rest)| rest.split_once(" → ").unwrap().1.to_owned());
            let line = line.split_once("jq: expected").map_or(line.clone(), |(before, _)| before.to_owned());
            let english = english_in(&line);
            if !english.is_empty() {
                left.push(format!("{english:?} in: {line}"));
            }
        }
    }
    assert!(left.is_empty(), "{}", left.join("\n"));
}

#[test]
fn every_error_of_a_plan_is_told_in_portuguese() {
    let folder = tempfile::tempdir().unwrap();
    let product = "[[product]]\nsku = \"A\"\n";
    let plans = [
        // the file, and what a key may be
        "name = ".into(),
        "name = 3\n".into(),
        "naem = \"x\"\n".into(),
        "name = \"A B\"\n".into(),
        "keep_chat_names = 1\n".into(),
        "scope = 3\n".into(),
        "product = 3\n".into(),
        "product = [3]\n".into(),
        "checklist = 3\n".into(),
        "checklist = [3]\n".into(),
        format!("{product}slot = 0\n"),
        // identity
        "starts_at = \"soon\"\n".into(),
        "time_zone = \"America/Sao_Paulo\"\nstarts_at = \"soon\"\n".into(),
        "time_zone = \"America/Sao_Paolo\"\n".into(),
        "time_zone = \"x\"\n".into(),
        "currency = \"REAL\"\n".into(),
        "currency = \"ZZZ\"\n".into(),
        "length = \"2\"\n".into(),
        "aim = \"conversoin\"\n".into(),
        "aim = \"zzzzzz\"\n".into(),
        "audience_profile = [\"zzzzzz\"]\n".into(),
        "margin = 35\n".into(),
        "[rates]\nXX = \"1\"\nUSD = \"x\"\n".into(),
        // targets
        "[targets]\ngmv_payd = 3\nzzzzzzzzzzzz = 3\ngmv_paid = \"x\"\n".into(),
        "[[target_curve]]\nat = \"50m\"\nshare = \"50%\"\n[[target_curve]]\nat = \"20m\"\nshare = \"20%\"\n".into(),
        "length = \"1h\"\n[[target_curve]]\nat = \"90m\"\nshare = \"50%\"\n".into(),
        // products
        "[[product]]\nname = \"x\"\n".into(),
        format!("currency = \"BRL\"\n{product}price = \"1.234\"\n"),
        format!("{product}price = \"-1\"\n"),
        format!("{product}stock = -1\n"),
        format!("{product}role = \"zzzzzz\"\n"),
        format!("{product}slot = 1\n[[product]]\nsku = \"B\"\nslot = 1\n"),
        format!("{product}{product}"),
        format!("{product}substitutes = [\"ZZ\"]\n"),
        format!("{product}price = \"1\"\ncost = \"2\"\n"),
        format!("{product}price = \"10\"\ncost = \"8\"\nmargin_floor = \"50%\"\n"),
        format!("{product}price = \"10\"\ncost = \"8\"\nmargin = \"50%\"\n"),
        format!("{product}price = \"10\"\nbundle_with = [\"B\"]\nbundle_price = \"20\"\n[[product]]\nsku = \"B\"\nprice = \"10\"\n"),
        format!("{product}cost = \"8\"\nmargin_floor = \"50%\"\nbundle_price = \"10\"\n"),
        "products = \"none.csv\"\n".into(),
        // the run of show
        "[[segment]]\nlength = \"1m\"\n".into(),
        "length = \"1h\"\n[[segment]]\nname = \"a\"\nlength = \"4h\"\n".into(),
        "[[segment]]\nname = \"a\"\nanchor = \"x\"\n[[segment]]\nname = \"b\"\nanchor = \"21:00\"\n".into(),
        "length = \"1h\"\n[[segment]]\nname = \"a\"\nlength = \"30m\"\n[[segment]]\nname = \"b\"\nanchor = \"10m\"\n\
         [[segment]]\nname = \"c\"\nanchor = \"5m\"\n[[segment]]\nname = \"d\"\nanchor = \"2h\"\n"
            .into(),
        format!("{product}max_discount = \"5%\"\nmargin = \"30%\"\nmargin_floor = \"25%\"\n[[segment]]\nname = \"a\"\nskus = [\"A\", \"ZZ\"]\ndiscount = \"20%\"\n"),
        format!("{product}[[segment]]\nname = \"a\"\nskus = [\"A\"]\ndiscount = \"100%\"\n"),
        // channels, aliases, limits
        "[[channel]]\nname = \"c\"\nrules = [{ medum = \"x\" }, {}]\n[[channel]]\nname = \"c\"\n".into(),
        "[[channel]]\n".into(),
        "[[campaign]]\n".into(),
        "[[campaign]]\nname = \"c\"\nchannel = \"zzzzzzzzz\"\n".into(),
        format!("{product}[aliases]\nx = \"NOPE\"\ny = 3\n"),
        "[limits]\ncart_idle = \"3h\"\ncart_abandoned = \"1h\"\ncheckout_abandoned = \"10m\"\nlate = \"20h\"\ntoo_old = \"1h\"\nprice_bands = [1, 2]\n".into(),
        "[limits]\nprice_bands = [\"x\"]\n".into(),
    ];
    all_portuguese(plans, folder.path());
}

#[test]
fn every_error_of_a_plans_feeds_and_acts_is_told_in_portuguese() {
    let folder = tempfile::tempdir().unwrap();
    let shop = "[feeds.shop]\nplatform = \"vendure\"\nbase = \"https://shop.example\"\nuser = \"u\"\n";
    let act = "[actions.cart_rescue]\nurl = ";
    let plans = [
        // feeds and their secrets
        "[feeds.\"A B\"]\npath = \"x\"\n".into(),
        "[feeds.a]\n".into(),
        "[feeds.a]\nplatform = \"zzz\"\n".into(),
        "[feeds.a]\nplatform = \"none.toml\"\n".into(),
        "[feeds.a]\ncommand = []\n".into(),
        "[feeds.a]\npath = \"x\"\nmap = \"none.jq\"\ntoken_ends = \"x\"\nsource_tz = \"x\"\ncurrency = \"zzzz\"\n".into(),
        shop.into(),
        format!("{shop}password = \"hunter22\"\n"),
        format!("{shop}password = {{ env = \"NOT_SET\" }}\n"),
        format!("{shop}password = {{ file = \"none.txt\" }}\n"),
        format!("{shop}password = {{ file = \"open.txt\" }}\n"),
        format!("{shop}password = {{ file = \".\" }}\n"),
        format!("{shop}password = {{ }}\n"),
        format!("{shop}speed = 3\n"),
        format!("{shop}requests = [\"zzz\"]\nstale_after_s = 0\n").replace("https://", ""),
        "[feeds.a]\nplatform = \"cloudevents\"\nlisten = \"x\"\ngives = [\"cart\", \"zzz\"]\n".into(),
        // acts
        "[actions.foo]\nurl = \"https://x.example\"\n".into(),
        "[actions.cart_rescue]\n".into(),
        format!("{act}\"http://x.example\"\n"),
        format!("{act}\"x\"\n"),
        format!("{act}\"https://x.example/{{{{nobody}}}}\"\n"),
        format!(
            "{act}\"https://x.example\"\nsecrets = {{ key = {{ env = \"NOT_SET\" }} }}\nsign = {{ key = \"{{{{key}}}}\", put = \"x\" }}\n"
        ),
    ];
    let open = folder.path().join("open.txt");
    std::fs::write(&open, "hunter22").unwrap();
    all_portuguese(plans, folder.path());
}

#[test]
fn every_error_of_a_list_of_products_is_told_in_portuguese() {
    let folder = tempfile::tempdir().unwrap();
    let many: String = (0..10_001).map(|number| format!("S{number}\n")).collect();
    for csv in
        ["", "nome,preço\nA,1\n", "sku,sku\nA,B\n", "sku,preço\nA,1,2\n", "sku\nA\nA\n", "sku,preço\nA,barato\n", &format!("sku\n{many}")]
    {
        std::fs::write(folder.path().join("produtos.csv"), csv).unwrap();
        all_portuguese(["products = \"produtos.csv\"\n".to_owned()], folder.path());
    }
    std::fs::write(folder.path().join("produtos.csv"), b"sku\n\xff\n").unwrap();
    all_portuguese(["products = \"produtos.csv\"\n".to_owned()], folder.path());
}

#[test]
fn every_error_of_a_platform_file_is_told_in_portuguese() {
    let folder = tempfile::tempdir().unwrap();
    let poll = "[[request]]\nname = \"a\"\ngives = [\"purchase\"]\ninterval_s = 2\nurl = \"https://x.example\"\n";
    let hook = "[[request]]\nname = \"a\"\ngives = [\"purchase\"]\nmap = \".\"\ntransport = \"webhook\"\npath = \"/x\"\n";
    let platforms: Vec<String> = [
        "title = \"x\"\n".to_owned(),
        "speed = 2\n".to_owned(),
        "request = 3\n".to_owned(),
        "[[request]]\n".to_owned(),
        format!("{poll}map = \".\"\n{poll}map = \".\"\n"),
        "[[request]]\nname = \"a\"\ngives = [\"purchases\"]\nmap = \".\"\ntransport = \"pol\"\n".to_owned(),
        "[[request]]\nname = \"a\"\ngives = [\"cart\"]\nmap = \".\"\n".to_owned(),
        poll.to_owned(),
        format!("{poll}map = \"no_such(.)\"\n"),
        format!("{poll}map = \". | $nobody\"\n"),
        format!("{poll}map = \"{{\"\n"),
        format!("{poll}map = \".\"\nspeed = 3\nonce = 1\nstale_after_s = 0\n").replace("interval_s = 2", "interval_s = 0.1"),
        format!(
            "{poll}map = \".\"\nheaders = {{ a = \"{{{{nobody}}}}\", b = \"{{{{\", c = \"{{{{x|y}}}}\", d = \"{{{{ä}}}}\", e = true }}\n"
        ),
        format!("{poll}map = \".\"\nbody = \"x\"\nform = {{ a = \"b\" }}\n"),
        format!("{poll}map = \".\"\nbody = {{ a = 2026-11-21 }}\n"),
        format!("{poll}map = \".\"\npaging = {{ kind = \"token\" }}\n"),
        format!("{poll}map = \".\"\npaging = {{ }}\n"),
        format!("{poll}map = \".\"\npaging = {{ kind = \"x\" }}\njoin = {{ url = \"https://x.example\" }}\nexpand = {{ together = 0 }}\n"),
        format!("[auth.login]\n[auth.basic]\nuser = \"x\"\n[auth.sign]\nput = \"x\"\n[auth.expiry]\nurl = \"x\"\n{poll}map = \".\"\n"),
        format!("[limit]\ncalls = 3\nday_ends_in = \"x\"\n{poll}map = \".\"\n"),
        hook.to_owned(),
        format!("{hook}signature = {{ }}\n").replace("/x", "x"),
        format!("{hook}signature = {{ kind = \"hmac\" }}\n"),
        format!("{hook}signature = {{ kind = \"shared_header\" }}\n"),
        format!("{hook}signature = {{ kind = \"hmac\", header = \"h\", secret = \"{{{{nobody}}}}\", message = \"{{{{now}}}}\" }}\n"),
        hook.replace("webhook", "nats"),
        hook.replace("webhook", "kafka"),
        hook.replace("webhook", "sse"),
    ]
    .into_iter()
    .map(|platform| if platform.starts_with("title") { platform } else { format!("name = \"x\"\n{platform}") })
    .collect();
    for platform in platforms {
        std::fs::write(folder.path().join("minha.toml"), platform).unwrap();
        all_portuguese(["[feeds.x]\nplatform = \"./minha.toml\"\n".to_owned()], folder.path());
    }
    std::fs::write(folder.path().join("minha.toml"), format!("name = \"x\"\n{poll}map = \"shop_order\"\n")).unwrap();
    for jq in ["", "def f: no_such;", "def f: $nobody; def g: [;"] {
        std::fs::write(folder.path().join("minha.jq"), jq).unwrap();
        all_portuguese(["[feeds.x]\nplatform = \"./minha.toml\"\n".to_owned()], folder.path());
    }
}

/// What the program says on standard error and standard output, in Portuguese.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(["--lang", "pt-BR"]).args(arguments).env_clear().env("HOME", folder).stdin(Stdio::null()).current_dir(folder);
    let output = command.output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn what_stops_a_verb_is_told_in_portuguese() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("errado.toml", "naem = \"x\"\nstarts_at = \"soon\"\n");
    file("certo.toml", "name = \"certo\"\n[feeds.loja]\npath = \"l.ndjson\"\n");
    file("morto.toml", "name = \"morto\"\n[feeds.robo]\ncommand = [\"sh\", \"-c\", \"exit 3\"]\n");
    file("l.ndjson", "x\n{\"type\":\"purchase\"}\n");
    file("config.toml", "x");
    let journal = folder.path().join("a.warroom");
    let _held = Journal::create(&journal, &Plan { name: "certo".into(), ..Plan::default() }).unwrap();
    for (arguments, expected) in [
        (&["live", "errado.toml"][..], "errado.toml:1: `naem` não é conhecido aqui; tire, ou escreva um destes: "),
        (&["live", "nada.toml"], "nada.toml:1: arquivo ou pasta não existe (erro 2 do sistema); dê o caminho de um arquivo de plano"),
        (&["live", "certo.toml", "--journal", "a.warroom"], "a.warroom: outro warroom está gravando este diário (processo "),
        (&["rehearse", "demo", "--journal", "a.warroom"], "a.warroom: "),
        (&["replay", "nada.warroom"], "nada.warroom: esse diário não existe; `warroom lives` lista os que há"),
        (&["replay", "l.ndjson"], "l.ndjson: "),
        (&["feed", "try", "nada"], "`nada` não é uma plataforma que vem com o programa; dê um arquivo de plataforma"),
        (&["feed", "try", "vendure"], "defina a variável de ambiente VENDURE_PASSWORD: um segredo nunca é dado por --set"),
        (&["feed", "try", "vendure", "--set", "base"], "--set base: escreva como NOME=VALOR"),
        (&["feed", "try", "nada", "--plan", "certo.toml"], "certo.toml: não há a fonte `nada`; há: loja"),
        (&["feed", "try", "loja", "--plan", "certo.toml", "--payload", "l.ndjson", "--at", "soon"], "--at soon: não é uma hora; "),
        (&["feed", "try", "loja", "--plan", "certo.toml", "--payload", "l.ndjson"], "de lado: não é JSON"),
        (&["feed", "try", "robo", "--plan", "morto.toml"], "s: a entrada não se lê (código de saída: 3)"),
        (&["lives", "--keep", "x"], "--keep x: escreva dias, semanas ou anos"),
        (&["export"], "dê o diário: warroom export ARQUIVO"),
        (&["--theme", "x", "live", "certo.toml"], "o tema `x` não existe; escreva um destes: dark, light"),
    ] {
        let told = said(folder.path(), arguments);
        assert!(told.contains(expected), "{arguments:?}: {told}");
        let told = told.split("aqui; tire, ou").next().unwrap().replace("--at", "");
        assert!(english_in(&told).is_empty(), "{arguments:?}: {:?} in {told}", english_in(&told));
    }
}
