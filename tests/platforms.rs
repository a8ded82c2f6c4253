//! Every shipped platform reads without a problem, and every sample of it maps to its golden events.
//!
//! `tests/platforms/NAME/REQUEST[.VARIANT].json` is a payload (`REQUEST+expand` one of its second request), the `.golden` beside it the
//! canonical events, `REQUEST.join.json` its lookup table, `….feed.json` what the filters know of the feed.
//! `UPDATE=1 cargo test --test platforms` writes the goldens anew: read what changed.
#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use warroom::engine::event::{Fact, Record};
use warroom::engine::metric::{Metric, Scope};
use warroom::engine::plan::{OrdersFrom, Plan};
use warroom::engine::time::{At, Span};
use warroom::engine::wire::{self, Defaults};
use warroom::engine::{Arrival, Engine};
use warroom::feed::disclosure::Disclosure;
use warroom::feed::fault::FaultKind;
use warroom::feed::mapper::{Mapper, Workshop};
use warroom::feed::mapping::Mapped;
use warroom::feed::platform::{Platform, PlatformText, SHIPPED};
use warroom::feed::trial::Trial;

fn platform(name: &str) -> Platform {
    PlatformText::shipped(name).expect(name).read().unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    })
}

fn samples(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platforms").join(name);
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| {
        path.extension().is_some_and(|e| e == "json")
            && ![".join.json", ".feed.json"].iter().any(|e| path.display().to_string().ends_with(e))
    });
    files.sort();
    files
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime"));
static MAPPER: LazyLock<Mapper> = LazyLock::new(|| Workshop::of(env!("CARGO_BIN_EXE_warroom")).mapper());

fn map(platform: &Platform, file: &Path) -> Mapped {
    let stem = file.file_name().and_then(|name| name.to_str()).expect("a name").split('.').next().expect("a stem");
    let (name, expanded) = stem.strip_suffix("+expand").map_or((stem, 0), |name| (name, 1));
    let request = platform.request(name).unwrap_or_else(|| panic!("{}: no request `{name}`", file.display()));
    let at = At::parse("2026-04-12T23:45:00.5Z", None).expect("a time");
    let defaults =
        Defaults { source: None, account: Some("account".into()), source_tz: Some(chrono_tz::America::Sao_Paulo), currency: None };
    let join = std::fs::read_to_string(file.with_file_name(format!("{name}.join.json"))).ok().map(Into::into);
    let usual = || {
        let told = platform.variables.iter().filter_map(|variable| Some((variable.name.clone(), variable.default.clone()?)));
        told.chain([("seller".to_owned(), "123456789".to_owned())]).collect()
    };
    let feed = std::fs::read_to_string(file.with_extension("feed.json"))
        .map_or_else(|_| usual(), |text| serde_json::from_str(&text).expect("texts"));
    let trial = Trial { expanded, join, feed, ..Trial::new(at, defaults) };
    let payload = std::fs::read(file).expect("a sample");
    let mapped = RUNTIME.block_on(trial.map(&MAPPER, request, &payload));
    mapped.unwrap_or_else(|fault| Mapped { next: Some(format!("failed: {fault}")), unmapped: 1, ..Mapped::default() })
}

fn portrait(mapped: &Mapped) -> String {
    let mut text = String::new();
    for event in &mapped.events {
        writeln!(text, "{}", wire::write(event)).expect("text");
    }
    for rejected in &mapped.rejected {
        writeln!(text, "rejected {} {}", rejected.reject.reason.id(), rejected.reject.detail).expect("text");
    }
    for notice in &mapped.expansions {
        writeln!(text, "expand {}", notice.id).expect("text");
    }
    let aside = [("next", mapped.next.clone()), ("ack", mapped.ack.clone()), ("interval", mapped.interval_s.map(|s| s.to_string()))];
    for (name, value) in aside.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        writeln!(text, "{name} {value}").expect("text");
    }
    writeln!(text, "inputs {} unmapped {} skipped {}", mapped.inputs, mapped.unmapped, mapped.skipped).expect("text");
    text
}

#[test]
fn every_shipped_platform_reads_without_a_problem() {
    for (name, ..) in SHIPPED {
        assert_eq!(platform(name).name, *name);
    }
}

#[test]
fn every_sample_maps_to_its_golden_events() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for (name, ..) in SHIPPED {
        let platform = platform(name);
        for file in samples(name) {
            let mapped = map(&platform, &file);
            let golden = file.with_extension("golden");
            let portrait = portrait(&mapped);
            if update {
                std::fs::write(&golden, &portrait).expect("a golden");
            } else if std::fs::read_to_string(&golden).unwrap_or_default() != portrait {
                wrong.push(format!("{}:\n{portrait}", file.display()));
            }
            if !mapped.rejected.is_empty() || mapped.unmapped > 0 {
                wrong.push(format!("{}: something maps to nothing:\n{portrait}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Samples that tell of the same sale, and what they come to: paid orders, what was paid, what stays.
const COURSES: [(&str, &[&str], OrdersFrom, [f64; 3]); 10] = [
    ("mercado_livre", &["orders.refunded-in-part", "orders.refunded-in-part-again"], OrdersFrom::Shop, [1.0, 27_000.0, 12_000.0]),
    (
        "mercado_pago",
        &["payments.refunded-in-part-without-a-list", "payments.refunded-in-part-again-without-a-list", "payments.two-cards"],
        OrdersFrom::Payments,
        [2.0, 50_000.0, 35_000.0],
    ),
    ("pix", &["received.refund-without-rtrid", "hook.refund-with-rtrid"], OrdersFrom::Payments, [1.0, 25_000.0, 20_000.0]),
    ("pix", &["received.static-qr"], OrdersFrom::Payments, [3.0, 17_000.0, 17_000.0]),
    (
        "saleor",
        &["orders.refunded-before-the-reversal", "orders.legacy-reversed-charged-back"],
        OrdersFrom::Shop,
        [7.0, 63_000.0, 40_610.0],
    ),
    ("shopify", &["orders.edited-and-exchanged", "order_hook+expand.edited-down"], OrdersFrom::Shop, [5.0, 73_500.0, 68_500.0]),
    ("vendure", &["orders.vendors", "orders.paid-again"], OrdersFrom::Shop, [2.0, 31_000.0, 31_000.0]),
    ("stripe", &["hook.intent-that-names-its-order", "hook+expand.refund-of-an-intent"], OrdersFrom::Payments, [1.0, 25_000.0, 15_000.0]),
    // the refund names its payment in place of the order
    ("stripe", &["events.subscription", "events+expand.refund-of-a-subscription"], OrdersFrom::Payments, [1.0, 4_990.0, 0.0]),
    ("medusa", &["orders.store-credit-raised"], OrdersFrom::Shop, [4.0, 41_000.0, 32_500.0]),
];

#[test]
fn a_sale_that_is_told_in_steps_is_one_sum_whatever_comes_first() {
    for (name, files, orders_from, figures) in COURSES {
        let platform = platform(name);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platforms").join(name);
        let told = files.iter().map(|file| map(&platform, &folder.join(format!("{file}.json"))).events);
        let forth: Vec<_> = told.clone().flatten().collect();
        let twice_and_back: Vec<_> = forth.iter().chain(&forth).rev().cloned().collect();
        for events in [forth, twice_and_back] {
            let plan = Plan { orders_from, ..Plan::default() };
            let mut engine = Engine::new(plan, Arrival::Live);
            let at = At::parse("2026-11-21T23:59:00Z", None).expect("a time");
            for (seq, event) in (1..).zip(events) {
                engine.step(&Record { seq, at, event });
            }
            let figure = |metric| engine.reading(metric, Scope::Live, Span::Live).value.number().unwrap_or(-1.0);
            assert_eq!([Metric::OrdersPaid, Metric::GmvPaid, Metric::GmvNet].map(figure), figures, "{name} {files:?}");
            assert_eq!(engine.tally().conflict, 0, "{name} {files:?}");
        }
    }
}

/// What platforms say no with inside a success, and how the desk takes it.
const REFUSALS: [(&str, &str, &str, FaultKind); 27] = [
    ("shopee", "orders", r#"{"error":"invalid_acceess_token","message":"Invalid access_token."}"#, FaultKind::Unauthorized),
    ("shopee", "orders", r#"{"error":"source_ip_undeclared","message":"Source IP is undeclared"}"#, FaultKind::Refused),
    ("lazada", "orders", r#"{"type":"ISV","code":"SellerCallLimit","message":"This ban will last 1 seconds"}"#, FaultKind::Throttled),
    ("shopify", "orders", r#"{"errors":"[API] Invalid API key or access token"}"#, FaultKind::Refused),
    (
        "shopify",
        "orders",
        r#"{"data":null,"errors":[{"message":"Access denied for orders field.","path":["orders"],"extensions":{"code":"ACCESS_DENIED"}}]}"#,
        FaultKind::Unauthorized,
    ),
    ("shopify", "orders", r#"{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED","cost":null}}]}"#, FaultKind::Throttled),
    (
        "saleor",
        "orders",
        r#"{"errors":[{"message":"Signature has expired","extensions":{"exception":{"code":"ExpiredSignatureError"}}}],"data":{"orders":null}}"#,
        FaultKind::Unauthorized,
    ),
    (
        "vendure",
        "orders",
        r#"{"errors":[{"message":"Field \"customFields\" must not have a selection since type \"JSON\" has no subfields."}]}"#,
        FaultKind::Refused,
    ),
    ("google_ads", "spend", r#"[{"results":[]},{"error":{"code":500,"message":"Internal error encountered."}}]"#, FaultKind::Refused),
    ("google_ads", "spend", r#"[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]"#, FaultKind::Throttled),
    ("youtube", "video", r#"{"items":[],"pageInfo":{"totalResults":0}}"#, FaultKind::Refused),
    (
        "youtube",
        "chat",
        r#"{"error":{"code":403,"message":"User Rate Limit Exceeded","errors":[{"reason":"userRateLimitExceeded"}]}}"#,
        FaultKind::Throttled,
    ),
    ("meta", "ads", r#"{"error":{"message":"(#32) Page request limit reached","code":32}}"#, FaultKind::Throttled),
    ("stripe", "events", r#"{"error":{"type":"api_error"}}"#, FaultKind::Refused),
    ("vtex", "orders", r#"{"error":{"code":"1","message":"Acesso não autorizado"}}"#, FaultKind::Refused),
    ("bambuser", "chat", r#"{"error":"Unauthorized"}"#, FaultKind::Refused),
    ("bambuser", "stats", r#"{"code":404,"message":"Show not found"}"#, FaultKind::Refused),
    ("pix", "received", r#"{"nome":"limite_de_requisicoes","mensagem":"Limite de requisições excedido"}"#, FaultKind::Refused),
    ("pix", "received", r#"{"erros":[{"codigo":"4769515","mensagem":"Nao existem informacoes"}]}"#, FaultKind::Refused),
    ("pix", "received", r#"{"statusCode":401,"error":"Unauthorized","message":"Bad Credentials"}"#, FaultKind::Refused),
    ("pix", "received", r#"{"type":"https://pix.bcb.gov.br/api/v2/error/ErroInternoDoServidor","status":500}"#, FaultKind::Refused),
    ("tiktok_shop", "orders", r#"{"code":105001,"message":"Access token is invalid"}"#, FaultKind::Unauthorized),
    ("pix", "received", r#"{"title":"Consulta inválida.","status":400,"detail":"fim < inicio"}"#, FaultKind::Refused),
    (
        "woocommerce",
        "orders",
        r#"{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot list resources.","data":{"status":401}}"#,
        FaultKind::Refused,
    ),
    (
        "woocommerce",
        "stock",
        r#"{"code":"internal_server_error","message":"There has been a critical error on this website.","data":{"status":500}}"#,
        FaultKind::Refused,
    ),
    ("nuvemshop", "orders", r#"{"code":401,"message":"Unauthorized","description":"Invalid access token"}"#, FaultKind::Refused),
    ("nuvemshop", "orders", r#"{"error":"invalid_request"}"#, FaultKind::Refused),
];

#[test]
fn each_no_of_a_platform_is_told_for_what_it_is() {
    for (name, request, payload, kind) in REFUSALS {
        let platform = platform(name);
        let trial = Trial::new(At::parse("2026-11-21T23:45:00Z", None).expect("a time"), Defaults::default());
        let mapped = RUNTIME.block_on(trial.map(&MAPPER, platform.request(request).expect(request), payload.as_bytes()));
        let fault = mapped.expect_err(payload);
        assert_eq!(fault.kind, kind, "{name}: {payload}: {fault}");
        assert!(name != "vendure" || fault.detail.contains("custom_fields = \"\""), "it says what to do: {fault}");
    }
}

/// What lacks something that an event cannot be without, and the reason that it is put aside for: an id that is missing is not the text "null",
/// and money that is told nowhere, or of some lines only, is not guessed.
const LACKING: [(&str, &str, &str, &str); 10] = [
    ("meta", "comments", r#"{"data":[{"created_time":"2026-11-21T23:31:00+0000","from":{"id":"1"},"message":"oi"}]}"#, "no_id"),
    (
        "meta",
        "instagram",
        r#"{"entry":[{"id":"17","time":1795303860,"changes":[{"field":"live_comments","value":{"from":{"id":"1"},"text":"oi"}}]}]}"#,
        "no_id",
    ),
    (
        "youtube",
        "chat",
        r#"{"pollingIntervalMillis":4000,"items":[{"snippet":{"type":"textMessageEvent","publishedAt":"2026-11-21T23:31:00Z","displayMessage":"oi"}}]}"#,
        "no_id",
    ),
    (
        "bambuser",
        "highlights",
        r#"{"collection":"product-highlight","action":"add","payload":{"products":["p1"]},"timestamp":"2026-11-21T23:31:00Z"}"#,
        "no_id",
    ),
    ("shopee", "push", r#"{"code":3,"shop_id":1,"data":{"status":"UNPAID"},"timestamp":1}"#, "bad_field"),
    ("pix", "received", r#"{"pix":[{"txid":"t1","horario":"2026-11-21T23:31:00Z","valor":"10.00"}]}"#, "no_id"),
    ("shopify", "pixel", r#"{"name":"product_viewed","timestamp":"2026-11-21T23:31:00Z","data":{"productVariant":{"sku":"A"}}}"#, "no_id"),
    (
        "segment",
        "track",
        r#"{"type":"track","event":"Product Viewed","timestamp":"2026-11-21T23:31:00Z","properties":{"sku":"A"}}"#,
        "no_id",
    ),
    (
        "segment",
        "track",
        r#"{"type":"track","event":"Order Completed","timestamp":"2026-11-21T23:31:00Z","properties":{"total":1}}"#,
        "bad_field",
    ),
    (
        "segment",
        "track",
        r#"{"type":"track","event":"Order Completed","timestamp":"2026-11-21T23:31:00Z","properties":{"order_id":"1","products":[{"sku":"A","price":1},{"sku":"B"}]}}"#,
        "bad_field",
    ),
];

#[test]
fn what_lacks_an_id_or_its_money_is_put_aside_for_that() {
    for (name, request, payload, reason) in LACKING {
        let platform = platform(name);
        let trial = Trial::new(At::parse("2026-11-21T23:45:00Z", None).expect("a time"), Defaults::default());
        let mapped = RUNTIME.block_on(trial.map(&MAPPER, platform.request(request).expect(request), payload.as_bytes())).expect(payload);
        let reasons: Vec<&str> = mapped.rejected.iter().map(|rejected| rejected.reject.reason.id()).collect();
        assert_eq!((mapped.events.len(), &*reasons), (0, &[reason][..]), "{name}: {payload}");
    }
}

#[test]
fn of_no_event_of_a_shipped_platform_anything_is_hidden_as_a_secret() {
    for (name, ..) in SHIPPED {
        let platform = platform(name);
        for file in samples(name) {
            let mut disclosure = Disclosure::default();
            disclosure.learn(&std::fs::read_to_string(&file).expect("a sample"));
            let portrait = portrait(&map(&platform, &file));
            assert_eq!(disclosure.hide(&portrait), portrait, "{}", file.display());
        }
    }
}

#[test]
fn every_request_gives_what_it_says_and_has_a_sample() {
    let (mut bare, mut more) = (Vec::new(), Vec::new());
    for (name, ..) in SHIPPED {
        let platform = platform(name);
        let files = samples(name);
        for request in &platform.requests {
            let of_it: Vec<&PathBuf> = files
                .iter()
                .filter(|file| {
                    let stem = file.file_name().and_then(|n| n.to_str()).and_then(|n| n.split('.').next()).unwrap_or_default();
                    stem.strip_suffix("+expand").unwrap_or(stem) == request.name
                })
                .collect();
            if of_it.is_empty() && request.recipe.is_some() {
                bare.push(format!("{name}/{}", request.name));
            }
            for file in of_it {
                for event in map(&platform, file).events {
                    let kind = type_of(&event.fact);
                    if !request.gives.iter().any(|given| *given == kind) {
                        more.push(format!("{name}/{} gives {kind} too", request.name));
                    }
                }
            }
        }
    }
    assert!(bare.is_empty() && more.is_empty(), "without a sample: {bare:?}; {more:?}");
}

fn type_of(fact: &Fact) -> String {
    let json = serde_json::to_value(fact).expect("JSON");
    json["type"].as_str().expect("a type").to_owned()
}
