use openautomate_core::id::{SessionId, UserId};

use super::*;
use crate::auth::{ACCESS_LIFE, AccessClaims, TokenType};

const SOON: KeyRotation = KeyRotation { signs_after: Duration::from_secs(60), end_others: false };

fn token(keys: &JwtKeys, now: Timestamp) -> String {
    let claims = AccessClaims { sub: UserId::new(), sid: SessionId::new() };
    keys.sign(TokenType::Access, claims, now, ACCESS_LIFE).unwrap()
}

fn is_good(keys: &JwtKeys, token: &str, now: Timestamp) -> bool {
    keys.verify::<AccessClaims>(TokenType::Access, token, now).is_ok()
}

#[test]
fn the_key_file_outlives_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwt.pem");
    let now = SystemClock.now();
    assert!(JwtKeys::load(&path).unwrap().is_none());
    let first = token(&JwtKeys::load_or_create(&path).unwrap(), now);
    let again = JwtKeys::load_or_create(&path).unwrap();
    assert!(is_good(&again, &first, now));
    assert!(
        again.newest_made_at() <= SystemClock.now() && again.newest_made_at() >= now - TimeDelta::seconds(1)
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    let pem = again.signing_key(now).unwrap().pem.expose().clone();
    assert!(!format!("{again:?}").contains(pem.lines().nth(1).unwrap()));
    std::fs::write(&path, "no key").unwrap();
    assert_eq!(JwtKeys::load_or_create(&path).unwrap_err().code(), "jwt.key_file");
    assert_eq!(again.reload().unwrap_err().code(), "jwt.key_file");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(again.reload().unwrap_err().code(), "jwt.key_file");
    assert!(is_good(&again, &first, now), "what it has it keeps");
}

/// A file of a version that knew one key and no times.
#[test]
fn a_bare_key_is_read_and_may_be_rotated() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwt.pem");
    let old = JwtKeys::generate().unwrap();
    let now = SystemClock.now();
    private_file::create(&path, &old.signing_key(now).unwrap().pem).unwrap();
    let read = JwtKeys::load(&path).unwrap().unwrap();
    assert!(is_good(&read, &token(&old, now), now));
    assert!(SystemClock.now() - read.newest_made_at() < TimeDelta::seconds(60));
    assert_eq!(JwtKeys::rotate(&path, SOON, now).unwrap().kept.len(), 1);
}

#[test]
fn a_new_key_is_known_before_it_signs_and_the_old_one_until_its_tokens_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwt.pem");
    let keys = JwtKeys::load_or_create(&path).unwrap();
    let beside = JwtKeys::load_or_create(&path).unwrap();
    let now = SystemClock.now();
    let old_id = keys.signing_key(now).unwrap().id.clone();
    let rotated = JwtKeys::rotate(&path, SOON, now).unwrap();
    assert_eq!((rotated.kept, rotated.signs_from), (vec![old_id.clone()], now + TimeDelta::seconds(60)));
    assert!(keys.reload().unwrap() && !keys.reload().unwrap());
    assert_eq!(keys.signing_key(now + TimeDelta::seconds(59)).unwrap().id, old_id);
    let last_old = token(&keys, now + TimeDelta::seconds(59));
    let switch = now + TimeDelta::seconds(60);
    let first_new = token(&keys, switch);
    assert_eq!(keys.signing_key(switch).unwrap().id, rotated.id);
    assert!(!is_good(&beside, &first_new, switch), "it has not looked yet");
    assert!(beside.reload().unwrap() && is_good(&beside, &first_new, switch));
    assert!(is_good(&keys, &last_old, now + TimeDelta::seconds(59) + ACCESS_LIFE));
    assert!(keys.verifying_key(&old_id, switch + OVERLAP - TimeDelta::seconds(1)).is_some());
    assert!(
        keys.verifying_key(&old_id, switch + OVERLAP).is_none(),
        "whoever has seen it can do nothing with it"
    );
    assert!(keys.verifying_key("../jwt.pem", now).is_none() && keys.verifying_key("", now).is_none());
    // The next rotation takes it out of the file.
    let next = JwtKeys::rotate(&path, SOON, switch + OVERLAP).unwrap();
    assert_eq!(next.kept, [rotated.id]);
    assert_eq!(std::fs::read_to_string(&path).unwrap().matches(BEGIN).count(), 2);
}

#[test]
fn a_key_that_others_have_seen_ends_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwt.pem");
    let keys = JwtKeys::load_or_create(&path).unwrap();
    let now = SystemClock.now();
    let seen = token(&keys, now);
    let rotated = JwtKeys::rotate(&path, KeyRotation { end_others: true, ..SOON }, now).unwrap();
    assert_eq!((rotated.kept.len(), rotated.signs_from), (0, now));
    assert!(is_good(&keys, &seen, now) && keys.reload().unwrap());
    assert!(!is_good(&keys, &seen, now) && is_good(&keys, &token(&keys, now), now));
}

#[test]
fn weak_and_published_keys_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let published = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
    for (name, seed) in [("zero", [0; 32]), ("published", published.try_into().unwrap())] {
        let path = dir.path().join(name);
        let pem = SigningKey::from_bytes(&seed).to_pkcs8_pem(LineEnding::LF).unwrap();
        private_file::create(&path, &Secret::new(pem.to_string())).unwrap();
        assert_eq!(JwtKeys::load_or_create(&path).unwrap_err().code(), "jwt.weak_key", "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwt.pem");
    JwtKeys::load_or_create(&path).unwrap();
    for mode in [0o640, 0o604, 0o666] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = JwtKeys::load_or_create(&path).unwrap_err();
        assert!(error.code() == "jwt.key_file" && error.message().contains("0600"), "{error}");
    }
}

#[test]
fn a_cut_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwt.pem");
    JwtKeys::load_or_create(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    for cut in [text.len() - 2, text.len() - 30, text.len() - 60, 10, 0] {
        std::fs::write(&path, &text[..cut]).unwrap();
        assert_eq!(JwtKeys::load(&path).unwrap_err().code(), "jwt.key_file", "{cut}");
    }
}
