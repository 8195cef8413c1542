use chrono::TimeDelta;

use super::*;
use crate::id::ExecutionId;
use crate::vault::{KeyRing, Vault};

fn vault() -> Vault {
    let key: Vec<u8> = Uuid::new_v4().into_bytes().into_iter().chain(Uuid::new_v4().into_bytes()).collect();
    Vault::new(KeyRing::new(1, &key).unwrap())
}

fn seal(vault: &Vault, subject: &str) -> Seal {
    Seal { key: vault.peer_key(), subject: subject.to_owned(), server: Uuid::new_v4() }
}

fn ear(vault: &Vault) -> (Ear, broadcast::Receiver<Event>) {
    let (heard, events) = broadcast::channel(16);
    let seal = Arc::new(seal(vault, "oa.peers"));
    (Ear { seal, heard, servers: HashMap::new(), second: (Instant::now(), 0) }, events)
}

fn pending() -> Event {
    Event::ExecutionPending { execution_id: ExecutionId::new() }
}

fn said(seal: &Seal, number: u64, at: Timestamp, events: &[Event]) -> Vec<u8> {
    let events = events.iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    seal.close(&Announcement { server: seal.server, number, at, events }).unwrap()
}

fn all(events: &mut broadcast::Receiver<Event>) -> Vec<Event> {
    std::iter::from_fn(|| events.try_recv().ok()).collect()
}

#[test]
fn another_server_on_the_same_data_is_heard_once_and_in_order() {
    let (vault, now) = (vault(), SystemClock.now());
    let ((mut ear, mut heard), peer) = (ear(&vault), seal(&vault, "oa.peers"));
    let events = [pending(), pending()];
    let first = said(&peer, 1, now, &events);
    ear.take(&first, now);
    assert_eq!(all(&mut heard), events);
    // Again, or earlier ones, count for nothing.
    ear.take(&first, now);
    ear.take(&said(&peer, 2, now, &events[..1]), now);
    ear.take(&first, now);
    assert_eq!(all(&mut heard), events[..1]);
    // A gap is told.
    ear.take(&said(&peer, 4, now, &events[1..]), now);
    assert_eq!(all(&mut heard), [Event::EventsMissed, events[1].clone()]);
    // What this release does not know is passed over.
    let newer = Announcement {
        server: peer.server,
        number: 5,
        at: now,
        events: vec![serde_json::json!({"type": "somethingNew"}), serde_json::to_value(&events[0]).unwrap()],
    };
    ear.take(&peer.close(&newer).unwrap(), now);
    assert_eq!(all(&mut heard), events[..1]);
}

#[test]
fn what_others_make_change_or_keep_for_later_is_not_believed() {
    let (vault, now) = (vault(), SystemClock.now());
    let ((mut ear, mut heard), peer) = (ear(&vault), seal(&vault, "oa.peers"));
    let events = [pending()];
    let good = said(&peer, 1, now, &events);
    let stranger = seal(&self::vault(), "oa.peers");
    let neighbour = seal(&vault, "other.peers");
    ear.take(&said(&stranger, 1, now, &events), now);
    ear.take(&said(&neighbour, 1, now, &events), now);
    ear.take(&serde_json::to_vec(&events[0]).unwrap(), now);
    ear.take(&[], now);
    ear.take(&vec![0; MAX_MESSAGE + 1], now);
    for place in 0..good.len() {
        let mut changed = good.clone();
        changed[place] ^= 1;
        ear.take(&changed, now);
    }
    for late in [-61, 61] {
        ear.take(&good, now + TimeDelta::seconds(late));
    }
    // One of this server's own comes back to it.
    let own = Arc::clone(&ear.seal);
    ear.take(&said(&own, 1, now, &events), now);
    assert_eq!(all(&mut heard), []);
    assert!(ear.servers.is_empty());
    ear.take(&good, now);
    assert_eq!(all(&mut heard), events);
}

#[test]
fn a_flood_of_a_server_is_cut_to_one_hint_to_look() {
    let (vault, now) = (vault(), SystemClock.now());
    let ((mut ear, mut heard), peer) = (ear(&vault), seal(&vault, "oa.peers"));
    ear.second = (Instant::now() + Duration::from_secs(3_600), PER_SECOND - 3);
    for number in 1..=5 {
        ear.take(&said(&peer, number, now, &[pending(), pending()]), now);
    }
    let told = all(&mut heard);
    assert_eq!(told.len(), 3);
    assert_eq!(told.iter().filter(|event| **event == Event::EventsMissed).count(), 1);
    assert_eq!(told.last(), Some(&Event::EventsMissed));
}
