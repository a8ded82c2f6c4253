//! All secrets of a desk: what the plan's accounts were given and what their logins gave. A peer, or a program that a feed
//! starts, may repeat any of them, so they are taken out of all that feeds hand over or say, whichever feed it is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use super::veil::Veil;
use crate::engine::event::Event;
use crate::engine::id::Table;

/// Of an account, so many that its logins gave are known at once; the oldest is forgotten first.
const ISSUED: usize = 16;
/// A shorter secret is a word or a number that may stand in an id or a chat by itself: to hide it there would make two
/// orders one, or a product another. It is hidden in what is put aside and in what is said of faults.
const SHORTEST_IN_FACTS_BYTES: usize = 8;

/// The secrets, shared by all sessions.
#[derive(Debug, Default)]
pub struct Vault {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    given: Vec<SecretString>,
    /// By account, the oldest first.
    issued: Table<String, VecDeque<SecretString>>,
    /// Over all of them, once it was asked for.
    veils: Option<Arc<Veils>>,
}

#[derive(Debug)]
struct Veils {
    words: Veil,
    facts: Veil,
}

impl Vault {
    /// Keeps what an account was given.
    pub fn keep<'s>(&self, secrets: impl Iterator<Item = &'s str>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in secrets {
            if !inner.given.iter().any(|known| known.expose_secret() == secret) {
                inner.given.push(secret.to_owned().into());
                inner.veils = None;
            }
        }
    }

    /// Keeps what a login of the account gave, or what was made of a secret for it.
    pub fn keep_issued(&self, account: &str, secret: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let issued = inner.issued.entry(account.to_owned()).or_default();
        if issued.iter().any(|known| known.expose_secret() == secret) {
            return;
        }
        issued.push_back(secret.to_owned().into());
        if issued.len() > ISSUED {
            issued.pop_front();
        }
        inner.veils = None;
    }

    /// A text without them.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        self.veils().words.hide(text)
    }

    /// True when one that cannot be mistaken for something else stands in a text.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.veils().facts.finds(text)
    }

    /// Takes them out of what events tell.
    pub fn make_discreet(&self, events: &mut [Event]) {
        let veils = self.veils();
        for event in events {
            if let Some(discreet) = veils.facts.over_event(event) {
                *event = discreet;
            }
        }
    }

    fn veils(&self) -> Arc<Veils> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(veils) = &inner.veils {
            return Arc::clone(veils);
        }
        let known = inner.given.iter().chain(inner.issued.values().flatten()).map(ExposeSecret::expose_secret);
        let known: Vec<&str> = known.collect();
        let long = known.iter().copied().filter(|secret| secret.len() >= SHORTEST_IN_FACTS_BYTES);
        let veils = Arc::new(Veils { facts: Veil::over_secrets(long), words: Veil::over_secrets(known.iter().copied()) });
        inner.veils = Some(Arc::clone(&veils));
        veils
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::wire::{self, Defaults};

    fn discreet(vault: &Vault, line: &str) -> String {
        let mut events = [wire::read(line, &Defaults::default()).unwrap().event];
        vault.make_discreet(&mut events);
        wire::write(&events[0])
    }

    #[test]
    fn a_fact_is_kept_without_the_secret_that_it_repeats_in_any_text_and_any_form() {
        let vault = Vault::default();
        vault.keep(["hunter22-long"].into_iter());
        vault.keep_issued("shop", "issued-by-login");
        let line = r#"{"type":"purchase","order":"o-hunter22-long","value":"12.50","currency":"BRL","placed_at":"2026-11-21T23:31:04Z","ts":"2026-11-21T23:31:04Z","customer":"68756e74657232322d6c6f6e67","items":[{"sku":"issued-by-login","quantity":2,"price":"6.25"}],"note_of_theirs":{"deep":["see hunter22-long"]}}"#;
        let kept = discreet(&vault, line);
        for part in ["hunter22", "68756e", "issued"] {
            assert!(!kept.contains(part), "{kept}");
        }
        assert!(kept.contains(r#""order":"o-***""#) && kept.contains(r#""sku":"***""#) && kept.contains("see ***"), "{kept}");
        assert!(kept.contains(r#""value":"12.50""#) && kept.contains("2026-11-21T23:31:04Z"), "{kept}");
    }

    #[test]
    fn what_may_stand_there_by_itself_is_left_in_facts_and_hidden_in_words() {
        let vault = Vault::default();
        vault.keep(["rosa", "12345678"].into_iter());
        let line = r#"{"type":"purchase","order":"12345678","value":"12345678.00","currency":"BRL","placed_at":"2026-11-21T23:31:04Z","ts":"2026-11-21T23:31:04Z","items":[{"sku":"BLUSA-rosa","quantity":1,"price":"12345678.00"}]}"#;
        let event = wire::read(line, &Defaults::default()).unwrap().event;
        assert_eq!(discreet(&vault, line), wire::write(&event));
        assert_eq!(vault.redact("the password rosa is refused"), "the password *** is refused");
        let chat = r#"{"type":"chat_message","id":"c1","author":"a","text":"its key is 12345678","ts":"2026-11-21T23:31:04Z"}"#;
        assert!(discreet(&vault, chat).contains("its key is ***"));
    }

    #[test]
    fn of_an_account_that_logs_in_all_the_time_the_latest_are_known_and_of_another_all() {
        let vault = Vault::default();
        vault.keep_issued("quiet", "token-of-the-quiet");
        (0..=ISSUED).for_each(|n| vault.keep_issued("busy", &format!("token-number-{n:04}")));
        assert!(vault.is_in("token-of-the-quiet") && vault.is_in("token-number-0016") && !vault.is_in("token-number-0000"));
    }
}
