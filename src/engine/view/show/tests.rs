//! Tests of the module beside it.

use proptest::prelude::*;

use super::*;
use crate::engine::Arrival;
use crate::engine::event::Record;
use crate::engine::notice::{Notice, NoticeKind};
use crate::engine::plan::{Plan, PlanFeed, PlanProduct, PlanSegment};
use crate::engine::wire::{Defaults, read};

const START: &str = "2026-11-21T22:00:00Z";

fn start() -> At {
    At::parse(START, None).unwrap()
}

fn plan() -> Plan {
    let product = |slot: u32, sku: &str, name: &str| PlanProduct { sku: sku.into(), name: name.into(), slot, ..PlanProduct::default() };
    let segment = |name: &str, length_s| PlanSegment { name: name.into(), length_s, ..PlanSegment::default() };
    Plan {
        starts_at: Some(start()),
        products: vec![product(1, "FONE", "Fone Pro X2"), product(2, "KIT", "Kit Casa 5pç"), product(3, "CANECA", "Caneca térmica")],
        segments: vec![segment("hook", 300), segment("offer", 600), segment("offer", 900), segment("close", 0)],
        ..Plan::default()
    }
}

/// A desk that is told canonical lines `s` seconds after the start.
struct Desk {
    engine: Engine,
    seq: u64,
    notices: Vec<Notice>,
}

impl Desk {
    fn new(plan: Plan) -> Self {
        Self { engine: Engine::new(plan, Arrival::Live), seq: 0, notices: Vec::new() }
    }
    fn opened() -> Self {
        Self::new(plan())
    }
    /// Told at once.
    fn tell(&mut self, s: i64, body: &str) -> &mut Self {
        self.tell_late(s, s, body)
    }
    /// Happened at `ts_s`, arrives at `at_s`.
    fn tell_late(&mut self, ts_s: i64, at_s: i64, body: &str) -> &mut Self {
        self.seq += 1;
        self.notices.extend(self.engine.step(&record(self.seq, ts_s, at_s, body)));
        self
    }
    fn wait_until(&mut self, s: i64) -> &mut Self {
        self.notices.extend(self.engine.advance_to(start().plus_s(s)));
        self
    }
    fn questions(&self) -> Vec<(String, u32, i64)> {
        let open = self.engine.questions().into_iter();
        open.map(|q| (q.text.to_owned(), q.count, q.since.since_ms(start()) / 1_000)).collect()
    }
    fn product(&self, sku: &str) -> Option<Sym> {
        self.engine.live().books.find_product(sku)
    }
    fn told(&self) -> Vec<&NoticeKind> {
        self.notices.iter().map(|notice| &notice.kind).collect()
    }
}

/// `chat_message author=a text=hi` without the braces; an id is made where none is given.
fn record(seq: u64, ts_s: i64, at_s: i64, body: &str) -> Record {
    let id = if body.contains("\"id\"") { String::new() } else { format!(",\"id\":\"e{seq}\"") };
    let source = if body.contains("\"source\"") { "" } else { ",\"source\":\"tv\"" };
    let line = format!("{{{body},\"ts\":\"{}\"{id}{source}}}", start().plus_s(ts_s));
    let event = read(&line, &Defaults::default()).unwrap_or_else(|reject| panic!("{line}: {reject:?}")).event;
    Record { seq, at: start().plus_s(at_s), event }
}

fn chat(author: &str, text: &str) -> String {
    format!(r#""type":"chat_message","author":"{author}","text":"{text}""#)
}
fn staff(text: &str) -> String {
    format!(r#"{},"author_kind":"host""#, chat("clara", text))
}
fn act(id: &str, kind: &str, more: &str) -> String {
    format!(r#""type":"intervention","source":"desk","id":"{id}","kind":"{kind}"{more}"#)
}
fn end(id: &str) -> String {
    format!(r#""type":"intervention_ended","source":"desk","intervention":"{id}""#)
}
fn withdraw(id: &str) -> String {
    format!(r#""type":"intervention_withdrawn","source":"desk","intervention":"{id}""#)
}
fn pin(sku: &str) -> String {
    format!(r#""type":"product_pinned","sku":"{sku}""#)
}
fn unpin(sku: &str) -> String {
    format!(r#""type":"product_unpinned","sku":"{sku}""#)
}
fn cue(segment: &str, more: &str) -> String {
    format!(r#""type":"cue","source":"desk","segment":"{segment}"{more}"#)
}
fn feed(status: &str, complete_s: Option<i64>, guarantee: &str) -> String {
    let complete = complete_s.map(|s| format!(",\"complete_to\":\"{}\"", start().plus_s(s))).unwrap_or_default();
    format!(
        r#""type":"feed_state","source":"desk","feed":"chat","status":"{status}","guarantee":"{guarantee}","gives":["chat_message"],"stale_after_s":30,"caught_up":true{complete}"#
    )
}

mod questions {
    use super::*;

    #[test]
    fn identical_questions_are_merged_and_the_oldest_stands_first() {
        let mut desk = Desk::opened();
        desk.tell(10, &chat("ana", "tem na cor preta?"))
            .tell(20, &chat("bia", "Frete pra Manaus??"))
            .tell(30, &chat("caio", "Tem na cor PRETA"));
        assert_eq!(desk.questions(), [("tem na cor preta?".into(), 2, 10), ("Frete pra Manaus??".into(), 1, 20)]);
        let topics: Vec<_> = desk.engine.questions().iter().map(|q| q.topic).collect();
        assert_eq!(topics, [Some(Gesture::Stock), Some(Gesture::Shipping)]);
    }

    #[test]
    fn what_asks_nothing_is_no_question() {
        let mut desk = Desk::opened();
        for text in ["amei", "quero!", "oi, tudo bem?", "???", "kkkk"] {
            desk.tell(10, &chat("ana", text));
        }
        desk.tell(11, &staff("qual o preço?"));
        assert_eq!(desk.questions(), []);
    }

    #[test]
    fn a_question_is_open_for_ten_minutes() {
        let mut desk = Desk::opened();
        desk.tell(10, &chat("ana", "serve para pele oleosa?")).wait_until(610);
        assert_eq!(desk.questions().len(), 1);
        desk.wait_until(611);
        assert_eq!(desk.questions(), []);
    }

    #[test]
    fn a_reply_closes_the_message_that_it_answers() {
        let mut desk = Desk::opened();
        desk.tell(10, &format!(r#"{},"id":"q1""#, chat("ana", "serve para pele oleosa?")))
            .tell(12, &chat("bia", "serve para pele oleosa?"));
        desk.tell(20, &format!(r#"{},"reply_to":"q1""#, staff("serve sim")));
        assert_eq!(desk.questions(), [("serve para pele oleosa?".into(), 1, 12)]);
    }

    #[test]
    fn a_viewer_answers_nothing() {
        let mut desk = Desk::opened();
        desk.tell(10, &format!(r#"{},"id":"q1""#, chat("ana", "qual o frete?")));
        desk.tell(20, &format!(r#"{},"reply_to":"q1""#, chat("bia", "frete gratis")));
        assert!(desk.questions().iter().any(|(text, ..)| text == "qual o frete?"));
    }

    #[test]
    fn the_house_answers_by_naming_the_topic() {
        let mut desk = Desk::opened();
        desk.tell(10, &chat("ana", "qual o frete?"))
            .tell(11, &chat("bia", "qual o preço?"))
            .tell(20, &staff("gente, frete grátis pra todo Brasil"));
        desk.tell(30, &chat("caio", "e o frete?"));
        assert_eq!(desk.questions(), [("qual o preço?".into(), 1, 11), ("e o frete?".into(), 1, 30)]);
    }

    #[test]
    fn of_a_flood_it_is_said_that_there_are_more() {
        let mut desk = Desk::opened();
        let held = i64::try_from(crate::engine::live::questions::HELD).unwrap();
        let ask = |n: i64| format!(r#""type":"chat_message","id":"f{n}","author":"a{n}","text":"quanto custa o {n}?""#);
        for n in 0..held {
            desk.tell(10, &ask(n));
        }
        assert!(!desk.engine.has_more_questions());
        desk.tell(11, &ask(held));
        assert!(desk.engine.has_more_questions());
        desk.wait_until(60 * 10 + 12);
        assert!(!desk.engine.has_more_questions(), "their time is over");
    }

    #[test]
    fn a_question_on_two_topics_waits_for_both() {
        let mut desk = Desk::opened();
        desk.tell(10, &chat("ana", "qual o preço e o frete?")).tell(20, &staff("o preço é 99"));
        assert_eq!(desk.questions().len(), 1);
        desk.tell(21, &staff("frete 10"));
        assert_eq!(desk.questions(), []);
    }

    #[test]
    fn the_house_answers_by_naming_the_product() {
        let mut desk = Desk::opened();
        desk.tell(5, &pin("KIT")).tell(10, &chat("ana", "a caneca vai no microondas?")).tell(11, &chat("bia", "vem com manual?"));
        let named: Vec<_> = desk.engine.questions().iter().map(|q| q.product).collect();
        assert_eq!(named, [desk.product("CANECA"), desk.product("KIT")], "named, else on air");
        desk.tell(20, &staff("canecas podem sim"));
        assert_eq!(desk.questions(), [("vem com manual?".into(), 1, 11)]);
        desk.tell(21, &staff("o kit casa vem com manual"));
        assert_eq!(desk.questions(), []);
    }

    #[test]
    fn a_block_of_answers_closes_its_class_and_taken_back_opens_it_again() {
        let mut desk = Desk::opened();
        desk.tell(10, &chat("ana", "qual o frete?")).tell(11, &chat("bia", "qual o preço?"));
        desk.tell(20, &act("a1", "answer_question", r#","parameters":{"class":"shipping"}"#));
        assert_eq!(desk.questions(), [("qual o preço?".into(), 1, 11)]);
        desk.tell(30, &act("a2", "answer_question", ""));
        assert_eq!(desk.questions(), []);
        desk.tell(31, &withdraw("a2")).tell(32, &withdraw("a1"));
        assert_eq!(desk.questions().len(), 2);
    }

    #[test]
    fn an_answer_that_arrives_before_its_question_answers_it_all_the_same() {
        let mut desk = Desk::opened();
        desk.tell(20, &staff("frete grátis")).tell_late(10, 25, &chat("ana", "qual o frete?"));
        assert_eq!(desk.questions(), []);
    }

    #[test]
    fn a_question_that_waits_two_minutes_is_told_once() {
        let mut desk = Desk::opened();
        desk.tell(10, &chat("ana", "qual o frete?")).tell(40, &chat("bia", "qual o frete?")).tell(200, &chat("caio", "oi")).wait_until(300);
        let waiting: Vec<_> = desk.told().into_iter().filter(|kind| matches!(kind, NoticeKind::QuestionWaiting { .. })).collect();
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        assert!(matches!(waiting[0], NoticeKind::QuestionWaiting { count: 2, topic: Some(Gesture::Shipping), waits_s: 120, .. }));
    }
}

mod chat {
    use super::*;

    #[test]
    fn the_stream_keeps_the_newest_lines_in_the_order_they_were_written() {
        let mut desk = Desk::opened();
        for n in 0..700 {
            desk.tell(n, &chat("ana", &format!("oi {n}")));
        }
        desk.tell_late(650, 700, &chat("bia", "atrasada")).tell_late(1, 700, &chat("bia", "velha demais"));
        let lines = desk.engine.chat(1_000);
        assert_eq!(lines.len(), 500);
        assert!(lines.is_sorted_by_key(|line| line.at));
        assert_eq!((lines[0].text, lines[499].text), ("oi 201", "oi 699"));
        assert!(lines.iter().any(|line| line.text == "atrasada" && line.author == "bia" && !line.by_staff));
        assert_eq!(desk.engine.chat(2).iter().map(|line| line.text).collect::<Vec<_>>(), ["oi 698", "oi 699"]);
    }

    #[test]
    fn gestures_stand_in_the_minute_they_were_made() {
        let mut desk = Desk::opened();
        desk.tell(10, &chat("ana", "quanto custa? aceita pix?")).tell(70, &chat("bia", "QUANTO")).tell(71, &staff("o preço é 99"));
        desk.tell(72, r#""type":"select_item","sku":"FONE""#).tell(73, r#""type":"reaction","kind":"like","count":12"#);
        desk.tell(74, r#""type":"reaction","kind":"share","author":"ana""#).tell(75, r#""type":"reaction","kind":"wow""#);
        let minute = start().minute();
        let engine = &desk.engine;
        let counts = |gesture| (engine.gestures_in_minute(gesture, minute), engine.gestures_in_minute(gesture, minute + 1));
        assert_eq!(counts(Gesture::Price), (Some(1), Some(1)));
        assert_eq!(counts(Gesture::Payment), (Some(1), Some(0)));
        assert_eq!(counts(Gesture::Click), (Some(0), Some(1)));
        assert_eq!(counts(Gesture::Like), (Some(0), Some(12)));
        assert_eq!(counts(Gesture::Share), (Some(0), Some(1)));
        assert_eq!(counts(Gesture::AddToCart), (None, None), "no feed tells of adds");
        assert_eq!(engine.gestures_in_minute(Gesture::Price, minute - 1), None, "before the live");
        assert_eq!(engine.gestures_in_minute(Gesture::Price, minute + 2), None, "not yet");
    }

    #[test]
    fn people_are_counted_once_within_a_window() {
        use crate::engine::series::{Window, slot_of};
        let mut desk = Desk::opened();
        for (s, who) in [(1, "ana"), (2, "bia"), (3, "ana"), (61, "ana"), (62, "caio")] {
            desk.tell(s, &chat(who, "oi"));
        }
        desk.tell(63, r#""type":"reaction","kind":"like","author":"duda""#).tell(64, r#""type":"reaction","kind":"follow","author":"eva""#);
        let chat = &desk.engine.live().chat;
        let first = Window::between(slot_of(start()), slot_of(start()) + 6);
        let both = Window::between(slot_of(start()), slot_of(start()) + 12);
        let whole = Window { from: 0, to: 0, whole: true };
        assert_eq!((chat.chatters(first), chat.chatters(both), chat.chatters(whole)), (2, 3, 3));
        assert_eq!((chat.interacting(first), chat.interacting(both), chat.interacting(whole)), (2, 4, 4));
    }

    #[test]
    fn excluded_authors_count_nowhere() {
        let mut plan = plan();
        plan.exclude.authors = vec!["bot".into()];
        let mut desk = Desk::new(plan);
        desk.tell(1, &chat("bot", "qual o preço?")).tell(2, r#""type":"reaction","kind":"like","author":"bot""#);
        assert_eq!((desk.questions().len(), desk.engine.chat(9).len(), desk.engine.live().chat.excluded()), (0, 0, 2));
    }
}

mod air {
    use super::*;

    #[test]
    fn a_pin_puts_on_air_and_an_unpin_of_another_product_changes_nothing() {
        let mut desk = Desk::opened();
        desk.tell(10, &pin("FONE")).tell(70, &pin("FONE")).tell(80, &unpin("KIT"));
        assert_eq!(desk.engine.on_air(), desk.product("FONE"));
        desk.tell(130, &pin("KIT")).tell(190, &unpin("KIT"));
        assert_eq!(desk.engine.on_air(), None);
        let explains: Vec<_> =
            desk.engine.explains().iter().map(|e| (e.product, e.from.since_ms(start()), e.to.map(|to| to.since_ms(start())))).collect();
        let (fone, kit) = (desk.product("FONE").unwrap(), desk.product("KIT").unwrap());
        assert_eq!(explains, [(fone, 10_000, Some(130_000)), (kit, 130_000, Some(190_000))]);
    }

    #[test]
    fn a_minute_belongs_to_the_product_that_was_on_air_longest() {
        let mut desk = Desk::opened();
        desk.tell(10, &pin("FONE")).tell(70, &pin("KIT")).tell(100, &pin("FONE")).tell(200, &unpin("FONE"));
        let at = |minute: i64| desk.engine.on_air_in_minute(start().minute() + minute);
        assert_eq!(
            [at(-1), at(0), at(1), at(2), at(3), at(4)],
            [None, desk.product("FONE"), desk.product("KIT"), desk.product("FONE"), desk.product("FONE"), None]
        );
    }

    #[test]
    fn the_operator_and_a_cue_put_on_air_too() {
        let mut desk = Desk::opened();
        desk.tell(10, &act("p1", "pin_product", r#","sku":"FONE""#)).tell(60, &cue("offer", r#","sku":"KIT","kind":"offer""#));
        assert_eq!(desk.engine.on_air(), desk.product("KIT"));
        desk.tell(90, &act("p2", "pin_product", r#","sku":"CANECA""#)).tell(95, &withdraw("p2"));
        assert_eq!(desk.engine.on_air(), desk.product("KIT"), "taken back");
        assert_eq!(desk.engine.explains().len(), 2);
    }

    #[test]
    fn a_late_pin_takes_its_place() {
        let mut desk = Desk::opened();
        desk.tell(10, &pin("FONE")).tell(100, &pin("CANECA")).tell_late(50, 110, &pin("KIT"));
        let order: Vec<_> = desk.engine.explains().iter().map(|e| e.product).collect();
        assert_eq!(order, ["FONE", "KIT", "CANECA"].map(|sku| desk.product(sku).unwrap()));
    }

    #[test]
    fn segments_follow_the_plan_and_a_repeated_cue_goes_on() {
        let mut desk = Desk::opened();
        assert_eq!(desk.engine.next_segment(), Some(0));
        desk.tell(5, &cue("hook", "")).tell(300, &cue("offer", r#","host":"Ana""#)).tell(310, &cue("offer", ""));
        let segments: Vec<_> = desk.engine.segments().iter().map(|s| (s.name.to_owned(), s.planned_s, s.to.is_some())).collect();
        assert_eq!(segments, [("hook".into(), Some(300), true), ("offer".into(), Some(600), false)]);
        assert_eq!(desk.engine.next_segment(), Some(2));
        desk.tell(900, &cue("offer", r#","host":"Bia""#));
        assert_eq!(desk.engine.segments().last().map(|s| (s.index, s.host, s.planned_s)), Some((2, Some("Bia"), Some(900))));
        desk.tell(1_800, &cue("extra", "")).tell(1_900, &cue("close", ""));
        assert_eq!(desk.engine.next_segment(), None);
        assert_eq!(desk.engine.segments()[4].planned_s, None, "nobody planned its length");
    }

    #[test]
    fn a_cue_that_was_made_void_never_happened() {
        let mut desk = Desk::opened();
        desk.tell(5, &cue("hook", "")).tell(10, &format!(r#"{},"id":"slip""#, cue("offer", r#","sku":"KIT""#)));
        desk.tell(12, r#""type":"correction","source":"desk","kind":"void","target":"slip""#);
        assert_eq!(desk.engine.segments().iter().map(|s| (s.name, s.to)).collect::<Vec<_>>(), [("hook", None)]);
        assert_eq!((desk.engine.on_air(), desk.engine.next_segment()), (None, Some(1)));
        let log = desk.engine.log();
        assert_eq!(log.iter().map(|entry| entry.withdrawn).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn the_close_ends_what_is_on() {
        let mut desk = Desk::opened();
        desk.tell(5, &cue("hook", "")).tell(6, &pin("FONE")).tell(60, r#""type":"closed","source":"desk""#);
        assert_eq!(desk.engine.closed(), Some(start().plus_s(60)));
        assert_eq!((desk.engine.on_air(), desk.engine.segments()[0].to), (None, Some(start().plus_s(60))));
        assert!(desk.told().contains(&&NoticeKind::Closed));
    }
}

mod acts {
    use super::*;

    #[test]
    fn an_act_ends_by_its_own_clock_and_says_so_before() {
        let mut desk = Desk::opened();
        desk.tell(10, &act("f1", "flash_deal", r#","sku":"FONE","duration_s":600,"parameters":{"percent":"10"}"#)).wait_until(60);
        let running = desk.engine.interventions().remove(0);
        assert_eq!((running.ends_at, running.ended), (Some(start().plus_s(610)), None));
        for s in [100, 200, 300, 400, 500, 600, 620] {
            desk.tell(s, &chat("ana", "oi"));
        }
        assert_eq!(desk.engine.interventions()[0].ended, Some(start().plus_s(610)));
        let told: Vec<_> = desk.notices.iter().filter(|n| !matches!(n.kind, NoticeKind::QuestionWaiting { .. })).collect();
        assert!(matches!(told[0].kind, NoticeKind::InterventionStarted { .. }));
        assert!(matches!(told[1].kind, NoticeKind::InterventionEnding { left_s: 60, .. }));
        assert!(matches!(told[2].kind, NoticeKind::InterventionEnded { by_clock: true, .. }));
        assert_eq!((told.len(), told[1].at, told[2].at), (3, start().plus_s(550), start().plus_s(610)));
        let log: Vec<_> = desk.engine.log().iter().map(|entry| (entry.at, matches!(entry.what, Logged::Ended { .. }))).collect();
        assert_eq!(log, [(start().plus_s(10), false), (start().plus_s(610), true)]);
    }

    #[test]
    fn a_key_ends_it_earlier_and_only_once() {
        let mut desk = Desk::opened();
        desk.tell(10, &act("g1", "giveaway", "")).tell(250, &end("g1")).tell(300, &end("g1")).wait_until(400);
        let act = &desk.engine.interventions()[0];
        assert_eq!((act.ends_at, act.ended), (None, Some(start().plus_s(250))));
        assert_eq!(desk.told().iter().filter(|kind| matches!(kind, NoticeKind::InterventionEnded { by_clock: false, .. })).count(), 1);
    }

    #[test]
    fn what_is_done_in_a_moment_never_runs() {
        let mut desk = Desk::opened();
        desk.tell(10, &act("p1", "pin_product", r#","sku":"FONE""#)).tell(20, &act("l1", "broadcast_push", ""));
        assert!(desk.engine.interventions().iter().all(|act| act.ended == Some(act.started)));
        assert_eq!(desk.engine.log().len(), 2, "no end in the log");
    }

    #[test]
    fn a_withdrawn_act_is_hollow_and_overlaps_nothing() {
        let mut desk = Desk::opened();
        desk.tell(10, &act("f1", "flash_deal", r#","sku":"FONE""#))
            .tell(20, &act("f2", "flash_deal", r#","sku":"CANECA""#))
            .tell(30, &act("g1", "giveaway", ""));
        let overlaps = |desk: &Desk| desk.engine.interventions().iter().map(|act| act.overlaps).collect::<Vec<_>>();
        assert_eq!(overlaps(&desk), [true, true, true], "the whole live meets every product");
        desk.tell(40, &withdraw("g1"));
        assert_eq!(overlaps(&desk), [false, false, false]);
        let act = &desk.engine.interventions()[2];
        assert!(act.withdrawn);
        let log = desk.engine.log();
        assert!(matches!(&log[2], LogEntry { withdrawn: true, what: Logged::Started { id: "g1", .. }, .. }));
        assert!(matches!(&log[3], LogEntry { withdrawn: false, what: Logged::Withdrawn { id: "g1", .. }, .. }));
    }

    #[test]
    fn acts_one_after_the_other_do_not_overlap() {
        let mut desk = Desk::opened();
        desk.tell(10, &act("f1", "flash_deal", r#","sku":"FONE","duration_s":60"#)).tell(70, &act("f2", "price_drop", r#","sku":"FONE""#));
        assert_eq!(desk.engine.interventions().iter().map(|act| act.overlaps).collect::<Vec<_>>(), [false, false]);
    }

    #[test]
    fn the_log_tells_notes_figures_and_corrections() {
        let mut desk = Desk::opened();
        desk.tell(10, r#""type":"note","source":"desk","text":"bom gancho","operator":"ana""#);
        desk.tell(20, r#""type":"audience","source":"desk","viewers":2400"#).tell(21, r#""type":"audience","source":"tv","viewers":2000"#);
        desk.tell(30, r#""type":"correction","source":"desk","kind":"exclude_order","target":"1001""#);
        let log = desk.engine.log();
        let what: Vec<_> = log.iter().map(|entry| entry.what.clone()).collect();
        assert_eq!(
            what,
            [
                Logged::Note { text: "bom gancho", operator: Some("ana") },
                Logged::Figure { metric: "ccu", value: &Told::Number("2400".into()) },
                Logged::Corrected { kind: CorrectionKind::ExcludeOrder, target: "1001" },
            ]
        );
    }
}

mod feeds {
    use super::*;

    #[test]
    fn a_feed_that_falls_silent_is_stale_and_comes_back() {
        let mut desk = Desk::opened();
        desk.tell(0, &feed("ok", Some(0), "resumable")).wait_until(30);
        assert!(!desk.engine.is_stale(&["chat_message"]));
        desk.wait_until(31);
        assert!(desk.engine.is_stale(&["chat_message"]) && !desk.engine.is_stale(&["purchase"]));
        desk.tell(100, &feed("ok", Some(99), "resumable")).wait_until(102);
        assert_eq!(desk.told(), [&NoticeKind::FeedStale { feed: "chat".into() }, &NoticeKind::FeedRecovered { feed: "chat".into() }]);
        let log: Vec<_> = desk.engine.log().iter().map(|entry| entry.what.clone()).collect();
        assert_eq!(log, [Logged::FeedLost { feed: "chat" }, Logged::FeedBack { feed: "chat" }]);
    }

    #[test]
    fn minutes_that_a_feed_fills_when_it_comes_back_are_marked() {
        let mut desk = Desk::opened();
        for s in [0, 25, 50, 65] {
            desk.tell(s, &feed("ok", Some(s), "resumable"));
        }
        desk.wait_until(100);
        desk.tell(290, &feed("ok", Some(290), "resumable"));
        let late: Vec<_> = (0..6).map(|minute| desk.engine.filled_late(start().minute() + minute)).collect();
        assert_eq!(late, [false, true, true, true, false, false]);
    }

    #[test]
    fn a_best_effort_feed_leaves_a_gap() {
        let mut desk = Desk::opened();
        desk.tell(0, &feed("ok", Some(0), "best_effort"))
            .tell(50, &feed("ok", Some(50), "best_effort"))
            .tell(55, &feed("retrying", Some(50), "best_effort"));
        desk.tell(200, &feed("ok", Some(200), "best_effort")).tell(250, &feed("ok", Some(250), "best_effort"));
        let gap = NoticeKind::FeedGap { feed: "chat".into(), from: start().plus_s(50), to: start().plus_s(200) };
        assert!(desk.told().contains(&&gap));
        let price: Vec<_> = (0..4).map(|minute| desk.engine.gestures_in_minute(Gesture::Price, start().minute() + minute)).collect();
        assert_eq!(price, [Some(0), None, None, Some(0)]);
    }

    #[test]
    fn a_feed_that_takes_back_what_it_told_leaves_a_gap_from_there() {
        let mut desk = Desk::opened();
        desk.tell(0, &feed("ok", Some(0), "resumable")).tell(50, &feed("ok", Some(50), "resumable"));
        desk.tell(55, &feed("retrying", Some(50), "resumable")).tell(80, &feed("ok", Some(80), "resumable"));
        let gap = NoticeKind::FeedGap { feed: "chat".into(), from: start().plus_s(50), to: start().plus_s(90) };
        assert!(!desk.told().contains(&&gap));
        desk.tell(90, &feed("retrying", Some(50), "best_effort")).tell(90, &feed("ok", Some(90), "best_effort"));
        assert_eq!(desk.told().iter().filter(|told| **told == &gap).count(), 1);
    }

    #[test]
    fn a_desk_that_was_away_leaves_a_gap_in_a_best_effort_feed_and_in_no_other() {
        for (guarantee, gaps) in [("best_effort", 1), ("resumable", 0), ("durable", 0)] {
            let mut desk = Desk::opened();
            desk.tell(0, &feed("ok", Some(0), guarantee)).tell(50, &feed("ok", Some(50), guarantee));
            desk.tell(90, &feed("starting", Some(50), guarantee)).tell(91, &feed("ok", Some(91), guarantee));
            let gap = NoticeKind::FeedGap { feed: "chat".into(), from: start().plus_s(50), to: start().plus_s(91) };
            assert_eq!(desk.told().iter().filter(|told| **told == &gap).count(), gaps, "{guarantee}");
        }
    }

    #[test]
    fn a_window_ends_at_the_oldest_completeness_of_the_feeds_it_needs() {
        let mut plan = plan();
        plan.feeds = vec![PlanFeed { name: "shop".into(), source: "shop".into(), gives: vec!["purchase".into()], stale_after_s: 60 }];
        let mut desk = Desk::new(plan);
        desk.tell(10, &feed("ok", Some(9), "resumable"));
        assert_eq!(desk.engine.complete_to(&["chat_message"]), Some(start().plus_s(9)));
        assert_eq!(desk.engine.complete_to(&["purchase"]), None, "planned, not heard of yet");
        assert_eq!(desk.engine.complete_to(&["view_item"]), None, "nobody gives it");
        desk.tell(12, &feed("ok", Some(12), "resumable").replace("\"chat\"", "\"shop\"").replace("\"chat_message\"", "\"purchase\""));
        assert_eq!(desk.engine.complete_to(&["chat_message", "purchase"]), Some(start().plus_s(9)));
        assert_eq!(desk.engine.complete_to(&["purchase"]), Some(start().plus_s(12)));
        desk.tell(13, r#""type":"view_item","sku":"FONE""#);
        assert_eq!(desk.engine.complete_to(&["view_item"]), Some(start().plus_s(13)), "comes by no feed that tells of itself");
    }

    #[test]
    fn a_feed_that_ended_as_it_should_holds_nothing_up() {
        let mut desk = Desk::opened();
        desk.tell(10, &feed("ended", Some(9), "resumable")).wait_until(100);
        assert_eq!(desk.engine.complete_to(&["chat_message"]), Some(start().plus_s(100)));
        assert!(!desk.engine.is_stale(&["chat_message"]));
    }

    #[test]
    fn files_are_complete_to_now_and_never_stale() {
        let mut engine = Engine::new(plan(), Arrival::Files);
        engine.step(&record(1, 10, 10, &feed("ok", Some(0), "resumable")));
        engine.step(&record(2, 500, 500, &chat("ana", "oi")));
        assert_eq!(engine.complete_to(&["chat_message"]), Some(start().plus_s(500)));
        assert!(!engine.is_stale(&["chat_message"]));
    }
}

/// A small show, as (second, body); every body has its own id.
fn a_show() -> Vec<(i64, String)> {
    let mut facts = vec![
        (5, pin("FONE")),
        (40, pin("KIT")),
        (95, unpin("KIT")),
        (96, cue("offer", r#","sku":"CANECA""#)),
        (3, cue("hook", "")),
        (20, act("f1", "flash_deal", r#","sku":"FONE","duration_s":30"#)),
        (45, end("f1")),
        (60, act("p1", "pin_product", r#","sku":"FONE""#)),
        (62, withdraw("p1")),
        (30, staff("frete grátis")),
        (70, format!(r#"{},"reply_to":"q3""#, staff("sim"))),
        (80, act("a1", "answer_question", r#","sku":"KIT""#)),
        (12, r#""type":"reaction","kind":"like","author":"ana","count":3"#.to_owned()),
        (13, r#""type":"select_item","sku":"FONE""#.to_owned()),
        (50, r#""type":"note","text":"x""#.to_owned()),
    ];
    let texts = ["qual o frete?", "quanto custa?", "serve pra bebê?", "a caneca é boa?", "amei 😍", "quero", "QUAL O FRETE"];
    for n in 0..40i64 {
        let text = texts[usize::try_from(n).unwrap() % texts.len()];
        facts.push((n * 3, format!(r#"{},"id":"q{n}""#, chat(&format!("v{}", n % 9), text))));
    }
    for (n, (_, body)) in facts.iter_mut().enumerate() {
        if !body.contains("\"id\"") {
            body.push_str(&format!(",\"id\":\"n{n}\""));
        }
    }
    facts
}

/// Everything that the show says at the end, but for what tells of arrival (`seq`).
fn portrait(engine: &Engine) -> String {
    use crate::engine::series::Window;
    let whole = Window { from: 0, to: 0, whole: true };
    let minutes: Vec<_> = (0..3).map(|n| start().minute() + n).collect();
    let gestures: Vec<_> =
        Gesture::ALL.iter().map(|g| minutes.iter().map(|m| engine.gestures_in_minute(*g, *m)).collect::<Vec<_>>()).collect();
    let name = |sym: Option<Sym>| sym.map(|sym| engine.live().books.skus.text(sym).to_owned());
    let chat: Vec<_> = engine.chat(500).into_iter().map(|line| (line.at, line.author.to_owned(), line.text.to_owned())).collect();
    let sorted = |mut lines: Vec<(At, String, String)>| {
        lines.sort();
        lines
    };
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        gestures,
        sorted(chat),
        engine.questions(),
        engine.segments(),
        engine.explains().iter().map(|e| (name(Some(e.product)), e.from, e.to)).collect::<Vec<_>>(),
        engine.interventions(),
        minutes.iter().map(|m| name(engine.on_air_in_minute(*m))).collect::<Vec<_>>(),
        (engine.live().chat.chatters(whole), engine.live().chat.interacting(whole)),
    )
}

fn told_in_order(facts: &[(i64, String)]) -> Engine {
    let mut engine = Engine::new(plan(), Arrival::Live);
    let mut now = 0;
    for (seq, (s, body)) in (1..).zip(facts) {
        now = now.max(*s);
        engine.step(&record(seq, *s, now, body));
    }
    engine.advance_to(start().plus_s(125));
    engine
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In a live the order of arrival is a fact only for the log and for what was told meanwhile.
    #[test]
    fn the_order_of_arrival_does_not_show_in_the_end(facts in Just(a_show()).prop_shuffle()) {
        let mut by_time = a_show();
        by_time.sort();
        prop_assert_eq!(portrait(&told_in_order(&facts)), portrait(&told_in_order(&by_time)));
    }

    #[test]
    fn any_split_of_the_walk_gives_the_same_notices(cuts in prop::collection::vec(0i64..400, 0..30)) {
        let facts = { let mut facts = a_show(); facts.sort(); facts };
        let walk = |cuts: &[i64]| {
            let mut desk = Desk::opened();
            for (s, body) in &facts {
                for cut in cuts.iter().filter(|cut| *cut < s) {
                    desk.wait_until(*cut);
                }
                desk.tell(*s, body);
            }
            for cut in cuts {
                desk.wait_until(*cut);
            }
            desk.wait_until(400);
            desk.notices
        };
        let sorted = { let mut cuts = cuts; cuts.sort_unstable(); cuts };
        prop_assert_eq!(walk(&sorted), walk(&[]));
    }
}
