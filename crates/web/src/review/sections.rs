//! The sections of the review in their order, each where the data has something to say.

use domain::money::Money;
use reports::backtest::Backtest;
use reports::document::{Document, Report, Table};
use reports::funnel::rates::Rates;
use reports::pipeline::Waterfall;
use reports::render::{code, counted, grouped, short};
use reports::review::Review;
use reports::review::dead::DeadPipeline;
use reports::review::leads::{LeadReview, span};
use reports::review::outlook::{Outlook, heading};
use reports::review::sales::{Breakdown, FEW_CLOSED, Sales, Segment};

use super::{Block, KeyFigure, Section};
use crate::chart::intervals::Row;
use crate::chart::{Figure, ages, answers, fan, graded, intervals, nowhere, reach, waterfall};
use crate::money::{short_date, units};
use crate::table::TableView;

/// The most rows of a picture of intervals, and of a table that stands open.
const ROWS_SHOWN: usize = 12;
/// How many breakdowns stand open; the others are folded.
const BREAKDOWNS_OPEN: usize = 2;

pub fn all(review: &Review) -> Vec<Section> {
    let sections = [
        review.outlook.as_ref().and_then(next_quarters),
        review.backtest.as_ref().map(graded_forecast),
        review.dead.as_ref().map(dead_pipeline),
        review.sales.as_ref().map(|sales| win_rate(sales, review.dead.as_ref())),
        review.rates.as_ref().map(in_the_end),
        moves(&review.waterfalls),
        review.leads.as_ref().map(lead_review),
        Some(quality(review)),
        Some(files(review)),
        Some(method()),
    ];
    sections.into_iter().flatten().collect()
}

/// `8,927 rows of 4 files`
pub fn files_read(review: &Review) -> String {
    let read = review.files.iter().filter(|file| file.kind.is_some());
    let rows: u64 = read.clone().map(|file| file.rows).sum();
    format!("{} rows of {}", grouped(&rows.to_string()), counted(read.count(), "file"))
}

pub fn key_figures(review: &Review) -> Vec<KeyFigure> {
    let mut keys = Vec::new();
    if let Some(sales) = &review.sales {
        keys.extend(sales_keys(&sales.total));
    } else if let Some(leads) = &review.leads {
        keys.extend(lead_keys(leads));
    }
    keys
}

fn sales_keys(total: &Segment) -> Vec<KeyFigure> {
    let rate = total.win_rate.map(|rate| KeyFigure {
        name: "Win rate",
        value: percent(rate.share),
        about: format!("95 % sure: {} to {}", percent(rate.low), percent(rate.high)),
    });
    let cycle = total.cycle_days_median.map(|days| KeyFigure {
        name: "Sales cycle",
        value: format!("{days:.0} days"),
        about: format!("median; 9 of 10 wins within {:.0}", total.cycle_days_p90.unwrap_or(days)),
    });
    let price = total.average_price.map(|price| KeyFigure {
        name: "Average price",
        value: headline(price),
        about: format!("of {} wins", grouped(&total.won.to_string())),
    });
    let revenue = Some(KeyFigure {
        name: "Revenue won",
        value: short(total.revenue),
        about: "in all that was given".to_owned(),
    });
    [rate, cycle, price, revenue].into_iter().flatten().collect()
}

fn lead_keys(leads: &LeadReview) -> Vec<KeyFigure> {
    let rate = leads.won_rate.map(|rate| KeyFigure {
        name: "Leads won",
        value: percent(rate.share),
        about: format!("95 % sure: {} to {}", percent(rate.low), percent(rate.high)),
    });
    let speed = leads.days_to_win_median.map(|days| KeyFigure {
        name: "Time to win",
        value: format!("{days:.0} days"),
        about: format!("median; 9 of 10 within {:.0}", leads.days_to_win_p90.unwrap_or(days)),
    });
    [rate, speed].into_iter().flatten().collect()
}

fn next_quarters(outlook: &Outlook) -> Option<Section> {
    let meaning = "The line is what was won; the fan is what to expect: the middle band holds the \
                   outcome half of the time, the next 8 times of 10, the lightest 9 of 10.";
    let title = "Revenue by quarter, won and expected";
    let figure = Figure::new("fan", title, meaning, |size| fan::draw(outlook, size));
    let mut blocks = vec![Block::Picture(figure)];
    blocks.extend(rows(outlook.next_table()));
    blocks.extend(folded("Past quarters", None, outlook.past_table()));
    let first = outlook.next.first()?;
    let mut words = format!(
        "Learnt from {} closed deals; {} simulated futures.",
        grouped(&first.closed_deals.to_string()),
        grouped(&first.futures.to_string())
    );
    if first.reconstructed {
        words.push_str(" History is put together from the dates in the files.");
    }
    blocks.push(Block::Words(words));
    Some(Section {
        id: "next",
        name: "The next quarters",
        answer: format!("{}.", outlook.next.iter().map(heading).collect::<Vec<_>>().join(". ")),
        blocks,
        advice: Some(format!(
            "Commit to {} at most if you want to be right 9 times of 10.",
            short(first.quantile("p10"))
        )),
    })
}

fn graded_forecast(backtest: &Backtest) -> Section {
    let said = "Each bar is what was said on that day of the whole quarter (dark: half of the \
                time, light: 8 times of 10); the dot is what came, hollow where it was missed.";
    let off = "Mean error of each method's median over the same days, in percent of what came. \
               Shorter is better.";
    let origins = Figure::new("graded", "What was said, and what came", said, |size| {
        graded::draw_origins(backtest, size, &nowhere)
    });
    let methods = Figure::new("methods", "How far each method was off", off, |size| {
        graded::draw_methods(backtest, size)
    });
    let mut blocks = vec![Block::Picture(methods)];
    blocks.extend(rows(Some(backtest.methods_table())));
    blocks.push(Block::Picture(origins));
    let every_day = backtest.origins_table(usize::MAX);
    blocks.extend(folded("Every day that was graded", None, Some(every_day)));
    blocks.push(Block::Words(backtest.explanations().join(" ")));
    Section {
        id: "graded",
        name: "Your forecast, graded",
        answer: backtest.answer(),
        blocks,
        advice: None,
    }
}

fn dead_pipeline(dead: &DeadPipeline) -> Section {
    let meaning = "Above the ages at which deals closed, won or lost; below the ages of the deals \
                   that are open today. Right of the line nothing has ever closed.";
    let title = "Ages of closed and of open deals";
    let figure = Figure::new("ages", title, meaning, |size| ages::draw(dead, size));
    let mut blocks = vec![Block::Picture(figure)];
    blocks.extend(rows(Some(dead.bands_table())));
    blocks.extend(rows(Some(dead.owners_table()).filter(|table| table.rows.len() > 1).map(top)));
    blocks.extend(folded("All owners", None, long(dead.owners_table())));
    blocks.extend(folded("By stage", None, Some(dead.stages_table())));
    let title = dead.biggest_table().title;
    blocks.extend(folded(&title, None, Some(dead.biggest_table())));
    blocks.extend(folded("The ages behind the picture", None, Some(dead.ages_table())));
    if dead.estimated > 0 {
        blocks.push(Block::Words(format!(
            "{} of the dead deals have no amount in the data; they stand at their product's list \
             price, or at the mean of past wins.",
            grouped(&dead.estimated.to_string())
        )));
    }
    Section {
        id: "dead",
        name: "Dead pipeline",
        answer: dead.answer(),
        blocks,
        advice: (dead.dead.deals > 0).then(|| {
            "Ask each owner to close these deals or to give each a next step and a date. Until \
             then leave them out of coverage and forecast."
                .to_owned()
        }),
    }
}

fn win_rate(sales: &Sales, dead: Option<&DeadPipeline>) -> Section {
    let total = &sales.total;
    let mut blocks = Vec::new();
    blocks.extend(rows(Some(sales.total_table())));
    blocks.extend(velocity(total, dead).map(Block::Words));
    for (index, breakdown) in sales.breakdowns.iter().enumerate() {
        blocks.extend(breakdown_blocks(breakdown, sales, index < BREAKDOWNS_OPEN));
    }
    blocks.extend(folded("By quarter of closing", None, Some(sales.quarters_table())));
    if sales.breakdowns.iter().any(Breakdown::has_few) {
        blocks.push(Block::Words(format!(
            "Names in grey have fewer than {FEW_CLOSED} closed deals: their interval says how \
             little that tells."
        )));
    }
    Section {
        id: "rates",
        name: "Win rate, price and cycle",
        answer: rates_answer(total),
        blocks,
        advice: None,
    }
}

fn rates_answer(total: &Segment) -> String {
    let rate = total.win_rate.map_or("none".to_owned(), |rate| percent(rate.share));
    let mut answer = format!("{rate} of the deals that close are won");
    if let Some(price) = total.average_price {
        answer.push_str(&format!(", for {} on average", headline(price)));
    }
    if let (Some(median), Some(p90)) = (total.cycle_days_median, total.cycle_days_p90) {
        answer
            .push_str(&format!("; half of them within {median:.0} days, 9 of 10 within {p90:.0}"));
    }
    format!("{answer}.")
}

fn in_the_end(rates: &Rates) -> Section {
    let Document { answer, tables, notes } = rates.document();
    let mut blocks: Vec<Block> =
        tables.iter().filter_map(|table| rows(Some(table.clone()))).collect();
    blocks.extend(notes.into_iter().map(Block::Words));
    Section {
        id: "in-the-end",
        name: "What becomes of deals and leads",
        answer,
        blocks,
        advice: None,
    }
}

/// What the textbook's velocity comes to, and what is left of it without the dead deals.
fn velocity(total: &Segment, dead: Option<&DeadPipeline>) -> Option<String> {
    let velocity = total.velocity?;
    let alive = dead
        .filter(|dead| dead.dead.deals > 0)
        .and_then(|dead| total.velocity_of(total.open.saturating_sub(dead.dead.deals)));
    let first = format!(
        "Sales velocity (open deals × win rate × average price ÷ mean cycle) comes to {} a day",
        whole(velocity)
    );
    Some(match alive {
        Some(alive) => format!("{first}; without the dead deals to {}.", whole(alive)),
        None => format!("{first}."),
    })
}

fn breakdown_blocks(breakdown: &Breakdown, sales: &Sales, is_open: bool) -> Vec<Block> {
    let all = sales.total.win_rate.map_or(0.0, |rate| rate.share);
    let row = |segment: &Segment| {
        let rate = segment.win_rate?;
        Some(Row {
            name: segment.name.clone(),
            share: rate.share,
            low: rate.low,
            high: rate.high,
            of: format!("{} closed", grouped(&segment.closed().to_string())),
            is_few: segment.is_few(),
        })
    };
    let drawn: Vec<Row> = breakdown.segments.iter().filter_map(row).take(ROWS_SHOWN).collect();
    let title = format!("Win rate by {}", breakdown.dimension);
    let meaning = "The dot is the share won of those that closed, the bar its 95 % interval, the \
                   line the share of all. Bars that cross the line may differ by chance alone.";
    let id = format!("rate-{}", breakdown.dimension);
    let figure = Figure::new(&id, &title, meaning, |size| intervals::draw(&drawn, all, size));
    let table = breakdown.table();
    if is_open {
        let picture = Block::Picture(figure);
        let summary = format!("All figures by {}", breakdown.dimension);
        return [Some(picture), folded(&summary, None, table)].into_iter().flatten().collect();
    }
    let summary = format!("By {}", breakdown.dimension);
    folded(&summary, Some(figure), table).into_iter().collect()
}

fn moves(falls: &[Waterfall]) -> Option<Section> {
    let last = falls.last()?;
    let (from, to) = (short_date(last.from), short_date(last.to));
    let title = format!("Pipeline from {from} to {to}");
    let meaning = "From the open deals on the first day to those on the last. Each unit of money \
                   takes one path, so that the steps sum to the end.";
    let figure =
        Figure::new("moves", &title, meaning, |size| waterfall::draw(last, size, &nowhere));
    let mut blocks = vec![Block::Picture(figure)];
    blocks.extend(rows(moves_table(falls)));
    Some(Section {
        id: "moves",
        name: "How the pipeline moved",
        answer: format!("From {from} to {to} the pipeline {}", moved(last)),
        blocks,
        advice: None,
    })
}

/// What the report says of the pipeline, without its subject.
fn moved(fall: &Waterfall) -> String {
    fall.document().answer.trim_start_matches("The pipeline ").to_owned()
}

/// One row a quarter.
fn moves_table(falls: &[Waterfall]) -> Option<Table> {
    let columns =
        ["Until", ">Start", ">Created", ">Raised", ">Lowered", ">Lost", ">Won", ">Other", ">End"];
    let mut table = Table::new("Quarter by quarter", &columns);
    for fall in falls {
        let other = Money {
            minor: fall.pulled_in.amount.minor - fall.pushed_out.amount.minor,
            ..fall.end.amount
        };
        table.row([
            fall.to.into(),
            fall.start.amount.into(),
            fall.created.amount.into(),
            fall.raised.amount.into(),
            fall.lowered.amount.into(),
            fall.lost.amount.into(),
            fall.won.amount.into(),
            other.into(),
            fall.end.amount.into(),
        ]);
    }
    (!falls.is_empty()).then_some(table)
}

fn lead_review(leads: &LeadReview) -> Section {
    let mut blocks = Vec::new();
    if let Some(speed) = &leads.answers {
        let title = "How fast leads were answered, and how many became a deal";
        let figure =
            Figure::new("speed", title, &speed.answer(), |size| answers::draw(speed, size));
        blocks.push(Block::Picture(figure));
        blocks.extend(folded("The figures of speed to lead", None, Some(speed.table())));
    }
    blocks.extend(rows(Some(leads.waits_table())));
    blocks.extend(folded("Late and dropped by owner", None, Some(leads.owners_table())));
    if !leads.curve.is_empty() {
        let title = "Share of leads that are won, by age";
        let meaning = "Leads that are still under way count for as long as they were seen.";
        let figure = Figure::new("reach", title, meaning, |size| reach::draw(leads, size));
        blocks.push(Block::Picture(figure));
    }
    blocks.extend(rows(Some(leads.stages_table())));
    blocks.extend(source_blocks(leads));
    Section {
        id: "leads",
        name: "Leads and hand-offs",
        answer: leads.answer(),
        blocks,
        advice: leads.waits.first().filter(|wait| wait.late > 0).map(|wait| {
            format!(
                "Leads that wait in {} for longer than {} are as good as dropped: call the best \
                 of them this week, and send the others back to nurture.",
                wait.stage,
                span(wait.usual_hours)
            )
        }),
    }
}

fn source_blocks(leads: &LeadReview) -> Vec<Block> {
    let all = leads.won_rate.map_or(0.0, |rate| rate.share);
    let drawn: Vec<Row> = (leads.by_source.iter().take(ROWS_SHOWN))
        .filter_map(|source| {
            let rate = source.rate?;
            Some(Row {
                name: source.name.clone(),
                share: rate.share,
                low: rate.low,
                high: rate.high,
                of: format!("{} leads", grouped(&source.leads.to_string())),
                is_few: source.leads < FEW_CLOSED,
            })
        })
        .collect();
    if drawn.is_empty() {
        return Vec::new();
    }
    let meaning = "The dot is the share of a source's leads that were won, the bar its 95 % \
                   interval, the line the share of all.";
    let figure = Figure::new("sources", "Share of leads won, by source", meaning, |size| {
        intervals::draw(&drawn, all, size)
    });
    let mut blocks = vec![Block::Picture(figure)];
    blocks.extend(folded("All figures by source", None, Some(leads.sources_table())));
    blocks
}

fn quality(review: &Review) -> Section {
    let mut blocks: Vec<Block> = rows(Some(review.quality.table())).into_iter().collect();
    let left_out = review.quality.left_out.iter();
    blocks.extend(left_out.map(|left_out| Block::Words(left_out.sentence())));
    Section {
        id: "quality",
        name: "Data quality",
        answer: review.quality.answer(),
        blocks,
        advice: None,
    }
}

fn files(review: &Review) -> Section {
    let mut blocks: Vec<Block> = rows(Some(review.files_table())).into_iter().collect();
    for file in &review.files {
        let mut table = Table::new(&file.name, &["What was detected and taken"]);
        for statement in &file.statements {
            table.row([statement.as_str().into()]);
        }
        if let Some(first) = &file.first_refused {
            table.row([format!("First refused: {first}.").into()]);
        }
        blocks.extend(folded(&format!("How {} was read", file.name), None, Some(table)));
    }
    let aside = review.files.iter().filter(|file| file.kind.is_none()).count();
    let answer = match aside {
        0 => format!("{} were read.", files_read(review)),
        count => {
            format!("{} were read; {} left aside.", files_read(review), counted(count, "file"))
        }
    };
    Section { id: "files", name: "What was read", answer, blocks, advice: None }
}

/// The definitions behind the figures.
fn method() -> Section {
    let definitions = [
        (
            "Win rate",
            "won ÷ (won + lost), of deals that have closed. Its interval is that of \
          Wilson (1927), which holds for small numbers.",
        ),
        ("Cycle", "days from creation to closing of won deals."),
        (
            "In the end",
            "shares by the estimator of Aalen and Johansen (1978): who is still open counts for as \
          long as it was seen, so that the young are no failures. Known where nine of ten endings \
          came within a third of the time that could be followed.",
        ),
        ("Average price", "revenue of the wins whose amount is known ÷ their number."),
        ("Velocity", "open deals × win rate × average price ÷ mean cycle, a day."),
        (
            "Dead",
            "an open deal that is older than the oldest deal was when it closed, won or lost.",
        ),
        (
            "Late, dropped",
            "a lead that waits longer than 95 of 100 that moved on from the same \
          stage took; longer than any that ever moved on.",
        ),
        (
            "Forecast",
            "booked so far, and simulated futures of the open deals and of those not yet \
          created, from how deals of each age and stage have fared. Its intervals hold what is \
          not known: chance, amounts, and how sure the parameters are.",
        ),
        (
            "As of",
            "the last day on which anything happens in the files; expected dates do not \
          count. Nothing later is used.",
        ),
    ];
    let mut table = Table::new("Definitions", &["Figure", "How it is made"]);
    for (name, how) in definitions {
        table.row([name.into(), how.into()]);
    }
    Section {
        id: "method",
        name: "How the figures are made",
        answer: "Every figure comes from your files alone, by the definitions below.".to_owned(),
        blocks: rows(Some(table)).into_iter().collect(),
        advice: None,
    }
}

fn rows(table: Option<Table>) -> Option<Block> {
    table.as_ref().and_then(TableView::new).map(Block::Rows)
}

fn folded(summary: &str, figure: Option<Figure>, table: Option<Table>) -> Option<Block> {
    let table = table.as_ref().and_then(TableView::new)?;
    Some(Block::Folded { summary: summary.to_owned(), figure, table })
}

/// The first rows of a long table.
fn top(mut table: Table) -> Table {
    table.rows.truncate(ROWS_SHOWN);
    table
}

/// A table that is too long to stand open.
fn long(table: Table) -> Option<Table> {
    (table.rows.len() > ROWS_SHOWN).then_some(table)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// An amount for a headline: short where it is large, whole from a thousand on.
fn headline(money: Money) -> String {
    match units(money).abs() {
        middle if (1_000.0..10_000.0).contains(&middle) => whole(money),
        _ => short(money),
    }
}

/// An amount in whole units with its currency.
fn whole(money: Money) -> String {
    format!("{} {}", crate::money::whole(money), code(money.currency)).trim_end().to_owned()
}
