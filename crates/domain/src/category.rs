//! Forecast categories: how sure the owner of an open deal is that it closes in its period.

use crate::name::plain;
use crate::stage::{Outcome, Stages};

/// The category of an open deal. What is closed needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Promised.
    Commit,
    /// Closes if all goes well.
    BestCase,
    /// In the period, and not counted on.
    Pipeline,
    /// Left out of the forecast by its owner.
    Omitted,
}

/// The categories in the words of CRM systems, without case, blanks and marks.
const WORDS: [(Category, &[&str]); 4] = [
    (Category::Commit, &["commit", "committed", "forecast"]),
    (Category::BestCase, &["bestcase", "mostlikely", "upside", "probable"]),
    (Category::Pipeline, &["pipeline", "open"]),
    (Category::Omitted, &["omitted", "omit", "notforecasted", "dontforecast", "excluded"]),
];

impl Category {
    pub fn name(self) -> &'static str {
        match self {
            Category::Commit => "commit",
            Category::BestCase => "best case",
            Category::Pipeline => "pipeline",
            Category::Omitted => "omitted",
        }
    }

    /// What a CRM's word says; `None` where it says nothing of an open deal.
    pub fn parse(text: &str) -> Option<Category> {
        let word = plain(text);
        let among = |(_, words): &&(Category, &[&str])| words.contains(&word.as_str());
        WORDS.iter().find(among).map(|(category, _)| *category)
    }

    /// What a stage says where the deal itself says nothing: of the open stages the first third
    /// is pipeline, the second best case, the last commit. A lone stage tells nothing, so its
    /// deals are pipeline; so are those whose stage is not known.
    pub fn of_stage(stage: Option<&str>, stages: &Stages) -> Category {
        let mut open = stages.stages.iter().filter(|stage| stage.outcome == Outcome::Open);
        let all = open.clone().count();
        let is_it = |name: &str| open.position(|known| known.name.eq_ignore_ascii_case(name));
        match stage.and_then(is_it).map(|place| place * 3 / all) {
            Some(0) | None => Category::Pipeline,
            Some(1) => Category::BestCase,
            Some(_) => Category::Commit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Stage;

    #[test]
    fn words_of_crm_systems_are_understood() {
        for (text, category) in [
            ("Commit", Some(Category::Commit)),
            ("BEST_CASE", Some(Category::BestCase)),
            ("Most Likely", Some(Category::BestCase)),
            ("Pipeline", Some(Category::Pipeline)),
            ("Omitted", Some(Category::Omitted)),
            ("Not forecasted", Some(Category::Omitted)),
            ("Closed", None),
            ("", None),
        ] {
            assert_eq!(Category::parse(text), category, "{text}");
        }
    }

    #[test]
    fn a_stage_tells_by_its_place() {
        let check = |names: &[&str], expected: &[Category]| {
            let stage = |name: &&str| Stage { name: (*name).to_owned(), outcome: Outcome::Open };
            let stages = Stages { stages: names.iter().map(stage).collect(), entry: None };
            let found: Vec<Category> =
                names.iter().map(|name| Category::of_stage(Some(name), &stages)).collect();
            assert_eq!(found, expected, "{names:?}");
            assert_eq!(Category::of_stage(None, &stages), Category::Pipeline);
        };
        use Category::{BestCase, Commit, Pipeline};
        check(&["Engaging"], &[Pipeline]);
        check(&["A", "B"], &[Pipeline, BestCase]);
        check(&["A", "B", "C"], &[Pipeline, BestCase, Commit]);
        check(&["A", "B", "C", "D"], &[Pipeline, Pipeline, BestCase, Commit]);
    }
}
