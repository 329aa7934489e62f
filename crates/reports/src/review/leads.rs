//! Leads: which become customers, how fast they are answered, and which were dropped on the way.
//!
//! A lead is *offered* when it enters the stage of the hand-off (marketing qualified, where a stage
//! is called so) and *answered* when it next changes its stage, whatever the answer is. It is
//! *waiting* while it has not moved on; *late* when it waits longer than 95 of 100 that moved on
//! took; *dropped* when it waits longer than any that ever moved on.

use std::collections::BTreeMap;

use domain::lead::Lead;
use domain::lifecycle::{Lifecycle, Stay};
use domain::stage::{Outcome, Stages};
use domain::time::day_number;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use stats::proportion::{Proportion, wilson_95};
use stats::sample::Sample;
use stats::survival::{Observation, Outcome as Ending, aalen_johansen};
use uuid::Uuid;

use super::sales::interval;
use crate::document::{Cell, Table};
use crate::render::grouped;

/// The share of answers that came within the usual time.
const USUAL: f64 = 0.95;
/// Within how many hours an answer came, by name.
const BUCKETS: [(&str, f64); 6] = [
    ("within an hour", 1.0),
    ("within 4 hours", 4.0),
    ("within a day", 24.0),
    ("within 2 days", 48.0),
    ("within a week", 168.0),
    ("later", f64::INFINITY),
];
const HOURS_PER_DAY: f64 = 24.0;
/// The most sources and owners that are listed.
const LISTED_MAX: usize = 40;

#[derive(Clone, Debug, PartialEq)]
pub struct LeadReview {
    pub leads: usize,
    pub won: usize,
    pub lost: usize,
    pub open: usize,
    /// Left out because their dates contradict one another.
    pub contradictory: usize,
    /// Of all leads, young ones included.
    pub won_rate: Option<Proportion>,
    pub days_to_win_median: Option<f64>,
    pub days_to_win_p90: Option<f64>,
    pub stages: Vec<Reach>,
    pub by_source: Vec<Source>,
    pub curve: Vec<Arrived>,
    pub answers: Option<Answers>,
    pub waits: Vec<Wait>,
    pub late_by_owner: Vec<(String, usize, usize)>,
}

/// How many ever entered a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    pub stage: String,
    pub leads: usize,
    /// From creation to the first entry.
    pub days_median: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub name: String,
    pub leads: usize,
    pub won: usize,
    pub rate: Option<Proportion>,
    pub days_to_win_median: Option<f64>,
}

/// The share that has become customers by an age, those still under way counted for as long as
/// they were seen (Aalen & Johansen 1978).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrived {
    pub age_days: u32,
    pub share: f64,
}

/// How fast offered leads were answered, and what came of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    pub stage: String,
    pub offered: usize,
    pub answered: usize,
    pub hours_median: f64,
    pub hours_p90: f64,
    pub buckets: Vec<Bucket>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    pub name: &'static str,
    pub answered: usize,
    /// Of these, how many became a deal or a customer.
    pub became_deals: usize,
    pub rate: Option<Proportion>,
}

/// Those who stand in one stage, against the time that others took to leave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    pub stage: String,
    pub waiting: usize,
    pub moved_on: usize,
    pub usual_hours: f64,
    pub longest_hours: f64,
    pub late: usize,
    pub dropped: usize,
}

impl LeadReview {
    /// `None` without leads.
    pub fn new(
        leads: &[Lead],
        stages: &Stages,
        as_of: (Date, Timestamp),
        owners: &BTreeMap<Uuid, String>,
    ) -> Option<LeadReview> {
        let sound: Vec<&Lead> = leads.iter().filter(|lead| !lead.contradictory).collect();
        if sound.is_empty() {
            return None;
        }
        let count = |outcome| sound.iter().filter(|lead| lead.outcome == outcome).count();
        let won = count(Outcome::Won);
        let days = Sample::new(sound.iter().filter_map(|lead| days_to_win(lead)).collect());
        let known = !days.sorted().is_empty();
        let handoffs = handoffs(&sound, stages);
        let waits: Vec<Wait> =
            handoffs.iter().filter_map(|stage| Wait::new(stage, &sound, as_of.1)).collect();
        Some(LeadReview {
            leads: sound.len(),
            won,
            lost: count(Outcome::Lost),
            open: count(Outcome::Open),
            contradictory: leads.len() - sound.len(),
            won_rate: wilson_95(won, sound.len()),
            days_to_win_median: known.then(|| days.quantile(0.5)),
            days_to_win_p90: known.then(|| days.quantile(0.9)),
            stages: reach(&sound, stages),
            by_source: sources(&sound),
            curve: curve(&sound, as_of.0),
            answers: handoffs.first().and_then(|stage| Answers::new(stage, &sound)),
            late_by_owner: late_by_owner(&sound, &waits, as_of.1, owners),
            waits,
        })
    }

    pub fn late(&self) -> usize {
        self.waits.iter().map(|wait| wait.late).sum()
    }

    pub fn dropped(&self) -> usize {
        self.waits.iter().map(|wait| wait.dropped).sum()
    }

    pub fn answer(&self) -> String {
        let many = |count: usize| grouped(&count.to_string());
        let share = self.won_rate.map_or(0.0, |rate| rate.share * 100.0);
        let first =
            format!("{} of {} leads were won ({share:.1} %)", many(self.won), many(self.leads));
        let speed = self.answers.as_ref().map(|answers| {
            format!("half of those offered were answered within {}", span(answers.hours_median))
        });
        let late = (self.late() > 0)
            .then(|| format!("{} have waited longer than 95 of 100 others did", many(self.late())));
        let rest: Vec<String> = speed.into_iter().chain(late).collect();
        if rest.is_empty() { format!("{first}.") } else { format!("{first}; {}.", rest.join("; ")) }
    }

    pub fn stages_table(&self) -> Table {
        let mut table = Table::new(
            "How far leads came",
            &["Stage", ">Leads that entered it", ">Of all leads", ">Median days from creation"],
        );
        for reach in &self.stages {
            table.row([
                reach.stage.as_str().into(),
                reach.leads.into(),
                Cell::Share(reach.leads as f64 / self.leads as f64),
                reach.days_median.map_or(Cell::Missing, Cell::Number),
            ]);
        }
        table
    }

    pub fn sources_table(&self) -> Table {
        let mut table = Table::new(
            "Leads by source",
            &["Source", ">Leads", ">Won", ">Share won", ">95 % interval", ">Median days to win"],
        );
        for source in &self.by_source {
            table.row([
                source.name.as_str().into(),
                source.leads.into(),
                source.won.into(),
                source.rate.map_or(Cell::Missing, |rate| Cell::Share(rate.share)),
                interval(source.rate),
                source.days_to_win_median.map_or(Cell::Missing, Cell::Days),
            ]);
        }
        table
    }

    pub fn waits_table(&self) -> Table {
        let mut table = Table::new(
            "Who waits, and for how long others took",
            &[
                "Stage",
                ">Waiting",
                ">Moved on",
                ">95 % moved on within",
                ">Slowest ever",
                ">Late",
                ">Dropped",
            ],
        );
        for wait in &self.waits {
            table.row([
                wait.stage.as_str().into(),
                wait.waiting.into(),
                wait.moved_on.into(),
                span(wait.usual_hours).into(),
                span(wait.longest_hours).into(),
                wait.late.into(),
                wait.dropped.into(),
            ]);
        }
        table
    }

    pub fn owners_table(&self) -> Table {
        let mut table = Table::new("Late and dropped by owner", &["Owner", ">Late", ">Dropped"]);
        for (owner, late, dropped) in &self.late_by_owner {
            table.row([owner.as_str().into(), (*late).into(), (*dropped).into()]);
        }
        table
    }

    pub fn json(&self) -> Value {
        let rate = |rate: Option<Proportion>| rate.map(|rate| [rate.share, rate.low, rate.high]);
        let stage = |reach: &Reach| {
            let Reach { stage, leads, days_median } = reach;
            json!({ "stage": stage, "leads": leads, "days_median": days_median })
        };
        let source = |source: &Source| {
            json!({
                "name": source.name,
                "leads": source.leads,
                "won": source.won,
                "rate": rate(source.rate),
                "days_to_win_median": source.days_to_win_median,
            })
        };
        let owner = |(name, late, dropped): &(String, usize, usize)| {
            json!({
                "name": name,
                "late": late,
                "dropped": dropped,
            })
        };
        json!({
            "leads": self.leads,
            "won": self.won,
            "lost": self.lost,
            "open": self.open,
            "left_out_contradictory": self.contradictory,
            "won_rate": rate(self.won_rate),
            "days_to_win_median": self.days_to_win_median,
            "days_to_win_p90": self.days_to_win_p90,
            "stages": self.stages.iter().map(stage).collect::<Vec<_>>(),
            "by_source": self.by_source.iter().map(source).collect::<Vec<_>>(),
            "answers": self.answers.as_ref().map(Answers::json),
            "waits": self.waits.iter().map(Wait::json).collect::<Vec<_>>(),
            "late": self.late(),
            "dropped": self.dropped(),
            "late_by_owner": self.late_by_owner.iter().map(owner).collect::<Vec<_>>(),
        })
    }
}

impl Answers {
    /// `None` where nobody answers: the next thing that is told of a lead is that it was won.
    fn new(stage: &str, leads: &[&Lead]) -> Option<Answers> {
        let offers: Vec<(&Lead, Option<f64>)> = leads
            .iter()
            .filter_map(|lead| Some((*lead, stay_in(stage, lead)?.1.map(|next| next.0))))
            .collect();
        let is_answer = |lead: &&Lead| {
            stay_in(stage, lead)
                .is_some_and(|(_, next)| next.is_some_and(|(_, outcome)| outcome != Outcome::Won))
        };
        leads.iter().find(|lead| is_answer(lead))?;
        let hours: Vec<f64> = offers.iter().filter_map(|(_, hours)| *hours).collect();
        let sample = Sample::new(hours);
        let mut from = f64::NEG_INFINITY;
        let buckets = BUCKETS.map(|(name, to)| {
            let within = |hours: f64| from < hours && hours <= to;
            let of: Vec<&Lead> = offers
                .iter()
                .filter(|(_, hours)| hours.is_some_and(within))
                .map(|(lead, _)| *lead)
                .collect();
            from = to;
            let became = |lead: &&&Lead| lead.deal.is_some() || lead.outcome == Outcome::Won;
            let became_deals = of.iter().filter(became).count();
            let rate = wilson_95(became_deals, of.len());
            Bucket { name, answered: of.len(), became_deals, rate }
        });
        Some(Answers {
            stage: stage.to_owned(),
            offered: offers.len(),
            answered: sample.sorted().len(),
            hours_median: sample.quantile(0.5),
            hours_p90: sample.quantile(0.9),
            buckets: buckets.into_iter().filter(|bucket| bucket.answered > 0).collect(),
        })
    }

    pub fn answer(&self) -> String {
        let quick = self.buckets.first().filter(|bucket| bucket.answered > 0);
        let slow = self.buckets.last();
        let share = |bucket: &Bucket| bucket.rate.map_or(0.0, |rate| rate.share * 100.0);
        let first = format!(
            "Half of the leads offered as {} were answered within {}, nine of ten within {}",
            self.stage,
            span(self.hours_median),
            span(self.hours_p90)
        );
        match quick.zip(slow).filter(|(quick, slow)| quick.name != slow.name) {
            Some((quick, slow)) => format!(
                "{first}; of those answered {} {:.0} % became a deal, of those answered {} \
                 {:.0} %.",
                quick.name,
                share(quick),
                slow.name,
                share(slow)
            ),
            None => format!("{first}."),
        }
    }

    pub fn table(&self) -> Table {
        let mut table = Table::new(
            "Speed to lead",
            &["Answered", ">Leads", ">Became a deal", ">Share", ">95 % interval"],
        );
        for bucket in &self.buckets {
            table.row([
                bucket.name.into(),
                bucket.answered.into(),
                bucket.became_deals.into(),
                bucket.rate.map_or(Cell::Missing, |rate| Cell::Share(rate.share)),
                interval(bucket.rate),
            ]);
        }
        table
    }

    fn json(&self) -> Value {
        let bucket = |bucket: &Bucket| {
            json!({
                "name": bucket.name,
                "answered": bucket.answered,
                "became_deals": bucket.became_deals,
            })
        };
        json!({
            "stage": self.stage,
            "offered": self.offered,
            "answered": self.answered,
            "hours_median": self.hours_median,
            "hours_p90": self.hours_p90,
            "buckets": self.buckets.iter().map(bucket).collect::<Vec<_>>(),
        })
    }
}

impl Wait {
    /// `None` where nobody has ever moved on, so that nothing says how long is long.
    fn new(stage: &str, leads: &[&Lead], now: Timestamp) -> Option<Wait> {
        let moved: Vec<f64> =
            leads.iter().filter_map(|lead| Some(stay_in(stage, lead)?.1?.0)).collect();
        let moved = Sample::new(moved);
        let longest_hours = moved.sorted().last().copied()?;
        let usual_hours = moved.quantile(USUAL);
        let waiting: Vec<f64> =
            leads.iter().filter_map(|lead| waits_in(stage, lead, now)).collect();
        let beyond = |mark: f64| waiting.iter().filter(|hours| **hours > mark).count();
        Some(Wait {
            stage: stage.to_owned(),
            waiting: waiting.len(),
            moved_on: moved.sorted().len(),
            usual_hours,
            longest_hours,
            late: beyond(usual_hours),
            dropped: beyond(longest_hours),
        })
    }

    fn json(&self) -> Value {
        json!({
            "stage": self.stage,
            "waiting": self.waiting,
            "moved_on": self.moved_on,
            "usual_hours": self.usual_hours,
            "longest_hours": self.longest_hours,
            "late": self.late,
            "dropped": self.dropped,
        })
    }
}

/// The stages in which sales has the baton: those whose names say so, else the one in which leads
/// begin.
fn handoffs(leads: &[&Lead], stages: &Stages) -> Vec<String> {
    let named: Vec<String> = (stages.stages.iter())
        .filter(|stage| Lifecycle::of_stage(&stage.name).is_some())
        .map(|stage| stage.name.clone())
        .collect();
    if !named.is_empty() {
        return named;
    }
    let first = leads.iter().find_map(|lead| Some(lead.stays.first()?.stage.clone()));
    stages.entry.clone().or(first).into_iter().collect()
}

/// The first stay in a stage, and the hours until the next stay with its outcome.
fn stay_in<'a>(stage: &str, lead: &'a Lead) -> Option<(&'a Stay, Option<(f64, Outcome)>)> {
    let index = lead.stays.iter().position(|stay| stay.stage.eq_ignore_ascii_case(stage))?;
    let stay = lead.stays.get(index)?;
    let next = lead.stays.get(index + 1);
    Some((stay, next.map(|next| (hours(stay.entered_at, next.entered_at), next.outcome))))
}

/// For how many hours a lead has been in a stage in which it still is.
fn waits_in(stage: &str, lead: &Lead, now: Timestamp) -> Option<f64> {
    let last = lead.stays.last().filter(|stay| stay.stage.eq_ignore_ascii_case(stage))?;
    Some(hours(last.entered_at, now))
}

fn hours(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_second() - from.as_second()) as f64 / 3_600.0
}

fn days_to_win(lead: &Lead) -> Option<f64> {
    let won = lead.stays.iter().find(|stay| stay.outcome == Outcome::Won)?;
    (lead.outcome == Outcome::Won).then(|| f64::from((won.entered_on - lead.created_on).get_days()))
}

fn reach(leads: &[&Lead], stages: &Stages) -> Vec<Reach> {
    let of_stage = |name: &str| {
        let days: Vec<f64> = leads
            .iter()
            .filter_map(|lead| {
                let stay = lead.stays.iter().find(|it| it.stage.eq_ignore_ascii_case(name))?;
                Some(hours(lead.created_at, stay.entered_at) / HOURS_PER_DAY)
            })
            .collect();
        let days = Sample::new(days);
        let known = !days.sorted().is_empty();
        Reach {
            stage: name.to_owned(),
            leads: days.sorted().len(),
            days_median: known.then(|| days.quantile(0.5)),
        }
    };
    let reached = stages.stages.iter().map(|stage| of_stage(&stage.name));
    reached.filter(|reach| reach.leads > 0).collect()
}

fn sources(leads: &[&Lead]) -> Vec<Source> {
    let mut groups: BTreeMap<&str, Vec<&Lead>> = BTreeMap::new();
    for lead in leads {
        groups.entry(lead.source.as_deref().unwrap_or("(not recorded)")).or_default().push(lead);
    }
    let source = |(name, leads): (&str, Vec<&Lead>)| {
        let won = leads.iter().filter(|lead| lead.outcome == Outcome::Won).count();
        let days = Sample::new(leads.iter().filter_map(|lead| days_to_win(lead)).collect());
        Source {
            name: name.to_owned(),
            leads: leads.len(),
            won,
            rate: wilson_95(won, leads.len()),
            days_to_win_median: (!days.sorted().is_empty()).then(|| days.quantile(0.5)),
        }
    };
    let mut sources: Vec<Source> = groups.into_iter().map(source).collect();
    sources.sort_by_key(|source| std::cmp::Reverse(source.leads));
    sources.truncate(LISTED_MAX);
    if sources.len() < 2 { Vec::new() } else { sources }
}

fn curve(leads: &[&Lead], as_of: Date) -> Vec<Arrived> {
    let observation = |lead: &&Lead| {
        let age = |day: Date| (day_number(day) - day_number(lead.created_on)).unsigned_abs();
        let ended = lead.stays.iter().find(|stay| stay.outcome != Outcome::Open);
        let (age_days, outcome) = match ended {
            Some(stay) if stay.outcome == Outcome::Won => (age(stay.entered_on), Ending::Event(0)),
            Some(stay) => (age(stay.entered_on), Ending::Event(1)),
            None => (age(as_of), Ending::Censored),
        };
        Observation { age_days, outcome }
    };
    let observations: Vec<Observation> = leads.iter().map(observation).collect();
    let point = |point: &stats::survival::Point| Arrived {
        age_days: point.age_days,
        share: point.cumulative.first().copied().unwrap_or(0.0),
    };
    if leads.iter().all(|lead| lead.outcome != Outcome::Won) {
        return Vec::new();
    }
    aalen_johansen(&observations).iter().map(point).collect()
}

fn late_by_owner(
    leads: &[&Lead],
    waits: &[Wait],
    now: Timestamp,
    owners: &BTreeMap<Uuid, String>,
) -> Vec<(String, usize, usize)> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for lead in leads {
        for wait in waits {
            let Some(hours) = waits_in(&wait.stage, lead, now) else { continue };
            let owner = lead.owner.and_then(|id| owners.get(&id));
            let count = counts.entry(owner.map_or("(not recorded)", String::as_str)).or_default();
            count.0 += usize::from(hours > wait.usual_hours);
            count.1 += usize::from(hours > wait.longest_hours);
        }
    }
    let mut list: Vec<(String, usize, usize)> = (counts.into_iter())
        .filter(|(_, (late, _))| *late > 0)
        .map(|(owner, (late, dropped))| (owner.to_owned(), late, dropped))
        .collect();
    list.sort_by_key(|(_, late, _)| std::cmp::Reverse(*late));
    list.truncate(LISTED_MAX);
    if list.len() < 2 { Vec::new() } else { list }
}

/// A length of time as people say it.
pub fn span(hours: f64) -> String {
    match hours {
        short if short < 1.0 => format!("{:.0} minutes", short * 60.0),
        middle if middle < 48.0 => format!("{middle:.1} hours"),
        long if long < 240.0 => format!("{:.1} days", long / HOURS_PER_DAY),
        long => format!("{:.0} days", long / HOURS_PER_DAY),
    }
}
