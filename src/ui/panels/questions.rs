//! Questions of the chat that nobody has answered: the oldest first, equal ones merged.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::view::show::OpenQuestion;
use crate::ui::pane::{CHAT, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::fit;

/// A question that waits longer is a warning.
const WAITING_MS: i64 = 180_000;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let questions = &pane.questions;
    let room = pane.heading(Panel::Questions, &title(pane, questions), CHAT, area, buf);
    if questions.is_empty() {
        pane.empty(if pane.view.engine.complete_to(CHAT).is_some() { "questions-none" } else { no_chat(pane) }, room, buf);
        return;
    }
    let inner = Rect::new(room.x + 1.min(room.width), room.y, room.width.saturating_sub(2), room.height);
    let mut shown: Vec<_> = questions.iter().filter(|question| pane.passes(Panel::Questions, question.text)).collect();
    #[expect(clippy::cast_precision_loss, reason = "for an order only")]
    pane.sort(Panel::Questions, &mut shown, |question, column| match column {
        0 => Some(f64::from(question.count)),
        _ => Some(pane.view.now.since_ms(question.since) as f64),
    });
    let first = pane.first_row(Panel::Questions, shown.len(), inner.height);
    for (index, (question, y)) in shown.iter().skip(first).zip(inner.top()..inner.bottom()).enumerate() {
        draw_question(pane, question, Rect::new(inner.x, y, inner.width, 1), buf);
        let style = pane.row_style(Panel::Questions, shown.len(), first + index);
        buf.set_style(Rect::new(inner.x, y, inner.width, 1).intersection(buf.area), style);
    }
    pane.fade(CHAT, room, buf);
}

/// Why there is no chat: no feed gives it, or none of these platforms can.
pub fn no_chat(pane: &Pane<'_>) -> &'static str {
    if pane.view.engine.is_unavailable("chat_message") { "chat-unavailable" } else { "questions-no-chat" }
}

fn title(pane: &Pane<'_>, questions: &[OpenQuestion<'_>]) -> String {
    let Some((n, oldest)) = how_many(pane, questions) else { return pane.word("panel-questions").to_owned() };
    pane.say("questions-title", &[("n", n.into()), ("oldest", oldest.into())])
}

/// How many are open and since when; `4,096+` and `03:45+` where there are more than are held.
pub fn how_many(pane: &Pane<'_>, questions: &[OpenQuestion<'_>]) -> Option<(String, String)> {
    let more = if pane.view.engine.has_more_questions() { "+" } else { "" };
    let number = pane.view.format.count(i64::try_from(questions.len()).unwrap_or(i64::MAX));
    let age = pane.view.format.countdown(pane.view.now.since_ms(questions.first()?.since));
    Some((format!("{number}{more}"), format!("{age}{more}")))
}

/// `4× tem na cor preta?   02:40`.
fn draw_question(pane: &Pane<'_>, question: &OpenQuestion<'_>, area: Rect, buf: &mut Buffer) {
    let waited = pane.view.now.since_ms(question.since);
    let tone = if waited > WAITING_MS { Tone::Warn } else { Tone::Muted };
    let right = pane.phrase(pane.view.format.countdown(waited), tone);
    let count = format!("{:>2}{} ", question.count, pane.view.glyphs.times);
    let product = question.product.and_then(|sym| pane.product(sym)).map(|product| format!("[{}] ", product.slot)).unwrap_or_default();
    let head = pane.phrase(count, Tone::Accent).and(product, pane.style(Tone::Key));
    let room = area.width.saturating_sub(head.width() + right.width() + 1);
    let text = fit(question.text, room, pane.view.glyphs.dots).into_owned();
    pane.line_of(&head.and(text, pane.style(Tone::Normal)), &right, area, area.y, buf);
}
