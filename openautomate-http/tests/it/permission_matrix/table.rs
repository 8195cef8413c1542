//! The table of what every operation asks, as `table.txt` has it.

use std::collections::BTreeMap;

use openautomate_core::domain::Role;
use openautomate_core::permission::Permission;

/// What an operation asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    Public,
    SignedIn,
    InPerson,
    Agent,
    Permission(Permission),
}

/// An operation.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) asks: Asks,
    /// The person themselves may.
    pub(crate) own: bool,
    /// An API key may not.
    pub(crate) in_person: bool,
    /// To have the permission in the environment of what is asked for is enough.
    pub(crate) by_environment: bool,
}

impl Row {
    /// What the document says of it. Where the person themselves may, the handler asks for more than its arguments do.
    pub(crate) fn documented(&self) -> String {
        match &self.asks {
            _ if self.own && self.in_person => "inPerson".to_owned(),
            _ if self.own => "signedIn".to_owned(),
            Asks::Public => "public".to_owned(),
            Asks::SignedIn => "signedIn".to_owned(),
            Asks::InPerson => "inPerson".to_owned(),
            Asks::Agent => "agent".to_owned(),
            Asks::Permission(permission) if self.in_person => format!("{permission:?} inPerson"),
            Asks::Permission(permission) if self.by_environment => format!("{permission:?} byEnvironment"),
            Asks::Permission(permission) => format!("{permission:?}"),
        }
    }
}

fn permission(name: &str) -> Permission {
    serde_json::from_value(name.into()).unwrap_or_else(|_| panic!("there is no permission {name}"))
}

/// Which built-in roles have which permission, and every operation.
pub(crate) fn table() -> (BTreeMap<Permission, Vec<Role>>, Vec<Row>) {
    let (mut permissions, mut rows) = (BTreeMap::new(), Vec::new());
    let lines = include_str!("table.txt").lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [first, second, third, rest @ ..] = &words[..] else { panic!("{line}") };
        if *first == "permission" {
            let roles = Role::ALL.into_iter().filter(|role| third.contains(&format!("{role:?}")[..1]));
            assert!(permissions.insert(permission(second), roles.collect()).is_none(), "twice: {line}");
            continue;
        }
        let asks = match *third {
            "public" => Asks::Public,
            "signedIn" => Asks::SignedIn,
            "inPerson" => Asks::InPerson,
            "agent" => Asks::Agent,
            name => Asks::Permission(permission(name)),
        };
        let (method, path) = ((*first).to_owned(), (*second).to_owned());
        assert!(rows.iter().all(|row: &Row| (&row.method, &row.path) != (&method, &path)), "twice: {line}");
        rows.push(Row {
            method,
            path,
            asks,
            own: rest.contains(&"own"),
            in_person: rest.contains(&"inPerson"),
            by_environment: rest.contains(&"byEnvironment"),
        });
    }
    (permissions, rows)
}
