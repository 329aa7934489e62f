//! From deals and leads to the numbers of the funnel model, and back.
//!
//! The one place that knows which state, segment and amount of `stats::funnel` stands for which
//! stage, product and money. It reads pictures that are cut at an as-of pair already.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use domain::deal::Deal;
use domain::goal::Counts;
use domain::lead::Lead;
use domain::lifecycle::Stay;
use domain::name::plain;
use domain::period::Days;
use domain::stage::{Outcome, Stages};
use domain::time::day_number;
use jiff::civil::Date;
use rayon::prelude::*;
use stats::funnel::history::{FitError, History, Kind, KnownAmount, Move, Path, State};
use stats::funnel::segmentation::{self, Labels};
use uuid::Uuid;

use crate::limits::SEGMENTS_MAX;

/// The share of closed deals that must show stages between creation and closing before the model
/// looks at stages: with less, only what is still open has a stage, which would mislead.
const STAGED_SHARE: f64 = 0.5;

/// Deals as the numbers that `stats::funnel` fits.
#[derive(Clone, Debug)]
pub struct DealModel {
    pub history: History,
    /// How many are open.
    pub open: usize,
    /// The names of the open states, by state index; `won` and `lost` follow them.
    pub open_states: Vec<String>,
    pub closed: usize,
    pub left_out: usize,
    /// By what deals are told apart, once [`DealModel::tell_apart`] has found out.
    pub told_apart_by: Option<&'static str>,
    ways: Vec<(&'static str, Labels)>,
}

impl DealModel {
    /// Prepares deals, each as it stood on the day of their picture.
    pub fn new(deals: &[Deal], stages: &Stages) -> DealModel {
        let mut sound: Vec<&Deal> = deals.iter().filter(|deal| !deal.contradictory).collect();
        sound.sort_by(|a, b| (a.created_at, &a.external_id).cmp(&(b.created_at, &b.external_id)));
        let open_states = open_states(&sound, stages);
        let states = States { open: &open_states };
        let mut model = DealModel {
            history: History { states: states.all(), paths: Vec::new() },
            open: 0,
            closed: 0,
            left_out: deals.len() - sound.len(),
            open_states: Vec::new(),
            told_apart_by: None,
            ways: ways(&sound),
        };
        model.open = sound.iter().filter(|deal| deal.is_open()).count();
        model.closed = sound.len() - model.open;
        model.history.paths = sound.par_iter().map(|deal| states.path(deal)).collect();
        model.open_states = open_states;
        model
    }

    /// Tells deals apart by what would have forecast best by the end of a day; by nothing where
    /// that gains nothing.
    pub fn tell_apart(&mut self, as_of: Date) -> Result<(), FitError> {
        let labels: Vec<Labels> = self.ways.iter().map(|(_, labels)| labels.clone()).collect();
        let best = segmentation::best(&self.history, &labels, day_number(as_of))?;
        self.told_apart_by = best.map(|way| self.ways[way].0);
        for (index, path) in self.history.paths.iter_mut().enumerate() {
            path.segment = best.map_or(0, |way| labels[way][index]);
        }
        Ok(())
    }

    /// The places of the deals that the paths are of, in the order of the paths.
    pub fn sound(&self, deals: &[Deal]) -> Vec<usize> {
        let mut sound: Vec<usize> =
            (0..deals.len()).filter(|place| !deals[*place].contradictory).collect();
        let key = |place: &usize| (deals[*place].created_at, &deals[*place].external_id);
        sound.sort_by(|one, other| key(one).cmp(&key(other)));
        sound
    }

    pub fn won(&self) -> usize {
        self.open_states.len()
    }
}

/// The deals whose revenue counts towards a goal.
pub fn counted(deals: &[Deal], counts: Counts) -> Cow<'_, [Deal]> {
    match counts {
        Counts::All => Cow::Borrowed(deals),
        _ => {
            let counted = deals.par_iter().filter(|deal| counts_towards(deal, counts));
            Cow::Owned(counted.cloned().collect())
        }
    }
}

/// As [`counted`], of deals that nobody else needs.
pub fn into_counted(deals: Vec<Deal>, counts: Counts) -> Vec<Deal> {
    match counts {
        Counts::All => deals,
        _ => deals.into_par_iter().filter(|deal| counts_towards(deal, counts)).collect(),
    }
}

fn counts_towards(deal: &Deal, counts: Counts) -> bool {
    let kind = || plain(deal.deal_type.as_deref().unwrap_or(""));
    let source = || plain(deal.source.as_deref().unwrap_or(""));
    let expansion = ["expansion", "upsell", "crosssell", "existingbusiness", "addon"];
    let retention = ["renewal", "retention", "existingcustomerrenewal"];
    match counts {
        Counts::All => true,
        Counts::New => {
            let kind = kind();
            !expansion.contains(&kind.as_str()) && !retention.contains(&kind.as_str())
        }
        Counts::Expansion => expansion.contains(&kind().as_str()),
        Counts::Retention => retention.contains(&kind().as_str()),
        Counts::Partner => source().contains("partner") || kind().contains("partner"),
    }
}

/// What was won within days, in the minor unit; deals that contradict themselves add nothing.
pub fn won_within(deals: &[Deal], days: Days) -> i64 {
    let sound = deals.iter().filter(|deal| deal.outcome == Outcome::Won && !deal.contradictory);
    let within = sound.filter(|deal| deal.closed_on.is_some_and(|day| days.contains(day)));
    within.filter_map(|deal| deal.amount).map(|amount| amount.minor).sum()
}

/// The states of the model: open stages in their order, then won, then lost.
struct States<'a> {
    open: &'a [String],
}

impl States<'_> {
    fn all(&self) -> Vec<State> {
        let open = State { kind: Kind::Transient, is_target: false };
        let closed = |is_target| State { kind: Kind::Absorbing, is_target };
        let mut states = vec![open; self.open.len()];
        states.extend([closed(true), closed(false)]);
        states
    }

    fn of(&self, stay: &Stay) -> usize {
        match stay.outcome {
            Outcome::Won => self.open.len(),
            Outcome::Lost => self.open.len() + 1,
            Outcome::Open => self.open.iter().position(|name| *name == stay.stage).unwrap_or(0),
        }
    }

    /// The way of one deal. Of a deal that was opened again only the last run counts.
    fn path(&self, deal: &Deal) -> Path {
        let reopened = deal
            .stays
            .windows(2)
            .rposition(|pair| pair[0].outcome != Outcome::Open && pair[1].outcome == Outcome::Open);
        let stays = &deal.stays[reopened.map_or(0, |index| index + 1)..];
        let (entered_on, entry_state) = match stays.first() {
            Some(stay) if stay.outcome == Outcome::Open => (stay.entered_on, self.of(stay)),
            _ => (deal.created_on, 0),
        };
        let mut moves: Vec<Move> = Vec::new();
        let mut state = entry_state;
        for stay in stays {
            let next = self.of(stay);
            if next != state {
                moves.push(Move { day: day_number(stay.entered_on), state: next });
                state = next;
            }
            if stay.outcome != Outcome::Open {
                break;
            }
        }
        let known = |(on, money): &(Date, domain::money::Money)| KnownAmount {
            day: day_number(*on),
            amount: money.minor as f64,
        };
        let amounts = deal.amounts.iter().map(known).collect();
        Path { segment: 0, entered_day: day_number(entered_on), entry_state, moves, amounts }
    }
}

/// What one way to tell deals apart looks at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Feature<'a> {
    Id(Option<Uuid>),
    Text(&'a str),
}

/// The ways in which deals may be told apart, each with a label per deal: those that make at least
/// two groups, and not more than a model can carry.
fn ways(deals: &[&Deal]) -> Vec<(&'static str, Labels)> {
    type Of = for<'a> fn(&'a Deal) -> Feature<'a>;
    let all: [(&'static str, Of); 4] = [
        ("product", |deal| Feature::Id(deal.product)),
        ("source", |deal| Feature::Text(deal.source.as_deref().unwrap_or_default())),
        ("type", |deal| Feature::Text(deal.deal_type.as_deref().unwrap_or_default())),
        ("owner", |deal| Feature::Id(deal.owner)),
    ];
    let way = |&(name, of): &(&'static str, Of)| {
        let (labels, groups) = labels(deals.iter().map(|deal| of(deal)));
        (2..=SEGMENTS_MAX).contains(&groups).then_some((name, labels))
    };
    all.par_iter().filter_map(way).collect()
}

/// Labels in the order in which groups are met, and how many groups there are. Texts are of one
/// group whatever their case, blanks and marks.
fn labels<'a>(features: impl Iterator<Item = Feature<'a>>) -> (Labels, usize) {
    let mut known: BTreeMap<Feature, u32> = BTreeMap::new();
    let mut texts: BTreeMap<String, u32> = BTreeMap::new();
    let mut groups = 0;
    let mut next = || {
        groups += 1;
        groups - 1
    };
    let mut label = |one: Feature<'a>| {
        *known.entry(one).or_insert_with(|| match one {
            Feature::Id(_) => next(),
            Feature::Text(text) => *texts.entry(plain(text)).or_insert_with(&mut next),
        })
    };
    let labels = features.map(&mut label).collect();
    (labels, groups as usize)
}

/// The open stages that the model tells apart: all that deals went through where closed deals
/// show the way that they came, else one state for being open.
fn open_states(deals: &[&Deal], stages: &Stages) -> Vec<String> {
    let closed = deals.iter().filter(|deal| !deal.is_open());
    let staged = closed.clone().filter(|deal| open_stays(deal) > 1).count();
    if (staged as f64) < STAGED_SHARE * closed.count().max(1) as f64 {
        return vec!["open".to_owned()];
    }
    let open = deals.iter().flat_map(|deal| &deal.stays).filter(|s| s.outcome == Outcome::Open);
    let names: BTreeSet<&str> = open.map(|stay| stay.stage.as_str()).collect();
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| stages.position(name).unwrap_or(usize::MAX));
    names.into_iter().map(str::to_owned).collect()
}

fn open_stays(deal: &Deal) -> usize {
    deal.stays.iter().filter(|stay| stay.outcome == Outcome::Open).count()
}

/// The first passages from one stage to another: for each that entered `from`, the days until it
/// reached `to`, was lost, or was last seen.
#[derive(Clone, Debug, Default)]
pub struct Passages {
    pub observations: Vec<stats::survival::Observation>,
    pub entered_on: Vec<Date>,
}

/// Whether a stay is one that the caller looks for.
pub type Matches<'a> = &'a dyn Fn(&Stay) -> bool;

/// Collects first passages over the stays of leads or deals that are open until `as_of`.
pub fn passages<'a>(
    stays: impl Iterator<Item = (Date, &'a [Stay])>,
    from: Option<Matches>,
    to: Matches,
    as_of: Date,
) -> Passages {
    use stats::survival::{Observation, Outcome as Ending};
    let mut passages = Passages::default();
    for (created_on, stays) in stays {
        let entered = match from {
            None => Some((0, created_on)),
            Some(from) => stays.iter().position(from).map(|index| (index, stays[index].entered_on)),
        };
        let Some((index, entered_on)) = entered else { continue };
        let later = &stays[index.min(stays.len())..];
        let arrived = later.iter().find(|stay| to(stay));
        let lost = later.iter().find(|stay| stay.outcome != Outcome::Open && !to(stay));
        let age = |day: Date| (day_number(day) - day_number(entered_on)).unsigned_abs();
        let (age_days, outcome) = match (arrived, lost) {
            (Some(arrived), Some(lost)) if lost.entered_at < arrived.entered_at => {
                (age(lost.entered_on), Ending::Event(1))
            }
            (Some(arrived), _) => (age(arrived.entered_on), Ending::Event(0)),
            (None, Some(lost)) => (age(lost.entered_on), Ending::Event(1)),
            (None, None) => (age(as_of), Ending::Censored),
        };
        passages.observations.push(Observation { age_days, outcome });
        passages.entered_on.push(entered_on);
    }
    passages
}

/// The sound leads in an order that no random id decides.
pub fn sound_leads(leads: &[Lead]) -> Vec<&Lead> {
    let mut sound: Vec<&Lead> = leads.iter().filter(|lead| !lead.contradictory).collect();
    sound.sort_by(|a, b| (a.created_at, &a.external_id).cmp(&(b.created_at, &b.external_id)));
    sound
}
