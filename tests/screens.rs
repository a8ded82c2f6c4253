//! The glass from outside: portraits at three sizes in both languages, a thousand random sizes and states, hostile text.
//!
//! A portrait is the grid of glyphs, then a letter a cell for its style, then what the letters mean: glyphs alone cannot
//! tell red from green. `UPDATE_SCREENS=1 cargo test --test screens` writes them anew; read the difference before you commit it.
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
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use warroom::engine::advice::State;
use warroom::engine::event::{AdviceAnswer, Answer, ChatMessage, Event, Extra, Fact, Note, Pin, Purchase, Record};
use warroom::engine::id::Name;
use warroom::engine::money::{Currency, Money};
use warroom::engine::plan::{Aim, Plan, Target, Unavailable};
use warroom::engine::time::At;
use warroom::engine::{Arrival, Engine};
use warroom::simulate::Records;
use warroom::simulate::scenario::Scenario;
use warroom::ui::action::Action;
use warroom::ui::format::Format;
use warroom::ui::glyphs::{Charset, Glyphs};
use warroom::ui::keymap::Keymap;
use warroom::ui::layer::{Layer, Open};
use warroom::ui::state::{Mode, Panel, Sort, UiState};
use warroom::ui::theme::{Colours, Theme};
use warroom::ui::words::{Lang, Words};
use warroom::ui::{JournalLight, View, host, render};

/// Where the portraits are taken: the clock of the sketch in `screen.md`.
const AT_S: i64 = 47 * 60 + 12;
const SEED: u64 = 7;

/// The demo broadcast after 47 minutes and 12 seconds.
fn broadcast() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let scenario: Arc<Scenario> = Scenario::demo().expect("the shipped scenario");
        let until = scenario.starts_at.plus_s(AT_S);
        let mut engine = Engine::new(scenario.plan(), Arrival::Live);
        for record in Records::new(scenario, SEED).expect("a broadcast").take_while(|record| record.at <= until) {
            engine.step(&record);
        }
        engine.advance_to(until);
        engine
    })
}

/// What a glass looks through.
struct Pose {
    lang: Lang,
    charset: Charset,
    colours: Colours,
    theme: &'static str,
    mode: Mode,
    journal: JournalLight,
    state: UiState,
}

impl Pose {
    fn of(lang: Lang) -> Self {
        Self {
            lang,
            charset: Charset::Unicode,
            colours: Colours::Full,
            theme: "dark",
            mode: Mode::Demo,
            journal: JournalLight::Recording,
            state: UiState::new(Mode::Demo),
        }
    }

    fn draw(&self, engine: &Engine, width: u16, height: u16) -> Buffer {
        self.draw_with(engine, (width, height), render)
    }

    fn draw_with(&self, engine: &Engine, (width, height): (u16, u16), sheet: fn(&mut ratatui::Frame<'_>, &View<'_>)) -> Buffer {
        let words = Words::new(self.lang);
        let glyphs = Glyphs::of(self.charset);
        let format = Format::new(self.lang, chrono_tz::America::Sao_Paulo, glyphs).masking(self.state.masked);
        let theme = Theme::for_terminal(self.theme, self.colours);
        let keymap = Keymap::default();
        let view = View {
            engine,
            curves: engine,
            live: engine,
            state: &self.state,
            words: &words,
            theme: &theme,
            format: &format,
            glyphs: &glyphs,
            keymap: &keymap,
            now: self.state.held.unwrap_or_else(|| engine.now()),
            mode: self.mode,
            journal: self.journal,
            speed: 1.0,
        };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
        terminal.draw(|frame| sheet(frame, &view)).expect("a frame");
        terminal.backend().buffer().clone()
    }
}

fn rows(buffer: &Buffer, mut cell: impl FnMut(u16, u16) -> String) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in area.top()..area.bottom() {
        let row: String = (area.left()..area.right()).map(|x| cell(x, y)).collect();
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

/// Glyphs, styles, legend.
fn portrait(buffer: &Buffer) -> String {
    let mut styles: Vec<Style> = Vec::new();
    let mut letter = |style: Style| {
        let place = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
            styles.push(style);
            styles.len() - 1
        });
        char::from(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[place % 62]).to_string()
    };
    let glyphs = rows(buffer, |x, y| buffer[(x, y)].symbol().to_owned());
    let letters = rows(buffer, |x, y| letter(buffer[(x, y)].style()));
    let mut legend = String::new();
    for (place, style) in styles.iter().enumerate() {
        let name = char::from(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[place % 62]);
        let colour = |colour: Option<ratatui::style::Color>| colour.map_or_else(|| "-".to_owned(), |colour| colour.to_string());
        let _ = writeln!(legend, "{name} {} on {} {:?}", colour(style.fg), colour(style.bg), style.add_modifier);
    }
    format!("{glyphs}\n{letters}\n{legend}")
}

/// Holds a portrait against its file; writes it where `UPDATE_SCREENS` is set.
fn compare(name: &str, buffer: &Buffer) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/screens").join(format!("{name}.txt"));
    let now = portrait(buffer);
    if std::env::var_os("UPDATE_SCREENS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder of portraits");
        std::fs::write(&path, now).expect("a portrait");
        return;
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = before.lines().zip(now.lines()).enumerate().find(|(_, (a, b))| a != b);
    assert!(before == now, "{name} looks different; first at {differs:?}; UPDATE_SCREENS=1 writes it anew");
}

/// The same with the playbook in force, the first card told to the host.
fn told() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let scenario: Arc<Scenario> = Scenario::demo().expect("the shipped scenario");
        let until = scenario.starts_at.plus_s(AT_S);
        let mut engine = Engine::new(scenario.plan(), Arrival::Live);
        engine.arm(warroom::config::playbook::shipped());
        let told_at = until.plus_s(-35);
        let mut is_told = false;
        for record in Records::new(scenario, SEED).expect("a broadcast").take_while(|record| record.at <= until) {
            if record.at >= told_at && !is_told {
                is_told = true;
                engine.step(&answer(&engine, told_at, record.seq));
            }
            engine.step(&record);
        }
        engine.advance_to(until);
        engine
    })
}

/// That the host was told of the first card.
fn answer(engine: &Engine, at: At, seq: u64) -> Record {
    let told = AdviceAnswer {
        advice: engine.advisor().open().first().expect("a card").id.clone(),
        answer: Answer::Waiting,
        reason: None,
        until: None,
        parameters: warroom::engine::event::Parameters::default(),
        operator: None,
    };
    let event = Event {
        fact: Fact::AdviceAnswer(told),
        ts: at,
        id: Some("told".into()),
        source: "desk".into(),
        currency: None,
        test: false,
        extra: Extra::default(),
    };
    Record { seq, at, event }
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

#[test]
fn three_sizes_in_both_languages_look_as_they_did() {
    for lang in Lang::ALL {
        for (width, height) in SIZES {
            let buffer = Pose::of(lang).draw(broadcast(), width, height);
            compare(&format!("{}-{width}x{height}", lang.id()), &buffer);
        }
    }
}

#[test]
fn the_hosts_sheet_says_what_the_host_was_told_at_every_size_in_both_languages() {
    let advisor = told().advisor();
    let card = advisor.cards().iter().find(|card| matches!(card.state, State::Waiting { .. })).expect("a card that was told");
    for lang in Lang::ALL {
        let say = advisor.words(card, lang.id()).say;
        for size in SIZES {
            let mut pose = Pose::of(lang);
            (pose.mode, pose.journal) = (Mode::Host, JournalLight::Followed { silent_ms: 0 });
            let buffer = pose.draw_with(told(), size, host::render);
            let shown = rows(&buffer, |x, y| buffer[(x, y)].symbol().to_owned());
            assert!(shown.contains(&say) && shown.contains('█'), "{say} in {shown}");
        }
    }
    let mut pose = Pose::of(Lang::En);
    (pose.mode, pose.journal) = (Mode::Host, JournalLight::Followed { silent_ms: 58_000 });
    (pose.charset, pose.colours, pose.theme) = (Charset::Ascii, Colours::None, "light");
    let buffer = pose.draw_with(told(), (120, 40), host::render);
    let shown = rows(&buffer, |x, y| buffer[(x, y)].symbol().to_owned());
    assert!(shown.is_ascii() && shown.contains("##") && shown.contains("DESK SILENT 58s"), "{shown}");
    for (width, height) in (1..=90).step_by(7).flat_map(|width| (1..=40).step_by(3).map(move |height| (width, height))) {
        pose.draw_with(told(), (width, height), host::render);
    }
}

/// The demo at a second of it with the playbook in force, nobody having answered.
fn advised(at_s: i64) -> Engine {
    let scenario: Arc<Scenario> = Scenario::demo().expect("the shipped scenario");
    let until = scenario.starts_at.plus_s(at_s);
    let mut engine = Engine::new(scenario.plan(), Arrival::Live);
    engine.arm(warroom::config::playbook::shipped());
    for record in Records::new(scenario, SEED).expect("a broadcast").take_while(|record| record.at <= until) {
        engine.step(&record);
    }
    engine.advance_to(until);
    engine
}

#[test]
fn two_cards_are_whole_in_what_matters_and_one_that_left_is_told_in_the_log() {
    let engine = advised(36 * 60);
    let open = engine.advisor().open();
    assert!(open.len() >= 2, "{open:?}");
    for lang in Lang::ALL {
        let words = Words::new(lang);
        let mut pose = Pose::of(lang);
        pose.mode = Mode::Live;
        let buffer = pose.draw(&engine, 120, 40);
        let glass = rows(&buffer, |x, y| buffer[(x, y)].symbol().to_owned());
        // the right column, from the first heading of advice to that of what runs
        let column: Vec<String> = glass.lines().map(|line| line.chars().skip(79).collect()).collect();
        let of = |heading: &str| column.iter().position(|line| line.contains(heading)).unwrap_or_else(|| panic!("{heading}: {glass}"));
        let first = format!(" 1/{} ", open.len() + engine.advisor().waiting_count());
        let advice = column[of(&first)..of(words.get("panel-running"))].join(" ");
        let keys = words.get("advice-keys");
        assert!(advice.contains(keys), "{keys}: {glass}");
        let squeezed: String = advice.split_whitespace().collect::<Vec<_>>().join(" ");
        for card in open.iter().take(2) {
            let act = words.get(&Action::Kind(card.kind).doc_key()).to_owned();
            assert!(squeezed.contains(&act), "{act}: {glass}");
            let title = engine.advisor().words(card, lang.id()).title;
            let first = title.split(' ').next().expect("a word");
            assert!(squeezed.contains(first), "{title}: {glass}");
            let ratio = card.because.ratio.filter(|_| card.because.low.is_some());
            let ratio = ratio.map(|ratio| Format::new(lang, chrono_tz::UTC, Glyphs::of(Charset::Unicode)).number(ratio, 2));
            assert!(ratio.is_none_or(|ratio| squeezed.contains(&format!("×{ratio} ["))), "what moved: {card:?} {glass}");
            let even = card.price.as_ref().map(|bill| format!("{:.0}→{:.0}", bill.units_without, bill.units));
            assert!(even.as_ref().is_none_or(|units| squeezed.contains(units)), "{even:?}: {glass}");
        }
    }
    let later = advised(52 * 60);
    let expired = later.advisor().cards().iter().rev().find(|card| card.state == State::Expired).expect("a card that nobody answered");
    let mut pose = Pose::of(Lang::En);
    (pose.state.focus, pose.state.zoomed) = (Panel::Log, true);
    let buffer = pose.draw(&later, 120, 40);
    let glass = rows(&buffer, |x, y| buffer[(x, y)].symbol().to_owned());
    let title = later.advisor().words(expired, "en").title;
    let words = Words::new(Lang::En);
    let told = words.text("log-advice-expired", &[("title", title.into())]);
    assert!(glass.contains(&told), "{told}: {glass}");
}

#[test]
fn a_small_shop_is_told_how_long_a_halving_takes_to_be_seen() {
    let scenario = Arc::new(Scenario::shipped("small-shop").expect("a shipped scenario"));
    let until = scenario.starts_at.plus_s(18 * 60);
    let mut engine = Engine::new(scenario.plan(), Arrival::Live);
    engine.arm(warroom::config::playbook::shipped());
    for record in Records::new(scenario, 1).expect("a broadcast").take_while(|record| record.at <= until) {
        engine.step(&record);
    }
    if let Some(card) = engine.advisor().open().first() {
        panic!("nothing is to be advised yet: {card:?}");
    }
    for lang in Lang::ALL {
        let buffer = Pose::of(lang).draw(&engine, 120, 40);
        let glass = rows(&buffer, |x, y| buffer[(x, y)].symbol().to_owned());
        let told = Words::new(lang).text("advice-volume", &[("minutes", "0".into())]);
        let (before, _) = told.split_once('0').expect("minutes");
        let words: String = before.chars().take(30).collect();
        assert!(glass.contains(&words), "{words}: {glass}");
    }
}

#[test]
fn every_panel_zoomed_looks_as_it_did() {
    for panel in Panel::ALL {
        let mut pose = Pose::of(Lang::En);
        pose.state.focus = panel;
        pose.state.zoomed = true;
        compare(&format!("zoom-{}-120x40", panel.id()), &pose.draw(broadcast(), 120, 40));
    }
}

#[test]
fn a_minute_cursor_a_product_and_a_mask_look_as_they_did() {
    let mut pose = Pose::of(Lang::PtBr);
    pose.state.minute = broadcast().started().map(|at| at.minute() + 16);
    pose.state.slot = Some(1);
    pose.state.layers = vec![Open { layer: Layer::Minute, touched: At::default() }];
    compare("minute-120x40", &pose.draw(broadcast(), 120, 40));
    let mut pose = Pose::of(Lang::En);
    pose.state.masked = true;
    pose.state.held = Some(broadcast().now());
    pose.mode = Mode::Live;
    pose.journal = JournalLight::Lost;
    compare("masked-held-lost-200x60", &pose.draw(broadcast(), 200, 60));
}

#[test]
fn without_colour_and_in_ascii_everything_is_still_told() {
    let mut pose = Pose::of(Lang::PtBr);
    pose.charset = Charset::Ascii;
    pose.colours = Colours::None;
    let buffer = pose.draw(broadcast(), 120, 40);
    for cell in buffer.content() {
        assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
        assert_eq!((cell.fg, cell.bg), (ratatui::style::Color::Reset, ratatui::style::Color::Reset));
    }
    compare("ascii-mono-120x40", &buffer);
}

#[test]
fn a_desk_before_its_first_fact_shows_dashes_and_no_zeros() {
    let plan = Plan { title: "Loja Clara".to_owned(), length_s: 7_200, ..broadcast().plan().clone() };
    let engine = Engine::new(plan, Arrival::Live);
    compare("empty-120x40", &Pose::of(Lang::En).draw(&engine, 120, 40));
}

#[test]
fn a_masked_glass_shows_no_money_and_no_names() {
    let mut pose = Pose::of(Lang::En);
    pose.state.masked = true;
    for (width, height) in SIZES {
        let buffer = pose.draw(broadcast(), width, height);
        let text = rows(&buffer, |x, y| buffer[(x, y)].symbol().to_owned());
        for line in broadcast().chat(20) {
            assert!(!text.contains(line.author), "{}", line.author);
        }
        for (at, _) in text.match_indices("R$ ") {
            assert!(text[at..].starts_with("R$ •"), "{}", &text[at..].chars().take(12).collect::<String>());
        }
    }
}

#[test]
fn panels_of_stale_feeds_look_stale_and_say_how_old_they_are() {
    let mut engine = broadcast().clone();
    engine.advance_to(engine.now().plus_s(100));
    let buffer = Pose::of(Lang::En).draw(&engine, 120, 40);
    let text = rows(&buffer, |x, y| buffer[(x, y)].symbol().to_owned());
    assert!(text.contains("STALE"), "{text}");
    compare("stale-120x40", &buffer);
}

/// Two feeds of one account and one of another; times are seconds after the first state.
fn troubled(states: &[(i64, &str, &str)]) -> Engine {
    let gap =
        |kind: &str| Unavailable { account: "kiosk".into(), kind: kind.into(), why: [("en".to_owned(), "nobody knows".to_owned())].into() };
    let mut engine = Engine::new(Plan { unavailable: vec![gap("audience")], ..Plan::default() }, Arrival::Live);
    for (seq, (second, feed, rest)) in states.iter().enumerate() {
        step(&mut engine, seq as u64 + 1, *second, &state_of(feed, rest));
    }
    engine.advance_to(start().plus_s(100));
    engine
}

fn start() -> At {
    At::parse("2026-11-26T20:00:00Z", None).unwrap()
}

fn state_of(feed: &str, rest: &str) -> String {
    format!(r#""type":"feed_state","feed":"{feed}","guarantee":"best_effort",{rest}"#)
}

/// Takes an event so many seconds after the start.
fn step(engine: &mut Engine, seq: u64, second: i64, fields: &str) {
    let at = start().plus_s(second);
    let line = format!(r#"{{"ts":"{at}",{fields}}}"#);
    let event = warroom::engine::wire::read(&line, &warroom::engine::wire::Defaults::default()).expect(&line).event;
    engine.step(&Record { seq, at, event });
}

#[test]
fn what_is_on_air_is_as_old_as_the_feed_that_tells_of_it_until_somebody_puts_on_another() {
    let pinned = |sku: &str, source: &str| format!(r#""type":"product_pinned","id":"{source}-{sku}","source":"{source}","sku":"{sku}""#);
    let heard = r#""gives":["product_pinned"],"status":"ok","stale_after_s":10,"complete_to":"2026-11-26T20:00:05Z""#;
    let mut engine = Engine::new(Plan::default(), Arrival::Live);
    step(&mut engine, 1, 1, &state_of("luma", heard));
    step(&mut engine, 2, 3, &pinned("A", "luma"));
    let title = |engine: &Engine, second: i64| {
        let mut engine = engine.clone();
        engine.advance_to(start().plus_s(second));
        let buffer = Pose::of(Lang::En).draw(&engine, 120, 40);
        let text = rows(&buffer, |x, y| buffer[(x, y)].symbol().to_owned());
        text.lines().find(|line| line.contains(" NOW ")).unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let told = title(&engine, 9);
    assert!(!told.contains("STALE"), "{told}");
    let told = title(&engine, 60);
    assert!(told.contains("STALE 55s"), "{told}");
    step(&mut engine, 3, 50, &pinned("B", "desk"));
    let told = title(&engine, 60);
    assert!(!told.contains("STALE"), "{told}");
}

fn zoomed_feeds(engine: &Engine, (width, height): (u16, u16), lang: Lang) -> String {
    let mut pose = Pose::of(lang);
    (pose.state.focus, pose.state.zoomed) = (Panel::Feeds, true);
    let buffer = pose.draw(engine, width, height);
    rows(&buffer, |x, y| buffer[(x, y)].symbol().to_owned())
}

#[test]
fn a_feed_in_full_dates_its_troubles_and_tells_only_its_own() {
    let kept = r#""status":"ok","complete_to":"2026-11-26T20:01:38Z""#;
    let engine = troubled(&[
        (0, "kiosk.movimentos", r#""status":"ok","complete_to":"2026-11-26T20:00:00Z""#),
        (1, "kiosk.saldo", kept),
        (20, "kiosk.movimentos", r#""status":"retrying","complete_to":"2026-11-26T20:00:10Z","errors":1,"last_error":"status: http 500""#),
        (40, "kiosk.movimentos", r#""status":"ok","complete_to":"2026-11-26T20:00:40Z","errors":1,"last_error":"status: http 500""#),
        (50, "kiosk.movimentos", r#""status":"retrying","complete_to":"2026-11-26T20:00:45Z","errors":2,"last_error":"status: http 500""#),
        (56, "kiosk.movimentos", &format!(r#"{kept},"errors":2,"last_error":"status: http 500""#)),
        (
            95,
            "kiosk.movimentos",
            &format!(r#"{kept},"errors":2,"last_error":"status: http 500","quarantined":1,"last_aside":"bad_money: total""#),
        ),
    ]);
    let text = zoomed_feeds(&engine, (120, 40), Lang::En);
    for told in ["last error 50s ago: status: http 500", "newest put aside 5s ago: bad_money: total", "2 gaps, 56s", "nobody knows"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let text = zoomed_feeds(&engine, (120, 40), Lang::PtBr);
    for told in
        ["último erro há 50s: o servidor responde com erro (http 500)", "de lado há 5s: não é valor em dinheiro (total)", "2 lacunas, 56s"]
    {
        assert!(text.contains(told), "{told}: {text}");
    }
    let text = zoomed_feeds(&engine, (80, 24), Lang::En);
    assert!(text.contains("mentos") && text.contains("saldo"), "feeds of one account are told apart: {text}");
    // when it is tried again has its column as soon as one has to be
    let waiting = format!("{},\"retry_at\":\"2026-11-26T20:02:20Z\"", kept.replace("ok", "retrying"));
    let engine = troubled(&[(0, "kiosk.movimentos", kept), (1, "kiosk.saldo", kept), (60, "kiosk.saldo", &waiting)]);
    for (lang, title) in [(Lang::En, "retry"), (Lang::PtBr, "nova em")] {
        for size in [(80, 24), (120, 40), (200, 60)] {
            let text = zoomed_feeds(&engine, size, lang);
            assert!(text.contains(title) && text.lines().any(|line| line.contains("saldo") && line.contains(" 40s")), "{size:?}: {text}");
        }
    }
    let other = troubled(&[(0, "erp", kept)]);
    assert!(!zoomed_feeds(&other, (120, 40), Lang::En).contains("nobody knows"), "that is another account's");
}

#[test]
fn feeds_that_never_came_are_told_as_never_heard_of() {
    let never = r#""gives":["purchase"],"status":"retrying","errors":1,"stale_after_s":10,"last_error":"unreachable: no route""#;
    let engine = troubled(&[(0, "kiosk.movimentos", never), (0, "kiosk.saldo", never)]);
    for ((width, height), lang, told) in [
        ((120, 40), Lang::En, ["kiosk.movimentos: never heard of", "unreachable: no route"]),
        ((120, 40), Lang::PtBr, ["kiosk.movimentos: nunca deu sinal", "não se alcança (no route)"]),
    ] {
        let buffer = Pose::of(lang).draw(&engine, width, height);
        let text = rows(&buffer, |x, y| buffer[(x, y)].symbol().to_owned());
        assert!(told.iter().all(|told| text.contains(told)), "{told:?}: {text}");
    }
}

/// The demo broadcast as if it were for something else.
fn aimed(aim: Aim, targets: [(&str, f64); 2]) -> Engine {
    let scenario: Arc<Scenario> = Scenario::demo().expect("the shipped scenario");
    let until = scenario.starts_at.plus_s(AT_S);
    let targets = targets.map(|(metric, value)| Target { metric: metric.to_owned(), value }).to_vec();
    let mut engine = Engine::new(Plan { aim, targets, ..scenario.plan() }, Arrival::Live);
    let records = Records::new(scenario, SEED).expect("a broadcast").take_while(|record| record.at <= until);
    // its own plan would take the place of this one
    for record in records.filter(|record| !matches!(record.event.fact, Fact::Plan(_))) {
        engine.step(&record);
    }
    engine.advance_to(until);
    engine
}

#[test]
fn a_live_for_leads_and_a_clearance_put_their_own_figures_first() {
    let leads = ("leads", aimed(Aim::Leads, [("leads", 1_200.0), ("cpl", 450.0)]), [" leads 0 of 1,200 ", " leads live", " CPL live"]);
    let lot = ("lot", aimed(Aim::ClearStock, [("units", 900.0), ("sell_through", 0.95)]), [" of 900 ", " lot empty ", " sold live"]);
    for (name, engine, wanted) in [leads, lot] {
        for (width, height) in [(80, 24), (120, 40), (200, 60)] {
            let buffer = Pose::of(Lang::En).draw(&engine, width, height);
            let text = rows(&buffer, |x, y| buffer[(x, y)].symbol().to_owned());
            let top: Vec<&str> = text.lines().take(3).collect();
            for told in wanted {
                assert!(top.join("\n").contains(told), "{told} at {width}x{height}: {top:#?}");
            }
            compare(&format!("aim-{name}-{width}x{height}"), &buffer);
        }
    }
}

/// A small generator of numbers: the test must be the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most.max(1)
    }
    fn size(&mut self) -> (u16, u16) {
        let (width, height) = match self.roll(4) {
            0 => (self.roll(12), self.roll(8)),
            1 => (self.roll(100), self.roll(40)),
            _ => (self.roll(400), self.roll(120)),
        };
        (u16::try_from(width + 1).unwrap_or(1), u16::try_from(height + 1).unwrap_or(1))
    }
    fn pose(&mut self, engine: &Engine) -> Pose {
        let mut pose = Pose::of(Lang::ALL[usize::from(self.roll(2) == 0)]);
        pose.charset = if self.roll(3) == 0 { Charset::Ascii } else { Charset::Unicode };
        pose.colours = [Colours::None, Colours::Sixteen, Colours::Full][self.roll(3) as usize];
        pose.mode = [Mode::Live, Mode::Demo, Mode::Replay, Mode::Rehearsal][self.roll(4) as usize];
        pose.journal = [JournalLight::Recording, JournalLight::Lost, JournalLight::Off][self.roll(3) as usize];
        let state = &mut pose.state;
        state.focus = Panel::ALL[self.roll(Panel::ALL.len() as u64) as usize];
        state.zoomed = self.roll(3) == 0;
        state.masked = self.roll(4) == 0;
        state.minute = (self.roll(2) == 0).then(|| engine.now().minute() + 20 - self.roll(100).cast_signed());
        state.slot = (self.roll(3) == 0).then(|| u32::try_from(self.roll(14)).unwrap_or(0));
        state.held = (self.roll(5) == 0).then(|| engine.now().plus_s(-self.roll(600).cast_signed()));
        state.filter = ["", "", "a", "fone", "no such row"][self.roll(5) as usize].to_owned();
        let row = self.roll(300) as usize;
        state.rows = [row; Panel::ALL.len()];
        let column = (self.roll(2) == 0).then(|| self.roll(7) as usize);
        state.sorts = [Sort { column, rising: self.roll(2) == 0 }; Panel::ALL.len()];
        if self.roll(4) == 0 {
            state.layers = vec![Open { layer: Layer::Minute, touched: At::default() }];
        }
        pose
    }
}

#[test]
fn a_thousand_random_sizes_and_states_draw_without_a_panic() {
    let empty = Engine::new(Plan::default(), Arrival::Live);
    let mut dice = Dice(1);
    for _ in 0..1_000 {
        let engine = if dice.roll(6) == 0 { &empty } else { broadcast() };
        let (width, height) = dice.size();
        let buffer = dice.pose(engine).draw(engine, width, height);
        assert_eq!((buffer.area.width, buffer.area.height), (width, height));
    }
}

fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e0fff}' | '\u{feff}')
}

fn event(ts: At, id: String, fact: Fact) -> Event {
    Event {
        fact,
        ts,
        id: Some(Name::new(id)),
        source: Name::new("shop"),
        currency: Some(Currency::BRL),
        test: false,
        extra: Extra::default(),
    }
}

/// An engine whose every text is one hostile line, uncleaned, as if the border had failed.
fn poisoned(text: &str) -> Engine {
    let start = At::parse("2026-11-21T23:00:00Z", None).expect("a time");
    let mut plan = Plan { title: text.to_owned(), starts_at: Some(start), length_s: 3_600, ..Plan::default() };
    plan.currency = Some(Currency::BRL);
    plan.products = vec![warroom::engine::plan::PlanProduct { sku: Name::new("S"), name: text.to_owned(), slot: 1, ..Default::default() }];
    plan.segments = vec![warroom::engine::plan::PlanSegment {
        name: text.to_owned(),
        length_s: 600,
        host: Some(text.to_owned()),
        ..Default::default()
    }];
    let mut engine = Engine::new(plan, Arrival::Live);
    let name = Name::new(text);
    let at = start.plus_s(90);
    let message = ChatMessage {
        author: name.clone(),
        text: Name::new(format!("quanto custa? {text}")),
        author_kind: Default::default(),
        reply_to: None,
        value: None,
    };
    let purchase = Purchase {
        order: name.clone(),
        value: Money::new(12_990, Currency::BRL),
        status: Default::default(),
        rev: None,
        placed_at: None,
        paid_at: None,
        cancelled_at: None,
        expires_at: None,
        items: Vec::new(),
        cart: None,
        customer: None,
        new: None,
        visitor: None,
        channel: Some(warroom::engine::event::ChannelClue::Name(name.clone())),
        discount: None,
        coupons: Vec::new(),
        method: Some(name.clone()),
        live: None,
    };
    let facts = [
        Fact::ProductPinned(Pin { sku: name.clone() }),
        Fact::ChatMessage(message),
        Fact::Note(Note { text: name.clone(), operator: Some(name) }),
        Fact::Purchase(Box::new(purchase)),
    ];
    for (seq, fact) in (1..).zip(facts) {
        engine.step(&Record { seq, at, event: event(at, format!("e{seq}"), fact) });
    }
    engine.advance_to(start.plus_s(120));
    engine
}

#[test]
fn hostile_text_never_reaches_a_cell() {
    let corpus = std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/hostile.txt")).expect("the corpus");
    let corpus = String::from_utf8_lossy(&corpus);
    let mut dice = Dice(2);
    for body in corpus.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let line: String = serde_json::from_str(&format!("\"{body}\"")).unwrap_or_else(|_| body.to_owned());
        let line = line.as_str();
        let engine = poisoned(line);
        for zoomed in [false, true] {
            let mut pose = Pose::of(Lang::En);
            pose.state.zoomed = zoomed;
            pose.state.focus = Panel::ALL[dice.roll(Panel::ALL.len() as u64) as usize];
            let buffer = pose.draw(&engine, 200, 60);
            for cell in buffer.content() {
                assert!(!cell.symbol().chars().any(is_forbidden), "{:?} from {line:?}", cell.symbol());
                assert!(cell.symbol().len() <= 64, "a bomb of {} bytes from {line:?}", cell.symbol().len());
            }
        }
    }
}
