//! The verbs and options, with help and examples.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// A full-screen terminal war room for live commerce: what sells, who watches, what to do about it.
#[derive(Clone, Debug, Parser)]
#[command(name = "warroom", version, about, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    pub options: Options,
    /// Without a verb: the demo.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

const EXAMPLES: &str = "Examples:
  warroom                           a simulated broadcast, 24 minutes in; q leaves
  warroom check plan.toml           everything that can be judged before the night
  warroom live plan.toml            the desk beside a live
  warroom replay friday.warroom     the same screen over an earlier live
  warroom summary friday.warroom    its figures

Exit codes: 0 done, 2 wrong configuration, 3 the journal failed, 128 + signal, 1 anything else.";

/// Options of every verb.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Everywhere")]
pub struct Options {
    /// Words on the glass: en, pt-BR [default: by the locale]
    #[arg(long, global = true, value_name = "LANG")]
    pub lang: Option<String>,
    /// Colours: dark, light, or a theme file of your own
    #[arg(long, global = true, value_name = "THEME")]
    pub theme: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// One line per notable event instead of the screen: for screen readers, logs and pipes
    #[arg(long, global = true)]
    pub plain: bool,
    /// The journal's file, instead of the one in the data folder
    #[arg(long, global = true, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Append what happens inside to this file: feeds, faults, journal, acts, no contents (WARROOM_LOG=debug for more)
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// A simulated broadcast that answers to what you do, scored at the end; without a scenario: the list of them
    #[command(after_help = REHEARSE_EXAMPLES)]
    Rehearse(RehearseArgs),
    /// A simulated broadcast, nothing to configure, nothing kept
    #[command(after_help = "Examples:\n  warroom demo\n  warroom demo --seed 7 --speed 10 --from 0")]
    Demo(DemoArgs),
    /// The desk beside a live
    #[command(
        after_help = "The same plan goes on with the same journal, whatever ended it.\n\nExamples:\n  warroom live plan.toml\n  warroom live plan.toml --journal /backup/friday.warroom\n  warroom live plan.toml --plain | tee friday.txt"
    )]
    Live {
        /// The plan file
        plan: PathBuf,
    },
    /// A second terminal on a live's journal while it is written, read-only
    #[command(
        after_help = "host is for the host: what to say now in big letters, what runs, questions, what comes next.\ndesk is the whole desk for a colleague; keys that write are refused.\n\nExamples:\n  warroom view host friday.warroom\n  warroom view desk friday.warroom"
    )]
    View {
        #[arg(value_enum)]
        sheet: Sheet,
        /// The journal that the desk writes (warroom lives lists them)
        journal: PathBuf,
    },
    /// The same screen over a journal or a file of events
    #[command(after_help = "Examples:\n  warroom replay friday.warroom\n  warroom replay events.ndjson --speed 60")]
    Replay {
        /// A journal, or a file of events as JSON Lines
        file: PathBuf,
        /// Times real speed, 0.25 to 600
        #[arg(long, default_value_t = 1.0, value_parser = speed)]
        speed: f64,
    },
    /// The figures of a broadcast, from files, stdin (-) or journals
    #[command(
        after_help = "Examples:\n  warroom summary friday.warroom\n  warroom summary events.ndjson --json --plan plan.toml\n  zcat *.gz | warroom summary - --json --at 2026-11-21T21:00:00-03:00"
    )]
    Summary {
        /// Files of events as JSON Lines, journals, or - for stdin
        #[arg(required = true, value_name = "INPUT")]
        inputs: Vec<String>,
        /// One JSON object
        #[arg(long)]
        json: bool,
        /// The plan that the broadcast is judged by
        #[arg(long, value_name = "FILE")]
        plan: Option<PathBuf>,
        /// As it stood at this time: drops what happened afterwards
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// The report of a live: HTML, Markdown, JSON, CSV and SQLite in a folder of its own
    #[command(
        after_help = "Examples:\n  warroom report friday.warroom\n  warroom report friday.warroom --out reports --lang pt-BR\n  warroom report friday.warroom --against monday.warroom --against tuesday.warroom\n  warroom report friday.warroom --tick 1,3\n  warroom report friday.warroom --customers purchases.csv\n  warroom report friday.warroom --update plan.toml     a week later: settled against live figures"
    )]
    Report(ReportArgs),
    /// The lessons ticked so far as a document for other teams, as Markdown
    #[command(after_help = "Examples:\n  warroom playbook > playbook.md\n  warroom playbook --lang pt-BR")]
    Playbook,
    /// A journal as JSON Lines, first the plan
    #[command(
        after_help = "Examples:\n  warroom export friday.warroom > friday.ndjson\n  warroom export friday.warroom | grep '\"type\":\"intervention\"'"
    )]
    Export {
        /// The journal; --journal does the same
        file: Option<PathBuf>,
    },
    /// A plan by questions, or its list of products
    #[command(
        after_help = "Examples:\n  warroom plan new terca.toml --products products.csv\n  warroom plan new < answers.txt\n  warroom plan products last-friday.warroom > products.csv"
    )]
    Plan {
        #[command(subcommand)]
        verb: PlanVerb,
    },
    /// Judges a plan before the night; with --live every feed is asked once
    #[command(
        after_help = "Half an hour before: warroom check plan.toml --live asks every feed, reads stock and prices of the planned products,\nand lists what only a person can tick. Exit code 0 when nothing failed, 1 when something did.\n\nExamples:\n  warroom check plan.toml\n  warroom check plan.toml --live --lang pt-BR"
    )]
    Check {
        /// The plan file
        plan: PathBuf,
        /// Ask every feed once: answers, ages, tokens, quota, clocks, signatures, stock and prices
        #[arg(long)]
        live: bool,
    },
    /// One feed by itself, for whoever writes a platform file
    Feed {
        #[command(subcommand)]
        verb: FeedVerb,
    },
    /// Earlier lives with their key figures; import of others; how long they are kept
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:\n  warroom lives\n  warroom lives tech 2026-11\n  warroom lives import export.xlsx --map tiktok_shop --zone America/Sao_Paulo --currency BRL\n  warroom lives --keep 400d"
    )]
    Lives(LivesArgs),
    /// Takes a person out of the ledger and of every journal; the figures stay what they were
    #[command(after_help = "Examples:\n  warroom forget c-17\n  warroom forget maria@example.com --yes")]
    Forget {
        /// The customer, or the chat author, as the shop or the platform names them
        customer: String,
        /// Without asking
        #[arg(long)]
        yes: bool,
    },
    /// The simulated broadcast without a screen, as fast as it goes
    #[command(
        after_help = "Examples:\n  warroom simulate --seed 7 --hours 2 > two-hours.ndjson\n  warroom simulate --hours 8 --journal eight.warroom"
    )]
    Simulate {
        /// The same seed gives the same broadcast, byte for byte
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Length in hours, up to 24
        #[arg(long, default_value_t = 2.0, value_parser = hours)]
        hours: f64,
    },
    /// Tests of rules: series in, expected recommendations out
    #[command(
        after_help = "Examples:\n  warroom rules test tests/rules/*.toml\n  warroom rules test mine.toml --playbook playbook.toml\n\nExit codes: 0 all passed, 1 some failed, 2 a file is wrong."
    )]
    Rules {
        #[command(subcommand)]
        verb: RulesVerb,
    },
    /// What a playbook would have recommended in past lives; or any series through the detector
    #[command(
        after_help = "The past answers as it did: what a recommendation would have changed is not simulated.\n\nExamples:\n  warroom backtest playbook.toml *.warroom\n  warroom backtest playbook.toml friday.warroom --json\n  warroom backtest --series visits.csv --out scored.csv\n\nA series is timestamp,value or timestamp,value,exposure with any times; the same rows come back with score (0 to 1)\nand fired (1 where an alarm was raised), each row judged with those above it alone."
    )]
    Backtest {
        /// The rules to try
        #[arg(required_unless_present = "series", conflicts_with = "series")]
        playbook: Option<PathBuf>,
        /// Journals, or files of events as JSON Lines
        #[arg(value_name = "JOURNAL", required_unless_present = "series")]
        inputs: Vec<String>,
        /// One JSON object
        #[arg(long, conflicts_with = "series")]
        json: bool,
        /// A CSV of timestamp, value and, if there is one, exposure
        #[arg(long, value_name = "FILE", requires = "out")]
        series: Option<PathBuf>,
        /// Where the judged rows go
        #[arg(long, value_name = "FILE", requires = "series")]
        out: Option<PathBuf>,
    },
    /// The JSON Schema of events, plan or summary, or the table of metrics
    #[command(after_help = "Examples:\n  warroom schema events\n  warroom schema metrics")]
    Schema {
        #[arg(value_enum)]
        subject: SchemaSubject,
    },
    /// What the desk starts to run a feed's filters in: orders on stdin, reports on stdout
    #[command(hide = true)]
    Mapper,
    /// Completions for a shell
    #[command(after_help = "Examples:\n  warroom completions bash > ~/.local/share/bash-completion/completions/warroom")]
    Completions { shell: Shell },
}

/// What to do with a feed.
#[derive(Clone, Debug, Subcommand)]
pub enum FeedVerb {
    /// Shows the payload, the events that it becomes, and what was left out
    #[command(
        after_help = "Examples:\n  warroom feed try kiosk.toml --request sales --payload answer.json     a stored answer, without a network\n  warroom feed try kiosk.toml --request sales --set base=http://127.0.0.1:8080\n  warroom feed try shop --plan plan.toml                                a feed of a plan, asked once\n  cat answer.json | warroom feed try vendure --request stock --payload -"
    )]
    Try(TryArgs),
    /// Prints a platform that is shipped, to begin one of your own from: its file, or with --filters its jq filters
    #[command(
        after_help = "Examples:\n  warroom feed show vendure > shop.toml\n  warroom feed show vendure --filters > shop.jq\n  warroom feed show warroom --filters          the library that every filter may use"
    )]
    Show {
        /// Its name; `warroom` with --filters is the library of all filters
        name: String,
        /// The jq filters instead of the file
        #[arg(long)]
        filters: bool,
    },
}

/// Options of `feed try`.
#[derive(Args, Clone, Debug, Default)]
pub struct TryArgs {
    /// A shipped platform, a platform file, or with --plan a feed of the plan
    pub name: String,
    /// The plan that the feed is of
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Which request of the platform
    #[arg(long, value_name = "NAME")]
    pub request: Option<String>,
    /// A stored payload (- for stdin): mapped without a network, its events printed as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub payload: Option<PathBuf>,
    /// The payload is the answer of the request's second call (twice: of its third); --set expand.NAME=VALUE gives what its notice said
    #[arg(long, requires = "payload", action = clap::ArgAction::Count)]
    pub expanded: u8,
    /// The lookup table ($join) as JSON
    #[arg(long, value_name = "FILE", requires = "payload")]
    pub join: Option<PathBuf>,
    /// When the payload was fetched ($at) [default: now]
    #[arg(long, value_name = "TIME", requires = "payload")]
    pub at: Option<String>,
    /// A variable of the platform that is no secret; secrets come from the environment
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Seconds that a stream or a listener is listened to
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub listen: u64,
}

/// What to do with rules.
#[derive(Clone, Debug, Subcommand)]
pub enum RulesVerb {
    /// Runs files of tests
    Test {
        /// Files of [[test]] tables
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The rules to test [default: the shipped ones]
        #[arg(long, value_name = "FILE")]
        playbook: Option<PathBuf>,
    },
}

/// Options of `lives`.
#[derive(Args, Clone, Debug)]
pub struct LivesArgs {
    #[command(subcommand)]
    pub verb: Option<LivesVerb>,
    /// Only those that have all of these in their name, title, format, theme, date, state or file
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
    /// Remove lives that were over longer ago (400d, 26w, 2y); asks before it does
    #[arg(long, value_name = "AGE")]
    pub keep: Option<String>,
    /// Without asking
    #[arg(long, requires = "keep")]
    pub yes: bool,
}

/// What else to do about lives.
#[derive(Clone, Debug, Subcommand)]
pub enum LivesVerb {
    /// Earlier lives out of a platform's export (CSV, XLSX), so that there is something to be held against from the first night
    #[command(
        after_help = "Examples:\n  warroom lives import export.xlsx --map tiktok_shop --zone America/Sao_Paulo --currency BRL --format weekly\n  warroom lives import curve.csv --map minutes --zone UTC --currency USD --title \"Tuesday tech\""
    )]
    Import(ImportArgs),
}

/// What an export does not say of itself.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// The export: CSV or XLSX
    pub file: PathBuf,
    /// How its columns are read: tiktok_shop, shopee, minutes, or a file of your own
    #[arg(long, value_name = "NAME")]
    pub map: String,
    /// The time zone of its times
    #[arg(long, value_name = "ZONE")]
    pub zone: String,
    /// The currency of its money
    #[arg(long, value_name = "CODE")]
    pub currency: String,
    /// Kind of show: lives of one kind are held against each other
    #[arg(long, value_name = "TEXT")]
    pub format: Option<String>,
    /// Title of lives that it does not name
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
}

/// What to do about a plan.
#[derive(Clone, Debug, Subcommand)]
pub enum PlanVerb {
    /// Asks for what matters and writes a plan; answers may be piped, one a line
    #[command(after_help = "Examples:\n  warroom plan new terca.toml\n  warroom plan new terca.toml --products products.csv < answers.txt")]
    New {
        /// Where it is written
        #[arg(default_value = "plan.toml")]
        file: PathBuf,
        /// Products from a CSV file: sku, name, price, cost, margin_floor, stock …
        #[arg(long, value_name = "FILE")]
        products: Option<PathBuf>,
        /// Write over a plan that is there
        #[arg(long)]
        overwrite: bool,
    },
    /// Prints a plan that explains every key
    Example,
    /// The products that a shop's feed, a journal or events tell of, as CSV
    #[command(
        after_help = "Examples:\n  warroom plan products friday.warroom > products.csv\n  warroom plan products --feed shop --plan plan.toml > products.csv"
    )]
    Products {
        /// Journals, files of events as JSON Lines, or - for stdin
        #[arg(required_unless_present = "feed", value_name = "INPUT")]
        inputs: Vec<String>,
        /// A feed of the plan: its polls are asked once
        #[arg(long, value_name = "NAME", requires = "plan", conflicts_with = "inputs")]
        feed: Option<String>,
        /// The plan that the feed is of
        #[arg(long, value_name = "FILE")]
        plan: Option<PathBuf>,
    },
}

const REHEARSE_EXAMPLES: &str = "Kept in the data folder, or beside --journal FILE: the journal, the debrief (.debrief.md), the score
(.score.json) and the keys (.keys). Scenario, seed and keys give the same live, byte for byte.

Examples:
  warroom rehearse                                        the scenarios: how long, what they train
  warroom rehearse w1-surprise-discount                   a drill of five minutes; q ends it, then its debrief
  warroom rehearse full-evening --speed 4 --seed 9
  warroom rehearse --keys friday.keys --speed 60          the same play again
  warroom rehearse checkout-down --solo --json            played by the playbook, without a screen
  warroom rehearse --from friday.warroom --speed 10       last Friday again
  warroom rehearse --solo --seeds 200 --compare a.toml b.toml";

/// Options of a rehearsal.
#[derive(Args, Clone, Debug)]
pub struct RehearseArgs {
    /// A shipped scenario by name, or a file
    pub scenario: Option<String>,
    /// The same seed, scenario and keys give the same live [default: 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Times real speed, 0.25 to 600
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Press the keys of this file instead of the operator's
    #[arg(long, value_name = "FILE", conflicts_with = "solo")]
    pub keys: Option<PathBuf>,
    /// A live that was (a journal, or events as JSON Lines): its audience and noise, your decisions
    #[arg(long, value_name = "JOURNAL", conflicts_with = "scenario")]
    pub from: Option<PathBuf>,
    /// The rules of this file instead of the shipped ones
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    pub playbook: Option<PathBuf>,
    /// Play by the playbook, without a screen
    #[arg(long)]
    pub solo: bool,
    /// With --solo: so many seeds, the response curves varied by ±50 % (all scenarios where none is named)
    #[arg(long, value_name = "N", requires = "solo", value_parser = clap::value_parser!(u64).range(2..=10_000))]
    pub seeds: Option<u64>,
    /// With --solo: two playbooks on the same seeds
    #[arg(long, num_args = 2, value_names = ["A", "B"], requires = "solo")]
    pub compare: Vec<PathBuf>,
    /// Print the score as JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of a report.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Journals, or files of events as JSON Lines
    #[arg(required = true, value_name = "JOURNAL")]
    pub inputs: Vec<String>,
    /// Where its folder is made
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// The plan that files of events are judged by; the playbook is written beside it
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// An earlier live to compare with, like for like; may be given several times
    #[arg(long, value_name = "JOURNAL")]
    pub against: Vec<String>,
    /// A history of purchases for lifetime values: CSV with the columns customer, date, value
    #[arg(long, value_name = "FILE")]
    pub customers: Option<PathBuf>,
    /// Read the feeds of this plan again: settled against live figures
    #[arg(long, value_name = "PLAN")]
    pub update: Option<PathBuf>,
    /// Proposed changes to follow in the next live, by their numbers
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub tick: Vec<usize>,
}

/// Options of the demo.
#[derive(Args, Clone, Copy, Debug)]
pub struct DemoArgs {
    /// The same seed gives the same broadcast
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Times real speed, 0.25 to 600
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Minutes that lie behind when it opens, up to 110
    #[arg(long, value_name = "MINUTES", default_value_t = 24, value_parser = clap::value_parser!(i64).range(0..=110))]
    pub from: i64,
}

impl Default for DemoArgs {
    fn default() -> Self {
        Self { seed: 1, speed: 1.0, from: 24 }
    }
}

/// What a second terminal shows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Sheet {
    Host,
    Desk,
}

impl From<Sheet> for crate::app::mirror::Sheet {
    fn from(sheet: Sheet) -> Self {
        match sheet {
            Sheet::Host => Self::Host,
            Sheet::Desk => Self::Desk,
        }
    }
}

/// What there is a schema of.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SchemaSubject {
    Events,
    Plan,
    Summary,
    Metrics,
}

fn between(text: &str, least: f64, most: f64) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("write a number from {least} to {most}"))
}

fn speed(text: &str) -> Result<f64, String> {
    between(text.trim_end_matches(['x', '×']), 0.25, 600.0)
}

fn hours(text: &str) -> Result<f64, String> {
    between(text, 1.0 / 60.0, 24.0)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_speed_is_read_with_its_sign() {
        assert_eq!(speed("60x"), Ok(60.0));
        assert!(speed("0").is_err() && speed("fast").is_err() && speed("NaN").is_err());
    }
}
