//! From what a person typed to the values of fields.

use domain::access::Scope;
use domain::history::Values;
use domain::kind::{Field, Holds, Kind};
use domain::master::{field_named, leading};
use domain::money::{Money, parse_currency};
use domain::stage::{Outcome, Stage, Stages, outcome_by_name};
use domain::time::start_of_day;
use domain::value::Value;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::journal;
use crate::record::owner;

/// What was typed, read.
pub struct Typed {
    pub values: Values,
}

/// Fields that Baton itself keeps: when and under which id a record came to be.
const KEPT: [&str; 3] = ["external_id", "created_at", "deleted"];

/// Reads `(field, text)` pairs of a kind.
///
/// # Errors
/// Names the field and what it takes, for the first value that does not fit.
pub async fn read(
    context: &Context,
    kind: Kind,
    fields: &[(String, String)],
) -> Result<Typed, Error> {
    let mut values = Values::new();
    for (name, text) in fields {
        let field = field_named(kind, name)?;
        refuse_kept(field)?;
        let value = match text.trim() {
            "" => None,
            text => Some(value(context, kind, field, text).await.map_err(at(field.name))?),
        };
        if values.insert(field.name, value).is_some() {
            return Err(Error::Input(format!("`{name}` is given twice: give it once")));
        }
    }
    if values.is_empty() {
        return Err(Error::Input("nothing is given: write FIELD=VALUE".to_owned()));
    }
    Ok(Typed { values })
}

/// What cannot be read as a value is wrong in its field.
fn at(field: &'static str) -> impl FnOnce(Error) -> Error {
    move |error| match error {
        Error::Input(_) | Error::Money(_) => Error::Field { field, why: error.to_string() },
        other => other,
    }
}

fn refuse_kept(field: &Field) -> Result<(), Error> {
    if KEPT.contains(&field.name) {
        return Err(Error::Input(format!("`{}` is kept by Baton and not edited", field.name)));
    }
    if leading(field.name) != field.name {
        return Err(Error::Input(format!(
            "`{}` follows the stage: edit `stage`, on its day",
            field.name
        )));
    }
    Ok(())
}

async fn value(context: &Context, kind: Kind, field: &Field, text: &str) -> Result<Value, Error> {
    let takes = |what: &str| Error::Input(format!("`{}` takes {what}, not `{text}`", field.name));
    Ok(match field.holds {
        Holds::Text => Value::Text(text.to_owned()),
        Holds::Integer => Value::Integer(text.parse().map_err(|_| takes("a whole number"))?),
        Holds::Ratio => Value::Ratio(ratio(text).ok_or_else(|| takes("a share such as 12.5 %"))?),
        Holds::Money => Value::Money(money(context, text)?),
        Holds::Date => Value::Date(date(text).ok_or_else(|| takes("a day such as 2026-03-31"))?),
        Holds::Instant => {
            let day = date(text).ok_or_else(|| takes("a day such as 2026-03-31"))?;
            Value::Instant(start_of_day(day, &context.company.timezone))
        }
        Holds::Boolean => Value::Boolean(truth(text).ok_or_else(|| takes("yes or no"))?),
        Holds::Stage => Value::Text(stage(&context.stages(kind).await?, kind, text)?),
        Holds::Reference(other) => Value::Reference(reference(context, other, text).await?),
    })
}

/// A record that somebody else owns is told as one that does not exist.
async fn reference(context: &Context, kind: Kind, key: &str) -> Result<Uuid, Error> {
    let subject = format!("{kind}:{key}");
    let (_, id) = journal::find(context, &subject).await?;
    if context.scope == Scope::All || !(kind.is_person() || kind.field("owner").is_some()) {
        return Ok(id);
    }
    let record = context.store.record(kind, id).await?;
    match context.scope.shows(record.as_ref().and_then(owner)) {
        true => Ok(id),
        false => Err(Error::Input(format!("there is no record {subject}"))),
    }
}

fn date(text: &str) -> Option<Date> {
    text.parse().ok()
}

fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// A share with its percent sign, in parts per million.
fn ratio(text: &str) -> Option<i64> {
    let percent: f64 = text.strip_suffix('%')?.trim().parse().ok()?;
    (0.0..=100.0).contains(&percent).then(|| (percent * 10_000.0).round() as i64)
}

/// `1250.50` in the company's currency, or `1250.50 EUR`.
fn money(context: &Context, text: &str) -> Result<Money, Error> {
    Ok(match text.split_once(' ') {
        Some((amount, code)) => Money::parse(amount, parse_currency(code)?)?,
        None => Money::parse(text, context.company.currency)?,
    })
}

/// A stage by its own name; a new one only where its name tells what it means.
fn stage(stages: &Stages, kind: Kind, text: &str) -> Result<String, Error> {
    if let Some(position) = stages.position(text) {
        return Ok(stages.stages[position].name.clone());
    }
    if stages.stages.is_empty() && outcome_by_name(text).is_some() {
        return Ok(text.to_owned());
    }
    let names: Vec<&str> = stages.stages.iter().map(|stage| stage.name.as_str()).collect();
    Err(Error::Input(match names.as_slice() {
        [] => {
            format!("`{text}` does not tell whether it is open, won or lost: import {kind} first")
        }
        names => format!("{kind} have no stage `{text}`: choose one of {}", names.join(", ")),
    }))
}

/// Gives a new record its stage, and the stages with it, where the kind has stages.
pub async fn with_stage(context: &Context, kind: Kind, typed: &mut Typed) -> Result<Stages, Error> {
    let mut stages = context.stages(kind).await?;
    if !kind.has_stages() {
        return Ok(stages);
    }
    let given = typed.values.get("stage").cloned().flatten();
    let first = stages.stages.iter().find(|stage| stage.outcome == Outcome::Open);
    let entry = stages.entry.clone().or(first.map(|stage| stage.name.clone()));
    let name = given.as_ref().and_then(Value::as_text).map(str::to_owned).or(entry);
    let Some(name) = name else {
        return Err(Error::Input("name its stage, such as stage=Prospecting".to_owned()));
    };
    if stages.position(&name).is_none() {
        let outcome = outcome_by_name(&name).unwrap_or(Outcome::Open);
        stages.add([Stage { name: name.clone(), outcome }]);
    }
    typed.values.insert("stage", Some(Value::Text(name)));
    Ok(stages)
}

impl Typed {
    /// Where the stage changes, says when it was entered, and when it closed the record.
    pub fn follow_stage(&mut self, stages: &Stages, at: Timestamp) {
        let Some(stage) = self.values.get("stage") else { return };
        let stage = stage.as_ref().and_then(Value::as_text);
        let is_closed = stage.is_some_and(|stage| stages.is_closed(stage));
        self.values.insert("stage_entered_at", Some(Value::Instant(at)));
        self.values.insert("closed_at", is_closed.then_some(Value::Instant(at)));
    }
}
