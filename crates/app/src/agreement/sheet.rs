//! The agreement as it is written (TOML) and kept (JSON with the ids of users): one form, read in
//! one place.

use std::collections::BTreeSet;

use domain::agreement::duty::Duty;
use domain::agreement::{Agreement, AgreementError, Leave, Route, Runner, Step, Whom};
use domain::business_hours::{BusinessHours, HoursError, minute_of_day, weekday};
use domain::score::expression::{Condition, Reach};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::error::Error;
use crate::journal;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sheet {
    definition: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    qualifies: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    score_min: Option<i64>,
    promised_monthly: u32,
    accept_minutes: u32,
    contact_minutes: u32,
    grace_minutes: u32,
    calls_min: u32,
    decline_reasons: Vec<String>,
    recycle_reasons: Vec<String>,
    /// By hand if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    recycle_days: u32,
    passes_max: u32,
    routing: Vec<String>,
    hours: HoursSheet,
    #[serde(rename = "runner")]
    runners: Vec<RunnerSheet>,
    #[serde(default)]
    escalation: Vec<StepSheet>,
    #[serde(default, rename = "duty", skip_serializing_if = "Vec::is_empty")]
    duties: Vec<DutySheet>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct HoursSheet {
    working_days: Vec<String>,
    opens: String,
    closes: String,
    #[serde(default)]
    holidays: Vec<String>,
    /// The company's if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RunnerSheet {
    /// A user of the CRM by id, name or e-mail.
    user: String,
    #[serde(default = "one")]
    weight: u32,
    capacity: u32,
    #[serde(default)]
    territories: Vec<String>,
    #[serde(default)]
    leave: Vec<LeaveSheet>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LeaveSheet {
    first: String,
    last: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StepSheet {
    /// Business minutes past what is due; negative before it.
    minutes: i32,
    /// `runner`, `manager`, or a user of the CRM.
    tell: String,
}

/// Who has which part in a duty.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct DutySheet {
    what: String,
    #[serde(default)]
    responsible: Vec<String>,
    #[serde(default)]
    accountable: Vec<String>,
    #[serde(default)]
    consulted: Vec<String>,
    #[serde(default)]
    informed: Vec<String>,
}

fn one() -> u32 {
    1
}

impl Sheet {
    /// As people write it.
    pub fn read(text: &str) -> Result<Sheet, Error> {
        toml::from_str(text).map_err(|error| Error::Field {
            field: "terms",
            why: format!("the agreement cannot be read: {}", error.to_string().trim_end()),
        })
    }

    /// As it is kept.
    pub fn kept(json: &str) -> Result<Sheet, Error> {
        serde_json::from_str(json)
            .map_err(|error| Error::Input(format!("the kept agreement cannot be read: {error}")))
    }

    pub fn text(&self) -> Result<String, Error> {
        serde_json::to_string(self)
            .map_err(|error| Error::Input(format!("the agreement cannot be kept: {error}")))
    }

    /// With the ids of those who are named, so that it means them whatever they are called later,
    /// and with the time zone that holds now.
    pub async fn settled(mut self, context: &Context) -> Result<Sheet, Error> {
        for runner in &mut self.runners {
            runner.user = user(context, "runner", &runner.user).await?;
        }
        for step in &mut self.escalation {
            if !["runner", "manager"].contains(&step.tell.as_str()) {
                step.tell = user(context, "escalation", &step.tell).await?;
            }
        }
        let zone = self.hours.timezone.take();
        self.hours.timezone = zone.or_else(|| Some(context.company.timezone_name.clone()));
        Ok(self)
    }

    /// What it says, with users as ids.
    pub fn agreement(&self, context: &Context) -> Result<Agreement, Error> {
        let routing: Result<Vec<Route>, AgreementError> =
            self.routing.iter().map(|route| route.parse()).collect();
        let entry = self.entry.as_deref().map(str::parse);
        let condition = |source: &String| {
            let condition = Condition::new(source, Reach::Figures);
            condition.map_err(|wrong| Error::Field { field: "qualifies", why: wrong.to_string() })
        };
        let agreement = Agreement {
            definition: self.definition.trim().to_owned(),
            qualifies: self.qualifies.as_ref().map(condition).transpose()?,
            score_min: self.score_min,
            promised_monthly: self.promised_monthly,
            accept_minutes: self.accept_minutes,
            contact_minutes: self.contact_minutes,
            grace_minutes: self.grace_minutes,
            calls_min: self.calls_min,
            hours: self.hours.hours(context)?,
            decline_reasons: self.decline_reasons.clone(),
            recycle_reasons: self.recycle_reasons.clone(),
            entry: entry.transpose().map_err(wrong)?.unwrap_or_default(),
            recycle_days: self.recycle_days,
            passes_max: self.passes_max,
            routing: routing.map_err(wrong)?,
            runners: self.runners.iter().map(RunnerSheet::runner).collect::<Result<_, Error>>()?,
            escalation: self.escalation.iter().map(StepSheet::step).collect::<Result<_, _>>()?,
            duties: self.duties.iter().map(DutySheet::duty).collect(),
        };
        agreement.checked().map_err(wrong)
    }
}

fn wrong(error: AgreementError) -> Error {
    Error::field(error.field())(error)
}

async fn user(context: &Context, field: &'static str, named: &str) -> Result<String, Error> {
    let found = journal::find(context, &format!("users:{named}")).await;
    Ok(found.map_err(Error::field(field))?.1.to_string())
}

fn date(field: &'static str, text: &str) -> Result<Date, Error> {
    text.trim().parse().map_err(|_| Error::Field {
        field,
        why: format!("`{text}` is no day: write one such as 2026-12-25"),
    })
}

impl HoursSheet {
    fn hours(&self, context: &Context) -> Result<BusinessHours, Error> {
        let wrong = |error: HoursError| Error::field(error.field())(error);
        let days: Result<Vec<_>, HoursError> =
            self.working_days.iter().map(|day| weekday(day)).collect();
        let opens = minute_of_day(&self.opens).map_err(wrong)?;
        let closes = minute_of_day(&self.closes).map_err(wrong)?;
        let holidays: Result<BTreeSet<Date>, Error> =
            self.holidays.iter().map(|day| date("holidays", day)).collect();
        let zone = match &self.timezone {
            None => context.company.timezone.clone(),
            Some(name) => TimeZone::get(name).map_err(|_| Error::Field {
                field: "timezone",
                why: format!("`{name}` is not a time zone: write one such as Europe/Berlin"),
            })?,
        };
        BusinessHours::new(&days.map_err(wrong)?, (opens, closes), holidays?, zone).map_err(wrong)
    }
}

impl RunnerSheet {
    fn runner(&self) -> Result<Runner, Error> {
        let leave = |leave: &LeaveSheet| {
            let (first, last) = (date("leaves", &leave.first)?, date("leaves", &leave.last)?);
            Ok::<_, Error>(Leave { first, last })
        };
        Ok(Runner {
            user: self.user.parse().map_err(Error::field("runner"))?,
            weight: self.weight,
            capacity: self.capacity,
            territories: self.territories.clone(),
            leaves: self.leave.iter().map(leave).collect::<Result<_, _>>()?,
        })
    }
}

impl DutySheet {
    fn duty(&self) -> Duty {
        Duty {
            what: self.what.clone(),
            responsible: self.responsible.clone(),
            accountable: self.accountable.clone(),
            consulted: self.consulted.clone(),
            informed: self.informed.clone(),
        }
    }
}

impl StepSheet {
    fn step(&self) -> Result<Step, Error> {
        let whom = match self.tell.as_str() {
            "runner" => Whom::Runner,
            "manager" => Whom::Manager,
            user => Whom::User(user.parse().map_err(Error::field("escalation"))?),
        };
        Ok(Step { minutes: self.minutes, whom })
    }
}
