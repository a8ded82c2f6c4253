//! Keys in, view state and intents out: every key of the desk as a row of a table.

use crossterm::event::{Event as Report, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::format::Format;
use super::glyphs::{Charset, Glyphs};
use super::input;
use super::intent::{Intent, Steering, Wish};
use super::keymap::{Code, Key, Keymap};
use super::layer::{LAYER_MS, Layer};
use super::reel::Reel;
use super::screen::layout;
use super::state::{Known, Mode, Panel, Sort, UiState};
use super::theme::{Colours, Theme};
use super::update::{Moment, must_thaw, tick};
use super::words::{Lang, Words};
use super::{JournalLight, View, render};
use crate::engine::event::{Event, Extra, Fact, InterventionKind, Pin, Record, SegmentKind};
use crate::engine::id::Name;
use crate::engine::money::Currency;
use crate::engine::plan::{Plan, PlanProduct, PlanSegment};
use crate::engine::time::{At, MINUTE_MS};
use crate::engine::view::marks::{Mark, MarkKind};
use crate::engine::{Arrival, Engine};

const AREA: Rect = Rect::new(0, 0, 120, 40);
const START: &str = "2026-11-21T23:00:00Z";

/// A desk with twelve products and three segments, 47 minutes in, product 1 on air.
struct Desk {
    engine: Engine,
    /// The engine as it was when the glass was held.
    held: Option<Engine>,
    state: UiState,
    keymap: Keymap,
    words: Words,
    now: At,
    wall: At,
    seq: u64,
    intents: Vec<Intent>,
}

fn plan() -> Plan {
    let product = |slot: u32| PlanProduct {
        sku: format!("SKU-{slot}").into(),
        name: format!("Product {slot}"),
        slot,
        price_minor: Some(9_900),
        ..PlanProduct::default()
    };
    let segment = |name: &str, kind, skus: &[&str]| PlanSegment {
        name: name.to_owned(),
        length_s: 300,
        kind: Some(kind),
        host: Some("Ana".to_owned()),
        skus: skus.iter().map(|sku| Name::new(sku)).collect(),
        ..PlanSegment::default()
    };
    Plan {
        name: "live".to_owned(),
        starts_at: At::parse(START, None),
        length_s: 7_200,
        time_zone: Some(chrono_tz::America::Sao_Paulo),
        currency: Some(Currency::BRL),
        products: (1..=12).map(product).collect(),
        segments: vec![
            segment("hook", SegmentKind::Talk, &[]),
            segment("offer", SegmentKind::Offer, &["SKU-2"]),
            segment("last", SegmentKind::Talk, &[]),
        ],
        ..Plan::default()
    }
}

impl Desk {
    fn of(mode: Mode) -> Self {
        Self::in_language(mode, Lang::En)
    }

    fn in_language(mode: Mode, lang: Lang) -> Self {
        let start = At::parse(START, None).unwrap();
        let mut desk = Self {
            engine: Engine::new(plan(), Arrival::Live),
            held: None,
            state: UiState { bookmarks: Some(Vec::new()), ..UiState::new(mode) },
            keymap: Keymap::shipped(),
            words: Words::new(lang),
            now: start,
            wall: At::from_ms(1_000_000),
            seq: 0,
            intents: Vec::new(),
        };
        desk.happens(Fact::ProductPinned(Pin { sku: "SKU-1".into() }), "pin-1");
        desk.pass(47 * MINUTE_MS);
        desk
    }

    fn happens(&mut self, fact: Fact, id: &str) {
        self.happens_at(fact, id, self.now);
    }

    fn happens_at(&mut self, fact: Fact, id: &str, ts: At) {
        self.seq += 1;
        let event = Event { fact, ts, id: Some(id.into()), source: "desk".into(), currency: None, test: false, extra: Extra::default() };
        self.engine.step(&Record { seq: self.seq, at: self.now, event });
    }

    /// Time goes by, on the wall as in the live.
    fn pass(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
        self.wall = self.wall.plus_ms(ms);
        self.engine.advance_to(self.now);
        tick(&mut self.state, self.wall);
    }

    fn report(&mut self, report: &Report) {
        let moment = Moment {
            engine: self.held.as_ref().unwrap_or(&self.engine),
            live: &self.engine,
            keymap: &self.keymap,
            words: &self.words,
            now: self.now,
            wall: self.wall,
        };
        let Some(intent) = input::take(&mut self.state, report, AREA, &moment) else { return };
        if let Intent::Write(wish) = &intent {
            let id = format!("act-{}", self.seq + 1);
            let at = wish.happened_at().unwrap_or(self.now);
            self.happens_at(wish.clone().fact(&Name::new(&id), Some("ana".into())), &id, at);
        }
        if let Intent::Hold(on) = intent {
            self.held = on.then(|| self.engine.clone());
        }
        self.intents.push(intent);
    }

    fn press(&mut self, key: Key) {
        self.report(&Report::Key(terminal_key(key)));
        self.pass(200);
    }

    /// Plays keys by name, one word a key; what stands in quotes is typed letter by letter.
    fn play(mut self, keys: &str) -> Self {
        self.press_all(keys);
        self
    }

    fn press_all(&mut self, keys: &str) {
        for (index, part) in keys.split('"').enumerate() {
            if index % 2 == 1 {
                part.chars().for_each(|letter| self.press(Key::plain(Code::Char(letter))));
            } else {
                part.split_whitespace().for_each(|name| self.press(Key::parse(name).unwrap_or_else(|| panic!("no key {name}"))));
            }
        }
    }

    fn draw(&self, (width, height): (u16, u16), theme: &Theme, glyphs: Glyphs) -> Buffer {
        let format = Format::new(self.words.lang(), chrono_tz::America::Sao_Paulo, glyphs).masking(self.state.masked);
        let view = View {
            engine: self.held.as_ref().unwrap_or(&self.engine),
            curves: self.held.as_ref().unwrap_or(&self.engine),
            live: &self.engine,
            state: &self.state,
            words: &self.words,
            theme,
            format: &format,
            glyphs: &glyphs,
            keymap: &self.keymap,
            now: self.now,
            mode: self.state.mode,
            journal: JournalLight::Recording,
            speed: 1.0,
        };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| render(frame, &view)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The glass as text.
    fn glass(&self) -> String {
        let drawn = self.draw((AREA.width, AREA.height), &Theme::for_terminal("dark", Colours::Sixteen), Glyphs::of(Charset::Unicode));
        drawn.content().chunks(usize::from(AREA.width)).map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n").collect()
    }

    fn told(&self) -> Vec<String> {
        self.intents.iter().map(told).collect()
    }

    fn flash(&self) -> &str {
        self.state.flash.as_ref().map_or("", |flash| &flash.text)
    }

    fn top(&self) -> &str {
        self.state.top().map_or("", |open| open.layer.id())
    }

    /// The minute under the cursor, counted from the start.
    fn minute(&self) -> Option<i64> {
        Some(self.state.minute? - At::parse(START, None).unwrap().minute())
    }
}

fn terminal_key(key: Key) -> KeyEvent {
    let code = match key.code {
        Code::Char(letter) => KeyCode::Char(letter),
        Code::Enter => KeyCode::Enter,
        Code::Esc => KeyCode::Esc,
        Code::Tab => KeyCode::Tab,
        Code::BackTab => KeyCode::BackTab,
        Code::Up => KeyCode::Up,
        Code::Down => KeyCode::Down,
        Code::Left => KeyCode::Left,
        Code::Right => KeyCode::Right,
        Code::Home => KeyCode::Home,
        Code::End => KeyCode::End,
        Code::PgUp => KeyCode::PageUp,
        Code::PgDn => KeyCode::PageDown,
        Code::Backspace => KeyCode::Backspace,
        Code::Delete => KeyCode::Delete,
    };
    KeyEvent::new(code, if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE })
}

/// An intent in a few words.
fn told(intent: &Intent) -> String {
    let or_dash = |name: &Option<Name>| name.as_deref().unwrap_or("-").to_owned();
    match intent {
        Intent::Send(wish) => format!("send {}", told(&Intent::Write(wish.clone()))),
        Intent::Write(wish) => match wish {
            Wish::LogIntervention { kind, sku, duration_s, parameters, .. } => {
                let length = duration_s.map_or("-".to_owned(), |s| s.to_string());
                let details: Vec<String> = parameters.iter().map(|(name, value)| format!(" {name}={value}")).collect();
                format!("log {} {} {length}{}", kind.id(), or_dash(sku), details.concat())
            }
            Wish::EndIntervention { id } => format!("end {id}"),
            Wish::Withdraw { id } => format!("withdraw {id}"),
            Wish::Note { text, at } => format!("note {text}{}", at.map_or(String::new(), |at| format!(" @{at}"))),
            Wish::Cue { segment, host, sku, .. } => format!("cue {segment} {} {}", or_dash(host), or_dash(sku)),
            Wish::Spend { value, channel, total } => {
                format!("spend {value} {} {}", or_dash(channel), if *total { "total" } else { "more" })
            }
            Wish::Viewers { viewers, channel } => format!("viewers {viewers} {}", or_dash(channel)),
            Wish::Figure { metric, value, channel } => format!("figure {metric} {value} {}", or_dash(channel)),
            Wish::Sale { value, sku, quantity, channel, method } => {
                format!("sale {value} {} x{quantity} {} {}", or_dash(sku), or_dash(channel), or_dash(method))
            }
            Wish::AnswerAdvice { advice, answer, .. } => format!("answer {advice} {answer:?}"),
            Wish::Correct { kind, target, value, reason } => format!("{kind:?} {target} {} {}", or_dash(value), or_dash(reason)),
            Wish::Close => "close".to_owned(),
        },
        Intent::Hold(on) => format!("hold {on}"),
        Intent::Futures(card) => format!("futures {card}"),
        Intent::Bookmark(at) => format!("bookmark {at}"),
        Intent::Replay(steering) => format!("replay {steering:?}"),
        Intent::SetTheme(name) => format!("theme {name}"),
        Intent::SetLang(lang) => format!("lang {}", lang.id()),
        Intent::Suspend => "suspend".to_owned(),
        Intent::Redraw => "redraw".to_owned(),
        Intent::Quit => "quit".to_owned(),
    }
}

#[test]
fn every_letter_of_the_log_layer_logs_its_act() {
    for (keys, expected) in [
        ("i f Enter", "log flash_deal SKU-1 600"),
        ("i f 3 Enter", "log flash_deal SKU-3 600"),
        ("i f # 1 2 Enter", "log flash_deal SKU-12 600"),
        ("i f # 1 0 Enter", "log flash_deal SKU-10 600"),
        ("i 3 f Enter", "log flash_deal SKU-3 600"),
        ("i f 0 Enter", "log flash_deal - 600"),
        ("i p Enter", "log pin_product SKU-1 -"),
        ("i p 6 Enter", "log pin_product SKU-6 -"),
        ("i s 6 Enter", "log switch_product SKU-6 -"),
        ("i d Enter", "log price_drop SKU-1 -"),
        ("i c Enter", "log coupon - -"),
        ("i c 2 Enter", "log coupon SKU-2 -"),
        ("i b Enter", "log bundle SKU-1 -"),
        ("i u Enter", "log bonus_kit SKU-1 -"),
        ("i h Enter", "log free_shipping - -"),
        ("i g Enter", "log giveaway - -"),
        ("i t Enter", "log countdown SKU-1 180"),
        ("i r 2 Enter", "log restock SKU-2 -"),
        ("i x 2 Enter", "log remove_product SKU-2 -"),
        ("i m Enter", "log pin_comment - -"),
        ("i a Enter", "log answer_question - -"),
        ("i j Enter", "log poll - -"),
        ("i v Enter", "log demo SKU-1 -"),
        ("i k Enter", "log script_change - -"),
        ("i o Enter", "log host_change - -"),
        ("i + Enter", "log ads_up - -"),
        ("i - Enter", "log ads_down - -"),
        ("i n Enter", "log ads_creative - -"),
        ("i l Enter", "log broadcast_push - -"),
        ("i w Enter", "log cart_rescue - -"),
        ("i y Enter", "log lead_offer - -"),
        ("i e Enter", "log tech_event - -"),
        ("i e e Enter", "log policy_warning - -"),
        ("i g f Enter", "log flash_deal SKU-1 600"),
        ("i F Enter", "log flash_deal SKU-1 600"),
        ("ｉ ｆ ３ Enter", "log flash_deal SKU-3 600"),
        ("i f Tab \"-10% 12m code=LIVE10\" Enter Enter", "log flash_deal SKU-1 720 code=LIVE10 percent=10"),
    ] {
        let desk = Desk::of(Mode::Live).play(keys);
        assert_eq!(desk.told(), [expected], "{keys}");
        assert_eq!(desk.top(), "", "{keys}: the layer is closed");
    }
}

#[test]
fn i_twice_repeats_the_last_kind() {
    let desk = Desk::of(Mode::Live).play("i g Enter i i Enter");
    assert_eq!(desk.told(), ["log giveaway - -", "log giveaway - -"]);
    let desk = Desk::of(Mode::Live).play("i i");
    assert_eq!((desk.told().len(), desk.flash()), (0, "nothing logged yet"));
}

#[test]
fn what_cannot_be_logged_is_refused_and_the_layer_stays() {
    let desk = Desk::of(Mode::Live).play("i Enter");
    assert_eq!((desk.flash(), desk.top()), ("choose a letter first", "intervene"));
    let desk = Desk::of(Mode::Live).play("i f # 9 9 Enter");
    assert_eq!((desk.flash(), desk.top(), desk.intents.len()), ("no product in slot 99", "intervene", 0));
    let desk = Desk::of(Mode::Live).play("i p 0 Enter");
    assert_eq!((desk.top(), desk.intents.len()), ("intervene", 0));
}

#[test]
fn leaving_the_log_layer_logs_nothing() {
    for keys in ["i f Esc", "i f q", "i f 3 Esc", "i Esc", "i q", "i f Tab \"x\" Esc Esc"] {
        let desk = Desk::of(Mode::Live).play(keys);
        assert_eq!((desk.told().len(), desk.top()), (0, ""), "{keys}");
    }
}

#[test]
fn a_layer_of_keys_closes_after_eight_seconds_and_a_line_of_text_does_not() {
    let mut desk = Desk::of(Mode::Live).play("i f");
    desk.pass(LAYER_MS - 400);
    assert_eq!(desk.top(), "intervene");
    desk.pass(400);
    assert_eq!(desk.top(), "");
    let mut desk = desk.play("Enter . \"bom\"");
    desk.pass(10 * LAYER_MS);
    assert_eq!((desk.top(), desk.intents.len()), ("note", 0));
}

#[test]
fn a_key_held_down_counts_once_where_records_are_written() {
    let mut desk = Desk::of(Mode::Live).play("i");
    for _ in 0..20 {
        desk.report(&Report::Key(KeyEvent::new(KeyCode::Char('e'), KeyModifiers::NONE)));
        desk.pass(33);
    }
    let mut repeated = KeyEvent::new(KeyCode::Char('e'), KeyModifiers::NONE);
    repeated.kind = KeyEventKind::Repeat;
    desk.report(&Report::Key(repeated));
    assert_eq!(desk.play("Enter").told(), ["log tech_event - -"]);
}

#[test]
fn a_key_released_does_nothing_and_a_held_arrow_moves_on() {
    let mut desk = Desk::of(Mode::Live);
    for (kind, expected) in [(KeyEventKind::Press, 46), (KeyEventKind::Release, 46), (KeyEventKind::Repeat, 45)] {
        let mut key = KeyEvent::new(KeyCode::Left, KeyModifiers::NONE);
        key.kind = kind;
        desk.report(&Report::Key(key));
        assert_eq!(desk.minute(), Some(expected), "{kind:?}");
    }
}

#[test]
fn a_paste_goes_into_text_and_nowhere_else() {
    let mut desk = Desk::of(Mode::Live);
    desk.report(&Report::Paste("i f\r q yes".to_owned()));
    assert_eq!((desk.top(), desk.intents.len()), ("", 0));
    let mut desk = desk.play("i");
    desk.report(&Report::Paste("f\r".to_owned()));
    let mut desk = desk.play("Esc q");
    desk.report(&Report::Paste("yes\r".to_owned()));
    let mut desk = desk.play("Enter .");
    assert_eq!(desk.intents.len(), 0);
    desk.report(&Report::Paste("bom\u{1b}[31m\ngancho\u{202e}".to_owned()));
    let desk = desk.play("Enter");
    let told = desk.told();
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("note bom") && told[0].contains("gancho") && told[0].chars().all(|c| !c.is_control() && c != '\u{202e}'));
}

#[test]
fn the_mouse_focuses_and_never_logs() {
    let mut desk = Desk::of(Mode::Live);
    let places = layout(AREA, &desk.state, 0);
    let at = |panel| places.area_of(panel).map(|area| (area.x + area.width / 2, area.y + 1)).unwrap();
    for panel in [Panel::Products, Panel::Carts, Panel::Log, Panel::Questions, Panel::Trend] {
        let (column, row) = at(panel);
        let click = MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column, row, modifiers: KeyModifiers::NONE };
        desk.report(&Report::Mouse(click));
        assert_eq!(desk.state.focus, panel);
    }
    assert!(desk.state.minute.is_some(), "a click on the chart moves the minute cursor");
    for (column, row) in (0..AREA.width).flat_map(|x| (0..AREA.height).map(move |y| (x, y))) {
        for kind in [MouseEventKind::Down(MouseButton::Left), MouseEventKind::Up(MouseButton::Left), MouseEventKind::ScrollDown] {
            desk.report(&Report::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        }
    }
    assert!(desk.intents.is_empty());
}

#[test]
fn the_cursor_walks_minutes_and_esc_comes_back_to_now() {
    for (keys, minute) in [
        ("Left", Some(46)),
        ("h h h", Some(44)),
        ("Left Left Right", Some(46)),
        ("Left Right", None),
        ("Right", None),
        ("Home", Some(0)),
        ("Home Left", Some(0)),
        ("Home End", None),
        ("Home Esc", None),
        ("[", Some(0)),
        ("PgUp", Some(0)),
        ("[ ]", None),
    ] {
        assert_eq!(Desk::of(Mode::Live).play(keys).minute(), minute, "{keys}");
    }
}

#[test]
fn rows_focus_zoom_sort_and_slots() {
    let state = |keys: &str| Desk::of(Mode::Live).play(keys).state;
    assert_eq!(state("Tab").focus, Panel::Heat);
    assert_eq!(state("Tab BackTab").focus, Panel::Trend);
    assert_eq!(state("Tab Tab Down j Up").row(Panel::Products), 1);
    assert_eq!(state("Tab Tab k Up").row(Panel::Products), 0);
    let many: String = "Down ".repeat(40);
    assert_eq!(state(&format!("Tab Tab {many}")).row(Panel::Products), 11);
    assert!(state("z").zoomed && !state("z z").zoomed && !state("z Esc").zoomed);
    assert_eq!(state("Tab Tab s").sort(Panel::Products), Sort { column: Some(0), rising: false });
    assert_eq!(state("Tab Tab s s").sort(Panel::Products), Sort { column: Some(0), rising: true });
    assert_eq!((state("3").slot, state("3 0").slot, state("3 Esc").slot), (Some(3), None, None));
    assert_eq!((state("# \"12\"").slot, state("# \"7\" Enter").slot, state("# \"1\" Enter").slot), (Some(12), Some(7), Some(1)));
}

#[test]
fn the_filter_follows_every_letter_and_esc_shows_all_rows() {
    let desk = Desk::of(Mode::Live).play("/ \"Prod 1\"");
    assert_eq!((desk.state.filter.as_str(), desk.state.focus), ("Prod 1", Panel::Products));
    assert_eq!(desk.play("Enter").state.filter, "Prod 1");
    assert_eq!(Desk::of(Mode::Live).play("/ \"x\" Esc").state.filter, "");
    assert_eq!(Desk::of(Mode::Live).play("/ \"x\" Enter Esc").state.filter, "");
}

#[test]
fn holding_masking_muting_and_bookmarks() {
    let desk = Desk::of(Mode::Live).play("Space Space");
    assert_eq!((desk.told(), desk.state.held), (vec!["hold true".to_owned(), "hold false".to_owned()], None));
    let state = |keys: &str| Desk::of(Mode::Live).play(keys).state;
    assert!(state("P").masked && state("P P").masked && state("P P Esc").masked && !state("P P Enter").masked);
    let muted = |keys: &str| Desk::of(Mode::Live).play(keys).told().len();
    assert_eq!((muted("M"), muted("M M")), (1, 2), "muting is a record, so that a replay knows of it");
    assert_eq!(Desk::of(Mode::Live).play("Home b").told(), ["bookmark 2026-11-21T23:00:00Z"]);
}

#[test]
fn a_held_glass_goes_on_when_an_act_is_due() {
    let mut desk = Desk::of(Mode::Live).play("i t Enter Space");
    assert!(!must_thaw(&desk.state, &desk.engine));
    desk.pass(181_000);
    assert!(must_thaw(&desk.state, &desk.engine));
}

#[test]
fn what_is_written_on_a_held_glass_is_about_the_live_as_it_is() {
    let desk = Desk::of(Mode::Live).play("Space i f 3 Enter u Enter i g Enter e Enter c Enter c Enter");
    let id = |n: usize| desk.engine.interventions()[n].id.to_owned();
    let expected = [
        "hold true".to_owned(),
        "log flash_deal SKU-3 600".to_owned(),
        format!("withdraw {}", id(0)),
        "log giveaway - -".to_owned(),
        format!("end {}", id(1)),
        "cue hook Ana -".to_owned(),
        "cue offer Ana SKU-2".to_owned(),
    ];
    assert_eq!(desk.told(), expected);
}

#[test]
fn notes_go_to_the_present_or_to_the_minute_under_the_cursor() {
    assert_eq!(Desk::of(Mode::Live).play(". \"bom gancho\" Enter").told(), ["note bom gancho"]);
    let desk = Desk::of(Mode::Live).play("Left Left Left Left Enter . \"bom gancho\" Enter");
    assert_eq!((desk.told(), desk.top()), (vec!["note bom gancho @2026-11-21T23:43:00Z".to_owned()], "minute"));
    let desk = desk.play("Esc Esc");
    assert_eq!((desk.top(), desk.minute()), ("", None));
    assert!(Desk::of(Mode::Live).play(". Enter").intents.is_empty());
    assert!(Desk::of(Mode::Live).play(". \"x\" Esc").intents.is_empty());
}

#[test]
fn the_next_cue_is_prefilled() {
    assert_eq!(Desk::of(Mode::Live).play("c Enter").told(), ["cue hook Ana -"]);
    assert_eq!(Desk::of(Mode::Live).play("c Enter c Enter").told(), ["cue hook Ana -", "cue offer Ana SKU-2"]);
    assert_eq!(Desk::of(Mode::Live).play("c Down Down Down Up Enter").told(), ["cue offer Ana SKU-2"]);
    let desk = Desk::of(Mode::Live).play("c Enter c Enter c Enter c");
    assert_eq!((desk.intents.len(), desk.flash()), (3, "that was the last segment of the plan"));
}

#[test]
fn e_ends_what_runs_and_u_takes_back_the_last() {
    let desk = Desk::of(Mode::Live).play("i g Enter");
    let Some(id) = desk.engine.interventions().first().map(|act| act.id.to_owned()) else { panic!("nothing runs") };
    assert_eq!(desk.play("e Enter").told().last(), Some(&format!("end {id}")));
    let desk = Desk::of(Mode::Live).play("e");
    assert_eq!((desk.flash(), desk.top()), ("nothing runs", ""));
    let desk = Desk::of(Mode::Live).play("i f 3 Enter u Enter");
    assert_eq!(desk.told().last(), Some(&format!("withdraw {id}")));
    assert!(desk.engine.interventions().iter().all(|act| act.withdrawn));
    let mut desk = Desk::of(Mode::Live).play("i f 3 Enter");
    desk.pass(31_000);
    let desk = desk.play("u");
    assert_eq!((desk.top(), desk.intents.len()), ("", 1));
    assert_eq!(desk.play(&format!(": \"withdraw {id}\" Enter")).told().last(), Some(&format!("withdraw {id}")));
}

#[test]
fn figures_and_corrections_are_written_after_a_colon() {
    for (line, expected) in [
        ("spend 250 paid", "spend BRL 250.00 paid total"),
        ("spend +250.50 paid", "spend BRL 250.50 paid more"),
        ("spend R$1,250 paid", "spend BRL 1250.00 paid total"),
        ("viewers 2400", "viewers 2400 -"),
        ("viewers 2,400 direct-link", "viewers 2400 direct_link"),
        ("sale 259.80 SKU-2 x2 direct_link pix", "sale BRL 259.80 SKU-2 x2 direct_link pix"),
        ("sale 99 #3", "sale BRL 99.00 SKU-3 x1 - -"),
        ("figure leads 31", "figure leads 31 -"),
        ("exclude 1001 staff order", "ExcludeOrder 1001 - staff order"),
        ("include 1001", "IncludeOrder 1001 - -"),
        ("merge ig paid", "MergeChannel ig paid -"),
        ("void m-17", "Void m-17 - -"),
        ("segment offer", "cue offer Ana SKU-2"),
        ("segment qa extra round", "cue extra round - -"),
        ("remark good hook", "note good hook"),
        ("end", "close"),
        ("theme light", "theme light"),
        ("lang pt-BR", "lang pt-BR"),
    ] {
        let desk = Desk::of(Mode::Live).play(&format!(": \"{line}\" Enter"));
        assert_eq!(desk.told(), [expected], ":{line}");
        assert_eq!(desk.top(), "", ":{line}");
    }
    let pt = Desk::in_language(Mode::Live, Lang::PtBr).play(": \"spend 1.250,50 paid\" Enter");
    assert_eq!(pt.told(), ["spend BRL 1250.50 paid total"]);
}

#[test]
fn a_line_that_says_nothing_is_refused_and_stays() {
    for line in [
        "spend",
        "spend x",
        "spend 1.005 paid",
        "viewers",
        "viewers -3",
        "figure nothing 3",
        "withdraw none",
        "end now",
        "theme pink",
        "xyzzy",
    ] {
        let desk = Desk::of(Mode::Live).play(&format!(": \"{line}\" Enter"));
        assert_eq!((desk.intents.len(), desk.top()), (0, "palette"), ":{line}");
        assert_ne!(desk.flash(), "", ":{line}");
    }
}

#[test]
fn what_is_typed_wrong_is_told_with_what_would_be_right() {
    for (line, told) in [
        ("sale 10 SKU-22", "SKU-22 is no product and no known channel; did you mean SKU-12, SKU-2, SKU-1? from=NAME is a new channel"),
        ("spend 250 pad", "pad is no known channel; did you mean paid? from=pad if it is a new one"),
        ("viewers 2400 organc", "organc is no known channel; did you mean organic? from=organc if it is a new one"),
        ("figure leads 3 direct-lnk", "direct-lnk is no known channel; did you mean direct_link? from=direct-lnk if it is a new one"),
        ("sale 10 paif", "paif is no product and no known channel; did you mean paid? from=NAME is a new channel"),
        ("sale ten", "ten is no amount of money: write it as 250 or 1,299.90"),
        ("sale x2 SKU-2", "x2 is no amount of money: write it as 250 or 1,299.90"),
        ("spend 1.005", "1.005 is no amount of money: write it as 250 or 1,299.90"),
        ("viewers many", "many is no count: write a whole number, as 2400"),
        ("figure leads few", "few is no number: write it as 31 or 1,299.90"),
        ("figure lead 3", "there is no metric lead; did you mean leads? The list after :figure has all names"),
        ("withdraw act-9", "no act act-9 to take back: none is logged"),
        ("sale", "write :sale AMOUNT [SKU|#SLOT] [xN] [CHANNEL|from=NEW]"),
    ] {
        let desk = Desk::of(Mode::Live).play(&format!(": \"{line}\" Enter"));
        assert_eq!((desk.flash(), desk.intents.len()), (told, 0), ":{line}");
    }
    let stranger = Desk::of(Mode::Live).play(": \"sale 10 NOSUCH\" Enter");
    assert!(stranger.flash().starts_with("NOSUCH is no product and no known channel; the board of products"), "{}", stranger.flash());
    let nothing = Desk::of(Mode::Live).play(": \"figure nosuch 3\" Enter");
    assert!(nothing.flash().starts_with("there is no metric nosuch; the list after :figure and"), "{}", nothing.flash());
    for (line, told) in [
        ("sale 10 from=whatsapp", "sale BRL 10.00 - x1 whatsapp -"),
        ("spend 250 whatsapp", "spend BRL 250.00 whatsapp total"),
        ("spend +9 from=paid-2", "spend BRL 9.00 paid_2 more"),
        ("viewers 40 kwai", "viewers 40 kwai"),
        ("viewers 40 from=pad", "viewers 40 pad"),
    ] {
        assert_eq!(Desk::of(Mode::Live).play(&format!(": \"{line}\" Enter")).told(), [told], ":{line}: a new channel");
    }
}

#[test]
fn the_log_tells_money_as_money_and_what_adds_as_such() {
    for (line, lang, told) in [
        ("sale 1.299,90", Lang::PtBr, "venda digitada: R$ 1.299,90"),
        ("spend 250 paid", Lang::En, "figure ad_spend = R$ 250.00"),
        ("spend +50 paid", Lang::En, "figure ad_spend + R$ 50.00"),
        ("figure gmv_paid 1,299.90", Lang::En, "figure gmv_paid = R$ 1,299.90"),
        ("figure leads 31", Lang::En, "figure leads = 31"),
    ] {
        let desk = Desk::in_language(Mode::Live, lang).play(&format!(": \"{line}\" Enter"));
        assert!(desk.glass().contains(told), ":{line} {}", desk.glass());
    }
}

#[test]
fn the_palette_completes_and_runs_every_action() {
    assert_eq!(Desk::of(Mode::Live).play(": \"sp\" Tab \"250\" Enter").told(), ["spend BRL 250.00 - total"]);
    assert!(Desk::of(Mode::Live).play(": \"zoom\" Enter").state.zoomed);
    assert_eq!(Desk::of(Mode::Live).play(": \"interv\" Enter").top(), "intervene");
    assert_eq!(Desk::of(Mode::Live).play(": \"goto 16\" Enter").minute(), Some(16));
    assert_eq!(Desk::of(Mode::Live).play(": \"goto 20:16\" Enter").minute(), Some(16));
    assert_eq!(Desk::of(Mode::Live).play(": \"panel feeds\" Enter").state.focus, Panel::Feeds);
    assert_eq!(Desk::of(Mode::Live).play(": \"viewers 2400\" Enter : Up Enter").told(), ["viewers 2400 -", "viewers 2400 -"]);
    assert_eq!(Desk::of(Mode::Live).play(": Esc").top(), "");
}

#[test]
fn a_replay_tells_what_it_has_before_what_it_refuses() {
    let palette = Desk::of(Mode::Replay).play(":").glass();
    assert!(palette.contains("seek HH:MM:SS") && !palette.contains("spend"), "{palette}");
    assert!(Desk::of(Mode::Replay).play(": \"spend\"").glass().contains("spend"), "what is refused is still found");
    let help = Desk::of(Mode::Replay).play("?").glass();
    for told in ["] PgDn", "bookmark", ":seek HH:MM:SS", "one minute back"] {
        assert!(help.contains(told), "{told} in\n{help}");
    }
}

#[test]
fn enter_runs_only_what_was_typed_clearly_or_chosen() {
    // what only holds the word in its description is listed, and never runs by itself
    for line in ["go on", "screen", "ol", "s", "minute", "mute now"] {
        let desk = Desk::of(Mode::Live).play(&format!(": \"{line}\" Enter"));
        assert_eq!((desk.intents.len(), desk.top(), desk.state.held), (0, "palette", None), ":{line}");
        assert_ne!(desk.flash(), "", ":{line}");
    }
    let told = |line: &str| Desk::of(Mode::Live).play(&format!(": \"{line}\" Enter")).flash().to_owned();
    assert_eq!(told("sped 3"), "there is no command sped; did you mean spend?");
    assert!(told("focus").starts_with("focus may be focus-next, focus-before: "), "{}", told("focus"));
    assert!(Desk::of(Mode::Live).play(": \"hold\" Enter").state.held.is_some());
    // a beginning that only one has, of the name or of a word of it
    assert_eq!(Desk::of(Mode::Live).play(": \"sp 250 paid\" Enter").told(), ["spend BRL 250.00 paid total"]);
    assert_eq!(Desk::of(Mode::Live).play(": \"card\" Enter").top(), "minute");
    // what the operator chose in the list
    assert!(Desk::of(Mode::Live).play(": \"screen\" Down Enter").state.zoomed);
    assert!(Desk::of(Mode::Live).play(": \"screen\" Down Down Enter").state.held.is_some());
    let chosen = Desk::of(Mode::Live).play(": \"sp\" Down Enter");
    assert_eq!((chosen.intents.len(), chosen.top()), (0, "palette"));
    assert_eq!(chosen.play("\"250\" Enter").told(), ["spend BRL 250.00 - total"]);
}

#[test]
fn the_feeds_have_a_page_that_is_found() {
    for (lang, keys) in [
        (Lang::En, "f"),
        (Lang::En, ": \"feeds\" Enter"),
        (Lang::En, ": \"fee\" Enter"),
        (Lang::PtBr, ": \"fontes\" Enter"),
        (Lang::PtBr, ": \"feeds\" Enter"),
    ] {
        for mode in [Mode::Live, Mode::Replay] {
            let desk = Desk::in_language(mode, lang).play(keys);
            assert_eq!((desk.state.focus, desk.state.zoomed, desk.state.held), (Panel::Feeds, true, None), "{keys}");
            assert!(!desk.play("f").state.zoomed, "the key that opened it closes it");
            assert!(!Desk::in_language(mode, lang).play(keys).play("Esc").state.zoomed);
        }
    }
}

#[test]
fn the_names_of_panels_are_offered_and_taken() {
    assert_eq!(Desk::of(Mode::Live).play(": \"panel \" Down Enter").state.focus, Panel::Trend);
    assert_eq!(Desk::of(Mode::Live).play(": \"panel fe\" Tab Enter").state.focus, Panel::Feeds);
    assert_eq!(Desk::of(Mode::Live).play(": \"panel fe\" Enter").state.focus, Panel::Feeds);
    assert_eq!(Desk::in_language(Mode::Live, Lang::PtBr).play(": \"panel fontes\" Enter").state.focus, Panel::Feeds);
    let desk = Desk::of(Mode::Live).play(": \"panel fedes\" Enter");
    assert_eq!((desk.flash(), desk.top()), ("there is no fedes to choose; did you mean feeds?", "palette"));
    assert!(Desk::of(Mode::Live).play(": \"panel \"").glass().contains("panel products"));
}

#[test]
fn leaving_a_live_wants_the_word() {
    for (keys, quits) in [
        ("q \"yes\" Enter", true),
        ("q \"YES\" Enter", true),
        ("q \"ｙｅｓ\" Enter", true),
        ("Ctrl-c \"yes\" Enter", true),
        ("i f Ctrl-c \"yes\" Enter", true),
        ("q Enter", false),
        ("q q", false),
        ("q Esc", false),
        ("q \"no\" Enter", false),
        ("Ctrl-c Ctrl-c Ctrl-c", false),
        ("i q", false),
        (": \"end\" Enter q", true),
    ] {
        let desk = Desk::of(Mode::Live).play(keys);
        assert_eq!(desk.told().last().is_some_and(|last| last == "quit"), quits, "{keys}");
    }
    assert_eq!(Desk::in_language(Mode::Live, Lang::PtBr).play("q \"sim\" Enter").told(), ["quit"]);
    for mode in [Mode::Demo, Mode::Replay, Mode::Rehearsal] {
        assert_eq!(Desk::of(mode).play("q").told(), ["quit"], "{mode:?}");
    }
}

#[test]
fn a_replay_is_read_only_and_is_steered() {
    for keys in ["i", "c", ".", "e", "u", ": \"spend 250 paid\" Enter", ": \"end\" Enter", ": \"remark x\" Enter"] {
        let desk = Desk::of(Mode::Replay).play(keys);
        assert_eq!((desk.intents.len(), desk.flash()), (0, "replay is read-only, rehearse to act"), "{keys}");
    }
    let steered = |keys: &str| Desk::of(Mode::Replay).play(keys).intents;
    assert_eq!(steered("<"), [Intent::Replay(Steering::Slower)]);
    assert_eq!(steered(">"), [Intent::Replay(Steering::Faster)]);
    assert_eq!(steered("-"), [Intent::Replay(Steering::Step(-1))]);
    assert_eq!(steered("="), [Intent::Replay(Steering::Step(1))]);
    assert_eq!(steered("T T"), [Known::Now, Known::Then].map(|known| Intent::Replay(Steering::Known(known))));
    assert_eq!(steered("_ +"), [-60, 60].map(|seconds| Intent::Replay(Steering::Step(seconds))));
    assert_eq!(steered("Space"), [Intent::Replay(Steering::Pause)]);
    let at = |second| At::parse(START, None).unwrap().plus_s(second);
    assert_eq!(steered(": \"seek 00:31:05\" Enter"), [Intent::Replay(Steering::Seek(at(31 * 60 + 5)))]);
    assert_eq!(steered(": \"seek 16\" Enter"), [Intent::Replay(Steering::Seek(at(16 * 60)))]);
    assert_eq!(steered(": \"seek 20:30\" Enter"), [Intent::Replay(Steering::Seek(at(30 * 60)))]);
    assert_eq!(
        steered(": \"seek 19:30\" Enter"),
        [Intent::Replay(Steering::Seek(at(0)))],
        "before the live is its begin, not the next day"
    );
    for wrong in ["seek", "seek soon", "seek 00:61:00", "seek 1:2:3:4"] {
        assert!(Desk::of(Mode::Replay).play(&format!(": \"{wrong}\" Enter")).intents.is_empty(), "{wrong}");
    }
    let refused = Desk::of(Mode::Live).play(": \"seek 16\" Enter");
    assert_eq!((refused.intents.len(), refused.flash()), (0, "there is no command seek; the list above chooses with ↓, ? tells all"));
    assert_eq!(steered("Home Enter"), [Intent::Replay(Steering::Seek(At::parse(START, None).unwrap()))]);
    assert_eq!(Desk::of(Mode::Replay).play("Enter").top(), "minute");
    for key in ["<", ">", "-", "=", "_", "+", "T"] {
        assert!(Desk::of(Mode::Live).play(key).intents.is_empty(), "{key} on a live");
    }
}

#[test]
fn a_replay_goes_from_mark_to_mark_and_its_cursor_goes_ahead() {
    let at = |second| At::parse(START, None).unwrap().plus_s(second);
    let mark = |second, kind| Mark { at: at(second), kind };
    let marks = [mark(600, MarkKind::Cue), mark(1_800, MarkKind::Act(InterventionKind::FlashDeal)), mark(3_000, MarkKind::Peak)];
    let mut desk = Desk::of(Mode::Replay);
    desk.state.reel = Some(Reel { from: at(0), to: at(7_200), marks: marks.into(), ..Reel::default() });
    desk.state.bookmarks = Some(vec![at(3_100)]);
    let seeks = |desk: &mut Desk, keys: &str| {
        desk.intents.clear();
        desk.press_all(keys);
        desk.intents.clone()
    };
    let to = |second| vec![Intent::Replay(Steering::Seek(at(second)))];
    assert_eq!(seeks(&mut desk, "["), to(1_800), "the desk stands at minute 47");
    assert_eq!(desk.flash(), "flash deal");
    assert_eq!(seeks(&mut desk, "]"), to(3_000));
    assert_eq!(seeks(&mut desk, "Right Right Right Right ]"), to(3_100), "from the cursor, 51'");
    assert_eq!(seeks(&mut desk, "Right Right Enter"), to(49 * 60), "a minute ahead of the present");
    let now = desk.now;
    assert_eq!(seeks(&mut desk, "b"), vec![Intent::Bookmark(now)]);
    assert_eq!(desk.flash(), "bookmark set");
    desk.now = at(3_100);
    assert_eq!(seeks(&mut desk, "b"), vec![Intent::Bookmark(at(3_100))]);
    assert_eq!(desk.flash(), "bookmark taken away");
    assert_eq!(seeks(&mut desk, "]"), vec![]);
    assert_eq!(desk.flash(), "no mark after this");
}

#[test]
fn help_suspend_and_redraw_are_there_in_every_layer() {
    for keys in ["", "i", "c", "Enter", "P P", ":"] {
        let played = |key: &str| Desk::of(Mode::Live).play(&format!("{keys} {key}"));
        assert_eq!(played("Ctrl-z").told(), ["suspend"], "{keys}");
        assert_eq!(played("Ctrl-l").told(), ["redraw"], "{keys}");
    }
    assert_eq!(Desk::of(Mode::Live).play("?").top(), "help");
    assert_eq!(Desk::of(Mode::Live).play("? Down PgDn Up ?").top(), "");
    assert_eq!(Desk::of(Mode::Live).play("? Esc").top(), "");
    let desk = Desk::of(Mode::Live).play("Enter ?");
    assert!(matches!(desk.state.layers.iter().map(|open| &open.layer).collect::<Vec<_>>()[..], [Layer::Minute, Layer::Help { .. }]));
}

#[test]
fn a_closed_live_takes_no_more_acts_but_corrections() {
    let desk = Desk::of(Mode::Live).play(": \"end\" Enter i");
    assert_eq!((desk.top(), desk.flash()), ("", "the live is closed"));
    assert_eq!(desk.play(": \"exclude 1001\" Enter").told().last().map(String::as_str), Some("ExcludeOrder 1001 - -"));
}

/// The same numbers for the same seed (a linear congruential generator).
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).unwrap()
}

#[test]
fn no_key_and_no_size_brings_the_glass_down() {
    let keys: Vec<Key> =
        ["Enter", "Esc", "Tab", "BackTab", "Up", "Down", "Left", "Right", "Home", "End", "PgUp", "PgDn", "Backspace", "Delete", "Space"]
            .iter()
            .filter_map(|name| Key::parse(name))
            .chain((' '..='~').chain(['ç', '漢', '👩', '\u{200d}', '\u{301}']).map(|letter| Key::plain(Code::Char(letter))))
            .chain(('a'..='z').map(|letter| Key { code: Code::Char(letter), ctrl: true }))
            .collect();
    let mut seed = 7;
    for (mode, lang, charset) in [(Mode::Live, Lang::En, Charset::Unicode), (Mode::Replay, Lang::PtBr, Charset::Ascii)] {
        let mut desk = Desk::in_language(mode, lang);
        let glyphs = Glyphs::of(charset);
        let theme = Theme::for_terminal("dark", Colours::Sixteen);
        for step in 0..500 {
            desk.press(keys[next(&mut seed) % keys.len()]);
            let (width, height) = match step % 25 {
                0 => (1 + next(&mut seed) % 400, 1 + next(&mut seed) % 120),
                _ => (1 + next(&mut seed) % 130, 1 + next(&mut seed) % 42),
            };
            let size = (u16::try_from(width).unwrap(), u16::try_from(height).unwrap());
            let drawn = desk.draw(size, &theme, glyphs);
            if charset == Charset::Ascii {
                let cells = drawn.content();
                assert!(cells.iter().all(|cell| cell.symbol().is_ascii()), "{:?}", desk.state.layers);
            }
        }
    }
}
