//! The curve from one state of the funnel to another, and the rates of the whole funnel.

pub mod rates;

use domain::lifecycle::Stay;
use domain::name::plain;
use domain::stage::Outcome;
use domain::time::day_number;
use jiff::civil::Date;
use reports::funnel::{Curve, CurvePoint};
use stats::survival::aalen_johansen;

use crate::context::Context;
use crate::error::Error;
use crate::model::{Passages, passages};
use crate::world::World;

/// What is asked for. `unsmoothed` gives exactly the Aalen–Johansen estimate.
#[derive(Clone, Debug)]
pub struct Question {
    pub from: String,
    pub to: String,
    pub as_of: Option<Date>,
    pub known_at: Option<Date>,
    pub unsmoothed: bool,
}

/// The share of those that entered `from` that has reached `to`, by age.
///
/// # Errors
/// When a state is unknown, or nobody has entered it.
pub async fn curve(context: &Context, question: &Question) -> Result<Curve, Error> {
    let world = World::at(context, context.as_of(question.as_of, question.known_at)).await?;
    let travellers = Travellers::of(&world, question)?;
    let from = travellers.matcher(&question.from)?;
    let to = travellers.matcher(&question.to)?.ok_or_else(|| {
        Error::Input(format!("`{}` is where the way begins: name a later state", question.to))
    })?;
    let sound = travellers.ways.iter().filter(|way| !way.contradictory);
    let ways = sound.map(|way| (way.created_on, way.stays));
    let found = passages(ways, from.as_deref().map(|f| f as _), &*to, world.as_of);
    if found.observations.is_empty() {
        return Err(Error::Input(format!(
            "nobody has entered `{}` by {}: import leads or deals, or choose a later day",
            question.from, world.as_of
        )));
    }
    let arrived =
        |seen: &&stats::survival::Observation| seen.outcome == stats::survival::Outcome::Event(0);
    Ok(Curve {
        from: question.from.clone(),
        to: question.to.clone(),
        as_of: world.as_of,
        unsmoothed: question.unsmoothed,
        entered: found.observations.len(),
        arrived: found.observations.iter().filter(arrived).count(),
        contradictory: travellers.ways.iter().filter(|way| way.contradictory).count(),
        points: points(&found, question.unsmoothed, world.as_of)?,
    })
}

fn points(found: &Passages, unsmoothed: bool, as_of: Date) -> Result<Vec<CurvePoint>, Error> {
    if unsmoothed {
        let points = aalen_johansen(&found.observations);
        let point = |point: &stats::survival::Point| CurvePoint {
            age_days: point.age_days,
            at_risk: point.at_risk,
            cumulative: point.cumulative.first().copied().unwrap_or(0.0),
        };
        return Ok(points.iter().map(point).collect());
    }
    let fitted = stats::funnel::Unfitted::default().fit(&history(found), day_number(as_of))?;
    let points = fitted.cumulative(0, 1);
    let point = |point: &stats::funnel::CurvePoint| CurvePoint {
        age_days: point.age_days,
        at_risk: point.at_risk,
        cumulative: point.cumulative,
    };
    Ok(points.iter().map(point).collect())
}

/// First passages as a funnel of three states: on the way, arrived, lost.
fn history(found: &Passages) -> stats::funnel::history::History {
    use stats::funnel::history::{History, Kind, Move, Path, State};
    use stats::survival::Outcome as Ending;
    let state = |kind, is_target| State { kind, is_target };
    let path = |(seen, entered_on): (&stats::survival::Observation, &Date)| {
        let entered_day = day_number(*entered_on);
        let day = entered_day.saturating_add_unsigned(seen.age_days);
        let moves = match seen.outcome {
            Ending::Event(cause) => vec![Move { day, state: cause + 1 }],
            Ending::Censored => Vec::new(),
        };
        Path { segment: 0, entered_day, entry_state: 0, moves, amounts: Vec::new() }
    };
    History {
        states: vec![
            state(Kind::Transient, false),
            state(Kind::Absorbing, true),
            state(Kind::Absorbing, false),
        ],
        paths: found.observations.iter().zip(&found.entered_on).map(path).collect(),
    }
}

/// Those who go through the funnel: leads or deals, whichever know both states.
struct Travellers<'a> {
    ways: Vec<Way<'a>>,
    stages: &'a domain::stage::Stages,
    beginning: &'static [&'static str],
}

/// Tells whether a stay is in the state that was named.
type Matcher = Box<dyn Fn(&Stay) -> bool>;

struct Way<'a> {
    created_on: Date,
    stays: &'a [Stay],
    contradictory: bool,
}

const OF_LEADS: &[&str] = &["lead", "leads"];
const OF_DEALS: &[&str] = &["deal", "deals", "opportunity", "opportunities"];

impl<'a> Travellers<'a> {
    fn of(world: &'a World, question: &Question) -> Result<Travellers<'a>, Error> {
        let leads = Travellers {
            ways: (world.leads.iter())
                .map(|lead| Way {
                    created_on: lead.created_on,
                    stays: &lead.stays,
                    contradictory: lead.contradictory,
                })
                .collect(),
            stages: &world.lead_stages,
            beginning: OF_LEADS,
        };
        let deals = Travellers {
            ways: (world.deals.iter())
                .map(|deal| Way {
                    created_on: deal.created_on,
                    stays: &deal.stays,
                    contradictory: deal.contradictory,
                })
                .collect(),
            stages: &world.deal_stages,
            beginning: OF_DEALS,
        };
        let knows = |travellers: &Travellers| {
            let both = travellers.matcher(&question.from).and(travellers.matcher(&question.to));
            both.is_ok() && !travellers.ways.is_empty()
        };
        // A way from the lead on is a lead's; where only deals know both states it is a deal's.
        match (knows(&leads), knows(&deals)) {
            (true, _) => Ok(leads),
            (false, true) => Ok(deals),
            (false, false) => Err(leads.unknown(question, &deals)),
        }
    }

    /// How to tell a state by its name; `None` for the beginning, which everyone has entered.
    fn matcher(&self, name: &str) -> Result<Option<Matcher>, Error> {
        let wanted = plain(name);
        if self.stages.position(name).is_some() {
            return Ok(Some(Box::new(move |stay| plain(&stay.stage) == wanted)));
        }
        if self.beginning.contains(&wanted.as_str()) {
            return Ok(None);
        }
        let outcome = match wanted.as_str() {
            "won" | "customer" | "closedwon" | "win" => Outcome::Won,
            "lost" | "closedlost" => Outcome::Lost,
            "open" => return Ok(None),
            _ => return Err(Error::Input(format!("`{name}` is not a state"))),
        };
        Ok(Some(Box::new(move |stay| stay.outcome == outcome)))
    }

    fn unknown(&self, question: &Question, deals: &Travellers) -> Error {
        let names = |stages: &domain::stage::Stages| {
            stages.stages.iter().map(|stage| format!("{}, ", stage.name)).collect::<String>()
        };
        Error::Input(format!(
            "no leads or deals go from `{}` to `{}`. Leads know: lead, {}won, lost. Deals know: \
             deal, {}won, lost",
            question.from,
            question.to,
            names(self.stages),
            names(deals.stages)
        ))
    }
}
