//! Which of the channels that a journey came through has how large a part in its conversion.
//!
//! Two families. *Path models* share each conversion out over the touches before it, in whole
//! numbers, so that the parts are the conversion to the unit. *Data-driven models* fit one Markov
//! chain to all journeys, those without a conversion too, and ask what it would convert without a
//! channel; their parts are the conversions in total.
//!
//! Everything that is added up is a whole number, so the same journeys give the same bytes in any
//! order and on any number of threads. It knows channels as codes `0..channels` and refuses to
//! know their names, whose journey it is, and where touches come from.

mod chain;
mod path;
mod shapley;

use chain::Chain;
use path::{Scratch, Shares};
use shapley::Values;

/// One conversion in the whole numbers in which path models share it out.
pub const CONVERSION_UNITS: i64 = 1_000_000_000_000;

/// States that a chain may have, of order 1 and 2: solving takes their third power.
pub const STATES_MAX: usize = 1_000;

/// Channels that pairs are counted for: order 2 takes their third power of memory.
pub const PAIRED_CHANNELS_MAX: usize = 100;

/// Channels up to which Shapley values are exact: all of their coalitions are gone through.
pub const EXACT_CHANNELS_MAX: usize = 16;

/// Channels up to which Shapley values are sampled.
pub const SAMPLED_CHANNELS_MAX: usize = 200;

/// A touch: when, in any unit that grows with time, and the channel's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch {
    pub at: i64,
    pub channel: u32,
}

/// The end of a journey that converted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conversion {
    /// In minor units.
    pub value: i64,
    /// When its lead was made, and when its opportunity was, in the unit of the touches.
    pub lead_at: Option<i64>,
    pub opportunity_at: Option<i64>,
}

/// Touches in order of time, and how they ended.
#[derive(Clone, Copy, Debug)]
pub struct Journey<'a> {
    pub touches: &'a [Touch],
    pub conversion: Option<Conversion>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    First,
    Last,
    LastNonDirect,
    Linear,
    UShaped,
    WShaped,
    TimeDecay,
    FullPath,
    Markov1,
    Markov2,
    Shapley,
}

impl Model {
    pub const ALL: [Model; 11] = [
        Model::First,
        Model::Last,
        Model::LastNonDirect,
        Model::Linear,
        Model::UShaped,
        Model::WShaped,
        Model::TimeDecay,
        Model::FullPath,
        Model::Markov1,
        Model::Markov2,
        Model::Shapley,
    ];

    /// The models that look at one conversion at a time.
    const PATH: [Model; 8] = [
        Model::First,
        Model::Last,
        Model::LastNonDirect,
        Model::Linear,
        Model::UShaped,
        Model::WShaped,
        Model::TimeDecay,
        Model::FullPath,
    ];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The number of channels.
    pub channels: usize,
    /// The channel that [`Model::LastNonDirect`] passes over.
    pub direct: Option<u32>,
    /// After so long a touch weighs half as much under [`Model::TimeDecay`]; above 0.
    pub half_life: i64,
}

/// A channel's part.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Credit {
    pub conversions: f64,
    /// In minor units.
    pub value: i64,
}

/// What a model says, or why it says nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// One credit a channel, in the order of their codes.
    Credits(Vec<Credit>),
    /// The same from a sample, with the standard error of each channel's conversions.
    Sampled {
        credits: Vec<Credit>,
        standard_errors: Vec<f64>,
    },
    Unavailable(Lack),
}

/// Why a model says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// No conversion has a lead and an opportunity.
    Milestones,
    /// More channels or pairs of channels than are solved for.
    Size { found: usize, most: usize },
}

/// What all models say of the same journeys.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    pub journeys: u64,
    /// Conversions with a touch before them, which is what models share out.
    pub conversions: u64,
    pub value: i64,
    /// Conversions that no touch came before: nobody's.
    pub untouched: u64,
    pub untouched_value: i64,
    /// In the order of [`Model::ALL`].
    pub models: Vec<(Model, Verdict)>,
}

/// Whole-number sums over journeys.
#[derive(Clone, Debug)]
pub struct Tally {
    settings: Settings,
    journeys: u64,
    conversions: u64,
    value: i128,
    untouched: u64,
    untouched_value: i128,
    /// Conversions with all milestones.
    with_milestones: u64,
    /// By path model and channel.
    shares: Vec<Vec<Shares>>,
    steps: chain::Steps,
    scratch: Scratch,
}

impl Tally {
    #[must_use]
    pub fn new(settings: Settings) -> Tally {
        let channels = settings.channels;
        Tally {
            settings,
            journeys: 0,
            conversions: 0,
            value: 0,
            untouched: 0,
            untouched_value: 0,
            with_milestones: 0,
            shares: vec![vec![Shares::default(); channels]; Model::PATH.len()],
            steps: chain::Steps::new(channels),
            scratch: Scratch::new(channels),
        }
    }

    /// Takes a journey in. One without a touch counts where it converted, and is nobody's.
    ///
    /// # Panics
    /// When a channel's code is not below the number of channels.
    pub fn add(&mut self, journey: Journey<'_>) {
        if journey.touches.is_empty() {
            if let Some(conversion) = journey.conversion {
                self.untouched += 1;
                self.untouched_value += i128::from(conversion.value);
            }
            return;
        }
        self.journeys += 1;
        self.steps.add(journey);
        let Some(conversion) = journey.conversion else { return };
        self.conversions += 1;
        self.value += i128::from(conversion.value);
        let has_all = conversion.lead_at.is_some() && conversion.opportunity_at.is_some();
        self.with_milestones += u64::from(has_all);
        for (model, shares) in Model::PATH.into_iter().zip(&mut self.shares) {
            self.scratch.weigh(model, journey.touches, conversion, &self.settings);
            self.scratch.share_out(conversion.value, shares);
        }
    }

    /// Takes in what another one summed up under the same settings.
    pub fn merge(&mut self, other: Tally) {
        self.journeys += other.journeys;
        self.conversions += other.conversions;
        self.value += other.value;
        self.untouched += other.untouched;
        self.untouched_value += other.untouched_value;
        self.with_milestones += other.with_milestones;
        for (own, others) in self.shares.iter_mut().flatten().zip(other.shares.iter().flatten()) {
            own.units += others.units;
            own.value += others.value;
        }
        self.steps.merge(&other.steps);
    }

    /// What each model says. The sample of [`Model::Shapley`] is drawn from `seed`.
    #[must_use]
    pub fn finish(self, seed: u64) -> Attribution {
        let models = Model::ALL.map(|model| (model, self.verdict(model, seed)));
        Attribution {
            journeys: self.journeys,
            conversions: self.conversions,
            value: saturated(self.value),
            untouched: self.untouched,
            untouched_value: saturated(self.untouched_value),
            models: models.into(),
        }
    }

    fn verdict(&self, model: Model, seed: u64) -> Verdict {
        let channels = self.settings.channels;
        let too_many = |found, most| Verdict::Unavailable(Lack::Size { found, most });
        match model {
            Model::WShaped | Model::FullPath if self.with_milestones == 0 => {
                Verdict::Unavailable(Lack::Milestones)
            }
            Model::Markov1 if channels > STATES_MAX => too_many(channels, STATES_MAX),
            Model::Markov1 => self.removal_credits(&self.steps.order_1()),
            Model::Markov2 if channels > PAIRED_CHANNELS_MAX => {
                too_many(channels, PAIRED_CHANNELS_MAX)
            }
            Model::Markov2 => match self.steps.order_2() {
                chain if chain.states() > STATES_MAX => too_many(chain.states(), STATES_MAX),
                chain => self.removal_credits(&chain),
            },
            Model::Shapley if channels > SAMPLED_CHANNELS_MAX => {
                too_many(channels, SAMPLED_CHANNELS_MAX)
            }
            Model::Shapley => self.shapley(seed),
            path => self.path_credits(path),
        }
    }

    fn path_credits(&self, model: Model) -> Verdict {
        let place = Model::PATH.iter().position(|other| *other == model);
        let shares = place.map_or(&[][..], |place| &self.shares[place]);
        let credit = |share: &Shares| Credit {
            conversions: share.units as f64 / CONVERSION_UNITS as f64,
            value: saturated(share.value),
        };
        Verdict::Credits(shares.iter().map(credit).collect())
    }

    /// Credits in proportion to removal effects: the share of conversions, and of value, that the
    /// chain loses when whoever comes to the channel is lost (Anderl, Becker, von Wangenheim &
    /// Schumann 2016, "Mapping the customer journey", Int. J. Res. Mark. 33, 457–474).
    fn removal_credits(&self, chain: &Chain) -> Verdict {
        let whole = chain.converted();
        let mut lost = vec![[0.0; 2]; self.settings.channels];
        chain.without_each(&mut |channel, left| {
            lost[channel] = [whole[0] - left[0], whole[1] - left[1]].map(|lost| lost.max(0.0));
        });
        Verdict::Credits(self.in_proportion(&lost))
    }

    fn shapley(&self, seed: u64) -> Verdict {
        let chain = self.steps.order_1();
        if self.settings.channels <= EXACT_CHANNELS_MAX {
            return Verdict::Credits(self.in_proportion(&shapley::exact(&chain)));
        }
        let Values { values, standard_errors } = shapley::sampled(&chain, seed);
        Verdict::Sampled { credits: self.in_proportion(&values), standard_errors }
    }

    /// Scales parts of conversions and of value to what there is; value is rounded to minor units
    /// by largest remainder. Where no value is lost with any channel it goes with conversions.
    fn in_proportion(&self, parts: &[[f64; 2]]) -> Vec<Credit> {
        let shares = |which: usize| -> Option<Vec<f64>> {
            let sum: f64 = parts.iter().map(|part| part[which]).sum();
            (sum > 0.0).then(|| parts.iter().map(|part| part[which] / sum).collect())
        };
        let Some(conversions) = shares(0) else { return vec![Credit::default(); parts.len()] };
        let value = shares(1).unwrap_or_else(|| conversions.clone());
        let value: Vec<f64> = value.iter().map(|share| self.value as f64 * share).collect();
        let values = path::rounded(&value, saturated(self.value));
        let credit = |(share, value): (&f64, i64)| Credit {
            conversions: self.conversions as f64 * share,
            value,
        };
        conversions.iter().zip(values).map(credit).collect()
    }
}

fn saturated(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests;
