//! The learned probability of a company's own leads: that one goes on to an opportunity.
//!
//! A lead is looked at on the day of its creation and at some ages after it, for as long as it is
//! open, and each look is a row (landmarks: van Houwelingen 2007, "Dynamic prediction by
//! landmarking in event history analysis", Scand. J. Stat. 34). A row holds what was known by the
//! end of its day and nothing later, so that a lead of any age is scored by rows like its own. What
//! has not come yet of a young lead is not taken for a no: `stats::propensity::likelihood`.

mod looks;

use std::collections::{HashMap, HashSet};

use domain::history::{Fact, Latest};
use domain::time::{date_of, day_number};
use jiff::civil::Date;
use reports::score::leads::{HeldOut, LeadScore, LeadScores, REASONS, Reason};
use stats::propensity::grade::{deciles, grade};
use stats::propensity::likelihood::Seen;
use stats::propensity::ripeness::{Came, Ripening};
use stats::propensity::{Explanation, Fitted, Settings, fit};

use super::points::Book;
use super::rules;
use crate::context::Context;
use crate::error::Error;
use crate::limits::SCORES_SHOWN_MAX;
use crate::world::{Wanted, World};
pub(super) use looks::arrived;
use looks::{Looks, Way};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Question {
    /// The lead that is to be explained, by the id that its source has for it; all if left out.
    pub lead: Option<String>,
    pub as_of: Option<Date>,
    pub known_at: Option<Date>,
    /// How many leads are told of, the likeliest first.
    pub limit: usize,
    pub seed: u64,
}

/// Reasons that are told of one lead alone.
const REASONS_OF_ONE: usize = 30;
/// The share of outcomes that have come of leads on which a model is graded.
const RIPE: f64 = 0.9;
/// One in so many of the ripe leads is graded, the latest ones.
const GRADED_EVERY: usize = 5;

/// Learns from the leads that are known, grades what would have been learned earlier on leads that
/// came since, and scores the leads that are open.
///
/// # Errors
/// When too few leads have gone on to learn from, or the lead is not there or no longer open.
pub async fn leads(context: &Context, question: &Question) -> Result<LeadScores, Error> {
    if question.limit > SCORES_SHOWN_MAX {
        return Err(Error::Input(format!("--limit is {SCORES_SHOWN_MAX} at most")));
    }
    let wanted = Wanted { deals: true, leads: false, estimates: false };
    let as_of = context.as_of(question.as_of, question.known_at);
    let world = World::of(context, as_of, wanted).await?;
    let looks = Looks::new(context, &world).await?;
    let today = day_number(world.as_of);
    let settings = Settings { seed: question.seed };
    let fitted = looks.learn(|_| true, today, settings)?;
    let held_out = looks.held_out(today, settings);
    let mut open = looks.open();
    if let Some(lead) = &question.lead {
        open.retain(|row| looks.way(*row).external_id == *lead);
        if open.is_empty() {
            return Err(Error::Input(format!(
                "no open lead `{lead}` is known by {}: give the id that its source has for it",
                world.as_of
            )));
        }
    }
    let probabilities = fitted.probabilities(&looks.table.take(&open));
    let mut scored: Vec<(usize, f64)> = open.into_iter().zip(probabilities).collect();
    let rank = |row: usize| &looks.way(row).external_id;
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| rank(a.0).cmp(rank(b.0))));
    let told = if question.lead.is_some() { REASONS_OF_ONE } else { REASONS };
    let score = |&(row, _): &(usize, f64)| {
        let explanation = fitted.explain(&looks.table, row)?;
        Some(looks.score(row, explanation, told))
    };
    let mut scores: Vec<LeadScore> = scored.iter().take(question.limit).filter_map(score).collect();
    let rules_version = add_points(context, &world, &mut scores).await?;
    Ok(LeadScores {
        as_of: world.as_of,
        leads: looks.ways.len(),
        came: looks.ways.iter().filter(|way| way.came_by(today)).count(),
        open: scored.len(),
        expected: scored.iter().map(|(_, probability)| probability).sum(),
        ripe_after_days: looks.ripening(today, |_| true).ripe_after(RIPE),
        additive_weight: fitted.makeup().additive_weight,
        held_out,
        rules_version,
        scores,
    })
}

/// Puts fit and engagement beside the probability, by the newest rules; returns their version.
async fn add_points(
    context: &Context,
    world: &World,
    scores: &mut [LeadScore],
) -> Result<Option<u64>, Error> {
    let Some(version) = rules::newest(context, None).await? else { return Ok(None) };
    let wanted: HashSet<&str> = scores.iter().map(|score| score.lead.as_str()).collect();
    let is_wanted =
        |facts: &[Fact]| Latest(facts).text("external_id").is_some_and(|id| wanted.contains(id));
    let book = Book::of(context, world, is_wanted).await?;
    let points = book.leads.iter().map(|lead| {
        let points = book.points(&version.rules, lead, world.as_of);
        (lead.external_id.as_str(), (points.fit_milli, points.engagement_milli))
    });
    let points: HashMap<&str, (i64, i64)> = points.collect();
    for score in scores {
        score.points_milli = points.get(score.lead.as_str()).copied();
    }
    Ok(version.number)
}

/// The age by which a share of outcomes has come.
trait RipeAfter {
    fn ripe_after(&self, share: f64) -> u32;
}

impl RipeAfter for Ripening {
    fn ripe_after(&self, share: f64) -> u32 {
        let (mut young, mut old) = (0, u32::from(u16::MAX));
        while young < old {
            let between = (young + old) / 2;
            match self.share_by(between) >= share {
                true => old = between,
                false => young = between + 1,
            }
        }
        old
    }
}

impl Looks {
    /// When the leads of some ways that have gone on by a day did so.
    fn ripening(&self, today: i32, of: impl Fn(&Way) -> bool) -> Ripening {
        let ways = self.ways.iter().filter(|way| way.created_day <= today && of(way));
        let came = ways.filter(|way| way.came_by(today)).map(|way| Came {
            at_age_days: way.arrived_day.map_or(0, |day| way.age_on(day)),
            seen_at_age_days: way.age_on(today),
        });
        Ripening::fit(&came.collect::<Vec<_>>())
    }

    /// Learns from looks before a day, with what had come of them by its end.
    fn learn(
        &self,
        of: impl Fn(&Way) -> bool,
        today: i32,
        settings: Settings,
    ) -> Result<Fitted, Error> {
        let ripening = self.ripening(today, &of);
        let is_past = |row: &usize| self.rows[*row].day < today && of(self.way(*row));
        let rows: Vec<usize> = (0..self.rows.len()).filter(is_past).collect();
        let seen: Vec<Seen> = rows.iter().map(|row| self.seen(*row, today, &ripening)).collect();
        fit(&self.table.take(&rows), &seen, settings)
            .map_err(|error| Error::Input(format!("of the leads that are known, {error}")))
    }

    /// What was seen by the end of a day of what came after a look.
    fn seen(&self, row: usize, today: i32, ripening: &Ripening) -> Seen {
        let (way, day) = (self.way(row), self.rows[row].day);
        if way.came_by(today) {
            return Seen::settled(true);
        }
        if way.lost_day.is_some_and(|lost| lost <= today) {
            return Seen::settled(false);
        }
        // Of those that had not come by the day of the look.
        let [then, now] = [day, today].map(|day| ripening.share_by(way.age_on(day)));
        let left = 1.0 - then;
        let ripeness = if left > 0.0 { ((now - then) / left).clamp(0.0, 1.0) } else { 1.0 };
        Seen { came: false, ripeness }
    }

    /// Grades what was known before the latest ripe leads came on how these went on.
    fn held_out(&self, today: i32, settings: Settings) -> Option<HeldOut> {
        let ripe_after = self.ripening(today, |_| true).ripe_after(RIPE);
        let is_ripe = |way: &&Way| way.age_on(today) >= ripe_after && way.created_day <= today;
        let mut created: Vec<i32> =
            self.ways.iter().filter(is_ripe).map(|way| way.created_day).collect();
        created.sort_unstable();
        let first = *created.get(created.len() - created.len() / GRADED_EVERY)?;
        let last = *created.last()?;
        let earlier = self.learn(|way| way.created_day < first, first - 1, settings).ok()?;
        let is_graded = |row: &usize| (first..=last).contains(&self.way(*row).created_day);
        let rows: Vec<usize> = (0..self.rows.len())
            .filter(|row| self.rows[*row].day < today)
            .filter(is_graded)
            .collect();
        let said = earlier.probabilities(&self.table.take(&rows));
        let came = rows.iter().map(|row| self.way(*row).came_by(today));
        let said: Vec<(f64, bool)> = said.into_iter().zip(came).collect();
        Some(HeldOut {
            from: date_of(first),
            to: date_of(last),
            looks: said.len(),
            grade: grade(&said)?,
            deciles: deciles(&said),
        })
    }

    fn score(&self, row: usize, explained: Explanation, reasons: usize) -> LeadScore {
        let way = self.way(row);
        let reason = |reason: stats::propensity::Reason| Reason {
            told: self.told(row, &reason.column),
            column: reason.column,
            share: reason.share,
        };
        LeadScore {
            lead: way.external_id.clone(),
            points_milli: None,
            created_on: date_of(way.created_day),
            probability: explained.probability,
            low: explained.low,
            high: explained.high,
            reasons: explained.reasons.into_iter().take(reasons).map(reason).collect(),
        }
    }
}
