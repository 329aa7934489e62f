//! Data quality: every record against every named rule.

use domain::deal::Deal;
use domain::kind::Kind;
use domain::stage::Outcome;
use reports::check::Check;

use crate::context::Context;
use crate::error::Error;
use crate::imports::findings::{Findings, Rule};
use crate::limits::ROWS_PER_CHUNK;
use crate::world::World;

/// The rules that can be held against what is known now; the others need the file at hand.
const RULES: [Rule; 7] = [
    Rule::MissingAccount,
    Rule::ClosedBeforeCreated,
    Rule::WonWithoutAmount,
    Rule::UnknownStage,
    Rule::NotImportedYet,
    Rule::OtherCurrency,
    Rule::ExpectedCloseInThePast,
];

/// Looks at everything that is known now.
pub async fn check(context: &Context) -> Result<Check, Error> {
    of_world(context, &World::at(context, context.as_of(None, None)).await?).await
}

/// Looks at everything in a picture.
pub async fn of_world(context: &Context, world: &World) -> Result<Check, Error> {
    let mut findings = Findings::default();
    for deal in &world.deals {
        look_at_deal(world, deal, &mut findings);
    }
    for lead in &world.leads {
        let name = || format!("leads:{}", lead.external_id);
        if lead.contradictory {
            findings.add(Rule::ClosedBeforeCreated, name);
        }
        if unknown(lead.stage.as_deref(), &world.lead_stages) {
            findings.add(Rule::UnknownStage, name);
        }
    }
    for deal in &world.in_other_currency {
        findings.add(Rule::OtherCurrency, || format!("deals:{deal}"));
    }
    let mut records = 0;
    for kind in Kind::RECORDS {
        records += context.store.record_count(kind).await?;
        if kind.is_timeless() {
            look_for_stubs(context, kind, &mut findings).await?;
        }
    }
    let rules = RULES.map(Rule::name).to_vec();
    Ok(Check { records, rules, findings: findings.list() })
}

fn look_at_deal(world: &World, deal: &Deal, findings: &mut Findings) {
    let name = || format!("deals:{}", deal.external_id);
    if deal.account.is_none() {
        findings.add(Rule::MissingAccount, name);
    }
    if deal.contradictory {
        findings.add(Rule::ClosedBeforeCreated, name);
    }
    if unknown(deal.stage.as_deref(), &world.deal_stages) {
        findings.add(Rule::UnknownStage, name);
    }
    if deal.outcome == Outcome::Won && deal.amount.is_none_or(|amount| amount.minor == 0) {
        findings.add(Rule::WonWithoutAmount, name);
    }
    let overdue = deal.expected_close_on.is_some_and(|day| day < world.as_of);
    if deal.is_open() && overdue {
        findings.add(Rule::ExpectedCloseInThePast, name);
    }
}

fn unknown(stage: Option<&str>, stages: &domain::stage::Stages) -> bool {
    stage.is_some_and(|stage| stages.outcome(stage).is_none())
}

/// Records that others name and that no file of their own has told of.
async fn look_for_stubs(
    context: &Context,
    kind: Kind,
    findings: &mut Findings,
) -> Result<(), Error> {
    let (mut after, mut names) = (None, Vec::new());
    loop {
        let records = context.store.records_page(kind, after, ROWS_PER_CHUNK as u64).await?;
        let Some(last) = records.last() else { break };
        after = Some(last.id);
        for record in records.iter().filter(|r| !r.values.contains_key("external_id")) {
            // An erased person has no name left: nothing is to be imported.
            if let Some(Some(name)) = record.values.get("name") {
                names.push(name.encode());
            }
        }
    }
    names.sort();
    for name in names {
        findings.add(Rule::NotImportedYet, || format!("{kind}:{name}"));
    }
    Ok(())
}
