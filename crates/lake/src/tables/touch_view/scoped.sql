-- in scope: touches of accounts in scope, and of people in scope
select *
from labelled_touches
where
    account_id in (select id from accounts)
    or person_id in (select person_id from scoped_people)
