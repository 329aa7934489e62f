-- dated: costs of the period, each on its day
with dated as (
    select *, created_on as day
    from costs
    where created_on between $first_day and $last_day
)
select $by as segment, coalesce(sum(amount_minor), 0) as value, count(*) as costs
from dated
group by 1
order by 1
