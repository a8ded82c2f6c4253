//! The debrief of a rehearsal as a page: how far the play came, its money, its incidents, its acts, the best play found, progress.

use crate::engine::event::InterventionKind;
use crate::engine::money::Money;
use crate::rehearsal::progress::{Course, Uncounted};
use crate::rehearsal::score::{ActScore, Books, IncidentScore, Met, Score, Verdict};
use crate::simulate::scenario::Scenario;
use crate::ui::action::Action;
use crate::ui::format::Format;
use crate::ui::page::{Block, Grid, Page, Piece, Row};
use crate::ui::theme::Tone;
use crate::ui::words::Words;

/// What the debrief is written with and about.
#[derive(Clone, Copy, Debug)]
pub struct Debrief<'a> {
    pub score: &'a Score,
    pub scenario: &'a Scenario,
    /// How many of how many runs of the search are done, while it is on.
    pub searching: Option<(usize, usize)>,
    /// Seconds of the live at which the operator left, where that was before the end.
    pub left_s: Option<i64>,
    pub course: Option<&'a Course>,
    /// Why it does not count among the plays, where it does not.
    pub uncounted: Option<Uncounted>,
    /// What else has to be known about the scenario.
    pub remarks: &'a [String],
    pub words: &'a Words,
    pub format: &'a Format,
}

/// Seconds of the live as `0:31:12`.
fn clock(second: i64) -> String {
    format!("{}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

/// Stands at the time of an incident that had begun before the drill.
const HAD_BEGUN: &str = "*";

const fn had_begun(incident: &IncidentScore) -> bool {
    incident.from_s < incident.counted_from_s
}

impl Debrief<'_> {
    /// The whole page.
    #[must_use]
    pub fn page(&self) -> Page {
        let (score, from, to) = (self.score, clock(self.score.from_s), clock(self.score.to_s));
        let values =
            [("title", score.title.as_str().into()), ("seed", score.seed.to_string().into()), ("from", from.into()), ("to", to.into())];
        let mut page = Page { title: self.words.text("debrief-title", &values), blocks: Vec::new() };
        self.add_summary(&mut page.blocks);
        self.add_incidents(&mut page.blocks);
        self.add_money(&mut page.blocks);
        self.add_acts("debrief-acts", &score.acts, &mut page.blocks);
        if self.searching.is_none() {
            self.add_acts("debrief-best-acts", &score.best.acts, &mut page.blocks);
        }
        self.add_progress(&mut page.blocks);
        page.blocks.push(Block::Heading(String::new()));
        page.blocks.extend(self.remarks.iter().map(|remark| Block::Text(Piece::new(remark.clone(), Tone::Muted))));
        page.blocks.push(Block::Text(Piece::new(self.word("debrief-curves"), Tone::Muted)));
        page
    }

    fn word(&self, id: &str) -> String {
        self.words.get(id).to_owned()
    }

    /// A word of a closed list, by the id that it has on the wire.
    fn listed(&self, list: &str, value: &impl serde::Serialize) -> String {
        let id = serde_json::to_value(value).ok().and_then(|id| id.as_str().map(|id| id.replace('_', "-"))).unwrap_or_default();
        self.word(&format!("{list}-{id}"))
    }

    fn act(&self, kind: InterventionKind) -> String {
        self.word(&Action::Kind(kind).doc_key())
    }

    /// Whole units of money, grouped.
    fn money(&self, minor: i64) -> String {
        let money = Money::new(minor, self.score.currency);
        if self.format.is_masked() {
            return self.format.money(money);
        }
        let unit = 10i64.pow(self.score.currency.exponent());
        let half = if minor < 0 { -unit / 2 } else { unit / 2 };
        format!("{}{}", self.format.symbol(self.score.currency), self.format.count((minor + half) / unit))
    }

    /// The same with its sign.
    fn gain(&self, minor: i64) -> Piece {
        match minor {
            0 => Piece::new(self.money(0), Tone::Muted),
            _ if minor > 0 => Piece::new(format!("+{}", self.money(minor)), Tone::Good),
            _ => Piece::new(self.money(minor), Tone::Alarm),
        }
    }

    fn seconds(&self, value: Option<i64>) -> Piece {
        value.map_or_else(|| Piece::new(self.format.unknown(), Tone::Muted), |s| Piece::plain(format!("{s} s")))
    }

    /// How the play went, in two lines and a bar.
    fn add_summary(&self, blocks: &mut Vec<Block>) {
        let score = self.score;
        let all = score.incidents.len();
        let answered = score.incidents.iter().filter(|incident| incident.met.is_right()).count();
        let needless = score.acts.iter().filter(|act| act.verdict == Verdict::Needless).count();
        let values = [
            ("answered", answered.into()),
            ("wanted", all.into()),
            ("missed", (all - answered).into()),
            ("needless", needless.into()),
            ("gain", self.gain(score.gain_minor()).text.into()),
        ];
        blocks.push(Block::Text(Piece::plain(self.words.text("debrief-summary", &values))));
        match (self.searching, score.reached) {
            (Some((done, all)), _) => {
                let text = self.words.text("debrief-searching", &[("done", done.into()), ("all", all.into())]);
                blocks.push(Block::Text(Piece::new(text, Tone::Accent)));
            }
            (None, Some(share)) => {
                let text = self.words.text("debrief-share", &[("share", self.format.percent(share, 0).into())]);
                blocks.push(Block::Bar { label: Piece::plain(text), share });
            }
            (None, None) => blocks.push(Block::Text(Piece::plain(self.word("debrief-no-gain")))),
        }
        if let Some(left) = self.left_s {
            let text = self.words.text("debrief-left", &[("at", clock(left).into())]);
            blocks.push(Block::Text(Piece::new(text, Tone::Warn)));
        }
    }

    fn add_incidents(&self, blocks: &mut Vec<Block>) {
        blocks.push(Block::Heading(self.word("debrief-incidents")));
        if self.score.incidents.is_empty() {
            blocks.push(Block::Text(Piece::new(self.word("debrief-quiet"), Tone::Muted)));
            return;
        }
        let heads = ["debrief-when", "debrief-what", "debrief-met", "debrief-detect", "debrief-tell", "debrief-act"];
        let rows = self.score.incidents.iter().map(|incident| self.incident_row(incident)).collect();
        blocks.push(Block::Grid(Grid { heads: heads.map(|id| self.word(id)).to_vec(), words: 3, rows }));
        blocks.push(Block::Text(Piece::new(self.word("debrief-counted"), Tone::Muted)));
        if self.score.incidents.iter().any(had_begun) {
            let text = self.words.text("debrief-had-begun", &[("from", clock(self.score.from_s).into())]);
            blocks.push(Block::Text(Piece::new(text, Tone::Muted)));
        }
    }

    fn incident_row(&self, incident: &IncidentScore) -> Row {
        let tone = match incident.met {
            Met::Answered | Met::LeftAlone => Tone::Good,
            Met::Wrong => Tone::Warn,
            Met::Missed | Met::Fooled => Tone::Alarm,
        };
        let right: Vec<String> = incident.right.iter().map(|kind| self.act(*kind)).collect();
        let helps = if right.is_empty() { self.word("debrief-nothing-helps") } else { right.join(", ") };
        let helps = self.words.text("debrief-helps", &[("acts", helps.into())]);
        let dot = self.format.middot();
        let product = incident.sku.as_deref().map(|sku| format!("{} {dot} ", self.product(sku)));
        let pace = incident.card_to_act_s.map(|seconds| self.words.text("debrief-card-to-act", &[("seconds", seconds.into())]));
        let pace = pace.map(|pace| format!(" {dot} {pace}")).unwrap_or_default();
        let begun = if had_begun(incident) { HAD_BEGUN } else { "" };
        let card = match incident.card_was_there {
            true => Piece::plain(self.word("debrief-was-there")),
            false => self.seconds(incident.detected_s),
        };
        Row {
            cells: vec![
                Piece::new(format!("{}{begun}", clock(incident.from_s)), Tone::Muted),
                Piece::plain(self.listed("incident", &incident.incident)),
                Piece::new(self.listed("met", &incident.met), tone),
                card,
                self.seconds(incident.told_s),
                self.seconds(incident.acted_s),
            ],
            note: format!("{}{helps}{pace}", product.unwrap_or_default()),
        }
    }

    fn product(&self, sku: &str) -> String {
        self.scenario.slot(sku).map_or_else(|| sku.to_owned(), |slot| self.scenario.products[slot].name.clone())
    }

    fn add_money(&self, blocks: &mut Vec<Block>) {
        let score = self.score;
        let mut columns = vec![(self.word("debrief-you"), score.played), (self.word("debrief-nobody"), score.nobody)];
        if self.searching.is_none() {
            columns.push((self.word("debrief-best"), score.best.books));
        }
        columns.extend(score.followed.map(|followed| (self.word("debrief-followed"), followed)));
        let nobody = score.nobody.margin_minor;
        type Figure<'f> = &'f dyn Fn(&Books) -> Piece;
        let figures: [(&str, Figure<'_>); 8] = [
            ("debrief-margin", &|books| Piece::plain(self.money(books.margin_minor))),
            ("debrief-over-nobody", &|books| self.gain(books.margin_minor - nobody)),
            ("debrief-paid", &|books| Piece::plain(self.money(books.gmv_paid_minor))),
            ("debrief-orders", &|books| Piece::plain(self.format.count(books.orders_paid))),
            ("debrief-stock", &|books| Piece::plain(self.format.count(books.stock_left))),
            ("debrief-oversold", &|books| Piece::plain(self.format.count(books.oversold))),
            ("debrief-recovered", &|books| Piece::plain(self.format.count(books.carts_recovered))),
            ("debrief-answered", &|books| Piece::plain(format!("{}/{}", books.questions_answered, books.questions))),
        ];
        let rows = figures.into_iter().map(|(id, figure)| {
            let own = Piece::plain(self.word(id));
            Row { cells: std::iter::once(own).chain(columns.iter().map(|(_, books)| figure(books))).collect(), note: String::new() }
        });
        blocks.push(Block::Heading(self.words.text("debrief-money", &[("runs", score.best.runs.into())])));
        let heads = std::iter::once(String::new()).chain(columns.iter().map(|(head, _)| head.clone())).collect();
        blocks.push(Block::Grid(Grid { heads, words: 1, rows: rows.collect() }));
        let until = clock(score.to_s + score.settled_s);
        let settled = self.words.text("debrief-settled", &[("until", until.into()), ("minutes", (score.settled_s / 60).into())]);
        blocks.push(Block::Text(Piece::new(settled, Tone::Muted)));
    }

    fn add_acts(&self, head: &str, acts: &[ActScore], blocks: &mut Vec<Block>) {
        blocks.push(Block::Heading(self.words.text(head, &[("runs", self.score.best.runs.into())])));
        if acts.is_empty() {
            blocks.push(Block::Text(Piece::new(self.word("debrief-no-acts"), Tone::Muted)));
            return;
        }
        let heads = ["debrief-when", "debrief-what", "debrief-verdict", "debrief-worth"].map(|id| self.word(id)).to_vec();
        let rows = acts.iter().map(|act| self.act_row(act)).collect();
        blocks.push(Block::Grid(Grid { heads, words: 3, rows }));
    }

    fn act_row(&self, act: &ActScore) -> Row {
        let name = self.act(act.kind);
        let what = act.sku.as_deref().map_or_else(|| name.clone(), |sku| format!("{name}: {}", self.product(sku)));
        let tone = match act.verdict {
            Verdict::Right => Tone::Good,
            Verdict::Helpful => Tone::Normal,
            Verdict::TakenBack => Tone::Muted,
            Verdict::Needless => Tone::Warn,
        };
        Row {
            cells: vec![
                Piece::new(clock(act.at_s), Tone::Muted),
                Piece::plain(what),
                Piece::new(self.listed("verdict", &act.verdict), tone),
                self.gain(act.worth_minor),
            ],
            note: String::new(),
        }
    }

    fn add_progress(&self, blocks: &mut Vec<Block>) {
        if let Some(why) = self.uncounted {
            blocks.push(Block::Heading(self.word("debrief-progress")));
            blocks.push(Block::Text(Piece::new(self.listed("debrief-uncounted", &why), Tone::Muted)));
        }
        let Some(course) = self.course.filter(|course| course.plays > 1 && self.searching.is_none()) else { return };
        let unknown = || self.format.unknown().to_owned();
        let percent = |share: Option<f64>| share.map_or_else(unknown, |share| self.format.percent(share, 0));
        let seconds = |value: Option<f64>| value.map_or_else(unknown, |s| format!("{} s", self.format.number(s, 0)));
        let values = [
            ("plays", course.plays.into()),
            ("share", percent(course.last.reached).into()),
            ("best", percent(course.best_before).into()),
            ("acted", seconds(course.last.acted_s).into()),
            ("fastest", seconds(course.fastest_before_s).into()),
        ];
        blocks.push(Block::Heading(self.word("debrief-progress")));
        blocks.push(Block::Text(Piece::plain(self.words.text("debrief-course", &values))));
    }
}
