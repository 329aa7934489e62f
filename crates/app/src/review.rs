//! The review of a company's own exports: no account, nothing set up, nothing asked.
//!
//! Every figure comes by the ordinary way: the files are imported into a folder that nobody keeps,
//! and the verbs look at the picture as of the last day of the data. So the figures are those that
//! the company would see in Baton.

mod directory;
mod given;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::company::Company;
use domain::deal::Deal;
use domain::kind::Kind;
use domain::money::{Currency, Money, unnamed};
use domain::period::{FiscalCalendar, Period};
use domain::stage::Outcome;
use domain::time::end_of_day;
use intake::Assumptions;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use reports::imports::{Finding, Import};
use reports::pipeline::Waterfall;
use reports::review::dead::{DeadPipeline, Names};
use reports::review::leads::LeadReview;
use reports::review::outlook::Outlook;
use reports::review::sales::Sales;
use reports::review::{FileRead, LeftOut, Quality, Review};

use crate::backtest::{Origins, Step, backtest_of};
use crate::context::{Context, Session, file_name};
use crate::error::Error;
use crate::forecast::forecast_of;
use crate::funnel::rates;
use crate::imports::findings::Rule;
use crate::imports::{Order, Watch, import_unsealed};
use crate::limits::{REVIEW_QUARTERS_AHEAD, REVIEW_QUARTERS_BACK};
use crate::plan::eve;
use crate::sealing::Sealer;
use crate::world::World;
use crate::{check, forecast};
use directory::Directory;
use given::{Gathered, Given, Settled, aside, currency, gather, last_day, settle};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Question {
    /// Files, and folders of files.
    pub paths: Vec<PathBuf>,
    /// The day from which is looked; the last day of the data if left out.
    pub as_of: Option<Date>,
    /// The currency of amounts that do not tell theirs.
    pub currency: Option<Currency>,
    pub calendar: FiscalCalendar,
    pub seed: u64,
}

/// Reviews files. `folder` is an empty folder for the time of the review, which the caller takes
/// away again; `progress` is told what is being done.
///
/// # Errors
/// When a path cannot be read, or none of the files holds anything that can be reviewed.
pub async fn review(
    question: &Question,
    folder: &Path,
    session: Session,
    progress: &dyn Fn(&str),
) -> Result<Review, Error> {
    let Gathered { given, aside } = gather(&question.paths)?;
    let named = question.currency.or_else(|| currency(&given));
    let company = Company {
        name: "the company of these files".to_owned(),
        currency: named.unwrap_or(unnamed()),
        timezone_name: "UTC".to_owned(),
        timezone: TimeZone::UTC,
        calendar: question.calendar,
    };
    let context = Context::scratch(folder.join("data"), &company, session).await?;
    let mut reader = Reader::new(&context, folder, aside);
    let settled = reader.settle(given);
    let last = last_day(&settled, &reader.assumptions);
    let as_of = question.as_of.or(last).ok_or_else(|| nothing_to_review(&reader.files))?;
    for (given, settled) in settled {
        progress(&format!("reading {}", file_name(&given.path)));
        reader.read(&given, settled, last.unwrap_or(as_of)).await?;
    }
    std::mem::take(&mut reader.sealer).finish(&context).await?;
    progress("reviewing");
    let reviewer = Reviewer::new(&context, question, as_of, &reader).await?;
    let review = reviewer.review(reader, named).await;
    context.store.close().await?;
    review
}

/// Imports files into the company itself, each as a review reads it; what cannot be read is left
/// aside, and said. `folder` is an empty folder for the time of it.
///
/// # Errors
/// When a path cannot be read, or the company cannot be written.
pub async fn keep(
    context: &Context,
    paths: &[PathBuf],
    folder: &Path,
    progress: &dyn Fn(&str),
) -> Result<Vec<FileRead>, Error> {
    let Gathered { given, aside } = gather(paths)?;
    let mut reader = Reader::new(context, folder, aside);
    let settled = reader.settle(given);
    let last = last_day(&settled, &reader.assumptions).unwrap_or(context.today());
    for (given, settled) in settled {
        progress(&format!("reading {}", file_name(&given.path)));
        reader.read(&given, settled, last).await?;
    }
    Ok(reader.files)
}

fn nothing_to_review(files: &[FileRead]) -> Error {
    let reasons: Vec<String> =
        files.iter().map(|file| format!("\n- {}: {}", file.name, file.because)).collect();
    Error::Input(format!(
        "none of the files holds dated deals or leads:{}\nGive the export of deals \
         (opportunities) of your CRM, or of its leads",
        reasons.concat()
    ))
}

/// Files on their way in.
struct Reader<'a> {
    context: &'a Context,
    folder: &'a Path,
    assumptions: Assumptions,
    files: Vec<FileRead>,
    findings: Vec<Finding>,
    notes: Vec<String>,
    /// When exports of deals were taken that do not tell when each deal was created.
    undated: BTreeSet<Timestamp>,
    refused: u64,
    sealer: Sealer,
}

impl<'a> Reader<'a> {
    fn new(context: &'a Context, folder: &'a Path, files: Vec<FileRead>) -> Reader<'a> {
        Reader {
            context,
            folder,
            assumptions: Assumptions {
                currency: context.company.currency,
                timezone: context.company.timezone.clone(),
                now: context.now,
            },
            files,
            findings: Vec::new(),
            notes: Vec::new(),
            undated: BTreeSet::new(),
            refused: 0,
            sealer: Sealer::default(),
        }
    }

    /// Looks every file through; one that cannot be read is left aside.
    fn settle(&mut self, given: Vec<Given>) -> Vec<(Given, Settled)> {
        let mut all = Vec::new();
        for given in given {
            match settle(&given, &self.assumptions) {
                Ok(settled) => all.push((given, settled)),
                Err(error) => self.files.push(aside(&given.path, error.to_string())),
            }
        }
        all
    }

    async fn read(&mut self, given: &Given, settled: Settled, last: Date) -> Result<(), Error> {
        let order = self.order(given, &settled, last)?;
        let watch = Watch { confirm: &|_| true, progress: &|_, _, _| {} };
        match import_unsealed(self.context, &order, &watch, &mut self.sealer).await {
            Ok(done) => self.take(given, settled, done),
            Err(error @ (Error::Refused(_) | Error::Ambiguous(_) | Error::Input(_))) => {
                self.files.push(aside(&given.path, error.to_string()));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The import of a file; one without any date of its own was taken on the last day of all.
    fn order(&self, given: &Given, settled: &Settled, last: Date) -> Result<Order, Error> {
        let mapping = match &settled.mapping {
            Some(mapping) => {
                let path = self.folder.join(format!("mapping-{}.toml", self.files.len()));
                std::fs::write(&path, mapping.to_toml()).map_err(Error::folder(&path))?;
                Some(path)
            }
            None => None,
        };
        let is_dated = settled.preview.observed_at_guess.is_some();
        Ok(Order {
            file: given.path.clone(),
            name: None,
            kind: given.kind,
            mapping,
            save_mapping: None,
            dry_run: false,
            strict: false,
            observed_at: (!is_dated).then_some(last),
            snapshot: false,
        })
    }

    fn take(&mut self, given: &Given, settled: Settled, done: Import) {
        let is_undated = |finding: &Finding| finding.rule == Rule::NoCreationDate.name();
        if given.kind == Kind::Deals && done.findings.iter().any(is_undated) {
            self.undated.extend(done.observed_at.parse::<Timestamp>());
        }
        self.refused += done.rows_rejected;
        self.notes.extend(settled.assumed);
        self.findings.extend(done.findings);
        self.files.push(FileRead {
            name: done.file,
            kind: Some(given.kind.name()),
            because: given.because.clone(),
            rows: done.rows_read,
            refused: done.rows_rejected,
            ignored_columns: settled.preview.unmapped,
            statements: done.statements,
            first_refused: done.first_reject,
        });
    }
}

/// The picture, and what is known of it.
struct Reviewer<'a> {
    context: &'a Context,
    question: &'a Question,
    world: World,
    directory: Directory,
    undated: BTreeSet<Timestamp>,
}

impl<'a> Reviewer<'a> {
    async fn new(
        context: &'a Context,
        question: &'a Question,
        as_of: Date,
        reader: &Reader<'_>,
    ) -> Result<Reviewer<'a>, Error> {
        let world = World::at(context, context.as_of(Some(as_of), None)).await?;
        if world.deals.is_empty() && world.leads.is_empty() {
            return Err(nothing_to_review(&reader.files));
        }
        let directory = Directory::load(context).await?;
        Ok(Reviewer { context, question, world, directory, undated: reader.undated.clone() })
    }

    async fn review(&self, reader: Reader<'_>, named: Option<Currency>) -> Result<Review, Error> {
        let (world, currency) = (&self.world, self.context.company.currency);
        let tells_creation = |deal: &Deal| !self.undated.contains(&deal.created_at);
        let names = Names {
            owners: &self.directory.users,
            accounts: &self.directory.accounts,
            tells_creation: &tells_creation,
        };
        let end = end_of_day(world.as_of, &self.context.company.timezone);
        let moment = (world.as_of, end);
        let mut review = Review {
            as_of: world.as_of,
            currency,
            quality: self.quality(&reader).await?,
            files: reader.files,
            outlook: None,
            backtest: None,
            dead: DeadPipeline::new(&world.deals, world.as_of, currency, &names),
            sales: self.sales(),
            rates: rates::by_type(self.context, world),
            waterfalls: self.waterfalls().await?,
            leads: LeadReview::new(&world.leads, &world.lead_stages, moment, &self.directory.users),
            notes: self.notes(reader.notes, named),
        };
        match self.outlook() {
            Ok(outlook) => review.outlook = outlook,
            Err(error) => review.notes.push(format!("There is no forecast: {error}.")),
        }
        if review.outlook.is_some() {
            let origins = Origins::Every(Step::Month);
            match backtest_of(self.context, world, &origins, self.question.seed) {
                Ok(backtest) => review.backtest = Some(backtest),
                Err(error) => review.notes.push(format!("No forecast is graded: {error}.")),
            }
        }
        Ok(review)
    }

    fn sales(&self) -> Option<Sales> {
        let deals = &self.world.deals;
        deals.iter().any(|deal| !deal.is_open()).then(|| {
            let calendar = self.context.company.calendar;
            let quarter = |deal: &Deal| Some(calendar.quarter_of(deal.closed_on?).to_string());
            let labels = self.directory.labels(deals);
            Sales::new(deals, &labels, self.context.company.currency, quarter)
        })
    }

    /// Between the last quarter ends that lie behind the first deal, and on to the as-of day.
    async fn waterfalls(&self) -> Result<Vec<Waterfall>, Error> {
        let calendar = self.context.company.calendar;
        let Some(first) = self.world.deals.iter().map(|deal| deal.created_on).min() else {
            return Ok(Vec::new());
        };
        let mut ends = vec![self.world.as_of];
        let mut quarter = calendar.days(calendar.quarter_of(self.world.as_of));
        while ends.len() <= REVIEW_QUARTERS_BACK && eve(quarter.first) >= first {
            ends.insert(0, eve(quarter.first));
            quarter = calendar.days(calendar.quarter_of(eve(quarter.first)));
        }
        let (mut falls, mut before): (_, Option<(Date, Vec<Deal>)>) = (Vec::new(), None);
        for end in ends {
            let deals = if end == self.world.as_of {
                self.world.deals.clone()
            } else {
                World::of_deals(self.context, self.context.as_of(Some(end), None)).await?.deals
            };
            if let Some((from, earlier)) = &before {
                let currency = self.context.company.currency;
                let (earlier, later) = ((*from, earlier.as_slice()), (end, deals.as_slice()));
                falls.push(reports::pipeline::waterfall(earlier, later, None, currency, None));
            }
            before = Some((end, deals));
        }
        Ok(falls)
    }

    /// What past quarters brought, and what the next ones will bring; `None` without a win.
    fn outlook(&self) -> Result<Option<Outlook>, Error> {
        let world = &self.world;
        if !world.deals.iter().any(|deal| deal.outcome == Outcome::Won) {
            return Ok(None);
        }
        let outlook = forecast::Outlook::new(self.context, world, &world.deals)?;
        let calendar = self.context.company.calendar;
        let mut next = Vec::new();
        let mut day = world.as_of.saturating_add(1.day());
        let is_under_way = calendar.days(calendar.quarter_of(day)).first < day;
        for _ in 0..REVIEW_QUARTERS_AHEAD + usize::from(is_under_way) {
            let period = calendar.quarter_of(day);
            next.push(forecast_of(world, &outlook, period, self.question.seed)?);
            day = calendar.days(period).last.saturating_add(1.day());
        }
        Ok(Some(Outlook { past: self.past_quarters(&outlook), next }))
    }

    /// From the quarter of the first closing to the last that has ended.
    fn past_quarters(&self, outlook: &forecast::Outlook) -> Vec<(Period, Money)> {
        let calendar = self.context.company.calendar;
        let won = self.world.deals.iter().filter(|deal| deal.outcome == Outcome::Won);
        let Some(first) = won.filter_map(|deal| deal.closed_on).min() else { return Vec::new() };
        let (mut past, mut period) = (Vec::new(), calendar.quarter_of(first));
        while calendar.days(period).last <= self.world.as_of {
            past.push((period, outlook.booked(calendar.days(period))));
            period = calendar.quarter_of(calendar.days(period).last.saturating_add(1.day()));
        }
        past
    }

    /// What the rules find now, and what only the files themselves could tell.
    async fn quality(&self, reader: &Reader<'_>) -> Result<Quality, Error> {
        let check = check::of_world(self.context, &self.world).await?;
        let mut findings = check.findings;
        for finding in &reader.findings {
            if check.rules.contains(&finding.rule.as_str()) {
                continue;
            }
            match findings.iter_mut().find(|known| known.rule == finding.rule) {
                Some(known) => known.rows += finding.rows,
                None => findings.push(finding.clone()),
            }
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.rows));
        Ok(Quality {
            records: check.records,
            rules: Rule::ALL.len(),
            findings,
            left_out: self.left_out(reader),
        })
    }

    fn left_out(&self, reader: &Reader) -> Vec<LeftOut> {
        let world = &self.world;
        let rows: u64 = reader.files.iter().map(|file| file.rows).sum();
        let open = world.deals.iter().filter(|deal| deal.is_open() && !deal.contradictory);
        let undated = open.clone().filter(|deal| self.undated.contains(&deal.created_at)).count();
        let contradictory = world.deals.iter().filter(|deal| deal.contradictory).count();
        let leads = world.leads.iter().filter(|lead| lead.contradictory).count();
        let left_out = |what: &str, count: usize, of: usize, out_of: &str| LeftOut {
            what: what.to_owned(),
            count,
            of,
            out_of: out_of.to_owned(),
        };
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let mut list = vec![
            left_out(
                "rows",
                size(reader.refused),
                size(rows),
                "everything: they could not be read",
            ),
            left_out(
                "deals",
                contradictory,
                world.deals.len(),
                "every rate and age: they were closed before they were created",
            ),
            left_out(
                "deals",
                world.in_other_currency.len(),
                world.deals.len(),
                "all sums: their amounts are in another currency",
            ),
            left_out(
                "open deals",
                undated,
                open.count(),
                "dead pipeline: their file does not tell when they were created",
            ),
            left_out(
                "leads",
                leads,
                world.leads.len(),
                "every rate and time: something happened to them before they were there",
            ),
        ];
        list.retain(|left_out| left_out.count > 0);
        list
    }

    fn notes(&self, assumed: Vec<String>, named: Option<Currency>) -> Vec<String> {
        let mut notes = assumed;
        if named.is_none() {
            notes.push(
                "The files name no currency: amounts are in whatever currency they were in."
                    .to_owned(),
            );
        }
        let start = self.context.company.calendar.start_month();
        notes.push(format!(
            "Fiscal years begin with month {start}; days are those of UTC unless a file says else."
        ));
        if self.world.reconstructed {
            notes.push(
                "History is put together from the dates in the files: what an export does not \
                 date, such as an earlier amount, is not known for past days."
                    .to_owned(),
            );
        }
        notes
    }
}
