//! Lives a company's deals day by day: who comes, what ripens, and what sellers and managers do
//! about closing days. Days are counted from the company's start.

use std::collections::{BTreeMap, VecDeque};

use super::arrive::rounded;
use super::company::{Began, Company, factor};
use super::days::{Almanac, Civil};
use super::habits;
use super::hazards::{Exits, Hazards};
use super::market::Market;
use super::records::expected;
use super::renew::Renewal;
use super::{Closed, Deal, Kind};
use crate::random::{Stream, Subject};

/// Every deal that is in the system by the last simulated day, in the order of creation.
pub fn deals(company: &Company) -> Vec<Deal> {
    let mut run = Run::new(company);
    for day in run.first..=run.last {
        run.day(day);
    }
    run.told()
}

pub struct Run<'a> {
    pub company: &'a Company,
    pub almanac: Almanac,
    pub market: Market,
    pub first: i64,
    pub last: i64,
    /// By class, then stage.
    pub hazards: Vec<Vec<Hazards>>,
    pub stream: Stream,
    pub lives: Vec<Life>,
    /// Indexes of the lives that may still move.
    pub open: Vec<usize>,
    pub desks: Vec<Desk>,
    /// Closings that are settled but not yet entered.
    pub due: BTreeMap<i64, Vec<(usize, bool)>>,
    pub renewals: BTreeMap<i64, Vec<Renewal>>,
    pub accounts: u64,
    /// Won in the current quarter and in the one before.
    pub booked: [i64; 2],
}

/// A deal as it lives.
pub struct Life {
    pub stream: Stream,
    pub kind: Kind,
    pub account: u64,
    pub class: usize,
    pub product: usize,
    pub source: usize,
    pub seller: usize,
    pub created: i64,
    pub stage: usize,
    /// The day on which the stage's hazards begin: that of creation, or the one after a move.
    pub clock_from: i64,
    pub stalled_until: i64,
    /// Never leaves this stage.
    pub rests_in: Option<usize>,
    pub moves: Vec<(i64, usize)>,
    pub amounts: Vec<(i64, i64)>,
    pub closed: Option<(i64, bool)>,
}

/// A seller's work: deals that are ripe and wait, and how many may be won today.
#[derive(Default)]
pub struct Desk {
    pub waiting: VecDeque<usize>,
    pub allowance: f64,
    pub open_deals: f64,
}

impl<'a> Run<'a> {
    fn new(company: &'a Company) -> Self {
        let cycle: f64 = company.classes.iter().map(|it| it.share * it.cycle_days_median).sum();
        let warm_up = (2.5 * cycle).clamp(60.0, 540.0) as i64;
        let first = if company.began == Began::Empty { 0 } else { -warm_up };
        let last = company.day_of(company.end);
        let desks = company.sellers.iter().map(|_| Desk::default()).collect();
        let mut run = Self {
            company,
            almanac: Almanac::new(company.start, first, last + 400),
            market: Market::new(company, first, last),
            first,
            last,
            hazards: hazards(company),
            stream: Stream::of(company.seed, Subject::Deal, u64::MAX),
            lives: Vec::new(),
            open: Vec::new(),
            desks,
            due: BTreeMap::new(),
            renewals: BTreeMap::new(),
            accounts: 0,
            booked: [0, 0],
        };
        run.old_customers();
        run
    }

    fn day(&mut self, day: i64) {
        let civil = self.almanac.at(day);
        if day == civil.quarter_start {
            self.booked = [0, self.booked[0]];
        }
        self.arrive(day, &civil);
        self.count_loads();
        let pace = self.pace(day, &civil);
        let open = std::mem::take(&mut self.open);
        let still_open = open.into_iter().filter(|&index| self.step(index, day, &civil, &pace));
        self.open = still_open.collect();
        habits::work_off(self, day, &civil);
        for (index, is_won) in self.due.remove(&day).unwrap_or_default() {
            self.close(index, day, is_won);
        }
    }

    fn count_loads(&mut self) {
        if self.company.deals.load_exponent == 0.0 {
            return;
        }
        for desk in &mut self.desks {
            desk.open_deals = 0.0;
        }
        for &index in &self.open {
            let life = &self.lives[index];
            if !life.is_at_rest() {
                self.desks[life.seller].open_deals += 1.0;
            }
        }
    }

    fn pace(&self, day: i64, civil: &Civil) -> Pace {
        let (calendar, deals) = (&self.company.calendar, &self.company.deals);
        let weekend = if civil.weekday >= 5 { calendar.weekend } else { 1.0 };
        let quiet = if self.is_holiday(civil) { 0.0 } else { 1.0 };
        // The week's mean is 1 whatever is done at weekends.
        let working = 7.0 / (5.0 + 2.0 * calendar.weekend) * weekend * quiet;
        let growth = (1.0 + deals.pace_growth_per_year).max(0.1).powf(day as f64 / 365.25);
        let is_last = civil.quarter_end - day < calendar.edge_days;
        let is_first = day - civil.quarter_start < calendar.edge_days;
        let at_edge = |is: bool, effect: f64| if is { effect } else { 1.0 };
        Pace {
            all: working * growth * calendar.month_effect[civil.month],
            advance: factor(&deals.win_spells, day) * self.market.luck(day),
            win: at_edge(is_last, calendar.quarter_end) * at_edge(is_first, calendar.quarter_start),
            lost: at_edge(is_first, calendar.cleaning),
        }
    }

    pub fn is_holiday(&self, civil: &Civil) -> bool {
        let (month, day) = (civil.date.month(), civil.date.day());
        let holidays = &self.company.calendar.holidays;
        holidays.iter().any(|it| it.month == month && (it.from..=it.to).contains(&day))
    }

    /// One day of one deal; false when there is nothing left to happen to it.
    fn step(&mut self, index: usize, day: i64, civil: &Civil, pace: &Pace) -> bool {
        self.hand_over(index, day);
        let [advance, lost] = self.hazards_of(&self.lives[index], day, pace);
        let life = &mut self.lives[index];
        if life.is_at_rest() {
            return false;
        }
        let place = life.stream.uniform();
        let leaving = 1.0 - (-(advance + lost)).exp();
        if day < life.stalled_until || place >= leaving {
            return true;
        }
        if place < leaving * advance / (advance + lost) {
            self.advance(index, day, civil)
        } else {
            self.lose(index, day, civil);
            false
        }
    }

    fn hazards_of(&self, life: &Life, day: i64, pace: &Pace) -> [f64; 2] {
        let company = self.company;
        let (product, source) = (&company.products[life.product], &company.sources[life.source]);
        let seller = &company.sellers[life.seller];
        let [advance, lost] = self.hazards[life.class][life.stage].at(day - life.clock_from);
        let load = self.desks[life.seller].open_deals / company.deals.load_reference;
        let tired = load.clamp(0.2, 20.0).powf(-company.deals.load_exponent);
        let all = pace.all * product.pace_effect * source.pace_effect * tired;
        let skill = product.win_effect * source.win_effect * seller.win_effect * pace.advance;
        let is_last = life.stage + 1 == company.stages.len();
        let win = if is_last { pace.win } else { 1.0 };
        let closes = if life.rests_in.is_some() { 0.0 } else { 1.0 };
        [advance * all * skill * win, lost * all * pace.lost * closes]
    }

    fn hand_over(&mut self, index: usize, day: i64) {
        let handover_days = self.company.habits.handover_days;
        let gone = self.company.sellers[self.lives[index].seller].to_day <= day;
        if handover_days > 0 && gone {
            let mut stream = Stream::of(self.company.seed, Subject::Handover, index as u64);
            let seller = self.seller_on(&mut stream, day);
            let life = &mut self.lives[index];
            life.seller = seller;
            life.stalled_until = day + handover_days;
        }
    }

    /// True while the deal stays open.
    fn advance(&mut self, index: usize, day: i64, civil: &Civil) -> bool {
        self.change_amount(index, day);
        let last_stage = self.company.stages.len() - 1;
        let life = &mut self.lives[index];
        if life.stage < last_stage {
            life.stage += 1;
            life.clock_from = day + 1;
            life.moves.push((day, life.stage));
            return true;
        }
        habits::win(self, index, day, civil);
        false
    }

    fn change_amount(&mut self, index: usize, day: i64) {
        let deals = &self.company.deals;
        let life = &mut self.lives[index];
        if !life.stream.chance(deals.amount_change) {
            return;
        }
        let change = life.stream.normal(deals.amount_change_mean, deals.amount_change_sigma).exp();
        let step = self.company.products[life.product].amounts.step;
        let changed = rounded(life.amount() as f64 / 100.0 * change, step);
        life.amounts.push((day, changed));
    }

    fn lose(&mut self, index: usize, day: i64, civil: &Civil) {
        let life = &mut self.lives[index];
        if !life.stream.chance(self.company.deals.unmarked_losses) {
            let entered = habits::review_day(self, day, civil);
            self.due.entry(entered).or_default().push((index, false));
        }
    }

    fn close(&mut self, index: usize, day: i64, is_won: bool) {
        let life = &mut self.lives[index];
        life.closed = Some((day, is_won));
        if !is_won {
            return;
        }
        if life.kind == Kind::New && life.stream.chance(self.company.deals.entered_when_won) {
            life.created = day;
            life.moves = vec![(day, life.stage)];
            life.amounts = vec![(day, life.amount())];
        }
        let amount = life.amount();
        self.booked[0] += amount;
        self.plan_renewal(index, day);
    }

    /// What the system knows: nothing of what was closed before the first day.
    fn told(self) -> Vec<Deal> {
        let in_system = |life: &&Life| life.closed.is_none_or(|(day, _)| day >= 0);
        let mut known: Vec<&Life> = self.lives.iter().filter(in_system).collect();
        known.sort_by_key(|life| life.created);
        let numbered = known.iter().zip(1..);
        numbered.map(|(life, id)| self.tell(life, id)).collect()
    }

    fn tell(&self, life: &Life, id: u64) -> Deal {
        let migrated = self.company.began == Began::Migrated;
        let date = |day: i64| self.almanac.at(if migrated { day.max(0) } else { day }).date;
        let moves = life.moves.iter().filter(|(day, _)| *day <= self.last);
        let mut deal = Deal {
            id,
            account: life.account,
            kind: life.kind,
            product: Some(life.product as u16),
            owner: Some(life.seller as u16),
            source: Some(life.source as u16),
            created: date(life.created),
            moves: moves
                .map(|&(day, stage)| (date(day), self.company.stages[stage].name))
                .collect(),
            closed: life.closed.map(|(day, is_won)| Closed { on: date(day), is_won }),
            amounts: life.amounts.iter().map(|&(day, amount)| (date(day), amount)).collect(),
            expected: Vec::new(),
        };
        deal.expected = expected(self.company, &deal, self.company.end);
        deal
    }
}

impl Life {
    pub fn amount(&self) -> i64 {
        self.amounts.last().map_or(0, |(_, amount)| *amount)
    }

    fn is_at_rest(&self) -> bool {
        self.rests_in.is_some_and(|stage| self.stage >= stage)
    }
}

/// A day's factors of the hazards, the same for all deals.
struct Pace {
    all: f64,
    advance: f64,
    win: f64,
    lost: f64,
}

fn hazards(company: &Company) -> Vec<Vec<Hazards>> {
    let of_class = |class: &super::company::Class| {
        let stage = |stage: &super::company::StageShare| {
            let median = class.cycle_days_median * stage.of_days;
            Hazards::of(&Exits {
                shape: class.shape,
                advance_share: class.win_share.powf(stage.of_losses),
                advance_days_median: median,
                lost_days_median: median * class.lost_lag,
            })
        };
        company.stages.iter().map(stage).collect()
    };
    company.classes.iter().map(of_class).collect()
}
