//! One deal's life, day by day: competing hazards move it forward, back or out; its close date is
//! pushed when it passes, its amount changes on the way, its owner is replaced when he or she
//! leaves. It writes nothing and does not know which lead it came from.

use crate::World;
use crate::calendar::{Day, Moment, QuarterPlace, working_second};
use crate::market::Region;
use crate::model::{CHANNELS, DEALS, PRODUCTS, STAGES, age_band};
use crate::random::Stream;
use crate::rows::Money;
use crate::workforce::SeatIndex;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    Discovery,
    Evaluation,
    Proposal,
    Negotiation,
    ClosedWon,
    ClosedLost,
}

impl Stage {
    pub const ALL: [Self; 6] = [
        Self::Discovery,
        Self::Evaluation,
        Self::Proposal,
        Self::Negotiation,
        Self::ClosedWon,
        Self::ClosedLost,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Discovery => "Discovery",
            Self::Evaluation => "Evaluation",
            Self::Proposal => "Proposal",
            Self::Negotiation => "Negotiation",
            Self::ClosedWon => "Closed Won",
            Self::ClosedLost => "Closed Lost",
        }
    }

    pub const fn is_closed(self) -> bool {
        matches!(self, Self::ClosedWon | Self::ClosedLost)
    }

    const fn next(self) -> Self {
        match self {
            Self::Discovery => Self::Evaluation,
            Self::Evaluation => Self::Proposal,
            Self::Proposal => Self::Negotiation,
            Self::Negotiation | Self::ClosedWon => Self::ClosedWon,
            Self::ClosedLost => Self::ClosedLost,
        }
    }

    const fn previous(self) -> Self {
        match self {
            Self::Negotiation => Self::Proposal,
            Self::Proposal => Self::Evaluation,
            _ => Self::Discovery,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    NewBusiness,
    Expansion,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewBusiness => "New Business",
            Self::Expansion => "Expansion",
        }
    }
}

/// What is known of a deal when it is opened.
#[derive(Clone, Copy)]
pub struct Opening {
    pub created: Moment,
    pub channel: usize,
    pub product: usize,
    pub kind: Kind,
    pub region: Region,
}

/// The deal's state from a moment on.
#[derive(Clone, Copy)]
pub struct Change {
    pub at: Moment,
    pub stage: Stage,
    pub amount: Money,
    /// Expected, until the deal is closed.
    pub close_day: Day,
    pub category: &'static str,
    pub owner: u64,
}

pub struct Deal {
    /// In strict order of time, the first of them the opening; never empty.
    pub changes: Vec<Change>,
    pub last: Change,
    pub never_closes: bool,
    pub competitor: Option<&'static str>,
    pub loss_reason: Option<&'static str>,
    pub discount_percent: i64,
    pub next_step: Option<&'static str>,
}

/// The deal as far as it comes before the end; what is open then is censored.
pub fn live(world: &World, stream: &mut Stream, opening: &Opening) -> Deal {
    let mut course = Course::open(world, stream, opening);
    let first = opening.created.day() + 1;
    for day in first..world.calendar.days {
        course.pass(day);
        if course.now.stage.is_closed() {
            break;
        }
    }
    course.close()
}

const COMPETITORS: [&str; 4] = ["Brightloom", "Northwick", "Tessellate", "Fernhollow"];

/// What may happen to a deal in a stage, in the order of the thresholds.
#[derive(Clone, Copy)]
enum Move {
    Advance,
    Lose,
    Fall,
}

const MOVES: [Move; 3] = [Move::Advance, Move::Lose, Move::Fall];

struct Course<'a> {
    world: &'a World,
    stream: &'a mut Stream,
    opening: &'a Opening,
    seat: SeatIndex,
    /// Where a deal that never closes comes to rest.
    resting_stage: Option<Stage>,
    competitor: Option<&'static str>,
    now: Change,
    entered: Day,
    /// Cumulative hazard since the stage was entered, and the unit exponential it must reach.
    exposure: [f64; 3],
    threshold: [f64; 3],
    pushes: u32,
    is_neglected: bool,
    discount_percent: i64,
    changes: Vec<Change>,
}

impl<'a> Course<'a> {
    fn open(world: &'a World, stream: &'a mut Stream, opening: &'a Opening) -> Self {
        let day = opening.created.day();
        let seat = world.workforce.sales_seat(stream, opening.region, day);
        let now = Change {
            at: opening.created,
            stage: Stage::Discovery,
            amount: asked_amount(stream, opening),
            close_day: day,
            category: "Pipeline",
            owner: world.workforce.occupant(seat, day).id,
        };
        let resting = stream.weighted(DEALS.resting_stage_shares.into_iter());
        let never_closes = stream.chance(DEALS.never_closing);
        let competitor = stream.pick(&COMPETITORS);
        let has_competitor = stream.chance(DEALS.competitor_share);
        let mut course = Self {
            world,
            stream,
            opening,
            seat,
            resting_stage: never_closes.then_some(Stage::ALL[resting]),
            competitor: has_competitor.then_some(competitor),
            now,
            entered: day,
            exposure: [0.0; 3],
            threshold: [0.0; 3],
            pushes: 0,
            is_neglected: false,
            discount_percent: 0,
            changes: Vec::with_capacity(8),
        };
        course.now.close_day = course.guessed_close(day);
        course.enter(day);
        course.changes.push(course.now);
        course
    }

    fn pass(&mut self, day: Day) {
        let before = self.now;
        let mark = self.world.calendar.mark(day);
        if !mark.is_weekend {
            match self.due(day, mark.place) {
                Some(what) => self.make(what, day, mark.place),
                None => self.keep(day),
            }
        }
        self.now.owner = self.world.workforce.occupant(self.seat, day).id;
        if differs(&before, &self.now) {
            self.now.at = self.moment_on(day);
            self.changes.push(self.now);
        }
    }

    /// Adds the day's hazards; the first cause to reach its threshold happens.
    fn due(&mut self, day: Day, place: QuarterPlace) -> Option<Move> {
        let hazards = self.hazards(day, place);
        for (exposure, hazard) in self.exposure.iter_mut().zip(hazards) {
            *exposure += hazard;
        }
        let reached = self.exposure.iter().zip(self.threshold).position(|(e, t)| *e >= t)?;
        Some(MOVES[reached])
    }

    fn hazards(&self, day: Day, place: QuarterPlace) -> [f64; 3] {
        let truth = &STAGES[self.now.stage as usize];
        let band = age_band(day - self.entered - 1);
        let pace = DEALS.working_day * PRODUCTS[self.opening.product].pace_effect;
        let advance = pace * truth.advance[band] * self.advance_effect(place);
        match self.resting_stage {
            Some(stage) if self.now.stage >= stage => [0.0; 3],
            Some(_) => [advance, 0.0, 0.0],
            None => [
                advance,
                pace * truth.lost[band] * self.lost_effect(place),
                pace * truth.back[band],
            ],
        }
    }

    fn advance_effect(&self, place: QuarterPlace) -> f64 {
        let is_expansion = self.opening.kind == Kind::Expansion;
        let kind = if is_expansion { DEALS.expansion_advance } else { 1.0 };
        if self.now.stage < Stage::Proposal {
            return kind;
        }
        let competitor = if self.competitor.is_some() { DEALS.competitor_effect } else { 1.0 };
        let product = PRODUCTS[self.opening.product].win_effect;
        kind * competitor * product * CHANNELS[self.opening.channel].deal_effect * self.rush(place)
    }

    fn rush(&self, place: QuarterPlace) -> f64 {
        if self.now.stage < Stage::Negotiation {
            return 1.0;
        }
        let is_large = self.now.amount.dollars() >= PRODUCTS[self.opening.product].list_price;
        DEALS.quarter_effect(place, is_large)
    }

    fn lost_effect(&self, place: QuarterPlace) -> f64 {
        let is_expansion = self.opening.kind == Kind::Expansion;
        let kind = if is_expansion { DEALS.expansion_lost } else { 1.0 };
        let is_first = place == QuarterPlace::First;
        kind * if is_first { DEALS.quarter_start_lost } else { 1.0 }
    }

    fn make(&mut self, what: Move, day: Day, place: QuarterPlace) {
        self.now.stage = match what {
            Move::Advance => self.now.stage.next(),
            Move::Lose => Stage::ClosedLost,
            Move::Fall => self.now.stage.previous(),
        };
        self.enter(day);
        match self.now.stage {
            Stage::ClosedWon => self.win(day, place),
            Stage::ClosedLost => self.lose(day),
            _ => self.reconsider(day),
        }
    }

    fn enter(&mut self, day: Day) {
        self.entered = day;
        self.exposure = [0.0; 3];
        self.threshold = [0; 3].map(|_| self.stream.exponential(1.0));
    }

    fn win(&mut self, day: Day, place: QuarterPlace) {
        if place == QuarterPlace::Last && self.stream.chance(DEALS.quarter_end_discount) {
            self.discount(5);
        }
        self.now.close_day = day;
        self.now.category = "Closed";
    }

    fn lose(&mut self, day: Day) {
        self.now.close_day = day;
        self.now.category = "Omitted";
    }

    /// On a move between open stages the seller looks at amount, date and category again.
    fn reconsider(&mut self, day: Day) {
        if self.stream.chance(DEALS.amount_change) {
            let factor = self.stream.lognormal(1.0, DEALS.amount_change_sigma);
            self.now.amount = Money::rounded(self.now.amount.dollars() * factor, 100);
        }
        if self.now.stage == Stage::Negotiation && self.discount_percent == 0 {
            self.offer_discount();
        }
        if self.stream.chance(DEALS.date_reviewed) || self.now.close_day <= day {
            self.now.close_day = self.guessed_close(day).max(day + 7);
            self.is_neglected = false;
        }
        self.now.category = match self.now.stage {
            Stage::Negotiation if self.stream.chance(0.75) => "Commit",
            Stage::Negotiation => "Best Case",
            Stage::Proposal if self.stream.chance(0.70) => "Best Case",
            _ => "Pipeline",
        };
    }

    fn offer_discount(&mut self) {
        if self.stream.chance(DEALS.discounted) {
            let (min, max) = (DEALS.discount_percent_min, DEALS.discount_percent_max);
            let percent = self.stream.between(min, max);
            self.discount(percent);
        }
    }

    fn discount(&mut self, percent: i64) {
        self.discount_percent += percent;
        let dollars = self.now.amount.dollars() * (1.0 - percent as f64 / 100.0);
        self.now.amount = Money::rounded(dollars, 100);
    }

    /// A close date that has passed is pushed, until its owner gives up looking after it.
    fn keep(&mut self, day: Day) {
        if day <= self.now.close_day || self.is_neglected {
            return;
        }
        let tired = self.pushes >= DEALS.pushes_before_neglect;
        self.is_neglected = tired && self.stream.chance(DEALS.neglect);
        if !self.is_neglected {
            self.pushes += 1;
            let days = self.stream.lognormal(DEALS.push.median_days, DEALS.push.sigma);
            self.now.close_day = self.tidy_date(day + 3 + days as Day);
        }
    }

    /// Counted from today: the typical length, less what the stages behind it have taken.
    fn guessed_close(&mut self, day: Day) -> Day {
        let left = [1.0, 0.75, 0.45, 0.2].get(self.now.stage as usize).copied().unwrap_or(0.2);
        let guess = &DEALS.first_close_guess;
        let pace = PRODUCTS[self.opening.product].pace_effect;
        let days = self.stream.lognormal(guess.median_days * left / pace, guess.sigma);
        self.tidy_date(day + 1 + days as Day)
    }

    /// Sellers like the end of a month, and that of a quarter more.
    fn tidy_date(&mut self, day: Day) -> Day {
        match self.stream.uniform() {
            taste if taste < 0.25 => self.world.calendar.quarter_end(day),
            taste if taste < 0.55 => self.world.calendar.month_end(day),
            _ => day,
        }
    }

    fn moment_on(&mut self, day: Day) -> Moment {
        let drawn = Moment::at(day, working_second(self.stream));
        Moment(drawn.0.max(self.now.at.0 + 1))
    }

    fn close(self) -> Deal {
        let is_lost = self.now.stage == Stage::ClosedLost;
        Deal {
            loss_reason: is_lost.then(|| loss_reason(self.stream, self.competitor.is_some())),
            next_step: next_step(self.stream, self.now.stage),
            last: self.now,
            changes: self.changes,
            never_closes: self.resting_stage.is_some(),
            competitor: self.competitor,
            discount_percent: self.discount_percent,
        }
    }
}

fn asked_amount(stream: &mut Stream, opening: &Opening) -> Money {
    let product = &PRODUCTS[opening.product];
    let is_expansion = opening.kind == Kind::Expansion;
    let part = if is_expansion { DEALS.expansion_amount } else { 1.0 };
    Money::rounded(stream.lognormal(product.list_price * part, product.amount_sigma), 100)
}

fn differs(before: &Change, after: &Change) -> bool {
    before.stage != after.stage
        || before.amount != after.amount
        || before.close_day != after.close_day
        || before.owner != after.owner
}

fn loss_reason(stream: &mut Stream, has_competitor: bool) -> &'static str {
    const ALONE: [&str; 5] = ["No decision", "No decision", "Price", "No budget", "Timing"];
    const AGAINST: [&str; 5] = ["Competitor", "Competitor", "Price", "Missing feature", "Timing"];
    stream.pick(if has_competitor { &AGAINST } else { &ALONE })
}

fn next_step(stream: &mut Stream, stage: Stage) -> Option<&'static str> {
    let steps = match stage {
        Stage::Discovery => ["Meet the sponsor", "Map the process"],
        Stage::Evaluation => ["Run the trial", "Demo for the users"],
        Stage::Proposal => ["Walk through the offer", "Agree the scope"],
        Stage::Negotiation => ["Send the contract", "Answer legal"],
        Stage::ClosedWon | Stage::ClosedLost => return None,
    };
    let step = stream.pick(&steps);
    stream.chance(0.85).then_some(step)
}
