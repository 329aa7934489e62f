//! From what truly happened to what the system tells of it on a day: nothing later, no history
//! where none is kept, gaps where nothing was entered; and the close dates that sellers expected.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use super::company::{AmountsKnown, Company};
use super::days::{days_between, quarter_end};
use super::{Closed, Deal};
use crate::random::{Stream, Subject};

/// Close dates put off more often than this are looked at no more.
const GUESSES_MAX: usize = 60;

impl Company {
    /// What an export made at the end of a day tells of the deals: nothing later; moves, earlier
    /// amounts and earlier expected dates only where the system keeps a history; no product, owner,
    /// source or amount where none was entered. (Undated closings, duplicates and odd spellings are
    /// found in the files alone.)
    pub fn seen(&self, deals: &[Deal], on: Date) -> Vec<Deal> {
        deals.iter().filter(|deal| deal.created <= on).map(|deal| self.view(deal, on)).collect()
    }

    fn view(&self, deal: &Deal, on: Date) -> Deal {
        let records = &self.records;
        let mut stream = Stream::of(self.seed, Subject::Record, deal.id);
        let mut entered = |missing: f64| !stream.chance(missing);
        let has_product = entered(records.missing_product) && records.has_products;
        let has_owner = entered(records.missing_owner);
        let closed = deal.closed.filter(|closed| closed.on <= on);
        let has_amount = entered(records.missing_amount);
        let amounts = if has_amount { self.amounts(deal, closed, on) } else { Vec::new() };
        Deal {
            product: deal.product.filter(|_| has_product),
            owner: deal.owner.filter(|_| has_owner),
            source: deal.source.filter(|_| records.has_sources),
            moves: self.until(&deal.moves, on),
            amounts,
            expected: self.until(&deal.expected, on),
            closed,
            ..deal.clone()
        }
    }

    fn amounts(&self, deal: &Deal, closed: Option<Closed>, on: Date) -> Vec<(Date, i64)> {
        let all = self.until(&deal.amounts, on);
        match (self.records.amounts, closed) {
            (AmountsKnown::Always, _) | (AmountsKnown::UnlessLost, None) => all,
            (AmountsKnown::WhenWon, None) => Vec::new(),
            (AmountsKnown::UnlessLost, Some(closed)) if closed.is_won => all,
            (AmountsKnown::WhenWon, Some(closed)) if closed.is_won => {
                all.last().map(|(_, amount)| (closed.on, *amount)).into_iter().collect()
            }
            (AmountsKnown::UnlessLost | AmountsKnown::WhenWon, Some(closed)) => {
                vec![(closed.on, 0)]
            }
        }
    }

    /// The entries of a history that were made by the day, or the last of them alone.
    fn until<T: Copy>(&self, history: &[(Date, T)], on: Date) -> Vec<(Date, T)> {
        let known = history.partition_point(|(day, _)| *day <= on);
        let first = if self.records.has_stage_history { 0 } else { known.max(1) - 1 };
        history.get(first..known).unwrap_or_default().to_vec()
    }
}

/// The close dates that its seller expected, with the day from which on each did. A deal that will
/// be won is known to close some weeks before it does, by sellers who look after their dates.
pub fn expected(company: &Company, deal: &Deal, last: Date) -> Vec<(Date, Date)> {
    let mut stream = Stream::of(company.seed, Subject::Guess, deal.id);
    let until = deal.closed.map_or(last, |closed| closed.on);
    let foreseen = foreseen(company, deal, &mut stream);
    let cycle = company.classes.first().map_or(60.0, |class| class.cycle_days_median);
    let mut since = deal.created;
    let mut guesses = Vec::new();
    let mut days = stream.lognormal(1.2 * cycle + 3.0, 0.5);
    while since <= until && guesses.len() < GUESSES_MAX {
        let guess = tidy(&mut stream, plus(since, days));
        if let Some((from, on)) = foreseen.filter(|(from, _)| *from <= guess) {
            guesses.push((since, guess));
            guesses.push((from.max(since), on));
            break;
        }
        guesses.push((since, guess));
        if stream.chance(company.records.dates_neglected) {
            break;
        }
        since = plus(guess, 1.0 + stream.exponential(6.0));
        days = stream.lognormal(0.4 * cycle + 14.0, 0.7);
    }
    guesses
}

/// When the true closing day of a deal that is won comes to be expected, and that day.
fn foreseen(company: &Company, deal: &Deal, stream: &mut Stream) -> Option<(Date, Date)> {
    let skill = stream.chance(company.records.dates_foreseen);
    let ahead = 1.0 + 30.0 * stream.uniform();
    let closed = deal.closed.filter(|closed| closed.is_won && skill)?;
    let open_days = days_between(deal.created, closed.on);
    let from = closed.on.saturating_sub(Span::new().days(ahead.min(open_days as f64) as i64));
    Some((from, closed.on))
}

/// Sellers like the last days of months and quarters.
fn tidy(stream: &mut Stream, date: Date) -> Date {
    match stream.uniform() {
        taste if taste < 0.2 => quarter_end(date),
        taste if taste < 0.5 => date.last_of_month(),
        _ => date,
    }
}

fn plus(date: Date, days: f64) -> Date {
    date.saturating_add((days.min(3_000.0) as i64).days())
}
