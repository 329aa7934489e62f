//! The pictures of a page, each part of which leads to what it is made of.

use domain::kind::Kind;
use domain::period::FiscalCalendar;
use jiff::civil::Date;
use reports::awareness::{Awareness, Step};
use reports::backtest::{Backtest, Origin};
use reports::document::Table;
use reports::forecast::Forecast;
use reports::pipeline::{Flow, Waterfall};
use reports::scoreboard::Scoreboard;
use reports::scoreboard::week::Week;

use super::answers::Answer;
use super::asked::query;
use super::assets::CHARTS;
use super::metrics;
use super::pages::record_href;
use crate::chart::plot::Plot;
use crate::chart::{
    Exploring, Figure, arrivals, chance, course, graded, needs, quarter, track, versions,
    waterfall, ways,
};
use crate::table::TableView;

/// The metric of what is booked.
const REVENUE: &str = "revenue";
/// The column of a waterfall's amounts.
const AMOUNT: usize = 3;

/// The pictures of an answer, and of the week beside the scoreboard.
pub(super) fn figures(
    answer: &Answer,
    week: Option<&Week>,
    calendar: FiscalCalendar,
) -> Vec<Figure> {
    match answer {
        Answer::Scoreboard(board) => {
            let mut figures = scoreboard_figures(board);
            figures.extend(week.and_then(chance_figure));
            figures
        }
        Answer::Week(week) => chance_figure(week).into_iter().collect(),
        Answer::Plan(answered) if !answered.plan.at_confidence.months.is_empty() => {
            let plan = &answered.plan;
            let confidence = plan.goal.confidence * 100.0;
            let meaning = format!(
                "What must come anew to each stage, month by month: the slim bar on average, the \
                 wide one so that the goal is reached with {confidence:.0} % confidence."
            );
            let need = needs::Needs::of_plan(plan);
            vec![Figure::new("needs", "The reverse funnel", &meaning, |size| {
                needs::draw(&need, size)
            })]
        }
        Answer::PlanVersion(version) => {
            let planned = &version.planned;
            let meaning = "What had to come anew to each stage, month by month: the slim bar on \
                           average, the wide one for the goal's confidence.";
            let need = needs::Needs::of_version(planned);
            vec![Figure::new("needs", "The reverse funnel as saved", meaning, |size| {
                needs::draw(&need, size)
            })]
        }
        Answer::PlanComparison(compared) => vec![Figure::new(
            "versions",
            &versions::title(compared),
            &versions::meaning(compared),
            |size| versions::draw(compared, size),
        )],
        Answer::Forecast(forecast) if !forecast.is_over => vec![Figure::new(
            "quarter",
            "What the period will bring",
            "Booked so far, and the range in which the period ends.",
            |size| quarter::draw(forecast, size, &booked(forecast, calendar)),
        )],
        Answer::Awareness(found) if found.came.touches > 0 => awareness_figures(found),
        Answer::Waterfall(fall) => vec![Figure::new(
            "waterfall",
            "How the pipeline moved",
            "Each amount goes one way: it came in, changed, was won or was lost.",
            |size| waterfall::draw(fall, size, &|flow| behind(fall, *flow)),
        )],
        Answer::Backtest(backtest) if !backtest.origins.is_empty() => graded_figures(backtest),
        _ => Vec::new(),
    }
}

fn graded_figures(backtest: &Backtest) -> Vec<Figure> {
    let origins = Figure::new(
        "origins",
        "What was said and what came",
        "On each past day the 80 % interval that was known then, and the amount that came.",
        |size| graded::draw_origins(backtest, size, &forecast_of),
    );
    let methods = Figure::new(
        "methods",
        "Mean absolute error by method",
        "The shorter the bar, the nearer the forecasts were.",
        |size| graded::draw_methods(backtest, size),
    );
    vec![explored(origins, &Plot::of_origins(backtest, &forecast_of)), methods]
}

/// The probability from week to week, where it is known of two days at least.
fn chance_figure(week: &Week) -> Option<Figure> {
    (week.course.len() > 1).then(|| {
        let to = |day: &Date| on("/", &[("as_of", *day)]);
        let figure = Figure::new(
            "chance",
            "The probability of the goal",
            "On each past week's end, from what was true then.",
            |size| chance::draw(&week.course, size, &to),
        );
        explored(figure, &Plot::of_chance(&week.course, &to))
    })
}

fn awareness_figures(found: &Awareness) -> Vec<Figure> {
    let to = |step: &Step| awareness_of(found, step);
    let steps = Figure::new(
        "arrivals",
        "Who came",
        "People in each step: those who came for the first time below, those who had come before \
         above them.",
        |size| arrivals::draw(found, size, &to),
    );
    let title = "The ways of new people";
    let meaning = "From what brought them first, step by step, to how far they have come. The \
                   wider a band, the more people.";
    let steps = explored(steps, &Plot::of_arrivals(found, &to));
    vec![steps, Figure::new("ways", title, meaning, |size| ways::draw(found, size))]
}

fn scoreboard_figures(board: &Scoreboard) -> Vec<Figure> {
    let mut figures = vec![Figure::new(
        "track",
        "The relay",
        "How far each leg has come of what was to be expected by now.",
        |size| track::draw(board, size, &|leg| metrics::rows_of_leg(board, leg, board.as_of)),
    )];
    let revenue = board.legs.iter().find(|leg| leg.leg == "close" && leg.curve.len() > 1);
    figures.extend(revenue.map(|leg| {
        let to = |until: &Date| metrics::rows_of_leg(board, leg, *until);
        let figure = Figure::new(
            "course",
            "Revenue, expected and actual",
            "The light band is what should have come by each day, the dark line what came.",
            |size| course::draw(leg, size, &to),
        );
        explored(figure, &Plot::of_course(leg, &to))
    }));
    figures
}

/// A figure with its values, where the build has the script that draws them.
fn explored(figure: Figure, plot: &Plot) -> Figure {
    let with = || Exploring { plot: plot.json().to_string(), script: CHARTS.href() };
    Figure { exploring: CHARTS.is_there().then(with), ..figure }
}

/// A page of some days.
fn on(path: &str, days: &[(&str, Date)]) -> String {
    let pairs = days.iter().map(|(name, day)| (*name, Some(day.to_string())));
    format!("{path}{}", query(&pairs.collect::<Vec<_>>()))
}

/// The wins behind what is booked.
fn booked(forecast: &Forecast, calendar: FiscalCalendar) -> String {
    let days = calendar.days(forecast.period);
    metrics::rows_from_to(REVENUE, (days.first, forecast.as_of), forecast.as_of)
}

/// The deals behind a step.
fn behind(fall: &Waterfall, flow: Flow) -> String {
    let days = on("/waterfall", &[("from", fall.from), ("to", fall.to)]);
    format!("{days}&step={}", flow.name())
}

/// The steps of a waterfall, each leading to the deals behind it, and these to their pages.
pub(super) fn waterfall(fall: &Waterfall, table: &Table, view: TableView) -> TableView {
    match &fall.behind {
        Some(behind) if behind.title() == table.title => {
            let rows = behind.rows.iter();
            view.linked(rows.map(|row| record_href(Kind::Deals, &row.external_id)))
        }
        _ => {
            let of =
                |flow| if fall.step(flow).deals > 0 { behind(fall, flow) } else { String::new() };
            view.linked_at(AMOUNT, Flow::ALL.into_iter().map(of))
        }
    }
}

/// What was said on a past day.
fn forecast_of(origin: &Origin) -> String {
    format!("{}&period={}", on("/forecast", &[("as_of", origin.as_of)]), origin.period)
}

/// Who came in a step.
fn awareness_of(found: &Awareness, step: &Step) -> String {
    let days = on("/awareness", &[("from", step.first), ("to", step.last)]);
    format!("{days}&by={}", found.by.name())
}
