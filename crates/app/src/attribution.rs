//! Attribution: which channels, campaigns, teams or people had which part in what was won.
//!
//! Conversions come from records, touches from the lake. What belongs together is told by
//! [`ending`], which touches came before what by [`window`]; the models themselves are those of
//! `stats::attribution`.

pub(crate) mod cost;
mod ending;
pub(crate) mod key;
pub(crate) mod touched;
mod window;

use domain::money::Money;
use domain::time::{end_of_day, start_of_day};
use jiff::civil::Date;
use reports::attribution::{
    Attribution, By, Conversions, Credit, Key, MILESTONES_LACK, Part, Said, Untouched,
};
use stats::attribution::{Lack, Model, Settings, Tally, Verdict};

use crate::context::Context;
use crate::error::Error;
use crate::world::{Wanted, World};
use ending::Endings;
use key::{Keys, touch_key};
use window::{Gathered, Window};

/// Days before a conversion whose touches count, where nothing else is said.
pub const LOOKBACK_DAYS: u32 = 90;
/// Days after which a touch weighs half as much under time decay, where nothing else is said.
pub const HALF_LIFE_DAYS: u32 = 7;
/// The most days that may be said of either.
pub const DAYS_MAX: u32 = 36_500;

const DAY_MICROS: i64 = 86_400_000_000;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// What counts as a conversion: wins if left out, or the first of all that there is any of.
    pub conversion: Option<Conversions>,
    pub by: By,
    /// One model alone, or all.
    pub model: Option<Model>,
    /// Only conversions of these days.
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// How far back touches count; `None` is as far as there are any.
    pub lookback_days: Option<u32>,
    pub half_life_days: u32,
    pub as_of: Option<Date>,
    pub known_at: Option<Date>,
    /// Of the sample that Shapley values of many keys are drawn from.
    pub seed: u64,
}

impl Default for Question {
    fn default() -> Question {
        Question {
            conversion: None,
            by: By::Channel,
            model: None,
            from: None,
            to: None,
            lookback_days: Some(LOOKBACK_DAYS),
            half_life_days: HALF_LIFE_DAYS,
            as_of: None,
            known_at: None,
            seed: 1,
        }
    }
}

/// What every model says of the parts that touches had in conversions. `clock` tells the seconds
/// since the question was asked.
///
/// # Errors
/// When there is nothing to attribute, or a number of days is out of bounds.
pub async fn attribution(
    context: &Context,
    question: &Question,
    clock: &(dyn Fn() -> f64 + Sync),
) -> Result<Attribution, Error> {
    check(question)?;
    let wanted = Wanted { deals: true, leads: false, estimates: false };
    let as_of = context.as_of(question.as_of, question.known_at);
    let world = World::of(context, as_of, wanted).await?;
    let endings = Endings::find(context, &world, question.conversion).await?;
    let by = question.by;
    let journeys = world.tables.journeys(touch_key(by), &endings.converters()).await?;
    let keys = Keys::new(context, &world, by, &journeys.names).await?;
    let settings = Settings {
        channels: keys.names.len(),
        direct: keys.direct(by),
        half_life: i64::from(question.half_life_days) * DAY_MICROS,
    };
    let window = Window {
        lookback: question.lookback_days.map(|days| i64::from(days) * DAY_MICROS),
        from: question
            .from
            .map(|day| start_of_day(day, &context.company.timezone).as_microsecond()),
        to: question.to.map(|day| end_of_day(day, &context.company.timezone).as_microsecond()),
    };
    let take = |gathered: &mut Gathered, places: &[u32], touches: &[lake::journeys::Touch]| {
        gathered.add(&window, &endings.all, places, (touches, &keys.of_touch));
    };
    let gathered = journeys.each(|| Gathered::new(settings), take).await?;
    let tally = gathered.into_iter().map(|gathered| gathered.tally).reduce(|mut one, other| {
        one.merge(other);
        one
    });
    let found = tally.unwrap_or_else(|| Tally::new(settings)).finish(question.seed);
    let costs = cost::by_key(context, &world, by, (question.from, question.to), &keys).await?;
    let money = |minor: i64| Money { minor, currency: context.company.currency };
    let wanted = |model: &Model| question.model.is_none_or(|one| one == *model);
    let parts = found.models.into_iter().filter(|(model, _)| wanted(model));
    let as_of = world.as_of;
    world.let_go();
    Ok(Attribution {
        as_of,
        conversion: endings.kind,
        by,
        from: question.from,
        to: question.to,
        lookback_days: question.lookback_days,
        half_life_days: question.half_life_days,
        journeys: found.journeys,
        conversions: found.conversions,
        value: money(found.value),
        untouched: Untouched { conversions: found.untouched, value: money(found.untouched_value) },
        without_value: endings.without_value,
        keys: keys.names.into_iter().zip(costs).map(|(name, cost)| Key { name, cost }).collect(),
        parts: parts.map(|(model, verdict)| part(model, verdict, money)).collect(),
        seconds: clock(),
    })
}

/// Days to look back as they are written; `all` is as far as there are touches.
///
/// # Errors
/// When it is neither a whole number of days nor `all`.
pub fn lookback_days(text: &str) -> Result<Option<u32>, Error> {
    let wrong =
        || Error::Input(format!("`{text}` is no number of days: write 1 to {DAYS_MAX}, or all"));
    match text.trim() {
        "all" => Ok(None),
        days => days.parse().map(Some).map_err(|_| wrong()),
    }
}

fn check(question: &Question) -> Result<(), Error> {
    let days = [
        ("half-life-days", Some(question.half_life_days)),
        ("lookback-days", question.lookback_days),
    ];
    for (name, days) in days {
        if days.is_some_and(|days| !(1..=DAYS_MAX).contains(&days)) {
            return Err(Error::Input(format!("{name} are 1 to {DAYS_MAX}")));
        }
    }
    match (question.from, question.to) {
        (Some(from), Some(to)) if to < from => {
            Err(Error::Input(format!("{to} comes before {from}: name the earlier day first")))
        }
        _ => Ok(()),
    }
}

fn part(model: Model, verdict: Verdict, money: impl Fn(i64) -> Money) -> Part {
    let credits = |credits: Vec<stats::attribution::Credit>, errors: Vec<f64>| {
        let errors = errors.into_iter().map(Some).chain(std::iter::repeat(None));
        let credit = |(credit, standard_error): (stats::attribution::Credit, Option<f64>)| Credit {
            conversions: credit.conversions,
            value: money(credit.value),
            standard_error,
        };
        Said::Credits(credits.into_iter().zip(errors).map(credit).collect())
    };
    let said = match verdict {
        Verdict::Credits(found) => credits(found, Vec::new()),
        Verdict::Sampled { credits: found, standard_errors } => credits(found, standard_errors),
        Verdict::Unavailable(Lack::Milestones) => Said::Unavailable(MILESTONES_LACK.to_owned()),
        Verdict::Unavailable(Lack::Size { found, most }) => Said::Unavailable(format!(
            "{found} keys, or pairs of them, are more than the {most} that it is solved for"
        )),
    };
    Part { model, said }
}
