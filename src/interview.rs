//! `warroom plan new`: asks for what matters, takes an answer only when the plan can be read with it, and writes the plan.
//!
//! [`talk`] is where questions go and answers come from, [`draft`] the plan as far as it is known, [`question`] what is asked.
//! Nothing is written before the last answer, and a file that is there is never overwritten without a word.

pub mod draft;
pub mod question;
pub mod talk;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use crate::config::plan;
use crate::engine::plan::Plan;
use crate::engine::time::At;
use crate::feed::document::Problem;
use crate::report::lesson::Lesson;
use crate::report::write::put_text;
use crate::ui::words::Words;
use draft::Draft;
use talk::Talk;

/// What is known before the first question.
#[derive(Debug)]
pub struct Request<'a> {
    /// Where the plan is to be written.
    pub file: PathBuf,
    /// A CSV file of products that was named on the command line.
    pub products: Option<PathBuf>,
    /// A file that is there may be overwritten.
    pub overwrite: bool,
    /// Lessons of earlier reports that were ticked.
    pub lessons: Vec<Lesson>,
    /// The plan of the latest live: what this one is probably like.
    pub last: Option<Plan>,
    pub now: At,
    pub words: &'a Words,
}

/// Why no plan was written.
#[derive(Debug, thiserror::Error)]
pub enum InterviewError {
    #[error("{file}: is there already; name another file, or say --overwrite")]
    Exists { file: String },
    #[error("no answer to \"{question}\"; give one line for every question")]
    NoAnswer { question: String },
    #[error("\"{question}\": `{answer}`: {why}")]
    Refused { question: String, answer: String, why: String },
    #[error("left before the last question; nothing was written")]
    Left,
    #[error("{file}: {cause}; nothing was written")]
    Io { file: String, cause: std::io::Error },
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    pub file: PathBuf,
    /// What `warroom check` will say is worth a look.
    pub doubts: Vec<Problem>,
}

/// Asks everything and writes the plan.
///
/// # Errors
/// When an answer is missing or wrong and nobody is there to ask again, or the plan cannot be written.
pub fn run<R: BufRead, W: Write>(request: &Request<'_>, talk: &mut Talk<R, W>) -> Result<Written, InterviewError> {
    let words = request.words;
    let file = request.file.display().to_string();
    let exists = request.file.exists();
    if exists && !request.overwrite {
        let question = words.text("ask-overwrite", &[("file", file.as_str().into())]);
        if !talk.is_person() || !talk.agrees(&question, words, false)? {
            return Err(InterviewError::Exists { file });
        }
    }
    let mut draft = Draft::default();
    question::ask_all(request, &mut draft, talk)?;
    let text = draft.toml(words);
    let loaded = judge(&request.file, &text).map_err(|problems| InterviewError::Refused {
        question: words.get("ask-whole").to_owned(),
        answer: file.clone(),
        why: told(&problems),
    })?;
    write_whole(&request.file, &text).map_err(|cause| InterviewError::Io { file, cause })?;
    Ok(Written { file: request.file.clone(), doubts: loaded.doubts })
}

/// Reads the draft as the plan that it would be; its secrets are not asked for.
fn judge(file: &Path, text: &str) -> Result<plan::Loaded, Vec<Problem>> {
    plan::read(&file.display().to_string(), text, "plan", &|_| None)
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{}; {}", problem.what, problem.remedy)).collect::<Vec<_>>().join(" · ")
}

/// The whole file or none of it.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    put_text(path, text)
}
