-- used: deals that are open, on the as-of day, and deals closed in the period, on theirs
with used as (
    select *, case when outcome = 'open' then $as_of_day else closed_on end as day
    from deals
    where
        outcome = 'open'
        or (closed_on between $first_day and $last_day and not impossible_order)
),
-- parts: the four factors of each segment
parts as (
    select
        $by as segment,
        count(*) filter (where outcome = 'open') as open_deals,
        count(*) filter (where outcome = 'won') as won,
        count(*) filter (where outcome = 'lost') as lost,
        avg(cast(amount_minor as double)) filter (where outcome = 'won') as price_minor,
        avg(cast(cycle_days as double)) filter (where outcome = 'won') as cycle_days
    from used
    group by 1
)
select
    segment,
    case
        when cycle_days > 0
            then
                cast(
                    floor(
                        open_deals * (cast(won as double) / (won + lost))
                        * price_minor / cycle_days + 0.5
                    ) as bigint
                )
    end as value,
    open_deals,
    won,
    lost
from parts
order by segment
