//! The review's figures of deals and leads, computed anew from rows: other code, the same
//! definitions.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use super::figures::{Figures, Want, count, number, text};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Open,
    Won,
    Lost,
}

#[derive(Clone, Debug)]
pub struct Deal {
    pub id: String,
    pub shown_as: String,
    pub account: Option<String>,
    pub owner: Option<String>,
    pub stage: String,
    /// `None` where the file does not tell.
    pub created: Option<Date>,
    pub closed: Option<Date>,
    pub end: End,
    /// What is known of the amount at the end.
    pub amount: Option<f64>,
    /// The list price, or whatever stands in for an amount that is not known.
    pub list_price: f64,
    /// The amounts by the days on which they became known.
    pub amounts: Vec<(Date, f64)>,
    pub labels: Vec<(&'static str, Option<String>)>,
}

impl Deal {
    fn created(&self, as_of: Date) -> Date {
        self.created.unwrap_or(as_of)
    }

    fn cycle(&self) -> Option<f64> {
        Some(f64::from((self.closed? - self.created?).get_days()))
    }

    fn worth(&self) -> f64 {
        self.amount.unwrap_or(self.list_price)
    }
}

/// All tables about deals but those of the model.
pub fn of_deals(deals: &[Deal], as_of: Date, figures: &mut Figures) {
    figures.table("All deals", vec![segment("All deals", &deals.iter().collect::<Vec<_>>())]);
    for dimension in deals[0].labels.iter().map(|(dimension, _)| *dimension) {
        breakdown(deals, dimension, figures);
    }
    quarters(deals, figures);
    dead(deals, as_of, figures);
    moves(deals, as_of, figures);
    let first = deals.iter().filter(|deal| deal.end == End::Won).filter_map(|deal| deal.closed);
    let mut rows = Vec::new();
    let mut day = quarter_start(first.min().expect("something was won"));
    while quarter_end(day) <= as_of {
        let won = revenue(deals, day, quarter_end(day));
        rows.push(vec![text(quarter(day)), Want::Number(won)]);
        day = quarter_end(day).tomorrow().expect("a day");
    }
    figures.table("Revenue won by quarter", rows);
}

/// Won from one day to another, both among them.
pub fn revenue(deals: &[Deal], from: Date, to: Date) -> f64 {
    let won = deals.iter().filter(|deal| deal.end == End::Won);
    let within = won.filter(|deal| deal.closed.is_some_and(|day| from <= day && day <= to));
    within.filter_map(|deal| deal.amount).sum()
}

fn segment(name: &str, deals: &[&Deal]) -> Vec<Want> {
    let of = |end| deals.iter().filter(move |deal| deal.end == end);
    let (open, won, lost) = (of(End::Open).count(), of(End::Won).count(), of(End::Lost).count());
    let amounts: Vec<f64> =
        of(End::Won).filter_map(|deal| deal.amount).filter(|amount| *amount != 0.0).collect();
    let price = mean(&amounts);
    let cycles: Vec<f64> = of(End::Won).filter_map(|deal| deal.cycle()).collect();
    let rate = (won + lost > 0).then(|| won as f64 / (won + lost) as f64);
    let cycle = mean(&cycles);
    // The price is rounded to the cent before it goes on.
    let cents = price.map(|price| (price * 100.0).round() / 100.0);
    let velocity = match (rate, cents, cycle.filter(|cycle| *cycle > 0.0)) {
        (Some(rate), Some(price), Some(cycle)) => Some(open as f64 * rate * price / cycle),
        _ => None,
    };
    vec![
        text(name),
        count(open),
        count(won),
        count(lost),
        rate.map_or(Want::Missing, Want::Share),
        interval(won, won + lost),
        number(price),
        number(cycle),
        number(quantile(&cycles, 0.5)),
        number(quantile(&cycles, 0.9)),
        number(velocity),
    ]
}

fn breakdown(deals: &[Deal], dimension: &'static str, figures: &mut Figures) {
    let label = |deal: &Deal| {
        let label = deal.labels.iter().find(|(other, _)| *other == dimension);
        label.and_then(|(_, label)| label.clone()).unwrap_or("(not recorded)".to_owned())
    };
    let mut groups: BTreeMap<String, Vec<&Deal>> = BTreeMap::new();
    for deal in deals {
        groups.entry(label(deal)).or_default().push(deal);
    }
    if groups.keys().filter(|name| *name != "(not recorded)").count() < 2 {
        return;
    }
    let closed = |deals: &[&Deal]| deals.iter().filter(|deal| deal.end != End::Open).count();
    let mut groups: Vec<(String, Vec<&Deal>)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, deals)| std::cmp::Reverse(closed(deals)));
    let rows = groups.iter().take(40).map(|(name, deals)| segment(name, deals)).collect();
    figures.table(&format!("By {dimension}"), rows);
}

fn quarters(deals: &[Deal], figures: &mut Figures) {
    let mut groups: BTreeMap<String, Vec<&Deal>> = BTreeMap::new();
    for deal in deals {
        if let Some(day) = deal.closed {
            groups.entry(quarter(day)).or_default().push(deal);
        }
    }
    let row = |(name, deals): (&String, &Vec<&Deal>)| {
        let all = segment(name, deals);
        let won = deals.iter().filter(|deal| deal.end == End::Won);
        let sum = won.filter_map(|deal| deal.amount).sum();
        let [won, lost, rate, interval, median] = [2, 3, 4, 5, 8].map(|index| all[index].clone());
        vec![text(name.clone()), won, lost, rate, interval, Want::Number(sum), median]
    };
    figures.table("By quarter of closing", groups.iter().map(row).collect());
}

fn dead(deals: &[Deal], as_of: Date, figures: &mut Figures) {
    let closed: Vec<(f64, &Deal)> =
        deals.iter().filter_map(|deal| Some((deal.cycle()?, deal))).collect();
    let open: Vec<(f64, &Deal)> = deals
        .iter()
        .filter(|deal| deal.end == End::Open)
        .filter_map(|deal| Some((f64::from((as_of - deal.created?).get_days()), deal)))
        .collect();
    let mark = closed.iter().map(|(age, _)| *age).fold(0.0, f64::max);
    let wins: Vec<f64> =
        closed.iter().filter(|(_, deal)| deal.end == End::Won).map(|(age, _)| *age).collect();
    let usual = quantile(&wins, 0.9).expect("something was won").floor();
    let last_win = wins.iter().copied().fold(0.0, f64::max);
    let edges = [(-1.0, usual), (usual, last_win), (last_win, mark), (mark, f64::MAX)];
    let band = |(above, to): (f64, f64)| {
        let within: Vec<&Deal> = (open.iter())
            .filter(|(age, _)| above < *age && *age <= to)
            .map(|(_, deal)| *deal)
            .collect();
        let share = within.len() as f64 / open.len() as f64;
        vec![Want::Any, count(within.len()), Want::Share(share), Want::Number(worth(&within))]
    };
    let bands = edges.into_iter().filter(|(above, to)| above < to).map(band);
    figures.table("Open deals by age", bands.collect());
    let of_owner = |deal: &Deal| deal.owner.clone().unwrap_or("(not recorded)".to_owned());
    figures.table("Dead deals by owner", shares(&open, mark, of_owner));
    figures.table("Dead deals by stage", shares(&open, mark, |deal| deal.stage.clone()));
    biggest(&open, mark, figures);
    ages(&open, &closed, mark, figures);
}

fn worth(deals: &[&Deal]) -> f64 {
    deals.iter().map(|deal| deal.worth()).sum()
}

fn shares(open: &[(f64, &Deal)], mark: f64, name: impl Fn(&Deal) -> String) -> Vec<Vec<Want>> {
    let mut groups: BTreeMap<String, (usize, Vec<&Deal>)> = BTreeMap::new();
    for (age, deal) in open {
        let group = groups.entry(name(deal)).or_default();
        group.0 += 1;
        if *age > mark {
            group.1.push(deal);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().filter(|(_, (_, dead))| !dead.is_empty()).collect();
    groups.sort_by(|(_, (_, a)), (_, (_, b))| worth(b).total_cmp(&worth(a)));
    let row = |(name, (open, dead)): (String, (usize, Vec<&Deal>))| {
        let share = dead.len() as f64 / open as f64;
        let worth = Want::Number(worth(&dead));
        vec![text(name), count(open), count(dead.len()), Want::Share(share), worth]
    };
    groups.into_iter().map(row).collect()
}

fn biggest(open: &[(f64, &Deal)], mark: f64, figures: &mut Figures) {
    let mut dead: Vec<&(f64, &Deal)> = open.iter().filter(|(age, _)| *age > mark).collect();
    dead.sort_by(|(age, deal), (other_age, other)| {
        let by_worth = other.worth().total_cmp(&deal.worth());
        by_worth.then(other_age.total_cmp(age)).then(deal.id.cmp(&other.id))
    });
    dead.truncate(25);
    let plural = if dead.len() == 1 { "" } else { "s" };
    let named = |name: &Option<String>| name.clone().map_or(Want::Missing, text);
    let row = |(age, deal): &&(f64, &Deal)| {
        vec![
            text(deal.shown_as.clone()),
            named(&deal.account),
            named(&deal.owner),
            text(deal.stage.clone()),
            text(deal.created.expect("its age is known").to_string()),
            Want::Number(*age),
            Want::Number(deal.worth()),
        ]
    };
    let caption = format!("The {} dead deal{plural} that are worth most", dead.len());
    figures.table(&caption, dead.iter().map(row).collect());
}

fn ages(open: &[(f64, &Deal)], closed: &[(f64, &Deal)], mark: f64, figures: &mut Figures) {
    let oldest = open.iter().chain(closed).map(|(age, _)| *age).fold(0.0, f64::max);
    let widths = [1.0, 2.0, 5.0, 7.0, 10.0, 14.0, 30.0, 60.0, 90.0, 180.0, 365.0];
    let width = widths.into_iter().find(|width| (oldest / width).floor() < 40.0).expect("one fits");
    // One bar ends with the mark, so that the first may be short.
    let short = (mark + 1.0) % width;
    let bars = ((oldest - short) / width).floor() as usize + 1;
    let ends = (0..bars).map(|bar| short + (bar as f64 + 1.0) * width);
    let ends: Vec<f64> = std::iter::once(short).chain(ends).filter(|end| *end > 0.0).collect();
    let rows = ends.iter().enumerate().map(|(bar, end)| {
        let from = bar.checked_sub(1).map_or(0.0, |before| ends[before]);
        let to = end - 1.0;
        let within = |deals: &[(f64, &Deal)]| {
            deals.iter().filter(|(age, _)| from <= *age && *age <= to).count()
        };
        vec![text(format!("{from} to {to}")), count(within(closed)), count(within(open))]
    });
    figures.table("Ages", rows.collect());
}

/// The waterfall of each of the last quarters.
fn moves(deals: &[Deal], as_of: Date, figures: &mut Figures) {
    let first = deals.iter().map(|deal| deal.created(as_of)).min().expect("there are deals");
    let mut ends = vec![as_of];
    let mut eve = quarter_start(as_of).yesterday().expect("a day");
    while ends.len() <= 4 && eve >= first {
        ends.insert(0, eve);
        eve = quarter_start(eve).yesterday().expect("a day");
    }
    let rows = ends.windows(2).map(|pair| fall(deals, pair[0], pair[1], as_of)).collect();
    figures.table("Quarter by quarter", rows);
}

fn fall(deals: &[Deal], from: Date, to: Date, as_of: Date) -> Vec<Want> {
    let [mut start, mut created, mut raised, mut lowered, mut lost, mut won, mut end] = [0.0; 7];
    for deal in deals.iter().filter(|deal| deal.created(as_of) <= to) {
        let known = |day: Date| {
            let by_then = deal.amounts.iter().rev().find(|(since, _)| *since <= day);
            by_then.map(|(_, amount)| *amount)
        };
        let closed = deal.closed.filter(|day| *day <= to);
        if closed.is_some_and(|day| day <= from) {
            continue;
        }
        let was_there = deal.created(as_of) <= from;
        let entered = if was_there {
            known(from).unwrap_or(deal.list_price)
        } else {
            // A lost deal that was set to nothing has no other amount that anyone knows.
            known(to).unwrap_or(deal.list_price)
        };
        let left = match (closed, deal.end) {
            (Some(_), End::Lost) => entered,
            _ => known(to).unwrap_or(deal.list_price),
        };
        *(if was_there { &mut start } else { &mut created }) += entered;
        if left > entered {
            raised += left - entered;
        } else {
            lowered += entered - left;
        }
        match (closed, deal.end) {
            (Some(_), End::Won) => won += left,
            (Some(_), _) => lost += left,
            (None, _) => end += left,
        }
    }
    let amounts = [start, created, raised, lowered, lost, won, 0.0, end];
    let mut row = vec![text(to.to_string())];
    row.extend(amounts.map(Want::Number));
    row
}

#[derive(Clone, Debug)]
pub struct Lead {
    pub created: DateTime,
    pub source: Option<String>,
    pub owner: Option<String>,
    /// The stages with the moments of entry, in order.
    pub stays: Vec<(DateTime, String)>,
    pub end: End,
    pub has_deal: bool,
}

/// All tables about leads. `handoffs` are the stages in which sales has the baton.
pub fn of_leads(leads: &[Lead], handoffs: &[&str], as_of: Date, figures: &mut Figures) {
    reach(leads, figures);
    sources(leads, figures);
    let now = as_of.at(23, 59, 59, 0);
    let mut waits = Vec::new();
    let mut late: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for stage in handoffs {
        let times: Vec<f64> = leads.iter().filter_map(|lead| answered(lead, stage)).collect();
        let Some(usual) = quantile(&times, 0.95) else { continue };
        let longest = times.iter().copied().fold(0.0, f64::max);
        let waiting: Vec<(f64, &Lead)> = (leads.iter())
            .filter_map(|lead| {
                let (since, last) = lead.stays.last()?;
                (last == stage).then(|| (hours(*since, now), lead))
            })
            .collect();
        let beyond = |mark: f64| waiting.iter().filter(|(hours, _)| *hours > mark).count();
        for (hours, lead) in &waiting {
            let owner = lead.owner.clone().unwrap_or("(not recorded)".to_owned());
            let entry = late.entry(owner).or_default();
            entry.0 += usize::from(*hours > usual);
            entry.1 += usize::from(*hours > longest);
        }
        waits.push(vec![
            text(*stage),
            count(waiting.len()),
            count(times.len()),
            text(span(usual)),
            text(span(longest)),
            count(beyond(usual)),
            count(beyond(longest)),
        ]);
    }
    figures.table("Who waits, and for how long others took", waits);
    late.retain(|_, (late, _)| *late > 0);
    let mut late: Vec<_> = late.into_iter().collect();
    late.sort_by_key(|(_, (late, _))| std::cmp::Reverse(*late));
    let rows = late
        .into_iter()
        .map(|(owner, (late, dropped))| vec![text(owner), count(late), count(dropped)]);
    let rows: Vec<Vec<Want>> = rows.collect();
    if rows.len() > 1 {
        figures.table("Late and dropped by owner", rows);
    }
}

/// How fast leads in a stage were answered, and what came of them.
pub fn speed(leads: &[Lead], stage: &str, figures: &mut Figures) {
    let buckets = [
        ("within an hour", 1.0),
        ("within 4 hours", 4.0),
        ("within a day", 24.0),
        ("within 2 days", 48.0),
        ("within a week", 168.0),
        ("later", f64::MAX),
    ];
    let (mut rows, mut above) = (Vec::new(), -1.0);
    for (name, to) in buckets {
        let of: Vec<&Lead> = (leads.iter())
            .filter(|lead| answered(lead, stage).is_some_and(|it| above < it && it <= to))
            .collect();
        above = to;
        if of.is_empty() {
            continue;
        }
        let deals = of.iter().filter(|lead| lead.has_deal || lead.end == End::Won).count();
        let share = Want::Share(deals as f64 / of.len() as f64);
        rows.push(vec![
            text(name),
            count(of.len()),
            count(deals),
            share,
            interval(deals, of.len()),
        ]);
    }
    figures.table("Speed to lead", rows);
}

/// Hours from the first entry into a stage to the next one.
fn answered(lead: &Lead, stage: &str) -> Option<f64> {
    let index = lead.stays.iter().position(|(_, other)| other == stage)?;
    let (next, _) = lead.stays.get(index + 1)?;
    Some(hours(lead.stays[index].0, *next))
}

fn reach(leads: &[Lead], figures: &mut Figures) {
    let mut days: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for lead in leads {
        let mut seen = Vec::new();
        for (at, stage) in &lead.stays {
            if !seen.contains(&stage) {
                seen.push(stage);
                days.entry(stage).or_default().push(hours(lead.created, *at) / 24.0);
            }
        }
    }
    let row = |(stage, days): (&&str, &Vec<f64>)| {
        let share = days.len() as f64 / leads.len() as f64;
        vec![text(*stage), count(days.len()), Want::Share(share), number(quantile(days, 0.5))]
    };
    figures.unordered("How far leads came", days.iter().map(row).collect());
}

fn sources(leads: &[Lead], figures: &mut Figures) {
    let mut groups: BTreeMap<String, Vec<&Lead>> = BTreeMap::new();
    for lead in leads {
        let source = lead.source.clone().unwrap_or("(not recorded)".to_owned());
        groups.entry(source).or_default().push(lead);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, leads)| std::cmp::Reverse(leads.len()));
    let row = |(name, leads): &(String, Vec<&Lead>)| {
        let won: Vec<f64> = leads.iter().filter_map(|lead| days_to_win(lead)).collect();
        vec![
            text(name.clone()),
            count(leads.len()),
            count(won.len()),
            Want::Share(won.len() as f64 / leads.len() as f64),
            interval(won.len(), leads.len()),
            number(quantile(&won, 0.5)),
        ]
    };
    figures.table("Leads by source", groups.iter().map(row).collect());
}

/// Days between the dates of creation and winning.
pub fn days_to_win(lead: &Lead) -> Option<f64> {
    let (at, _) = lead.stays.last().filter(|_| lead.end == End::Won)?;
    Some(f64::from((at.date() - lead.created.date()).get_days()))
}

fn hours(from: DateTime, to: DateTime) -> f64 {
    from.until((jiff::Unit::Second, to)).expect("days apart").get_seconds() as f64 / 3_600.0
}

fn span(hours: f64) -> String {
    match hours {
        short if short < 1.0 => format!("{:.0} minutes", short * 60.0),
        middle if middle < 48.0 => format!("{middle:.1} hours"),
        long if long < 240.0 => format!("{:.1} days", long / 24.0),
        long => format!("{:.0} days", long / 24.0),
    }
}

/// Wilson's interval in the form of its quadratic equation.
fn interval(successes: usize, trials: usize) -> Want {
    if trials == 0 {
        return Want::Missing;
    }
    let (n, p, z) = (trials as f64, successes as f64 / trials as f64, 1.959963984540054_f64);
    let a = n + z * z;
    let b = -(2.0 * n * p + z * z);
    let c = n * p * p;
    let root = (b * b - 4.0 * a * c).max(0.0).sqrt();
    Want::Interval((-b - root) / (2.0 * a), (-b + root) / (2.0 * a))
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// By linear interpolation between the values.
pub fn quantile(values: &[f64], at: f64) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let place = at * last as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

pub fn quarter(day: Date) -> String {
    format!("{}-Q{}", day.year(), (day.month() - 1) / 3 + 1)
}

fn quarter_start(day: Date) -> Date {
    Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).expect("a day")
}

pub fn quarter_end(day: Date) -> Date {
    quarter_start(day) + 3.months() - 1.day()
}
