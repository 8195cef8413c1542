use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

fn key(seed: u8) -> Vec<u8> {
    (0..32_u8).map(|n| n.wrapping_mul(37).wrapping_add(seed)).collect()
}

fn vault() -> Vault {
    Vault::new(KeyRing::new(1, &key(1)).unwrap())
}

#[test]
fn what_was_sealed_opens_with_the_same_row_only() {
    let vault = vault();
    let sealed = vault.seal(b"hunter2", b"row-1").unwrap();
    assert_eq!(vault.open(&sealed, b"row-1").unwrap().expose(), b"hunter2");
    for other in [b"row-2".as_slice(), b"", b"row-1 "] {
        let error = vault.open(&sealed, other).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Internal, "vault.altered"));
    }
    assert!(!format!("{sealed:?} {vault:?}").contains("hunter2"));
    assert_eq!(vault.open(&vault.seal(b"", b"").unwrap(), b"").unwrap().expose(), b"");
}

#[test]
fn each_altered_bit_is_noticed() {
    let vault = vault();
    let bytes = vault.seal(b"hunter2", b"row-1").unwrap().to_bytes();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[index] ^= 1 << bit;
            let opened = Sealed::from_bytes(&altered).and_then(|sealed| vault.open(&sealed, b"row-1"));
            assert!(opened.is_err(), "byte {index}, bit {bit}");
        }
    }
    for length in 0..bytes.len() {
        let opened = Sealed::from_bytes(&bytes[..length]).and_then(|sealed| vault.open(&sealed, b"row-1"));
        assert!(opened.is_err(), "length {length}");
    }
    let longer = [bytes.as_slice(), b"x"].concat();
    assert!(vault.open(&Sealed::from_bytes(&longer).unwrap(), b"row-1").is_err());
}

#[test]
fn parts_of_two_sealed_values_do_not_mix() {
    let vault = vault();
    let (one, two) = (vault.seal(b"one", b"row").unwrap(), vault.seal(b"two", b"row").unwrap());
    let mixed = Sealed { ciphertext: two.ciphertext, nonce: two.nonce, ..one };
    assert!(vault.open(&mixed, b"row").is_err());
}

#[test]
fn keys_may_be_added_and_the_newest_wraps() {
    let mut ring = KeyRing::new(1, &key(1)).unwrap();
    let old = Vault::new(KeyRing::new(1, &key(1)).unwrap()).seal(b"x", b"row").unwrap();
    ring.add(7, &key(7)).unwrap();
    ring.add(3, &key(3)).unwrap();
    assert_eq!(ring.add(7, &key(9)).unwrap_err().code(), "vault.key_id");
    let vault = Vault::new(ring);
    assert_eq!(vault.open(&old, b"row").unwrap().expose(), b"x");
    let new = vault.seal(b"x", b"row").unwrap();
    assert_eq!(new.key_id, 7);
    let error = Vault::new(KeyRing::new(1, &key(1)).unwrap()).open(&new, b"row").unwrap_err();
    assert_eq!(error.code(), "vault.unknown_key");
}

#[test]
fn weak_keys_are_refused() {
    for weak in
        [vec![0; 32], vec![0xff; 32], b"ab".repeat(16), key(1)[..31].to_vec(), vec![], key(1).repeat(2)]
    {
        assert_eq!(KeyRing::new(1, &weak).unwrap_err().code(), "vault.weak_key");
    }
}

#[test]
fn the_self_check_passes() {
    vault().self_check().unwrap();
}

#[test]
fn a_key_file_is_made_once_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.key");
    let sealed = Vault::open_or_create(&path).unwrap().seal(b"x", b"row").unwrap();
    let again = Vault::open_or_create(&path).unwrap();
    assert_eq!(again.open(&sealed, b"row").unwrap().expose(), b"x");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let other = Vault::open_or_create(&folder.path().join("other.key")).unwrap();
    assert!(other.open(&sealed, b"row").is_err());
}

#[test]
fn those_who_start_at_once_get_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.key");
    let vaults: Vec<Vault> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| Vault::open_or_create(&path).unwrap())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let sealed = vaults[0].seal(b"x", b"row").unwrap();
    assert!(vaults.iter().all(|vault| vault.open(&sealed, b"row").is_ok()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_bad_key_file_is_refused_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.key");
    Vault::open_or_create(&path).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    let zeros = format!("1 {}", "00".repeat(32));
    let short = format!("1 {}", &hex::encode(key(1))[..62]);
    let twice = format!("{good}{good}");
    for (text, code) in [
        ("", "vault.key_file"),
        ("# nothing", "vault.key_file"),
        ("changeme", "vault.key_file"),
        ("x 00", "vault.key_file"),
        ("1 zz", "vault.key_file"),
        (&zeros, "vault.weak_key"),
        (&short, "vault.weak_key"),
        (&twice, "vault.key_id"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Vault::open_or_create(&path).unwrap_err();
        assert_eq!(error.code(), code, "{text}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    let two = format!("{good}\n 2   {}\n", hex::encode(key(2)));
    std::fs::write(&path, two).unwrap();
    assert_eq!(Vault::open_or_create(&path).unwrap().seal(b"x", b"row").unwrap().key_id, 2);
}

#[cfg(unix)]
#[test]
fn the_key_file_is_private() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.key");
    Vault::open_or_create(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(Vault::open_or_create(&path).unwrap_err().code(), "vault.key_file");
}

proptest! {
    #[test]
    fn any_value_comes_back(value in proptest::collection::vec(any::<u8>(), 0..200), row in "\\PC{0,20}") {
        let vault = vault();
        let bytes = vault.seal(&value, row.as_bytes()).unwrap().to_bytes();
        let opened = vault.open(&Sealed::from_bytes(&bytes).unwrap(), row.as_bytes()).unwrap();
        prop_assert_eq!(opened.expose(), &value);
        if value.len() >= 8 {
            prop_assert!(!bytes.windows(value.len()).any(|window| window == value));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(sealed) = Sealed::from_bytes(&bytes) {
            prop_assert_eq!(sealed.to_bytes(), bytes);
            prop_assert!(vault().open(&sealed, b"").is_err());
        }
    }
}
