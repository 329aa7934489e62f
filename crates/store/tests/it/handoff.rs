//! Hand-offs in the store: never two owners, never two open passes, nobody told twice.

use domain::agreement::{Side, Whom};
use domain::handoff::{Clock, Handoff, Notice, State};
use store::handoff::Due;
use store::{Location, Store, Tx};

use crate::world::{at, author, created, id};

pub async fn tell(location: &Location) {
    let store = created(location).await;
    agreements(&store).await;
    passes(&store).await;
    owners(&store).await;
    notices(&store).await;
    store.close().await.unwrap();
    let store = Store::open(location).await.unwrap();
    assert_eq!(store.handoffs().await.unwrap().len(), 2, "they are there again");
    store.close().await.unwrap();
}

async fn agreements(store: &Store) {
    for (second, terms) in [(1, "first"), (2, "second")] {
        let write = async |tx: &mut Tx| tx.add_agreement(id(second), terms).await;
        let number = store.write(author(2), write).await.unwrap();
        assert_eq!(u128::from(number), second);
    }
    for (side, second) in [(Side::Sales, 3), (Side::Sales, 4), (Side::Marketing, 5)] {
        let write = async |tx: &mut Tx| tx.sign_agreement(1, side).await;
        let is_new = store.write(author(second), write).await.unwrap();
        assert_eq!(is_new, second != 4);
    }
    let versions = store.agreements().await.unwrap();
    assert_eq!((versions[0].terms.as_str(), versions[0].signatures.len()), ("first", 2));
    assert_eq!(versions[0].in_force_since(), Some(at(5)));
    assert_eq!(versions[1].in_force_since(), None);
}

/// Of a lead one pass is open at a time, and each pass is there once.
async fn passes(store: &Store) {
    let first = Handoff::new(id(10), id(1), 1, at(10));
    let begin = |new: Handoff| async move {
        let write = async |tx: &mut Tx| tx.begin_handoff(&new).await;
        store.write(author(10), write).await.unwrap()
    };
    assert!(begin(first.clone()).await);
    assert!(!begin(Handoff { id: id(11), ..first.clone() }).await, "the pass is there");
    assert!(!begin(Handoff { id: id(11), pass: 2, ..first.clone() }).await, "one is open");
    let (ended_at, returns_at) = (Some(at(11)), Some(at(20)));
    let state = State::Recycled;
    let over = Handoff { state, ended_at, returns_at, version: 2, ..first.clone() };
    let change = async |tx: &mut Tx| tx.change_handoff(&first, &over).await;
    assert!(store.write(author(11), change).await.unwrap());
    let again = async |tx: &mut Tx| tx.change_handoff(&first, &over).await;
    assert!(!store.write(author(11), again).await.unwrap(), "it has changed since");
    assert_eq!(store.returning_handoffs(at(19)).await.unwrap(), []);
    assert_eq!(store.returning_handoffs(at(20)).await.unwrap(), std::slice::from_ref(&over));
    let second = Handoff::new(id(12), id(1), 2, at(20));
    assert!(begin(second.clone()).await);
    assert_eq!(store.returning_handoffs(at(30)).await.unwrap(), [], "it has returned");
    assert_eq!(store.passes(id(1)).await.unwrap(), [over, second.clone()]);
    assert_eq!(store.open_handoffs().await.unwrap(), [second]);
    assert_eq!(store.handoffs().await.unwrap().len(), 2);
}

/// Of many who take a lead at once, one gets it.
async fn owners(store: &Store) {
    let open = store.open_handoffs().await.unwrap().remove(0);
    let takers: Vec<_> = (100..132)
        .map(|number| {
            let (store, before) = (store.clone(), open.clone());
            tokio::spawn(async move {
                let owner = Some(id(number));
                let (state, version) = (State::Accepted, before.version + 1);
                let after = Handoff { state, owner, version, ..before.clone() };
                let write = async |tx: &mut Tx| tx.change_handoff(&before, &after).await;
                store.write(author(30), write).await.unwrap().then_some(after)
            })
        })
        .collect();
    let mut taken = Vec::new();
    for taker in takers {
        taken.extend(taker.await.unwrap());
    }
    assert_eq!(store.open_handoffs().await.unwrap(), taken);
    let loads = async |tx: &mut Tx| tx.loads(at(0)).await;
    let loads = store.write(author(31), loads).await.unwrap();
    let load: Vec<_> = loads.into_iter().map(|(user, load)| (Some(user), load.open)).collect();
    assert_eq!(load, [(taken[0].owner, 1)]);
}

/// A clock's notices are planned once, told once, and end with the clock.
async fn notices(store: &Store) {
    let open = store.open_handoffs().await.unwrap().remove(0).id;
    let notice = |clock, since, step| {
        let (since, due_at) = (at(since), at(since + i64::from(step)));
        Notice { clock, since, step, due_at, whom: Whom::Manager }
    };
    let accept = [notice(Clock::Accept, 40, 0), notice(Clock::Accept, 40, 5)];
    for _ in 0..2 {
        let plan = async |tx: &mut Tx| tx.plan_notices(open, &accept).await;
        store.write(author(40), plan).await.unwrap();
    }
    let due = store.due_notices(at(40)).await.unwrap();
    assert_eq!(due, [Due { handoff: open, notice: accept[0].clone() }]);
    let tellers: Vec<_> = (0..8)
        .map(|_| {
            let (store, due) = (store.clone(), due[0].clone());
            tokio::spawn(async move {
                let tell = async |tx: &mut Tx| tx.tell(&due, Some(id(7))).await;
                store.write(author(41), tell).await.unwrap()
            })
        })
        .collect();
    let mut told = 0;
    for teller in tellers {
        told += usize::from(teller.await.unwrap());
    }
    assert_eq!(told, 1);
    assert_eq!(store.told_notices().await.unwrap().len(), 1);
    let contact = [notice(Clock::Contact, 50, 1)];
    let plan = async |tx: &mut Tx| tx.plan_notices(open, &contact).await;
    store.write(author(50), plan).await.unwrap();
    let due: Vec<Clock> =
        store.due_notices(at(99)).await.unwrap().iter().map(|due| due.notice.clock).collect();
    assert_eq!(due, [Clock::Contact], "those of the clock that stopped are over");
    let stop = async |tx: &mut Tx| tx.plan_notices(open, &[]).await;
    store.write(author(60), stop).await.unwrap();
    assert_eq!(store.due_notices(at(99)).await.unwrap(), []);
}
