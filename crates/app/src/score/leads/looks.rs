//! What was known of each lead on some days of its life, as a table to learn from.

use std::collections::HashMap;

use domain::history::{Fact, Latest, value_at};
use domain::kind::Kind;
use domain::lifecycle::{Stay, contradictory, stays};
use domain::name::plain;
use domain::stage::Outcome;
use domain::time::{date_of, day_number, day_of, end_of_day};
use domain::value::Value;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lake::journeys::{Converter, Touch, TouchKey};
use stats::propensity::table::{self, Column, MISSING, Table};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::world::World;

/// Ages in days at which leads are looked at.
const AGES: [i32; 4] = [0, 7, 30, 90];
/// Channels of which touches are counted one by one.
const CHANNELS_MAX: usize = 16;
const DAY_MICROS: i64 = 86_400_000_000;

/// What a lead says itself, and what its account does: the fields that are looked at.
const OF_LEAD: [&str; 4] = ["source", "campaign", "product", "landing_page"];
const OF_ACCOUNT: [&str; 3] = ["industry", "country", "region"];

/// How a lead went, in days since 1970.
pub struct Way {
    pub external_id: String,
    pub created_day: i32,
    /// When it became an opportunity, or was won.
    pub arrived_day: Option<i32>,
    pub lost_day: Option<i32>,
}

impl Way {
    pub fn age_on(&self, day: i32) -> u32 {
        (day - self.created_day).max(0).unsigned_abs()
    }

    pub fn came_by(&self, day: i32) -> bool {
        self.arrived_day.is_some_and(|arrived| arrived <= day)
    }
}

/// A row: the place of its lead, and the day.
#[derive(Clone, Copy)]
pub struct Look {
    pub way: usize,
    pub day: i32,
}

/// All looks at all leads, a row each.
pub struct Looks {
    pub ways: Vec<Way>,
    pub rows: Vec<Look>,
    pub table: Table,
    today: i32,
}

/// A lead as its facts tell, with what it told at each look.
struct Lead {
    way: Way,
    person: Option<Uuid>,
    account: Option<Uuid>,
    deal: Option<Uuid>,
    closings: Vec<(i32, Outcome)>,
    looks: Vec<Told>,
}

/// What a lead told by the end of a day.
struct Told {
    day: i32,
    end: Timestamp,
    stage: Option<String>,
    days_in_stage: i32,
    fields: [Option<Value>; OF_LEAD.len()],
}

impl Looks {
    pub async fn new(context: &Context, world: &World) -> Result<Looks, Error> {
        let today = day_number(world.as_of);
        let zone = &context.company.timezone;
        let stages = &world.lead_stages;
        let lead = |_, facts: &[Fact]| lead(facts, stages, zone, today);
        let mut leads = world.tables.records(Kind::Leads, lead).await?.records;
        let made: HashMap<Uuid, i32> =
            world.deals.iter().map(|deal| (deal.id, day_number(deal.created_on))).collect();
        for lead in &mut leads {
            lead.settle(lead.deal.and_then(|deal| made.get(&deal)).copied());
        }
        let converters: Vec<Converter> = (leads.iter())
            .map(|lead| lead.person.map_or(Converter::Nobody, Converter::Person))
            .collect();
        let journeys = world.tables.journeys(TouchKey::Channel, &converters).await?;
        let channels = journeys.names.clone();
        let take = |found: &mut Vec<(u32, Vec<Touches>)>, places: &[u32], touches: &[Touch]| {
            for place in places {
                let looks = leads[*place as usize].looks.iter();
                let counted = looks.map(|look| Touches::new(touches, look.end, channels.len()));
                found.push((*place, counted.collect()));
            }
        };
        let mut touches: Vec<(u32, Vec<Touches>)> =
            journeys.each(Vec::new, take).await?.into_iter().flatten().collect();
        touches.sort_unstable_by_key(|(place, _)| *place);
        let touches: Vec<Touches> = touches.into_iter().flat_map(|(_, looks)| looks).collect();
        let accounts = accounts(world).await?;
        let names = names(context).await?;
        Columns { accounts, names, channels, touches }.table(leads, today)
    }

    pub fn way(&self, row: usize) -> &Way {
        &self.ways[self.rows[row].way]
    }

    /// The rows of the leads that are open at the end of the as-of day.
    pub fn open(&self) -> Vec<usize> {
        (0..self.rows.len()).filter(|row| self.rows[*row].day == self.today).collect()
    }

    /// What a row told in a column, as a person reads it.
    pub fn told(&self, row: usize, column: &str) -> String {
        match self.table.value(row, column) {
            Some(table::Value::Number(number)) => number.to_string(),
            Some(table::Value::Category(text)) => text.to_owned(),
            None => "not known".to_owned(),
        }
    }
}

/// A sound lead with a look at each age, and at the end of the as-of day.
fn lead(
    facts: &[Fact],
    stages: &domain::stage::Stages,
    zone: &TimeZone,
    today: i32,
) -> Option<Lead> {
    let last = Latest(facts);
    let created_at = last.instant("created_at")?;
    let stays = stays(facts, stages, zone);
    if contradictory(created_at, last.instant("closed_at"), &stays) {
        return None;
    }
    let reference = |field: &str| last.get(field).and_then(Value::as_reference);
    let created_day = day_number(day_of(created_at, zone));
    let arrived = arrived(&stays);
    let mut days: Vec<i32> = AGES.iter().map(|age| created_day + age).collect();
    days.retain(|day| *day < today);
    days.push(today);
    let told = |day: i32| {
        let end = end_of_day(date_of(day), zone);
        let stay = stays.iter().rfind(|stay| stay.entered_at <= end);
        let since = stay.map_or(created_day, |stay| day_number(stay.entered_on));
        Told {
            day,
            end,
            stage: stay.map(|stay| stay.stage.clone()),
            days_in_stage: (day - since).max(0),
            fields: OF_LEAD.map(|field| value_at(facts, field, end)),
        }
    };
    Some(Lead {
        way: Way {
            external_id: last.text("external_id").unwrap_or_default().to_owned(),
            created_day,
            arrived_day: arrived.map(|stay| day_number(stay.entered_on)),
            lost_day: None,
        },
        person: reference("person"),
        account: reference("account"),
        deal: reference("deal"),
        closings: stays.iter().map(|stay| (day_number(stay.entered_on), stay.outcome)).collect(),
        looks: days.into_iter().map(told).collect(),
    })
}

/// When it went on: became an opportunity, or was won.
pub fn arrived(stays: &[Stay]) -> Option<&Stay> {
    stays.iter().find(|stay| stay.outcome == Outcome::Won || plain(&stay.stage) == "opportunity")
}

impl Lead {
    /// Once it is known when its deal was made: how it ended, and the looks while it was open.
    fn settle(&mut self, deal_day: Option<i32>) {
        let way = &mut self.way;
        way.arrived_day = way.arrived_day.into_iter().chain(deal_day).min();
        let arrived = way.arrived_day.unwrap_or(i32::MAX);
        // Of one that was opened again only the last closing counts.
        let lost = self.closings.last().filter(|(_, outcome)| *outcome == Outcome::Lost);
        way.lost_day = lost.map(|(day, _)| *day).filter(|day| *day < arrived);
        let closings = &self.closings;
        let is_open = |day: i32| {
            let last = closings.iter().rfind(|(entered, _)| *entered <= day);
            arrived > day && last.is_none_or(|(_, outcome)| *outcome == Outcome::Open)
        };
        self.looks.retain(|look| is_open(look.day));
    }
}

/// A person's touches up to a moment.
#[derive(Clone)]
struct Touches {
    all: usize,
    last_7_days: usize,
    last_30_days: usize,
    /// Of the last 30 days, by channel.
    by_channel: Vec<u32>,
    days_since_last: Option<i64>,
    last_channel: Option<u32>,
}

impl Touches {
    fn new(touches: &[Touch], end: Timestamp, channels: usize) -> Touches {
        let end = end.as_microsecond();
        let seen = &touches[..touches.partition_point(|touch| touch.at <= end)];
        let since = |days: i64| {
            let from = end.saturating_sub(days * DAY_MICROS);
            &seen[seen.partition_point(|touch| touch.at <= from)..]
        };
        let mut by_channel = vec![0; if channels <= CHANNELS_MAX { channels } else { 0 }];
        for touch in since(30) {
            if let Some(count) = by_channel.get_mut(touch.key as usize) {
                *count += 1;
            }
        }
        Touches {
            all: seen.len(),
            last_7_days: since(7).len(),
            last_30_days: since(30).len(),
            by_channel,
            days_since_last: seen.last().map(|touch| (end - touch.at) / DAY_MICROS),
            last_channel: seen.last().map(|touch| touch.key),
        }
    }
}

/// What accounts told of themselves, and since when.
async fn accounts(world: &World) -> Result<HashMap<Uuid, Vec<Fact>>, Error> {
    let told = |id, facts: &[Fact]| {
        let looked_at = facts.iter().filter(|fact| OF_ACCOUNT.contains(&fact.field));
        let facts: Vec<Fact> = looked_at.cloned().collect();
        (!facts.is_empty()).then_some((id, facts))
    };
    Ok(world.tables.records(Kind::Accounts, told).await?.records.into_iter().collect())
}

async fn names(context: &Context) -> Result<HashMap<Uuid, String>, Error> {
    let mut names = HashMap::new();
    for kind in [Kind::Campaigns, Kind::Products] {
        names.extend(context.store.names(kind).await?);
    }
    Ok(names)
}

/// What columns are made from.
struct Columns {
    accounts: HashMap<Uuid, Vec<Fact>>,
    names: HashMap<Uuid, String>,
    channels: Vec<String>,
    /// By row.
    touches: Vec<Touches>,
}

impl Columns {
    fn table(self, leads: Vec<Lead>, today: i32) -> Result<Looks, Error> {
        let all = || leads.iter().flat_map(|lead| lead.looks.iter().map(move |look| (lead, look)));
        let mut made = Made::default();
        let age = |(lead, look): (&Lead, &Told)| f64::from(lead.way.age_on(look.day));
        made.numbers("age in days", all().map(age).collect());
        made.numbers("days in stage", all().map(|(_, look)| look.days_in_stage.into()).collect());
        made.texts("stage", all().map(|(_, look)| look.stage.clone()));
        for (place, field) in OF_LEAD.iter().enumerate() {
            let told = |(_, look): (&Lead, &Told)| self.text(look.fields[place].as_ref()?);
            made.texts(&field.replace('_', " "), all().map(told));
        }
        for field in OF_ACCOUNT {
            let told = |(lead, look): (&Lead, &Told)| {
                let facts = self.accounts.get(&lead.account?)?;
                self.text(&value_at(facts, field, look.end)?)
            };
            made.texts(&format!("account's {field}"), all().map(told));
        }
        let touches = |of: fn(&Touches) -> f64| self.touches.iter().map(of).collect::<Vec<f64>>();
        made.numbers("touches", touches(|touches| touches.all as f64));
        made.numbers("touches in 7 days", touches(|touches| touches.last_7_days as f64));
        made.numbers("touches in 30 days", touches(|touches| touches.last_30_days as f64));
        let since =
            |touches: &Touches| touches.days_since_last.map_or(f64::NAN, |days| days as f64);
        made.numbers("days since the last touch", touches(since));
        let channel =
            |touches: &Touches| Some(self.channels.get(touches.last_channel? as usize)?.clone());
        made.texts("last channel", self.touches.iter().map(channel));
        for (place, channel) in self.channels.iter().enumerate().take(CHANNELS_MAX) {
            let counts = self.touches.iter().map(|touches| touches.by_channel.get(place));
            let counts: Option<Vec<f64>> =
                counts.map(|count| count.map(|count| f64::from(*count))).collect();
            let Some(counts) = counts.filter(|_| !channel.is_empty()) else { continue };
            made.numbers(&format!("touches by {channel} in 30 days"), counts);
        }
        let rows = leads.iter().enumerate();
        let rows = rows
            .flat_map(|(way, lead)| lead.looks.iter().map(move |look| Look { way, day: look.day }));
        let rows: Vec<Look> = rows.collect();
        let table = Table::new(made.columns).map_err(|error| Error::Input(error.to_string()))?;
        let ways = leads.into_iter().map(|lead| lead.way).collect();
        Ok(Looks { ways, rows, table, today })
    }

    fn text(&self, value: &Value) -> Option<String> {
        match value {
            Value::Reference(id) => self.names.get(id).cloned(),
            Value::Text(text) => Some(text.clone()),
            other => Some(other.encode()),
        }
    }
}

#[derive(Default)]
struct Made {
    columns: Vec<(String, Column)>,
}

impl Made {
    fn numbers(&mut self, name: &str, values: Vec<f64>) {
        self.columns.push((name.to_owned(), Column::Numbers(values)));
    }

    /// Texts are of one category whatever their case, blanks and marks.
    fn texts(&mut self, name: &str, values: impl Iterator<Item = Option<String>>) {
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut levels: Vec<String> = Vec::new();
        let code = |text: Option<String>| {
            let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
                return MISSING;
            };
            *known.entry(plain(&text)).or_insert_with(|| {
                levels.push(text);
                u32::try_from(levels.len() - 1).unwrap_or(MISSING)
            })
        };
        let codes: Vec<u32> = values.map(code).collect();
        self.columns.push((name.to_owned(), Column::Categories { codes, levels }));
    }
}
