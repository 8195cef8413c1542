//! How the server is reached: by TLS of its own, by a proxy in front, or on this machine alone.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use openautomate_http::listen::{CertificateFiles, ServerCertificate, self_signed_files};
use openautomate_http::{HttpOptions, Network};
use rustls::ServerConfig;

use crate::data_dir::DataDir;

/// How the server is reached.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "TLS and proxies")]
pub(crate) struct TlsArgs {
    /// Speaks TLS with this certificate (PEM, followed by those that lead to its authority). It is read anew when the
    /// file changes.
    #[arg(long, env = "OPENAUTOMATE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of that certificate (PEM), which only this user may read, or a group if root owns it.
    #[arg(long, env = "OPENAUTOMATE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Speaks TLS with a certificate that the server signs itself, for trials. Agents are given the pin that is printed.
    #[arg(long, env = "OPENAUTOMATE_TLS_SELF_SIGNED", conflicts_with = "tls_cert")]
    tls_self_signed: bool,
    /// A host name or address that stands in that certificate, besides those of this machine and of --listen; may be
    /// given again.
    #[arg(
        long,
        env = "OPENAUTOMATE_TLS_NAMES",
        value_name = "NAME",
        value_delimiter = ',',
        requires = "tls_self_signed"
    )]
    tls_name: Vec<String>,
    /// Lets agents in only with a certificate of this authority (PEM), besides their own key. Others need none.
    #[arg(long, env = "OPENAUTOMATE_TLS_CLIENT_CA", value_name = "FILE")]
    tls_client_ca: Option<PathBuf>,
    /// A proxy of your own stands in front: it speaks TLS and sets X-Forwarded-For, X-Forwarded-Proto and
    /// X-Forwarded-Host.
    #[arg(long, env = "OPENAUTOMATE_BEHIND_PROXY")]
    pub(crate) behind_proxy: bool,
    /// The address or network of such a proxy, as in 10.1.2.3 or 10.1.0.0/16; may be given again. What it says is
    /// believed only from there and from this machine, since anybody else could say it as well.
    #[arg(
        long,
        env = "OPENAUTOMATE_TRUSTED_PROXIES",
        value_name = "ADDRESS/NET",
        value_delimiter = ',',
        requires = "behind_proxy"
    )]
    trusted_proxy: Vec<Network>,
}

impl TlsArgs {
    fn speaks_tls(&self) -> bool {
        self.tls_cert.is_some() || self.tls_self_signed
    }

    /// What URLs of the server begin with.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.speaks_tls() { "https" } else { "http" }
    }

    /// Refuses what would send passwords over the network in the clear.
    pub(crate) fn check(&self, listen: SocketAddr) -> anyhow::Result<()> {
        if !listen.ip().is_loopback() && !self.behind_proxy && !self.speaks_tls() {
            bail!(
                "plain HTTP is served on loopback only, and {} is not; give --tls-cert and --tls-key, say \
                 --tls-self-signed for a trial, or put a TLS proxy in front and say --behind-proxy",
                listen.ip()
            );
        }
        if self.tls_client_ca.is_some() && !self.speaks_tls() {
            bail!("--tls-client-ca goes with TLS of the server's own; give --tls-cert and --tls-key, too");
        }
        Ok(())
    }

    /// Sets what the router has to know of it.
    pub(crate) fn apply(&self, options: &mut HttpOptions) {
        options.behind_proxy = self.behind_proxy;
        options.trusted_proxies.extend(&self.trusted_proxy);
        options.agents_need_certificate = self.tls_client_ca.is_some();
    }

    /// The certificate, and how TLS is spoken with it; `None` for plain HTTP.
    pub(crate) fn tls(
        &self,
        data: &DataDir,
        listen: SocketAddr,
    ) -> anyhow::Result<Option<(Arc<ServerCertificate>, Arc<ServerConfig>)>> {
        let files = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                CertificateFiles { certificate: certificate.clone(), key: key.clone() }
            }
            _ if self.tls_self_signed => self_signed_files(&data.keys(), &self.names(listen.ip()))?,
            _ => return Ok(None),
        };
        let certificate = ServerCertificate::load(files)?;
        let config = certificate
            .tls(self.tls_client_ca.as_deref())
            .context("TLS can't be spoken as it was asked for")?;
        Ok(Some((certificate, config)))
    }

    /// The pin, where nobody else vouches for the certificate.
    pub(crate) fn shown_pin(&self, certificate: &ServerCertificate) -> anyhow::Result<Option<String>> {
        Ok(if self.tls_self_signed { Some(certificate.pin()?) } else { None })
    }

    fn names(&self, listen: IpAddr) -> Vec<String> {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        if !listen.is_unspecified() {
            names.push(listen.to_string());
        }
        names.extend(self.tls_name.iter().cloned());
        let mut known = std::collections::HashSet::new();
        names.retain(|name| known.insert(name.clone()));
        names
    }
}
