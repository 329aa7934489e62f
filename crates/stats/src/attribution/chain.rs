//! An absorbing Markov chain of journeys, and what it converts when some of its channels are gone.
//!
//! One operation does it all: a state is either *passed* (taken out, with the ways through it
//! joined up; what is left is the same chain watched only while it is elsewhere) or *dropped*
//! (whoever comes to it is lost). Passing states one by one is Gaussian elimination in the form of
//! Grassmann, Taksar & Heyman (1985, "Regenerative analysis and steady state distributions for
//! Markov chains", Oper. Res. 33, 1107–1116): nothing is ever subtracted, so that each figure
//! is right to nearly all of its digits, however rare the conversions.

use super::{Journey, PAIRED_CHANNELS_MAX};

/// How often journeys went from where to where.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    channels: usize,
    /// Whether pairs are counted.
    paired: bool,
    /// From a channel (or the start, last) to a channel, the loss or the conversion.
    single: Vec<u64>,
    /// From a channel before (or the start, last) and a channel, likewise.
    double: Vec<u64>,
    /// The value of the conversions from a channel, and from a pair.
    single_value: Vec<i128>,
    double_value: Vec<i128>,
}

impl Steps {
    pub fn new(channels: usize) -> Steps {
        let paired = channels <= PAIRED_CHANNELS_MAX;
        let known = channels <= super::STATES_MAX;
        let pairs = if paired { (channels + 1) * channels } else { 0 };
        let rows = if known { channels + 1 } else { 0 };
        Steps {
            channels,
            paired,
            single: vec![0; rows * (channels + 2)],
            double: vec![0; pairs * (channels + 2)],
            single_value: vec![0; rows],
            double_value: vec![0; pairs],
        }
    }

    /// Counts a journey with a touch at least.
    pub fn add(&mut self, journey: Journey<'_>) {
        let (start, ends) = (self.channels, self.channels + 2);
        if self.single.is_empty() {
            return;
        }
        let end = self.channels + usize::from(journey.conversion.is_some());
        let value = i128::from(journey.conversion.map_or(0, |conversion| conversion.value));
        let channel = |place: usize| journey.touches.get(place).map(|t| t.channel as usize);
        let (mut before, mut now) = (start, channel(0).unwrap_or(start));
        self.single[start * ends + now] += 1;
        for place in 0..journey.touches.len() {
            let next = channel(place + 1).unwrap_or(end);
            self.single[now * ends + next] += 1;
            if self.paired {
                self.double[(before * self.channels + now) * ends + next] += 1;
            }
            if next >= self.channels {
                self.single_value[now] += value;
                if self.paired {
                    self.double_value[before * self.channels + now] += value;
                }
                return;
            }
            (before, now) = (now, next);
        }
    }

    pub fn merge(&mut self, other: &Steps) {
        let add = |own: &mut [u64], others: &[u64]| {
            own.iter_mut().zip(others).for_each(|(own, other)| *own += other);
        };
        add(&mut self.single, &other.single);
        add(&mut self.double, &other.double);
        let add = |own: &mut [i128], others: &[i128]| {
            own.iter_mut().zip(others).for_each(|(own, other)| *own += other);
        };
        add(&mut self.single_value, &other.single_value);
        add(&mut self.double_value, &other.double_value);
    }

    /// The chain whose states are channels.
    pub fn order_1(&self) -> Chain {
        let channels = self.channels;
        let mut chain = Chain::empty((0..channels).collect());
        for state in 0..=channels {
            let row = &self.single[state * (channels + 2)..(state + 1) * (channels + 2)];
            let to = chain.row_mut(if state == channels { 0 } else { state + 1 });
            for (next, count) in row[..channels].iter().enumerate() {
                to[next + 1] = *count as f64;
            }
            to[channels + 1] = row[channels] as f64;
            to[channels + 2] = row[channels + 1] as f64;
            to[channels + 3] = self.single_value[state] as f64;
        }
        chain
    }

    /// The chain whose states are a channel and the one before it, as far as they were seen.
    pub fn order_2(&self) -> Chain {
        let (channels, ends) = (self.channels, self.channels + 2);
        let row = |pair: usize| &self.double[pair * ends..(pair + 1) * ends];
        let seen: Vec<usize> = (0..(channels + 1) * channels)
            .filter(|pair| row(*pair).iter().any(|count| *count > 0))
            .collect();
        let mut chain = Chain::empty(seen.iter().map(|pair| pair % channels.max(1)).collect());
        let state = |pair: usize| seen.binary_search(&pair).ok().map(|place| place + 1);
        for now in 0..channels {
            if let Some(to) = state(channels * channels + now) {
                chain.row_mut(0)[to] = self.single[channels * ends + now] as f64;
            }
        }
        let states = seen.len();
        for (place, pair) in seen.iter().enumerate() {
            let (row, now) = (row(*pair), pair % channels);
            let to = chain.row_mut(place + 1);
            for (next, count) in row[..channels].iter().enumerate() {
                if let Some(state) = state(now * channels + next) {
                    to[state] = *count as f64;
                }
            }
            to[states + 1] = row[channels] as f64;
            to[states + 2] = row[channels + 1] as f64;
            to[states + 3] = self.double_value[*pair] as f64;
        }
        chain
    }
}

/// What becomes of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Keep,
    Pass,
    Drop,
}

/// Rows of weights: the start, then each state. Columns: the start (never entered), each state,
/// the loss, the conversion, and the value that the conversions bring.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// The channel of each state.
    channel: Vec<usize>,
    weights: Vec<f64>,
}

impl Chain {
    fn empty(channel: Vec<usize>) -> Chain {
        let rows = channel.len() + 1;
        Chain { channel, weights: vec![0.0; rows * (rows + 3)] }
    }

    pub fn states(&self) -> usize {
        self.channel.len()
    }

    /// The channels that its states are of, each once, in order.
    pub fn channels(&self) -> Vec<usize> {
        let mut channels = self.channel.clone();
        channels.sort_unstable();
        channels.dedup();
        channels
    }

    fn stride(&self) -> usize {
        self.channel.len() + 4
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.weights[row * self.stride()..(row + 1) * self.stride()]
    }

    fn row_mut(&mut self, row: usize) -> &mut [f64] {
        let stride = self.stride();
        &mut self.weights[row * stride..(row + 1) * stride]
    }

    /// The journeys that convert, and what that brings, if whoever comes to a state is lost.
    pub fn converted_at_once(&self) -> [f64; 2] {
        let row = self.row(0);
        [row[self.states() + 2], row[self.states() + 3]]
    }

    /// The journeys that convert, and what that brings.
    pub fn converted(&self) -> [f64; 2] {
        self.reduced(|_| Fate::Pass).converted_at_once()
    }

    /// For each channel, what is converted without it. All but one are passed by halves, so
    /// that it takes as long as solving the chain a few times, whatever the number of channels.
    pub fn without_each(&self, found: &mut impl FnMut(usize, [f64; 2])) {
        match self.channels()[..] {
            [] => {}
            [only] => found(only, self.converted_at_once()),
            ref several => {
                let (one, other) = several.split_at(several.len() / 2);
                for half in [one, other] {
                    let fate = |channel: usize| match half.contains(&channel) {
                        true => Fate::Pass,
                        false => Fate::Keep,
                    };
                    self.reduced(fate).without_each(found);
                }
            }
        }
    }

    /// The chain of the states that are kept, once others were passed and dropped.
    pub fn reduced(&self, fate: impl Fn(usize) -> Fate) -> Chain {
        let fates: Vec<Fate> = self.channel.iter().map(|channel| fate(*channel)).collect();
        let mut passing = self.clone();
        for (place, _) in fates.iter().enumerate().filter(|(_, fate)| **fate == Fate::Pass) {
            passing.pass(place + 1);
        }
        let kept: Vec<usize> =
            (0..fates.len()).filter(|place| fates[*place] == Fate::Keep).collect();
        passing.only(&kept)
    }

    /// Joins up the ways through a state; its own row is of no use any more.
    fn pass(&mut self, state: usize) {
        let (stride, states) = (self.stride(), self.states());
        let through: Vec<f64> = self.row(state).to_vec();
        let leaving: f64 = (1..states + 3).filter(|to| *to != state).map(|to| through[to]).sum();
        if leaving <= 0.0 {
            return;
        }
        for (place, row) in self.weights.chunks_exact_mut(stride).enumerate() {
            let entering = row[state];
            if entering == 0.0 || place == state {
                continue;
            }
            let share = entering / leaving;
            for (to, through) in row[1..].iter_mut().zip(&through[1..]) {
                *to += share * through;
            }
            row[state] = 0.0;
        }
        self.row_mut(state).fill(0.0);
    }

    /// What is converted with ever more channels: after each step of an order of all of them,
    /// whoever comes to a later one is lost.
    pub fn along(&self, order: &[usize]) -> Vec<[f64; 2]> {
        let mut chain = self.clone();
        let step = |channel: &usize| {
            for place in (0..chain.states()).filter(|place| self.channel[*place] == *channel) {
                chain.pass(place + 1);
            }
            chain.converted_at_once()
        };
        order.iter().map(step).collect()
    }

    /// Leaves out all states but the kept ones: who comes to those that are dropped is lost.
    fn only(&self, kept: &[usize]) -> Chain {
        let mut chain = Chain::empty(kept.iter().map(|place| self.channel[*place]).collect());
        let states = self.states();
        let lost: Vec<usize> =
            (0..=states).filter(|place| kept.binary_search(place).is_err()).collect();
        for row in 0..=kept.len() {
            let from = self.row(if row == 0 { 0 } else { kept[row - 1] + 1 });
            let to = chain.row_mut(row);
            for (place, state) in kept.iter().enumerate() {
                to[place + 1] = from[state + 1];
            }
            to[kept.len() + 1] = lost.iter().map(|place| from[place + 1]).sum();
            to[kept.len() + 2..].copy_from_slice(&from[states + 2..]);
        }
        chain
    }
}
