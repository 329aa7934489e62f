//! An agenda that writes itself: where the team stands, what changed, what to fix, how the
//! agreement was kept, what to celebrate, and what was agreed on before.

use jiff::civil::Date;
use reports::document::{Cell, Report, Table};
use reports::huddle::{Followed, Section, followed};
use reports::render::{capital, short};
use reports::scoreboard::NEXT;

use crate::agreement;
use crate::context::Context;
use crate::error::Error;
use crate::handoff::keeping;
use crate::scoreboard::{self, week};

/// Wins that are celebrated.
const WINS_MAX: usize = 5;

/// The sections in the order of the talk; `since` is the day of the huddle before.
pub async fn of(
    context: &Context,
    since: Option<Date>,
    open: &[Followed],
) -> Result<Vec<Section>, Error> {
    let board = scoreboard::scoreboard(context, None, None).await?.document();
    let (fix, legs): (Vec<Table>, Vec<Table>) =
        board.tables.into_iter().partition(|table| table.title == NEXT);
    let week = week::week(context, None).await?;
    let mut changed = vec![capital(&format!("{}.", week.events()))];
    if !week.movement().is_empty() {
        changed.insert(0, capital(&format!("{}.", week.movement())));
    }
    let mut wins = Table::new("Won in the last seven days", &["Deal", "Name", ">Amount", "On"]);
    for deal in week.closed.iter().filter(|deal| deal.is_won).take(WINS_MAX) {
        let name = deal.name.as_deref().unwrap_or_default();
        let amount = deal.amount.map(Cell::Money).unwrap_or(Cell::Missing);
        wins.row([deal.id.as_str().into(), name.into(), amount, deal.on.into()]);
    }
    let before = match since {
        Some(day) => format!("The huddle before was on {day}."),
        None => "This is the first huddle.".to_owned(),
    };
    let mut agenda = vec![
        section("Where we stand", vec![board.answer], legs.into_iter().next()),
        section("What changed in a week", changed, None),
    ];
    agenda.extend(
        fix.into_iter().next().map(|table| section("What to fix", Vec::new(), Some(table))),
    );
    agenda.extend(agreement_kept(context).await?);
    if !wins.rows.is_empty() {
        let celebrated = section("What to celebrate", Vec::new(), Some(wins));
        agenda.push(Section { is_of_records: true, ..celebrated });
    }
    agenda.push(section("What was agreed on before", vec![before], followed(open)));
    Ok(agenda)
}

fn section(title: &str, sentences: Vec<String>, table: Option<Table>) -> Section {
    let table = table.filter(|table| !table.rows.is_empty()).map(rounded);
    Section { title: title.to_owned(), sentences, table, is_of_records: false }
}

/// A table whose amounts are as people say them.
fn rounded(mut table: Table) -> Table {
    for cell in table.rows.iter_mut().flatten() {
        if let Cell::Money(money) = cell {
            *cell = Cell::Text(short(*money));
        }
    }
    table
}

/// How both sides kept their agreement, where one is in force.
async fn agreement_kept(context: &Context) -> Result<Option<Section>, Error> {
    let question = keeping::Question::default();
    let kept = match keeping::keeping(context, question).await {
        Ok(kept) => kept.document(),
        Err(Error::Input(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let dropped = keeping::dropped(context, question).await?.document().answer;
    let table = kept.tables.into_iter().next().map(|mut table| {
        table.rows.truncate(2);
        table
    });
    let mut sentences = vec![kept.answer, dropped];
    sentences.extend(agreement::show(context).await?.open_duties());
    Ok(Some(section("How the agreement is kept", sentences, table)))
}
