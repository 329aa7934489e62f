//! What if: the plan's levers, each with how far it is turned.

use std::collections::HashMap;
use std::sync::Arc;

use app::plan::Prepared;
use app::plan::changes::Change;
use reports::plan::Plan;

use super::answers::Answer;
use super::asked::Asked;
use super::fault::Fault;

/// What the names of turned levers begin with in a query: `change.asp=5`.
pub(super) const PREFIX: &str = "change.";
/// Sliders reach so far; an address may ask for more.
const REACH_PERCENT: i32 = 50;

/// A plan with what it was made from, so that what becomes of it is told at once.
pub(super) struct Answered {
    pub prepared: Arc<Prepared>,
    pub plan: Plan,
}

impl Answered {
    /// The plan as it is, from what is prepared.
    ///
    /// # Errors
    /// As [`Prepared::answer`].
    pub fn new(prepared: Prepared) -> Result<Answered, app::error::Error> {
        let plan = prepared.answer(&[])?;
        Ok(Answered { prepared: Arc::new(prepared), plan })
    }

    /// The plan under changes.
    ///
    /// # Errors
    /// When a change is of something that the plan does not rest on.
    pub fn changed(&self, changes: &[(String, String)]) -> Result<Answered, Fault> {
        let changes = changes.iter().map(read).collect::<Result<Vec<Change>, Fault>>()?;
        let plan = self.prepared.answer(&changes)?;
        Ok(Answered { prepared: self.prepared.clone(), plan })
    }
}

/// `5` is so many per cent more; `1.05x` so many times what it is, exactly.
fn read((lever, turned): &(String, String)) -> Result<Change, Fault> {
    let by = turned.strip_suffix('x').map_or_else(|| format!("{turned}%"), str::to_owned);
    format!("{lever}={by}").parse().map_err(Fault::Input)
}

/// The levers that a query turns, by name; those that stay where they are, are left out.
pub(super) fn asked(query: &HashMap<String, String>) -> Vec<(String, String)> {
    let turned = |(name, value): (&String, &String)| {
        let lever = name.strip_prefix(PREFIX)?.to_owned();
        let percent = value.trim().trim_end_matches('%').trim().to_owned();
        let stays = percent.is_empty() || percent.parse() == Ok(0.0);
        (!stays).then_some((lever, percent))
    };
    let mut changes: Vec<(String, String)> = query.iter().filter_map(turned).collect();
    changes.sort();
    changes
}

/// A lever as a slider.
pub(super) struct Slider {
    pub key: String,
    pub name: String,
    pub now: String,
    pub percent: String,
    pub reach: i32,
}

/// The sliders of a plan; none on other pages.
pub(super) fn sliders(answer: &Answer, asked: &Asked) -> Vec<Slider> {
    let Answer::Plan(answered) = answer else { return Vec::new() };
    let slider = |lever: reports::plan::Lever| {
        let turned = asked.changes.iter().find(|(key, _)| *key == lever.key);
        Slider {
            percent: turned.map_or_else(|| "0".to_owned(), |(_, percent)| percent.clone()),
            key: lever.key,
            name: lever.name,
            now: lever.now,
            reach: REACH_PERCENT,
        }
    };
    answered.prepared.levers().into_iter().map(slider).collect()
}
