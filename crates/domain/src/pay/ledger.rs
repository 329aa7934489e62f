//! What facts come to, as they were seen on one day: every amount by payee, period and deal.

use super::counted::Counted;
use super::credit::{Credit, Roster, place_of};
use super::exact::Overflow;
use super::facts::{Facts, Seen, State};
use super::plan::{Hold, Plan};
use super::quota::{quota, targets};
use super::rates::Scale;
use super::relay::Outcome;
use super::statement::{Attainment, Commission, Source, Working};
use crate::period::{Days, Period};
use crate::time::day_number;

/// Stands for no deal.
pub(super) const NO_DEAL: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub payee: u32,
    pub place: u16,
    pub source: Source,
    pub deal: u32,
    pub amount: i64,
    pub working: Working,
}

impl Entry {
    pub fn key(&self) -> (u32, u16, Source, u32) {
        (self.payee, self.place, self.source, self.deal)
    }
}

/// What stays the same from one day to another.
pub(super) struct Setting<'p> {
    pub plan: &'p Plan,
    pub facts: &'p Facts,
    pub roster: Roster<'p>,
    pub periods: Vec<(Period, Days)>,
    pub days: Vec<Days>,
    /// For each payee, the place of the first period of employment.
    pub first_places: Vec<usize>,
}

/// Of one measure of one payee in one period.
pub(super) type Attained = ((u32, u16, u16), Attainment);

pub(super) struct Ledger {
    /// In the order of their keys.
    pub entries: Vec<Entry>,
    pub attained: Vec<Attained>,
}

impl Setting<'_> {
    pub fn ledger(&self, states: &[State<'_>], seen: Seen) -> Result<Ledger, Overflow> {
        let credits = self.roster.credits(states, &self.days);
        let mut ledger = Ledger { entries: Vec::new(), attained: Vec::new() };
        let key = |credit: &Credit| (credit.payee, credit.place, credit.measure);
        for credits in credits.chunk_by(|one, other| key(one) == key(other)) {
            self.commission(credits, states, &mut ledger)?;
        }
        self.spiffs(states, &mut ledger.entries);
        self.consequences(states, &mut ledger.entries)?;
        self.relay(seen, &mut ledger.entries);
        // Stable: the pieces of one deal stay in the order of their tiers.
        ledger.entries.sort_by_key(Entry::key);
        Ok(ledger)
    }

    fn commission(
        &self,
        credits: &[Credit],
        states: &[State<'_>],
        ledger: &mut Ledger,
    ) -> Result<(), Overflow> {
        let Some(&Credit { payee, place, measure, .. }) = credits.first() else { return Ok(()) };
        let terms = self.plan.terms();
        let (person, index) = (&terms.payees[payee as usize], usize::from(measure));
        let (period, _) = self.periods[usize::from(place)];
        let at = (period, usize::from(place));
        let first = self.first_places[payee as usize];
        let Some(quota) = quota(terms, person, index, at, first)? else { return Ok(()) };
        let target = targets(terms, person, period)?[index];
        let scale = Scale::new(&terms.measures[index], (quota.minor, target), terms.rounding)?;
        let amounts: Vec<i64> = credits.iter().map(|credit| credit.amount).collect();
        let credit = super::exact::sum(amounts.iter().copied())?;
        ledger.attained.push(((payee, place, measure), Attainment { quota, credit }));
        for (nth, piece) in scale.pieces(&amounts)? {
            let Credit { deal, amount, through, .. } = credits[nth];
            let working = Working::Commission(Commission {
                measure,
                deal_amount: states[deal as usize].won.map_or(0, |won| won.amount),
                deal_credit: amount,
                credit: piece.credit,
                base: piece.base,
                from: piece.from,
                multiplier: piece.multiplier,
                quota: quota.minor,
                earned: piece.earned,
                cap: scale.cap().filter(|_| piece.paid < piece.earned),
                is_below_threshold: piece.is_below_threshold,
                through,
            });
            let source = Source::Commission(measure);
            ledger.entries.push(Entry { payee, place, source, deal, amount: piece.paid, working });
        }
        Ok(())
    }

    fn spiffs(&self, states: &[State<'_>], entries: &mut Vec<Entry>) {
        for (number, spiff) in (0..).zip(&self.plan.terms().spiffs) {
            for (deal, state) in (0..).zip(states) {
                let won = state.won.filter(|_| state.of == Counted::REVENUE);
                let Some(won) = won else { continue };
                let Some(place) = place_of(won.on, &self.days) else { continue };
                let lacks_tag = spiff.only.as_ref().is_some_and(|tag| !won.tags.contains(tag));
                let in_time = spiff.from <= won.on && won.on <= spiff.to;
                if !in_time || lacks_tag || won.amount < spiff.min_amount {
                    continue;
                }
                let parts = self.roster.parts(won, spiff.amount);
                for ((id, amount), (_, share)) in parts.into_iter().zip(&won.splits) {
                    let Some(payee) = self.roster.payee(id) else { continue };
                    if self.roster.employed(payee, won) {
                        let (source, share) = (Source::Spiff(number), *share);
                        let working = Working::Spiff { spiff: number, whole: spiff.amount, share };
                        entries.push(Entry { payee, place, source, deal, amount, working });
                    }
                }
            }
        }
    }

    /// What becomes of earned pay: held, released, taken back.
    fn consequences(&self, states: &[State<'_>], entries: &mut Vec<Entry>) -> Result<(), Overflow> {
        let terms = self.plan.terms();
        if terms.hold == Hold::None && terms.clawback_days.is_none() {
            return Ok(());
        }
        entries.sort_by_key(|entry| (entry.payee, entry.deal));
        let mut following = Vec::new();
        let same = |one: &Entry, other: &Entry| (one.payee, one.deal) == (other.payee, other.deal);
        for earned in entries.chunk_by(same) {
            let amount = super::exact::sum(earned.iter().map(|entry| entry.amount))?;
            if amount != 0 {
                self.follow(Entry { amount, ..earned[0] }, states, &mut following);
            }
        }
        entries.extend(following);
        Ok(())
    }

    fn follow(&self, earned: Entry, states: &[State<'_>], following: &mut Vec<Entry>) {
        let terms = self.plan.terms();
        let state = states[earned.deal as usize];
        let won = state.won.filter(|_| state.of.metric.is_of_wins());
        let Some(won) = won else { return };
        let place = |day| place_of(day, &self.days).map(|place| place.max(earned.place));
        let within_days = terms.clawback_days.unwrap_or(0);
        let in_window = |day: &jiff::civil::Date| {
            terms.clawback_days.is_some()
                && i64::from(day_number(*day)) - i64::from(day_number(won.on))
                    <= i64::from(within_days)
        };
        let cancelled_on = state.cancelled_on.filter(in_window);
        let settled_on = match terms.hold {
            Hold::None => Some(won.on),
            Hold::UntilInvoice => state.invoiced_on,
            Hold::UntilCash => state.paid_on,
        };
        let freed_on = match (settled_on, cancelled_on) {
            (Some(settled), Some(cancelled)) => Some(settled.min(cancelled)),
            (settled, cancelled) => settled.or(cancelled),
        };
        let freed = freed_on.and_then(|on| Some((on, place(on)?)));
        if freed.is_none_or(|(_, freed)| freed > earned.place) {
            let working = Working::Hold { until_cash: terms.hold == Hold::UntilCash };
            let amount = -earned.amount;
            following.push(Entry { source: Source::Hold, amount, working, ..earned });
            if let Some((on, place)) = freed {
                let cancelled = settled_on.is_none_or(|settled| on < settled);
                let working = Working::Release { on, cancelled };
                following.push(Entry { source: Source::Release, place, working, ..earned });
            }
        }
        if let Some((cancelled_on, place)) = cancelled_on.and_then(|on| Some((on, place(on)?))) {
            let working = Working::Clawback { won_on: won.on, cancelled_on, within_days };
            let amount = -earned.amount;
            let source = Source::Clawback;
            following.push(Entry { source, place, amount, working, ..earned });
        }
    }

    fn relay(&self, seen: Seen, entries: &mut Vec<Entry>) {
        let Some(relay) = &self.plan.terms().relay else { return };
        let at = self.periods.iter().position(|(period, _)| *period == relay.period);
        let Some(place) = at.and_then(|place| u16::try_from(place).ok()) else { return };
        if seen.effective_on < self.days[usize::from(place)].last {
            return;
        }
        let outcome = relay.outcome(&self.facts.judgements, seen.known_on);
        let Outcome::Met(shares) = outcome else { return };
        for (id, amount) in shares {
            let Some(payee) = self.roster.payee(&id) else { continue };
            let working = Working::Relay { pool: relay.pool };
            let (source, deal) = (Source::Relay, NO_DEAL);
            entries.push(Entry { payee, place, source, deal, amount, working });
        }
    }
}
