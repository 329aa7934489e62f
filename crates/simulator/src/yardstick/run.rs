//! Lives a company's deals day by day: who comes, what ripens, and what sellers and managers do
//! about closing days. Days are counted from the company's start.

use std::collections::{BTreeMap, VecDeque};

use super::company::{Began, Company, Product, factor};
use super::days::{Almanac, Civil};
use super::habits;
use super::hazards::{Exits, Hazards};
use super::market::Market;
use super::records::expected;
use super::{Closed, Deal, Kind};
use crate::random::{Stream, Subject};

/// Deals in one lot.
const LOT_MIN: i64 = 5;
const LOT_MAX: i64 = 40;
/// What is left of arrivals on a holiday.
const HOLIDAY_ARRIVALS: f64 = 0.15;

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
    market: Market,
    first: i64,
    last: i64,
    /// By class, then stage.
    hazards: Vec<Vec<Hazards>>,
    stream: Stream,
    pub lives: Vec<Life>,
    /// Indexes of the lives that may still move.
    open: Vec<usize>,
    pub desks: Vec<Desk>,
    /// Closings that are settled but not yet entered.
    pub due: BTreeMap<i64, Vec<(usize, bool)>>,
    renewals: BTreeMap<i64, Vec<Renewal>>,
    accounts: u64,
    /// Won in the current quarter and in the one before.
    pub booked: [i64; 2],
}

/// A deal as it lives.
pub struct Life {
    pub stream: Stream,
    kind: Kind,
    account: u64,
    class: usize,
    product: usize,
    source: usize,
    pub seller: usize,
    created: i64,
    stage: usize,
    /// The day on which the stage's hazards begin: that of creation, or the one after a move.
    clock_from: i64,
    stalled_until: i64,
    /// Never leaves this stage.
    rests_in: Option<usize>,
    moves: Vec<(i64, usize)>,
    amounts: Vec<(i64, i64)>,
    closed: Option<(i64, bool)>,
}

/// A seller's work: deals that are ripe and wait, and how many may be won today.
#[derive(Default)]
pub struct Desk {
    pub waiting: VecDeque<usize>,
    pub allowance: f64,
    open_deals: f64,
}

struct Renewal {
    account: u64,
    product: usize,
    source: usize,
    seller: usize,
    amount: f64,
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

    fn arrive(&mut self, day: i64, civil: &Civil) {
        let arrivals = &self.company.arrivals;
        let quiet = if self.is_holiday(civil) { HOLIDAY_ARRIVALS } else { 1.0 };
        let weight = self.company.arrival_weight(day) * self.market.demand(day) * quiet;
        let mean = arrivals.per_day * weight;
        let mut count = self.stream.poisson(mean * (1.0 - arrivals.in_lots));
        let lot_mean = (LOT_MIN + LOT_MAX) as f64 / 2.0;
        if arrivals.in_lots > 0.0 && self.stream.chance(mean * arrivals.in_lots / lot_mean) {
            count += self.stream.between(LOT_MIN, LOT_MAX) as u64;
        }
        for _ in 0..count {
            let life = self.new_life(day);
            self.open.push(self.lives.len());
            self.lives.push(life);
        }
        for renewal in self.renewals.remove(&day).unwrap_or_default() {
            self.renew(day, &renewal);
        }
    }

    fn new_life(&mut self, day: i64) -> Life {
        let company = self.company;
        let mut stream = Stream::of(company.seed, Subject::Deal, self.lives.len() as u64);
        let class = stream.weighted(company.classes.iter().map(|class| class.share));
        let sold = |product: &Product| (product.from_day..product.to_day).contains(&day);
        let product = stream
            .weighted(company.products.iter().map(|it| if sold(it) { it.share } else { 0.0 }));
        let source = stream.weighted(company.sources.iter().map(|it| it.share));
        let seller = self.seller_on(&mut stream, day);
        let never = stream.chance(company.deals.never_closing);
        let rests_in = never.then(|| stream.below(company.stages.len()));
        let amount = self.asked(&mut stream, &company.products[product], class, day);
        Life {
            kind: Kind::New,
            account: self.account(&mut stream),
            class,
            product,
            source,
            seller,
            created: day,
            stage: 0,
            clock_from: day,
            stalled_until: day,
            rests_in,
            moves: vec![(day, 0)],
            amounts: vec![(day, amount)],
            closed: None,
            stream,
        }
    }

    fn seller_on(&self, stream: &mut Stream, day: i64) -> usize {
        let works = |from: i64, to: i64| if (from..to).contains(&day) { 1.0 } else { 1e-9 };
        let sellers = self.company.sellers.iter();
        stream.weighted(sellers.map(|it| it.share * works(it.from_day, it.to_day)))
    }

    fn account(&mut self, stream: &mut Stream) -> u64 {
        if self.accounts > 0 && stream.chance(self.company.deals.repeat_share) {
            return 1 + stream.below(self.accounts as usize) as u64;
        }
        self.accounts += 1;
        self.accounts
    }

    /// In minor units.
    fn asked(&self, stream: &mut Stream, product: &Product, class: usize, day: i64) -> i64 {
        let (amounts, deals) = (&product.amounts, &self.company.deals);
        let growth = (1.0 + deals.price_growth_per_year).max(0.1).powf(day as f64 / 365.25);
        let level = growth * factor(&deals.price_spells, day);
        let median = amounts.median * self.company.classes[class].amount_effect * level;
        let mut amount = stream.lognormal(median, amounts.sigma);
        if stream.chance(amounts.tail_share) {
            let pareto = (1.0 - stream.uniform()).powf(-1.0 / amounts.tail_alpha);
            amount *= 3.0 * pareto.min(3_000.0);
        }
        rounded(amount, amounts.step)
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

    fn plan_renewal(&mut self, index: usize, day: i64) {
        let Some(renewals) = &self.company.renewals else { return };
        let life = &mut self.lives[index];
        if life.kind == Kind::New && !life.stream.chance(renewals.share_of_wins) {
            return;
        }
        let uplift = life.stream.normal(renewals.uplift_mean, 0.05).exp();
        let amount = life.amount() as f64 / 100.0;
        let renewal = Renewal {
            account: life.account,
            product: life.product,
            source: life.source,
            seller: life.seller,
            amount: amount * uplift,
        };
        let created = (day + 365 - renewals.ahead_days).max(day + 1);
        self.renewals.entry(created).or_default().push(renewal);
    }

    /// Customers from before the first day, who renew within its year.
    fn old_customers(&mut self) {
        let Some(renewals) = &self.company.renewals else { return };
        for _ in 0..renewals.customers_at_start {
            let mut stream = Stream::of(self.company.seed, Subject::OldCustomer, self.accounts);
            self.accounts += 1;
            let product = stream.below(self.company.products.len());
            let asked = self.asked(&mut stream, &self.company.products[product], 0, 0);
            let renewal = Renewal {
                account: self.accounts,
                product,
                source: stream.below(self.company.sources.len()),
                seller: self.seller_on(&mut stream, 0),
                amount: asked as f64 / 100.0,
            };
            let created = self.first.max(0) + stream.between(0, 364);
            self.renewals.entry(created).or_default().push(renewal);
        }
    }

    fn renew(&mut self, day: i64, renewal: &Renewal) {
        let Some(renewals) = &self.company.renewals else { return };
        let index = self.lives.len();
        let mut stream = Stream::of(self.company.seed, Subject::Deal, index as u64);
        let due = day + renewals.ahead_days + stream.normal(0.0, 6.0) as i64;
        let is_won = stream.chance(renewals.win_share);
        let closes = if is_won { due } else { due + stream.between(0, 60) };
        let last_stage = self.company.stages.len() - 1;
        let half_way = day + renewals.ahead_days / 2;
        let amount = rounded(renewal.amount, self.company.products[renewal.product].amounts.step);
        let mut moves = vec![(day, 0)];
        if last_stage > 0 && half_way < closes {
            moves.push((half_way, last_stage));
        }
        self.due.entry(closes.max(day + 1)).or_default().push((index, is_won));
        self.lives.push(Life {
            kind: Kind::Renewal,
            account: renewal.account,
            class: 0,
            product: renewal.product,
            source: renewal.source,
            seller: renewal.seller,
            created: day,
            stage: last_stage,
            clock_from: day,
            stalled_until: day,
            rests_in: None,
            moves,
            amounts: vec![(day, amount)],
            closed: None,
            stream,
        });
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
    fn amount(&self) -> i64 {
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

/// In minor units; at least one step.
fn rounded(amount: f64, step: f64) -> i64 {
    ((amount / step).round().max(1.0) * step * 100.0) as i64
}
