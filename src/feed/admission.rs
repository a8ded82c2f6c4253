//! Whether a platform lets an account in. After a no the account waits, longer each time, for platforms lock who keeps trying.
//!
//! Of the calls that were refused one tries again, and the others wait for what becomes of it. A call that alone is refused
//! while others are let in lacks a right of its own: it waits alone, and stops nobody.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::call::Call;
use super::fault::{Fault, FaultKind};
use crate::clock;

/// After a no the next try is so far away, twice as far each time.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Who tried last tries again so much later, that it is another's turn.
const BEHIND: Duration = Duration::from_millis(250);

/// Tries that were refused, one after the other.
#[derive(Clone, Debug)]
pub struct Refusal {
    fault: Fault,
    pub times: u32,
    /// No try before this instant.
    until: Instant,
}

impl Refusal {
    #[must_use]
    pub fn after(last: Option<&Self>, fault: Fault) -> Self {
        let times = last.map_or(0, |last| last.times).saturating_add(1);
        let wait = FIRST_WAIT.saturating_mul(1 << (times.min(16) - 1)).min(LONGEST_WAIT).max(fault.wait.unwrap_or_default());
        Self { fault, times, until: clock::instant() + wait }
    }

    /// What is told instead of a try, as long as it has to wait.
    #[must_use]
    pub fn held(&self) -> Option<Fault> {
        let wait = self.until.saturating_duration_since(clock::instant());
        (!wait.is_zero()).then(|| Fault { wait: None, ..self.fault.clone() }.held(wait))
    }
}

/// What became of a call last.
#[derive(Clone, Debug)]
enum Standing {
    /// Nobody knows, or no longer.
    Open,
    LetIn,
    /// With its own refusal, where others were let in meanwhile.
    Refused(Option<Refusal>),
}

/// How an account stands at its platform; shared by its feeds.
#[derive(Debug, Default)]
pub struct Admission {
    state: Mutex<State>,
    /// Held by the refused call that tries again.
    trial: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The account as a whole was refused.
    refusal: Option<Refusal>,
    /// The calls of its platform file that were made.
    calls: Vec<(Call, Standing)>,
}

impl Admission {
    /// Makes a call unless it has to wait for an earlier no.
    ///
    /// # Errors
    /// As the call, or with the earlier no and how long it holds.
    pub async fn ask<T>(&self, call: &Call, ask: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let is_refused = matches!(self.locked().standing(call), Standing::Refused(_));
        let trial = if is_refused { Some(self.trial.lock().await) } else { None };
        let held = self.locked().held(call);
        if let Some(held) = held {
            return Err(held);
        }
        match ask.await {
            Ok(answer) => {
                self.locked().note_let_in(call);
                Ok(answer)
            }
            Err(fault) if fault.kind == FaultKind::Unauthorized && fault.held.is_none() => {
                let told = self.locked().note_refused(call, fault);
                Err(Fault { held: told.held.map(|wait| if trial.is_some() { wait + BEHIND } else { wait }), ..told })
            }
            Err(fault) => Err(fault),
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        // what a panicking task left behind is still true
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn standing(&mut self, call: &Call) -> &mut Standing {
        let index = self.calls.iter().position(|(known, _)| known.is_same(call)).unwrap_or_else(|| {
            self.calls.push((call.clone(), Standing::Open));
            self.calls.len() - 1
        });
        &mut self.calls[index].1
    }

    fn held(&mut self, call: &Call) -> Option<Fault> {
        match self.standing(call).clone() {
            Standing::Open | Standing::LetIn => None,
            Standing::Refused(own) => own.as_ref().or(self.refusal.as_ref()).and_then(Refusal::held),
        }
    }

    fn note_let_in(&mut self, call: &Call) {
        *self.standing(call) = Standing::LetIn;
        self.refusal = None;
    }

    fn note_refused(&mut self, call: &Call, fault: Fault) -> Fault {
        let before = self.standing(call).clone();
        let others = self.calls.iter().any(|(_, standing)| matches!(standing, Standing::LetIn));
        if others && !matches!(before, Standing::LetIn) {
            let last = if let Standing::Refused(own) = &before { own.as_ref() } else { None };
            let refusal = Refusal::after(last, fault.clone());
            let told = refusal.held().unwrap_or(fault);
            *self.standing(call) = Standing::Refused(Some(refusal));
            return told;
        }
        // that anybody was let in before counts no longer
        for (_, standing) in self.calls.iter_mut().filter(|(_, standing)| matches!(standing, Standing::LetIn)) {
            *standing = Standing::Open;
        }
        *self.standing(call) = Standing::Refused(None);
        // calls that were on their way together were refused once
        let refusal = match self.refusal.take() {
            Some(known) if known.held().is_some() => known,
            last => Refusal::after(last.as_ref(), fault.clone()),
        };
        let told = refusal.held().unwrap_or(fault);
        self.refusal = Some(refusal);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::platform::{PlatformText, Transport};

    /// Calls of a platform file with these paths.
    fn calls(paths: &[&str]) -> Vec<Call> {
        let request = |path: &&str| {
            format!(
                "[[request]]\nname = \"{path}\"\ngives = [\"audience\"]\ninterval_s = 1\nurl = \"https://shop.example/{path}\"\nmap = \".\"\n"
            )
        };
        let toml = format!("name = \"shop\"\n{}", paths.iter().map(request).collect::<String>());
        let text = PlatformText { file: "shop.toml".into(), toml, jq_file: "shop.jq".into(), jq: String::new() };
        let requests = text.read().unwrap().requests.into_iter();
        requests.map(|request| if let Transport::Poll(poll) = request.transport { poll.call } else { unreachable!() }).collect()
    }

    fn no() -> Fault {
        Fault::new(FaultKind::Unauthorized, "http 401")
    }

    /// How long a call that is refused has to wait, in whole seconds.
    fn wait_s(fault: &Fault) -> u128 {
        fault.held.unwrap().as_millis().div_ceil(1_000)
    }

    /// Lets the wait pass.
    fn pass(state: &mut State) {
        let now = clock::instant();
        let own =
            state.calls.iter_mut().filter_map(|(_, standing)| if let Standing::Refused(own) = standing { own.as_mut() } else { None });
        own.chain(state.refusal.as_mut()).for_each(|refusal| refusal.until = now);
    }

    #[test]
    fn the_account_waits_longer_each_time_and_all_its_refused_calls_with_it() {
        let [orders, stock] = &calls(&["orders", "stock"])[..] else { unreachable!() };
        let mut state = State::default();
        let mut waits = Vec::new();
        for _ in 0..7 {
            waits.push(wait_s(&state.note_refused(orders, no())));
            assert_eq!(wait_s(&state.note_refused(stock, no())), *waits.last().unwrap(), "on their way together: one no");
            assert!(state.held(orders).is_some() && state.held(stock).is_some());
            pass(&mut state);
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300]);
        state.note_let_in(stock);
        assert!(state.held(orders).is_none());
        assert_eq!(wait_s(&state.note_refused(orders, no())), 10, "orders has a right too few, the account is let in");
        assert!(state.held(stock).is_none());
    }

    #[test]
    fn a_call_without_a_right_of_its_own_waits_alone() {
        let [orders, stock] = &calls(&["orders", "stock"])[..] else { unreachable!() };
        let mut state = State::default();
        assert_eq!(wait_s(&state.note_refused(stock, no())), 10);
        assert!(state.held(orders).is_none(), "who was not asked yet may ask");
        state.note_let_in(orders);
        for wait in [10, 20, 40] {
            assert_eq!(wait_s(&state.note_refused(stock, no())), wait);
            assert!(state.held(orders).is_none() && state.held(stock).is_some());
            pass(&mut state);
        }
        assert_eq!(wait_s(&state.note_refused(orders, no())), 10, "who was let in and is refused: the account");
    }

    #[tokio::test]
    async fn one_refused_call_tries_again_and_the_others_hear_what_became_of_it() {
        let calls = calls(&["orders", "stock", "carts"]);
        let admission = Admission::default();
        for call in &calls {
            assert!(admission.ask(call, async { Err::<(), _>(no()) }).await.is_err());
        }
        pass(&mut admission.locked());
        let asked = std::sync::atomic::AtomicU32::new(0);
        let refuse = || async {
            asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tokio::task::yield_now().await;
            Err::<(), _>(no())
        };
        let told = futures_util::future::join_all(calls.iter().map(|call| admission.ask(call, refuse()))).await;
        assert_eq!(asked.into_inner(), 1, "one of three");
        let waits: Vec<Duration> = told.into_iter().map(|told| told.unwrap_err().held.unwrap()).collect();
        assert!(waits.iter().all(|wait| *wait > Duration::from_secs(19)), "{waits:?}");
        assert!(waits[0] > waits[1] && waits[0] > waits[2], "it is another's turn next: {waits:?}");
    }

    #[tokio::test]
    async fn who_is_down_or_asks_for_patience_refuses_nobody() {
        let calls = calls(&["orders"]);
        let admission = Admission::default();
        let down = || async { Err::<(), _>(Fault::new(FaultKind::Status, "http 503")) };
        assert_eq!(admission.ask(&calls[0], down()).await.unwrap_err().held, None);
        let login = || async { Err::<(), _>(no().held(Duration::from_secs(7))) };
        assert_eq!(admission.ask(&calls[0], login()).await.unwrap_err().held, Some(Duration::from_secs(7)), "the login waits already");
        assert!(admission.ask(&calls[0], async { Ok(()) }).await.is_ok());
    }
}
