//! Tries to sign in: counted, forgotten, taken back.

use std::sync::Arc;

use super::sample::{at, hash, instant};
use crate::clock::Timestamp;
use crate::conformance::fixture::StoreFixture;
use crate::id::LoginTryId;
use crate::store::{LoginAdmission, LoginTry, Store};

use LoginAdmission::{Admitted, Refused};

/// A try at an instant, of which three may count for a minute each.
fn attempt(account: [u8; 32], now: Timestamp) -> LoginTry {
    LoginTry {
        id: LoginTryId::new(),
        account,
        now,
        expires_at: now + chrono::TimeDelta::seconds(60),
        most: 3,
    }
}

async fn begin(store: &Arc<dyn Store>, account: [u8; 32], second: i64) -> LoginAdmission {
    store.begin_login(attempt(account, at(second))).await.unwrap()
}

/// So many tries of an account are admitted, then none, until the first counts no more; others have their own count.
pub async fn counts_each_account<F: StoreFixture>(fixture: F) {
    let (store, ada, bob) = (fixture.store(), hash(), hash());
    for second in [0, 5, 9] {
        assert_eq!(begin(&store, ada, second).await, Admitted);
    }
    for second in [10, 59] {
        assert_eq!(begin(&store, ada, second).await, Refused { until: at(60) });
    }
    assert_eq!(begin(&store, bob, 10).await, Admitted);
}

/// A try counts until it expires and not from that instant on; one that was refused never did.
pub async fn expired_tries_do_not_count<F: StoreFixture>(fixture: F) {
    let (store, ada) = (fixture.store(), hash());
    for second in [0, 5, 9] {
        assert_eq!(begin(&store, ada, second).await, Admitted);
    }
    assert_eq!(begin(&store, ada, 30).await, Refused { until: at(60) });
    assert_eq!(begin(&store, ada, 60).await, Admitted);
    assert_eq!(begin(&store, ada, 61).await, Refused { until: at(65) });
    let none = LoginTry { most: 0, ..attempt(hash(), instant()) };
    assert_eq!(store.begin_login(none).await.unwrap(), Refused { until: instant() });
}

/// Of many tries at once, on two servers, as many are admitted as may count.
pub async fn tries_at_once_share_the_count<F: StoreFixture>(fixture: F) {
    let (servers, ada) = ([fixture.store(), fixture.peer().await], hash());
    let tries: Vec<_> = (0..24)
        .map(|index| {
            let store = Arc::clone(&servers[index % 2]);
            tokio::spawn(async move { begin(&store, ada, 0).await })
        })
        .collect();
    let mut admitted = 0;
    for task in tries {
        admitted += usize::from(task.await.unwrap() == Admitted);
    }
    assert_eq!(admitted, 3);
}

/// After its tries are forgotten an account begins anew; nobody else does.
pub async fn an_account_begins_anew<F: StoreFixture>(fixture: F) {
    let (store, ada, bob) = (fixture.store(), hash(), hash());
    for account in [ada, bob] {
        for second in 0..3 {
            assert_eq!(begin(&store, account, second).await, Admitted);
        }
    }
    store.forget_logins(&ada).await.unwrap();
    store.forget_logins(&hash()).await.unwrap();
    assert_eq!(begin(&store, ada, 4).await, Admitted);
    assert_eq!(begin(&store, bob, 4).await, Refused { until: at(60) });
}

/// A try that is taken back makes room for one.
pub async fn a_try_is_taken_back<F: StoreFixture>(fixture: F) {
    let (store, ada) = (fixture.store(), hash());
    let first = attempt(ada, instant());
    assert_eq!(store.begin_login(first).await.unwrap(), Admitted);
    assert_eq!((begin(&store, ada, 1).await, begin(&store, ada, 2).await), (Admitted, Admitted));
    store.take_back_login(first.id).await.unwrap();
    store.take_back_login(first.id).await.unwrap();
    assert_eq!(begin(&store, ada, 3).await, Admitted);
    assert_eq!(begin(&store, ada, 4).await, Refused { until: at(61) });
}

/// Expired tries are removed, the first to expire first, in batches; those that count stay.
pub async fn prunes_what_expired<F: StoreFixture>(fixture: F) {
    let (store, ada) = (fixture.store(), hash());
    assert_eq!(store.prune_logins(at(1_000), 10).await.unwrap(), 0);
    for second in [0, 1, 2] {
        assert_eq!(begin(&store, ada, second).await, Admitted);
    }
    assert_eq!(begin(&store, hash(), 100).await, Admitted);
    assert_eq!(store.prune_logins(at(62), 2).await.unwrap(), 2);
    assert_eq!(store.prune_logins(at(62), 2).await.unwrap(), 1);
    assert_eq!(store.prune_logins(at(62), 2).await.unwrap(), 0);
    assert_eq!(store.prune_logins(at(160), 2).await.unwrap(), 1);
}
