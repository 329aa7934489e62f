-- dated: touches, each on its day in the company's zone
with dated as (
    select
        occurred_at,
        cast(occurred_at at time zone $timezone as date) as occurred_on,
        person_id,
        channel,
        touch_kind,
        campaign,
        url,
        account_id
    from seen_touches
)
select
    dated.*,
    dated.campaign as campaign_name,
    accounts.owner,
    coalesce(accounts.name, accounts.external_id) as account_name,
    accounts.industry,
    cast(null as varchar) as source,
    cast(null as varchar) as product_name,
    cast(null as varchar) as stage
from dated
left join accounts on accounts.id = dated.account_id
