//! A line in words: what a person needs to check it with a pocket calculator.

use jiff::civil::Date;

use super::counted::{Metric, counted};
use super::exact::Rate;
use super::plan::{CreditRule, Plan};
use super::rates::Base;
use super::statement::{Calculation, Commission, Line, Reason, Source, Working};
use crate::money::Money;

/// Words for the lines of one calculation.
pub struct Words<'c> {
    pub plan: &'c Plan,
    pub calculation: &'c Calculation,
}

impl Words<'_> {
    pub fn sentence(&self, line: &Line) -> String {
        let amount = self.money(line.amount);
        let deal = self.deal(line);
        match line.working {
            Working::Commission(working) => self.commission(&deal, line.amount, working),
            Working::Spiff { spiff, whole, share } => format!(
                "{deal}: {} of {} × {share} of the credit = {amount}",
                self.spiff(spiff),
                self.money(whole),
            ),
            Working::Hold { until_cash } => {
                let until = if until_cash { "paid for" } else { "invoiced" };
                format!("{deal}: {amount} is held until the deal is {until}")
            }
            Working::Release { on, cancelled: true } => {
                format!("{deal}: {amount} is held no longer, as the deal was cancelled on {on}")
            }
            Working::Release { on, .. } => {
                format!("{deal}: {amount} is held no longer, since what it waited for was on {on}")
            }
            Working::Clawback { won_on, cancelled_on, within_days } => {
                let days = days_between(won_on, cancelled_on);
                format!(
                    "{deal}: won on {won_on}, cancelled on {cancelled_on}, {days} days later and \
                     so within {within_days}: {amount} is taken back"
                )
            }
            Working::Relay { pool } => {
                format!("relay: every leg met its mark; the share of {} is {amount}", {
                    self.money(pool)
                })
            }
            Working::Adjustment { of, before, after, reason } => format!(
                "{deal}, {} of {}: {}; {} now − {} before = {amount}",
                self.source(of),
                line.about,
                self.reason(self.metric(line), reason),
                self.money(after),
                self.money(before),
            ),
            Working::Draw { earned, guaranteed, recoverable } => format!(
                "draw: {} guaranteed − {} earned = {amount}{}",
                self.money(guaranteed),
                self.money(earned.max(0)),
                if recoverable { ", to be made up for later" } else { ", to be kept" },
            ),
            Working::Recovery { earned, guaranteed, owed } => format!(
                "draw made up for: {} earned − {} guaranteed, of which {} is owed: {amount}",
                self.money(earned),
                self.money(guaranteed),
                self.money(owed),
            ),
        }
    }

    /// What kind of line it is, in a word or two.
    pub fn kind(&self, line: &Line) -> String {
        match line.working {
            Working::Commission(working) => self.source(Source::Commission(working.measure)),
            Working::Spiff { spiff, .. } => self.source(Source::Spiff(spiff)),
            Working::Hold { .. } => "hold".to_owned(),
            Working::Release { .. } => "release".to_owned(),
            Working::Clawback { .. } => "clawback".to_owned(),
            Working::Relay { .. } => "relay".to_owned(),
            Working::Adjustment { .. } => "adjustment".to_owned(),
            Working::Draw { .. } => "draw".to_owned(),
            Working::Recovery { .. } => "draw made up for".to_owned(),
        }
    }

    fn commission(&self, deal: &str, paid: i64, working: Commission) -> String {
        let Commission { credit, quota, base, .. } = working;
        let terms = &self.plan.terms().measures[usize::from(working.measure)];
        let (measure, metric) = (&terms.name, terms.metric);
        let origin = self.origin(working);
        let quota = self.quantity(metric, quota);
        if working.is_below_threshold {
            return format!(
                "{deal}: {measure}, {origin}: the threshold of the quota of {quota} is not \
                 reached, so it earns {}",
                self.money(0)
            );
        }
        let earned = self.money(working.earned);
        let capped = working.cap.map_or_else(String::new, |cap| {
            format!(", of which the cap of {} leaves {}", self.money(cap), self.money(paid))
        });
        let base = match base {
            Base::Formula { target, credited, before, after } => {
                let at = |credit: i64| self.quantity(metric, credit);
                let source = terms.formula.as_ref().map_or("", |formula| formula.source());
                return format!(
                    "{deal}: {measure}, {origin}: `{source}` pays {} at a credit of {} − {} at \
                     {} = {earned}{capped} (quota of {quota}, {} at target)",
                    self.money(after),
                    at(credited.saturating_add(credit)),
                    self.money(before),
                    at(credited),
                    self.money(target),
                );
            }
            Base::Rate(rate) => rate.percent(),
            Base::Each(amount) => format!("{} each", self.money(amount)),
            Base::Target { target, quota } => {
                let quota = self.quantity(metric, quota);
                format!("{} at target ÷ quota of {quota}", self.money(target))
            }
        };
        let multiplier = if working.multiplier == Rate::ONE && working.from.millionths == 0 {
            String::new()
        } else {
            let (times, from) = (working.multiplier.factor(), working.from.percent());
            format!(" × {times} (from {from} of the quota of {quota})")
        };
        let credit = self.quantity(metric, credit);
        format!("{deal}: {measure}, {origin}: {credit} × {base}{multiplier} = {earned}{capped}")
    }

    /// Where the piece of credit comes from.
    fn origin(&self, working: Commission) -> String {
        let Commission { deal_amount, deal_credit, credit, .. } = working;
        let terms = &self.plan.terms().measures[usize::from(working.measure)];
        let quantity = |credit: i64| self.quantity(terms.metric, credit);
        let through = working.through.and_then(|it| self.calculation.channels.get(usize::from(it)));
        let through = through.map_or_else(String::new, |channel| match terms.credit {
            CreditRule::Sourced => format!(", sourced by {channel}, its first touch"),
            _ => format!(", influenced by {channel}"),
        });
        let whole = if deal_credit == deal_amount {
            format!("credit of {}{through}", quantity(deal_credit))
        } else {
            format!("credit of {} out of {}", quantity(deal_credit), quantity(deal_amount))
        };
        if credit == deal_credit { whole } else { format!("a piece of the {whole}") }
    }

    fn reason(&self, metric: Metric, reason: Reason) -> String {
        let on = |on: Option<Date>| on.map_or_else(String::new, |on| format!(" on {on}"));
        match reason {
            Reason::Known { on: day } => format!("it became known{}", on(day)),
            Reason::Withdrawn { on: day } if metric.is_of_wins() => {
                format!("it turned out not to be won{}", on(day))
            }
            Reason::Withdrawn { on: day } => format!("it turned out not to count{}", on(day)),
            Reason::Amount { from, to, on: day } => format!(
                "its amount became {} instead of {}{}",
                self.money(to),
                self.money(from),
                on(day)
            ),
            Reason::Credit { on: day } => format!("its credit was changed{}", on(day)),
            Reason::Moved { from, to } if metric.is_of_wins() => {
                format!("it was won on {to}, not on {from}")
            }
            Reason::Moved { from, to } => format!("it counts on {to}, not on {from}"),
            Reason::Event => "its invoice, payment or cancellation became known".to_owned(),
            Reason::Judged => "the legs were judged afterwards".to_owned(),
            Reason::Others => {
                "other deals of that period changed, and its tier with them".to_owned()
            }
        }
    }

    fn source(&self, source: Source) -> String {
        match source {
            Source::Commission(measure) => {
                self.plan.terms().measures[usize::from(measure)].name.clone()
            }
            Source::Spiff(spiff) => self.spiff(spiff),
            Source::Hold => "hold".to_owned(),
            Source::Release => "release".to_owned(),
            Source::Clawback => "clawback".to_owned(),
            Source::Relay => "relay".to_owned(),
        }
    }

    fn spiff(&self, spiff: u16) -> String {
        format!("SPIFF {}", self.plan.terms().spiffs[usize::from(spiff)].name)
    }

    fn deal(&self, line: &Line) -> String {
        let named = line.deal.and_then(|deal| self.calculation.deals.get(deal as usize));
        named.map_or_else(
            || "the pool".to_owned(),
            |named| format!("{} {}", named.metric.record(), named.id),
        )
    }

    fn metric(&self, line: &Line) -> Metric {
        let named = line.deal.and_then(|deal| self.calculation.deals.get(deal as usize));
        named.map(|named| named.metric).unwrap_or_default()
    }

    /// So much of a metric: money, or a count with its unit.
    pub fn quantity(&self, metric: Metric, amount: i64) -> String {
        match metric.unit() {
            Some(unit) => counted(amount, unit),
            None => self.money(amount).to_string(),
        }
    }

    fn money(&self, minor: i64) -> Money {
        Money { minor, currency: self.calculation.currency }
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    crate::time::day_number(to) - crate::time::day_number(from)
}
