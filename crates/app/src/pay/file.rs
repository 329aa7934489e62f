//! A pay plan as a TOML file: amounts and rates are texts, so that nothing is ever a float.

use std::collections::BTreeMap;
use std::path::Path;

use domain::money::{Currency, Money, parse_currency};
use domain::pay::counted::Metric;
use domain::pay::exact::Rate;
use domain::pay::formula::Formula;
use domain::pay::plan::{
    Basis, Cap, CreditRule, Draw, Hold, Measure, Payee, Plan, Spiff, Terms, Tier, Way,
};
use domain::pay::relay::{Judgement, Leg, Relay};
use domain::period::{FiscalCalendar, Period};
use jiff::civil::Date;
use serde::Deserialize;

use crate::error::Error;

/// A plan, and how the legs of its relay were judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    pub plan: Plan,
    pub judgements: Vec<Judgement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    name: String,
    version: u32,
    currency: String,
    first_period: String,
    #[serde(default)]
    freeze_days: u32,
    rounding: Option<String>,
    clawback_days: Option<u32>,
    hold: Option<String>,
    measure: Vec<MeasureFile>,
    payee: Vec<PayeeFile>,
    #[serde(default)]
    spiff: Vec<SpiffFile>,
    relay: Option<RelayFile>,
    #[serde(default)]
    judgement: Vec<JudgementFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasureFile {
    name: String,
    /// What counts, by its name in the catalogue of metrics; revenue without one.
    metric: Option<String>,
    credit: Option<String>,
    only: Option<String>,
    /// Of credit; without one, the variable pay ÷ the quota.
    rate: Option<String>,
    /// An amount for each, where the metric is a count.
    each: Option<String>,
    /// In CEL, over credit, quota, attainment and target.
    formula: Option<String>,
    weight: Option<u32>,
    #[serde(default)]
    tiers: Vec<TierFile>,
    way: Option<String>,
    threshold: Option<String>,
    cap: Option<String>,
    cap_of_target: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierFile {
    from: String,
    times: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayeeFile {
    id: String,
    name: Option<String>,
    starts_on: String,
    ends_on: Option<String>,
    base: Option<String>,
    on_target: Option<String>,
    quotas: BTreeMap<String, String>,
    #[serde(default)]
    quotas_of: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    ramp: Vec<String>,
    draw: Option<DrawFile>,
    #[serde(default)]
    team: Vec<String>,
    /// Channels of touches, whose deals are sourced or influenced by the payee.
    #[serde(default)]
    channels: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DrawFile {
    amount: String,
    recoverable: bool,
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpiffFile {
    name: String,
    from: String,
    to: String,
    only: Option<String>,
    min_amount: Option<String>,
    amount: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelayFile {
    name: String,
    period: String,
    pool: String,
    leg: Vec<LegFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LegFile {
    name: String,
    judge: String,
    mark: String,
    unit: String,
    /// A metric of the catalogue that says what was reached.
    metric: Option<String>,
    share: u32,
    runners: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JudgementFile {
    leg: String,
    known_on: String,
    reached: String,
}

/// Reads and checks a plan's file.
///
/// # Errors
/// Says which term is wrong, where, and what is right.
pub fn read(path: &Path, calendar: FiscalCalendar) -> Result<Read, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::folder(path))?;
    parse(&text, calendar).map_err(|problem| Error::Input(format!("{}: {problem}", path.display())))
}

/// As [`read`], of a text.
///
/// # Errors
/// Says which term is wrong, where, and what is right.
pub fn parse(text: &str, calendar: FiscalCalendar) -> Result<Read, String> {
    let file: PlanFile = toml::from_str(text).map_err(|error| error.to_string())?;
    let currency = parse_currency(&file.currency).map_err(|error| error.to_string())?;
    let judgements: Result<_, String> =
        file.judgement.into_iter().map(JudgementFile::checked).collect();
    let measures = each(file.measure, |measure| measure.checked(currency))?;
    let terms = Terms {
        name: file.name,
        version: file.version,
        currency,
        calendar,
        first_period: read_as("first_period", &file.first_period)?,
        freeze_days: file.freeze_days,
        rounding: optional("rounding", file.rounding)?.unwrap_or_default(),
        payees: each(file.payee, |payee| payee.checked(currency, &measures))?,
        measures,
        spiffs: each(file.spiff, |spiff| spiff.checked(currency))?,
        clawback_days: file.clawback_days,
        hold: hold(file.hold.as_deref())?,
        relay: file.relay.map(|relay| relay.checked(currency)).transpose()?,
    };
    let plan = Plan::new(terms).map_err(|error| error.to_string())?;
    Ok(Read { plan, judgements: judgements? })
}

impl MeasureFile {
    fn checked(self, currency: Currency) -> Result<Measure, String> {
        let place = format!("measure `{}`", self.name);
        let at = |what: &str| format!("{place}, {what}");
        let credit = match self.credit.as_deref() {
            None | Some("own") => CreditRule::Own,
            Some("split") => CreditRule::Split,
            Some("team") => CreditRule::Team,
            Some("sourced") => CreditRule::Sourced,
            Some("influenced") => CreditRule::Influenced,
            Some(other) => {
                let all = "own, split, team, sourced or influenced";
                return Err(one_of(&at("credit"), other, all));
            }
        };
        let way = match self.way.as_deref() {
            None | Some("marginal") => Way::Marginal,
            Some("retroactive") => Way::Retroactive,
            Some(other) => return Err(one_of(&at("way"), other, "marginal or retroactive")),
        };
        let cap = match (self.cap, self.cap_of_target) {
            (None, None) => None,
            (Some(amount), None) => Some(Cap::Amount(minor(&at("cap"), &amount, currency)?)),
            (None, Some(rate)) => Some(Cap::OfTarget(read_as(&at("cap_of_target"), &rate)?)),
            (Some(_), Some(_)) => {
                return Err(format!("{place}: give either cap or cap_of_target, not both"));
            }
        };
        let basis = match (self.rate, self.each) {
            (None, None) => Basis::Target,
            (Some(rate), None) => Basis::Rate(read_as(&at("rate"), &rate)?),
            (None, Some(amount)) => Basis::Each(minor(&at("each"), &amount, currency)?),
            (Some(_), Some(_)) => {
                return Err(format!("{place}: give either rate or each, not both"));
            }
        };
        let mut tiers = each(self.tiers, |tier| {
            let from = read_as(&at("from"), &tier.from)?;
            Ok(Tier { from, multiplier: read_as(&at("times"), &tier.times)? })
        })?;
        if tiers.is_empty() {
            tiers.push(Tier { from: Rate::default(), multiplier: Rate::ONE });
        }
        let metric: Metric = optional(&at("metric"), self.metric)?.unwrap_or_default();
        let formula = self.formula.map(|source| {
            let formula = Formula::new(&source, currency, metric.unit().is_none());
            formula.map_err(|error| format!("{}: {error}", at("formula")))
        });
        Ok(Measure {
            metric,
            formula: formula.transpose()?,
            credit,
            only: self.only,
            basis,
            weight: self.weight.unwrap_or(1),
            tiers,
            way,
            threshold: optional(&at("threshold"), self.threshold)?,
            cap,
            name: self.name,
        })
    }
}

impl PayeeFile {
    fn checked(self, currency: Currency, measures: &[Measure]) -> Result<Payee, String> {
        let place = format!("payee `{}`", self.id);
        let at = |what: &str| format!("{place}, {what}");
        let measure = |name: &String| {
            let found = measures.iter().position(|one| one.name == *name);
            let names: Vec<&str> = measures.iter().map(|one| one.name.as_str()).collect();
            found.ok_or_else(|| one_of(&at("quotas"), name, &names.join(", ")))
        };
        let quota = |what: &str, measure: usize, text: &str| match measures[measure].metric.unit() {
            Some(_) => count(&at(what), text),
            None => minor(&at(what), text, currency),
        };
        let amount = |what: &str, text: Option<&String>| {
            text.map_or(Ok(0), |text| minor(&at(what), text, currency))
        };
        let mut quotas = vec![None; measures.len()];
        for (name, text) in &self.quotas {
            let place = measure(name)?;
            quotas[place] = Some(quota("quotas", place, text)?);
        }
        let mut quotas_of = BTreeMap::new();
        for (period, of_period) in &self.quotas_of {
            let period: Period = read_as(&at("quotas_of"), period)?;
            for (name, text) in of_period {
                let place = measure(name)?;
                quotas_of.insert((period, place), quota("quotas_of", place, text)?);
            }
        }
        let draw = self.draw.map(|draw| draw.checked(&at("draw"), currency)).transpose()?;
        Ok(Payee {
            starts_on: read_as(&at("starts_on"), &self.starts_on)?,
            ends_on: optional(&at("ends_on"), self.ends_on)?,
            base: amount("base", self.base.as_ref())?,
            on_target: amount("on_target", self.on_target.as_ref())?,
            quotas,
            quotas_of,
            ramp: each(self.ramp, |share| read_as(&at("ramp"), &share))?,
            draw,
            team: self.team,
            channels: self.channels,
            name: self.name.unwrap_or_else(|| self.id.clone()),
            id: self.id,
        })
    }
}

impl DrawFile {
    fn checked(self, place: &str, currency: Currency) -> Result<Draw, String> {
        Ok(Draw {
            amount: minor(place, &self.amount, currency)?,
            is_recoverable: self.recoverable,
            from: read_as(place, &self.from)?,
            to: read_as(place, &self.to)?,
        })
    }
}

impl SpiffFile {
    fn checked(self, currency: Currency) -> Result<Spiff, String> {
        let place = format!("spiff `{}`", self.name);
        let min_amount = self.min_amount.as_deref();
        Ok(Spiff {
            from: read_as(&place, &self.from)?,
            to: read_as(&place, &self.to)?,
            only: self.only,
            min_amount: min_amount.map_or(Ok(0), |text| minor(&place, text, currency))?,
            amount: minor(&place, &self.amount, currency)?,
            name: self.name,
        })
    }
}

impl RelayFile {
    fn checked(self, currency: Currency) -> Result<Relay, String> {
        let place = format!("relay `{}`", self.name);
        Ok(Relay {
            period: read_as(&place, &self.period)?,
            pool: minor(&place, &self.pool, currency)?,
            legs: each(self.leg, LegFile::checked)?,
            name: self.name,
        })
    }
}

impl LegFile {
    fn checked(self) -> Result<Leg, String> {
        let mark_millionths = millionths(&format!("leg `{}`, mark", self.name), &self.mark)?;
        let LegFile { name, judge, unit, metric, share, runners, .. } = self;
        Ok(Leg { name, judge, mark_millionths, unit, metric, share, runners })
    }
}

impl JudgementFile {
    fn checked(self) -> Result<Judgement, String> {
        let place = format!("judgement of `{}`", self.leg);
        Ok(Judgement {
            known_on: read_as::<Date>(&place, &self.known_on)?,
            reached_millionths: millionths(&place, &self.reached)?,
            leg: self.leg,
        })
    }
}

fn hold(text: Option<&str>) -> Result<Hold, String> {
    match text {
        None | Some("none") => Ok(Hold::None),
        Some("invoice") => Ok(Hold::UntilInvoice),
        Some("cash") => Ok(Hold::UntilCash),
        Some(other) => Err(one_of("hold", other, "none, invoice or cash")),
    }
}

fn one_of(place: &str, said: &str, all: &str) -> String {
    format!("{place}: `{said}` is none of: {all}")
}

fn each<A, B>(all: Vec<A>, read: impl FnMut(A) -> Result<B, String>) -> Result<Vec<B>, String> {
    all.into_iter().map(read).collect()
}

fn read_as<T>(place: &str, text: &str) -> Result<T, String>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| format!("{place}: {error}"))
}

fn optional<T>(place: &str, text: Option<String>) -> Result<Option<T>, String>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.map(|text| read_as(place, &text)).transpose()
}

fn minor(place: &str, text: &str, currency: Currency) -> Result<i64, String> {
    let money = Money::parse(text, currency).map_err(|error| format!("{place}: {error}"))?;
    Ok(money.minor)
}

/// A whole number of what a measure counts.
fn count(place: &str, text: &str) -> Result<i64, String> {
    let found = text.trim().parse().ok().filter(|count: &i64| *count >= 0);
    found.ok_or_else(|| format!("{place}: `{text}` is not a whole number"))
}

/// A count or a percentage of up to six decimals, in millionths.
pub fn millionths(place: &str, text: &str) -> Result<i64, String> {
    let wrong = || format!("{place}: `{text}` is not a number of up to six decimals");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 6 || !digits(whole) || !digits(fraction) {
        return Err(wrong());
    }
    format!("{whole}{fraction:0<6}").parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"
name = "Sales 2017"
version = 1
currency = "USD"
first_period = "2017-Q1"
freeze_days = 5
clawback_days = 90

[[measure]]
name = "revenue won"
rate = "10 %"
tiers = [{ from = "0 %", times = "1" }, { from = "100 %", times = "1.5" }]

[[payee]]
id = "ann"
starts_on = "2016-01-01"
quotas = { "revenue won" = "100000" }
"#;

    fn read_plan(text: &str) -> Result<Read, String> {
        parse(text, FiscalCalendar::new(1).unwrap())
    }

    #[test]
    fn a_plan_is_read_with_exact_amounts_and_rates() {
        let read = read_plan(PLAN).expect("is read");
        let terms = read.plan.terms();
        assert_eq!(terms.payees[0].quotas, [Some(10_000_000)]);
        assert_eq!(terms.measures[0].basis, Basis::Rate(Rate { millionths: 100_000 }));
        assert_eq!(terms.measures[0].tiers[1].multiplier.millionths, 1_500_000);
        assert_eq!((terms.clawback_days, terms.hold), (Some(90), Hold::None));
    }

    #[test]
    fn what_is_wrong_in_a_file_is_named() {
        for (from, to, part) in [
            ("\"10 %\"", "0.1", "string"),
            ("\"10 %\"", "\"ten\"", "measure `revenue won`, rate: `ten` is not a rate"),
            ("version = 1", "version = 1\nfoo = 2", "unknown field"),
            ("\"100000\"", "\"0\"", "payee `ann`: a quota must be above zero"),
            ("{ \"revenue won\"", "{ \"wins\"", "`wins` is none of: revenue won"),
            ("clawback_days", "hold = \"later\"\nclawback_days", "none, invoice or cash"),
            ("rate = \"10 %\"", "formula = \"credit * 0.1\"", "formula: it has the number 0.1"),
            ("rate = \"10 %\"", "formula = \"credit / 10\"", "leave rate, each and tiers out"),
            ("2017-Q1", "2017-Q5", "first_period: `2017-Q5` is not a period"),
            ("\"USD\"", "\"XYZ\"", "ISO 4217"),
        ] {
            let problem = read_plan(&PLAN.replacen(from, to, 1)).expect_err("is refused");
            assert!(problem.contains(part), "{problem} lacks {part}");
        }
        assert_eq!(millionths("mark", "24.9"), Ok(24_900_000));
        assert!(millionths("mark", "-1").is_err());
    }
}
