//! What an operator says of an identity provider.

use openautomate_core::domain::Role;
use openautomate_core::error::{Error, Result};
use openautomate_core::secret::Secret;
use serde_json::{Map, Value};

/// Which roles a person has, as a claim of the provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleMapping {
    /// The claim: a text or a list of texts. A dot leads into an object, as in `realm_access.roles`.
    pub claim: String,
    /// Which value gives which role. A person has the roles of all their values, and with none may not sign in.
    pub roles: Vec<(String, Role)>,
}

impl RoleMapping {
    /// The roles that these claims give; sorted, without repetition.
    pub(crate) fn roles_of(&self, claims: &Map<String, Value>) -> Vec<Role> {
        let values: Vec<&str> = match self.value(claims) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let given = self.roles.iter().filter(|(value, _)| values.contains(&value.as_str()));
        let mut roles: Vec<Role> = given.map(|(_, role)| *role).collect();
        roles.sort();
        roles.dedup();
        roles
    }

    fn value<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        // Some providers name claims by addresses, which have dots in them.
        claims.get(&self.claim).or_else(|| {
            let mut parts = self.claim.split('.');
            let first = claims.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        })
    }
}

/// An identity provider.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    /// How the addresses of the login name it: lower-case letters, digits and hyphens.
    pub name: String,
    /// How people know it.
    pub title: String,
    /// Its address, exactly as its tokens say it (`iss`).
    pub issuer: String,
    /// As what the orchestrator is registered there.
    pub client_id: String,
    /// The secret of that registration; none for one that has none.
    pub client_secret: Option<Secret<String>>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Which roles people get, at each login. Without it, roles are given here.
    pub roles: Option<RoleMapping>,
    /// The roles of somebody who is new, without a mapping.
    pub default_roles: Vec<Role>,
    /// Whether somebody who is new gets an account. Otherwise only who has linked theirs signs in.
    pub creates_accounts: bool,
}

impl OidcProvider {
    /// Checks what can be checked without asking the provider.
    ///
    /// # Errors
    /// `Invalid` with code `oidc.config`.
    pub fn check(&self) -> Result<()> {
        let bad =
            |why: &str| Error::invalid("oidc.config", format!("the identity provider {} {why}", self.name));
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > 32 || !self.name.chars().all(is_plain) {
            return Err(bad("needs a name of 1 to 32 lower-case letters, digits and hyphens"));
        }
        if self.client_id.is_empty() {
            return Err(bad("has no client id"));
        }
        let issuer =
            reqwest::Url::parse(&self.issuer).map_err(|_| bad("has an issuer that is no address"))?;
        if !may_be_asked(&issuer) || issuer.query().is_some() || issuer.fragment().is_some() {
            return Err(bad("has an issuer that is no https address without query"));
        }
        if self.roles.as_ref().is_some_and(|mapping| mapping.roles.is_empty() || mapping.claim.is_empty()) {
            return Err(bad("maps a claim to no role; say which value gives which role"));
        }
        if self.creates_accounts && self.roles.is_none() && self.default_roles.is_empty() {
            return Err(bad("makes accounts without any role; say which"));
        }
        Ok(())
    }
}

/// Secrets go over TLS only, or stay on this machine.
pub(super) fn may_be_asked(url: &reqwest::Url) -> bool {
    let is_here = || match url.host_str().unwrap_or_default().trim_matches(['[', ']']) {
        "localhost" => true,
        host => host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()),
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn provider() -> OidcProvider {
        OidcProvider {
            name: "corp".into(),
            title: "Corp".into(),
            issuer: "https://login.example.org/realm".into(),
            client_id: "openautomate".into(),
            client_secret: None,
            scopes: vec!["email".into()],
            roles: None,
            default_roles: vec![Role::Viewer],
            creates_accounts: true,
        }
    }

    #[test]
    fn only_a_sound_configuration_is_taken() {
        assert!(provider().check().is_ok());
        let here = OidcProvider { issuer: "http://127.0.0.1:8080".into(), ..provider() };
        assert!(here.check().is_ok());
        for issuer in
            ["http://login.example.org", "login.example.org", "https://a.example/?x=1", "ftp://a.example"]
        {
            assert!(OidcProvider { issuer: issuer.into(), ..provider() }.check().is_err(), "{issuer}");
        }
        for name in ["", "Corp", "a/b", "..", "a b"] {
            assert!(OidcProvider { name: name.into(), ..provider() }.check().is_err(), "{name}");
        }
        assert!(OidcProvider { default_roles: vec![], ..provider() }.check().is_err());
        assert!(OidcProvider { client_id: String::new(), ..provider() }.check().is_err());
        let empty = RoleMapping { claim: "groups".into(), roles: vec![] };
        assert!(OidcProvider { roles: Some(empty), ..provider() }.check().is_err());
    }

    #[test]
    fn claims_give_roles() {
        let mapping = |claim: &str| RoleMapping {
            claim: claim.into(),
            roles: vec![("ops".into(), Role::Operator), ("root".into(), Role::Administrator)],
        };
        let claims = json!({"groups": ["ops", "other", "root", 7], "one": "ops", "realm": {"roles": ["ops"]},
            "https://x.example/roles": ["root"], "number": 7});
        let claims = claims.as_object().unwrap();
        let roles = |claim: &str| mapping(claim).roles_of(claims);
        assert_eq!(roles("groups"), [Role::Administrator, Role::Operator]);
        assert_eq!(roles("one"), [Role::Operator]);
        assert_eq!(roles("realm.roles"), [Role::Operator]);
        assert_eq!(roles("https://x.example/roles"), [Role::Administrator]);
        for none in ["number", "missing", "realm", "groups.x", ""] {
            assert_eq!(roles(none), [], "{none}");
        }
    }
}
