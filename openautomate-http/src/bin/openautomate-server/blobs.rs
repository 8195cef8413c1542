//! Where packages, artifacts and uploaded files lie.

use std::time::Duration;

use anyhow::{anyhow, bail};
use clap::Args;
use openautomate_core::Error;
use openautomate_core::blob::{CloudOptions, ObjectBlobStore, probe};

use crate::data_dir::DataDir;

/// How much of what a service said is shown.
const MOST_SHOWN: usize = 300;

#[derive(Clone, Debug, Args)]
pub(crate) struct BlobArgs {
    /// Where packages, artifacts and uploaded files are kept: s3://bucket/prefix, gs://bucket/prefix or
    /// az://container/prefix. Without it that is the data folder. Servers on one database share it.
    ///
    /// Credentials are taken from the provider's usual environment variables or from the machine's role:
    /// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION; GOOGLE_APPLICATION_CREDENTIALS;
    /// AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY.
    #[arg(long, env = "OPENAUTOMATE_BLOBS", value_name = "URL", hide_env_values = true)]
    blobs: Option<String>,
    /// The address of the service, where it is not the provider's own, as in https://minio.example.org:9000.
    #[arg(long, env = "OPENAUTOMATE_BLOBS_ENDPOINT", value_name = "URL", requires = "blobs")]
    blobs_endpoint: Option<String>,
    /// That address may be plain HTTP: packages, artifacts and files then go over the network in the clear.
    #[arg(long, env = "OPENAUTOMATE_BLOBS_ALLOW_HTTP", requires = "blobs")]
    blobs_allow_http: bool,
    /// How many hours a blob that nothing refers to is left alone, at least; the same on all servers. An upload or a
    /// publish may take half as long, and clocks may differ by nearly as much.
    #[arg(long, env = "OPENAUTOMATE_BLOB_GRACE", value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=8_760))]
    blob_grace: u64,
}

impl BlobArgs {
    /// How long a blob that nothing refers to is left alone.
    pub(crate) fn grace(&self) -> Duration {
        Duration::from_secs(self.blob_grace * 3_600)
    }

    /// Whether the blobs are in the data folder.
    pub(crate) fn is_in_data_dir(&self) -> bool {
        self.blobs.as_deref().is_none_or(str::is_empty)
    }

    /// Opens what is named; a bucket is tried out, so that wrong credentials are told at once.
    pub(crate) async fn open(&self, data: &DataDir) -> anyhow::Result<ObjectBlobStore> {
        let Some(url) = self.blobs.as_deref().filter(|url| !url.is_empty()) else {
            return Ok(ObjectBlobStore::local(data.blobs())?);
        };
        let options =
            CloudOptions { endpoint: self.blobs_endpoint.clone(), allow_http: self.blobs_allow_http };
        let blobs = match ObjectBlobStore::from_url(url, &options) {
            Ok(blobs) => blobs,
            // Its source repeats what is in the environment.
            Err(error) => bail!("{}", error.message()),
        };
        probe(&blobs).await.map_err(|error| anyhow!("the blobs at {url} can't be used: {}", told(&error)))?;
        Ok(blobs)
    }
}

/// What a person needs to know, in a line: what a service answers to wrong credentials is long and repeats parts
/// of the request.
fn told(error: &Error) -> String {
    let mut text = error.message().to_owned();
    if error.code() != "blob.storage" {
        return text;
    }
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    // The first says what was asked, the last why it went wrong; those between repeat the two.
    for cause in causes.first().into_iter().chain(causes.last().filter(|_| causes.len() > 1)) {
        text.push_str(": ");
        text.extend(cause.chars().take(MOST_SHOWN));
    }
    text
}
