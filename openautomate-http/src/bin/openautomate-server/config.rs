//! Flags and environment variables.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use openautomate_core::orchestrator::{Registration, RequireTotp, ScheduleIntervals, Settings};
use openautomate_core::package::limits::parse_size;

use crate::blobs::BlobArgs;
use crate::database::DatabaseArgs;
use crate::limits::LimitArgs;
#[cfg(feature = "nats")]
use crate::nats::NatsOptions;
use crate::oidc::OidcArgs;
use crate::tls::TlsArgs;
use crate::vault_key::VaultKeyArgs;

/// The OpenAutomate server: runs the orchestrator and its API.
#[derive(Debug, Parser)]
#[command(name = "openautomate-server", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves until it is told to stop. This is what happens without a command, too.
    ///
    /// OPENAUTOMATE_ADMIN_USERNAME, OPENAUTOMATE_ADMIN_EMAIL and OPENAUTOMATE_ADMIN_PASSWORD make the first
    /// administrator. Without them a start without administrators prints a link to make one.
    Serve(Box<ServeArgs>),
    /// Looks after the audit.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Looks after the keys.
    Keys {
        #[command(subcommand)]
        command: crate::keys::KeysCommand,
    },
    /// Looks after the keys of the vault, which seals the values of assets.
    Vault {
        #[command(subcommand)]
        command: crate::vault::VaultCommand,
    },
    /// Looks whether an installation holds together: the database, the keys, the content of packages, the files. Reads
    /// only, so a server may run. Exits with 1 if something is wrong, with 2 if it can't look.
    Doctor(crate::doctor::DoctorArgs),
    /// Brings the database up to this version, or makes it, as a start of the server does.
    Migrate(crate::migrate::MigrateArgs),
    /// Makes a backup of a whole installation on SQLite, while its server may run: the database, the content of packages,
    /// files, and the keys.
    Backup(crate::backup::BackupArgs),
    /// Makes an installation out of a backup, in a new folder, and checks every file of it.
    Restore(crate::restore::RestoreArgs),
    /// Copies the whole database into another, from SQLite to PostgreSQL or back. No server may run on either.
    Copy(crate::copy::CopyArgs),
    /// Removes blobs that nothing refers to, as a server does by itself twice in the grace period; of a data folder
    /// that no server uses, or beside servers on PostgreSQL.
    CollectBlobs(CollectArgs),
    /// Prints the OpenAPI document.
    Openapi,
    /// Prints the version.
    Version,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Verifies the audit's hash chain and its signed checkpoints, of a data folder that no server uses or of a PostgreSQL
    /// database, or an export of it. Exits with 1 if it is broken.
    Verify(crate::audit::VerifyArgs),
    /// Writes the audit as JSON lines or CSV, of a data folder that no server uses or of a PostgreSQL database.
    Export(crate::audit::ExportArgs),
    /// Prints the public key that signs the checkpoints of the audit.
    Key(crate::audit::KeyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CollectArgs {
    /// The data folder.
    #[arg(long, env = "OPENAUTOMATE_DATA_DIR", default_value = "openautomate-data")]
    pub(crate) data_dir: PathBuf,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) blobs: BlobArgs,
    /// Says what would be removed, and removes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Prints the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Register {
    /// Who was invited.
    Invite,
    /// Everybody; the account may only look.
    Open,
    /// Nobody, once there is an administrator.
    Closed,
}

/// Who must sign in with the code of an authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TotpFor {
    /// Whoever enrolled one.
    Nobody,
    /// Administrators.
    Administrators,
    /// Everybody.
    Everybody,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    /// The data folder: database, keys, archives. It is made if it is not there.
    #[arg(long, env = "OPENAUTOMATE_DATA_DIR", default_value = "openautomate-data")]
    pub(crate) data_dir: PathBuf,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) blobs: BlobArgs,
    /// The address to listen on; port 0 takes any that is free.
    #[arg(long, env = "OPENAUTOMATE_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    /// Who may make an account.
    #[arg(long, env = "OPENAUTOMATE_REGISTRATION", value_enum, default_value = "invite")]
    pub(crate) registration: Register,
    /// Who must sign in with the code of an authenticator beside their password. Who must and has none can do nothing
    /// but enrol one.
    #[arg(long, env = "OPENAUTOMATE_REQUIRE_TOTP", value_enum, default_value = "nobody")]
    pub(crate) require_totp: TotpFor,
    /// After how many days a new key signs access tokens, or `never`. With PostgreSQL, whose servers may be on several
    /// machines, it is never done by itself: see `keys rotate`.
    #[arg(long, env = "OPENAUTOMATE_ROTATE_KEYS_AFTER", default_value = "90", value_name = "DAYS", value_parser = days)]
    pub(crate) rotate_keys_after: Days,
    /// How long an execution stays with an agent that is not heard of, in seconds.
    #[arg(long, env = "OPENAUTOMATE_LEASE_TTL", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) lease_ttl: u64,
    /// The largest file that an execution may leave, as in 10G.
    #[arg(long, env = "OPENAUTOMATE_MAX_ARTIFACT", default_value = "10G", value_parser = size)]
    pub(crate) max_artifact: u64,
    /// The largest file that may be uploaded as an input, as in 500M.
    #[arg(long, env = "OPENAUTOMATE_MAX_FILE", default_value = "500M", value_parser = size)]
    pub(crate) max_file: u64,
    /// The shortest time between two due times of a schedule that an Operator may set, in seconds. An Administrator may
    /// set any.
    #[arg(long, env = "OPENAUTOMATE_OPERATOR_SCHEDULE_INTERVAL", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) operator_schedule_interval: u64,
    /// The shortest time between two due times of a schedule that a Developer may set, in seconds.
    #[arg(long, env = "OPENAUTOMATE_DEVELOPER_SCHEDULE_INTERVAL", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) developer_schedule_interval: u64,
    /// A schedule that fires later than this, or whose execution nothing began after so long, is warned of, in seconds.
    #[arg(long, env = "OPENAUTOMATE_SCHEDULE_LATE_AFTER", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) schedule_late_after: u64,
    /// Removes no blobs, not even those that nothing refers to.
    #[arg(long, env = "OPENAUTOMATE_KEEP_ALL_BLOBS")]
    pub(crate) keep_all_blobs: bool,
    /// How many days after the end of an execution its log lines are moved from the database to where the content of
    /// packages is, or `never`. Nobody who reads them sees a difference.
    #[arg(long, env = "OPENAUTOMATE_ARCHIVE_LOGS_AFTER", default_value = "7", value_name = "DAYS", value_parser = days)]
    pub(crate) archive_logs_after: Days,
    #[command(flatten)]
    pub(crate) vault_key: VaultKeyArgs,
    /// Writes signed checkpoints of the audit here too, to be kept where nobody writes who may write to the database: a
    /// file, a line each, or a folder that is there, a file each.
    #[arg(long, env = "OPENAUTOMATE_AUDIT_CHECKPOINTS", value_name = "FILE|DIR")]
    pub(crate) audit_checkpoints: Option<PathBuf>,
    /// Gives secrets to agents only sealed for a key that each makes for its connection, so that nothing in between reads
    /// them. Agents of releases before that are refused them; without this they get them as ever, within TLS.
    #[arg(long, env = "OPENAUTOMATE_REQUIRE_SEALED_SECRETS")]
    pub(crate) require_sealed_secrets: bool,
    /// Logs in JSON, one object a line.
    #[arg(long, env = "OPENAUTOMATE_JSON_LOGS")]
    pub(crate) json_logs: bool,
    #[command(flatten)]
    pub(crate) oidc: OidcArgs,
    #[cfg(feature = "nats")]
    #[command(flatten)]
    pub(crate) nats: NatsOptions,
}

pub(crate) fn size(text: &str) -> Result<u64, String> {
    parse_size(text).ok_or_else(|| "is no size of the form 512M, 2G or 100K".to_owned())
}

/// So many days, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days(Option<u16>);

impl Days {
    /// How long that is.
    pub(crate) fn duration(self) -> Option<Duration> {
        self.0.map(|days| Duration::from_secs(u64::from(days) * 24 * 3_600))
    }
}

fn days(text: &str) -> Result<Days, String> {
    if text == "never" {
        return Ok(Days(None));
    }
    let days = text.parse().ok().filter(|days| (1..=3_650).contains(days));
    days.map(|days| Days(Some(days)))
        .ok_or_else(|| "is neither `never` nor a number of days from 1 to 3650".to_owned())
}

impl ServeArgs {
    /// Refuses what would send passwords over the network in the clear.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        self.tls.check(self.listen)?;
        self.database.check()
    }

    /// The orchestrator's settings.
    pub(crate) fn settings(&self) -> Settings {
        let settings = Settings {
            registration: match self.registration {
                Register::Invite => Registration::Invite,
                Register::Open => Registration::Open,
                Register::Closed => Registration::Closed,
            },
            require_totp: match self.require_totp {
                TotpFor::Nobody => RequireTotp::Nobody,
                TotpFor::Administrators => RequireTotp::Administrators,
                TotpFor::Everybody => RequireTotp::Everybody,
            },
            max_artifact_bytes: self.max_artifact,
            max_file_bytes: self.max_file,
            blob_grace: self.blobs.grace(),
            keep_all_blobs: self.keep_all_blobs,
            archive_logs_after: self.archive_logs_after.duration(),
            schedule_intervals: ScheduleIntervals {
                operator: Duration::from_secs(self.operator_schedule_interval),
                developer: Duration::from_secs(self.developer_schedule_interval),
            },
            schedule_late_after: Duration::from_secs(self.schedule_late_after),
            audit_checkpoints: self.audit_checkpoints.clone(),
            require_sealed_secrets: self.require_sealed_secrets,
            ..Settings::default()
        };
        settings.with_lease_ttl(Duration::from_secs(self.lease_ttl))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> ServeArgs {
        let cli = Cli::parse_from([&["openautomate-server"], args].concat());
        match cli.command.unwrap_or_else(|| Command::Serve(Box::new(cli.serve))) {
            Command::Serve(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn serving_is_the_default() {
        assert_eq!(parse(&["--lease-ttl", "8"]).lease_ttl, 8);
        assert_eq!(parse(&["serve", "--lease-ttl", "8"]).settings().renew_every, Duration::from_secs(2));
        assert_eq!(parse(&["--max-artifact", "2M"]).settings().max_artifact_bytes, 2 * 1024 * 1024);
        assert_eq!(parse(&["--max-file", "1G"]).settings().max_file_bytes, 1024 * 1024 * 1024);
        let settings = parse(&["--blob-grace", "2", "--keep-all-blobs"]).settings();
        assert_eq!((settings.blob_grace, settings.keep_all_blobs), (Duration::from_secs(7_200), true));
        let archived =
            |args: &[&str]| parse(args).settings().archive_logs_after.map(|age| age.as_secs() / 86_400);
        assert_eq!(archived(&["--archive-logs-after", "30"]), Some(30));
        assert_eq!(archived(&["--archive-logs-after", "never"]), None);
        for bad in ["0", "3651", "-1", "week"] {
            let args = ["openautomate-server", &format!("--archive-logs-after={bad}")];
            assert!(Cli::try_parse_from(args).is_err(), "{bad}");
        }
        let settings =
            parse(&["--developer-schedule-interval", "60", "--schedule-late-after", "5"]).settings();
        assert_eq!(settings.schedule_intervals.developer, Duration::from_secs(60));
        assert_eq!(settings.schedule_late_after, Duration::from_secs(5));
        let everybody = parse(&["--require-totp", "everybody"]).settings();
        assert_eq!(everybody.require_totp, RequireTotp::Everybody);
        assert!(parse(&["--require-sealed-secrets"]).settings().require_sealed_secrets);
        assert_eq!(parse(&[]).settings(), Settings::default());
    }

    #[test]
    fn the_open_network_takes_tls_or_a_proxy() {
        assert!(parse(&[]).check().is_ok());
        assert!(parse(&["--listen", "[::1]:0"]).check().is_ok());
        assert!(parse(&["--listen", "0.0.0.0:80"]).check().is_err());
        assert!(parse(&["--listen", "0.0.0.0:80", "--behind-proxy"]).check().is_ok());
        assert!(parse(&["--listen", "0.0.0.0:80", "--tls-self-signed"]).check().is_ok());
        assert!(parse(&["--listen", "0.0.0.0:80", "--tls-cert", "a", "--tls-key", "b"]).check().is_ok());
        assert!(parse(&["--tls-client-ca", "a"]).check().is_err());
        for half in [&["--tls-cert", "a"][..], &["--tls-key", "b"], &["--trusted-proxy", "10.0.0.1"]] {
            let args = [&["openautomate-server"], half].concat();
            assert!(Cli::try_parse_from(args).is_err(), "{half:?}");
        }
    }
}
