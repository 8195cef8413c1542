//! Removing what nobody uses.

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn what_was_not_used_for_long_goes_and_what_is_in_use_stays() {
    let place = Place::new();
    let cache = place.open(place.settings());
    let old = place.ensure(&cache, &place.tiny("==1.0")).await.unwrap();
    let used = place.ensure(&cache, &place.tiny("==2.0")).await.unwrap();
    let (old_python, used_python) = (old.python(), used.python());
    drop(old);
    place.clock.advance(DAY * 13);
    cache.collect().await;
    assert!(old_python.exists() && used_python.exists());
    place.clock.advance(DAY * 2);
    cache.collect().await;
    assert!(!old_python.exists() && used_python.exists());
    // Its last use ends now: its days begin anew.
    drop(used);
    place.clock.advance(DAY * 13);
    cache.collect().await;
    assert!(used_python.exists());
    place.clock.advance(DAY * 2);
    cache.collect().await;
    assert_eq!(place.left(), Vec::<String>::new());
    let again = place.ensure(&cache, &place.tiny("==1.0")).await.unwrap();
    assert_eq!(say(&again.python(), TINY).unwrap(), "1.0");
}

#[tokio::test]
async fn the_least_recently_used_ones_above_the_bound_go() {
    let place = Place::new();
    let cache = place.open(place.settings().at_most(2, u64::MAX));
    let mut pythons = Vec::new();
    for specifier in ["==1.0", "<2", "==2.0"] {
        place.clock.advance(DAY);
        pythons.push(place.ensure(&cache, &place.tiny(specifier)).await.unwrap().python());
    }
    let there: Vec<bool> = pythons.iter().map(|python| python.exists()).collect();
    assert_eq!(there, [false, true, true]);
    // By size: nothing may stay, and what is in use does.
    let cache = place.open(place.settings().at_most(9, 1));
    let used = place.ensure(&cache, &place.tiny("<2")).await.unwrap();
    cache.collect().await;
    assert!(used.python().exists() && !pythons[2].exists());
    assert!(!place.path("environments").join(super::super::cache::UV_CACHE).exists(), "its downloads stay");
    assert_eq!(say(&used.python(), TINY).unwrap(), "1.0");
}
