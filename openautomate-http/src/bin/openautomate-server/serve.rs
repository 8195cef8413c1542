//! Serving: from the data folder to a listening socket, and back to rest.

use std::io::{IsTerminal as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use openautomate_core::Orchestrator;
use openautomate_core::command::identity::{CreateFirstAdministrator, OfferSetup};
use openautomate_core::permission::Actor;
#[cfg(feature = "nats")]
use openautomate_core::transport::nats::{NatsPeers, NatsSettings};
use openautomate_core::visible::{LineForm, VisibleLines};
use openautomate_http::listen::{ListenOptions, serve as serve_on};
#[cfg(feature = "nats")]
use openautomate_http::nats::ServerKey;
use openautomate_http::{HttpOptions, router};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::config::ServeArgs;
use crate::data_dir::DataDir;
use crate::environment::{self, ADMIN_PASSWORD};
use crate::keys;
use crate::signal::{self, StopSignals};

/// How long requests that are under way may take after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the last messages to agents may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// Serves until a signal says stop.
pub(crate) async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    args.check()?;
    let (public_url, providers) = (args.oidc.public_url()?, args.oidc.providers()?);
    init_logs(args.json_logs);
    signal::outlive_file_limits().context("the signals of the system can't be heard")?;
    let data = DataDir::create(&args.data_dir)?;
    #[cfg(feature = "nats")]
    let by_nats = args.nats.settings()?;
    let (orchestrator, mut options) = assemble(
        &args,
        &data,
        #[cfg(feature = "nats")]
        by_nats.as_ref(),
    )
    .await?;
    (options.public_url, options.oidc) = (public_url, providers);
    let tls = args.tls.tls(&data, args.listen)?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("can't listen on {}; is the port in use?", args.listen))?;
    let url = url(args.tls.scheme(), listener.local_addr()?);
    let tls = match tls {
        Some((certificate, config)) => {
            if let Some(pin) = args.tls.shown_pin(&certificate)? {
                say(&format!("agents know this server by --server-pin {pin}"));
            }
            options.tasks.spawn(certificate.follow_files(options.stop.clone()));
            Some(config)
        }
        None => None,
    };
    first_administrator(&orchestrator, &url).await?;
    orchestrator.start();
    #[cfg(feature = "nats")]
    if let Some(settings) = by_nats {
        let key = ServerKey::load_or_create(&data.server_key())?;
        say(&format!("agents by way of NATS know this server by --server-key {}", key.public_key()));
        let (orchestrator, options) = (orchestrator.clone(), options.clone());
        options.tasks.clone().spawn(async move {
            if let Err(error) = openautomate_http::nats::serve(orchestrator, options, settings, &key).await {
                tracing::error!(%error, "no agents are heard by way of NATS");
            }
        });
    }
    let age = args.rotate_keys_after.duration().filter(|_| args.database.is_in_data_dir());
    let keys = options.keys.clone();
    let watch = keys::watch(keys, data.jwt_key(), age, orchestrator.clone(), options.stop.clone());
    options.tasks.spawn(watch);
    // Before anybody hears that it listens, and may tell it to stop.
    let signals = StopSignals::listen().context("the signals of the system can't be heard")?;
    say(&format!("listening on {url}"));
    run(listener, tls, signals, orchestrator, options).await
}

fn init_logs(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let is_coloured = std::io::stderr().is_terminal();
    let form = match (json, is_coloured) {
        (true, _) => LineForm::Json,
        (false, true) => LineForm::Coloured,
        (false, false) => LineForm::Text,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(is_coloured)
        .with_writer(move || VisibleLines::new(std::io::stderr(), form));
    // An error means that somebody set a subscriber before, which then is the right one.
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}

async fn assemble(
    args: &ServeArgs,
    data: &DataDir,
    #[cfg(feature = "nats")] by_nats: Option<&NatsSettings>,
) -> anyhow::Result<(Orchestrator, HttpOptions)> {
    // The store comes first: it keeps a second server out before anything else is made.
    let store = args.database.open(Some(data)).await?;
    let is_new = store.environments().await?.is_empty();
    let (keys, signer) = keys::open(data, is_new)?;
    let vault = args.vault_key.open(data, &*store).await?;
    let blobs = Arc::new(args.blobs.open(data).await?);
    #[cfg(feature = "nats")]
    let peers = by_nats.map(|settings| NatsPeers::start(settings.clone(), vault.peer_key())).transpose()?;
    let builder = Orchestrator::builder(store, blobs, vault).signer(signer).settings(args.settings());
    #[cfg(feature = "nats")]
    let builder = match peers {
        Some(peers) => builder.peer_line(peers),
        None => builder,
    };
    let orchestrator = builder.build().await?;
    let mut options = HttpOptions::new(keys);
    args.tls.apply(&mut options);
    args.limits.apply(&mut options);
    Ok((orchestrator, options))
}

fn url(scheme: &str, address: SocketAddr) -> String {
    let shown = if address.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
    } else {
        address
    };
    format!("{scheme}://{shown}")
}

/// Tells whoever started the server; it is no log.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A closed standard output must not stop a server.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Makes the first administrator from the environment, or prints the link by which one is made.
async fn first_administrator(orchestrator: &Orchestrator, url: &str) -> anyhow::Result<()> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let named = (
        variable("OPENAUTOMATE_ADMIN_USERNAME"),
        variable("OPENAUTOMATE_ADMIN_EMAIL"),
        environment::secret(ADMIN_PASSWORD),
    );
    match named {
        (Some(username), Some(email), Some(password)) => {
            let command = CreateFirstAdministrator { username, email, password };
            orchestrator
                .execute(&Actor::system(), command)
                .await
                .context("the first administrator can't be made from the OPENAUTOMATE_ADMIN_ variables")?;
        }
        (None, None, None) => {}
        _ => bail!(
            "give all of OPENAUTOMATE_ADMIN_USERNAME, OPENAUTOMATE_ADMIN_EMAIL and OPENAUTOMATE_ADMIN_PASSWORD, or none"
        ),
    }
    if let Some(made) = orchestrator.execute(&Actor::system(), OfferSetup).await? {
        say(&format!(
            "set up the first administrator within an hour: {url}/setup#token={}",
            made.token.expose()
        ));
    }
    Ok(())
}

async fn run(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    mut signals: StopSignals,
    orchestrator: Orchestrator,
    options: HttpOptions,
) -> anyhow::Result<()> {
    let (stop, tasks) = (options.stop.clone(), options.tasks.clone());
    let app = router(orchestrator.clone(), options);
    let mut server = tokio::spawn(serve_on(listener, app, tls, ListenOptions::default(), stop.clone()));
    let ended = tokio::select! {
        ended = &mut server => Some(ended),
        () = signals.stop() => None,
    };
    tracing::info!("stopping");
    stop.cancel();
    let ended = match ended {
        Some(ended) => Some(ended),
        None => tokio::time::timeout(DRAIN, server).await.ok(),
    };
    orchestrator.shutdown().await;
    tasks.close();
    // A line that takes nothing any more is not waited for.
    let _ = tokio::time::timeout(FAREWELL, tasks.wait()).await;
    match ended {
        Some(ended) => ended.context("the server ended by a panic"),
        None => {
            tracing::warn!("requests were still under way and were given up");
            Ok(())
        }
    }
}
