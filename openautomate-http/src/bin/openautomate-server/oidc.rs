//! Which identity providers people may sign in at: one by flags, any number by a file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use openautomate_core::domain::Role;
use openautomate_core::private_file;
use openautomate_core::secret::Secret;
use openautomate_http::oidc::{OidcProvider, RoleMapping};
use serde::Deserialize;

use crate::environment::{self, OIDC_CLIENT_SECRET};

const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Flags of a provider.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OidcArgs {
    /// The address at which people reach the server, as in <https://bots.example.org>: identity providers send them back
    /// there.
    #[arg(long, env = "OPENAUTOMATE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// An identity provider at which people may sign in (OpenID Connect): its issuer, exactly as its tokens say it.
    /// Register there the redirect address PUBLIC_URL/api/auth/oidc/NAME/callback.
    ///
    /// The client secret is taken from OPENAUTOMATE_OIDC_CLIENT_SECRET or from a file; other users of the machine can read
    /// a command line.
    #[arg(long, env = "OPENAUTOMATE_OIDC_ISSUER", value_name = "URL", requires_all = ["public_url", "oidc_client_id"])]
    oidc_issuer: Option<String>,
    /// As what the server is registered there.
    #[arg(long, env = "OPENAUTOMATE_OIDC_CLIENT_ID", value_name = "ID", requires = "oidc_issuer")]
    oidc_client_id: Option<String>,
    /// A file with the client secret, which nobody else may read.
    #[arg(long, env = "OPENAUTOMATE_OIDC_CLIENT_SECRET_FILE", value_name = "FILE", requires = "oidc_issuer")]
    oidc_client_secret_file: Option<PathBuf>,
    /// How addresses name the provider.
    #[arg(long, env = "OPENAUTOMATE_OIDC_NAME", default_value = "sso")]
    oidc_name: String,
    /// How people know the provider.
    #[arg(long, env = "OPENAUTOMATE_OIDC_TITLE", default_value = "Single sign-on")]
    oidc_title: String,
    /// What is asked for beside `openid`.
    #[arg(long, env = "OPENAUTOMATE_OIDC_SCOPES", value_delimiter = ',', default_value = "profile,email")]
    oidc_scopes: Vec<String>,
    /// The claim that says what roles people have, as in groups or realm_access.roles; at each login they get those that
    /// --oidc-role says. Without it, roles are given here.
    #[arg(long, env = "OPENAUTOMATE_OIDC_ROLES_CLAIM", value_name = "CLAIM", requires_all = ["oidc_issuer", "oidc_role"])]
    oidc_roles_claim: Option<String>,
    /// Which value of the claim gives which role, as in oa-admins=Administrator; as often as there are.
    #[arg(long, env = "OPENAUTOMATE_OIDC_ROLE", value_name = "VALUE=ROLE", value_delimiter = ',',
        requires = "oidc_roles_claim", value_parser = value_and_role)]
    oidc_role: Vec<(String, Role)>,
    /// The role of somebody who is new, where no claim says it.
    #[arg(long, env = "OPENAUTOMATE_OIDC_DEFAULT_ROLE", value_name = "ROLE", value_parser = role)]
    oidc_default_role: Option<Role>,
    /// Gives somebody an account who has none. Without it, only who has linked theirs signs in.
    #[arg(long, env = "OPENAUTOMATE_OIDC_CREATE_ACCOUNTS")]
    oidc_create_accounts: bool,
    /// A TOML file with any number of providers, as [[provider]] tables: name, title, issuer, client-id,
    /// client-secret-file, scopes, roles-claim, roles (value = role), default-roles, create-accounts.
    #[arg(long, env = "OPENAUTOMATE_OIDC_FILE", value_name = "FILE", requires = "public_url")]
    oidc_file: Option<PathBuf>,
}

fn role(text: &str) -> Result<Role, String> {
    let found = Role::ALL.into_iter().find(|role| format!("{role:?}").eq_ignore_ascii_case(text));
    found.ok_or_else(|| "is no role; give Administrator, Operator, Developer or Viewer".to_owned())
}

fn value_and_role(text: &str) -> Result<(String, Role), String> {
    let (value, named) = text.rsplit_once('=').ok_or_else(|| "is not of the form VALUE=ROLE".to_owned())?;
    Ok((value.to_owned(), role(named)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProvidersFile {
    provider: Vec<ProviderTable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ProviderTable {
    name: String,
    title: Option<String>,
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    scopes: Option<Vec<String>>,
    roles_claim: Option<String>,
    #[serde(default)]
    roles: std::collections::BTreeMap<String, Role>,
    #[serde(default)]
    default_roles: Vec<Role>,
    #[serde(default)]
    create_accounts: bool,
}

impl OidcArgs {
    /// Where the pages of the server are.
    pub(crate) fn public_url(&self) -> anyhow::Result<Option<String>> {
        let Some(url) = &self.public_url else { return Ok(None) };
        let is_origin = url.split_once("://").is_some_and(|(scheme, rest)| {
            matches!(scheme, "http" | "https")
                && !rest.is_empty()
                && !rest.contains(['/', '?', '#', '@', ' '])
        });
        ensure!(is_origin, "--public-url is not of the form https://host, without a path");
        Ok(Some(url.clone()))
    }

    /// The providers, checked.
    pub(crate) fn providers(&self) -> anyhow::Result<Vec<OidcProvider>> {
        let mut providers = Vec::new();
        if let (Some(issuer), Some(client_id)) = (&self.oidc_issuer, &self.oidc_client_id) {
            let by_environment = environment::secret(OIDC_CLIENT_SECRET);
            let client_secret = match (&self.oidc_client_secret_file, by_environment) {
                (Some(_), Some(_)) => {
                    bail!("give the client secret by a file or by {OIDC_CLIENT_SECRET}, not by both")
                }
                (Some(file), None) => Some(secret(file)?),
                (None, secret) => secret,
            };
            let mapping = self.oidc_roles_claim.as_ref();
            providers.push(OidcProvider {
                name: self.oidc_name.clone(),
                title: self.oidc_title.clone(),
                issuer: issuer.clone(),
                client_id: client_id.clone(),
                client_secret,
                scopes: self.oidc_scopes.clone(),
                roles: mapping
                    .map(|claim| RoleMapping { claim: claim.clone(), roles: self.oidc_role.clone() }),
                default_roles: self.oidc_default_role.into_iter().collect(),
                creates_accounts: self.oidc_create_accounts,
            });
        }
        if let Some(file) = &self.oidc_file {
            providers.extend(read(file)?);
        }
        for (at, provider) in providers.iter().enumerate() {
            provider.check()?;
            let is_double = providers.iter().take(at).any(|other| other.name == provider.name);
            ensure!(!is_double, "two identity providers are named {}", provider.name);
        }
        Ok(providers)
    }
}

fn secret(file: &Path) -> anyhow::Result<Secret<String>> {
    let read = private_file::read(file, MAX_FILE_BYTES);
    match read.with_context(|| format!("the client secret can't be read from {}", file.display()))? {
        private_file::Read::Text(text) => Ok(Secret::new(text.expose().trim().to_owned())),
        private_file::Read::Missing => bail!("there is no file {} with the client secret", file.display()),
        private_file::Read::OpenToOthers => {
            bail!("other users may read the client secret in {}; set its mode to 0600", file.display())
        }
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<OidcProvider>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("the identity providers can't be read from {}", file.display()))?;
    let tables: ProvidersFile =
        toml::from_str(&text).with_context(|| format!("{} is not as it should be", file.display()))?;
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    let provider = |table: ProviderTable| {
        let client_secret = table.client_secret_file.map(|file| secret(&folder.join(file))).transpose()?;
        Ok(OidcProvider {
            title: table.title.unwrap_or_else(|| table.name.clone()),
            name: table.name,
            issuer: table.issuer,
            client_id: table.client_id,
            client_secret,
            scopes: table.scopes.unwrap_or_else(|| vec!["profile".to_owned(), "email".to_owned()]),
            roles: table
                .roles_claim
                .map(|claim| RoleMapping { claim, roles: table.roles.into_iter().collect() }),
            default_roles: table.default_roles,
            creates_accounts: table.create_accounts,
        })
    };
    tables.provider.into_iter().map(provider).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        oidc: OidcArgs,
    }

    const ISSUER: [&str; 6] = [
        "--oidc-issuer",
        "https://id.example",
        "--oidc-client-id",
        "oa",
        "--public-url",
        "https://bots.example",
    ];

    fn parse(more: &[&str]) -> Result<OidcArgs, clap::Error> {
        Cli::try_parse_from([&["x"], &ISSUER[..], more].concat()).map(|cli| cli.oidc)
    }

    #[test]
    fn flags_name_one_provider() {
        let args = parse(&["--oidc-roles-claim", "groups", "--oidc-role", "oa=x=Administrator,ops=operator"])
            .unwrap();
        let providers = args.providers().unwrap();
        let mapping = providers[0].roles.as_ref().unwrap();
        assert_eq!(
            mapping.roles,
            [("oa=x".to_owned(), Role::Administrator), ("ops".to_owned(), Role::Operator)]
        );
        assert_eq!((providers[0].name.as_str(), providers[0].creates_accounts), ("sso", false));
        assert_eq!(args.public_url().unwrap().as_deref(), Some("https://bots.example"));
        assert!(Cli::try_parse_from([&["x"], &ISSUER[..4]].concat()).is_err(), "no public address");
        assert!(
            parse(&["--oidc-role", "a=Viewer"]).is_err() && parse(&["--oidc-default-role", "Root"]).is_err()
        );
        assert!(parse(&["--oidc-create-accounts"]).unwrap().providers().is_err(), "with which role?");
        for bad in ["bots.example", "https://bots.example/x", "ftp://bots.example", "https://a@b"] {
            let args = OidcArgs { public_url: Some(bad.into()), ..OidcArgs::default() };
            assert!(args.public_url().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_names_several() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("oidc.toml");
        let mut kept = openautomate_http::create_private_file(&dir.path().join("secret")).unwrap();
        kept.write_all(b"s3cret\n").unwrap();
        std::fs::write(
            &file,
            "[[provider]]\nname = \"one\"\nissuer = \"https://one.example\"\nclient-id = \"a\"\n\
             client-secret-file = \"secret\"\nroles-claim = \"groups\"\nroles = { ops = \"Operator\" }\n\
             [[provider]]\nname = \"two\"\nissuer = \"https://two.example\"\nclient-id = \"b\"\n\
             default-roles = [\"Viewer\"]\ncreate-accounts = true\n",
        )
        .unwrap();
        let args = OidcArgs { oidc_file: Some(file.clone()), ..OidcArgs::default() };
        let providers = args.providers().unwrap();
        assert_eq!(providers[0].client_secret.as_ref().unwrap().expose(), "s3cret");
        assert!(!format!("{providers:?}").contains("s3cret"));
        assert_eq!(
            (providers[1].title.as_str(), providers[1].default_roles.as_slice()),
            ("two", &[Role::Viewer][..])
        );
        let twice = std::fs::read_to_string(&file).unwrap().replace("two", "one");
        std::fs::write(&file, twice).unwrap();
        assert!(args.providers().unwrap_err().to_string().contains("named one"));
        std::fs::write(&file, "[[provider]]\nclient-secret = \"x\"").unwrap();
        assert!(args.providers().is_err());
    }
}
