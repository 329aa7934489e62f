//! What an agreement would have made of leads that came while it was not in force.

use domain::agreement::trial::{Carried, Trial};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::handoff::span;
use crate::render::counted;

/// An agreement tried on the leads of some days.
#[derive(Clone, Debug)]
pub struct Tried {
    pub first: Date,
    pub last: Date,
    /// The version that was tried; `None` for a text that is no version yet.
    pub version: Option<u64>,
    pub trial: Trial,
    /// The names of its runners, in their order.
    pub names: Vec<String>,
}

impl Tried {
    fn answer(&self) -> String {
        let Trial { leads, promised, in_time, late, dropped, .. } = &self.trial;
        let waited = self.trial.waited + self.trial.never_offered;
        let judged = in_time + late + dropped;
        if *leads == 0 {
            return format!("No lead qualified from {} to {}.", self.first, self.last);
        }
        let given = *leads as f64 / promised.max(1.0) * 100.0;
        let taken = *in_time as f64 / judged.max(1) as f64 * 100.0;
        format!(
            "From {} to {} marketing would have given {given:.0} % of what it promises; at the \
             speed of then {taken:.0} % were taken in time, {} dropped, and {} waited for room.",
            self.first,
            self.last,
            counted(*dropped, "baton"),
            counted(waited, "lead"),
        )
    }

    fn leads(&self) -> Table {
        let Trial {
            leads,
            below_score,
            not_qualified,
            in_time,
            late,
            dropped,
            running,
            waited,
            ..
        } = self.trial;
        let mut table = Table::new("Leads", &["What", ">How many"]);
        let promised = Cell::Number(self.trial.promised);
        for (what, cell) in [
            ("Qualified under it", leads.into()),
            ("Promised", promised),
            ("Left out by its score", below_score.into()),
            ("Left out by its condition", not_qualified.into()),
            ("Taken in time", in_time.into()),
            ("Taken late", late.into()),
            ("Dropped", dropped.into()),
            ("Still within the time", running.into()),
            ("Waited for room", waited.into()),
            ("Never found room", self.trial.never_offered.into()),
        ] {
            table.row([what.into(), cell]);
        }
        table
    }

    fn runners(&self) -> Table {
        let columns = ["Runner", ">Leads", ">Most in hand", ">Capacity"];
        let mut table = Table::new("Who would have had them", &columns);
        for (runner, name) in self.trial.runners.iter().zip(&self.names) {
            table.row([
                name.as_str().into(),
                Cell::Count(i64::try_from(runner.given).unwrap_or(i64::MAX)),
                Cell::Count(i64::from(runner.most)),
                Cell::Count(i64::from(runner.capacity)),
            ]);
        }
        table
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "Leads go on as fast as they did then: the first move after a lead had qualified \
             counts as taking it."
                .to_owned(),
        ];
        if self.trial.waited > 0 {
            let longest = span(self.trial.waited_minutes_max);
            notes.push(format!("The longest wait for room was {longest} of business time."));
        }
        notes
    }
}

impl Report for Tried {
    fn document(&self) -> Document {
        let tables = vec![self.leads(), self.runners()];
        Document { answer: self.answer(), tables, notes: self.notes() }
    }

    fn json(&self) -> Value {
        let trial = &self.trial;
        let runner = |(it, name): (&Carried, &String)| {
            json!({
                "user": it.user.to_string(), "name": name, "leads": it.given,
                "most_in_hand": it.most, "capacity": it.capacity,
            })
        };
        json!({
            "from": self.first.to_string(),
            "to": self.last.to_string(),
            "version": self.version,
            "leads": trial.leads,
            "promised": trial.promised,
            "below_score": trial.below_score,
            "not_qualified": trial.not_qualified,
            "in_time": trial.in_time,
            "late": trial.late,
            "dropped": trial.dropped,
            "running": trial.running,
            "waited": trial.waited,
            "waited_business_minutes_max": trial.waited_minutes_max,
            "never_offered": trial.never_offered,
            "runners": trial.runners.iter().zip(&self.names).map(runner).collect::<Vec<_>>(),
        })
    }
}
