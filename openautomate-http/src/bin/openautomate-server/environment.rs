//! Secrets that come by environment variables: taken out of the environment before anybody else can look.
//!
//! A variable is seen by every program that the server starts, such as the command of the vault key, and on Linux by
//! whoever may read `/proc/PID/environ`. That shows the memory which the process was started with: to remove a variable
//! does not change it, so its value is written over there first. A moment is left, from the start of the process until
//! then, and whoever started the process has it as well: who can, names a file instead.

use std::sync::OnceLock;

use openautomate_core::secret::Secret;

/// The keys of the vault.
pub(crate) const VAULT_KEY: &str = "OPENAUTOMATE_VAULT_KEY";
/// The address of the database, which may have a password in it.
pub(crate) const DATABASE: &str = "OPENAUTOMATE_DATABASE";
/// The password of the database.
pub(crate) const DATABASE_PASSWORD: &str = "OPENAUTOMATE_DATABASE_PASSWORD";
/// The password of the first administrator.
pub(crate) const ADMIN_PASSWORD: &str = "OPENAUTOMATE_ADMIN_PASSWORD";
/// The password by which NATS is entered.
pub(crate) const NATS_PASSWORD: &str = "OPENAUTOMATE_NATS_PASSWORD";
/// By what the server is known to an identity provider.
pub(crate) const OIDC_CLIENT_SECRET: &str = "OPENAUTOMATE_OIDC_CLIENT_SECRET";

const SECRETS: [&str; 6] =
    [VAULT_KEY, DATABASE, DATABASE_PASSWORD, ADMIN_PASSWORD, NATS_PASSWORD, OIDC_CLIENT_SECRET];

static TAKEN: OnceLock<Vec<(&'static str, Secret<String>)>> = OnceLock::new();

/// Takes the secrets out of the environment, for good. Values that are no text are dropped.
///
/// To be called once, by `main`, after the command line was read (which looks at variables, too) and before there is a
/// second thread.
#[expect(
    unsafe_code,
    reason = "the environment is changed; the places that other threads may look at have no lock"
)]
pub(crate) fn take_secrets() {
    let value = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()).map(Secret::new);
    let taken = SECRETS.into_iter().filter_map(|name| Some((name, value(name)?))).collect();
    // Whoever calls it again finds nothing, and must not take away what was found before.
    let _ = TAKEN.set(taken);
    for name in SECRETS {
        imp::overwrite(name);
        // SAFETY: there is one thread, so nobody reads the environment meanwhile (`std::env::remove_var`).
        unsafe { std::env::remove_var(name) };
    }
}

/// The value that a variable had when the server began, unless it was empty.
pub(crate) fn secret(name: &str) -> Option<Secret<String>> {
    TAKEN.get()?.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

#[cfg(target_os = "linux")]
mod imp {
    /// Writes over the value of a variable in the place where the system shows it.
    #[expect(unsafe_code, reason = "the memory that the process was started with has no other interface")]
    pub(super) fn overwrite(name: &str) {
        unsafe extern "C" {
            static environ: *const *mut libc::c_char;
        }
        // SAFETY: `environ` ends with a null pointer and holds strings that end with a zero. What it points to belongs to
        // this process and may be written (environ(7)); there is one thread, so nobody reads or changes it meanwhile. The
        // string keeps its end.
        unsafe {
            let mut entry = environ;
            while !entry.is_null() && !(*entry).is_null() {
                let text = std::ffi::CStr::from_ptr(*entry).to_bytes();
                let value = text.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
                if let Some(length) = value.map(<[u8]>::len) {
                    let place = (*entry).add(name.len() + 1).cast::<u8>();
                    for at in 0..length {
                        // Volatile, since nobody here reads it again.
                        place.add(at).write_volatile(b'*');
                    }
                }
                entry = entry.add(1);
            }
        }
    }
}

// Elsewhere nobody shows it to others but a debugger.
#[cfg(not(target_os = "linux"))]
mod imp {
    pub(super) fn overwrite(_: &str) {}
}
