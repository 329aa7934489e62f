//! The grades of many companies as tables: overall, by side of the model, by world.

use super::{Graded, Method};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A baseline whose 80 % intervals hold about so often is calibrated.
const CALIBRATED: std::ops::RangeInclusive<f64> = 0.76..=0.84;

const INTRODUCTION: &str = "\
# Forecasts beside the truth

Written by `cargo xtask bench truth`. Each company is simulated by `simulator::yardstick`, of which
the estimators know nothing: even seeds obey the funnel model, odd ones break it (capacity limits,
closings kept for the next quarter or pressed into the quarter's last days, deals that are never
marked lost, shocks, trends, holidays, thin data, dirty exports, whales, batch updates, launches,
turnover, drift, renewals, and mixtures of these). It is exported as the files that a CRM would
give, imported, and back-tested: on past days each method says what the quarter will bring, from
what was known then.

- *Error*: mean absolute error of the median in percent of what came; the median over companies.
- *50, 80, 95 %*: share of outcomes inside Baton's interval of that name, the mean over companies.
- *Score*: Baton's interval score at 80 % (Gneiting & Raftery 2007; width plus penalties for misses,
  less is better) over the baseline's: the geometric mean over companies, the arithmetic mean, and
  the share of companies on which Baton's is lower. *Best in hindsight* takes for each company the
  baseline that turned out best on it, which nobody could have known.
- *Width*: Baton's mean 80 % interval over that of the best calibrated baseline, the narrowest
  whose 80 % intervals hold 76 to 84 % in the group; the geometric mean.
- *Ahead*: the quarter under way at the export and the next, whose ends no file knows.
";

struct Group<'a> {
    name: String,
    companies: Vec<&'a Graded>,
}

/// The whole document.
pub fn document(graded: &[Graded], faults: &[(u64, String)], asked: u64) -> String {
    let gradable: Vec<&Graded> = graded.iter().filter(|it| score(baton(it)).is_some()).collect();
    let groups = groups(&gradable);
    let mut text = INTRODUCTION.to_owned();
    let _ = write!(
        text,
        "\nCompanies of seeds 1 to {asked}: {} graded on {} past days, {} with too little history \
         to grade, {} that failed.\n",
        gradable.len(),
        gradable.iter().map(|it| it.origins).sum::<usize>(),
        graded.len() - gradable.len(),
        faults.len()
    );
    text += &calibration(&groups);
    text += &scores(&groups);
    text += &baselines(&groups);
    text
}

/// Everyone, the two sides, and each world.
fn groups<'a>(graded: &[&'a Graded]) -> Vec<Group<'a>> {
    let group = |name: &str, holds: &dyn Fn(&Graded) -> bool| Group {
        name: name.to_owned(),
        companies: graded.iter().copied().filter(|it| holds(it)).collect(),
    };
    let mut groups = vec![
        group("**all**", &|_| true),
        group("**inside the model**", &|it| it.is_inside),
        group("**outside the model**", &|it| !it.is_inside),
    ];
    let worlds: BTreeSet<(bool, &str)> =
        graded.iter().map(|it| (!it.is_inside, it.world)).collect();
    groups.extend(worlds.into_iter().map(|(_, world)| group(world, &|it| it.world == world)));
    groups.retain(|group| !group.companies.is_empty());
    groups
}

fn calibration(groups: &[Group<'_>]) -> String {
    let mut text = "\n## Is it calibrated?\n\n".to_owned();
    text +=
        "| | companies | 50 % | 80 % | 95 % | error % | bias % | width | ahead: 80 % | error % |\n";
    text += "|---|---|---|---|---|---|---|---|---|---|\n";
    for Group { name, companies } in groups {
        let coverage =
            |at: usize| percent(mean(companies.iter().filter_map(|it| baton(it)?.coverage[at])));
        let of_baton = |value: fn(&Method) -> Option<f64>| {
            number(median(companies.iter().filter_map(|it| value(baton(it)?))), 1)
        };
        let (held, error) = ahead(companies);
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            companies.len(),
            coverage(0),
            coverage(1),
            coverage(2),
            of_baton(|method| method.error_percent),
            of_baton(|method| method.bias_percent),
            number(relative_width(companies), 2),
            percent(held),
            number(error, 1)
        );
    }
    text
}

/// Share of true quarters inside the 80 % interval, and the median error in percent.
fn ahead(companies: &[&Graded]) -> (Option<f64>, Option<f64>) {
    let all = || companies.iter().flat_map(|it| &it.ahead);
    let held = all().map(|it| f64::from(it.p10 <= it.truth && it.truth <= it.p90));
    let errors = all().filter(|it| it.truth > 0.0);
    (mean(held), median(errors.map(|it| 100.0 * (it.p50 - it.truth).abs() / it.truth)))
}

fn scores(groups: &[Group<'_>]) -> String {
    let names = baseline_names(groups);
    let mut text = "\n## Is it better than simple methods?\n\n| |".to_owned();
    for name in names.iter().copied().chain(["best in hindsight"]) {
        let _ = write!(text, " {name} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(names.len() + 1));
    for Group { name, companies } in groups {
        let _ = write!(text, "| {name} |");
        for baseline in &names {
            let _ = write!(text, " {} |", compared(companies, |it| named(it, baseline)));
        }
        let _ = writeln!(text, " {} |", compared(companies, best_in_hindsight));
    }
    text
}

/// For example `0.81 (mean 0.95; 72 % better)`.
fn compared<'a>(
    companies: &[&'a Graded],
    rival: impl Fn(&'a Graded) -> Option<&'a Method>,
) -> String {
    let ratio = |it: &&'a Graded| {
        let (ours, theirs) = (score(baton(it))?, score(rival(it))?);
        (ours > 0.0 && theirs > 0.0).then_some(ours / theirs)
    };
    let ratios: Vec<f64> = companies.iter().filter_map(ratio).collect();
    let better = mean(ratios.iter().map(|ratio| f64::from(*ratio < 1.0)));
    format!(
        "{} (mean {}; {} better)",
        number(geometric_mean(&ratios), 2),
        number(mean(ratios.iter().copied()), 2),
        percent(better)
    )
}

/// What each baseline came to by itself.
fn baselines(groups: &[Group<'_>]) -> String {
    let mut text = "\n## The methods by themselves, on all companies\n\n".to_owned();
    text += "| | 50 % | 80 % | 95 % | error % | bias % |\n|---|---|---|---|---|---|\n";
    let Some(all) = groups.first() else { return text };
    let ours = all.companies.first().and_then(|it| baton(it)).map(|method| method.name.as_str());
    for name in ours.into_iter().chain(baseline_names(groups)) {
        let methods = || all.companies.iter().filter_map(|it| named(it, name));
        let coverage = |at: usize| percent(mean(methods().filter_map(|it| it.coverage[at])));
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} |",
            coverage(0),
            coverage(1),
            coverage(2),
            number(median(methods().filter_map(|it| it.error_percent)), 1),
            number(median(methods().filter_map(|it| it.bias_percent)), 1)
        );
    }
    text
}

fn baseline_names<'a>(groups: &[Group<'a>]) -> Vec<&'a str> {
    let longest = groups.iter().flat_map(|it| &it.companies).max_by_key(|it| it.methods.len());
    let methods = longest.map_or(&[][..], |it| it.methods.get(1..).unwrap_or_default());
    methods.iter().map(|method| method.name.as_str()).collect()
}

/// Baton's width over that of the narrowest baseline that is calibrated in the group, or else of
/// the one that is nearest to being so.
fn relative_width(companies: &[&Graded]) -> Option<f64> {
    let group = [Group { name: String::new(), companies: companies.to_vec() }];
    let rivals = baseline_names(&group).into_iter().filter_map(|name| {
        let methods = || companies.iter().filter_map(|it| named(it, name));
        let coverage = mean(methods().filter_map(|it| it.coverage[1]))?;
        let ratio = |it: &&Graded| Some(baton(it)?.width_80? / named(it, name)?.width_80?);
        let ratios: Vec<f64> = companies.iter().filter_map(ratio).collect();
        let positive: Vec<f64> =
            ratios.into_iter().filter(|it| it.is_finite() && *it > 0.0).collect();
        Some((coverage, geometric_mean(&positive)?))
    });
    let rivals: Vec<(f64, f64)> = rivals.collect();
    let calibrated = rivals.iter().filter(|(coverage, _)| CALIBRATED.contains(coverage));
    let narrowest = calibrated.map(|(_, ratio)| *ratio).max_by(f64::total_cmp);
    let nearest = || {
        let distance = |coverage: f64| (coverage - 0.8).abs();
        rivals.iter().min_by(|a, b| distance(a.0).total_cmp(&distance(b.0))).map(|it| it.1)
    };
    narrowest.or_else(nearest)
}

fn baton(graded: &Graded) -> Option<&Method> {
    graded.methods.first()
}

fn named<'a>(graded: &'a Graded, name: &str) -> Option<&'a Method> {
    graded.methods.iter().find(|method| method.name == name)
}

fn best_in_hindsight(graded: &Graded) -> Option<&Method> {
    let baselines = graded.methods.get(1..)?.iter();
    baselines
        .filter_map(|method| Some((method, method.interval_score_80?)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(method, _)| method)
}

fn score(method: Option<&Method>) -> Option<f64> {
    method?.interval_score_80
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

fn geometric_mean(values: &[f64]) -> Option<f64> {
    mean(values.iter().map(|value| value.ln())).map(f64::exp)
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied()?;
    let is_even = values.len().is_multiple_of(2);
    Some(if is_even { f64::midpoint(values[middle - 1], upper) } else { upper })
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |share| format!("{:.0} %", 100.0 * share))
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::super::Ahead;
    use super::*;

    fn method(name: &str, score: f64, width: f64, coverage_80: f64) -> Method {
        Method {
            name: name.to_owned(),
            error_percent: Some(10.0),
            interval_score_80: Some(score),
            width_80: Some(width),
            coverage: [Some(0.5), Some(coverage_80), Some(0.95)],
            bias_percent: Some(0.0),
        }
    }

    fn company(seed: u64, world: &'static str, ours: f64, theirs: [f64; 2]) -> Graded {
        Graded {
            world,
            is_inside: seed.is_multiple_of(2),
            origins: 5,
            methods: vec![
                method("Baton", ours, 3.0, 0.8),
                method("run rate", theirs[0], 2.0, 0.5),
                method("last year", theirs[1], 4.0, 0.8),
            ],
            ahead: vec![Ahead { p10: 1.0, p50: 2.0, p90: 3.0, truth: 2.5 }],
        }
    }

    #[test]
    fn ratios_are_taken_company_by_company() {
        let graded = [company(2, "steady", 1.0, [2.0, 4.0]), company(3, "thin", 4.0, [2.0, 4.0])];
        let companies: Vec<&Graded> = graded.iter().collect();
        let check = |rival: fn(&Graded) -> Option<&Method>, expected: &str| {
            assert_eq!(compared(&companies, rival), expected);
        };
        check(|it| named(it, "run rate"), "1.00 (mean 1.25; 50 % better)");
        check(|it| named(it, "last year"), "0.50 (mean 0.62; 50 % better)");
        check(best_in_hindsight, "1.00 (mean 1.25; 50 % better)");
        check(|it| named(it, "none"), "– (mean –; – better)");
    }

    #[test]
    fn width_is_beside_the_narrowest_that_is_calibrated() {
        let graded = [company(2, "steady", 1.0, [2.0, 4.0])];
        let companies: Vec<&Graded> = graded.iter().collect();
        assert_eq!(relative_width(&companies), Some(0.75));
    }

    #[test]
    fn each_world_has_its_row() {
        let graded = [company(2, "steady", 1.0, [2.0, 4.0]), company(3, "thin", 4.0, [2.0, 4.0])];
        let document = document(&graded, &[(4, "why".to_owned())], 3);
        for line in [
            "Companies of seeds 1 to 3: 2 graded on 10 past days, 0 with too little history",
            "| **all** | 2 | 50 % | 80 % | 95 % | 10.0 | 0.0 | 0.75 | 100 % | 20.0 |",
            "| thin | 1 | 50 % | 80 % | 95 % | 10.0 | 0.0 | 0.75 | 100 % | 20.0 |",
        ] {
            assert!(document.contains(line), "{document}");
        }
    }
}
