//! Fit and engagement of a company's own leads, by a version of the rules and what was known of
//! each by the end of a day.

use std::collections::HashMap;

use domain::history::{Fact, Latest, value_at};
use domain::kind::Kind;
use domain::name::plain;
use domain::score::expression::{Facts, Figure, Known, Noun, Touch};
use domain::score::points::{Point, Points, Why};
use domain::score::rules::Rules;
use domain::time::{date_of, day_number, day_of, end_of_day};
use domain::value::Value;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use lake::journeys::{Converter, TouchKey};
use reports::score::points::{LeadPoints, Line};
use uuid::Uuid;

use super::rules;
use crate::context::Context;
use crate::error::Error;
use crate::world::World;

/// A lead as its facts tell.
pub(crate) struct Lead {
    pub external_id: String,
    facts: Vec<Fact>,
    person: Option<Uuid>,
    account: Option<Uuid>,
    /// All of its person's, in order of time.
    touches: Vec<Touch>,
}

impl Lead {
    /// What its facts tell.
    pub fn told<T>(&self, of: impl Fn(&[Fact]) -> T) -> T {
        of(&self.facts)
    }

    /// The day some days after the one that its facts tell of.
    pub fn on(&self, first: impl Fn(&[Fact]) -> Option<Date>, days: u32) -> Option<Date> {
        Some(first(&self.facts)?.saturating_add(i64::from(days).days()))
    }
}

/// Leads with all that rules may look at.
pub(crate) struct Book {
    pub leads: Vec<Lead>,
    people: HashMap<Uuid, Vec<Fact>>,
    accounts: HashMap<Uuid, Vec<Fact>>,
    names: HashMap<Uuid, String>,
    /// Channels by their places, as they are called and as they are compared.
    channels: Vec<String>,
    plain: Vec<String>,
    zone: TimeZone,
}

impl Book {
    /// The leads that are wanted, by their facts, in the order of their creation.
    pub async fn of(
        context: &Context,
        world: &World,
        is_wanted: impl Fn(&[Fact]) -> bool + Sync,
    ) -> Result<Book, Error> {
        let zone = &context.company.timezone;
        let lead = |_, facts: &[Fact]| {
            let last = Latest(facts);
            let reference = |field: &str| last.get(field).and_then(Value::as_reference);
            is_wanted(facts).then(|| Lead {
                external_id: last.text("external_id").unwrap_or_default().to_owned(),
                facts: facts.to_vec(),
                person: reference("person"),
                account: reference("account"),
                touches: Vec::new(),
            })
        };
        let mut leads = world.tables.records(Kind::Leads, lead).await?.records;
        let of_lead = |of: fn(&Lead) -> Option<Uuid>| leads.iter().filter_map(of).collect();
        let people = facts_of(world, Kind::People, &of_lead(|lead| lead.person)).await?;
        let accounts = facts_of(world, Kind::Accounts, &of_lead(|lead| lead.account)).await?;
        let converters: Vec<Converter> = (leads.iter())
            .map(|lead| lead.person.map_or(Converter::Nobody, Converter::Person))
            .collect();
        let journeys = world.tables.journeys(TouchKey::Channel, &converters).await?;
        let channels = journeys.names.clone();
        let take = |found: &mut Vec<(u32, Vec<Touch>)>, places: &[u32], touches: &[_]| {
            let touch = |touch: &lake::journeys::Touch| Touch {
                day: day(touch.at, zone),
                channel: touch.key,
            };
            for place in places {
                found.push((*place, touches.iter().map(touch).collect()));
            }
        };
        for (place, touches) in journeys.each(Vec::new, take).await?.into_iter().flatten() {
            leads[place as usize].touches = touches;
        }
        let mut names = HashMap::new();
        for kind in [Kind::Campaigns, Kind::Products] {
            names.extend(context.store.names(kind).await?);
        }
        let plain = channels.iter().map(|channel| plain(channel)).collect();
        Ok(Book { leads, people, accounts, names, channels, plain, zone: zone.clone() })
    }

    /// The points of a lead by the end of a day.
    pub fn points(&self, rules: &Rules, lead: &Lead, on: Date) -> Points {
        self.with_facts(lead, on, &|_| None, |facts| rules.points(facts))
    }

    /// What is known of a lead by the end of a day, handed to whoever asks something of it.
    pub fn with_facts<T>(
        &self,
        lead: &Lead,
        on: Date,
        figure: &dyn Fn(Figure) -> Option<f64>,
        ask: impl FnOnce(&Facts) -> T,
    ) -> T {
        let (end, day) = (end_of_day(on, &self.zone), day_number(on));
        let column = |noun: Noun, field: &'static str| self.known(lead, (noun, field), end);
        let seen = lead.touches.partition_point(|touch| touch.day <= day);
        let touches = &lead.touches[..seen];
        ask(&Facts { day, column: &column, touches, channels: &self.plain, figure })
    }

    fn known(&self, lead: &Lead, (noun, field): (Noun, &str), end: Timestamp) -> Option<Known> {
        let facts = match noun {
            Noun::Lead => &lead.facts,
            Noun::Person => self.people.get(&lead.person?)?,
            Noun::Account => self.accounts.get(&lead.account?)?,
        };
        Some(match value_at(facts, field, end)? {
            Value::Text(text) => Known::Text(text),
            Value::Integer(number) => Known::Integer(number),
            Value::Ratio(ppm) => Known::Number(ppm as f64 / 1e6),
            Value::Money(money) => Known::Number(money.to_decimal().parse().ok()?),
            Value::Date(date) => Known::Day(day_number(date)),
            Value::Instant(at) => Known::Day(day_number(day_of(at, &self.zone))),
            Value::Boolean(truth) => Known::Truth(truth),
            Value::Reference(id) => Known::Text(self.names.get(&id)?.clone()),
        })
    }

    /// Those of the channels that rules name and no touch ever had.
    pub fn unknown_channels(&self, rules: &Rules) -> Vec<String> {
        let named = rules.rules.iter().flat_map(|rule| rule.when.channels());
        let mut unknown: Vec<String> =
            named.filter(|channel| !self.plain.contains(channel)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    fn line(&self, rules: &Rules, point: &Point) -> Line {
        let touched = point.touch.map(|touch| {
            let channel = self.channels.get(touch.channel as usize).cloned().unwrap_or_default();
            (date_of(touch.day), channel)
        });
        let rule = match point.why {
            Why::Rule(place) => Some(&rules.rules[place]),
            Why::Cap | Why::Floor => None,
        };
        Line {
            score: point.score,
            why: match (point.why, rule) {
                (_, Some(rule)) => rule.name.clone(),
                (Why::Cap, _) => format!("no more than {}", rules.cap(point.score)),
                _ => "no less than nothing".to_owned(),
            },
            when: rule.map(|rule| rule.when.source().to_owned()),
            touch: touched,
            milli: point.milli,
        }
    }
}

fn day(micros: i64, zone: &TimeZone) -> i32 {
    Timestamp::from_microsecond(micros).map_or(i32::MAX, |at| day_number(day_of(at, zone)))
}

async fn facts_of(
    world: &World,
    kind: Kind,
    wanted: &std::collections::HashSet<Uuid>,
) -> Result<HashMap<Uuid, Vec<Fact>>, Error> {
    let told = |id, facts: &[Fact]| wanted.contains(&id).then(|| (id, facts.to_vec()));
    Ok(world.tables.records(kind, told).await?.records.into_iter().collect())
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// By the id that its source has for it.
    pub lead: String,
    pub as_of: Option<Date>,
    pub known_at: Option<Date>,
    /// The version of the rules: the newest if left out.
    pub version: Option<u64>,
}

/// Every point of a lead, with the rule and the touch that gave it.
///
/// # Errors
/// When there are no rules, or no such lead is known by that day.
pub async fn points(context: &Context, question: &Question) -> Result<LeadPoints, Error> {
    let lead = question.lead.trim();
    if lead.is_empty() {
        let why = "name a lead by the id that its source has for it, as L-1".to_owned();
        return Err(Error::Input(why));
    }
    let version = rules::kept(context, question.version).await?;
    let as_of = context.as_of(question.as_of, question.known_at);
    let world = World::of_tables(context, as_of).await?;
    let is_it = |facts: &[Fact]| Latest(facts).text("external_id") == Some(lead);
    let book = Book::of(context, &world, is_it).await?;
    let found = book.leads.first();
    let found = found.ok_or_else(|| Error::NotSeen(format!("lead {lead} by {}", world.as_of)))?;
    let points = book.points(&version.rules, found, world.as_of);
    let line = |point: &Point| book.line(&version.rules, point);
    Ok(LeadPoints {
        lead: found.external_id.clone(),
        as_of: world.as_of,
        version: version.number,
        fit_milli: points.fit_milli,
        engagement_milli: points.engagement_milli,
        log: points.log.iter().map(line).collect(),
    })
}
