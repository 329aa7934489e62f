//! Customers who renew: a won deal comes again a year later, on a known day.

use super::Kind;
use super::arrive::rounded;
use super::run::{Life, Run};
use crate::random::{Stream, Subject};

/// A deal to come, of a customer of today.
pub struct Renewal {
    pub account: u64,
    pub product: usize,
    pub source: usize,
    pub seller: usize,
    pub amount: f64,
}

impl Run<'_> {
    /// Enters the renewals that are due to be entered.
    pub fn renew_due(&mut self, day: i64) {
        for renewal in self.renewals.remove(&day).unwrap_or_default() {
            self.renew(day, &renewal);
        }
    }

    pub fn plan_renewal(&mut self, index: usize, day: i64) {
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
    pub fn old_customers(&mut self) {
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
}
