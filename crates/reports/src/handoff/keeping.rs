//! How both sides keep the agreement, week by week, and where the baton was dropped. The number
//! is the team's: nobody is named.

use domain::handoff::Clock;
use jiff::civil::Date;
use serde_json::{Value, json};
use stats::proportion::wilson_95;

use super::span;
use crate::document::{Cell, Document, Report, Table};
use crate::render::counted;

/// What of something owed came in time, came late, and is still running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub in_time: usize,
    pub late: usize,
    pub running: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    pub monday: Date,
    /// Leads that were marketing-qualified for the first time.
    pub qualified: usize,
    /// What marketing owes in the working days of the week.
    pub promised: f64,
    /// Of those that were offered in the week.
    pub accepted: Kept,
    /// Of those that were accepted in the week.
    pub contacted: Kept,
    pub dropped: usize,
}

/// Leads that were first called within a time, and how many of them became sales qualified.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Minutes by the clock from qualified to the first call; the last band has no end.
    pub minutes_max: Option<i64>,
    pub leads: usize,
    pub sales_qualified: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Keeping {
    pub from: Date,
    pub to: Date,
    pub weeks: Vec<Week>,
    /// Reasons with how often, the most frequent first.
    pub declined: Vec<(String, usize)>,
    pub recycled: Vec<(String, usize)>,
    pub speed: Vec<Band>,
    /// First calls whose leads are still under way: they tell nothing yet.
    pub undecided: usize,
}

/// One dropped baton.
#[derive(Clone, Debug, PartialEq)]
pub struct Drop {
    pub lead: String,
    pub name: String,
    pub pass: u32,
    pub on: Date,
    /// Which clock ran out.
    pub at: Clock,
    /// Business minutes from the clock's begin to the drop.
    pub waited_minutes: i64,
    /// Whether it was picked up again since.
    pub is_picked_up: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Dropped {
    pub from: Date,
    pub to: Date,
    pub drops: Vec<Drop>,
    /// Hand-offs that were offered in the same days.
    pub offered: usize,
}

impl Kept {
    /// The share that came in time of what is decided.
    pub fn share(&self) -> Option<f64> {
        let decided = self.in_time + self.late;
        (decided > 0).then(|| self.in_time as f64 / decided as f64)
    }

    fn add(self, other: Kept) -> Kept {
        Kept {
            in_time: self.in_time + other.in_time,
            late: self.late + other.late,
            running: self.running + other.running,
        }
    }

    fn json(&self) -> Value {
        json!({ "in_time": self.in_time, "late": self.late, "running": self.running })
    }
}

impl Band {
    pub fn share(&self) -> Option<f64> {
        (self.leads > 0).then(|| self.sales_qualified as f64 / self.leads as f64)
    }

    fn name(&self, before: Option<i64>) -> String {
        match (before, self.minutes_max) {
            (None, Some(most)) => format!("within {}", span(most)),
            (Some(before), Some(most)) => format!("{} to {}", span(before), span(most)),
            (Some(before), None) => format!("later than {}", span(before)),
            (None, None) => "whenever".to_owned(),
        }
    }
}

impl Keeping {
    /// All weeks together: acceptance, first contact, and what marketing gave of its promise.
    pub fn totals(&self) -> (Kept, Kept, Option<f64>) {
        let sum =
            |part: fn(&Week) -> Kept| self.weeks.iter().map(part).fold(Kept::default(), Kept::add);
        let given: usize = self.weeks.iter().map(|week| week.qualified).sum();
        let promised: f64 = self.weeks.iter().map(|week| week.promised).sum();
        let volume = (promised > 0.0).then(|| given as f64 / promised);
        (sum(|week| week.accepted), sum(|week| week.contacted), volume)
    }

    fn weeks(&self) -> Table {
        let columns = [
            "Week of",
            ">Qualified",
            ">Promised",
            ">Accepted in time",
            ">Late",
            ">Kept",
            ">Called in time",
            ">Late",
            ">Kept",
            ">Dropped",
        ];
        let mut table = Table::new("Week by week", &columns);
        for week in self.weeks.iter().rev() {
            table.row([
                week.monday.into(),
                week.qualified.into(),
                Cell::Number(week.promised),
                week.accepted.in_time.into(),
                week.accepted.late.into(),
                week.accepted.share().map(Cell::Share).into(),
                week.contacted.in_time.into(),
                week.contacted.late.into(),
                week.contacted.share().map(Cell::Share).into(),
                week.dropped.into(),
            ]);
        }
        table
    }

    fn reasons(&self) -> Table {
        let mut table = Table::new("Why leads came back", &["Reason", "As", ">How often"]);
        for (how, reasons) in [("declined", &self.declined), ("recycled", &self.recycled)] {
            for (reason, count) in reasons {
                table.row([reason.as_str().into(), how.into(), (*count).into()]);
            }
        }
        table
    }

    fn speed(&self) -> Table {
        let columns = [
            "First call after qualifying",
            ">Leads",
            ">Sales qualified",
            ">Share",
            ">At least",
            ">At most",
        ];
        let mut table = Table::new("Speed to lead", &columns);
        let mut before = None;
        for band in &self.speed {
            let found = wilson_95(band.sales_qualified, band.leads);
            table.row([
                band.name(before).into(),
                band.leads.into(),
                band.sales_qualified.into(),
                band.share().map(Cell::Share).into(),
                found.map(|it| Cell::Share(it.low)).into(),
                found.map(|it| Cell::Share(it.high)).into(),
            ]);
            before = band.minutes_max;
        }
        table
    }

    fn answer(&self) -> String {
        let (accepted, contacted, volume) = self.totals();
        let share = |share: Option<f64>| {
            share.map_or("–".to_owned(), |share| format!("{:.0} %", share * 100.0))
        };
        format!(
            "From {} to {} marketing gave {} of what it promised; {} of leads were taken in time \
             and {} called in time.",
            self.from,
            self.to,
            share(volume),
            share(accepted.share()),
            share(contacted.share()),
        )
    }
}

impl Report for Keeping {
    fn document(&self) -> Document {
        let mut notes = vec![
            "A week counts what began in it; what still runs is neither kept nor late.".to_owned(),
        ];
        if self.undecided > 0 {
            let leads = counted(self.undecided, "lead");
            notes.push(format!("Speed to lead leaves out {leads} still under way."));
        }
        let speed = if self.speed.iter().any(|band| band.leads > 0) {
            notes.push("At least and at most enclose the share with 95 % probability.".to_owned());
            vec![self.speed()]
        } else {
            Vec::new()
        };
        let tables = [vec![self.weeks(), self.reasons()], speed].concat();
        Document { answer: self.answer(), tables, notes }
    }

    fn json(&self) -> Value {
        let week = |week: &Week| {
            json!({
                "week_of": week.monday.to_string(),
                "qualified": week.qualified,
                "promised": week.promised,
                "accepted": week.accepted.json(),
                "contacted": week.contacted.json(),
                "dropped": week.dropped,
            })
        };
        let reasons = |reasons: &[(String, usize)]| {
            let reason =
                |(reason, count): &(String, usize)| json!({ "reason": reason, "count": count });
            reasons.iter().map(reason).collect::<Vec<_>>()
        };
        let band = |band: &Band| {
            json!({
                "minutes_max": band.minutes_max,
                "leads": band.leads,
                "sales_qualified": band.sales_qualified,
                "share": band.share(),
                "interval_95": wilson_95(band.sales_qualified, band.leads)
                    .map(|it| [it.low, it.high]),
            })
        };
        let (accepted, contacted, volume) = self.totals();
        json!({
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "accepted_in_time": accepted.share(),
            "contacted_in_time": contacted.share(),
            "volume_given": volume,
            "weeks": self.weeks.iter().map(week).collect::<Vec<_>>(),
            "declined": reasons(&self.declined),
            "recycled": reasons(&self.recycled),
            "speed_to_lead": self.speed.iter().map(band).collect::<Vec<_>>(),
            "undecided": self.undecided,
        })
    }
}

impl Report for Dropped {
    fn document(&self) -> Document {
        let columns = ["Lead", "Who", ">Pass", "Dropped on", "Waiting to", ">Waited", "Since then"];
        let mut table = Table::new("Dropped batons", &columns);
        for drop in &self.drops {
            let waiting = match drop.at {
                Clock::Accept => "be accepted",
                Clock::Contact => "be called",
            };
            let since = if drop.is_picked_up { "picked up again" } else { "lies there" };
            table.row([
                drop.lead.as_str().into(),
                drop.name.as_str().into(),
                (drop.pass as usize).into(),
                drop.on.into(),
                waiting.into(),
                span(drop.waited_minutes).into(),
                since.into(),
            ]);
        }
        let lying = self.drops.iter().filter(|drop| !drop.is_picked_up).count();
        let answer = match self.drops.len() {
            0 => format!("No baton was dropped from {} to {}.", self.from, self.to),
            count => format!(
                "{} of {} hand-offs from {} to {} were dropped; {lying} still lie there.",
                count, self.offered, self.from, self.to
            ),
        };
        let notes = vec!["Waiting is counted in business time.".to_owned()];
        Document { answer, tables: vec![table], notes }
    }

    fn json(&self) -> Value {
        let drop = |drop: &Drop| {
            json!({
                "lead": drop.lead,
                "name": drop.name,
                "pass": drop.pass,
                "dropped_on": drop.on.to_string(),
                "clock": drop.at.name(),
                "waited_business_minutes": drop.waited_minutes,
                "picked_up": drop.is_picked_up,
            })
        };
        json!({
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "offered": self.offered,
            "drops": self.drops.iter().map(drop).collect::<Vec<_>>(),
        })
    }
}
