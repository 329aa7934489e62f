//! The rules of fit and engagement: keeping versions of them, and trying them on past leads before
//! they go live.

use std::collections::HashMap;

use domain::history::{Fact, Latest};
use domain::lifecycle::{Stay, stays};
use domain::score::points::Why;
use domain::score::rules::{Rules, Score, Written};
use domain::stage::Outcome;
use domain::time::day_of;
use domain::value::Value;
use jiff::ToSpan;
use jiff::civil::Date;
use reports::score::rules::{Band, RuleSets, Saved, Tried};
use serde::Deserialize;
use store::Tx;
use uuid::Uuid;

use super::leads::arrived;
use super::points::Book;
use crate::actor::Actors;
use crate::context::Context;
use crate::error::Error;
use crate::limits::{SCORE_AGE_DAYS_MAX, SCORE_RULES_BYTES_MAX};
use crate::world::{Wanted, World};

/// Days back to which past leads reach, and from which on they are old enough to have gone on.
const TRIED_DAYS: i64 = 455;
const RIPE_DAYS: i64 = 90;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    fit_cap: i64,
    engagement_cap: i64,
    #[serde(rename = "rule")]
    rules: Vec<RuleSheet>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleSheet {
    name: String,
    score: String,
    when: String,
    points: i64,
    cap: Option<i64>,
    half_life_days: Option<u32>,
}

/// A version with what it says.
pub(crate) struct Kept {
    /// `None` for a text that is no version yet.
    pub number: Option<u64>,
    pub rules: Rules,
}

/// Rules as people write them.
///
/// # Errors
/// [`Error::Field`] where a part of them will not do.
fn read(text: &str) -> Result<Rules, Error> {
    let wrong = |why: String| Error::Field { field: "terms", why };
    if text.len() > SCORE_RULES_BYTES_MAX {
        return Err(wrong(format!("the rules have more than {SCORE_RULES_BYTES_MAX} bytes")));
    }
    let sheet: Sheet = toml::from_str(text).map_err(|error| {
        wrong(format!("the rules cannot be read: {}", error.to_string().trim_end()))
    })?;
    let written = sheet.rules.into_iter().map(|rule| Written {
        name: rule.name,
        score: rule.score,
        when: rule.when,
        points: rule.points,
        cap: rule.cap,
        half_life_days: rule.half_life_days,
    });
    let written: Vec<Written> = written.collect();
    Rules::new(sheet.fit_cap, sheet.engagement_cap, &written)
        .map_err(|error| wrong(error.to_string()))
}

/// A version: the newest where none is named.
pub(crate) async fn kept(context: &Context, version: Option<u64>) -> Result<Kept, Error> {
    let found = newest(context, version).await?;
    found.ok_or_else(|| match version {
        Some(version) => {
            let why = format!("there is no version {version}: `baton score rules list` has all");
            Error::Field { field: "version", why }
        }
        None => Error::Input(
            "there are no rules of fit and engagement yet: `baton score rules save FILE.toml` \
             keeps the first"
                .to_owned(),
        ),
    })
}

/// As [`kept`], where there may be none.
pub(crate) async fn newest(context: &Context, number: Option<u64>) -> Result<Option<Kept>, Error> {
    let mut all = context.store.score_rules().await?.into_iter();
    let found = all.rfind(|version| number.is_none_or(|number| number == version.number));
    let Some(version) = found else { return Ok(None) };
    Ok(Some(Kept { number: Some(version.number), rules: read(&version.terms)? }))
}

/// Keeps a version, by which leads are scored from now on.
///
/// # Errors
/// [`Error::Field`] where a part of it will not do, with the rule and the place.
pub async fn save(context: &Context, text: &str) -> Result<RuleSets, Error> {
    read(text)?;
    let write = async |tx: &mut Tx| {
        tx.add_score_rules(text).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("rules of scores saved"), write).await?;
    list(context).await
}

/// All versions, and what the newest says.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(context: &Context) -> Result<RuleSets, Error> {
    show(context, None).await
}

/// As [`list`], with what one version says: the newest where none is named.
///
/// # Errors
/// When there is no such version.
pub async fn show(context: &Context, version: Option<u64>) -> Result<RuleSets, Error> {
    let all = context.store.score_rules().await?;
    let shown = match version {
        Some(_) => Some(kept(context, version).await?),
        None => newest(context, None).await?,
    };
    let actors = Actors::of(context).await?;
    let saved = |version: &store::score::ScoreRules| Saved {
        version: version.number,
        by: actors.name(&version.actor),
        on: day_of(version.recorded_at, &context.company.timezone),
    };
    let number = shown.as_ref().and_then(|it| it.number);
    let terms = all.iter().find(|it| Some(it.number) == number).map(|it| it.terms.clone());
    Ok(RuleSets {
        versions: all.iter().map(saved).collect(),
        shown: shown.and_then(|shown| Some((shown.number?, shown.rules))),
        terms,
    })
}

/// What is tried, and on what.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Rules as they are written, in place of a version that is kept.
    pub terms: Option<String>,
    /// The newest version if left out.
    pub version: Option<u64>,
    /// The days on which leads were created: the year that ended 90 days ago if left out.
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// How many days after its creation each lead is scored.
    pub age_days: u32,
}

/// How leads of the past would have been scored, and what became of them.
///
/// # Errors
/// When the rules will not do, or the days are none.
pub async fn trial(context: &Context, question: &Question) -> Result<Tried, Error> {
    let version = match &question.terms {
        Some(text) => Kept { number: None, rules: read(text)? },
        None => kept(context, question.version).await?,
    };
    let today = context.today();
    let to = question.to.unwrap_or_else(|| today.saturating_sub(RIPE_DAYS.days()));
    let from = question.from.unwrap_or_else(|| to.saturating_sub((TRIED_DAYS - RIPE_DAYS).days()));
    if from > to {
        let why = "the first day comes after the last one".to_owned();
        return Err(Error::Field { field: "from", why });
    }
    if question.age_days > SCORE_AGE_DAYS_MAX {
        let why = format!("--age is {SCORE_AGE_DAYS_MAX} days at most");
        return Err(Error::Field { field: "age_days", why });
    }
    let wanted = Wanted { deals: true, leads: false, estimates: false };
    let world = World::of(context, context.as_of(None, None), wanted).await?;
    let zone = &context.company.timezone;
    let created = |facts: &[Fact]| Some(day_of(Latest(facts).instant("created_at")?, zone));
    let is_wanted = |facts: &[Fact]| created(facts).is_some_and(|on| (from..=to).contains(&on));
    let book = Book::of(context, &world, is_wanted).await?;
    let made: HashMap<Uuid, Date> =
        world.deals.iter().map(|deal| (deal.id, deal.created_on)).collect();
    let went = |facts: &[Fact]| Went::of(&stays(facts, &world.lead_stages, zone), facts, &made);
    let mut tried = Tried::new(version.number, (from, to), question.age_days, &version.rules);
    for lead in &book.leads {
        let Some(on) = lead.on(created, question.age_days) else { continue };
        let went = lead.told(went);
        if on > today {
            tried.too_young += 1;
            continue;
        }
        if went.settled_on.is_some_and(|settled| settled <= on) {
            tried.settled_before += 1;
            continue;
        }
        let points = book.points(&version.rules, lead, on);
        let is_gone_on = went.arrived_on.is_some_and(|arrived| arrived <= today);
        tried.leads += 1;
        tried.came += usize::from(is_gone_on);
        for score in Score::ALL {
            let band = Band::of(points.milli(score), version.rules.cap(score));
            tried.bands[score as usize][band].count(is_gone_on);
        }
        let both = points.fit_milli + points.engagement_milli;
        let most = version.rules.fit_cap + version.rules.engagement_cap;
        tried.bands[Score::ALL.len()][Band::of(both, most)].count(is_gone_on);
        let mut places: Vec<usize> = (points.log.iter())
            .filter_map(|point| match point.why {
                Why::Rule(place) => Some(place),
                Why::Cap | Why::Floor => None,
            })
            .collect();
        places.dedup();
        places.into_iter().for_each(|place| tried.held[place].count(is_gone_on));
    }
    tried.unknown_channels = book.unknown_channels(&version.rules);
    world.let_go();
    Ok(tried)
}

/// How a lead went.
struct Went {
    arrived_on: Option<Date>,
    /// When it went on or was closed.
    settled_on: Option<Date>,
}

impl Went {
    fn of(stays: &[Stay], facts: &[Fact], made: &HashMap<Uuid, Date>) -> Went {
        let deal = Latest(facts).get("deal").and_then(Value::as_reference);
        let made = deal.and_then(|deal| made.get(&deal).copied());
        let arrived_on = arrived(stays).map(|stay| stay.entered_on).into_iter().chain(made).min();
        let last = stays.last().filter(|stay| stay.outcome == Outcome::Lost);
        let lost_on = last.map(|stay| stay.entered_on);
        Went { arrived_on, settled_on: arrived_on.into_iter().chain(lost_on).min() }
    }
}
