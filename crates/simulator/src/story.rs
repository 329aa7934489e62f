//! The story in the order in which it is written: the firm, then account after account what its
//! leads, deals and customers did, then the deals that no lead precedes, then anonymous visitors.
//! Each account's life is self-contained, so nothing is remembered from one to the next but counts.

use crate::calendar::{Day, Moment, working_second};
use crate::campaigns::campaign_id;
use crate::customer::{self, Term};
use crate::deal::{self, Deal, Kind, Opening};
use crate::export::Sink;
use crate::journey::{self, DealSpan, Touch};
use crate::lead::{self, Inquiry, Stage};
use crate::market::{Account, Person, Region};
use crate::model::{
    CHANNELS, CUSTOMERS, DIRECT, LEADS, LEADS_PER_ACCOUNT_SHARES, OUTBOUND, PARTNER, PERSONAS,
    PRODUCTS,
};
use crate::random::{Stream, Subject};
use crate::rows::{
    AccountRow, CampaignRow, CostRow, DealChangeRow, DealRow, Id, LeadChangeRow, LeadRow, Money,
    Page, PersonRow, ProductRow, PurchaseRow, Shown, SubscriptionRow, TeamRow, TouchRow, UserRow,
};
use crate::workforce::{TEAMS, user_id};
use crate::{Error, World};

pub fn tell(world: &World, sink: &mut Sink) -> Result<(), Error> {
    firm(world, sink)?;
    marketing(world, sink)?;
    let mut account = 1;
    while sink.leads.rows < world.settings.leads {
        lead_account(world, sink, account)?;
        account += 1;
    }
    while sink.deals.rows < world.settings.deals {
        direct_account(world, sink, account)?;
        account += 1;
    }
    visitors(world, sink)
}

fn firm(world: &World, sink: &mut Sink) -> Result<(), Error> {
    for (number, team) in (1..).zip(&TEAMS) {
        sink.teams.write(&TeamRow { team_id: Id("T", number), name: team.name, leg: team.leg })?;
    }
    for user in &world.workforce.users {
        sink.users.write(&user_row(world, user))?;
    }
    for (number, product) in (0..).zip(&PRODUCTS) {
        sink.products.write(&ProductRow {
            product_id: product_id(number),
            name: product.name,
            family: product.family,
            list_price: Money::rounded(product.list_price, 1),
        })?;
    }
    Ok(())
}

fn user_row<'a>(world: &World, user: &'a crate::workforce::User) -> UserRow<'a> {
    let team = &TEAMS[user.team];
    let email = format!("{}.{}@lantern.example", user.name.replace(' ', "."), user.id);
    UserRow {
        user_id: user_id(user.id),
        name: &user.name,
        email: email.to_lowercase(),
        team: team.name,
        role: user.role(),
        manager_id: world.workforce.manager_of(user),
        region: team.region.unwrap_or(Region::Europe).name(),
    }
}

fn marketing(world: &World, sink: &mut Sink) -> Result<(), Error> {
    for campaign in &world.campaigns.all {
        sink.campaigns.write(&CampaignRow {
            campaign_id: campaign_id(campaign.number),
            name: &campaign.name,
            channel: CHANNELS[campaign.channel].name,
            objective: campaign.objective,
            start_date: Shown(world.calendar.date(campaign.first_day)),
            end_date: Shown(world.calendar.date(campaign.last_day)),
            budget: campaign.budget,
        })?;
    }
    let costs = world.campaigns.costs(world.settings.seed, &world.calendar, &world.workforce);
    for cost in costs {
        sink.costs.write(&CostRow {
            cost_id: Id("X", sink.costs.next_number()),
            date: Shown(cost.date),
            channel: cost.channel.map(|channel| CHANNELS[channel].name),
            campaign_id: cost.campaign.map(campaign_id),
            team: TEAMS[cost.team].name,
            amount: cost.amount,
            category: cost.category,
        })?;
    }
    Ok(())
}

/// An account and all its leads, oldest first.
fn lead_account(world: &World, sink: &mut Sink, number: u64) -> Result<(), Error> {
    let mut stream = Stream::of(world.settings.seed, Subject::LeadAccount, number);
    let account = new_account(sink, &mut stream, number)?;
    let drawn = 1 + stream.weighted(LEADS_PER_ACCOUNT_SHARES.into_iter()) as u64;
    let count = drawn.min(world.settings.leads - sink.leads.rows);
    let mut arrivals: Vec<_> = (0..count).map(|_| world.calendar.arrival(&mut stream)).collect();
    arrivals.sort_unstable();
    let mut customer_since = None;
    for created in arrivals {
        let lead = sink.leads.next_number();
        let mut stream = Stream::of(world.settings.seed, Subject::Lead, lead);
        let mut teller = Teller { world, sink, stream: &mut stream, account: &account };
        let won = teller.lead(created, customer_since)?;
        customer_since = customer_since.or(won);
    }
    Ok(())
}

/// An account that no lead precedes: outbound, partner, or a customer of old.
fn direct_account(world: &World, sink: &mut Sink, number: u64) -> Result<(), Error> {
    let mut stream = Stream::of(world.settings.seed, Subject::DirectAccount, number);
    let account = new_account(sink, &mut stream, number)?;
    let (outbound, partner) = (CUSTOMERS.direct_outbound_share, CUSTOMERS.direct_partner_share);
    let place = stream.uniform();
    let mut teller = Teller { world, sink, stream: &mut stream, account: &account };
    if place < outbound {
        teller.direct_deal(OUTBOUND)
    } else if place < outbound + partner {
        teller.direct_deal(PARTNER)
    } else {
        teller.old_customer()
    }
}

fn new_account(sink: &mut Sink, stream: &mut Stream, number: u64) -> Result<Account, Error> {
    let account = Account::draw(stream, number);
    sink.accounts.write(&AccountRow {
        account_id: account_id(number),
        name: &account.name,
        domain: &account.domain,
        industry: account.industry,
        employees: account.employees,
        country: account.country,
        region: account.region.name(),
    })?;
    Ok(account)
}

/// Tells what happens in one account.
struct Teller<'a> {
    world: &'a World,
    sink: &'a mut Sink,
    stream: &'a mut Stream,
    account: &'a Account,
}

impl Teller<'_> {
    /// A lead and all that comes of it. Returns when it made the account a customer.
    fn lead(
        &mut self,
        created: Moment,
        customer_since: Option<Moment>,
    ) -> Result<Option<Moment>, Error> {
        let person = self.new_person()?;
        let inquiry = self.inquiry(created, &person);
        let number = self.sink.leads.next_number();
        let mut changes = lead::live(self.world, self.stream, &inquiry);
        let opened = changes.last().filter(|change| change.stage == Stage::Opportunity);
        let opening = opened.map(|change| {
            let is_customer = customer_since.is_some_and(|since| since < change.at);
            let kind = if is_customer { Kind::Expansion } else { Kind::NewBusiness };
            self.opening(change.at, inquiry.channel, inquiry.product, kind)
        });
        let deal = match opening {
            Some(opening) => Some(self.deal(&opening, Some(number))?),
            None => None,
        };
        if let Some((_, deal)) = &deal {
            changes.extend(self.lead_after_deal(deal));
        }
        let deal_number = deal.as_ref().map(|(number, _)| *number);
        self.write_lead(&person, &inquiry, &changes, deal_number)?;
        let until = lead_ends(self.world, &changes);
        let span = deal.as_ref().map(|(_, deal)| span_of(self.world, deal));
        self.touches(&person, (created, inquiry.channel), until, span)?;
        Ok(deal.and_then(|(_, deal)| won_at(&deal)))
    }

    fn inquiry(&mut self, created: Moment, person: &Person) -> Inquiry {
        Inquiry {
            created,
            channel: self.stream.weighted(CHANNELS.iter().map(|channel| channel.lead_share)),
            product: self.any_product(),
            persona: person.persona,
            region: self.account.region,
        }
    }

    fn any_product(&mut self) -> usize {
        self.stream.weighted(PRODUCTS.iter().map(|product| product.lead_share))
    }

    fn opening(&self, created: Moment, channel: usize, product: usize, kind: Kind) -> Opening {
        Opening { created, channel, product, kind, region: self.account.region }
    }

    /// What the end of its deal does to a lead.
    fn lead_after_deal(&mut self, deal: &Deal) -> Option<lead::Change> {
        let (stage, reason) = match deal.last.stage {
            deal::Stage::ClosedWon => (Stage::Customer, None),
            deal::Stage::ClosedLost if self.stream.chance(LEADS.lost_recycled) => {
                (Stage::Recycled, Some("Deal lost"))
            }
            deal::Stage::ClosedLost => (Stage::Disqualified, Some("Deal lost")),
            _ => return None,
        };
        Some(lead::Change { at: deal.last.at, stage, owner: deal.last.owner, reason })
    }

    fn write_lead(
        &mut self,
        person: &Person,
        inquiry: &Inquiry,
        changes: &[lead::Change],
        deal: Option<u64>,
    ) -> Result<(), Error> {
        let lead_id = Id("L", self.sink.leads.next_number());
        let mut ever = [false; 8];
        for change in changes {
            ever[change.stage as usize] = true;
            self.sink.lead_changes.write(&LeadChangeRow {
                lead_id,
                changed_at: self.world.calendar.stamp(change.at),
                stage: change.stage.name(),
                owner_id: user_id(change.owner),
                reason: change.reason,
            })?;
        }
        if let Some(kept) = &mut self.sink.kept {
            kept.lead(changes);
        }
        let Some(last) = changes.last() else { return Ok(()) };
        self.sink.totals.count_lead(last.stage, ever);
        let is_disqualified = last.stage == Stage::Disqualified;
        self.sink.leads.write(&LeadRow {
            lead_id,
            created_at: self.world.calendar.stamp(inquiry.created),
            person_id: person_id(person.number),
            account_id: account_id(self.account.number),
            source: CHANNELS[inquiry.channel].name,
            campaign_id: self.world.campaigns.running(inquiry.channel, inquiry.created.day()),
            owner_id: user_id(last.owner),
            stage: last.stage.name(),
            product_id: product_id(inquiry.product),
            score: score(self.stream, inquiry),
            disqualified_reason: last.reason.filter(|_| is_disqualified),
            deal_id: deal.map(deal_id),
        })
    }

    /// A deal that sales opened itself, after the contact's touches.
    fn direct_deal(&mut self, channel: usize) -> Result<(), Error> {
        let created = self.world.calendar.arrival(self.stream);
        let product = self.any_product();
        let opening = self.opening(created, channel, product, Kind::NewBusiness);
        self.deal_of_new_contact(&opening)
    }

    /// Somebody who was a customer before the first day, and may buy more.
    fn old_customer(&mut self) -> Result<(), Error> {
        let product = self.any_product();
        let age = self.stream.between(1, CUSTOMERS.legacy_age_days_max);
        let list_price = PRODUCTS[product].list_price;
        let yearly = Money::rounded(self.stream.lognormal(list_price, 0.4), 100);
        self.customer(product, Term::signed(-age, yearly), true)
    }

    fn deal_of_new_contact(&mut self, opening: &Opening) -> Result<(), Error> {
        let person = self.new_person()?;
        let (_, deal) = self.deal(opening, None)?;
        let contact = (opening.created, opening.channel);
        let span = span_of(self.world, &deal);
        self.touches(&person, contact, span.to, Some(span))
    }

    /// Lives and writes a deal, and what the customer does when it is won.
    fn deal(&mut self, opening: &Opening, lead: Option<u64>) -> Result<(u64, Deal), Error> {
        let number = self.sink.deals.next_number();
        let deal = deal::live(self.world, self.stream, opening);
        self.write_deal(number, opening, &deal, lead)?;
        if deal.last.stage == deal::Stage::ClosedWon {
            let signed = Term::signed(deal.last.close_day, deal.last.amount);
            self.customer(opening.product, signed, opening.kind == Kind::NewBusiness)?;
        }
        Ok((number, deal))
    }

    fn write_deal(
        &mut self,
        number: u64,
        opening: &Opening,
        deal: &Deal,
        lead: Option<u64>,
    ) -> Result<(), Error> {
        for change in &deal.changes {
            self.write_deal_change(number, change)?;
        }
        self.sink.totals.count_deal(self.world, opening.kind, deal, lead.is_some());
        if let Some(kept) = &mut self.sink.kept {
            kept.deal(opening, deal, lead.is_some());
        }
        let (last, calendar) = (&deal.last, &self.world.calendar);
        self.sink.deals.write(&DealRow {
            deal_id: deal_id(number),
            name: &format!("{} - {}", self.account.name, PRODUCTS[opening.product].name),
            account_id: account_id(self.account.number),
            product_id: product_id(opening.product),
            owner_id: user_id(last.owner),
            lead_id: lead.map(|lead| Id("L", lead)),
            source: CHANNELS[opening.channel].name,
            kind: opening.kind.name(),
            stage: last.stage.name(),
            amount: last.amount,
            created_at: calendar.stamp(opening.created),
            close_date: Shown(calendar.date(last.close_day)),
            loss_reason: deal.loss_reason,
            competitor: deal.competitor,
            discount_percent: deal.discount_percent,
            forecast_category: last.category,
            next_step: deal.next_step,
        })
    }

    fn write_deal_change(&mut self, number: u64, change: &deal::Change) -> Result<(), Error> {
        self.sink.deal_changes.write(&DealChangeRow {
            deal_id: deal_id(number),
            changed_at: self.world.calendar.stamp(change.at),
            stage: change.stage.name(),
            amount: change.amount,
            close_date: Shown(self.world.calendar.date(change.close_day)),
            forecast_category: change.category,
            owner_id: user_id(change.owner),
        })
    }

    /// A contract's terms and, for a first contract, the deals that the customer opens later.
    fn customer(&mut self, product: usize, signed: Term, may_expand: bool) -> Result<(), Error> {
        let first = signed.started;
        let terms = customer::terms(self.stream, product, signed, self.world.calendar.days);
        for term in &terms {
            self.write_term(product, term)?;
        }
        let left = terms.last().and_then(|term| term.ended);
        let until = left.unwrap_or(self.world.calendar.days);
        if may_expand { self.expansions(first.max(0), until) } else { Ok(()) }
    }

    fn expansions(&mut self, from: Day, until: Day) -> Result<(), Error> {
        for day in customer::expansion_days(self.stream, from, until) {
            let created = Moment::at(day, working_second(self.stream));
            let product = self.any_product();
            let opening = self.opening(created, DIRECT, product, Kind::Expansion);
            self.deal_of_new_contact(&opening)?;
        }
        Ok(())
    }

    fn write_term(&mut self, product: usize, term: &Term) -> Result<(), Error> {
        *self.sink.totals.subscriptions_by_status.entry(term.status.name()).or_insert(0) += 1;
        let started_on = self.world.calendar.date(term.started);
        self.sink.subscriptions.write(&SubscriptionRow {
            subscription_id: Id("S", self.sink.subscriptions.next_number()),
            account_id: account_id(self.account.number),
            product_id: product_id(product),
            started_on: Shown(started_on),
            ended_on: term.ended.map(|day| Shown(self.world.calendar.date(day))),
            monthly_amount: term.yearly.times(1.0 / 12.0),
            status: term.status.name(),
        })?;
        self.sink.purchases.write(&PurchaseRow {
            purchase_id: Id("B", self.sink.purchases.next_number()),
            account_id: account_id(self.account.number),
            product_id: product_id(product),
            purchased_at: Shown(started_on),
            amount: term.yearly,
            quantity: 1,
        })
    }

    fn new_person(&mut self) -> Result<Person, Error> {
        let person = Person::draw(self.stream, self.sink.people.next_number(), self.account);
        self.sink.people.write(&PersonRow {
            person_id: person_id(person.number),
            first_name: person.first_name,
            last_name: person.last_name,
            email: &person.email,
            phone: person.phone(),
            title: person.title,
            account_id: account_id(self.account.number),
            persona: PERSONAS[person.persona].name,
        })?;
        Ok(person)
    }

    fn touches(
        &mut self,
        person: &Person,
        inquiry: (Moment, usize),
        until: Moment,
        deal: Option<DealSpan>,
    ) -> Result<(), Error> {
        for touch in journey::known(self.world, self.stream, inquiry, until, deal) {
            let visitor = Some(Visitor { person: person.number, account: self.account.number });
            write_touch(self.world, self.sink, &touch, visitor, person.number)?;
        }
        Ok(())
    }
}

/// Who a touch is known to be of.
struct Visitor {
    person: u64,
    account: u64,
}

/// Anonymous visits, until the wanted number of touches is there.
fn visitors(world: &World, sink: &mut Sink) -> Result<(), Error> {
    let mut number = 0;
    while sink.touches.rows < world.settings.touches {
        number += 1;
        let mut stream = Stream::of(world.settings.seed, Subject::Visitor, number);
        let left = world.settings.touches - sink.touches.rows;
        for touch in journey::anonymous(world, &mut stream, left) {
            write_touch(world, sink, &touch, None, sink.people.rows + number)?;
            sink.totals.anonymous_touches += 1;
        }
    }
    Ok(())
}

/// `cookie` is the number of the browser (or of the address written to), by which someone whose
/// name is not known is known again.
fn write_touch(
    world: &World,
    sink: &mut Sink,
    touch: &Touch,
    visitor: Option<Visitor>,
    cookie: u64,
) -> Result<(), Error> {
    let channel = CHANNELS[touch.channel].name;
    let is_unknown = visitor.is_none();
    *sink.totals.touches_by_channel.entry(channel).or_insert(0) += 1;
    sink.touches.write(&TouchRow {
        touch_id: Id("E", sink.touches.next_number()),
        occurred_at: world.calendar.stamp(touch.at),
        person_id: visitor.as_ref().map(|visitor| person_id(visitor.person)),
        anonymous_id: (touch.page.is_some() || is_unknown).then_some(Id("V", cookie)),
        channel,
        campaign_id: world.campaigns.running(touch.channel, touch.at.day()),
        kind: touch.kind,
        url: touch.page.map(Page),
        account_id: visitor.map(|visitor| account_id(visitor.account)),
    })
}

fn score(stream: &mut Stream, inquiry: &Inquiry) -> i64 {
    let fit = PERSONAS[inquiry.persona].mql_effect * CHANNELS[inquiry.channel].mql_effect;
    let points = 30.0 * fit + 22.0 * stream.uniform() + 8.0;
    (points as i64).clamp(1, 100)
}

fn lead_ends(world: &World, changes: &[lead::Change]) -> Moment {
    let last = changes.last().filter(|last| last.stage == Stage::Disqualified);
    last.map_or(world.calendar.end(), |last| last.at)
}

fn span_of(world: &World, deal: &Deal) -> DealSpan {
    let from = deal.changes.first().map_or(deal.last.at, |first| first.at);
    let to = if deal.last.stage.is_closed() { deal.last.at } else { world.calendar.end() };
    DealSpan { from, to }
}

fn won_at(deal: &Deal) -> Option<Moment> {
    (deal.last.stage == deal::Stage::ClosedWon).then_some(deal.last.at)
}

fn account_id(number: u64) -> Id {
    Id("A", number)
}

fn person_id(number: u64) -> Id {
    Id("P", number)
}

fn deal_id(number: u64) -> Id {
    Id("D", number)
}

/// Products are numbered from 1, their indexes from 0.
fn product_id(index: usize) -> Id {
    Id("R", index as u64 + 1)
}
