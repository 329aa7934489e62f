-- given: leads that were qualified for the first time in the period
with given as (
    select $by as segment, cast(count(*) as double) as leads
    from (
        select *, qualified_on as day
        from handoffs
        where pass = 1 and qualified_on between $first_day and $last_day
    ) as qualified
    group by 1
),
-- promised: what marketing owed in the working days of the period
promised as (
    select $by as segment, sum(leads) as leads
    from promised_leads
    where day between $first_day and $last_day
    group by 1
),
-- kept: the share of what sales owed that came in time
kept as (
    select $by as segment, avg(case when in_time then 1.0 else 0.0 end) as share
    from (
        select *, began_on as day
        from handoff_clocks
        where began_on between $first_day and $last_day and in_time is not null
    ) as begun
    group by 1
),
-- sides: both shares beside each other, marketing's at most whole
sides as (
    select
        coalesce(promised.segment, kept.segment) as segment,
        least(1.0, coalesce(given.leads, 0.0) / promised.leads) as marketing,
        kept.share as sales
    from promised
    full join kept on kept.segment = promised.segment
    left join given on given.segment = promised.segment
)
select
    segment,
    case
        when marketing is null then sales
        when sales is null then marketing
        else (marketing + sales) / 2
    end as value,
    marketing,
    sales
from sides
order by 1
