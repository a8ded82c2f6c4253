//! The walk through one night, as `screen.md` tells it, with real keys in pseudo-terminals: the desk of `warroom live` beside a
//! shop that is polled and a room whose file grows, at the wall's own speed. What lies behind is read back by the desk.
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

#[path = "support/peer.rs"]
mod peer;
#[path = "support/seat.rs"]
mod seat;
#[path = "support/stage.rs"]
mod stage;

use seat::Seat;
use serde_json::{Value, json};
use stage::Stage;
use warroom::clock::wall_now;
use warroom::engine::time::At;
use warroom::ui::widgets::big::letters;

const DESK: (u16, u16) = (120, 40);
/// The host's terminal is another one.
const HOST: (u16, u16) = (100, 30);

/// A start on a whole minute, so many minutes ago.
fn minutes_ago(minutes: i64) -> At {
    At::from_minute(wall_now().minute() - minutes)
}

/// Acts of the journal's summary.
fn acts(told: &Value) -> Vec<(&str, bool)> {
    let rows = told["interventions"].as_array().expect("acts");
    rows.iter().map(|act| (act["kind"].as_str().unwrap_or_default(), act["withdrawn"] == true)).collect()
}

/// Step 2: the live begins by cue, the platform puts a product on air without a key, the next cue begins the offer.
#[tokio::test(flavor = "multi_thread")]
async fn the_live_begins_by_cue_and_a_pin_of_the_platform_needs_no_key() {
    let mut stage = Stage::set(wall_now().plus_s(4), "").await;
    let mut desk = stage.desk(DESK);
    desk.shows(&["WAITING", "Terça Tech", "nothing on air"]);
    desk.shows(&["● LIVE", "NEXT hook"]);
    desk.press("c");
    desk.shows(&["next segment", "hook · Clara · 05:00"]);
    desk.press("\r");
    desk.shows(&["on now: hook", "NEXT 1 offer"]);

    stage.room(wall_now(), &json!({"type": "product_pinned", "sku": "CARR"}));
    stage.tell();
    desk.shows_line(&["6 Carregador · talk", "/ 05:00"]);
    desk.shows_line(&["p 6 Carregador"]);
    let lane = desk.shows_line(&["on air", "6"]);
    assert!(lane.contains("·6") || lane.contains(" 6"), "lane of slot 6: {lane}");
    desk.shows_line(&["marks", "p"]);

    desk.press("c\r");
    desk.shows_line(&["1 Fone Pro X2 · offer", "/ 20:00"]);
    desk.press(":end\r");
    assert_eq!(desk.end(), 0);
    let told = stage.summary();
    let segments: Vec<&str> = told["segments"].as_array().expect("segments").iter().filter_map(|s| s["segment"].as_str()).collect();
    assert_eq!(segments, ["hook", "offer"]);
    assert_eq!(told["explains"].as_array().map(Vec::len), Some(2), "the pin and the offer's product: {}", told["explains"]);
}

/// Step 3: four minutes back and the card of that minute; a note on it is a mark.
#[tokio::test(flavor = "multi_thread")]
async fn a_minute_of_the_past_has_its_card_and_takes_a_note() {
    let mut stage = Stage::set(minutes_ago(20), "").await;
    let pinned = stage.at(16 * 60);
    stage.room(pinned, &json!({"type": "product_pinned", "sku": "SOM"}));
    stage.history(0..16, ("FONE", "199.00"), (30, 8, 3));
    stage.history(16..17, ("SOM", "259.00"), (42, 9, 7));
    stage.history(17..20, ("FONE", "199.00"), (30, 8, 3));
    let mut desk = stage.desk(DESK);
    let orders = stage.orders();
    desk.shows_line(&["all, placed", &format!("{orders} u")]);
    desk.press("\x1b[D");
    desk.press("\x1b[D");
    desk.press("\x1b[D");
    desk.press("\x1b[D");
    desk.press("\r");
    let began = stage.start.minute();
    let back = wall_now().minute() - began - 4;
    desk.shows(&[&format!("MINUTE {back}'")]);
    // the wall may have gone on by a minute meanwhile: to the sixteenth
    for _ in 16..back {
        desk.press("\x1b[D");
    }
    desk.shows(&["MINUTE 16'", "5 Caixa de som"]);
    desk.shows_line(&["orders placed", "7"]);
    desk.shows_line(&["clicks", "42"]);
    desk.shows_line(&["viewers", "1,136"]);

    desk.press(".bom gancho\r");
    desk.shows(&["note written"]);
    desk.shows_line(&["bom gancho"]);
    desk.escape("the card closed", "MINUTE 16'");
    desk.press("\x1b[F");
    desk.press("q");
    desk.shows(&["leave the live?"]);
    desk.press("yes\r");
    assert_eq!(desk.end(), 0);

    let reader = warroom::journal::Reader::open(&stage.journal()).expect("a journal");
    let note = reader.records().find(|record| matches!(record.event.fact, warroom::engine::event::Fact::Note(_))).expect("the note");
    assert_eq!(note.event.ts.minute(), began + 16, "the note lies on the minute it is about");
}

/// Steps 4 and 7: a draw runs, is closed by its key and gets its verdict; a slip of the finger is taken back within half a minute.
#[tokio::test(flavor = "multi_thread")]
async fn an_act_runs_until_its_key_and_a_slip_is_taken_back() {
    let mut stage = Stage::set(minutes_ago(31), "").await;
    stage.history(0..31, ("FONE", "199.00"), (30, 8, 3));
    stage.go_on("FONE", 1, 0, "199.00");
    let mut desk = stage.desk(DESK);
    desk.shows_line(&["all, placed", &format!("{} u", stage.orders())]);
    desk.press("ig");
    desk.shows(&["→ draw · whole live"]);
    desk.press("\r");
    desk.shows(&["logged: draw", "RUNNING 1"]);
    desk.shows_line(&["g draw", "since 00:0"]);
    desk.shows_line(&["marks", "g"]);

    desk.press("if3\r");
    desk.shows(&["RUNNING 2"]);
    desk.shows_line(&["f flash deal", "3 Caneca"]);
    desk.press("u");
    desk.shows(&["take this back?", "flash deal · 3 Caneca"]);
    desk.press("\r");
    desk.shows(&["taken back", "RUNNING 1"]);
    desk.shows_line(&["flash deal", "withdrawn"]);
    desk.shows_line(&["marks", "○"]);

    // the draw is open for more than a minute: so much of it can be measured
    desk.shows_line(&["g draw", "since 01:"]);
    desk.press("e");
    desk.shows(&["end which?", "▸ draw ·"]);
    desk.press("\r");
    desk.shows(&["ended: draw"]);
    desk.until("nothing runs", |text| !text.contains("RUNNING 1"));
    desk.until("settled", |text| {
        text.lines()
            .any(|line| line.contains("viewers ×") && line.contains("[.") && (line.contains("can't tell") || line.contains("unchanged")))
    });
    desk.press(":end\r");
    assert_eq!(desk.end(), 0);

    let told = stage.summary();
    assert_eq!(acts(&told), [("giveaway", false), ("flash_deal", true)]);
    let draw = &told["interventions"][0]["impact"];
    assert!(draw["early"] == false && draw["low"].as_f64() < Some(1.0) && draw["high"].as_f64() > Some(1.0), "{draw}");
    assert_eq!(told["interventions"][1]["impact"]["verdict"], Value::Null, "what was taken back is never measured");
}

/// Step 8: the shop's feed dies. Its panels look stale and say how old they are, an event of the operator excludes the span,
/// and when the shop is back its minutes are filled late and the totals are exact.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_feed_is_seen_and_what_it_kept_back_is_filled_in() {
    let mut stage = Stage::set(minutes_ago(30), "late = \"1s\"").await;
    stage.history(0..30, ("FONE", "199.00"), (30, 8, 3));
    stage.go_on("FONE", 1, 0, "199.00");
    let mut desk = stage.desk(DESK);
    desk.shows_line(&["all, placed", &format!("{} u", stage.orders())]);
    stage.take_shop_down(true);
    desk.shows_line(&["LIVE", "shop", "STALE"]);
    desk.shows_line(&["! feed shop is stale"]);
    desk.shows_line(&["! shop is away, nothing since"]);
    desk.shows_line(&["products", "STALE"]);
    desk.shows_line(&["PAYMENT", "STALE"]);
    let mut sold = Vec::new();
    for _ in 0..4 {
        sold.push(wall_now());
        stage.order(wall_now(), "FONE", "199.00", &Value::Null);
    }
    desk.press("ie");
    desk.shows(&["→ technical event"]);
    desk.press("\r");
    desk.shows_line(&["technical event", "since 00:0"]);
    // what the shop keeps back lies in a minute that is over when it comes back
    let minute = sold[0].minute();
    desk.until("a minute is over", |_| wall_now().minute() > minute);
    let aged = desk.shows_line(&["LIVE", "STALE"]);
    assert!(!aged.contains("shop 0s"), "{aged}");
    desk.shows(&["no recommendations yet"]);

    stage.take_shop_down(false);
    desk.shows_line(&["! feed shop is back"]);
    desk.shows_line(&["all, placed", &format!("{} u", stage.orders())]);
    desk.until("the panels are fresh again", |text| !text.contains("STALE"));
    desk.press("e\r");
    desk.shows(&["ended: technical event"]);
    desk.press(&format!(":goto {}\r\r", minute - stage.start.minute()));
    desk.shows(&["MINUTE", "filled late"]);
    desk.escape("the card closed", "MINUTE");
    desk.press(":end\r");
    assert_eq!(desk.end(), 0);

    let told = stage.summary();
    let placed = stage.orders() as i64;
    assert_eq!(told["broadcast"]["orders_placed"]["value"], placed);
    assert_eq!(told["broadcast"]["gmv_paid"]["minor"], placed * 19_900);
    assert_eq!(told["events"]["quarantined"], 0);
    assert_eq!(told["events"]["late"], 4, "what was read back before the desk had caught up is not late");
    assert_eq!(told["advice"], json!([]), "an outage is no dip");
    assert_eq!(acts(&told), [("tech_event", false)]);
}

/// Forty-six minutes of a good night, the last nine of them with a third of the orders per click; dear carts that were left.
fn fall(stage: &mut Stage) {
    let pinned = stage.at(30 * 60);
    stage.room(pinned, &json!({"type": "product_pinned", "sku": "FONE"}));
    stage.history(0..37, ("FONE", "199.00"), (60, 20, 8));
    stage.history(37..46, ("FONE", "199.00"), (60, 7, 2));
    for cart in 0..80 {
        let (value, status, sku) = if cart % 2 == 0 { ("549.00", "left", "KIT") } else { ("79.00", "bought", "CANECA") };
        // one dear cart in eight is bought, one cheap one in three left
        let status = if cart % 16 == 0 {
            "bought"
        } else if cart % 6 == 1 {
            "left"
        } else {
            status
        };
        let at = stage.at(300 + cart * 20);
        stage.room(at, &json!({"type": "cart", "cart": format!("d{cart}"), "status": status, "value": value, "items": [{"sku": sku, "quantity": 1, "price": value}]}));
    }
    let stocked = stage.at(0);
    stage.room(stocked, &json!({"type": "inventory", "sku": "FONE", "available": 500}));
    stage.tell();
}

/// True while a text stands on the screen in big letters, of whatever size.
fn has_big(screen: &str, text: &str) -> bool {
    (4..20).any(|height| {
        let rows = letters(text, HOST.0 - 2, height, false);
        rows.len() > 1 && rows.iter().filter(|row| !row.trim().is_empty()).all(|row| screen.contains(row.trim()))
    })
}

/// Zooms on a panel.
fn zoom(desk: &mut Seat, panel: &str) {
    desk.press(&format!(":panel {panel}\rz"));
}

/// Steps 5 and 6: two cards rise, the reasons are read, the host is told and says it, the act is on air by `Enter`; a running price
/// act holds the other price card; its effect is told early, then settled with interval, both readings and margin.
#[tokio::test(flavor = "multi_thread")]
async fn advice_is_told_to_the_host_runs_when_it_is_on_air_and_is_measured() {
    let mut stage = Stage::set(minutes_ago(46), "").await;
    fall(&mut stage);
    stage.go_on("FONE", 1, 2, "199.00");
    let mut desk = stage.desk(DESK);
    desk.shows_line(&["ADVICE 1/", "ACT · raised 46:"]);
    desk.shows(&["Fewer orders per click", "broke: carts per click 33% → 1", "→ flash deal · −10 % · 10 min"]);
    let host = stage.second("host", &[], HOST);
    host.shows(&["HOST", "● read-only", "ON AIR", "RUNNING"]);
    host.until("the product in big letters", |screen| has_big(screen, "FONE PRO X2"));
    desk.shows_line(&["ADVICE 2/2 · ACT"]);

    desk.press("aw");
    desk.shows(&["where GMV a minute moved", "if it stays:", "if it recovers by itself:", "dead_air"]);
    desk.escape("the reasons closed", "where GMV a minute moved");
    desk.press("ah");
    desk.shows(&["the host was told", "WAITING 00:0"]);
    host.shows(&["SAY NOW · told 00:0", "SURPRISE: 10 % OFF"]);
    host.until("what to say in big letters", |screen| has_big(screen, "FONE −10 % · 10 MIN"));

    desk.press("ap");
    desk.shows(&["-10% 10m", "length 90s 12m"]);
    desk.press("\x15-40% 2m\r");
    desk.shows(&["at most 12 % keeps the margin floor"]);
    desk.press("\x15-10% 2m\r");
    desk.shows(&["parameters changed", "· 2 min"]);
    host.until("the new length in big letters", |screen| has_big(screen, "FONE −10 % · 2 MIN"));
    desk.escape("the card closed", "Enter runs now");
    desk.press("ah");
    desk.shows(&["the host said it", "SAID 00:0"]);
    host.shows(&["SAID 00:0"]);

    desk.press("a\r");
    desk.shows(&["it runs", "RUNNING 1"]);
    desk.shows_line(&["f flash deal", "01:5", "left"]);
    desk.shows_line(&["marks", "f"]);
    desk.shows_line(&["HELD, a price act runs"]);
    host.shows(&["RUNS since 00:", "FONE −10 %", "left"]);
    desk.shows_line(&["orders/min ×", "–", "] early"]);
    desk.until("settled", |text| {
        let effect = text.lines().find(|line| line.contains("orders/min ×"));
        effect.is_some_and(|line| line.contains(']') && !line.contains("] early"))
    });
    desk.until("the other price card is free again", |text| !text.contains("HELD"));
    zoom(&mut desk, "running");
    desk.shows(&[
        "had it stayed ×",
        "had the dip recovered by itself ×",
        "orders of the whole live ×",
        "brought",
        "margin R$",
        "average, raw",
    ]);
    desk.press("z:end\r");
    assert_eq!(desk.end(), 0);
    host.shows(&["CLOSED"]);

    let told = stage.summary();
    let card = &told["advice"][0];
    let times: Vec<At> = ["told", "said", "runs"].map(|step| At::parse(card[step].as_str().unwrap_or_default(), None).expect(step)).into();
    assert!(times.is_sorted(), "{card}");
    let act = &told["interventions"][0];
    assert_eq!((act["kind"].as_str(), act["advice"].as_str()), (Some("flash_deal"), Some("r1")));
    assert_eq!(act["started"], card["runs"], "the clock starts when it is on air, not when the host was told");
    assert!(act["impact"]["early"] == false && act["impact"]["ratio"].as_f64() > Some(0.0), "{act}");
}

/// Step 7: unpaid orders that are about to expire, masked; what is done about them; two of four are paid after all.
#[tokio::test(flavor = "multi_thread")]
async fn unpaid_orders_are_listed_by_expiry_and_rescued() {
    let mut stage = Stage::set(minutes_ago(20), "").await;
    stage.history(0..20, ("FONE", "199.00"), (30, 8, 3));
    stage.go_on("FONE", 1, 0, "199.00");
    for minute in 0..4 {
        let (at, ends) = (wall_now().plus_s(-600 + minute * 10), wall_now().plus_s(280 - minute * 20).rfc3339());
        stage.order(at, "FONE", "199.00", &json!({"status": "placed", "paid_at": null, "method": "pix", "expires_at": ends}));
    }
    let mut desk = stage.desk(DESK);
    desk.shows_line(&["unpaid 4 R$ 796", "4 end < 5 min"]);
    zoom(&mut desk, "payment");
    desk.press("P");
    let masked = desk.until("masked", |text| text.contains("••••"));
    let ends: Vec<&str> = masked.lines().filter(|line| line.contains("pix") && line.contains("03:") || line.contains("04:")).collect();
    assert!(ends.len() >= 4, "{masked}");
    assert!(!masked.contains("796"), "money is masked: {masked}");
    desk.press("P\rz");
    desk.press("iw\r");
    desk.shows(&["logged: rescue carts"]);
    for order in [0, 1] {
        stage.pay(stage.orders() - 4 + order);
    }
    desk.shows_line(&["unpaid 2"]);
    desk.press(":end\r");
    assert_eq!(desk.end(), 0);
    let told = stage.summary();
    assert_eq!(acts(&told), [("cart_rescue", false)]);
    assert_eq!(told["broadcast"]["orders_paid"]["value"], stage.orders() as i64 - 2);
}

/// Step 9: a product sells out in minutes and the card says so; then shop and ERP disagree, and the row is held as sold out.
#[tokio::test(flavor = "multi_thread")]
async fn a_sell_out_is_seen_ahead_and_sources_that_disagree_are_told() {
    let mut stage = Stage::set(minutes_ago(40), "").await;
    stage.history(0..40, ("CANECA", "79.00"), (40, 12, 6));
    let now = wall_now();
    stage.room(now, &json!({"type": "product_pinned", "sku": "CANECA"}));
    stage.room(now, &json!({"type": "inventory", "sku": "CANECA", "available": 24, "source": "erp"}));
    stage.room(now, &json!({"type": "inventory", "sku": "CANECA", "available": 24, "source": "shop"}));
    stage.tell();
    stage.go_on("CANECA", 1, 6, "79.00");
    let mut desk = stage.desk(DESK);
    desk.shows_line(&["3", "Caneca", "24"]);
    desk.shows(&["Sold out in minutes: stop the discount,"]);
    desk.press("a");
    desk.shows(&["LAST UNITS, THEN THE NEXT PRODUCT"]);
    desk.press("\r");
    desk.shows(&["it runs"]);
    desk.shows_line(&["s switch product"]);

    let later = wall_now();
    stage.room(later, &json!({"type": "inventory", "sku": "CANECA", "available": 0, "source": "erp"}));
    stage.room(later, &json!({"type": "inventory", "sku": "CANECA", "available": 2, "source": "shop"}));
    stage.tell();
    desk.shows_line(&["3", "Caneca", "OUT"]);
    desk.press("3");
    zoom(&mut desk, "products");
    desk.shows(&["sources disagree: 0 or 2"]);
    desk.press("z:end\r");
    assert_eq!(desk.end(), 0);
    assert_eq!(stage.summary()["interventions"][0]["kind"], "switch_product");
}

/// A colleague's terminal shows the same desk and refuses what writes; when the desk goes, it says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_shows_the_desk_refuses_to_write_and_tells_of_silence() {
    let mut stage = Stage::set(minutes_ago(12), "").await;
    stage.history(0..12, ("FONE", "199.00"), (30, 8, 3));
    stage.go_on("FONE", 1, 0, "199.00");
    let mut desk = stage.desk(DESK);
    let orders = format!("{} u", stage.orders());
    desk.shows_line(&["all, placed", &orders]);
    let mut mirror = stage.second("desk", &["--lang", "pt-BR"], DESK);
    mirror.shows(&["ESPELHO", "● só leitura"]);
    mirror.shows_line(&[&orders]);
    for key in ["i", "c", ".", "e", "u", "M"] {
        mirror.press(key);
        mirror.shows(&["só leitura: quem faz isso é a mesa"]);
        mirror.press("0");
        mirror.until("the answer is gone", |text| !text.contains("quem faz isso"));
    }
    mirror.press(":end\r");
    mirror.shows(&["só leitura: quem faz isso é a mesa"]);
    desk.press("ig\r");
    desk.shows(&["RUNNING 1"]);
    mirror.shows_line(&["g sorteio"]);
    desk.press("q");
    desk.shows(&["leave the live?"]);
    desk.press("yes\r");
    assert_eq!(desk.end(), 0);
    mirror.shows(&["MESA EM SILÊNCIO 1"]);
    mirror.escape("the line closed", "Esc fecha");
    mirror.press("q");
    assert_eq!(mirror.end(), 0);
}
