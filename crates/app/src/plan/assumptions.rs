//! The assumptions file: what replaces history in a plan.

use std::path::Path;

use serde::Deserialize;
use stats::plan::Lag;

use crate::error::Error;

/// What a file assumes. What it leaves out comes from history.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumed {
    /// In the currency's unit.
    pub average_sales_price: Option<f64>,
    pub stages: Vec<AssumedStage>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AssumedStage {
    pub name: String,
    /// The share that goes on and the time that it takes; `None` for the last stage.
    pub onward: Option<(f64, Lag)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssumedFile {
    average_sales_price: Option<f64>,
    #[serde(default)]
    stage: Vec<StageFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageFile {
    name: String,
    to_next: Option<f64>,
    months_to_next: Option<u32>,
    median_days: Option<f64>,
    p90_days: Option<f64>,
}

/// Reads and checks an assumptions file.
///
/// # Errors
/// Says which line or stage is wrong, and what is right.
pub fn read(path: &Path) -> Result<Assumed, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::folder(path))?;
    parse(&text).map_err(|problem| Error::Input(format!("{}: {problem}", path.display())))
}

fn parse(text: &str) -> Result<Assumed, String> {
    let file: AssumedFile = toml::from_str(text).map_err(|error| error.to_string())?;
    if file.average_sales_price.is_some_and(|price| !(price > 0.0 && price.is_finite())) {
        return Err("average_sales_price must be more than zero".to_owned());
    }
    let count = file.stage.len();
    let stages: Result<Vec<AssumedStage>, String> = file
        .stage
        .into_iter()
        .enumerate()
        .map(|(index, stage)| stage.checked(index + 1 == count))
        .collect();
    let mut stages = stages?;
    if stages.last().is_some_and(|last| last.onward.is_some()) {
        stages.push(AssumedStage { name: "won".to_owned(), onward: None });
    }
    for (index, stage) in stages.iter().enumerate() {
        if stages[..index].iter().any(|earlier| earlier.name == stage.name) {
            return Err(format!("two stages are called `{}`: give each its own name", stage.name));
        }
    }
    Ok(Assumed { average_sales_price: file.average_sales_price, stages })
}

impl StageFile {
    fn checked(self, is_last: bool) -> Result<AssumedStage, String> {
        let lag = self.lag()?;
        let StageFile { name, to_next, .. } = self;
        let onward = match to_next {
            Some(share) if share > 0.0 && share <= 1.0 => Some((share, lag)),
            Some(share) => {
                return Err(format!(
                    "stage `{name}`: to_next = {share} must be above 0 and at most 1 (10 % is 0.10)"
                ));
            }
            None if is_last => None,
            None => return Err(format!("stage `{name}` needs to_next, the share that goes on")),
        };
        Ok(AssumedStage { name, onward })
    }

    fn lag(&self) -> Result<Lag, String> {
        match (self.months_to_next, self.median_days, self.p90_days) {
            (months, None, None) => Ok(Lag::Months(months.unwrap_or(0))),
            (None, Some(median_days), Some(p90_days))
                if 0.0 < median_days && median_days < p90_days =>
            {
                Ok(Lag::LogNormal { median_days, p90_days })
            }
            _ => Err(format!(
                "stage `{}`: give either months_to_next, or median_days and a larger p90_days",
                self.name
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&[&str], &str>) {
        match (parse(text), expected) {
            (Ok(assumed), Ok(names)) => {
                let found: Vec<&str> = assumed.stages.iter().map(|s| s.name.as_str()).collect();
                assert_eq!(found, names);
            }
            (Err(problem), Err(part)) => assert!(problem.contains(part), "{problem}"),
            (found, _) => panic!("{text} gave {found:?}"),
        }
    }

    #[test]
    fn the_last_stage_is_won_unless_named() {
        let inquiry = "[[stage]]\nname = 'inquiry'\nto_next = 0.1\nmonths_to_next = 2\n";
        check(inquiry, Ok(&["inquiry", "won"]));
        check(&format!("{inquiry}[[stage]]\nname = 'customer'"), Ok(&["inquiry", "customer"]));
        check("average_sales_price = 100000", Ok(&[]));
    }

    #[test]
    fn what_cannot_be_is_named() {
        check("[[stage]]\nname = 'a'\nto_next = 10", Err("at most 1"));
        check("[[stage]]\nname = 'a'\n[[stage]]\nname = 'b'", Err("needs to_next"));
        check("[[stage]]\nname = 'a'\nto_next = 0.1\nmedian_days = 5", Err("p90_days"));
        check("average_sales_price = 0", Err("more than zero"));
        check("price = 1", Err("unknown field"));
        check("[[stage]]\nname = 'won'\nto_next = 0.1", Err("its own name"));
    }
}
