//! `cargo xtask bench truth --demo`: how often the 95 % intervals of `stats::rates` hold the truth
//! of the demo company, over many seeds.

use super::recovered::{Recovered, recovered};
use super::section;
use anyhow::{Context, Result, bail};
use jiff::civil::{Date, date};
use simulator::Settings;
use stats::rates::Estimate;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

const SEEDS: u64 = 1_000;
/// Companies at a time.
const WORKERS: usize = 2;
/// An interval of 95 % that holds less or more often than so is marked.
const HELD: std::ops::RangeInclusive<f64> = 0.93..=0.97;

const INTRODUCTION: &str = "\
## The demo's true parameters recovered

Written by `cargo xtask bench truth --demo`. The demo company is lived once for each seed, in memory
and as `truth.json` describes it, with a Poisson number of leads as arrivals of a real firm have.
What `baton funnel rates` computes is computed on its records, and each interval of 95 % is held
against the truth, of which the estimators know nothing. It is to hold it 930 to 970 times in 1,000;
chance alone makes that ± 14.

The truth of deals is `in_the_long_run` of `truth.json`: what deals come to that are given all the
time that they need, as a mean over those created in three years (a win depends on the quarter, the
product, the source, the amount), by type with the weights of the company's own mix. That of a
median is a mean of medians in whole days. Products are told by new business that leads brought.
Shares of leads are `expected`: of the stays in a stage, those that end in the next. Leads a month
are `leads_by_month` over the last twelve whole months; without two whole years the season cannot be
told from chance, and the interval is wide.

- *Truth*, *mean*: the truth, and what was estimated; means over the seeds.
- *Bias*: their difference in standard errors of one estimate.
- *Held*: how often the interval held the truth; *above* and *below*, where the truth was when it
  did not. **Bold**: not within 93 to 97 %.
- *Width*: of the interval in percent of the truth, the mean.
- *Known*: in how many companies the figure was given. The others answer `not yet known`, since the
  follow-up is too short.
";

/// Runs all seeds and writes the section.
pub fn run(arguments: &[String]) -> Result<bool> {
    let seeds = match arguments {
        [] => SEEDS,
        [name, number] if name == "--seeds" => {
            number.parse().with_context(|| format!("`--seeds {number}` is no number"))?
        }
        _ => bail!("`bench truth --demo` takes [--seeds N]"),
    };
    let mut text = INTRODUCTION.to_owned();
    for (title, settings) in [
        ("Three years of records, 12,000 leads and 2,400 deals", three_years()),
        ("Eighteen months of records, 6,000 leads and 1,200 deals", eighteen_months()),
    ] {
        text += &table(title, seeds, &coverage(settings, 1..=seeds)?);
    }
    section::write("the demo's parameters", &text)?;
    println!("{text}\nWritten to {}.", section::DOCUMENT);
    Ok(true)
}

/// A day on which the demo might be taken; which one does not matter.
const TODAY: Date = date(2026, 11, 21);

fn three_years() -> Settings {
    Settings { touches: 0, ..Settings::demo(TODAY) }
}

fn eighteen_months() -> Settings {
    Settings { days: 548, leads: 6_000, deals: 1_200, ..three_years() }
}

/// What became of one figure over all seeds.
struct Figure {
    name: String,
    seeds: usize,
    /// The truth and the estimate, where one was given.
    found: Vec<(f64, Estimate)>,
}

/// Lives a company for each seed, two at a time.
fn coverage(settings: Settings, seeds: std::ops::RangeInclusive<u64>) -> Result<Vec<Figure>> {
    let next = AtomicU64::new(*seeds.start());
    let all = Mutex::new(Vec::new());
    let work = || -> Result<()> {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !seeds.contains(&seed) {
                return Ok(());
            }
            let figures = recovered(&Settings { seed, ..settings })?;
            all.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((seed, figures));
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        let mut joined = workers.into_iter().map(|worker| worker.join());
        joined.try_for_each(|done| done.unwrap_or_else(|_| bail!("a worker failed")))
    })?;
    let mut all = all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    all.sort_by_key(|(seed, _)| *seed);
    Ok(by_figure(all.into_iter().map(|(_, figures)| figures)))
}

fn by_figure(companies: impl Iterator<Item = Vec<Recovered>>) -> Vec<Figure> {
    let mut figures: Vec<Figure> = Vec::new();
    for company in companies {
        for (place, Recovered { figure, truth, found }) in company.into_iter().enumerate() {
            if place == figures.len() {
                figures.push(Figure { name: figure, seeds: 0, found: Vec::new() });
            }
            figures[place].seeds += 1;
            figures[place].found.extend(found.map(|found| (truth, found)));
        }
    }
    figures
}

impl Figure {
    fn mean(&self, of: impl Fn(f64, Estimate) -> f64) -> f64 {
        let sum: f64 = self.found.iter().map(|&(truth, found)| of(truth, found)).sum();
        sum / self.found.len() as f64
    }

    fn held(&self) -> f64 {
        self.mean(|truth, found| f64::from((found.low..=found.high).contains(&truth)))
    }

    /// In standard errors of one estimate.
    fn bias(&self) -> f64 {
        let bias = self.mean(|truth, found| found.value - truth);
        bias / self.mean(|truth, found| (found.value - truth - bias).powi(2)).sqrt()
    }

    fn row(&self) -> String {
        let name = &self.name;
        let known = self.found.len();
        if known == 0 {
            return format!("| {name} | | | | | | | | 0 of {} |", self.seeds);
        }
        let share = |share: f64| format!("{:.1} %", 100.0 * share);
        let held = self.held();
        let mark = if HELD.contains(&held) { "" } else { "**" };
        let above = self.mean(|truth, found| f64::from(truth > found.high));
        let below = self.mean(|truth, found| f64::from(truth < found.low));
        let width = self.mean(|truth, found| (found.high - found.low) / truth);
        format!(
            "| {name} | {} | {} | {:+.2} | {mark}{}{mark} | {} | {} | {} | {known} of {} |",
            plain(self.mean(|truth, _| truth)),
            plain(self.mean(|_, found| found.value)),
            self.bias(),
            share(held),
            share(above),
            share(below),
            share(width),
            self.seeds
        )
    }
}

/// Four digits that count.
fn plain(number: f64) -> String {
    match number {
        small if small < 1.0 => format!("{small:.4}"),
        middle if middle < 1_000.0 => format!("{middle:.1}"),
        large => format!("{large:.0}"),
    }
}

fn table(title: &str, seeds: u64, figures: &[Figure]) -> String {
    let head = "| | truth | mean | bias | held | above | below | width | known |";
    let mut text = format!("\n### {title}\n\nSeeds 1 to {seeds}.\n\n{head}\n");
    let _ = writeln!(text, "|---|{}", "--:|".repeat(8));
    for figure in figures {
        let _ = writeln!(text, "{}", figure.row());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An interval that holds 93 times in 100 misses more than 9 of 30 once in 10,000 times.
    const TESTED: u64 = 30;
    const MISSED_MAX: usize = 9;
    /// Of all intervals together, which of one company are not independent.
    const ALL_HELD: std::ops::RangeInclusive<f64> = 0.91..=0.985;

    #[test]
    fn intervals_hold_the_truth_of_the_demo() {
        let figures = coverage(three_years(), 1..=TESTED).expect("companies");
        let (mut held, mut all) = (0, 0);
        for figure in &figures {
            let of_it = (figure.held() * figure.found.len() as f64).round() as usize;
            let missed = figure.found.len() - of_it;
            assert!(missed <= MISSED_MAX, "{}: {missed} of {TESTED} missed", figure.name);
            assert!(figure.found.len() as u64 * 10 >= TESTED * 9, "{} is known", figure.name);
            held += of_it;
            all += figure.found.len();
        }
        assert_eq!(figures.len(), 25);
        assert!(ALL_HELD.contains(&(held as f64 / all as f64)), "{held} of {all} held");
    }

    #[test]
    fn a_figure_that_nobody_knows_has_no_numbers() {
        let figure = Figure { name: "growth".to_owned(), seeds: 3, found: Vec::new() };
        assert_eq!(figure.row(), "| growth | | | | | | | | 0 of 3 |");
    }
}
