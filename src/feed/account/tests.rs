//! What an entry of the plan says, and what is wrong with it.

use super::*;

fn read(text: &str) -> Result<Vec<Account>, Vec<String>> {
    let environment = |name: &str| (name == "SHOP_PASSWORD").then(|| "hunter22".to_owned());
    Account::read_all("plan.toml", text, &environment).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn an_account_gives_a_feed_for_each_request() {
    let text =
        "[feeds.shop]\nplatform = \"vendure\"\nbase = \"http://127.0.0.1:1\"\nuser = \"u\"\npassword = { env = \"SHOP_PASSWORD\" }\n";
    let accounts = read(text).unwrap();
    let names: Vec<String> = accounts[0].plan_feeds().iter().map(|feed| feed.name.to_string()).collect();
    assert_eq!(names, ["shop.orders", "shop.refunds", "shop.stock"]);
    assert!(!format!("{accounts:?}").contains("hunter22"));
}

#[test]
fn every_problem_names_its_line_and_a_remedy_but_no_secret() {
    let text = "[feeds.shop]\nplatform = \"vendure\"\nbase = \"http://127.0.0.1:1\"\npassword = \"hunter22\"\nrequests = [\"orders\", \"chat\"]\nspeed = 1\n[feeds.b]\n[feeds.c]\nplatform = \"nope\"\n";
    let problems = read(text).unwrap_err();
    let text = problems.join("\n");
    assert_eq!(problems.len(), 6, "{text}");
    assert!(text.contains("plan.toml:4: `feeds.shop.password` is a secret"), "{text}");
    assert!(text.contains("`feeds.shop.user` is missing"), "{text}");
    assert!(text.contains("plan.toml:5: `feeds.shop.requests` names `chat`"), "{text}");
    assert!(text.contains("plan.toml:6: `feeds.shop.speed` is not known here"), "{text}");
    assert!(!text.contains("hunter22"), "{text}");
}

#[test]
fn a_missing_secret_is_told_by_the_name_of_its_variable() {
    let text = "[feeds.shop]\nplatform = \"vendure\"\nbase = \"http://127.0.0.1:1\"\nuser = \"u\"\npassword = { env = \"NOT_SET\" }\n";
    let problems = read(text).unwrap_err();
    assert_eq!(
        problems,
        ["plan.toml:5: `feeds.shop.password` of the feed `shop` is nowhere: the environment variable NOT_SET is not set; set NOT_SET"]
    );
}

#[cfg(unix)]
#[test]
fn a_secrets_file_that_will_not_do_is_told_with_what_is_wrong_and_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password.txt");
    let wrong = |bytes: Option<&[u8]>, mode: u32| {
        if let Some(bytes) = bytes {
            std::fs::write(&file, bytes).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let plan = format!(
            "[feeds.shop]\nplatform = \"vendure\"\nbase = \"http://127.0.0.1:1\"\nuser = \"u\"\npassword = {{ file = \"{}\" }}\n",
            file.display()
        );
        let told = read(&plan).map(|_| ()).unwrap_err().join("\n");
        let told = told.strip_prefix("plan.toml:5: `feeds.shop.password` of the feed `shop` cannot be read from its file: ");
        told.unwrap().replace(&file.display().to_string(), "FILE")
    };
    assert_eq!(wrong(None, 0), "FILE: No such file or directory (os error 2); write the secret into FILE and run: chmod 600 FILE");
    for empty in [&b""[..], b"\n", b"\r\n\n"] {
        assert_eq!(wrong(Some(empty), 0o600), "FILE is empty; write the secret into FILE");
    }
    let binary = wrong(Some(b"\xff\xfe\x00hunter22"), 0o600);
    assert_eq!(binary, "FILE holds bytes that are no text; write the secret into FILE as text, a binary key as base64");
    for mode in [0o640, 0o604, 0o666, 0o620] {
        let open = wrong(Some(b"hunter22"), mode);
        assert_eq!(open, "others can read FILE too; run: chmod 600 FILE", "{mode:o}");
    }
    let large = wrong(Some(&[b'x'; (64 << 10) + 1]), 0o600);
    assert_eq!(large, "FILE is larger than 64 KiB; name a file that holds nothing but the secret");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(wrong(None, 0), "FILE is a folder; name the file that holds the secret");
}

#[test]
fn lines_come_from_a_file_stdin_or_a_program() {
    let accounts = read("[feeds.a]\npath = \"x.ndjson\"\n[feeds.b]\npath = \"-\"\n[feeds.c]\ncommand = [\"cat\", \"x\"]\n").unwrap();
    let inputs: Vec<&Transport> = accounts.iter().map(|account| &account.requests[0].transport).collect();
    assert!(matches!(inputs[0], Transport::Ndjson(Input::File(_))));
    assert!(matches!(inputs[1], Transport::Ndjson(Input::Stdin)));
    assert!(matches!(inputs[2], Transport::Ndjson(Input::Command(_))));
}

#[test]
fn events_of_our_own_format_name_their_source_unless_the_plan_does() {
    let defaults = |more: &str| {
        let plan = format!("[feeds.own]\nplatform = \"cloudevents\"\nsecret = {{ env = \"SHOP_PASSWORD\" }}\n{more}");
        read(&plan).unwrap().remove(0).defaults
    };
    let (named, configured) = (defaults(""), defaults("source = \"crm\"\n"));
    assert_eq!((named.account, named.source), (None, Some("own".into())), "two programs behind one feed may count alike");
    assert_eq!(configured.account, Some("crm".into()));
}

#[cfg(feature = "nats")]
#[test]
fn a_feed_of_our_own_format_gives_what_the_plan_says() {
    let plan = |gives: &str| format!("[feeds.bus]\nplatform = \"nats\"\nstream = \"SHOP\"\ngives = [\"{gives}\"]\n");
    let feeds = read(&plan("purchase")).unwrap()[0].plan_feeds();
    assert_eq!(feeds[0].gives, [Name::from("purchase")]);
    let problem = read(&plan("weather")).unwrap_err().join("\n");
    assert!(problem.starts_with("plan.toml:4: `feeds.bus.gives` names `weather`, which `events` does not give; choose from: view_item, "));
}

#[test]
fn a_feed_of_several_requests_is_told_which_of_them_give_what_the_plan_wants() {
    let plan = |gives: &str| {
        read(&format!(
            "[feeds.shop]\nplatform = \"vendure\"\nbase = \"http://127.0.0.1:1\"\nuser = \"u\"\npassword = {{ env = \"SHOP_PASSWORD\" }}\n{gives}\n"
        ))
    };
    let problems = plan("gives = [\"inventory\"]").unwrap_err().join("\n");
    assert!(problems.contains("plan.toml:6: `feeds.shop.gives` names `inventory`, which `orders` does not give"), "{problems}");
    let (_, remedy) = problems.lines().next().unwrap().split_once("; write ").unwrap();
    let written = remedy.strip_suffix(" in its place").unwrap();
    let feeds = plan(written).unwrap()[0].plan_feeds();
    assert_eq!(feeds.iter().map(|feed| feed.name.as_str()).collect::<Vec<_>>(), ["shop"], "what it says to write is taken");
    let problems = plan("gives = [\"audience\"]").unwrap_err().join("\n");
    assert!(problems.contains("; choose from: ") && problems.contains("inventory"), "{problems}");
}

#[cfg(not(feature = "nats"))]
#[test]
fn a_broker_that_was_not_built_in_says_how_to_build_it() {
    let problems = read("[feeds.bus]\nplatform = \"nats\"\nstream = \"SHOP\"\n").unwrap_err();
    assert!(problems[0].contains("cargo build --release --features nats"), "{problems:?}");
}
