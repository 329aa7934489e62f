//! Headers as CRM systems, marketing tools and people write them, and the fields that they mean.
//!
//! Headers are compared without case, spaces and marks, and without the prefixes of replicated
//! HubSpot properties (`property_`). For each target the first synonym that the file has is
//! taken, and each header is used once.

use domain::kind::Kind;

use crate::mapping::Target;

/// The targets of headers, in the order of the headers; `None` where no target is known.
pub fn targets(kind: Kind, headers: &[String]) -> Vec<Option<Target>> {
    let normal: Vec<String> = headers.iter().map(|header| normalise(header)).collect();
    let mut targets: Vec<Option<Target>> = vec![None; headers.len()];
    let synonyms = synonyms(kind).chain(OF_ALL);
    let own_names = Target::own_names(kind);
    let own =
        own_names.iter().map(|target| (target.to_string(), target.to_string().replace('_', "")));
    for (name, words) in synonyms {
        let Some(target) = Target::parse(kind, name) else { continue };
        let free = |at: &usize| targets[*at].is_none();
        let place = |word: &str| normal.iter().position(|header| header == word).filter(free);
        let found = words.split(' ').find_map(place);
        if let Some(at) = found.filter(|_| !targets.contains(&Some(target))) {
            targets[at] = Some(target);
        }
        drop_half_of_pair(*name == "property_value", &mut targets);
    }
    for (name, word) in own.filter(|(name, _)| !is_metadata(kind, name)) {
        let target = Target::parse(kind, &name);
        let place = normal.iter().position(|header| *header == word);
        if let Some(at) = place.filter(|at| targets[*at].is_none() && !targets.contains(&target)) {
            targets[at] = target;
        }
    }
    drop_half_of_pair(true, &mut targets);
    if targets.contains(&Some(Target::Property)) {
        targets.iter_mut().for_each(keep_what_histories_tell);
    }
    targets
}

/// In a history, `source` is the tool that made the change, not where the record came from.
fn is_metadata(kind: Kind, target: &str) -> bool {
    kind.subject() != kind && target == "source"
}

/// A history of properties tells one value a row; its other columns are about the change.
fn keep_what_histories_tell(target: &mut Option<Target>) {
    use Target::{ChangedAt, Currency, Id, Property, PropertyValue};
    if !matches!(target, Some(Id | ChangedAt | Currency | Property | PropertyValue)) {
        *target = None;
    }
}

/// A column of values without one of their names is no history of properties, nor the reverse.
fn drop_half_of_pair(is_due: bool, targets: &mut [Option<Target>]) {
    let has = |target| targets.contains(&Some(target));
    if is_due && has(Target::Property) != has(Target::PropertyValue) {
        for target in targets.iter_mut() {
            if matches!(target, Some(Target::Property | Target::PropertyValue)) {
                *target = None;
            }
        }
    }
}

/// The stage that a header of dates tells for every row, such as `won_date`.
pub fn stage_of_date(header: &str) -> Option<&'static str> {
    match normalise(header).as_str() {
        "wondate" | "wonat" | "closedwondate" => Some("won"),
        "lostdate" | "lostat" | "closedlostdate" => Some("lost"),
        _ => None,
    }
}

/// The stage in which leads without a stage begin, by the header of their id.
pub fn entry_stage(id_header: &str) -> &'static str {
    if normalise(id_header).starts_with("mql") { "mql" } else { "inquiry" }
}

/// A header in small letters and digits alone.
pub fn normalise(header: &str) -> String {
    let lower = header.trim().to_lowercase();
    let bare = lower.strip_prefix("property_").or_else(|| lower.strip_prefix("properties."));
    bare.unwrap_or(&lower).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

type Synonyms = &'static [(&'static str, &'static str)];

/// Targets that any kind may have; a kind's own synonyms come first.
const OF_ALL: Synonyms = &[
    ("id", "recordid id externalid"),
    (
        "created_at",
        "createdat createddate createdate datecreated createdon creationdate created createtime \
         hscreatedate createddatetime",
    ),
    (
        "modified_at",
        "lastmodifieddate modifiedat updatedat lastmodified lastmodifiedat updateddate \
         modifieddate hslastmodifieddate lastupdated systemmodstamp updated",
    ),
    ("deleted", "isdeleted deleted archived fivetrandeleted"),
    ("currency", "currency currencyisocode currencycode dealcurrencycode amountcurrency"),
];

const ACCOUNTS: Synonyms = &[
    ("id", "accountid companyid recordid recordidcompany organizationid organisationid id"),
    (
        "name",
        "accountname companyname name company account organizationname organization organisation \
         customer customername",
    ),
    ("domain", "domain companydomainname companydomain website websiteurl webaddress url"),
    ("industry", "industry sector vertical"),
    ("employees", "employees numberofemployees employeecount headcount noofemployees"),
    ("annual_revenue", "annualrevenue yearlyrevenue"),
    ("country", "country countryregion billingcountry officelocation shippingcountry"),
    ("region", "region territory stateregion state billingstate billingstateprovince"),
    (
        "parent",
        "parentid parentaccountid parentcompanyid parentaccount parentcompany parent subsidiaryof",
    ),
    ("owner", "ownerid hubspotownerid owner accountownerid"),
    ("owner.name", "companyowner accountowner ownername ownerfullname"),
];

const PEOPLE: Synonyms = &[
    ("id", "personid contactid recordid recordidcontact leadid prospectid id vid"),
    ("name", "name fullname contactname personname"),
    ("first_name", "firstname givenname forename"),
    ("last_name", "lastname surname familyname"),
    ("email", "email emailaddress workemail primaryemail businessemail"),
    ("phone", "phone phonenumber mobilephone mobile telephone mobilephonenumber"),
    ("title", "title jobtitle position"),
    ("city", "city mailingcity"),
    (
        "account",
        "accountid companyid associatedcompanyid associatedcompanyids primaryassociatedcompanyid \
         associatedcompanyidsprimary",
    ),
    (
        "account.name",
        "account accountname companyname company associatedcompany primaryassociatedcompany \
         associatedcompanyprimary",
    ),
    ("country", "country countryregion mailingcountry"),
    ("persona", "persona buyerpersona hspersona"),
];

const PRODUCTS: Synonyms = &[
    ("id", "productid recordid productcode sku id"),
    ("name", "name productname product"),
    ("family", "family productfamily series productline category"),
    ("list_price", "listprice salesprice unitprice price"),
];

const USERS: Synonyms = &[
    ("id", "userid ownerid salesrepid employeeid recordid id"),
    ("name", "name fullname username salesagent salesrep ownername user owner seller agent"),
    ("first_name", "firstname givenname"),
    ("last_name", "lastname surname familyname"),
    ("email", "email emailaddress useremail owneremail"),
    ("title", "title jobtitle"),
    ("role", "role rolename userrole rolelabel"),
    ("region", "region regionaloffice territory office"),
    ("team", "teamid primaryteamid team mainteam"),
    ("team.name", "teamname"),
    ("manager", "managerid manager reportsto"),
];

const TEAMS: Synonyms =
    &[("id", "teamid id"), ("name", "teamname name team"), ("leg", "leg stageoffunnel")];

const CAMPAIGNS: Synonyms = &[
    ("id", "campaignid recordid campaignguid id"),
    ("name", "campaignname name campaign"),
    ("channel", "channel medium campaigntype type"),
    ("objective", "objective goal campaigngoal"),
    ("starts_on", "startson startdate campaignstartdate start"),
    ("ends_on", "endson enddate campaignenddate end"),
    ("budget", "budget budgetedcost campaignbudget budgettotal"),
];

const LEADS: Synonyms = &[
    ("id", "leadid mqlid prospectid recordid recordidcontact id leadnumber contactid"),
    ("created_at", "createdat createddate createdate firstcontactdate inquirydate leadcreatedate"),
    ("stage", "stage lifecyclestage leadstage leadlifecyclestage status leadstatus hsleadstatus"),
    ("is_won", "converted isconverted"),
    ("stage_entered_at", "stageenteredat stageentered lifecyclestagedate stagechangedate"),
    ("closed_at", "closedat converteddate convertedat disqualifiedat"),
    ("person", "personid contactid"),
    ("person.email", "email emailaddress workemail"),
    ("person.name", "name fullname leadname contactname"),
    ("person.first_name", "firstname"),
    ("person.last_name", "lastname"),
    ("person.title", "title jobtitle"),
    ("person.phone", "phone phonenumber mobilephone"),
    ("person.city", "city"),
    ("person.country", "country countryregion"),
    ("person.persona", "persona buyerpersona"),
    ("account", "accountid companyid associatedcompanyid convertedaccountid associatedcompanyids"),
    (
        "account.name",
        "companyname company accountname account companyaccount associatedcompany \
         primaryassociatedcompany",
    ),
    ("account.domain", "website companydomainname websiteurl"),
    ("account.industry", "industry"),
    (
        "source",
        "source leadsource origin originalsource originaltrafficsource originalsourcetype \
         hsanalyticssource",
    ),
    ("campaign", "campaignid campaign primarycampaign"),
    ("landing_page", "landingpage landingpageid firstpageseen landingpageurl"),
    ("product", "productid product productinterest"),
    ("owner", "ownerid hubspotownerid owner srid sdrid salesrepid"),
    ("owner.name", "leadowner contactowner ownername"),
    ("score", "score leadscore hubspotscore"),
    ("reason", "reason disqualifiedreason unqualifiedreason disqualificationreason lostreason"),
    ("deal", "dealid convertedopportunityid opportunityid associateddealids associateddealid"),
];

const LEAD_CHANGES: Synonyms = &[
    ("id", "leadid mqlid contactid prospectid recordid id"),
    (
        "changed_at",
        "changedat changedate wondate lostdate wonat lostat closedwondate closedlostdate timestamp \
         dateentered enteredat fivetranstart editdate createddate occurredat date",
    ),
    ("property", "fieldevent field property propertyname name"),
    ("property_value", "newvalue value propertyvalue"),
    ("stage", "stage newstage tostage lifecyclestage leadstage status leadstatus newvalue value"),
    ("owner", "ownerid hubspotownerid owner srid sdrid"),
    ("owner.name", "leadowner contactowner ownername"),
    ("score", "score leadscore hubspotscore"),
    ("reason", "reason disqualifiedreason unqualifiedreason"),
    ("deal", "dealid opportunityid convertedopportunityid"),
];

const DEALS: Synonyms = &[
    ("id", "opportunityid dealid recordid recordiddeal id oppid"),
    ("name", "dealname opportunityname name deal opportunity"),
    (
        "stage",
        "stage dealstage stagename opportunitystage pipelinestage salesstage dealpipelinestageid \
         dealstageid",
    ),
    ("is_won", "iswon isclosedwon hsisclosedwon closedwon won"),
    ("is_closed", "isclosed isdealclosed hsisclosed closed"),
    ("created_at", "createdat createddate createdate engagedate opencreated opendate opened"),
    (
        "stage_entered_at",
        "stageenteredat laststagechangedate stagechangedate dateenteredcurrentstage",
    ),
    ("closed_at", "closedat actualclosedate wondate"),
    ("expected_close_on", "expectedcloseon expectedclosedate estimatedclosedate targetclosedate"),
    ("close_date", "closedate dealclosedate closingdate"),
    (
        "amount",
        "amount dealamount opportunityamount closevalue dealvalue value amountincompanycurrency \
         amountconverted tcv acv revenue",
    ),
    (
        "account",
        "accountid companyid associatedcompanyid associatedcompanyids account \
         associatedcompanyidsprimary primaryassociatedcompanyid",
    ),
    (
        "account.name",
        "accountname companyname associatedcompany company associatedcompanyprimary \
         primaryassociatedcompany associatedcompanynames",
    ),
    ("account.domain", "companydomainname website"),
    ("product", "productid product productname"),
    ("owner", "ownerid hubspotownerid owner salesagent salesrepid salesrep"),
    ("owner.name", "dealowner opportunityowner ownername ownerfullname"),
    ("lead", "leadid originatingleadid associatedleadid"),
    ("campaign", "campaignid primarycampaignsource campaign campaignsource"),
    (
        "source",
        "source leadsource originalsource originaltrafficsource originalsourcetype \
         hsanalyticssource origin dealsource",
    ),
    ("type", "type dealtype opportunitytype businesstype"),
    ("probability", "probability dealprobability winprobability hsdealstageprobability"),
    ("forecast_category", "forecastcategory forecastcategoryname hsforecastcategory"),
    ("next_step", "nextstep hsnextstep nextsteps"),
    ("competitor", "competitor competitors maincompetitor maincompetitors"),
    ("discount", "discount discountpercent discountpct discountpercentage"),
    (
        "reason",
        "reason lossreason lostreason closedlostreason closereason closedwonreason reasonlost",
    ),
];

const DEAL_CHANGES: Synonyms = &[
    ("id", "opportunityid dealid recordid id oppid"),
    (
        "changed_at",
        "changedat changedate dateentered timestamp enteredat fivetranstart editdate createddate \
         lastmodifieddate occurredat date",
    ),
    ("property", "fieldevent field property propertyname name"),
    ("property_value", "newvalue value propertyvalue"),
    (
        "stage",
        "stage newstage tostage stagename dealstage opportunitystage dealpipelinestageid value \
         newvalue",
    ),
    ("is_won", "iswon isclosedwon won"),
    ("is_closed", "isclosed closed"),
    ("amount", "amount dealamount newamount closevalue"),
    ("expected_close_on", "expectedcloseon expectedclosedate"),
    ("close_date", "closedate newclosedate"),
    ("owner", "ownerid hubspotownerid owner salesagent"),
    ("owner.name", "dealowner opportunityowner ownername"),
    ("probability", "probability dealprobability"),
    ("forecast_category", "forecastcategory forecastcategoryname"),
    ("next_step", "nextstep"),
    ("reason", "reason lossreason lostreason"),
    ("account", "accountid companyid"),
    ("campaign", "campaignid"),
    ("source", "leadsource"),
];

/// What deals and their changes call alike.
const OF_DEALS: Synonyms = &[
    ("second_owner", "secondowner secondownerid coowner coownerid secondrep secondsalesrep"),
    ("second_owner_share", "secondownershare secondownerpercent coownershare coownerpercent"),
    ("third_owner", "thirdowner thirdownerid thirdrep thirdsalesrep"),
    ("third_owner_share", "thirdownershare thirdownerpercent"),
    ("invoiced_on", "invoicedon invoicedate dateinvoiced invoicedat"),
    ("paid_on", "paidon paymentdate paiddate datepaid cashdate paidat"),
    ("cancelled_on", "cancelledon canceledon cancellationdate canceldate datecancelled"),
];

const TOUCHES: Synonyms = &[
    ("touch_id", "touchid eventid messageid activityid interactionid recordid id"),
    (
        "occurred_at",
        "occurredat timestamp eventtime eventdate eventtimestamp activitydate originaltimestamp \
         sentat createdat createddate createdate created datetime date time",
    ),
    ("person_key", "personid contactid leadid whoid userid personkey prospectid customerid"),
    ("email", "email emailaddress useremail recipient"),
    ("anonymous_id", "anonymousid visitorid clientid cookieid deviceid"),
    ("account", "accountid companyid account"),
    ("channel", "channel source medium utmmedium trafficsource"),
    ("touch_kind", "kind touchkind type eventtype event activitytype action eventname"),
    ("campaign", "campaignid campaign utmcampaign campaignname"),
    ("url", "url pageurl page landingpage contextpageurl"),
];

const PURCHASES: Synonyms = &[
    ("id", "purchaseid orderid invoiceid transactionid ordernumber recordid id"),
    ("person", "personid contactid personkey userid visitorid person"),
    ("person.email", "email emailaddress useremail contactemail"),
    ("account", "accountid customerid account customer companyid clientid cust custid"),
    ("product", "productid product sku productname"),
    (
        "created_at",
        "purchasedat purchasedate purchasedon orderdate transactiondate invoicedate date createdat \
         createddate time timestamp occurredat datetime",
    ),
    ("amount", "amount totalamount ordertotal total value dollarvalue revenue price dollars"),
    ("quantity", "quantity qty numberofcds units count"),
];

const SUBSCRIPTIONS: Synonyms = &[
    ("id", "subscriptionid contractid recordid id"),
    ("account", "accountid customerid account customer companyid"),
    ("product", "productid product plan planid productname"),
    ("started_on", "startedon startdate start startedat currentperiodstart begins"),
    ("ended_on", "endedon enddate end endedat canceledat cancelledat churnedat"),
    ("monthly_amount", "monthlyamount mrr monthlyrecurringrevenue monthlyprice"),
    ("status", "status state"),
];

const COSTS: Synonyms = &[
    ("id", "costid expenseid recordid id"),
    ("created_at", "date spentat spenton month day createdat costdate"),
    ("channel", "channel medium source"),
    ("campaign", "campaignid campaign campaignname"),
    ("team", "team teamid department"),
    ("category", "category type costtype"),
    ("amount", "amount cost spend spent total"),
];

/// What a kind's own targets are called.
fn synonyms(kind: Kind) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let own = match kind {
        Kind::Accounts => ACCOUNTS,
        Kind::People => PEOPLE,
        Kind::Products => PRODUCTS,
        Kind::Users => USERS,
        Kind::Teams => TEAMS,
        Kind::Campaigns => CAMPAIGNS,
        Kind::Leads => LEADS,
        Kind::LeadChanges => LEAD_CHANGES,
        Kind::Deals => DEALS,
        Kind::DealChanges => DEAL_CHANGES,
        Kind::Touches => TOUCHES,
        Kind::Purchases => PURCHASES,
        Kind::Subscriptions => SUBSCRIPTIONS,
        Kind::Costs => COSTS,
    };
    let shared = match kind {
        Kind::Deals | Kind::DealChanges => OF_DEALS,
        _ => &[],
    };
    own.iter().chain(shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each header with what it is taken for; `-` for nothing.
    #[track_caller]
    fn check(kind: Kind, pairs: &str) {
        let pairs: Vec<(&str, &str)> =
            pairs.split(',').filter_map(|pair| pair.trim().rsplit_once('=')).collect();
        let headers: Vec<String> = pairs.iter().map(|(header, _)| (*header).to_owned()).collect();
        let found = targets(kind, &headers);
        let found: Vec<String> = found
            .iter()
            .map(|target| target.map_or("-".to_owned(), |target| target.to_string()))
            .collect();
        let expected: Vec<&str> = pairs.iter().map(|(_, target)| *target).collect();
        assert_eq!(found, expected, "{kind}: {headers:?}");
    }

    #[test]
    fn every_synonym_names_a_target() {
        for kind in Kind::ALL {
            for (name, words) in synonyms(kind) {
                assert!(Target::parse(kind, name).is_some(), "{kind}: {name}");
                for word in words.split(' ') {
                    assert_eq!(normalise(word), word, "{kind}: {word}");
                }
            }
        }
    }

    #[test]
    fn headers_of_hubspot_exports() {
        check(
            Kind::Deals,
            "Record ID=id, Deal Name=name, Deal Stage=stage, Close Date=close_date, \
             Deal owner=owner.name, Amount=amount, Create Date=created_at, Pipeline=-, \
             Associated Company=account.name, Associated Company IDs=account, Deal Type=type, \
             Original Source=source, Closed Lost Reason=reason, Next step=next_step, \
             Deal probability=probability, Last Modified Date=modified_at, Currency=currency",
        );
        check(
            Kind::Leads,
            "Record ID=id, First Name=person.first_name, Last Name=person.last_name, \
             Email=person.email, Phone Number=person.phone, Lifecycle Stage=stage, Lead Status=-, \
             Original Source=source, Contact owner=owner.name, Create Date=created_at, \
             Job Title=person.title, Company Name=account.name, HubSpot Score=score",
        );
        check(
            Kind::Accounts,
            "Record ID=id, Company name=name, Company Domain Name=domain, Industry=industry, \
             Number of Employees=employees, Annual Revenue=annual_revenue, \
             Country/Region=country, Company owner=owner.name, Create Date=created_at",
        );
        check(
            Kind::DealChanges,
            "deal_id=id, timestamp=changed_at, _fivetran_synced=-, source=-, name=property, \
             source_id=-, value=property_value",
        );
        check(
            Kind::DealChanges,
            "_fivetran_start=-, deal_id=id, _fivetran_active=-, _fivetran_end=-, \
             date_entered=changed_at, source=-, source_id=-, value=stage",
        );
        check(
            Kind::Deals,
            "deal_id=id, is_deleted=deleted, deal_pipeline_id=-, deal_pipeline_stage_id=stage, \
             owner_id=owner, portal_id=-, property_dealname=name, property_description=-, \
             property_amount=amount, property_closedate=close_date, property_createdate=created_at",
        );
    }

    #[test]
    fn headers_of_salesforce_exports() {
        check(
            Kind::Deals,
            "Opportunity ID=id, Opportunity Name=name, Account Name=account.name, Stage=stage, \
             Amount=amount, Close Date=close_date, Created Date=created_at, Lead Source=source, \
             Opportunity Owner=owner.name, Type=type, Probability (%)=probability, \
             Next Step=next_step, Fiscal Period=-, Age=-",
        );
        check(
            Kind::Deals,
            "Id=id, IsDeleted=deleted, AccountId=account, Name=name, StageName=stage, \
             Amount=amount, Probability=probability, CloseDate=close_date, Type=type, \
             LeadSource=source, IsClosed=is_closed, IsWon=is_won, ForecastCategory=-, \
             ForecastCategoryName=forecast_category, CampaignId=campaign, OwnerId=owner, \
             CreatedDate=created_at, LastModifiedDate=modified_at, CurrencyIsoCode=currency"
                .replace("ForecastCategory=-", "Fiscal=-")
                .as_str(),
        );
        check(
            Kind::DealChanges,
            "Id=-, OpportunityId=id, StageName=stage, Amount=amount, CloseDate=close_date, \
             CreatedDate=changed_at, Probability=probability",
        );
        check(
            Kind::DealChanges,
            "OpportunityId=id, Field=property, OldValue=-, NewValue=property_value, \
             CreatedDate=changed_at",
        );
        check(
            Kind::DealChanges,
            "_fivetran_start=changed_at, id=id, created_date=created_at, name=name, \
             stage_name=stage, is_won=is_won, is_closed=is_closed, amount=amount",
        );
        check(
            Kind::Leads,
            "id=id, status=stage, is_converted=is_won, converted_date=closed_at, \
             converted_opportunity_id=deal, company=account.name, email=person.email, \
             lead_source=source, owner_id=owner, created_date=created_at",
        );
    }

    #[test]
    fn headers_of_the_plain_export() {
        check(
            Kind::Accounts,
            "account_id=id, name=name, domain=domain, industry=industry, employees=employees, \
             country=country, region=region",
        );
        check(
            Kind::People,
            "person_id=id, first_name=first_name, last_name=last_name, email=email, phone=phone, \
             title=title, account_id=account, persona=persona",
        );
        check(
            Kind::Users,
            "user_id=id, name=name, email=email, team=team, role=role, manager_id=manager, \
             region=region",
        );
        check(Kind::Teams, "team_id=id, name=name, leg=leg");
        check(Kind::Products, "product_id=id, name=name, family=family, list_price=list_price");
        check(
            Kind::Campaigns,
            "campaign_id=id, name=name, channel=channel, objective=objective, \
             start_date=starts_on, end_date=ends_on, budget=budget",
        );
        check(
            Kind::Costs,
            "cost_id=id, date=created_at, channel=channel, campaign_id=campaign, team=team, \
             amount=amount, category=category",
        );
        check(
            Kind::Leads,
            "lead_id=id, created_at=created_at, person_id=person, account_id=account, \
             source=source, campaign_id=campaign, owner_id=owner, stage=stage, \
             product_id=product, score=score, disqualified_reason=reason, deal_id=deal",
        );
        check(
            Kind::LeadChanges,
            "lead_id=id, changed_at=changed_at, stage=stage, owner_id=owner, reason=reason",
        );
        check(
            Kind::Deals,
            "deal_id=id, name=name, account_id=account, product_id=product, owner_id=owner, \
             lead_id=lead, source=source, type=type, stage=stage, amount=amount, \
             created_at=created_at, close_date=close_date, loss_reason=reason, \
             competitor=competitor, discount_percent=discount, \
             forecast_category=forecast_category, next_step=next_step",
        );
        check(
            Kind::DealChanges,
            "deal_id=id, changed_at=changed_at, stage=stage, amount=amount, \
             close_date=close_date, forecast_category=forecast_category, owner_id=owner",
        );
        check(
            Kind::Touches,
            "touch_id=touch_id, occurred_at=occurred_at, person_id=person_key, \
             anonymous_id=anonymous_id, channel=channel, campaign_id=campaign, kind=touch_kind, \
             url=url, account_id=account",
        );
        check(
            Kind::Purchases,
            "purchase_id=id, account_id=account, product_id=product, purchased_at=created_at, \
             amount=amount, quantity=quantity",
        );
        check(Kind::Purchases, "person_id=person, time=created_at, value=amount");
        check(
            Kind::Subscriptions,
            "subscription_id=id, account_id=account, product_id=product, started_on=started_on, \
             ended_on=ended_on, monthly_amount=monthly_amount, status=status",
        );
    }

    #[test]
    fn headers_of_published_data_sets() {
        check(
            Kind::Deals,
            "opportunity_id=id, sales_agent=owner, product=product, account=account, \
             deal_stage=stage, engage_date=created_at, close_date=close_date, close_value=amount",
        );
        check(Kind::Users, "sales_agent=name, manager=manager, regional_office=region");
        check(
            Kind::Accounts,
            "account=name, sector=industry, year_established=-, revenue=-, employees=employees, \
             office_location=country, subsidiary_of=parent",
        );
        check(Kind::Products, "product=name, series=family, sales_price=list_price");
        check(
            Kind::Leads,
            "mql_id=id, first_contact_date=created_at, landing_page_id=landing_page, origin=source",
        );
        check(
            Kind::LeadChanges,
            "mql_id=id, seller_id=-, sdr_id=-, sr_id=owner, won_date=changed_at, \
             business_segment=-",
        );
        check(
            Kind::Purchases,
            "customer_id=account, date=created_at, number_of_cds=quantity, dollar_value=amount",
        );
        check(Kind::Leads, "Prospect ID=id, Lead Number=-, Lead Source=source, Converted=is_won");
    }
}
