//! What a person turns on a plan: prices, times, shares, numbers, money spent.
//!
//! The one place that knows which word of a person is which factor of the chain. The chain's own
//! arithmetic is that of `stats::plan::changes`.

use std::str::FromStr;

use domain::name::plain;
use reports::plan::{Lever, Row, Turned, WhatIf};
use reports::render::grouped;
use stats::plan as engine;
use stats::plan::changes::Changes;
use stats::plan::drivers::Lever as Driven;

use super::{Prepared, half_within};
use crate::error::Error;

/// Factors are within these: nobody turns anything further.
const FACTOR_MIN: f64 = 0.1;
const FACTOR_MAX: f64 = 10.0;

/// The keys of what every plan has.
const PRICE: &str = "asp";
const CYCLE: &str = "cycle";
const WIN_RATE: &str = "win-rate";
const LEADS: &str = "leads";
const BUDGET: &str = "budget";

/// One lever and how far it is turned.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The key of a [`Lever`] of the plan.
    pub lever: String,
    /// So many times what it is.
    pub factor: f64,
}

impl FromStr for Change {
    type Err = String;

    /// Reads `asp=+5%`, `cycle=-10%` or `leads=1.2` (so many times as many).
    fn from_str(text: &str) -> Result<Change, String> {
        let wrong = || {
            format!(
                "`{text}` is not a change: write LEVER=+5% or LEVER=-10%, from -90% to +900%, such \
                 as asp=+5%"
            )
        };
        let (lever, by) = text.split_once('=').ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<f64>().map_err(|_| wrong());
        let factor = match by.trim().strip_suffix('%') {
            Some(percent) => 1.0 + number(percent)? / 100.0,
            None => number(by)?,
        };
        match (FACTOR_MIN..=FACTOR_MAX).contains(&factor) && !lever.trim().is_empty() {
            true => Ok(Change { lever: lever.trim().to_owned(), factor }),
            false => Err(wrong()),
        }
    }
}

impl Prepared {
    /// What may be changed, and what it is now.
    pub fn levers(&self) -> Vec<Lever> {
        let keys = self.keys();
        let now = &self.basis.model;
        keys.into_iter().map(|(key, driven)| self.lever(key, driven, (now, 1.0))).collect()
    }

    /// The factors that changes come to. Of several changes of one lever, each comes on top.
    pub(super) fn turned(&self, changes: &[Change]) -> Result<Changes, Error> {
        let steps = self.basis.chain.steps.len();
        let none = vec![1.0; steps];
        let mut all = Changes { shares: none.clone(), lags: none, ..Changes::default() };
        for Change { lever, factor } in changes {
            match self.driven(lever)? {
                (key, Driven::Entries) => all.entries *= self.entries_factor(&key, *factor),
                (_, Driven::Amount) => all.amount *= factor,
                (_, Driven::Share(step)) => all.shares[step] *= factor,
                (_, Driven::Lag(step)) => all.lags[step] *= factor,
            }
        }
        Ok(all)
    }

    /// The plan's words on changes and on what was before them.
    pub(super) fn what_if(&self, changes: &[Change], changed: &engine::Model) -> WhatIf {
        let now = &self.basis.model;
        let turned = |change: &Change| {
            let (key, driven) = self.driven(&change.lever).ok()?;
            let then = self.lever(key.clone(), driven, (changed, change.factor)).now;
            let lever = self.lever(key, driven, (now, 1.0));
            Some(Turned { lever, factor: change.factor, then })
        };
        let goal = self.basis.goal(&self.goal);
        // However they were given, changes are told in the order of the levers.
        let keys = self.keys();
        let mut told: Vec<Turned> = changes.iter().filter_map(turned).collect();
        told.sort_by_key(|turned| keys.iter().position(|(key, _)| *key == turned.lever.key));
        WhatIf {
            changes: told,
            probability_before: self.basis.has_course.then(|| now.present_probability(goal)),
            course_before: self.course_before(),
        }
    }

    /// Every lever by its key, in the order in which they are shown.
    fn keys(&self) -> Vec<(String, Driven)> {
        let last = self.basis.chain.steps.len() - 1;
        let mut keys = vec![
            (PRICE.to_owned(), Driven::Amount),
            (WIN_RATE.to_owned(), Driven::Share(last)),
            (CYCLE.to_owned(), Driven::Lag(last)),
        ];
        let stages = self.basis.chain.names.iter().take(last).enumerate();
        keys.extend(stages.map(|(step, name)| (key_of(name), Driven::Share(step))));
        if self.basis.has_course {
            keys.push((LEADS.to_owned(), Driven::Entries));
            keys.extend(self.budget.as_ref().map(|_| (BUDGET.to_owned(), Driven::Entries)));
        }
        keys
    }

    fn driven(&self, lever: &str) -> Result<(String, Driven), Error> {
        let keys = self.keys();
        let wanted = plain(lever);
        let found = keys.iter().find(|(key, _)| plain(key) == wanted).cloned();
        found.ok_or_else(|| {
            let names: Vec<&str> = keys.iter().map(|(key, _)| key.as_str()).collect();
            let (budget, leads) = (plain(BUDGET), plain(LEADS));
            let why = match wanted {
                wanted if wanted == budget => {
                    " (there are no costs of campaigns with leads in the last year that would tell \
                     what a lead costs)"
                }
                wanted if wanted == leads => " (nothing tells how many come)",
                _ => "",
            };
            Error::Input(format!("`{lever}` cannot be changed{why}: choose {}", names.join(", ")))
        })
    }

    fn entries_factor(&self, key: &str, factor: f64) -> f64 {
        match self.budget.as_ref().filter(|_| key == BUDGET) {
            Some(budget) => budget.leads_factor(factor),
            None => factor,
        }
    }

    /// A lever as a model has it, money spent being so many times what it was.
    fn lever(&self, key: String, driven: Driven, (model, spent): (&engine::Model, f64)) -> Lever {
        let now = match driven {
            Driven::Amount => {
                let price = self.money(model.mean_amount()).to_decimal();
                format!("{} {}", grouped(&price), self.currency.code())
            }
            Driven::Share(step) => {
                format!("{:.1} %", model.shares().get(step).copied().unwrap_or(0.0) * 100.0)
            }
            Driven::Lag(step) => {
                let steps = &model.assumptions().steps;
                steps.get(step).map_or_else(String::new, |step| half_within(&step.lag))
            }
            Driven::Entries => match self.budget.as_ref().filter(|_| key == BUDGET) {
                Some(budget) => budget.words(spent),
                None => {
                    let course = model.present_course();
                    let count = course.and_then(|course| course.stage_totals.first().copied());
                    grouped(&format!("{:.0}", count.unwrap_or(0.0)))
                }
            },
        };
        let name = match key == BUDGET {
            true => "budget of campaigns".to_owned(),
            false => self.name_of(driven),
        };
        Lever { key, name, now }
    }

    /// The present course without a change, all of the period together.
    fn course_before(&self) -> Option<Row> {
        let planned = super::Planned { prepared: self, model: &self.basis.model };
        Some(planned.need(&self.basis.model.present_course()?).total)
    }
}

/// A stage's name as it is typed: `sales-accepted`.
fn key_of(name: &str) -> String {
    name.to_lowercase().split_whitespace().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, f64), &str>) {
        match (text.parse::<Change>(), expected) {
            (Ok(change), Ok((lever, factor))) => {
                assert_eq!(change.lever, lever);
                assert!((change.factor - factor).abs() < 1e-12, "{change:?}");
            }
            (Err(problem), Err(part)) => assert!(problem.contains(part), "{problem}"),
            (found, _) => panic!("{text} gave {found:?}"),
        }
    }

    #[test]
    fn a_change_is_a_lever_and_how_far_it_is_turned() {
        check("asp=+5%", Ok(("asp", 1.05)));
        check("cycle = -10 %", Ok(("cycle", 0.9)));
        check("leads=1.2", Ok(("leads", 1.2)));
        check("asp", Err("LEVER=+5%"));
        check("asp=five", Err("`asp=five` is not a change"));
        check("asp=-95%", Err("from -90% to +900%"));
        check("=+5%", Err("is not a change"));
    }
}
