//! Statements from a plan and frozen facts: a pure function, so that it gives the same bytes
//! whenever it is run again.
//!
//! Each period is frozen on its day. A statement holds what the ledger as of that day says of its
//! own period, and for earlier ones the difference to the ledger as of the freeze before: a late
//! fact becomes an adjustment with its reason, and no statement ever changes.

use super::credit::Roster;
use super::draw::draw_line;
use super::exact::Overflow;
use super::facts::{Facts, Recorded, Seen, State};
use super::ledger::{Entry, Ledger, NO_DEAL, Setting};
use super::limits::PERIODS_MAX;
use super::plan::Plan;
use super::statement::{Calculation, Line, Named, Reason, Source, Statement, Working};
use crate::period::{Days, FiscalCalendar, Period};
use jiff::ToSpan;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayError {
    #[error("{period} is no period of the plan, which pays by the like of {first} from then on")]
    NotOfThePlan { period: Period, first: Period },
    #[error("{0} has not begun on the as-of day: take a later --as-of or an earlier period")]
    NotBegun(Period),
    #[error(
        "{0} lies more than {max} periods after the plan's first: begin a new version",
        max = PERIODS_MAX
    )]
    TooFar(Period),
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// The statements of all periods of a plan up to one.
///
/// # Errors
/// When the period is not the plan's or has not begun, or amounts are beyond exact arithmetic.
pub fn calculate(
    plan: &Plan,
    facts: &Facts,
    through: Period,
    seen: Seen,
) -> Result<Calculation, PayError> {
    let setting = setting(plan, facts, through)?;
    if setting.days.last().is_none_or(|days| seen.effective_on < days.first) {
        return Err(PayError::NotBegun(through));
    }
    let deals = facts.recorded();
    let mut statements = Vec::new();
    let mut owed = vec![0; plan.terms().payees.len()];
    let mut before = Vec::new();
    let mut states_before = vec![State::default(); deals.len()];
    for place in 0..setting.periods.len() {
        let frozen = frozen(plan, setting.days[place], seen);
        let states: Vec<State<'_>> = deals.iter().map(|deal| deal.state(frozen)).collect();
        let ledger = setting.ledger(&states, frozen)?;
        let changes = Changes { setting: &setting, place, before: &states_before, now: &states };
        let lines = changes.lines(&before, &ledger.entries)?;
        statements.extend(changes.statements(lines, &ledger, &mut owed)?);
        (before, states_before) = (ledger.entries, states);
    }
    let terms = plan.terms();
    let mut ledger = vec![0_i64; terms.payees.len()];
    for entry in &before {
        let sum = &mut ledger[entry.payee as usize];
        *sum = sum.checked_add(entry.amount).ok_or(Overflow)?;
    }
    Ok(Calculation {
        plan: terms.name.clone(),
        version: terms.version,
        currency: terms.currency,
        through,
        seen,
        statements,
        deals: deals.iter().map(named).collect(),
        channels: plan.channels().into_iter().map(str::to_owned).collect(),
        ledger,
    })
}

fn named(Recorded { of, id, .. }: &Recorded<'_>) -> Named {
    Named { metric: of.metric, id: (*id).to_owned() }
}

/// The statements of one payee alone, as they are among all: for whoever asks about one of many.
/// With the plan that they are of, whose only payee it is.
///
/// # Errors
/// As [`calculate`].
pub fn calculate_one(
    plan: &Plan,
    facts: &Facts,
    payee: usize,
    (through, seen): (Period, Seen),
) -> Result<(Plan, Calculation), PayError> {
    let alone = plan.alone(payee);
    let own = facts.concerning(&alone);
    let calculation = calculate(&alone, &own, through, seen)?;
    Ok((alone, calculation))
}

/// The as-of pair of a period's statements: its last day, and the day of its freeze.
pub fn frozen(plan: &Plan, days: Days, seen: Seen) -> Seen {
    let known_on = plan.frozen_on(days).min(seen.known_on);
    Seen { effective_on: days.last.min(seen.effective_on), known_on }
}

fn setting<'p>(plan: &'p Plan, facts: &'p Facts, through: Period) -> Result<Setting<'p>, PayError> {
    let terms = plan.terms();
    let (calendar, first) = (terms.calendar, terms.first_period);
    if !terms.is_of_length(through) || calendar.days(through).first < calendar.days(first).first {
        return Err(PayError::NotOfThePlan { period: through, first });
    }
    let mut periods = vec![(first, calendar.days(first))];
    while let Some((period, days)) = periods.last().filter(|(period, _)| *period != through) {
        if periods.len() == PERIODS_MAX {
            return Err(PayError::TooFar(through));
        }
        let next = next(calendar, *period, *days);
        periods.push((next, calendar.days(next)));
    }
    let days: Vec<Days> = periods.iter().map(|(_, days)| *days).collect();
    let first_place = |start: jiff::civil::Date| days.partition_point(|days| days.last < start);
    let first_places = terms.payees.iter().map(|payee| first_place(payee.starts_on)).collect();
    Ok(Setting { plan, facts, roster: Roster::new(plan), periods, days, first_places })
}

fn next(calendar: FiscalCalendar, period: Period, days: Days) -> Period {
    let day = days.last.saturating_add(1.day());
    match period {
        Period::Year { .. } => calendar.year_of(day),
        Period::Quarter { .. } => calendar.quarter_of(day),
        Period::Month { .. } => crate::period::month_of(day),
    }
}

/// From one freeze to the next.
struct Changes<'s, 'f> {
    setting: &'s Setting<'s>,
    place: usize,
    before: &'s [State<'f>],
    now: &'s [State<'f>],
}

impl Changes<'_, '_> {
    /// The lines of each payee: the period's own entries, and what became of earlier ones.
    fn lines(&self, before: &[Entry], now: &[Entry]) -> Result<Vec<(u32, Line)>, Overflow> {
        let mut lines = Vec::new();
        let same = |one: &Entry, other: &Entry| one.key() == other.key();
        let mut old = before.chunk_by(same).peekable();
        let mut new = now.chunk_by(same).peekable();
        loop {
            let keys = (old.peek().map(|group| group[0].key()), new.peek().map(|g| g[0].key()));
            let (was, is): (&[Entry], &[Entry]) = match keys {
                (None, None) => return Ok(lines),
                (Some(one), Some(other)) if one == other => {
                    (old.next().unwrap_or_default(), new.next().unwrap_or_default())
                }
                (Some(one), Some(other)) if one > other => (&[], new.next().unwrap_or_default()),
                (None, Some(_)) => (&[], new.next().unwrap_or_default()),
                (Some(_), _) => (old.next().unwrap_or_default(), &[]),
            };
            self.compare(was, is, &mut lines)?;
        }
    }

    fn compare(
        &self,
        was: &[Entry],
        is: &[Entry],
        lines: &mut Vec<(u32, Line)>,
    ) -> Result<(), Overflow> {
        let Some(entry) = is.first().or(was.first()) else { return Ok(()) };
        let about = self.setting.periods[usize::from(entry.place)].0;
        let deal = Some(entry.deal).filter(|deal| *deal != NO_DEAL);
        if usize::from(entry.place) == self.place {
            lines.extend(is.iter().map(|entry| {
                let Entry { amount, working, .. } = *entry;
                (entry.payee, Line { about, deal, amount, working })
            }));
            return Ok(());
        }
        let total = |entries: &[Entry]| super::exact::sum(entries.iter().map(|e| e.amount));
        let (before, after) = (total(was)?, total(is)?);
        if before != after {
            let reason = self.reason(entry);
            let working = Working::Adjustment { of: entry.source, before, after, reason };
            let amount = after.checked_sub(before).ok_or(Overflow)?;
            lines.push((entry.payee, Line { about, deal, amount, working }));
        }
        Ok(())
    }

    fn reason(&self, entry: &Entry) -> Reason {
        if entry.deal == NO_DEAL {
            return Reason::Judged;
        }
        let (was, is) = (self.before[entry.deal as usize], self.now[entry.deal as usize]);
        let on = is.known_on;
        match (was.won, is.won) {
            (None, _) => Reason::Known { on },
            (Some(_), None) => Reason::Withdrawn { on },
            (Some(old), Some(new)) if old.on != new.on => {
                Reason::Moved { from: old.on, to: new.on }
            }
            (Some(old), Some(new)) if old.amount != new.amount => {
                Reason::Amount { from: old.amount, to: new.amount, on }
            }
            (Some(old), Some(new)) if old != new => Reason::Credit { on },
            _ if matches!(entry.source, Source::Hold | Source::Release | Source::Clawback)
                && was != is =>
            {
                Reason::Event
            }
            _ => Reason::Others,
        }
    }

    /// One statement a payee, in their order, with what draws add.
    fn statements(
        &self,
        lines: Vec<(u32, Line)>,
        ledger: &Ledger,
        owed: &mut [i64],
    ) -> Result<Vec<Statement>, Overflow> {
        let terms = self.setting.plan.terms();
        let (period, days) = self.setting.periods[self.place];
        let measures = terms.measures.len();
        let blank = |payee| Statement {
            payee,
            period,
            attainments: vec![None; measures],
            lines: Vec::new(),
            total: 0,
            draw_balance: 0,
        };
        let mut statements: Vec<Statement> = (0..terms.payees.len()).map(blank).collect();
        for (payee, line) in lines {
            statements[payee as usize].lines.push(line);
        }
        for ((payee, place, measure), attainment) in &ledger.attained {
            if usize::from(*place) == self.place {
                let of = &mut statements[*payee as usize].attainments;
                of[usize::from(*measure)] = Some(*attainment);
            }
        }
        for (statement, owed) in statements.iter_mut().zip(owed) {
            let payee = &terms.payees[statement.payee];
            let employed = super::quota::days_employed(payee, days).is_some();
            if employed {
                let (line, left) = draw_line(payee, period, &statement.lines, *owed)?;
                statement.lines.extend(line);
                *owed = left;
            }
            statement.draw_balance = *owed;
            statement.total = super::exact::sum(statement.lines.iter().map(|line| line.amount))?;
        }
        Ok(statements)
    }
}
