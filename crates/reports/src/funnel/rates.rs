//! The rates of the funnel with their intervals: what is won in the end, after how long and for how
//! much, what share of leads goes on from each stage, and how many arrive a month.

use domain::money::{Currency, Money};
use jiff::civil::Date;
use serde_json::{Value, json};
use stats::rates::arrivals::Arrivals;
use stats::rates::{Ages, Estimate, FollowUp, Shares};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{code, counted, grouped, short, shown};

/// With fewer wins an interval of an amount or of days holds less often than it says.
const FEW_WON: usize = 50;
/// What stands for a figure that time has yet to tell.
const NOT_YET_KNOWN: &str = "not yet known";

#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    pub as_of: Date,
    pub currency: Currency,
    /// By what deals are told apart.
    pub by: String,
    /// `None` without deals.
    pub all: Option<DealRates>,
    /// Those with most deals first; none where all are alike.
    pub groups: Vec<DealRates>,
    /// Groups beyond those listed.
    pub groups_left_out: usize,
    pub leads: Vec<LeadStep>,
    pub arrivals: Vec<ArrivalRates>,
    /// Deals and leads left out because their dates contradict one another.
    pub left_out: usize,
    /// Deals whose amount is not counted.
    pub in_other_currency: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DealRates {
    pub name: String,
    /// Reached is won, missed is lost, remaining is open.
    pub shares: Shares,
    /// From creation to winning; `None` with fewer than three wins.
    pub days_to_win: Option<Ages>,
    /// Mean amount of a won deal, in minor units; `None` with fewer than three known.
    pub won_amount_minor: Option<Estimate>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LeadStep {
    pub from: String,
    pub to: String,
    /// Of the stays in `from`: reached is gone on, missed is given up or put aside.
    pub shares: Shares,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ArrivalRates {
    pub name: String,
    /// By month; `None` with too few whole months to tell.
    pub arrivals: Option<Arrivals>,
}

impl Report for Rates {
    fn document(&self) -> Document {
        let mut tables: Vec<Table> = Vec::new();
        tables.extend(self.all.as_ref().map(|all| self.deals_table(all)));
        tables.extend([self.groups_table(), self.leads_table(), self.arrivals_table()]);
        Document { answer: self.answer(), tables, notes: self.notes() }
    }

    fn json(&self) -> Value {
        json!({
            "as_of": self.as_of.to_string(),
            "currency": code(self.currency),
            "by": self.by,
            "interval": 0.95,
            "deals": self.all.as_ref().map(|all| self.deals_json(all)),
            "groups": self.groups.iter().map(|it| self.deals_json(it)).collect::<Vec<_>>(),
            "groups_not_listed": self.groups_left_out,
            "leads": self.leads.iter().map(LeadStep::json).collect::<Vec<_>>(),
            "arrivals_per_month": self.arrivals.iter().map(ArrivalRates::json).collect::<Vec<_>>(),
            "left_out_contradictory": self.left_out,
            "amounts_in_other_currency": self.in_other_currency,
        })
    }
}

impl Rates {
    fn answer(&self) -> String {
        let Some(all) = &self.all else {
            return "No deals are known: these are the rates of leads.".to_owned();
        };
        let Some(won) = all.shares.reached_of_ended else {
            return "No deal has closed yet: time will tell.".to_owned();
        };
        let shares = &all.shares;
        let rest = match shares.follow_up.is_long_enough {
            true => format!("{} of all never close", percent(shares.remaining)),
            false => format!(
                "{} of all are still open after {} days",
                percent(shares.remaining),
                shares.follow_up.days
            ),
        };
        let amount = all.won_amount_minor.map_or(String::new(), |amount| {
            format!("; a win brings {} on average", short(self.money(amount.value)))
        });
        format!("Of the deals that close, {} are won; {rest}{amount}.", percent(won))
    }

    fn money(&self, minor: f64) -> Money {
        Money { minor: minor.round() as i64, currency: self.currency }
    }

    fn amount(&self, found: Estimate) -> [Cell; 2] {
        // Without cents: they are far below what is known.
        let unit = 10_f64.powi(i32::try_from(domain::money::decimals(self.currency)).unwrap_or(2));
        let text = |minor: f64| grouped(&format!("{:.0}", minor / unit));
        [text(found.value).into(), between(text(found.low), text(found.high))]
    }

    fn deals_table(&self, all: &DealRates) -> Table {
        let shares = &all.shares;
        let span = within(shares.follow_up);
        let title = format!("All deals, as of {}", self.as_of);
        let mut table = Table::new(&title, &["", ">Estimate", ">95 % interval", "Rests on"]);
        let mut row = |name: String, [estimate, interval]: [Cell; 2], rests_on: String| {
            table.row([name.into(), estimate, interval, rests_on.into()]);
        };
        let (won, lost) = (shares.seen_reached, shares.seen_missed);
        let closed = format!("{} closed, {} won", count(won + lost), count(won));
        let deals = format!("{} deals", count(shares.individuals));
        row(
            format!("won, of those that close{span}"),
            share_cells(shares.reached_of_ended),
            closed,
        );
        row(format!("won{}", in_the_end(shares)), share_cells(Some(shares.reached)), deals.clone());
        row(format!("lost{}", in_the_end(shares)), share_cells(Some(shares.missed)), deals.clone());
        let open = if shares.follow_up.is_long_enough {
            "never closing".to_owned()
        } else {
            format!("still open after {} days", shares.follow_up.days)
        };
        row(open, share_cells(Some(shares.remaining)), deals);
        let wins = format!("{} won", count(won));
        if let Some(ages) = all.days_to_win {
            let name = format!("days to win, half take at most{span}");
            row(name, day_cells(ages.median_days), wins.clone());
            row(format!("days to win, mean{span}"), day_cells(ages.mean_days), wins.clone());
        }
        if let Some(amount) = all.won_amount_minor {
            row(format!("won amount, mean {}", code(self.currency)), self.amount(amount), wins);
        }
        table
    }

    fn groups_table(&self) -> Table {
        let mut table = Table::new(
            &format!("By {}, with 95 % intervals", self.by),
            &[
                "",
                ">Deals",
                ">Won",
                ">Won of closing",
                ">Never closing",
                ">Half won by day",
                &format!(">Mean amount {}", code(self.currency)),
            ],
        );
        let joined = |[estimate, interval]: [Cell; 2]| -> Cell {
            let interval = shown(&interval);
            let interval = interval.trim_end_matches(" %").replace(" to ", "–");
            format!("{} ({interval})", shown(&estimate)).into()
        };
        for group in &self.groups {
            let shares = &group.shares;
            let known = |cells: [Cell; 2]| match shares.follow_up.is_long_enough {
                true => joined(cells),
                false => NOT_YET_KNOWN.into(),
            };
            let won = shares.reached_of_ended.map(|won| known(share_cells(Some(won))));
            let days = group.days_to_win.map(|ages| known(day_cells(ages.median_days)));
            let amount = group.won_amount_minor.map(|amount| known(self.amount(amount)));
            table.row([
                group.name.clone().into(),
                shares.individuals.into(),
                shares.seen_reached.into(),
                won.unwrap_or(Cell::Missing),
                known(share_cells(Some(shares.remaining))),
                days.unwrap_or(Cell::Missing),
                amount.unwrap_or(Cell::Missing),
            ]);
        }
        table
    }

    fn leads_table(&self) -> Table {
        let columns =
            ["From", "To", ">Goes on", ">95 % interval", ">Entered", ">Gone on", ">Given up"];
        let mut table = Table::new("Leads, from stage to stage", &columns);
        for step in &self.leads {
            let shares = &step.shares;
            let [estimate, interval] = match shares.follow_up.is_long_enough {
                true => share_cells(Some(shares.reached)),
                false => [NOT_YET_KNOWN.into(), Cell::Missing],
            };
            table.row([
                step.from.clone().into(),
                step.to.clone().into(),
                estimate,
                interval,
                shares.individuals.into(),
                shares.seen_reached.into(),
                shares.seen_missed.into(),
            ]);
        }
        table
    }

    fn arrivals_table(&self) -> Table {
        let columns =
            ["", ">A month", ">95 % interval", ">Growth a year", ">95 % interval", "Rests on"];
        let mut table = Table::new("New a month", &columns);
        for row in &self.arrivals {
            let Some(found) = row.arrivals else {
                let unknown = [NOT_YET_KNOWN.into(), Cell::Missing, Cell::Missing, Cell::Missing];
                let [level, between, growth, range] = unknown;
                table.row([row.name.clone().into(), level, between, growth, range, "".into()]);
                continue;
            };
            let [level, interval] = number_cells(found.per_period);
            let [growth, range] =
                found.growth_per_year.map_or([NOT_YET_KNOWN.into(), Cell::Missing], growth_cells);
            let arrived = grouped(&found.arrived.to_string());
            let rests_on = format!("{arrived} in {}", counted(found.periods, "whole month"));
            table.row([row.name.clone().into(), level, interval, growth, range, rests_on.into()]);
        }
        table
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "What is still open counts for as long as it was seen; the slow and the large are \
             weighed up for those that are not seen to the end yet."
                .to_owned(),
        ];
        let all = || self.all.iter().chain(&self.groups).map(|it| it.shares);
        if all().chain(self.leads.iter().map(|it| it.shares)).any(|it| !it.follow_up.is_long_enough)
        {
            notes.push(
                "Not yet known: more than a tenth of all that ended took longer than a third of \
                 the time for which enough could be followed, so more may come."
                    .to_owned(),
            );
        }
        if all().any(|shares| shares.seen_reached < FEW_WON) {
            notes.push(format!(
                "With fewer than {FEW_WON} wins the intervals of days and amounts hold less often \
                 than they say, about 90 times in 100."
            ));
        }
        if self.groups_left_out > 0 {
            let groups = counted(self.groups_left_out, "group");
            notes.push(format!("{groups} with fewer deals not listed."));
        }
        if self.left_out > 0 {
            notes.push(format!(
                "{} left out because their dates contradict one another (see `baton check`).",
                self.left_out
            ));
        }
        if self.in_other_currency > 0 {
            let deals = counted(self.in_other_currency, "deal");
            notes.push(format!("The amount of {deals} is in another currency and not counted."));
        }
        notes
    }

    fn deals_json(&self, group: &DealRates) -> Value {
        let shares = &group.shares;
        let amount = |minor| self.money(minor).to_decimal();
        json!({
            "name": group.name,
            "deals": shares.individuals,
            "won": shares.seen_reached,
            "lost": shares.seen_missed,
            "follow_up_days": shares.follow_up.days,
            "follow_up_is_long_enough": shares.follow_up.is_long_enough,
            "won_share": estimate(shares.reached),
            "lost_share": estimate(shares.missed),
            "open_share": estimate(shares.remaining),
            "never_closing_share":
                shares.follow_up.is_long_enough.then(|| estimate(shares.remaining)),
            "won_of_closing_share": shares.reached_of_ended.map(estimate),
            "days_to_win_median": group.days_to_win.map(|ages| estimate(ages.median_days)),
            "days_to_win_mean": group.days_to_win.map(|ages| estimate(ages.mean_days)),
            "won_amount_mean": group.won_amount_minor.map(|found| json!({
                "value": amount(found.value),
                "low": amount(found.low),
                "high": amount(found.high),
            })),
        })
    }
}

impl LeadStep {
    fn json(&self) -> Value {
        json!({
            "from": self.from,
            "to": self.to,
            "entered": self.shares.individuals,
            "gone_on": self.shares.seen_reached,
            "given_up": self.shares.seen_missed,
            "follow_up_days": self.shares.follow_up.days,
            "follow_up_is_long_enough": self.shares.follow_up.is_long_enough,
            "goes_on_share": estimate(self.shares.reached),
        })
    }
}

impl ArrivalRates {
    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "months": self.arrivals.map(|found| found.periods),
            "arrived": self.arrivals.map(|found| found.arrived),
            "per_month": self.arrivals.map(|found| estimate(found.per_period)),
            "growth_per_year":
                self.arrivals.and_then(|found| found.growth_per_year).map(estimate),
        })
    }
}

fn estimate(found: Estimate) -> Value {
    json!({ "value": found.value, "low": found.low, "high": found.high })
}

/// What a name has to add where not all is known yet.
fn within(follow_up: FollowUp) -> String {
    let unfinished = format!(" within {} days", follow_up.days);
    if follow_up.is_long_enough { String::new() } else { unfinished }
}

fn in_the_end(shares: &Shares) -> String {
    match shares.follow_up.is_long_enough {
        true => " in the end".to_owned(),
        false => within(shares.follow_up),
    }
}

fn percent(found: Estimate) -> String {
    shown(&Cell::Share(found.value))
}

fn count(number: usize) -> String {
    shown(&number.into())
}

fn between(low: String, high: String) -> Cell {
    format!("{low} to {high}").into()
}

fn share_cells(found: Option<Estimate>) -> [Cell; 2] {
    let Some(found) = found else { return [Cell::Missing, Cell::Missing] };
    let bare = |share: f64| format!("{:.1}", share * 100.0);
    [Cell::Share(found.value), between(bare(found.low), bare(found.high) + " %")]
}

fn day_cells(found: Estimate) -> [Cell; 2] {
    let text = |days| shown(&Cell::Days(days));
    [Cell::Days(found.value), between(text(found.low), text(found.high))]
}

fn number_cells(found: Estimate) -> [Cell; 2] {
    let text = |number| shown(&Cell::Number(number));
    [Cell::Number(found.value), between(text(found.low), text(found.high))]
}

/// With a sign, for example `+20.1 %` and `+17.2 to +23.0 %`.
fn growth_cells(found: Estimate) -> [Cell; 2] {
    let bare = |share: f64| format!("{:+.1}", share * 100.0);
    [(bare(found.value) + " %").into(), between(bare(found.low), bare(found.high) + " %")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::terminal;
    use jiff::civil::date;
    use stats::rates::Cohort;
    use stats::survival::{Observation, Outcome};

    /// Wins and losses by turns over so many days, and deals that stay open.
    fn group(name: &str, ends_days: u32) -> DealRates {
        let end = |n: u32| Outcome::Event(n as usize % 2);
        let closed = (0..60).map(|n| (1 + n * ends_days / 60, end(n)));
        let open = (0..20).map(|n| (100 + n, Outcome::Censored));
        let seen: Vec<Observation> = closed
            .chain(open)
            .map(|(age_days, outcome)| Observation { age_days, outcome })
            .collect();
        let cohort = Cohort::new(&seen).expect("deals");
        let amounts: Vec<Option<f64>> = (0..80).map(|n| Some(1e6 + 1e4 * f64::from(n))).collect();
        DealRates {
            name: name.to_owned(),
            shares: cohort.shares(),
            days_to_win: cohort.ages_of_reached(),
            won_amount_minor: cohort.mean_of_reached(&amounts),
        }
    }

    fn rates(ends_days: u32) -> Rates {
        Rates {
            as_of: date(2026, 1, 31),
            currency: Currency::USD,
            by: "type".to_owned(),
            all: Some(group("all deals", ends_days)),
            groups: vec![group("New Business", ends_days)],
            groups_left_out: 0,
            leads: Vec::new(),
            arrivals: vec![ArrivalRates { name: "leads".to_owned(), arrivals: None }],
            left_out: 1,
            in_other_currency: 0,
        }
    }

    fn check(ends_days: u32, said: &[&str], not_said: &[&str]) {
        let page = terminal(&rates(ends_days).document(), 110);
        for text in said {
            assert!(page.contains(text), "{text} is missing in\n{page}");
        }
        for text in not_said {
            assert!(!page.contains(text), "{text} stands in\n{page}");
        }
    }

    #[test]
    fn a_long_follow_up_tells_what_never_closes() {
        let never =
            ["never closing", "won in the end", "25.0 % of all never close", "50.0 % are won"];
        check(30, &never, &["still open after", "within"]);
        check(30, &["1 left out", "not yet known", "fewer than 50 wins"], &[]);
    }

    #[test]
    fn a_short_follow_up_says_how_far_it_sees() {
        let so_far = ["still open after 11", "won within 11", "of those that close within 11"];
        check(100, &so_far, &["of all never close", "in the end"]);
        let json = rates(100).json();
        assert_eq!(json["deals"]["never_closing_share"], Value::Null);
        assert_eq!(json["deals"]["won_amount_mean"]["value"], "12900.00");
        let open = rates(30).json()["deals"]["never_closing_share"]["value"].as_f64();
        assert!((open.expect("is known") - 0.25).abs() < 1e-9);
    }
}
