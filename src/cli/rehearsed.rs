//! `warroom rehearse`: which scenario, which seed, whose keys; the list of scenarios; plays without a screen and their comparison.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::args::{Options, RehearseArgs};
use super::output::{Failure, code, print, table};
use super::{environment, folders, look, losses, show};
use crate::app;
use crate::app::debrief::Debrief;
use crate::app::headway::Headway;
use crate::app::scoring::REACTION_S;
use crate::config::paths::Folders;
use crate::config::playbook;
use crate::config::settings::Settings;
use crate::engine::Engine;
use crate::engine::money::Money;
use crate::engine::rule::Playbook;
use crate::files::InputReport;
use crate::rehearsal::best::Budget;
use crate::rehearsal::keys::{Keys, Source};
use crate::rehearsal::policy::{Advised, Policy};
use crate::rehearsal::progress;
use crate::rehearsal::recast::{Recast, recast};
use crate::rehearsal::score::{CURVES, score};
use crate::rehearsal::solo::Solo;
use crate::rehearsal::study::{Gains, gains};
use crate::simulate::scenario::{SHIPPED, Scenario};
use crate::summary;
use crate::ui::format::Format;
use crate::ui::glyphs::{Charset, Glyphs};
use crate::ui::keymap::Key;
use crate::ui::words::{Lang, Words};

/// A file of keys or of a scenario is no longer than this.
const MOST_BYTES: u64 = 8 << 20;

/// Plays, lists or compares.
///
/// # Errors
/// When a file cannot be read or contradicts itself, or what is asked for does not go together.
pub fn run(options: &Options, args: &RehearseArgs) -> Result<u8, Failure> {
    let lang = lang(options)?;
    if args.scenario.is_none() && args.from.is_none() && args.keys.is_none() && !args.solo {
        return list(lang);
    }
    let keys = args.keys.as_deref().map(read_keys).transpose()?;
    if args.seeds.is_some() || !args.compare.is_empty() {
        return study(args, lang);
    }
    let Chosen { scenario, source, remarks } = chosen(args, keys.as_ref(), lang)?;
    let seed = args.seed.or(keys.as_ref().and_then(|keys| keys.seed)).unwrap_or(1);
    let playbook = playbook_of(args.playbook.as_deref())?;
    if args.solo {
        return solo((scenario, &remarks), seed, playbook, args.json, lang);
    }
    if keys.is_some() && options.plain {
        return Err(Failure::new(
            code::CONFIGURATION,
            "--keys presses keys on the screen; leave --plain out, or play by the playbook with --solo",
        ));
    }
    let journal = options.journal.clone().map_or_else(|| usual_journal(&scenario), Ok)?;
    let request = app::rehearse::Request {
        scenario,
        source,
        seed,
        speed: args.speed,
        keys,
        playbook,
        json: args.json,
        remarks,
        journal,
        progress: progress_file(&folders()?),
    };
    show(options, app::Show::Rehearse(Box::new(request)))
}

fn lang(options: &Options) -> Result<Lang, Failure> {
    let own = Folders::find(&environment);
    let settings = Settings::load(own.as_ref().map(Folders::settings).as_deref()).map_err(|problems| Failure::configuration(&problems))?;
    Ok(look::choose(options, &settings, own.as_ref(), &environment)?.lang)
}

/// Where rehearsals are kept.
fn rehearsals(folders: &Folders) -> PathBuf {
    folders.data.join("rehearsals")
}

fn progress_file(folders: &Folders) -> PathBuf {
    rehearsals(folders).join("progress.jsonl")
}

fn usual_journal(scenario: &Scenario) -> Result<PathBuf, Failure> {
    let stamp = crate::clock::wall_now().utc().format("%Y%m%d-%H%M%S");
    Ok(rehearsals(&folders()?).join(format!("{}-{stamp}.{}", scenario.called(), crate::journal::EXTENSION)))
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let wrong = |cause: String| Failure::new(code::CONFIGURATION, format!("{}: {cause}", path.display()));
    let size = std::fs::metadata(path).map_err(|cause| wrong(cause.to_string()))?.len();
    if size > MOST_BYTES {
        return Err(wrong(format!("has {size} bytes; at most {MOST_BYTES} are read")));
    }
    std::fs::read_to_string(path).map_err(|cause| wrong(cause.to_string()))
}

fn read_keys(path: &Path) -> Result<Keys, Failure> {
    let wrong = |lines: Vec<String>| Failure {
        code: code::CONFIGURATION,
        lines: lines.into_iter().map(|line| format!("{}:{line}", path.display())).collect(),
    };
    Keys::read(&read_text(path)?, &|key| Key::parse(key).is_some()).map_err(wrong)
}

fn playbook_of(path: Option<&Path>) -> Result<Playbook, Failure> {
    let Some(path) = path else { return Ok(playbook::shipped()) };
    let told = |problem: &playbook::PlaybookProblem| format!("{}: {problem}", path.display());
    playbook::load(path).map_err(|problems| Failure::configuration(&problems.iter().map(told).collect::<Vec<_>>()))
}

/// A scenario by its name, or of a file.
fn named(name: &str) -> Result<Scenario, Failure> {
    if !Path::new(name).is_file() {
        return Scenario::shipped(name).map_err(|problems| Failure::configuration(&problems));
    }
    let told = |problems: Vec<crate::simulate::place::Problem>| {
        Failure::configuration(&problems.iter().map(|problem| format!("{name}:{problem}")).collect::<Vec<_>>())
    };
    Scenario::read(&read_text(Path::new(name))?).map_err(told)
}

/// What is played: a scenario, what it was read from, and what is assumed in it.
struct Chosen {
    scenario: Scenario,
    source: Option<Source>,
    remarks: Vec<String>,
}

impl Chosen {
    fn named(name: &str) -> Result<Self, Failure> {
        let path = Path::new(name);
        let source = path.is_file().then(|| Source::File(absolute(path)));
        Ok(Self { scenario: named(name)?, source, remarks: Vec::new() })
    }

    fn again(journal: &Path, lang: Lang) -> Result<Self, Failure> {
        let (scenario, remarks) = again(journal, lang)?;
        let source = Some(absolute(journal)).filter(|_| journal.as_os_str() != "-").map(Source::Journal);
        Ok(Self { scenario, source, remarks })
    }
}

/// So that it is found again from another folder.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The scenario that is asked for, or the one that the keys were pressed in.
fn chosen(args: &RehearseArgs, keys: Option<&Keys>, lang: Lang) -> Result<Chosen, Failure> {
    let chosen = match (&args.from, &args.scenario, keys.zip(args.keys.as_deref())) {
        (Some(journal), ..) => Chosen::again(journal, lang)?,
        (None, Some(name), _) => Chosen::named(name)?,
        (None, None, Some((keys, file))) => return of_keys(keys, file, lang),
        (None, None, None) => return Err(unnamed()),
    };
    let own = [chosen.scenario.called(), chosen.scenario.name.as_str()];
    match keys.and_then(|keys| keys.scenario.as_deref()).filter(|pressed| !own.contains(pressed)) {
        Some(pressed) => {
            let what = format!("these keys were pressed in {pressed}, not in {}; give that one, or take the file's first line out", own[0]);
            Err(Failure::new(code::CONFIGURATION, what))
        }
        None => Ok(chosen),
    }
}

fn unnamed() -> Failure {
    Failure::new(code::CONFIGURATION, "name the scenario: `warroom rehearse` lists them")
}

/// The scenario that the keys of a file were pressed in; where it cannot be had, what to give.
fn of_keys(keys: &Keys, file: &Path, lang: Lang) -> Result<Chosen, Failure> {
    let file = file.display();
    let gone = |what: String, give: &str| Failure::new(code::CONFIGURATION, format!("{file}: pressed in {what}; give it: {give}"));
    let (own, from) =
        (format!("`warroom rehearse SCENARIO.toml --keys {file}`"), format!("`warroom rehearse --from JOURNAL --keys {file}`"));
    match (&keys.source, &keys.scenario) {
        (Some(Source::File(path)), _) if !path.is_file() => {
            Err(gone(format!("the scenario of {}, which is not there", path.display()), &own))
        }
        (Some(Source::File(path)), _) => Chosen::named(&path.to_string_lossy()),
        (Some(Source::Journal(path)), _) if !path.is_file() => {
            Err(gone(format!("the live of {}, which is not there", path.display()), &from))
        }
        (Some(Source::Journal(path)), _) => Chosen::again(path, lang),
        (None, Some(name)) if Path::new(name).is_file() || SHIPPED.iter().any(|(shipped, _)| shipped == name) => Chosen::named(name),
        (None, Some(name)) => Err(gone(format!("{name}, which is no shipped scenario"), &format!("{own} or {from}"))),
        (None, None) => Err(unnamed()),
    }
}

/// A live that was as a scenario, and what in it is assumed.
fn again(journal: &Path, lang: Lang) -> Result<(Scenario, Vec<String>), Failure> {
    let words = Words::new(lang);
    let inputs = vec![journal.display().to_string()];
    let headway = Headway::of(&inputs[0], lang);
    let gauge = Arc::clone(headway.gauge());
    let folded = summary::fold(&summary::Request { inputs, gauge, ..summary::Request::default() }).map_err(Failure::other)?;
    drop(headway);
    let lost = losses(&folded, InputReport::quarantined, &words);
    lost.iter().for_each(|lost| Failure::other(lost).tell(&words));
    let demo = named("demo")?;
    let Recast { scenario, assumed } = recast(&folded.engine, &demo).map_err(|why| {
        let why = format!("recast-too-little-{}", why.id());
        Failure::new(code::CONFIGURATION, format!("{}: {}", journal.display(), words.get(&why)))
    })?;
    let mut remarks = vec![words.text("recast-from", &[("file", journal.display().to_string().into())])];
    remarks.extend(lost);
    remarks.extend(assumed.iter().map(|what| words.get(&format!("recast-assumed-{}", what.id())).to_owned()));
    Ok((scenario, remarks))
}

/// The shipped scenarios: how long they are, what they train, how they went so far.
fn list(lang: Lang) -> Result<u8, Failure> {
    let words = Words::new(lang);
    let format = Format::new(lang, chrono_tz::UTC, Glyphs::of(Charset::Unicode));
    let folders = Folders::find(&environment);
    let played = folders.and_then(|folders| std::fs::read_to_string(progress_file(&folders)).ok()).unwrap_or_default();
    let courses = progress::courses(&progress::read(&played).0);
    let heads = ["rehearse-name", "rehearse-length", "rehearse-plays", "rehearse-best", "rehearse-about"];
    let mut rows = vec![heads.map(|head| words.get(head).to_owned())];
    for (name, _) in SHIPPED {
        let scenario = named(name)?;
        let minutes = (scenario.closes_s() - scenario.opens_s()) / 60;
        let course = courses.iter().find(|course| course.scenario == *name);
        let best = course.and_then(|course| course.best()).map(|share| format.percent(share, 0));
        rows.push([
            (*name).to_owned(),
            words.text("rehearse-minutes", &[("play", minutes.into()), ("behind", scenario.opens.at_min.into())]),
            course.map(|course| course.plays.to_string()).unwrap_or_default(),
            best.unwrap_or_default(),
            about(&scenario, lang).to_owned(),
        ]);
    }
    print(|out| write!(out, "{}\n{}\n", table(&rows), words.get("rehearse-how")))?;
    Ok(code::DONE)
}

fn about(scenario: &Scenario, lang: Lang) -> &str {
    let short = lang.id().split('-').next().unwrap_or_default();
    scenario.about.get(lang.id()).or_else(|| scenario.about.get(short)).or_else(|| scenario.about.get("en")).map_or("", String::as_str)
}

/// One play by the playbook, with its debrief.
fn solo((scenario, remarks): (Scenario, &[String]), seed: u64, playbook: Playbook, json: bool, lang: Lang) -> Result<u8, Failure> {
    let scenario = Arc::new(scenario);
    let mut play = Solo::new(Arc::clone(&scenario), seed).map_err(Failure::other)?;
    play.engine_mut().arm(playbook);
    let played = play.play(&mut Advised::new(REACTION_S));
    let score = score(&played, Budget::default(), None).map_err(Failure::other)?;
    if json {
        print(|out| writeln!(out, "{}", score.json()))?;
        return Ok(code::DONE);
    }
    let (words, format) = (Words::new(lang), Format::new(lang, scenario.time_zone, Glyphs::of(Charset::Unicode)));
    let debrief = Debrief {
        score: &score,
        scenario: &scenario,
        searching: None,
        left_s: None,
        course: None,
        uncounted: None,
        remarks,
        words: &words,
        format: &format,
    };
    print(|out| out.write_all(debrief.page().markdown().as_bytes()))?;
    Ok(code::DONE)
}

/// A playbook that is compared, by its file's name.
struct Side {
    name: String,
    playbook: Playbook,
}

fn sides(args: &RehearseArgs) -> Result<Vec<Side>, Failure> {
    let side = |path: Option<&Path>| -> Result<Side, Failure> {
        let name = path.map_or_else(|| "playbook".to_owned(), |path| path.display().to_string());
        Ok(Side { name, playbook: playbook_of(path)? })
    };
    if args.compare.is_empty() {
        return Ok(vec![side(args.playbook.as_deref())?]);
    }
    args.compare.iter().map(|path| side(Some(path))).collect()
}

/// Many seeds with the curves varied: what a playbook gains over nobody, and two of them against each other.
fn study(args: &RehearseArgs, lang: Lang) -> Result<u8, Failure> {
    let sides = sides(args)?;
    let seeds = args.seeds.unwrap_or(DEFAULT_SEEDS);
    let first = args.seed.unwrap_or(1);
    let scenarios: Vec<Scenario> = match (&args.scenario, &args.from) {
        (Some(name), _) => vec![named(name)?],
        (None, Some(journal)) => vec![again(journal, lang)?.0],
        (None, None) => SHIPPED.iter().skip(1).map(|(name, _)| named(name)).collect::<Result<_, _>>()?,
    };
    let words = Words::new(lang);
    let runs = sides.len() * scenarios.len() * usize::try_from(seeds).unwrap_or(usize::MAX);
    let course = Course { done: AtomicUsize::new(0), of: runs };
    let mut found: Vec<(&Scenario, Gains)> = Vec::new();
    for scenario in &scenarios {
        let mut own = Vec::new();
        for side in &sides {
            let arm = |engine: &mut Engine| engine.arm(side.playbook.clone());
            let policy = |_: u64| -> Box<dyn Policy> {
                course.tell();
                Box::new(Advised::new(REACTION_S))
            };
            own.push(gains(&side.name, scenario, first..first.saturating_add(seeds), &arm, &policy).map_err(Failure::other)?);
        }
        if let [one, other] = own.as_slice() {
            own.push(one.over(other));
        }
        found.extend(own.into_iter().map(|gains| (scenario, gains)));
    }
    course.end();
    let told = if args.json { study_json(&found) } else { study_table(&found, seeds, &words, lang) };
    print(|out| out.write_all(told.as_bytes()))?;
    Ok(code::DONE)
}

/// Seeds of a comparison that names none.
const DEFAULT_SEEDS: u64 = 40;

/// How far a study is, on standard error where that is a terminal.
struct Course {
    done: AtomicUsize,
    of: usize,
}

impl Course {
    fn tell(&self) {
        use std::io::IsTerminal;
        let done = self.done.fetch_add(1, Ordering::Relaxed);
        if std::io::stderr().is_terminal() {
            eprint!("\r{done} / {} ", self.of);
        }
    }
    fn end(&self) {
        use std::io::IsTerminal;
        if std::io::stderr().is_terminal() {
            eprint!("\r{:width$}\r", "", width = self.of.to_string().len() * 2 + 4);
        }
    }
}

fn study_json(found: &[(&Scenario, Gains)]) -> String {
    let gains: Vec<&Gains> = found.iter().map(|(_, gains)| gains).collect();
    let told = serde_json::json!({ "format": 1, "curves": CURVES, "curves_varied": 0.5, "interval": 0.95, "gains": gains });
    serde_json::to_string_pretty(&told).unwrap_or_default() + "\n"
}

fn study_table(found: &[(&Scenario, Gains)], seeds: u64, words: &Words, lang: Lang) -> String {
    let format = Format::new(lang, chrono_tz::UTC, Glyphs::of(Charset::Unicode));
    let heads = ["rehearse-name", "study-playbook", "study-mean", "study-low", "study-high", "study-verdict"];
    let mut rows = vec![heads.map(|head| words.get(head).to_owned())];
    for (scenario, gains) in found {
        #[expect(clippy::cast_possible_truncation, reason = "money of a night")]
        let money = |minor: f64| format.money_short(Money::new(minor.round() as i64, scenario.currency));
        let verdict = match () {
            () if gains.earns() => "study-earns",
            () if gains.high_minor < 0.0 => "study-loses",
            () => "study-open",
        };
        rows.push([
            gains.scenario.clone(),
            gains.policy.clone(),
            money(gains.mean_minor),
            money(gains.low_minor),
            money(gains.high_minor),
            words.get(verdict).to_owned(),
        ]);
    }
    let about = words.text("study-about", &[("seeds", seeds.to_string().into()), ("reaction", REACTION_S.into())]);
    format!("{}\n{about}\n{}\n", table(&rows), words.get("debrief-curves"))
}
