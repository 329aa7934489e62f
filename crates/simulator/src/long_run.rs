//! What deals come to when each is given all the time that it needs: the figures that an estimator
//! is held to, since an export ends before its last deals do.
//!
//! The hazards depend on the age in the stage, the quarter and the amount, so these figures have no
//! closed form. They are means over two million simulated deals a group, created over three years;
//! the test lives others and must find the same.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::deal::Kind;
use crate::model::{DEALS, PRODUCTS};

/// A group of deals that are drawn alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    pub kind: Kind,
    /// Whether a lead preceded the deal.
    pub from_lead: bool,
}

/// The truth of a group. Deals that never close are left out of all but the first figure.
#[derive(Clone, Copy, Serialize)]
pub struct LongRun {
    /// Share of deals that never close.
    pub never_closing: f64,
    /// Won, of those that close.
    pub win_share: f64,
    /// Whole days from creation to closing of the won; half of them take at most so many.
    pub days_to_win_median: f64,
    pub days_to_win_mean: f64,
    /// The same of the lost.
    pub days_to_loss_median: f64,
    /// Dollars booked by a won deal.
    pub won_amount_mean: f64,
    pub won_amount_sd: f64,
    /// `win_share` by product, in the order of the products.
    pub win_share_by_product: [f64; PRODUCTS.len()],
}

/// As `truth.json` has it.
#[derive(Serialize)]
pub struct InTheLongRun {
    groups: Vec<OfGroup>,
    by_type: BTreeMap<&'static str, OfType>,
}

#[derive(Serialize)]
struct OfGroup {
    #[serde(rename = "type")]
    kind: &'static str,
    from_lead: bool,
    /// How many deals of the group were created.
    deals: u64,
    #[serde(flatten)]
    truth: LongRun,
}

/// Means over the groups of a type, by the number of deals that were created in each; that of the
/// amount by the number of wins to be expected.
#[derive(Serialize)]
struct OfType {
    deals: u64,
    never_closing: f64,
    win_share: f64,
    days_to_win_median: f64,
    days_to_win_mean: f64,
    won_amount_mean: f64,
}

impl InTheLongRun {
    /// `deals`: how many were created, in the order of [`Group::ALL`].
    pub fn of(deals: [u64; Group::ALL.len()]) -> Self {
        let groups = Group::ALL.into_iter().zip(deals).zip(TRUE);
        let groups: Vec<OfGroup> = groups
            .map(|((Group { kind, from_lead }, deals), truth)| OfGroup {
                kind: kind.name(),
                from_lead,
                deals,
                truth,
            })
            .collect();
        let by_type = [Kind::NewBusiness, Kind::Expansion].map(Kind::name);
        let by_type = by_type.map(|kind| (kind, OfType::of(&groups, kind))).into();
        Self { groups, by_type }
    }
}

/// Of new business that leads brought, by product.
pub fn win_share_by_product() -> [f64; PRODUCTS.len()] {
    TRUE[0].win_share_by_product
}

impl OfType {
    fn of(groups: &[OfGroup], kind: &str) -> Self {
        let groups: Vec<&OfGroup> = groups.iter().filter(|group| group.kind == kind).collect();
        let mean = |weight: fn(&OfGroup) -> f64, value: fn(&LongRun) -> f64| {
            let sum: f64 = groups.iter().map(|group| weight(group) * value(&group.truth)).sum();
            sum / groups.iter().map(|group| weight(group)).sum::<f64>().max(1e-9)
        };
        let deals = |group: &OfGroup| group.deals as f64;
        let wins = |group: &OfGroup| group.deals as f64 * group.truth.win_share;
        Self {
            deals: groups.iter().map(|group| group.deals).sum(),
            never_closing: mean(deals, |it| it.never_closing),
            win_share: mean(deals, |it| it.win_share),
            days_to_win_median: mean(wins, |it| it.days_to_win_median),
            days_to_win_mean: mean(wins, |it| it.days_to_win_mean),
            won_amount_mean: mean(wins, |it| it.won_amount_mean),
        }
    }
}

/// Share of MQLs that are accepted, dropped hand-offs included. It depends on the hours until the
/// first contact, and so on the working day: the mean over two million MQLs.
pub const MQL_TO_SAL: f64 = 0.7022;

/// In the order of [`Group::ALL`]; standard errors are below a thousandth of each figure.
const TRUE: [LongRun; Group::ALL.len()] = [
    LongRun {
        never_closing: DEALS.never_closing,
        win_share: 0.2894,
        days_to_win_median: 75.0,
        days_to_win_mean: 85.4,
        days_to_loss_median: 43.0,
        won_amount_mean: 40_765.0,
        won_amount_sd: 38_791.0,
        win_share_by_product: [0.2897, 0.3102, 0.2676, 0.1996, 0.3395],
    },
    LongRun {
        never_closing: DEALS.never_closing,
        win_share: 0.2691,
        days_to_win_median: 76.0,
        days_to_win_mean: 87.9,
        days_to_loss_median: 44.0,
        won_amount_mean: 42_745.0,
        won_amount_sd: 41_920.0,
        win_share_by_product: [0.2706, 0.2944, 0.2515, 0.1831, 0.3229],
    },
    LongRun {
        never_closing: DEALS.never_closing,
        win_share: 0.4753,
        days_to_win_median: 70.0,
        days_to_win_mean: 80.3,
        days_to_loss_median: 43.0,
        won_amount_mean: 24_947.0,
        won_amount_sd: 24_268.0,
        win_share_by_product: [0.4766, 0.4990, 0.4536, 0.3684, 0.5271],
    },
    LongRun {
        never_closing: DEALS.never_closing,
        win_share: 0.4877,
        days_to_win_median: 69.0,
        days_to_win_mean: 79.5,
        days_to_loss_median: 42.0,
        won_amount_mean: 26_375.0,
        won_amount_sd: 26_273.0,
        win_share_by_product: [0.4919, 0.5148, 0.4712, 0.3873, 0.5403],
    },
];

impl Group {
    pub const ALL: [Self; 4] = [
        Self { kind: Kind::NewBusiness, from_lead: true },
        Self { kind: Kind::NewBusiness, from_lead: false },
        Self { kind: Kind::Expansion, from_lead: true },
        Self { kind: Kind::Expansion, from_lead: false },
    ];

    /// Its place in [`Group::ALL`].
    pub fn index(self) -> usize {
        2 * usize::from(self.kind == Kind::Expansion) + usize::from(!self.from_lead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Day, Moment};
    use crate::deal::{self, Deal, Opening};
    use crate::lead::{self, Inquiry};
    use crate::market::Region;
    use crate::model::{CHANNELS, CUSTOMERS, DIRECT, OUTBOUND, PARTNER, PERSONAS};
    use crate::random::{Stream, Subject};
    use crate::{Settings, World};
    use jiff::civil::date;

    /// The demo's three years, in which deals are created, and the time that they are given.
    const CREATED_DAYS: u32 = 1_096;
    const GIVEN_DAYS: u32 = 1_600;

    fn world(days: u32) -> World {
        let start = date(2023, 1, 1);
        let settings = Settings { seed: 1, start, days, leads: 12_000, deals: 2_400, touches: 0 };
        World::new(&settings).unwrap_or_else(|error| panic!("{error}"))
    }

    fn opening(group: Group, stream: &mut Stream, created: Moment) -> Opening {
        let product = stream.weighted(
            PRODUCTS
                .iter()
                .map(|it| it.lead_share * if group.from_lead { it.mql_effect } else { 1.0 }),
        );
        let direct = [CUSTOMERS.direct_outbound_share, CUSTOMERS.direct_partner_share];
        let channel = match (group.from_lead, group.kind) {
            (true, _) => stream.weighted(CHANNELS.iter().map(|it| it.lead_share * it.mql_effect)),
            (false, Kind::Expansion) => DIRECT,
            (false, Kind::NewBusiness) => [OUTBOUND, PARTNER][stream.weighted(direct.into_iter())],
        };
        Opening { created, channel, product, kind: group.kind, region: Region::Europe }
    }

    struct Lived {
        product: usize,
        is_won: bool,
        days: Day,
        amount: f64,
    }

    /// Deals of a group that closed.
    fn lived(group: Group, count: u64) -> Vec<Lived> {
        let (creating, living) = (world(CREATED_DAYS), world(CREATED_DAYS + GIVEN_DAYS));
        let seed = 7 + group.kind as u64 + 2 * u64::from(group.from_lead);
        let live = |index| {
            let mut stream = Stream::of(seed, Subject::Lead, index);
            let created = creating.calendar.arrival(&mut stream);
            let opening = opening(group, &mut stream, created);
            let Deal { last, .. } = deal::live(&living, &mut stream, &opening);
            last.stage.is_closed().then(|| Lived {
                product: opening.product,
                is_won: last.stage == deal::Stage::ClosedWon,
                days: last.close_day - created.day(),
                amount: last.amount.dollars(),
            })
        };
        (0..count).filter_map(live).collect()
    }

    fn summary(lived: &[Lived], count: u64) -> LongRun {
        let won: Vec<&Lived> = lived.iter().filter(|deal| deal.is_won).collect();
        let of_won = won.len() as f64;
        let amounts = mean(won.iter().map(|deal| deal.amount));
        LongRun {
            never_closing: 1.0 - lived.len() as f64 / count as f64,
            win_share: of_won / lived.len() as f64,
            days_to_win_median: median(won.iter().map(|deal| deal.days)),
            days_to_win_mean: mean(won.iter().map(|deal| deal.days as f64)),
            days_to_loss_median: median(lived.iter().filter(|d| !d.is_won).map(|deal| deal.days)),
            won_amount_mean: amounts,
            won_amount_sd: mean(won.iter().map(|deal| (deal.amount - amounts).powi(2))).sqrt(),
            win_share_by_product: std::array::from_fn(|product| {
                let of_product = || lived.iter().filter(|deal| deal.product == product);
                mean(of_product().map(|deal| f64::from(deal.is_won)))
            }),
        }
    }

    fn mean(values: impl Iterator<Item = f64>) -> f64 {
        let (count, sum) = values.fold((0.0, 0.0), |(count, sum), it| (count + 1.0, sum + it));
        sum / count
    }

    fn median(days: impl Iterator<Item = Day>) -> f64 {
        let mut days: Vec<Day> = days.collect();
        days.sort_unstable();
        days[days.len() / 2] as f64
    }

    /// Found and true may differ by four standard errors.
    #[track_caller]
    fn check(name: &str, found: f64, truth: f64, error: f64) {
        assert!((found - truth).abs() <= 4.0 * error, "{name}: {found}, true {truth} ± {error}");
    }

    #[test]
    fn groups_are_in_their_places() {
        for (place, group) in Group::ALL.into_iter().enumerate() {
            assert_eq!(group.index(), place);
        }
    }

    #[test]
    fn a_type_is_the_mean_of_its_groups() {
        let truth = InTheLongRun::of([100, 300, 10, 0]);
        let new = &truth.by_type["New Business"];
        let expected = 0.25 * TRUE[0].win_share + 0.75 * TRUE[1].win_share;
        assert!((new.win_share - expected).abs() < 1e-12, "{}", new.win_share);
        assert_eq!(new.deals, 400);
        assert_eq!(truth.by_type["Expansion"].won_amount_mean, TRUE[2].won_amount_mean);
    }

    /// Of so many inquiries, the number of MQLs and of those that were accepted.
    fn accepted(inquiries: u64) -> [f64; 2] {
        let (creating, living) = (world(CREATED_DAYS), world(CREATED_DAYS + GIVEN_DAYS));
        let mut counts = [0.0; 2];
        for index in 0..inquiries {
            let mut stream = Stream::of(17, Subject::Lead, index);
            let inquiry = Inquiry {
                created: creating.calendar.arrival(&mut stream),
                channel: stream.weighted(CHANNELS.iter().map(|it| it.lead_share)),
                product: stream.weighted(PRODUCTS.iter().map(|it| it.lead_share)),
                persona: stream.weighted(PERSONAS.iter().map(|it| it.share)),
                region: Region::Europe,
            };
            let stages = lead::live(&living, &mut stream, &inquiry);
            for pair in stages.windows(2).filter(|pair| pair[0].stage == lead::Stage::Mql) {
                counts[1] += f64::from(pair[1].stage == lead::Stage::Sal);
            }
            counts[0] += stages.iter().filter(|it| it.stage == lead::Stage::Mql).count() as f64;
        }
        counts
    }

    #[test]
    fn other_leads_are_accepted_as_often() {
        let [mqls, accepted] = accepted(100_000);
        let error = (MQL_TO_SAL * (1.0 - MQL_TO_SAL) / mqls).sqrt();
        check("accepted", accepted / mqls, MQL_TO_SAL, error);
    }

    #[test]
    fn other_deals_come_to_the_same() {
        const COUNT: u64 = 30_000;
        for (group, truth) in Group::ALL.into_iter().zip(TRUE) {
            let lived = lived(group, COUNT);
            let found = summary(&lived, COUNT);
            let closed = lived.len() as f64;
            let won = closed * truth.win_share;
            let share = |share: f64, of: f64| (share * (1.0 - share) / of).sqrt();
            let never = truth.never_closing;
            check("never", found.never_closing, never, share(never, COUNT as f64));
            check("won", found.win_share, truth.win_share, share(truth.win_share, closed));
            // The density of days at the median is about 1 / 120.
            check("median", found.days_to_win_median, truth.days_to_win_median, 60.0 / won.sqrt());
            check("mean", found.days_to_win_mean, truth.days_to_win_mean, 55.0 / won.sqrt());
            let amount_error = truth.won_amount_sd / won.sqrt();
            check("amount", found.won_amount_mean, truth.won_amount_mean, amount_error);
            for (product, &truth) in truth.win_share_by_product.iter().enumerate() {
                let count = lived.iter().filter(|deal| deal.product == product).count() as f64;
                check("product", found.win_share_by_product[product], truth, share(truth, count));
            }
        }
    }
}
