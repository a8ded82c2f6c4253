//! An act that the shop's own automation can carry out: `Enter` sends and logs it, `n` only logs it, `Esc` does neither.

use ratatui::text::Line as TextLine;

use super::Card;
use crate::ui::View;
use crate::ui::action::Action;
use crate::ui::intent::{Intent, Wish};
use crate::ui::layer::Layer;
use crate::ui::state::UiState;
use crate::ui::theme::Tone;
use crate::ui::update::Moment;

/// What follows the wish to log an act: the question whether to send it, where the plan names an action for its kind.
pub fn asked(wish: Wish, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    match &wish {
        Wish::LogIntervention { kind, .. } if moment.live.plan().actions.contains(kind) => {
            let count = moment.live.orders_about(*kind).len();
            (Some(Layer::Send { wish: Box::new(wish), count }), None)
        }
        _ => (None, Some(Intent::Write(wish))),
    }
}

pub fn step(wish: Box<Wish>, count: usize, action: Action, state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    match action {
        Action::Accept => {
            state.say(moment.words.get("said-sending").to_owned(), moment.wall);
            (None, Some(Intent::Send(*wish)))
        }
        Action::Decline => {
            state.say(moment.words.get("said-not-sent").to_owned(), moment.wall);
            (None, Some(Intent::Write(*wish)))
        }
        _ => (Some(Layer::Send { wish, count }), None),
    }
}

pub fn card<'a>(wish: &Wish, count: usize, view: &View<'a>) -> Card<'a> {
    let act = match wish {
        Wish::LogIntervention { kind, .. } => view.words.get(&Action::Kind(*kind).doc_key()).to_owned(),
        _ => String::new(),
    };
    let ask = if count > 0 { view.text("ask-send-to", &[("count", count.to_string().into())]) } else { view.word("ask-send").to_owned() };
    let keys = TextLine::styled(view.word("hint-send").to_owned(), view.style(Tone::Muted));
    Card::new(view.text("layer-send", &[("act", act.into())]), vec![TextLine::styled(ask, view.style(Tone::Warn)), keys])
}
