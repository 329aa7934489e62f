//! The firm's leads and deals as values in place of files, for those who need many firms, each from
//! a seed of its own. They are what the exports would tell, and the truth is that of `truth.json`.

use crate::deal::{self, Deal, Opening};
use crate::export::Sink;
use crate::lead::Change;
use crate::model::PRODUCTS;
use crate::random::{Stream, Subject};
use crate::truth::Truth;
use crate::{Error, Settings, World, story};

/// All that became of the leads and deals by the end. Days count from the first, which is 0; the
/// last is `days - 1`.
#[derive(Clone, Debug)]
pub struct Lives {
    pub leads: Vec<LeadLife>,
    pub deals: Vec<DealLife>,
    /// What `truth.json` would hold.
    pub truth: serde_json::Value,
}

/// The stages that a lead entered, its arrival as the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadLife {
    pub stays: Vec<Stay>,
}

/// The entry into a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    pub day: i32,
    pub stage: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DealLife {
    /// The type as the export has it: `New Business` or `Expansion`.
    pub kind: &'static str,
    pub product: &'static str,
    pub from_lead: bool,
    pub created_day: i32,
    /// None of a deal that is open at the end.
    pub closing: Option<Closing>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closing {
    pub day: i32,
    pub is_won: bool,
    pub dollars: f64,
}

/// Simulates the firm and writes nothing. The number of leads is drawn too, as arrivals of a real
/// firm are: a Poisson number of the mean that the settings and the truth name.
///
/// # Errors
/// Settings outside the limits, and dates that leave the calendar.
pub fn live(settings: &Settings) -> Result<Lives, Error> {
    let mut world = World::new(settings)?;
    let mut sink = Sink::keeping()?;
    let mut stream = Stream::of(settings.seed, Subject::Volume, 0);
    world.settings.leads = stream.poisson(settings.leads as f64);
    story::tell(&world, &mut sink)?;
    world.settings.leads = settings.leads;
    let files = sink.finish()?;
    let Kept { leads, deals } = sink.kept.take().unwrap_or_default();
    let truth = Truth::of(&world, &sink.totals, &files);
    let truth = serde_json::to_value(truth).map_err(Error::Truth)?;
    Ok(Lives { leads, deals, truth })
}

/// What is kept while the story is told.
#[derive(Default)]
pub struct Kept {
    leads: Vec<LeadLife>,
    deals: Vec<DealLife>,
}

impl Kept {
    pub(crate) fn lead(&mut self, changes: &[Change]) {
        let stay =
            |change: &Change| Stay { day: change.at.day() as i32, stage: change.stage.name() };
        self.leads.push(LeadLife { stays: changes.iter().map(stay).collect() });
    }

    pub(crate) fn deal(&mut self, opening: &Opening, deal: &Deal, from_lead: bool) {
        let last = &deal.last;
        let closing = last.stage.is_closed().then(|| Closing {
            day: last.close_day as i32,
            is_won: last.stage == deal::Stage::ClosedWon,
            dollars: last.amount.dollars(),
        });
        self.deals.push(DealLife {
            kind: opening.kind.name(),
            product: PRODUCTS[opening.product].name,
            from_lead,
            created_day: opening.created.day() as i32,
            closing,
        });
    }
}
