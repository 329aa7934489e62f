//! What is looked at before a period is closed: what is done, what is missing, and what to do.

use std::collections::BTreeMap;

use domain::period::Period;
use domain::time::{day_of, end_of_day};
use jiff::civil::Date;
use reports::close::{Checklist, Item, Verdict};
use store::chain;
use store::import::Status;

use crate::agreement::in_force_at;
use crate::check;
use crate::context::Context;
use crate::error::Error;
use crate::imports::findings::Rule;
use crate::world::World;

/// Findings that change what is frozen.
const BEARING: [Rule; 5] = [
    Rule::ClosedBeforeCreated,
    Rule::ClosedWithoutDate,
    Rule::WonWithoutAmount,
    Rule::UnknownStage,
    Rule::OtherCurrency,
];

/// Looks at all that a close of a period asks for.
pub async fn of(context: &Context, period: Period) -> Result<Checklist, Error> {
    let days = context.company.calendar.days(period);
    let mut items = vec![over(context, days.last), once(context, period).await?];
    items.push(before(context, period).await?);
    items.push(files(context, days.last).await?);
    items.push(findings(context, days.last).await?);
    items.push(agreement(context, days.last).await?);
    items.push(journal(context).await?);
    items.push(pay());
    Ok(Checklist { items })
}

fn item(what: &str, verdict: Verdict, found: impl Into<String>, todo: impl Into<String>) -> Item {
    Item { what: what.to_owned(), verdict, found: found.into(), todo: todo.into() }
}

fn over(context: &Context, last: Date) -> Item {
    let what = "the period is over";
    match last < context.today() {
        true => item(what, Verdict::Done, format!("it ended on {last}"), ""),
        false => {
            item(what, Verdict::Refused, format!("it ends on {last}"), "wait for the day after")
        }
    }
}

async fn once(context: &Context, period: Period) -> Result<Item, Error> {
    let what = "it is not closed yet";
    Ok(match context.store.closed_period(period).await? {
        None => item(what, Verdict::Done, "nobody closed it", ""),
        Some(closed) => {
            let on = day_of(closed.recorded_at, &context.company.timezone);
            let todo = format!("see what changed since: baton period restatements {period}");
            item(what, Verdict::Refused, format!("it was closed on {on}"), todo)
        }
    })
}

/// Once a company closes its periods, none is left out.
async fn before(context: &Context, period: Period) -> Result<Item, Error> {
    let what = "the period before is closed";
    let calendar = context.company.calendar;
    let closed = context.store.closed_periods().await?;
    let first = calendar.days(period).first;
    let earlier: Vec<Period> = (closed.iter().map(|it| it.close.period))
        .filter(|it| is_alike(*it, period) && calendar.days(*it).last < first)
        .collect();
    let is_next = |it: &Period| calendar.next(*it) == period;
    Ok(match earlier.iter().max_by_key(|it| calendar.days(**it).last) {
        None => item(what, Verdict::NotAsked, "none before it is closed", ""),
        Some(last) if is_next(last) => item(what, Verdict::Done, format!("{last} is closed"), ""),
        Some(last) => {
            let next = calendar.next(*last);
            let found = format!("{last} is the last one that is closed");
            item(what, Verdict::Missing, found, format!("close {next} first"))
        }
    })
}

fn is_alike(one: Period, other: Period) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}

/// Whether every kind of file that this company imports was taken after the period's end.
async fn files(context: &Context, last: Date) -> Result<Item, Error> {
    let what = "files are from after its end";
    let zone = &context.company.timezone;
    let end = end_of_day(last, zone);
    let mut latest = BTreeMap::new();
    for import in context.store.imports().await? {
        if import.status == Status::Done {
            let seen = latest.entry(import.kind).or_insert(import.observed_at);
            *seen = import.observed_at.max(*seen);
        }
    }
    let late: Vec<String> = (latest.iter().filter(|(_, seen)| **seen < end))
        .map(|(kind, seen)| format!("{kind} ({})", day_of(*seen, zone)))
        .collect();
    Ok(match (latest.len(), late.as_slice()) {
        (0, _) => item(what, Verdict::NotAsked, "no file was ever imported", ""),
        (kinds, []) => {
            item(what, Verdict::Done, format!("all {kinds} kinds were taken after {last}"), "")
        }
        (_, late) => item(
            what,
            Verdict::Missing,
            format!("taken before its end: {}", late.join(", ")),
            "import exports that were taken after its end",
        ),
    })
}

async fn findings(context: &Context, last: Date) -> Result<Item, Error> {
    let what = "no open finding bears on it";
    let world = World::at(context, context.as_of(Some(last), None)).await?;
    let check = check::of_world(context, &world).await?;
    world.let_go();
    let bears = |rule: &str| BEARING.iter().any(|bearing| bearing.name() == rule);
    let open: Vec<String> = (check.findings.iter().filter(|finding| bears(&finding.rule)))
        .map(|finding| format!("{} ({})", finding.rule, finding.rows))
        .collect();
    Ok(match open.as_slice() {
        [] => item(what, Verdict::Done, format!("{} rules found nothing", BEARING.len()), ""),
        open => item(
            what,
            Verdict::Missing,
            open.join(", "),
            "mend them: baton check names examples and what to do",
        ),
    })
}

async fn agreement(context: &Context, last: Date) -> Result<Item, Error> {
    let what = "an agreement was in force";
    let end = end_of_day(last, &context.company.timezone);
    Ok(match in_force_at(context, end).await? {
        Some(agreed) => {
            item(what, Verdict::Done, format!("version {} at its end", agreed.number), "")
        }
        None => item(what, Verdict::NotAsked, "none was: nothing of it is frozen", ""),
    })
}

async fn journal(context: &Context) -> Result<Item, Error> {
    let what = "the journal holds";
    Ok(match context.store.verify().await? {
        chain::Verdict::Holds(verified) => {
            let links = verified.links + verified.unchained;
            item(what, Verdict::Done, format!("all of {links} entries"), "")
        }
        chain::Verdict::Broken(broken) => item(
            what,
            Verdict::Refused,
            format!("entry {}: {}", broken.entry_id, broken.fault),
            "find out who changed the database past Baton: baton journal verify",
        ),
    })
}

/// Pay is calculated from frozen figures, and locked before the period behind it is closed.
fn pay() -> Item {
    item("pay is locked", Verdict::NotAsked, "closing asks nothing of pay", "")
}
