//! A conversation by lines: with a person, who is asked again, or with prepared answers, where a wrong one ends it.

use std::io::{BufRead, Write};

use super::InterviewError;
use crate::engine::text::clean;
use crate::ui::words::Words;

/// Columns of an answer that are looked at.
const MOST_COLUMNS: usize = 4_000;
/// Wrong answers in a row after which even a person has left.
const MOST_TRIES: usize = 20;

/// Where questions go and answers come from.
#[derive(Debug)]
pub struct Talk<R, W> {
    input: R,
    out: W,
    is_person: bool,
}

impl<R: BufRead, W: Write> Talk<R, W> {
    /// With a person at a terminal, or with lines that were prepared.
    pub const fn new(input: R, out: W, is_person: bool) -> Self {
        Self { input, out, is_person }
    }

    #[must_use]
    pub const fn is_person(&self) -> bool {
        self.is_person
    }

    /// Says something on a line of its own.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn say(&mut self, text: &str) -> Result<(), InterviewError> {
        writeln!(self.out, "{text}").map_err(|_| InterviewError::Left)
    }

    fn line(&mut self) -> Result<Option<String>, InterviewError> {
        let mut line = String::new();
        match self.input.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(clean(line.trim(), MOST_COLUMNS).to_string())),
            Err(_) => Err(InterviewError::Left),
        }
    }

    fn prompt(&mut self, question: &str, usual: Option<&str>) -> Result<Option<String>, InterviewError> {
        let usual = usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
        write!(self.out, "{question}{usual}: ").and_then(|()| self.out.flush()).map_err(|_| InterviewError::Left)?;
        let answer = self.line()?;
        if !self.is_person {
            // prepared answers are not seen being typed
            self.say(answer.as_deref().unwrap_or_default())?;
        }
        Ok(answer)
    }

    /// Asks until the answer is taken. An empty one, and none at all where they were prepared, is the usual one.
    ///
    /// # Errors
    /// When an answer is needed and there is none, or a prepared one is wrong.
    pub fn ask(
        &mut self,
        question: &str,
        usual: Option<&str>,
        needed: bool,
        mut take: impl FnMut(&str) -> Result<(), String>,
    ) -> Result<(), InterviewError> {
        for _ in 0..MOST_TRIES {
            let answer = self.prompt(question, usual)?;
            let ended = answer.is_none();
            if ended && self.is_person {
                return Err(InterviewError::Left);
            }
            let answer = answer.filter(|answer| !answer.is_empty()).or_else(|| usual.map(str::to_owned)).unwrap_or_default();
            if answer.is_empty() {
                match (needed, self.is_person) {
                    (false, _) => return Ok(()),
                    (true, false) => return Err(InterviewError::NoAnswer { question: question.to_owned() }),
                    (true, true) => continue,
                }
            }
            match take(&answer) {
                Ok(()) => return Ok(()),
                Err(why) if self.is_person => self.say(&format!("  ✗ {why}"))?,
                Err(why) => return Err(InterviewError::Refused { question: question.to_owned(), answer, why }),
            }
        }
        Err(InterviewError::Left)
    }

    /// Asks for a yes or a no in the language of the words.
    ///
    /// # Errors
    /// When nobody answers any more.
    pub fn agrees(&mut self, question: &str, words: &Words, usual: bool) -> Result<bool, InterviewError> {
        let (yes, no) = (words.get("ask-yes"), words.get("ask-no"));
        let mut agreed = usual;
        let is = |answer: &str, word: &str| {
            let answer = answer.to_lowercase();
            !answer.is_empty() && word.to_lowercase().starts_with(&answer)
        };
        self.ask(question, Some(if usual { yes } else { no }), false, |answer| match () {
            () if is(answer, yes) || is(answer, "yes") => {
                agreed = true;
                Ok(())
            }
            () if is(answer, no) || is(answer, "no") => {
                agreed = false;
                Ok(())
            }
            () => Err(words.text("ask-yes-or-no", &[("yes", yes.into()), ("no", no.into())])),
        })?;
        Ok(agreed)
    }

    /// Asks for lines until an empty one; the first being empty takes the usual ones, a single `-` takes none.
    ///
    /// # Errors
    /// When a prepared line is wrong.
    pub fn lines(
        &mut self,
        question: &str,
        usual: &[String],
        most: usize,
        mut take: impl FnMut(&str) -> Result<(), String>,
    ) -> Result<(), InterviewError> {
        self.say(question)?;
        for line in usual {
            self.say(&format!("    {line}"))?;
        }
        let mut taken = 0;
        while taken < most {
            let mut last = None;
            self.ask("  +", None, false, |line| {
                if line != "-" {
                    take(line)?;
                }
                last = Some(line.to_owned());
                Ok(())
            })?;
            match last.as_deref() {
                Some("-") => return Ok(()),
                Some(_) => taken += 1,
                None if taken > 0 => return Ok(()),
                None => break,
            }
        }
        if taken == 0 {
            for line in usual {
                // what is proposed is made to be taken; if not, it is told and left out
                if let Err(why) = take(line) {
                    self.say(&format!("  ✗ {line}: {why}"))?;
                }
            }
        }
        Ok(())
    }
}
