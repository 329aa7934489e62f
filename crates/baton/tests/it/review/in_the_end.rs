//! What becomes of deals and leads in the end, computed anew: every end weighed by the inverse of
//! the share that could be followed to it, in place of the curves that the review draws.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::figures::{Figures, Want, count, text};
use super::recomputed::{Deal, End, Lead};

/// Someone seen until an age in days: gone on or not, or still there.
#[derive(Clone, Copy)]
struct Seen {
    days: i32,
    end: End,
    value: Option<f64>,
}

/// A cohort cut where too few could be followed, with the weight of each end.
struct Cohort {
    seen: Vec<(Seen, f64)>,
    days: i32,
}

/// Tables about deals.
pub fn of_deals(deals: &[Deal], as_of: Date, figures: &mut Figures) {
    let all: Vec<&Deal> = deals.iter().collect();
    figures.table(&format!("All deals, as of {as_of}"), total(&cohort(&all, as_of)));
    let mut groups: BTreeMap<String, Vec<&Deal>> = BTreeMap::new();
    for deal in deals {
        let of_type = deal.labels.iter().find(|(dimension, _)| *dimension == "type");
        let name = of_type.and_then(|(_, name)| name.clone()).unwrap_or("not known".to_owned());
        groups.entry(name).or_default().push(deal);
    }
    let mut groups: Vec<(String, Vec<&Deal>)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, deals)| std::cmp::Reverse(deals.len()));
    let mut arrivals = vec![("all deals".to_owned(), created(&all, as_of))];
    if groups.len() > 1 {
        let row = |(name, deals): &(String, Vec<&Deal>)| group(name, &cohort(deals, as_of));
        figures.table("By type, with 95 % intervals", groups.iter().map(row).collect());
        arrivals.extend(groups.iter().map(|(name, of)| (name.clone(), created(of, as_of))));
    }
    figures
        .table("New a month", arrivals.iter().map(|(name, of)| monthly(name, of, as_of)).collect());
}

/// Tables about leads, which are in one of the stages or have been; `beside` are the deals' rows
/// of arrivals, where there are deals.
pub fn of_leads(
    leads: &[Lead],
    stages: &[&str],
    deals: &[Deal],
    as_of: Date,
    figures: &mut Figures,
) {
    let mut next: Vec<&str> = stages[1..].to_vec();
    if deals.is_empty() {
        next.push("won");
    }
    let step = |(place, to): (usize, &&str)| {
        let seen = leads.iter().flat_map(|lead| stays(lead, stages, place, as_of)).collect();
        let cohort = Cohort::new(seen);
        let [share, interval] = match cohort.is_long_enough() {
            true => [Want::Share(cohort.share(End::Won)), Want::Any],
            false => [text("not yet known"), Want::Missing],
        };
        let counts = [cohort.seen.len(), cohort.count(End::Won), cohort.count(End::Lost)];
        let mut row = vec![text(stages[place]), text(*to), share, interval];
        row.extend(counts.map(count));
        row
    };
    figures.table("Leads, from stage to stage", next.iter().enumerate().map(step).collect());
    let arrived: Vec<Date> = leads.iter().map(|lead| lead.created.date()).collect();
    figures.before("New a month", monthly("leads", &arrived, as_of));
}

impl Cohort {
    fn new(mut seen: Vec<Seen>) -> Cohort {
        seen.sort_by_key(|it| it.days);
        let individuals = seen.len() as f64;
        let least = 0.1_f64.max((10.0 / individuals).min(0.5));
        let (mut followed, mut horizon) = (1.0, 0);
        let mut weights: BTreeMap<i32, f64> = BTreeMap::new();
        for ages in seen.chunk_by(|a, b| a.days == b.days) {
            if followed < least {
                break;
            }
            let age = ages[0].days;
            (horizon, _) = (age, weights.insert(age, 1.0 / (individuals * followed)));
            let staying = seen.iter().filter(|it| it.days > age).count();
            let left = ages.iter().filter(|it| it.end == End::Open).count();
            followed *= staying as f64 / ((staying + left) as f64).max(1.0);
        }
        let weighed = |it: Seen| match weights.get(&it.days) {
            Some(weight) if it.end != End::Open => (it, *weight),
            Some(_) => (it, 0.0),
            None => (Seen { days: horizon, end: End::Open, ..it }, 0.0),
        };
        Cohort { seen: seen.into_iter().map(weighed).collect(), days: horizon }
    }

    fn ended(&self, end: End) -> impl Iterator<Item = &(Seen, f64)> {
        self.seen.iter().filter(move |(it, _)| it.end == end)
    }

    fn count(&self, end: End) -> usize {
        self.ended(end).count()
    }

    fn share(&self, end: End) -> f64 {
        self.ended(end).map(|(_, weight)| weight).sum()
    }

    fn is_long_enough(&self) -> bool {
        let ends = |from: i32| -> f64 {
            let late = self.seen.iter().filter(|(it, _)| it.end != End::Open && it.days > from);
            late.map(|(_, weight)| weight).sum()
        };
        ends(-1) > 0.0 && ends(self.days / 3) <= 0.1 * ends(-1)
    }

    fn mean_of_won(&self, of: impl Fn(&Seen) -> Option<f64>) -> Option<f64> {
        let known: Vec<(f64, f64)> =
            self.ended(End::Won).filter_map(|(it, weight)| Some((of(it)?, *weight))).collect();
        let weight: f64 = known.iter().map(|(_, weight)| weight).sum();
        let sum: f64 = known.iter().map(|(value, weight)| value * weight).sum();
        (known.len() >= 3).then(|| sum / weight)
    }

    fn median_of_won(&self) -> Option<f64> {
        let half = self.share(End::Won) / 2.0;
        let mut reached = 0.0;
        self.mean_of_won(|it| Some(f64::from(it.days)))?;
        let first = self.ended(End::Won).find(|(_, weight)| {
            reached += weight;
            reached >= half * (1.0 - 1e-12)
        });
        first.map(|(it, _)| f64::from(it.days))
    }
}

fn cohort(deals: &[&Deal], as_of: Date) -> Cohort {
    let seen = |deal: &&Deal| {
        let created = deal.created.unwrap_or(as_of);
        let days = (deal.closed.unwrap_or(as_of) - created).get_days().max(0);
        Seen { days, end: deal.end, value: deal.amount }
    };
    Cohort::new(deals.iter().map(seen).collect())
}

fn total(cohort: &Cohort) -> Vec<Vec<Want>> {
    let (won, lost) = (cohort.share(End::Won), cohort.share(End::Lost));
    let (wins, losses) = (cohort.count(End::Won), cohort.count(End::Lost));
    let days = cohort.days;
    let grouped = |number: usize| reports::render::grouped(&number.to_string());
    let is_long = cohort.is_long_enough();
    let within = if is_long { String::new() } else { format!(" within {days} days") };
    let in_the_end = if is_long { " in the end".to_owned() } else { within.clone() };
    let open =
        if is_long { "never closing".to_owned() } else { format!("still open after {days} days") };
    let deals = format!("{} deals", grouped(cohort.seen.len()));
    let closed = format!("{} closed, {} won", grouped(wins + losses), grouped(wins));
    let of_wins = format!("{} won", grouped(wins));
    let row = |name: String, figure: Want, rests_on: &str| {
        vec![text(name), figure, Want::Any, text(rests_on)]
    };
    let mut rows = vec![
        row(format!("won, of those that close{within}"), Want::Share(won / (won + lost)), &closed),
        row(format!("won{in_the_end}"), Want::Share(won), &deals),
        row(format!("lost{in_the_end}"), Want::Share(lost), &deals),
        row(open, Want::Share(1.0 - won - lost), &deals),
    ];
    let median = cohort.median_of_won().map(Want::Number);
    let mean = cohort.mean_of_won(|it| Some(f64::from(it.days))).map(Want::Number);
    let names = ["days to win, half take at most", "days to win, mean"];
    for (name, figure) in names.into_iter().zip([median, mean]) {
        rows.extend(figure.map(|figure| row(format!("{name}{within}"), figure, &of_wins)));
    }
    let amount = cohort.mean_of_won(|it| it.value);
    rows.extend(
        amount
            .map(|amount| vec![Want::Any, Want::Number(amount), Want::Any, text(of_wins.as_str())]),
    );
    rows
}

fn group(name: &str, cohort: &Cohort) -> Vec<Want> {
    let (won, lost) = (cohort.share(End::Won), cohort.share(End::Lost));
    let known = |figure: Option<Want>| match figure {
        None => Want::Missing,
        Some(_) if !cohort.is_long_enough() => text("not yet known"),
        Some(figure) => Want::BeforeBracket(Box::new(figure)),
    };
    vec![
        text(name),
        count(cohort.seen.len()),
        count(cohort.count(End::Won)),
        known((won + lost > 0.0).then(|| Want::Share(won / (won + lost)))),
        known(Some(Want::Share(1.0 - won - lost))),
        known(cohort.median_of_won().map(Want::Number)),
        known(cohort.mean_of_won(|it| it.value).map(Want::Number)),
    ]
}

/// The stays of a lead in the stage of a place, each until the next; all begin in the first.
fn stays(lead: &Lead, stages: &[&str], place: usize, as_of: Date) -> Vec<Seen> {
    let mut entered: Vec<(Date, &str)> =
        lead.stays.iter().map(|(at, stage)| (at.date(), stage.as_str())).collect();
    if entered.first().is_none_or(|(_, stage)| *stage != stages[0]) {
        entered.insert(0, (lead.created.date(), stages[0]));
    }
    let later = &stages[place + 1..];
    let seen = |(index, (from, stage)): (usize, &(Date, &str))| {
        let next = entered.get(index + 1);
        let is_last = index + 2 == entered.len();
        let end = next.map_or(End::Open, |(_, next)| {
            let is_won = is_last && lead.end == End::Won;
            if is_won || later.contains(next) { End::Won } else { End::Lost }
        });
        let until = next.map_or(as_of, |(day, _)| *day);
        let days = (until - *from).get_days().max(0);
        (*stage == stages[place]).then_some(Seen { days, end, value: None })
    };
    entered.iter().enumerate().filter_map(seen).collect()
}

fn created(deals: &[&Deal], as_of: Date) -> Vec<Date> {
    deals.iter().map(|deal| deal.created.unwrap_or(as_of)).collect()
}

/// The mean of the last twelve months that are known from their first to their last day.
fn monthly(name: &str, arrived: &[Date], as_of: Date) -> Vec<Want> {
    let first = arrived.iter().min().expect("someone arrived");
    let mut from = first.first_of_month() + 1.month();
    let until = (as_of.tomorrow().expect("a day")).first_of_month();
    from = from.max(until - 12.months());
    let months = (until - from).get_days();
    let months = if months <= 0 {
        0
    } else {
        from.until((jiff::Unit::Month, until)).expect("months").get_months()
    };
    let came = arrived.iter().filter(|day| from <= **day && **day < until).count();
    let level = Want::Number(came as f64 / f64::from(months));
    let came = reports::render::grouped(&came.to_string());
    let plural = if months == 1 { "" } else { "s" };
    let rests_on = text(format!("{came} in {months} whole month{plural}"));
    vec![text(name), level, Want::Any, Want::Any, Want::Any, rests_on]
}
