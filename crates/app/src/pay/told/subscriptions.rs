//! Subscriptions that were kept over a period or renewed in it, for who owns their account.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::history::{Fact as Told, Latest};
use domain::kind::Kind;
use domain::pay::counted::{Counted, Metric};
use domain::pay::facts::{Fact, What, Won};
use domain::pay::limits::PERIODS_MAX;
use domain::period::{Days, Period};
use domain::value::Value;
use jiff::ToSpan;
use jiff::civil::Date;
use uuid::Uuid;

use super::Found;
use crate::context::Context;
use crate::error::Error;
use crate::world::World;

/// Days after its end within which another one renews a subscription.
const RENEWED_WITHIN_DAYS: i64 = 31;

struct Subscription {
    id: Uuid,
    external_id: String,
    account: Option<Uuid>,
    product: Option<Uuid>,
    started_on: Option<Date>,
    ended_on: Option<Date>,
    monthly_minor: Option<i64>,
}

/// Each subscription in each period that is over by the as-of day, from the first ones on, over
/// which it was kept, as `renewed_monthly_amount` of the catalogue has it. It counts on the last
/// day.
pub(super) async fn kept(
    (context, world): (&Context, &World),
    first_periods: &BTreeSet<Period>,
    products: &BTreeMap<Uuid, String>,
) -> Result<Vec<Found>, Error> {
    let all = subscriptions(context, world).await?;
    let owners = world.account_owners().await?;
    let followed = followed(&all);
    let mut found = Vec::new();
    for (period, days) in periods(context, world, first_periods) {
        for one in all.iter().filter(|one| one.is_kept(days, followed.contains(&one.id))) {
            let owner = one.account.and_then(|account| owners.get(&account)).copied();
            let won = |amount| Won {
                on: days.last,
                amount,
                owner: owner.map(|owner| owner.to_string()).unwrap_or_default(),
                splits: Vec::new(),
                tags: one.product.and_then(|it| products.get(&it)).cloned().into_iter().collect(),
                touched: Vec::new(),
            };
            let fact = |amount| Fact {
                of: Counted { metric: Metric::RenewedMonthlyAmount, by_touch: false },
                deal: name(&one.external_id, period),
                known_on: days.last,
                what: What::Won(won(amount)),
            };
            let facts = one.monthly_minor.map(fact).into_iter().collect();
            found.push(Found { record: one.id, owner, facts });
        }
    }
    Ok(found)
}

/// What a subscription is called that counts in a period.
fn name(external_id: &str, period: Period) -> String {
    format!("{external_id} in {period}")
}

/// Whether a fact of a subscription is of a period as long as another.
pub(in crate::pay) fn is_as_long(fact: &Fact, period: Period) -> bool {
    let named = fact.deal.rsplit_once(" in ").and_then(|(_, text)| text.parse::<Period>().ok());
    named.is_some_and(|it| std::mem::discriminant(&it) == std::mem::discriminant(&period))
}

impl Subscription {
    fn is_kept(&self, days: Days, is_followed: bool) -> bool {
        let runs = self.started_on.is_some_and(|on| on <= days.first)
            && self.ended_on.is_none_or(|on| on >= days.first);
        runs && (is_followed || self.ended_on.is_none_or(|on| on > days.last))
    }
}

async fn subscriptions(context: &Context, world: &World) -> Result<Vec<Subscription>, Error> {
    let currency = context.company.currency;
    let subscription = |id: Uuid, facts: &[Told]| {
        let last = Latest(facts);
        if last.get("deleted") == Some(&Value::Boolean(true)) {
            return None;
        }
        let reference = |field: &str| last.get(field).and_then(Value::as_reference);
        let date = |field: &str| match last.get(field) {
            Some(Value::Date(date)) => Some(*date),
            _ => None,
        };
        let monthly = last.get("monthly_amount").and_then(Value::as_money);
        let monthly = monthly.filter(|monthly| monthly.currency == currency);
        Some(Subscription {
            id,
            external_id: last.text("external_id").map_or_else(|| id.to_string(), str::to_owned),
            account: reference("account"),
            product: reference("product"),
            started_on: date("started_on"),
            ended_on: date("ended_on"),
            monthly_minor: monthly.map(|monthly| monthly.minor),
        })
    };
    Ok(world.tables.records(Kind::Subscriptions, subscription).await?.records)
}

/// The account, and the product that it has.
type Had = (Uuid, Option<Uuid>);

/// Subscriptions that another one of the same account and product follows in time.
fn followed(all: &[Subscription]) -> BTreeSet<Uuid> {
    let mut begun: HashMap<Had, Vec<(Date, Uuid)>> = HashMap::new();
    for one in all {
        if let (Some(account), Some(on)) = (one.account, one.started_on) {
            begun.entry((account, one.product)).or_default().push((on, one.id));
        }
    }
    let is_followed = |one: &&Subscription| {
        let (Some(account), Some(ended)) = (one.account, one.ended_on) else { return false };
        let until = ended.saturating_add(RENEWED_WITHIN_DAYS.days());
        let mut others = begun.get(&(account, one.product)).into_iter().flatten();
        others.any(|(on, id)| *id != one.id && ended <= *on && *on <= until)
    };
    all.iter().filter(is_followed).map(|one| one.id).collect()
}

/// The periods from each first one on that are over by the as-of day.
fn periods(
    context: &Context,
    world: &World,
    first_periods: &BTreeSet<Period>,
) -> Vec<(Period, Days)> {
    let calendar = context.company.calendar;
    let mut all: BTreeSet<Period> = BTreeSet::new();
    for first in first_periods {
        let over = |period: &Period| calendar.days(*period).last <= world.as_of;
        all.extend(calendar.following(*first).take(PERIODS_MAX).take_while(over));
    }
    all.into_iter().map(|period| (period, calendar.days(period))).collect()
}
