//! What can be typed: the commands and their options, as `clap` reads them.

use std::net::SocketAddr;
use std::path::PathBuf;

use app::plan::changes::Change;
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::access::Role;
use domain::agreement::Side;
use domain::goal::Counts;
use domain::goal::tree::Dimension;
use domain::kind::Kind;
use domain::master::{Master, Realm};
use domain::pay::run::Ruling;
use domain::period::Period;
use jiff::civil::Date;
use reports::attribution::{By, Conversions, Model};
use reports::pipeline::Flow;
use url::Url;

/// Baton: revenue performance management. From the exports of your CRM and one revenue number to
/// a plan, a scoreboard and a forecast.
#[derive(Debug, Parser)]
#[command(name = "baton", version, max_term_width = 100)]
pub struct Arguments {
    /// The data folder of the company
    #[arg(long, env = "BATON_DATA", global = true, value_name = "DIR", default_value = "data")]
    pub data: PathBuf,
    /// Ask a Baton server for the report instead of a data folder, with the token that
    /// BATON_TOKEN holds
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<Url>,
    /// Let the token go to another machine without TLS
    #[arg(long, global = true, requires = "server")]
    pub plain_http: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the data folder of a company
    Init(Init),
    /// Read a file of a CRM, marketing or finance system into Baton
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Import(Import),
    /// Look at the funnel
    #[command(subcommand)]
    Funnel(Funnel),
    /// Set the revenue goal of a period
    #[command(subcommand)]
    Goal(Goal),
    /// What each month must bring so that the goal is met
    #[command(args_conflicts_with_subcommands = true)]
    Plan(Plan),
    /// Each leg of the relay: actual against expected
    Scoreboard(AsOf),
    /// What a period will bring, and how sure that is
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Forecast(Forecast),
    /// What runs by subscription, how much of it goes on, and what a year will leave of it
    Retention(Retention),
    /// Which channels, campaigns, teams or people had which part in what was won, by every model
    Attribution(Attribution),
    /// Who came in some days, by which channel, and what became of those who were new
    Awareness(Awareness),
    /// The probability of a yes, learned from rows that have told
    #[command(subcommand)]
    Score(Score),
    /// What a pay plan pays for which deals, and why
    #[command(subcommand)]
    Pay(Pay),
    /// The open deals as they stood at the end of any day
    #[command(args_conflicts_with_subcommands = true)]
    Pipeline(Pipeline),
    /// The catalogue of metrics, and the figures
    #[command(subcommand)]
    Metrics(Metrics),
    /// The record of every change
    #[command(subcommand)]
    Journal(Journal),
    /// Data quality, by named rule
    Check(Output),
    /// Chain and seal what was changed, and tidy the lake's files: a server does it by itself
    Upkeep(Output),
    /// What marketing and sales have agreed on
    #[command(subcommand)]
    Agreement(Agreement),
    /// Hand leads from marketing to sales, and see who has the baton
    #[command(subcommand)]
    Handoff(Handoff),
    /// Close a period: its figures are frozen with a proof, and never change
    #[command(subcommand)]
    Period(PeriodCommand),
    /// The weekly huddle: an agenda that writes itself, decisions, actions and what they did
    #[command(subcommand)]
    Huddle(Huddle),
    /// One record: look at it, edit it, add one
    #[command(subcommand)]
    Record(Record),
    /// People and their data
    #[command(subcommand)]
    Person(Person),
    /// What your exports say: one page, without an account, a data folder or a question
    Review(Review),
    /// Create the demo company and run the main job on it
    Demo(Demo),
    /// Serve the web application and the API
    Serve(Serve),
    /// Who may sign in to the web application
    #[command(subcommand)]
    Member(Member),
    /// Who works in which team
    #[command(subcommand)]
    Team(Team),
    /// Tell other systems of hand-offs: where to, and what came of it
    #[command(subcommand)]
    Webhook(Webhook),
    /// Events of your sites and products: the keys they send by, and what became of them
    #[command(subcommand)]
    Track(Track),
}

#[derive(Debug, Args)]
pub struct Serve {
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7700")]
    pub listen: SocketAddr,
    /// Sign everybody on this machine in as the owner, for a look at demo data
    #[arg(long)]
    pub demo: bool,
}

#[derive(Debug, Subcommand)]
pub enum Member {
    /// Make a member; the password is read from the terminal or standard input
    Add {
        /// The address to sign in with
        email: String,
        #[arg(long)]
        name: String,
        /// owner, executive, revenue operations, marketing, sales manager, sales rep, product,
        /// customer success or viewer
        #[arg(long)]
        role: Role,
        /// Who that is among the users of the CRM: a sales rep sees the records of this user alone
        #[arg(long)]
        user: Option<String>,
    },
    /// Take a member out; sessions and tokens end at once
    Remove { email: String },
    /// All members
    List(Output),
    /// Make a token with which a program acts for a member
    Token {
        email: String,
        /// What the token is for
        #[arg(long)]
        name: String,
        /// Let it change records as well
        #[arg(long)]
        write: bool,
        /// Days after which it is over
        #[arg(long, default_value_t = 90)]
        days: i64,
    },
}

#[derive(Debug, Subcommand)]
pub enum Team {
    /// All teams with their members
    List(Output),
    /// Make a team
    Add {
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Give a team another name
    Rename {
        /// The team by its id or name
        team: String,
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Put a user of the CRM into a team, out of the one before
    Join {
        team: String,
        /// By id, name or e-mail
        user: String,
        #[command(flatten)]
        output: Output,
    },
    /// Take a user out of a team
    Leave {
        team: String,
        user: String,
        #[command(flatten)]
        output: Output,
    },
    /// Let Baton, not the CRM, say who is in which team
    Keep(Output),
}

#[derive(Debug, Subcommand)]
pub enum Track {
    /// What came in, what became of it, and what was refused and why
    Status(Output),
    /// Write keys: what sites show when they send events
    #[command(subcommand)]
    Key(TrackKey),
}

#[derive(Debug, Subcommand)]
pub enum TrackKey {
    /// Make a write key; it is shown this once
    New {
        /// The site or product that will send events
        name: String,
    },
    /// All write keys
    List(Output),
    /// End a write key; what it brought stays
    Revoke {
        /// By name or id
        name: String,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Args)]
pub struct Output {
    /// Print JSON for programs instead of tables for people
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct AsOf {
    /// Look from the end of this day in the company's time zone (today if left out)
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
    /// Use only what was recorded by the end of this day (now if left out)
    #[arg(long, value_name = "DATE")]
    pub known_at: Option<Date>,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Init {
    /// The name of the company
    #[arg(long)]
    pub name: String,
    /// Its currency, as an ISO 4217 code such as USD
    #[arg(long)]
    pub currency: String,
    /// Its time zone, as an IANA name such as Europe/Berlin
    #[arg(long, value_name = "TZ", default_value = "UTC")]
    pub timezone: String,
    /// The month, 1 to 12, in which its fiscal year begins
    #[arg(long, value_name = "MONTH", default_value_t = 1)]
    pub fiscal_year_start: i8,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Import {
    #[command(subcommand)]
    pub command: Option<ImportCommand>,
    /// A CSV, XLSX or Parquet file
    #[arg(required = true)]
    pub file: Option<PathBuf>,
    /// What the rows are: accounts, people, products, users, teams, campaigns, leads,
    /// lead_changes, deals, deal_changes, touches, purchases, subscriptions or costs
    #[arg(long, required = true)]
    pub kind: Option<Kind>,
    /// A mapping file (TOML) that says how columns and stages are to be read
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Write the mapping that is detected to this file, to be looked at and changed
    #[arg(long, value_name = "FILE")]
    pub save_mapping: Option<PathBuf>,
    /// Show what would happen and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Refuse the whole file if one row is refused or one finding is made
    #[arg(long)]
    pub strict: bool,
    /// When the export was taken, at that day's end (the latest date in the file if left out)
    #[arg(long, value_name = "DATE")]
    pub observed_at: Option<Date>,
    /// The export holds all records: what is missing from it was deleted
    #[arg(long, conflicts_with = "partial")]
    pub snapshot: bool,
    /// The export holds some of the records (this is assumed)
    #[arg(long)]
    pub partial: bool,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Take an import back
    Undo {
        import_id: String,
        #[command(flatten)]
        output: Output,
    },
    /// List the imports
    List(Output),
}

#[derive(Debug, Subcommand)]
pub enum Funnel {
    /// The share that gets from one state to another, by age
    Show {
        /// A stage by its name, or `lead`, `deal`
        #[arg(long)]
        from: String,
        /// A stage by its name, or `won`, `lost`
        #[arg(long)]
        to: String,
        /// Each day's own hazard: exactly the Aalen–Johansen estimate
        #[arg(long)]
        unsmoothed: bool,
        #[command(flatten)]
        as_of: AsOf,
    },
    /// What is won in the end, after how long and for how much, and how sure each figure is
    Rates {
        /// Tell deals apart by type, product, source or owner
        #[arg(long, value_name = "DIMENSION")]
        by: Option<String>,
        #[command(flatten)]
        as_of: AsOf,
    },
}

/// The goal, or a part of it.
#[derive(Args, Debug)]
pub struct Which {
    /// The part by its way from the goal, such as 2027-Q1/Enterprise; the goal itself if left out
    #[arg(long = "of", value_name = "PART")]
    pub part: Option<String>,
    /// The goal's period, where more than one goal is set
    #[arg(long)]
    pub period: Option<Period>,
    #[command(flatten)]
    pub output: Output,
}

/// A part's name and its weight beside the others.
#[derive(Clone, Debug)]
pub struct Weighted {
    pub name: String,
    pub weight: u64,
}

impl std::str::FromStr for Weighted {
    type Err = String;

    fn from_str(text: &str) -> Result<Weighted, String> {
        let wrong = || format!("`{text}` is no part: write NAME=WEIGHT, such as North=3");
        let (name, weight) = text.rsplit_once('=').ok_or_else(wrong)?;
        let weight = weight.trim().parse().map_err(|_| wrong())?;
        Ok(Weighted { name: name.trim().to_owned(), weight })
    }
}

#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// All webhooks, and the latest messages with how far each has come
    List(Output),
    /// Send events of hand-offs to an address; prints its secret, this once
    Add {
        /// Such as https://example.com/hooks
        url: String,
        /// Events, separated by commas (all if left out)
        #[arg(long, value_name = "EVENT,…", value_delimiter = ',')]
        events: Vec<String>,
        /// Let the address be on this machine
        #[arg(long)]
        allow_loopback: bool,
    },
    /// Stop sending to a webhook; what waits for it is given up
    Disable {
        /// Its id, as `list` has it
        webhook: String,
        #[command(flatten)]
        output: Output,
    },
    /// Send to a webhook again
    Enable {
        /// Its id, as `list` has it
        webhook: String,
        #[command(flatten)]
        output: Output,
    },
    /// Send a message again, under the same id
    Replay {
        /// Its id, as `list` has it
        message: String,
        /// The webhook's id
        #[arg(long)]
        webhook: String,
        #[command(flatten)]
        output: Output,
    },
    /// Send what is due, as a server does every five seconds
    Send(Output),
}

#[derive(Debug, Subcommand)]
pub enum Agreement {
    /// The agreement in force, all versions, and who has signed
    Show(Output),
    /// Write a new version; it is in force once both sides have signed it
    Set {
        /// A TOML file, as docs/handoff.md has one
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Try an agreement on leads of the past before anybody signs it
    Simulate {
        /// A TOML file (the newest version if left out)
        #[arg(conflicts_with = "version")]
        file: Option<PathBuf>,
        /// A version that is kept
        #[arg(long)]
        version: Option<u64>,
        /// The first day on which leads qualified (that of the last quarter if left out)
        #[arg(long)]
        from: Option<Date>,
        /// The last day (that of the last quarter, or today after `--from`)
        #[arg(long)]
        to: Option<Date>,
        #[command(flatten)]
        output: Output,
    },
    /// Sign a version for one side
    Sign {
        /// marketing or sales
        #[arg(long)]
        side: Side,
        /// The version (the newest if left out)
        #[arg(long)]
        version: Option<u64>,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub enum PeriodCommand {
    /// Freeze the figures of a period that is over, write their proof, open the next
    Close {
        /// A fiscal year, quarter or month, as 2027, 2027-Q1 or 2027-01
        period: Period,
        /// Say what is missing and what would be frozen, and write nothing
        #[arg(long)]
        dry_run: bool,
        /// Why it is closed although something of the checklist is missing
        #[arg(long, value_name = "REASON")]
        despite: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// The periods up to now, and which are closed
    List(Output),
    /// A closed period: its frozen figures and their proof
    Show(OnePeriod),
    /// Hold a closed period against its proof
    Verify(OnePeriod),
    /// What has changed since a period was closed, and why
    Restatements(OnePeriod),
}

#[derive(Debug, Args)]
pub struct OnePeriod {
    /// The period that was closed
    pub period: Period,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Subcommand)]
pub enum Handoff {
    /// What waits for sales, what is most urgent first
    Queue {
        /// Only what a user of the CRM has or may take
        #[arg(long)]
        user: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Offer a lead: to whom the agreement's routing chooses, if nobody is named
    Offer {
        /// The lead by its id
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        lead: Option<String>,
        /// Every lead that is marketing-qualified in the CRM and was never handed over
        #[arg(long)]
        all: bool,
        /// With --all: those that got there from this day on (since the agreement, if left out)
        #[arg(long, requires = "all")]
        since: Option<Date>,
        /// A user of the CRM by id, name or e-mail
        #[arg(long, value_name = "USER", conflicts_with_all = ["everybody", "all"])]
        to: Option<String>,
        /// Ask everybody: who accepts first has it
        #[arg(long, conflicts_with = "all")]
        everybody: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Take a lead that is offered
    Accept(Lead),
    /// Send a lead back for good
    Decline(LeadBack),
    /// Send a lead back to marketing, to be offered again later
    Recycle(LeadBack),
    /// Let a lead go: everybody is asked
    Release(LeadBack),
    /// Log a call
    Contact {
        /// Nobody was reached
        #[arg(long)]
        in_vain: bool,
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        lead: Lead,
    },
    /// Say that a lead is a good fit: it is sales qualified
    Qualify(Lead),
    /// Say that a lead has become a deal
    Open(Lead),
    /// Take an opportunity back: it is sales qualified again
    Reopen(Lead),
    /// The batons that were dropped
    Dropped(Within),
    /// How both sides kept the agreement, week by week
    Keeping(Within),
    /// How far both sides run together, quarter by quarter, beside win rate and retention
    Alignment(AsOf),
    /// Look at the clocks now: a server does it every minute
    Tick(Output),
}

#[derive(Debug, Args)]
pub struct Lead {
    /// The lead by its id
    pub lead: String,
    /// Who does it: a user of the CRM by id, name or e-mail (for whoever has it if left out)
    #[arg(long)]
    pub user: Option<String>,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct LeadBack {
    /// One of the agreed reasons
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub lead: Lead,
}

#[derive(Debug, Args)]
pub struct Within {
    /// The first day (the Monday of twelve weeks before if left out)
    #[arg(long)]
    pub from: Option<Date>,
    /// The last day (today if left out)
    #[arg(long)]
    pub to: Option<Date>,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Subcommand)]
pub enum Goal {
    /// Set the goal of a period; the earlier versions are kept
    Set {
        /// The revenue, in the company's currency
        #[arg(long, allow_hyphen_values = true)]
        amount: String,
        /// A fiscal year (2018), quarter (2018-Q1) or month (2018-01)
        #[arg(long)]
        period: Period,
        /// Which revenue counts: all, new, expansion, retention or partner
        #[arg(long, default_value = "all")]
        counts: Counts,
        /// The probability with which the plan must reach it
        #[arg(long, default_value_t = 0.8)]
        confidence: f64,
        #[command(flatten)]
        output: Output,
    },
    /// Show the goals, and what history says of each
    Show(Output),
    /// The goal's parts: who answers for how much, what is booked, who signed
    Tree {
        /// The goal's period, where more than one goal is set
        #[arg(long)]
        period: Option<Period>,
        /// The day whose end the figures are of
        #[arg(long)]
        as_of: Option<Date>,
        #[command(flatten)]
        output: Output,
    },
    /// Break the goal or one of its parts down: parts always sum to their whole
    Split {
        /// By what: quarter, leg, team, region, product, source or person
        #[arg(long)]
        by: Dimension,
        /// One part as NAME=WEIGHT, as often as there are parts; as history won it if left out
        #[arg(long = "part", value_name = "NAME=WEIGHT")]
        parts: Vec<Weighted>,
        /// Equal parts
        #[arg(long, conflicts_with = "parts")]
        evenly: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Take the parts of the goal or of a part away
    Join {
        #[command(flatten)]
        which: Which,
    },
    /// Set a part's amount; the others of its whole make up for it
    Part {
        /// The amount, in the company's currency
        #[arg(long)]
        amount: String,
        #[command(flatten)]
        which: Which,
    },
    /// Put a part in a member's hands
    Assign {
        /// The e-mail address of the member; nobody if left out
        #[arg(long, value_name = "EMAIL")]
        member: Option<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Sign for the goal or a part of it
    Sign {
        /// The e-mail address of the member who signs
        #[arg(long, value_name = "EMAIL")]
        member: String,
        #[command(flatten)]
        which: Which,
    },
    /// What history says of a goal: is it specific, measurable, attainable, relevant, time-bound?
    Check {
        /// The goal's period, where more than one goal is set
        #[arg(long)]
        period: Option<Period>,
        /// The seed of the simulated futures
        #[arg(long, default_value_t = 1)]
        seed: u64,
        #[command(flatten)]
        as_of: AsOf,
    },
}

#[derive(Debug, Args)]
pub struct Plan {
    #[command(subcommand)]
    pub command: Option<PlanCommand>,
    #[command(flatten)]
    pub made: PlanMade,
}

#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// Save the plan as it stands under a name, for good
    Save {
        /// Such as "board, January"
        name: String,
        #[command(flatten)]
        made: PlanMade,
    },
    /// The plans that were saved
    Versions(Output),
    /// A saved plan beside another one, the plan as it is now, or last year
    Compare {
        /// The name of a saved plan
        name: String,
        /// Another one's name, or `now`, or `last-year` for what came in the year before
        #[arg(default_value = "now")]
        other: String,
        #[command(flatten)]
        output: Output,
    },
}

/// How a plan is made.
#[derive(Debug, Args)]
pub struct PlanMade {
    #[command(flatten)]
    pub as_of: AsOf,
    /// The goal's period, where more than one goal is set
    #[arg(long)]
    pub period: Option<Period>,
    /// A file (TOML) of assumptions that replace what history says
    #[arg(long, value_name = "FILE")]
    pub assume: Option<PathBuf>,
    /// What if something were so much more or less: asp=+5%, cycle=-10%, win-rate=+10%, leads=+20%,
    /// or a stage=+10% for the share that goes on from it; may be given several times
    #[arg(long, value_name = "LEVER=CHANGE", allow_hyphen_values = true)]
    pub change: Vec<Change>,
    /// The seed of the simulated futures
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct Forecast {
    #[command(subcommand)]
    pub command: Option<ForecastCommand>,
    /// A fiscal year (2018), quarter (2018-Q1) or month (2018-01)
    #[arg(long, required = true)]
    pub period: Option<Period>,
    #[command(flatten)]
    pub as_of: AsOf,
    /// The seed of the simulated futures
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Subcommand)]
pub enum Score {
    /// What is likely to become of the leads that are open, and why
    Show(ScoreShow),
    /// Why one open lead has its probability, by every column
    Explain(ScoreExplain),
    /// Every point of fit and engagement that a lead has, with the rule and the touch
    Points(ScorePoints),
    /// The rules of fit and engagement: try, keep and see versions of them
    #[command(subcommand)]
    Rules(ScoreRules),
    /// Learn from some rows of any table, and grade what is said of the others
    Backtest(ScoreBacktest),
}

#[derive(Debug, Args)]
pub struct ScorePoints {
    /// The id that its source has for the lead
    pub lead: String,
    /// The version of the rules (the newest if left out)
    #[arg(long, value_name = "VERSION")]
    pub rules: Option<u64>,
    #[command(flatten)]
    pub as_of: AsOf,
}

#[derive(Debug, Subcommand)]
pub enum ScoreRules {
    /// How rules would have told leads of the past apart, before they go live
    Try {
        /// A TOML file, as docs/score.md has one (the newest version if left out)
        #[arg(conflicts_with = "version")]
        file: Option<PathBuf>,
        /// A version that is kept
        #[arg(long)]
        version: Option<u64>,
        /// The first day on which leads were created (a year before the last one if left out)
        #[arg(long)]
        from: Option<Date>,
        /// The last day (90 days ago if left out)
        #[arg(long)]
        to: Option<Date>,
        /// How many days after its creation each lead is scored
        #[arg(long, value_name = "DAYS", default_value_t = 7)]
        age: u32,
        #[command(flatten)]
        output: Output,
    },
    /// Keep a version, by which leads are scored from now on
    Save {
        /// A TOML file, as docs/score.md has one
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// What a version says
    Show {
        /// The version (the newest if left out)
        #[arg(long)]
        version: Option<u64>,
        #[command(flatten)]
        output: Output,
    },
    /// All versions
    List(Output),
}

#[derive(Debug, Args)]
pub struct ScoreShow {
    /// How many leads, the likeliest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    #[command(flatten)]
    pub of: ScoreOf,
}

#[derive(Debug, Args)]
pub struct ScoreExplain {
    /// The id that its source has for the lead
    pub lead: String,
    #[command(flatten)]
    pub of: ScoreOf,
}

#[derive(Debug, Args)]
pub struct ScoreOf {
    #[command(flatten)]
    pub as_of: AsOf,
    /// The seed of the members' rows
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct ScoreBacktest {
    /// A table with a header (CSV, XLSX, Parquet); delimiter and encoding are found out
    pub file: PathBuf,
    /// The column with the outcome
    #[arg(long, value_name = "COLUMN")]
    pub target: String,
    /// The outcome that is a yes (1, true, yes, won or converted if left out)
    #[arg(long, value_name = "VALUE")]
    pub positive: Option<String>,
    /// Columns that must not be learned from, separated by commas: ids, and what is only known
    /// after the outcome
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// Grade on the rows whose number, from 0, can be divided by this
    #[arg(long, value_name = "N")]
    pub test_every: u64,
    /// Grade on the rows whose whole number in this column can be divided by N instead
    #[arg(long, value_name = "COLUMN")]
    pub test_column: Option<String>,
    /// How many splits: the first as said, the others drawn with the same share
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub repeat: u32,
    /// The seed of the members' rows
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Retention {
    #[command(flatten)]
    pub as_of: AsOf,
    /// The seed of the simulated futures
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct Attribution {
    /// One model alone, by the name that JSON has, or all
    #[arg(long, default_value = "all", value_name = "MODEL", value_parser = model_named)]
    pub model: Models,
    /// What counts as a conversion: wins, purchases, opportunities or mqls (the first of these
    /// that there is any of if left out)
    #[arg(long)]
    pub conversion: Option<Conversions>,
    /// Whom credit goes to: channel, campaign, team or person
    #[arg(long, default_value = "channel", value_name = "DIMENSION")]
    pub by: By,
    /// The first day of the conversions that count
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// The last day of the conversions that count
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    /// How many days before a conversion touches count, or all
    #[arg(long, default_value = "90", value_name = "DAYS", value_parser = lookback)]
    pub lookback_days: Lookback,
    /// Days after which a touch weighs half as much under time decay
    #[arg(long, default_value_t = app::attribution::HALF_LIFE_DAYS, value_name = "DAYS")]
    pub half_life_days: u32,
    /// The seed of the sample for Shapley values of more than 16 keys
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub as_of: AsOf,
}

#[derive(Debug, Args)]
pub struct Awareness {
    /// By what people came: channel, campaign, team or person
    #[arg(long, default_value = "channel", value_name = "DIMENSION")]
    pub by: By,
    /// The first day; thirteen weeks before the last if left out
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// The last day; the as-of day if left out
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    #[command(flatten)]
    pub as_of: AsOf,
}

/// One model, or all.
#[derive(Clone, Copy, Debug)]
pub struct Models(pub Option<Model>);

fn model_named(text: &str) -> Result<Models, String> {
    reports::attribution::model_named(text).map(Models).map_err(|error| error.to_string())
}

/// So many days, or as far back as there are touches.
#[derive(Clone, Copy, Debug)]
pub struct Lookback(pub Option<u32>);

fn lookback(text: &str) -> Result<Lookback, String> {
    let days = app::attribution::lookback_days(text).map_err(|error| error.to_string())?;
    Ok(Lookback(days))
}

#[derive(Debug, Subcommand)]
pub enum ForecastCommand {
    /// What Baton and simple methods would have said on past days, against what came
    Backtest(Backtest),
    /// Say what a period will bring: what is promised, and what it comes to if all goes well
    Submit(Call),
    /// Say otherwise than an owner has, with the reason
    Override(Call),
    /// What was called of a period, beside what is in hand and what Baton says
    Calls(Calls),
}

#[derive(Debug, Args)]
pub struct Call {
    /// A fiscal year (2018), quarter (2018-Q1) or month (2018-01)
    #[arg(long)]
    pub period: Period,
    /// What is promised of the whole period, with what is booked of it
    #[arg(long, allow_hyphen_values = true)]
    pub commit: String,
    /// What the whole period comes to if all goes well
    #[arg(long, allow_hyphen_values = true)]
    pub best_case: String,
    /// Whose deals: a user of the CRM by id, name or e-mail (the whole company's if left out)
    #[arg(long, value_name = "USER")]
    pub owner: Option<String>,
    /// What it rests on; of an override, its reason
    #[arg(long, visible_alias = "reason", default_value = "")]
    pub note: String,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Calls {
    /// A fiscal year, quarter or month (the quarter around the day if left out)
    #[arg(long)]
    pub period: Option<Period>,
    /// The seed of the simulated futures
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub as_of: AsOf,
}

#[derive(Debug, Args)]
pub struct Backtest {
    /// The past days, separated by commas; each forecasts the rest of its fiscal quarter
    #[arg(long, value_name = "DATE,…", value_delimiter = ',', conflicts_with = "every")]
    pub origins: Vec<Date>,
    /// Past days at equal steps, from when enough deals had closed
    #[arg(long, value_enum, default_value_t = Every::Month)]
    pub every: Every,
    #[command(flatten)]
    pub as_of: AsOf,
    /// The seed of the simulated futures
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Every {
    Week,
    Month,
}

#[derive(Debug, Args)]
pub struct Pipeline {
    #[command(subcommand)]
    pub command: Option<PipelineCommand>,
    #[command(flatten)]
    pub as_of: AsOf,
}

#[derive(Debug, Subcommand)]
pub enum PipelineCommand {
    /// How the pipeline got from one day's end to another's
    Waterfall {
        #[arg(long, value_name = "DATE")]
        from: Date,
        #[arg(long, value_name = "DATE")]
        to: Date,
        /// Look only at deals expected to close in this period
        #[arg(long, value_name = "PERIOD")]
        closing: Option<Period>,
        /// List the deals behind a step: start, created, pulled_in, raised, lowered, pushed_out,
        /// lost, won or end
        #[arg(long, value_name = "STEP")]
        step: Option<Flow>,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub enum Metrics {
    /// The catalogue
    List(Output),
    /// One metric: its definition and its figures
    Show {
        name: String,
        /// The first day (the start of the current fiscal year if left out)
        #[arg(long, value_name = "DATE")]
        from: Option<Date>,
        /// The last day (the as-of day if left out)
        #[arg(long, value_name = "DATE")]
        to: Option<Date>,
        /// Break it down by this dimension, such as source, product or month
        #[arg(long, value_name = "DIMENSION")]
        by: Option<String>,
        #[command(flatten)]
        as_of: AsOf,
    },
    /// The rows that a figure of a metric is made of
    Rows {
        name: String,
        /// The first day (the start of the current fiscal year if left out)
        #[arg(long, value_name = "DATE")]
        from: Option<Date>,
        /// The last day (the as-of day if left out)
        #[arg(long, value_name = "DATE")]
        to: Option<Date>,
        /// What --value is a segment of, such as source, product or month
        #[arg(long, value_name = "DIMENSION")]
        by: Option<String>,
        /// Only the rows of this segment
        #[arg(long, requires = "by")]
        value: Option<String>,
        /// How many rows come before those that are shown
        #[arg(long, value_name = "ROWS")]
        after: Option<String>,
        #[command(flatten)]
        as_of: AsOf,
    },
}

#[derive(Debug, Subcommand)]
pub enum Journal {
    /// Prove that no chained entry was changed, removed or slipped in
    Verify(Output),
    /// What happened to one record, named `kind:id`
    Log {
        subject: String,
        #[command(flatten)]
        output: Output,
    },
    /// The newest entries that match
    Search(JournalSearch),
}

#[derive(Debug, Args)]
pub struct JournalSearch {
    /// A part of a value that is a text, or of a record's name or id
    pub text: Option<String>,
    /// A kind of record, or of setting, such as deals or goal
    #[arg(long)]
    pub kind: Option<String>,
    /// A record as kind:id, or by its name or id alone
    #[arg(long)]
    pub record: Option<String>,
    /// A field that changed, such as stage
    #[arg(long)]
    pub field: Option<String>,
    /// Who wrote: a member by e-mail or name, or an actor as entries have it
    #[arg(long)]
    pub who: Option<String>,
    /// The first day on which it was recorded
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// The last day on which it was recorded
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    /// What brought it about: edit, import, undo or setting
    #[arg(long)]
    pub cause: Option<String>,
    /// The entry after which the list goes on
    #[arg(long, value_name = "ENTRY")]
    pub after: Option<String>,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Subcommand)]
pub enum Record {
    /// A record as it stands, named `kind:id`
    Show {
        subject: String,
        #[command(flatten)]
        output: Output,
    },
    /// Edit fields of which Baton is master
    Set {
        /// The record, named `kind:id`
        subject: String,
        /// What changes, such as amount=1250.50 or "next_step=Call again"; nothing behind the
        /// sign clears the field
        #[arg(required = true, value_name = "FIELD=VALUE", value_parser = assignment)]
        fields: Vec<(String, String)>,
        /// Refuse the edit unless the record is still of this version
        #[arg(long, value_name = "VERSION")]
        if_version: Option<String>,
        #[command(flatten)]
        entry: RecordEntry,
    },
    /// Add a record
    Add {
        /// What it is: an account, a lead, a deal …
        kind: Kind,
        #[arg(required = true, value_name = "FIELD=VALUE", value_parser = assignment)]
        fields: Vec<(String, String)>,
        #[command(flatten)]
        entry: RecordEntry,
    },
    /// Who is master of which fields: the CRM, or Baton
    Master {
        /// A kind such as deals, or one of its fields such as deals.next_step
        #[arg(requires = "master")]
        realm: Option<Realm>,
        /// crm or baton
        master: Option<Master>,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Args)]
pub struct RecordEntry {
    /// The day since which it is true (now if left out)
    #[arg(long, value_name = "DATE")]
    pub on: Option<Date>,
    /// Why, for the journal
    #[arg(long)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub output: Output,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or("write FIELD=VALUE")?;
    Ok((field.trim().to_owned(), value.to_owned()))
}

#[derive(Debug, Subcommand)]
pub enum Person {
    /// Erase a person's data for good, named `people:id`
    Erase {
        subject: String,
        /// Do it: there is no way back
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Args)]
pub struct Review {
    /// Exports of a CRM or marketing tool (CSV, XLSX, Parquet), in any order, or folders of them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where to write the page (review.html if left out; with --json only if it is given)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Look from the end of this day (the last day on which anything happens if left out)
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
    /// The currency of amounts that do not tell theirs, as an ISO 4217 code such as USD
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// The month, 1 to 12, in which the fiscal year begins
    #[arg(long, value_name = "MONTH", default_value_t = 1)]
    pub fiscal_year_start: i8,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// How many deals the demo company has
    #[arg(long)]
    pub deals: Option<u64>,
    /// How many leads
    #[arg(long)]
    pub leads: Option<u64>,
    /// How many touches
    #[arg(long)]
    pub touches: Option<u64>,
    /// The seed of the simulation
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Subcommand)]
pub enum Pay {
    /// Plans that are kept, and their statements on the way to payroll
    List(Output),
    /// Keep a version of a plan, for its owner and the payees to sign
    Save {
        #[arg(value_name = "FILE.toml")]
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Sign a plan that is kept, as its owner or for a payee
    Sign {
        #[command(flatten)]
        plan: KeptPlan,
        /// The payee's id or name in the plan; left out, the plan's owner signs
        #[arg(long = "for", value_name = "PAYEE")]
        payee: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Say, once and for all, what a leg of a plan's relay reached
    Judge {
        #[command(flatten)]
        plan: KeptPlan,
        /// The leg's name in the plan
        leg: String,
        /// What it reached, in the unit of its mark; what its metric says if left out
        reached: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// How likely the relay of a plan pays its pool, and to what cost
    Relay {
        #[command(flatten)]
        plan: KeptPlan,
        #[command(flatten)]
        output: Output,
    },
    /// Everybody's statement of a period; of a plan that is kept, the statements are kept, too
    Calculate(PayMade),
    /// One payee's statement, line by line
    Show {
        /// The payee's id or name in the plan
        payee: String,
        /// What it would be if these open deals were won today: their ids, with commas between
        #[arg(long = "if", value_name = "DEALS", value_delimiter = ',')]
        deals: Vec<String>,
        #[command(flatten)]
        made: PayMade,
    },
    /// All that one deal has brought a payee
    Explain {
        /// The payee's id or name in the plan
        payee: String,
        /// The deal's id in its source
        deal: String,
        #[command(flatten)]
        made: PayMade,
    },
    /// What the plan would have paid from its first period on
    Simulate {
        /// Another plan, to be set beside it
        #[arg(long, value_name = "PLAN")]
        against: Option<String>,
        /// What it will cost from the period that runs up to the one asked for, by the futures of
        /// the forecast
        #[arg(long)]
        forecast: bool,
        /// What payees would have gained by letting wins slip across the ends of past periods
        #[arg(long, conflicts_with_all = ["against", "forecast"])]
        sandbagging: bool,
        /// The seed of the futures
        #[arg(long, default_value_t = 1, requires = "forecast")]
        seed: u64,
        #[command(flatten)]
        made: PayMade,
    },
    /// Say what is wrong with a statement: nobody approves it until that is ruled on
    Dispute {
        payee: String,
        text: String,
        #[command(flatten)]
        run: PayRun,
    },
    /// Rule on what was said of a statement
    Rule {
        payee: String,
        /// upheld or rejected
        ruling: Ruling,
        text: String,
        #[command(flatten)]
        run: PayRun,
    },
    /// Approve statements that somebody else has calculated
    Approve(PayRun),
    /// Lock approved statements: nothing changes them any more
    Lock(PayRun),
    /// Locked statements for payroll, as CSV
    Export(PayRun),
}

#[derive(Debug, Args)]
pub struct PayMade {
    /// The plan: a TOML file, or the name of one that is kept
    #[arg(long, value_name = "PLAN")]
    pub plan: String,
    /// The period that is paid, such as 2026-Q3
    #[arg(long)]
    pub period: Period,
    #[command(flatten)]
    pub as_of: AsOf,
}

#[derive(Debug, Subcommand)]
pub enum Huddle {
    /// Begin a huddle: its agenda is written and frozen
    Open(Output),
    /// The agenda and minutes of a huddle, the last one if none is named
    Show {
        number: Option<u64>,
        #[command(flatten)]
        output: Output,
    },
    /// The same as Markdown, to be sent or filed
    Minutes { number: Option<u64> },
    /// The same days for calendars (iCalendar): the weekly huddle, and each open action on its day
    Calendar,
    /// Write a note down
    Note {
        text: String,
        #[command(flatten)]
        output: Output,
    },
    /// Write a decision down
    Decide {
        text: String,
        #[command(flatten)]
        output: Output,
    },
    /// Agree on an action
    Act {
        text: String,
        /// Who does it
        #[arg(long)]
        owner: String,
        /// By when; in a week if left out
        #[arg(long)]
        due: Option<Date>,
        /// The metric that it is to move; it is read again at the huddles to come
        #[arg(long)]
        metric: Option<String>,
        /// What is expected of it
        #[arg(long, default_value = "")]
        expects: String,
        #[command(flatten)]
        output: Output,
    },
    /// An action is done: say what came of it
    Done {
        /// The action's number
        action: u64,
        text: String,
        #[command(flatten)]
        output: Output,
    },
    /// An action is dropped: say why
    Drop {
        /// The action's number
        action: u64,
        text: String,
        #[command(flatten)]
        output: Output,
    },
    /// End the huddle that is under way
    Close(Output),
}

/// A plan that is kept.
#[derive(Debug, Args)]
pub struct KeptPlan {
    /// The plan's name
    pub plan: String,
    /// The version; the newest if left out
    #[arg(long)]
    pub version: Option<u32>,
}

/// Statements of a plan that is kept.
#[derive(Debug, Args)]
pub struct PayRun {
    /// The plan's name
    #[arg(long)]
    pub plan: String,
    /// The period that is paid, such as 2026-Q3
    #[arg(long)]
    pub period: Period,
    #[command(flatten)]
    pub output: Output,
}
