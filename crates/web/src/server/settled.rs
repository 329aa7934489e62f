//! What programs alone settle of a question, as the command line does: pages show everybody the
//! same.

use std::collections::HashMap;

use app::attribution::{HALF_LIFE_DAYS, LOOKBACK_DAYS};
use app::backtest::{Origins, Step};
use app::limits::SCORES_PER_PAGE;
use domain::period::Period;
use jiff::civil::Date;
use reports::attribution::{Conversions, Model, model_named};

use super::asked::{day, text};
use super::fault::Fault;

/// The seed of the futures behind every page: the same facts show the same figures.
const SEED: u64 = 1;
/// Past days that one back-test may forecast from, each of which costs a fit.
const ORIGINS_MAX: usize = 120;

/// What is asked beside the query of a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settled {
    /// Use only what was recorded by the end of this day.
    pub known_at: Option<Date>,
    pub seed: u64,
    /// Look only at deals that are expected to close in this period.
    pub closing: Option<Period>,
    /// The past days of a back-test; months where there are none.
    pub origins: Vec<Date>,
    pub is_weekly: bool,
    /// The states between which a curve goes.
    pub from_state: Option<String>,
    pub to_state: Option<String>,
    pub unsmoothed: bool,
    /// The one model of attribution; all if left out.
    pub model: Option<Model>,
    /// How far back touches count; `None` is as far as there are any.
    pub lookback_days: Option<u32>,
    pub half_life_days: u32,
    /// How many open leads are scored for all to see, the likeliest first.
    pub limit: usize,
}

impl Default for Settled {
    fn default() -> Settled {
        Settled {
            known_at: None,
            seed: SEED,
            closing: None,
            origins: Vec::new(),
            is_weekly: false,
            from_state: None,
            to_state: None,
            unsmoothed: false,
            model: None,
            lookback_days: Some(LOOKBACK_DAYS),
            half_life_days: HALF_LIFE_DAYS,
            limit: SCORES_PER_PAGE,
        }
    }
}

impl Settled {
    /// Reads what a program settles.
    ///
    /// # Errors
    /// A value that will not do, named with its parameter.
    pub fn read(query: &HashMap<String, String>) -> Result<Settled, Fault> {
        let choice = |name: &'static str, usual: &str, other: &str| match text(query, name) {
            None => Ok(false),
            Some(text) if text == usual => Ok(false),
            Some(text) if text == other => Ok(true),
            Some(text) => {
                Err(Fault::input(format!("`{name}` is {text}: write {usual} or {other}")))
            }
        };
        Ok(Settled {
            known_at: day(query, "known_at")?,
            seed: seed(query)?,
            closing: period(query, "closing")?,
            origins: origins(query)?,
            is_weekly: choice("every", "month", "week")?,
            from_state: text(query, "from_state"),
            to_state: text(query, "to_state"),
            unsmoothed: choice("unsmoothed", "false", "true")?,
            model: model(query)?,
            lookback_days: lookback_days(query)?,
            half_life_days: half_life_days(query)?,
            limit: limit(query)?,
        })
    }

    /// The past days of a back-test.
    pub fn past_days(&self) -> Origins {
        match (self.origins.is_empty(), self.is_weekly) {
            (false, _) => Origins::Days(self.origins.clone()),
            (true, true) => Origins::Every(Step::Week),
            (true, false) => Origins::Every(Step::Month),
        }
    }
}

fn seed(query: &HashMap<String, String>) -> Result<u64, Fault> {
    let Some(text) = text(query, "seed") else { return Ok(SEED) };
    text.parse().map_err(|_| Fault::input(format!("`seed` is {text}: write a whole number")))
}

fn model(query: &HashMap<String, String>) -> Result<Option<Model>, Fault> {
    let Some(text) = text(query, "model") else { return Ok(None) };
    model_named(&text).map_err(|error| Fault::input(error.to_string()))
}

fn lookback_days(query: &HashMap<String, String>) -> Result<Option<u32>, Fault> {
    let Some(text) = text(query, "lookback_days") else { return Ok(Some(LOOKBACK_DAYS)) };
    app::attribution::lookback_days(&text)
        .map_err(|error| Fault::input(format!("`lookback_days`: {error}")))
}

fn half_life_days(query: &HashMap<String, String>) -> Result<u32, Fault> {
    let Some(text) = text(query, "half_life_days") else { return Ok(HALF_LIFE_DAYS) };
    let wrong = |_| Fault::input(format!("`half_life_days` is {text}: write a whole number"));
    text.parse().map_err(wrong)
}

fn limit(query: &HashMap<String, String>) -> Result<usize, Fault> {
    let Some(text) = text(query, "limit") else { return Ok(SCORES_PER_PAGE) };
    text.parse().map_err(|_| Fault::input(format!("`limit` is {text}: write a whole number")))
}

/// What counts as a conversion, if a query says so.
///
/// # Errors
/// When it is none.
pub(super) fn conversion(query: &HashMap<String, String>) -> Result<Option<Conversions>, Fault> {
    let Some(text) = text(query, "conversion") else { return Ok(None) };
    text.parse().map(Some).map_err(|error| Fault::input(format!("`conversion`: {error}")))
}

/// A period under its name in a query.
///
/// # Errors
/// When it is none.
pub(super) fn period(
    query: &HashMap<String, String>,
    name: &'static str,
) -> Result<Option<Period>, Fault> {
    let Some(text) = text(query, name) else { return Ok(None) };
    let period = text.parse().map_err(|error| Fault::input(format!("`{name}`: {error}")))?;
    Ok(Some(period))
}

fn origins(query: &HashMap<String, String>) -> Result<Vec<Date>, Fault> {
    let wrong = |what: &str| {
        Fault::input(format!(
            "`origins` {what}: write at most {ORIGINS_MAX} days such as 2025-03-31,2025-06-30"
        ))
    };
    let Some(text) = text(query, "origins") else { return Ok(Vec::new()) };
    let read = |one: &str| {
        let alone = HashMap::from([("origins".to_owned(), one.to_owned())]);
        day(&alone, "origins")?.ok_or_else(|| wrong("has an empty day"))
    };
    let days = text.split(',').map(read).collect::<Result<Vec<Date>, Fault>>()?;
    if days.len() > ORIGINS_MAX { Err(wrong("names too many days")) } else { Ok(days) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_is_read_or_named() {
        let read = |text: &str| {
            let query: HashMap<String, String> =
                url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
            Settled::read(&query)
        };
        assert_eq!(read("as_of=2026-01-31").ok(), Some(Settled::default()));
        let settled = read("origins=2025-03-31,2025-06-30&seed=7&every=week").expect("sound");
        assert_eq!((settled.origins.len(), settled.seed, settled.is_weekly), (2, 7, true));
        for wrong in ["seed=-1", "every=day", "origins=2025-03-31,", "origins=x", "known_at=soon"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
