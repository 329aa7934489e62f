//! Two plans, or a plan and what came, month by month and stage by stage.

use domain::money::Money;
use domain::period::Period;
use reports::plan_version::comparison::{Comparison, Measure, Other, Pair};
use reports::render::grouped;

use super::Size;
use super::lanes::{self, Bars, Lane};
use crate::money::{brief, units};
use crate::svg::Canvas;

pub fn title(compared: &Comparison) -> String {
    match compared.other {
        Other::Plan(_) => format!("“{}” and “{}”", compared.name, compared.other_name),
        Other::Came { .. } => format!("“{}” and what came", compared.name),
    }
}

pub fn meaning(compared: &Comparison) -> String {
    let (a, b) = (&compared.name, &compared.other_name);
    match compared.other {
        Other::Plan(_) => format!(
            "What each month must bring for the goal's confidence: the wide bar in “{a}”, the slim \
             one in “{b}”."
        ),
        Other::Came { .. } => format!(
            "The wide bar is what “{a}” takes on average, the slim one what came in the same month \
             of {b}."
        ),
    }
}

pub fn draw(compared: &Comparison, size: Size) -> Canvas {
    let months = compared.months();
    let measures = compared.measures();
    let lanes: Vec<Lane> =
        measures.into_iter().map(|measure| lane(compared, measure, &months)).collect();
    lanes::draw(&lanes, &months, size)
}

fn lane(compared: &Comparison, measure: Measure, months: &[Period]) -> Lane {
    let currency = compared.plan.goal.amount.currency;
    let sized = |figure: f64| match measure {
        Measure::Stage(_) => figure,
        Measure::Revenue => units(Money { minor: figure.round() as i64, currency }),
    };
    let word = |figure: Option<f64>| figure.map_or("–".to_owned(), |it| brief(sized(it)));
    let bars = |month: &Period| {
        let Pair { a, b } = pair(compared, Some(*month), measure);
        let tells =
            format!("{month}: {} {}, {} {}", compared.name, word(a), compared.other_name, word(b));
        Bars { wide: a.map(sized), slim: b.map(sized), tells }
    };
    let total = |figure: Option<f64>| match (figure, measure) {
        (Some(count), Measure::Stage(_)) => grouped(&format!("{count:.0}")),
        (figure, _) => word(figure),
    };
    let all = pair(compared, None, measure);
    Lane {
        name: measure.name().to_owned(),
        total: format!("{} | {}", total(all.a), total(all.b)),
        bars: months.iter().map(bars).collect(),
    }
}

/// What is drawn of two plans is what they take for their confidence: that is what is signed for.
fn pair(compared: &Comparison, period: Option<Period>, measure: Measure) -> Pair {
    match compared.other {
        Other::Plan(_) => compared.at_confidence(period, measure),
        Other::Came { .. } => compared.on_average(period, measure),
    }
}
