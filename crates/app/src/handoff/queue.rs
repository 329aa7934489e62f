//! The queue: what waits for sales, what is most urgent first, and what speaks for each.

use std::collections::BTreeMap;

use domain::access::Scope;
use domain::agreement::Agreement;
use domain::handoff::{Action, By, Handoff, Refusal, State};
use domain::kind::Kind;
use domain::lifecycle::{reference, text};
use domain::value::Value;
use jiff::Timestamp;
use reports::handoff::{ClockLine, Line, Queue};
use store::record::Record;
use uuid::Uuid;

use crate::agreement::in_force;
use crate::context::Context;
use crate::error::Error;
use crate::limits::QUEUE_SHOWN_MAX;
use crate::listing::names;

/// What waits, as far as it is in scope: own leads and those that everybody is offered, or all
/// where `is_all`.
///
/// # Errors
/// When the store cannot be read.
pub async fn queue(context: &Context, by: By, is_all: bool) -> Result<Queue, Error> {
    let agreed = in_force(context).await?;
    let reasons = |of: fn(&Agreement) -> &Vec<String>| {
        agreed.as_ref().map(|agreed| of(&agreed.terms).clone()).unwrap_or_default()
    };
    let mut queue = Queue {
        lines: Vec::new(),
        count: 0,
        decline_reasons: reasons(|terms| &terms.decline_reasons),
        recycle_reasons: reasons(|terms| &terms.recycle_reasons),
        is_agreed: agreed.is_some(),
    };
    let Some(agreed) = &agreed else { return Ok(queue) };
    let mut open = context.store.open_handoffs().await?;
    let owners = lead_owners(context, &open).await?;
    open.retain(|handoff| {
        let is_for_me = by.user.is_none() || handoff.runner().is_none_or(|it| by.user == Some(it));
        let is_waiting = handoff.state == State::Qualified;
        let lead_owner = owners.get(&handoff.lead).copied().flatten();
        (is_all || is_for_me && !is_waiting) && is_seen(context, Some(handoff), lead_owner)
    });
    open.sort_by_key(urgency);
    queue.count = open.len();
    open.truncate(QUEUE_SHOWN_MAX);
    let desk = Desk::of(context, &agreed.terms, &open).await?;
    queue.lines = open.iter().map(|handoff| desk.line(handoff, by)).collect();
    Ok(queue)
}

/// What has a clock comes by when that is due; then what was reached and goes on, the longest
/// untouched first; then what waits for room.
fn urgency(handoff: &Handoff) -> (u8, Timestamp, Uuid) {
    match (handoff.running(), handoff.state) {
        (Some(running), _) => (0, running.due_at, handoff.id),
        (None, State::Qualified) => (2, handoff.qualified_at, handoff.id),
        (None, _) => (1, handoff.changed_at, handoff.id),
    }
}

/// Whether a hand-off is in scope: by its runner or the lead's owner; what everybody is offered,
/// everybody sees.
pub(super) fn is_seen(
    context: &Context,
    handoff: Option<&Handoff>,
    lead_owner: Option<Uuid>,
) -> bool {
    let is_for_all =
        handoff.is_some_and(|it| it.state == State::Offered && it.offered_to.is_none());
    let runner = handoff.and_then(Handoff::runner);
    is_for_all || context.scope.shows(runner) || context.scope.shows(lead_owner)
}

async fn lead_owners(
    context: &Context,
    handoffs: &[Handoff],
) -> Result<BTreeMap<Uuid, Option<Uuid>>, Error> {
    if context.scope == Scope::All {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<Uuid> = handoffs.iter().map(|handoff| handoff.lead).collect();
    let leads = context.store.records(Kind::Leads, &ids).await?;
    Ok(leads.iter().map(|lead| (lead.id, reference(&lead.values, "owner"))).collect())
}

/// What lines are made of.
pub(super) struct Desk<'a> {
    context: &'a Context,
    terms: &'a Agreement,
    leads: BTreeMap<Uuid, Record>,
    accounts: BTreeMap<Uuid, String>,
    products: BTreeMap<Uuid, String>,
    users: BTreeMap<Uuid, String>,
}

impl<'a> Desk<'a> {
    pub async fn of(
        context: &'a Context,
        terms: &'a Agreement,
        handoffs: &[Handoff],
    ) -> Result<Desk<'a>, Error> {
        let ids: Vec<Uuid> = handoffs.iter().map(|handoff| handoff.lead).collect();
        let leads = context.store.records(Kind::Leads, &ids).await?;
        let of =
            |field: &'static str| leads.iter().filter_map(move |it| reference(&it.values, field));
        Ok(Desk {
            context,
            terms,
            accounts: names(context, Kind::Accounts, of("account")).await?,
            products: names(context, Kind::Products, of("product")).await?,
            users: names(context, Kind::Users, handoffs.iter().filter_map(Handoff::runner)).await?,
            leads: leads.into_iter().map(|lead| (lead.id, lead)).collect(),
        })
    }

    /// What a lead is called: by its source, and for people.
    pub fn called(&self, lead: Uuid) -> (String, String) {
        let record = self.leads.get(&lead);
        let id = record.and_then(|record| text(&record.values, "external_id"));
        let id = id.unwrap_or_else(|| lead.to_string());
        let account = record.and_then(|record| reference(&record.values, "account"));
        let name = account.and_then(|account| self.accounts.get(&account).cloned());
        let name = name.unwrap_or_else(|| format!("Lead {id}"));
        (id, name)
    }

    pub fn line(&self, handoff: &Handoff, by: By) -> Line {
        let (lead, name) = self.called(handoff.lead);
        let runner = handoff.runner();
        let named =
            |user: Uuid| self.users.get(&user).cloned().unwrap_or_else(|| format!("user {user}"));
        Line {
            lead,
            name,
            pass: handoff.pass,
            state: handoff.state,
            runner: runner.map(named),
            is_own: runner.is_some() && runner == by.user,
            clock: self.clock(handoff),
            calls: handoff.calls,
            why: self.why(handoff),
            can: self.can(handoff, by),
            version: handoff.version,
        }
    }

    fn clock(&self, handoff: &Handoff) -> Option<ClockLine> {
        let running = handoff.running()?;
        let (hours, now) = (&self.terms.hours, self.context.now.max(handoff.changed_at));
        let due = self.context.company.timezone.to_datetime(running.due_at);
        let left = match running.due_at >= now {
            true => hours.between(now, running.due_at).as_mins(),
            false => -hours.between(running.due_at, now).as_mins(),
        };
        let (due_on, due_time) = (due.date(), due.time());
        let (clock, due_at) = (running.clock, running.due_at);
        Some(ClockLine { clock, due_at, due_on, due_time, minutes_left: left })
    }

    /// What speaks for the lead.
    fn why(&self, handoff: &Handoff) -> Vec<String> {
        let mut why = Vec::new();
        let Some(record) = self.leads.get(&handoff.lead) else { return why };
        if let Some(Some(Value::Integer(score))) = record.values.get("score") {
            let least = self.terms.score_min.map_or(String::new(), |least| format!(" of {least}"));
            why.push(format!("score {score}{least}"));
        }
        let product = reference(&record.values, "product");
        let product = product.and_then(|product| self.products.get(&product));
        why.extend(product.map(|product| format!("asks for {product}")));
        why.extend(text(&record.values, "source").map(|source| format!("came by {source}")));
        if handoff.pass > 1 {
            why.push(format!("comes back, pass {}", handoff.pass));
        }
        why
    }

    /// What may be done now, by trying each.
    fn can(&self, handoff: &Handoff, by: By) -> Vec<&'static str> {
        let first = |reasons: &[String]| reasons.first().cloned().unwrap_or_default();
        let reason = first(&self.terms.recycle_reasons);
        let deeds = [
            ("accept", Action::Accept),
            ("decline", Action::Decline { reason: first(&self.terms.decline_reasons) }),
            ("recycle", Action::Recycle { reason: reason.clone() }),
            ("call", Action::Call { was_reached: true }),
            ("qualify", Action::Qualify),
            ("open", Action::Open),
            ("release", Action::Release { reason }),
            ("offer", Action::Offer { to: None }),
        ];
        // Who is no user of the CRM names one who takes it.
        let may = |(_, action): &&(&'static str, Action)| {
            let stepped = handoff.step(action, by, self.context.now, self.terms);
            matches!(stepped, Ok(_) | Err(Refusal::NoUser))
        };
        deeds.iter().filter(may).map(|(name, _)| *name).collect()
    }
}
