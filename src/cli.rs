//! The command line: verbs, options, help with examples, exit codes.
//!
//! [`run`] parses, calls and gives the exit code; what a verb does lies in the modules that it calls.

pub mod args;
pub mod check;
pub mod lives;
pub mod log;
pub mod look;
pub mod output;
pub mod planning;
pub mod rehearsed;
pub mod rules;
pub mod shipped;
pub mod simulated;
pub mod trial;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{CommandFactory, Parser};

use crate::app;
use crate::app::headway::Headway;
use crate::config::paths::Folders;
use crate::config::plan::{self, Loaded};
use crate::config::settings::Settings;
use crate::engine::time::At;
use crate::files::InputReport;
use crate::journal::{JournalError, Reader, export};
use crate::schema::Subject;
use crate::simulate;
use crate::summary;
use crate::ui::words::Words;
use args::{Cli, DemoArgs, FeedVerb, LivesVerb, Options, ReportArgs, RulesVerb, SchemaSubject, Verb};
use output::{Failure, code, print, table};

/// The environment's door.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Everything between the arguments and the exit code.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too.
            drop(error.print());
            return u8::try_from(error.exit_code()).unwrap_or(code::FAILED);
        }
    };
    let options = cli.options.clone();
    dispatch(cli).unwrap_or_else(|failure| {
        // settings that are wrong cannot say in which language to tell it
        failure.tell(&words(&options).unwrap_or_else(|_| Words::new(look::language(&options, &environment))));
        failure.code
    })
}

fn dispatch(cli: Cli) -> Result<u8, Failure> {
    let Cli { options, verb } = cli;
    if let Some(file) = &options.log {
        log::start(file, environment(log::VARIABLE).as_deref())?;
    }
    match verb.unwrap_or(Verb::Demo(DemoArgs::default())) {
        Verb::Demo(demo) => show(&options, app::Show::Demo(app::demo::Request { seed: demo.seed, speed: demo.speed, from_min: demo.from })),
        Verb::Live { plan } => live(&options, &plan),
        Verb::Rehearse(args) => rehearsed::run(&options, &args),
        Verb::View { sheet, journal } => show(&options, app::Show::Mirror { file: journal, sheet: sheet.into() }),
        Verb::Replay { file, speed } => show(&options, app::Show::Replay { file, speed }),
        Verb::Summary { inputs, json, plan, at } => summarise(&options, inputs, json, (plan.as_deref(), at.as_deref())),
        Verb::Report(asked) => report(&options, asked),
        Verb::Playbook => playbook(&options),
        Verb::Export { file } => export_journal(file.or_else(|| options.journal.clone()), &words(&options)?),
        Verb::Plan { verb } => planning::run(verb, &words(&options)?, Folders::find(&environment).as_ref(), &environment),
        Verb::Check { plan, live } => check_plan(&options, &plan, live),
        Verb::Feed { verb: FeedVerb::Try(asked) } => trial::run(&asked, &words(&options)?, &environment),
        Verb::Feed { verb: FeedVerb::Show { name, filters } } => shipped::run(&name, filters),
        Verb::Lives(mut arguments) => match arguments.verb.take() {
            Some(LivesVerb::Import(import)) => lives::import_lives(import, &words(&options)?, &folders()?),
            None => lives::run(&arguments, &words(&options)?, &folders()?),
        },
        Verb::Forget { customer, yes } => {
            lives::forget(&customer, options.journal.clone().into_iter().collect(), yes, &words(&options)?, &folders()?)
        }
        Verb::Simulate { seed, hours } => simulate(seed, hours, options.journal.as_deref()),
        Verb::Rules { verb: RulesVerb::Test { files, playbook } } => rules::test(&files, playbook.as_deref()),
        Verb::Backtest { series: Some(series), out: Some(out), .. } => rules::judge_series(&series, &out),
        Verb::Backtest { playbook, inputs, json, .. } => rules::backtest(playbook.as_deref(), &inputs, json),
        Verb::Schema { subject } => schema(subject),
        Verb::Mapper => Ok(crate::feed::mapper::child::serve()),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "warroom", &mut script);
            print(|out| out.write_all(&script)).map(|()| code::DONE)
        }
    }
}

fn folders() -> Result<Folders, Failure> {
    Folders::find(&environment).ok_or_else(|| Failure::new(code::CONFIGURATION, "no home folder; set HOME or XDG_DATA_HOME"))
}

/// The words of the language that the operator chose.
fn words(options: &Options) -> Result<Words, Failure> {
    let own = Folders::find(&environment);
    let settings = Settings::load(own.as_ref().map(Folders::settings).as_deref()).map_err(|problems| Failure::configuration(&problems))?;
    Ok(Words::new(look::choose(options, &settings, own.as_ref(), &environment)?.lang))
}

/// Opens the screen, or its lines with `--plain`.
fn show(options: &Options, show: app::Show) -> Result<u8, Failure> {
    let own = Folders::find(&environment);
    let settings = Settings::load(own.as_ref().map(Folders::settings).as_deref()).map_err(|problems| Failure::configuration(&problems))?;
    let look = look::choose(options, &settings, own.as_ref(), &environment)?;
    let request = app::Request { show, look, plain: options.plain, operator: settings.operator };
    app::open(request).map_err(Failure::other)
}

fn live(options: &Options, plan: &Path) -> Result<u8, Failure> {
    let loaded = plan::load(plan, &environment).map_err(|problems| Failure::configuration(&problems))?;
    let folders = folders()?;
    let journal = options.journal.clone().unwrap_or_else(|| folders.journal_of(&loaded.plan));
    show(options, app::Show::Live(Box::new(app::LiveRequest { loaded, journal, folders })))
}

/// A plan that only judges figures: its feeds are not started, so their secrets are not asked for.
fn plan_without_feeds(path: &Path) -> Result<Loaded, Failure> {
    plan::load(path, &|_| Some("unused".to_owned())).map_err(|problems| Failure::configuration(&problems))
}

fn summarise(options: &Options, inputs: Vec<String>, json: bool, (plan, at): (Option<&Path>, Option<&str>)) -> Result<u8, Failure> {
    let plan = plan.map(plan_without_feeds).transpose()?.map(|loaded| loaded.plan);
    let zone = plan.as_ref().and_then(|plan| plan.time_zone);
    let at = at
        .map(|text| {
            At::parse(text, zone)
                .ok_or_else(|| Failure::new(code::CONFIGURATION, format!("--at {text}: no time; write it as 2026-11-21T21:00:00-03:00")))
        })
        .transpose()?;
    let headway = Headway::of(inputs.first().map_or("", String::as_str), words(options)?.lang());
    let gauge = Arc::clone(headway.gauge());
    let folded = summary::fold(&summary::Request { inputs, plan, at, gauge }).map_err(Failure::other)?;
    drop(headway);
    print(|out| out.write_all(summary::print(&folded, json).as_bytes()))?;
    // The lines that are no events stand among the figures.
    if folded.reports.iter().any(|report| !report.losses.is_empty()) {
        let words = words(options)?;
        losses(&folded, |_| 0, &words).iter().for_each(|lost| Failure::other(lost).tell(&words));
    }
    Ok(code::DONE)
}

/// What each input has lost, in a sentence; `refused` counts those of its lines that are no events.
fn losses(folded: &summary::Folded, refused: impl Fn(&InputReport) -> u64, words: &Words) -> Vec<String> {
    let told = |report: &InputReport| {
        let lost = app::glass::told_losses(words, &report.losses, refused(report))?;
        Some(format!("{}: {lost}", report.name))
    };
    folded.reports.iter().filter_map(told).collect()
}

fn report(options: &Options, asked: ReportArgs) -> Result<u8, Failure> {
    let own = Folders::find(&environment);
    let settings = Settings::load(own.as_ref().map(Folders::settings).as_deref()).map_err(|problems| Failure::configuration(&problems))?;
    let look = look::choose(options, &settings, own.as_ref(), &environment)?;
    let update = asked.update.as_deref().map(|path| plan::load(path, &environment)).transpose();
    let request = app::reporting::Request {
        plan: asked.plan.as_deref().map(plan_without_feeds).transpose()?.map(|loaded| loaded.plan),
        inputs: asked.inputs,
        lang: look.lang,
        out: asked.out,
        customers: asked.customers,
        against: asked.against,
        update: update.map_err(|problems| Failure::configuration(&problems))?,
        folders: own,
        ticks: asked.tick,
        beside: asked.plan.or(asked.update),
    };
    let made = app::reporting::run(&request).map_err(Failure::other)?;
    for sentence in &made.missing {
        Failure::other(sentence).tell(&Words::new(look.lang));
    }
    print(|out| writeln!(out, "{}", made.written.html.display()))?;
    Ok(code::DONE)
}

fn playbook(options: &Options) -> Result<u8, Failure> {
    let own = folders()?;
    let settings = Settings::load(Some(own.settings().as_path())).map_err(|problems| Failure::configuration(&problems))?;
    let look = look::choose(options, &settings, Some(&own), &environment)?;
    let document = app::reporting::playbook_of(&own, look.lang).map_err(Failure::other)?;
    print(|out| out.write_all(document.as_bytes())).map(|()| code::DONE)
}

fn of_journal(error: &JournalError) -> Failure {
    Failure::other(error)
}

fn export_journal(file: Option<PathBuf>, words: &Words) -> Result<u8, Failure> {
    let path = file.ok_or_else(|| Failure::new(code::CONFIGURATION, "name the journal: warroom export FILE"))?;
    let reader = Reader::open(&path).map_err(|error| of_journal(&error))?;
    let mut losses = None;
    print(|mut out| {
        losses = Some(export::export(&reader, &mut out)?);
        Ok(())
    })?;
    if let Some(lost) = losses.filter(|losses| !losses.is_empty()) {
        let end = if lost.tail { ", and its end cannot be read" } else { "" };
        Failure::other(format!("{}: damaged: {} records are missing{end}; the rest was written", path.display(), lost.records()))
            .tell(words);
    }
    Ok(code::DONE)
}

fn check_plan(options: &Options, plan: &Path, live: bool) -> Result<u8, Failure> {
    let words = words(options)?;
    let asked = check::Asked { plan, journal: options.journal.as_deref(), live, words: &words, environment: &environment };
    let findings = check::check(asked);
    let rows: Vec<[String; 2]> = findings
        .points
        .iter()
        .map(|point| {
            let remedy = if point.remedy.is_empty() { String::new() } else { format!(" → {}", point.remedy) };
            let told = crate::engine::text::clean(&format!("{}{remedy}", point.what), 1_000);
            [point.verdict.label(&words), told.to_string()]
        })
        .collect();
    print(|out| out.write_all(table(&rows).as_bytes()))?;
    Ok(findings.code)
}

fn simulate(seed: u64, hours: f64, journal: Option<&Path>) -> Result<u8, Failure> {
    match journal {
        Some(path) => simulated::to_journal(seed, hours, path),
        None => print(|mut out| simulate::run(seed, hours, &mut out).map(|_| ())).map(|()| code::DONE),
    }
}

fn schema(subject: SchemaSubject) -> Result<u8, Failure> {
    let subject = match subject {
        SchemaSubject::Events => Subject::Events,
        SchemaSubject::Plan => Subject::Plan,
        SchemaSubject::Summary => Subject::Summary,
        SchemaSubject::Metrics => Subject::Metrics,
    };
    print(|out| out.write_all(subject.print().as_bytes())).map(|()| code::DONE)
}
