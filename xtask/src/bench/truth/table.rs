//! The grades of many companies as tables: overall, by side of the model, by world.

use super::{Graded, Said};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A baseline whose 80 % intervals hold about so often is calibrated.
const CALIBRATED: std::ops::RangeInclusive<f64> = 0.76..=0.84;

/// Of the interval that is to hold 80 %.
const ALPHA: f64 = 0.2;

/// So that no company counts for more than a few others.
const RATIO_MAX: f64 = 20.0;

/// The place of Baton among the methods.
const BATON: usize = 0;

const INTRODUCTION: &str = "\
## Forecasts beside the truth

Written by `cargo xtask bench truth`. Each company is simulated by `simulator::yardstick`, of which
the estimators know nothing: even seeds obey the funnel model, odd ones break it (capacity limits,
closings kept for the next quarter or pressed into the quarter's last days, deals that are never
marked lost, shocks, trends, holidays, thin data, dirty exports, whales, batch updates, launches,
turnover, drift, renewals, and mixtures of these). It is exported as the files that a CRM would
give, imported, and back-tested: on the last day of each past month every method says what the rest
of the quarter (or the whole of the next) will bring, from what was known then.

- *50, 80, 95 %*: share of outcomes inside the interval of that name; the mean over companies.
- *Error*: the sum of the absolute errors of the median in percent of the sum of what came; the
  median over companies. *Bias*: the same with signs.
- *Width*: Baton's mean 80 % interval over that of the best calibrated baseline, the narrowest
  whose 80 % intervals hold 76 to 84 % in the group, or else (marked ~) the one nearest to holding
  80 %; the geometric mean over companies.
- *Ahead*: the quarter under way at the export and the next, whose ends no file knows.
- *Score*: Baton's interval score at 80 % (Gneiting & Raftery 2007; width plus penalties for misses,
  less is better) over the baseline's, on the days on which both spoke: the geometric mean over
  companies, the arithmetic mean, and the share of companies on which Baton's is lower. *Best in
  hindsight* takes for each company the baseline that turned out best on it, which nobody could
  have known. Ratios below a twentieth or above twenty count as that.
";

struct Group<'a> {
    name: String,
    companies: Vec<&'a Graded>,
}

/// The whole document.
pub fn document(graded: &[Graded], faults: &[(u64, String)], asked: u64) -> String {
    let gradable: Vec<&Graded> = graded.iter().filter(|it| !it.origins.is_empty()).collect();
    let groups = groups(&gradable);
    let mut text = INTRODUCTION.to_owned();
    let _ = write!(
        text,
        "\nCompanies of seeds 1 to {asked}: {} graded on {} past days, {} with too little history \
         to grade, {} that failed.\n",
        gradable.len(),
        gradable.iter().map(|it| it.origins.len()).sum::<usize>(),
        graded.len() - gradable.len(),
        faults.len()
    );
    text += &calibration(&groups);
    text += &scores(&groups);
    text += &by_themselves(&groups);
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
    let worlds: BTreeSet<_> = graded.iter().map(|it| (!it.is_inside, it.world)).collect();
    groups.extend(worlds.into_iter().map(|(_, world)| group(world, &|it| it.world == world)));
    groups.retain(|group| !group.companies.is_empty());
    groups
}

fn calibration(groups: &[Group<'_>]) -> String {
    let head =
        "| companies | 50 % | 80 % | 95 % | error % | bias % | width | ahead: 80 % | error % |";
    let mut text = format!("\n### Is it calibrated?\n\n| {head}\n|{}\n", "---|".repeat(10));
    for Group { name, companies } in groups {
        let (held, error) = ahead(companies);
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} |",
            companies.len(),
            held_and_off(companies, BATON),
            relative_width(companies),
            percent(held),
            number(error, 1)
        );
    }
    text
}

/// For example `51 % | 80 % | 96 % | 12.3 | -0.4`.
fn held_and_off(companies: &[&Graded], method: usize) -> String {
    let coverage = |level: usize| {
        let shares = companies.iter().filter_map(|it| it.methods.get(method)?.coverage[level]);
        percent(mean(shares))
    };
    let off = |off: fn(f64) -> f64| {
        number(median(companies.iter().filter_map(|it| error_percent(it, method, off))), 1)
    };
    let (error, bias) = (off(f64::abs), off(|error| error));
    format!("{} | {} | {} | {error} | {bias}", coverage(0), coverage(1), coverage(2))
}

/// Errors of the median in percent of what came, over the days on which the method spoke.
fn error_percent(graded: &Graded, method: usize, off: fn(f64) -> f64) -> Option<f64> {
    let spoken = || {
        let origins = graded.origins.iter();
        origins.filter_map(|origin| Some((origin.came, said(&origin.said, method)?)))
    };
    let came: f64 = spoken().map(|(came, _)| came).sum();
    let errors: f64 = spoken().map(|(came, said)| off(said.p50 - came)).sum();
    (came > 0.0).then(|| 100.0 * errors / came)
}

/// Share of true quarters inside the 80 % interval, and the median error in percent.
fn ahead(companies: &[&Graded]) -> (Option<f64>, Option<f64>) {
    let all = || companies.iter().flat_map(|it| &it.ahead);
    let held = all().map(|it| f64::from((it.said.p10..=it.said.p90).contains(&it.truth)));
    let errors = all().filter(|it| it.truth > 0.0);
    (mean(held), median(errors.map(|it| 100.0 * (it.said.p50 - it.truth).abs() / it.truth)))
}

/// Baton's width over that of the best calibrated baseline.
fn relative_width(companies: &[&Graded]) -> String {
    let rivals = (1..methods(companies)).filter_map(|rival| {
        let shares = companies.iter().filter_map(|it| it.methods.get(rival)?.coverage[1]);
        let ratios =
            companies.iter().filter_map(|it| ratio(it, rival, |_, said| said.p90 - said.p10));
        Some((mean(shares)?, geometric_mean(ratios)?))
    });
    let rivals: Vec<(f64, f64)> = rivals.collect();
    let calibrated = rivals.iter().filter(|(coverage, _)| CALIBRATED.contains(coverage));
    let narrowest = calibrated.map(|(_, ratio)| *ratio).max_by(f64::total_cmp);
    let distance = |rival: &(f64, f64)| (rival.0 - 0.8).abs();
    let nearest = rivals.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    match (narrowest, nearest) {
        (Some(ratio), _) => number(Some(ratio), 2),
        (None, Some((_, ratio))) => format!("~{ratio:.2}"),
        (None, None) => number(None, 2),
    }
}

fn scores(groups: &[Group<'_>]) -> String {
    let names = names(groups);
    let rivals = names.iter().skip(1).copied().chain(["best in hindsight"]);
    let mut text = "\n### Is it better than simple methods?\n\n| |".to_owned();
    text += &rivals.map(|name| format!(" {name} |")).collect::<String>();
    let _ = writeln!(text, "\n|{}", "---|".repeat(names.len() + 1));
    for Group { name, companies } in groups {
        let _ = write!(text, "| {name} |");
        for rival in 1..names.len() {
            let ratios = companies.iter().filter_map(|it| ratio(it, rival, interval_score));
            let _ = write!(text, " {} |", compared(ratios.collect()));
        }
        let ratios = companies.iter().filter_map(|it| best_in_hindsight(it));
        let _ = writeln!(text, " {} |", compared(ratios.collect()));
    }
    text
}

/// For example `0.81 (mean 0.95; 72 %)`.
fn compared(ratios: Vec<f64>) -> String {
    let better = mean(ratios.iter().map(|ratio| f64::from(*ratio < 1.0)));
    let (all, geometric) = (mean(ratios.iter().copied()), geometric_mean(ratios.into_iter()));
    format!("{} (mean {}; {})", number(geometric, 2), number(all, 2), percent(better))
}

/// Baton's mean score over the rival's, on the days on which both spoke.
fn ratio(graded: &Graded, rival: usize, score: fn(f64, &Said) -> f64) -> Option<f64> {
    let pairs = graded.origins.iter().filter_map(|origin| {
        let (ours, theirs) = (said(&origin.said, BATON)?, said(&origin.said, rival)?);
        Some([score(origin.came, &ours), score(origin.came, &theirs)])
    });
    let pairs: Vec<[f64; 2]> = pairs.collect();
    let sum = |at: usize| pairs.iter().map(|pair| pair[at]).sum::<f64>();
    let ratio = sum(0) / sum(1);
    ratio.is_finite().then(|| ratio.clamp(1.0 / RATIO_MAX, RATIO_MAX))
}

fn best_in_hindsight(graded: &Graded) -> Option<f64> {
    let rivals = 1..graded.methods.len();
    rivals.filter_map(|rival| ratio(graded, rival, interval_score)).max_by(f64::total_cmp)
}

/// Gneiting & Raftery 2007, equation 43.
fn interval_score(came: f64, said: &Said) -> f64 {
    let miss = (said.p10 - came).max(0.0) + (came - said.p90).max(0.0);
    said.p90 - said.p10 + 2.0 / ALPHA * miss
}

/// What each method came to by itself.
fn by_themselves(groups: &[Group<'_>]) -> String {
    let mut text = "\n### The methods by themselves, on all companies\n\n".to_owned();
    text += "| | 50 % | 80 % | 95 % | error % | bias % |\n|---|---|---|---|---|---|\n";
    let Some(all) = groups.first() else { return text };
    for (method, name) in names(groups).into_iter().enumerate() {
        let _ = writeln!(text, "| {name} | {} |", held_and_off(&all.companies, method));
    }
    text
}

fn names<'a>(groups: &[Group<'a>]) -> Vec<&'a str> {
    let first = groups.iter().flat_map(|group| &group.companies).next();
    first.map_or_else(Vec::new, |it| it.methods.iter().map(|it| it.name.as_str()).collect())
}

fn methods(companies: &[&Graded]) -> usize {
    companies.first().map_or(0, |it| it.methods.len())
}

fn said(all: &[Option<Said>], method: usize) -> Option<Said> {
    all.get(method).copied().flatten()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

fn geometric_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let positive = values.filter(|value| value.is_finite() && *value > 0.0);
    mean(positive.map(f64::ln)).map(f64::exp)
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
    use super::super::{Ahead, Method, Origin};
    use super::*;

    fn said(p10: f64, p90: f64) -> Said {
        Said { p10, p50: f64::midpoint(p10, p90), p90 }
    }

    /// Two days on which 100 came; the last rival spoke on the second alone.
    fn company(world: &'static str, is_inside: bool, ours: Said) -> Graded {
        let method = |name: &str, coverage_80: f64| Method {
            name: name.to_owned(),
            coverage: [Some(0.5), Some(coverage_80), Some(0.95)],
        };
        let rival = Some(said(90.0, 110.0));
        Graded {
            world,
            is_inside,
            origins: vec![
                Origin { came: 100.0, said: vec![Some(said(0.0, 20.0)), rival, None] },
                Origin { came: 100.0, said: vec![Some(ours), rival, Some(said(60.0, 140.0))] },
            ],
            methods: vec![method("Baton", 0.8), method("run rate", 0.5), method("last year", 0.8)],
            ahead: vec![Ahead { said: said(1.0, 3.0), truth: 2.5 }],
        }
    }

    #[test]
    fn misses_cost_ten_times_their_size() {
        let check = |came: f64, expected: f64| {
            assert!((interval_score(came, &said(90.0, 110.0)) - expected).abs() < 1e-9);
        };
        check(100.0, 20.0);
        check(90.0, 20.0);
        check(89.0, 30.0);
        check(115.0, 70.0);
    }

    #[test]
    fn only_days_on_which_both_spoke_are_compared() {
        let graded = company("steady", true, said(80.0, 120.0));
        let check = |rival: usize, expected: f64| {
            let found = ratio(&graded, rival, interval_score);
            assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?}");
        };
        check(1, 20.0);
        check(2, 40.0 / 80.0);
        assert_eq!(best_in_hindsight(&graded), ratio(&graded, 1, interval_score));
    }

    #[test]
    fn width_is_beside_the_narrowest_that_is_calibrated() {
        let graded = company("steady", true, said(80.0, 120.0));
        assert_eq!(relative_width(&[&graded]), "0.50");
    }

    #[test]
    fn ratios_are_summed_up_over_companies() {
        assert_eq!(compared(vec![0.5, 2.0]), "1.00 (mean 1.25; 50 %)");
        assert_eq!(compared(vec![]), "– (mean –; –)");
    }

    #[test]
    fn each_world_has_its_row() {
        let graded =
            [company("steady", true, said(80.0, 120.0)), company("thin", false, said(80.0, 120.0))];
        let document = document(&graded, &[(4, "why".to_owned())], 3);
        for line in [
            "Companies of seeds 1 to 3: 2 graded on 4 past days, 0 with too little history to",
            "| **all** | 2 | 50 % | 80 % | 95 % | 45.0 | -45.0 | 0.50 | 100 % | 20.0 |",
            "| thin | 1 | 50 % | 80 % | 95 % | 45.0 | -45.0 | 0.50 | 100 % | 20.0 |",
            "| thin | 20.00 (mean 20.00; 0 %) | 0.50 (mean 0.50; 100 %) | 20.00 (mean 20.00",
            "| run rate | 50 % | 50 % | 95 % | 0.0 | 0.0 |",
        ] {
            assert!(document.contains(line), "{line}\n{document}");
        }
    }
}
