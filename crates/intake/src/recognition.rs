//! Recognition: what kind of data a file holds, by its headers, the ids in its first rows and,
//! where these leave two kinds, its name.
//!
//! It decides and says why; it does not know what will be done with the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use domain::kind::{Holds, Kind};
use domain::money::{Currency, parse_currency};
use domain::name::plain;

use crate::dates;
use crate::headers::{self, normalise};
use crate::limits::RECOGNITION_ROWS;
use crate::mapping::{Mapping, Target};
use crate::numbers;
use crate::refusal::Refusal;
use crate::source::{Record, Source};

/// What a file was recognised as.
#[derive(Clone, Debug, PartialEq)]
pub struct Recognition {
    /// `None` where nothing that Baton keeps fits.
    pub kind: Option<Kind>,
    /// The headers that told.
    pub because_of: Vec<String>,
    pub headers: Vec<String>,
    /// How often each currency stands beside an amount in the first rows.
    pub currencies: BTreeMap<&'static str, u64>,
}

/// Looks at the headers and the first rows of a file.
///
/// # Errors
/// When the file is no table that can be read.
pub fn recognise(path: &Path) -> Result<Recognition, Refusal> {
    let mut source = Source::open(path, &Mapping::new(Kind::Deals))?;
    let sample = Sample::of(&mut source)?;
    let name = path.file_stem().map(|stem| plain(&stem.to_string_lossy())).unwrap_or_default();
    let headers = source.headers;
    let best = Kind::ALL
        .into_iter()
        .filter_map(|kind| Candidate::new(kind, &headers, &sample, &name))
        .filter(|candidate| candidate.score >= SCORE_MIN)
        .reduce(|best, next| if next.score > best.score { next } else { best });
    Ok(Recognition {
        kind: best.as_ref().map(|best| best.kind),
        because_of: best.as_ref().map(|best| best.because_of.clone()).unwrap_or_default(),
        currencies: best.map(|best| sample.currencies(&best.targets)).unwrap_or_default(),
        headers,
    })
}

/// Below this too little speaks for a kind.
const SCORE_MIN: f64 = 2.0;
/// What it counts that the rows' own ids are those of a kind, or that a header is.
const OF_NOUN: f64 = 3.0;
/// What a column counts that is typical of a kind, and one that many kinds have.
const OF_MARK: f64 = 1.0;
const OF_ANY: f64 = 0.25;
/// What the name of the file counts: less than one typical column.
const OF_NAME: f64 = 0.75;
/// The share of values that must read as dates or numbers where a column is to hold them.
const READABLE_SHARE: f64 = 0.5;

/// What tells a kind from the others.
struct Signs {
    kind: Kind,
    /// Headers of ids that only records of this kind have.
    nouns: &'static [&'static str],
    /// Headers that only files of this kind have.
    tells: &'static [&'static str],
    /// Of each group one target must be there.
    needs: &'static [&'static [&'static str]],
    /// Targets that are typical.
    marks: &'static [&'static str],
    /// Words in the names of files.
    names: &'static [&'static str],
}

const SIGNS: [Signs; 14] = [
    Signs {
        kind: Kind::Deals,
        nouns: &["dealid", "opportunityid", "oppid", "recordiddeal"],
        tells: &["dealname", "opportunityname", "dealstage", "stagename"],
        needs: &[
            &["stage", "is_won", "is_closed"],
            &["amount", "close_date", "closed_at", "expected_close_on", "product"],
        ],
        marks: &[
            "stage",
            "amount",
            "close_date",
            "closed_at",
            "expected_close_on",
            "is_won",
            "is_closed",
            "probability",
            "forecast_category",
            "next_step",
            "competitor",
            "discount",
            "product",
            "lead",
        ],
        names: &["deal", "opportunit", "pipeline"],
    },
    Signs {
        kind: Kind::DealChanges,
        nouns: &["dealid", "opportunityid", "oppid", "recordiddeal"],
        tells: &[],
        needs: &[&["changed_at"], &["stage", "property", "amount", "close_date"]],
        marks: &["changed_at", "stage", "property", "amount", "close_date", "forecast_category"],
        names: &["deal", "opportunit", "stage", "histor", "change"],
    },
    Signs {
        kind: Kind::Leads,
        nouns: &["leadid", "mqlid", "prospectid", "leadnumber"],
        tells: &["isconverted", "leadstatus", "convertedopportunityid"],
        needs: &[&["stage", "is_won", "source", "campaign", "landing_page", "score"]],
        marks: &[
            "stage",
            "is_won",
            "source",
            "campaign",
            "landing_page",
            "score",
            "reason",
            "closed_at",
            "deal",
            "person.email",
        ],
        names: &["lead", "mql", "prospect", "inquir"],
    },
    Signs {
        kind: Kind::LeadChanges,
        nouns: &["leadid", "mqlid", "prospectid", "leadnumber"],
        tells: &[],
        needs: &[&["changed_at"]],
        marks: &["changed_at", "stage", "property", "owner", "reason", "deal"],
        names: &["lead", "mql", "stage", "histor", "change"],
    },
    Signs {
        kind: Kind::Accounts,
        nouns: &["accountid", "companyid", "organizationid", "organisationid", "recordidcompany"],
        tells: &[],
        needs: &[
            &["name"],
            &["industry", "employees", "domain", "annual_revenue", "parent", "country", "region"],
        ],
        marks: &["industry", "employees", "domain", "annual_revenue", "parent", "country"],
        names: &["account", "compan", "organi", "customer"],
    },
    Signs {
        kind: Kind::People,
        nouns: &["personid", "contactid", "recordidcontact", "vid"],
        tells: &[],
        needs: &[&["email", "first_name", "last_name", "phone"]],
        marks: &["email", "first_name", "last_name", "phone", "title", "account", "persona"],
        names: &["contact", "people", "person"],
    },
    Signs {
        kind: Kind::Products,
        nouns: &["productid", "productcode", "sku"],
        tells: &[],
        needs: &[&["name"], &["list_price", "family"]],
        marks: &["name", "list_price", "family"],
        names: &["product", "price"],
    },
    Signs {
        kind: Kind::Users,
        nouns: &["userid", "ownerid", "salesrepid", "employeeid", "salesagent", "salesrep"],
        tells: &["username", "userroleid", "profileid"],
        needs: &[&["name", "email", "first_name"], &["manager", "team", "role", "region", "email"]],
        marks: &["manager", "team", "role", "region", "email", "first_name", "last_name", "title"],
        names: &["user", "owner", "seller", "salesteam", "rep", "agent"],
    },
    Signs {
        kind: Kind::Teams,
        nouns: &["teamid"],
        tells: &[],
        needs: &[&["name"]],
        marks: &["leg"],
        names: &["team"],
    },
    Signs {
        kind: Kind::Campaigns,
        nouns: &["campaignid", "campaignguid"],
        tells: &[],
        needs: &[&["name"], &["budget", "starts_on", "objective", "channel"]],
        marks: &["budget", "starts_on", "ends_on", "objective", "channel"],
        names: &["campaign"],
    },
    Signs {
        kind: Kind::Touches,
        nouns: &["touchid", "eventid", "messageid", "activityid", "interactionid"],
        tells: &[],
        needs: &[
            &["occurred_at"],
            &["person_key", "email", "anonymous_id"],
            &["channel", "touch_kind", "url"],
        ],
        marks: &["channel", "touch_kind", "url", "anonymous_id", "person_key"],
        names: &["touch", "event", "activit", "interaction", "visit"],
    },
    Signs {
        kind: Kind::Purchases,
        nouns: &["purchaseid", "orderid", "invoiceid", "transactionid", "ordernumber"],
        tells: &[],
        needs: &[&["account", "person"], &["amount"], &["created_at"]],
        marks: &["amount", "quantity", "product"],
        names: &["purchase", "order", "invoice", "transaction"],
    },
    Signs {
        kind: Kind::Subscriptions,
        nouns: &["subscriptionid", "contractid"],
        tells: &[],
        needs: &[&["account"], &["started_on"], &["monthly_amount"]],
        marks: &["started_on", "ended_on", "monthly_amount"],
        names: &["subscription", "contract"],
    },
    Signs {
        kind: Kind::Costs,
        nouns: &["costid", "expenseid"],
        tells: &[],
        needs: &[&["amount"], &["created_at"], &["channel", "campaign", "category", "team"]],
        marks: &["amount", "channel", "category", "campaign"],
        names: &["cost", "spend", "expense"],
    },
];

/// Headers of a history: each row tells of a change, and not of a record.
const OF_HISTORIES: &[&str] = &[
    "changedat",
    "changedate",
    "dateentered",
    "enteredat",
    "fivetranstart",
    "editdate",
    "newvalue",
    "newstage",
    "tostage",
];

/// Headers that a history may have, and a record too.
const OF_EITHER: &[&str] = &["timestamp", "wondate", "lostdate"];

/// Headers of lines of an order, which are neither deals nor leads nor products.
const OF_LINES: &[&str] = &["unitprice", "quantity"];

/// A kind that the file may be of.
struct Candidate {
    kind: Kind,
    score: f64,
    because_of: Vec<String>,
    targets: Vec<Option<Target>>,
}

impl Candidate {
    fn new(kind: Kind, headers: &[String], sample: &Sample, name: &str) -> Option<Candidate> {
        let signs = SIGNS.iter().find(|signs| signs.kind == kind)?;
        let targets = headers::targets(kind, headers);
        let has = |wanted: &str| targets.iter().flatten().any(|it| it.to_string() == wanted);
        let meets_needs = signs.needs.iter().all(|group| group.iter().any(|name| has(name)));
        if !meets_needs || !is_possible(signs, headers, &targets, sample) {
            return None;
        }
        let mut because_of = Vec::new();
        let mut score = 0.0;
        let tells = headers.iter().find(|it| signs.tells.contains(&normalise(it).as_str()));
        for header in noun(signs, headers).into_iter().chain(tells) {
            because_of.push(header.clone());
            score += OF_NOUN;
        }
        for (header, target) in headers.iter().zip(&targets) {
            let Some(target) = target else { continue };
            if !signs.marks.contains(&target.to_string().as_str()) {
                score += OF_ANY;
                continue;
            }
            score += OF_MARK;
            if !because_of.contains(header) {
                because_of.push(header.clone());
            }
        }
        if signs.names.iter().any(|word| name.contains(word)) {
            score += OF_NAME;
        }
        Some(Candidate { kind, score, because_of, targets })
    }
}

/// The header of the rows' own ids, where it is one of the kind's. A bare `id` says nothing, and
/// then ids of other names are of records that the rows refer to.
fn noun<'a>(signs: &Signs, headers: &'a [String]) -> Option<&'a String> {
    let is_bare = |header: &String| matches!(normalise(header).as_str(), "id" | "recordid");
    if headers.iter().any(is_bare) {
        return None;
    }
    let is_noun = |word: &str| SIGNS.iter().any(|signs| signs.nouns.contains(&word));
    let first = headers.iter().find(|header| is_noun(&normalise(header)))?;
    signs.nouns.contains(&normalise(first).as_str()).then_some(first)
}

/// Whether the rows can be of the kind: changes repeat their record's id or say that they are
/// changes, records do neither, and dates and amounts read as such.
fn is_possible(
    signs: &Signs,
    headers: &[String],
    targets: &[Option<Target>],
    sample: &Sample,
) -> bool {
    let is_change = signs.kind.subject() != signs.kind;
    let place = |wanted: Target| targets.iter().position(|target| *target == Some(wanted));
    let own_id = place(Target::Id);
    if is_change && own_id.is_none() {
        return false;
    }
    let has_any = |words: &[&str]| headers.iter().any(|it| words.contains(&normalise(it).as_str()));
    let repeats = own_id.is_some_and(|index| sample.repeats(index));
    let is_history = repeats || has_any(OF_HISTORIES);
    let may_be_change = is_history || has_any(OF_EITHER);
    if signs.kind.has_stages() && (if is_change { !may_be_change } else { is_history }) {
        return false;
    }
    if signs.kind != Kind::Purchases && OF_LINES.iter().all(|word| has_any(&[word])) {
        return false;
    }
    targets.iter().enumerate().all(|(index, target)| sample.is_readable(index, *target))
}

/// The first rows of a file, column by column.
struct Sample {
    columns: Vec<Vec<String>>,
}

impl Sample {
    fn of(source: &mut Source) -> Result<Sample, Refusal> {
        let mut columns = vec![Vec::new(); source.headers.len()];
        let mut record = Record::default();
        for _ in 0..RECOGNITION_ROWS {
            if !source.next(&mut record)? {
                break;
            }
            if record.fault.is_none() {
                for (column, cell) in columns.iter_mut().zip(record.cells()) {
                    column.push(cell.trim().to_owned());
                }
            }
        }
        Ok(Sample { columns })
    }

    fn values(&self, index: usize) -> impl Iterator<Item = &str> {
        let column = self.columns.get(index).map(Vec::as_slice).unwrap_or_default();
        column.iter().map(String::as_str).filter(|value| !value.is_empty())
    }

    fn repeats(&self, index: usize) -> bool {
        let mut seen = BTreeSet::new();
        self.values(index).any(|value| !seen.insert(value))
    }

    /// Whether most values of a column read as what the target holds.
    fn is_readable(&self, index: usize, target: Option<Target>) -> bool {
        let reads = |value: &str| match target.and_then(Target::holds) {
            Some(Holds::Date | Holds::Instant) => dates::written(value).is_ok(),
            Some(Holds::Money) => {
                numbers::plain(numbers::dissect(value).digits, None).is_ok()
                    || numbers::evidence(numbers::dissect(value).digits).is_some()
            }
            _ => true,
        };
        let count = self.values(index).count();
        let readable = self.values(index).filter(|value| reads(value)).count();
        readable as f64 >= READABLE_SHARE * count as f64
    }

    /// The currencies beside amounts, and in a column of their own.
    fn currencies(&self, targets: &[Option<Target>]) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for (index, target) in targets.iter().enumerate() {
            let is_code = *target == Some(Target::Currency);
            let is_amount = target.and_then(Target::holds) == Some(Holds::Money);
            for value in self.values(index).filter(|_| is_code || is_amount) {
                let mark = if is_code { Some(value) } else { numbers::dissect(value).currency };
                if let Some(currency) = mark.and_then(currency_of) {
                    *counts.entry(currency.code()).or_default() += 1;
                }
            }
        }
        counts
    }
}

/// The currency of a code or sign; a lone dollar sign is taken as that of the United States.
fn currency_of(mark: &str) -> Option<Currency> {
    match mark {
        "$" => Some(Currency::USD),
        "€" => Some(Currency::EUR),
        "£" => Some(Currency::GBP),
        "¥" => Some(Currency::JPY),
        code => parse_currency(code).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::published;

    #[track_caller]
    fn check(name: &str, text: &str, expected: Option<Kind>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("is written");
        let found = recognise(&path).expect("is a table");
        assert_eq!(found.kind, expected, "{name}: {found:?}");
    }

    #[test]
    fn kinds_are_told_by_headers_whatever_the_file_is_called() {
        check("x.csv", "deal_id,stage,amount\n1,Won,5\n2,Lost,6\n", Some(Kind::Deals));
        check("x.csv", "lead_id,stage,created_at\n1,mql,2020-01-01\n", Some(Kind::Leads));
        check("deals.csv", "account,industry,employees\nAcme,tools,5\n", Some(Kind::Accounts));
        check("x.csv", "name,colour\na,red\n", None);
        check("x.csv", "id,stage,amount,close_date\n1,Won,5,soon\n2,Won,5,later\n", None);
    }

    #[test]
    fn rows_that_repeat_their_id_are_changes() {
        let record = "deal_id,stage,amount,created_date\n1,New,5,2020-01-01\n2,New,5,2020-01-02\n";
        check("x.csv", record, Some(Kind::Deals));
        let changes = "deal_id,stage,amount,created_date\n1,New,5,2020-01-01\n1,Won,5,2020-01-02\n";
        check("x.csv", changes, Some(Kind::DealChanges));
        let said = "deal_id,changed_at,stage\n1,2020-01-01,New\n2,2020-01-02,New\n";
        check("x.csv", said, Some(Kind::DealChanges));
    }

    #[test]
    fn currencies_are_counted_where_amounts_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.csv");
        std::fs::write(&path, "deal_id,stage,amount\n1,Won,$5\n2,Won,€7\n3,Won,$8\n").expect("ok");
        let found = recognise(&path).expect("is a table");
        assert_eq!(found.currencies, BTreeMap::from([("EUR", 1), ("USD", 2)]));
    }

    #[test]
    fn published_files_are_recognised() {
        for (file, expected) in [
            ("maven_crm/sales_pipeline.csv", Some(Kind::Deals)),
            ("maven_crm/accounts.csv", Some(Kind::Accounts)),
            ("maven_crm/products.csv", Some(Kind::Products)),
            ("maven_crm/sales_teams.csv", Some(Kind::Users)),
            ("maven_crm/data_dictionary.csv", None),
            ("olist_funnel/olist_marketing_qualified_leads_dataset.csv", Some(Kind::Leads)),
            ("olist_funnel/olist_closed_deals_dataset.csv", Some(Kind::LeadChanges)),
            ("xeducation_leads/Leads.csv", Some(Kind::Leads)),
            ("attribution_paths/channelattribution_pathdata.csv", None),
            ("cdnow/cdnow_customers_summary.csv", None),
            ("cdnow/donations.csv", None),
            ("crm_shapes/salesforce_fivetran_seeds/sf_account_data.csv", Some(Kind::Accounts)),
            ("crm_shapes/salesforce_fivetran_seeds/sf_contact_data.csv", Some(Kind::People)),
            ("crm_shapes/salesforce_fivetran_seeds/sf_lead_data.csv", Some(Kind::Leads)),
            ("crm_shapes/salesforce_fivetran_seeds/sf_opportunity_data.csv", Some(Kind::Deals)),
            (
                "crm_shapes/salesforce_fivetran_seeds/sf_opportunity_history_data.csv",
                Some(Kind::DealChanges),
            ),
            ("crm_shapes/salesforce_fivetran_seeds/sf_opportunity_line_item_data.csv", None),
            ("crm_shapes/salesforce_fivetran_seeds/sf_product_2_data.csv", Some(Kind::Products)),
            ("crm_shapes/salesforce_fivetran_seeds/sf_user_data.csv", Some(Kind::Users)),
            ("crm_shapes/salesforce_fivetran_seeds/sf_user_role_data.csv", None),
            ("crm_shapes/hubspot_fivetran_seeds/company_data.csv", Some(Kind::Accounts)),
            ("crm_shapes/hubspot_fivetran_seeds/contact_data.csv", Some(Kind::People)),
            ("crm_shapes/hubspot_fivetran_seeds/deal_data.csv", Some(Kind::Deals)),
            ("crm_shapes/hubspot_fivetran_seeds/deal_company_data.csv", None),
            (
                "crm_shapes/hubspot_fivetran_seeds/deal_property_history_data.csv",
                Some(Kind::DealChanges),
            ),
            ("crm_shapes/hubspot_fivetran_seeds/deal_stage_data.csv", Some(Kind::DealChanges)),
            ("crm_shapes/hubspot_fivetran_seeds/company_property_history_data.csv", None),
            ("crm_shapes/hubspot_fivetran_seeds/owner_data.csv", Some(Kind::Users)),
            ("crm_shapes/hubspot_fivetran_seeds/users_data.csv", Some(Kind::Users)),
            ("crm_shapes/hubspot_fivetran_seeds/property_data.csv", None),
            ("crm_shapes/hubspot_fivetran_seeds/ticket_data.csv", None),
            ("crm_shapes/hubspot_fivetran_seeds/deal_pipeline_stage_data.csv", None),
        ] {
            let Some(path) = published(file) else { return };
            let found = recognise(&path).unwrap_or_else(|refusal| panic!("{file}: {refusal}"));
            assert_eq!(found.kind, expected, "{file}: {found:?}");
        }
    }
}
