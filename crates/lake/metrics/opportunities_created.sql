-- created: deals that came to be in the period, each on that day
with created as (
    select *, entered_on as day
    from deals
    where entered_on between $first_day and $last_day and not impossible_order
)
select $by as segment, count(*) as value
from created
group by 1
order by 1
