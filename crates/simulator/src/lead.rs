//! One lead's life from inquiry to opportunity: which states, when, who owned it, and why it left.
//! It ends where the deal begins, and writes nothing.

use crate::World;
use crate::calendar::{DAY_SECONDS, Day, Moment, working_second};
use crate::market::Region;
use crate::model::{CHANNELS, LEADS, Lag, SPEED_TO_LEAD};
use crate::random::Stream;
use crate::workforce::SeatIndex;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    Inquiry,
    Mql,
    Sal,
    Sql,
    Opportunity,
    Customer,
    Recycled,
    Disqualified,
}

impl Stage {
    pub const ALL: [Self; 8] = [
        Self::Inquiry,
        Self::Mql,
        Self::Sal,
        Self::Sql,
        Self::Opportunity,
        Self::Customer,
        Self::Recycled,
        Self::Disqualified,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Inquiry => "inquiry",
            Self::Mql => "mql",
            Self::Sal => "sal",
            Self::Sql => "sql",
            Self::Opportunity => "opportunity",
            Self::Customer => "customer",
            Self::Recycled => "recycled",
            Self::Disqualified => "disqualified",
        }
    }
}

/// What is known of a lead when it arrives.
pub struct Inquiry {
    pub created: Moment,
    pub channel: usize,
    pub product: usize,
    pub persona: usize,
    pub region: Region,
}

/// A stage entered, who owned the lead from then on, and why.
pub struct Change {
    pub at: Moment,
    pub stage: Stage,
    pub owner: u64,
    pub reason: Option<&'static str>,
}

/// The changes of a lead before the end, the first of them its arrival. When the last is an
/// opportunity, a deal begins then.
pub fn live(world: &World, stream: &mut Stream, inquiry: &Inquiry) -> Vec<Change> {
    let mut life = Life { world, stream, inquiry, lives: 0, developer: None };
    let mut changes = Vec::new();
    let mut next = Some(Step { at: inquiry.created, stage: Stage::Inquiry, reason: None });
    while let Some(step) = next.filter(|step| step.at < world.calendar.end()) {
        changes.push(life.owned(&step));
        next = life.after(&step);
    }
    changes
}

struct Step {
    at: Moment,
    stage: Stage,
    reason: Option<&'static str>,
}

struct Life<'a> {
    world: &'a World,
    stream: &'a mut Stream,
    inquiry: &'a Inquiry,
    /// How often it has been an MQL.
    lives: usize,
    /// The sales developer's seat while the lead is in sales' hands.
    developer: Option<SeatIndex>,
}

impl Life<'_> {
    fn after(&mut self, step: &Step) -> Option<Step> {
        match step.stage {
            Stage::Inquiry => self.after_inquiry(step.at),
            Stage::Mql => self.after_mql(step.at),
            Stage::Sal => self.advance(step.at, LEADS.sal_to_sql, Stage::Sql, LEADS.sal_to_sql_lag),
            Stage::Sql => {
                let (share, lag) = (LEADS.sql_to_opportunity, LEADS.sql_to_opportunity_lag);
                self.advance(step.at, share, Stage::Opportunity, lag)
            }
            Stage::Recycled => self.after_recycled(step.at),
            Stage::Opportunity | Stage::Customer | Stage::Disqualified => None,
        }
    }

    fn after_inquiry(&mut self, at: Moment) -> Option<Step> {
        let Inquiry { channel, product, persona, .. } = *self.inquiry;
        if self.stream.chance(self.world.model.mql_share(channel, product, persona)) {
            return Some(self.step(at, LEADS.inquiry_to_mql_lag, Stage::Mql, None));
        }
        let is_disqualified = self.stream.chance(LEADS.inquiry_disqualified);
        let reason = self.stream.pick(&["No fit", "Invalid contact", "Student", "Competitor"]);
        let lag = LEADS.inquiry_disqualified_lag;
        is_disqualified.then(|| self.step(at, lag, Stage::Disqualified, Some(reason)))
    }

    /// The hand-off: dropped, accepted or declined at the first contact.
    fn after_mql(&mut self, at: Moment) -> Option<Step> {
        self.lives += 1;
        if self.stream.chance(LEADS.dropped_handoff) {
            return None;
        }
        let contacted = self.later(at, LEADS.first_contact_lag, 1.0);
        let hours = (contacted.0 - at.0) as f64 / 3_600.0;
        if self.stream.chance(LEADS.contacted_mql_to_sal * speed_effect(hours)) {
            return Some(Step { at: contacted, stage: Stage::Sal, reason: None });
        }
        Some(self.declined(contacted))
    }

    fn after_recycled(&mut self, at: Moment) -> Option<Step> {
        let returns = self.lives < LEADS.lives && self.stream.chance(LEADS.recycled_to_mql);
        let lag = LEADS.recycled_to_mql_lag;
        returns.then(|| self.step(at, lag, Stage::Mql, Some("Engaged again")))
    }

    fn advance(&mut self, at: Moment, share: f64, to: Stage, lag: Lag) -> Option<Step> {
        if self.stream.chance(share) {
            return Some(self.step(at, lag, to, None));
        }
        let given_up = self.later(at, LEADS.declined_lag, 1.0);
        Some(self.declined(given_up))
    }

    fn declined(&mut self, at: Moment) -> Step {
        if self.stream.chance(LEADS.declined_recycled) {
            let reason = self.stream.pick(&["Bad timing", "No response", "No budget yet"]);
            return Step { at, stage: Stage::Recycled, reason: Some(reason) };
        }
        let reason = self.stream.pick(&["No fit", "No authority", "No need", "Too small"]);
        Step { at, stage: Stage::Disqualified, reason: Some(reason) }
    }

    fn step(&mut self, at: Moment, lag: Lag, stage: Stage, reason: Option<&'static str>) -> Step {
        let effect = CHANNELS[self.inquiry.channel].lag_effect;
        Step { at: self.later(at, lag, effect), stage, reason }
    }

    /// At least a minute later, so that changes are strictly in order; from a day on, in working
    /// hours.
    fn later(&mut self, at: Moment, lag: Lag, effect: f64) -> Moment {
        let days = self.stream.lognormal(lag.median_days * effect, lag.sigma);
        if days < 1.0 {
            return at.plus_days(days.max(60.0 / DAY_SECONDS as f64));
        }
        let at_work = Moment::at(at.plus_days(days).day(), working_second(self.stream));
        at_work.max(Moment(at.0 + 60))
    }

    fn owned(&mut self, step: &Step) -> Change {
        let seat = self.seat(step.stage, step.at.day());
        self.developer = matches!(step.stage, Stage::Mql | Stage::Sal | Stage::Sql).then_some(seat);
        let owner = self.world.workforce.occupant(seat, step.at.day()).id;
        Change { at: step.at, stage: step.stage, owner, reason: step.reason }
    }

    /// Marketing keeps what it nurtures; one sales developer has the lead from MQL to SQL.
    fn seat(&mut self, stage: Stage, day: Day) -> SeatIndex {
        let workforce = &self.world.workforce;
        match (stage, self.developer) {
            (Stage::Mql, _) => workforce.development_seat(self.stream, day),
            (Stage::Opportunity, _) => workforce.sales_seat(self.stream, self.inquiry.region, day),
            (Stage::Sal | Stage::Sql | Stage::Disqualified, Some(seat)) => seat,
            _ => workforce.demand_seat(self.stream, day),
        }
    }
}

fn speed_effect(hours: f64) -> f64 {
    SPEED_TO_LEAD.iter().find(|band| hours <= band.hours).map_or(1.0, |band| band.effect)
}
