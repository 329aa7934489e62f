//! The definition of a marketing-qualified lead as a condition: whether leads fit it on a day.

use std::collections::{HashMap, HashSet};

use domain::history::{Fact, Latest};
use domain::score::MILLI;
use domain::score::expression::{Condition, Figure};
use domain::score::rules::Rules;
use jiff::civil::Date;

use crate::context::Context;
use crate::error::Error;
use crate::score::leads::{self, Question};
use crate::score::points::Book;
use crate::score::rules;
use crate::world::World;

/// A condition with all that it may look at.
pub(crate) struct Definition<'a> {
    condition: &'a Condition,
    rules: Option<Rules>,
    book: Book,
    /// Places in the book, by the id that a lead's source has for it.
    places: HashMap<String, usize>,
    /// What leads are likely to become, where the condition asks and it is asked of today.
    probabilities: HashMap<String, f64>,
}

impl<'a> Definition<'a> {
    /// Of some leads, by the ids that their source has for them.
    pub async fn of(
        context: &Context,
        world: &World,
        condition: &'a Condition,
        wanted: &HashSet<String>,
    ) -> Result<Definition<'a>, Error> {
        let is_wanted = |facts: &[Fact]| {
            Latest(facts).text("external_id").is_some_and(|id| wanted.contains(id))
        };
        let book = Book::of(context, world, is_wanted).await?;
        let places = book.leads.iter().map(|lead| lead.external_id.clone()).zip(0..).collect();
        let rules = rules::newest(context, None).await?.map(|kept| kept.rules);
        let probabilities = HashMap::new();
        Ok(Definition { condition, rules, book, places, probabilities })
    }

    /// As [`Definition::of`], with the probabilities that are learned today.
    pub async fn of_today(
        context: &Context,
        world: &World,
        condition: &'a Condition,
        wanted: &HashSet<String>,
    ) -> Result<Definition<'a>, Error> {
        let mut definition = Definition::of(context, world, condition, wanted).await?;
        if condition.looks_at(Figure::Probability) {
            let limit = crate::limits::SCORES_SHOWN_MAX;
            let question = Question { lead: None, as_of: None, known_at: None, limit, seed: 1 };
            // Where too few have gone on, nothing is likely or unlikely.
            if let Ok(found) = leads::leads(context, &question).await {
                let told = found.scores.into_iter().map(|score| (score.lead, score.probability));
                definition.probabilities = told.collect();
            }
        }
        Ok(definition)
    }

    /// Whether a lead fits by what was known by the end of a day.
    pub fn fits(&self, lead: &str, on: Date) -> bool {
        let Some(found) = self.places.get(lead).map(|place| &self.book.leads[*place]) else {
            return false;
        };
        let points = self.rules.as_ref().map(|rules| self.book.points(rules, found, on));
        let figure = |figure| {
            let points = points.as_ref();
            let told = |milli: i64| milli as f64 / MILLI as f64;
            match figure {
                Figure::Fit => points.map(|points| told(points.fit_milli)),
                Figure::Engagement => points.map(|points| told(points.engagement_milli)),
                Figure::Probability => self.probabilities.get(lead).copied(),
            }
        };
        self.book.with_facts(found, on, &figure, |facts| self.condition.holds(facts))
    }
}
