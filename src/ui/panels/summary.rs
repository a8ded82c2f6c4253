//! The small screen's line for what has no panel there: unpaid orders, open questions, the worst price band.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{kpis, payment, questions};
use crate::ui::pane::Pane;
use crate::ui::theme::Tone;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let mut line = pane.phrase(" ", Tone::Normal);
    line.0.extend(payment::unpaid(pane).0);
    let told = match questions::how_many(pane, &pane.questions) {
        Some((n, oldest)) => pane.say("summary-questions", &[("n", n.into()), ("oldest", oldest.into())]),
        None => pane.word("questions-none").to_owned(),
    };
    let mut parts = vec![pane.phrase(told, Tone::Normal)];
    if let Some((band, reading)) = kpis::worst_band(pane) {
        let told =
            pane.say("summary-band", &[("band", kpis::band_label(pane, &band, true).into()), ("share", pane.percent(&reading, 0).into())]);
        parts.push(pane.phrase(told, Tone::Normal));
    }
    for part in parts {
        // a part that does not fit is left out whole
        if line.width() + part.width() + 3 <= area.width {
            line = line.and(format!(" {} ", pane.view.glyphs.middot), pane.style(Tone::Muted));
            line.0.extend(part.0);
        }
    }
    line.put(buf, area, area.x, area.y);
}
