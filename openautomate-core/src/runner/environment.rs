//! The environment variables that a run sees.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// What a run takes over from the agent: where things are and how people write, and no secret of the agent.
const INHERITED: [&str; 33] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "TMP",
    "TEMP",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "USERPROFILE",
    "USERNAME",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_ARCHITECTURE",
];

/// The inherited variables with those that a package asks for, which win.
pub(crate) fn with(wanted: BTreeMap<&String, &String>) -> Vec<(OsString, OsString)> {
    let is_inherited = |name: &OsString| {
        name.to_str().is_some_and(|name| {
            let name = name.to_ascii_uppercase();
            INHERITED.contains(&name.as_str()) || name.starts_with("LC_")
        })
    };
    let mut all: BTreeMap<OsString, OsString> =
        std::env::vars_os().filter(|(name, _)| is_inherited(name)).collect();
    all.extend(wanted.into_iter().map(|(name, value)| (name.into(), value.into())));
    all.into_iter().collect()
}
