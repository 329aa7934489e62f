//! The funnel: a semi-Markov model with competing risks, fitted to the paths of individuals.
//!
//! In every transient state the clock is the age in that state. From the paths up to one day come
//! the daily hazards of every next state, the share that never leaves, how fast new individuals
//! arrive and how large the amounts are. Nothing after that day is looked at. The model refuses to
//! know what a state, a segment or an amount stands for.

pub mod amounts;
pub mod arrivals;
pub mod expectation;
mod exposure;
pub mod hazards;
pub mod history;
pub mod pace;
pub mod place;
pub mod reach;
mod runs;
pub mod season;
pub mod segmentation;

use std::collections::BTreeMap;

use amounts::Amounts;
use arrivals::Arrivals;
use exposure::{Exposure, View};
use hazards::Hazards;
use history::{Facts, FitError, History, State, cut};
use place::Periods;
use reach::Reach;

/// The model before it has seen any data: how it is to be fitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unfitted {
    /// Keep each day's own hazard, which gives exactly the Aalen–Johansen curve, with neither
    /// bins nor segments.
    pub unsmoothed: bool,
    /// Periods whose parts differ in pace.
    pub periods: Option<Periods>,
    /// Hazards from the last so many days alone; from all of history without.
    pub recent_days: Option<u32>,
    /// Whether arrivals differ by time of year.
    pub season: bool,
}

/// The model as of one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    pub as_of_day: i32,
    pub states: Vec<State>,
    /// Leaving hazards by state; `None` for a state without exits.
    pub hazards: Vec<Option<Hazards>>,
    /// New individuals, by the state in which they enter.
    pub arrivals: BTreeMap<usize, Arrivals>,
    pub amounts: Amounts,
    /// The periods whose parts differ in pace, where that has been found to hold.
    pub periods: Option<Periods>,
    /// Squared coefficient of variation, beyond chance, of how many reach a target in 30 days
    /// around what the hazards say.
    pub pace_variation: f64,
}

/// A curve that rises by less has been rounded.
const RISE_MIN: f64 = 1e-12;

/// One age of a cumulative curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Days since entering the first state.
    pub age_days: u32,
    /// Individuals still in the first state just before this age.
    pub at_risk: u64,
    /// Share that has reached the other state by the end of this age.
    pub cumulative: f64,
}

impl Unfitted {
    /// Fits the model to what was known at the end of `as_of_day`.
    ///
    /// # Errors
    /// When the states or the paths up to that day contradict themselves; see [`FitError`].
    pub fn fit(&self, history: &History, as_of_day: i32) -> Result<Fitted, FitError> {
        Ok(self.fit_facts(&cut(history, as_of_day)?, &history.states, as_of_day))
    }

    /// Fits the model to facts that are cut at `as_of_day` already.
    pub(crate) fn fit_facts(&self, facts: &Facts, states: &[State], as_of_day: i32) -> Fitted {
        Self::fit_all(std::slice::from_ref(self), facts, states, as_of_day).swap_remove(0)
    }

    /// Fits several forms of the model to the same facts; what forms share is worked out once.
    pub(crate) fn fit_all(
        forms: &[Self],
        facts: &Facts,
        states: &[State],
        as_of_day: i32,
    ) -> Vec<Fitted> {
        let views: Vec<View> = forms.iter().map(|form| form.view(as_of_day)).collect();
        let exposure = Exposure::new(facts, states, &views, as_of_day);
        let amounts = Amounts::fit(&facts.realised);
        let mut fits: Vec<Fitted> = Vec::with_capacity(forms.len());
        for (view, form) in forms.iter().enumerate() {
            let twin = |is_twin: &dyn Fn(&Self) -> bool| forms[..view].iter().position(is_twin);
            let (hazards, pace_variation) = match twin(&|other| other.has_hazards_of(form)) {
                Some(twin) => (fits[twin].hazards.clone(), fits[twin].pace_variation),
                None => form.hazards_and_pace(&exposure, view, states),
            };
            let arrivals = match twin(&|other| other.season == form.season) {
                Some(twin) => fits[twin].arrivals.clone(),
                None => arrivals::fit(&facts.entries, as_of_day, form.season),
            };
            fits.push(Fitted {
                as_of_day,
                states: states.to_vec(),
                hazards,
                arrivals,
                amounts: amounts.clone(),
                periods: views[view].periods.cloned(),
                pace_variation,
            });
        }
        fits
    }

    fn view(&self, as_of_day: i32) -> View<'_> {
        let first_day = |days| as_of_day.saturating_sub_unsigned(days);
        View {
            first_day: self.recent_days.map_or(i32::MIN, first_day),
            periods: self.periods.as_ref().filter(|_| !self.unsmoothed),
        }
    }

    fn has_hazards_of(&self, other: &Self) -> bool {
        Self { season: other.season, ..self.clone() } == *other
    }

    fn hazards_and_pace(
        &self,
        exposure: &Exposure,
        view: usize,
        states: &[State],
    ) -> (Vec<Option<Hazards>>, f64) {
        let hazards = match self.unsmoothed {
            true => Hazards::fit_all_unsmoothed(exposure, view),
            false => Hazards::fit_all(exposure, view),
        };
        let pace_variation = pace::variation(exposure, view, states, &hazards);
        (hazards, pace_variation)
    }
}

impl Fitted {
    /// The probability that an individual that has been in `state` for `age_days` (and is still
    /// there) reaches a target state within `within_days` more days. 0 for an unknown state.
    ///
    /// For many questions build one [`Reach`] and ask it instead.
    #[must_use]
    pub fn probability(&self, segment: u32, state: usize, age_days: u32, within_days: u32) -> f64 {
        let first_day = self.as_of_day.saturating_add(1);
        self.reach(&self.segment_rates(segment), first_day, &[within_days]).aged(state, age_days, 0)
    }

    /// The probability that an individual that enters `state` on the day after the as-of day
    /// reaches a target within `within_days` more days. 0 for an unknown state.
    #[must_use]
    pub fn probability_of_new(&self, segment: u32, state: usize, within_days: u32) -> f64 {
        let horizon = [within_days.saturating_add(1)];
        let first_day = self.as_of_day.saturating_add(1);
        self.reach(&self.segment_rates(segment), first_day, &horizon).fresh(state, 0, within_days)
    }

    /// The curve of first arrivals at `to` of individuals that entered `from` at age 0, all
    /// segments together, as far as `from` has been followed.
    ///
    /// A point stands at every age at which someone left `from` or the curve rises. Unsmoothed and
    /// with `to` directly after `from`, this is the Aalen–Johansen estimate.
    #[must_use]
    pub fn cumulative(&self, from: usize, to: usize) -> Vec<CurvePoint> {
        let Some(hazards) = self.hazards.get(from).and_then(Option::as_ref) else {
            return Vec::new();
        };
        let targets: Vec<bool> = (0..self.states.len()).map(|state| state == to).collect();
        let last = hazards.at_risk.len().saturating_sub(1) as u32;
        let reach = Reach::new(&self.pooled_rates(), &targets, &[last]);
        let mut before = 0.0;
        let point = |(age, &at_risk): (usize, &u64)| {
            let age_days = age as u32;
            let cumulative = reach.fresh(from, 0, age_days);
            let is_point =
                cumulative - before > RISE_MIN || hazards.exits.get(age).is_some_and(|&n| n > 0);
            before = cumulative;
            is_point.then_some(CurvePoint { age_days, at_risk, cumulative })
        };
        hazards.at_risk.iter().enumerate().filter_map(point).collect()
    }

    /// Daily rates of every state for one segment (the pool's for an unknown one).
    #[must_use]
    pub fn segment_rates(&self, segment: u32) -> Vec<Option<hazards::Rates>> {
        let rates = |hazards: &Hazards| hazards.rates(&hazards.segment_factors(segment), 1.0);
        self.hazards.iter().map(|hazards| hazards.as_ref().map(rates)).collect()
    }

    /// Probabilities of reaching a target state with the given rates, `first_day` being the first
    /// day that is lived and the horizons counted from it (1 is that day alone).
    #[must_use]
    pub fn reach(
        &self,
        rates: &[Option<hazards::Rates>],
        first_day: i32,
        horizons_days: &[u32],
    ) -> Reach {
        let targets: Vec<bool> = self.states.iter().map(|state| state.is_target).collect();
        let Some(periods) = &self.periods else {
            return Reach::new(rates, &targets, horizons_days);
        };
        let days = horizons_days.iter().max().copied().unwrap_or(0);
        let parts: Vec<usize> =
            (0..days).map(|day| periods.part(first_day.saturating_add_unsigned(day))).collect();
        Reach::by_part(&self.rates_by_part(rates), &parts, &targets, horizons_days)
    }

    /// Daily rates by part of the period, given those without an effect of place; one part where
    /// all days are alike.
    pub(crate) fn rates_by_part(
        &self,
        rates: &[Option<hazards::Rates>],
    ) -> Vec<Vec<Option<hazards::Rates>>> {
        if self.periods.is_none() {
            return vec![rates.to_vec()];
        }
        let in_part = |part: usize| {
            let states = rates.iter().zip(&self.hazards).map(|(rates, hazards)| {
                let places = hazards.as_ref()?.places.iter();
                let factors: Vec<f64> = places.map(|by_part| by_part[part]).collect();
                Some(rates.as_ref()?.scaled(&factors))
            });
            states.collect()
        };
        (0..place::PARTS).map(in_part).collect()
    }

    fn pooled_rates(&self) -> Vec<Option<hazards::Rates>> {
        let rates = |hazards: &Hazards| hazards.rates(&vec![1.0; hazards.next.len()], 1.0);
        self.hazards.iter().map(|hazards| hazards.as_ref().map(rates)).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::history::{Kind, KnownAmount, Move, Path};
    use super::*;
    use crate::survival::{Observation, Outcome, aalen_johansen};
    use rand::RngExt;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    pub(crate) const OPEN: usize = 0;
    pub(crate) const WON: usize = 1;
    pub(crate) const LOST: usize = 2;

    /// Open, won, lost: 40 % win after 1 to 60 days, 40 % are lost after 1 to 90, 20 % stay.
    pub(crate) fn made_history(seed: u64, people: usize, days: i32) -> History {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let paths = (0..people).map(|_| made_path(&mut random, days)).collect();
        History { states: made_states(), paths }
    }

    pub(crate) fn made_states() -> Vec<State> {
        let absorbing = |is_target| State { kind: Kind::Absorbing, is_target };
        vec![State { kind: Kind::Transient, is_target: false }, absorbing(true), absorbing(false)]
    }

    fn made_path(random: &mut ChaCha8Rng, days: i32) -> Path {
        let entered_day = random.random_range(0..days);
        let (state, longest) = match random.random_range(0..10) {
            0..4 => (WON, 60),
            4..8 => (LOST, 90),
            _ => (OPEN, 1),
        };
        let day = entered_day + random.random_range(1..=longest);
        let moves = if state == OPEN { Vec::new() } else { vec![Move { day, state }] };
        let amount = f64::from(random.random_range(50..150));
        Path {
            segment: random.random_range(0..3),
            entered_day,
            entry_state: OPEN,
            moves,
            amounts: vec![
                KnownAmount { day: entered_day, amount },
                KnownAmount { day, amount: amount * 0.9 },
            ],
        }
    }

    fn fit(history: &History, as_of_day: i32) -> Fitted {
        Unfitted::default().fit(history, as_of_day).expect("a sound history")
    }

    #[test]
    fn unsmoothed_the_curve_is_that_of_aalen_and_johansen() {
        let history = made_history(7, 500, 300);
        let as_of_day = 250;
        let fitted = Unfitted { unsmoothed: true, ..Unfitted::default() }
            .fit(&history, as_of_day)
            .expect("sound");
        let seen = history.paths.iter().filter(|path| path.entered_day <= as_of_day);
        let observations: Vec<_> = seen.map(|path| observed(path, as_of_day)).collect();
        let wanted = aalen_johansen(&observations);
        let points = fitted.cumulative(OPEN, WON);
        assert_eq!(points.len(), wanted.len());
        for (point, want) in points.iter().zip(&wanted) {
            assert_eq!((point.age_days, point.at_risk), (want.age_days, want.at_risk));
            assert!((point.cumulative - want.cumulative[0]).abs() < 1e-12);
        }
    }

    fn observed(path: &Path, as_of_day: i32) -> Observation {
        match path.moves.iter().find(|next| next.day <= as_of_day) {
            Some(next) => Observation {
                age_days: next.day.abs_diff(path.entered_day),
                outcome: Outcome::Event(next.state - 1),
            },
            None => Observation {
                age_days: as_of_day.abs_diff(path.entered_day),
                outcome: Outcome::Censored,
            },
        }
    }

    #[test]
    fn no_later_fact_is_used() {
        let as_of_day = 200;
        let history = made_history(11, 800, 400);
        let mut altered = history.clone();
        for path in &mut altered.paths {
            path.moves.retain(|next| next.day <= as_of_day);
            path.amounts.retain(|known| known.day <= as_of_day);
            path.moves.push(Move { day: as_of_day + 1, state: 99 });
            path.moves.push(Move { day: as_of_day - 9, state: LOST });
            path.amounts.push(KnownAmount { day: as_of_day + 1, amount: f64::NAN });
        }
        altered.paths.retain(|path| path.entered_day <= as_of_day);
        let bytes = |history| format!("{:?}", fit(history, as_of_day));
        assert_eq!(bytes(&history), bytes(&altered));
    }

    #[test]
    fn contradictions_are_named() {
        let moves = |list: &[(i32, usize)]| -> Vec<Move> {
            list.iter().map(|&(day, state)| Move { day, state }).collect()
        };
        let check = |list: &[(i32, usize)], wanted: FitError| {
            let mut history = made_history(1, 1, 1);
            history.paths[0].moves = moves(list);
            assert_eq!(Unfitted::default().fit(&history, 50), Err(wanted));
        };
        let (path, states) = (0, 3);
        check(&[(1, 7)], FitError::UnknownState { path, state: 7, states });
        check(&[(-1, WON)], FitError::OutOfOrder { path, day: -1 });
        check(&[(1, OPEN)], FitError::MovedNowhere { path, state: OPEN, day: 1 });
        check(&[(1, WON), (2, LOST)], FitError::LeftAbsorbing { path, state: WON, day: 2 });
        let early = Unfitted::default().fit(&made_history(1, 1, 1), -1);
        assert_eq!(early, Err(FitError::NobodyEntered { as_of_day: -1 }));
    }

    #[test]
    fn the_fit_finds_the_truth_it_was_made_from() {
        let fitted = fit(&made_history(3, 20_000, 800), 800);
        let hazards = fitted.hazards[OPEN].as_ref().expect("people were open");
        assert!(hazards.follow_up_suffices);
        assert!((hazards.never_leaving_share - 0.2).abs() < 0.02);
        let check = |age, within, truth: f64| {
            let found = fitted.probability(0, OPEN, age, within);
            assert!((found - truth).abs() < 0.03, "{age} {within}: {found} is not {truth}");
        };
        check(0, 30, 0.2);
        check(0, 60, 0.4);
        let still_there = 0.2 + 0.4 * 0.5 + 0.4 * (60.0 / 90.0);
        check(30, 15, 0.1 / still_there);
        check(200, 100, 0.0);
        let arrivals = &fitted.arrivals[&OPEN];
        assert!((arrivals.rate_per_day / 25.0 - 1.0).abs() < 0.1, "{arrivals:?}");
        assert!((fitted.amounts.mean(1) - 90.0).abs() < 2.0);
        let ratio = fitted.amounts.realised_ratio.as_ref().expect("enough ratios");
        assert!((ratio.mean() - 0.9).abs() < 1e-12);
    }
}
