-- open_deals: what is open, each on the day of its creation
with open_deals as (
    select *, entered_on as day
    from deals
    where outcome = 'open' and entered_on <= $last_day and $first_day <= $last_day
)
select $by as segment, median(cast(age_days as double)) as value, count(*) as deals
from open_deals
group by 1
order by 1
