//! Path models: one conversion shared out over the touches before it, in whole numbers.
//!
//! A model is a weight for each touch; the weights of a channel's touches add up, and the
//! conversion is shared out in proportion by largest remainder (Hamilton's method), the lower
//! code first where remainders are equal. So parts are the whole, to the unit.

use super::{CONVERSION_UNITS, Conversion, Model, Settings, Touch};

/// A weight of 1 under time decay; what weighs less than one of these weighs nothing.
const DECAY_UNITS: f64 = (1_u64 << 40) as f64;

/// What a channel has been given so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shares {
    /// In [`CONVERSION_UNITS`].
    pub units: i128,
    /// In minor units.
    pub value: i128,
}

/// The weights of one conversion's channels; memory that is used anew for each.
#[derive(Clone, Debug)]
pub(super) struct Scratch {
    /// By channel; 0 for those that are not in `used`.
    weight: Vec<u64>,
    /// Channels with a weight.
    used: Vec<u32>,
    /// Remainder and channel, while a whole is shared out.
    remainders: Vec<(u128, u32)>,
    /// Places of touches with a role of their own.
    roles: Vec<usize>,
}

impl Scratch {
    pub fn new(channels: usize) -> Scratch {
        Scratch {
            weight: vec![0; channels],
            used: Vec::new(),
            remainders: Vec::new(),
            roles: Vec::new(),
        }
    }

    /// Sets the weights that a path model gives; there is at least one touch.
    pub fn weigh(
        &mut self,
        model: Model,
        touches: &[Touch],
        conversion: Conversion,
        settings: &Settings,
    ) {
        self.clear();
        let last = touches.len() - 1;
        match model {
            Model::First => self.give(touches[0].channel, 1),
            Model::LastNonDirect => {
                let is_other = |touch: &&Touch| Some(touch.channel) != settings.direct;
                let found = touches.iter().rev().find(is_other).unwrap_or(&touches[last]);
                self.give(found.channel, 1);
            }
            Model::Linear => touches.iter().for_each(|touch| self.give(touch.channel, 1)),
            Model::TimeDecay => self.decay(touches, settings.half_life),
            Model::UShaped => self.by_role(touches, &[Some(0), Some(last)], [40, 20]),
            Model::WShaped => {
                let [lead, opportunity] = milestones(touches, conversion);
                self.by_role(touches, &[Some(0), lead, opportunity], [30, 10]);
            }
            Model::FullPath => {
                let [lead, opportunity] = milestones(touches, conversion);
                self.by_role(touches, &[Some(0), lead, opportunity, Some(last)], [225, 100]);
            }
            _ => self.give(touches[last].channel, 1),
        }
    }

    fn clear(&mut self) {
        for channel in self.used.drain(..) {
            self.weight[channel as usize] = 0;
        }
    }

    fn give(&mut self, channel: u32, weight: u64) {
        let held = &mut self.weight[channel as usize];
        if *held == 0 && weight > 0 {
            self.used.push(channel);
        }
        *held += weight;
    }

    /// A touch weighs half as much for each half-life that it lies before the last one.
    fn decay(&mut self, touches: &[Touch], half_life: i64) {
        let last = touches.last().map_or(0, |touch| touch.at);
        let half_life = half_life.max(1) as f64;
        for touch in touches {
            let age = last.saturating_sub(touch.at) as f64 / half_life;
            self.give(touch.channel, (libm::exp2(-age) * DECAY_UNITS) as u64);
        }
    }

    /// `of_roles` to the touch of each role, and `of_rest` to the others together; a touch of two
    /// roles has both parts, and a role that nothing fills has none. Without others, or without
    /// roles, the rest of them have it all.
    fn by_role(&mut self, touches: &[Touch], roles: &[Option<usize>], parts: [u64; 2]) {
        let [of_role, of_rest] = parts;
        self.roles.clear();
        self.roles.extend(roles.iter().flatten());
        let roles = std::mem::take(&mut self.roles);
        let mut distinct = roles.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let others = (touches.len() - distinct.len()) as u64;
        for place in &roles {
            self.give(touches[*place].channel, of_role * others.max(1));
        }
        if others > 0 {
            let is_other = |place: &usize| distinct.binary_search(place).is_err();
            for place in (0..touches.len()).filter(is_other) {
                self.give(touches[place].channel, of_rest);
            }
        }
        self.roles = roles;
    }

    /// Adds the parts of one conversion, and of its value, to what channels have.
    pub fn share_out(&mut self, value: i64, shares: &mut [Shares]) {
        if let [only] = self.used[..] {
            let share = &mut shares[only as usize];
            share.units += i128::from(CONVERSION_UNITS);
            share.value += i128::from(value);
            return;
        }
        self.used.sort_unstable();
        self.parts(CONVERSION_UNITS.unsigned_abs(), |channel, part| {
            shares[channel as usize].units += i128::from(part);
        });
        let sign = i128::from(value.signum());
        self.parts(value.unsigned_abs(), |channel, part| {
            shares[channel as usize].value += sign * i128::from(part);
        });
    }

    /// Parts of a whole by largest remainder.
    fn parts(&mut self, whole: u64, mut give: impl FnMut(u32, u64)) {
        let total: u128 = self.used.iter().map(|c| u128::from(self.weight[*c as usize])).sum();
        let mut left = whole;
        self.remainders.clear();
        for channel in &self.used {
            let product = u128::from(whole) * u128::from(self.weight[*channel as usize]);
            // Most products fit 64 bits, which divide much faster.
            let (part, remainder) = match (u64::try_from(product), u64::try_from(total)) {
                (Ok(product), Ok(total)) => (product / total, u128::from(product % total)),
                _ => ((product / total) as u64, product % total),
            };
            left -= part;
            give(*channel, part);
            self.remainders.push((remainder, *channel));
        }
        if left > 0 {
            self.remainders.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            let ahead = usize::try_from(left).unwrap_or(usize::MAX);
            self.remainders.iter().take(ahead).for_each(|(_, channel)| give(*channel, 1));
        }
    }
}

/// The touches by which the lead and the opportunity were made: the last one up to then, or the
/// first of all where none came before.
fn milestones(touches: &[Touch], conversion: Conversion) -> [Option<usize>; 2] {
    [conversion.lead_at, conversion.opportunity_at].map(|at| {
        let at = at?;
        Some(touches.partition_point(|touch| touch.at <= at).saturating_sub(1))
    })
}

/// Whole numbers as near to `exact` as sums to `total`: by largest remainder.
pub(super) fn rounded(exact: &[f64], total: i64) -> Vec<i64> {
    let mut whole: Vec<i64> = exact.iter().map(|value| value.floor() as i64).collect();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    let remainder = |place: usize| exact[place] - exact[place].floor();
    order.sort_by(|a, b| remainder(*b).total_cmp(&remainder(*a)).then(a.cmp(b)));
    let left = total - whole.iter().sum::<i64>();
    let times = usize::try_from(left.unsigned_abs()).unwrap_or(usize::MAX);
    for place in order.iter().cycle().take(times) {
        whole[*place] += left.signum();
    }
    whole
}
