//! The plan on chains whose answer is known, and on worlds that are lived one individual at a time.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};

use super::changes::Changes;
use super::drivers::Lever;
use super::*;
use crate::random::{factor, poisson, stream};

/// The first days of the months of a year of 365 days, and the day after it.
fn months() -> Vec<i32> {
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let ends = lengths.iter().scan(0, |day, length| {
        *day += length;
        Some(*day)
    });
    std::iter::once(0).chain(ends).collect()
}

/// A year, and a start on its first day.
fn year() -> Calendar {
    Calendar { start_day: 0, goal_start_day: 0, month_start_days: months() }
}

fn step(share: f64, lag: Lag) -> Step {
    Step { share, share_known_from: None, lag }
}

fn textbook() -> Assumptions {
    let chain = [(0.10, 2), (0.80, 1), (0.40, 3), (0.10, 0)];
    Assumptions {
        steps: chain.map(|(share, months)| step(share, Lag::Months(months))).to_vec(),
        amount: AmountAssumption::Fixed(100_000.0),
    }
}

const GOAL: Goal = Goal { amount: 10_000_000.0, booked: 0.0, confidence: 0.8 };

fn plan(
    assumptions: &Assumptions,
    goal: Goal,
    calendar: &Calendar,
    under_way: UnderWay,
) -> Result<Plan, PlanError> {
    let options = Options { seed: 9, draws: 4_000 };
    Model::new(assumptions.clone(), calendar, under_way)?.plan(goal, options)
}

fn made(assumptions: &Assumptions, goal: Goal, calendar: &Calendar) -> Plan {
    plan(assumptions, goal, calendar, UnderWay::default()).expect("sound assumptions")
}

fn planned(plan: &Plan) -> &Planned {
    match &plan.entries {
        Entries::Planned(planned) => planned,
        Entries::TooLate { .. } => panic!("the window is long enough"),
    }
}

#[test]
fn the_textbook_plan_is_exact() {
    let plan = made(&textbook(), GOAL, &year());
    let Planned { expected, expected_probability, at_confidence, last_useful_day, .. } =
        planned(&plan);
    assert_eq!(expected.stage_totals, [31_250.0, 3_125.0, 2_500.0, 1_000.0, 100.0]);
    assert_eq!(expected.new_amount, 10_000_000.0);
    let first = |stage: usize| expected.months.iter().position(|m| m.stages[stage] > 0.0);
    assert_eq!([0, 1, 2, 3, 4].map(first), [0, 2, 3, 6, 6].map(Some));
    assert_eq!(*last_useful_day, 180, "30 June");
    // Binomial: the least n for which 100 wins are 80 % probable expects about 109.
    assert!((108.0..110.5).contains(&at_confidence.stage_totals[4]), "{at_confidence:?}");
    assert!((expected_probability - 0.5).abs() < 0.05);
    assert_eq!((plan.probability_on_present_course, &plan.present_course), (0.0, &None));
    for (all, few) in at_confidence.stage_totals.iter().zip(&expected.stage_totals) {
        assert!(all > few);
    }
}

#[test]
fn months_sum_to_totals() {
    let mut assumptions = textbook();
    assumptions.steps[0].lag = Lag::LogNormal { median_days: 40.0, p90_days: 90.0 };
    let plan = made(&assumptions, GOAL, &year());
    let expected = &planned(&plan).expected;
    for (stage, total) in expected.stage_totals.iter().enumerate() {
        let sum: f64 = expected.months.iter().map(|month| month.stages[stage]).sum();
        assert!((sum - total).abs() < 1e-4);
    }
    assert_eq!(expected.months[0].stages[0], expected.months[1].stages[0], "months are alike");
    assert!((expected.new_amount - GOAL.amount).abs() < 1.0);
}

#[test]
fn a_window_shorter_than_the_lags_is_too_late() {
    let mut calendar = year();
    calendar.month_start_days.truncate(7);
    let plan = made(&textbook(), GOAL, &calendar);
    assert_eq!(plan.entries, Entries::TooLate { typical_days: None });
}

#[test]
fn uncertain_shares_need_more_and_bookings_less() {
    let wins = |assumptions: &Assumptions, goal: Goal| {
        planned(&made(assumptions, goal, &year())).at_confidence.stage_totals[4]
    };
    let certain = wins(&textbook(), GOAL);
    let mut uncertain = textbook();
    uncertain.steps[3].share_known_from = Some(50.0);
    assert!(wins(&uncertain, GOAL) > certain * 1.2);
    let mut spread = textbook();
    spread.amount = AmountAssumption::MeanSd { mean: 100_000.0, sd: 200_000.0 };
    assert!(wins(&spread, GOAL) > certain * 1.05);
    assert!(wins(&textbook(), Goal { booked: 5_000_000.0, ..GOAL }) < certain * 0.6);
    assert_eq!(wins(&textbook(), Goal { booked: 2e7, ..GOAL }), 0.0);
}

#[test]
fn drivers_come_greatest_first() {
    let plan = made(&textbook(), GOAL, &year());
    let drivers = &planned(&plan).drivers;
    assert_eq!(drivers.len(), 2 + 4 + 4);
    assert!(drivers.is_sorted_by(|a, b| a.probability_change >= b.probability_change));
    for driver in drivers {
        let gain = if matches!(driver.lever, Lever::Lag(_)) { 0.0 } else { 1_000_000.0 };
        assert_eq!(driver.amount_change, gain, "{driver:?}");
        assert!((driver.probability_change > 0.2) == (gain > 0.0), "{driver:?}");
    }
}

/// Two hundred futures; each brings 100,000 a month from open individuals, and every other one as
/// much from new ones, over so many months of the goal.
fn under_way(months_in_goal: f64) -> UnderWay {
    let future = |index: usize| Future {
        open_amount: 100_000.0 * months_in_goal,
        new_amount: if index.is_multiple_of(2) { 100_000.0 * months_in_goal } else { 0.0 },
        arrivals: [0.0, 0.0],
    };
    UnderWay {
        futures: (0..200).map(future).collect(),
        open_by_month: vec![100_000.0; 12],
        new_by_month: vec![50_000.0; 12],
        open_by_day: Vec::new(),
        course: None,
    }
}

#[test]
fn the_plan_is_net_of_what_is_under_way() {
    let goal = Goal { amount: 2_000_000.0, booked: 100_000.0, confidence: 0.8 };
    let made = || plan(&textbook(), goal, &year(), under_way(12.0)).expect("sound");
    let net = made();
    assert_eq!((net.open_amount, net.probability_on_present_course), (1_200_000.0, 0.5));
    let planned_net = planned(&net);
    assert_eq!(planned_net.expected.stage_totals[4], 7.0);
    assert_eq!(planned_net.expected.months[3].open_amount, 100_000.0);
    let change = |lever| {
        let driver = planned_net.drivers.iter().find(|driver| driver.lever == lever);
        driver.map(|driver| driver.amount_change)
    };
    assert_eq!(change(Lever::Share(2)), Some(70_000.0));
    assert_eq!(change(Lever::Share(3)), Some(70_000.0 + 120_000.0));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a pool").install(|| format!("{:?}", made()))
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn amounts_before_the_goal_starts_do_not_count() {
    let mut calendar = year();
    calendar.goal_start_day = calendar.month_start_days[9];
    let plan = plan(&textbook(), GOAL, &calendar, under_way(3.0)).expect("sound");
    assert_eq!(plan.open_amount, 300_000.0);
    let planned = planned(&plan);
    assert_eq!((planned.first_useful_day, planned.last_useful_day), (90, 180));
    assert_eq!(planned.expected.new_amount, 9_700_000.0);
}

#[test]
fn wrong_assumptions_are_named() {
    let check = |change: &dyn Fn(&mut Assumptions, &mut Goal), wanted: PlanError| {
        let (mut assumptions, mut goal) = (textbook(), GOAL);
        change(&mut assumptions, &mut goal);
        assert_eq!(plan(&assumptions, goal, &year(), UnderWay::default()), Err(wanted));
    };
    check(&|a, _| a.steps.clear(), PlanError::NoStep);
    check(&|a, _| a.steps[1].share = 1.5, PlanError::Share { step: 1, share: 1.5 });
    check(&|a, _| a.amount = AmountAssumption::Fixed(0.0), PlanError::Amount { mean: 0.0 });
    check(&|_, g| g.confidence = 1.0, PlanError::Confidence { confidence: 1.0 });
    let problem = "its daily shares must rise from at least 0 to 1";
    let falling = |a: &mut Assumptions| a.steps[2].lag = Lag::Empirical(vec![0.5, 0.4]);
    check(&|a, _| falling(a), PlanError::Lag { step: 2, problem });
    let short = UnderWay { open_by_month: vec![0.0; 3], ..under_way(12.0) };
    let wanted = PlanError::Length { given: 3, wanted: 12, of: "months" };
    assert_eq!(plan(&textbook(), GOAL, &year(), short), Err(wanted));
}

/// A company whose worlds are lived one individual at a time: leads become deals, deals are won,
/// and some deals come without a lead. The whole world wins more or less, and what is open brings
/// more or less, which nobody knows beforehand.
struct Lived {
    leads_a_day: f64,
    direct_a_day: f64,
    /// Squared coefficient of variation of the whole world's share of wins.
    win_variation: f64,
    amounts: [f64; 4],
}

const LEAD_TO_DEAL: (f64, f64, f64) = (0.3, 20.0, 50.0);
const DEAL_TO_WON: (f64, f64, f64) = (0.25, 40.0, 90.0);
const OPEN_AMOUNT: f64 = 800_000.0;
const OPEN_VARIATION: f64 = 0.03;

/// What comes to pass in one of its worlds.
struct World {
    future: Future,
    new_by_month: Vec<f64>,
}

impl Lived {
    const USUAL: Self = Self {
        leads_a_day: 3.0,
        direct_a_day: 0.3,
        win_variation: 0.02,
        amounts: [10_000.0, 20_000.0, 30_000.0, 100_000.0],
    };

    /// Lives a year. `lead_days` are the days on which leads come.
    fn live(&self, lead_days: &[usize], random: &mut ChaCha8Rng) -> World {
        let wins = factor(self.win_variation, random);
        let open_amount = OPEN_AMOUNT * factor(OPEN_VARIATION, random);
        let mut deal_days: Vec<usize> =
            lead_days.iter().filter_map(|&day| passed(day, LEAD_TO_DEAL, 1.0, random)).collect();
        for day in 0..365 {
            deal_days.extend((0..poisson(self.direct_a_day, random)).map(|_| day));
        }
        let mut new_by_month = vec![0.0; 12];
        for &day in &deal_days {
            let Some(won) = passed(day, DEAL_TO_WON, wins, random) else { continue };
            let month = months().partition_point(|&first| first <= won as i32) - 1;
            new_by_month[month] += self.amounts[random.random_range(0..self.amounts.len())];
        }
        let new_amount = new_by_month.iter().sum();
        let arrivals = [0.0, deal_days.len() as f64];
        World { future: Future { open_amount, new_amount, arrivals }, new_by_month }
    }

    /// The days of leads on the present course.
    fn course(&self, days: std::ops::Range<usize>, random: &mut ChaCha8Rng) -> Vec<usize> {
        days.flat_map(|day| (0..poisson(self.leads_a_day, random)).map(move |_| day)).collect()
    }

    fn model(&self) -> Model {
        let mut random = stream(1, 0);
        let worlds: Vec<World> = (0..1_500)
            .map(|_| {
                let leads = self.course(0..365, &mut random);
                self.live(&leads, &mut random)
            })
            .collect();
        let in_month = |month: usize| {
            worlds.iter().map(|world| world.new_by_month[month]).sum::<f64>() / worlds.len() as f64
        };
        let arrivals = self.leads_a_day * LEAD_TO_DEAL.0 + self.direct_a_day;
        let direct = vec![vec![0.0; 365], vec![self.direct_a_day; 365]];
        let course = Course {
            entering: vec![self.leads_a_day; 365],
            besides: vec![Source { entering: direct, is_on_the_way: false }],
            arrival_stage: 1,
            arrivals: vec![arrivals; 365],
        };
        let lag = |(share, median_days, p90_days): (f64, f64, f64)| {
            step(share, Lag::LogNormal { median_days, p90_days })
        };
        let assumptions = Assumptions {
            steps: vec![lag(LEAD_TO_DEAL), lag(DEAL_TO_WON)],
            amount: AmountAssumption::Empirical(Sample::new(self.amounts.to_vec())),
        };
        let under_way = UnderWay {
            new_by_month: (0..12).map(in_month).collect(),
            open_by_month: vec![OPEN_AMOUNT / 12.0; 12],
            open_by_day: Vec::new(),
            futures: worlds.into_iter().map(|world| world.future).collect(),
            course: Some(course),
        };
        Model::new(assumptions, &year(), under_way).expect("sound")
    }
}

/// The day on which an individual goes on, if it does within the year.
fn passed(
    day: usize,
    (share, median, p90): (f64, f64, f64),
    factor: f64,
    random: &mut ChaCha8Rng,
) -> Option<usize> {
    let lag = LogNormal::new(f64::ln(median), f64::ln(p90 / median) / 1.281_551_6).expect("sound");
    let later = day + lag.sample(random).round() as usize;
    (random.random::<f64>() < share * factor && later < 365).then_some(later)
}

#[test]
fn a_goal_that_is_the_forecast_asks_for_the_present_course() {
    let model = Lived::USUAL.model();
    let mean: f64 = model.under_way.new_by_month.iter().sum();
    let goal = |amount: f64| Goal { amount, booked: 400_000.0, confidence: 0.8 };
    let options = Options { seed: 3, draws: 4_000 };
    let as_forecast = model.plan(goal(mean + OPEN_AMOUNT + 400_000.0), options).expect("a plan");
    let course = as_forecast.present_course.as_ref().expect("there is a course");
    assert!((course.new_amount / mean - 1.0).abs() < 1e-9, "{course:?}");
    let expected = &planned(&as_forecast).expected;
    assert!((expected.planned_entries / course.planned_entries - 1.0).abs() < 1e-9);
    for (planned, on_course) in expected.months.iter().zip(&course.months) {
        for (planned, on_course) in planned.stages.iter().zip(&on_course.stages) {
            assert!((planned - on_course).abs() < 1e-3 * (1.0 + on_course));
        }
    }
    let probability = as_forecast.probability_on_present_course;
    assert!((0.4..0.6).contains(&probability), "{probability}");
    let planned_probability = planned(&as_forecast).expected_probability;
    assert!((planned_probability - probability).abs() < 0.05, "{planned_probability}");
    // A tenth more of each amount is a goal that is a tenth lower.
    let amount = planned(&as_forecast).drivers.iter().find(|driver| driver.lever == Lever::Amount);
    let at_once = model.present_amounts().share_at_least((mean + OPEN_AMOUNT) / 1.1);
    let change = amount.expect("is among them").probability_change;
    assert!((change - (at_once - probability)).abs() < 1e-3, "{change}");
    // Half of the missing amount: less on all days, and nothing is asked for where all is there.
    let half = model.plan(goal(mean / 2.0 + OPEN_AMOUNT + 400_000.0), options).expect("a plan");
    let less = &planned(&half).expected;
    assert!((less.new_amount / (mean / 2.0) - 1.0).abs() < 1e-9, "{less:?}");
    assert!(less.months[11].stages[0] < course.months[11].stages[0]);
    let none = model.plan(goal(1.0), options).expect("a plan");
    assert_eq!(planned(&none).at_confidence.stage_totals[0], 0.0);
}

/// The days of leads when so many are planned for the days before `until`: with at least as many as
/// come anyway the later days are as on the present course, with fewer all days have fewer.
fn lead_days(lived: &Lived, planned: f64, until: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    let on_course = lived.leads_a_day * until as f64;
    if planned < on_course {
        let leads_a_day = lived.leads_a_day * planned / on_course;
        return Lived { leads_a_day, ..*lived }.course(0..365, random);
    }
    let count = planned.round() as usize;
    let mut leads: Vec<usize> = (0..count).map(|_| random.random_range(0..until)).collect();
    leads.extend(lived.course(until..365, random));
    leads
}

/// In worlds that are lived with the leads which the plan asks for, the goal is reached as often as
/// it says.
fn check_confidence(lived: &Lived, stretch: f64, confidence: f64) {
    const WORLDS: u64 = 1_500;
    let model = lived.model();
    let mean: f64 = model.under_way.new_by_month.iter().sum();
    let goal = Goal { amount: mean * stretch + OPEN_AMOUNT, booked: 0.0, confidence };
    let plan = model.plan(goal, Options { seed: 3, draws: 4_000 }).expect("a plan");
    let Planned { last_useful_day, at_confidence, .. } = planned(&plan);
    let until = *last_useful_day as usize + 1;
    let is_reached = |world: u64| {
        let mut random = stream(77, world);
        let leads = lead_days(lived, at_confidence.planned_entries, until, &mut random);
        let lived = lived.live(&leads, &mut random).future;
        lived.open_amount + lived.new_amount >= goal.amount
    };
    let reached = (0..WORLDS).filter(|&world| is_reached(world)).count() as f64 / WORLDS as f64;
    eprintln!("{reached:.3} of {WORLDS} worlds for {confidence} at {stretch} times the course");
    assert!((reached - confidence).abs() < 0.03, "{reached} of worlds for {confidence}");
}

#[test]
fn the_confidence_holds_in_worlds_that_are_lived() {
    check_confidence(&Lived::USUAL, 1.2, 0.8);
    check_confidence(&Lived::USUAL, 1.05, 0.9);
    check_confidence(&Lived::USUAL, 0.75, 0.6);
    check_confidence(&Lived { win_variation: 1e-9, ..Lived::USUAL }, 1.2, 0.8);
    check_confidence(&Lived { leads_a_day: 0.8, direct_a_day: 0.1, ..Lived::USUAL }, 1.5, 0.7);
}

/// What 1.3 times the present course takes, with a model and what comes of its changes.
fn probability(model: &Model, goal: Goal) -> f64 {
    let plan = model.plan(goal, Options { seed: 3, draws: 4_000 }).expect("a plan");
    plan.probability_on_present_course
}

#[test]
fn a_change_of_nothing_changes_nothing_and_each_change_does_what_its_driver_says() {
    let model = Lived::USUAL.model();
    let mean: f64 = model.under_way.new_by_month.iter().sum();
    let goal = Goal { amount: mean * 1.1 + OPEN_AMOUNT, booked: 0.0, confidence: 0.8 };
    let options = Options { seed: 3, draws: 4_000 };
    let plan = model.plan(goal, options).expect("a plan");
    let same = Changes { shares: vec![1.0; 2], lags: vec![1.0; 2], ..Changes::default() };
    let unchanged = model.changed(&same).expect("sound").plan(goal, options).expect("a plan");
    assert_eq!(format!("{unchanged:?}"), format!("{plan:?}"));
    let before = plan.probability_on_present_course;
    let check = |lever: Lever, changes: Changes| {
        let changed = model.changed(&changes).expect("sound");
        let driver = planned(&plan).drivers.iter().find(|driver| driver.lever == lever);
        let gain = driver.expect("is among them").probability_change;
        assert!((probability(&changed, goal) - before - gain).abs() < 1e-12, "{lever:?}");
        assert!(gain > 0.0, "{lever:?}");
    };
    let none = Changes::default();
    check(Lever::Amount, Changes { amount: 1.1, ..none.clone() });
    check(Lever::Entries, Changes { entries: 1.1, ..none.clone() });
    check(Lever::Share(0), Changes { shares: vec![1.1], ..none.clone() });
    check(Lever::Share(1), Changes { shares: vec![1.0, 1.1], ..none.clone() });
    check(Lever::Lag(1), Changes { lags: vec![1.0, 0.9], ..none.clone() });
    let wrong = model.changed(&Changes { amount: 0.0, ..none });
    assert_eq!(wrong.err(), Some(PlanError::Factor { factor: 0.0 }));
}

/// A world that is lived with better shares is what the changed model expects of it.
#[test]
fn a_changed_course_is_that_of_a_company_which_is_so() {
    let model = Lived::USUAL.model();
    let changes = Changes { entries: 1.5, amount: 1.2, ..Changes::default() };
    let changed = model.changed(&changes).expect("sound");
    let amounts = Lived::USUAL.amounts.map(|amount| amount * 1.2);
    let leads_a_day = Lived::USUAL.leads_a_day * 1.5;
    let other = Lived { leads_a_day, amounts, ..Lived::USUAL }.model();
    let wanted: f64 = other.under_way.new_by_month.iter().sum();
    let found = changed.present_course().expect("there is a course").new_amount;
    assert!((found / wanted - 1.0).abs() < 0.03, "{found} {wanted}");
    let mean = changed.present_amounts().mean();
    assert!((mean / (found + OPEN_AMOUNT * 1.2) - 1.0).abs() < 0.02, "{mean} {found}");
}

#[test]
fn open_individuals_reach_the_target_sooner_when_the_last_lag_is_shorter() {
    let with = |open_by_day: Vec<f64>| {
        let under_way = UnderWay { open_by_day, ..under_way(12.0) };
        Model::new(textbook(), &year(), under_way).expect("sound")
    };
    let twice_as_fast = Changes { lags: vec![1.0, 1.0, 1.0, 0.5], ..Changes::default() };
    let open = |model: &Model| {
        let changed = model.changed(&twice_as_fast).expect("sound");
        let plan = changed.plan(GOAL, Options { seed: 9, draws: 100 }).expect("a plan");
        (plan.open_amount, changed.under_way.futures[0].open_amount)
    };
    let (planned, lived) = open(&with(vec![1.0; 500]));
    assert!((planned / (1_200_000.0 * 500.0 / 365.0) - 1.0).abs() < 1e-9, "{planned}");
    assert!((lived / planned - 1.0).abs() < 1e-9, "{lived}");
    assert_eq!(open(&with(Vec::new())).0, 1_200_000.0, "nothing tells of more");
}
